"""Every endpoint of the API fuzzed from its own OpenAPI document: whatever comes, it answers as it says, and never fails."""

from __future__ import annotations

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "torni.web.settings")
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
EXAMPLES = int(os.environ.get("TORNI_FUZZ", "60"))


@pytest.fixture(scope="module")
def api(new_room):
    """The API as its document tells it, and a feed's key."""
    from torni.facts import feeds
    from torni.facts import opening as facts_room
    from torni.web import record_room
    from torni.web.wsgi import application

    url = os.environ["TORNI_DATABASE"] = new_room()
    with facts_room.connect(url, autocommit=True) as connection:
        facts_room.claim(connection, "keski-suomi")
        key = feeds.new(connection, "fuzz")
    usual, record_room.STILL_S = (
        record_room.STILL_S,
        float("inf"),
    )  # nobody folds here: how long that takes is not asked
    schema = schemathesis.openapi.from_wsgi("/openapi.json", application, headers={"Host": "127.0.0.1"})
    yield schema, key, url
    record_room.close()
    record_room.STILL_S = usual
    del os.environ["TORNI_DATABASE"]


@pytest.mark.parametrize("with_key", [True, False])
@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_whatever_is_sent_is_answered_as_the_document_says(api, mode, with_key):
    """What fits the document and what does not; with the key and without. A 5xx, or an answer not told, fails."""
    from torni.facts import opening as facts_room
    from torni.facts.verify import verify

    schema, key, url = api
    chosen = schemathesis.GenerationMode.POSITIVE if mode == "positive" else schemathesis.GenerationMode.NEGATIVE
    seen = set()
    for result in schema.get_all_operations():
        operation = result.ok()

        @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), database=None)
        @given(operation.as_strategy(generation_mode=chosen))
        def sent(case):
            headers = {"Host": "127.0.0.1", "Accept-Encoding": "identity"} | (
                {"Authorization": f"Bearer {key}"} if with_key else {"Authorization": "Bearer no"}
            )
            response = case.call(headers=headers)
            seen.add((case.operation.label, response.status_code))
            case.validate_response(response, checks=CHECKS)

        try:
            sent()
        except Unsatisfiable:  # nothing could be wrong with a request that asks for nothing
            assert operation.label.startswith("GET ") and mode == "negative"
    assert {label for label, _status in seen} >= {"POST /events"} | ({"GET /health"} if mode == "positive" else set())
    with facts_room.connect(url, autocommit=True) as connection:
        assert [c.name for c in verify(connection) if c.wrong] == []
