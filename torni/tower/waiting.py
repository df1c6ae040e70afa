"""What waits for those of the staff who have no worklist of clients: to approve, to mend, to look at, by what each may do."""

from __future__ import annotations

from dataclasses import dataclass

from torni.facts import intake, worklists
from torni.facts.access import Who
from torni.facts.opening import Connection
from torni.producers import webhooks
from torni.services.history import Version, versions


@dataclass(frozen=True)
class Waiting:
    """`to_approve`: others' proposals, the oldest first; `own`: one's own that wait for another; how many refused records are to be
    mended, messages to producers were given up, and times data was opened in an emergency. None: not the reader's to see."""

    to_approve: tuple[Version, ...] | None
    own: tuple[Version, ...]
    refused: int | None
    given_up: int | None
    emergencies: int | None

    @property
    def is_empty(self) -> bool:
        return not (self.to_approve or self.own or self.refused or self.given_up or self.emergencies)


def waiting(connection: Connection, who: Who, region: str) -> Waiting:
    """What waits for the one who asks. Nobody approves a proposal of their own, so it waits for another."""
    proposed = [v for v in versions(region) if v.state == "proposed"]
    mine = tuple(v for v in proposed if v.proposed_by == who.shown)
    others = tuple(v for v in proposed if v.proposed_by != who.shown)
    return Waiting(
        to_approve=others if who.may("approve") else None,
        own=mine if who.may("propose") else (),
        refused=len(intake.listed(connection)) if who.may("records") else None,
        given_up=sum(d.state == "dead" for d in webhooks.deliveries(connection)) if who.may("send_again") else None,
        emergencies=len(worklists.emergencies(connection)) if who.may("emergencies") else None,
    )
