"""Accounts: who may sign in, as whom, and how: a strong password, a second factor where chosen, or an identity provider.

Passwords are kept as Argon2 hashes, session keys as SHA-256 hashes. Every attempt is written down; too many wrong ones close
the name for a while where they came from, so that a stranger who keeps guessing does not keep its owner out. A change of role is a
new row, so it can be told later who could see what when.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from torni.core import clock
from torni.core.faults import bad_input
from torni.core.language import t
from torni.facts import closed, rights
from torni.facts.access import Who
from torni.facts.opening import Connection

LASTS = timedelta(hours=10)  # a working day: then one signs in again
IDLE = timedelta(hours=1)  # NIST SP 800-63B-4, AAL2: a session that nobody uses ends
LEAST_PASSWORD = 12  # NIST SP 800-63B-4: length, and no common one; no rules on characters
WRONG, WITHIN = 5, timedelta(minutes=15)
WRONG_ANYWHERE = 60  # from all places together where nobody has signed in as the name: some 6,000 a day, of no use against LEAST_PASSWORD
KNOWN_FOR = timedelta(days=365)  # how long a browser is known after its owner has signed in
_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{1,99}")
_hasher = PasswordHasher()
_COLUMNS = "SELECT a.account, a.name, a.shown, s.role, s.producer, s.client, s.unit"
_STANDS = """
FROM account a
JOIN LATERAL (SELECT * FROM standing s WHERE s.account = a.account ORDER BY since DESC LIMIT 1) s ON s.role IS NOT NULL
"""
_STANDING = _COLUMNS + _STANDS


_STAND = "INSERT INTO standing (account, role, producer, client, unit, by_whom, title, office, phone) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"


@dataclass(frozen=True)
class Refused:
    """Why nobody is signed in, or a change is not made: wrong (name, password or code), second (the second factor's code is asked
    for), later (too many wrong ones), new (no code of the new second factor), unknown (an identity provider's person has no
    account here)."""

    why: str


@dataclass(frozen=True)
class Origin:
    """Whence a try comes: `browser`, the key that a browser was given when its owner signed in there (empty in a new one), and
    `place`, whatever tells one address from another. Tries are counted apart by the browser where it is known to be the account's own,
    else by the place."""

    browser: str = ""
    place: str = ""


NOWHERE = Origin()


@dataclass(frozen=True)
class Official:
    """As what an account decides: the title, the office and the telephone that its letters tell; empty where not written."""

    title: str = ""
    office: str = ""
    phone: str = ""


def official(connection: Connection, who: Who) -> Official:
    """The account's title, office and telephone as they stand."""
    row = connection.execute(
        "SELECT coalesce(title, ''), coalesce(office, ''), coalesce(phone, '') FROM standing WHERE account = %s ORDER BY since DESC LIMIT 1",
        [who.account],
    ).fetchone()
    return Official(*row) if row else Official()


def new(
    connection: Connection, name: str, *, shown: str, role: str, by: str, producer: str | None = None, client: int | None = None, unit: str | None = None,
    official: Official = Official(),
    password: str | None = None, issuer: str | None = None, subject: str | None = None, invented: bool = False,
) -> int:  # fmt: skip
    """Make an account and say its role. Returns its number; a name that is taken or no name, or a weak password, is a fault."""
    if not _NAME.fullmatch(name) or not 1 <= len(shown) <= 200:
        raise bad_input(
            name,
            t("is not a name to sign in with"),
            t("Write 2 to 100 letters a–z, digits, . _ @ or -, such as maija.esimerkki."),
        )
    if password is not None:
        check_password(password, name)
    with connection.transaction():
        if connection.execute("SELECT 1 FROM account WHERE name = %s", [name]).fetchone():
            raise bad_input(name, t("is an account already"), t("Choose another name."))
        row = connection.execute(
            "INSERT INTO account (name, shown, invented) VALUES (%s, %s, %s) RETURNING account", [name, shown, invented]
        ).fetchone()
        assert row is not None
        connection.execute(
            "INSERT INTO credential (account, password, issuer, subject) VALUES (%s, %s, %s, %s)",
            [row[0], _hasher.hash(password) if password else None, issuer, subject],
        )
        connection.execute(
            _STAND, [row[0], role, producer, client, _unit_of(connection, producer, unit), by, *_told(official)]
        )
    return int(row[0])


