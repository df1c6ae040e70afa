"""When each promised share of events probably breaks, or is kept again: foretold each morning by what was known the evening before.

A day is taken as it was known eight days after it (the newest as they are known now, less what usually comes late), as `watch` does, so that the same log
foretells the same on any machine. What falls due in the coming days and is known already is counted with; what of it is done already cannot be missed.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from torni.engines.margin import HORIZON, ahead, shares
from torni.facts.opening import Connection
from torni.promises.margin import Foretold
from torni.services.library import Library

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PATHS = 192
WEEKS = 52
CALL_DAYS = 28  # so many mornings a call rests on
_SETTLED, _TAUGHT_BY = (
    8,
    70,
)  # days after which a day is taken as it is; days that tell what usually comes late, or is done early
_FEWEST_DAYS, _FEWEST = 28, 30  # with less due, on fewer days or in the window, nothing is foretold
_DAY = date(1970, 1, 1)


class Margins:
    """The tally's rows made ready to be foretold from, morning by morning. `tally`: promise, day, known_on, total, met; days to come may be among them."""

    def __init__(self, tally: pl.DataFrame, library: Library) -> None:
        of = [(f"{s.id}.{p.id}", p) for s, p in library.of_events() if p.long]
        self.names = [name for name, _p in of]
        self.windows = [p.over_days for _name, p in of]
        judges = [p.judge(library, 0) for _name, p in of]
        self.limits = [j.limits for j in judges]
        codes = pl.DataFrame(
            {"promise": self.names, "code": np.arange(len(of))}, schema={"promise": pl.String, "code": pl.Int64}
        )
        rows = (
            tally.join(codes, on="promise")
            .group_by("code", pl.col("day", "known_on").cast(pl.Int32).cast(pl.Int64))
            .agg(pl.col("total", "met").sum().cast(pl.Float64))
            .sort("day", "code", "known_on")
        )
        self.day, self.known, self.code = (rows[c].to_numpy() for c in ("day", "known_on", "code"))
        self.total, self.met = rows["total"].to_numpy(), rows["met"].to_numpy()
        self.first = int(self.known.min()) if len(rows) else 0
        self.begins, self.ends = library.number("detection.soon"), library.number("detection.soon_no_more")
        self.before: list[dict[str, float]] = []  # of the mornings before, the chance of what was not broken
        self.state = shares(len(of), np.array([1.0 - limit.target for limit in self.limits]))
        self.upto = self.first - 1

    def on(self, morning: date, last: date) -> dict[str, Foretold]:
        """What is foretold on the morning, by promise; of those of which nothing is due nothing. `last`: the last day whose records are complete.

        Mornings must be asked for day after day; each gives the same as one made anew would that has been asked the `CALL_DAYS` - 1 before.
        """
        if not len(self.day):
            return {}
        newest, evening = (last - _DAY).days, (morning - _DAY).days - 1
        while self.upto < newest - _SETTLED:
            self.upto += 1
            n, y = self._days(self.upto, self.upto, self.upto + _SETTLED)
            self.state.step(n[:, 0], y[:, 0], _date(self.upto))
        back = max(7 * WEEKS, *self.windows)
        total, missed = self._days(newest - back + 1, newest, evening)
        weeks = [x[:, -7 * WEEKS :].reshape(len(self.names), WEEKS, 7).sum(axis=2) for x in (total, total - missed)]
        late = self._late(newest, evening)
        raw = total[:, -_SETTLED:]
        missed[:, -_SETTLED:] = np.clip((missed[:, -_SETTLED:] - late * raw) / (1.0 - late), 0.0, raw)
        state = self.state.copy()
        for i, day in enumerate(range(newest - _SETTLED + 1, newest + 1)):
            if day > self.upto:
                state.step(raw[:, i], missed[:, back - _SETTLED + i], _date(day))
        due = np.array([total[k, -w:].sum() for k, w in enumerate(self.windows)])
        lost = np.array([missed[k, -w:].sum() for k, w in enumerate(self.windows)])
        broken = np.array(
            [limit.broken(round(n), round(y)) for limit, n, y in zip(self.limits, due, lost, strict=True)]
        )
        days = [_date(newest + 1 + h) for h in range(HORIZON)]
        coming, easier = self._coming(state.due(days), newest, evening)
        tells = np.flatnonzero((state.seen >= _FEWEST_DAYS) & (due >= _FEWEST))
        found = ahead(
            state.of(tells), [self.limits[k] for k in tells], [self.windows[k] for k in tells], total[tells], missed[tells], days,
            broken=broken[tells], due=coming[tells], easier=easier[tells], paths=PATHS, bands=False,
        )  # fmt: skip
        chances = {self.names[k]: float(found.within[j, 27]) for j, k in enumerate(tells) if not broken[k]}
        self.before = [*self.before[-CALL_DAYS + 1 :], chances]
        out = {}
        row = {int(k): j for j, k in enumerate(tells)}
        for k, name in enumerate(self.names):
            if not weeks[0][k].any():
                continue
            j = row.get(k)
            in_14 = in_28 = earliest = latest = None
            if j is not None:
                in_14, in_28 = (round(float(found.within[j, d - 1]), 3) for d in (14, 28))
                earliest, latest = (days[i] if i >= 0 else None for i in (int(found.first[j]), int(found.last[j])))
            by_week = tuple((int(n), int(m)) for n, m in zip(weeks[0][k], weeks[1][k], strict=True))
            began = next((i for i, (n, _m) in enumerate(by_week) if n), 0)
            out[name] = Foretold(
                last, bool(broken[k]), in_14, in_28, earliest, latest, self._called(name), by_week[began:]
            )
        return out

    def _called(self, name: str) -> bool:
        """Does a call stand? It begins at one chance within 28 days, and stands down to another, at most four weeks without beginning anew.

        So that it is told once, and not each time that a chance near the limit comes and goes.
        """
        for chances in reversed(self.before):
            chance = chances.get(name, 0.0)
            if chance >= self.begins:
                return True
            if chance < self.ends:
                return False
        return False

    def _days(self, first: int, newest: int, known: int) -> tuple[Floats, Floats]:
        """(promises, days): what was due and missed on each day from the first to the newest, as known on a day."""
        a, b = np.searchsorted(self.day, [first, newest + 1])
        rows = a + np.flatnonzero(self.known[a:b] <= known)
        count = newest - first + 1
        at = self.code[rows] * count + self.day[rows] - first
        size = len(self.names) * count
        total = np.bincount(at, self.total[rows], size).reshape(-1, count)
        met = np.bincount(at, self.met[rows], size).reshape(-1, count)
        return np.maximum(total, 0.0), np.clip(total - met, 0.0, np.maximum(total, 0.0))

    def _taught(self, newest: int) -> Ints:
        """The rows of the ten weeks that are settled, as they were known when they settled."""
        a, b = np.searchsorted(self.day, [newest - _SETTLED - _TAUGHT_BY, newest - _SETTLED + 1])
        rows: Ints = a + np.flatnonzero(self.known[a:b] <= self.day[a:b] + _SETTLED)
        return rows

    def _late(self, newest: int, evening: int) -> Floats:
        """(promises, newest days): the share of what is met that is not recorded by the evening, by how records have come before."""
        rows = self._taught(newest)
        age = np.clip(self.known[rows] - self.day[rows], -1, _SETTLED)
        table = np.zeros((len(self.names), _SETTLED + 3))
        np.add.at(table, (self.code[rows], age + 1), self.met[rows])
        later = table[:, ::-1].cumsum(axis=1)[:, ::-1]  # known at the age or later
        ages = np.clip(evening - np.arange(newest - _SETTLED + 1, newest + 1), 0, _SETTLED)
        return np.clip(later[:, ages + 2] / (later[:, :1] + 30.0), 0.0, 0.9)

    def _coming(self, usual: Floats, newest: int, evening: int) -> tuple[Floats, Floats]:
        """(promises, coming days): how many are due, and how many times the usual share of them is still open, by what of them is known already.

        What is known so long before a day is held against what was known as long before the days of the ten weeks behind.
        """
        total, opened = self._days(newest + 1, newest + HORIZON, evening)
        rows = self._taught(newest)
        lead = np.clip(self.day[rows] - self.known[rows], -_SETTLED - 1, HORIZON) + _SETTLED + 1
        tables = [np.zeros((len(self.names), HORIZON + _SETTLED + 2)) for _ in range(2)]
        for table, values in zip(tables, (self.total, self.met), strict=True):
            np.add.at(table, (self.code[rows], lead), values[rows])
        known, met = (t[:, ::-1].cumsum(axis=1)[:, ::-1] for t in tables)
        at = np.clip(np.arange(HORIZON) + newest + 1 - evening, -_SETTLED, HORIZON) + _SETTLED + 1
        then_known, then_open = known[:, at], np.maximum(known - met, 0.0)[:, at]
        share = (then_open + 1.0) / (then_known + 1.0)
        due = np.maximum(usual, total)
        now_open = (opened + 10.0 * share) / (total + 10.0)
        easier = np.clip(now_open / np.maximum(share, 0.02), 0.0, 4.0)
        return due, np.where(due > 0, (total * easier + (due - total)) / np.maximum(due, 1e-9), 1.0)


def _date(day: int) -> date:
    return _DAY + timedelta(days=day)


def foretold_on(connection: Connection, morning: date) -> dict[str, Foretold]:
    """What was foretold on the morning, or on the newest before it that is not older than three days, by promise."""
    row = connection.execute(
        "SELECT foretold FROM watched WHERE day <= %s AND day > %s AND foretold IS NOT NULL ORDER BY day DESC, at DESC LIMIT 1",
        [morning, morning - timedelta(days=3)],
    ).fetchone()
    return {name: Foretold.read(kept) for name, kept in row[0].items()} if row else {}
