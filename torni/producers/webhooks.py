"""Webhooks: a producer's own system is told of each plan sent to it, until it has confirmed the message.

A message is a CloudEvent signed as Standard Webhooks has it; it tells what was sent and where it is fetched, and nothing of the
client. One client's messages are told in their order; the message's id is its log position, the same at every try.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from torni.core.faults import bad_input
from torni.core.language import t
from torni.facts import closed
from torni.facts.opening import Connection
from torni.producers.addresses import faults_of

Word = Literal["again", "set aside"]


@dataclass(frozen=True)
class Webhook:
    """Where a producer is told (without what follows `?`), and how its messages stand; the newest try's answer or fault."""

    number: int
    producer: str
    url: str
    made_at: datetime
    ended_at: datetime | None
    waiting: int
    dead: int
    delivered: int
    tried_at: datetime | None
    status: int | None
    fault: str | None

    @property
    def failing(self) -> bool:
        return self.tried_at is not None and not (self.status is not None and 200 <= self.status < 300)


@dataclass(frozen=True)
class Delivery:
    """One message to one webhook. `behind`: waits for an earlier one of the same client. `task`: the plan it tells of."""

    webhook: int
    position: int
    producer: str
    type: str
    unit: str | None
    service: str | None
    at: datetime
    state: str
    tries: int
    due_at: datetime
    done_at: datetime | None
    status: int | None
    fault: str | None
    behind: bool
    task: int | None


def new(connection: Connection, producer: str, url: str) -> tuple[int, str]:
    """A webhook for a producer: its number, and the secret that signs, shown once. What is still to be confirmed is told first.

    As the room's owner. An address that is not https (but on this machine), names a user, or a producer without units is a fault.
    """
    faults_of(str(t("the address")), url)
    if not connection.execute("SELECT 1 FROM unit WHERE producer = %s", [producer]).fetchone():
        raise bad_input(producer, t("has no units here"), t("Write the producer's name as the units have it."))
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    with connection.transaction():
        row = connection.execute(
            "INSERT INTO webhook (producer, url, secret, since) SELECT %s, %s, %s, position FROM consumer WHERE name = 'webhooks' "
            "FOR UPDATE RETURNING webhook",
            [producer, url, closed.close(secret, closed.webhook_of(producer, url))],
        ).fetchone()
        assert row is not None
        connection.execute(
            "INSERT INTO delivery (webhook, position, line) SELECT %(webhook)s, e.position, (SELECT min(f.position) FROM event f WHERE f.client = e.client) "
            "FROM owed o JOIN event e ON e.position = o.position WHERE o.unit IN (SELECT unit FROM unit WHERE producer = %(producer)s) "
            "AND e.type = 'plan.sent' AND e.producer = %(producer)s AND e.position <= (SELECT since FROM webhook WHERE webhook = %(webhook)s)",
            {"webhook": row[0], "producer": producer},
        )
        connection.execute("NOTIFY torni_written")
    return row[0], secret


def end(connection: Connection, number: int) -> None:
    """The webhook is told nothing more; what waits is left as it is."""
    done = connection.execute(
        "INSERT INTO webhook_ended (webhook) SELECT webhook FROM webhook WHERE webhook = %s ON CONFLICT DO NOTHING",
        [number],
    )
    if not done.rowcount:
        raise bad_input(f"webhook {number}", t("is not there, or has ended"), t("`torni webhook list` tells which are."))  # fmt: skip


def shown(connection: Connection) -> list[Webhook]:
    """The webhooks that the one who asks may see: a producer its own, staff all."""
    return [Webhook(*row) for row in connection.execute("SELECT * FROM webhooks_shown()").fetchall()]


def deliveries(connection: Connection, *, most: int = 100) -> list[Delivery]:
    """The newest messages and all the dead ones, the dead first, as the one who asks may see them."""
    rows = connection.execute("SELECT * FROM deliveries(%s, NULL, NULL)", [most]).fetchall()
    return [Delivery(*row) for row in rows]


def delivery(connection: Connection, number: int, position: int) -> Delivery | None:
    """One message to one webhook; None where the one who asks may not see it."""
    row = connection.execute("SELECT * FROM deliveries(0, %s, %s)", [number, position]).fetchone()
    return Delivery(*row) if row else None


def history(connection: Connection, number: int, position: int) -> list[tuple[Any, ...]]:
    """Each try of one message and what a person did: when, status, fault, ms, word, by whom."""
    return connection.execute("SELECT * FROM delivery_history(%s, %s)", [number, position]).fetchall()


def redeliver(connection: Connection, number: int, position: int, word: Word) -> bool:
    """Send a message again, or set a dead one aside, as the one who asks; False where it may not be, or is not so."""
    row = connection.execute("SELECT redeliver(%s, %s, %s)", [number, position, word]).fetchone()
    return bool(row and row[0])


def dead_again(connection: Connection, *, by: str, number: int | None = None) -> int:
    """Send every dead message again, of one webhook or of all; returns how many. As the room's owner."""
    row = connection.execute(
        "SELECT count(*) FILTER (WHERE redeliver_as(webhook, position, 'again', %s)) FROM delivery WHERE state = 'dead' "
        "AND (%s::bigint IS NULL OR webhook = %s)",
        [by, number, number],
    ).fetchone()
    return int(row[0]) if row else 0


def message(region: str, position: int, type_: str, at: datetime, unit: str | None, task: int) -> bytes:
    """What is told, the same at each try: a CloudEvent whose data names the Task to fetch. Nothing of a client."""
    told = {
        "specversion": "1.0", "id": str(position), "source": f"torni:{region}", "type": type_, "time": at.isoformat(),
        "datacontenttype": "application/json", "data": {"unit": unit, "task": f"/fhir/Task/{task}"},
    }  # fmt: skip
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def signed(secret: str, id_: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature` of Standard Webhooks: HMAC-SHA256 over id, moment and body."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.digest(key, f"{id_}.{timestamp}.".encode() + body, hashlib.sha256)).decode()
