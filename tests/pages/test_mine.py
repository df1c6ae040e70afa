"""The resident's own page, who acts for a resident, and advice without an account; each tried by the wrong people."""

from __future__ import annotations

import re

import pytest

from tests.pages.conftest import BASE, OWN, ROLES, page, send


def test_a_resident_writes_is_answered_and_gives_a_mark_without_a_name(browsers, rows):
    aino, manager = browsers["resident"], browsers["case-manager"]
    text = aino.get("/mine/").content.decode()
    assert "Aino Asukas" in text and "Veera Vastaava" in text and "Nukun nykyään pidempään" in text
    once = re.search(r'name="once" value="([0-9a-f]+)"', text).group(1)
    told = {"do": "message", "text": "Kiitos eilisestä!", "once": once}
    assert aino.post("/mine/", told, headers=OWN).status_code == 302
    assert aino.post("/mine/", told, headers=OWN).status_code == 400, "the same form twice is one message"
    assert aino.post("/mine/", {**told, "once": once + "b", "text": ""}, headers=OWN).status_code == 400
    work = page(manager, "/worklist/")
    case = re.search(r'/case/([0-9]+)/">Answer the client.{1,5}s message', work).group(1)
    mine = page(manager, f"/case/{case}/")
    message = re.search(r'name="message" value="([0-9]+)"', mine).group(1)
    assert 'value="reply"' in page(browsers["adviser"], f"/case/{case}/"), "an adviser may answer too, and sees it"
    send(manager, f"/case/{case}/", do="reply", message=message, text="Ole hyvä!")
    assert "Ole hyvä!" in aino.get("/mine/").content.decode()
    need = {"do": "need", "text": "Tarvitsen kyydin päiväkeskukseen.", "once": once + "n"}
    assert aino.post("/mine/", need, headers=OWN).status_code == 302
    assert "is being looked at" in aino.get("/mine/").content.decode() and "Aino Asukas" in page(
        browsers["adviser"], "/worklist/"
    )
    visit = re.search(r'name="visit"><option value="([0-9]+)"', text).group(1)
    for mark, expects in (("6", 400), ("", 400), ("2", 302)):
        rated = {"do": "rate", "visit": visit, "mark": mark, "once": f"{once}v", "text": ""}
        assert aino.post("/mine/", rated, headers=OWN).status_code == expects
    newest = (
        "SELECT e.client, e.matter, e.quantity, f.promise, f.client FROM event e JOIN effect f USING (position) "
        "WHERE e.type = 'feedback.given' ORDER BY e.position DESC LIMIT 1"
    )
    assert rows(newest) == [(None, None, 2, "home_care.feedback_good", None)]
    told = "SELECT count(*) FROM event WHERE type = 'feedback.told' AND client = %s"
    (client,) = rows("SELECT s.client FROM account a JOIN standing s USING (account) WHERE a.name = 'resident'")[0]
    assert rows(told, client) == [(0,)], "a mark alone is told to nobody"
    rated = {"do": "rate", "visit": visit, "mark": "1", "once": f"{once}w", "text": "", "tell": "yes"}
    assert aino.post("/mine/", rated, headers=OWN).status_code == 302
    assert rows(told, client) == [(1,)] and "mark 1 of 5" in aino.get("/mine/").content.decode()
    cases = re.findall(r'/case/([0-9]+)/">Answer the client.{1,5}s feedback', page(manager, "/worklist/"))
    shown = {case: page(manager, f"/case/{case}/") for case in cases}
    case, mine = next((case, text) for case, text in shown.items() if "Aino Asukas" in text)
    message = re.search(r'mark 1 of 5.*?name="message" value="([0-9]+)"', mine, re.S).group(1)
    send(manager, f"/case/{case}/", do="reply", message=message, text="Ikävä kuulla. Otan asian puheeksi.")
    assert "Otan asian puheeksi" in aino.get("/mine/").content.decode()
    assert len(cases) > 1, "the scene has one waiting too"


