"""A tried change of the network: close, open, move or resize units, step by step, as a text that can be shared.

Steps are written one after another with semicolons; the same text is the link on the page, the option on the command
line and the argument in Python:

    close KS16; close KS09/ward; open 25.30,62.70,centre,M; move KS19 25.95,62.44; resize KS13 M; hours KS20 ma-pe 8-20
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from torni.core.faults import BadInput, Fault, bad_input, nearest_name
from torni.core.language import Message, t
from torni.network.region import Network, kind_names
from torni.sources import shipped
from torni.sources import units as unit_source
from torni.sources.coordinates import inside_finland, to_degrees, to_metres

VERBS = ("close", "open", "move", "resize", "hours")
SIZES = ("S", "M", "L")
MOST_STEPS = 100


@dataclass(frozen=True)
class Step:
    """One change. `unit`: the unit's id (for `open`: the id it gets). `text`: as written, normalised."""

    verb: str
    unit: str
    text: str
    kind: str | None = None
    lon: float | None = None
    lat: float | None = None
    size: str | None = None
    opening: str | None = None

    def told(self, network: Network) -> Message:
        """The step as a sentence."""
        known = dict(zip(network.units["unit_id"].to_list(), network.units["name"].to_list(), strict=True))
        name = known.get(self.unit, self.unit)
        kind = network.library.unit_kinds[self.kind].name.model_dump() if self.kind else ""
        if self.verb == "close":
            return (
                Message("Close: {name}, {kind}", name=name, kind=kind)
                if self.kind
                else Message("Close: {name}", name=name)
            )
        if self.verb == "open":
            place = place_told(network, self.lon or 0.0, self.lat or 0.0)
            if self.size:
                return Message("Open: {kind} {size}, place: {place}", kind=kind, size=self.size, place=place)
            return Message("Open: {kind}, place: {place}", kind=kind, place=place)
        if self.verb == "move":
            return Message(
                "Move: {name}, new place: {place}",
                name=name,
                place=place_told(network, self.lon or 0.0, self.lat or 0.0),
            )
        if self.verb == "resize":
            return Message("Resize: {name} to {size}", name=name, size=self.size or "")
        return Message("Opening hours: {name}, {opening}", name=name, opening=self.opening or "")


@dataclass(frozen=True)
class NetworkPlan:
    """Steps in order, with an optional name. Undo is the plan without its last step."""

    steps: tuple[Step, ...] = ()
    name: str = ""

    def __str__(self) -> str:
        return "; ".join(step.text for step in self.steps)

    def without(self, index: int) -> str:
        """The plan's text without one of its steps."""
        return "; ".join(step.text for i, step in enumerate(self.steps) if i != index % max(1, len(self.steps)))


def parse(text: str | Iterable[str], network: Network, *, name: str = "") -> NetworkPlan:
    """The plan that a text (or several steps) describes. Every fault of every step is told at once."""
    parts = text.split(";") if isinstance(text, str) else list(text)
    parts = [p.strip() for p in parts if p.strip()]
    if len(parts) > MOST_STEPS:
        raise bad_input(
            t("the plan"), t("{count} steps", count=len(parts)), t("Write at most {most} steps.", most=MOST_STEPS)
        )
    faults: list[Fault] = []
    steps: list[Step] = []
    state = _State(network)
    for number, part in enumerate(parts, start=1):
        found = _step(part, t("step {number} ({text})", number=number, text=part[:60]), state)
        if isinstance(found, Fault):
            faults.append(found)
        else:
            steps.append(found)
            state.after(found)
    if faults:
        raise BadInput(*faults)
    return NetworkPlan(tuple(steps), name[:80])


class _State:
    """Which units there are as the steps go on."""

    def __init__(self, network: Network) -> None:
        rows = network.units.select("unit_id", "kinds").iter_rows()
        self.kinds = {unit: set(kinds) for unit, kinds in rows}
        self.kind_names = kind_names(network.library)
        self.library = network.library
        self.opened = 0

    def after(self, step: Step) -> None:
        if step.verb == "close":
            self.kinds[step.unit] -= {step.kind} if step.kind else self.kinds[step.unit]
            if not self.kinds[step.unit]:
                del self.kinds[step.unit]
        elif step.verb == "open":
            self.opened += 1
            self.kinds[step.unit] = {step.kind or ""}


_POINT = re.compile(r"^(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)$")


