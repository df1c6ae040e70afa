"""`torni truth`, `account` and `client` as a person uses them."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import pytest

from torni.cli.main import main
from torni.facts import opening


@pytest.fixture
def elsewhere(monkeypatch, database_server):
    monkeypatch.setenv("DATABASE_URL", database_server.url)
    folder = Path(tempfile.mkdtemp(prefix="torni-backup-"))
    yield folder
    shutil.rmtree(folder)


def test_planted_faults_are_found_and_nothing_else(capsys, elsewhere):
    """A seed that nobody tuned to, and a year that ends on a leap day. A fault of a few cases is said to be too small to be told."""
    code = main(["truth", "--seed", "90210", "--residents", "6000", "--on", "2028-02-29", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert [p["kind"] for p in told["planted"] if not p["found"] and not p["too_small"]] == []
    assert len({p["kind"] for p in told["planted"]}) == 9 and len(told["planted"]) == 10
    assert {p["kind"] for p in told["planted"] if p["too_small"]} <= {"long_waits"}
    assert told["missed"] == 0 and told["false"] <= 1, told["false_alerts"]
    assert all(0 <= p["days_to_detection"] <= 280 for p in told["planted"] if p["found"])
    assert code == 0


def test_in_years_with_nothing_planted_nothing_is_told_though_misses_cluster(capsys, elsewhere):
    code = main(
        [
            "truth",
            "--seeds",
            "70..71",
            "--residents",
            "3000",
            "--on",
            "2027-07-04",
            "--nothing-planted",
            "--clustering",
            "3",
            "--lang",
            "en",
        ]
    )
    told = capsys.readouterr().out
    assert code == 0 and told.splitlines()[-1] == "2 years: 0 false alerts, in 0 of the years, at most 0 in one"
    assert told.count("0 found, 0 missed, 0 too small to be told, 0 false") == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--seeds", "7"], '"7" is not two numbers'), (["--seeds", "9..2"], "Write the first and the last seed, such as 1..20."),
        (["--residents", "12"], "12 is too small"), (["--clustering", "0.2"], "0.2 is out of range"),
    ],
)  # fmt: skip
def test_a_question_that_cannot_be_asked_is_told(capsys, arguments, said):
    assert main(["truth", *arguments, "--lang", "en"]) == 2
    assert said in capsys.readouterr().err


def test_a_room_belongs_to_one_region_and_real_facts_are_never_mixed(new_room):
    from torni.core.faults import BadInput

    with opening.connect(new_room(), autocommit=True) as connection:
        opening.claim(connection, "keski-suomi")
        opening.claim(connection, "keski-suomi")
        with pytest.raises(BadInput, match="not of uusimaa"):
            opening.claim(connection, "uusimaa")
        with pytest.raises(BadInput, match="real region"):
            opening.claim(connection, "keski-suomi", invented={"seed": 1})


def test_a_room_without_a_region_takes_nothing(new_room):
    from tests.facts.conftest import BOOK, NOON
    from torni.core.faults import BadInput
    from torni.facts.door import Door

    with opening.connect(new_room(), autocommit=True) as connection, pytest.raises(BadInput, match="no region"):
        Door(connection, lambda day: BOOK).accept([{"source": "t", "id": "1", "type": "x.y", "at": NOON}])


def test_accounts_from_the_command_line(capsys, elsewhere, new_room, monkeypatch):
    """Made with a password from the input, given another role, ended; each fault told with what to write instead."""
    import io

    monkeypatch.setenv("DATABASE_URL", new_room())

    def run(*words, typed=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        code = main(["account", *words])
        told = capsys.readouterr()
        return code, told.out + told.err

    assert run("new", "Maija", "--role", "adviser", "--shown", "Maija Esimerkki", typed="kolme sanaa ja yksi\n") == (
        0,
        "maija may sign in.\n",
    )
    assert run("new", "maija", "--role", "adviser", typed="kolme sanaa ja yksi\n")[0] == 2
    assert "at least 12 characters" in run("new", "pekka", "--role", "adviser", typed="short\n")[1]
    assert "--role producer --producer NAME" in run("new", "pekka", "--role", "producer", typed="x")[1]
    assert "TORNI_OIDC_ISSUER" in run("new", "pekka", "--role", "adviser", "--subject", "s")[1]
    code, told = run("role", "maija", "--role", "producer", "--producer", "Esimerkkihoiva Oy")
    assert code == 0 and "no unit here is of this producer" in told
    assert run("password", "maija", typed="neljä muuta sanaa nyt\n")[0] == 0
    told = run("list")[1]
    assert "Maija Esimerkki" in told and "producer" in told and "Esimerkkihoiva Oy" in told
    assert run("end", "maija")[0] == 0 and "ended" in run("list")[1]
    assert run("end", "nobody")[0] == 2


def test_a_key_for_a_producer_that_nobody_is_is_told(capsys, elsewhere, here, monkeypatch):
    """A name misspelt would make a key that speaks of no unit at all; a producer that is yet to come is said to be one."""
    monkeypatch.setenv("DATABASE_URL", here.url)
    here.connection.execute(
        "INSERT INTO unit SELECT 'x', valid_from, position + 1000, name, kind, 'Esimerkkihoiva Oy', municipality FROM unit LIMIT 1"
    )
    for given, told in (("Esimerkihoiva Oy", 'Did you mean "Esimerkkihoiva Oy"?'), ("Zzz", "Units here are of: A")):
        assert main(["feed", "new", "key of it", "--producer", given]) == 2
        shown = capsys.readouterr()
        assert (
            f"{given}: no unit here is of this producer" in shown.err
            and told in shown.err
            and "torni_" not in shown.out
        )
        assert "--new-producer" in shown.err
    assert main(["feed", "new", "key of it", "--producer", "Zzz", "--new-producer"]) == 0
    assert main(["feed", "new", "another", "--producer", "A"]) == 0
    assert capsys.readouterr().out.count("torni_") == 2


def test_one_persons_data_from_the_command_line(capsys, elsewhere, here, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", here.url)
    file = elsewhere / "person.json"
    asked = ["--by", "Records Keeper", "--why", "her own request"]
    assert main(["client", "export", "1", str(file), *asked]) == 0
    assert json.loads(file.read_text())["register"][0]["born"] == "1941-05-30"
    assert file.stat().st_mode & 0o077 == 0, "only its owner may read it"
    assert main(["client", "export", "1", str(file), *asked]) == 2
    assert main(["client", "erase", "1", "--by", "Records Keeper", "--why", "x"]) == 2
    assert main(["client", "erase", "1", *asked]) == 0
    assert "1 events no longer tell" in capsys.readouterr().out
    assert main(["client", "export", "1", str(elsewhere / "other.json"), *asked]) == 2
    assert main(["verify"]) == 0
