"""What Torni itself wrote and reads back, damaged: told once in plain words with the command that makes it again, or made again unasked."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from tests.unit.test_own_roads import streets
from torni.cli import main
from torni.core.faults import BadInput
from torni.facts import snapshot
from torni.network import load
from torni.network.stored import Stored
from torni.simulation.population import make, open_population
from torni.sources import roads

ON = date(2026, 11, 22)


@pytest.fixture
def network_of(own_regions):
    """The region's own streets, of two points."""
    from torni.network import own_data
    from torni.services import regions

    folder = own_data.own_folder(regions.find("keski-suomi")) / "roads"
    graph = streets(0.0)
    roads.write_network(graph, folder)
    roads.write_unread({}, folder)
    return folder


def told(folder):
    with pytest.raises(BadInput) as caught:
        roads.read_network(folder)
    (fault,) = caught.value.faults
    assert fault.remedy == "Import the streets again with torni import roads."
    assert fault.where.startswith("keski-suomi/roads")
    return str(fault).partition("\n")[0]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (
            b"PK\x03\x04 cut",
            "timetable.zip: the zip is damaged or locked. Fetch it again, or pack it without a password.",
        ),
        (b"<html>", "timetable.zip: not a zip file. Give a GTFS timetable as one .zip."),
    ],
)
def test_a_damaged_timetable_of_a_region_stops_no_check_and_is_told(own_regions, content, what):
    """A finding that needs it cannot be told, and says what is wrong with which file, in the language of whoever reads it."""
    from torni.core.language import speaking
    from torni.network import own_data, transit
    from torni.services import regions

    folder = own_data.own_folder(regions.find("keski-suomi"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "timetable.zip").write_bytes(content)
    why = transit.unusable(load("keski-suomi", on=ON))
    assert str(why) == f"a timetable without faults: {what}"
    with speaking("fi"):
        assert "zip-tiedosto" in str(why)


@pytest.mark.parametrize("name", ["nodes.parquet", "edges.parquet"])
@pytest.mark.parametrize("damage", [lambda b: b"", lambda b: b[: len(b) // 2], lambda b: b[:-9], lambda b: b"PAR1" + b[4:40][::-1] + b[40:], lambda b: b"x;y\n1;2\n"])  # fmt: skip
def test_streets_cut_short_or_garbled(network_of, name, damage):
    path = network_of / name
    path.write_bytes(damage(path.read_bytes()))
    assert told(network_of) == f"keski-suomi/roads/{name}: not readable as it was imported"
    path.unlink()
    assert told(network_of) == f"keski-suomi/roads/{name}: not readable as it was imported"


@pytest.mark.parametrize(
    ("name", "changed", "what"),
    [
        ("nodes.parquet", lambda t: t.drop("x"), 'nodes.parquet: the column "x" is missing'),
        ("nodes.parquet", lambda t: t.clear(), "nodes.parquet: the table has no rows"),
        ("nodes.parquet", lambda t: t.head(1), ": points and edges are not of one network"),
        ("nodes.parquet", lambda t: t.with_columns(x=pl.lit(None, pl.Int32)), 'nodes.parquet: the column "x" has empty cells'),
        ("nodes.parquet", lambda t: t.with_columns(x=pl.lit("east")), "nodes.parquet: not readable as it was imported"),
        ("nodes.parquet", lambda t: t.with_columns(rank=pl.lit(7)), 'nodes.parquet: the column "rank" is not as it was imported'),
        ("edges.parquet", lambda t: t.drop("length_m"), 'edges.parquet: the column "length_m" is missing'),
        ("edges.parquet", lambda t: t.drop("closed"), 'edges.parquet: the column "closed" is missing'),
        ("edges.parquet", lambda t: t.clear(), "edges.parquet: the table has no rows"),
        ("edges.parquet", lambda t: t.with_columns(v=pl.lit(9)), ": points and edges are not of one network"),
        ("edges.parquet", lambda t: t.with_columns(v=pl.lit(-1)), ": points and edges are not of one network"),
        ("edges.parquet", lambda t: t.with_columns(length_m=pl.lit(0)), ": points and edges are not of one network"),
        ("edges.parquet", lambda t: t.with_columns(closed=pl.lit(None, pl.UInt8)), 'edges.parquet: the column "closed" has empty cells'),
        ("edges.parquet", lambda t: t.with_columns(fixed_s=pl.lit("soon")), "edges.parquet: not readable as it was imported"),
        ("edges.parquet", lambda t: t.with_columns(road_class=pl.lit("canal")), 'edges.parquet: "canal" is not a class of roads'),
    ],
)  # fmt: skip
def test_streets_that_are_not_as_they_were_written(network_of, name, changed, what):
    changed(pl.read_parquet(network_of / name)).write_parquet(network_of / name)
    assert told(network_of).endswith(what)


def test_streets_as_they_were_written_are_read(network_of):
    assert roads.read_network(network_of).nodes == 2


@pytest.mark.parametrize("shipped", roads.state_roads().classes)
def test_a_copy_of_the_shipped_network_is_a_regions_own(network_of, shipped):
    path = network_of / "edges.parquet"
    pl.read_parquet(path).with_columns(road_class=pl.lit(shipped)).write_parquet(path)
    assert roads.read_network(network_of).classes == (shipped,)


def test_a_command_that_needs_them_says_so(network_of, capsys):
    path = network_of / "edges.parquet"
    path.write_bytes(path.read_bytes()[:100])
    assert main(["check", "--on", str(ON), "--lang", "en"]) == 2
    assert capsys.readouterr().err == "keski-suomi/roads/edges.parquet: not readable as it was imported\n    Import the streets again with torni import roads.\n"  # fmt: skip


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"\x93NUMPY\x01\x00", b"\x80\x04."])
def test_kept_travel_times_that_are_damaged_are_found_again(monkeypatch, tmp_path, content):
    monkeypatch.setenv("TORNI_CACHE", str(tmp_path))
    stored = Stored(load("keski-suomi", on=ON), "car")
    x = np.arange(3.0)
    kept = stored.keep_nearest(x, x, np.full(stored.cells, 7, np.uint16))
    assert np.array_equal(stored.nearest(x, x), kept)
    (path,) = tmp_path.iterdir()
    path.write_bytes(content)
    assert stored.nearest(x, x) is None


@pytest.mark.parametrize("content", [b"", b"PAR1", None])
def test_invented_people_that_are_damaged_are_made_again(monkeypatch, tmp_path, content):
    def made(county, path, *, seed):
        path.parent.mkdir(parents=True, exist_ok=True)
        pl.DataFrame({"municipality": ["179"] * 5}).write_parquet(path)

    monkeypatch.setattr(make, "make_county", made)
    whole = open_population("keski-suomi", folder=tmp_path)
    (path,) = whole.files
    path.write_bytes(path.read_bytes()[:-9] if content is None else content)
    assert open_population("keski-suomi", folder=tmp_path) == whole


def test_the_demonstrations_own_sizes_are_read_as_they_are_judged(own_regions):
    """With semicolons and a quoted name they are judged right: they were then read as another file."""
    from torni.network import own_data
    from torni.services import regions

    sizes = own_data.own_folder(regions.find("keski-suomi")) / "demo" / "sizes.csv"
    sizes.parent.mkdir()
    unit = load("keski-suomi", on=ON, invented=False).units.filter(pl.col("size").is_null())["unit_id"][0]
    sizes.write_text(f"unit_id;size;opening;producer\n{unit};S;;\n", encoding="utf-8")
    assert load("keski-suomi", on=ON).units.filter(pl.col("unit_id") == unit)["size"].to_list() == ["S"]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1 and no more"])
def test_every_damaged_table_of_a_reconciliation_is_told_at_once(tmp_path, capsys, content):
    for name in ("clients", "delivered", "charged"):
        (tmp_path / f"{name}.parquet").write_bytes(content)
    assert main(["reconcile", str(tmp_path), "--lang", "en"]) == 2
    told = capsys.readouterr().err.splitlines()
    assert told[::2] == [f"{name}.parquet: not readable as Parquet" for name in ("clients", "delivered", "charged")]


def test_every_damaged_file_of_a_snapshot_is_told(tmp_path, capsys):
    frame = pl.DataFrame(schema=snapshot.SCHEMA)
    frame.write_parquet(tmp_path / "event_0.parquet")
    frame.drop("sign").write_parquet(tmp_path / "event_1.parquet")
    (tmp_path / "event_2.parquet").write_bytes(b"PAR1")
    assert snapshot.unlike(tmp_path) == ["event_1.parquet", "event_2.parquet"]
    assert main(["chains", "--snapshot", str(tmp_path), "--lang", "en"]) == 2
    assert capsys.readouterr().err.count("is damaged, or of no snapshot with persons") == 2
