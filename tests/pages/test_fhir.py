"""The FHIR edge: what a producer's system fetches and answers, read by an independent FHIR library; tried by every wrong key."""

from __future__ import annotations

import json
import os
import re

import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "torni.web.settings")
from fhir.resources.R4B import get_fhir_model_class

A, B = "Esimerkkihoiva Oy", "Malliterveys Oy"
CODES = {  # the codes that R4 binds as required, of the elements that are made here
    "Task.status": {"draft", "requested", "received", "accepted", "rejected", "ready", "cancelled", "in-progress", "on-hold", "failed", "completed", "entered-in-error"},
    "Task.intent": {"unknown", "proposal", "plan", "order", "original-order", "reflex-order", "filler-order", "instance-order", "option"},
    "ServiceRequest.status": {"draft", "active", "on-hold", "revoked", "completed", "entered-in-error", "unknown"},
    "ServiceRequest.intent": {"proposal", "plan", "directive", "order", "original-order", "reflex-order", "filler-order", "instance-order", "option"},
    "CarePlan.status": {"draft", "active", "on-hold", "revoked", "completed", "entered-in-error", "unknown"},
    "CarePlan.intent": {"proposal", "plan", "order", "option"},
    "Observation.status": {"registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error", "unknown"},
    "Location.status": {"active", "suspended", "inactive"}, "Location.mode": {"instance", "kind"},
    "Bundle.type": {"document", "message", "transaction", "transaction-response", "batch", "batch-response", "history", "searchset", "collection"},
    "CapabilityStatement.kind": {"instance", "capability", "requirements"}, "CapabilityStatement.status": {"draft", "active", "retired", "unknown"},
    "Goal.lifecycleStatus": {"proposed", "planned", "accepted", "active", "on-hold", "completed", "cancelled", "entered-in-error", "rejected"},
}  # fmt: skip


def sound(resource):
    """The resource as an independent library reads it, its codes among those that the standard allows, and its references in a form."""
    made = get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    assert json.loads(made.model_dump_json()) is not None
    for inner in [resource, *(e["resource"] for e in resource.get("entry", [])), *resource.get("contained", [])]:
        kind = inner["resourceType"]
        get_fhir_model_class(kind).model_validate(inner)
        for name, value in inner.items():
            assert value in CODES.get(f"{kind}.{name}", {value} if isinstance(value, str) else [value]), (
                kind,
                name,
                value,
            )
        assert re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", inner.get("id", "x"))
        assert "None" not in json.dumps(inner)
    return resource


@pytest.fixture(scope="module")
def keys(invented_year):
    from torni.facts import feeds, opening

    with opening.connect(invented_year, autocommit=True) as connection:
        yield {
            "a": feeds.new(connection, "esimerkkihoiva-system", producer=A), "b": feeds.new(connection, "mallikoti-system", producer=B),
            "none": feeds.new(connection, "a-register"),
        }  # fmt: skip


@pytest.fixture(scope="module")
def call(browsers, keys):
    """`call(path, key, body)`: a GET, or a PUT of the body; the status and what came."""

    def ask(path, key="a", body=None, method=None, kind="application/fhir+json"):
        headers = {"authorization": f"Bearer {keys.get(key, key)}"} if key else {}
        method = method or ("PUT" if body is not None else "GET")
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        browsers[None].cookies.clear()
        answer = browsers[None].generic(method, f"/fhir/{path}", text, content_type=kind, headers=headers)
        assert answer["Content-Type"].startswith("application/fhir+json"), answer.content[:300]
        return answer.status_code, sound(json.loads(answer.content))

    return ask


@pytest.fixture(scope="module")
def waiting(call, rows):
    """Positions of four tasks of producer A that nobody has opened; the last one's client has a protected address."""
    from torni.web import record_room

    (unit,) = rows("SELECT unit FROM unit WHERE producer = %s AND kind = 'home_care' ORDER BY 1 LIMIT 1", A)[0]
    events = []
    for client in range(9_900_001, 9_900_005):
        about = {
            "municipality": "179",
            "born": "1941-05-30",
            "name": f"Testi {client}",
            "protected": client == 9_900_004,
        }
        item = {"item": "a", "service": "home_care", "unit": unit, "what": "Suihkuapu", "hours_month": 10, "start": "2026-12-01"}  # fmt: skip
        plan = {"version": 1, "item": item, "goals": ["Asun kotona."]}
        common = {"at": record_room.now(), "client": client, "source": "guidance"}
        events.append({**common, "type": "resident.registered", "id": f"r{client}", "data": about})
        events.append({**common, "type": "plan.sent", "id": f"p{client}", "service": "client_guidance", "unit": unit, "matter": f"plan-{client}/1/a", "data": plan})  # fmt: skip
    record_room.write(events, at=record_room.now())
    found = [str(p) for (p,) in rows("SELECT position FROM event WHERE client BETWEEN 9900001 AND 9900004 AND type = 'plan.sent' ORDER BY client")]  # fmt: skip
    status, shown = call("Task?status=requested")
    assert status == 200 and set(found) <= {e["resource"]["id"] for e in shown["entry"]}
    return found


