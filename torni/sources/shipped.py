"""The data that comes with Torni, read once, with a version that names its bytes."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import polars as pl

DATA = Path(__file__).parent / "data"


def table(name: str) -> pl.DataFrame:
    """A shipped table by its file name without the ending."""
    return pl.read_parquet(DATA / f"{name}.parquet")


def version_of(path: Path) -> str:
    """The first twelve hexadecimal digits of the file's SHA-256. A file that has been replaced is read again."""
    state = path.stat()
    return _version_of(path, state.st_mtime_ns, state.st_size, state.st_ino)


def version_of_all(folder: Path) -> str:
    """The same of all a folder's files together: two networks may differ in their points alone."""
    told = " ".join(f"{path.name} {version_of(path)}" for path in sorted(folder.iterdir()) if path.is_file())
    return hashlib.sha256(told.encode()).hexdigest()[:12]


@cache
def _version_of(path: Path, *state: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def version(name: str) -> str:
    return version_of(DATA / f"{name}.parquet")


@cache
def municipalities() -> pl.DataFrame:
    """municipality (3 digits), name_fi, name_sv, county, ..., centre_x, centre_y (m), residents. One row each, 2026."""
    return table("municipalities")
