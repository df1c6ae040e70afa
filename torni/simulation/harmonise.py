"""Several municipalities' differing criteria and fees, side by side, and each tried as the common rule of all.

The file is YAML (`municipalities`: a name or code -> what differs, in a change's shape) or a table (CSV, xlsx) with the
columns municipality, parameter, value, by whichever of the names in COLUMNS. Everyone is decided first by their own municipality's rules, then by the common one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from torni.core.faults import BadInput, Fault, bad_input
from torni.core.language import Message, t
from torni.core.notes import note
from torni.core.progress import each
from torni.services import load_library
from torni.services.change import PARTS, Change, part_faults
from torni.services.proposing import texts
from torni.services.reading import Loc, read
from torni.services.rules import Rules, load_rules
from torni.simulation.group_names import municipality_names
from torni.simulation.population import Population, open_population
from torni.simulation.rehearsal import Effect, ServiceEffect, added, service_effect
from torni.simulation.running import Run, Side
from torni.sources import written
from torni.sources.tables import Table, read_rows
from torni.sources.where import code_of, nearest_municipality

# What the table's columns may be called, ours first.
COLUMNS: dict[str, tuple[str, ...]] = {
    "municipality": ("municipality", "kunta", "kunnan nimi", "kuntakoodi", "kuntanumero", "kommun", "kommunens namn", "kommunkod", "kommunnummer", "municipality_code"),
    "parameter": ("parameter", "parametri", "peruste", "myöntämisperuste", "maksu", "ehto", "sääntö", "grund", "beviljandegrund", "avgift", "villkor", "regel"),
    "value": ("value", "arvo", "luku", "määrä", "raja", "raja-arvo", "prosentti", "osuus", "värde", "tal", "belopp", "gräns", "gränsvärde", "procent", "andel"),
}  # fmt: skip
SHARE = "share"  # the unit of what is at most the whole


@dataclass(frozen=True)
class Common:
    """One municipality's rule as everyone's: what becomes of each service, and of all together by municipality."""

    name: str
    code: str
    services: tuple[ServiceEffect, ...]

    @property
    def total(self) -> Effect:
        return added([s.total for s in self.services], Decimal(0))

    def by_municipality(self) -> dict[str, Effect]:
        groups: dict[str, list[Effect]] = {}
        for service in self.services:
            for code, effect in service.by["municipality"].items():
                groups.setdefault(code, []).append(effect)
        return {code: added(found, Decimal(0)) for code, found in sorted(groups.items())}


@dataclass(frozen=True)
class Harmonised:
    """The rules side by side (`differs`: what, then municipality -> value) and each one's effect as the common rule."""

    region: str
    population: Population
    differs: tuple[tuple[str, Mapping[str, str]], ...]
    common: tuple[Common, ...]

    def json(self) -> dict[str, Any]:
        return {
            "region": self.region,
            "population": {"people": self.population.size, "version": self.population.version, "synthetic": True},
            "side_by_side": [{"what": what, "values": dict(values)} for what, values in self.differs],
            "common_rule": [
                {
                    "of": c.name, "municipality": c.code, "totals": c.total.json(),
                    "services": [{"service": s.service, "name": s.name, **s.total.json()} for s in c.services],
                    "by_municipality": [{"municipality": m, **e.json()} for m, e in c.by_municipality().items()],
                }
                for c in self.common
            ],
        }  # fmt: skip


def harmonise(path: Path, *, region: str, on: date, population: Population | None = None) -> Harmonised:
    """The file's municipalities compared, and each one's rules tried on everyone of the region's invented people."""
    shared = load_rules(load_library(region, on=on))
    own = read_own(path, {name: p.values[-1].unit or p.unit for name, p in shared.library.parameters.items()})
    rules: dict[str, Rules] = {}
    faults: list[Fault] = []
    names = municipality_names()
    for code, change in own.items():
        try:
            rules[code] = load_rules(load_library(region, on=on, layers=[change.layer(on)]))
        except BadInput as error:
            faults += [Fault(f"{names.get(code, code)}: {f.where}", f.what, f.remedy) for f in error.faults]
    if faults:
        raise BadInput(*faults)
    inside = shared.library.region.codes()
    outside = [code for code in own if code not in inside]
    if outside:
        raise bad_input(path.name, t("{names} is not in {region}", names=", ".join(names[c] for c in outside), region=shared.library.region.name), t("Ask for their region with --region."))  # fmt: skip
    people = population or open_population(region)
    before = Side(shared, [((code,), r) for code, r in rules.items()])
    found = []
    with Run(people) as run:
        for code, common in each(rules.items(), Message("Each as the common rule")):
            effects = [service_effect(run, before, Side(common), name, direct=True) for name in common.granting]
            found.append(Common(names[code], code, tuple(e for e in effects if e)))
    return Harmonised(shared.library.region.id, people, tuple(_side_by_side(shared, rules)), tuple(found))


