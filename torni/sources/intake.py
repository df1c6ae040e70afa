"""A user's own files: every fault of a file told at once, good rows kept only if the user says so, nothing half-written."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from torni.core.faults import BadInput, Fault, bad_input, nearest_name
from torni.core.language import t
from torni.sources.points import Point, points_of
from torni.sources.tables import Table, read_rows
from torni.sources.where import SIMPLIFIED_M, CoordinateCheck, code_of, located, nearest_municipality
from torni.sources.written import day, either, number, number_in, two_ways

UNIT_COLUMNS: dict[str, tuple[str, ...]] = {
    "unit_id": ("tunnus", "yksikkotunnus", "id", "site_id"),
    "name": ("nimi", "namn", "toimipiste", "yksikkö", "site"),
    "kinds": ("kind", "laji", "tyyppi", "typ", "slag", "roles"),
    "municipality": ("kunta", "kommun", "kuntakoodi", "kunta_nimi", "municipality_code"),
    "lon": ("longitude", "pituus", "pituusaste", "longitud"),
    "lat": ("latitude", "leveys", "leveysaste", "latitud"),
    "x": ("x3067", "itä", "east", "e"),
    "y": ("y3067", "pohjoinen", "north", "n"),
    "size": ("koko", "storlek"),
    "opening": ("aukiolo", "öppettider", "opening_hours"),
    "producer": ("tuottaja", "producent"),
    "postcode": ("postinumero", "postnummer", "pno"),
    "electronic": ("sähköinen", "elektronisk"),
    "serves": ("palvelee", "betjänar"),
    "open_from": ("avattu", "öppnad"),
    "open_to": ("suljettu", "stängd"),
}
POPULATION_COLUMNS: dict[str, tuple[str, ...]] = {
    "x": ("x3067", "itä", "east"), "y": ("y3067", "pohjoinen", "north"),
    "lon": ("longitude",), "lat": ("latitude",),
    "residents": ("t", "total", "väestö", "asukkaat", "population", "vaesto", "befolkning"),
    "age_0_14": ("y_lt15",), "age_15_64": ("y_1564",), "age_65": ("y_ge65",),
    "municipality": ("kunta", "kommun"),
}  # fmt: skip
POINT_COLUMNS = {name: UNIT_COLUMNS[name] for name in ("name", "lon", "lat", "x", "y", "municipality")}
# of a region's `units.csv`, in order
KEPT_COLUMNS = (
    "unit_id", "name", "kinds", "municipality", "lon", "lat", "size", "opening", "producer", "electronic", "serves", "open_from", "open_to",
)  # fmt: skip
_AGES = ("age_0_14", "age_15_64", "age_65")
_MOST_ODD = 20
_SAME_PLACE_M = 100.0  # two points of one door: an address and the middle of its building
SIZES = ("S", "M", "L")
SQRT2 = 2**0.5


@dataclass(frozen=True)
class Intake:
    """What a file held. `good`: rows without faults, ready to keep. `faults`: rows refused, each with its reason.

    `doubts`: rows kept that deserve a look. `rows`: rows in the file. `ignored`: columns that nothing was read from.
    """

    good: pl.DataFrame
    faults: tuple[Fault, ...]
    doubts: tuple[Fault, ...]
    rows: int
    refused: int
    ignored: tuple[str, ...]


def read_units(path: Path, *, kind_names: Mapping[str, str], far_km: float, kept: bool = False) -> Intake:
    """Units from a CSV or xlsx file: name, kind(s), municipality and a point, and what else is known.

    `good` has KEPT_COLUMNS as texts, in the form of a region's `units.csv`. The coordinate check holds each point against its stated
    municipality (refused outside its borders) and its postal area (doubted beyond `far_km`). Ids that differ only by capitals or
    blanks are one id. `kept`: the file is such a `units.csv` itself, and must have every column of it and every id.
    """
    required = KEPT_COLUMNS if kept else ("name", "kinds", "municipality")
    raw, columns, ignored = _read(path, UNIT_COLUMNS, required=required)
    check = CoordinateCheck(far_km)
    faults: list[Fault] = []
    doubts: list[Fault] = []
    good: list[dict[str, str | None]] = []
    refused = 0
    ids: dict[str, tuple[str, int]] = {}
    named: dict[tuple[str, str | None], list[tuple[_Row, Point, set[str]]]] = {}
    rows = _rows(raw, columns)
    for row, point in zip(rows, _points(rows, columns), strict=True):
        unit = _unit(row, kind_names)
        unit_id = row.text("unit_id") or f"U{row.number - raw.named_on:04d}"
        if kept and not row.text("unit_id"):
            row.fault("unit_id", t("empty"), t("Give each unit an id of its own."))
        like = _like(unit_id)
        if like in ids:
            first, there = ids[like]
            what = t('"{unit_id}" is already on row {a}', unit_id=unit_id, a=there)
            if first != unit_id:
                what += ", " + t('written "{other}"', other=first)
            row.fault("unit_id", what, t("Give each unit an id of its own."))
        ids.setdefault(like, (unit_id, row.number))
        if point and unit["municipality"]:
            check(row, point.x, point.y, str(unit["municipality"]), row.text("postcode"), doubts)
        if row.faults:
            faults += row.faults
            refused += 1
            continue
        assert point
        alike = named.setdefault((_like(str(unit["name"])), unit["municipality"]), [])
        doubts += _there_already(row, point, kinds := set(str(unit["kinds"]).split("|")), alike)
        alike.append((row, point, kinds))
        good.append({"unit_id": unit_id, **unit, "lon": f"{point.lon:.7f}", "lat": f"{point.lat:.7f}"})
    table = pl.DataFrame(good, schema=dict.fromkeys(KEPT_COLUMNS, pl.String))
    return Intake(table, tuple(faults), tuple(doubts), len(rows), refused, ignored)


def _like(text: str) -> str:
    """A text without what two writings of one and the same differ by: capitals, blanks and forms of letters."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).casefold()


