"""Workbooks: what their reader of cells leaves out is told — errors, formulas never reckoned, hidden rows, joined cells — and a number
is that number."""

import re
import zipfile

import pytest
import xlsxwriter

from torni.core.faults import BadInput
from torni.core.language import speaking
from torni.simulation.harmonise import read_own
from torni.sources.intake import read_population, read_units
from torni.sources.tables import read_rows

NEEDS = [("nimi",), ("kunta",), ("määrä",)]
HEAD = ["nimi", "kunta", "määrä"]


@pytest.fixture(autouse=True)
def in_english(noted):
    with speaking("en"):
        yield


@pytest.fixture
def book(tmp_path):
    """A workbook of one sheet that a function fills in."""

    def made(fill, name="Taulukko"):
        path = tmp_path / "t.xlsx"
        with xlsxwriter.Workbook(path) as out:
            sheet = out.add_worksheet(name)
            fill(sheet)
        return path

    return made


def table(sheet, rows, at=(0, 0)):
    for i, row in enumerate(rows):
        sheet.write_row(at[0] + i, at[1], row)


@pytest.mark.parametrize(
    ("error", "at"),
    [("#N/A", (3, 2)), *((e, (0, 0)) for e in ("#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!"))],
)
def test_an_error_is_no_empty_cell(book, error, at):
    def fill(sheet):
        table(sheet, [HEAD, ["A", "Saarijärvi"], ["B", "Saarijärvi", 2]], at)
        sheet.write_formula(at[0] + 1, at[1] + 2, "=1/0", None, error)

    with pytest.raises(BadInput) as caught:
        read_rows(book(fill), needs=NEEDS)
    (fault,) = caught.value.faults
    assert fault.where == f"t.xlsx, row {at[0] + 2}, column määrä"
    assert fault.what.endswith(error) and "empty the cell" in fault.remedy


@pytest.mark.parametrize("value", [None, 0])
def test_a_formula_that_nobody_has_reckoned_is_told_as_it_stands(book, tmp_path, value):
    """A program that writes workbooks without reckoning leaves nothing, or a 0 to be reckoned when the file is next opened."""

    def fill(sheet):
        table(sheet, [HEAD, ["A", "Saarijärvi"]])
        sheet.write_formula(1, 2, "=B7*2", None, 0)

    path = book(fill)
    if value is None:
        rewritten(path, "<v>0</v></c></row></sheetData>", "</c></row></sheetData>")
    with pytest.raises(BadInput, match=re.escape("row 2, column määrä: a formula that has not been reckoned: =B7*2")):
        read_rows(path, needs=NEEDS)


def test_a_column_and_a_row_of_formulas_never_reckoned_are_told(book):
    """The reader of cells does not even see that the sheet reaches so far."""

    def fill(sheet):
        table(sheet, [HEAD, ["A", "Saarijärvi", 1]])
        for i in range(3):
            sheet.write_formula(2, i, f"=A{i + 1}", None, "")

    path = book(fill)
    with pytest.raises(BadInput) as caught:
        read_rows(path, needs=NEEDS)
    assert [f.where.partition(", ")[2] for f in caught.value.faults] == [f"row 3, column {name}" for name in HEAD]


def test_formulas_that_were_reckoned_are_their_values(book):
    def fill(sheet):
        table(sheet, [HEAD, ["A", "Saarijärvi"], ["B", "Saarijärvi"]])
        sheet.write_formula(1, 2, "=60*2", None, 120)
        sheet.write_formula(2, 2, '=""', None, "")

    path = book(fill)
    rewritten(path, '<c r="C3"><f>', '<c r="C3" t="str"><f>')
    assert read_rows(path, needs=NEEDS).frame["määrä"].to_list() == ["120", None]


@pytest.mark.parametrize("text", ["#PUUTTUU!", "#JAKO/0!", "#VIITTAUS!", "#SAKNAS!", "#DIVISION/0!", "Err:502", "Virhe:504", "#######", "=C3+C4"])  # fmt: skip
def test_an_error_that_was_saved_as_text_is_told_too(tmp_path, text):
    """A table program saves a CSV with what it shows, in its own language."""
    (tmp_path / "t.csv").write_text(f"nimi;kunta;määrä;tuottaja\nA;Saarijärvi;1;{text}\n", encoding="utf-8")
    with pytest.raises(BadInput, match=re.escape("row 2, column tuottaja: ") + ".*" + re.escape(text)):
        read_rows(tmp_path / "t.csv", needs=NEEDS)


def test_errors_above_the_names_do_not_matter(book):
    def fill(sheet):
        sheet.write_formula(0, 0, "=1/0", None, "#DIV/0!")
        table(sheet, [HEAD, ["A", "Saarijärvi", 1]], (1, 0))

    assert read_rows(book(fill), needs=NEEDS).frame.rows() == [("A", "Saarijärvi", "1")]


