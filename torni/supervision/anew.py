"""Changed promises held against what has really happened: the sums of those whose events now do something else are made anew."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from torni.core.language import Message
from torni.facts.room import Connection
from torni.promises.anew import Past
from torni.promises.finding import Finding
from torni.services.book import within
from torni.services.library import Library
from torni.supervision.measure import gathered, measure_gathered
from torni.supervision.moment import Moment, owed_of, sums_of, units

UNTOLD = Message("what has happened does not tell what this change would do")


def measured_anew(
    connection: Connection, before: Library, after: Library, now: Moment, *, residents: int
) -> list[Finding]:
    """The promises of `after` about what happens, as they would be found at the moment had they been promised all along.

    Only sums are read of promises whose events do what they do by `before`; of others the whole log is (`torni.promises.anew`). What the log
    cannot tell is unknown. Does not consider that those who promise would have done otherwise.
    """
    register = units(connection)
    g = gathered(connection, after, now, register)
    known = {
        f"{s.id}.{p.id}": p.effects(f"{s.id}.{p.id}", s.id, lambda x: within(before, x)) for s, p in before.of_events()
    }
    made, untold = [], set()
    for service, promise in after.of_events():
        name = f"{service.id}.{promise.id}"
        effects = promise.effects(name, service.id, lambda x: within(after, x))
        if known.get(name) != effects:
            rows = promise.anew(Past(connection, now.position, name, service.id), effects)
            if rows is None:
                untold.add(name)
            else:
                made.append((name, rows))
    names = [name for name, _ in made]
    of_made = {w.key for w in g.windows if w.promise in names}
    tally = pl.concat([rows for _, rows in made]) if made else None
    if tally is not None:
        again = sums_of(tally, g.today, [w for w in g.windows if w.key in of_made], g.last)
        owed = owed_of(tally.filter(pl.col("promise").is_in(list(g.owing))), g.today).filter(pl.col("open") != 0)
        g = replace(
            g, summed=pl.concat([g.summed.filter(~pl.col("key").is_in(list(of_made))), again]),
            owed=pl.concat([g.owed.filter(~pl.col("promise").is_in(names)), owed]),
        )  # fmt: skip
    found = measure_gathered(after, register, g, residents=residents)
    return [
        replace(f, state="unknown", value=None, low=0.0, high=1.0, missing=(UNTOLD,), by={}, long={})
        if f.id in untold
        else f
        for f in found
    ]
