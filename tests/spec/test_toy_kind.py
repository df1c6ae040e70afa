"""A kind of promise that is written in this file alone stands on every surface, as those that are shipped do.

Run as a program, the file adds its kind to the list of kinds before anything is made of it, and tells what each surface shows.
"""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import ClassVar, Literal

from torni.core.language import Message
from torni.facts.book import Counting
from torni.promises.finding import state_of
from torni.promises.ground import NetworkPromise, counted_units
from torni.promises.promise import EventType
from torni.promises.sums import Effects, EventPromise

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
ON = NOW.date()


class SmilePromise(EventPromise):
    """The share of feedback that is not the worst."""

    kind: Literal["smile"]
    event: EventType
    share: Decimal

    labels: ClassVar = {"smile": Message("Smiles")}
    remedies: ClassVar = {"share": "Write how many must smile, such as: share: 0.9"}

    @property
    def target(self) -> float:
        return float(self.share)

    def effects(self, name, service, days):
        return Effects(countings=(Counting(name, service, self.event, "at_least", 2),))

    def rows(self, connection, asked):
        from torni.promises.rows import counted

        return counted(connection, asked, days=self.over_days)

    def rows_text(self, until):
        return "Nobody smiled here."


class CornerPromise(NetworkPromise):
    """At least so many units of the kind."""

    kind: Literal["corner"]
    at_least: int

    labels: ClassVar = {"corner": Message("Corners")}

    def measure(self, ground, service, times):
        count = len(counted_units(ground, self.unit).sure)
        share = min(1.0, count / self.at_least)
        return self.found(
            ground, service, told=True, low=share, high=share, target=1.0, counted="units", state=state_of(share, share, 1.0), met=count,
            total=self.at_least, affected=None, missing=[], invented=False,
        )  # fmt: skip


SERVICE = """id: toys
name: {fi: Lelut, sv: Leksaker, en: Toys}
group: centre_reception
valid_from: 2017-01-01
promises:
  - {id: smiles, kind: smile, sentence: {fi: Hymy, sv: Leende, en: Nine of ten smile}, broken: {fi: hymy hyytyi, sv: inget leende, en: too few smile}, source: invented, column: quality, event: feedback.given, share: 0.9}
  - {id: corners, kind: corner, sentence: {fi: Nurkka, sv: Hörn, en: A thousand corners}, broken: {fi: nurkkia puuttuu, sv: hörn saknas, en: corners are missing}, source: invented, unit: {kind: centre}, at_least: 1000}
"""
IDS = ["toys.corners", "toys.smiles"]


