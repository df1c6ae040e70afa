"""A value's table for those who work in another kind of frame: Polars as it is, pandas and Arrow where they are installed."""

from __future__ import annotations

import importlib.util
from typing import Any

import polars as pl

from torni.core.faults import bad_input
from torni.core.language import t

NEEDS = {"polars": (), "pandas": ("pandas", "pyarrow"), "arrow": ("pyarrow",)}
_TABLES = ("by_municipality", "parts", "minutes")  # of a value without a table() of its own, its main frame


def frame(value: Any, to: str = "polars") -> Any:
    """The frame of a value: itself where it is one, its `table()`, or else its main frame. `to`: polars, pandas or arrow (a pyarrow.Table).

    Raises BadInput for a value without a table, another kind of frame, or one whose library is not installed.
    """
    if to not in NEEDS:
        raise bad_input("frame", t('"{name}" is no kind of frame', name=to), t("Write one of: {known}", known=", ".join(NEEDS)))  # fmt: skip
    table = _table(value)
    missing = [name for name in NEEDS[to] if importlib.util.find_spec(name) is None]
    if missing:
        raise bad_input(
            "frame", t("{names} is not installed", names=", ".join(missing)),
            t("Install what is missing: pip install {names}", names=" ".join(missing)),
        )  # fmt: skip
    return table if to == "polars" else table.to_pandas() if to == "pandas" else table.to_arrow()


def _table(value: Any) -> pl.DataFrame:
    if isinstance(value, pl.DataFrame):
        return value
    if callable(own := getattr(value, "table", None)):
        value = own()
        if isinstance(value, pl.DataFrame):
            return value
    for name in _TABLES:
        if isinstance(found := getattr(value, name, None), pl.DataFrame):
            return found
    raise bad_input("frame", t("{kind} has no table", kind=type(value).__name__), t("Give a value that torni returned, such as of torni.check."))  # fmt: skip
