"""Why a definition is not one: each fault of its shape by file, line and field, with what to write instead, read off the schema.

The schema is followed beside the place that validation names, for its names and the document's are not the same: a promise's kind
stands between them, a field may be called by another name than its own, a value of one kind or another is told once for each.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from torni.core.faults import Fault, nearest_name
from torni.core.language import Message, t

if TYPE_CHECKING:
    from torni.services.reading import Document, Loc

_REMEDIES = {
    "source": Message("Name a source of definitions/sources.yaml, such as: source: preparation_2017"),
    "fi": Message("Write the Finnish text."),
    "sv": Message("Write the Swedish text."),
    "en": Message("Write the English text."),
    "sentence": Message("Write the promise as one sentence in fi, sv and en."),
    "broken": Message(
        'Write what is wrong where the promise is not kept, in fi, sv and en, such as: en: "complaints are answered late: in time {value}".',
        value="{value}",
    ),
    "valid_from": Message("Write the first day of this version, such as: valid_from: 2017-01-01"),
    "share": Message("Write a decimal share, such as: share: 0.95"),
}
# Fields of before, and what to write instead: by the model beside which one stands, and its name.
_MOVED = {
    ("Service", "followed"): Message('Write them under "promises:", which holds the promises of every kind: followed: becomes promises:, its list is added to that one.'),
    ("Cell", "promises"): Message(
        'Write them under "promises:" of the service itself; column: availability is meant where none is written.'
    ),
}  # fmt: skip
_BETWEEN = {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}


def faults_of(document: Document, model: type[BaseModel], errors: Iterable[Any]) -> list[Fault]:
    """Each error of validation as a fault, in order; of a value that is neither of two kinds, one."""
    out: dict[str, Fault] = {}
    for error in errors:
        loc, beside, field = _place(model, error["loc"])
        fault = _fault(document, loc, beside, field, error)
        out.setdefault(f"{fault.where} {fault.what if error['type'] == 'extra_forbidden' else ''}", fault)
    return list(out.values())


def _fault(document: Document, loc: Loc, beside: type[BaseModel] | None, field: Any, error: Any) -> Fault:
    where, kind, found, last = (
        document.where(loc),
        error["type"],
        error.get("input"),
        next((str(part) for part in reversed(loc) if isinstance(part, str)), ""),
    )
    if kind == "extra_forbidden":
        known = _names(beside)
        if beside and (moved := _MOVED.get((beside.__name__, last))):
            return Fault(where, t('"{found}" is not a field here', found=last), str(moved))
        near = nearest_name(last, known)
        remedy = (
            t('Did you mean "{near}"?', near=near)
            if near
            else t("The fields here are: {names}.", names=", ".join(known))
        )
        return Fault(where, t('"{found}" is not a field here', found=last), remedy)
    if kind == "missing":
        remedy = (t('Add "{name}".', name=last) + " " + _remedy(last, field, beside)).strip()
        return Fault(where, t('"{name}" is missing', name=last), remedy)
    if kind == "literal_error":
        if found is None:
            return Fault(
                where,
                t("{name} is empty", name=f'"{last}"'),
                t("Write {name}: {choices}.", name=last, choices=_one_of(_choices(field))),
            )
        near = nearest_name(str(found), map(str, _choices(field)))
        remedy = (
            t('Did you mean "{near}"?', near=near)
            if near
            else t("Write {name}: {choices}.", name=last, choices=_one_of(_choices(field)))
        )
        # The checker's own list of them is in English.
        choices = _one_of(_choices(field) or re.findall(r"'([^']*)'", error["ctx"]["expected"]))
        return Fault(where, t('"{found}" is not one of {choices}', found=str(found), choices=choices), remedy)
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _of_no_kind(document, loc, field, error)
    if found is None:
        return Fault(where, t("{name} is empty", name=f'"{last}"'), _remedy(last, field, beside))
    if kind == "dated":
        at = error["ctx"]["at"]
        remedy = error["ctx"].get("remedy") or t(
            "Give each value a first day later than the one before, and end that one before it, or leave its until out."
        )
        return Fault(document.where((*loc, *at)), error["ctx"]["what"], remedy)
    if kind == "invalid_key":
        remedy = t("Write a name as a text. In {{ }} a comma divides: an amount has a decimal point, such as 18.60.")
        return Fault(where, t('"{found}" is not a name', found=str(found)), remedy)
    message = (
        _expected().get(kind) or _beyond(kind, error.get("ctx") or {}) or error["msg"].removeprefix("Value error, ")
    )
    shown = f" ({t('found')} {_written(found)})" if isinstance(found, str | int | float | date) and kind != "value_error" else ""  # fmt: skip
    return Fault(where, f"{message[0].lower()}{message[1:]}{shown}", _remedy(last, field, beside))


def _expected() -> dict[str, str]:
    """What is expected where a value is of another type: validation's own words name the program's types."""
    number, whole, text = t("a number is expected"), t("a whole number is expected"), t("a text is expected")
    day, names = t("a date is expected"), t("names and their values are expected")
    return {
        **dict.fromkeys(("decimal_type", "decimal_parsing", "finite_number"), number),
        **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), whole),
        **dict.fromkeys(("bool_type", "bool_parsing"), t("true or false is expected")),
        **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"), day),
        **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), names),
        "string_type": text,
        "list_type": t("a list is expected"),
    }


def _beyond(kind: str, told: dict[str, Any]) -> str | None:
    """What a value must be where it is beyond a bound or of another form: validation tells it in its own English."""
    limit = next((v for k, v in told.items() if k in ("gt", "ge", "lt", "le", "min_length", "max_length")), None)
    return {
        "greater_than": t("more than {limit} is expected", limit=limit),
        "greater_than_equal": t("at least {limit} is expected", limit=limit),
        "less_than": t("less than {limit} is expected", limit=limit),
        "less_than_equal": t("at most {limit} is expected", limit=limit),
        "string_too_short": t("a text is expected, and it is empty"),
        "too_short": t("at least {limit} is expected in the list", limit=limit),
        "too_long": t("at most {limit} is expected in the list", limit=limit),
        "string_pattern_mismatch": t("a name of small letters, digits and underscores is expected"),
    }.get(kind)


def _written(value: object) -> str:
    """A value as a definition has it: text in double quotes, true and false in small letters."""
    return f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)


def _of_no_kind(document: Document, loc: Loc, union: Any, error: Any) -> Fault:
    """A promise whose kind is none: the kinds there are."""
    kinds = [tag for member in _members(union) for tag in _choices(member.model_fields["kind"].annotation)]
    remedy = t("Write {name}: {choices}.", name="kind", choices=_one_of(kinds))
    if error["type"] == "union_tag_not_found":
        if near := _meant(document, loc):  # what differs in a promise is laid on it by its id, and so on none
            remedy = t('Did you mean "{near}"?', near=near) + " " + remedy
        return Fault(document.where(loc), t('the promise has no "kind"'), remedy)
    tag = _written(error["ctx"]["tag"]).strip('"')
    where = document.where((*loc, "kind"))
    if tag == "None":  # the key alone, with nothing after it
        return Fault(where, t("{name} is empty", name='"kind"'), remedy)
    if near := nearest_name(tag, kinds):
        remedy = t('Did you mean "{near}"?', near=near) + " " + remedy
    return Fault(where, t('"{found}" is not a kind of promise', found=tag), remedy)


def _meant(document: Document, loc: Loc) -> str | None:
    """Of an item without its kind: the id that it may have meant, of the others in its list."""
    items = document.content
    for part in loc[:-1]:
        items = items[part]
    own = items[loc[-1]] if isinstance(items, list) and isinstance(loc[-1], int) else None
    others = [
        item["id"] for item in items if isinstance(item, dict) and item is not own and isinstance(item.get("id"), str)
    ]
    return nearest_name(str(own.get("id")), others) if isinstance(own, dict) else None


def _place(model: type[BaseModel], named: tuple[str | int, ...]) -> tuple[Loc, type[BaseModel] | None, Any]:
    """Where in the document validation's place is; the model whose field stands there; the field, or the type, that is expected."""
    loc: list[str | int] = []
    now: Any = model
    beside: type[BaseModel] | None = None
    field: Any = model
    rest = list(named)
    while rest:
        members = _members(now)
        if (
            len(members) > 1
        ):  # the next name is not the document's: a promise's kind, or the type that a value was tried as
            tag = str(rest.pop(0))
            now = next((m for m in members if _is_called(m, tag)), members[0])
            continue
        now = members[0] if members else now
        part = rest.pop(0)
        if part == "[key]":
            continue
        loc.append(part)
        if isinstance(now, type) and issubclass(now, BaseModel):
            beside = now
            field = next((f for n, f in now.model_fields.items() if part in (n, f.alias)), None)
            now = field.annotation if field is not None else None
        else:
            arguments = get_args(now)
            field = now = arguments[-1] if arguments else None
    return tuple(loc), beside, field


