"""The decision letter: what was decided and why, the fee, the sources, and how to ask for a review. HTML or tagged PDF.

The letter is a proposal until an official signs it, and says so. The same values make both forms.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from torni.core.faults import bad_input
from torni.core.language import language, t
from torni.engines.rules import tree
from torni.engines.rules.sentences import day, label, shown
from torni.facts.door import local_day
from torni.guidance.case import Decision
from torni.guidance.fees import Reckoned, line_value, money, names, unit_text
from torni.guidance.proposal import Proposal, reason_text
from torni.guidance.review import last_day
from torni.guidance.state_names import channel_name, leaf_state

_FOLDER = Path(__file__).parent / "letters"


@dataclass(frozen=True)
class Reason:
    text: str
    state: str
    source: str
    leaves: list[tuple[str, str]]


@dataclass(frozen=True)
class Fee:
    title: str
    lines: list[tuple[str, str]]
    conclusion: str
    source: str


@dataclass(frozen=True)
class Letter:
    """A decision letter's texts in one language, in the order they are read."""

    language: str
    title: str
    organiser: str
    addressee: list[str]
    dated: str
    notice: list[str]
    decision_heading: str
    decision: str
    reasons_heading: str
    reasons: list[Reason]
    facts_heading: str
    facts: list[tuple[str, str]]
    missing_heading: str
    missing: list[str]
    fee_heading: str
    fees: list[Fee]
    channels_heading: str
    channels: list[str]
    review_heading: str
    review: list[str]
    sources_heading: str
    sources: list[str]
    signature: list[str]
    version: str


def letter(decision: Proposal, made: Decision | None = None) -> Letter:
    """The letter of a decision in the language of the moment. `made`: what the official decided, where it has been decided; without
    it the letter is a draft of what the rules propose."""
    d, library = decision, decision.rules.library
    outcome = made.verdict if made else d.verdict
    name = str(d.granting.service.name)
    client = decision.client
    asked = {f.name: f for f in d.granting.reasoning.fields}
    paid = d.values.get(made.channel) if made and outcome == "granted" else None
    fees = ([paid] if paid else []) + (
        [] if paid and made and made.channel == "voucher" else list(d.fees)
    )  # own share instead of the fee
    if outcome == "granted":
        asked |= {f.name: f for fee in fees for f in fee.formula.fields}
    notice = [] if made else [t("This is a draft. The official decides, and the letter is valid when signed.")]
    if d.invented:
        notice.append(t("The limits of granting are invented for demonstration."))
    if any(f.invented for f in fees):
        notice.append(t("Some amounts are invented for demonstration."))
    notice += dict.fromkeys(told for f in fees for told in f.assumed_told)
    verdict = {
        "granted": t("{service} is granted to you.", service=name),
        "refused": t("{service} is not granted to you.", service=name),
        "undecided": t("The matter of {service} cannot be decided yet, because facts are missing.", service=name),
    }[outcome]
    verdict += _period(made) if made else ""
    if d.rests_on_scales or (made and made.deviates):
        verdict += " " + t("The decision rests on an assessment and on the official's own judgement of your situation.")
    reasons = [
        Reason(
            str(criterion.text), leaf_state(state), str(library.sources[criterion.source].title),
            [(reason_text(leaf, client), leaf_state(leaf.state)) for leaf in d.leaves if leaf.criterion == i],
        )
        for i, (criterion, state) in enumerate(d.criteria)
    ]  # fmt: skip
    known = [f for f in asked.values() if client.facts.get(f.name) is not None]
    measured = {k: t("measured {day}", day=day(v)) for k, v in client.measured.items()}
    return Letter(
        language(),
        {"granted": t("Decision"), "refused": t("Decision"), "undecided": t("Request for further facts")}[outcome] + f": {name}",
        str(library.region.name),
        [line for line in (client.letter.get("name", ""), *client.letter.get("address", "").split("\n")) if line.strip()],
        day(library.as_of), notice, t("What is decided") if outcome != "undecided" else t("The matter"), verdict,
        t("Reasons"), [*(_judged(made) if made else []), *reasons], t("Facts on which the decision rests"),
        [(label(f), shown(client.facts[f.name], f) + (f" ({measured[f.name]})" if f.name in measured else "")) for f in known],
        t("Facts that are missing"),
        [label(f) + (f": {client.stale[f.name]}" if f.name in client.stale else "") for f, matters in d.missing if matters or d.verdict == "undecided"],
        t("What is paid for you and what you pay") if paid else t("What you pay"), [_fee(d, fee) for fee in fees] if outcome == "granted" else [],
        t("How the service can be arranged"),
        [f"{channel_name(n)}." + (f" {c.text}" if c.text else "") + _own_share(n, paid) for n, c, opened in d.channels if opened and (not made or n == made.channel)] if outcome == "granted" else [],
        t("How to ask for a review"), _review(d) if outcome != "undecided" else [], t("Sources of the rules"), _sources(d, fees),
        [f"{day(local_day(made.at))}, {made.by}", t("Title")] if made else [t("Date and signature of the official"), t("Title")],
        t("Rule version {version}, definitions of {region} on {day}", version=d.granting.version, region=library.region.name, day=day(library.as_of)),
    )  # fmt: skip


