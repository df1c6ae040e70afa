"""`torni alerts`: what must be looked at, whose each is and how it stands; and one step more: taken up, acted on, done, set aside."""

from __future__ import annotations

import argparse
import json

from torni.cli.show import mark, paragraph
from torni.core.clock import today
from torni.core.faults import bad_input
from torni.core.language import _, ngettext, number, t
from torni.facts.role_names import role_name
from torni.services import regions
from torni.supervision.handling import Handled
from torni.supervision.sentences import handling_state, moment_text, step_text
from torni.tower.alerts import Listed, handle, of_region


def alerts(args: argparse.Namespace) -> int:
    """The list; one alert with its steps and what may be done; or one step done. Ends with 1 where an alert waits to be taken up."""
    region = regions.find(args.region).id
    if args.did:
        if not args.alert or not args.by:
            raise bad_input("--by" if args.alert else "ALERT", t("is missing"), t("Say which alert, and who does it: torni alerts ALERT --do taken_up --by NAME"))  # fmt: skip
        if args.on < today():
            raise bad_input("--on", t("a step is done now, not on a past day"), t("Leave --on out."))
        done = handle(region, args.alert, args.did, by=args.by, action=args.action or "", text=args.text or "")
        print(f"{done.id}  {_whose(done)}")
        return 0
    with of_region(region, on=args.on if args.on < today() else None) as (_connection, known):
        if args.alert:
            _one(known, known.find(args.alert), args.json)
            return 0
        if args.json:
            print(json.dumps(known.table().to_dicts(), ensure_ascii=False, indent=2, default=str))
        else:
            _list(known)
        return int(any(h.state == "new" and h.alert for h in known.alerts))


def _list(known: Listed) -> None:
    stand = [h for h in known.alerts if h.alert]
    print(ngettext("{n} alert, as known {moment}", "{n} alerts, as known {moment}", len(stand)).format(n=number(len(stand)), moment=moment_text(known.live.now.at)))  # fmt: skip
    for h in known.alerts:
        left = "" if h.alert else _("stands no more") + " · "
        print()
        paragraph(known.text(h), "   ", f"{mark(_mark(h))}  ")
        print(f"   {h.id}  {left}{_whose(h)}")


def _one(known: Listed, h: Handled, as_json: bool) -> None:
    names = {a.id: str(a.name) for a in h.actions}
    if as_json:
        told = next(row for row in known.table().to_dicts() if row["id"] == h.id)
        steps = [{"at": s.at.isoformat(), "did": s.did, "by": s.by, "action": s.action or None, "text": s.text or None} for s in h.episode.steps]  # fmt: skip
        print(json.dumps({**told, "steps": steps, "actions": names}, ensure_ascii=False, indent=2, default=str))
        return
    paragraph(known.text(h), "   ", f"{mark(_mark(h))}  ")
    print(f"   {h.id}  {_whose(h)}")
    for s in h.episode.steps:
        print(f"   {moment_text(s.at)}  {s.by}: {step_text(s, names)}")
    print("   " + _("May be done:"))
    for id_, name in names.items():
        print(f"     {id_}: {name}")


def _mark(h: Handled) -> str:
    return "unknown" if h.subject.kind == "records" else "broken" if h.alert else "kept"


def _whose(h: Handled) -> str:
    """Whose it is and how it stands, in one line."""
    owner = role_name(h.owner) if h.owner else "–"
    return f"{owner}{', ' + h.person if h.person else ''} · {handling_state(h.state)}"
