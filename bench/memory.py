"""The greatest memory of one part alone: the kernel's own mark (`VmHWM`) of a process of its own.

`getrusage` will not do: its mark is inherited by what a process starts, and in one process a later part shows the peak of an earlier one.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

_RUN = (
    "import atexit, runpy, sys\n"
    "from bench.memory import peak_mib\n"
    "sys.path[0] = sys.argv[1]\n"
    "out = sys.argv[2]\n"
    "sys.argv = sys.argv[3:]\n"
    "atexit.register(lambda: open(out, 'w').write(str(peak_mib())))\n"
    "runpy.run_path(sys.argv[0], run_name='__main__') if sys.argv[0].endswith('.py') else runpy.run_module(sys.argv[0], run_name='__main__')"
)


def peak_mib(process: int | str = "self") -> int:
    """The most that a process has held of memory at once since it began its program, MiB."""
    found = re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text(), re.M)
    assert found, "Linux only"
    return int(found[1]) // 1024


def alone(program: str, *words: str, out: Path, **how: object) -> subprocess.Popen[bytes]:
    """A program of Python's (a file, or a module by its name) in a process of its own, which writes its peak into `out` when it ends."""
    root = Path(__file__).parents[1]
    return subprocess.Popen([sys.executable, "-c", _RUN, str(root), str(out), program, *words], cwd=root, **how)  # type: ignore[call-overload, no-any-return]
