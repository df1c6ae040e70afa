"""The steps of guidance as events for the door: a need written down, assessed, decided; a plan made, sent, answered, replaced.

Each function looks at the case, refuses what cannot be with every fault at once, and returns the events; nothing is written here.
An event's id follows from the step, so the same step sent twice is written once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

from torni.core.faults import BadInput, Fault
from torni.core.language import t
from torni.engines.rules import tree
from torni.facts.accounts import Official
from torni.facts.door import local_day
from torni.facts.persons import ClientEvent
from torni.guidance.case import ASSESSMENT, DECISIONS, GUIDANCE, Case, Contact, Decision, Item, Need, Plan, Sent
from torni.guidance.fees import names
from torni.guidance.forms import AssessmentForm, DecisionForm, PlanForm, lengths, raise_all
from torni.guidance.paid_by import whole_hours
from torni.guidance.proposal import HOURS, Proposal, proposal_of
from torni.services.rules import Rules

SOURCE = "guidance"
Event = dict[str, Any]
Channel = Literal["telephone", "own_form", "referral", "home_monitoring"]
CHANNELS: tuple[Channel, ...] = ("telephone", "own_form", "referral", "home_monitoring")


@dataclass(frozen=True)
class PlanChange:
    """How one service differs between two versions of a plan."""

    kind: Literal["added", "changed", "ended", "same", "dropped"]
    before: Item | None
    after: Item | None

    @property
    def item(self) -> Item:
        found = self.after or self.before
        assert found is not None
        return found


def report(client: int, *, channel: str, text: str, by: str, at: datetime, once: str) -> Event:
    """A need comes to the organiser's knowledge: the promise of assessment begins. `once`: the form's own mark; sent twice, it is one."""
    faults = lengths(text, t("the need"), least=3)
    if channel not in CHANNELS:
        faults.append(Fault(t("the channel"), t("is not chosen"), t("Choose where the need came from.")))
    raise_all(faults)
    matter = f"need-{client}-{at:%Y%m%d}-{once[:40]}"
    return event(
        "need.reported",
        matter,
        at,
        client,
        service=ASSESSMENT,
        matter=matter,
        data={"channel": channel, "text": text, "by": by},
    )


def assess(case: Case, matter: str, form: AssessmentForm, *, by: str, at: datetime, again: bool = False) -> Event:
    """An assessment: its facts (already read by their fields), the form and its version, the instrument and its day."""
    faults = lengths(form.summary, t("the summary"), least=3)
    if form.on > case.today:
        faults.append(Fault(t("the day"), t("is after today"), t("Correct the day.")))
    if not form.facts:
        faults.append(Fault(t("the form"), t("is empty"), t("Write what is known; what is missing may be left empty.")))
    if not again and matter not in {n.matter for n in case.needs}:
        faults.append(Fault(t("the need"), t("is not there"), t("Write down the need first.")))
    raise_all(faults)
    type_ = "reassessment.made" if again else "assessment.made"
    data = {
        "facts": dict(form.facts), "form": form.form, "instrument": form.instrument, "on": str(form.on), "summary": form.summary, "by": by,
    }  # fmt: skip
    return event(
        type_, f"{matter}/{type_}/{form.on}", at, case.person.client, service=ASSESSMENT, matter=matter, data=data
    )


def decide(
    case: Case, need: Need, decision: Proposal, form: DecisionForm, *, by: str, at: datetime, official: Official | None = None
) -> list[Event]:  # fmt: skip
    """The official's decision beside the rules' proposal. Where it deviates, the reason is written; scales never decide alone.

    A granted one agrees on a reassessment for its last day, where it has one.
    """
    service, faults = decision.granting.service.id, []
    hours = form.hours_month if form.hours_month is not None else whole_hours(decision.client)
    if form.hours_month is not None and form.hours_month != whole_hours(decision.client):
        facts = {**decision.client.facts, HOURS: form.hours_month}
        by_hours = proposal_of(decision.rules, service, replace(decision.client, facts=facts)).values
    else:
        by_hours = decision.values
    verdict, judgement, why, channel = form.verdict, form.judgement, form.why, form.channel
    first_day, last_day = form.first_day, form.last_day
    if verdict not in ("granted", "refused"):
        faults.append(Fault(t("the decision"), t("is not chosen"), t("Choose granted or refused.")))
    elif verdict != decision.verdict and len(why.strip()) < 10:
        faults.append(Fault(t("the reason"), t("is missing"), t("The decision deviates from the rules' proposal: write why, in at least ten letters.")))  # fmt: skip
    if (decision.rests_on_scales or verdict != decision.verdict) and len(judgement.strip()) < 10:
        faults.append(Fault(t("your own judgement"), t("is missing"), t("Scales never decide alone: write your judgement of the client's situation, in at least ten letters.")))  # fmt: skip
    faults += lengths(judgement, t("your own judgement")) + lengths(why, t("the reason"))
    if verdict == "granted":
        if first_day is None:
            faults.append(Fault(t("the first day"), t("is missing"), t("Write the day from which the decision holds.")))
        if first_day and last_day and last_day < first_day:
            faults.append(Fault(t("the last day"), t("is before the first"), t("Correct the days.")))
        opened = {name for name, _channel, is_open in decision.channels if is_open}
        if decision.channels and channel not in opened:
            faults.append(
                Fault(
                    t("the channel"),
                    t("is not open to this client"),
                    t("Choose one of those that the definition opens."),
                )
            )
        value = by_hours.get(channel)
        if value is not None and value.amount is None:
            faults.append(
                Fault(
                    t("the channel"), t("its value cannot be reckoned: not known {fields}", fields=names(value.because)),
                    t("Add what is missing to the assessment."),
                )
            )  # fmt: skip
    if case.assessments == ():
        faults.append(
            Fault(t("the assessment"), t("is missing"), t("A decision rests on an assessment: make it first."))
        )
    earlier = [d for d in need.decisions if d.service == service]
    if any(not d.changed for d in earlier):
        faults.append(
            Fault(
                t("the decision"),
                t("has been made already"),
                t("A decision is never edited. A new need begins a new one."),
            )
        )
    raise_all(faults)
    granted = verdict == "granted"
    used = {f.name for f in decision.granting.reasoning.fields}
    if granted:
        used |= {f.name for fee in decision.fees for f in fee.formula.fields} | ({HOURS} if decision.by_the_hour else set())  # fmt: skip
        used |= {
            f.name
            for (s, _), node in decision.rules.channel_conditions.items()
            if s == service
            for f in tree.fields(node)
        }
    data: dict[str, Any] = {
        "verdict": verdict, "proposed": decision.verdict, "rule": decision.granting.version, "facts": _facts(decision, used), "judgement": judgement,
        "why": why, "first_day": str(first_day) if granted and first_day else None, "last_day": str(last_day) if granted and last_day else None,
        "channel": channel if granted else None, "by": by,
    }  # fmt: skip
    if official:
        data |= {"title": official.title, "office": official.office, "phone": official.phone}
    if granted and HOURS in used:
        data["hours_month"] = hours
    paid = by_hours.get(channel) if granted else None
    if paid is not None and paid.amount is not None:
        data |= {
            "value_cents": int(paid.amount * 100),
            "value_unit": paid.formula.definition.unit,
            "hours_month": hours,
        }
        used |= {f.name for f in paid.formula.fields}
        data["facts"] = _facts(decision, used)
    kept = {key: value for key, value in data.items() if value not in (None, "")}
    client, matter = case.person.client, need.matter
    by_rule = int(verdict == decision.verdict)
    goes_on = any((e.service, e.matter) == (service, matter) for e in case.serving)
    type_ = DECISIONS[
        0 if granted and not goes_on else 2 if granted else 1
    ]  # the first promises that the service starts
    key = f"{matter}/{service}" + (f"/{len(earlier) + 1}" if earlier else "")  # the first was changed by a review
    made = event(type_, key, at, client, service=service, matter=matter, quantity=by_rule, data=kept)  # fmt: skip
    events = [made]
    if earlier and (review := case.review_of(earlier[0])):
        events.append(event("decision.renewed", review.anew, at, client, service=ASSESSMENT, matter=review.anew, data={"service": service, "by": by}))  # fmt: skip
    if granted and last_day:
        again = f"{key}/again"
        events.append(event("reassessment.planned", again, at, client, service=ASSESSMENT, matter=again, due=last_day))
    return events


def name_manager(case: Case, manager: str, *, at: datetime) -> Event:
    """Whose client it is from now on."""
    before = sum(e.type == "case_manager.named" for e in case.events)  # the same one may be named again later
    key = f"{case.person.client}/{manager}/{before}"
    return event("case_manager.named", key, at, case.person.client, data={"case_manager": manager})


def differences(before: Plan | None, items: Sequence[Item]) -> list[PlanChange]:
    """What changes from one version to the next, service by service, in the order of the newer."""
    old = {i.item: i for i in before.items} if before else {}
    changes = []
    for item in items:
        was = old.pop(item.item, None)
        if was is None:
            changes.append(PlanChange("added", None, item))
        elif replace(was, need=item.need) == item:
            changes.append(PlanChange("same", was, item))
        else:
            changes.append(PlanChange("ended" if item.ends and not was.ends else "changed", was, item))
    return changes + [PlanChange("dropped", was, None) for was in old.values()]


def plan(
    case: Case, form: PlanForm, *, by: str, at: datetime, rules: Rules, units: Mapping[str, str],
    allowed: Mapping[str, Collection[str]] | None = None,
) -> list[Event]:  # fmt: skip
    """The next version of the plan: made, and each service that changes sent to its producer. What had been sent of it and is not
    yet confirmed is recalled, a proposed time thereby declined. Where the client's contact changes, every producer of a service that goes on hears of it. A service is ended by its last day, never dropped while it goes on. `allowed`: the
    units that may give a service, where not every one may: a voucher pays for it, or the client has forbidden a producer.
    """
    goals, items = form.goals, form.items
    changes = differences(case.plan, items)
    faults = _plan_faults(case, form, changes, rules, units, allowed or {})
    known = case.plan.contact if case.plan else Contact()
    contact = known if form.contact is None else form.contact
    moved = contact != known
    for text in contact.json().values():
        faults += lengths(text, t("the client's contact"))
    if case.plan and not moved and case.plan.goals == goals and all(c.kind == "same" for c in changes):
        faults.append(Fault(t("the plan"), t("is as it was"), t("Change something, or go back.")))
    raise_all(faults)
    client = case.person.client
    matter = case.plan.matter if case.plan else f"plan-{client}"
    version = case.plan.version + 1 if case.plan else 1
    data = {
        "version": version,
        "goals": list(goals),
        "items": [i.json() for i in items],
        "agreed": str(form.agreed),
        "why": form.why,
        "by": by,
    }
    if contact.json():
        data["contact"] = contact.json()
    events = [event("plan.made", f"{matter}/{version}", at, client, service=GUIDANCE, matter=matter, data=data)]
    for change in changes:
        item = change.item
        over = item.ends is not None and item.ends < case.today
        if change.kind == "dropped" or (change.kind == "same" and (not moved or over)):
            continue
        for earlier in case.sent:
            if (
                earlier.item.item == item.item
                and earlier.matter.startswith(matter + "/")
                and earlier.state not in ("confirmed", "recalled")
            ):
                events += _recalled(earlier, client, version, by, at)
        sent = f"{matter}/{version}/{item.item}"
        told: dict[str, Any] = {"version": version, "item": item.json(), "goals": list(goals)}
        if contact.json():
            told["contact"] = contact.json()
        if change.before:
            told["before"] = change.before.json()
        events.append(event("plan.sent", sent, at, client, service=GUIDANCE, unit=item.unit, matter=sent, data=told))
    return events


def answer(
    sent: Sent, client: int, how: Literal["opened", "confirmed", "refused", "time_proposed"], *, by: str, at: datetime, source: str,
    start: date | None = None, why: str = "",
) -> list[Event]:  # fmt: skip
    """A producer's answer to what it was sent. Opening it twice is opening it once; what is answered is answered."""
    faults = []
    if how != "opened" and sent.state in ("confirmed", "refused", "recalled"):
        faults.append(
            Fault(t("the plan"), t("has been answered or replaced already"), t("Look at the newest version."))
        )
    if how == "refused":
        faults += lengths(why, t("the reason"), least=10)
    if how == "time_proposed" and start is None:
        faults.append(Fault(t("the day"), t("is missing"), t("Write the day on which the service could start.")))
    raise_all(faults)
    if how == "opened" and sent.opened:
        return []
    key = f"{sent.matter}/{how}" + (f"/{start}" if how == "time_proposed" else "")
    data: dict[str, Any] = {"by": by}
    if how in ("confirmed", "time_proposed"):
        data["start"] = str(start or sent.item.start or local_day(at))
    if how == "refused":
        data["why"] = why
    return [
        event(
            f"plan.{how}",
            key,
            at,
            client,
            source=source,
            service=GUIDANCE,
            unit=sent.unit,
            matter=sent.matter,
            data=data,
        )
    ]


