"""Who may use a way, each means of travel in each direction: OpenStreetMap's access, one-way and barrier tags.

Sources: OpenStreetMap wiki, Key:access (the more specific key overrides the more general), Key:oneway, Key:barrier,
Key:seasonal, and "OSM tags for routing/Access restrictions", the table for all countries. What a value is not known
to allow is closed and counted: it is never guessed to be open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import product

from torni.engines.travel.graph import MEANS, PUSHED_BACKWARD, PUSHED_FORWARD, closed_bits
from torni.sources.osm.seasons import leaves_a_season_out, shuts_a_season

CLASSES = (
    "motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "living_street",
    "service", "track", "cycleway", "footway", "path", "ferry",
)  # fmt: skip
CLASS = {name: i for i, name in enumerate(CLASSES) if name != "ferry"} | {
    f"{name}_link": CLASSES.index(name) for name in ("motorway", "trunk", "primary", "secondary", "tertiary")
} | {"pedestrian": CLASSES.index("footway"), "steps": CLASSES.index("footway"), "road": CLASSES.index("unclassified"), "bridleway": CLASSES.index("path")}  # fmt: skip
FERRY = CLASSES.index("ferry")
NOT_FOR_CARS = {"track", "cycleway", "footway", "path"}
# From the special to the general.
KEYS = {
    "car": ("motorcar", "motor_vehicle", "vehicle", "access"),
    "bicycle": ("bicycle", "vehicle", "access"),
    "walk": ("foot", "access"),
}
OPEN = {
    "yes", "true", "1", "permissive", "designated", "official", "public", "destination", "customers", "discouraged",
    "dismount", "allowed", "optional_sidepath",
}  # fmt: skip
CLOSED = {
    "no", "false", "0", "private", "agricultural", "forestry", "delivery", "permit", "residents", "emergency", "military",
    "use_sidepath", "restricted", "psv", "bus", "hgv", "employees", "staff",
}  # fmt: skip
NOTHING_SAID = {"unknown", "undefined", ""}
NO_LONGER = (
    "construction",
    "proposed",
    "planned",
    "abandoned",
    "disused",
    "razed",
    "demolished",
    "removed",
    "dismantled",
)
GONE = (*NO_LONGER, "impassable")
WINTER = ("winter_service", "snowplowing")
ICE = ("ice", "snow")
ONE_WAY = {"yes": 1, "true": 1, "1": 1, "-1": -1, "reverse": -1, "no": 0, "false": 0, "0": 0}
CHANGING = {"reversible", "alternating", "alternate"}
RELEVANT = {
    "highway", "junction", "motorroad", "oneway", "cycleway", "conveying", "seasonal", "ice_road", "winter_road", "area",
    "opening_hours", "bridge", "state", "operational_status", "end_date", "start_date", "opening_date", "closing_date",
    "tunnel", "maxspeed", "smoothness", "ramp", "man_made", "was", *WINTER, *GONE, *(key for keys in KEYS.values() for key in keys),
}  # fmt: skip

# Barriers on a point. What is not named here or open stops cars; bicycles and walkers pass.
OPEN_BARRIERS = {
    "no", "gate", "lift_gate", "swing_gate", "sliding_gate", "hampshire_gate", "bump_gate", "entrance", "cattle_grid",
    "border_control", "toll_booth", "sally_port", "checkpoint", "height_restrictor", "kerb", "arch", "rumble_strip",
}  # fmt: skip
STOPS_BICYCLES = {"stile", "kissing_gate", "turnstile", "full-height_turnstile", "horse_stile", "debris", "log"}
STOPS_ALL = {"wall", "fence", "hedge", "ditch", "city_wall", "retaining_wall", "guard_rail"}


@dataclass(frozen=True)
class Use:
    """`kind`: index into CLASSES. `closed`: bits as in `RoadGraph.closed`, led bicycles too. `notes`: what was not read of it, by name."""

    kind: int
    closed: int
    notes: tuple[str, ...] = ()


EVERYBODY = closed_bits(MEANS, forward=True, backward=True)


def use_of(tags: Mapping[str, str], on: date | None = None) -> Use | None:
    """Who may use a way of these tags; None for what is no way at all (another class, an area)."""
    if "highway" not in tags and tags.get("man_made") == "pier":
        tags = {"bicycle": "dismount", **tags, "highway": "footway"}
    kind = CLASS.get(tags.get("highway", ""))
    if kind is None:
        was = tags.get("highway") in GONE or ("highway" not in tags and was_once(tags, "highway"))
        return Use(FERRY if _over_a_gap(tags) else CLASS["road"], EVERYBODY, ("gone",)) if was else None
    if tags.get("area") == "yes":
        return Use(kind, EVERYBODY, ("areas",))
    if gone(tags, on):
        return Use(FERRY if _over_a_gap(tags) else kind, EVERYBODY, ("gone",))
    if seasonal(tags):
        return Use(FERRY if _over_a_gap(tags) else kind, EVERYBODY, ("seasonal",))
    if tags["highway"] == "steps" and any(tags.get(ramp) == "yes" for ramp in ("ramp:bicycle", "ramp:stroller")):
        tags = {**tags, "bicycle": "dismount"}  # bicycle=no is of riding, and the ramp is there to lead by
    name, closed = CLASSES[kind], 0
    for means, forward in product(MEANS, (True, False)):
        allowed = said(tags, means, forward)
        if means == "car" and tags.get("smoothness") == "impassable":
            allowed = False, "smoothness"
        may = allowed is None or allowed[0]
        if _closed_by_class(name, tags, means):
            # access=yes on a path or a motorway says nothing of those whom its class keeps out.
            may = allowed is not None and allowed[0] and allowed[1] != "access"
        leads = means == "bicycle" and _leads(tags, forward)
        # Who leads a bicycle is bound as a walker is.
        bound = "walk" if leads else means
        if not may or against(tags, bound, forward, motorway=tags["highway"] == "motorway"):
            closed |= closed_bits((means,), forward=forward, backward=not forward)
        elif leads:
            closed |= PUSHED_FORWARD if forward else PUSHED_BACKWARD
    notes = list(unread(tags))
    if name == "track" and said(tags, "car", True) is said(tags, "car", False) is None:
        notes.append("tracks")
    if tags.get("opening_hours", "24/7") != "24/7" and "conditional" not in notes:
        notes.append("conditional")
    if part_year(tags):
        if closed == EVERYBODY:
            return Use(FERRY if _over_a_gap(tags) else kind, EVERYBODY, ("seasonal",))
        notes.append("part_year")
    if closed == EVERYBODY and tags.get("bridge", "no") != "no":
        kind = FERRY
    return Use(kind, closed, tuple(notes))


def was_once(tags: Mapping[str, str], key: str) -> bool:
    """Whether it tells of such a thing that is no longer there, or not yet: disused:route=ferry, proposed:highway=road."""
    return any(tags.get(f"{state}:{key}", "no") != "no" for state in (*NO_LONGER, "was"))


def _over_a_gap(tags: Mapping[str, str]) -> bool:
    """Whether a way that carries nobody leads over what parts two shores: as a ferry that does not sail it tells that they are parted."""
    over = any(tags.get(key, "no") != "no" for key in ("bridge", "tunnel", "ice_road", "winter_road"))
    return over or was_once(tags, "bridge")


def shows_land(use: Use) -> bool:
    """Whether a way that nobody may use shows one land all the same: it is there all year, and no bridge."""
    return not {"gone", "seasonal"} & set(use.notes) and use.kind != FERRY


def _leads(tags: Mapping[str, str], forward: bool) -> bool:
    """Whether a bicycle is led on foot this way: on steps, and where it is said that one dismounts."""
    text = tags.get(f"bicycle:{'forward' if forward else 'backward'}", tags.get("bicycle", ""))
    return tags["highway"] == "steps" or {v.strip().casefold() for v in text.split(";")} & OPEN == {"dismount"}


def _closed_by_class(name: str, tags: Mapping[str, str], means: str) -> bool:
    if means == "car":
        return name in NOT_FOR_CARS
    return name == "motorway" or tags.get("motorroad") == "yes"


def said(tags: Mapping[str, str], means: str, forward: bool) -> tuple[bool, str] | None:
    """Whether the tags let this means go this way all year, and the key that says so; None when none says anything."""
    way = "forward" if forward else "backward"
    for key in KEYS[means]:
        for name in (f"{key}:{way}", key):
            told = _verdict(tags[name]) if name in tags else None
            if told is not False and shuts_a_season(tags.get(f"{name}:conditional", ""), _verdict):
                return False, key
            if told is not None:
                return told, key
    return None


def _verdict(text: str) -> bool | None:
    values = {v.strip().casefold() for v in text.split(";")}
    if values & OPEN:
        return True
    return None if values <= NOTHING_SAID else False


def against(tags: Mapping[str, str], means: str, forward: bool, *, motorway: bool) -> bool:
    """Whether one-way tags keep this means from this direction. Walkers are bound only where it is said of them."""
    direction = _one_way(tags, means, motorway=motorway)
    return direction == (-1 if forward else 1)


def _one_way(tags: Mapping[str, str], means: str, *, motorway: bool) -> int:
    """1 only as drawn, -1 only against, 0 both."""
    if means == "walk":
        if (moving := tags.get("conveying")) in ("forward", "backward"):
            return 1 if moving == "forward" else -1
        return ONE_WAY.get(tags.get("oneway:foot", ""), 0)
    special = ("oneway:motorcar", "oneway:motor_vehicle", "oneway:vehicle") if means == "car" else ("oneway:bicycle",)
    for key in special:
        text = tags.get(key, "").strip().casefold()
        if text in ONE_WAY:
            return ONE_WAY[text]
        if text.startswith("opposite"):
            return 0
    street = _street_one_way(tags, motorway=motorway)
    if means == "bicycle" and street:
        lanes = [tags.get(f"cycleway{side}", "") for side in ("", ":left", ":right", ":both")]
        turned = [tags.get(f"cycleway{side}:oneway", "") for side in (":left", ":right", ":both")]
        if any(v.startswith("opposite") for v in lanes) or any(v in ("no", "-1") for v in turned):
            return 0
        if ONE_WAY.get(tags.get("oneway:vehicle", "")) is not None:
            return ONE_WAY[tags["oneway:vehicle"]]
        back = "backward" if street > 0 else "forward"
        if _verdict(tags.get(f"bicycle:{back}", "")):
            return 0
    return street


def _street_one_way(tags: Mapping[str, str], *, motorway: bool) -> int:
    text = tags.get("oneway", "").strip().casefold()
    if text in ONE_WAY:
        return ONE_WAY[text]
    if text in CHANGING:
        return 0
    return 1 if motorway or tags.get("junction") in ("roundabout", "circular") else 0


def gone(tags: Mapping[str, str], on: date | None = None) -> bool:
    """Being built, planned, or no longer there, on a day where it is given. `construction=minor` is passed.

    A date of a year or a month alone is its beginning where it opens, and its end where it closes. What opens after
    it has closed is open again. A Finnish date (1.6.2030, 6/2030) is read as well.
    """
    if any(tags.get(key, "no").strip().casefold() not in ("no", "minor", "false", "0") for key in GONE):
        return True
    if (
        tags.get("state", "").strip().casefold() in STATES_GONE
        or tags.get("operational_status", "").strip().casefold() in STATES_GONE
    ):
        return True
    if on is None:
        return False
    today = f"{on:%Y-%m-%d}"
    starts, ends = (
        [day for key in keys if (day := _day(tags.get(key, "")))]
        for keys in (("start_date", "opening_date"), ("end_date", "closing_date"))
    )
    if any(start > today[: len(start)] for start in starts):
        return True
    return any(end < today[: len(end)] and not any(start > end for start in starts) for end in ends)


def _day(text: str) -> str | None:
    """The date as 2030-06-01, of a month alone 2030-06, of a year alone 2030; None where none is told."""
    text = text.strip()
    if finnish := _FINNISH_DAY.match(text):
        of_month, month, year = finnish.groups()
        if not 1 <= int(month) <= 12 or not 1 <= int(of_month or 1) <= 31:
            return None
        return f"{year}-{int(month):02}" + (f"-{int(of_month):02}" if of_month else "")
    told = _DAY.match(text)
    return told[0] if told else None


_DAY = re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?(?!\d)")
_FINNISH_DAY = re.compile(r"(?:(\d\d?)\.\s?)?(\d\d?)[./]\s?(\d{4})(?!\d)")
STATES_GONE = {"proposed", "closed", "abandoned", "disused", "construction", "out_of_order", "broken"}


def seasonal(tags: Mapping[str, str]) -> bool:
    """Not there all year: ice and winter roads, and whatever shuts for a season.

    A promise holds on every day of the year, so such a way carries nobody.
    """
    if any(tags.get(key, "no").strip().casefold() not in ("no", "false", "0") for key in ("ice_road", "winter_road")):
        return True
    if tags.get("seasonal", "no").strip().casefold() not in ("no", "false", "0") or tags.get("surface") in ICE:
        return True
    return leaves_a_season_out(tags.get("opening_hours", ""))


def part_year(tags: Mapping[str, str]) -> bool:
    """Whether a condition shuts it to somebody for a season: motor_vehicle:conditional=no @ (Nov-May)."""
    return any(_of_a_season(key, value) for key, value in tags.items())


def _of_a_season(key: str, value: str) -> bool:
    return key.endswith(":conditional") and key.split(":")[0] in ACCESS_KEYS and shuts_a_season(value, _verdict)


def unread(tags: Mapping[str, str]) -> Iterator[str]:
    """The names of what is written of a way and not read."""
    if any(key.endswith(":conditional") and not _of_a_season(key, value) for key, value in tags.items()):
        yield "conditional"
    if any(tags.get(k, "").strip().casefold() in CHANGING for k in tags if k.split(":")[0] == "oneway"):
        yield "changing_direction"
    values = [
        v.strip().casefold()
        for key, v in tags.items()
        if key.split(":")[0] in ACCESS_KEYS and ":conditional" not in key
    ]
    parts = {part.strip() for v in values for part in v.split(";")}
    if "destination" in parts:
        yield "destination"
    if parts - OPEN - CLOSED - NOTHING_SAID:
        yield "unknown_access"
    if "maxspeed" in tags:
        yield "maxspeed"
    if any(tags.get(key, "").strip().casefold() == "no" for key in WINTER):
        yield "winter_service"


ACCESS_KEYS = {key for keys in KEYS.values() for key in keys}


def stopped_by(tags: Mapping[str, str]) -> int:
    """Whom a barrier on a point stops, whichever way they come: bits of `closed_bits`, forward ones only."""
    barrier = tags.get("barrier")
    if barrier is None:
        return 0
    locked = tags.get("locked") == "yes"
    stopped: list[str] = []
    for means in MEANS:
        told = said(tags, means, True)
        passes = barrier in OPEN_BARRIERS or (means != "car" and barrier not in STOPS_ALL)
        if means == "bicycle" and barrier in STOPS_BICYCLES:
            passes = False
        if told is not None and (told[1] != "access" or not told[0] or passes):
            # access=yes at a bollard is said of those who fit past it; motor_vehicle=yes is said of cars.
            passes = told[0]
        if told is None and locked:
            passes = False
        if not passes:
            stopped.append(means)
    return closed_bits(stopped, forward=True, backward=False)