def _there_already(
    row: _Row, point: Point, kinds: set[str], others: Iterable[tuple[_Row, Point, set[str]]]
) -> list[Fault]:
    """A unit of the same name, municipality, kind and place on an earlier row: kept, for two may share a door, but told."""
    for other, place, had in others:
        if kinds & had and math.hypot(point.x - place.x, point.y - place.y) <= _SAME_PLACE_M:
            what = t("the unit has the name, municipality, kind and place of row {a}", a=other.number)
            return [Fault(row.where("name"), what, t("Keep one of the two, if they are the same unit."))]
    return []


def read_population(path: Path, *, side_m: int) -> Intake:
    """Cells from a CSV or xlsx file: a centre point and its residents; ages and municipality where given.

    `good` has x, y (metres), municipality, residents, age_0_14, age_15_64, age_65, side_m. The municipality is the one
    whose borders hold the centre, or the nearest within 5 km, where the file does not state it; where it does, the centre is held
    against its borders as a unit's point is, half the cell's diagonal allowed.
    """
    raw, columns, ignored = _read(path, POPULATION_COLUMNS, required=("residents",))
    check = CoordinateCheck(0.0, slack_m=side_m * SQRT2 / 2, border_m=SIMPLIFIED_M)
    faults: list[Fault] = []
    doubts: list[Fault] = []
    good: list[dict[str, Any]] = []
    refused = 0
    seen: dict[tuple[int, int], int] = {}
    counted: list[str] = [name for name in ("residents", "age_0_14", "age_15_64", "age_65") if name in columns]
    ages: list[str] = [name for name in counted if name != "residents"]
    if 0 < len(ages) < 3:
        raise BadInput(*(
            Fault(raw.where, t('the column "{ours}" is missing', ours=name), t("Give the three columns of ages, or none: of one alone nothing can be told of the others."))
            for name in _AGES if name not in ages
        ))  # fmt: skip
    odd: list[Fault] = []
    signs = {name: raw.decimal_sign(columns[name]) for name in counted}
    doubts += [
        Fault(t("{file}, column {column}", file=raw.where, column=columns[name]), t("“{text}” was read as {value}, as the column's other numbers are written", text=text, value=number_in(text, signs[name])), t("Check it; write thousands without dots and commas."))
        for name in counted
        if signs[name] and (text := next((v for v in raw.frame[columns[name]] if v and two_ways(v)), None))
    ]  # fmt: skip
    rows = _rows(raw, columns)
    for row, point in zip(rows, _points(rows, columns), strict=True):
        counts = {name: row.whole(name, needed=name == "residents", sign=signs[name]) for name in counted}
        blank = [name for name in ages if row.text(name) is None]
        if 0 < len(blank) < len(ages):
            for name in blank:
                row.fault(name, t("empty, though other ages are told"), t("Write 0 where there is nobody; leave all ages empty where they are not known."))  # fmt: skip
        municipality = code_of(row.text("municipality"))
        if row.text("municipality") and municipality is None:
            row.unknown_municipality("municipality", str(row.text("municipality")))
        if point:
            place = (round(point.x), round(point.y))
            if place in seen:
                row.fault(
                    "x" if "x" in columns else "lon",
                    t("the same cell is on row {a}", a=seen[place]),
                    t("Keep one row a cell."),
                )
            seen.setdefault(place, row.number)
            if municipality:
                check(row, point.x, point.y, municipality, None, doubts)
        if row.faults:
            faults += row.faults
            refused += 1
            continue
        good.append({"x": place[0], "y": place[1], "municipality": municipality, **counts})
        told = [count for name in ages if (count := counts[name]) is not None]
        if told and sum(told) != counts["residents"]:
            odd.append(Fault(row.where("residents"), t("{residents} residents, but their ages make {sum}", residents=counts["residents"], sum=sum(told)), t("The residents are kept, the ages fitted to them: check the figures.")))  # fmt: skip
    table = pl.DataFrame(
        good,
        schema={
            "x": pl.Int32,
            "y": pl.Int32,
            "municipality": pl.String,
            "residents": pl.Int32,
            "age_0_14": pl.Int32,
            "age_15_64": pl.Int32,
            "age_65": pl.Int32,
        },
    )
    doubts += _some(odd, raw.where)
    doubts += _overlapping(table, side_m, raw.where)
    if len(table) and table["municipality"].null_count():
        found = located(table["x"].to_numpy(), table["y"].to_numpy())
        outside = [
            i
            for i, (code, had) in enumerate(zip(found, table["municipality"], strict=True))
            if code is None and had is None
        ]
        if outside:
            faults += [
                Fault(
                    f"{path.name}, point {table['x'][i]}, {table['y'][i]}",
                    t("in no municipality"),
                    t("Check the point, or state the municipality."),
                )
                for i in outside
            ]
            refused += len(outside)
        table = table.with_columns(pl.col("municipality").fill_null(pl.Series(found, dtype=pl.String))).filter(
            pl.col("municipality").is_not_null()
        )
    return Intake(
        table.with_columns(pl.lit(side_m, pl.Int32).alias("side_m")),
        tuple(faults),
        tuple(doubts),
        len(rows),
        refused,
        ignored,
    )


