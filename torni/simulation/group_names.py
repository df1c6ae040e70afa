"""The words of rehearsals: breakdowns and their groups."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from torni.core.language import Message, _, language, number, t
from torni.promises.finding import Finding
from torni.simulation.promised import Touched
from torni.sources import shipped


def breakdown_name(breakdown: str) -> str:
    return {
        "municipality": _("Municipality"), "age_group": _("Age"), "household": _("Household size"), "income_tenth": _("Income tenth"),
    }[breakdown]  # fmt: skip


def state_name(state: str) -> str:
    return {
        "proposed": _("proposed"),
        "approved": _("approved"),
        "rejected": _("rejected"),
        "withdrawn": _("withdrawn"),
    }[state]


def effect_texts(figures: Mapping[str, Any]) -> list[str]:
    """What a proposal was rehearsed to do, as sentences: people, then euros. What it does not tell is not told."""
    found = []
    if "gainers" in figures or "losers" in figures:
        gain, lose = int(figures.get("gainers", 0)), int(figures.get("losers", 0))
        found.append(
            t("{gain} people would get the service who do not get it now; {lose} would lose it.", gain=number(gain), lose=number(lose))
            if gain or lose
            else t("Nobody would get or lose the service.")
        )  # fmt: skip
    if "nearer" in figures or "farther" in figures:
        near, far = int(figures.get("nearer", 0)), int(figures.get("farther", 0))
        found.append(
            t("{near} residents would have a shorter way, {far} a longer one.", near=number(near), far=number(far))
            if near or far
            else t("Nobody's way would change.")
        )
    if "client_eur_year" in figures:
        found.append(_euros(figures["client_eur_year"], _("Clients would pay {eur} euros more a year."), _("Clients would pay {eur} euros less a year."), _("What clients pay would not change.")))  # fmt: skip
    if "organiser_eur_year" in figures:
        found.append(_euros(figures["organiser_eur_year"], _("The organiser's costs would grow by {eur} euros a year."), _("The organiser's costs would fall by {eur} euros a year."), _("The organiser's costs would not change.")))  # fmt: skip
    if "travel_eur_year" in figures:
        found.append(_euros(figures["travel_eur_year"], _("Residents' trips would cost {eur} euros more a year."), _("Residents' trips would cost {eur} euros less a year."), _("What residents' trips cost would not change.")))  # fmt: skip
    found += [t("Not known: {what}.", what=Message(text, **values)) for text, values in figures.get("unknown", ())]
    return found


def _euros(value: float, more: str, less: str, same: str) -> str:
    whole = round(float(value))
    return (more if whole > 0 else less).format(eur=number(abs(whole))) if whole else same


def group_name(breakdown: str, group: str) -> str:
    if breakdown == "municipality":
        return municipality_names().get(group, group)
    if breakdown == "income_tenth":
        return t("{n}. tenth", n=group)
    return group


def municipality_names() -> dict[str, str]:
    """Every municipality's name in the language of the moment."""
    return _names("name_sv" if language() == "sv" else "name_fi")


def touched_text(touched: Touched) -> str:
    """A promise before the change and after it: value, target and state."""
    return f"{_side(touched.before)} → {_side(touched.after)}"


def _side(f: Finding | None) -> str:
    if f is None:
        return _("not promised")
    state = {"kept": _("kept"), "broken": _("broken"), "unknown": _("cannot be told")}[f.state]
    why = ": " + "; ".join(map(str, f.missing)) if f.missing else ""
    return f"{f.promise.value_text(f)} ({f.promise.target_text(f)}), {state}{why}"


@cache
def _names(column: str) -> dict[str, str]:
    table = shipped.municipalities()
    return dict(zip(table["municipality"], table[column], strict=True))


def fault_name(kind: str) -> str:
    """A planted fault as people read it."""
    return {
        "missed_weekends": _("home-care visits missed at weekends"), "long_waits": _("waits that break the care guarantee"),
        "wrong_formula": _("a wrong fee formula"), "never_billed": _("visits never billed"), "understaffed": _("a unit under its staffing ratio"),
        "late_answers": _("complaints not answered in time"), "full_list": _("a centre near its list limit"),
        "sudden_demand": _("a sudden change of demand"), "outage": _("an outage of the records"),
    }[kind]  # fmt: skip


def untold(count: int) -> str:
    """Behind what is told of a service or a fee: of how many the money is in no sum, for it is known before or after only."""
    return "; " + t("of {n} the money cannot be told both before and after, and is left out", n=number(count)) if count else ""  # fmt: skip
