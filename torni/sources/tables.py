"""Every table that a person brings, CSV or workbook, as texts: which row names the columns, which rows hold something.

Nothing is guessed in silence: a title above the names, a sheet left unread and the like are told; what could be read in two ways is
refused with what to do.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from torni.core import bounds
from torni.core.faults import BadInput, Fault, bad_input
from torni.core.language import t
from torni.core.notes import note
from torni.sources import encodings, written
from torni.sources.workbook import Sheet, read_sheets

MOST_BYTES = 200_000_000
WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_OLD = (".xlsb", ".xls")  # of which errors, formulas and hidden rows could not be told
Needs = Sequence[Sequence[str]]
_ABOVE = 30  # rows: where the columns' names are looked for
_SAMPLE = 65_536  # characters, to the end of their line: by which the separator is found
_MOST_ODD_ROWS = 1_000_000  # of a CSV that only the slower reader takes
_MOST_TOLD = 20  # rows of one kind of fault
# What a table program shows where it has no value: in its own language, and ### where the column is too narrow; or a formula as such.
_NO_VALUE = r"^(?:#N/A|#PUUTTUU!?|#SAKNAS!?|#[A-ZÄÖÅ_]+(?:/0)?[!?]|#\?|#{3,}|(?:Err|Virhe|Fel):\d{3}|=[^=\s].*)$"
_MIDNIGHT = r"^(\d{4}-\d{2}-\d{2}) 00:00:00$"


@dataclass(frozen=True, eq=False)
class Table:
    """Rows as texts, null where empty. `rows`: each row's number in the file as a table program shows it. `named_on`: the row that
    names the columns. `where`: the file, and its sheet where it has several. `typed`: a workbook, whose
    numbers are numbers; what is written as text tells nothing of how they are written."""

    frame: pl.DataFrame
    rows: list[int]
    named_on: int
    where: str
    typed: bool = False

    def column(self, names: Sequence[str]) -> str | None:
        """The column that has one of these names, the first name first; a remark in brackets after it counts only where needed."""
        return _matched(self.frame.columns, names)

    def columns(self, names: Sequence[str]) -> list[str]:
        """Every column that has one of these names, a remark in brackets after it left out."""
        return [column for column in self.frame.columns if _matched([column], names)]

    def decimal_sign(self, column: str) -> str | None:
        """The sign before the decimals in the column's numbers, where they tell it (`written.decimal_sign`)."""
        return None if self.typed else written.decimal_sign(self.frame[column].to_list())

    def missing(self, names: Sequence[str]) -> Fault:
        """That there is no column of these names, and which row was taken for the names of the columns."""
        also = t("It may also be called: {a}.", a=", ".join(names[1:])) + " " if len(names) > 1 else ""
        found = t("The names were read from row {row}: {names}.", row=self.named_on, names=", ".join(self.frame.columns[:20]))  # fmt: skip
        return Fault(self.where, t('the column "{ours}" is missing', ours=names[0]), also + found)


def read_rows(path: Path, *, needs: Needs) -> Table:
    """The file's table: CSV (comma, semicolon, tab or |; UTF-8, UTF-16 or Windows-1252) or a workbook's visible sheet.

    `needs`: of each column that the table must have, the names it may be called by. By them the separator, the sheet and the row that
    names the columns are found. Where no row has them all, the row that has most is taken, and the caller tells what is missing.
    Rows that hold nothing are no rows. What a reader should know of how it was read is noted (`core.notes`). Raises BadInput with every
    fault of the file's form.
    """
    if not path.is_file():
        raise bad_input(str(path), t("no such file"), t("Check the path."))
    if path.stat().st_size > MOST_BYTES:
        raise bad_input(path.name, t("larger than 200 MB"), t("Split the file."))
    if path.suffix.lower() in _OLD:
        raise bad_input(
            path.name, t("an old kind of workbook, of which errors and hidden rows cannot be told"), t("Save it again as xlsx, or as CSV.")
        )  # fmt: skip
    if path.suffix.lower() in WORKBOOKS:
        return _from_workbook(path, needs)
    text, told = _decoded(path)
    return _named(_from_text(path, text, needs), path.name, needs, told)


