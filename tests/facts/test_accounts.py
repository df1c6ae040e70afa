"""Accounts: strong passwords, a second factor that works once, a name closed after wrong tries, and what a change of role does."""

from __future__ import annotations

import pyotp
import pytest

from tests.conftest import NOW
from torni.core.faults import BadInput
from torni.facts import accounts
from torni.facts.access import Who
from torni.facts.accounts import Refused

PASSWORD = "four words of mine"


@pytest.fixture
def aino(here):
    accounts.new(here.connection, "aino", shown="Aino Ohjaaja", role="adviser", by="test", password=PASSWORD)
    return here.connection


def test_the_right_name_and_password_are_let_in_and_nothing_else(aino):
    who = accounts.by_password(aino, " Aino ", PASSWORD)
    assert isinstance(who, Who) and who.role == "adviser" and who.shown == "Aino Ohjaaja"
    for name, password in (("aino", "wrong"), ("aino", ""), ("nobody", PASSWORD), ("", "")):
        assert accounts.by_password(aino, name, password) == Refused("wrong")


def test_the_password_is_kept_only_as_a_slow_hash(aino):
    (kept,) = aino.execute("SELECT password FROM credential").fetchone()
    assert kept.startswith("$argon2id$") and PASSWORD not in kept


@pytest.mark.parametrize("password", ["short", "elevenchars", "password1234", "aino aino aino", "x" * 201])
def test_a_weak_password_is_refused_with_what_to_write_instead(aino, password):
    with pytest.raises(BadInput, match="at least 12 characters"):
        accounts.set_password(aino, "aino", password)
    assert isinstance(accounts.by_password(aino, "aino", PASSWORD), Who), "the old one stays"


def test_five_wrong_ones_close_the_name_for_a_while_even_to_the_right_one(aino):
    for _ in range(accounts.WRONG):
        assert accounts.by_password(aino, "aino", "wrong").why == "wrong"
    assert accounts.by_password(aino, "aino", PASSWORD) == Refused("later")
    assert accounts.by_password(aino, "four words of mine", "aino").why == "wrong"
    assert "four words" not in str(aino.execute("SELECT * FROM sign_in").fetchall()), (
        "a password written as the name is not kept"
    )
    assert aino.execute("SELECT count(*) FROM sign_in WHERE NOT succeeded AND account IS NOT NULL").fetchone() == (
        accounts.WRONG,
    )


def test_a_success_forgets_the_wrong_ones_before_it(aino):
    for _ in range(accounts.WRONG - 1):
        accounts.by_password(aino, "aino", "wrong")
    assert isinstance(accounts.by_password(aino, "aino", PASSWORD), Who)
    assert accounts.by_password(aino, "aino", "wrong") == Refused("wrong")
    assert isinstance(accounts.by_password(aino, "aino", PASSWORD), Who)


def test_a_code_of_the_second_factor_is_asked_for_and_good_once(aino):
    who = accounts.by_password(aino, "aino", PASSWORD)
    secret = accounts.new_second()
    assert accounts.address_of_second(who, secret).startswith("otpauth://totp/") and not accounts.has_second(aino, who)
    assert not accounts.take_second(aino, who, secret, "000000" if pyotp.TOTP(secret).at(NOW) != "000000" else "111111")
    assert accounts.take_second(aino, who, secret, pyotp.TOTP(secret).at(NOW))
    assert accounts.by_password(aino, "aino", PASSWORD) == Refused("second")
    assert accounts.by_password(aino, "aino", "wrong") == Refused("wrong"), (
        "the code is not asked for before the password is right"
    )
    assert accounts.by_password(aino, "aino", PASSWORD, pyotp.TOTP(secret).at(NOW)) == Refused("wrong"), (
        "it was used already"
    )
    aino.execute("UPDATE credential SET used_step = 0")
    assert isinstance(accounts.by_password(aino, "aino", PASSWORD, pyotp.TOTP(secret).at(NOW)), Who)
    assert accounts.by_password(aino, "aino", PASSWORD, "٣٣٣٣٣٣") == Refused("wrong")
    assert not accounts.drop_second(aino, who, "wrong") and accounts.drop_second(aino, who, PASSWORD)
    assert isinstance(accounts.by_password(aino, "aino", PASSWORD), Who)


