"""What somebody else changed on a lock of what is ours: found in a plan, counted, and left alone when two undo each other's work.

Layer hub, pure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final

from latchwork.hub.house.desired import DesiredUser
from latchwork.hub.house.placed import Placed, Proof
from latchwork.hub.house.steps import (
    AddUser,
    ChangeUser,
    ClearCredential,
    ClearUser,
    ClearWeekDay,
    ClearYearDay,
    SetCredential,
    SetWeekDay,
    SetYearDay,
    Step,
)
from latchwork.hub.keeping import texts
from latchwork.hub.plan.texts import kind_name

QUARREL: Final = 4
"""Repairs of the same person on a lock within an hour that are one too many."""
_HOUR: Final = 3600.0


def person_of(step: Step, placed: Placed) -> str | None:
    """Whom a step is about; None is not known."""
    match step:
        case SetWeekDay() | ClearWeekDay() | SetYearDay() | ClearYearDay():
            keys = (user.key for user in placed.users if user.index == step.user_index)
        case ClearCredential():
            keys = (each.user_key for each in placed.credentials if (each.kind, each.index) == (step.kind, step.index))
        case _:
            return texts.whom(step)[0]
    key = next(keys, None)
    return None if key is None else key.split("/", 1)[0]


def repairs(
    steps: tuple[Step, ...], wanted: Mapping[str, DesiredUser], settled: Mapping[str, DesiredUser], placed: Placed
) -> dict[str, list[str]]:
    """Steps that put right what somebody else changed: by person, what it is.

    Args:
        steps: of a plan.
        wanted: the users that should be on the lock, by key.
        settled: those that were there, as they were when nothing was left to do last time.
        placed: what is ours on it, before the steps.
    """
    found: dict[str, list[str]] = {}
    users = {user.key: user for user in placed.users}
    by_index = {user.index: user for user in placed.users}
    known = {
        (each.credential_id, each.version)
        for each in placed.credentials
        if not each.is_pending and each.proof >= Proof.OCCUPIED
    }
    for step in steps:
        match step:
            case SetCredential(credential=credential):
                is_repair = (credential.credential_id, credential.version) in known
                what = kind_name(step.kind)
            case AddUser(user=user):
                is_repair, what = user.key in users and not users[user.key].is_pending, "the user"
            case ChangeUser(user=user):
                is_repair, what = _is_as_before(user.key, wanted, settled), "how the user is set up"
            case SetWeekDay() | ClearWeekDay() | SetYearDay() | ClearYearDay():
                owner = by_index.get(step.user_index)
                is_repair = owner is not None and _is_as_before(owner.key, wanted, settled)
                what = "the hours"
            case ClearUser() | ClearCredential():
                continue
        person_id = person_of(step, placed)
        if is_repair and person_id is not None and what not in found.setdefault(person_id, []):
            found[person_id].append(what)
    return {person_id: whats for person_id, whats in found.items() if whats}


def _is_as_before(key: str, wanted: Mapping[str, DesiredUser], settled: Mapping[str, DesiredUser]) -> bool:
    return key in wanted and wanted[key] == settled.get(key)


class Quarrels:
    """Whose codes on one lock somebody else keeps changing."""

    __slots__ = ("_times", "persons")

    def __init__(self) -> None:
        self._times: dict[str, deque[float]] = {}
        self.persons: set[str] = set()

    def repaired(self, person_id: str, now: float) -> None:
        """Something of this person was put right."""
        times = self._times.setdefault(person_id, deque(maxlen=QUARREL))
        times.append(now)
        if len(times) == QUARREL and now - times[0] < _HOUR:
            self.persons.add(person_id)

    def settle(self) -> None:
        """Somebody looked into it: begin to put things right again."""
        self._times.clear()
        self.persons.clear()
