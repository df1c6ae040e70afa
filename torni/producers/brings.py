"""What producers bring to the pages, the command line and the background (`torni/core/brought.py` says what each means)."""

from __future__ import annotations

from torni.core.brought import Brings, Command, Entry, Option, Page
from torni.core.language import N_, Message

BRINGS = Brings(
    pages=(
        Page("deliveries/", "deliveries", "torni.producers.pages:deliveries", "deliveries.html", "deliveries"),
        Page(
            "deliveries/<int:webhook>/<int:position>/",
            "deliveries",
            "torni.producers.pages:delivery",
            "delivery.html",
            "deliveries",
            form="send_again",
            sends="torni.producers.pages:send_again",
        ),
    ),
    entries=(Entry("producers", "deliveries", Message("Deliveries"), ("deliveries",)),),
    groups={"webhook": N_("where producers' systems are told of plans")},
    commands={
        "webhook": (
            Command(
                "new",
                N_("an address to tell; its secret is shown once"),
                "torni.producers.commands:new",
                (Option("producer", "PRODUCER", N_("as the units name it")), Option("url", "ADDRESS", "https://...")),
            ),
            Command("list", N_("every address and how its messages stand"), "torni.producers.commands:listed"),
            Command(
                "end",
                N_("tell an address nothing more"),
                "torni.producers.commands:end",
                (Option("number", "NUMBER", kind=int),),
            ),
            Command(
                "again",
                N_("send every dead message again"),
                "torni.producers.commands:again",
                (Option("number", "NUMBER", N_("of one address only"), kind=int, optional=True),),
            ),
        )
    },
    workers={"torni.producers.deliver": "courier"},
)