def _from_workbook(path: Path, needs: Needs) -> Table:
    sheets, hidden = read_sheets(path)
    full = {
        name: _tidied(sheet.rows.with_columns(pl.all().str.normalize("NFC")))
        for name, sheet in sheets.items()
        if sheet.rows.width and sheet.rows.height
    }
    full = {name: sheet for name, sheet in full.items() if not _holds_nothing(sheet)}
    if not full:
        raise bad_input(
            path.name, t("no visible sheet holds anything"), t("Show the sheet that holds the rows, or save it as CSV.")
        )
    scores = {name: max(_score(row, needs) for row in _top(sheet)) for name, sheet in full.items()}
    best = max(scores.values())
    found = [name for name, score in scores.items() if score == best]
    if len(found) > 1 and best == len(needs):
        raise bad_input(
            path.name, t("the sheets {names} all hold such a table", names=_quoted(found)), t("Leave one of them visible, or save it as CSV: nothing is added up from several."),
        )  # fmt: skip
    sheet, others = found[0], [*(n for n in sheets if n != found[0]), *hidden]
    where = t("{file}, sheet {sheet}", file=path.name, sheet=_quoted([sheet])) if others else path.name
    left = [n for n in others if n in full or n in hidden]
    told = (Fault(where, t("other sheets are not read: {names}", names=_quoted(left)), t("Check that it is the right sheet.")),) if left else ()  # fmt: skip
    return _named(full[sheet], where, needs, told, sheets[sheet])


def _from_text(path: Path, text: str, needs: Needs) -> pl.DataFrame:
    separator = None
    if found := re.match(
        r"sep=(.)\r?\n", text
    ):  # a table program's own note to itself, which it does not show as a row
        separator, text = found[1], text[found.end() :]
    if not text.strip():
        raise bad_input(
            path.name, t("the file is empty, or its first row is"), t("The first row must name the columns.")
        )
    first = text.partition("\n")[0]
    if (columns := max(first.count(s) for s in ",;\t|") + 1) > bounds.MOST_COLUMNS:
        raise bad_input(path.name, t("{n} columns; at most {most} are read", n=columns, most=bounds.MOST_COLUMNS), t("Keep the columns that are needed."))  # fmt: skip
    separator = separator or _separator(text, needs)
    width = max(map(len, _sample(text, separator)), default=1)
    schema = {f"c{i}": pl.String for i in range(width)}
    try:
        if text.count('"') % 2:  # one is never closed: the faster reader would take the rest of the file for one cell
            raise pl.exceptions.ComputeError('"')
        table = pl.read_csv(text.encode(), separator=separator, has_header=False, infer_schema=False, schema=schema)
    except pl.exceptions.PolarsError as error:
        if text.count("\n") > _MOST_ODD_ROWS:
            raise bad_input(
                path.name,
                t("not readable as CSV: {a}", a=str(error).splitlines()[0]),
                t("Every row must have as many fields as the first."),
            ) from error
        table = _row_by_row(path.name, text, separator, needs)
    return _tidied(
        table.with_columns(pl.all().str.replace(r'^="(.*)"$', "$1"))
    )  # ="00729": a text kept from being a number


