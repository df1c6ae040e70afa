"""What waits for the cast when the demonstration opens: a need to assess, a decision to make, plans to confirm and to mend, a message, feedback.

Written by the very steps that the pages take, through the ordinary door, at the room's newest moment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from torni.facts import accounts, persons, senders
from torni.facts.door import Door, local_day
from torni.facts.opening import Connection
from torni.guidance import messages, review, steps
from torni.guidance.case import Case, Item, case_of, facts_of
from torni.guidance.client import client_of
from torni.guidance.forms import AssessmentForm, DecisionForm, PlanForm
from torni.guidance.permits import represented
from torni.guidance.proposal import proposal_of
from torni.services.rules import Rules
from torni.simulation.cast import CAST, HEAD, OFFICIALS, PRODUCER_A, PRODUCER_B, RELATIVE, RESIDENT

PRICES = {PRODUCER_A: 3_950, PRODUCER_B: 4_290}  # cents an hour, invented
LANGUAGES = {PRODUCER_A: "fi", PRODUCER_B: "fi sv"}  # invented
SHOWN = {name: shown for name, shown, *_rest in CAST}


def set_scene(connection: Connection, door: Door, rules_on: Callable[[date], Rules]) -> int:
    """Write the scene, once. Returns how many events were written."""
    row = connection.execute("SELECT recorded_at FROM room").fetchone()
    resident = connection.execute("SELECT s.client FROM account a JOIN standing s USING (account) WHERE a.name = %s", [RESIDENT[0]]).fetchone()  # fmt: skip
    if row is None or resident is None:
        return 0
    at: datetime = row[0]
    scene = _Scene(connection, door, rules_on(local_day(at)), at)
    scene.resident(resident[0])
    scene.needs()
    scene.relative(resident[0])
    scene.head_of_a_unit()
    scene.vouchers()
    scene.budget()
    scene.refused_by_b()
    scene.time_proposed_by_a(resident[0])
    scene.dissatisfied(resident[0])
    scene.refusals(resident[0])
    return scene.written


class _Scene:
    def __init__(self, connection: Connection, door: Door, rules: Rules, at: datetime) -> None:
        self.connection, self.door, self.rules, self.at = connection, door, rules, at
        self.units: dict[str, str] = dict(connection.execute("SELECT unit, name FROM unit").fetchall())
        self.written = 0

    def resident(self, client: int) -> None:
        """Aino: her own name, the cast's case manager, a message, and a plan with more hours that producer A has not opened."""
        case = self.case(client)
        register = case.person.rows[0]
        data = {"municipality": register[1], "born": str(register[2]), "name": RESIDENT[1]}
        self.send(
            {
                "source": "population register",
                "id": "scene/name",
                "type": "resident.registered",
                "at": self.at,
                "client": client,
                "data": data,
            }
        )
        self.send(steps.name_manager(case, "case-manager", at=self.at))
        self.send(
            messages.write(
                client,
                "Hei! Voisiko hoitaja tulla aamulla vasta yhdeksältä? Nukun nykyään pidempään.",
                kind="message",
                at=self.at,
                once="scene",
            )
        )
        self.change(client, hours=4, why="Aino tarvitsee apua nyt myös iltaisin.")

    def dissatisfied(self, but: int) -> None:
        """A client of producer A's who was not pleased with a visit, and lets the case manager know."""
        client = self.own(PRODUCER_A, but)
        visits = [e for e in self.case(client).events if e.type == "visit.made" and e.unit] if client else []
        if client and visits:
            visit = max(visits, key=lambda e: (e.at, e.position))
            text = "Kävijä oli taas uusi eikä tiennyt, mitä lääkkeitä otan."
            self.send(messages.rate(visit, 2, at=self.at, once="scene"))
            self.send(messages.tell(client, visit, 2, text, at=self.at, once="scene"))

    def needs(self) -> None:
        """Three elders without home care: one reported long ago, one just now, one assessed and waiting for a decision."""
        found = self.connection.execute(
            "SELECT client FROM client c WHERE born < %s AND NOT EXISTS (SELECT 1 FROM event e WHERE e.client = c.client AND e.type IN "
            "('service.started', 'need.reported')) ORDER BY md5(client::text) LIMIT 3",
            [local_day(self.at).replace(day=1) - timedelta(days=365 * 78)],
        ).fetchall()  # fmt: skip
        told = (
            (8, "telephone", "Äiti on kaatunut kahdesti, eikä enää uskalla käydä suihkussa yksin."),
            (0, "own_form", "Tarvitsisin apua lääkkeiden kanssa."),
            (12, "referral", "Kotiutuu sairaalasta. Tarvitsee apua aamu- ja iltatoimissa."),
        )
        for (client,), (days, channel, text) in zip(found, told, strict=False):
            reported = self.at - timedelta(days=days)
            self.send(steps.report(client, channel=channel, text=text, by=SHOWN["adviser"], at=reported, once="scene"))
        if len(found) == 3:
            case, on = self.case(found[2][0]), local_day(self.at) - timedelta(days=6)
            facts = {"rai_maple": {"value": 4, "on": str(on)}, "rai_cps": {"value": 1, "on": str(on)}, "rai_adlh": {"value": 2, "on": str(on)}, "housing": "own_home", "household_size": 1, "gross_income_eur_month": "1850.00", "service_hours_month": 14, "wants_voucher": True}  # fmt: skip
            self.send(
                steps.assess(
                    case, case.needs[0].matter,
                    AssessmentForm(facts, "needs", "interRAI HC", on, "Selviytyy kotona, kun apua on aamuisin ja iltaisin. Tytär käy viikonloppuisin."),
                    by=SHOWN["adviser"], at=self.at - timedelta(days=6),
                )
            )  # fmt: skip

    def relative(self, client: int) -> None:
        """Aino's daughter, who acts for her by authorisation, of the same municipality."""
        row = self.connection.execute(
            "SELECT min(c.client) FROM client c JOIN client a ON a.client = %s AND a.municipality = c.municipality WHERE c.born BETWEEN '1962-01-01' AND '1985-01-01'",
            [client],
        ).fetchone()  # fmt: skip
        if row and row[0] is not None and not self.known(RELATIVE[0]):
            accounts.new(
                self.connection,
                RELATIVE[0],
                shown=RELATIVE[1],
                role="resident",
                client=row[0],
                by="torni demo",
                invented=True,
            )
            self.send(represented(self.case(client), str(row[0]), "proxy", until=None, by=SHOWN["adviser"], at=self.at))

    def head_of_a_unit(self) -> None:
        """The head of producer A's home-care unit that was sent the most plans."""
        row = self.connection.execute(
            "SELECT unit FROM event WHERE type = 'plan.sent' AND producer = %s GROUP BY unit ORDER BY count(*) DESC, unit LIMIT 1",
            [PRODUCER_A],
        ).fetchone()  # fmt: skip
        if row and not self.known(HEAD[0]):
            accounts.new(
                self.connection,
                HEAD[0],
                shown=HEAD[1],
                role="producer",
                producer=PRODUCER_A,
                unit=row[0],
                by="torni demo",
                invented=True,
            )

    def known(self, name: str) -> bool:
        return any(name == found for found, *_rest in accounts.listed(self.connection))

    def vouchers(self) -> None:
        """The home-care units of the invented producers approved as voucher producers, at invented prices."""
        rows = self.connection.execute(
            "SELECT DISTINCT ON (unit) unit, producer FROM unit WHERE kind = 'home_care' AND producer = ANY (%s) ORDER BY unit, valid_from DESC",
            [list(PRICES)],
        ).fetchall()
        common = {"source": "torni", "type": "voucher_producer.approved", "at": self.at, "service": "home_care"}
        self.send(
            *(
                {
                    **common,
                    "id": f"scene/{unit}",
                    "unit": unit,
                    "cents": PRICES[producer],
                    "data": {"languages": LANGUAGES[producer]},
                }
                for unit, producer in rows
            )
        )

    def budget(self) -> None:
        """A client with a personal budget since the summer, used a little more than planned this month."""
        row = self.connection.execute(
            "SELECT min(client) FROM client c WHERE born < %s AND NOT EXISTS (SELECT 1 FROM event e WHERE e.client = c.client AND e.type IN "
            "('service.started', 'need.reported'))", [local_day(self.at) - timedelta(days=365 * 66)],
        ).fetchone()  # fmt: skip
        if row is None or row[0] is None:
            return
        client, begun = row[0], self.at - timedelta(days=100)
        self.send(
            steps.report(
                client,
                channel="own_form",
                text="Haluaisin valita avustajani itse.",
                by=SHOWN["adviser"],
                at=begun,
                once="budget",
            )
        )
        on = str(local_day(begun))
        facts = {"rai_maple": {"value": 4, "on": on}, "rai_adlh": {"value": 2, "on": on}, "housing": "own_home", "household_size": 1, "gross_income_eur_month": "1700.00", "service_hours_month": 30, "manages_budget": True}  # fmt: skip
        case = self.case(client)
        self.send(steps.assess(case, case.needs[0].matter, AssessmentForm(facts, "needs", "interRAI HC", local_day(begun), "Osaa järjestää apunsa itse."), by=SHOWN["adviser"], at=begun))  # fmt: skip
        case = self.case(client)
        decision = proposal_of(self.rules, "home_care", client_of(facts_of(case), self.rules))
        self.send(*steps.decide(
            case, case.needs[0], decision, DecisionForm(
                "granted", "Asiakas hallitsee budjettinsa ja tietää, mitä tarvitsee.", "Sovittu asiakkaan kanssa." * (decision.verdict != "granted"),
                first_day=local_day(begun), channel="budget",
            ), by=SHOWN["adviser"], official=OFFICIALS["adviser"], at=begun,
        ))  # fmt: skip
        self.send(steps.name_manager(self.case(client), "case-manager", at=self.at))
        for n, (days, cents, what) in enumerate(((99, 148_000, "Avustajan palkka"), (40, 162_000, "Avustajan palkka"), (9, 191_000, "Avustajan palkka ja sijainen"), (2, 24_000, "Kuljetukset kerhoon"))):  # fmt: skip
            case, at = self.case(client), self.at - timedelta(days=days)
            self.send(
                steps.use_budget(
                    case,
                    case.decisions[0],
                    cents,
                    what=what,
                    on=local_day(at),
                    by=SHOWN["case-manager"],
                    at=at,
                    once=f"scene{n}",
                )
            )

    def refusals(self, resident: int) -> None:
        """Two refused housing services: Aino may still ask for a review, another has asked and waits."""
        self.refused(resident, days=9)
        row = self.connection.execute(
            "SELECT max(client) FROM client c WHERE born < %s AND NOT EXISTS (SELECT 1 FROM event e WHERE e.client = c.client AND e.type IN "
            "('service.started', 'need.reported'))", [local_day(self.at) - timedelta(days=365 * 80)],
        ).fetchone()  # fmt: skip
        if row and row[0] is not None:
            self.refused(row[0], days=20)
            case = self.case(row[0])
            text = "En pärjää yöllä yksin. Pyydän, että saan palveluasumista."
            self.send(review.ask(case, case.decisions[0], text, on=case.today, by="", at=self.at, source="own"))

    def refused(self, client: int, *, days: int) -> None:
        """A need of housing, assessed and refused so many days ago, as the rules propose."""
        told = self.at - timedelta(days=days + 5)
        self.send(steps.report(client, channel="own_form", text="Haluaisin muuttaa palvelutaloon.", by=SHOWN["adviser"], at=told, once="refused"))  # fmt: skip
        case, at = self.case(client), self.at - timedelta(days=days)
        on = str(local_day(at))
        facts = {"rai_maple": {"value": 3, "on": on}, "rai_cps": {"value": 1, "on": on}, "rai_adlh": {"value": 1, "on": on}, "housing": "own_home", "household_size": 1, "gross_income_eur_month": "1720.00", "home_care_not_enough": False, "professional_supports": False}  # fmt: skip
        self.send(steps.assess(case, case.needs[0].matter, AssessmentForm(facts, "needs", "interRAI HC", local_day(at), "Kotiin annettava apu riittää vielä."), by=SHOWN["adviser"], at=at))  # fmt: skip
        case = self.case(client)
        decision = proposal_of(self.rules, "elder_housing", client_of(facts_of(case), self.rules))
        self.send(*steps.decide(
            case, case.needs[0], decision, DecisionForm(
                "refused", "Kotihoito ja turvapuhelin riittävät, ja yöt sujuvat.", "Sovittu lisäavusta kotiin." * (decision.verdict != "refused"),
            ), by=SHOWN["adviser"], official=OFFICIALS["adviser"], at=at,
        ))  # fmt: skip

    def refused_by_b(self) -> None:
        """A client of the cast's case manager whose producer B cannot take more hours."""
        client = self.own(PRODUCER_B)
        if client:
            self.change(client, hours=8, why="Avun tarve kasvoi kaatumisen jälkeen.")
            sent = self.case(client).sent[0]
            self.send(*steps.answer(sent, client, "opened", by=SHOWN["producer-b"], at=self.at, source=PRODUCER_B))
            self.send(*steps.answer(sent, client, "refused", by=SHOWN["producer-b"], at=self.at, source=PRODUCER_B, why="Iltavuorossa ei ole tilaa ennen vuodenvaihdetta."))  # fmt: skip

    def time_proposed_by_a(self, but: int) -> None:
        """Another for whom producer A proposes to begin a few days later."""
        client = self.own(PRODUCER_A, but)
        if client:
            self.change(client, hours=2, why="Lisätään ulkoiluapu.")
            sent = self.case(client).sent[0]
            self.send(*steps.answer(sent, client, "opened", by=SHOWN["producer-a"], at=self.at, source=PRODUCER_A))
            self.send(*steps.answer(sent, client, "time_proposed", by=SHOWN["producer-a"], at=self.at, source=PRODUCER_A, start=local_day(self.at) + timedelta(days=5)))  # fmt: skip

    def own(self, producer: str, but: int = -1) -> int | None:
        """The cast's case manager's first client with a plan at the producer, not this one."""
        row = self.connection.execute(
            "SELECT min(c.client) FROM (SELECT DISTINCT client FROM care WHERE case_manager = 'case-manager') c WHERE client <> %(but)s "
            "AND manager_of(client) = 'case-manager' AND EXISTS (SELECT 1 FROM event e WHERE e.client = c.client AND e.type = 'plan.confirmed' "
            "AND e.producer = %(producer)s)",
            {"producer": producer, "but": but},
        ).fetchone()  # fmt: skip
        return row[0] if row else None

    def change(self, client: int, *, hours: int, why: str) -> None:
        """The next version of the plan: so many hours more of its first service, from tomorrow's week on."""
        case = self.case(client)
        if case.plan is None:
            return
        items = [i if n else self.more(i, hours) for n, i in enumerate(case.plan.items)]
        today = local_day(self.at)
        self.send(
            *steps.plan(
                case,
                PlanForm(case.plan.goals, tuple(items), today, why),
                by=SHOWN["case-manager"],
                at=self.at,
                rules=self.rules,
                units=self.units,
            )
        )

    def more(self, item: Item, hours: int) -> Item:
        return replace(item, hours_month=(item.hours_month or 0) + hours, start=local_day(self.at) + timedelta(days=1))

    def case(self, client: int) -> Case:
        return case_of(
            persons.as_owner(self.connection, client, visits_since=self.at - timedelta(days=60)), local_day(self.at)
        )

    def send(self, *events: dict[str, Any]) -> None:
        done = self.door.accept(list(events), now=self.at, sender=senders.process("torni demo"))
        assert not done.refused, f"the scene is refused: {done.refused}"
        self.written += done.written
