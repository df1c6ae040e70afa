"""Each type of event says who may send it, and the door refuses everybody else, by name: every type as every sender."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import count

import pytest

from tests.facts.conftest import kinds, who
from torni.core import language
from torni.facts import intake, rights, senders
from torni.facts.access import Who
from torni.facts.door import Door
from torni.facts.reasons import reason
from torni.services import load_library
from torni.services.days import Days
from torni.services.door_book import books_of

A = "A"  # whose unit north is
DAY = date(2026, 5, 4)
CONTROLLER = senders.account(Who(7, "cilla", "Cilla C", "controller"))
FEED = senders.feed("of-a", A)
REGISTER = senders.feed("register", None)
OFFICIALS = ("director", "service_owner", "adviser", "case_manager", "supervisor", "controller")
RESIDENT = senders.account(Who(9, "maija.m", "Maija Meikäläinen", "resident", client=1))
SENDERS = {
    "a producer's feed": (FEED, "producer"),
    "a producer's account": (senders.account(Who(8, "paavo", "Paavo P", "producer", producer=A)), "producer"),
    "a producer's machine at the pages": (senders.account(Who(0, "of-a", "of-a", "producer", producer=A, machine=True)), "producer"),
    "a producer's row that an official mended": (senders.mended(FEED.told(), CONTROLLER), "producer"),
    "a resident's account": (RESIDENT, "resident"),
    "a register's feed": (REGISTER, "organiser"),
    "an official's file": (CONTROLLER.of_file("events.csv"), "controller"),
    "an official's row that another mended": (senders.mended(CONTROLLER.told(), senders.account(Who(6, "vilma", "Vilma V", "supervisor"))), "controller"),
    **{f"a {role}'s account": (senders.account(Who(7, "cilla", "Cilla C", role)), role) for role in OFFICIALS},
    "an outsider's account": (senders.account(Who(5, "ulla", "Ulla U", "outsider")), "outsider"),
    "a process": (senders.process("torni demo"), "organiser"),
    "a command": (senders.command("torni import events"), "organiser"),
    "not known": (None, "organiser"),
}  # fmt: skip
DATA = {
    "unit.opened": {"name": "North", "kind": "home_care", "producer": A, "municipality": "931"},
    "feed.complete": {"producer": A}, "resident.registered": {"municipality": "931"},
    **{f"representative.{did}": {"holder": "2", "kind": "proxy"} for did in ("named", "ended")},
    **{f"restriction.{did}": {"against": A} for did in ("set", "lifted")},
}  # fmt: skip
COLUMNS = {"service": "home_care", "client": 1, "due": "2026-05-04", "quantity": 1, "of_quantity": 1, "cents": 100}


@pytest.fixture
def door(here):
    """The room's door by the region's own definitions; client 1 was sent to A."""
    made_ = Door(here.connection, books_of(Days("keski-suomi")))
    assert not intake.receive(made_, [made("enrolment.began", "sent")], sender=REGISTER, now=here.now).refused
    return made_


def made(type_, id_=None, **data):
    """An event of the type as its declaration has it, of the producer's own unit."""
    id_ = id_ or f"{type_}-1"
    needs = load_library("keski-suomi", on=DAY).event_kinds[type_].needs
    columns = {"matter": id_, **COLUMNS}
    told = {"unit": "north", **{n: columns[n] for n in needs if n in columns}, **DATA.get(type_, {}), **data}
    return {"id": id_, "type": type_, "source": "s", "time": "2026-05-04T12:00:00+03:00", "data": told}


def refused(door, event, sender, producer=A):
    done = intake.receive(door, [event], sender=sender, producer=producer)
    return list(done.refused[0][2]) if done.refused else []


