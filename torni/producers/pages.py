"""What producers' own systems have been told of their plans: each address, each message, each try; what was given up sent again."""

from __future__ import annotations

from typing import Any

from torni.core.faults import bad_input
from torni.core.language import t
from torni.core.rooms import MESSAGES
from torni.facts.asked import Asked
from torni.producers import webhooks


def deliveries(asked: Asked) -> dict[str, Any]:
    """The addresses and the newest messages, those given up first. A producer sees its own."""
    found = webhooks.deliveries(asked.connection)
    return {
        "hooks": webhooks.shown(asked.connection),
        "found": found,
        "dead": sum(d.state == "dead" for d in found),
        **_WORDS,
    }


def delivery(asked: Asked) -> dict[str, Any] | None:
    """One message to one address: every try, and what a person did."""
    number, position = asked.parts["webhook"], asked.parts["position"]
    found = webhooks.delivery(asked.connection, number, position)
    hook = next((w for w in webhooks.shown(asked.connection) if w.number == number), None)
    if found is None or hook is None:
        return None
    return {"d": found, "hook": hook, "history": webhooks.history(asked.connection, number, position), **_WORDS}


def send_again(asked: Asked) -> tuple[str, ...]:
    """Its form sends the message again, or sets it aside; the page is shown anew."""
    number, position = asked.parts["webhook"], asked.parts["position"]
    word: webhooks.Word = "set aside" if asked.form.get("do") == "aside" else "again"
    if not webhooks.redeliver(asked.connection, number, position, word):
        raise bad_input(t("the message"), t("is not as it was, or its address has ended"), t("Look at the page again."))
    return "deliveries", str(number), str(position)


def type_name(type_: str) -> str:
    return str(MESSAGES.get(type_, type_))


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
        "closed address": t("its address is of a closed network, where nothing is sent"),
        "no key": t("the server's key of secrets is not there, so nothing could be signed"),
        "certificate": t("its certificate is not trusted"),
    }
    return str(known.get(fault or "", fault or "–"))


_WORDS = {"type_name": type_name, "state_name": state_name, "answer_of": answer_of}
