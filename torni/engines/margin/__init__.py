"""How far is a promised share of events from breaking, and on which days does it probably break, or mend?

`limit` tells how many may be missed of so many before it is told as broken; `learn` learns each series' share of misses day by day, with its
drift, season, weekends and clusters; `ahead` lets it go on, many times, and tells the days between which the promise breaks. Nothing
here knows what is promised, and nothing looks at later days.
"""

from torni.engines.margin.ahead import HORIZON, PATHS, Ahead, ahead
from torni.engines.margin.learn import Shares, shares
from torni.engines.margin.limit import Limits, more_kept, more_misses

__all__ = ["HORIZON", "PATHS", "Ahead", "Limits", "Shares", "ahead", "more_kept", "more_misses", "shares"]
