"""A fee reckoned line by line, and what of it the yearly ceiling leaves to pay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from torni.core.faults import BadInput
from torni.core.language import Message, number, per_cent, t
from torni.core.shown import Shown
from torni.engines.rules import tree
from torni.engines.rules.evaluate import Facts, function
from torni.engines.rules.sentences import label
from torni.engines.rules.tree import Field, Node
from torni.guidance.client import Client
from torni.services.rules import Reckoning, Rules
from torni.services.schema import FormulaLine, Source
from torni.services.unit_names import unit_name

CEILING = "fee.ceiling_year"


@dataclass(frozen=True)
class Ceiling:
    """The yearly ceiling for this client: its amount, fees that have counted towards it, and what is left; both None where what has been
    paid this year is not known."""

    limit: Decimal
    paid: Decimal | None

    @property
    def left(self) -> Decimal | None:
        return None if self.paid is None else max(Decimal("0.00"), self.limit - self.paid)


@dataclass(frozen=True)
class Cost:
    """What producing the service costs, and whether the fee would have been more (`limits`)."""

    formula: str
    eur: Decimal | None
    limits: bool


@dataclass(frozen=True)
class Reckoned(Shown):
    """One formula reckoned for one client. `amount` is None when a fact that matters is missing (`because`).

    `amount` is what is to be paid: where the formula counts towards the ceiling, no more than the ceiling leaves. `by_rule` is
    before the ceiling, and of a client fee at most what producing the service costs (`cost`, None where that is not known).
    """

    _shown_by: ClassVar[str] = "torni.notebook.shows:reckoned"

    formula: Reckoning
    lines: tuple[tuple[FormulaLine, Decimal | int | None], ...]
    by_rule: Decimal | None
    amount: Decimal | None
    because: tuple[Field, ...]
    ceiling: Ceiling | None
    invented: bool
    assumed: tuple[Source, ...] = ()  # the sources of its amounts that have not been read for the day
    assumptions: tuple[str, ...] = ()  # what is taken as so without being known

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
        """What of it rests on what is not known: amounts not read or not checked for the day, facts taken as so; a sentence each."""
        return [*(t("Assumed: {source}", source=str(source.title)) for source in self.assumed), *self.assumptions]

    @property
    def notes(self) -> list[str]:
        """What is to be known with the amount, a sentence each: who pays it, what is left of the ceiling, the formula's note, its cost."""
        d = self.formula.definition
        payer = "" if d.paid_by == "client" else t("The organiser pays this: it is not a client's fee.")
        return [told for told in (payer, self.ceiling_told, str(d.note or ""), self.cost_told) if told]

    @property
    def ceiling_told(self) -> str:
        """What is left of the yearly ceiling, as a sentence; nothing where the fee does not count towards it."""
        if self.ceiling is None or not self.formula.definition.counts_towards_ceiling:
            return ""
        if self.ceiling.paid is None or self.ceiling.left is None:
            return t("What is left of the yearly ceiling {limit} is not known: the fees of this year are not told. When it is full, nothing is paid.", limit=money(self.ceiling.limit))  # fmt: skip
        return t(
            "Of the yearly ceiling {limit}, {left} is left.",
            limit=money(self.ceiling.limit),
            left=money(self.ceiling.left),
        )

    @property
    def cost_told(self) -> str:
        """What the cost made of a client's fee, as a sentence; nothing where it made no difference."""
        decided = self.formula.definition
        if decided.paid_by != "client":
            return ""
        if self.cost is None and decided.cost is None and decided.note:
            return ""  # the note says why no cost limits it
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
                "counts": d.counts_towards_ceiling, "limit_eur": float(self.ceiling.limit),
                "paid_eur": None if self.ceiling.paid is None else float(self.ceiling.paid),
                "left_eur": None if self.ceiling.left is None else float(self.ceiling.left),
            },
            "cost": None
            if self.cost is None
            else {"formula": self.cost.formula, "eur": None if self.cost.eur is None else float(self.cost.eur), "limits": self.cost.limits},
            "rule_version": self.formula.version,
            "undecided_because": [f.name for f in self.because],
            "invented": self.invented,
            "assumed": [str(source.title) for source in self.assumed],
            "assumptions": list(self.assumptions),
            "notes": self.notes,
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
    counts = formula.definition.counts_towards_ceiling
    ceiling = _ceiling(rules, facts, counts) if formula.definition.paid_by == "client" else None
    amount = by_rule
    if amount is not None and counts and ceiling is not None and ceiling.left is not None:
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
        tuple(_assumptions(rules, formula, facts)),
    )


def _assumptions(rules: Rules, formula: Reckoning, facts: Facts) -> Iterator[str]:
    """What the formula takes as so for this client, and that its amounts may have changed since they were last checked."""
    for assumed, condition in formula.assumes:
        told = assumed.field is not None and facts.get(assumed.field) is not None
        if not told and function(condition)(facts) is not False:
            yield str(assumed.text)
    if text := checked_told(rules, [node for _, node in formula.lines]):
        yield text


def checked_told(rules: Rules, nodes: Sequence[Node]) -> str:
    """That the amounts are not known to hold in the year of the rules' day, as a sentence; nothing where they were checked for it."""
    checked = rules.last_checked(nodes)
    if checked is None or rules.library.as_of.year <= checked.year:
        return ""
    return t("The amounts were last checked in {checked}: it is not known whether they hold in {year}.", checked=checked.year, year=rules.library.as_of.year)  # fmt: skip


def line_value(line: FormulaLine, value: Decimal | int | None) -> str:
    """A line's value as a letter writes it: shares as per cent, money to the cent."""
    if value is None:
        return t("not known")
    if line.unit == "share":
        share = float(value)
        return per_cent(share, 2 if round(share * 100, 1) != round(share * 100, 4) else 1)
    if line.unit.startswith("EUR"):
        return f"{money(value)}{unit_text(line.unit)}"
    return f"{number(float(value), max(0, -int(Decimal(value).as_tuple().exponent)))} {unit_name(line.unit)}"


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


def _ceiling(rules: Rules, facts: Facts, counts: bool) -> Ceiling | None:
    try:
        limit = rules.library.value(CEILING).value
    except BadInput:
        return None
    paid = facts.get("fees_paid_this_year_eur")
    if not isinstance(limit, Decimal) or (paid is None and not counts):
        return None
    return Ceiling(limit, Decimal(paid) if isinstance(paid, int | Decimal) else None)


def _blocking(node: Node, facts: Facts, lines: dict[str, Node]) -> dict[str, Field]:
    """The missing fields that this node's value waits for, or may come to wait for once its conditions are known."""
    match node:
        case tree.Ask(field):
            return {field.name: field} if facts.get(field.name) is None else {}
        case tree.Lookup(table):
            return {d.name: d for d in table.dimensions if facts.get(d.name) is None}
        case tree.EarlierLine(name):
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
