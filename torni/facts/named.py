"""Where a person is named beside the own rows: accounts, what was sent by them, others' events and refused records, by any spelling.

A name is known by the register and by the person's accounts; an identity code by the register. A text names her where one of these stands in
it whole, whatever its case, blanks and order of the names, or with a short ending. Not told apart: another inflection, a first name alone,
and a name that another client has too (`shared`): that is then not looked for in others' texts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from torni.facts.data_fields import ByType, naming
from torni.facts.opening import Connection
from torni.facts.registers import TYPES

GONE = "…"  # stands where a name stood
_SURE = 5  # digits: a number so long is a client's wherever it stands in a refused record; a shorter one where a field says so
_AS_IT_IS, _ESCAPED = re.compile(r"([%_\\])"), r"\\\1"
_FIELDS = ("client", "asiakas", "asiakasnumero", "klient", "klientnummer", "holder", "patient", "person")


@dataclass(frozen=True)
class Named:
    """How a client is named. `accounts`: those that were hers alone; `signs`: the names by which they sign in."""

    client: int
    names: tuple[str, ...]
    codes: tuple[str, ...]
    accounts: tuple[int, ...]
    signs: tuple[str, ...]
    shared: tuple[str, ...]
    fields: frozenset[str]

    @property
    def plain(self) -> list[str]:
        """The names to sign in by that are no plain words."""
        return [name for name in self.signs if not name.isalpha()]

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        told = [*(_spelled(name) for name in self.names), *(re.escape(word) for word in (*self.codes, *self.plain))]
        return re.compile(rf"(?<!\w)(?:{'|'.join(told)})\w{{0,4}}(?!\w)", re.IGNORECASE) if told else None

    @property
    def like(self) -> list[str]:
        """For the database: what a row must be like to be looked at."""
        words = [max(name.split(), key=len) for name in self.names]
        return [f"%{_AS_IT_IS.sub(_ESCAPED, word)}%" for word in (*words, *self.codes, *self.plain)]

    def tells(self, text: str) -> bool:
        return self._pattern is not None and self._pattern.search(text) is not None

    def without(self, told: Any) -> Any:
        """What was told, without what names her in its texts."""
        if isinstance(told, str):
            return self._pattern.sub(GONE, told) if self._pattern else told
        if isinstance(told, dict):
            return {k: self.without(v) for k, v in told.items()}
        return [self.without(v) for v in told] if isinstance(told, list) else told

    def is_of(self, raw: Any) -> bool:
        """Is a refused record about her: by her number, however it is spelled, her name or her identity code?"""
        return any(
            self._number(key, value) or (isinstance(value, str) and self.tells(value))
            for key, value in _leaves("", raw)
        )

    def _number(self, key: str, value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return False
        said = re.sub(r"\.0+$", "", re.sub(r"\s", "", str(value))).lstrip("0")
        if said == str(self.client):
            return len(said) >= _SURE or key.casefold() in self.fields
        return len(str(self.client)) >= _SURE and re.search(rf"(?<!\d)0*{self.client}(?!\d)", str(value)) is not None


def _spelled(name: str) -> str:
    """A name as people write it: the family name first or last, with a comma or without."""
    first, *rest = (re.escape(word) for word in name.split())
    if not rest:
        return first
    *middle, last = rest
    around = r"\s+".join((first, *middle))
    return rf"{around}\s+{last}|{last}\s*,?\s+{around}" + (rf"|{first}\s+{last}" if middle else "")


def _leaves(key: str, told: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(told, dict):
        for k, v in told.items():
            yield from _leaves(k, v)
    elif isinstance(told, list):
        for v in told:
            yield from _leaves(key, v)
    else:
        yield key, told


def strings(told: Any) -> list[str]:
    """Every text in what was told."""
    return [value for _key, value in _leaves("", told) if isinstance(value, str)]


def named(connection: Connection, client: int, data: ByType) -> Named:
    """How the client is named, as the register and the accounts tell; an account that has been another's or an official's is not hers. As the owner."""
    register = connection.execute(
        "SELECT DISTINCT name, identity FROM public.client WHERE client = %s", [client]
    ).fetchall()
    accounts = connection.execute(
        "SELECT a.account, a.name, a.shown FROM account a WHERE EXISTS (SELECT 1 FROM standing s WHERE s.account = a.account AND s.client = %(client)s) "
        "AND NOT EXISTS (SELECT 1 FROM standing s WHERE s.account = a.account AND (s.client IS DISTINCT FROM %(client)s) AND s.role IS NOT NULL)",
        {"client": client},
    ).fetchall()  # fmt: skip
    told = {" ".join(n.split()) for n in (*(n for n, _code in register), *(shown for *_rest, shown in accounts)) if n and len(n.split()) > 1}  # fmt: skip
    shared = {
        name for (name,) in connection.execute(
            "SELECT DISTINCT n FROM unnest(%s::text[]) n WHERE EXISTS (SELECT 1 FROM public.client c WHERE c.client <> %s AND lower(c.name) = lower(n))", [sorted(told), client]
        ).fetchall()
    }  # fmt: skip
    fields = {*_FIELDS, *(field for _type, field in naming(data))}
    codes = {code for _name, code in register if code and len(code) >= _SURE}
    signs = {name for _account, name, _shown in accounts if len(name) >= _SURE}
    return Named(
        client, tuple(sorted(told - shared)), tuple(sorted(codes)), tuple(a for a, *_rest in accounts), tuple(sorted(signs)), tuple(sorted(shared)),
        frozenset(fields),
    )  # fmt: skip


def elsewhere(connection: Connection, who: Named, *, after: int = 0, own: bool = False) -> list[tuple[int, Any, Any, bool]]:  # fmt: skip
    """Others' events that she has sent or in whose texts she is named: position, data and sender, both without that, and whether it is her own
    (`own`: those too). `after`: only later ones. What others' registers hold is theirs, and stays."""
    rows = connection.execute(
        "SELECT position, type, data, sender, client IS NOT DISTINCT FROM %(client)s FROM event WHERE (%(own)s OR client IS DISTINCT FROM %(client)s) AND position > %(after)s "
        "AND (sender->>'account' = ANY (%(signs)s) OR sender->>'mended_account' = ANY (%(signs)s) OR data::text ILIKE ANY (%(like)s))",
        {"client": who.client, "after": after, "own": own, "signs": list(who.signs), "like": who.like},
    ).fetchall()  # fmt: skip
    out = []
    for position, type_, data, sender, hers in rows:
        told = data if type_ in TYPES and not hers else who.without(data)
        by = without_sender(sender, who.signs)
        if (told, by) != (data, sender):
            out.append((position, told, by, hers))
    return out


