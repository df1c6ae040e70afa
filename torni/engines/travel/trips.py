"""Trips from homes to units: home leg, road, unit leg and parking put together."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from torni.engines.travel import plain
from torni.engines.travel.graph import DECI, FORBIDDEN, UNREACHABLE, Floats, Mode, RoadGraph, Seconds, arcs
from torni.engines.travel.joining import Joints, RoadsToJoin, direct_trips

if TYPE_CHECKING:
    from torni.engines.travel.fast import Hierarchy, Metric, Selection

PLAIN_UP_TO_NODES = 60_000  # above this the hierarchy pays for its compilation within one question


class Travel:
    """Travel times by one mode on one network, from a fixed set of homes.

    `home_x`, `home_y`: metres in the network's plane. Times are whole seconds, rounded up, as uint16;
    65535 means unreachable (or over 18 hours). Not considered: congestion by hour, turn costs, altitude.
    `engine`: "plain", "fast", or None to choose by the size of the network; the answers are the same.
    """

    def __init__(self, graph: RoadGraph, mode: Mode, home_x: Floats, home_y: Floats, engine: str | None = None) -> None:
        self.graph, self.mode = graph, mode
        self.home_x, self.home_y = home_x, home_y
        self.engine = engine or ("plain" if graph.nodes <= PLAIN_UP_TO_NODES else "fast")
        self.arcs = arcs(graph, mode)
        self.roads = RoadsToJoin(graph, mode, self.arcs, home_x, home_y)
        self.homes = self.roads.leaving(home_x, home_y)

    def from_homes(self, home_x: Floats, home_y: Floats) -> Travel:
        """The same network and mode from other homes; what was made of the network is shared."""
        other = Travel.__new__(Travel)
        other.__dict__.update({k: v for k, v in self.__dict__.items() if k not in ("_needed_nodes", "_selection")})
        other.home_x, other.home_y = home_x, home_y
        other.homes = self.roads.leaving(home_x, home_y)
        return other

    def nearest(self, unit_x: Floats, unit_y: Floats, groups: list[npt.NDArray[np.int64]]) -> list[Seconds]:
        """For each group of unit numbers, seconds from every home to the nearest of them."""
        units = self.roads.arriving(unit_x, unit_y)
        direct = direct_trips(self.home_x, self.home_y, unit_x, unit_y, self.mode, self.homes, units)
        if self.engine == "plain":
            network = plain.backward_network(self.graph.nodes, self.arcs, units)
        out = []
        for group in groups:
            if self.engine == "plain":
                by_node, _ = plain.nearest(network, self.graph.nodes, self.graph.nodes + np.asarray(group, np.int64))
            else:
                chosen = Joints(units.node[group], units.leg_ds[group])
                by_node = self._hierarchy.nearest(self._metric, chosen)[0].astype(np.int64)
            time = (self.homes.leg_ds + by_node[self.homes.node]).min(axis=1)
            member = np.isin(direct.unit, group)
            np.minimum.at(time, direct.home[member], direct.cost_ds[member])
            out.append(self._seconds(time))
        return out

    def matrix(self, unit_x: Floats, unit_y: Floats) -> Seconds:
        """Seconds from every home to every unit: homes x units."""
        time: npt.NDArray[np.int64] | npt.NDArray[np.int32]
        by_node: npt.NDArray[np.int64] | npt.NDArray[np.int32]
        time = np.full((len(self.home_x), len(unit_x)), FORBIDDEN, np.int64)
        if not len(unit_x):
            return self._seconds(time)
        units = self.roads.arriving(unit_x, unit_y)
        nodes, where = self._needed_nodes
        if self.engine == "plain":
            network = plain.backward_network(self.graph.nodes, self.arcs, units)
            sources = self.graph.nodes + np.arange(len(unit_x))
            by_node = plain.to_each(network, self.graph.nodes, sources)[nodes]
        else:
            by_node = self._hierarchy.to_each(self._metric, self._selection, units)
        if self.engine == "plain":
            for choice in range(where.shape[1]):
                np.minimum(time, self.homes.leg_ds[:, choice, None] + by_node[where[:, choice]], out=time)
        else:
            from torni.engines.travel.fast import join_homes

            time = join_homes(self.homes.leg_ds.astype(np.int32), where, by_node.astype(np.int32, copy=False))
        direct = direct_trips(self.home_x, self.home_y, unit_x, unit_y, self.mode, self.homes, units)
        np.minimum.at(time, (direct.home, direct.unit), direct.cost_ds.astype(time.dtype))
        return self._seconds(time)

    def warmed(self) -> Travel:
        """The same, its hierarchy ready: later questions take milliseconds."""
        self.engine = "fast"
        _ = self._metric, self._selection
        self.matrix(self.home_x[:1], self.home_y[:1])
        return self

    def _seconds(self, time_ds: npt.NDArray[np.int64] | npt.NDArray[np.int32]) -> Seconds:
        whole = (time_ds + self.mode.end_ds + DECI - 1) // DECI
        return np.where(time_ds >= FORBIDDEN, UNREACHABLE, np.minimum(whole, UNREACHABLE)).astype(np.uint16)

    @cached_property
    def _needed_nodes(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        nodes, where = np.unique(self.homes.node, return_inverse=True)
        return nodes, where.reshape(self.homes.node.shape)

    @cached_property
    def _hierarchy(self) -> Hierarchy:
        from torni.engines.travel.fast import Hierarchy  # compiling is only worth it when it is asked for

        return Hierarchy(self.graph)

    @cached_property
    def _metric(self) -> Metric:
        return self._hierarchy.customise(self.arcs)

    @cached_property
    def _selection(self) -> Selection:
        return self._hierarchy.select(self._needed_nodes[0])
