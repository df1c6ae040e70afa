"""From text to the typed tree, or to faults that say where, what was found, and what to write instead.

SQLGlot parses, but does not protect: every token is allowed by name before it parses, and every node, with each of its
arguments, is rebuilt and typed here after it. Nothing that this module does not know reaches the tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, cast

import sqlglot
from sqlglot import exp

from torni.core import bounds
from torni.core.faults import Fault, nearest_name
from torni.core.language import t
from torni.engines.rules import tree
from torni.engines.rules.tree import Node, Operator, Type
from torni.engines.rules.wording import LONGEST_LIST, Scope, Wording, error_position


def lower(text: str, scope: Scope, *, where: str = "rule", number: bool = False) -> Node | list[Fault]:
    """The typed tree of a condition (or, with `number`, of a numeric term), or every fault of the text.

    `where` opens each fault's place; the character is added. Holds at most 2,000 characters, 25 levels and lists of
    500; deeper or longer is a fault. Never raises, whatever the text.
    """
    lowering = _Lowering(text, scope, where)
    found = lowering.whole(number)
    return lowering.faults if lowering.faults or found is None else found


class _Lowering(Wording):
    # What was parsed, rebuilt node by node.
    def whole(self, number: bool) -> Node | None:
        if not self.readable():
            return None
        try:
            parsed = cast(exp.Expression, sqlglot.parse_one(self.text))
        except (sqlglot.errors.SqlglotError, RecursionError, ValueError) as error:
            at = error_position(self.text, error)
            self.fault(
                at, t("this is not a complete condition"), t("Write such as: age >= 75 and rai_maple >= 4. Check brackets and quotes.")
            )  # fmt: skip
            return None
        self.not_too_deep(_depth(parsed))
        if self.faults:
            return None
        node = self.node(parsed)
        if node is None:
            return None
        if tree.weight(node, self.scope.weights, most=bounds.MOST_WEIGHT) > bounds.MOST_WEIGHT:
            self.fault(
                None, t("more than {most} parts, with what it names written out", most=bounds.MOST_WEIGHT), t("Name fewer tables, lines and services in one rule."),
            )  # fmt: skip
            return None
        if number and not node.type.is_number:
            self.fault(
                0, t("a number is expected here, found {kind}", kind=_kind(node.type)), t("Write a sum or a case.")
            )
        if not number and node.type != tree.CONDITION:
            self.fault(
                0, t("a condition is expected, found {kind}", kind=_kind(node.type)), t("Compare it, such as: {text} >= 1", text=self.text[:40])
            )  # fmt: skip
        return node

    def node(self, e: exp.Expression) -> Node | None:
        handler = _HANDLERS.get(type(e))
        used = {k for k, v in e.args.items() if v not in (None, [], False)}
        if handler is None or not used <= handler[1]:
            self.fault(
                _start(e), t("this form is not allowed in a rule"), t("Allowed are and, or, not, = <> < <= > >=, + - *, between, in, is null, case.")
            )  # fmt: skip
            return None
        return handler[0](self, e)

    def paren(self, e: exp.Expression) -> Node | None:
        return self.node(e.this)

    def joined(self, e: exp.Expression) -> Node | None:
        made = tree.And if isinstance(e, exp.And) else tree.Or
        chain: list[exp.Expression] = []
        rest: exp.Expression = e
        while type(rest) is type(e):  # a and b and c is one level, however long
            chain.append(rest.expression)
            rest = rest.this
        parts: list[Node] = []
        for side in [rest, *reversed(chain)]:
            part = self.condition(side)
            if part is not None:
                parts += part.parts if isinstance(part, made) and not isinstance(side, exp.Paren) else (part,)
        return made(tuple(parts)) if len(parts) == len(chain) + 1 or parts else None

    def condition(self, e: exp.Expression) -> Node | None:
        part = self.node(e)
        if part is not None and part.type != tree.CONDITION:
            self.fault(
                _start(e), t("a condition is expected, found {kind}", kind=_kind(part.type)), t("Compare it with something, such as: age >= 75")
            )  # fmt: skip
            return None
        return part

    def negated(self, e: exp.Expression) -> Node | None:
        part = self.condition(e.this)
        return tree.Not(part) if part is not None else None

    def literal(self, e: exp.Expression) -> Node | None:
        if e.args.get("is_string"):
            return tree.Const(str(e.this), Type("code"))
        text = str(e.this)
        if not self.a_number(text, _start(e)):  # two tokens can parse as one number: 1 and .5.
            return None
        if "." in text:
            whole, _, rest = text.partition(".")
            return tree.Const(Decimal(text), Type("decimal", len(whole) + len(rest), len(rest)))
        return tree.Const(int(text), Type("whole", len(text)))

    def minus(self, e: exp.Expression) -> Node | None:
        part = self.number(e.this)
        if part is None:
            return None
        if isinstance(part, tree.Const) and isinstance(part.value, int | Decimal):
            return tree.Const(-part.value, part.type)
        return self.sum("-", tree.Const(0, Type("whole", 1)), part, e)

    def name(self, e: exp.Expression) -> Node | None:
        parts = [p.name for p in e.parts] if isinstance(e, exp.Column | exp.Dot) else []
        at = _start(e)
        if not parts or not all(re.fullmatch(r"[A-Za-z0-9_]+", p) for p in parts):
            self.fault(at, t("this is not a name"), t("`torni fields` lists the fields."))
            return None
        space, rest = parts[0].lower(), ".".join(parts[1:])
        if len(parts) == 1:
            return self._field(space, at, parts[0])
        if space == "param":
            return self._parameter(rest, at)
        if space == "table":
            return self._known(rest, at, self.scope.tables, t("a table"), tree.Lookup)
        if space == "line":
            return self._known(
                rest,
                at,
                self.scope.lines,
                t("an earlier line of this formula"),
                lambda found: tree.EarlierLine(rest, found),
            )
        if space == "granted":
            return self._known(rest, at, self.scope.granted, t("a service with granting criteria"), lambda found: found)
        self.fault(
            at, t('"{found}" is not a name', found=".".join(parts)), t("Write a field, param.NAME or table.NAME.")
        )
        return None

    def _field(self, name: str, at: int, shown: str) -> Node | None:
        if name in self.scope.fields:
            return tree.Ask(self.scope.fields[name])
        near = nearest_name(name, self.scope.fields)
        self.fault(
            at, t('"{found}" is not a client field', found=shown),
            (t('Did you mean "{near}"?', near=near) + " " if near else "") + t("`torni fields` lists them."),
        )  # fmt: skip
        return None

    def _parameter(self, name: str, at: int) -> Node | None:
        def made(value: Decimal) -> Node:
            digits = _digits(value)
            return tree.Param(name, int(value) if digits.kind == "whole" else value, digits)

        return self._known(name, at, self.scope.parameters, t("a parameter with a single value on this day"), made)

    def _known(
        self, name: str, at: int, known: Mapping[str, Any], what: str, made: Callable[[Any], Node]
    ) -> Node | None:
        if name in known:
            return made(known[name])
        near = nearest_name(name, known)
        self.fault(
            at, t('"{found}" is not {what}', found=name, what=what), t('Did you mean "{near}"?', near=near) if near else ""
        )  # fmt: skip
        return None

    def number(self, e: exp.Expression) -> Node | None:
        part = self.node(e)
        if part is not None and not part.type.is_number:
            self.fault(
                _start(e),
                t("a number is expected here, found {kind}", kind=_kind(part.type)),
                t("Use a numeric field."),
            )
            return None
        return part

    def arithmetic(self, e: exp.Expression) -> Node | None:
        operator = _SUMS[type(e)]
        if isinstance(e.expression, exp.Interval):
            return self.shifted(e)
        left, right = self.number(e.this), self.number(e.expression)
        return self.sum(operator, left, right, e) if left is not None and right is not None else None

    def sum(self, operator: str, left: Node, right: Node, e: exp.Expression) -> Node | None:
        a, b = left.type, right.type
        if operator == "*":
            digits, scale = a.digits + b.digits, a.scale + b.scale
        else:
            scale = max(a.scale, b.scale)
            digits = max(a.digits - a.scale, b.digits - b.scale) + scale + 1
        if digits > tree.MOST_DIGITS - 2:
            self.fault(
                _start(e), t("the sum grows to {n} digits, more than can be counted exactly", n=digits), t("Round a part of it on a line of its own.")
            )  # fmt: skip
            return None
        return tree.Arithmetic(cast(Any, operator), left, right, Type("decimal" if scale else "whole", digits, scale))

    def shifted(self, e: exp.Expression) -> Node | None:
        day, step = self.node(e.this), e.expression
        if day is None:
            return None
        count, unit = step.this, step.args.get("unit")
        name = str(unit.this).lower().rstrip("s") if isinstance(unit, exp.Var) else ""
        ok = (
            isinstance(count, exp.Literal)
            and re.fullmatch(r"\d{1,5}", str(count.this))
            and name in ("day", "month", "year")
        )
        if isinstance(e, exp.Mul) or not ok or day.type.kind != "date":
            self.fault(
                _start(e), t("only a date can be moved, by days, months or years"), t("Write such as: decision_day - interval 12 month")
            )  # fmt: skip
            return None
        n = int(str(count.this)) * (12 if name == "year" else 1) * (-1 if isinstance(e, exp.Sub) else 1)
        if abs(n) > (73_000 if name == "day" else 2_400):
            self.fault(_start(e), t("the date moves more than 200 years"), t("Use a nearer date."))
            return None
        return tree.Shift(day, n, "day" if name == "day" else "month")

    def compared(self, e: exp.Expression) -> Node | None:
        left, right = self.node(e.this), self.node(e.expression)
        return self.pair(_OPERATORS[type(e)], left, right, e) if left is not None and right is not None else None

    def pair(self, operator: str, left: Node, right: Node, e: exp.Expression) -> Node | None:
        pair = self.alike(left, right, e)
        if pair is None:
            return None
        left, right = pair
        if left.type.kind == "code" and operator not in ("=", "<>"):
            self.fault(_start(e), t("codes have no order"), t("Use = , <> or in (...)."))
            return None
        if _is_fixed(left) and _is_fixed(right):
            self.fault(_start(e), t("nothing here depends on the client"), t("Compare a field."))
            return None
        if _is_fixed(left):
            left, right, operator = right, left, _TURNED[operator]
        if operator == "<>":
            return tree.Not(tree.Compare("=", left, right))
        return tree.Compare(cast(Operator, operator), left, right)

    def alike(self, left: Node, right: Node, e: exp.Expression) -> tuple[Node, Node] | None:
        """Both sides with one type: a text in quotes becomes a date or a code of the other side's list."""
        a, b = left.type.kind, right.type.kind
        if "yes_no" in (a, b):
            self.fault(
                _start(e), t("conditions are not compared"), t("Write them joined by and, or, not. A yes-no field is a condition by itself.")
            )  # fmt: skip
            return None
        fixed_left, fixed_right = self.text_as(left, right.type, e), self.text_as(right, left.type, e)
        if fixed_left is None or fixed_right is None:
            return None
        left, right = fixed_left, fixed_right
        a, b = left.type.kind, right.type.kind
        if (
            (left.type.is_number and right.type.is_number)
            or (a == b == "date")
            or (a == b == "code" and left.type.codes == right.type.codes)
        ):
            return left, right
        self.fault(
            _start(e), t("{left} and {right} cannot be compared", left=_kind(left.type), right=_kind(right.type)), _type_remedy(left.type)
        )  # fmt: skip
        return None

    def text_as(self, node: Node, wanted: Type, e: exp.Expression) -> Node | None:
        if not isinstance(node, tree.Const) or node.type != Type("code") or not isinstance(node.value, str):
            return node
        if wanted.kind == "date":
            day = _date(node.value)
            if day is None:
                self.fault(_start(e), t('"{text}" is not a date', text=node.value[:30]), t("Write such as 2026-01-31."))
                return None
            return tree.Const(day, Type("date"))
        if wanted.kind == "code" and wanted.codes:
            codes = next((f.codes for f in self.scope.fields.values() if f.code_list == wanted.codes), ())
            if node.value not in codes:
                near = nearest_name(node.value, codes)
                shown = ", ".join(codes[:8]) + (" …" if len(codes) > 8 else "")
                self.fault(
                    _start(e), t('"{text}" is not in the code list {name}', text=node.value[:30], name=wanted.codes),
                    t('Did you mean "{near}"?', near=near) if near else t("The codes are: {codes}.", codes=shown),
                )  # fmt: skip
                return None
            return tree.Const(node.value, wanted)
        return node

    def day(self, e: exp.Expression) -> Node | None:
        to = e.args.get("to")
        if (
            not isinstance(to, exp.DataType)
            or to.this != exp.DataType.Type.DATE
            or to.expressions
            or not isinstance(e.this, exp.Literal)
        ):
            self.fault(
                _start(e), t("a value's type cannot be changed in a rule"), t("Only date '2026-01-31' is allowed.")
            )
            return None
        day = _date(str(e.this.this)) if e.this.args.get("is_string") else None
        if day is None:
            self.fault(
                _start(e), t('"{text}" is not a date', text=str(e.this.this)[:30]), t("Write such as 2026-01-31.")
            )
            return None
        return tree.Const(day, Type("date"))

    def between(self, e: exp.Expression) -> Node | None:
        term, low, high = self.node(e.this), self.node(e.args["low"]), self.node(e.args["high"])
        if term is None or low is None or high is None:
            return None
        parts = [self.pair(">=", term, low, e), self.pair("<=", term, high, e)]
        return tree.And(tuple(p for p in parts if p is not None)) if all(parts) else None

    def one_of(self, e: exp.Expression) -> Node | None:
        term = self.node(e.this)
        listed = e.args.get("expressions") or []
        if term is None:
            return None
        if not listed or len(listed) > LONGEST_LIST:
            self.fault(
                _start(e), t("a list has from 1 to {most} values, found {n}", most=LONGEST_LIST, n=len(listed)), t("Write such as: municipality in ('179', '182')")
            )  # fmt: skip
            return None
        values: list[Value_] = []
        for item in listed:
            made = self.node(item) if isinstance(item, exp.Literal | exp.Neg | exp.Cast) else None
            if not isinstance(made, tree.Const):
                self.fault(
                    _start(item) or _start(e),
                    t("a list holds fixed values only"),
                    t("Write numbers, dates or codes in quotes."),
                )
                return None
            pair = self.alike(term, made, e)
            if pair is None:
                return None
            value = cast(tree.Const, pair[1]).value
            if value not in values:
                values.append(value)
        return tree.OneOf(term, tuple(values))

    def missing(self, e: exp.Expression) -> Node | None:
        part = self.node(e.this)
        if not isinstance(e.expression, exp.Null) or not isinstance(part, tree.Ask):
            if part is not None:
                self.fault(
                    _start(e), t("only a field can be tried for being missing"), t("Write such as: rai_maple is null")
                )
            return None
        return tree.Unknown(part.field)

    def choice(self, e: exp.Expression) -> Node | None:
        if e.args.get("default") is None:
            self.fault(
                _start(e), t("a case needs an else"), t("Write such as: case when age < 18 then 0 else 12.50 end")
            )
            return None
        branches = [(self.condition(b.this), self.number(b.args["true"])) for b in e.args.get("ifs", [])]
        otherwise = self.number(e.args["default"])
        if otherwise is None or any(c is None or v is None for c, v in branches):
            return None
        values = [*(v.type for _, v in branches if v), otherwise.type]
        scale = max(v.scale for v in values)
        digits = max(v.digits - v.scale for v in values) + scale
        return tree.Choice(
            tuple((c, v) for c, v in branches if c and v), otherwise, Type("decimal" if scale else "whole", digits, scale)
        )  # fmt: skip


