"""How a command is added: what every command takes, its code read only when it is asked for, and its help in the reader's language."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable

from torni.core.language import LANGUAGES, _, spoken

Run = Callable[[argparse.Namespace], int]


def words() -> None:
    """argparse has its own words from gettext by the name `_`: from now on from our catalogue, by the language of the moment."""
    vars(argparse)["_"] = _


def known() -> tuple[str, ...]:
    """The words of argparse itself, for the catalogue."""
    return (
        _("usage: "), _("options"), _("positional arguments"), _("show this help message and exit"), _("%(prog)s: error: %(message)s\n"),
        _("the following arguments are required: %s"), _("unrecognized arguments: %s"), _("expected one argument"),
        _("expected at least one argument"), _("argument %(argument_name)s: %(message)s"), _("invalid %(type)s value: %(value)r"),
        _("invalid choice: %(value)r (choose from %(choices)s)"), _("ambiguous option: %(option)s could match %(matches)s"),
    )  # fmt: skip


def add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    told: str,
    run: str,
    *,
    region: bool = False,
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=told, description=told[0].upper() + told[1:] + ".", formatter_class=Help
    )
    parser.set_defaults(run=later(run))
    parser.add_argument(
        "--lang",
        choices=LANGUAGES,
        default=spoken(),
        help=_("language of the answer (default TORNI_LANG, else the environment's LANG, else fi)"),
    )
    parser.add_argument("--on", metavar="DATE", help=_("as of a day, such as 2026-01-31 (default today)"))
    if region:
        parser.add_argument(
            "--region",
            default="keski-suomi",
            metavar="NAME",
            help=_("a region or county by name (default keski-suomi)"),
        )
        parser.add_argument(
            "--real-only", action="store_true", help=_("leave the demonstration's invented units and sizes out")
        )
    return parser


def later(path: str) -> Run:
    """The command's code is read only when it is asked for, so that every command starts quickly."""

    def run(args: argparse.Namespace) -> int:
        import importlib

        module, _colon, name = path.partition(":")
        return int(getattr(importlib.import_module(module), name)(args))

    return run


class Step(argparse.Action):
    """Steps of a plan in the order they were written, whatever their kind."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        steps = list(getattr(namespace, self.dest) or [])
        assert isinstance(values, list) and option_string
        steps.append(f"{option_string.removeprefix('--')} {' '.join(values)}")
        setattr(namespace, self.dest, steps)


class Help(argparse.HelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(
            prog, max_help_position=32, width=max(20, min(100, shutil.get_terminal_size((100, 24)).columns))
        )
