"""A person erased by an audited procedure: whatever tells of her goes, every sum stays, and what the law has kept is named.

Her own rows are emptied. Beside them she is named by her accounts, by what they sent, in others' texts and in refused records
(`torni.facts.named`). What is out of the database's reach is told in the answer, and erased again after a restore (`ledger`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from torni.core.faults import bad_input
from torni.core.language import Message, t
from torni.facts import closed, rights
from torni.facts.data_fields import ByType, kept, naming
from torni.facts.leaves import event_leaf, tail_hash
from torni.facts.named import Named, as_json, elsewhere, named, refused
from torni.facts.opening import Connection
from torni.facts.persons import there
from torni.facts.postgres import data_folder
from torni.facts.registers import REGISTERS
from torni.facts.snapshot import forget_kept

# who has been erased, by her number and the salt of her first event: of no other room, and the same in each of its backups
_FIRST = (
    "SELECT DISTINCT ON (client) client, salt FROM event WHERE client = coalesce(%s, client) ORDER BY client, position"
)
_MARK = "erased client {} {}"
AGAIN = "erased before, and again after a restore"
KEPT = (
    Message("the log of who has read the person's data, and when: the law demands it"),
    Message("each event's day, type, service, unit, municipality and amounts, of nobody, so that sums and accounts stay as they were"),
    Message("the hashes of what was erased, without their salts: nothing can be found out of them, and every other proof rests on them"),
    Message("the times of sign-ins of the person's account, without its name"),
)  # fmt: skip
OUT_OF_REACH = (
    Message(
        "backups made before: a restore on this server erases the person again; destroy those that are kept elsewhere"
    ),
    Message("snapshots, exports, letters and messages that were taken out before: whoever has them destroys them"),
    Message("a first name alone, or a name in another inflection, in what others have written"),
    Message(
        "what the database's files and its log of writes hold until it is written over, and files of logs outside it"
    ),
)


@dataclass(frozen=True)
class Erased:
    """How many of the person's events no longer tell of her; how many of others' no longer name her; accounts and refused records that
    are hers no more. `shared`: how many names were not looked for in others' texts, because another client has the same.
    `kept`: what the law demands, and what was out of reach."""

    events: int
    others: int = 0
    accounts: int = 0
    refused: int = 0
    shared: int = 0
    kept: tuple[Message, ...] = KEPT
    out_of_reach: tuple[Message, ...] = OUT_OF_REACH


def erase(connection: Connection, client: int, *, data: ByType, by: str, why: str) -> Erased:
    """Take away what tells of the person: who it was, what was told, what belonged together. Sums stay as they were.

    Each event keeps its day, unit and promise, so every tally and the tower stay what they were; client and data are emptied but for
    what its type declares as telling of nobody (`data`: the fields of each type), and so is the person's number where another
    client's event names it, and her name where another's text does; what she sent of another keeps its content, without who sent it; id and matter become words that cannot be turned back. The register's rows go. Each event's salt goes
    with its content, and its hash stays in the tree (`leaf`), so every seal and every other event's proof holds, and `verify` tells this
    from a quiet change. Her accounts end and lose their names. The snapshot kept on this machine goes. As the owner.
    """
    there(connection, client)
    who = named(connection, client, data)
    if who.is_of({"why": why}):
        raise bad_input(t("the reason"), t("names the person, and it is kept"), t("Write the ground without the person's name, code or number."))  # fmt: skip
    newest = connection.execute("SELECT coalesce(max(position), 0) FROM event").fetchone()
    assert newest is not None
    # before anything is changed: without the key nobody could be erased again after a restore
    first = connection.execute(_FIRST, [client]).fetchone()
    mark = closed.digest(_MARK.format(*first)) if first else None
    # looked for before anybody waits; what comes meanwhile is looked for once they do
    beside = elsewhere(connection, who, own=True)
    with connection.transaction():
        connection.execute("SELECT 1 FROM room FOR UPDATE")  # no door writes meanwhile
        connection.execute("SELECT 1 FROM consumer WHERE name = 'tally' FOR UPDATE")  # and nobody seals
        there(connection, client)
        connection.execute("CREATE TEMP TABLE beside (position bigint, told jsonb, by jsonb) ON COMMIT DROP")
        beside += elsewhere(connection, who, after=newest[0], own=True)
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO beside VALUES (%s, %s, %s)", [(p, as_json(told), as_json(by)) for p, told, by, _hers in beside])  # fmt: skip
        connection.execute("CREATE TEMP TABLE declared (type text, field text, names boolean) ON COMMIT DROP")
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO declared VALUES (%s, %s, true)", list(naming(data)))
            cursor.executemany("INSERT INTO declared VALUES (%s, %s, false)", list(kept(data)))
        connection.execute(
            f"CREATE TEMP TABLE erased ON COMMIT DROP AS SELECT position, matter, client IS NOT DISTINCT FROM %(client)s OR (client IS NULL AND ours) AS whole, ours, "
            f"{event_leaf()} AS leaf, {tail_hash('e')} AS hash FROM (SELECT *, coalesce(matter IN (SELECT matter FROM event WHERE client = %(client)s), false) AS ours FROM event) e "
            "WHERE client = %(client)s OR ours OR position IN (SELECT position FROM beside) "
            "OR (type IN (SELECT type FROM declared WHERE names) "
            "AND EXISTS (SELECT FROM declared d WHERE d.names AND d.type = e.type AND e.data->>d.field = %(client)s::text))",
            {"client": client},
        )
        row = connection.execute(
            "INSERT INTO erasure (by_whom, why, events) SELECT %s, %s, count(*) FROM erased WHERE whole RETURNING number, events", [by, why]
        ).fetchone()  # fmt: skip
        assert row is not None
        connection.execute(
            "SELECT set_config('torni.erasing', 'yes', true), set_config('torni.erasure', %s, true)", [str(row[0])]
        )
        # a word for each matter, so that what began and what answered it still belong together; its salt is kept nowhere
        salt = connection.execute("SELECT gen_random_uuid()::text").fetchone()
        assert salt is not None
        connection.execute(
            "UPDATE event e SET matter = CASE WHEN x.ours THEN 'erased-' || md5(%(salt)s || e.matter) ELSE e.matter END, client = CASE WHEN NOT x.whole THEN e.client END, "
            "data = CASE WHEN x.whole THEN (SELECT jsonb_object_agg(d.field, coalesce(b.told, e.data)->d.field) FROM declared d WHERE NOT d.names AND d.type = e.type AND e.data ? d.field) "
            "ELSE coalesce(b.told, e.data) - ARRAY(SELECT d.field FROM declared d WHERE d.names AND d.type = e.type AND e.data->>d.field = %(client)s::text) END, "
            "id = CASE WHEN x.whole THEN 'erased-' || e.position ELSE e.id END, "
            "salt = gen_random_uuid(), sender = CASE WHEN x.whole AND e.sender->>'role' = ANY (%(clients)s) THEN e.sender - ARRAY['who', 'account'] WHEN b.position IS NOT NULL THEN b.by ELSE e.sender END "
            "FROM erased x LEFT JOIN beside b USING (position) WHERE x.position = e.position",
            {"salt": salt[0], "client": client, "clients": rights.of("client")},
        )
        connection.execute(
            f"INSERT INTO leaf (name, leaf, instead, erasure, position) SELECT 'event', {event_leaf()}, x.leaf, %s, e.position FROM erased x JOIN event e USING (position) ORDER BY e.position",
            [row[0]],
        )
        connection.execute(
            f"INSERT INTO tail (position, events, hash) SELECT e.position, 0, x.hash # {tail_hash('e')} FROM erased x JOIN event e USING (position) "
            "WHERE e.position > (SELECT coalesce(max(position), 0) FROM seal)"  # one each: they may be of several days
        )
        connection.execute(
            "UPDATE effect f SET client = NULL FROM erased x WHERE x.position = f.position AND f.client = %s", [client]
        )
        connection.execute(
            "UPDATE owed SET client = nullif(client, %(client)s), matter = 'erased-' || md5(%(salt)s || matter) "
            "WHERE matter IN (SELECT matter FROM erased WHERE ours)",
            {"client": client, "salt": salt[0]},
        )
        for register in REGISTERS:
            if register.erased:
                connection.execute(f"DELETE FROM {register.table} WHERE {register.erased}".encode(), {"client": client})
        found = refused(connection, who)
        for number, hers, by in found:
            connection.execute(
                "UPDATE quarantine SET salt = gen_random_uuid(), sender = %(by)s, raw = CASE WHEN %(hers)s THEN '{}' ELSE raw END, "
                "reasons = CASE WHEN %(hers)s THEN '[\"erased\"]' ELSE reasons END WHERE number = %(number)s",
                {"by": as_json(by), "hers": hers, "number": number},
            )
        _accounts_gone(connection, who)
    forget_kept(connection)
    if mark:
        _remember(mark)
    return Erased(
        row[1],
        others=sum(not hers for *_rest, hers in beside),
        accounts=len(who.accounts),
        refused=len(found),
        shared=len(who.shared),
    )


def _accounts_gone(connection: Connection, who: Named) -> None:
    """Her accounts are nobody's, and open nothing; what an account that is an official's too was once to her is forgotten."""
    mine = {"mine": list(who.accounts), "client": who.client}
    connection.execute("UPDATE account SET salt = gen_random_uuid(), name = 'erased-' || account, shown = '…' WHERE account = ANY (%(mine)s)", mine)  # fmt: skip
    connection.execute("UPDATE standing SET salt = gen_random_uuid(), role = NULL, client = NULL WHERE client = %(client)s", mine)  # fmt: skip
    for table in ("credential", "session", "known_browser"):
        connection.execute(f"DELETE FROM {table} WHERE account = ANY (%(mine)s)", mine)


def ledger() -> Path:
    """The file of who has been erased, outside the database: digests by the key of secrets, which tell nothing without it."""
    return data_folder() / "erased.txt"


def _remember(digest: str) -> None:
    with open(os.open(ledger(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as file:
        file.write(digest + "\n")
        file.flush()
        os.fsync(file.fileno())


def again(connection: Connection, *, data: ByType) -> int:
    """Erase whoever has been erased before and is there still, as after a restore. Returns how many. As the owner."""
    path = ledger()
    known = set(path.read_text(encoding="utf-8").split()) if path.exists() else set()
    if not known:
        return 0
    rows = connection.execute(_FIRST, [None]).fetchall()
    digests = closed.digests()
    found = [client for client, salt in rows if known.intersection(digests(_MARK.format(client, salt)))]
    for client in found:
        erase(connection, client, data=data, by="restore", why=AGAIN)
    return len(found)