def _some(odd: list[Fault], where: str) -> list[Fault]:
    """The first of many faults of one kind, and how many they are."""
    if len(odd) <= _MOST_ODD:
        return odd
    return [*odd[:_MOST_ODD], Fault(where, t("and {n} more rows likewise", n=len(odd) - _MOST_ODD))]


def _overlapping(cells: pl.DataFrame, side_m: int, where: str) -> list[Fault]:
    """Cells that lie nearer one another in a row or a column of the grid than their side is long."""
    steps = pl.concat(
        [cells.sort(a, b).select(pl.col(b).diff().over(a).alias("step")) for a, b in (("x", "y"), ("y", "x"))]
    )
    least = steps.filter(pl.col("step") > 0)["step"].min()
    if not isinstance(least, int) or least >= side_m - 1:
        return []
    return [Fault(where, t("some cells lie {least} m apart, though a cell's side is taken as {side} m", least=least, side=side_m), t("Write --side {least} if that is the side of the cells.", least=least))]  # fmt: skip


def read_points(path: Path) -> pl.DataFrame:
    """Any units for a question: name, lon, lat as numbers (from x and y in metres where those are given), other columns as they are.

    Raises BadInput with every fault. A stated municipality is held against the point as a unit's is.
    """
    raw, columns, _ignored = _read(path, POINT_COLUMNS, required=("name",))
    check = CoordinateCheck(0.0)
    rows = _rows(raw, columns)
    points = _points(rows, columns)
    for row, point in zip(rows, points, strict=True):
        code = code_of(row.text("municipality"))
        if row.text("municipality") and code is None:
            row.unknown_municipality("municipality", str(row.text("municipality")))
        elif point and code:
            check(row, point.x, point.y, code, None, [])
    if faults := [fault for row in rows for fault in row.faults]:
        raise BadInput(*faults)
    found = [point for point in points if point]
    given = raw.frame.rename({columns["name"]: "name"}).drop(
        columns.get("lon", "lon"), columns.get("lat", "lat"), strict=False
    )
    lon, lat = pl.Series("lon", [p.lon for p in found], pl.Float64), pl.Series("lat", [p.lat for p in found], pl.Float64)  # fmt: skip
    return given.with_columns(lon, lat)


