"""The whole lock: its bolt, the people it knows, wrong codes, holidays and everything that time brings about.

Layer doorlock. Driven by what happens at the door (`Presented`, `Touched`, `PrivacyPressed`, `Turned`, sensors), by wishes from afar
(`Commanded`), by settings (`Changed`) and by time (`TimePassed`, due at `next_deadline`). Deterministic and without a clock: both
clocks are arguments. `machine` moves the bolt, `decide` judges, `entry` counts; here they meet.

A wish that is granted ends in exactly one `LockOperation` or `LockOperationFailed` of its kind, and one that is refused in one
`LockOperationFailed`; only a locked-out lock says nothing (Application Clusters 5.2.10.1.1). A user counts as let in when the motor
starts: from then on a disposable user is used up and an expiring one's time runs, for a jammed bolt may give way after all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from latchwork.doorlock import machine
from latchwork.doorlock.bolt import OPENED, BoltPosition, DoorPosition, Wish
from latchwork.doorlock.credentials import Credential, CredentialKind
from latchwork.doorlock.decide import OUTSIDE, Verdict, is_silenced, judge, obstacle
from latchwork.doorlock.entry import EntryState
from latchwork.doorlock.events import (
    BY_NOBODY_KNOWN,
    Actor,
    Alarm,
    AlarmRaised,
    Answer,
    Effect,
    Emit,
    EntryOutcome,
    LockOperation,
    LockOperationFailed,
    Operation,
    Reason,
    Refuse,
    Source,
)
from latchwork.doorlock.holidays import HolidayState, Obeyed
from latchwork.doorlock.inputs import (
    BoltInput,
    BoltJammed,
    BoltMoved,
    Changed,
    Commanded,
    DoorMoved,
    Input,
    Presented,
    PrivacyPressed,
    TimePassed,
    Touched,
    Turned,
)
from latchwork.doorlock.moment import Moment
from latchwork.doorlock.register import Register
from latchwork.doorlock.settings import OperatingMode, Settings
from latchwork.doorlock.users import User, UserType

_GUESSABLE: Final = frozenset({CredentialKind.PIN, CredentialKind.PROGRAMMING_PIN})
_OUTCOMES: Final = MappingProxyType(
    {
        Reason.PIN_UNKNOWN: EntryOutcome.WRONG_CODE,
        Reason.USER_DISABLED: EntryOutcome.DISABLED,
        Reason.EXPIRED: EntryOutcome.DISABLED,
        Reason.SCHEDULE: EntryOutcome.SCHEDULE,
        Reason.CLOCK_UNKNOWN: EntryOutcome.SCHEDULE,
    }
)
"""What the owner of a card or a finger hears; REFUSED where nothing is listed. Of a code a stranger would learn that it is one."""

_NOT_OPEN: Final = frozenset({DoorPosition.CLOSED, DoorPosition.FAULT})
"""What ends the time that a door has been open: it closed, or nobody knows whether it did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockMemory:
    """What a lock must still know after a power cut. It changes only when something happens, never by time passing.

    Attributes:
        position: where the bolt was seen last.
        holiday: (index, mode) of the holiday that is obeyed, or None.
        mode_before: the mode that comes back after it, or None.
        wrong_codes: failed presentations in a row.
        lockout_s: seconds of the lockout that was on, 0 for none. A restart begins it anew: taking the battery out must not help.
        relock_s: seconds of the relocking that was under way, likewise; 0 when it was overdue; None for none.
    """

    position: BoltPosition
    holiday: Obeyed | None = None
    mode_before: OperatingMode | None = None
    wrong_codes: int = 0
    lockout_s: float = 0
    relock_s: float | None = None


