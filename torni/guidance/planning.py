"""What a client's next plan may hold: the services, the units that may give each, and the plan as a form has it and reads it back.

A form's rows are numbered: `service-0`, `unit-0`, `what-0`, `hours-0`, `start-0`, `ends-0`, and `item-0`, the letter by which the plan
knows the service; `contact-address`, `contact-phone`, `contact-door`, `contact-language`; `goals`, a goal a line; `agreed`, the day of the client's agreement; `why`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from torni.core.language import t
from torni.facts.opening import Connection
from torni.guidance import paid_by
from torni.guidance.case import Case, Contact, Decision, Item, Plan
from torni.guidance.enrolment import RegisterRow
from torni.guidance.fees import money
from torni.guidance.forms import PlanForm, day_of, hours_of
from torni.guidance.permits import permits_of
from torni.producers import vouchers
from torni.services.rules import Rules

MOST_GOALS = 20


@dataclass(frozen=True)
class Plannable:
    """A service that the plan may hold, and the units that give it: each with its name, and its own share where a voucher pays."""

    service: str
    name: str
    units: tuple[tuple[str, str], ...]


def allowed(connection: Connection, case: Case, register: Sequence[RegisterRow]) -> dict[str, set[str]]:
    """For each service that not every unit may give, those that may: a voucher's approved units, none of a producer the client forbids."""
    forbidden = {against for against, _since in permits_of(case).forbidden}
    paid = [d.service for d in case.decisions if paid_by.voucher_of(case, d.service)]
    found = {service: set(vouchers.prices(connection, service)) for service in paid}
    for service in {row[2] for row in register} if forbidden else ():
        mine = {
            unit for unit, _name, kind, producer, _home in register if kind == service and producer not in forbidden
        }
        found[service] = found.get(service, mine) & mine
    return found


def plannable(connection: Connection, case: Case, rules: Rules, register: Sequence[RegisterRow]) -> list[Plannable]:
    """The services that the next plan may hold: granted and in force, going on, in the plan already, or such as nobody has to grant; of
    those only what some unit may give. The units are of the service's kind, the client's home municipality first, then by name."""
    rows = sorted(register, key=lambda r: (r[4] != case.home, r[1]))
    kinds = {row[2] for row in rows}
    may, found = allowed(connection, case, register), []
    there = {i.unit for i in case.plan.items} if case.plan else set()  # what goes on there can be ended there
    for name, service in rules.library.services.items():
        own = [
            (u, text)
            for u, text, kind, _producer, _home in rows
            if kind == name and (name not in may or u in may[name] | there)
        ]
        if own and name in kinds and _may_hold(case, name, rules):
            found.append(Plannable(name, str(service.name), tuple(_with_shares(connection, case, name, own))))
    return found


def _may_hold(case: Case, service: str, rules: Rules) -> bool:
    granted = any(d.service == service and d.in_force(max(case.today, d.first_day or date.min)) for d in case.decisions)
    planned = case.plan is not None and any(i.service == service for i in case.plan.items)
    return granted or planned or any(e.service == service for e in case.serving) or service not in rules.granting


def _with_shares(
    connection: Connection, case: Case, service: str, units: Sequence[tuple[str, str]]
) -> Sequence[tuple[str, str]]:
    """The units with the client's own share beside the name, where a voucher pays."""
    made = paid_by.voucher_of(case, service)
    if not made or made.value_cents is None:
        return units
    prices = vouchers.prices(connection, service)
    shares = {f.unit: f for f in vouchers.offers(made.value_cents, made.value_unit, made.hours_month, prices)}
    return [(u, f"{text} ({_own_share(shares[u])})" if u in shares else text) for u, text in units]


def _own_share(offer: vouchers.Offer) -> str:
    if offer.own_hour_cents is not None:
        return t("own share {amount} an hour", amount=money(offer.own_hour_cents / 100))
    return t("own share {amount} a month", amount=money((offer.own_month_cents or 0) / 100))


def form_of(case: Case) -> dict[str, str]:
    """The form as the plan stands, and after it what has been granted and is not planned yet, as the decision says it; services that ended
    before the case's day are left out. The client's agreement is never filled in: it is asked each time."""
    newest: Plan | None = case.plan
    given = {"goals": "\n".join(newest.goals) if newest else ""}
    given |= {f"contact-{name}": text for name, text in (newest.contact.json() if newest else {}).items()}
    for i, item in enumerate(newest.items if newest else ()):
        if item.ends and item.ends < case.today:
            continue
        given |= {
            f"item-{i}": item.item, f"service-{i}": item.service, f"unit-{i}": item.unit, f"what-{i}": item.what, f"hours-{i}": str(item.hours_month or ""),
            f"start-{i}": str(item.start or ""), f"ends-{i}": str(item.ends or ""),
        }  # fmt: skip
    first = len(newest.items) if newest else 0
    for i, made in enumerate(_unplanned(case), first):
        given |= {
            f"service-{i}": made.service, f"hours-{i}": str(made.hours_decided or ""), f"start-{i}": str(made.first_day or ""),
            f"ends-{i}": str(made.last_day or ""),
        }  # fmt: skip
    return given


def _unplanned(case: Case) -> Iterator[Decision]:
    """The newest decision in force, or to come, of each service that the plan does not hold."""
    seen = {i.service for i in case.plan.items} if case.plan else set()
    for made in case.decisions:
        if made.service not in seen and made.in_force(max(case.today, made.first_day or date.min)):
            seen.add(made.service)
            yield made


def read(case: Case, given: Mapping[str, str]) -> PlanForm:
    """The form read back. A day or a number that is none is a fault, each told; a row without a service is empty."""
    goals = [line.strip() for line in given.get("goals", "").splitlines() if line.strip()][:MOST_GOALS]
    items = tuple(_items(case, given))
    return PlanForm(
        tuple(goals),
        items,
        day_of(given.get("agreed", ""), t("the client's agreement")),
        given.get("why", ""),
        Contact(*(given.get(f"contact-{name}", "").strip() for name in ("address", "phone", "door", "language")))
        if any(k.startswith("contact-") for k in given)
        else None,
    )


def _items(case: Case, given: Mapping[str, str]) -> list[Item]:
    """The services of the form. A new row gets the next letter."""
    known = {i.item: i for i in case.plan.items} if case.plan else {}
    used = set(known)
    items = []
    for i in sorted(int(k.split("-")[1]) for k in given if k.startswith("service-") and k.split("-")[1].isdigit()):
        service, unit = given.get(f"service-{i}", ""), given.get(f"unit-{i}", "")
        if not service:
            continue
        letter = given.get(f"item-{i}", "")
        if letter not in known:
            letter = next(c for n in range(1, 100) for c in [chr(96 + n) if n <= 26 else f"s{n}"] if c not in used)
        used.add(letter)
        hours = given.get(f"hours-{i}", "")
        was = known.get(letter)
        items.append(
            Item(
                letter, service, unit, given.get(f"what-{i}", ""), hours_of(hours), day_of(given.get(f"start-{i}", ""), t("the first day")),
                day_of(given.get(f"ends-{i}", ""), t("the last day")), was.need if was else _granting_need(case, service),
            )
        )  # fmt: skip
    return items


def _granting_need(case: Case, service: str) -> str:
    """The matter in which the service was granted: its start answers the promise that the decision began."""
    made = next((d for d in case.decisions if d.service == service and d.verdict == "granted" and not d.changed), None)
    return made.matter if made else ""
