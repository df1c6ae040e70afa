"""Templates: their functions and filters, and a page made from one."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import jinja2
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from torni.core import language as lang
from torni.facts.access import allows
from torni.facts.words import role_name
from torni.promises.reach import population_name
from torni.services.words import unit_name
from torni.tower.words import affected_text, counted_text, margin_text, now_text, state_name, target_text, value_text
from torni.web.menu import menu as menu_of
from torni.web.spark import spark

_STATIC = Path(__file__).parent / "static"


def environment(**options: Any) -> jinja2.Environment:
    options.update(undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=True)
    env = jinja2.Environment(**options, extensions=["jinja2.ext.i18n"])  # noqa: S701 - autoescape is in the options
    env.install_gettext_callables(lang._, lang.ngettext, newstyle=True)  # type: ignore[attr-defined]
    env.globals.update(
        static=_static, link=link, language=lang.language, state_name=state_name, value_text=value_text,
        target_text=target_text, counted_text=counted_text, now_text=now_text, margin_text=margin_text, spark=spark, affected_text=affected_text, role_name=role_name, unit_name=unit_name, population_name=population_name, round=round,
    )  # fmt: skip
    env.filters.update(number=lang.number, percent=lang.per_cent, age=age_name)
    return env


def page(request: HttpRequest, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
    context.setdefault("region", None)
    context.setdefault("here", "")
    who = context.setdefault("who", getattr(request, "who", None))
    context.setdefault("menu", menu_of)
    context.setdefault("may", lambda action: allows(who, action))
    return render(request, template, {"path": request.get_full_path(), **context}, status=status)


def link(*parts: Any, **query: Any) -> str:
    """A path from its parts, with those query values that are given. A held region brings its day and data along."""
    if parts and not isinstance(parts[0], str):
        query = {**query, **{k: v for k, v in parts[0].query.items() if k not in query}}
        parts = (parts[0].id, *parts[1:])
    path = "/" + "/".join(quote(p, safe="") for p in parts) + ("/" if parts else "")
    pairs = [
        (k, v)
        for k, values in query.items()
        for v in (values if isinstance(values, list | tuple) else [values])
        if v not in (None, "")
    ]
    return path + ("?" + urlencode(pairs) if pairs else "")


def age_name(group: str) -> str:
    return group.replace("_plus", "+").replace("_", "–")


def _static(name: str) -> str:
    """A static file's address with its content's hash, so that a new version is fetched at once."""
    digest = _digests.get(name)
    if digest is None:
        digest = _digests[name] = hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"


_digests: dict[str, str] = {}
