"""Services delivered against fees charged: every euro explained by a rule's line, or listed as a difference.

Three tables. `clients`: a person's facts, one row a person, or several with `from`, the day each begins. `delivered`: event,
person, on, formula, and any facts of the event itself (such as service_hours_month). `charged`: charge, event, person, on,
amount_eur. What the rule gives is reckoned by the rules of the event's day; of fees that count towards the yearly ceiling,
no more than the ceiling leaves after what was charged before, in the order of days.
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
import polars as pl

from torni.core import clock
from torni.core.faults import BadInput, Fault, bad_input, nearest_name
from torni.core.language import t
from torni.engines.rules import sql
from torni.engines.rules.ceiling import to_pay
from torni.engines.rules.tree import Field
from torni.services.days import Days
from torni.services.rules import Reckoning, Rules, parameter_numbers
from torni.sources.tables import read_table
from torni.supervision.times import with_times

Kind = Literal["wrong", "never_billed", "billed_twice", "no_service", "over_ceiling", "cannot_tell"]
KINDS: tuple[Kind, ...] = ("wrong", "never_billed", "billed_twice", "no_service", "over_ceiling", "cannot_tell")
_NEEDED = {"clients": ("person",), "delivered": ("event", "person", "on", "formula"), "charged": ("charge", "event", "person", "on", "amount_eur")}  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """Euros that no rule's line explains. `difference_eur`: charged less what the rule gives; less than 0 was lost.

    wrong: the amount is not the rule's. never_billed, billed_twice. no_service: a charge without an event. over_ceiling:
    the rule's amount, but the yearly ceiling was already full. cannot_tell: a fact is missing.
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


@dataclass(frozen=True)
class Reconciled:
    """The whole reckoning: charged = explained + every difference, to the cent."""

    events: int
    charges: int
    charged_eur: Decimal
    explained_eur: Decimal
    by_formula: Mapping[str, tuple[int, Decimal, Decimal]]
    differences: tuple[Difference, ...]

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
    with tempfile.TemporaryDirectory() as scratch, duckdb.connect(config={"threads": 2}) as connection:
        faults: list[Fault] = []
        for name, path in (("clients", clients), ("delivered", delivered), ("charged", charged)):
            target = _checked(name, path, today, Path(scratch), faults)
            if target:
                connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{target}')")
        if faults:
            raise BadInput(*faults)
        return reckon(connection, days)


def reckon(connection: duckdb.DuckDBPyConnection, days: Days) -> Reconciled:
    """The reckoning over views `clients`, `delivered` and `charged` that have been checked."""
    columns = {name: _columns(connection, name) for name in ("clients", "delivered", "charged")}
    counted, columns["delivered"] = with_times(days.on(clock.today()), columns["delivered"])
    connection.execute(f"CREATE TEMP TABLE given AS {counted}")
    stretches = _stretches(connection, days)
    connection.execute(f"CREATE TEMP TABLE joined AS {_joined(columns)}")
    parts = [_part(rules, name, first, after, columns) for name, first, after, rules in stretches]
    connection.execute(f"CREATE TEMP TABLE by_rule AS {' UNION ALL '.join(parts)}")
    connection.execute(f"CREATE TEMP TABLE told AS {_told()}")
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
    ((events,),) = connection.execute("SELECT count(*) FROM delivered").fetchall()
    ((charges, total),) = connection.execute("SELECT count(*), coalesce(sum(amount_eur), 0) FROM charged").fetchall()
    apart = sum((d.difference_eur for d in differences), Decimal(0))
    return Reconciled(events, charges, Decimal(total), Decimal(total) - apart, by_formula, tuple(differences))


def _stretches(connection: duckdb.DuckDBPyConnection, days: Days) -> list[tuple[str, date, date, Rules]]:
    """Each formula with each stretch of days on which no definition changes, and the rules of that stretch."""
    found: list[tuple[str, date, date, Rules]] = []
    rows = connection.execute('SELECT formula, "on" FROM delivered GROUP BY ALL ORDER BY ALL').fetchall()
    seen: dict[tuple[str, date], tuple[date, date]] = {}
    for formula, on in rows:
        key = (formula, days.begins(on))
        first, last = seen.get(key, (on, on))
        seen[key] = (min(first, on), max(last, on))
    faults = []
    for (formula, _), (first, last) in seen.items():
        rules = days.on(first)
        try:
            rules.formula(formula)
        except BadInput as error:
            faults += [Fault(f"delivered: {f.where}", f"{f.what} ({first}–{last})", f.remedy) for f in error.faults]
            continue
        found.append((formula, first, last, rules))
    if faults:
        raise BadInput(*faults)
    return found


