"""Every surface, asked as everybody who may ask it, of a client with a protected address in a municipality of which nobody else is.

Her municipality is of another county: no map, list or sum of the region names it, so that wherever it stands somebody was told. The
surfaces are not listed here but found: the pages by the addresses that there are, the promises by the definitions, the FHIR resources by
what the server says of itself, the commands by those that answer in JSON.
"""

from __future__ import annotations

import json
import re
import zlib
from datetime import timedelta

import pytest

from tests.pages.conftest import BASE, OWN, ROLES
from tests.pages.test_access import FILLED, patterns

A = "Esimerkkihoiva Oy"
HOME, NAMES = "890", ("Utsjoki", "Ohcejohka")
CLIENT, NAME = 9_700_001, "Suojattu Testi"
TELLS = re.compile(rf"{'|'.join(NAMES)}|(?<![\w.,:-]){HOME}(?![\w.,:-])", re.IGNORECASE)
UNIT_OF = "SELECT unit FROM unit WHERE producer = %s AND kind = 'home_care' ORDER BY 1 LIMIT 1"


class Planted:
    def __init__(self, rows, unit: str) -> None:
        self.unit = unit
        told = rows("SELECT position, type FROM event WHERE client = %s ORDER BY 1", CLIENT)
        self.of = {type_: position for position, type_ in told}
        self.positions = [position for position, _type in told]


@pytest.fixture(scope="module")
def planted(browsers, rows, invented_year) -> Planted:
    """She lived and was served there before her address was protected: what was written then holds the place."""
    from torni.facts import opening
    from torni.facts.fold import fold
    from torni.web import record_room

    assert any(str(name) in NAMES for name in [record_room.names("keski-suomi").get(HOME, NAMES[0])])
    now = record_room.now()
    ago = now - timedelta(days=30)
    (unit,) = rows(UNIT_OF, A)[0]
    due = (ago + timedelta(days=5)).date()
    item = {"item": "a", "service": "home_care", "unit": unit, "what": "Suihkuapu", "hours_month": 10, "start": "2026-12-01"}  # fmt: skip
    facts = {"municipality": HOME, "age": 85, "lives_alone": True}

    def register(id_: str, protected: bool, at) -> dict:
        about = {"municipality": HOME, "born": "1941-05-30", "name": NAME, "protected": protected, "identity": "300541-999X"}  # fmt: skip
        return {"at": at, "client": CLIENT, "source": "test", "type": "resident.registered", "id": id_, "data": about}

    def event(type_: str, id_: str, data=None, **more) -> dict:
        return {"at": ago, "client": CLIENT, "source": "test", "type": type_, "id": f"s-{id_}", "data": data, **more}

    guided = {"service": "client_guidance"}
    record_room.write([register("s-r1", False, ago - timedelta(days=1))], at=now)
    record_room.write(
        [
            event("case_manager.named", "m", {"case_manager": "case-manager"}),
            event("need.reported", "n", {"channel": "telephone", "text": "Apua"}, matter="s-n", **guided),
            event("assessment.made", "a", {"facts": facts, "summary": "Tarvitsee apua"}, matter="s-n", service="needs_assessment"),
            event("decision.made", "d", {"verdict": "granted", "facts": facts, "by": "Aila Ohjaaja"}, matter="s-n", service="home_care"),
            event("plan.sent", "p", {"version": 1, "item": item, "goals": ["Koti"]}, unit=unit, matter="plan-s/1/a", **guided),
            event("service.started", "st", None, unit=unit, service="home_care", matter="s-st"),
            event("visit.planned", "v", None, unit=unit, service="home_care", matter="s-v", due=due),
            event("fee.charged", "f", {"formula": "fee.home_care", "facts": facts}, service="home_care", cents=1_234, matter="s-f"),
        ],
        at=now,
    )  # fmt: skip
    record_room.write([register("s-r2", True, now)], at=now)
    with opening.connect(invented_year, autocommit=True) as connection:
        fold(connection)
    record_room.forget()
    found = Planted(rows, unit)
    assert len(found.positions) >= 9, found.of
    assert rows("SELECT municipality FROM event WHERE position = %s", found.of["visit.planned"]) == [(HOME,)]
    return found


