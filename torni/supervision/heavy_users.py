"""Heavy users with and without a case manager: the tenth of clients whom most visits reach, what becomes of them, by DuckDB on a snapshot.

The costliest tenth makes most of the costs; here a client's weight is visits, for costs are not recorded client by client. Those with a
case manager differ from those without in more than that: the two columns are no measure of what a case manager brings about.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from torni.core.querying import querying
from torni.facts.opening import Connection
from torni.promises.small import is_few
from torni.services.rules import Rules

OVER_DAYS = 365


@dataclass(frozen=True)
class HeavyGroup:
    """Heavy users with (or without) a case manager: how many (None: too few to be told), the means of visits and producers a client, and the shares of planned
    visits that were not made, and of clients who have a plan. None where there is nothing to divide by."""

    clients: int | None
    visits: float | None
    producers: float | None
    missed: float | None
    planned: float | None


@dataclass(frozen=True)
class Heavy:
    """Of `clients` with a visit within the year, the heavy ones by whether they have a case manager, and their share of all visits."""

    clients: int
    share_of_visits: float | None
    managed: HeavyGroup
    alone: HeavyGroup

    def for_all(self, least: int) -> Heavy:
        """Without what would tell of a few: of the two groups both are told or none, for they make a whole that is known."""
        if not any(is_few(g.clients or 0, least) for g in (self.managed, self.alone)):
            return self
        none = HeavyGroup(None, None, None, None, None)
        return Heavy(self.clients, self.share_of_visits, none, none)

    def json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def read(told: dict[str, Any]) -> Heavy:
        return Heavy(
            told["clients"], told["share_of_visits"], HeavyGroup(**told["managed"]), HeavyGroup(**told["alone"])
        )


def newest(connection: Connection, rules: Callable[[date], Rules]) -> tuple[Heavy, date, str] | None:
    """The newest measure, up to which day, and the source of the share that is taken for heavy; None where nothing has been measured, or
    the one who asks may not see it. `rules`: the room's region's on a day."""
    row = connection.execute(
        "SELECT heavy, last_day FROM measured WHERE heavy IS NOT NULL ORDER BY at DESC LIMIT 1"
    ).fetchone()
    if row is None:
        return None
    return Heavy.read(row[0]), row[1], str(rules(row[1]).library.value("guidance.heavy_share").source.title)


_QUERY = """
WITH standing AS (
  SELECT client, type, producer, data, day, position, position IN (SELECT position FROM effects WHERE what IN ('answered', 'called off') AND sign = 1) AS answers FROM log
  WHERE sign = 1 AND client IS NOT NULL AND position NOT IN (SELECT replaces FROM log WHERE sign = -1)
    AND type IN ('visit.planned', 'visit.made', 'visit.called_off', 'plan.made', 'case_manager.named')
), visited AS (
  SELECT client, count(*) FILTER (WHERE type = 'visit.made') AS visits, count(*) FILTER (WHERE type = 'visit.planned') AS planned,
    count(*) FILTER (WHERE type <> 'visit.planned' AND answers) AS answered, count(DISTINCT producer) FILTER (WHERE type = 'visit.made') AS producers
  FROM standing WHERE day BETWEEN $first AND $last AND type LIKE 'visit.%' GROUP BY client HAVING count(*) FILTER (WHERE type = 'visit.made') > 0
), ranked AS (
  SELECT *, row_number() OVER (ORDER BY visits DESC, client) <= ceil($share * count(*) OVER ()) AS heavy FROM visited
), managed AS (
  SELECT client, arg_max(json_extract_string(data, '$.case_manager'), position) AS manager FROM standing
  WHERE type = 'case_manager.named' AND day <= $last GROUP BY client
), planned AS (SELECT DISTINCT client FROM standing WHERE type = 'plan.made' AND day <= $last)
SELECT m.manager IS NOT NULL AS managed, count(*), avg(r.visits), avg(r.producers), sum(greatest(r.planned - r.answered, 0)) / nullif(sum(r.planned), 0),
  avg((p.client IS NOT NULL)::int), sum(r.visits), (SELECT sum(visits) FROM visited), (SELECT count(*) FROM visited)
FROM ranked r LEFT JOIN managed m USING (client) LEFT JOIN planned p USING (client) WHERE r.heavy GROUP BY 1
"""


def measure_heavy(folder: Path, share: float, last: date) -> Heavy:
    """The heavy users on the snapshot in the folder (one with persons), over the year that ends on the last complete day."""
    with querying() as connection:
        files = str(folder).replace("'", "''")
        connection.execute(f"CREATE VIEW log AS SELECT * FROM read_parquet('{files}/event_*.parquet')")
        connection.execute(f"CREATE VIEW effects AS SELECT * FROM read_parquet('{files}/effect_*.parquet')")
        return measure_on(connection, share, last)


def measure_on(connection: duckdb.DuckDBPyConnection, share: float, last: date) -> Heavy:
    """The same on a connection that has the snapshot as `log` and `effects`."""
    values = {"first": last - timedelta(days=OVER_DAYS - 1), "last": last, "share": share}
    rows = connection.execute(_QUERY, values).fetchall()
    by = {
        managed: HeavyGroup(count, visits, producers, missed, planned)
        for managed, count, visits, producers, missed, planned, *_ in rows
    }
    none = HeavyGroup(0, None, None, None, None)
    total = rows[0][7] if rows else None
    of = sum(row[6] for row in rows)
    return Heavy(rows[0][8] if rows else 0, of / total if total else None, by.get(True, none), by.get(False, none))