def _step(text: str, where: str, state: _State) -> Step | Fault:
    verb, _, rest = text.partition(" ")
    verb, rest = verb.lower(), rest.strip()
    if verb not in VERBS:
        near = nearest_name(verb, VERBS)
        return Fault(
            where,
            t('"{verb}" is not a change', verb=verb),
            t('Did you mean "{near}"?', near=near) if near else t("Write close, open, move, resize or hours."),
        )
    if verb == "open":
        return _open(rest, where, state)
    unit, _, value = rest.partition(" ")
    unit, _, kind_text = unit.partition("/")
    value = value.strip()
    if unit not in state.kinds:
        near = nearest_name(unit, state.kinds)
        return Fault(
            where,
            t('no open unit "{unit}"', unit=unit),
            (t('Did you mean "{near}"?', near=near) + " " if near else "") + t("`torni network units` lists them."),
        )
    kind = state.kind_names.get(kind_text.casefold()) if kind_text else None
    if kind_text and kind not in state.kinds[unit]:
        return Fault(
            where,
            t('{unit} has no "{kind_text}"', unit=unit, kind_text=kind_text),
            t("It has: {a}.", a=", ".join(sorted(state.kinds[unit]))),
        )
    if verb == "close":
        if value:
            return Fault(
                where,
                t('nothing may follow the unit, found "{value}"', value=value),
                t("Write: close {unit}", unit=unit),
            )
        return Step("close", unit, f"close {unit}" + (f"/{kind}" if kind else ""), kind=kind)
    if verb == "resize":
        if value.upper() not in SIZES:
            return Fault(
                where, t('"{value}" is not a size', value=value), t("Write S, M or L: resize {unit} M", unit=unit)
            )
        if not any(state.library.unit_kinds[k].sized for k in state.kinds[unit]):
            return Fault(
                where,
                t("{unit} has no size: only centres and dental units do", unit=unit),
                t("Choose a centre or a dental unit."),
            )
        return Step("resize", unit, f"resize {unit} {value.upper()}", size=value.upper())
    if verb == "hours":
        if not value or len(value) > 60:
            return Fault(
                where,
                t("the opening hours are missing or over 60 characters"),
                t("Write such as: hours {unit} ma-pe 8-18", unit=unit),
            )
        return Step("hours", unit, f"hours {unit} {value}", opening=value)
    point = _point(value, where)
    if isinstance(point, Fault):
        return point
    return Step("move", unit, f"move {unit} {point[0]:.5f},{point[1]:.5f}", lon=point[0], lat=point[1])


def _open(rest: str, where: str, state: _State) -> Step | Fault:
    parts = [p.strip() for p in rest.split(",")]
    if len(parts) not in (3, 4):
        return Fault(
            where,
            t("an opening needs longitude, latitude, kind and, for centres and dental units, size"),
            t("Write such as: open 25.30,62.70,centre,M"),
        )
    point = _point(",".join(parts[:2]), where)
    if isinstance(point, Fault):
        return point
    kind = state.kind_names.get(parts[2].casefold())
    if kind is None:
        near = nearest_name(parts[2], state.kind_names)
        return Fault(
            where,
            t('"{a}" is not a kind of unit', a=parts[2]),
            t('Did you mean "{near}"?', near=near)
            if near
            else t("Kinds: {a}.", a=", ".join(sorted(set(state.kind_names.values())))),
        )
    size = parts[3].upper() if len(parts) == 4 and parts[3] else None
    if size and size not in SIZES:
        return Fault(where, t('"{a}" is not a size', a=parts[3]), t("Write S, M or L."))
    if state.library.unit_kinds[kind].sized and size is None:
        size = "S"
    if not state.library.unit_kinds[kind].sized:
        size = None
    text = f"open {point[0]:.5f},{point[1]:.5f},{kind}" + (f",{size}" if size else "")
    return Step(
        "open", f"new-{state.opened + 1}", text, kind=kind, lon=round(point[0], 5), lat=round(point[1], 5), size=size
    )


def _point(text: str, where: str) -> tuple[float, float] | Fault:
    match = _POINT.match(text)
    if not match:
        return Fault(
            where,
            t('"{text}" is not a point', text=text),
            t("Write longitude and latitude in degrees with a decimal point: 25.30,62.70"),
        )
    lon, lat = float(match[1]), float(match[2])
    if not inside_finland(lon, lat):
        swapped = " " + t("Longitude comes first.") if inside_finland(lat, lon) else ""
        return Fault(
            where,
            t("{lon}, {lat} is not in Finland", lon=lon, lat=lat),
            t("Write longitude 19 to 32 and latitude 59 to 71.") + swapped,
        )
    return lon, lat