def _shown(answer) -> str:
    """The text of an answer: a PDF's streams opened, and without the places that may be chosen."""
    body = b"".join(answer.streaming_content) if getattr(answer, "streaming", False) else answer.content
    if body.startswith(b"%PDF"):
        parts = [body]
        for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", body, re.DOTALL):
            try:
                parts.append(zlib.decompress(stream))
            except zlib.error:
                continue
        return b"\n".join(parts).decode("latin-1")
    text = re.sub(r"<option.*?</option>", "", body.decode("utf-8", "replace"), flags=re.DOTALL)
    return re.sub(r"<(svg|path|script|style)\b.*?(</\1>|/>)", "", text, flags=re.DOTALL)


def _nothing(where: str, text: str) -> None:
    found = TELLS.search(text)
    assert not found, f"{where}: …{text[max(0, found.start() - 200) : found.end() + 100]}…"


def _addresses(planted: Planted):
    """Each address that there is, with whatever in it may be hers."""
    for pattern in patterns():
        route = str(pattern.pattern)
        fills = [FILLED]
        if "position" in route:
            fills = [
                {**FILLED, "position": str(p), "decided": str(planted.of["decision.made"])} for p in planted.positions
            ]
        elif "<int:decided>" in route:
            fills = [{**FILLED, "decided": str(planted.of["decision.made"])}]
        for filled in fills:
            for form in ("pdf", "html", "json", "csv") if "<str:form>" in route else ("json",):
                path = route.replace("<path:rest>", "else")
                for name, value in {**filled, "form": form}.items():
                    path = path.replace(f"<str:{name}>", value).replace(f"<int:{name}>", value)
                yield "/" + path


@pytest.mark.parametrize("name", [None, *ROLES])
def test_no_page_tells_it(planted, browsers, name):
    from torni.web import record_room

    asked = list(dict.fromkeys(_addresses(planted)))
    promises = [f.id for f in record_room.picture("keski-suomi").found]
    for promise in promises:
        asked += [f"{BASE}/promise/{promise}/", f"{BASE}/?promise={promise}"]
        asked += [f"{BASE}/promise/{promise}/rows/{q}" for q in ("", f"?unit={planted.unit}", f"?producer={A}")]
    told = 0
    for path in asked:
        answer = browsers[name].get(path)
        told += answer.status_code == 200
        _nothing(f"{name} {path}", _shown(answer))
    for do in ({}, {"emergency": "1"}):
        for position in planted.positions:
            form = {"event": position, "why": "a planted check of protection", **do}
            _nothing(f"{name} person {do}", _shown(browsers[name].post(f"{BASE}/person/", form, headers=OWN)))
    for path, form in (
        (f"{BASE}/search/", {"text": NAME}), (f"{BASE}/search/", {"q": NAME}), (f"{BASE}/intake/", {"do": "find", "sought": NAME}),
        (f"{BASE}/intake/", {"do": "find", "sought": str(CLIENT)}),
    ):  # fmt: skip
        _nothing(f"{name} {path} {form}", _shown(browsers[name].post(path, form, headers=OWN)))
    assert told > 20
    letter = f"{BASE}/case/{planted.of['need.reported']}/letter/{planted.of['decision.made']}.pdf"
    if name in ("adviser", "case-manager"):
        assert browsers[name].get(letter).content.startswith(b"%PDF"), "her letter was read, too"


def test_no_rows_are_given_by_the_place(planted, browsers):
    """That a list by her municipality holds a row of hers would tell it, though the row does not name it."""
    from torni.web import record_room

    for name in ("director", "supervisor", "controller", "producer-a"):
        for promise in [f.id for f in record_room.picture("keski-suomi").found]:
            text = _shown(browsers[name].get(f"{BASE}/promise/{promise}/rows/?municipality={HOME}"))
            assert not any(f"<td>{p}</td>" in text for p in planted.positions), (name, promise)
            assert "<tbody>" not in text


def test_no_sum_stands_in_the_place(planted, rows):
    """Not even in the picture that the supervisors see, of now or of a past day, nor in what it is made of."""
    from torni.web import record_room

    assert rows("SELECT count(*) > 0 FROM tally_now WHERE municipality = %s AND total > 0", HOME) == [(True,)], (
        "it was counted there"
    )
    now = record_room.now()
    for known in (None, now - timedelta(minutes=1), now - timedelta(days=2)):
        live = record_room.picture("keski-suomi", known)
        for f in live.found:
            assert HOME not in {g.group for g in (*f.groups("municipality"), *f.long.get("municipality", ()))}, f.id
        assert not any(
            HOME in groups
            for (_s, level), groups in live.small.clients.items()
            if level == "municipality" and groups.get(HOME)
        )
        assert not any(a.where == HOME for a in live.alerts)


