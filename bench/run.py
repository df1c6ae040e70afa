"""The figures of docs/explanation/measurements.md: ours beside the peers, in one run, one core.

`python bench/run.py [part ...]`: parts are check, streets, whatif, siting, browser, rules (all when none is named).
Peers run in an environment of their own (`.peers`), made once; a peer that does not install is left out and said so.
Seconds are CPU seconds of one core unless a line says wall.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(name, "1")
ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from bench.memory import alone, peak_mib

DAY = date(2026, 11, 22)
PEERS = [
    "scipy<1.18",
    "networkit",
    "rustworkx",
    "routingkit-cch",
    "pandana",
    "spopt==0.7.0",
    "highspy",
    "numpy<2.4",
    "pandas<3",
]


def cpu(run: Callable[[], Any], times: int = 3) -> tuple[float, Any]:
    """The least CPU seconds of some runs, and the result."""
    best, result = float("inf"), None
    for _ in range(times):
        start = time.process_time()
        result = run()
        best = min(best, time.process_time() - start)
    return best, result


def say(what: str, value: object) -> None:
    print(f"{what:<78} {value}", flush=True)


def check() -> None:
    """Cold processes, wall seconds: an empty cache, then a kept one."""
    torni = str(Path(sys.executable).parent / "torni")
    for what, arguments in (
        ("torni check, Keski-Suomi", ["check"]),
        ("torni check --all, 23 counties", ["check", "--all"]),
    ):
        cold, kept, memory = [], [], 0
        for _ in range(5 if "all" not in what else 2):
            with tempfile.TemporaryDirectory() as cache:
                for took in (cold, kept):
                    start = time.perf_counter()
                    subprocess.run(
                        [torni, *arguments],
                        env={**os.environ, "TORNI_CACHE": cache},
                        stdout=subprocess.DEVNULL,
                        check=False,
                    )
                    took.append(time.perf_counter() - start)
                out = Path(cache) / "peak"
                alone("torni", *arguments, out=out, env={**os.environ, "TORNI_CACHE": cache}, stdout=subprocess.DEVNULL).wait()  # fmt: skip
                memory = max(memory, int(out.read_text()))
        say(f"{what}: nothing kept, least and median wall s", f"{min(cold):.2f} {sorted(cold)[len(cold) // 2]:.2f}")
        say(f"{what}: times kept, least wall s", f"{min(kept):.2f}")
        say(f"{what}: peak MiB", memory)


def streets() -> None:
    """PBF to exact answers on 448,900 junctions, beside the peers on the same arrays."""
    import numpy as np

    from bench.network import write
    from torni.engines.travel import Mode
    from torni.engines.travel.fast import Hierarchy
    from torni.engines.travel.graph import arcs
    from torni.engines.travel.joining import Joints
    from torni.engines.travel.plain import backward_network, to_each
    from torni.sources.osm import read_streets

    folder = Path(tempfile.mkdtemp())
    making = (
        f"from pathlib import Path; from bench.network import write; write(Path({str(folder / 'streets.osm.pbf')!r}))"
    )
    subprocess.run([sys.executable, "-c", making], cwd=ROOT, check=True)  # apart, so that its memory is not counted
    mode = Mode("car", {"primary": 75, "tertiary": 60, "residential": 30, "ferry": 12})
    small = folder / "small.osm.pbf"
    write(small, side=30)
    warm = read_streets(small, ferry_wait_min=15, ferry_kmh=12).graph
    hierarchy = Hierarchy(warm)
    metric = hierarchy.customise(arcs(warm, mode))
    few = Joints(np.zeros((2, 1), np.int32), np.zeros((2, 1), np.int64))
    hierarchy.nearest(metric, few)
    hierarchy.to_each(metric, hierarchy.select(np.arange(5, dtype=np.int32)), few)

    start = time.process_time()
    graph = read_streets(folder / "streets.osm.pbf", ferry_wait_min=15, ferry_kmh=12).graph
    read = time.process_time()
    hierarchy = Hierarchy(graph)
    built = time.process_time()
    network = arcs(graph, mode)
    metric = hierarchy.customise(network)
    say("streets: nodes, arcs", f"{graph.nodes} {len(network.tail)}")
    say("streets: PBF to exact queries, CPU s (reading, order and hierarchy, costs)",
        f"{time.process_time() - start:.2f} ({read - start:.2f}, {built - read:.2f}, {time.process_time() - built:.2f})")  # fmt: skip
    rng = np.random.default_rng(3)
    units = rng.choice(graph.nodes, 200, replace=False).astype(np.int32)
    homes = rng.choice(graph.nodes, 20_000, replace=False).astype(np.int32)
    joints = Joints(units[:, None], np.zeros((200, 1), np.int64))
    seconds, (nearest, _) = cpu(lambda: hierarchy.nearest(metric, joints), 10)
    say("streets: nearest of 200 units for every node, CPU s", f"{seconds:.4f}")
    selection = hierarchy.select(homes)
    ours, matrix = cpu(lambda: hierarchy.to_each(metric, selection, joints), 10)
    say("streets: 200 x 20,000 matrix, CPU s", f"{ours:.4f}")
    swept = len(selection.above)
    moved = swept * 32 * 4 * 7  # each of 7 batches reads one row of 32 int32 an arc
    ideal = _copy_rate()
    say(
        "streets: bytes the sweeps must move, GB; at this core's copy rate, s", f"{moved / 1e9:.2f} {moved / ideal:.4f}"
    )

    def change() -> None:
        changed = network.cost_ds.copy()
        changed[rng.choice(len(changed), 500)] *= 20
        again = hierarchy.customise(
            type(network)(network.tail, network.head, changed, network.forward_ds, network.backward_ds)
        )
        hierarchy.to_each(again, selection, joints)

    seconds, _ = cpu(change)
    say("streets: road change, costs again and the whole matrix, CPU s", f"{seconds:.3f}")
    one = Joints(units[:1, None], np.zeros((1, 1), np.int64))
    seconds, _ = cpu(lambda: hierarchy.to_each(metric, selection, one), 20)
    say("streets: a new unit anywhere, times to 20,000 homes, CPU ms", f"{seconds * 1e3:.2f}")
    start = time.process_time()
    weight = rng.integers(1, 30, len(homes)).astype(np.float32)
    outside = nearest[homes] > np.quantile(nearest[homes], 0.9)
    far = hierarchy.select(homes[outside])
    gain = np.zeros(len(homes), np.float32)
    for first in range(0, len(homes), 512):
        part = homes[first : first + 512]
        times = hierarchy.to_each(metric, far, Joints(part[:, None], np.zeros((len(part), 1), np.int64)))
        gain[first : first + 512] = weight[outside] @ (times <= 6_000)
    say("streets: best place for one more unit, tried at 20,000 homes, CPU s", f"{time.process_time() - start:.1f}")
    say("streets: peak MiB of all this", peak_mib())
    back = backward_network(graph.nodes, network)
    scipy_s, exact = cpu(lambda: to_each(back, graph.nodes, units.astype(np.int64)), 1)
    say("streets: SciPy, the same matrix, CPU s (ratio to ours)", f"{scipy_s:.1f} ({scipy_s / ours:.0f}x)")
    say("streets: matrix differs from SciPy in cells", int((exact[homes] != matrix).sum()))
    say("streets: nearest differs from SciPy in nodes", int((exact.min(axis=1) != nearest).sum()))
    np.savez(folder / "case.npz", tail=network.tail, head=network.head, cost=network.cost_ds, units=units, homes=homes,
             n=graph.nodes, x=graph.x, y=graph.y, exact=exact[homes])  # fmt: skip
    for peer in ("networkit", "rustworkx", "routingkit-cch", "pandana"):
        _peers("streets", folder / "case.npz", ours, peer)


def _copy_rate() -> float:
    """Bytes a second that one core copies; in a process of its own, so that its memory is not counted here."""
    copying = (
        "import time, numpy as np; block = np.ones(64_000_000, np.int32); other = np.empty_like(block); best = 9.0\n"
        "for _ in range(5):\n start = time.process_time(); np.copyto(other, block); best = min(best, time.process_time() - start)\n"
        "print(2 * block.nbytes / best)"
    )
    return float(subprocess.run([sys.executable, "-c", copying], check=True, capture_output=True, text=True).stdout)


def whatif() -> None:
    """200 units x 20,000 cells x 40 guidelines in one process."""
    import numpy as np

    from torni.engines.travel.guidelines import Guidelines

    rng = np.random.default_rng(5)
    matrix = rng.integers(60, 7200, (20_000, 200)).astype(np.uint16)
    people = rng.integers(1, 60, (20_000, 8)).astype(np.float32)
    sets = [np.sort(rng.choice(200, int(s), replace=False)) for s in np.exp(rng.uniform(np.log(3), np.log(120), 40))]
    ages, limits = rng.integers(0, 8, 40), rng.choice([900, 1800, 3600], 40)
    weights = np.ascontiguousarray(people[:, ages].T)
    Guidelines(matrix[:100], sets, weights[:, :100].copy(), limits).every_closure()
    seconds, g = cpu(lambda: Guidelines(matrix, sets, weights, limits))
    say("what-if: 40 guidelines from scratch (nearest, second, share, mean), CPU ms", f"{seconds * 1e3:.1f}")
    g.close(0)
    g.open(matrix[:, 0].copy())
    seconds, _ = cpu(lambda: g.close(7), 20)
    say("what-if: one closure, CPU ms", f"{seconds * 1e3:.3f}")
    seconds, _ = cpu(lambda: g.every_closure(), 10)
    say("what-if: every single closure, CPU ms", f"{seconds * 1e3:.2f}")
    column = rng.integers(60, 7200, 20_000).astype(np.uint16)
    seconds, _ = cpu(lambda: g.open(column), 20)
    say("what-if: one opening, its times known, CPU ms", f"{seconds * 1e3:.3f}")


def siting() -> None:
    """Mend with proof on the real Keski-Suomi and Uusimaa, 300 candidate cells drawn by their residents."""
    import numpy as np

    from torni import network as net
    from torni.engines.siting import fewest, max_cover, p_median

    folder = Path(tempfile.mkdtemp())
    for region in ("keski-suomi", "uusimaa"):
        loaded = net.load(region, on=DAY)
        people = loaded.people("residents")
        rng = np.random.default_rng(0)
        cells = rng.choice(len(people), 300, replace=False, p=people / people.sum())
        travel = loaded.travel("car").warmed()
        times = travel.matrix(loaded.population.x[cells], loaded.population.y[cells])
        np.savez(folder / f"{region}.npz", times=times, people=people)
        p_median(times[:300, :30], people[:300], 3)
        cover = times <= 1800
        seconds, c = cpu(lambda: fewest(cover, people, 0.95 * people.sum()), 1)
        say(
            f"siting {region}: fewest for 95 % in 30 min, CPU s; sites, gap",
            f"{seconds:.2f}; {len(c.sites)}, {c.gap:.0e}",
        )
        for p in (5, 10, 20):
            quick, q = cpu(lambda: max_cover(cover, people, p, quick=True), 1)
            seconds, c = cpu(lambda: max_cover(cover, people, p), 1)
            say(f"siting {region}: max cover p={p}, CPU s; greedy ms and its shortfall, gap",
                f"{seconds:.2f}; {quick * 1e3:.0f}, {(c.value - q.value) / c.value:.2%}, {c.gap:.0e}")  # fmt: skip
            quick, q = cpu(lambda: p_median(times, people, p, quick=True), 1)
            seconds, c = cpu(lambda: p_median(times, people, p), 1)
            say(f"siting {region}: p-median p={p}, CPU s; greedy ms and its excess, gap",
                f"{seconds:.2f}; {quick * 1e3:.0f}, {(q.value - c.value) / c.value:.2%}, {c.gap:.0e}")  # fmt: skip
        start = time.process_time()
        best = _best_place(loaded)
        say(
            f"siting {region}: best place for one more unit, every populated cell tried, CPU s",
            f"{time.process_time() - start:.2f} ({best})",
        )
    _peers("siting", folder, 0.0)


def _best_place(loaded: Any) -> str:
    """The cell where one more centre brings most people inside 30 minutes, all cells tried."""
    from torni.network.mend import mend

    found = mend(loaded, "centre.s_within_30_min", budget=1)
    return f"{found.candidates} tried, {found.after.met - found.finding.met:.0f} residents more"


def rules() -> None:
    """Rules and rehearsals, each part in a process of its own so that its memory is its own."""
    for part in ("client", "nation", "reasoning", "threshold", "ceiling", "population", "agreement", "peers"):
        subprocess.run([sys.executable, str(ROOT / "bench" / "rules.py"), part], check=False)


def _peers(part: str, path: Path, ours: float, *more: str) -> None:
    python = ROOT / ".peers" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(ROOT / ".peers")], check=True)
        for peer in PEERS:
            done = subprocess.run(
                [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", peer],
                capture_output=True,
                text=True,
            )
            if done.returncode:
                say(f"peer {peer}", "does not install here")
    done = subprocess.run(
        [str(python), str(ROOT / "bench" / "peers.py"), part, str(path), *more], capture_output=True, text=True
    )
    for line in done.stdout.splitlines():
        what, _, value = line.partition("\t")
        ratio = f" ({float(value) / ours:.0f}x ours)" if ours and value.replace(".", "", 1).isdigit() else ""
        say(f"{part}: {what}", value + ratio)
    if done.returncode:
        say(
            f"{part}: {' '.join(more)} ended early with {done.returncode}",
            (done.stderr.strip().splitlines() or [""])[-1][:120],
        )


def browser() -> None:
    from bench.browser import main

    for what, value in main().items():
        say(f"browser: {what}", value)


if __name__ == "__main__":
    parts = {"check": check, "streets": streets, "whatif": whatif, "siting": siting, "browser": browser, "rules": rules}
    say("machine", f"{os.cpu_count()} cores, Python {sys.version.split()[0]}")
    if len(sys.argv) == 2:
        parts[sys.argv[1]]()
    else:  # each in a process of its own, so that its memory and its compiled code are its own
        for name in sys.argv[1:] or parts:
            subprocess.run([sys.executable, __file__, name], check=False)