def answer_time(sent: Sent, client: int, *, accepted: bool, by: str, at: datetime) -> list[Event]:
    """The proposed time taken, and the plan thereby confirmed; or declined: the plan waits for the producer again."""
    if sent.state != "proposed":
        raise BadInput(Fault(t("the proposed time"), t("is not there"), t("It may have been answered already.")))
    common = {"service": GUIDANCE, "unit": sent.unit, "matter": sent.matter}
    key = f"{sent.matter}/time/{sent.start}"
    events = [event("plan.time_answered", key, at, client, **common, data={"accepted": accepted, "by": by})]
    if accepted:
        events.append(
            event(
                "plan.confirmed",
                f"{sent.matter}/confirmed",
                at,
                client,
                **common,
                data={"start": str(sent.start), "by": by},
            )
        )
    return events


def start(sent: Sent, case: Case, *, first: bool, by: str, at: datetime, source: str) -> Event:
    """The service of a confirmed plan starts (`first`), or ends: then it is the one that goes on in the same unit that ends."""
    if sent.state != "confirmed":
        raise BadInput(Fault(t("the plan"), t("is not confirmed"), t("Confirm it first.")))
    type_ = "service.started" if first else "service.ended"
    own = (sent.item.service, sent.unit)
    if first and any(e.type == "service.ended" and (e.service, e.unit) == own and e.at >= sent.at for e in case.events):
        raise BadInput(Fault(t("the service"), t("has ended by this plan"), t("It begins again only by a new plan.")))
    running = next((e for e in case.serving if (e.service, e.unit) == own), None)
    if first == (running is not None):
        raise BadInput(
            Fault(
                t("the service"), t("goes on already") if first else t("does not go on"), t("Look at the page again.")
            )
        )
    matter = running.matter if running else sent.item.need or f"{sent.matter.rsplit('/', 2)[0]}/{sent.item.item}"
    return event(
        type_, f"{sent.matter}/{type_}", at, case.person.client, source=source, service=sent.item.service, unit=sent.unit, matter=matter, data={"by": by},
    )  # fmt: skip


