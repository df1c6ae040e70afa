"""The region's welfare report (hyvinvointikertomus): residents and their need, promises, indicators, money, and what is not known.

Made from the same findings as the tower; decides nothing. One content, told as a page and as a tagged PDF.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from torni.core.faults import BadInput
from torni.core.language import _, euros_text, language, number, per_cent
from torni.facts.opening import Connection
from torni.guidance.letter import pdf
from torni.guidance.letter_grounds import authority
from torni.needs import Funding, ModelledNeed, funding, need
from torni.needs.indicators import QUARTERS, REGION, SCHEMA
from torni.needs.variables import variable_name
from torni.promises.small import fewest, fewest_compared
from torni.services.indicator import Indicator
from torni.services.library import Library
from torni.supervision import sentences
from torni.tower.finding_texts import counted_text, target_text, value_text
from torni.tower.live import Live
from torni.tower.picture import Picture

MOST_PARTS = 6


@dataclass(frozen=True)
class MeasuredIndicators:
    """The newest measuring of the indicators: when, up to which day, and the rows (`torni.needs.indicators.SCHEMA`)."""

    at: datetime
    last_day: date
    rows: pl.DataFrame


@dataclass(frozen=True)
class Report:
    """Everything the report tells. `live` and `measured` are None where nothing has happened or been measured; `need` and `paid`
    where the need model does not tell of the region."""

    picture: Picture
    live: Live | None
    measured: MeasuredIndicators | None
    need: ModelledNeed | None
    paid: Funding | None


def newest_measured(connection: Connection) -> MeasuredIndicators | None:
    """The newest measuring, or None before the first."""
    row = connection.execute("SELECT at, last_day, rows FROM measured ORDER BY at DESC LIMIT 1").fetchone()
    return MeasuredIndicators(row[0], row[1], pl.DataFrame(row[2], schema=SCHEMA)) if row else None


def report(picture: Picture, live: Live | None, measured: MeasuredIndicators | None) -> Report:
    library = picture.network.library
    need_: ModelledNeed | None = None
    paid: Funding | None = None
    if len(library.region.counties) == 1 and not library.region.municipalities:
        try:
            paid = funding(library, library.region.counties[0])
            need_ = need(library, library.region.counties[0], library.as_of.year - 3)
        except BadInput:  # Åland, or a year that the model does not tell of
            pass
    return Report(picture, live, measured, need_, paid)


def to_pdf(r: Report) -> bytes:
    """The report as a tagged PDF."""
    return pdf("report.typ", content(r))


def content(r: Report) -> dict[str, Any]:
    """The report's texts in the language of the moment: heading, summary, sections of a heading, sentences and a table."""
    library = r.picture.network.library
    sections = [_residents(r), _promises(r), _indicators(r, library), _money(r, library), _not_known(r)]
    return {
        "language": language(),
        "title": _("Monitoring report on services"),
        "organiser": authority(library).name,
        "dated": sentences.moment_text(r.live.now.at) if r.live else sentences.day_text(library.as_of),
        "notice": _notice(r),
        "summary": _summary(r),
        "sections": [s for s in sections if s["table"]["rows"] or s["told"]],
        "basis": _("Definitions {version}; need model: THL; residents: Statistics Finland.").format(version=library.whole_version),
    }  # fmt: skip


def _notice(r: Report) -> str:
    """What is invented, and of how many residents, where they are fewer than the region's."""
    if not r.live or not r.live.invented:
        return ""
    told = _(
        "What happened is invented for demonstration: no row is a real person. Residents, roads, the need model and the rules are real."
    )
    return f"{told} {_sample(r)}".strip()


def _sample(r: Report) -> str:
    return sentences.sample_text(r.live.invented if r.live else None, int(r.picture.network.population.residents.sum()))


_SENTENCE = 24  # letters: a longer cell is a sentence, a shorter one a figure, a name or a word


def _section(
    heading: str, told: Sequence[str], header: Sequence[str] = (), rows: Sequence[Sequence[str]] = (), *, text: Sequence[int] = ()
) -> dict[str, Any]:  # fmt: skip
    """A heading, sentences and a table; `text` numbers its columns of words, beside the first. Columns of sentences share the width and
    break their lines (`wide`): as wide as their longest line they would leave the first none, and print over it."""
    wide = [i for i in range(len(header)) if i == 0 or any(len(row[i]) > _SENTENCE for row in rows)]
    table = {
        "header": list(header),
        "rows": [list(row) for row in rows],
        "text": sorted({0, *text, *wide}),
        "wide": wide,
    }
    return {"heading": heading, "told": [sentence for sentence in told if sentence], "table": table}


def _summary(r: Report) -> list[str]:
    count = {state: r.picture.count(state) for state in ("kept", "broken", "unknown")}
    told = [
        _("Of {all} promises {kept} hold and {broken} are broken; of {unknown} it cannot be told.").format(
            all=number(len(r.picture.findings)), kept=number(count["kept"]), broken=number(count["broken"]), unknown=number(count["unknown"])
        )
    ]  # fmt: skip
    if r.need:
        told.append(
            _("The residents' need is {need} of the nation's ({year}).").format(
                need=number(r.need.total, 3), year=r.need.year
            )
        )
    if r.live and r.live.alerts:
        told.append(_("{count} deviations are too great for chance.").format(count=number(len(r.live.alerts))))
    return told


