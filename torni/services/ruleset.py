"""A region's rules on a day as values: who is granted each service, what each formula reckons, what a new rule may name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from torni.core.faults import BadInput, bad_input, nearest_name
from torni.core.language import t
from torni.core.texts import Text
from torni.engines.rules import Scope, tree, version
from torni.engines.rules.evaluate import function
from torni.engines.rules.reasoning import Reasoning
from torni.engines.rules.tree import Field, Node, Table
from torni.services.library import Library
from torni.services.schema import (
    Assumed,
    ClientField,
    CodeList,
    Criterion,
    Form,
    Formula,
    FormulaLine,
    Service,
    TableDefinition,
)


@dataclass(frozen=True)
class Granting:
    """When one service is granted: its criteria as words, as trees, and as a reasoning. All of them must hold."""

    service: Service
    criteria: tuple[Criterion, ...]
    nodes: tuple[Node, ...]

    @cached_property
    def reasoning(self) -> Reasoning:
        return Reasoning(self.nodes)

    @property
    def whole(self) -> Node:
        return self.nodes[0] if len(self.nodes) == 1 else tree.And(self.nodes)

    @cached_property
    def version(self) -> str:
        return version(*self.nodes)


COST, LIMIT = "cost_", "at_most_cost"


def held_to_cost(fee: Formula, cost: Formula | None) -> list[FormulaLine]:
    """The fee's lines; where its cost is known, then the cost's lines, and last the lesser of the fee and the cost.

    Act on client fees in health and social services, 734/1992, section 2: a fee is at most the cost of producing the service.
    They are lines like others, so that whatever reads a formula (letters, rehearsals, reconciliation) has them. A fee of
    nothing stays nothing where the cost cannot be told. Not considered: what the client pays for the same service otherwise.
    """
    if cost is None:
        return fee.lines
    own = fee.lines[-1]
    lines = [
        line.model_copy(update={"id": COST + line.id, "value": re.sub(r"\bline\.(\w+)", rf"line.{COST}\1", line.value)})
        for line in cost.lines
    ]
    lines[-1] = lines[-1].model_copy(update={"what": cost.what, "unit": cost.unit})
    within = f"line.{own.id} <= 0 or line.{own.id} <= line.{lines[-1].id}"
    what = Text(
        fi="Maksu, enintään kustannus (asiakasmaksulaki 2 §)",
        sv="Avgift, högst kostnaden (klientavgiftslagen 2 §)",
        en="Fee, at most the cost (act on client fees, section 2)",
    )
    value = f"case when {within} then line.{own.id} else line.{lines[-1].id} end"
    limit = own.model_copy(update={"id": LIMIT, "what": what, "value": value, "divided_by": 1, "shown": True})
    return [*fee.lines, *lines, limit]


@dataclass(frozen=True)
class Reckoning:
    """One formula with its lines as trees; the last line is the amount. A client fee's lines end with its cost (`held_to_cost`)."""

    id: str
    definition: Formula
    lines: tuple[tuple[FormulaLine, Node], ...]
    assumes: tuple[tuple[Assumed, Node], ...] = ()

    @cached_property
    def version(self) -> str:
        return version(*(node for _, node in self.lines))

    @cached_property
    def functions(self) -> tuple[tuple[FormulaLine, Any], ...]:
        return tuple((line, function(node)) for line, node in self.lines)

    @property
    def held_to_cost(self) -> bool:
        """Has the fee been held to the cost of producing the service? False where the cost is not known on the day."""
        return self.lines[-1][0].id == LIMIT

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        found = {f.name: f for _, node in self.lines for f in tree.fields(node)}
        return tuple(found.values())


@dataclass(frozen=True)
class Rules:
    """One region's rules on one day. What has no value on the day is in `unavailable`, each with its reason."""

    library: Library
    definitions: Mapping[str, ClientField]
    fields: Mapping[str, Field]
    code_lists: Mapping[str, CodeList]
    tables: Mapping[str, Table]
    table_definitions: Mapping[str, TableDefinition]
    granting: Mapping[str, Granting]
    formulas: Mapping[str, Reckoning]
    unavailable: Mapping[str, str]
    channel_conditions: Mapping[tuple[str, str], Node] = field(default_factory=dict)
    times: Mapping[str, Node] = field(default_factory=dict)
    forms: Mapping[str, Form] = field(default_factory=dict)
    payers: Mapping[str, str] = field(default_factory=dict)

    def service(self, name: str) -> Granting:
        """The granting of this service (hyphens or underscores), or a fault that names the nearest."""
        found = name.replace("-", "_")
        if found in self.granting:
            return self.granting[found]
        if f"service {found}" in self.unavailable:
            raise bad_input(f'service "{name}"', self.unavailable[f"service {found}"], t("Ask for another day."))
        if found in self.library.services:
            raise bad_input(
                f'service "{name}"', t("has no granting criteria"),
                t("Services with criteria: {names}.", names=", ".join(self.granting)),
            )  # fmt: skip
        if not self.granting:
            raise bad_input(f'service "{name}"', t("nothing was defined yet"), t("Ask for a later day."))
        near = nearest_name(found, self.granting)
        raise bad_input(
            f'service "{name}"', t("no such service"),
            t('Did you mean "{near}"?', near=near) if near else t("Services with criteria: {names}.", names=", ".join(self.granting)),
        )  # fmt: skip

    def formula(self, name: str) -> Reckoning:
        found = name.replace("-", "_")
        if found in self.formulas:
            return self.formulas[found]
        if f"formula {found}" in self.unavailable:
            raise bad_input(f'formula "{name}"', self.unavailable[f"formula {found}"], t("Ask for another day."))
        near = nearest_name(found, self.formulas)
        raise bad_input(
            f'formula "{name}"', t("no such formula"),
            t('Did you mean "{near}"?', near=near) if near else t("Formulas: {names}.", names=", ".join(self.formulas)),
        )  # fmt: skip

    def last_checked(self, nodes: Iterable[Node]) -> date | None:
        """The day on which the amounts that the trees ask for were last checked, the earliest of them; None where they ask for none.

        Amounts change at the turn of a year, so one that was checked is known to hold to the end of that year and no longer.
        """
        days = []
        for part in (part for node in nodes for part in tree.walk(node)):
            if isinstance(part, tree.Param):
                days.append(self.library.parameters[part.name].checked)
            elif isinstance(part, tree.Lookup):
                days.append(self.table_definitions[part.table.name].checked)
        return min(days, default=None)

    @cached_property
    def client_fees(self) -> tuple[str, ...]:
        """Every formula that the client pays, also one without a value on the day; costs and vouchers are the organiser's."""
        return tuple(name for name, payer in self.payers.items() if payer == "client")

    @cached_property
    def scope(self) -> Scope:
        """What a new rule of this region may name."""
        return Scope(
            self.fields, parameter_numbers(self.library), self.tables, {}, {name: g.whole for name, g in self.granting.items()}
        )  # fmt: skip

    @cached_property
    def version(self) -> str:
        return version(
            *(n for g in self.granting.values() for n in g.nodes),
            *(n for f in self.formulas.values() for _, n in f.lines),
        )


def parameter_numbers(library: Library) -> dict[str, Decimal]:
    """The parameters that have a single value on the library's day."""
    found = {}
    for name in library.parameters:
        try:
            value = library.value(name).value
        except BadInput:
            continue
        if isinstance(value, Decimal):
            found[name] = value
    return found
