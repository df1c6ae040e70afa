"""What is said of how a person's file was read reaches the person, whichever command or page reads the file."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from torni.cli import events, main
from torni.core.faults import BadInput, Fault
from torni.core.notes import hearing, note
from torni.network import own_data

ROOT = Path(__file__).parents[2]
ON = ["--on", "2026-11-22"]
SAID = "the names of the columns were found here"
TITLE = "Alueen omat tiedot 2026;;\n\n"
# Whoever calls the one reader of tables, and a command that comes there. The files are refused soon after, or name nobody.
READERS = {
    "torni/simulation/harmonise.py": (["harmonise", "t.csv"], "municipality;parameter;value\nNobodys;p;1\n"),
    "torni/supervision/billing_tables.py": (["reconcile", "."], ""),
    "torni/guidance/replay.py": (["replay", "t.csv"], "service;on;verdict\nhome_care;once;granted\n"),
    "torni/sources/event_files.py": (["import", "events", "t.csv"], "type;time;id;source\na;b;c;d\n"),
    "torni/sources/intake.py": (["reach", "--units", "t.csv"], "name;lon;lat\nA;here;62\n"),
    "torni/sources/own_units.py": (["check", "--region", "mine"], "unit_id,size,opening,producer\nA,XXL,,\n"),
}
# Who may hear: a command, a page, and what keeps it among the other doubts of an import.
HEARERS = {"torni/cli/main.py", "torni/web/views/records.py", "torni/network/own_data.py"}


def calling(name: str) -> set[str]:
    """The files of the product that call the function, but the one it stands in."""
    found = set()
    for path in (ROOT / "torni").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", None)) == name:
                found.add(path.relative_to(ROOT).as_posix())
    return found


def test_every_reader_of_tables_is_tried_here_and_nobody_else_hears() -> None:
    assert calling("read_rows") == set(READERS), "say which command comes to the new caller, and try it"
    assert calling("hearing") == HEARERS, "who hears a note must show it: see that the person gets it"
    assert calling("hearing") | set(READERS) >= calling("note") - {"torni/sources/tables.py"}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORNI_REGIONS", str(tmp_path / "regions"))

    def no_door(_region: str) -> Iterator[None]:
        raise BadInput(Fault("the door", "is not what is tried here"))

    monkeypatch.setattr(events, "_door", no_door)
    return tmp_path


@pytest.mark.parametrize("caller", READERS)
def test_a_title_above_the_names_is_told_by_each_command(here: Path, capsys: pytest.CaptureFixture[str], caller: str) -> None:  # fmt: skip
    command, content = READERS[caller]
    if caller == "torni/supervision/billing_tables.py":
        (here / "clients.csv").write_text(TITLE + "person;municipality\n1;179\n", encoding="utf-8")
        (here / "delivered.csv").write_text("event;person;on;formula\n", encoding="utf-8")
        (here / "charged.csv").write_text("charge;event;person;on;amount_eur\n", encoding="utf-8")
    elif "mine" in command:
        folder = own_data.new_region("mine", counties=[], municipalities=["Jämsä"]) / "demo"
        folder.mkdir()
        (folder / "sizes.csv").write_text(TITLE.replace(";", ",") + content, encoding="utf-8")
    else:
        (here / "t.csv").write_text(TITLE + content, encoding="utf-8")
    main([*command, *ON])
    told = capsys.readouterr()
    assert told.err.count(SAID) == 1 and "row 3" in told.err, told.err
    assert SAID not in told.out, "the answer is for machines too"


@pytest.mark.parametrize(
    ("command", "content"),
    [
        ("units", "nimi;laji;kunta;lon;lat\nA;terveysasema;Jämsä;25.19;61.86\n"),
        ("population", "x;y;asukkaat\n405000;6860000;7\n"),
    ],
)
def test_an_import_tells_it_among_its_doubts(here: Path, capsys: pytest.CaptureFixture[str], command: str, content: str) -> None:  # fmt: skip
    (here / "t.csv").write_text(TITLE + content, encoding="utf-8")
    main(["import", command, "t.csv", "--dry-run", *ON])
    told = capsys.readouterr()
    assert SAID in told.out and SAID not in told.err


@pytest.mark.parametrize("name", ["t.csv", "t.json", "t.jsonl"])
def test_a_file_of_events_that_is_not_utf_8_is_told(here: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    text = "type;time;id;source\nä;b;c;Jämsä\n" if name == "t.csv" else '{"type": "ä", "id": "Jämsä"}\n'
    (here / name).write_bytes(text.encode("cp1252"))
    assert main(["import", "events", name, *ON]) == 2
    assert "the file is not UTF-8; it was read as Windows-1252" in capsys.readouterr().err


def test_where_nobody_hears_it_is_a_warning() -> None:
    with pytest.warns(UserWarning, match="t.csv: two sheets"):
        note(Fault("t.csv", "two sheets"))


def test_the_nearest_hears() -> None:
    far: list[Fault] = []
    near: list[Fault] = []
    tell: Callable[[], None] = lambda: note(Fault("t.csv", "two sheets"))  # noqa: E731
    with hearing(far.append):
        with hearing(near.append):
            tell()
        tell()
    assert (len(far), len(near)) == (1, 1)
