"""A region's own files, touched by a hand since they were imported: one clear fault for each place, all at once, never a traceback."""

import datetime as dt
import unicodedata

import polars as pl
import pytest

from torni.core.faults import BadInput
from torni.core.language import speaking
from torni.network import check, own_data
from torni.network.region import load
from torni.sources.intake import KEPT_COLUMNS

ON = dt.date(2026, 11, 22)
GIVEN = """unit_id;nimi;laji;kunta;lon;lat;koko;aukiolo;tuottaja;sähköinen;palvelee;avattu;suljettu
A1;Keskus;health_centre;Saarijärvi;25,2527;62,7072;M;ma-pe 8-16;Oma tuotanto;ei;Saarijärvi|Kannonkoski;1.2.2020;31.12.2030
B2;Asema;health_centre;Kannonkoski;25,2631;62,9769;S;ma-pe 8-16;Oma tuotanto;kyllä;Kannonkoski;1.2.2020;31.12.2030
"""


@pytest.fixture(autouse=True)
def in_english():
    with speaking("en"):
        yield


@pytest.fixture
def own(own_regions, tmp_path):
    """The region's own `units.csv` as its import wrote it."""
    (tmp_path / "given.csv").write_text(GIVEN, encoding="utf-8")
    done = own_data.import_units(tmp_path / "given.csv", "keski-suomi", on=ON)
    assert done.written and not done.intake.faults
    return done.written


def faults(**asked):
    with pytest.raises(BadInput) as caught:
        load("keski-suomi", on=ON, **asked)
    return [str(fault) for fault in caught.value.faults]


def touched(path, column, *values):
    table = pl.read_csv(path, infer_schema=False)
    table.with_columns(pl.Series(column, values, pl.String)).write_csv(path)


def test_what_the_import_wrote_is_read(own):
    units = load("keski-suomi", on=ON, invented=False).units
    assert units.select("unit_id", "size", "electronic", "open_from").rows() == [
        ("A1", "M", False, dt.date(2020, 2, 1)), ("B2", "S", True, dt.date(2020, 2, 1)),
    ]  # fmt: skip


@pytest.mark.parametrize("column", KEPT_COLUMNS)
def test_a_column_that_is_gone_is_told(own, column):
    pl.read_csv(own, infer_schema=False).drop(column).write_csv(own)
    told = faults()
    assert told and all("keski-suomi/units.csv" in f for f in told) and f'the column "{column}" is missing' in told[0]


@pytest.mark.parametrize("column", ["unit_id", "name", "kinds", "municipality", "lon", "lat"])
def test_a_cell_that_was_emptied_is_told(own, column):
    values = pl.read_csv(own, infer_schema=False)[column].to_list()
    touched(own, column, values[0], None)
    told = faults()
    assert [f.partition("\n")[0] for f in told] == [f"keski-suomi/units.csv, row 3, column {column}: empty"]


@pytest.mark.parametrize(
    ("column", "text", "told"),
    [
        ("unit_id", "a 1", '"a 1" is already on row 2, written "A1"'), ("kinds", "helth_centre", "is not a kind of unit"), ("municipality", "Atlantis", "is not a municipality"),
        ("municipality", "Helsinki", "outside Helsinki, which the row states"), ("lon", "idässä", "is not a number"), ("lon", "62.9769", "is not in Finland"), ("lat", "25.26", "is not in Finland"),
        ("lat", "60.1699", "outside Kannonkoski"), ("lon", "#N/A", "an error of the table program"), ("lat", "=E2", "a formula that has not been reckoned"),
        ("size", "XL", "is not a size"), ("electronic", "ehkä", "is neither yes nor no"), ("serves", "Atlantis", "is not a municipality"), ("open_from", "kevät", "is not a date"),
        ("open_to", "2019-01-01", "closes before it opens"),
    ],
)  # fmt: skip
def test_what_was_written_over_a_cell_is_told(own, column, text, told):
    values = pl.read_csv(own, infer_schema=False)[column].to_list()
    touched(own, column, values[0], text)
    found = faults()
    assert len(found) == 1 and "units.csv, row 3, column" in found[0] and told in found[0]


def test_every_damaged_place_is_told_at_once(own):
    for column, text in (("unit_id", None), ("lon", "itä"), ("size", "XL"), ("open_from", "kevät"), ("kinds", "x")):
        touched(own, column, text, text)
    assert len(faults()) == 10


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_another_separator_and_commas_of_a_table_program_are_read(own, separator):
    before = load("keski-suomi", on=ON, invented=False).units
    table = pl.read_csv(own, infer_schema=False)
    if separator == "|":
        table = table.with_columns(pl.col("serves", "kinds").str.replace_all("|", ";", literal=True))
    text = table.with_columns(pl.col("lon", "lat").str.replace(".", ",", literal=True)).write_csv(separator=separator)
    own.write_text("\ufeff" + text, encoding="utf-8")
    assert load("keski-suomi", on=ON, invented=False).units.equals(before)


