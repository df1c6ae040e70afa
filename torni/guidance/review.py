"""A request for review (oikaisuvaatimus): the client asks that a decision be changed, the county's body decides, a new decision may follow.

A request that comes late is taken in all the same: whether it is examined is for the body to say. A decision is never edited: where
the body changed it, the official makes a new one.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from torni.core import deadlines
from torni.core.faults import Fault
from torni.core.language import t
from torni.facts.accounts import Official
from torni.facts.door import local_day
from torni.guidance.case import ASSESSMENT, OUTCOMES, Case, Decision, Review
from torni.guidance.forms import lengths, raise_all
from torni.guidance.steps import SOURCE, Event, event
from torni.services.library import Library


def last_day(made_on: date, library: Library, time: str = "appeal.days") -> date:
    """Until when a review may be asked for, when the letter leaves on the day of the decision: the days of notice, and the time to ask.

    `time`: the parameter of the time, `appeal.court_days` where it is the court that is appealed to.

    Where that is not a working day, the next one. It does not consider a notice that came otherwise. Administrative procedure act
    434/2003 and the parameters `appeal.*`.
    """
    days = int(library.number("appeal.notice_days")) + int(library.number(time))
    return deadlines.last_day(made_on + timedelta(days=days))


def ask(
    case: Case, made: Decision, text: str, *, on: date | None, by: str, at: datetime, source: str = SOURCE
) -> Event:
    """The request, which came on a day: through the own page on the day itself, on paper perhaps earlier."""
    faults = lengths(text, t("how the decision should be changed and why"), least=10)
    if case.review_of(made):
        faults.append(Fault(t("the review"), t("has been asked for already"), t("Look at the page again.")))
    if on is None or not local_day(made.at) <= on <= case.today:
        faults.append(Fault(t("the day"), t("is not between the decision and today"), t("Write the day on which the request came.")))  # fmt: skip
    raise_all(faults)
    matter = f"review-{made.matter}/{made.position}"
    data = {"decision": made.position, "service": made.service, "text": text, "day": str(on), "by": by}
    return event("review.asked", matter, at, case.person.client, source=source, service=ASSESSMENT, matter=matter, data=data)  # fmt: skip


def decide(
    review: Review,
    client: int,
    outcome: str,
    *,
    why: str,
    body: str,
    by: str,
    at: datetime,
    official: Official | None = None,
) -> list[Event]:
    """What the body decided, written down by an official; where it changed the decision, a new one is owed.

    `body`: who decided, such as the section for individual matters.
    """
    faults = lengths(why, t("the reason"), least=10) + lengths(body, t("who decided"), least=3)
    if outcome not in OUTCOMES:
        faults.append(Fault(t("what was decided"), t("is not chosen"), t("Choose one of the list.")))
    if review.decided:
        faults.append(Fault(t("the review"), t("has been decided already"), t("Look at the page again.")))
    raise_all(faults)
    data: dict[str, Any] = {"outcome": outcome, "why": why, "body": body, "by": by}
    if official:
        data |= {name: told for name, told in (("title", official.title), ("phone", official.phone)) if told}
    events = [event("review.decided", f"{review.matter}/decided", at, client, service=ASSESSMENT, matter=review.matter, data=data)]  # fmt: skip
    if outcome == "changed":
        events.append(event("decision.overturned", review.anew, at, client, service=ASSESSMENT, matter=review.anew))
    return events
