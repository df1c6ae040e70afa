"""How answers look in a terminal: aligned tables, a mark that differs in form as well as colour."""

from __future__ import annotations

import os
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
    return max(60, min(120, shutil.get_terminal_size((100, 24)).columns))


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> None:
    """Rows under their header, columns aligned; long cells are not cut."""
    widths = [max([len(header[i]), *(len(r[i]) for r in rows)]) for i in range(len(header))]
    for n, row in enumerate([header, *rows]):
        cells = [
            cell.rjust(w) if i in right else cell.ljust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        ]
        line = "  ".join(cells).rstrip()
        print(painted(line, "2") if n == 0 else line)


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
