"""Where something surely goes wrong, or has suddenly changed: each morning, by what was known the evening before.

Every promise that shares of events keep, for every unit, producer and municipality, is watched by `engines.rhythm.share`; each
service's new needs, by municipality and in the whole region, by `engines.rhythm.change`. A day is taken as it was known two
weeks after it (the newest as they are known now, less what usually comes late), so that the same log tells the same on
any machine: nothing is kept from one morning to the next but to save time.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from torni.engines.rhythm.calendar import Calendar, believed
from torni.engines.rhythm.change import ChangeWatch, change_watch
from torni.engines.rhythm.share import ShareWatch, share_watch
from torni.facts.opening import Connection
from torni.services.library import Library

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SETTLED = 8  # days after which a day's records are taken as they are
_LATE = 8  # days over which records still come late
_DAY = date(1970, 1, 1)
_EPIDEMIC = 9.0  # how many times the usual variance all may move together in an epidemic's season
# how far off the region's expected day may be: others there are none to compare it with
_DOUBT, _DOUBT_UNUSUAL = 0.05, 0.15
_DRIFT = 0.003  # how much a place's level may move in a day, as its logarithm: some 6 % a year
_DRIFT_WHOLE = 0.01  # the region's, which nothing else explains
_BEFORE = 84  # the days before a change that it is held against
_PAST = 800  # days that a watch looks back: the season is learnt from two years
ROWS: dict[str, Any] = {
    "promise": pl.String, "day": pl.Date, "known_on": pl.Date, "unit": pl.String, "municipality": pl.String, "total": pl.Int64, "met": pl.Int64,
}  # fmt: skip

Level = Literal["unit", "producer", "municipality", "region"]
Kind = Literal["promise", "demand"]


@dataclass(frozen=True)
class Sighting:
    """What stands on a morning. `kind` promise or demand; `since`: the day it was told; `began`: when it probably began.

    promise: `missed` of `total` from `began` on. demand: `total` new needs in the `days` from `began` on, `before` a week
    in the twelve weeks before.
    """

    kind: Kind
    id: str
    level: Level
    where: str
    since: date
    began: date
    total: int
    missed: int
    days: int
    before: float


@dataclass(frozen=True)
class _Series:
    kind: Kind
    id: str
    level: Level
    where: str


class Watch:
    """The tally's rows made ready to be watched morning by morning.

    `tally`: promise, day, known_on, unit, municipality, total, met. `register`: unit, producer. Rows of promises that are not
    watched may be among them.
    """

    def __init__(self, tally: pl.DataFrame, register: pl.DataFrame, library: Library) -> None:
        self.library = library
        self.shares = {
            f"{s.id}.{p.id}": float(1 - Decimal(str(p.watched)))
            for s, p in library.of_events()
            if p.watched is not None
        }
        self.demands = {f"{s.id}.demand": str(s.demand) for s in library.services.values() if s.demand}
        rows = tally.filter(pl.col("promise").is_in([*self.shares, *self.demands])).join(
            register.select("unit", "producer"), on="unit", how="left"
        )
        rows = rows.with_columns(
            pl.col("day").cast(pl.Int32).cast(pl.Int64), pl.col("known_on").cast(pl.Int32).cast(pl.Int64), region=pl.lit("")
        ).sort("day", maintain_order=True)  # fmt: skip
        self.first = int(rows["known_on"].min() or 0)  # type: ignore[arg-type]
        self.series: list[_Series] = []
        codes: dict[str, list[Ints]] = {"promise": [], "demand": []}
        watched = {
            "promise": (list(self.shares), ("producer", "municipality", "unit")),
            "demand": (list(self.demands), ("municipality", "region")),
        }
        self.of: dict[str, list[_Series]] = {}
        for kind, (names, levels) in watched.items():
            self.of[kind] = []
            for level in levels:
                here = (
                    rows.select("promise", pl.col(level).alias("where"))
                    .with_row_index("row")
                    .filter(
                        pl.col("promise").is_in(names)
                        & pl.col("where").is_not_null()
                        & ((pl.col("where") != "") | (level == "region"))
                    )
                )
                groups = (
                    here.select("promise", "where")
                    .unique()
                    .sort("promise", "where")
                    .with_row_index("code", offset=len(self.of[kind]))
                )
                self.of[kind] += [_Series(kind, p, level, w) for p, w in groups.select("promise", "where").iter_rows()]  # type: ignore[arg-type]
                found = here.join(groups, on=["promise", "where"]).sort("row")
                code = np.full(len(rows), -1)
                code[found["row"].to_numpy()] = found["code"].to_numpy()
                codes[kind].append(code)
        self.codes = codes
        self.day, self.known = rows["day"].to_numpy(), rows["known_on"].to_numpy()
        self.total, self.met = rows["total"].to_numpy().astype(float), rows["met"].to_numpy().astype(float)
        self.unit = rows["unit"].to_list()
        names_, self.unit_index = (
            np.unique(np.array(self.unit, dtype=object).astype(str), return_inverse=True)
            if len(rows)
            else (np.array([], str), np.zeros(0, np.int64))
        )
        self.units = names_.tolist()
        self._calendar()
        self._begin()

    def _calendar(self) -> None:
        library = self.library
        weeks = library.table("rhythm.school_holidays")
        school = {
            int(weeks["winter"]),
            int(weeks["autumn"]),
            *_span(weeks["summer_first"], weeks["summer_last"]),
            *_span(weeks["christmas_first"], weeks["christmas_last"]),
        }
        epidemic = library.table("rhythm.epidemic_season")
        weeks_ = school, _span(epidemic["first"], epidemic["last"])
        self.calendar = Calendar(*weeks_)
        self.calendars = {name: Calendar(*weeks_, _months(library, event)) for name, event in self.demands.items()}

    def _begin(self) -> None:
        bound = self.library.number("detection.false_breaks_a_year")
        mine = self.of["promise"]
        names = list(self.shares)
        self.share_state = share_watch(
            np.array([self.shares[s.id] for s in mine]),
            false_alarms_a_year=bound,
            pool=np.array([names.index(s.id) for s in mine], np.int64),
        )
        mine = self.of["demand"]
        names = list(self.demands)
        bound = self.library.number("detection.false_changes_a_year")
        group = np.array([names.index(s.id) if s.level == "municipality" else -1 for s in mine], np.int64)
        parts = group >= 0
        self.whole = np.where(parts, 0.0, 1.0)
        self.change_state = change_watch(
            group, believed=np.where(parts[:, None], believed(part=True), believed(part=False)),
            drift=np.where(parts, _DRIFT, _DRIFT_WHOLE), false_alarms_a_year=bound,
        )  # fmt: skip
        self.upto = self.first - 1  # the last day that the states have taken

    def on(self, morning: date, ends: pl.DataFrame) -> list[Sighting]:
        """What stands on the morning. `ends`: unit, last: the last day whose records are complete (see `last_days_of`).

        Mornings must be asked for in their order; each gives the same as a watch made anew would.
        """
        last = {u: (d - _DAY).days for u, d in ends.iter_rows()}
        common = last.get("", (morning - _DAY).days - 1)
        end = np.array([last.get(u, common) for u in self.units], np.int64)
        newest = max([common, *end.tolist()]) if len(end) else common
        evening = (morning - _DAY).days - 1
        while self.upto < newest - SETTLED:
            self.upto += 1
            self._take(self.share_state, self.change_state, self.upto, self.upto + SETTLED, end, None)
        share, change = self.share_state.copy(), self.change_state.copy()
        late = {kind: self._late(kind, newest) for kind in ("promise", "demand")}
        for day in range(self.upto + 1, newest + 1):
            self._take(share, change, day, evening, end, late)
        return [
            *self._standing("promise", share, newest, evening, end),
            *self._standing("demand", change, newest, evening, end),
        ]

    def _rows(self, day: int, known: int, end: Ints) -> Ints:
        a, b = np.searchsorted(self.day, [day, day + 1])
        rows = np.arange(a, b)
        return rows[(self.known[a:b] <= known) & (end[self.unit_index[a:b]] >= day)]

    def _sums(self, kind: str, rows: Ints, values: Floats) -> Floats:
        out = np.zeros(len(self.of[kind]))
        for code in self.codes[kind]:
            mine = code[rows]
            out += np.bincount(mine[mine >= 0], values[rows][mine >= 0], len(out))
        return out

    def _take(
        self, share: ShareWatch, change: ChangeWatch, day: int, known: int, end: Ints, late: dict[str, Floats] | None
    ) -> None:
        """One day into both watches, by what of it was known on a day."""
        rows = self._rows(day, known, end)
        on, age = _date(day), known - day
        x = self.calendar.terms(on)
        of_late = {k: late[k][age] if late and age < _LATE else 0.0 for k in self.of}
        total = self._sums("promise", rows, self.total)
        missed = np.maximum(total - self._sums("promise", rows, self.met), 0.0)
        share.step(total, missed, late=of_late["promise"], free=bool(x[6] or x[7]))
        seasons = {name: c.shape(on) for name, c in self.calendars.items()}
        shape = np.array([seasons[s.id] for s in self.of["demand"]])
        restless = _EPIDEMIC if self.calendar.restless(on) else 1.0
        doubt: Floats = self.whole * (_DOUBT_UNUSUAL if self.calendar.unusual(on) else _DOUBT)
        came = self._sums("demand", rows, self.total)
        change.step(came, x, shape=shape, late=of_late["demand"], restless=restless, doubt=doubt)

    def _late(self, kind: str, newest: int) -> Floats:
        """(age, series): the share of a day's records that come later than so many days after it, by the ten weeks that are settled."""
        a, b = np.searchsorted(self.day, [newest - SETTLED - 70, newest - SETTLED + 1])
        rows = np.arange(a, b)
        rows = rows[self.known[a:b] <= self.day[a:b] + SETTLED]
        values = self.met if kind == "promise" else self.total
        whole = self._sums(kind, rows, values)
        out = np.zeros((_LATE, len(whole)))
        for age in range(_LATE):
            later = self._sums(kind, rows[self.known[rows] - self.day[rows] > age], values)
            usual = later.sum() / max(whole.sum(), 1.0)
            out[age] = np.clip((later + 30.0 * usual) / (np.maximum(whole, 0) + 30.0), 0.0, 0.95)
        return out

    def _since(self, kind: Kind, i: int, first: int, newest: int, evening: int, end: Ints) -> tuple[int, int]:
        """What was due, and what of it was done, from a day on."""
        a, b = np.searchsorted(self.day, [first, newest + 1])
        level = ("producer", "municipality", "unit") if kind == "promise" else ("municipality", "region")
        code = self.codes[kind][level.index(self.of[kind][i].level)]
        mine = a + np.flatnonzero(code[a:b] == i)
        mine = mine[(self.known[mine] <= evening) & (end[self.unit_index[mine]] >= self.day[mine])]
        return int(self.total[mine].sum()), int(self.met[mine].sum())

    def _standing(
        self, kind: Kind, state: ShareWatch | ChangeWatch, newest: int, evening: int, end: Ints
    ) -> list[Sighting]:
        """What a watch tells: a broken promise until it holds again, a changed demand for so many days."""
        told = state.told >= 0
        if kind == "demand":
            told &= newest - self.first - state.told < int(self.library.number("detection.stands_days"))
        out = []
        for i in np.flatnonzero(told).tolist():
            s, began = self.of[kind][i], self.first + int(state.told_began[i])
            total, met = self._since(kind, i, began, newest, evening, end)
            missed, before = total - met, 0.0
            if kind == "demand":
                missed, before = 0, self._since(kind, i, began - _BEFORE, began - 1, evening, end)[0] * 7 / _BEFORE
            since = _date(self.first + int(state.told[i]))
            out.append(
                Sighting(kind, s.id, s.level, s.where, since, _date(began), total, missed, newest - began + 1, before)
            )
        return out


