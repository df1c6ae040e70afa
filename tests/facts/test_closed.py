"""Second factors and webhooks' secrets: the database alone opens none of them, and a new key takes the place of the old."""

from __future__ import annotations

import pyotp
import pytest

from tests.conftest import NOW
from torni.cli.main import main
from torni.core.faults import BadInput
from torni.facts import accounts, closed
from torni.facts.access import Who
from torni.producers import webhooks

PASSWORD = "four words of mine"


@pytest.fixture(autouse=True)
def key(tmp_path, monkeypatch):
    path = tmp_path / "keys" / "secrets.key"
    monkeypatch.setenv("TORNI_SECRETS_KEY", str(path))
    return path


@pytest.fixture
def aino(here):
    accounts.new(here.connection, "aino", shown="Aino", role="adviser", by="test", password=PASSWORD)
    return here.connection


def with_second(connection, name="aino") -> str:
    who, secret = accounts.by_password(connection, name, PASSWORD), accounts.new_second()
    code = pyotp.TOTP(secret).at(NOW)
    assert accounts.take_second(connection, who, secret, code, password=PASSWORD, code="", session="") is None
    return secret


def signs_in(connection, secret: str, name="aino") -> bool:
    connection.execute("UPDATE credential SET used_step = 0")
    return isinstance(accounts.by_password(connection, name, PASSWORD, pyotp.TOTP(secret).at(NOW)), Who)


def kept(connection) -> str:
    return connection.execute("SELECT secret FROM credential").fetchone()[0]


def test_the_database_holds_no_second_factor_that_it_opens_alone(aino, key):
    secret = with_second(aino)
    assert closed.is_closed(kept(aino)) and secret not in kept(aino)
    assert key.stat().st_mode & 0o777 == 0o600
    assert signs_in(aino, secret)
    key.rename(key.with_suffix(".away"))
    with pytest.raises(BadInput, match="no second factor"):
        signs_in(aino, secret)
    closed.close("another", "somebody's")
    with pytest.raises(BadInput, match="does not open"):
        signs_in(aino, secret)


def test_one_accounts_secret_opens_nothing_in_anothers_place(aino):
    secret = with_second(aino)
    accounts.new(aino, "olli", shown="Olli", role="director", by="test", password=PASSWORD)
    aino.execute("UPDATE credential SET secret = %s", [kept(aino)])
    assert signs_in(aino, secret)
    with pytest.raises(BadInput, match="does not open"):
        signs_in(aino, secret, "olli")


def test_a_secret_of_before_is_closed_when_it_is_used(aino):
    secret = accounts.new_second()
    aino.execute("UPDATE credential SET secret = %s", [secret])
    assert signs_in(aino, secret)
    assert closed.is_closed(kept(aino)) and signs_in(aino, secret)


def test_a_new_key_closes_all_second_factors_anew(here, aino, key, monkeypatch, capsys):
    secret = with_second(aino)
    before, first = kept(aino), key.read_text()
    monkeypatch.setenv("DATABASE_URL", here.url)
    assert main(["account", "rekey"]) == 0
    assert "1 second factor" in capsys.readouterr().out
    assert kept(aino) != before and signs_in(aino, secret)
    lines = key.read_text().splitlines()
    assert len(lines) == 2 and lines[1] == first.strip() and key.stat().st_mode & 0o777 == 0o600
    key.write_text(lines[0] + "\n")
    assert signs_in(aino, secret), "the old key is needed by no second factor"


def test_a_webhooks_secret_is_closed_and_bound_to_its_address(here, key):
    _number, secret = webhooks.new(here.connection, "A", "https://producer.example/torni")
    (told,) = here.rows("SELECT secret FROM webhook")[0]
    assert secret not in told
    assert closed.open_(told, closed.webhook_of("A", "https://producer.example/torni")) == secret
    with pytest.raises(BadInput, match="does not open"):
        closed.open_(told, closed.webhook_of("A", "https://another.example/"))
    closed.renew(here.connection)
    assert closed.open_(told, closed.webhook_of("A", "https://producer.example/torni")) == secret