def _residents(r: Report) -> dict[str, Any]:
    people = r.picture.network.population
    total = float(people.residents.sum())
    told = [_("{count} residents.").format(count=number(total))]
    if r.need is None:
        return _section(_("Residents and their need"), told)
    sectors = {"health": _("health care"), "social": _("social care"), "elder": _("elder care")}
    told.append(
        _("Need against the nation's: {parts}.").format(
            parts=", ".join(f"{sectors[s]} {number(v, 3)}" for s, v in r.need.sectors.items())
        )
    )
    told.append(_("What most makes it differ from the nation's (effect on the whole coefficient):"))
    rows = [
        [
            variable_name(part["variable"]),
            sectors[part["sector"]],
            f"{'+' if part['effect'] >= 0 else '−'}{number(abs(part['effect']), 4)}",
        ]
        for part in r.need.parts.head(MOST_PARTS).iter_rows(named=True)
    ]
    return _section(_("Residents and their need"), told, [_("what makes it"), _("sector"), _("effect")], rows, text=[1])


def _promises(r: Report) -> dict[str, Any]:
    services = r.picture.network.library.services
    rows = [
        [f.told, str(services[f.service].name), value_text(f), target_text(f), counted_text(f)]
        for f in r.picture.by_state() if f.state == "broken"
    ]  # fmt: skip
    told = [] if rows else [_("No promise is broken.")]
    return _section(
        _("Broken promises"),
        told,
        [_("promise"), _("service"), _("value"), _("target"), _("whom it touches")],
        rows,
        text=[1],
    )


def _indicators(r: Report, library: Library) -> dict[str, Any]:
    heading = _("Indicators")
    if r.measured is None:
        return _section(heading, [_("The indicators have not been measured yet.")] if r.live else [])
    names = r.picture.network.names
    rows = []
    least = max(fewest(library), fewest_compared(library))
    for key, indicator in library.indicators.items():
        mine = r.measured.rows.filter(indicator=key)
        whole = dict(mine.filter(municipality=REGION).select("period", "value").iter_rows())
        now, before = whole.get(QUARTERS - 1), whole.get(QUARTERS - 2)
        if now is None:
            continue
        places = mine.filter((pl.col("period") == QUARTERS - 1) & (pl.col("municipality") != REGION) & pl.col("value").is_not_null() & (pl.col("behind") >= least)).sort("value")  # fmt: skip
        ends = [
            f"{names[m]} {indicator_text(indicator, v, counts=(n, d))}"
            for m, v, n, d in places.select("municipality", "value", "numerator", "denominator").iter_rows()
            if m in names
        ]
        rows.append([str(indicator.name), indicator_text(indicator, now), indicator_text(indicator, before), direction(indicator, now, before), *((ends[0], ends[-1]) if len(ends) > 1 else ("–", "–"))])  # fmt: skip
    told = [
        _("Over the 91 days up to {day}, and the 91 before them.").format(day=sentences.day_text(r.measured.last_day)),
        _("A municipality with fewer than {n} persons behind its figure is left out.").format(n=least),
    ]
    return _section(
        heading, told, [_("indicator"), _("now"), _("before"), _("change"), _("least"), _("most")], rows, text=[3]
    )


def indicator_text(indicator: Indicator, value: float | None, *, counts: tuple[int, int] | None = None) -> str:
    """The value as people read it. A rate "per thousand" of fewer than a thousand would be a figure that nobody has counted (36.36 of
    two complaints about 55 visits), so it is told by what was counted, where `counts` gives that."""
    if value is None:
        return "–"
    if counts and indicator.times > 1 and counts[1] < indicator.times:
        return _("{some} of {all}").format(some=number(counts[0]), all=number(counts[1]))
    if indicator.share:
        return per_cent(value)
    return number(value, indicator.decimals) + (f" {indicator.unit}" if indicator.unit else "")


def direction(indicator: Indicator, now: float | None, before: float | None) -> str:
    """Whether it has become better or worse; of those that are neither, only whether there is more or less."""
    if now is None or before is None or abs(now - before) <= 0.005 * abs(before):
        return _("as before")
    more = now > before
    if indicator.good == "neither":
        return _("more") if more else _("less")
    return _("better") if more == (indicator.good == "more") else _("worse")


def _money(r: Report, library: Library) -> dict[str, Any]:
    told = []
    if r.paid:
        told.append(_("Need-based funding {year}: {total} M€, {each} € a resident").format(year=r.paid.year, total=number(r.paid.total / 1e6, 1), each=number(r.paid.per_resident)) + ".")  # fmt: skip
    rows = [
        [
            str(library.services[f.service].name), euros_text(f.accrued.invoiced), euros_text(f.accrued.expected), euros_text(f.accrued.allowed),
            value_text(f), sentences.forecast_text(f.accrued), euros_text(f.accrued.appropriation),
        ]
        for f in (r.live.found if r.live else ()) if f.accrued and f.value
    ]  # fmt: skip
    if rows and _sample(r):
        told.append(_sample(r))
    return _section(
        _("Funding and spending"),
        told,
        [
            _("service"),
            _("invoiced"),
            _("expected"),
            _("appropriation by now"),
            _("used of it"),
            _("expected by the end of the year"),
            _("appropriation"),
        ],
        rows,
    )


def _not_known(r: Report) -> dict[str, Any]:
    rows = [
        [str(f.sentence), "; ".join(map(str, f.missing)) or _("nothing to judge it by has happened in its period")]
        for f in r.picture.findings
        if f.state == "unknown"
    ]
    told = [_("Of these promises it cannot be told whether they hold, because something is missing.")] if rows else []
    return _section(_("What is not known"), told, [_("promise"), _("missing")], rows, text=[1])
