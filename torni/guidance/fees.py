"""A fee reckoned line by line, and what of it the yearly ceiling leaves to pay."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from torni.core.faults import BadInput
from torni.core.language import Message, number, per_cent, t
from torni.engines.rules import tree
from torni.engines.rules.evaluate import Facts, function
from torni.engines.rules.sentences import label
from torni.engines.rules.tree import Field, Node
from torni.guidance.client import Client
from torni.services.rules import Reckoning, Rules
from torni.services.schema import FormulaLine, Source

CEILING = "fee.ceiling_year"


@dataclass(frozen=True)
class Ceiling:
    """The yearly ceiling for this client: its amount, fees that have counted towards it, and what is left."""

    limit: Decimal
    paid: Decimal

    @property
    def left(self) -> Decimal:
        return max(Decimal("0.00"), self.limit - self.paid)


@dataclass(frozen=True)
class Cost:
    """What producing the service costs, and whether the fee would have been more (`limits`)."""

    formula: str
    eur: Decimal | None
    limits: bool


@dataclass(frozen=True)
class Reckoned:
    """One formula reckoned for one client. `amount` is None when a fact that matters is missing (`because`).

    `amount` is what is to be paid: where the formula counts towards the ceiling, no more than the ceiling leaves. `by_rule` is
    before the ceiling, and of a client fee at most what producing the service costs (`cost`, None where that is not known).
    """

    formula: Reckoning
    lines: tuple[tuple[FormulaLine, Decimal | int | None], ...]
    by_rule: Decimal | None
    amount: Decimal | None
    because: tuple[Field, ...]
    ceiling: Ceiling | None
    invented: bool
    assumed: tuple[Source, ...] = ()  # the sources of its amounts that have not been read for the day

    @property
    def cost(self) -> Cost | None:
        if not self.formula.held_to_cost:
            return None
        eur, own = self.lines[-2][1], self.lines[len(self.formula.definition.lines) - 1][1]
        return Cost(
            str(self.formula.definition.cost), None if eur is None else Decimal(eur), None not in (eur, own) and own > eur  # type: ignore[operator]
        )  # fmt: skip

    @property
    def assumed_told(self) -> list[str]:
        """Which of its amounts have not been read for the day, a sentence each."""
        return [t("Assumed: {source}", source=str(source.title)) for source in self.assumed]

    @property
    def cost_told(self) -> str:
        """What the cost made of a client's fee, as a sentence; nothing where it made no difference."""
        decided = self.formula.definition
        if decided.paid_by != "client":
            return ""
        if self.cost is None and decided.cost is None and decided.note:
            return str(decided.note)  # why no cost limits it
        if self.cost is None:
            return t("The cost of producing the service is not known, so the fee has not been held to it.")
        return t("The fee is cut to what producing the service costs.") if self.cost.limits else ""

    def json(self) -> dict[str, Any]:
        d = self.formula.definition
        return {
            "formula": self.formula.id,
            "what": str(d.what),
            "unit": d.unit,
            "paid_by": d.paid_by,
            "amount_eur": None if self.amount is None else float(self.amount),
            "by_rule_eur": None if self.by_rule is None else float(self.by_rule),
            "lines": [
                {"id": line.id, "text": str(line.what), "value": None if v is None else float(v), "unit": line.unit, "shown": line_value(line, v)}
                for line, v in self.lines
            ],
            "ceiling": None
            if self.ceiling is None
            else {
                "counts": d.counts_towards_ceiling, "limit_eur": float(self.ceiling.limit), "paid_eur": float(self.ceiling.paid),
                "left_eur": float(self.ceiling.left),
            },
            "cost": None
            if self.cost is None
            else {"formula": self.cost.formula, "eur": None if self.cost.eur is None else float(self.cost.eur), "limits": self.cost.limits},
            "rule_version": self.formula.version,
            "undecided_because": [f.name for f in self.because],
            "invented": self.invented,
            "assumed": [str(source.title) for source in self.assumed],
        }  # fmt: skip


def reckon_fee(rules: Rules, formula: str, client: Client) -> Reckoned:
    """The formula's lines and amount for a client. An unknown formula, or one without values on the day, is a fault."""
    return reckon(rules, rules.formula(formula), client.facts)


