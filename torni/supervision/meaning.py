"""That what has happened means what the definitions say today: a new or changed promise is measured of the whole past, from its first day."""

from __future__ import annotations

from torni.core.clock import today
from torni.facts.book import Books
from torni.facts.meaning import Remade, books_of_days, known_meanings, made_anew, meanings, note_meanings
from torni.facts.opening import Connection
from torni.services.days import Days, edges

_LOOKED = ""  # in the place of a promise: the version of the definitions that were last looked at


def keep_meaning(connection: Connection, days: Days, books: Books) -> Remade | None:
    """Make anew the effects of the promises whose events do something else by the definitions than they were last made to do; None
    where there are none. Costs a look where the definitions are those of the last time. `connection`: the owner's; `days`, `books`: of its region.

    Promises that the definitions have no more keep their effects, which nobody shows.
    """
    rules = days.on(today())
    version, known = rules.library.whole_version, known_meanings(connection)
    if known.get(_LOOKED) == version:
        return None
    told = meanings(books_of_days(books, edges(rules)))
    changed = {promise: meaning for promise, meaning in told.items() if known.get(promise) != meaning}
    made = made_anew(connection, books, changed) if changed else None
    newest = connection.execute("SELECT position FROM consumer WHERE name = 'tally'").fetchone()
    note_meanings(connection, {_LOOKED: version}, newest[0] if newest else 0)
    return made
