"""Criteria of services that rest on each other in a circle: none of them could be told first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from torni.core.faults import Fault
from torni.core.language import t
from torni.services.reading import Document
from torni.services.schema import Service


def circles(services: Mapping[str, Service], documents: Mapping[str, Document]) -> Iterator[Fault]:
    """Each service that rests on itself, by itself or by others of these, at the first of its criteria that does."""
    within = sorted(name for name in services if name in _reached(name, services))
    for name in within:
        criteria = services[name].criteria
        assert criteria
        at = next(i for i, c in enumerate(criteria.granting) if _asks(c.when) & set(within))
        where = documents[name].where(("criteria", "granting", at, "when"))
        what = t("the criteria rest on each other in a circle: {names}", names=", ".join(within))
        yield Fault(where, what, t("Break the circle of granted.SERVICE."))


def asks_of(service: Service) -> set[str]:
    """The services whose granting this one's criteria ask about."""
    assert service.criteria
    return {name for c in service.criteria.granting for name in _asks(c.when)}


def _asks(when: str) -> set[str]:
    return set(re.findall(r"\bgranted\.([a-z0-9_]+)", when))


def _reached(name: str, services: Mapping[str, Service]) -> set[str]:
    reached, new = set[str](), {name}
    while new:
        new = {n for s in new for n in asks_of(services[s]) if n in services} - reached
        reached |= new
    return reached
