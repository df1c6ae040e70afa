"""The words of supervision: differences, promises about what happens, and alerts, as people read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from torni.core.language import _, euros_text, language, ngettext, number, per_cent
from torni.facts.door import HELSINKI
from torni.promises.accrual import Accrued
from torni.promises.finding import Finding, Level
from torni.promises.promise import day_text as day_text
from torni.promises.said import VALUE
from torni.supervision.afterwards import Afterwards
from torni.supervision.alerts import Alert
from torni.supervision.handling import Step
from torni.supervision.reconcile import Remark

_MOST_NAMED = 5


def kind_name(kind: str) -> str:
    return {
        "wrong": _("wrong amount"), "never_billed": _("never billed"), "billed_twice": _("billed twice"), "no_service": _("charge without a service"),
        "over_ceiling": _("over the yearly ceiling"), "cannot_tell": _("cannot be reckoned"),
    }[kind]  # fmt: skip


def remark_text(remark: Remark) -> str:
    """What is no difference but is to be seen, as one sentence."""
    formulas, n = ", ".join(remark.formulas), len(remark.events)
    if remark.kind == "not_checked":
        return _("{formulas}: the amounts have not been checked for {year}").format(
            formulas=formulas, year=remark.on.year
        )
    euros = number(float(remark.eur), 2)
    if remark.kind == "two_monthly_fees":
        return _("client {person}, {month}: two fees by the month in one month, {formulas}, {euros} euros").format(
            person=remark.person, month=f"{remark.on:%-m}/{remark.on:%Y}", formulas=formulas, euros=euros
        )
    if remark.kind == "less_than_charged":
        return _(
            "client {person}: fees_paid_this_year_eur from {day} is less than the {euros} euros that the list holds as charged before it"
        ).format(person=remark.person, day=day_text(remark.on), euros=euros)
    told = _("one bill of {n} visits") if remark.eur > 0 else _("one credit of {n} visits")
    events = ", ".join(remark.events[:_MOST_NAMED]) + (" …" if n > _MOST_NAMED else "")
    return f"{told.format(n=number(n))}, {formulas}: {day_text(remark.on)}, {euros} " + _("euros") + f" ({events})"


def level_name(level: Level) -> str:
    return {"unit": _("By unit"), "producer": _("By producer"), "municipality": _("By municipality")}[level]


def accrual_lines(a: Accrued, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """A service's money line by line, what is expected marked as expected: invoiced, expected, accrued, allowed, and the year's end.
    Units whose invoice has not come are named (`names` by unit), and what seems invoiced twice or cannot be told yet is said."""
    awaited = ngettext("of it {n} invoice of a past month", "of it {n} invoices of past months", a.awaited).format(
        n=number(a.awaited)
    )
    lines = [
        (_("Invoiced for this year's service"), euros_text(a.invoiced)),
        (_("Expected, the invoice has not come"), euros_text(a.expected) + (f", {awaited}" if a.awaited else "")),
        (_("Accrued by today"), euros_text(a.total)),
        (_("Of the appropriation by today"), euros_text(a.allowed)),
        (_("Expected by the end of the year"), forecast_text(a)),
        (_("Appropriation of the year"), euros_text(a.appropriation)),
    ]  # fmt: skip
    if not a.unsure:
        apart = a.appropriation - a.forecast
        told = _("Expected to be left") if apart >= 0 else _("Expected to be exceeded by")
        lines.append((told, euros_text(abs(apart))))
    if a.before:
        lines.append((_("Invoiced this year for service of last year"), euros_text(a.before)))
    if a.waiting:
        lines.append(
            (_("No invoice yet of a month that should have one"), _listed([names.get(u, u) for u in a.waiting]))
        )
    if a.unsure:
        lines.append(
            (_("Has invoiced once: how often cannot be told yet"), _listed([names.get(u, u) for u in a.unsure]))
        )
    if a.doubled:
        lines.append((_("Invoices twice as great as usual, or more: perhaps the same twice"), number(a.doubled)))
    return lines


def _listed(units: Sequence[str]) -> str:
    more = len(units) - _MOST_NAMED
    return ", ".join(units[:_MOST_NAMED]) + (" " + _("and {n} more").format(n=number(more)) if more > 0 else "")


def forecast_text(a: Accrued) -> str:
    """The forecast with its range, or that there are too few whole months to tell one, or that it cannot be told yet."""
    if a.unsure:
        return _unsure(a)
    told = euros_text(a.forecast)
    if a.low is None or a.high is None:
        return _("{euros}; too few months are whole to tell a range").format(euros=told)
    low, high = euros_text(a.low), euros_text(a.high)
    if low == high:
        return told
    return _("{euros}, with a chance of {share} between {low} and {high}").format(
        euros=told, share=per_cent(a.range_share, 0), low=low, high=high
    )


def forecast_cell(a: Accrued) -> tuple[str, str]:
    """The same for a table: the forecast, and under it the range with its chance or why there is none."""
    if a.unsure:
        return "–", _unsure(a)
    told = euros_text(a.forecast)
    if a.low is None or a.high is None:
        return told, _("too few whole months for a range")
    low, high = euros_text(a.low), euros_text(a.high)
    return told, "" if low == high else f"{per_cent(a.range_share, 0)}: {low} – {high}"


def _unsure(a: Accrued) -> str:
    return ngettext(
        "cannot be told yet: {n} unit has invoiced only once",
        "cannot be told yet: {n} units have invoiced only once",
        len(a.unsure),
    ).format(n=number(len(a.unsure)))


def change_text(change: float | None) -> str:
    """A change in percentage points, or nothing where it rounds to none."""
    if change is None or abs(change) < 0.0005:
        return ""
    return ("+" if change > 0 else "−") + number(abs(change) * 100, 1)


def alert_text(alert: Alert, found: Finding | None, where: str, service: str) -> str:
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
    told = broken_text(found, found.promise.share_text(alert.value or 0))
    if since:
        return _("{where}: {told}. From {day} on {missed} of {total} missed").format(
            where=place, told=told, day=since, missed=number(alert.missed), total=number(alert.total)
        )
    return f"{place}: {told}"


def broken_text(found: Finding, value: str) -> str:
    """What is wrong where a promise is not kept; where the sentence ends with how much of it is, also its target."""
    told = found.promise.broken_text(value)
    if not str(found.promise.broken).endswith(VALUE):
        return told
    return _("{told}, target {target}").format(told=told, target=found.promise.group_target_words(found))


def alert_told(alert: Alert, found: Finding | None, where: str, service: str) -> str:
    """The alert's sentence with what its number rests on: over which days, up to which, and how many of how many."""
    text = alert_text(alert, found, where, service)
    if alert.kind != "promise" or found is None or alert.until is None:
        return text
    until = day_text(alert.until)
    if alert.began:
        return _("{text}, up to {day}").format(text=text, day=until)
    if alert.days is None:
        return _("{text} (as it stood {day})").format(text=text, day=until)
    if found.promise.alerts_by == "units" or not alert.total:  # no counts of events
        return _("{text} ({days} days up to {day})").format(text=text, days=alert.days, day=until)
    return _("{text} ({met} of {total} in {days} days up to {day})").format(
        text=text, met=number(alert.total - alert.missed), total=number(alert.total), days=alert.days, day=until
    )