def test_a_review_from_the_residents_page_to_a_new_decision(browsers, rows):
    """Aino asks for a review of the housing she was refused; the section changes it, and the adviser decides anew."""
    aino, adviser = browsers["resident"], browsers["adviser"]
    text = aino.get("/mine/").content.decode()
    decision = re.search(r'name="decision" value="([0-9]+)"', text).group(1)
    why = "En pärjää enää yöllä yksin kotona."
    form = {"do": "review", "decision": decision, "text": why, "once": "r1"}
    for wrong, expects in (({"text": "En."}, 400), ({"decision": "1"}, 404), ({"decision": "x"}, 404)):
        assert aino.post("/mine/", {**form, **wrong}, headers=OWN).status_code == expects
    assert aino.post("/mine/", form, headers=OWN).status_code == 302
    assert aino.post("/mine/", form, headers=OWN).status_code == 400, "asked for once"
    assert why in aino.get("/mine/").content.decode()
    cases = re.findall(r'/case/([0-9]+)/">Have the request for review decided', page(adviser, "/worklist/"))
    shown = {case: page(adviser, f"/case/{case}/") for case in cases}
    case, text = next((case, text) for case, text in shown.items() if "Aino Asukas" in text)
    assert why in text and len(cases) > 1, "the scene has one waiting too"
    asked = re.search(r'name="review" value="([0-9]+)"', text).group(1)
    settle = {"do": "reviewed", "review": asked, "outcome": "changed", "why": "Yöllinen avun tarve on osoitettu.", "body": "Yksilöasioiden jaosto"}  # fmt: skip
    for wrong, expects in (({"outcome": ""}, 400), ({"why": ""}, 400), ({"body": ""}, 400), ({"review": "1"}, 404)):
        send(adviser, f"/case/{case}/", expects, **{**settle, **wrong})
    send(browsers["case-manager"], f"/case/{case}/", 404, **settle)
    assert browsers["producer-a"].post(f"{BASE}/case/{case}/", settle, headers=OWN).status_code in (403, 404)
    send(adviser, f"/case/{case}/", **settle)
    send(adviser, f"/case/{case}/", 400, **settle)
    text = page(adviser, f"/case/{case}/")
    assert "the decision was changed" in text.lower() and "in force no longer" in text
    anew = re.search(r'href="(/keski-suomi/case/[0-9]+/decide/elder_housing/)">Make the new decision', text).group(1)
    made = {"verdict": "granted", "judgement": "Yöt eivät enää suju kotona.", "why": "Yksilöasioiden jaosto muutti päätöksen.", "first_day": str(rows("SELECT recorded_at::date FROM room")[0][0]), "last_day": "", "channel": "office"}  # fmt: skip
    channels = re.findall(r'name="channel" value="([a-z]+)"', adviser.get(anew).content.decode())
    owed = r'/case/[0-9]+/">Make a new decision in place'
    assert re.search(owed, page(adviser, "/worklist/")), "the new decision waits for somebody"
    send(adviser, anew.removeprefix(BASE), **{**made, "channel": channels[0]})
    assert not re.search(owed, page(adviser, "/worklist/"))
    text = aino.get("/mine/").content.decode()
    assert "The decision was changed" in text and text.count("granted") and "Yksilöasioiden jaosto" in text
    letter = re.search(r'href="(/mine/letter/review/[0-9]+)[.]pdf"', text).group(1)
    told = aino.get(f"{letter}.html").content.decode()
    assert (
        "Your request is accepted" in told and "Yöllinen avun tarve on osoitettu." in told and "How to appeal" in told
    )
    assert "Ulla Ohjaaja" in told
    assert aino.get(f"{letter}.pdf").content.startswith(b"%PDF")
    theirs = f"{BASE}/case/{case}/letter/review/{letter.rpartition('/')[2]}.pdf"
    assert adviser.get(theirs).status_code == 200 and browsers["producer-a"].get(theirs).status_code == 403
    assert [aino.get(f"/mine/letter/{odd}.pdf").status_code for odd in ("review/1", "choice/1", "producer/1", "x/1")] == [404] * 4  # fmt: skip
    paper = re.findall(r'<input type="hidden" name="decision" value="([0-9]+)">', page(adviser, f"/case/{case}/"))
    day = str(rows("SELECT recorded_at::date FROM room")[0][0])
    send(adviser, f"/case/{case}/", 400, do="review", decision=paper[0], day="2020-01-01", text=why)
    send(adviser, f"/case/{case}/", do="review", decision=paper[0], day=day, text=why)


