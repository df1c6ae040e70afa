"""Rules written and tried: every criterion, formula, table and field of a region, checked while it is typed."""

from __future__ import annotations

from datetime import date

from django.http import Http404, HttpRequest, HttpResponse

from torni.core import bounds
from torni.core.faults import Fault
from torni.core.language import choose, ngettext, number, t
from torni.engines.rules import lower, sql, tree
from torni.engines.rules.sentences import sentence
from torni.engines.rules.tables import read
from torni.services import regions
from torni.services.history import versions
from torni.services.rules import Rules
from torni.services.suspicion import suspicion_faults
from torni.services.unit_names import unit_name
from torni.services.wording import coming
from torni.simulation.running import monthly
from torni.supervision.sentences import day_text
from torni.web.change_form import as_text
from torni.web.rendering import page
from torni.web.store import Held, held
from torni.web.views import changes

MOST_NAMED = 8  # choices that are named one by one


def index(request: HttpRequest, region: str) -> HttpResponse:
    """All of the region's rules on one page, each a link to where it can be tried and changed."""
    here = held(request, region)
    return page(
        request,
        "rules.html",
        here="rules",
        region=here,
        regions=regions.all_regions(),
        rules=here.rules,
        sql=sql,
        tables=_dated(here.rules),
        values=values_text,
        coming=coming(versions(here.id), here.rules),
        **changes.words(here),
    )


def values_text(field: tree.Field) -> str:
    """The values that a fact may have, in words; of long lists of choices only how many there are."""
    if field.kind == "yes_no":
        return t("yes or no")
    if field.kind == "code":
        labels = [choose(field.code_labels[code]) for code in field.codes]
        return ", ".join(labels) if len(labels) <= MOST_NAMED else ngettext("%(num)s choice", "%(num)s choices", len(labels)) % {"num": len(labels)}  # fmt: skip
    return "–".join(_bound(bound) for bound in (field.least, field.most))


def _bound(value: object) -> str:
    if isinstance(value, date):
        return day_text(value)
    return "" if value is None else number(float(str(value)), 2 if float(str(value)) % 1 else 0)


def service(request: HttpRequest, region: str, service: str) -> HttpResponse:
    """A service's criteria as texts to change; the change is then rehearsed."""
    here = held(request, region)
    granting = here.rules.granting.get(service)
    if granting is None:
        raise Http404
    texts = {c.id: request.POST.get(c.id, c.when) for c in granting.criteria}
    changed = {c.id: texts[c.id].strip() for c in granting.criteria if texts[c.id].strip() != c.when}
    content = {
        "name": f"{granting.service.name}",
        "services": {service: {"criteria": {"granting": [{"id": k, "when": v} for k, v in changed.items()]}}},
    }
    return page(
        request, "rule.html", here="rules", region=here, regions=regions.all_regions(), rules=here.rules, granting=granting, texts=texts,
        checked={c.id: _check(here, texts[c.id], c.id) for c in granting.criteria}, change=as_text(content) if changed else "",
        parameters=_parameters(here, list(granting.nodes)), sentence=sentence, sql=sql, tree=tree, fee=monthly(here.rules, service, "client"),
    )  # fmt: skip


def check(request: HttpRequest, region: str) -> HttpResponse:
    """The answer while typing: the rule's parts as sentences, or its faults."""
    here = held(request, region)
    name = request.POST.get("which", "")
    node, faults = _check(here, request.POST.get(name, request.POST.get("text", "")), name or "rule")
    return page(
        request, "part_check.html", region=here, node=node, faults=faults, sentence=sentence, sql=sql, tree=tree
    )


def table(request: HttpRequest, region: str, name: str) -> HttpResponse:
    """A table as text and as cells, checked while typed; bands of any shape."""
    here = held(request, region)
    rules = here.rules
    if name not in rules.table_definitions or name not in rules.tables:
        raise Http404
    definition = rules.table_definitions[name]
    now = [v for v in definition.values if v.from_ <= here.network.as_of][-1]
    text = request.POST.get("cells", now.cells)
    found = read(text, rules.fields, name=name, where=name)
    faults = found if isinstance(found, list) else []
    change = (
        as_text({"name": str(definition.what), "tables": {name: _clean(text)}})
        if not faults and _clean(text) != _clean(now.cells)
        else ""
    )
    template = "part_table.html" if request.headers.get("HX-Request") else "table.html"
    return page(
        request, template, here="rules", region=here, regions=regions.all_regions(), rules=rules, name=name, definition=definition, now=now,
        source=rules.library.sources[now.source], text=text, faults=faults, grid=[[c.strip() for c in line.split("|")] for line in text[: bounds.MOST_TEXT].splitlines() if line.strip()],
        count=0 if isinstance(found, list) else len(found.rows), change=change,
    )  # fmt: skip


def _check(here: Held, text: str, where: str) -> tuple[tree.Node | None, list[Fault]]:
    rules = here.rules
    found = lower(text, rules.scope, where=where)
    if isinstance(found, list):
        return None, found
    return found, suspicion_faults(found, where)


def _parameters(here: Held, nodes: list[tree.Node]) -> list[dict[str, object]]:
    library = here.network.library
    found: dict[str, dict[str, object]] = {}
    for node in nodes:
        for part in tree.walk(node):
            if isinstance(part, tree.Param):
                value = library.value(part.name)
                found[part.name] = {
                    "name": part.name,
                    "what": str(library.parameters[part.name].what),
                    "value": value.value,
                    "unit": unit_name(value.unit),
                    "source": value.source,
                }
    return list(found.values())


def _dated(rules: Rules) -> dict[str, object]:
    library = rules.library
    return {
        name: [v for v in d.values if v.from_ <= library.as_of][-1]
        for name, d in rules.table_definitions.items()
        if name in rules.tables
    }


def _clean(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())
