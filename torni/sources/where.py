"""Which municipality a point is in, and whether it is where its row says."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any, Protocol

import numpy as np
import polars as pl
import shapely

from torni.core.faults import Fault, nearest_name
from torni.core.language import t
from torni.sources import shipped

ON_THE_BORDER_M = 100.0  # the shipped borders are simplified: so near one, a point is doubted, not refused
SIMPLIFIED_M = (
    800.0  # and so far they are, at their coarsest: beyond it no square of a grid is on its municipality's border
)


class Row(Protocol):
    """A row of a user's file: names its places and takes its faults."""

    columns: Any

    def where(self, column: str) -> str: ...
    def fault(self, column: str, what: str, remedy: str) -> None: ...


class CoordinateCheck:
    """Points against their stated municipalities' borders and their postal areas' centres.

    `slack_m`: how far outside its municipality a point may be without a word: the middle of a square is, where its people live in
    another corner of it. `border_m`: how much farther it is doubted and not refused.
    """

    def __init__(self, far_km: float, *, slack_m: float = 0.0, border_m: float = ON_THE_BORDER_M) -> None:
        self.far_m, self.slack_m, self.border_m = far_km * 1000, slack_m, border_m
        self.names = names_by_code()
        postal = shipped.table("postal_areas")
        self.postal = {
            code: (name, x, y) for code, name, x, y in postal.select("postcode", "name", "x", "y").iter_rows()
        }

    def __call__(
        self, row: Row, x: float, y: float, municipality: str, postcode: str | None, doubts: list[Fault]
    ) -> None:
        """A point outside goes to the row's faults; one that deserves a look to `doubts`. `x`, `y`: metres."""
        column = "lon" if "lon" in row.columns else "x"
        away = _away(municipality, x, y)
        if away > self.slack_m:
            code = located(np.array([x]), np.array([y]))[0]
            there = self.names.get(code or "", t("no municipality"))
            told = f"{away / 1000:.1f} km" if away >= 1000 else f"{away:.0f} m"
            what = t(
                "the point is in {there}, {told} outside {stated}, which the row states",
                there=there,
                told=told,
                stated=self.names[municipality],
            )
            if away <= self.slack_m + self.border_m:
                what += " " + t("(the borders held here are simplified)")
                doubts.append(Fault(row.where(column), what, t("Check which side of the border it is.")))
            else:
                row.fault(column, what, t("Correct the point, or write municipality {there}.", there=there))
            return
        padded = postcode.zfill(5) if postcode and postcode.isdigit() else None
        if padded in self.postal:
            name, px, py = self.postal[padded]
            far = float(np.hypot(x - px, y - py))
            if far > self.far_m:
                doubts.append(
                    Fault(
                        row.where(column),
                        t(
                            "the point is {a} km from the middle of postal area {padded} {name}",
                            a=format(far / 1000, ".0f"),
                            padded=padded,
                            name=name,
                        ),
                        t("Right municipality; check the point or the postcode."),
                    )
                )


def _away(municipality: str, x: float, y: float) -> float:
    """Metres from the point to the municipality; 0 inside it."""
    shape = borders().get(municipality)
    if shape is None or shapely.contains_xy(shape, x, y):
        return 0.0
    return float(shape.distance(shapely.Point(x, y)))


def located(x: np.ndarray, y: np.ndarray) -> list[str | None]:
    """The municipality whose borders hold each point, or the nearest within 5 km, or None."""
    shapes = borders()
    codes = list(shapes)
    tree = shapely.STRtree(list(shapes.values()))
    points = shapely.points(x, y)
    out: list[str | None] = [None] * len(points)
    for i, j in zip(*tree.query(points, predicate="intersects"), strict=True):
        if out[i] is None:
            out[i] = codes[j]
    for i, code in enumerate(out):
        if code is None:
            j = int(tree.nearest(points[i]))
            out[i] = codes[j] if tree.geometries[j].distance(points[i]) <= 5_000 else None
    return out


_cache: dict[str, Any] = {}


def borders() -> dict[str, shapely.Geometry]:
    if "borders" not in _cache:
        table = shipped.table("borders")
        shapes = {code: shapely.from_wkb(wkb) for code, wkb in table.select("municipality", "wkb").iter_rows()}
        shapely.prepare(list(shapes.values()))  # a hundred thousand squares are asked one by one
        _cache["borders"] = shapes
    return _cache["borders"]  # type: ignore[no-any-return]


@cache
def codes_by_name() -> dict[str, str]:
    """Finnish and Swedish names, folded to lower case, to codes; of municipalities that are now part of another, that other's."""
    key, was = shipped.municipalities(), merged()
    return {
        " ".join(name.casefold().split()): code
        for table, to in ((was, "into"), (key, "municipality"))
        for column in ("name_sv", "name_fi")
        for name, code in table.select(column, to).iter_rows()
    }


def nearest_municipality(text: str) -> str | None:
    """The municipality most likely meant, written as it is written; None when nothing is near."""
    near = nearest_name(text, codes_by_name())
    tables = (shipped.municipalities(), merged())
    written = (name for table in tables for column in ("name_fi", "name_sv") for name in table[column])
    return next((name for name in written if " ".join(name.casefold().split()) == near), None)


def names_by_code() -> dict[str, str]:
    return dict(shipped.municipalities().select("municipality", "name_fi").iter_rows())


@cache
def merged() -> pl.DataFrame:
    """code, name_fi, name_sv, into (the code now), from (the day): municipalities that have become part of another since 2013."""
    return pl.read_csv(shipped.DATA / "merged_municipalities.csv", infer_schema=False)


@cache
def _codes() -> dict[str, str]:
    return {**{code: code for code in names_by_code()}, **dict(merged().select("code", "into").iter_rows())}


_CODE = re.compile(
    r"(?:KU)?(\d{1,3})(?:\.0+)?", re.ASCII | re.IGNORECASE
)  # 729.0: a table program's number; KU729: Statistics Finland's


def code_of(text: str | None) -> str | None:
    """A municipality's code of today from its code or its name in Finnish or Swedish, or both (Espoo - Esbo); None if there is none such.

    A municipality that has become part of another since 2013 is that other.
    """
    text = " ".join(unicodedata.normalize("NFC", text or "").split())
    if found := _CODE.fullmatch(text):
        return _codes().get(found[1].zfill(3))
    names = codes_by_name()
    if whole := names.get(text.casefold()) or names.get(re.sub(r"\s*\(.*\)$", "", text).casefold()):
        return whole
    if found := re.fullmatch(r"(\d{3}) (\D+)", text):
        both = {_codes().get(found[1]), names.get(found[2].casefold())}
    else:
        both = {names.get(part.casefold()) for part in re.split(r"\s*/\s*|\s[-–]\s|,\s*", text)}
    return both.pop() if len(both) == 1 else None