def test_a_resident_forbids_a_producer_and_lets_advisers_see(browsers, rows):
    aino, producer = browsers["resident"], browsers["producer-a"]
    (client,) = rows("SELECT s.client FROM account a JOIN standing s USING (account) WHERE a.name = 'resident'")[0]
    ((sent,),) = rows("SELECT max(position) FROM event WHERE client = %s AND type = 'plan.sent' AND producer = 'Esimerkkihoiva Oy'", client)  # fmt: skip
    assert page(producer, f"/inbox/{sent}/")

    def do(what, expects=302, **more):
        once = re.search(r'name="once" value="([0-9a-f]+)"', aino.get("/mine/").content.decode()).group(1)
        assert aino.post("/mine/", {"do": what, "once": once, **more}, headers=OWN).status_code == expects

    do("forbid", 400, against="Nobody Oy")
    do("forbid", 200, against="Esimerkkihoiva Oy")
    assert page(producer, f"/inbox/{sent}/"), "what binds asks first"
    do("forbid", against="Esimerkkihoiva Oy", sure="yes")
    do("forbid", 400, against="Esimerkkihoiva Oy")
    assert "Forbidden:" in aino.get("/mine/").content.decode()
    page(producer, f"/inbox/{sent}/", 404)
    manager = page(browsers["case-manager"], f"/case/{sent}/")
    assert "has forbidden giving data to" in manager
    do("lift", against="Esimerkkihoiva Oy")
    do("lift", 400, against="Esimerkkihoiva Oy")
    assert page(producer, f"/inbox/{sent}/")
    do("allow", 400, until="2020-01-01")
    do("allow", 400, until="2099-01-01")
    ((today,),) = rows("SELECT (recorded_at + interval '30 days')::date FROM room")
    do("allow", until=str(today))
    assert "Advisers may see my data" in aino.get("/mine/").content.decode()
    do("withdraw")
    do("withdraw", 400)


def test_a_relative_acts_by_authorisation_and_only_then(browsers, signed, rows):
    from django.test import Client

    tytti = signed(Client(headers={"host": "127.0.0.1"}), "relative")
    tytti.cookies["language"] = "en"
    text = tytti.get("/mine/").content.decode()
    position = re.search(r'href="/mine/\?for=([0-9]+)"', text).group(1)
    hers = tytti.get(f"/mine/?for={position}").content.decode()
    assert "Aino Asukas" in hers and "You are looking at another" in hers
    once = re.search(r'name="once" value="([0-9a-f]+)"', hers).group(1)
    told = {"do": "message", "text": "Äidin puolesta: voisiko aika olla iltapäivällä?", "once": once}
    assert tytti.post(f"/mine/?for={position}", told, headers=OWN).status_code == 302
    assert "voisiko aika olla" in browsers["resident"].get("/mine/").content.decode()
    assert "by authorisation" in browsers["resident"].get("/me/").content.decode()
    for name in ("resident", "producer-a", "adviser", "outsider"):
        answer = browsers[name].get(f"/mine/?for={position}")
        assert answer.status_code == (200 if name == "resident" else 403), name
    (other,) = rows("SELECT position FROM client WHERE client NOT IN (SELECT client FROM standing WHERE client IS NOT NULL) ORDER BY 1 LIMIT 1")[0]  # fmt: skip
    for wrong in (other, "x", "9" * 30, "-1"):
        assert tytti.get(f"/mine/?for={wrong}").status_code == 404
        assert tytti.post(f"/mine/?for={wrong}", told, headers=OWN).status_code == 404


