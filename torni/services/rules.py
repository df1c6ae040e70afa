"""A region's rules read from its files and changes, lowered, typed and checked, with every fault told at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from itertools import chain
from typing import Any

from torni.core import bounds
from torni.core.faults import BadInput, Fault, nearest_name
from torni.core.language import t
from torni.core.texts import Text
from torni.engines.rules import Scope, lower, tree
from torni.engines.rules.bounds import outside
from torni.engines.rules.sign import may_be_below, not_below
from torni.engines.rules.tables import read as read_table
from torni.engines.rules.tree import Field, Node, Table, Type
from torni.services.bounded import Written, bounds_in, name_faults
from torni.services.bounded_tables import bound_faults, cell_faults
from torni.services.checking import unchecked, unknown_source
from torni.services.circle import asks_of, circles
from torni.services.labels import called, labels_in_rule
from torni.services.laying import merged, with_added
from torni.services.library import Library
from torni.services.maxima import held, kept, past_maximum, said, stepwise
from torni.services.reading import Document, Loc, Model, parse, read, twice_in_folder
from torni.services.ruleset import Granting, Reckoning, Rules, held_to_cost, parameter_numbers
from torni.services.schema import (
    CHANNELS,
    ClientField,
    ClientFields,
    CodeList,
    CodeLists,
    DatedCells,
    Form,
    Forms,
    Formula,
    FormulaLine,
    Formulas,
    Maxima,
    Service,
    TableDefinition,
    Tables,
)
from torni.services.suspicion import suspicion_faults
from torni.sources import shipped


def load_rules(library: Library) -> Rules:
    """Every rule of the library, checked. Raises BadInput with all faults: unknown names, types, impossible conditions,
    tables with gaps or overlaps, amounts above a national maximum."""
    return _Loading(library).rules()


class _Loading:
    def __init__(self, library: Library) -> None:
        self.library = library
        self.faults: list[Fault] = []
        self.unavailable: dict[str, str] = {}
        self.table_texts: dict[str, list[Written[TableDefinition]]] = {}
        self.shared: dict[str, Formula] = {}

    def rules(self) -> Rules:
        lists = self._code_lists()
        definitions, where = self._gathered("fields", ClientFields, "fields")
        fields = {name: self._field(name, d, lists, where[name]) for name, d in definitions.items()}
        if self.faults:
            raise BadInput(*self.faults)
        tables_defined, table_where = self._gathered("tables", Tables, "tables")
        tables = self._tables(tables_defined, table_where, fields)
        numbers = parameter_numbers(self.library)
        granting = self._granting(Scope(fields, numbers, tables))
        scope = Scope(fields, numbers, tables, {}, {name: g.whole for name, g in granting.items()})
        formulas_defined, formula_where = self._gathered("formulas", Formulas, "formulas")
        formulas_defined = {n: kept(d, self.shared.get(n)) for n, d in formulas_defined.items()}
        self.maxima = self._maxima(scope)
        formulas: dict[str, Reckoning] = {}
        for name, definition in sorted(formulas_defined.items(), key=lambda d: d[1].cost is not None):  # costs first
            cost = self._cost(name, definition, formulas_defined, formulas, formula_where[name])
            made = self._formula(name, definition, scope, formula_where[name], cost)
            if made:
                formulas[name] = made
            self._counting(name, definition, fields, formula_where[name])
        formulas = {name: formulas[name] for name in formulas_defined if name in formulas}
        times = {}
        for name, definition in formulas_defined.items():
            if definition.times_a_year is not None:
                at = formula_where[name].where(("formulas", name, "times_a_year"))
                node = self._lowered(definition.times_a_year, scope, at, f"times of {name}", number=True)
                if node is not None:
                    times[name] = node
        channels = self._channels(scope)
        self._references(formulas_defined)
        forms, form_where = self._gathered("forms", Forms, "forms")
        for name, form in forms.items():
            self._form(name, form, fields, form_where[name])
        if self.faults:
            raise BadInput(*self.faults)
        return Rules(
            self.library, definitions, fields, lists, tables, tables_defined, granting, formulas, self.unavailable, channels, times,
            forms, {name: d.paid_by for name, d in formulas_defined.items()},
        )  # fmt: skip

    def _documents(self, kind: str) -> Iterator[Document]:
        root, folders = self.library.root, self.library.region.folders
        paths = sorted((root / kind).glob("*.yaml")) + [p for f in folders for p in sorted(f.glob(f"{kind}*.yaml"))]
        seen: dict[tuple[str, str], str] = {}
        for path in paths:
            document = read(path, root)
            if isinstance(document, Fault):
                self.faults.append(document)
            else:
                self.faults += twice_in_folder(seen, document, kind)
                yield document

    def _gathered(self, kind: str, model: type[Model], key: str) -> tuple[dict[str, Any], dict[str, Document]]:
        """Definitions of one kind from shared files, the region's and the changes', the last to name one prevailing."""
        out: dict[str, Any] = {}
        where: dict[str, Document] = {}
        for document in chain(self._documents(kind), self._layered(kind, out)):  # changes come when all is known
            found = parse(document, model)
            if isinstance(found, list):
                self.faults += found
                continue
            for name, value in getattr(found, key).items():
                out[name], where[name] = value, document
                if isinstance(value, Formula) and document.name.startswith(f"{kind}/"):
                    self.shared[name] = value
                if isinstance(value, TableDefinition):
                    own = self.library.region.writes(document.name, self.library.root)
                    self.table_texts.setdefault(name, []).append(Written(value, document, own))
                    if own or not (self.library.root / document.name).is_file():  # a region's, or a change's
                        self.faults += unchecked("tables", name, value.checked, document)
        for name, value in out.items():
            if isinstance(value, ClientField | Formula | Form):
                self._source(where[name].where((kind, name)), value.source)
        return out, where

    def _source(self, where: str, name: str) -> None:
        self.faults += unknown_source(where, name, self.library.sources)

    def _layered(self, kind: str, known: Mapping[str, Any]) -> Iterator[Document]:
        for layer in self.library.layers:
            content = layer.content.get(kind) or {}
            made: dict[str, Any] = {}
            for name, value in content.items():
                if kind == "tables" and isinstance(value, str):
                    if name not in known:
                        near = nearest_name(name, known)
                        self.faults.append(
                            Fault(
                                layer.where((kind, name)),
                                t('"{found}" is not a table', found=name),
                                t('Did you mean "{near}"?', near=near)
                                if near
                                else t("Write it whole, with what, unit, checked and values."),
                            )
                        )
                        continue
                    old = known[name].model_dump(by_alias=True)
                    dated = {"from": layer.content["from"], "source": layer.content["source"], "cells": value}
                    made[name] = old | {"values": [*(v for v in old["values"] if v["from"] < dated["from"]), dated]}
                elif isinstance(value, dict) and name in known:
                    below = known[name].model_dump(by_alias=True, mode="json")
                    made[name] = merged(below, value)
                    if kind == "formulas":
                        lines = made[name]["lines"]
                        made[name]["lines"], faults = with_added(layer, name, below["lines"], value.get("lines"), lines)
                        self.faults += faults
                else:
                    made[name] = value
            if made:
                yield Document(layer.name, {kind: made}, layer.lines)

    def _code_lists(self) -> dict[str, CodeList]:
        out: dict[str, CodeList] = {}
        for document in self._documents("code_lists"):
            found = parse(document, CodeLists)
            if isinstance(found, list):
                self.faults += found
                continue
            out |= found.code_lists
            for name, listed in found.code_lists.items():
                self._source(document.where(("code_lists", name, "source")), listed.source)
        for name, codes in out.items():
            if codes.taken_from == "municipalities":
                rows = shipped.table("municipalities").sort("municipality").iter_rows(named=True)
                labels = {r["municipality"]: Text(fi=r["name_fi"], sv=r["name_sv"], en=r["name_fi"]) for r in rows}
                out[name] = codes.model_copy(update={"codes": labels})
        return out

    def _field(self, name: str, d: ClientField, lists: Mapping[str, CodeList], document: Document) -> Field:
        codes = lists.get(d.codes or "")
        if d.codes and codes is None:
            near = nearest_name(d.codes, lists)
            self.faults.append(
                Fault(
                    document.where(("fields", name, "codes")),
                    t('"{found}" is not a code list', found=d.codes),
                    t('Did you mean "{near}"?', near=near) if near else t("Add it to definitions/code_lists."),
                )
            )
        ends = [int(e) if d.type == "whole" and isinstance(e, Decimal) else e for e in (d.least, d.most)]
        return Field(
            name, d.type, ends[0], ends[1], d.decimals, tuple(codes.codes) if codes else (), d.codes or "",
            d.what.model_dump(), d.said.model_dump() if d.said else {}, d.unit.model_dump() if d.unit else {},
            {code: text.model_dump() for code, text in codes.codes.items()} if codes else {}, d.halves_up,
            d.yours.model_dump() if d.yours else {},
        )  # fmt: skip

    def _tables(
        self, defined: Mapping[str, TableDefinition], where: Mapping[str, Document], fields: Mapping[str, Field]
    ) -> dict[str, Table]:
        out: dict[str, Table] = {}
        for name, definition in defined.items():
            for i, dated in enumerate(definition.values):
                at = where[name].where(_told_at(where[name], ("tables", name), "values", i, "cells"))
                found = read_table(dated.cells, fields, name=name, where=at)
                self._source(at, dated.source)
                if isinstance(found, list):
                    self.faults += found
                    continue
                self.faults += cell_faults(at, found, definition.unit)
                if dated is _in_force(definition.values, self.library):
                    out[name] = found
            if name not in out:
                self.unavailable[f"table {name}"] = t(
                    "the table {name} has no values on {day}", name=name, day=self.library.as_of
                )
        held = bounds_in(self.table_texts)
        self.faults += name_faults("tables", self.table_texts, held, lambda n: t('"{found}" is not a table', found=n))
        for name in defined:
            for bound, above, _document in held[name]:
                if bound in out and name in out and out[name].rows != out[bound].rows:
                    at = where[name].where(("tables", name))
                    self.faults += bound_faults(at, out[name], out[bound], above)
        return out

    def _granting(self, scope: Scope) -> dict[str, Granting]:
        done: dict[str, Granting] = {}
        wanted = {n: s for n, s in self.library.services.items() if s.criteria and s.criteria.granting}
        waiting = dict(wanted)
        while waiting:
            ready = [n for n, s in waiting.items() if not asks_of(s) & set(waiting)]
            if not ready:
                self.faults += circles(waiting, self.library.documents)
                return done
            for name in ready:
                service = waiting.pop(name)
                lacking = sorted((asks_of(service) & set(wanted)) - set(done))
                if lacking:  # its own fault is told there; here it would only be told twice
                    self.unavailable[f"service {name}"] = t(
                        "{name} has no value on {day}", name=lacking[0], day=self.library.as_of
                    )
                    continue
                here = Scope(scope.fields, scope.parameters, scope.tables, {}, {n: g.whole for n, g in done.items()})
                made = self._one_granting(name, service, here)
                if made:
                    done[name] = made
        return {n: done[n] for n in self.library.services if n in done}

    def _one_granting(self, name: str, service: Service, scope: Scope) -> Granting | None:
        assert service.criteria
        document = self.library.documents[name]
        nodes = []
        for i, criterion in enumerate(service.criteria.granting):
            at: Loc = ("criteria", "granting", i, "when")
            node = self._lowered(criterion.when, scope, document.where(at), f"service {name}")
            if node is not None:
                nodes.append(node)
        if len(nodes) < len(service.criteria.granting):
            return None
        return Granting(service, tuple(service.criteria.granting), tuple(nodes))

    def _lowered(self, text: str, scope: Scope, where: str, owner: str, *, number: bool = False) -> Node | None:
        """The tree; None with a fault, or with the owner noted as unavailable when only a value of the day is missing."""
        for kind, known, valid in (
            ("param", self.library.parameters, scope.parameters),
            ("granted", self._with_criteria(), scope.granted),
        ):
            for asked in re.findall(rf"\b{kind}\.([A-Za-z0-9_.]+)", text):
                if asked in known and asked not in valid and self._no_value(asked):
                    self.unavailable[owner] = t("{name} has no value on {day}", name=asked, day=self.library.as_of)
                    return None
        for asked in re.findall(r"\btable\.([A-Za-z0-9_.]+)", text):
            if f"table {asked}" in self.unavailable:
                self.unavailable[owner] = self.unavailable[f"table {asked}"]
                return None
        found = lower(text, scope, where=where, number=number)
        if isinstance(found, list):
            fields = {name: field.label.values() for name, field in scope.fields.items()}
            self.faults += labels_in_rule(text, called(self.library.parameters), fields, where) or found
            return None
        self.faults += suspicion_faults(found, self._written_by(found, where))
        return found

    def _written_by(self, node: Node, where: str) -> str:
        """Where a rule's fault is to be mended: at the region's or the change's own parameter that puts it out of range, if any does."""
        for part in outside(node):
            for document in (*reversed(self.library.layers), *self._own_parameters):
                content = document.content.get("parameters") if isinstance(document.content, dict) else None
                if isinstance(content, dict) and part.name in content:
                    return f"{document.where(('parameters', part.name))} ({where})"
        return where

    @cached_property
    def _own_parameters(self) -> list[Document]:
        """The region's own files of parameters, the last to prevail first."""
        paths = [p for folder in self.library.region.folders for p in sorted(folder.glob("parameters*.yaml"))]
        return [d for p in reversed(paths) if isinstance(d := read(p, self.library.root), Document)]

    def _with_criteria(self) -> set[str]:
        return {f"{n}" for n, s in self.library.services.items() if s.criteria and s.criteria.granting}

    def _no_value(self, name: str) -> bool:
        if name in self.library.services:
            return f"service {name}" in self.unavailable
        try:
            return isinstance(self.library.value(name).value, Decimal) is False
        except BadInput:
            return True

    def _cost(
        self, name: str, definition: Formula, defined: Mapping[str, Formula], made: Mapping[str, Reckoning], document: Document
    ) -> Formula | None:  # fmt: skip
        """What producing the service costs, as the fee names it; None where it names none, or none is known on the day."""
        if definition.cost is None:
            return None
        where, cost = document.where(("formulas", name, "cost")), defined.get(definition.cost)
        if cost is None:
            near = nearest_name(definition.cost, [n for n, d in defined.items() if d.paid_by == "organiser"])
            remedy = t('Did you mean "{near}"?', near=near) if near else t("Write the cost as a formula of its own.")
            self.faults.append(Fault(where, t('"{found}" is not a formula', found=definition.cost), remedy))
        elif definition.paid_by != "client" or cost.paid_by != "organiser":
            self.faults.append(
                Fault(
                    where, t("only a client's fee is held to a cost, and the cost is the organiser's"),
                    t("Name a formula whose paid_by is organiser, in a formula that the client pays."),
                )
            )  # fmt: skip
        elif definition.unit != cost.unit:
            self.faults.append(
                Fault(
                    where, t("the fee is in {unit}, its cost in {other}", unit=definition.unit, other=cost.unit),
                    t("Write both in the same unit."),
                )
            )  # fmt: skip
        return cost if definition.cost in made else None

    def _counting(self, name: str, definition: Formula, fields: Mapping[str, Field], document: Document) -> None:
        by = definition.counted_by
        if by is not None and (by not in fields or fields[by].kind != "whole"):
            near = nearest_name(by, [n for n, f in fields.items() if f.kind == "whole"])
            where = document.where(("formulas", name, "counted_by"))
            remedy = t('Did you mean "{near}"?', near=near) if near else ""
            self.faults.append(Fault(where, t('"{found}" is not a field that counts', found=by), remedy))

    def _maxima(self, scope: Scope) -> dict[str, Node]:
        """The most that a client pays by each formula, where its values are known on the day."""
        path, root = self.library.root / "maxima.yaml", self.library.root
        document = read(path, root) if path.exists() else Document("maxima.yaml", {"maxima": {}}, {})
        found = [document] if isinstance(document, Fault) else parse(document, Maxima)
        if isinstance(found, list) or isinstance(document, Fault):
            self.faults += found if isinstance(found, list) else []
            return {}
        lowered = {
            name: self._lowered(
                m.value, scope, document.where(("maxima", name, "value")), f"maximum of {name}", number=True
            )
            for name, m in found.maxima.items()
        }
        for name, m in found.maxima.items():
            self._source(document.where(("maxima", name, "source")), m.source)
        return {name: node for name, node in lowered.items() if node is not None}

    def _formula(
        self, name: str, definition: Formula, scope: Scope, document: Document, cost: Formula | None
    ) -> Reckoning | None:
        types: dict[str, Type] = {}
        weights: dict[str, int] = {}
        lines: list[tuple[FormulaLine, Node]] = []
        for i, line in enumerate(held_to_cost(definition, cost)):
            at = document.where(("formulas", name, "lines", i, "value"))
            here = Scope(scope.fields, scope.parameters, scope.tables, types, scope.granted, weights)
            node = self._lowered(line.value, here, at, f"formula {name}", number=True)
            if node is None:
                return None
            if line is definition.lines[-1] and definition.paid_by == "client":  # a fee is never paid out
                earlier = {known.id: of for known, of in lines}
                maximum = self.maxima.get(name)
                if definition is not self.shared.get(name):
                    tried = [*lines, (line, node)]
                    self.faults += [Fault(at, what, remedy) for what, remedy in past_maximum(tried, maximum)]
                    if maximum is not None and not stepwise(tried):
                        line, node = said(line), held(node, maximum)
                node = not_below(node) if may_be_below(node, earlier) else node
            if line.decimals is not None:
                before = node.type.digits - node.type.scale
                digits = before + line.decimals + 1
                if line.divided_by > 1 and digits + node.type.scale > 17:
                    self.faults.append(
                        Fault(at, t("too many digits to divide exactly"), t("Round an earlier line first."))
                    )
                    return None
                node = tree.Rounded(
                    node, line.divided_by, Type("decimal" if line.decimals else "whole", digits, line.decimals)
                )
            if line.id in types:
                self.faults.append(
                    Fault(
                        at,
                        t('the line "{name}" is written twice', name=line.id),
                        t("Give each line an id of its own."),
                    )
                )
            types[line.id] = node.type
            weights[line.id] = tree.weight(node, weights, most=bounds.MOST_WEIGHT)
            lines.append((line, node))
        assumes = []
        for i, assumed in enumerate(definition.assumes):
            at = document.where(_told_at(document, ("formulas", name), "assumes", i, "when"))
            node = self._lowered(assumed.when, scope, at, f"assumption of {name}")
            if assumed.field is not None and assumed.field not in scope.fields:
                self.faults.append(
                    Fault(
                        at, t('"{found}" is not a client field', found=assumed.field), t("`torni fields` lists them.")
                    )
                )
            if node is not None:
                assumes.append((assumed, node))
        return Reckoning(name, definition, tuple(lines), tuple(assumes))

    def _channels(self, scope: Scope) -> dict[tuple[str, str], Node]:
        out = {}
        for name, service in self.library.services.items():
            for channel, decided in service.channels:
                if decided is not None and decided.when is not None:
                    where = self.library.documents[name].where(("channels", channel, "when"))
                    node = self._lowered(decided.when, scope, where, f"channel {name}.{channel}")
                    if node is not None:
                        out[name, channel] = node
        return out

    def _form(self, name: str, form: Form, fields: Mapping[str, Field], document: Document) -> None:
        """Every field that the form asks for is declared, and asked for once."""
        seen: set[str] = set()
        for i, section in enumerate(form.sections):
            for j, asked in enumerate(section.fields):
                where = document.where(("forms", name, "sections", i, "fields", j))
                if asked not in fields:
                    near = nearest_name(asked, fields)
                    meant = t('Did you mean "{near}"?', near=near) if near else t("`torni fields` lists them.")
                    self.faults.append(Fault(where, t('"{found}" is not a client field', found=asked), meant))
                elif asked in seen:
                    self.faults.append(
                        Fault(where, t('"{found}" is asked for twice', found=asked), t("Keep one of the two."))
                    )
                seen.add(asked)

    def _references(self, formulas: Mapping[str, Formula]) -> None:
        for name, service in self.library.services.items():
            listed = service.fees.formulas if service.fees else []
            self.faults += [
                Fault(
                    self.library.documents[name].where(("fees", "formulas", i)),
                    t('the formula "{name}" is listed twice', name=formula),
                    t("Keep one of the two."),
                )
                for i, formula in enumerate(listed)
                if formula in listed[:i]
            ]
            asked: list[tuple[str, Loc]] = [(f, ("fees", "formulas", i)) for i, f in enumerate(service.fees.formulas if service.fees else [])]  # fmt: skip
            channels = [(c, getattr(service.channels, c)) for c in CHANNELS]
            asked += [(channel.value, ("channels", c, "value")) for c, channel in channels if channel and channel.value]
            for formula, at in asked:
                if formula not in formulas:
                    near = nearest_name(formula, formulas)
                    where = self.library.documents[name].where(at)
                    meant = t('Did you mean "{near}"?', near=near) if near else ""
                    self.faults.append(Fault(where, t('"{found}" is not a formula', found=formula), meant))


def _told_at(document: Document, at: Loc, *further: str | int) -> Loc:
    """The exact place where the file has it; the name alone where a change gave only the new text."""
    return (*at, *further) if (*at, *further) in document.lines else at


def _in_force(values: list[DatedCells], library: Library) -> DatedCells | None:
    begun = [v for v in values if v.from_ <= library.as_of]
    return begun[-1] if begun and (begun[-1].until is None or library.as_of <= begun[-1].until) else None


__all__ = ["Granting", "Reckoning", "Rules", "load_rules", "parameter_numbers"]
