"""Every field of every kind of promise, misspelt, wrong or left out: told at its own file and line, with what to write instead."""

import functools
import re
import shutil
import types
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal, Union, get_args, get_origin

import pytest
import yaml
from pydantic import BaseModel

from torni.core.faults import BadInput
from torni.core.places import definitions
from torni.promises import kinds
from torni.services import load_library

TODAY = date(2026, 11, 22)
PLACE = ("promises",)
KINDS = {kind: (model, PLACE) for model in kinds.KINDS for kind in get_args(model.model_fields["kind"].annotation)}
NAMED = {"kind": "ward", "population": "residents", "source": "invented", "feature": "size", "each": "region", "mode": "car", "column": "quality", "responsible": "producer", "owner": "supervisor"}  # fmt: skip
PARAMETERS = {"ratio": "staffing.elder_housing", "full_time": "staffing.full_time_minutes", "appropriation": "appropriation.home_care"}  # fmt: skip
WHOLE = {"below": 90, "at_least": 1, "within_min": 30, "over_days": 30, "size_at_least": "S", "unit_ids": ["a"], "actions": [{"id": "look", "name": {"fi": "x", "sv": "x", "en": "x"}, "source": "invented"}]}  # fmt: skip
SHARES = [1.5, 95, 0, -0.1, "95 %", "0,95", "most", None, [], {}, float("nan"), float("inf"), True]


def test_the_ten_kinds_that_events_keep_and_the_three_that_the_network_keeps_are_damaged():
    assert sorted(KINDS) == ["billing", "budget", "cadence", "delivery", "feature", "fee", "list", "measure", "presence", "reach", "reply", "staffing", "wait"]  # fmt: skip


def bare(annotation):
    """The type alone: without None, and without what is said beside it."""
    while hasattr(annotation, "__metadata__"):
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        return next(bare(a) for a in get_args(annotation) if a is not type(None))
    return annotation


def whole(model, kind, id_):
    """A promise with every field that it may have."""
    out = {}
    for name, field in model.model_fields.items():
        of = bare(field.annotation)
        if isinstance(of, type) and issubclass(of, BaseModel):
            inner = whole(of, kind, id_)
            out[name] = {"fi": "x", "sv": "x", "en": "x"} if "fi" in inner else inner
        elif name == "kind":
            out[name] = kind if "sentence" in model.model_fields else "ward"
        elif name == "id":
            out[name] = id_
        elif name in ("opened_by", "answered_by", "event", "began_by", "ended_by", "limited_by", "called_off_by"):
            one = "visit.called_off" if name == "called_off_by" else EVENTS.get((kind, name), "visit.made")
            out[name] = [one] if get_origin(of) is list else one
        elif name in ("within_days", "every_days", "ratio", "full_time", "appropriation"):
            out[name] = PARAMETERS.get(name, "wait.reply_days")
        elif name in NAMED or name in WHOLE:
            out[name] = NAMED.get(name, WHOLE.get(name))
        else:
            out[name] = {bool: True, int: 2, Decimal: 0.5, str: "x"}[of]
    return out


EVENTS = {**dict.fromkeys([(k, "answered_by") for k in ("wait", "delivery", "reply", "billing")], "decision.made"), ("budget", "event"): "invoice.received", ("fee", "event"): "fee.charged", ("measure", "event"): "feedback.given", ("staffing", "event"): "staffing.reported", ("list", "began_by"): "enrolment.made", ("list", "ended_by"): "enrolment.ended", ("list", "limited_by"): "unit.limited"}  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("damaged") / "definitions"
    shutil.copytree(definitions(), folder)
    for path in (*folder.glob("services/*/*.yaml"), *folder.glob("regions/*/services/*.yaml")):
        if path.stem != "ward":
            path.unlink()  # each is loaded again with every damage
    return folder


