"""A real server and a real browser. Without Chromium these are skipped, unless TORNI_BROWSER=required."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest


def _chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def room_folder():
    """Where the server's record room is: the command line on it finds the server running."""
    data = Path(tempfile.mkdtemp(prefix="torni-journeys-"))
    data.chmod(0o755)
    yield data
    shutil.rmtree(data, ignore_errors=True)


@pytest.fixture(scope="session")
def address(tmp_path_factory, room_folder):
    if not _chromium():
        if os.environ.get("TORNI_BROWSER") == "required":
            pytest.fail("Chromium is not installed: apt-get install chromium")
        pytest.skip("Chromium is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("w") as out:
        command = [sys.executable, "-m", "torni", "demo", "--residents", "600", "--speed", "600", "--port", str(port)]
        server = subprocess.Popen(
            command,
            stdout=out,
            stderr=out,
            env={**os.environ, "TORNI_DATA": str(room_folder), "TORNI_WEBHOOK_HOSTS": "127.0.0.1"},
        )
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(1800):  # a busy machine takes its time
            try:
                urllib.request.urlopen(f"{base}/data/", timeout=60).close()
                break
            except OSError:
                assert server.poll() is None, log.read_text()
                time.sleep(0.1)
        for _ in range(6000):
            with urllib.request.urlopen(f"{base}/health/", timeout=60) as answer:
                room = json.load(answer)["room"]
            if room["recorded_at"] and not room["loading"] and not room["behind"]:
                break
            assert server.poll() is None, log.read_text()
            time.sleep(0.1)
        yield base
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="session")
def browser(address):
    from playwright.sync_api import sync_playwright

    flags = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    # on a day that is faked for the product, the browser keeps the machine's own clock: it would not start
    own = {k: v for k, v in os.environ.items() if k != "LD_PRELOAD" and not k.startswith("FAKETIME")}
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=_chromium(), args=flags, env=own)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def session(address):
    """`session(name)`: the session's cookie of one of the cast, signed in once."""
    kept: dict[str, str] = {}

    def of(name: str) -> str:
        if name not in kept:
            headers = {"Origin": address, "Sec-Fetch-Site": "same-origin"}
            asked = urllib.request.Request(
                f"{address}/sign-in/", urllib.parse.urlencode({"as": name}).encode(), headers
            )
            with urllib.request.build_opener(_Stay).open(asked, timeout=60) as answer:
                kept[name] = answer.headers["Set-Cookie"].partition("torni_session=")[2].partition(";")[0]
        return kept[name]

    return of


class _Stay(urllib.request.HTTPRedirectHandler):
    def http_error_302(self, req, fp, code, msg, headers):
        return fp


@pytest.fixture
def visit(browser, address, session):
    """`visit(path, width, language, who)` opens a page, as one of the cast (None: nobody); `expects` another status; any script error or refused
    resource fails the test."""
    contexts, faults = [], []

    def go(
        path: str,
        width: int = 1440,
        language: str = "fi",
        who: str | None = "supervisor",
        expects: int = 200,
        **options,
    ):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        context.add_cookies([{"name": "language", "value": language, "url": address}])
        if who:
            context.add_cookies([{"name": "torni_session", "value": session(who), "url": address}])
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console",
            lambda message: (
                faults.append(message.text) if message.type == "error" and f" {expects} " not in message.text else None
            ),
        )
        page.goto(address + path, wait_until="load")
        return page

    yield go
    for context in contexts:
        context.close()
    assert not faults


@pytest.fixture(scope="session")
def axe() -> str:
    return Path(__file__).with_name("axe.min.js").read_text(encoding="utf-8")
