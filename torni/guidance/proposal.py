"""One client, one service: the proposed verdict with every reason, what is missing, what would change it, the fee.

A proposal: the official decides. RAI scores never decide alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from torni.core.language import t
from torni.core.shown import Shown
from torni.engines.rules import sql, tree
from torni.engines.rules.evaluate import function
from torni.engines.rules.reasoning import Leaf, LeastChange, State
from torni.engines.rules.sentences import label, sentence, shown
from torni.engines.rules.tree import Field
from torni.guidance.client import Client
from torni.guidance.fees import Reckoned, reckon, rests_on_invented
from torni.services.rules import Granting, Rules
from torni.services.schema import CHANNELS, Channel, Criterion

HOURS = "service_hours_month"  # the field of the hours of a service, decided a month
Verdict = Literal["granted", "refused", "undecided"]
Told = State | Literal["open"]  # open: what is not known, where the rule lets that pass; no ground is met by it
VERDICT: dict[bool | None, Verdict] = {True: "granted", False: "refused", None: "undecided"}


@dataclass(frozen=True)
class Proposal(Shown):
    """A proposed decision: never edited, reproducible from the facts, the day and the rule's version."""

    _shown_by: ClassVar[str] = "torni.notebook.shows:proposal"

    rules: Rules
    granting: Granting
    client: Client
    verdict: Verdict
    leaves: tuple[Leaf, ...]
    criteria: tuple[tuple[Criterion, State], ...]
    missing: tuple[tuple[Field, bool], ...]
    changes: tuple[LeastChange, ...]
    fees: tuple[Reckoned, ...]
    channels: tuple[tuple[str, Channel, bool | None], ...]
    values: Mapping[str, Reckoned]  # by channel: a voucher's value, a budget's month
    invented: bool

    @property
    def leaves_told(self) -> list[tuple[Leaf, Told]]:
        """Each leaf as it is told to people. What only asks whether a fact is known says nothing where it is known, and is left out;
        where it is not, the rule lets it pass (`open`), which is no ground met."""
        found: list[tuple[Leaf, Told]] = []
        for leaf in self.leaves:
            if not isinstance(leaf.node, tree.Unknown):
                found.append((leaf, leaf.state))
            elif leaf.state == "held":
                found.append((leaf, "open"))
        return found

    @property
    def criteria_told(self) -> list[tuple[Criterion, Told]]:
        """Each criterion as it is told to people: one that holds only because a fact is not known is `open`, not met."""
        met = {leaf.criterion for leaf, told in self.leaves_told if leaf.state == "held" and told == "held"}
        passed = {leaf.criterion for leaf, told in self.leaves_told if told == "open"} - met
        return [(c, "open" if state == "held" and i in passed else state) for i, (c, state) in enumerate(self.criteria)]

    @property
    def nearest(self) -> LeastChange | None:
        return self.changes[0] if self.changes else None

    @property
    def by_the_hour(self) -> bool:
        """Is what is paid reckoned by the hours of the service: by a formula that asks for them, or an amount of one hour?"""
        paid = [fee.formula for fee in (*self.fees, *self.values.values())]
        return any(f.definition.unit == "EUR/hour" or HOURS in {asked.name for asked in f.fields} for f in paid)

    @property
    def rests_on_scales(self) -> bool:
        """Does the verdict rest on an instrument's scale? Then the official's own judgement must stand beside it."""
        asked = {f.name for leaf in self.leaves if leaf.decided for f in tree.fields(leaf.node)}
        return any(self.rules.definitions[name].instrument is not None for name in asked)

    def source(self, leaf: Leaf) -> str:
        return str(self.rules.library.sources[self.granting.criteria[leaf.criterion].source].title)

    def json(self) -> dict[str, Any]:
        """The answer for machines; `reasons` has one item a leaf, in the order written."""
        library = self.rules.library
        service = self.granting.service
        facts = self.client.facts
        return {
            "service": service.id,
            "name": str(service.name),
            "region": library.region.id,
            "on": str(library.as_of),
            "verdict": self.verdict,
            "proposal": True,
            "needs_judgement": self.rests_on_scales,
            "reasons": [
                {
                    "text": reason_text(leaf, self.client), "state": leaf.state, "decided": leaf.decided, "source": self.source(leaf),
                    "criterion": self.granting.criteria[leaf.criterion].id, "rule": sql.source(leaf.node),
                    "fields": [f.name for f in tree.fields(leaf.node)],
                }
                for leaf in self.leaves
            ],
            "criteria": [
                {"id": c.id, "text": str(c.text), "state": state, "source": str(library.sources[c.source].title), "invented": library.sources[c.source].invented}
                for c, state in self.criteria
            ],
            "used": {f.name: _plain(facts[f.name]) for f in self.granting.reasoning.fields if facts.get(f.name) is not None},
            "missing": [f.name for f, _ in self.missing],
            "missing_facts": [
                {"field": f.name, "label": label(f), "could_change": matters, "why": self.client.stale.get(f.name, "")} for f, matters in self.missing
            ],
            "would_change": [
                {"field": c.field.name, "from": _plain(c.now), "to": _plain(c.to), "verdict": VERDICT[c.verdict], "text": change_text(c)}
                for c in self.changes
            ],
            "rule_version": self.granting.version,
            "fee": self.fees[0].json() if self.fees else {},
            "fees": [f.json() for f in self.fees],
            "channels": [
                {"channel": name, "open": opened, "text": str(channel.text or "")}
                | ({"value": self.values[name].json()} if name in self.values else {})
                for name, channel, opened in self.channels
            ],
            "invented": self.invented,
        }  # fmt: skip


