"""One person's data: read with the reading written down, and given out whole to the person."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from psycopg.pq import TransactionStatus

from torni.core import clock
from torni.core.faults import bad_input
from torni.core.language import t
from torni.facts import rights
from torni.facts.data_fields import ByType, naming
from torni.facts.door import local_day
from torni.facts.named import Named, elsewhere, named, refused, strings
from torni.facts.opening import Connection
from torni.facts.registers import REGISTERS
from torni.facts.senders import SIGNED_IN_BY

MOST = 1_000
_EVENT = (
    "position", "recorded_at", "at", "source", "id", "type", "service", "unit", "matter", "due", "quantity", "of_quantity", "cents",
    "data", "sign", "replaces", "municipality", "producer", "definition", "sender",
)  # fmt: skip
_EFFECT = (
    "position",
    "promise",
    "what",
    "day",
    "unit",
    "municipality",
    "known_on",
    "sign",
    "total",
    "met",
    "late",
    "began",
)


@dataclass(frozen=True)
class Effect:
    """What an event does for one promise: `what` is began, answered, called off or counted; `day` when it is, or was, due. Of what is
    counted `met` of `total`, of what was answered whether `late`. `owed`: begun, and nothing has answered it."""

    promise: str
    what: str
    day: date
    total: int
    met: int
    late: bool
    owed: bool = False


@dataclass(frozen=True)
class ClientEvent:
    """One event of a client, and what it does for each promise (`effects`; of a withdrawn event none)."""

    position: int
    at: datetime
    type: str
    service: str | None
    unit: str | None
    matter: str | None
    due: date | None
    quantity: int | None
    cents: int | None
    data: dict[str, Any] | None
    definition: str | None
    sign: int
    replaces: int | None
    sender: dict[str, Any] | None = None
    effects: tuple[Effect, ...] = ()

    @property
    def owed(self) -> bool:
        """Has it begun something that nothing has answered?"""
        return any(f.owed for f in self.effects)

    @property
    def owes_on(self) -> date | None:
        """The day by which what it began is due: the first of what is still owed, or of all where nothing is."""
        begun = [f for f in self.effects if f.what == "began"]
        return min((f.day for f in begun if f.owed or not self.owed), default=None)


@dataclass(frozen=True)
class Person:
    """What the one who asks may see of a client: the newest events first; register `rows` are valid-from day, municipality, born,
    whether the address is protected, and name (none for those who may not see them; where it is protected, the municipality is
    empty for all but the client); the case manager's account name; the log
    position of the client's first register row, which stands for the client where the number may not; the identity code and the language, where
    they are known."""

    client: int
    rows: tuple[tuple[date, str, date | None, bool, str | None], ...]
    events: tuple[ClientEvent, ...]
    case_manager: str | None = None
    position: int = 0
    identity: str = ""
    language: str = ""


def read(
    connection: Connection,
    *,
    client: int | None = None,
    event: int | None = None,
    what: str,
    why: str,
    emergency: bool = False,
    visits_since: datetime | None = None,
) -> Person | None:
    """Write down the reading and read the client, as the connection's asker may; None where nobody such may be read.

    By the client's number, or by the position of one of the client's events. Whether there is nobody, or nobody who may be read, is
    not told apart. `why` empty: what gives the right is written down instead. `emergency`: an official may open anybody's, with a
    reason of at least ten letters; it is marked, and the supervisors see it. `visits_since`: earlier visits are left out.
    """
    with _opened(connection, client, event, what, why, emergency) as found:
        return None if found is None else _person(connection, found, visits_since)


@contextmanager
def _opened(
    connection: Connection, client: int | None, event: int | None, what: str, why: str, emergency: bool = False
) -> Iterator[int | None]:
    """The client, whose rows are open while the block lasts; None where nobody such may be read. The reading stands for good before anything
    is shown: the database opens nothing to the transaction that has written it."""
    if connection.info.transaction_status != TransactionStatus.IDLE:
        raise RuntimeError("a client is opened outside a transaction: the reading must not be rolled back")
    row = connection.execute("SELECT open_client(%s, %s, %s, %s, %s)", [client, event, what, why, emergency]).fetchone()
    if row is None or row[0] is None:
        yield None
        return
    with connection.transaction():
        connection.execute("SELECT set_config('torni.reading', %s, true)", [str(row[0])])
        found = connection.execute("SELECT (being_read())[1]").fetchone()
        yield found[0] if found else None


def as_owner(connection: Connection, client: int, *, visits_since: datetime) -> Person:
    """The client as the room's owner sees it, without a reading: for what a machine does, never for a page."""
    return _person(connection, client, visits_since)


