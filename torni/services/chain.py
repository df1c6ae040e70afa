"""Service chains as they are written (`definitions/chains/`): steps, whose work each is, what may follow it and by when.

One declaration gives the drawing, the measure over the whole log, and where one client is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import ClassVar, Literal

from pydantic import Field

from torni.core.content import content_hash
from torni.core.deadlines import working_day_after
from torni.core.faults import BadInput, Fault, nearest_name
from torni.core.language import ngettext, t
from torni.core.shown import Shown
from torni.core.texts import Identifier, Strict, Text
from torni.engines.chains import Chain, Edge, Step
from torni.engines.rules.evaluate import moved
from torni.promises.promise import DAYS, EventType, Responsible
from torni.services.library import Library
from torni.services.reading import parse, read
from torni.services.uses import misused


class ChainStep(Strict):
    name: Text
    event: EventType = Field(description="The type of event that reaches the step.")
    service: Identifier | None = Field(None, description="Only events of this service.")
    responsible: Responsible | None = Field(None, description="Whose work it is that something follows.")
    next: dict[Identifier, str | None] = Field(
        {}, description="What may follow, each with a parameter of the most days, or none."
    )


class ChainDefinition(Strict):
    """The first step is where every instance begins. Events of one matter are one instance; in a life-stage whole, one client's."""

    name: Text
    why: Text
    source: Identifier
    by: Literal["matter", "client"] = Field(
        "matter", description="What an instance is: client makes a life-stage whole."
    )
    begun_for: str | None = Field(
        None,
        description="service.promise: only instances whose beginning that promise counts, such as of one age; the limits are then the promise's own.",
    )
    services: list[Identifier] = Field(min_length=1, description="The services whose interfaces the chain crosses.")
    steps: dict[Identifier, ChainStep] = Field(min_length=2)


class ChainDefinitions(Strict):
    chains: dict[Identifier, ChainDefinition]


@dataclass(frozen=True)
class ServiceChain(Shown):
    """A chain on a day: its definition, the graph with the days in force, and by each edge its limit as it is set: so many of which unit."""

    _shown_by: ClassVar[str] = "torni.notebook.shows:chain"

    id: str
    definition: ChainDefinition
    chain: Chain
    limits: Mapping[tuple[str, str], tuple[int, str]] = field(default_factory=dict)

    def limit_text(self, first: str, then: str) -> str:
        """How long the step may take, as the law or the definition sets it: calendar months are no number of days. Empty where it has no limit."""
        if (first, then) not in self.limits:
            return ""
        count, unit = self.limits[first, then]
        told = {
            "months": lambda: ngettext("%(num)d calendar month", "%(num)d calendar months", count),
            "working days": lambda: ngettext("%(num)d working day", "%(num)d working days", count),
        }.get(unit, lambda: ngettext("%(num)d day", "%(num)d days", count))()
        return told % {"num": count}

    @property
    def of_life(self) -> bool:
        """Is an instance a client's whole, across matters?"""
        return self.definition.by == "client"

    @property
    def version(self) -> str:
        days = [[e.first, e.then, e.within_days] for e in self.chain.edges]
        return content_hash([self.definition.model_dump(mode="json"), days])


def chains(library: Library) -> dict[str, ServiceChain]:
    """The library's chains, checked. Raises BadInput with every fault of every file."""
    faults: list[Fault] = []
    out: dict[str, ServiceChain] = {}
    for path in sorted((library.root / "chains").glob("*.yaml")):
        document = read(path, library.root)
        if isinstance(document, Fault):
            faults.append(document)
            continue
        found = parse(document, ChainDefinitions)
        if isinstance(found, list):
            faults += found
            continue
        for name, definition in found.chains.items():
            wrong = [
                Fault(document.where(("chains", name, *loc)), what, remedy)
                for loc, what, remedy in _wrong(definition, library)
            ]
            faults += wrong
            if not wrong:
                try:
                    out[name] = ServiceChain(
                        name, definition, _graph(definition, library), _limits(definition, library)
                    )
                except ValueError as error:
                    faults.append(
                        Fault(document.where(("chains", name, "steps")), str(error), t("Correct what follows what."))
                    )
    if faults:
        raise BadInput(*faults)
    return out


def _graph(definition: ChainDefinition, library: Library) -> Chain:
    steps = tuple(Step(id_, s.event, s.service) for id_, s in definition.steps.items())
    edges = tuple(
        Edge(id_, then, _days(library, limit)) for id_, s in definition.steps.items() for then, limit in s.next.items()
    )
    return Chain(steps, edges)


def _limits(definition: ChainDefinition, library: Library) -> dict[tuple[str, str], tuple[int, str]]:
    found = {(id_, then): library.value(p) for id_, s in definition.steps.items() for then, p in s.next.items() if p}
    return {edge: (int(v.value), v.unit) for edge, v in found.items() if isinstance(v.value, Decimal)}


def _days(library: Library, parameter: str | None) -> int | None:
    if parameter is None:
        return None
    found = library.value(parameter)
    assert isinstance(found.value, Decimal), f"{parameter} is a table"
    return _longest(int(found.value), found.unit)


@cache
def _longest(count: int, unit: str) -> int:
    """The most days that so many calendar months or working days have: a chain counts days, and calls nobody late who is in
    time by law. Of months from the first days of a leap year and the next; of working days from every day of twelve years, in
    which each holiday meets each weekday."""
    if unit == "months":
        starts = [date(2024 + i // 12, i % 12 + 1, 1) for i in range(24)]
        return max((moved(start, count, "month") - start).days for start in starts)
    if unit == "working days":
        days = [date(2024, 1, 1) + timedelta(days=i) for i in range(12 * 366)]
        return max((working_day_after(day, count) - day).days for day in days)
    return count


def _wrong(definition: ChainDefinition, library: Library) -> list[tuple[tuple[str, ...], str, str]]:
    """Names that are not there: where, what, what to write instead."""
    asked: list[tuple[tuple[str, ...], str, str, Mapping[str, object]]] = [
        (("source",), definition.source, "a source", library.sources)
    ]
    if definition.begun_for:
        promises = {f"{s.id}.{p.id}": p for s, p in library.of_events()}
        asked.append((("begun_for",), definition.begun_for, "a promise of what happens", promises))
    asked += [(("services",), s, "a service", library.services) for s in definition.services]
    for id_, step in definition.steps.items():
        asked.append((("steps", id_, "event"), step.event, "a type of event", library.event_kinds))
        if step.service:
            asked.append((("steps", id_, "service"), step.service, "a service", library.services))
        for then, limit in step.next.items():
            asked.append((("steps", id_, "next"), then, "a step of the chain", definition.steps))
            if limit is not None:
                asked.append((("steps", id_, "next", then), limit, "a parameter", library.parameters))
    out: list[tuple[tuple[str, ...], str, str]] = [
        (("steps", id_, "next", then), f'"{limit}": {what}', remedy)
        for id_, step in definition.steps.items()
        for then, limit in step.next.items()
        if limit is not None and limit in library.parameters
        for _at, what, remedy in misused(library.parameters[limit], "within_days", DAYS)
    ]
    for loc, name, what, known in asked:
        if name not in known:
            near = nearest_name(name, known)
            out.append((loc, f'"{name}" is not {what}', f'Did you mean "{near}"?' if near else ""))
    return out
