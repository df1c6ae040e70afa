"""What a service's text names that must exist elsewhere, and what its promises may not be."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from torni.core.faults import Fault, nearest_name
from torni.core.language import t
from torni.promises.kinds import of_events
from torni.promises.said import FIELDS, VALUE, unknown_names
from torni.services.events import EventKind
from torni.services.reading import Document, Loc
from torni.services.schema import Service


def references(service: Service) -> Iterator[tuple[Loc, str, str, str]]:
    """Every name in a definition that must exist elsewhere: where, name, which list, what it should be."""
    for column in ("content", "quality", "availability", "interface", "criteria", "fees", "cost"):
        cell = getattr(service, column)
        if cell is not None and cell.source is not None:
            yield (column, "source"), cell.source, "source", "a source"
    for channel, decided in service.channels:
        if decided is not None:
            yield ("channels", channel, "source"), decided.source, "source", "a source"
    for i, promise in enumerate(service.promises):
        for field_, name, known, what in promise.references():
            yield ("promises", i, *field_), name, known, what
    if service.demand is not None:
        yield ("demand",), service.demand, "event", "a type of event"
    if service.clients:
        yield ("clients", "began_by"), service.clients.began_by, "event", "a type of event"
        yield ("clients", "ended_by"), service.clients.ended_by, "event", "a type of event"
    for i, act in enumerate(service.criteria.law if service.criteria else []):
        yield ("criteria", "law", i), act, "source", "a source"
    for i, criterion in enumerate(service.criteria.granting if service.criteria else []):
        yield ("criteria", "granting", i, "source"), criterion.source, "source", "a source"
    for i, amount in enumerate(service.fees.amounts if service.fees else []):
        yield ("fees", "amounts", i, "parameter"), amount.parameter, "parameter", "a parameter"


def missing_names(service: Service, document: Document, names: Mapping[str, Collection[str]]) -> list[Fault]:
    """What the service's text names and nobody defines; `names`: those defined, by what they are."""
    called = {
        "a source": t("a source"), "a kind of unit": t("a kind of unit"), "a parameter": t("a parameter"), "a population": t("a population"),
        "a type of event": t("a type of event"),
    }  # fmt: skip
    faults = []
    for loc, name, known, what in references(service):
        if name not in names[known]:
            near = nearest_name(name, names[known])
            told = t('"{found}" is not {what}', found=name, what=called.get(what, what))
            faults.append(Fault(document.where(loc), told, t('Did you mean "{near}"?', near=near) if near else ""))
    return faults


def promise_faults(service: Service, document: Document, events: Mapping[str, EventKind]) -> list[Fault]:
    """Promises that count what their event does not tell, or that are written twice."""
    faults = []
    place = {id(promise): i for i, promise in enumerate(service.promises)}
    for promise in of_events(service.promises):
        key, need = promise.tells or ("", "client")
        type_ = str(getattr(promise, key, ""))
        if type_ in events and need not in events[type_].needs:
            told = [n for n, k in events.items() if need in k.needs]
            faults.append(
                Fault(
                    document.where(("promises", place[id(promise)], key)),
                    t("{event} tells of no {need}, which the promise counts", event=type_, need=need),
                    t("Name an event that does: {names}.", names=", ".join(told)),
                )
            )
    for i, each in enumerate(service.promises):
        for field_, language, name in unknown_names(each):
            what = t("{{{name}}} is no number of this promise", name=name)
            known = ", ".join(n for n, f in FIELDS.items() if getattr(each, f, None) is not None)
            known = f"{known}, {VALUE}" if field_ == "broken" and known else known or VALUE
            remedy = t("Numbers that a text may name here: {names}.", names=known)
            faults.append(Fault(document.where(("promises", i, field_, language)), what, remedy))
    ids = [p.id for p in service.promises]
    for i, name in enumerate(ids):
        if name in ids[:i]:
            faults.append(
                Fault(
                    document.where(("promises", i, "id")),
                    t('the promise "{name}" is written twice', name=name),
                    t("Give each promise an id of its own."),
                )
            )
    return faults
