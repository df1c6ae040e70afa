"""Everything the organiser has decided for one region on one day: read, checked, versioned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from torni.core import places
from torni.core.content import content_hash
from torni.core.faults import BadInput, Fault, bad_input, nearest_name
from torni.core.language import t
from torni.facts.data_fields import ByType
from torni.promises.ground import NetworkPromise
from torni.promises.kinds import of_events, of_network
from torni.promises.promise import Promise
from torni.promises.said import said
from torni.promises.sums import EventPromise
from torni.services import regions
from torni.services.alerting import NOTHING, Alerting
from torni.services.bounded import Written, bounds_faults
from torni.services.checking import unchecked, unknown_source
from torni.services.events import Bounds, EventKind, EventKinds
from torni.services.history import layers_of
from torni.services.indicator import Indicator, Indicators
from torni.services.labels import called, key_meant
from torni.services.laying import laid_on
from torni.services.named import missing_names, promise_faults
from torni.services.reading import Document, Model, parse, read, twice_in_folder
from torni.services.schema import (
    Parameter,
    Parameters,
    Service,
    ServiceArea,
    ServiceAreas,
    Source,
    Sources,
    UnitKind,
    UnitKinds,
)
from torni.services.unread import misnamed, unasked, unknown_places, unread
from torni.services.uses import Use, use_faults

AGE_POPULATIONS = ("aged_0_6", "aged_7_14", "aged_15_17", "aged_18_64", "aged_65_74", "aged_75_84", "aged_85_plus")
POPULATIONS = ("residents", *AGE_POPULATIONS, "aged_65_plus", "aged_75_plus", "aged_18_plus")


@dataclass(frozen=True)
class Value:
    """A parameter's value on a day, with its unit and source."""

    id: str
    value: Decimal | Mapping[str, Decimal]
    unit: str
    since: date
    source: Source
    checked: date


@dataclass(frozen=True)
class Library:
    """One region's definitions on one day. `files` tells where each service's text is, shared file first."""

    region: regions.Region
    as_of: date
    groups: tuple[ServiceArea, ...]
    services: Mapping[str, Service]
    parameters: Mapping[str, Parameter]
    sources: Mapping[str, Source]
    unit_kinds: Mapping[str, UnitKind]
    files: Mapping[str, tuple[str, ...]]
    documents: Mapping[str, Document]
    root: Path
    layers: tuple[Document, ...] = ()
    event_kinds: Mapping[str, EventKind] = field(default_factory=dict)
    indicators: Mapping[str, Indicator] = field(default_factory=dict)
    alerting: Alerting = NOTHING

    def promises(self) -> Iterator[tuple[Service, Promise]]:
        """Every promise in the sapluuna's order."""
        for service in self.services.values():
            for promise in service.promises:
                yield service, promise

    def of_network(self) -> Iterator[tuple[Service, NetworkPromise]]:
        """Every promise that units and where people live keep or break, in the sapluuna's order."""
        for service in self.services.values():
            for promise in of_network(service.promises):
                yield service, promise

    def of_events(self) -> Iterator[tuple[Service, EventPromise]]:
        """Every promise that events keep or break, in the sapluuna's order."""
        for service in self.services.values():
            for promise in of_events(service.promises):
                yield service, promise

    def promise(self, promise_id: str) -> tuple[Service, Promise]:
        """The promise of this id (`service.promise`). An unknown id is a fault that names the nearest."""
        known = {f"{s.id}.{p.id}": (s, p) for s, p in self.promises()}
        if promise_id in known:
            return known[promise_id]
        near = nearest_name(promise_id, known)
        raise bad_input(
            f'promise "{promise_id}"',
            t("{region} has no such promise on {day}", region=self.region.id, day=self.as_of),
            (t('Did you mean "{near}"?', near=near) + " " if near else "") + t("`torni check` lists them all."),
        )

    @property
    def event_data(self) -> ByType:
        """What each type of event may tell in its data."""
        return {name: kind.data for name, kind in self.event_kinds.items()}

    @property
    def day_fields(self) -> frozenset[str]:
        """The fields that tell a day in the data of some type of event."""
        return frozenset(
            name for data in self.event_data.values() for name, field in data.items() if field.kind == "day"
        )

    def version(self, service_id: str) -> str:
        """The content hash of a service's definition as it stands in this region: twelve hexadecimal digits."""
        return content_hash(self.services[service_id].model_dump(mode="json"))

    @cached_property
    def whole_version(self) -> str:
        """The content hash of all definitions together."""
        parts = [self.services[s].model_dump(mode="json") for s in sorted(self.services)]
        parts += [self.parameters[p].model_dump(mode="json") for p in sorted(self.parameters)]
        return content_hash(parts)

    def value(self, parameter_id: str) -> Value:
        """A parameter's value on the library's day. Outside its dates it is a fault; nothing defaults."""
        if parameter_id not in self.parameters:
            near = key_meant(parameter_id, called(self.parameters))
            raise bad_input(
                f'parameter "{parameter_id}"', t("not defined"), t('Did you mean "{near}"?', near=near) if near else ""
            )
        parameter = self.parameters[parameter_id]
        valid = [v for v in parameter.values if v.from_ <= self.as_of]
        if not valid:
            raise bad_input(
                f'parameter "{parameter_id}"',
                t("has no value on {day}; its first day is {first}", day=self.as_of, first=parameter.values[0].from_),
                t("Ask for a later day, or add the earlier value with its source."),
            )
        last = valid[-1]
        if last.until is not None and self.as_of > last.until:
            raise bad_input(
                f'parameter "{parameter_id}"',
                t("is known only until {last}, not on {day}", last=last.until, day=self.as_of),
                t("Ask for an earlier day, or add the later value with its source."),
            )
        return Value(
            parameter_id,
            last.value,
            last.unit or parameter.unit,
            last.from_,
            self.sources[last.source],
            parameter.checked,
        )

    def number(self, parameter_id: str) -> float:
        value = self.value(parameter_id).value
        assert isinstance(value, Decimal), f"{parameter_id} is a table"
        return float(value)

    def table(self, parameter_id: str) -> dict[str, float]:
        value = self.value(parameter_id).value
        assert not isinstance(value, Decimal), f"{parameter_id} is a single value"
        return {k: float(v) for k, v in value.items()}


