"""YAML read with the line of every field, so that a fault can be told by file, line, field and remedy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from torni.core import bounds
from torni.core.bounds import Unreadable
from torni.core.faults import BadInput, Fault
from torni.core.language import t
from torni.services.faulty import faults_of
from torni.services.yaml_words import unreadable

Loc = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)
_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NUMBER = re.compile(r"[-+0-9_.:eEa-fA-FxXoO]+")  # as YAML may write one; 1:30 is ninety there

_MOMENT = "tag:yaml.org,2002:timestamp"
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
# 0123 is eighty-three to YAML, 12:30 seven hundred and fifty, 1_205 and 0x10 numbers: nobody who writes them means so
_PLAIN = re.compile(r"[-+]?(0|[1-9][0-9]*)?(\.[0-9]*)?([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class Document:
    """The plain content of one YAML file, with the line of each field. `files`: of a text laid on another, whose line it is."""

    def __init__(self, name: str, content: Any, lines: dict[Loc, int], files: dict[Loc, str] | None = None) -> None:
        self.name, self.content, self.lines, self.files = name, content, lines, files or {}

    def where(self, loc: Loc) -> str:
        """File, line and field; the nearest field above when this one is absent."""
        known = self.nearest(loc)
        dotted = ".".join(str(part) for part in loc)
        return f"{self.file(loc)}:{self.lines.get(known, 1)}" + (f": {dotted}" if dotted else "")

    def file(self, loc: Loc) -> str:
        """The file that has the field: of a text laid on another, either of the two."""
        return self.files.get(self.nearest(loc), self.name)

    def nearest(self, loc: Loc) -> Loc:
        """The field itself where the file has it, or the nearest above."""
        while loc and loc not in self.lines:
            loc = loc[:-1]
        return loc


def read(path: Path, root: Path) -> Document | Fault:
    """The file's content, or the one fault that keeps it from being YAML. A file that has not changed is read once."""
    told = path.stat()
    try:
        return _read(path, root, told.st_mtime_ns, told.st_size)
    except BadInput as error:  # not kept: it is told in the language of its reader
        return error.faults[0]


@lru_cache(maxsize=1024)
def _read(path: Path, root: Path, _changed: int, size: int) -> Document:
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
    if size > 4 * bounds.MOST_CHARACTERS:  # UTF-8 has at most four bytes a character: not even opened
        raise BadInput(Fault(f"{name}:1", t("{n} characters; at most {most} are read", n=size, most=bounds.MOST_CHARACTERS), t("Divide it into parts of their own.")))  # fmt: skip
    try:
        found = read_text(path.read_text(encoding="utf-8"), name)
    except UnicodeDecodeError as error:
        raise BadInput(Fault(f"{name}:1", t("not UTF-8 text"), t("Save the file as UTF-8."))) from error
    if isinstance(found, Fault):
        raise BadInput(found)
    return found


def read_text(text: str, name: str, *, most: int = bounds.MOST_CHARACTERS) -> Document | Fault:
    """The same from a text of at most so many characters; `name` stands for the file in faults."""
    try:
        measured(text, most)
        loader = _Loader(text)
        node = loader.get_single_node()
        lines: dict[Loc, int] = {}
        if node is None:
            return Fault(f"{name}:1", t("the file is empty"), t("Write the definition, or remove the file."))
        if doubled := _walk(node, (), lines, told=True):
            return doubled.fault(name)
        return Document(name, loader.construct_document(node), lines)
    except Unreadable as error:
        return error.fault(name)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return Fault(
            f"{name}:{line}",
            t("not readable as YAML: {problem}", problem=unreadable(error)),
            t("Check indentation, colons and quotes on this line."),
        )
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return Fault(
            f"{name}:1",
            t("not readable as YAML: {problem}", problem=unreadable(error)),
            t("Check for invisible characters and impossible dates."),
        )


def measured(text: str, most: int) -> None:
    """Follow the text's marks one by one, nothing built of them, and raise Unreadable where it is past a limit.

    What libyaml builds it builds by calling itself, and ends the process where the nesting is deep; its marks alone it finds step
    by step. An alias weighs as much as what it stands for.
    """
    if fault := bounds.too_long(len(text), most):
        raise fault
    known: dict[str, tuple[int, int]] = {}  # what each anchor stands for: how many parts, how many levels
    around: list[
        tuple[str | None, int, int]
    ] = []  # each list and mapping not yet closed: its anchor, its parts, its levels
    loader = _Loader(text)
    while loader.check_event():
        event = loader.get_event()
        line = event.start_mark.line + 1
        if isinstance(event, yaml.CollectionStartEvent):
            around.append((event.anchor, 1, 1))
            _untagged(event, line)
            if len(around) > bounds.MOST_LEVELS:
                raise bounds.too_deep(line)
            continue
        if isinstance(event, yaml.ScalarEvent):
            anchor, parts, levels = event.anchor, 1, 0
            _untagged(event, line)
            if event.implicit[0] and len(event.value) > bounds.MOST_DIGITS and _NUMBER.fullmatch(event.value):
                raise bounds.too_large_a_number(line)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in known:
                raise Unreadable(line, t("*{name} stands for nothing written before", name=str(event.anchor)[:40]), t("Write the value where it is needed."))  # fmt: skip
            anchor, (parts, levels) = None, known[event.anchor]
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, parts, levels = around.pop()
        else:
            continue
        if anchor:
            known[anchor] = parts, levels
        if around:
            above, so_far, deepest = around[-1]
            around[-1] = above, so_far + parts, max(deepest, levels + 1)
            if so_far + parts > bounds.MOST_PARTS:
                raise bounds.too_many(line, bounds.MOST_PARTS)
            if len(around) + levels > bounds.MOST_LEVELS:
                raise bounds.too_deep(line)


