"""The power goes at every single write of a lock's life: after it the lock is as before the command or as after it, and never between.

Every deed of the story is first done in peace, from a copy of what was stored until then: that counts its writes and shows what the lock
remembers before and after it. Then it is done again once for each write and each side of it: the power goes just before the write is
durable, or when it is and nobody has been answered. With `LATCHWORK_STEPS` of 100,000 and more the power goes once more at each write of
the start that follows. A medium that refuses a write must not leave anything half done either.
"""

import asyncio
import os
from collections import Counter
from dataclasses import dataclass
from itertools import product

import pytest
from tests.support.bench import SAMPLE
from tests.support.world import World, tell

from latchwork.base.errors import LatchworkError
from latchwork.base.logs import Secret
from latchwork.doorlock.credentials import CredentialKind
from latchwork.matter.interaction.client import AttributeWrite, EventQuery
from latchwork.matter.interaction.values import EventValue
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.access_control import AccessControl
from latchwork.matter.model.clusters.basic_information import BasicInformation
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.matter.model.clusters.general_commissioning import GeneralCommissioning
from latchwork.matter.model.clusters.operational_credentials import OperationalCredentials, UpdateFabricLabel
from latchwork.node.config import NodeConfig
from latchwork.sim.lock import VirtualLock
from latchwork.store.kv import MemoryStore, StoreUnavailable

IS_WHOLE = int(os.environ.get("LATCHWORK_STEPS", "10000")) >= 100_000
NODE = 2
"""Node id that the home gives to the lock."""
SETTLED_S = 5.0
"""What is written lazily is written by then."""
WRITES_OF_A_START = 3
"""Most starts write less."""
HOME_AGAIN_S = 60.0
"""Within that the home has noticed that the lock is back."""
CHANGING = {"RebootCount", "AliroReaderGroupSubIdentifier", "UpTime", "TotalOperationalHours"}
"""Attributes that may differ between two lives."""
ADD, MODIFY = wire.DataOperationTypeEnum.ADD, wire.DataOperationTypeEnum.MODIFY
ENABLED = wire.UserStatusEnum.OCCUPIED_ENABLED
PIN, OTHER_PIN, WRONG_PIN, ONCE_PIN = b"482915", b"719304", b"000000", b"553311"
CARD = b"\x04\xa1\xb2\xc3\xd4\xe5\xf6\x07\x18\x29"


class PowerGoneError(BaseException):
    """The lock's process ends where it stands."""


class FrailStore:
    """A store in memory whose owner loses power at one of its writes."""

    def __init__(self, content, cut_at=None):
        self.content = content
        self.cut_at = cut_at  # (number of the write, whether it is durable by then)
        self.writes = 0
        self.is_cut = False
        self.refused = None  # number of the write that the medium refuses
        self.cut = None

    def get(self, key):
        return self.content.get(key)

    def keys(self, prefix=""):
        return self.content.keys(prefix)

    def apply(self, changes):
        self._write(lambda: self.content.apply(changes))

    def section(self, prefix):
        raise AssertionError("a node writes to its store only")

    def sealing_key(self, entropy):
        if self.content._key is None and entropy is not None:
            self._write(lambda: self.content.sealing_key(entropy))
            return self.content._key or Secret(entropy(32))
        return self.content.sealing_key(entropy)

    def close(self):
        pass

    def _write(self, write):
        if self.is_cut:
            return
        self.writes += 1
        if self.writes == self.refused:
            raise StoreUnavailable("the medium is full")
        if self.cut_at is None or self.writes != self.cut_at[0]:
            write()
            return
        if self.cut_at[1]:
            write()
        self.is_cut = True
        if self.cut is None:
            raise PowerGoneError
        self.cut()


@dataclass
class Life:
    """What a lock and its homes have stored at some moment."""

    lock: MemoryStore
    home: MemoryStore
    other: MemoryStore

    def copy(self):
        return Life(self.lock.copy(), self.home.copy(), self.other.copy())


