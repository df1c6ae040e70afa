"""What holds of each resident, unit, case manager and permit: state rows, each what the log has told of its subject by that day.

A telling says what it names and leaves the rest as it was; an empty value (null) is said too. Tellings go over one another by
their own time, whatever the order in which they came: one that comes late changes only what no later one has said.
State rows are only added: what a late, corrected or withdrawn telling changes is a newer row of the same day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torni.facts.opening import Connection

RESIDENT, UNIT = "resident.registered", "unit.opened"
_GIVEN = "('representative.named', 'consent.given', 'restriction.set')"


@dataclass(frozen=True, eq=False)
class Register:
    """A table of state rows. `types`: the events that tell of it. `base`: the column by which a subject's events are found.

    `keys`: what makes a subject, and `told`: what an event tells of it, both in SQL of an event `e`. `columns`: each column in SQL
    of the `state` told so far; `{first}` is the first that was ever told of it. `reads`: the fields of the events' data that all this is
    made of. `heading`: under what a client is given the own rows; `erased`: which rows go with `%(client)s`, none of what tells of nobody.
    """

    table: str
    types: tuple[str, ...]
    base: str
    keys: Mapping[str, str]
    columns: Mapping[str, str]
    reads: tuple[str, ...]
    told: str = "e.data"
    heading: str = ""
    erased: str = ""


def _text(name: str) -> str:
    return f"coalesce(w.state->>'{name}', (SELECT f.told->>'{name}' FROM told f WHERE f.{{base}} = w.{{base}} AND f.told->>'{name}' IS NOT NULL ORDER BY f.at, f.position LIMIT 1))"


REGISTERS = (
    Register(
        "client", (RESIDENT,), "client", {"client": "e.client"},
        {
            "municipality": _text("municipality").format(base="client"), "born": "(w.state->>'born')::date",
            "protected": "coalesce((w.state->>'protected')::boolean, false)", "name": "left(w.state->>'name', 200)",
            "identity": "left(w.state->>'identity', 200)", "language": "left(w.state->>'language', 200)",
        },
        ("municipality", "born", "protected", "name", "identity", "language"), heading="register", erased="client = %(client)s",
    ),
    Register(
        "unit", (UNIT,), "unit", {"unit": "e.unit"},
        {name: _text(name).format(base="unit") for name in ("name", "kind", "producer", "municipality")},
        ("name", "kind", "producer", "municipality"),
    ),
    Register(
        "care", ("case_manager.named",), "client", {"client": "e.client"}, {"case_manager": "left(w.state->>'case_manager', 100)"},
        ("case_manager",), heading="case_managers", erased="client = %(client)s",
    ),
    Register(
        "permit",
        ("representative.named", "representative.ended", "consent.given", "consent.withdrawn", "restriction.set", "restriction.lifted"),
        "client",
        {
            "client": "e.client",
            "kind": "CASE WHEN e.type LIKE 'consent.%' THEN 'consent' WHEN e.type LIKE 'restriction.%' THEN 'restriction' "
            "WHEN e.data->>'kind' = 'guardian' THEN 'guardian' ELSE 'proxy' END",
            "about": "CASE WHEN e.type LIKE 'consent.%' THEN '' ELSE left(coalesce(e.data->>'holder', e.data->>'against'), 200) END",
        },
        {"holds": "coalesce((w.state->>'holds')::boolean, false)", "until": "(w.state->>'until')::date"},
        ("kind", "holder", "against", "until"),
        f"jsonb_build_object('holds', e.type IN {_GIVEN}) || CASE WHEN e.type NOT IN {_GIVEN} THEN '{{\"until\": null}}' "
        "WHEN e.data ? 'until' THEN jsonb_build_object('until', e.data->'until') ELSE '{}' END",
        heading="representatives_consents_and_restrictions",
        erased="client = %(client)s OR (kind IN ('guardian', 'proxy') AND about = %(client)s::text)",
    ),
)  # fmt: skip
TYPES = {type_: register for register in REGISTERS for type_ in register.types}
_TAKEN = "{e}.reasons = '{{}}' AND NOT {e}.repeated"


def renew(connection: Connection, registers: tuple[Register, ...]) -> None:
    """The state rows of every subject of whom the batch in `judged` tells something, or takes something back."""
    for register in registers:
        connection.execute(_renewing(register))


def unlike(connection: Connection, register: Register) -> tuple[int, int, int | None]:
    """How many state rows there are, how many days are not what the log tells, and the position of the first that is not."""
    row = connection.execute(_unlike(register)).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def _renewing(r: Register) -> Any:
    keys, names = ", ".join(f"{sql} AS {name}" for name, sql in r.keys.items()), ", ".join(r.keys)
    types = ", ".join(f"'{type_}'" for type_ in r.types)
    taken = _TAKEN.format(e="e")
    same = " AND ".join(f"x.{name} = t.{name}" for name in r.keys)
    told = f"""
      SELECT {", ".join(f"t.{name}" for name in r.keys)}, x.at, x.position, x.day, x.told FROM touched t CROSS JOIN LATERAL (
        SELECT {keys}, e.at, e.position, (e.at AT TIME ZONE 'Europe/Helsinki')::date AS day, {r.told} AS told FROM event e
        WHERE e.{r.base} = t.{r.base} AND e.type IN ({types}) AND e.sign = 1
          AND NOT EXISTS (SELECT 1 FROM event d WHERE d.replaces = e.position)
          AND e.position NOT IN (SELECT d.replaces FROM judged d WHERE d.replaces IS NOT NULL AND {_TAKEN.format(e="d")})
        OFFSET 0) x WHERE {same}
      UNION ALL SELECT {keys}, e.at, e.position, e.day, {r.told} FROM judged e WHERE e.type IN ({types}) AND {taken}"""
    return f"""
    WITH touched AS MATERIALIZED (
      SELECT {names}, max(position) AS position FROM (
        SELECT {keys}, e.position FROM judged e WHERE e.type IN ({types}) AND {taken}
        UNION ALL SELECT {keys}, j.position FROM judged j JOIN event e ON e.position = j.replaces
        WHERE e.type IN ({types}) AND {_TAKEN.format(e="j")}) x GROUP BY {names}
    ), {_wanted(r, told, f"touched JOIN {r.table} USING ({names})")}
    INSERT INTO {r.table} ({names}, valid_from, position, {", ".join(r.columns)})
    SELECT {", ".join(f"w.{name}" for name in r.keys)}, w.day, t.position, {", ".join(f"w.{name}" for name in r.columns)}
    FROM wanted w JOIN touched t USING ({names})
    LEFT JOIN LATERAL (SELECT s.* FROM {r.table} s WHERE {" AND ".join(f"s.{name} = w.{name}" for name in r.keys)} AND s.valid_from = w.day
      ORDER BY s.position DESC LIMIT 1) s ON true
    WHERE s.position IS NULL OR {_differ(r, "s", "w")}"""


def _unlike(r: Register) -> Any:
    keys, names = ", ".join(f"{sql} AS {name}" for name, sql in r.keys.items()), ", ".join(r.keys)
    types = ", ".join(f"'{type_}'" for type_ in r.types)
    # what was erased tells of nobody
    told = f"""
      SELECT * FROM (SELECT {keys}, e.at, e.position, (e.at AT TIME ZONE 'Europe/Helsinki')::date AS day, {r.told} AS told FROM event e
        WHERE e.type IN ({types}) AND e.sign = 1 AND NOT EXISTS (SELECT 1 FROM event d WHERE d.replaces = e.position)) x
      WHERE {" AND ".join(f"{name} IS NOT NULL" for name in r.keys)}"""
    return f"""
    WITH {_wanted(r, told, r.table)}, newest AS (
      SELECT DISTINCT ON ({names}, valid_from) * FROM {r.table} ORDER BY {names}, valid_from, position DESC)
    SELECT (SELECT count(*) FROM {r.table}), count(*), min(s.position) FROM newest s
    FULL JOIN wanted w ON {" AND ".join(f"s.{name} = w.{name}" for name in r.keys)} AND s.valid_from = w.day
    WHERE s.position IS NULL OR {_differ(r, "s", "w")}"""


def _differ(r: Register, a: str, b: str) -> str:
    return f"({', '.join(f'{a}.{c}' for c in r.columns)}) IS DISTINCT FROM ({', '.join(f'{b}.{c}' for c in r.columns)})"


def _wanted(r: Register, told: str, rows: str) -> str:
    """What should hold on each day that something was told, or that has a row still (whose telling was taken back)."""
    names = ", ".join(r.keys)
    of_x = " AND ".join(f"s.{name} = x.{name}" for name in r.keys)
    return f"""told AS MATERIALIZED ({told}
    ), running AS (
      SELECT {names}, day, said(day, told) OVER w AS state, lead(day) OVER w IS DISTINCT FROM day AS last FROM told
      WINDOW w AS (PARTITION BY {names} ORDER BY at, position ROWS UNBOUNDED PRECEDING)
    ), states AS MATERIALIZED (
      SELECT {names}, day, state FROM running WHERE last
    ), held AS (
      SELECT * FROM states
      UNION ALL SELECT {", ".join(f"x.{name}" for name in r.keys)}, x.valid_from, coalesce(
        (SELECT s.state FROM states s WHERE {of_x} AND s.day < x.valid_from ORDER BY s.day DESC LIMIT 1),
        (SELECT s.state FROM states s WHERE {of_x} ORDER BY s.day LIMIT 1))
      FROM (SELECT DISTINCT {names}, valid_from FROM {rows}) x
      WHERE NOT EXISTS (SELECT 1 FROM states s WHERE {of_x} AND s.day = x.valid_from)
    ), wanted AS (
      SELECT {", ".join(f"w.{name}" for name in r.keys)}, w.day, {", ".join(f"{sql} AS {name}" for name, sql in r.columns.items())} FROM held w
    )"""
