"""The shape of a definition file: one service, its cells in the sapluuna's order, and its promises.

`torni schema` prints the same shape as JSON Schema for editors.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar, Union

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from torni.core.language import t
from torni.core.texts import Identifier, Strict, Text
from torni.promises.kinds import KINDS
from torni.promises.promise import Promise
from torni.services.euros import in_cents, paid
from torni.services.events import Serving

CHANNELS = ("office", "tendered", "enterprise", "voucher", "centre", "dental", "budget")
COLUMNS = ("content", "quality", "availability", "interface", "criteria", "fees", "cost", *CHANNELS)
if TYPE_CHECKING:
    AnyPromise = Promise
else:
    AnyPromise = Annotated[Union[tuple(KINDS)], Field(discriminator="kind")]  # noqa: UP007 (of a list)


class Cell(Strict):
    """One cell of the sapluuna as prose."""

    text: Text
    source: Identifier


class Criterion(Strict):
    """One condition of granting, in words and as a rule. A service is granted when all of its criteria hold."""

    id: Identifier
    text: Text
    when: str = Field(min_length=1, description="A condition over client fields, such as: age >= 75 and rai_maple >= 4")
    source: Identifier
    note: Text | None = None


class Criteria(Strict):
    text: Text | None = None
    source: Identifier | None = None
    law: list[Identifier] = Field(
        [], description="The sources that a decision rests on by law, act and section; a letter tells them first."
    )
    granting: list[Criterion] = []

    @model_validator(mode="after")
    def _said(self) -> Criteria:
        if self.text is None and not self.granting:
            raise ValueError(
                t("a criteria cell needs a text or granting criteria; leave the cell out if neither is known")
            )
        return self


class Amount(Strict):
    parameter: str
    label: Text


class Fees(Strict):
    text: Text | None = None
    source: Identifier | None = None
    amounts: list[Amount] = []
    formulas: list[Identifier] = Field([], description="The formulas of what a client of this service pays.")


class Cost(Strict):
    text: Text | None = None
    source: Identifier
    formula: Identifier | None = Field(None, description="What one client costs the organiser, a formula.")


class Channel(Strict):
    """Whether this channel may produce the service."""

    open: bool
    text: Text | None = None
    source: Identifier
    when: str | None = Field(None, description="Open to those clients for whom this condition holds.")
    value: Identifier | None = Field(
        None,
        description="A formula: what the organiser pays through this channel; a voucher's value, a budget's month.",
    )


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
    availability: Cell | None = None
    interface: Cell | None = None
    criteria: Criteria | None = None
    fees: Fees | None = None
    cost: Cost | None = None
    channels: Channels = Channels()
    promises: list[AnyPromise] = Field(
        [], description="The promises of every kind; `column` says which cell each belongs to."
    )
    demand: str | None = Field(None, description="The type of event that tells of a new need of the service.")
    clients: Serving | None = Field(
        None, description="The events by which a client comes into the service and leaves it."
    )


class ServiceArea(Strict):
    """A service area with its responsible preparer; a preparer not yet named stays visibly missing."""

    id: Identifier
    name: Text
    responsible: str | None = None
    services: list[Identifier] = Field([], description="The rows' order in the matrix; others follow by id.")


class ServiceAreas(Strict):
    groups: list[ServiceArea]


class Source(Strict):
    title: Text
    published: str
    invented: bool = False
    assumed: bool = Field(
        default=False, description="True where the source itself has not been read, or not for these days."
    )
    background: bool = Field(
        default=False,
        description="True of what is no legal ground: a guide, a study, another region's table. A client's letter does not name it.",
    )


class Sources(Strict):
    sources: dict[Identifier, Source]


class DatedValue(Strict):
    from_: date = Field(alias="from")
    until: date | None = Field(None, description="The last day the value is known for; after it nothing is assumed.")
    value: Decimal | dict[str, Decimal] = Field(
        description="A number, or numbers by name. Amounts, days, counts and shares are not below 0."
    )
    unit: str | None = Field(
        None, min_length=1, description="This value's own unit, where the law has changed it: days to months."
    )
    source: Identifier

    @field_validator("until", mode="after")
    @classmethod
    def _ends(cls, until: date | None, told: ValidationInfo) -> date | None:
        return _after(until, told)

    @field_validator("value", mode="after")
    @classmethod
    def _not_below_nothing(cls, value: Decimal | dict[str, Decimal]) -> Decimal | dict[str, Decimal]:
        for number in value.values() if isinstance(value, dict) else [value]:
            if number < 0:
                raise ValueError(
                    t("{number} is below 0: an amount, a limit, days, a count or a share never is", number=number)
                )
        if value == {}:
            raise ValueError(t("a table of no numbers tells nothing"))
        return value


class Parameter(Strict):
    """A dated amount, limit or table: what it is, its unit, its values by first day, when it was last checked."""

    what: Text
    unit: str = Field(min_length=1)
    checked: date
    at_most: str | None = Field(None, description="A parameter that this one may not exceed: a national maximum.")
    at_least: str | None = Field(None, description="A parameter that this one may not fall below.")
    maximum_of: str | None = Field(
        None, description="The parameter that this national maximum bounds, whoever writes it."
    )
    minimum_of: str | None = Field(
        None, description="The parameter that this national minimum bounds, whoever writes it."
    )
    values: list[DatedValue] = Field(min_length=1)

    @field_validator("values", mode="after")
    @classmethod
    def _in_order(cls, values: list[DatedValue], told: ValidationInfo) -> list[DatedValue]:
        return in_cents(_rising(values), str(told.data.get("unit")))


def _after(until: date | None, told: ValidationInfo) -> date | None:
    first = told.data.get("from_")
    if until is not None and first is not None and until < first:
        raise ValueError(t("the last day, until {until}, is before the first, from {first}", until=until, first=first))
    return until


Dated = TypeVar("Dated", "DatedValue", "DatedCells")


def _rising(values: list[Dated]) -> list[Dated]:
    """The values as they are, where one ends before the next begins: of two of one day the later would win without a word."""
    for i, (value, then) in enumerate(pairwise(values), 1):
        if then.from_ <= value.from_:
            what = t(
                "the values' first days must rise, each day once: {then} comes after {first}",
                then=then.from_,
                first=value.from_,
            )
            raise PydanticCustomError("dated", "{what}", {"what": what, "at": [i, "from"]})
        if value.until is not None and value.until >= then.from_:
            what = t(
                "the value before is in force until {until}, and this one begins on {then}",
                until=value.until,
                then=then.from_,
            )
            raise PydanticCustomError("dated", "{what}", {"what": what, "at": [i, "from"]})
    return values


class Parameters(Strict):
    parameters: dict[str, Parameter]


class Counted(Strict):
    """A fact counted from a client's events before any rule: how many, or whether any, of a kind within so many days or in the
    calendar year of the decision; with both, those that are within both."""

    event: Identifier
    codes: list[str] = Field([], description="Only events whose code begins with one of these.")
    within_days: int | None = Field(None, gt=0, le=36_525)
    this_year: bool = Field(False, description="Only events of the calendar year that the rule's day is in.")


class ClientField(Strict):
    """One fact about a client that rules may ask for, declared once."""

    what: Text
    said: Text | None = Field(None, description="Opens a sentence: the client's age is")
    yours: Text | None = Field(None, description="The same to the client, in letters and advice: your age is")
    asked: Text | None = Field(None, description="The question as the guide asks it: How old are you?")
    type: Literal["yes_no", "whole", "decimal", "date", "code"]
    least: Decimal | date | None = None
    most: Decimal | date | None = None
    decimals: int = Field(0, ge=0, le=4)
    codes: Identifier | None = Field(None, description="The code list of a code field.")
    halves_up: bool = Field(
        False,
        description="A decimal number whose tables are in whole numbers: a band holds what is rounded into it, halves up.",
    )
    unit: Text | None = None
    instrument: Text | None = Field(
        None, description="The instrument a scale belongs to; its range is the instrument's."
    )
    source: Identifier
    legal_basis: Text | None = None
    fresh_months: int | None = Field(None, gt=0, description="Older than this, a measured fact counts as missing.")
    counted: Counted | None = None

    @model_validator(mode="after")
    def _ranged(self) -> ClientField:
        if self.type in ("whole", "decimal") and not (
            isinstance(self.least, Decimal) and isinstance(self.most, Decimal)
        ):
            raise ValueError(t("a number needs its range: least and most"))
        if self.type == "date" and not (isinstance(self.least, date) and isinstance(self.most, date)):
            raise ValueError(t("a date needs its range: least and most, as dates"))
        if (self.type == "code") != (self.codes is not None):
            raise ValueError(t("a code field names its code list in codes, and no other field does"))
        if self.type == "decimal" and not self.decimals:
            raise ValueError(t("a decimal field states its decimals, from 1 to 4"))
        if self.halves_up and self.type != "decimal":
            raise ValueError(t("only a decimal number is rounded in tables: halves_up belongs to it"))
        if self.least is not None and self.most is not None and self.least > self.most:  # type: ignore[operator]
            raise ValueError(t("least is greater than most"))
        return self


class ClientFields(Strict):
    fields: dict[Identifier, ClientField]


class CodeList(Strict):
    what: Text
    source: Identifier
    codes: dict[str, Text] = {}
    taken_from: Literal["municipalities"] | None = Field(None, description="Codes of the shipped data instead.")


class CodeLists(Strict):
    code_lists: dict[Identifier, CodeList]


class DatedCells(Strict):
    from_: date = Field(alias="from")
    until: date | None = None
    source: Identifier
    cells: str = Field(min_length=1, description="The table as text, cells between |.")

    @field_validator("until", mode="after")
    @classmethod
    def _ends(cls, until: date | None, told: ValidationInfo) -> date | None:
        return _after(until, told)


class TableDefinition(Strict):
    """A dated table of any dimensions: percentages, brackets, caps."""

    what: Text
    unit: str = Field(min_length=1)
    checked: date
    at_most: str | None = Field(None, description="A table that no cell of this one may exceed.")
    at_least: str | None = None
    values: list[DatedCells] = Field(min_length=1)

    @field_validator("values", mode="after")
    @classmethod
    def _in_order(cls, values: list[DatedCells]) -> list[DatedCells]:
        return _rising(values)


class Tables(Strict):
    tables: dict[str, TableDefinition]


class FormSection(Strict):
    title: Text
    fields: list[Identifier] = Field(min_length=1, description="The client fields asked for, in their order.")


class Form(Strict):
    """An assessment form: which facts are asked for, in sections. Scales carry the day they were measured on."""

    name: Text
    source: Identifier
    sections: list[FormSection] = Field(min_length=1)


class Forms(Strict):
    forms: dict[Identifier, Form]


class FormulaLine(Strict):
    """One step of a sum. `decimals` rounds it, halves away from zero; `divided_by` divides it first."""

    id: Identifier
    what: Text
    value: str = Field(min_length=1)
    unit: str = "EUR"
    decimals: int | None = Field(None, ge=0, le=4)
    divided_by: int = Field(1, ge=1, le=1_000_000)
    shown: bool = Field(True, description="False for a step that a letter need not tell.")

    @model_validator(mode="after")
    def _rounded(self) -> FormulaLine:
        if self.divided_by > 1 and self.decimals is None:
            raise ValueError(t("a divided line states its decimals"))
        return self


class Assumed(Strict):
    """What the amount takes as so without knowing it, told wherever it may matter: with `field` where that fact is not told."""

    field: Identifier | None = None
    when: str = Field(min_length=1, description="A condition: told where it holds or is not known to fail.")
    text: Text


class Formula(Strict):
    """What a client pays, or what the organiser pays for one: lines reckoned in order, the last is the amount. Of a client fee
    that names its `cost`, no more is paid than producing the service costs (act on client fees, 734/1992, section 2)."""

    what: Text
    unit: str = Field(min_length=1)
    source: Identifier
    legal_basis: Text | None = None
    counts_towards_ceiling: bool = False
    times_a_year: str | None = Field(None, description="How many times a year a client pays it: a sum over fields.")
    counted_by: Identifier | None = Field(
        None, description="The field that tells how many times it has been paid for before in the calendar year."
    )
    paid_by: Literal["client", "organiser"] = "client"
    cost: Identifier | None = Field(
        None,
        description="A client fee's limit: the formula of what producing the service costs; no fee is more than it.",
    )
    note: Text | None = None
    assumes: list[Assumed] = []
    lines: list[FormulaLine] = Field(min_length=1)

    _understood = field_validator("unit", mode="after")(paid)


class Formulas(Strict):
    formulas: dict[Identifier, Formula]


class Maximum(Strict):
    """The most that a client pays by the formula of this name, a sum over facts, parameters and tables."""

    value: str = Field(min_length=1)
    source: Identifier


class Maxima(Strict):
    maxima: dict[Identifier, Maximum]


class UnitKind(Strict):
    name: Text
    sized: bool = False
    aliases: list[str] = []


class UnitKinds(Strict):
    kinds: dict[Identifier, UnitKind]


class Authority(Strict):
    """Who decides in a region and how it is reached: the head of a letter, and where a request for review goes."""

    name: Text
    address: Text
    email: str = ""
    phone: str = ""
    open: Text | None = Field(None, description="When the registry is open.")
    review_body: Text | None = Field(None, description="Who decides a request for review.")
    court: Text | None = Field(
        None, description="The administrative court to which the decision on a review is appealed, and its address."
    )
    source: Identifier


class RegionFile(Strict):
    """A region: which counties or municipalities it is. Everything else in its folder is only what differs."""

    name: Text
    counties: list[str] = []
    municipalities: list[str] = []
    also_called: list[str] = []
    authority: Authority | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> RegionFile:
        if not self.counties and not self.municipalities:
            raise ValueError(t("a region needs counties (codes such as '15') or municipalities (codes such as '179')"))
        return self
