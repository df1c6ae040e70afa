"""One client's guidance as it stands, read from the client's events: needs, assessments, decisions, the plan and its producers.

Nothing is stored beside the log: the same events give the same case. What was taken back is left out. Whoever may see only some
of the events (a producer) gets the case that those make.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from torni.facts.door import local_day
from torni.facts.persons import ClientEvent, Person
from torni.sources.where import code_of

GUIDANCE = "client_guidance"
ASSESSMENT = "needs_assessment"
DECISIONS = ("decision.made", "decision.refused", "decision.continued")  # the service begins; is not granted; goes on
Said = Literal["message", "correction", "feedback"]
OUTCOMES = ("changed", "upheld", "dismissed")  # of a review; dismissed: the request was not examined
SentState = Literal["sent", "opened", "confirmed", "proposed", "refused", "recalled"]


@dataclass(frozen=True)
class Assessment:
    """What was found, on which day: `facts` as fields to values (a scale with its own day, where it was told)."""

    position: int
    at: datetime
    on: date
    matter: str
    instrument: str
    form: str
    facts: Mapping[str, Any]
    summary: str
    by: str


@dataclass(frozen=True)
class Decision:
    """A decision that was made: never edited, its successor is another. `proposed`: what the rules proposed."""

    position: int
    at: datetime
    matter: str
    service: str
    verdict: str
    proposed: str
    facts: Mapping[str, Any]
    rule: str
    definition: str
    judgement: str
    why: str
    first_day: date | None
    last_day: date | None
    channel: str
    by: str
    value_cents: int | None = None  # what the organiser pays through the channel: a voucher's value, a budget's month
    value_unit: str = ""
    hours_month: int | None = None
    title: str = ""  # the official's, as the account had it on the day; and the office, and the telephone
    office: str = ""
    phone: str = ""
    continued: bool = False  # of a service that had begun already
    changed: bool = False  # by a review: it is in force no longer, and a new one may follow

    @property
    def deviates(self) -> bool:
        return bool(self.proposed) and self.proposed != self.verdict

    @property
    def hours_decided(self) -> int | None:
        """The hours a month that it was made for: what is paid for, else what its facts tell; None where it tells none."""
        told = self.facts.get("service_hours_month")
        told = told.get("value") if isinstance(told, dict) else told
        found = self.hours_month if self.hours_month is not None else told
        try:
            return int(Decimal(str(found))) if found is not None and not isinstance(found, bool) else None
        except (InvalidOperation, ValueError, OverflowError):
            return None

    def in_force(self, on: date) -> bool:
        return (
            self.verdict == "granted"
            and not self.changed
            and (self.first_day or date.min) <= on <= (self.last_day or date.max)
        )


@dataclass(frozen=True)
class Review:
    """The client's request that a decision, by its position, be reviewed: when it came, and what became of it."""

    position: int
    matter: str
    decision: int
    on: date
    text: str
    by: str
    due: date | None
    outcome: str
    why: str
    body: str
    decided: tuple[datetime, str] | None
    title: str = ""  # of the official who wrote the decision down; and the telephone
    phone: str = ""

    @property
    def anew(self) -> str:
        """The matter in which a new decision is owed, where this one changed the old."""
        return f"{self.matter}/anew"


@dataclass(frozen=True)
class Need:
    """A need on its way from being reported to a decision; each step's promise is with its event."""

    matter: str
    reported: ClientEvent
    assessment: Assessment | None
    decisions: tuple[Decision, ...]

    @property
    def is_open(self) -> bool:
        return not self.decisions


@dataclass(frozen=True)
class Item:
    """One service of a plan: where, how much, from when, until when."""

    item: str
    service: str
    unit: str
    what: str
    hours_month: int | None
    start: date | None
    ends: date | None = None
    need: str = ""

    def json(self) -> dict[str, Any]:
        told = {
            "item": self.item, "service": self.service, "unit": self.unit, "what": self.what, "hours_month": self.hours_month,
            "start": self.start and str(self.start), "ends": self.ends and str(self.ends), "need": self.need,
        }  # fmt: skip
        return {key: value for key, value in told.items() if value not in (None, "")}


@dataclass(frozen=True)
class Contact:
    """What one who comes to the client's home needs: where, by which number, how one gets in, in which language."""

    address: str = ""
    phone: str = ""
    door: str = ""
    language: str = ""

    def json(self) -> dict[str, str]:
        told = {"address": self.address, "phone": self.phone, "door": self.door, "language": self.language}
        return {key: value for key, value in told.items() if value}