def proposal_of(rules: Rules, service: str, client: Client) -> Proposal:
    """The proposed decision of a service for a client, under the rules' day. An unknown service is a fault."""
    granting = rules.service(service)
    reasoning, facts = granting.reasoning, client.facts
    decided = granting.service
    states = reasoning.criteria_states(facts)
    fees = [
        reckon(rules, rules.formulas[name], facts)
        for name in (decided.fees.formulas if decided.fees else [])
        if name in rules.formulas
    ]
    channels = []
    for name in CHANNELS:
        channel = getattr(decided.channels, name)
        if channel is not None:
            condition = rules.channel_conditions.get((decided.id, name))
            channels.append(
                (name, channel, channel.open if condition is None else _both(channel.open, function(condition)(facts)))
            )
    values = {n: reckon(rules, rules.formulas[c.value], facts) for n, c, _open in channels if c.value in rules.formulas}
    invented = rests_on_invented(rules, list(granting.nodes)) or any(
        rules.library.sources[c.source].invented for c in granting.criteria
    )
    return Proposal(
        rules, granting, client, VERDICT[reasoning.verdict(facts)], tuple(reasoning.leaves(facts)),
        tuple(zip(granting.criteria, states, strict=True)), tuple(reasoning.missing(facts)), tuple(reasoning.changes(facts)),
        tuple(fees), tuple(channels), values, invented,
    )  # fmt: skip


def reason_text(leaf: Leaf, client: Client, *, yours: bool = False) -> str:
    """A leaf as a sentence with what is known: "the client's age is at least 75 years (82 years)"; `yours`: said to the client."""
    text = sentence(leaf.node, client.facts, yours=yours)
    text = text[:1].upper() + text[1:]
    asked = tree.fields(leaf.node)
    if isinstance(leaf.node, tree.Ask | tree.Unknown) or len(asked) != 1:
        return text
    field = asked[0]
    known = client.facts.get(field.name)
    if known is None:
        return f"{text} ({client.stale.get(field.name) or t('not known')})"
    return f"{text} ({t('known: {value}', value=shown(known, field))})"


def change_text(change: LeastChange) -> str:
    """The change as a sentence: "If MAPLe were 4 (now 3), the service would be granted"."""
    after = {
        True: t("the service would be granted"), False: t("the service would be refused"), None: t("the matter would stay open")
    }[change.verdict]  # fmt: skip
    if isinstance(change.to, bool):
        held = t("it held") if change.to else t("it did not hold")
        return t("{field}: if {held}, {after}", field=label(change.field), held=held, after=after)
    to, now = shown(change.to, change.field), shown(change.now, change.field)
    return t("{field}: if it were {to} (now {now}), {after}", field=label(change.field), to=to, now=now, after=after)


def _both(opened: bool, held: bool | None) -> bool | None:
    return False if not opened else held


def _plain(value: Any) -> Any:
    from decimal import Decimal

    if isinstance(value, bool | int | str) or value is None:
        return value
    return float(value) if isinstance(value, Decimal) else str(value)
