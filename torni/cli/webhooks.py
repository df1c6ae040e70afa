"""`torni webhook`: where producers' systems are told of plans, and how the messages stand."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

from torni.cli.show import mark, table
from torni.core.language import _, number
from torni.facts import opening, rights, webhooks
from torni.facts.opening import Connection
from torni.facts.postgres import server


def new(args: argparse.Namespace) -> int:
    """An address to tell, and the secret by which the producer knows that a message is ours."""
    with _room() as connection:
        made, secret = webhooks.new(connection, args.producer, args.url)
    print(_("Webhook {number}. Its secret is shown only now:").format(number=made))
    print(secret)
    return 0


def listed(args: argparse.Namespace) -> int:
    with _room() as connection:
        # whoever runs commands here owns the room: as those of the staff who see every producer's
        role = next(r for r in rights.who_may("deliveries") if rights.how(r, "deliveries") == rights.ALL)
        connection.execute("SELECT set_config('torni.role', %s, false)", [role])
        found = webhooks.shown(connection)
    rows = [
        [mark("unknown" if w.ended_at else "broken" if w.dead or w.failing else "kept"), str(w.number), w.producer, w.url, number(w.delivered),
         number(w.waiting), number(w.dead), _("ended") if w.ended_at else w.fault or str(w.status or "–")]
        for w in found
    ]  # fmt: skip
    heads = [
        "",
        _("number"),
        _("producer"),
        _("address"),
        _("delivered"),
        _("waiting"),
        _("given up"),
        _("last answer"),
    ]
    table(heads, rows, right=(1, 4, 5, 6))
    return 0


def end(args: argparse.Namespace) -> int:
    with _room() as connection:
        webhooks.end(connection, args.number)
    print(_("Webhook {number} has ended.").format(number=args.number))
    return 0


def again(args: argparse.Namespace) -> int:
    """Every message that was given up is sent again: after the other side is mended."""
    with _room() as connection:
        count = webhooks.dead_again(connection, by="torni", number=args.number)
    print(_("{count} sent again").format(count=number(count)))
    return 0


@contextmanager
def _room() -> Iterator[Connection]:
    with server() as database:
        opening.prepare(database.url)
        with opening.connect(database.url, autocommit=True) as connection:
            yield connection
