"""A client's chain of services drawn on a line of days: what was reported, assessed, decided, planned and started, where it broke."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape

from torni.core.language import _
from torni.engines.rules.sentences import day as day_text
from torni.facts.door import local_day
from torni.guidance.case import Case

WIDTH, LEFT, ROW = 1000, 0, 30
BACK, AHEAD = 210, 60  # days shown at most


@dataclass(frozen=True)
class Bar:
    """A stretch of days: of a service (`kind` is service), or a wait for a step (kept, broken or open)."""

    first: date
    last: date
    kind: str
    told: str


@dataclass(frozen=True)
class Lane:
    name: str
    bars: tuple[Bar, ...]
    points: tuple[tuple[date, str, str], ...]


@dataclass(frozen=True)
class Drawn:
    svg: str
    lanes: tuple[Lane, ...]


def timeline(case: Case, service_name: Callable[[str], str], units: Mapping[str, str]) -> Drawn | None:
    """The lanes and their drawing, None where there is nothing to draw. The same is in the lanes, to be read as a table."""
    lanes = [*_needs(case, service_name), *_services(case, service_name, units)]
    days = [d for lane in lanes for bar in lane.bars for d in (bar.first, bar.last)] + [
        p[0] for lane in lanes for p in lane.points
    ]
    if not days:
        return None
    first = max(min(days), case.today - timedelta(days=BACK)) - timedelta(days=1)
    last = min(max(*days, case.today + timedelta(days=7)), case.today + timedelta(days=AHEAD))
    return Drawn(_svg(lanes, first, last, case.today), tuple(lanes))


def _needs(case: Case, service_name: Callable[[str], str]) -> list[Lane]:
    lanes = []
    for need in case.needs[:6]:
        reported = local_day(need.reported.at)
        bars, points = [], [(reported, "point", _("Need reported"))]
        until = local_day(need.assessment.at) if need.assessment else case.today
        bars.append(_wait(reported, until, need.reported.owes_on, need.assessment is not None, _("to assessment")))
        if need.assessment:
            points.append((until, "point", _("Assessment")))
            decided = local_day(need.decisions[-1].at) if need.decisions else case.today
            due = next((e.owes_on for e in case.events if e.position == need.assessment.position), None)
            bars.append(_wait(until, decided, due, bool(need.decisions), _("to decision")))
        for made in need.decisions:
            verdict = _("granted") if made.verdict == "granted" else _("refused")
            points.append((local_day(made.at), "point", f"{service_name(made.service)}: {verdict}"))
            if review := case.review_of(made):
                points.append((review.on, "point", _("Request for review")))
        lanes.append(Lane(_("Need {day}").format(day=day_text(reported)), tuple(bars), tuple(points)))
    return lanes


def _services(case: Case, service_name: Callable[[str], str], units: Mapping[str, str]) -> list[Lane]:
    lanes = []
    seen: set[tuple[str, str]] = set()
    started = sorted((e for e in case.events if e.type == "service.started"), key=lambda e: e.at, reverse=True)
    for e in started:
        ended = next(
            (
                x
                for x in case.events
                if x.type == "service.ended" and (x.service, x.matter, x.unit) == (e.service, e.matter, e.unit)
            ),
            None,
        )
        first, last = local_day(e.at), local_day(ended.at) if ended else case.today + timedelta(days=AHEAD)
        name = f"{service_name(e.service or '')}, {units.get(e.unit or '', e.unit or '')}"
        told = _("goes on") if ended is None else _("ended")
        points = [
            (v.due, "missed", _("visit not made"))
            for v in case.events
            if v.type == "visit.planned"
            and v.owed
            and v.service == e.service
            and v.unit == e.unit
            and v.due
            and v.due < case.today
        ]
        lanes.append(Lane(name, (Bar(first, last, "service", told),), tuple(points)))
        seen.add((e.service or "", e.unit or ""))
    for sent in case.sent:
        if (sent.item.service, sent.unit) in seen or sent.state == "recalled":
            continue
        seen.add((sent.item.service, sent.unit))
        name = f"{service_name(sent.item.service)}, {units.get(sent.unit, sent.unit)}"
        until = local_day(sent.answered[0]) if sent.answered else case.today
        lanes.append(
            Lane(
                name, (_wait(local_day(sent.at), until, sent.due, sent.state == "confirmed", _("to confirmation")),), ()
            )
        )
    return lanes[:10]


def _wait(first: date, last: date, due: date | None, done: bool, told: str) -> Bar:
    late = due is not None and last > due
    return Bar(first, max(first, last), "broken" if late else "kept" if done else "open", told)


def _ticks(first: date, last: date) -> list[tuple[date, str]]:
    """The first days of months; of a short time, its Mondays."""
    days = [first + timedelta(days=n) for n in range((last - first).days)]
    if len(days) < 70:
        return [(d, f"{d.day}.{d.month}.") for d in days if d.weekday() == 0]
    return [(d, f"{d.month}/{d.year}") for d in days if d.day == 1]


def _svg(lanes: list[Lane], first: date, last: date, today: date) -> str:
    span = max(1, (last - first).days)

    def x(day: date) -> float:
        return round(LEFT + (min(max(day, first), last) - first).days / span * (WIDTH - LEFT), 1)

    height = ROW * len(lanes) + 22
    out = [
        f'<svg viewBox="0 0 {WIDTH} {height}" class="timeline" role="img" aria-label="{escape(_("The chain of services; the same is in the table below"))}">'
    ]
    out += [
        f'<line class="month" x1="{x(tick)}" x2="{x(tick)}" y1="0" y2="{height - 18}"/><text x="{x(tick) + 4}" y="{height - 6}">{told}</text>'
        for tick, told in _ticks(first, last)
    ]
    for i, lane in enumerate(lanes):
        y = i * ROW
        for bar in lane.bars:
            if bar.last < first or bar.first > last:
                continue
            wide = max(3.0, x(bar.last) - x(bar.first))
            told = f"{bar.told}: {day_text(bar.first)}–{day_text(bar.last)}"
            out.append(
                f'<rect class="{bar.kind}" x="{x(bar.first)}" y="{y + 15}" width="{wide:.1f}" height="8"><title>{escape(told)}</title></rect>'
            )
        for day, kind, told in lane.points:
            if first <= day <= last:
                out.append(
                    f'<circle class="{kind}" cx="{x(day)}" cy="{y + 19}" r="5"><title>{escape(told)} {day_text(day)}</title></circle>'
                )
        out.append(f'<text class="lane" x="{LEFT + 2}" y="{y + 11}">{escape(lane.name)}</text>')
    out.append(
        f'<line class="today" x1="{x(today)}" x2="{x(today)}" y1="0" y2="{height - 18}"><title>{escape(_("today"))}</title></line></svg>'
    )
    return "".join(out)
