"""What a check does not use is not read: half of a short command's time is reading modules."""

from __future__ import annotations

import subprocess
import sys

SEEN = "import sys; from torni.cli.main import main; main(['check', '--on', '2026-11-22', '--json']); print([m for m in ('scipy', 'highspy', 'django', 'duckdb', 'typst', 'authlib') if m in sys.modules], file=sys.stderr)"


def test_a_check_whose_travel_times_are_kept_reads_no_heavy_module():
    ran = [
        subprocess.run([sys.executable, "-c", SEEN], capture_output=True, text=True, check=True) for _ in range(2)
    ]  # the first keeps them
    assert ran[1].stderr.splitlines()[-1] == "[]"
