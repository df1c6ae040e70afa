"""What a room brings is declared in `torni/core/rooms.py`, and no room names what one above or beside it brings: Python's imports are held
by import-linter, what stands in texts (SQL, types of events) here. The lists of exemptions may only shrink."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from torni.core.places import definitions
from torni.core.rooms import FUNCTIONS, ROOMS, Room

ROOT = Path(__file__).parents[2]
TORNI = ROOT / "torni"
CONTRACT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"][0]
LAYERS = [[name.strip().removeprefix("torni.") for name in line.split("|")] for line in CONTRACT["layers"]]
HEIGHT = {room: -n for n, line in enumerate(LAYERS) for room in line}
EVENTS = {
    room.folder: {type_ for name in room.events for type_ in yaml.safe_load((definitions() / "events" / f"{name}.yaml").read_text(encoding="utf-8"))["events"]}
    for room in ROOMS
}  # fmt: skip
# What a lower room still names of the event types of those above. Take a line away when it is mended; add none.
ALLOWED = {
    "facts/deliver.py": {"plan.sent", "plan.recalled"},
    "facts/present.sql": {"need.reported", "plan.sent", "plan.opened", "plan.recalled"},
    "facts/registers.py": {"case_manager.named"},
    "facts/webhooks.py": {"plan.sent"},
    "facts/worklists.py": {"plan.sent", "service.started", "service.ended"},
    "promises/sums.py": {"decision.made", "visit.planned"},
}


def sources(folder: str) -> Iterator[tuple[str, str]]:
    for path in sorted((TORNI / folder).rglob("*")):
        if path.suffix in (".py", ".sql") and "migrations" not in path.parts:
            yield path.relative_to(TORNI).as_posix(), path.read_text(encoding="utf-8")


def above(folder: str) -> list[Room]:
    return [room for room in ROOMS if HEIGHT[room.folder] > HEIGHT[folder]]


def beside(folder: str) -> list[Room]:
    return [room for room in ROOMS if room.folder != folder and HEIGHT[room.folder] == HEIGHT[folder]]


def test_every_type_of_event_is_a_rooms():
    files = sorted(path.stem for path in (definitions() / "events").glob("*.yaml"))
    told = sorted(name for room in ROOMS for name in room.events)
    assert told == files, (
        "name each file of definitions/events/ once, in the `events` of the Room it is of: torni/core/rooms.py"
    )


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.folder)
def test_a_room_declares_what_its_text_makes_in_the_database(room):
    if room.folder == "facts":
        return  # its own stand in the table of rights, held against the database's catalogue
    path = TORNI / room.folder / "present.sql"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    made = set(re.findall(r"CREATE (?:FUNCTION|VIEW|AGGREGATE) (\w+)", text))
    assert made == set(room.functions), (
        f"Room({room.folder!r}) in torni/core/rooms.py: functions={{name: who may call it}} of {path}"
    )
    assert "OR REPLACE" not in text and not re.search(r"\b(GRANT|REVOKE|CREATE TABLE)\b", text), (
        "rights come from the declaration, tables from a migration"
    )


@pytest.mark.parametrize("folder", [line for lines in LAYERS for line in lines])
def test_no_room_calls_a_function_of_a_room_above_or_beside_it(folder):
    others = {name for room in (*above(folder), *beside(folder)) for name in room.functions}
    found = {
        f"{file}: {name}" for file, text in sources(folder) for name in others if re.search(rf"\b{name}\s*\(", text)
    }
    assert not found, "tasks meet only through facts: let the page pass what it has read"


@pytest.mark.parametrize("folder", [line for lines in LAYERS for line in lines])
def test_no_room_names_the_events_of_a_room_above_it(folder):
    """Those of a room beside it are facts, by which tasks meet."""
    others = {type_ for room in above(folder) for type_ in EVENTS[room.folder]}
    found = {
        file: named
        for file, text in sources(folder)
        if (named := {t for t in others if re.search(rf"['\"]{re.escape(t)}['\"]", text)})
    }
    assert found == {file: named for file, named in ALLOWED.items() if file.split("/")[0] == folder}, (
        "declare what differs, and pass it down"
    )


def test_the_functions_of_two_rooms_have_names_of_their_own():
    assert len(FUNCTIONS) == sum(len(room.functions) for room in ROOMS)


def test_the_table_of_what_a_change_takes_names_files_that_there_are():
    table = (ROOT / "docs/explanation/what-a-change-takes.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 12
    for _empty, change, files, held, _end in rows:
        named = [
            path for path in re.findall(r"`([\w./-]+)`", files + held) if "/" in path and not path.startswith("./")
        ]
        assert named, change
        assert not [path for path in named if not (ROOT / path).exists()], change
