"""An extract's ways, barriers, ferry lines and turn restrictions, taken from the file in the order they are needed."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import osmium

from torni.core.faults import bad_input
from torni.core.language import t
from torni.engines.travel.graph import RoadGraph
from torni.sources.osm import access, ferries
from torni.sources.osm.ferries import EVERY, Believed, Ferry
from torni.sources.osm.ferry_lines import FerryLine
from torni.sources.osm.network import Barriers, Ways, build

MOST_POINTS = 20_000_000
MOST_BYTES = 2_000_000_000


@dataclass(frozen=True)
class Streets:
    """A network in ETRS-TM35FIN, and how much of each thing the extract holds that is not read (see `told`)."""

    graph: RoadGraph
    unread: dict[str, int]


@dataclass
class _Extract:
    refs: array[int] = field(default_factory=lambda: array("q"))
    lengths: array[int] = field(default_factory=lambda: array("i"))
    kinds: array[int] = field(default_factory=lambda: array("h"))
    closed: array[int] = field(default_factory=lambda: array("B"))
    shut: array[int] = field(default_factory=lambda: array("q"))
    shut_lengths: array[int] = field(default_factory=lambda: array("i"))
    ferries: list[Ferry] = field(default_factory=list)
    lines: list[FerryLine] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def read_streets(
    path: Path, *, ferry_wait_min: float, ferry_kmh: float, piece_km: float = 2.0, gap_km: float = 0.3,
    believed: Believed = EVERY, on: date | None = None,
    most_points: int = MOST_POINTS, most_bytes: int = MOST_BYTES,
) -> Streets:  # fmt: skip
    """The streets, paths and ferries of an extract as a network in ETRS-TM35FIN.

    Every OSM node of a used way is a network node, so that lengths follow the streets' shape. Who may use a way is
    read for cars, bicycles and walkers in both directions (`access`); a barrier stops those whom it stops, and no
    more than at its point. A ferry costs its duration, or its length at `ferry_kmh`, and `ferry_wait_min` (half a
    headway and boarding) once a line; a duration that is not `believed` is counted and not used. Ways open to nobody, or not all year, are left out. Not considered: turn
    restrictions (a network of points cannot hold them; one of turns would be two to three times as large), speed
    limits of single streets (classes have speeds), conditions by the hour; each is counted in `unread`.

    Raises BadInput for a file that cannot be read, holds no streets, or is larger than the bounds.
    """
    if not path.is_file():
        raise bad_input(str(path), t("no such file"), t("Check the path."))
    if path.stat().st_size > most_bytes:
        raise bad_input(
            path.name,
            t("the extract is over {mb} MB, more than is read", mb=most_bytes // 1_000_000),
            t("Cut the region out of it first, for example with osmium extract."),
        )
    try:
        found = _Extract()
        _relations(path, found)
        _ways(path, found, most_points, on)
        if not found.lengths and found.counts.total():
            # Nothing here carries anybody: that is an answer, and not a file without streets.
            again = _Extract(lines=found.lines)
            _ways(path, again, most_points, on, closed_too=True)
            again.counts = found.counts
            found = again
        if not found.lengths and not found.ferries:
            raise bad_input(
                path.name, t("no streets in the extract"), t("Give an OpenStreetMap extract (.osm.pbf) with highways.")
            )
        refs = np.frombuffer(found.refs, np.int64) if found.refs else np.empty(0, np.int64)
        at_sea = np.array([ref for ferry in found.ferries for ref in ferry.refs], np.int64)
        shut_refs = np.frombuffer(found.shut, np.int64) if found.shut else np.empty(0, np.int64)
        needed = np.unique(np.concatenate([refs, at_sea, shut_refs]))
        lon, lat = _locations(path, needed)
        barriers = _barriers(path, needed)
    except RuntimeError as error:
        raise bad_input(
            path.name,
            t("not readable as an OpenStreetMap extract"),
            t("Give an .osm.pbf file, and check that it is whole."),
        ) from error
    ways = Ways(
        refs, np.array(found.lengths, np.int64), np.array(found.kinds, np.int16), np.array(found.closed, np.uint8)
    )
    none = np.zeros(len(found.shut_lengths), np.uint8)
    shut = Ways(shut_refs, np.array(found.shut_lengths, np.int64), none.astype(np.int16), none)
    graph, more = build(
        needed, lon, lat, ways, barriers, found.ferries, found.lines, wait_s=round(ferry_wait_min * 60), kmh=ferry_kmh,
        piece_m=piece_km * 1000, gap_m=gap_km * 1000, shut=shut,
        believed=believed,
    )  # fmt: skip
    if not len(graph.tail):
        raise bad_input(
            path.name,
            t("the extract has streets but not their points"),
            t("Cut the extract again so that its ways are complete."),
        )
    return Streets(graph, dict(sorted((found.counts + Counter(more)).items())))


def _read(path: Path, kind: Any, *filters: Any) -> Iterator[Any]:
    reader: Any = osmium.FileProcessor(str(path), kind)
    for one in filters:
        reader = reader.with_filter(one)
    return iter(reader)


def _relations(path: Path, found: _Extract) -> None:
    for relation in _read(path, osmium.osm.RELATION, osmium.filter.KeyFilter("restriction", "route", *RESTRICTIONS)):
        tags = dict(relation.tags)
        if ferries.is_ferry(tags) and tags.get("type", "route") == "route":
            # A line drawn there and back again is as long as one of the two.
            ways = tuple(m.ref for m in relation.members if m.type == "w" and m.role not in ("backward", "platform"))
            found.lines.append(FerryLine(relation.id, tags, ways))
        elif tags.get("type") == "restriction" and any(key in tags for key in ("restriction", *RESTRICTIONS)):
            found.counts["turn_restrictions"] += 1


RESTRICTIONS = ("restriction:motorcar", "restriction:motor_vehicle", "restriction:conditional", "restriction:vehicle")


ONCE = [f"{state}:{key}" for state in (*access.NO_LONGER, "was") for key in ("highway", "route")]


def _ways(path: Path, found: _Extract, most_points: int, on: date | None, *, closed_too: bool = False) -> None:
    """Every way that carries somebody. What the same tags mean is worked out once."""
    known: dict[tuple[tuple[str, str], ...], access.Use | None] = {}
    of_way: dict[int, list[FerryLine]] = {}
    for line in found.lines:
        for ref in line.ways:
            of_way.setdefault(ref, []).append(line)
    unseen = set(of_way)
    for way in _read(path, osmium.osm.WAY, osmium.filter.KeyFilter("highway", "route", "man_made", *ONCE)):
        if of_way:
            unseen.discard(way.id)
        name = _relevant(way.tags)
        if name not in known:
            tags = dict(name)
            known[name] = None if ferries.is_ferry(tags) else access.use_of(tags, on)
        use = known[name]
        if use is None:
            tags = dict(way.tags)
            if ferries.is_ferry(tags) or ferries.was_ferry(tags) or ("highway" not in tags and way.id in of_way):
                _add_ferry(found, way, tags, of_way.get(way.id, []), on)
            continue
        for note in use.notes:
            found.counts[note] += 1
        found.counts["closed"] += use.closed == access.EVERYBODY and not use.notes
        refs = [n.ref for n in way.nodes]
        kept = use.closed != access.EVERYBODY or use.kind == access.FERRY or closed_too
        if not kept or len(refs) < 2:
            if use.closed == access.EVERYBODY and access.shows_land(use):
                found.shut.extend(refs)
                found.shut_lengths.append(len(refs))
            continue
        found.refs.extend(refs)
        found.lengths.append(len(refs))
        found.kinds.append(use.kind)
        found.closed.append(use.closed)
        if len(found.refs) > most_points:
            raise bad_input(
                path.name,
                t("the streets have over {n} points, more than is read", n=most_points),
                t("Cut the region out of it first, for example with osmium extract."),
            )
    if unseen:
        # Members of a ferry's relation that themselves say nothing.
        bare = osmium.filter.IdFilter(sorted(unseen)) if min(unseen) > 0 else osmium.filter.EntityFilter(osmium.osm.WAY)
        for way in _read(path, osmium.osm.WAY, bare):
            if way.id in unseen:
                _add_ferry(found, way, dict(way.tags), of_way[way.id], on)


def _relevant(tags: Any) -> tuple[tuple[str, str], ...]:
    """What of a way's tags matters here. Asking for the usual keys is ten times quicker than listing all."""
    found: list[tuple[str, str]] = []
    left = len(tags)
    for key in USUAL:
        if not left:
            return tuple(found)
        value = tags.get(key)
        if value is not None:
            left -= 1
            if _matters(key) or (key == "surface" and value in access.ICE):
                found.append((key, value))
    return tuple(found) if not left else tuple((tag.k, tag.v) for tag in tags if _matters(tag.k))


