"""What stands behind an amount or a rule: a source that there is, and the day on which it was last held against it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from torni.core import clock
from torni.core.faults import Fault, nearest_name
from torni.core.language import t
from torni.services.reading import Document


def unknown_source(where: str, found: str, known: Iterable[str]) -> Iterator[Fault]:
    """That a text names a source that is none, and the nearest that is one."""
    if found not in (names := set(known)):
        near = nearest_name(found, sorted(names))
        meant = t('Did you mean "{near}"?', near=near) + " " if near else ""
        yield Fault(
            where, t('"{found}" is not a source', found=found), meant + t("Add it to definitions/sources.yaml.")
        )


def unchecked(kind: str, name: str, checked: date, document: Document) -> Iterator[Fault]:
    """That the document's own `checked` is later than today: nobody can have looked yet. Of what it does not say itself, nothing.

    Today is the machine's, whatever day is asked for: definitions of earlier days were checked after them.
    """
    if (kind, name, "checked") in document.lines and checked > clock.today():
        what = t("{day} is still to come: nobody can have checked it then", day=checked)
        yield Fault(document.where((kind, name, "checked")), what, t("Write the day on which it was last checked."))
