"""The whole record room as one file, and back again: a restore brings all of it, or leaves the room as it was.

A restore is one transaction, from the making of room for it to the last look at what has come; only the word COMMIT at the very end
makes it so. A file cut short, another program's, of a newer Torni, a full disk, a kill of any of the processes: without that word
nothing has happened. What was in the room besides facts (accounts, feeds' keys, refused records) is moved aside, never wiped.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NoReturn

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from torni.core import clock
from torni.core.faults import BadInput, bad_input
from torni.core.language import Message, t
from torni.core.progress import Done, working
from torni.facts import encrypted, opening, rights
from torni.facts.postgres import binaries
from torni.facts.recording import trust

_PART = 1 << 18
_ROOM = ("TABLE public room ", "TABLE public event ", "TABLE public django_migrations ")
_FIRST = """
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
DO $torni$
DECLARE
  other boolean := false;
BEGIN
  IF to_regclass('public.event') IS NOT NULL THEN
    LOCK TABLE public.room, public.event IN ACCESS EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM public.event) THEN
      RAISE EXCEPTION 'torni: facts';
    END IF;
  END IF;
  IF to_regclass('public.account') IS NOT NULL THEN
    LOCK TABLE public.account, public.feed, public.quarantine IN ACCESS EXCLUSIVE MODE;
    other := EXISTS (SELECT FROM public.account) OR EXISTS (SELECT FROM public.feed) OR EXISTS (SELECT FROM public.quarantine);
  END IF;
  DROP SCHEMA IF EXISTS shown CASCADE;
  IF other THEN
    ALTER SCHEMA public RENAME TO {aside};
    REVOKE ALL ON SCHEMA {aside} FROM PUBLIC, {closed_to};
  ELSE
    DROP SCHEMA public CASCADE;
  END IF;
  CREATE SCHEMA public;
END $torni$;
"""
_ROWS = "SELECT sum(greatest(reltuples, 0))::bigint FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
_COPIES = "SELECT relid::bigint, tuples_processed FROM pg_stat_progress_copy WHERE datname = current_database() AND command = 'COPY TO'"
_LAST = """
DO $torni$
BEGIN
  IF to_regclass('public.room') IS NULL OR to_regclass('public.event') IS NULL OR to_regclass('public.django_migrations') IS NULL THEN
    RAISE EXCEPTION 'torni: another';
  END IF;
  IF EXISTS (SELECT FROM public.django_migrations WHERE app = 'facts' AND name <> ALL (ARRAY[{known}])) THEN
    RAISE EXCEPTION 'torni: newer';
  END IF;
END $torni$;
COMMIT;
"""


def back_up(url: str, path: Path) -> None:
    """The room as it is at this moment into an encrypted, signed file that only its owner may read; complete or not at all.

    BadInput where there is no key: `encrypted.new_key` makes one.
    """
    key = encrypted.keys()[0]
    making = path.with_name(path.name + ".making")
    known, environment = _address(url)
    try:
        making.unlink(missing_ok=True)
        with (
            _copied(url),
            open(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
            tempfile.TemporaryFile() as said,
        ):
            with subprocess.Popen(
                [
                    str(binaries() / "pg_dump"),
                    f"--dbname={known}",
                    "--format=custom",
                    "--compress=6",
                    "--no-owner",
                    "--exclude-schema=before_*",
                ],
                stdout=subprocess.PIPE,
                stderr=said,
                env=environment,
            ) as running:
                assert running.stdout
                encrypted.write(iter(lambda: running.stdout.read(_PART), b""), file, key)  # type: ignore[union-attr]
            file.flush()
            os.fsync(file.fileno())
            if running.returncode:
                said.seek(0)
                _failed("pg_dump", said.read().decode(errors="replace"))
        making.replace(path)
    except OSError as error:
        raise bad_input(
            str(path),
            t("cannot be written: {reason}", reason=error.strerror or error),
            t("Is the disk full? What was there before is as it was."),
        ) from error
    finally:
        making.unlink(missing_ok=True)


@contextmanager
def _copied(url: str) -> Iterator[None]:
    """While pg_dump reads the room: how many of its rows it has read, which the server tells of each table's copy."""
    over = threading.Event()

    def watch(done: Done, connection: opening.Connection) -> None:
        read: dict[int, int] = {}
        with suppress(psycopg.Error):  # how far it is does not decide whether it succeeds
            while not over.wait(0.5):
                for table, rows in connection.execute(_COPIES).fetchall():
                    read[table] = rows
                done(sum(read.values()))

    with opening.connect(url, autocommit=True) as connection:
        row = connection.execute(_ROWS).fetchone()
        with working(Message("The room into a file"), float(row[0]) if row and row[0] else None) as done:
            watching = threading.Thread(target=watch, args=(done, connection), daemon=True)
            watching.start()
            try:
                yield
            finally:
                over.set()
                watching.join()


