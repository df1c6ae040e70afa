"""Services delivered against fees charged: every euro explained by a rule's line, or listed as a difference.

Three tables. `clients`: a person's facts, one row a person, or several with `from`, the day each begins. `delivered`: event,
person, on (a day, or a moment of it), formula, and any facts of the event itself (such as service_hours_month; one left empty is
the person's). `charged`: charge, event, person, on (the day of the service; of what corrects an earlier charge, its own day),
amount_eur (less than 0 credits), and formula where it is known. A charge meets its visit by person, day and service
(`torni.supervision.meeting`). What the rule gives is reckoned by the rules of the event's day. Of one calendar year's fees that count
towards the yearly ceiling no more is due than the ceiling (act on client fees, section 6 a), and of a monthly fee one a month (section
10 e): what was charged comes first, as far as it was due; what was not has what is left. Of one day's events whose order is not
told, those come first that explain what was charged: neither their numbers nor their order in the file says which was first.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import duckdb

from torni.core import clock
from torni.core.faults import BadInput, Fault
from torni.core.querying import querying
from torni.engines.rules import sql
from torni.engines.rules.ceiling import charged_first
from torni.services.days import Days
from torni.services.rules import Rules
from torni.supervision import by_rule
from torni.supervision.billing_tables import Checked, checked, files_of, misspelt
from torni.supervision.meeting import Meeting
from torni.supervision.times import in_time, with_times, year_counts

Stretch = tuple[str, date, date, Rules]
Kind = Literal["wrong", "never_billed", "billed_twice", "no_service", "over_ceiling", "cannot_tell"]
KINDS: tuple[Kind, ...] = ("wrong", "never_billed", "billed_twice", "no_service", "over_ceiling", "cannot_tell")


@dataclass(frozen=True)
class Difference:
    """Euros that no rule's line explains. `difference_eur`: charged less what the rule gives; less than 0 was lost.

    wrong: what was charged, less what was credited, is not the rule's. never_billed: nothing was charged, or all was credited.
    billed_twice: a second bill of a visit, or a second monthly fee of a month. no_service: a charge of which that person had no such event on that day. over_ceiling: the rule's amount, but the
    yearly ceiling was already full. cannot_tell: a fact is missing, whether anything was charged or not, or what was charged is not what
    the rule gives if the person was of age, and no fee was due if not (`torni.supervision.by_rule`).
    """

    kind: Kind
    formula: str
    event: str
    person: str
    on: date
    rule_eur: Decimal | None
    charged_eur: Decimal

    @property
    def difference_eur(self) -> Decimal:
        return self.charged_eur - (self.rule_eur or Decimal(0))

    @property
    def unexplained_eur(self) -> Decimal:
        """Of what was charged, what no rule's line explains: what is above the rule's, and what was paid back below nothing."""
        return self.charged_eur - min(max(self.charged_eur, Decimal(0)), self.rule_eur or Decimal(0))


Told = Literal["one_charge", "two_monthly_fees", "less_than_charged", "not_checked"]


@dataclass(frozen=True)
class Remark:
    """What is no difference in euros, but is to be seen. one_charge: one bill, or one credit, of several visits, right to the cent in
    all. two_monthly_fees: one person's fees of two services by the month in one month (the fee of round-the-clock housing holds the
    care given there). less_than_charged: a client's row from a day (`on`) tells less paid in the year than the list holds as charged before it
    (`eur`). not_checked: events of a year (`on` is its first) for which the formula's amounts have not been checked."""

    kind: Told
    formulas: tuple[str, ...]
    events: tuple[str, ...]
    person: str
    on: date
    eur: Decimal


@dataclass(frozen=True)
class Reconciled:
    """The whole reckoning, to the cent: charged = `explained_eur` + what each difference leaves unexplained (`unexplained_eur`), and
    charged less the differences = what is due by rule. Explained is what was charged and is due; what was never charged is not in it."""

    events: int
    charges: int
    charged_eur: Decimal
    explained_eur: Decimal
    by_formula: Mapping[str, tuple[int, Decimal, Decimal]]
    differences: tuple[Difference, ...]
    remarks: tuple[Remark, ...] = ()

    def count(self, kind: Kind) -> int:
        return sum(d.kind == kind for d in self.differences)

    def euros(self, kind: Kind) -> Decimal:
        return sum((d.difference_eur for d in self.differences if d.kind == kind), Decimal(0))

    def persons(self, kind: Kind) -> int:
        return len({d.person for d in self.differences if d.kind == kind})


