"""Which network promises hold: each one measured on residents, units and roads."""

from __future__ import annotations

import fnmatch

from torni.core.language import Message
from torni.core.progress import each
from torni.engines.travel import Seconds
from torni.network.region import Network
from torni.promises.finding import Finding
from torni.promises.ground import NetworkPromise, Rows, Times, counted_units
from torni.services import Service


def check(network: Network, *, pattern: str = "*") -> list[Finding]:
    """Every promise about the network whose id (`service.promise`) fits the pattern, measured; in the sapluuna's order.

    A pattern without wildcards also fits as a part of the id. Only promises that units and where people live keep or break: `torni.tower`
    puts those that events keep beside them.
    """
    chosen = [(s, p) for s, p in network.library.of_network() if fits(f"{s.id}.{p.id}", pattern)]
    groups = _Groups(network)
    for _, promise in chosen:
        if (trip := promise.trip) and promise.by_road:
            for counted in counted_units(network, promise.unit).cases:
                groups.want(trip.mode, counted)
    return [
        measure(network, service, promise, groups.seconds) for service, promise in each(chosen, Message("The promises"))
    ]


def fits(promise_id: str, pattern: str) -> bool:
    if pattern == "*":
        return True
    if any(c in pattern for c in "*?["):
        return fnmatch.fnmatchcase(promise_id, pattern)
    return pattern in promise_id


def measure(network: Network, service: Service, promise: NetworkPromise, times: Times | None = None) -> Finding:
    """One promise measured. `times(mode, rows)`: seconds from every cell to the nearest of these unit rows."""
    return promise.measure(network, service.id, times or _Groups(network).seconds)


class _Groups:
    """The groups of units that are asked for, each mode's searched together."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.wanted: dict[str, dict[bytes, Rows]] = {}
        self.known: dict[tuple[str, bytes], Seconds] = {}

    def want(self, mode: str, rows: Rows) -> None:
        self.wanted.setdefault(mode, {})[rows.tobytes()] = rows

    def seconds(self, mode: str, rows: Rows) -> Seconds:
        if (mode, rows.tobytes()) not in self.known:
            self.want(mode, rows)
            keys = [k for k in self.wanted[mode] if (mode, k) not in self.known]
            found = self.network.nearest(mode, [self.wanted[mode][k] for k in keys])
            self.known |= {(mode, k): seconds for k, seconds in zip(keys, found, strict=True)}
        return self.known[mode, rows.tobytes()]
