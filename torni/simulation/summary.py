"""The board's page: one change, or its alternatives side by side, on one sheet of tagged PDF."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torni.core.language import language, number, t
from torni.engines.rules.sentences import day
from torni.guidance.letter import pdf
from torni.guidance.letter_grounds import authority
from torni.services.proposing import differences
from torni.services.wording import in_words
from torni.simulation.group_names import breakdown_name, group_name, touched_text, untold
from torni.simulation.rehearsal import Effect, Rehearsal

MOST_ROWS = 8


def to_pdf(made: Sequence[Rehearsal]) -> bytes:
    """The summary of a rehearsal as a tagged PDF of one page."""
    return pdf("summary.typ", content(made))


def content(made: Sequence[Rehearsal]) -> dict[str, Any]:
    """The page's texts: what is proposed, whom it touches, what it costs, and what it rests on."""
    first = made[0]
    region = str(first.before.library.region.name)
    return {
        "language": language(),
        "title": first.change.name if len(made) == 1 else t("Alternatives for {region}", region=region),
        "organiser": authority(first.before.library).name,
        "dated": day(first.before.library.as_of),
        "notice": t("Rehearsed on {n} invented people; no row is a real person.", n=number(first.population.size)),
        "why": first.change.why,
        "header": [t("Alternative"), t("Gain"), t("Lose"), t("Undecided"), t("Clients, EUR a year"), t("Organiser's costs, EUR a year"), t("Net, EUR a year"), t("Hours a month")],
        "rows": [[m.change.name, *_cells(m.total)] for m in made],
        "words_heading": t("What changes"),
        "words": [line for m in made for line in _words(m, several=len(made) > 1)][:MOST_ROWS],
        "effect_heading": t("What it would do"),
        "services_heading": t("By service and promise"),
        "services": [
            (f"{m.change.name}: " if len(made) > 1 else "") + f"{s.name}: "
            + t("granted {before} → {after}, gain {gain}, lose {lose}", before=number(s.total.granted_before), after=number(s.total.granted_after), gain=number(s.total.gainers), lose=number(s.total.losers)) + untold(s.total.untold)
            for m in made for s in m.services
        ][:MOST_ROWS] + [f"{f.name}: " + t("{n} payers, {eur} EUR a year", n=number(f.payers), eur=_signed(f.client_eur_year)) + untold(f.untold) for m in made for f in m.fees][:4]
        + [f"{p.either.sentence}: {touched_text(p)}" for m in made for p in m.promises][:MOST_ROWS],
        "tables_heading": t("By group: {name}", name=first.change.name),
        "tables": [_table(first, b) for b in ("municipality", "age_group", "household", "income_tenth")],
        "basis": t("Definitions before {before}, after {after}; population {population}. Not considered: changes of behaviour, capacity.", before=first.before.version, after=first.after.version, population=first.population.version),
    }  # fmt: skip


def _words(made: Rehearsal, *, several: bool) -> list[str]:
    """The change in words: what it is, as it was and as it will be."""
    found = in_words(made.before, differences(made.before, made.after))
    who = f"{made.change.name}: " if several else ""
    return [f"{who}{d.what}: " + " → ".join(filter(None, (d.before, d.after or t("taken away")))) for d in found]


def _cells(e: Effect) -> list[str]:
    return [
        number(e.gainers), number(e.losers), f"{number(e.undecided_before)} → {number(e.undecided_after)}", _signed(e.client_eur_year),
        _signed(e.organiser_eur_year), _signed(e.net_eur_year), _signed(e.hours_month),
    ]  # fmt: skip


def _table(made: Rehearsal, breakdown: str) -> dict[str, Any]:
    found = made.by(breakdown)
    order = sorted(found.items(), key=lambda item: -(item[1].gainers + item[1].losers))
    kept = {g for g, _ in order[:MOST_ROWS]}
    rows = [
        [group_name(breakdown, g), number(e.gainers), number(e.losers), _signed(e.client_eur_year)]
        for g, e in (order[:MOST_ROWS] if breakdown == "municipality" else found.items())
        if g in kept or breakdown != "municipality"
    ]
    return {"header": [breakdown_name(breakdown), t("Gain"), t("Lose"), t("Clients, EUR a year")], "rows": rows}


def _signed(value: Any) -> str:
    whole = round(float(value))
    return ("+" if whole > 0 else "−" if whole < 0 else "") + number(abs(whole))
