"""A webhook reaches the open internet and what the administrator names, and nothing else of the house it runs in."""

from __future__ import annotations

import socket
import threading

import pytest
import requests

from torni.core.faults import BadInput
from torni.producers import deliver, webhooks
from torni.producers.addresses import may_be_told

CLOSED = (
    "127.0.0.1", "127.8.0.1", "0.0.0.0", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.2.1", "224.0.0.1",
    "255.255.255.255", "::1", "::", "fe80::1", "fd00:ec2::254", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "ff02::1",
)  # fmt: skip


@pytest.mark.parametrize("address", CLOSED)
def test_a_closed_address_is_refused_when_it_is_written(here, address):
    assert not may_be_told("x.example", address)
    written = f"[{address}]" if ":" in address else address
    with pytest.raises(BadInput, match="of this machine or of a closed network"):
        webhooks.new(here.connection, "A", f"https://{written}:22/x")


@pytest.mark.parametrize(
    "host", ["localhost", "a.localhost", "LOCALHOST", "2130706433", "0x7f000001", "127.1", "0177.0.0.1"]
)
def test_so_is_any_other_way_to_write_it(here, host):
    with pytest.raises(BadInput, match="of this machine or of a closed network"):
        webhooks.new(here.connection, "A", f"https://{host}/x")


def test_what_the_administrator_names_is_allowed(monkeypatch):
    assert may_be_told("x.example", "2001:4860:4860::8888") and may_be_told("x.example", "8.8.8.8")
    monkeypatch.setenv("TORNI_WEBHOOK_HOSTS", "10.1.0.0/16, Inside.example")
    assert may_be_told("x.example", "10.1.2.3") and may_be_told("inside.example", "192.168.0.9")
    assert may_be_told("x.example", "::ffff:10.1.2.3")
    assert not may_be_told("x.example", "10.2.0.1") and not may_be_told("x.example", "192.168.0.9")


class Listening:
    """A port of this machine, and whether anybody has knocked or said a word."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port, self.said = self.socket.getsockname()[1], []
        threading.Thread(target=self._hear, daemon=True).start()

    def _hear(self) -> None:
        while True:
            try:
                one, _there = self.socket.accept()
            except OSError:
                return
            with one:
                self.said.append(one.recv(100))


@pytest.fixture
def listening():
    made = Listening()
    yield made
    made.socket.close()


@pytest.mark.parametrize("turns", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"]], ids=["at once", "between the looks"])
def test_a_name_that_means_this_machine_when_it_is_told_hears_nothing(listening, monkeypatch, turns):
    """However often the name changes what it means: at the latest the connection that was made is looked at."""
    answers = list(turns)

    def meant(_host, port, *_words, **_named):
        there = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (there, port))]

    monkeypatch.setattr(socket, "getaddrinfo", meant)
    monkeypatch.setattr(deliver, "_sessions", threading.local())
    secret = "whsec_" + "AAAA" * 8
    with pytest.raises(OSError) as told:
        deliver._post(f"http://producer.example:{listening.port}/", secret, "1", b"{}")
    assert not isinstance(told.value, requests.Timeout)
    assert [said for said in listening.said if said] == []


def test_a_redirect_is_not_followed(listening, monkeypatch):
    monkeypatch.setenv("TORNI_WEBHOOK_HOSTS", "127.0.0.1")
    monkeypatch.setattr(deliver, "_sessions", threading.local())
    other = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        one, _there = other.accept()
        with one:
            one.recv(65_536)
            one.sendall(
                f"HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:{listening.port}/\r\nContent-Length: 0\r\n\r\n".encode()
            )

    threading.Thread(target=answer, daemon=True).start()
    with other:
        assert deliver._post(f"http://127.0.0.1:{other.getsockname()[1]}/", "whsec_" + "AAAA" * 8, "1", b"{}") == 307
    assert listening.said == []