@dataclass(frozen=True)
class Plan:
    """One version of the plan: the goals the client agreed to, and the services."""

    matter: str
    version: int
    at: datetime
    goals: tuple[str, ...]
    items: tuple[Item, ...]
    agreed: date | None
    why: str
    by: str
    contact: Contact = Contact()


@dataclass(frozen=True)
class Sent:
    """What one producer was sent of the plan, and what it has answered. `due`: confirmed by; `late`: not by then."""

    position: int
    at: datetime
    matter: str
    version: int
    unit: str
    item: Item
    before: Item | None
    goals: tuple[str, ...]
    state: SentState
    due: date | None
    late: bool
    opened: tuple[datetime, str] | None
    answered: tuple[datetime, str] | None
    start: date | None
    why: str
    contact: Contact = Contact()


@dataclass(frozen=True)
class ClientMessage:
    """What the client wrote, asked to be corrected, or told of a visit (its mark, service and day), and the answer."""

    position: int
    matter: str
    kind: Said
    at: datetime
    text: str
    due: date | None
    answer: str
    answered: tuple[datetime, str] | None
    visit: tuple[int, str, date | None] | None = None


@dataclass(frozen=True)
class Case:
    """A client's guidance on a day: the newest of each kind first, plans by their version."""

    person: Person
    today: date
    events: tuple[ClientEvent, ...]
    needs: tuple[Need, ...]
    assessments: tuple[Assessment, ...]
    decisions: tuple[Decision, ...]
    plans: tuple[Plan, ...]
    sent: tuple[Sent, ...]
    messages: tuple[ClientMessage, ...]
    serving: tuple[ClientEvent, ...] = field(default=())
    reviews: tuple[Review, ...] = field(default=())

    @property
    def plan(self) -> Plan | None:
        return self.plans[0] if self.plans else None

    @property
    def born(self) -> date | None:
        return self.person.rows[0][2] if self.person.rows else None

    @property
    def name(self) -> str:
        return (self.person.rows[0][4] if self.person.rows else None) or ""

    @property
    def home(self) -> str:
        """The home municipality; empty where it is not known, or not shown."""
        return self.person.rows[0][1] if self.person.rows else ""

    @property
    def protected(self) -> bool:
        return bool(self.person.rows) and self.person.rows[0][3]

    @property
    def age(self) -> int | None:
        born = self.born
        return (
            None
            if born is None
            else self.today.year - born.year - ((self.today.month, self.today.day) < (born.month, born.day))
        )

    @property
    def overdue(self) -> tuple[ClientEvent, ...]:
        """What is owed to the client and late, the longest late first."""
        late = [e for e in self.events if e.owed and e.owes_on is not None and e.owes_on < self.today]
        return tuple(sorted(late, key=lambda e: e.owes_on or self.today))

    @property
    def planned(self) -> tuple[ClientEvent, ...]:
        """The visits planned for today and later, the next first."""
        ahead = [e for e in self.events if e.type == "visit.planned" and e.owed and e.due and e.due >= self.today]
        return tuple(sorted(ahead, key=lambda e: e.due or self.today))

    @property
    def missed(self) -> tuple[ClientEvent, ...]:
        """The visits that were planned for an earlier day and have not been made or called off."""
        return tuple(e for e in self.events if e.type == "visit.planned" and e.owed and e.due and e.due < self.today)

    def fees_cents(self, year: int) -> int:
        """What has been charged of the client in a year, without considering which fees the ceiling counts."""
        return sum(e.cents or 0 for e in self.events if e.type == "fee.charged" and local_day(e.at).year == year)

    def decided_hours(self, service: str) -> int | None:
        """The hours a month of the newest granted decision of a service, that holds or will; None where it tells none."""
        made = next((d for d in self.decisions if d.service == service and d.in_force(max(self.today, d.first_day or date.min))), None)  # fmt: skip
        return made.hours_decided if made else None

    def review_of(self, made: Decision) -> Review | None:
        return next((r for r in self.reviews if r.decision == made.position), None)

    def before(self, made: Decision) -> Decision | None:
        """The decision whose place this one takes: the newest earlier one by which the service goes on, or that a review changed."""
        return next(
            (
                d
                for d in self.decisions
                if d.service == made.service
                and d.position < made.position
                and ((made.continued and d.verdict == "granted") or (d.changed and d.matter == made.matter))
            ),
            None,
        )

    def of(self, matter: str) -> Sent | None:
        return next((s for s in self.sent if s.matter == matter), None)


