"""Tables of any shape: bands of any dimensions, checked to answer every case exactly once.

A table is written as text. One form has a column for each dimension and the value last; the other spreads the last
dimension over the columns ("hours / household_size" in the corner):

    age   | household_size | value         hours / household_size | 1    | 2    | 3..
    <1    | *              | 900.00        ..4                    | 0.08 | 0.07 | 0.06
    1..17 | 1,2            | 700.00        5..                    | 0.10 | 0.09 | 0.08
    >=18  | 3..            | 500.00

A band is one value, several with commas, `a..b` (ends included), `..b`, `a..`, `<b`, `<=b`, `>a`, `>=a`, or `*`. Of a field whose halves
are rounded up the bands are whole numbers, and each holds what is rounded into it: 5 holds 4.5 to 5.49.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from torni.core import bounds
from torni.core.faults import Fault, nearest_name
from torni.core.language import t
from torni.engines.rules.tree import Band, Field, Table, Type, Value

Row = tuple[tuple[Band, ...], Decimal]
MOST_ROWS = 2_000  # cases told apart in about a second; the largest table in use has 40
MOST_DIMENSIONS = 8  # cases multiply with each, and so does the check that every one has an answer


def read(text: str, fields: Mapping[str, Field], *, name: str, where: str) -> Table | list[Fault]:
    """The table, or all its faults: a field that is not known, a band that is not one, a case left out or told twice."""
    return _Reading(text, fields, name, where).table()


class _Reading:
    def __init__(self, text: str, fields: Mapping[str, Field], name: str, where: str) -> None:
        self.fields, self.name, self.where = fields, name, where
        self.long = bounds.too_long(len(text), bounds.MOST_TEXT)
        self.lines = (
            []
            if self.long
            else [[cell.strip() for cell in line.split("|")] for line in text.splitlines() if line.strip()]
        )
        self.faults: list[Fault] = []
        self.full = False

    def table(self) -> Table | list[Fault]:
        if self.long:
            self.fault(1, self.long.what, self.long.remedy)
            return self.faults
        if len(self.lines) < 2:
            self.fault(1, t("the table has no rows"), t("Write a heading row, then at least one row."))
            return self.faults
        heading, spread = self.lines[0], "/" in self.lines[0][0]
        names = [n.strip() for n in heading[0].split("/")] if spread else heading[:-1]
        if not spread and heading[-1] != "value":
            self.fault(1, t('the last column is "{found}"', found=heading[-1]), t('Name it "value".'))
        if spread and len(names) != 2:
            self.fault(
                1, t("the corner names {n} fields", n=len(names)), t('Write two, such as "hours / household_size".')
            )
        if len(names) > MOST_DIMENSIONS:
            self.fault(
                1, t("{n} columns of fields; at most {most} are allowed", n=len(names), most=MOST_DIMENSIONS), t("Make several tables of it.")
            )  # fmt: skip
            return self.faults
        for name in sorted({n for n in names if names.count(n) > 1}):
            self.fault(1, t('"{found}" is there twice', found=name), t("Give each field one column."))
        dimensions = [self.dimension(n) for n in names]
        for i, line in enumerate(self.lines[1:], 2):
            if len(line) != len(heading):
                self.fault(
                    i, t("{n} cells; the heading has {m}", n=len(line), m=len(heading)), t("Give every row as many cells as the heading, between |.")
                )  # fmt: skip
        if self.faults:
            return self.faults
        known = [d for d in dimensions if d]
        rows = self.spread(known) if spread else self.listed(known)
        if self.faults:
            return self.faults
        self.complete(known, rows)
        scale = max(max(0, -int(v.as_tuple().exponent)) for _, v in rows)
        digits = max(len(str(abs(int(v)))) for _, v in rows) + scale
        made = Table(self.name, tuple(known), tuple(rows), Type("decimal" if scale else "whole", digits, scale))
        return self.faults or made

    def dimension(self, name: str) -> Field | None:
        field = self.fields.get(name)
        if field is None:
            near = nearest_name(name, self.fields)
            self.fault(
                1, t('"{found}" is not a client field', found=name), t('Did you mean "{near}"?', near=near) if near else t("`torni fields` lists them.")
            )  # fmt: skip
        elif field.kind == "yes_no":
            self.fault(1, t('"{found}" is a yes-no field', found=name), t("Use a number, a date or a code."))
            return None
        return field

    def listed(self, dimensions: Sequence[Field]) -> list[Row]:
        rows: list[Row] = []
        for i, line in enumerate(self.lines[1:], 2):
            bands = [self.bands(cell, d, i) for cell, d in zip(line[:-1], dimensions, strict=True)]
            value = self.value(line[-1], i)
            if value is not None and self.few_enough(rows, bands):
                rows += [(combination, value) for combination in _combinations(bands)]
        return rows

    def few_enough(self, rows: Sequence[Row], bands: Sequence[Sequence[Band]]) -> bool:
        """May so many cases be added? Asked before they are made: three cells of a hundred values each are a million cases."""
        count = len(rows) + math.prod(map(len, bands))
        if count > MOST_ROWS and not self.full:
            self.full = True
            self.fault(1, t("{n} cells; at most {most} are allowed", n=count, most=MOST_ROWS), t("Use wider bands."))
        return not self.full

    def spread(self, dimensions: Sequence[Field]) -> list[Row]:
        down, across = dimensions
        columns = [self.bands(cell, across, 1) for cell in self.lines[0][1:]]
        rows: list[Row] = []
        for i, line in enumerate(self.lines[1:], 2):
            head = self.bands(line[0], down, i)
            for column, cell in zip(columns, line[1:], strict=True):
                value = self.value(cell, i)
                if value is not None and self.few_enough(rows, [head, column]):
                    rows += [(combination, value) for combination in _combinations([head, column])]
        return rows

    def value(self, cell: str, line: int) -> Decimal | None:
        if not re.fullmatch(r"\d{1,9}(\.\d{1,4})?", cell):
            self.fault(
                line, t('"{found}" is not an amount', found=cell), t("Write a number with a decimal point, such as 900 or 0.085.")
            )  # fmt: skip
            return None
        return Decimal(cell)

    def bands(self, cell: str, field: Field, line: int) -> list[Band]:
        if cell == "*":
            return [Band(codes=frozenset(field.codes))] if field.kind == "code" else [Band(field.least, field.most)]
        if field.kind == "code":
            codes = [c.strip() for c in cell.split(",")]
            for code in codes:
                if code not in field.codes:
                    near = nearest_name(code, field.codes)
                    self.fault(
                        line, t('"{text}" is not in the code list {name}', text=code, name=field.code_list), t('Did you mean "{near}"?', near=near) if near else ""
                    )  # fmt: skip
            return [Band(codes=frozenset(codes))]
        return [band for part in cell.split(",") if (band := self.band(part.strip(), field, line))]

    def band(self, text: str, field: Field, line: int) -> Band | None:
        match = re.fullmatch(r"(<=|>=|<|>)\s*(\S+)", text)
        low: object = None
        high: object = None
        try:
            if match:
                begins, ends = _edges(match[2], field)
                low = {"<": None, "<=": None, ">": _step(ends, field)(1), ">=": begins}[match[1]]
                high = {"<": _step(begins, field)(-1), "<=": ends, ">": None, ">=": None}[match[1]]
            elif ".." in text:
                first, _, last = text.partition("..")
                low = _edges(first, field)[0] if first.strip() else None
                high = _edges(last, field)[1] if last.strip() else None
            else:
                low, high = _edges(text, field)
        except (ValueError, InvalidOperation):
            self.fault(
                line, t('"{found}" is not a band of {name}', found=text, name=field.name), t("Write such as 5, 1..4, ..4, 38.., <1, >=18 or *.")
            )  # fmt: skip
            return None
        low = field.least if low is None else low
        high = field.most if high is None else high
        if _less(high, low) or _less(low, field.least) or _less(field.most, high):
            self.fault(
                line, t('"{found}" is outside the range of {name}, {least}–{most}', found=text, name=field.name, least=field.least, most=field.most), t("Write a band within the range.")
            )  # fmt: skip
            return None
        return Band(low, high)  # type: ignore[arg-type]

    def complete(self, dimensions: Sequence[Field], rows: Sequence[Row]) -> None:
        """Every case has exactly one value. Cases are boxes between the bands' edges, so the check is exact."""
        gap = _first_fault(dimensions, rows, [])
        if gap:
            cases, count = gap
            told = ", ".join(f"{name} {value}" for name, value in cases)
            if count == 0:
                self.fault(1, t("no row answers the case: {case}", case=told), t("Add a row for it, or widen a band."))
            else:
                self.fault(
                    1, t("{n} rows answer the case: {case}", n=count, case=told), t("Let the bands not overlap.")
                )

    def fault(self, line: int, what: str, remedy: str) -> None:
        self.faults.append(Fault(f"{self.where}, " + t("table line {n}", n=line), what, remedy))


