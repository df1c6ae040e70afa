"""Persons and events that are written otherwise in one table than in another: most likely the same, and never taken for one unsaid.

A table program eats leading zeros, a text program changes hyphens, an export writes 1001.0, and people differ in case and blanks.
What then meets nothing would be told as lost and as charged for nothing, though neither is so.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from torni.core.faults import Fault
from torni.core.language import t

_HYPHENS = re.compile("[\u00ad\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d]")
_UNSEEN = re.compile("[\\s\u200b-\u200d\u2060\ufeff]")
_MOST_TOLD = 20


def like(name: str) -> str:
    """The name without what programs and people change: leading zeros, case, blanks, kinds of hyphen, a whole number's decimals."""
    plain = _HYPHENS.sub("-", unicodedata.normalize("NFKC", _HYPHENS.sub("-", name)))
    plain = re.sub(r"^(\d+)[.,]0+$", r"\1", _UNSEEN.sub("", plain).casefold())
    return plain.lstrip("0") or plain[-1:]


def persons_misspelt(tables: Mapping[str, tuple[pl.DataFrame, Sequence[int]]]) -> list[Fault]:
    """Persons of `delivered` and `charged` who are nobody among the clients as they are written, but somebody by likeness; and of
    `charged`, who are nobody's clients, those written otherwise than in `delivered`. `tables`: rows, and their numbers in the file."""
    faults: list[Fault] = []
    known: set[str] = set()
    near: dict[str, tuple[str, str]] = {}
    told_in = {"clients": t("among the clients"), "delivered": t("among the services delivered")}
    for name in ("clients", "delivered", "charged"):
        table, rows = tables[name]
        told: set[str] = set()
        for i, person in _first_of_each(table["person"]):
            found = near.get(like(person))
            if person in known:
                continue
            if found is None:
                near[like(person)] = person, name
                known.add(person)
            elif name == "clients":
                known.add(person)  # two clients alike are two: each has told its own row
            elif person not in told and len(told) < _MOST_TOLD:
                told.add(person)
                faults.append(
                    Fault(
                        t("{name}, row {n}", name=name, n=rows[i]),
                        t('the person "{found}" is written "{near}" {where}', found=person, near=found[0], where=told_in[found[1]]),
                        t("Write each person alike in every table."),
                    )
                )  # fmt: skip
    return faults


def events_misspelt(
    delivered: pl.DataFrame, charged: pl.DataFrame, rows: Sequence[int], places: Sequence[int]
) -> list[Fault]:
    """Events that a charge names and that are none as they are written, but one of that person's by likeness. `rows`: of `charged` in
    its file; `places`: of `delivered` in its own."""
    named = charged.select("event", "person").with_row_index("row").drop_nulls("event")
    strange = named.join(delivered.select("event"), on="event", how="anti")
    if strange.is_empty():
        return []
    of: dict[tuple[str, str], tuple[str, int]] = {}
    own = delivered.select("event", "person").with_row_index("row").join(strange.select("person").unique(), on="person", how="semi")  # fmt: skip
    for row, event, person in own.iter_rows():
        of.setdefault((person, like(event)), (event, row))
    faults: list[Fault] = []
    for row, event, person in strange.sort("row").iter_rows():
        if len(faults) == _MOST_TOLD:
            break
        if found := of.get((person, like(event))):
            what = t('the event "{found}" is written "{near}" among the services delivered, on row {n}', found=event, near=found[0], n=places[found[1]])  # fmt: skip
            faults.append(
                Fault(t("{name}, row {n}", name="charged", n=rows[row]), what, t("Write each event alike in both tables."))
            )  # fmt: skip
    return faults


def _first_of_each(names: pl.Series) -> Iterable[tuple[int, str]]:
    """Each name with the place of its first row, in the order of the rows."""
    first = names.to_frame("name").with_row_index("row").group_by("name", maintain_order=True).agg(pl.col("row").min())
    return ((row, name) for name, row in first.iter_rows())
