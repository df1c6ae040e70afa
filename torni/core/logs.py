"""What Torni's own processes write of themselves: a line a matter, as text, or as JSON where `TORNI_LOG=json` asks for it.

No log tells of a person. An exception is told by its kind and by the places in the code that it went through, never by its message:
a database's message quotes the row, a reader's quotes the value.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

from torni.core.faults import bad_input
from torni.core.language import t

FORMS = ("text", "json")
# others' words of a lost server are a traceback each, and of an odd request its whole address: we tell both ourselves, in a line
_QUIET = {"psycopg.pool": logging.CRITICAL, "procrastinate": logging.CRITICAL, "django.request": logging.CRITICAL, "django.security": logging.CRITICAL, "uvicorn.error": logging.WARNING}  # fmt: skip


def begin(part: str) -> None:
    """From now on this process's lines go to the standard error, and say of which part of Torni they are."""
    form = chosen()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(AsJson(part) if form == "json" else AsText())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("torni").setLevel(logging.INFO)
    logging.getLogger("torni.pages").setLevel(logging.INFO if form == "json" else logging.WARNING)  # a line a page
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(least)
    sys.excepthook = _ended


def _ended(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    """What nobody caught ends the process: told as any other exception, without its message."""
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("torni").critical("ended by a fault of its own", exc_info=(kind, error, trace))


def chosen() -> str:
    """The form that TORNI_LOG asks for; another is a fault."""
    form = os.environ.get("TORNI_LOG", "text")
    if form not in FORMS:
        raise bad_input(
            "TORNI_LOG",
            t('"{text}" is no form of a log', text=form),
            t("Write one of: {known}", known=", ".join(FORMS)),
        )
    return form


class AsText(logging.Formatter):
    """`2026-05-04 12:30:00,123 torni.work the record room answers again`"""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(name)s %(message)s")

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the base class's name
        return "\n".join(f"  {line}" for line in told(ei[1]))


class AsJson(logging.Formatter):
    """One object a line: at (UTC), level, part, process, logger, told; of a page its route, status and ms; of an exception its places."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self.part = part

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"), "level": record.levelname.lower(),
            "part": self.part, "process": record.process, "logger": record.name, "told": record.getMessage(),
        }  # fmt: skip
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[1]:
            line["exception"] = told(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


def told(error: BaseException | None) -> list[str]:
    """An exception and what it came from: each one's kind, a database's also its code, and the places it went through."""
    lines: list[str] = []
    while error is not None:
        kind = type(error)
        code = getattr(error, "sqlstate", None)
        lines.append(f"{kind.__module__}.{kind.__qualname__}" + (f" {code}" if code else ""))
        lines += [f"{at.filename}:{at.lineno} {at.name}" for at in traceback.extract_tb(error.__traceback__)]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return lines
