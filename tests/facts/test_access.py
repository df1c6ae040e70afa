"""Row-level security: every table tried as each of the cast, by the connection that the pages use, and by the door's and the gate's."""

from __future__ import annotations

import psycopg
import pytest

from tests.conftest import NOW
from tests.facts.conftest import DATA, ROLES, count, pages, who
from torni.facts import access, accounts, erasing, persons, rights, worklists
from torni.facts.access import Who

TABLES = tuple(name for name, table in rights.TABLES.items() if not table.view)
# What nobody and what everybody sees is written here once more: it is not to be widened by a word in the table.
OPEN = {"room", "unit", "consumer", "mark", "seal", "erasure", "uncounted"}  # nothing of a person, and no sum
NEVER = {
    "webhook",
    "webhook_ended",
    "delivery",
    "delivery_try",
    "delivery_word",
    "feed",
    "feed_ended",
    "account",
    "standing",
    "credential",
    "sign_in",
    "session",
    "known_browser",
    "reseal",
    "django_migrations",
}


@pytest.mark.parametrize("role", [None, *ROLES])
def test_every_table_as_each_of_the_cast(lived, role):
    """Without a reading nobody sees a client's row; sums are for staff, a producer sees its own, the rest nothing."""
    staff = role in rights.who_may("live_tower")
    whole = {t: lived.rows(f"SELECT count(*) FROM {t}")[0][0] for t in TABLES}
    with pages(lived, who(lived, role) if role else None) as connection:
        for table in TABLES:
            seen = count(connection, table)
            if table in NEVER:
                assert seen is None, table
            elif table in OPEN:
                assert seen == whole[table], table
            elif table in ("event", "client", "care", "permit", "owed", "reading"):
                assert seen == 0, table
            elif table in ("tally", "tally_now"):
                own = lived.rows(f"SELECT count(*) FROM {table} WHERE unit = 'north'")[0][0]
                assert 0 < own < whole[table]
                assert seen == (whole[table] if staff else own if role == "producer" else 0), table
            elif table == "quarantine":
                assert connection.execute("SELECT count(number) FROM quarantine").fetchone()[0] == (
                    1 if role in rights.who_may("records") else 0
                )
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute("SELECT raw FROM quarantine")
        rows = count(connection, "event", "shown")
        own = lived.rows("SELECT count(*) FROM event WHERE producer = 'A'")[0][0]
        assert rows == (whole["event"] if staff else own if role == "producer" else 0)
        assert count(connection, "owed", "shown") == (
            lived.rows("SELECT count(*) FROM owed")[0][0]
            if staff
            else lived.rows("SELECT count(*) FROM owed WHERE unit = 'north'")[0][0]
            if role == "producer"
            else 0
        )


