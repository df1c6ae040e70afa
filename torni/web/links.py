"""Addresses of pages, from their parts."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlencode

_FILE = re.compile(r"\.(pdf|html|json|xlsx|csv|geojson)$")


def link(*parts: Any, **query: Any) -> str:
    """A path from its parts, with those query values that are given. A held region brings its day and data along. A last part that is a
    file's name (report.pdf) ends the path without a slash."""
    if parts and not isinstance(parts[0], str):
        query = {**query, **{k: v for k, v in parts[0].query.items() if k not in query}}
        parts = (parts[0].id, *parts[1:])
    path = "/" + "/".join(quote(p, safe="") for p in parts) + ("/" if parts and not _FILE.search(parts[-1]) else "")
    pairs = [
        (k, v)
        for k, values in query.items()
        for v in (values if isinstance(values, list | tuple) else [values])
        if v not in (None, "")
    ]
    return path + ("?" + urlencode(pairs) if pairs else "")