def without_sender(sender: Any, signs: Collection[str]) -> Any:
    """The sender without the names of an account that is hers; its role and how it came stay."""
    if not isinstance(sender, dict):
        return sender
    gone = set()
    if sender.get("account") in signs:
        gone |= {"account", "who"}
    if sender.get("mended_account") in signs:
        gone |= {"mended_account", "mended_by"}
    return {k: v for k, v in sender.items() if k not in gone}


def refused(connection: Connection, who: Named) -> list[tuple[int, bool, Any]]:
    """Refused records that are about her, or that she sent: number, whether it is about her, and the sender without her."""
    number = r"\s*".join(str(who.client))
    rows = connection.execute(
        "SELECT number, raw, sender FROM quarantine WHERE raw::text ~ %(number)s OR raw::text ILIKE ANY (%(like)s) "
        "OR sender->>'account' = ANY (%(signs)s) OR sender->>'mended_account' = ANY (%(signs)s)",
        {"number": f"(^|[^0-9])0*{number}([^0-9]|$)", "like": who.like, "signs": list(who.signs)},
    ).fetchall()  # fmt: skip
    found = ((number, who.is_of(raw), sender, without_sender(sender, who.signs)) for number, raw, sender in rows)
    return [(number, hers, by) for number, hers, sender, by in found if hers or by != sender]


def as_json(told: Any) -> str | None:
    return None if told is None else json.dumps(told, ensure_ascii=False)