def sample_text(invented: Mapping[str, object] | None, residents: int) -> str:
    """That what happens is told of fewer invented residents than live in the region; empty where it is not, or they are as many."""
    sample = (invented or {}).get("residents")
    if not isinstance(sample, int) or not 0 < sample < residents:
        return ""
    return _(
        "These figures of what happens are of {sample} invented residents, not of the region's {all}: compare shares, not counts or sums."
    ).format(sample=number(sample), all=number(residents))


def handling_state(state: str) -> str:
    """How an alert stands, of whoever's it is."""
    return {"new": _("not taken up"), "taken_up": _("taken up"), "done": _("dealt with"), "set_aside": _("set aside")}[
        state
    ]


def step_text(step: Step, actions: Mapping[str, str]) -> str:
    """What was done of an alert. `actions`: the names of those that the definition offers, by id."""
    if step.did == "acted":
        told = actions.get(step.action, step.action)
        return f"{told}: {step.text}" if step.text else told
    told = {
        "taken_up": _("Taken up"), "done": _("Dealt with: {text}"), "set_aside": _("Set aside: {text}")
    }[step.did]  # fmt: skip
    return told.format(text=step.text)


def afterwards_lines(a: Afterwards) -> list[str]:
    """What came after an action, sentence by sentence: the shares, the difference, and what is not considered. Why not, where it cannot be told."""
    if a.found is None or a.since is None or a.until is None or a.acted is None:
        return [_("Cannot be told: {why}.").format(why=a.why)]
    c, days = a.found, (day_text(a.since), day_text(a.acted), day_text(a.until))
    points = [number(abs(x) * 100, 1) for x in (c.difference, c.low, c.high)]
    signs = ["+" if x > 0 else "\N{MINUS SIGN}" for x in (c.difference, c.low, c.high)]
    lines = [
        _("Missed or late from {since} {before}, from {acted} to {until} {after}.").format(
            since=days[0], acted=days[1], until=days[2], before=per_cent(c.before), after=per_cent(c.after)
        ),
        ngettext(
            "At {n} comparable one in the same days {before} and {after}.",
            "At {n} comparable ones in the same days {before} and {after}.",
            c.others,
        ).format(n=number(c.others), before=per_cent(c.others_before), after=per_cent(c.others_after)),
        _("Difference of the changes {points} percentage points (with a chance of 95 % between {low} and {high}): {verdict}.").format(
            points=signs[0] + points[0], low=signs[1] + points[1], high=signs[2] + points[2],
            verdict={"fewer": _("fewer missed than elsewhere"), "more": _("more missed than elsewhere"), "alike": _("chance alone could give it")}[a.verdict],
        ),
    ]  # fmt: skip
    told = _(
        "What else was done or changed at the same time is not told apart, nor that clients differ from unit to unit."
    )
    if a.chosen:
        told += " " + _(
            "Days before the alarm are counted in: an alert is told when its numbers are at their worst, and they come back in part by themselves."
        )
    return [*lines, told]


def moment_text(moment: datetime) -> str:
    """The moment by the Finnish clock; in the hour that comes twice when the clock is turned, also which of the two it is."""
    local = moment.astimezone(HELSINKI)
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    which = f" (UTC{local:%z})".replace("00)", ")").replace("+0", "+") if twice else ""
    return f"{local:%-d.%-m.%Y} " + _("at") + (f" {local:%-H:%M}" if language() == "en" else f" {local:%-H.%M}") + which