def reconcile(clients: Path, delivered: Path, charged: Path, *, region: str) -> Reconciled:
    """Files (CSV, xlsx or Parquet) as tables, checked, then reckoned. Raises BadInput with every fault of every file."""
    days = Days(region)
    today = days.on(clock.today())  # only the fields' shapes are taken, which no day changes
    with tempfile.TemporaryDirectory() as scratch, querying() as connection:
        faults: list[Fault] = []
        made: dict[str, Checked] = {}
        for name, path in (("clients", clients), ("delivered", delivered), ("charged", charged)):
            if table := checked(name, path, today, Path(scratch), faults):
                made[name] = table
                connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{table.path}')")
        if len(made) == 3:
            misspelt(made, faults)
        if faults:
            raise BadInput(*faults)
        return reckon(connection, days)


def reckon(connection: duckdb.DuckDBPyConnection, days: Days) -> Reconciled:
    """The reckoning over views `clients`, `delivered` and `charged` that have been checked."""
    columns = {name: _columns(connection, name) for name in ("clients", "delivered", "charged")}
    today = days.on(clock.today())
    stretches = _stretches(connection, days)
    counts_doubted = _place(connection, columns, stretches, today)
    parts = [
        by_rule.part(rules, name, first, last, columns, counts_doubted=counts_doubted)
        for name, first, last, rules in stretches
    ] or [by_rule.NO_EVENTS]
    connection.execute(f"CREATE TEMP TABLE by_rule AS {' UNION ALL '.join(parts)}")
    meeting = Meeting(connection)
    connection.execute(f"CREATE TEMP VIEW met AS {_MET}")
    if not meeting.settled:
        meeting.correct(_told())
    connection.execute(
        f"CREATE TEMP TABLE told AS SELECT * REPLACE (CASE WHEN doubtful AND charged <> expected THEN NULL ELSE expected END AS expected) FROM ({_told()})"
    )
    differences = [
        Difference(kind, formula, str(event), str(person), on, rule, charged)
        for kind, formula, event, person, on, rule, charged in connection.execute(_DIFFERENCES).fetchall()
    ]
    by_formula = {
        name: (int(n), Decimal(rule or 0), Decimal(charged or 0))
        for name, n, rule, charged in connection.execute(
            "SELECT formula, count(*), sum(expected), sum(charged) FROM told GROUP BY formula ORDER BY formula"
        ).fetchall()
    }
    ((delivered,),) = connection.execute("SELECT count(*) FROM delivered").fetchall()
    ((charges, total),) = connection.execute("SELECT count(*), coalesce(sum(amount_eur), 0) FROM charged").fetchall()
    apart = sum((d.unexplained_eur for d in differences), Decimal(0))
    remarks = _not_checked(stretches)
    remarks += [
        Remark(kind, tuple(formulas), tuple(map(str, events)), str(person), on, eur)
        for kind, formulas, events, person, on, eur in connection.execute(_REMARKS).fetchall()
    ]
    return Reconciled(
        delivered, charges, Decimal(total), Decimal(total) - apart, by_formula, tuple(differences), tuple(remarks)
    )


def _place(
    connection: duckdb.DuckDBPyConnection, columns: dict[str, list[str]], stretches: Sequence[Stretch], today: Rules
) -> bool:
    """The table `joined`: events with their facts and what had been before them in their year. Whether what had been before any is in
    doubt: then it has the most that may have been too."""
    own = columns["delivered"]
    connection.execute(f"CREATE TEMP TABLE facts AS {_joined(columns, 'delivered')}")
    parts = [by_rule.free(rules, name, first, last, columns) for name, first, last, rules in stretches]
    connection.execute(f"CREATE TEMP TABLE free AS {' UNION ALL '.join(parts) or 'SELECT event, 0 AS free FROM facts'}")
    ((doubted,),) = connection.execute("SELECT count(*) > 0 FROM free WHERE free = 1").fetchall()
    placings = (1, 2) if doubted else (2,)  # with the fewest that may have been charged before each, and with the most
    for free_from in placings:
        counted, columns["delivered"] = with_times(
            today, own, columns["clients"], columns["charged"], free_from=free_from
        )
        connection.execute(f"CREATE TEMP TABLE given_{free_from} AS {counted}")
    joined = _joined(columns, f"given_{placings[0]}")
    if doubted:
        others = ", ".join(f"m.{sql.quoted(c)} AS {by_rule.most(c)}" for c in year_counts(today))
        joined = f"SELECT j.*, {others} FROM ({joined}) j JOIN given_2 m USING (event)"
    connection.execute(f"CREATE TEMP TABLE joined AS {joined}")
    return bool(doubted)


