"""What is known at a moment: how far the log had been folded, how far each producer's records were complete, and the sums.

A moment of the past gives what was shown then: the sums known by the evening before, and the day's events up to the fold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl

from torni.core import clock
from torni.core.bounds import FIRST_YEAR, LAST_YEAR, day_written
from torni.core.faults import bad_input
from torni.core.language import t
from torni.facts.door import HELSINKI, local_day
from torni.facts.fold import FOLDED, position_at, start_of
from torni.facts.opening import Connection
from torni.promises.window import Window

_UNITS = "SELECT DISTINCT ON (unit) unit, name, kind, producer, municipality FROM unit ORDER BY unit, valid_from DESC, position DESC"
SUMS: dict[str, pl.DataType | type[pl.DataType]] = {
    "key": pl.String, "unit": pl.String, "municipality": pl.String, "total": pl.Int64, "met": pl.Int64, "late": pl.Int64,
    "today_total": pl.Int64, "today_met": pl.Int64,
}  # fmt: skip
# what is owed in all (open), and of it what was due before today (overdue)
OWED = {"promise": pl.String, "unit": pl.String, "municipality": pl.String, "open": pl.Int64, "overdue": pl.Int64}
_TALLY = {"promise": pl.String, "day": pl.Date, "unit": pl.String, "municipality": pl.String, "total": pl.Int64, "met": pl.Int64, "late": pl.Int64}  # fmt: skip
MOST_ADDED = 20_000  # more events than this are summed anew sooner than added


@dataclass(frozen=True)
class Moment:
    """`at`: when this was shown. `position`: how far the log had been folded. `today`: the Finnish day of `at`.

    `complete`: each feed and the last day its records are complete for. `past`: whether a later picture exists.
    """

    at: datetime
    position: int
    complete: Mapping[str, date]
    past: bool

    @property
    def today(self) -> date:
        return local_day(self.at)


def moment(connection: Connection, known: datetime | None = None) -> Moment | None:
    """The newest moment, or the last that was shown by `known`. None when nothing has been folded by then."""
    row = connection.execute(
        "SELECT at, position FROM mark WHERE at <= coalesce(%s::timestamptz, 'infinity') ORDER BY at DESC, position DESC LIMIT 1",
        [known],
    ).fetchone()
    if row is None:
        return None
    newest = connection.execute("SELECT max(position) FROM mark WHERE at >= %s", [row[0]]).fetchone()
    present = connection.execute(
        "SELECT CASE WHEN invented IS NULL THEN greatest(recorded_at, %s) ELSE recorded_at END FROM room", [clock.now()]
    ).fetchone()
    assert newest is not None and present is not None
    past = newest[0] != row[1]
    at = row[0] if past else max(row[0], present[0])  # silence is told too: now is now, though nothing has come
    feeds = connection.execute(
        "SELECT data->>'producer', max(due) FROM event WHERE type = 'feed.complete' "
        "AND data->>'producer' IS NOT NULL AND due <= (at AT TIME ZONE 'Europe/Helsinki')::date AND position <= %s AND at > %s AND at <= %s GROUP BY 1",
        [row[1], row[0] - timedelta(days=60), at],
    ).fetchall()
    return Moment(at, row[1], dict(feeds), past)


def read_moment(text: str) -> datetime:
    """A moment as people write it: 3.5.2026, 3.5.2026 klo 14.30 or klo 14 (kl., at), 2026-05-03T14:30, or with its offset. A day alone is its last
    moment, and so is a time in the hour that comes twice when the clock is turned, where it does not say which: what was known by
    then is the more. The hour that is skipped is refused: nobody's clock showed it."""
    try:
        found, alone = _written(text)
        if not FIRST_YEAR <= found.year <= LAST_YEAR:
            raise ValueError
    except ValueError as error:
        raise bad_input(
            t("the moment"), t('"{text}" is not a moment', text=text), t("Write such as 3.5.2026 or 3.5.2026 at 14.30.")
        ) from error
    if alone:
        return start_of(found.date() + timedelta(days=1)) - timedelta(microseconds=1)
    if found.tzinfo:
        return found
    local = found.replace(tzinfo=HELSINKI, fold=1)
    if local.astimezone(UTC).astimezone(HELSINKI).replace(tzinfo=None) != found:
        raise bad_input(
            t("the moment"),
            t('"{text}" never was: the clock was turned forward past that hour', text=text),
            t("Write an hour before or after it."),
        )
    return local


_BY_HAND = re.compile(
    r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})\.(?P<year>[0-9]{4})"
    r"(?:,? +(?:(?:klo|kl\.?|at) +)?(?P<hour>[0-9]{1,2})(?:[.:](?P<minute>[0-9]{2}))?(?: \(UTC(?P<offset>[+ ][0-9]{1,2})\))?)?"
)