def _person(connection: Connection, client: int, visits_since: datetime | None) -> Person:
    rows = connection.execute(
        "SELECT DISTINCT ON (valid_from) valid_from, municipality, born, protected, name, first, coalesce(asks_as(), '') = '' OR client IS NOT DISTINCT FROM asks_of_self(), identity, language "
        "FROM (SELECT *, min(position) OVER () AS first FROM public.client WHERE client = %s) c ORDER BY valid_from DESC, position DESC", [client]
    ).fetchall()  # fmt: skip
    hidden = bool(rows) and rows[0][3] and not rows[0][6]  # where one lived before may be where one lives
    rows = [(since, "" if hidden or (rest[1] and not rest[4]) else place, *rest) for since, place, *rest in rows]
    events = connection.execute(
        "SELECT position, at, type, service, unit, matter, due, quantity, cents, data, definition, sign, replaces, sender FROM public.event e WHERE client = %(client)s "
        "AND (%(since)s::timestamptz IS NULL OR e.at >= %(since)s OR e.type NOT LIKE 'visit.%%') ORDER BY at DESC, position DESC LIMIT %(most)s",
        {"client": client, "since": visits_since, "most": MOST},
    ).fetchall()
    managers = connection.execute(
        "SELECT case_manager FROM public.care WHERE client = %s ORDER BY valid_from DESC, position DESC LIMIT 1", [client]
    ).fetchone()  # fmt: skip
    first = min((row[5] for row in rows), default=0)
    told = tuple(row[:5] for row in rows)
    meant = _effects(connection, [e[0] for e in events])
    happened = tuple(replace(ClientEvent(*e), effects=tuple(meant.get(e[0], ()))) for e in events)
    if hidden:
        happened = tuple(replace(e, data=_without_place(e.data)) for e in happened)
    identity, language = rows[0][7:9] if rows else (None, None)
    return Person(client, told, happened, managers[0] if managers else None, first, identity or "", language or "")


def _effects(connection: Connection, positions: list[int]) -> dict[int, list[Effect]]:
    """What each of these events does and nothing has taken back."""
    found: dict[int, list[Effect]] = {}
    for position, *told in connection.execute(
        "SELECT f.position, f.promise, f.what, f.day, sum(f.total)::bigint, sum(f.met)::bigint, sum(f.late) > 0, f.what = 'began' AND EXISTS (SELECT 1 FROM public.event e "
        "JOIN public.owed o ON o.matter = e.matter AND o.promise = f.promise AND o.position = f.position WHERE e.position = f.position) FROM public.effect f "
        "WHERE f.position = ANY (%(positions)s) GROUP BY f.position, f.promise, f.what, f.day HAVING sum(f.sign) > 0 ORDER BY f.position, f.what, f.promise",
        {"positions": positions},
    ).fetchall():
        found.setdefault(position, []).append(Effect(*told))
    return found


def _without_place(told: Any) -> Any:
    """What was told, without each home municipality in it: an earlier decision's facts hold one too."""
    if isinstance(told, dict):
        return {k: _without_place(v) for k, v in told.items() if k != "municipality"}
    return [_without_place(v) for v in told] if isinstance(told, list) else told


def readings(connection: Connection, client: int) -> list[tuple[datetime, str, str, str, str, bool]]:
    """Who has read the client's data, the newest first: when, who, in what role, what, why, and whether in an emergency. The client's
    own are left out."""
    return connection.execute(
        "SELECT at, shown, role, what, why, emergency FROM reading WHERE client = %s AND (role <> ALL (%s) OR why IN ('guardian', 'proxy')) ORDER BY number DESC LIMIT 500",
        [client, rights.of("client")],
    ).fetchall()  # fmt: skip


def told_once(readings: Sequence[tuple[datetime, str, str, str, str, bool]]) -> list[tuple[datetime, str, str, str, str, bool, int]]:  # fmt: skip
    """The same with one line for what is alike in all but the hour of the day: its newest moment, and how many times in that day."""
    counted: dict[tuple[object, ...], int] = {}
    newest: dict[tuple[object, ...], tuple[datetime, str, str, str, str, bool]] = {}
    for one in readings:
        alike = (local_day(one[0]), *one[1:])
        counted[alike] = counted.get(alike, 0) + 1
        newest.setdefault(alike, one)
    return [(*one, counted[alike]) for alike, one in newest.items()]


def export(connection: Connection, client: int, *, data: ByType, by: str, why: str) -> dict[str, Any]:
    """Everything that the room holds of the client, for the person to have: also where she is named beside her own rows, and what her
    accounts have sent. Itself written down as a reading. `data`: the fields of each type. As the owner."""
    with connection.transaction():
        there(connection, client)
        note_reading(connection, client, by=by, what="export", why=why)
        who = named(connection, client, data)
        hers = [number for number, about, _sender in refused(connection, who) if about]
        out = _gathered(
            connection,
            client,
            f"quarantine WHERE number = ANY (ARRAY[{', '.join(map(str, hers))}]::bigint[]) ORDER BY number",
        )
        return out | _beside(connection, who, data)


