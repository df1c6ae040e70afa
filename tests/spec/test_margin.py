"""What margin is left, as the finding tells it: so many more misses, so many in time in a row, so many on a list, so much money."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import polars as pl
import pytest
from scipy.stats import binom

from torni.core.language import speaking
from torni.engines.margin import Limits
from torni.promises.finding import Group
from torni.promises.kinds import of_events
from torni.promises.listed import ListPromise
from torni.promises.margin import Foretold, Margin
from torni.promises.sums import Judge, Sums
from torni.services import load_library

TODAY = date(2026, 11, 26)
VISITS = "home_care.visits_made"


@pytest.fixture(scope="module")
def library():
    return load_library("keski-suomi", on=TODAY)


def found(library, name, total, met, *, silent=False):
    service, promise = library.promise(name)
    upto = TODAY - timedelta(days=9 if silent else 1)
    sums = Sums(TODAY, upto, pl.DataFrame(), {level: {} for level in ("unit", "producer", "municipality")}, {level: {} for level in ("unit", "producer", "municipality")}, {name: (total, met, 0, 0, 0)}, {})  # fmt: skip
    return promise.find(service.id, sums, library, residents=270_043)


def test_the_count_is_the_binomial_tails_own(library):
    """Of a promise of 95 % and no clustering: 1,000 due and 30 missed, and chance gives what is told in fewer than 5 of 100 such years."""
    limits = Limits(0.95, 0.05, 1.0)
    broken = next(k for k in range(30, 200) if binom.sf(30 + (k - 30) - 1, 1000 + k - 30, 0.05) <= 0.05)
    from torni.engines.margin import more_misses

    assert more_misses(limits, 1000, 30) == broken - 30


@pytest.mark.parametrize(
    ("total", "missed", "more"),
    [
        (1000, 30, 22),  # 52 of 1,022 is 5.09 %, 51 of 1,021 is 4.995 %
        (1000, 50, 1),  # just at the target
        (0, 0, 1),
        (19, 0, 2),  # 1 of 20 is the 5 % that may be missed
    ],
)
def test_where_nothing_is_left_to_chance_it_is_plain_arithmetic(total, missed, more):
    from torni.engines.margin import more_misses

    assert more_misses(Limits(0.95), total, missed) == more


def test_a_broken_promise_tells_how_many_in_a_row_keep_it_again(library):
    """Of 98 % promised: 300 missed of 10,000 are 2 % of 15,000."""
    f = found(library, VISITS, 10_000, 9_700)
    target = f.target
    assert f.state == "broken" and f.margin is not None and f.margin.more is None
    needed = -(-300 // Decimal(str(round(1 - target, 6)))) - 10_000
    assert f.margin.mends == int(needed) > 0


def test_what_is_left_breaks_the_finding_and_one_fewer_does_not(library):
    f = found(library, VISITS, 10_000, 9_900)
    assert f.state == "kept" and f.margin is not None and f.margin.mends is None
    more = f.margin.more
    assert found(library, VISITS, 10_000 + more, 9_900).state == "broken"
    assert found(library, VISITS, 10_000 + more - 1, 9_900).state != "broken"


def test_below_the_target_by_chance_there_is_margin_left(library):
    """Too few to tell: what is missing to be told as broken is told."""
    f = found(library, VISITS, 40, 38)
    assert f.too_few and f.margin is not None and f.margin.more >= 1


@pytest.mark.parametrize("silent", [False, True])
def test_of_nothing_and_of_records_that_have_stopped_there_is_no_margin(library, silent):
    assert found(library, VISITS, 0 if not silent else 1000, 0 if not silent else 990, silent=silent).margin is None


def test_every_promise_that_is_a_share_of_events_tells_it(library):
    names = [f"{s.id}.{p.id}" for s, p in library.of_events() if p.long]
    assert names and all(found(library, n, 5_000, 5_000).margin is not None for n in names)
    assert {p.kind for s in library.services.values() for p in of_events(s.promises) if p.long} >= {
        "delivery",
        "wait",
        "measure",
        "fee",
    }


LISTS = ListPromise(
    id="full", kind="list", sentence={"fi": "x", "sv": "x", "en": "x"}, broken={"fi": "x", "sv": "x", "en": "x"}, source="invented", began_by="a.b", ended_by="a.c", limited_by="a.d", at_most=Decimal("0.95")
)  # fmt: skip


@pytest.mark.parametrize(
    ("lists", "more", "mends"),
    [
        ([(1000, 900), (2000, 1890)], 11, None),  # 1,900 are let on the second; the 1,901st breaks it
        ([(1000, 950)], 1, None),
        ([(1000, 960), (2000, 1950), (500, 10)], None, 60),
    ],
)
def test_a_list_tells_its_fullest(library, lists, more, mends):
    judge = Judge(1.0, 0.95, 0.05, 1.5, at_most=True, by_unit=True)
    groups = judge.judged([Group(str(i), total, on, 0) for i, (total, on) in enumerate(lists)])
    m = LISTS.margin(judge, "kept", 0, 0, groups, None)
    assert (m.more, m.mends) == (more, mends)


WEEKS = ((10, 10),) * 6
FORETOLD = Foretold(date(2026, 11, 25), False, 0.4, 0.8, date(2026, 12, 14), date(2026, 12, 22), True, WEEKS)


def text(library, margin, language="en"):
    with speaking(language):
        return library.promise(VISITS)[1].margin_text(margin)


def test_the_sentence_tells_how_many_and_when(library):
    m = Margin(False, 38, None).with_foretold(FORETOLD)
    assert m.breaks_soon
    assert text(library, m) == "38 more late or not done and the promise is broken, probably 14.12.–22.12.2026"
    perhaps = m.with_foretold(replace(FORETOLD, within_28=0.3))
    assert text(library, perhaps).endswith(
        "; the chance of that within four weeks is 30%, and then probably 14.12.–22.12.2026"
    )
    seldom = m.with_foretold(replace(FORETOLD, within_28=0.02, soon=False))
    assert (
        text(library, seldom)
        == "38 more late or not done and the promise is broken; the chance of that within four weeks is 2%"
    )
    unknown = m.with_foretold(replace(FORETOLD, within_28=None, within_14=None, first=None, last=None))
    assert text(library, unknown) == "38 more late or not done and the promise is broken; too few to tell when"


def test_a_broken_one_tells_what_keeps_it_again(library):
    m = Margin(True, None, 400).with_foretold(replace(FORETOLD, broken=True))
    assert text(library, m) == "400 as promised in a row keep it again; as things go, probably 14.12.–22.12.2026"
    assert not m.breaks_soon
    late = m.with_foretold(replace(FORETOLD, broken=True, within_28=0.1))
    assert text(library, late).endswith("within four weeks is 10%")


def test_a_broken_promise_to_all_is_kept_again_when_its_misses_are_past(library):
    """No number in time makes all of them kept: only that the missed ones leave the window."""
    f = found(library, "home_care.fee_by_formula", 500, 497)
    assert f.state == "broken" and f.target == 1 and (f.margin.more, f.margin.mends) == (None, None)
    with speaking("en"):
        assert (
            f.promise.margin_text(f.margin)
            == "Kept again when nothing has been missed for 28 days; too few to tell when"
        )


def test_what_was_foretold_of_another_state_is_not_told(library):
    """It broke during the day: the morning foretold when it breaks, not when it is kept again. The line of the year stays."""
    m = Margin(True, None, 400).with_foretold(FORETOLD)
    assert m.foretold is None and m.weeks == WEEKS
    assert text(library, m) == "400 as promised in a row keep it again; too few to tell when"


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_the_sentence_is_complete_in_every_language(library, language):
    for m in (Margin(False, 38, None), Margin(False, 1, None), Margin(True, None, 400)):
        for told in (None, FORETOLD, replace(FORETOLD, broken=True)):
            assert text(library, m.with_foretold(told), language)
    english = text(library, Margin(False, 38, None).with_foretold(FORETOLD), "en")
    assert language == "en" or text(library, Margin(False, 38, None).with_foretold(FORETOLD), language) != english


def test_what_is_kept_is_read_as_it_was():
    assert Foretold.read(FORETOLD.as_json()) == FORETOLD
