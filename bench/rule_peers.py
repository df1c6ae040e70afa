"""The peers' side of the rules' figures, in their own environment: Polars, OpenFisca-core and zen-engine on the same questions.

`python bench/rule_peers.py FOLDER` reads people.parquet and criteria.json (each criterion as nested lists). None of the
three does all that is asked: Polars and OpenFisca give verdicts without reasons; OpenFisca has no missing facts (they are
filled in as "no") and counts money in floats; zen decides one person at a time and raises on a missing number.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
from memory import peak_mib  # beside this file: the peers' environment knows no Torni

ONE = {"age": 82, "rai_maple": 3, "rai_adlh": 1, "rai_cps": 2, "housing": "own_home", "lives_alone": True, "service_hours_month": 12, "has_informal_carer": False,
       "professional_supports": True, "has_diabetes": True, "vaccinations_within_year": 0}  # fmt: skip


def say(what: str, value: object) -> None:
    print(f"{what}\t{value}", flush=True)


def peak() -> str:
    return f"peak {peak_mib()} MiB"


def polars(folder: Path, criteria: list) -> None:  # type: ignore[type-arg]
    import polars as pl

    def expr(n: list) -> pl.Expr:  # type: ignore[type-arg]
        kind = n[0]
        if kind in ("and", "or"):
            parts = [expr(p) for p in n[1:]]
            whole = parts[0]
            for p in parts[1:]:
                whole = whole & p if kind == "and" else whole | p
            return whole
        if kind == "not":
            return ~expr(n[1])
        if kind == "flag":
            return pl.col(n[1])
        if kind == "null":
            return pl.col(n[1]).is_null()
        if kind == "in":
            return pl.col(n[1]).is_in(n[2])
        column, value = pl.col(n[2]), n[3]
        return {
            "=": column == value,
            "<": column < value,
            "<=": column <= value,
            ">": column > value,
            ">=": column >= value,
        }[n[1]]

    start = time.process_time()
    people = pl.scan_parquet(folder / "people.parquet")
    limit = 653.0
    fee = (
        pl.when(pl.col("gross_income_eur_month") > limit)
        .then((pl.col("gross_income_eur_month") - limit) * (0.08 + 0.01 * pl.col("service_hours_month").clip(4, 38)))
        .otherwise(0)
    )
    found = people.select(
        *(expr(c).sum().alias(f"c{i}") for i, c in enumerate(criteria)), fee.sum().alias("fee")
    ).collect()
    say(
        f"Polars {pl.__version__}, {len(criteria)} criteria and a simpler fee of one household, float money, no ceiling",
        f"{time.process_time() - start:.2f} CPU s, {peak()}",
    )
    print("  ", found.row(0)[:3], file=sys.stderr)


def openfisca(folder: Path, criteria: list) -> None:  # type: ignore[type-arg]
    import polars as pl
    from openfisca_core import periods
    from openfisca_core.entities import build_entity
    from openfisca_core.simulation_builder import SimulationBuilder
    from openfisca_core.taxbenefitsystems import TaxBenefitSystem
    from openfisca_core.variables import Variable

    person = build_entity(key="person", plural="persons", label="", is_person=True)
    system = TaxBenefitSystem([person])
    asked: dict[str, type] = {}

    def note(n: list) -> None:  # type: ignore[type-arg]
        if n[0] in ("and", "or", "not"):
            for p in n[1:]:
                note(p)
        else:
            name = n[2] if n[0] == "cmp" else n[1]
            asked[name] = bool if n[0] == "flag" else asked.get(name, int)
            if n[0] == "in" and isinstance(n[2][0], str):
                asked[name] = str

    for c in criteria:
        note(c)
    for name, kind in asked.items():
        base = {"entity": person, "definition_period": periods.MONTH, "value_type": int if kind is str else kind}
        system.add_variable(type(name, (Variable,), base))
    codes = {"housing": {"own_home": 0, "communal": 1, "round_the_clock": 2, "institution": 3}}

    def formula_of(tree: list):  # type: ignore[no-untyped-def,type-arg]
        def run(n, p, period):  # type: ignore[no-untyped-def]
            kind = n[0]
            if kind in ("and", "or"):
                parts = [run(x, p, period) for x in n[1:]]
                whole = parts[0]
                for x in parts[1:]:
                    whole = whole * x if kind == "and" else whole + x
                return whole
            if kind == "not":
                return np.logical_not(run(n[1], p, period))
            if kind == "flag":
                return p(n[1], period)
            if kind == "null":
                return p(n[1], period) < 0
            if kind == "in":
                return np.isin(p(n[1], period), [codes.get(n[1], {}).get(v, v) for v in n[2]])
            column, value = p(n[2], period), n[3]
            return {"=": np.equal, "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}[n[1]](
                column, value
            )

        return lambda p, period: run(tree, p, period)

    for i, c in enumerate(criteria):
        base = {
            "entity": person,
            "definition_period": periods.MONTH,
            "value_type": bool,
            "formula": formula_of(c),
        }
        system.add_variable(type(f"criterion_{i}", (Variable,), base))
    start = time.process_time()
    people = pl.read_parquet(folder / "people.parquet", columns=list(asked))
    simulation = SimulationBuilder().build_default_simulation(system, len(people))
    for name, kind in asked.items():
        column = people[name]
        if kind is str:
            column = column.replace_strict(codes[name], return_dtype=pl.Int64)
        simulation.set_input(name, "2026-11", column.fill_null(False if kind is bool else -1).to_numpy())
    loaded = time.process_time() - start
    start = time.process_time()
    counts = [int(simulation.calculate(f"criterion_{i}", "2026-11").sum()) for i in range(len(criteria))]
    say(
        f"OpenFisca-core, {len(criteria)} criteria, missing facts as no, no fee",
        f"{time.process_time() - start:.2f} CPU s after {loaded:.2f} of loading, {peak()}",
    )
    print("  ", counts[:3], file=sys.stderr)
    start = time.perf_counter()
    for _ in range(20):
        one = SimulationBuilder().build_default_simulation(system, 1)
        one.trace = True
        for name, kind in asked.items():
            value = (
                codes[name].get(str(ONE.get(name)), -1) if kind is str else ONE.get(name, False if kind is bool else -1)
            )
            one.set_input(name, "2026-11", np.array([value]))
        for i in range(len(criteria)):
            one.calculate(f"criterion_{i}", "2026-11")
    say("OpenFisca-core, one client, traced", f"{(time.perf_counter() - start) / 20 * 1e3:.2f} ms")


def zen(criteria: list) -> None:  # type: ignore[type-arg]
    import zen as engine

    def text(n: list) -> str:  # type: ignore[type-arg]
        kind = n[0]
        if kind in ("and", "or"):
            return "(" + f" {kind} ".join(text(p) for p in n[1:]) + ")"
        if kind == "not":
            return f"not ({text(n[1])})"
        if kind == "flag":
            return f"({n[1]} == true)"
        if kind == "null":
            return f"({n[1]} == null)"
        if kind == "in":
            return f"({n[1]} in [{', '.join(repr(v) for v in n[2])}])"
        return f"(({n[2]} ?? -1) {'==' if n[1] == '=' else n[1]} {n[3]})"

    nodes = [
        {"id": "i", "type": "inputNode", "name": "in", "position": {"x": 0, "y": 0}},
        {"id": "o", "type": "outputNode", "name": "out", "position": {"x": 0, "y": 0}},
    ]
    expressions = [{"id": str(i), "key": f"c{i}", "value": text(c)} for i, c in enumerate(criteria)]
    nodes.append(
        {
            "id": "e",
            "type": "expressionNode",
            "name": "e",
            "position": {"x": 0, "y": 0},
            "content": {"expressions": expressions},
        }
    )
    edges = [
        {"id": "1", "type": "edge", "sourceId": "i", "targetId": "e"},
        {"id": "2", "type": "edge", "sourceId": "e", "targetId": "o"},
    ]
    decision = engine.ZenEngine().create_decision(json.dumps({"nodes": nodes, "edges": edges}))
    best = float("inf")
    for _ in range(200):
        start = time.perf_counter()
        decision.evaluate(ONE, {"trace": True})
        best = min(best, time.perf_counter() - start)
    say(
        "zen-engine, one client with trace (what held, not which part decided or what would change it)",
        f"{best * 1e3:.3f} ms; 5.47 M one by one would take {best * 5.47e6:.0f} s",
    )


if __name__ == "__main__":
    here = Path(sys.argv[1])
    asked = json.loads((here / "criteria.json").read_text())
    for name, run in (
        ("polars", lambda: polars(here, asked)),
        ("openfisca", lambda: openfisca(here, asked)),
        ("zen", lambda: zen(asked)),
    ):
        if len(sys.argv) < 3 or sys.argv[2] == name:
            try:
                run()
            except Exception as error:
                say(name, f"failed: {type(error).__name__} {str(error)[:120]}")
