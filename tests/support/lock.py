"""A whole lock with a motor that obeys, people who show things, and two clocks that move when the test says so."""

from dataclasses import replace

from tests.support.register import AT_THE_LOCK, empty

from latchwork.base.logs import Secret
from latchwork.doorlock.bolt import BoltPosition, DoorPosition, Wish
from latchwork.doorlock.changes import DataChange, UserChange
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.events import (
    Actor,
    Alarm,
    AlarmRaised,
    Answer,
    Emit,
    LockOperation,
    LockOperationFailed,
    MoveBolt,
    Operation,
    Reason,
    Refuse,
    Source,
)
from latchwork.doorlock.inputs import (
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
from latchwork.doorlock.lock import Lock
from latchwork.doorlock.moment import DAY_S, Moment
from latchwork.doorlock.settings import Settings
from latchwork.doorlock.users import CredentialRule, UserStatus, UserType

SOURCES = {
    CredentialKind.PIN: Source.KEYPAD,
    CredentialKind.PROGRAMMING_PIN: Source.KEYPAD,
    CredentialKind.RFID: Source.RFID,
    CredentialKind.FINGERPRINT: Source.BIOMETRIC,
    CredentialKind.ALIRO_NON_EVICTABLE_ENDPOINT_KEY: Source.ALIRO,
}
PHONE = Actor(Source.REMOTE, 1, 0xA)
PIN, CARD, FINGER = b"111111", b"card-of-ana", b"finger"
WRONG = b"999999"
MIDNIGHT_UTC = 8_949 * DAY_S
"""A Tuesday, in seconds since 2000."""
ZONE_S = 3600


class Home:
    """One lock and its door.

    Attributes:
        effects: everything that the lock has ever wanted.
        is_clock_known: whether the lock is told the time.
        works: whether the motor arrives at once.
    """

    def __init__(self, at=BoltPosition.LOCKED, door=DoorPosition.CLOSED, *, memory=None, register=None, **settings):
        self.now = 0.0
        self.zone_s = ZONE_S
        self.is_clock_known = True
        self.works = True
        self.effects = []
        self.register = empty() if register is None else register
        wanted = Settings(has_door_sensor=True, **settings)
        self.lock = Lock(self.register, wanted, at, door, now=self.now, memory=memory)

    @property
    def moment(self):
        utc_s = MIDNIGHT_UTC + int(self.now)
        return Moment(utc_s, utc_s + self.zone_s) if self.is_clock_known else None

    # people

    def ana(self, user_type=UserType.UNRESTRICTED, rule=CredentialRule.SINGLE, status=UserStatus.OCCUPIED_ENABLED):
        """User 1 with PIN 1, card 1 and finger 1."""
        add, by = DataChange.ADD, AT_THE_LOCK
        self.register.set_user(add, 1, type=user_type, rule=rule, status=status, author=by)
        for kind, secret in (
            (CredentialKind.PIN, PIN),
            (CredentialKind.RFID, CARD),
            (CredentialKind.FINGERPRINT, FINGER),
        ):
            self.register.set_credential(add, kind, 1, secret, user_index=1, author=by)
        return self

    def somebody(self, index, pin, **user):
        """One more user, with a PIN of the same index."""
        self.register.set_user(DataChange.ADD, index, author=AT_THE_LOCK, **user)
        self.register.set_credential(
            DataChange.ADD, CredentialKind.PIN, index, pin, user_index=index, author=AT_THE_LOCK
        )

    # what happens

    def tell(self, happened):
        """One input, and what the motor makes of it; all effects."""
        effects = list(self.lock.take(happened, self.now, self.moment))
        self.effects += effects
        move = next((effect for effect in effects if isinstance(effect, MoveBolt)), None)
        if move is not None and self.works:
            effects += self.tell(BoltMoved(move.position))
        return effects

    def show(self, secret, kind=CredentialKind.PIN, wish=Wish.UNLOCK):
        """Somebody shows something; what the door says."""
        effects = self.tell(Presented(kind, Secret(secret), SOURCES[kind], wish))
        return next((effect.outcome for effect in effects if isinstance(effect, Answer)), None)

    def command(self, wish=Wish.UNLOCK, pin=None, actor=PHONE, relock_after_s=0):
        """A wish from afar; why it was refused, or None."""
        effects = self.tell(Commanded(wish, actor, pin, relock_after_s))
        return next((effect.reason for effect in effects if isinstance(effect, Refuse)), None)

    def touch(self):
        return self.tell(Touched())

    def press_privacy(self):
        return self.tell(PrivacyPressed())

    def turn(self, to):
        return self.tell(Turned(to))

    def move_door(self, to):
        return self.tell(DoorMoved(to))

    def choose(self, **settings):
        return self.tell(Changed(replace(self.lock.settings, **settings)))

    def wait(self, seconds):
        """Time passes, as a caller does it that keeps every appointment."""
        end = self.now + seconds
        for _ in range(1000):
            due = self.lock.next_deadline(self.now, self.moment)
            if due is None or due > end:
                break
            self.now = max(self.now, due)
            self.tell(TimePassed())
        else:
            raise AssertionError("the lock wants to be asked again and again")
        self.now = end

    def lock_again(self):
        self.turn(BoltPosition.LOCKED)

    def restart(self, at=None):
        """The batteries are out and in again."""
        again = Home(register=self.register)
        again.now, again.is_clock_known = self.now, self.is_clock_known
        position = self.lock.bolt.position if at is None else at
        again.lock = Lock(
            self.register,
            self.lock.settings,
            position,
            self.lock.bolt.door,
            now=self.now,
            memory=self.lock.memory(),
        )
        return again

    # what can be seen

    @property
    def position(self):
        return self.lock.bolt.position

    @property
    def is_open(self):
        return self.position is not BoltPosition.LOCKED

    @property
    def mode(self):
        return self.lock.settings.mode

    @property
    def events(self):
        return [effect.event for effect in self.effects if isinstance(effect, Emit)]

    @property
    def alarms(self):
        return [event.alarm for event in self.events if isinstance(event, AlarmRaised)]

    @property
    def done(self):
        return [event for event in self.events if isinstance(event, LockOperation)]

    @property
    def failed(self):
        return [event for event in self.events if isinstance(event, LockOperationFailed)]

    @property
    def changes(self):
        return [event for event in self.events if isinstance(event, UserChange)]


__all__ = ["CARD", "FINGER", "PHONE", "PIN", "WRONG", "Alarm", "Home", "Operation", "Reason"]
