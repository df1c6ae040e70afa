"""Secrets that the room must read again, closed with a key outside the database: second factors, and what signs producers' messages.

Whoever has the database alone, or its backup's key and file, signs in as nobody and forges no message. Each is bound to whose it is, so
that one account's cannot be put in another's place.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from torni.core.faults import bad_input
from torni.core.language import Message, t
from torni.facts.key_file import KeyFile
from torni.facts.opening import Connection

_KEPT = KeyFile(
    "TORNI_SECRETS_KEY", "secrets.key", "torni-secrets-key-1",
    opens=Message("It opens second factors: chmod 600 it."),
    missing=Message("is not there, and no second factor or webhook's secret is read without it"),
    empty=Message("holds no key of secrets"),
    bring=Message("Bring the key's file from where it is kept, or name it with TORNI_SECRETS_KEY."),
    name=Message("Name a file for the key of secrets with TORNI_SECRETS_KEY."),
)  # fmt: skip
_MARK, _NONCE = "closed1", 12


def key_file() -> Path:
    """Where the keys of secrets are: TORNI_SECRETS_KEY, or a file of the data folder."""
    return _KEPT.path()


def second_of(account: int) -> str:
    """Whose a second factor's secret is, as it is bound."""
    return f"second factor of {account}"


def webhook_of(producer: str, url: str) -> str:
    """Whose a webhook's secret is, as it is bound."""
    return f"webhook of {producer} at {url}"


def close(secret: str, whose: str) -> str:
    """The secret as the database keeps it. The key is made at first need."""
    _KEPT.make()
    return _closed(_KEPT.secrets()[0], secret, whose)


def is_closed(kept: str) -> bool:
    """Secrets of before there was a key stand as they are, until they are used or the key is made anew."""
    return kept.startswith(f"{_MARK}:")


def open_(kept: str, whose: str) -> str:
    """The secret that `close` was given; BadInput where no key of the file opens it, or it is another's."""
    if not is_closed(kept):
        return kept
    _, name, told = kept.split(":", 2)
    closed = base64.b64decode(told)
    for key in _KEPT.secrets():
        if _name(key) == name:
            try:
                return ChaCha20Poly1305(key).decrypt(closed[:_NONCE], closed[_NONCE:], whose.encode()).decode()
            except InvalidTag:
                break
    raise bad_input(
        str(_KEPT.path()),
        t("does not open a secret that the record room keeps"),
        t("Bring the key's file from where it is kept, or name it with TORNI_SECRETS_KEY."),
    )


def digest(text: str) -> str:
    """What stands for a text outside the database, and tells nothing without the key. The key is made at first need."""
    _KEPT.make()
    return digests()(text)[0]


def digests() -> Callable[[str], list[str]]:
    """What gives the same of a text by each key that there has been, the newest first."""
    keys = _KEPT.secrets()
    return lambda text: [hmac.new(key, f"torni digest: {text}".encode(), sha256).hexdigest() for key in keys]


def renew(connection: Connection) -> int:
    """A new key, with which all second factors are closed anew; the old ones still open webhooks' secrets. Returns how many second factors."""
    _KEPT.renew()
    key = _KEPT.secrets()[0]
    with connection.transaction():
        rows = connection.execute(
            "SELECT account, secret FROM credential WHERE secret IS NOT NULL FOR UPDATE"
        ).fetchall()
        for account, kept in rows:
            whose = second_of(account)
            connection.execute(
                "UPDATE credential SET secret = %s WHERE account = %s",
                [_closed(key, open_(kept, whose), whose), account],
            )
    return len(rows)


def _closed(key: bytes, secret: str, whose: str) -> str:
    nonce = secrets.token_bytes(_NONCE)
    told = nonce + ChaCha20Poly1305(key).encrypt(nonce, secret.encode(), whose.encode())
    return f"{_MARK}:{_name(key)}:{base64.b64encode(told).decode()}"


def _name(key: bytes) -> str:
    """Which key it is, told with each secret."""
    return sha256(b"torni secrets: which" + key).hexdigest()[:12]
