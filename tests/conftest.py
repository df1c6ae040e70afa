"""What tests share: no network, no wall clock, no files outside their own folder; a small world on a straight road."""

from __future__ import annotations

import base64
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import settings

from tests.started import sitecustomize as started

NOW = started.NOW
TODAY = date(2026, 11, 22)
DATA = Path(__file__).parent / "data"
settings.register_profile(
    "untimed", parent=settings.get_profile("ci" if "CI" in os.environ else "default"), deadline=None
)
settings.load_profile("untimed")  # how long an example takes is the machine's, and no law


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew-golden", action="store_true", help="write the golden files anew; read the difference")
    parser.addoption("--shots", action="store_true", help="keep screenshots of every page in shots/")


def pytest_configure() -> None:
    """Folders of their own, before any test file is read: some load the definitions, and those of a developer's own room are not meant."""
    os.environ.pop("DATABASE_URL", None)
    os.environ.pop("COLUMNS", None)  # of the terminal in which the tests run; xdist sets it too
    os.environ["TORNI_LANG"] = "en"
    os.environ["TORNI_PROGRESS"] = "no"  # how long work takes is not the same from run to run
    for name in ("TORNI_CACHE", "TORNI_REGIONS", "TORNI_DATA"):
        folder = Path(tempfile.mkdtemp(prefix=f"{name.lower().replace('_', '-')}-"))
        folder.chmod(0o755)  # the server's user must be able to enter its folder
        os.environ[name] = str(folder)
    key = Path(os.environ["TORNI_DATA"]) / "backup.key"  # named, so that a room in another folder finds it too
    key.write_text(f"torni-backup-key-1 {base64.b64encode(os.urandom(32)).decode()}\n")
    key.chmod(0o600)
    os.environ["TORNI_BACKUP_KEY"] = str(key)