def test_an_official_writes_down_who_acts_and_the_client_ends_it(browsers, signed, rows):
    """Aino ends her daughter's authorisation; the case manager writes it down again. What cannot be is refused with its reason."""
    from django.test import Client

    tytti = signed(Client(headers={"host": "127.0.0.1"}), "relative")
    aino, manager = browsers["resident"], browsers["case-manager"]
    numbers = dict(rows("SELECT a.name, s.client FROM account a JOIN standing s USING (account) WHERE s.client IS NOT NULL"))  # fmt: skip
    case = re.search(r"for=([0-9]+)", tytti.get("/mine/").content.decode()).group(1)
    again, own = str(numbers["relative"]), aino.get("/mine/").content.decode()
    assert again not in own, "the representative's number does not go out with the page"
    end = {"do": "release", "named": re.search(r'name="named" value="([0-9]+)"', own).group(1), "once": "e1"}
    assert tytti.post(f"/mine/?for={case}", end, headers=OWN).status_code == 404, "who acts for another ends nobody's"
    assert aino.post("/mine/", {**end, "named": "1"}, headers=OWN).status_code == 400
    assert "End the authorisation?" in aino.post("/mine/", end, headers=OWN).content.decode(), "what binds asks first"
    assert aino.post("/mine/", {**end, "sure": "yes"}, headers=OWN).status_code == 302
    assert (
        tytti.get(f"/mine/?for={case}").status_code == 404 and "You act for" not in tytti.get("/mine/").content.decode()
    )
    form = {"do": "represent", "holder": again, "kind": "proxy"}
    ((position,),) = rows(
        "SELECT max(position) FROM event WHERE client = %s AND type = 'plan.sent'", numbers["resident"]
    )
    for wrong in ({"holder": "x"}, {"holder": str(numbers["resident"])}, {"kind": "friend"}, {"kind": "guardian"}, {"until": "2020-01-01"}):  # fmt: skip
        send(manager, f"/case/{position}/", 400, **{**form, **wrong})
    nobody = send(manager, f"/case/{position}/", 400, **{**form, "holder": "9" * 15})
    assert "the representative is not in the register of residents" in nobody
    send(manager, f"/case/{position}/", **form)
    assert "acts for the client already" in send(manager, f"/case/{position}/", 400, **form)
    assert "Aino Asukas" in tytti.get(f"/mine/?for={case}").content.decode()
    named = re.search(r'name="named" value="([0-9]+)"', page(manager, f"/case/{position}/")).group(1)
    send(manager, f"/case/{position}/", 400, do="release", named="1")
    send(manager, f"/case/{position}/", do="release", named=named)
    assert tytti.get(f"/mine/?for={case}").status_code == 404
    send(manager, f"/case/{position}/", **form)
    for name in ("producer-a", "outsider"):
        assert browsers[name].post(f"{BASE}/case/{position}/", form, headers=OWN).status_code in (403, 404), name


