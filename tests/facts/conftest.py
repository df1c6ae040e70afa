"""A small record room with two units and three residents, and a way to send events in a line."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import psycopg
import pytest
import yaml

from torni.facts import access, accounts, opening, persons, rights
from torni.facts.access import Who
from torni.facts.book import Answer, Book, Counting, Opening
from torni.facts.door import Door
from torni.facts.effects import COLUMNS, CORRECTIONS, stretches, tally
from torni.services.events import EventKinds

NOON = datetime(2026, 5, 4, 9, tzinfo=UTC)  # a Monday, noon in Finland
NEEDS = {
    "unit.opened": {"unit"}, "resident.registered": {"client"}, "visit.planned": {"service", "unit", "client", "matter", "due"},
    "visit.made": {"service", "unit", "client", "matter"}, "visit.called_off": {"service", "unit", "client", "matter"},
    "fee.charged": {"service", "client", "cents"}, "supervision.visited": {"service", "unit", "matter"},
    "feedback.given": {"service", "unit", "quantity"}, "event.withdrawn": set(), "case_manager.named": {"client"},
    "contact.made": {"service", "client", "matter"}, "need.reported": {"service", "client", "matter"}, "assessment.made": {"service", "client", "matter"},
    **{f"{what}.{how}": {"client"} for what, how in (("representative", "named"), ("representative", "ended"), ("consent", "given"), ("consent", "withdrawn"), ("restriction", "set"), ("restriction", "lifted"))},
    **{f"alert.{did}": {"matter"} for did in ("taken_up", "acted", "done", "set_aside")},
    **{f"plan.{how}": {"service", "unit", "client", "matter"} for how in ("sent", "recalled", "confirmed")},
}  # fmt: skip
EVENTS = Path(__file__).parents[2] / "definitions/events"


def kinds(of: str):
    """The types that the files of the definitions declare."""
    told = (yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(EVENTS.glob(of)))
    return {name: kind for one in told for name, kind in EventKinds.model_validate(one).events.items()}


DATA = {name: kind.data for name, kind in kinds("record_room.yaml").items()}
BOOK = Book(
    since=date.min,
    needs={k: frozenset(v) for k, v in NEEDS.items()},
    openings=(
        Opening("care.made", "care", "visit.planned", None),
        Opening("care.billed", "care", "visit.made", 10, age_at_least=18),
        Opening("care.supervised", "care", "supervision.visited", 730),
        Opening("care.assessed", "care", "need.reported", 7),
        Opening("care.confirmed", "care", "plan.sent", 1),
        Opening("care.heard", "care", "contact.made", None, working=7),
    ),
    answers=(
        Answer("care.made", "visit.made"), Answer("care.made", "visit.called_off", called_off=True), Answer("care.billed", "fee.charged"),
        Answer("care.supervised", "supervision.visited"), Answer("care.assessed", "assessment.made"),
        Answer("care.heard", "assessment.made"), Answer("care.confirmed", "plan.confirmed"), Answer("care.confirmed", "plan.recalled", called_off=True),
    ),
    countings=(Counting("care.good", "care", "feedback.given", "at_least", 4), Counting("care.right", "care", "fee.charged", "exact")),
    definitions={"care": "0123456789ab"},
    data=DATA,
    senders={name: frozenset(kind.senders) for name, kind in kinds("*.yaml").items()},
    expected=lambda service, data: data.get("should"),
)  # fmt: skip


_LOG = """
SELECT position, (recorded_at AT TIME ZONE 'Europe/Helsinki')::date, (at AT TIME ZONE 'Europe/Helsinki')::date, type, service, unit, matter, due,
  quantity, of_quantity, cents, (data->>'should')::bigint, municipality,
  (SELECT born FROM client c WHERE c.client = e.client AND c.position < e.position AND c.valid_from <= (e.at AT TIME ZONE 'Europe/Helsinki')::date
    ORDER BY valid_from DESC, position DESC LIMIT 1), replaces
