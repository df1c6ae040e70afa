"""Which visit each charge is of: by person, day and service; never by the number alone.

One rule, in four steps, each for what those before have left:

1. What names its visit is of it, where person, day and service agree; and what a later day corrects of it, once it has been billed.
2. A bill that names none is of a visit of its person, day and service: as many visits as can be are made right to the cent; one that
   names what is no event is of such a visit only if it makes it right. A visit that has a credit has been billed, so it comes before one
   that has nothing. What makes none right is one bill of several unbilled visits, where they and no others come to it (of a
   service in its month up to its day, or of its day); else it is of the greatest unbilled one.
3. What is still left corrects: alone, or a credit with its new bill, it is of the billed visit, of that day or an earlier, that it makes
   right to the cent, the yearly ceiling counted; or one credit is of all visits of a service that were charged too much, where they and
   no others come to it; a whole credit takes back the bill that it equals, first one that met no visit. What then is left of a day with one visit is of that visit.
4. Of what has met no visit, what comes to nothing for the person is nothing.

Only facts break ties (days, times, services, amounts), so how events and charges are called, and in which order they stand, changes
no verdict. Not considered: one bill of some of a service's unbilled visits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import Any

import duckdb

_TOGETHER = ((2, 300), (3, 30))  # so many corrections are tried together, of so many at most: more take too long
_NOTHING = Decimal(0)

_FOUND = """
    CREATE TEMP TABLE fits AS SELECT c.charge, c."on", r.event AS found, r."on" AS day
    FROM charge c LEFT JOIN by_rule r ON c.event = r.event AND c.person = r.person AND coalesce(c.formula, r.formula) = r.formula;
    CREATE TEMP TABLE named AS SELECT charge, found AS met, false AS void, CAST(NULL AS DECIMAL(18,2)) AS part
    FROM fits WHERE found IS NOT NULL AND "on" = day;
    INSERT INTO named SELECT charge, found, false, NULL FROM fits
    WHERE found IS NOT NULL AND "on" > day AND found IN (SELECT met FROM named)
"""
_LEFT = """
    SELECT c.person, c.charge, c."on", coalesce(c.formula, ''), c.amount_eur, c.event,
        c.event IS NOT NULL AND c.event NOT IN (SELECT event FROM by_rule), CASE WHEN f."on" > f.day THEN f.found END
    FROM charge c JOIN fits f USING (charge) ANTI JOIN named n USING (charge)
"""
_VISITS = """
    SELECT r.person, r.event, r."on", r.minute, r.formula, r.rule_eur, n.charges FROM by_rule r
    LEFT JOIN (SELECT n.met, list({'day': c."on", 'amount': c.amount_eur}) AS charges FROM named n JOIN charge c USING (charge) GROUP BY n.met) n
    ON r.event = n.met WHERE r.person IN (SELECT unnest(?::VARCHAR[]))
