"""Rules on rules: no amount above its national maximum or below its minimum, whoever writes it, told where it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Generic, NamedTuple, TypeVar

from torni.core.faults import Fault, nearest_name
from torni.core.language import t
from torni.services.reading import Document
from torni.services.schema import DatedValue, Parameter, TableDefinition

Said = TypeVar("Said", Parameter, TableDefinition)


class Written(NamedTuple, Generic[Said]):
    """One text of a parameter or a table. `own`: it is in a region's folder, not shared by all."""

    said: Said
    document: Document
    own: bool


class Bound(NamedTuple):
    """What an amount may not pass, and the text that names it."""

    name: str
    above: bool
    document: Document


Texts = Mapping[str, Sequence[Written[Said]]]
NATIONAL = "national."  # begins the names that no region writes
# The fewest and the most calendar days that one may be, whatever the day: over Easter one working day is five.
_DAYS = {"days": (1, 1), "months": (28, 31), "working days": (1, 5)}


def bounds_in(texts: Texts[Said]) -> dict[str, list[Bound]]:
    """The bounds of each name: of every text that writes it, so that writing it again drops none, and of national amounts that
    say whose maximum they are, so that a name that only regions write has its bound as well."""
    found: dict[str, list[Bound]] = {name: [] for name in texts}
    for name, written in texts.items():
        for said, document, _own in written:
            for bound, above in ((said.at_most, True), (said.at_least, False)):
                if bound is not None and (bound, above) not in [b[:2] for b in found[name]]:
                    found[name].append(Bound(bound, above, document))
        national = written[0].said
        if isinstance(national, Parameter):
            for bounded, above in ((national.maximum_of, True), (national.minimum_of, False)):
                if bounded in found and (name, above) not in [b[:2] for b in found[bounded]]:
                    found[bounded].append(Bound(name, above, written[0].document))
    return found


def name_faults(
    part: str, texts: Texts[Said], bounds: Mapping[str, Sequence[Bound]], what: Callable[[str], str]
) -> list[Fault]:
    """Bounds that are not there, and national amounts that a region writes: those are not a region's to decide."""
    faults = []
    national = {name: name.removeprefix(NATIONAL) for name in texts if name.startswith(NATIONAL)}
    for name, held in bounds.items():
        for bound, above, document in held:
            national[bound] = name
            where = document.where((part, name, "at_most" if above else "at_least"))
            if bound not in texts:
                near = nearest_name(bound, texts)
                faults.append(Fault(where, what(bound), t('Did you mean "{near}"?', near=near) if near else ""))
            elif bound == name:
                faults.append(
                    Fault(where, t('"{name}" is bounded by itself', name=name), t("Name another as its bound."))
                )
    for bound, name in national.items():
        written = texts.get(bound, ())
        if written and (bound.startswith(NATIONAL) or not written[0].own):
            faults += [
                Fault(
                    document.where((part, bound)), t('"{name}" is a national bound, which no region writes', name=bound),
                    t('Write the region\'s own amount under "{name}", within the bound.', name=name),
                )
                for _said, document, own in written
                if own
            ]  # fmt: skip
    return faults


def bounds_faults(texts: Texts[Parameter]) -> list[Fault]:
    """Every amount that passes its bound on a day that both are known, or is not in the bound's unit."""
    bounds = bounds_in(texts)
    faults = name_faults("parameters", texts, bounds, lambda bound: t('"{found}" is not a parameter', found=bound))
    for name, held in bounds.items():
        said, document, _own = texts[name][-1]
        for bound, above, _ in held:
            if bound in texts and bound != name:
                national = [w for w in texts[bound] if not w.own] or texts[bound]
                faults += _passing(name, said, document, bound, national[-1].said, above)
    return faults


def _passing(name: str, said: Parameter, document: Document, bound: str, limit: Parameter, above: bool) -> list[Fault]:
    faults: dict[tuple[int, Decimal], Fault] = {}
    for day in sorted({v.from_ for v in (*said.values, *limit.values)}):
        i, most = _on(said.values, day), _on(limit.values, day)
        if i is None or most is None:
            continue
        value, edge = said.values[i], limit.values[most].value
        where = document.where(document.nearest(("parameters", name, "values", i, "value")))
        unit, other = value.unit or said.unit, limit.values[most].unit or limit.unit
        scale = (Decimal(1), Decimal(1))
        if unit != other and unit in _DAYS and other in _DAYS:  # the law's months are held to days, on the safe side
            scale = (Decimal(_DAYS[unit][above]), Decimal(_DAYS[other][not above]))
        elif unit != other:
            what = t("it is in {unit}, its national bound {bound} in {other}", unit=unit, bound=bound, other=other)
            return [Fault(where, what, t("Write both in the same unit."))]
        if isinstance(edge, dict):
            continue
        told = f" {other}" if unit != other else ""
        for number in value.value.values() if isinstance(value.value, dict) else [value.value]:
            counted, limited = number * scale[0], edge * scale[1]
            if (counted > limited) if above else (counted < limited):
                amount = t("{number} from {day}", number=number, day=day)
                what, remedy = past(amount, f"{edge}{told}", above)
                faults.setdefault((i, edge), Fault(where, f"{what} ({bound})", remedy))
    return list(faults.values())


def past(amount: str, edge: str, above: bool) -> tuple[str, str]:
    """What to say of an amount past its national bound, and what to write instead."""
    if above:
        what = t("{amount} is above the national maximum {edge}", amount=amount, edge=edge)
        return what, t("Write at most {edge}.", edge=edge)
    what = t("{amount} is below the national minimum {edge}", amount=amount, edge=edge)
    return what, t("Write at least {edge}.", edge=edge)


def _on(values: Sequence[DatedValue], day: date) -> int | None:
    begun = [i for i, v in enumerate(values) if v.from_ <= day]
    until = values[begun[-1]].until if begun else None
    return begun[-1] if begun and (until is None or day <= until) else None
