"""What a rule's text may say, and what is told of one that may not."""

import pytest

from tests import random_rules as rr
from torni.engines.rules import lower, sql
from torni.engines.rules.tables import read, way
from torni.engines.rules.tree import Type

ALLOWED = [
    "age >= 75",
    "age between 65 and 74",
    "not (lives_alone or has_carer)",
    "municipality in ('179', '182')",
    "rai_maple is not null and rai_maple > 3",
    "income * 0.35 - need > param.limit + 12.5",
    "assessed_on >= decision_day - interval 12 month",
    "assessed_on > date '2026-01-01'",
    "case when age < 18 then 0 when age < 65 then 10.5 else 12.50 end < income",
    "table.share * income > 10",
    "- need < 2",
]


@pytest.mark.parametrize("text", ALLOWED)
def test_allowed(text):
    assert not isinstance(lower(text, rr.SCOPE), list)


@pytest.mark.parametrize(
    ("text", "what", "remedy"),
    [
        ("rai_mapel >= 4", '"rai_mapel" is not a client field', 'Did you mean "rai_maple"?'),
        ("param.limt > age", '"limt" is not a parameter', 'Did you mean "limit"?'),
        ("table.capp > age", '"capp" is not a table', 'Did you mean "cap"?'),
        ("1 < age < 3", "conditions are not compared", "and, or, not"),
        ("(age > 1) = (age > 2)", "conditions are not compared", "and, or, not"),
        ("lives_alone = true", '"true" is not needed', "lives_alone, or not lives_alone"),
        ("age > '75'", "a number and a code cannot be compared", "without quotes"),
        ("age = null", "not allowed", "is null"),
        ("age not in (1, null)", "fixed values only", "numbers, dates or codes"),
        ("age > 12345678901", "not a number that a rule can hold", "9 digits"),
        ("income > 1.23456", "not a number that a rule can hold", "4 after"),
        ("income > 1e3", "not a number that a rule can hold", "4 after"),
        ("assessed_on > '2026-02-30'", "not a date", "2026-01-31"),
        ("assessed_on > decision_day - interval age month", "only a date can be moved", "interval 12 month"),
        ("assessed_on - decision_day > 5", "a number is expected", "numeric field"),
        ("age between symmetric 5 and 1", '"symmetric" is not allowed', ""),
        ("case when age < 18 then 0 end > 1", "a case needs an else", "else 12.50 end"),
        ("age > 1 -- really", '"--" is not allowed', "beside the rule"),
        ("language = 'a--b' and age > 1 -- x", '"--" is not allowed', "beside the rule"),
        ("age /* x */ > 1", '"/*" is not allowed', ""),
        ("income / 2 > 1", '"/" is not allowed', "divided_by"),
        ("greatest(age, 1) > 2", '"greatest" is not allowed', "missing values"),
        ("coalesce(age, 0) > 2", '"coalesce" is not allowed', "is null"),
        ("cast(age as integer) > 2", '"cast" is not allowed', ""),
        ("read_csv('/etc/passwd') > 1", "a function; a rule has none", ""),
        ("age > (select 1)", '"select" is not allowed', ""),
        ('"age" > 1', '""" is not allowed', "without quotes"),
        ("language = 'xx'", "not in the code list language", "fi, sv, en"),
        ("language > 'fi'", "codes have no order", "in (...)"),
        ("1 = 1", "nothing here depends on the client", "Compare a field"),
        ("age", "a condition is expected, found a number", "age >= 1"),
        ("lives_alone and age", "a condition is expected, found a number", "age >= 75"),
        ("age >", "not a complete condition", "brackets and quotes"),
        ("language = 'fi", "a quote is not closed", "language = 'fi'"),
        ("", "the rule is empty", "age >= 75"),
        ("(" * 100 + "age > 1" + ")" * 100, "100 levels deep", "flatter"),
        ("not " * 100 + "lives_alone", "100 levels deep", "flatter"),
        ("age " + "+ age " * 60 + "> 1", "levels deep", "flatter"),
        ("age > 1 " + "or age > 1 " * 300, "characters; at most 2000", "several criteria"),
        ("age in (" + ", ".join(str(i % 100) for i in range(501)) + ")", "found 501", "municipality in"),
        (" * ".join(["income"] * 6) + " > 1", "digits, more than can be counted exactly", "Round"),
    ],
)
def test_refused_with_a_reason_and_a_remedy(text, what, remedy):
    found = lower(text, rr.SCOPE, where="rule")
    assert isinstance(found, list)
    told = "\n".join(map(str, found))
    assert what in told
    assert remedy in told


def test_a_fault_names_its_character_and_all_faults_are_told():
    found = lower("age >= 1 and rai_mapel > 1 and foo = 2", rr.SCOPE, where="home_care.yaml:12")
    assert isinstance(found, list)
    assert [f.where for f in found] == ["home_care.yaml:12, character 14", "home_care.yaml:12, character 32"]


def test_a_chain_of_betweens_is_refused_at_once():
    """Its terms were once lowered twice a level: eleven levels took a quarter of a second, thirteen a whole one."""
    found = lower("age not between 94 and 116" + " between 94 and 116" * 12, rr.SCOPE)
    assert isinstance(found, list)
    assert "conditions are not compared" in str(found[0])


def test_long_flat_rules_are_not_deep():
    text = " or ".join(f"age = {i}" for i in range(120))
    node = lower(text, rr.SCOPE)
    assert not isinstance(node, list)
    assert sql.source(node) == text


def told(text: str) -> str:
    found = read(text, rr.FIELDS, name="t", where="t")
    return "\n".join(map(str, found)) if isinstance(found, list) else ""


def test_a_table_answers_every_case_once():
    assert told("age | value\n <18 | 1\n >=18 | 2") == ""
    assert "no row answers the case: age 18" in told("age | value\n <18 | 1\n >18 | 2")
    assert "2 rows answer the case: age 18" in told("age | value\n <=18 | 1\n >=18 | 2")
    assert "no row answers the case: age 1, language en" in told(
        "age | language | value\n 0 | * | 1\n 1.. | fi, sv, other | 2"
    )


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("agge | value\n * | 1", 'Did you mean "age"?'),
        ("age | amount\n * | 1", 'Name it "value"'),
        ("age | value\n 1..200 | 1", "outside the range of age"),
        ("age | value\n x | 1", "not a band of age"),
        ("age | value\n * | many", "not an amount"),
        ("age | value\n * | 1 | 2", "3 cells; the heading has 2"),
        ("age | value", "the table has no rows"),
        ("lives_alone | value\n * | 1", "a yes-no field"),
        ("age / language | fi | xx\n * | 1 | 2", "not in the code list language"),
    ],
)
def test_a_table_that_is_not_one_says_where(text, what):
    assert what in told(text)


def test_a_table_of_any_split_is_a_balanced_way():
    table = read("hours / household_size | 1 | 2..3,5 | 4,6..\n..3 | 1 | 2 | 3\n4..100 | 4 | 5 | 6\n>100 | 7 | 8 | 9", rr.FIELDS, name="t", where="t")  # fmt: skip
    assert not isinstance(table, list)
    assert table.type == Type("whole", 1, 0)

    def depth(step) -> int:
        return 1 + max(depth(step.inside), depth(step.outside)) if hasattr(step, "inside") else 0

    assert depth(way(table)) <= 6
