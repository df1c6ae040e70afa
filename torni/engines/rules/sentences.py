"""A leaf as a sentence in the reader's language, from the field's own opening words and one pattern a comparison."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from torni.core.language import _, choose, language, number, t
from torni.engines.rules import tree
from torni.engines.rules.evaluate import Facts, function
from torni.engines.rules.tree import Field, Node, Value


def sentence(leaf: Node, facts: Facts | None = None, *, yours: bool = False) -> str:
    """What the leaf asks, as a whole sentence without its full stop: "the client's age is at least 75 years"; `yours`: said to the
    client, "your age is ...".

    Sums and tables beside a field are told by their value for these facts, where facts are given.
    """
    match leaf:
        case tree.Ask(field):
            return _opening(field, yours)
        case tree.Unknown(field):
            return t("{field} is not known", field=label(field))
        case tree.Compare(operator, tree.Ask(field), right):
            return f"{_opening(field, yours)} {_compared(operator, _term(right, field, facts))}"
        case tree.Compare(operator, left, right):
            return f"{_term(left, None, facts)} {_IS[operator]} {_term(right, None, facts)}"
        case tree.OneOf(tree.Ask(field), values):
            listed = ", ".join(shown(v, field) for v in values)
            if len(values) == 1:
                return f"{_opening(field, yours)} {listed}"
            return f"{_opening(field, yours)} " + t("one of these: {values}", values=listed)
        case tree.OneOf(term, values):
            return f"{_term(term, None, facts)}: {', '.join(str(v) for v in values)}"
    return ""


def label(field: Field) -> str:
    return choose(field.label) if field.label else field.name


def shown(value: Value | None, field: Field | None) -> str:
    """A value with its unit, as this language writes it."""
    if value is None:
        return t("not known")
    if isinstance(value, bool):
        return t("yes") if value else t("no")
    if isinstance(value, date):
        return day(value)
    if isinstance(value, str):
        known = field.code_labels.get(value) if field else None
        return choose(known) if known else value
    own = max(0, -int(Decimal(value).as_tuple().exponent))
    decimals = own if field is None or field.halves_up else field.decimals
    text = number(value, decimals)  # type: ignore[arg-type]
    unit = choose(field.unit) if field and field.unit else ""
    return f"{text} {unit}".rstrip()


def day(value: date) -> str:
    """A date as this language writes it: 22.11.2026, in English 22 November 2026."""
    if language() != "en":
        return f"{value.day}.{value.month}.{value.year}"
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def _opening(field: Field, yours: bool) -> str:
    said = field.yours if yours and field.yours else field.said
    return choose(said) if said else label(field)


def _compared(operator: str, value: str) -> str:
    pattern = {
        "=": _("{value}"), "<": _("under {value}"), "<=": _("at most {value}"), ">": _("over {value}"), ">=": _("at least {value}"),
    }[operator]  # fmt: skip
    return pattern.format(value=value)


def _term(node: Node, field: Field | None, facts: Facts | None) -> str:
    match node:
        case tree.Const(value) | tree.Param(_, value):
            return shown(value, field)
        case tree.Ask(other) if facts is None or facts.get(other.name) is None:
            return label(other)
        case tree.Ask(other):
            return f"{label(other)} ({shown((facts or {})[other.name], other)})"
    if facts is not None and (value := function(node)(facts)) is not None:
        return shown(value, field)
    return _reckoned(node)


def _reckoned(node: Node) -> str:
    """A sum or a date reckoned from fields, told by its parts."""
    match node:
        case tree.Const() | tree.Param() | tree.Ask():
            return _term(node, None, None)
        case tree.Arithmetic(operator, left, right):
            sign = {"*": "×", "-": "−"}.get(operator, operator)
            return f"{_reckoned(left)} {sign} {_reckoned(right)}"
        case tree.Shift(inner, count, unit):
            amount = t("{n} days", n=abs(count)) if unit == "day" else t("{n} months", n=abs(count))
            return f"{_reckoned(inner)} {'−' if count < 0 else '+'} {amount}"
        case tree.EarlierLine(name):
            return name
    return t("the reckoned value")


_IS = {"=": "=", "<": "<", "<=": "≤", ">": ">", ">=": "≥"}
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
