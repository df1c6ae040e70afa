"""How an answer on the command line ends: 0 all kept, 1 some broken, 2 bad input."""

from __future__ import annotations

import os
import sys
from datetime import date

from torni.cli.asked import parser
from torni.cli.show import notes_beside
from torni.core.clock import today
from torni.core.faults import BadInput, bad_input
from torni.core.language import speaking, t
from torni.core.notes import hearing
from torni.sources.written import day_told


def main(arguments: list[str] | None = None) -> int:
    asked = parser()
    args = asked.parse_args(arguments)
    if not hasattr(args, "run"):
        (args.parser if hasattr(args, "parser") else asked).print_help()
        return 0
    with speaking(args.lang), hearing(notes_beside()):
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


def _day(text: str | None) -> date:
    if text is None:
        return today()
    return day_told("--on", text)