"""


@dataclass(eq=False)
class Visit:
    """A visit and its account. `due`: what the rule gives, None where it cannot be told; `account`: day and amount of its charges."""

    event: str
    day: date
    minute: int | None
    formula: str
    due: Decimal | None
    account: list[tuple[date, Decimal]] = field(default_factory=list)
    waiting: list[Left] = field(default_factory=list)  # what a later day corrects, before a bill is known
    billed: bool = False

    @property
    def net(self) -> Decimal:
        return sum((amount for _, amount in self.account), sum((w.amount for w in self.waiting), _NOTHING))

    @property
    def gap(self) -> Decimal | None:
        return None if self.due is None else self.due - self.net

    @property
    def lacks(self) -> Decimal | None:
        """What a bill of it would be, whatever later days correct of it."""
        return None if self.gap is None else self.gap + sum((w.amount for w in self.waiting), _NOTHING)

    @property
    def standing(self) -> list[tuple[date, Decimal]]:
        """The charges that no whole credit has taken back."""
        bills = sorted(c for c in self.account if c[1] >= 0)
        left = []
        for on, amount in sorted(c for c in self.account if c[1] < 0):
            of = [b for b in bills if b[1] == -amount]
            if of:
                bills.remove(of[-1])
            else:
                left.append((on, amount))
        return bills + left

    def facts(self) -> tuple[Any, ...]:
        due = _NOTHING - 1 if self.due is None else self.due
        named = sorted([*self.account, *((w.on, w.amount) for w in self.waiting)])
        return (self.day, self.minute is None, self.minute or 0, self.formula, due, named)


@dataclass(eq=False)
class Left:
    """A charge that has met no visit yet. `name`: the event that it names in vain, None where it names none; `strange`: it is no event at
    all; `of`: it is one, of an earlier day. `parts`: the visits that it is one bill or one credit of, each with its share."""

    charge: str
    on: date
    formula: str
    amount: Decimal
    name: str | None
    strange: bool = False
    of: Visit | None = None
    met: Visit | None = None
    void: bool = False
    parts: list[tuple[Visit, Decimal]] = field(default_factory=list)

    @property
    def done(self) -> bool:
        return self.void or self.met is not None or bool(self.parts)

    def facts(self) -> tuple[Any, ...]:
        return (self.on, not self.formula, self.formula, self.amount, self.name is not None)

    def may(self, visit: Visit) -> bool:
        return self.formula in ("", visit.formula)

    def meet(self, visit: Visit) -> None:
        self.met, visit.billed = visit, True
        visit.account.append((self.on, self.amount))

    def share(self, visits: Iterable[Visit], wanted: Callable[[Visit], Decimal | None]) -> None:
        """One bill, or one credit, of them all: to each what it lacks, or has too much."""
        for visit in visits:
            gap, visit.billed = wanted(visit), True
            assert gap is not None
            self.parts.append((visit, gap))
            visit.account.append((self.on, gap))


class Meeting:
    """The charges of `charged` and the visits of `by_rule`, as they meet. `named` is the table of charges with `met`, their event, or
    `void`, that they come to nothing."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        columns = [row[0] for row in connection.execute("SELECT column_name FROM (DESCRIBE charged)").fetchall()]
        formula = "" if "formula" in columns else ", CAST(NULL AS VARCHAR) AS formula"
        connection.execute(f"CREATE TEMP TABLE charge AS SELECT *{formula} FROM charged")
        connection.execute(_FOUND)
        self._open()
        for visits, left in self.persons.values():
            by_day(visits, left)
        self._keep()

    @property
    def settled(self) -> bool:
        return not any(left for _, left in self.persons.values())

    def correct(self, told: str) -> None:
        """Steps 3 and 4, by what is due after the yearly ceiling: `expected` of the query `told`, by event."""
        persons = [person for person, (_, left) in self.persons.items() if left]
        dues = dict(
            self.connection.execute(
                f"SELECT event, expected FROM ({told}) WHERE person IN (SELECT unnest(?::VARCHAR[]))", [persons]
            ).fetchall()
        )
        for visits, left in map(self.persons.__getitem__, persons):
            for visit in visits:
                visit.due = dues[visit.event]
            corrections(visits, left)
            to_nothing(left)
        self._keep()

    def _open(self) -> None:
        left = self.connection.execute(_LEFT).fetchall()
        persons = sorted({row[0] for row in left})
        self.persons: dict[str, tuple[list[Visit], list[Left]]] = {p: ([], []) for p in persons}
        of: dict[str, Visit] = {}
        visits = self.connection.execute(_VISITS, [persons]).fetchall()
        for person, event, day, minute, formula, rule, charges in visits:
            account = [(c["day"], c["amount"]) for c in charges or ()]
            of[event] = Visit(event, day, minute, formula, rule, account, billed=bool(account))
            self.persons[person][0].append(of[event])
        for person, charge, on, formula, amount, name, strange, waits_for in left:
            one = Left(charge, on, formula, amount, name, strange, of.get(waits_for))
            self.persons[person][1].append(one)
            if one.of is not None:
                one.of.waiting.append(one)

    def _keep(self) -> None:
        """Write what has met or come to nothing, and let it go."""
        rows: list[tuple[str, str | None, bool, Decimal | None]] = []
        for _, left in self.persons.values():
            for one in left:
                rows += [(one.charge, visit.event, False, part) for visit, part in one.parts]
                if one.met or one.void:
                    rows.append((one.charge, one.met.event if one.met else None, one.void, None))
            left[:] = [one for one in left if not one.done]
        columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], [], []]
        self.connection.execute(
            "INSERT INTO named SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::BOOLEAN[]), unnest(?::DECIMAL(18,2)[])",
            columns,
        )