def applied(network: Network, plan: NetworkPlan) -> Network:
    """The network after the plan: the same region, other units."""
    units = network.units
    for step in plan.steps:
        here = pl.col("unit_id") == step.unit
        if step.verb == "close":
            if step.kind:
                left = pl.col("kinds").list.set_difference(pl.lit([step.kind]))
                units = units.with_columns(pl.when(here).then(left).otherwise(pl.col("kinds")).alias("kinds"))
                units = units.filter(~here | (pl.col("kinds").list.len() > 0))
            else:
                units = units.filter(~here)
        elif step.verb == "open":
            units = pl.concat([units, _opened(network, step)])
        elif step.verb == "move":
            x, y = to_metres(np.array([step.lon]), np.array([step.lat]))
            units = units.with_columns(
                pl.when(here).then(round(float(x[0]))).otherwise(pl.col("x")).cast(pl.Float64).alias("x"),
                pl.when(here).then(round(float(y[0]))).otherwise(pl.col("y")).cast(pl.Float64).alias("y"),
                pl.when(here)
                .then(pl.lit(municipality_at(network, float(x[0]), float(y[0]))))
                .otherwise(pl.col("municipality"))
                .alias("municipality"),
            )
        elif step.verb == "resize":
            units = units.with_columns(
                pl.when(here).then(pl.lit(step.size)).otherwise(pl.col("size")).alias("size"),
                pl.when(here).then(False).otherwise(pl.col("size_invented")).alias("size_invented"),
            )
        else:
            units = units.with_columns(
                pl.when(here).then(pl.lit(step.opening)).otherwise(pl.col("opening")).alias("opening")
            )
    return network.with_units(units)


def _opened(network: Network, step: Step) -> pl.DataFrame:
    x, y = to_metres(np.array([step.lon]), np.array([step.lat]))
    return unit_source.completed(pl.DataFrame({
        "unit_id": [step.unit], "name": [str(network.library.unit_kinds[step.kind or "other"].name) + f" ({step.unit})"],
        "kinds": [[step.kind]], "municipality": [municipality_at(network, float(x[0]), float(y[0]))],
        "x": [float(round(x[0]))], "y": [float(round(y[0]))], "size": [step.size], "source": ["plan"],
    }, schema_overrides={"size": pl.String}))  # fmt: skip


def municipality_at(network: Network, x: float, y: float) -> str:
    """The municipality of the nearest populated cell."""
    population = network.population
    return str(population.municipality[int(np.argmin((population.x - x) ** 2 + (population.y - y) ** 2))])


DIRECTIONS = (
    Message("north"), Message("north-east"), Message("east"), Message("south-east"), Message("south"), Message("south-west"), Message("west"),
    Message("north-west"),
)  # fmt: skip
IN_CENTRE_M = 1_500


def place_told(network: Network, lon: float, lat: float) -> Message:
    """A point as people name it: its municipality, and how far and which way from that municipality's centre."""
    (x,), (y,) = to_metres(np.array([lon]), np.array([lat]))
    code = municipality_at(network, float(x), float(y))
    name = network.names[code].model_dump() if code in network.names else code
    rows = shipped.municipalities().filter(pl.col("municipality") == code)
    if not len(rows) or rows["centre_x"][0] is None:
        return Message("{municipality}", municipality=name)
    east, north = float(x) - rows["centre_x"][0], float(y) - rows["centre_y"][0]
    metres = float(np.hypot(east, north))
    if metres < IN_CENTRE_M:
        return Message("{municipality}, centre", municipality=name)
    way = DIRECTIONS[round(float(np.degrees(np.arctan2(east, north))) / 45) % 8]
    return Message("{municipality}, {km} km from the centre ({direction})", municipality=name, km=round(metres / 1000), direction=way)  # fmt: skip


def place_of(x: float, y: float) -> tuple[float, float]:
    """Metres as longitude and latitude, to five decimals."""
    lon, lat = to_degrees(np.array([x]), np.array([y]))
    return round(float(lon[0]), 5), round(float(lat[0]), 5)
