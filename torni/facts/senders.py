"""Who sends an event: stamped by the door from the account, key or program that it came by, never taken from the event itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from torni.core.language import Message, t
from torni.facts import rights
from torni.facts.access import Who

ACCOUNT: Literal["account"] = "account"
Kind = Literal["account", "feed", "process", "command"]
ORGANISER = "organiser"  # its registers, programs and commands
SENDING = tuple(role.id for role in rights.ROLES.values() if role.may)  # the roles that a type of event may name
_IN_THEIR_WORDS = {"producer": Message("the producer of the unit"), "resident": Message("the client")}


@dataclass(frozen=True)
class Sender:
    """An account at a page, a feed by its key, a process of Torni's own, or a command of whoever administers the server.

    `who`: the name of the account's that others see, the feed's source, the process or command. `account`: the name it signs in by. `role` and `organisation` (a producer): an account's and a
    feed's, where it has one. `file`: the name of the file that an event stood in. `mended_by`: who sent it again out of quarantine.
    """

    kind: Kind
    who: str
    role: str | None = None
    organisation: str | None = None
    file: str | None = None
    mended_by: str | None = None
    account: str | None = None
    mended_account: str | None = None

    def told(self) -> dict[str, str]:
        """What is written beside the event."""
        return {k: v for k, v in vars(self).items() if v is not None}

    def of_file(self, name: str) -> Sender:
        return replace(self, file=name)


def part_of(sender: Sender | None, producer: str | None = None) -> str:
    """As whom it sends: ORGANISER, or one of `SENDING`; a type of event declares which of these may (`senders` in `definitions/events`).

    What has a producer is the producer's, also where the batch alone is held to one (`producer`). An account sends in its role, at a page or by
    a file. The organiser's own may send all: registers and other feeds without a producer, processes, commands, and a sender not known.
    """
    if producer or (sender and sender.organisation):
        return rights.of("producer")[0]
    return sender.role if sender and sender.kind == ACCOUNT and sender.role else ORGANISER


def who_may(declared: Collection[str]) -> str:
    """Who may send a type whose `senders` these are, for people."""
    told = [str(t("the organiser's registers and programs"))]
    for role in SENDING:
        if role in declared:
            told.append(str(_IN_THEIR_WORDS.get(role) or rights.ROLES[role].name))
    return ", ".join(told)


def account(who: Who) -> Sender:
    """The signed-in account, or the feed that a machine speaks as."""
    if who.machine:
        return feed(who.name, who.producer)
    return Sender(ACCOUNT, who.shown, who.role, who.producer, account=who.name)


def feed(source: str, producer: str | None) -> Sender:
    return Sender("feed", source, None, producer)


def process(name: str) -> Sender:
    return Sender("process", name)


def command(name: str) -> Sender:
    return Sender("command", name)


SIGNED_IN_BY = ("account", "mended_account")  # names to sign in by, which no client has use for


def mended(first: Mapping[str, Any] | None, by: Sender) -> Sender:
    """Who first sent the row, with who mended it. Where it is not known who sent it, it is the mender's."""
    if not first:
        first = by.told()
    known: dict[str, Any] = {k: v for k, v in first.items() if k in Sender.__dataclass_fields__}
    return replace(Sender(**known), mended_by=by.who, mended_account=by.account)


def sentence(sender: Mapping[str, Any] | None) -> str:
    """Who sent an event, in a line for people. Plainly so where that is not known: an event written before senders were."""
    if not sender or not sender.get("who"):
        return str(t("not known"))
    parts = [str(sender["who"])]
    if sender.get("organisation"):
        parts.append(str(sender["organisation"]))
    if sender.get("file"):
        row = sender.get("row")
        parts.append(str(t("{file}, row {row}", file=sender["file"], row=row)) if row else str(sender["file"]))
    if sender.get("mended_by"):
        parts.append(str(t("mended by {who}", who=sender["mended_by"])))
    return ", ".join(parts)
