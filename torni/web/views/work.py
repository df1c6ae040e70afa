"""An adviser's or a case manager's worklist, ordered by what breaks a promise soonest."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from torni.facts.door import local_day
from torni.guidance.worklist import worklist
from torni.services import regions
from torni.supervision import sentences
from torni.web import record_room
from torni.web.rendering import page


def work(request: HttpRequest, region: str) -> HttpResponse:
    """What waits, the soonest due first; each row opens the client's case."""
    here = record_room.own(request, region)
    today = local_day(record_room.now())
    with record_room.reading(request.who) as connection:
        found = worklist(
            connection, request.who, record_room.days(here.id).on(today), today=today, units=record_room.about()[2]
        )
    return page(
        request, "work.html", here="work", region=here, regions=regions.all_regions(), lines=found.lines, mine=found.mine, words=sentences, today=today,
        most=found.most, written=request.GET.get("written") == "1", late=found.late, soon=found.soon,
    )  # fmt: skip