def _beside(connection: Connection, who: Named, data: ByType) -> dict[str, Any]:
    """What the room holds of her beside her own rows: accounts, sign-ins, what she sent of others, and of what others hold the texts that name her."""

    def told(query: str, values: Any, names: tuple[str, ...]) -> list[dict[str, Any]]:
        rows = connection.execute(query, values).fetchall()
        return [json.loads(json.dumps(dict(zip(names, row, strict=True)), default=str)) for row in rows]

    mine = [list(who.accounts)]
    by_number = (
        "SELECT position, at, type, jsonb_build_array(%s::text) FROM event e WHERE client IS DISTINCT FROM %s "
        "AND EXISTS (SELECT FROM unnest(%s::text[], %s::text[]) d (type, field) WHERE d.type = e.type AND e.data->>d.field = %s::text)"
    )
    types, fields = zip(*naming(data), strict=True) if list(naming(data)) else ((), ())
    named_in = told(
        by_number,
        [str(who.client), who.client, list(types), list(fields), who.client],
        ("position", "at", "type", "texts"),
    )
    sent = []
    for position, type_, at, content, sender in connection.execute(
        "SELECT position, type, at, data, sender FROM event WHERE position = ANY (%s) ORDER BY position", [[p for p, *_rest in elsewhere(connection, who)]]
    ).fetchall():  # fmt: skip
        texts = [text for text in strings(content) if who.tells(text)]
        if texts:
            named_in.append({"position": position, "at": at.isoformat(), "type": type_, "texts": texts})
        if (sender or {}).get("account") in who.signs:
            sent.append({"position": position, "at": at.isoformat(), "type": type_, "data": content})
    return {
        "accounts": told(
            "SELECT a.name, a.shown, a.made_at, s.since, s.role FROM account a JOIN standing s USING (account) WHERE a.account = ANY (%s) ORDER BY s.since",
            mine, ("name", "shown", "made_at", "since", "role"),
        ),
        "sign_ins": told("SELECT at, way, succeeded FROM sign_in WHERE account = ANY (%s) ORDER BY number", mine, ("at", "way", "succeeded")),
        "sent_of_others": sent,
        "named_in": named_in,
    }  # fmt: skip


def own_export(connection: Connection, client: int) -> dict[str, Any] | None:
    """The same for the resident who asks, on the connection that reads for them; None where it is not theirs."""
    with _opened(connection, client, None, "export", "own request") as found:
        return None if found is None else _gathered(connection, client, "refused_of_self()")


def read_refused(connection: Connection, number: int, *, why: str) -> Any:
    """Write down that a refused row is opened, and read it as it came, but for the place of a client with a protected address; None where it is
    not the asker's to open."""
    row = connection.execute("SELECT read_refused(%s, %s)", [number, why]).fetchone()
    if row is None or row[0] is None:
        return None
    with connection.transaction():
        connection.execute("SELECT set_config('torni.reading', %s, true)", [str(row[0])])
        found = connection.execute("SELECT refused_row(%s)", [number]).fetchone()
    return found[0] if found else None


def _gathered(connection: Connection, client: int, refused: str) -> dict[str, Any]:
    def found(names: tuple[str, ...], source: str) -> list[dict[str, Any]]:
        rows = connection.execute(f"SELECT {', '.join(names)} FROM {source}", {"client": client}).fetchall()
        return [json.loads(json.dumps(dict(zip(names, row, strict=True)), default=str)) for row in rows]

    of = "WHERE client = %(client)s ORDER BY"
    return {
        "client": client,
        "made_at": clock.now().isoformat(timespec="seconds"),
        **{
            r.heading: found(("valid_from", *(k for k in r.keys if k != "client"), *r.columns, "position"), f"public.{r.table} {of} valid_from, position")
            for r in REGISTERS if r.heading
        },
        "events": [_without_names(e) for e in found(_EVENT, f"public.event {of} position")],
        "effects": found(_EFFECT, f"public.effect {of} position, since"),
        "owed": found(("matter", "promise", "due", "unit"), f"public.owed {of} due"),
        "refused_at_the_door": found(("received_at", "source", "raw", "reasons"), refused),
        "readings": found(("at", "shown", "role", "what", "why"), f"reading {of} number"),
    }  # fmt: skip


def _without_names(event: dict[str, Any]) -> dict[str, Any]:
    """The event without the names by which its sender signs in; who it was stays."""
    sender = event["sender"]
    return event | {"sender": sender and {k: v for k, v in sender.items() if k not in SIGNED_IN_BY}}


def there(connection: Connection, client: int) -> None:
    if not connection.execute("SELECT 1 FROM client WHERE client = %s", [client]).fetchone():
        raise bad_input(t("the record room"), t("holds no such client"), t("Check the number."))


def note_reading(connection: Connection, client: int, *, by: str, what: str, why: str) -> None:
    """Write down that the client's data was read by one who keeps the records. As the owner."""
    connection.execute(
        "INSERT INTO reading (client, shown, role, what, why) VALUES (%s, %s, %s, %s, %s)",
        [client, by, rights.RECORDS, what, why],
    )
