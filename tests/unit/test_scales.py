"""Scales from files: each form that may come, every fault at once, nothing of other instruments."""

from __future__ import annotations

import json
from datetime import date

import pytest

from torni.core.faults import BadInput
from torni.guidance.scales import Scale, scales

KNOWN = {"rai_maple": "MAPLe", "rai_cps": "CPS, cognition"}


def observation(code, value=4, on="2026-11-03T10:00:00+02:00", **more):
    return {"resourceType": "Observation", "status": "final", "code": {"coding": [{"code": code}]}, "valueInteger": value, "effectiveDateTime": on, **more}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["rai_maple;4;2026-11-03\nCPS;2;3.11.2026", "scale,value,day\nMAPLe,4,2026-11-03\nCPS,2,2026-11-03\n\n", "\ufeffmaple\t4\t03.11.2026\nCPS, cognition\t2.0\t2026-11-03"],
)  # fmt: skip
def test_lines(text):
    assert scales("rai.csv", text.encode(), KNOWN) == {
        "rai_maple": Scale(4, date(2026, 11, 3)),
        "rai_cps": Scale(2, date(2026, 11, 3)),
    }


def test_observations_the_newest_of_each_and_what_is_not_ours_left_out():
    told = [observation("rai_maple", 3, "2026-01-01"), observation("MAPLe"), observation("8480-6", 120), observation("rai_cps", 6, status="entered-in-error")]  # fmt: skip
    whole = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": o} for o in told]}
    assert scales("x.json", json.dumps(whole).encode(), KNOWN) == {"rai_maple": Scale(4, date(2026, 11, 3))}
    quantity = {**observation("rai_cps"), "valueQuantity": {"value": 5.0}}
    assert scales("x.json", json.dumps(quantity).encode(), KNOWN) == {"rai_cps": Scale(5, date(2026, 11, 3))}


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff\xfe", b"{}", b'{"resourceType":"Bundle","entry":[1,{"resource":[]}]}', b"MAPLe;4", b"MAPLe;4,5;2026-11-03", b"MAPLe;-1;2026-11-03", b"x" * 1_000_001, json.dumps(observation("rai_maple", True)).encode(), json.dumps(observation("rai_maple", None)).encode()],
)  # fmt: skip
def test_what_cannot_be_read_is_told(content):
    with pytest.raises(BadInput):
        scales("rai", content, KNOWN)


def test_every_fault_at_once():
    with pytest.raises(BadInput) as told:
        scales("rai.csv", b"MAPLe;four;2026-11-03\nXYZ;1;2026-11-03\nCPS;2;32.1.2026", KNOWN)
    assert [f.where for f in told.value.faults] == ["rai.csv: line 1", "rai.csv: line 2", "rai.csv: line 3"]
