"""Run as a process of its own by `workbook`: every sheet's rows as texts, and what the reader of cells leaves out of them.

That reader gives an error (#N/A), and a formula that no program has reckoned, as an empty cell, does not tell a number from a text,
and says nothing of hidden rows. So the sheets' own XML is gone through beside it. Nothing of Torni is imported here: the process has
little memory and starts for every file.
"""

from __future__ import annotations

import json
import posixpath
import re
import resource
import sys
import zipfile
from typing import Any
from xml.parsers import expat

OUR_OWN = re.compile(r"^(?:#[^\s]+|(?:Err|Virhe|Fel):\d+)$")
MOST_MARKS = 100_000  # of one kind in a sheet


class Marks:
    """Of one sheet, by rows and columns counted from 1: `broken` (row, column, what stands there), `numbers` (row, column) of those
    whose text could be read as thousands, `hidden_rows`, `hidden_columns` (first, last), `merged` (first row, column, last row),
    `first`: the first column that holds anything."""

    def __init__(self) -> None:
        self.broken: list[tuple[int, int, str]] = []
        self.numbers: list[tuple[int, int]] = []
        self.hidden_rows: list[int] = []
        self.hidden_columns: list[tuple[int, int]] = []
        self.merged: list[tuple[int, int, int]] = []
        self.first = 0

    def holds(self, column: int) -> None:
        self.first = min(self.first or column, column)

    def number(self, row: int, column: int, text: str) -> None:
        try:
            shown = repr(float(text))
        except ValueError:
            return
        if shown[-4:-3] == "." and len(self.numbers) < MOST_MARKS:
            self.numbers.append((row, column))

    def breaks(self, row: int, column: int, text: str) -> None:
        if len(self.broken) < MOST_MARKS:
            self.broken.append((row, column, text[:100]))


class _Parts:
    """An XML part read event by event, nothing of it kept."""

    def __init__(self) -> None:
        self.text: list[str] | None = None

    def read(self, stream: Any) -> None:
        parser = expat.ParserCreate()
        parser.StartElementHandler = lambda name, given: self.begins(name.rpartition(":")[2], given)
        parser.EndElementHandler = lambda name: self.ends(name.rpartition(":")[2])
        parser.CharacterDataHandler = self.holds
        parser.buffer_text = True
        parser.ParseFile(stream)

    def holds(self, text: str) -> None:
        if self.text is not None:
            self.text.append(text)

    def begins(self, name: str, given: dict[str, str]) -> None: ...
    def ends(self, name: str) -> None: ...


class _Sheet(_Parts):
    """A sheet of an xlsx workbook. `late`: the workbook says that its formulas are to be reckoned when it is next opened."""

    def __init__(self, late: bool) -> None:
        super().__init__()
        self.marks, self.late = Marks(), late
        self.row = self.column = 0
        self.kind = ""
        self.formula: str | None = None
        self.value: str | None = None

    def begins(self, name: str, given: dict[str, str]) -> None:
        if name == "c":
            place = given.get("r")
            self.column = _column(place) if place else self.column + 1
            self.kind, self.formula, self.value = given.get("t", "n"), None, None
        elif name in ("v", "f", "is"):
            self.text = []
        elif name == "row":
            self.row, self.column = int(given.get("r") or self.row + 1), 0
            if given.get("hidden") in ("1", "true"):
                self.marks.hidden_rows.append(self.row)
        elif name == "col" and given.get("hidden") in ("1", "true"):
            self.marks.hidden_columns.append((int(given["min"]), int(given["max"])))
        elif name == "mergeCell":
            first, _, last = given.get("ref", "").partition(":")
            if (a := _row(first)) < (b := _row(last)):
                self.marks.merged.append((a, _column(first), b))

    def ends(self, name: str) -> None:
        if name in ("v", "is"):
            self.value, self.text = "".join(self.text or ()), None
        elif name == "f":
            self.formula, self.text = "".join(self.text or ()), None
        elif name == "c":
            self.cell()

    def cell(self) -> None:
        value, formula = self.value, self.formula
        if value or self.kind == "e":
            self.marks.holds(self.column)
        if self.kind == "e":
            self.marks.breaks(self.row, self.column, value or "#?")
        elif formula is not None and (
            (not value and self.kind != "str") or (self.late and self.kind == "n" and float(value or 0) == 0)
        ):
            # a program that writes workbooks without reckoning leaves nothing there, or a 0 to be reckoned at the next opening
            self.marks.breaks(self.row, self.column, "=" + (formula or "…"))
        elif self.kind == "n" and value:
            self.marks.number(self.row, self.column, value)