def _own_share(channel: str, paid: Reckoned | None) -> str:
    if channel != "voucher" or paid is None:
        return ""
    return " " + t("You choose the producer among those approved, and pay the producer what its price exceeds the voucher's value by. The client fee of the service is not charged.")  # fmt: skip


def _period(made: Decision) -> str:
    if made.verdict != "granted" or made.first_day is None:
        return ""
    if made.last_day is None:
        return " " + t("The decision holds from {first} until further notice.", first=day(made.first_day))
    return " " + t("The decision holds from {first} to {last}.", first=day(made.first_day), last=day(made.last_day))


def _judged(made: Decision) -> list[Reason]:
    """What the official judged, and why where that is not what the rules proposed, before the rules' own reasons."""
    texts = [made.judgement, made.why if made.deviates else ""]
    if not any(texts):
        return []
    title = (
        t("The official's own judgement differs from what the criteria below alone would give")
        if made.deviates
        else t("The official's own judgement")
    )
    return [Reason(str(title), "", "", [(text, "") for text in texts if text])]


def write_letter(decision: Proposal, path: Path) -> None:
    """The letter into a file, by its ending: .html or .pdf."""
    if path.suffix == ".html":
        path.write_text(to_html(letter(decision)), encoding="utf-8")
    elif path.suffix == ".pdf":
        path.write_bytes(to_pdf(letter(decision)))
    else:
        raise bad_input(str(path), t("a letter is written as .html or .pdf"), t("Write such as letter.pdf."))


def to_html(letter: Letter) -> str:
    """One self-contained page: headings, tables with their headers, no script, nothing loaded from elsewhere."""
    return str(_template().render(letter=letter))


def to_pdf(letter: Letter) -> bytes:
    """A tagged PDF (PDF/UA-1) by Typst. The texts go in as data, never as markup."""
    return pdf("letter.typ", asdict(letter))


def pdf(template: str, content: dict[str, Any]) -> bytes:
    """A tagged PDF from a Typst template of this folder and its content."""
    import typst

    made = typst.compile(
        str(_FOLDER / template), sys_inputs={"content": json.dumps(content, ensure_ascii=False, default=str)}, pdf_standards=["ua-1"]
    )  # fmt: skip
    assert isinstance(made, bytes)
    return made


@cache
def _template() -> Any:
    import jinja2

    loader = jinja2.FileSystemLoader(_FOLDER)
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True).get_template("letter.html")  # fmt: skip


def _fee(d: Proposal, fee: Reckoned) -> Fee:
    definition = fee.formula.definition
    if fee.amount is None:
        conclusion = t("The amount cannot be reckoned yet: not known {fields}.", fields=names(fee.because))
    elif definition.paid_by == "client":
        conclusion = t("To pay: {amount}", amount=money(fee.amount)) + unit_text(definition.unit) + "."
    else:
        conclusion = t("Value: {amount}", amount=money(fee.amount)) + unit_text(definition.unit) + "."
    conclusion = " ".join([conclusion, *fee.notes])
    lines = [(str(line.what), line_value(line, value)) for line, value in fee.lines if line.shown]
    return Fee(str(definition.what), lines, conclusion, str(d.rules.library.sources[definition.source].title))


def _review(d: Proposal) -> list[str]:
    days, notice = (int(d.rules.library.number(name)) for name in ("appeal.days", "appeal.notice_days"))
    source = d.rules.library.value("appeal.days").source.title
    sent = d.rules.library.as_of
    return [
        t("If you are not satisfied with this decision, you may ask for it to be reviewed. The request is made in writing to the wellbeing services county within {n} days of notice of the decision.", n=days),
        t("You are taken to have had notice on the {n}th day after the letter was posted, unless you show otherwise. If the letter is posted on {day}, the last day is {last}.", n=notice, day=day(sent), last=day(last_day(sent, d.rules.library))),
        t("Write in the request which decision you want reviewed, how you want it changed and why, and your name and contact details. Sign it."),
        t("Source: {source}.", source=f"{source}; {d.rules.library.sources['time_limits_act_150_1930'].title}"),
    ]  # fmt: skip


def _sources(d: Proposal, fees: Sequence[Reckoned]) -> list[str]:
    """Every source that the reasons and the fee rest on, once each, with its year."""
    library = d.rules.library
    used = [c.source for c in d.granting.criteria]
    nodes = [*d.granting.nodes, *(n for f in fees for _, n in f.formula.lines)]
    found = [library.sources[s] for s in used]
    for node in nodes:
        for part in tree.walk(node):
            if isinstance(part, tree.Param):
                found.append(library.value(part.name).source)
            elif isinstance(part, tree.Lookup):
                dated = [v for v in d.rules.table_definitions[part.table.name].values if v.from_ <= library.as_of]
                found.append(library.sources[dated[-1].source])
    found += [library.sources[f.formula.definition.source] for f in fees]
    return list(
        dict.fromkeys(
            f"{s.title} ({_published(s.published)})" if s.published not in str(s.title) else str(s.title) for s in found
        )
    )


def _published(told: str) -> str:
    """The day, or the year alone, that a source was published, as a letter writes days."""
    try:
        return day(date.fromisoformat(told))
    except ValueError:
        return told
