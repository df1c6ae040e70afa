"""The words of supervision: differences, promises about what happens, and alerts, as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from torni.core.language import _, language, ngettext, number, per_cent
from torni.facts.door import HELSINKI
from torni.services.followed import BudgetPromise, CadencePromise, ListPromise, StaffingPromise
from torni.supervision.accrual import Accrued
from torni.supervision.alerts import Alert
from torni.supervision.measure import Followed, Group, Level

_MOST_NAMED = 5


def kind_name(kind: str) -> str:
    return {
        "wrong": _("wrong amount"), "never_billed": _("never billed"), "billed_twice": _("billed twice"), "no_service": _("charge without a service"),
        "over_ceiling": _("over the yearly ceiling"), "cannot_tell": _("cannot be told"),
    }[kind]  # fmt: skip


def promise_kind_name(kind: str) -> str:
    return {
        "wait": _("Waits"), "delivery": _("Delivery"), "reply": _("Answers"), "billing": _("Billing"), "cadence": _("Supervision visits"),
        "staffing": _("Staffing"), "budget": _("Spending"), "fee": _("Fees"), "list": _("Lists"), "measure": _("Measures"),
    }[kind]  # fmt: skip


def level_name(level: Level) -> str:
    return {"unit": _("By unit"), "producer": _("By producer"), "municipality": _("By municipality")}[level]


def value_text(f: Followed) -> str:
    return "–" if f.value is None else per_cent(f.value)


def target_text(f: Followed) -> str:
    if isinstance(f.promise, BudgetPromise):
        return "≤ " + per_cent(1, 0)
    return _("all") if f.target >= 1 else "≥ " + per_cent(f.target, 0)


def counted_text(f: Followed) -> str:
    """What the value is made of, in one line."""
    if isinstance(f.promise, BudgetPromise):
        if f.accrued is None:
            return _("{euros} M€ this year").format(euros=number(f.met / 1e8, 1))
        return _("accrued {total} M€, of it {expected} M€ expected, without an invoice yet").format(
            total=millions(f.accrued.total), expected=millions(f.accrued.expected)
        )
    if isinstance(f.promise, StaffingPromise | ListPromise | CadencePromise):
        units = f.by["unit"]
        short = sum(g.kept is False for g in units)
        return _("{short} of {all} units short").format(short=number(short), all=number(len(units)))
    return _("{met} of {total} in {days} days").format(
        met=number(f.met), total=number(f.total), days=f.promise.over_days
    )


def millions(cents: int) -> str:
    return number(cents / 1e8, 1)


def accrual_lines(a: Accrued) -> list[tuple[str, str]]:
    """A service's money line by line, what is expected marked as expected: invoiced, expected, accrued, allowed, and the year's end.
    Units whose invoice has not come are named, and what seems invoiced twice or cannot be told yet is said."""
    awaited = ngettext("of it {n} invoice of a past month", "of it {n} invoices of past months", a.awaited).format(
        n=number(a.awaited)
    )
    euros = _("{euros} M€")
    lines = [
        (_("Invoiced for this year's service"), euros.format(euros=millions(a.invoiced))),
        (_("Expected, the invoice has not come"), euros.format(euros=millions(a.expected)) + (f", {awaited}" if a.awaited else "")),
        (_("Accrued by today"), euros.format(euros=millions(a.total))),
        (_("Of the appropriation by today"), euros.format(euros=millions(a.allowed))),
        (_("Expected by the end of the year"), forecast_text(a)),
        (_("Appropriation of the year"), euros.format(euros=millions(a.appropriation))),
    ]  # fmt: skip
    if not a.unsure:
        apart = a.appropriation - a.forecast
        told = _("Expected to be left") if apart >= 0 else _("Expected to be exceeded by")
        lines.append((told, euros.format(euros=millions(abs(apart)))))
    if a.before:
        lines.append((_("Invoiced this year for service of last year"), euros.format(euros=millions(a.before))))
    if a.waiting:
        lines.append((_("No invoice yet of a month that should have one"), _listed(a.waiting)))
    if a.unsure:
        lines.append((_("Has invoiced once: how often cannot be told yet"), _listed(a.unsure)))
    if a.doubled:
        lines.append((_("Invoices twice as great as usual, or more: perhaps the same twice"), number(a.doubled)))
    return lines


def _listed(units: Sequence[str]) -> str:
    more = len(units) - _MOST_NAMED
    return ", ".join(units[:_MOST_NAMED]) + (" " + _("and {n} more").format(n=number(more)) if more > 0 else "")


def forecast_text(a: Accrued) -> str:
    """The forecast with its range, or that there are too few whole months to tell one, or that it cannot be told yet."""
    if a.unsure:
        return ngettext(
            "cannot be told yet: {n} unit has invoiced only once",
            "cannot be told yet: {n} units have invoiced only once",
            len(a.unsure),
        ).format(n=number(len(a.unsure)))
    if a.low is None or a.high is None:
        return _("{euros} M€; too few months are whole to tell a range").format(euros=millions(a.forecast))
    return _("{euros} M€, with a chance of {share} between {low} and {high} M€").format(
        euros=millions(a.forecast), share=per_cent(a.range_share, 0), low=millions(a.low), high=millions(a.high)
    )


def now_text(f: Followed) -> str:
    """What is going on right now: what is owed and overdue, or what of today's has been done."""
    if f.kind == "delivery":
        return _("today {met} of {total}").format(met=number(f.today_met), total=number(f.today_total))
    if f.open:
        return _("{open} open, {overdue} overdue").format(open=number(f.open), overdue=number(f.overdue))
    return ""


