"""From click to redraw on the network page, and the pages' own loading, in headless Chromium."""

from __future__ import annotations

import json
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request


def main() -> dict[str, float]:
    from playwright.sync_api import sync_playwright

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "torni", "serve", "--port", str(port)], stdout=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}"
    out: dict[str, float] = {}
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{base}/keski-suomi/network/", timeout=60).close()
                break
            except OSError:
                time.sleep(0.1)
        time.sleep(15)  # the hierarchy is warmed in the background
        with sync_playwright() as playwright:
            flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            for name, path in (
                ("tower", "/keski-suomi/"),
                ("network", "/keski-suomi/network/"),
                ("promise", "/keski-suomi/promise/centre.m_within_60_min/"),
            ):
                page.goto(base + path)
                page.goto(base + path, wait_until="load")
                out[f"{name} page, navigation to load, ms"] = page.evaluate(
                    "performance.getEntriesByType('navigation')[0].loadEventEnd"
                )
            page.goto(base + "/keski-suomi/network/")
            page.evaluate("""() => { window.took = [];
                addEventListener('htmx:beforeRequest', () => { window.asked = performance.now(); });
                addEventListener('htmx:afterSettle', () => requestAnimationFrame(() => setTimeout(() => window.took.push(performance.now() - window.asked), 0)));
            }""")
            page.locator("input[value=open]").check()
            box = page.locator("#overlay").bounding_box()
            assert box
            for i in range(12):
                before = page.evaluate("window.took.length")
                page.mouse.click(
                    box["x"] + box["width"] * (0.35 + 0.02 * i), box["y"] + box["height"] * (0.3 + 0.03 * i)
                )
                while page.evaluate("window.took.length") <= before:
                    page.wait_for_timeout(20)  # a string predicate would need eval, which the pages' policy refuses
            took = page.evaluate("window.took")[2:]
            out["click to redraw, median of 10 openings, ms"] = statistics.median(took)
            out["click to redraw, slowest, ms"] = max(took)
            browser.close()
    finally:
        server.terminate()
        server.wait()
    return {k: round(v, 1) for k, v in out.items()}


if __name__ == "__main__":
    print(json.dumps(main(), indent=1))
