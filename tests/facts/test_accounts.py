"""Accounts: strong passwords, a second factor that works once, a name closed after wrong tries, and what a change of role does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pyotp
import pytest

from tests.conftest import NOW
from torni.core.faults import BadInput
from torni.facts import accounts
from torni.facts.access import Who
from torni.facts.accounts import Origin, Refused

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


def test_a_stranger_who_keeps_guessing_shuts_the_name_for_the_place_of_the_guesses_alone(aino):
    """Its owner signs in from elsewhere, and in a browser of her own even from there."""
    own, there, elsewhere = "", Origin(place="192.0.2.7"), Origin(place="198.51.100.1")
    for _ in range(accounts.WRONG):
        assert accounts.by_password(aino, "aino", "wrong", origin=there) == Refused("wrong")
    assert accounts.by_password(aino, "aino", PASSWORD, origin=there) == Refused("later")
    who = accounts.by_password(aino, "aino", PASSWORD, origin=elsewhere)
    own = accounts.know_browser(aino, who)
    assert (
        accounts.knows(aino, who, own)
        and not accounts.knows(aino, who, own + "x")
        and not accounts.knows(aino, who, "")
    )
    assert accounts.by_password(aino, "aino", PASSWORD, origin=there) == Refused("later")
    assert accounts.by_password(aino, "aino", PASSWORD, origin=Origin(own, "192.0.2.7")) == who
    for _ in range(accounts.WRONG):
        accounts.by_password(aino, "aino", "wrong", origin=Origin(own, "192.0.2.7"))
    assert accounts.by_password(aino, "aino", PASSWORD, origin=Origin(own, "203.0.113.5")) == Refused("later"), (
        "a stolen key"
    )
    assert accounts.by_password(aino, "aino", PASSWORD, origin=elsewhere) == who


def test_guesses_from_a_thousand_places_are_counted_together_but_not_with_the_owners(aino):
    who = accounts.by_password(aino, "aino", PASSWORD, origin=Origin(place="home"))
    own = accounts.know_browser(aino, who)
    told = [
        accounts.by_password(aino, "aino", "wrong", origin=Origin(place=f"place {n}")).why
        for n in range(accounts.WRONG_ANYWHERE + 20)
    ]
    assert told == ["wrong"] * accounts.WRONG_ANYWHERE + ["later"] * 20
    assert accounts.by_password(aino, "aino", PASSWORD, origin=Origin(place="a new place")) == Refused("later")
    assert accounts.by_password(aino, "aino", PASSWORD, origin=Origin(own, "home")) == who
    accounts.set_password(aino, "aino", PASSWORD + " anew")
    assert not accounts.knows(aino, who, own), "whoever had the old password may have had the browser too"


def test_a_key_of_one_accounts_browser_is_of_no_use_for_another(aino):
    accounts.new(aino, "eero", shown="Eero", role="director", by="test", password=PASSWORD)
    eeros = accounts.know_browser(aino, accounts.by_password(aino, "eero", PASSWORD))
    for n in range(accounts.WRONG):
        assert accounts.by_password(aino, "aino", f"wrong {n}", origin=Origin(eeros, "x")) == Refused("wrong")
    assert accounts.by_password(aino, "aino", PASSWORD, origin=Origin(eeros, "x")) == Refused("later")
    assert accounts.by_password(aino, "aino", PASSWORD, origin=Origin("", "x")) == Refused("later")


def test_a_success_forgets_the_wrong_ones_before_it(aino):
    for _ in range(accounts.WRONG - 1):
        accounts.by_password(aino, "aino", "wrong")
    assert isinstance(accounts.by_password(aino, "aino", PASSWORD), Who)
    assert accounts.by_password(aino, "aino", "wrong") == Refused("wrong")
    assert isinstance(accounts.by_password(aino, "aino", PASSWORD), Who)


def _not_the_code(secret):
    return "000000" if pyotp.TOTP(secret).at(NOW) != "000000" else "111111"


def _with_second(connection):
    """Aino with a second factor in use; its codes may be used again, as if half a minute had passed."""
    who, secret = accounts.by_password(connection, "aino", PASSWORD), accounts.new_second()
    now = pyotp.TOTP(secret).at(NOW)
    assert accounts.take_second(connection, who, secret, now, password=PASSWORD, code="", session="") is None
    connection.execute("UPDATE credential SET used_step = 0")
    return who, secret


def test_a_code_of_the_second_factor_is_asked_for_and_good_once(aino):
    who = accounts.by_password(aino, "aino", PASSWORD)
    secret = accounts.new_second()
    code = pyotp.TOTP(secret).at(NOW)  # once: half a minute may end meanwhile, and then it is the one before
    proof = {"password": PASSWORD, "code": "", "session": ""}
    assert accounts.address_of_second(who, secret).startswith("otpauth://totp/") and not accounts.has_second(aino, who)
    assert accounts.take_second(aino, who, secret, _not_the_code(secret), **proof) == Refused("new")
    assert accounts.take_second(aino, who, secret, code, **proof) is None
    assert accounts.by_password(aino, "aino", PASSWORD) == Refused("second")
    assert accounts.by_password(aino, "aino", "wrong") == Refused("wrong"), (
        "the code is not asked for before the password is right"
    )
    assert accounts.by_password(aino, "aino", PASSWORD, code) == Refused("wrong"), "it was used already"
    aino.execute("UPDATE credential SET used_step = 0")
    assert isinstance(accounts.by_password(aino, "aino", PASSWORD, code), Who)
    assert accounts.by_password(aino, "aino", PASSWORD, "٣٣٣٣٣٣") == Refused("wrong")
    aino.execute("UPDATE credential SET used_step = 0")
    assert accounts.drop_second(aino, who, password=PASSWORD, code=code, session="") is None
    assert isinstance(accounts.by_password(aino, "aino", PASSWORD), Who)


@pytest.mark.parametrize("secret", ["", "A" * 31, "a" * 32, "A" * 31 + "1", "Ä" * 32, "A" * 32 + "\n", "A" * 1_000_000])
def test_what_is_no_secret_is_never_a_second_factor(aino, secret):
    who = accounts.by_password(aino, "aino", PASSWORD)
    assert not accounts.is_second(secret)
    assert accounts.take_second(aino, who, secret, "123456", password=PASSWORD, code="", session="") == Refused("new")
    assert not accounts.has_second(aino, who)


CHANGES = {
    "take": lambda c, who, **proof: accounts.take_second(c, who, OTHER, pyotp.TOTP(OTHER).at(NOW), **proof),
    "drop": lambda c, who, **proof: accounts.drop_second(c, who, **proof),
    "password": lambda c, who, **proof: accounts.change_password(c, who, "four other words", **proof),
}
OTHER = "A" * 32


@pytest.mark.parametrize("change", CHANGES)
def test_what_protects_an_account_is_changed_by_its_owner_alone(aino, change):
    """A copied session is not enough, nor is the password where a second factor is in use, nor its code without the password."""
    who, secret = _with_second(aino)
    before = aino.execute("SELECT password, secret FROM credential").fetchall()
    right = pyotp.TOTP(secret).at(NOW)
    for password, code, why in (
        ("", "", "wrong"), ("wrong", right, "wrong"), (PASSWORD, "", "second"), (PASSWORD, _not_the_code(secret), "wrong"),
        (PASSWORD, pyotp.TOTP(OTHER).at(NOW), "wrong"),
    ):  # fmt: skip
        assert CHANGES[change](aino, who, password=password, code=code, session="") == Refused(why)
        assert aino.execute("SELECT password, secret FROM credential").fetchall() == before
    here, elsewhere = (accounts.begin_session(aino, who) for _ in range(2))
    assert CHANGES[change](aino, who, password=PASSWORD, code=right, session=here) is None
    assert aino.execute("SELECT password, secret FROM credential").fetchall() != before
    assert accounts.of_session(aino, here) == who and accounts.of_session(aino, elsewhere) is None


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("guess", ["password", "code"])
def test_wrong_tries_on_ones_own_page_count_as_at_the_sign_in(aino, change, guess):
    """A session that somebody else holds cannot be used to guess the password or the code."""
    who, secret = _with_second(aino)
    right = {"password": PASSWORD, "code": pyotp.TOTP(secret).at(NOW), "session": ""}
    wrong = right | ({"password": "wrong"} if guess == "password" else {"code": _not_the_code(secret)})
    for _ in range(accounts.WRONG):
        assert CHANGES[change](aino, who, **wrong) == Refused("wrong")
    assert CHANGES[change](aino, who, **right) == Refused("later")
    assert accounts.by_password(aino, "aino", PASSWORD, right["code"]) == Refused("later")


def test_guesses_made_at_once_are_counted_one_after_another(aino, here):
    """Forty hands guessing together get no more tries than one."""

    def guess(_n):
        with psycopg.connect(here.url, autocommit=True) as connection:
            return accounts.by_password(connection, "aino", "wrong").why

    with ThreadPoolExecutor(8) as hands:
        told = list(hands.map(guess, range(40)))
    assert told.count("wrong") == accounts.WRONG and told.count("later") == 40 - accounts.WRONG


def test_an_account_without_a_password_has_no_second_factor_to_change(here):
    """An identity provider's person has both there."""
    accounts.new(
        here.connection, "olli", shown="Olli", role="adviser", by="test", issuer="https://id.example", subject="1"
    )
    who = accounts.by_provider(here.connection, "https://id.example", "1")
    for change in CHANGES.values():
        assert change(here.connection, who, password="", code="", session="") == Refused("wrong")


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


def test_a_weak_new_password_uses_up_no_code(aino):
    who, secret = _with_second(aino)
    right = {"password": PASSWORD, "code": pyotp.TOTP(secret).at(NOW), "session": ""}
    with pytest.raises(BadInput, match="at least 12 characters"):
        accounts.change_password(aino, who, "short", **right)
    assert accounts.change_password(aino, who, "four other words", **right) is None
    aino.execute("UPDATE credential SET used_step = 0")
    assert isinstance(accounts.by_password(aino, "aino", "four other words", right["code"]), Who)


@pytest.mark.parametrize("name", ["", "a", "Äiti", "two words", "-x", "x" * 101, "a;b"])
def test_what_is_no_name_is_told(aino, name):
    with pytest.raises(BadInput, match="is not a name to sign in with"):
        accounts.new(aino, name, shown="X", role="adviser", by="test", password=PASSWORD)
