"""The decision letter: what was decided and why, the fee, the law, and how to ask for a review. HTML or tagged PDF.

The letter is a proposal until an official signs it, and says so. The same values make both forms.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from torni.core.faults import bad_input
from torni.core.language import language, number, t
from torni.engines.rules.sentences import day, label, shown
from torni.facts.door import local_day
from torni.guidance import letter_grounds as grounds
from torni.guidance.case import Decision
from torni.guidance.letter_grounds import Fee, Reason
from torni.guidance.paid_by import whole_hours
from torni.guidance.proposal import HOURS, Proposal, proposal_of

_FOLDER = Path(__file__).parent / "letters"


@dataclass(frozen=True)
class Letter:
    """A letter's texts in one language, in the order they are read; a part that is empty is left out with its heading."""

    language: str
    title: str
    organiser: str
    contact: list[str]
    addressee: list[str]
    dated: str
    number: str = ""
    notice: list[str] = field(default_factory=list)
    decision_heading: str = ""
    decision: list[str] = field(default_factory=list)
    reasons_heading: str = ""
    reasons: list[Reason] = field(default_factory=list)
    facts_heading: str = ""
    facts: list[tuple[str, str]] = field(default_factory=list)
    missing_heading: str = ""
    missing: list[str] = field(default_factory=list)
    fee_heading: str = ""
    fees: list[Fee] = field(default_factory=list)
    channels_heading: str = ""
    channels: list[str] = field(default_factory=list)
    sources_heading: str = ""
    sources: list[str] = field(default_factory=list)
    review_heading: str = ""
    review: list[str] = field(default_factory=list)
    more_heading: str = ""
    more: list[str] = field(default_factory=list)
    signature: list[str] = field(default_factory=list)
    version: str = ""


def letter(
    decision: Proposal, made: Decision | None = None, *, hearing: bool = False, before: Decision | None = None
) -> Letter:
    """The letter of a decision in the language of the moment. `made`: what the official decided, where it has been decided; without
    it the letter is a draft of what the rules propose. `hearing`: instead of the draft of a refusal, the letter by which the client is
    heard before it (Administrative Procedure Act 434/2003, section 34). `before`: the decision whose place this one takes."""
    d, library = decision, decision.rules.library
    outcome = made.verdict if made else d.verdict
    name = str(d.granting.service.name)
    client = decision.client
    paying = _as_granted(d, made)
    fees = grounds.fees(paying, made) if outcome == "granted" else []
    asked = {f.name: f for f in d.granting.reasoning.fields}
    if outcome == "granted":
        asked |= {f.name: f for fee in fees for f in fee.formula.fields}
    known = [f for f in asked.values() if client.facts.get(f.name) is not None]
    measured = {k: t("measured {day}", day=day(v)) for k, v in client.measured.items()}
    head = grounds.authority(library)
    heard = hearing and made is None and outcome == "refused"
    open_yet = heard or outcome == "undecided"
    return Letter(
        language(),
        (t("Hearing before a decision") if heard else {"granted": t("Decision"), "refused": t("Decision"), "undecided": t("Request for further facts")}[outcome]) + f": {name}",
        head.name, head.contact,
        [line for line in (client.letter.get("name", ""), *client.letter.get("address", "").split("\n")) if line.strip()],
        day(local_day(made.at) if made else library.as_of), t("Decision number {number}", number=made.position) if made else "",
        [*([] if made else [t("This is a draft. The official decides, and the letter is valid when signed.")]), *grounds.notices(d, fees, head)],
        t("The matter") if open_yet else t("What is decided"), _heard(d) if heard else _decided(paying, made, before),
        t("Reasons"), [*(grounds.judged(made) if made else []), *grounds.reasons(d)], t("Facts on which the decision rests"),
        [(label(f), shown(client.facts[f.name], f) + (f" ({measured[f.name]})" if f.name in measured else "")) for f in known],
        t("Facts that are missing"),
        [label(f) + (f": {client.stale[f.name]}" if f.name in client.stale else "") for f, matters in d.missing if matters or d.verdict == "undecided"],
        t("What you pay"), [grounds.fee(paying, fee, made) for fee in fees],
        t("How the service is arranged") if made else t("How the service can be arranged"), grounds.channels(d, made) if outcome == "granted" else [],
        t("The law and the criteria that were followed"), grounds.law(d, fees, made),
        t("How to ask for a review"), grounds.review(library, head, local_day(made.at) if made else library.as_of) if not open_yet else [],
        t("Further information"), grounds.further(made, head), _signed(made),
        t("Rule version {version}, definitions of {region} on {day}", version=d.granting.version, region=library.region.name, day=day(library.as_of)),
    )  # fmt: skip


