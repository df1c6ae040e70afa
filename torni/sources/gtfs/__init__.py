"""Timetables in the GTFS form: read once and judged whole, then asked for one day's connections at a time.

What GTFS allows is read as its reference says (gtfs.org, Schedule Reference): frequencies, boarding and alighting that a
call forbids, times past midnight, vehicles that go on as another trip, rules of changes, calls without times. What a
file gets wrong stops it (`BadInput`, every fault at once, with its row) where a person would be told a wrong bus, and is
left out and counted (`Feed.notes`) where the rest stays right. What is not read is counted too.
"""

from torni.sources.gtfs.feed import Feed, read_feed, read_timetable

__all__ = ["Feed", "read_feed", "read_timetable"]
