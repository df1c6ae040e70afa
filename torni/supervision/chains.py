"""The real chains of the log held against the defined ones: conformance, lead times, and where they leak, by DuckDB on a snapshot."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import duckdb

from torni.core.faults import BadInput, Fault, bad_input
from torni.core.language import Message, t
from torni.core.progress import each
from torni.core.querying import querying
from torni.core.shown import Shown
from torni.engines.chains import Chain, MeasuredChain, query, read
from torni.facts.opening import Connection
from torni.facts.snapshot import unlike
from torni.services.chain import ServiceChain

OVER_DAYS = 365  # instances that began within a year


def newest(connection: Connection) -> tuple[dict[str, Any], date | None, datetime | None]:
    """The newest measure of every chain by its id, up to which day, and when it was made; empty where nothing has been measured, or the
    one who asks may not see it."""
    row = connection.execute(
        "SELECT chains, last_day, at FROM measured WHERE chains IS NOT NULL ORDER BY at DESC LIMIT 1"
    ).fetchone()
    return (row[0], row[1], row[2]) if row else ({}, None, None)


@dataclass(frozen=True)
class ChainOnLog(Shown):
    """A chain as it is defined, and as it went."""

    _shown_by: ClassVar[str] = "torni.notebook.shows:chain_on_log"

    chain: ServiceChain
    measured: MeasuredChain


def chains_on(folder: Path, defined: Mapping[str, ServiceChain], last: date) -> dict[str, ChainOnLog]:
    """Each chain on the snapshot in the folder, as `measure_chains`; BadInput where it is none with persons, or damaged."""
    again = t("Make one: torni snapshot FOLDER --persons")
    if not any(folder.glob("event_*.parquet")):
        raise bad_input(str(folder), t("holds no snapshot with persons"), again)
    if amiss := unlike(folder):
        raise BadInput(*(Fault(str(folder / name), t("is damaged, or of no snapshot with persons"), again) for name in amiss[:20]))  # fmt: skip
    return {name: ChainOnLog(defined[name], found) for name, found in measure_chains(folder, defined, last).items()}


def measure_chains(folder: Path, defined: Mapping[str, ServiceChain], last: date) -> dict[str, MeasuredChain]:
    """Each chain on the snapshot in the folder (one with persons), its instances begun within a year of the last complete day.

    What was taken back is not counted; what happened after the last day is not seen.
    """
    with querying() as connection:
        files = str(folder).replace("'", "''")
        connection.execute(f"CREATE VIEW log AS SELECT * FROM read_parquet('{files}/event_*.parquet')")
        connection.execute(f"CREATE VIEW effects AS SELECT * FROM read_parquet('{files}/effect_*.parquet')")
        of_life = [name for name, chain in defined.items() if chain.of_life]
        begun_for = {name: c.definition.begun_for for name, c in defined.items() if c.definition.begun_for}
        return measure_on(
            connection, {name: chain.chain for name, chain in defined.items()}, last, of_life=of_life, begun_for=begun_for
        )  # fmt: skip


def measure_on(
    connection: duckdb.DuckDBPyConnection, chains: Mapping[str, Chain], last: date, *, of_life: Collection[str] = (),
    begun_for: Mapping[str, str] | None = None,
) -> dict[str, MeasuredChain]:  # fmt: skip
    """The same on a connection that has the snapshot as `log`. An instance is a matter; of those in `of_life`, a client across matters.
    `begun_for`: of these chains, only matters that begin something for the promise, by the snapshot's `effects`."""
    connection.execute("CREATE OR REPLACE TEMP TABLE undone AS SELECT replaces FROM log WHERE sign = -1")
    types = sorted({step.event for chain in chains.values() for step in chain.steps})
    listed = ", ".join("'" + t.replace("'", "''") + "'" for t in types)
    for view, instance in (("standing", "matter"), *([("lives", "client::VARCHAR")] if of_life else [])):
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {view} AS SELECT type, service, day, {instance} AS matter FROM log WHERE sign = 1 AND day <= DATE '{last}' "
            f"AND type IN ({listed}) AND {instance} IS NOT NULL AND position NOT IN (SELECT replaces FROM undone)"
        )
    first = last - timedelta(days=OVER_DAYS - 1)
    found = {}
    for name, chain in each(chains.items(), Message("Chain by chain")):
        events = "lives" if name in of_life else "standing"
        if begun_for and name in begun_for:
            promise = begun_for[name].replace("'", "''")
            connection.execute(
                "CREATE OR REPLACE TEMP TABLE own AS SELECT DISTINCT matter FROM log WHERE matter IS NOT NULL AND position IN (SELECT position "
                f"FROM effects WHERE what = 'began' AND promise = '{promise}' GROUP BY position HAVING sum(sign) > 0)"
            )
            connection.execute(
                "CREATE OR REPLACE TEMP VIEW of_own AS SELECT * FROM standing WHERE matter IN (SELECT matter FROM own)"
            )
            events = "of_own"
        row = connection.execute(query(chain, events=events, first=first, today=last)).fetchone()
        assert row is not None
        found[name] = read(chain, row)
    return found
