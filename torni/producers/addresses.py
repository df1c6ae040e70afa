"""Which addresses a webhook may be told at: those of the open internet, and those that the administrator names; never others of this house.

A name is looked up at each message, and what was connected to is looked at again before anything is said: a name may mean the open
internet when it is written down and this machine a minute later.
"""

from __future__ import annotations

import os
import socket
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from torni.core.faults import BadInput, Fault
from torni.core.language import t

NAMED = "TORNI_WEBHOOK_HOSTS"
"""The administrator's own: names of hosts, addresses and networks, with commas between."""
_TRANSLATED = ip_network("64:ff9b::/96")  # an IPv4 address within an IPv6 one, by RFC 6052


LOOPBACK = ("localhost", "127.0.0.1", "::1")


def faults_of(where: str, *urls: str) -> None:
    """BadInput with each address that nothing is sent to: no web address, without TLS (but on this machine), one that names a user, or this
    machine's and closed networks'."""
    faults = []
    for url in urls:
        at = f"{where}: {url[:100]}" if len(urls) > 1 else where
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
            sound = parts.scheme in ("https", "http") and bool(host) and parts.port != 0 and len(url) <= 500
        except ValueError:
            sound = False
        if not sound or parts.username or parts.fragment or not url.isascii() or any(c.isspace() for c in url):
            faults.append(Fault(at, t("is not a web address"), t("Write such as: https://producer.example/torni")))
        elif parts.scheme == "http" and host not in LOOPBACK:
            faults.append(Fault(at, t("is not https"), t("Only an address on this machine may be without.")))
        elif refused_as_written(host):
            faults.append(
                Fault(
                    at,
                    t("is of this machine or of a closed network"),
                    t(
                        "Nothing is sent there. Where it is meant, name the host or the network with {name}.",
                        name=NAMED,
                    ),
                )
            )
    if faults:
        raise BadInput(*faults)


def session() -> requests.Session:
    """One that connects to no address that may not be told, and uses no proxy of the environment."""
    made = requests.Session()
    made.trust_env = False
    for scheme in ("http://", "https://"):
        made.mount(scheme, Looking())
    return made


class NotAllowed(OSError):
    """The host is at an address to which nothing is sent."""


def named() -> tuple[frozenset[str], tuple[IPv4Network | IPv6Network, ...]]:
    """The hosts and the networks that the administrator allows."""
    hosts, networks = set[str](), list[IPv4Network | IPv6Network]()
    for part in filter(None, (p.strip().lower() for p in os.environ.get(NAMED, "").split(","))):
        try:
            networks.append(ip_network(part, strict=False))
        except ValueError:
            hosts.add(part)
    return frozenset(hosts), tuple(networks)


def may_be_told(host: str, address: str) -> bool:
    """May this address, which the host's name means now, be connected to?"""
    hosts, networks = named()
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        if found in _TRANSLATED:
            inner = ip_address(int(found) & 0xFFFFFFFF)  # type: ignore[assignment]
        found = inner or found
    if host.lower() in hosts or any(found in network for network in networks):
        return True
    return found.is_global and not found.is_multicast and not found.is_reserved


def refused_as_written(host: str) -> bool:
    """Is the host itself an address, or this machine's own name, that may not be told? What another name means is asked at each message."""
    if host.lower() == "localhost" or host.lower().endswith(".localhost"):
        return not may_be_told(host, "127.0.0.1")
    try:
        return not may_be_told(host, host)
    except ValueError:  # a name; one of digits alone, as 2130706433, a resolver may take for an address
        return host.replace(".", "").isdigit() or host.lower().startswith("0x")


class _Looking:
    """Looks at where a connection goes before it is made, and at where it has come before anything is said."""

    host: str
    port: int
    _dns_host: str

    def _new_conn(self) -> socket.socket:
        for *_kind, there in socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM):
            if not may_be_told(self.host, str(there[0])):
                raise NotAllowed(self.host)
        made: socket.socket = super()._new_conn()  # type: ignore[misc]
        if not may_be_told(self.host, made.getpeername()[0]):
            made.close()
            raise NotAllowed(self.host)
        return made


class _Http(_Looking, HTTPConnection):
    """Without TLS, to what the administrator has named on this machine."""


class _Https(_Looking, HTTPSConnection):
    """With TLS."""


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


class Looking(HTTPAdapter):
    """A session's way out that connects to no address that may not be told."""

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **more: Any) -> None:
        self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **more)
        self.poolmanager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
