"""The parts of what a notebook shows: a box with its own styles, a state, a table, a histogram, a map."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from torni.core.language import number
from torni.tower.finding_texts import state_name

if TYPE_CHECKING:
    from torni.web.maps import Drawn

_MARKS = {"kept": "✓", "broken": "✗", "unknown": "?"}
_STYLE = """
.torni{font:14px/1.45 system-ui,sans-serif;max-width:60rem;font-variant-numeric:tabular-nums}
.torni p{margin:.3em 0}.torni .torni-soft{opacity:.75}
.torni .torni-state{font-weight:600;white-space:nowrap}.torni .torni-kept{color:#1f7a5c}.torni .torni-broken{color:#c4462f}
.torni .torni-unknown{color:#6a7682}
.torni table{border-collapse:collapse;margin:.5em 0}.torni th,.torni td{padding:.15em .7em;border-bottom:1px solid #8884;text-align:left}
.torni thead th{font-weight:600;opacity:.75}.torni .torni-n{text-align:right}
.torni .torni-bar{display:inline-block;height:.8em;background:#74b59c;vertical-align:baseline}.torni .torni-out{background:#c4462f}
.torni svg{max-width:34rem;max-height:26rem;display:block}.torni svg path{stroke-linejoin:round}
.torni .torni-key span{margin-right:1em}.torni .torni-key i{display:inline-block;width:.8em;height:.8em;margin-right:.3em;border:1px solid #8888}
"""
# of the map's classes, as the pages have them: gains blue, losses orange, each darker the more
_FILLS = {
    "gain2": "#2467b3", "gain1": "#9dc0e4", "none": "#f3f0e8", "lose1": "#f3c38f", "lose2": "#d9730d", "has": "#74b59c", "lacks": "#e0704f",
    "untold": "#d5d8db", "b0": "#0f5f4b", "b1": "#74b59c", "b2": "#f3b79e", "b3": "#e0704f", "b4": "#a92d18", "lived": "#b9bfb9",
}  # fmt: skip


def box(*parts: str) -> str:
    """Everything that one value shows."""
    return f'<div class="torni"><style>{_STYLE}</style>{"".join(parts)}</div>'


def line(text: object, *, soft: bool = False) -> str:
    return f'<p class="torni-soft">{escape(str(text))}</p>' if soft else f"<p>{escape(str(text))}</p>"


def heading(text: object) -> str:
    return f"<p><b>{escape(str(text))}</b></p>"


def state(of: str, name: str | None = None) -> str:
    """A state by its mark and its word, which colour only repeats."""
    return (
        f'<span class="torni-state torni-{of}">{_MARKS[of]} {escape(state_name(of) if name is None else name)}</span>'
    )


def told(of: str, text: object, name: str | None = None) -> str:
    """A sentence and its state."""
    return f"<p>{state(of, name)} · {escape(str(text))}</p>"


def table(
    heads: Sequence[str], rows: Iterable[Sequence[object]], *, right: Collection[int] = (), raw: Collection[int] = ()
) -> str:
    """Rows under their heads. `right`: columns of numbers; `raw`: columns of HTML made here, every other cell is escaped."""

    def cell(i: int, value: object) -> str:
        text = str(value) if i in raw else escape(str(value))
        return f'<td class="torni-n">{text}</td>' if i in right else f"<td>{text}</td>"

    body = "".join(f"<tr>{''.join(cell(i, v) for i, v in enumerate(row))}</tr>" for row in rows)
    if not body:
        return ""
    top = "".join(
        f'<th scope="col" class="torni-n">{escape(h)}</th>' if i in right else f'<th scope="col">{escape(h)}</th>'
        for i, h in enumerate(heads)
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def histogram(head: str, counted: str, rows: Sequence[tuple[str, float, bool]]) -> str:
    """Bars with their numbers: label, how many, and whether they are inside the limit (else in the other colour, and marked)."""
    most = max((count for _label, count, _inside in rows), default=0) or 1
    bars = [
        (label, f'<span class="torni-bar{"" if inside else " torni-out"}" style="width:{12 * count / most:.2f}em"></span>{"" if inside else " ✗"}', number(round(count)))
        for label, count, inside in rows
    ]  # fmt: skip
    return table([head, "", counted], bars, right=(0, 2), raw=(1,))


def drawing(drawn: Drawn) -> str:
    """A map of the pages with its key; its colours are written into it, for a notebook has no sheet of ours."""
    layers = str(drawn.layers)
    for name, colour in _FILLS.items():
        layers = layers.replace(f'class="{name}"', f'fill="{colour}"')
    layers = layers.replace('class="unit "', 'fill="#12202b"')
    layers = layers.replace('class="edge"', 'fill="none" stroke="#8d949b" stroke-width="2"')
    layers = layers.replace('class="name"', 'fill="currentColor" text-anchor="middle"')
    key = "".join(f'<span><i style="background:{_FILLS[b.style]}"></i>{escape(b.label)}</span>' for b in drawn.bands)
    return (
        f'<svg viewBox="{drawn.view_box}" role="img" aria-label="{escape(drawn.description)}">{layers}</svg>'
        f'<p class="torni-key">{key}</p>'
    )
