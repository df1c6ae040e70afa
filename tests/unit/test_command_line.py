"""The command line: its answers, its contracts for machines, its exit codes."""

import json
from pathlib import Path

import pytest

from torni.cli import main
from torni.promises.kinds import labels

ON = ["--on", "2026-11-22", "--lang", "en"]


def run(capsys, *arguments):
    code = main([*arguments])
    out = capsys.readouterr()
    return code, out.out, out.err


def test_check_prints_every_promise_broken_first(capsys):
    code, out, _ = run(capsys, "check", *ON)
    assert code == 1
    assert out.index("✗  ") < out.index("✓  ")
    assert "centre.s_in_small_municipality  outside 10,126: Petäjävesi 3,762, Kinnula 1,580, Multia 1,538" in out
    assert "no timetable (GTFS) of the region" in out


def test_the_check_contract(capsys):
    code, out, _ = run(capsys, "check", "--json", *ON)
    answer = json.loads(out)
    assert (code, answer["region"], answer["as_of"]) == (1, "keski-suomi", "2026-11-22")
    assert {"id", "kind", "service", "target", "value", "state", "affected", "assumptions", "invented"} <= set(
        answer["findings"][0]
    )
    assert {f["state"] for f in answer["findings"]} == {"kept", "broken", "unknown"}
    assert {f["kind"] for f in answer["findings"]} == set(labels())
    assert {m for f in answer["findings"] if f["kind"] == "wait" for m in f["missing"]} == {"no record room"}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["check", "--promise", "ward", *ON], 0),
        (["check", "--promise", "centre.*", *ON], 1),
        (["check", "--promise", "reception.electronic", *ON], 0),  # what cannot be told is not broken
        (["check", "--promise", "nothing", *ON], 2),
        (["check", "--region", "Atlantis", *ON], 2),
        (["check", "--on", "yesterday"], 2),
        (["explain", "centre.nothing", *ON], 2),
        (["network", "what-if", *ON], 2),
        (["network", "mend", "reception.electronic", *ON], 2),
        (["network", "mend", "ward.within_60_min", "--open", "0", *ON], 2),
        (["network", "mend", "ward.within_60_min", "--close", "99", *ON], 2),
        (["reach", "--units", "missing.csv", *ON], 2),
        (["region", "new", "Keski-Suomi", *ON], 2),
        (["check", "--promise", "ward", "--csv", "/proc/no/such/folder.csv", *ON], 2),
    ],
)
def test_exit_codes(capsys, arguments, code):
    found, _, err = run(capsys, *arguments)
    assert found == code
    if code == 2:
        assert err.strip()
        assert "Traceback" not in err


def test_the_csv_holds_the_table(capsys, tmp_path):
    run(capsys, "check", "--csv", str(tmp_path / "findings.csv"), *ON)
    lines = (tmp_path / "findings.csv").read_text().splitlines()
    assert lines[0].startswith("id,service,kind,sentence,target,value")
    assert len(lines) == 62


def test_explain_shows_every_step(capsys):
    _, out, _ = run(capsys, "explain", "centre.m_within_60_min", *ON)
    for part in (
        "1. The text",
        "4. The units counted (14)",
        "5. The minutes",
        "Road speeds −20 %",
        "Units of size S and larger count",
        "Without invented",
    ):
        assert part in out
    code, out, _ = run(capsys, "explain", "centre.m_within_60_min", "--json", *ON)
    answer = json.loads(out)
    assert code == 0
    assert sum(h["people"] for h in answer["histogram"]) == 270_043
    assert {"what", "value", "state"} == set(answer["effects"][0])


def test_the_reach_contract_in_any_county(capsys, tmp_path):
    path = tmp_path / "units.csv"
    path.write_text("name,lon,lat,owner\nNova,25.70483,62.229918,x\nTampere,23.8140,61.5060,y\n")
    code, out, _ = run(
        capsys, "reach", "--region", "pirkanmaa", "--units", str(path), "--within", "30,60", "--json", *ON
    )
    answer = json.loads(out)
    assert (code, answer["region"]) == (0, "pirkanmaa")
    assert answer["residents"] == 517_276
    assert set(answer["share_within"]) == {"30", "60"}
    assert 0.5 < answer["share_within"]["30"] < answer["share_within"]["60"] < 1
    assert sum(m["residents"] for m in answer["by_municipality"]) == 517_276
    assert answer["units"][0]["owner"] == "x"


def test_units_of_another_county_count(capsys, tmp_path):
    """Jämsä is near Pirkanmaa: a unit outside the region serves its residents."""
    path = tmp_path / "units.csv"
    path.write_text("name,lon,lat\nJämsä,25.18975,61.8764\n")
    _, out, _ = run(capsys, "reach", "--region", "pirkanmaa", "--units", str(path), "--within", "60", "--json", *ON)
    assert json.loads(out)["share_within"]["60"] > 0