class _Row:
    """One row of a user's file and the faults found in it."""

    def __init__(self, file: str, number: int, values: dict[str, str | None], columns: Mapping[str, str]) -> None:
        self.file, self.number, self.values, self.columns = file, number, values, columns
        self.faults: list[Fault] = []

    def text(self, column: str) -> str | None:
        return self.values.get(column)

    def where(self, column: str) -> str:
        return t(
            "{file}, row {row}, column {column}",
            file=self.file,
            row=self.number,
            column=self.columns.get(column, column),
        )

    def fault(self, column: str, what: str, remedy: str) -> None:
        self.faults.append(Fault(self.where(column), what, remedy))

    def whole(self, column: str, *, needed: bool, sign: str | None) -> int | None:
        text = self.text(column)
        if text is None:
            if needed:
                self.fault(column, t("empty"), t("Write a whole number of people."))
            return None
        if sign is None and two_ways(text):
            self.fault(column, *either(text))
            return None
        value = number_in(text, sign)
        found = int(value) if value is not None and value == value.to_integral_value() else None
        if found is None or not 0 <= found < 10_000_000:
            self.fault(
                column, t('"{text}" is not a whole number of people', text=text),
                t("-1 marks a figure that is kept secret: leave out the row, or the ages.") if found == -1 else t("Write digits only, such as 120."),
            )  # fmt: skip
            return None
        return found

    def unknown_municipality(self, column: str, text: str, remedy: str = "") -> None:
        near = nearest_municipality(text)
        self.fault(
            column,
            t('"{text}" is not a municipality', text=text),
            t('Did you mean "{near}"?', near=near) if near else remedy or t("Write its name or its 3-digit code."),
        )

    def day(self, column: str) -> date | None:
        text = self.text(column)
        found = day(text) if text else None
        if text and found is None:
            self.fault(column, t('"{text}" is not a date', text=text), t("Write such as 2026-01-31."))
        return found


def _unit(row: _Row, kind_names: Mapping[str, str]) -> dict[str, str | None]:
    """The unit's texts, checked; its faults go to the row."""
    if not row.text("name"):
        row.fault("name", t("empty"), t("Write the unit's name."))
    kinds = []
    for part in re.split(r"[|;]", row.text("kinds") or ""):
        if part.strip():
            kind = kind_names.get(part.strip().casefold())
            if kind is None:
                near = nearest_name(part, kind_names)
                row.fault(
                    "kinds",
                    t('"{a}" is not a kind of unit', a=part.strip()),
                    t('Did you mean "{near}"?', near=near)
                    if near
                    else t("Kinds: {a}.", a=", ".join(sorted(set(kind_names.values())))),
                )
            else:
                kinds.append(kind)
    if not (row.text("kinds") or "").strip():
        row.fault("kinds", t("empty"), t("Write one of: {a}.", a=", ".join(sorted(set(kind_names.values())))))
    code = code_of(row.text("municipality"))
    if not row.text("municipality"):
        row.fault("municipality", t("empty"), t("Write its name or its 3-digit code."))
    elif code is None:
        row.unknown_municipality("municipality", str(row.text("municipality")))
    size = (row.text("size") or "").upper() or None
    if size and size not in SIZES:
        row.fault("size", t('"{a}" is not a size', a=row.text("size")), t("Write S, M or L, or leave it empty."))
    serves = []
    for part in re.split(r"[|;]", row.text("serves") or ""):
        if part.strip():
            served = code_of(part.strip())
            if served is None:
                row.unknown_municipality("serves", part.strip(), t("Write names or codes with | between them."))
            else:
                serves.append(served)
    electronic = _YES_NO.get((row.text("electronic") or "").casefold(), "?") if row.text("electronic") else None
    if electronic == "?":
        row.fault("electronic", t('"{a}" is neither yes nor no', a=row.text("electronic")), t("Write yes or no."))
    opens, closes = row.day("open_from"), row.day("open_to")
    if opens and closes and opens > closes:
        row.fault("open_to", t("the unit closes before it opens"), t("Check the two dates."))
    return {
        "name": row.text("name"), "kinds": "|".join(dict.fromkeys(kinds)), "municipality": code, "size": size,
        "opening": row.text("opening"), "producer": row.text("producer"), "electronic": electronic,
        "serves": "|".join(serves) or None, "open_from": str(opens) if opens else None, "open_to": str(closes) if closes else None,
    }  # fmt: skip


