"""The shape of a definition file: one service, its cells in the sapluuna's order, and its promises.

`torni schema` prints the same shape as JSON Schema for editors.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from torni.core.language import choose

CHANNELS = ("office", "tendered", "enterprise", "voucher", "centre", "dental", "budget")
COLUMNS = ("content", "quality", "availability", "interface", "criteria", "fees", "cost", *CHANNELS)
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Mode = Literal["car", "bicycle", "walk", "transit"]
Size = Literal["S", "M", "L"]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(Strict):
    """A text in Finnish, Swedish and English."""

    fi: str = Field(min_length=1)
    sv: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def __str__(self) -> str:
        return choose({"fi": self.fi, "sv": self.sv, "en": self.en})


class UnitFilter(Strict):
    """Which units count. `size_at_least` S is met by every unit of a sized kind; `unit_ids` names particular ones."""

    kind: Identifier
    size_at_least: Size | None = None
    unit_ids: list[str] = []


class _Promise(Strict):
    id: Identifier
    sentence: Text
    source: Identifier
    strategy: bool = Field(False, description="True for the strategy text's softer guidelines.")
    note: Text | None = Field(None, description="How the wording was made checkable, where it leaves room.")


class ReachPromise(_Promise):
    """A share of a population reaches a unit within so many minutes."""

    kind: Literal["reach"]
    unit: UnitFilter
    population: Identifier = Field("residents", description="residents, or an age group such as aged_65_plus")
    stands_in_for: Text | None = Field(
        None, description="Whom the population stands in for, where theirs is not known."
    )
    mode: Mode = "car"
    within_min: int = Field(gt=0, le=600)
    share: Decimal = Field(gt=0, le=1)


class Residents(Strict):
    below: int | None = None
    at_least: int | None = None


class PresencePromise(_Promise):
    """At least so many units for each municipality, each producer, or the region."""

    kind: Literal["presence"]
    unit: UnitFilter
    each: Literal["municipality", "producer", "region"]
    residents: Residents = Residents()
    at_least: int = Field(1, ge=1)
    serving: bool = Field(False, description="Count the units that serve the place, wherever they stand.")


class FeaturePromise(_Promise):
    """Every unit of a kind has something: a size, an electronic service."""

    kind: Literal["feature"]
    unit: UnitFilter
    feature: Literal["size", "electronic"]
    share: Decimal = Field(Decimal(1), gt=0, le=1)


Promise = Annotated[ReachPromise | PresencePromise | FeaturePromise, Field(discriminator="kind")]


class Cell(Strict):
    """One cell of the sapluuna as prose."""

    text: Text
    source: Identifier


class Availability(Strict):
    text: Text | None = None
    source: Identifier | None = None
    promises: list[Promise] = []

    @model_validator(mode="after")
    def _said(self) -> Availability:
        if self.text is None and not self.promises:
            raise ValueError("an availability cell needs a text or promises; leave the cell out if neither is known")
        return self


class Amount(Strict):
    parameter: str
    label: Text


class Fees(Strict):
    text: Text | None = None
    source: Identifier | None = None
    amounts: list[Amount] = []


class Channel(Strict):
    """Whether this channel may produce the service."""

    open: bool
    text: Text | None = None
    source: Identifier


class Channels(Strict):
    office: Channel | None = None
    tendered: Channel | None = None
    enterprise: Channel | None = None
    voucher: Channel | None = None
    centre: Channel | None = None
    dental: Channel | None = None
    budget: Channel | None = None


class Service(Strict):
    """One row of the sapluuna. A cell that nobody has written is left out, and shows as missing."""

    id: Identifier
    name: Text
    group: Identifier
    valid_from: date = Field(description="First day of this version; it ends where the next version begins.")
    content: Cell | None = None
    quality: Cell | None = None
    availability: Availability | None = None
    interface: Cell | None = None
    criteria: Cell | None = None
    fees: Fees | None = None
    cost: Cell | None = None
    channels: Channels = Channels()

    @property
    def promises(self) -> list[ReachPromise | PresencePromise | FeaturePromise]:
        return self.availability.promises if self.availability else []


class Group(Strict):
    """A service area with its responsible preparer; a preparer not yet named stays visibly missing."""

    id: Identifier
    name: Text
    responsible: str | None = None
    services: list[Identifier] = Field([], description="The rows' order in the matrix; others follow by id.")


class Groups(Strict):
    groups: list[Group]


class Source(Strict):
    title: Text
    published: str
    invented: bool = False


class Sources(Strict):
    sources: dict[Identifier, Source]


class DatedValue(Strict):
    from_: date = Field(alias="from")
    value: Decimal | dict[str, Decimal]
    source: Identifier


class Parameter(Strict):
    """A dated amount, limit or table: what it is, its unit, its values by first day, when it was last checked."""

    what: Text
    unit: str
    checked: date
    values: list[DatedValue] = Field(min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> Parameter:
        days = [v.from_ for v in self.values]
        if days != sorted(set(days)):
            raise ValueError("the values' first days must rise, each day once")
        return self


class Parameters(Strict):
    parameters: dict[str, Parameter]


class UnitKind(Strict):
    name: Text
    sized: bool = False
    aliases: list[str] = []


class UnitKinds(Strict):
    kinds: dict[Identifier, UnitKind]


class RegionFile(Strict):
    """A region: which counties or municipalities it is. Everything else in its folder is only what differs."""

    name: Text
    counties: list[str] = []
    municipalities: list[str] = []
    also_called: list[str] = []

    @model_validator(mode="after")
    def _somewhere(self) -> RegionFile:
        if not self.counties and not self.municipalities:
            raise ValueError("a region needs counties (codes such as '15') or municipalities (codes such as '179')")
        return self
