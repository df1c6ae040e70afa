"""Vouchers: which units are approved, at what price, and what of it the client pays beyond the voucher's value (own share)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from torni.facts.opening import Connection


@dataclass(frozen=True)
class Offer:
    """One approved unit: the price of an hour, and what of it the client pays, an hour (where the value is one) and a month."""

    unit: str
    price_cents: int
    own_hour_cents: int | None
    own_month_cents: int | None


def prices(connection: Connection, service: str) -> dict[str, int]:
    """The units approved as voucher producers of a service, and each one's price of an hour in cents."""
    return dict(connection.execute("SELECT unit, cents FROM voucher_prices(%s)", [service]).fetchall())


def languages(connection: Connection) -> dict[str, tuple[str, ...]]:
    """The units that have told in which languages they serve, each with the languages' codes (fi, sv, ...) in the order told."""
    rows = connection.execute("SELECT unit, languages FROM unit_languages()").fetchall()
    return {unit: tuple(dict.fromkeys(re.findall(r"\w+", told.lower()))) for unit, told in rows}


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
