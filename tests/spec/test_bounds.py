"""Texts that would end or exhaust a server are told as a fault with line and remedy, before anything is built of them."""

import io
import json
import zipfile
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from torni.core import bounds
from torni.core.bounds import Unreadable, read_json
from torni.core.faults import BadInput, Fault
from torni.core.language import speaking
from torni.engines.rules import tables
from torni.engines.rules.lowering import lower
from torni.engines.rules.tree import Field, Type
from torni.engines.rules.wording import Scope
from torni.guidance.client import parse_client
from torni.guidance.replay import read_decisions
from torni.services.change import parse_changes
from torni.services.days import Days
from torni.services.reading import read, read_text
from torni.sources.event_files import read_events
from torni.sources.tables import read_rows

DAY = date(2026, 11, 22)
TEN = ",".join("*a{0}" for _ in range(10))
REPEATED = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{TEN.format(i - 1)}]\n" for i in range(1, 10)
)
MERGED = "a0: &a0 {x: 1}\n" + "".join(f"a{i}: &a{i} {{<<: [{TEN.format(i - 1)}]}}\n" for i in range(1, 10))
CHAINED = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 100))
HOSTILE = {
    "brackets": ("[" * 40_000, "levels"), "braces": ("x: " + "{a: " * 9_000, "levels"), "dashes": ("- " * 20_000, "levels"),
    "question marks": ("? " * 20_000, "levels"), "indents": ("\n".join(" " * i + "a:" for i in range(280)), "levels"),
    "both": ("[{a: " * 8_000, "levels"), "aliases": (REPEATED, "parts"), "merges": (MERGED, "parts"), "a chain": (CHAINED, "levels"),
    "itself": ("a: &a [*a]", "stands for nothing"), "nobody": ("a: *b", "stands for nothing"), "a base of sixty": ("a: " + "1:" * 15_000 + "1", "digits"),
    "digits": ("a: " + "1" * 30_000, "digits"), "hexadecimal": ("a: 0x" + "f" * 30_000, "digits"), "a tag": ("a: !!python/name:os.system", "tag"),
    "a plain tag": ("a: !!int '1'", "tag"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def in_english():
    with speaking("en"):
        yield


@pytest.fixture(scope="module")
def rules():
    return Days("keski-suomi").on(DAY)


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_text_is_told_by_line_and_remedy(what, tmp_path, rules):
    """The same of a definition on disk, a change on a page, and a client's file."""
    text, told = HOSTILE[what]
    (tmp_path / "d.yaml").write_text(text, encoding="utf-8")
    found = [read_text(text, "d.yaml"), read(tmp_path / "d.yaml", tmp_path)]
    for reader in (lambda: parse_changes(text, name="d.yaml"), lambda: parse_client(text, rules, name="d.yaml")):
        with pytest.raises(BadInput) as caught:
            reader()
        found += caught.value.faults
    for fault in found:
        assert isinstance(fault, Fault) and told in fault.what and fault.remedy and fault.where.startswith("d.yaml:"), (
            fault
        )
    assert len({fault.where for fault in found}) == 1


def test_the_fault_names_the_line_where_the_limit_is_passed():
    assert read_text("a: 1\nb:\n  " + "[" * 40, "d").where == "d:3"
    assert read_text(REPEATED, "d").where == "d:5", "ten thousand, and the next line makes it more"


def test_what_repeats_a_little_by_alias_is_read():
    found = read_text("a: &a {x: 1}\nb: *a\nc: {<<: *a, y: 2}", "d")
    assert found.content == {"a": {"x": 1}, "b": {"x": 1}, "c": {"x": 1, "y": 2}}


def test_a_long_text_is_not_read_in_part():
    """Cut in silence it would be another text: its last lines would be judged as if they had not been written."""
    with pytest.raises(BadInput, match="at most 40000 are read"):
        parse_changes("name: x\nwhy: " + "y" * bounds.MOST_TEXT)
    assert "at most 1000000" in read_text("x" * 1_000_001, "d").what


def test_a_fault_of_a_file_is_told_in_the_language_of_its_reader(tmp_path):
    (tmp_path / "d.yaml").write_text("[" * 100, encoding="utf-8")
    english = read(tmp_path / "d.yaml", tmp_path)
    with speaking("fi"):
        assert read(tmp_path / "d.yaml", tmp_path).what != english.what


def test_a_file_too_large_is_not_opened(tmp_path):
    with (tmp_path / "d.yaml").open("wb") as out:
        out.truncate(5_000_000_000)
    assert "at most 1000000 are read" in read(tmp_path / "d.yaml", tmp_path).what


def test_a_change_has_no_more_alternatives_than_can_be_tried():
    one = "  - {name: x, parameters: {grant.home_care.maple: 4}}\n"
    assert len(parse_changes("alternatives:\n" + one * bounds.MOST_ALTERNATIVES)) == bounds.MOST_ALTERNATIVES
    with pytest.raises(BadInput, match="at most 20 are compared"):
        parse_changes("alternatives:\n" + one * (bounds.MOST_ALTERNATIVES + 1))


@pytest.mark.parametrize(
    ("text", "told", "line"),
    [
        ("[" * 100_000, "levels", 1), ('{"a":' * 100_000, "levels", 1), ('[\n"]]]",\n' + "[" * 40 + "]" * 40 + "]", "levels", 3),
        ("[" * 33 + "]" * 33, "levels", 1), ("[" + "[]," * 600_000 + "[]]", "parts", 1), ('{"a": NaN}', "not a number of JSON", 1),
        ('{"a": -Infinity}', "not a number of JSON", 1), ("[1,\n2,", "not JSON", 2), ("", "not JSON", 1), ("9" * 5_000, "digits", 1),
        (b"\xff\xfe\xfa", "UTF-8", 1), ('"' + "\\" * 99_999, "not JSON", 1),
    ],
)  # fmt: skip
def test_json_past_a_limit_is_told_by_line(text, told, line):
    with pytest.raises(Unreadable) as caught:
        read_json(text)
    assert told in caught.value.what and caught.value.line == line and caught.value.remedy


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=40,
)  # fmt: skip


@given(_json, st.booleans())
def test_json_within_the_limits_is_read_as_it_is(value, as_bytes):
    text = json.dumps(value)
    assert read_json(text.encode() if as_bytes else text) == value


@settings(max_examples=300)
@given(st.text(alphabet="[]{}:,-?&*a1!'\"|>#% \n\t", max_size=200))
def test_any_signs_are_a_document_or_a_fault(text):
    found = read_text(text, "d")
    assert isinstance(found, Fault) == (not hasattr(found, "content"))


def test_levels_are_counted_exactly():
    assert read_json("[" * bounds.MOST_LEVELS + "]" * bounds.MOST_LEVELS)
    assert read_text("[" * bounds.MOST_LEVELS + "]" * bounds.MOST_LEVELS, "d").content
    assert "levels" in read_text("[" * (bounds.MOST_LEVELS + 1) + "]" * (bounds.MOST_LEVELS + 1), "d").what


@pytest.mark.parametrize("text", ["age: 1.0e+999999999", '{"age": 1e999999999}', "age: 1.0e-999999999"])
def test_a_number_that_no_memory_holds_is_told(text, rules):
    with pytest.raises(BadInput, match="digits"):
        parse_client(text, rules)


def test_past_decisions_are_read_within_the_limits_too(tmp_path):
    (tmp_path / "past.jsonl").write_text(
        '{"service": "home_care", "on": "2026-01-01"}\n' + "[" * 5_000, encoding="utf-8"
    )
    with pytest.raises(BadInput, match=r"past.jsonl:2: more than 32 levels"):
        read_decisions(tmp_path / "past.jsonl")


# Rules that name others that name others.


def test_a_rule_is_weighed_with_all_that_it_names():
    """Five services of a hundred names each would be ten thousand million conditions."""
    age = Field("age", "whole", 0, 150)
    named = Scope(fields={"age": age})
    for i in range(5):
        found = lower(" or ".join([f"granted.s{i - 1}"] * 60) if i else "age > 1", named, where="rule")
        if isinstance(found, list):
            break
        named = Scope(fields={"age": age}, granted={f"s{i}": found})
    assert isinstance(found, list) and "more than 20000 parts" in found[0].what and i == 3


def test_a_line_is_weighed_with_the_lines_before_it():
    whole = Type("whole", 1, 0)
    text = "case when " + " or ".join(["line.before > 1"] * 60) + " then 1 else 2 end"
    scope = Scope(fields={}, lines={"before": whole}, weights={"before": 400})
    assert "more than 20000 parts" in lower(text, scope, number=True)[0].what
    assert not isinstance(lower(text, Scope(fields={}, lines={"before": whole}), number=True), list)


FIELDS = {n: Field(n, "whole", 0, 1_000) for n in "abcdefghij"}


def test_a_tables_cases_are_counted_before_they_are_made():
    many = ",".join(map(str, range(200)))
    found = tables.read("a|b|c|d|value\n" + "|".join([many] * 4) + "|1", FIELDS, name="t", where="t")
    assert [("at most 2000" in f.what, f.remedy) for f in found] == [(True, "Use wider bands.")]


def test_a_table_of_too_many_fields_or_signs_is_told():
    names = "|".join(["a"] * 900)
    assert "at most 8" in tables.read(f"{names}|value\n{names}|1", FIELDS, name="t", where="t")[0].what
    assert "at most 40000" in tables.read("a|value\n" + "1|1\n" * 11_000, FIELDS, name="t", where="t")[0].what


def test_the_way_through_a_long_table_asks_little_and_answers_right():
    rows = [f"{i}|{i * 3 % 997}" for i in range(999)] + [">=999|5"]
    found = tables.read("a|value\n" + "\n".join(rows), FIELDS, name="t", where="t")

    def answer(way, a, asked=0):
        if isinstance(way, Decimal):
            return way, asked
        return answer(way.inside if a < way.limit else way.outside, a, asked + 1)

    got = [answer(tables.way(found), a) for a in range(1_001)]
    assert [value for value, _asked in got] == [i * 3 % 997 for i in range(999)] + [5, 5]
    assert max(asked for _value, asked in got) <= 11


# Files that are brought.


def test_a_table_of_a_million_columns_is_not_read(tmp_path):
    (tmp_path / "t.csv").write_text("a," * 1_000_000 + "b\n1\n", encoding="utf-8")
    with pytest.raises(BadInput, match="1000001 columns; at most 1000 are read"):
        read_rows(tmp_path / "t.csv", needs=())


@pytest.mark.parametrize(
    ("name", "text"),
    [("e.csv", "id\n" + "1\n" * 101), ("e.jsonl", "{}\n" * 101), ("e.json", "[" + "{}," * 100 + "{}]")],
)
def test_more_rows_than_a_page_takes_are_told_before_they_become_events(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match="101 rows; at most 100 are read"):
        read_events(tmp_path / name, name="mine", most=100)
    assert len(read_events(tmp_path / name).events) == 101, "the command line takes more"


def test_a_bad_line_of_events_is_told_by_its_number(tmp_path):
    (tmp_path / "e.jsonl").write_text('{"id": "1"}\n\n' + "[" * 50 + "\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"mine, row 3: is not JSON|mine, row 3: more than 32 levels"):
        read_events(tmp_path / "e.jsonl", name="mine")


def test_a_workbook_that_grows_a_thousandfold_is_not_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w", zipfile.ZIP_DEFLATED) as book, book.open("xl/worksheets/sheet1.xml", "w") as sheet:  # fmt: skip
        for _ in range(bounds.MOST_UNPACKED // 2**20 + 1):
            sheet.write(b"<" * 2**20)
    assert (tmp_path / "t.xlsx").stat().st_size < 2_000_000
    with pytest.raises(BadInput, match="larger than 200 MB once unpacked"):
        read_rows(tmp_path / "t.xlsx", needs=())


def test_a_broken_workbook_is_told(tmp_path):
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/workbook.xml", "x" * 10_000)
    for cut in (whole.getvalue()[:40], whole.getvalue()[:20] + b"\x00" * 20 + whole.getvalue()[40:], b""):
        (tmp_path / "t.xlsx").write_bytes(cut)
        with pytest.raises(BadInput, match="not readable as an Excel workbook"):
            read_rows(tmp_path / "t.xlsx", needs=())


def test_a_workbook_with_one_cell_in_its_last_corner_ends_nothing(tmp_path):
    """Read cell by cell into one block it would take hundreds of gigabytes."""
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "id")
        sheet.write(1_048_575, 16_383, "x")
    with pytest.raises(BadInput, match="not readable as an Excel workbook, or too large"):
        read_rows(tmp_path / "t.xlsx", needs=())