def _row_by_row(file: str, text: str, separator: str, needs: Needs) -> pl.DataFrame:
    """What the faster reader does not take: rows longer than the names, quotation marks astray. Every such row is told."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[list[str]] = []
    try:
        rows.extend(reader)
    except csv.Error as error:
        raise bad_input(
            t("{file}, row {row}", file=file, row=len(rows) + 1), t("not readable as CSV: {a}", a=t("a quotation mark is not closed, or something follows it")),
            t("Write a quotation mark inside a cell twice, and close each cell that begins with one."),
        ) from error  # fmt: skip
    names, _ = _best([_cleaned(row) for row in rows[:_ABOVE]], needs)
    width = len(rows[names]) if rows else 0
    long = [n for n, row in enumerate(rows, 1) if n > names and any(cell.strip() for cell in row[width:])]
    if long:
        raise BadInput(*[
            Fault(t("{file}, row {row}", file=file, row=n), t("not readable as CSV: {a}", a=t("{found} fields, {width} names of columns", found=len(rows[n - 1]), width=width)),
                  t("Every row must have as many fields as the first."))
            for n in long[:_MOST_TOLD]
        ])  # fmt: skip
    return pl.DataFrame(
        [[*row[:width], *[""] * (width - len(row))] for row in rows],
        schema={f"c{i}": pl.String for i in range(width)},
        orient="row",
    )


def _decoded(path: Path) -> tuple[str, tuple[Fault, ...]]:
    """The file's text, and, where it is neither UTF-8 nor UTF-16, which encoding it was read in."""
    text, told = encodings.decoded(path.name, path.read_bytes())
    if "\x00" in text:
        raise bad_input(path.name, t("not a text file"), t("Give a CSV or xlsx file."))
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    if lost := encodings.lost(text):
        raise BadInput(*[
            Fault(t("{file}, row {row}", file=path.name, row=n), t("letters are lost: {text}", text=line[:60]), t("Save the file again from where it was made, as CSV UTF-8."))
            for n, line in lost[:_MOST_TOLD]
        ])  # fmt: skip
    return text, told


def _separator(text: str, needs: Needs) -> str:
    """The sign by which a row has the most of the names that are needed; else the one that stands most in the first row."""
    first = text.partition("\n")[0]
    scores = {s: max((_score(_cleaned(row), needs) for row in _sample(text, s)[:_ABOVE]), default=0) for s in ";\t,|"}
    return max(scores, key=lambda s: (scores[s], first.count(s)))


def _sample(text: str, separator: str) -> list[list[str]]:
    end = text.find("\n", _SAMPLE)
    rows: list[list[str]] = []
    with contextlib.suppress(csv.Error):  # a cell longer than is read here: what came before tells enough
        rows.extend(csv.reader(io.StringIO(text[: end if end >= 0 else None], newline=""), delimiter=separator))
    return rows


def _named(table: pl.DataFrame, where: str, needs: Needs, told: tuple[Fault, ...], sheet: Sheet | None = None) -> Table:
    """The rows under the row that names the columns, those that hold nothing left out."""
    at, names = _best(_top(table), needs)
    above = [cell for row in table.head(at).iter_rows() for cell in row if cell]
    if above:
        told += (Fault(t("{file}, row {row}", file=where, row=at + 1), t("the names of the columns were found here; above them, not read: {text}", text=" ".join(above)[:100]), t("Check that it is the right row.")),)  # fmt: skip
    body = table.slice(at + 1).with_row_index("row", offset=at + 2)
    body = body.filter(pl.any_horizontal(pl.exclude("row").is_not_null()))
    _without_value(body, names, where)
    if sheet:
        told += _half_seen(body, names, where, sheet)
    note(*told)
    kept: dict[str, str] = {}
    twice = []
    for i, (name, column) in enumerate(zip(names, table.columns, strict=True)):
        if body[column].null_count() == len(body) and (not name or name in kept):
            continue
        name = name or t("(column {n})", n=i + 1)
        if name in kept:
            twice.append(name)
        kept[name] = column
    if twice:
        raise BadInput(*[
            Fault(t("{file}, row {row}", file=where, row=at + 1), t('the column "{name}" is there twice', name=name), t("Rename one of them, or take it away."))
            for name in twice
        ])  # fmt: skip
    return Table(
        body.select([pl.col(column).alias(name) for name, column in kept.items()]),
        body["row"].to_list(),
        at + 1,
        where,
        sheet is not None,
    )


