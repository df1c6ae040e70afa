"""How an answer on the command line ends: 0 all kept, 1 some broken, 2 bad input."""

from __future__ import annotations

import os
import sys
from datetime import date

from torni.cli.adding import words
from torni.cli.asked import parser
from torni.cli.show import notes_beside
from torni.core.bars import Bars
from torni.core.clock import today
from torni.core.faults import BadInput, bad_input
from torni.core.language import speaking, spoken, t
from torni.core.notes import hearing
from torni.core.progress import showing
from torni.sources.written import day_told


def main(arguments: list[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    with speaking(_asked_for(given) or spoken()):  # help and its faults are told before anything is read
        words()
        asked = parser()
        args = asked.parse_args(given)
        if not hasattr(args, "run"):
            (args.parser if hasattr(args, "parser") else asked).print_help()
            return 0
    with speaking(args.lang), hearing(notes_beside()), showing(Bars()):
        try:
            args.on = _day(args.on)
            return int(args.run(args))
        except BadInput as error:
            print(error, file=sys.stderr)
            return 2
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except OSError as error:
            where = str(error.filename or "")
            told = t("cannot be read or written: {reason}", reason=error.strerror or error)
            print(bad_input(where, told, t("Check the path and its permissions.")), file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            return 130


def _asked_for(arguments: list[str]) -> str | None:
    """The language that the arguments ask for, before they are read."""
    for one, after in zip(arguments, [*arguments[1:], ""], strict=True):
        if one == "--lang" or one.startswith("--lang="):
            return after if one == "--lang" else one.removeprefix("--lang=")
    return None


def _day(text: str | None) -> date:
    if text is None:
        return today()
    return day_told("--on", text)
