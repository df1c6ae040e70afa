"""What a rule can say: typed nodes over declared fields, parameters and tables. Everything is made from these."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

Value = bool | int | Decimal | date | str
Kind = Literal["yes_no", "whole", "decimal", "date", "code"]
Operator = Literal["=", "<", "<=", ">", ">="]
MOST_DIGITS = 38  # what DuckDB, PostgreSQL and Spark all compute exactly


@dataclass(frozen=True)
class Type:
    """A node's type. Numbers carry their digits (all, and after the point), codes the name of their list."""

    kind: Kind
    digits: int = 0
    scale: int = 0
    codes: str = ""

    @property
    def is_number(self) -> bool:
        return self.kind in ("whole", "decimal")


@dataclass(frozen=True)
class Field:
    """One fact about a client that a rule may ask for.

    `least`, `most`: the range, ends included (whole numbers, decimals and dates). `codes`: the allowed codes in order.
    `label` names the field, `said` opens a sentence about it ("the client's age is"), `yours` the same to the client ("your age is"),
    `unit` follows its number. `halves_up`: a
    decimal whose tables are in whole numbers: a band holds what is rounded into it, halves up; all else reckons with the decimals.
    """

    name: str
    kind: Kind
    least: int | Decimal | date | None = None
    most: int | Decimal | date | None = None
    decimals: int = 0
    codes: tuple[str, ...] = ()
    code_list: str = ""
    label: Mapping[str, str] = field(default_factory=dict, hash=False, compare=False)
    said: Mapping[str, str] = field(default_factory=dict, hash=False, compare=False)
    unit: Mapping[str, str] = field(default_factory=dict, hash=False, compare=False)
    code_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False, compare=False)
    halves_up: bool = False
    yours: Mapping[str, str] = field(default_factory=dict, hash=False, compare=False)

    @property
    def type(self) -> Type:
        if self.kind not in ("whole", "decimal"):
            return Type(self.kind, codes=self.code_list)
        assert isinstance(self.least, int | Decimal) and isinstance(self.most, int | Decimal), self.name
        before = len(str(int(max(abs(Decimal(self.least)), abs(Decimal(self.most))))))
        return Type(self.kind, before + self.decimals, self.decimals)


@dataclass(frozen=True)
class Band:
    """Part of a table's dimension: numbers or dates from `low` to `high`, ends included (None is open), or codes."""

    low: int | Decimal | date | None = None
    high: int | Decimal | date | None = None
    codes: frozenset[str] | None = None


@dataclass(frozen=True, eq=False)
class Table:
    """A value for every combination of its dimensions: `rows` are complete and do not overlap (`tables.read`)."""

    name: str
    dimensions: tuple[Field, ...]
    rows: tuple[tuple[tuple[Band, ...], Decimal], ...]
    type: Type


class Node:
    """A part of a rule. Conditions are true, false or missing; terms have a value or are missing."""

    type: Type


CONDITION = Type("yes_no")


@dataclass(frozen=True)
class Const(Node):
    value: Value
    type: Type


@dataclass(frozen=True)
class Ask(Node):
    """A field's value. A yes-no field is a condition by itself."""

    field: Field

    @property
    def type(self) -> Type:  # type: ignore[override]
        return self.field.type


@dataclass(frozen=True)
class Param(Node):
    """A parameter with its value on the rule's day."""

    name: str
    value: Value
    type: Type


@dataclass(frozen=True)
class EarlierLine(Node):
    """An earlier line of the same formula."""

    name: str
    type: Type


@dataclass(frozen=True)
class Lookup(Node):
    table: Table

    @property
    def type(self) -> Type:  # type: ignore[override]
        return self.table.type


@dataclass(frozen=True)
class Arithmetic(Node):
    operator: Literal["+", "-", "*"]
    left: Node
    right: Node
    type: Type


@dataclass(frozen=True)
class Shift(Node):
    """A date so many days, months or years later; a month's last day stays within its month."""

    date: Node
    count: int
    unit: Literal["day", "month"]
    type: Type = Type("date")


@dataclass(frozen=True)
class Choice(Node):
    """The first term whose condition holds, else the last. A missing condition makes the whole missing."""

    branches: tuple[tuple[Node, Node], ...]
    otherwise: Node
    type: Type


@dataclass(frozen=True)
class Rounded(Node):
    """A number divided by a whole number and rounded, halves away from zero."""

    number: Node
    divisor: int
    type: Type


