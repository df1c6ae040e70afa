"""What a room brings is declared in `torni/core/rooms.py`, and no room names what one above or beside it brings: Python's imports are held
by import-linter, what stands in texts (SQL, types of events) here. The lists of exemptions may only shrink."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "torni.web.settings")
from torni.core.brought import Brings, Job, found, names
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
    "facts/present.sql": {"need.reported"},
    "facts/registers.py": {"case_manager.named"},
    "promises/sums.py": {"visit.planned"},
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
    """Those of a room beside it are facts, by which tasks meet. The declaration of rooms itself names what they bring."""
    others = {type_ for room in above(folder) for type_ in EVENTS[room.folder]}
    found = {
        file: named
        for file, text in sources(folder)
        if file != "core/rooms.py" and (named := {t for t in others if re.search(rf"['\"]{re.escape(t)}['\"]", text)})
    }
    assert found == {file: named for file, named in ALLOWED.items() if file.split("/")[0] == folder}, (
        "declare what differs, and pass it down"
    )


def test_the_functions_of_two_rooms_have_names_of_their_own():
    assert len(FUNCTIONS) == sum(len(room.functions) for room in ROOMS)


def test_every_message_is_an_event_of_the_room_that_declares_it():
    for room in ROOMS:
        assert {*room.messages} <= EVENTS[room.folder], f"messages of Room({room.folder!r}) in torni/core/rooms.py"


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.folder)
def test_what_a_room_brings_is_there(room):
    """Each function that it names, each template, each task of the menu; and nothing lies in its folder that it does not declare."""
    from torni.web.menu import TASKS

    folder = TORNI / room.folder
    templates = {path.name for path in folder.glob("templates/*.html")} if room.folder != "web" else set()
    assert room.brings == (folder / "brings.py").exists(), f"Room({room.folder!r}, brings=True) in torni/core/rooms.py"
    if not room.brings:
        assert not templates
        return
    brings = found(f"torni.{room.folder}.brings:BRINGS")
    for named in names(brings):
        assert named.startswith(f"torni.{room.folder}."), f"{named} is another room's"
        assert callable(found(named))
    assert {page.template for page in brings.pages} == templates, "a Page names each template of its folder"
    assert not templates & {path.name for path in TORNI.glob("web/templates/*.html")}, "a template of the house has it"
    for page in brings.pages:
        assert (page.form is None) == (page.sends is None), f"{page.address}: who may send its form, and what does it"
        assert page.here in {entry.key for task in TASKS for entry in task.entries}
    assert {entry.task for entry in brings.entries} <= {task.key for task in TASKS}
    assert {*brings.groups} == {*brings.commands}


def test_a_name_that_leads_nowhere_is_told():
    for named in ("torni.producers.pages:nothing", "torni.producers.nowhere:at_all"):
        with pytest.raises(LookupError, match=named):
            found(named)


def test_what_rooms_bring_is_gathered_by_the_upper_layers_alone():
    """A lower room that gathered it would reach what stands above it, past the contract of imports."""
    upper = ("web", "cli", "tower")
    for path in TORNI.rglob("*.py"):
        if path.relative_to(TORNI).parts[0] not in (*upper, "core"):
            assert not re.search(r"\b(brought|found)\(", path.read_text(encoding="utf-8")) or "core.brought" not in path.read_text(encoding="utf-8"), path  # fmt: skip


def test_a_rooms_job_is_gathered_with_those_of_the_house():
    import procrastinate

    from torni.tower.jobs import gather

    into = procrastinate.Blueprint()
    gather(into, [Brings(jobs=(Job("count_prices", "0 4 * * *", "torni.producers.vouchers:prices"),))])
    assert "count_prices" in into.tasks and into.tasks["count_prices"].queueing_lock == "count_prices"
    assert [task.cron for task in into.periodic_registry.periodic_tasks.values()] == ["0 4 * * *"]


def test_a_new_page_command_or_message_of_the_pilot_touches_three_files_outside_it_at_most():
    """What stands of deliveries outside the room: nothing names them but its declaration of messages and functions."""
    outside = {
        path.relative_to(TORNI).as_posix()
        for path in TORNI.rglob("*")
        if path.suffix in (".py", ".sql", ".html") and path.parts[len(TORNI.parts)] not in ("producers", "locale") and "migrations" not in path.parts
        and re.search(r"producers[./](pages|commands|deliver|brings)|deliveries\.html|webhooks_shown", path.read_text(encoding="utf-8"))
    }  # fmt: skip
    assert outside <= {"core/rooms.py", "core/brought.py"}


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
