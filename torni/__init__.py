"""Torni keeps a region's service promises: the same functions as the command line and the pages, for a notebook.

    >>> import torni
    >>> region = torni.load("keski-suomi", on="2026-11-22")
    >>> torni.check(region, promise="ward").table()["state"].to_list()
    ['kept']

Results are values with data frames (Polars) in them, and show themselves in a notebook; nothing is changed by asking, but by those that say
so. `frame` gives any of them to pandas or Arrow, and `speak` chooses the language. What is not one function here is a module beside it,
read when it is first named: `torni.services`, `torni.guidance`, `torni.tower` ...
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import polars as pl

    from torni.facts.snapshot import Snapshot
    from torni.facts.verify import Check
    from torni.guidance import Proposal, Reckoned
    from torni.guidance.replay import Replayed
    from torni.needs import Funding, ModelledNeed
    from torni.network import Network
    from torni.network.explain import Explanation
    from torni.network.mend import Mend
    from torni.network.reach import Reach
    from torni.network.search import Found
    from torni.network.what_if import WhatIf
    from torni.services import Library
    from torni.services.chain import ServiceChain
    from torni.services.rules import Rules
    from torni.simulation.harmonise import Harmonised
    from torni.simulation.population import Population
    from torni.simulation.rehearsal import Rehearsal
    from torni.supervision.chains import ChainOnLog
    from torni.supervision.reconcile import Reconciled
    from torni.tower import Picture

__all__ = [
    "alerts",
    "chains",
    "chains_on",
    "check",
    "closures",
    "conditions",
    "decide",
    "definitions",
    "explain",
    "fee",
    "frame",
    "funding",
    "handle_alert",
    "harmonise",
    "load",
    "mend",
    "need",
    "people",
    "prices",
    "reach",
    "reconcile",
    "rehearse",
    "replay",
    "search",
    "snapshot",
    "speak",
    "verify",
    "what_if",
]
_ROOMS = ("core", "engines", "facts", "guidance", "needs", "network", "producers", "promises", "services", "simulation", "sources", "supervision", "tower")  # fmt: skip
__version__ = "0.1.0"


def load(region: str = "keski-suomi", *, on: date | str | None = None, invented: bool = True) -> Network:
    """A region's residents, units, roads and definitions on a day (today when not given).

    `region`: an id, a name in Finnish, Swedish or English, or a county code. `invented=False` leaves the
    demonstration's invented units and sizes out. Raises torni.core.faults.BadInput for an unknown region.
    """
    from torni.network import load as load_network

    return load_network(region, on=_day(on), invented=invented)


def check(region: Network | str = "keski-suomi", *, promise: str = "*") -> Picture:
    """Every promise whose id fits, measured. `.table()` is a data frame with one row a promise.

    Promises about what happens are measured in the record room that runs (`DATABASE_URL`, or the embedded one); without one they are
    unknown: no record room.
    """
    from torni.tower import picture
    from torni.tower.opened import happening

    network = _network(region)
    live, why = happening(network.library.region.id, on=network.as_of, clients=promise)
    return picture(network, pattern=promise, happened=live.found if live else None, why=why)


def explain(region: Network | str, promise: str) -> Explanation:
    """One finding's steps: units counted, minutes, and what each assumption does to the value; or limits, events and groups."""
    from torni.tower.explain import explain as explained
    from torni.tower.opened import happening

    network = _network(region)
    live, why = happening(network.library.region.id, on=network.as_of, clients=promise)
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


def definitions(region: str = "keski-suomi", *, on: date | str | None = None) -> Library:
    """What the region has decided, as in force on a day: `.services`, `.promises()`, `.parameters`, `.value("travel.ferry.wait_min")`.

    >>> import torni
    >>> "home_care" in torni.definitions(on="2026-11-22").services
    True
    """
    from torni.services import load_library

    return load_library(region, on=_day(on))


def conditions(rule: str, *, region: str = "keski-suomi", on: date | str | None = None) -> list[str]:
    """Each condition of a rule's text as the sentence that a decision letter has of it, in their order. Raises BadInput with every fault.

    >>> import torni
    >>> with torni.core.language.speaking("en"): torni.conditions("age >= 75", on="2026-11-22")
    ["the client's age is at least 75 years"]
    """
    from torni.core.faults import BadInput
    from torni.engines.rules import lower, tree
    from torni.engines.rules.sentences import sentence

    found = lower(rule, _rules(region, on).scope, where="rule")
    if isinstance(found, list):
        raise BadInput(*found)

    def leaves(node: tree.Node) -> list[str]:
        parts = (
            node.parts if isinstance(node, tree.And | tree.Or) else [node.part] if isinstance(node, tree.Not) else []
        )
        return [told for part in parts for told in leaves(part)] if parts else [sentence(node)]

    return leaves(found)


def replay(decisions: str | Path, *, under: date | str | None = None) -> list[Replayed]:
    """Past decisions of a file (JSON lines or a table) again, by their own day's rules, or all by those of the day `under`: `.differs`."""
    from torni.guidance.replay import read_decisions
    from torni.guidance.replay import replay as replayed

    return replayed(read_decisions(Path(decisions)), under=None if under is None else _day(under))


