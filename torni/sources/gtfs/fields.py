"""Times, dates and numbers of a timetable's columns; what is not one is a fault with its row, a few of them named."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date

import polars as pl

from torni.core.faults import Fault
from torni.core.language import t
from torni.sources.gtfs.archive import ROW, Archive

MOST_HOURS = 168  # of a time: the longest train journeys take days, and nothing takes a week
_NAMED = 3  # of like faults are told one by one


class Reading:
    """One archive being read: its typed columns, and the faults met."""

    def __init__(self, archive: Archive) -> None:
        self.archive, self.faults = archive, list[Fault]()

    def seconds(self, table: str, column: str, frame: pl.DataFrame) -> pl.Series:
        """Seconds after the service day's start; null where empty. H:MM:SS and HH:MM:SS, past 24 hours too."""
        return self._each(table, column, frame, _seconds, pl.Int32, lambda text: (
            t('"{text}" is not a time', text=text), t("Write hours, minutes and seconds, such as 06:05:00; hours may pass 24."),
        ))  # fmt: skip

    def days(self, table: str, column: str, frame: pl.DataFrame) -> pl.Series:
        """Days as proleptic ordinals; null where empty."""
        return self._each(table, column, frame, _ordinal, pl.Int32, lambda text: (
            t('"{text}" is not a date', text=text), t("Write it as 20261231."),
        ))  # fmt: skip

    def whole(
        self, table: str, column: str, frame: pl.DataFrame, *, least: int = 0, most: int = 2**31 - 1
    ) -> pl.Series:
        """Whole numbers, 1.0 too; null where empty."""

        def value(text: str) -> int | None:
            number = _number(text)
            return int(number) if number is not None and number == int(number) and least <= number <= most else None

        remedy = t("Write a whole number from {a} to {b}.", a=least, b=most) if most < 100 else t("Write a whole number.")  # fmt: skip
        return self._each(table, column, frame, value, pl.Int32, lambda text: (
            t('"{text}" is not a whole number that {column} may have', text=text, column=column), remedy,
        ))  # fmt: skip

    def number(self, table: str, column: str, frame: pl.DataFrame) -> pl.Series:
        """Decimal numbers, with a comma too; null where empty."""
        return self._each(table, column, frame, _number, pl.Float64, lambda text: (
            t('"{text}" is not a number', text=text), t("Write decimal degrees, such as 25.7048.") if table == "stops" else t("Write a number such as 1.5."),
        ))  # fmt: skip

    def given(self, table: str, columns: Sequence[str], frame: pl.DataFrame) -> None:
        """A fault for each empty field among these columns."""
        for column in columns:
            empty = frame.filter(pl.col(column).is_null())
            self.tell(table, column, empty[ROW].to_list(), lambda _, column=column: (
                t("{column} is empty", column=column), t("Every row must have one."),
            ), [""] * len(empty))  # type: ignore[misc]  # fmt: skip

    def once(self, table: str, columns: Sequence[str], frame: pl.DataFrame) -> None:
        """A fault for each key that two rows give."""
        if frame.select(columns).is_unique().all():
            return
        again = frame.filter(~pl.struct(columns).is_first_distinct())
        firsts = frame.filter(pl.struct(columns).is_first_distinct()).select(*columns, pl.col(ROW).alias("first"))
        both = again.join(firsts, on=list(columns), how="left", nulls_equal=True, maintain_order="left")
        keys = [
            f"{' '.join(str(k) for k in row[:-1] if k is not None)}|{row[-1]}"
            for row in both.head(_NAMED).select(*columns, "first").iter_rows()
        ]
        self.tell(table, ", ".join(columns) if len(columns) < 4 else "", both[ROW].to_list(), lambda key: (
            t('"{key}" is on row {row} already', key=key.rpartition("|")[0], row=key.rpartition("|")[2]), t("Keep the one that is meant."),
        ), keys)  # fmt: skip

    def _each(
        self, table: str, column: str, frame: pl.DataFrame, value: Callable[[str], float | None],
        kind: type[pl.DataType], fault: Callable[[str], tuple[str, str]],
    ) -> pl.Series:  # fmt: skip
        """Each distinct text is read once: millions of rows have some thousands of times."""
        texts = frame[column]
        distinct = [text for text in texts.unique().to_list() if text is not None]
        read = {text: value(text) for text in distinct}
        wrong = [text for text, v in read.items() if v is None]
        if wrong:
            rows = frame.filter(pl.col(column).is_in(wrong)).select(ROW, column)
            self.tell(table, column, rows[ROW].to_list(), fault, rows[column].head(_NAMED).to_list())
        if not distinct:
            return pl.Series(column, [None] * len(texts), dtype=kind)
        return texts.replace_strict(
            pl.Series(distinct), pl.Series([read[d] for d in distinct], dtype=kind), default=None, return_dtype=kind
        )

    def tell(
        self,
        table: str,
        column: str,
        rows: Sequence[int],
        fault: Callable[[str], tuple[str, str]],
        texts: Sequence[str],
    ) -> None:
        """A fault for each of these rows with its text, the first few one by one and the others as a count."""
        for row, text in zip(rows[:_NAMED], texts, strict=False):
            self.faults.append(Fault(self.archive.where(table, row, column), *fault(text[:40])))
        if len(rows) > _NAMED:
            self.faults.append(
                Fault(self.archive.where(table, None, column), t("more rows like these: {count}", count=len(rows) - _NAMED), t("Mend them alike."))
            )  # fmt: skip


def _seconds(text: str) -> int | None:
    parts = text.split(":")
    if len(parts) != 3 or not all(p.isascii() and p.isdigit() for p in parts):
        return None
    if len(parts[0]) > 3 or len(parts[1]) != 2 or len(parts[2]) != 2:
        return None
    hours, minutes, seconds = map(int, parts)
    return hours * 3600 + minutes * 60 + seconds if hours <= MOST_HOURS and minutes < 60 and seconds < 60 else None


def _ordinal(text: str) -> int | None:
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:])).toordinal()
    except ValueError:
        return None


_WRITTEN = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d{1,3})?", re.ASCII)


def _number(text: str) -> float | None:
    number = float(text.replace(",", ".")) if _WRITTEN.fullmatch(text) else None
    return number if number is not None and abs(number) < 1e12 else None
