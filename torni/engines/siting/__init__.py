"""Where to put, keep or close units: exact choices with their proof.

`fewest`: least costly set that covers enough people. `max_cover`: most people covered by p sites. `p_median`: least
travel in all by p sites. Each answers at once by a greedy start (`quick=True`) and then with a proven bound; `gap` is
the distance between the two, 0 when the choice is proven optimal. Holds no policy: coverage and times come in as arrays.
"""

from torni.engines.siting.cover import Choice, fewest, max_cover
from torni.engines.siting.median import p_median

__all__ = ["Choice", "fewest", "max_cover", "p_median"]
