"""The tree as SQL, the same answers on DuckDB, PostgreSQL and Spark; and as the rule's own text.

Every number is an exact DECIMAL whose digits are written out; a missing value stays NULL through every step, also
through CASE, where SQL alone would fall to ELSE.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Literal

from torni.engines.rules import tree
from torni.engines.rules.tables import Split, way
from torni.engines.rules.tree import Node, Type, Value

Dialect = Literal["duckdb", "postgres", "spark"]
DIALECTS: tuple[Dialect, ...] = ("duckdb", "postgres", "spark")
Column = Callable[[str], str]


def quoted(name: str, dialect: Dialect = "duckdb") -> str:
    return f"`{name}`" if dialect == "spark" else f'"{name}"'


def expression(
    node: Node, dialect: Dialect = "duckdb", *, column: Column | None = None, lines: Mapping[str, str] | None = None
) -> str:
    """The node as one SQL expression. `column` gives a field's column; `lines` an earlier line's expression."""
    return _Writing(dialect, column or (lambda name: quoted(name, dialect)), lines or {}).write(node)


def leaf_code(leaf: str) -> str:
    """A leaf's state in two bits: 1 held, 2 did not hold, 0 missing."""
    return f"CASE WHEN {leaf} THEN 1 WHEN NOT {leaf} THEN 2 ELSE 0 END"


def packed(leaves: Sequence[str], dialect: Dialect = "duckdb") -> str:
    """All leaves' states in one whole number, two bits a leaf, the first leaf lowest. At most 31 leaves."""
    assert len(leaves) <= 31, "two bits a leaf must fit in 64"
    big = "BIGINT"
    parts = [f"CAST({leaf_code(leaf)} AS {big}) * {4**i}" for i, leaf in enumerate(leaves)]
    return " + ".join(parts) or f"CAST(0 AS {big})"


class _Writing:
    def __init__(self, dialect: Dialect, column: Column, lines: Mapping[str, str]) -> None:
        self.dialect, self.column, self.lines = dialect, column, lines

    def write(self, node: Node) -> str:
        match node:
            case tree.Const(value, type_) | tree.Param(_, value, type_):
                return self.value(value, type_)
            case tree.Ask(field):
                return self.column(field.name)
            case tree.EarlierLine(name):
                return self.lines[name]
            case tree.Unknown(field):
                return f"({self.column(field.name)} IS NULL)"
            case tree.Compare(operator, left, right):
                return f"({self.write(left)} {operator} {self.write(right)})"
            case tree.OneOf(term, values):
                return f"({self.write(term)} IN ({', '.join(self.value(v, _type_of(v, term.type)) for v in values)}))"
            case tree.And(parts):
                return "(" + " AND ".join(map(self.write, parts)) + ")"
            case tree.Or(parts):
                return "(" + " OR ".join(map(self.write, parts)) + ")"
            case tree.Not(part):
                return f"(NOT {self.write(part)})"
            case tree.Arithmetic(operator, left, right, type_):
                return self.sum(operator, left, right, type_)
            case tree.Shift(day, count, unit):
                return self.shift(self.write(day), count, unit)
            case tree.Rounded(number, divisor, type_):
                return self.rounded(number, divisor, type_)
            case tree.Choice(branches, otherwise, type_):
                return self.choice(branches, otherwise, type_)
            case tree.Lookup(table):
                return self.looked_up(table)
        raise AssertionError(node)

    def value(self, value: Value, type_: Type) -> str:
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        if isinstance(value, date):
            return f"DATE '{value}'"
        if isinstance(value, str):
            return "'" + value.replace("'", "''") + "'"
        if type_.kind == "decimal" or isinstance(value, Decimal):
            return f"CAST('{value}' AS DECIMAL({max(type_.digits, type_.scale + 1)},{type_.scale}))"
        return str(value)

    def sum(self, operator: str, left: Node, right: Node, type_: Type) -> str:
        # whole numbers are counted as decimals too, so that no engine's 32 bits overflow
        first = self.exact(left)
        if self.dialect == "duckdb" and type_.digits > 18 and left.type.digits <= 18:
            # DuckDB stays within 64 bits, and fails, unless one side is wider
            first = f"CAST({first} AS DECIMAL(19,{left.type.scale}))"
        return f"({first} {operator} {self.exact(right)})"

    def exact(self, node: Node) -> str:
        written, type_ = self.write(node), node.type
        if type_.kind == "decimal" and isinstance(node, tree.Const | tree.Param | tree.Arithmetic | tree.Rounded):
            return written
        if isinstance(node, tree.Arithmetic):
            return written
        return f"CAST({written} AS DECIMAL({max(type_.digits, type_.scale + 1)},{type_.scale}))"

    def shift(self, day: str, count: int, unit: str) -> str:
        if self.dialect == "spark":
            return f"date_add({day}, {count})" if unit == "day" else f"add_months({day}, {count})"
        sign, size = ("-", -count) if count < 0 else ("+", count)
        return f"CAST({day} {sign} INTERVAL '{size} {unit}s' AS DATE)"

    def choice(self, branches: Sequence[tuple[Node, Node]], otherwise: Node, type_: Type) -> str:
        to = f"DECIMAL({max(type_.digits, type_.scale + 1)},{type_.scale})"
        written = f"CAST({self.write(otherwise)} AS {to})"
        for condition, value in reversed(
            branches
        ):  # a missing condition is neither: the whole is missing, not the else
            written = f"CASE {self.write(condition)} WHEN TRUE THEN CAST({self.write(value)} AS {to}) WHEN FALSE THEN {written} END"
        return f"({written})"

    def rounded(self, number: Node, divisor: int, type_: Type) -> str:
        # round(x, n) of a decimal is half away from zero on all three; a division is done in whole numbers instead
        if divisor == 1:
            digits = max(type_.digits, type_.scale + 1)
            return f"CAST(round({self.exact(number)}, {type_.scale}) AS DECIMAL({digits},{type_.scale}))"
        scale = number.type.scale
        top = f"CAST({self.exact(number)} * {10 ** max(scale, type_.scale)} AS BIGINT)"
        bottom = divisor * 10 ** max(scale - type_.scale, 0)
        divide = {"duckdb": "//", "postgres": "/", "spark": "DIV"}[self.dialect]
        sign = f"(CASE WHEN {top} < 0 THEN -1 ELSE 1 END)"
        size = f"((2 * abs({top}) + {bottom}) {divide} {2 * bottom}) * {sign}"
        digits = max(type_.digits, type_.scale + 1)
        return f"CAST(CAST({size} AS DECIMAL(20,0)) * CAST('{Decimal(1).scaleb(-type_.scale)}' AS DECIMAL({type_.scale + 1},{type_.scale})) AS DECIMAL({digits},{type_.scale}))"

    def looked_up(self, table: tree.Table) -> str:
        columns = [self.column(d.name) for d in table.dimensions]
        kinds = [d.type for d in table.dimensions]
        to = f"DECIMAL({max(table.type.digits, table.type.scale + 1)},{table.type.scale})"

        def steps(step: Split | Decimal) -> str:
            if not isinstance(step, Split):
                return f"'{step}'" if self.dialect == "postgres" else str(step)
            name, kind = columns[step.dimension], kinds[step.dimension]
            if isinstance(step.limit, frozenset):
                test = f"{name} IN ({', '.join(self.value(c, kind) for c in sorted(step.limit))})"
            else:
                test = f"{name} < {self.value(step.limit, kind)}"
            return f"CASE WHEN {test} THEN {steps(step.inside)} ELSE {steps(step.outside)} END"

        known = " AND ".join(f"{c} IS NOT NULL" for c in columns)
        return f"(CASE WHEN {known} THEN CAST({steps(way(table))} AS {to}) END)"