def _first_fault(
    dimensions: Sequence[Field], rows: Sequence[Row], sofar: list[tuple[str, object]]
) -> tuple[list[tuple[str, object]], int] | None:
    if not dimensions:
        return None if len(rows) == 1 else (sofar, len(rows))
    field, rest = dimensions[0], dimensions[1:]
    done: set[frozenset[int]] = set()
    for value in _corners(field, [bands[0] for bands, _ in rows]):
        inside = frozenset(i for i, (bands, _) in enumerate(rows) if _holds(bands[0], value))
        if inside in done:
            continue
        done.add(inside)
        found = _first_fault(
            rest, [(rows[i][0][1:], rows[i][1]) for i in sorted(inside)], [*sofar, (field.name, value)]
        )
        if found:
            return found
    return None


def _corners(field: Field, bands: Sequence[Band]) -> list[object]:
    """One value of each stretch on which no band begins or ends."""
    if field.kind == "code":
        return list(field.codes)
    edges: set[object] = {field.least}
    for band in bands:
        edges.add(band.low)
        after = _step(band.high, field)(1)
        if not _less(field.most, after):
            edges.add(after)
    return sorted(edges, key=_order)


def _holds(band: Band, value: object) -> bool:
    if band.codes is not None:
        return value in band.codes
    return not _less(value, band.low) and not _less(band.high, value)


