"""Why an event was refused, told so that it can be mended."""

from __future__ import annotations

from torni.core.language import N_, _, t
from torni.facts.senders import who_may


def reason(code: str) -> str:
    """The code as a sentence: what is wrong, and what to write instead."""
    if code in _SENTENCES:
        return _(_SENTENCES[code])
    if code.startswith("near_"):
        return t('Did you mean "{near}"?', near=code.partition(":")[2])
    if code.startswith("misspelt_data:"):
        return t('"{name}" is not in the data of this type of event', name=code.partition(":")[2])
    if code.startswith("not_yours_to_send:"):
        _code, type_, senders = code.split(":")
        return t("{type} may be sent by {who}: it is not yours to send", type=type_, who=who_may(senders.split("+")))
    kind, _dash, name = code.partition("_")
    if kind == "needs":
        return _("{name} is missing: this type of event needs it").format(name=name)
    if kind == "unlike":
        return _(
            "{name} has a blank at an end, a sign that is not seen or a letter in two parts, and would be another than it looks: write it anew without"
        ).format(name=name)
    if kind == "range":
        return _("{name} is outside what this type of event can be: `torni events` tells its bounds").format(name=name)
    if kind == "bad":
        return _("{name} cannot be read: see the form that the type's example has").format(name=name)
    return code


_SENTENCES = {
    "not_an_event": N_("it is not an object with id, source, type and time"),
    "unknown_type": N_("no such type of event: `torni events` lists them"),
    "unknown_service": N_("no such service is defined on that day"),
    "unknown_unit": N_("the unit is not known: send unit.opened first"),
    "unknown_client": N_("the resident is not known on that day: send resident.registered first"),
    "needs_id": N_("id is missing, or is not a short text: each event has its own"),
    "needs_source": N_("source is missing: who sends it"),
    "needs_type": N_("type is missing"),
    "needs_time": N_("time is missing or not a moment: write such as 2026-05-04T12:30:00+03:00"),
    "needs_municipality": N_("data.municipality is missing: the number of the home municipality"),
    "bad_municipality": N_(
        "data.municipality is not the number of a municipality: write its three digits, such as 179"
    ),
    "needs_unit_data": N_("data needs name, kind, producer and municipality"),
    "needs_holder": N_("data needs holder, the representative's client number, and kind: guardian or proxy"),
    "unknown_holder": N_("the representative is not in the register of residents"),
    "needs_against": N_("data.against is missing: a producer's name, or guardians"),
    "bad_until": N_("data.until is not a day: write such as 2026-12-31"),
    "needs_producer": N_("data.producer is missing: whose records are complete"),
    "needs_replaces": N_("replaces is missing: the id of the event that is withdrawn"),
    "another_source": N_("source is another's: a feed speaks only for itself"),
    "not_own_unit": N_("the unit is not of the producer that this feed is held to"),
    "not_sent_to_you": N_(
        "the organiser has not sent this client to the producer: a plan, a service or an enrolment at its unit comes first"
    ),
    "not_own_matter": N_("the matter is another producer's"),
    "no_definitions": N_(
        "the definitions of that day are not known: an amount begins later, or has not been decided yet"
    ),
    "data_not_object": N_("data is not an object"),
    "bad_data": N_("data holds something that cannot be kept: too deep, too long, or no text at all"),
    "bad_client": N_("client is not a client's number: write digits alone, such as 9000001"),
    "bad_cents": N_("cents is not a whole number of cents: write 12.50 euros as 1250"),
    "bad_quantity": N_("quantity is not a whole number: write such as 4"),
    "bad_born": N_("data.born is not a day: write such as 1941-05-30"),
    "bad_protected": N_("data.protected is neither true nor false"),
    "bad_due": N_("due is not a day: write such as 2026-05-04"),
    "in_future": N_("time is more than a day ahead"),
    "nothing_to_replace": N_("the event that it replaces is not here, or has been replaced already"),
    "replaces_another_type": N_("it replaces an event of another type: withdraw that one, and send this as new"),
    "withdrawal_stands": N_(
        "a withdrawal is not taken back: send what was withdrawn once more, as a new event with an id of its own"
    ),
    "opened_again": N_("what it answered has been opened again since: withdraw that opening first"),
    "only_registration": N_(
        "no other registration tells of this resident or unit: send the right one with replaces instead"
    ),
    "same_id_other_content": N_(
        "an event of this id is here already, and says something else: give a new event an id of its own, or correct with replaces"
    ),
    "of_nobody": N_("this type of event tells of no client: leave client out"),
    "hour_comes_twice": N_(
        "time is in the hour that comes twice when the clock is turned: write its offset, such as 2026-10-25T03:30:00+02:00"
    ),
    "no_such_hour": N_(
        "time is in the hour that is skipped when the clock is turned: write its offset, or mend the clock that wrote it"
    ),
    "against_a_rule": N_(
        "it does not go together with what is in the record room, or lacks what the room cannot be without"
    ),
    "cannot_be_held": N_(
        "it holds a value that the record room cannot hold: a day, a number or a text beyond what is possible"
    ),
    "answered_already": N_("what it began has been answered: correct the answer first"),
}
