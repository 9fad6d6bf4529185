"""Random stories of a lock: whatever happens in whatever order, what it promises stays true."""

from collections import Counter
from dataclasses import replace

from hypothesis import settings as run
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from latchwork.doorlock.bolt import BoltPosition, DoorPosition, Wish
from latchwork.doorlock.events import (
    Actor,
    Emit,
    LockOperation,
    LockOperationFailed,
    MoveBolt,
    Operation,
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
from latchwork.doorlock.machine import next_deadline, start, step
from latchwork.doorlock.settings import OperatingMode, Settings
from latchwork.doorlock.state import LockState

POSITIONS = st.sampled_from(BoltPosition)
REAL = st.sampled_from([BoltPosition.LOCKED, BoltPosition.UNLOCKED, BoltPosition.UNLATCHED])


class LockStories(RuleBasedStateMachine):
    """A lock, its hardware as the test knows it, and what each operator has heard."""

    state: LockState

    @initialize(has_latch=st.booleans(), has_sensor=st.booleans(), relock=st.sampled_from([0, 5]), at=POSITIONS)
    def wake_up(self, has_latch: bool, has_sensor: bool, relock: int, at: BoltPosition) -> None:
        self.now = 0.0
        self.settings = Settings(has_latch=has_latch, has_door_sensor=has_sensor, auto_relock_s=relock)
        self.real = at
        self.door: DoorPosition | None = None
        self.motor: BoltPosition | None = None
        self.asked: dict[int, Wish] = {}
        self.refused: set[int] = set()
        self.heard: Counter[tuple[int, Operation]] = Counter()
        self.failed: Counter[int] = Counter()
        self.state = start(self.settings, at, None, now=self.now)

    def tell(self, happened: BoltInput) -> None:
        self.state, effects = step(self.state, happened, self.now)
        for effect in effects:
            match effect:
                case MoveBolt(position):
                    self.motor = position
                    by = [wish.actor.source for wish in self.state.waiting]
                    if Source.AUTO in by and self.settings.has_door_sensor:
                        assert self.door is DoorPosition.CLOSED, "locked itself against an open door"
                    assert self.state.settings.is_actuator_enabled or self.state.deadline is not None
                case StopBolt():
                    self.motor = None
                case Refuse():
                    assert isinstance(happened, Commanded | Changed)
                    if isinstance(happened, Commanded):
                        assert happened.actor.node_id is not None
                        self.refused.add(happened.actor.node_id)
                case Emit(LockOperation(operation, actor)) if actor.node_id is not None:
                    self.heard[actor.node_id, operation] += 1
                case Emit(LockOperationFailed(_, actor, _)) if actor.node_id is not None:
                    self.failed[actor.node_id] += 1
                case _:
                    pass

    @rule(
        wish=st.sampled_from(Wish),
        timeout=st.sampled_from([0, 0, 2, 20]),
        source=st.sampled_from([Source.REMOTE, Source.REMOTE, Source.KEYPAD, Source.BUTTON]),
        pin=st.sampled_from([None, None, None, b"0000"]),
    )
    def command(self, wish: Wish, timeout: int, source: Source, pin: bytes | None) -> None:
        tag = len(self.asked)
        self.asked[tag] = wish
        self.tell(Commanded(wish, Actor(source, node_id=tag), pin, timeout))

    @precondition(lambda self: self.motor is not None)
    @rule()
    def motor_arrives(self) -> None:
        assert self.motor is not None
        self.real, self.motor = self.motor, None
        self.tell(BoltMoved(self.real))

    @precondition(lambda self: self.motor is not None)
    @rule()
    def motor_jams(self) -> None:
        self.real, self.motor = BoltPosition.BETWEEN, None
        self.tell(BoltJammed())

    @rule(to=REAL)
    def hand_turns(self, to: BoltPosition) -> None:
        self.real = to
        self.tell(Turned(to))

    @precondition(lambda self: self.motor is None)
    @rule(to=POSITIONS)
    def bolt_drifts(self, to: BoltPosition) -> None:
        self.real = to
        self.tell(BoltMoved(to))

    @rule(to=st.sampled_from(DoorPosition))
    def door_moves(self, to: DoorPosition) -> None:
        self.door = to
        self.tell(DoorMoved(to))

    @rule(seconds=st.sampled_from([0.1, 1.0, 4.0, 15.0]))
    def time_passes(self, seconds: float) -> None:
        end = self.now + seconds
        while (due := next_deadline(self.state)) is not None and due <= end:
            self.now = max(self.now, due)
            before = self.state
            self.tell(TimePassed())
            assert self.state != before, "a deadline passed and nothing changed: the caller would spin"
        self.now = end
        self.tell(TimePassed())

    @rule(mode=st.sampled_from(OperatingMode), enabled=st.booleans(), relock=st.sampled_from([0, 3, 5]))
    def owner_changes_settings(self, mode: OperatingMode, enabled: bool, relock: int) -> None:
        changed = replace(self.state.settings, mode=mode, is_actuator_enabled=enabled, auto_relock_s=relock)
        was_locked = self.state.shown is BoltPosition.LOCKED
        was_private = self.state.settings.mode is OperatingMode.PRIVACY
        self.tell(Changed(changed))
        if mode is OperatingMode.PRIVACY and not was_private and not was_locked:
            assert self.state.settings.mode is not OperatingMode.PRIVACY

    @invariant()
    def says_locked_only_when_it_is(self) -> None:
        if self.state.shown is BoltPosition.LOCKED:
            assert self.real is BoltPosition.LOCKED

    @invariant()
    def waits_for_the_motor_or_for_nobody(self) -> None:
        assert (self.motor is not None) == (self.state.target is not None)
        if self.state.target is None and self.state.deadline is None:
            assert self.state.waiting == ()

    def teardown(self) -> None:
        if not hasattr(self, "state"):
            return
        while self.motor is not None:
            self.motor_arrives()
        for tag, wish in self.asked.items():
            answers = self.failed[tag]
            if tag in self.refused:
                assert answers == 1
                assert not any(self.heard[tag, operation] for operation in Operation)
                continue
            if wish is Wish.UNLOCK and self.settings.has_latch:
                unlatched, unlocked = self.heard[tag, Operation.UNLATCH], self.heard[tag, Operation.UNLOCK]
                assert unlatched <= 1
                assert unlocked <= 1
                assert answers <= 1
                assert unlatched + answers == 1 or (unlatched + answers == 2 and unlocked == 1)
            else:
                operation = Operation.LOCK if wish is Wish.LOCK else Operation.UNLOCK
                assert answers + self.heard[tag, operation] == 1


TestLockStories = LockStories.TestCase
TestLockStories.settings = run(max_examples=150, stateful_step_count=30, deadline=None)