class Lock:
    """One lock.

    Attributes:
        register: who is known.
        bolt: bolt, latch, door and settings.
        entry: wrong codes and half-shown sets.
        holidays: which holiday is obeyed, and what comes after it.
    """

    __slots__ = (
        "_is_ajar_said",
        "_lockout_s",
        "_opened_at",
        "_relock_s",
        "_unsaid",
        "bolt",
        "entry",
        "holidays",
        "register",
    )

    def __init__(
        self,
        register: Register,
        settings: Settings,
        position: BoltPosition,
        door: DoorPosition | None,
        *,
        now: float,
        memory: LockMemory | None = None,
    ) -> None:
        """A lock that wakes up with its bolt and its door there.

        Args:
            register: who is known.
            settings: what the lock can do and how it shall behave; the mode is the one it was in.
            position: where the bolt is.
            door: where the door is; None is not known.
            now: seconds, as for `take`.
            memory: what it kept; None is a lock fresh from the box.
        """
        self.register = register
        self.entry = EntryState()
        self.bolt = machine.start(settings, position, door, now=now)
        self.holidays = HolidayState()
        self._relock_s = None if self.bolt.relock_at is None else self.bolt.relock_at - now
        self._lockout_s: float = 0
        self._opened_at = now if door in OPENED else None
        self._is_ajar_said = False
        self._unsaid: tuple[Effect, ...] = ()
        if memory is not None:
            self._recall(memory, now)

    def _recall(self, memory: LockMemory, now: float) -> None:
        self.holidays = HolidayState(memory.holiday, memory.mode_before)
        self.entry.wrong_codes = memory.wrong_codes
        if memory.lockout_s:
            self._lockout_s = memory.lockout_s
            self.entry.lockout_until = now + memory.lockout_s
        position = self.bolt.position
        is_open = position is not BoltPosition.LOCKED and self.settings.mode is not OperatingMode.PASSAGE
        if memory.relock_s is not None and is_open and memory.position is position:
            self.bolt = replace(self.bolt, relock_at=now + memory.relock_s)
            self._relock_s = memory.relock_s
        operation = machine.OPERATIONS.get(position)
        if operation is not None and memory.position is not position:
            self._unsaid = (Emit(LockOperation(operation, BY_NOBODY_KNOWN)),)

    def memory(self) -> LockMemory:
        """What must be known after a power cut; small, and equal to the last one when nothing of it has changed."""
        bolt, entry = self.bolt, self.entry
        return LockMemory(
            position=bolt.position,
            holiday=self.holidays.obeyed,
            mode_before=self.holidays.mode_before,
            wrong_codes=entry.wrong_codes,
            lockout_s=0 if entry.lockout_until is None else self._lockout_s,
            relock_s=0 if bolt.is_relock_owed else None if bolt.relock_at is None else self._relock_s,
        )

    @property
    def settings(self) -> Settings:
        """What the lock can do and how it behaves now."""
        return self.bolt.settings

    def open_minutes(self, now: float) -> int:
        """Minutes that the door has been open now; 0 when it is not (Application Clusters 5.2.9.7)."""
        return 0 if self._opened_at is None else int(now - self._opened_at) // 60

    def take(self, happened: Input, now: float, moment: Moment | None) -> tuple[Effect, ...]:
        """What shall be done because of what happened, in this order.

        Args:
            happened: what.
            now: seconds of a clock that never goes back.
            moment: what the wall clock says; None is not known.
        """
        effects: list[Effect] = []
        if self._unsaid:
            effects += self._unsaid
            self._unsaid = ()
        self._keep_time(now, moment, effects)
        _RULES[type(happened)](self, happened, now, moment, effects)
        return tuple(effects)

    def next_deadline(self, now: float, moment: Moment | None) -> float | None:
        """When `TimePassed` is due, in seconds of `now`; None while nothing depends on time.

        Ask again after every `take`, and after the register, the clock or the time zone has changed.
        """
        deadlines = [machine.next_deadline(self.bolt), self.entry.next_deadline, self._ajar_at]
        if moment is not None:
            expiry = self.register.next_expiry()
            if expiry is not None:
                deadlines.append(now + max(expiry - moment.utc_s, 0))
            look_s = self.holidays.seconds_to_look(self.register.holidays(), moment, self.bolt.shown)
            if look_s is not None:
                deadlines.append(now + look_s)
        return min((each for each in deadlines if each is not None), default=None)

    # the bolt

    def _step(self, happened: BoltInput, now: float) -> tuple[Effect, ...]:
        before = self.bolt
        self.bolt, effects = machine.step(before, happened, now)
        relock_at = self.bolt.relock_at
        if relock_at != before.relock_at:
            self._relock_s = None if relock_at is None else relock_at - now
        return effects

    def _moved(self, happened: BoltInput, now: float, _moment: Moment | None, effects: list[Effect]) -> None:
        """Bolt and time concern the machine alone."""
        effects += self._step(happened, now)

    def _turned(self, hand: Turned, now: float, _moment: Moment | None, effects: list[Effect]) -> None:
        """Whoever draws the bolt by hand has ended the privacy that would come back after a holiday, too."""
        if hand.position is not BoltPosition.LOCKED:
            self.holidays.drawn_by_hand()
        effects += self._step(hand, now)

    def _door_moved(self, report: DoorMoved, now: float, _moment: Moment | None, effects: list[Effect]) -> None:
        before = self.bolt.door
        effects += self._step(report, now)
        door = self.bolt.door
        if door is before:
            return
        if door is None or door in _NOT_OPEN:
            self._opened_at = None
        elif door in OPENED and self._opened_at is None:
            self._opened_at = now
            self._is_ajar_said = False
        if door is DoorPosition.AJAR:
            self._is_ajar_said = True  # the sensor has raised it by itself

    # wishes from afar, and from the house itself

    def _commanded(self, command: Commanded, now: float, moment: Moment | None, effects: list[Effect]) -> None:
        source = command.actor.source
        if source in OUTSIDE:
            if self.entry.lockout_until is not None:
                effects.append(Refuse(Reason.LOCKED_OUT))
                return
            if command.pin is not None:
                self._command_with_pin(command, command.pin, now, moment, effects)
                return
            if source is Source.REMOTE and self.settings.needs_pin_for_remote:
                self._command_without_pin(command, now, effects)
                return
        effects += self._step(command, now)

    def _command_without_pin(self, command: Commanded, now: float, effects: list[Effect]) -> None:
        done = self._step(command, now)
        effects += done
        if done[0] == Refuse(Reason.PIN_REQUIRED):
            self._count_wrong(now, effects)

    def _command_with_pin(
        self, command: Commanded, pin: bytes, now: float, moment: Moment | None, effects: list[Effect]
    ) -> None:
        """A PIN is verified whether or not one is required (Application Clusters 5.2.10.1.1)."""
        wish, actor, settings = command.wish, command.actor, self.settings
        if is_silenced(settings.mode, actor.source, None) or obstacle(wish, settings, self.bolt.door) is not None:
            effects += self._step(command, now)
            return
        found = self.register.find(CredentialKind.PIN, pin)
        shown = () if found is None else (found,)
        verdict = judge(self.register, shown, actor.source, settings, moment)
        actor = _known(actor, shown)
        if verdict.user is not None and verdict.reason is None:
            self._let_in(verdict.user, replace(command, actor=actor, pin=None, is_judged=True), now, moment, effects)
            return
        reason = verdict.reason or Reason.PIN_UNKNOWN
        effects.append(Refuse(reason))
        self._report_refusal(verdict, wish, actor, effects)
        if reason is Reason.PIN_UNKNOWN and self.register.supports(CredentialKind.PIN):
            self._count_wrong(now, effects)

    def _let_in(
        self, user: User, command: Commanded, now: float, moment: Moment | None, effects: list[Effect]
    ) -> Reason | None:
        """Tell the machine, and what follows from who it is; why it will not be, or None."""
        done = self._step(command, now)
        first = done[0] if done else None
        if isinstance(first, Refuse):
            effects += done
            return first.reason
        self.entry.forgive()
        if user.type is UserType.FORCED:
            effects.append(Emit(LockOperation(Operation.FORCED_USER_EVENT, command.actor)))
            effects.append(Emit(AlarmRaised(Alarm.FORCED_USER)))
        is_opening = command.wish is not Wish.LOCK
        if user.type is UserType.EXPIRING or (user.type is UserType.DISPOSABLE and is_opening):
            effects += [Emit(change) for change in self.register.used(user.index, moment)]
        effects += done
        return None

    # whoever stands before the door

    def _presented(self, shown: Presented, now: float, moment: Moment | None, effects: list[Effect]) -> None:
        settings, entry, wish, source = self.settings, self.entry, shown.wish, shown.source
        if entry.lockout_until is not None:
            effects.append(Answer(EntryOutcome.LOCKED_OUT))
            return
        reason = obstacle(wish, settings, self.bolt.door)
        if is_silenced(settings.mode, source, None):
            reason = Reason.MODE
        if (
            reason is not None
        ):  # nobody can have it: what was shown is not looked at, and nobody learns whether it was right
            effects.append(Answer(EntryOutcome.REFUSED))
            effects.append(Emit(LockOperationFailed(_kind_of(wish), Actor(source), reason)))
            return
        is_programming = shown.kind is CredentialKind.PROGRAMMING_PIN
        found = None if is_programming else self.register.find(shown.kind, shown.secret)
        if found is None:
            self._strange(wish, Actor(source), now, effects)
            return
        self._recognised(found, wish, source, now, moment, effects)

    def _strange(self, wish: Wish, actor: Actor, now: float, effects: list[Effect]) -> None:
        self._abandon_collected(effects)
        answer = len(effects)
        effects.append(Emit(LockOperationFailed(_kind_of(wish), actor, Reason.PIN_UNKNOWN)))
        is_locked_out = self._count_wrong(now, effects)
        effects.insert(answer, Answer(EntryOutcome.LOCKED_OUT if is_locked_out else EntryOutcome.WRONG_CODE))

    def _recognised(
        self,
        found: Credential,
        wish: Wish,
        source: Source,
        now: float,
        moment: Moment | None,
        effects: list[Effect],
    ) -> None:
        entry = self.entry
        if entry.shown and entry.shown[0].user_index != found.user_index:
            self._abandon_collected(effects)
        shown = entry.with_earlier(found, self._is_known) if entry.shown else (found,)
        verdict = judge(self.register, shown, source, self.settings, moment)
        if verdict.reason is Reason.MORE_NEEDED:
            entry.collect(shown, wish, source, now + self.settings.collect_s)
            effects.append(Answer(EntryOutcome.SHOW_ANOTHER))
            return
        actor = _known(Actor(source), shown)
        if verdict.user is not None and verdict.reason is None:
            answer = len(effects)
            command = Commanded(wish, actor, is_judged=True)
            refused = self._let_in(verdict.user, command, now, moment, effects)
            entry.drop_collected()
            if refused is not None:
                effects[answer] = Answer(EntryOutcome.REFUSED)  # in place of the machine's Refuse
            else:
                effects.insert(answer, Answer(EntryOutcome.LOCKED if wish is Wish.LOCK else EntryOutcome.OPENED))
            return
        entry.drop_collected()
        effects.append(Answer(_outcome(found.kind, verdict.reason)))
        self._report_refusal(verdict, wish, actor, effects)

    def _is_known(self, credential: Credential) -> bool:
        return self.register.credential(credential.kind, credential.index) is credential

    def _touched(self, _touch: Touched, now: float, _moment: Moment | None, effects: list[Effect]) -> None:
        """One touch locks. In passage mode, where nobody proves anything, it also opens what is locked."""
        settings = self.settings
        opens = settings.mode is OperatingMode.PASSAGE and self.bolt.position is BoltPosition.LOCKED
        if not opens and not settings.one_touch_locking:
            return
        done = self._step(Commanded(Wish.UNLOCK if opens else Wish.LOCK, Actor(Source.BUTTON)), now)
        if done and isinstance(done[0], Refuse):
            effects.append(Answer(EntryOutcome.REFUSED))
            effects += done[1:]
            return
        effects.append(Answer(EntryOutcome.OPENED if opens else EntryOutcome.LOCKED))
        effects += done

    def _privacy_pressed(
        self, _press: PrivacyPressed, now: float, _moment: Moment | None, effects: list[Effect]
    ) -> None:
        """The button inside: into privacy, or out of it to what would be without it."""
        settings = self.settings
        if not settings.privacy_button:
            return
        mode = OperatingMode.PRIVACY
        if settings.mode is mode:
            mode = self.holidays.mode_without_privacy
        done = self._step(Changed(replace(settings, mode=mode)), now)
        if done and isinstance(done[0], Refuse):
            effects.append(Answer(EntryOutcome.REFUSED))
            done = done[1:]
        effects += done

    # what went wrong

    def _report_refusal(self, verdict: Verdict, wish: Wish, actor: Actor, effects: list[Effect]) -> None:
        if verdict.reason is Reason.NO_ACCESS and verdict.user is not None and verdict.user.type is UserType.NON_ACCESS:
            effects.append(Emit(LockOperation(Operation.NON_ACCESS_USER_EVENT, actor)))
        else:
            reason = verdict.reason or Reason.PIN_UNKNOWN
            effects.append(Emit(LockOperationFailed(_kind_of(wish), actor, reason)))

    def _count_wrong(self, now: float, effects: list[Effect]) -> bool:
        if not self.entry.count_wrong(self.settings, now):
            return False
        self._lockout_s = self.settings.lockout_s
        self._abandon_collected(effects)
        effects.append(Emit(AlarmRaised(Alarm.WRONG_CODE_ENTRY_LIMIT)))
        return True

    def _abandon_collected(self, effects: list[Effect]) -> None:
        """A set that will not be finished: its owner hears that the first of it was shown."""
        collector = self.entry.collector
        if collector is not None:
            operation = _kind_of(self.entry.wish)
            effects.append(Emit(LockOperationFailed(operation, collector, Reason.MORE_NEEDED)))
            self.entry.drop_collected()

    # time

    @property
    def _ajar_at(self) -> float | None:
        after_s = self.settings.ajar_after_s
        if self._opened_at is None or self._is_ajar_said or not after_s:
            return None
        return self._opened_at + after_s

    def _keep_time(self, now: float, moment: Moment | None, effects: list[Effect]) -> None:
        """Everything that is due by now, before anything else happens."""
        entry = self.entry
        if entry.lockout_until is not None and now >= entry.lockout_until:
            entry.lockout_until = None
        if entry.collect_until is not None and now >= entry.collect_until:
            self._abandon_collected(effects)
        ajar_at = self._ajar_at
        if ajar_at is not None and now >= ajar_at:
            self._is_ajar_said = True
            effects.append(Emit(AlarmRaised(Alarm.DOOR_AJAR)))
        if moment is None:
            return
        expiry = self.register.next_expiry()
        if expiry is not None and moment.utc_s >= expiry:
            effects += [Emit(change) for change in self.register.expire(moment)]
        holidays, position = self.holidays, self.bolt.shown
        due = holidays.due(self.register.holidays(), moment, position)
        if due != holidays.obeyed:
            mode = holidays.obey(due, self.settings.mode, position)
            if mode is not self.settings.mode:
                effects += self._step(Changed(replace(self.settings, mode=mode)), now)