class Story:
    """One deed in one world: the lock with its frail store, and whoever does something to it."""

    def __init__(self, world, life, cut_at=None):
        self.world = world
        self.store = FrailStore(life.lock, cut_at)
        self.lock = None
        self.numbers = []
        world.stores.update(home=life.home, other=life.other)

    async def switch_on(self):
        """The lock starts, and keeps starting until the power stays."""
        world, host = self.world, self.world._host("lock")
        while True:
            self.store.cut = None
            try:
                lock = VirtualLock(
                    NodeConfig(), self.store, model=SAMPLE, clock=world.clock, entropy=world._entropy("lock")
                )
            except PowerGoneError:
                self.plug_in()
                continue
            self.lock, self.store.cut = lock, lock.cut_power
            self.told = []
            lock.on_told = self._told
            await lock.start(world.air.attach(host), world.air.discovery(host), use_threads=False)
            world.locks["lock"] = lock
            return

    def _told(self, message):
        if not self.store.is_cut:  # who has no power says nothing
            self.told.append(message)

    def plug_in(self):
        """From now on writes are written."""
        self.store.is_cut, self.store.cut_at, self.store.refused = False, None, None

    async def power_comes_back(self, again=None):
        """Again: the write of the start that follows at which the power goes once more."""
        await self._power_cycle(again)
        await asyncio.sleep(HOME_AGAIN_S)
        if self.store.is_cut:
            await self._power_cycle(None)
            await asyncio.sleep(HOME_AGAIN_S)
        self.plug_in()
        assert self.lock.has_power

    async def _power_cycle(self, again):
        self.lock.cut_power()
        await self.lock.settled()
        self.plug_in()
        self.store.writes, self.store.cut_at = 0, again
        self.lock.restore_power()
        await self.lock.settled()

    async def home(self, name="home"):
        return self.world.controllers.get(name) or await self.world.controller(name)

    async def peer(self, name="home"):
        return (await self.home(name)).peers.get(NODE)

    async def listen(self):
        """The home hears of every event from now on."""
        peer = await self.peer()
        if peer is not None:
            await peer.subscribe(EventQuery(is_urgent=True), on_report=self._hear, max_s=5)

    def _hear(self, report):
        self.numbers += [entry.number for entry in report if isinstance(entry, EventValue)]

    async def invoke(self, command, request=None, name="home"):
        return await (await self.peer(name)).invoke(1, command, request)


def remembered(lock):
    """All that survived, as one flat dictionary."""
    node, register = lock.node, lock.behavior.register
    facts = {}
    for behavior in node.behaviors():
        for attribute in behavior.state.supported_attributes.values():
            if behavior.is_stored(attribute) and attribute.spec_name not in CHANGING:
                value = getattr(behavior.state, attribute.name)
                facts[behavior.endpoint.number, type(behavior.state).__name__, attribute.name] = value
    for user in register.users():
        facts["user", user.index] = user
        facts["week", user.index] = register.week_days(user.index)
        facts["year", user.index] = register.year_days(user.index)
    for kind in SAMPLE.limits.kinds:
        for index in range(1, SAMPLE.limits.kinds[kind] + 1):
            credential = register.credential(kind, index)
            if credential is not None:
                facts["credential", kind, index] = (credential, bytes(credential.secret))
    facts["holidays"] = register.holidays()
    facts["aliro"] = None if lock.behavior.aliro is None else lock.behavior.aliro.encode()
    facts["wrong codes"] = lock.behavior.lock.memory().wrong_codes
    for fabric in node.fabrics:
        facts["fabric", fabric.index] = (fabric.label, fabric.encode())
        facts["access", fabric.index] = tuple(node.access.entries(fabric.index))
        facts["groups", fabric.index] = node.members.groups(fabric.index)
    return facts


def kinds(facts):
    """How many there are of each."""
    return Counter(key[0] if key[0] in {"fabric", "access", "groups"} else key for key in facts)


