"""What is read of an event's data, by the registers or in any SQL, is what some type declares: else it would be of no kind, and erased by luck."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.guided_life import TODAY
from torni.core.places import definitions
from torni.facts.registers import REGISTERS
from torni.services import load_library

TORNI = Path(__file__).parents[2] / "torni"
READ = re.compile(r"data\s*(?:->>?|\?)\s*'(\w+)'")
MADE = {"holds"}  # of a permit's state, not told by any event


@pytest.fixture(scope="module")
def library():
    return load_library(on=TODAY)


@pytest.mark.parametrize("register", REGISTERS, ids=lambda r: r.table)
def test_a_register_reads_what_its_types_declare_and_says_how_its_rows_are_erased(register, library):
    declared = {name for type_ in register.types for name in library.event_data[type_]}
    assert set(register.reads) <= declared, f"declare it in definitions/events/: {set(register.reads) - declared}"
    sql = " ".join([register.told, *register.keys.values(), *register.columns.values()])
    read = set(re.findall(r"(?:data|state|told)\s*(?:->>?|\?)\s*'(\w+)'", sql)) - MADE
    assert read <= set(register.reads), f"add to `reads` of the register {register.table}: {read - set(register.reads)}"
    assert bool(register.erased) == ("client" in register.keys), (
        "a register of clients says which of its rows go with one"
    )
    assert bool(register.heading) == ("client" in register.keys), "a register of clients is given out to the client"


def test_what_sql_reads_of_data_is_declared(library):
    declared = {name for fields in library.event_data.values() for name in fields}
    read = {}
    for path in [*TORNI.rglob("*.py"), *TORNI.rglob("*.sql")]:
        if "migrations" not in path.parts:
            read |= dict.fromkeys(READ.findall(path.read_text(encoding="utf-8")), path.name)
    undeclared = {name: file for name, file in read.items() if name not in declared}
    assert len(read) > 5 and undeclared == {}, "declare it in definitions/events/, with its kind and how it is erased"


def test_the_types_of_a_task_are_a_file_and_each_file_says_what_it_holds():
    files = sorted((definitions() / "events").glob("*.yaml"))
    assert len(files) > 1
    assert [f.name for f in files if not f.read_text(encoding="utf-8").startswith("# ")] == []
