"""One finding with all that it rests on, whatever its kind: the same for the command line, a notebook and the pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from torni.core.language import Message
from torni.network.explain import Explanation, limits_of
from torni.network.explain import explain as explain_network
from torni.network.region import Network
from torni.promises.finding import NO_ROOM, Finding
from torni.promises.promise import day_text
from torni.services.library import Library
from torni.tower.picture import picture

if TYPE_CHECKING:
    from torni.tower.live import Live

UNITS = ("unit_id", "name", "municipality", "size", "opening", "producer", "source", "invented", "people")


def explain(
    network: Network, promise_id: str, *, happened: Sequence[Finding] | None = None, why: Message = NO_ROOM, live: Live | None = None
) -> Explanation:  # fmt: skip
    """The steps of one promise's finding. `happened` and `why`: see `tower.picture`. Raises BadInput for an unknown promise."""
    _service, promise = network.library.promise(promise_id)
    if promise.reads == "network":
        return explain_network(network, promise_id)
    found = picture(network, pattern=promise_id, findings=(), happened=happened, why=why).of(promise_id)
    assert found is not None
    return explain_finding(network.library, found, live)


def explain_finding(library: Library, finding: Finding, live: Live | None) -> Explanation:
    """What a finding of what happens rests on: the text, its limits, its events, and up to when records are complete."""
    service = library.services[finding.service]
    promise = finding.promise
    complete = {feed: day_text(day) for feed, day in sorted(live.now.complete.items())} if live else {}
    return Explanation(
        finding, service, promise, library.files[service.id], str(library.sources[promise.source].title),
        pl.DataFrame(schema=dict.fromkeys(UNITS, pl.String)), None, (), complete, limits_of(library, promise),
        tuple(dict.fromkeys(type_ for _key, type_ in promise.events())),
    )  # fmt: skip
