"""Public transport by connection scan: the earliest arrival at a set of units, for every departure minute.

One backward scan of the day's connections gives every stop's whole profile (departure -> earliest arrival), so all
homes and all departure minutes are answered together. Method: Dibbelt, Pajor, Strasser, Wagner, "Connection Scan
Algorithm", ACM JEA 2018 (profile scan with foot transfers). Times are whole seconds; the answer is exact, but for one
thing: a change in no time between two rides that take no time themselves may be missed (the next departure is found).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numba as nb
import numpy as np
import numpy.typing as npt

from torni.engines.travel.pairs import Pairs, Streets

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
NEVER = np.int32(1 << 30)
Changing = tuple[npt.NDArray[np.int64], Ints, Ints]


AS_WALKED, WAITED_FOR, AT_LEAST, FORBIDDEN = 0, 1, 2, 3
MOST_CHANGES = 20_000_000  # pairs of stops near each other: a country's have some hundred thousand
MOST_ROOM = 200_000_000  # of the profiles' pairs, eight bytes each: a country's day has some tens of millions


class TooDense(ValueError):
    """So many stops near one another that the changes between them would fill the memory."""


@dataclass(frozen=True, eq=False)
class Rules:
    """What a timetable says of changing from a stop to a stop (the same one too), as GTFS transfers.txt does.

    `kind`: AS_WALKED, also where the walk is longer than one would else consider; WAITED_FOR, in no time; AT_LEAST, in
    `seconds` in place of the time reserved for a change, and never faster than on foot; FORBIDDEN.
    """

    from_stop: Ints
    to_stop: Ints
    kind: Ints
    seconds: Ints

    @classmethod
    def none(cls) -> Rules:
        empty = np.empty(0, np.int32)
        return cls(empty, empty, empty, empty)


@dataclass(frozen=True, eq=False)
class Timetable:
    """One day. `x`, `y`: stops in metres. Connections in any order: stops, seconds after midnight, trip.

    `boards`, `alights`: whether one may at the connection's start and end (None: always). `onward`: pairs of trips;
    who sits in the first to its end may stay seated for the second.
    """

    x: Floats
    y: Floats
    from_stop: Ints
    to_stop: Ints
    departs: Ints
    arrives: Ints
    trip: Ints
    boards: npt.NDArray[np.bool_] | None = None
    alights: npt.NDArray[np.bool_] | None = None
    onward: npt.NDArray[np.int32] = field(default_factory=lambda: np.empty((0, 2), np.int32))
    rules: Rules = field(default_factory=Rules.none)

    @property
    def trips(self) -> int:
        return int(self.trip.max()) + 1 if len(self.trip) else 0


@dataclass(frozen=True)
class Walking:
    """How people walk to, between and from stops: straight distance x detour at `kmh`, and never quicker than by
    `streets`, where a region's are known: over a water, or past what is closed to walkers, one does not come."""

    kmh: float
    detour: float
    stop_max_km: float
    transfer_max_km: float
    change_s: int
    streets: Streets | None = None

    def between(
        self, from_x: Floats, from_y: Floats, to_x: Floats, to_y: Floats, within_km: float
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Every pair of places within a straight distance that one may walk between, in order, and its seconds."""
        from scipy.spatial import cKDTree

        here, there = (cKDTree(np.column_stack(xy)) for xy in ((from_x, from_y), (to_x, to_y)))
        pairs = here.sparse_distance_matrix(there, within_km * 1000, output_type="ndarray")
        pairs = pairs[np.lexsort((pairs["j"], pairs["i"]))]
        i, j, seconds = pairs["i"].astype(np.int64), pairs["j"].astype(np.int64), self.seconds(pairs["v"])
        if self.streets is not None:
            by_street = self.streets.seconds(Pairs(from_x, from_y, to_x, to_y, i, j))
            seconds, led = np.maximum(seconds, by_street), by_street >= 0
            i, j, seconds = i[led], j[led], seconds[led]
        return i, j, seconds

    def to_nearest(self, from_x: Floats, from_y: Floats, to_x: Floats, to_y: Floats) -> npt.NDArray[np.int64]:
        """Seconds from each place to the first of others that one may walk to, within `stop_max_km`; NEVER for none."""
        from scipy.spatial import cKDTree

        out = np.full(len(from_x), NEVER, np.int64)
        if len(to_x) and self.streets is not None:
            i, _, seconds = self.between(from_x, from_y, to_x, to_y, self.stop_max_km)
            np.minimum.at(out, i, seconds)
        elif len(to_x):
            away, _ = cKDTree(np.column_stack([to_x, to_y])).query(np.column_stack([from_x, from_y]))
            near = away <= self.stop_max_km * 1000
            out[near] = self.seconds(away[near])
        return out

    def seconds(self, metres: Floats) -> npt.NDArray[np.int64]:
        return np.ceil(np.asarray(metres) * self.detour * 3.6 / self.kmh - 1e-9).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Profiles:
    """For every stop the Pareto pairs (departure by a vehicle here, arrival at a unit), departures falling.

    `first` delimits the stops' rooms, `count` how much of each is filled.
    """

    first: npt.NDArray[np.int64]
    count: Ints
    departs: Ints
    arrives: Ints


def profiles(
    timetable: Timetable, unit_x: Floats, unit_y: Floats, walking: Walking, changing: Changing | None = None
) -> Profiles:
    """Every stop's earliest arrivals at the nearest-in-time of these units. `changing`: the `changes`, if already known."""
    stops = np.column_stack([timetable.x, timetable.y])
    egress = walking.to_nearest(timetable.x, timetable.y, unit_x, unit_y)
    foot_first, foot_stop, foot_s = changing or changes(timetable, walking)
    order = np.lexsort((timetable.arrives, timetable.departs))[::-1]
    departing = np.bincount(timetable.from_stop, minlength=len(stops))
    # A change may walk to another stop first; somebody from home has already walked. Hence two sets of profiles.
    board_first = np.concatenate([[0], np.cumsum(departing)]).astype(np.int64)
    board_count = np.zeros(len(stops), np.int32)
    board_departs, board_arrives = np.empty(board_first[-1], np.int32), np.empty(board_first[-1], np.int32)
    room = np.zeros(len(stops), np.int64)
    np.add.at(room, foot_stop, np.repeat(departing, np.diff(foot_first)))
    first = np.concatenate([[0], np.cumsum(room)]).astype(np.int64)
    count = np.zeros(len(stops), np.int32)
    departs, arrives = np.empty(first[-1], np.int32), np.empty(first[-1], np.int32)
    every = np.ones(len(order), bool)
    boards = every if timetable.boards is None else timetable.boards
    alights = every if timetable.alights is None else timetable.alights
    trip = timetable.trip[order]
    ends = np.zeros(len(order), bool)  # the trip's last connection: the first that is met, going backward
    ends[np.unique(trip, return_index=True)[1]] = True
    onward = timetable.onward[np.argsort(timetable.onward[:, 0], kind="stable")]
    onward_first = np.searchsorted(onward[:, 0], np.arange(timetable.trips + 1)).astype(np.int64)
    _scan(
        timetable.from_stop[order], timetable.to_stop[order], timetable.departs[order], timetable.arrives[order],
        trip, boards[order], alights[order], ends, onward_first, np.ascontiguousarray(onward[:, 1]),
        np.full(timetable.trips, NEVER, np.int32), np.minimum(egress, NEVER).astype(np.int32),
        foot_first, foot_stop, foot_s, np.int32(walking.change_s), first, count, departs, arrives,
        board_first, board_count, board_departs, board_arrives,
    )  # fmt: skip
    return Profiles(board_first, board_count, board_departs, board_arrives)


def changes(timetable: Timetable, walking: Walking) -> Changing:
    """From which stops one can change to each, and the seconds it takes beyond the time reserved for every change.

    Three arrays: where each boarding stop's rows begin, the stop alighted at, the seconds (below zero where the timetable
    asks for less). Raises TooDense where there are more than MOST_CHANGES, or their profiles would take more than MOST_ROOM.
    """
    from scipy.spatial import cKDTree

    stops = np.column_stack([timetable.x, timetable.y])
    within = walking.transfer_max_km * 1000
    tree = cKDTree(stops)
    if tree.count_neighbors(tree, within) > MOST_CHANGES:
        raise TooDense
    one, other, walk_s = walking.between(timetable.x, timetable.y, timetable.x, timetable.y, walking.transfer_max_km)
    apart = one != other  # every stop meets itself at no distance, once
    itself = np.arange(len(stops))
    from_stop = np.concatenate([itself, one[apart]]).astype(np.int64)
    to_stop = np.concatenate([itself, other[apart]]).astype(np.int64)
    seconds = np.concatenate([np.zeros(len(stops), np.int64), walk_s[apart]])
    rules = timetable.rules
    if len(rules.kind):
        keys, said = from_stop * len(stops) + to_stop, rules.from_stop.astype(np.int64) * len(stops) + rules.to_stop
        kept = ~np.isin(keys, said)
        walk = walking.seconds(np.hypot(*(stops[rules.from_stop] - stops[rules.to_stop]).T))
        least = np.maximum(rules.seconds, walk) - walking.change_s
        stated = np.select([rules.kind == WAITED_FOR, rules.kind == AT_LEAST], [-walking.change_s, least], walk)
        may = rules.kind != FORBIDDEN
        from_stop = np.concatenate([from_stop[kept], rules.from_stop[may]])
        to_stop = np.concatenate([to_stop[kept], rules.to_stop[may]])
        seconds = np.concatenate([seconds[kept], stated[may]])
    if np.bincount(timetable.from_stop, minlength=len(stops))[to_stop].sum() > MOST_ROOM:
        raise TooDense
    order = np.lexsort((from_stop, to_stop))
    first = np.searchsorted(to_stop[order], np.arange(len(stops) + 1)).astype(np.int64)
    return first, from_stop[order].astype(np.int32), seconds[order].astype(np.int32)


def travel_seconds(
    timetable: Timetable, found: Profiles, home_x: Floats, home_y: Floats, unit_x: Floats, unit_y: Floats,
    walking: Walking, departures: npt.NDArray[np.int64], extra_s: int = 0,
) -> npt.NDArray[np.int32]:  # fmt: skip
    """Seconds from each home at each departure to the first unit reached, waiting included: homes x departures.

    Walking all the way competes, if within `stop_max_km` of a unit. 1 << 30: not reachable. `extra_s` is added to the
    walk from every home (people do not live at the cell's centre).
    """
    home, stop, walk = walking.between(home_x, home_y, timetable.x, timetable.y, walking.stop_max_km)
    first = np.searchsorted(home, np.arange(len(home_x) + 1)).astype(np.int64)
    to_unit = walking.to_nearest(home_x, home_y, unit_x, unit_y)
    on_foot = np.where(to_unit < NEVER, to_unit + extra_s, NEVER)
    out = np.empty((len(home_x), len(departures)), np.int32)
    _from_homes(
        first, stop.astype(np.int32), (walk + extra_s).astype(np.int32), on_foot,
        found.first, found.count, found.departs, found.arrives, departures, out,
    )  # fmt: skip
    return out


@nb.njit(cache=True)
def _arrival(first, count, departs, arrives, stop, ready):  # type: ignore[no-untyped-def]
    """Earliest arrival from a stop for someone ready there: departures fall, arrivals fall with them."""
    low, high = first[stop], first[stop] + count[stop]
    while low < high:  # the last position whose departure is >= ready
        middle = (low + high) // 2
        if departs[middle] >= ready:
            low = middle + 1
        else:
            high = middle
    return arrives[low - 1] if low > first[stop] else NEVER


@nb.njit(cache=True)
def _insert(first, count, departs, arrives, stop, departure, arrival):  # type: ignore[no-untyped-def]
    """Keep (departure, arrival) unless a later departure arrives as early; drop what it outdoes."""
    start, n = first[stop], count[stop]
    place = start + n
    while place > start and departs[place - 1] < departure:
        place -= 1
    if place > start and arrives[place - 1] <= arrival:
        return
    if place > start and departs[place - 1] == departure:
        place -= 1
    last = place  # pairs that leave no later and arrive no earlier are outdone
    while last < start + n and arrives[last] >= arrival:
        last += 1
    shift = 1 - (last - place)
    if shift > 0:
        for k in range(start + n - 1, last - 1, -1):
            departs[k + 1], arrives[k + 1] = departs[k], arrives[k]
    elif shift < 0:
        for k in range(last, start + n):
            departs[k + shift], arrives[k + shift] = departs[k], arrives[k]
    departs[place], arrives[place] = departure, arrival
    count[stop] = n + shift


@nb.njit(cache=True)
def _scan(  # type: ignore[no-untyped-def]
    from_stop,
    to_stop,
    departs,
    arrives,
    trip,
    boards,
    alights,
    ends,
    onward_first,
    onward,
    on_trip,
    egress,
    foot_first,
    foot_stop,
    foot_s,
    change,
    first,
    count,
    p_departs,
    p_arrives,
    b_first,
    b_count,
    b_departs,
    b_arrives,
):
    for c in range(len(from_stop)):
        stop = to_stop[c]
        best = on_trip[trip[c]]
        if ends[c]:
            for k in range(onward_first[trip[c]], onward_first[trip[c] + 1]):
                best = min(best, on_trip[onward[k]])
        if alights[c]:
            if egress[stop] < NEVER:
                best = min(best, arrives[c] + egress[stop])
            best = min(best, _arrival(first, count, p_departs, p_arrives, stop, arrives[c] + change))
        if best >= NEVER:
            continue
        on_trip[trip[c]] = best
        if boards[c]:
            board = from_stop[c]
            _insert(b_first, b_count, b_departs, b_arrives, board, departs[c], best)
            for k in range(foot_first[board], foot_first[board + 1]):
                _insert(first, count, p_departs, p_arrives, foot_stop[k], departs[c] - foot_s[k], best)


@nb.njit(cache=True)
def _from_homes(first, stop, walk, on_foot, p_first, p_count, p_departs, p_arrives, departures, out):  # type: ignore[no-untyped-def]
    for h in range(len(first) - 1):
        for t in range(len(departures)):
            best = min(np.int64(NEVER), departures[t] + on_foot[h])
            for k in range(first[h], first[h + 1]):
                best = min(
                    best, np.int64(_arrival(p_first, p_count, p_departs, p_arrives, stop[k], departures[t] + walk[k]))
                )
            out[h, t] = NEVER if best >= NEVER else best - departures[t]
