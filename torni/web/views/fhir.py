"""`/fhir/`: the FHIR R4 edge for producers' systems, by a feed's key; each reading of a client is written down with the feed's name.

Organization, Location and HealthcareService are open data. What is a client's is found by the log position of what was sent to the
producer; whether it is not there or not the producer's is not told apart.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, NoReturn

import psycopg
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from psycopg_pool import PoolTimeout

from torni import __version__
from torni.core.bounds import Unreadable, read_json
from torni.core.faults import BadInput
from torni.core.language import speaking
from torni.facts import feeds, persons
from torni.facts.access import Who
from torni.facts.door import local_day
from torni.facts.rights import MACHINE
from torni.guidance import fhir
from torni.guidance.case import Case, Sent, case_of
from torni.guidance.fhir_search import NotSearchable, asked, is_json
from torni.producers import inbox as producer_inbox
from torni.supervision.known_sums import units as units_of
from torni.web import record_room
from torni.web.views.case import VISITS_BACK, opened

OPEN = ("Organization", "Location", "HealthcareService")
OF_CLIENTS = ("Task", "ServiceRequest", "CarePlan", "Patient")
log = logging.getLogger("torni.fhir")


class Refused(Exception):
    """An answer that is not the one asked for: its status and what it tells."""

    def __init__(self, status: int, why: str, code: str, **headers: str) -> None:
        super().__init__(why)
        self.status, self.why, self.code, self.headers = status, why, code, headers


def metadata(request: HttpRequest) -> HttpResponse:
    """The capability statement."""
    return _answer(request, lambda: fhir.capability(local_day(record_room.now()), __version__))


def search(request: HttpRequest, kind: str) -> HttpResponse:
    """A Bundle: the register of one kind, or the producer's newest tasks, without their clients."""

    def made() -> fhir.Resource:
        edge = edge_of()
        if kind in OPEN:
            found = {"Organization": edge.organizations, "Location": edge.locations, "HealthcareService": edge.healthcare_services}[kind]()  # fmt: skip
        elif kind == "Task":
            found = _tasks(edge, _who(request))
        else:
            raise Refused(404 if kind not in OF_CLIENTS else 405, f"{kind} cannot be searched here; /fhir/metadata tells what can", "not-supported")  # fmt: skip
        strict = "handling=strict" in request.headers.get("Prefer", "").replace(" ", "").lower()
        try:
            search = asked(kind, [(n, v) for n, values in request.GET.lists() for v in values], strict=strict)
        except NotSearchable as error:
            raise Refused(400, str(error), "not-supported") from error
        return fhir.bundle("searchset", filter(search.wants, found), record_room.now(), _base(request), search)

    return _answer(request, made)


def unknown(request: HttpRequest, rest: str = "") -> HttpResponse:
    """What has no address here, told as FHIR tells it."""

    def made() -> fhir.Resource:
        raise Refused(404, f"/fhir/{rest} is not here; /fhir/metadata tells what is", "not-found")

    return _answer(request, made)


def one(request: HttpRequest, kind: str, id_: str) -> HttpResponse:
    """One resource. `PUT` of a Task is the producer's answer to it."""

    def made() -> fhir.Resource:
        edge = edge_of()
        if kind in OPEN:
            found = {"Organization": edge.organizations, "Location": edge.locations, "HealthcareService": edge.healthcare_services}[kind]()  # fmt: skip
            return next((r for r in found if r["id"] == id_), None) or _missing()
        if kind not in OF_CLIENTS:
            raise Refused(404, f"{kind} is not here; /fhir/metadata tells what is", "not-supported")
        who = _who(request)
        if request.method == "PUT":
            if kind != "Task":
                raise Refused(405, "Only a Task is updated here", "not-supported", Allow="GET")
            case, sent = _case(who, id_, "fhir")
            events = fhir.answered(_body(request), case, sent, by=who.shown, at=record_room.now(), source=who.name)
            record_room.write(events, at=record_room.now(), producer=who.producer, who=who)
        case, sent = _case(who, id_, "fhir", of_patient=kind == "Patient")
        if kind == "Patient":
            return edge.patient(case)
        return {"Task": edge.task, "ServiceRequest": edge.service_request, "CarePlan": edge.care_plan}[kind](case, sent)

    return _answer(request, made, may=("GET", "HEAD", "PUT"))


def case_file(request: HttpRequest, region: str, position: int) -> HttpResponse:
    """A client's whole guidance as a Bundle, for those who guide."""
    o = opened(request, region, position, "export")
    return _file(edge_of().everything(o.case, o.at, _base(request)))


def own_file(request: HttpRequest) -> HttpResponse:
    """The same for the resident whose it is."""
    at = record_room.now()
    with record_room.reading(request.who) as connection:
        person = persons.read(connection, client=request.who.client, what="own", why="", visits_since=at - VISITS_BACK)
    if person is None:
        return HttpResponse(status=404)
    return _file(edge_of().everything(case_of(person, local_day(at)), at, _base(request)))


