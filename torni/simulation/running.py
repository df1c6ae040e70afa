"""Invented people asked by SQL that typed trees write: everyone, or counted into cubes that a changed limit reads quickly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from types import MappingProxyType
from typing import Any

import duckdb

from torni.engines.rules import sql, tree
from torni.services.rules import Granting, Reckoning, Rules
from torni.simulation.population import Population

BREAKDOWNS = ("municipality", "age_group", "household", "income_tenth")
AGE_GROUPS = ((0, 6), (7, 17), (18, 64), (65, 74), (75, 84), (85, 200))
MOST_CUBES = 40
_SQL_TYPE = {"yes_no": "BOOLEAN", "whole": "INTEGER", "date": "DATE", "code": "VARCHAR"}
_PER_HEAD = "CAST(gross_income_eur_month / household_size AS DECIMAL(9,2))"


class Run:
    """A connection to the people, with no way to files or settings but theirs."""

    def __init__(self, people: Population, *, threads: int = 2, keeps: bool = False) -> None:
        self.people, self.keeps = people, keeps
        self._cubes: dict[tuple[str, ...], str] = {}
        # a rehearsal adds up; it needs no order, and then little memory (744 MiB for the nation with it, 185 without)
        self.connection = duckdb.connect(config={"threads": threads, "preserve_insertion_order": False})
        self.connection.execute(f"CREATE VIEW people AS SELECT * FROM {people.sql}")
        columns = self.connection.execute("SELECT column_name FROM (DESCRIBE people)").fetchall()
        self.columns = {name for (name,) in columns}

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self.connection.execute(query, list(values)).fetchall()

    def column(self, rules: Rules, known: Mapping[str, str] = MappingProxyType({})) -> Any:
        """A field's column; a fact that the people do not have is missing, and the decision's day is the rules' own.
        `known`: expressions to take in place of columns."""

        def of(name: str) -> str:
            if name in known:
                return known[name]
            if name in self.columns:
                return sql.quoted(name)
            if name == "decision_day":
                return f"DATE '{rules.library.as_of}'"
            kind = rules.fields[name].kind
            return f"CAST(NULL AS {_SQL_TYPE.get(kind, 'DECIMAL(11,2)')})"

        return of

    def condition(self, node: tree.Node, rules: Rules) -> str:
        return sql.expression(node, column=self.column(rules))

    def amount(self, formula: Reckoning, rules: Rules, known: Mapping[str, str] = MappingProxyType({})) -> str:
        """The formula as one expression, its earlier lines written into the later ones."""
        lines: dict[str, str] = {}
        for line, node in formula.lines:
            lines[line.id] = sql.expression(node, column=self.column(rules, known), lines=lines)
        return lines[formula.lines[-1][0].id]

    def groups(self) -> str:
        return ", ".join(f"{self.group(g)} AS {g}_" for g in BREAKDOWNS)

    def cube(self, asked: set[str], money: str, sums: Callable[[], tuple[str, str]], hours: str, where: str) -> str:
        """The people counted by what a service's rules ask, in all and by each breakdown, with their sums of money: a
        changed limit is then a few thousand rows instead of everyone. Kept as long as the connection; `money` names the
        versions of the formulas."""
        names = sorted(n for n in asked if n in self.columns)
        key = (*names, money, hours, where)
        if key not in self._cubes:
            if len(self._cubes) >= MOST_CUBES:
                self.connection.execute(f"DROP TABLE {self._cubes.pop(next(iter(self._cubes)))}")
            name = f"cube_{abs(hash(key)):x}"
            listed = ", ".join(map(sql.quoted, names))
            sets = ", ".join(f"({', '.join(filter(None, (g, listed)))})" for g in ("", *(f"{g}_" for g in BREAKDOWNS)))
            fee, cost = sums()
            self.connection.execute(
                f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT {', '.join(f'{g}_' for g in BREAKDOWNS)}, {listed or 'NULL AS nothing'}, count(*) AS n, "
                f"sum({fee}) AS fee, sum({cost}) AS cost, sum({hours}) AS hours "
                f"FROM (SELECT *, {self.groups()} FROM people WHERE {where}) GROUP BY GROUPING SETS ({sets})"
            )
            self._cubes[key] = name
        return self._cubes[key]

    @cached_property
    def tenths(self) -> list[Decimal]:
        """The incomes that part the people into ten by their home's gross income for each of its people."""
        ((found,),) = self.rows(f"SELECT quantile_disc({_PER_HEAD}, [0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9]) FROM people")
        return list(found)

    def group(self, breakdown: str) -> str:
        if breakdown == "municipality":
            return "municipality"
        if breakdown == "age_group":
            cases = " ".join(f"WHEN age <= {high} THEN '{low}–{high}'" for low, high in AGE_GROUPS[:-1])
            return f"CASE {cases} ELSE '{AGE_GROUPS[-1][0]}+' END"
        if breakdown == "household":
            return "CASE WHEN household_size >= 5 THEN '5+' ELSE CAST(household_size AS VARCHAR) END"
        limits = " ".join(f"WHEN {_PER_HEAD} <= {limit} THEN '{i}'" for i, limit in enumerate(self.tenths, 1))
        return f"CASE {limits} ELSE '10' END"


class Side:
    """One side of a comparison: the same rules for all, or each municipality's own (`own`: codes and their rules)."""

    def __init__(self, rules: Rules, own: Sequence[tuple[Sequence[str], Rules]] = ()) -> None:
        self.rules, self.own = rules, own

    def all(self) -> list[Rules]:
        return [self.rules, *(rules for _, rules in self.own)]

    def versions(self, name: str) -> list[tuple[Any, ...]]:
        """What tells whether anything of a service differs between two sides."""
        return [
            (codes, *(x.version if x else None for x in (r.granting.get(name), monthly(r, name, "client"), monthly(r, name, "organiser"))))
            for codes, r in [(None, self.rules), *((tuple(c), r) for c, r in self.own)]
        ]  # fmt: skip

    def sql(self, write: Callable[[Rules], str]) -> str:
        """An expression that is each municipality's own."""
        shared = write(self.rules)
        cases = {tuple(codes): write(rules) for codes, rules in self.own}
        branches = "".join(
            f" WHEN municipality IN ({', '.join(repr(c) for c in codes)}) THEN {text}"
            for codes, text in cases.items()
            if text != shared
        )
        return f"(CASE{branches} ELSE {shared} END)" if branches else shared


def monthly(rules: Rules, service: str, paid_by: str) -> Reckoning | None:
    """What a month of the service costs the client, or the organiser."""
    decided = rules.library.services.get(service)
    if decided is None:
        return None
    names = list(decided.fees.formulas) if decided.fees else []
    if paid_by == "organiser" and decided.cost and decided.cost.formula:
        names = [decided.cost.formula]
    found = [rules.formulas[n] for n in names if n in rules.formulas]
    return next((f for f in found if f.definition.unit == "EUR/month" and f.definition.paid_by == paid_by), None)


def considered(granting: Granting, run: Run) -> str:
    """Whose matter it is: of a service granted by an instrument's scales, those who have been assessed."""
    scales = [f.name for f in granting.reasoning.fields if f.name.startswith("rai_")]
    return "assessed_on IS NOT NULL" if scales and "assessed_on" in run.columns else "TRUE"
