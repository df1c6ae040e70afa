"""Addresses of pages, from their parts."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

_FILES = (".pdf", ".html", ".json", ".csv", ".xlsx", ".txt")


def link(*parts: Any, **query: Any) -> str:
    """A path from its parts, with those query values that are given; one that ends with a file's name is that file. A held region brings its
    day and data along."""
    if parts and not isinstance(parts[0], str):
        query = {**query, **{k: v for k, v in parts[0].query.items() if k not in query}}
        parts = (parts[0].id, *parts[1:])
    path = "/" + "/".join(quote(p, safe="") for p in parts) + ("/" if parts and not parts[-1].endswith(_FILES) else "")
    pairs = [
        (k, v)
        for k, values in query.items()
        for v in (values if isinstance(values, list | tuple) else [values])
        if v not in (None, "")
    ]
    return path + ("?" + urlencode(pairs) if pairs else "")
