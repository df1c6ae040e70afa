"""The producers of a service side by side, for a resident who chooses: price, own share, waits, feedback, distance, languages.

What is not known of a unit is left empty, never taken for nothing. A measure rests on at least `least` events: fewer
are chance; and on no few clients (`torni.promises.small`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from torni.facts.opening import Connection
from torni.network.choosing import seen_from
from torni.network.region import Network
from torni.producers import vouchers
from torni.promises.finding import Finding
from torni.supervision.known_sums import units as register
from torni.web import record_room
from torni.web.store import Held

NEAREST = 12


@dataclass(frozen=True)
class Choice:
    """One unit. `km`: between the municipalities, as the crow flies, where the service comes to the home and no trip is known;
    `measured`: by promise, the share in which it was kept and of how many."""

    name: str
    municipality: str
    producer: str
    size: str = ""
    minutes: float | None = None
    km: float | None = None
    offer: vouchers.Offer | None = None
    languages: tuple[str, ...] = ()
    invented: bool = False
    measured: Mapping[str, tuple[float, int]] = field(default_factory=dict)


def compared(
    here: Held, kind: str, home: str, offers: Sequence[vouchers.Offer], *, least: int
) -> tuple[list[Finding], list[Choice]]:
    """The promises that have been measured of any of them, and the units: of a service that a voucher pays for those that are approved,
    by own share; of another the nearest, by minutes."""
    promises = _promises(here)
    measured = _measured(promises, kind, least)
    with_room = record_room.is_open() and record_room.is_of(here.id)
    spoken: Mapping[str, tuple[str, ...]] = {}
    approved: list[Choice] = []
    if with_room:
        with record_room.reading(None) as connection:
            spoken = vouchers.languages(connection)
            approved = _approved(connection, here.network, home, offers, spoken, measured)
    told = approved or _nearest(here.network, kind, home, spoken, measured)
    names = {name for one in told for name in one.measured}
    return [f for f in promises if f.id in names], told


def _promises(here: Held) -> list[Finding]:
    live = record_room.lately(here.id)
    return [f for f in live.found if f.promise.by_chance] if live else []


def _measured(promises: Sequence[Finding], kind: str, least: int) -> dict[str, dict[str, tuple[float, int]]]:
    """By unit and promise; a unit of several kinds is known in the room by its kind too."""
    found: dict[str, dict[str, tuple[float, int]]] = {}
    for f in promises:
        for g in f.groups("unit"):
            if not g.hidden and g.total >= least:
                found.setdefault(g.group.removesuffix(f"-{kind}"), {})[f.id] = (g.met / g.total, g.total)
    return found


def _approved(
    connection: Connection, network: Network, home: str, offers: Sequence[vouchers.Offer],
    spoken: Mapping[str, tuple[str, ...]], measured: Mapping[str, Mapping[str, tuple[float, int]]],
) -> list[Choice]:  # fmt: skip
    """The approved units, one's own municipality first, then the nearest municipality's."""
    rows = {
        unit: (name, producer, municipality)
        for unit, name, _kind, producer, municipality in register(connection).rows()
    }
    found = []
    for offer in offers:
        name, producer, municipality = rows.get(offer.unit, (offer.unit, "", ""))
        found.append(
            Choice(
                name, municipality or "", producer or "", km=_km(network, home, municipality or ""), offer=offer,
                languages=spoken.get(offer.unit, ()), measured=measured.get(offer.unit, {}),
            )
        )  # fmt: skip
    known = sorted(
        found, key=lambda c: (c.km is None, c.km or 0, c.offer.own_hour_cents or 0 if c.offer else 0, c.name)
    )
    return known[:NEAREST]


def _nearest(
    network: Network, kind: str, home: str, spoken: Mapping[str, tuple[str, ...]],
    measured: Mapping[str, Mapping[str, tuple[float, int]]],
) -> list[Choice]:  # fmt: skip
    rows = seen_from(network, home, kind).head(NEAREST)
    return [
        Choice(
            row["name"], row["municipality"], row["producer"] or "", row["size"] or "", row["minutes"], invented=bool(row.get("invented")),
            languages=spoken.get(row["unit_id"], spoken.get(f"{row['unit_id']}-{kind}", ())), measured=measured.get(row["unit_id"], {}),
        )
        for row in rows.iter_rows(named=True)
    ]  # fmt: skip


def _km(network: Network, one: str, other: str) -> float | None:
    """Kilometres between the middles of two municipalities' residents; None where either is not of the region."""
    points = []
    for code in (one, other):
        if code not in network.municipality_codes:
            return None
        inside = network.municipality_index == network.municipality_codes.index(code)
        weight = np.where(inside, network.people("residents"), 0.0)
        total = float(weight.sum())
        if not total:
            return None
        points.append((float((network.population.x * weight).sum()) / total, float((network.population.y * weight).sum()) / total))  # fmt: skip
    return float(np.hypot(points[0][0] - points[1][0], points[0][1] - points[1][1])) / 1000
