"""The words of supervision: kinds of difference as people read them."""

from __future__ import annotations

from torni.core.language import _


def kind_name(kind: str) -> str:
    return {
        "wrong": _("wrong amount"), "never_billed": _("never billed"), "billed_twice": _("billed twice"), "no_service": _("charge without a service"),
        "over_ceiling": _("over the yearly ceiling"), "cannot_tell": _("cannot be told"),
    }[kind]  # fmt: skip
