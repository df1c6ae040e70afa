"""A region's own data: a new region folder, and files brought in whole or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from torni.core import places
from torni.core.faults import BadInput, Fault, bad_input
from torni.core.language import Message, t
from torni.core.notes import hearing
from torni.engines.travel.graph import RoadGraph
from torni.network import transit, unread
from torni.network.joined import joined_assumptions
from torni.network.region import kind_names, load, municipality_codes
from torni.services import load_library, regions
from torni.services.regions import Region
from torni.sources import osm, roads
from torni.sources.intake import Intake, read_population, read_units
from torni.sources.where import code_of, nearest_municipality

_TEMPLATE = """\
# {name}: which places it is. Everything else in this folder is only what differs from the shared definitions:
#   services/ID.yaml    fields of a service that differ (promises are matched by their id)
#   parameters.yaml     the region's own amounts, with their sources
#   units.csv           written by `torni import units FILE --region {id}`
#   population.parquet  written by `torni import population FILE --region {id}`
#   roads/              written by `torni import roads FILE.osm.pbf --region {id}`
#   timetable.zip       written by `torni import timetable FILE.zip --region {id}`
name: {{fi: "{name}", sv: "{name}", en: "{name}"}}
{extent}
"""


@dataclass(frozen=True)
class Imported:
    """What an import did. `written`: the file or folder, None when nothing was kept. `summary`: what it holds.

    `notes`: what of it is not read, each with its count.
    """

    intake: Intake | None
    written: Path | None
    summary: Message
    notes: tuple[Message, ...] = ()


def new_region(name: str, *, counties: list[str], municipalities: list[str]) -> Path:
    """Start a region folder under the user's regions. Raises BadInput for a taken or unusable name or unknown places."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.casefold().translate(str.maketrans("äöå", "aoa"))).strip("-")
    if not slug or len(name) > 60 or any(c in name for c in '"\\\n'):
        raise bad_input(
            f'region "{name}"', t("not usable as a name"), t("Use letters and digits, at most 60 characters.")
        )
    if any(regions.folded(n) == regions.folded(name) for r in regions.all_regions() for n in r.names):
        raise bad_input(
            f'region "{name}"',
            t("a region of this name exists"),
            t("Choose another name, or import into the existing one."),
        )
    codes: list[str] = []
    extent_counties: list[str] = []
    faults: list[Fault] = []
    for place in municipalities:
        if (code := code_of(place)) is None:
            near = nearest_municipality(place)
            faults.append(Fault(
                f'municipality "{place}"', t("no such municipality"),
                t('Did you mean "{near}"?', near=near) if near else t("Write its Finnish or Swedish name or its 3-digit code."),
            ))  # fmt: skip
        else:
            codes += [code] if code not in codes else []
    if faults:
        raise BadInput(*faults)
    for place in counties:
        found = regions.find(place)
        if found.municipalities:
            codes += [code for code in found.municipalities if code not in codes]
        extent_counties += found.counties
    if not codes and not extent_counties:
        raise bad_input(
            f'region "{name}"',
            t("no places given"),
            t("Add --county NAME or --municipality NAME (each may be repeated)."),
        )
    lines = []
    if extent_counties:
        lines.append("counties: [" + ", ".join(f'"{c}"' for c in extent_counties) + "]")
    if codes:
        lines.append("municipalities: [" + ", ".join(f'"{c}"' for c in codes) + "]")
    folder = places.own_regions() / slug
    folder.mkdir(parents=True, exist_ok=False)
    (folder / "region.yaml").write_text(_TEMPLATE.format(name=name, id=slug, extent="\n".join(lines)), encoding="utf-8")
    return folder


def own_folder(region: Region) -> Path:
    """The user's own folder of a region; for a shipped region an overlay is begun."""
    base = places.own_regions().resolve()
    for folder in region.folders:
        if folder.resolve().parent == base:
            return folder
    folder = places.own_regions() / region.id
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "region.yaml").exists():
        shutil.copy(region.folders[0] / "region.yaml", folder / "region.yaml")
    return folder


def import_units(path: Path, region: str, *, on: date, keep_good: bool = False, dry_run: bool = False) -> Imported:
    """Units from a file. With any fault nothing is kept unless `keep_good`; the intake tells every fault and doubt."""
    library = load_library(region, on=on)
    kinds, far_km = kind_names(library), library.number("import.far_from_locality_km")
    intake = _doubted(lambda: read_units(path, kind_names=kinds, far_km=far_km))
    inside = set(municipality_codes(library))
    outside = int((~intake.good["municipality"].is_in(list(inside))).sum())
    summary = Message(
        "{good} of {rows} rows; {outside} of them outside {region}",
        good=len(intake.good), rows=intake.rows, outside=outside, region=library.region.id,
    )  # fmt: skip
    if dry_run or (intake.faults and not keep_good) or not len(intake.good):
        return Imported(intake, None, summary)
    target = own_folder(library.region) / "units.csv"
    _replace(target, lambda temporary: intake.good.write_csv(temporary))
    return Imported(intake, target, summary)


