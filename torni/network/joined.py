"""How the residents and units of a region with streets of its own meet them: counted, and told as assumptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from torni.core.language import Message
from torni.network.stored import Stored

if TYPE_CHECKING:
    from torni.network.region import Network


def joined_assumptions(network: Network, mode: str) -> list[Message]:
    """Of residents and units, how many join the mode's streets over a gap of the map, how many past what shuts the mode,
    and how many not at all; nothing of a region without streets of its own."""
    if network.roads_folder is None or network.graph.ground is None:
        return []
    counts = _counts(network, mode).astype(int).tolist()
    gap = network.mode(mode).gap_km
    (gap_people, foot_people, no_people), (gap_units, foot_units, no_units) = counts[:3], counts[3:]
    said = []
    if gap_people or gap_units:
        said.append(Message("Of the streets, joined over a gap of the map of at most {km} km: {people} residents, {units} units", km=gap, people=gap_people, units=gap_units))  # fmt: skip
    if foot_people or foot_units:
        said.append(Message("Of the streets, left and reached on foot past what shuts them: {people} residents, {units} units", people=foot_people, units=foot_units))  # fmt: skip
    if no_people or no_units:
        said.append(Message("Of the streets, on a piece that nothing known joins to the rest, or on none: {people} residents, {units} units", people=no_people, units=no_units))  # fmt: skip
    return said


def _counts(network: Network, mode: str) -> npt.NDArray[np.float64]:
    """Residents over a gap, on foot and apart; then the units likewise."""
    x, y = network.units["x"].to_numpy(), network.units["y"].to_numpy()
    stored = Stored(network, mode)
    found = stored.joined(x, y)
    if found is not None:
        return found
    travel = network.travel(mode)
    ways = travel.homes.how, travel.roads.arriving(x, y).how
    weights = network.people("residents"), np.ones(len(x))
    # The four ways are numbered JOINED, OVER_GAP, ON_FOOT, APART.
    counts = [np.bincount(how, weight, 4)[1:] for how, weight in zip(ways, weights, strict=True) if how is not None]
    return stored.keep_joined(x, y, np.concatenate(counts))
