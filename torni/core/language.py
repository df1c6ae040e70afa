"""Finnish first, Swedish and English too: the language of the moment, and texts that exist in all three."""

from __future__ import annotations

import gettext as _gettext
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Literal

Language = Literal["fi", "sv", "en"]
LANGUAGES: tuple[Language, ...] = ("fi", "sv", "en")
LOCALE = Path(__file__).parents[1] / "locale"

_current: ContextVar[Language | None] = ContextVar("language", default=None)
_always: list[Language] = ["fi"]


def language() -> Language:
    return _current.get() or _always[0]


def speak(name: str) -> None:
    """Texts of this process are in this language where no `speaking` says another; an unknown language is Finnish."""
    _always[0] = next((one for one in LANGUAGES if one == name), "fi")


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Texts inside are in this language; an unknown language is Finnish."""
    token = _current.set(name if name in LANGUAGES else "fi")
    try:
        yield
    finally:
        _current.reset(token)


def spoken(environment: Mapping[str, str] | None = None) -> Language:
    """The language that the environment asks for: TORNI_LANG; else as other programs read it, LC_ALL, LC_MESSAGES or LANG, with the list of
    LANGUAGE before it; Finnish where it says none, or none of ours."""
    given = os.environ if environment is None else environment
    if own := given.get("TORNI_LANG"):
        return _ours(own) or "fi"
    place = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := given.get(name))), "")
    if place.partition(".")[0] in ("C", "POSIX"):
        return "fi"
    wanted = [*given.get("LANGUAGE", "").split(":"), place]
    return next((ours for one in wanted if (ours := _ours(one))), "fi")


def _ours(place: str) -> Language | None:
    """`sv_FI.UTF-8` is Swedish; None for a language that is not ours."""
    code = re.split(r"[_.@-]", place.casefold())[0]
    return next((one for one in LANGUAGES if one == code), None)


def _(message: str) -> str:
    """The message in the language of the moment. The message itself is the English text."""
    return _catalogue(language()).gettext(message)


def N_(text: str) -> str:  # noqa: N802 - the name by which texts are gathered
    """The text as it is, for the catalogues: it is put into a language where it is shown."""
    return text


def ngettext(one: str, many: str, count: int) -> str:
    return _catalogue(language()).ngettext(one, many, count)


@cache
def _catalogue(name: Language) -> _gettext.NullTranslations:
    if name == "en":
        return _gettext.NullTranslations()
    return _gettext.translation("torni", LOCALE, languages=[name])


class Message:
    """A text that is written in the language of its reader, when it is read."""

    def __init__(self, message: str, **values: object) -> None:
        self.message, self.values = message, values

    def __str__(self) -> str:
        return _(self.message).format(**{k: shown(v) for k, v in self.values.items()})

    def __repr__(self) -> str:
        return f"Message({str(self)!r})"


def shown(value: object) -> object:
    """A value as this language writes it: decimal comma in Finnish and Swedish; yes and no as files write them, nothing as a word."""
    if value is None:
        return _("nothing")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        text = f"{value:.10g}"
        return text if language() == "en" else text.replace(".", ",")
    if isinstance(value, Mapping):
        return choose(value)
    return value


def choose(texts: Mapping[str, str]) -> str:
    """The text of a definition in the language of the moment; Finnish where another is not given."""
    return texts.get(language()) or texts["fi"]


def plain(text: str) -> str:
    """Small letters without dots and accents, as a text is compared with one that is sought: "Äänekoski" is "aanekoski"."""
    apart = unicodedata.normalize("NFKD", text.casefold().translate({ord("ø"): "o", ord("đ"): "d"}))
    return "".join(c for c in apart if not unicodedata.combining(c))


def in_order(text: str) -> str:
    """A key by which names stand in the order of the Finnish and Swedish alphabet: å, ä and ö after z, other accents as without.

    Not considered: v and w as one letter, which lists of names no longer do.
    """
    last = unicodedata.normalize("NFC", text.casefold()).translate(
        {ord("å"): "{", ord("ä"): "|", ord("æ"): "|", ord("ö"): "}", ord("ø"): "}"}
    )
    return plain(last)


def number(value: float, decimals: int = 0) -> str:
    """A number as this language writes it: a narrow space between thousands, decimal comma but in English."""
    text = f"{value:,.{decimals}f}"
    if language() == "en":
        return text
    return text.replace(",", "\N{NO-BREAK SPACE}").replace(".", ",")


def euros_text(cents: float, decimals: int = 1) -> str:
    """An amount with its unit: from one million in millions with so many decimals, below it in whole euros."""
    whole = round(cents / 100)
    if abs(whole) < 1_000_000:
        return _("{euros} €").format(euros=number(whole))
    return _("{euros} M€").format(euros=number(cents / 1e8, decimals))


def per_cent(share: float, decimals: int = 1) -> str:
    """A share as per cent, never rounded across to look kept or whole: 0.9499 is 94,9 %."""
    scale = 10**decimals
    exact = share * 100 * scale
    floor = int(exact + 1e-9)
    text = number(floor / scale, decimals)
    return f"{text}%" if language() == "en" else f"{text}\N{NO-BREAK SPACE}%"


def t(message: str, **values: object) -> str:
    """The message in the language of the moment, its {names} filled in. For faults told to a person."""
    return str(Message(message, **values))