def import_population(
    path: Path, region: str, *, on: date, side_m: int, keep_good: bool = False, dry_run: bool = False
) -> Imported:
    """Populated cells from a file, in place of the census grid."""
    if not 10 <= side_m <= 20_000:
        raise bad_input(
            "--side",
            t("{side_m} metres is not a cell", side_m=side_m),
            t("Write the cell's side in metres, such as 250 or 1000."),
        )
    library = load_library(region, on=on)
    intake = _doubted(lambda: read_population(path, side_m=side_m))
    inside = intake.good.filter(pl.col("municipality").is_in(municipality_codes(library)))
    summary = Message(
        "Cells in {region}: {cells}, residents in them: {residents}; cells elsewhere: {elsewhere}",
        region=library.region.id, cells=len(inside), residents=inside["residents"].sum(), elsewhere=len(intake.good) - len(inside),
    )  # fmt: skip
    if not len(inside) and len(intake.good):
        raise bad_input(
            path.name,
            t("none of the {a} cells is in {b}", a=len(intake.good), b=library.region.id),
            t("Check the region and the coordinates."),
        )
    if dry_run or (intake.faults and not keep_good) or not len(inside):
        return Imported(intake, None, summary)
    target = own_folder(library.region) / "population.parquet"
    _replace(target, lambda temporary: inside.write_parquet(temporary))
    return Imported(intake, target, summary)


def import_roads(path: Path, region: str, *, on: date, dry_run: bool = False) -> Imported:
    """A street network from an OpenStreetMap extract, in place of the state roads."""
    from torni.engines.travel.fast import elimination_order

    library = load_library(region, on=on)
    streets = osm.read_streets(
        path,
        ferry_wait_min=library.number("travel.ferry.wait_min"),
        ferry_kmh=library.table("travel.car.speed_kmh")["ferry"],
        piece_km=library.number("travel.joining_piece_km"),
        gap_km=library.number("travel.joining_gap_km"),
        believed=osm.Believed(
            library.number("travel.ferry.slowest_kmh"),
            library.number("travel.ferry.fastest_kmh"),
            library.number("travel.ferry.port_min"),
        ),
        on=on,
        most_points=round(library.number("import.streets_most_points")),
        most_bytes=round(library.number("import.streets_most_mb") * 1_000_000),
    )
    graph = streets.graph
    summary = Message(
        "Nodes: {nodes}, edges: {edges}, {km} km",
        nodes=graph.nodes, edges=len(graph.tail), km=round(graph.length_m.sum() / 1000),
    )  # fmt: skip
    notes = tuple(unread.told(streets.unread))
    if dry_run:
        return Imported(None, None, summary, notes)
    ranked = RoadGraph(
        **{**graph.__dict__, "x": np.rint(graph.x), "y": np.rint(graph.y), "rank": elimination_order(graph)}
    )
    target = own_folder(library.region) / "roads"
    temporary = Path(tempfile.mkdtemp(dir=target.parent))
    try:
        roads.write_network(ranked, temporary)
        roads.write_unread(streets.unread, temporary)
        if target.exists():
            shutil.rmtree(target)
        temporary.rename(target)
    finally:
        if temporary.exists():
            shutil.rmtree(temporary)
    with contextlib.suppress(BadInput):  # faults elsewhere in the region are told by its check
        notes += tuple(joined_assumptions(load(region, on=on), "car"))
    return Imported(None, target, summary, notes)


def import_timetable(path: Path, region: str, *, on: date, dry_run: bool = False) -> Imported:
    """A public-transport timetable (GTFS). Raises BadInput with every fault; the summary is of its busiest day."""
    library = load_library(region, on=on)
    feed, timetable = transit.judged(path, library)
    notes = [Message("The timetable covers {a}.", a=feed.days.told()), *transit.notes_of(feed, library)]
    if not feed.knows(on):
        notes.insert(
            1,
            Message(
                "It says nothing of {day}: on that day promises by public transport cannot be told.",
                day=f"{on:%-d.%-m.%Y}",
            ),
        )
    elif likely := feed.days.only_likely(on):
        notes.insert(1, likely)
    summary = Message(
        "Stops: {stops}, trips: {trips}, rides from stop to stop: {rides}",
        stops=len(timetable.x), trips=timetable.trips, rides=len(timetable.trip),
    )  # fmt: skip
    if dry_run:
        return Imported(None, None, summary, tuple(notes))
    target = own_folder(library.region) / "timetable.zip"
    _replace(target, lambda temporary: shutil.copy(path, temporary))
    return Imported(None, target, summary, tuple(notes))


def _doubted(read: Callable[[], Intake]) -> Intake:
    """What the file held, and among its doubts how the table was read."""
    notes: list[Fault] = []
    with hearing(notes.append):
        intake = read()
    return replace(intake, doubts=(*notes, *intake.doubts))


def _replace(target: Path, write) -> None:  # type: ignore[no-untyped-def]
    """Write beside and rename: the old file stays whole until the new one is."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    os.close(handle)
    try:
        write(Path(name))
        os.chmod(name, 0o644)
        os.replace(name, target)
    finally:
        Path(name).unlink(missing_ok=True)
