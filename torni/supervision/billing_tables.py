"""The three tables of a reconciliation, checked at the border: what is doubtful is refused with its place, nothing is rounded away.

A number is read as people write it (30.20, 30,20, 1 160,00, 30,20 €, and a credit as -30.20, 30,20- or (30.20)); one with more
decimals than its field holds is refused, for a charge of 160.004 euros is none. A client, an event and a charge is each told once; a second telling names both rows.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from torni.core.faults import BadInput, Fault, bad_input, nearest_name
from torni.core.language import t
from torni.services.rules import Rules
from torni.services.ruleset import COST
from torni.sources import written
from torni.sources.tables import read_rows
from torni.supervision.likeness import events_misspelt, persons_misspelt
from torni.supervision.times import PAID, year_counts

NEEDED = {"clients": ("person",), "delivered": ("event", "person", "on", "formula"), "charged": ("charge", "event", "person", "on", "amount_eur")}  # fmt: skip
_BESIDE = {"clients": {"from"}, "delivered": set(), "charged": {"formula"}}
_MAY_BE_EMPTY = {("charged", "event")}  # a charge that names no event meets its visit by person, day and service
_MOST_TOLD = 20


@dataclass(frozen=True)
class Checked:
    """A table whose values have been judged. `path`: as Parquet with typed columns. `rows`: each row's number in the file it came from."""

    path: Path
    rows: Sequence[int]


def checked(name: str, path: Path, rules: Rules, scratch: Path, faults: list[Fault]) -> Checked | None:
    """The file with typed columns, or its faults: a column missing or unknown, a value that is none, a row told twice.

    Of a visit's `on` the time of day is kept as `minute` (of the day, by the clock of Helsinki; none where only the day is told).
    """
    try:
        table, rows = _read(name, path)
    except BadInput as error:
        faults += error.faults
        return None
    before = len(faults)
    faults += _columns(name, path, table, rules)
    if len(faults) > before:
        return None
    made = []
    for column in table.columns:
        given = [_plain(v) for v in table[column].to_list()]
        values = [None if v is None else _value(column, v, rules) for v in given]
        broken = [i for i, (v, found) in enumerate(zip(given, values, strict=True)) if v is not None and found is None]
        for i in broken[:_MOST_TOLD]:
            faults.append(Fault(f"{path.name}:{rows[i]}", _what(column, str(given[i]), rules), _remedy(column, rules, str(given[i]))))  # fmt: skip
        needed = column in (*NEEDED[name], "from") and (name, column) not in _MAY_BE_EMPTY
        if needed and None in given:
            faults.append(
                Fault(
                    f"{path.name}:{rows[given.index(None)]}",
                    t("{name} is empty", name=column),
                    t("Every row needs it."),
                )
            )
        made.append(pl.Series(column, values, dtype=_type(column, rules), strict=False))
        if name == "delivered" and column == "on":
            made.append(pl.Series("minute", [_minutes(v) for v in given], dtype=pl.Int32))
    found = pl.DataFrame(made)
    if len(faults) == before:
        faults += _twice(name, path, found, rows)
        faults += _falling(path, found, rows, rules) if "from" in found.columns else []
    if len(faults) > before:
        return None
    target = scratch / f"{name}.parquet"
    found.write_parquet(target)
    return Checked(target, rows)


def misspelt(made: Mapping[str, Checked], faults: list[Fault]) -> None:
    """Persons and events that are written otherwise in one table than in another."""
    columns = {"clients": ["person"], "delivered": ["event", "person"], "charged": ["event", "person"]}
    read = {name: (pl.read_parquet(made[name].path, columns=names), made[name].rows) for name, names in columns.items()}
    faults += persons_misspelt(read)
    (delivered, places), (charged, rows) = read["delivered"], read["charged"]
    faults += events_misspelt(delivered, charged, rows, places)


