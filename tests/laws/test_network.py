"""Laws of a region's network, on the real Keski-Suomi."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from torni import network as net
from torni.network.check import check
from torni.network.explain import nearest_seconds
from torni.network.mend import mend
from torni.network.plan import applied, parse
from torni.network.reach import reach
from torni.network.what_if import what_if

TODAY = date(2026, 11, 22)
PLANS = [
    "close KS16",
    "close KS09/ward; resize KS13 M",
    "open 25.30,62.70,centre,M; move KS19 25.95,62.44",
    "close KS01; hours KS20 ma-su 7-22; open 24.98,63.36,dental,S",
]


def bounds(findings):
    return [(f.id, f.low, f.high, f.state, f.affected) for f in findings]


@pytest.mark.parametrize("plan", PLANS)
def test_a_what_if_equals_computing_the_changed_region_from_scratch(keski_suomi, plan):
    tried = what_if(keski_suomi, parse(plan, keski_suomi))
    scratch = net.load("keski-suomi", on=TODAY)
    assert bounds(c.after for c in tried.changes) == bounds(check(applied(scratch, parse(plan, scratch))))


def test_every_promise_that_moves_has_its_own_rows_of_minutes(keski_suomi):
    """Two promises of the same units are both asked about: neither hides behind the other."""
    tried = what_if(keski_suomi, parse("close KS16", keski_suomi))
    with_minutes = set(tried.minutes["promise"])
    moved = {c.before.id for c in tried.changes if c.moved and c.before.kind == "reach"}
    assert {"centre.s_within_30_min", "reception.usual_means_car"} <= moved <= with_minutes
    assert with_minutes == set(tried.minutes_by_age["promise"])


def test_closing_and_reopening_is_the_identity(keski_suomi):
    row = keski_suomi.units.filter(pl.col("unit_id") == "KS16")
    closed = applied(keski_suomi, parse("close KS16", keski_suomi))
    reopened = closed.with_units(pl.concat([closed.units, row]))
    assert bounds(check(reopened)) == bounds(check(keski_suomi))


def test_a_moved_unit_moved_back_is_the_identity(keski_suomi):
    home = keski_suomi.units.filter(pl.col("unit_id") == "KS19")
    there = applied(keski_suomi, parse("move KS19 25.50,62.50", keski_suomi))
    back = there.with_units(there.units.filter(pl.col("unit_id") != "KS19").vstack(home))
    assert sorted(bounds(check(back))) == sorted(bounds(check(keski_suomi)))


def test_a_new_unit_never_lowers_reach(keski_suomi):
    rng = np.random.default_rng(5)
    before = {f.id: f.low for f in check(keski_suomi, pattern="*within*")}
    for i in rng.choice(len(keski_suomi.population.x), 5, replace=False):
        from torni.network.plan import place_of

        lon, lat = place_of(keski_suomi.population.x[i], keski_suomi.population.y[i])
        after = check(
            applied(keski_suomi, parse(f"open {lon},{lat},centre,L; open {lon},{lat},ward", keski_suomi)),
            pattern="*within*",
        )
        assert all(f.low >= before[f.id] for f in after)


def test_people_in_is_people_out(keski_suomi):
    """Every resident is in one municipality, one age group and one bar of the histogram."""
    from torni.network.explain import explain

    e = explain(keski_suomi, "centre.s_within_30_min")
    total = 270_043
    assert keski_suomi.population.residents.sum() == total
    assert e.finding.by_municipality["residents"].sum() == total
    assert e.finding.by_age["people"].sum() == pytest.approx(total)
    assert e.histogram["people"].sum() == total
    assert e.units["people"].sum() == total
    assert e.histogram.filter(pl.col("inside"))["people"].sum() == e.finding.met


def test_the_known_shares_of_keski_suomi():
    """Health centres (22 sites) 98-99 % in 30 min, wards (13) 92-93 %, Nova 63-64 % and in an hour 87-88 %."""
    region = net.load("keski-suomi", on=TODAY, invented=False)
    people = region.people("residents")

    def share(kind, minutes):
        rows = np.array([i for i, kinds in enumerate(region.units["kinds"].to_list()) if kind in kinds])
        if kind == "hospital":
            rows = rows[[region.units["unit_id"][int(i)] == "KS01" for i in rows]]
        (seconds,) = region.nearest("car", [rows])
        return len(rows), float(people[seconds <= minutes * 60].sum() / people.sum())

    for kind, minutes, count, low, high in (
        ("centre", 30, 22, 0.98, 0.99), ("ward", 30, 13, 0.92, 0.93), ("hospital", 30, 1, 0.63, 0.64), ("hospital", 60, 1, 0.87, 0.88),
    ):  # fmt: skip
        units, value = share(kind, minutes)
        assert units == count
        assert low <= value <= high


def test_reach_of_a_users_units_is_the_same_as_the_regions_own(keski_suomi):
    from torni.sources.coordinates import to_degrees

    centres = keski_suomi.units.filter(pl.col("kinds").list.contains("ward"))
    lon, lat = to_degrees(centres["x"].to_numpy(), centres["y"].to_numpy())
    found = reach(keski_suomi, pl.DataFrame({"name": centres["name"], "lon": lon, "lat": lat}), within=[30, 60])
    (finding,) = check(keski_suomi, pattern="ward.within_60_min")
    assert found.share_within[60] == pytest.approx(finding.value, abs=1e-5)
    assert found.units["residents_nearest"].sum() == 270_043


@pytest.mark.parametrize("candidates", ["units", "centres", "cells"])
def test_a_mend_restores_the_promise_and_one_step_fewer_does_not(keski_suomi, candidates):
    broken = applied(
        keski_suomi,
        parse("close KS13; close KS14; close KS15; close KS16; close KS17; close KS18; close KS11", keski_suomi),
    )
    assert next(f for f in check(broken, pattern="ward.within_60_min")).state == "broken"
    mended = mend(broken, "ward.within_60_min", candidates=candidates)
    assert mended.after.state == "kept"
    assert mended.proven
    if len(mended.plan.steps) > 1:
        fewer = mend(broken, "ward.within_60_min", candidates=candidates, budget=len(mended.plan.steps) - 1)
        assert fewer.after.state == "broken"


def test_closures_do_the_least_harm_of_all(keski_suomi):
    found = mend(keski_suomi, "ward.within_60_min", closures=2)
    best = 0.0
    rows = [i for i, kinds in enumerate(keski_suomi.units["kinds"].to_list()) if "ward" in kinds]
    people, limit = keski_suomi.people("residents"), 3600
    columns = np.stack([keski_suomi.nearest("car", [np.array([r])])[0] for r in rows])
    for a in range(len(rows)):
        for b in range(a):
            rest = np.delete(columns, [a, b], axis=0).min(axis=0)
            best = max(best, float(people[rest <= limit].sum()))
    assert found.objective == best
    assert found.after.met == best


def test_every_closure_is_what_trying_each_would_show(keski_suomi):
    from torni.network.closures import every_closure

    found = every_closure(keski_suomi)
    for unit in ("KS16", "KS09", "demo-centre-410-91"):
        kinds = keski_suomi.units.filter(pl.col("unit_id") == unit)["kinds"].to_list()[0]
        tried = what_if(keski_suomi, parse(f"close {unit}", keski_suomi))
        for row in found.filter(pl.col("unit_id") == unit).iter_rows(named=True):
            change = next(c for c in tried.changes if c.before.id == row["promise"])
            assert row["share_after"] == pytest.approx(change.after.value, abs=1e-7), (unit, kinds, row["promise"])
            assert row["state_after"] == change.after.state
            minutes = tried.minutes.filter(pl.col("promise") == row["promise"])["lose_min"].sum()
            assert row["added_min"] == pytest.approx(minutes, rel=1e-5, abs=1)


def test_presence_is_mended_municipality_by_municipality(keski_suomi):
    found = mend(keski_suomi, "centre.m_in_large_municipality")
    assert str(found.plan) == "resize KS13 M"
    assert found.after.state == "kept"


def test_stored_times_are_the_computed_ones(tmp_path, monkeypatch):
    """A second run reads what the first kept; a damaged file is computed anew."""
    monkeypatch.setenv("TORNI_CACHE", str(tmp_path / "cache"))
    first = bounds(check(net.load("keski-suomi", on=TODAY)))
    files = sorted((tmp_path / "cache").glob("*.npy"))
    assert files
    assert bounds(check(net.load("keski-suomi", on=TODAY))) == first
    files[0].write_bytes(b"broken")
    assert bounds(check(net.load("keski-suomi", on=TODAY))) == first


def test_minutes_of_a_promise_are_those_of_the_search(keski_suomi):
    _, promise = keski_suomi.library.promise("centre.s_within_30_min")
    assert (nearest_seconds(keski_suomi, promise) == nearest_seconds(net.load("keski-suomi", on=TODAY), promise)).all()
