"""Random stories of a whole lock: whoever shows or wishes whatever in whatever order, what it promises stays true."""

from collections import Counter
from dataclasses import replace

from hypothesis import settings as run
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.support.lock import MIDNIGHT_UTC, SOURCES, ZONE_S, Home
from tests.support.register import AT_THE_LOCK

from latchwork.base.logs import Secret
from latchwork.doorlock.bolt import BoltPosition, DoorPosition, Wish
from latchwork.doorlock.changes import DataChange
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.events import (
    Actor,
    Answer,
    Emit,
    EntryOutcome,
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
    BoltJammed,
    BoltMoved,
    Changed,
    Commanded,
    DoorMoved,
    Presented,
    PrivacyPressed,
    TimePassed,
    Touched,
    Turned,
)
from latchwork.doorlock.settings import OperatingMode
from latchwork.doorlock.users import CredentialRule, UserStatus, UserType

PINS = {kind: b"%06d" % (kind * 11 + 100000) for kind in UserType if kind is not UserType.WEEK_DAY_SCHEDULE}
DUAL_PIN, DUAL_CARD = b"200001", b"card-of-two"
LIMIT, LOCKOUT_S = 3, 30
KIND = CredentialKind
LETS_IN = {EntryOutcome.OPENED, EntryOutcome.LOCKED}


