"""The synthetic population: one invented person a row, on the real cells, with the real marginals that are known.

No row is a real person. `open_population` gives a folder of Parquet files, one a county, made on first use and kept in
the cache; the same seed gives the same people, and a county's people are the same in every population it belongs to.
"""

from torni.simulation.population.make import Population, open_population

__all__ = ["Population", "open_population"]
