"""Points and edges made of an extract's ways: cut between points, parted at barriers, ferries added with their decks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from torni.engines.travel.graph import FORBIDDEN, MEANS, Mode, RoadGraph, arcs
from torni.sources.coordinates import to_metres
from torni.sources.osm import ferries as boats
from torni.sources.osm.access import CLASSES, EVERYBODY, FERRY
from torni.sources.osm.ferries import Ferry
from torni.sources.osm.ferry_lines import FerryLine
from torni.sources.osm.grounds import grounds, lands

Numbers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
APART_M = 1000  # of road: shorter pieces are yards and paths (assumed)


@dataclass(frozen=True, eq=False)
class Ways:
    """Ways laid end to end: `refs` OSM ids of points, `lengths` how many each way has, its class and closed bits."""

    refs: Numbers
    lengths: Numbers
    kinds: npt.NDArray[np.int16]
    closed: npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Barriers:
    """Rows of points, and the forward bits of those who are stopped there."""

    row: Numbers
    stopped: npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class _Edges:
    tail: Numbers
    head: Numbers
    length_m: Numbers
    kind: npt.NDArray[np.int16]
    closed: npt.NDArray[np.uint8]
    fixed_s: npt.NDArray[np.int32]

    def __add__(self, other: _Edges) -> _Edges:
        return _Edges(**{k: np.concatenate([v, other.__dict__[k]]) for k, v in self.__dict__.items()})


def build(
    needed: Numbers, lon: Floats, lat: Floats, ways: Ways, barriers: Barriers, ferries: Sequence[Ferry],
    lines: Sequence[FerryLine], *, wait_s: int, kmh: float, piece_m: float, gap_m: float, believed: boats.Believed,
    shut: Ways | None = None,
) -> tuple[RoadGraph, dict[str, int]]:  # fmt: skip
    """The network, and counts of what its ferries lack. Points that the extract lacks cut their way.

    `shut`: ways that nobody may use and that are there all the same: they are no roads, but show what is one land.
    """
    known = np.isfinite(lon)
    x, y = to_metres(np.where(known, lon, 25.0), np.where(known, lat, 62.0))
    streets = _streets(needed, known, x, y, ways)
    nodes = [np.searchsorted(needed, np.array(f.refs, np.int64)) for f in ferries]
    ashore = np.zeros(len(needed), bool)
    by_land = streets.kind != FERRY  # nobody boards from a bridge or an ice that carries nobody
    ashore[streets.tail[by_land]] = ashore[streets.head[by_land]] = True
    ports = frozenset(int(n) for own in nodes for n in own[ashore[own]])
    streets, of_point = _parted(streets, barriers, np.arange(len(needed)), ports)
    counts: dict[str, int] = {}
    if ferries:
        along = [_along(x, y, known, own) for own in nodes]
        lengths = [float(np.nanmax(m, initial=0.0)) for m in along]
        timed = boats.with_line_durations(ferries, lines, lengths, believed)
        sail = boats.sailings(timed, nodes, along, ports, first_new=len(of_point), wait_s=wait_s, kmh=kmh)
        counts = {
            "ferry_duration": sum(f.seconds is None and not f.doubted and f.closed != EVERYBODY for f in timed),
            "ferry_doubted": sum(f.doubted and f.closed != EVERYBODY for f in timed),
            "ferry_loose": sail.loose,
        }
        of_point = np.concatenate([of_point, np.array(sail.points, np.int64)])
        count = len(sail.tail)
        streets += _Edges(
            np.array(sail.tail, np.int64), np.array(sail.head, np.int64), np.ones(count, np.int64),
            np.full(count, FERRY, np.int16), np.array(sail.closed, np.uint8), np.array(sail.fixed_s, np.int32),
        )  # fmt: skip
    used, inverse = np.unique(np.concatenate([streets.tail, streets.head]), return_inverse=True)
    count, point = len(streets.tail), of_point[used]
    by_land = streets.kind != FERRY
    there = _streets(needed, known, x, y, shut) if shut is not None else None
    tails, heads = (
        [getattr(streets, end)[by_land], *([getattr(there, end)] if there else [])] for end in ("tail", "head")
    )
    land = lands(len(of_point), np.concatenate(tails), np.concatenate(heads))[used]
    graph = RoadGraph(
        x=x[point], y=y[point], tail=inverse[:count].astype(np.int32), head=inverse[count:].astype(np.int32),
        length_m=streets.length_m.astype(np.int32), road_class=streets.kind, classes=CLASSES, closed=streets.closed, fixed_s=streets.fixed_s,
    )  # fmt: skip
    found = grounds(graph, np.unique(land, return_inverse=True)[1].reshape(-1), piece_m=piece_m, gap_m=gap_m)
    counts |= _apart(graph, found.ground) | {"over_gap": found.over_gap, "on_foot": _only_on_foot(graph)}
    return replace(graph, land=found.land, ground=found.ground), counts


def _only_on_foot(graph: RoadGraph) -> int:
    """Pieces of street for cars to which a walker alone gets from the others, by a foot bridge, a path or a boat."""
    everywhere = dict.fromkeys(CLASSES, 1.0)
    by_car = arcs(graph, Mode("car", everywhere, means="car"))
    street = graph.tail[
        ((by_car.forward_ds < FORBIDDEN) | (by_car.backward_ds < FORBIDDEN)) & (graph.road_class != FERRY)
    ]
    tail, head = by_car.tail, by_car.head
    del by_car  # a country's streets by two means at once are its memory twice
    by_car_alone = lands(graph.nodes, tail, head)[street]
    on_foot = arcs(graph, Mode("walk", everywhere, means="walk"))
    land = lands(graph.nodes, np.concatenate([tail, on_foot.tail]), np.concatenate([head, on_foot.head]))[street]
    return len(np.unique(by_car_alone)) - len(np.unique(land))


def _apart(graph: RoadGraph, ground: npt.NDArray[np.int32]) -> dict[str, int]:
    """Pieces besides the largest to which no road, ferry or gap of the map leads: from `APART_M` of road on, and shorter."""
    ashore = np.flatnonzero((ground[graph.tail] >= 0) & (ground[graph.head] >= 0))
    first = np.unique(ground[graph.tail[ashore]], return_index=True)
    stands_for = np.zeros(int(ground.max(initial=0)) + 1, np.int64)
    stands_for[first[0]] = graph.tail[ashore[first[1]]]
    hub = stands_for[ground[graph.tail[ashore]]]
    leads = graph.closed != EVERYBODY
    tail, head = np.concatenate([graph.tail[leads], hub]), np.concatenate([graph.head[leads], graph.tail[ashore]])
    piece = lands(graph.nodes, tail, head)
    metres = np.bincount(piece[graph.tail], np.where(graph.at_sea, 0, graph.length_m), int(piece.max()) + 1)
    metres = np.sort(metres[metres > 0])[:-1]
    return {"apart": int((metres >= APART_M).sum()), "apart_short": int((metres < APART_M).sum())}


def _streets(needed: Numbers, known: npt.NDArray[np.bool_], x: Floats, y: Floats, ways: Ways) -> _Edges:
    node = np.searchsorted(needed, ways.refs)
    way = np.repeat(np.arange(len(ways.lengths)), ways.lengths)
    joined = way[1:] == way[:-1]
    tail, head, of = node[:-1][joined], node[1:][joined], way[:-1][joined]
    usable = known[tail] & known[head] & (tail != head)
    tail, head, of = tail[usable], head[usable], of[usable]
    length = np.maximum(1, np.rint(np.hypot(x[tail] - x[head], y[tail] - y[head]))).astype(np.int64)
    return _Edges(
        tail, head, length, ways.kinds[of], ways.closed[of], np.zeros(len(tail), np.int32)
    )  # fmt: skip


def _parted(edges: _Edges, barriers: Barriers, of_point: Numbers, ports: frozenset[int]) -> tuple[_Edges, Numbers]:
    """Each edge but one that meets a barrier gets an end of its own there, a metre away for those who may pass.

    Where a ferry lands at it the one edge too, for the ferry is on the other side. So a car may come to a bollard from either side and cannot pass it, and a home beside it is still reached.
    """
    if not len(barriers.row):
        return edges, of_point
    stopped = np.zeros(len(of_point), np.uint8)
    stopped[barriers.row] = barriers.stopped
    ends = np.concatenate([edges.tail, edges.head])
    met = np.flatnonzero(stopped[ends])
    met = met[np.argsort(ends[met], kind="stable")]
    at = ends[met]
    later = met[np.append(False, at[1:] == at[:-1])[: len(at)] | np.isin(at, np.array(sorted(ports), np.int64))]
    point = ends[later]
    new = len(of_point) + np.arange(len(later))
    ends = ends.copy()
    ends[later] = new
    count = len(edges.tail)
    bits = stopped[point]
    passing = _Edges(
        point, new, np.ones(len(later), np.int64), edges.kind[later % count], bits | bits << len(MEANS), np.zeros(len(later), np.int32)
    )  # fmt: skip
    moved = _Edges(ends[:count], ends[count:], edges.length_m, edges.kind, edges.closed, edges.fixed_s)
    return moved + passing, np.concatenate([of_point, of_point[point]])


def _along(x: Floats, y: Floats, known: npt.NDArray[np.bool_], own: Numbers) -> Floats:
    """Metres from the first known point to each; NaN where the extract lacks the point."""
    out = np.full(len(own), np.nan)
    here = np.flatnonzero(known[own])
    if len(here):
        step = np.hypot(np.diff(x[own[here]]), np.diff(y[own[here]]))
        out[here] = np.concatenate([[0.0], np.cumsum(step)])
    return out
