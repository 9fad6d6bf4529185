"""A hub without Matter: the real database, secrets and journal, and locks that are plain values."""

import asyncio
from dataclasses import replace

from tests.support.calendars import FakeFetcher
from tests.support.notes import FakeSender
from tests.support.shared_lock import ModelSharing

from latchwork.base.errors import Misuse, Unreachable
from latchwork.base.logs import Secret
from latchwork.hub.backup.file import Cost
from latchwork.hub.backup.service import Backup
from latchwork.hub.books import accesses as repository_accesses
from latchwork.hub.books import people as repository_people
from latchwork.hub.books.repository import Repository
from latchwork.hub.books.secrets import Secrets
from latchwork.hub.bus import Bus
from latchwork.hub.calendars.service import Calendars
from latchwork.hub.codes import random_code, weakness
from latchwork.hub.desk import Desk
from latchwork.hub.enrolment.service import Enrolments
from latchwork.hub.guests.service import Guests
from latchwork.hub.house.desired import Desired
from latchwork.hub.house.entities import Credential, Lock
from latchwork.hub.house.observed import Capabilities, Observed, Slot
from latchwork.hub.journal.entries import Entry, Kind
from latchwork.hub.journal.journal import Journal
from latchwork.hub.listening.history import History
from latchwork.hub.locks.settings import BY_KEY, Found
from latchwork.hub.notify.service import Notifications
from latchwork.hub.people import removal
from latchwork.hub.people.importing import Imports
from latchwork.hub.people.removal_report import RemovalReports
from latchwork.hub.people.signing_key import SigningKey
from latchwork.hub.status import LockStatus, Operation
from latchwork.store.database import Database
from latchwork.store.kv import MemoryStore


class HeardBus(Bus):
    """The hub's own bus with a short ring, that tells when somebody begins to listen."""

    def __init__(self):
        super().__init__(16)
        self._heard = [asyncio.Event() for _ in range(8)]
        self.listeners = 0

    async def listen(self, after=None):
        self.listeners += 1
        self._heard[self.listeners].set()
        try:
            async for event in super().listen(after):
                yield event
        finally:
            self.listeners -= 1

    async def heard(self, listeners=1):
        """Returns once so many listen."""
        await asyncio.wait_for(self._heard[listeners].wait(), 5)

    @property
    def ring(self):
        return list(self._ring)


class ModelPeople:
    """What `hub.people` promises, with nobody to wake."""

    def __init__(self, house):
        self.house = house

    async def _write(self, actor, did, function, **about):
        entry = Entry(at=self.house.clock.utc(), kind=Kind.AUDIT, actor=actor, detail={"did": did}, **about)

        return await self.house.desk.write(function, lambda _: [entry])

    def _id(self, prefix):
        return self.house.desk.new_id(prefix)

    async def add_person(self, person, *, actor):
        unique_id = int.from_bytes(self.house.entropy(4), "big") % 0xFFFFFFFE + 1
        person = replace(person, id=self._id("person"), unique_id=unique_id, created_at=self.house.clock.utc())
        return await self._write(actor, "person_added", lambda to: repository_people.put_person(to, person))

    async def change_person(self, person, *, actor):
        return await self._write(actor, "person_changed", lambda to: repository_people.put_person(to, person))

    async def move_out(self, person_id, *, actor):
        now = self.house.clock.utc()
        locks = tuple(lock.id for lock in self.house.repository.locks())

        def write(to):
            person = repository_people.person_leaves(to, person_id, now)
            removal.begin(to, person, locks, now)
            return person

        return await self._write(actor, "moved_out", write, person_id=person_id)

    def removal(self, person_id):
        return removal.report(self.house.repository, person_id, {}, self.house.journal.head())

    async def add_credential(self, credential, secret, *, actor):
        credential = replace(credential, id=self._id("cred"), created_at=self.house.clock.utc())

        def write(to):
            repository_people.put_credential(to, credential)
            self.house.secrets.put_on(to, credential.id, 1, secret)
            return credential

        return await self._write(actor, "credential_added", write, credential_id=credential.id)

    async def set_secret(self, credential_id, secret, *, actor):
        def write(to):
            credential = repository_people.get_credential(to, credential_id)
            credential = replace(credential, version=credential.version + 1, length=len(secret))
            repository_people.put_credential(to, credential)
            self.house.secrets.put_on(to, credential_id, credential.version, secret)
            return credential

        return await self._write(actor, "code_set", write, credential_id=credential_id)

    def random_code(self, person_id, length):
        code = random_code(length or 6, self.house.entropy, set())
        assert weakness(code) is None
        return Secret(code.encode())

    async def relabel(self, credential: Credential, *, actor):
        return await self._write(actor, "relabelled", lambda to: repository_people.put_credential(to, credential))

    async def reveal(self, credential_id, *, actor):
        def write(to):
            return self.house.secrets.get_on(
                to, credential_id, repository_people.get_credential(to, credential_id).version
            )

        return await self._write(actor, "revealed", write, credential_id=credential_id)

    async def remove_credential(self, credential_id, *, actor):
        now = self.house.clock.utc()
        await self._write(
            actor, "credential_removed", lambda to: repository_people.remove_credential(to, credential_id, now)
        )

    async def grant(self, access, *, actor):
        access = replace(access, id=self._id("access"), created_at=self.house.clock.utc())
        return await self._write(actor, "granted", lambda to: repository_accesses.put_access(to, access))

    async def change_access(self, access, *, actor):
        return await self._write(actor, "access_changed", lambda to: repository_accesses.put_access(to, access))

    async def revoke(self, access_id, *, actor):
        await self._write(actor, "revoked", lambda to: repository_accesses.remove_access(to, access_id))


