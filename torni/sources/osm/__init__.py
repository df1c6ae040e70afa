"""Street networks from an OpenStreetMap extract (PBF), read with pyosmium. Data © OpenStreetMap contributors, ODbL.

`read_streets` gives the network and the counts of what the extract holds and is not read. `access` tells who may use
a way, `ferries` what a crossing costs, `network` makes points and edges of them, `told` says what is not read.
"""

from torni.sources.osm.ferries import Believed
from torni.sources.osm.reading import Streets, read_streets

__all__ = ["Believed", "Streets", "read_streets"]
