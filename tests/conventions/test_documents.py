"""Documents tell today's truth: every console session, Python example, link and the notebook is run."""

import contextlib
import doctest
import io
import re
import shlex
from pathlib import Path

import pytest

from torni.cli import main

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
FENCE = re.compile(r"^```(\w+)[ ]?([^\n]*)\n(.*?)^```$", re.M | re.S)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", [p for p in DOCUMENTS if "```console" in p.read_text(encoding="utf-8")], ids=name)
def test_console_sessions_print_what_the_document_says(path, tmp_path, monkeypatch):
    """`...` on a line of its own stands for any lines, and within a line for any text."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORNI_REGIONS", "regions")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TORNI_PROGRESS", "no")
    for kind, argument, body in FENCE.findall(path.read_text(encoding="utf-8")):
        if kind == "file":
            Path(argument).parent.mkdir(parents=True, exist_ok=True)
            Path(argument).write_text(body, encoding="utf-8")
        if kind != "console":
            continue
        for command, expected in re.findall(r"^\$ ([^\n]*)\n((?:(?!^\$ ).*\n)*)", body, re.M):
            words = shlex.split(command)
            assert words[0] == "torni"
            out = io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
                main(words[1:])
            pattern = re.escape(expected.strip()).replace(r"\.\.\.", ".*")
            assert re.fullmatch(pattern, out.getvalue().strip(), re.S), f"$ {command}\n{out.getvalue()}"


@pytest.mark.parametrize("path", [p for p in DOCUMENTS if ">>>" in p.read_text(encoding="utf-8")], ids=name)
def test_python_examples_give_what_the_document_says(path):
    text = "\n".join(
        body for kind, needs, body in FENCE.findall(path.read_text(encoding="utf-8")) if kind == "python" and not needs
    )  # what needs a demonstration is run where there is one: tests/unit/test_notebook.py
    test = doctest.DocTestParser().get_doctest(text, {}, path.name, str(path), 0)
    runner = doctest.DocTestRunner()
    runner.run(test)
    assert runner.summarize(verbose=False).failed == 0


def test_the_package_docstring_is_true():
    import torni

    assert doctest.testmod(torni).failed == 0


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target


def test_the_notebook_runs(tmp_path, monkeypatch):
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    notebook = nbformat.read(ROOT / "docs" / "tutorials" / "first-check.ipynb", as_version=4)
    NotebookClient(
        notebook, timeout=180, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()


@pytest.mark.parametrize("path", sorted((ROOT / "definitions").rglob("*.yaml")), ids=name)
def test_every_definition_file_is_in_the_reference_or_is_a_list(path):
    """Every service has its page in the reference; every parameter its row."""
    if "services" not in path.parts:
        return
    reference = (ROOT / "docs" / "reference" / "promises.md").read_text(encoding="utf-8")
    assert f"`definitions/{path.relative_to(ROOT / 'definitions').as_posix()}`" in reference


def test_every_shipped_file_states_its_source_and_licence():
    import yaml

    from torni.sources.shipped import DATA

    stated = yaml.safe_load((DATA / "SOURCES.yaml").read_text(encoding="utf-8"))
    assert {p.name for p in DATA.iterdir() if p.suffix in (".parquet", ".csv")} == set(stated)
    assert all({"what", "source", "year", "licence"} <= set(entry) for entry in stated.values())
    told = [entry[key] for entry in stated.values() for key in ("what", "note") if key in entry]
    assert all(set(text) == {"fi", "sv", "en"} and len(set(text.values())) == 3 for text in told)


def test_no_file_is_a_second_subject_waiting_to_happen():
    """Past 500 lines, look for a second subject."""
    long = [name(p) for p in ROOT.glob("torni/**/*.py") if len(p.read_text(encoding="utf-8").splitlines()) > 500]
    assert long == []


def test_what_the_page_of_threats_names_is_there():
    """A wall is told only with the test that holds it."""
    page = (ROOT / "docs" / "explanation" / "threats.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith(("| may", "|---"))]
    assert len(rows) > 15
    for row in rows:
        named = re.findall(r"`([\w./]+\.py|\.ci/run)`", row.rsplit("|", 2)[1])
        assert named and all((ROOT / "tests" / n).is_file() or (ROOT / n).is_file() for n in named), row
