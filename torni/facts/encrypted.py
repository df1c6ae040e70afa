"""A file that only its key opens, and that tells whether it is as it was written: how a backup lies on any disk.

Written in pieces as it comes, however large. Each piece is encrypted and bound to its place (ChaCha20-Poly1305, a key of its own for
each file); the whole is signed (Ed25519). The key stands in a file outside the database, made at first need: who has the database or
the backup has not the key. A line of it is one key: the first is used, the others still open what was written with them.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from torni.core.faults import BadInput, bad_input
from torni.core.language import Message, t
from torni.facts.key_file import KeyFile

MARK = b"TORNI BACKUP 1\n"
KEY_LINE = "torni-backup-key-1"
_ID, _SALT, _SIGNATURE, _TAG = 8, 32, 64, 16
_PIECE = 1 << 20


@dataclass(frozen=True)
class Key:
    """32 secret bytes, of which everything else is derived."""

    secret: bytes

    @property
    def signer(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._derived(b"", b"torni backup: signs"))

    @property
    def id(self) -> bytes:
        """Which key it is, told in each file that it has written."""
        public = self.signer.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return hashlib.sha256(public).digest()[:_ID]

    def cipher(self, salt: bytes) -> ChaCha20Poly1305:
        return ChaCha20Poly1305(self._derived(salt, b"torni backup: encrypts"))

    def _derived(self, salt: bytes, what: bytes) -> bytes:
        return HKDF(SHA256(), 32, salt, what).derive(self.secret)


_KEPT = KeyFile(
    "TORNI_BACKUP_KEY", "backup.key", KEY_LINE,
    opens=Message("It opens every backup: chmod 600 it."),
    missing=Message("is not there, and no backup is opened without its key"),
    empty=Message("holds no key of backups"),
    bring=Message("Bring the key's file from where it is kept, or name it with TORNI_BACKUP_KEY."),
    name=Message("Name a file for the backups' key with TORNI_BACKUP_KEY."),
)  # fmt: skip


def key_file() -> Path:
    """Where the backups' keys are: TORNI_BACKUP_KEY, or a file of the data folder."""
    return _KEPT.path()


def new_key() -> Path | None:
    """Make the key's file where there is none, for its owner alone to read. Returns it where it was made."""
    return _KEPT.make()


def keys() -> list[Key]:
    """The keys of the file, the one in use first. A file that others may read, or that holds none, is a fault."""
    return [Key(secret) for secret in _KEPT.secrets()]


def write(pieces: Iterable[bytes], file: IO[bytes], key: Key) -> None:
    """Everything that comes, encrypted and signed, into the file."""
    head = MARK + key.id + secrets.token_bytes(_SALT)
    cipher, hashed = key.cipher(head[-_SALT:]), hashlib.sha256()

    def out(part: bytes) -> None:
        hashed.update(part)
        file.write(part)

    def piece(number: int, plain: bytes, last: bool) -> None:
        closed = cipher.encrypt(_nonce(number, last), plain, head)
        out(len(closed).to_bytes(4, "big") + closed)

    out(head)
    held, number = b"", 0
    for part in pieces:
        held += part
        while len(held) > _PIECE:
            piece(number, held[:_PIECE], False)
            held, number = held[_PIECE:], number + 1
    piece(number, held, True)
    file.write(key.signer.sign(hashed.digest()))


def is_encrypted(file: IO[bytes]) -> bool:
    """Does it begin as one of ours? The file is left at its beginning."""
    begins = file.read(len(MARK))
    file.seek(0)
    return begins == MARK


def read(file: IO[bytes], known: Iterable[Key]) -> Iterator[bytes]:
    """What was written, piece by piece, each only when it is as it was written; the whole is so only when the last has come.

    BadInput where no known key has written it, and where it is cut short or changed anywhere.
    """
    head = file.read(len(MARK) + _ID + _SALT)
    if len(head) < len(MARK) + _ID + _SALT or not head.startswith(MARK):
        raise _damaged()
    key = next((key for key in known if key.id == head[len(MARK) : len(MARK) + _ID]), None)
    if key is None:
        raise bad_input(t("the backup"), t("was written with another key than those of {file}", file=key_file()), t("Nothing was changed. Bring the key's file from where it is kept, or name it with TORNI_BACKUP_KEY."))  # fmt: skip
    cipher, hashed = key.cipher(head[-_SALT:]), hashlib.sha256(head)
    closed, number, last = _piece(file), 0, False
    while not last:
        plain, last = _opened(cipher, number, closed, head)
        hashed.update(len(closed).to_bytes(4, "big") + closed)
        if not last:
            yield plain
            closed, number = _piece(file), number + 1
    signature, more = file.read(_SIGNATURE), file.read(1)
    try:
        key.signer.public_key().verify(signature, hashed.digest())
    except InvalidSignature as error:
        raise _damaged() from error
    if more:
        raise _damaged()
    yield plain


def _opened(cipher: ChaCha20Poly1305, number: int, closed: bytes, head: bytes) -> tuple[bytes, bool]:
    """The piece, and whether it is the last: that is bound into it, so a file cut after a whole piece is told."""
    for last in (False, True):
        try:
            return cipher.decrypt(_nonce(number, last), closed, head), last
        except InvalidTag:
            continue
    raise _damaged()


def _piece(file: IO[bytes]) -> bytes:
    size = int.from_bytes(file.read(4), "big")
    closed = file.read(size) if _TAG <= size <= _PIECE + _TAG else b""
    if len(closed) != size or not closed:
        raise _damaged()
    return closed


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _damaged() -> BadInput:
    return bad_input(
        t("the backup"),
        t("is cut short, or is not as it was written"),
        t("Nothing was changed. Take another backup, and keep this one to be looked into."),
    )