def _joined(columns: Mapping[str, list[str]]) -> str:
    """Events with their person's facts on the day: the row that began last."""
    facts = [c for c in columns["clients"] if c not in ("person", "from", *columns["delivered"])]
    chosen = "".join(f", c.{sql.quoted(c)}" for c in facts)
    if "from" in columns["clients"]:
        return f'SELECT d.*{chosen} FROM given d ASOF LEFT JOIN clients c ON d.person = c.person AND d."on" >= c."from"'
    return f"SELECT d.*{chosen} FROM given d LEFT JOIN clients c ON d.person = c.person"


def _part(rules: Rules, name: str, first: date, last: date, columns: Mapping[str, list[str]]) -> str:
    """One formula over one stretch: what the rule gives each event, and the ceiling where it counts."""
    known = {*columns["clients"], *columns["delivered"]}
    formula = rules.formula(name)
    amount = amount_sql(formula, rules.fields, known)
    counts = formula.definition.counts_towards_ceiling
    limit = parameter_numbers(rules.library).get("fee.ceiling_year") if counts else None
    ceiling = f"CAST({limit} AS DECIMAL(9,2))" if limit is not None else "CAST(NULL AS DECIMAL(9,2))"
    return (
        f"SELECT event, person, \"on\", '{formula.id}' AS formula, CAST({amount} AS DECIMAL(18,2)) AS rule_eur, {ceiling} AS ceiling "
        f"FROM joined WHERE formula = '{name}' AND \"on\" BETWEEN DATE '{first}' AND DATE '{last}'"
    )


def amount_sql(formula: Reckoning, fields: Mapping[str, Field], known: set[str]) -> str:
    """The formula as one expression over the columns that there are; a fact without a column is missing."""
    kinds = {"yes_no": "BOOLEAN", "whole": "INTEGER", "date": "DATE", "code": "VARCHAR"}

    def column(name: str) -> str:
        if name in known:
            return sql.quoted(name)
        return '"on"' if name == "decision_day" else f"CAST(NULL AS {kinds.get(fields[name].kind, 'DECIMAL(11,2)')})"

    lines: dict[str, str] = {}
    for line, node in formula.lines:
        lines[line.id] = sql.expression(node, column=column, lines=lines)
    return lines[formula.lines[-1][0].id]


def _told() -> str:
    """Each event: what the rule gives, what the ceiling leaves of it, and what was charged, first and again."""
    events = """(
        WITH charges AS (
            SELECT event, count(*) AS times, arg_min(amount_eur, charge) AS first_eur, sum(amount_eur) AS charged
            FROM charged WHERE event IS NOT NULL GROUP BY event
        )
        SELECT r.*, r."on" AS day, year(r."on") AS year, coalesce(c.times, 0) AS times, coalesce(c.first_eur, 0) AS first_eur,
            coalesce(c.charged, 0) AS charged
        FROM by_rule r LEFT JOIN charges c ON r.event = c.event
    )"""
    return f"SELECT *, to_pay AS expected FROM ({to_pay(events, limit='ceiling', counted='charged', fee='rule_eur')})"


_DIFFERENCES = """
    SELECT * FROM (
        SELECT CASE WHEN expected IS NULL THEN 'cannot_tell' WHEN times = 0 THEN 'never_billed'
                    WHEN first_eur > expected AND first_eur = rule_eur AND ceiling IS NOT NULL THEN 'over_ceiling' ELSE 'wrong' END,
               formula, CAST(event AS VARCHAR), CAST(person AS VARCHAR), "on", CAST(expected AS DECIMAL(18,2)), CAST(first_eur AS DECIMAL(18,2))
        FROM told WHERE (expected IS NULL AND charged <> 0) OR first_eur <> expected
        UNION ALL
        SELECT 'billed_twice', formula, CAST(event AS VARCHAR), CAST(person AS VARCHAR), "on", CAST(0 AS DECIMAL(18,2)), CAST(charged - first_eur AS DECIMAL(18,2))
        FROM told WHERE times > 1 AND charged <> first_eur
        UNION ALL
        SELECT 'no_service', '', coalesce(CAST(c.event AS VARCHAR), ''), CAST(c.person AS VARCHAR), c."on", CAST(0 AS DECIMAL(18,2)), CAST(c.amount_eur AS DECIMAL(18,2))
        FROM charged c LEFT JOIN delivered d ON c.event = d.event WHERE d.event IS NULL
    ) ORDER BY ALL
"""


