"""A command that does not know a name tells the nearest known on the standard error, and ends with 2."""

from __future__ import annotations

import pytest

from torni.cli.main import main


@pytest.mark.parametrize(
    ("asked", "found", "near"),
    [
        (["check", "--region", "keski-suom"], "keski-suom", "keski-suomi"),
        (["needs", "--region", "pirkanma"], "pirkanma", "pirkanmaa"),
        (["decide", "home-car", "--client", "CLIENT"], "home-car", "home_care"),
        (["fee", "doctor-visi", "--client", "CLIENT"], "doctor-visi", "doctor_visit"),
        (["region", "new", "own", "--municipality", "Jyväskyl"], "Jyväskyl", "Jyväskylä"),
        (["reach", "--units", "UNITS", "--mode", "bicycl"], "bicycl", "bicycle"),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest_known(asked, found, near, tmp_path, capsys):
    (tmp_path / "CLIENT").write_text("age: 82\n")
    (tmp_path / "UNITS.csv").write_text("name,lon,lat\nA,25.7,62.2\n")
    files = {"CLIENT": str(tmp_path / "CLIENT"), "UNITS": str(tmp_path / "UNITS.csv")}
    assert main([*(files.get(a, a) for a in asked), "--lang", "en"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert found in told.err
    assert f'Did you mean "{near}"?' in told.err