def test_a_resident_chooses_another_centre_where_there_is_room(browsers, rows):
    aino = browsers["resident"]
    client = rows("SELECT s.client FROM account a JOIN standing s USING (account) WHERE a.name = 'resident'")[0][0]
    own = rows("SELECT unit FROM event WHERE client = %s AND type = 'enrolment.began' AND service = 'centre'", client)[
        0
    ][0]
    lists = rows("SELECT unit, sum(met), sum(total) FROM tally_now WHERE promise = 'centre.list_has_room' GROUP BY 1")
    free = next(u for u, listed, most in lists if u != own and listed < most)
    full = next((u for u, listed, most in lists if u != own and listed >= most), None)
    form = {"do": "choose", "service": "centre", "once": "f00d"}
    assert aino.post("/mine/", {**form, "unit": own}, headers=OWN).status_code == 400
    assert aino.post("/mine/", {**form, "unit": "nowhere"}, headers=OWN).status_code == 400
    if full:
        assert "full list" in aino.post("/mine/", {**form, "unit": full}, headers=OWN).content.decode()
    asked = aino.post("/mine/", {**form, "unit": free}, headers=OWN)
    assert asked.status_code == 200 and "The choice holds for a year" in asked.content.decode(), "what binds asks first"
    assert len(rows("SELECT 1 FROM event WHERE client = %s AND type LIKE 'enrolment%%' AND service = 'centre'", client)) == 1  # fmt: skip
    assert aino.post("/mine/", {**form, "unit": free, "sure": "yes"}, headers=OWN).status_code == 302
    assert rows("SELECT type, unit FROM event WHERE client = %s AND type LIKE 'enrolment%%' AND service = 'centre' ORDER BY position", client)[1:] == [("enrolment.ended", own), ("enrolment.began", free)]  # fmt: skip
    letter = re.search(r'href="(/mine/letter/choice/[0-9]+)[.]pdf"', aino.get("/mine/").content.decode()).group(1)
    told = aino.get(f"{letter}.html").content.decode()
    assert "You have chosen where you are cared for" in told and "You may choose another from" in told
    again = aino.post("/mine/", {**form, "unit": own, "once": "beef"}, headers=OWN)
    assert again.status_code == 400 and "can be changed from" in again.content.decode()


@pytest.mark.parametrize("name", [None, *ROLES])
def test_a_residents_page_is_the_residents(browsers, name):
    status = browsers[name].get("/mine/").status_code
    assert status == (200 if name == "resident" else 302 if name is None else 403)


def test_anybody_gets_advice_from_the_same_rules_and_nothing_is_kept(browsers, rows):
    before = rows("SELECT count(*) FROM event")
    nobody = browsers[None]
    nobody.cookies["language"] = "en"
    assert "Which services might I get" in page(nobody, "/guide/")
    told = {
        "age": "82",
        "municipality": "179",
        "housing": "own_home",
        "household_size": "1",
        "gross_income_eur_month": "1 500,50",
        "service_hours_month": "10",
        "kind": "centre",
    }
    text = send(nobody, "/guide/", 200, **told)
    assert "This is advice, not a decision." in text and "152.55 euros a month" in text
    assert (
        "worth 21.53 euros an hour" in text
        and text.index("39.50 euros") < text.index("42.90 euros")
        and "179.70 euros" in text
    )
    assert (
        "depends on the assessment" in text
        and "likely" in text
        and "minutes by car" in text
        and "seen from Jyväskylä" in text
    )
    minutes = [int(m) for m in re.findall(r'<td class="text">[^<]*</td><td>[SML–]</td><td>([0-9]+)</td>', text)]
    assert minutes == sorted(minutes) and len(minutes) > 5
    main = text[text.index("<main") :]
    assert main.index("You are likely to get") < main.index("This is advice") < main.index("How old are you?")
    offered = re.findall(r'<option value="([0-9]{3})"', main)
    assert 20 < len(offered) < 30 and offered.index("249") < offered.index(
        "992"
    )  # the region's alone: Keuruu before Äänekoski
    compared = send(nobody, "/guide/", 200, **{**told, "kind": "home_care"})
    rows_of = re.findall(
        r"<tr><th scope=\"row\">[^<]*kotihoito[^<]*</th>.*?</tr>", compared.split("Producers to choose from")[1]
    )
    assert len(rows_of) > 3 and "Finnish, Swedish" in rows_of[0] + rows_of[1] and "39.50 euros" in rows_of[0]
    assert "outside the range" in send(nobody, "/guide/", 400, age="300")
    assert rows("SELECT count(*) FROM event") == before
    assert "1500" not in nobody.get(BASE + "/guide/").content.decode()
