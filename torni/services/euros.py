"""What is written of euros: in whole cents, and of something that is understood."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol, TypeVar

from pydantic_core import PydanticCustomError

from torni.core.language import t

PER = ("visit", "hour", "day", "week", "month", "year")


class Dated(Protocol):
    """An amount, or amounts by name, with a unit of its own where it has one."""

    @property
    def value(self) -> Decimal | Mapping[str, Decimal]: ...
    @property
    def unit(self) -> str | None: ...


Said = TypeVar("Said", bound=Dated)


def in_cents(values: list[Said], unit: str) -> list[Said]:
    """The values as they are, where what is paid is in whole cents: a third decimal would be rounded without a word, and up."""
    for i, value in enumerate(values):
        numbers = value.value.values() if isinstance(value.value, Mapping) else [value.value]
        for number in numbers if (value.unit or unit).partition("/")[0] == "EUR" else ():
            if number != number.quantize(Decimal("0.01")):
                what = t("{found} is not in whole cents", found=number)
                remedy = t("Write at most two decimals, such as 20.20.")
                raise PydanticCustomError("dated", "{what}", {"what": what, "at": [i, "value"], "remedy": remedy})
    return values


def paid(unit: str) -> str:
    """The unit as it is, where euros are of something that is understood: another would be told as a bare amount."""
    if unit.startswith("EUR") and unit != "EUR" and unit.removeprefix("EUR/") not in PER:
        raise PydanticCustomError(
            "dated",
            "{what}",
            {
                "what": t('"{unit}" is not a unit of what is paid', unit=unit),
                "at": [],
                "remedy": t("Write EUR, or EUR/ and one of: {names}.", names=", ".join(PER)),
            },
        )
    return unit