def _written(text: str) -> tuple[datetime, bool]:
    """The moment of a text, by hand or as machines write it, and whether it is a day alone; ValueError where it is none."""
    if by_hand := _BY_HAND.fullmatch(text):
        part = {name: int(value) for name, value in by_hand.groupdict("0").items()}
        offset = timezone(timedelta(hours=part["offset"])) if by_hand["offset"] else None
        return datetime(part["year"], part["month"], part["day"], part["hour"], part["minute"], tzinfo=offset), by_hand[
            "hour"
        ] is None
    day_written(text[:10])
    # an address writes + as a blank
    found = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    return found, "T" not in text and ":" not in text


def units(connection: Connection) -> pl.DataFrame:
    """The units: unit, name, kind, producer, municipality."""
    rows = connection.execute(_UNITS).fetchall()
    return pl.DataFrame(rows, schema=["unit", "name", "kind", "producer", "municipality"], orient="row", schema_overrides=dict.fromkeys(["unit", "name", "kind", "producer", "municipality"], pl.String))  # fmt: skip


def last_days(now: Moment, register: pl.DataFrame) -> pl.DataFrame:
    """For each unit (and "" for none) the last day whose records are complete: its producer's, and the common feeds'."""
    return last_days_of(now.today, now.complete, register)


def last_days_of(today: date, complete: Mapping[str, date], register: pl.DataFrame) -> pl.DataFrame:
    """The same by the feeds' last complete days. Where no feed tells, yesterday is taken to be complete."""
    yesterday = today - timedelta(days=1)
    producers = set(register["producer"].to_list())
    common = min([yesterday, *(day for feed, day in complete.items() if feed not in producers)])
    rows = [
        (unit, min(common, complete.get(producer, common)))
        for unit, producer in register.select("unit", "producer").iter_rows()
    ]
    return pl.DataFrame([*rows, ("", common)], schema={"unit": pl.String, "last": pl.Date}, orient="row")


def sums(connection: Connection, now: Moment, windows: Sequence[Window], last: pl.DataFrame) -> pl.DataFrame:
    """For each window, unit and municipality: what was owed, answered in time and late in it, and today.

    `last`: see `last_days`. Returns the columns of SUMS. The same as `sums_of` of all rows known at the moment.
    """
    values = {
        "keys": [w.key for w in windows], "promises": [w.promise for w in windows], "days": [w.days for w in windows],
        "complete": [w.complete for w in windows], "units": last["unit"].to_list(), "last": last["last"].to_list(),
        "today": now.today, "least": last["last"].min(),
    }  # fmt: skip
    rows = connection.execute(
        f"""
        WITH w AS (SELECT * FROM unnest(%(keys)s::text[], %(promises)s::text[], %(days)s::int[], %(complete)s::boolean[])
          AS w (key, promise, days, complete)),
        u AS (SELECT * FROM unnest(%(units)s::text[], %(last)s::date[]) AS u (unit, last)),
        x AS (SELECT w.key, t.unit, t.municipality, t.day, t.total, t.met, t.late, CASE WHEN w.complete THEN u.last ELSE %(today)s END AS upto, w.days
          FROM w JOIN {known_sums(connection, now)} t ON t.promise = w.promise
            AND t.day > CASE WHEN w.days IS NULL THEN '-infinity' ELSE %(least)s::date - w.days END AND t.day <= %(today)s
          JOIN u ON u.unit = t.unit)
        SELECT key, unit, municipality,
          sum(total) FILTER (WHERE day <= upto AND (days IS NULL OR day > upto - days)),
          sum(met) FILTER (WHERE day <= upto AND (days IS NULL OR day > upto - days)),
          sum(late) FILTER (WHERE day <= upto AND (days IS NULL OR day > upto - days)),
          sum(total) FILTER (WHERE day = %(today)s), sum(met) FILTER (WHERE day = %(today)s)
        FROM x GROUP BY 1, 2, 3
        """,
        values,
    ).fetchall()
    return pl.DataFrame(
        [tuple(v if isinstance(v, str) else int(v or 0) for v in row) for row in rows], schema=SUMS, orient="row"
    )


def sums_of(tally: pl.DataFrame, today: date, windows: Sequence[Window], last: pl.DataFrame) -> pl.DataFrame:
    """The same from the tally's rows as a frame, all of them known by today. Returns the columns of SUMS."""
    named = pl.DataFrame(
        [(w.key, w.promise, w.days if w.days is not None else 100_000, w.complete) for w in windows],
        schema={"key": pl.String, "promise": pl.String, "days": pl.Int64, "complete": pl.Boolean}, orient="row",
    )  # fmt: skip
    upto = pl.when("complete").then("last").otherwise(today)
    inside = (pl.col("day") <= pl.col("upto")) & (pl.col("day") > pl.col("upto") - pl.duration(days="days"))
    return (
        tally.filter(pl.col("day") <= today)
        .join(named, on="promise")
        .join(last, on="unit")
        .with_columns(upto.alias("upto"))
        .group_by("key", "unit", "municipality")
        .agg(
            *(pl.col(c).filter(inside).sum().alias(c) for c in ("total", "met", "late")),
            *(pl.col(c).filter(pl.col("day") == today).sum().alias(f"today_{c}") for c in ("total", "met")),
        )
        .select(list(SUMS))
    )


