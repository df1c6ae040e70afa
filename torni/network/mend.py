"""The smallest mend of a broken promise, the best use of a budget, and the least harmful saving: with their proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from torni.core.faults import bad_input
from torni.core.language import Message, t
from torni.core.progress import working
from torni.core.shown import Shown
from torni.network.check import measure
from torni.network.explain import network_promise
from torni.network.plan import NetworkPlan, applied, parse, place_of, place_told
from torni.network.region import Network
from torni.promises.finding import Finding
from torni.promises.ground import Counted, NetworkPromise, counted_units
from torni.promises.promise import Trip
from torni.sources import shipped

if TYPE_CHECKING:  # its solver and compiler are a quarter of a page process's start: brought in by who asks for a mend
    from torni.engines.siting import Choice

Question = Literal["restore", "open", "close"]
Candidates = Literal["units", "centres", "cells"]
DEFAULT_CELLS = 300


@dataclass(frozen=True)
class Candidate:
    """A place where a unit may be opened or a unit that may be upgraded, as a step of a plan."""

    step: str
    label: str
    x: float
    y: float
    suffix: str = ""

    @property
    def text(self) -> str:
        """The step's text; an opening's degrees are worked out only when it is chosen."""
        return self.step or _opening(self.label, self.x, self.y, self.suffix).step


@dataclass(frozen=True)
class Mend(Shown):
    """What was asked, the plan that answers it, and how surely it is the best.

    `objective`: number of steps (restore) or residents inside (open, close). `bound`: none can be better.
    `gap`: relative; 0 is proven optimal. `feasible`: False when no choice among the candidates is enough.
    """

    _shown_by: ClassVar[str] = "torni.notebook.shows:mend"

    finding: Finding
    question: Question
    candidates: int
    plan: NetworkPlan
    after: Finding
    objective: float
    bound: float
    gap: float
    feasible: bool

    @property
    def proven(self) -> bool:
        return self.feasible and self.gap <= 1e-9


def mend(
    network: Network, promise_id: str, *, candidates: Candidates | Sequence[tuple[float, float]] = "cells",
    budget: int | None = None, closures: int | None = None, quick: bool = False, seconds: float = 20.0,
    most_cells: int = DEFAULT_CELLS, minimise: Literal["outside", "minutes"] = "outside",
) -> Mend:  # fmt: skip
    """The best plan for one promise.

    With neither `budget` nor `closures`: the fewest openings and upgrades that restore the promise. `budget=k`: the k
    that bring most people inside. `closures=k`: the k units whose closing harms least (`minimise`: people left outside,
    or all travel). `candidates`: "units" (existing sites), "centres" (municipality centres), "cells" (the `most_cells`
    populated cells with most people yet outside around them; every populated cell for a budget of one), or points as
    (lon, lat).
    `quick`: the greedy answer at once, with its bound. Not considered: capacity, cost differences between places.
    """
    service, promise = network_promise(network, promise_id)
    finding = measure(network, service, promise)
    where = f'promise "{promise_id}"'
    if budget is not None and closures is not None:
        raise bad_input(
            where, t("a budget and closures are two questions"), t("Ask with --open or with --close, not both.")
        )
    for name, count in (("budget", budget), ("closures", closures)):
        if count is not None and count < 1:
            raise bad_input(
                where, t("{name} is {count}", name=name, count=count), t("Write a whole number of at least 1.")
            )
    if promise.mended_by == "places":
        if closures is not None:
            raise bad_input(
                where, t("closures are weighed by travel, and this promise has none"), t("Ask it of a reach promise.")
            )
        return _present(network, finding, promise, budget)
    trip = promise.trip
    if promise.mended_by != "sites" or trip is None:
        raise bad_input(
            where,
            t("no opening or closing of units can be weighed for this kind of promise"),
            t("Ask it of a promise of reach by road, or of presence in municipalities."),
        )
    counted = counted_units(network, promise.unit)
    if not counted.known:
        raise bad_input(
            where,
            t('no unit of the kind "{a}" is known, so nothing can be compared', a=promise.unit.kind),
            t("Import the units first: torni import units FILE"),
        )
    problem = _Problem(network, finding, trip, counted, quick, seconds)
    with working(Message("The best choice and its proof")):
        if closures is not None:
            return problem.close(closures, minimise)
        most = len(network.population.x) if budget == 1 else most_cells
        return problem.open(_candidates(network, trip, counted, candidates, most), budget)


class _Problem:
    def __init__(
        self, network: Network, finding: Finding, promise: Trip, counted: Counted, quick: bool, seconds: float
    ) -> None:
        self.network, self.finding, self.promise, self.counted = network, finding, promise, counted
        self.quick, self.seconds = quick, seconds
        self.people = network.people(promise.population)
        self.limit = promise.within_min * 60

    def open(self, candidates: list[Candidate], budget: int | None) -> Mend:
        from torni.engines.siting import fewest, max_cover

        (now,) = self.network.nearest(self.promise.mode, [self.counted.sure])
        outside = now > self.limit
        people = self.people[outside]
        if budget == 1:
            return self._best_one(candidates, outside, float(self.people[~outside].sum()))
        cover = self._times(candidates, outside) <= self.limit
        need = self.finding.target * float(self.people.sum()) - float(self.people[~outside].sum())
        if budget is None:
            choice = fewest(cover, people, need, quick=self.quick, seconds=self.seconds)
            return self._answer("restore", candidates, choice, choice.cost, choice.bound)
        choice = max_cover(cover, people, budget, quick=self.quick, seconds=self.seconds)
        inside = float(self.people[~outside].sum())
        return self._answer("open", candidates, choice, inside + choice.value, inside + choice.bound)

    def _best_one(self, candidates: list[Candidate], outside: npt.NDArray[np.bool_], inside: float) -> Mend:
        """One step: every candidate is tried, so the best of them is proven."""
        from torni.engines.siting import Choice

        gain = np.zeros(len(candidates))
        for start in range(0, len(candidates), 512):
            part = candidates[start : start + 512]
            gain[start : start + 512] = self.people[outside] @ (self._times(part, outside) <= self.limit)
        best = int(gain.argmax()) if len(gain) else 0
        chosen = (best,) if len(gain) and gain[best] > 0 else ()
        value = float(gain[best]) if chosen else 0.0
        return self._answer(
            "open", candidates, Choice(chosen, value, float(len(chosen)), value, 0.0), inside + value, inside + value
        )

    def close(self, closures: int, minimise: str) -> Mend:
        from torni.engines.siting import Choice, max_cover
        from torni.engines.siting.median import p_median

        rows = self.counted.sure
        if closures >= len(rows):
            raise bad_input(
                f'promise "{self.finding.id}"',
                t("only {a} units count, {closures} cannot be closed", a=len(rows), closures=closures),
                t("Ask for at most {a}.", a=len(rows) - 1),
            )
        units = self.network.units
        sites = [
            Candidate(f"close {unit_id}/{self.promise.unit.kind}", name, float(x), float(y))
            for unit_id, name, x, y in units.select("unit_id", "name", "x", "y")[rows].iter_rows()
        ]
        times = self._times(sites, np.ones(len(self.people), bool))
        keep = len(rows) - closures
        if minimise == "minutes":
            choice = p_median(times, self.people, keep, quick=self.quick, limit_s=self.seconds)
            value, bound = choice.value / 60, choice.bound / 60
        else:
            choice = max_cover(times <= self.limit, self.people, keep, quick=self.quick, seconds=self.seconds)
            value, bound = choice.value, choice.bound
        kept = self._filled(choice.sites, times, keep)
        closed = tuple(j for j in range(len(sites)) if j not in kept)
        return self._answer("close", sites, Choice(closed, value, float(closures), bound, choice.gap), value, bound)

    def _filled(self, chosen: tuple[int, ...], times: npt.NDArray[np.uint16], keep: int) -> set[int]:
        """Fewer sites may cover as many; the rest are kept by what they save in travel."""
        kept = set(chosen)
        while len(kept) < keep:
            now = times[:, sorted(kept)].min(axis=1) if kept else np.full(len(times), 65535, np.uint16)
            saved = [
                -1.0 if j in kept else float((self.people * np.maximum(now.astype(float) - times[:, j], 0)).sum())
                for j in range(times.shape[1])
            ]
            kept.add(int(np.argmax(saved)))
        return kept

    def _times(self, candidates: list[Candidate], homes: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint16]:
        """Seconds from these homes to every candidate."""
        x, y = np.array([c.x for c in candidates]), np.array([c.y for c in candidates])
        travel = self.network.travel(self.promise.mode)
        if not homes.all():
            travel = travel.from_homes(self.network.population.x[homes], self.network.population.y[homes])
        return travel.matrix(x, y)

    def _answer(
        self, question: Question, candidates: list[Candidate], choice: Choice, objective: float, bound: float
    ) -> Mend:
        plan = parse([candidates[j].text for j in choice.sites], self.network)
        after = self.finding
        if choice.feasible and plan.steps:
            changed = applied(self.network, plan)
            service, promise = network_promise(changed, self.finding.id)
            after = measure(changed, service, promise)
        gap = abs(bound - objective) / max(abs(objective), 1e-12) if question != "restore" else choice.gap
        return Mend(
            self.finding,
            question,
            len(candidates),
            plan,
            after,
            objective,
            bound,
            gap if gap > 1e-9 else 0.0,
            choice.feasible,
        )


def _candidates(
    network: Network,
    promise: Trip,
    counted: Counted,
    wanted: Candidates | Sequence[tuple[float, float]],
    most: int,
) -> list[Candidate]:
    """Upgrades of units that are too small, then new places, each as a step."""
    units, kind, size = network.units, promise.unit.kind, promise.unit.size_at_least
    suffix = f",{kind}" + (f",{size}" if size else "")
    sized = network.library.unit_kinds[kind].sized and size not in (None, "S")
    of_kind = [
        i for i, kinds in enumerate(units["kinds"].to_list()) if kind in kinds and i not in set(counted.sure.tolist())
    ]
    rows = list(units.select("unit_id", "name", "x", "y").iter_rows())
    out = [Candidate(f"resize {rows[i][0]} {size}", rows[i][1], rows[i][2], rows[i][3]) for i in of_kind if sized]
    if wanted == "units":
        seen = {(c.x, c.y) for c in out}
        for _, name, x, y in rows:
            if (x, y) not in seen:
                seen.add((x, y))
                out.append(_opening(name, x, y, suffix))
    elif wanted == "centres":
        key = shipped.municipalities()
        places = {r["municipality"]: (r["centre_x"], r["centre_y"]) for r in key.iter_rows(named=True)}
        for code in network.municipality_codes:
            if places[code][0] is not None:
                out.append(_opening(str(network.names[code]), *places[code], suffix))
    elif wanted == "cells":
        for i in cell_candidates(network, promise, counted, most):
            x, y = float(network.population.x[i]), float(network.population.y[i])
            out.append(Candidate("", str(network.names[str(network.population.municipality[i])]), x, y, suffix))
    elif isinstance(wanted, str):  # type: ignore[unreachable]
        raise bad_input(
            "candidates", t('"{wanted}" is not a set of places', wanted=wanted), t("Write units, centres or cells.")
        )
    else:
        from torni.sources.coordinates import to_metres

        for lon, lat in wanted:
            mx, my = to_metres(np.array([lon]), np.array([lat]))
            out.append(_opening(str(place_told(network, lon, lat)), float(mx[0]), float(my[0]), suffix))
    return out


def _opening(label: str, x: float, y: float, suffix: str) -> Candidate:
    lon, lat = place_of(x, y)
    return Candidate(f"open {lon:.5f},{lat:.5f}{suffix}", label, float(x), float(y))


def cell_candidates(network: Network, promise: Trip, counted: Counted, most: int) -> npt.NDArray[np.int64]:
    """Populated cells worth trying: those with most people yet outside within 10 km, 2 km apart, at most `most`."""
    from scipy.spatial import cKDTree

    if most >= len(network.population.x):
        return np.arange(len(network.population.x))
    (now,) = network.nearest(promise.mode, [counted.sure])
    people = network.people(promise.population)
    outside = now > promise.within_min * 60
    xy = np.column_stack([network.population.x, network.population.y])
    weight = np.where(outside, people, 0.0)
    tree = cKDTree(xy)
    homes = np.flatnonzero(outside)
    near = cKDTree(xy[homes]).query_ball_point(xy, 10_000) if len(homes) else [[] for _ in xy]
    score = np.array([weight[homes[sorted(hits)]].sum() for hits in near])
    score = score + people * 1e-3
    chosen: list[int] = []
    blocked = np.zeros(len(xy), bool)
    for i in np.argsort(-score, kind="stable"):
        if not blocked[i]:
            chosen.append(int(i))
            blocked[tree.query_ball_point(xy[i], 2_000)] = True
        if len(chosen) == most:
            break
    return np.array(chosen, np.int64)


def _present(network: Network, finding: Finding, promise: NetworkPromise, budget: int | None) -> Mend:
    """Each lacking municipality needs its own step: an upgrade where a unit stands, else an opening in its centre."""
    key = {r["municipality"]: r for r in shipped.municipalities().iter_rows(named=True)}
    kind, size = promise.unit.kind, promise.unit.size_at_least
    lacking = finding.by_municipality.filter(finding.by_municipality["outside"] > 0).sort(
        ["outside", "municipality"], descending=[True, False]
    )
    steps: list[str] = []
    for code in lacking["municipality"].to_list():
        own = [
            unit_id for unit_id, kinds, home in network.units.select("unit_id", "kinds", "municipality").iter_rows()
            if home == code and kind in kinds
        ]  # fmt: skip
        if own and size not in (None, "S"):
            steps.append(f"resize {own[0]} {size}")
        elif key[code]["centre_x"] is not None:
            lon, lat = place_of(key[code]["centre_x"], key[code]["centre_y"])
            steps.append(f"open {lon:.5f},{lat:.5f},{kind}" + (f",{size}" if size else ""))
    needed = len(steps)
    if budget is not None:
        steps = steps[:budget]
    plan = parse(steps, network)
    changed = applied(network, plan)
    service, same = network_promise(changed, finding.id)
    after = measure(changed, service, same)
    if budget is None:
        return Mend(finding, "restore", needed, plan, after, float(needed), float(needed), 0.0, True)
    inside = finding.total - finding.met
    value = finding.met + min(budget, inside)
    return Mend(finding, "open", needed, plan, after, float(value), float(value), 0.0, True)