@pytest.mark.parametrize("who", SENDERS)
def test_every_type_as_every_sender(here, door, who):
    sender, part = SENDERS[who]
    declared = {n: kind.senders for n, kind in load_library("keski-suomi", on=DAY).event_kinds.items()}
    events = [made(type_) for type_ in declared if type_ != "event.withdrawn"]
    held = A if part == "producer" else None
    done = intake.receive(door, events, now=here.now, sender=sender, producer=held)
    own = next((type_ for type_ in declared if part == "organiser" or part in declared[type_]), "feedback.given")
    withdrawal = made("event.withdrawn", replaces=f"{own}-1")
    last = intake.receive(door, [withdrawal], now=here.now, sender=sender, producer=held)
    found = {events[line]["type"]: reasons for line, _id, reasons in done.refused}
    if last.refused:
        found["event.withdrawn"] = last.refused[0][2][:1]
    wanted = {
        type_: (f"not_yours_to_send:{type_}:{'+'.join(sorted(of))}",)
        for type_, of in declared.items()
        if part != "organiser" and part not in of
    }
    assert found == wanted
    assert done.accepted + last.accepted == len(declared) - len(wanted)
    kept = {raw["type"]: reasons[:1] for *_rest, raw, reasons in intake.waiting(here.connection)}
    assert kept == {type_: list(reasons) for type_, reasons in wanted.items()}


FORGED = {
    "a consent": made("consent.given"),
    "a consent taken away": made("consent.withdrawn"),
    "a proxy": made("representative.named"),
    "the register": made("resident.registered", protected=False, name="Toinen"),
    "a restriction lifted": made("restriction.lifted"),
    "a case manager": made("case_manager.named", case_manager="paavo"),
    "a need": made("need.reported"),
    "an assessment": made("assessment.made"),
    "a decision": made("decision.made"),
    "a fee": made("fee.charged"),
    "a plan sent to itself": made("plan.sent"),
    "voucher prices": made("voucher_producer.approved"),
    "supervision": made("supervision.visited"),
    "an alert": made("alert.done"),
    "a change": made("change.approved"),
}


@pytest.mark.parametrize("what", FORGED)
def test_what_a_producer_forges_is_refused_row_by_row(here, door, what):
    """The hostile tests' own: each opened a page, named a proxy or set a price before."""
    before = here.rows("SELECT count(*) FROM event")
    batch = [{**made("visit.planned"), "source": "of-a"}, {**FORGED[what], "source": "of-a"}]
    done = intake.receive(door, batch, source="of-a", producer=A, sender=FEED, now=here.now)
    assert done.accepted == 1
    ((line, _id, (code,)),) = done.refused
    assert line == 1 and code.startswith(f"not_yours_to_send:{FORGED[what]['type']}:")
    assert here.rows("SELECT count(*) FROM event") == [(before[0][0] + 1,)]
    ((number, *_rest, kept, reasons),) = intake.waiting(here.connection)
    assert kept["type"] == FORGED[what]["type"] and reasons == [code]
    assert intake.replay(
        door, number, kept, by="Cilla C", sender=CONTROLLER
    ).refused  # an official's hand makes it no other's


def test_an_officials_file_forges_nothing_of_anothers_office(here, door):
    """A controller brings charges and invoices; a decision "by" an adviser, a client's consent and a proxy are not a controller's to bring."""
    file = CONTROLLER.of_file("events.csv")
    for type_ in ("fee.charged", "invoice.received", "budget.used"):
        assert refused(door, made(type_), file, None) == []
    for type_ in ("decision.made", "consent.given", "representative.named", "plan.sent", "review.decided", "change.approved", "plan.confirmed"):  # fmt: skip
        (code,) = refused(door, made(type_), file, None)
        assert code.startswith(f"not_yours_to_send:{type_}:")
        assert "controller" not in code
    (code,) = refused(door, made("event.withdrawn", "w", replaces="decision.made-x"), file, None)
    assert code == "nothing_to_replace"
    assert refused(door, made("decision.made", "d"), REGISTER, None) == []
    (code,) = refused(door, made("event.withdrawn", "w2", replaces="d"), file, None)
    assert code == "not_yours_to_send:decision.made:adviser+case_manager"


