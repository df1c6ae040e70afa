"""Fintraffic's state road network (shipped, all Finland), and networks that a user has imported."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from torni.core.faults import bad_input
from torni.core.language import t
from torni.engines.travel.graph import ONE_WAY, RoadGraph, closed_bits
from torni.sources import shipped
from torni.sources.kept import Columns, kept_table
from torni.sources.osm.access import CLASSES

NOT_READ = "unread.json"
BY_NODE = ("rank", "land", "ground")  # where a network has them
_NODES: Columns = {"x": pl.Float64, "y": pl.Float64}
_EDGES: Columns = {"u": pl.Int32, "v": pl.Int32, "length_m": pl.Int32, "road_class": pl.String}
_BESIDE: Columns = {
    "rank": pl.Int32,
    "closed": pl.UInt8,
    "oneway": pl.Int8,
    "fixed_s": pl.Int32,
    "land": pl.Int32,
    "ground": pl.Int32,
}
# The shipped network's classes: a copy of it is a region's own too.
_STATE = ("main", "regional", "connecting", "street", "join")
# Whom a class keeps out, in networks written before access was read for each means of travel.
_BY_CLASS = {
    **dict.fromkeys(("track", "cycleway", "footway", "path"), ("car",)),
    **dict.fromkeys(("motorway", "trunk"), ("bicycle", "walk")),
}


def state_roads() -> RoadGraph:
    """The shipped network: 32,655 points, 40,084 links, both ways; no residential streets, one-ways or ferries."""
    return _graph(shipped.table("road_nodes"), shipped.table("road_edges"))


def read_network(folder: Path) -> RoadGraph:
    """A network written by `write_network`. Raises BadInput where a file of it is missing, damaged, or of another network."""
    again = t("Import the streets again with torni import roads.")
    nodes, edges = (
        kept_table(
            folder / name, columns, where=f"{folder.parent.name}/{folder.name}/{name}", again=again, beside=_BESIDE
        )
        for name, columns in (("nodes.parquet", _NODES), ("edges.parquet", _EDGES))
    )
    where = f"{folder.parent.name}/{folder.name}"
    if "closed" not in edges.columns and "oneway" not in edges.columns:
        raise bad_input(f"{where}/edges.parquet", t('the column "{ours}" is missing', ours="closed"), again)
    try:
        graph = _graph(nodes, edges)
    except ValueError as error:
        raise bad_input(where, t("points and edges are not of one network"), again) from error
    if unknown := sorted(set(graph.classes) - set(CLASSES) - set(_STATE)):
        raise bad_input(f"{where}/edges.parquet", t('"{found}" is not a class of roads', found=unknown[0]), again)
    if graph.rank is not None and not np.array_equal(np.sort(graph.rank), np.arange(graph.nodes)):
        raise bad_input(f"{where}/nodes.parquet", t('the column "{name}" is not as it was imported', name="rank"), again)  # fmt: skip
    return graph


def write_network(graph: RoadGraph, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    nodes = pl.DataFrame({"x": np.rint(graph.x).astype(np.int32), "y": np.rint(graph.y).astype(np.int32)})
    for name in BY_NODE:
        if getattr(graph, name) is not None:
            nodes = nodes.with_columns(pl.Series(name, getattr(graph, name)))
    nodes.write_parquet(folder / "nodes.parquet", compression="zstd")
    pl.DataFrame({
        "u": graph.tail, "v": graph.head, "length_m": graph.length_m, "closed": graph.closed, "fixed_s": graph.fixed_s,
        "road_class": pl.Series([graph.classes[c] for c in graph.road_class], dtype=pl.Categorical),
    }).write_parquet(folder / "edges.parquet", compression="zstd")  # fmt: skip


def write_unread(counts: Mapping[str, int], folder: Path) -> None:
    """Keep beside the network how much of what its file held was not read."""
    (folder / NOT_READ).write_text(json.dumps(dict(counts), indent=1), encoding="utf-8")


def unread(folder: Path) -> dict[str, int] | None:
    """What `write_unread` kept; None for a network written before that was done."""
    try:
        return {str(k): int(v) for k, v in json.loads((folder / NOT_READ).read_text(encoding="utf-8")).items()}
    except (OSError, ValueError):
        return None


def knows_grounds(folder: Path) -> bool:
    """Whether a kept network tells which of its streets are on one ground."""
    return "ground" in pl.read_parquet_schema(folder / "nodes.parquet")


def _closed(edges: pl.DataFrame, names: pl.Series) -> npt.NDArray[np.uint8]:
    if "closed" in edges.columns:
        return edges["closed"].to_numpy().astype(np.uint8)
    bits = {name: closed_bits(means, forward=True, backward=True) for name, means in _BY_CLASS.items()}
    by_class = names.replace_strict(bits, default=0, return_dtype=pl.UInt8).to_numpy()
    return np.asarray(by_class | np.where(edges["oneway"].to_numpy() > 0, ONE_WAY, 0), np.uint8)


def _graph(nodes: pl.DataFrame, edges: pl.DataFrame) -> RoadGraph:
    names = edges["road_class"].cast(pl.String)
    classes = tuple(sorted(names.unique().to_list()))
    return RoadGraph(
        x=nodes["x"].to_numpy().astype(float),
        y=nodes["y"].to_numpy().astype(float),
        tail=edges["u"].to_numpy().astype(np.int32),
        head=edges["v"].to_numpy().astype(np.int32),
        length_m=edges["length_m"].to_numpy().astype(np.int32),
        road_class=names.replace_strict({c: i for i, c in enumerate(classes)}, return_dtype=pl.Int16).to_numpy(),
        classes=classes,
        closed=_closed(edges, names),
        fixed_s=edges["fixed_s"].to_numpy().astype(np.int32)
        if "fixed_s" in edges.columns
        else np.zeros(len(edges), np.int32),
        **{name: nodes[name].to_numpy().astype(np.int32) for name in BY_NODE if name in nodes.columns},
    )
