"""What a decision letter rests on, in the client's own words: reasons, fees by channel, law by section, review, who tells more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from torni.core import deadlines
from torni.core.language import ngettext, number, t
from torni.engines.rules import tree
from torni.engines.rules.reasoning import Leaf, State
from torni.engines.rules.sentences import day, label, shown
from torni.facts.door import local_day
from torni.guidance.case import Decision, Review
from torni.guidance.fees import Reckoned, line_value, money, names, unit_text
from torni.guidance.paid_by import whole_hours
from torni.guidance.proposal import HOURS, Proposal, reason_text
from torni.guidance.review import last_day
from torni.guidance.state_names import channel_name, leaf_state
from torni.services.library import Library
from torni.services.schema import Source

DECIDING, VOUCHERS = "decision_law", "voucher_law"


@dataclass(frozen=True)
class Reason:
    text: str
    state: str
    source: str
    leaves: list[str]


@dataclass(frozen=True)
class Fee:
    title: str
    lines: list[tuple[str, str]]
    conclusion: str


@dataclass(frozen=True)
class Head:
    """Who decides and how it is reached. `lacking`: what of it is not known or not checked, as sentences for the official."""

    name: str
    contact: list[str]
    reached: str
    review_body: str
    court: str
    lacking: list[str]


def authority(library: Library) -> Head:
    """The region's authority; of a region that does not tell it, its name alone, and that the rest is missing."""
    told = library.region.authority
    if told is None:
        missing = t("The authority's address is not written in the region's definitions: add `authority` to region.yaml before a letter is sent.")  # fmt: skip
        return Head(str(library.region.name), [], "", "", "", [missing])
    source = library.sources[told.source]
    ways = [part for part in (str(told.address), told.email, told.phone) if part]
    opened = [t("Open: {hours}", hours=told.open)] if told.open else []
    lacking = [str(source.title)] if source.assumed else []
    return Head(
        str(told.name),
        [*ways, *opened],
        "; ".join([*ways, *opened]),
        str(told.review_body or ""),
        str(told.court or ""),
        lacking,
    )


def inside(name: str) -> str:
    """A service's name inside a sentence: it begins small, unless its first letters are capitals (an abbreviation)."""
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]


def hours_of(d: Proposal) -> Decimal | None:
    """The hours a month of the service, where its fee or its channels are reckoned by them."""
    hours = d.client.facts.get(HOURS)
    return Decimal(hours) if d.by_the_hour and isinstance(hours, int | Decimal) else None


def hours_text(hours: Decimal | int) -> str:
    whole = hours == int(hours)
    text = ngettext("{n} hour a month", "{n} hours a month", int(hours)) if whole else t("{n} hours a month")
    return text.format(n=number(float(hours), 0 if whole else 2))


def changes(made: Decision, before: Decision) -> list[str]:
    """Which decision this one takes the place of, and what of a service that goes on becomes other than it was."""
    told = [
        t(
            "This decision takes the place of decision number {number}, made on {day}.",
            number=before.position,
            day=day(local_day(before.at)),
        )
    ]
    if not made.continued or before.verdict != "granted":
        return told
    was, now = before.hours_decided, made.hours_decided
    moved = was is not None and now is not None and was != now
    if was is not None and now is not None and moved:
        told.append(t("The hours change: until now {was}, from now on {now}.", was=hours_text(was), now=hours_text(now)))  # fmt: skip
    if before.channel and made.channel and before.channel != made.channel:
        told.append(t("The way in which the service is arranged changes: until now {was}, from now on {now}.", was=inside(channel_name(before.channel)), now=inside(channel_name(made.channel))))  # fmt: skip
    if len(told) == 1:
        told.append(t("The amount of the service and the way in which it is arranged do not change."))
    return told


def answer_by(library: Library) -> date:
    """Until when further facts are to be given, when the letter leaves on the rules' day."""
    return deadlines.last_day(library.as_of + timedelta(days=int(library.number("appeal.facts_days"))))


def judged(made: Decision) -> list[Reason]:
    """What the official judged, and why where that is not what the rules proposed, before the rules' own reasons."""
    texts = [made.judgement, made.why if made.deviates else ""]
    if not any(texts):
        return []
    title = (
        t("The official's own judgement differs from what the criteria below alone would give")
        if made.deviates
        else t("The official's own judgement")
    )
    return [Reason(str(title), "", "", [text for text in texts if text])]