def read_own(path: Path, units: Mapping[str, str] | None = None) -> dict[str, Change]:
    """Municipality code -> what its rules differ in. `units`: of each known parameter its unit, by which a cell's % is judged."""
    if path.suffix in (".yaml", ".yml"):
        return _from_yaml(path)
    table = read_rows(path, needs=list(COLUMNS.values()))
    place, named, amount = _columns(table)
    faults: list[Fault] = []
    own: dict[str, dict[str, Any]] = {}
    told: dict[tuple[str, str], int] = {}
    sign = None if table.typed else written.decimal_sign(_bare(v) for v in table.frame[amount])
    for i, row in zip(table.rows, table.frame.iter_rows(named=True), strict=True):
        where = f"{path.name}:{i}"
        if lacking := [c for c in (place, named, amount) if row[c] is None]:
            faults += [Fault(where, t("{name} is empty", name=c), t("Every row needs it.")) for c in lacking]
            continue
        code, parameter = _code(row[place], where, faults), row[named]
        value = _amount(row[amount], sign, parameter, (units or {}).get(parameter))
        if isinstance(value, tuple):
            faults.append(Fault(where, *value))
        elif code and (first := told.setdefault((code, parameter), i)) != i:
            faults.append(
                Fault(
                    where,
                    t("{parameter} of {name} is there twice, first on row {n}", parameter=parameter, name=row[place], n=first),
                    t("Keep one of the two."),
                )
            )  # fmt: skip
        elif code:
            own.setdefault(code, {})[parameter] = value
    if not table.rows:
        faults.append(Fault(table.where, t("no rows under the column names"), t("Add the rows.")))
    if faults:
        raise BadInput(*faults)
    lines: dict[str, dict[Loc, int]] = {code: {} for code in own}
    for (code, parameter), i in told.items():
        lines[code]["parameters", parameter] = i
    return {
        code: Change(code, "", None, {"parameters": values}, lines[code], path.name) for code, values in own.items()
    }


def _columns(table: Table) -> list[str]:
    """The columns of the municipality, the parameter and the value. Two that may be the same one are a fault that names both."""
    found = {ours: table.columns(names) for ours, names in COLUMNS.items()}
    faults = [table.missing(COLUMNS[ours]) for ours, columns in found.items() if not columns]
    faults += [
        Fault(table.where, t('"{one}" and "{other}" may both be the column "{ours}"', one=columns[0], other=columns[1], ours=ours), t("Keep one of the two, or rename the other."))
        for ours, columns in found.items()
        if len(columns) > 1
    ]  # fmt: skip
    if faults:
        raise BadInput(*faults)
    chosen = [columns[0] for columns in found.values()]
    if left := [c for c in table.frame.columns if c not in chosen]:
        note(Fault(table.where, t("Columns not read: ") + ", ".join(left)))
    return chosen


def _bare(text: str | None) -> str | None:
    return None if text is None else written.in_per_cent(text) or text


def _amount(text: str, sign: str | None, parameter: str, unit: str | None) -> Decimal | tuple[str, str]:
    """The amount of a parameter in its unit, or what is wrong with it and what to write: 85 % is 0.85 where a share is asked, and nowhere else."""
    per_cent = written.in_per_cent(text)
    bare = per_cent or text
    if sign is None and written.two_ways(bare):
        return written.either(bare)
    value = written.number_in(bare, sign)
    if value is None and unit and unit.partition("/")[0] == "EUR":
        value = written.euros(bare)
    if value is None:
        return t('"{found}" is not an amount', found=text), t(
            "Write a number with a decimal point, such as 900 or 0.085."
        )
    if per_cent is None:
        return value
    if unit not in (None, SHARE):
        what = t('"{found}" is in per cent, but {parameter} is in {unit}', found=text, parameter=parameter, unit=unit)
        return what, t("Write it in {unit}, as a number alone.", unit=unit)
    return value / 100


def _from_yaml(path: Path) -> dict[str, Change]:
    document = read(path, path.parent)
    if isinstance(document, Fault):
        raise BadInput(document)
    listed = document.content.get("municipalities") if isinstance(document.content, dict) else None
    if not isinstance(listed, dict) or not listed or not all(isinstance(v, dict) for v in listed.values()):
        raise bad_input(
            document.where(()),
            t("municipalities and what differs in each are expected"),
            t("Write such as: municipalities: {{Jämsä: {{parameters: {{grant.home_care.maple: 4}}}}}}."),
        )
    faults = [
        Fault(document.where((key,)), t('"{found}" is not a field here', found=key), t('Write under "{near}".', near="municipalities"))
        for key in document.content
        if key != "municipalities"
    ]  # fmt: skip
    own = {}
    told: dict[str, str] = {}
    for name, content in listed.items():
        where = document.where(("municipalities", name))
        code = _code(str(name), where, faults)
        faults += part_faults(document, ("municipalities", name), content, ("name", "why", *PARTS))
        if code and code in own:
            faults.append(Fault(where, t('"{found}" is the municipality of {place} as well', found=name, place=told[code]), t("Keep one of the two.")))  # fmt: skip
        elif code:
            told[code] = where
            lines = {loc[2:]: line for loc, line in document.lines.items() if loc[:2] == ("municipalities", name)}
            own[code] = Change(str(name), "", None, content, lines, path.name)
    if faults:
        raise BadInput(*faults)
    return own


def _code(name: str, where: str, faults: list[Fault]) -> str | None:
    found = code_of(name)
    if found is None:
        near = nearest_municipality(name)
        faults.append(
            Fault(
                where,
                t('"{found}" is not a municipality', found=name),
                t('Did you mean "{near}"?', near=near) if near else "",
            )
        )
    return found


def _side_by_side(shared: Rules, rules: Mapping[str, Rules]) -> Sequence[tuple[str, dict[str, str]]]:
    names = municipality_names()
    all_ = {names[code]: texts(r) for code, r in rules.items()}
    common = texts(shared)
    keys = sorted({k for found in all_.values() for k in found})
    return [
        (key, {"": common.get(key, ""), **{m: found.get(key, "") for m, found in all_.items()}})
        for key in keys
        if len({found.get(key) for found in all_.values()} | {common.get(key)}) > 1
    ]