def test_a_sum_is_the_same_whichever_way_the_picture_was_made(planted, rows, invented_year):
    """A visit that answers one of before the protection is counted where the rest of her is."""
    from torni.facts import opening
    from torni.facts.fold import fold
    from torni.web import record_room

    before = record_room.picture("keski-suomi")
    now = record_room.now()
    made = {"at": now, "client": CLIENT, "source": "test", "type": "visit.made", "id": "s-vm", "service": "home_care", "unit": planted.unit, "matter": "s-v"}  # fmt: skip
    record_room.write([made], at=now)
    with opening.connect(invented_year, autocommit=True) as connection:
        fold(connection)
    added = record_room.picture("keski-suomi")
    assert added.now.position > before.now.position
    record_room.forget()
    anew = record_room.picture("keski-suomi")
    for one, other in zip(added.found, anew.found, strict=True):
        assert (one.id, one.total, one.met, one.late, one.by, one.long) == (other.id, other.total, other.met, other.late, other.by, other.long)  # fmt: skip


def test_no_resource_of_the_producers_machine_tells_it(planted, browsers, invented_year):
    from torni.facts import feeds, opening

    with opening.connect(invented_year, autocommit=True) as connection:
        key = feeds.new(connection, "surfaces' machine of A", producer=A)
    browser = browsers[None]
    browser.cookies.clear()

    def ask(path: str):
        answer = browser.get(path, headers={"authorization": f"Bearer {key}"})
        _nothing(path, _shown(answer))
        return answer

    kinds = [r["type"] for r in ask("/fhir/metadata").json()["rest"][0]["resource"]]
    seen, waiting = set(), [f"/fhir/{kind}" for kind in kinds] + [f"/fhir/Task/{p}" for p in planted.positions]
    while waiting:
        path = waiting.pop()
        if path in seen or len(seen) > 300:
            continue
        seen.add(path)
        text = ask(path).content.decode()
        waiting += [
            f"/fhir/{kind}/{id_}" for kind, id_ in re.findall(r'"(\w+)/([A-Za-z0-9.-]+)"', text) if kind in kinds
        ]
    assert any(path.startswith("/fhir/Patient/") for path in seen), seen


def test_no_command_tells_it(planted, browsers, invented_year, monkeypatch, capsys, tmp_path):
    from torni.cli.main import main
    from torni.web import record_room

    monkeypatch.setenv("DATABASE_URL", invented_year)
    promises = [f.id for f in record_room.picture("keski-suomi").found]
    csv = tmp_path / "check.csv"
    commands = [["check", "--json"], ["check", "--csv", str(csv)], ["alerts", "--json"], ["quarantine", "list", "--json"], ["verify", "--json"]]  # fmt: skip
    commands += [["explain", promise, "--json"] for promise in promises]
    commands += [["worklist", "--as", name, "--json"] for name in ("adviser", "case-manager")]
    commands += [["plan", str(planted.of["plan.sent"]), "--as", "case-manager", "--json"]]
    commands += [["audit", "export", str(tmp_path / "audit.jsonl")]]
    for command in commands:
        main(command)
        shown = capsys.readouterr()
        _nothing(" ".join(command), re.sub(r'"by_municipality": \[.*?\]', "", shown.out + shown.err, flags=re.DOTALL))
    assert csv.read_text()
    for file in (csv, tmp_path / "audit.jsonl"):
        _nothing(file.name, file.read_text())


def test_no_snapshot_and_no_message_to_a_producer_tells_it(planted, invented_year, tmp_path, rows):
    import polars as pl

    from torni.facts import opening
    from torni.facts.snapshot import snapshot

    for folder, persons in (("with", True), ("without", False)):
        with opening.connect(invented_year, autocommit=True) as connection:
            snapshot(connection, tmp_path / folder, persons=persons)
        for file in sorted((tmp_path / folder).glob("*.parquet")):
            frame = pl.read_parquet(file)
            assert HOME not in frame["municipality"].to_list(), file.name
            if "data" in frame.columns:
                mine = frame.filter(pl.col("client") == CLIENT)["data"].drop_nulls().to_list()
                assert any("Tarvitsee apua" in text for text in mine)
                for text in mine:
                    _nothing(file.name, text)
    told = rows("SELECT to_jsonb(d)::text FROM delivery d")
    assert not any(HOME in re.findall(r"\d+", json.dumps(json.loads(text).get("body") or "")) for (text,) in told)
