"""Each part of the server signs in to the database as itself: it cannot be more, and what it has to do it can."""

from __future__ import annotations

import psycopg
import pytest

from tests.facts.test_effects import WIDE
from torni.core.faults import BadInput
from torni.facts import access, checkpoint, opening, rights
from torni.facts.fold import fold, level
from torni.facts.meaning import made_anew, meanings
from torni.facts.postgres import OWNER
from torni.facts.recording import see
from torni.facts.sealing import seal


@pytest.mark.parametrize("login", rights.LOGINS)
def test_no_part_of_the_server_can_be_more_than_it_is(new_room, login):
    """Signed in as itself: neither the owner nor another part, no file of the server, no way past what holds facts in place."""
    with access.connected(new_room(), login) as connection:
        row = connection.execute("SELECT session_user::text, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls FROM pg_roles WHERE rolname = session_user").fetchone()  # fmt: skip
        assert row == (f"torni_{login}", False, False, False, False)
        assert connection.execute("SELECT count(*) FROM pg_class WHERE relowner = session_user::regrole").fetchone() == (0,)  # fmt: skip
        others = [f"torni_{other}" for other in rights.LOGINS if other != login]
        for statement in (
            *(f"SET ROLE {role}" for role in (OWNER, *others)), f"SET SESSION AUTHORIZATION {OWNER}", "SELECT pg_read_file('PG_VERSION')",
            "COPY public.event TO '/tmp/all'", "COPY (SELECT 1) TO PROGRAM 'true'", "SET session_replication_role = replica", "ALTER TABLE public.event DISABLE TRIGGER ALL",
            "CREATE TABLE public.mine (a int)", "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'", "TRUNCATE public.event", "UPDATE public.event SET cents = 1", "DELETE FROM public.seal",
            "DROP TABLE public.seal", "ALTER ROLE torni_pages SUPERUSER", "CREATE DATABASE mine", "SELECT lo_import('/etc/passwd')",
        ):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
        connection.execute("RESET ROLE")
        assert connection.execute("SELECT current_user::text").fetchone() == (f"torni_{login}",)


def test_the_worker_folds_seals_and_signs(here, monkeypatch, tmp_path):
    monkeypatch.setenv("TORNI_CHECKPOINT_KEY", str(tmp_path / "key"))
    here.send(here.event("visit.planned", client=1, unit="north", matter="v1", due="2026-05-04"))
    here.later(days=2)
    here.send(here.event("feedback.given", unit="north", quantity=5))
    with access.connected(here.url, "worker") as connection:
        connection.execute("LISTEN torni_written")
        assert fold(connection) is not None
        level(connection)
        see(connection)
        assert seal(connection) == 1
        checkpoint.keep(connection)
    assert here.rows("SELECT count(*) > 0 FROM tally_now") == [(True,)]
    assert here.rows("SELECT (SELECT count(*) FROM seal), (SELECT count(*) FROM checkpoint)") == [(1, 1)]


def test_a_changed_promise_is_made_of_the_whole_past_by_the_jobs(here):
    here.send(here.event("visit.planned", client=1, unit="north", matter="v1", due="2026-05-04"))
    with access.connected(here.url, "jobs") as connection:
        made = made_anew(connection, lambda day: WIDE, meanings({here.now.date(): WIDE}))
    assert made.added > 0


@pytest.mark.parametrize("job", ["measure", "verify_room", "watch", "mean"])
def test_each_job_does_its_work(invented_year, monkeypatch, job):
    from torni.tower import jobs

    monkeypatch.setenv("TORNI_DATABASE", invented_year)
    with psycopg.connect(invented_year, autocommit=True) as owner:
        before = owner.execute("SELECT (SELECT count(*) FROM measured), (SELECT count(*) FROM verified)").fetchone()
        getattr(jobs, job)()
        after = owner.execute("SELECT (SELECT count(*) FROM measured), (SELECT count(*) FROM verified)").fetchone()
    assert (after[0] - before[0], after[1] - before[1]) == (job == "measure", job == "verify_room")


def test_figures_are_told_of_every_room(here):
    from torni.web.metrics import Room

    found = {one.name: one.samples for one in Room(here.url).collect()}
    assert found["torni_room_up"][0].value == 1 and found["torni_log_position"][0].value > 0 and len(found) > 5


def test_on_a_server_of_ones_own_each_part_is_told_its_own_login_alone(monkeypatch):
    owner = "postgresql://torni:owners@db.example/torni"
    monkeypatch.setenv("DATABASE_URL", owner)
    assert access.login(owner, "worker") == owner, "where nothing is said the owner takes the role on"
    assert access.environment(owner, "worker")["TORNI_DATABASE"] == owner
    for role in rights.LOGINS:
        monkeypatch.setenv(f"DATABASE_URL_{role.upper()}", f"postgresql://torni_{role}:own@db.example/torni")
    for logins in (("worker",), ("jobs", "verifier"), ("door", "pages", "gate"), ("courier",)):
        told = access.environment(owner, *logins)
        assert owner not in told.values()
        known = {value for name, value in told.items() if name.startswith("DATABASE_URL")}
        assert known == {f"postgresql://torni_{role}:own@db.example/torni" for role in logins}
        assert told["TORNI_DATABASE"] in known and told["TORNI_PART"] == logins[0]


def test_whoever_may_not_make_the_roles_is_told_all_of_them_at_once(here):
    with psycopg.connect(here.url, autocommit=True) as connection:
        connection.execute("DO $$ BEGIN CREATE ROLE torni_nobody LOGIN; EXCEPTION WHEN duplicate_object THEN END $$")
        connection.execute("SET ROLE torni_nobody")
        with pytest.raises(BadInput) as told:
            opening.make_roles(connection)
    for role in rights.LOGINS:
        assert f"CREATE ROLE torni_{role} NOLOGIN;" in str(told.value)
    assert "GRANT torni_courier, torni_door, torni_gate, torni_jobs, torni_metrics, torni_pages, torni_verifier, torni_worker TO" in str(told.value)  # fmt: skip
