"""The words of who may see what."""

from __future__ import annotations

from torni.core.language import _


def role_name(role: str) -> str:
    return {
        "director": _("director"), "service_owner": _("service owner"), "adviser": _("adviser"), "case_manager": _("case manager"),
        "supervisor": _("supervisor"), "controller": _("controller"), "producer": _("producer"), "resident": _("resident"),
        "outsider": _("outsider"), "records": _("records keeper"),
    }[role]  # fmt: skip


def role_sees(role: str) -> str:
    """What the role is for, in one sentence."""
    return {
        "director": _("Every promise live, and the approval of changes. No client's data."),
        "service_owner": _("Every promise live, rehearsals and proposals of changes. No client's data."),
        "adviser": _("Every promise live, the worklist, decisions, and the data of clients whose need has been reported."),
        "case_manager": _("Every promise live, the worklist, plans, and the data of own clients."),
        "supervisor": _("Every promise live, the rows behind them down to the client, and refused records."),
        "controller": _("Every promise live, clients' charges, and refused records."),
        "producer": _("Plans sent to it, the promises of its own units, its own clients, and its own refused records."),
        "resident": _("Own decisions, plan, visits and fees, and who has read what is recorded and why; the same of those one acts for."),
        "outsider": _("Only what everybody sees."),
    }[role]  # fmt: skip
