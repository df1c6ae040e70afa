"""A FHIR search: tokens, modifiers, pages and links as R4 has them (hl7.org/fhir/R4/search.html); days in Helsinki's time."""

from datetime import date, datetime, timedelta, timezone
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torni.core.faults import BadInput
from torni.core.language import speaking
from torni.guidance import fhir
from torni.guidance.fhir_search import TASK_STATUS, NotSearchable, _base, asked, is_json
from torni.guidance.scales import scales

AT = datetime(2026, 11, 22, 9, 0, tzinfo=timezone(timedelta(hours=2)))
STATUSES = ["accepted", "accepted", "completed", "received"]
TASKS = [{"resourceType": "Task", "id": str(i), "status": status} for i, status in enumerate(STATUSES)]


def search(*given, kind="Task", strict=False):
    return asked(kind, given, strict=strict)


def bundle(*given, found=TASKS, **how):
    made = search(*given, **how)
    return fhir.bundle("searchset", [r for r in found if made.wants(r)], AT, "https://x/fhir", made)


def links(found):
    return {link["relation"]: link["url"] for link in found["link"]}


@pytest.mark.parametrize(
    ("parameters", "ids"),
    [
        ([], "0123"), ([("status", "accepted")], "01"), ([("status", "accepted,completed")], "012"), ([("status", f"{TASK_STATUS}|accepted")], "01"),
        ([("status", f"{TASK_STATUS}|")], "0123"), ([("status", "|accepted")], ""), ([("status", "http://other|accepted")], ""), ([("status", "")], "0123"),
        ([("status:not", "accepted")], "23"), ([("status:not", f"accepted,{TASK_STATUS}|completed")], "3"), ([("_id", "2,3")], "23"),
        ([("status", "accepted"), ("_id", "1,2")], "1"), ([("status", "accepted"), ("status", "completed")], ""),
        ([("status", f"{TASK_STATUS}\\|accepted")], ""), ([("status", "accepted\\|")], ""), ([("_id", "|1")], "1"), ([("_id", "http://other|1")], ""),
        ([("_id", "|")], ""), ([("_id", "\\|1")], ""), ([("_id", "|1,3")], "13"),
    ],
)  # fmt: skip
def test_a_token_is_a_code_with_or_without_its_system(parameters, ids):
    found = bundle(*parameters)
    assert "".join(e["resource"]["id"] for e in found.get("entry", [])) == ids and found["total"] == len(ids)


@pytest.mark.parametrize(("parameter", "names"), [("name", ["Alfa koti"]), ("name:contains", ["Alfa koti", "Uusi alfa"]), ("name:exact", [])])  # fmt: skip
def test_a_name_is_found_by_its_beginning_or_as_asked(parameter, names):
    places = [{"resourceType": "Location", "id": n[0], "name": n} for n in ("Alfa koti", "Uusi alfa")]
    found = bundle((parameter, "alfa"), found=places, kind="Location")
    assert [e["resource"]["name"] for e in found.get("entry", [])] == names


