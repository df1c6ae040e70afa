"""Conditions that cannot be meant: those that can never hold, or always do."""

from __future__ import annotations

from torni.core.faults import Fault
from torni.core.language import t
from torni.engines.rules import sql, tree
from torni.engines.rules.bounds import suspect
from torni.engines.rules.tree import Node


def suspicion_faults(node: Node, where: str) -> list[Fault]:
    """Conditions that can never hold, or always do, as faults."""
    out = []
    for told, part in suspect(node):
        text = sql.source(part)
        what = t('"{text}" can never hold', text=text) if told == "never" else t('"{text}" always holds', text=text)
        ranges = ", ".join(f"{f.name} {f.least}–{f.most}" for f in tree.fields(part) if f.least is not None)
        remedy = t("The ranges are: {ranges}.", ranges=ranges) + " " if ranges else ""
        out.append(Fault(where, what, remedy + t("Correct the limit, or leave the condition out.")))
    return out