def by_day(visits: list[Visit], left: list[Left]) -> None:
    """Step 2, of one person: bills that name no visit meet those of their day."""
    left.sort(key=Left.facts)
    visits.sort(key=Visit.facts)
    credited = _credited(left)
    strange = [one for one in left if one.strange]
    for credit in (one for one in strange if one.amount < 0):
        _void(credit, [b for b in strange if b.name == credit.name])
    days: dict[date, list[Left]] = defaultdict(list)
    for one in left:
        if (one.name is None and one.amount >= 0) or (one.strange and one.amount > 0 and not one.void):
            days[one.on].append(one)
    for day, all_bills in days.items():
        bills = [one for one in all_bills if one.name is None]
        here = [v for v in visits if v.day == day]
        lacking = [v for v in here if v.net < 0 and not v.billed]  # a credit of a bill that is not there yet
        for among, wanted in ((lacking, _gap), (lacking, _credit), (here, _gap)):
            _meet([b for b in bills if not b.met], [v for v in among if among is here or not v.billed], wanted)
        _meet([one for one in all_bills if one.strange], [v for v in here if not v.billed and v.gap], _gap)
        _shared([one for one in all_bills if not one.met and one not in credited], visits)
        rest = sorted((b for b in bills if not b.done), key=lambda b: (b in credited, not b.formula, -b.amount))
        for bill in rest:
            free = [v for v in here if not v.standing and bill.may(v)]
            if free:
                bill.meet(max(free, key=lambda v: (v in lacking, _NOTHING - 1 if v.gap is None else v.gap)))
    for visit in visits:
        waiting, visit.waiting = visit.waiting, []
        for one in waiting if visit.billed else ():
            if not one.done:
                one.meet(visit)


def corrections(visits: Sequence[Visit], left: list[Left]) -> None:
    """Step 3, of one person: credits and new bills that name no visit."""
    loose = [one for one in sorted(left, key=Left.facts) if one.name is None]
    billed = [v for v in sorted(visits, key=Visit.facts, reverse=True) if v.billed]
    _meet(loose, [v for v in billed if v.gap], _gap)
    gaps: dict[Decimal, list[Visit]] = defaultdict(list)
    for visit in billed:
        if visit.gap:
            gaps[visit.gap].append(visit)
    for size, most in _TOGETHER:
        waiting = [one for one in loose if not one.met]
        for some in combinations(waiting, size) if len(waiting) <= most else ():
            total = sum((one.amount for one in some), _NOTHING)
            if total and not any(one.met for one in some):
                fits = (v for v in gaps.get(total, ()) if v.gap == total and all(_after(one, v) for one in some))
                found = next(fits, None)
                for one in some if found else ():
                    one.meet(found)  # type: ignore[arg-type]
    credited = _credited(left)
    _shared([one for one in left if one not in credited], visits)
    for credit in (one for one in loose if one.amount < 0 and not one.done):
        if not _void(credit, [b for b in left if b.name is None]):
            back = [v for v in billed if v.net >= -credit.amount and _after(credit, v) and _bill(v, credit)]
            if back:
                credit.meet(max(back, key=lambda v: (v.gap != 0, _bill(v, credit))))
    for one in loose:
        only = [v for v in visits if v.day == one.on and one.may(v)]
        if len(only) == 1 and not one.done:
            one.meet(only[0])


def _shared(charges: Sequence[Left], visits: Sequence[Visit]) -> None:
    """One bill of several unbilled visits, one credit of several that were charged too much: where they and no others come to it."""
    for one in charges:
        if one.done or not (one.name is None or one.strange or one.of):
            continue
        for wanted in (_gap, _lacks):  # right with what later days correct of the visits, else before it
            fits = {
                frozenset(some)
                for some in _several(one, visits, wanted)
                if len(some) > 1 and sum(wanted(v) or 0 for v in some) == one.amount
            }
            if len(fits) == 1:
                some = fits.pop()
                if one.of is None or one.of in some:
                    one.share((v for v in visits if v in some), wanted)
                break
            if fits:
                break


