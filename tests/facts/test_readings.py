"""A reading stands for good before anything of the client is shown, and every way of showing writes one."""

from __future__ import annotations

import pytest

from tests.facts.conftest import pages, who
from torni.core.rooms import FUNCTIONS as OF_ROOMS

SHOWN = {  # each way by which something of a client is shown, and to whom
    "open_client": ("adviser", "SELECT open_client(1, NULL, 'events', 'a test', false)"),
    "read_refused": ("supervisor", "SELECT read_refused(1, 'a test')"),
    "own_work": ("adviser", "SELECT * FROM own_work(ARRAY['care.assessed'], ARRAY[]::text[], '2026-05-04', 50)"),
    "own_clients": ("case_manager", "SELECT * FROM own_clients()"),
    "sought_clients": ("adviser", "SELECT * FROM sought_clients(1, ARRAY[]::text[], 5)"),
    "known_residents": ("adviser", "SELECT * FROM known_residents(1, NULL, ARRAY[]::text[], 5)"),
    "own_fees": ("case_manager", "SELECT * FROM own_fees('2026-01-01', 1, ARRAY['care.fee'])"),
    "represented": ("resident", "SELECT * FROM represented()"),
}  # fmt: skip


@pytest.mark.parametrize("name", SHOWN)
def test_a_reading_that_is_rolled_back_has_shown_nothing(lived, told, name):
    """Whoever has the pages' connection and rolls back what it did is shown nothing of anybody; what is shown has its reading."""
    told("representative.named", 2, holder="1", kind="proxy")
    lived.send(lived.event("fee.charged", client=1, unit="north", matter="f2", cents=500, data={"should": 500, "formula": "care.fee"}))  # fmt: skip
    role, asked = SHOWN[name]
    with pages(lived, who(lived, role)) as connection:
        with connection.transaction(force_rollback=True):
            first = connection.execute(asked).fetchall()
            if "SELECT * FROM" not in asked:  # the reading's number: it opens nothing to the transaction that wrote it
                connection.execute("SELECT set_config('torni.reading', %s, false)", [str(first[0][0])])
                shown = "refused_row(1)" if name == "read_refused" else "nullif(being_read(), '{}')"
                first = [row for row in connection.execute(f"SELECT {shown}").fetchall() if row[0]]
                first += connection.execute("SELECT * FROM public.client").fetchall()
            assert first == []
        assert lived.rows("SELECT count(*) FROM reading") == [(0,)]
        if "SELECT * FROM" in asked:
            connection.execute(asked)
            assert connection.execute(asked).fetchall(), "and shown where the reading stands"
            assert lived.rows("SELECT count(*) FROM reading") == [(1,)]


def test_another_s_or_an_older_reading_opens_nothing(lived):
    supervisor, adviser = who(lived, "supervisor"), who(lived, "adviser")
    with pages(lived, supervisor) as one, pages(lived, adviser) as other:
        (number,) = one.execute("SELECT open_client(1, NULL, 'events', 'a test', false)").fetchone()
        for connection, seen in ((one, [1]), (other, [])):
            connection.execute("SELECT set_config('torni.reading', %s, false)", [str(number)])
            assert connection.execute("SELECT being_read()").fetchone() == (seen,)
        for what in ("search", "worklist", "refused"):  # a name that was shown opens no data
            (named,) = lived.connection.execute(
                "INSERT INTO reading (client, account, shown, role, what, why) VALUES (1, %s, 'x', 'x', %s, 'a test') RETURNING number", [supervisor.account, what]
            ).fetchone()  # fmt: skip
            one.execute("SELECT set_config('torni.reading', %s, false)", [str(named)])
            assert one.execute("SELECT being_read()").fetchone() == ([],), what
        (old,) = lived.connection.execute(
            "INSERT INTO reading (at, client, account, shown, role, what, why) VALUES (now() - interval '61 seconds', 1, %s, 'x', 'x', 'events', 'a test') RETURNING number", [supervisor.account]
        ).fetchone()  # fmt: skip
        one.execute("SELECT set_config('torni.reading', %s, false)", [str(old)])
        assert one.execute("SELECT being_read()").fetchone() == ([],)


def test_every_function_that_shows_a_client_writes_it_down(lived):
    """By the catalogue: what the pages may call, and reads the register or the log, is tried above or tells nothing of a person."""
    nobody = {"registered", "newest", "list_room", "emergencies", "clients_unmet", "asks_by_name", "being_read", "refused_of_self", "refused_row", "ask_job", "moved_sums"}  # fmt: skip
    named = lived.rows(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef AND has_function_privilege('torni_pages', oid, 'EXECUTE')"
    )
    assert {name for (name,) in named} - nobody - set(OF_ROOMS) == set(SHOWN)
