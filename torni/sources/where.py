"""Which municipality a point is in, and whether a unit stands where its row says."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import shapely

from torni.core.faults import Fault
from torni.core.language import t
from torni.sources import shipped
from torni.sources.coordinates import to_metres

ON_THE_BORDER_M = 100.0  # the shipped borders are simplified: so near one, a point is doubted, not refused


class Row(Protocol):
    """A row of a user's file: names its places and takes its faults."""

    columns: Any

    def where(self, column: str) -> str: ...
    def fault(self, column: str, what: str, remedy: str) -> None: ...


class CoordinateCheck:
    """A unit's point against its stated municipality's borders and its postal area's centre."""

    def __init__(self, far_km: float) -> None:
        self.far_m = far_km * 1000
        postal = shipped.table("postal_areas")
        self.postal = {
            code: (name, x, y) for code, name, x, y in postal.select("postcode", "name", "x", "y").iter_rows()
        }

    def __call__(
        self, row: Row, point: tuple[float, float], municipality: str, postcode: str | None, doubts: list[Fault]
    ) -> None:
        x, y = (float(v[0]) for v in to_metres(np.array(point[:1]), np.array(point[1:])))
        column = "lon" if "lon" in row.columns else "x"
        away = float(borders()[municipality].distance(shapely.Point(x, y))) if municipality in borders() else 0.0
        if away > 0:
            stated = names_by_code()[municipality]
            code = located(np.array([x]), np.array([y]))[0]
            there = names_by_code().get(code or "", t("no municipality"))
            told = f"{away / 1000:.1f} km" if away >= 1000 else f"{away:.0f} m"
            what = t(
                "the point is in {there}, {told} outside {stated}, which the row states",
                there=there,
                told=told,
                stated=stated,
            )
            remedy = t("Correct the point, or write municipality {there}.", there=there)
            if away <= ON_THE_BORDER_M:
                doubts.append(
                    Fault(
                        row.where(column),
                        what + " " + t("(the borders held here are simplified)"),
                        t("Check which side of the border it is."),
                    )
                )
            else:
                row.fault(column, what, remedy)
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
        _cache["borders"] = {
            code: shapely.from_wkb(wkb) for code, wkb in table.select("municipality", "wkb").iter_rows()
        }
    return _cache["borders"]  # type: ignore[no-any-return]


def codes_by_name() -> dict[str, str]:
    key = shipped.municipalities()
    return {
        name.casefold(): code
        for column in ("name_sv", "name_fi")
        for name, code in key.select(column, "municipality").iter_rows()
    }


def names_by_code() -> dict[str, str]:
    return dict(shipped.municipalities().select("municipality", "name_fi").iter_rows())


_MERGED = {"588": "507"}  # Pertunmaa joined Mäntyharju on 2026-01-01


def code_of(text: str | None) -> str | None:
    """A municipality's code from its name (Finnish or Swedish) or code; None if there is none such."""
    if not text:
        return None
    code = _MERGED.get(text.zfill(3), text.zfill(3)) if text.isdigit() else codes_by_name().get(text.casefold())
    return code if code in names_by_code() else None
