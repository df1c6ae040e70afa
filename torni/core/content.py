"""The hash of a content: the same for the same content, wherever and however it was written."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def content_hash(content: Any) -> str:
    """Twelve letters of the SHA-256 of the content as JSON, keys in order; what JSON does not know is taken as its text."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