def _columns(connection: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    return [row[0] for row in connection.execute(f"SELECT column_name FROM (DESCRIBE {name})").fetchall()]


def _checked(name: str, path: Path, rules: Rules, scratch: Path, faults: list[Fault]) -> Path | None:
    """The file as Parquet with typed columns, or its faults: a column missing or unknown, a value that is none."""
    table = pl.read_parquet(path) if path.suffix == ".parquet" else read_table(path)
    columns = set(table.columns)
    missing = [c for c in _NEEDED[name] if c not in columns]
    faults += [Fault(path.name, t('the column "{name}" is missing', name=c), t("Add it; {file} needs: {names}.", file=name, names=", ".join(_NEEDED[name]))) for c in missing]  # fmt: skip
    known = {*_NEEDED[name], "from", *(rules.fields if name != "charged" else ())}
    for column in sorted(columns - known):
        near = nearest_name(column, known)
        faults.append(
            Fault(
                path.name,
                t('"{found}" is not a column here', found=column),
                t('Did you mean "{near}"?', near=near) if near else "",
            )
        )
    if missing or columns - known:
        return None
    before = len(faults)
    made = []
    for column in table.columns:
        series = table[column]
        cast = _cast(column, series, rules)
        broken = cast.is_null() & series.is_not_null()
        for row in broken.arg_true().to_list()[:20]:
            faults.append(Fault(f"{path.name}:{row + 2}", t('"{found}" is not a value of {name}', found=str(series[row])[:40], name=column), _remedy(column, rules)))  # fmt: skip
        if column in _NEEDED[name] and not (name == "charged" and column == "event") and series.null_count():
            row = series.is_null().arg_true()[0]
            faults.append(Fault(f"{path.name}:{row + 2}", t("{name} is empty", name=column), t("Every row needs it.")))
        made.append(cast)
    key = _NEEDED[name][0] if name != "clients" else None
    if key and len(faults) == before and table[key].is_duplicated().any():
        row = table[key].is_duplicated().arg_true()[0]
        faults.append(
            Fault(
                f"{path.name}:{row + 2}",
                t('"{found}" is there twice', found=table[key][row]),
                t("Give each row a name of its own."),
            )
        )
    if len(faults) > before:
        return None
    target = scratch / f"{name}.parquet"
    pl.DataFrame(made).write_parquet(target)
    return target


def _cast(column: str, series: pl.Series, rules: Rules) -> pl.Series:
    text = series.dtype == pl.String
    if column in ("on", "from"):
        return series.str.to_date("%Y-%m-%d", strict=False) if text else series.cast(pl.Date, strict=False)
    if column == "amount_eur":
        return series.cast(pl.Decimal(18, 2), strict=False)
    field = rules.fields.get(column)
    if field is None or field.kind == "code":
        found = series.cast(pl.String)
        return found if field is None else found.set(~found.is_in(list(field.codes)) & found.is_not_null(), None)
    if field.kind == "yes_no":
        if not text:
            return series.cast(pl.Boolean, strict=False)
        return series.str.to_lowercase().replace_strict({"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}, default=None, return_dtype=pl.Boolean)  # fmt: skip
    if field.kind == "date":
        return series.str.to_date("%Y-%m-%d", strict=False) if text else series.cast(pl.Date, strict=False)
    number = series.cast(pl.Int64 if field.kind == "whole" else pl.Decimal(18, field.decimals), strict=False)
    assert isinstance(field.least, int | Decimal) and isinstance(field.most, int | Decimal)
    outside = ((number < field.least) | (number > field.most)).fill_null(False)
    return number.set(outside, None)


def _remedy(column: str, rules: Rules) -> str:
    field = rules.fields.get(column)
    if column in ("on", "from") or (field and field.kind == "date"):
        return t("Write such as 2026-01-31.")
    if field and field.kind == "code":
        return t("The codes are: {codes}.", codes=", ".join(field.codes[:8]))
    if field and field.least is not None:
        return t("Write a number from {least} to {most}.", least=field.least, most=field.most)
    return t("Write such as 30.20.") if column == "amount_eur" else t("Write true or false.")


def formulas_of(differences: Sequence[Difference]) -> dict[tuple[Kind, str], list[Difference]]:
    """Differences by kind and formula, the largest sums first."""
    groups: dict[tuple[Kind, str], list[Difference]] = {}
    for d in differences:
        groups.setdefault((d.kind, d.formula), []).append(d)
    return dict(sorted(groups.items(), key=lambda item: -abs(sum((d.difference_eur for d in item[1]), Decimal(0)))))


def files_of(folder: Path) -> tuple[Path, Path, Path]:
    """clients, delivered and charged of a folder, whatever of CSV, xlsx and Parquet they are."""
    found = []
    for name in ("clients", "delivered", "charged"):
        here = [
            folder / f"{name}{ending}"
            for ending in (".csv", ".xlsx", ".parquet")
            if (folder / f"{name}{ending}").exists()
        ]
        if not here:
            raise bad_input(str(folder), t("no file {name}", name=f"{name}.csv"), t("The folder needs clients, delivered and charged, each CSV, xlsx or Parquet."))  # fmt: skip
        found.append(here[0])
    return found[0], found[1], found[2]


__all__: Any = ["KINDS", "Difference", "Reconciled", "reckon", "reconcile"]
