"""Travel times from homes to units over a road network, exact and deterministic to the bit.

Reads arrays, holds no policy and knows no region: speeds, joining legs and parking come in as a `Mode`.
`trips.Travel` answers for one network and one mode: nearest units and the home x unit matrix. `plain` (SciPy) starts at
once; `fast` (contraction hierarchy) is for street networks and long-lived processes; their answers are equal.
Public transport is in `timetable`.
"""

from torni.engines.travel.graph import UNREACHABLE, Mode, RoadGraph, Seconds

__all__ = ["UNREACHABLE", "Mode", "RoadGraph", "Seconds"]
