"""The confirmation of a choice: which unit or producer, from when, what the client pays there, and how another is chosen.

It is no decision, and so nothing to ask a review of: the choice was the client's own.
"""

from __future__ import annotations

from datetime import date, timedelta

from torni.core.language import language, t
from torni.engines.rules.sentences import day
from torni.guidance import letter_grounds as grounds
from torni.guidance.case import Case, Decision, Sent
from torni.guidance.enrolment import Enrolled
from torni.guidance.fees import money, unit_text
from torni.guidance.letter import Letter
from torni.guidance.letter_grounds import Fee, Head
from torni.producers.vouchers import offers
from torni.services.library import Library
from torni.services.schema import CHANNELS, Source


def enrolment_letter(case: Case, chosen: Enrolled, unit: str, library: Library) -> Letter:
    """The confirmation that a unit was chosen for care (`unit`: its name), under the definitions of the day of the choice."""
    moves = library.value("enrolment.moves_in_days")
    head = grounds.authority(library)
    lines, sources = _fees(chosen.service, library)
    by = chosen.since + timedelta(days=int(library.number("enrolment.moves_in_days")))
    where = f"{head.name}, {head.reached}" if head.reached else head.name
    decided = [
        t("You have chosen where you are cared for: {unit}. Your choice was registered on {day}.", unit=unit, day=day(chosen.since)),
        t("Responsibility for your care moves there by {day}.", day=day(by)),
    ]  # fmt: skip
    pays = t("The choice itself costs nothing. The client fees are those that the wellbeing services county has decided, wherever you are cared for.")  # fmt: skip
    changed = [t("You may choose another from {day}, on your own page or in writing: {where}.", day=day(chosen.may_change), where=where)]  # fmt: skip
    invented = any(s.invented for s in sources)
    return _letter(
        case, unit, chosen.since, library, head, decided, Fee(t("Client fees"), lines, pays), t("How you choose another"), changed, [moves.source, *sources], invented,
    )  # fmt: skip


def producer_letter(
    case: Case, sent: Sent, made: Decision, unit: str, price_cents: int | None, library: Library
) -> Letter:
    """The confirmation of the producer that a voucher pays for. `made`: the decision on the voucher; `price_cents`: of an hour, on the
    library's day; None where the unit has no approved price any more."""
    service = library.services.get(made.service)
    name = grounds.inside(str(service.name) if service else made.service)
    hours = sent.item.hours_month or made.hours_month
    begins = sent.start or sent.item.start
    decided = [t("You have chosen a producer: {unit}. The service: {service}.", unit=unit, service=name + (f", {grounds.hours_text(hours)}" if hours else ""))]  # fmt: skip
    if begins:
        decided.append(t("The producer has confirmed it. The service begins on {day}.", day=day(begins)))
    lines: list[tuple[str, str]] = []
    if made.value_cents is not None:
        lines.append((t("The voucher's value"), money(made.value_cents / 100) + unit_text(made.value_unit)))
    if made.value_cents is not None and price_cents is not None:
        (own,) = offers(made.value_cents, made.value_unit, hours, {sent.unit: price_cents})
        lines.insert(0, (t("The producer's price"), money(price_cents / 100) + unit_text("EUR/hour")))
        if own.own_hour_cents is not None:
            lines.append((t("Your own share"), money(own.own_hour_cents / 100) + unit_text("EUR/hour")))
        if own.own_month_cents is not None and hours:
            lines.append((t("Your own share for {hours}", hours=grounds.hours_text(hours)), money(own.own_month_cents / 100)))  # fmt: skip
    pays = t("You pay the producer the difference between its price and the voucher's value (your own share). No client fee is charged.")  # fmt: skip
    changed = [t("You may choose another of the approved producers, or refuse the voucher. Tell your case manager: a message on your own page will do. The producers and their prices are on your own page.")]  # fmt: skip
    head = grounds.authority(library)
    return _letter(
        case, unit, library.as_of, library, head, decided, Fee(t("Voucher"), lines, pays), t("How you choose another"), changed, [library.sources[grounds.VOUCHERS]], False,
    )  # fmt: skip


def _letter(
    case: Case, unit: str, on: date, library: Library, head: Head, decided: list[str], fee: Fee, how: str, changed: list[str], sources: list[Source], invented: bool,
) -> Letter:  # fmt: skip
    told = [t("For demonstration: some amounts are example values."), t("The letter may not be given to a client.")] if invented else []  # fmt: skip
    assumed = [str(s.title) for s in sources if s.assumed]
    return Letter(
        language(), t("Confirmation of your choice") + f": {unit}", head.name, head.contact, [case.name] if case.name else [], day(on),
        notice=[*told, *dict.fromkeys(assumed), *head.lacking],
        decision_heading=t("Your choice"), decision=decided,
        fee_heading=t("What you pay"), fees=[fee],
        channels_heading=how, channels=changed,
        sources_heading=t("The law that was followed"), sources=list(dict.fromkeys(str(s.title) for s in sources if grounds.named(s))),
        more_heading=t("More on your choice"), more=grounds.further(None, head),
        version=t("Definitions of {region} on {day}", region=library.region.name, day=day(library.as_of)),
    )  # fmt: skip


def _fees(service: str, library: Library) -> tuple[list[tuple[str, str]], list[Source]]:
    """The fees of what is given through the channel by which the unit was chosen, and where each comes from."""
    of = library.services[service].channels
    ways = [name for name in CHANNELS if (way := getattr(of, name)) is not None and way.open]
    lines, sources = [], []
    for other in library.services.values():
        if not other.fees or not any(getattr(other.channels, way) is not None for way in ways):
            continue
        for amount in other.fees.amounts:
            value = library.value(amount.parameter)
            unit = library.parameters[amount.parameter].unit
            lines.append((f"{other.name}: {grounds.inside(str(amount.label))}", money(library.number(amount.parameter)) + unit_text(unit)))  # fmt: skip
            sources.append(value.source)
    return lines, sources