@pytest.mark.parametrize("role", [None, *ROLES])
def test_a_partition_cannot_be_asked_past_its_table(lived, role):
    with (
        pages(lived, who(lived, role) if role else None) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("SELECT count(*) FROM event_0000")


@pytest.mark.parametrize("statement", [
    "INSERT INTO public.event (recorded_at, at, source, id, type) VALUES (now(), now(), 's', 'i', 't')", "UPDATE public.event SET quantity = 1", "DELETE FROM public.client",
    "INSERT INTO reading (client, shown, role, what, why) VALUES (1, 'x', 'adviser', 'events', 'because')", "DELETE FROM reading",
    "INSERT INTO standing (account, role, by_whom) VALUES (1, 'director', 'me')", "UPDATE credential SET password = NULL", "DELETE FROM quarantine",
    "UPDATE tally SET met = total", "TRUNCATE public.event", "DELETE FROM shown.event", "DELETE FROM shown.owed", "CREATE TABLE public.mine (a int)",
])  # fmt: skip
def test_the_pages_change_nothing(lived, statement):
    refused = (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState)
    with pages(lived, who(lived, "supervisor")) as connection, pytest.raises(refused):
        connection.execute(statement)


@pytest.mark.parametrize(("role", "of", "events"), [
    ("adviser", 1, 5), ("adviser", 2, None), ("case_manager", 1, 5), ("case_manager", 2, None), ("supervisor", 2, 3), ("controller", 1, 1),
    ("controller", 2, None), ("producer", 1, 2), ("producer", 2, None), ("resident", 1, 5), ("resident", 2, None), ("director", 1, None), ("service_owner", 1, None), ("outsider", 1, None), (None, 1, None),
])  # fmt: skip
def test_a_client_is_read_by_those_who_may_and_only_after_it_is_written_down(lived, role, of, events):
    with pages(lived, who(lived, role) if role else None) as connection:
        found = persons.read(connection, client=of, what="events", why="a test")
        assert (found and len(found.events)) == events
        assert count(connection, "event") == 0, "after the reading the rows are closed again"
    written = lived.rows("SELECT client, role, what, why FROM reading")
    assert written == ([] if events is None else [(of, role, "events", "a test")])


def test_a_client_is_found_by_the_position_of_an_event_and_nobody_else_comes_along(lived):
    (position,) = lived.rows("SELECT position FROM event WHERE client = 1 AND type = 'visit.planned'")[0]
    with pages(lived, who(lived, "supervisor")) as connection:
        found = persons.read(connection, event=position, what="events", why="a test")
        assert found.client == 1 and {e.type for e in found.events} == {
            "resident.registered",
            "visit.planned",
            "fee.charged",
            "need.reported",
            "case_manager.named",
        }
        planned = next(e for e in found.events if e.type == "visit.planned")
        assert [(f.promise, f.what, f.owed) for f in planned.effects] == [("care.made", "began", True)] and planned.owed
        assert persons.read(connection, event=10**9, what="events", why="a test") is None
        with pytest.raises(psycopg.errors.CheckViolation):
            persons.read(connection, client=1, what="events", why="x")


def test_a_resident_sees_who_has_read_and_why(lived):
    with pages(lived, who(lived, "adviser")) as connection:
        persons.read(connection, client=1, what="events", why="her services are arranged")
    with pages(lived, who(lived, "supervisor")) as connection:
        persons.read(connection, client=2, what="events", why="his services are arranged")
    with pages(lived, who(lived, "resident")) as connection:
        persons.read(connection, client=1, what="own", why="own data")
        assert [(shown, role, why) for _at, shown, role, _what, why, _emergency in persons.readings(connection, 1)] == [("adviser", "adviser", "her services are arranged")]  # fmt: skip
        assert persons.readings(connection, 2) == []


def test_opening_a_refused_row_is_a_reading(lived):
    for role, may in (
        ("supervisor", True),
        ("controller", True),
        ("producer", True),
        ("adviser", False),
        ("resident", False),
    ):
        with pages(lived, who(lived, role)) as connection:
            assert (persons.read_refused(connection, 1, why="it is mended") is not None) is may, role
    assert lived.rows("SELECT client, role, what FROM reading ORDER BY number") == [(1, r, "refused") for r in ("supervisor", "controller", "producer")]  # fmt: skip


def test_the_door_adds_and_cannot_change(lived):
    with access.connected(lived.url, "door") as connection:
        for statement in ("UPDATE event SET quantity = 1", "DELETE FROM event", "DELETE FROM client", "SELECT * FROM credential", "INSERT INTO tally VALUES ('p', now(), now(), '', '', 0, 0, 0)", "DELETE FROM quarantine"):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
        from torni.facts.door import Door

        done = Door(connection, lived.door.books).accept([lived.event("feedback.given", unit="north", quantity=4)])
        assert done.written == 1


def test_the_gate_knows_accounts_and_nothing_else(lived):
    with access.connected(lived.url, "gate") as connection:
        for table in ("event", "client", "owed", "tally", "quarantine", "reading", "feed"):
            assert count(connection, table) is None
        assert count(connection, "account") == len(ROLES)


def test_a_producers_feed_speaks_of_its_own_units(lived):
    from torni.facts import intake

    def sent(id_, **data):
        type_ = data.pop("type", "feedback.given")
        event = {"id": id_, "type": type_, "time": "2026-05-04T10:00:00+03:00", "data": {"service": "care", **data}}
        done = intake.receive(lived.door, [event], source="feed-a", producer="A")
        return list(done.refused[0][2]) if done.refused else []

    assert sent("1", unit="north", quantity=4) == []
    assert sent("2", unit="south", quantity=4) == ["not_own_unit"]
    assert sent("3", quantity=4)[-1] == "not_own_unit"
    assert "not_own_matter" in sent("4", type="visit.made", unit="north", client=2, matter=lived.rows("SELECT matter FROM owed WHERE unit = 'south' LIMIT 1")[0][0])  # fmt: skip
    assert "not_own_unit" in sent(
        "5", type="unit.opened", unit="south", name="s", kind="home_care", producer="A", municipality="172"
    )
    assert "not_own_unit" in sent(
        "6", type="unit.opened", unit="new", name="s", kind="home_care", producer="B", municipality="172"
    )
    assert sent("7", type="unit.opened", unit="new", name="s", kind="home_care", producer="A", municipality="172") == []


def test_moments_are_utc_whatever_the_server_says(lived):
    """A server's own settings change nothing of what is read."""
    from torni.facts import opening

    lived.connection.execute(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = %L', current_database(), 'Asia/Tokyo'); END $$"
    )
    with opening.connect(lived.url) as connection:
        assert connection.execute("SELECT at FROM event LIMIT 1").fetchone()[0].tzname() == "UTC"
    with opening.connect(lived.url, **access.options("door")) as connection:
        assert connection.execute("SELECT current_user, current_setting('timezone')").fetchone() == (
            "torni_door",
            "UTC",
        )


def test_a_table_of_ones_own_does_not_stand_for_the_owners(lived):
    """A temporary table of the same name must not catch what a function of the owner reads or writes."""
    with pages(lived, who(lived, "adviser")) as connection:
        connection.execute("CREATE TEMP TABLE reading (LIKE public.reading)")
        connection.execute("CREATE TEMP TABLE client (LIKE public.client)")
        assert persons.read(connection, client=1, what="events", why="a test") is not None
        assert connection.execute("SELECT count(*) FROM pg_temp.reading").fetchone() == (0,)
    assert lived.rows("SELECT client, role FROM reading") == [(1, "adviser")]


def test_every_function_of_the_owner_looks_in_its_own_tables_first(lived):
    loose = lived.rows("SELECT proname FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname = 'public' AND prosecdef AND proname NOT LIKE 'procrastinate%' AND NOT coalesce(proconfig, '{}') @> ARRAY['search_path=public, pg_temp']")  # fmt: skip
    assert loose == []


def test_opening_a_refused_row_of_nobody_is_a_reading_too(lived):
    from torni.facts import intake

    intake.receive(lived.door, ["not an event"], source="feed-a", producer="A", now=lived.now)
    (number,) = lived.rows("SELECT max(number) FROM quarantine")[0]
    with pages(lived, who(lived, "controller")) as connection:
        assert persons.read_refused(connection, number, why="it is mended") == "not an event"
        assert persons.read_refused(connection, 999, why="it is mended") is None
    assert lived.rows("SELECT client, what FROM reading") == [(None, "refused")]


def named(lived, client, manager):
    lived.send(lived.event("case_manager.named", client=client, data={"case_manager": manager}))


def test_the_right_ends_where_another_takes_the_client(lived):
    with pages(lived, who(lived, "case_manager")) as connection:
        assert persons.read(connection, client=1, what="case", why="") is not None
        named(lived, 1, "somebody-else")
        assert persons.read(connection, client=1, what="case", why="") is None
        named(lived, 2, who(lived, "case_manager").name)
        assert persons.read(connection, client=2, what="case", why="").client == 2
    assert lived.rows("SELECT client, why FROM reading") == [(1, "own client"), (2, "own client")]


@pytest.mark.parametrize("role", [None, *ROLES])
def test_in_an_emergency_an_official_opens_anybody_with_a_reason_and_it_is_told(lived, role):
    may = role in ("adviser", "case_manager")
    with pages(lived, who(lived, role) if role else None) as connection:
        short = persons.read(connection, client=3, what="events", why="help", emergency=True)
        found = persons.read(connection, client=3, what="events", why="found unconscious in the yard", emergency=True)
        assert (found is not None) is (may or role == "supervisor") and (short is not None) is (role == "supervisor")
    marked = lived.rows("SELECT role, emergency FROM reading WHERE client = 3")
    assert marked == ([(role, True)] if may else [("supervisor", False)] * 2 if role == "supervisor" else [])
    for asker in ROLES:
        with pages(lived, who(lived, asker)) as connection:
            told = connection.execute("SELECT role, why FROM emergencies()").fetchall()
            assert told == (
                [(role, "found unconscious in the yard")] if may and asker in ("supervisor", "director") else []
            )


@pytest.mark.parametrize("role", [None, *ROLES])
def test_a_worklist_is_ones_own_and_a_reading(lived, role):
    """The adviser sees what is to be assessed, the case manager what waits of own clients; nobody else anything."""
    lived.send(lived.event("visit.planned", client=1, unit="north", matter="v9", due="2026-05-01"), lived.event("visit.planned", client=2, unit="south", matter="v8", due="2026-05-01"))  # fmt: skip
    with pages(lived, who(lived, role) if role else None) as connection:
        asked = "SELECT promise, due::text FROM own_work(ARRAY['care.assessed'], ARRAY['care.made'], '2026-05-04', 50)"
        found = [connection.execute(asked).fetchall() for _ in range(2)][1]
        clients = [(name, str(born)) for _position, name, born, *_rest in worklists.clients(connection)]
    late = [("care.made", "2026-05-01"), ("care.assessed", "2026-05-11")]
    assert found == {"adviser": late[1:], "case_manager": late}.get(role, [])
    assert clients == ([(None, "1941-05-30")] if role == "case_manager" else [])
    readings = lived.rows("SELECT client, role, what FROM reading")
    assert readings == ([(1, role, "worklist")] if role in ("adviser", "case_manager") else [])


# Heads of units, those who act for another, consent and restrictions: each tried by the wrong people too.


def resident(lived, client):
    number = accounts.new(lived.connection, f"r-{client}", shown=f"r{client}", role="resident", client=client, by="test", invented=True)  # fmt: skip
    return Who(number, f"r-{client}", f"r{client}", "resident", client=client)


def test_a_head_of_a_unit_sees_that_unit_alone(lived):
    lived.send(lived.event("unit.opened", unit="east", data={"name": "east", "kind": "home_care", "producer": "A", "municipality": "172"}))  # fmt: skip
    lived.send(lived.event("visit.planned", client=3, unit="east", matter="v3", due="2026-05-04"), lived.event("feedback.given", unit="east", quantity=1))  # fmt: skip
    lived.send(*(lived.event("plan.sent", client=c, unit=u, matter=f"p{c}", data={"item": {"service": "care"}}) for c, u in ((1, "north"), (3, "east"))))  # fmt: skip
    from torni.facts.fold import fold
    from torni.producers.inbox import inbox

    fold(lived.connection)
    accounts.new(
        lived.connection, "head", shown="h", role="producer", producer="A", unit="east", by="test", invented=True
    )
    head = next(w for w in accounts.cast(lived.connection) if w.name == "head")
    assert head.unit == "east"
    with pages(lived, head) as connection:
        assert persons.read(connection, client=1, what="events", why="") is None
        assert {e.unit for e in persons.read(connection, client=3, what="events", why="").events} == {"east"}
        assert {u for (u,) in connection.execute("SELECT DISTINCT unit FROM tally_now")} == {"east"}
        assert {u for (u,) in connection.execute("SELECT DISTINCT unit FROM event")} == {"east"}
        assert [s.unit for s in inbox(connection, ["care.confirmed"])] == ["east"]
        assert connection.execute("SELECT count(number) FROM quarantine").fetchone() == (0,)
        assert persons.read_refused(connection, 1, why="it is mended") is None
    with pages(lived, who(lived, "producer")) as connection:
        assert persons.read(connection, client=1, what="events", why="") is not None
        assert {s.unit for s in inbox(connection, ["care.confirmed"])} == {"north", "east"}
    from torni.core.faults import BadInput

    for unit in ("south", "nowhere"):
        with pytest.raises(BadInput):
            accounts.new(lived.connection, "other", shown="h", role="producer", producer="A", unit=unit, by="test")
    with pytest.raises(psycopg.errors.CheckViolation):
        lived.connection.execute(
            "INSERT INTO standing (account, role, unit, by_whom) VALUES (1, 'director', 'east', 'x')"
        )


def test_a_guardian_acts_for_a_minor_who_has_not_forbidden_it(lived, told, may):
    """Client 3 is eleven, client 1 an adult."""
    two = resident(lived, 2)
    assert may(two, 3) is None
    told("representative.named", 3, holder="2", kind="guardian")
    told("representative.named", 1, holder="2", kind="guardian")
    assert may(two, 3) == "guardian" and may(two, 1) is None, "nobody is an adult's guardian by that word alone"
    assert may(resident(lived, 9), 3) is None
    told("restriction.set", 3, against="guardians")
    assert may(two, 3) is None
    told("restriction.lifted", 3, against="guardians")
    assert may(two, 3) == "guardian"
    told("representative.ended", 3, holder="2", kind="guardian")
    assert may(two, 3) is None


def test_a_proxy_acts_while_the_authorisation_lasts(lived, told, may):
    two = resident(lived, 2)
    told("representative.named", 1, holder="2", kind="proxy", until="2100-01-01")
    assert may(two, 1) == "proxy"
    with pages(lived, two) as connection:
        ((position, _name, kind),) = worklists.represented(connection)
        assert kind == "proxy" and persons.read(connection, event=position, what="own", why="").client == 1
    with pages(lived, who(lived, "resident")) as connection:
        persons.read(connection, client=1, what="own", why="")
        told_of = {(shown, why) for _at, shown, _role, _what, why, _e in persons.readings(connection, 1)}
        assert told_of == {("r2", "proxy")}, "the client sees that another has looked, and as what"
        assert worklists.represented(connection) == []
    told("representative.named", 1, holder="2", kind="proxy", until="2026-05-03")
    assert may(two, 1) is None, "its last day is past"


def test_consent_lets_advisers_see_without_a_need(lived, told, may):
    adviser = who(lived, "adviser")
    assert may(adviser, 2) is None
    told("consent.given", 2, until="2100-01-01")
    assert may(adviser, 2) == "consent"
    for role in ("case_manager", "producer", "controller", "director", "outsider"):
        assert may(who(lived, role), 2) is None, role
    told("consent.withdrawn", 2)
    assert may(adviser, 2) is None


def test_a_restriction_closes_a_producer_out_and_a_machine_with_it(lived, told, may):
    producer = who(lived, "producer")
    machine = Who(0, "feed-a", "feed-a", "producer", producer="A", machine=True)
    assert may(producer, 1) == "own client" and may(machine, 1) == "own client"
    told("restriction.set", 1, against="A")
    assert may(producer, 1) is None and may(machine, 1) is None
    assert may(who(lived, "case_manager"), 1) == "own client" and may(who(lived, "resident"), 1) == "own data"
    told("restriction.lifted", 1, against="A")
    assert may(producer, 1) == "own client"


def test_an_inbox_tells_which_plans_may_still_be_opened(lived, told):
    """Each is opened one by one; where the client has forbidden it, or the service has ended, it is listed and not opened."""
    from torni.producers.inbox import inbox

    producer, plan = who(lived, "producer"), {"unit": "north", "data": {"item": {"service": "care"}}}
    lived.send(*(lived.event("plan.sent", client=c, matter=f"p{c}", **plan) for c in (1, 3)))

    def opens():
        with pages(lived, producer) as connection:
            shown = inbox(connection, ["care.confirmed"])
            may = {s.position: persons.read(connection, event=s.position, what="plan", why="") is not None for s in shown}  # fmt: skip
            assert {s.position: s.opens for s in shown} == may
        return [s.opens for s in shown]

    assert opens() == [True, True]
    told("restriction.set", 3, against="A")
    assert opens() == [False, True]


def test_a_word_taken_back_holds_no_longer(lived, told, may):
    adviser = who(lived, "adviser")
    lived.send({**lived.event("consent.given", id="c", client=2), "service": None})
    assert may(adviser, 2) == "consent"
    lived.send({**lived.event("event.withdrawn", id="w"), "replaces_id": "c"})
    assert may(adviser, 2) is None


@pytest.mark.parametrize(("type_", "data", "reason"), [("representative.named", {}, "needs_holder"), ("representative.named", {"holder": "x", "kind": "proxy"}, "needs_holder"), ("representative.named", {"holder": "2", "kind": "friend"}, "needs_holder"), ("representative.named", {"holder": "987654", "kind": "proxy"}, "unknown_holder"), ("restriction.set", {}, "needs_against")])  # fmt: skip
def test_an_unclear_word_is_refused(lived, type_, data, reason):
    done = lived.send({**lived.event(type_, client=1, data=data), "service": None})
    assert [r for reasons in done.refused.values() for r in reasons] == [reason]


def test_a_permit_is_erased_with_its_client_and_with_its_holder(lived, told):
    from torni.facts.verify import verify

    told("representative.named", 1, holder="2", kind="proxy")
    told("consent.given", 2)
    assert not any(c.wrong for c in verify(lived.connection))
    erasing.erase(lived.connection, 2, data=DATA, by="test", why="a test")
    assert lived.rows("SELECT count(*) FROM permit") == [(0,)]
    assert lived.rows("SELECT data FROM event WHERE type = 'representative.named'") == [({"kind": "proxy"},)]
    again = lived.rows("SELECT id, at FROM event WHERE type = 'representative.named'")[0]
    sent = {
        **lived.event(
            "representative.named", id=again[0], at=again[1], client=1, data={"holder": "2", "kind": "proxy"}
        ),
        "service": None,
    }
    assert "same_id_other_content" not in lived.send(sent).refused.get(0, ())
    assert not any(c.wrong for c in verify(lived.connection))


def test_no_home_of_a_client_whose_address_is_protected_now_is_told_to_anybody_who_works_there(lived):
    """The days before the protection tell where the client lives as well as those after; and a day is told once, as it holds."""
    lived.later(days=2)
    lived.send(lived.event("resident.registered", client=1, data={"protected": True}))
    lived.send(lived.event("resident.registered", client=1, data={"name": "Aino"}))
    homes = {}
    for role in ("producer", "case_manager"):
        with pages(lived, who(lived, role)) as connection:
            found = persons.read(connection, client=1, what="person", why="")
            homes[role] = [(municipality, protected, name) for _day, municipality, _born, protected, name in found.rows]
    assert homes["producer"] == homes["case_manager"] == [("", True, "Aino"), ("", False, None)]
    own = persons.as_owner(lived.connection, 1, visits_since=NOW)
    assert [(municipality, protected) for _day, municipality, _born, protected, _name in own.rows] == [
        ("931", True),
        ("931", False),
    ]
