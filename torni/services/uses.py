"""What a parameter is used as must be what it is: its unit among those that are understood there, its values such as can be kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from torni.core.faults import Fault
from torni.core.language import t
from torni.promises.promise import DAYS
from torni.services.bounded import Texts
from torni.services.reading import Document, Loc
from torni.services.schema import Parameter


class Use(NamedTuple):
    """Where a definition names a parameter, as what, and the units that are understood there."""

    document: Document
    loc: Loc
    as_: str
    parameter: str
    units: tuple[str, ...]


def misused(parameter: Parameter, as_: str, understood: tuple[str, ...]) -> Iterator[tuple[Loc, str, str]]:
    """What keeps the parameter from the use: where in it, what, what to write."""
    for i, value in enumerate(parameter.values):
        unit = value.unit or parameter.unit
        if unit not in understood:
            at: Loc = ("values", i, "unit") if value.unit else ("unit",)
            units = " / ".join(understood)
            yield (
                at,
                t('the unit "{unit}" is not understood in {use}', unit=unit, use=as_),
                t("Write one of: {units}.", units=units),
            )
        at = ("values", i, "value")
        if isinstance(value.value, dict):
            yield at, t("a single value is expected, not a table"), t("Write a number, such as: value: 30")
        elif understood == DAYS and (value.value < 1 or value.value % 1):
            yield (
                at,
                t("{found} is no number of whole {unit}", found=value.value, unit=unit),
                t("Write a whole number of at least 1."),
            )
        elif value.value <= 0:
            yield at, t("{found} is not above 0", found=value.value), t("Write a number above 0.")


def use_faults(texts: Texts[Parameter], uses: Iterable[Use]) -> list[Fault]:
    """Each misuse once: at the parameter where its own text makes it so, at the use where another parameter was meant.

    A region that writes a shared parameter again keeps its unit too, but for days, months and working days where all are understood; and a
    share is at most 1.
    """
    faults: dict[str, Fault] = {}
    used: dict[str, tuple[str, ...]] = {}
    for use in uses:
        used[use.parameter] = use.units
        said, document, own = texts[use.parameter][-1]
        first = texts[use.parameter][0].said
        own_doing = own and (texts[use.parameter][0].own or next(misused(first, use.as_, use.units), None) is None)
        for at, what, remedy in misused(said, use.as_, use.units):
            place = document.where(document.nearest(("parameters", use.parameter, *at)))
            named = use.document.where(use.loc)
            understood = (said.values[0].unit or said.unit) in use.units
            if own_doing or (at[-1] == "value" and understood):
                faults.setdefault(place, Fault(place, f"{what} ({named})", remedy))
            else:
                faults.setdefault(named, Fault(named, f'"{use.parameter}": {what} ({place})', remedy))
    for name, written in texts.items():
        said, document, _own = written[-1]
        shared = {u for u in (written[0].said.unit, *(v.unit for v in written[0].said.values)) if u}
        if used.get(name) == DAYS:
            shared |= set(DAYS)
        for i, value in enumerate(said.values):
            unit = value.unit or said.unit
            if unit not in shared:
                place = document.where(
                    document.nearest(("parameters", name, *(("values", i, "unit") if value.unit else ("unit",))))
                )
                what = t('the unit "{unit}" is not that of the shared definition', unit=unit)
                if place not in faults:
                    faults[place] = Fault(place, what, t("Write one of: {units}.", units=" / ".join(sorted(shared))))
            elif unit == "share":
                for number in value.value.values() if isinstance(value.value, dict) else [value.value]:
                    if number > Decimal(1):
                        place = document.where(document.nearest(("parameters", name, "values", i, "value")))
                        faults[place] = Fault(
                            place,
                            t("a share of {found} is more than all", found=number),
                            t("Write a decimal share, such as 0.85."),
                        )
    return list(faults.values())
