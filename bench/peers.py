"""The peers' side of the benchmark, run in their own environment. Prints `what<TAB>CPU seconds` a line."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np


def timed(what: str, run) -> object:  # type: ignore[no-untyped-def]
    start = time.process_time()
    try:
        result = run()
    except Exception as error:
        print(f"{what}\tfailed: {type(error).__name__} {str(error)[:80]}", flush=True)
        return None
    print(f"{what}\t{time.process_time() - start:.3f}", flush=True)
    return result


def streets(path: Path, name: str) -> None:
    case = np.load(path)
    n, tail, head, cost = int(case["n"]), case["tail"], case["head"], case["cost"].astype(float)
    units, homes = case["units"], case["homes"]
    # Trips to units: searched from each unit on the network turned round. 20 of the 200 units are timed, then times ten.
    some = units[:20]

    def networkit():  # type: ignore[no-untyped-def]
        import networkit as nk

        nk.setNumberOfThreads(1)
        graph = nk.GraphFromCoo(
            (cost, (head.astype(np.uint64), tail.astype(np.uint64))), n=n, weighted=True, directed=True
        )
        start = time.process_time()
        for u in some:
            search = nk.distance.Dijkstra(graph, int(u), False, False)
            search.run()
            search.getDistances()
        return (time.process_time() - start) * 10

    def rustworkx():  # type: ignore[no-untyped-def]
        import rustworkx as rx

        graph = rx.PyDiGraph()
        graph.add_nodes_from(range(n))
        graph.add_edges_from(list(zip(head.tolist(), tail.tolist(), cost.tolist(), strict=True)))
        start = time.process_time()
        for u in some[:4]:
            rx.digraph_dijkstra_shortest_path_lengths(graph, int(u), float)
        return (time.process_time() - start) * 50

    def routingkit():  # type: ignore[no-untyped-def]
        import routingkit_cch as rk

        ends = tail.tolist(), head.tolist()
        order = rk.compute_order_inertial(n, *ends, (case["y"] / 1e5).tolist(), (case["x"] / 1e5).tolist())
        metric = rk.CCHMetric(rk.CCH(order, *ends, False), case["cost"].tolist())
        pinned = rk.CCHManyToOne(metric, homes.tolist())
        start = time.process_time()
        for u in units.tolist():
            pinned.distances_to(u)
        return time.process_time() - start

    def pandana():  # type: ignore[no-untyped-def]
        import pandana as pdna
        import pandas as pd

        network = pdna.Network(
            pd.Series(case["x"]),
            pd.Series(case["y"]),
            pd.Series(tail),
            pd.Series(head),
            pd.DataFrame({"cost": cost}),
            twoway=False,
        )
        start = time.process_time()
        network.shortest_path_lengths(np.repeat(homes, 2), np.tile(units[:2], len(homes)), imp_name="cost")
        return (time.process_time() - start) * 100

    run = {"networkit": networkit, "rustworkx": rustworkx, "routingkit-cch": routingkit, "pandana": pandana}[name]
    try:
        print(f"{name}, the same matrix, CPU s\t{run():.2f}", flush=True)
    except Exception as error:
        print(f"{name}\tfailed here: {type(error).__name__}: {str(error)[:90]}", flush=True)


def siting(folder: Path) -> None:
    for region in ("keski-suomi", "uusimaa"):
        case = np.load(folder / f"{region}.npz")
        times, people = case["times"], case["people"].astype(float)
        cover = times <= 1800

        def plain(p: int, cover=cover, people=people):  # type: ignore[no-untyped-def]
            import highspy
            from scipy.sparse import csc_matrix, hstack, identity, vstack

            rows, columns = cover.shape
            link = hstack([csc_matrix(cover.astype(float)), -identity(rows, format="csc")])
            matrix = vstack([link, csc_matrix(np.r_[np.ones(columns), np.zeros(rows)][None, :])]).tocsc()
            lp = highspy.HighsLp()
            lp.num_col_, lp.num_row_ = columns + rows, rows + 1
            lp.col_cost_ = np.r_[np.zeros(columns), -people]
            lp.col_lower_, lp.col_upper_ = np.zeros(columns + rows), np.ones(columns + rows)
            lp.row_lower_, lp.row_upper_ = np.r_[np.zeros(rows), -np.inf], np.r_[np.full(rows, np.inf), p]
            lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
            lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
            lp.integrality_ = [highspy.HighsVarType.kInteger] * columns + [highspy.HighsVarType.kContinuous] * rows
            h = highspy.Highs()
            for option, value in (("output_flag", False), ("threads", 1), ("mip_rel_gap", 0.0), ("time_limit", 60.0)):
                h.setOptionValue(option, value)
            h.passModel(lp)
            h.run()

        def spopt(p: int, times=times, people=people):  # type: ignore[no-untyped-def]
            import pulp
            from spopt.locate import MCLP

            MCLP.from_cost_matrix(times.astype(float), people, 1800.0, p_facilities=p).solve(
                pulp.HiGHS(msg=False, timeLimit=60)
            )

        timed(f"{region}, plain HiGHS, max cover p=10, CPU s", lambda: plain(10))
        timed(f"{region}, spopt 0.7 (HiGHS), max cover p=10, CPU s", lambda: spopt(10))


if __name__ == "__main__":
    {"streets": streets, "siting": siting}[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
