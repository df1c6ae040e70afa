"""How an answer looks in a terminal: it fits its width, speaks the environment's language, and long work is told beside it."""

import io
import os
import pty
import re
import time
from contextlib import redirect_stderr, redirect_stdout, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torni.cli import main
from torni.cli.show import table
from torni.core.bars import Bars, share_text, time_text
from torni.core.language import Message, speaking, spoken
from torni.core.progress import each, showing, working


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "fi"),
        ({"LANG": "C.UTF-8"}, "fi"),
        ({"LANG": "POSIX", "LANGUAGE": "sv"}, "fi"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "sv_FI.UTF-8"}, "sv"),
        ({"LANG": "sv_FI.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "sv_SE"}, "sv"),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": ""}, "en"),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "de:sv:en"}, "sv"),
        ({"LANG": "de_DE.UTF-8"}, "fi"),
        ({"LANG": "en_US.UTF-8", "TORNI_LANG": "sv"}, "sv"),
        ({"LANG": "fi_FI@euro"}, "fi"),
    ],
)
def test_the_environment_says_the_language(environment, language):
    """As other programs read it; Finnish where it says none, or none of ours."""
    assert spoken(environment) == language


def printed(monkeypatch, columns, *args, **options):
    monkeypatch.setenv("COLUMNS", str(columns)) if columns else monkeypatch.delenv("COLUMNS", raising=False)
    out = io.StringIO()
    with redirect_stdout(out):
        table(*args, **options)
    return out.getvalue().splitlines()


HEAD = ["", "value", "promise in words", "where"]
ROWS = [
    ["✓", "1 234", "every resident reaches a centre of size S in thirty minutes", "Petäjävesi"],
    ["\033[31m✗\033[0m", "2", "short", "x"],
]


def test_a_row_is_a_line_where_a_program_reads_it(monkeypatch):
    lines = printed(monkeypatch, None, HEAD, ROWS, right=(1,))
    assert len(lines) == 3
    assert lines[1].startswith("✓  1 234  every resident")


def test_long_cells_go_on_under_themselves(monkeypatch):
    lines = printed(monkeypatch, 60, HEAD, ROWS, right=(1,))
    assert lines[1:3] == [
        "✓  1 234  every resident reaches a centre of      Petäjävesi",
        "          size S in thirty minutes",
    ]
    assert lines[3].endswith("     2  short                                   x")


def test_a_row_stands_alone_where_its_words_do_not_fit_beside_each_other(monkeypatch):
    lines = printed(monkeypatch, 24, HEAD, [["", "1", "centre.s_within_30_min", "Jyväskylä"]])
    assert lines == ["value: 1", "promise in words:", "    centre.s_within_30_min", "where: Jyväskylä"]


@given(
    rows=st.lists(st.lists(st.text("ab ä", max_size=40), min_size=3, max_size=3), min_size=1, max_size=4),
    columns=st.integers(50, 140),
)
def test_no_line_is_wider_than_the_terminal_and_nothing_is_lost(rows, columns):
    rows = [[" ".join(w[:14] for w in cell.split()) for cell in row] for row in rows]
    with pytest.MonkeyPatch.context() as patch:
        lines = printed(patch, columns, ["one", "two", "three"], rows)
    assert all(len(line) <= columns for line in lines)
    assert sorted("".join(lines).replace(" ", "")) == sorted(
        "onetwothree" + "".join(map("".join, rows)).replace(" ", "")
    )


def test_work_that_nobody_shows_is_done_all_the_same():
    assert list(each("abc", Message("The promises"))) == ["a", "b", "c"]
    with working(Message("The promises")) as done:
        done(1)


@pytest.mark.parametrize(
    ("part", "told"), [(1, r"25 %, about \d+ s left"), (0.2, r"5 %, about \d+ s left"), (0.1, r"2 %, \d+ s so far")]
)
def test_long_work_is_a_plain_line_now_and_then_where_there_is_no_terminal(monkeypatch, part, told):
    """On the standard error; work done in a moment says nothing, and nothing is guessed of what is left while little is done."""
    monkeypatch.setattr("torni.core.bars.LINE_AFTER_S", 0.02)
    monkeypatch.delenv("TORNI_PROGRESS", raising=False)
    err, out = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), speaking("en"), showing(Bars()):
        list(each("ab", Message("The promises")))
        with working(Message("The promises"), 4) as done:
            done(part)
            until = time.monotonic() + 5
            while "\n" not in err.getvalue() and time.monotonic() < until:
                time.sleep(0.01)
    assert out.getvalue() == ""
    assert re.fullmatch(rf"The promises: {told}\n", err.getvalue())


def test_long_work_can_be_asked_to_be_quiet(monkeypatch):
    monkeypatch.setattr("torni.core.bars.LINE_AFTER_S", 0.0)
    monkeypatch.setenv("TORNI_PROGRESS", "no")
    err = io.StringIO()
    with redirect_stderr(err), showing(Bars()), working(Message("The promises"), 4):
        time.sleep(0.05)
    assert err.getvalue() == ""


def test_long_work_is_a_bar_in_a_terminal(monkeypatch):
    """With its name, its share and what is left, by the language of the one who asked."""
    monkeypatch.setattr("torni.core.bars.BAR_AFTER_S", 0.0)
    monkeypatch.delenv("TORNI_PROGRESS", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    seen = b""
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal, speaking("en"):
        bars = Bars(terminal)
        with showing(bars), working(Message("The promises"), 400) as done:
            for n in range(400):
                done(n)
                time.sleep(0.02)
                with suppress(BlockingIOError):
                    seen += os.read(ours, 65536)
                if b"left" in seen:
                    break
    os.close(ours)
    text = seen.decode(errors="replace")
    assert "The promises" in text
    assert "%" in text
    assert "left" in text


def test_a_share_is_not_a_hundred_before_the_end():
    with speaking("en"):
        assert [share_text(s) for s in (0.004, 0.5, 0.9999, 1.0)] == ["0 %", "50 %", "99 %", "100 %"]
        assert [time_text(s, 35) for s in (None, 12, 600)] == ["35 s so far", "about 12 s left", "about 10 min left"]


@pytest.mark.parametrize(
    ("asked", "begins"), [(["--help"], "käyttö: torni"), (["check", "--lang", "sv", "--help"], "användning: torni")]
)
def test_help_speaks_the_same_language_as_answers(monkeypatch, capsys, asked, begins):
    monkeypatch.delenv("TORNI_LANG")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    with pytest.raises(SystemExit):
        main(asked)
    assert capsys.readouterr().out.startswith(begins)


def test_a_fault_of_the_command_itself_speaks_it_too(monkeypatch, capsys):
    monkeypatch.setenv("TORNI_LANG", "fi")
    with pytest.raises(SystemExit) as done:
        main(["explain"])
    assert done.value.code == 2
    assert "torni explain: virhe: puuttuu: PROMISE" in capsys.readouterr().err
