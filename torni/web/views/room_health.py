"""The record room's own page: how whole it is, how far it has come, what the jobs have done and found."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from torni.core.faults import bad_input
from torni.core.language import t
from torni.facts.checkpoint import extension, newest
from torni.facts.condition import ask_job, condition
from torni.services import regions
from torni.supervision import sentences
from torni.web import record_room
from torni.web.rendering import link, page
from torni.web.store import held


def the_room(request: HttpRequest, region: str) -> HttpResponse:
    """Is the record room whole, how far has it come, and what is being done? Its forms ask for a verification or a measuring."""
    here = held(request, region)
    if not record_room.is_of(here.id):
        raise bad_input(t("the record room"), t("is not this region's"), t("Choose the region whose events it holds."))
    if request.method == "POST":
        with record_room.reading(request.who) as connection:
            ask_job(connection, "measure" if request.POST.get("do") == "measure" else "verify")
        return HttpResponseRedirect(link(here, "room"))
    with record_room.reading(request.who) as connection:
        found, signed = condition(connection), newest(connection) is not None
    return page(
        request, "room.html", here="room", region=here, regions=regions.all_regions(), found=found, seal=found.seal, verified=found.verified,
        measured=found.measured, jobs=found.jobs, signed=signed, words=sentences, health=record_room.health(), t=t, job_name=job_name, job_state=job_state,
    )  # fmt: skip


def checkpoint(request: HttpRequest, region: str) -> HttpResponse:
    """The newest checkpoint as a text, for whoever keeps it outside; `?since=DAYS`: with proof that it extends the one of so many days."""
    record_room.own(request, region)
    since = request.GET.get("since", "")
    with record_room.reading(request.who) as connection:
        if since:
            told: str | None = extension(
                connection, int(since) if since.isascii() and since.isdecimal() and len(since) < 10 else 0
            )
        else:
            told = newest(connection)
    if told is None:
        raise Http404
    return HttpResponse(told, content_type="text/plain; charset=utf-8")


def job_name(task: str) -> str:
    return str(
        {
            "measure": t("Snapshot and indicators"), "verify": t("Verification"), "watch": t("Morning watch of sudden changes"),
            "mean": t("New promises measured on the whole past"),
        }.get(task, task)
    )  # fmt: skip


def job_state(status: str) -> str:
    return str(
        {"todo": t("waits"), "doing": t("is being done"), "succeeded": t("done"), "failed": t("failed")}.get(
            status, status
        )
    )
