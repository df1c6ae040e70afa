"""A region's promises at a moment, of every kind, broken first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from torni.core.language import Message
from torni.core.shown import Shown
from torni.network import Network, check
from torni.network.check import fits
from torni.promises.finding import NO_ROOM, Finding, Level, unmeasured

ORDER = {"broken": 0, "unknown": 1, "kept": 2}
COLUMNS = {
    "id": pl.String, "service": pl.String, "kind": pl.String, "sentence": pl.String, "target": pl.Float64,
    "value": pl.Float64, "low": pl.Float64, "high": pl.Float64, "state": pl.String, "affected": pl.Int64, "clients": pl.Int64,
    "met": pl.Float64, "total": pl.Float64, "counted": pl.String, "invented": pl.Boolean,
    "definition_version": pl.String, "as_of": pl.Date,
}  # fmt: skip


@dataclass(frozen=True)
class Picture(Shown):
    """All findings of one region: `findings` in the sapluuna's order."""

    _shown_by: ClassVar[str] = "torni.notebook.shows:picture"

    network: Network
    findings: tuple[Finding, ...]

    def of(self, promise_id: str) -> Finding | None:
        return next((f for f in self.findings if f.id == promise_id), None)

    def by_state(self) -> list[Finding]:
        """Broken first, then what cannot be told, then kept; within each by residents affected, then as defined."""
        return sorted(self.findings, key=lambda f: (ORDER[f.state], -(f.affected or 0)))

    def count(self, state: str) -> int:
        return sum(f.state == state for f in self.findings)

    @property
    def exit_code(self) -> int:
        """0 when nothing is broken, 1 otherwise. What cannot be told is not broken."""
        return int(self.count("broken") > 0)

    def table(self) -> pl.DataFrame:
        """One row a promise: id, service, kind, sentence, target, value, low, high, state, affected, clients, met,
        total, counted, invented, definition_version, as_of."""
        rows = [
            {name: str(f.sentence) if name == "sentence" else getattr(f, name) for name in COLUMNS}
            for f in self.findings
        ]
        return pl.DataFrame(rows, schema=COLUMNS)

    def as_json(self) -> dict[str, Any]:
        """The contract of `torni check --json`."""
        return {
            "region": self.network.library.region.id,
            "as_of": str(self.network.as_of),
            "definitions": self.network.library.whole_version,
            "data_versions": dict(self.network.data_versions),
            "residents": int(self.network.population.residents.sum()),
            "findings": [finding_json(f) for f in self.findings],
        }


def picture(
    network: Network, *, pattern: str = "*", findings: Sequence[Finding] | None = None, happened: Sequence[Finding] | None = None, why: Message = NO_ROOM
) -> Picture:  # fmt: skip
    """The region's findings as every surface shows them; the pattern is as in `network.check`.

    `findings`: of the network, where they are at hand. `happened`: of what happens (`tower.live`); None where nothing is known of it, and
    `why`: then each promise of it cannot be told.
    """
    library = network.library
    of_network = check(network, pattern=pattern) if findings is None else findings
    found = {f.id: f for f in (*of_network, *(happened or ()))}
    out = []
    for service, promise in library.promises():
        name = f"{service.id}.{promise.id}"
        if not fits(name, pattern):
            continue
        if name in found:
            out.append(found[name])
        elif promise.reads == "events":
            invented = library.sources[promise.source].invented
            out.append(
                unmeasured(service.id, promise, version=library.version(service.id), as_of=network.as_of, why=why, invented=invented)
            )  # fmt: skip
    return Picture(network, tuple(out))


def finding_json(f: Finding) -> dict[str, Any]:
    return {
        "id": f.id, "kind": f.kind, "service": f.service, "column": f.promise.column, "sentence": str(f.sentence), "broken": f.told if f.state == "broken" else None, "target": f.target,
        "value": None if f.value is None else round(f.value, 9), "low": round(f.low, 9), "high": round(f.high, 9),
        "state": f.state, "too_few": f.too_few, "affected": f.affected, "clients": f.clients, "counted": f.counted,
        "met": round(f.met, 3), "total": round(f.total, 3),
        "mode": None, "within_min": None, **f.promise.particulars(),
        "worst": [{"municipality": m, "name": n, "outside": round(o)} for m, n, o in worst(f)],
        "assumptions": [str(a) for a in f.assumptions], "missing": [str(m) for m in f.missing],
        "margin": f.margin.as_json() if f.margin else None, "mended_by": f.promise.mended_by, "invented": f.invented, "definition_version": f.definition_version, "as_of": str(f.as_of),
    }  # fmt: skip


def groups_json(by: Mapping[Level, Sequence[Any]]) -> dict[str, list[dict[str, Any]]]:
    """A finding's groups by level: group, total, met, late, value, kept (null where that cannot be told), hidden (then no number is told,
    for it would be of a few clients)."""
    numbers = ("total", "met", "late")
    return {
        level: [g._asdict() | (dict.fromkeys(numbers) if g.hidden else {}) for g in groups]
        for level, groups in by.items()
        if groups
    }


def worst(f: Finding, count: int = 3) -> list[tuple[str, str, float]]:
    """The municipalities with most residents outside; none when it cannot be told."""
    if f.value is None:
        return []
    return list(f.worst(count).select("municipality", "name", "outside").iter_rows())
