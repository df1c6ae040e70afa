"""Illnesses, assessments and services of the invented people, and what is not known of them.

Real and held by tests: how many in the county have diabetes, dementia, coronary disease and asthma, and of those aged 65
and over diabetes and dementia (THL 2023). Everything else is invented: frailty joins age and dementia, the RAI scales
follow it, and those with much of it have been assessed. Facts are missing as they are in practice: who has not been
assessed has no scales, some scales are left out, some measurements were never made.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from torni.simulation.population.people import Flags, Floats, Ints, People, county_shares, drawn, scaled

OWN_HOME, COMMUNAL, ROUND_THE_CLOCK, INSTITUTION = range(4)


def needs(made: People, *, today: date, rng: np.random.Generator) -> None:
    """Add the columns of health, assessment and services to people who already have age, sex and home."""
    shares = county_shares(made.county)
    _illnesses(made, shares, rng)
    frailty = _frailty(made, rng)
    _housing(made, frailty, rng)
    _assessments(made, frailty, today, rng)
    _services(made, frailty, rng)
    _measurements(made, rng)
    _circumstances(made, frailty, rng)


def _illnesses(made: People, shares: Mapping[str, float], rng: np.random.Generator) -> None:
    age, old = made["age"], (made["age"] >= 65).astype(np.int64)
    everyone = np.zeros(made.size, np.int64)
    elderly = float(old.sum())
    for name, low, high in (("diabetes", 40, 85), ("dementia", 62, 95)):
        target = np.array([shares[name] * made.size - shares[f"{name}_65"] * elderly, shares[f"{name}_65"] * elderly])
        rising = np.clip((age - low) / (high - low), 0.0, 1.0) ** (3 if name == "dementia" else 1) + (
            0.02 if name == "diabetes" else 0.0005
        )
        made[name] = drawn(scaled(rising, old, np.maximum(target, 1), most=0.7), old, rng)
    for name, rising in (
        ("coronary_disease", np.clip((age - 42) / 45, 0, 1) ** 1.6 * np.where(made["female"], 0.7, 1.0) + 1e-5),
        ("asthma", np.where(age < 1, 0.001, 0.04 + 0.0006 * age)),
    ):
        made[name] = drawn(scaled(rising, everyone, np.array([shares[name] * made.size]), most=0.7), everyone, rng)


def _frailty(made: People, rng: np.random.Generator) -> Floats:
    """A single invented number that help, scales and services follow: about 0 for the healthy, over 3 for those in care."""
    age = made["age"]
    base = (
        4.1 / (1 + np.exp(-(age - 85) / 6.0))
        + 2.2 * made["dementia"]
        + 0.25 * made["diabetes"]
        + 0.25 * made["coronary_disease"]
    )
    disabled = (rng.random(made.size) < 0.008) * rng.exponential(1.4, made.size)
    return np.asarray(base + disabled + rng.gumbel(0, 0.45, made.size), float)


def _housing(made: People, frailty: Floats, rng: np.random.Generator) -> None:
    chance = 1 / (1 + np.exp(-(frailty - 4.9) * 1.9))
    round_clock = (made["age"] >= 60) & (rng.random(made.size) < chance * 0.62)
    communal = (made["age"] >= 65) & ~round_clock & (rng.random(made.size) < chance * 0.12)
    institution = round_clock & (rng.random(made.size) < 0.06)
    made["housing"] = np.select(
        [institution, round_clock, communal], [INSTITUTION, ROUND_THE_CLOCK, COMMUNAL], OWN_HOME
    )


def _scale(value: Floats, least: int, most: int) -> Ints:
    return np.clip(np.rint(value), least, most).astype(np.int64)


def _assessments(made: People, frailty: Floats, today: date, rng: np.random.Generator) -> None:
    age, size, dementia = made["age"], made.size, made["dementia"]
    chance = np.where(age >= 18, 1 / (1 + np.exp(-(frailty - 3.1) * 1.8)), 0.0) * np.where(age >= 65, 1.0, 0.25)
    in_care = made["housing"] >= ROUND_THE_CLOCK
    assessed = in_care | (rng.random(size) < chance * 0.85)
    who = np.flatnonzero(assessed)
    n = len(who)
    f = frailty[who]

    def noise(spread: float) -> Floats:
        return rng.normal(0, spread, n)

    cps = _scale(np.where(dementia[who], 2.1 + (f - 4) * 0.75, 0.35 + (f - 3) * 0.2) + noise(0.8), 0, 6)
    adlh = _scale((f - 2.9) * 1.05 + noise(0.9), 0, 6)
    maple = _scale(1.2 + (f - 2.2) * 0.85 + 0.25 * (cps >= 3) + noise(0.55), 1, 5)
    scales = {
        "rai_maple": (maple, 0.03), "rai_cps": (cps, 0.02), "rai_adlh": (adlh, 0.02), "rai_chess": (_scale((f - 3.2) * 0.7 + noise(0.8), 0, 5), 0.10),
        "rai_drs": (_scale(1.2 + rng.exponential(1.6, n), 0, 14), 0.12), "rai_pain": (_scale(1 + noise(1.1), 0, 4), 0.10),
        "rai_divert": (_scale(1.6 + (f - 3) * 0.6 + noise(0.8), 1, 6), 0.35), "rai_adl_long": (_scale(adlh * 4.2 + noise(2), 0, 28), 0.20),
        "rai_iadl_performance": (_scale(3 + (f - 2.6) * 1.7 + noise(1.2), 0, 9), 0.30), "rai_iadl_capacity": (_scale(2 + (f - 2.6) * 1.1 + noise(0.9), 0, 6), 0.30),
    }  # fmt: skip
    for name, (values, left_out) in scales.items():
        column = np.full(size, -1, np.int64)
        column[who] = np.where(rng.random(n) < left_out, -1, values)
        made[name] = column
    days = np.full(size, -1, np.int64)
    days[who] = np.minimum(rng.exponential(170, n), 1_200).astype(np.int64)
    stale = days > 365  # older than the fields allow: the scales count as missing, the day stays
    for name in scales:
        made[name] = np.where(stale, -1, made[name])
    epoch = (today - date(1970, 1, 1)).days
    made["assessed_on"] = np.where(days < 0, -1, epoch - days)
    made["assessed"] = assessed


def _services(made: People, frailty: Floats, rng: np.random.Generator) -> None:
    """Home care and its hours for most of those assessed at home with a need; visits, fees, vaccinations."""
    size, age = made.size, made["age"]
    at_home = made["housing"] <= COMMUNAL
    need = (
        made["assessed"]
        & at_home
        & (
            np.maximum(made["rai_adlh"], 0) + np.maximum(made["rai_cps"], 0) * 0.7 + np.maximum(made["rai_maple"], 1)
            > 3.4
        )
    )
    made["in_home_care"] = need & (rng.random(size) < 0.8)
    decided = made["assessed"] & at_home
    hours = np.clip(rng.gamma(1.7, 6.5, size) + np.maximum(made["rai_adlh"], 0) * 5, 1, 160).astype(np.int64)
    made["service_hours_month"] = np.where(decided, hours, -1)
    visits = rng.poisson(np.where(age < 65, 0.25, 0.45) + 0.18 * np.maximum(frailty, 0))
    made["emergency_visits_within_year"] = np.where(rng.random(size) < 0.02, -1, np.minimum(visits, 60))
    doctor = rng.poisson(0.7 + 0.012 * age + 0.3 * made["diabetes"])
    made["doctor_visits_within_year"] = np.where(rng.random(size) < 0.02, -1, np.minimum(doctor, 60))
    # fees so far this year, in steps of the visits that make them (invented)
    paid = np.where(
        age < 18, 0, rng.poisson(0.55 + 0.02 * np.maximum(age - 40, 0)) * 3020 + rng.poisson(0.4, size) * 7130
    )
    made["fees_paid_cents"] = np.where(rng.random(size) < 0.01, -1, np.minimum(paid, 81_500))
    made["serial_treatments_this_year"] = np.where(rng.random(size) < 0.03, rng.poisson(9, size), 0)
    chance = np.select([age >= 80, age >= 65, age <= 6], [0.30, 0.22, 0.12], 0.04)
    made["vaccinations_within_year"] = np.where(
        rng.random(size) < 0.01, -1, (rng.random(size) < chance).astype(np.int64)
    )


def _measurements(made: People, rng: np.random.Generator) -> None:
    size, age = made.size, made["age"]
    measured = rng.random(size) < np.clip(0.08 + age / 160 + 0.3 * made["diabetes"], 0, 0.9)
    bmi = np.clip(rng.normal(26.5 + 2.5 * made["diabetes"] - np.maximum(age - 78, 0) * 0.12, 4.3, size), 13, 62)
    made["bmi_tenths"] = np.where(measured & (age >= 18), np.rint(bmi * 10), -1).astype(np.int64)
    pressure = np.clip(rng.normal(116 + age * 0.3, 15, size), 80, 230)
    made["systolic_mmhg"] = np.where(measured & (age >= 18), np.rint(pressure), -1).astype(np.int64)
    tested = rng.random(size) < np.where(made["diabetes"], 0.82, 0.04)
    made["hba1c_mmol_mol"] = np.where(
        tested & (age >= 18), np.rint(np.clip(rng.normal(37 + 15 * made["diabetes"], 8, size), 24, 140)), -1
    ).astype(np.int64)


def _circumstances(made: People, frailty: Floats, rng: np.random.Generator) -> None:
    """Yes-no facts that an official writes down; -1 where nobody has yet. Known mostly for those assessed."""
    size, assessed = made.size, made["assessed"]

    def told(chance: Any, known: Floats | float) -> Ints:
        answer = (rng.random(size) < chance).astype(np.int64)
        return np.where(rng.random(size) < known, answer, -1)

    seldom, often = np.where(assessed, 0.9, 0.0), np.where(assessed, 0.97, 0.0)
    carer = np.where(made["household_size"] > 1, 0.45, 0.12)
    made["has_informal_carer"] = told(carer, often)
    made["carer_is_able"] = np.where(made["has_informal_carer"] == 1, told(0.75, seldom), -1)
    made["home_suits_care"] = told(0.85, seldom)
    made["professional_supports"] = told(1 / (1 + np.exp(-(frailty - 3.4) * 1.6)), often)
    made["home_care_not_enough"] = np.where(
        made["housing"] >= ROUND_THE_CLOCK, 1, told(1 / (1 + np.exp(-(frailty - 5.4) * 1.8)), seldom)
    )
    made["wants_voucher"] = told(0.25, np.where(assessed, 0.6, 0.0))
    made["manages_budget"] = told(np.where(made["dementia"], 0.25, 0.7), np.where(assessed, 0.7, 0.0))
    made["highest_care_allowance"] = told(1 / (1 + np.exp(-(frailty - 5.2) * 2)), 0.99)
    limited = told(np.where(made["age"] >= 16, 0.01 + 0.05 * np.clip(frailty, 0, 4), 0.012), 0.97)
    made["has_functional_limitation"] = limited
    made["has_rehabilitation_plan"] = np.where(limited == 1, told(0.35, 0.93), 0)
    made["has_kela_rehabilitation"] = np.where(made["age"] < 68, told(0.012, 0.99), 0)
    made["is_disabled_person"] = told(0.024, 0.99)  # clients of disability services: 2.4 % of residents
    made["lived_with_spouse"] = made["has_spouse"].astype(np.int64)
    both = (
        made["housing"][made["spouse"]] >= ROUND_THE_CLOCK
    )  # the spouse is invented too, and where they live is known
    made["spouse_in_long_term_care"] = np.where(made["spouse"] < 0, -1, both)


def frame(made: People) -> pl.DataFrame:
    """The people as a table; -1 becomes missing. Money stays whole cents here, and turns DECIMAL when written."""

    def some(name: str, kind: Any = pl.Int16) -> pl.Series:
        values = made[name]
        return pl.Series(name, values).cast(kind, strict=False).set(pl.Series(values < 0), None)

    def flag(name: str) -> pl.Series:
        values = made[name]
        return pl.Series(name, values > 0).set(pl.Series(values < 0), None)

    def known(name: str, values: Flags, column: str | None = None) -> pl.Series:
        return pl.Series(column or name, values)

    codes = pl.Series("municipality", np.array(made.codes)[made.municipality])
    return pl.DataFrame([
        pl.Series("person", int(made.county) * 10_000_000 + np.arange(made.size, dtype=np.int64)),
        codes, pl.Series("x", made.x.astype(np.int32)), pl.Series("y", made.y.astype(np.int32)),
        pl.Series("age", made["age"].astype(np.int16)),
        pl.Series("sex", np.where(made["female"], "female", "male")),
        pl.Series("household", made["household"].astype(np.int32)),
        pl.Series("household_size", made["household_size"].astype(np.int16)),
        known("lives_alone", made["alone"] & (made["housing"] <= COMMUNAL)),
        pl.Series("language", np.array(["fi", "sv", "en", "other"])[made["language"]]),
        pl.Series("household_gross_cents", made["household_gross_cents"].astype(np.int32)),
        pl.Series("net_cents", made["net_cents"].astype(np.int32)),
        pl.Series("spouse_net_cents", made["spouse_net_cents"].astype(np.int32)).set(pl.Series(~made["has_spouse"]), None),
        flag("lived_with_spouse"), flag("spouse_in_long_term_care"),
        some("fees_paid_cents", pl.Int32),
        pl.Series("housing", np.array(["own_home", "communal", "round_the_clock", "institution"])[made["housing"]]),
        *(some(n) for n in ("rai_maple", "rai_cps", "rai_adlh", "rai_chess", "rai_drs", "rai_pain", "rai_divert", "rai_adl_long",
                            "rai_iadl_performance", "rai_iadl_capacity", "service_hours_month", "emergency_visits_within_year", "doctor_visits_within_year",
                            "serial_treatments_this_year", "vaccinations_within_year", "systolic_mmhg", "hba1c_mmol_mol", "bmi_tenths")),
        some("assessed_on", pl.Int32).cast(pl.Date),
        *(flag(n) for n in ("has_informal_carer", "carer_is_able", "home_suits_care", "professional_supports", "home_care_not_enough",
                            "wants_voucher", "manages_budget", "highest_care_allowance", "has_functional_limitation",
                            "has_rehabilitation_plan", "has_kela_rehabilitation", "is_disabled_person")),
        *(known(f"has_{n}", made[n]) for n in ("diabetes", "dementia", "coronary_disease", "asthma")),
        known("in_home_care", made["in_home_care"]),
    ])  # fmt: skip