def test_a_registers_refused_row_becomes_no_other_event_by_an_officials_hand(here, door):
    """A controller who mends a registration of the register's sends no decision in the register's name; the registration is mended."""
    bad = made("resident.registered", "r1")
    bad["data"]["born"] = "tomorrow"
    assert refused(door, bad, REGISTER, None) == ["bad_born"]
    ((number, *_rest),) = intake.waiting(here.connection)
    for type_ in ("decision.made", "consent.given", "representative.named"):
        done = intake.replay(door, number, made(type_, "forged"), by="Cilla C", sender=CONTROLLER)
        ((_line, _id, (code,)),) = done.refused
        assert code.startswith(f"not_yours_to_send:{type_}:")
    good = {**bad, "data": {**bad["data"], "born": "1950-01-01"}}
    assert intake.replay(door, number, good, by="Cilla C", sender=CONTROLLER).accepted == 1
    assert here.rows("SELECT sender->>'who', sender->>'mended_by' FROM event WHERE id = 'r1'") == [("register", "Cilla C")]  # fmt: skip
    other = {**made("visit.made", "x"), "type": "vist.made"}
    assert refused(door, other, REGISTER, None)
    ((number, *_rest),) = intake.waiting(here.connection)
    own = intake.replay(door, number, {**other, "type": "visit.made"}, by="Cilla C", sender=CONTROLLER)
    assert own.accepted == 1, "what one may send oneself one sends as oneself"
    assert here.rows("SELECT sender->>'who' FROM event WHERE id = 'x'") == [("Cilla C",)]


def test_who_may_send_is_who_may_do_it_at_the_pages():
    """A type names no official who has no such task by the table of rights; whoever brings files in may send something."""
    tasks = {
        "changes": ("propose", "approve"), "guidance": ("case", "review", "records"), "producers": ("case", "records"),
        "record_room": ("case", "records"), "supervision": ("handle_alert", "case", "records"),
    }  # fmt: skip
    for file, actions in tasks.items():
        able = {role for action in actions for role in rights.who_may(action)}
        for name, kind in kinds(f"{file}.yaml").items():
            assert {*kind.senders} & {*OFFICIALS} <= able, name
    sending = {role for kind in kinds("*.yaml").values() for role in kind.senders}
    assert {*rights.who_may("records")} <= sending


def test_nobody_takes_back_what_they_may_not_send(here, door):
    """A withdrawal, and a correction, is held to what it takes back."""
    official = {"sender": REGISTER, "producer": None}
    for type_ in ("restriction.set", "plan.sent", "visit.planned"):
        assert refused(door, made(type_, type_), **official) == []
    for id_ in ("restriction.set", "plan.sent"):
        codes = refused(door, made("event.withdrawn", f"w-{id_}", replaces=id_), FEED)
        assert f"not_yours_to_send:{id_}:{'resident' if id_ == 'restriction.set' else 'adviser+case_manager'}" in codes
    assert refused(door, made("event.withdrawn", "w-visit", replaces="visit.planned"), FEED) == []


def test_a_producer_takes_back_nothing_of_anothers_unit(here, door):
    official = {"sender": REGISTER, "producer": None}
    assert refused(door, made("visit.planned", "theirs", unit="south"), **official) == []
    assert refused(door, made("event.withdrawn", "w", replaces="theirs"), FEED) == ["not_own_unit"]
    assert refused(door, made("visit.planned", "moved", replaces="theirs"), FEED) == ["not_own_unit"]


def test_the_same_door_judges_each_by_who_sends(here, door):
    """The connection keeps its tables from one batch to the next: who sends is not among them."""
    for number in range(2):
        assert refused(door, made("decision.made", f"d{number}"), REGISTER, None) == []
        for other, producer in ((FEED, A), (CONTROLLER, None)):
            codes = refused(door, made("decision.made", f"f{number}"), other, producer)
            assert codes == ["not_yours_to_send:decision.made:adviser+case_manager"]


def test_what_was_taken_in_before_is_no_fault_when_it_comes_again(here, door):
    assert refused(door, made("decision.made"), None, None) == []
    assert refused(door, made("decision.made"), FEED) == []
    assert here.rows("SELECT count(*) FROM event WHERE type = 'decision.made'") == [(1,)]