def _untagged(event: Any, line: int) -> None:
    if event.tag:
        raise Unreadable(line, t('the tag "{found}" is not known here', found=event.tag[:40]), t("Write the value alone, in quotes where it is a text."))  # fmt: skip


@dataclass(frozen=True)
class Doubled:
    """The same name, or the same id in one list, on two lines: neither is taken."""

    name: str
    first: int
    second: int

    def fault(self, file: str) -> Fault:
        return Fault(f"{file}:{self.second}", t('"{name}" is written twice, first on line {n}', name=self.name, n=self.first), t("Keep one of the two."))  # fmt: skip


def doubled(text: str) -> Doubled | None:
    """The first name that the YAML text writes twice in one mapping, or id twice in one list. A reader alone would take the last."""
    node = _Loader(text).get_single_node()
    return _walk(node, (), {}) if node is not None else None


def _walk(node: yaml.Node, loc: Loc, lines: dict[Loc, int], *, told: bool = False) -> Doubled | None:
    """The first name written twice; fills `lines`. `told`: raise Unreadable for a number that YAML reads as another than it looks."""
    if told and node.tag in _NUMBERS and not _PLAIN.fullmatch(node.value):
        raise Unreadable(node.start_mark.line + 1, t('"{found}" would be read as another number than it looks', found=node.value[:40]), t("Write it in digits with a decimal point, such as 1205.50; a code or a time in quotes."))  # fmt: skip
    if told and isinstance(node, yaml.ScalarNode) and node.tag == _MOMENT and not _in_calendar(node):
        raise Unreadable(node.start_mark.line + 1, t('"{text}" is not a date', text=node.value[:40]), t("Write such as 2026-01-31."))  # fmt: skip
    lines.setdefault(loc, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise Unreadable(line, t("a name is expected"), t("Write a name and a colon before the value."))
            if key.value in seen:
                return Doubled(key.value, seen[key.value], line)
            seen[key.value] = line
            lines[(*loc, key.value)] = line
            if found := _walk(value, (*loc, key.value), lines, told=told):
                return found
    elif isinstance(node, yaml.SequenceNode):
        ids: dict[str, int] = {}
        for i, value in enumerate(node.value):
            if (id_ := _id_of(value)) is not None:
                if id_.value in ids:
                    return Doubled(id_.value, ids[id_.value], id_.start_mark.line + 1)
                ids[id_.value] = id_.start_mark.line + 1
            if found := _walk(value, (*loc, i), lines, told=told):
                return found
    return None


def _in_calendar(node: yaml.ScalarNode) -> bool:
    """Whether a text that looks like a day or a moment is one: 2026-02-30 is not."""
    try:
        yaml.SafeLoader("").construct_yaml_timestamp(node)
    except (ValueError, OverflowError):
        return False
    return True


def _id_of(node: yaml.Node) -> yaml.ScalarNode | None:
    """The id of a list's item, by which what differs is laid on it."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((v for k, v in pairs if k.value == "id" and isinstance(v, yaml.ScalarNode)), None)


def twice_in_folder(seen: dict[tuple[str, str], str], document: Document, kind: str) -> list[Fault]:
    """Names that another file of the same folder has written already: which file is read last must not decide. `seen` is kept."""
    content = document.content.get(kind) if isinstance(document.content, dict) else None
    faults = []
    for name in content if isinstance(content, dict) else ():
        where = document.where((kind, name))
        first = seen.setdefault((document.name.rpartition("/")[0], name), where)
        if first != where:
            faults.append(Fault(where, t('"{name}" is written in {place} as well', name=name, place=first), t("Keep one of the two.")))  # fmt: skip
    return faults


def parse(document: Document, model: type[Model]) -> Model | list[Fault]:
    """The document as a value, or all its faults."""
    try:
        return model.model_validate(document.content)
    except ValidationError as error:
        return faults_of(document, model, error.errors())
