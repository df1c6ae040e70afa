"""How answers look in a terminal: aligned tables, a mark that differs in form as well as colour."""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence

from torni.core.faults import Fault
from torni.core.language import t

_MARKS = {"broken": ("✗", "31"), "kept": ("✓", "32"), "unknown": ("?", "33")}


def mark(state: str) -> str:
    sign, colour = _MARKS[state]
    return painted(sign, colour)


def painted(text: str, colour: str) -> str:
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        return f"\033[{colour}m{text}\033[0m"
    return text


def width() -> int:
    """Columns for running text."""
    return max(20, min(120, shutil.get_terminal_size((100, 24)).columns))


def fitted() -> int | None:
    """The columns that an answer has to fit in: the terminal's, or as COLUMNS says; None where a program reads it, and a row is a line."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return int(given)
    return shutil.get_terminal_size((0, 0)).columns or None if sys.stdout.isatty() else None


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> None:
    """Rows under their header, columns aligned, nothing cut: what does not fit in the terminal goes on under itself, and where even
    that is too narrow each row stands alone, a line a column."""
    every = [header, *rows]
    space = fitted()
    widths = [max(map(_seen, column)) for column in zip(*every, strict=True)]
    if space is not None:
        narrow = _narrowed(widths, [max(map(_least, column)) for column in zip(*every, strict=True)], space)
        if narrow is None:
            return _alone(header, rows)
        widths = narrow
    for n, row in enumerate(every):
        cells = [_wrapped(cell, w) for cell, w in zip(row, widths, strict=True)]
        for k in range(max(map(len, cells))):
            parts = [c[k] if k < len(c) else "" for c in cells]
            line = "  ".join(_aligned(p, w, i in right) for i, (p, w) in enumerate(zip(parts, widths, strict=True)))
            print(painted(line.rstrip(), "2") if n == 0 else line.rstrip())
    return None


_COLOUR = re.compile("\033\\[[0-9;]*m")


def _seen(cell: str) -> int:
    """The columns that a cell takes: its colours take none."""
    return len(_COLOUR.sub("", cell))


def _least(cell: str) -> int:
    """The narrowest that a cell can be: its longest word, after what it is set in by."""
    if _COLOUR.search(cell):
        return _seen(cell)
    indent = len(cell) - len(cell.lstrip(" "))
    return indent + max(map(len, _words(cell)), default=0)


def _words(text: str) -> list[str]:
    return [word for word in text.split(" ") if word]


def _narrowed(widths: list[int], least: list[int], space: int) -> list[int] | None:
    """The widest columns made narrower, none below its longest word, until the row fits; None where it cannot."""
    over = sum(widths) + 2 * (len(widths) - 1) - space
    if sum(least) + 2 * (len(least) - 1) > space:
        return None
    widths = list(widths)
    while over > 0:
        widest = max((i for i in range(len(widths)) if widths[i] > least[i]), key=lambda i: widths[i])
        widths[widest] -= 1
        over -= 1
    return widths


def _wrapped(cell: str, wide: int) -> list[str]:
    if _seen(cell) <= wide:
        return [cell]
    indent = cell[: len(cell) - len(cell.lstrip(" "))]
    return textwrap.wrap(cell, wide, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False) or [""]


def _aligned(part: str, wide: int, right: bool) -> str:
    space = " " * (wide - _seen(part))
    return space + part if right else part + space


def _alone(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Each row by itself, its columns under each other by their names."""
    for n, row in enumerate(rows):
        if n:
            print()
        for head, cell in zip(header, row, strict=True):
            if told := cell.strip():
                opening = f"{head.strip()}: " if head.strip() else ""
                if _seen(opening + told) <= width():
                    print(opening + told)
                else:
                    print(opening.rstrip())
                    print("\n".join(f"    {line}" for line in _wrapped(told, width() - 4)))


def in_line(text: str, indent: str = "") -> None:
    """One line; where it does not fit in the terminal, it goes on under itself."""
    space = fitted()
    if space is None or _seen(text) <= space:
        print(text)
        return
    lines, opening = [""], text[: len(text) - len(text.lstrip(" "))]
    for word in text.split(" "):
        if lines[-1].strip() and _seen(f"{lines[-1]} {word}") > space:
            lines.append(indent + word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else opening + word if word else ""
    print("\n".join(line.rstrip() for line in lines))


def paragraph(text: str, indent: str = "", first: str | None = None, *, hidden: int = 0) -> None:
    """A wrapped text. `first` opens its first line; `hidden` of its characters are colour, not width."""
    opening = indent if first is None else first
    lines = textwrap.wrap(text, width(), initial_indent=" " * (len(opening) - hidden), subsequent_indent=indent)
    print("\n".join([opening + lines[0].lstrip(), *lines[1:]]) if lines else opening)


def notes_beside() -> Callable[[Fault], None]:
    """Tells what a person should know of a file of theirs: beside the answer, so that a machine still reads the answer alone; each once."""
    told: set[Fault] = set()

    def tell(one: Fault) -> None:
        if not told:
            print(t("Worth a look (kept):"), file=sys.stderr)
        if one not in told:
            told.add(one)
            print(one, file=sys.stderr)

    return tell