def _is_called(member: Any, tag: str) -> bool:
    if isinstance(member, type) and issubclass(member, BaseModel):
        kind = member.model_fields.get("kind")
        return member.__name__ == tag or (kind is not None and tag in _choices(kind.annotation))
    return str(getattr(member, "__name__", "")).casefold() == tag.partition("[")[0].casefold()


def _members(annotation: Any) -> list[Any]:
    """The types that a value may be of, None left out."""
    while get_origin(annotation) is not None and hasattr(annotation, "__metadata__"):
        annotation = get_args(annotation)[0]
    if isinstance(annotation, FieldInfo):
        return _members(annotation.annotation)
    if get_origin(annotation) in (Union, types.UnionType):
        return [m for a in get_args(annotation) if a is not type(None) for m in _members(a)]
    return [] if annotation is None else [annotation]


def _names(model: type[BaseModel] | None) -> list[str]:
    return [f.alias or n for n, f in model.model_fields.items()] if model else []


def _choices(annotation: Any) -> list[Any]:
    return [c for m in _members(annotation) if get_origin(m) is Literal for c in get_args(m)]


def _one_of(names: Iterable[Any]) -> str:
    *first, last = [str(n) for n in names] or [""]
    return f"{', '.join(first)} {t('or')} {last}" if first else last