class WholeLockStories(RuleBasedStateMachine):
    """A lock with one user of every type and one with two credentials; its motor obeys when it likes."""

    @initialize(
        has_latch=st.booleans(), relock=st.sampled_from([0, 5]), needs_pin=st.booleans(), knows_time=st.booleans()
    )
    def wake_up(self, has_latch, relock, needs_pin, knows_time):
        self.home = Home(
            has_latch=has_latch,
            auto_relock_s=relock,
            needs_pin_for_remote=needs_pin,
            wrong_code_limit=LIMIT,
            lockout_s=LOCKOUT_S,
            privacy_button=True,
            one_touch_locking=True,
            ajar_after_s=40,
        )
        self.home.works = False
        self.home.is_clock_known = knows_time
        for user_type, pin in PINS.items():
            self.home.somebody(user_type + 1, pin, type=user_type)
        self.home.register.expiring_timeout_min = 1
        self.two = UserType.WEEK_DAY_SCHEDULE + 1
        self.home.somebody(self.two, DUAL_PIN, rule=CredentialRule.DUAL)
        self.home.register.set_credential(
            DataChange.ADD, KIND.RFID, 1, DUAL_CARD, user_index=self.two, author=AT_THE_LOCK
        )
        self.motor = None
        self.tags = 0
        self.wishes = {}
        self.refused = Counter()
        self.ended = Counter()
        self.opened_once = 0
        self.wrong_in_row = 0
        self.deaf_until = -1.0
        self.moved = False

    # the world

    def tell(self, happened):
        home = self.home
        self.moved = False
        effects = home.lock.take(happened, home.now, home.moment)
        home.effects += effects
        for effect in effects:
            match effect:
                case MoveBolt(position):
                    self.motor, self.moved = position, True
                    if any(wish.actor.source is Source.AUTO for wish in home.lock.bolt.waiting):
                        assert home.lock.bolt.door is DoorPosition.CLOSED, "relocked against an open door"
                        assert home.mode is not OperatingMode.PASSAGE, "passage never relocks"
                case StopBolt():
                    self.motor = None
                case Emit(LockOperation(operation, actor)) if actor.node_id is not None:
                    self.ended[actor.node_id, "done", operation] += 1
                case Emit(LockOperationFailed(_, actor, _)) if actor.node_id is not None:
                    self.ended[actor.node_id, "failed", None] += 1
        return effects

    def is_deaf(self):
        return self.home.now < self.deaf_until

    def wrong(self):
        self.wrong_in_row += 1
        if self.wrong_in_row == LIMIT:
            self.wrong_in_row, self.deaf_until = 0, self.home.now + LOCKOUT_S

    # people

    @rule(
        secret=st.sampled_from([*PINS.values(), DUAL_PIN, b"999999", b"888888"]),
        wish=st.sampled_from([Wish.UNLOCK, Wish.UNLOCK, Wish.LOCK]),
    )
    def type_a_code(self, secret, wish):
        self.show(KIND.PIN, secret, wish)

    @rule(secret=st.sampled_from([DUAL_CARD, b"another-card"]))
    def show_a_card(self, secret):
        self.show(KIND.RFID, secret, Wish.UNLOCK)

    def show(self, kind, secret, wish):
        home, was_deaf = self.home, self.is_deaf()
        found = home.register.find(kind, secret)
        holder = None if found is None else home.register.user(found.user_index)
        was_enabled = holder is not None and holder.status is UserStatus.OCCUPIED_ENABLED
        position = home.position
        effects = self.tell(Presented(kind, Secret(secret), SOURCES[kind], wish))
        answers = [effect.outcome for effect in effects if isinstance(effect, Answer)]
        assert len(answers) == 1, "whoever stands before the door hears one answer"
        assert not any(isinstance(effect, Refuse) for effect in effects)
        (answer,) = answers
        is_last_straw = found is None and answer is not EntryOutcome.REFUSED and self.wrong_in_row == LIMIT - 1
        assert (answer is EntryOutcome.LOCKED_OUT) == (was_deaf or is_last_straw)
        if was_deaf:
            assert answer is EntryOutcome.LOCKED_OUT, "a deaf lock lets nobody in"
        if answer not in LETS_IN:
            assert not self.moved, "a refused credential moved the bolt"
            assert home.position is position
        else:
            assert holder is not None
            assert was_enabled
            assert holder.type not in {UserType.NON_ACCESS, UserType.REMOTE_ONLY}
            self.let_in(holder, wish)
        if found is None and not was_deaf and answer is not EntryOutcome.REFUSED:
            self.wrong()

    def let_in(self, holder, wish):
        self.wrong_in_row = 0
        if holder.type is UserType.DISPOSABLE and wish is not Wish.LOCK:
            self.opened_once += 1
            assert self.opened_once == 1, "a disposable user opened twice"

    @rule(
        wish=st.sampled_from(Wish),
        pin=st.sampled_from([None, None, None, *PINS.values(), DUAL_PIN, b"999999"]),
        timeout=st.sampled_from([0, 2, 20]),
    )
    def command(self, wish, pin, timeout):
        home, was_deaf = self.home, self.is_deaf()
        self.tags += 1
        found = None if pin is None else home.register.find(KIND.PIN, pin)
        holder = None if found is None else home.register.user(found.user_index)
        actor = Actor(Source.REMOTE, 1, self.tags)
        effects = self.tell(Commanded(wish, actor, pin, timeout))
        reasons = [effect.reason for effect in effects if isinstance(effect, Refuse)]
        assert len(reasons) <= 1
        self.wishes[self.tags] = wish, reasons, holder
        if was_deaf:
            assert reasons == [Reason.LOCKED_OUT]
        elif reasons in ([Reason.PIN_UNKNOWN], [Reason.PIN_REQUIRED]):
            self.wrong()
        elif not reasons and holder is not None:
            self.let_in(holder, wish)

    @rule()
    def touch(self):
        self.tell(Touched())

    @rule()
    def press_privacy(self):
        self.tell(PrivacyPressed())

    # things

    @rule(to=st.sampled_from([BoltPosition.LOCKED, BoltPosition.UNLOCKED]))
    def hand_turns(self, to):
        self.tell(Turned(to))

    @precondition(lambda self: self.motor is not None)
    @rule()
    def motor_arrives(self):
        position, self.motor = self.motor, None
        self.tell(BoltMoved(position))

    @precondition(lambda self: self.motor is not None)
    @rule()
    def motor_jams(self):
        self.motor = None
        self.tell(BoltJammed())

    @rule(to=st.sampled_from([DoorPosition.OPEN, DoorPosition.CLOSED, DoorPosition.AJAR]))
    def door_moves(self, to):
        self.tell(DoorMoved(to))

    @rule(mode=st.sampled_from([OperatingMode.NORMAL, OperatingMode.NORMAL, *OperatingMode]))
    def owner_chooses(self, mode):
        self.tell(Changed(replace(self.home.lock.settings, mode=mode)))

    @rule(start=st.integers(-30, 30), length=st.integers(1, 60), mode=st.sampled_from(OperatingMode))
    def owner_sets_a_holiday(self, start, length, mode):
        local_s = MIDNIGHT_UTC + int(self.home.now) + ZONE_S
        self.home.register.set_holiday(
            1, start=local_s + start, end=local_s + start + length, mode=mode, author=AT_THE_LOCK
        )

    @rule(seconds=st.sampled_from([0.5, 2.0, 6.0, 31.0, 90.0]))
    def time_passes(self, seconds):
        home, end = self.home, self.home.now + seconds
        for _ in range(100):
            due = home.lock.next_deadline(home.now, home.moment)
            if due is None or due > end:
                break
            home.now = max(home.now, due)
            self.tell(TimePassed())
        else:
            raise AssertionError("the lock wants to be asked again and again")
        home.now = end

    @rule()
    def batteries_are_out_and_in(self):
        if self.motor is not None or self.home.lock.bolt.waiting:
            return
        was_deaf = self.is_deaf()
        memory = self.home.lock.memory()
        self.home.lock = self.home.restart().lock
        again = self.home.lock.memory()
        assert (memory.wrong_codes, memory.holiday, memory.mode_before) == (
            again.wrong_codes,
            again.holiday,
            again.mode_before,
        )
        if memory.lockout_s:
            self.deaf_until = self.home.now + LOCKOUT_S
        assert not was_deaf or memory.lockout_s

    # what stays true

    @invariant()
    def the_count_is_ours(self):
        if hasattr(self, "home"):
            assert self.home.lock.entry.wrong_codes == self.wrong_in_row

    @invariant()
    def nobody_half_known_is_remembered_for_ever(self):
        if hasattr(self, "home"):
            entry = self.home.lock.entry
            assert bool(entry.shown) == (entry.collect_until is not None)

    def teardown(self):
        if not hasattr(self, "home"):
            return
        for _ in range(3):
            if self.motor is not None:
                self.motor_arrives()
        for tag, (wish, reasons, _holder) in self.wishes.items():
            failed = self.ended[tag, "failed", None]
            done = {operation: self.ended[tag, "done", operation] for operation in Operation}
            recognised = done.pop(Operation.NON_ACCESS_USER_EVENT)
            forced = done.pop(Operation.FORCED_USER_EVENT)
            if reasons:
                assert failed + recognised == (0 if reasons == [Reason.LOCKED_OUT] else 1)
                assert forced == sum(done.values()) == 0
            elif wish is Wish.UNLOCK and self.home.lock.settings.has_latch:
                unlatched, unlocked = done[Operation.UNLATCH], done[Operation.UNLOCK]
                assert unlatched + failed == 1 or (unlatched + failed == 2 and unlocked == 1)
            else:
                assert failed + sum(done.values()) == 1


TestWholeLockStories = WholeLockStories.TestCase
TestWholeLockStories.settings = run(max_examples=120, stateful_step_count=40, deadline=None)
