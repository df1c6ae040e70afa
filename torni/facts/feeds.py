"""Who may send events by the API: a feed and its key, shown once, kept only as a hash."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from torni.facts.opening import Connection


def new(connection: Connection, source: str, *, producer: str | None = None) -> str:
    """A new key for the source; a producer's speaks of that producer's units alone. It cannot be shown again."""
    key = "torni_" + secrets.token_urlsafe(32)
    connection.execute(
        "INSERT INTO feed (source, key_hash, producer) VALUES (%s, %s, %s)", [source, _hash(key), producer]
    )
    return key


def source_of(connection: Connection, key: str) -> tuple[str, str | None] | None:
    """The source that the key speaks for, and the producer it is held to (None: none), or None."""
    row = connection.execute(
        "SELECT source, producer FROM feed f WHERE key_hash = %s AND NOT EXISTS (SELECT 1 FROM feed_ended e WHERE e.number = f.number)",
        [_hash(key)],
    ).fetchone()
    return (row[0], row[1]) if row else None


def end(connection: Connection, source: str) -> int:
    """End every key of the source. Returns how many."""
    return connection.execute(
        "INSERT INTO feed_ended (number) SELECT number FROM feed WHERE source = %s ON CONFLICT DO NOTHING", [source]
    ).rowcount


def listed(connection: Connection) -> list[tuple[str, datetime, datetime | None, str | None]]:
    """Each key's source, when it was made, when it ended, the producer it is held to."""
    return connection.execute(
        "SELECT source, made_at, e.at, producer FROM feed f LEFT JOIN feed_ended e ON e.number = f.number ORDER BY source, made_at"
    ).fetchall()


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()  # the key is 256 random bits: it needs no salt and no slow hash
