"""Templates: their functions and filters, and a page made from one."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Any

import jinja2
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from torni.core import language as lang
from torni.engines.rules.sentences import sentence
from torni.facts import senders
from torni.facts.access import allows
from torni.facts.role_names import role_name
from torni.promises.reach import population_name
from torni.promises.small import fewest, hidden_note
from torni.services.unit_names import unit_name
from torni.supervision.sentences import sample_text
from torni.tower.finding_texts import (
    affected_text,
    counted_text,
    feed_name,
    group_text,
    margin_text,
    now_text,
    state_name,
    target_text,
    value_text,
)
from torni.web.links import link as link
from torni.web.menu import menu, stands_at, trail
from torni.web.spark import spark

FIRST = "keski-suomi"  # the region that the product shows where nothing else says which
_STATIC = Path(__file__).parent / "static"


def environment(**options: Any) -> jinja2.Environment:
    options.update(undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=True)
    env = jinja2.Environment(**options, extensions=["jinja2.ext.i18n"])  # noqa: S701 - autoescape is in the options
    env.install_gettext_callables(lang._, lang.ngettext, newstyle=True)  # type: ignore[attr-defined]
    env.globals.update(
        static=_static, link=link, language=lang.language, state_name=state_name, value_text=value_text,
        target_text=target_text, feed_name=feed_name, rule_sentence=sentence, counted_text=counted_text, group_text=group_text, hidden_note=_hidden_note, now_text=now_text, margin_text=margin_text, spark=spark, sample_text=sample_text, affected_text=affected_text, role_name=role_name, sender_told=senders.sentence, unit_name=unit_name, population_name=population_name, round=round, day_of=day_of, moment_of=moment_of,
    )  # fmt: skip
    env.filters.update(number=lang.number, percent=lang.per_cent, age=age_name)
    return env


def page(request: HttpRequest, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
    context.setdefault("region", None)
    context.setdefault("here", "")
    who = context.setdefault("who", getattr(request, "who", None))
    base = context["region"] or _own_region()
    context.setdefault("base", base)
    context.setdefault("tasks", menu(who))
    crumbs = trail(who, context["here"], base, request.path)
    context.update(crumbs=crumbs, crumb_is_here=bool(crumbs) and stands_at(context["here"], base, request.path))
    context.setdefault("may", lambda action: allows(who, action))
    return render(request, template, {"path": request.get_full_path(), **context}, status=status)


def _hidden_note(region: Any) -> str:
    return hidden_note(fewest(region.network.library))


def _own_region() -> str:
    """The region to which a page that is of none leads on: the record room's own, else the first that is shown."""
    from torni.web import record_room  # the room reads maps and networks: it is not needed to make a page of them

    return record_room.about()[0] if record_room.is_open() else FIRST


def day_of(value: date | str | None) -> str:
    """A day as people write it; empty where there is none. A moment is told as its day."""
    if not value:
        return ""
    day = value if isinstance(value, date) else date.fromisoformat(value[:10])
    return f"{day.day}.{day.month}.{day.year}"


def moment_of(value: str) -> str:
    """A moment as people write it, by the clock of Finland."""
    return f"{day_of(value)} {value[11:16].replace(':', '.')}" if value else ""


def age_name(group: str) -> str:
    return group.replace("_plus", "+").replace("_", "–")


def _static(name: str) -> str:
    """A static file's address with its content's hash, so that a new version is fetched at once."""
    digest = _digests.get(name)
    if digest is None:
        digest = _digests[name] = hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"


_digests: dict[str, str] = {}
