"""Where a voucher or a personal budget pays for a service: the decision in force, what is planned and what has been used."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from torni.facts.opening import Connection
from torni.facts.persons import ClientEvent
from torni.guidance.case import Case, Decision
from torni.guidance.client import Client
from torni.guidance.proposal import HOURS
from torni.producers import vouchers


@dataclass(frozen=True)
class Budget:
    """A personal budget: what is planned a month, what has been used this month and this year, and what the year allows so far."""

    made: Decision
    planned_month_cents: int
    used_month_cents: int
    used_year_cents: int
    planned_so_far_cents: int
    uses: tuple[ClientEvent, ...]

    @property
    def over(self) -> bool:
        return self.used_year_cents > self.planned_so_far_cents


def whole_hours(client: Client) -> int | None:
    """The service hours decided a month as a plan writes them: whole, halves up."""
    hours = client.facts.get(HOURS)
    return int(Decimal(hours).quantize(Decimal(1), ROUND_HALF_UP)) if isinstance(hours, int | Decimal) else None


def voucher_of(case: Case, service: str | None = None) -> Decision | None:
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


def _paid_by(decisions: Sequence[Decision], channel: str, on: date, service: str | None) -> Decision | None:
    return next((d for d in decisions if d.channel == channel and d.in_force(on) and d.value_cents is not None and service in (None, d.service)), None)  # fmt: skip


def _on(use: ClientEvent) -> date:
    told = (use.data or {}).get("on")
    try:
        return date.fromisoformat(told) if isinstance(told, str) else use.at.date()
    except ValueError:
        return use.at.date()


def offers_now(
    connection: Connection, case: Case, *, near: Collection[str] = ()
) -> tuple[Decision, list[vouchers.Offer]] | None:
    """The voucher in force and what each approved producer would cost the client; None where there is no voucher."""
    made = voucher_of(case)
    if made is None or made.value_cents is None:
        return None
    prices = vouchers.prices(connection, made.service)
    return made, vouchers.offers(made.value_cents, made.value_unit, made.hours_month, prices, near=near)
