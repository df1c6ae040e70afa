"""The figures of rules and rehearsals, each in a process of its own: CPU seconds of one thread, and its peak memory.

`python bench/rules.py PART` runs one part alone (nation, reasoning, threshold, client, ceiling, population); `bench/run.py
rules` runs them all beside the peers.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(name, "1")
sys.path.insert(0, str(Path(__file__).parents[1]))

import duckdb

from bench.memory import peak_mib
from torni.engines.rules import sql, tree
from torni.engines.rules.ceiling import to_pay
from torni.services import load_library
from torni.services.rules import Rules, load_rules
from torni.simulation.population import open_population
from torni.simulation.running import Run

DAY = date(2026, 11, 22)
EVENTS = 24_000_000


def rules() -> Rules:
    return load_rules(load_library(on=DAY))


def twenty(found: Rules) -> list[tree.Node]:
    """The shipped criteria, the first twenty of them: 2 to 4 a service, scales, ages, diagnoses and circumstances."""
    return [node for g in found.granting.values() for node in g.nodes][:20]


def measured(what: str, run: Callable[[], Any], times: int = 3) -> Any:
    best, result = float("inf"), None
    for _ in range(times):
        start = time.process_time()
        result = run()
        best = min(best, time.process_time() - start)
    print(f"{what}\t{best:.3f} CPU s, peak {peak_mib()} MiB", flush=True)
    return result


def opened(population: Any) -> Run:
    return Run(population, threads=1)


def nation() -> None:
    """20 criteria, the home-care fee and the yearly ceiling for every person of Finland."""
    found, people = rules(), open_population("finland")
    run = opened(people)
    conditions = [run.condition(n, found) for n in twenty(found)]
    fee = run.amount(found.formulas["home_care"], found)
    yearly = " + ".join(
        f"coalesce({run.amount(found.formulas[n], found)} * {sql.expression(found.times[n], column=run.column(found))}, 0)"
        for n in found.times
    )
    query = (
        f"SELECT {', '.join(f'count_if(c{i})' for i in range(20))}, sum(CASE WHEN service_hours_month IS NOT NULL THEN {fee} END), "
        f"sum(CASE WHEN y > 815 THEN 815 ELSE y END) FROM (SELECT *, {', '.join(f'{c} AS c{i}' for i, c in enumerate(conditions))}, {yearly} AS y FROM people)"
    )
    (row,) = measured(f"{people.size:,} people x 20 criteria + home-care fee + ceiling", lambda: run.rows(query))
    print("  granted", row[:20], "fees", row[20], "visits", row[21])


def reasoning() -> None:
    """Every leaf's state of 20 criteria for every person, two bits a leaf, into one Parquet file."""
    found, people = rules(), open_population("finland")
    run = opened(people)
    leaves = list(dict.fromkeys(leaf for n in twenty(found) for leaf in tree.leaves(n)))
    packs = [sql.packed([run.condition(x, found) for x in leaves[i : i + 31]]) for i in range(0, len(leaves), 31)]
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/reasons.parquet"
        columns = ", ".join(f"{p} AS r{i}" for i, p in enumerate(packs))
        measured(
            f"full reasoning ({len(leaves)} leaves) of {people.size * 20:,} decisions to Parquet",
            lambda: run.rows(
                f"COPY (SELECT person, {columns} FROM people) TO '{path}' (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2)"
            ),
        )
        ((distinct,),) = run.rows(
            f"SELECT count(*) FROM (SELECT DISTINCT {', '.join(f'r{i}' for i in range(len(packs)))} FROM '{path}')"
        )
        print(f"  {os.path.getsize(path) / 1e6:.0f} MB, {distinct:,} distinct reasonings")


def threshold() -> None:
    """One changed threshold: who gains and who loses by municipality, from the people and from a cube."""
    from torni.services.change import parse_changes

    found, people = rules(), open_population("finland")
    change = parse_changes("name: x\nparameters: {grant.home_care.maple: 4}")[0]
    after = load_rules(load_library(on=DAY, layers=[change.layer(DAY)]))
    run = opened(people)
    verdicts = [run.condition(r.granting["home_care"].whole, r) for r in (found, after)]
    query = f"SELECT municipality, count_if(b AND a IS NOT TRUE), count_if(a AND b IS NOT TRUE) FROM (SELECT municipality, {verdicts[0]} AS b, {verdicts[1]} AS a FROM people) GROUP BY 1"
    measured("a changed threshold, gainers and losers by municipality", lambda: run.rows(query))
    asked = [f.name for f in found.granting["home_care"].reasoning.fields]
    run.rows(f"CREATE TABLE cube AS SELECT municipality, {', '.join(asked)}, count(*) AS n FROM people GROUP BY ALL")
    from_cube = f"SELECT municipality, sum(n) FILTER (b AND a IS NOT TRUE), sum(n) FILTER (a AND b IS NOT TRUE) FROM (SELECT municipality, n, {verdicts[0]} AS b, {verdicts[1]} AS a FROM cube) GROUP BY 1"
    measured("  the same from pre-counted cubes", lambda: run.rows(from_cube), 9)


def client() -> None:
    """One client: 20 criteria with their whole reasoning; and with the changes that would change each."""
    from torni.engines.rules.reasoning import Reasoning

    found = rules()
    reasonings = [Reasoning([n]) for n in twenty(found)]
    facts = {
        **dict.fromkeys(found.fields),
        "age": 82,
        "rai_maple": 3,
        "rai_adlh": 1,
        "rai_cps": 2,
        "housing": "own_home",
        "lives_alone": True,
        "decision_day": DAY,
        "service_hours_month": 12,
        "has_informal_carer": False,
        "professional_supports": True,
        "has_diabetes": True,
        "vaccinations_within_year": 0,
    }
    for what, run in (
        ("full reasoning", lambda r: (r.verdict(facts), r.leaves(facts), r.missing(facts))),
        ("with counterfactuals", lambda r: (r.leaves(facts), r.changes(facts))),
    ):
        best = float("inf")
        for _ in range(200):
            start = time.perf_counter()
            for r in reasonings:
                run(r)
            best = min(best, time.perf_counter() - start)
        print(f"one client, 20 criteria, {what}\t{best * 1e3:.3f} ms", flush=True)