def known_sums(connection: Connection, now: Moment) -> str:
    """The rows of the tally that were known at the moment, as a table in SQL with %(today)s.

    The days before the moment's own are in the tally as they were known; of its own day, what the log held by then is
    folded into a table of the connection's own, once for a moment. What of them is told of no municipality says `moved`.
    """
    if not now.past:
        return "tally_now"
    asked = f"{now.today} {now.position}"
    held = connection.execute("SELECT current_setting('torni.that_day', true)").fetchone()
    if held != (asked,):
        connection.execute("CREATE TEMP TABLE IF NOT EXISTS that_day (LIKE tally INCLUDING INDEXES)")
        connection.execute("TRUNCATE that_day")
        connection.execute(
            "INSERT INTO that_day (promise, day, known_on, unit, municipality, total, met, late) " + FOLDED,
            {"after": position_at(connection, start_of(now.today)), "upto": now.position},
        )
        connection.execute("SELECT set_config('torni.that_day', %s, false)", [asked])
    return "(SELECT * FROM tally WHERE known_on < %(today)s UNION ALL SELECT * FROM that_day)"


def moved(connection: Connection, now: Moment) -> pl.DataFrame:
    """What to add to the known sums so that what was counted in the municipality of somebody whose address has been protected since is
    counted in none, as its rows tell none: columns as the tally's."""
    rows = connection.execute("SELECT * FROM moved_sums(%s, %s)", [now.position, now.today if now.past else None])
    return pl.DataFrame(rows.fetchall(), schema=_TALLY, orient="row").sort(pl.all())


@dataclass(frozen=True)
class Gathered:
    """What the measuring of a moment rests on: the windows' sums (columns of SUMS) and what is owed (columns of OWED). `moved`: what of them
    has been moved out of municipalities, so that what comes can be added only while that is the same."""

    today: date
    position: int
    windows: tuple[Window, ...]
    owing: tuple[str, ...]
    last: pl.DataFrame
    summed: pl.DataFrame
    owed: pl.DataFrame
    moved: pl.DataFrame


def gather(
    connection: Connection, now: Moment, windows: Sequence[Window], owing: Sequence[str], register: pl.DataFrame, *, before: Gathered | None = None
) -> Gathered:  # fmt: skip
    """The sums of the moment. Where those of a little `before` are at hand, only what has come since is added to them.

    In one transaction that sees one moment (repeatable read), or what is gathered first and last may differ. The same whichever way.
    """
    last = last_days(now, register)
    asked = (now.today, tuple(windows), tuple(owing))
    away = moved(connection, now)
    alike = before and (before.today, before.windows, before.owing) == asked and before.last.equals(last) and before.moved.equals(away)  # fmt: skip
    if before is None or now.past or not alike or not 0 <= now.position - before.position <= MOST_ADDED:
        summed = _with(sums(connection, now, windows, last), sums_of(away, now.today, windows, last))
        owed = _owed_with(waiting(connection, now, owing), away, owing, now.today)
        return Gathered(now.today, now.position, tuple(windows), tuple(owing), last, summed, owed, away)
    came = pl.DataFrame(
        connection.execute(FOLDED, {"after": before.position, "upto": now.position}).fetchall(),
        schema={"promise": pl.String, "day": pl.Date, "known_on": pl.Date, "unit": pl.String, "municipality": pl.String, "total": pl.Int64, "met": pl.Int64, "late": pl.Int64},
        orient="row",
    )  # fmt: skip
    summed = _with(before.summed, sums_of(came, now.today, windows, last))
    owed = _owed_with(before.owed, came, owing, now.today)
    return Gathered(now.today, now.position, tuple(windows), tuple(owing), last, summed, owed, away)


def _with(summed: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([summed, more]).group_by("key", "unit", "municipality").sum().select(list(SUMS))


def _owed_with(owed: pl.DataFrame, more: pl.DataFrame, owing: Sequence[str], today: date) -> pl.DataFrame:
    both = pl.concat([owed, owed_of(more.filter(pl.col("promise").is_in(list(owing))), today)])
    return both.group_by("promise", "unit", "municipality").sum().filter(pl.col("open") != 0)


def waiting(connection: Connection, now: Moment, promises: Sequence[str]) -> pl.DataFrame:
    """What is owed at the moment by these promises: the columns of OWED."""
    rows = connection.execute(
        f"""
        SELECT promise, unit, municipality, sum(total - met - late)::bigint,
          coalesce(sum(total - met - late) FILTER (WHERE day < %(today)s), 0)::bigint
        FROM {known_sums(connection, now)} t
        WHERE promise = ANY (%(promises)s) GROUP BY 1, 2, 3 HAVING sum(total - met - late) <> 0
        """,
        {"today": now.today, "promises": list(promises)},
    ).fetchall()
    return pl.DataFrame(rows, orient="row", schema=OWED)


def owed_of(tally: pl.DataFrame, today: date) -> pl.DataFrame:
    """What is owed by the tally's rows: the columns of OWED."""
    open_ = pl.col("total") - pl.col("met") - pl.col("late")
    return tally.group_by("promise", "unit", "municipality").agg(
        open_.sum().alias("open"), open_.filter(pl.col("day") < today).sum().alias("overdue")
    )
