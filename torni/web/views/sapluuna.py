"""The sapluuna: every service in its area, every column, and what is executable, prose or missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from torni.core.faults import BadInput
from torni.core.language import number
from torni.promises.finding import Finding
from torni.services import regions
from torni.services.history import versions
from torni.services.schema import COLUMNS, Service
from torni.services.unit_names import unit_name
from torni.services.wording import coming
from torni.tower import Picture
from torni.web.rendering import page
from torni.web.store import Held, held
from torni.web.views import changes, live


@dataclass(frozen=True)
class CellView:
    """One cell: `state` is executable, prose or missing."""

    service: Service
    column: str
    state: str
    text: str
    source: str | None
    invented: bool
    findings: tuple[Finding, ...]
    amounts: tuple[dict[str, Any], ...]


def matrix(request: HttpRequest, region: str) -> HttpResponse:
    here = held(request, region)
    library = here.network.library
    shown = live.whole(request, here, live.picture(request, here))
    rows = [
        (
            group,
            [
                (s, [view(here, shown, s, column) for column in COLUMNS])
                for s in library.services.values()
                if s.group == group.id
            ],
        )
        for group in library.groups
    ]
    cells = [c for _, services in rows for _, row in services for c in row]
    counts = {state: sum(c.state == state for c in cells) for state in ("executable", "prose", "missing")}
    return page(
        request,
        "sapluuna.html",
        here="sapluuna",
        region=here,
        rows=rows,
        columns=COLUMNS,
        counts=counts,
        regions=regions.all_regions(),
    )


def cell(request: HttpRequest, region: str, service_id: str, column: str) -> HttpResponse:
    here = held(request, region)
    library = here.network.library
    service = library.services.get(service_id)
    if service is None or column not in COLUMNS:
        raise Http404
    shown = live.whole(request, here, live.picture(request, here))
    group = next(g for g in library.groups if g.id == service.group)
    return page(
        request, "cell.html", here="sapluuna", region=here, cell=view(here, shown, service, column), service=service, group=group,
        version=library.version(service_id), files=library.files[service_id], regions=regions.all_regions(),
        row=[view(here, shown, service, c) for c in COLUMNS], coming=coming(versions(here.id), here.rules, service_id), **changes.words(here),
    )  # fmt: skip


def view(here: Held, shown: Picture, service: Service, column: str) -> CellView:
    library = here.network.library
    text, source = "", None
    findings: tuple[Finding, ...] = ()
    amounts: tuple[dict[str, Any], ...] = ()
    executable = False
    if column in type(service.channels).model_fields:
        channel = getattr(service.channels, column)
        if channel is not None:
            text, source, executable = str(channel.text or ""), channel.source, True
            amounts = ({"open": channel.open},)
    else:
        content = getattr(service, column)
        if content is not None:
            text, source = str(content.text or ""), content.source
            if column == "fees":
                amounts = tuple(_amount(here, a) for a in content.amounts)
                executable = bool(content.amounts or content.formulas)
            if column == "criteria" and content.granting:
                executable = True
                text = text or " ".join(str(c.text) for c in content.granting)
                source = source or content.granting[0].source
            if column == "cost" and content.formula:
                executable = True
                text = text or str(
                    here.rules.formulas[content.formula].definition.what
                    if content.formula in here.rules.formulas
                    else ""
                )
        promised = [p for p in service.promises if p.column == column]
        findings = tuple(f for p in promised if (f := shown.of(f"{service.id}.{p.id}")))
        executable = executable or bool(promised)
        source = source or (promised[0].source if promised else None)
    state = "executable" if executable else "prose" if text else "missing"
    known = library.sources.get(source) if source else None
    return CellView(
        service,
        column,
        state,
        text,
        str(known.title) if known else None,
        bool(known and known.invented),
        findings,
        amounts,
    )


def _amount(here: Held, amount: Any) -> dict[str, Any]:
    """A fee on the region's day, with its source; a fault where it has no value on the day."""
    try:
        value = here.network.library.value(amount.parameter)
    except BadInput as error:
        return {"label": str(amount.label), "text": "–", "fault": error.faults[0].what, "source": "", "since": None}
    return {
        "label": str(amount.label), "text": f"{number(float(value.value), 2)} {unit_name(value.unit)}",  # type: ignore[arg-type]
        "source": str(value.source.title), "since": value.since, "parameter": amount.parameter, "fault": None,
    }  # fmt: skip
