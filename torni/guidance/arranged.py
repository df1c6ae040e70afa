"""What a service costs the client where a voucher or a personal budget pays for it: own share by producer; planned and used."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from torni.facts import worklists
from torni.facts.persons import Happened
from torni.facts.room import Connection
from torni.guidance.case import Case, Made
from torni.guidance.client import Client


@dataclass(frozen=True)
class Offer:
    """One approved unit: the price of an hour, and what of it the client pays, an hour (where the value is one) and a month."""

    unit: str
    price_cents: int
    own_hour_cents: int | None
    own_month_cents: int | None


@dataclass(frozen=True)
class Budget:
    """A personal budget: what is planned a month, what has been used this month and this year, and what the year allows so far."""

    made: Made
    planned_month_cents: int
    used_month_cents: int
    used_year_cents: int
    planned_so_far_cents: int
    uses: tuple[Happened, ...]

    @property
    def over(self) -> bool:
        return self.used_year_cents > self.planned_so_far_cents


def whole_hours(client: Client) -> int | None:
    """The service hours decided a month as a plan writes them: whole, halves up."""
    hours = client.facts.get("service_hours_month")
    return int(Decimal(hours).quantize(Decimal(1), ROUND_HALF_UP)) if isinstance(hours, int | Decimal) else None


def offers(
    value_cents: int, unit: str, hours_month: int | None, prices: Mapping[str, int], *, near: Collection[str] = ()
) -> list[Offer]:
    """Every approved unit, those `near` first, then by own share. `unit`: EUR/hour or EUR/month; `prices`: cents an hour by unit.

    The client pays what the price exceeds the value by, never less than nothing. Not considered: travel and other costs of the
    producer's own price list.
    """
    found = []
    for name, price in prices.items():
        if unit == "EUR/hour":
            hour: int | None = max(0, price - value_cents)
            month = None if hours_month is None else (hour or 0) * hours_month
        else:
            hour, month = None, None if hours_month is None else max(0, price * hours_month - value_cents)
        found.append(Offer(name, price, hour, month))
    return sorted(
        found, key=lambda o: (o.unit not in near, o.own_hour_cents or 0, o.own_month_cents or 0, o.price_cents, o.unit)
    )


def voucher_of(case: Case, service: str | None = None) -> Made | None:
    """The newest decision in force that a voucher pays for, of one service or of any."""
    return _paid_by(case.decisions, "voucher", case.today, service)


def budgets(case: Case) -> list[Budget]:
    """Each personal budget in force, and how it has been used."""
    found = []
    for service in dict.fromkeys(d.service for d in case.decisions):
        made = _paid_by(case.decisions, "budget", case.today, service)
        if made is None or made.value_cents is None:
            continue
        uses = [e for e in case.events if e.type == "budget.used" and e.service == service]
        year = [e for e in uses if _on(e).year == case.today.year]
        month = sum(e.cents or 0 for e in year if _on(e).month == case.today.month)
        begun = max(made.first_day or case.today, date(case.today.year, 1, 1))
        months = case.today.month - begun.month + 1
        found.append(
            Budget(
                made, made.value_cents, month, sum(e.cents or 0 for e in year), made.value_cents * months, tuple(uses)
            )
        )
    return found


def _paid_by(decisions: Sequence[Made], channel: str, on: date, service: str | None) -> Made | None:
    return next((d for d in decisions if d.channel == channel and d.in_force(on) and d.value_cents is not None and service in (None, d.service)), None)  # fmt: skip


def _on(use: Happened) -> date:
    told = (use.data or {}).get("on")
    try:
        return date.fromisoformat(told) if isinstance(told, str) else use.at.date()
    except ValueError:
        return use.at.date()


def offers_now(connection: Connection, case: Case, *, near: Collection[str] = ()) -> tuple[Made, list[Offer]] | None:
    """The voucher in force and what each approved producer would cost the client; None where there is no voucher."""
    made = voucher_of(case)
    if made is None or made.value_cents is None:
        return None
    prices = worklists.voucher_prices(connection, made.service)
    return made, offers(made.value_cents, made.value_unit, made.hours_month, prices, near=near)