_YES_NO = {
    "yes": "yes",
    "no": "no",
    "kyllä": "yes",
    "ei": "no",
    "ja": "yes",
    "nej": "no",
    "true": "yes",
    "false": "no",
    "1": "yes",
    "0": "no",
}


def _read(
    path: Path, known: Mapping[str, tuple[str, ...]], *, required: Iterable[str]
) -> tuple[Table, dict[str, str], tuple[str, ...]]:
    """The file's table; which column of it is which of ours, by our name first and then by other names for it; the others."""
    called = {ours: (ours, *others) for ours, others in known.items()}
    point = [(*called[a], *called[b]) for a, b in (("lon", "x"), ("lat", "y"))]
    raw = read_rows(path, needs=[*(called[name] for name in required), *point])
    if not raw.rows:
        raise bad_input(raw.where, t("no rows under the column names"), t("Add the rows."))
    found = {ours: column for ours, names in called.items() if (column := raw.column(names))}
    faults = [raw.missing(called[name]) for name in required if name not in found]
    if not {"lon", "lat"} <= set(found) and not {"x", "y"} <= set(found):
        faults.append(
            Fault(
                raw.where,
                t("no point: neither lon and lat nor x and y"),
                t("Add lon and lat (WGS84 degrees) or x and y (ETRS-TM35FIN metres)."),
            )
        )
    if faults:
        raise BadInput(*faults)
    return raw, found, tuple(c for c in raw.frame.columns if c not in found.values())


def _rows(raw: Table, columns: dict[str, str]) -> list[_Row]:
    names = list(columns)
    values = raw.frame.select([pl.col(columns[name]).alias(f"{i}") for i, name in enumerate(names)]).iter_rows()
    return [_Row(raw.where, number, dict(zip(names, row, strict=True)), columns) for number, row in zip(raw.rows, values, strict=True)]  # fmt: skip


def _points(rows: list[_Row], columns: Mapping[str, str]) -> list[Point | None]:
    """Each row's point, or None with the fault told."""
    names = ("lon", "lat") if {"lon", "lat"} <= set(columns) else ("x", "y")
    remedy = t("Write a decimal number, such as 25.7048.") if names[0] == "lon" else t("Write metres, such as 434485.")
    found: list[tuple[_Row, float, float]] = []
    out: dict[int, Point] = {}
    for row in rows:
        pair = [number(row.text(name) or "") for name in names]
        for name, value in zip(names, pair, strict=True):
            if value is None:
                text = row.text(name)
                row.fault(name, t('"{text}" is not a number', text=text) if text else t("empty"), remedy)
        if pair[0] is not None and pair[1] is not None:
            found.append((row, float(pair[0]), float(pair[1])))
    for (row, first, second), point in zip(found, points_of(found, degrees=names[0] == "lon"), strict=True):
        if isinstance(point, str):
            row.fault(names[0], t("{a}, {b} is not in Finland", a=f"{first:.10g}", b=f"{second:.10g}"), point)
        else:
            out[row.number] = point
    return [out.get(row.number) for row in rows]
