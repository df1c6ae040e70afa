"""Where a client with a protected address lives: nobody reads it on any page, nor infers it from what the pages count."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from tests.pages.conftest import BASE, OWN, ROLES

A = "Esimerkkihoiva Oy"
HOME, NAME = "256", "Kinnula"
FROM_THE_START, LATER, OPEN = 9_800_001, 9_800_002, 9_800_003


class Planted:
    """Three clients of one small municipality: two with a protected address, one of them so only after its events; one without."""

    def __init__(self, rows, unit: str, before: dict, after: dict) -> None:
        self.rows, self.unit, self.before, self.after = rows, unit, before, after

    def positions(self, client: int, type_: str = "") -> list[int]:
        return [p for (p,) in self.rows("SELECT position FROM event WHERE client = %s AND type LIKE %s ORDER BY 1", client, f"{type_}%")]  # fmt: skip


@pytest.fixture(scope="module")
def planted(browsers, rows, invented_year) -> Planted:
    from torni.facts import opening as facts_room
    from torni.facts.fold import fold
    from torni.web import record_room

    assert str(record_room.names("keski-suomi")[HOME]) == NAME
    now = record_room.now()
    (unit,) = rows("SELECT unit FROM unit WHERE producer = %s AND kind = 'home_care' ORDER BY 1 LIMIT 1", A)[0]
    long_ago = now - timedelta(days=30)

    def register(client: int, protected: bool, id_: str, at) -> dict:
        about = {"municipality": HOME, "born": "1941-05-30", "name": f"Testi {client}", "protected": protected}
        return {"at": at, "client": client, "source": "test", "type": "resident.registered", "id": id_, "data": about}

    def lives(client: int) -> list[dict]:
        common = {"at": long_ago, "client": client, "source": "test"}
        item = {"item": "a", "service": "home_care", "unit": unit, "what": "Suihkuapu", "hours_month": 10, "start": "2026-12-01"}  # fmt: skip
        due = (long_ago + timedelta(days=5)).date()
        return [
            {**common, "type": "case_manager.named", "id": f"m{client}", "data": {"case_manager": "case-manager"}},
            {**common, "type": "need.reported", "id": f"n{client}", "service": "client_guidance", "matter": f"n{client}", "data": {"channel": "telephone", "text": "Apua"}},
            {**common, "type": "visit.planned", "id": f"v{client}", "service": "home_care", "unit": unit, "matter": f"v{client}", "due": due},
            {**common, "type": "plan.sent", "id": f"p{client}", "service": "client_guidance", "unit": unit, "matter": f"plan-{client}/1/a", "data": {"version": 1, "item": item, "goals": ["Koti"]}},
            {**common, "type": "fee.charged", "id": f"f{client}", "service": "home_care", "cents": 1_234, "matter": f"f{client}", "data": {"formula": "fee.home_care", "facts": {"municipality": HOME}}},
        ]  # fmt: skip

    def sums() -> dict:
        with facts_room.connect(invented_year, autocommit=True) as connection:
            fold(connection)
        record_room.forget()
        live = record_room.picture("keski-suomi")
        return {
            f.id: (f.total, f.late, next(((g.total, g.met, g.late) for g in f.by["municipality"] if g.group == HOME), None)) for f in live.found
        }  # fmt: skip

    registered = long_ago - timedelta(days=1)
    record_room.write([register(FROM_THE_START, True, "r1", registered), register(LATER, False, "r2", registered), register(OPEN, False, "r3", registered)], at=now)  # fmt: skip
    before = sums()
    record_room.write(lives(FROM_THE_START), at=now)
    after = sums()
    record_room.write([*lives(LATER), *lives(OPEN)], at=now)
    record_room.write([register(LATER, True, "r4", now)], at=now)
    sums()
    return Planted(rows, unit, before, after)


def test_no_sum_of_a_municipality_tells_of_a_protected_client(planted):
    """Two moments held side by side would else tell in whose sums the client's event was counted."""
    changed = [name for name, sums in planted.after.items() if sums[:2] != planted.before[name][:2]]
    assert changed, "what happened to the client is counted in the region"
    assert {name: planted.after[name][2] for name in changed} == {name: planted.before[name][2] for name in changed}


