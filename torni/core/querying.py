"""DuckDB over files in bounded memory: what does not fit waits in a folder of its own, which goes with the connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

import duckdb


@contextmanager
def querying(memory: str = "1GB", *, ordered: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection on two threads. `memory`: how much it takes at most, by itself DuckDB would take four fifths of the machine's and
    write the rest where the process happens to stand. `ordered=False`: rows keep no order unless they are sorted, which needs less."""
    with (
        TemporaryDirectory(prefix="torni-query-") as beside,
        duckdb.connect(
            config={
                "threads": 2,
                "memory_limit": memory,
                "temp_directory": beside,
                "preserve_insertion_order": ordered,
            }
        ) as connection,
    ):
        yield connection
