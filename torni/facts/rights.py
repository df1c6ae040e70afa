"""Who may do what: the one table of roles, actions and conditions that addresses, forms, menu, pages and database all follow.

What is not said here is denied. A new role is one entry of `ROLES`; an action that it has on a condition of its own is one line more
in `torni/facts/present.sql`. A new table, view or function of the database is one line of `TABLES` or `FUNCTIONS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torni.core import rooms
from torni.core.language import Message

EVERYBODY, SIGNED_IN, NOBODY = "everybody", "signed in", "nobody"  # in the place of an action: no table is asked

# On what condition. The pages follow `all` and `own producer` by themselves; the rest is asked of each row, in the database.
ALL = "all"
OWN_CLIENTS = "own clients"
NEED = "need or consent"
CHARGED = "charged"
OWN_UNITS = "own units"
OWN_PRODUCER = "own producer"
ACTS_FOR = "self or acts for"
SELF = "self"
CONDITIONS = {
    ALL: "of every client, unit and producer",
    OWN_CLIENTS: "of those whose case manager the account is",
    NEED: "of those whose need was reported within a year, or who have consented",
    CHARGED: "of those who have been charged, and of them the charges",
    OWN_UNITS: "of the producer's own units; a head of a unit, of that unit alone",
    OWN_PRODUCER: "of the whole producer; a head of a unit not at all",
    ACTS_FOR: "of oneself, and of those one acts for",
    SELF: "of oneself",
}
ACTIONS = {
    # what happens, without persons
    "live_tower": "every promise live, moments compared, chains measured, how whole the record room is",
    "live_rows": "the sums and the rows behind a promise, nothing of a person",
    "small_sums": "sums of fewer clients than are told to all, and which unit and municipality a row behind them is of",
    "handle_alert": "take an alert up, say what was done because of it, and how it ended",
    "report": "the welfare report",
    "own_promises": "the promises of one's own units",
    "ask_job": "ask for a verification or a measuring",
    "waiting": "what waits for oneself: to approve, to mend, to look at",
    # definitions and their changes
    "try_rules": "try a rule's text, and a client's facts against the rules, without storing them",
    "rehearse": "rehearse a change, and see the changes proposed",
    "propose": "propose a change with its rehearsal",
    "approve": "approve another's proposal",
    # guidance
    "worklist": "what waits for oneself",
    "case": "write a need down; a client's case: assessment, decision, letter, plan",
    "manage_case": "be named a client's case manager",
    "review": "write down and decide a request for review",
    "answer_message": "answer a client's message",
    # what producers are sent
    "inbox": "the plans sent, and their answers",
    "deliveries": "what producers' systems were told, and how each message stands",
    "send_again": "send a message again, or set it aside",
    # a client's data, each opening written down
    "person": "the page on which a client's data is asked for",
    "read_client": "open a client's data: why, is written down",
    "open_in_emergency": "open anybody's in an emergency, with a reason, told to the supervisors",
    "client_events": "of an opened client, what has happened",
    "client_debts": "of an opened client, what is owed",
    "client_register": "of an opened client, the register",
    "client_care": "of an opened client, whose client it is, who acts and what is allowed",
    "emergencies": "who has opened data in an emergency, when and why",
    # records and oneself
    "records": "bring events in by a file, and mend what was refused",
    "own_services": "one's own decisions, plan, visits and fees, and all that is recorded",
    "readings": "who has read one's own data, and why",
}


@dataclass(frozen=True)
class Role:
    """What an account is for. `may`: each action on its condition. `of`: whose the account is (a producer's, a client's).
    `begins`: where one comes after signing in: a page of the region, or a path that begins with /."""

    id: str
    name: Message
    sees: Message
    may: Mapping[str, str]
    of: str | None = None
    begins: str = ""

    def __post_init__(self) -> None:
        unknown = [a for a, how in self.may.items() if a not in ACTIONS or how not in CONDITIONS]
        if unknown or self.of not in (None, "producer", "client"):
            raise ValueError(f"{self.id}: {unknown or self.of} is not known: write it in ACTIONS or CONDITIONS first")


_STAFF = dict.fromkeys(("live_tower", "live_rows", "report", "try_rules", "rehearse", "deliveries"), ALL)
_ANSWERS = {"handle_alert": ALL}  # those whose an alert may be
_OPENED = dict.fromkeys(
    ("client_events", "client_debts", "client_register", "client_care"), ALL
)  # the whole of a client
_GUIDES = dict.fromkeys(("case", "answer_message", "person", "open_in_emergency"), ALL)
ROLES: dict[str, Role] = {
    role.id: role
    for role in (
        Role(
            "director",
            Message("director"),
            Message("Every promise live, and the approval of changes. No client's data."),
            {**_STAFF, **_ANSWERS, "ask_job": ALL, "waiting": ALL, "propose": ALL, "approve": ALL, "emergencies": ALL},
            begins="waiting",
        ),
        Role(
            "service_owner",
            Message("service owner"),
            Message("Every promise live, rehearsals and proposals of changes. No client's data."),
            {**_STAFF, **_ANSWERS, "ask_job": ALL, "waiting": ALL, "propose": ALL},
            begins="waiting",
        ),
        Role(
            "adviser",
            Message("adviser"),
            Message("Every promise live, the worklist, decisions, and the data of clients whose need has been reported."),
            {**_STAFF, **_GUIDES, **_OPENED, "worklist": ALL, "review": ALL, "read_client": NEED},
            begins="worklist",
        ),
        Role(
            "case_manager",
            Message("case manager"),
            Message("Every promise live, the worklist, plans, and the data of own clients."),
            {**_STAFF, **_GUIDES, **_OPENED, "worklist": OWN_CLIENTS, "manage_case": ALL, "read_client": OWN_CLIENTS},
            begins="worklist",
        ),
        Role(
            "supervisor",
            Message("supervisor"),
            Message("Every promise live, the rows behind them down to the client, and refused records."),
            {
                **_STAFF, **_ANSWERS, **_OPENED, "ask_job": ALL, "waiting": ALL, "send_again": ALL, "person": ALL, "read_client": ALL, "small_sums": ALL,
                "emergencies": ALL, "records": ALL,
            },
            begins="waiting",
        ),
        Role(
            "controller",
            Message("controller"),
            Message("Every promise live, clients' charges, and refused records."),
            {
                **_STAFF, **_ANSWERS, "ask_job": ALL, "waiting": ALL, "person": ALL, "read_client": CHARGED, "client_events": CHARGED, "small_sums": CHARGED,
                "records": ALL,
            },
            begins="waiting",
        ),
        Role(
            "producer",
            Message("producer"),
            Message("Plans sent to it, the promises of its own units, its own clients, and its own refused records."),
            {
                "live_rows": OWN_UNITS, "small_sums": OWN_UNITS, "own_promises": OWN_UNITS, "inbox": OWN_UNITS, "deliveries": OWN_PRODUCER,
                "send_again": OWN_PRODUCER, "person": ALL, "read_client": OWN_UNITS, "client_events": OWN_UNITS,
                "client_debts": OWN_UNITS, "client_register": ALL, "records": OWN_PRODUCER,
            },
            of="producer",
            begins="inbox",
        ),
        Role(
            "resident",
            Message("resident"),
            Message(
                "Own decisions, plan, visits and fees, and who has read what is recorded and why; the same of those one acts for."
            ),
            {**_OPENED, "read_client": ACTS_FOR, "own_services": SELF, "readings": SELF},
            of="client",
            begins="/mine/",
        ),
        Role("outsider", Message("outsider"), Message("Only what everybody sees."), {}),
    )
}  # fmt: skip
# Nobody's account: the sums that all staff see alike are read once for all of them.
TOWER, _TOWER_MAY = "tower", {"live_tower": ALL, "live_rows": ALL}
MACHINE = "producer"  # the role in which a producer's system reads, by its feed's key
RECORDS = "records"  # nor this: who gives a client's data out on the machine itself, as the reading names it


def how(role: str, action: str, *, unit: str | None = None) -> str | None:
    """On what condition an account of the role (a head's, of one unit) may do it; None where it may not. An unknown action is a fault."""
    if action not in ACTIONS:
        raise ValueError(f"{action!r} is not an action: write it in ACTIONS of torni/facts/rights.py")
    held = ROLES[role].may.get(action) if role in ROLES else None
    return None if held == OWN_PRODUCER and unit else held


def reading_others() -> list[str]:
    """The roles that may open data of clients other than themselves and those for whom they act."""
    return [role for role in ROLES if how(role, "read_client") not in (None, ACTS_FOR)]


def who_may(action: str) -> list[str]:
    """The roles that may do it, all or some of it, in the table's order."""
    return [role for role in ROLES if action in (EVERYBODY, SIGNED_IN) or how(role, action)]


def of(kind: str) -> list[str]:
    """The roles whose accounts are a producer's, or a client's."""
    return [role.id for role in ROLES.values() if role.of == kind]


def matrix() -> dict[str, dict[str, str]]:
    """Role, action, condition: what the database's `how()` answers from."""
    return {**{role.id: dict(role.may) for role in ROLES.values()}, TOWER: _TOWER_MAY}


@dataclass(frozen=True)
class Table:
    """A table or a view: who sees its rows, and what the door and the gate do to it.

    `seen`: the action that shows its rows to the pages, EVERYBODY or NOBODY; `rows`: which rows on which condition, and `among`:
    of which at all. `columns`: the pages see these alone. `door`, `gate`: what is granted to them. `changes`: its rows are
    book-keeping that may be written over; every other table's are only ever added, the owner's own hand included. Of a view, which
    rows are shown stands in its own text.
    """

    seen: str
    rows: Mapping[str, str] = field(default_factory=dict)
    among: str = "true"
    columns: tuple[str, ...] = ()
    door: str = ""
    gate: str = ""
    changes: bool = False
    view: bool = False


_BEING_READ = "client = ANY ((SELECT being_read())::bigint[])"
_UNITS = {ALL: "true", OWN_UNITS: "unit IN (SELECT own_units())"}
_OF_SEEN = "EXISTS (SELECT 1 FROM event e WHERE e.position = effect.position)"  # as the event itself is seen
_ADD = "SELECT, INSERT"
TABLES: dict[str, Table] = {
    "room": Table(EVERYBODY, door="SELECT, UPDATE", gate="SELECT", changes=True),
    "unit": Table(EVERYBODY, door=_ADD),
    "consumer": Table(EVERYBODY, changes=True),
    "mark": Table(EVERYBODY),
    "seal": Table(EVERYBODY),
    "erasure": Table(EVERYBODY),
    "uncounted": Table(EVERYBODY, changes=True),
    "missed": Table(EVERYBODY, view=True),
    "event": Table(
        "client_events",
        {
            ALL: "true",
            OWN_UNITS: "producer = (SELECT asks_for_producer()) AND ((SELECT asks_for_unit()) IS NULL OR unit = (SELECT asks_for_unit()))",
            CHARGED: "cents IS NOT NULL",
        },
        among=_BEING_READ,
        door=_ADD,
    ),
    "effect": Table(
        "client_events", {ALL: "true", OWN_UNITS: _OF_SEEN, CHARGED: _OF_SEEN}, among=_BEING_READ, door=_ADD
    ),
    "owed": Table("client_debts", _UNITS, among=_BEING_READ, door="SELECT, INSERT, UPDATE, DELETE", changes=True),
    "client": Table("client_register", {ALL: "true"}, among=_BEING_READ, door=_ADD),
    "care": Table("client_care", {ALL: "true"}, among=_BEING_READ, door=_ADD),
    "permit": Table("client_care", {ALL: "true"}, among=_BEING_READ, door=_ADD),
    "protected_client": Table(NOBODY, view=True),
    "tally": Table("live_rows", _UNITS, changes=True),
    "tally_now": Table("live_rows", _UNITS, changes=True),
    "shown.event": Table("live_rows", view=True),
    "shown.effect": Table("live_rows", view=True),
    "shown.owed": Table("live_rows", view=True),
    "shown.job": Table("live_tower", view=True),
    "verified": Table("live_tower", {ALL: "true"}),
    "measured": Table("live_tower", {ALL: "true"}),
    "backup_tried": Table(EVERYBODY),
    "watched": Table("live_tower", {ALL: "true"}),
    "quarantine": Table(
        "records",
        {ALL: "true", OWN_PRODUCER: "producer = (SELECT asks_for_producer())"},
        columns=("number", "received_at", "source", "reasons", "producer"),
        door=_ADD,
    ),
    "quarantine_outcome": Table(
        "records",
        {ALL: "true", OWN_PRODUCER: "EXISTS (SELECT 1 FROM quarantine q WHERE q.number = quarantine_outcome.number)"},
        door=_ADD,
    ),
    "reading": Table("readings", {SELF: "client = (SELECT asks_of_self())"}),
    "feed": Table(NOBODY, door="SELECT"),
    "feed_ended": Table(NOBODY, door="SELECT"),
    "account": Table(NOBODY, gate="SELECT"),
    "standing": Table(NOBODY, gate="SELECT"),
    "credential": Table(NOBODY, gate="SELECT, UPDATE", changes=True),
    "sign_in": Table(NOBODY, gate=_ADD),
    "session": Table(NOBODY, gate="SELECT, INSERT, UPDATE, DELETE", changes=True),
    "known_browser": Table(NOBODY, gate="SELECT, INSERT, DELETE", changes=True),
    "reseal": Table(NOBODY),
    "seal_before": Table(NOBODY),
    "meant": Table(EVERYBODY),
    "leaf": Table(NOBODY),
    "tail": Table(NOBODY, door="INSERT", changes=True),
    "checkpoint": Table(EVERYBODY),
    "webhook": Table(NOBODY),
    "webhook_ended": Table(NOBODY),
    "delivery": Table(NOBODY, changes=True),
    "delivery_try": Table(NOBODY),
    "delivery_word": Table(NOBODY),
    "django_migrations": Table(NOBODY, changes=True),
}
# Whose rows are each noted with a hash, and so sealed: every table that is only added to, but those whose rows are hashed in another way.
NOTED = tuple(
    name
    for name, table in TABLES.items()
    if not (table.changes or table.view or name in ("event", "effect", "seal", "leaf"))
)
# What works in the background, each process with a login of its own: what it reads and writes, and which functions it calls. It sees every
# row of its tables; none but the tables' owner, as whom rooms are made, brought up to date, restored and administered, does more.
_FACTS = dict.fromkeys((name for name, table in TABLES.items() if table.seen != NOBODY and not table.view), "SELECT")
_VIEWS = {"protected_client": "SELECT", "missed": "SELECT"}
PROCESSES: dict[str, Mapping[str, str]] = {
    "worker": {  # folds and seals
        **dict.fromkeys(("event", "effect", "leaf"), "SELECT"), **dict.fromkeys(("room", "consumer"), "SELECT, UPDATE"), "tail": "SELECT, DELETE",
        **dict.fromkeys(("mark", "uncounted", "seal", "checkpoint"), _ADD), **dict.fromkeys(("tally", "tally_now"), "SELECT, INSERT, UPDATE"),
    },
    "jobs": {  # measures, watches, and makes a changed promise of the whole past
        **_FACTS, **_VIEWS, **dict.fromkeys(("room", "consumer"), "SELECT, UPDATE"), **dict.fromkeys(("tally", "tally_now"), "SELECT, INSERT, UPDATE"),
        "owed": "SELECT, INSERT, DELETE", **dict.fromkeys(("measured", "watched", "effect", "meant", "mark", "uncounted"), _ADD),
    },
    "verifier": {**_FACTS, **_VIEWS, **dict.fromkeys((*NOTED, "leaf", "tail"), "SELECT"), "verified": _ADD},  # what is sealed, whole
    "courier": {  # tells producers' systems
        **dict.fromkeys(("room", "event", "webhook", "checkpoint"), "SELECT"), "consumer": "SELECT, UPDATE", "delivery": "SELECT, INSERT, UPDATE",
        **dict.fromkeys(("webhook_ended", "delivery_try"), _ADD),
    },
    "metrics": dict.fromkeys(("event", "consumer", "missed", "quarantine", "quarantine_outcome", "delivery"), "SELECT"),
}  # fmt: skip
CALLS = {
    "worker": ("newest_noted",),
    "jobs": ("queue_job", "moved_sums"),
    "verifier": ("newest", "leaf_of", "said", "said_over"),
}
QUEUES = {
    "jobs": "SELECT, INSERT, UPDATE, DELETE",
    "metrics": "SELECT",
}  # who works the queue of jobs, and who counts it
LOGINS = ("pages", "door", "gate", *PROCESSES)
SEQUENCES = {"event_position": ("door", "jobs")}  # whoever may not name a table's own sequence cannot use it
OWNER = ""  # called by the owner, and from within its other functions
FUNCTIONS: dict[str, str] = {
    # who asks, and what the table says of that
    **dict.fromkeys(("asks_as", "asks_for_producer", "asks_for_unit", "asks_of_self", "asks_by_account", "asks_by_name", "how", "own_units"), "pages"),
    # each looks at who asks by itself
    **dict.fromkeys(
        (
            "being_read", "open_client", "read_refused", "refused_row", "refused_of_self", "own_work", "own_clients", "sought_clients", "known_residents", "own_fees",
            "represented", "emergencies", "ask_job", "clients_unmet", "moved_sums",
        ),
        "pages",
    ),
    # nothing of a person: for whoever looks
    **dict.fromkeys(("registered", "newest", "list_room"), "pages"),
    **dict.fromkeys(("room_for", "said", "said_over", "next_client"), "door"),
    **rooms.FUNCTIONS,  # what the rooms above bring
    **dict.fromkeys(
        ("only_added", "named_like", "manager_of", "right_to_read", "has_ended", "permits", "acts_for", "of_producer", "queue_job", "leaf_of", "noted", "named_reading", "noted_as_shown", "refused_client", "newest_noted"), OWNER
    ),
}  # fmt: skip