def test_the_register_and_the_statement_are_open(call):
    for path, kind in (
        ("metadata", "CapabilityStatement"),
        ("Organization", "Bundle"),
        ("Location", "Bundle"),
        ("HealthcareService", "Bundle"),
    ):
        status, found = call(path, key=None)
        assert status == 200 and found["resourceType"] == kind
        for entry in found.get("entry", [])[:3]:
            one = entry["resource"]
            assert call(f"{one['resourceType']}/{one['id']}", key=None) == (200, one)
    named = {e["resource"]["name"] for e in call("Organization", key=None)[1]["entry"]}
    assert {A, B, "Keski-Suomi"} <= named


def test_the_statement_names_what_is_there_and_nothing_more(call):
    statement = call("metadata", key=None)[1]
    for resource in statement["rest"][0]["resource"]:
        codes = {i["code"] for i in resource["interaction"]}
        status, _found = call(resource["type"])
        assert (status == 200) is ("search-type" in codes), resource
    assert call("Observation")[0] == 404 and call("Encounter/1")[0] == 404


def test_a_search_tells_nothing_of_a_client(call, waiting, rows):
    _status, found = call("Task")
    assert len(found["entry"]) >= len(waiting) > 0
    for entry in found["entry"]:
        task = entry["resource"]
        assert not {"for", "focus", "identifier", "note"} & set(task) and task["meta"]["tag"][0]["code"] == "SUBSETTED"
        assert task["owner"]["display"] == A
    before = rows("SELECT count(*) FROM reading WHERE shown = 'esimerkkihoiva-system'")
    call("Task")
    assert rows("SELECT count(*) FROM reading WHERE shown = 'esimerkkihoiva-system'") == before


def test_a_search_tells_the_status_that_reading_tells(call, waiting):
    """The plans of the whole demonstration: whatever has become of each, it stands alike in the list and by itself."""
    found = [e["resource"] for e in call("Task")[1]["entry"]]
    for task in found[:40]:
        one = call(f"Task/{task['id']}")[1]
        assert [task[k] for k in ("status", "meta", "lastModified")] == [one["status"], {**one["meta"], "tag": task["meta"]["tag"]}, one["lastModified"]]  # fmt: skip
    for status in {t["status"] for t in found}:
        same = [
            e["resource"]["id"] for e in call(f"Task?status=http://hl7.org/fhir/task-status%7C{status}")[1]["entry"]
        ]
        assert same == [t["id"] for t in found if t["status"] == status]
        others = call(f"Task?status:not={status}&_summary=count")[1]
        assert others["total"] == len(found) - len(same) and "entry" not in others
    first = call("Task?_count=1")[1]
    assert [e["resource"]["id"] for e in first["entry"]] == [found[0]["id"]] and first["total"] == len(found)
    assert {link["relation"] for link in first["link"]} == {"self", "next"}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("metadata?_format=xml", 406), ("metadata?_format=json", 200), ("Task?status:missing=true", 400), ("Task?_count=x", 400), ("", 404), ("a/b/c/d", 404),
        ("Location?name=zzz", 200), ("Location?name:contains=zzz", 200),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_told_in_the_form_of_the_standard(call, path, status):
    found = call(path)
    assert found[0] == status and (status == 200 or found[1]["resourceType"] == "OperationOutcome")
    assert "name" not in path or found[1]["total"] == 0


def test_a_moment_for_a_day_is_the_day_in_helsinki(call, waiting):
    told = {"resourceType": "Task", "status": "accepted", "executionPeriod": {"start": "2026-12-10T22:00:00.000Z"}}
    status, task = call(f"Task/{waiting[3]}", body=told)
    assert status == 200 and task["executionPeriod"] == {"start": "2026-12-11"}
    for other in ("2026-12-12", "0026-01-01"):
        again = call(f"Task/{waiting[3]}", body={**told, "executionPeriod": {"start": other}})
        assert again[0] == 422, "another day is no repetition: it is not taken, and not swallowed"
    assert call(f"Task/{waiting[3]}", body={"resourceType": "Task", "status": "accepted"}) == (200, task)


@pytest.mark.parametrize("start", ["0026-01-01", "9999-12-31", "2099-01-01", "1999-12-31"])
def test_a_day_that_no_service_can_start_on_is_refused(call, waiting, start):
    told = {"resourceType": "Task", "status": "accepted", "executionPeriod": {"start": start}}
    status, found = call(f"Task/{waiting[1]}", body=told)
    assert status == 422 and "start" in found["issue"][0]["diagnostics"]