def test_a_kind_of_one_file_is_on_every_surface(own_regions, new_room):
    folder = own_regions / "trial"
    (folder / "services").mkdir(parents=True)
    (folder / "region.yaml").write_text('name: {fi: Koe, sv: Prov, en: Trial}\nmunicipalities: ["179"]\n')
    (folder / "services" / "toys.yaml").write_text(SERVICE, encoding="utf-8")
    url = new_room()
    env = {**os.environ, "TORNI_REGIONS": str(own_regions), "DATABASE_URL": url, "TORNI_DATABASE": url, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), os.environ["PYTHONPATH"]])}  # fmt: skip
    done = subprocess.run([sys.executable, __file__], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    smiles, corners = told["check"]["toys.smiles"], told["check"]["toys.corners"]
    assert (smiles["value"], smiles["state"], smiles["total"]) == (0.75, "broken", 4)
    assert (corners["state"], corners["counted"], corners["kind"]) == ("broken", "units", "corner")
    assert told["without_a_room"] == ["no record room"]
    assert [told["notebook"][i] for i in IDS] == ["broken", "broken"]
    assert told["explained"] == {"events": ["feedback.given"], "by": ["A"]}
    assert set(IDS) <= set(told["tower"]) and {"Smiles 1", "Corners 1"} <= set(told["filters"])
    assert "Nine of ten smile" in told["page"] and "75.0%" in told["page"]
    assert told["rows"] == 1 and "Nobody smiled here." in told["rows_page"]
    assert "A thousand corners" in told["corner_page"]
    assert "Nine of ten smile" in told["cell"] and "A thousand corners" not in told["cell"]
    assert "Too few smile" in told["report"] and "Corners are missing" in told["report"]
    assert "SmilePromise" in told["schema"] and "smile" in told["misspelt"]
    assert "toys.yaml:6:" in told["misspelt"] and "Write how many must smile" in told["share"]
    assert told["rehearsed"] == {"toys.smiles": ["broken", "kept"]}


def surfaces():
    """What each surface shows of the two kinds."""
    from torni.promises import kinds

    kinds.KINDS += [SmilePromise, CornerPromise]
    import contextlib
    import io

    from torni.core.faults import BadInput
    from torni.facts import opening
    from torni.facts.door import Door
    from torni.facts.fold import fold
    from torni.services.days import Days
    from torni.services.door_book import books_of
    from torni.simulation import cast

    url = os.environ["TORNI_DATABASE"]
    with opening.connect(url, autocommit=True) as connection:
        opening.claim(connection, "trial", invented={"seed": 1, "residents": 3, "loaded": True})
        cast.gather(connection)
        door = Door(connection, books_of(Days("trial")))
        unit = {"source": "t", "id": "u", "type": "unit.opened", "at": NOW - timedelta(days=9), "unit": "u", "data": {"name": "U", "kind": "centre", "producer": "A", "municipality": "179"}}  # fmt: skip
        marks = [
            {"source": "t", "id": f"f{i}", "type": "feedback.given", "at": NOW - timedelta(days=3), "service": "toys", "unit": "u", "quantity": q}
            for i, q in enumerate((1, 2, 4, 5))
        ]  # fmt: skip
        done = door.accept([unit, *marks], now=NOW)
        assert not done.refused, done.refused
        fold(connection)

    def command(*words):
        from torni.cli import main

        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            main([*words, "--lang", "en"])
        return out.getvalue()

    told = {}
    where = ("--region", "trial", "--on", str(ON))
    told["check"] = {f["id"]: f for f in json.loads(command("check", "--json", *where))["findings"] if f["id"] in IDS}
    explained = json.loads(command("explain", "toys.smiles", "--json", *where))
    told["explained"] = {"events": explained["events"], "by": [g["group"] for g in explained["by"]["producer"]]}
    import torni

    table = torni.check(torni.load("trial", on=ON), promise="toys").table()
    told["notebook"] = dict(table.select("id", "state").iter_rows())
    os.environ.pop("DATABASE_URL")
    told["without_a_room"] = json.loads(command("check", "--promise", "toys.smiles", "--json", *where))["findings"][0][
        "missing"
    ]
    told["schema"] = command("schema")
    told |= pages()
    from torni.services import load_library
    from torni.services.change import parse_changes
    from torni.simulation.promised import touched

    (change,) = parse_changes("name: x\nservices: {toys: {promises: [{id: smiles, share: 0.7}]}}\n")
    before, after = load_library("trial", on=ON), load_library("trial", on=ON, layers=[change.layer(ON)])
    with opening.connect(url, autocommit=True) as connection:
        found = touched(before, after, network=lambda: torni.load("trial", on=ON), room=connection)
    told["rehearsed"] = {p.id: [p.before.state, p.after.state] for p in found}
    own = Path(os.environ["TORNI_REGIONS"]) / "trial/services/toys.yaml"
    for name, was, wrong in (("misspelt", "kind: smile", "kind: smille"), ("share", "share: 0.9", "share: most")):
        own.write_text(SERVICE.replace(was, wrong), encoding="utf-8")
        try:
            load_library("trial", on=ON)
        except BadInput as error:
            told[name] = str(error)
    print(json.dumps(told, default=str))


def pages():
    os.environ["DJANGO_SETTINGS_MODULE"] = "torni.web.settings"
    import django
    from django.test import Client

    from torni.web import record_room

    django.setup()
    client = Client(headers={"host": "127.0.0.1"})
    client.cookies["language"] = "en"
    answer = client.post("/sign-in/", {"as": "supervisor"}, headers={"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"})  # fmt: skip
    assert answer.status_code == 302

    def get(path):
        found = client.get(f"/trial/{path}")
        assert found.status_code == 200, (path, found.content.decode()[-1500:])
        return found.content.decode()

    tower, rows = get(""), get("promise/toys.smiles/rows/")
    out = {
        "tower": re.findall(r'data-promise="([^"]+)"', tower), "filters": re.findall(r">([^<>]+ \d+)</a>", tower), "rows_page": rows,
        "page": get("promise/toys.smiles/"), "corner_page": get("promise/toys.corners/"), "rows": rows.count('<th scope="row"'),
        "cell": get("sapluuna/toys/quality/"), "report": get("report/"),
    }  # fmt: skip
    record_room.close()
    return out


if __name__ == "__main__":
    surfaces()
