"""A house with a hub, three locks and another administrator, and the same house on paper: what can happen in it, and what must be so.

What is done to the hub is done on paper when the hub has acknowledged it; what others do on a lock is noted as the lock's register then
holds it.
"""

import asyncio
from dataclasses import replace
from types import MappingProxyType

from tests.support.hub import OWNER, HubWorld
from tests.support.hub_oracle import DAY, date_of
from tests.support.world import World

from latchwork.base.errors import LatchworkError
from latchwork.base.logs import Secret
from latchwork.devices.lock_device import lock_of
from latchwork.devices.models import GENERIC
from latchwork.doorlock.book import key_of
from latchwork.doorlock.changes import ALL_USERS, ChangeRefused, DataChange
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.decide import judge
from latchwork.doorlock.events import EntryOutcome, Source
from latchwork.doorlock.limits import Limits
from latchwork.doorlock.moment import Moment
from latchwork.doorlock.users import UserStatus
from latchwork.hub.house.entities import Access, Credential, Person
from latchwork.hub.house.rules import Always, FirstUse, Hours, Once, Weekly, Window
from latchwork.hub.keeping.keeper import State
from latchwork.hub.people.service import DuplicateCode
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.stack.memory import Weather

PIN = CredentialKind.PIN
MATTER_EPOCH = 946_684_800
BARE = replace(
    GENERIC,
    key="bare",
    has_aliro_radio=False,
    limits=Limits(
        users=16,
        credentials_per_user=5,
        kinds=MappingProxyType({CredentialKind.PROGRAMMING_PIN: 1, PIN: 24}),
        lengths=MappingProxyType({CredentialKind.PROGRAMMING_PIN: (4, 10), PIN: (4, 8)}),
    ),
)
"""Few places and no schedules: the hub keeps all times."""
DOORS = {"Front": "u200", "Back": "generic", "Shed": BARE}
CODES = [f"{n}{(n * 7 + 3) % 10}{(n * 3 + 1) % 10}{(n + 5) % 10}0{(n * 9 + 2) % 10}" for n in range(1, 9)]
THEIRS = ["9000001", "9000023", "9000456", "9007890"]
WEATHER = (Weather(delay=0.02, spread=0.05), Weather(loss=0.2, duplication=0.1, delay=0.02, spread=0.2))
FAULTS = [
    "out-of-range",
    "out-of-range",
    "asleep",
    "slow-answers",
    "occupied-before-duplicate",
    "old-statuses",
    "power",
]
ON_THE_WAY = 60
"""Seconds after which no command of the hub's is on its way any more: Matter has none that clears a place only if it is still ours."""


