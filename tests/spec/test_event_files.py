"""Files of events: where each event stands in its file, as whoever mends it finds it there."""

from torni.core.notes import hearing
from torni.sources.event_files import read_events


def test_a_tables_rows_are_those_that_a_table_program_shows(tmp_path):
    (tmp_path / "e.csv").write_text(
        "Visits of May;;\nid;type;time\na;visit.made;2026-05-04T10:00\n;;\nb;visit.made;2026-05-05T10:00\n"
    )
    with hearing(lambda _note: None):
        found = read_events(tmp_path / "e.csv")
    assert [(row, e["id"]) for row, e in zip(found.rows, found.events, strict=True)] == [(3, "a"), (5, "b")]


def test_lines_of_json_are_ended_by_the_end_of_a_line_alone(tmp_path):
    """A text may hold a line separator (U+2028), a next line (U+0085) or a form feed as it is: JSON allows it."""
    text = '{"id": "a", "data": {"text": "one\u2028two\u0085three"}}\r\n\n{"id": "b"}\n'
    (tmp_path / "e.jsonl").write_text(text, encoding="utf-8", newline="")
    found = read_events(tmp_path / "e.jsonl")
    assert (found.rows, [e["id"] for e in found.events]) == ([1, 3], ["a", "b"])
    assert found.events[0]["data"]["text"] == "one\u2028two\u0085three"


def test_events_of_a_list_have_their_place_in_it(tmp_path):
    (tmp_path / "e.json").write_text('[{"id": "a"}, {"id": "b"}]')
    assert read_events(tmp_path / "e.json").rows == [1, 2]
    (tmp_path / "one.json").write_text('{"id": "a"}')
    assert read_events(tmp_path / "one.json").rows == [1]
