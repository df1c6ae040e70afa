"""Server-made maps: cells by travel time, municipalities, units, as SVG that prints, scales and needs no script.

Units are 100 m in ETRS-TM35FIN from the region's north-west corner, so a click's place is a sum away. Measured against
a WebGL map in docs/decisions/0006-maps.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl
import shapely
from markupsafe import Markup, escape

from torni.core.language import _, number
from torni.network import Network
from torni.network.explain import can_be_timed, nearest_seconds
from torni.network.reach import Reach
from torni.promises.finding import Finding
from torni.promises.ground import counted_units
from torni.promises.promise import Trip
from torni.sources import shipped
from torni.sources.coordinates import to_metres
from torni.tower.finding_texts import group_text

SCALE = 100.0
MARGIN = 60.0
Seconds = npt.NDArray[np.uint16]


@dataclass(frozen=True)
class Band:
    """One class of the map: its style class, its name and how many people it holds."""

    style: str
    label: str
    people: int


class RegionMap:
    """A region's drawing surface and its unchanging layers."""

    def __init__(self, network: Network) -> None:
        self.network = network
        population = network.population
        borders = shipped.table("borders").filter(pl.col("municipality").is_in(network.municipality_codes))
        self.shapes = {code: shapely.from_wkb(wkb) for code, wkb in borders.select("municipality", "wkb").iter_rows()}
        bounds = np.array(
            [s.bounds for s in self.shapes.values()]
            or [[population.x.min(), population.y.min(), population.x.max(), population.y.max()]]
        )
        # Municipal borders run far out to sea: the residents' extent bounds the picture.
        west, south = (
            max(bounds[:, 0].min(), population.x.min() - 12_000),
            max(bounds[:, 1].min(), population.y.min() - 12_000),
        )
        east, north = (
            min(bounds[:, 2].max(), population.x.max() + 12_000),
            min(bounds[:, 3].max(), population.y.max() + 12_000),
        )
        self.west, self.north = west - MARGIN * 10, north + MARGIN * 10
        self.width, self.height = (
            math.ceil((east - west) / SCALE + 2 * MARGIN / 10),
            math.ceil((north - south) / SCALE + 2 * MARGIN / 10),
        )
        side = population.side_m / SCALE
        turn = math.radians(population.turn_deg)
        a, b = side * math.cos(turn), -side * math.sin(turn)  # a cell's east side on the page, y down
        self._corner = (-(a - b) / 2, -(b + a) / 2)
        self._square = f"l{_r(a)} {_r(b)} {_r(-b)} {_r(a)} {_r(-a)} {_r(-b)}z"
        x = (population.x - self.west) / SCALE + self._corner[0]
        y = (self.north - population.y) / SCALE + self._corner[1]
        self._cells = np.array([f"M{_r(cx)} {_r(cy)}{self._square}" for cx, cy in zip(x, y, strict=True)], object)

    @property
    def view_box(self) -> str:
        return f"0 0 {self.width} {self.height}"

    @property
    def text_size(self) -> int:
        """Names legible at any region's scale."""
        return int(max(self.width, self.height) / 62 + 0.5)

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Metres to the drawing."""
        return round((x - self.west) / SCALE, 1), round((self.north - y) / SCALE, 1)

    def metres(self, px: float, py: float) -> tuple[float, float]:
        """The drawing to metres."""
        return self.west + px * SCALE, self.north - py * SCALE

    @cached_property
    def land(self) -> Markup:
        paths = "".join(f'<path d="{_path(s, self)}"/>' for s in self.shapes.values())
        return Markup(f'<g class="land">{paths}</g>')

    @cached_property
    def edges(self) -> Markup:
        paths = "".join(f'<path d="{_path(s, self)}"/>' for s in self.shapes.values())
        return Markup(f'<g class="edge">{paths}</g>')

    def names(self) -> Markup:
        """Municipality names at their centres, the largest first so that small ones do not cover them."""
        key = shipped.municipalities().filter(
            pl.col("municipality").is_in(self.network.municipality_codes) & pl.col("centre_x").is_not_null()
        )
        out: list[str] = []
        taken: list[tuple[float, float, float, float]] = []
        for code, x, y in (
            key.sort("residents", descending=True).select("municipality", "centre_x", "centre_y").iter_rows()
        ):
            px, py = self.place(x, y)
            name = str(self.network.names[code])
            half, tall = len(name) * self.text_size * 0.3, self.text_size * 1.2
            box = (px - half, py - tall * 1.6, px + half, py - tall * 0.4)
            if any(box[0] < t[2] and t[0] < box[2] and box[1] < t[3] and t[1] < box[3] for t in taken):
                continue
            taken.append(box)
            out.append(f'<text x="{px}" y="{py - self.text_size * 0.8:.0f}">{escape(name)}</text>')
        return Markup(f'<g class="name" font-size="{self.text_size}">{"".join(out)}</g>')

    def cells(self, groups: list[tuple[str, npt.NDArray[np.bool_]]]) -> Markup:
        """One path for each class of cells."""
        return Markup(
            "".join(f'<path class="{style}" d="{"".join(self._cells[mask])}"/>' for style, mask in groups if mask.any())
        )

    def units(self, units: pl.DataFrame, style: str = "") -> Markup:
        size = max(self.width, self.height) / 130
        marks = []
        for unit_id, name, x, y, made_up in units.select(
            "unit_id", "name", "x", "y", pl.col("invented") | pl.col("size_invented")
        ).iter_rows():
            px, py = self.place(x, y)
            title = escape(name) + (" (" + escape(_("invented")) + ")" if made_up else "")
            marks.append(
                f'<circle cx="{px}" cy="{py}" r="{size:.0f}" data-unit="{escape(unit_id)}"{" class=invented" if made_up else ""}><title>{title}</title></circle>'
            )
        return Markup(f'<g class="unit {style}">{"".join(marks)}</g>')

    def reach(self, promise: Trip, seconds: Seconds) -> tuple[Markup, list[Band]]:
        """Cells in five bands around the limit, and the bands' names and people."""
        return self.banded(self.network.people(promise.population), promise.within_min, seconds)

    def banded(self, people: npt.NDArray[np.float64], limit: int, seconds: Seconds) -> tuple[Markup, list[Band]]:
        """The same of any people and any limit."""
        steps = [round(limit / 2), limit, round(limit * 1.5), round(limit * 2)]
        minutes = seconds / 60
        masks = [minutes <= steps[0], (minutes > steps[0]) & (minutes <= limit), (minutes > limit) & (minutes <= steps[2]),
                 (minutes > steps[2]) & (minutes <= steps[3]), minutes > steps[3]]  # fmt: skip
        labels = [
            f"≤ {steps[0]} min",
            f"{steps[0]}–{limit} min",
            f"{limit}–{steps[2]} min",
            f"{steps[2]}–{steps[3]} min",
            f"> {steps[3]} min",
        ]
        bands = [
            Band(f"b{i}", label, round(float(people[m].sum())))
            for i, (label, m) in enumerate(zip(labels, masks, strict=True))
        ]
        return self.cells([(f"b{i}", m) for i, m in enumerate(masks)]), bands

    def populated(self) -> Markup:
        """All populated cells in one neutral tone."""
        return self.cells([("lived", np.ones(len(self._cells), bool))])

    def municipalities(self, finding: Finding) -> tuple[Markup, list[Band]]:
        """Municipalities where a presence promise holds, and where it does not."""
        table = finding.by_municipality
        state = {
            code: "lacks" if outside > 0 else "has"
            for code, outside in table.select("municipality", "outside").iter_rows()
        }
        if finding.value is None:
            state = dict.fromkeys(state, "untold")
        paths = "".join(
            f'<path class="{state[c]}" d="{_path(s, self)}"><title>{escape(str(self.network.names[c]))}</title></path>'
            for c, s in self.shapes.items()
            if c in state
        )
        people = dict(table.select("municipality", "residents").iter_rows())
        names = {"has": _("holds"), "lacks": _("does not hold"), "untold": _("cannot be told")}
        bands = [
            Band(s, names[s], round(sum(people[c] for c in state if state[c] == s)))
            for s in names
            if s in state.values()
        ]
        return Markup(f"<g>{paths}</g>"), bands


