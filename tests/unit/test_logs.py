"""What a log tells: its form, and nothing of a person, not even where an exception's message quotes one."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from torni.core import logs
from torni.core.faults import BadInput


def failed() -> logging.LogRecord:
    """A line with an exception that came of another, both quoting what they met."""
    try:
        try:
            int("Aino Asukas")
        except ValueError as error:
            raise KeyError("010190-123A") from error
    except KeyError:
        return logging.LogRecord("torni.web", logging.ERROR, __file__, 1, "a page failed: %s", ("me/",), sys.exc_info())


@pytest.mark.parametrize("form", [logs.AsText(), logs.AsJson("pages")])
def test_an_exception_is_told_by_its_kind_and_places_not_by_its_message(form):
    line = form.format(failed())
    assert "Aino" not in line and "010190" not in line
    assert "builtins.KeyError" in line and "builtins.ValueError" in line and "test_logs.py:" in line and "me/" in line


def test_json_is_an_object_a_line():
    record = logging.LogRecord("torni.pages", logging.INFO, __file__, 1, "page", (), None)
    record.fields = {"route": "<str:region>/", "status": 200, "ms": 12}
    line = logs.AsJson("pages").format(record)
    told = json.loads(line)
    assert "\n" not in line and told["at"].endswith("+00:00")
    assert (told["level"], told["part"], told["logger"], told["told"], told["route"], told["ms"]) == ("info", "pages", "torni.pages", "page", "<str:region>/", 12)  # fmt: skip


def test_a_form_that_is_none_is_told(monkeypatch):
    monkeypatch.setenv("TORNI_LOG", "xml")
    with pytest.raises(BadInput) as raised:
        logs.chosen()
    (fault,) = raised.value.faults
    assert fault.where == "TORNI_LOG" and "xml" in str(fault.what) and "json" in str(fault.remedy)