@pytest.mark.parametrize(
    ("parameter", "asked_for", "found"),
    [
        ("name", "MALMIN", True), ("name", "malmin terveysasema", True), ("name", "terveysasema", False), ("name:contains", "TERVEYSASEMA", True),
        ("name:contains", "akerlundin", True), ("name:contains", "A\u030akerlundin", True), ("name:contains", "\u00e5KERLUNDIN", True),
        ("name:contains", "terveysasema akerlundin", True), ("name", "malmin  terveysasema", True), ("name:contains", "\u00e5kerlundin--katu", False),
        ("name:contains", "eerlundin", False), ("name:contains", "\u0301", False), ("name:contains", "-", False),
        ("name", "Oulu,Malmi", True), ("name", "Malmin terveysasema\\, A", True), ("name", "Oulu\\,Malmi", False),
        ("name:exact", "Malmin terveysasema\\, \u00c5kerlundin katu", True), ("name:exact", "Malmin terveysasema\\, A\u030akerlundin katu", True),
        ("name:exact", "malmin terveysasema\\, \u00c5kerlundin katu", False), ("name:exact", "Malmin terveysasema\\, Akerlundin katu", False),
        ("name:exact", "Malmin terveysasema", False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_string_is_searched_without_case_accents_or_punctuation(parameter, asked_for, found, form):
    """R4, Search, string: insensitive to case and combining characters, punctuation and blanks ignored; :exact is not."""
    place = {
        "resourceType": "Location",
        "id": "1",
        "name": normalize(form, "Malmin terveysasema, \u00c5kerlundin katu"),
    }
    assert search((parameter, asked_for), kind="Location").wants(place) is found


@given(st.text(), st.sampled_from(["name", "name:contains", "name:exact"]))
def test_every_name_is_found_by_itself_in_whatever_written_form(name, parameter):
    escaped = "".join(f"\\{c}" if c in ",|$\\" else c for c in name)
    place = {"id": "1", "name": normalize("NFD", name)}
    assert search((parameter, escaped), kind="Location").wants(place) or (parameter != "name:exact" and not _base(name))


@pytest.mark.parametrize(
    "parameters",
    [[("status:missing", "true")], [("status:text", "x")], [("_id:not", "1")], [("status:", "x"), ("status:in", "x")], [("_count", "-1")], [("_count", "x")], [("_count", "٣")],
     [("_offset", "x")], [("_summary", "true")], [("_count", "5"), ("_count", "10")], [("_count", "5"), ("_count", "5")]],
)  # fmt: skip
def test_a_modifier_or_a_value_that_is_not_known_is_refused(parameters):
    with pytest.raises(NotSearchable):
        search(*parameters)


def test_a_parameter_that_is_not_known_is_left_out_and_said_to_be():
    found = bundle(("patient", "1"), ("status", "accepted"))
    assert links(found) == {"self": "https://x/fhir/Task?status=accepted"} and found["total"] == 2
    told = [e for e in found["entry"] if e["search"]["mode"] == "outcome"]
    assert len(told) == 1 and "patient" in told[0]["resource"]["issue"][0]["diagnostics"]
    assert told[0]["resource"]["issue"][0]["severity"] == "warning"
    with pytest.raises(NotSearchable, match="patient"):
        search(("patient", "1"), strict=True)


def test_a_page_holds_no_more_than_asked_and_leads_to_the_next():
    found = bundle(("_count", "3"), ("status:not", "received"))
    assert len(found["entry"]) == 3 and "next" not in links(found)
    found = bundle(("status", "accepted"), ("_count", "1"))
    assert [e["resource"]["id"] for e in found["entry"]] == ["0"] and found["total"] == 2
    assert links(found) == {
        "self": "https://x/fhir/Task?status=accepted&_count=1",
        "next": "https://x/fhir/Task?status=accepted&_count=1&_offset=1",
    }
    for parameters in ([("_count", "0")], [("_summary", "count")], [("_summary", "count"), ("_count", "2")]):
        found = bundle(*parameters)
        assert "entry" not in found and found["total"] == 4 and set(links(found)) == {"self"}


@given(st.integers(1, 6))
def test_the_pages_together_are_the_whole(count):
    seen, offset = [], "0"
    while offset:
        found = bundle(("_count", str(count)), ("_offset", offset))
        seen += [e["resource"]["id"] for e in found["entry"]]
        offset = links(found).get("next", "").partition("_offset=")[2]
    assert seen == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("named", "accepts", "json"),
    [
        (None, None, True), (None, "*/*", True), (None, "application/fhir+json", True), (None, "application/fhir+xml", False), ("xml", None, False), ("json", "application/xml", True),
        ("application/fhir json", None, True), ("application/fhir+json; fhirVersion=4.0", None, True), ("text/turtle", "*/*", False), (None, "text/html,application/xml;q=0.9,*/*;q=0.8", True),
        (None, "application/xml, application/json;q=0.5", True),
        (None, "application/json;q=0", False), (None, "application/fhir+json; q=0.0", False), (None, "*/*;q=0", False), (None, "application/*;q=0, */*", True),
        (None, "application/json;q=0, application/fhir+json", True), (None, "application/*; q=0.1", True), (None, "application/json;q=x", True),
    ],
)  # fmt: skip
def test_only_json_is_here(named, accepts, json):
    assert is_json(named, accepts) is json


@pytest.mark.parametrize(
    ("told", "day"),
    [
        ("2026-12-10T22:00:00.000Z", date(2026, 12, 11)), ("2026-12-10T21:59:59Z", date(2026, 12, 10)), ("2026-06-10T21:00:00Z", date(2026, 6, 11)),
        ("2026-12-11T00:00:00+02:00", date(2026, 12, 11)), ("2026-12-10T23:30:00-05:00", date(2026, 12, 11)), ("2026-12-11", date(2026, 12, 11)), ("2026-12", None), ("20261211", None),
        ("2026-12-11 extra", None), ("2026-W50-5", None), ("2026-W50-5T10:00:00Z", None), ("2026-12-11T25:00:00Z", None), ("", None),
    ],
)  # fmt: skip
def test_a_day_is_the_day_in_helsinki(told, day):
    """A browser's local midnight comes as the evening before in UTC."""
    assert fhir.helsinki_day(told) == day


def test_a_scale_is_measured_on_the_day_in_helsinki():
    text = b'{"resourceType": "Observation", "status": "final", "code": {"coding": [{"code": "rai_maple"}]}, "valueInteger": 4, "effectiveDateTime": "%s"}'  # fmt: skip
    known = {"rai_maple": "MAPLe"}
    assert scales("f", text % b"2026-12-10T22:00:00Z", known)["rai_maple"].on == date(2026, 12, 11)
    with speaking("en"), pytest.raises(BadInput, match="is not a date"):
        scales("f", text % b"2026-12", known)


@pytest.mark.parametrize(
    ("since", "status"),
    [
        ([], "requested"), (["plan.opened"], "received"), (["plan.time_proposed"], "received"), (["plan.opened", "plan.time_proposed", "plan.time_answered"], "received"),
        (["plan.opened", "plan.confirmed"], "accepted"), (["plan.confirmed", "plan.opened"], "accepted"), (["plan.confirmed", "service.started"], "in-progress"),
        (["plan.confirmed", "service.started", "service.ended"], "completed"), (["plan.refused"], "rejected"), (["plan.confirmed", "plan.recalled"], "cancelled"),
        (["service.started"], "requested"),
    ],
)  # fmt: skip
def test_a_task_stands_by_what_has_happened_since_it_was_sent(since, status):
    assert fhir.status_shown(since) == status
