"""What `docs/howto/run-in-production.md` tells to write is held by the tools that will read it, and its drill is run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml

from torni.cli.asked import parser

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "howto" / "run-in-production.md").read_text(encoding="utf-8")
FILES = {path: body for _kind, path, body in re.findall(r"^```(\w+) (/\S+)\n(.*?)^```$", TEXT, re.M | re.S)}
TORNI = "/opt/torni/.venv/bin/torni"
UNITS = {Path(path).name: body for path, body in FILES.items() if path.startswith("/etc/systemd/")}


def test_every_command_is_one_of_ours():
    commands = re.findall(rf"(?:ExecStart={TORNI}|^(?:TORNI_DATA=\S+ )?torni) (.+)$", TEXT, re.M)
    assert len(commands) >= 5
    for words in commands:
        parser().parse_args(shlex.split(words))


def test_every_variable_is_read_somewhere():
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "torni").rglob("*.py"))
    for name in [*re.findall(r"^(\w+)=", FILES["/etc/torni/environment"], re.M), "TORNI_SECRET"]:
        assert f'"{name}"' in code or name == "NUMBA_CACHE_DIR", name


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_the_units_are_as_systemd_reads_them(tmp_path):
    """Each unit by itself, with a user and a program that this machine has."""
    for name, body in UNITS.items():
        (tmp_path / name).write_text(body.replace(TORNI, sys.executable).replace("User=torni", "User=daemon"))
    env = {**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:", "SYSTEMD_LOG_TARGET": "console"}
    ran = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *(str(tmp_path / name) for name in UNITS)],
        capture_output=True, text=True, env=env,
    )  # fmt: skip
    said = [line for line in ran.stderr.splitlines() if str(tmp_path) in line or line.startswith("torni")]
    assert said == [] and ran.returncode == 0, ran.stderr


@pytest.mark.skipif(not shutil.which("nginx"), reason="no nginx here")
def test_the_proxy_is_as_nginx_reads_it(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "fullchain.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-subj", "/CN=x"],
        check=True, capture_output=True,
    )  # fmt: skip
    body = FILES["/etc/nginx/conf.d/torni.conf"].replace("/etc/ssl/torni/", f"{tmp_path}/")
    whole = f"pid {tmp_path}/pid;\nerror_log {tmp_path}/error;\nevents {{}}\nhttp {{\naccess_log off;\n{body}\n}}\n"
    (tmp_path / "nginx.conf").write_text(whole)
    ran = subprocess.run(["nginx", "-t", "-c", str(tmp_path / "nginx.conf")], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_what_collects_the_figures_is_yaml():
    (job,) = yaml.safe_load(FILES["/etc/prometheus/torni.yml"])["scrape_configs"]
    port = re.search(r"--metrics (\d+)", UNITS["torni.service"]).group(1)
    assert job["static_configs"] == [{"targets": [f"127.0.0.1:{port}"]}]


def test_every_figure_is_told_and_none_else():
    from torni.web import metrics

    ours = {made._name for made in vars(metrics).values() if getattr(made, "_name", "").startswith("torni_")}
    told = {re.sub("_total$", "", name) for name in re.findall(r"`(torni_[a-z_]+)`", TEXT)}
    assert told == ours | {name for name, *_rest in metrics._ASKED} | {"torni_room_up"}


@pytest.fixture
def open_folder():
    """Root's embedded server runs as an ordinary user, who must be able to enter."""
    folder = Path(tempfile.mkdtemp(prefix="torni-drill-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_the_drill_brings_the_room_back(new_room, open_folder):
    """Backup, restore into an embedded room of its own, verify: as written."""
    from torni.facts import opening

    url = new_room()
    with opening.connect(url, autocommit=True) as connection:
        opening.claim(connection, "keski-suomi")
    (lines,) = re.findall(r"^```sh drill\n(.*?)^```$", TEXT, re.M | re.S)
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "TORNI_LANG": "en"}
    env.pop("TORNI_DATABASE", None)
    for number, line in enumerate(lines.strip().splitlines()):
        here = {**env, "DATABASE_URL": url} if number == 0 else {k: v for k, v in env.items() if k != "DATABASE_URL"}
        ran = subprocess.run(["sh", "-c", line], cwd=open_folder, env=here, capture_output=True, text=True)
        assert ran.returncode == 0, f"{line}\n{ran.stdout}{ran.stderr}"
