"""A user's own files: every fault of a file told at once, good rows kept only if the user says so, nothing half-written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from torni.core.faults import BadInput, Fault, bad_input, nearest_name
from torni.core.language import t
from torni.sources import shipped
from torni.sources.coordinates import inside_finland, to_degrees, to_metres
from torni.sources.tables import read_table
from torni.sources.where import CoordinateCheck, code_of, codes_by_name, located

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
SIZES = ("S", "M", "L")


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


def read_units(path: Path, *, kind_names: Mapping[str, str], far_km: float) -> Intake:
    """Units from a CSV or xlsx file: name, kind(s), municipality and a point, and what else is known.

    `good` has unit_id, name, kinds, municipality, lon, lat, size, opening, producer, electronic, serves, open_from,
    open_to as texts, in the form of a region's `units.csv`. The coordinate check holds each point against its stated
    municipality (refused outside its borders) and its postal area (doubted beyond `far_km`).
    """
    raw = read_table(path)
    columns, ignored = _columns(path, raw, UNIT_COLUMNS, required=("name", "kinds", "municipality"), points=True)
    check = CoordinateCheck(far_km)
    faults: list[Fault] = []
    doubts: list[Fault] = []
    good: list[dict[str, str | None]] = []
    refused = 0
    ids: dict[str, int] = {}
    texts = {name: raw[column].to_list() for name, column in columns.items()}
    points = _points(raw, columns)
    for i in range(len(raw)):
        row = _Row(path.name, i + 2, {name: values[i] for name, values in texts.items()}, columns)
        unit = _unit(row, kind_names)
        unit_id = row.text("unit_id") or f"U{i + 1:04d}"
        if unit_id in ids:
            row.fault(
                "unit_id",
                t('"{unit_id}" is already on row {a}', unit_id=unit_id, a=ids[unit_id]),
                t("Give each unit an id of its own."),
            )
        ids.setdefault(unit_id, i + 2)
        point = _point(row, points, i)
        if point and unit["municipality"]:
            check(row, point, str(unit["municipality"]), row.text("postcode"), doubts)
        if row.faults:
            faults += row.faults
            refused += 1
            continue
        assert point
        good.append({"unit_id": unit_id, **unit, "lon": f"{point[0]:.6f}", "lat": f"{point[1]:.6f}"})
    order = [
        "unit_id",
        "name",
        "kinds",
        "municipality",
        "lon",
        "lat",
        "size",
        "opening",
        "producer",
        "electronic",
        "serves",
        "open_from",
        "open_to",
    ]
    table = pl.DataFrame(good, schema=dict.fromkeys(order, pl.String))
    return Intake(table, tuple(faults), tuple(doubts), len(raw), refused, ignored)


def read_population(path: Path, *, side_m: int) -> Intake:
    """Cells from a CSV or xlsx file: a centre point and its residents; ages and municipality where given.

    `good` has x, y (metres), municipality, residents, age_0_14, age_15_64, age_65, side_m. The municipality is the one
    whose borders hold the centre, or the nearest within 5 km, where the file does not state it.
    """
    raw = read_table(path)
    columns, ignored = _columns(path, raw, POPULATION_COLUMNS, required=("residents",), points=True)
    faults: list[Fault] = []
    good: list[dict[str, Any]] = []
    refused = 0
    texts = {name: raw[column].to_list() for name, column in columns.items()}
    points = _points(raw, columns)
    seen: dict[tuple[int, int], int] = {}
    known = set(shipped.municipalities()["municipality"])
    for i in range(len(raw)):
        row = _Row(path.name, i + 2, {name: values[i] for name, values in texts.items()}, columns)
        counts = {
            name: row.whole(name, needed=name == "residents")
            for name in ("residents", "age_0_14", "age_15_64", "age_65")
        }
        point = _point(row, points, i)
        municipality = code_of(row.text("municipality")) if row.text("municipality") else None
        if row.text("municipality") and municipality not in known:
            row.fault(
                "municipality",
                t('"{a}" is not a municipality', a=row.text("municipality")),
                t("Write its name or its 3-digit code."),
            )
        if point:
            x, y = to_metres(np.array([point[0]]), np.array([point[1]]))
            place = (round(float(x[0])), round(float(y[0])))
            if place in seen:
                row.fault(
                    "x" if "x" in columns else "lon",
                    t("the same cell is on row {a}", a=seen[place]),
                    t("Keep one row a cell."),
                )
            seen.setdefault(place, i + 2)
        if row.faults:
            faults += row.faults
            refused += 1
            continue
        good.append({"x": place[0], "y": place[1], "municipality": municipality, **counts})
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
        table.with_columns(pl.lit(side_m, pl.Int32).alias("side_m")), tuple(faults), (), len(raw), refused, ignored
    )


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

    def whole(self, column: str, *, needed: bool) -> int | None:
        text = self.text(column)
        if text is None:
            if needed:
                self.fault(column, t("empty"), t("Write a whole number of people."))
            return None
        if not re.fullmatch(r"\d{1,7}", text.replace("\xa0", "").replace(" ", "")):
            self.fault(
                column, t('"{text}" is not a whole number of people', text=text), t("Write digits only, such as 120.")
            )
            return None
        return int(text.replace("\xa0", "").replace(" ", ""))


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
    if code is None:
        text = row.text("municipality")
        near = nearest_name(text or "", codes_by_name())
        row.fault(
            "municipality",
            t('"{text}" is not a municipality', text=text) if text else t("empty"),
            t('Did you mean "{near}"?', near=near) if near else t("Write its name or its 3-digit code."),
        )
    size = (row.text("size") or "").upper() or None
    if size and size not in SIZES:
        row.fault("size", t('"{a}" is not a size', a=row.text("size")), t("Write S, M or L, or leave it empty."))
    serves = []
    for part in re.split(r"[|;]", row.text("serves") or ""):
        if part.strip():
            served = code_of(part.strip())
            if served is None:
                row.fault(
                    "serves",
                    t('"{a}" is not a municipality', a=part.strip()),
                    t("Write names or codes with | between them."),
                )
            else:
                serves.append(served)
    electronic = _YES_NO.get((row.text("electronic") or "").casefold(), "?") if row.text("electronic") else None
    if electronic == "?":
        row.fault("electronic", t('"{a}" is neither yes nor no', a=row.text("electronic")), t("Write yes or no."))
    days = {}
    for column in ("open_from", "open_to"):
        text = row.text(column)
        days[column] = text
        if text:
            try:
                date.fromisoformat(text)
            except ValueError:
                row.fault(column, t('"{text}" is not a date', text=text), t("Write such as 2026-01-31."))
    if all(days.values()) and not row.faults and str(days["open_from"]) > str(days["open_to"]):
        row.fault("open_to", t("the unit closes before it opens"), t("Check the two dates."))
    return {
        "name": row.text("name"), "kinds": "|".join(dict.fromkeys(kinds)), "municipality": code, "size": size,
        "opening": row.text("opening"), "producer": row.text("producer"), "electronic": electronic,
        "serves": "|".join(serves) or None, **days,
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


def _columns(
    path: Path, raw: pl.DataFrame, known: Mapping[str, tuple[str, ...]], *, required: Iterable[str], points: bool
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Which column of the file is which of ours, by our name first and then by other names for it."""
    if not len(raw):
        raise bad_input(path.name, t("no rows under the column names"), t("Add the rows."))
    found: dict[str, str] = {}
    by_name = {c.strip().casefold(): c for c in raw.columns}
    for ours, others in known.items():
        for name in (ours, *others):
            if name in by_name and by_name[name] not in found.values():
                found[ours] = by_name[name]
                break
    faults = []
    for ours in required:
        if ours not in found:
            near = nearest_name(ours, [c for c in raw.columns if c not in found.values()])
            faults.append(
                Fault(
                    path.name,
                    t('the column "{ours}" is missing', ours=ours),
                    (t('Is it "{near}"? Rename it.', near=near) + " " if near else "")
                    + t("It may also be called: {a}.", a=", ".join(known[ours])),
                )
            )
    if points and not {"lon", "lat"} <= set(found) and not {"x", "y"} <= set(found):
        faults.append(
            Fault(
                path.name,
                t("no point: neither lon and lat nor x and y"),
                t("Add lon and lat (WGS84 degrees) or x and y (ETRS-TM35FIN metres)."),
            )
        )
    if faults:
        raise BadInput(*faults)
    return found, tuple(c for c in raw.columns if c not in found.values())


