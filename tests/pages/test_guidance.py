"""From a need to a plan that its producer has confirmed, by the cast at their own pages; and all of it tried by the wrong people."""

from __future__ import annotations

import asyncio
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "torni.web.settings")
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.pages.conftest import BASE, OWN, ROLES, page, send


def File(text: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("rai.csv", text.encode(), content_type="text/csv")


@pytest.fixture(scope="module")
def client(rows):
    """A resident over 75 in a municipality with producer A's team, not yet in home care, to whom nothing is owed."""
    return rows(
        "SELECT c.client FROM client c WHERE c.born < '1950-01-01' AND c.municipality IN (SELECT municipality FROM unit WHERE producer = 'Esimerkkihoiva Oy') "
        "AND NOT EXISTS (SELECT 1 FROM event e WHERE e.client = c.client AND e.type IN ('service.started', 'need.reported', 'plan.sent')) "
        "AND NOT EXISTS (SELECT 1 FROM owed o WHERE o.client = c.client) ORDER BY 1 LIMIT 1"
    )[0][0]  # fmt: skip


@pytest.fixture(scope="module")
def unit(rows, client):
    return rows(
        "SELECT u.unit FROM unit u JOIN client c USING (municipality) WHERE c.client = %s AND u.kind = 'home_care' AND u.producer = 'Esimerkkihoiva Oy'", client
    )[0][0]  # fmt: skip


@pytest.fixture(scope="module")
def path(browsers, client, rows, unit):
    """The need reported, assessed and granted by the adviser, a case manager named, the plan sent: the case's path and the plan's position."""
    adviser, manager = browsers["adviser"], browsers["case-manager"]
    there = send(
        adviser, "/intake/", client=str(client), channel="telephone", text="Suihku ei onnistu yksin.", once="abc123"
    )
    case = there.removeprefix(BASE)
    text = page(adviser, case)
    assert "Suihku ei onnistu yksin." in text and "to be assessed by" in text
    form = page(adviser, case + "assess/")
    assert 'name="rai_maple"' in form and "Form version" in form
    given = {
        "rai_maple": "4",
        "housing": "own_home",
        "household_size": "1",
        "gross_income_eur_month": "1500,50",
        "service_hours_month": "10",
        "wants_voucher": "false",
    }
    day = re.search(r'name="assessed_day" value="([0-9-]+)"', form).group(1)
    wrong = send(
        adviser, case + "assess/", 400, **{**given, "rai_maple": "9"}, assessed_day=day, summary="Tarvitsee apua."
    )
    assert "outside the range" in wrong and "Tarvitsee apua." in wrong, "nothing that was written is lost"
    wrong = send(
        adviser, case + "assess/", 400, do="bring", file=File("MAPLE;viisi;2026-11-01\nXYZ;3;1.11.2026\nCPS;2;eilen")
    )
    assert all(told in wrong for told in ("line 1", "viisi", "XYZ", "line 2", "eilen")), "every fault at once"
    there = send(
        adviser,
        case + "assess/",
        200,
        do="bring",
        summary="Kesken.",
        file=File("scale;value;day\nCPS;2;3.11.2026\nrai_pain;1;2026-11-02"),
    )
    assert "Kesken." in there and re.search(r'name="rai_cps" value="2"', there) and "measured 3.11.2026" in there
    for odd in ("x", "2", "2 huomenna", "2 2026-99-99", "2 2099-11-03"):
        assert send(
            adviser,
            case + "assess/",
            400,
            **{**given, "day-rai_cps": odd, "rai_cps": "2"},
            assessed_day=day,
            summary="",
        )
    given |= {"rai_cps": "2", "day-rai_cps": "2 2026-11-03", "rai_pain": "3", "day-rai_pain": "1 2026-11-02"}
    send(adviser, case + "assess/", **given, assessed_day=day, summary="Tarvitsee apua.")
    ((kept,),) = rows("SELECT data->'facts' FROM event WHERE client = %s AND type = 'assessment.made'", client)
    assert kept["rai_cps"] == {"value": 2, "on": "2026-11-03"} and kept["rai_pain"] == {"value": 3, "on": day}, kept
    text = page(adviser, case + "decide/")
    assert text.index("Home care") < text.index("Refused") and "MAPLe" in text
    decide = case + "decide/home_care/"
    assert "never decide alone" in send(
        adviser, decide, 400, verdict="granted", judgement="", first_day=day, channel="enterprise"
    )
    assert "deviates" in send(adviser, decide, 400, verdict="refused", judgement="Tarvitsee apua päivittäin.", why="")
    send(
        adviser,
        decide,
        verdict="granted",
        judgement="Tarvitsee apua päivittäin.",
        first_day=day,
        last_day="2027-05-31",
        channel="enterprise",
    )
    send(adviser, case, do="name", manager="case-manager")
    plan = {
        "goals": "Asun kotona.\nKäyn suihkussa turvallisesti.", "service-0": "home_care", "unit-0": unit, "what-0": "Suihkuapu", "hours-0": "10", "start-0": day,
        "ends-0": "", "agreed": day,
    }  # fmt: skip
    looked = send(manager, case + "plan/", 200, **plan, do="look")
    assert "What changes" in looked and not rows("SELECT 1 FROM event WHERE client = %s AND type = 'plan.sent'", client)
    send(manager, case + "plan/", **plan, do="send")
    ((sent,),) = rows("SELECT position FROM event WHERE client = %s AND type = 'plan.sent'", client)
    return case, sent, plan, day


def test_the_form_sent_twice_is_one_need(browsers, path, client, rows):
    send(
        browsers["adviser"],
        "/intake/",
        400,
        client=str(client),
        channel="telephone",
        text="Suihku ei onnistu yksin.",
        once="abc123",
    )
    assert rows("SELECT count(*) FROM event WHERE client = %s AND type = 'need.reported'", client) == [(1,)]


def test_a_refusal_promises_no_start_and_counts_as_a_decision(browsers, rows):
    adviser = browsers["adviser"]
    (other,) = rows("SELECT client FROM client c WHERE born < '1950-01-01' AND NOT EXISTS (SELECT 1 FROM event e WHERE e.client = c.client AND e.type IN ('need.reported', 'plan.sent')) ORDER BY client DESC LIMIT 1")[0]  # fmt: skip
    case = send(adviser, "/intake/", client=str(other), channel="telephone", text="Siivousapua tarvittaisiin.", once="r1").removeprefix(BASE)  # fmt: skip
    day = re.search(r'name="assessed_day" value="([0-9-]+)"', page(adviser, case + "assess/")).group(1)
    send(adviser, case + "assess/", rai_maple="1", rai_cps="0", rai_adlh="0", assessed_day=day, summary="Selviää itse.")
    send(adviser, case + "decide/home_care/", verdict="refused", judgement="Selviää arjessaan itse.", first_day=day)
    made = rows(
        "SELECT e.service, f.promise, f.met::int FROM event e LEFT JOIN effect f ON f.position = e.position AND f.what = 'counted' "
        "WHERE e.client = %s AND e.type = 'decision.refused'",
        other,
    )
    assert made == [("home_care", "home_care.refusals_by_rule", 1)]
    assert rows("SELECT promise FROM owed WHERE client = %s AND promise LIKE 'home_care%%'", other) == []
    text = page(adviser, case)
    assert "Home care: refused" in text
    decided = re.search(r"letter/([0-9]+)[.]pdf", text).group(1)
    assert "is not granted to you" in page(adviser, f"{case}letter/{decided}.html")


def test_a_finding_of_home_monitoring_is_a_need_of_its_own(browsers, rows, invented_year):
    from torni.facts import feeds, opening

    with opening.connect(invented_year, autocommit=True) as connection:
        key = feeds.new(connection, "home-monitoring")
    ((other, at),) = rows("SELECT client, (SELECT recorded_at FROM room) FROM client c WHERE NOT EXISTS (SELECT 1 FROM event e WHERE e.client = c.client AND e.type = 'need.reported') ORDER BY client LIMIT 1")  # fmt: skip
    told = {"service": "needs_assessment", "client": other, "matter": f"monitor-{other}", "channel": "home_monitoring", "text": "Kolme kaatumista viikossa."}  # fmt: skip
    found = {"specversion": "1.0", "id": "finding-1", "type": "need.reported", "time": at.isoformat(), "data": told}
    browsers[None].cookies.clear()
    answer = browsers[None].post(
        "/events", json.dumps([found]), content_type="application/json", headers={"authorization": f"Bearer {key}"}
    )
    browsers[None].cookies["language"] = "en"
    assert answer.json()["accepted"] == 1, answer.content
    ((position,),) = rows("SELECT position FROM event WHERE id = 'finding-1'")
    assert f"/case/{position}/" in page(browsers["adviser"], "/worklist/")
    text = page(browsers["adviser"], f"/case/{position}/")
    assert "home monitoring" in text and "Kolme kaatumista viikossa." in text and "to be assessed by" in text


def test_a_case_manager_writes_down_anothers_need_without_opening_the_case(browsers, rows):
    (other,) = rows("SELECT client FROM client c WHERE NOT EXISTS (SELECT 1 FROM care WHERE care.client = c.client) ORDER BY client DESC LIMIT 1")[0]  # fmt: skip
    there = send(
        browsers["case-manager"],
        "/intake/",
        client=str(other),
        channel="telephone",
        text="Naapuri on huolissaan.",
        once="cm1",
    )
    assert there.endswith("/worklist/?written=1")
    assert "has been written down" in page(browsers["case-manager"], "/worklist/?written=1")
    assert rows("SELECT count(*) FROM reading WHERE client = %s AND role = 'case_manager'", other) == [(0,)]


def test_each_step_answers_its_promise(path, client, rows):
    found = dict(rows("SELECT e.type, f.promise FROM effect f JOIN event e USING (position) WHERE e.client = %s AND f.what = 'answered'", client))  # fmt: skip
    assert (
        found["assessment.made"] == "needs_assessment.assessed_in_time"
        and found["decision.made"] == "needs_assessment.decided_in_time"
    )
    owed = {p for (p,) in rows("SELECT promise FROM owed WHERE client = %s", client)}
    assert owed == {"home_care.starts_in_time", "client_guidance.plan_confirmed", "needs_assessment.reassessed_in_time"}
    assert rows(
        "SELECT count(*) FROM event WHERE client = %s AND definition IS NULL AND service IS NOT NULL", client
    ) == [(0,)]


def test_the_letter_is_made_again_from_the_decision(browsers, path, client, rows):
    case, *_rest = path
    ((position,),) = rows("SELECT position FROM event WHERE client = %s AND type = 'decision.made'", client)
    letter = browsers["adviser"].get(f"{BASE}{case}letter/{position}.html")
    text = letter.content.decode()
    assert (
        "This service is granted to you: home care" in text
        and "Ulla Ohjaaja" in text
        and "Tarvitsee apua päivittäin." in text
    )
    assert "default-src 'none'" in letter["Content-Security-Policy"]
    assert browsers["case-manager"].get(f"{BASE}{case}letter/{position}.pdf").content.startswith(b"%PDF")
    assert browsers["adviser"].get(f"{BASE}{case}letter/{position + 1}.pdf").status_code == 404


def test_the_producer_sees_its_own_plan_opens_it_and_confirms(browsers, path, client, rows):
    case, sent, *_rest = path
    a, b = browsers["producer-a"], browsers["producer-b"]
    inbox = page(a, "/inbox/")
    assert f'href="{BASE}/inbox/{sent}/"' in inbox and "not opened" in inbox
    assert f"/inbox/{sent}/" not in page(b, "/inbox/")
    assert page(b, f"/inbox/{sent}/", 404) and page(browsers["adviser"], f"/inbox/{sent}/", 403)
    text = page(a, f"/inbox/{sent}/")
    assert "Suihkuapu" in text and "opened" in text and "Anna Tuottaja" in text and "Suihku ei onnistu" not in text
    send(b, f"/inbox/{sent}/", 404, do="confirmed")
    send(a, f"/inbox/{sent}/", 400, do="refused", why="ei")
    send(a, f"/inbox/{sent}/", do="time_proposed", start="2027-01-15")
    assert "2027" in page(browsers["case-manager"], case)
    work = page(browsers["case-manager"], "/worklist/")
    assert "Answer the time that the producer proposed" in work
    send(browsers["case-manager"], case, do="time", sent=str(sent), answer="no")
    send(a, f"/inbox/{sent}/", do="confirmed")
    send(a, f"/inbox/{sent}/", 400, do="confirmed")
    assert "Has the service begun" in send(a, f"/inbox/{sent}/", 200, do="start"), "what binds asks first"
    send(a, f"/inbox/{sent}/", do="start", sure="yes")
    started = "SELECT f.promise, f.met::int FROM effect f JOIN event e USING (position) WHERE e.client = %s AND e.type = 'service.started' AND f.what = 'answered'"
    assert rows(started, client) == [("home_care.starts_in_time", 1)]
    assert rows("SELECT promise FROM owed WHERE client = %s", client) == [("needs_assessment.reassessed_in_time",)]
    readings = rows("SELECT DISTINCT shown, what, why FROM reading WHERE client = %s", client)
    assert ("Anna Tuottaja", "plan", "own client") in readings and ("Ulla Ohjaaja", "case", "need reported") in readings
    assert not any(shown == "Bertil Tuottaja" for shown, *_rest in readings)


def test_a_change_is_seen_as_what_differs_and_sent_to_whom_it_concerns(browsers, path, client, rows):
    case, _sent, plan, _day = path
    manager = browsers["case-manager"]
    changed = {**plan, "item-0": "a", "hours-0": "14", "why": "Avun tarve on kasvanut."}
    looked = send(manager, case + "plan/", 200, **changed, do="look")
    assert "<del>10</del> <ins>14</ins>" in looked
    send(manager, case + "plan/", **changed, do="send")
    ((sent,),) = rows("SELECT max(position) FROM event WHERE client = %s AND type = 'plan.sent'", client)
    assert "<del>10</del> <ins>14</ins>" in page(browsers["producer-a"], f"/inbox/{sent}/")
    send(browsers["producer-a"], f"/inbox/{sent}/", do="refused", why="Tiimissä ei ole tilaa.")
    assert "The producer refused: change the plan" in page(manager, "/worklist/") and "Tiimissä ei ole tilaa." in page(
        manager, case
    )


@pytest.mark.parametrize("name", [None, *ROLES])
def test_the_case_is_opened_by_those_whose_matter_it_is(browsers, path, name):
    """The adviser by the need, the case manager as own; the others are told who may, and nobody learns whether a case is there."""
    case, *_rest = path
    for part in ("", "assess/", "decide/", "decide/home_care/", "plan/"):
        response = browsers[name].get(BASE + case + part)
        if name in ("adviser", "case-manager"):
            assert response.status_code in (200, 404) and (response.status_code == 200 or part == "assess/")
        elif name is None:
            assert response.status_code == 302 and "/sign-in/" in response["Location"]
        else:
            assert response.status_code == 403
        assert name in ("adviser", "case-manager") or "Suihku" not in response.content.decode()


def test_a_client_who_is_not_ones_own_is_opened_in_an_emergency_alone_and_that_is_told(browsers, path, rows):
    position, client = rows("SELECT position, client FROM client c WHERE NOT EXISTS (SELECT 1 FROM care m WHERE m.client = c.client) ORDER BY 1 DESC LIMIT 1")[0]  # fmt: skip
    manager = browsers["case-manager"]
    assert manager.get(f"{BASE}/case/{position}/").status_code == 404
    why = "Asiakas löytyi kadulta sekavana"
    for form in ({"why": why}, {"why": "kiire", "emergency": "yes"}):
        assert manager.post(f"{BASE}/person/", {"client": client, **form}, headers=OWN).status_code == 404
    told = manager.post(f"{BASE}/person/", {"client": client, "why": why, "emergency": "yes"}, headers=OWN)
    assert told.status_code == 200 and why in page(browsers["supervisor"], "/emergencies/")
    assert str(client) not in page(browsers["supervisor"], "/emergencies/")
    told = rows("SELECT shown, emergency FROM reading WHERE client = %s AND why = %s", client, why)
    assert told == [("Veera Vastaava", True)]
    for name in ("supervisor", "director"):
        assert "Data opened in an emergency: 1 time in 90 days" in page(browsers[name], "/")
    assert "Data opened in an emergency" not in page(browsers["controller"], "/")
    assert manager.get(f"{BASE}/emergencies/").status_code == 403


def test_the_worklist_is_ordered_by_what_breaks_first_and_seen_names_are_a_reading(browsers, path, rows):
    text = page(browsers["case-manager"], "/worklist/")
    lines = re.findall(r'<tr class="(broken|unknown|kept)">', text)
    assert lines == sorted(lines, key=["broken", "unknown", "kept"].index) and len(lines) > 3
    own = {
        "Assess the need",
        "A finding of home monitoring",
        "Make the decision",
        "Have the request for review decided",
    }
    tasks = set(re.findall(r'/case/[0-9]+/">([^<]+)</a><small>', page(browsers["adviser"], "/worklist/")))
    assert tasks and tasks <= own and not own & set(re.findall(r'/case/[0-9]+/">([^<]+)</a><small>', text))
    shown = len(re.findall(r'class="names">.*?</ul>', text, re.S)[0].split("<li>")) - 1
    assert shown == len(rows("SELECT DISTINCT client FROM reading WHERE what = 'worklist' AND role = 'case_manager'"))


def test_an_open_inbox_is_told_of_each_plan_once_and_of_ones_missed(browsers, path, client, rows):
    """From a position on: what was missed first, then what is sent while the inbox is open; nothing of another producer's."""
    from torni.web.inbox_stream import Inboxes

    case, first, plan, _day = path
    before = [p for (p,) in rows("SELECT position FROM event WHERE type IN ('plan.sent', 'plan.recalled') AND producer = 'Esimerkkihoiva Oy' AND position >= %s ORDER BY 1", first)]  # fmt: skip
    manager = browsers["case-manager"]

    async def watch():
        inboxes, leave = Inboxes(), asyncio.Event()
        got = {"producer-a": [], "producer-b": []}
        tasks = []
        for name, told in got.items():

            async def receive():
                await leave.wait()
                return {"type": "http.disconnect"}

            async def send(message, told=told):
                told.append(message.get("body", b"").decode())

            cookie = (b"cookie", f"torni_session={browsers[name].cookies['torni_session'].value}".encode())
            scope = {
                "path": "/inbox-stream/keski-suomi",
                "method": "GET",
                "headers": [cookie],
                "query_string": f"after={first - 1}".encode(),
            }
            tasks.append(asyncio.create_task(inboxes(scope, receive, send)))
        for _ in range(600):
            await asyncio.sleep(0.05)
            if sum("event: plan" in g for g in got["producer-a"]) == len(before):
                break
        changed = {**plan, "item-0": "a", "hours-0": "12", "why": "Tunteja vähennettiin."}
        await asyncio.to_thread(send_plan, changed)
        for _ in range(600):
            await asyncio.sleep(0.05)
            if sum("event: plan" in g for g in got["producer-a"]) == len(before) + 2:
                break
        leave.set()
        await asyncio.gather(*tasks)
        inboxes._following.cancel()
        return got

    def send_plan(form):
        send(manager, case + "plan/", **form, do="send")

    with ThreadPoolExecutor(1) as pool:
        got = pool.submit(lambda: asyncio.run(watch())).result()
    told = [json.loads(g.split("data: ")[1]) for g in got["producer-a"] if "event: plan" in g]
    assert [t["position"] for t in told][: len(before)] == before
    assert [t["type"] for t in told[len(before) :]] == ["plan.recalled", "plan.sent"]
    assert str(client) not in "".join(got["producer-a"]) and not any(
        "event: plan" in g and "demo-home-care-179-b" in g for g in got["producer-b"]
    )


@pytest.mark.parametrize("name", [None, "adviser", "resident", "outsider"])
def test_an_inbox_is_open_to_a_producer_alone(browsers, name):
    from torni.web.inbox_stream import Inboxes

    answers = []

    async def ask():
        async def send(message):
            answers.append(message)

        headers = (
            [(b"cookie", f"torni_session={browsers[name].cookies['torni_session'].value}".encode())] if name else []
        )
        await Inboxes()({"path": "/inbox-stream/keski-suomi", "method": "GET", "headers": headers}, None, send)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(ask())).result()
    assert answers[0]["status"] == 403


