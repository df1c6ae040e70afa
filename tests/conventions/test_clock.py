"""One clock: nothing in Torni or its tests reads the machine's but `torni.core.clock`, and in the tests that one stands."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.conftest import NOW, TODAY
from torni.core import clock

ROOT = Path(__file__).parents[2]
TELLS = {"time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime", "time.asctime", "time.clock_gettime"}  # fmt: skip
ASKS = {"now", "today", "utcnow"}  # of whatever class: datetime, date, a library's own
OURS = {"clock.now", "clock.today", "record_room.now"}
# A query that reads PostgreSQL's clock: only for how long ago the same clock wrote something down. What day it is never comes of it.
SPANS = {
    "torni/facts/accounts.py": "how long a session lasts, and how many wrong passwords came lately",
    "torni/producers/deliver.py": "when a message is tried again, and when it is given up",
    "torni/facts/migrations/0001_record_room.sql": "when a row was received or refused",
    "torni/facts/migrations/0002_feeds.sql": "when a feed was made, and when it sent",
    "torni/facts/migrations/0004_access.sql": "when somebody signed in, read, or was given a standing",
    "torni/facts/migrations/0005_jobs.sql": "when a job was done",
    "torni/facts/migrations/0006_guidance.sql": "how lately a worklist was opened, and which readings are shown",
    "torni/facts/migrations/0007_webhooks.sql": "when a message is due",
    "torni/facts/migrations/0008_arranged.sql": "how lately a worklist was opened",
    "torni/facts/migrations/0021_tree.sql": "when a checkpoint was signed",
    "torni/facts/migrations/0023_sessions.sql": "when a session was last used",
    "torni/facts/migrations/0024_clock_seen.sql": "when the room was last in use, as it is brought up to date",
    "torni/facts/migrations/0009_one_state.sql": "when a row was set aside, and when the tallies were last level",
    "torni/facts/migrations/0011_watched.sql": "when a morning's watch was written",
    "torni/facts/present.sql": "how lately a worklist was opened, and which readings are shown",
    "torni/producers/present.sql": "when a message is due",
    "torni/facts/fold.py": "when the tallies were last level with the log",
    "torni/web/metrics.py": "how long the tallies have not been level, as a figure",
    "torni/web/record_room.py": "how long they have not been",
}
IN_SQL = re.compile(
    r"\b(?:clock_timestamp|statement_timestamp|transaction_timestamp|timeofday|now)\s*\(\s*\)|\bcurrent_(?:date|time|timestamp)\b"
    r"|\blocaltime(?:stamp)?\b|'(?:now|today|yesterday|tomorrow)'::", re.I,
)  # fmt: skip


def reads(text: str) -> list[str]:
    """Every place in a Python text that reads the machine's clock, by its line."""
    tree = ast.parse(text)
    names = {"time": "time"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {a.asname or a.name: a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load):
            dotted = ast.unparse(node)
            head, _, rest = dotted.partition(".")
            told = ".".join(filter(None, [names.get(head, head), rest]))
            if told in TELLS or (told in ("datetime.datetime.now", "datetime.date.today")):
                found.append(f"{node.lineno}: {dotted}")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ASKS:
            dotted = ast.unparse(node.func)
            if ".".join(dotted.split(".")[-2:]) not in OURS:
                found.append(f"{node.lineno}: {dotted}")
    return sorted(set(found))


def sources(*folders: str, ending: str = "py") -> list[Path]:
    return [p for folder in folders for p in sorted((ROOT / folder).rglob(f"*.{ending}"))]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_nothing_reads_the_machines_clock_but_the_one():
    found = {name(p): told for p in sources("torni", "tests") if (told := reads(p.read_text(encoding="utf-8")))}
    assert list(found) == ["torni/core/clock.py"] and len(found["torni/core/clock.py"]) == 1


@pytest.mark.parametrize(
    "text",
    [
        "from datetime import datetime\ndatetime.now(UTC)",
        "from datetime import datetime as d\nd.now()",
        "import datetime as d\nfield(default_factory=d.datetime.now)",
        "from datetime import date\ndate.today()",
        "import time\ntime.time()",
        "import time as clock\nclock.time()",
        "from time import time\ntime()",
        "import time\ntime.strftime('%Y', time.localtime())",
        "import pyotp\npyotp.TOTP('x').now()",
        "from django.utils import timezone\ntimezone.now()",
    ],
)
def test_such_a_read_is_seen(text):
    assert reads(text)


@pytest.mark.parametrize(
    "text",
    ["import time\ntime.monotonic()", "found.now.at", "clock.now()", "record_room.now()", "today = clock.today()"],
)
def test_what_is_none_is_not(text):
    assert reads(text) == []


def test_queries_read_the_servers_clock_only_for_spans():
    queries = {name(p): p.read_text(encoding="utf-8") for p in sources("torni", ending="sql")}
    for path in sources("torni"):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        queries[name(path)] = "\n".join(
            n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)
        )
    assert {path for path, text in queries.items() if IN_SQL.search(text)} == set(SPANS)
    assert not [name(p) for p in sources("torni/web", ending="js") if "Date.now" in p.read_text(encoding="utf-8")]


def test_the_clock_stands_here_and_in_every_process_that_is_started():
    assert clock.now() == clock.now() == NOW and clock.today() == TODAY
    code = "from torni.core import clock; print(clock.now().isoformat())"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip() == NOW.isoformat()


def test_no_variable_moves_the_clock_of_the_product():
    """Without the tests' folder on its path, a process has the machine's own clock, whatever else it is told."""
    apart = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    code = "from torni.core import clock; print(clock._machine.__module__)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=apart)
    assert told.stdout.strip() == "torni.core.clock"


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 12, 23, 21, 59, tzinfo=UTC), date(2026, 12, 23)),
        (datetime(2026, 12, 23, 22, 0, tzinfo=UTC), date(2026, 12, 24)),
        (datetime(2027, 3, 28, 0, 59, tzinfo=UTC), date(2027, 3, 28)),
        (datetime(2027, 3, 28, 20, 59, tzinfo=UTC), date(2027, 3, 28)),  # an hour short: midnight is at 21
        (datetime(2027, 3, 28, 21, 0, tzinfo=UTC), date(2027, 3, 29)),
        (datetime(2028, 2, 28, 22, 0, tzinfo=UTC), date(2028, 2, 29)),
        (datetime(2030, 12, 31, 22, 0, tzinfo=UTC), date(2031, 1, 1)),
    ],
)
def test_the_day_is_finlands(monkeypatch, moment, day):
    monkeypatch.setattr(clock, "_machine", lambda: moment)
    assert clock.today() == clock.local_now().date() == day and clock.now() == clock.local_now() == moment
