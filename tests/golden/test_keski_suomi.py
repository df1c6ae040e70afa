"""Keski-Suomi's findings, frozen. `just golden` renews them; read the difference before committing."""

import json
from pathlib import Path

from torni.tower import picture

GOLDEN = Path(__file__).with_name("keski_suomi.json")


def test_the_findings_are_those_that_were_read_and_accepted(keski_suomi, request):
    found = json.dumps(picture(keski_suomi).as_json(), ensure_ascii=False, indent=1) + "\n"
    if request.config.getoption("--renew-golden"):
        GOLDEN.write_text(found, encoding="utf-8")
    assert found == GOLDEN.read_text(encoding="utf-8")
