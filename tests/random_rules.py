"""Random typed rules and random people, for the laws, the fuzzing and the benchmarks."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

from torni.engines.rules import Field, Scope
from torni.engines.rules.tables import read

FIELDS = {
    f.name: f
    for f in (
        Field("age", "whole", 0, 120),
        Field("household_size", "whole", 1, 20),
        Field("rai_maple", "whole", 1, 5),
        Field("hours", "whole", 0, 744),
        Field("income", "decimal", Decimal(0), Decimal("99999.99"), 2),
        Field("need", "decimal", Decimal("-9.999"), Decimal("9.999"), 3),
        Field("assessed_on", "date", date(2000, 1, 1), date(2030, 12, 31)),
        Field("decision_day", "date", date(2000, 1, 1), date(2030, 12, 31)),
        Field("language", "code", codes=("fi", "sv", "en", "other"), code_list="language"),
        Field("municipality", "code", codes=("179", "182", "216", "226"), code_list="municipality"),
        Field("lives_alone", "yes_no"),
        Field("has_carer", "yes_no"),
    )
}
_TABLES = {
    "share": "hours / household_size | 1 | 2 | 3..\n ..4 | 0.08 | 0.07 | 0.06\n 5..37 | 0.10 | 0.0875 | 0.075\n 38.. | 0.35 | 0.24 | 0.19",
    "cap": "age | municipality | value\n <1 | * | 900\n 1..17 | 179,182 | 700.50\n 1..17 | 216,226 | 650.25\n >=18 | * | 0",
    "by_day": "assessed_on | value\n ..2019-12-31 | 1\n 2020-01-01.. | 2",
}
SCOPE = Scope(
    FIELDS,
    {"limit": Decimal("588.50"), "age_of_age": Decimal(75), "share": Decimal("0.0625"), "minus": Decimal("-3.5")},
    {name: read(text, FIELDS, name=name, where=name) for name, text in _TABLES.items()},  # type: ignore[misc]
)


def condition(r: random.Random, depth: int = 3) -> str:
    kind = r.random()
    if depth and kind < 0.35:
        word = r.choice((" and ", " or "))
        return "(" + word.join(condition(r, depth - 1) for _ in range(r.randint(2, 4))) + ")"
    if depth and kind < 0.45:
        return f"not ({condition(r, depth - 1)})"
    return leaf(r)


def leaf(r: random.Random) -> str:
    kind = r.randrange(10)
    if kind == 0:
        return r.choice(("lives_alone", "has_carer"))
    if kind == 1:
        return f"{r.choice(list(FIELDS))} is {r.choice(('', 'not '))}null"
    if kind == 2:
        name = r.choice(("language", "municipality"))
        codes = r.sample(FIELDS[name].codes, r.randint(1, 3))
        if r.random() < 0.4:
            return f"{name} {r.choice(('=', '<>'))} '{codes[0]}'"
        return f"{name} {r.choice(('', 'not '))}in ({', '.join(repr(c) for c in codes)})"
    if kind == 3:
        return f"{moment(r)} {r.choice(OPERATORS)} {moment(r, fixed=r.random() < 0.6)}".replace("  ", " ")
    if kind == 4:
        name = r.choice(("age", "hours"))
        low = r.randint(0, 100)
        return f"{name} {r.choice(('', 'not '))}between {low} and {low + r.randint(0, 60)}"
    if kind == 5:
        return f"rai_maple {r.choice(('', 'not '))}in ({', '.join(str(r.randint(1, 5)) for _ in range(3))})"
    if kind == 6:
        return f"{sum_(r, 2)} {r.choice(OPERATORS)} {sum_(r, 2)} + age"
    name = r.choice(("age", "household_size", "rai_maple", "hours", "income", "need"))
    return f"{name} {r.choice(OPERATORS)} {amount(r)}"


OPERATORS = ("=", "<>", "<", "<=", ">", ">=")


def amount(r: random.Random) -> str:
    return r.choice((str(r.randint(0, 120)), f"{r.randint(0, 3000)}.{r.randint(0, 99):02d}", f"- {r.randint(1, 9)}.5",
                     "param.limit", "param.age_of_age", "param.minus"))  # fmt: skip


def moment(r: random.Random, *, fixed: bool = False) -> str:
    if fixed:
        return f"date '{date(2000, 1, 1) + timedelta(days=r.randint(0, 11_000))}'"
    name = r.choice(("assessed_on", "decision_day"))
    return f"{name} {r.choice('+-')} interval {r.randint(1, 40)} {r.choice(('day', 'month', 'year'))}"


def sum_(r: random.Random, depth: int = 2) -> str:
    kind = r.randrange(6)
    if depth and kind == 0:
        return f"({sum_(r, depth - 1)} {r.choice('+-*')} {sum_(r, depth - 1)})"
    if depth and kind == 1:
        return f"case when {condition(r, 1)} then {sum_(r, depth - 1)} else {sum_(r, depth - 1)} end"
    if kind == 2:
        return r.choice(("table.share", "table.cap", "table.by_day"))
    if kind == 3:
        return amount(r)
    return r.choice(("age", "household_size", "rai_maple", "hours", "income", "need"))


def person(r: random.Random, missing: float = 0.2) -> dict[str, object]:
    """One person's facts; each is missing with the given probability."""
    out: dict[str, object] = {}
    for f in FIELDS.values():
        if r.random() < missing:
            out[f.name] = None
        elif f.kind == "whole":
            assert isinstance(f.least, int) and isinstance(f.most, int)
            out[f.name] = r.choice((r.randint(f.least, f.most), r.randint(f.least, min(f.most, 120)), f.least, f.most))
        elif f.kind == "decimal":
            assert isinstance(f.least, Decimal) and isinstance(f.most, Decimal)
            low, high = (int(x.scaleb(f.decimals)) for x in (f.least, f.most))
            out[f.name] = Decimal(r.choice((r.randint(low, high), r.randint(low, min(high, 150_000))))).scaleb(
                -f.decimals
            )
        elif f.kind == "date":
            out[f.name] = date(2000, 1, 1) + timedelta(days=r.randint(0, 11_300))
        elif f.kind == "code":
            out[f.name] = r.choice(f.codes)
        else:
            out[f.name] = r.random() < 0.5
    return out


SQL_TYPES = {"whole": "INTEGER", "decimal": "DECIMAL(9,3)", "date": "DATE", "code": "VARCHAR(20)", "yes_no": "BOOLEAN"}


def values_sql(people: list[dict[str, object]], *, first: int = 0) -> str:
    """The people as rows of SQL literals, in the fields' order."""

    def one(value: object) -> str:
        if value is None:
            return "NULL"
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        if isinstance(value, date):
            return f"DATE '{value}'"
        return f"'{value}'" if isinstance(value, str) else str(value)

    return ", ".join(
        "(" + ", ".join([str(i), *(one(p[name]) for name in FIELDS)]) + ")" for i, p in enumerate(people, first)
    )


def columns_sql() -> str:
    kinds = {f.name: f"DECIMAL(9,{f.decimals})" if f.kind == "decimal" else SQL_TYPES[f.kind] for f in FIELDS.values()}
    return "person INTEGER, " + ", ".join(f'"{name}" {kind}' for name, kind in kinds.items())
