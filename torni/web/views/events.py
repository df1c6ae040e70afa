"""`POST /events`: a batch of CloudEvents from a feed with a key; and the API told as OpenAPI, with an example of every type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import psycopg
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from psycopg_pool import PoolTimeout

from torni import __version__
from torni.core.bounds import Unreadable, read_json
from torni.core.clock import today
from torni.core.faults import BadInput
from torni.core.language import speaking
from torni.facts import feeds, intake, senders
from torni.facts.book import WIDEST
from torni.facts.data_fields import MOST_TEXT, DataField
from torni.facts.reasons import reason
from torni.facts.recording import ClockDoubted
from torni.services import load_library
from torni.services.events import EventKind
from torni.web import metrics, record_room

_VALUES: dict[str, Any] = {
    "service": "home_care", "unit": "unit-1", "client": 1001, "matter": "visit-2026-05-04-1", "due": "2026-05-04", "quantity": 4,
    "of_quantity": 12, "cents": 3020,
}  # fmt: skip


def receive(request: HttpRequest) -> HttpResponse:
    """Accept a batch: 200 with what became of each, 207 when some were refused; nothing of a batch is lost or taken twice."""
    if request.method != "POST":
        return _refused(405, "POST a batch of events here; /openapi.json tells their form", Allow="POST")
    if not record_room.is_open():
        return _refused(503, "this server has no record room")
    key = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    try:
        with record_room.door() as door:
            feed = feeds.source_of(door.connection, key) if key else None
            if feed is None:
                return _refused(
                    401, "a feed's key is needed: Authorization: Bearer KEY", **{"WWW-Authenticate": "Bearer"}
                )
            batch = _batch(request)
            if isinstance(batch, HttpResponse):
                return batch
            done = intake.receive(door, batch, source=feed[0], producer=feed[1], sender=senders.feed(*feed))
            metrics.events("feed", taken=done.accepted, repeated=done.repeated, refused=len(done.refused))
    except psycopg.errors.DiskFull:
        return _refused(
            503,
            "the record room's disk is full; nothing of the batch was stored: send it again later",
            **{"Retry-After": "60"},
        )
    except (psycopg.OperationalError, PoolTimeout):
        return _refused(503, "the record room does not answer; send the batch again", **{"Retry-After": "2"})
    except ClockDoubted:
        return _refused(503, "the server's clock may have jumped, so nothing is recorded; send the batch again later", **{"Retry-After": "600"})  # fmt: skip
    except BadInput as error:
        return _refused(503, str(error.faults[0].what))
    told = {
        "accepted": done.accepted, "repeated": done.repeated,
        "refused": [
            {"line": line, "id": id_, "reasons": list(codes), "told": [reason(c) for c in codes]} for line, id_, codes in done.refused
        ],
    }  # fmt: skip
    return JsonResponse(told, status=207 if done.refused else 200)


def _batch(request: HttpRequest) -> list[Any] | HttpResponse:
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind not in ("application/json", "application/cloudevents-batch+json", "application/cloudevents+json"):
        return _refused(415, "send application/cloudevents-batch+json or application/json")
    try:
        with speaking("en"):
            found = read_json(request.body)
    except RequestDataTooBig:
        return _refused(413, "a batch is at most 16 MB")
    except Unreadable as error:
        return _refused(400, f"the body cannot be read, line {error.line}: {error.what}")
    batch = found if isinstance(found, list) else [found]
    if len(batch) > intake.MOST_EVENTS:
        return _refused(413, f"a batch is at most {intake.MOST_EVENTS} events")
    return batch


def _refused(status: int, why: str, **headers: str) -> JsonResponse:
    return JsonResponse({"error": why}, status=status, headers=headers)


def openapi(request: HttpRequest) -> HttpResponse:
    """The API of this server, for the programs that send events."""
    if request.method not in ("GET", "HEAD"):
        return _refused(405, "GET only", Allow="GET")
    return JsonResponse(described(), json_dumps_params={"ensure_ascii": False, "indent": 1})


def described() -> dict[str, Any]:
    """The OpenAPI document: `POST /events`, `GET /health`, `GET /openapi.json`, an example of every type of event."""
    kinds = load_library(on=today()).event_kinds
    examples = {
        name: {"summary": kind.what.en + (f"; {kind.sent.en}" if kind.sent else ""), "value": [_example(name, kind)]}
        for name, kind in kinds.items()
    }
    result, fault = _answer("What became of the batch", "Result"), _answer("Why not", "Fault")
    media = {"schema": {"$ref": "#/components/schemas/Batch"}, "examples": examples}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Torni", "version": __version__, "description": "Events into a region's record room. Idempotent by id: a batch sent again changes nothing."},
        "paths": {
            "/events": {
                "post": {
                    "operationId": "sendEvents", "summary": "Send a batch of events", "security": [{"feed": []}],
                    "requestBody": {"required": True, "content": {"application/cloudevents-batch+json": media, "application/json": media}},
                    "responses": {
                        "200": result, "207": {**result, "description": "Some were refused, and are kept in quarantine"}, "400": fault, "401": fault,
                        "413": fault, "415": fault, "503": fault,
                    },
                }
            },
            "/health": {
                "get": {
                    "operationId": "health", "summary": "Does it serve, and how new is the record room?",
                    "responses": {"200": _answer("It serves", "Health"), "503": _answer("The record room does not answer", "Health")},
                }
            },
            "/openapi.json": {
                "get": {"operationId": "openapi", "summary": "This document", "responses": {"200": {"description": "OpenAPI", "content": {"application/json": {"schema": {"type": "object"}}}}}}
            },
        },
        "components": {
            "securitySchemes": {"feed": {"type": "http", "scheme": "bearer", "description": "A feed's key, from `torni feed new SOURCE`"}},
            "schemas": {**_schemas(sorted(kinds)), **_data_schemas(kinds)},
        },
    }  # fmt: skip


def _answer(what: str, schema: str) -> dict[str, Any]:
    return {
        "description": what,
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
    }


def _schemas(kinds: list[str]) -> dict[str, Any]:
    text = {"type": "string", "minLength": 1, "maxLength": MOST_TEXT}
    whole = {"type": "integer", "minimum": -(2**63) + 1, "maximum": 2**63 - 1}
    within = {
        name: {"type": "integer", "minimum": low, "maximum": high} for name, (low, high) in asdict(WIDEST).items()
    }
    return {
        "Event": {
            "type": "object", "required": ["id", "type", "time"],
            "properties": {
                "specversion": {"const": "1.0"}, "id": text, "source": {**text, "description": "Left out, it is the key's own."},
                "type": {"type": "string", "enum": kinds}, "time": {"type": "string", "format": "date-time"},
                "data": {
                    "type": "object", "description": "What else a type tells stands in the schema of the type's name; what is not declared is taken in as it is.",
                    "properties": {
                        "service": text, "unit": text, "client": whole, "matter": text, "due": {"type": "string", "format": "date"},
                        "quantity": within["quantity"], "of_quantity": within["of_quantity"], "cents": within["cents"], "replaces": {**text, "description": "The id of the event that this one corrects"},
                    },
                },
            },
        },
        "Batch": {"type": "array", "items": {"$ref": "#/components/schemas/Event"}, "maxItems": intake.MOST_EVENTS},
        "Result": {
            "type": "object", "required": ["accepted", "repeated", "refused"],
            "properties": {
                "accepted": {"type": "integer"}, "repeated": {"type": "integer"},
                "refused": {
                    "type": "array",
                    "items": {
                        "type": "object", "required": ["line", "id", "reasons", "told"],
                        "properties": {
                            "line": {"type": "integer"}, "id": {"type": "string"}, "reasons": {"type": "array", "items": {"type": "string"}},
                            "told": {"type": "array", "items": {"type": "string"}},
                        },
                    },
                },
            },
        },
        "Fault": {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}},
        "Health": {"type": "object", "required": ["ok", "room"], "properties": {"ok": {"type": "boolean"}, "room": {"type": ["object", "null"]}}},
    }  # fmt: skip


def _example(name: str, kind: EventKind) -> dict[str, Any]:
    data: dict[str, Any] = {str(need): _VALUES[need] for need in kind.needs}
    data |= {
        n: _KNOWN.get((name, n)) or (_KNOWN.get(n) if f.kind != "choice" else None) or _of_kind(f)
        for n, f in kind.data.items()
        if n not in intake.COLUMNS
    }
    if name == "event.withdrawn":
        data["replaces"] = "visit-17"
    return {"specversion": "1.0", "id": f"{name}-1", "type": name, "time": "2026-05-04T12:30:00+03:00", "data": data}


_KNOWN: dict[str | tuple[str, str], Any] = {  # what the kind alone would tell too little of
    "municipality": "179", "born": "1941-05-30", "name": "Keskusta", "kind": "home_care", "producer": "Esimerkkihoiva Oy", "instrument": "RAI",
    "scales": {"maple": 3}, "formula": "doctor_visit", "facts": {"age": 40, "doctor_visits_this_year": 0}, ("representative.named", "kind"): "proxy",
    ("representative.ended", "kind"): "proxy",
}  # fmt: skip


def _of_kind(field: DataField) -> Any:
    """A value that the field takes in."""
    if field.kind == "choice":
        return field.of[0]
    if field.range and field.kind != "day":
        return field.range[0]
    return {
        "text": "teksti", "short_text": "teksti", "municipality": "179", "day": "2026-05-04", "whole": 1, "cents": 1250, "number": 1.5, "yes_no": False, "client": "8",
        "list": ["teksti"], "object": {},
    }[field.kind]  # fmt: skip


def _data_schemas(kinds: Mapping[str, EventKind]) -> dict[str, Any]:
    """Each type of event that declares data: its fields as JSON schemas."""
    return {
        name: {"type": "object", "properties": {n: _schema(f) for n, f in kind.data.items() if n not in intake.COLUMNS}}
        for name, kind in sorted(kinds.items())
        if kind.data
    }


def _schema(field: DataField) -> dict[str, Any]:
    shapes: dict[str, dict[str, Any]] = {
        "text": {"type": "string"}, "short_text": {"type": "string", "maxLength": MOST_TEXT}, "municipality": {"type": "string", "pattern": "^[0-9]{3}$"}, "choice": {"enum": list(field.of)},
        "day": {"type": "string", "format": "date"}, "whole": {"type": "integer"}, "cents": {"type": "integer"}, "number": {"type": "number"},
        "yes_no": {"type": "boolean"}, "client": {"type": "string", "pattern": "^[0-9]{1,18}$"}, "list": {"type": "array"}, "object": {"type": "object"},
    }  # fmt: skip
    within = {"minimum": field.range[0], "maximum": field.range[1]} if field.range and field.kind != "day" else {}
    return {**shapes[field.kind], **within, "description": field.what.en}