def check_health(story):
    """What must be true of a lock that has just got its power back."""
    lock = story.lock
    node, store = lock.node, story.store.content
    assert not node.fail_safe.is_armed
    assert store.keys("undo/") == []
    assert node.endpoints[0].clusters[GeneralCommissioning.id].state.breadcrumb == 0
    assert {key.split("/")[1] for key in store.keys("f/") if key.split("/")[1].isdigit()} == {
        str(fabric.index) for fabric in node.fabrics
    }
    assert node.window.is_open is (not len(node.fabrics))
    assert lock.state == lock.bolt.position().name


# deeds: each gives True when somebody was told that it is done


async def be_commissioned(story):
    await (await story.home()).commission(story.lock.qr, node_id=NODE)
    return True


async def welcome_another_home(story):
    code = await (await story.peer()).open_window()
    await (await story.home("other")).commission(code, node_id=NODE)
    return True


def user(op, index, **more):
    values = dict.fromkeys(("user_name", "user_unique_id", "user_status", "user_type", "credential_rule")) | more
    return wire.SetUser(operation_type=op, user_index=index, **values)


def credential(op, kind, index, secret, user_index=None, **more):
    values = {"user_status": None, "user_type": None} | more
    reference = wire.CredentialStruct(credential_type=wire.CredentialTypeEnum(kind), credential_index=index)
    return wire.SetCredential(
        operation_type=op, credential=reference, credential_data=secret, user_index=user_index, **values
    )


def say(command, request=None, name="home"):
    async def deed(story):
        answer = await story.invoke(command, request, name)
        assert getattr(answer, "status", 0) == 0
        return True

    return deed


def show(pin, outcome):
    async def deed(story):
        said = story.lock.behavior.present(CredentialKind.PIN, pin)
        assert said.name == outcome
        return not story.store.is_cut

    return deed


async def write_settings(story):
    values = ((DoorLock.auto_relock_time, 45), (DoorLock.language, "de"), (DoorLock.wrong_code_entry_limit, 9))
    statuses = await (await story.peer()).write([AttributeWrite(1, DoorLock.id, *pair) for pair in values])
    assert all(status.status == 0 for status in statuses)
    return True


async def name_it(story):
    await (await story.peer()).set(0, BasicInformation.node_label, "Front door")
    return True


async def name_the_home(story):
    peer = await story.peer()
    answer = await peer.invoke(0, OperationalCredentials.update_fabric_label, UpdateFabricLabel(label="Home"))
    assert answer.status_code == 0
    return True


async def let_everybody_view(story):
    peer = await story.peer()
    entries = await peer.get(0, AccessControl.acl)
    await peer.set(0, AccessControl.acl, (*entries, replace_subjects(entries[0])))
    return True


def replace_subjects(entry):
    kind = type(entry)
    values = {name: getattr(entry, name) for name in kind.hints()}
    return kind(**values | {"privilege": type(entry.privilege)(1), "subjects": None, "targets": None})


async def remove_the_other_home(story):
    await (await story.peer()).remove_fabric(2)
    return True


async def restart(story):
    story.lock.restart()
    await story.lock.settled()
    return not story.store.is_cut


async def leave_the_factory(story):
    return not story.store.is_cut


async def reset(story):
    story.lock.handle({"hold": "reset", "seconds": SAMPLE.reset.hold_s + 1})
    await asyncio.sleep(SAMPLE.reset.hold_s + 3)
    return any(message.get("prompt") == "reset.done" for message in story.told)


