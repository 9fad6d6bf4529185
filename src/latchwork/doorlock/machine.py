"""The lock as a machine: a state, an input and the time give the next state and what shall be done.

Layer doorlock. Driven by five things: a wish (`Commanded`), a hand (`Turned`), the sensors of bolt and door (`BoltMoved`,
`BoltJammed`, `DoorMoved`), the owner's settings (`Changed`) and time (`TimePassed`, due at `next_deadline`). `step` never waits and
never fails: whoever calls carries out the effects in their order and feeds back what comes of them. `TRANSITIONS` lists every case.

An accepted wish ends in exactly one `LockOperation` or `LockOperationFailed` of its kind. A lock that pulls its latch reports
UNLATCH when the latch is in, and UNLOCK once more when it has been let go; should the latch fail behind a drawn bolt, it reports the
failed UNLATCH and the UNLOCK that did happen (Application Clusters 5.2.11.3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from latchwork.doorlock.bolt import GOALS, BoltPosition, DoorPosition, Phase, Wish
from latchwork.doorlock.decide import is_closed, mode_refusal, refusal
from latchwork.doorlock.events import (
    BY_HAND,
    BY_ITSELF,
    BY_NOBODY_KNOWN,
    Actor,
    Alarm,
    AlarmRaised,
    DoorStateChanged,
    Effect,
    Emit,
    LockOperation,
    LockOperationFailed,
    MoveBolt,
    Operation,
    Reason,
    Refuse,
    StopBolt,
)
from latchwork.doorlock.inputs import (
    BoltInput,
    BoltJammed,
    BoltMoved,
    Changed,
    Commanded,
    DoorMoved,
    TimePassed,
    Turned,
)
from latchwork.doorlock.settings import OperatingMode, Settings
from latchwork.doorlock.state import LockState, Waiting

MAX_WAITING = 8
"""Wishes that may wait for one movement of the bolt: each fabric's controller once, and some to spare."""


def start(settings: Settings, position: BoltPosition, door: DoorPosition | None, *, now: float) -> LockState:
    """The state of a lock that wakes up with its bolt and its door there.

    A lock that wakes up unlocked relocks itself as if it had just been unlocked: the power cut may have eaten its timer. If it was
    private, somebody drew the bolt by hand meanwhile, and that ended it.
    """
    if mode_refusal(settings.mode, position) is not None:
        settings = replace(settings, mode=OperatingMode.NORMAL)
    unlocked = LockState(position, None, None, (), door, None, False, settings)
    return _rearmed(unlocked, now)


def step(state: LockState, happened: BoltInput, now: float) -> tuple[LockState, tuple[Effect, ...]]:
    """What becomes of `state`, and what shall be done, in this order. `now` is in seconds and never goes back."""
    draft = _Draft(state, now)
    TRANSITIONS[state.phase, type(happened)](draft, happened)
    draft.relock_if_due()
    return draft.finished()


def next_deadline(state: LockState) -> float | None:
    """When `TimePassed` is due, in the seconds of `now`; None while nothing depends on time."""
    # A relocking waits for the bolt to come to rest, so its time does not count before.
    return state.deadline if state.deadline is not None else state.relock_at


def _rearmed(state: LockState, now: float) -> LockState:
    draft = _Draft(state, now)
    draft.arm_relock(0)
    return draft.finished()[0]


OPERATIONS: Final = MappingProxyType(
    {
        BoltPosition.LOCKED: Operation.LOCK,
        BoltPosition.UNLOCKED: Operation.UNLOCK,
        BoltPosition.UNLATCHED: Operation.UNLATCH,
    }
)


