"""A parameter or a client field written by what it is called: the fault names its key."""

from datetime import date

import pytest

from torni.core.faults import BadInput
from torni.services import load_library
from torni.services.change import Change
from torni.services.labels import key_meant
from torni.services.rules import load_rules

ON = date(2026, 11, 22)
KNOWN = {
    "grant.home_care.maple": ("Kotihoito: MAPLe vähintään", "Hemvård: MAPLe minst", "Home care: MAPLe at least"),
    "grant.elder_housing.age": ("Asuminen: ikä vähintään", "Boende: ålder minst", "Housing: age at least"),
}


@pytest.mark.parametrize(
    ("found", "key"),
    [
        ("Kotihoito: MAPLe vähintään", "grant.home_care.maple"),
        ("kotihoito:  maple VÄHINTÄÄN", "grant.home_care.maple"),
        ("Hemvård: MAPLe minst", "grant.home_care.maple"),
        ("Kotihoito: MAPLe vähint", "grant.home_care.maple"),
        ("grant.home_care.mapel", "grant.home_care.maple"),
        ("Housing: age at least", "grant.elder_housing.age"),
        ("something else", None),
    ],
)
def test_a_label_in_any_language_leads_to_its_key(found, key):
    assert key_meant(found, KNOWN) == key


def test_a_label_that_two_share_is_neithers():
    assert key_meant("Raja", {"one.limit": ("Raja",), "other.limit": ("Raja",)}) is None


def faults(parts):
    change = Change("trial", "", ON, parts, {}, "trial.yaml")
    with pytest.raises(BadInput) as found:
        load_rules(load_library("keski-suomi", on=ON, layers=[change.layer(ON)]))
    return [(f.what, f.remedy) for f in found.value.faults]


def test_a_change_that_names_a_parameter_by_its_label():
    assert faults({"parameters": {"Kotihoito: MAPLe vähintään": 4}}) == [
        ('"Kotihoito: MAPLe vähintään" is not a parameter', 'Did you mean "grant.home_care.maple"?')
    ]


@pytest.mark.parametrize(
    ("rule", "what", "remedy"),
    [
        ("rai_maple >= param.Kotihoito: MAPLe vähintään", '"Kotihoito: MAPLe vähintään" is what a parameter is called, not its key', "Write param.grant.home_care.maple."),
        ('rai_maple >= param."Kotihoito: MAPLe vähintään"', '"Kotihoito: MAPLe vähintään" is what a parameter is called, not its key', "Write param.grant.home_care.maple."),
        ("Ikä >= 75", '"Ikä" is what a client field is called, not its key', "Write age."),
        ("asuu_yksin", '"asuu_yksin" is what a client field is called, not its key', "Write lives_alone."),
    ],
)  # fmt: skip
def test_a_rule_that_names_them_by_their_labels(rule, what, remedy):
    """With another rule of the service beside it, so that its own words are in the change alone."""
    found = faults({"services": {"home_care": {"criteria": {"granting": [{"id": "need", "when": rule, "text": {"fi": "x", "sv": "x", "en": "x"}}]}}}})  # fmt: skip
    assert found == [(what, remedy)]
