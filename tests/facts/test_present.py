"""The present of the database: whatever stood there before, it ends the same; and each table, column, function and view of its own
catalogue has a rule in the table of rights, which each role of the table then keeps."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.facts.catalogue import catalogue
from tests.facts.conftest import count, pages
from torni.core.language import Message
from torni.facts import access, accounts, opening, persons, present, rights
from torni.facts.access import Who
from torni.facts.rights import ALL, EVERYBODY, NOBODY, OWN_PRODUCER, OWN_UNITS, Role
from torni.facts.role_names import role_name

SQL = present._written()


@pytest.fixture
def empty(database_server):
    """An empty database of its own."""
    name = "of_the_present"
    with psycopg.connect(database_server.url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    return make_conninfo(database_server.url, dbname=name)


def migrate(url: str, upto: str) -> None:
    """The tables as a Torni of before had them: its migrations, up to that one."""
    environment = {**os.environ, "TORNI_DATABASE": url, "DJANGO_SETTINGS_MODULE": "torni.web.settings"}
    subprocess.run([sys.executable, "-m", "django", "migrate", "facts", upto, "--no-input", "-v", "0"], env=environment, check=True)  # fmt: skip


@pytest.mark.parametrize("upto", ["0004_access", "0008_arranged"])
def test_a_room_of_before_and_a_new_one_end_alike(empty, new_room, upto):
    migrate(empty, upto)
    opening.prepare(empty)
    assert catalogue(empty) == catalogue(new_room())


def test_whatever_an_earlier_present_left_is_gone(new_room):
    """A function of another shape, one that is no more, a policy, a right given to a table, a column and to everybody, a view."""
    url, fresh = new_room(), catalogue(new_room())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            """
            CREATE FUNCTION of_before(x int) RETURNS int LANGUAGE sql AS 'SELECT x';
            COMMENT ON FUNCTION of_before(int) IS 'torni: present';
            DROP FUNCTION emergencies(); CREATE FUNCTION emergencies(x int) RETURNS int LANGUAGE sql AS 'SELECT x';
            CREATE VIEW of_before AS SELECT 1 AS one; COMMENT ON VIEW of_before IS 'torni: present';
            CREATE VIEW shown.person AS SELECT * FROM public.client; GRANT SELECT ON shown.person TO torni_pages;
            CREATE POLICY loose ON event FOR SELECT TO torni_pages USING (true);
            GRANT UPDATE ON event TO torni_door; GRANT SELECT (raw) ON quarantine TO torni_pages; GRANT SELECT ON feed TO torni_pages;
            ALTER TABLE reading DISABLE ROW LEVEL SECURITY; DROP TRIGGER only_added ON seal;
            ALTER TABLE standing DROP CONSTRAINT standing_role_check;
            COMMENT ON SCHEMA shown IS 'of another Torni';
            """
        )
        connection.execute("CREATE FUNCTION of_the_administrator() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        assert present.apply(connection)
        connection.execute("DROP FUNCTION of_the_administrator()")  # another's, so it was left alone
        assert not present.apply(connection), "nothing is done where nothing has changed"
    assert catalogue(url) == fresh


def test_a_migration_may_change_a_column_that_the_present_stands_on(new_room):
    url = new_room()
    with psycopg.connect(url, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.DependentObjectsStillExist), connection.transaction():
            connection.execute("ALTER TABLE event DROP COLUMN producer")
        with connection.transaction(force_rollback=True):
            connection.execute(present.TAKEN_DOWN)
            connection.execute("ALTER TABLE event DROP COLUMN producer")
        assert not present.apply(connection), "a migration that fails has taken nothing down"
        with connection.transaction():
            connection.execute(present.TAKEN_DOWN)
            connection.execute("ALTER TABLE consumer ALTER COLUMN name TYPE varchar")
        with psycopg.connect(url, autocommit=True, **access.options("pages")) as closed:
            for table in ("event", "tally", "client", "room"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    closed.execute(f"SELECT * FROM public.{table}")
        assert present.apply(connection)


# Every table, column, function and view: from the database's own catalogue.


def test_every_table_and_function_has_a_rule(new_room):
    with psycopg.connect(new_room()) as connection:
        found = connection.execute(
            "SELECT CASE nspname WHEN 'public' THEN '' ELSE nspname || '.' END || relname, relkind = 'v' FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
            "WHERE nspname IN ('public', 'shown') AND relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT relispartition AND relname NOT LIKE 'procrastinate%'"
        ).fetchall()
        functions = connection.execute(
            "SELECT DISTINCT proname FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname IN ('public', 'shown') AND proname NOT LIKE 'procrastinate%'"
        ).fetchall()
    for what, names, known, line in (
        ("table or view", {n for n, _ in found}, rights.TABLES, 'Table(NOBODY), or Table("the action that shows its rows", {ALL: "true"})'),
        ("function", {n for (n,) in functions}, rights.FUNCTIONS, "OWNER, or who may call it"),
    ):  # fmt: skip
        for name in sorted(names - {*known}):
            pytest.fail(f'the {what} {name} has no rule: write "{name}": {line} in torni/facts/rights.py')
        assert {*known} == names, f"a rule of no {what}"
    assert {n for n, view in found if view} == {n for n, table in rights.TABLES.items() if table.view}


@pytest.mark.parametrize("login", rights.LOGINS)
def test_nothing_is_granted_but_what_the_table_says(new_room, login):
    """Each table and each of its columns, each sequence, each function, tried as the database itself answers."""
    of_tables = {"door": lambda t: t.door, "gate": lambda t: t.gate, "pages": lambda t: "" if t.seen == NOBODY else "SELECT"}  # fmt: skip
    role = f"torni_{login}"
    with psycopg.connect(new_room()) as owner:
        for name, table in rights.TABLES.items():
            granted = of_tables[login](table) if login in of_tables else rights.PROCESSES[login].get(name, "")
            said = {p.strip() for p in granted.split(",") if p}
            for privilege in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"):
                may = owner.execute("SELECT has_table_privilege(%s, %s, %s)", [role, name, privilege]).fetchone()
                some = bool(table.columns) and login == "pages"
                assert may == (privilege in said and not some,), (name, privilege)
            for (column,) in owner.execute("SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped", [name]).fetchall():  # fmt: skip
                may = owner.execute("SELECT has_column_privilege(%s, %s, %s, 'SELECT')", [role, name, column]).fetchone()  # fmt: skip
                all_of_it = login != "pages" or not table.columns or column in table.columns
                assert may == ("SELECT" in said and all_of_it,), (name, column)
                for privilege in ("INSERT", "UPDATE", "REFERENCES"):
                    may = owner.execute("SELECT has_column_privilege(%s, %s, %s, %s)", [role, name, column, privilege]).fetchone()  # fmt: skip
                    assert may == (privilege in said,), (name, column, privilege)
        for oid, name in owner.execute("SELECT oid, proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname NOT LIKE 'procrastinate%'").fetchall():  # fmt: skip
            may = owner.execute("SELECT has_function_privilege(%s, %s::oid, 'EXECUTE')", [role, oid]).fetchone()
            assert may == (rights.FUNCTIONS[name] == login or name in rights.CALLS.get(login, ()),), name
        for (name,) in owner.execute("SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace AND relname NOT LIKE 'procrastinate%'").fetchall():  # fmt: skip
            may = owner.execute("SELECT has_sequence_privilege(%s, %s, 'USAGE')", [role, name]).fetchone()
            assert may == (login in rights.SEQUENCES.get(name, ()),), name
        for (name,) in owner.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname LIKE 'procrastinate%'").fetchall():  # fmt: skip
            may = owner.execute("SELECT has_table_privilege(%s, %s, 'SELECT')", [role, name]).fetchone()
            assert may == (login in rights.QUEUES,), name


def test_every_role_sees_the_rows_that_the_table_says_and_no_others(lived):
    """No reading has been written: of a client's own tables nobody sees anything, of the others what the action's condition gives."""
    for role in (None, *rights.ROLES):
        person = next((w for w in accounts.cast(lived.connection) if w.role == role), None)
        with pages(lived, person) as connection:
            for name, table in rights.TABLES.items():
                schema, _, plain = name.rpartition(".")
                seen = count(connection, plain, schema or "public") if not table.columns else len(connection.execute(f"SELECT number FROM {name}").fetchall())  # fmt: skip
                whole = lived.rows(f"SELECT count(*) FROM public.{plain}")[0][0] if plain != "job" else 0
                held = person.how(table.seen) if person and table.seen in rights.ACTIONS else None
                if table.seen == NOBODY:
                    assert seen is None, (role, name)
                elif table.seen == EVERYBODY:
                    assert seen == whole, (role, name)
                elif held is None or table.among != "true" or table.seen == "readings":
                    assert seen == 0, (role, name)
                elif held == ALL:
                    assert seen == whole, (role, name)
                elif held == OWN_UNITS:
                    assert 0 < seen < whole, (role, name)
                elif held == OWN_PRODUCER:
                    assert seen <= whole, (role, name)
                else:
                    pytest.fail(f"{role} sees {name} on the condition {held!r}: say here what that shows")


def test_the_database_and_the_pages_answer_alike(lived):
    """Every role, and the head of a unit, by every action; and what hangs on it: jobs, messages, and whose they are."""
    accounts.new(lived.connection, "head", shown="h", role="producer", producer="A", unit="north", by="test", invented=True)  # fmt: skip
    (position,) = lived.rows("SELECT max(position) FROM event")[0]
    for producer in "AB":
        (number,) = lived.connection.execute("INSERT INTO webhook (producer, url, secret, since) VALUES (%s, 'https://x.example', 's', 0) RETURNING webhook", [producer]).fetchone()  # fmt: skip
        lived.connection.execute("INSERT INTO delivery (webhook, position, line, state) VALUES (%s, %s, 1, 'dead')", [number, position])  # fmt: skip
    hooks = lived.rows("SELECT webhook, producer FROM webhook ORDER BY 1")
    whose = {ALL: {"A", "B"}, OWN_PRODUCER: {"A"}, None: set()}
    for person in (None, *accounts.cast(lived.connection)):
        with pages(lived, person) as connection:
            for action in rights.ACTIONS:
                told = connection.execute("SELECT how(%s)", [action]).fetchone()[0]
                assert told == (person and person.how(action)), (person, action)

            def held(action, person=person):
                return person and person.how(action)

            seen = connection.execute("SELECT producer FROM webhooks_shown()").fetchall()
            assert {p for (p,) in seen} == whose[held("deliveries")], person
            assert {d for (d,) in connection.execute("SELECT producer FROM deliveries(9, NULL, NULL)")} == whose[held("deliveries")]  # fmt: skip
            for number, producer in hooks:
                one = connection.execute("SELECT count(*) FROM deliveries(9, %s, %s)", [number, position]).fetchone()
                assert one == (int(producer in whose[held("deliveries")]),), person
                with connection.transaction(force_rollback=True):
                    sent = connection.execute("SELECT redeliver(%s, %s, 'again')", [number, position]).fetchone()
                assert sent == (producer in whose[held("send_again")],), person
            if held("ask_job") is None:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute("SELECT ask_job('verify')")


# A role is one entry.


@pytest.fixture
def auditor(monkeypatch):
    """A role that nothing else knows of."""
    role = Role("auditor", Message("auditor"), Message("Sums, and any client."), {"live_rows": ALL, "read_client": ALL, "client_register": ALL})  # fmt: skip
    monkeypatch.setitem(rights.ROLES, "auditor", role)
    return role


def test_a_new_role_is_one_entry(lived, auditor):
    with pytest.raises(psycopg.errors.CheckViolation):
        accounts.new(lived.connection, "aada", shown="Aada", role="auditor", by="test")
    assert present.apply(lived.connection), "the table of rights has changed, so the present is made anew"
    number = accounts.new(lived.connection, "aada", shown="Aada", role="auditor", by="test")
    aada = Who(number, "aada", "Aada", "auditor")
    assert aada.may("live_rows") and not aada.may("live_tower")
    with pages(lived, aada) as connection:
        whole = lived.rows("SELECT count(*) FROM event")[0][0]
        assert count(connection, "event", "shown") == whole and count(connection, "tally") > 0
        assert count(connection, "verified") == 0 and count(connection, "event") == 0
        found = persons.read(connection, client=1, what="events", why="a test")
        assert found is not None and found.rows and not found.events, "the register, not the events"
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT ask_job('verify')")
    assert lived.rows("SELECT shown, role, what, why FROM reading") == [("Aada", "auditor", "events", "a test")]
    with pages(lived, next(w for w in accounts.cast(lived.connection) if w.role == "supervisor")) as connection:
        assert persons.read(connection, client=1, what="events", why="a test").events, (
            "and the others' are as they were"
        )


def test_a_role_that_has_ended_may_nothing_and_its_past_is_told(lived, monkeypatch):
    """The account's rows stay as they were, and so do its readings; nobody else can come to stand in it."""
    adviser = next(w for w in accounts.cast(lived.connection) if w.role == "adviser")
    with pages(lived, adviser) as connection:
        assert persons.read(connection, client=1, what="events", why="a test") is not None
    monkeypatch.delitem(rights.ROLES, "adviser")
    assert present.apply(lived.connection)
    with pages(lived, adviser) as connection:
        assert persons.read(connection, client=1, what="events", why="a test") is None
        assert count(connection, "tally") == 0 and not adviser.may("live_rows")
    with pages(lived, next(w for w in accounts.cast(lived.connection) if w.role == "resident")) as connection:
        persons.read(connection, client=1, what="own", why="")
        assert [role_name(role) for _at, _shown, role, *_ in persons.readings(connection, 1)] == ["adviser"]
    with pytest.raises(psycopg.errors.CheckViolation):
        accounts.new(lived.connection, "aada", shown="Aada", role="adviser", by="test")


