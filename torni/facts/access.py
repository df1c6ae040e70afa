"""Who asks: each part of the server connects as itself (the pages, the door, the gate, what works in the background), and the pages see
rows by who is signed in.

Who may do what stands in `rights`; the database's row policies and grants are made from it, and what is not granted is denied.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from torni.facts import rights
from torni.facts.opening import SESSION, Connection, connect
from torni.facts.postgres import OWNER
from torni.facts.rights import EVERYBODY, SIGNED_IN


@dataclass(frozen=True)
class Who:
    """A signed-in account: its number, the name others see, its role, and the producer or client it is for."""

    account: int
    name: str
    shown: str
    role: str  # of rights.ROLES
    producer: str | None = None
    client: int | None = None
    unit: str | None = None  # a head of a unit sees that unit alone
    machine: bool = False  # a producer's system by its feed's key, not a person
    unproven: bool = (
        False  # by a password alone, where a second factor is asked of the role: may take one, and nothing else
    )

    def how(self, action: str) -> str | None:
        """On what condition this account may do it (`rights.ALL`, `rights.OWN_CLIENTS` ...); None where it may not."""
        if self.unproven:
            return None
        return rights.how(self.role, action, unit=self.unit)

    def may(self, action: str) -> bool:
        return self.how(action) is not None


def allows(who: Who | None, action: str) -> bool:
    """May the one who asks (None: nobody has signed in) do it?"""
    return action == EVERYBODY or (who is not None and (action == SIGNED_IN or who.may(action)))


Login = Literal["pages", "door", "gate", "worker", "jobs", "verifier", "courier", "metrics"]  # `rights.LOGINS`


def login(url: str, role: Login) -> str:
    """The room's address as this part of the server knows it: signed in as itself, so that nothing it sends can take the owner's rights.
    Of a server of one's own, DATABASE_URL_PAGES and the like; where they are not set, the owner's, with the role taken on (`options`)."""
    known = conninfo_to_dict(url)
    if known.get("user") == OWNER and str(known.get("host", "")).startswith(
        "/"
    ):  # the embedded server knows each by name
        return make_conninfo(url, user=f"torni_{role}")
    return os.environ.get(f"DATABASE_URL_{role.upper()}", url)


def options(role: Login) -> dict[str, Any]:
    """What a connection is opened with, so that it holds no more than the role's rights. The pages read the schema `shown`
    first: the same tables without what tells of a person."""
    path = " -c search_path=shown,public" if role == "pages" else ""
    return {"options": f"-c role=torni_{role}{path} {SESSION}"}


def environment(url: str, *logins: str) -> dict[str, str]:
    """What a process of the server is started with: where the room is, and the first of its logins, which also reads the definitions' changes.
    Where each of its logins has an address of its own (`login`), it is not told the owner's, nor another part's."""
    ours = {f"DATABASE_URL_{role.upper()}" for role in logins}
    told = {**os.environ, "TORNI_DATABASE": url, **({"TORNI_PART": logins[0]} if logins else {})}
    if not logins or not ours <= {*os.environ}:
        return told
    kept = {name: value for name, value in told.items() if not name.startswith("DATABASE_URL") or name in ours}
    return {**kept, "TORNI_DATABASE": os.environ[f"DATABASE_URL_{logins[0].upper()}"]}


@contextmanager
def connected(url: str, role: Login) -> Iterator[Connection]:
    """A connection of this part of the server, each statement for itself, that ends with the block."""
    with connect(login(url, role), autocommit=True, **options(role)) as connection:
        yield connection


def asking(connection: Connection, who: Who | None) -> None:
    """Say for whom the connection now reads: nobody (None) sees no row of a person, nor of a sum."""
    if who is None:
        _say(connection, "", None, None, None)
    elif who.machine:
        _say(connection, who.role, who.producer, None, None, machine=who.shown)
    else:
        _say(connection, who.role, who.producer, who.client, who.account, unit=who.unit or "")


def for_the_tower(connection: Connection) -> None:
    """The connection now reads the sums that all staff see alike."""
    _say(connection, rights.TOWER, None, None, None)


async def for_the_tower_async(connection: psycopg.AsyncConnection[Any]) -> None:
    await connection.execute(_SAY, [rights.TOWER, "", "", "", "", ""])


_SAY = (
    "SELECT set_config('torni.role', %s, false), set_config('torni.producer', %s, false), "
    "set_config('torni.client', %s, false), set_config('torni.account', %s, false), set_config('torni.machine', %s, false), set_config('torni.unit', %s, false)"
)


def _say(
    connection: Connection,
    role: str,
    producer: str | None,
    client: int | None,
    account: int | None,
    machine: str = "",
    unit: str = "",
) -> None:
    connection.execute(_SAY, [role, producer or "", str(client or ""), str(account or ""), machine, unit])