def _points(raw: pl.DataFrame, columns: Mapping[str, str]) -> tuple[str, str]:
    return ("lon", "lat") if {"lon", "lat"} <= set(columns) else ("x", "y")


def _point(row: _Row, names: tuple[str, str], _: int) -> tuple[float, float] | None:
    """The row's point as degrees, or None with the fault told."""
    values = []
    for name in names:
        text = row.text(name)
        try:
            values.append(float((text or "").replace(",", ".").replace("\xa0", "").replace(" ", "")))
        except ValueError:
            row.fault(
                name,
                t('"{text}" is not a number', text=text) if text else t("empty"),
                t("Write a decimal number, such as 25.7048.")
                if name in ("lon", "lat")
                else t("Write metres, such as 434485."),
            )
    if len(values) < 2:
        return None
    if names == ("x", "y"):
        lon, lat = to_degrees(np.array(values[:1]), np.array(values[1:]))
        first, second = float(lon[0]), float(lat[0])
    else:
        first, second = values
    if not inside_finland(first, second):
        swapped = names == ("lon", "lat") and inside_finland(second, first)
        row.fault(
            names[0],
            t("{a}, {b} is not in Finland", a=format(values[0], "g"), b=format(values[1], "g")),
            t("Longitude and latitude are swapped.")
            if swapped
            else t("Check the coordinate system: WGS84 degrees as lon and lat, or ETRS-TM35FIN metres as x and y."),
        )
        return None
    return first, second