def files_of(folder: Path) -> tuple[Path, Path, Path]:
    """clients, delivered and charged of a folder, whatever of CSV, xlsx and Parquet they are; of one in two forms neither is chosen."""
    found, faults = [], []
    for name in NEEDED:
        here = [p for p in (folder / f"{name}{ending}" for ending in (".csv", ".xlsx", ".parquet")) if p.exists()]
        if not here:
            raise bad_input(str(folder), t("no file {name}", name=f"{name}.csv"), t("The folder needs clients, delivered and charged, each CSV, xlsx or Parquet."))  # fmt: skip
        if len(here) > 1:
            faults.append(bad_input(str(folder), t("{one} and {other} are both there", one=here[0].name, other=here[1].name), t("Keep one of the two.")))  # fmt: skip
        found.append(here[0])
    if faults:
        raise faults[0]
    return found[0], found[1], found[2]


def _read(name: str, path: Path) -> tuple[pl.DataFrame, Sequence[int]]:
    """The file's rows and their numbers in it."""
    if path.suffix == ".parquet":
        try:
            table = pl.read_parquet(path)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise bad_input(path.name, t("not readable as Parquet"), t("Write it again, or bring the table as CSV or xlsx.")) from error  # fmt: skip
        return table, range(1, len(table) + 1)
    found = read_rows(path, needs=[[column] for column in NEEDED[name]])
    return found.frame, found.rows


def _columns(name: str, path: Path, table: pl.DataFrame, rules: Rules) -> list[Fault]:
    columns = set(table.columns)
    needs = ", ".join(NEEDED[name])
    faults = [
        Fault(path.name, t('the column "{name}" is missing', name=c), t("Add it; {file} needs: {names}.", file=name, names=needs))
        for c in NEEDED[name] if c not in columns
    ]  # fmt: skip
    known = {*NEEDED[name], *_BESIDE[name], *(rules.fields if name != "charged" else ())}
    known -= {PAID} if name == "delivered" else set()
    for column in sorted(columns - known):
        near = nearest_name(column, known)
        remedy = t('Did you mean "{near}"?', near=near) if near else ""
        if column == PAID and name == "delivered":
            remedy = t("Write it among the clients: what had been paid in the year before the list begins.")
        faults.append(Fault(path.name, t('"{found}" is not a column here', found=column), remedy))
    return faults


def _twice(name: str, path: Path, table: pl.DataFrame, numbers: Sequence[int]) -> list[Fault]:
    """Rows that tell the same thing twice: two answers to one question, of which neither may win."""
    key = [NEEDED[name][0], *(["from"] if "from" in table.columns else [])]
    rows = table.select(key).with_row_index("row").group_by(key).agg(pl.col("row")).filter(pl.col("row").list.len() > 1)
    remedy = (
        t("Give each row a name of its own.")
        if name != "clients"
        else t("Keep one row of each client, or tell in the column from the day that each begins.")
    )
    return [
        Fault(
            f"{path.name}:{numbers[second]}",
            t('"{found}" is there twice, first on row {n}', found=" ".join(str(v) for v in found), n=numbers[first]),
            remedy,
        )
        for *found, (first, second, *_) in sorted(rows.iter_rows(), key=lambda r: r[-1])[:_MOST_TOLD]
    ]


def _falling(path: Path, table: pl.DataFrame, numbers: Sequence[int], rules: Rules) -> list[Fault]:
    """What has been in a year so far never falls within it: of two rows of a client that say so one is wrong, and neither may win."""
    faults = []
    for name in (n for n in (PAID, *year_counts(rules)) if n in table.columns):
        told = table.with_row_index("row").drop_nulls([name, "from"]).sort("person", "from")
        before = [
            pl.col(c).shift(1).over("person", pl.col("from").dt.year()).alias(f"{c} before")
            for c in (name, "from", "row")
        ]
        for row, day, value, first, earlier, place in (
            told.with_columns(before)
            .filter(pl.col(name) < pl.col(f"{name} before"))
            .select("row", "from", name, f"{name} before", "from before", "row before")
            .head(_MOST_TOLD)
            .iter_rows()
        ):
            faults.append(
                Fault(
                    f"{path.name}:{numbers[row]}",
                    t("{name} is {found} from {day}, but {other} from {first} on row {n}", name=name, found=value, day=day, other=first, first=earlier, n=numbers[place]),
                    t("What has been in a year does not become less within it: correct the row that is wrong."),
                )
            )  # fmt: skip
    return faults


