"""A producer's own system, as the how-to tells it, against a real server: told of a plan, it fetches and accepts it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import NOW

HOWTO = Path(__file__).parents[2] / "docs" / "howto" / "receive-plans.md"
PRODUCER = "Esimerkkihoiva Oy"
# its clock stands with the server's: it refuses what is five minutes old
STANDING = (
    f"import runpy, time; time.time = lambda: {NOW.timestamp()}; runpy.run_path('receiver.py', run_name='__main__')"
)


def torni(folder, *words):
    """The command line on the running server's room; the last line that it prints."""
    ran = subprocess.run([sys.executable, "-m", "torni", *words], env={**os.environ, "TORNI_DATA": str(folder), "TORNI_WEBHOOK_HOSTS": "127.0.0.1"}, capture_output=True, text=True, check=True)  # fmt: skip
    return ran.stdout.strip().splitlines()[-1]


@pytest.fixture
def receiver(address, room_folder, tmp_path):
    """The how-to's own receiver, running; the file that it prints to."""
    code = re.search(r"^```file receiver\.py\n(.*?)^```$", HOWTO.read_text(encoding="utf-8"), re.M | re.S).group(1)
    (tmp_path / "receiver.py").write_text(code, encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    key = torni(room_folder, "feed", "new", "esimerkkihoiva", "--producer", PRODUCER)
    secret = torni(room_folder, "webhook", "new", PRODUCER, f"http://127.0.0.1:{port}/")
    environment = {**os.environ, "TORNI": address, "KEY": key, "SECRET": secret, "PORT": str(port)}
    with (tmp_path / "out").open("w") as out:
        running = subprocess.Popen([sys.executable, "-c", STANDING], cwd=tmp_path, env=environment, stdout=out, stderr=out)  # fmt: skip
    yield tmp_path / "out"
    torni(room_folder, "webhook", "end", "1")
    running.terminate()
    running.wait(10)


def test_the_receiver_of_the_how_to_is_told_fetches_and_accepts(receiver, visit, room_folder):
    until = time.monotonic() + 60
    while "accepted" not in receiver.read_text():
        assert time.monotonic() < until, receiver.read_text()
        time.sleep(0.1)
    assert "Traceback" not in receiver.read_text()
    page = visit("/keski-suomi/deliveries/", language="en", who="producer-a")
    page.locator("tr.kept", has_text="delivered").first.wait_for()
    page.get_by_role("link", name=re.compile(r"\d+\.\d+\.\d{4}")).first.click()
    assert "204" in page.locator("table").inner_text()
    assert PRODUCER in torni(room_folder, "webhook", "list")