def test_a_role_with_what_nobody_knows_is_refused():
    for may in ({"fly": ALL}, {"live_rows": "on mondays"}):
        with pytest.raises(ValueError, match="is not known"):
            Role("x", Message("x"), Message("x"), may)
    with pytest.raises(ValueError, match="is not an action"):
        rights.how("director", "fly")


# What the database's text asks of the table.


def test_the_text_names_actions_and_conditions_that_there_are():
    asked = [
        *re.findall(r"\bhow\('(\w+)'\)", SQL),
        *re.findall(r"\bof_producer\('(\w+)'", SQL),
        *(t.seen for t in rights.TABLES.values()),
    ]
    assert {*asked} <= {*rights.ACTIONS, EVERYBODY, NOBODY}
    for condition in re.findall(r"how\('\w+'\) (?:=|IS DISTINCT FROM) '([^']+)'", SQL):
        assert condition in rights.CONDITIONS, condition


def test_every_condition_that_a_role_has_is_answered_where_it_is_asked():
    """A condition that the text does not know denies: safe, and surely not meant."""
    for role in rights.ROLES.values():
        for action, held in role.may.items():
            for name, table in rights.TABLES.items():
                if table.seen == action and table.rows:
                    assert held in table.rows, (
                        f'{role.id} may {action} "{held}": say in TABLES which rows of {name} those are'
                    )
            if action in ("read_client", "worklist", "emergencies", "inbox"):
                body = SQL[SQL.index(f"how('{action}')") :][:2500]
                assert f"'{held}'" in body, (
                    f'{role.id} may {action} "{held}": write its line in torni/facts/present.sql'
                )
            if action in ("deliveries", "send_again", "records"):
                assert held in (ALL, OWN_PRODUCER), f"{role.id} may {action}: of_producer() knows not {held!r}"
            if action == "live_rows":
                assert held in (ALL, OWN_UNITS), f"{role.id} may {action}: the views of `shown` know not {held!r}"


def test_migrations_hold_tables():
    """What stood in the first eleven is history; what follows leaves functions, views and rights to the present."""
    for path in sorted(present._TEXT.parent.glob("migrations/[0-9]*.sql")):
        if path.stem > "0011_watched":
            text = path.read_text(encoding="utf-8")
            told = re.search(
                r"(?i)\b(CREATE (OR REPLACE )?(FUNCTION|AGGREGATE|VIEW|POLICY|TRIGGER)|GRANT|REVOKE)\b", text
            )
            assert not told, f"{path.name}: {told and told.group()} belongs in torni/facts/present.sql or rights.py"
