"""Who lives where: age, sex, household, language and income of every invented person, on the real cells.

Real and held by tests: residents of each cell and its three age groups; each municipality's age bands, women, households
and median income; each county's people living alone. Invented: who exactly shares a home, single years of age within a
band, incomes around the median, languages within a municipality. Every count is drawn systematically, so that a
municipality's total is the real one and not one of chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from torni.sources import shipped

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
# The municipality's bands; the one that the grid's limit of 15 years cuts is shared by years.
BANDS = (
    (0, 2), (3, 6), (7, 12), (13, 15), (16, 17), (18, 19), (20, 24), (25, 29), (30, 34), (35, 39), (40, 44), (45, 49),
    (50, 54), (55, 59), (60, 64), (65, 69), (70, 74), (75, 79), (80, 84), (85, 104),
)  # fmt: skip
# Single years, and the share of the band each has: even, but falling from 85 (THL's shares of 86-90, 91-95 and over).
YEARS = np.arange(105)


@dataclass
class People:
    """A county's people as columns, in the order of their cells. `size` of them."""

    county: str
    size: int
    cell: Ints
    municipality: Ints
    codes: Sequence[str]
    x: Ints
    y: Ints
    columns: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.columns[name]

    def __setitem__(self, name: str, values: Any) -> None:
        self.columns[name] = values


def people(county: str, *, rng: np.random.Generator, income_growth: float) -> People:
    """Everyone of a county with age, sex, home, language and income. `income_growth`: from the median's year to now."""
    rows = shipped.municipalities().filter(pl.col("county") == county)["municipality"].to_list()
    cells = shipped.table("cells").filter(pl.col("municipality").is_in(rows)).sort("municipality", "x", "y")
    codes = cells["municipality"].unique().sort().to_list()
    residents = cells["residents"].to_numpy().astype(np.int64)
    index = {code: i for i, code in enumerate(codes)}
    of_cell = np.array([index[c] for c in cells["municipality"]], np.int64)
    made = People(
        county, int(residents.sum()), np.repeat(np.arange(len(cells)), residents), np.repeat(of_cell, residents), codes,
        np.repeat(cells["x"].to_numpy().astype(np.int64), residents), np.repeat(cells["y"].to_numpy().astype(np.int64), residents),
    )  # fmt: skip
    shares = county_shares(county)
    facts = municipal(codes)
    made["age"] = _ages(made, cells, residents, shares, rng)
    made["female"] = _sexes(made, shares, facts, rng)
    _households(made, facts, shares, rng)
    made["language"] = _languages(made, facts, rng)
    _incomes(made, facts, income_growth, rng)
    return made


def county_shares(county: str) -> Mapping[str, float]:
    """THL's shares of the county's residents; the whole country's for Åland, which it does not tell."""
    table = shipped.table("county_shares")
    own = table.filter(pl.col("county") == county)
    chosen = own if len(own) else table.filter(pl.col("county") == "all")
    return dict(zip(chosen["measure"], chosen["share"], strict=True))


def municipal(codes: Sequence[str]) -> pl.DataFrame:
    """The municipalities' own facts in the order of their codes."""
    return pl.DataFrame({"municipality": list(codes)}).join(shipped.table("people"), on="municipality", how="left", maintain_order="left")  # fmt: skip


def drawn(share: Floats, groups: Ints, rng: np.random.Generator) -> Flags:
    """Who is chosen, each with their own probability, so that each group's count is its sum of shares, rounded.

    Systematic: people stand in random order within their group, and every whole step of the running sum picks one.
    """
    order = np.lexsort((rng.random(len(share)), groups))
    total = np.cumsum(share[order])
    first = np.flatnonzero(np.r_[True, groups[order][1:] != groups[order][:-1]])
    before = np.repeat(np.r_[0.0, total][first], np.diff(np.r_[first, len(share)]))
    running = np.floor(total - before + 0.5)
    start = np.zeros(len(share))
    start[1:] = running[:-1]
    start[first] = 0
    chosen = np.zeros(len(share), bool)
    chosen[order] = running > start
    return chosen