def load_library(
    region: str = "keski-suomi", *, on: date, root: Path | None = None, layers: Sequence[Document] = ()
) -> Library:
    """The definitions of one region on one day.

    `region`: an id, a name in any of the three languages, or a county code. `root`: another definitions folder
    (for tests). A region's files are laid on the shared ones field by field; a promise or a criterion is matched by
    its id; then come the changes that the region has approved and that have begun (not with `root`). `layers`: further
    changes to try, the last uppermost (`torni.services.change`).
    Raises BadInput with every fault of every file.
    """
    found = regions.find(region, root=root)
    decided = [] if root else layers_of(found.id, on)
    return _Loading(root or places.definitions(), found, on, (*decided, *layers)).library()


def _said(service: Service, found: Library) -> Service:
    """The service with its promises' texts as they read on the day."""
    promises = [said(p, found) for p in service.promises]
    return service.model_copy(update={"promises": promises}) if promises else service


class _Loading:
    def __init__(self, root: Path, region: regions.Region, on: date, layers: tuple[Document, ...]) -> None:
        self.root, self.region, self.on, self.layers = root, region, on, layers
        self.faults: list[Fault] = []
        self.texts: dict[str, list[Written[Parameter]]] = {}

    def library(self) -> Library:
        sources = self._one("sources.yaml", Sources)
        if sources and self.layers:
            own = {layer.content["source"]: layer.content["source_text"] for layer in self.layers}
            sources = Sources(sources={**sources.sources, **own})
        groups = self._one("groups.yaml", ServiceAreas)
        kinds = self._one("unit_kinds.yaml", UnitKinds)
        parameters = self._parameters()
        services, files = self._services(groups.groups if groups else [])
        events = self._events()
        if sources and kinds:
            self._check_names(services, sources.sources, kinds.kinds, parameters, events.events)
        if self.faults:
            raise BadInput(*self.faults)
        assert sources and groups and kinds
        if (told := self.region.authority) and told.source not in sources.sources:
            where = str((self.region.file("region.yaml") or self.root) / "authority")
            raise BadInput(*unknown_source(where, told.source, sources.sources))
        found = Library(
            self.region, self.on, tuple(groups.groups), {s: d for s, (d, _) in services.items()},
            parameters, sources.sources, kinds.kinds, files, {s: d for s, (_, d) in services.items()}, self.root, self.layers,
            events.kinds(), self._indicators(sources.sources), self._alerting(sources.sources),
        )  # fmt: skip
        return replace(found, services={name: _said(service, found) for name, service in found.services.items()})

    def _read(self, path: Path) -> Document | None:
        found = read(path, self.root)
        if isinstance(found, Fault):
            self.faults.append(found)
            return None
        return found

    def _one(self, name: str, model: type[Model]) -> Model | None:
        document = self._read(self.root / name)
        return self._parsed(document, model) if document else None

    def _parsed(self, document: Document, model: type[Model]) -> Model | None:
        value = parse(document, model)
        if isinstance(value, list):
            self.faults += value
            return None
        return value

    def _alerting(self, sources: Mapping[str, Source]) -> Alerting:
        document = self._read(self.root / "alerts.yaml") if (self.root / "alerts.yaml").exists() else None
        found = self._parsed(document, Alerting) if document else NOTHING
        if document and found:
            for where, name in found.sources():
                self.faults += unknown_source(document.where(where), name, sources)
        if self.faults or found is None:
            raise BadInput(*self.faults)
        return found

    def _events(self) -> EventKinds:
        """The types of events of every task, in one."""
        bounds, first = Bounds(), ""
        found: dict[str, EventKind] = {}
        seen: dict[tuple[str, str], str] = {}
        for path in sorted((self.root / "events").glob("*.yaml")):
            if (document := self._read(path)) and (events := self._parsed(document, EventKinds)):
                self.faults += twice_in_folder(seen, document, "events")
                found |= events.events
                if events.bounds != Bounds():
                    where = document.where(("bounds",))
                    if first:
                        self.faults.append(Fault(where, t('"{name}" is written in {place} as well', name="bounds", place=first), t("Keep one of the two.")))  # fmt: skip
                    bounds, first = events.bounds, where
        return EventKinds(bounds=bounds, events=found)

    def _indicators(self, sources: Mapping[str, Source]) -> dict[str, Indicator]:
        out: dict[str, Indicator] = {}
        seen: dict[tuple[str, str], str] = {}
        for path in sorted((self.root / "indicators").glob("*.yaml")):
            if (document := self._read(path)) and (found := self._parsed(document, Indicators)):
                self.faults += twice_in_folder(seen, document, "indicators")
                for name, indicator in found.indicators.items():
                    where = document.where(("indicators", name, "source"))
                    self.faults += unknown_source(where, indicator.source, sources)
                out |= found.indicators
        if self.faults:
            raise BadInput(*self.faults)
        return out

    def _parameters(self) -> dict[str, Parameter]:
        out: dict[str, Parameter] = {}
        seen: dict[tuple[str, str], str] = {}
        paths = sorted((self.root / "parameters").glob("*.yaml"))
        for folder in self.region.folders:
            paths += sorted(folder.glob("parameters*.yaml"))
        for path in paths:
            if (document := self._read(path)) and (found := self._parsed(document, Parameters)):
                self.faults += twice_in_folder(seen, document, "parameters")
                out |= self._written(found.parameters, document)
        for layer in self.layers:
            out |= self._written(self._changed(layer, out), layer)
        return out

    def _written(self, found: Mapping[str, Parameter], document: Document) -> Mapping[str, Parameter]:
        own = self.region.writes(document.name, self.root)
        for name, parameter in found.items():
            self.texts.setdefault(name, []).append(Written(parameter, document, own))
            if own or document in self.layers:  # what is shared was checked before it was given out
                self.faults += unchecked("parameters", name, parameter.checked, document)
        return found

    def _changed(self, layer: Document, known: Mapping[str, Parameter]) -> dict[str, Parameter]:
        """A change gives a parameter's new value alone; its name, unit and bounds stay, or are given whole if new."""
        content = layer.content.get("parameters") or {}
        whole = {name: value for name, value in content.items() if isinstance(value, dict) and "values" in value}
        out: dict[str, Parameter] = {}
        if whole:
            found = self._parsed(Document(layer.name, {"parameters": whole}, layer.lines), Parameters)
            out |= found.parameters if found else {}
        for name, value in content.items():
            if name in whole:
                continue
            if name not in known:
                near = key_meant(str(name), called(known))
                self.faults.append(
                    Fault(
                        layer.where(("parameters", name)),
                        t('"{found}" is not a parameter', found=name),
                        t('Did you mean "{near}"?', near=near)
                        if near
                        else t("Write it whole, with what, unit, checked and values."),
                    )
                )
                continue
            if isinstance(value, dict) and not isinstance(known[name].values[-1].value, dict):
                where = layer.where(("parameters", name))
                self.faults.append(
                    Fault(where, t("a single value is expected, not a table"), t("Write such as {name}: 4", name=name))
                )
                continue
            table = known[name].values[-1].value
            if isinstance(table, dict) and not isinstance(value, dict):
                inside = ", ".join(f"{k}: {v}" for k, v in list(table.items())[:3])
                remedy = t("Write such as: {name}: {{{inside}}}", name=name, inside=inside)
                self.faults.append(Fault(layer.where(("parameters", name)), t("names and their values are expected"), remedy))  # fmt: skip
                continue
            changed = {"from": layer.content.get("from", self.on), "value": value, "source": layer.content["source"]}
            before = [v.model_dump(by_alias=True) for v in known[name].values if v.from_ < changed["from"]]
            if before and before[-1]["unit"]:  # the number is in the unit of the one that it takes the place of
                changed["unit"] = before[-1]["unit"]
            if before and before[-1]["until"] and before[-1]["until"] >= changed["from"]:
                before[-1]["until"] = changed["from"] - timedelta(days=1)
            content_of = known[name].model_dump(by_alias=True) | {"values": [*before, changed]}
            parsed = parse(Document(layer.name, content_of, {}), Parameter)
            if isinstance(parsed, list):
                self.faults += [Fault(layer.where(("parameters", name)), f.what, f.remedy) for f in parsed]
            else:
                out[name] = parsed
        return out

    def _services(
        self, groups: list[ServiceArea]
    ) -> tuple[dict[str, tuple[Service, Document]], dict[str, tuple[str, ...]]]:
        newest: dict[str, Document] = {}
        written: set[str] = set()
        began: dict[tuple[str, date], Document] = {}
        for path in sorted((self.root / "services").rglob("*.yaml")):
            document = self._read(path)
            name = path.stem.split("@")[0]
            written.add(name)
            self.faults += misnamed(document, path.stem) if document else ()
            if not document or not self._begun(document):
                continue
            first = began.setdefault((name, document.content["valid_from"]), document)
            if first is not document:
                self.faults.append(Fault(document.where(("valid_from",)), t('"{name}" is written in {place} as well', name=name, place=first.where(("valid_from",))), t("Give one of the two another first day, or remove it.")))  # fmt: skip
            if name not in newest or newest[name].content["valid_from"] < document.content["valid_from"]:
                newest[name] = document
        files: dict[str, tuple[str, ...]] = {name: (document.name,) for name, document in newest.items()}
        for folder in self.region.folders:
            self.faults += (*unread(folder, self.root), *unknown_places(folder, self.root))
            for path in sorted((folder / "services").glob("*.yaml")):
                difference = self._read(path)
                self.faults += misnamed(difference, path.stem) if difference else ()
                if not difference or not self._begun(difference, needed=False):
                    continue
                name = path.stem.split("@")[0]
                shared = newest.get(name)
                if shared is None and name in written and "id" not in difference.content:
                    continue  # the shared definition is not in force yet, nor then what differs from it
                newest[name] = laid_on(shared, difference) if shared else difference
                files[name] = (*files.get(name, ()), difference.name)
        for layer in self.layers:
            for name, content in (layer.content.get("services") or {}).items():
                if not isinstance(content, dict):
                    where = layer.where(("services", name))
                    self.faults.append(
                        Fault(
                            where, t("what differs in the service is expected"), t("Write such as criteria: or fees:")
                        )
                    )
                    continue
                if name not in newest and "id" not in content:
                    near = nearest_name(name, newest)
                    where = layer.where(("services", name))
                    meant = t('Did you mean "{near}"?', near=near) if near else ""
                    self.faults.append(Fault(where, t('"{name}" is not a service', name=name), meant))
                    continue
                lines = {loc[2:]: line for loc, line in layer.lines.items() if loc[:2] == ("services", name)}
                difference = Document(layer.name, content, lines)
                newest[name] = laid_on(newest[name], difference) if name in newest else difference
                files[name] = (*files.get(name, ()), layer.name)
        services = {}
        known = {g.id for g in groups}
        for name, document in newest.items():
            service = self._parsed(document, Service)
            if not service:
                continue
            if service.group not in known:
                near = nearest_name(service.group, known)
                self.faults.append(
                    Fault(
                        document.where(("group",)),
                        t('"{found}" is not a service area', found=service.group),
                        t('Did you mean "{near}"?', near=near)
                        if near
                        else t("The areas are: {names}.", names=", ".join(sorted(known))),
                    )
                )
            services[name] = (service, document)
        place = {g.id: (i, {name: j for j, name in enumerate(g.services)}) for i, g in enumerate(groups)}

        def row(item: tuple[str, tuple[Service, Document]]) -> tuple[int, int, str]:
            area, rows = place.get(item[1][0].group, (len(groups), {}))
            return area, rows.get(item[0], len(rows)), item[0]

        return dict(sorted(services.items(), key=row)), files

    def _begun(self, document: Document, *, needed: bool = True) -> bool:
        content = document.content
        if not isinstance(content, dict):
            self.faults.append(
                Fault(
                    document.where(()),
                    t("not a definition: fields such as id and name are expected"),
                    t("Start with: id: name_of_the_file"),
                )
            )
            return False
        first = content.get("valid_from")
        if type(first) is not date:  # a moment is a date too, and is not compared with one
            if needed:
                self.faults.append(
                    Fault(
                        document.where(("valid_from",)),
                        t('"{text}" is not a date', text=str(first))
                        if first is not None
                        else t("{name} is missing", name='"valid_from"'),
                        t("Write such as: valid_from: 2017-01-01"),
                    )
                )
            return not needed and first is None
        return first <= self.on

    def _check_names(
        self, services: dict[str, tuple[Service, Document]], sources: Mapping[str, Source],
        kinds: Mapping[str, UnitKind], parameters: Mapping[str, Parameter], events: Mapping[str, EventKind],
    ) -> None:  # fmt: skip
        for service, document in services.values():
            names = {
                "source": sources, "kind": kinds, "parameter": parameters, "population": POPULATIONS, "event": events,
            }  # fmt: skip
            self.faults += missing_names(service, document, names)
            for i, amount in enumerate(service.fees.amounts if service.fees else []):
                table = parameters.get(amount.parameter)
                if table and any(isinstance(v.value, dict) for v in table.values):
                    where = document.where(("fees", "amounts", i, "parameter"))
                    what = t('"{name}" is a table, not an amount', name=amount.parameter)
                    self.faults.append(Fault(where, what, t("Name a parameter of a single value.")))
            self.faults += promise_faults(service, document, events)
        for name, parameter in parameters.items():
            document = self.texts[name][-1].document
            for i, value in enumerate(parameter.values):
                if value.source not in sources:
                    near = nearest_name(value.source, sources)
                    self.faults.append(
                        Fault(
                            document.where(document.nearest(("parameters", name, "values", i, "source"))),
                            t('"{found}" is not {what}', found=value.source, what=t("a source")),
                            (t('Did you mean "{near}"?', near=near) + " " if near else "")
                            + t("Add it to definitions/sources.yaml."),
                        )
                    )
        self.faults += bounds_faults(self.texts)
        self.faults += unasked(self.texts, self.region.folders, self.root, self.layers)
        self.faults += use_faults(self.texts, (
            Use(document, ("promises", i, name), name, str(named), units)
            for service, document in services.values()
            for i, promise in enumerate(service.promises)
            for name, units in promise.parameters.items()
            if (named := getattr(promise, name)) in parameters
        ))  # fmt: skip