class ModelLocks:
    """Locks as values."""

    def __init__(self, house):
        self.house = house
        self.states = {}
        self.seen = {}
        self.can = {}
        self.done = []

    def status(self, lock_id):
        return self.states.get(lock_id, LockStatus())

    def capabilities(self, lock_id):
        if lock_id not in self.states:
            return None
        return replace(Capabilities(has_users=True, users=10, credentials_per_user=5), **self.can)

    def observed(self, lock_id) -> Observed | None:
        return self.seen.get(lock_id)

    async def operate(self, lock_id, operation, *, actor):
        status = self.status(lock_id)
        if not status.is_reachable:
            raise Unreachable("the lock does not answer")
        self.done.append((lock_id, operation, actor))
        state = "locked" if operation is Operation.LOCK else "unlocked"
        self.states[lock_id] = replace(status, lock_state=state)

    async def add(self, code, *, door_name, door_id, actor, tell):
        from latchwork.hub.house.entities import Door

        if "BAD" in code:
            raise Unreachable("the device was not found")
        tell("find the device")
        lock = Lock(id=self.house.desk.new_id("lock"), node_id=len(self.states) + 1)
        await self.house.repository.put_lock(lock)
        if door_id is None:
            door = Door(id=self.house.desk.new_id("door"), name=door_name)
        else:
            door = self.house.repository.door(door_id)
        await self.house.repository.put_door(replace(door, lock_id=lock.id))
        self.states[lock.id] = LockStatus(is_reachable=True, lock_state="locked", battery_percent=80)
        tell("done")
        return lock

    async def replace(self, door_id, code, *, actor, tell):
        door = self.house.repository.door(door_id)
        await self.house.repository.put_door(replace(door, lock_id=None))
        return await self.add(code, door_name="", door_id=door_id, actor=actor, tell=tell)

    async def remove(self, lock_id, *, is_forced, actor):
        door = self.house.repository.door_of_lock(lock_id)
        if door:
            await self.house.repository.put_door(replace(door, lock_id=None))
        lock = self.house.repository.lock(lock_id)
        await self.house.repository.put_lock(replace(lock, gone_at=self.house.clock.utc()))

    async def adopt(self, lock_id, user_index, person_id, *, actor):
        self.done.append((lock_id, "adopt", user_index, person_id))

    async def clear_foreign(self, lock_id, user_index, credential, *, actor):
        self.done.append((lock_id, "clear", user_index, credential))

    async def user(self, lock, index):
        return self.seen[lock.id].user(index) if lock.id in self.seen else Slot.UNREADABLE

    async def credential(self, lock, kind, index):
        return self.seen[lock.id].credential(kind, index) if lock.id in self.seen else Slot.UNREADABLE

    def wake(self, lock_id):
        self.done.append((lock_id, "wake"))


class ModelLockSettings:
    """Settings as values, by lock and key; a refusal that was put in is said once."""

    def __init__(self, house):
        self.house = house
        self.values = {}
        self.refusal = None

    def _found(self, lock_id, key):
        setting = BY_KEY[key]
        choices = tuple(setting.choices.values()) if setting.choices else ()
        return Found(setting=setting, value=self.values[lock_id][key], choices=choices)

    async def read(self, lock_id):
        if not self.house.locks.status(lock_id).is_reachable:
            raise Unreachable("the lock does not answer")
        return tuple(self._found(lock_id, key) for key in self.values.get(lock_id, {}))

    async def write(self, lock_id, key, value, *, actor):
        if key not in self.values.get(lock_id, {}):
            raise Misuse("there is no such setting")
        BY_KEY[key].checked(value)
        if self.refusal is not None:
            refusal, self.refusal = self.refusal, None
            raise refusal
        self.values[lock_id][key] = value
        self.house.locks.done.append((lock_id, "setting", key, value, actor))
        return self._found(lock_id, key)


class ModelHouse:
    """The hub, as far as the web side sees it."""

    def __init__(self, database, secrets, clock, entropy):
        self.repository = Repository(database)
        self.secrets = secrets
        self.journal = Journal(database)
        self.clock = clock
        self.entropy = entropy
        self.bus = HeardBus()
        self.desk = Desk(
            repository=self.repository,
            secrets=secrets,
            journal=self.journal,
            bus=self.bus,
            clock=clock,
            entropy=entropy,
        )
        self.woken = []
        self.people = ModelPeople(self)
        self.locks = ModelLocks(self)
        self.sharing = ModelSharing(self.desk)
        self.lock_settings = ModelLockSettings(self)
        self.history = History(self.desk, None, lambda lock_id: self.locks.status(lock_id).is_reachable)
        self.guests = Guests(self.desk, locks=self.locks, wake_doors=self.woken.append)
        self.removals = RemovalReports(self.desk, self.people.removal, SigningKey(database, entropy))
        self.enrolments = Enrolments(
            self.desk,
            locks=self.locks,
            eyes=self.locks,
            wake_doors=self.woken.append,
            remove_credential=self.people.remove_credential,
        )
        self.backup = Backup(self.desk, MemoryStore(), cost=Cost(log_n=1, r=1))
        self.imports = Imports(self.desk, wake_doors=self.woken.append, capabilities=self.locks.capabilities)
        self.calendars = Calendars(
            self.desk, self.people, capabilities=self.locks.capabilities, wake_doors=self.woken.append
        )
        self.calendars.fetcher = FakeFetcher()
        self.notifications = Notifications(self.desk, status=self.locks.status, desired=lambda _: Desired())
        self.notifications.sender = FakeSender()
        self.is_ready = True

    @classmethod
    async def open(cls, clock, entropy, database=None):
        database = database or Database.memory()
        return cls(database, await Secrets.open(database, entropy), clock, entropy)