def scaled(share: Floats, groups: Ints, target: Floats, *, most: float = 0.995) -> Floats:
    """Probabilities scaled so that each group's expected count is its target: two rounds, clipped below certainty."""
    share = np.clip(share, 0, most)
    for _ in range(6):
        now = np.bincount(groups, share, minlength=len(target))
        share = np.clip(share * (target / np.maximum(now, 1e-9))[groups], 0, most)
    return share


def _ages(
    made: People, cells: pl.DataFrame, residents: Ints, shares: Mapping[str, float], rng: np.random.Generator
) -> Ints:
    """The cell's three groups as near as whole people come; within each, the municipality's bands exactly."""
    groups = np.column_stack(
        [cells[n].fill_null(0).to_numpy().astype(float) for n in ("age_0_14", "age_15_64", "age_65")]
    )
    of_cell = np.array([made.codes.index(c) for c in cells["municipality"]], np.int64)
    known = groups.sum(axis=1)
    totals = np.column_stack([np.bincount(of_cell, groups[:, g], minlength=len(made.codes)) for g in range(3)])
    groups[known == 0] = totals[of_cell[known == 0]]
    groups *= (residents / np.maximum(groups.sum(axis=1), 1e-12))[:, None]
    # whole people: each cell's running shares, rounded along the municipality so that its totals stay
    group = np.zeros(made.size, np.int64)
    per_cell = groups / np.maximum(residents, 1)[:, None]
    people_share = per_cell[made.cell]
    place = np.arange(made.size) - np.r_[0, np.cumsum(residents)][made.cell]
    edges = np.cumsum(people_share, axis=1) * residents[made.cell][:, None]
    nudge = rng.random(len(residents))[made.cell]
    group = (place + nudge >= edges[:, 0]).astype(np.int64) + (place + nudge >= edges[:, 1])
    weights = _year_weights(made, shares)
    age = np.zeros(made.size, np.int64)
    key = made.municipality * 3 + group
    order = np.lexsort((rng.random(made.size), key))
    starts = np.flatnonzero(np.r_[True, key[order][1:] != key[order][:-1]])
    ends = np.r_[starts[1:], made.size]
    limits = ((0, 15), (15, 65), (65, 105))
    for start, end in zip(starts, ends, strict=True):
        municipality, g = divmod(int(key[order[start]]), 3)
        low, high = limits[g]
        weight = weights[municipality, low:high]
        cumulative = np.cumsum(weight) / weight.sum() * (end - start)
        age[order[start:end]] = low + np.searchsorted(cumulative, np.arange(end - start) + 0.5)
    return np.minimum(age, 104)


def _year_weights(made: People, shares: Mapping[str, float]) -> Floats:
    bands = pl.DataFrame({"municipality": list(made.codes)}).join(
        shipped.table("age_bands"), on="municipality", how="left"
    )
    bands = bands.sort("municipality")
    out = np.zeros((len(made.codes), 105))
    old = np.exp(-0.19 * np.arange(20))  # 85 to 104
    groups = {"aged_86_90": (86, 91), "aged_91_95": (91, 96), "aged_96": (96, 105)}
    for _ in range(3):
        whole = sum(shares[g] for g in groups)
        for name, (a, b) in groups.items():
            old[a - 85 : b - 85] *= shares[name] / whole * old[1:].sum() / old[a - 85 : b - 85].sum()
    for (low, high), name in zip(BANDS, [c for c in bands.columns if c.startswith("age_")], strict=True):
        count = bands[name].fill_null(0).to_numpy().astype(float)
        width = old / old.sum() if low == 85 else np.full(high - low + 1, 1 / (high - low + 1))
        out[:, low : high + 1] = count[:, None] * width
    return out + 1e-9


