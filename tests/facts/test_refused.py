"""What is refused is kept once, while others write: looking at it and keeping it does not hold the room's lock."""

from __future__ import annotations

from tests.facts.conftest import Room
from torni.facts import intake
from torni.facts.opening import connect


def test_refused_rows_are_kept_while_others_write(new_room, monkeypatch):
    """A row that another is in, and a name that nothing is near to, are looked for when the room's lock is open again."""
    room = Room(new_room())
    seen = []

    def free(made):
        def looked(*words, **named):
            with connect(room.url) as another:
                another.execute("SELECT * FROM room FOR UPDATE NOWAIT")  # held, it would be an error
            seen.append(made.__name__)
            return made(*words, **named)

        return looked

    for name in ("_keep", "nearest_name"):
        monkeypatch.setattr(intake, name, free(getattr(intake, name)))
    event = {"id": "1", "source": "a", "type": "visit.mad", "time": room.now.isoformat(), "data": {"service": "care"}}
    right = {"id": "2", "source": "a", "type": "feedback.given", "time": room.now.isoformat(), "data": {"service": "care", "unit": "north", "quantity": 4}}  # fmt: skip
    done = intake.receive(room.door, [event, right, dict(event, id="3")])
    assert done.accepted == 1 and [codes[-1] for _line, _id, codes in done.refused] == ["near_type:visit.made"] * 2
    assert seen == ["nearest_name", "_keep"], "a name that stands in many rows is looked for once"
    room.connection.close()


def test_a_refused_row_is_kept_once(new_room):
    """Sent twice in a batch, and once more while it waits; another source's own is another row."""
    room = Room(new_room())
    bad = {"id": "1", "type": "visit.made", "time": "never", "data": {"service": "care"}}
    nul = {"id": "\x00", "type": "\ud800", "time": "9999-W53-7", "data": {"due": "9999-12-31", "x": 10**5000}}
    for _turn in range(2):
        assert len(intake.receive(room.door, [bad, nul, bad, nul], source="a").refused) == 4
    intake.receive(room.door, [bad], source="b")
    assert room.rows("SELECT source, raw->>'id' FROM quarantine ORDER BY number") == [
        ("a", "1"),
        ("a", None),
        ("b", "1"),
    ]
    room.connection.close()
