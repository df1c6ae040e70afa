"""Promises under a changed definition: what each one that the change touches is found to be, before it and after it.

Those of the network are measured again on residents, units and travel; those of what happens are held against what has really happened. Does
not consider that those who promise would have done otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from torni.core.faults import BadInput
from torni.core.language import Message
from torni.facts.book import Book
from torni.facts.opening import Connection
from torni.guidance.charges import charge
from torni.network import Network, check
from torni.promises.finding import NO_ROOM, Finding, unmeasured
from torni.promises.promise import Promise
from torni.services.door_book import book_of
from torni.services.library import Library
from torni.services.rules import load_rules
from torni.supervision.anew import measured_anew
from torni.supervision.known_sums import moment
from torni.supervision.measure import measured


@dataclass(frozen=True)
class Touched:
    """One promise before the change and after it; None where it is not promised then."""

    before: Finding | None
    after: Finding | None

    @property
    def id(self) -> str:
        return self.either.id

    @property
    def either(self) -> Finding:
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def flips(self) -> bool:
        return self.before is not None and self.after is not None and self.before.state != self.after.state

    def json(self) -> dict[str, Any]:
        def side(f: Finding | None) -> dict[str, Any] | None:
            if f is None:
                return None
            return {
                "value": f.value,
                "target": f.target,
                "state": f.state,
                "met": f.met,
                "total": f.total,
                "missing": [str(m) for m in f.missing],
            }

        return {
            "id": self.id,
            "sentence": str(self.either.sentence),
            "before": side(self.before),
            "after": side(self.after),
            "flips": self.flips,
        }


def touched(
    before: Library, after: Library, *, network: Callable[[], Network], room: Connection | None, why: Message = NO_ROOM
) -> tuple[Touched, ...]:  # fmt: skip
    """The promises whose text, or a parameter of theirs, differs. `network`: of the region, asked for only where it is needed; `room`: the
    region's record room by one who may see the whole log, or None and `why`."""
    texts = [_promises(library) for library in (before, after)]
    names = [n for n in {**texts[1], **texts[0]} if texts[0].get(n) != texts[1].get(n)]
    if not names:
        return ()
    found: list[dict[str, Finding]] = [{}, {}]
    reads = {(texts[1].get(n) or texts[0][n])[0].reads for n in names}
    if "network" in reads:
        here = network()
        for side, library in zip(found, (before, after), strict=True):
            side.update(_named(check(replace(here, library=library, _travels={}, _columns={})), names))
    if "events" in reads:
        now = moment(room) if room else None
        if room is None or now is None:
            for side, library, text in zip(found, (before, after), texts, strict=True):
                side.update(
                    _named(
                        (
                            _untold(library, n, text[n][0], why)
                            for n in names
                            if n in text and text[n][0].reads == "events"
                        ),
                        names,
                    )
                )
        else:
            row = room.execute("SELECT registered()").fetchone()
            residents = row[0] if row else 0
            found[0].update(_named(measured(room, before, now, residents=residents), names))
            again = measured_anew(room, before, after, now, residents=residents, charge=_charges(after))
            found[1].update(_named(again, names))
    return tuple(Touched(found[0].get(n), found[1].get(n)) for n in names)


def _charges(library: Library) -> Callable[[str, Mapping[str, Any]], int | None]:
    """What a charge should be by the library; its rules are read only where a charge is."""
    books: list[Book] = []

    def expected(service: str, data: Mapping[str, Any]) -> int | None:
        if not books:
            books.append(book_of(load_rules(library), since=library.as_of, charge=charge))
        return books[0].expected(service, data)

    return expected


def _promises(library: Library) -> dict[str, tuple[Promise, tuple[object, ...]]]:
    """Each promise with the values of its parameters, and for travel of those that travel rests on."""
    travel = tuple((n, _value(library, n)) for n in sorted(library.parameters) if n.startswith("travel."))
    out = {}
    for service, promise in library.promises():
        limits = tuple(_value(library, getattr(promise, name)) for name in promise.parameters)
        out[f"{service.id}.{promise.id}"] = promise, (*limits, *(travel if promise.trip else ()))
    return out


def _value(library: Library, name: str | None) -> object:
    try:
        found = library.value(name) if name else None
    except BadInput:  # it has none on the day
        return None
    return (found.value, found.unit) if found else None


def _named(found: Iterable[Finding], names: list[str]) -> dict[str, Finding]:
    return {f.id: f for f in found if f.id in names}


def _untold(library: Library, name: str, promise: Promise, why: Message) -> Finding:
    service = name.partition(".")[0]
    return unmeasured(
        service, promise, version=library.version(service), as_of=library.as_of, why=why, invented=library.sources[promise.source].invented
    )  # fmt: skip
