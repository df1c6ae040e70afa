"""Events as others send them: any shape is an event or clear reasons; what is refused is kept, mended and sent again."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.facts.conftest import DATA
from torni.core.language import LANGUAGES, speaking
from torni.facts import feeds, intake, senders
from torni.facts.intake import read, receive, waiting
from torni.facts.reasons import reason
from torni.sources.event_files import rows_of

GOOD = {
    "specversion": "1.0", "id": "1", "source": "a", "type": "feedback.given", "time": "2026-05-04T12:00:00+03:00",
    "data": {"service": "care", "unit": "north", "quantity": 5, "mood": "glad"},
}  # fmt: skip


def test_an_event_is_read_with_its_columns_apart_from_its_data():
    row, reasons = read(GOOD)
    assert reasons == []
    assert (row["service"], row["quantity"], row["data"], row["at"].isoformat()) == (
        "care",
        5,
        {"mood": "glad"},
        "2026-05-04T09:00:00+00:00",
    )


@pytest.mark.parametrize(
    ("change", "reasons"),
    [
        ({"id": None}, ["needs_id"]), ({"id": ""}, ["needs_id"]), ({"id": 7}, ["needs_id"]), ({"time": "soon"}, ["needs_time"]), ({"time": "2026-W05-1"}, ["needs_time"]), ({"time": "20260504T090000Z"}, ["needs_time"]),
        ({"time": "0001-01-01"}, ["needs_time"]), ({"data": [1]}, ["data_not_object"]), ({"data": {"quantity": "much"}}, ["bad_quantity"]),
        ({"data": {"quantity": True}}, ["bad_quantity"]), ({"data": {"client": 2**70}}, ["bad_client"]), ({"data": {"due": "4.5.2026"}}, ["bad_due"]),
        ({"data": {"unit": ["x"]}}, ["bad_unit"]), ({"id": " "}, ["needs_id"]), ({"data": {"x": "\x00"}}, ["bad_data"]), ({"data": {"x": float("nan")}}, ["bad_data"]),
        ({"source": "b"}, ["another_source"]), ({"type": "resident.registered", "data": {"born": "long ago", "protected": 3}}, ["bad_born", "bad_protected"]),
        ({"type": "consent.given", "data": {"until": "next year", "mood": ["glad"]}}, ["bad_until"]),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told(change, reasons):
    assert read({**GOOD, **change}, source="a", declared=lambda type_, at: DATA.get(type_, {}))[1] == reasons


@pytest.mark.parametrize(
    ("type_", "data", "reasons"),
    [
        ("resident.registered", {"municipality": "931", "protectd": True}, ["misspelt_data:protectd", "near_data:protected"]),
        ("resident.registered", {"municipality": "931", "bron": "1941-05-30"}, ["misspelt_data:bron", "near_data:born"]),
        ("resident.registered", {"Municipality": "931"}, ["misspelt_data:Municipality", "near_data:municipality"]),
        ("visit.made", {"replace": "17"}, ["misspelt_data:replace", "near_data:replaces"]),
        ("feedback.given", {"quantitty": 5}, ["misspelt_data:quantitty", "near_data:quantity"]),
        ("feedback.given", {"of-quantity": 5}, ["misspelt_data:of-quantity", "near_data:of_quantity"]),
        # a field of the sender's own, told beside ours or far from it
        ("visit.made", {"unit": "north", "units": ["north", "south"], "mood": "glad", "route": 4, "dues": 1}, []),
        ("resident.registered", {"municipality": "931", "horn": 1, "born": "1941-05-30"}, []),
    ],
)  # fmt: skip
def test_a_field_misspelt_is_told_and_not_taken_for_one_left_out(type_, data, reasons):
    """An address meant to be protected would else be open to all, and a correction would be one event more."""
    given = {**GOOD, "type": type_, "data": data}
    assert read(given, declared=lambda of, at: DATA.get(of, {}))[1] == reasons


@pytest.mark.parametrize(
    ("change", "reasons"),
    [
        ({"id": "17 "}, ["unlike_id"]), ({"data": {"matter": "visit-17\u00a0"}}, ["unlike_matter"]), ({"data": {"matter": "visit\u200b-17"}}, ["unlike_matter"]),
        ({"data": {"unit": "nor\u202eth"}}, ["unlike_unit"]), ({"data": {"matter": "ka\u0308ynti"}}, ["unlike_matter"]), ({"source": "a\ufeff"}, ["unlike_source"]),
        ({"data": {"matter": "käynti 17 \U0001f475", "unit": "north"}}, []), ({"data": {"replaces": "17 "}}, []),
    ],
)  # fmt: skip
def test_a_name_that_would_be_another_than_it_looks_is_refused(change, reasons):
    """`visit-17` and `visit-17 ` would be two matters: the visit would never answer its plan. One of before can still be corrected."""
    assert read({**GOOD, **change}, declared=lambda of, at: DATA.get(of, {}))[1] == reasons


def test_blanks_are_no_value():
    """A matter of blanks would be one matter of everybody who writes it so."""
    row, reasons = read({**GOOD, "data": {**GOOD["data"], "matter": " \t"}})
    assert "matter" not in row and reasons == []


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(["visit.made", "north", "2026-05-04", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | st.sampled_from([*GOOD, *intake.COLUMNS]), inner, max_size=5),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batch=st.lists(JUNK | st.fixed_dictionaries({**{k: JUNK | st.just(v) for k, v in GOOD.items()}}), max_size=4))
def test_any_shape_is_taken_or_told_and_never_fails(here, batch):
    done = receive(here.door, batch, now=here.now)
    assert done.accepted + done.repeated + len(done.refused) == len(batch)
    assert all(reasons for _line, _id, reasons in done.refused)


@pytest.mark.parametrize("text", ["\\u0000", "\\\\u0000", "a\\u0000b\x00c", "\\\x00", "\x00\x00"])
def test_a_text_that_looks_like_an_escape_is_kept_as_it_came(here, text):
    """Written out, a backslash and u0000 was taken for a NUL: the row broke and took its batch with it."""
    done = receive(here.door, [{text: text}, GOOD], source="a", now=here.now)
    assert (done.accepted, len(done.refused)) == (1, 1)
    ((*_rest, raw, _reasons),) = waiting(here.connection)
    assert raw == {text.replace("\x00", "\ufffd"): text.replace("\x00", "\ufffd")}


def test_refused_rows_wait_are_mended_and_sent_again(here):
    bad = {**GOOD, "data": {"service": "care", "unit": "nrth", "quantity": 5}}
    bad["id"] = "0"
    done = receive(here.door, [GOOD, bad, {**bad, "id": "2"}], source="a", now=here.now)
    assert (done.accepted, done.repeated, len(done.refused)) == (1, 0, 2)
    assert len(receive(here.door, [bad], source="a", now=here.now).refused) == 1
    held = waiting(here.connection)
    assert [(s, reasons) for _n, _at, s, _raw, reasons in held] == [("a", ["unknown_unit"])] * 2  # each kept once
    number, raw = held[0][0], held[0][3]
    assert intake.replay(here.door, number, raw, by="test", sender=senders.command("test")).refused
    raw["data"]["unit"], raw["id"] = "north", "mended"
    assert not intake.replay(here.door, number, raw, by="test", sender=senders.command("test")).refused
    intake.note_outcome(here.connection, held[1][0], "dropped", by="test")
    assert waiting(here.connection) == []
    assert here.rows("SELECT outcome FROM quarantine_outcome ORDER BY number") == [("accepted",), ("dropped",)]


def test_rows_of_a_table_are_events():
    (event,) = rows_of(
        [
            {
                "id": 1,
                "type": "feedback.given",
                "time": "2026-05-04 12:00",
                "source": None,
                "quantity": "4",
                "unit": "north",
            }
        ]
    )
    row, reasons = read(event, source="a")
    assert reasons == [] and row["quantity"] == 4 and row["source"] == "a"


def test_a_feeds_key_speaks_for_it_until_it_is_ended(here):
    key = feeds.new(here.connection, "producer-a")
    assert feeds.source_of(here.connection, key) == ("producer-a", None)
    assert feeds.source_of(here.connection, key + "x") is None and feeds.source_of(here.connection, "") is None
    assert key not in json.dumps(here.rows("SELECT source, encode(key_hash, 'hex') FROM feed"))
    assert feeds.end(here.connection, "producer-a") == 1
    assert feeds.source_of(here.connection, key) is None


def test_every_reason_is_a_sentence_in_every_language():
    from torni.facts.reasons import _SENTENCES

    for language in LANGUAGES:
        with speaking(language):
            for code in [
                *_SENTENCES,
                "needs_unit",
                "bad_name",
                "unlike_matter",
                "misspelt_data:bron",
                "near_data:born",
            ]:
                assert " " in reason(code) and "_" not in reason(code).replace("of_quantity", "")


def test_an_event_of_a_day_without_definitions_is_refused_alone(here):
    """One event of an early day does not keep a whole batch out; once its definitions are known, it is accepted."""
    from tests.facts.conftest import BOOK
    from torni.core.faults import bad_input
    from torni.facts.door import Door

    event = {
        "type": "feedback.given",
        "time": "2026-05-04T10:00:00+03:00",
        "data": {"service": "care", "unit": "north", "quantity": 5},
    }
    known_from = [2026]

    def books(day):
        if day.year < known_from[0]:
            raise bad_input("parameter", "has no value", "")
        return BOOK

    door = Door(here.connection, books)
    early = {**event, "id": "early", "time": "2023-02-08T12:00:00+02:00"}
    for _ in range(2):
        done = receive(door, [{**event, "id": "now"}, early], source="a", now=here.now)
        assert done.refused == ((1, "early", ("no_definitions",)),)
    assert here.rows("SELECT count(*) FROM event WHERE id = 'now'") == [(1,)]
    known_from[0] = 2020  # a parameter's earlier amount is approved while the server runs
    assert receive(door, [early], source="a", now=here.now).accepted == 1


def test_many_keep_their_own_source_or_get_that_of_who_brings_them(here):
    """A supervisor brings a file of several systems: each row stays its system's; one that names none is the bringer's."""
    from torni.facts.intake import receive_many

    event = {
        "type": "feedback.given",
        "time": "2026-05-04T10:00:00+03:00",
        "data": {"service": "care", "unit": "north", "quantity": 5},
    }
    given = [{**event, "id": "1", "source": "ward-7"}, {**event, "id": "2"}, "nothing", {**event, "id": "3"}]
    done = receive_many(here.door, given, size=2, fallback="kari")
    assert (done.accepted, done.refused) == (3, ((2, "", ("not_an_event",)),))
    assert here.rows("SELECT id, source FROM event WHERE type = 'feedback.given' ORDER BY id") == [
        ("1", "ward-7"),
        ("2", "kari"),
        ("3", "kari"),
    ]
    assert receive_many(here.door, given, source="feed").refused[0] == (0, "1", ("another_source",))


def test_data_of_another_kind_than_declared_is_kept_in_quarantine_and_what_nobody_declared_is_taken_in(here):
    """However the event comes through the door, the definitions of its own day say of what kind its data is."""

    def telling(id_, **data):
        return {
            "id": id_,
            "type": "unit.opened",
            "time": "2026-05-04T12:00:00+03:00",
            "data": {"unit": "north", **data},
        }

    done = receive(
        here.door, [telling("a", name=["North"]), telling("b", name="North", colour=["red"])], source="a", now=here.now
    )
    assert done.accepted == 1 and done.refused == ((0, "a", ("bad_name",)),)
    assert [reasons for _n, _at, _s, _raw, reasons in waiting(here.connection)] == [["bad_name"]]
    assert here.rows("SELECT data->'colour' FROM event WHERE id = 'b'") == [(["red"],)]


def test_what_was_taken_in_before_its_kind_was_declared_is_known_when_it_is_sent_again(here):
    before = here.event("unit.opened", unit="north", id="old", data={"name": ["North"], "kind": "home_care"})
    assert not here.send(before).refused, "the door itself, as it was before the declaration"
    sent = {
        "id": "old",
        "type": "unit.opened",
        "time": here.now.isoformat(),
        "data": {"unit": "north", "name": ["North"], "kind": "home_care"},
    }
    assert receive(here.door, [sent], source="test", now=here.now) == intake.Received(0, 1, ())
    sent["data"]["kind"] = "ward"
    assert receive(here.door, [sent], source="test", now=here.now).refused == ((0, "old", ("same_id_other_content",)),)
