"""A small text table in, a verdict or an amount out: a page of the manual."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
import yaml

from tests.guided_life import TODAY, Life, settled
from tests.streets import Map
from tests.timetables import packed, usual
from torni.core.faults import Fault
from torni.core.notes import hearing
from torni.core.places import definitions
from torni.guidance import proposal_of, reckon_fee, steps
from torni.guidance.client import client_of
from torni.guidance.forms import AssessmentForm
from torni.services import load_library
from torni.services.rules import Rules, load_rules

_held: dict[tuple[str, date], Rules] = {}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the definitions, to be damaged."""
    shutil.copytree(definitions(), tmp_path / "definitions")
    return tmp_path / "definitions"


def rules_on(region: str, on: date) -> Rules:
    if (region, on) not in _held:
        _held[region, on] = load_rules(load_library(region, on=on))
    return _held[region, on]


@pytest.fixture
def rules() -> Rules:
    return rules_on("keski-suomi", date(2026, 11, 22))


def _rows(text: str) -> list[dict[str, str]]:
    lines = [[c.strip() for c in line.split("|")] for line in text.strip().splitlines()]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def _facts(row: dict[str, str], last: str) -> dict[str, object]:
    return {k: yaml.safe_load(v) if k not in ("municipality",) else v for k, v in row.items() if k != last and v}


@pytest.fixture
def noted() -> Iterator[list[Fault]]:
    """What is said of files on the way; without it, each word is a warning, and so a failure."""
    found: list[Fault] = []
    with hearing(found.append):
        yield found


@pytest.fixture
def spec() -> Callable[..., None]:
    """`spec("home_care", table)`: the last column is granted, refused, or undecided with the facts that could change it."""

    def check(
        service: str, table: str, *, on: str = "2026-11-22", region: str = "keski-suomi", given: str = ""
    ) -> None:
        rules = rules_on(region, date.fromisoformat(on))
        common = yaml.safe_load(f"{{{given}}}")
        for row in _rows(table):
            found = proposal_of(rules, service, client_of({**common, **_facts(row, "decision")}, rules))
            open_ = ", ".join(f.name for f, matters in found.missing if matters)
            told = f"{found.verdict}: {open_}" if open_ else found.verdict
            assert told == row["decision"], row

    return check


@pytest.fixture
def fee_spec() -> Callable[..., None]:
    """`fee_spec("home_care", table)`: the last column is the amount, or undecided with the facts it waits for."""

    def check(
        formula: str, table: str, *, on: str = "2026-11-22", region: str = "keski-suomi", given: str = ""
    ) -> None:
        rules = rules_on(region, date.fromisoformat(on))
        common = yaml.safe_load(f"{{{given}}}")
        for row in _rows(table):
            found = reckon_fee(rules, formula, client_of({**common, **_facts(row, "amount")}, rules))
            told = (
                str(found.amount)
                if found.amount is not None
                else "undecided: " + ", ".join(f.name for f in found.because)
            )
            assert told == row["amount"], row

    return check


@pytest.fixture
def aino():
    """Assessed: MAPLe 4, at home, so that the rules propose home care."""
    life = Life()
    life.step(steps.report(7, channel="telephone", text="Ei pärjää suihkussa yksin.", by="Ulla", at=life.now, once="1"))
    facts = {
        "rai_maple": 4,
        "housing": "own_home",
        "household_size": 1,
        "gross_income_eur_month": "1500.50",
        "service_hours_month": 10,
    }
    need = life.case.needs[0]
    life.step(steps.assess(life.case, need.matter, AssessmentForm(facts, "needs", "interRAI HC", TODAY, "Tarvitsee apua."), by="Ulla", at=life.now))  # fmt: skip
    return life


@pytest.fixture
def granted(aino, rules):
    aino.step(settled(aino, rules))
    return aino


@pytest.fixture
def drawn(tmp_path):
    """An empty map of these points."""
    return lambda points, first_id=1: Map(tmp_path / "map.osm.pbf", points, first_id)


@pytest.fixture
def feed(tmp_path):
    """A timetable in which these files differ from the usual one; None leaves one out."""

    def make(*, inside: str = "", **files):
        whole = {**usual(), **files}
        return packed(tmp_path, {n: text for n, text in whole.items() if text is not None}, inside=inside)

    return make