def reckon(rules: Rules, formula: Reckoning, facts: Facts) -> Reckoned:
    known = dict(facts)
    lines: list[tuple[FormulaLine, Decimal | int | None]] = []
    for line, run in formula.functions:
        value = run(known)
        known[f"line.{line.id}"] = value
        lines.append((line, value))
    last = lines[-1][1]
    by_rule = None if last is None else Decimal(last)
    nodes = {line.id: node for line, node in formula.lines}
    because = () if by_rule is not None else tuple(_blocking(formula.lines[-1][1], known, nodes).values())
    ceiling = _ceiling(rules, facts) if formula.definition.paid_by == "client" else None
    amount = by_rule
    if amount is not None and ceiling is not None and formula.definition.counts_towards_ceiling:
        amount = min(amount, ceiling.left)
    sources = _sources(rules, [n for _, n in formula.lines])
    return Reckoned(
        formula,
        tuple(lines),
        by_rule,
        amount,
        because,
        ceiling,
        any(s.invented for s in sources),
        tuple(s for s in sources if s.assumed),
    )


def line_value(line: FormulaLine, value: Decimal | int | None) -> str:
    """A line's value as a letter writes it: shares as per cent, money to the cent."""
    if value is None:
        return t("not known")
    if line.unit == "share":
        share = float(value)
        return per_cent(share, 2 if round(share * 100, 1) != round(share * 100, 4) else 1)
    if line.unit.startswith("EUR"):
        return f"{money(value)}{unit_text(line.unit)}"
    return f"{number(float(value), max(0, -int(Decimal(value).as_tuple().exponent)))} {line.unit}"


def money(amount: Decimal | int | float) -> str:
    return t("{amount} euros", amount=number(float(amount), 2))


def unit_text(unit: str) -> str:
    """What follows an amount: a month, an hour, a visit."""
    told = {
        "month": Message("a month"),
        "hour": Message("an hour"),
        "visit": Message("a visit"),
        "year": Message("a year"),
    }
    _, _, per = unit.partition("/")
    return f" {told[per]}" if per in told else ""


def rests_on_invented(rules: Rules, nodes: list[Node]) -> bool:
    """Does any parameter or table that the trees ask for come from a source that is invented?"""
    return any(source.invented for source in _sources(rules, nodes))


def _sources(rules: Rules, nodes: list[Node]) -> list[Source]:
    """The sources of the day's parameters and tables that the trees ask for, each once, in their order."""
    found: dict[str, Source] = {}
    for node in nodes:
        for part in tree.walk(node):
            if isinstance(part, tree.Param):
                source = rules.library.value(part.name).source
            elif isinstance(part, tree.Lookup):
                begun = [v for v in rules.table_definitions[part.table.name].values if v.from_ <= rules.library.as_of]
                source = rules.library.sources[begun[-1].source]
            else:
                continue
            found.setdefault(str(source.title), source)
    return list(found.values())


def _ceiling(rules: Rules, facts: Facts) -> Ceiling | None:
    try:
        limit = rules.library.value(CEILING).value
    except BadInput:
        return None
    paid = facts.get("fees_paid_this_year_eur")
    if not isinstance(limit, Decimal) or not isinstance(paid, Decimal):
        return None
    return Ceiling(limit, paid)


def _blocking(node: Node, facts: Facts, lines: dict[str, Node]) -> dict[str, Field]:
    """The missing fields that this node's value waits for, or may come to wait for once its conditions are known."""
    match node:
        case tree.Ask(field):
            return {field.name: field} if facts.get(field.name) is None else {}
        case tree.Lookup(table):
            return {d.name: d for d in table.dimensions if facts.get(d.name) is None}
        case tree.Line(name):
            return _blocking(lines[name], facts, lines) if facts.get(f"line.{name}") is None else {}
        case tree.Choice(branches, otherwise):
            waits: dict[str, Field] = {}
            for condition, value in branches:
                held = function(condition)(facts)
                if held is None:
                    waits |= _blocking(condition, facts, lines)
                if held is not False:
                    waits |= _blocking(value, facts, lines)
                if held:
                    return waits
            return waits | _blocking(otherwise, facts, lines)
    found: dict[str, Field] = {}
    for child in tree.children(node):
        if function(child)(facts) is None:
            found |= _blocking(child, facts, lines)
    return found


def names(fields: tuple[Field, ...]) -> str:
    return ", ".join(label(f) for f in fields)