def rows_known(connection: Connection, library: Library, morning: date, *, ahead: int = 0) -> pl.DataFrame:
    """The tally's rows that a watch up to the morning rests on: promise, day, known_on, unit, municipality, total, met.

    `ahead`: and what was known by then of so many days from it on.
    """
    names = [
        *(f"{s.id}.{p.id}" for s, p in library.of_events()),
        *(f"{s.id}.demand" for s in library.services.values() if s.demand),
    ]
    text = (
        "COPY (SELECT promise, day, known_on, unit, municipality, total, met FROM tally WHERE promise = ANY (%(names)s) AND known_on < %(morning)s "
        "AND day < %(upto)s AND known_on > %(first)s) TO STDOUT WITH (FORMAT csv)"
    )
    with (
        connection.cursor() as cursor,
        cursor.copy(
            text,
            {
                "names": names,
                "morning": morning,
                "upto": morning + timedelta(days=ahead),
                "first": morning - timedelta(days=_PAST),
            },
        ) as found,
    ):
        content = b"".join(bytes(part) for part in found)
    return pl.read_csv(io.BytesIO(content), has_header=False, schema=ROWS).with_columns(
        pl.col("unit", "municipality").fill_null("")
    )


def seen_on(connection: Connection, morning: date) -> tuple[Sighting, ...]:
    """What was told on the morning, or on the newest before it that is not older than three days."""
    row = connection.execute(
        "SELECT seen FROM watched WHERE day <= %s AND day > %s ORDER BY day DESC, at DESC LIMIT 1",
        [morning, morning - timedelta(days=3)],
    ).fetchone()
    return tuple(_sighting(s) for s in row[0]) if row else ()


def _sighting(kept: dict[str, Any]) -> Sighting:
    return Sighting(**{**kept, "since": date.fromisoformat(kept["since"]), "began": date.fromisoformat(kept["began"])})


def _span(first: float, last: float) -> set[int]:
    """ISO weeks from the first to the last, over the year's end where the last is before the first."""
    a, b = int(first), int(last)
    return set(range(a, b + 1)) if a <= b else {*range(a, 54), *range(1, b + 1)}


def _months(library: Library, event: str) -> dict[int, float]:
    name = f"rhythm.season.{event}"
    return {int(k): v for k, v in library.table(name).items()} if name in library.parameters else {}


def _date(day: int) -> date:
    return _DAY + timedelta(days=day)