def pytest_unconfigure() -> None:
    for name in ("TORNI_CACHE", "TORNI_REGIONS", "TORNI_DATA"):
        shutil.rmtree(os.environ[name], ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Where the tests run in several processes, a folder's stay in one: they share its room, its server and its browser."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFolder(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return nodeid.split("/")[1]

    return ByFolder(config, log)


@pytest.fixture(scope="session", autouse=True)
def _standing_clock() -> None:
    """The product's clock stands, here and in every process that a test starts: no test knows what day it is."""
    os.environ["TORNI_TESTS"] = "1"
    os.environ["PYTHONPATH"] = os.pathsep.join(
        filter(None, [str(Path(started.__file__).parent), os.environ.get("PYTHONPATH")])
    )
    started.stand()
    if "FAKETIME" in os.environ:
        started.sleep_well()


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    from torni.core.language import speaking

    with speaking("en"):
        yield


@pytest.fixture
def own_regions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder where this test's own regions live."""
    folder = tmp_path / "regions"
    folder.mkdir()
    monkeypatch.setenv("TORNI_REGIONS", str(folder))
    return folder


@pytest.fixture(scope="session")
def database_server() -> Iterator[object]:
    """An embedded PostgreSQL of the tests' own, in a folder that its user may enter. It waits for no disk: nothing in it outlives the tests,
    and what must outlive a kill is tried in folders of those tests' own."""
    import psycopg

    from torni.facts.postgres import server

    folder = Path(tempfile.mkdtemp(prefix="torni-tests-"))
    folder.chmod(0o755)
    try:
        with server(folder=folder) as running:
            with psycopg.connect(running.url, autocommit=True) as connection:
                for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                    connection.execute(f"ALTER SYSTEM SET {setting} = off")
                connection.execute("SELECT pg_reload_conf()")
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def new_room(database_server) -> Callable[[], str]:
    """Makes an empty record room, a database of its own, and gives its address."""
    import psycopg
    from psycopg.conninfo import make_conninfo

    from torni.facts import opening

    empty = make_conninfo(database_server.url, dbname="empty_room")
    with psycopg.connect(database_server.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE empty_room")
    opening.prepare(empty)
    numbers = itertools.count()

    def make() -> str:
        name = f"room_{next(numbers)}"
        with psycopg.connect(database_server.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE empty_room")
        return make_conninfo(database_server.url, dbname=name)

    return make


YEAR_SEED, YEAR_RESIDENTS, YEAR_FIRST = 11, 2_000, date(2025, 11, 22)
YEAR_UNTIL = NOW


@pytest.fixture(scope="session")
def invented_year(new_room) -> str:
    """A record room with the invented year of a small region: 2,000 residents, seed 11, until the tests' own now."""
    from torni.facts import opening
    from torni.facts.door import Door
    from torni.facts.fold import fold
    from torni.services.days import Days
    from torni.simulation import cast
    from torni.simulation.scene import set_scene
    from torni.simulation.year.running import assembled, load_year
    from torni.tower.watching import keep_watch

    url = new_room()
    with opening.connect(url, autocommit=True) as connection:
        opening.claim(connection, "keski-suomi", invented={"seed": YEAR_SEED, "residents": YEAR_RESIDENTS})
    year, books = assembled("keski-suomi", seed=YEAR_SEED, residents=YEAR_RESIDENTS, first=YEAR_FIRST)
    load_year(url, year, books, first=YEAR_FIRST, until=YEAR_UNTIL)
    with opening.connect(url, autocommit=True) as connection:
        cast.gather(connection)
        cast.settle_resident(connection, year.world)
        set_scene(connection, Door(connection, books), Days("keski-suomi").exactly)
        fold(connection)
        keep_watch(connection, lambda day: Days("keski-suomi").on(day).library, back=3)
        refused = connection.execute("SELECT raw, reasons FROM quarantine").fetchall()
        assert not refused, refused  # asked here: later tests send what is refused into the same room
    return url


@pytest.fixture(scope="session")
def keski_suomi():
    from torni import network

    return network.load("keski-suomi", on=TODAY).ready_for_changes()


ORIGIN = (410_000, 6_980_000)  # in Kannonkoski, far from nothing that matters
HEAD = """id: trial
name: {fi: Koe, sv: Prov, en: Trial}
group: centre_reception
valid_from: 2017-01-01
promises:
  - id: one
    sentence: {fi: Lupaus, sv: Löfte, en: Promise}
    broken: {fi: ei toteudu, sv: uppfylls inte, en: not kept}
    source: invented
"""


@pytest.fixture
def world(own_regions: Path) -> Callable[..., object]:
    """A straight east-west road of 60 km at 60 km/h with homes and units at kilometres along it.

    `world(homes="0:100 10:50", units="u1 centre S @5", promise="kind: reach ...")` gives the one finding. A home at km k
    with n people is `k:n`, or `k:n:216` in a municipality; a unit is `id kind size @km` (size - for none), with
    `producer=P serves=216|226 electronic=yes` after it.
    """
    from torni import network
    from torni.engines.travel import RoadGraph
    from torni.network import check
    from torni.sources.coordinates import to_degrees, to_metres
    from torni.sources.intake import KEPT_COLUMNS
    from torni.sources.roads import write_network
    from torni.sources.where import located

    def make(*, homes: str, promise: str, units: str = "", invented: bool = True):
        folder = own_regions / "trial"
        (folder / "services").mkdir(parents=True, exist_ok=True)
        (folder / "region.yaml").write_text('name: {fi: Koe, sv: Prov, en: Trial}\nmunicipalities: ["216", "226"]\n')
        indented = "".join(f"    {line.strip()}\n" for line in promise.strip().splitlines())
        (folder / "services" / "trial.yaml").write_text(HEAD + indented)
        parts = [h.split(":") for h in homes.split()]
        km = np.array([float(p[0]) for p in parts])
        pl.DataFrame({
            "x": (ORIGIN[0] + km * 1000).astype(np.int32), "y": np.full(len(km), ORIGIN[1], np.int32),
            "municipality": [p[2] if len(p) > 2 else "216" for p in parts], "residents": [int(p[1]) for p in parts],
            "age_0_14": [0] * len(parts), "age_15_64": [0] * len(parts), "age_65": [int(p[1]) for p in parts],
            "side_m": [100] * len(parts),
        }).write_parquet(folder / "population.parquet")  # fmt: skip
        nodes = 61
        write_network(
            RoadGraph(
                x=ORIGIN[0] + 1000.0 * np.arange(nodes), y=np.full(nodes, float(ORIGIN[1])),
                tail=np.arange(nodes - 1, dtype=np.int32), head=np.arange(1, nodes, dtype=np.int32),
                length_m=np.full(nodes - 1, 1000, np.int32), road_class=np.zeros(nodes - 1, np.int16), classes=("connecting",),
                closed=np.zeros(nodes - 1, np.uint8), fixed_s=np.zeros(nodes - 1, np.int32),
            ),
            folder / "roads",
        )  # fmt: skip
        rows = []
        for line in filter(None, (u.strip() for u in units.splitlines())):
            unit_id, kind, size, at, *more = line.split()
            lon, lat = to_degrees(np.array([ORIGIN[0] + float(at[1:]) * 1000]), np.array([float(ORIGIN[1])]))
            extra = dict(pair.split("=") for pair in more)
            rows.append({
                "unit_id": unit_id, "name": unit_id, "kinds": kind, "municipality": extra.get("in") or located(*to_metres(lon, lat))[0],
                "lon": f"{lon[0]:.7f}", "lat": f"{lat[0]:.7f}", "size": None if size == "-" else size,
                "producer": extra.get("producer"), "serves": extra.get("serves"), "electronic": extra.get("electronic"),
            })  # fmt: skip
        pl.DataFrame(rows, schema=dict.fromkeys(KEPT_COLUMNS, pl.String)).write_csv(folder / "units.csv")
        loaded = network.load("trial", on=TODAY, invented=invented)
        return next(f for f in check(loaded, pattern="trial.one"))

    return make