def _stretches(connection: duckdb.DuckDBPyConnection, days: Days) -> list[Stretch]:
    """Each formula with each stretch of days on which no definition changes, and the rules of that stretch."""
    rows = connection.execute('SELECT formula, "on" FROM delivered GROUP BY ALL ORDER BY ALL').fetchall()
    seen: dict[tuple[str, date], tuple[date, date]] = {}
    for formula, on in rows:
        key = (formula, days.begins(on))
        first, last = seen.get(key, (on, on))
        seen[key] = (min(first, on), max(last, on))
    return [(formula, first, last, days.on(first)) for (formula, _), (first, last) in seen.items()]


def _not_checked(stretches: Sequence[Stretch]) -> list[Remark]:
    """The formulas and years whose amounts were last checked in an earlier year, so that they are not known to hold."""
    found: set[tuple[int, str]] = set()
    for name, first, last, rules in stretches:
        formula = rules.formulas.get(name.replace("-", "_"))
        checked = rules.last_checked(node for _, node in formula.lines) if formula else None
        if checked is not None:
            found |= {(year, name) for year in range(first.year, last.year + 1) if year > checked.year}
    return [Remark("not_checked", (name,), (), "", date(year, 1, 1), Decimal(0)) for year, name in sorted(found)]


def _joined(columns: Mapping[str, list[str]], events: str) -> str:
    """Events of the table with their person's facts on the day: the row that began last."""
    own = [c for c in columns["delivered"] if c in columns["clients"] and c != "person"]
    facts = [c for c in columns["clients"] if c not in ("person", "from", *own)]
    either = ", ".join(f"coalesce(d.{sql.quoted(c)}, c.{sql.quoted(c)}) AS {sql.quoted(c)}" for c in own)
    chosen = (f" REPLACE ({either})" if own else "") + "".join(f", c.{sql.quoted(c)}" for c in facts)
    if "from" in columns["clients"]:
        return (
            f'SELECT d.*{chosen} FROM {events} d ASOF LEFT JOIN clients c ON d.person = c.person AND d."on" >= c."from"'
        )
    return f"SELECT d.*{chosen} FROM {events} d LEFT JOIN clients c ON d.person = c.person"


_MET = """
    SELECT c.* REPLACE (coalesce(n.part, c.amount_eur) AS amount_eur), n.met, coalesce(n.void, false) AS void, n.part IS NOT NULL AS in_parts
    FROM charge c LEFT JOIN named n USING (charge)
"""


def _told() -> str:
    """Each event: what the rule gives, what the ceiling leaves of it, and what was charged in all and kept of it as its one bill.

    Credits are netted first. Of a month's fees of one service one is due: where they differ, no more than the greatest is right and no
    less than the least is owed. A bill fills the ceiling by no more than the rule gives: what was charged too much is to be paid back,
    and makes no other bill wrong; what was not charged has what those that were leave. Of a day's events whose order is not told, those charged just what the rule gives come first, then those
    charged more, then the one charged most. Where more than one bill stands and they come to too much, one is the event's (the nearest
    to what is due) and the rest was billed twice. Which it is rests on the amounts alone.
    """
    events = f"""(
        SELECT *, {in_time("person, day", "explained")} AS in_time FROM (
            SELECT r.*, r."on" AS day, year(r."on") AS year, coalesce(c.charged, 0) AS charged, coalesce(c.amounts, []) AS amounts,
                coalesce(c.standing, 0) AS standing, coalesce(NOT c.of_nothing, true) AS unbilled,
                CASE WHEN coalesce(c.charged, 0) = r.rule_eur THEN -2 WHEN c.charged > r.rule_eur THEN -1
                    ELSE 10000000000 - coalesce(c.charged, 0) END AS explained
            FROM by_rule r LEFT JOIN (
                SELECT met, sum(net) AS charged, sum(n) AS standing, coalesce(list(amount ORDER BY amount) FILTER (n > 0), []) AS amounts,
                    bool_or(amount = 0) AS of_nothing
                FROM (
                    SELECT met, abs(amount_eur) AS amount, sum(amount_eur) AS net,
                        count(*) FILTER (amount_eur > 0) - count(*) FILTER (amount_eur < 0) AS n
                    FROM met WHERE met IS NOT NULL GROUP BY ALL
                ) GROUP BY met
            ) c ON r.event = c.met
        )
    )"""
    order = "day, in_time, minute NULLS FIRST, explained, rule_eur, formula, amounts, event"
    monthly = charged_first(
        f"(SELECT *, max(rule_eur) OVER (PARTITION BY {_OF_MONTH}) AS most, min(rule_eur) OVER (PARTITION BY {_OF_MONTH}) AS least FROM {events})",
        partition=_OF_MONTH,
        order=order,
        fee="rule_eur",
        charged="charged",
        most="CASE WHEN month IS NOT NULL THEN most END",
        least="least",
        name="month_eur",
    )
    due = charged_first(
        f"({monthly})",
        partition="person, year",
        order=order,
        fee="month_eur",
        charged="charged",
        most="ceiling",
        least="ceiling",
        unknown="greatest(charged, 0)",
        stated="paid",
        since="paid_since",
        name="to_pay",
    )
    return f"""
        SELECT * EXCLUDE (amounts), CASE WHEN standing < 2 OR charged <= expected THEN charged
            ELSE list_reduce(amounts, lambda a, b: CASE WHEN abs(b - expected) <= abs(a - expected) THEN b ELSE a END) END AS kept
        FROM (SELECT *, CAST(to_pay AS DECIMAL(18,2)) AS expected FROM ({due}))
    """


