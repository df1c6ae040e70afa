"""Regions held ready in the server's memory: network, findings and map, made once for each region and day."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.http import Http404, HttpRequest

from torni import network as net
from torni.core import clock
from torni.core.bounds import day_written
from torni.core.faults import BadInput, bad_input
from torni.core.language import Message, language, speaking, t
from torni.network.explain import Explanation, explain
from torni.promises.finding import Finding
from torni.services import regions
from torni.services.change_log import mark
from torni.services.library import Library
from torni.services.rules import Rules, load_rules
from torni.tower import Picture, picture
from torni.tower.explain import explain_finding
from torni.tower.live import Live
from torni.web.maps import RegionMap

MOST_REGIONS = 8


@dataclass
class Held:
    """One region on one day: what every page of it needs."""

    network: net.Network
    real_only: bool

    def __post_init__(self) -> None:
        self.findings: list[Finding] = net.check(self.network)  # of the network: what happens changes by the moment
        self._explained: dict[tuple[str, str], Explanation] = {}

    def picture(self, happened: Sequence[Finding] | None, why: Message) -> Picture:
        """Every promise's finding. `happened`: of what happens, or None and why nothing can be told of it."""
        return picture(self.network, findings=self.findings, happened=happened, why=why)

    @cached_property
    def rules(self) -> Rules:
        """The region's rules on the day: criteria, formulas, tables and fields."""
        return load_rules(self.network.library)

    @cached_property
    def map(self) -> RegionMap:
        return RegionMap(self.network)

    @cached_property
    def ready(self) -> net.Network:
        """The network with its matrix, for what-ifs."""
        return self.network.ready_for_changes()

    @property
    def id(self) -> str:
        return self.network.library.region.id

    @property
    def query(self) -> dict[str, str]:
        """What its pages' links carry so that the day and the data stay as chosen."""
        day = self.network.as_of
        return {
            **({"on": str(day)} if day != present_day(self.id) else {}),
            **({"real": "1"} if self.real_only else {}),
        }

    def finding(self, promise_id: str) -> Finding:
        for finding in self.findings:
            if finding.id == promise_id:
                return finding
        raise Http404

    def explained(self, finding: Finding, live: Live | None, library: Library) -> Explanation:
        """What a finding rests on. Of the network it is kept; of what happens it is of the moment, by the library of its day."""
        if finding.promise.reads == "events":
            return explain_finding(library, finding, live)
        key = (finding.id, language())
        if key not in self._explained:
            self._explained[key] = explain(self.network, finding.id)
        return self._explained[key]


_held: OrderedDict[tuple[str, date, bool, tuple[Any, ...]], Held] = OrderedDict()
_lock = threading.RLock()


def held(request: HttpRequest, region: str, *, of_events: bool = False) -> Held:
    """The region of a page, as of the day (without one, the region's present day) and the data that its query asks for. Unknown regions are not found. A page `of_events` alone is
    of the record room, whichever units the query asks for."""
    on = request.GET.get("on")
    try:
        day = day_written(on) if on else None
    except ValueError as error:
        raise bad_input("on", t('"{text}" is not a date', text=on), t("Write such as 2026-01-31.")) from error
    return hold(region, day, real_only=not of_events and request.GET.get("real") == "1")


def present_day(region: str) -> date:
    """The day that it is on a region's pages: the record room's where its facts are invented and time is theirs, else the clock's. A new
    day costs a page 0.06 s: travel times are kept by the places, whatever the day."""
    from torni.web import record_room  # the room holds regions by this module

    return record_room.invented_day(region) or clock.today()


def hold(region: str, day: date | None = None, *, real_only: bool = False) -> Held:
    """A region on a day; without one, on its present day."""
    try:
        name = regions.find(region).id
    except BadInput as error:
        raise Http404 from error
    day = day or present_day(name)
    key = (name, day, real_only, mark(name))  # an approved change makes it anew
    with _lock:
        if key not in _held:
            with speaking("fi"):
                made = Held(net.load(name, on=day, invented=not real_only), real_only)
            if not made.findings:
                raise bad_input(str(day), t("nothing was defined yet"), t("Ask for a later day."))
            _held[key] = made
            while len(_held) > MOST_REGIONS:
                _held.popitem(last=False)
        _held.move_to_end(key)
        return _held[key]


def warm(region: str) -> None:
    """Make a region's slow parts ready in the background, so that the first what-if and mend answer at once."""

    def run() -> None:
        here = hold(region)
        _ = here.map, here.ready
        here.network.travel("car").warmed()

    threading.Thread(target=run, daemon=True, name="warm").start()
