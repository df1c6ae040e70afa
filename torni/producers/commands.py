"""`torni webhook`: where producers' systems are told of plans, and how the messages stand. Each returns what is printed."""

from __future__ import annotations

from collections.abc import Iterator

from torni.core import language
from torni.core.brought import Rows
from torni.core.language import _
from torni.facts import rights
from torni.facts.opening import Connection
from torni.producers import webhooks


def new(connection: Connection, producer: str, url: str) -> Iterator[str]:
    """An address to tell, and the secret by which the producer knows that a message is ours."""
    made, secret = webhooks.new(connection, producer, url)
    yield _("Webhook {number}. Its secret is shown only now:").format(number=made)
    yield secret


def listed(connection: Connection) -> Iterator[Rows]:
    # whoever runs commands here owns the room: as those of the staff who see every producer's
    role = next(r for r in rights.who_may("deliveries") if rights.how(r, "deliveries") == rights.ALL)
    connection.execute("SELECT set_config('torni.role', %s, false)", [role])
    found = webhooks.shown(connection)
    yield Rows(
        ["unknown" if w.ended_at else "broken" if w.dead or w.failing else "kept" for w in found],
        [_("number"), _("producer"), _("address"), _("delivered"), _("waiting"), _("given up"), _("last answer")],
        [
            [str(w.number), w.producer, w.url, language.number(w.delivered), language.number(w.waiting), language.number(w.dead),
             _("ended") if w.ended_at else w.fault or str(w.status or "–")]
            for w in found
        ],
        right=(0, 3, 4, 5),
    )  # fmt: skip


def end(connection: Connection, number: int) -> Iterator[str]:
    webhooks.end(connection, number)
    yield _("Webhook {number} has ended.").format(number=number)


def again(connection: Connection, number: int | None) -> Iterator[str]:
    """Every message that was given up is sent again: after the other side is mended."""
    count = webhooks.dead_again(connection, by="torni", number=number)
    yield _("{count} sent again").format(count=language.number(count))
