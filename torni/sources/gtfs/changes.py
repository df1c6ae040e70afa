"""What transfers.txt says of changes: how long one takes, where none may be made, who stays seated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from torni.core import bounds
from torni.core.faults import Fault
from torni.core.language import Message, t
from torni.engines.travel.timetable import Rules
from torni.sources.gtfs.archive import ROW, Archive, worth_telling
from torni.sources.gtfs.fields import Reading
from torni.sources.gtfs.stops import Stops

_SEATED, _NOT_SEATED = 4, 5


@dataclass(frozen=True, eq=False)
class Seated:
    """Pairs of trips (by number): passengers stay seated from the first into the second, or may not."""

    stays: frozenset[tuple[int, int]]
    leaves: frozenset[tuple[int, int]]


def read_changes(
    archive: Archive, reading: Reading, stops: Stops, trip_of: dict[str, int]
) -> tuple[Rules, Seated, list[Message]]:
    """The rules between stops and the pairs of trips. A rule for two stops comes before one for their stations.

    Rules of a single line or trip are not read (but staying seated) and counted.
    """
    table = archive.table("transfers")
    kind = reading.whole("transfers", "transfer_type", table, most=_NOT_SEATED).fill_null(0)
    least = reading.whole("transfers", "min_transfer_time", table)
    known = len(reading.faults)
    reading.once("transfers", [c for c in table.columns if c not in (ROW, "transfer_type", "min_transfer_time")], table)
    none = Rules.none()
    if len(reading.faults) > known or len(kind) != len(table):
        return none, Seated(frozenset(), frozenset()), []
    special = table.select(
        pl.any_horizontal(
            pl.col("from_route_id", "to_route_id", "from_trip_id", "to_trip_id").is_not_null()
        )
    ).to_series()  # fmt: skip
    pairs: tuple[set[tuple[int, int]], set[tuple[int, int]]] = set(), set()
    unread = strangers = 0
    chosen: dict[tuple[int, int], tuple[int, int, int]] = {}
    columns = table.select("from_stop_id", "to_stop_id", "from_trip_id", "to_trip_id").iter_rows()
    for (a, b, from_trip, to_trip), what, seconds, narrow in zip(columns, kind, least, special, strict=True):
        if what in (_SEATED, _NOT_SEATED):
            if from_trip in trip_of and to_trip in trip_of:
                pairs[what - _SEATED].add((trip_of[from_trip], trip_of[to_trip]))
            else:
                strangers += 1
            continue
        if narrow:
            unread += 1
            continue
        starts, ends = stops.inside.get(a, ()), stops.inside.get(b, ())
        strangers += not starts or not ends
        # What is said of a stop itself comes before what is said of the station round it.
        narrowness = (len(starts) == 1) + (len(ends) == 1)
        if len(chosen) + len(starts) * len(ends) > bounds.MOST_CALLS // 10:
            reading.faults.append(Fault(archive.where("transfers"), t("more than {most} rows", most=bounds.MOST_CALLS // 10), t("Cut the timetable to the region and some weeks.")))  # fmt: skip
            return none, Seated(frozenset(), frozenset()), []
        for start in starts:
            for end in ends:
                if (start, end) not in chosen or chosen[start, end][0] < narrowness:
                    chosen[start, end] = narrowness, what, seconds or 0
    notes = worth_telling(
        Message("Timetable: rules of changes for a single line or trip, which are not read: {count}", count=unread),
        Message("Timetable: rules of changes at stops or trips that are not there: {count}", count=strangers),
    )
    keys = np.array(list(chosen), np.int32).reshape(-1, 2)
    said = np.array(list(chosen.values()), np.int32).reshape(-1, 3)
    rules = Rules(keys[:, 0], keys[:, 1], said[:, 1], said[:, 2])
    return rules, Seated(frozenset(pairs[0]), frozenset(pairs[1])), notes
