"""The words of guidance: verdicts, states and channels as people read them."""

from __future__ import annotations

from torni.core.language import _


def verdict_name(verdict: str) -> str:
    return {"granted": _("Granted"), "refused": _("Refused"), "undecided": _("Undecided")}[verdict]


def decided_name(verdict: str) -> str:
    """A decision that an official has made."""
    return {"granted": _("granted"), "refused": _("refused")}[verdict]


# How a criterion or a condition of it stands, as the marks of a promise show it: what is not known is never a ground that is met.
MARKS = {"held": "kept", "not_held": "broken", "missing": "unknown", "open": "unknown"}


def leaf_state(state: str) -> str:
    return {"held": _("met"), "not_held": _("not met"), "missing": _("not known"), "open": _("not known, and no obstacle")}[state]  # fmt: skip


def channel_name(channel: str) -> str:
    return {
        "office": _("The organiser's own work"), "tendered": _("Purchased service"), "enterprise": _("Own production"), "voucher": _("Voucher"),
        "centre": _("Health centre (the resident chooses)"), "dental": _("Dental clinic (the resident chooses)"), "budget": _("Personal budget"),
    }[channel]  # fmt: skip


def channel_of_need(channel: str) -> str:
    """Where a need came from."""
    return {
        "telephone": _("telephone"), "own_form": _("the client's own form"), "referral": _("a professional's referral"),
        "home_monitoring": _("home monitoring"),
    }.get(channel, channel)  # fmt: skip


def sent_state(state: str) -> str:
    """How what was sent to a producer stands."""
    return {
        "sent": _("sent"), "opened": _("opened"), "confirmed": _("confirmed"), "proposed": _("another time proposed"), "refused": _("the producer refused"),
        "recalled": _("replaced"),
    }[state]  # fmt: skip


def missed_did(did: str) -> str:
    """What was done of visits not made."""
    return {
        "asked": _("asked the producer"), "answered": _("the producer answered"), "noted": _("note"), "closed": _("closed"),
    }.get(did, did)  # fmt: skip


def change_kind(kind: str) -> str:
    return {
        "added": _("new"),
        "changed": _("changes"),
        "ended": _("ends"),
        "same": _("as before"),
        "dropped": _("left out"),
    }[kind]


def outcome_name(outcome: str) -> str:
    """What a review led to."""
    return {"changed": _("the decision was changed"), "upheld": _("the decision was left as it was"), "dismissed": _("the request was not examined")}.get(outcome, outcome)  # fmt: skip


def kind_name(kind: str) -> str:
    """As what somebody acts for a client."""
    return {"guardian": _("guardian"), "proxy": _("by authorisation")}.get(kind, kind)