def stand(
    connection: Connection, name: str, *, role: str | None, by: str, producer: str | None = None, client: int | None = None, unit: str | None = None,
    official: Official | None = None,
) -> None:  # fmt: skip
    """A new role for the account, or its end (None): its sessions end at once. Without `official`, title, office and telephone stay."""
    with connection.transaction():
        account = _number(connection, name)
        before = connection.execute("SELECT title, office, phone FROM standing WHERE account = %s ORDER BY since DESC LIMIT 1", [account]).fetchone()  # fmt: skip
        told = _told(official) if official else list(before or (None, None, None))
        connection.execute(_STAND, [account, role, producer, client, _unit_of(connection, producer, unit), by, *told])
        connection.execute("DELETE FROM session WHERE account = %s", [account])


def set_password(connection: Connection, name: str, password: str) -> None:
    """A new password; the second factor is taken away with the old one, and its sessions end."""
    check_password(password, name)
    with connection.transaction():
        account = _number(connection, name)
        connection.execute(
            "UPDATE credential SET password = %s, secret = NULL WHERE account = %s", [_hasher.hash(password), account]
        )
        connection.execute("DELETE FROM session WHERE account = %s", [account])
        connection.execute("DELETE FROM known_browser WHERE account = %s", [account])


def check_password(password: str, name: str) -> None:
    """Refuse a password that is short, common or the name itself."""
    from django.contrib.auth.password_validation import CommonPasswordValidator  # slow to read, and seldom needed

    common = password.lower().strip() in CommonPasswordValidator().passwords
    if len(password) < LEAST_PASSWORD or len(password) > 200 or common or name.lower() in password.lower():
        raise bad_input(
            t("the password"),
            t("is easy to guess"),
            t("Write at least {least} characters, such as four words; not a common password, nor the name.", least=LEAST_PASSWORD),
        )  # fmt: skip


def listed(connection: Connection) -> list[tuple[str, str, str | None, str | None, datetime, bool]]:
    """Each account: name, shown, role (None when ended), producer, since, whether it has a second factor."""
    return connection.execute(
        "SELECT a.name, a.shown, s.role, s.producer, s.since, c.secret IS NOT NULL FROM account a JOIN credential c USING (account) "
        "JOIN LATERAL (SELECT * FROM standing s WHERE s.account = a.account ORDER BY since DESC LIMIT 1) s ON true ORDER BY a.name"
    ).fetchall()


def by_password(connection: Connection, name: str, password: str, code: str = "", *, origin: Origin = NOWHERE) -> Who | Refused:  # fmt: skip
    """The account of the name, where the password and the second factor (if it has one) are right."""
    name = name.strip().lower()[:100]
    with connection.transaction():
        refused = _unproven(connection, name, password, code, origin)
        return refused or _signed(connection, name, "password", _counted(connection, name, origin))


def know_browser(connection: Connection, who: Who) -> str:
    """A new key for the browser in which the account has just signed in. It opens nothing: see `Origin`."""
    key = secrets.token_urlsafe(32)
    connection.execute("DELETE FROM known_browser WHERE until < clock_timestamp()")
    connection.execute(
        "INSERT INTO known_browser (key_hash, account, until) VALUES (%s, %s, clock_timestamp() + %s)", [_hash(key), who.account, KNOWN_FOR]
    )  # fmt: skip
    return key


def knows(connection: Connection, who: Who, key: str) -> bool:
    """Is it the key of a browser in which the account has signed in?"""
    return _known(connection, who.name, key)


def by_provider(connection: Connection, issuer: str, subject: str) -> Who | Refused:
    """The account that an identity provider's person has here."""
    row = connection.execute(
        "SELECT a.name FROM credential c JOIN account a USING (account) WHERE c.issuer = %s AND c.subject = %s", [issuer, subject]
    ).fetchone()  # fmt: skip
    if row is None:
        _tried(connection, "?", "provider", False)
        return Refused("unknown")
    return _signed(connection, row[0], "provider")


