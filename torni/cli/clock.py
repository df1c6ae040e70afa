"""`torni clock`: the machine's clock beside the record room's own moments, and an administrator's word that it is right."""

from __future__ import annotations

import argparse
import json
from datetime import datetime

from torni.cli.show import mark
from torni.core.faults import bad_input
from torni.core.language import _, t
from torni.facts import opening, recording
from torni.facts.postgres import server
from torni.supervision.sentences import moment_text


def clock(args: argparse.Namespace) -> int:
    """May the clock be trusted? `--right`: it may, whatever the room thinks of it. Exit code 1 where nothing is recorded because of it."""
    with server() as database:
        opening.prepare(database.url)
        with opening.connect(database.url, autocommit=True) as connection:
            if args.right:
                recording.trust(connection)
            found = recording.clocks(connection)
    if found is None:
        raise bad_input(
            t("the record room"), t("belongs to no region yet"), t("Start it with `torni demo` or `torni serve`.")
        )
    ahead = found.recorded is not None and found.recorded > found.clock
    if args.json:
        moments = {name: moment and moment.isoformat() for name, moment in (("clock", found.clock), ("recorded_at", found.recorded), ("seen_at", found.seen))}  # fmt: skip
        print(json.dumps({**moments, "doubted": found.doubted}, indent=2))
        return int(found.doubted)
    print(_("Clock: {moment}").format(moment=_moment(found.clock)))
    print(_("Newest record: {moment}").format(moment=_moment(found.recorded)))
    print(_("Last in use: {moment}").format(moment=_moment(found.seen)))
    if found.doubted:
        print(mark("broken") + " " + _("The clock may have jumped: nothing is recorded until it is set right. If it is right: torni clock --right"))  # fmt: skip
    elif ahead:
        print(mark("unknown") + " " + _("The clock is behind the newest record. What comes now is recorded at the newest record's moment."))  # fmt: skip
    else:
        print(mark("kept") + " " + _("The clock is trusted."))
    return int(found.doubted)


def _moment(moment: datetime | None) -> str:
    return moment_text(moment) if moment else "–"
