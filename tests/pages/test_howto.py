"""The how-to pages' commands work as printed, one after another, on a copy of the invented year."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

HOWTO = Path(__file__).parents[2] / "docs" / "howto"
BLOCKS = {
    path.name: found
    for path in sorted(HOWTO.glob("*.md"))
    if (found := re.findall(r"^```sh[^\n]*\n(.*?)^```$", path.read_text(encoding="utf-8"), re.M | re.S))
    and path.name != "run-in-production.md"  # its drill has a test of its own, tests/conventions/test_production.py
}
NOT_HERE = (
    "torni serve",
    "torni demo",
    "./do ",
)  # what goes on until it is stopped


@pytest.fixture(scope="module")
def demo(invented_year, new_room):
    """The invented year, copied by a backup, so that no other test meets what is done to it."""
    from torni.facts.backup import back_up, bring_back

    folder = Path(tempfile.mkdtemp(prefix="torni-howto-"))
    try:
        back_up(invented_year, folder / "year")
        url = new_room()
        bring_back(url, folder / "year")
        yield url
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def sent(demo):
    """`sent(words)`: what curl would have been answered, by the pages themselves."""
    import django
    from django.test import Client

    from torni.web import record_room

    django.setup()
    os.environ["TORNI_DATABASE"] = demo
    client = Client(headers={"host": "127.0.0.1"})

    def send(words):
        (address,) = re.findall(r"http://127\.0\.0\.1:8000(\S+)", " ".join(words))
        headers = dict(words[i + 1].split(": ", 1) for i, w in enumerate(words) if w == "-H")
        kind = headers.pop("Content-Type", "application/json")
        (body,) = (words[i + 1] for i, w in enumerate(words) if w == "-d")
        return client.post(address, body, content_type=kind, headers={k.lower(): v for k, v in headers.items()})

    yield send
    record_room.close()
    del os.environ["TORNI_DATABASE"]


@pytest.fixture(scope="module")
def client(demo):
    """The number of a client of the room: the pages' 4711 stands for a number that their reader has."""
    from torni.facts import opening

    with opening.connect(demo) as connection:
        return str(connection.execute("SELECT max(client) FROM client").fetchone()[0])


@pytest.mark.parametrize("name", BLOCKS)
def test_the_commands_of_a_page_work_as_printed(name, demo, sent, client, tmp_path):
    every = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "DATABASE_URL": demo}
    key, ran = "", 0
    for block in BLOCKS[name]:
        env = dict(every)
        for line in re.split(r"\n(?=[a-z.$])", block.strip()):
            if line.startswith(NOT_HERE):
                continue
            ran += 1
            line = line.replace("4711", client)
            if line.startswith("export "):
                env.update(dict(word.split("=", 1) for word in shlex.split(line)[1:]))
                continue
            if line.startswith("curl "):
                answer = sent([word.replace("$KEY", key) for word in shlex.split(line)])
                assert answer.status_code == 200, answer.content.decode()
                assert answer.json()["refused"] == [] and answer.json()["accepted"] > 0
                continue
            assert line.startswith("torni "), line
            done = subprocess.run(
                ["sh", "-c", line], cwd=tmp_path, env=env, capture_output=True, text=True, input="a long password\n"
            )
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
            if line.startswith("torni feed new"):
                key = done.stdout.split()[-1]
    assert ran or all(line.startswith(NOT_HERE) for line in "".join(BLOCKS[name]).splitlines())
