"""A whole timetable, read and judged once; any day's connections are then only picked out of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

from torni.core import bounds
from torni.core.faults import BadInput, Fault, bad_input
from torni.core.language import Message, t
from torni.engines.travel.timetable import Rules, Timetable
from torni.sources.gtfs.archive import ROW, Archive, open_archive, worth_telling
from torni.sources.gtfs.calls import Rides, read_calls
from torni.sources.gtfs.changes import Seated, read_changes
from torni.sources.gtfs.days import Days, read_days
from torni.sources.gtfs.fields import Reading
from torni.sources.gtfs.stops import Stops, read_stops

HELSINKI = ZoneInfo("Europe/Helsinki")
_DAY_S = 86_400


@dataclass(frozen=True, eq=False)
class Feed:
    """A timetable. `service` and `block` of every trip; `headways`: trip, first start, starts, seconds between, for trips
    that run at intervals in place of their own times. `notes`: what was left out, put in or not read, each with its count."""

    stops: Stops
    rides: Rides
    service: npt.NDArray[np.object_]
    block: npt.NDArray[np.object_]
    headways: npt.NDArray[np.int64]
    rules: Rules
    seated: Seated
    days: Days
    zone: ZoneInfo
    notes: tuple[Message, ...]

    @property
    def trips(self) -> int:
        """Trips that can be ridden on some day, those at intervals counted once."""
        return int((np.diff(self.rides.first) > 0).sum())

    def faster_than(self, kmh: float) -> int:
        """Rides between two calls that go faster, straight from stop to stop. A minute is forgiven: times are often
        written in whole minutes."""
        x, y, seconds = self.stops.x, self.stops.y, self.rides.arrives - self.rides.departs
        start, end = self.rides.from_stop, self.rides.to_stop
        return int((np.hypot(x[end] - x[start], y[end] - y[start]) > kmh / 3.6 * (seconds + 60)).sum())

    def knows(self, day: date) -> bool:
        """Whether the timetable says anything of the day."""
        return self.days.knows(day)

    def busiest_day(self) -> date | None:
        """The first day with the most trips; None when nothing ever runs."""
        services, count = np.unique(self.service[np.diff(self.rides.first) > 0].astype(str), return_counts=True)
        return self.days.busiest(dict(zip(services.tolist(), count.tolist(), strict=True)))

    def on(self, day: date) -> Timetable:
        """The connections of a calendar day, in seconds after its midnight in Helsinki: that day's service and what still
        runs of the days before. A time counts from noon less twelve hours, as the reference says, so that it is right on
        the two days of the year that are not 24 hours long. Trips of the day after are not there.
        """
        noon = datetime.combine(day, time(12), HELSINKI).astimezone(UTC)
        latest = self._latest()
        picked, onward, trips = [], [], 0
        for back in range(latest // _DAY_S + 2):
            if day.toordinal() - back < 1:
                break
            service_day = date.fromordinal(day.toordinal() - back)
            own_noon = datetime.combine(service_day, time(12), self.zone).astimezone(UTC)
            shift = round((own_noon - noon).total_seconds())
            if latest + shift < 0:
                continue
            running = self._running(service_day)
            trip, offset = self._instances(running)
            pairs = self._seated_pairs(running)
            rides, run = _expanded(self.rides.first, trip)
            departs = self.rides.departs[rides] + (offset[run] + shift)
            keep = departs >= 0
            picked.append((rides[keep], departs[keep], self.rides.arrives[rides[keep]] + (offset[run] + shift)[keep], run[keep] + trips))  # fmt: skip
            if len(pairs):
                instance = np.full(len(self.service), -1, np.int64)
                instance[trip] = np.arange(len(trip)) + trips
                onward.append(instance[pairs])
            trips += len(trip)
        rides, departs, arrives, run = (
            np.concatenate([p[i] for p in picked]) if picked else np.empty(0, np.int64) for i in range(4)
        )
        follows = np.concatenate([*onward, np.empty((0, 2), np.int64)])
        follows = follows[
            (follows <= run.max(initial=-1)).all(axis=1)
        ]  # a later trip that the day no longer has leads nowhere
        return Timetable(
            self.stops.x, self.stops.y, self.rides.from_stop[rides], self.rides.to_stop[rides],
            departs.astype(np.int32), arrives.astype(np.int32), run.astype(np.int32),
            boards=self.rides.boards[rides], alights=self.rides.alights[rides],
            onward=follows.astype(np.int32), rules=self.rules,
        )  # fmt: skip

    def _latest(self) -> int:
        """The last departure of any trip, in seconds after its service day's start."""
        last = int(self.rides.departs.max(initial=0))
        for trip, first, count, between in self.headways:
            rides = slice(self.rides.first[trip], self.rides.first[trip + 1])
            departs = self.rides.departs[rides]
            if len(departs):
                last = max(last, int(first + (count - 1) * between + departs[-1] - departs[0]))
        return last

    def _running(self, day: date) -> npt.NDArray[np.bool_]:
        services = self.days.services_on(day)
        return np.array([s in services for s in self.service], bool)

    def _instances(self, running: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Every run of the trips: by its own times, or once for each start of its headways. Trip and seconds to add."""
        at_intervals = np.zeros(len(running), bool)
        at_intervals[self.headways[:, 0]] = True
        own = np.flatnonzero(running & ~at_intervals)
        headways = self.headways[running[self.headways[:, 0]]]
        trip = np.repeat(headways[:, 0], headways[:, 2])
        step = np.arange(len(trip)) - np.repeat(np.cumsum(headways[:, 2]) - headways[:, 2], headways[:, 2])
        start = np.repeat(headways[:, 1], headways[:, 2]) + step * np.repeat(headways[:, 3], headways[:, 2])
        offset = start - self.rides.begins[trip]
        return np.concatenate([own, trip]), np.concatenate([np.zeros(len(own), np.int64), offset])

    def _seated_pairs(self, running: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """Trips of one vehicle, one after the other from the same stop or station: passengers stay on, unless forbidden."""
        usual = running & (np.diff(self.rides.first) > 0)
        usual[self.headways[:, 0]] = False
        first, last = self.rides.first[:-1], self.rides.first[1:] - 1
        trips = np.array([k for k in np.flatnonzero(usual) if self.block[k] is not None], np.int64)
        pairs = [p for p in self.seated.stays if usual[list(p)].all()]
        if len(trips):
            starts = self.rides.departs[first[trips]]
            trips = trips[np.lexsort((starts, self.block[trips].astype(str)))]
            a, b = trips[:-1], trips[1:]
            place = self.stops.station
            same = (self.block[a] == self.block[b]) & (
                place[self.rides.to_stop[last[a]]] == place[self.rides.from_stop[first[b]]]
            )
            pairs += [p for p in zip(a[same].tolist(), b[same].tolist(), strict=True) if p not in self.seated.leaves]
        found = np.array(sorted(set(pairs)), np.int64).reshape(-1, 2)
        return found[self.rides.arrives[last[found[:, 0]]] <= self.rides.departs[first[found[:, 1]]]]


def read_feed(path: Path) -> Feed:
    """The timetable of a zip. Raises BadInput with every fault found, and for one in which nothing can ever be ridden.

    Not considered: fares, vehicles' size and access, real time. What else is not read is in `notes`.
    """
    archive = open_archive(path)
    reading = Reading(archive)
    stops, notes = read_stops(archive, reading)
    days, more = read_days(archive, reading)
    notes += more
    trips = archive.table("trips")
    reading.given("trips", ("trip_id", "service_id"), trips)
    reading.once("trips", ("trip_id",), trips)
    trip_of = {trip: i for i, trip in enumerate(trips["trip_id"].to_list()) if trip is not None}
    rules, seated, more = read_changes(archive, reading, stops, trip_of)
    notes += more
    zone = _zone(archive, reading)
    rides, more = read_calls(archive, reading, stops, trip_of)
    notes += more
    headways, more = _headways(archive, reading, trip_of, rides)
    notes += more
    if reading.faults:
        raise BadInput(*reading.faults)
    never = int((~trips["service_id"].is_in(list(days.services))).sum())
    notes += worth_telling(
        Message("Timetable: trips whose service no calendar names, which never run: {count}", count=never),
        Message("Timetable: paths within stations, which are not read: {count}", count=len(archive.table("pathways"))),
        Message("Timetable: lines that one may board anywhere, which is not read: {count}", count=_anywhere(archive)),
        Message(
            "Timetable: lines of aircraft, school or on-demand transport, taken to be open to all: {count}",
            count=_not_ordinary(archive),
        ),
    )
    service = np.array(trips["service_id"].to_list(), object)
    block = np.array(trips["block_id"].to_list(), object)
    feed = Feed(stops, rides, service, block, headways, rules, seated, days, zone, (*archive.notes, *notes))
    if feed.busiest_day() is None:
        raise bad_input(
            archive.name, t("no trip can be ridden on any day") + "".join(f"; {note}" for note in feed.notes),
            t("Give a whole GTFS timetable."),
        )  # fmt: skip
    return feed


def read_timetable(path: Path, *, on: date | None = None) -> Timetable:
    """One day's connections of a zip; by default of the day with the most trips (the earliest of equals).

    Raises BadInput as `read_feed`, and for a day that the timetable does not know. On a known day without trips the
    timetable is empty.
    """
    feed = read_feed(path)
    day = on or feed.busiest_day()
    assert day is not None
    if not feed.knows(day):
        raise unknown_day(path.name, feed, day)
    return feed.on(day)


def unknown_day(name: str, feed: Feed, day: date) -> BadInput:
    """What is told when the timetable says nothing of the day."""
    return bad_input(
        name, t("the timetable says nothing of {day}; it covers {a}", day=f"{day:%-d.%-m.%Y}", a=feed.days.told()),
        t("Choose a day that it covers, such as {a}, or fetch a timetable of today.", a=feed.busiest_day()),
    )  # fmt: skip


def _zone(archive: Archive, reading: Reading) -> ZoneInfo:
    """The one zone in which the timetable's times are given; Finland's where it is not said. Zones that keep the same time,
    as Helsinki, Mariehamn and Tallinn do, are one."""
    table = archive.table("agency").filter(pl.col("agency_timezone").is_not_null())
    named = table["agency_timezone"].unique(maintain_order=True).to_list()
    zones = [HELSINKI] if not named else []
    for name in named:
        try:
            zones.append(ZoneInfo(name))
        except (ValueError, KeyError, OSError):
            row = table.filter(pl.col("agency_timezone") == name)[ROW][0]
            reading.faults.append(Fault(archive.where("agency", row), t('"{text}" is not a time zone', text=name[:40]), t("Write it as Europe/Helsinki.")))  # fmt: skip
    if len({tuple(datetime(2026, month, 1, tzinfo=zone).utcoffset() for month in (1, 7)) for zone in zones}) > 1:
        reading.faults.append(Fault(archive.where("agency"), t("more than one time zone: {a}", a=", ".join(named[:5])), t("The times of one timetable are all in one zone.")))  # fmt: skip
    return zones[0] if zones else HELSINKI


def _headways(
    archive: Archive, reading: Reading, trip_of: dict[str, int], rides: Rides
) -> tuple[npt.NDArray[np.int64], list[Message]]:
    """The starts of trips that run at intervals: trip, first start, number of starts, seconds between."""
    table = archive.table("frequencies")
    reading.given("frequencies", ("trip_id", "start_time", "end_time", "headway_secs"), table)
    reading.once("frequencies", ("trip_id", "start_time"), table)
    start, end = (reading.seconds("frequencies", c, table) for c in ("start_time", "end_time"))
    between = reading.whole("frequencies", "headway_secs", table, least=1)
    exact = reading.whole("frequencies", "exact_times", table, most=1).fill_null(0)
    _ends_after_start(reading, table, start, end)
    _one_after_another(reading, table, start, end)
    empty = np.empty((0, 4), np.int64)
    if reading.faults or not len(table):
        return empty, []
    rows, strangers, loose, connections = [], 0, 0, len(rides.departs)
    for trip_id, a, b, step, sure in zip(table["trip_id"], start, end, between, exact, strict=True):
        if trip_id not in trip_of:
            strangers += 1
            continue
        trip = trip_of[trip_id]
        # The reference: a trip starts at the start and at every interval before the end, the end itself not counted.
        starts = max(0, -(-(b - a) // step))
        count = int(rides.first[trip + 1] - rides.first[trip])
        rows.append((trip, a, starts if count else 0, step))
        loose += not sure
        connections += starts * count
    if connections > bounds.MOST_CALLS:
        reading.faults.append(Fault(archive.where("frequencies"), t("more than {most} rides once every interval is counted out", most=bounds.MOST_CALLS), t("Check the intervals: headway_secs is in seconds.")))  # fmt: skip
        return empty, []
    notes = worth_telling(
        Message("Timetable: intervals without exact times, counted from the first start: {count}", count=loose),
        Message("Timetable: intervals of trips that trips.txt lacks, which are not read: {count}", count=strangers),
        Message(
            "Timetable: intervals of less than a minute, in minutes perhaps and read as seconds: {count}",
            count=int((between < 60).sum()),
        ),
    )
    return np.array(rows, np.int64).reshape(-1, 4), notes


def _ends_after_start(reading: Reading, table: pl.DataFrame, start: pl.Series, end: pl.Series) -> None:
    """A fault for each interval that ends before it starts, or as it does: its trip would never run, unsaid."""
    wrong = table.filter(end <= start)
    reading.tell("frequencies", "end_time", wrong[ROW].to_list(), lambda text: (
        t('the interval ends at "{text}", not after its start', text=text),
        t("Write a time past midnight on, such as 24:00:00 or 25:30:00."),
    ), wrong["end_time"].to_list())  # fmt: skip


def _one_after_another(reading: Reading, table: pl.DataFrame, start: pl.Series, end: pl.Series) -> None:
    """A fault for each interval of a trip that starts before another of it has ended: in their common hours it would run for both, and
    one would wait half as long as is true."""
    timed = (
        table.select(ROW, "trip_id", "start_time")
        .with_columns(start.alias("a"), end.alias("b"))
        .sort("trip_id", "a", ROW)
    )
    timed = timed.with_columns(pl.col("b").cum_max().shift(1).over("trip_id").alias("until"))
    wrong = timed.filter(pl.col("a") < pl.col("until")).sort(ROW)
    reading.tell("frequencies", "start_time", wrong[ROW].to_list(), lambda text: (
        t('the interval starts at "{text}", before another of its trip has ended', text=text),
        t("Let each begin where the one before it ends."),
    ), wrong["start_time"].to_list())  # fmt: skip


def _anywhere(archive: Archive) -> int:
    said = [pl.col(c).is_in(["0", "2", "3"]).fill_null(False) for c in ("continuous_pickup", "continuous_drop_off")]
    return int(archive.table("routes").select(pl.any_horizontal(said).sum()).item())


def _not_ordinary(archive: Archive) -> int:
    """Lines by GTFS's extended route types: 1100-1199 air, 712 and 713 school, 715 demand and response."""
    kind = archive.table("routes")["route_type"].cast(pl.Int64, strict=False)
    return int((kind.is_between(1100, 1199) | kind.is_in([712, 713, 715])).fill_null(False).sum())


def _expanded(
    first: npt.NDArray[np.int64], trip: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The rides of every run, and to which run each belongs."""
    count = first[trip + 1] - first[trip]
    run = np.repeat(np.arange(len(trip)), count)
    return np.arange(len(run)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first[trip], count), run
