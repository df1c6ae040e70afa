"""A region's promises at a moment, broken first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from torni.network import Network, check
from torni.services.finding import Finding
from torni.services.schema import ReachPromise

_ORDER = {"broken": 0, "unknown": 1, "kept": 2}


@dataclass(frozen=True)
class Picture:
    """All findings of one region: `findings` in the sapluuna's order."""

    network: Network
    findings: tuple[Finding, ...]

    def by_state(self) -> list[Finding]:
        """Broken first, then what cannot be told, then kept; within each by residents affected, then as defined."""
        return sorted(self.findings, key=lambda f: (_ORDER[f.state], -(f.affected or 0)))

    def count(self, state: str) -> int:
        return sum(f.state == state for f in self.findings)

    @property
    def exit_code(self) -> int:
        """0 when nothing is broken, 1 otherwise. What cannot be told is not broken."""
        return int(self.count("broken") > 0)

    def table(self) -> pl.DataFrame:
        """One row a promise: id, service, kind, sentence, target, value, low, high, state, affected, met, total,
        counted, invented, definition_version, as_of."""
        return pl.DataFrame(
            [
                {
                    "id": f.id, "service": f.service, "kind": f.kind, "sentence": str(f.sentence), "target": f.target,
                    "value": f.value, "low": f.low, "high": f.high, "state": f.state, "affected": f.affected,
                    "met": f.met, "total": f.total, "counted": f.counted, "invented": f.invented,
                    "definition_version": f.definition_version, "as_of": f.as_of,
                }
                for f in self.findings
            ],
            schema={
                "id": pl.String, "service": pl.String, "kind": pl.String, "sentence": pl.String, "target": pl.Float64,
                "value": pl.Float64, "low": pl.Float64, "high": pl.Float64, "state": pl.String, "affected": pl.Int64,
                "met": pl.Float64, "total": pl.Float64, "counted": pl.String, "invented": pl.Boolean,
                "definition_version": pl.String, "as_of": pl.Date,
            },
        )  # fmt: skip

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


def picture(network: Network, *, pattern: str = "*", findings: Sequence[Finding] | None = None) -> Picture:
    """The region's findings as the tower shows them. The pattern is as in `network.check`."""
    return Picture(network, tuple(check(network, pattern=pattern) if findings is None else findings))


def finding_json(f: Finding) -> dict[str, Any]:
    return {
        "id": f.id, "kind": f.kind, "service": f.service, "sentence": str(f.sentence), "target": f.target,
        "value": None if f.value is None else round(f.value, 9), "low": round(f.low, 9), "high": round(f.high, 9),
        "state": f.state, "affected": f.affected, "counted": f.counted,
        "met": round(f.met, 3), "total": round(f.total, 3),
        "mode": f.promise.mode if isinstance(f.promise, ReachPromise) else None,
        "within_min": f.promise.within_min if isinstance(f.promise, ReachPromise) else None,
        "worst": [{"municipality": m, "name": n, "outside": round(o)} for m, n, o in worst(f)],
        "assumptions": [str(a) for a in f.assumptions], "missing": [str(m) for m in f.missing],
        "invented": f.invented, "definition_version": f.definition_version,
    }  # fmt: skip


def worst(f: Finding, count: int = 3) -> list[tuple[str, str, float]]:
    """The municipalities with most residents outside; none when it cannot be told."""
    if f.value is None:
        return []
    return list(f.worst(count).select("municipality", "name", "outside").iter_rows())