@pytest.mark.parametrize("value", [1.234, 10.001, 1.16, 999.999, 120.0, 1234.0, 1234.567, -1.234])
def test_a_number_cell_is_that_number(tmp_path, value):
    """It is never held for thousands: a workbook tells a number from a text."""
    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as out:
        table(
            out.add_worksheet(),
            [["municipality", "parameter", "value"], ["Jämsä", "p", value], ["Jämsä", "q", "1.234"]],
        )
    with pytest.raises(BadInput) as caught:
        read_own(tmp_path / "t.xlsx")
    assert ["t.xlsx:3" in f.where and "may be 1234 or 1.234" in f.what for f in caught.value.faults] == [True], (
        "a text is asked about"
    )
    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as out:
        table(out.add_worksheet(), [["municipality", "parameter", "value"], ["Jämsä", "p", value]])
    assert float(read_own(tmp_path / "t.xlsx")["182"].content["parameters"]["p"]) == value


@pytest.mark.parametrize(
    ("values", "found"),
    [(["1.160"], None), (["1,160"], None), (["1.160", "0.085"], 1.16), (["1,160", "0,085"], 1.16), (["1.160", "12,5"], 1160), (["10.000"], None)],
)  # fmt: skip
def test_a_written_number_is_settled_by_its_column_or_asked_about(tmp_path, values, found):
    rows = "".join(f"Jämsä;p{i};{v}\n" for i, v in enumerate(values))
    (tmp_path / "t.csv").write_text("municipality;parameter;value\n" + rows, encoding="utf-8")
    if found is None:
        with pytest.raises(BadInput, match=r"t\.csv:2: .* the column does not tell which"):
            read_own(tmp_path / "t.csv")
    else:
        assert float(read_own(tmp_path / "t.csv")["182"].content["parameters"]["p0"]) == found


def test_people_in_thousands_are_asked_about(tmp_path):
    text = "x;y;asukkaat\n434485;6901853;{}\n435485;6901853;7\n"
    (tmp_path / "t.csv").write_text(text.format("10.000"), encoding="utf-8")
    (fault,) = read_population(tmp_path / "t.csv", side_m=1000).faults
    assert (
        'row 2, column asukkaat: "10.000" may be 10000 or 10.000' in str(fault)
        and "Write 10000 or 10.0000." in fault.remedy
    )
    (tmp_path / "t.csv").write_text(text.format("10 000").replace(";7", ";1.000.000"), encoding="utf-8")
    assert read_population(tmp_path / "t.csv", side_m=1000).good["residents"].to_list() == [10_000, 1_000_000]


def test_hidden_rows_and_columns_are_told(book, noted):
    def fill(sheet):
        table(sheet, [HEAD, *[[f"Y{i}", "Saarijärvi", i] for i in range(20)]], (1, 1))
        sheet.autofilter(1, 1, 21, 3)
        for row in range(4, 18):
            sheet.set_row(row, options={"hidden": True})
        sheet.set_column(3, 3, options={"hidden": True})
        sheet.set_column(9, 12, options={"hidden": True})
        sheet.set_row(40, options={"hidden": True})

    found = read_rows(book(fill), needs=NEEDS)
    assert len(found.frame) == 20
    rows, columns = (str(f) for f in noted)
    assert "14 hidden rows are read like the others: 5, 6, 7, 8, 9, 10, 11, 12, 13, 14…" in rows
    assert 'hidden columns are read like the others: "määrä"' in columns


def test_a_cell_joined_over_rows_is_told(book, noted):
    def fill(sheet):
        table(sheet, [HEAD, ["A", None, 1], ["B", None, 2]])
        sheet.merge_range(1, 1, 2, 1, "Saarijärvi")

    read_rows(book(fill), needs=NEEDS)
    assert ["row 2, column kunta: the cell is joined over rows 2–3" in str(f) for f in noted] == [True]


@pytest.mark.parametrize("name", ["t.xls", "t.xlsb"])
def test_an_old_workbook_is_not_read_in_part(tmp_path, name):
    (tmp_path / name).write_bytes(b"\xd0\xcf\x11\xe0")
    with pytest.raises(BadInput, match=r"an old kind of workbook.*\n.*Save it again as xlsx"):
        read_units(tmp_path / name, kind_names={}, far_km=12)


