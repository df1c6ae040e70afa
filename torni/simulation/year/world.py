"""The invented region that the year happens in: a part or all of the synthetic population, its units and producers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from torni.network import Network
from torni.network import load as load_network
from torni.simulation.cast import PRODUCER_A, PRODUCER_B
from torni.simulation.population import open_population
from torni.simulation.population.make import BORN
from torni.simulation.running import Run
from torni.simulation.year.chance import Chance, Ints

ENTERPRISE = "liikelaitos"
_COMPANIES_FROM = 9_000  # residents: smaller municipalities have only the public enterprise's home care


@dataclass(frozen=True, eq=False)
class World:
    """`residents`: one row a resident (client, municipality, born, x, y, ...) with the units that serve them, as rows of
    `units`. `units`: unit, name, kind, producer, municipality, x, y. `scale`: residents as a share of the whole region.
    """

    region: str
    seed: int
    residents: pl.DataFrame
    units: pl.DataFrame
    names: dict[str, str]
    scale: float

    @property
    def chance(self) -> Chance:
        return Chance(self.seed)

    @cached_property
    def municipality_codes(self) -> np.ndarray:
        """The residents' municipalities, in the order of their numbers."""
        return np.unique(self.residents["municipality"].to_numpy().astype(str))

    @cached_property
    def municipality_rows(self) -> Ints:
        """Each resident's municipality as its place in `municipality_codes`."""
        return np.searchsorted(self.municipality_codes, self.residents["municipality"].to_numpy().astype(str)).astype(
            np.int64
        )

    @cached_property
    def ageing(self) -> npt.NDArray[np.float64]:
        """By how much the help that clients get at home grows a year, at each unit: more where more are over 75. Invented."""
        old = np.bincount(self.municipality_rows, self.residents["age"].to_numpy() >= 75, len(self.municipality_codes))
        share = old / np.maximum(np.bincount(self.municipality_rows, minlength=len(self.municipality_codes)), 1)
        of_code = dict(zip(self.municipality_codes, 0.01 + 0.03 * np.clip((share - 0.07) / 0.1, 0, 1), strict=True))
        return np.array([of_code.get(m, 0.01) for m in self.units["municipality"]])

    def rows(self, kind: str) -> Ints:
        """The rows of `units` of a kind."""
        return np.flatnonzero((self.units["kind"] == kind).to_numpy())

    @property
    def producers(self) -> list[str]:
        return self.units["producer"].unique().sort().to_list()


def make_world(region: str, *, seed: int, residents: int | None = None, on: date = BORN) -> World:
    """The region's invented residents (all, or so many of them) and the units of the network with home care added.

    The same seed gives the same residents whatever is asked: fewer are a part of more.
    """
    network = load_network(region, on=on)
    population = open_population(region)
    chance = Chance(seed)
    with Run(population) as run:
        people = pl.DataFrame(
            run.rows(
                "SELECT person, municipality, x, y, age, in_home_care, housing, household_size, "
                "CAST(gross_income_eur_month * 100 AS BIGINT), service_hours_month FROM people ORDER BY person"
            ),
            schema={
                "client": pl.Int64, "municipality": pl.String, "x": pl.Int64, "y": pl.Int64, "age": pl.Int64, "in_home_care": pl.Boolean,
                "housing": pl.String, "household_size": pl.Int64, "income_cents": pl.Int64, "hours": pl.Int64,
            },
            orient="row",
        )  # fmt: skip
    whole = len(people)
    if residents is not None and residents < whole:
        order = np.argsort(chance.share("in the small region", people["client"].to_numpy()), kind="stable")
        people = people[np.sort(order[:residents])]
    days = people["age"].to_numpy() * 365.2425 + chance.share("birthday", people["client"].to_numpy()) * 365
    people = people.with_columns(
        pl.Series("born", (np.datetime64(on) - np.ceil(days).astype("timedelta64[D]")).astype("datetime64[D]"))
    )
    units = _units(network)
    return World(
        network.library.region.id, seed, _served(people, units, chance), units,
        {code: str(name.fi) for code, name in network.names.items()}, len(people) / whole,
    )  # fmt: skip


def _units(network: Network) -> pl.DataFrame:
    """The units that the year uses, one kind each, and invented home-care teams: the enterprise's everywhere, companies' in
    the larger municipalities."""
    rows = []
    for u in network.units.iter_rows(named=True):
        for kind in ("centre", "dental", "elder_housing"):
            if kind in u["kinds"]:
                name = f"{network.library.region.name.fi}n liikelaitos"
                rows.append(
                    (f"{u['unit_id']}-{kind}" if len(u["kinds"]) > 1 else u["unit_id"], u["name"], kind, u["producer"] or name, u["municipality"], u["x"], u["y"])
                )  # fmt: skip
    enterprise = max((r[3] for r in rows), key=[r[3] for r in rows].count)
    cells = network.population
    for code in network.municipality_codes:
        inside = network.municipality_index == network.municipality_codes.index(code)
        weight = np.maximum(cells.residents * inside, 0)
        x, y = float((cells.x * weight).sum() / weight.sum()), float((cells.y * weight).sum() / weight.sum())
        name = str(network.names[code].fi)
        teams = [enterprise]
        if network.residents_of(code) >= _COMPANIES_FROM:
            teams += [PRODUCER_A, PRODUCER_B]
        for producer in teams:
            short = {enterprise: "a", PRODUCER_A: "b", PRODUCER_B: "c"}[producer]
            rows.append((f"demo-home-care-{code}-{short}", f"{name}, kotihoito, {producer}", "home_care", producer, code, x, y))  # fmt: skip
    return pl.DataFrame(
        rows, schema=["unit", "name", "kind", "producer", "municipality", "x", "y"], orient="row"
    ).with_columns(pl.col("x", "y").cast(pl.Float64))


