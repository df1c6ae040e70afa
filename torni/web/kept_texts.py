"""Texts of changes kept under a name of their own content: a rehearsal's address holds the name, so that Back and a reload always work.

They outlive the server in the cache folder; the oldest go when there are many. A change tells of definitions, never of a person.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from pathlib import Path

from torni.core import places

MOST = 1_000
_NAME = re.compile(r"[0-9a-f]{24}")


def keep(text: str) -> str:
    """The text's name, by which `find` gives it again."""
    text = text.replace("\r\n", "\n")
    name = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    if not path.exists():
        making = folder / f"{name}.making"
        making.write_text(text, encoding="utf-8", errors="replace")
        making.replace(path)
        kept = sorted(folder.iterdir(), key=_age)
        for old in kept[: max(0, len(kept) - MOST)]:
            old.unlink(missing_ok=True)
    return name


def find(name: str) -> str | None:
    """The text of this name; None where it is not kept any more."""
    if not _NAME.fullmatch(name):
        return None
    with suppress(OSError):
        return (_folder() / name).read_text(encoding="utf-8")
    return None


def _folder() -> Path:
    return places.cache() / "changes"


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
