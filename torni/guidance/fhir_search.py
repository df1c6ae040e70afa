"""A FHIR search as R4 has it: which parameters are used and how, what is refused, and the page of the answer.

A modifier that is not known is refused, for it would turn the question round. A parameter that is not known is left out, and the
answer says so: its self link names what was used, an outcome in it what was not; with `Prefer: handling=strict` it is refused.
Not considered: sorting, includes, chains.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

Resource = dict[str, Any]
TASK_STATUS = "http://hl7.org/fhir/task-status"
_BESIDE = ("_count", "_offset", "_summary", "_format", "_pretty")


def _base(text: str) -> str:
    """The characters that a string search compares: no case, no accents, no punctuation, blanks as one."""
    letters = (c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    plain = "".join(c for c in letters if not unicodedata.category(c).startswith("P"))
    return " ".join(plain.casefold().split())


def _plain(matches: Callable[[str, str], bool]) -> Callable[[str, str], bool]:
    # What is nothing but punctuation would otherwise be found everywhere.
    return lambda text, wanted: bool(_base(wanted)) and matches(_base(text), _base(wanted))


# R4, Search, string: case, accents, punctuation and blanks are ignored but by :exact, which a letter's written form
# (one character, or a letter and an accent) does not concern.
_STRING_MODIFIERS: dict[str, Callable[[str, str], bool]] = {
    "": _plain(str.startswith),
    "contains": _plain(lambda text, wanted: wanted in text),
    "exact": lambda text, wanted: unicodedata.normalize("NFC", text) == unicodedata.normalize("NFC", wanted),
}
_VALUE = re.compile(r"(?:\\.|[^,\\]|\\$)+")  # between commas, of which a backslash makes one a letter of the value
_TOKEN = re.compile(r"((?:\\.|[^|\\]|\\$)*)(\|?)(.*)", re.DOTALL)  # parted at the first bar that is none of its letters


class NotSearchable(ValueError):
    """Why the question is not answered."""


@dataclass(frozen=True)
class Search:
    """What was asked of one kind. `used`: the parameters that count, as asked. `ignored`: those that do not."""

    kind: str
    filters: tuple[tuple[str, str, tuple[str, ...]], ...]
    count: int | None
    offset: int
    only_total: bool
    used: tuple[tuple[str, str], ...]
    ignored: tuple[str, ...]

    def wants(self, resource: Resource) -> bool:
        """Does the resource meet every parameter? Values between commas are alternatives."""
        return all(_meets(resource, name, modifier, values) for name, modifier, values in self.filters)

    def page(self, found: Sequence[Resource]) -> tuple[Sequence[Resource], str, str]:
        """The resources of this page, and the self link's and the next page's query (empty where there is none)."""
        if self.only_total:
            return (), urlencode(self.used), ""
        end = len(found) if self.count is None else self.offset + self.count
        further = [(n, v) for n, v in self.used if n != "_offset"] + [("_offset", str(end))]
        return found[self.offset : end], urlencode(self.used), urlencode(further) if end < len(found) else ""


def parameters(kind: str) -> dict[str, str]:
    """What a kind is searched by, with the type of each."""
    return {"_id": "token", **({"status": "token"} if kind == "Task" else {"name": "string"})}


def asked(kind: str, given: Iterable[tuple[str, str]], *, strict: bool) -> Search:
    """The search that the parameters ask for, in their order; one without a value is as if it were not there. Raises NotSearchable."""
    filters: list[tuple[str, str, tuple[str, ...]]] = []
    used: list[tuple[str, str]] = []
    ignored: list[str] = []
    beside: dict[str, str] = {}
    for key, value in given:
        name, _, modifier = key.partition(":")
        if name in parameters(kind):
            if modifier and modifier not in (
                _STRING_MODIFIERS if name == "name" else ("not",) if name == "status" else ()
            ):
                raise NotSearchable(f"The modifier :{modifier} of {name} is not supported")
            if wanted := tuple(_VALUE.findall(value)):
                filters.append((name, modifier, wanted))
                used.append((key, value))
        elif key in _BESIDE and value:
            if key in beside:
                raise NotSearchable(f"{key} is given more than once")
            beside[key] = value
            used.append((key, value))
        elif value:
            ignored.append(key)
    if ignored and strict:
        raise NotSearchable(f"Not supported here: {', '.join(ignored)}; /fhir/metadata tells what is")
    if beside.get("_summary", "false") not in ("false", "count"):
        raise NotSearchable("_summary is count or false here")
    count, offset = _whole("_count", beside.get("_count")), _whole("_offset", beside.get("_offset")) or 0
    only_total = beside.get("_summary") == "count" or count == 0
    return Search(kind, tuple(filters), count, offset, only_total, tuple(used), tuple(ignored))


def _whole(name: str, text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise NotSearchable(f"{name} is a whole number, such as {name}=50")
    return int(text)


def _meets(resource: Resource, name: str, modifier: str, wanted: tuple[str, ...]) -> bool:
    if name == "name":
        return any(_STRING_MODIFIERS[modifier](str(resource.get("name", "")), _unescaped(w)) for w in wanted)
    if name == "_id":
        return any(_is(resource["id"], w, "") for w in wanted)
    return any(_is(str(resource.get("status")), w, TASK_STATUS) for w in wanted) != (modifier == "not")


def _is(code: str, token: str, of: str) -> bool:
    """A token, of a code of the system `of` (empty: of none): CODE, SYSTEM|CODE, |CODE of no system, SYSTEM| any code of the system."""
    found = _TOKEN.fullmatch(token)
    assert found is not None  # every text matches
    system, bar, wanted = found.groups()
    if not bar:
        return code == _unescaped(system)
    return _unescaped(system) == of and (code == _unescaped(wanted) or (not wanted and bool(of)))


def _unescaped(value: str) -> str:
    return re.sub(r"\\([,|$\\])", r"\1", value)


def is_json(named: str | None, accepts: str | None) -> bool:
    """Is JSON asked for, by `_format` or else by the Accept header? It is where neither says otherwise; a quality of 0 refuses."""
    json_ = {"json", "application/json", "application/fhir+json", "text/json"}
    if named:
        return named.partition(";")[0].strip().replace(" ", "+").lower() in json_
    quality = dict(_accepted(a) for a in (accepts or "").split(",") if a.strip())
    # Of ranges that fit, the most special counts (RFC 9110, 12.5.1).
    fits = [
        next((quality[k] for k in (kind, kind.partition("/")[0] + "/*", "*/*") if k in quality), 0.0) for kind in json_
    ]
    return not quality or max(fits) > 0


def _accepted(text: str) -> tuple[str, float]:
    """A media range of an Accept header and its quality, 1 where it tells none that can be read."""
    kind, *parameters = (part.strip().lower() for part in text.split(";"))
    told = [p.partition("=")[2].strip() for p in parameters if p.partition("=")[0].strip() == "q"]
    return kind, float(told[0]) if told and re.fullmatch(r"[01](\.\d*)?", told[0]) else 1.0