def test_a_plan_is_fetched_answered_started_and_ended(call, waiting, rows):
    """The whole of a producer's work by machine, each step seen in the log with who did it."""
    id_ = waiting[0]
    status, task = call(f"Task/{id_}")
    assert status == 200 and task["status"] == "requested"
    (client,) = rows("SELECT client FROM event WHERE position = %s", int(id_))[0]
    assert rows(
        "SELECT shown, role, what, why FROM reading WHERE client = %s ORDER BY number DESC LIMIT 1", client
    ) == [("esimerkkihoiva-system", "producer", "fhir", "own client")]
    request, plan, patient = (call(task[k]["reference"] if k != "basedOn" else task[k][0]["reference"])[1] for k in ("focus", "basedOn", "for"))  # fmt: skip
    assert patient["identifier"][0]["value"] == str(client) and patient["id"] in plan["subject"]["reference"]
    assert request["performer"][0]["display"] == A and request["code"]["text"] == "Kotihoito"
    assert plan["contained"][0]["description"]["text"] and plan["activity"][0]["reference"]["reference"] == f"ServiceRequest/{id_}"  # fmt: skip
    assert "profile" in patient["meta"] and str(client) not in json.dumps(task["for"])

    told = {**task, "status": "received", "note": [{"authorString": "Jaana Hoitaja", "text": "avattu"}]}
    status, task = call(f"Task/{id_}", body=told)
    assert status == 200 and task["status"] == "received" and task["note"][0]["authorString"] == "Jaana Hoitaja"
    assert call(f"Task/{id_}", body=task) == (200, task), "the same answer again changes nothing"
    proposed = {**task, "businessStatus": {"coding": [{"code": "time-proposed"}]}, "executionPeriod": {"start": "2026-12-15"}}  # fmt: skip
    status, task = call(f"Task/{id_}", body=proposed)
    assert status == 200 and task["businessStatus"]["coding"][0]["code"] == "time-proposed"
    assert call(f"Task/{id_}", body=task) == (200, task)
    accepted = {"resourceType": "Task", "id": id_, "status": "accepted", "executionPeriod": {"start": "2026-12-15"}}
    status, task = call(f"Task/{id_}", body=accepted)
    assert status == 200 and task["status"] == "accepted" and task["executionPeriod"] == {"start": "2026-12-15"}
    assert call(f"Task/{id_}", body={**task, "status": "rejected", "statusReason": {"text": "emme sittenkään ehdi"}})[0] == 422  # fmt: skip
    going = rows("SELECT type, source, data->>'by' FROM event WHERE client = %s AND type IN ('plan.opened', 'plan.time_proposed', 'plan.confirmed') ORDER BY position DESC LIMIT 3", client)  # fmt: skip
    assert going[::-1] == [
        ("plan.opened", "esimerkkihoiva-system", "Jaana Hoitaja"),
        ("plan.time_proposed", "esimerkkihoiva-system", "esimerkkihoiva-system"),
        ("plan.confirmed", "esimerkkihoiva-system", "esimerkkihoiva-system"),
    ]
    running = rows("SELECT 1 FROM event s WHERE client = %s AND type = 'service.started' AND NOT EXISTS (SELECT 1 FROM event e WHERE e.client = s.client AND e.type = 'service.ended' AND e.matter = s.matter)", client)  # fmt: skip
    if not running:
        assert call(f"Task/{id_}", body={**task, "status": "in-progress"})[1]["status"] == "in-progress"
    assert call(f"Task/{id_}", body={**task, "status": "completed"})[1]["status"] == "completed"
    status, told = call(f"Task/{id_}", body={**task, "status": "in-progress"})
    assert status == 422, "what has ended begins again only by a new plan"


def test_a_refusal_needs_its_reason(call, waiting):
    id_ = waiting[1]
    status, told = call(f"Task/{id_}", body={"resourceType": "Task", "status": "rejected"})
    assert status == 422 and told["resourceType"] == "OperationOutcome" and "reason" in told["issue"][0]["diagnostics"]
    why = "Alueella ei ole vapaata hoitajaa ennen vuodenvaihdetta."
    status, task = call(f"Task/{id_}", body={"resourceType": "Task", "status": "rejected", "statusReason": {"text": why}})  # fmt: skip
    assert status == 200 and task["status"] == "rejected" and task["statusReason"] == {"text": why}
    assert call(f"ServiceRequest/{id_}")[1]["status"] == "revoked"