def _several(one: Left, visits: Sequence[Visit], wanted: Callable[[Visit], Decimal | None]) -> Iterator[list[Visit]]:
    """The visits that it may be of: all of a service that lack a bill, of its month up to its day or of its day, or all of its day; of a
    credit all of a service that were charged too much."""
    may = [v for v in visits if wanted(v) and _after(one, v)]
    if one.amount < 0:
        over = [v for v in may if v.billed and wanted(v) < 0]  # type: ignore[operator]
        for formula in {v.formula for v in over}:
            yield [v for v in over if v.formula == formula]
        return
    lacking = [v for v in may if not v.billed and not v.standing and wanted(v) > 0 and (v.day.year, v.day.month) == (one.on.year, one.on.month)]  # type: ignore[operator]  # fmt: skip
    today = [v for v in lacking if v.day == one.on]
    yield today
    for formula in {v.formula for v in lacking}:
        yield [v for v in lacking if v.formula == formula]
        yield [v for v in today if v.formula == formula]


def to_nothing(left: list[Left]) -> None:
    """Step 4, of one person: a bill with its whole credit, what comes to nothing in all, and bills of nothing."""
    there = [one for one in sorted(left, key=Left.facts) if not one.done]
    credits_ = [one for one in there if one.amount < 0]
    for credit in credits_:
        _void(credit, [b for b in there if b.name == credit.name])
    for credit in (c for c in credits_ if not c.void):
        _void(credit, there)
    names: dict[str | None, list[Left]] = defaultdict(list)
    for one in there:
        if not one.void:
            names[one.name].append(one)
    for some in [*names.values(), [one for one in there if not one.void]]:
        if sum((one.amount for one in some), _NOTHING) == 0:
            for one in some:
                one.void = True
    for one in there:
        one.void = one.void or one.amount == 0


def _credited(left: Sequence[Left]) -> set[Left]:
    """The bills that whole credits may be of: they wait until others have met."""
    found: set[Left] = set()
    for credit in (one for one in left if one.name is None and one.amount < 0):
        fits = [b for b in left if b.name is None and b not in found and _takes_back(credit, b)]
        if fits:
            found.add(fits[-1])
    return found


def _void(credit: Left, bills: Iterable[Left]) -> bool:
    """Does the credit take back one of the bills that have met no visit, whole? The latest of them."""
    fits = [b for b in bills if not b.done and _takes_back(credit, b)]
    if fits:
        bill = max(fits, key=lambda b: b.on)
        credit.void = bill.void = True
    return bool(fits)


def _takes_back(credit: Left, bill: Left) -> bool:
    return (
        bill.amount == -credit.amount
        and bill.on <= credit.on
        and (bill.formula == credit.formula or "" in (bill.formula, credit.formula))
    )


def _bill(visit: Visit, credit: Left) -> date | None:
    """The day of the visit's latest bill that stands and that the credit equals."""
    return max((on for on, amount in visit.standing if amount == -credit.amount and on <= credit.on), default=None)


def _after(one: Left, visit: Visit) -> bool:
    return visit.day <= one.on and one.may(visit)


def _gap(visit: Visit) -> Decimal | None:
    return visit.gap


def _lacks(visit: Visit) -> Decimal | None:
    return visit.lacks


def _credit(visit: Visit) -> Decimal | None:
    return -visit.net


def _meet(charges: Sequence[Left], visits: Sequence[Visit], wanted: Callable[[Visit], Decimal | None]) -> None:
    """As many charges as can be meet a visit each, one that wants just their amount and is of their day or an earlier.

    By augmenting paths: a charge may take another's visit where the other finds one instead. What a search has reached in vain is
    never to be had, so no later one looks there.
    """
    by_amount: dict[Decimal, list[Visit]] = defaultdict(list)
    for visit in visits:
        amount = wanted(visit)
        if amount is not None:
            by_amount[amount].append(visit)
    taken: dict[Visit, Left] = {}
    closed: set[Visit] = set()
    for charge in charges:
        came: dict[Visit, Left] = {}
        held: dict[Left, Visit] = {}
        queue, end = [charge], None
        while queue and end is None:
            one = queue.pop(0)
            for visit in by_amount.get(one.amount, ()):
                if visit in came or visit in closed or not _after(one, visit):
                    continue
                came[visit] = one
                if visit not in taken:
                    end = visit
                    break
                held[taken[visit]] = visit
                queue.append(taken[visit])
        if end is None:
            closed.update(came)
        while end is not None:
            one = came[end]
            taken[end] = one
            end = held.get(one)
    for visit, charge in taken.items():
        charge.meet(visit)