@pytest.fixture
def faults(root):
    """The faults of a service in its own file whose second promise is as given, and that file's text."""
    path = root / "services/nursing_and_care/damaged.yaml"

    def told(kind, promise, folder=path):
        name = {"fi": "x", "sv": "x", "en": "x"}
        first = {"id": "first", "kind": "reach", "sentence": name, "broken": name, "source": "invented", "unit": {"kind": "ward"}, "within_min": 30, "share": 0.5}  # fmt: skip
        if KINDS[kind][0].reads == "events":
            first = {"id": "first", "kind": "measure", "sentence": name, "broken": name, "source": "invented", "event": "feedback.given", "at_least": 4, "share": 0.5}  # fmt: skip
        content = {"id": "damaged", "name": name, "group": "nursing_and_care", "valid_from": date(2017, 1, 1)}
        inner = [first, promise]
        for part in reversed(PLACE):
            inner = {part: inner}
        text = yaml.safe_dump(content | inner, sort_keys=False)
        folder.write_text(text, encoding="utf-8")
        try:
            load_library("keski-suomi", on=TODAY, root=root)
        except BadInput as error:
            return error.faults, text.splitlines()
        return (), text.splitlines()

    yield told
    path.unlink(missing_ok=True)


def line_of(lines, path):
    """The line on which the second promise has the field, by YAML's own marks."""
    node = yaml.compose("\n".join(lines))
    line = 0
    for part in (*PLACE, 1, *path):
        if isinstance(node, yaml.SequenceNode):
            node, line = node.value[part], node.value[part].start_mark.line
        else:
            node, line = next((v, k.start_mark.line) for k, v in node.value if k.value == part)
    return line + 1


def checked(found, lines, path, value, *, what=""):
    """One of the faults stands at the line on which the field is written, and every one says what to do."""
    where = f"services/nursing_and_care/damaged.yaml:{line_of(lines, path)}:"
    assert any(f.where.startswith(where) and what in f.what for f in found), (value, [str(f) for f in found], where)
    assert all(f.remedy for f in found), [str(f) for f in found]


@functools.cache
def fields(kind):
    """Each field and each field in a field, as a path."""
    model, _ = KINDS[kind]

    def of(model, path):
        for name, field in model.model_fields.items():
            yield (*path, name), field
            inner = bare(field.annotation)
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from of(inner, (*path, name))

    return list(of(model, ()))


def inside(promise, path):
    for part in path[:-1]:
        promise = promise[part]
    return promise


@pytest.mark.parametrize("kind", KINDS)
def test_whole_it_is_read(kind, faults):
    """Else the test would find faults that it did not make. An event may count once only, which is no fault of shape."""
    found, _ = faults(kind, whole(KINDS[kind][0], kind, "second"))
    assert [str(f) for f in found if "would" not in f.what and "type of event" not in f.what] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_misspelt_field_is_told_at_its_line(kind, faults):
    for path, field in fields(kind):
        if path == ("kind",):
            continue  # without its kind nothing of a promise is known: told below
        promise = whole(KINDS[kind][0], kind, "second")
        holder = inside(promise, path)
        wrong = path[-1] + "x"
        renamed = {wrong if k == path[-1] else k: v for k, v in holder.items()}
        holder.clear()
        holder.update(renamed)
        found, lines = faults(kind, promise)
        checked(found, lines, (*path[:-1], wrong), path, what=f'"{wrong}" is not a field here')
        told = next(f for f in found if wrong in f.what)
        near = {"fix": "fi", "svx": "sv", "enx": "en", "idx": "id"}.get(wrong, path[-1])
        assert f'Did you mean "{near}"?' in told.remedy or near in told.remedy, (path, str(told))
        missing = any(f'"{path[-1]}" is missing' in f.what for f in found)
        assert missing == field.is_required(), (path, [str(f) for f in found])


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_value_is_told_at_its_line(kind, faults):
    for path, field in fields(kind):
        of = bare(field.annotation)
        wrong = ["nothing of the kind", {"a": 1}, [["a"]], -7]
        if of is str or get_origin(of) is Literal:
            wrong = [7, {"a": 1}, ["a"]] if path[-1] not in ("unit_ids",) else [7]
        if isinstance(of, type) and issubclass(of, BaseModel):
            wrong = ["nothing of the kind", ["a"], 7]  # a field of it that is none is told at that field's line
        if get_origin(of) is list:
            wrong = [7, {"a": 1}, [7]]
        if path[-1] in ("at_least", "below") and path != ("at_least",):
            wrong = wrong[:3]
        if path == ("at_least",) and kind == "measure":
            wrong = wrong[:3]
        for value in wrong:
            if path == ("kind",) and not isinstance(value, str):
                continue
            promise = whole(KINDS[kind][0], kind, "second")
            inside(promise, path)[path[-1]] = value
            found, lines = faults(kind, promise)
            checked(found, lines, (*path, 0) if value == [7] and get_origin(of) is list else path, value)


