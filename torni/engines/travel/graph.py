"""A road network as arrays, and what one trip along each of its arcs costs by a given mode of travel."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]
Seconds = npt.NDArray[np.uint16]
Floats = npt.NDArray[np.float64]

DECI = 10  # arc costs are whole tenths of a second, so that every sum is exact in any order
FORBIDDEN = np.int32(1 << 29)
UNREACHABLE = np.uint16(65535)  # seconds
MEANS = ("car", "bicycle", "walk")
FERRY = "ferry"  # the class that can be stepped on and off at its ports only


def closed_bits(means: Iterable[str], *, forward: bool, backward: bool) -> int:
    """Bits of `RoadGraph.closed` for these means of travel: bit i along an edge, bit 3 + i against it."""
    bits = sum(1 << MEANS.index(one) for one in means)
    return bits * forward | (bits << len(MEANS)) * backward


PUSHED_FORWARD, PUSHED_BACKWARD = 1 << 2 * len(MEANS), 2 << 2 * len(MEANS)
ONE_WAY = closed_bits(("car", "bicycle"), forward=False, backward=True)


@dataclass(frozen=True, eq=False)
class RoadGraph:
    """A road network: points in metres, edges with a length and a class.

    `x`, `y`: node coordinates in metres (any metric plane). `tail`, `head`: node numbers of each edge.
    `length_m`: whole metres, at least 1. `road_class`: index into `classes`. `closed`: who may not use it and in
    which direction, as `closed_bits`; 0 is open to all both ways; with `PUSHED_FORWARD` and `PUSHED_BACKWARD` for where a
    bicycle is led on foot. `fixed_s`: where above 0, the seconds that it takes
    whatever the speed and the length (a ferry's crossing, the wait for it).
    `rank`: the elimination order for the fast engine, or None (then it is computed when first needed).
    `land`, `ground`: by node, where every street is drawn; -1 at sea; None for a network of main roads alone, of which
    nothing can be told by what it lacks. Two nodes are on one land where streets lead from one to the other, whoever
    may use them; on one ground also where no more than a gap of the map parts them.
    """

    x: Floats
    y: Floats
    tail: Ints
    head: Ints
    length_m: Ints
    road_class: npt.NDArray[np.int16]
    classes: tuple[str, ...]
    closed: npt.NDArray[np.uint8]
    fixed_s: Ints
    rank: Ints | None = None
    land: Ints | None = None
    ground: Ints | None = None

    def __post_init__(self) -> None:
        n = len(self.x)
        for name in ("tail", "head"):
            ends = getattr(self, name)
            if len(ends) and (ends.min() < 0 or ends.max() >= n):
                raise ValueError(f"RoadGraph.{name} names a node outside 0..{n - 1}")
        if len(self.length_m) and self.length_m.min() < 1:
            raise ValueError("RoadGraph.length_m has an edge shorter than 1 metre")

    @property
    def nodes(self) -> int:
        return len(self.x)

    @property
    def at_sea(self) -> npt.NDArray[np.bool_]:
        """By edge: crossings, boarding and landing, and ice roads that carry nobody."""
        return np.asarray(np.array([name == FERRY for name in self.classes])[self.road_class] | (self.fixed_s > 0))


@dataclass(frozen=True)
class Mode:
    """How one means of travel moves: every assumption behind a travel time, by name.

    `speed_kmh` by road class (a class not named, or 0, is forbidden to the mode).
    `joining_kmh` and `joining_detour`: the leg between a point and the road, straight distance x detour.
    `within_cell_km`: the shortest joining leg of a resident, who lives somewhere in the cell and not at its centre.
    `end_min`: parking and walking at the destination, once a trip.
    `direct_km`: within this straight distance a trip may go directly, without using the network.
    `piece_km`: a piece of network shorter than this is none by itself: one leaves it over the ground (see `pieces`).
    `gap_km`: as far one goes on foot from a network of its own to the ground's main one.
    `means`: whose access and one-ways bind it, one of MEANS.
    `walking_kmh`: of who leads a bicycle, or walks to the network of the mode.
    """

    name: str
    speed_kmh: Mapping[str, float] = field(default_factory=dict)
    joining_kmh: float = 30.0
    joining_detour: float = 1.3
    within_cell_km: float = 0.38
    end_min: float = 0.0
    direct_km: float = 2.0
    piece_km: float = 2.0
    gap_km: float = 0.3
    means: str = "car"
    walking_kmh: float = 4.8

    def __post_init__(self) -> None:
        for name in ("joining_kmh", "joining_detour", "walking_kmh"):
            if not getattr(self, name) > 0:
                raise ValueError(f"Mode.{name} must be above 0, found {getattr(self, name)}")
        if self.means not in MEANS:
            raise ValueError(f"Mode.means must be one of {', '.join(MEANS)}, found {self.means}")

    def faster(self, factor: float) -> Mode:
        """The same mode with every road speed multiplied by `factor`; joining legs stay as they are."""
        return self.replace(speed_kmh={k: v * factor for k, v in self.speed_kmh.items()})

    def replace(self, **changes: object) -> Mode:
        return Mode(**{**self.__dict__, **changes})

    def leg_ds(self, distance_m: Floats) -> npt.NDArray[np.int64]:
        """Tenths of a second, rounded up, at least 1, for a straight joining distance in metres."""
        seconds = distance_m * (self.joining_detour * 3.6 / self.joining_kmh)
        return np.maximum(1, np.ceil(seconds * DECI - 1e-9)).astype(np.int64)

    def walk_ds(self, distance_m: Floats) -> npt.NDArray[np.int64]:
        """The same on foot."""
        return self.replace(joining_kmh=min(self.walking_kmh, self.joining_kmh)).leg_ds(distance_m)

    @property
    def end_ds(self) -> int:
        return math.ceil(self.end_min * 60 * DECI)


@dataclass(frozen=True, eq=False)
class Arcs:
    """Directed arcs with whole costs in tenths of a second. `edge` names the edge that each comes from."""

    tail: Ints
    head: Ints
    cost_ds: Ints
    forward_ds: Ints  # by edge: tail to head; FORBIDDEN where the mode may not
    backward_ds: Ints


def arcs(graph: RoadGraph, mode: Mode) -> Arcs:
    """Every arc that the mode may use, each way of each edge, cost rounded up to a tenth of a second."""
    speed = np.array([float(mode.speed_kmh.get(name, 0.0)) for name in graph.classes])
    by_edge = speed[graph.road_class]
    forward, backward = (
        _cost(graph, np.where(graph.closed & pushed > 0, np.minimum(by_edge, mode.walking_kmh), by_edge), closed)
        if mode.means == "bicycle"
        else _cost(graph, by_edge, closed)
        for closed, pushed in (
            (closed_bits((mode.means,), forward=True, backward=False), PUSHED_FORWARD),
            (closed_bits((mode.means,), forward=False, backward=True), PUSHED_BACKWARD),
        )
    )
    there, back = forward < FORBIDDEN, backward < FORBIDDEN
    return Arcs(
        tail=np.concatenate([graph.tail[there], graph.head[back]]),
        head=np.concatenate([graph.head[there], graph.tail[back]]),
        cost_ds=np.concatenate([forward[there], backward[back]]),
        forward_ds=forward,
        backward_ds=backward,
    )


def _cost(graph: RoadGraph, kmh: Floats, closed: int) -> Ints:
    """Tenths of a second along every edge at these speeds, rounded up; FORBIDDEN at none and where a bit closes it."""
    with np.errstate(divide="ignore"):
        seconds = np.where(kmh > 0, graph.length_m * 3.6 / np.where(kmh > 0, kmh, 1.0), np.inf)
    by_length = np.maximum(np.ceil(np.where(np.isfinite(seconds), seconds, 0) * DECI - 1e-9), 1)
    cost = np.where(graph.fixed_s > 0, graph.fixed_s.astype(float) * DECI, by_length)
    return np.where(np.isfinite(seconds) & (graph.closed & closed == 0), cost, FORBIDDEN).astype(np.int32)