USUAL = ("highway", "name", "oneway", "surface", "maxspeed", "lit", "service", "ref", "lanes")


@lru_cache(maxsize=10_000)
def _matters(key: str) -> bool:
    return key == "route" or key.split(":")[0] in access.RELEVANT


def _add_ferry(found: _Extract, way: Any, tags: dict[str, str], lines: list[FerryLine], on: date | None) -> None:
    refs = [n.ref for n in way.nodes]
    if len(refs) < 2:
        return
    ferry = ferries.ferry_of(refs, tags, lines, on)
    for note in ferry.notes:
        found.counts["ferry_seasonal" if note == "seasonal" else note] += 1
    found.counts["closed"] += ferry.closed == access.EVERYBODY and not ferry.notes
    # One that carries nobody still tells that its two shores are parted by water.
    found.ferries.append(ferry)


def _by_id(needed: np.ndarray) -> list[Any]:
    """The filter of points by id; it knows no ids below zero (files of an editor), which are then sorted out after."""
    return [osmium.filter.IdFilter(needed.tolist())] if len(needed) and needed[0] > 0 else []


def _locations(path: Path, needed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    lon, lat = np.full(len(needed), np.nan), np.full(len(needed), np.nan)
    ids, xs, ys = array("q"), array("d"), array("d")
    for node in _read(path, osmium.osm.NODE, *_by_id(needed)):
        try:
            x, y = node.lon, node.lat
        except osmium.InvalidLocationError:  # a point without a place cuts its way
            continue
        ids.append(node.id)
        xs.append(x)
        ys.append(y)
    if ids:
        numbers = np.array(ids, np.int64)
        place = np.minimum(np.searchsorted(needed, numbers), len(needed) - 1)
        ours = needed[place] == numbers
        lon[place[ours]], lat[place[ours]] = np.array(xs)[ours], np.array(ys)[ours]
    return lon, lat


def _barriers(path: Path, needed: np.ndarray) -> Barriers:
    stopped: dict[int, int] = {}
    for node in _read(path, osmium.osm.NODE, osmium.filter.KeyFilter("barrier"), *_by_id(needed)):
        if bits := access.stopped_by(dict(node.tags)):
            stopped[node.id] = bits
    ids = np.array(sorted(stopped), np.int64)
    ids = ids[np.isin(ids, needed)]
    return Barriers(np.searchsorted(needed, ids), np.array([stopped[int(i)] for i in ids], np.uint8))
