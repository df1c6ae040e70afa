"""The letter of what was decided of a request for review: the outcome, its grounds, and how it is appealed to the administrative court."""

from __future__ import annotations

from torni.core.language import language, t
from torni.engines.rules.sentences import day
from torni.facts.door import local_day
from torni.guidance import letter_grounds as grounds
from torni.guidance.case import Case, Decision, Review
from torni.guidance.letter import Letter
from torni.guidance.letter_grounds import Head, Reason
from torni.guidance.review import last_day
from torni.services.library import Library

TIME, LAW = "appeal.court_days", "review_law"


def review_letter(case: Case, asked: Review, made: Decision, library: Library) -> Letter:
    """The letter of a request that has been decided. `made`: the decision that it is about; `library`: of the day it was decided."""
    assert asked.decided is not None, "a request that waits has no letter"
    service = library.services.get(made.service)
    name = str(service.name) if service else made.service
    head, sent = grounds.authority(library), local_day(asked.decided[0])
    criteria = service.criteria if service else None
    sources = library.sources
    law = [sources[LAW], *(sources[source] for source in (criteria.law if criteria else []))]
    return Letter(
        language(), t("Decision on a request for review") + f": {name}", head.name, head.contact, [case.name] if case.name else [], day(sent),
        t("Request for review number {number}", number=asked.position), _notices(library, head),
        t("What is decided"), _decided(case, asked, made, grounds.inside(name)),
        t("Reasons"), _reasons(asked, made, library),
        sources_heading=t("The law that was followed"), sources=list(dict.fromkeys(str(s.title) for s in law)),
        review_heading=t("How to appeal"), review=_appeal(library, head, asked),
        more_heading=t("Further information"), more=grounds.further(asked, head),
        signature=["\n".join(part for part in (asked.body, asked.decided[1], asked.title) if part)],
        version=t("Definitions of {region} on {day}", region=library.region.name, day=day(library.as_of)),
    )  # fmt: skip


def _notices(library: Library, head: Head) -> list[str]:
    """What is to be checked before the letter is sent: the time to appeal where its source has not been read, and the court."""
    source = library.value(TIME).source
    told = [t("Not read from its source, to be checked before the letter is sent: {source}.", source=source.title)] if source.assumed else []  # fmt: skip
    if not head.court:
        told.append(t("The administrative court is not written in the region's definitions: add `court` to `authority` in region.yaml before a letter is sent."))  # fmt: skip
    return [*told, *head.lacking]


def _decided(case: Case, asked: Review, made: Decision, name: str) -> list[str]:
    about = t("You asked for a review of decision number {number}, made on {day}. The matter: {service}.", number=made.position, day=day(local_day(made.at)), service=name)  # fmt: skip
    body = t("Your request was decided by: {body}.", body=asked.body)
    if asked.outcome == "changed":
        owed = next((e for e in case.events if e.type == "decision.overturned" and e.matter == asked.anew), None)
        told = [t("Your request is accepted: the decision is changed, and it is in force no longer.")]
        if owed and owed.owes_on:
            told.append(t("You are given a new decision by {day}.", day=day(owed.owes_on)))
    elif asked.outcome == "upheld":
        told = [t("Your request is rejected. The decision stays in force as it is.")]
    else:
        told = [t("Your request is not examined. The decision stays in force as it is.")]
    return [about, *told, body]


def _reasons(asked: Review, made: Decision, library: Library) -> list[Reason]:
    """What was asked and when, and why it was decided so; of one that came late, that it did, whatever was made of it."""
    until = last_day(local_day(made.at), library)
    late = [t("Your request came after the time to ask had ended, on {day}.", day=day(until))] if asked.on > until else []  # fmt: skip
    return [
        Reason(t("Your request, which came on {day}", day=day(asked.on)), "", "", [asked.text]),
        Reason(t("Why the request was decided so"), "", "", [*late, asked.why]),
    ]


def _appeal(library: Library, head: Head, asked: Review) -> list[str]:
    assert asked.decided is not None
    days, notice = (int(library.number(name)) for name in (TIME, "appeal.notice_days"))
    source, sent = library.value(TIME).source.title, local_day(asked.decided[0])
    where = t("The appeal is sent to: {court}.", court=head.court) if head.court else ""
    return [
        t("If you are not satisfied with this decision, you may appeal against it to the administrative court. Make the appeal in writing within {n} days of notice of the decision. The day of notice is not counted.", n=days)
        + (f" {where}" if where else ""),
        t("You are taken to have had notice on the {n}th day after the letter was posted, unless otherwise shown. If the letter is posted on {day}, the appeal must have arrived by {last}.", n=notice, day=day(sent), last=day(last_day(sent, library, TIME))),
        t("Write in the appeal which decision you appeal against, how you want it changed and why, and your name and contact details. Attach this decision."),
        t("Source: {source}.", source=f"{source}; {library.sources['time_limits_act_150_1930'].title}"),
    ]  # fmt: skip
