"""Mutated texts through everything that a person can type into: rules, tables, client files and changes.

Each text must become a typed tree (a value) or clear faults: no other exception, nothing over 50 ms, no file opened and
no command run. `python bench/fuzz_rules.py [COUNT] [SEED]`; the default is a million rules and a tenth of the others.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests import random_rules as rr
from torni.core.faults import BadInput
from torni.engines.rules import lower, sql
from torni.engines.rules.bounds import suspect
from torni.engines.rules.tables import read, way

SLOWEST_S = 0.050
PIECES = [
    "(", ")", "'", '"', "--", "/*", "*/", ";", "::", "\\", "\x00", "\u200b", "é", "𝔘", "select", "from", "read_csv('x')", "union", "null", "true", "cast(", "case when",
    "then", "else", "end", "between", "symmetric", "in (", "not", "and", "or", "interval 1 month", "date '2026-02-30'", "param.", "table.", "line.", "granted.", ".", "..",
    "1e9", "99999999999", "0x10", "-", "+", "*", "/", "=", "<>", "!=", "<", ">=", "{{", "}}", "$1", "@x", "%", "||", "age", "rai_maple", "language", "lives_alone", "\n", "\t", ",",
]  # fmt: skip


def mutated(r: random.Random, text: str) -> str:
    for _ in range(r.choice((1, 1, 1, 2, 3, 6))):
        kind, at = r.randrange(6), r.randrange(len(text) + 1)
        if kind == 0:
            text = text[:at] + r.choice(PIECES) + text[at:]
        elif kind == 1:
            text = text[:at] + text[at + r.randint(1, 6) :]
        elif kind == 2:
            text = text[:at] + " " + r.choice(PIECES) + " " + text[at:]
        elif kind == 3:
            cut = text[at : at + r.randint(1, 30)]
            text = text[:at] + cut * r.randint(1, 12) + text[at:]
        elif kind == 4:
            text = (
                text[:at]
                + chr(r.choice((r.randrange(32, 127), r.randrange(0x250), r.randrange(0x2000, 0x2100))))
                + text[at:]
            )
        else:
            other = r.randrange(len(text) + 1)
            a, b = min(at, other), max(at, other)
            text = text[:a] + text[b:] + text[a:b]
    return text


def main(count: int, seed: int) -> int:
    watch = _Watch()
    sys.addaudithook(watch)
    r = random.Random(seed)
    outcomes: Counter[str] = Counter()
    slowest, text_of = 0.0, ""
    for text in (
        "age >= 1",
        "age >",
        "x",
        "'",
        "age / 2",
    ):  # what is read once, such as the texts of faults, is read now
        str(lower(text, rr.SCOPE))
    started = time.perf_counter()
    tables = ["age / language | fi, sv | en, other\n..17 | 1 | 2\n18.. | 3 | 4.5", "hours | value\n<5 | 1\n>=5 | 2"]
    for i in range(count):
        grid = i % 10 == 9
        text = mutated(r, r.choice(tables) if grid else rr.condition(r, 2) if i % 3 else rr.sum_(r, 2))
        watch.on = True
        begun = time.process_time()  # this process's own time: another's turn on the core is not ours
        if grid:
            found = read(text, rr.FIELDS, name="t", where="t")
            if not isinstance(found, list):
                way(found)
        else:
            found = lower(text, rr.SCOPE, number=i % 3 == 0)
            if not isinstance(found, list):
                sql.expression(found)
                suspect(found)
        took = time.process_time() - begun
        watch.on = False
        outcomes[("table: " if grid else "rule: ") + ("faults" if isinstance(found, list) else "tree")] += 1
        if isinstance(found, list):
            assert found and all(f.what for f in found), text
        if took > slowest:
            slowest, text_of = took, text
        if took > SLOWEST_S:
            print(f"too slow: {took * 1e3:.0f} ms: {text!r}")
            return 1
    files(r, count // 20, outcomes, watch)
    print(
        dict(outcomes),
        f"slowest {slowest * 1e3:.1f} ms ({text_of[:60]!r}...), {time.perf_counter() - started:.0f} s, nothing opened or run",
    )
    return 0


def files(r: random.Random, count: int, outcomes: Counter[str], watch: _Watch) -> None:
    """Client files and changes: a value, or BadInput with faults; never another exception."""
    from torni.guidance.client import parse_client
    from torni.services import load_library
    from torni.services.change import parse_changes
    from torni.services.rules import load_rules

    rules = load_rules(load_library(on=date(2026, 11, 22)))
    client = "age: 82\nrai_maple: {value: 4, on: 2026-03-01}\ngross_income_eur_month: 1500.50\nlives_alone: yes\nevents:\n  - {kind: diagnosis, code: E11, on: 2020-01-01}\n"
    change = "name: x\nfrom: 2027-01-01\nparameters: {grant.home_care.maple: 4}\nalternatives:\n  - {name: A, tables: {a.b: 'x | value'}}\n"
    for i in range(count):
        text = mutated(r, client if i % 2 else change)
        watch.on = True
        try:
            parse_client(text, rules) if i % 2 else parse_changes(text)
            outcome = "value"
        except BadInput as error:
            outcome = "faults" if error.faults else "nothing told"
        except BaseException:
            print(f"neither a value nor faults: {text!r}")
            raise
        watch.on = False
        assert outcome != "nothing told", text
        outcomes[("client: " if i % 2 else "change: ") + outcome] += 1


class _Watch:
    """Fails when anything is opened, run or connected to while a text is read."""

    on = False

    def __call__(self, event: str, args: tuple[object, ...]) -> None:
        if self.on and event.split(".")[0] in ("open", "subprocess", "os", "socket", "exec", "compile"):
            self.on = False
            raise AssertionError(f"{event} {args!r} while a text was read")


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, int(sys.argv[2]) if len(sys.argv) > 2 else 1))
