"""Faults on demand: each as a story with a controller in the virtual air."""

import asyncio

import pytest
from tests.support.world import events_of, tell

from latchwork.base.errors import LatchworkError, Misuse
from latchwork.devices.lock_model import LockModel
from latchwork.doorlock.bolt import BoltPosition, DoorPosition
from latchwork.matter.interaction.client import AttributeQuery
from latchwork.matter.interaction.paths import EventQuery
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock, DoorStateEnum, LockDoor, LockStateEnum, UnlockDoor
from latchwork.matter.model.clusters.power_source import BatChargeLevelEnum, PowerSource
from latchwork.node.icd import IcdConfig
from latchwork.sim.faults import FAULTS, make_fault, parse_fault

ADD, MODIFY = wire.DataOperationTypeEnum.ADD, wire.DataOperationTypeEnum.MODIFY


def user(index: int, name: str = "Anna") -> wire.SetUser:
    return wire.SetUser(
        operation_type=ADD,
        user_index=index,
        user_name=name,
        user_unique_id=None,
        user_status=None,
        user_type=None,
        credential_rule=None,
    )


def pin(index: int, code: bytes, *, owner: int | None = None, operation=ADD) -> wire.SetCredential:
    return wire.SetCredential(
        operation_type=operation,
        credential=wire.CredentialStruct(credential_type=wire.CredentialTypeEnum.PIN, credential_index=index),
        credential_data=code,
        user_index=owner,
        user_status=None,
        user_type=None,
    )


async def set_pin(peer, index: int, code: bytes, **options) -> int:
    return (await peer.invoke(1, DoorLock.set_credential, pin(index, code, **options))).status


async def refusal(peer, command, request) -> StatusError:
    with pytest.raises(StatusError) as caught:
        await peer.invoke(1, command, request)
    return caught.value


def on(lock, name: str, value: str | None = None) -> None:
    lock.put_fault(make_fault(name, value))


def story(play, **config):
    """A commissioned lock, its controller's side of it, and what happens."""

    async def told(world):
        peer = await world.commissioned(**config)
        return await play(world, world.locks["lock"], peer)

    return tell(told)


def test_every_fault_says_what_it_does() -> None:
    for name, kind in FAULTS.items():
        assert kind.name == name
        assert kind.what
        assert "." not in kind.what
        fault = make_fault(name)
        assert fault.facts == ({"value": kind.default} if kind.takes else {})
        assert bool(kind.takes) is bool(kind.default)


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "jammed=3",
        "slow=never",
        "slow=-1",
        "full=0",
        "clock-off=x",
        "lost-events=",
        "power-cut-at-write=0",
        "power-cut-at-write=1,sometimes",
        "power-cut-at-write=x",
    ],
)
def test_a_fault_that_makes_no_sense_is_misuse(text: str) -> None:
    with pytest.raises(Misuse):
        parse_fault(text)


def test_faults_are_told_and_replace_their_like() -> None:
    async def play(_world, lock, _peer) -> None:
        told: list[dict] = []
        lock.on_told = told.append
        on(lock, "slow", "5")
        on(lock, "slow", "7")
        assert lock.bolt.travel_s == 7
        lock.take_fault("slow")
        lock.take_fault("slow")
        assert lock.bolt.travel_s == 0
        assert told == [
            {"event": "fault", "name": "slow", "on": True, "value": "5"},
            {"event": "fault", "name": "slow", "on": False},
            {"event": "fault", "name": "slow", "on": True, "value": "7"},
            {"event": "fault", "name": "slow", "on": False},
        ]

    story(play)


def test_a_lock_that_sleeps_deeply_answers_when_somebody_touches_it() -> None:
    async def play(_world, lock, peer) -> None:
        await asyncio.sleep(30)
        on(lock, "asleep")
        command = asyncio.create_task(peer.invoke(1, DoorLock.unlock_door, UnlockDoor(), timed_ms=60_000))
        await asyncio.sleep(8)
        assert not command.done()
        assert lock.state == "LOCKED"
        lock.handle({"key": "1"})
        assert not lock.faults
        await command
        assert lock.state == "UNLOCKED"

    story(play, icd=IcdConfig())


def test_a_lock_that_never_sleeps_is_deaf_all_the_same() -> None:
    async def play(_world, lock, peer) -> None:
        on(lock, "asleep")
        with pytest.raises(LatchworkError):
            await peer.get(1, DoorLock.lock_state)
        lock.take_fault("asleep")
        assert await peer.get(1, DoorLock.lock_state) is LockStateEnum.LOCKED

    story(play)