def test_the_what_if_contract_and_files(capsys, tmp_path):
    plan = [
        "--close",
        "KS16",
        "--open",
        "25.30,62.70,centre,M",
        "--resize",
        "KS13",
        "M",
        "--move",
        "KS19",
        "25.95,62.44",
        "--hours",
        "KS20",
        "ma-pe",
        "8-20",
    ]
    files = [
        "--xlsx",
        str(tmp_path / "p.xlsx"),
        "--csv",
        str(tmp_path / "p.csv"),
        "--geojson",
        str(tmp_path / "p.geojson"),
    ]
    code, out, _ = run(capsys, "network", "what-if", *plan, *files, "--json", *ON)
    answer = json.loads(out)
    assert code == 1
    assert answer["flips"] == [{"id": "centre.m_in_large_municipality", "from": "broken", "to": "kept"}]
    assert len(answer["before"]) == len(answer["after"]) == 25
    assert (tmp_path / "p.xlsx").read_bytes()[:2] == b"PK"
    points = json.loads((tmp_path / "p.geojson").read_text())
    assert any(f["properties"]["unit_id"] == "new-1" for f in points["features"])
    again, out, _ = run(capsys, "network", "what-if", "--plan", answer["plan"], "--json", *ON)
    assert (again, json.loads(out)["flips"]) == (1, answer["flips"])


def test_the_closures_contract(capsys):
    code, out, _ = run(capsys, "network", "closures", "--promise", "ward", "--json", *ON)
    answer = json.loads(out)
    assert code == 0
    assert len(answer) == 13
    assert set(answer[0]) == {"promise", "unit_id", "name", "lost", "added_min", "share_after", "state", "state_after"}
    assert "Keuruun" in run(capsys, "network", "closures", *ON)[1]


def test_the_mend_contract(capsys):
    code, out, _ = run(capsys, "network", "mend", "centre.m_in_large_municipality", "--json", *ON)
    answer = json.loads(out)
    assert code == 0
    assert answer["flips"] == [{"id": "centre.m_in_large_municipality", "from": "broken", "to": "kept"}]
    assert (answer["chosen"][0]["step"], answer["bound"], answer["gap"], answer["proven"]) == (
        "resize KS13 M",
        1.0,
        0.0,
        True,
    )


def test_import_tells_all_and_keeps_nothing(capsys, own_regions):
    code, out, _ = run(
        capsys, "import", "units", str(Path(__file__).parents[1] / "data" / "health_units_finland.csv"), *ON
    )
    assert code == 2
    assert out.count("which the row states") + out.count("is not in Finland") == 22
    assert "22 rows have faults: nothing was kept" in out
    assert not list(own_regions.iterdir())


def test_every_command_has_help(capsys):
    for command in (
        "check",
        "explain",
        "reach",
        "network",
        "region",
        "import",
        "definitions",
        "schema",
        "sources",
        "serve",
        "demo",
    ):
        with pytest.raises(SystemExit) as done:
            main([command, "--help"])
        assert done.value.code == 0
        assert capsys.readouterr().out.startswith("usage: torni")


def test_the_schema_is_json_schema(capsys):
    _, out, _ = run(capsys, "schema", *ON)
    assert "ReachPromise" in json.loads(out)["$defs"]


@pytest.mark.parametrize("county", ["uusimaa", "Lappi", "Vantaa ja Kerava", "Åland"])
def test_any_county_runs_from_the_shared_definitions(capsys, county):
    code, out, _ = run(capsys, "check", "--region", county, "--json", *ON)
    assert code in (0, 1)
    assert len(json.loads(out)["findings"]) == 60


def test_chains_are_told_and_measured_on_a_snapshot(capsys, tmp_path, invented_year):
    from torni.cli import main
    from torni.facts import opening
    from torni.facts.snapshot import snapshot

    assert main(["chains", "--on", "2026-11-22", "--lang", "en"]) == 0
    told = capsys.readouterr().out
    assert "into_home_care: From a need to home care" in told and "Need reported" in told and "begun" not in told
    with opening.connect(invented_year, autocommit=True) as connection:
        snapshot(connection, tmp_path / "with", persons=True)
        snapshot(connection, tmp_path / "without")
    assert main(["chains", "--on", "2026-11-21", "--snapshot", str(tmp_path / "with"), "--json"]) in (0, 1)
    measured = json.loads(capsys.readouterr().out)["to_doctor"]["measured"]
    assert measured["instances"] > 100 and measured["edges"][0][2] > 100
    main(["chains", "--on", "2026-11-21", "--snapshot", str(tmp_path / "with"), "--lang", "en"])
    assert "went as defined" in capsys.readouterr().out
    for folder in ("without", "nowhere"):
        assert main(["chains", "--snapshot", str(tmp_path / folder), "--lang", "en"]) == 2
        assert "no snapshot with persons" in capsys.readouterr().err
