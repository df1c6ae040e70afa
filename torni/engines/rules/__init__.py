"""Rules as one typed tree: from a text that a person writes to a verdict with reasons, to SQL and to sentences.

`lower` turns text into the tree or into faults; nothing else is ever made from the text. `Reasoning` decides one
client, three-valued, leaf by leaf; `sql` writes the same tree for DuckDB, PostgreSQL and Spark; `sentences` says it
in three languages; `version` is its hash. The engine knows no service and no amount: fields, parameters and tables
are given to it.
"""

from torni.engines.rules.lowering import lower
from torni.engines.rules.tree import Field, version
from torni.engines.rules.wording import Scope

__all__ = ["Field", "Scope", "lower", "version"]