@pytest.mark.parametrize("kind", [k for k, (m, _) in KINDS.items() if "share" in m.model_fields])
@pytest.mark.parametrize("share", SHARES, ids=str)
def test_a_wrong_share_is_told_at_its_line_with_the_remedy(kind, share, faults):
    promise = whole(KINDS[kind][0], kind, "second") | {"share": share}
    found, lines = faults(kind, promise)
    checked(found, lines, ("share",), share)
    assert [f.remedy for f in found if ".share" in f.where] == ["Write a decimal share, such as: share: 0.95"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", ["", "waits", "reech", "nothing_like_it", 7, None, ["wait"]], ids=str)
def test_a_wrong_kind_is_told_at_its_line_with_every_kind_there_is(kind, wrong, faults):
    found, lines = faults(kind, whole(KINDS[kind][0], kind, "second") | {"kind": wrong})
    checked(found, lines, ("kind",), wrong, what="kind")
    (told,) = [f for f in found if "kind of promise" in f.what or f.what == '"kind" is empty']
    for other in KINDS:
        assert other in told.remedy.rpartition("Write kind: ")[2], str(told)


@pytest.mark.parametrize(("before", "line"), [("followed:\n", 1), ("availability:\n  promises:\n", 2)])
def test_a_list_of_before_is_told_with_what_to_write_instead(before, line, root):
    """Once the promises of the network stood under availability, and those of what happens under followed."""
    own = root / "regions/keski-suomi/services/ward.yaml"
    own.parent.mkdir(exist_ok=True)
    own.write_text(before + "    - {id: x, kind: measure}\n", encoding="utf-8")
    try:
        with pytest.raises(BadInput) as caught:
            load_library("keski-suomi", on=TODAY, root=root)
    finally:
        own.unlink()
    (told,) = [f for f in caught.value.faults if f.where.startswith(f"regions/keski-suomi/services/ward.yaml:{line}:")]
    assert "is not a field here" in told.what
    assert 'Write them under "promises:"' in told.remedy


def test_each_text_tells_its_own_file_and_line_where_a_region_differs(root):
    """A region's text is laid on the shared one: what is wrong in either is told where it was written."""
    shared = root / "services/nursing_and_care/ward.yaml"
    before = shared.read_text(encoding="utf-8")
    own = root / "regions/keski-suomi/services/ward.yaml"
    own.parent.mkdir(exist_ok=True)
    own.write_text("promises:\n  - id: within_60_min\n    share: 7\n    wrong: 1\n", encoding="utf-8")
    ids = re.findall(r"- id: (\w+)", before)
    own.write_text(own.read_text(encoding="utf-8").replace("within_60_min", ids[0]), encoding="utf-8")
    shared.write_text(before.replace("within_min: 60", "within_min: soon"), encoding="utf-8")
    line = 1 + before[: before.index("within_min: 60")].count("\n")
    try:
        with pytest.raises(BadInput) as caught:
            load_library("keski-suomi", on=TODAY, root=root)
    finally:
        shared.write_text(before, encoding="utf-8")
        own.unlink()
    told = [f.where for f in caught.value.faults]
    assert any(w.startswith(f"services/nursing_and_care/ward.yaml:{line}:") for w in told), told
    assert any(w.startswith("regions/keski-suomi/services/ward.yaml:3:") for w in told), told
    assert any(w.startswith("regions/keski-suomi/services/ward.yaml:4:") for w in told), told


def test_a_promise_that_a_region_writes_twice_is_told(root):
    """Neither is taken for what was meant."""
    own = root / "regions/keski-suomi/services/ward.yaml"
    own.parent.mkdir(exist_ok=True)
    (first, *_) = re.findall(r"- id: (\w+)", (root / "services/nursing_and_care/ward.yaml").read_text(encoding="utf-8"))
    own.write_text(f"promises:\n  - {{id: {first}, share: 0.5}}\n  - {{id: {first}, share: 0.6}}\n")
    try:
        with pytest.raises(BadInput) as caught:
            load_library("keski-suomi", on=TODAY, root=root)
    finally:
        own.unlink()
    assert any("regions/keski-suomi/services/ward.yaml:" in f.where for f in caught.value.faults)


def test_a_moment_for_a_first_day_is_told(root):
    path = root / "services/nursing_and_care/ward.yaml"
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace("valid_from: 2017-01-01", "valid_from: 2017-01-01 12:00:00"), encoding="utf-8")
    try:
        with pytest.raises(BadInput, match=r"valid_from: .*(is not a date|is missing)"):
            load_library("keski-suomi", on=TODAY, root=Path(root))
    finally:
        path.write_text(before, encoding="utf-8")