FROM event e WHERE sign = 1 ORDER BY position"""


rings = pytest.mark.skipif(
    "faketime" in os.environ.get("LD_PRELOAD", ""),
    reason="where libfaketime moves the clock, PostgreSQL's own timers (lock_timeout) never ring",
)


class Room:
    """One room, its door, and events made in short."""

    def __init__(self, url: str, since: datetime = NOON) -> None:
        self.url = url
        self.connection = psycopg.connect(url, autocommit=True)
        opening.claim(self.connection, "trial", invented={"seed": 1, "residents": 3})
        self.door = Door(self.connection, lambda day: BOOK)
        self.now = since
        self.count = 0
        self.send(
            *(
                self.event("unit.opened", unit=u, data={"name": u, "kind": "home_care", "producer": p, "municipality": m})
                for u, p, m in (("north", "A", "931"), ("south", "B", "172"))
            ),
            *(
                self.event("resident.registered", client=c, data={"municipality": m, "born": born})
                for c, m, born in ((1, "931", "1941-05-30"), (2, "172", "1950-01-01"), (3, "172", "2015-01-01"))
            ),
        )  # fmt: skip

    def event(
        self, type_: str, id: str | None = None, at: datetime | None = None, **columns: object
    ) -> dict[str, object]:
        self.count += 1
        service = None if type_ in ("unit.opened", "resident.registered", "event.withdrawn") else "care"
        return {"source": "test", "id": id or f"e{self.count}", "type": type_, "at": at or self.now, "service": service, **columns}  # fmt: skip

    def send(self, *events: dict[str, object]):
        return self.door.accept(list(events), now=self.now)

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)

    def remade(self) -> list[tuple]:
        """The tally's rows other than nothing, made anew from the log and the book alone."""
        log = pl.DataFrame(
            self.rows(_LOG), schema={**COLUMNS, "replaces": pl.Int64}, orient="row",
        )  # fmt: skip
        with TemporaryDirectory() as folder:
            log.select(list(COLUMNS)).write_parquet(part := Path(folder) / "log.parquet")
            days = stretches(dict.fromkeys(log["day"].to_list(), BOOK))
            found = tally([part], days, log.filter(pl.col("replaces").is_not_null()).select(list(CORRECTIONS)))
        return found.filter(pl.any_horizontal(pl.col("total", "met", "late") != 0)).rows()

    def rows(self, query: str) -> list[tuple]:
        return self.connection.execute(query).fetchall()


@pytest.fixture
def here(new_room):
    made = Room(new_room())
    yield made
    made.connection.close()


ROLES = tuple(rights.ROLES)


@pytest.fixture
def lived(here):
    """A small life: A's visit of client 1 and B's of client 2, one missed each; a charge; refused rows; all read by nobody yet."""
    from torni.facts import intake
    from torni.facts.fold import fold

    here.send(
        here.event("visit.planned", client=1, unit="north", matter="v1", due="2026-05-04"),
        here.event("visit.planned", client=2, unit="south", matter="v2", due="2026-05-04"),
        here.event("visit.made", client=2, unit="south", matter="v2"),
        here.event("fee.charged", client=1, unit="north", matter="f1", cents=3000, data={"should": 3000}),
        here.event("feedback.given", unit="north", quantity=5),
        here.event("feedback.given", unit="south", quantity=2),
        here.event("need.reported", client=1, matter="n1", data={"text": "help at home"}),
        here.event("case_manager.named", client=1, data={"case_manager": f"cast-{ROLES.index('case_manager')}"}),
    )
    intake.receive(
        here.door,
        [{"id": "x", "type": "no.such", "time": "2026-05-04T10:00:00+03:00", "data": {"client": 1}}],
        source="feed-a",
        producer="A",
    )
    fold(here.connection)
    for number, role in enumerate(ROLES):
        accounts.new(
            here.connection, f"cast-{number}", shown=role, role=role, by="test", invented=True,
            producer="A" if role == "producer" else None, client=1 if role == "resident" else None,
        )  # fmt: skip
    return here


def who(lived, role) -> Who | None:
    return next((w for w in accounts.cast(lived.connection) if w.role == role), None)


def pages(lived, person) -> psycopg.Connection:
    connection = psycopg.connect(access.login(lived.url, "pages"), autocommit=True, **access.options("pages"))
    access.asking(connection, person)
    return connection


def count(connection, table, schema="public"):
    """How many rows are seen; None where even looking is refused."""
    try:
        return connection.execute(f"SELECT count(*) FROM {schema}.{table}").fetchone()[0]
    except psycopg.errors.InsufficientPrivilege:
        return None


@pytest.fixture
def told(lived):
    """`told(type, client, **data)`: an event of who may; `may(person, client)`: what gives that person the right to read, or None."""

    def say(type_, client, **data):
        done = lived.send({**lived.event(type_, client=client, data=data), "service": None})
        assert not done.refused, done.refused

    return say


@pytest.fixture
def may(lived):
    def ask(person, client):
        with pages(lived, person) as connection:
            found = persons.read(connection, client=client, what="events", why="")
        written = lived.rows("SELECT why FROM reading ORDER BY number DESC LIMIT 1")
        return written[0][0] if found else None

    return ask
