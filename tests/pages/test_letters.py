"""The confirmation of a producer that a voucher pays for, through the pages: decided, planned, confirmed, and read by those who may."""

from __future__ import annotations

import re

from tests.pages.conftest import BASE, page, send


def test_a_producer_chosen_with_a_voucher_is_confirmed_in_a_letter(browsers, rows):
    adviser, manager, producer = browsers["adviser"], browsers["case-manager"], browsers["producer-a"]
    # the scene's elder who is assessed, wants a voucher and waits for the decision
    ((client,),) = rows("SELECT client FROM event WHERE type = 'assessment.made' AND (data->'facts'->>'wants_voucher')::boolean AND id LIKE '%%assessment.made%%' ORDER BY position DESC LIMIT 1")  # fmt: skip
    ((position,),) = rows("SELECT max(position) FROM event WHERE client = %s AND type = 'need.reported'", client)
    ((unit, day),) = rows("SELECT unit, (SELECT recorded_at::date FROM room) FROM unit WHERE kind = 'home_care' AND producer = 'Esimerkkihoiva Oy' ORDER BY 1 LIMIT 1")  # fmt: skip
    case = f"/case/{position}/"
    said = {"verdict": "granted", "judgement": "Selviytyy kotona avun turvin.", "first_day": str(day), "hours": "12"}
    send(adviser, case + "decide/home_care/", **said, channel="voucher")
    send(adviser, case, do="name", manager="case-manager")
    plan = {"goals": "Asun kotona.", "service-0": "home_care", "unit-0": unit, "what-0": "Aamutoimet", "hours-0": "12", "start-0": str(day), "ends-0": "", "agreed": str(day)}  # fmt: skip
    send(manager, case + "plan/", **plan, do="send")
    ((sent,),) = rows("SELECT max(position) FROM event WHERE client = %s AND type = 'plan.sent'", client)
    letter = f"{case}letter/producer/{sent}"
    assert page(manager, f"{letter}.html", 404), "what is not confirmed is no choice yet"
    send(producer, f"/inbox/{sent}/", do="confirmed")
    assert re.search(rf'href="{BASE}{letter}[.]pdf"', page(manager, case))
    told = page(manager, f"{letter}.html")
    assert "You have chosen a producer" in told and "12 hours a month" in told and "Your own share" in told
    assert manager.get(f"{BASE}{letter}.pdf").content.startswith(b"%PDF")
    assert producer.get(f"{BASE}{letter}.pdf").status_code == 403
