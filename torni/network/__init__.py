"""Production and network: who reaches what in how long, which promises hold, what a change does, what would mend.

Reads the definitions (`services`), the open data (`sources`) and the engines `travel` and `siting`; writes nothing.
`load` gives a region's network on a day; `check` its findings; `explain` one finding's steps; `Plan` and `what_if`
a tried change; `closures` what each unit's closing alone would do; `mend` the smallest change that restores a promise; `reach` the reach of any units a user brings.
"""

from torni.network.check import check
from torni.network.region import Network, load

__all__ = ["Network", "check", "load"]