def _plain(value: Any) -> Any:
    """The value as a text where a text can be mistaken: a whole number of a workbook is no decimal, and Å is one letter."""
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, bool | date | datetime) or value is None:
        return value
    return unicodedata.normalize("NFC", str(value)).strip() or None


def _value(column: str, given: Any, rules: Rules) -> Any:
    """The value of a column, or None where it is none."""
    field = rules.fields.get(column)
    if column in ("on", "from") or (field is not None and field.kind == "date"):
        return _day(given)
    if column == "amount_eur":
        return _number(str(given), decimals=2)
    if column == "formula":
        name = str(given).replace("-", "_")
        return name if name in rules.client_fees else None
    if field is None:
        return str(given)
    if field.kind == "code":
        return str(given) if str(given) in field.codes else None
    if field.kind == "yes_no":
        return given if isinstance(given, bool) else written.yes_no(str(given))
    number = _number(str(given), decimals=field.decimals)
    assert isinstance(field.least, int | Decimal) and isinstance(field.most, int | Decimal)
    if number is None or not field.least <= number <= field.most:
        return None
    return int(number) if field.kind == "whole" else number


def _number(text: str, *, decimals: int) -> Decimal | None:
    """The number of so many decimals at most; None where it is none, has more that are not zeros, or may be two (1.160)."""
    value = written.euros(text) if decimals else written.number(text)
    if (
        value is None
        or (decimals < 3 and written.two_ways(re.sub(r"[^\d.,]", "", text)))
        or abs(value) >= 10**15
        or value != round(value, decimals)
    ):
        return None
    return round(value, decimals)


def _moment(given: Any) -> tuple[date, int | None] | None:
    """The day, and of a moment the minutes since midnight by the clock of Helsinki."""
    if isinstance(given, datetime):
        return written.in_helsinki(given)
    return (given, None) if isinstance(given, date) else written.moment(str(given))


def _day(given: Any) -> date | None:
    found = _moment(given)
    return found[0] if found else None


def _minutes(given: Any) -> int | None:
    found = None if given is None else _moment(given)
    return found[1] if found else None


def _type(column: str, rules: Rules) -> pl.DataType | type[pl.DataType]:
    field = rules.fields.get(column)
    if column in ("on", "from") or (field and field.kind == "date"):
        return pl.Date
    if column == "amount_eur":
        return pl.Decimal(18, 2)
    if field is None or field.kind == "code":
        return pl.String
    return {"yes_no": pl.Boolean, "whole": pl.Int64}.get(field.kind) or pl.Decimal(18, field.decimals)


def _what(column: str, given: str, rules: Rules) -> str:
    if column == "formula" and rules.payers.get(given.replace("-", "_")) == "organiser":
        return t('"{found}" is paid by the organiser, so it is no client\'s fee', found=given)
    return t('"{found}" is not a value of {name}', found=given[:40], name=column)


def _remedy(column: str, rules: Rules, given: str) -> str:
    field = rules.fields.get(column)
    if column == "formula":
        near = nearest_name(given.replace("-", "_").removeprefix(COST), rules.client_fees)
        fees = t("The clients' fees are: {names}.", names=", ".join(rules.client_fees))
        return t('Did you mean "{near}"?', near=near) + " " + fees if near else fees
    if column in ("on", "from") or (field and field.kind == "date"):
        if serial := written.serial(given):
            return t(
                "It may be a table program's number of {day}: write the day, or format the column as dates.", day=serial
            )
        return t("Write such as 2026-01-31.")
    if field and field.kind == "code":
        return t("The codes are: {codes}.", codes=", ".join(field.codes[:8]))
    if field and field.least is not None:
        if field.kind == "whole":
            return t("Write a whole number from {least} to {most}.", least=field.least, most=field.most)
        return t("Write a number from {least} to {most}, with at most {n} decimals.", least=field.least, most=field.most, n=field.decimals)  # fmt: skip
    return t("Write euros and cents, such as 30.20.") if column == "amount_eur" else t("Write true or false.")