def test_a_lock_out_of_range_neither_hears_nor_is_heard() -> None:
    async def play(world, lock, peer) -> None:
        on(lock, "out-of-range")
        with pytest.raises(LatchworkError):
            await peer.get(1, DoorLock.lock_state)
        host, seen = world.hosts["lock"], []
        world.air.taps.append(lambda _datagram, source, _target: seen.append(source[0]) or True)
        lock.turn(BoltPosition.UNLOCKED)
        await asyncio.sleep(60)
        assert host not in seen
        lock.take_fault("out-of-range")
        assert await peer.get(1, DoorLock.lock_state) is LockStateEnum.UNLOCKED

    story(play)


def test_a_slow_bolt_arrives_after_the_answer() -> None:
    async def play(_world, lock, peer) -> None:
        on(lock, "slow", "4")
        await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())
        assert await peer.get(1, DoorLock.lock_state) is not LockStateEnum.UNLOCKED
        await asyncio.sleep(4.5)
        assert await peer.get(1, DoorLock.lock_state) is LockStateEnum.UNLOCKED

    story(play)


def test_slow_answers_come_late_and_in_order() -> None:
    async def play(_world, lock, peer) -> None:
        loop = asyncio.get_running_loop()
        on(lock, "slow-answers", "2")
        before = loop.time()
        await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())  # timed: two answers
        assert 4 <= loop.time() - before < 5
        assert len(await peer.read(AttributeQuery())) > 100
        lock.take_fault("slow-answers")
        before = loop.time()
        await peer.get(1, DoorLock.lock_state)
        assert loop.time() - before < 1

    story(play)


def test_a_jammed_bolt_fails_and_alarms() -> None:
    async def play(_world, lock, peer) -> None:
        told: list[dict] = []
        lock.on_told = told.append
        on(lock, "jammed")
        assert (await refusal(peer, DoorLock.unlock_door, UnlockDoor())).status == Status.FAILURE
        assert {"event": "alarm", "alarm": "LockJammed"} in told
        assert not lock.turn(BoltPosition.UNLOCKED)
        lock.take_fault("jammed")
        await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())

    story(play)


def test_a_warped_door_stays_ajar() -> None:
    async def play(_world, lock, peer) -> None:
        lock.turn(BoltPosition.UNLOCKED)
        on(lock, "ajar")
        assert await peer.get(1, DoorLock.door_state) is DoorStateEnum.DOOR_AJAR
        lock.handle({"open": True, "close": True})
        assert lock.door.position() is DoorPosition.AJAR
        lock.take_fault("ajar")
        lock.handle({"close": True})
        assert await peer.get(1, DoorLock.door_state) is DoorStateEnum.DOOR_CLOSED

    story(play)


def test_a_flat_battery_is_critical_and_moves_nothing() -> None:
    async def play(_world, lock, peer) -> None:
        operations: list = []
        lock.on_operation = operations.append
        on(lock, "flat-battery")
        assert await peer.get(0, PowerSource.bat_charge_level) is BatChargeLevelEnum.CRITICAL
        assert (await refusal(peer, DoorLock.unlock_door, UnlockDoor())).status == Status.FAILURE
        entries = await peer.read(EventQuery(1, DoorLock.id, DoorLock.lock_operation_error.id))
        assert entries[-1].value.operation_error is wire.OperationErrorEnum.INSUFFICIENT_BATTERY
        assert operations[-1].status is Status.FAILURE
        lock.handle({"turn": "unlock"})
        assert lock.state == "UNLOCKED"
        lock.take_fault("flat-battery")
        await peer.invoke(1, DoorLock.lock_door, LockDoor())
        assert await peer.get(0, PowerSource.bat_charge_level) is BatChargeLevelEnum.OK

    story(play)


def test_a_flat_battery_stays_flat_after_a_restart() -> None:
    async def play(_world, lock, peer) -> None:
        on(lock, "flat-battery")
        await peer.invoke(1, DoorLock.set_user, user(1))
        lock.cut_power()
        lock.restore_power()
        await lock.settled()
        assert (await refusal(peer, DoorLock.unlock_door, UnlockDoor())).status == Status.FAILURE

    story(play)


def test_a_full_lock_takes_nobody_more() -> None:
    async def play(_world, lock, peer) -> None:
        await peer.invoke(1, DoorLock.set_user, user(1))
        assert await set_pin(peer, 1, b"135790", owner=1) == Status.SUCCESS
        on(lock, "full")
        assert await peer.get(1, DoorLock.number_of_total_users_supported) == 1
        assert await set_pin(peer, 2, b"246802", owner=1) == Status.INVALID_COMMAND
        assert (await refusal(peer, DoorLock.set_user, user(1))).cluster_status == wire.StatusCodeEnum.OCCUPIED
        assert (await refusal(peer, DoorLock.set_user, user(2))).status == Status.INVALID_COMMAND
        lock.take_fault("full")
        assert await set_pin(peer, 2, b"246802", owner=1) == Status.SUCCESS
        await peer.invoke(1, DoorLock.set_user, user(2))

    story(play)