def visited(visit: ClientEvent, client: int, *, at: datetime, source: str) -> Event:
    """A planned visit was made."""
    return event(
        "visit.made",
        f"{visit.matter}/made",
        at,
        client,
        source=source,
        service=visit.service,
        unit=visit.unit,
        matter=visit.matter,
    )


def use_budget(case: Case, made: Decision, cents: int | None, *, what: str, on: date | None, by: str, at: datetime, once: str) -> Event:  # fmt: skip
    """Something bought with the client's personal budget. More than is planned may be written down: it is shown, never hidden."""
    faults = lengths(what, t("what was bought"), least=3)
    if cents is None or not 0 < cents < 10_000_000:
        faults.append(Fault(t("the amount"), t("is not an amount of euros"), t("Write such as 120,50.")))
    if on is None or on > case.today:
        faults.append(Fault(t("the day"), t("is missing or after today"), t("Write the day of the purchase.")))
    raise_all(faults)
    matter = made.matter  # the first use is when the service begins
    data = {"what": what, "on": str(on), "by": by}
    return event(
        "budget.used",
        f"{matter}/{at:%Y%m%d}-{once[:40]}",
        at,
        case.person.client,
        service=made.service,
        matter=matter,
        cents=cents,
        data=data,
    )


def _recalled(earlier: Sent, client: int, version: int, by: str, at: datetime) -> list[Event]:
    common = {"service": GUIDANCE, "unit": earlier.unit, "matter": earlier.matter}
    events = []
    if earlier.state == "proposed":
        events.append(
            event(
                "plan.time_answered",
                f"{earlier.matter}/time/{earlier.start}",
                at,
                client,
                **common,
                data={"accepted": False, "by": by},
            )
        )
    return [
        *events,
        event("plan.recalled", f"{earlier.matter}/recalled", at, client, **common, data={"version": version, "by": by}),
    ]