def of_the_cast(connection: Connection, name: str) -> Who | Refused:
    """One of the demonstration's cast, without a password; only in a room whose facts are invented."""
    row = connection.execute(
        "SELECT 1 FROM account a, room r WHERE a.name = %s AND a.invented AND r.invented IS NOT NULL", [name]
    ).fetchone()  # fmt: skip
    return _signed(connection, name, "cast") if row else Refused("wrong")


def cast(connection: Connection) -> list[Who]:
    """The demonstration's cast, in the order they were made; empty where facts are real."""
    rows = connection.execute(
        _STANDING
        + "WHERE a.invented AND EXISTS (SELECT 1 FROM room WHERE room.invented IS NOT NULL) ORDER BY a.account"
    ).fetchall()
    return [Who(*row) for row in rows]


def who_may(connection: Connection, action: str) -> list[Who]:
    """Everybody who stands now in a role that may do it, by name."""
    roles = rights.who_may(action)
    rows = connection.execute(_STANDING + "WHERE s.role = ANY (%s) ORDER BY a.shown, a.account", [roles]).fetchall()
    return [Who(*row) for row in rows]


def shown_as(connection: Connection, name: str) -> str | None:
    """The person's name as others see it, by the account's name."""
    row = connection.execute("SELECT shown FROM account WHERE name = %s", [name]).fetchone()
    return row[0] if row else None


def begin_session(connection: Connection, who: Who, way: str = "password") -> str:
    """A new session's key, for the browser alone. `way`: how the one who begins it has proved who it is."""
    key = secrets.token_urlsafe(32)
    connection.execute("DELETE FROM session WHERE ends_at < clock_timestamp()")
    connection.execute(
        "INSERT INTO session (key_hash, account, ends_at, way) VALUES (%s, %s, clock_timestamp() + %s, %s)", [_hash(key), who.account, LASTS, way]
    )  # fmt: skip
    return key


def of_session(
    connection: Connection, key: str, *, second: bool = True, idle: timedelta = IDLE, used: bool = True
) -> Who | None:
    """Whose session it is, as they stand now; None when it has ended, or nobody has used it for so long (`idle`). `used`: it is being used
    now, not only looked at. `second`: whoever reads others' data needs a second factor; one who began by a password alone is `unproven`
    until one is taken. Never asked for where facts are invented."""
    hashed = _hash(key)
    row = connection.execute(
        _COLUMNS + ", false, %(second)s AND x.way = 'password' AND s.role = ANY (%(reading)s) AND c.secret IS NULL AND (SELECT invented IS NULL FROM room), "
        "x.seen_at < clock_timestamp() - interval '1 minute'" + _STANDS + "JOIN session x ON x.account = a.account LEFT JOIN credential c ON c.account = a.account "
        "WHERE x.key_hash = %(key)s AND x.ends_at > clock_timestamp() AND x.seen_at > clock_timestamp() - %(idle)s",
        {"key": hashed, "second": second, "reading": rights.reading_others(), "idle": idle},
    ).fetchone()  # fmt: skip
    if row is None:
        return None
    *standing, long_ago = row
    if used and long_ago:
        connection.execute("UPDATE session SET seen_at = clock_timestamp() WHERE key_hash = %s", [hashed])
    return Who(*standing)


def sessions(connection: Connection, who: Who, key: str) -> list[tuple[datetime, datetime, bool]]:
    """The account's sessions: when each began, when it was last used, and whether it is the one with this key; the newest first."""
    return connection.execute(
        "SELECT began_at, seen_at, key_hash = %s FROM session WHERE account = %s AND ends_at > clock_timestamp() ORDER BY began_at DESC",
        [_hash(key), who.account],
    ).fetchall()


def end_others(connection: Connection, who: Who, key: str) -> None:
    """Every session of the account ends but the one with this key."""
    connection.execute("DELETE FROM session WHERE account = %s AND key_hash <> %s", [who.account, _hash(key)])


def end_session(connection: Connection, key: str) -> None:
    connection.execute("DELETE FROM session WHERE key_hash = %s", [_hash(key)])


def has_password(connection: Connection, who: Who) -> bool:
    row = connection.execute("SELECT password IS NOT NULL FROM credential WHERE account = %s", [who.account]).fetchone()
    return bool(row and row[0])