@pytest.mark.parametrize(
    ("kind", "field", "named", "units"),
    [
        ("wait", "within_days", "fee.doctor_visit", "days / months / working days"),
        ("reply", "within_days", "fee.doctor_visit", "days / months / working days"),
        ("cadence", "every_days", "staffing.full_time_minutes", "days / months / working days"),
        ("staffing", "ratio", "wait.reply_days", "employees per client"),
        ("staffing", "full_time", "staffing.elder_housing", "minutes per calendar day"),
        ("budget", "appropriation", "fee.ceiling_year", "EUR per resident a year"),
    ],
)
def test_a_parameter_of_another_unit_is_told_where_it_is_named_with_the_units_that_are_understood(
    kind, field, named, units, faults
):
    promise = whole(KINDS[kind][0], kind, "second") | {field: named}
    found, lines = faults(kind, promise)
    checked(found, lines, (field,), named, what="is not understood in")
    assert any(f.remedy == f"Write one of: {units}." for f in found)


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [
        ("4", "weeks", 'the unit "weeks" is not understood'),
        ("3", "month", 'the unit "month" is not understood'),
        ("3", "kuukautta", 'the unit "kuukautta" is not understood'),
        ("7", "workdays", 'the unit "workdays" is not understood'),
        ("7.5", "working days", "7.5 is no number of whole working days"),
        ("7", "working days", ""),
        ("2.5", "days", "2.5 is no number of whole days"),
        ("1.5", "months", "1.5 is no number of whole months"),
        ("0", "days", "0 is no number of whole days"),
        ("-2", "days", "-2 is below 0"),
        ("30", "days", ""),
        ("3", "months", ""),
    ],
)
@pytest.mark.parametrize("by_value", [False, True])
def test_days_that_a_promise_counts_are_whole_days_or_months(root, faults, value, unit, told, by_value):
    """A region's own text of the parameter is told at its own file and line: no unit is read as another."""
    own = root / "regions/keski-suomi/parameters_own.yaml"
    common, its = ("days", f", unit: {unit}") if by_value else (unit, "")
    own.write_text(
        f"parameters:\n  wait.decision_days:\n    what: {{fi: x, sv: x, en: x}}\n    unit: {common}\n    checked: 2026-01-01\n"
        f"    values: [{{from: 2017-01-01, value: {value}, source: invented{its}}}]\n"
    )
    try:
        found, _ = faults("reply", whole(KINDS["reply"][0], "reply", "second") | {"within_days": "wait.decision_days"})
    finally:
        own.unlink()
    mine = [f for f in found if "parameters_own.yaml" in f.where]
    assert len(mine) == bool(told)
    for fault in mine:
        assert told in fault.what
        assert fault.where.startswith(
            "regions/keski-suomi/parameters_own.yaml:" + ("4" if "unit" in told and not by_value else "6")
        )
        assert "unit" not in told or fault.remedy == "Write one of: days / months / working days."


