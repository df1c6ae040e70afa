"""A service chain drawn: its steps in columns, what follows what as lines as thick as they are used, where it is late in its colour."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from html import escape

from torni.core.language import _, ngettext, number, per_cent
from torni.engines.chains import MeasuredChain, Passed, Stood, Trace, follow
from torni.engines.rules.sentences import day as day_text
from torni.facts.door import local_day
from torni.guidance.case import Case
from torni.services.chain import ServiceChain, chains
from torni.services.library import Library

BOX_W, BOX_H, COLUMN, ROW, TOP = 164, 56, 288, 94, 8
MOST_LINE = 7.0


def draw(
    chain: ServiceChain, measured: MeasuredChain | None = None, *, trace: Trace | None = None, today: date | None = None
) -> str:
    """The chain as SVG: with what was measured of it, or with where one client is in it (`trace`, as of `today`)."""
    places = _places(chain)
    columns, rows = (max(p[i] for p in places.values()) + 1 for i in (0, 1))
    width, height = (columns - 1) * COLUMN + BOX_W + 8, int((rows - 1) * ROW + BOX_H + 2 * TOP)
    passed = {(p.edge.first, p.edge.then): p for p in measured.edges} if measured else {}
    stood = {s.step: s for s in measured.steps} if measured else {}
    told = f"{chain.definition.name}; " + _("the same is in the table below")
    out = [
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" class="chain" role="img" aria-label="{escape(told)}">'
    ]
    for edge in chain.chain.edges:
        out.append(
            _line(
                places[edge.first],
                places[edge.then],
                edge.within_days,
                chain.limit_text(edge.first, edge.then),
                passed.get((edge.first, edge.then)),
                measured,
                trace,
                (edge.first, edge.then),
            )
        )
    for id_, step in chain.definition.steps.items():
        out.append(_box(places[id_], str(step.name), stood.get(id_), trace, id_, today))
    return "".join([*out, "</svg>"])


def _places(chain: ServiceChain) -> dict[str, tuple[int, float]]:
    """Each step's column, and its row: the first way stays on the top row."""
    ranks = chain.chain.ranks()
    used: dict[int, int] = {}
    places = {}
    for step in chain.chain.steps:
        column = ranks[step.id]
        places[step.id] = (column, float(used.get(column, 0)))
        used[column] = used.get(column, 0) + 1
    return places


def _xy(place: tuple[int, float]) -> tuple[float, float]:
    return 4 + place[0] * COLUMN, TOP + place[1] * ROW


def _line(
    a: tuple[int, float], b: tuple[int, float], limit: int | None, told: str, passed: Passed | None, measured: MeasuredChain | None, trace: Trace | None, key: tuple[str, str]
) -> str:  # fmt: skip
    (xa, ya), (xb, yb) = _xy(a), _xy(b)
    x1, y1, x2, y2 = xa + BOX_W, ya + BOX_H / 2, xb, yb + BOX_H / 2
    wide, kind = 1.2, ""
    if passed and measured and measured.instances:
        wide = max(1.2, MOST_LINE * passed.count / measured.instances)
    if trace is not None:
        gone = next((days for e, days in trace.taken() if (e.first, e.then) == key), None)
        kind = "" if gone is None else "broken" if limit is not None and gone > limit else "kept"
        wide = 1.2 if gone is None else 4
    texts = _edge_texts(told, passed, trace, key)
    label = "".join(
        f'<text x="{(x1 + x2) / 2:.0f}" y="{(y1 + y2) / 2 - 8 + i * 24:.0f}" class="{style}">{escape(text)}</text>'
        for i, (text, style) in enumerate(texts)
    )
    middle = (x1 + x2) / 2
    if b[0] - a[0] > 1 and a[1] == b[1]:  # past a step on the same row: under it
        low = y1 + ROW * 0.62
        return f'<path class="{kind}" d="M{x1:.0f} {y1:.0f}C{x1 + 70:.0f} {low:.0f} {x2 - 70:.0f} {low:.0f} {x2:.0f} {y2:.0f}" stroke-width="{wide:.1f}"/>'
    return f'<path class="{kind}" d="M{x1:.0f} {y1:.0f}C{middle:.0f} {y1:.0f} {middle:.0f} {y2:.0f} {x2:.0f} {y2:.0f}" stroke-width="{wide:.1f}"/>{label}'


def _edge_texts(limit: str, passed: Passed | None, trace: Trace | None, key: tuple[str, str]) -> list[tuple[str, str]]:
    texts = []
    if limit:
        texts.append((_("at most {limit}").format(limit=limit), "limit"))
    if passed and passed.count:
        late = passed.in_time is not None and passed.in_time < passed.count
        half = _("{days} d").format(days=passed.median_days)
        share = f"{per_cent(passed.in_time / passed.count, 0)} · " if passed.in_time is not None else ""
        texts.append(
            (
                share + half,
                "slow" if late and passed.in_time is not None and passed.in_time / passed.count < 0.9 else "",
            )
        )
    if trace is not None:
        gone = next((days for e, days in trace.taken() if (e.first, e.then) == key), None)
        if gone is not None:
            texts.append((ngettext("%(num)d day", "%(num)d days", gone) % {"num": gone}, ""))
    return texts


def _box(
    place: tuple[int, float], name: str, stood: Stood | None, trace: Trace | None, step: str, today: date | None
) -> str:
    x, y = _xy(place)
    kind, under = "", ""
    if stood is not None:
        under = number(stood.reached)
        if stood.late:
            kind, under = "late", under + " · " + _("{count} late").format(count=number(stood.late))
    if trace is not None and today is not None:
        kind = {"done": "kept", "open": "open", "late": "late", "not_reached": "none"}[trace.state(step, today)]
        under = day_text(trace.reached[step]) if step in trace.reached else ""
        if kind == "open" and not trace.chain.after(step):
            kind = "kept"
        if step in trace.strays():  # nothing before it had been reached: it is not of this way through the chain
            kind, under = "", under + " · " + _("early")
    words, lines = name.split(), [""]
    for word in words:
        if len(lines[-1]) + len(word) > 19 and lines[-1] and len(lines) < 2:
            lines.append("")
        lines[-1] = (lines[-1] + " " + word).strip()
    texts = "".join(
        f'<text x="{x + 10:.0f}" y="{y + 18 + 14 * i:.0f}" class="name">{escape(line)}</text>'
        for i, line in enumerate(lines)
    )
    return f'<rect class="{kind}" x="{x:.0f}" y="{y:.0f}" width="{BOX_W}" height="{BOX_H}" rx="4"/>{texts}<text x="{x + 10:.0f}" y="{y + BOX_H - 7:.0f}" class="count">{escape(under)}</text>'


def step_names(chain: ServiceChain) -> Mapping[str, str]:
    return {id_: str(step.name) for id_, step in chain.definition.steps.items()}


def in_chains(case: Case, library: Library) -> list[tuple[str, str]]:
    """Where the client is in the chain that began with the newest need, and in each life-stage whole: its name and its drawing."""
    matter = case.needs[0].matter if case.needs else None
    found, begun = [], False
    for chain in chains(library).values():
        if (matter is None or begun) and not chain.of_life:
            continue
        events = [e for e in case.events if chain.of_life or e.matter == matter]
        own = chain.definition.begun_for
        if own and not any(f.promise == own and f.what == "began" for e in events for f in e.effects):
            continue
        trace = follow(chain.chain, [(e.type, e.service, local_day(e.at)) for e in events])
        if trace.begun:
            begun = begun or not chain.of_life
            found.append((str(chain.definition.name), draw(chain, trace=trace, today=case.today)))
    return found
