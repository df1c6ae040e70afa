"""The words of definitions: a parameter's unit in the reader's language."""

from __future__ import annotations

from torni.core.language import _


def unit_name(unit: str) -> str:
    """The unit as a reader says it; definitions write it in short. One that is not listed here is told as it is written."""
    return {
        "EUR": _("euros"), "EUR per resident a year": _("euros a resident in a year"), "EUR/day": _("euros a day"), "EUR/hour": _("euros an hour"), "EUR/minute": _("euros a minute"),
        "EUR/month": _("euros a month"), "EUR/visit": _("euros a visit"), "EUR/year": _("euros a year"), "days": _("days"), "h": _("hours"),
        "employees per client": _("employees for each client"), "hours/month": _("hours a month"), "months": _("months"), "coefficient": _("coefficient"), "km": _("km"),
        "km/h": _("km an hour"), "min": _("minutes"), "minutes per calendar day": _("minutes a calendar day"), "share": _("as a share"),
        "score": _("points"), "visits": _("visits"), "working days": _("working days"), "years": _("years"), "weeks": _("weeks"), "times": _("times in all"), "count": _("in number"), "alerts/year": _("alerts a year"), "MB": _("megabytes"),
    }.get(unit, unit)  # fmt: skip