_OF_MONTH = "person, formula, month"
_DIFFERENCES = """
    SELECT * FROM (
        SELECT CASE WHEN expected IS NULL THEN 'cannot_tell' WHEN charged = 0 AND expected > 0 AND unbilled THEN 'never_billed'
                    WHEN kept > expected AND kept = rule_eur AND month_eur < rule_eur THEN 'billed_twice'
                    WHEN kept > expected AND kept = rule_eur AND ceiling IS NOT NULL THEN 'over_ceiling' ELSE 'wrong' END,
               formula, event, person, "on", expected, CAST(kept AS DECIMAL(18,2))
        FROM told WHERE expected IS NULL OR kept <> expected
        UNION ALL
        SELECT 'billed_twice', formula, event, person, "on", CAST(0 AS DECIMAL(18,2)), CAST(charged - kept AS DECIMAL(18,2))
        FROM told WHERE charged <> kept
        UNION ALL
        SELECT 'no_service', coalesce(formula, ''), coalesce(event, ''), person, "on", CAST(0 AS DECIMAL(18,2)), amount_eur
        FROM met WHERE met IS NULL AND NOT void
    ) ORDER BY ALL
"""

_REMARKS = """
    SELECT * FROM (
        SELECT 'one_charge' AS kind, list_sort(list(DISTINCT r.formula)) AS formulas, list(r.event ORDER BY r."on", r.minute, r.formula, r.event) AS events,
            any_value(m.person) AS person, any_value(m."on") AS "on", sum(m.amount_eur) AS eur
        FROM met m JOIN by_rule r ON m.met = r.event WHERE m.in_parts GROUP BY m.charge
        UNION ALL
        SELECT 'two_monthly_fees', list_sort(list(DISTINCT formula)), list(event ORDER BY "on", formula, event), person, CAST(month AS DATE), sum(charged)
        FROM told WHERE month IS NOT NULL AND charged > 0 GROUP BY person, month HAVING count(DISTINCT formula) > 1
        UNION ALL
        SELECT 'less_than_charged', list_sort(list(DISTINCT b.formula)), list(b.event ORDER BY b."on", b.formula, b.event), b.person, s.paid_since, sum(b.charged)
        FROM told b JOIN (SELECT DISTINCT person, paid_since, paid FROM told WHERE paid IS NOT NULL AND paid_since IS NOT NULL) s
            ON b.person = s.person AND b."on" < s.paid_since AND year(b."on") = year(s.paid_since)
        WHERE b.ceiling IS NOT NULL AND b.charged > 0 GROUP BY b.person, s.paid_since, s.paid HAVING sum(least(b.charged, coalesce(b.expected, b.charged))) > s.paid
    ) ORDER BY kind, person, "on", eur, formulas, events
"""


def _columns(connection: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    return [row[0] for row in connection.execute(f"SELECT column_name FROM (DESCRIBE {name})").fetchall()]


def formulas_of(differences: Sequence[Difference]) -> dict[tuple[Kind, str], list[Difference]]:
    """Differences by kind and formula, the largest sums first."""
    groups: dict[tuple[Kind, str], list[Difference]] = {}
    for d in differences:
        groups.setdefault((d.kind, d.formula), []).append(d)
    return dict(sorted(groups.items(), key=lambda item: -abs(sum((d.difference_eur for d in item[1]), Decimal(0)))))


__all__: Any = ["KINDS", "Difference", "Reconciled", "Remark", "files_of", "formulas_of", "reckon", "reconcile"]