Value_ = tree.Value
_OPERATORS: dict[type[Any], str] = {exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
_SUMS: dict[type[Any], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*"}
_TURNED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_Handler = Callable[[_Lowering, exp.Expression], Node | None]
_HANDLERS: dict[type, tuple[_Handler, set[str]]] = {
    exp.Paren: (_Lowering.paren, {"this"}),
    exp.And: (_Lowering.joined, {"this", "expression"}),
    exp.Or: (_Lowering.joined, {"this", "expression"}),
    exp.Not: (_Lowering.negated, {"this"}),
    exp.Literal: (_Lowering.literal, {"this", "is_string"}),
    exp.Neg: (_Lowering.minus, {"this"}),
    exp.Column: (_Lowering.name, {"this", "table", "db", "catalog"}),
    exp.Dot: (_Lowering.name, {"this", "expression"}),
    exp.Cast: (_Lowering.day, {"this", "to"}),
    exp.Between: (_Lowering.between, {"this", "low", "high"}),
    exp.In: (_Lowering.one_of, {"this", "expressions"}),
    exp.Is: (_Lowering.missing, {"this", "expression"}),
    exp.Case: (_Lowering.choice, {"ifs", "default"}),
    **{kind: (_Lowering.arithmetic, {"this", "expression"}) for kind in (exp.Add, exp.Sub, exp.Mul)},
    **{kind: (_Lowering.compared, {"this", "expression"}) for kind in _OPERATORS},
}


def _kind(type_: Type) -> str:
    return {
        "yes_no": t("a condition"), "whole": t("a number"), "decimal": t("a number"), "date": t("a date"),
        "code": t("a code"),
    }[type_.kind]  # fmt: skip


def _type_remedy(type_: Type) -> str:
    if type_.is_number:
        return t("Compare a number with a number, without quotes.")
    if type_.kind == "date":
        return t("Compare a date with a date, such as '2026-01-31'.")
    return t("Compare a code with a code of its list, in single quotes.")


def _digits(value: Decimal) -> Type:
    value = value.normalize()
    exponent = value.as_tuple().exponent
    scale = max(0, -exponent) if isinstance(exponent, int) else 0
    return Type("decimal" if scale else "whole", len(str(abs(int(value)))) + scale, scale)


def _is_fixed(node: Node) -> bool:
    return not any(
        isinstance(part, tree.Ask | tree.Unknown | tree.Lookup | tree.EarlierLine) for part in tree.walk(node)
    )


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else None
    except ValueError:
        return None


def _depth(e: exp.Expression) -> int:
    """Levels of the parsed tree. A chain of and, or of or, is one level, however long."""
    deepest, stack = 0, [(e, 1)]
    while stack:
        node, level = stack.pop()
        deepest = max(deepest, level)
        for child in node.iter_expressions():
            chained = isinstance(node, exp.And | exp.Or) and type(child) is type(node)
            plain = isinstance(child, exp.Paren | exp.Identifier | exp.Column | exp.Literal)
            stack.append((child, level if chained or plain else level + 1))
    return deepest


def _start(e: Any) -> int:
    """Where the expression's first name or number stands in the text."""
    if isinstance(e, exp.Expression):
        starts = [n.meta["start"] for n in e.walk() if "start" in n.meta]
        return min(starts, default=0)
    return 0
