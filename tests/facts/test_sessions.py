"""Sessions end when nobody uses them, are told and ended, and where facts are real a password alone opens nobody's data."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest

from tests.conftest import NOW
from torni.facts import accounts, rights
from torni.facts.access import allows

PASSWORD = "four words of mine"
OF = {"producer": {"producer": "A"}, "resident": {"client": 1}}


@pytest.fixture
def real(here):
    here.connection.execute("UPDATE room SET invented = NULL")
    return here.connection


def signed(connection, role="adviser", way="password"):
    accounts.new(connection, "aino", shown="Aino", role=role, by="test", password=PASSWORD, **OF.get(role, {}))
    who = accounts.by_password(connection, "aino", PASSWORD)
    return who, accounts.begin_session(connection, who, way)


def age(connection, minutes):
    connection.execute("UPDATE session SET seen_at = seen_at - make_interval(mins => %s)", [minutes])


def test_a_session_that_is_used_lives_on_and_one_that_nobody_uses_ends(here):
    who, key = signed(here.connection)
    for _ in range(3):
        age(here.connection, 59)
        assert accounts.of_session(here.connection, key) == who
    age(here.connection, 59)
    assert accounts.of_session(here.connection, key, used=False) == who, "a page that is open looks on"
    age(here.connection, 2)
    assert accounts.of_session(here.connection, key) is None, "and does not keep it alive"
    assert accounts.of_session(here.connection, key, idle=timedelta(hours=8)) == who, "where the region says so"


def test_ones_sessions_are_told_and_the_others_ended(here):
    who, first = signed(here.connection)
    second = accounts.begin_session(here.connection, who)
    assert [own for _began, _seen, own in accounts.sessions(here.connection, who, first)] == [False, True]
    accounts.end_others(here.connection, who, first)
    assert accounts.of_session(here.connection, first) == who and accounts.of_session(here.connection, second) is None


@pytest.mark.parametrize("role", tuple(rights.ROLES))
def test_where_facts_are_real_a_password_alone_opens_nobodys_data(real, role):
    """Whoever reads others' data takes a second factor first; a resident who reads the own, and roles that read nobody's, need none."""
    who, key = signed(real, role)
    found = accounts.of_session(real, key)
    reads = role in ("adviser", "case_manager", "supervisor", "controller", "producer")
    assert found.unproven is reads
    assert {a for a in rights.ACTIONS if allows(found, a)} == (
        set() if reads else {a for a in rights.ACTIONS if allows(who, a)}
    )
    assert allows(found, rights.SIGNED_IN), "the own page, where it is taken into use"
    assert not accounts.of_session(real, key, second=False).unproven, "where the region says so"


@pytest.mark.parametrize("how", ["by an identity provider", "with a second factor", "in a demonstration"])
def test_a_second_factor_a_provider_or_invented_facts_are_enough(real, how):
    who, key = signed(real, way="provider" if how == "by an identity provider" else "password")
    if how == "with a second factor":
        secret = accounts.new_second()
        proof = {"password": PASSWORD, "code": "", "session": key}
        assert accounts.of_session(real, key).unproven
        assert accounts.take_second(real, who, secret, pyotp.TOTP(secret).at(NOW), **proof) is None
    if how == "in a demonstration":
        real.execute("UPDATE room SET invented = '{}'")
    assert accounts.of_session(real, key) == who