def test_a_session_ends_by_itself_by_hand_and_when_the_role_changes(aino):
    who = accounts.by_password(aino, "aino", PASSWORD)
    key = accounts.begin_session(aino, who)
    assert accounts.of_session(aino, key) == who
    assert key not in str(aino.execute("SELECT * FROM session").fetchall())
    assert accounts.of_session(aino, key + "x") is None and accounts.of_session(aino, "\udcff") is None
    accounts.end_session(aino, key)
    assert accounts.of_session(aino, key) is None
    key = accounts.begin_session(aino, who)
    accounts.stand(aino, "aino", role="director", by="test")
    assert accounts.of_session(aino, key) is None
    key = accounts.begin_session(aino, accounts.by_password(aino, "aino", PASSWORD))
    assert accounts.of_session(aino, key).role == "director"
    aino.execute("UPDATE session SET ends_at = now() - interval '1 second'")
    assert accounts.of_session(aino, key) is None
    accounts.stand(aino, "aino", role=None, by="test")
    assert accounts.by_password(aino, "aino", PASSWORD) == Refused("wrong")
    assert [role for _n, _s, role, *_rest in accounts.listed(aino)] == [None]
    assert aino.execute("SELECT count(*) FROM standing").fetchone() == (3,), "who could see what when can still be told"


def test_the_cast_needs_no_password_only_where_facts_are_invented(here):
    accounts.new(here.connection, "demo", shown="Demo", role="director", by="test", invented=True)
    accounts.new(here.connection, "real", shown="Real", role="director", by="test", password=PASSWORD)
    assert isinstance(accounts.of_the_cast(here.connection, "demo"), Who)
    assert accounts.of_the_cast(here.connection, "real") == Refused("wrong")
    assert [w.name for w in accounts.cast(here.connection)] == ["demo"]
    here.connection.execute("UPDATE room SET invented = NULL")
    assert accounts.of_the_cast(here.connection, "demo") == Refused("wrong")
    assert accounts.cast(here.connection) == []


def test_a_name_is_one_accounts(aino):
    with pytest.raises(BadInput, match="is an account already"):
        accounts.new(aino, "aino", shown="Other", role="adviser", by="test", password=PASSWORD)
    with pytest.raises(BadInput, match="is no account"):
        accounts.stand(aino, "nobody", role=None, by="test")


def test_a_changed_password_ends_every_other_session(aino):
    who = accounts.by_password(aino, "aino", PASSWORD)
    here, elsewhere = (accounts.begin_session(aino, who) for _ in range(2))
    assert not accounts.change_password(aino, who, "wrong", "four other words", session=here)
    assert accounts.of_session(aino, elsewhere) == who
    assert accounts.change_password(aino, who, PASSWORD, "four other words", session=here)
    assert accounts.of_session(aino, here) == who and accounts.of_session(aino, elsewhere) is None
    assert isinstance(accounts.by_password(aino, "aino", "four other words"), Who)


def test_wrong_passwords_count_on_ones_own_page_too(aino):
    """A session that somebody else holds cannot be used to guess the password."""
    who = accounts.by_password(aino, "aino", PASSWORD)
    for _ in range(accounts.WRONG):
        assert not accounts.drop_second(aino, who, "wrong")
    assert not accounts.drop_second(aino, who, PASSWORD) and not accounts.change_password(
        aino, who, PASSWORD, "four other words", session=""
    )
    assert accounts.by_password(aino, "aino", PASSWORD) == Refused("later")


@pytest.mark.parametrize("name", ["", "a", "Äiti", "two words", "-x", "x" * 101, "a;b"])
def test_what_is_no_name_is_told(aino, name):
    with pytest.raises(BadInput, match="is not a name to sign in with"):
        accounts.new(aino, name, shown="X", role="adviser", by="test", password=PASSWORD)