def read(path: Path, *, unsigned: bool = False) -> Iterator[bytes]:
    """What pg_dump wrote, as far as it is as it was written. `unsigned`: a file of before backups were signed is taken at its word;
    else it is refused, for what such a file says the database does."""
    with path.open("rb") as file:
        if encrypted.is_encrypted(file):
            yield from encrypted.read(file, encrypted.keys())
        elif file.read(5) != b"PGDMP":
            raise _another()
        elif not unsigned:
            raise bad_input(
                t("the backup"),
                t("is of before backups were signed, so nobody can tell whether it is as it was written"),
                t("Nothing was changed. Where you know where it has been, add --unsigned."),
            )
        else:
            file.seek(0)
            yield from iter(lambda: file.read(_PART), b"")


@contextmanager
def proved(url: str, path: Path, *, unsigned: bool = False) -> Iterator[str]:
    """The backup brought into a database of its own beside the room, for as long as the block lasts: its address.

    Raises BadInput where that cannot be done; the room has then not been touched. One at a time; what a killed one left is taken away.
    """
    _look(path, unsigned=unsigned)
    beside = f"{conninfo_to_dict(url).get('dbname', 'torni')}_proof"
    there = make_conninfo(url, dbname=beside)
    named = sql.Identifier(beside)
    with opening.connect(url, autocommit=True) as connection:
        if connection.execute("SELECT pg_try_advisory_lock(hashtext('torni proof'))").fetchone() != (True,):
            raise bad_input(t("the record room"), t("is trying a backup already"), t("Wait until it is done."))
        opening.make_roles(connection)
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(named)
        try:
            connection.execute(drop)
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(named))
        except psycopg.errors.InsufficientPrivilege as error:
            raise bad_input(
                "PostgreSQL",
                t("this user may not make the database {name}, in which a backup is tried first", name=beside),
                t("Nothing was changed. Let an administrator run: ALTER ROLE the user of DATABASE_URL CREATEDB;"),
            ) from error
        try:
            with working(Message("The file is tried beside the room")):
                _fill(there, path, "before_1", unsigned=unsigned)
            opening.prepare(there)
            yield there
        finally:
            connection.execute(drop)


def bring_back(url: str, path: Path, *, unsigned: bool = False) -> str | None:
    """The backup into a room without facts. Returns the schema into which the room's own accounts, keys and refused records were
    moved, or None where it had none. Raises BadInput, and has then changed nothing."""
    _look(path, unsigned=unsigned)
    with opening.connect(url, autocommit=True) as connection:
        opening.make_roles(connection)  # what the backup's rights are given to; they are the server's, and harm no room
        row = connection.execute(
            "SELECT coalesce(max(substr(nspname, 8)::int), 0) + 1 FROM pg_namespace WHERE nspname ~ '^before_[0-9]{1,6}$'"
        ).fetchone()
    aside = f"before_{row[0] if row else 1}"
    with working(Message("The file into the room")):
        _fill(url, path, aside, unsigned=unsigned)
    opening.prepare(url)  # a backup of an older Torni is brought up to date
    with opening.connect(url, autocommit=True) as connection:
        trust(connection)  # whoever brings it back stands beside it: since the backup was taken is no leap of the clock
        row = connection.execute("SELECT to_regnamespace(%s) IS NOT NULL", [aside]).fetchone()
    return aside if row and row[0] else None


def note_tried(url: str, *, whole: bool, size: int) -> None:
    """Write down that a backup of so many bytes was brought back beside the room, and whether it was whole."""
    with opening.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO backup_tried (at, whole, bytes) VALUES (%s, %s, %s)", [clock.now(), whole, size]
        )


def refuse_facts(url: str) -> None:
    """A fault where the room has facts. The look that counts is made within the restore itself; this one only spares the waiting."""
    with opening.connect(url, autocommit=True) as connection:
        row = connection.execute("SELECT to_regclass('public.event') IS NOT NULL").fetchone()
        if row and row[0] and connection.execute("SELECT 1 FROM public.event LIMIT 1").fetchone():
            raise _our_own("torni: facts")


