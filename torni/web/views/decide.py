"""The adviser's page: one client's facts in, the proposed decision with its reasons, fee and letter out. Stores nothing.

Facts travel only in the body of a request, never in an address; nothing of them is kept or logged.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from torni.core.faults import BadInput, Fault
from torni.engines.rules import tree
from torni.guidance import proposal_of
from torni.guidance.client import Client, client_of
from torni.guidance.fees import line_value, money, names, unit_text
from torni.guidance.letter import Letter, letter, to_html, to_pdf
from torni.guidance.proposal import change_text, reason_text
from torni.guidance.state_names import MARKS, channel_name, decided_name, leaf_state, verdict_name
from torni.services import regions
from torni.services.rules import Granting, Rules
from torni.web.rendering import page
from torni.web.store import held

WORDS: dict[str, Any] = {
    "verdict_name": verdict_name, "decided_name": decided_name, "leaf_state": leaf_state, "channel_name": channel_name, "reason_text": reason_text, "change_text": change_text,
    "marks": MARKS, "line_value": line_value, "money": money, "unit_text": unit_text, "field_names": names,
}  # fmt: skip


def client(request: HttpRequest, region: str, service: str) -> HttpResponse:
    """The form, and after it is sent, the answer."""
    here = held(request, region)
    granting = _granting(here.rules, service)
    given = {k: v.strip() for k, v in request.POST.items() if isinstance(v, str) and v.strip()}
    decision = None
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            decision = proposal_of(here.rules, service, _client(given, here.rules))
        except BadInput as error:
            faults = error.faults
    template = "part_decision.html" if request.headers.get("HX-Request") else "decide.html"
    return page(
        request, template, here="rules", region=here, regions=regions.all_regions(), service=granting.service, granting=granting,
        groups=_asked(here.rules, granting), definitions=here.rules.definitions, given=given, d=decision, faults=faults, **WORDS,
    )  # fmt: skip


def letter_file(request: HttpRequest, region: str, service: str, form: str) -> HttpResponse:
    """The decision letter of the facts sent, to be printed or kept by the adviser."""
    if request.method != "POST" or form not in ("html", "pdf"):
        raise Http404
    here = held(request, region)
    _granting(here.rules, service)
    given = {k: v.strip() for k, v in request.POST.items() if isinstance(v, str) and v.strip()}
    proposed = proposal_of(here.rules, service, _client(given, here.rules))
    return letter_response(letter(proposed, hearing=given.get("hearing") == "yes"), service, form)


def letter_response(made: Letter, name: str, form: str) -> HttpResponse:
    """A letter as a file to be printed, or as a page of its own with its own style and nothing else."""
    if form == "pdf":
        response = HttpResponse(to_pdf(made), content_type="application/pdf")
        response["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    else:
        text = to_html(made)
        style = text.partition("<style>")[2].partition("</style>")[0]
        allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        response = HttpResponse(text)
        response["Content-Security-Policy"] = (
            f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; frame-ancestors 'none'"
        )
    response["Cache-Control"] = "no-store"
    return response


def _granting(rules: Rules, service: str) -> Granting:
    if service not in rules.granting:
        raise Http404
    return rules.granting[service]


def _client(given: dict[str, str], rules: Rules) -> Client:
    """The form's texts as facts. One day of assessment holds for every scale that is given."""
    content: dict[str, Any] = {}
    for name, value in given.items():
        if name in rules.fields:
            scale = rules.definitions[name].instrument is not None
            content[name] = (
                {"value": value, "on": given["assessed_on"]} if scale and given.get("assessed_on") else value
            )
    content["letter"] = {"name": given.get("letter_name", ""), "address": given.get("letter_address", "")}
    return client_of(content, rules)


def _asked(rules: Rules, granting: Granting) -> list[tuple[str, list[tree.Field]]]:
    """The fields that this service's criteria ask for, and those of its fees and channels."""
    wanted = {f.name: f for f in granting.reasoning.fields}
    fees: dict[str, tree.Field] = {}
    decided = granting.service
    for name in decided.fees.formulas if decided.fees else []:
        if name in rules.formulas:
            fees |= {f.name: f for f in rules.formulas[name].fields if f.name not in wanted}
            if rules.formulas[name].definition.counts_towards_ceiling:
                fees["fees_paid_this_year_eur"] = rules.fields["fees_paid_this_year_eur"]
    channels: dict[str, tree.Field] = {}
    for (service, _), node in rules.channel_conditions.items():
        if service == decided.id:
            channels |= {f.name: f for f in tree.fields(node) if f.name not in wanted and f.name not in fees}
    if any(rules.definitions[name].instrument for name in wanted) and "assessed_on" not in wanted:
        wanted["assessed_on"] = rules.fields["assessed_on"]
    groups = [("criteria", list(wanted.values())), ("fees", list(fees.values())), ("channels", list(channels.values()))]
    return [(name, found) for name, found in groups if found]