def edge_of() -> fhir.Edge:
    """The edge of this room's region, in Finnish: what a machine is told does not change with its language."""
    region, today, _names = record_room.about()
    library = record_room.days(region).on(today).library
    with speaking("fi"), record_room.reading(None) as connection:
        rows = units_of(connection).rows()
        places = {code: str(name) for code, name in record_room.names(region).items()}
        kinds = {k: str(v.name) for k, v in library.unit_kinds.items()} | {k: str(v.name) for k, v in library.services.items()}  # fmt: skip
        units = {u: fhir.Unit(u, name, kind, kinds.get(kind, kind), producer, places.get(m, m)) for u, name, kind, producer, m in rows}  # fmt: skip
        fields = {k: (str(d.what), str(d.instrument or "")) for k, d in record_room.days(region).exactly(today).definitions.items()}  # fmt: skip
        services = {k: str(v.name) for k, v in library.services.items()}
        return fhir.Edge(region, str(library.region.name), services, fields, units, places)


def _tasks(edge: fhir.Edge, who: Who) -> list[fhir.Resource]:
    """What the producer was sent, each with the status that reading it would tell; nothing of the clients is read."""
    library = record_room.days(edge.region).on(record_room.about()[1]).library
    awaited = [f"{s.id}.{p.id}" for s, p in library.of_events() if ("opened_by", "plan.sent") in p.events()]
    with record_room.reading(who) as connection:
        found = [s for s in producer_inbox.inbox(connection, awaited) if s.opens]  # what is listed can be read
    with record_room.door() as door:
        since = producer_inbox.since_sent(door.connection, [s.position for s in found], who.producer or "")
    made = []
    for s in found:
        happened = since.get(s.position, [])
        status, changed = fhir.status_shown(type_ for type_, _at in happened), fhir.moment_shown(s.at, happened)
        task = edge.task_shown(s.position, s.unit or "", s.service or "", status, s.at, s.due, changed=changed)
        task["meta"]["tag"] = [{"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED", "display": "subsetted"}]  # fmt: skip
        made.append(task)
    return made


def _who(request: HttpRequest) -> Who:
    """Whose key it is: a producer's system."""
    key = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    with record_room.door() as door:
        feed = feeds.source_of(door.connection, key) if key else None
    if feed is None:
        raise Refused(401, "A feed's key is needed: Authorization: Bearer KEY", "login", **{"WWW-Authenticate": "Bearer"})  # fmt: skip
    if feed[1] is None:
        raise Refused(403, "This key is not held to a producer: torni feed new SOURCE --producer NAME", "forbidden")
    return Who(0, feed[0], feed[0], MACHINE, producer=feed[1], machine=True)


def _case(who: Who, id_: str, what: str, *, of_patient: bool = False) -> tuple[Case, Sent]:
    """The case as this producer may see it, and what was sent at that position; the reading is written down."""
    if not (id_.isascii() and id_.isdigit() and len(id_) < 19):
        _missing()
    at = record_room.now()
    with record_room.reading(who) as connection:
        person = persons.read(connection, event=int(id_), what=what, why="", visits_since=at - timedelta(days=60))
    if person is None:
        _missing()
    case = case_of(person, local_day(at))
    sent = next((s for s in case.sent if of_patient or s.position == int(id_)), None)
    if sent is None or (of_patient and person.position != int(id_)):
        _missing()
    return case, sent


def _missing() -> NoReturn:
    raise Refused(404, "It is not here, or not yours to read", "not-found")


def _body(request: HttpRequest) -> Any:
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind not in ("application/fhir+json", "application/json"):
        raise Refused(415, "Send application/fhir+json", "not-supported")
    try:
        return read_json(request.body)
    except RequestDataTooBig as error:
        raise Refused(413, "The body is too large", "too-long") from error
    except Unreadable as error:
        raise Refused(400, f"The body cannot be read, line {error.line}: {error.what}", "structure") from error


def _answer(request: HttpRequest, made: Any, may: tuple[str, ...] = ("GET", "HEAD")) -> HttpResponse:
    """What is made, or why not, as FHIR JSON; in English, the language of the standard."""
    try:
        with speaking("en"):
            if not is_json(request.GET.get("_format"), request.headers.get("Accept")):
                raise Refused(406, "Only JSON is here: application/fhir+json", "not-supported")
            if request.method not in may:
                raise Refused(405, f"{request.method} is not for this address", "not-supported", Allow=", ".join(may))
            if not record_room.is_open():
                raise Refused(503, "This server has no record room", "transient")
            return _json(made())
    except Refused as error:
        return _json(fhir.outcome([(error.why, "")], error.code), error.status, **error.headers)
    except BadInput as error:
        with speaking("en"):
            told = [(f"{f.what} {f.remedy}".strip(), "") if not f.where else (f"{f.where}: {f.what} {f.remedy}".strip(), "") for f in error.faults]  # fmt: skip
        return _json(fhir.outcome(told, "business-rule"), 422)
    except (psycopg.OperationalError, PoolTimeout):
        return _json(fhir.outcome([("The record room does not answer", "")], "transient"), 503, **{"Retry-After": "2"})


def _json(resource: fhir.Resource, status: int = 200, **headers: str) -> JsonResponse:
    response = JsonResponse(
        resource, status=status, headers=headers, content_type="application/fhir+json; charset=utf-8", json_dumps_params={"ensure_ascii": False}
    )  # fmt: skip
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _file(resource: fhir.Resource) -> JsonResponse:
    response = _json(resource)
    response["Content-Disposition"] = 'attachment; filename="guidance.fhir.json"'
    return response


def _base(request: HttpRequest) -> str:
    return f"{request.scheme}://{request.get_host()}/fhir"