def test_a_head_of_a_unit_at_the_pages(browsers, signed, rows):
    from django.test import Client

    heli = signed(Client(headers={"host": "127.0.0.1"}), "unit-head")
    heli.cookies["language"] = "en"
    ((unit,),) = rows("SELECT s.unit FROM account a JOIN standing s USING (account) WHERE a.name = 'unit-head'")
    shown = {int(p) for p in re.findall(r"/inbox/([0-9]+)/", page(heli, "/inbox/"))}
    mine = {p for (p,) in rows("SELECT position FROM event WHERE type = 'plan.sent' AND unit = %s", unit)}
    others = {p for (p,) in rows("SELECT position FROM event WHERE type = 'plan.sent' AND producer = 'Esimerkkihoiva Oy' AND unit <> %s", unit)}  # fmt: skip
    assert shown and shown <= mine
    if others:
        page(heli, f"/inbox/{max(others)}/", 404)
    page(heli, "/own/")
    page(heli, "/deliveries/", 403)
    page(heli, "/records/", 403)


def test_the_chains_are_drawn_for_all_and_measured_for_staff(browsers, invented_year, path):
    """Measured on the snapshot as the nightly job does it; nobody but staff sees what has happened."""
    from torni.tower.jobs import measure

    os.environ["TORNI_DATABASE"] = invented_year
    measure()
    text = page(browsers["supervisor"], "/chains/")
    assert "From a need to home care" in text and "went as defined" in text and "half in" in text
    assert re.search(r'<text [^>]*class="count">[0-9,]+( · [0-9]+ late)?</text>', text)
    for name in (None, "producer-a", "resident"):
        text = page(browsers[name], "/chains/")
        assert "From a need to home care" in text and "went as defined" not in text and "is for staff" in text
    case, *_rest = path
    assert 'class="chain"' in page(browsers["adviser"], case)