def test_what_a_producer_sends_opens_nobody_to_it(lived, may):
    """The right comes from what the organiser, or the resident, wrote of the client at the producer's unit, and ends where that is taken back."""
    producer = who(lived, "producer")
    visit = {"unit": "north", "client": 3, "due": "2026-05-04"}

    def say(type_, id_, sender, **columns):
        event = lived.event(type_, id=id_, **columns)
        done = lived.door.accept([event], now=lived.now, sender=sender, producer=sender.organisation)
        assert done.written == 1, done.refused

    assert may(producer, 3) is None
    for sender in (FEED, senders.account(producer), senders.mended(FEED.told(), senders.command("replay"))):  # fmt: skip
        say("visit.planned", f"v-{sender.kind}-{sender.mended_by}", sender, matter=f"v-{sender.kind}", **visit)
        assert may(producer, 3) is None
    say("event.withdrawn", "w1", senders.process("torni demo"), replaces_id="v-feed-None", unit="north", client=3)
    assert may(producer, 3) is None
    say("plan.sent", "p", senders.process("torni demo"), unit="north", client=3, matter="p", data={"item": {"service": "care"}})  # fmt: skip
    assert may(producer, 3) == "own client"
    say("event.withdrawn", "w2", senders.process("torni demo"), replaces_id="p")
    assert may(producer, 3) is None


def test_a_producers_right_ends_with_the_service(lived, may):
    """And comes back with a new beginning alone, not with what is told late of the one that ended."""
    producer, organiser = who(lived, "producer"), senders.process("torni demo")
    minute, door = count(1), Door(lived.connection, books_of(Days("keski-suomi")))

    def say(type_, sender=organiser, **columns):
        at = datetime(2026, 5, 4, 8, next(minute), tzinfo=UTC)
        told = {"unit": "north", "client": 3, "service": "home_care", "matter": f"m-{at.minute}", "at": at, **columns}
        event = lived.event(type_, **{k: v for k, v in told.items() if v is not None})
        done = door.accept([event], now=lived.now, sender=sender, producer=sender.organisation)
        assert done.written == 1, done.refused
        return event["id"]

    say("plan.sent", data={"item": {"service": "home_care"}})
    assert may(producer, 3) == "own client"
    ended = say("service.ended", FEED, matter=None)
    assert may(producer, 3) is None
    say("visit.made")
    assert may(producer, 3) is None, "a late record of what has ended"
    say("event.withdrawn", replaces_id=ended, unit=None, client=None, service=None, matter=None)
    assert may(producer, 3) == "own client", "it had not ended"
    say("service.ended", FEED, matter=None)
    say("plan.sent", data={"item": {"service": "home_care"}})
    assert may(producer, 3) == "own client", "begun anew"
    say("plan.recalled")
    assert may(producer, 3) is None


def test_a_producer_tells_of_those_who_were_sent_to_it(here, door):
    """Not of a stranger's client, nor of one sent to another's unit, nor on the strength of its own words."""
    visit = {"client": 3, "matter": "v3"}

    def sent(id_):
        return refused(door, made("visit.planned", id_, **visit), FEED)

    assert sent("v1") == ["not_sent_to_you"]
    assert refused(door, made("contact.made", "c3", client=3), FEED) == [], "whoever asks for care comes by oneself"
    assert refused(door, made("complaint.made", "k3", client=3), FEED) == []
    assert sent("v2") == ["not_sent_to_you"], "its own word opens nothing"
    assert refused(door, made("plan.sent", "p-other", client=3, unit="south"), REGISTER, None) == []
    assert sent("v3") == ["not_sent_to_you"]
    assert refused(door, made("plan.sent", "p-own", client=3), REGISTER, None) == []
    assert sent("v4") == []
    assert refused(door, made("event.withdrawn", "w", replaces="p-own"), REGISTER, None) == []
    assert sent("v5") == ["not_sent_to_you"]
    for other in (REGISTER, CONTROLLER.of_file("visits.csv")):
        assert refused(door, made("visit.planned", f"v-{other.kind}", **visit), other, None) == []


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("not_yours_to_send:home.summarised:", "home.summarised may be sent by the organiser's registers and programs: it is not yours to send"),
        ("not_yours_to_send:visit.made:producer", "visit.made may be sent by the organiser's registers and programs, the producer of the unit: it is not yours to send"),
        ("not_yours_to_send:need.reported:adviser+case_manager+resident",
         "need.reported may be sent by the organiser's registers and programs, adviser, case manager, the client: it is not yours to send"),
    ],
)  # fmt: skip
def test_the_refusal_names_the_type_and_who_may(code, told):
    with language.speaking("en"):
        assert reason(code) == told
