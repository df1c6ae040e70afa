"""Tables as people bring them: what is read, what is refused in words, and that nothing is taken for something else in silence."""

import datetime as dt
import re
import unicodedata
from decimal import Decimal

import polars as pl
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from torni.core.faults import BadInput
from torni.core.language import speaking
from torni.network import own_data
from torni.sources import encodings, shipped
from torni.sources.intake import read_points, read_population, read_units
from torni.sources.tables import read_rows
from torni.sources.where import code_of
from torni.sources.written import day, decimal_sign, number, number_in, two_ways

NEEDS = [("name", "nimi"), ("kunta", "municipality"), ("väestö",)]
GOOD = "nimi;kunta;väestö\nPälkäneen tupa;Pälkäne;12\n"
ROW = [("Pälkäneen tupa", "Pälkäne", "12")]
KINDS = {"terveysasema": "centre"}


@pytest.fixture(autouse=True)
def in_english(noted):
    with speaking("en"):
        yield


@pytest.fixture
def brought(tmp_path):
    def made(content, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return made


@pytest.fixture
def book(tmp_path):
    """A workbook of sheets: name -> (rows, hidden)."""

    def made(sheets):
        path = tmp_path / "t.xlsx"
        with xlsxwriter.Workbook(path, {"default_date_format": "d.m.yyyy"}) as out:
            for name, (rows, hidden) in sheets.items():
                sheet = out.add_worksheet(name)
                for i, row in enumerate(rows):
                    for j, cell in enumerate(row):
                        sheet.write(i, j, cell)
                if hidden:
                    sheet.hide()
                else:
                    sheet.activate()
        return path

    return made


@pytest.mark.parametrize(
    "content",
    [
        GOOD, GOOD.encode("utf-8-sig"), GOOD.encode("cp1252"), GOOD.encode("utf-16"), GOOD.encode("utf-16-le"), b"\xfe\xff" + GOOD.encode("utf-16-be"),
        GOOD.replace(";", "\t").encode("utf-16"), GOOD.replace("\n", "\r\n"), GOOD.replace("\n", "\r"), GOOD.replace(";", ","), GOOD.replace(";", "|"),
        unicodedata.normalize("NFD", GOOD), "sep=;\n" + GOOD, GOOD + ";;\n ; ;\u00a0\n\n", GOOD.replace("nimi", '"Nimi\n(virallinen)"'),
        GOOD.replace("nimi", "Nimi (suomi, ruotsi, englanti, muut, kaikki)"), GOOD.replace("nimi", " NIMI* "), "Toimipisteet 2026;;\n\n" + GOOD,
        GOOD.replace("Pälkäne;", "\u200bPälkäne\u00a0;"), GOOD.replace(";12", ';="12"'), GOOD.replace(";12", ";12;;;"), GOOD.replace("väestö", "väestö;").replace(";12", ";12;"),
    ],
)  # fmt: skip
def test_one_table_however_it_is_saved(brought, content):
    assert read_rows(brought(content), needs=NEEDS).frame.select(pl.nth(0, 1, 2)).rows() == ROW


def test_windows_signs_are_the_letters_that_they_are(brought):
    """Read as ISO 8859-1 they would be control characters that nobody sees."""
    text = "nimi;kunta;väestö\nŠakki – Žižka 5 €;Pälkäne;12\n"
    assert read_rows(brought(text.encode("cp1252")), needs=NEEDS).frame["nimi"].to_list() == ["Šakki – Žižka 5 €"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (GOOD.encode() + GOOD.encode("cp1252"), "row 3: some rows are UTF-8 and some are not"),
        (GOOD.encode().decode("cp1252"), "row 1: letters are lost"),
        (GOOD.replace("Pälkäneen", "P\ufffdlkäneen"), "row 2: letters are lost"),
        (GOOD.replace("Pälkäneen", "P?lk?neen"), "row 2: letters are lost"),
        (GOOD.replace("Pälkäneen", "Saarij?rven"), "row 2: letters are lost"),
        (GOOD.replace("Pälkäneen", "P??lk??neen"), "row 2: letters are lost"),
        (GOOD.replace("Pälkäneen", "?ht\u00e4rin"), "row 2: letters are lost"),
        (GOOD.encode("cp1252") + b"\x81\x81;x;1\n", "row 1: neither UTF-8 nor Windows-1252"),
        ("nimi;väestö;nimi;kunta\na;1;b;Pälkäne\n", 'row 1: the column "nimi" is there twice'),
        (GOOD + "a;b;1;2\nc;d;3\ne;f;4;5\n", "row 3: not readable as CSV: 4 fields, 3 names of columns"),
        (GOOD + "a;b;1;2\nc;d;3\ne;f;4;5\n", "row 5"),
        (GOOD + '"Avoin;Pälkäne;3\nToinen;Pälkäne;4\n', "row 3: not readable as CSV: a quotation mark is not closed"),
        (b"\x89PNG\x00\x00\x00", "not a text file|neither UTF-8"),
    ],
)
def test_what_cannot_be_read_is_told_by_its_row(brought, content, told):
    with pytest.raises(BadInput, match=told):
        read_rows(brought(content), needs=NEEDS)