def _as_granted(d: Proposal, made: Decision | None) -> Proposal:
    """The proposal as it is paid for: by the hours that were granted, where they are not those of the assessment."""
    if made is None or made.hours_month is None or made.hours_month == whole_hours(d.client):
        return d
    return proposal_of(
        d.rules, d.granting.service.id, replace(d.client, facts={**d.client.facts, HOURS: made.hours_month})
    )


def _decided(d: Proposal, made: Decision | None, before: Decision | None) -> list[str]:
    """What is decided, in sentences: the service, how much of it, from when to when; of what was asked for, what was not granted."""
    name = grounds.inside(str(d.granting.service.name))
    outcome = made.verdict if made else d.verdict
    if outcome == "undecided":
        by = day(grounds.answer_by(d.rules.library))
        return [
            t("The matter cannot be decided yet, because facts are missing. The matter: {service}.", service=name),
            t("Give the missing facts by {day}. Otherwise the matter is decided on the facts that there are.", day=by),
        ]
    if outcome == "refused":
        told = [t("The decision is negative: {service} is not granted to you.", service=name)]
    else:
        hours = grounds.hours_of(d)
        much = "" if hours is None else f", {grounds.hours_text(hours)}"
        told = [
            t("The service that you have goes on: {service}.", service=name + much)
            if made and made.continued
            else t("This service is granted to you: {service}.", service=name + much)
        ]
        if made and made.first_day:
            told.append(
                t("The decision holds from {first} to {last}.", first=day(made.first_day), last=day(made.last_day))
                if made.last_day
                else t("The decision holds from {first} until further notice.", first=day(made.first_day))
            )
        told += _partly(made) + (grounds.changes(made, before) if made and before else [])
    if made or d.rests_on_scales:
        told.append(t("The decision rests on an assessment and on the official's own judgement of your situation."))
    return told


def _heard(d: Proposal) -> list[str]:
    """What the client is heard of before a refusal, and until when."""
    by = day(grounds.answer_by(d.rules.library))
    return [
        t("Before the matter is decided, you are heard (Administrative Procedure Act 434/2003, section 34). The matter: {service}.", service=grounds.inside(str(d.granting.service.name))),
        t("By the facts that there are, the service would not be granted to you, for the reasons below."),
        t("Give your explanation by {day}, in writing or orally. The matter may be decided even if you give none.", day=by),
    ]  # fmt: skip


def _partly(made: Decision | None) -> list[str]:
    """That less was granted than the assessment found to be needed; nothing where it was not so."""
    found = made.facts.get(HOURS) if made else None
    found = found.get("value") if isinstance(found, dict) else found
    if made is None or made.hours_month is None or found is None or float(found) < made.hours_month + 1:
        return []
    return [t("The decision is negative in part: the assessment found a need of {found} hours a month, and {granted} are granted.", found=number(float(found)), granted=made.hours_month)]  # fmt: skip


def _signed(made: Decision | None) -> list[str]:
    """The place of the signature: who decided, as which official; of a draft, what is to be written there."""
    if made is None or not made.by:
        return [t("Date and signature of the official"), t("Name and title of the official")]
    return ["\n".join(part for part in (made.by, made.title, made.office) if part)]


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
