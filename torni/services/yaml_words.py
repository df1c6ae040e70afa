"""What YAML could not read, in the reader's language: the reader of YAML itself knows only English, and words of its own inner parts."""

from __future__ import annotations

import re

import yaml

from torni.core.language import Message

# By what the reader of YAML says (libyaml 0.2, and PyYAML's own where libyaml is absent); the first that fits.
_SAID: tuple[tuple[str, Message], ...] = (
    ("mapping values are not allowed", Message("a colon stands where no value can begin")),
    ("found unexpected ':'", Message("a colon stands where no value can begin")),
    ("could not find expected ':'", Message("a colon is missing after a name")),
    ("block sequence entries are not allowed", Message("a list's hyphen stands where no list can begin")),
    ("expected '-' indicator|expected <block end>.*sequence", Message("a list's line does not begin with a hyphen")),
    ("expected ',' or '\\]'", Message("a list in [ ] is not closed, or a comma is missing in it")),
    ("expected ',' or '}'", Message("names and values in {{ }} are not closed, or a comma is missing between them")),
    ("found unexpected end of stream", Message("a quote is not closed before the file ends")),
    ("found a tab character|'\\\\t'", Message("a tab stands where spaces are expected")),
    ("cannot start any token", Message("a value begins with a character that needs quotes around it")),
    ("expected key|expected <block end>", Message("the line does not stand under the ones before it")),
    ("unknown escape character|escape character code|hexdecimal", Message("the character after \\ in quotes means nothing")),
    ("alphabetic or numeric", Message("a name is missing after & or *")),
    ("undefined alias", Message("a name after * stands for nothing written before")),
    ("single document|another document", Message("--- begins a second document in the same file")),
    ("document indicator|<document start>", Message("--- or ... stands where the value goes on")),
    ("directive", Message("a line begins with %, which only YAML's own directives do")),
    ("not allowed|octet|UTF|[Uu]nicode|surrogate|unacceptable character", Message("there are characters that no text has")),
    ("out of range|must be in|month|day", Message("a day or time is not in the calendar")),
)  # fmt: skip


def unreadable(error: Exception) -> str:
    """What is wrong, as a part of a sentence; of what is not known here, that the line is not as YAML is written."""
    said = (error.problem or error.context or "") if isinstance(error, yaml.MarkedYAMLError) else str(error)
    if isinstance(error, RecursionError):
        return str(Message("there are too many levels inside one another"))
    return str(next((told for known, told in _SAID if re.search(known, said)), Message("it is not written as YAML is")))