def test_rows_keep_the_numbers_that_a_table_program_shows(brought, book, noted):
    text = "Otsikko\n\nnimi;kunta;väestö\n;;\nA;Pälkäne;1\n\nB;Pälkäne;2\n"
    found = read_rows(brought(text), needs=NEEDS)
    assert (found.rows, found.named_on) == ([5, 7], 3)
    assert ["row 3" in f.where and "Otsikko" in f.what for f in noted] == [True]
    rows = [["Otsikko"], [], ["nimi", "kunta", "väestö"], [], ["A", "Pälkäne", 1], [], ["B", "Pälkäne", 2]]
    again = read_rows(book({"S": (rows, False)}), needs=NEEDS)
    assert (again.rows, again.named_on, again.frame.rows()) == ([5, 7], 3, found.frame.rows())


@pytest.mark.parametrize("encoding", ["cp1252", "iso8859_15", "cp1257", "cp850", "cp437", "mac_roman"])
def test_the_encoding_that_gives_names_of_this_country_is_taken_and_told(brought, encoding, noted):
    """The byte of an ä in one is a „ or a Š in another: municipalities and columns tell which it is."""
    text = "nimi;kunta;väestö\nÄhtärin Pikkutöyrä;Ähtäri;3\nSäkylän tupa;Säkylä;12\n"
    found = read_rows(brought(text.encode(encoding)), needs=NEEDS)
    assert found.frame.rows() == [("Ähtärin Pikkutöyrä", "Ähtäri", "3"), ("Säkylän tupa", "Säkylä", "12")]
    assert "the file is not UTF-8; it was read as" in str(noted[0]) and "such as: Ähtärin Pikkutöyrä" in str(noted[0])


@given(st.text("äöåÄÖÅéšŽüõ–€°abcdefgXYZ ", min_size=1, max_size=30), st.sampled_from([*encodings.OLD]))
def test_an_old_encoding_is_read_as_it_was_written_or_asked_about(text, encoding):
    """What is read otherwise than it was written is at least shown: it never goes through without a word."""
    written = "nimi;kunta;väestö\n" + text + ";Pälkäne;1\n"
    try:
        data = written.encode(encoding)
    except UnicodeEncodeError:
        return
    try:
        found, told = encodings.old_text("t.csv", data)
    except BadInput as asked:
        found, told = "Pälkäne", asked.faults
    assert "Pälkäne" in found and "CSV UTF-8" in told[0].remedy


@pytest.mark.parametrize(
    ("text", "encoding", "told"),
    [
        (
            "nimi;kunta;t\nŠakki;Hki;2\n",
            "cp1252",
            'row 2: "äakki" if the file is Mac Roman, "Šakki" if it is Windows-1252',
        ),
        ("nimi;kunta;t\nTyö;Hki;2\n", "cp850", 'row 2: "Ty”" if the file is Windows-1252, "Työ" if it is CP850'),
        ("nimi;kunta;t\nФилиал;Hki;2\n", "cp1251", "row 2: neither UTF-8 nor"),
        ("nimi;kunta;t\nŁódź;Hki;2\n", "cp1250", "row 2: neither UTF-8 nor"),
    ],
)
def test_letters_that_two_encodings_read_otherwise_are_asked_about(brought, text, encoding, told):
    with pytest.raises(BadInput, match=re.escape(told)):
        read_rows(brought(text.encode(encoding)), needs=NEEDS)