def reasons(d: Proposal) -> list[Reason]:
    """Each criterion, quoted as one (it speaks of any client), with its state, and of it what decides: nothing that did not, for it would read as its own opposite. What is not
    known is left out of a refusal, which does not rest on it; a source that is invented is told once, at the head, and one that is no legal ground not at all."""
    sources = d.rules.library.sources
    return [
        Reason(t("Criterion: {text}", text=str(c.text).rstrip(".")), leaf_state(state), str(sources[c.source].title) if named(sources[c.source]) else "", _leaves(d, i, "held" if state == "open" else state))
        for i, (c, state) in enumerate(d.criteria_told) if state != "missing" or d.verdict != "refused"
    ]  # fmt: skip


def named(source: Source) -> bool:
    """Does a client's letter name it: law, or what the authority itself has decided?"""
    return not (source.invented or source.assumed or source.background)


def _leaves(d: Proposal, criterion: int, state: State) -> list[str]:
    told = [_leaf(leaf, state, d) for leaf in d.leaves if leaf.criterion == criterion and leaf.decided]
    return [text for text in told if text]


def _leaf(leaf: Leaf, criterion: State, d: Proposal) -> str:
    """What was found, as a sentence that holds as it stands; empty of what only asks whether a fact is known, and it is."""
    text = reason_text(leaf, d.client, yours=True)
    if isinstance(leaf.node, tree.Unknown):
        return t("{field}: not known, and no obstacle", field=label(leaf.node.field)) if leaf.state == "held" else ""
    if leaf.state == "missing":  # a sentence with a value tells it by itself
        return f"{text}: {leaf_state(leaf.state)}" if isinstance(leaf.node, tree.Ask) else text
    if leaf.state == criterion:
        return text if leaf.state == "held" else f"{text}: {leaf_state(leaf.state)}"
    asked = tree.fields(leaf.node)
    found = d.client.facts.get(asked[0].name) if len(asked) == 1 else None
    if found is not None and not isinstance(found, bool):  # neither as it is asked nor its opposite: what was found
        return f"{label(asked[0])}: {shown(found, asked[0])}"
    if leaf.state == "not_held":  # the criterion asks that it be not so
        return t("As the criterion asks, this is not so: {reason}", reason=inside(text))
    return t("Against the criterion, this is so: {reason}", reason=inside(text))


def fees(d: Proposal, made: Decision | None) -> list[Reckoned]:
    """What is reckoned for the client: of a decision, by its channel (own share instead of the fee); of a draft, every open way."""
    if made is None:
        return [*d.fees, *(d.values[n] for n, _c, opened in d.channels if opened and n in d.values)]
    paid = d.values.get(made.channel)
    return ([paid] if paid else []) + ([] if paid and made.channel == "voucher" else list(d.fees))


def fee(d: Proposal, fee: Reckoned, made: Decision | None) -> Fee:
    """A fee or a value with its lines and what follows of it for the client, under the channel that it is of."""
    definition = fee.formula.definition
    channel = next((name for name, value in d.values.items() if value is fee), "")
    if fee.amount is None:
        told = [t("The amount cannot be reckoned yet: not known {fields}.", fields=names(fee.because))]
    elif definition.paid_by == "client":
        amount = money(fee.amount) + unit_text(definition.unit)
        told = [t("Your fee is {amount}.", amount=amount) if fee.amount else t("No fee is charged.")]
        if definition.unit == "EUR/month" and fee.amount:
            told.append(t("If the fee endangers your livelihood, you may ask for it to be lowered or left uncharged (Act on Client Fees 734/1992, section 11)."))  # fmt: skip
    else:
        told = _value(d, channel, fee, fee.amount)
    title = str(definition.what) if not channel else f"{channel_name(channel)}: {inside(str(definition.what))}"
    lines = [(str(line.what), line_value(line, value)) for line, value in fee.lines if line.shown]
    return Fee(title, lines, " ".join([*told, *(n for n in fee.notes if definition.paid_by == "client")]))


def _value(d: Proposal, channel: str, fee: Reckoned, amount: Decimal) -> list[str]:
    told = [t("Value: {amount}", amount=money(amount)) + unit_text(fee.formula.definition.unit) + "."]
    if channel != "voucher" and not _of_a_voucher(d, fee):
        return [*told, t("The organiser pays this: it is not a client's fee.")]
    hours = whole_hours(d.client)
    if hours and fee.formula.definition.unit == "EUR/hour":
        told.append(t("For {hours} hours a month the voucher pays at most {amount} a month.", hours=hours, amount=money(amount * hours)))  # fmt: skip
    return [*told, t("You choose the producer among those that the wellbeing services county has approved. You pay the producer the difference between its price and the voucher's value (your own share). No client fee is charged. You may refuse the voucher.")]  # fmt: skip


