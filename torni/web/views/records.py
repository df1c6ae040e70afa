"""Bringing events in by a file, and mending what was refused: each row with its reasons, opened with a reason written down."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse

from torni.core import bounds
from torni.core.bounds import Unreadable, read_json
from torni.core.clock import today
from torni.core.faults import BadInput, Fault
from torni.core.language import t
from torni.core.notes import hearing
from torni.facts import intake, persons, senders
from torni.facts.access import Who
from torni.facts.intake import Received
from torni.facts.opening import Connection
from torni.facts.reasons import reason
from torni.services import load_library, regions
from torni.sources.event_files import read_events
from torni.supervision import sentences
from torni.web import record_room
from torni.web.rendering import page
from torni.web.store import Held, held
from torni.web.views.persons import is_reason

NOT_SHOWN = "…"  # what read_refused shows in the place of a municipality
MOST_BYTES = 16 * 2**20
SUFFIXES = (".json", ".jsonl", ".ndjson", ".csv", ".xlsx", ".xlsm", ".ods")


def records(request: HttpRequest, region: str) -> HttpResponse:
    """The form for a file, the rows that wait to be mended, and one of them opened. Its forms: bring, open, replay, drop."""
    here = held(request, region)
    who: Who = request.who
    faults: tuple[Fault, ...] = ()
    notes: list[Fault] = []
    shown: dict[str, Any] = {"brought": None, "opened": None, "raw": "", "told": "", "reasons": []}
    if request.method == "POST":
        try:
            with hearing(notes.append):
                shown |= _done(request, who)
        except BadInput as error:
            faults = error.faults
            shown |= {"opened": _number(request), "raw": request.POST.get("raw", "")}
    with record_room.reading(who) as connection:
        waiting = intake.listed(connection)
    return page(
        request, "records.html", here="records", region=here, regions=regions.all_regions(), waiting=waiting, faults=faults, notes=notes, reason=_reasoned(here),
        words=sentences, own=record_room.is_of(here.id), **shown, status=400 if faults else 200,
    )  # fmt: skip


def _reasoned(here: Held) -> Callable[[str], str]:
    """Why a row was refused, each type of event by its name, for who mends the row; a machine reads the type itself."""
    kinds = here.network.library.event_kinds
    return lambda code: re.sub(
        r"[a-z_]+\.[a-z_]+", lambda m: f"“{kinds[m[0]].what}” ({m[0]})" if m[0] in kinds else m[0], reason(code)
    )


def _done(request: HttpRequest, who: Who) -> dict[str, Any]:
    do = request.POST.get("do", "")
    if do == "bring":
        return {"brought": _bring(request, who)}
    number = _number(request)
    if number is None:
        raise BadInput(Fault(t("the row"), t("is not chosen"), t("Open a row of the list.")))
    with record_room.reading(who) as connection:  # only what the one who asks sees waiting
        if number not in {n for n, *_rest in intake.listed(connection)}:
            raise BadInput(Fault(t("the row"), t("does not wait here"), t("It may have been mended already.")))
    if do == "open":
        why = request.POST.get("why", "").strip()
        if not is_reason(why):
            raise BadInput(Fault(t("why"), t("a reason is needed"), t("Write in a sentence what the data are needed for: it is kept, and the client sees it.")))  # fmt: skip
        with record_room.reading(who) as connection:
            raw = persons.read_refused(connection, number, why=why)
        if raw is None:
            raise BadInput(Fault(t("the row"), t("does not wait here"), t("It may have been mended already.")))
        return {"opened": number, "raw": json.dumps(raw, ensure_ascii=False, indent=2)}
    with record_room.door() as door:
        if do == "drop":
            intake.note_outcome(door.connection, number, "dropped", by=who.shown)
            return {"told": t("The row is dropped. It stays in the room, and is listed no more.")}
        try:
            raw = read_json(request.POST.get("raw", ""))
        except Unreadable as error:
            raise BadInput(error.fault(t("the row"))) from error
        done = intake.replay(
            door, number, _with_place(door.connection, number, raw), by=who.shown, sender=senders.account(who)
        )
    if done.refused:
        return {"opened": number, "raw": request.POST.get("raw", ""), "reasons": list(done.refused[0][2])}
    return {"told": t("The row was accepted.")}


def _with_place(connection: Connection, number: int, raw: Any) -> Any:
    """The mended row with the place that came, where a sign stood for it: of a client with a protected address it is not shown."""
    data = raw.get("data") if isinstance(raw, dict) else None
    if not isinstance(data, dict) or data.get("municipality") != NOT_SHOWN:
        return raw
    row = connection.execute(
        "SELECT raw->'data'->'municipality' FROM quarantine WHERE number = %s AND raw->'data'->>'client' = %s",
        [number, str(data.get("client"))],
    ).fetchone()
    return {**raw, "data": {**data, "municipality": row[0] if row else None}}


def _bring(request: HttpRequest, who: Who) -> Received:
    """The file's events through the door, with the name of who brings them as their source where the file names none."""
    given = request.FILES.get("file")
    if given is None:
        raise BadInput(Fault(t("the file"), t("is not chosen"), t("Choose a file of events: JSON, JSON lines, CSV or xlsx.")))  # fmt: skip
    suffix = Path(given.name or "").suffix.lower()
    name = (
        re.sub(r"[^\w.() -]", "_", Path(given.name or "").stem[:80]) + suffix
    )  # by which its faults and notes call it
    if suffix not in SUFFIXES or given.size > MOST_BYTES:
        raise BadInput(Fault(name, t("is not a file of events, or is larger than 16 MB"), t("Choose a file of events: JSON, JSON lines, CSV or xlsx.")))  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / name
        with kept.open("wb") as file:
            for chunk in given.chunks():
                file.write(chunk)
        brought = read_events(kept, name=name, most=bounds.MOST_ROWS, days=load_library(on=today()).day_fields)
    speaks, brings = (who.name, None) if who.producer else (None, who.name)  # a producer speaks for itself alone
    with record_room.door() as door:
        return intake.receive_many(
            door,
            brought.events,
            rows=brought.rows,
            size=intake.MOST_EVENTS,
            source=speaks,
            fallback=brings,
            producer=who.producer,
            sender=senders.account(who).of_file(name),
        )


def _number(request: HttpRequest) -> int | None:
    text = request.POST.get("number", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