def _kind_of(wish: Wish) -> Operation:
    return Operation.LOCK if wish is Wish.LOCK else Operation.UNLOCK


def _known(actor: Actor, shown: tuple[Credential, ...]) -> Actor:
    if not shown:
        return actor
    credentials = tuple((int(each.kind), each.index) for each in shown)
    return Actor(actor.source, actor.fabric_index, actor.node_id, shown[0].user_index, credentials)


def _outcome(kind: CredentialKind, reason: Reason | None) -> EntryOutcome:
    if kind in _GUESSABLE or reason is None:
        return EntryOutcome.WRONG_CODE
    return _OUTCOMES.get(reason, EntryOutcome.REFUSED)


_RULES: Final[Mapping[type[Input], Callable[[Lock, Any, float, Moment | None, list[Effect]], None]]] = MappingProxyType(
    {
        Commanded: Lock._commanded,  # noqa: SLF001  # the table of this class
        Presented: Lock._presented,  # noqa: SLF001 - its own table
        Touched: Lock._touched,  # noqa: SLF001 - its own table
        PrivacyPressed: Lock._privacy_pressed,  # noqa: SLF001 - its own table
        Turned: Lock._turned,  # noqa: SLF001 - its own table
        DoorMoved: Lock._door_moved,  # noqa: SLF001 - its own table
        BoltMoved: Lock._moved,  # noqa: SLF001 - its own table
        BoltJammed: Lock._moved,  # noqa: SLF001 - its own table
        Changed: Lock._moved,  # noqa: SLF001 - its own table
        TimePassed: Lock._moved,  # noqa: SLF001 - its own table
    }
)
"""What happened → the rule. Complete."""
