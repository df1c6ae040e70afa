"""Where the definitions, the shipped data and the region's own folders are."""

from __future__ import annotations

import os
from pathlib import Path

from torni.core.faults import bad_input
from torni.core.language import t

_PACKAGE = Path(__file__).parents[1]


def definitions() -> Path:
    """The shared definitions: beside the package in a checkout, inside it when installed."""
    beside = _PACKAGE.parent / "definitions"
    return beside if (beside / "sources.yaml").is_file() else _PACKAGE / "definitions"


def own_regions() -> Path:
    """Where a user's own region folders live: TORNI_REGIONS, or `regions` in the working folder."""
    return Path(os.environ.get("TORNI_REGIONS", "regions"))


def cache() -> Path:
    """Where computed matrices may be kept: TORNI_CACHE, or the user's cache folder."""
    base = os.environ.get("TORNI_CACHE")
    return Path(base) if base else of_user("XDG_CACHE_HOME", ".cache", "TORNI_CACHE") / "torni"


def of_user(named: str, inside: str, ours: str) -> Path:
    """A folder of the user's own: the variable's, or inside the home. Raises BadInput, which tells of our own variable, without one."""
    try:
        return Path(os.environ.get(named) or Path.home() / inside)
    except RuntimeError as error:
        raise bad_input(
            ours, t("is not set, and this user has no home folder"), t("Name a folder: {ours}=/path", ours=ours)
        ) from error
