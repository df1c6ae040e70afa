"""FHIR R4 at the edge: a plan that was sent as Task, ServiceRequest, CarePlan and Patient; the units as Organization, Location and
HealthcareService; assessments as Observations. Made from the case at hand; nothing is stored as FHIR.

A producer's system answers by the status of the Task: received, accepted, rejected, in-progress, completed; another time is proposed
by an execution period. Who answers is told by a note's author. The patient is the Finnish base profile's; a protected address is left out and said to be so.
Not considered: other resources and searches than the capability statement names, and terminologies beyond the region's definitions.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from torni.core.faults import bad_input
from torni.core.language import t
from torni.guidance import steps
from torni.guidance.case import Assessment, Case, Plan, Sent, SentState, day_told, state_after
from torni.guidance.fhir_search import Search, parameters

Resource = dict[str, Any]
VERSION = "4.0.1"
PATIENT_PROFILE = "https://hl7.fi/fhir/finnish-base-profiles/StructureDefinition/fi-base-patient"
SECURITY = "https://hl7.fi/fhir/finnish-base-profiles/CodeSystem/fi-base-security-label-cs"
HELSINKI = ZoneInfo("Europe/Helsinki")
ANSWER_EVENTS = ("plan.opened", "plan.time_answered", "plan.confirmed", "plan.refused", "plan.time_proposed", "plan.recalled")  # fmt: skip
ANSWERS = ("received", "accepted", "rejected", "in-progress", "completed")
_BEGINS_WITH_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?![0-9])", re.ASCII)
_ID = re.compile(r"^[A-Za-z0-9\-.]{1,64}$")


@dataclass(frozen=True)
class Unit:
    """A unit as the register has it, with the name of its municipality and of its kind."""

    unit: str
    name: str
    kind: str
    kind_name: str
    producer: str
    municipality: str


@dataclass(frozen=True)
class Edge:
    """What turns facts into resources: the region, its organiser's name, services' and fields' names, the units."""

    region: str
    organiser: str
    services: Mapping[str, str]
    fields: Mapping[str, tuple[str, str]]  # what it is called, its instrument
    units: Mapping[str, Unit]
    municipalities: Mapping[str, str]

    def system(self, what: str) -> str:
        """The naming system of the region's own codes and numbers."""
        return f"urn:torni:{self.region}:{what}"

    # Open data: who gives services, and where.

    def organizations(self) -> list[Resource]:
        """The organiser, and every producer, which is not a part of it."""
        names = sorted({u.producer for u in self.units.values()})
        return [_organization("organiser", self.organiser, "govt", "Government")] + [
            _organization(id_of(name), name, "prov", "Healthcare Provider") for name in names
        ]

    def locations(self) -> list[Resource]:
        return [
            {
                "resourceType": "Location", "id": id_of(u.unit), "identifier": [{"system": self.system("unit"), "value": u.unit}], "status": "active",
                "name": u.name, "mode": "instance", "type": [{"text": u.kind_name}], "address": {"city": u.municipality, "country": "FI"},
                "managingOrganization": self.producer(u.producer),
            }
            for u in self.units.values()
        ]  # fmt: skip

    def healthcare_services(self) -> list[Resource]:
        """What each unit gives: one for each unit, by its kind."""
        return [
            {
                "resourceType": "HealthcareService", "id": id_of(u.unit), "active": True, "providedBy": self.producer(u.producer),
                "type": [{"coding": [{"system": self.system("unit-kind"), "code": u.kind, "display": u.kind_name}], "text": u.kind_name}],
                "location": [_reference("Location", id_of(u.unit), u.name)], "name": u.name,
            }
            for u in self.units.values()
        ]  # fmt: skip

    def producer(self, name: str) -> Resource:
        return _reference("Organization", id_of(name), name)

    def organiser_reference(self) -> Resource:
        return _reference("Organization", "organiser", self.organiser)

    # One client's.

    def patient(self, case: Case) -> Resource:
        """Who: the number, the name and the day of birth as known; where they live only if it may be told."""
        made: Resource = {
            "resourceType": "Patient", "id": patient_id(case), "meta": {"profile": [PATIENT_PROFILE]},
            "identifier": [{"use": "official", "system": self.system("client"), "value": str(case.person.client)}], "active": True,
        }  # fmt: skip
        if case.protected:
            made["meta"]["security"] = [
                {"system": SECURITY, "code": "TURVAKIELTO", "display": "Turvakielto"},
                {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R", "display": "restricted"},
            ]  # fmt: skip
        if case.name:
            made["name"] = [{"use": "official", "text": case.name}]
        if case.born:
            made["birthDate"] = str(case.born)
        home = self.municipalities.get(case.person.rows[0][1], "") if case.person.rows else ""
        if home and not case.protected:
            made["address"] = [{"use": "home", "city": home, "country": "FI"}]
        return made

    def task(self, case: Case, sent: Sent) -> Resource:
        """What is asked of the producer, and how it stands."""
        changed = max([sent.at] + [told[0] for told in (sent.opened, sent.answered) if told])
        made = self.task_shown(
            sent.position, sent.unit, sent.item.service, task_status(case, sent), sent.at, sent.due, changed=changed
        )
        made |= {
            "identifier": [{"system": self.system("plan"), "value": sent.matter}], "basedOn": [_reference("CarePlan", str(sent.position))],
            "focus": _reference("ServiceRequest", str(sent.position)), "for": _reference("Patient", patient_id(case)),
        }  # fmt: skip
        if sent.state == "proposed":
            made["businessStatus"] = {"coding": [{"system": "urn:torni:task", "code": "time-proposed"}], "text": "Another time proposed"}  # fmt: skip
        if sent.start:
            made["executionPeriod"] = {"start": str(sent.start)}
        if sent.state == "refused" and sent.why:
            made["statusReason"] = {"text": sent.why}
        if notes := _notes(sent):
            made["note"] = notes
        return made

    def task_shown(
        self, position: int, unit: str, service: str, status: str, at: datetime, due: date | None, *, changed: datetime
    ) -> Resource:
        """A Task without anything of the client, as a search shows it."""
        place = self.units.get(unit)
        made: Resource = {
            "resourceType": "Task", "id": str(position), "meta": {"lastUpdated": _moment(changed)}, "status": status, "intent": "order",
            "code": self._service(service), "authoredOn": _moment(at), "lastModified": _moment(changed), "requester": self.organiser_reference(),
            "owner": self.producer(place.producer) if place else {"display": unit},
        }  # fmt: skip
        if place:
            made["location"] = _reference("Location", id_of(unit), place.name)
        if due:
            made["restriction"] = {"period": {"end": str(due)}}
        return made

    def service_request(self, case: Case, sent: Sent) -> Resource:
        """The service of the plan: which, where, how much, from when."""
        item, place = sent.item, self.units.get(sent.unit)
        made: Resource = {
            "resourceType": "ServiceRequest", "id": str(sent.position), "status": _request_status(case, sent), "intent": "order",
            "code": self._service(item.service), "subject": _reference("Patient", patient_id(case)), "authoredOn": _moment(sent.at),
            "requester": self.organiser_reference(),
        }  # fmt: skip
        if place:
            made["performer"] = [self.producer(place.producer)]
            made["locationReference"] = [_reference("Location", id_of(sent.unit), place.name)]
        if item.hours_month is not None:
            made["quantityQuantity"] = {"value": item.hours_month, "unit": "h/month", "system": "http://unitsofmeasure.org", "code": "h/mo"}  # fmt: skip
        if period := _period(item.start, item.ends):
            made["occurrencePeriod"] = period
        if item.what:
            made["note"] = [{"text": item.what}]
        return made

    def care_plan(self, case: Case, sent: Sent) -> Resource:
        """The part of the plan that this producer was sent: the client's goals and the service."""
        before = next((s for s in case.sent if s.item.item == sent.item.item and s.version < sent.version and s.unit == sent.unit), None)  # fmt: skip
        made = self._plan(str(sent.position), _request_status(case, sent), case, sent.goals, sent.version, sent.at)
        if period := _period(sent.item.start, sent.item.ends):
            made["period"] = period
        made["activity"] = [{"reference": _reference("ServiceRequest", str(sent.position))}]
        if before:
            made["replaces"] = [_reference("CarePlan", str(before.position))]
        return made

    def whole_plan(self, case: Case, plan: Plan) -> Resource:
        """The newest version of the plan as a whole, for the client and those who guide."""
        made = self._plan(f"plan-{plan.version}", "active", case, plan.goals, plan.version, plan.at)
        made["activity"] = [
            {
                "detail": {
                    "kind": "ServiceRequest", "code": self._service(i.service), "status": "scheduled" if i.start and i.start > case.today else "in-progress",
                    **({"scheduledPeriod": p} if (p := _period(i.start, i.ends)) else {}),
                    **({"location": _reference("Location", id_of(i.unit), u.name), "performer": [self.producer(u.producer)]} if (u := self.units.get(i.unit)) else {}),
                    **({"description": i.what} if i.what else {}),
                }
            }
            for i in plan.items
        ]  # fmt: skip
        return made

    def observations(self, case: Case, assessment: Assessment) -> list[Resource]:
        """What an assessment measured: one Observation a scale, with its instrument and its day."""
        made: list[Resource] = []
        for name, told in assessment.facts.items():
            called, instrument = self.fields.get(name, ("", ""))
            value = told.get("value") if isinstance(told, dict) else told
            if not instrument or not isinstance(value, int) or isinstance(value, bool):
                continue
            on = told.get("on") if isinstance(told, dict) else None
            made.append({
                "resourceType": "Observation", "id": id_of(f"{assessment.position}-{name}".replace("_", "-")), "status": "final",
                "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "survey", "display": "Survey"}]}],
                "code": {"coding": [{"system": "urn:torni:field", "code": name, "display": called}], "text": called},
                "subject": _reference("Patient", patient_id(case)), "effectiveDateTime": str(on or assessment.on),
                "issued": _moment(assessment.at), "valueInteger": value, "method": {"text": assessment.instrument or instrument},
            })  # fmt: skip
        return made

    def everything(self, case: Case, at: datetime, base: str) -> Resource:
        """The client's whole guidance as a collection: the client, the plan, what was sent to whom, the assessments, the units it names."""
        sent = [
            r for s in case.sent for r in (self.service_request(case, s), self.task(case, s), self.care_plan(case, s))
        ]
        found = [self.patient(case), *([self.whole_plan(case, case.plan)] if case.plan else []), *sent]
        found += [o for a in case.assessments for o in self.observations(case, a)]
        used = {s.unit for s in case.sent} | {i.unit for i in (case.plan.items if case.plan else ())}
        producers = {id_of(self.units[u].producer) for u in used if u in self.units} | {"organiser"}
        found += [o for o in self.organizations() if o["id"] in producers]
        found += [place for place in self.locations() if place["id"] in {id_of(u) for u in used}]
        return bundle("collection", found, at, base)

    def _plan(self, id_: str, status: str, case: Case, goals: Sequence[str], version: int, at: datetime) -> Resource:
        subject = _reference("Patient", patient_id(case))
        made: Resource = {
            "resourceType": "CarePlan", "id": id_, "meta": {"versionId": str(version), "lastUpdated": _moment(at)}, "status": status, "intent": "plan",
            "subject": subject, "created": _moment(at), "author": self.organiser_reference(),
        }  # fmt: skip
        if goals:
            made["contained"] = [
                {"resourceType": "Goal", "id": f"goal{n}", "lifecycleStatus": "active", "description": {"text": goal}, "subject": subject}
                for n, goal in enumerate(goals, 1)
            ]  # fmt: skip
            made["goal"] = [{"reference": f"#goal{n}"} for n in range(1, len(goals) + 1)]
        return made

    def _service(self, service: str) -> Resource:
        name = self.services.get(service, service)
        coding = {"system": self.system("service"), "code": service, "display": name}
        return {"coding": [coding], "text": name} if service else {"text": "–"}


def answered(told: Any, case: Case, sent: Sent, *, by: str, at: datetime, source: str) -> list[steps.Event]:
    """A producer's answer from the Task it sent back: the events of the step. Faults where the status is none that it may give."""
    if (
        not isinstance(told, dict)
        or told.get("resourceType") != "Task"
        or told.get("id") not in (None, str(sent.position))
    ):
        raise bad_input("Task", t("is not the Task that was asked about"), t("Send the Task back with its new status."))
    status = told.get("status")
    period = told.get("executionPeriod")
    start = _day(period.get("start") if isinstance(period, dict) else None, "executionPeriod.start")
    reason, notes = told.get("statusReason"), told.get("note")
    own = [n.get("authorString") for n in notes if isinstance(n, dict) and n not in _notes(sent)] if isinstance(notes, list) else []  # fmt: skip
    who = next((str(name)[:200] for name in reversed(own) if name), by)
    why = reason.get("text") if isinstance(reason, dict) else None
    common: dict[str, Any] = {"by": who, "at": at, "source": source}
    client = case.person.client
    proposes = status == "received" and "time-proposed" in codes(told.get("businessStatus"))
    if status == task_status(case, sent) and (start == sent.start if proposes else sent.state != "proposed"):
        if status == "accepted" and start not in (None, sent.start):
            raise bad_input(
                t("the day"),
                t("has been confirmed as {day}", day=sent.start),
                t("Agree on another with the case manager, who sends a new plan."),
            )
        return []  # told before: it stands
    if proposes:
        return steps.answer(sent, client, "time_proposed", start=start, **common)
    if status == "received":
        return steps.answer(sent, client, "opened", **common)
    if status == "accepted":
        return steps.answer(sent, client, "confirmed", start=start, **common)
    if status == "rejected":
        return steps.answer(sent, client, "refused", why=why if isinstance(why, str) else "", **common)
    if status in ("in-progress", "completed"):
        return [steps.start(sent, case, first=status == "in-progress", **common)]
    raise bad_input("Task.status", t("is none that a producer gives"), t("Write one of: {names}", names=", ".join(ANSWERS)))  # fmt: skip


def bundle(
    type_: Literal["collection", "searchset"],
    resources: Iterable[Resource],
    at: datetime,
    base: str,
    search: Search | None = None,
) -> Resource:
    """Resources in a Bundle, each with its own address under the base; of a search its page, its links and what was left out of it."""
    found = list(resources)
    made: Resource = {"resourceType": "Bundle", "type": type_, "timestamp": _moment(at)}
    shown: Sequence[Resource] = found
    if search:
        shown, own, further = search.page(found)
        made["total"] = len(found)
        links = [("self", own), *([("next", further)] if further else [])]
        made["link"] = [{"relation": r, "url": f"{base}/{search.kind}" + (f"?{q}" if q else "")} for r, q in links]
    entries: list[Resource] = [{"fullUrl": f"{base}/{r['resourceType']}/{r['id']}", "resource": r} for r in shown]
    if search:
        entries = [{**e, "search": {"mode": "match"}} for e in entries]
        if search.ignored and not search.only_total:
            why = outcome([(f"{name} is not supported and was left out of the search", "") for name in search.ignored], "not-supported", severity="warning")  # fmt: skip
            entries.append({"resource": why, "search": {"mode": "outcome"}})
    return made | ({"entry": entries} if entries else {})


def outcome(faults: Iterable[tuple[str, str]], code: str = "invalid", *, severity: str = "error") -> Resource:
    """Why not, as FHIR tells it: each fault's text and where it is."""
    issues = [{"severity": severity, "code": code, "diagnostics": what, **({"expression": [where]} if where else {})} for what, where in faults]  # fmt: skip
    return {"resourceType": "OperationOutcome", "issue": issues}


def capability(on: date, version: str) -> Resource:
    """What this edge does: its resources, and how they are read, searched and answered."""

    def of(type_: str, *interactions: str, told: str = "") -> Resource:
        made: Resource = {"type": type_, "interaction": [{"code": i} for i in interactions]}
        return made | ({"documentation": told} if told else {})

    resources = [
        of("Task", "read", "search-type", "update", told="A search tells the producer's newest tasks without their clients; an update answers: received, accepted, rejected, in-progress, completed."),
        of("ServiceRequest", "read"), of("CarePlan", "read"), of("Patient", "read", told="Each reading is written down and told to the client."),
        of("Organization", "read", "search-type"), of("Location", "read", "search-type"), of("HealthcareService", "read", "search-type"),
    ]  # fmt: skip
    for resource in resources:
        if any(i["code"] == "search-type" for i in resource["interaction"]):
            resource["searchParam"] = [{"name": n, "type": type_} for n, type_ in parameters(resource["type"]).items()]
    security = {"description": "A feed's key held to one producer: Authorization: Bearer KEY. Organization, Location and HealthcareService are open."}  # fmt: skip
    return {
        "resourceType": "CapabilityStatement", "status": "active", "date": str(on), "kind": "instance", "fhirVersion": VERSION, "format": ["json"],
        "software": {"name": "Torni", "version": version}, "implementation": {"description": "A region's guidance for its producers' systems"},
        "rest": [{"mode": "server", "security": security, "resource": resources}],
    }  # fmt: skip


def task_status(case: Case, sent: Sent) -> str:
    """The Task's status of what was sent, by its answers and what has happened since."""
    item = sent.item
    mine = [e.type for e in case.events if (e.service, e.unit) == (item.service, sent.unit) and e.at >= sent.at]
    return _status(sent.state, mine)


def status_shown(since: Iterable[str]) -> str:
    """The same of what is listed without its client: by the types of what has happened since it was sent, in order."""
    state: SentState = "sent"
    happened = list(since)
    for type_ in happened:
        if type_ in ANSWER_EVENTS:
            state = state_after(state, type_)
    return _status(state, happened)


def moment_shown(at: datetime, since: Iterable[tuple[str, datetime]]) -> datetime:
    """When a Task was last changed: sent, first opened, or last answered."""
    told = list(since)
    opened = [m for type_, m in told if type_ == "plan.opened"][:1]
    return max(
        [
            at,
            *opened,
            *(m for type_, m in told if type_ in ANSWER_EVENTS and type_ not in ("plan.opened", "plan.time_answered")),
        ]
    )


def _status(state: SentState, happened: Collection[str]) -> str:
    """The one mapping, for reading and for searching."""
    if state == "confirmed" and "service.ended" in happened:
        return "completed"
    if state == "confirmed" and "service.started" in happened:
        return "in-progress"
    return {"sent": "requested", "opened": "received", "proposed": "received", "confirmed": "accepted", "refused": "rejected", "recalled": "cancelled"}[state]  # fmt: skip


def patient_id(case: Case) -> str:
    """The client's id here: where the register's first row of the client stands in the log. It tells nothing outside."""
    return str(case.person.position)


def id_of(text: str) -> str:
    """A name as a FHIR id: itself where it may be one."""
    return text if _ID.match(text) else hashlib.sha256(text.encode()).hexdigest()[:32]


def _request_status(case: Case, sent: Sent) -> str:
    status = task_status(case, sent)
    return {"cancelled": "revoked", "rejected": "revoked", "completed": "completed"}.get(status, "active")


def _organization(id_: str, name: str, code: str, display: str) -> Resource:
    type_ = {"system": "http://terminology.hl7.org/CodeSystem/organization-type", "code": code, "display": display}
    return {"resourceType": "Organization", "id": id_, "active": True, "type": [{"coding": [type_]}], "name": name}


def _reference(type_: str, id_: str, display: str = "") -> Resource:
    return {"reference": f"{type_}/{id_}"} | ({"display": display} if display else {})


def _notes(sent: Sent) -> list[Resource]:
    """Who opened and who answered, and when."""
    told = [(sent.opened, "opened"), (sent.answered, "answered")]
    return [{"authorString": who[1], "time": _moment(who[0]), "text": what} for who, what in told if who and who[1]]


def codes(told: Any) -> list[str]:
    coding = told.get("coding") if isinstance(told, dict) else None
    return [str(c.get("code")) for c in coding if isinstance(c, dict)] if isinstance(coding, list) else []


def _period(start: date | None, end: date | None) -> Resource:
    return {k: str(v) for k, v in (("start", start), ("end", end)) if v}


def _moment(at: datetime) -> str:
    return at.astimezone(HELSINKI).isoformat(timespec="milliseconds")


def helsinki_day(told: str) -> date | None:
    """The day in Helsinki that a FHIR date or moment tells: 2026-12-10T22:00:00Z is the 11th here. None where it tells no whole day."""
    if not _BEGINS_WITH_DAY.match(told):  # a week's day (2026-W19-1) is no FHIR date, and as often a slip
        return None
    if "T" not in told:
        return day_told(told) if len(told) == 10 else None
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        return None
    return (moment.astimezone(HELSINKI) if moment.tzinfo else moment).date()


def _day(told: Any, where: str) -> date | None:
    if told is None:
        return None
    found = helsinki_day(str(told))
    if found is None:
        raise bad_input(where, t("is not a date"), t("Write such as 2026-01-31."))
    return found
