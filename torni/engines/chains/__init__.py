"""Chains of steps measured on a log: the declaration, the check of one instance as it goes, and the SQL over all of them.

`Chain` of `Step`s and `Edge`s; `follow` one instance into a `Trace`; `query` and `read` measure every instance with DuckDB.
"""

from torni.engines.chains.measure import Chain, Edge, MeasuredChain, Passed, Step, Stood, Trace, follow, query, read

__all__ = ["Chain", "Edge", "MeasuredChain", "Passed", "Step", "Stood", "Trace", "follow", "query", "read"]
