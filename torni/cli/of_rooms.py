"""The commands that the rooms bring: each is given the room's connection and its values, and what it returns is printed here."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import TypeAlias

from torni.core.brought import Rows, brought, found
from torni.core.language import _

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add(commands: Commands, one: Callable[..., argparse.ArgumentParser], help_: type[argparse.HelpFormatter]) -> None:
    """Every room's commands, among those of the house; `one` adds a command with what all take."""
    for room in brought():
        for name, told in room.groups.items():
            group = commands.add_parser(name, help=_(told), formatter_class=help_)
            group.set_defaults(parser=group)
            parts = group.add_subparsers(metavar="WHAT", title=_("what"))
            for command in room.commands[name]:
                made = one(parts, command.name, _(command.told), "torni.cli.of_rooms:run")
                made.set_defaults(asked=command.run, values=[o.name for o in command.options])
                for o in command.options:
                    made.add_argument(
                        o.name,
                        metavar=o.metavar,
                        help=_(o.told) if o.told else None,
                        type=o.kind,
                        nargs="?" if o.optional else None,
                    )


def run(args: argparse.Namespace) -> int:
    from torni.facts import opening  # what only a command needs is read only when one is asked for
    from torni.facts.postgres import server

    command = found(args.asked)
    with server() as database:
        opening.prepare(database.url)
        with opening.connect(database.url, autocommit=True) as connection:
            printed(command(connection, **{name: getattr(args, name) for name in args.values}))
    return 0


def printed(parts: Iterable[str | Rows]) -> None:
    """Each line and table as it comes."""
    from torni.cli.show import mark, table

    for part in parts:
        if isinstance(part, Rows):
            rows = [[mark(state), *row] for state, row in zip(part.states, part.rows, strict=True)]
            table(["", *part.heads], rows, right=[n + 1 for n in part.right])
        else:
            print(part)
