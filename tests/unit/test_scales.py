"""Scales from files: each form that may come, every fault at once, nothing of other instruments."""

from __future__ import annotations

import json
from datetime import date

import pytest

from torni.core.faults import BadInput
from torni.guidance.scales import Scale, scales

KNOWN = {"rai_maple": "MAPLe", "rai_cps": "CPS, cognition"}


def observation(code, value=4, on="2026-11-03T10:00:00+02:00", **more):
    return {"resourceType": "Observation", "status": "final", "code": {"coding": [{"code": code}]}, "effectiveDateTime": on, **({} if "valueQuantity" in more else {"valueInteger": value}), **more}  # fmt: skip


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
    quantity = observation("rai_cps", valueQuantity={"value": 5.0})
    assert scales("x.json", json.dumps(quantity).encode(), KNOWN) == {"rai_cps": Scale(5, date(2026, 11, 3))}


def bundle(*resources):
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in resources]}


def told(*resources):
    with pytest.raises(BadInput) as caught:
        scales("x.json", json.dumps(bundle(*resources)).encode(), KNOWN)
    return str(caught.value)


@pytest.mark.parametrize("status", ["preliminary", "registered", "unknown", "Final", None])
def test_what_is_not_final_is_told_and_not_taken(status):
    """Two amended or corrected ones are as final as the first."""
    assert "x.json: Observation 2: the status is" in told(observation("rai_cps"), observation("MAPLe", status=status))
    for right in ("final", "amended", "corrected"):
        whole = json.dumps(bundle(observation("MAPLe", status=right))).encode()
        assert scales("x.json", whole, KNOWN) == {"rai_maple": Scale(4, date(2026, 11, 3))}


@pytest.mark.parametrize(
    ("one", "other", "clients"),
    [
        ({"reference": "Patient/1"}, {"reference": "Patient/2"}, 2),
        ({"reference": "urn:uuid:1"}, {"reference": "urn:uuid:2"}, 2),
        ({"identifier": {"system": "s", "value": "a"}}, {"identifier": {"system": "s", "value": "b"}}, 2),
        ({"reference": "Patient/1"}, {"reference": "https://x.example/fhir/Patient/1"}, 1),
        ({"reference": "Patient/1"}, None, 1),
    ],
)
def test_scales_of_several_clients_are_not_one_clients(one, other, clients):
    both = observation("rai_maple", subject=one), observation("rai_cps", subject=other)
    if clients > 1:
        assert "x.json: scales of 2 clients" in told(*both)
    else:
        assert len(scales("x.json", json.dumps(bundle(*both)).encode(), KNOWN)) == 2
    # of somebody else's something else
    strange = observation("8480-6", 120, subject={"reference": "Patient/9"})
    assert len(scales("x.json", json.dumps(bundle(both[0], strange)).encode(), KNOWN)) == 1


def test_what_may_turn_an_observations_meaning_is_told():
    assert "modifierExtension" in told(
        observation("MAPLe", modifierExtension=[{"url": "urn:not", "valueBoolean": True}])
    )
    assert '"<5" is not a whole number' in told(observation("MAPLe", valueQuantity={"value": 5, "comparator": "<"}))
    assert '"4, 2" is not a whole number' in told({**observation("MAPLe"), "valueQuantity": {"value": 2}})
    two = {"coding": [{"code": "rai_maple"}, {"code": "rai_cps"}]}
    assert "is the name of several scales" in told({**observation("MAPLe"), "code": two})
    assert "Observation 1: empty" in told(observation("MAPLe", None, dataAbsentReason={"text": "not asked"}))
    assert '"٤" is not a whole number' in told(observation("MAPLe", "٤"))


def test_observations_are_found_wherever_a_bundle_has_them():
    parts = [{"code": {"coding": [{"code": c}]}, "valueInteger": v} for c, v in (("rai_maple", 4), ("rai_cps", 2))]
    panel = {**observation("interRAI HC"), "component": parts}
    report = {"resourceType": "DiagnosticReport", "contained": [observation("rai_cps", 2)]}
    for found in (
        panel,
        bundle(panel),
        bundle(bundle(observation("rai_cps", 2)), observation("MAPLe")),
        [observation("MAPLe"), report],
    ):
        assert {field: scale.value for field, scale in scales("x.json", json.dumps(found).encode(), KNOWN).items()} == {"rai_maple": 4, "rai_cps": 2}  # fmt: skip
    assert "Observation 1.1: the status" in told(bundle(observation("MAPLe", status="preliminary")))


@pytest.mark.parametrize(
    "content",
    [b"x" * 500_000, b"", b"{", b"[]", b"\xff\xfe", b"{}", b'{"resourceType":"Bundle","entry":[1,{"resource":[]}]}', b"MAPLe;4", b"MAPLe;4,5;2026-11-03", b"MAPLe;-1;2026-11-03", b"x" * 1_000_001, json.dumps(observation("rai_maple", True)).encode(), json.dumps(observation("rai_maple", None)).encode()],
)  # fmt: skip
def test_what_cannot_be_read_is_told(content):
    with pytest.raises(BadInput):
        scales("rai", content, KNOWN)


def test_every_fault_at_once():
    with pytest.raises(BadInput) as told:
        scales("rai.csv", b"MAPLe;four;2026-11-03\nXYZ;1;2026-11-03\nCPS;2;32.1.2026", KNOWN)
    assert [f.where for f in told.value.faults] == ["rai.csv: line 1", "rai.csv: line 2", "rai.csv: line 3"]