def _plan_faults(
    case: Case, form: PlanForm, changes: Sequence[PlanChange], rules: Rules, units: Mapping[str, str],
    allowed: Mapping[str, Collection[str]],
) -> list[Fault]:  # fmt: skip
    faults = []
    if not form.goals:
        faults.append(Fault(t("the goals"), t("are missing"), t("Write at least one goal in the client's own words.")))
    for goal in form.goals:
        faults += lengths(goal, t("the goals"))
    if not form.items:
        faults.append(Fault(t("the services"), t("are missing"), t("Choose a service and its unit.")))
    if form.agreed is None or form.agreed > case.today:
        faults.append(
            Fault(
                t("the client's agreement"), t("is missing"), t("Write the day on which the client agreed to the plan.")
            )
        )
    if case.plan:
        faults += lengths(form.why, t("why the plan changes"), least=3)
    granted = {
        d.service
        for d in case.decisions
        if d.in_force(case.today) or (d.verdict == "granted" and d.first_day and d.first_day > case.today)
    }
    standing = {e.service for e in case.serving} | {i.service for i in (case.plan.items if case.plan else ())}
    for change in changes:
        item, where = change.item, t("the service {name}", name=change.item.service)
        if change.kind == "dropped":
            if change.before and not (change.before.ends and change.before.ends < case.today):
                faults.append(Fault(where, t("goes on"), t("Write its last day instead of leaving it out.")))
            continue
        if item.service not in rules.library.services:
            faults.append(
                Fault(
                    t("the services"), t('"{name}" is not a service', name=item.service), t("Choose one of the list.")
                )
            )
            continue
        if item.unit not in units:
            faults.append(Fault(where, t("has no unit"), t("Choose the unit that gives it.")))
        elif change.kind == "added" and item.unit not in allowed.get(item.service, [item.unit]):
            faults.append(
                Fault(
                    where, t("may not go to this unit"),
                    t("A voucher goes to approved units alone; a client may have forbidden a producer."),
                )
            )  # fmt: skip
        if change.kind == "added" and item.service in rules.granting and item.service not in granted | standing:
            faults.append(
                Fault(where, t("has not been granted"), t("A plan holds what has been decided: decide first."))
            )
        decided = case.decided_hours(item.service)
        if decided is not None and (item.hours_month or 0) > decided and len(form.why.strip()) < 3:
            told = t(
                "has more hours a month than was decided: {hours}, decided {decided}",
                hours=item.hours_month,
                decided=decided,
            )
            faults.append(Fault(where, told, t("Write why, or make a new decision first.")))
        if item.start is None:
            faults.append(Fault(where, t("has no first day"), t("Write the day on which it starts.")))
        if item.start and item.ends and item.ends < item.start:
            faults.append(Fault(where, t("ends before it starts"), t("Correct the days.")))
        if change.before and change.before.unit != item.unit:
            faults.append(
                Fault(
                    where,
                    t("moves to another unit"),
                    t("End it here, and add it again with the new unit: both producers then know."),
                )
            )
        faults += lengths(item.what, where)
    return faults


def _facts(decision: Proposal, used: set[str]) -> dict[str, Any]:
    """The facts that the decision rests on, each with its day, as they can be read again."""
    found: dict[str, Any] = {}
    for name in sorted(used):
        value = decision.client.facts.get(name)
        if value is None or name == "decision_day":
            continue
        plain = value if isinstance(value, bool | int | str) else str(value)
        on = decision.client.measured.get(name)
        found[name] = {"value": plain, "on": str(on)} if on else plain
    return found


def event(type_: str, key: str, at: datetime, client: int, *, source: str = SOURCE, **columns: Any) -> Event:
    return {"source": source, "id": f"{type_}/{key}"[:200], "type": type_, "at": at, "client": client, **columns}