def has_second(connection: Connection, who: Who) -> bool:
    row = connection.execute("SELECT secret IS NOT NULL FROM credential WHERE account = %s", [who.account]).fetchone()
    return bool(row and row[0])


def new_second() -> str:
    """A new second factor's secret. Not in use until a code of it has been tried."""
    return pyotp.random_base32()


def is_second(secret: str) -> bool:
    """Is it a secret as `new_second` makes them? A form may send anything."""
    return re.fullmatch("[A-Z2-7]{32}", secret) is not None


def address_of_second(who: Who, secret: str) -> str:
    """What an authenticator reads from a picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=who.name, issuer_name="Torni")


def take_second(connection: Connection, who: Who, secret: str, new_code: str, *, password: str, code: str, session: str, origin: Origin = NOWHERE) -> Refused | None:  # fmt: skip
    """Take a second factor into use once a code of it is right. Where another is in use its own code is asked for: a session that
    somebody else holds cannot put theirs in its place. Every session but this one (its key) ends. None when done."""
    step = _step(secret, new_code) if is_second(secret) else None
    if step is None:  # before the old one's code is used up
        return Refused("new")
    with connection.transaction():
        if refused := _unproven(connection, who.name, password, code, origin):
            return refused
        connection.execute(
            "UPDATE credential SET secret = %s, used_step = %s WHERE account = %s",
            [closed.close(secret, closed.second_of(who.account)), step, who.account],
        )
        end_others(connection, who, session)
    return None


def drop_second(
    connection: Connection, who: Who, *, password: str, code: str, session: str, origin: Origin = NOWHERE
) -> Refused | None:
    """Give the second factor up: the password and a code of it are asked for. Every session but this one (its key) ends."""
    with connection.transaction():
        if refused := _unproven(connection, who.name, password, code, origin):
            return refused
        connection.execute("UPDATE credential SET secret = NULL WHERE account = %s", [who.account])
        end_others(connection, who, session)
    return None


def change_password(connection: Connection, who: Who, new: str, *, password: str, code: str, session: str, origin: Origin = NOWHERE) -> Refused | None:  # fmt: skip
    """A new password for the one who knows the old one, and has the second factor where one is in use. Every session but this
    one (its key) ends. A weak password is a fault, told before a code is used up."""
    check_password(new, who.name)
    with connection.transaction():
        if refused := _unproven(connection, who.name, password, code, origin):
            return refused
        connection.execute("UPDATE credential SET password = %s WHERE account = %s", [_hasher.hash(new), who.account])
        end_others(connection, who, session)
    return None


def _unproven(connection: Connection, name: str, password: str, code: str, origin: Origin) -> Refused | None:
    """Why it is not the one whose account it is: the password, and the second factor's code where one is in use. The one judgement
    for signing in and for every change of what protects the account; each wrong try is written down and counts for both.

    The account's row stays locked to the end of the transaction, so that tries made at once are counted one after another.
    """
    row = connection.execute(
        "SELECT c.account, c.password, c.secret FROM credential c JOIN account a USING (account) WHERE a.name = %s FOR UPDATE OF c",
        [name],
    ).fetchone()
    counted = _counted(connection, name, origin)
    if _closed(connection, name, counted):
        return Refused("later")
    if not _right(row[1] if row else None, password):
        _tried(connection, name, "password", False, counted)
        return Refused("wrong")
    assert row is not None
    account, kept, secret = row
    if secret:
        if not code.strip():
            return Refused("second")
        step = _step(closed.open_(secret, closed.second_of(account)), code)
        take = "UPDATE credential SET used_step = %(step)s WHERE account = %(account)s AND used_step < %(step)s"
        if step is None or not connection.execute(take, {"step": step, "account": account}).rowcount:
            _tried(connection, name, "code", False, counted)
            return Refused("wrong")
        if not closed.is_closed(secret):
            kept_closed = closed.close(secret, closed.second_of(account))
            connection.execute("UPDATE credential SET secret = %s WHERE account = %s", [kept_closed, account])
    if _hasher.check_needs_rehash(kept):
        connection.execute("UPDATE credential SET password = %s WHERE account = %s", [_hasher.hash(password), account])
    return None


def _told(official: Official) -> list[str | None]:
    return [text.strip()[:200] or None for text in (official.title, official.office, official.phone)]


def _signed(connection: Connection, name: str, way: str, counted: _Counted | None = None) -> Who | Refused:
    row = connection.execute(_STANDING + "WHERE a.name = %s", [name]).fetchone()
    _tried(connection, name, way, row is not None, counted)
    return Who(*row) if row else Refused("wrong")


@dataclass(frozen=True)
class _Counted:
    """With which other tries a try is counted: the hash of where it comes from, and is that a browser of the account's own?"""

    origin: bytes | None
    known: bool