def case_of(person: Person, today: date) -> Case:
    """The case that a client's events make on a day."""
    undone = {e.replaces for e in person.events if e.sign < 0}
    events = [e for e in person.events if e.sign > 0 and e.position not in undone]
    by_type: dict[str, list[ClientEvent]] = {}
    for e in events:
        by_type.setdefault(e.type, []).append(e)

    def of(*types: str) -> list[ClientEvent]:
        found = [e for type_ in types for e in by_type.get(type_, [])]
        return sorted(found, key=lambda e: (e.at, e.position), reverse=True)

    assessments = tuple(_assessment(e) for e in of("assessment.made", "reassessment.made"))
    reviews = tuple(_review(e, of("review.decided")) for e in of("review.asked"))
    changed = {r.decision for r in reviews if r.outcome == "changed"}
    decisions = tuple(replace(_made(e), changed=e.position in changed) for e in of(*DECISIONS))
    needs = tuple(
        Need(
            e.matter or "", e, next((a for a in assessments if a.matter == e.matter), None), tuple(d for d in decisions if d.matter == e.matter)
        )
        for e in of("need.reported")
    )  # fmt: skip
    plans = sorted((_plan(e) for e in of("plan.made")), key=lambda p: (p.at, p.version), reverse=True)
    ended = {(e.service, e.matter, e.unit) for e in of("service.ended")}  # one need's service may go on in another unit
    serving = tuple(e for e in of("service.started") if (e.service, e.matter, e.unit) not in ended)
    answers = of(
        "plan.opened", "plan.confirmed", "plan.refused", "plan.time_proposed", "plan.time_answered", "plan.recalled"
    )
    sent = tuple(_sent(e, [a for a in answers if a.matter == e.matter], today) for e in of("plan.sent"))
    messages = [_message(e, "message", of("message.answered")) for e in of("message.sent")]
    messages += [_message(e, "correction", of("correction.answered")) for e in of("correction.asked")]
    messages += [_message(e, "feedback", of("feedback.answered")) for e in of("feedback.told")]
    messages.sort(key=lambda m: (m.at, m.position), reverse=True)
    return Case(
        person,
        today,
        tuple(events),
        needs,
        assessments,
        decisions,
        tuple(plans),
        sent,
        tuple(messages),
        serving,
        reviews,
    )


def facts_of(case: Case) -> dict[str, Any]:
    """What is known of the client for the rules, as `client_of` reads it: the newest of each fact, with its day where it has one."""
    found: dict[str, Any] = {}
    for assessment in reversed(case.assessments):
        for name, value in assessment.facts.items():
            found[name] = value if isinstance(value, dict) else {"value": value, "on": str(assessment.on)}
    if case.age is not None:
        found["age"] = case.age
    if home := code_of(case.home):  # a register's number for "not known", or for a country, is no municipality
        found["municipality"] = home
    if case.needs:
        found.setdefault("contacted_on", str(local_day(case.needs[0].reported.at)))
    if case.assessments:
        found["assessed_on"] = str(case.assessments[0].on)
    found["fees_paid_this_year_eur"] = f"{case.fees_cents(case.today.year) / 100:.2f}"
    return found


def _assessment(e: ClientEvent) -> Assessment:
    data = e.data or {}
    facts = data.get("facts") or {}
    told = data.get("scales")  # as other systems send them; of before they were held against a form, perhaps none
    scales = {f"rai_{name}": value for name, value in told.items()} if isinstance(told, dict) else {}
    return Assessment(
        e.position, e.at, day_told(data.get("on")) or local_day(e.at), e.matter or "", _text(data.get("instrument")), _text(data.get("form")),
        {**scales, **facts} if isinstance(facts, dict) else scales, _text(data.get("summary")), _text(data.get("by")),
    )  # fmt: skip


def service_of(e: ClientEvent) -> str:
    """The service that an event is about. Decisions of before `decision.refused` belong to the assessment where nothing begins, and name their own."""
    own = _text((e.data or {}).get("service")) if e.type == DECISIONS[0] else ""
    return own or e.service or ""


def _made(e: ClientEvent) -> Decision:
    data = e.data or {}
    facts = data.get("facts")
    return Decision(
        e.position, e.at, e.matter or "", service_of(e), _text(data.get("verdict")), _text(data.get("proposed")),
        facts if isinstance(facts, dict) else {}, _text(data.get("rule")), e.definition or "", _text(data.get("judgement")), _text(data.get("why")),
        day_told(data.get("first_day")), day_told(data.get("last_day")), _text(data.get("channel")), _text(data.get("by")),
        _whole(data.get("value_cents")), _text(data.get("value_unit")), _whole(data.get("hours_month")),
        _text(data.get("title")), _text(data.get("office")), _text(data.get("phone")), e.type == DECISIONS[2],
    )  # fmt: skip


