"""A Matter lock as plain dictionaries, and a house that keeps it as its accesses say: the oracle of the planning tests."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.house.observed import (
    Capabilities,
    Observed,
    SeenCredential,
    SeenUser,
    Slot,
    UserType,
    WeekDay,
    YearDay,
)
from latchwork.hub.house.placed import Placed, PlacedCredential, PlacedUser, Proof
from latchwork.hub.house.rules import Once, holds
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
)
from latchwork.hub.plan.compile import compile_lock
from latchwork.hub.plan.places import vanished
from latchwork.hub.plan.plan import plan

OUR_FABRIC = 3
FULL = Capabilities(
    has_users=True,
    users=10,
    credentials_per_user=5,
    kinds={CredentialKind.PIN: 10, CredentialKind.RFID: 10, CredentialKind.FINGERPRINT: 10},
    pin_length=(4, 8),
    rfid_length=(4, 10),
    week_days=7,
    year_days=7,
    expiring_minutes=60,
)


def secret_of(credential_id, version):
    return f"{credential_id}#{version}"


class ModelLock:
    """Users, credentials and schedules in dictionaries; refuses by assertion whatever a real lock would refuse."""

    def __init__(self, capabilities=FULL, zone="UTC", *, tells_creators=True):
        self.capabilities = capabilities
        self.zone = ZoneInfo(zone)
        self.tells_creators = tells_creators
        self.users = {}
        self.credentials = {}
        self.weeks = {}
        self.years = {}
        self.unreadable_users = set()
        self.unreadable_credentials = set()

    # what it is told ---------------------------------------------------------------------------------------------------

    def apply(self, step, by=OUR_FABRIC):
        match step:
            case AddUser(index=index, user=user):
                assert 1 <= index <= self.capabilities.users
                assert index not in self.users
                self.users[index] = {
                    "name": user.name,
                    "unique_id": user.unique_id,
                    "type": user.type,
                    "is_enabled": user.is_enabled,
                    "creator": by,
                    "used_at": None,
                }
            case ChangeUser(index=index, user=user):
                known = self.users[index]
                if (known["type"], known["is_enabled"]) != (user.type, user.is_enabled):
                    known["used_at"] = None
                known.update(type=user.type, is_enabled=user.is_enabled)
                known["name"] = user.name or known["name"]
                known["unique_id"] = user.unique_id or known["unique_id"]
            case ClearUser(index=index):
                assert index != 0xFFFE
                del self.users[index]
                self.weeks.pop(index, None)
                self.years.pop(index, None)
                for place in [place for place, each in self.credentials.items() if each["user"] == index]:
                    del self.credentials[place]
            case SetCredential():
                self._set_credential(step, by)
            case ClearCredential(kind=kind, index=index):
                del self.credentials[kind, index]
            case SetWeekDay(user_index=user, index=index, schedule=schedule):
                assert 1 <= index <= self.capabilities.week_days
                assert 0 < schedule.days < 0x80
                assert 0 <= schedule.start < schedule.end <= 1439
                self.weeks.setdefault(user, {})[index] = schedule
                self._restrict(user)
            case ClearWeekDay(user_index=user, index=index):
                del self.weeks[user][index]
            case SetYearDay(user_index=user, index=index, schedule=schedule):
                assert 1 <= index <= self.capabilities.year_days
                assert 0 <= schedule.start < schedule.end <= 0xFFFF_FFFF
                self.years.setdefault(user, {})[index] = schedule
                self._restrict(user)
            case ClearYearDay(user_index=user, index=index):
                del self.years[user][index]

    def _set_credential(self, step, by):
        place = step.kind, step.index
        secret = secret_of(step.credential.credential_id, step.credential.version)
        assert 1 <= step.index <= self.capabilities.kinds[step.kind]
        assert step.user_index in self.users
        assert (place in self.credentials) != step.is_new
        assert all(each["secret"] != secret for other, each in self.credentials.items() if other != place), "DUPLICATE"
        if step.is_new:
            held = sum(each["user"] == step.user_index for each in self.credentials.values())
            assert held < (self.capabilities.credentials_per_user or held + 1)
        else:
            assert self.credentials[place]["user"] == step.user_index
            by = self.credentials[place]["creator"]
        self.credentials[place] = {"secret": secret, "user": step.user_index, "creator": by}

    def _restrict(self, user):
        if self.users[user]["type"] is UserType.UNRESTRICTED:
            self.users[user]["type"] = UserType.SCHEDULE_RESTRICTED

    def add_foreign(self, index, pin_index=None, creator=1, **user):
        """A user that another ecosystem made, with a code or without one."""
        self.users[index] = {
            "name": "Foreign",
            "unique_id": None,
            "type": UserType.UNRESTRICTED,
            "is_enabled": True,
            "creator": creator,
            "used_at": None,
            **user,
        }
        if pin_index is not None:
            self.add_foreign_pin(pin_index, index, creator)

    def add_foreign_pin(self, index, user, creator=1):
        self.credentials[CredentialKind.PIN, index] = {"secret": f"foreign {index}", "user": user, "creator": creator}

    # what it tells -----------------------------------------------------------------------------------------------------

    def foreign(self):
        """Everything that our fabric did not make, as text: compared octet by octet."""
        users = {index: user for index, user in self.users.items() if user["creator"] != OUR_FABRIC}
        credentials = {place: each for place, each in self.credentials.items() if each["creator"] != OUR_FABRIC}
        schedules = [(index, self.weeks.get(index), self.years.get(index)) for index in sorted(users)]
        return repr((sorted(users.items()), sorted(credentials.items()), schedules))

    def observed(self):
        capabilities = self.capabilities
        users = {index: self._seen(index) for index in range(1, capabilities.users + 1)}
        credentials = {
            (kind, index): self._seen_credential(kind, index)
            for kind, total in capabilities.kinds.items()
            for index in range(1, total + 1)
        }
        for index in self.unreadable_users:
            users.pop(index, None)
        for place in self.unreadable_credentials:
            credentials[place] = Slot.UNREADABLE
        return Observed(users=users, credentials=credentials)

    def _seen(self, index):
        user = self.users.get(index)
        if user is None:
            return Slot.EMPTY
        weeks, years = self.weeks.get(index, {}), self.years.get(index, {})
        return SeenUser(
            index=index,
            name=user["name"],
            unique_id=user["unique_id"],
            type=user["type"],
            is_enabled=user["is_enabled"],
            creator=user["creator"] if self.tells_creators else None,
            credentials=tuple(place for place, each in self.credentials.items() if each["user"] == index),
            week_days={at: weeks.get(at, Slot.EMPTY) for at in range(1, self.capabilities.week_days + 1)},
            year_days={at: years.get(at, Slot.EMPTY) for at in range(1, self.capabilities.year_days + 1)},
        )

    def _seen_credential(self, kind, index):
        each = self.credentials.get((kind, index))
        if each is None:
            return Slot.EMPTY
        creator = each["creator"] if self.tells_creators else None
        return SeenCredential(kind=kind, index=index, user_index=each["user"], creator=creator)

    # what it does at the door ------------------------------------------------------------------------------------------

    def open_at(self, secret, at):
        """Whether whoever shows this is let in at the instant."""
        index = next((each["user"] for each in self.credentials.values() if each["secret"] == secret), None)
        if index is None:
            return False
        user = self.users[index]
        if not user["is_enabled"]:
            return False
        wall = datetime.fromtimestamp(at, self.zone)
        weeks = [self._is_week_on(each, wall) for each in self.weeks.get(index, {}).values()]
        years = [self._is_year_on(each, wall) for each in self.years.get(index, {}).values()]
        match user["type"]:
            case UserType.WEEK_DAY_SCHEDULE:
                return any(weeks)
            case UserType.YEAR_DAY_SCHEDULE:
                return any(years)
            case UserType.SCHEDULE_RESTRICTED:
                return bool(weeks or years) and (not weeks or any(weeks)) and (not years or any(years))
            case UserType.EXPIRING:
                return user["used_at"] is None or at < user["used_at"] + 60 * self.capabilities.expiring_minutes
            case _:
                return True

    def use(self, secret, at):
        """Somebody opens the door with it."""
        assert self.open_at(secret, at)
        user = self.users[next(each["user"] for each in self.credentials.values() if each["secret"] == secret)]
        user["used_at"] = user["used_at"] or at
        if user["type"] is UserType.DISPOSABLE:
            user["is_enabled"] = False

    @staticmethod
    def _is_week_on(schedule: WeekDay, wall):
        minute = wall.hour * 60 + wall.minute
        end = 1440 if schedule.end == 1439 else schedule.end
        return bool(schedule.days >> (wall.weekday() + 1) % 7 & 1) and schedule.start <= minute < end

    @staticmethod
    def _is_year_on(schedule: YearDay, wall):
        local = (wall.replace(tzinfo=UTC) - datetime(2000, 1, 1, tzinfo=UTC)).total_seconds()
        return schedule.start <= local < schedule.end


@dataclass
class House:
    """Somebody's wishes, a lock, and what is accounted for: `settle` carries plans out as the hub does."""

    site: object
    persons: list
    credentials: list
    accesses: list
    lock: ModelLock
    placed: Placed = field(default_factory=Placed)
    enrolled: set = field(default_factory=set)
    preload_s: float = 72 * 3600.0

    def compile(self, now):
        return compile_lock(
            *("lock", self.site, self.persons, self.credentials, self.accesses, self.lock.capabilities, now),
            preload_s=self.preload_s,
            enrolled=self.enrolled,
        )

    def plan(self, now):
        desired, observed = self.compile(now), self.lock.observed()
        gone = vanished(desired, observed, self.placed, OUR_FABRIC, names_creators=self.lock.tells_creators)
        self.placed = Placed(
            users=tuple(user for user in self.placed.users if user not in gone.users),
            credentials=tuple(each for each in self.placed.credentials if each not in gone.credentials),
        )
        return plan(
            *(desired, observed, self.lock.capabilities, self.placed, OUR_FABRIC, now),
            names_creators=self.lock.tells_creators,
        )

    def settle(self, now, *, stop_after=None, watch=None):
        """Carry a plan out, or its first steps; afterwards there must be nothing left to do. Returns the plan."""
        made = self.plan(now)
        self._check(made)
        foreign = self.lock.foreign()
        for step in made.steps[:stop_after]:
            self.lock.apply(step)
            self._account(step)
            if watch is not None:
                watch(step)
        assert self.lock.foreign() == foreign
        if stop_after is None:
            assert self.plan(now).steps == ()
        return made

    def promised(self, credential, at):
        """Whether the accesses say that this credential opens at the instant."""
        holidays = frozenset(self.site.holidays)
        return any(
            holds(access.rule, at, ZoneInfo(self.site.time_zone), holidays, access.first_used_at)
            for access in self.accesses
            if access.is_enabled
            and access.person_id == credential.person_id
            and (not access.credential_ids or credential.id in access.credential_ids)
            and not (isinstance(access.rule, Once) and access.first_used_at is not None)
        )

    def is_open(self, credential, at):
        return self.lock.open_at(secret_of(credential.id, credential.version), at)

    def lose_answers(self):
        """As after a crash: what of all is there is not known."""
        self.placed = Placed(
            users=tuple(replace(user, is_pending=True) for user in self.placed.users),
            credentials=tuple(replace(each, is_pending=True) for each in self.placed.credentials),
        )

    def _check(self, made):
        """No step names anything but what is accounted for, or what the lock said is empty."""
        observed = self.lock.observed()
        users = {user.index for user in self.placed.users}
        credentials = {(each.kind, each.index) for each in self.placed.credentials}
        freed_users, freed = set(), set()
        for step in made.steps:
            match step:
                case AddUser(index=index):
                    assert observed.user(index) is Slot.EMPTY or index in freed_users
                    users.add(index)
                case ClearUser(index=index):
                    assert isinstance(observed.user(index), SeenUser)
                    assert index in users
                    freed_users.add(index)
                    freed.update(observed.user(index).credentials)
                case ChangeUser(index=index):
                    assert isinstance(observed.user(index), SeenUser)
                    assert index in users
                case SetCredential(kind=kind, index=index, is_new=True):
                    assert observed.credential(kind, index) is Slot.EMPTY or (kind, index) in freed
                    assert step.user_index in users
                case SetCredential(kind=kind, index=index) | ClearCredential(kind=kind, index=index):
                    assert isinstance(observed.credential(kind, index), SeenCredential)
                    assert (kind, index) in credentials
                    freed.add((kind, index))
                case _:
                    assert step.user_index in users

    def _account(self, step):
        users = {user.key: user for user in self.placed.users}
        credentials = {(each.kind, each.index): each for each in self.placed.credentials}
        match step:
            case AddUser(index=index, user=user):
                assert index not in {each.index for key, each in users.items() if key != user.key}
                users[user.key] = PlacedUser(lock_id="lock", key=user.key, index=index)
            case ChangeUser(user=user):
                users[user.key] = replace(users[user.key], is_pending=False)
            case ClearUser(key=key):
                del users[key]
                credentials = {place: each for place, each in credentials.items() if place in self.lock.credentials}
            case SetCredential(kind=kind, index=index, credential=credential):
                credentials = {
                    place: each
                    for place, each in credentials.items()
                    if place == (kind, index) or place in self.lock.credentials
                }
                credentials[kind, index] = PlacedCredential(
                    lock_id="lock",
                    credential_id=credential.credential_id,
                    version=credential.version,
                    kind=kind,
                    index=index,
                    user_key=step.user_key,
                    proof=Proof.ACCEPTED,
                )
            case ClearCredential(kind=kind, index=index):
                del credentials[kind, index]
        self.placed = Placed(users=tuple(users.values()), credentials=tuple(credentials.values()))
