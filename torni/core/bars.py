"""Long work as a person sees it: a bar with what is left in a terminal, a plain line now and then elsewhere. Always on the standard
error: the standard output is the answer's alone.

Work that is done in a moment shows nothing. `TORNI_PROGRESS=no` keeps quiet, for a log or a timer.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from torni.core.language import Language, Message, _, language, number, speaking
from torni.core.progress import Done

if TYPE_CHECKING:
    from rich.progress import Progress

BAR_AFTER_S = 0.8
LINE_AFTER_S, LINE_EVERY_S = 2.0, 10.0
TOLD_FROM = 0.05  # of the work done: before that, the first parts alone would tell how long the rest takes


class Bars:
    """Shows work (`torni.core.progress.showing`) in a language: that of the moment when it is made, where none is given."""

    def __init__(self, stream: TextIO | None = None, *, spoken: Language | None = None) -> None:
        self.stream = stream or sys.stderr
        self.language = spoken or language()
        self.quiet = os.environ.get("TORNI_PROGRESS", "").casefold() in ("no", "0", "none")
        self._bars: _Terminal | None = None

    @contextmanager
    def __call__(self, name: Message, total: float | None) -> Iterator[Done]:
        with speaking(self.language):
            told = str(name)
        if self.quiet:
            yield _unseen
        elif self.stream.isatty():
            yield from self._bar(told, total)
        else:
            yield from self._lines(told, total)

    def _bar(self, told: str, total: float | None) -> Iterator[Done]:
        outermost = self._bars is None
        if self._bars is None:
            self._bars = _Terminal(self.stream, self.language)
        bars = self._bars
        task = bars.progress.add_task(told, total=total)
        try:
            yield lambda done: bars.progress.update(task, completed=done)
        finally:
            bars.progress.remove_task(task)
            if outermost:
                bars.end()
                self._bars = None

    def _lines(self, told: str, total: float | None) -> Iterator[Done]:
        lines = _Lines(self.stream, self.language, told, total)
        try:
            yield lines.done
        finally:
            lines.end()


class _Terminal:
    """Bars that appear when the work has taken a moment, and go when it is done."""

    def __init__(self, stream: TextIO, spoken: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        self.progress: Progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TaskProgressColumn(),
            _left_column(spoken),
            console=Console(file=stream, highlight=False, emoji=False, markup=False, no_color="NO_COLOR" in os.environ),
            transient=True, refresh_per_second=5, redirect_stdout=sys.stdout.isatty(), redirect_stderr=sys.stderr.isatty(),
        )  # fmt: skip
        self._lock = threading.Lock()
        self._over = False
        self._timer = threading.Timer(BAR_AFTER_S, self._start)
        self._timer.daemon = True
        self._timer.start()

    def _start(self) -> None:
        with self._lock:
            if not self._over:
                self.progress.start()

    def end(self) -> None:
        self._timer.cancel()
        with self._lock:
            self._over = True
            if self.progress.live.is_started:
                self.progress.stop()


def _left_column(spoken: str):  # type: ignore[no-untyped-def] # rich is read only where a bar is shown
    from rich.progress import ProgressColumn, Task
    from rich.text import Text

    class Left(ProgressColumn):
        """How long is left, once enough is done to tell; else how long it has taken."""

        max_refresh = 0.5

        def render(self, task: Task) -> Text:
            with speaking(spoken):
                enough = task.total is not None and task.completed >= TOLD_FROM * task.total
                return Text(time_text(task.time_remaining if enough else None, task.elapsed or 0.0))

    return Left()


class _Lines:
    """A plain line when the work has taken a moment, and then now and then."""

    def __init__(self, stream: TextIO, spoken: str, told: str, total: float | None) -> None:
        self._stream, self._spoken, self._told, self._total = stream, spoken, told, total
        self._done, self._since, self._over = 0.0, time.monotonic(), threading.Event()
        threading.Thread(target=self._tell, daemon=True).start()

    def done(self, done: float) -> None:
        self._done = done

    def end(self) -> None:
        self._over.set()

    def _tell(self) -> None:
        wait = LINE_AFTER_S
        while not self._over.wait(wait):
            wait = LINE_EVERY_S
            elapsed = time.monotonic() - self._since
            share = min(1.0, self._done / self._total) if self._total else 0.0
            with speaking(self._spoken):
                text = f"{self._told}: "
                if share:
                    text += f"{share_text(share)}, "
                text += time_text(elapsed * (1 - share) / share if share >= TOLD_FROM else None, elapsed)
            try:
                print(text, file=self._stream, flush=True)
            except (OSError, ValueError):  # nobody reads any more
                return


def share_text(share: float) -> str:
    """A share of the work in whole per cent, never a hundred before it is done."""
    return _("{share} %").format(share=number(min(99, int(share * 100)) if share < 1 else 100))


def time_text(left: float | None, elapsed: float) -> str:
    """`about 40 s left`; where nobody can tell, `35 s so far`."""
    if left is None:
        return _("{time} so far").format(time=_seconds(elapsed))
    return _("about {time} left").format(time=_seconds(left))


def _seconds(seconds: float) -> str:
    whole = round(seconds)
    if whole < 100:
        return _("{n} s").format(n=number(whole))
    if whole < 100 * 60:
        return _("{n} min").format(n=number(round(whole / 60)))
    return _("{n} h").format(n=number(round(whole / 3600)))


def _unseen(_done: float) -> None:
    """Asked to be quiet."""
