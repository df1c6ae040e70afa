"""An alert is somebody's: who has taken it up, what was done because of it, and how it ended. Each step is an event of the log.

What is an alert follows from the facts (`alerts`), what has been done of it from the log: neither is kept anywhere else. So it is in the backup
and the replay, and a past day shows it as it was known then. Each function of a step refuses what cannot be, and returns the event; nothing is
written here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from torni.core.faults import BadInput, Fault
from torni.core.language import t
from torni.facts.access import Who
from torni.facts.door import local_day
from torni.facts.opening import Connection
from torni.promises.promise import Action, Owner
from torni.services.library import Library
from torni.supervision.alerts import Alert
from torni.supervision.known_sums import Moment

SOURCE = "alerts"
BACK = timedelta(days=400)  # steps older than this are not looked for: an alert that old is long closed
MOST_TEXT = 1_000
Did = Literal["taken_up", "acted", "done", "set_aside"]
DID: tuple[Did, ...] = ("taken_up", "acted", "done", "set_aside")
State = Literal["new", "taken_up", "done", "set_aside"]
_ORDER = {"new": 0, "taken_up": 1, "done": 2, "set_aside": 2}
_STEPS = "SELECT position, at, type, data, sign FROM event WHERE type LIKE 'alert.%%' AND at > %s AND position <= %s AND data IS NOT NULL ORDER BY position"


@dataclass(frozen=True)
class Step:
    """One thing done: when, by whom (as shown, and the account's name), which action, and in what words."""

    at: datetime
    did: Did
    by: str
    account: str
    action: str
    text: str


@dataclass(frozen=True)
class Subject:
    """What an alert is of: alike each time that it is detected. `of`: the promise, the service's demand or the feed."""

    kind: str
    of: str
    level: str
    where: str


@dataclass(frozen=True)
class Episode:
    """What was done of one alert. `began`: the day from which the alert counted as it was taken up, None where that is not known.
    `told`: how many steps were ever told of it, those withdrawn too."""

    subject: Subject
    began: date | None
    steps: tuple[Step, ...]
    told: int

    @property
    def state(self) -> State:
        last = next((s.did for s in reversed(self.steps) if s.did != "acted"), None)
        return last or ("taken_up" if self.steps else "new")

    @property
    def person(self) -> str:
        """Who took it up last."""
        return next((s.by for s in reversed(self.steps) if s.did == "taken_up"), "")

    @property
    def last(self) -> date | None:
        return local_day(self.steps[-1].at) if self.steps else None


@dataclass(frozen=True)
class Handled:
    """An alert with what is done of it. `alert` is None where it stands no more; `owner`: the role whose it is by the definition."""

    id: str
    subject: Subject
    began: date | None
    alert: Alert | None
    owner: Owner | None
    actions: tuple[Action, ...]
    episode: Episode

    @property
    def state(self) -> State:
        return self.episode.state

    @property
    def person(self) -> str:
        return self.episode.person

    @property
    def first_done(self) -> date | None:
        """The day on which something was first done of it."""
        return min((local_day(step.at) for step in self.episode.steps), default=None)

    @property
    def first_day(self) -> date | None:
        """The day on which it was told, else that from which it counts, else that on which something was first done of it."""
        return (self.alert.since if self.alert else None) or self.began or self.first_done

    @property
    def harm(self) -> float:
        """How many more were missed than the promise allows, of those that are a share of events; otherwise 0."""
        a = self.alert
        return max(0.0, a.missed - (1.0 - (a.target or 0.0)) * a.total) if a and a.kind == "promise" else 0.0


def identity(subject: Subject, began: date | None) -> str:
    """The alert's name: what it is of and the day from which it counts, so alike after any restart or new detection."""
    told = "|".join((subject.kind, subject.of, subject.level, subject.where, str(began or "")))
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def subject_of(alert: Alert) -> Subject:
    return Subject(alert.kind, alert.id, alert.level, alert.where)


def episodes(connection: Connection, now: Moment, *, newest: bool = False) -> list[Episode]:
    """What has been done of alerts, as known at the moment (`newest`: and since, though it is not folded yet), oldest first.

    Looks at the steps of a year alone, by their own index: the log's length is nothing to it. A step that was withdrawn is none.
    """
    upto = 2**62 if newest and not now.past else now.position
    found: dict[str, list[tuple[Step, int]]] = {}
    told: dict[str, tuple[Subject, date | None]] = {}
    for _position, at, type_, data, sign in connection.execute(_STEPS, [now.at - BACK, upto]).fetchall():
        read = _read(at, type_.partition(".")[2], data)
        if read is None:
            continue
        subject, began, step = read
        name = identity(subject, began)
        told[name] = subject, began
        found.setdefault(name, []).append((step, sign))
    return [_episode(*told[name], steps) for name, steps in found.items()]


def _episode(subject: Subject, began: date | None, told: Sequence[tuple[Step, int]]) -> Episode:
    steps: list[Step] = []
    for step, sign in told:
        if sign == 1:
            steps.append(step)
        elif step in steps:
            steps.remove(step)
    steps.sort(key=lambda s: s.at)
    return Episode(subject, began, tuple(steps), sum(sign == 1 for _step, sign in told))


def _read(at: datetime, did: str, data: dict[str, Any]) -> tuple[Subject, date | None, Step] | None:
    """A step as the log tells it; None where it tells too little (another system may have sent it)."""
    text = {k: str(data.get(k) or "") for k in ("kind", "of", "level", "where", "began", "by", "account", "action", "text")}  # fmt: skip
    if did not in DID or not text["kind"] or not text["of"]:
        return None
    try:
        began = date.fromisoformat(text["began"]) if text["began"] else None
    except ValueError:
        return None
    subject = Subject(text["kind"], text["of"], text["level"], text["where"])
    return subject, began, Step(at, did, text["by"], text["account"], text["action"], text["text"])


def handled(alerts: Sequence[Alert], known: Sequence[Episode], library: Library, today: date) -> list[Handled]:
    """Every alert with what is done of it, and what was taken up and stands no more: what nobody has taken up first, by harm.

    An alert is the one that was taken up while it stood: of the same subject, with a step on or after the day from which it counts. One whose
    first day is not known is the same while it is open, and so many days after it was closed as `detection.closed_days` says.
    """
    kept = timedelta(days=library.number("detection.closed_days"))
    mine: dict[Subject, list[Episode]] = {}
    for e in known:
        mine.setdefault(e.subject, []).append(e)
    out, met = [], set()
    for a in alerts:
        subject = subject_of(a)
        of = next((e for e in reversed(mine.get(subject, [])) if _same(e, a, today, kept)), None)
        began = of.began if of else a.began or _anew(mine.get(subject, []), kept)
        met.add(identity(subject, began))
        out.append(_handled(subject, began, a, of or Episode(subject, began, (), 0), library))
    for e in known:
        if e.steps and identity(e.subject, e.began) not in met:
            out.append(_handled(e.subject, e.began, None, e, library))
    return sorted(out, key=lambda h: (h.alert is None, _ORDER[h.state], -h.harm, h.subject.of, h.subject.where))


def _anew(before: Sequence[Episode], kept: timedelta) -> date | None:
    """From when one counts whose first day is not known: of a second one, from when the one before it is no longer the same."""
    last = max((e.last for e in before if e.last), default=None)
    return last + kept + timedelta(days=1) if last else None


def _same(e: Episode, a: Alert, today: date, kept: timedelta) -> bool:
    if e.last is None:
        return e.began == a.began
    if a.began is not None and e.began is not None:
        return e.began == a.began or e.last >= a.began
    return e.state in ("new", "taken_up") or today - e.last <= kept


def _handled(subject: Subject, began: date | None, alert: Alert | None, episode: Episode, library: Library) -> Handled:
    promises = {f"{s.id}.{p.id}": p for s, p in library.promises()}
    owner, actions = library.alerting.of(subject.kind, promises.get(subject.of))
    return Handled(identity(subject, began), subject, began, alert, owner, actions, episode)


def find(listed: Sequence[Handled], name: str) -> Handled | None:
    """The alert of this name; also by the name it had before it was taken up."""
    plain = (h for h in listed if h.alert and identity(h.subject, h.alert.began) == name)
    return next((h for h in listed if h.id == name), None) or next(plain, None)


def step(
    h: Handled, did: str, *, who: Who, at: datetime, action: str = "", text: str = "", seen: int | None = None
) -> dict[str, Any]:
    """The event of one step, or every fault of it. `seen`: how many steps the one who acts had seen; another may have been faster.

    Whoever may handle alerts may take up anybody's, from another too. What is acted on and closed has been taken up first.
    """
    text, faults = text.strip(), list[Fault]()
    if did not in DID:
        faults.append(Fault(t("the step"), t("is not chosen"), t("Choose one: {names}", names=", ".join(DID))))
    if seen is not None and seen != h.episode.told:
        raise BadInput(Fault(t("this step"), t("is of an alert that somebody has dealt with meanwhile"), t("Look at the page again.")))  # fmt: skip
    if did != "taken_up" and h.state != "taken_up":
        faults.append(Fault(t("the alert"), t("has not been taken up"), t("Take it up first.")))
    if did == "taken_up" and h.state == "taken_up" and h.episode.steps[-1].account == who.name:
        faults.append(Fault(t("the alert"), t("is yours already"), ""))
    if did == "acted" and action not in {a.id for a in h.actions}:
        names = ", ".join(a.id for a in h.actions)
        faults.append(Fault(t("the action"), t("is not one that the definition offers"), t("Choose one: {names}", names=names)))  # fmt: skip
    if did in ("done", "set_aside") and len(text) < 3:
        what = t("the outcome") if did == "done" else t("the reason")
        faults.append(Fault(what, t("is missing"), t("Write it in a few words, without personal data.")))
    if len(text) > MOST_TEXT:
        faults.append(Fault(t("the text"), t("is too long"), t("At most {n} characters.", n=MOST_TEXT)))
    if faults:
        raise BadInput(*faults)
    number = h.episode.told + 1
    told = {
        **_subject(h.subject),
        "began": h.began and str(h.began),
        "step": number,
        "by": who.shown,
        "account": who.name,
    }
    told |= {"action": action if did == "acted" else None, "text": text or None}
    service = h.subject.of.partition(".")[0] if h.subject.kind != "records" else None
    return {
        "source": SOURCE, "id": f"alert-{h.id}-{number}", "type": f"alert.{did}", "at": at, "matter": f"alert-{h.id}", "service": service,
        "data": {k: v for k, v in told.items() if v is not None},
    }  # fmt: skip


def _subject(s: Subject) -> dict[str, str]:
    return {"kind": s.kind, "of": s.of, "level": s.level, "where": s.where}


def standing(listed: Sequence[Handled]) -> Iterator[Handled]:
    """Those that stand now."""
    return (h for h in listed if h.alert is not None)
