"""The welfare report, as a page and PDF."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from torni.services import regions
from torni.tower.report import Report, content, newest_measured, report, to_pdf
from torni.web import record_room
from torni.web.rendering import page
from torni.web.store import held
from torni.web.views import live


def welfare(request: HttpRequest, region: str) -> HttpResponse:
    here = held(request, region)
    return page(
        request,
        "report.html",
        here="report",
        region=here,
        regions=regions.all_regions(),
        r=content(_made(request, here)),
    )


def welfare_pdf(request: HttpRequest, region: str) -> HttpResponse:
    here = held(request, region)
    response = HttpResponse(to_pdf(_made(request, here)), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{here.id}.pdf"'
    return response


def _made(request: HttpRequest, here: Any) -> Report:
    measured = None
    if record_room.is_of(here.id):
        with record_room.reading(request.who) as connection:
            measured = newest_measured(connection)
    told = live.picture(request, here)
    return report(live.whole(request, here, told), told, measured)