def _sexes(made: People, shares: Mapping[str, float], facts: pl.DataFrame, rng: np.random.Generator) -> Flags:
    """More women with age, as in the county; the municipality's own share of women is met."""
    by_age = np.full(105, 0.488)
    for low, high, name in (
        (66, 71, "66_70"),
        (71, 76, "71_75"),
        (76, 81, "76_80"),
        (81, 86, "81_85"),
        (86, 91, "86_90"),
        (91, 105, "91_95"),
    ):
        by_age[low:high] = shares[f"women_{name}"] / shares[f"aged_{name}"]
    wanted = (facts["women"] / facts["pop"]).to_numpy()
    share = by_age[made["age"]]
    count = np.bincount(made.municipality, minlength=len(made.codes))
    odds = share / (1 - share)
    factor = np.ones(len(made.codes))
    for _ in range(30):  # one factor on the odds a municipality, so that the old stay mostly women
        now = np.bincount(
            made.municipality,
            odds * factor[made.municipality] / (1 + odds * factor[made.municipality]),
            minlength=len(made.codes),
        ) / np.maximum(count, 1)
        factor *= (wanted / (1 - wanted)) / np.maximum(now / np.maximum(1 - now, 1e-9), 1e-9)
    final = odds * factor[made.municipality]
    return drawn(final / (1 + final), made.municipality, rng)


