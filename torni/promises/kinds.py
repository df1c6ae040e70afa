"""Which kinds of promise there are. Adding one is adding its file, and its class here."""

from __future__ import annotations

from collections.abc import Iterable

from torni.promises.answer import AnswerPromise
from torni.promises.budget import BudgetPromise
from torni.promises.cadence import CadencePromise
from torni.promises.feature import FeaturePromise
from torni.promises.fee import FeePromise
from torni.promises.ground import NetworkPromise
from torni.promises.listed import ListPromise
from torni.promises.measure import MeasurePromise
from torni.promises.presence import PresencePromise
from torni.promises.promise import Promise
from torni.promises.reach import ReachPromise
from torni.promises.staffing import StaffingPromise
from torni.promises.sums import EventPromise

KINDS: list[type[Promise]] = [
    ReachPromise, PresencePromise, FeaturePromise,
    AnswerPromise, StaffingPromise, CadencePromise, FeePromise, BudgetPromise, ListPromise, MeasurePromise,
]  # fmt: skip


def labels() -> dict[str, str]:
    """Every kind and its name in the language of the moment, in the order of filters."""
    return {kind: of.label(kind) for of in KINDS for kind in of.labels}


def of_network(promises: Iterable[Promise]) -> list[NetworkPromise]:
    """Those that units and where people live keep or break."""
    return [p for p in promises if isinstance(p, NetworkPromise)]


def of_events(promises: Iterable[Promise]) -> list[EventPromise]:
    """Those that events keep or break."""
    return [p for p in promises if isinstance(p, EventPromise)]