def test_a_share_is_at_most_all_and_a_unit_stays(root):
    own = root / "regions/keski-suomi/parameters_own.yaml"
    for unit, value, told in [
        ("share", 85, "a share of 85 is more than all"),
        ("per cent", 85, 'the unit "per cent" is not that'),
    ]:
        own.write_text(
            f"parameters:\n  guidance.ceiling_near:\n    what: {{fi: x, sv: x, en: x}}\n    unit: {unit}\n    checked: 2026-01-01\n"
            f"    values: [{{from: 2017-01-01, value: {value}, source: invented}}]\n"
        )
        with pytest.raises(BadInput) as caught:
            load_library("keski-suomi", on=TODAY, root=root)
        own.unlink()
        assert told in str(caught.value)
        assert "regions/keski-suomi/parameters_own.yaml:" in str(caught.value)


@pytest.mark.parametrize(("kind", "field"), [("wait", "within_days"), ("cadence", "every_days"), ("staffing", "ratio"), ("staffing", "full_time"), ("budget", "appropriation")])  # fmt: skip
def test_an_empty_name_is_no_parameter(kind, field, faults):
    found, lines = faults(kind, whole(KINDS[kind][0], kind, "second") | {field: ""})
    assert any(f.what == '"" is not a parameter' and f.where.startswith(f"services/nursing_and_care/damaged.yaml:{line_of(lines, (field,))}:") for f in found)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "damage", "path", "told"),
    [
        (
            "presence",
            {"residents": {"at_least": 5000, "below": 100}},
            ("residents",),
            "nobody is at least 5000 and below 100",
        ),
        ("presence", {"residents": {"below": 0}}, ("residents", "below"), "at least 1 is expected"),
        ("presence", {"at_least": True}, ("at_least",), "found true"),
        ("wait", {"ages": {"below": 18, "at_least": 65}}, ("ages",), "nobody is at least 65 and below 18"),
        ("wait", {"ages": {"below": 18, "at_least": 18}}, ("ages",), "nobody is at least 18 and below 18"),
        ("wait", {"ages": {"at_least": -1}}, ("ages", "at_least"), "at least 0 is expected"),
        ("wait", {"answered_by": "visit.made"}, (), "visit.made cannot both begin and end"),
        ("wait", {"called_off_by": "visit.made"}, (), "visit.made cannot both begin and end"),
        ("list", {"ended_by": "enrolment.made"}, (), "enrolment.made cannot both begin and end"),
        ("reach", {"within_min": True}, ("within_min",), "found true"),
        (
            "reach",
            {"unit": {"kind": "ward", "unit_ids": []}},
            ("unit", "unit_ids"),
            "at least 1 is expected in the list",
        ),
        ("measure", {"at_least": -3}, ("at_least",), "at least 1 is expected"),
        ("staffing", {"event": "visit.called_off"}, ("event",), "tells of no quantity"),
        ("measure", {"over_days": True}, ("over_days",), "found true"),
        ("budget", {"event": "visit.made"}, ("event",), "tells of no cents"),
        ("fee", {"event": "decision.made"}, ("event",), "tells of no cents"),
    ],
)
def test_what_no_event_and_nobody_can_keep_is_no_promise(kind, damage, path, told, faults):
    found, lines = faults(kind, whole(KINDS[kind][0], kind, "second") | damage)
    if path:
        checked(found, lines, path, damage, what=told)
    else:
        assert any(told in f.what and f.where.startswith("services/nursing_and_care/damaged.yaml:") for f in found), [
            str(f) for f in found
        ]
