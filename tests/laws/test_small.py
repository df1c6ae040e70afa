"""Small numbers: what is hidden is few or keeps the few from being reckoned, and no sum that is told gives it away."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import TODAY
from torni.core.language import Message
from torni.promises.finding import Finding, Group
from torni.promises.small import Small, fewest, fewest_compared, hidden, is_few
from torni.services import load_library

LEAST = 5
LIBRARY = load_library("keski-suomi", on=TODAY)
COUNTS = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 40), max_size=8)


@given(COUNTS)
def test_the_hidden_are_none_or_two_and_together_not_few(people):
    out = hidden(people, LEAST)
    assert {g for g, n in people.items() if is_few(n, LEAST)} <= out <= set(people)
    if out and out != set(people):
        assert len(out) >= 2 and sum(people[g] for g in out) >= LEAST


def test_the_second_is_the_smallest_of_the_others():
    assert hidden({"a": 1, "b": 30, "c": 7, "d": 9}, LEAST) == {"a", "c"}
    assert hidden({"a": 1, "b": 2, "c": 7, "d": 9}, LEAST) == {"a", "b", "c"}, "two whose sum is few are not enough"
    assert hidden({"a": 0, "b": 5}, LEAST) == set(), "of nobody it tells nobody"


def _finding(by, promise="home_care.visits_made"):
    _service, p = LIBRARY.promise(promise)
    return Finding(
        promise, promise.partition(".")[0], p, 0.98, 1.0, 1.0, 1.0, "kept", "events", 0, 0, None, (Message("x"),), True, "v", LIBRARY.as_of,
        by=by,
    )  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from("PQR"), st.integers(1, 30), st.integers(1, 60)), min_size=1, max_size=9))
def test_no_unit_is_told_by_its_producers_sum(drawn):
    units = {f"u{i}": (p, clients, clients + more) for i, (p, clients, more) in enumerate(drawn)}
    producers = {u: p for u, (p, _clients, _total) in units.items()}

    def summed(at):
        return {p: sum(v[at] for v in units.values() if v[0] == p) for p in producers.values()}

    clients = {("home_care", "unit"): {u: v[1] for u, v in units.items()}, ("home_care", "producer"): summed(1)}
    by = {
        "unit": tuple(Group(u, v[2], v[2], 0, 1.0, True) for u, v in units.items()),
        "producer": tuple(Group(p, n, n, 0, 1.0, True) for p, n in summed(2).items()),
    }
    told = Small(LEAST, clients, producers).of(_finding(by))
    for level in ("unit", "producer"):
        assert all(g.hidden for g in told.groups(level) if is_few(clients["home_care", level][g.group], LEAST))
        assert all((g.total, g.met, g.value, g.kept) == (0, 0, None, None) for g in told.groups(level) if g.hidden)
    for producer in told.groups("producer"):
        mine = [g for g in told.groups("unit") if producers[g.group] == producer.group]
        left_out = sum(g.hidden for g in mine)
        if producer.hidden:
            assert left_out, "or its units would add up to it"
        elif left_out == 1:
            raise AssertionError("its sum less the others' is the one that is hidden")


def test_what_tells_of_no_client_is_told_and_the_limits_are_definitions():
    by = {"unit": (Group("u", 1, 1, 0, 1.0, True),)}
    service, promise = next((s, p) for s, p in LIBRARY.of_events() if p.people is None)
    assert Small(LEAST, {}, {}).of(_finding(by, f"{service.id}.{promise.id}")).groups("unit") == by["unit"]
    assert (fewest(LIBRARY), fewest_compared(LIBRARY)) == (5, 20)
