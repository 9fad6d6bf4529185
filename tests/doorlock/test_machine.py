"""Stories of one lock: wishes, hands, doors, time; each ends in what the lock said and asked for."""

from dataclasses import replace
from typing import get_args

import pytest

from latchwork.doorlock.bolt import BoltPosition, DoorPosition, Phase, Wish
from latchwork.doorlock.events import (
    BY_HAND,
    Actor,
    Alarm,
    AlarmRaised,
    DoorStateChanged,
    Effect,
    Emit,
    Event,
    LockOperation,
    LockOperationFailed,
    MoveBolt,
    Operation,
    Reason,
    Refuse,
    Source,
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
from latchwork.doorlock.machine import MAX_WAITING, TRANSITIONS, next_deadline, start, step
from latchwork.doorlock.settings import OperatingMode, Settings

ANA = Actor(Source.REMOTE, fabric_index=1, node_id=0xA)
BEN = Actor(Source.REMOTE, fabric_index=2, node_id=0xB)
LOCKED, UNLOCKED, UNLATCHED = BoltPosition.LOCKED, BoltPosition.UNLOCKED, BoltPosition.UNLATCHED


class LockUnderTest:
    def __init__(
        self,
        at: BoltPosition = LOCKED,
        door: DoorPosition | None = DoorPosition.CLOSED,
        settings: Settings | None = None,
    ) -> None:
        self.now = 100.0
        self.state = start(settings or Settings(has_door_sensor=True), at, door, now=self.now)
        self.effects: list[Effect] = []

    def tell(self, happened: BoltInput) -> list[Effect]:
        """One input; its effects."""
        self.state, effects = step(self.state, happened, self.now)
        self.effects.extend(effects)
        return list(effects)

    def wish(
        self, wish: Wish, actor: Actor = ANA, *, pin: bytes | None = None, relock_after_s: int = 0
    ) -> list[Effect]:
        return self.tell(Commanded(wish, actor, pin, relock_after_s))

    def arrive(self) -> list[Effect]:
        """The motor does what it was told."""
        assert self.state.target is not None
        return self.tell(BoltMoved(self.state.target))

    def done(self, wish: Wish, actor: Actor = ANA, *, relock_after_s: int = 0) -> list[Effect]:
        """A wish and the motor's obedience."""
        return self.wish(wish, actor, relock_after_s=relock_after_s) + self.arrive()

    def door(self, door: DoorPosition) -> list[Effect]:
        return self.tell(DoorMoved(door))

    def wait(self, seconds: float) -> list[Effect]:
        """Time passes, with `TimePassed` exactly when it is due."""
        end = self.now + seconds
        effects: list[Effect] = []
        while (due := next_deadline(self.state)) is not None and due <= end:
            self.now = due
            before = self.state
            effects += self.tell(TimePassed())
            assert self.state != before, "a deadline passed and nothing changed: the caller would spin"
        self.now = end
        return effects + self.tell(TimePassed())


def events(effects: list[Effect]) -> list[Event]:
    return [effect.event for effect in effects if isinstance(effect, Emit)]


def refusals(effects: list[Effect]) -> list[Refuse]:
    return [effect for effect in effects if isinstance(effect, Refuse)]


def operations(effects: list[Effect]) -> list[tuple[Operation, Source]]:
    return [(event.operation, event.actor.source) for event in events(effects) if isinstance(event, LockOperation)]


def test_unlocking_moves_the_bolt_and_is_reported_when_it_arrives() -> None:
    lock = LockUnderTest()
    assert lock.wish(Wish.UNLOCK) == [MoveBolt(UNLOCKED)]
    assert lock.state.shown is BoltPosition.BETWEEN
    assert lock.arrive() == [Emit(LockOperation(Operation.UNLOCK, ANA))]
    assert lock.state.shown is UNLOCKED
    assert next_deadline(lock.state) is None


def test_a_wish_for_what_is_already_so_is_reported_without_moving() -> None:
    lock = LockUnderTest()
    assert lock.wish(Wish.LOCK) == [Emit(LockOperation(Operation.LOCK, ANA))]


def test_a_second_wish_for_the_same_shares_the_movement() -> None:
    lock = LockUnderTest()
    lock.wish(Wish.UNLOCK, ANA)
    assert lock.wish(Wish.UNLOCK, BEN) == []
    assert events(lock.arrive()) == [LockOperation(Operation.UNLOCK, ANA), LockOperation(Operation.UNLOCK, BEN)]


def test_the_wishes_that_share_a_movement_are_bounded() -> None:
    lock = LockUnderTest()
    for _ in range(MAX_WAITING):
        lock.wish(Wish.UNLOCK)
    assert refusals(lock.wish(Wish.UNLOCK, BEN)) == [Refuse(Reason.BUSY)]
    assert len(events(lock.arrive())) == MAX_WAITING


def test_the_opposite_wish_overtakes() -> None:
    lock = LockUnderTest()
    lock.wish(Wish.UNLOCK, ANA)
    effects = lock.wish(Wish.LOCK, BEN)
    assert effects == [Emit(LockOperationFailed(Operation.UNLOCK, ANA, Reason.OVERTAKEN)), MoveBolt(LOCKED)]
    assert events(lock.arrive()) == [LockOperation(Operation.LOCK, BEN)]


def test_a_report_from_the_way_is_not_an_arrival() -> None:
    lock = LockUnderTest()
    lock.wish(Wish.UNLOCK)
    assert lock.tell(BoltMoved(BoltPosition.BETWEEN)) == []
    assert events(lock.arrive()) == [LockOperation(Operation.UNLOCK, ANA)]


def test_a_motor_that_gives_up_is_a_jam() -> None:
    lock = LockUnderTest()
    lock.wish(Wish.UNLOCK)
    assert events(lock.tell(BoltJammed())) == [
        LockOperationFailed(Operation.UNLOCK, ANA, Reason.JAMMED),
        AlarmRaised(Alarm.LOCK_JAMMED),
    ]
    assert lock.state.shown is BoltPosition.BETWEEN


def test_a_bolt_that_does_not_arrive_in_time_is_jammed() -> None:
    lock = LockUnderTest(UNLOCKED)
    lock.wish(Wish.LOCK)
    assert lock.wait(9.9) == []
    effects = lock.wait(0.2)
    assert effects[0] == StopBolt()
    assert AlarmRaised(Alarm.LOCK_JAMMED) in events(effects)
    assert operations(lock.done(Wish.LOCK)) == [(Operation.LOCK, Source.REMOTE)]


def test_a_bolt_that_jams_at_rest_raises_the_alarm() -> None:
    lock = LockUnderTest()
    assert events(lock.tell(BoltJammed())) == [AlarmRaised(Alarm.LOCK_JAMMED)]


def test_a_hand_is_reported_as_a_hand() -> None:
    lock = LockUnderTest()
    assert operations(lock.tell(Turned(UNLOCKED))) == [(Operation.UNLOCK, Source.MANUAL)]
    assert lock.tell(Turned(UNLOCKED)) == []
    assert operations(lock.tell(Turned(LOCKED))) == [(Operation.LOCK, Source.MANUAL)]


def test_a_bolt_that_moved_unasked_is_reported_without_guessing_who() -> None:
    lock = LockUnderTest()
    assert operations(lock.tell(BoltMoved(UNLOCKED))) == [(Operation.UNLOCK, Source.UNSPECIFIED)]
    assert lock.tell(BoltMoved(BoltPosition.BETWEEN)) == []
    assert lock.state.shown is BoltPosition.BETWEEN


def test_a_hand_interrupts_the_motor() -> None:
    lock = LockUnderTest()
    lock.wish(Wish.UNLOCK)
    effects = lock.tell(Turned(LOCKED))
    assert effects[0] == StopBolt()
    assert events(effects) == [
        LockOperationFailed(Operation.UNLOCK, ANA, Reason.OVERTAKEN),
        LockOperation(Operation.LOCK, BY_HAND),
    ]


def test_a_hand_that_does_the_motors_work_fulfils_the_wish() -> None:
    lock = LockUnderTest()
    lock.wish(Wish.UNLOCK)
    assert operations(lock.tell(Turned(UNLOCKED))) == [
        (Operation.UNLOCK, Source.REMOTE),
        (Operation.UNLOCK, Source.MANUAL),
    ]


# the lock locks itself

RELOCKING = Settings(has_door_sensor=True, auto_relock_s=30)


def test_a_lock_locks_itself_after_unlocking_from_any_source() -> None:
    for unlock in (Commanded(Wish.UNLOCK, ANA), Turned(UNLOCKED), BoltMoved(UNLOCKED)):
        lock = LockUnderTest(settings=RELOCKING)
        lock.tell(unlock)
        if lock.state.target is not None:
            lock.arrive()
        assert lock.wait(29) == []
        assert lock.wait(1) == [MoveBolt(LOCKED)]
        assert operations(lock.arrive()) == [(Operation.LOCK, Source.AUTO)]
        assert lock.wait(1000) == []


def test_locking_forgets_the_timer() -> None:
    lock = LockUnderTest(settings=RELOCKING)
    lock.done(Wish.UNLOCK)
    lock.done(Wish.LOCK)
    assert next_deadline(lock.state) is None


@pytest.mark.parametrize("door", [door for door in DoorPosition if door is not DoorPosition.CLOSED] + [None])
def test_a_lock_never_locks_itself_unless_the_door_is_closed(door: DoorPosition | None) -> None:
    lock = LockUnderTest(UNLOCKED, door, RELOCKING)
    assert lock.wait(1000) == []
    effects = lock.door(DoorPosition.CLOSED) + lock.wait(0.9)
    assert MoveBolt(LOCKED) not in effects
    assert lock.wait(0.1) == [MoveBolt(LOCKED)]


def test_a_bouncing_door_starts_the_pause_anew() -> None:
    lock = LockUnderTest(UNLOCKED, DoorPosition.OPEN, RELOCKING)
    lock.wait(60)
    lock.door(DoorPosition.CLOSED)
    lock.wait(0.5)
    lock.door(DoorPosition.OPEN)
    assert lock.wait(10) == []
    lock.door(DoorPosition.CLOSED)
    assert lock.wait(1) == [MoveBolt(LOCKED)]


def test_without_a_sensor_the_door_counts_as_closed() -> None:
    lock = LockUnderTest(UNLOCKED, None, Settings(auto_relock_s=5))
    assert lock.door(DoorPosition.OPEN) == []
    assert lock.wait(5) == [MoveBolt(LOCKED)]


def test_unlocking_with_a_timeout_relocks_once_whatever_the_settings_say() -> None:
    for settings in (Settings(has_door_sensor=True), RELOCKING):
        lock = LockUnderTest(settings=settings)
        lock.done(Wish.UNLOCK, relock_after_s=5)
        assert lock.wait(4.9) == []
        assert lock.wait(0.1) == [MoveBolt(LOCKED)]
        lock.arrive()
        lock.done(Wish.UNLOCK)
        assert lock.wait(6) == []


def test_a_disabled_motor_owes_the_relocking() -> None:
    lock = LockUnderTest(UNLOCKED, settings=RELOCKING)
    lock.tell(Changed(replace(RELOCKING, is_actuator_enabled=False)))
    assert lock.wait(100) == []
    assert lock.tell(Changed(RELOCKING)) == [MoveBolt(LOCKED)]


def test_a_jam_while_locking_itself_is_not_tried_for_ever() -> None:
    lock = LockUnderTest(UNLOCKED, settings=RELOCKING)
    lock.wait(30)
    assert AlarmRaised(Alarm.LOCK_JAMMED) in events(lock.tell(BoltJammed()))
    assert lock.wait(10_000) == []


def test_a_new_relock_time_counts_from_now_and_zero_forgets() -> None:
    lock = LockUnderTest(UNLOCKED, settings=RELOCKING)
    lock.wait(20)
    lock.tell(Changed(replace(RELOCKING, auto_relock_s=60)))
    assert next_deadline(lock.state) == lock.now + 60
    lock.tell(Changed(replace(RELOCKING, auto_relock_s=0)))
    assert next_deadline(lock.state) is None


def test_a_lock_that_wakes_up_unlocked_arms_itself() -> None:
    assert next_deadline(LockUnderTest(UNLOCKED, settings=RELOCKING).state) == 130.0
    assert next_deadline(LockUnderTest(LOCKED, settings=RELOCKING).state) is None


def test_privacy_does_not_survive_an_unlocking_that_nobody_saw() -> None:
    private = Settings(mode=OperatingMode.PRIVACY)
    assert LockUnderTest(UNLOCKED, settings=private).state.settings.mode is OperatingMode.NORMAL
    assert LockUnderTest(LOCKED, settings=private).state.settings.mode is OperatingMode.PRIVACY


def test_a_passage_stays_open() -> None:
    lock = LockUnderTest(UNLOCKED, settings=replace(RELOCKING, mode=OperatingMode.PASSAGE))
    assert lock.wait(1000) == []
    lock.tell(Changed(RELOCKING))
    assert lock.wait(30) == [MoveBolt(LOCKED)]


# the latch

LATCHED = Settings(has_door_sensor=True, has_latch=True)


def test_unlocking_pulls_the_latch_for_a_moment() -> None:
    lock = LockUnderTest(settings=LATCHED)
    assert lock.wish(Wish.UNLOCK) == [MoveBolt(UNLATCHED)]
    assert operations(lock.arrive()) == [(Operation.UNLATCH, Source.REMOTE)]
    assert lock.state.shown is UNLATCHED
    assert lock.wait(2.9) == []
    assert lock.wait(0.1) == [MoveBolt(UNLOCKED)]
    assert lock.arrive() == [Emit(LockOperation(Operation.UNLOCK, ANA))]


def test_unbolting_leaves_the_latch_alone() -> None:
    lock = LockUnderTest(settings=LATCHED)
    assert lock.wish(Wish.UNBOLT) == [MoveBolt(UNLOCKED)]
    assert operations(lock.arrive()) == [(Operation.UNLOCK, Source.REMOTE)]
    assert lock.wait(100) == []


def test_a_lock_without_a_latch_of_its_own_cannot_unbolt() -> None:
    lock = LockUnderTest()
    assert refusals(lock.wish(Wish.UNBOLT)) == [Refuse(Reason.NO_LATCH)]


def test_a_bolt_that_jams_before_it_is_drawn_is_a_failed_unlocking() -> None:
    lock = LockUnderTest(settings=LATCHED)
    lock.wish(Wish.UNLOCK)
    assert events(lock.tell(BoltJammed())) == [
        LockOperationFailed(Operation.UNLOCK, ANA, Reason.JAMMED),
        AlarmRaised(Alarm.LOCK_JAMMED),
    ]


def test_a_latch_that_jams_behind_a_drawn_bolt_is_an_unlocking_without_unlatching() -> None:
    lock = LockUnderTest(settings=replace(LATCHED, auto_relock_s=30))
    lock.wish(Wish.UNLOCK)
    lock.tell(BoltMoved(UNLOCKED))
    assert events(lock.tell(BoltJammed())) == [
        LockOperationFailed(Operation.UNLATCH, ANA, Reason.JAMMED),
        LockOperation(Operation.UNLOCK, ANA),
        AlarmRaised(Alarm.LOCK_JAMMED),
    ]
    assert lock.wait(30) == [MoveBolt(LOCKED)]


def test_a_latch_that_cannot_be_let_go_is_told_as_unlatching_that_failed() -> None:
    lock = LockUnderTest(settings=LATCHED)
    lock.done(Wish.UNLOCK)
    lock.wait(3)
    assert events(lock.tell(BoltJammed()))[:2] == [
        LockOperationFailed(Operation.UNLATCH, ANA, Reason.JAMMED),
        LockOperation(Operation.UNLOCK, ANA),
    ]


def test_a_second_unlocking_holds_the_latch_for_longer() -> None:
    lock = LockUnderTest(settings=LATCHED)
    lock.done(Wish.UNLOCK, ANA)
    lock.wait(2)
    assert lock.wish(Wish.UNLOCK, BEN) == [Emit(LockOperation(Operation.UNLATCH, BEN))]
    assert lock.wait(2) == []
    assert lock.wait(1) == [MoveBolt(UNLOCKED)]
    assert events(lock.arrive()) == [LockOperation(Operation.UNLOCK, ANA), LockOperation(Operation.UNLOCK, BEN)]


def test_locking_from_a_held_latch_lets_go_on_the_way() -> None:
    lock = LockUnderTest(settings=LATCHED)
    lock.done(Wish.UNLOCK, ANA)
    assert lock.wish(Wish.LOCK, BEN) == [MoveBolt(LOCKED)]
    assert events(lock.arrive()) == [LockOperation(Operation.LOCK, BEN)]


def test_unbolting_a_held_latch_lets_go_at_once() -> None:
    lock = LockUnderTest(settings=LATCHED)
    lock.done(Wish.UNLOCK, ANA)
    assert lock.wish(Wish.UNBOLT, BEN) == [MoveBolt(UNLOCKED)]
    assert events(lock.arrive()) == [LockOperation(Operation.UNLOCK, ANA), LockOperation(Operation.UNLOCK, BEN)]


def test_a_relocking_that_falls_due_waits_for_the_latch() -> None:
    lock = LockUnderTest(settings=LATCHED)
    lock.done(Wish.UNLOCK, relock_after_s=1)
    assert lock.wait(3) == [MoveBolt(UNLOCKED)]
    assert lock.arrive() == [Emit(LockOperation(Operation.UNLOCK, ANA)), MoveBolt(LOCKED)]


# the door


def test_a_door_is_reported_when_it_moves() -> None:
    lock = LockUnderTest(UNLOCKED)
    assert lock.door(DoorPosition.OPEN) == [Emit(DoorStateChanged(DoorPosition.OPEN, DoorPosition.CLOSED))]
    assert lock.door(DoorPosition.OPEN) == []
    assert events(lock.door(DoorPosition.AJAR))[1] == AlarmRaised(Alarm.DOOR_AJAR)


def test_a_locked_door_that_opens_was_forced() -> None:
    lock = LockUnderTest()
    assert events(lock.door(DoorPosition.OPEN)) == [
        DoorStateChanged(DoorPosition.FORCED_OPEN, DoorPosition.CLOSED),
        AlarmRaised(Alarm.DOOR_FORCED_OPEN),
    ]
    assert lock.door(DoorPosition.OPEN) == []
    assert events(lock.door(DoorPosition.CLOSED)) == [DoorStateChanged(DoorPosition.CLOSED, DoorPosition.FORCED_OPEN)]


def test_a_door_first_seen_open_was_not_seen_being_forced() -> None:
    lock = LockUnderTest(door=None)
    assert events(lock.door(DoorPosition.OPEN)) == [DoorStateChanged(DoorPosition.OPEN, None)]


def test_an_owner_may_forbid_locking_an_open_door() -> None:
    careful = Settings(has_door_sensor=True, locks_open_door=False)
    lock = LockUnderTest(UNLOCKED, DoorPosition.OPEN, careful)
    assert refusals(lock.wish(Wish.LOCK)) == [Refuse(Reason.DOOR_NOT_CLOSED)]
    lock.door(DoorPosition.CLOSED)
    assert lock.wish(Wish.LOCK) == [MoveBolt(LOCKED)]


# what may be done


@pytest.mark.parametrize("mode", OperatingMode)
@pytest.mark.parametrize("source", [Source.REMOTE, Source.KEYPAD, Source.RFID, Source.MANUAL])
def test_each_mode_silences_its_interfaces(mode: OperatingMode, source: Source) -> None:
    works = {
        OperatingMode.NORMAL: {Source.REMOTE, Source.KEYPAD, Source.RFID, Source.MANUAL},
        OperatingMode.VACATION: {Source.REMOTE, Source.MANUAL},
        OperatingMode.PRIVACY: {Source.MANUAL},
        OperatingMode.NO_REMOTE_LOCK_UNLOCK: {Source.KEYPAD, Source.RFID, Source.MANUAL},
        OperatingMode.PASSAGE: {Source.REMOTE, Source.KEYPAD, Source.RFID, Source.MANUAL},
    }
    lock = LockUnderTest(settings=Settings(mode=mode))
    actor = Actor(source)
    effects = lock.wish(Wish.UNLOCK, actor)
    if source in works[mode]:
        assert effects == [MoveBolt(UNLOCKED)]
    else:
        assert effects == [Refuse(Reason.MODE), Emit(LockOperationFailed(Operation.UNLOCK, actor, Reason.MODE))]


def test_privacy_wants_a_locked_door_and_ends_by_hand() -> None:
    private = Settings(mode=OperatingMode.PRIVACY)
    lock = LockUnderTest(UNLOCKED, settings=Settings())
    assert lock.tell(Changed(private)) == [Refuse(Reason.NOT_LOCKED)]
    assert lock.state.settings.mode is OperatingMode.NORMAL
    lock.done(Wish.LOCK)
    assert lock.tell(Changed(private)) == []
    lock.tell(Turned(UNLOCKED))
    assert lock.state.settings.mode is OperatingMode.NORMAL


def test_privacy_is_not_entered_while_the_bolt_moves() -> None:
    lock = LockUnderTest(settings=Settings())
    lock.wish(Wish.UNLOCK)
    assert lock.tell(Changed(Settings(mode=OperatingMode.PRIVACY))) == [Refuse(Reason.NOT_LOCKED)]


def test_a_disabled_motor_refuses_but_hands_work() -> None:
    lock = LockUnderTest(settings=Settings(is_actuator_enabled=False))
    assert refusals(lock.wish(Wish.UNLOCK)) == [Refuse(Reason.ACTUATOR_DISABLED)]
    assert operations(lock.tell(Turned(UNLOCKED))) == [(Operation.UNLOCK, Source.MANUAL)]


def test_a_required_pin_refuses_remote_wishes_without_one() -> None:
    lock = LockUnderTest(settings=Settings(needs_pin_for_remote=True))
    assert refusals(lock.wish(Wish.UNLOCK)) == [Refuse(Reason.PIN_REQUIRED)]
    assert lock.wish(Wish.UNLOCK, Actor(Source.BUTTON)) == [MoveBolt(UNLOCKED)]


def test_a_pin_that_nobody_has_is_refused_even_when_none_is_required() -> None:
    lock = LockUnderTest()
    assert refusals(lock.wish(Wish.UNLOCK, pin=b"1234")) == [Refuse(Reason.PIN_UNKNOWN)]


def test_a_pin_is_not_shown() -> None:
    assert "1234" not in repr(Commanded(Wish.UNLOCK, ANA, b"1234"))


def test_the_table_is_complete() -> None:
    assert set(TRANSITIONS) == {(phase, kind) for phase in Phase for kind in get_args(BoltInput)}