@dataclass(frozen=True)
class Drawn:
    """A finished map: its layers, its key, and what a screen reader hears."""

    layers: Markup
    bands: list[Band]
    view_box: str
    title: str
    description: str


def draw(region: RegionMap, finding: Finding, *, names: bool = True) -> Drawn:
    """The map of one finding."""
    network, trip, counts = region.network, finding.promise.trip, finding.promise.counts
    if counts is None:
        states = {g.group: (g.kept, group_text(finding, g)) for g in finding.groups("municipality")}
        return draw_states(region, str(finding.sentence), states)
    units = network.units[counted_units(network, counts).sure]
    if trip and can_be_timed(network, trip):
        cells, bands = region.reach(trip, nearest_seconds(network, trip))
    elif len(finding.by_municipality) and not trip:
        cells, bands = region.municipalities(finding)
    else:
        cells, bands = region.populated(), []
    layers = region.land + cells + region.edges + region.units(units) + (region.names() if names else Markup())
    worst = (
        ", ".join(f"{n} {number(round(o))}" for n, o in finding.worst(3).select("name", "outside").iter_rows())
        if finding.value is not None
        else ""
    )
    described = (
        str(finding.sentence)
        + ". "
        + (_("Most outside: {places}.").format(places=worst) if worst else "")
        + " "
        + _("The same figures are in the table below.")
    )
    return Drawn(layers, bands, region.view_box, str(finding.sentence), described)