def _remedy(name: str, field: Any, beside: type[BaseModel] | None) -> str:
    """What to write there: as the kind of promise says, by its name, or by its type and limits."""
    if told := getattr(beside, "remedies", {}).get(name):
        return str(told)
    if name in _REMEDIES:
        return str(_REMEDIES[name])
    types_ = _members(field)
    of = types_[0] if types_ else None
    if choices := _choices(field):
        return t("Write {name}: {choices}.", name=name, choices=_one_of(choices))
    if isinstance(of, type) and issubclass(of, BaseModel):
        return (
            t("Write under {name} such as: {names}.", name=name, names=", ".join(_names(of)))
            if name
            else t("Begin with: {names}.", names=", ".join(_names(of)))
        )
    if get_origin(of) in (list, tuple):
        return t("Write a list, such as: {name}: [...]", name=name)
    if get_origin(of) is dict:
        return t("Write under {name} a name and a value on each line.", name=name)
    if of is bool:
        return t("Write {name}: true or {name}: false.", name=name)
    if of is date:
        return t("Write a day, such as: {name}: 2026-01-31", name=name)
    if of in (int, Decimal):
        limits = {k: v for m in getattr(field, "metadata", ()) for k, v in _limits(m)}
        least, most = limits.get("ge", limits.get("gt")), limits.get("le", limits.get("lt"))
        values = {"name": name, "least": least, "most": most, "example": most or least or 1}
        if None not in (least, most):
            return (
                t("Write a whole number from {least} to {most}, such as: {name}: {example}", **values)
                if of is int
                else t("Write a number from {least} to {most}, such as: {name}: {example}", **values)
            )
        if least is not None:
            return (
                t("Write a whole number of at least {least}, such as: {name}: {example}", **values)
                if of is int
                else t("Write a number of at least {least}, such as: {name}: {example}", **values)
            )
        return (
            t("Write a whole number, such as: {name}: {example}", **values)
            if of is int
            else t("Write a number, such as: {name}: {example}", **values)
        )
    if name == "id":
        return t("Write a name in small letters, digits and underscores, such as: id: in_time")
    return t("Write {name} as the other definitions do: a text, in quotes where it is a number.", name=name)


def _limits(metadata: Any) -> list[tuple[str, Any]]:
    return [(k, getattr(metadata, k)) for k in ("gt", "ge", "lt", "le") if getattr(metadata, k, None) is not None]
