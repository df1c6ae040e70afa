"""Whether anybody is the producer that a key, an account or an address is given to."""

from __future__ import annotations

from torni.core.faults import Fault, nearest_name
from torni.core.language import t
from torni.facts.opening import Connection


def unknown(connection: Connection, producer: str) -> Fault | None:
    """That no unit in the room is of this producer, with the nearest name that one is of; None where one is."""
    known = [name for (name,) in connection.execute("SELECT DISTINCT producer FROM unit ORDER BY producer").fetchall()]
    if producer in known:
        return None
    if near := nearest_name(producer, known):
        remedy = t('Did you mean "{near}"?', near=near)
    elif known:
        remedy = t("Units here are of: {names}.", names=", ".join(known[:20]))
    else:
        remedy = t("No units have been told of yet.")
    return Fault(producer, t("no unit here is of this producer"), remedy)