def ceiling() -> None:
    """24 million fee events of a year: what each client pays of each when the ceiling is met in the order of days."""
    with (
        tempfile.TemporaryDirectory() as folder,
        duckdb.connect(config={"threads": 1, "temp_directory": folder}) as connection,
    ):
        path = f"{folder}/events.parquet"
        connection.execute(
            f"COPY (SELECT CAST(hash(i) % 3000000 AS INTEGER) AS person, DATE '2026-01-01' + CAST(i * 365 // {EVENTS} AS INTEGER) AS day, CAST(i AS INTEGER) AS event, "
            f"CAST(CASE hash(i + 7) % 4 WHEN 0 THEN 30.20 WHEN 1 THEN 41.40 WHEN 2 THEN 71.30 ELSE 233.80 END AS DECIMAL(9,2)) AS fee FROM range({EVENTS}) t(i)) TO '{path}' (FORMAT parquet)"
        )
        events = f"(SELECT person, 2026 AS year, day, event, fee FROM '{path}')"
        query = (
            f"SELECT sum(to_pay) FROM ({to_pay(events, limit='CAST(815 AS DECIMAL(9,2))', counted='fee', fee='fee')})"
        )
        connection.execute("SET memory_limit = '1100MB'")
        measured(
            f"{EVENTS:,} fee events, the ceiling met in date order", lambda: connection.execute(query).fetchall(), 1
        )


def population() -> None:
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        made = open_population("finland", folder=Path(folder))
        wall = time.perf_counter() - start
    print(
        f"population of {made.size:,}\t{wall:.1f} s wall, {time.process_time():.1f} CPU s, peak {peak_mib()} MiB",
        flush=True,
    )


def peers() -> None:
    """Polars, OpenFisca-core and zen-engine on the same criteria, each in a process of its own and an environment of theirs."""
    import json
    import subprocess

    root = Path(__file__).parents[1]
    python = root / ".peers" / "rules" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(root / ".peers" / "rules")], check=True)
        for peer in ("polars", "openfisca-core", "zen-engine"):
            done = subprocess.run(
                [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", peer], capture_output=True
            )
            if done.returncode:
                print(f"peer {peer} does not install here")

    def plain(node: tree.Node) -> list[Any]:
        match node:
            case tree.And(parts) | tree.Or(parts):
                return ["and" if isinstance(node, tree.And) else "or", *map(plain, parts)]
            case tree.Not(part):
                return ["not", plain(part)]
            case tree.Ask(field):
                return ["flag", field.name]
            case tree.Unknown(field):
                return ["null", field.name]
            case tree.OneOf(tree.Ask(field), values):
                return ["in", field.name, list(values)]
            case tree.Compare(operator, tree.Ask(field), tree.Const(value) | tree.Param(_, value)):
                return ["cmp", operator, field.name, value if isinstance(value, int) else float(value)]
        raise AssertionError(node)

    people = open_population("finland")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "criteria.json").write_text(json.dumps([plain(n) for n in twenty(rules())]))
        with duckdb.connect() as connection:
            connection.execute(f"COPY (SELECT * FROM {people.sql}) TO '{folder}/people.parquet' (FORMAT parquet)")
        for peer in ("polars", "openfisca", "zen"):
            subprocess.run(
                [str(python), str(root / "bench" / "rule_peers.py"), str(folder), peer],
                check=False,
                stderr=subprocess.DEVNULL,
            )


def agreement() -> None:
    """At least a million leaf cells of random rules: the reasoning, DuckDB, PostgreSQL and Spark; how many differ."""
    from tests import random_rules as rr
    from tests.contracts import engines
    from torni.engines.rules import lower
    from torni.engines.rules.evaluate import function

    r = random.Random(7)
    people = [rr.person(r) for _ in range(3_000)]
    leaves: dict[tree.Node, None] = {}
    while len(leaves) < 400:
        found = lower(rr.condition(r), rr.SCOPE)
        if not isinstance(found, list):
            leaves |= dict.fromkeys(tree.leaves(found))
    nodes = list(leaves)
    wanted = [[f(p) for f in map(function, nodes)] for p in people]
    for dialect, engine in (
        ("duckdb", engines.in_duckdb),
        ("postgres", engines.in_postgres),
        ("spark", engines.in_spark),
    ):
        try:
            with engine(people) as run:
                cells = differ = 0
                for i in range(0, len(nodes), 40):
                    rows = run([sql.expression(n, dialect) for n in nodes[i : i + 40]])
                    for row, expected in zip(rows, wanted, strict=True):
                        cells += len(row)
                        differ += sum(cell is not value for cell, value in zip(row, expected[i : i + 40], strict=True))
                print(f"agreement of {dialect} with the reasoning\t{cells:,} leaf cells, {differ} differ", flush=True)
        except (ImportError, AssertionError, OSError) as error:
            print(f"agreement of {dialect}\tnot here: {error}")


PARTS = {
    "peers": peers,
    "agreement": agreement,
    "nation": nation,
    "reasoning": reasoning,
    "threshold": threshold,
    "client": client,
    "ceiling": ceiling,
    "population": population,
}
if __name__ == "__main__":
    PARTS[sys.argv[1]]()