def test_nothing_stored_of_the_protected_but_the_register_holds_the_place(planted, rows):
    assert rows("SELECT DISTINCT municipality FROM event WHERE client = %s AND type <> 'resident.registered'", FROM_THE_START) == [(None,)]  # fmt: skip
    assert rows("SELECT DISTINCT municipality FROM owed WHERE client = %s", FROM_THE_START) == [(None,)]
    assert rows("SELECT DISTINCT municipality FROM event WHERE client = %s", OPEN) == [(HOME,)]


def _rows_of(text: str) -> dict[int, str]:
    """Each row of the table of rows by its log position."""
    found = {}
    for row in re.findall(r"<tr><th scope=\"row\">.*?</tr>", text):
        position = re.search(r"<td>(\d+)</td><td><code>", row)
        if position:
            found[int(position[1])] = row
    return found


@pytest.mark.parametrize(
    "name", ["director", "service-owner", "adviser", "case-manager", "supervisor", "controller", "producer-a"]
)
def test_rows_behind_a_number_leave_the_place_out(planted, browsers, name):
    seen: dict[int, str] = {}
    from torni.web import record_room

    for promise in [f.id for f in record_room.picture("keski-suomi").found]:
        for query in ("", f"?municipality={HOME}", f"?unit={planted.unit}"):
            answer = browsers[name].get(f"{BASE}/promise/{promise}/rows/{query}")
            assert answer.status_code == 200
            listed = _rows_of(answer.content.decode())
            for client in (FROM_THE_START, LATER):
                for position in set(planted.positions(client)) & set(listed):
                    assert "municipality" not in query, "asking by the municipality would tell it"
                    assert f"<td>{NAME}</td>" not in listed[position]
            seen |= listed
    for client in (FROM_THE_START, LATER):
        assert set(planted.positions(client)) & set(seen), "the rows themselves are not hidden"
    shown = [seen[p] for p in planted.positions(OPEN) if p in seen]
    assert shown, "others' rows are there"
    tells = [f"<td>{NAME}</td>" in row for row in shown]
    if name in ("supervisor", "producer-a"):
        assert all(tells), "to those who may see small numbers others' rows tell it"
    else:
        assert not any(tells), "one client of a municipality is fewer than are told"


PAGES = [
    "/",
    "/worklist/",
    "/intake/",
    "/inbox/",
    "/deliveries/",
    "/room/",
    "/report/",
    "/records/",
    "/emergencies/",
    "/own/",
]


@pytest.mark.parametrize("name", [*ROLES, None])
@pytest.mark.parametrize("client", [FROM_THE_START, LATER])
def test_no_page_about_the_client_names_the_place(planted, browsers, name, client):
    """Each of the cast on each page that may be about the client; a page that lists every municipality beside is read by its lines."""
    browser, why = browsers[name], "a planted check of protection"
    about = f"Testi {client}"
    for page in PAGES:
        for line in browser.get(BASE + page).content.decode().splitlines():
            assert about not in line or NAME not in line, line[:3000]
    answers = []
    for position in [
        p for kind in ("need.reported", "plan.sent", "visit.planned") for p in planted.positions(client, kind)
    ]:
        for page in ("", "assess/", "decide/", "decide/home_care/", "plan/", "guidance.fhir.json"):
            answers.append(browser.get(f"{BASE}/case/{position}/{page}"))
        answers.append(browser.get(f"{BASE}/inbox/{position}/"))
        for emergency in ({}, {"emergency": "1"}):
            answers.append(browser.post(f"{BASE}/person/", {"event": position, "why": why, **emergency}, headers=OWN))
    told = 0
    for answer in answers:
        text = answer.content.decode()
        assert answer.status_code in (200, 302, 401, 403, 404), text[:2000]
        if answer.status_code == 200:
            told += 1
            shown = re.sub(
                r"<option.*?</option>", "", text, flags=re.DOTALL
            )  # every municipality may be chosen; none is chosen before
            assert NAME not in shown and not re.search(rf"\b{HOME}\b", shown), shown[:4000]
            assert not re.search(rf'<option value="{HOME}"[^>]*selected', text)
    assert bool(told) == (name in ("adviser", "case-manager", "supervisor", "controller", "producer-a")), (
        "those who may read saw the client"
    )