def test_an_emptied_or_garbled_file_is_told(own):
    for text in ("", "unit_id\n", own.read_text(encoding="utf-8").splitlines()[0], "\x00\x01", "a;b\n1;2\n"):
        own.write_text(text, encoding="utf-8")
        assert faults()


@pytest.mark.parametrize("column", ["unit_id", "size", "opening", "producer"])
def test_the_demonstrations_own_sizes_are_judged(own, column):
    sizes = own.parent / "demo" / "sizes.csv"
    sizes.parent.mkdir()
    good = "unit_id,size,opening,producer\nA1,L,,\nB2,S,,\n"
    sizes.write_text(good, encoding="utf-8")
    assert load("keski-suomi", on=ON).units["size"].to_list()[:2] == ["M", "S"]
    pl.read_csv(sizes, infer_schema=False).drop(column).write_csv(sizes)
    assert faults()[0].startswith(f'demo/sizes.csv: the column "{column}" is missing')
    sizes.write_text(good.replace("B2,S", "A1,XL") + ",M,,\nC3,XL,,\n", encoding="utf-8")
    assert [f.partition(": ")[2].partition("\n")[0] for f in faults()] == [
        '"A1" is already on row 2',
        "empty",
        '"XL" is not a size',
    ]


def test_the_demonstrations_own_units_are_judged(own):
    more = own.parent / "demo" / "units.csv"
    more.parent.mkdir()
    more.write_text("unit_id,name,kinds,municipality,lon,lat\nd,D,health_centre,Atlantis,x,62.7\n", encoding="utf-8")
    assert len(faults()) == 2


@pytest.mark.parametrize("column", ["x", "y", "municipality", "residents", "age_0_14", "age_15_64", "age_65", "side_m"])
def test_residents_that_are_not_as_imported_are_told(own_regions, tmp_path, column):
    (tmp_path / "p.csv").write_text("x;y;asukkaat\n434485;6901853;100\n435485;6901853;7\n", encoding="utf-8")
    kept = own_data.import_population(tmp_path / "p.csv", "keski-suomi", on=ON, side_m=1000).written
    table = pl.read_parquet(kept)
    table.drop(column).write_parquet(kept)
    assert [f'population.parquet: the column "{column}" is missing' in f for f in faults()] == [True]
    if not column.startswith("age"):
        table.with_columns(pl.lit(None, table.schema[column]).alias(column)).write_parquet(kept)
        assert [f'the column "{column}" has empty cells' in f for f in faults()] == [True]
    kept.write_bytes(kept.read_bytes()[:50])
    assert ["not readable as it was imported" in f for f in faults()] == [True]


@pytest.mark.parametrize("other", ["a1", "A 1", "A\u00a01", " A1 ", "Ａ1"])
def test_one_unit_twice_is_told_by_both_rows(own_regions, tmp_path, other):
    (tmp_path / "g.csv").write_text(GIVEN.replace("B2", f'"{other}"'), encoding="utf-8")
    done = own_data.import_units(tmp_path / "g.csv", "keski-suomi", on=ON)
    assert done.written is None
    assert ["row 3, column unit_id" in f.where and "is already on row 2" in f.what for f in done.intake.faults] == [
        True
    ]


def test_ids_in_two_forms_of_the_same_letters_are_one(own_regions, tmp_path):
    text = GIVEN.replace("A1", "Ä").replace("B2", unicodedata.normalize("NFD", "ä"))
    (tmp_path / "g.csv").write_text(text, encoding="utf-8")
    (fault,) = own_data.import_units(tmp_path / "g.csv", "keski-suomi", on=ON).intake.faults
    assert '"ä" is already on row 2, written "Ä"' in fault.what


@pytest.mark.parametrize(("side", "ages"), [(250, True), (250, False), (1000, True)])
def test_findings_tell_whose_residents_they_rest_on(own_regions, tmp_path, side, ages):
    """Not the shipped grid: the region's own table, the side of its cells, and whose ages it does not tell."""
    head, more = (";age_0_14;age_15_64;age_65", ";10;60;30") if ages else ("", "")
    (tmp_path / "p.csv").write_text(f"x;y;asukkaat{head}\n434485;6901853;100{more}\n", encoding="utf-8")
    own_data.import_population(tmp_path / "p.csv", "keski-suomi", on=ON, side_m=side)
    found = [f for f in check(load("keski-suomi", on=ON)) if f.counted == "residents"]
    told = {str(a) for f in found for a in f.assumptions}
    assert f"Residents of the region's own table, cells of {side} m as told at its import" in told
    assert not [a for a in told if "census" in a]
    assert bool([a for a in told if a.startswith("Of 100 residents the region's own table tells no ages")]) is not ages