def _look(path: Path, *, unsigned: bool = False) -> None:
    """Is it whole, as it was written, and a backup of a record room by its table of contents? Asked before a room is touched."""
    with subprocess.Popen(
        [str(binaries() / "pg_restore"), "--list"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C"},
    ) as listing:  # fmt: skip
        telling = _telling(listing.stdin)
        try:
            for part in read(path, unsigned=unsigned):  # to its end, whatever pg_restore has enough of
                telling(part)
        except BaseException:
            listing.kill()
            raise
        told, said = (found.decode(errors="replace") for found in listing.communicate())
    ran = subprocess.CompletedProcess("pg_restore", listing.returncode, told, said)
    if ran.returncode:
        _failed("pg_restore", ran.stderr)
    if not all(any(part in f"{line} " for line in ran.stdout.splitlines()) for part in _ROOM):
        raise _another()


def _telling(pipe: IO[bytes] | None) -> Callable[[bytes], None]:
    """Writes to a program that may have read enough."""
    assert pipe is not None

    def tell(part: bytes) -> None:
        with suppress(BrokenPipeError):
            pipe.write(part)
            pipe.flush()

    return tell


def _fill(url: str, path: Path, aside: str, *, unsigned: bool = False) -> None:
    """The backup's statements between our first and last, in one transaction. psql takes an end of input for an end of the work, so
    the transaction is ours to close: cut off anywhere, it is undone. One setting is left out: older servers do not know it."""
    known, environment = _address(url)
    migrations = ", ".join(f"'{name}'" for name in opening.migrations())
    with (
        subprocess.Popen(
            [str(binaries() / "pg_restore"), "--no-owner", "--file=-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "LC_ALL": "C"},
        ) as reading,
        subprocess.Popen(
            [str(binaries() / "psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null", f"--dbname={known}"],
            stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
        ) as writing,
    ):  # fmt: skip
        assert reading.stdin and reading.stdout and reading.stderr and writing.stdin
        faults: list[BaseException] = []
        feeding = threading.Thread(target=_feed, args=(reading, path, unsigned, faults), daemon=True)
        feeding.start()
        with suppress(BrokenPipeError):
            writing.stdin.write(
                _FIRST.format(aside=aside, closed_to=", ".join(f"torni_{name}" for name in rights.LOGINS)).encode()
            )
            for line in reading.stdout:
                if line != b"SET transaction_timeout = 0;\n":
                    writing.stdin.write(line)
            feeding.join()
            if reading.wait() == 0 and not faults:  # else what has come is not all of it, and nothing of it may stay
                writing.stdin.write(_LAST.format(known=migrations).encode())
        reading.stdout.close()  # a psql that has stopped reads no more, and pg_restore must not wait for it
        refused = writing.communicate()[1].decode(errors="replace")
        told = reading.stderr.read().decode(errors="replace")
        feeding.join()
    if faults:
        raise faults[0]
    if "torni: " in refused:
        raise _our_own(refused)
    if writing.returncode or reading.returncode:
        _failed("psql" if writing.returncode else "pg_restore", refused if writing.returncode else told)


def _feed(reading: subprocess.Popen[bytes], path: Path, unsigned: bool, faults: list[BaseException]) -> None:
    """The backup to pg_restore; one that is found damaged on the way is cut off, and kept in `faults`."""
    assert reading.stdin
    try:
        for part in read(path, unsigned=unsigned):
            reading.stdin.write(part)
    except BrokenPipeError:
        pass  # it tells by itself why it reads no more
    except BaseException as error:  # raised by whoever waits
        faults.append(error)
    finally:
        with suppress(BrokenPipeError):
            reading.stdin.close()


def _our_own(refused: str) -> BadInput:
    """What our own first and last looks have found."""
    if "torni: facts" in refused:
        return bad_input(
            t("the record room"),
            t("has facts already, and a restore never writes over facts"),
            t("Choose an empty folder with TORNI_DATA, or an empty database with DATABASE_URL."),
        )
    if "torni: newer" in refused:
        return bad_input(
            t("the backup"),
            t("was made by a newer Torni than this one"),
            t("Nothing was changed. Restore it with the Torni that made it, or a later one."),
        )
    return _another()


def _another() -> BadInput:
    return bad_input(
        t("the backup"),
        t("is not of a record room"),
        t("Nothing was changed. Name a file that `torni backup` wrote."),
    )


def _address(url: str) -> tuple[str, dict[str, str]]:
    """The server's address without its password, and an environment that holds it: a command line is seen by others."""
    known = conninfo_to_dict(url)
    password = known.pop("password", None)
    environment = {**os.environ, **({"PGPASSWORD": str(password)} if password else {}), "LC_ALL": "C"}
    return make_conninfo(**known), environment  # type: ignore[arg-type]


def _failed(name: str, stderr: str) -> NoReturn:
    said = stderr.strip().splitlines()
    told = [line for line in said if "error:" in line.lower()] or said
    if any("lock timeout" in line for line in told):
        raise bad_input(
            t("the record room"),
            t("is in use by another program"),
            t("Nothing was changed. Stop the server that uses it, and restore again."),
        )
    raise bad_input(
        name,
        told[0].partition("rror:")[2].strip() or told[0] if told else t("failed"),
        t("Nothing was changed. Is the disk full, or the file cut short, or another program's?"),
    )