def _of_a_voucher(d: Proposal, fee: Reckoned) -> bool:
    """Is it what some service's voucher is worth? A voucher may be granted as a service of its own, which has no channels."""
    ways = (s.channels.voucher for s in d.rules.library.services.values())
    return any(w is not None and w.value and d.rules.formulas.get(w.value) is fee.formula for w in ways)


def channels(d: Proposal, made: Decision | None) -> list[str]:
    """How the service is arranged; of a draft, the ways that are open."""
    open_to = [(n, c) for n, c, opened in d.channels if (n == made.channel if made else opened)]
    return [f"{channel_name(n)}." + (f" {c.text}" if c.text else "") for n, c in open_to]


def notices(d: Proposal, fees: Sequence[Reckoned], head: Head) -> list[str]:
    """What keeps the letter from being sent as it is, and what it takes as so without knowing it."""
    told = [t("For demonstration: the limits of granting are example values.")] if d.invented else []
    if any(f.invented for f in fees):
        told.append(t("For demonstration: some amounts are example values."))
    if told:
        told.append(t("The letter may not be given to a client."))
    return [*told, *dict.fromkeys(text for f in fees for text in f.assumed_told), *head.lacking]


def law(d: Proposal, fees: Sequence[Reckoned], made: Decision | None) -> list[str]:
    """What the decision rests on, once each: the law by section first, then the criteria and the amounts of the day.

    Of a formula that states its legal ground, that; the document its way of reckoning was read from is told where there is none. What
    is invented or assumed is no ground, and the head of the letter tells it; a guide or another region's table is none either.
    """
    library = d.rules.library
    sources = library.sources
    decided = d.granting.service.criteria
    by_law = [sources[name] for name in (decided.law if decided else [])]
    used_channels = {made.channel} if made else {n for n, _c, opened in d.channels if opened}
    if "voucher" in used_channels and VOUCHERS in sources and sources[VOUCHERS] not in by_law:
        by_law.append(sources[VOUCHERS])
    grounds = [str(f.formula.definition.legal_basis) for f in fees if f.formula.definition.legal_basis]
    rest = [sources[c.source] for c in d.granting.criteria]
    for node in [*d.granting.nodes, *(n for f in fees for _, n in f.formula.lines)]:
        for part in tree.walk(node):
            if isinstance(part, tree.Param):
                rest.append(library.value(part.name).source)
            elif isinstance(part, tree.Lookup):
                dated = [v for v in d.rules.table_definitions[part.table.name].values if v.from_ <= library.as_of]
                rest.append(sources[dated[-1].source])
    rest += [sources[f.formula.definition.source] for f in fees if not f.formula.definition.legal_basis]
    deciding = [sources[DECIDING]] if DECIDING in sources else []
    told = [
        *(str(s.title) for s in by_law),
        *grounds,
        *(str(s.title) for s in deciding),
        *(_dated(s) for s in rest if named(s)),
    ]
    return list(dict.fromkeys(told))


def _dated(source: Source) -> str:
    year = source.published[:4]
    return str(source.title) if year in str(source.title) else f"{source.title} ({year})"


def review(library: Library, head: Head, sent: date) -> list[str]:
    """How to ask for a review, by the administrative procedure act: until when, of whom, where, and what is written."""
    days, notice = (int(library.number(name)) for name in ("appeal.days", "appeal.notice_days"))
    source = library.value("appeal.days").source.title
    where = t("The request is decided by: {body}.", body=head.review_body) if head.review_body else ""
    bring = t(
        "Bring or send the request to: {where}.", where=f"{head.name}, {head.reached}" if head.reached else head.name
    )
    return [
        t("If you are not satisfied with this decision, you may ask for it to be reviewed. Make the request in writing to the wellbeing services county within {n} days of notice of the decision. The day of notice is not counted.", n=days),
        " ".join(part for part in (where, bring) if part),
        t("You are taken to have had notice on the {n}th day after the letter was posted, unless otherwise shown. If the letter is posted on {day}, the last day is {last}.", n=notice, day=day(sent), last=day(last_day(sent, library))),
        t("Write in the request which decision you want reviewed, how you want it changed and why, and your name and contact details. Sign a request on paper. One sent on your own page needs no signature."),
        t("Source: {source}.", source=f"{source}; {library.sources['time_limits_act_150_1930'].title}"),
    ]  # fmt: skip


def further(made: Decision | Review | None, head: Head) -> list[str]:
    """Who tells more of the decision: the official, and how the authority is reached."""
    who = (
        ", ".join(
            part
            for part in (
                (made.decided[1] if made.decided else "") if isinstance(made, Review) else made.by,
                made.title,
                made.phone,
            )
            if part
        )
        if made
        else ""
    )
    return [part for part in (who, f"{head.name}: {head.reached}" if head.reached else head.name) if part]