def _type_of(value: Value, type_: Type) -> Type:
    if isinstance(value, Decimal):
        scale = max(0, -int(value.as_tuple().exponent))
        return Type("decimal", len(str(abs(int(value)))) + scale, scale)
    return type_


def source(node: Node) -> str:
    """The node as the rule's own text, in one way of writing: lowering it again gives the same tree."""
    match node:
        case tree.Const(value) if isinstance(value, str | date):
            return f"'{value}'"
        case tree.Const(value):
            return str(value)
        case tree.Ask(field):
            return field.name
        case tree.Param(name):
            return f"param.{name}"
        case tree.EarlierLine(name):
            return f"line.{name}"
        case tree.Lookup(table):
            return f"table.{table.name}"
        case tree.Compare(operator, left, right) | tree.Arithmetic(operator, left, right):
            return f"{_wrapped(left)} {operator} {_wrapped(right)}"
        case tree.OneOf(term, values):
            listed = ", ".join(f"'{v}'" if isinstance(v, str | date) else str(v) for v in values)
            return f"{_wrapped(term)} in ({listed})"
        case tree.Unknown(field):
            return f"{field.name} is null"
        case tree.Not(tree.Compare("=", left, right)):
            return f"{_wrapped(left)} <> {_wrapped(right)}"
        case tree.Not(tree.Unknown(field)):
            return f"{field.name} is not null"
        case tree.Not(part):
            return f"not {_wrapped(part)}"
        case tree.And(parts) | tree.Or(parts):
            word = " and " if isinstance(node, tree.And) else " or "
            return word.join(_wrapped(p) for p in parts)
        case tree.Shift(day, count, unit):
            return f"{_wrapped(day)} {'-' if count < 0 else '+'} interval {abs(count)} {unit}"
        case tree.Choice(branches, otherwise):
            cases = " ".join(f"when {source(c)} then {source(v)}" for c, v in branches)
            return f"case {cases} else {source(otherwise)} end"
        case tree.Rounded(number, _, _):
            return source(number)
    raise AssertionError(node)


def _wrapped(node: Node) -> str:
    joined = isinstance(node, tree.And | tree.Or | tree.Arithmetic | tree.Shift)
    return f"({source(node)})" if joined else source(node)