def _households(made: People, facts: pl.DataFrame, shares: Mapping[str, float], rng: np.random.Generator) -> None:
    """Who lives alone (by age, the county's), and homes for the rest, as many as the municipality has households."""
    age = made["age"]
    band = np.digitize(age, [75, 85, 90])
    target = np.array([shares[n] for n in ("alone_under_75", "alone_75_84", "alone_85_89", "alone_90")]) * made.size
    by_age = np.select(
        [age < 18, age < 20, age < 30, age < 45, age < 65], [0.0, 0.25, 0.45, 0.24, 0.27], default=np.where(made["female"], 0.52, 0.34)
    )  # fmt: skip
    alone = drawn(scaled(by_age, band, target, most=0.9), band, rng)
    households = np.rint(
        facts["households"].to_numpy()
        / facts["pop"].to_numpy()
        * np.bincount(made.municipality, minlength=len(made.codes))
    )
    rest = np.flatnonzero(~alone)
    per_municipality = np.bincount(made.municipality[rest], minlength=len(made.codes))
    wanted = np.maximum(households - np.bincount(made.municipality[alone], minlength=len(made.codes)), 1)
    adults = (age >= 18) & ~alone
    in_cell = np.bincount(made.cell[rest], minlength=int(made.cell.max()) + 1)
    adults_in_cell = np.bincount(made.cell[adults], minlength=len(in_cell))
    of_cell = np.zeros(len(in_cell), np.int64)
    of_cell[made.cell] = made.municipality
    homes = in_cell * (wanted / np.maximum(per_municipality, 1))[of_cell]
    total = np.cumsum(homes)
    homes = np.diff(np.r_[0, np.floor(total + 0.5)]).astype(np.int64)
    homes = np.clip(
        homes, (in_cell > 0).astype(np.int64), np.maximum(1, np.minimum(adults_in_cell, in_cell // 2 + in_cell % 2))
    )
    homes[in_cell == 0] = 0
    first = np.r_[0, np.cumsum(homes)]
    # adults in order of age fill the homes two by two; children, and the youngest adults over two a home, go to the
    # homes whose adults are of parents' age
    extra = np.zeros(made.size, bool)
    by_age = rest[np.lexsort((age[rest], age[rest] < 18, made.cell[rest]))]
    at = np.flatnonzero(np.r_[True, made.cell[by_age][1:] != made.cell[by_age][:-1]])
    rank = np.arange(len(by_age)) - np.repeat(at, np.diff(np.r_[at, len(by_age)]))
    too_many = adults_in_cell[made.cell[by_age]] - 2 * homes[made.cell[by_age]]
    extra[by_age[(rank < too_many) & (age[by_age] >= 18)]] = True
    below = (age < 18) | extra
    order = rest[np.lexsort((rng.normal(0, 3, len(rest)) + age[rest], below[rest], made.cell[rest]))]
    cell = made.cell[order]
    child = below[order]
    start = np.flatnonzero(np.r_[True, (cell[1:] != cell[:-1]) | (child[1:] != child[:-1])])
    length = np.diff(np.r_[start, len(order)])
    place = np.arange(len(order)) - np.repeat(start, length)
    many = np.repeat(length, length)
    n = homes[cell]
    near = np.abs(place / many + rng.uniform(-0.12, 0.12, len(place)))
    near = np.where(near >= 1, 1.999 - near, near)
    room = np.clip(np.maximum(n * 0.52, many / 2.3), 1, np.maximum(n * 0.92, 1))  # more homes where children are many
    slot = np.where(child, n * 0.08 + near * room, place * n / many).astype(np.int64)
    home = np.zeros(made.size, np.int64)
    home[order] = first[cell] + np.minimum(slot, np.maximum(n - 1, 0))
    home[alone] = first[-1] + np.arange(int(alone.sum()))
    _, made["household"] = np.unique(home, return_inverse=True)
    size = np.bincount(made["household"])
    made["household_size"] = np.minimum(size[made["household"]], 20)
    made["alone"] = made["household_size"] == 1


_SWEDISH = {
    "fi": 0.004,
    "fi_sv": 0.12,
    "sv_fi": 0.55,
    "sv": 0.90,
}  # invented: only the municipality's languages are known


def _languages(made: People, facts: pl.DataFrame, rng: np.random.Generator) -> Ints:
    """0 Finnish, 1 Swedish, 2 English, 3 another."""
    swedish = np.array([_SWEDISH[name] for name in facts["languages"]])[made.municipality]
    foreign = np.select([made["age"] < 18, made["age"] < 50, made["age"] < 65], [0.10, 0.13, 0.06], default=0.02)
    pick = rng.random(made.size)
    return np.select(
        [pick < foreign * 0.1, pick < foreign, pick < foreign + swedish * (1 - foreign)], [2, 3, 1], default=0
    )


def _incomes(made: People, facts: pl.DataFrame, growth: float, rng: np.random.Generator) -> None:
    """Each adult's net income around the municipality's median, more in mid-life; the home's gross income from them."""
    age, size = made["age"], made.size
    profile = np.interp(age, [18, 22, 30, 45, 58, 66, 80, 100], [0.45, 0.65, 1.05, 1.25, 1.2, 0.95, 0.8, 0.72])
    year = profile * np.exp(rng.normal(0, 0.42, size))
    year[age < 18] = 0
    wanted = facts["median_income_eur_year"].to_numpy() * growth
    adults = np.flatnonzero(age >= 18)
    order = adults[np.lexsort((year[adults], made.municipality[adults]))]
    count = np.bincount(made.municipality[order], minlength=len(made.codes))
    first = np.r_[0, np.cumsum(count)[:-1]]
    middle = (year[order[first + (count - 1) // 2]] + year[order[first + count // 2]]) / 2
    year *= (wanted / middle)[made.municipality]
    net = np.minimum(np.rint(year / 12 * 100), 99_999_999).astype(np.int64)
    # gross of net by a rough schedule of taxes (invented): 12 % at a thousand euros a month, 45 % at the margin of large incomes
    month = net / 100
    gross = np.rint(
        (month * 1.13 + np.maximum(month - 1_200, 0) * 0.33 + np.maximum(month - 3_000, 0) * 0.35) * 100
    ).astype(np.int64)
    household = made["household"]
    together = np.bincount(household, gross).astype(np.int64)
    made["net_cents"] = net
    made["household_gross_cents"] = np.minimum(together[household], 99_999_999)
    eldest, second = _two_adults(made)
    spouse = np.zeros(size, np.int64)
    couple = (
        (second >= 0) & (np.abs(age[eldest] - age[np.maximum(second, 0)]) <= 15) & (age[np.maximum(second, 0)] >= 18)
    )
    a, b = eldest[couple], second[couple]
    spouse[a], spouse[b] = net[b], net[a]
    made["has_spouse"] = np.zeros(size, bool)
    made["has_spouse"][a] = True
    made["has_spouse"][b] = True
    made["spouse_net_cents"] = spouse
    made["spouse"] = np.full(size, -1, np.int64)
    made["spouse"][a], made["spouse"][b] = b, a


def _two_adults(made: People) -> tuple[Ints, Ints]:
    """The two eldest of every home, -1 where there is no second."""
    order = np.lexsort((-made["age"], made["household"]))
    home = made["household"][order]
    start = np.flatnonzero(np.r_[True, home[1:] != home[:-1]])
    next_ = np.minimum(start + 1, made.size - 1)
    return order[start], np.where((home[next_] == home[start]) & (next_ != start), order[next_], -1)
