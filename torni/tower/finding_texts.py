"""How a finding is said, alike in the terminal and on the pages: as its kind says it."""

from __future__ import annotations

from collections.abc import Callable

from torni.core.language import _, ngettext, number, t
from torni.promises.finding import Finding, Group
from torni.promises.restoring import Restoring


def state_name(state: str) -> str:
    return {"kept": _("kept"), "broken": _("broken"), "unknown": _("cannot be told")}[state]


def feed_name(feed: str) -> str:
    """A system that sends events, as people call it; a producer's by the producer's name."""
    return {"billing": _("billing"), "guidance": _("client guidance"), "registry": _("supervision's register")}.get(
        feed, feed
    )


def value_text(f: Finding) -> str:
    """The value as people read it: a share of residents, or so many of so many."""
    return f.promise.value_text(f)


def target_text(f: Finding) -> str:
    return f.promise.target_text(f)


def counted_text(f: Finding) -> str:
    """What the value is made of, or for whom it does not hold, in one line."""
    return f.promise.counted_text(f)


def group_text(f: Finding, g: Group) -> str:
    """A unit's, producer's or municipality's value as its kind says it; nothing of one that would tell of somebody."""
    return _("not told") if g.hidden else f.promise.group_text(g)


def clients_text(f: Finding) -> str:
    """For how many clients it was not kept, each once; empty where that is not told: that it is none is told."""
    if f.clients is None:
        return ""
    return ngettext("not kept for {n} client", "not kept for {n} clients", f.clients).format(n=number(f.clients))


def now_text(f: Finding) -> str:
    """What is going on right now, where that is told."""
    return f.promise.now_text(f)


def margin_text(f: Finding) -> str:
    """How far it is from breaking, or from being kept again, and probably when; empty where that is not told."""
    return f.promise.margin_text(f.margin) if f.margin else ""


def restoring_lines(told: Restoring, place: Callable[[str], str]) -> list[str]:
    """The mend of a promise about events, or why none is told, a sentence each. `place`: the name of a unit or producer."""
    if told.why_not is not None:
        return [str(told.why_not)]
    lines = [
        t("Of {total} counted {missed} were not as promised. Had {more} more been, the promise would be kept.", total=number(told.total), missed=number(told.missed), more=number(told.more))
    ]  # fmt: skip
    if told.carried:
        names = ", ".join(
            f"{place(c.group)} ({number(c.missed)}/{number(c.total)})" for c in told.carried[:MOST_CARRIED]
        )
        more = len(told.carried) - MOST_CARRIED
        names += " " + t("and {n} more", n=more) if more > 0 else ""
        lines.append(t("Fewest places that missed so many, the most first: {names}.", names=names))
    return lines


MOST_CARRIED = 12


def affected_text(f: Finding) -> str:
    return "–" if f.affected is None else number(f.affected)