def change_text(change: float | None) -> str:
    """A change in percentage points, or nothing where it rounds to none."""
    if change is None or abs(change) < 0.0005:
        return ""
    return ("+" if change > 0 else "−") + number(abs(change) * 100, 1)


def group_value(f: Followed, g: Group) -> str:
    if isinstance(f.promise, BudgetPromise):
        return _("{euros} M€").format(euros=number(g.met / 1e8, 2))
    if g.value is None:
        return "–"
    return number(g.value, 2) if isinstance(f.promise, StaffingPromise) else per_cent(g.value)


def alert_text(alert: Alert, found: Followed | None, where: str, service: str) -> str:
    """One sentence: what, where, how much."""
    if alert.kind == "records":
        days = alert.missed
        return ngettext(
            "{where}: records are missing for {days} day; nothing is held against anybody for it",
            "{where}: records are missing for {days} days; nothing is held against anybody for them",
            days,
        ).format(where=where, days=days)
    place = where or _("the whole region")
    since = day_text(alert.began) if alert.began else ""
    if alert.kind == "demand":
        return _("{where}, {service}: {now} new needs a week from {day} on, {before} before").format(
            where=place, service=service, now=number(alert.value or 0), before=number(alert.target or 0), day=since
        )
    assert found is not None
    value = number(alert.value or 0, 2) if isinstance(found.promise, StaffingPromise) else per_cent(alert.value or 0)
    if since:
        return _("{where}: {sentence}. From {day} on {value}: {missed} of {total} missed").format(
            where=place, sentence=str(found.promise.sentence), value=value, day=since, missed=number(alert.missed), total=number(alert.total)
        )  # fmt: skip
    return _("{where}: {sentence}. Now {value}").format(where=place, sentence=str(found.promise.sentence), value=value)


def day_text(day: date) -> str:
    return f"{day:%-d.%-m.%Y}"


def moment_text(moment: datetime) -> str:
    """The moment by the Finnish clock; in the hour that comes twice when the clock is turned, also which of the two it is."""
    local = moment.astimezone(HELSINKI)
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    which = f" (UTC{local:%z})".replace("00)", ")").replace("+0", "+") if twice else ""
    return f"{local:%-d.%-m.%Y} " + _("at") + (f" {local:%-H:%M}" if language() == "en" else f" {local:%-H.%M}") + which