def test_a_full_lock_has_codes_left_but_no_user_for_them() -> None:
    async def play(_world, lock, peer) -> None:
        for index, code in enumerate((b"135790", b"975310"), 1):
            assert await set_pin(peer, index, code) == Status.SUCCESS
        await peer.invoke(1, DoorLock.clear_credential, wire.ClearCredential(credential=pin(1, b"").credential))
        await peer.invoke(1, DoorLock.set_user, user(1))
        on(lock, "full")
        assert await set_pin(peer, 1, b"112233") == wire.StatusCodeEnum.OCCUPIED
        assert await set_pin(peer, 1, b"112233", owner=2) == Status.RESOURCE_EXHAUSTED
        on(lock, "old-statuses")
        assert await set_pin(peer, 1, b"112233", owner=2) == Status.FAILURE
        lock.take_fault("old-statuses")
        assert not lock.seams.rules
        assert not lock.seams.speaking

    story(play)


def test_a_full_lock_is_full_again_after_a_restart() -> None:
    async def play(_world, lock, peer) -> None:
        on(lock, "full", "2")
        lock.cut_power()
        lock.restore_power()
        await lock.settled()
        assert await peer.get(1, DoorLock.number_of_total_users_supported) == 2

    story(play)


def test_a_clock_that_is_off_dates_events_wrong() -> None:
    async def play(_world, lock, peer) -> None:
        on(lock, "clock-off", "-30")
        lock.turn(BoltPosition.UNLOCKED)
        (entry,) = await peer.read(EventQuery(1, DoorLock.id, DoorLock.lock_operation.id))
        assert entry.timestamp_ms < 1_000_000_000_000
        lock.take_fault("clock-off")
        lock.turn(BoltPosition.LOCKED)
        entry = (await peer.read(EventQuery(1, DoorLock.id, DoorLock.lock_operation.id)))[-1]
        assert entry.timestamp_ms > 1_700_000_000_000

    story(play)


def test_a_clock_that_is_not_set_dates_nothing_until_it_is() -> None:
    async def play(_world, lock, peer) -> None:
        on(lock, "clock-unset")
        assert lock.node.utc_us() is None
        assert lock.behavior.moment() is None
        lock.cut_power()
        lock.restore_power()
        await lock.settled()
        assert lock.node.utc_us() is None
        await peer.get(1, DoorLock.lock_state)
        lock.take_fault("clock-unset")
        assert lock.node.utc_us() is not None

    story(play)


def test_lost_events_leave_gaps_in_the_numbers() -> None:
    async def play(_world, lock, peer) -> None:
        on(lock, "lost-events", "3")
        for position in (BoltPosition.UNLOCKED, BoltPosition.LOCKED) * 3:
            lock.turn(position)
        query = EventQuery(1, DoorLock.id, DoorLock.lock_operation.id)
        numbers = [entry.number for entry in await peer.read(query)]
        first = numbers[0]
        assert numbers == [first, first + 1, first + 3, first + 4]
        assert len(events_of(lock, DoorLock.lock_operation)) == 4

    story(play)


def test_names_with_spaces_are_refused() -> None:
    async def play(_world, lock, peer) -> None:
        on(lock, "no-spaces-in-names")
        assert (await refusal(peer, DoorLock.set_user, user(1, "Anna M"))).status == Status.INVALID_COMMAND
        await peer.invoke(1, DoorLock.set_user, user(1, "AnnaM"))
        lock.take_fault("no-spaces-in-names")
        await peer.invoke(1, DoorLock.set_user, user(2, "Bea N"))

    story(play)


def test_occupied_comes_before_duplicate() -> None:
    async def play(_world, lock, peer) -> None:
        for index, code in enumerate((b"135790", b"975310"), 1):
            assert await set_pin(peer, index, code) == Status.SUCCESS
        assert await set_pin(peer, 2, b"135790") == wire.StatusCodeEnum.DUPLICATE
        on(lock, "occupied-before-duplicate")
        assert await set_pin(peer, 2, b"135790") == wire.StatusCodeEnum.OCCUPIED
        assert await set_pin(peer, 3, b"135790") == wire.StatusCodeEnum.DUPLICATE
        assert await set_pin(peer, 3, b"864200") == Status.SUCCESS

    story(play)


