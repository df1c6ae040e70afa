"""The record room's own page: how whole it is, how far it has come, what the jobs have done and found."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from torni.core.faults import bad_input
from torni.core.language import t
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
        found = condition(connection)
    return page(
        request, "room.html", here="room", region=here, regions=regions.all_regions(), found=found, seal=found.seal, verified=found.verified,
        measured=found.measured, jobs=found.jobs, words=sentences, health=record_room.health(), t=t, job_name=job_name, job_state=job_state,
    )  # fmt: skip


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