DEEDS = {
    "leave the factory": leave_the_factory,
    "be commissioned": be_commissioned,
    "add a user": say(DoorLock.set_user, user(ADD, 1, user_name="Ana", user_status=ENABLED)),
    "give her a PIN": say(DoorLock.set_credential, credential(ADD, 1, 1, PIN, 1)),
    "give somebody new a card": say(DoorLock.set_credential, credential(ADD, 2, 1, CARD)),
    "change the PIN": say(DoorLock.set_credential, credential(MODIFY, 1, 1, OTHER_PIN, 1)),
    "give her hours": say(
        DoorLock.set_week_day_schedule,
        wire.SetWeekDaySchedule(
            week_day_index=1,
            user_index=2,
            days_mask=wire.DaysMaskBitmap(62),
            start_hour=8,
            start_minute=0,
            end_hour=17,
            end_minute=30,
        ),
    ),
    "give her a holiday house": say(
        DoorLock.set_year_day_schedule,
        wire.SetYearDaySchedule(year_day_index=1, user_index=2, local_start_time=10, local_end_time=2_000_000_000),
    ),
    "set a holiday": say(
        DoorLock.set_holiday_schedule,
        wire.SetHolidaySchedule(
            holiday_index=1,
            local_start_time=2_000_000_000,
            local_end_time=2_000_000_100,
            operating_mode=wire.OperatingModeEnum.VACATION,
        ),
    ),
    "write settings": write_settings,
    "name it": name_it,
    "name the home": name_the_home,
    "let everybody view": let_everybody_view,
    "welcome another home": welcome_another_home,
    "let the other home add somebody": say(
        DoorLock.set_credential, credential(ADD, 1, 5, ONCE_PIN, user_type=wire.UserTypeEnum.DISPOSABLE_USER), "other"
    ),
    "bring the reader's keys": say(
        DoorLock.set_aliro_reader_config,
        wire.SetAliroReaderConfig(
            signing_key=bytes(range(32)),
            verification_key=b"\x04" + bytes(64),
            group_identifier=bytes(16),
            group_resolving_key=bytes(range(16)),
        ),
    ),
    "unlock": say(DoorLock.unlock_door, wire.UnlockDoor(pin_code=OTHER_PIN)),
    "lock": say(DoorLock.lock_door, wire.LockDoor()),
    "try a wrong code": show(WRONG_PIN, "WRONG_CODE"),
    "come once": show(ONCE_PIN, "OPENED"),
    "restart": restart,
    "remove the other home": remove_the_other_home,
    "take the reader's keys away": say(DoorLock.clear_aliro_reader_config),
    "take the PIN away": say(
        DoorLock.clear_credential,
        wire.ClearCredential(
            credential=wire.CredentialStruct(credential_type=wire.CredentialTypeEnum.PIN, credential_index=1)
        ),
    ),
    "take her hours away": say(
        DoorLock.clear_week_day_schedule, wire.ClearWeekDaySchedule(week_day_index=0xFE, user_index=2)
    ),
    "take somebody out": say(DoorLock.clear_user, wire.ClearUser(user_index=2)),
    "take everybody out": say(DoorLock.clear_user, wire.ClearUser(user_index=0xFFFE)),
    "be reset": reset,
}


def in_peace(deed, life):
    """Do it without a power cut: how many writes it takes, what is remembered after it, what is stored then."""
    life = life.copy()

    async def play(world: World):
        story = Story(world, life)
        if deed is not leave_the_factory:
            await story.switch_on()
            await story.listen()
        story.store.writes = 0
        if deed is leave_the_factory:
            await story.switch_on()
        assert await deed(story)
        await asyncio.sleep(SETTLED_S)
        writes = story.store.writes
        after = life.copy()
        await story.power_comes_back()
        check_health(story)
        return writes, remembered(story.lock), after

    return tell(play)


