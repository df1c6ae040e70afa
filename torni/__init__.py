"""Torni keeps a region's service promises: the same functions as the command line and the pages, for a notebook.

    >>> import torni
    >>> region = torni.load("keski-suomi", on="2026-11-22")
    >>> torni.check(region, promise="ward").table()["state"].to_list()
    ['kept']

Results are values with data frames (Polars) in them; nothing is changed by asking.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import polars as pl

    from torni.guidance import Proposal, Reckoned
    from torni.network import Network
    from torni.network.explain import Explanation
    from torni.network.mend import Mend
    from torni.network.reach import Reach
    from torni.network.what_if import WhatIf
    from torni.services.rules import Rules
    from torni.simulation.rehearsal import Rehearsal
    from torni.tower import Picture

__all__ = [
    "alerts",
    "check",
    "closures",
    "decide",
    "explain",
    "fee",
    "handle_alert",
    "load",
    "mend",
    "reach",
    "rehearse",
    "what_if",
]
__version__ = "0.1.0"


def load(region: str = "keski-suomi", *, on: date | str | None = None, invented: bool = True) -> Network:
    """A region's residents, units, roads and definitions on a day (today when not given).

    `region`: an id, a name in Finnish, Swedish or English, or a county code. `invented=False` leaves the
    demonstration's invented units and sizes out. Raises torni.core.faults.BadInput for an unknown region.
    """
    from torni.core.clock import today
    from torni.network import load as load_network

    day = date.fromisoformat(on) if isinstance(on, str) else on or today()
    return load_network(region, on=day, invented=invented)


def check(region: Network | str = "keski-suomi", *, promise: str = "*") -> Picture:
    """Every promise whose id fits, measured. `.table()` is a data frame with one row a promise.

    Promises about what happens are measured in the record room that runs (`DATABASE_URL`, or the embedded one); without one they are
    unknown: no record room.
    """
    from torni.tower import picture
    from torni.tower.opened import happening

    network = _network(region)
    live, why = happening(network.library.region.id, on=network.as_of)
    return picture(network, pattern=promise, happened=live.found if live else None, why=why)


def explain(region: Network | str, promise: str) -> Explanation:
    """One finding's steps: units counted, minutes, and what each assumption does to the value; or limits, events and groups."""
    from torni.tower.explain import explain as explained
    from torni.tower.opened import happening

    network = _network(region)
    live, why = happening(network.library.region.id, on=network.as_of)
    return explained(network, promise, happened=live.found if live else None, why=why, live=live)


def alerts(region: str = "keski-suomi", *, on: date | str | None = None) -> pl.DataFrame:
    """What must be looked at in the record room that runs, as known now or at the end of a past day: one row an alert, with whose it is and
    how it stands (`torni.tower.alerts.Listed.table`). Raises BadInput where no room of the region runs."""
    from torni.core.clock import today
    from torni.tower.alerts import of_region

    day = _day(on)
    with of_region(region, on=day if day < today() else None) as (_connection, known):
        return known.table()


def handle_alert(
    alert: str, did: str, *, by: str, action: str = "", text: str = "", region: str = "keski-suomi"
) -> str:
    """One step of an alert, written to the log as that person's: the state it is then in. `did`: taken_up, acted (with `action`), done or
    set_aside (with `text`); `by`: the name of an account that may handle alerts. Raises BadInput with every fault."""
    from torni.tower.alerts import handle

    return handle(region, alert, did, by=by, action=action, text=text).state


def reach(
    region: Network | str, units: pl.DataFrame | str | Path, *, within: Sequence[int] = (30, 60), mode: str = "car"
) -> Reach:
    """Who reaches any units: a data frame (or a CSV or xlsx file) with the columns name, lon, lat."""
    from torni.network.reach import reach as reached
    from torni.sources.intake import read_points

    return reached(
        _network(region), read_points(Path(units)) if isinstance(units, str | Path) else units, within=within, mode=mode
    )


def what_if(region: Network | str, plan: str) -> WhatIf:
    """Every promise before and after a plan such as "close KS16; open 25.30,62.70,centre,M; resize KS13 M"."""
    from torni.network.plan import parse
    from torni.network.what_if import what_if as tried

    network = _network(region).ready_for_changes()
    return tried(network, parse(plan, network))


def closures(region: Network | str = "keski-suomi", *, promise: str = "*") -> pl.DataFrame:
    """Every unit closed alone, by promise: who falls outside, minutes added, state after."""
    from torni.network.closures import every_closure

    return every_closure(_network(region), pattern=promise)


def mend(
    region: Network | str, promise: str, *, candidates: Literal["cells", "centres", "units"] | Sequence[tuple[float, float]] = "cells",
    open: int | None = None, close: int | None = None,
) -> Mend:  # fmt: skip
    """The fewest steps that restore a promise; or the best `open` openings; or the least harmful `close` closures."""
    from torni.network.mend import mend as mended

    return mended(_network(region), promise, candidates=candidates, budget=open, closures=close)


def decide(
    service: str, client: Mapping[str, Any], *, region: str = "keski-suomi", on: date | str | None = None
) -> Proposal:
    """One client's proposed decision: `.verdict`, `.leaves`, `.missing`, `.changes`, `.fees`, `.json()`. Stores nothing.

    `client`: declared fields to values (`torni fields`); what is not given is missing. Raises BadInput with every fault.

        >>> import torni
        >>> torni.decide("home-care", {"rai_maple": 2, "rai_adlh": 1, "rai_cps": 0}, on="2026-11-22").verdict
        'refused'
    """
    from torni.guidance import proposal_of as decided
    from torni.guidance.client import client_of

    rules = _rules(region, on)
    return decided(rules, service, client_of(client, rules))


def fee(
    formula: str, client: Mapping[str, Any], *, region: str = "keski-suomi", on: date | str | None = None
) -> Reckoned:
    """What one client pays by a formula, line by line: `.amount` (euros, exact), `.lines`, `.because` when undecided.

    >>> import torni
    >>> torni.fee("doctor-visit", {"age": 40, "doctor_visits_this_year": 0}, on="2026-11-22").amount
    Decimal('30.20')
    """
    from torni.guidance import reckon_fee
    from torni.guidance.client import client_of

    rules = _rules(region, on)
    return reckon_fee(rules, formula, client_of(client, rules))


def rehearse(change: str | Path, *, population: str = "keski-suomi", on: date | str | None = None) -> list[Rehearsal]:
    """A change, or its alternatives, tried on a whole invented population: `.total`, `.by("municipality")`, `.promises`, `.json()`.

    `change`: a YAML file, or the text itself. Every figure rests on invented people; none is a forecast.
    """
    from torni.services import regions
    from torni.services.change import parse_changes, read_changes
    from torni.simulation.rehearsal import rehearse as rehearsed
    from torni.tower.opened import opened

    found = read_changes(change) if isinstance(change, Path) else parse_changes(change)
    with opened(regions.find(population).id) as (room, why):
        return rehearsed(found, region=population, on=_day(on), room=room, why=why)


def _rules(region: str, on: date | str | None) -> Rules:
    from torni.services import load_library
    from torni.services.rules import load_rules

    return load_rules(load_library(region, on=_day(on)))


def _day(on: date | str | None) -> date:
    from torni.core.clock import today

    return date.fromisoformat(on) if isinstance(on, str) else on or today()


def _network(region: Any) -> Network:
    return load(region) if isinstance(region, str) else region