def _plan(e: ClientEvent) -> Plan:
    data = e.data or {}
    return Plan(
        e.matter or "", _whole(data.get("version")) or 1, e.at, _texts(data.get("goals")), tuple(map(item_of, _items(data.get("items")))),
        day_told(data.get("agreed")), _text(data.get("why")), _text(data.get("by")), _contact(data.get("contact")),
    )  # fmt: skip


def _contact(told: Any) -> Contact:
    told = told if isinstance(told, dict) else {}
    return Contact(*(_text(told.get(name)) for name in ("address", "phone", "door", "language")))


def state_after(state: SentState, answer: str) -> SentState:
    """How what was sent stands after one more answer, by the answer's type of event."""
    if answer == "plan.opened":
        return "opened" if state == "sent" else state
    states: dict[str, SentState] = {"plan.time_answered": "opened", "plan.confirmed": "confirmed", "plan.refused": "refused", "plan.time_proposed": "proposed", "plan.recalled": "recalled"}  # fmt: skip
    return states[answer]


def _sent(e: ClientEvent, answers: Iterable[ClientEvent], today: date) -> Sent:
    data = e.data or {}
    state: SentState = "sent"
    opened = answered = start = None
    why = ""
    for a in sorted(answers, key=lambda a: (a.at, a.position)):
        told = a.data or {}
        by = a.at, _text(told.get("by"))
        state = state_after(state, a.type)
        if a.type == "plan.opened":
            opened = opened or by
        elif a.type != "plan.time_answered":
            answered = by
            start, why = day_told(told.get("start")) or start, _text(told.get("why"))
    item = item_of(data.get("item") if isinstance(data.get("item"), dict) else {})
    before = item_of(data["before"]) if isinstance(data.get("before"), dict) else None
    late = e.owed and e.owes_on is not None and e.owes_on < today
    return Sent(
        e.position, e.at, e.matter or "", _whole(data.get("version")) or 1, e.unit or "", item, before, _texts(data.get("goals")), state, e.owes_on,
        late, opened, answered, start, why, _contact(data.get("contact")),
    )  # fmt: skip


def _message(e: ClientEvent, kind: Said, answers: Iterable[ClientEvent]) -> ClientMessage:
    answer = next((a for a in answers if a.matter == e.matter), None)
    data, mark = e.data or {}, _whole((e.data or {}).get("mark"))
    return ClientMessage(
        e.position, e.matter or "", kind, e.at, _text(data.get("text")), e.owes_on, _text((answer.data or {}).get("text")) if answer else "",
        (answer.at, _text((answer.data or {}).get("by"))) if answer else None, (mark, _text(data.get("about")), day_told(data.get("day"))) if mark else None,
    )  # fmt: skip


def _review(e: ClientEvent, answers: Iterable[ClientEvent]) -> Review:
    answer = next((a for a in answers if a.matter == e.matter), None)
    data, told = e.data or {}, (answer.data or {}) if answer else {}
    return Review(
        e.position, e.matter or "", _whole(data.get("decision")) or 0, day_told(data.get("day")) or local_day(e.at), _text(data.get("text")), _text(data.get("by")),
        e.owes_on, _text(told.get("outcome")), _text(told.get("why")), _text(told.get("body")), (answer.at, _text(told.get("by"))) if answer else None,
        _text(told.get("title")), _text(told.get("phone")),
    )  # fmt: skip


def item_of(told: Any) -> Item:
    """A plan's service from what an event tells; what another system left out is empty."""
    return Item(
        _text(told.get("item")) or "a", _text(told.get("service")), _text(told.get("unit")), _text(told.get("what")), _whole(told.get("hours_month")),
        day_told(told.get("start")), day_told(told.get("ends")), _text(told.get("need")),
    )  # fmt: skip


def _items(told: Any) -> list[Mapping[str, Any]]:
    return [i for i in told if isinstance(i, dict)] if isinstance(told, list) else []


def _texts(told: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in told) if isinstance(told, list) else ()


def _text(told: Any) -> str:
    return told if isinstance(told, str) else "" if told is None else str(told)


def _whole(told: Any) -> int | None:
    return told if isinstance(told, int) and not isinstance(told, bool) else None


def day_told(told: Any) -> date | None:
    """A day as an event tells it; None where it is none."""
    try:
        return date.fromisoformat(told) if isinstance(told, str) else None
    except ValueError:
        return None