def test_no_choice_is_made_beforehand_by_the_place(planted, browsers):
    """A form that comes filled in, or a list that begins with the units at home, would tell it."""
    from torni.facts import persons
    from torni.facts.access import Who
    from torni.guidance.case import case_of, facts_of
    from torni.web import record_room

    (account,) = planted.rows("SELECT account FROM account WHERE name = 'case-manager'")[0]
    for client in (FROM_THE_START, LATER):
        with record_room.reading(Who(account, "case-manager", "C", "case_manager")) as connection:
            person = persons.read(connection, client=client, what="case", why="")
        case = case_of(person, record_room.now().date())
        assert case.protected and case.home == "" and "municipality" not in facts_of(case)
        assert HOME not in json.dumps([e.data for e in person.events])
        assert {place for _since, place, *_rest in person.rows} == {""}


def test_a_producers_machine_is_not_told_it(planted, browsers, invented_year):
    from torni.facts import feeds
    from torni.facts import opening as facts_room

    with facts_room.connect(invented_year, autocommit=True) as connection:
        key = feeds.new(connection, "machine of A", producer=A)
    for client in (FROM_THE_START, LATER):
        (position,) = planted.positions(client, "plan.sent")
        browsers[None].cookies.clear()
        patient = 0
        for path in (f"Task/{position}", f"Task?status=requested&_id={position}"):
            answer = browsers[None].get(f"/fhir/{path}", headers={"authorization": f"Bearer {key}"})
            assert NAME not in answer.content.decode()
            found = re.search(r"Patient/(\d+)", answer.content.decode())
            patient = int(found[1]) if found else patient
        assert patient
        shown = (
            browsers[None].get(f"/fhir/Patient/{patient}", headers={"authorization": f"Bearer {key}"}).content.decode()
        )
        assert "TURVAKIELTO" in shown and NAME not in shown


def test_a_snapshot_leaves_it_out(planted, invented_year, tmp_path):
    import polars as pl

    from torni.facts import opening as facts_room
    from torni.facts.snapshot import snapshot

    with facts_room.connect(invented_year, autocommit=True) as connection:
        snapshot(connection, tmp_path / "with", persons=True)
        snapshot(connection, tmp_path / "without")
    log = pl.read_parquet(tmp_path / "with" / "event_*.parquet").filter(pl.col("client").is_in([FROM_THE_START, LATER]))
    assert log["municipality"].null_count() == len(log) > 10
    done = pl.read_parquet(tmp_path / "with" / "effect_*.parquet").join(log.select("position"), on="position")
    assert set(done["municipality"]) == {""}
    bare = pl.read_parquet(tmp_path / "without" / "event_*.parquet").filter(
        pl.col("position").is_in(log["position"].to_list())
    )
    assert bare["municipality"].null_count() == len(bare) == len(log)


def test_a_refused_record_is_mended_without_its_place_being_shown(planted, browsers, rows):
    """The sign that stands for the place brings back the place that came, and only of the same client."""
    raw = [
        {"id": f"q{n}", "type": "resident.registered", "time": "2026-11-20T12:00:00+02:00", "source": "register",
         "data": {"client": client, "municipality": HOME, "born": "tomorrow", "name": "Testi", "protected": protected}}
        for n, client, protected in ((1, 9_800_010, True), (2, LATER, None))
    ]  # fmt: skip
    for one in raw:
        one["data"] = {k: v for k, v in one["data"].items() if v is not None}
    from django.core.files.uploadedfile import SimpleUploadedFile

    supervisor = browsers["supervisor"]
    supervisor.post(f"{BASE}/records/", {"do": "bring", "file": SimpleUploadedFile("e.json", json.dumps(raw).encode())}, headers=OWN)  # fmt: skip
    waiting = rows("SELECT number FROM quarantine WHERE raw->>'id' IN ('q1', 'q2') ORDER BY raw->>'id'")
    assert len(waiting) == 2
    for (number,) in waiting:
        text = supervisor.post(f"{BASE}/records/", {"do": "open", "number": number, "why": "a refused record"}, headers=OWN).content.decode()  # fmt: skip
        shown = re.search(r'<textarea id="raw".*?>(.*?)</textarea>', text, re.DOTALL)[1]
        assert "…" in shown and HOME not in shown and NAME not in shown
    mended = {**raw[0], "data": {**raw[0]["data"], "born": "1950-01-01", "municipality": "…"}}
    for client, accepted in ((9_800_011, False), (9_800_010, True)):
        sent = json.dumps({**mended, "data": {**mended["data"], "client": client}})
        supervisor.post(f"{BASE}/records/", {"do": "replay", "number": waiting[0][0], "raw": sent}, headers=OWN)
        assert rows("SELECT municipality FROM client WHERE client = %s", client) == ([(HOME,)] if accepted else [])
