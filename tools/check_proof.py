"""Is this event in the log? Checks a proof that a room of Torni has given, with nothing of Torni: `python check_proof.py PROOF EVENT KEY`.

PROOF and EVENT are the two files that were given, KEY the room's public key, a line that was got from another hand than the proof.
`python check_proof.py --extends PROOF OLDER KEY`: does the newer checkpoint in PROOF stand for all that the OLDER one, a kept file, stood for?
Needs Python 3.9 and the package `cryptography`, or the program `openssl`. The exit code is 0 where the event is in the log, 1 where it is not.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import tempfile
from hashlib import sha256


def leaf(content: bytes) -> bytes:
    return sha256(b"\0" + content).digest()


def root_by(hashed: bytes, index: int, size: int, path: bytes) -> bytes:
    """The root to which the hash leads (RFC 9162, 2.1.3.2)."""
    last, steps = size - 1, [path[i : i + 32] for i in range(0, len(path), 32)]
    if not 0 <= index < size:
        raise ValueError("no such leaf")
    while last:
        if index & 1:
            hashed = sha256(b"\1" + steps.pop(0) + hashed).digest()
        elif index < last:
            hashed = sha256(b"\1" + hashed + steps.pop(0)).digest()
        index, last = index >> 1, last >> 1
    if steps:
        raise ValueError("too long a path")
    return hashed


def path_of(told: str) -> bytes:
    return b"" if told == "-" else base64.b64decode(told, validate=True)


def is_signed(public: bytes, signature: bytes, text: bytes) -> bool:
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        return by_openssl(public, signature, text)
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except InvalidSignature:
        return False
    return True


def by_openssl(public: bytes, signature: bytes, text: bytes) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        files = {"key": bytes.fromhex("302a300506032b6570032100") + public, "signature": signature, "text": text}
        for name, content in files.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(content)
        asked = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key", "-keyform", "DER", "-rawin", "-in", "text", "-sigfile", "signature"]  # fmt: skip
        return subprocess.run(asked, cwd=folder, capture_output=True, check=False).returncode == 0


def checkpoint(note: str, key: str) -> tuple[int, bytes, str]:
    """How many days, their root and the last of them, of a checkpoint that the key has signed; ValueError of another."""
    text, _, signatures = note.partition("\n\n")
    name, days, told_root, day = text.split("\n")
    key_name, _, told_key = key.strip().split("+", 2)
    raw = base64.b64decode(told_key, validate=True)
    mine = sha256(key_name.encode() + b"\n" + raw).digest()[:4]
    signed = [base64.b64decode(line.rpartition(" ")[2]) for line in signatures.splitlines() if line.startswith("— " + key_name + " ")]  # fmt: skip
    if name != key_name or not any(s[:4] == mine and is_signed(raw[1:], s[4:], text.encode() + b"\n") for s in signed):
        raise ValueError("the checkpoint is not signed by this key")
    return int(days), base64.b64decode(told_root), day.replace("day ", "")


def extends(proof: str, older: str, key: str) -> tuple[str, str]:
    """The last days of the older and the newer checkpoint; ValueError where the proof does not show that the one is part of the other."""
    mark, size, path, note = proof.split("\n", 3)
    if mark != "torni extension 1":
        raise ValueError("this is no proof that a checkpoint extends another")
    earlier, before, first = checkpoint(older, key)
    days, now, last = checkpoint(note, key)
    if int(size) != earlier or not is_part(earlier, before, days, now, path_of(path)):
        raise ValueError(
            "the newer checkpoint does not stand for what the older one stood for: something has been rewritten"
        )
    return first, last


def is_part(earlier: int, before: bytes, size: int, now: bytes, path: bytes) -> bool:
    """Are the earlier root's leaves the first of those of the root now (RFC 9162, 2.1.4.2)?"""
    steps = [path[i : i + 32] for i in range(0, len(path), 32)]
    if earlier == size:
        return not steps and before == now
    if not 0 < earlier < size or not steps:
        return False
    if not earlier & (earlier - 1):
        steps = [before, *steps]
    index, last = earlier - 1, size - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if not last:
            return False
        if index & 1 or index == last:
            old, new = sha256(b"\1" + step + old).digest(), sha256(b"\1" + step + new).digest()
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            new = sha256(b"\1" + new + step).digest()
        index, last = index >> 1, last >> 1
    return not last and old == before and new == now


def check(proof: str, event: bytes, key: str) -> str:
    """The last day of the checkpoint that the event's proof leads to; ValueError, in words, where it does not."""
    mark, first, second, third, note = proof.split("\n", 4)
    if mark != "torni proof 1":
        raise ValueError("this is no proof")
    _, index, leaves, salt, path = first.split(" ")
    days, told_root, day = checkpoint(note, key)
    root = root_by(leaf(bytes.fromhex(salt) + event), int(index), int(leaves), path_of(path))
    what, *line = second.split(" ")
    broken = line[4:]
    sealed = leaf(" ".join([*line[:4], root.hex(), *broken]).encode())
    _, number, above = third.split(" ")
    if what != "seal" or root_by(sealed, int(number), days, path_of(above)) != told_root:
        raise ValueError("the event is not in the log that the checkpoint stands for")
    if broken:
        raise ValueError("the event is in the log, but its day was found changed when it was sealed")
    return day


def read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def main() -> int:
    asked = sys.argv[1:]
    part = asked[:1] == ["--extends"]
    if len(asked) != 3 + part:
        print(__doc__)
        return 2
    proof, other, key = asked[part:]
    key = read(key) if os.path.exists(key) else key
    try:
        if part:
            print(
                "The checkpoint of {1} stands for all that the one of {0} stood for.".format(
                    *extends(read(proof), read(other), key)
                )
            )
        else:
            with open(other, "rb") as file:
                day = check(read(proof), file.read().rstrip(b"\n"), key)
            print("The event is in the log of " + key.split("+")[0] + ", as signed on the checkpoint of " + day + ".")
    except (ValueError, IndexError) as error:
        print("Not proved: " + str(error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
