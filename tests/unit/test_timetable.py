"""Public transport: the profile scan equals a search written out minute by minute."""

import heapq
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from torni.engines.travel.timetable import (
    AS_WALKED,
    AT_LEAST,
    FORBIDDEN,
    NEVER,
    WAITED_FOR,
    Rules,
    Timetable,
    Walking,
    profiles,
    travel_seconds,
)
from torni.sources.gtfs import read_timetable

WALK = Walking(kmh=4.8, detour=1.3, stop_max_km=0.8, transfer_max_km=0.4, change_s=60)


@st.composite
def timetables(draw):
    rng = np.random.default_rng(draw(st.integers(0, 10**9)))
    stops, trips = draw(st.integers(2, 12)), draw(st.integers(1, 15))
    x, y = rng.uniform(0, 3000, stops), rng.uniform(0, 600, stops)
    rows = []
    for trip in range(trips):
        at = int(rng.integers(28_000, 34_000))
        route = rng.choice(stops, min(stops, int(rng.integers(2, 6))), replace=False)
        for a, b in zip(route[:-1], route[1:], strict=True):
            arrive = at + int(rng.integers(30, 600))
            rows.append((a, b, at, arrive, trip))
            at = arrive + int(rng.integers(0, 60))
    columns = np.array(rows, np.int32).T
    said = np.unique(rng.integers(0, stops, (int(rng.integers(0, 6)), 2)), axis=0).astype(np.int32)
    kinds = rng.integers(AS_WALKED, FORBIDDEN + 1, len(said)).astype(np.int32)
    lines = rng.integers(0, trips, (int(rng.integers(0, 4)), 2)).astype(np.int32)
    first, last = ({t: v for _, _, *v, t in order} for order in (rows[::-1], rows))  # departure first, arrival last
    lines = lines[[last[a][1] <= first[b][0] for a, b in lines]] if len(lines) else lines
    return (
        Timetable(
            x,
            y,
            *columns,
            boards=rng.random(len(rows)) < 0.8,
            alights=rng.random(len(rows)) < 0.8,
            onward=lines,
            rules=Rules(said[:, 0], said[:, 1], kinds, rng.integers(0, 900, len(said)).astype(np.int32)),
        ),
        rng.uniform(0, 3000, (2, 4)) * [[1], [0.2]],
        rng.uniform(0, 3000, (2, 2)) * [[1], [0.2]],
    )


@settings(max_examples=60)
@given(timetables())
def test_the_scan_equals_a_plain_search(case):
    timetable, homes, units = case
    departures = np.arange(28_000, 34_000, 600)
    found = travel_seconds(timetable, profiles(timetable, *units, WALK), *homes, *units, WALK, departures)
    for h in range(homes.shape[1]):
        for d, start in enumerate(departures):
            assert found[h, d] == _search(timetable, homes[:, h], units, int(start)), (h, start)


def _search(timetable, home, units, start):
    """Earliest arrival by labels (stop, how one came): on foot, or sitting in a trip."""

    def walk(ax, ay, bx, by):
        return int(WALK.seconds(np.array([np.hypot(ax - bx, ay - by)]))[0])

    def near(ax, ay, bx, by, km):
        return np.hypot(ax - bx, ay - by) <= km * 1000

    best = NEVER
    for u in range(units.shape[1]):
        if near(*home, *units[:, u], WALK.stop_max_km):
            best = min(best, walk(*home, *units[:, u]))
    stops = list(zip(timetable.x, timetable.y, strict=True))
    queue = [(start + walk(*home, *s), "ready", i) for i, s in enumerate(stops) if near(*home, *s, WALK.stop_max_km)]
    heapq.heapify(queue)
    seen = set()
    connections = list(
        zip(timetable.from_stop, timetable.to_stop, timetable.departs, timetable.arrives, timetable.trip, strict=True)
    )
    rules = {(a, b): (kind, s) for a, b, kind, s in zip(*timetable.rules.__dict__.values(), strict=True)}
    ends = {trip: c for c, (*_, trip) in enumerate(connections)}
    starts = {trip: c for c, (*_, trip) in reversed(list(enumerate(connections)))}

    def change(a, b):
        """Seconds from getting off at a to being able to board at b; None where one may not, or does not walk so far."""
        kind, stated = rules.get((a, b), (None, 0))
        on_foot = walk(*stops[a], *stops[b])
        if kind == FORBIDDEN or (kind is None and a != b and not near(*stops[a], *stops[b], WALK.transfer_max_km)):
            return None
        return {WAITED_FOR: 0, AT_LEAST: max(stated, on_foot)}.get(kind, WALK.change_s + on_foot)

    while queue:
        now, how, where = heapq.heappop(queue)
        if (how, where) in seen:
            continue
        seen.add((how, where))
        if how == "ready":  # at a stop, able to board
            for c, (a, _b, departs, arrives, _trip) in enumerate(connections):
                if a == where and departs >= now and timetable.boards[c]:
                    heapq.heappush(queue, (int(arrives), "riding", c))
        else:  # arrived by connection `where`
            _a, b, _departs, arrives, trip = connections[where]
            for c, (a2, _b2, departs2, arrives2, trip2) in enumerate(connections):
                if trip2 == trip and a2 == b and departs2 >= arrives and c > where:
                    heapq.heappush(queue, (int(arrives2), "riding", c))
            for earlier, later in timetable.onward:
                if earlier == trip and ends[trip] == where:
                    heapq.heappush(queue, (int(connections[starts[later]][3]), "riding", starts[later]))
            if not timetable.alights[where]:
                continue
            for u in range(units.shape[1]):
                if near(*stops[b], *units[:, u], WALK.stop_max_km):
                    best = min(best, now + walk(*stops[b], *units[:, u]) - start)
            for s in range(len(stops)):
                if (takes := change(b, s)) is not None:
                    heapq.heappush(queue, (now + takes, "ready", s))
    return best


def test_the_helsinki_day_is_read():
    timetable = read_timetable(Path(__file__).parents[1] / "data" / "helsinki_gtfs_r5edu.zip")
    assert (len(timetable.x), timetable.trips, len(timetable.trip)) == (1388, 3195, 59290)
    assert (timetable.arrives >= timetable.departs).all()