@dataclass(frozen=True, eq=False)
class Split:
    """A step of the way to a table's value: below the limit (or in the codes) to one side, else to the other."""

    dimension: int
    limit: Value | frozenset[str]
    inside: Split | Decimal
    outside: Split | Decimal


@lru_cache(maxsize=512)
def way(table: Table) -> Split | Decimal:
    """The table as a balanced way of yes-no steps, the same for every engine."""
    return _way(table.dimensions, list(table.rows))


def _way(dimensions: Sequence[Field], rows: list[Row]) -> Split | Decimal:
    values = {value for _, value in rows}
    if len(values) == 1:
        return values.pop()
    best: tuple[int, int, Value | frozenset[str]] | None = None
    for d, field in enumerate(dimensions):
        for limit, inside_count, outside_count in _ways(d, field, rows):
            size = max(inside_count, outside_count)
            if inside_count and outside_count and (best is None or (size, d) < best[:2]):
                best = (size, d, limit)
    assert best is not None, "rows of a complete table can always be told apart"
    _, d, limit = best
    inside, outside = _parts(d, limit, rows)
    return Split(d, limit, _way(dimensions, inside), _way(dimensions, outside))


def _ways(d: int, field: Field, rows: list[Row]) -> Iterator[tuple[Any, int, int]]:
    """Each limit by which the dimension could part the rows, and how many would be on each side: counted, not yet parted."""
    if field.kind == "code":
        for codes in {bands[d].codes for bands, _ in rows}:
            inside, outside = _parts(d, codes, rows)
            yield codes, len(inside), len(outside)
        return
    lows = sorted(_order(bands[d].low) for bands, _ in rows)
    highs = sorted(_order(bands[d].high) for bands, _ in rows if bands[d].high is not None)
    endless = len(rows) - len(highs)
    for low in {bands[d].low for bands, _ in rows}:
        if (at := _order(low)) != lows[0]:
            yield low, bisect_left(lows, at), len(highs) - bisect_left(highs, at) + endless


def _parts(d: int, limit: object, rows: list[Row]) -> tuple[list[Row], list[Row]]:
    inside: list[Row] = []
    outside: list[Row] = []
    for bands, value in rows:
        band = bands[d]
        if isinstance(limit, frozenset):
            assert band.codes is not None
            for codes, side in ((band.codes & limit, inside), (band.codes - limit, outside)):
                if codes:
                    side.append(((*bands[:d], Band(codes=codes), *bands[d + 1 :]), value))
        else:
            if _less(band.low, limit):
                inside.append((bands, value))
            if not _less(band.high, limit):
                low = band.low if not _less(band.low, limit) else limit
                outside.append(((*bands[:d], Band(low, band.high), *bands[d + 1 :]), value))  # type: ignore[arg-type]
    return inside, outside


def _combinations(bands: Sequence[Sequence[Band]]) -> list[tuple[Band, ...]]:
    found: list[tuple[Band, ...]] = [()]
    for choices in bands:
        found = [(*sofar, band) for sofar in found for band in choices]
    return found


def _number(text: str, field: Field) -> Value:
    text = text.strip()
    if field.kind == "date":
        return bounds.day_written(text)
    if field.kind == "whole":
        return int(text)
    value = Decimal(text)
    if not value.is_finite() or -int(value.as_tuple().exponent) > field.decimals:
        raise ValueError
    return value


def _edges(text: str, field: Field) -> tuple[Value, Value]:
    """The first and the last value that the number stands for: itself, or of a field rounded halves up all that is rounded to it."""
    if not field.halves_up:
        value = _number(text, field)
        return value, value
    whole, half = Decimal(int(text.strip())), Decimal("0.5")
    assert isinstance(field.least, Decimal) and isinstance(field.most, Decimal), field.name
    if not field.least <= whole <= field.most:
        return whole, whole  # outside the range, which is told as it was written
    return max(whole - half, field.least), min(_step(whole + half, field)(-1), field.most)


def _step(value: object, field: Field):  # type: ignore[no-untyped-def]
    """The neighbouring value on the field's own scale: a day, a whole, or a last decimal away."""
    if isinstance(value, date):
        return lambda n: value + timedelta(days=n)
    size = 1 if field.kind == "whole" else Decimal(1).scaleb(-field.decimals)
    return lambda n: value + n * size


def _less(a: object, b: object) -> bool:
    return a is not None and b is not None and a < b  # type: ignore[operator]


def _order(value: object) -> tuple[bool, object]:
    return value is not None, value
