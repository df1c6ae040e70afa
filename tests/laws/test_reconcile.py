"""Every euro charged is explained or listed; the faults that have happened are found, all of them, and nothing else."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from torni.core.faults import BadInput
from torni.engines.rules.ceiling import to_pay
from torni.simulation.fee_year import fee_year
from torni.simulation.population import open_population
from torni.supervision import reconcile


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    return open_population("keski-suomi", folder=tmp_path_factory.mktemp("people"))


def tried(year, folder):
    year.write(folder)
    return reconcile(*(folder / f"{n}.csv" for n in ("clients", "delivered", "charged")), region="keski-suomi")


@pytest.mark.parametrize("seed", [1, 20_261])
def test_south_karelia_and_helsinki_are_found_with_no_false_finding(people, tmp_path, seed):
    year = fee_year(people, year=2026, seed=seed, visits_of=9_000)
    found = tried(year, tmp_path)
    by_kind = {
        kind: {d.event for d in found.differences if d.kind == kind}
        for kind in ("wrong", "never_billed", "billed_twice", "over_ceiling", "cannot_tell")
    }
    assert by_kind["wrong"] == year.truth["wrong_formula"]
    assert by_kind["never_billed"] == year.truth["never_billed"]
    assert by_kind["billed_twice"] == year.truth["billed_twice"]
    assert by_kind["over_ceiling"] == year.truth["over_ceiling"]
    assert by_kind["cannot_tell"] == set()
    assert found.count("no_service") == len(year.truth["no_service"]) == 25
    assert 5_400 < len(by_kind["never_billed"]) <= 5_600, "5,600 were not billed; above the ceiling nothing was lost"
    assert found.persons("never_billed") == 175
    wrong = [d.difference_eur for d in found.differences if d.kind == "wrong"]
    assert min(wrong) < 0 < max(wrong), "some were charged too little, others too much"
    assert found.persons("wrong") > 1_300
    assert found.charged_eur == found.explained_eur + sum((d.unexplained_eur for d in found.differences), Decimal(0))


def test_right_billing_has_no_differences(people, tmp_path):
    found = tried(fee_year(people, year=2026, seed=7, planted=False, visits_of=5_000), tmp_path)
    assert found.differences == ()
    assert found.explained_eur == found.charged_eur > 0


def write(folder, clients, delivered, charged):
    for name, text in (("clients", clients), ("delivered", delivered), ("charged", charged)):
        (folder / f"{name}.csv").write_text("\n".join(line.strip() for line in text.strip().splitlines()))
    return reconcile(*(folder / f"{n}.csv" for n in ("clients", "delivered", "charged")), region="keski-suomi")


def test_rules_of_the_day_and_facts_of_the_day(tmp_path):
    """The fee of 2024 and that of 2026; an income that changed in June counts from June."""
    found = write(
        tmp_path,
        """person,from,age,household_size,gross_income_eur_month
           1,2023-01-01,80,1,1598
           1,2023-06-01,80,1,2598""",
        """event,person,on,formula,service_hours_month
           a,1,2024-03-01,doctor_visit,
           b,1,2026-03-01,doctor_visit,
           c,1,2023-05-01,home_care,8
           d,1,2023-06-01,home_care,8""",
        """charge,event,person,on,amount_eur
           1,a,1,2024-03-01,23.00
           2,b,1,2026-03-01,30.20
           3,c,1,2023-05-01,160.00
           4,d,1,2023-06-01,160.00""",
    )
    assert [(d.kind, d.event, d.rule_eur, d.charged_eur) for d in found.differences] == [("wrong", "d", 320, 160)]


def test_what_cannot_be_told_is_not_called_wrong(tmp_path):
    found = write(
        tmp_path,
        "person,age,household_size\n1,80,1",
        "event,person,on,formula,service_hours_month\na,1,2023-05-01,home_care,8\nb,2,2026-05-01,doctor_visit,",
        "charge,event,person,on,amount_eur\n1,a,1,2023-05-01,99.00\n2,b,2,2026-05-01,30.20",
    )
    assert sorted((d.kind, d.event) for d in found.differences) == [("cannot_tell", "a"), ("cannot_tell", "b")]


def test_faults_of_all_files_are_told_at_once(tmp_path):
    with pytest.raises(BadInput) as caught:
        write(
            tmp_path,
            "person,agee\n1,80",
            "event,person,on,formula\na,1,1/5/2023,home_care\na,1,2023-05-01,home_care",
            "charge,event,person,on\n1,a,1,2023-05-01",
        )
    told = str(caught.value)
    for part in (
        'Did you mean "age"?',
        "delivered.csv:2",
        '"1/5/2023" is not a value of on',
        'the column "amount_eur" is missing',
    ):
        assert part in told


def test_an_unknown_formula_names_the_nearest(tmp_path):
    with pytest.raises(BadInput, match='Did you mean "home_care"'):
        write(
            tmp_path,
            "person,age\n1,80",
            "event,person,on,formula\na,1,2023-05-01,home_cere",
            "charge,event,person,on,amount_eur\n1,a,1,2023-05-01,1",
        )


def test_parquet_is_read_as_well(people, tmp_path):
    year = fee_year(people, year=2026, seed=3, planted=False, visits_of=500)
    for name in ("clients", "delivered", "charged"):
        frame = getattr(year, name)
        frame.with_columns(pl.col(pl.Decimal).cast(pl.Decimal(18, 2))).write_parquet(tmp_path / f"{name}.parquet")
    found = reconcile(*(tmp_path / f"{n}.parquet" for n in ("clients", "delivered", "charged")), region="keski-suomi")
    assert found.differences == ()


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 20), st.integers(0, 500)), max_size=40))
def test_the_ceiling_is_met_in_the_order_of_days(events):
    """One person after another, one event after another: the slow clear way gives the same cents."""
    rows = [(person, 2026, day, i, fee) for i, (person, day, fee) in enumerate(events)]
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(
            "CREATE TABLE e (person INT, year INT, day INT, event INT, fee_eur DECIMAL(9,2), counted_eur DECIMAL(9,2), limit_eur DECIMAL(9,2))"
        )
        for person, year, day, event, fee in rows:
            connection.execute("INSERT INTO e VALUES (?, ?, ?, ?, ?, ?, 815)", [person, year, day, event, fee, fee])
        found = dict(connection.execute(f"SELECT event, to_pay FROM ({to_pay('e')})").fetchall())
    left = dict.fromkeys((1, 2, 3), 815)
    for person, _, _, event, fee in sorted(rows, key=lambda r: (r[2], r[3])):
        assert found[event] == min(fee, left[person])
        left[person] -= min(fee, left[person])
    assert len(found) == len(rows)


def test_a_fourth_visit_of_a_calendar_year_is_not_charged(tmp_path):
    """Decree 912/1992, section 7: three a calendar year, counted from the list itself, whatever the order of its rows."""
    days = ["2026-12-31", "2026-03-01", "2026-01-05", "2026-06-01", "2027-01-01"]
    found = write(
        tmp_path,
        "person,age\n1,80",
        "event,person,on,formula\n" + "\n".join(f"e{day},1,{day},doctor_visit" for day in days),
        "charge,event,person,on,amount_eur\n" + "\n".join(f"c{day},e{day},1,{day},30.20" for day in days),
    )
    assert [(d.kind, d.event, d.rule_eur, d.charged_eur) for d in found.differences] == [
        ("wrong", "e2026-12-31", Decimal("0.00"), Decimal("30.20"))
    ]
    assert found.explained_eur == Decimal("120.80")