class _Draft:
    """The next state in the making: one step's changes, frozen by `finished`."""

    __slots__ = (
        "deadline",
        "door",
        "effects",
        "is_relock_owed",
        "now",
        "position",
        "relock_at",
        "settings",
        "target",
        "waiting",
    )

    def __init__(self, state: LockState, now: float) -> None:
        self.now = now
        self.effects: list[Effect] = []
        self.position = state.position
        self.target = state.target
        self.deadline = state.deadline
        self.waiting = state.waiting
        self.door = state.door
        self.relock_at = state.relock_at
        self.is_relock_owed = state.is_relock_owed
        self.settings = state.settings

    def finished(self) -> tuple[LockState, tuple[Effect, ...]]:
        state = LockState(
            self.position,
            self.target,
            self.deadline,
            self.waiting,
            self.door,
            self.relock_at,
            self.is_relock_owed,
            self.settings,
        )
        return state, tuple(self.effects)

    # wishes

    def begin(self, command: Commanded) -> None:
        """A wish meets a bolt at rest: move, or be done at once."""
        goal = self._goal_if_allowed(command)
        if goal is None:
            return
        self.waiting = (Waiting(OPERATIONS[goal], command.actor, command.relock_after_s),)
        if self.position is goal:
            self._arrive(goal)
        else:
            self._move(goal)

    def begin_from_hold(self, command: Commanded) -> None:
        """A wish meets a held latch: hold it for longer, or let go of it early."""
        goal = self._goal_if_allowed(command)
        if goal is None:
            return
        newcomer = Waiting(OPERATIONS[goal], command.actor, command.relock_after_s)
        if goal is BoltPosition.LOCKED:
            self.waiting = (newcomer,)
            self._move(goal)
        elif len(self.waiting) >= MAX_WAITING:
            self._refuse(command, Reason.BUSY)
        elif goal is BoltPosition.UNLOCKED:
            self.waiting = (*self.waiting, newcomer)
            self._move(goal)
        else:
            released, self.waiting = self.waiting, (newcomer,)
            self._arrive(goal)
            self.waiting = released + self.waiting

    def join_or_overtake(self, command: Commanded) -> None:
        """A wish meets a moving bolt: share its way, or turn it round."""
        goal = self._goal_if_allowed(command)
        if goal is None:
            return
        newcomer = Waiting(OPERATIONS[goal], command.actor, command.relock_after_s)
        if goal is self.target:
            if len(self.waiting) >= MAX_WAITING:
                self._refuse(command, Reason.BUSY)
            else:
                self.waiting = (*self.waiting, newcomer)
            return
        self._fail_waiting(Reason.OVERTAKEN)
        self.waiting = (newcomer,)
        self._move(goal)

    def _goal_if_allowed(self, command: Commanded) -> BoltPosition | None:
        reason = refusal(command, self.settings, self.door)
        if reason is not None:
            self._refuse(command, reason)
            return None
        return GOALS[command.wish, self.settings.has_latch]

    def _refuse(self, command: Commanded, reason: Reason) -> None:
        operation = Operation.LOCK if command.wish is Wish.LOCK else Operation.UNLOCK
        self.effects.append(Refuse(reason))
        self.effects.append(Emit(LockOperationFailed(operation, command.actor, reason)))

    # the bolt

    def _move(self, goal: BoltPosition) -> None:
        self.target = goal
        self.deadline = self.now + self.settings.move_limit_s
        self.effects.append(MoveBolt(goal))

    def reached(self, report: BoltMoved) -> None:
        """The bolt reports while it moves: there, or on its way."""
        if report.position is self.target:
            self._arrive(report.position)
        else:
            self.position = report.position

    def _arrive(self, position: BoltPosition) -> None:
        arrived, self.waiting = self.waiting, ()
        self._rest_at(position)
        relock_after_s = 0
        is_new = False
        for wish in arrived:
            self.effects.append(Emit(LockOperation(wish.operation, wish.actor)))
            if not wish.is_release:
                is_new = True
                relock_after_s = wish.relock_after_s
        if position is BoltPosition.UNLATCHED:
            self.deadline = self.now + self.settings.latch_hold_s
            self.waiting = tuple(Waiting(Operation.UNLOCK, wish.actor, 0, True) for wish in arrived)
        if is_new:
            self.arm_relock(relock_after_s)

    def _rest_at(self, position: BoltPosition) -> None:
        self.position = position
        self.target = None
        self.deadline = None

    def drifted(self, report: BoltMoved) -> None:
        """The bolt is elsewhere, and neither the motor nor a hand we can feel did it."""
        self._moved_from_outside(report.position, BY_NOBODY_KNOWN)

    def turned(self, hand: Turned) -> None:
        """A hand moves a bolt at rest."""
        self._moved_from_outside(hand.position, BY_HAND)

    def interrupted(self, hand: Turned) -> None:
        """A hand is quicker than the motor: the motor lets go, and those who wanted the same have it."""
        self.effects.append(StopBolt())
        fulfilled = hand.position is self.target
        for wish in self.waiting:
            if fulfilled:
                self.effects.append(Emit(LockOperation(wish.operation, wish.actor)))
            elif not wish.is_release:
                self._fail(wish, Reason.OVERTAKEN)
        self.waiting = ()
        self.target = None
        self.position = BoltPosition.BETWEEN
        self.turned(hand)

    def _moved_from_outside(self, position: BoltPosition, actor: Actor) -> None:
        if position is self.position:
            return
        self.waiting = ()
        self._rest_at(position)
        operation = OPERATIONS.get(position)
        if operation is not None:
            self.effects.append(Emit(LockOperation(operation, actor)))
        if position is not BoltPosition.LOCKED and actor is BY_HAND and self.settings.mode is OperatingMode.PRIVACY:
            self.settings = replace(self.settings, mode=OperatingMode.NORMAL)
        self.arm_relock(0)

    def jammed(self, _report: BoltJammed) -> None:
        """The motor gave up on its way. A latch that fails behind a drawn bolt leaves the door unlocked all the same."""
        waiting, self.waiting = self.waiting, ()
        is_drawn = self.position is BoltPosition.UNLOCKED or self.position is BoltPosition.UNLATCHED
        is_unlocked = False
        for wish in waiting:
            if wish.is_release or (wish.operation is Operation.UNLATCH and is_drawn):
                is_unlocked = not wish.is_release
                self.effects.append(Emit(LockOperationFailed(Operation.UNLATCH, wish.actor, Reason.JAMMED)))
                self.effects.append(Emit(LockOperation(Operation.UNLOCK, wish.actor)))
            else:
                self._fail(wish, Reason.JAMMED)
        self.stuck(_report)
        if is_unlocked:
            self.arm_relock(waiting[-1].relock_after_s)

    def stuck(self, _report: BoltJammed) -> None:
        """The bolt cannot be trusted to be anywhere."""
        self.waiting = ()
        self._rest_at(BoltPosition.BETWEEN)
        self.effects.append(Emit(AlarmRaised(Alarm.LOCK_JAMMED)))

    def overdue(self, _time: TimePassed) -> None:
        """The bolt has not arrived in time: whatever holds it, it is jammed."""
        if self.deadline is not None and self.now >= self.deadline:
            self.effects.append(StopBolt())
            self.jammed(BoltJammed())

    def release(self, _time: TimePassed) -> None:
        """The latch has been held in for long enough."""
        if self.deadline is not None and self.now >= self.deadline:
            self._move(BoltPosition.UNLOCKED)

    def _fail_waiting(self, reason: Reason) -> None:
        for wish in self.waiting:
            if not wish.is_release:
                self._fail(wish, reason)
        self.waiting = ()

    def _fail(self, wish: Waiting, reason: Reason) -> None:
        # An unlatching that fails before the bolt is drawn is a failed unlocking (Application Clusters 5.2.11.3).
        operation = Operation.UNLOCK if wish.operation is Operation.UNLATCH else wish.operation
        self.effects.append(Emit(LockOperationFailed(operation, wish.actor, reason)))

    # the door

    def door_moved(self, report: DoorMoved) -> None:
        """The leaf is elsewhere."""
        door = report.door
        if not self.settings.has_door_sensor:
            return
        if door is DoorPosition.OPEN:
            if self.door is DoorPosition.FORCED_OPEN:
                return
            if self.door is DoorPosition.CLOSED and self.position is BoltPosition.LOCKED and self.target is None:
                door = DoorPosition.FORCED_OPEN
        if door is self.door:
            return
        previous, self.door = self.door, door
        if door is None:
            return  # an event cannot say that nobody knows (Application Clusters 5.2.11.2); the attribute does
        self.effects.append(Emit(DoorStateChanged(door, previous)))
        if door is DoorPosition.FORCED_OPEN:
            self.effects.append(Emit(AlarmRaised(Alarm.DOOR_FORCED_OPEN)))
        elif door is DoorPosition.AJAR:
            self.effects.append(Emit(AlarmRaised(Alarm.DOOR_AJAR)))
        elif door is DoorPosition.CLOSED:
            self._pay_owed_relock(self.settings.closing_pause_s)

    # locking itself

    def changed(self, change: Changed) -> None:
        """The settings are others: what depends on them is armed anew."""
        before, after = self.settings, change.settings
        shown = self.position if self.target is None else BoltPosition.BETWEEN
        reason = mode_refusal(after.mode, shown) if after.mode is not before.mode else None
        if reason is not None:
            self.effects.append(Refuse(reason))
            return
        self.settings = after
        relocks = (before.auto_relock_s, before.mode is OperatingMode.PASSAGE)
        if relocks != (after.auto_relock_s, after.mode is OperatingMode.PASSAGE):
            self.arm_relock(0)
        if after.is_actuator_enabled and is_closed(after, self.door):
            self._pay_owed_relock(0)

    def nothing(self, _time: TimePassed) -> None:
        """Only `relock_if_due` cares."""

    def arm_relock(self, after_s: int) -> None:
        """Set, or forget, when the lock locks itself: `after_s` seconds from now, or as the settings say when 0."""
        seconds = after_s or self.settings.auto_relock_s
        self.is_relock_owed = False
        self.relock_at = None
        if seconds and self.position is not BoltPosition.LOCKED and self.settings.mode is not OperatingMode.PASSAGE:
            self.relock_at = self.now + seconds

    def relock_if_due(self) -> None:
        """Lock a bolt at rest whose time has come; never against an open door, nor against one whose sensor cannot tell.

        What is owed is paid when the door is seen to close: see `door_sensor` for why this is the safe side.
        """
        if self.relock_at is None or self.now < self.relock_at or self.deadline is not None:
            return
        self.relock_at = None
        if self.position is BoltPosition.LOCKED:
            return
        if self.settings.is_actuator_enabled and is_closed(self.settings, self.door):
            self.waiting = (Waiting(Operation.LOCK, BY_ITSELF),)
            self._move(BoltPosition.LOCKED)
        else:
            self.is_relock_owed = True

    def _pay_owed_relock(self, pause_s: float) -> None:
        if self.is_relock_owed:
            self.is_relock_owed = False
            self.relock_at = self.now + pause_s


