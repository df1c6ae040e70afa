"""How a promise's own numbers stand in its texts: {within}, {every}, {share} and the like are written from what is in force on the day."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from torni.core.faults import BadInput
from torni.core.language import LANGUAGES, _, ngettext, number, per_cent, speaking
from torni.core.texts import Text

if TYPE_CHECKING:
    from torni.promises.promise import Definitions, Known, Promise

VALUE = "{value}"  # of a broken promise, how much of it is kept: told when the sentence is said
# What a text may name, and the field that tells it.
FIELDS = {
    "{within}": "within_days", "{every}": "every_days", "{ratio}": "ratio", "{most}": "at_most", "{minutes}": "within_min", "{share}": "share",
}  # fmt: skip


def said(promise: Promise, definitions: Definitions) -> Promise:
    """The promise with its texts as they read on the definitions' day. A limit that has no value on the day is "in time"."""
    texts = {name: getattr(promise, name) for name in ("sentence", "broken", "note") if getattr(promise, name)}
    if not any("{" in text.fi + text.sv + text.en for text in texts.values()):
        return promise
    filled = {name: _filled(text, promise, definitions) for name, text in texts.items()}
    return promise.model_copy(update=filled)


def unknown_names(promise: Promise) -> list[tuple[str, str, str]]:
    """What stands in braces in a promise's texts and is none of its numbers: the field, the language, the name."""
    known: list[str] = [name for name, field in FIELDS.items() if getattr(promise, field, None) is not None]
    out: list[tuple[str, str, str]] = []
    for name in ("sentence", "broken", "note"):
        text = getattr(promise, name)
        for language in LANGUAGES if text else ():
            rest = getattr(text, language)
            for placeholder in (*known, *((VALUE,) if name == "broken" else ())):
                rest = rest.replace(placeholder, "")
            if "{" in rest or "}" in rest:
                begun = rest[rest.find("{") :]
                out.append((name, language, begun.partition("}")[0].strip("{}") or rest))
    return out


def _filled(text: Text, promise: Promise, definitions: Definitions) -> Text:
    out = {}
    for language in LANGUAGES:
        with speaking(language):
            read = getattr(text, language)
            for placeholder, field in FIELDS.items():
                if placeholder in read:
                    read = read.replace(placeholder, _words(placeholder, getattr(promise, field), definitions))
            out[language] = read
    return Text(**out)


def _words(placeholder: str, told: object, definitions: Definitions) -> str:
    if isinstance(told, str):
        try:
            return _of_parameter(placeholder, definitions.value(told))
        except BadInput:
            return _("in time")
    assert isinstance(told, Decimal | int | float)
    return number(float(told)) if placeholder == "{minutes}" else per_cent(float(told), 0)


def _of_parameter(placeholder: str, known: Known) -> str:
    assert isinstance(known.value, Decimal)
    if placeholder == "{ratio}":
        return number(float(known.value), 2)
    n, unit = int(known.value), known.unit
    if placeholder == "{every}":
        if unit == "days" and n % 365 == 0:
            n, unit = n // 365, "years"
        told = {
            "years": ngettext("every year", "every {n} years", n),
            "months": ngettext("every month", "every {n} months", n),
            "working days": ngettext("every working day", "every {n} working days", n),
        }.get(unit) or ngettext("every day", "every {n} days", n)
    else:
        told = {
            "months": ngettext("within a month", "within {n} months", n),
            "working days": ngettext("within a working day", "within {n} working days", n),
        }.get(unit) or ngettext("within a day", "within {n} days", n)
    return told.format(n=n)
