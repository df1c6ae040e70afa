"""What producers' own systems have been told of their plans: each address, each message, each try; what was given up sent again."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from torni.core.faults import bad_input
from torni.core.language import t
from torni.facts import webhooks
from torni.services import regions
from torni.supervision import sentences
from torni.web import record_room
from torni.web.rendering import link, page


def deliveries(request: HttpRequest, region: str) -> HttpResponse:
    """The addresses and the newest messages, those given up first. A producer sees its own."""
    here = record_room.own(request, region)
    with record_room.reading(request.who) as connection:
        hooks, found = webhooks.shown(connection), webhooks.deliveries(connection)
    library = record_room.days(here.id).on(record_room.about()[1]).library
    return page(
        request, "deliveries.html", here="deliveries", region=here, regions=regions.all_regions(), hooks=hooks, found=found, words=sentences,
        units=record_room.about()[2], services={k: str(v.name) for k, v in library.services.items()}, type_name=type_name, state_name=state_name,
        answer_of=answer_of, dead=sum(d.state == "dead" for d in found),
    )  # fmt: skip


def delivery(request: HttpRequest, region: str, webhook: int, position: int) -> HttpResponse:
    """One message to one address: every try, and what a person did. Its form sends it again, or sets it aside."""
    here = record_room.own(request, region)
    if request.method == "POST":
        word: webhooks.Word = "set aside" if request.POST.get("do") == "aside" else "again"
        with record_room.reading(request.who) as connection:
            done = webhooks.redeliver(connection, webhook, position, word)
        if not done:
            raise bad_input(t("the message"), t("is not as it was, or its address has ended"), t("Look at the page again."))  # fmt: skip
        return HttpResponseRedirect(link(here, "deliveries", str(webhook), str(position)))
    with record_room.reading(request.who) as connection:
        found = webhooks.delivery(connection, webhook, position)
        history = webhooks.history(connection, webhook, position)
        hook = next((w for w in webhooks.shown(connection) if w.number == webhook), None)
    if found is None or hook is None:
        raise Http404
    return page(
        request, "delivery.html", here="deliveries", region=here, regions=regions.all_regions(), d=found, hook=hook, history=history, words=sentences,
        units=record_room.about()[2], type_name=type_name, state_name=state_name, answer_of=answer_of,
    )  # fmt: skip


def type_name(type_: str) -> str:
    return str({"plan.sent": t("plan sent"), "plan.recalled": t("plan recalled")}.get(type_, type_))


def state_name(d: webhooks.Delivery) -> str:
    if d.behind:
        return str(t("waits for the client's earlier one"))
    return str({"waiting": t("waits") if not d.tries else t("is tried again"), "delivered": t("delivered"), "dead": t("given up"), "set aside": t("set aside")}[d.state])  # fmt: skip


def answer_of(status: int | None, fault: str | None) -> str:
    """What came of a try: the status answered, or why nothing was."""
    if status is not None:
        return str(status)
    known = {
        "timeout": t("no answer in time"),
        "no connection": t("no connection"),
        "certificate": t("its certificate is not trusted"),
    }
    return str(known.get(fault or "", fault or "–"))