@pytest.mark.parametrize("through", ["cp1252", "cp850", "mac_roman"])
def test_letters_that_went_through_another_encoding_are_lost(brought, through):
    with pytest.raises(BadInput, match="letters are lost"):
        read_rows(brought(GOOD.encode().decode(through)), needs=NEEDS)


@pytest.mark.parametrize(
    "name", ["Miksi?", "Onko? On", "?", "Tupa (auki?)", "https://tupa.fi/haku?nimi=x", "tupa.fi/haku?x", "12?", "A? B?"]
)
def test_a_question_mark_at_the_end_of_a_word_or_in_an_address_is_one(brought, name):
    text = f"nimi;kunta;väestö\n{name};Pälkäne;12\n"
    assert read_rows(brought(text.encode()), needs=NEEDS).frame["nimi"].to_list() == [name]


TABLE = [["nimi", "kunta", "väestö"], ["Pälkäneen tupa", "Pälkäne", 12]]
OLD = [["nimi", "kunta", "väestö"], ["Vanha tupa", "Pälkäne", 9]]


def test_a_hidden_sheet_is_not_read(book, noted):
    found = read_rows(book({"2019": (OLD, True), "2026": (TABLE, False)}), needs=NEEDS)
    assert found.frame.rows() == ROW
    assert '"2019"' in noted[0].what and '"2026"' in found.where


def test_of_several_sheets_the_one_with_the_columns_is_read(book):
    found = read_rows(book({"Ohje": ([["Täytä tiedot toiselle välilehdelle"]], False), "Tiedot": (TABLE, False)}), needs=NEEDS)  # fmt: skip
    assert found.frame.rows() == ROW and '"Tiedot"' in found.where


def test_of_two_sheets_that_could_be_meant_neither_is_chosen(book):
    with pytest.raises(BadInput, match='the sheets "2019", "2026" all hold such a table'):
        read_rows(book({"2019": (OLD, False), "2026": (TABLE, False)}), needs=NEEDS)


def test_a_missing_column_tells_the_sheet_and_the_row_that_was_read(book, tmp_path):
    path = book({"Ohje": ([["Lue tämä"]], False), "Tiedot": ([["nimi", "laji"], ["A", "terveysasema"]], False)})
    with pytest.raises(BadInput) as caught:
        read_units(path, kind_names=KINDS, far_km=12)
    told = str(caught.value)
    assert 'sheet "Tiedot": the column "municipality" is missing' in told and "read from row 1: nimi, laji" in told


def test_a_workbooks_dates_numbers_and_texts(book):
    rows = [
        ["nimi", "kunta", "väestö", "avattu"],
        ["A", "007", 410618.0, dt.date(2026, 2, 1)],
        ["B", 7, 30.2, dt.datetime(2026, 2, 1, 8, 30)],  # noqa: DTZ001 - a cell of a workbook has no zone
    ]
    frame = read_rows(book({"S": (rows, False)}), needs=NEEDS).frame
    assert frame.rows() == [("A", "007", "410618", "2026-02-01"), ("B", "7", "30.2", "2026-02-01 08:30:00")]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("25,2527", "25.2527"), ("25.2527", "25.2527"), ("1 234", "1234"), ("1\u00a0234,5", "1234.5"), ("1\u202f234", "1234"), ("1\u2009234 567", "1234567"),
        ("1.234.567", "1234567"), ("1.234,50", "1234.50"), ("1,234.50", "1234.50"), ("-5", "-5"), ("\u22125,5", "-5.5"), ("160,00", "160.00"), ("1.234", "1.234"),
        ("6.95E+06", None), ("nan", None), ("inf", None), ("1_000", None), ("12 34", None), ("1 2345", None), ("1.23.456", None), ("", None), ("-", None), ("٣", None),
        ("1,2,3", None), ("1.", None), ("9" * 50, None),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(text, value):
    assert number(text) == (None if value is None else Decimal(value))