def reconcile(folder: str | Path, *, region: str = "keski-suomi") -> Reconciled:
    """Services delivered against fees charged, of a folder with clients, delivered and charged: `.differences`, `.by_formula`, `.remarks`."""
    from torni.supervision.reconcile import files_of
    from torni.supervision.reconcile import reconcile as reconciled

    return reconciled(*files_of(Path(folder)), region=region)


def harmonise(file: str | Path, *, region: str = "keski-suomi", on: date | str | None = None) -> Harmonised:
    """Municipalities' differing rules side by side, each tried as the common one on the invented people: `.differs`, `.common`."""
    from torni.simulation.harmonise import harmonise as harmonised

    return harmonised(Path(file), region=region, on=_day(on))


def people(region: str = "keski-suomi") -> Population:
    """The region's invented people, made where they are not there yet: `.files` (Parquet), `.sql`, `.size`. No row is a real person."""
    from torni.simulation.population import open_population

    return open_population(region)


def chains(region: str = "keski-suomi", *, on: date | str | None = None) -> dict[str, ServiceChain]:
    """The service chains as defined, by id.

    >>> import torni
    >>> [step.id for step in torni.chains(on="2026-11-22")["to_doctor"].chain.steps][:2]
    ['asked', 'seen']
    """
    from torni.services import load_library
    from torni.services.chain import chains as defined

    return defined(load_library(region, on=_day(on)))


def chains_on(
    snapshot: str | Path, *, region: str = "keski-suomi", on: date | str | None = None
) -> dict[str, ChainOnLog]:
    """The chains as they went, on a snapshot with persons, up to a day: how many began and went as defined, where they leak, half's days."""
    from torni.supervision.chains import chains_on as held

    return held(Path(snapshot), chains(region, on=on), _day(on))


def need(county: str = "keski-suomi", *, year: int = 2023) -> ModelledNeed:
    """A county's need against the nation's by THL's model: `.total`, `.sectors`, `.parts` (a frame of what makes it).

    >>> import torni
    >>> round(torni.need("keski-suomi").total, 3)
    0.989
    """
    from torni.needs import need as found

    library = definitions(county)
    return found(library, _county(library), year)


def funding(county: str = "keski-suomi") -> Funding:
    """A county's need-based funding of the newest year that the parameters tell: `.euros` by sector, `.total`, `.per_resident`."""
    from torni.needs import funding as found

    library = definitions(county)
    return found(library, _county(library))


def search(region: Network | str, text: str) -> Found:
    """Services, promises, units and producers by parts of their names: `.hits` by kind."""
    from torni.network.search import search as found

    return found(_network(region), text)


def snapshot(folder: str | Path, *, region: str = "keski-suomi", persons: bool = False) -> Snapshot:
    """The running record room's log as Parquet files in a folder, which Polars, DuckDB and Spark read. Writes files, changes no fact.
    Raises BadInput where no room of the region runs."""
    from torni.facts.snapshot import snapshot as written
    from torni.tower.opened import room

    with room(region) as connection:
        return written(connection, Path(folder), persons=persons)


def verify(region: str = "keski-suomi") -> list[Check]:
    """Is the running record room whole: each check, how much it looked at, and how many were wrong. Reads the whole log."""
    from torni.facts.verify import verify as verified
    from torni.tower.opened import room

    with room(region) as connection:
        return verified(connection)


def prices(service: str = "home_care", *, region: str = "keski-suomi") -> pl.DataFrame:
    """The units approved to produce a service by voucher in the running record room, and their prices in cents: unit, cents."""
    import polars as pl

    from torni.producers.vouchers import prices as found
    from torni.tower.opened import room

    with room(region) as connection:
        rows = list(found(connection, service).items())
    return pl.DataFrame(rows, schema={"unit": pl.String, "cents": pl.Int64}, orient="row")


def frame(value: Any, to: Literal["polars", "pandas", "arrow"] = "polars") -> Any:
    """A value's table as a frame of Polars, pandas or Arrow. Pandas and Arrow are not a part of Torni: BadInput says what to install.

    >>> import torni
    >>> torni.frame(torni.need("keski-suomi")).columns
    ['variable', 'sector', 'share', 'national_share', 'effect']
    """
    from torni.core.frames import frame as made

    return made(value, to)


def speak(language: Literal["fi", "sv", "en"]) -> None:
    """From now on every text of this process is in this language, where nothing else says (`torni.core.language.speaking` does for a while)."""
    from torni.core.language import speak as always

    always(language)


def __getattr__(name: str) -> Any:
    """A room of Torni by its name, read when it is first asked for: `import torni` alone reads none."""
    if name in _ROOMS:
        import importlib

        return importlib.import_module(f"torni.{name}")
    raise AttributeError(f"module 'torni' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*__all__, *_ROOMS, "__version__"])


def _county(library: Library) -> str:
    from torni.core.faults import bad_input
    from torni.core.language import t

    counties = library.region.counties
    if len(counties) != 1 or library.region.municipalities:
        raise bad_input(library.region.id, t("is not one county"), t("Ask for one county, such as keski-suomi."))
    return counties[0]


def _rules(region: str, on: date | str | None) -> Rules:
    from torni.services import load_library
    from torni.services.rules import load_rules

    return load_rules(load_library(region, on=_day(on)))


def _day(on: date | str | None) -> date:
    from torni.core.clock import today
    from torni.sources.written import day_told

    return day_told("on", on) if isinstance(on, str) else on or today()


def _network(region: Any) -> Network:
    return load(region) if isinstance(region, str) else region