def test_nobody_else_reads_or_answers_it(call, waiting, keys, rows, invented_year):
    from torni.facts import feeds, opening

    id_ = waiting[0]
    with opening.connect(invented_year, autocommit=True) as connection:
        ended = feeds.new(connection, "gone", producer=A)
        feeds.end(connection, "gone")
    patient = call(f"Task/{id_}")[1]["for"]["reference"]
    before = rows("SELECT count(*) FROM reading")
    for key, status in ((None, 401), ("wrong", 401), (ended, 401), ("none", 403), ("b", 404)):
        for path in (f"Task/{id_}", f"ServiceRequest/{id_}", f"CarePlan/{id_}", patient):
            assert call(path, key=key)[0] == status, (key, path)
        assert call(f"Task/{id_}", key=key, body={"resourceType": "Task", "status": "received"})[0] == status
        if key != "b":
            assert call("Task", key=key)[0] == status
    assert rows("SELECT count(*) FROM reading") == before, "nothing was read"
    shown = {e["resource"]["id"] for e in call("Task", key="b")[1].get("entry", [])}
    assert not shown & set(waiting)


@pytest.mark.parametrize(
    "path", ["Task/0", "Task/99999999999999999999", "Task/-1", "Task/x", "Patient/1", "CarePlan/1"]
)
def test_what_is_not_there_is_not_told_apart_from_what_is_anothers(call, path):
    status, told = call(path)
    assert status == 404 and told["issue"][0]["diagnostics"] == "It is not here, or not yours to read"


@pytest.mark.parametrize(
    "body",
    ["{", "[]", "7", '"Task"', "null", '{"resourceType": "Patient"}', '{"resourceType": "Task", "status": "done"}', '{"resourceType": "Task", "status": ["received"]}', '{"resourceType": "Task", "id": "1", "status": "received"}', '{"resourceType": "Task", "status": "accepted", "executionPeriod": {"start": "huomenna"}}', '{"resourceType": "Task", "status": "received", "note": 7, "businessStatus": {"coding": [1]}, "executionPeriod": [], "statusReason": 1}', b"\xff\xfe", "[" * 100_000],
)  # fmt: skip
def test_an_odd_answer_is_told_and_changes_nothing(call, waiting, rows, body):
    before = rows("SELECT count(*) FROM event")
    status, told = call(f"Task/{waiting[2]}", body=body)
    assert (status in (400, 422) and told["resourceType"] == "OperationOutcome") or (status == 200 and b"note" in str(body).encode())  # fmt: skip
    if status != 200:
        assert rows("SELECT count(*) FROM event") == before


def test_other_ways_are_refused(call, browsers, keys, waiting):
    headers = {"authorization": f"Bearer {keys['a']}"}
    for method, path in (("POST", "Task"), ("DELETE", f"Task/{waiting[2]}"), ("PATCH", f"Task/{waiting[2]}"), ("PUT", "Patient/1")):  # fmt: skip
        answer = browsers[None].generic(method, f"/fhir/{path}", "{}", content_type="application/json", headers=headers)
        assert answer.status_code == 405, (method, path)
        assert sound(json.loads(answer.content))["resourceType"] == "OperationOutcome"
    cookie = {**headers, "cookie": "language=fi"}  # a browser is not a machine
    answer = browsers[None].generic("PUT", f"/fhir/Task/{waiting[2]}", "{}", content_type="application/json", headers=cookie)  # fmt: skip
    assert answer.status_code == 405
    assert call(f"Task/{waiting[2]}", body="x", kind="text/plain")[0] == 415


def test_a_protected_address_is_left_out_and_said_to_be(call, waiting):
    for position, protected in ((waiting[3], True), (waiting[0], False)):
        patient = call(call(f"Task/{position}")[1]["for"]["reference"])[1]
        labels = {s["code"] for s in patient["meta"].get("security", [])}
        assert ("TURVAKIELTO" in labels) is protected and ("address" in patient) is not protected


def test_the_resident_and_those_who_guide_take_the_whole_with_them(browsers, rows):
    bundle = sound(json.loads(browsers["resident"].get("/me/guidance.fhir.json").content))
    kinds = {e["resource"]["resourceType"] for e in bundle["entry"]}
    assert {"Patient", "CarePlan", "ServiceRequest", "Task", "Organization", "Location"} <= kinds
    ids = {e["fullUrl"].partition("/fhir/")[2] for e in bundle["entry"]}
    for reference in re.findall(r'"reference": "([A-Z][^"]+)"', json.dumps(bundle)):
        assert reference in ids, reference
    position = rows("SELECT e.position FROM event e JOIN care c USING (client) WHERE e.type = 'assessment.made' AND c.case_manager = 'case-manager' AND e.data ? 'scales' OR e.data ? 'facts' ORDER BY e.position DESC LIMIT 1")[0][0]  # fmt: skip
    answer = browsers["case-manager"].get(f"/keski-suomi/case/{position}/guidance.fhir.json")
    if answer.status_code == 200:
        found = sound(json.loads(answer.content))
        assert any(e["resource"]["resourceType"] == "Observation" for e in found["entry"])