@given(st.decimals(-(10**9), 10**9, places=2), st.sampled_from([" ", "\u00a0", "\u202f", "."]))
def test_a_number_written_the_finnish_way_is_that_number(value, blank):
    """Thousands in groups, a decimal comma: whatever stands between the groups."""
    assert number(f"{value:,.2f}".replace(",", "_").replace(".", ",").replace("_", blank)) == value


@pytest.mark.parametrize(
    ("column", "sign", "values"),
    [
        (["1.234", "12.345.678", "7"], ",", ["1234", "12345678", "7"]),
        (["1.234", "12,5"], ",", ["1234", "12.5"]), (["1.234", "1 234,5"], ",", ["1234", "1234.5"]), (["1.234", "1.234,5"], ",", ["1234", "1234.5"]),
        (["1.234", "0.512"], ".", ["1.234", "0.512"]), (["1.234", "120.0"], ".", ["1.234", "120.0"]), (["1,234", "1,234.5"], ".", ["1234", "1234.5"]),
        (["1,160", "0,085"], ",", ["1.160", "0.085"]), (["1.160", "1234.567"], ".", ["1.160", "1234.567"]),
        (["1.234", "7"], None, [None, "7"]), (["10.000"], None, [None]), (["1,234", None, "1 000"], None, [None, None, "1000"]),
        (["1.234", "1.5", "2,5"], None, [None, "1.5", "2.5"]), (["-1.234", "\u22121.234"], None, [None, None]),
    ],
)  # fmt: skip
def test_a_dot_before_three_digits_is_what_the_columns_other_numbers_say(column, sign, values):
    """1.234 people in a square are a thousand, or somebody's reckoning of one: the column tells which, or it is asked."""
    assert decimal_sign(column) == sign
    found = [None if text is None else number_in(text, sign) for text in column]
    assert found == [None if value is None else Decimal(value) for value in values]