def draw_reach(region: RegionMap, found: Reach) -> Drawn:
    """Who reaches units that are not the region's own, in five bands around the widest limit, and the units where they stand."""
    limit = max(found.share_within)
    cells, bands = region.banded(found.people, limit, found.seconds)
    x, y = to_metres(found.units["lon"].to_numpy(), found.units["lat"].to_numpy())
    made_up = pl.lit(value=False)
    units = found.units.select(
        pl.int_range(pl.len()).cast(pl.String).alias("unit_id"), "name", pl.Series("x", x), pl.Series("y", y),
        made_up.alias("invented"), made_up.alias("size_invented"),
    )  # fmt: skip
    title = _("Who reaches the units within {minutes} minutes").format(minutes=limit)
    layers = cells + region.edges + region.units(units) + region.names()
    return Drawn(layers, bands, region.view_box, title, title + ". " + _("The same figures are in the table below."))


def draw_values(region: RegionMap, values: Mapping[str, int]) -> Drawn:
    """Municipalities by how many of a thousand residents gain or lose, in five classes around none."""
    codes, counts = np.unique(region.network.population.municipality, return_inverse=True)
    residents = np.bincount(counts, region.network.population.residents, minlength=len(codes))
    people = {str(c): float(n) for c, n in zip(codes, residents, strict=True)}
    share = {c: 1000 * values.get(c, 0) / max(people.get(c, 0.0), 1.0) for c in region.shapes}
    limit = max((abs(s) for s in share.values()), default=0.0) / 2
    style = {
        c: "none" if not s else ("gain" if s > 0 else "lose") + ("2" if abs(s) > limit else "1")
        for c, s in share.items()
    }
    paths = "".join(
        f'<path class="{style[c]}" d="{_path(s, region)}"><title>{escape(str(region.network.names[c]))} {values.get(c, 0):+d}</title></path>'
        for c, s in region.shapes.items()
    )
    half, whole = number(limit, 1), number(2 * limit, 1)
    labels = {
        "gain2": _("gain, {low}–{high} of a thousand").format(low=half, high=whole), "gain1": _("gain, under {high} of a thousand").format(high=half),
        "none": _("nobody"), "lose1": _("lose, under {high} of a thousand").format(high=half), "lose2": _("lose, {low}–{high} of a thousand").format(low=half, high=whole),
    }  # fmt: skip
    bands = [
        Band(s, labels[s], sum(abs(values.get(c, 0)) for c in style if style[c] == s))
        for s in labels
        if s in style.values()
    ]
    layers = Markup(f"<g>{paths}</g>") + region.edges + region.names()
    title = _("Who gains and who loses, by municipality")
    return Drawn(layers, bands, region.view_box, title, title + ". " + _("The same figures are in the table below."))


def draw_states(region: RegionMap, title: str, states: Mapping[str, tuple[bool | None, str]]) -> Drawn:
    """Municipalities where a promise about what happens holds, where not, and where nothing has happened."""
    style = {
        c: "untold" if states.get(c, (None, ""))[0] is None else "has" if states[c][0] else "lacks"
        for c in region.shapes
    }
    paths = "".join(
        f'<path class="{style[c]}" d="{_path(s, region)}"><title>{escape(str(region.network.names[c]))} {escape(states.get(c, (None, ""))[1])}</title></path>'
        for c, s in region.shapes.items()
    )
    names = {"has": _("holds"), "lacks": _("does not hold"), "untold": _("cannot be told")}
    bands = [Band(s, names[s], sum(1 for c in style if style[c] == s)) for s in names if s in style.values()]
    layers = Markup(f"<g>{paths}</g>") + region.edges + region.names()
    return Drawn(layers, bands, region.view_box, title, title + ". " + _("The same figures are in the table below."))


def _r(value: float) -> str:
    text = f"{value:.1f}"
    return text.removesuffix(".0")


def _path(shape: shapely.Geometry, region: RegionMap) -> str:
    parts = []
    for polygon in getattr(shape, "geoms", [shape]):
        if polygon.geom_type != "Polygon":
            continue
        for ring in [polygon.exterior, *polygon.interiors]:
            points = np.asarray(ring.coords)[:-1]
            px = np.rint((points[:, 0] - region.west) / SCALE).astype(int)
            py = np.rint((region.north - points[:, 1]) / SCALE).astype(int)
            parts.append("M" + "L".join(f"{a} {b}" for a, b in zip(px, py, strict=True)) + "Z")
    return "".join(parts)
