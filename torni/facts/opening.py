"""Opening the record room: its tables made or brought up to date, and the region it belongs to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from torni.core.faults import bad_input
from torni.core.language import Message, t
from torni.core.progress import working
from torni.facts import present, rights
from torni.facts.postgres import OWNER

_MIGRATIONS = Path(__file__).parent / "migrations"
Connection = psycopg.Connection[tuple[Any, ...]]
PATIENCE = "60s"  # how long a new present waits for those who read and write
SESSION = "-c timezone=UTC"  # moments come as UTC whatever the server's own settings are


@contextmanager
def connect(url: str, **options: Any) -> Iterator[Connection]:
    """A connection that ends with the block. A server that does not answer is a fault that names it without its password."""
    options["options"] = f"{options.get('options', '')} {SESSION}"
    try:
        connection = psycopg.connect(url, connect_timeout=10, **options)
    except psycopg.OperationalError as error:
        known = conninfo_to_dict(url)
        where = f"PostgreSQL, {known.get('host', '')}/{known.get('dbname', '')}"
        raise bad_input(where, t("does not answer"), t("Is the server running, and may this user connect?")) from error
    with connection:
        yield connection


def migrations() -> list[str]:
    """The names of the steps by which the tables are made, in their order."""
    return sorted(p.stem for p in _MIGRATIONS.glob("[0-9]*.py"))


def prepare(url: str) -> None:
    """Make the tables, or bring them up to date: Django's own migrations, run only when something is missing. Then the functions,
    views and rights, made anew only when they have changed."""
    _migrate(url)
    try:
        with connect(url) as connection:
            connection.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
            present.apply(connection)
    except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
        raise bad_input(
            t("the record room"),
            t("is in use by another program, and has to be brought up to date"),
            t("Nothing was changed. Stop the server that uses it, and begin again."),
        ) from error


def _migrate(url: str) -> None:
    ours = {*migrations()}
    with connect(url) as connection:
        done = connection.execute("SELECT to_regclass('django_migrations') IS NOT NULL").fetchone()
        if done and done[0]:
            found = {name for (name,) in connection.execute("SELECT name FROM django_migrations WHERE app = 'facts'")}
            if found - ours:  # another clone's, later than this one
                raise bad_input(
                    t("the record room"),
                    t(
                        "was brought up to date by a newer Torni ({name}), and this one does not know how to use it",
                        name=max(found),
                    ),
                    t(
                        "Use that Torni, or choose another folder with TORNI_DATA, or another database with DATABASE_URL."
                    ),
                )
            if found == ours:
                return
    with connect(url, autocommit=True) as connection:
        make_roles(connection)
    with working(Message("The record room is brought up to date")):
        ran = subprocess.run(
            [sys.executable, "-m", "django", "migrate", "--no-input", "-v", "0"], capture_output=True, text=True, check=False,
            env={**os.environ, "TORNI_DATABASE": url, "DJANGO_SETTINGS_MODULE": "torni.web.settings"},
        )  # fmt: skip
    if ran.returncode:
        said = ran.stderr.strip().splitlines()
        raise bad_input(
            "PostgreSQL",
            t("failed") + (f": {said[-1]}" if said else ""),
            t("May this user create tables in this database?"),
        )


def make_roles(connection: Connection) -> None:
    """The database roles of the server's parts, which the rights are given to; they belong to the server, not to one database."""
    row = connection.execute("SELECT current_user = %s", [OWNER]).fetchone()
    embedded = row == (True,)  # who may be whom is told there by who owns the folder
    roles = [f"torni_{login}" for login in rights.LOGINS]
    held = "SELECT rolname FROM pg_roles WHERE rolname = ANY (%s) AND pg_has_role(oid, 'MEMBER') AND (rolcanlogin OR NOT %s)"
    missing = sorted({*roles} - {name for (name,) in connection.execute(held, [roles, embedded])})
    if not missing:
        return
    try:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(hashtext('torni roles'))")
            known = {
                name for (name,) in connection.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY (%s)", [roles])
            }
            for role in missing:
                name = sql.Identifier(role)
                if role not in known:
                    connection.execute(sql.SQL("CREATE ROLE {}").format(name))
                if embedded:
                    connection.execute(sql.SQL("ALTER ROLE {} LOGIN").format(name))
                connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(name))
    except Exception as error:
        asked = " ".join(f"CREATE ROLE {name} NOLOGIN;" for name in missing)
        raise bad_input(
            "PostgreSQL",
            t("this user may not make the roles {names}", names=", ".join(missing)),
            t("Let an administrator run, leaving out what is there: {sql} Then: {grant} TO the user of DATABASE_URL;", sql=asked, grant=f"GRANT {', '.join(missing)}"),
        ) from error  # fmt: skip


def database(url: str) -> dict[str, Any]:
    """The server as Django names it."""
    known = conninfo_to_dict(url)
    return {
        "ENGINE": "django.db.backends.postgresql", "NAME": known.get("dbname", ""), "USER": known.get("user", ""),
        "PASSWORD": known.get("password", ""), "HOST": known.get("host", ""), "PORT": str(known.get("port", "")),
    }  # fmt: skip


def claim(connection: Connection, region: str, *, invented: dict[str, Any] | None = None) -> dict[str, Any] | None:
    """Say whose room this is, and get what its invented year is made from (None of a real region).

    A room of another region, of another invented year, or a real one asked to take invented facts, is a fault.
    """
    found = connection.execute("SELECT region, invented FROM room").fetchone()
    if found is None:
        connection.execute(
            "INSERT INTO room (region, invented) VALUES (%s, %s)", [region, json.dumps(invented) if invented else None]
        )
        return invented
    if found[0] != region:
        raise bad_input(
            t("the record room"),
            t("holds the facts of {found}, not of {region}", found=found[0], region=region),
            t("Choose another folder with TORNI_DATA, or another database with DATABASE_URL."),
        )
    if invented and found[1] is None:
        raise bad_input(
            t("the record room"),
            t("holds a real region's facts"),
            t("Invented facts are never mixed with real ones. Choose another folder with TORNI_DATA."),
        )
    if invented and {k: found[1].get(k) for k in invented} != invented:
        raise bad_input(
            t("the record room"),
            t(
                "holds the invented year of seed {seed}, residents {residents}",
                seed=found[1].get("seed"), residents=found[1].get("residents") or t("all"),
            ),
            t("Ask for the same, or choose another folder with TORNI_DATA, such as: TORNI_DATA=/another/folder ./do demo"),
        )  # fmt: skip
    kept: dict[str, Any] | None = found[1]
    return kept


def last_recorded(connection: Connection) -> datetime | None:
    """The newest moment in the log, or None when it is empty."""
    found = connection.execute("SELECT nullif(recorded_at, '-infinity') FROM room").fetchone()
    return found[0].astimezone(UTC) if found and found[0] else None