def _counted(connection: Connection, name: str, origin: Origin) -> _Counted:
    if _known(connection, name, origin.browser):
        return _Counted(_hash(origin.browser), known=True)
    return _Counted(_hash(f"{name} {origin.place}") if origin.place else None, known=False)


def _known(connection: Connection, name: str, key: str) -> bool:
    return bool(key) and connection.execute(
        "SELECT 1 FROM known_browser k JOIN account a USING (account) WHERE k.key_hash = %s AND a.name = %s AND k.until > clock_timestamp()",
        [_hash(key), name],
    ).fetchone() is not None  # fmt: skip


def _tried(connection: Connection, name: str, way: str, succeeded: bool, counted: _Counted | None = None) -> None:
    connection.execute(
        "INSERT INTO sign_in (name_hash, account, way, succeeded, origin) VALUES (%s, (SELECT account FROM account WHERE name = %s), %s, %s, %s)",
        [_hash(name), name, way, succeeded, counted and counted.origin],
    )


def _closed(connection: Connection, name: str, counted: _Counted) -> bool:
    """Have too many wrong ones come from there since the last right one did; or, where nobody has signed in as the name, from all such places?"""
    row = connection.execute(
        "WITH lately AS (SELECT at, succeeded, origin FROM sign_in WHERE name_hash = %(name)s AND at > clock_timestamp() - %(within)s), "
        "here AS (SELECT at, succeeded FROM lately WHERE origin IS NOT DISTINCT FROM %(origin)s) "
        "SELECT (SELECT count(*) FROM here WHERE NOT succeeded AND at > coalesce((SELECT max(at) FROM here WHERE succeeded), '-infinity')), "
        "(SELECT count(*) FROM lately WHERE NOT succeeded AND NOT coalesce(origin IN (SELECT key_hash FROM known_browser), false))",
        {"name": _hash(name), "within": WITHIN, "origin": counted.origin},
    ).fetchone()
    assert row is not None
    here, anywhere = row
    return bool(here >= WRONG or (anywhere >= WRONG_ANYWHERE and not counted.known))


def _right(kept: Any, password: str) -> bool:
    """Is it the password? As slow for a name that is not there as for one that is."""
    try:
        return _hasher.verify(kept or _nobodys(), password[:200]) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    return _hasher.hash(secrets.token_hex(16))


def _step(secret: str, code: str) -> int | None:
    """The half-minute whose code it is: this one, the one before or the next."""
    digits, codes = code.replace(" ", "").encode(), pyotp.TOTP(secret)
    now = int(clock.now().timestamp()) // codes.interval
    return next((s for s in (now, now - 1, now + 1) if secrets.compare_digest(codes.at(s * codes.interval).encode(), digits)), None)  # fmt: skip


def _unit_of(connection: Connection, producer: str | None, unit: str | None) -> str | None:
    """The unit, where it is the producer's."""
    if unit is not None and not connection.execute("SELECT 1 FROM unit WHERE unit = %s AND producer = %s", [unit, producer]).fetchone():  # fmt: skip
        raise bad_input(unit, t("is not a unit of this producer"), t("Write the unit's id as events have it."))
    return unit


def _number(connection: Connection, name: str) -> int:
    row = connection.execute("SELECT account FROM account WHERE name = %s", [name]).fetchone()
    if row is None:
        raise bad_input(name, t("is no account"), t("`torni account list` tells them."))
    return int(row[0])


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()  # 256 random bits need no salt and no slow hash