class RandomHouse:
    """The hub's house, and the one on paper; `begin` sets out `loop`, `folder`, `paper`, `foreign`, `is_up` and `count`."""

    def play(self, story):
        return self.loop.run_until_complete(story)

    async def _begin(self, seed):
        self.world = World(seed)
        self.house = await HubWorld(self.world, self.folder).open()
        for door, model in DOORS.items():
            await self.house.door(door, model)
        other = await self.world.controller("other", require_attestation=False)
        self.theirs = {}
        for door in DOORS:
            peer = self.house.hub.locks._peer(self.lock(door))
            self.theirs[door] = await other.commission(await peer.open_window())
        self.locks = {door: self.lock(door) for door in DOORS}
        self.world.air.weather = WEATHER[0]

    # what is

    def now(self):
        return self.world.clock.utc()

    def device(self, door):
        return self.house.device_at(door)

    def register(self, door):
        return lock_of(self.device(door).node).register

    def lock(self, door):
        return self.house.hub.repository.lock(self.house.lock_id(door))

    def person(self, which):
        people = sorted(self.paper.numbers)
        return people[which % len(people)] if people else None

    def credential(self, which):
        found = sorted(self.paper.codes)
        return found[which % len(found)] if found else None

    def promise(self, which):
        found = sorted(self.paper.promises)
        return found[which % len(found)] if found else None

    def ours(self, door, which=None):
        """Users that are there in the hub's name; one of them when asked for."""
        index = self.locks[door].fabric_index
        found = [user for user in self.register(door).users() if user.creator == index]
        if which is None:
            return found
        return found[which % len(found)] if found else None

    def is_in_reach(self, door):
        return not self.device(door).faults.keys() & {"out-of-range", "asleep"} and self.device(door).has_power

    async def _somebody_comes(self, code, soon):
        self.count += 1
        people = self.house.hub.people
        person = await people.add_person(Person(id="", name=f"Guest {self.count}", unique_id=0), actor=OWNER)
        self.paper.numbers[person.id] = person.unique_id
        await self._new_code(person.id, code)
        await asyncio.sleep(soon)

    async def _new_code(self, person, code):
        try:
            kept = await self.house.hub.people.add_credential(
                Credential(id="", person_id=person), Secret(code.encode()), actor=OWNER
            )
        except DuplicateCode:
            return
        self.paper.codes[kept.id] = person, code

    async def _another_code(self, credential, code, soon):
        try:
            await self.house.hub.people.set_secret(credential, Secret(code.encode()), actor=OWNER)
        except DuplicateCode:
            return
        self.paper.codes[credential] = self.paper.codes[credential][0], code
        await asyncio.sleep(soon)

    async def _grant(self, made, soon):
        given = Access(
            id="",
            person_id=made.person,
            door_ids=tuple(self.house.door_id(door) for door in sorted(made.doors)),
            credential_ids=tuple(made.codes or ()),
            rule=made.rule,
            is_duress=made.is_duress,
        )
        kept = await self.house.hub.people.grant(given, actor=OWNER)
        self.paper.promises[kept.id] = made
        await asyncio.sleep(soon)

    def rule_of(self, kind):
        now = (self.now() // 60 + 1) * 60
        today = int(now // DAY)
        hours = (Hours(frozenset(range(5)), 9 * 60, 12 * 60), Hours(frozenset({3, 5}), 17 * 60, 1439))
        night = (Hours(frozenset(range(7)), 22 * 60, 6 * 60),)
        match kind:
            case "weekly":
                return Weekly(hours)
            case "night":
                return Weekly(night)
            case "bounded":
                return Weekly(hours, start=now + 7200, end=now + 5 * DAY)
            case "except":
                return Weekly(night, except_on=(date_of(today), date_of(today + 2)))
            case "window":
                return Window(now + 600, now + DAY)
            case "later":
                return Window(now + 4 * DAY, now + 5 * DAY)
            case "once":
                return Once()
            case "once in":
                return Once(now + 1200, now + DAY)
            case "first":
                return FirstUse(60)
            case "first in":
                return FirstUse(60, now + 1200, now + DAY)
            case "first 90":
                return FirstUse(90)
            case _:
                return Always()

    async def _come(self, device, door, credential):
        if device.state != "LOCKED":
            device.handle({"turn": "lock"})
            await asyncio.sleep(1)
        outcome = lock_of(device.node).present(PIN, self.paper.codes[credential][1].encode())
        if outcome is EntryOutcome.OPENED:
            self.paper.used(door, credential, self.now())

    async def _program(self, door, code, what, user):
        if what != "add":
            await asyncio.sleep(ON_THE_WAY)
            user = None if user is None else self.register(door).user(user.index)
            if user is None and what != "wipe":
                return
        try:
            self.program(door, code, what, user)
        except ChangeRefused:
            return
        if what != "add":
            await asyncio.sleep(ON_THE_WAY)

    def program(self, door, code, what, user):
        lock, register = lock_of(self.device(door).node), self.register(door)
        change = None
        secret = code.encode()
        match what:
            case "wipe":
                self.spoil(door, *self.ours(door))
                self.foreign[door].clear()
                change = lambda to, author: (None, to.clear_user(ALL_USERS, author))  # noqa: E731 - one of several small changes
            case "clear":
                self.spoil(door, user)
                self.forget_on(door, user.index)
                change = lambda to, author: (None, to.clear_user(user.index, author))  # noqa: E731 - one of several small changes
            case "add":
                place = register.next_free_credential(PIN, 0)
                change = lambda to, author: self._set(to, DataChange.ADD, place, secret, author, None)  # noqa: E731 - one of several small changes
            case "stow":  # a code of theirs for a user of ours
                place = register.next_free_credential(PIN, 0)
                change = lambda to, author: self._set(to, DataChange.ADD, place, secret, author, user.index)  # noqa: E731 - one of several small changes
            case "recode":  # another code in the place of ours
                place = next((index for kind, index in user.credentials if kind is PIN), None)
                if ("credential", int(PIN), place) in self.foreign[door] or place is None:
                    return
                change = lambda to, author: self._set(to, DataChange.MODIFY, place, secret, author, user.index)  # noqa: E731 - one of several small changes
        lock.program(change)
        if what == "add":
            kept = register.credential(PIN, place)
            self.note(door, register.user(kept.user_index), kept)
        elif what == "stow":
            self.note(door, register.credential(PIN, place))

    @staticmethod
    def _set(register, op, place, secret, author, user_index):
        done = register.set_credential(op, PIN, place, secret, author=author, user_index=user_index)
        return None, done.changes

    def forget_on(self, door, user_index):
        """What is foreign on a user of ours goes with it."""
        foreign = self.foreign[door]
        for key, record in tuple(foreign.items()):
            if getattr(record, "user_index", None) == user_index:
                del foreign[key]

    def spoil(self, door, *users):
        """Codes that the lock itself ends are not given again after this."""
        numbers = {user.unique_id for user in users}
        self.paper.spoiled |= {(door, person) for person, number in self.paper.numbers.items() if number in numbers}

    # another administrator

    def note(self, door, *records):
        self.foreign[door] |= {key_of(record): record for record in records}

    def theirs_on(self, door, which):
        users = [
            key[1] for key, record in sorted(self.foreign[door].items()) if key[0] == "user" and record.creator == 2
        ]
        return users[which % len(users)] if users else None

    async def _they_change_theirs(self, door, which, code, what):
        peer, register = self.theirs[door], self.register(door)
        index = self.theirs_on(door, which)
        if what == "add":
            if sum(key[0] == "user" for key in self.foreign[door]) >= 3:
                return
            place = register.next_free_credential(PIN, 0)
            await self._ask(peer, DoorLock.set_credential, self.code(DataChange.ADD, place, code, None))
            kept = register.credential(PIN, place)
            if kept is not None and kept.creator == 2 and register.find(PIN, code.encode()) is kept:
                self.note(door, register.user(kept.user_index), kept)
            return
        if index is None:
            return
        user = register.user(index)
        match what:
            case "recode":
                place = user.credentials[0][1]
                await self._ask(peer, DoorLock.set_credential, self.code(DataChange.MODIFY, place, code, index))
            case "rename":
                await self._ask(peer, DoorLock.set_user, self.user(index, user_name=f"They {which}"))
            case "hours":
                request = wire.SetWeekDaySchedule(
                    week_day_index=1, user_index=index, days_mask=wire.DaysMaskBitmap(6),
                    start_hour=which, start_minute=0, end_hour=which + 8, end_minute=0,
                )  # fmt: skip
                await self._ask(peer, DoorLock.set_week_day_schedule, request)
            case "clear":
                self.foreign[door].pop(("user", index))
                for kind, place in user.credentials:
                    self.foreign[door].pop(("credential", int(kind), place))
                self.foreign[door].pop(("week", index, 1), None)
                await self._ask(peer, DoorLock.clear_user, wire.ClearUser(user_index=index))
                return
        user = register.user(index)
        self.note(door, user, *(register.credential(*place) for place in user.credentials), *register.week_days(index))

    async def _they_meddle(self, door, user, what):
        peer = self.theirs[door]
        self.spoil(door, user)
        match what:
            case "clear":
                self.forget_on(door, user.index)
                await self._ask(peer, DoorLock.clear_user, wire.ClearUser(user_index=user.index))
                await asyncio.sleep(ON_THE_WAY)
            case "uncode":
                if not user.credentials:
                    return
                place = wire.CredentialStruct(
                    credential_type=wire.CredentialTypeEnum.PIN, credential_index=user.credentials[0][1]
                )
                self.foreign[door].pop(("credential", int(PIN), user.credentials[0][1]), None)
                await self._ask(peer, DoorLock.clear_credential, wire.ClearCredential(credential=place))
                await asyncio.sleep(ON_THE_WAY)
            case "disable":
                disabled = wire.UserStatusEnum.OCCUPIED_DISABLED
                await self._ask(peer, DoorLock.set_user, self.user(user.index, user_status=disabled))
            case "retype":
                kind = wire.UserTypeEnum.NON_ACCESS_USER
                await self._ask(peer, DoorLock.set_user, self.user(user.index, user_type=kind))
            case "hours":
                request = wire.SetWeekDaySchedule(
                    week_day_index=2, user_index=user.index, days_mask=wire.DaysMaskBitmap(1),
                    start_hour=1, start_minute=0, end_hour=2, end_minute=0,
                )  # fmt: skip
                await self._ask(peer, DoorLock.set_week_day_schedule, request)

    async def _they_go(self):
        other = self.world.controllers["other"]
        for door, peer in self.theirs.items():
            await other.decommission(peer)
            for key, record in self.foreign[door].items():
                marks = {name: 0 for name in ("creator", "modifier") if getattr(record, name, None) == 2}
                self.foreign[door][key] = replace(record, **marks)
        self.theirs = {}

    @staticmethod
    async def _ask(peer, command, request):
        try:
            await peer.invoke(1, command, request)
        except LatchworkError:
            return

    @staticmethod
    def code(op, place, code, user_index):
        return wire.SetCredential(
            operation_type=wire.DataOperationTypeEnum(op),
            credential=wire.CredentialStruct(credential_type=wire.CredentialTypeEnum.PIN, credential_index=place),
            credential_data=code.encode(),
            user_index=user_index,
            user_status=None,
            user_type=None,
        )

    @staticmethod
    def user(index, **changes):
        given = dict.fromkeys(("user_name", "user_unique_id", "user_status", "user_type", "credential_rule"))
        return wire.SetUser(operation_type=wire.DataOperationTypeEnum.MODIFY, user_index=index, **(given | changes))

    async def _broken(self, door, name, soon):
        if name == "power":
            self.device(door).cut_power()
        else:
            self.house.fault(door, name)
        await asyncio.sleep(soon)

    async def _mended(self, door):
        device = self.device(door)
        if not self.is_in_reach(door):
            await asyncio.sleep(ON_THE_WAY)
        for name in tuple(device.faults):
            device.take_fault(name)
        await device.settled()
        if not device.has_power:
            device.restore_power()
            await device.settled()

    async def _back(self, soon):
        await self.house.open()
        self.is_up = True
        await asyncio.sleep(soon)

    def check_always(self):
        """What must be so at every moment."""
        for door, records in self.foreign.items():
            for key, record in records.items():
                found = self.found(door, key)
                assert found == record, f"{door}: {key} is not as they left it: {record} has become {found}"
        if self.is_up:
            for door in DOORS:
                self.check_known(door)

    def found(self, door, key):
        register = self.register(door)
        match key:
            case ("user", index):
                return register.user(index)
            case ("credential", kind, index):
                return register.credential(CredentialKind(kind), index)
            case ("week", user, index):
                return register.week_day(user, index)
        raise AssertionError(key)

    def check_known(self, door):
        """The books account for all that is on the lock in the hub's name."""
        placed = self.house.hub.repository.placed(self.locks[door].id)
        users = {each.index for each in placed.users}
        assert {user.index for user in self.ours(door)} <= users, f"{door}: a user that the books do not know"
        places = {each.index for each in placed.credentials}
        assert {each.index for each in self.our_codes(door)} <= places, f"{door}: a code that the books do not know"

    def our_codes(self, door):
        index = self.locks[door].fabric_index
        return [each for each in self.register(door).credentials(PIN) if each.creator == index]

    async def _quiet(self):
        self.world.air.weather = WEATHER[0]
        for door in DOORS:
            await self._mended(door)
        if not self.is_up:
            await self._back(0)
        await asyncio.sleep(1500)
        await self._off_the_minute()
        keepers = self.house.hub.keepers
        if any(keeper.state is not State.IN_LINE for keeper in keepers):
            # Refused a while ago, or somebody else keeps undoing it: an owner has a look.
            for door in DOORS:
                self.house.hub.locks.wake(self.locks[door].id)
            await asyncio.sleep(200)
            await self._off_the_minute()
        self.check_always()
        for door in DOORS:
            self.check_desired(door)

    async def _off_the_minute(self):
        for _ in range(100):
            if not self.paper.is_near_a_turn(self.now()):
                return
            await asyncio.sleep(5)
        raise AssertionError("something begins or ends all the time")

    def check_desired(self, door):
        now, register = self.now(), self.register(door)
        hub = self.house.hub
        placed = hub.repository.placed(self.locks[door].id)
        rows = {each.index: each for each in placed.credentials if not each.is_pending}
        on = {}
        for credential in self.our_codes(door):
            assert credential.index in rows, f"{door}: the books are not sure of place {credential.index}"
            name = rows[credential.index].credential_id
            assert name not in on, f"{door}: the same code twice"
            on[name] = credential
            assert name in self.paper.codes, f"{door}: a code that is out of use"
            person, code = self.paper.codes[name]
            assert bytes(credential.secret).decode() == code, f"{door}: an old code"
            assert self.paper.may_be_ready(door, name, now), f"{door}: a code that is not due"
            user = register.user(credential.user_index)
            assert (user.unique_id, user.creator) == (self.paper.numbers[person], self.locks[door].fabric_index)
        limits = self.device(door).model.limits
        for name in self.paper.codes:
            self.check_code(door, name, on.get(name), limits)
        for user in self.ours(door):
            held = {register.credential(*place).creator for place in user.credentials}
            is_stowed = held - {user.creator} and user.status is UserStatus.OCCUPIED_DISABLED
            assert user.creator in held or is_stowed, f"{door}: a user without a code of ours"

    def check_code(self, door, name, credential, limits):
        now = self.now()
        opens = self.paper.opens(door, name, now)
        does = credential is not None and self.lets_in(door, credential, now)
        if (door, self.paper.codes[name][0]) in self.paper.spoiled and self.paper.is_ended_by_lock(door, name):
            assert opens or not does, f"{door}: opens to {name}"
            return
        assert does == opens, f"{door}: {'opens' if does else 'does not open'} to {name}; {self.told(door)}"
        if self.paper.is_kept_by_lock(door, name, now, limits.week_days_per_user, limits.year_days_per_user):
            assert credential is not None, f"{door}: does not know {name}"
            for hours in range(48):
                at = now + hours * 3600 + 1800
                assert self.lets_in(door, credential, at) == self.paper.opens(door, name, at), (
                    f"{door}: {name} in {hours} h; {self.paper.of(door, name)}; {self.told(door)}"
                )

    def told(self, door):
        """What the hub itself says about it."""
        keeper = self.house.hub.keepers.get(self.locks[door].id)
        return f"the hub: {keeper.state}, {[each.message for each in keeper.troubles]}"

    def lets_in(self, door, credential, at):
        seconds = int(at) - MATTER_EPOCH
        settings = lock_of(self.device(door).node).lock.settings
        verdict = judge(self.register(door), (credential,), Source.KEYPAD, settings, Moment(seconds, seconds))
        return verdict.reason is None

    async def _end(self):
        if self.is_up:
            await self.house.close()
        await self.world.close()
