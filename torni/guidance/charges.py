"""What a charge should have been: its formula, reckoned with the facts that it says it was reckoned with."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from torni.core.faults import BadInput
from torni.guidance.client import client_of
from torni.guidance.fees import reckon
from torni.services.rules import Rules


def charge(rules: Rules, data: Mapping[str, Any]) -> Decimal | None:
    """The formula's amount in euros; None when the charge names no client's fee, or a fact that matters is missing or wrong.

    A formula that the organiser pays (a cost, a voucher) explains no charge: nobody is to be billed by it.

    Does not consider the yearly ceiling: what it leaves of a right charge is told by the one who reconciles.
    """
    formula, facts = data.get("formula"), data.get("facts")
    if not isinstance(formula, str) or not isinstance(facts, Mapping):
        return None
    if formula.replace("-", "_") not in rules.client_fees:
        return None
    try:
        return reckon(rules, rules.formula(formula), client_of(dict(facts), rules).facts).by_rule
    except BadInput:
        return None