@dataclass(frozen=True)
class Compare(Node):
    operator: Operator
    left: Node
    right: Node
    type: Type = CONDITION


@dataclass(frozen=True)
class OneOf(Node):
    term: Node
    values: tuple[Value, ...]
    type: Type = CONDITION


@dataclass(frozen=True)
class Unknown(Node):
    """The field's value is missing. Never missing itself."""

    field: Field
    type: Type = CONDITION


@dataclass(frozen=True)
class And(Node):
    parts: tuple[Node, ...]
    type: Type = CONDITION


@dataclass(frozen=True)
class Or(Node):
    parts: tuple[Node, ...]
    type: Type = CONDITION


@dataclass(frozen=True)
class Not(Node):
    part: Node
    type: Type = CONDITION


def children(node: Node) -> tuple[Node, ...]:
    match node:
        case And(parts) | Or(parts):
            return parts
        case Not(part):
            return (part,)
        case Compare(_, left, right) | Arithmetic(_, left, right):
            return (left, right)
        case OneOf(term, _):
            return (term,)
        case Shift(day, _, _):
            return (day,)
        case Rounded(number, _, _):
            return (number,)
        case Choice(branches, otherwise):
            return (*(n for branch in branches for n in branch), otherwise)
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    yield node
    for child in children(node):
        yield from walk(child)


def weight(node: Node, lines: Mapping[str, int], *, most: int) -> int:
    """How many parts the node has with everything it names written out, as engines do: a table its rows, an earlier line of its
    formula that line's own weight (`lines`). Counting stops past `most`."""
    waiting, total = [node], 0
    while waiting and total <= most:
        one = waiting.pop()
        total += (
            len(one.table.rows)
            if isinstance(one, Lookup)
            else lines.get(one.name, 1)
            if isinstance(one, EarlierLine)
            else 1
        )
        waiting += children(one)
    return total


def leaves(node: Node) -> list[Node]:
    """The conditions that are joined by and, or and not, in the order written. Equal leaves are one."""
    if isinstance(node, And | Or | Not):
        return list(dict.fromkeys(leaf for child in children(node) for leaf in leaves(child)))
    return [node]


def fields(node: Node) -> list[Field]:
    """Every field that the node asks for, in order, each once."""
    found: dict[str, Field] = {}
    for part in walk(node):
        if isinstance(part, Ask | Unknown):
            found.setdefault(part.field.name, part.field)
        elif isinstance(part, Lookup):
            for dimension in part.table.dimensions:
                found.setdefault(dimension.name, dimension)
    return list(found.values())


def written(node: Node) -> str:
    """The node as one unambiguous line: what is hashed, shown by `torni rule check`, and equal for equal trees."""
    match node:
        case Const(value) if isinstance(value, str | date):
            return f"'{value}'"
        case Const(value):
            return str(value)
        case Ask(asked):
            return asked.name
        case Param(name, value):
            return f"param.{name}[{value}]"
        case EarlierLine(name):
            return f"line.{name}"
        case Lookup(table):
            return f"table.{table.name}[{_table_hash(table)}]"
        case Shift(day, count, unit):
            return f"(shift {written(day)} {count} {unit})"
        case Arithmetic(operator, left, right) | Compare(operator, left, right):
            return f"({operator} {written(left)} {written(right)})"
        case Rounded(number, divisor, to):
            return f"(round {written(number)} {divisor} {to.scale})"
        case Choice(branches, otherwise):
            cases = " ".join(f"[{written(c)} {written(v)}]" for c, v in branches)
            return f"(case {cases} {written(otherwise)})"
        case OneOf(term, values):
            return f"(in {written(term)} {' '.join(str(v) for v in values)})"
        case Unknown(asked):
            return f"(missing {asked.name})"
        case And(parts):
            return f"(and {' '.join(map(written, parts))})"
        case Or(parts):
            return f"(or {' '.join(map(written, parts))})"
        case Not(part):
            return f"(not {written(part)})"
    raise AssertionError(node)


def version(*nodes: Node) -> str:
    """The hash of rules as they stand, parameters' and tables' values included: twelve hexadecimal digits."""
    return hashlib.sha256("\n".join(map(written, nodes)).encode()).hexdigest()[:12]


def _table_hash(table: Table) -> str:
    text = repr([([(b.low, b.high, sorted(b.codes or ())) for b in bands], str(value)) for bands, value in table.rows])
    return hashlib.sha256(text.encode()).hexdigest()[:8]
