"""The demonstration's fixed cast: twelve invented people, of each kind of reader, who sign in without a password.

They are made only in a room whose facts are invented (the database refuses their sign-in elsewhere).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torni.facts import accounts
from torni.facts.opening import Connection

if TYPE_CHECKING:  # the world reads the whole network: a server that starts has no use for it yet
    from torni.simulation.year.world import World

PRODUCER_A, PRODUCER_B = "Esimerkkihoiva Oy", "Mallihoiva Oy"
CAST: tuple[tuple[str, str, str, str | None], ...] = (
    ("director", "Jaana Johtaja", "director", None),
    ("service-owner", "Pekka Palvelunomistaja", "service_owner", None),
    ("adviser", "Ulla Ohjaaja", "adviser", None),
    ("case-manager", "Veera Vastaava", "case_manager", None),
    ("supervisor", "Kari Valvoja", "supervisor", None),
    ("controller", "Tiina Talous", "controller", None),
    ("producer-a", "Anna Tuottaja", "producer", PRODUCER_A),
    ("producer-b", "Bertil Tuottaja", "producer", PRODUCER_B),
    ("outsider", "Otto Ulkopuolinen", "outsider", None),
)
OFFICIALS = {  # those who sign decisions: their titles, offices and telephones, invented
    "adviser": accounts.Official("asiakasohjaaja", "Asiakas- ja palveluohjaus", "050 000 0001"),
    "case-manager": accounts.Official("palveluohjaaja, omatyöntekijä", "Ikääntyneiden palvelut", "050 000 0002"),
    "supervisor": accounts.Official("valvontapäällikkö", "Valvonta", "050 000 0003"),
}
RESIDENT = ("resident", "Aino Asukas")
RELATIVE = ("relative", "Tytti Tytär")  # acts for Aino by authorisation
HEAD = ("unit-head", "Heli Esihenkilö")  # of one of producer A's units


def gather(connection: Connection) -> None:
    """Make the cast, but for the resident, where they are not there yet."""
    known = {name for name, *_rest in accounts.listed(connection)}
    for name, shown, role, producer in CAST:
        if name not in known:
            accounts.new(
                connection,
                name,
                shown=shown,
                role=role,
                producer=producer,
                by="torni demo",
                official=OFFICIALS.get(name, accounts.Official()),
                invented=True,
            )


def settle_resident(connection: Connection, world: World) -> None:
    """Make the resident of the cast one of the year's: the first adult whom producer A's home care visits."""
    import polars as pl

    if any(name == RESIDENT[0] for name, *_rest in accounts.listed(connection)):
        return
    teams = world.units.with_row_index("row").filter(
        (pl.col("kind") == "home_care") & (pl.col("producer") == PRODUCER_A)
    )
    cared = world.residents.filter((pl.col("age") >= 75) & (pl.col("home_care_unit") >= 0))
    mine = cared.filter(pl.col("home_care_unit").is_in(teams["row"].to_list()))
    chosen = mine if len(mine) else cared if len(cared) else world.residents
    accounts.new(
        connection, RESIDENT[0], shown=RESIDENT[1], role="resident", client=int(chosen["client"][0]), by="torni demo", invented=True
    )  # fmt: skip