class _Ods(_Parts):
    """The content of an .ods workbook, table by table."""

    def __init__(self) -> None:
        super().__init__()
        self.sheets: list[tuple[str, Marks]] = []
        self.row = self.column = self.rows = self.width = self.told = 0
        self.given: dict[str, str] = {}

    def begins(self, name: str, given: dict[str, str]) -> None:
        given = {key.rpartition(":")[2]: value for key, value in given.items() if key != "calcext:value-type"} | (
            {"error": "1"} if given.get("calcext:value-type") == "error" else {}
        )
        if name == "table" and "name" in given:
            self.sheets.append((given["name"], Marks()))
            self.row = self.told = 0
        elif not self.sheets:
            return
        elif name == "table-column":
            count = int(given.get("number-columns-repeated", 1))
            if given.get("visibility", "visible") != "visible":
                self.sheets[-1][1].hidden_columns.append((self.told + 1, self.told + count))
            self.told += count
        elif name == "table-row":
            self.row, self.column, self.rows = self.row + 1, 0, int(given.get("number-rows-repeated", 1))
            if given.get("visibility", "visible") != "visible":
                self.sheets[-1][1].hidden_rows += range(self.row, self.row + min(self.rows, MOST_MARKS))
        elif name in ("table-cell", "covered-table-cell"):
            self.given, self.width = given, int(given.get("number-columns-repeated", 1))
            self.column += 1
            self.text = []

    def ends(self, name: str) -> None:
        if not self.sheets:
            return
        if name == "table-row":
            self.row += self.rows - 1
        elif name in ("table-cell", "covered-table-cell"):
            self.cell("".join(self.text or ()).strip())
            self.text = None
            self.column += self.width - 1

    def cell(self, text: str) -> None:
        marks, formula = self.sheets[-1][1], self.given.get("formula")
        kind = self.given.get("value-type")
        if kind or text:
            marks.holds(self.column)
        down = int(self.given.get("number-rows-spanned", 1))
        if down > 1:
            marks.merged.append((self.row, self.column, self.row + down - 1))
        error = "error" in self.given or (formula is not None and OUR_OWN.match(text))
        never = formula is not None and kind is None and not text
        for row in range(self.row, self.row + min(self.rows, 10_000)) if error or never or kind else ():
            for column in range(self.column, self.column + min(self.width, 100)):
                if error:
                    marks.breaks(row, column, text or "#?")
                elif never:
                    marks.breaks(row, column, "=" + (formula or "").removeprefix("of:="))
                elif kind in ("float", "currency", "percentage"):
                    marks.number(row, column, self.given.get("value", ""))


class _Named(_Parts):
    """Elements of one name and what they are given."""

    def __init__(self, *names: str) -> None:
        super().__init__()
        self.names, self.found = names, list[tuple[str, dict[str, str]]]()

    def begins(self, name: str, given: dict[str, str]) -> None:
        if name in self.names:
            self.found.append((name, {key.rpartition(":")[2]: value for key, value in given.items()}))


def marks_of(path: str) -> dict[str, Marks]:
    """Each sheet's marks by its name, of an xlsx or an ods."""
    with zipfile.ZipFile(path) as book:
        names = set(book.namelist())
        if "content.xml" in names:
            ods = _Ods()
            with book.open("content.xml") as part:
                ods.read(part)
            return dict(ods.sheets)
        workbook, targets = _Named("sheet", "calcPr"), _Named("Relationship")
        where = next(n for n in names if n.lower() == "xl/workbook.xml")
        relations = next(n for n in names if n.lower() == "xl/_rels/workbook.xml.rels")
        for name, part_of in ((where, workbook), (relations, targets)):
            with book.open(name) as part:
                part_of.read(part)
        late = any(n == "calcPr" and g.get("fullCalcOnLoad") in ("1", "true") for n, g in workbook.found)
        file = {g["Id"]: g["Target"] for _n, g in targets.found if g.get("Type", "").endswith("/worksheet")}
        out = {}
        for name, given in workbook.found:
            if name != "sheet" or given.get("id") not in file:
                continue
            target = file[given["id"]]
            inside = target.lstrip("/") if target.startswith("/") else posixpath.normpath("xl/" + target)
            if inside in names:
                sheet = _Sheet(late)
                with book.open(inside) as part:
                    sheet.read(part)
                out[given["name"]] = sheet.marks
        return out


def _column(place: str) -> int:
    n = 0
    for letter in place:
        if not letter.isalpha():
            break
        n = n * 26 + ord(letter.upper()) - 64
    return n


def _row(place: str) -> int:
    digits = place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ$")
    return int(digits) if digits.isdigit() else 0


def main(memory: int, written: int, path: str, out: str) -> None:
    import fastexcel

    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (written, written))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    marks = marks_of(path)
    book = fastexcel.read_excel(path)
    with open(out + "/names", "w", encoding="utf-8") as names:
        for n, name in enumerate(book.sheet_names):
            # `skip_rows=0`: a row keeps the number that its reader sees, though the first rows are empty. All is read as text, or a
            # column of codes would lose its zeros. One that is hidden is not read: it holds last year's rows, or a list of choices.
            sheet = book.load_sheet(n, header_row=None, skip_rows=0, dtypes="string")
            if sheet.visible == "visible":
                if name not in marks and sheet.height:
                    raise ValueError("a sheet whose part is not found")
                sheet.to_polars().write_ipc(f"{out}/{n}")
            names.write(json.dumps([sheet.visible, n, name, vars(marks.get(name, Marks()))]) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4])