@given(st.integers(1000, 999_999))
def test_a_number_that_may_be_two_is_never_chosen_without_a_sign(value):
    for text in (f"{value:,}", f"{value:,}".replace(",", ".")):
        assert two_ways(text) and number_in(text, None) is None
        assert {number_in(text, ","), number_in(text, ".")} == {Decimal(value), Decimal(value) / 1000}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-02-01", True), ("20260201", True), ("1.2.2026", True), ("01.02.2026", True), ("1. 2. 2026", True), ("2026-02-01 00:00:00", True), ("2026-02-01T00:00:00", True),
        ("1.2.2026 0:00:00", True), ("2026-W06-1", False), ("2026W061", False), ("2/1/2026", False), ("1.2.26", False), ("31.2.2026", False), ("2026-02-01 08:30", False),
        ("46054", False), ("2026-2-1", False), ("soon", False),
    ],
)  # fmt: skip
def test_days_as_people_write_them(text, found):
    assert day(text) == (dt.date(2026, 2, 1) if found else None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Saarijärvi", "729"), ("SAARIJÄRVI", "729"), (unicodedata.normalize("NFD", "Saarijärvi"), "729"), ("729", "729"), ("729.0", "729"), ("KU729", "729"),
        ("729 Saarijärvi", "729"), ("Saarijärvi (kunta)", "729"), ("49", "049"), ("Esbo", "049"), ("Espoo - Esbo", "049"), ("Espoo/Esbo", "049"), ("S:t Mårtens", "480"),
        ("Mänttä-Vilppula", "508"), ("588", "507"), ("Pertunmaa", "507"), ("099", "214"), ("Honkajoki", "214"), ("911", "541"), ("Nastola", "398"), ("Lillkyro", "905"),
        ("Espoo/Vantaa", None), ("049 Saarijärvi", None), ("000", None), ("Atlantis", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_a_municipality_by_any_of_its_names(text, code):
    assert code_of(text) == code


def test_every_municipality_is_found_by_its_names_and_every_merged_one_leads_to_one_of_today():
    from torni.sources.where import merged

    for code, fi, sv in shipped.municipalities().select("municipality", "name_fi", "name_sv").iter_rows():
        assert {code_of(code), code_of(fi), code_of(sv), code_of(f"{fi} - {sv}")} == {code}
    today = set(shipped.municipalities()["municipality"])
    assert len(merged()) == 336 - 308 and set(merged()["into"]) <= today and not set(merged()["code"]) & today


def test_a_region_is_begun_by_swedish_and_old_names(own_regions):
    own_data.new_region("Koe", counties=[], municipalities=["Mariehamn", "Nådendal", "Honkajoki", "Kankaanpää"])
    assert '["478", "529", "214"]' in (own_regions / "koe" / "region.yaml").read_text(encoding="utf-8")


def test_every_municipality_that_is_not_is_told(own_regions):
    with pytest.raises(BadInput) as caught:
        own_data.new_region("Koe", counties=[], municipalities=["Atlantis", "Saarijärv"])
    assert [f.where for f in caught.value.faults] == ['municipality "Atlantis"', 'municipality "Saarijärv"']


# Points: wherever one is brought, it is held against what else is known of it.

GK25 = "512933;6955775"  # the easting of ETRS-GK25 without its zone's digits: 80 km east of Saarijärvi in ETRS-TM35FIN


@pytest.mark.parametrize(
    ("point", "told"),
    [
        (GK25, "in Kuopio, 79.7 km outside Saarijärvi"), ("25512933;6955775", "ETRS-GK25"), ("6954178;410618", "x and y are swapped"),
        ("3410618;6957000", "KKJ"), ("25.2527;62.7072", "degrees"), ("1;2", "coordinate system"),
    ],
)  # fmt: skip
def test_a_point_is_held_against_its_municipality_wherever_it_is_brought(brought, point, told):
    people = read_population(brought(f"x;y;väestö;kunta\n{point};100;Saarijärvi\n"), side_m=1000)
    units = read_units(brought(f"x;y;nimi;laji;kunta\n{point};A;terveysasema;Saarijärvi\n"), kind_names=KINDS, far_km=12)  # fmt: skip
    with pytest.raises(BadInput) as caught:
        read_points(brought(f"x;y;name;kunta\n{point};A;Saarijärvi\n"))
    for faults in (people.faults, units.faults, caught.value.faults):
        assert len(faults) == 1 and told in str(faults[0]) and "row 2" in faults[0].where
    assert people.good.is_empty() and units.good.is_empty()


def test_squares_whose_middle_is_over_the_border_are_kept(brought):
    """Of the census grid itself some middles lie in the next municipality: its people live in another corner of the square."""
    cells = shipped.table("cells").filter(pl.col("municipality").is_in(["729", "077", "850"])).select("x", "y", "municipality", "residents")  # fmt: skip
    found = read_population(brought(cells.write_csv()), side_m=1000)
    assert (len(found.good), found.faults) == (len(cells), ())


def test_a_question_takes_points_in_metres_too(brought):
    found = read_points(brought("nimi;x;y;huom\nA;410618;6954178;z\n"))
    assert [round(v, 3) for v in found.select("lon", "lat").row(0)] == [25.253, 62.707]
    assert found["name"].to_list() == ["A"] and found["huom"].to_list() == ["z"]


def test_a_kept_date_is_read_again(brought, own_regions):
    """What the door takes, every later command reads."""
    from torni.network.region import load

    text = "nimi;laji;kunta;lon;lat;avattu\nKeskus;terveysasema;Saarijärvi;25,2527;62,7072;20260201\n"
    own_data.import_units(brought(text), "keski-suomi", on=dt.date(2026, 11, 22))
    units = load("keski-suomi", on=dt.date(2026, 11, 22), invented=False).units
    assert units["open_from"].to_list() == [dt.date(2026, 2, 1)]
