"""`torni demo`: the region's findings, then an invented year in the record room, and the pages on it."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from torni.cli.adding import later
from torni.core import clock
from torni.core.faults import bad_input
from torni.core.language import _, speaking, t

if TYPE_CHECKING:
    from torni.tower.live import Live


def demo(args: argparse.Namespace) -> int:
    for name, least in (("residents", 500), ("speed", 0)):
        given = getattr(args, name)
        if given is not None and given < least:
            raise bad_input(
                f"--{name}", t("{given} is too small", given=given), t("Write at least {least}.", least=least)
            )

    def findings() -> None:
        from torni.cli.check import load, print_picture
        from torni.network import check
        from torni.tower import Picture

        network = load(args)
        print_picture(Picture(network, tuple(check(network))))  # what happens is told below, when there is a room
        sys.stdout.flush()

    if not args.no_serve:
        args.first = findings
        return later("torni.web.serve:serve")(args)
    findings()
    from torni.facts import opening
    from torni.facts.postgres import server
    from torni.services import regions
    from torni.services.days import Days
    from torni.simulation.year.live import run
    from torni.tower.live import live
    from torni.tower.watching import keep_watch

    region = regions.find(args.region).id
    with server() as database:
        opening.prepare(database.url)
        with opening.connect(database.url, autocommit=True) as connection:
            opening.claim(connection, region, invented={"seed": args.seed, "residents": args.residents})
        with speaking("fi"):  # what is recorded is the same whoever loads it
            run(database.url, region=region, seed=args.seed, residents=args.residents, speed=1.0, until=clock.now())
        with opening.connect(database.url, autocommit=True) as connection:
            row = connection.execute("SELECT registered()").fetchone()
            days = Days(region)
            keep_watch(connection, lambda day: days.on(day).library, back=0)
            found = live(connection, lambda day: days.on(day).library, residents=row[0] if row else 0)
    assert found is not None
    print_live(found)
    return 0


def print_live(found: Live) -> None:
    """The promises about what happens, broken first, and the alerts."""
    from torni.cli.show import mark, table
    from torni.supervision import sentences
    from torni.tower.finding_texts import counted_text, target_text, value_text

    order = {"broken": 0, "unknown": 1, "kept": 2}
    rows = [
        [mark(f.state), value_text(f), target_text(f), f.told, counted_text(f), f.id]
        for f in sorted(found.found, key=lambda f: order[f.state])
    ]
    print(
        "\n"
        + _("Invented for demonstration: what happened, as known {moment}").format(
            moment=sentences.moment_text(found.now.at)
        )
        + "\n"
    )
    table(["", _("value"), _("target"), _("promise"), _("counted"), ""], rows, right=(1, 2))