def test_an_old_lock_calls_its_own_code_a_duplicate() -> None:
    async def play(_world, lock, peer) -> None:
        assert await set_pin(peer, 1, b"135790") == Status.SUCCESS
        assert await set_pin(peer, 1, b"135790", owner=1, operation=MODIFY) == Status.SUCCESS
        on(lock, "old-statuses")
        assert await set_pin(peer, 1, b"135790", owner=1, operation=MODIFY) == wire.StatusCodeEnum.DUPLICATE
        assert await set_pin(peer, 1, b"246802", owner=1, operation=MODIFY) == Status.SUCCESS

    story(play)


@pytest.mark.parametrize(("is_old", "status"), [(False, Status.TIMEOUT), (True, Status.UNSUPPORTED_ACCESS)])
def test_a_timed_command_that_comes_late_is_refused_in_the_words_of_its_time(is_old: bool, status: Status) -> None:
    async def play(world, lock, peer) -> None:
        on(lock, "short-timed-window")
        if is_old:
            on(lock, "old-statuses")
        world.air.weather.delay = 0.8  # there and back again takes longer than the window
        assert (await refusal(peer, DoorLock.unlock_door, UnlockDoor())).status == status
        lock.take_fault("short-timed-window")
        await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())

    story(play)


def test_a_short_window_is_never_longer_than_asked() -> None:
    async def play(world, lock, peer) -> None:
        on(lock, "short-timed-window", "60")
        world.air.weather.delay = 0.3
        with pytest.raises(StatusError) as caught:
            await peer.invoke(1, DoorLock.unlock_door, UnlockDoor(), timed_ms=100)
        assert caught.value.status == Status.TIMEOUT

    story(play)


@pytest.mark.parametrize(("moment", "is_there"), [("before", False), ("after", True)])
def test_a_power_cut_at_a_write_leaves_all_or_nothing_of_it(moment: str, is_there: bool) -> None:
    async def play(_world, lock, peer) -> None:
        on(lock, "power-cut-at-write", f"1,{moment}")
        with pytest.raises(LatchworkError):
            await peer.invoke(1, DoorLock.set_user, user(1))
        assert not lock.has_power
        lock.take_fault("power-cut-at-write")
        lock.restore_power()
        await lock.settled()
        answer = await peer.invoke(1, DoorLock.get_user, wire.GetUser(user_index=1))
        assert (answer.user_name == "Anna") is is_there

    story(play)


def test_a_power_cut_can_come_later() -> None:
    async def play(_world, lock, peer) -> None:
        on(lock, "power-cut-at-write", "3,before")
        for index in (1, 2):
            await peer.invoke(1, DoorLock.set_user, user(index))
        assert lock.has_power
        with pytest.raises(LatchworkError):
            await peer.invoke(1, DoorLock.set_user, user(3))
        assert not lock.has_power

    story(play)


def test_faults_that_need_what_a_lock_lacks_are_refused() -> None:
    async def play(world) -> None:
        lock = await world.lock()
        lock.hardware.bolt, lock.hardware.battery, lock.hardware.door_sensor = object(), None, None
        for name in ("jammed", "slow", "flat-battery", "ajar"):
            with pytest.raises(Misuse):
                on(lock, name)
        assert not lock.faults
        lock.hardware.bolt = lock.bolt
        lock.model = LockModel()
        with pytest.raises(Misuse):
            on(lock, "full")

    tell(play)


def test_messages_pass_unchanged_while_faults_that_look_at_them_are_on() -> None:
    async def play(_world, lock, peer) -> None:
        on(lock, "short-timed-window")
        on(lock, "old-statuses")
        await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())
        assert len(await peer.read(AttributeQuery())) > 100

    story(play)


def test_an_operation_that_a_rule_refuses_is_told_as_the_locks_own() -> None:
    async def play(_world, lock, peer) -> None:
        operations: list = []
        lock.on_operation = operations.append

        def refuse(_lock, command, _request, _context, proceed):
            if command.name == "unlock_door":
                raise StatusError(Status.BUSY, "not now")
            return proceed()

        lock.seams.rules.append(refuse)
        assert (await refusal(peer, DoorLock.unlock_door, UnlockDoor())).status == Status.BUSY
        on(lock, "old-statuses")
        lock.seams.rules.append(lock.seams.rules.pop(0))  # now it stands nearer to the lock than what speaks for it
        assert (await refusal(peer, DoorLock.unlock_door, UnlockDoor())).status == Status.FAILURE
        await peer.invoke(1, DoorLock.lock_door, LockDoor())
        assert [(each.command, each.status) for each in operations] == [
            ("unlock_door", Status.BUSY),
            ("unlock_door", Status.FAILURE),
            ("lock_door", Status.SUCCESS),
        ]

    story(play)