def cut(deed, life, cut_at, again, before, after):
    """Do it with a power cut, and then once more if it was not done."""
    life = life.copy()

    async def play(world: World):
        story = Story(world, life)
        is_born = deed is leave_the_factory
        if not is_born:
            await story.switch_on()
            await story.listen()
        story.store.writes, story.store.cut_at = 0, cut_at
        if is_born:
            await story.switch_on()
        try:
            is_acknowledged = await deed(story)
        except LatchworkError:
            is_acknowledged = False
        await asyncio.sleep(SETTLED_S)
        await story.power_comes_back(again)
        check_health(story)
        now = remembered(story.lock)
        assert now == after or (now == before and not is_acknowledged)
        if deed is be_commissioned and now == after and not is_acknowledged:
            return  # it belongs to a home that does not know it: a factory reset brings it back
        if now != after:
            assert await deed(story)
            await story.power_comes_back()
            check_health(story)
            # A home that comes again gets another index, so that nobody takes it for the one that was rolled back.
            assert kinds(remembered(story.lock)) == kinds(after)
        if len(story.lock.node.fabrics) and await story.peer() is not None:
            peer = await story.peer()
            await peer.invoke(1, DoorLock.lock_door, wire.LockDoor())
            assert await peer.get(1, DoorLock.lock_state) == wire.LockStateEnum.LOCKED

            await asyncio.sleep(60)
        assert story.numbers == sorted(set(story.numbers))

    tell(play)


def refused(deed, life, number, before, after):
    """Do it while the medium refuses one write; the power goes later."""
    life = life.copy()

    async def play(world: World):
        story = Story(world, life)
        await story.switch_on()
        await story.listen()
        story.store.writes, story.store.refused = 0, number
        try:
            is_acknowledged = await deed(story)
        except (LatchworkError, AssertionError):
            is_acknowledged = False
        await asyncio.sleep(SETTLED_S)
        if len(story.lock.node.fabrics) and await story.peer() is not None:
            await asyncio.sleep(HOME_AGAIN_S)
            await story.invoke(DoorLock.lock_door, wire.LockDoor())
        await asyncio.sleep(SETTLED_S)
        await story.power_comes_back()
        check_health(story)
        now = remembered(story.lock)
        assert now == after or (now == before and not is_acknowledged)

    tell(play)


def sides(writes):
    """Each of so many writes: before it is durable, and when it is."""
    return product(range(1, writes + 1), (False, True))


@pytest.fixture(scope="module")
def lives():
    """For each deed: the stores before it, how many writes it takes, what is remembered before and after it."""
    told, life, before = {}, Life(MemoryStore(), MemoryStore(), MemoryStore()), {}
    for name, deed in DEEDS.items():
        writes, after, next_life = in_peace(deed, life)
        told[name] = (life, writes, before, after)
        life, before = next_life, after
    return told


@pytest.mark.parametrize("name", DEEDS)
def test_a_power_cut_leaves_the_lock_as_before_or_as_after(lives, name):
    life, writes, before, after = lives[name]
    for cut_at in sides(writes):
        for again in (None, *(sides(WRITES_OF_A_START) if IS_WHOLE else ())):
            cut(DEEDS[name], life, cut_at, again, before or after, after)


@pytest.mark.parametrize("name", [name for name in DEEDS if name not in {"leave the factory", "restart"}])
def test_a_medium_that_refuses_a_write_leaves_nothing_half_done(lives, name):
    life, writes, before, after = lives[name]
    for number in range(1, writes + 1):
        refused(DEEDS[name], life, number, before, after)


def test_a_home_is_told_that_the_medium_refused(lives):
    async def play(world: World):
        story = Story(world, lives["add a user"][0].copy())
        await story.switch_on()
        peer = await story.peer()
        await peer.get(1, DoorLock.lock_state)
        await asyncio.sleep(SETTLED_S)
        story.store.writes, story.store.refused = 0, 1
        with pytest.raises(StatusError) as refusal:
            await DEEDS["add a user"](story)
        assert refusal.value.code is Status.FAILURE
        await peer.invoke(1, DoorLock.lock_door, wire.LockDoor())

    tell(play)


def test_every_deed_that_changes_what_is_remembered_writes(lives):
    idle = {name for name, (_, writes, before, after) in lives.items() if not writes and before != after}
    assert not idle
    assert sum(writes for _, writes, _, _ in lives.values()) > len(DEEDS)
