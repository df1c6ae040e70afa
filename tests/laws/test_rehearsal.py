"""A rehearsal counts what deciding everyone one by one counts; no change changes nothing; what is gained can be lost again."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tests.printed import said_of_itself
from torni.core.faults import BadInput
from torni.core.language import speaking
from torni.guidance.client import Client
from torni.guidance.fees import reckon
from torni.guidance.proposal import proposal_of
from torni.services.change import parse_changes
from torni.simulation.load import network_load
from torni.simulation.persons import facts_of, people_of
from torni.simulation.population import open_population
from torni.simulation.rehearsal import rehearse
from torni.simulation.running import Run
from torni.simulation.summary import content, to_pdf

ON = date(2026, 11, 22)
LATER = "name: x\ntables:\n  home_care.income_limit:\n    values: [{from: 2030-01-01, source: invented, cells: 'household_size | value\n\n      1.. | 900'}]"
STRICTER = "name: Stricter\nparameters: {grant.home_care.maple: 4}"


@pytest.fixture(scope="module")
def aland(tmp_path_factory):
    return open_population("ahvenanmaa", folder=tmp_path_factory.mktemp("people"))


def tried(text: str, aland):
    return rehearse(parse_changes(text), region="ahvenanmaa", on=ON, population=aland)


def test_the_counts_are_those_of_deciding_one_by_one(aland):
    made = tried(STRICTER, aland)[0]
    service = next(s for s in made.services if s.service == "home_care")
    with Run(aland) as run:
        names = [n for n in made.after.fields if n in run.columns]
        rows = run.rows(f"SELECT {', '.join(names)} FROM people WHERE assessed_on IS NOT NULL")
    counts = {"people": len(rows), "gainers": 0, "losers": 0, "granted_before": 0, "granted_after": 0, "hours_month": 0}
    fees = Decimal(0)
    for row in rows:
        facts = {**dict.fromkeys(made.after.fields), **dict(zip(names, row, strict=True))}
        held = [r.granting["home_care"].reasoning.verdict(facts) is True for r in (made.before, made.after)]
        counts["granted_before"] += held[0]
        counts["granted_after"] += held[1]
        counts["losers"] += held[0] and not held[1]
        counts["gainers"] += held[1] and not held[0]
        for sign, rules, granted in ((-1, made.before, held[0]), (1, made.after, held[1])):
            if granted:
                counts["hours_month"] += sign * (facts["service_hours_month"] or 0)
                fees += sign * (reckon(rules, rules.formulas["home_care"], facts).amount or 0)
    assert {k: getattr(service.total, k) for k in counts} == counts
    assert service.total.client_eur_year == 12 * fees
    assert counts["losers"] > 0


def test_every_breakdown_adds_up_to_the_total(aland):
    made = tried("name: x\nparameters: {grant.home_care.maple: 2, home_care.free_below: 1200}", aland)[0]
    for breakdown in ("municipality", "age_group", "household", "income_tenth"):
        groups = made.by(breakdown).values()
        assert sum(g.gainers for g in groups) == made.total.gainers
        assert sum(g.client_eur_year for g in groups) == sum(s.total.client_eur_year for s in made.services)


def test_what_changes_nothing_says_so(aland):
    made = tried("name: same\nparameters: {grant.home_care.maple: 3}", aland)[0]
    assert made.services == ()
    assert made.total.json()["client_eur_year"] == 0


def test_a_service_that_rests_on_another_changes_with_it(aland):
    made = tried(STRICTER, aland)[0]
    told = {s.service: s.direct for s in made.services}
    assert told == {"home_care": True, "home_care_voucher": False}


def test_a_visit_fee_and_the_ceiling(aland):
    made = tried("name: fee\nparameters: {fee.doctor_visit: 3.02, fee.ceiling_year: 20}", aland)[0]
    (fee,) = made.fees
    assert fee.formula == "doctor_visit"
    assert fee.client_eur_year < 0
    assert made.ceiling["limit_after"] == 20
    assert made.ceiling["reach_it_after"] > made.ceiling["reach_it_before"]
    assert made.ceiling["client_eur_year_change"] < fee.client_eur_year


def test_a_year_of_visits_is_the_first_ones_alone(aland):
    """Three a calendar year: a cent more each costs three cents at most, whoever has been there more often."""
    made = tried("name: fee\nparameters: {fee.doctor_visit: 29.20}", aland)[0]
    (fee,) = made.fees
    with Run(aland) as run:
        ((visits,),) = run.rows(
            "SELECT sum(CASE WHEN doctor_visits_within_year > 3 THEN 3 ELSE doctor_visits_within_year END) FROM people WHERE age >= 18"
        )
    assert fee.client_eur_year == -visits


def test_figures_lead_to_persons_and_their_reasoning(aland):
    made = tried(STRICTER, aland)[0]
    lost = people_of(made, "home-care", "lost", limit=10_000)
    assert len(lost) == next(s for s in made.services if s.service == "home_care").total.losers
    facts = Client(facts_of(aland, lost[0]["person"], made.after))
    assert proposal_of(made.before, "home_care", facts).verdict == "granted"
    assert proposal_of(made.after, "home_care", facts).verdict == "refused"
    group = people_of(made, "home_care", "lost", where={"municipality": lost[0]["municipality"]}, limit=10_000)
    assert {p["municipality"] for p in group} == {lost[0]["municipality"]}
    with pytest.raises(BadInput, match="Write gained, lost or undecided"):
        people_of(made, "home_care", "all")
    with pytest.raises(BadInput, match="no such person"):
        facts_of(aland, 7, made.after)


def test_alternatives_and_the_boards_page(aland):
    made = tried(
        "name: Limit\nwhy: Savings\nalternatives:\n  - {name: A, parameters: {grant.home_care.maple: 4}}\n"
        "  - {name: B, parameters: {grant.home_care.maple: 5}}\n",
        aland,
    )
    assert [m.change.name for m in made] == ["A", "B"]
    assert made[1].total.losers >= made[0].total.losers > 0
    assert to_pdf(made).count(b"/Type /Page\n") + to_pdf(made).count(b"/Type/Page/") <= 1
    for language in ("fi", "sv", "en"):
        with speaking(language):
            said_of_itself(to_pdf(made), content(made)["title"], language)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("name: x\nparameters: {grant.home_care.mapl: 4}", 'Did you mean "grant.home_care.maple"?'),
        ("name: x\nparametres: {a: 1}", 'Did you mean "parameters"?'),
        ("name: x", "nothing is changed"),
        ("name: x\nparameters: {grant.home_care.maple: many}", "grant.home_care.maple"),
        ("name: x\nservices: {home_car: {fees: {}}}", 'Did you mean "home_care"?'),
        ("name: x\nservices: {home_care: {criteria: {granting: [{id: need, when: rai_mapel > 3}]}}}", 'Did you mean "rai_maple"?'),
        ("name: x\ntables: {home_care.percentag: 'a | value'}", 'Did you mean "home_care.percentage"?'),
        ("name: x\ntables: {home_care.percentage: 'household_size | value\n\n * | 0.9'}", "above the national maximum"),
        ("name: x\nparameters: {fee.doctor_visit: 30.21}", "above the national maximum 30.2"),
        ("name: x\nparameters: {grant.home_care.maple: 6}", "can never hold"),
        ("name: x\nparameters: {5: 1}", '"5" is not a name'),
        ("name: x\ntables: {5: x}", '"5" is not a name'),
        ("name: x\nfrom: 2027-01-01 10:00:00\nparameters: {grant.home_care.maple: 4}", "not a date"),
        ("name: x\ncode_lists: {language: {}}", '"code_lists" is not part of a change'),
        ("name: x\nservices: {home_care: 5}", "services.home_care: what differs in the service is expected"),
        ("name: x\nparameters: {grant.home_care.maple: {a: 1}}", "a single value is expected"),
        ("name: x\nformulas: {home_care: {lines: 5}}", "formulas.home_care.lines"),
        (LATER, "change.yaml:3: the table home_care.income_limit has no values on 2026-11-22"),
        ("name: x\nfrom: soon\nparameters: {grant.home_care.maple: 4}", "not a date"),
    ],
)  # fmt: skip
def test_a_faulty_change_says_where(text, what, aland):
    with pytest.raises(BadInput) as caught:
        rehearse(parse_changes(text, name="change.yaml"), region="keski-suomi", on=ON, population=aland)
    assert what in str(caught.value)


def test_kouvolas_own_cap_for_children_under_one_is_data(aland):
    """The rule that could not be entered: an age band and family sizes of its own, with no code touched."""
    cap = "age / household_size | 1..3 | 4..\n  <1 | 900 | 950\n  1..17 | 400 | 450\n  18.. | 0 | 0"
    made = rehearse(
        parse_changes(f"name: Kouvola\ntables:\n  family_voucher.cap: |\n    {cap.replace(chr(10), chr(10) + '    ')}\n"), region="ahvenanmaa", on=ON, population=aland
    )[0]  # fmt: skip
    facts = {**dict.fromkeys(made.after.fields), "age": 0, "household_size": 4}
    assert reckon(made.after, made.after.formulas["family_voucher"], facts).amount == 950
    assert reckon(made.after, made.after.formulas["family_voucher"], {**facts, "age": 1}).amount == 450
    assert reckon(made.before, made.before.formulas["family_voucher"], facts).amount == 660
    assert [s.service for s in made.services] == ["family_home_service"]
    assert made.by("municipality")


def test_every_client_has_one_nearest_unit(keski_suomi, tmp_path_factory):
    """Clients in = clients out: what each service gains or loses is what its units do together."""
    people = open_population("keski-suomi", folder=tmp_path_factory.mktemp("ks"))
    text = "name: x\nparameters: {grant.elder_housing.maple: 3, grant.day_centre.age: 75}"
    made = rehearse(parse_changes(text), region="keski-suomi", on=ON, population=people)[0]
    loads = network_load(made, keski_suomi)
    for service in ("elder_housing", "day_centre_elderly"):
        effect = next(s.total for s in made.services if s.service == service)
        units = [u for u in loads if u.service == service]
        assert sum(u.after - u.before for u in units) == effect.granted_after - effect.granted_before != 0
        assert all(u.before != u.after for u in units)


def test_a_fee_that_cannot_be_told_is_no_fee_of_nothing(aland):
    """The invented people have no such fact: where the fee after hangs on it, the fee of now would be told as lost by the organiser."""
    asks = "name: x\nformulas: {home_care: {lines: [{id: above, value: case when is_veteran then gross_income_eur_month - line.limit else 0 end}]}}"
    made = tried(asks, aland)[0]
    service = next(s for s in made.services if s.service == "home_care")
    assert service.total.client_eur_year == 0 and 0 < service.total.untold <= service.total.granted_before
    assert made.json()["totals"]["money_untold"] == service.total.untold
    assert any("the money cannot be told" in told for told in content([made])["services"])
    assert all(s.total.untold == 0 for s in tried(STRICTER, aland)[0].services)


@pytest.mark.parametrize("text", [
    STRICTER,
    "name: x\nparameters: {grant.home_care.maple: 2, grant.home_care.cps: 1}",
    "name: x\nservices: {home_care: {criteria: {granting: [{id: need, when: rai_maple >= 4 or lives_alone}]}}}",
    "name: x\nparameters: {grant.assessment.age: 70, home_care.free_below: 900}",
])  # fmt: skip
def test_cubes_count_what_the_people_count(aland, text):
    """A kept connection answers from cubes; the figures are the same to the cent, again and again."""
    change = parse_changes(text)
    with Run(aland, keeps=True) as run:
        for _ in range(2):
            kept = rehearse(change, region="ahvenanmaa", on=ON, run=run)[0]
            plain = rehearse(change, region="ahvenanmaa", on=ON, population=aland)[0]
            assert kept.services == plain.services
            assert kept.services
        assert "free_below" in text or run._cubes


def test_a_fault_is_told_once_and_not_again_by_those_who_rest_on_it(aland):
    """The voucher rests on home care: a fault in home care's text is home care's alone."""
    text = "name: x\nservices: {home_care: {criteria: {granting: [{id: need, when: rai_mapel > 3}]}}}"
    with pytest.raises(BadInput) as caught:
        rehearse(parse_changes(text), region="ahvenanmaa", on=ON, population=aland)
    assert len(caught.value.faults) == 1