def _without_value(body: pl.DataFrame, names: Sequence[str], where: str) -> None:
    """Refuse cells that hold an error of the table program, or a formula that nobody has reckoned: neither is an empty cell."""
    faults: list[Fault] = []
    count = 0
    for i, (name, column) in enumerate(zip(names, body.columns[1:], strict=True)):
        broken = body.select("row", column).filter(pl.col(column).str.contains(_NO_VALUE))
        count += len(broken)
        for row, text in broken.head(_MOST_TOLD).iter_rows():
            place = t(
                "{file}, row {row}, column {column}", file=where, row=row, column=name or t("(column {n})", n=i + 1)
            )
            if text.startswith("="):
                faults.append(Fault(place, t("a formula that has not been reckoned: {text}", text=text[:60]), t("Open the file in a table program, let it reckon, and save it again; or write the value.")))  # fmt: skip
            else:
                faults.append(Fault(place, t("an error of the table program, not a value: {text}", text=text[:20]), t("Mend the formula, or write the value; if nobody knows it, empty the cell.")))  # fmt: skip
    if faults:
        shown = faults[: 2 * _MOST_TOLD]
        if count > len(shown):
            shown.append(Fault(where, t("and {n} more such cells", n=count - len(shown)), t("Mend them likewise.")))
        raise BadInput(*shown)


def _half_seen(body: pl.DataFrame, names: Sequence[str], where: str, sheet: Sheet) -> tuple[Fault, ...]:
    """What a person who looks at the sheet does not see of what is read, or sees where nothing stands."""
    told = []
    if hidden := [row for row in body["row"] if row in sheet.hidden_rows]:
        listed = ", ".join(map(str, hidden[:10])) + ("…" if len(hidden) > 10 else "")
        told.append(Fault(where, t("{n} hidden rows are read like the others: {rows}", n=len(hidden), rows=listed), t("If a filter was to leave them out, take them away.")))  # fmt: skip
    seen = {i: name for i, name in enumerate(names) if body.to_series(i + 1).null_count() < len(body)}
    if columns := [name or t("(column {n})", n=i + 1) for i, name in seen.items() if i in sheet.hidden_columns]:
        told.append(Fault(where, t("hidden columns are read like the others: {names}", names=_quoted(columns)), t("If they are not to be read, take them away.")))  # fmt: skip
    rows = set(body["row"].to_list())
    joined = [
        (a, i, b)
        for a, i, b in sheet.merged
        if i in seen and any(n in rows for n in range(a + 1, min(b, a + 1000) + 1))
    ]
    told += [
        Fault(t("{file}, row {row}, column {column}", file=where, row=a, column=names[i] or t("(column {n})", n=i + 1)), t("the cell is joined over rows {first}–{last}: only the first of them holds its text", first=a, last=b), t("Write the text in each row."))
        for a, i, b in joined[:_MOST_TOLD]
    ]  # fmt: skip
    return tuple(told)


def _best(rows: list[list[str]], needs: Needs) -> tuple[int, list[str]]:
    """Which row names the columns: the first that has all names, else the most; where none has any, the first that holds something."""
    scores = [_score(row, needs) for row in rows]
    if any(scores):
        at = scores.index(max(scores))
    else:
        at = next((i for i, row in enumerate(rows) if any(row)), 0)
    return at, rows[at] if rows else []


def _score(row: list[str], needs: Needs) -> int:
    return sum(_matched(row, names) is not None for names in needs)


def _matched(columns: Sequence[str], names: Sequence[str]) -> str | None:
    plain = {name.casefold().strip(" *:."): name for name in reversed(columns) if name}
    bare = {re.sub(r"\s*[(\[].*[)\]]$", "", name): column for name, column in plain.items()}
    return next((known[name.casefold()] for known in (plain, bare) for name in names if name.casefold() in known), None)


def _top(table: pl.DataFrame) -> list[list[str]]:
    return [_cleaned([cell or "" for cell in row]) for row in table.head(_ABOVE).iter_rows()]


def _cleaned(row: Sequence[str]) -> list[str]:
    """Names of columns as compared and told: a line break or an unbroken space in one is a space."""
    return [re.sub(r"\s+", " ", cell.strip("\ufeff\u200b")).strip() for cell in row]


def _tidied(table: pl.DataFrame) -> pl.DataFrame:
    """Texts without spaces around; a date without an hour as a date."""
    tidy = pl.all().str.strip_chars().str.strip_chars("\ufeff\u200b\u2060")
    return table.with_columns(tidy.str.replace(_MIDNIGHT, "$1").replace("", None))


def _holds_nothing(table: pl.DataFrame) -> bool:
    return all(column.null_count() == len(column) for column in table)


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names[:_MOST_TOLD])
