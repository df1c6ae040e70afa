"""`torni account` and `torni client`: who may sign in, and one person's data given out or erased."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from torni.cli.show import paragraph, table
from torni.core import clock
from torni.core.faults import bad_input
from torni.core.language import _, ngettext, number, t
from torni.facts import accounts as kept
from torni.facts import closed, erasing, opening, persons, rights
from torni.facts.postgres import server
from torni.facts.proof import prove
from torni.facts.role_names import role_name
from torni.facts.sealing import seal
from torni.producers.known import unknown
from torni.services import load_library


def accounts(args: argparse.Namespace) -> int:
    """Every account."""
    with _room() as connection:
        found = kept.listed(connection)
    table(
        [_("name"), _("person"), _("role"), _("producer"), _("since"), _("second factor")],
        [[name, shown, role_name(role) if role else _("ended"), producer or "", f"{since:%-d.%-m.%Y}", _("yes") if second else _("no")]
         for name, shown, role, producer, since, second in found],
    )  # fmt: skip
    return 0


def account_new(args: argparse.Namespace) -> int:
    """A new account, with a password asked for or read from the input, or with the identity provider's subject."""
    _check_role(args)
    issuer = os.environ.get("TORNI_OIDC_ISSUER")
    if args.subject and not issuer:
        raise bad_input("--subject", t("no identity provider is named"), t("Set TORNI_OIDC_ISSUER first."))
    password = None if args.subject else _password()
    with _room() as connection:
        kept.new(
            connection, args.name.lower(), shown=args.shown or args.name, role=args.role, by=_us(), producer=args.producer,
            client=args.client, unit=args.unit, official=_official(args) or kept.Official(), password=password, issuer=issuer if args.subject else None, subject=args.subject,
        )  # fmt: skip
        _tell_unknown(connection, args.producer)
    print(_("{name} may sign in.").format(name=args.name.lower()))
    return 0


def account_role(args: argparse.Namespace) -> int:
    _check_role(args)
    with _room() as connection:
        kept.stand(
            connection,
            args.name.lower(),
            role=args.role,
            by=_us(),
            producer=args.producer,
            client=args.client,
            unit=args.unit,
            official=_official(args),
        )
        _tell_unknown(connection, args.producer)
    print(_("{name} is now {role}.").format(name=args.name, role=role_name(args.role)))
    return 0


def _official(args: argparse.Namespace) -> kept.Official | None:
    """Title, office and telephone as given; None where none is, and they stay as they were."""
    told = (args.title, args.office, args.phone)
    return kept.Official(*(text or "" for text in told)) if any(text is not None for text in told) else None


def account_password(args: argparse.Namespace) -> int:
    password = _password()
    with _room() as connection:
        kept.set_password(connection, args.name.lower(), password)
    print(_("{name} has a new password, and no second factor.").format(name=args.name))
    return 0


def account_rekey(args: argparse.Namespace) -> int:
    """A new key of secrets, with which every second factor is closed anew."""
    with _room() as connection:
        count = closed.renew(connection)
    print(ngettext("A new key, and {count} second factor closed with it: {file}", "A new key, and {count} second factors closed with it: {file}", count).format(count=count, file=closed.key_file()))  # fmt: skip
    return 0


def account_end(args: argparse.Namespace) -> int:
    with _room() as connection:
        kept.stand(connection, args.name.lower(), role=None, by=_us())
    print(_("{name} may no longer sign in.").format(name=args.name))
    return 0


def client_export(args: argparse.Namespace) -> int:
    """Everything held of a client, into a file that only its owner may read."""
    if args.file.exists():
        raise bad_input(str(args.file), t("is there already"), t("Choose another name."))
    with _room() as connection:
        data = load_library(on=clock.today()).event_data  # of every region the same
        found = persons.export(connection, args.number, data=data, by=args.by, why=_why(args.why))
    with os.fdopen(os.open(args.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        json.dump(found, out, ensure_ascii=False, indent=1)
    print(_("{file}: {events} events").format(file=args.file, events=number(len(found["events"]))))
    return 0


def client_erase(args: argparse.Namespace) -> int:
    with _room() as connection:
        data = load_library(on=clock.today()).event_data  # of every region the same
        done = erasing.erase(connection, args.number, data=data, by=args.by, why=_why(args.why))
    print(
        _(
            "{events} events no longer tell of the person. Every seal, and every other event's proof, holds as before."
        ).format(events=number(done.events))
    )
    print(
        _("Named beside them: {others} events of others, {accounts} accounts, {refused} refused records; no longer.").format(
            others=number(done.others), accounts=number(done.accounts), refused=number(done.refused)
        )
    )  # fmt: skip
    if done.shared:
        print(_("Another client has the same name: in what others have written it was left as it was."))
    for heading, told in ((_("Kept:"), done.kept), (_("Out of reach:"), done.out_of_reach)):
        print(heading)
        for line in told:
            paragraph(str(line), "  ", "– ")
    return 0


def client_proof(args: argparse.Namespace) -> int:
    """Two files: the proof, and the event as it was hashed. Itself written down as a reading of its client."""
    why = _why(args.why)
    with _room() as connection:
        seal(connection)
        found = prove(connection, args.position)
        if found.client is not None:
            persons.note_reading(connection, found.client, by=args.by, what="proof", why=why)
    args.folder.mkdir(parents=True, exist_ok=True)
    for name, told in (("proof", found.text), ("event", found.event + "\n")):
        path = args.folder / f"{name}-{args.position}.{'txt' if name == 'proof' else 'json'}"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            out.write(told)
        print(_("{file}: written").format(file=path))
    return 0


def _why(text: str) -> str:
    if not 3 <= len(text.strip()) <= 500:
        raise bad_input("--why", t("is not a reason"), t("Write on what ground, in 3 to 500 letters."))
    return text.strip()


def _tell_unknown(connection: opening.Connection, producer: str | None) -> None:
    """An account of a producer that no unit is of sees nothing until one is: that is told, and kept."""
    if producer is not None and (fault := unknown(connection, producer)):
        print(fault, file=sys.stderr)


def _check_role(args: argparse.Namespace) -> None:
    of = rights.ROLES[args.role].of
    if (of == "producer") != (args.producer is not None):
        raise bad_input("--producer", t("goes with the role producer, and only with it"), t("Write --role producer --producer NAME."))  # fmt: skip
    if (of == "client") != (args.client is not None):
        raise bad_input("--client", t("goes with the role resident, and only with it"), t("Write --role resident --client NUMBER."))  # fmt: skip
    if args.unit is not None and of != "producer":
        raise bad_input("--unit", t("goes with the role producer, and only with it"), t("Write --role producer --producer NAME --unit UNIT."))  # fmt: skip


def _password() -> str:
    """Asked for twice where somebody sits; else the first line of the input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass(_("Password: "))
    if getpass.getpass(_("Again: ")) != first:
        raise bad_input(t("the password"), t("was written in two ways"), t("Write it again."))
    return first


def _us() -> str:
    return getpass.getuser()


@contextmanager
def _room() -> Iterator[opening.Connection]:
    with server() as database:
        opening.prepare(database.url)
        with opening.connect(database.url, autocommit=True) as connection:
            yield connection