ODS = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0">
<office:body><office:spreadsheet><table:table table:name="S"><table:table-column table:number-columns-repeated="4"/>{rows}</table:table>
</office:spreadsheet></office:body></office:document-content>"""
TEXT = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
NUMBER = '<table:table-cell office:value-type="float" office:value="{}"><text:p>{}</text:p></table:table-cell>'
ERROR = '<table:table-cell table:formula="of:=1/0" office:value-type="string" office:string-value="" calcext:value-type="error"><text:p>#JAKO/0!</text:p></table:table-cell>'  # fmt: skip
OLDER = '<table:table-cell table:formula="of:=1/0" office:value-type="float" office:value="0"><text:p>Err:502</text:p></table:table-cell>'  # fmt: skip
NEVER = '<table:table-cell table:formula="of:=B7*2"/>'


@pytest.fixture
def ods(tmp_path):
    def made(*rows, seen=()):
        lines = [f"<table:table-row{'' if i not in seen else ' table:visibility=' + chr(34) + 'filter' + chr(34)}>"
                 f"<table:table-cell/>{''.join(row)}</table:table-row>" for i, row in enumerate(rows)]  # fmt: skip
        with zipfile.ZipFile(tmp_path / "t.ods", "w") as out:
            out.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
            out.writestr("content.xml", ODS.format(rows="".join(lines)))
            out.writestr("META-INF/manifest.xml", "<manifest/>")
        return tmp_path / "t.ods"

    return made


NAMES = [TEXT.format(name) for name in HEAD]


@pytest.mark.parametrize(
    ("cell", "told"), [(ERROR, "#JAKO/0!"), (OLDER, "Err:502"), (NEVER, "not been reckoned: =B7\\*2")]
)
def test_libreoffice_workbooks_tell_their_errors(ods, cell, told):
    path = ods([], NAMES, [TEXT.format("A"), TEXT.format("Saarijärvi"), cell])
    with pytest.raises(BadInput, match=f"row 3, column määrä: .*{told}"):
        read_rows(path, needs=NEEDS)


def test_libreoffice_numbers_and_rows_left_out_by_a_filter(ods, noted):
    row = [TEXT.format("A"), TEXT.format("Saarijärvi"), NUMBER.format("1.234", "1,234")]
    found = read_rows(ods(NAMES, row, [*row[:2], TEXT.format("1.234")], seen=[1]), needs=NEEDS)
    assert found.frame["määrä"].to_list() == ["1.2340", "1.234"]
    assert ["1 hidden rows are read like the others: 2" in str(f) for f in noted] == [True]


def rewritten(path, old, new):
    """The workbook with something else in its sheet's own XML, as another program would have written it."""
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    assert old.encode() in parts[sheet]
    parts[sheet] = parts[sheet].replace(old.encode(), new.encode())
    with zipfile.ZipFile(path, "w") as book:
        for name, content in parts.items():
            book.writestr(name, content)


CELLS = "x;y;asukkaat;age_0_14;age_15_64;age_65\n434485;6901853;100;{}\n435485;6901853;7;1;2;4\n"


@pytest.mark.parametrize(("ages", "made"), [("20;50;20", 90), ("20;50;40", 110), ("0;0;101", 101), ("0;0;0", 0)])
def test_ages_that_do_not_make_the_residents_are_told(tmp_path, ages, made):
    (tmp_path / "t.csv").write_text(CELLS.format(ages), encoding="utf-8")
    found = read_population(tmp_path / "t.csv", side_m=1000)
    assert (len(found.good), found.faults) == (2, ())
    assert [str(f).partition("\n")[0] for f in found.doubts] == [
        f"t.csv, row 2, column asukkaat: 100 residents, but their ages make {made}"
    ]


def test_ages_that_make_the_residents_need_no_word(tmp_path):
    for ages in ("20;50;30", ";;"):
        (tmp_path / "t.csv").write_text(CELLS.format(ages), encoding="utf-8")
        assert read_population(tmp_path / "t.csv", side_m=1000).doubts == ()


def test_of_some_ages_the_others_are_not_guessed(tmp_path):
    """Those over 65 alone would else be everybody."""
    (tmp_path / "t.csv").write_text(CELLS.format("20;;30"), encoding="utf-8")
    (fault,) = read_population(tmp_path / "t.csv", side_m=1000).faults
    assert "row 2, column age_15_64: empty, though other ages are told" in str(fault)
    (tmp_path / "t.csv").write_text("x;y;asukkaat;age_65\n434485;6901853;100;30\n", encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        read_population(tmp_path / "t.csv", side_m=1000)
    assert [f.what for f in caught.value.faults] == ['the column "age_0_14" is missing', 'the column "age_15_64" is missing']  # fmt: skip


def test_cells_nearer_than_their_side_are_told(tmp_path):
    (tmp_path / "t.csv").write_text("x;y;t\n434485;6901853;10\n434735;6901853;7\n434485;6902103;7\n", encoding="utf-8")
    assert read_population(tmp_path / "t.csv", side_m=250).doubts == ()
    (doubt,) = read_population(tmp_path / "t.csv", side_m=1000).doubts
    assert "lie 250 m apart, though a cell's side is taken as 1000 m" in doubt.what and "--side 250" in doubt.remedy
