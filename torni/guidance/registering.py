"""A resident who is not in the register yet, registered by whoever writes the need down: with the identity code, or with a number of the
organiser's own until there is one.

The form of the code: day of birth, a sign of the century, an individual number and a check sign (Digital and Population Data Services
Agency, the personal identity code; the signs Y, X, W, V, U and B to F since 2023). Written from general knowledge.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from torni.core.faults import BadInput, Fault
from torni.core.language import _, t
from torni.facts.door import HELSINKI, local_day
from torni.guidance.forms import day_of, raise_all
from torni.guidance.steps import SOURCE, Event

_FORM = re.compile(r"(\d\d)(\d\d)(\d\d)([-+YXWVUABCDEF])(\d{3})([0-9A-Y])")
_CENTURY = {"+": 1800, **dict.fromkeys("-YXWVU", 1900), **dict.fromkeys("ABCDEF", 2000)}
_CHECK = "0123456789ABCDEFHJKLMNPRSTUVWXY"
LANGUAGES = ("fi", "sv", "se", "en", "et", "ru", "uk", "so", "ar", "other")
FIRST_BORN = date(1900, 1, 1)


@dataclass(frozen=True)
class Identity:
    """A personal identity code that may be one: its text, and the day of birth that it tells."""

    code: str
    born: date


UNKNOWN_MUNICIPALITY = (
    "199"  # "not known" among the population register's numbers of municipalities: a registration names one
)


@dataclass(frozen=True)
class NewClient:
    """What is written of a new client. `identity`: empty where there is none. `municipality`: empty where it is not known."""

    name: str
    identity: str
    born: date
    municipality: str
    protected: bool
    language: str


def language_name(code: str) -> str:
    """A language of contact in words; a code that is not of the list as it is."""
    return {
        "fi": _("Finnish"), "sv": _("Swedish"), "se": _("Northern Sámi"), "en": _("English"), "et": _("Estonian"), "ru": _("Russian"),
        "uk": _("Ukrainian"), "so": _("Somali"), "ar": _("Arabic"), "other": _("another language"),
    }.get(code, code)  # fmt: skip


def looks_like_identity(text: str) -> bool:
    """Has somebody begun to write an identity code: six figures and a sign of the century?"""
    return re.match(r"\s*\d{6}[-+YXWVUABCDEF]", text.upper()) is not None


def identity_of(text: str) -> Identity:
    """The code as it is kept: capital letters, no spaces. A fault tells what is wrong with it."""
    code = re.sub(r"\s", "", text).upper()
    where = t("the identity code")
    found = _FORM.fullmatch(code)
    if found is None:
        raise BadInput(Fault(where, t("is not of its form"), t("Write such as 131052-308T, or leave it empty.")))
    day, month, year, sign, individual, check = found.groups()
    try:
        born = date(_CENTURY[sign] + int(year), int(month), int(day))
    except ValueError as error:
        raise BadInput(Fault(where, t("begins with a day that there is not"), t("Look at the first six figures."))) from error  # fmt: skip
    if _CHECK[int(day + month + year + individual) % 31] != check:
        raise BadInput(Fault(where, t("has a wrong check sign"), t("Look at each figure: one may be mistyped.")))
    return Identity(code, born)


def read(given: Mapping[str, str], municipalities: Mapping[str, object], *, today: date) -> NewClient:
    """The form of a new client, every fault at once. The day of birth comes from the identity code, where it is there."""
    faults = []
    name = " ".join(given.get("name", "").split())
    if not 2 <= len(name) <= 200:
        faults.append(Fault(t("the name"), t("is missing or too long"), t("Write the first name and the last name.")))
    identity, born = "", None
    try:
        if given.get("identity"):
            told = identity_of(given["identity"])
            identity, born = told.code, told.born
        else:
            born = day_of(given.get("born", ""), t("the day of birth"))
            if born is None:
                faults.append(Fault(t("the day of birth"), t("is missing"), t("Write it, or the identity code.")))
    except BadInput as error:
        faults += error.faults
    if born is not None and not FIRST_BORN <= born <= today:
        faults.append(Fault(t("the day of birth"), t("cannot be"), t("Correct the day.")))
    municipality = given.get("municipality", "")
    if municipality and municipality not in municipalities:
        faults.append(Fault(t("the home municipality"), t("is not of the list"), t("Choose one of the list.")))
    language = given.get("language", "")
    if language not in LANGUAGES:
        faults.append(Fault(t("the language"), t("is not chosen"), t("Choose one of the list.")))
    raise_all(faults)
    assert born is not None
    return NewClient(name, identity, born, municipality, given.get("protected") == "yes", language)


def register(new: NewClient, client: int, *, by: str, at: datetime) -> Event:
    """The client's registration, in force from the beginning of the day, so that what is written of the same day is written of them."""
    data = {
        "name": new.name, "born": str(new.born), "municipality": new.municipality or UNKNOWN_MUNICIPALITY, "protected": new.protected, "language": new.language, "by": by,
        **({"identity": new.identity} if new.identity else {}),
    }  # fmt: skip
    since = datetime.combine(local_day(at), time(0), HELSINKI)
    return {"source": SOURCE, "id": f"resident.registered/{client}", "type": "resident.registered", "at": since, "client": client, "data": data}  # fmt: skip
