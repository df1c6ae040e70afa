"""The words of guidance: verdicts, states and channels as people read them."""

from __future__ import annotations

from torni.core.language import _


def verdict_name(verdict: str) -> str:
    return {"granted": _("Granted"), "refused": _("Refused"), "undecided": _("Undecided")}[verdict]


def leaf_state(state: str) -> str:
    return {"held": _("met"), "not_held": _("not met"), "missing": _("not known")}[state]


def channel_name(channel: str) -> str:
    return {
        "office": _("The county office"), "tendered": _("Tendered production"), "enterprise": _("The public enterprise"), "voucher": _("Voucher"),
        "centre": _("Centre of choice"), "dental": _("Dental unit of choice"), "budget": _("Personal budget"),
    }[channel]  # fmt: skip
