"""What an operator watches, as Prometheus reads it: pages, the door, the fold, queues and errors, summed over the processes.

Each process writes its own figures into a file of a folder that lives as long as the server (prometheus_client's way for several
processes); the one that started them adds them up when asked, and asks the record room for what waits there. They are told at an
address of their own on this machine alone (`torni serve --metrics PORT`): no page, no proxy's address, no other machine reaches it.

A label is a route's pattern, a status, a kind: never an address as it was asked for, an id, a name or a client.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import psycopg
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from torni.core.faults import BadInput, bad_input
from torni.core.language import t
from torni.facts.access import connected, login
from torni.web.serve import FIGURES

if TYPE_CHECKING:  # the process that adds up serves no pages, and starts sooner without
    from django.http import HttpRequest, HttpResponse

METHODS = frozenset({"GET", "HEAD", "POST", "PUT"})
BOUNDS_S = (0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 10.0)
"""Where the times are cut: a page is wanted within 0.2 s."""

PAGES = Counter("torni_pages", "Answers, by the route's pattern, the method and the status", ["route", "method", "status"])  # fmt: skip
PAGE_S = Histogram("torni_page_seconds", "How long an answer took once a thread had it", ["route"], buckets=BOUNDS_S)
WAIT_S = Histogram("torni_page_wait_seconds", "How long a request waited for a thread", buckets=BOUNDS_S)
FAULTS = Counter("torni_faults", "Pages that failed by a fault of ours, by its kind", ["route", "kind"])
FORBIDDEN = Counter("torni_policy_reports", "Browsers' reports of what the pages' policy forbids, by its part, the sort of source and the route", ["directive", "source", "route"])  # fmt: skip
EVENTS = Counter("torni_events", "Events at the door, by what became of them and who brought them", ["by", "outcome"])
STREAMS = Gauge("torni_streams_open", "Open streams: towers and inboxes", ["kind"], multiprocess_mode="livesum")
log = logging.getLogger("torni.pages")
ENDED = Counter("torni_processes_ended", "Processes that ended by themselves and were started again", ["part"])


class Counted:
    """Each answer counted under its route's pattern, and timed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        took = time.perf_counter() - started
        route = route_of(request)
        method = request.method if request.method in METHODS else "other"
        PAGES.labels(route, method, str(response.status_code)).inc()
        PAGE_S.labels(route).observe(took)
        log.info(
            "page",
            extra={
                "fields": {"route": route, "method": method, "status": response.status_code, "ms": round(1e3 * took)}
            },
        )
        return response


def route_of(request: HttpRequest) -> str:
    """The pattern of the address, such as `<str:region>/case/<int:position>/`; "static", or "none" where nothing is."""
    match = request.resolver_match
    if match is not None:
        return str(match.route) or "/"
    return "static" if request.path.startswith("/static/") else "none"


def events(by: str, *, taken: int, repeated: int, refused: int) -> None:
    """What became of a batch at the door."""
    for outcome, count in (("taken", taken), ("repeated", repeated), ("refused", refused)):
        EVENTS.labels(by, outcome).inc(count)


class Room(Collector):
    """What the record room holds at the moment of asking: how far the fold is behind, and what waits."""

    def __init__(self, url: str) -> None:
        self.url = login(url, "metrics")

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            with connected(self.url, "metrics") as connection:
                found = [(name, told, label, connection.execute(query).fetchall()) for name, told, label, query in _ASKED]  # fmt: skip
        except (psycopg.Error, BadInput):
            yield GaugeMetricFamily("torni_room_up", "Does the record room answer?", 0)
            return
        yield GaugeMetricFamily("torni_room_up", "Does the record room answer?", 1)
        for name, told, label, rows in found:
            made = GaugeMetricFamily(name, told, labels=[label] if label else [])
            for row in rows:
                made.add_metric([str(row[0])] if label else [], float(row[-1] or 0))
            yield made


_ASKED = (
    ("torni_log_position", "The newest event's position in the log", "", "SELECT coalesce(max(position), 0) FROM event"),
    ("torni_fold_lag_events", "Events that the tallies do not hold yet", "",
     "SELECT coalesce((SELECT max(position) FROM event), 0) - position FROM consumer WHERE name = 'tally'"),
    ("torni_fold_lag_seconds", "Since when the tallies are behind the log; 0 when they are level", "",
     "SELECT CASE WHEN position < (SELECT max(position) FROM event) THEN extract(epoch FROM clock_timestamp() - level_at) ELSE 0 END FROM consumer WHERE name = 'tally'"),
    ("torni_uncounted_events", "Events set aside because they cannot be counted", "", "SELECT count(*) FROM missed"),
    ("torni_quarantine_events", "Events refused at the door and not yet mended", "", "SELECT count(*) FROM quarantine q WHERE NOT EXISTS (SELECT 1 FROM quarantine_outcome o WHERE o.number = q.number)"),
    ("torni_jobs", "Jobs, by state", "status", "SELECT status::text, count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing', 'failed') GROUP BY 1"),
    ("torni_deliveries", "Messages to producers' webhooks, by state", "state", "SELECT state::text, count(*) FROM delivery WHERE state <> 'delivered' GROUP BY 1"),
    ("torni_database_bytes", "The record room's size", "", "SELECT pg_database_size(current_database())"),
)  # fmt: skip


def tell(port: int, url: str) -> Any:
    """Tell the figures of all processes at 127.0.0.1:port until the server returned is shut down."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, os.environ[FIGURES])  # type: ignore[no-untyped-call]
    registry.register(Room(url))
    try:
        server, _thread = start_http_server(port, addr="127.0.0.1", registry=registry)
    except (OSError, OverflowError) as error:
        raise bad_input("--metrics", t("{wanted} cannot be listened at: {reason}", wanted=port, reason=error), t("Choose another port.")) from error  # fmt: skip
    return server


def ended(part: str, process: int | None = None) -> None:
    """A process has ended by itself: counted, and what it held open is open no more."""
    ENDED.labels(part).inc()
    if process is not None and FIGURES in os.environ:
        mark_process_dead(process)  # type: ignore[no-untyped-call]
