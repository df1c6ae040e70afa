"""What a word finds in a region: services, promises, units and producers, by parts of their names in any of the three languages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from torni.core.language import in_order, plain
from torni.core.texts import Text
from torni.network.region import Network

Kind = Literal["service", "promise", "unit", "producer"]
KINDS: tuple[Kind, ...] = ("service", "promise", "unit", "producer")
MOST = 30
LONGEST = 100


@dataclass(frozen=True)
class Unit:
    """A unit that may be found: its id, name, kinds (of the library's unit kinds or services), producer and municipality's code."""

    id: str
    name: str
    kinds: tuple[str, ...]
    producer: str
    municipality: str


@dataclass(frozen=True)
class Hit:
    """One thing found. `id`: the service's, promise's or unit's, or the producer's name; `told`: what stands beside the name.
    `of`: a promise's service, a unit's kind, empty for others."""

    kind: Kind
    id: str
    name: str
    told: str
    of: str = ""


@dataclass(frozen=True)
class Found:
    """`hits`: of each kind the first `MOST`, the best first. `more`: how many were left out."""

    hits: dict[Kind, tuple[Hit, ...]]
    more: dict[Kind, int]

    @property
    def count(self) -> int:
        return sum(map(len, self.hits.values())) + sum(self.more.values())


def search(network: Network, text: str, *, units: Sequence[Unit] = ()) -> Found:
    """What the text finds in the region on the network's day. Each word of it must stand in the name (or id, or what stands beside the
    name), whole or in part, in any case, with or without dots and accents; what begins with it comes first, then by name. An empty
    text finds nothing.

    `units`: units besides the network's own, such as those of a record room; of two with the same id the first given stands.
    """
    words = plain(text[:LONGEST]).split()
    hits: dict[Kind, tuple[Hit, ...]] = {}
    more: dict[Kind, int] = {}
    for kind, things in _things(network, units):
        fits = [(rank, hit) for hit, names in things if words and (rank := _rank(words, names, hit)) is not None]
        fits.sort(key=lambda f: (f[0], in_order(f[1].name), f[1].id))
        hits[kind] = tuple(hit for _rank_, hit in fits[:MOST])
        more[kind] = max(0, len(fits) - MOST)
    return Found(hits, more)


def units_of(network: Network) -> list[Unit]:
    """The network's own units."""
    rows = network.units.select("unit_id", "name", "kinds", "producer", "municipality").rows()
    return [Unit(u, name, tuple(kinds or ()), producer or "", code or "") for u, name, kinds, producer, code in rows]


def _rank(words: Sequence[str], names: Iterable[str], hit: Hit) -> int | None:
    """How well: 0 the name begins with the first word, 1 a word of it does, 2 it stands somewhere; None where a word is missing."""
    every = plain(" ".join([*names, hit.id, hit.told]))
    if not all(word in every for word in words):
        return None
    begins = [plain(name) for name in names]
    if any(name.startswith(words[0]) for name in begins):
        return 0
    return 1 if any(f" {words[0]}" in name for name in begins) else 2


def _things(network: Network, more: Sequence[Unit]) -> Iterator[tuple[Kind, list[tuple[Hit, list[str]]]]]:
    """Everything that can be found, kind by kind, each with its names in every language."""
    library = network.library
    groups = {g.id: str(g.name) for g in library.groups}
    yield (
        "service",
        [(Hit("service", s.id, str(s.name), groups.get(s.group, "")), _all(s.name)) for s in library.services.values()],
    )
    yield (
        "promise",
        [
            (Hit("promise", f"{s.id}.{p.id}", str(p.sentence), str(s.name), s.id), [*_all(p.sentence), *_all(s.name)])
            for s, p in library.promises()
        ],
    )
    units = {u.id: u for u in (*reversed(units_of(network)), *reversed(more))}
    kinds = {k: str(v.name) for k, v in library.unit_kinds.items()} | {k: str(v.name) for k, v in library.services.items()}  # fmt: skip
    yield (
        "unit",
        [
            (
                Hit(
                    "unit",
                    u.id,
                    u.name,
                    _beside(u, kinds, str(network.names.get(u.municipality, ""))),
                    (*u.kinds, "")[0],
                ),
                [u.name],
            )
            for u in units.values()
        ],
    )
    producers: dict[str, list[Unit]] = {}
    for u in units.values():
        if u.producer:
            producers.setdefault(u.producer, []).append(u)
    yield (
        "producer",
        [
            (Hit("producer", name, name, ", ".join(sorted({kinds.get(k, k) for u in own for k in u.kinds}))), [name])
            for name, own in producers.items()
        ],
    )


def _beside(unit: Unit, kinds: dict[str, str], place: str) -> str:
    return " · ".join(filter(None, [", ".join(kinds.get(k, k) for k in unit.kinds), place, unit.producer]))


def _all(text: object) -> list[str]:
    """A text in every language, so that it is found by a word of any."""
    return [text.fi, text.sv, text.en] if isinstance(text, Text) else [str(text)]