def _served(people: pl.DataFrame, units: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """Which unit serves whom: the nearest centre and dental unit, for one in ten the second; home care and housing by need."""
    who = people["client"].to_numpy()
    columns: dict[str, Ints | list[str]] = {}
    for kind, told in (("centre", "centre"), ("dental", "dental"), ("elder_housing", "housing_unit")):
        rows = np.flatnonzero((units["kind"] == kind).to_numpy())
        first, second = _nearest(people, units, rows)
        columns[told] = np.where(chance.share(f"second {kind}", who) < 0.1, second, first)
    housed = people["housing"].is_in(["round_the_clock", "institution"]).to_numpy()
    columns["housing_unit"] = np.where(housed, columns["housing_unit"], -1)
    columns["home_care_unit"] = teams = _home_care(people, units, chance)
    columns["case_manager"] = _case_managers(people, units, teams)
    return people.with_columns([pl.Series(name, values) for name, values in columns.items()])


def _nearest(people: pl.DataFrame, units: pl.DataFrame, rows: Ints) -> tuple[Ints, Ints]:
    """The nearest two of the unit rows, as the crow flies; residents of one cell alike."""
    places, index = np.unique(
        np.column_stack([people["x"].to_numpy(), people["y"].to_numpy()]), axis=0, return_inverse=True
    )
    x, y = units["x"].to_numpy()[rows], units["y"].to_numpy()[rows]
    far = (places[:, :1] - x) ** 2 + (places[:, 1:] - y) ** 2
    order = np.argsort(far, axis=1, kind="stable")[:, :2]
    if order.shape[1] == 1:
        order = np.repeat(order, 2, axis=1)
    chosen = rows[order][index.ravel()]
    return chosen[:, 0], chosen[:, 1]


def _case_managers(people: pl.DataFrame, units: pl.DataFrame, home_care: Ints) -> list[str]:
    """Whose client each is, or would be: sixty in home care for each case manager, a municipality's by the same ones.

    The cast's own case manager has the first clients of producer A's, so that there is work with more than one producer.
    """
    cared = np.flatnonzero(home_care >= 0)
    municipality = people["municipality"].to_numpy()
    order = cared[np.argsort(municipality[cared], kind="stable")]
    number = np.zeros(len(people), np.int64)
    number[order] = np.arange(len(order)) // 60
    teams = {
        code: sorted(set(number[order[municipality[order] == code]].tolist()))
        for code in np.unique(municipality[order])
    }
    rest = np.setdiff1d(np.arange(len(people)), cared)
    number[rest] = [
        own[i % len(own)] if (own := teams.get(code)) else 0
        for i, code in zip(rest.tolist(), municipality[rest], strict=True)
    ]
    ours = order[units["producer"].to_numpy()[home_care[order]] == PRODUCER_A]
    cast = int(number[ours[0]]) if len(ours) else 0
    return ["case-manager" if n == cast else f"case-manager-{n + 1:03}" for n in number.tolist()]


def _home_care(people: pl.DataFrame, units: pl.DataFrame, chance: Chance) -> Ints:
    """Home-care clients' teams: where companies are, a quarter chose each."""
    out = np.full(len(people), -1, np.int64)
    who = people["client"].to_numpy()
    age, assessed = people["age"].to_numpy(), people["hours"].is_not_null().to_numpy()
    # the population has hardly any client under 75: some of those assessed are, so that each age has about six in ten of the
    # clients that it has nationally (THL: 2.6 % of 65-74, 8 % of 75-84, 30 % of 85-94); all of them would be a third more events
    younger = (age >= 65) & (age < 75) & assessed & (chance.share("in home care", who) < 0.58)
    cared = people["in_home_care"].fill_null(False).to_numpy() & assessed | younger
    municipality = people["municipality"].to_numpy()
    teams = units.with_row_index("row").filter(pl.col("kind") == "home_care")
    draw = chance.share("home-care team", who)
    for (code,), group in teams.group_by(["municipality"], maintain_order=True):
        mine = cared & (municipality == code)
        rows = group["row"].to_numpy().astype(np.int64)
        if len(rows) == 1:
            out[mine] = rows[0]
        else:
            out[mine] = rows[np.digitize(draw[mine], [0.5, 0.75])]
    return out
