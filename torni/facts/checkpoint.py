"""Checkpoints: the root of the tree of days, signed, for people outside to keep. Whoever holds one can tell whether anything before it has changed.

The text is a signed note as transparency logs write them (c2sp.org/tlog-checkpoint): the log's name, how many days, the root, the last day,
and a signature by a key (Ed25519) that is kept in a file outside the database.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from torni.core.faults import BadInput, bad_input
from torni.core.language import Message, t
from torni.facts import merkle
from torni.facts.key_file import KeyFile
from torni.facts.opening import Connection
from torni.facts.sealing import seals
from torni.facts.verify import Check

_KEPT = KeyFile(
    "TORNI_SEAL_KEY", "seal.key", "torni-seal-key-1",
    opens=Message("It signs in the organiser's name: chmod 600 it."),
    missing=Message("is not there, and no checkpoint is signed without it"),
    empty=Message("holds no key of checkpoints"),
    bring=Message("Bring the key's file from where it is kept, or name it with TORNI_SEAL_KEY."),
    name=Message("Name a file for the checkpoints' key with TORNI_SEAL_KEY."),
)  # fmt: skip
_SIGNED = "— "


@dataclass(frozen=True)
class Checkpoint:
    """The first `size` days' root, as told by `name`. `day`: the last of them. `text`: what is signed."""

    name: str
    size: int
    root: bytes
    day: str

    @property
    def text(self) -> str:
        return f"{self.name}\n{self.size}\n{base64.b64encode(self.root).decode()}\nday {self.day}\n"


def name_of(region: str) -> str:
    return f"torni/{region}"


def public_key(name: str) -> str:
    """The key by which the room's checkpoints are checked, as one line: name, mark and key."""
    return _told(name, _signer().public_key())


def keep(connection: Connection) -> str | None:
    """Sign the newest seal's checkpoint, where it is not signed yet, and keep it; into a file of the folder TORNI_CHECKPOINTS too, where one is
    named. Returns the newest checkpoint's note; None where no day is sealed yet. The key is made at first need."""
    found = seals(connection)
    row = connection.execute("SELECT region FROM room").fetchone()
    if not found or row is None:
        return None
    known = connection.execute("SELECT note FROM checkpoint WHERE size = %s", [len(found)]).fetchone()
    if known:
        return str(known[0])
    _KEPT.make()
    one = Checkpoint(name_of(row[0]), len(found), merkle.root([s.leaf for s in found]), str(found[-1].day))
    note = signed(one)
    connection.execute("INSERT INTO checkpoint (size, note) VALUES (%s, %s) ON CONFLICT DO NOTHING", [one.size, note])
    if folder := os.environ.get("TORNI_CHECKPOINTS"):
        _write(Path(folder), one, note)
    return note


def _write(folder: Path, one: Checkpoint, note: str) -> None:
    path = folder / f"{one.name.replace('/', '-')}-{one.day}.txt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(note, encoding="utf-8")
    except OSError as error:
        raise bad_input(str(path), t("cannot be written: {reason}", reason=error.strerror or error), t("Name another folder with TORNI_CHECKPOINTS.")) from error  # fmt: skip


def signed(one: Checkpoint) -> str:
    """The checkpoint's note, with the signature of the key in use."""
    key = _signer()
    signature = _mark(one.name, key.public_key()) + key.sign(one.text.encode())
    return f"{one.text}\n{_SIGNED}{one.name} {base64.b64encode(signature).decode()}\n"


def read(note: str, *, key: str) -> Checkpoint:
    """The checkpoint of a note that this key has signed; BadInput where it is none, or was changed, or another has signed it."""
    text, _, signatures = note.partition("\n\n")
    try:
        name, size, root, day = text.split("\n")[:4]
        one = Checkpoint(name, int(size), base64.b64decode(root, validate=True), day.removeprefix("day "))
        known_name, mark, told = key.strip().split("+", 2)
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(told, validate=True)[1:])
        known = [base64.b64decode(line.rpartition(" ")[2]) for line in signatures.splitlines() if line.startswith(f"{_SIGNED}{known_name} ")]  # fmt: skip
    except ValueError as error:
        raise _no_checkpoint() from error
    if one.text != f"{text}\n" or one.name != known_name or mark != _mark(name, public).hex():
        raise _no_checkpoint()
    for signature in known:
        if signature[:4] == _mark(name, public):
            try:
                public.verify(signature[4:], one.text.encode())
                return one
            except InvalidSignature:
                break
    raise bad_input(t("the checkpoint"), t("is not signed by this key, or was changed"), t("Compare it with a copy that somebody else has kept."))  # fmt: skip


def against(connection: Connection, one: Checkpoint) -> Check:
    """Are the room's first days those that the checkpoint stands for? With `verify`, which makes each day again from its events, so is all
    that was written in them."""
    row = connection.execute("SELECT region FROM room").fetchone()
    found = seals(connection)
    same = row is not None and one.name == name_of(row[0]) and 0 < one.size <= len(found)
    same = same and merkle.root([s.leaf for s in found[: one.size]]) == one.root
    told = Message("the days up to the checkpoint's are those that it was signed for")
    return Check("checkpoint", told, one.size, int(not same), None if same else one.day)


EXTENSION = "torni extension 1"


def newest(connection: Connection) -> str | None:
    """The newest checkpoint's note that was signed; None before the first. It tells nothing of anybody, so it is for whoever asks."""
    row = connection.execute("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1").fetchone()
    return str(row[0]) if row else None


def extension(connection: Connection, earlier: int) -> str:
    """Proof that the newest checkpoint stands for all that the one of so many days stood for, with what came after; it is checked with nothing
    of the room (`tools/check_proof.py --extends`). BadInput where no checkpoint of so many days can have been signed."""
    row = connection.execute("SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1").fetchone()
    if row is None or not 0 < earlier <= row[0]:
        raise bad_input(str(earlier), t("is no number of days that a checkpoint of this room has told"), t("Write the second line of the checkpoint that you have kept."))  # fmt: skip
    path = merkle.consistency([s.leaf for s in seals(connection)[: row[0]]], earlier)
    return f"{EXTENSION}\n{earlier}\n{base64.b64encode(b''.join(path)).decode() or '-'}\n{row[1]}"


def _no_checkpoint() -> BadInput:
    return bad_input(t("the checkpoint"), t("is no checkpoint, or its key is of another room"), t("Name a file that `torni checkpoint` wrote, and the key of its room."))  # fmt: skip


def _signer() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_KEPT.secrets()[0])


def _raw(key: Ed25519PublicKey) -> bytes:
    return b"\1" + key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _mark(name: str, key: Ed25519PublicKey) -> bytes:
    """Which key it is, told with each signature."""
    return sha256(name.encode() + b"\n" + _raw(key)).digest()[:4]


def _told(name: str, key: Ed25519PublicKey) -> str:
    return f"{name}+{_mark(name, key).hex()}+{base64.b64encode(_raw(key)).decode()}"
