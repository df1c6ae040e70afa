"""Street networks from an OpenStreetMap extract (PBF), read with pyosmium. Data © OpenStreetMap contributors, ODbL."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import osmium

from torni.core.faults import bad_input
from torni.core.language import t
from torni.engines.travel.graph import RoadGraph
from torni.sources.coordinates import to_metres

CLASSES = (
    "motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "living_street",
    "service", "track", "cycleway", "footway", "path", "ferry",
)  # fmt: skip
_CLASS = {name: i for i, name in enumerate(CLASSES)} | {
    f"{name}_link": CLASSES.index(name) for name in ("motorway", "trunk", "primary", "secondary", "tertiary")
} | {"pedestrian": CLASSES.index("footway"), "steps": CLASSES.index("footway"), "road": CLASSES.index("unclassified"), "bridleway": CLASSES.index("path")}  # fmt: skip
_FORBIDDEN = {"no", "private"}
FERRY_KMH = 12.0


def read_streets(path: Path, *, ferry_wait_min: float) -> RoadGraph:
    """The streets, paths and ferries of an extract as a network in ETRS-TM35FIN.

    Every OSM node of a used way is a network node, so that lengths follow the streets' shape. One-way streets bind
    cars (and bicycles). A ferry costs its `duration`, or its length at 12 km/h, and `ferry_wait_min` (half a headway
    and boarding). Not considered: turn restrictions, speed limits of single streets (classes have speeds), gates.
    Ways that are private or closed are left out.
    """
    if not path.is_file():
        raise bad_input(str(path), t("no such file"), t("Check the path."))
    ways_nodes: list[int] = []
    lengths: list[int] = []
    kinds: list[int] = []
    oneways: list[int] = []
    fixed: list[float] = []
    try:
        reader: Any = osmium.FileProcessor(str(path), osmium.osm.WAY)
        for way in reader.with_filter(osmium.filter.KeyFilter("highway", "route")):
            tags = way.tags
            highway = tags.get("highway")
            ferry = highway is None and tags.get("route") == "ferry"
            kind = _CLASS["ferry"] if ferry else _CLASS.get(highway or "")
            if kind is None or tags.get("access") in _FORBIDDEN or len(way.nodes) < 2 or tags.get("area") == "yes":
                continue
            oneway = tags.get("oneway")
            direction = (
                -1
                if oneway == "-1"
                else 1
                if oneway in ("yes", "true", "1") or tags.get("junction") == "roundabout" or highway == "motorway"
                else 0
            )
            refs = [n.ref for n in way.nodes]
            ways_nodes += refs[::-1] if direction < 0 else refs
            lengths.append(len(refs))
            kinds.append(kind)
            oneways.append(abs(direction))
            fixed.append((_duration_s(tags.get("duration")) or -1.0) if ferry else 0.0)
        if not lengths:
            raise bad_input(
                path.name, t("no streets in the extract"), t("Give an OpenStreetMap extract (.osm.pbf) with highways.")
            )
        needed = np.unique(np.array(ways_nodes, np.int64))
        lon, lat = _locations(path, needed)
    except RuntimeError as error:
        raise bad_input(
            path.name,
            t("not readable as an OpenStreetMap extract"),
            t("Give an .osm.pbf file, and check that it is whole."),
        ) from error
    return _network(
        needed,
        np.array(ways_nodes, np.int64),
        np.array(lengths),
        np.array(kinds, np.int16),
        np.array(oneways, np.int8),
        np.array(fixed),
        lon,
        lat,
        ferry_wait_min,
    )


def _locations(path: Path, needed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    lon, lat = np.full(len(needed), np.nan), np.full(len(needed), np.nan)
    ids: list[int] = []
    xs: list[float] = []
    ys: list[float] = []
    reader: Any = osmium.FileProcessor(str(path), osmium.osm.NODE)
    for node in reader.with_filter(osmium.filter.IdFilter(needed.tolist())):
        ids.append(node.id)
        xs.append(node.lon)
        ys.append(node.lat)
    place = np.searchsorted(needed, np.array(ids, np.int64))
    lon[place], lat[place] = xs, ys
    return lon, lat


def _network(
    needed: np.ndarray, refs: np.ndarray, lengths: np.ndarray, kinds: np.ndarray, oneways: np.ndarray, fixed: np.ndarray,
    lon: np.ndarray, lat: np.ndarray, ferry_wait_min: float,
) -> RoadGraph:  # fmt: skip
    """Ways cut into edges between consecutive nodes; nodes that the extract lacks cut their way."""
    known = np.isfinite(lon)
    x, y = to_metres(np.where(known, lon, 25.0), np.where(known, lat, 62.0))
    node = np.searchsorted(needed, refs)
    way = np.repeat(np.arange(len(lengths)), lengths)
    joined = way[1:] == way[:-1]
    tail, head, of = node[:-1][joined], node[1:][joined], way[:-1][joined]
    usable = known[tail] & known[head] & (tail != head)
    tail, head, of = tail[usable], head[usable], of[usable]
    length = np.maximum(1, np.rint(np.hypot(x[tail] - x[head], y[tail] - y[head]))).astype(np.int32)
    fixed_s = np.zeros(len(tail), np.int32)
    ferry = kinds[of] == _CLASS["ferry"]
    if ferry.any():
        whole = np.bincount(of, length, len(lengths))
        for w in np.unique(of[ferry]):
            edges = np.flatnonzero(of == w)
            crossing = fixed[w] if fixed[w] > 0 else whole[w] / (FERRY_KMH / 3.6)
            # The wait is at the landing: on the first edge of each direction alike, so on the way's first edge.
            share = np.rint(crossing * length[edges] / whole[w]).astype(np.int32)
            share[0] += round(ferry_wait_min * 60)
            fixed_s[edges] = np.maximum(share, 1)
            length[edges] = 1
    used, inverse = np.unique(np.concatenate([tail, head]), return_inverse=True)
    count = len(tail)
    return RoadGraph(
        x=x[used], y=y[used], tail=inverse[:count].astype(np.int32), head=inverse[count:].astype(np.int32),
        length_m=length, road_class=kinds[of], classes=CLASSES, oneway=oneways[of], fixed_s=fixed_s,
    )  # fmt: skip


def _duration_s(text: str | None) -> float | None:
    """OSM's duration: minutes, hh:mm or hh:mm:ss."""
    if not text:
        return None
    if text.isdigit():
        return float(text) * 60
    match = re.fullmatch(r"(\d+):(\d\d)(?::(\d\d))?", text)
    return int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3] or 0) if match else None