TRANSITIONS: Final[Mapping[tuple[Phase, type[BoltInput]], Callable[[_Draft, Any], None]]] = MappingProxyType(
    {
        (Phase.RESTING, Commanded): _Draft.begin,
        (Phase.MOVING, Commanded): _Draft.join_or_overtake,
        (Phase.HOLDING, Commanded): _Draft.begin_from_hold,
        (Phase.RESTING, Turned): _Draft.turned,
        (Phase.MOVING, Turned): _Draft.interrupted,
        (Phase.HOLDING, Turned): _Draft.turned,
        (Phase.RESTING, BoltMoved): _Draft.drifted,
        (Phase.MOVING, BoltMoved): _Draft.reached,
        (Phase.HOLDING, BoltMoved): _Draft.drifted,
        (Phase.RESTING, BoltJammed): _Draft.stuck,
        (Phase.MOVING, BoltJammed): _Draft.jammed,
        (Phase.HOLDING, BoltJammed): _Draft.stuck,
        (Phase.RESTING, TimePassed): _Draft.nothing,
        (Phase.MOVING, TimePassed): _Draft.overdue,
        (Phase.HOLDING, TimePassed): _Draft.release,
        (Phase.RESTING, DoorMoved): _Draft.door_moved,
        (Phase.MOVING, DoorMoved): _Draft.door_moved,
        (Phase.HOLDING, DoorMoved): _Draft.door_moved,
        (Phase.RESTING, Changed): _Draft.changed,
        (Phase.MOVING, Changed): _Draft.changed,
        (Phase.HOLDING, Changed): _Draft.changed,
    }
)
"""(what the bolt is doing, what happened) → the rule. Complete: nothing can happen to a lock that is not listed here."""
