"""A virtual lock as a whole: what people do at it, what it says, power that goes, time that jumps."""

import asyncio
import json

import pytest
from tests.support.world import tell

from latchwork.base.errors import LatchworkError, Misuse
from latchwork.devices.hardware import Hardware
from latchwork.devices.lock_model import LockModel
from latchwork.devices.models import MODELS
from latchwork.doorlock.bolt import BoltPosition, DoorPosition
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock, DoorStateEnum, LockDoor, LockStateEnum, UnlockDoor
from latchwork.matter.model.clusters.power_source import PowerSource
from latchwork.node.behaviors.power_source import PowerSourceBehavior
from latchwork.node.config import NodeConfig
from latchwork.node.firmware import FirmwareFolder
from latchwork.node.icd import IcdConfig
from latchwork.sim.door import VirtualBolt
from latchwork.sim.lock import VirtualLock
from latchwork.sim.parts import card_of, template_of
from latchwork.sim.vocabulary import WORDS
from latchwork.stack.tcp import TcpTransport
from latchwork.store.kv import MemoryStore

ADD = wire.DataOperationTypeEnum.ADD
PIN, CARD, FINGER, FACE = (
    wire.CredentialTypeEnum.PIN,
    wire.CredentialTypeEnum.RFID,
    wire.CredentialTypeEnum.FINGERPRINT,
    wire.CredentialTypeEnum.FACE,
)


async def give(peer, kind, secret: bytes, index: int = 1) -> None:
    answer = await peer.invoke(
        1,
        DoorLock.set_credential,
        wire.SetCredential(
            operation_type=ADD,
            credential=wire.CredentialStruct(credential_type=kind, credential_index=index),
            credential_data=secret,
            user_index=None,
            user_status=None,
            user_type=None,
        ),
    )
    assert answer.status == 0


def listening(lock: VirtualLock) -> list[dict]:
    told: list[dict] = []
    lock.on_told = told.append
    return told


def story(play, *, model: LockModel | None = None, **config):
    async def told(world):
        if model is not None:
            lock = VirtualLock(NodeConfig(**config), MemoryStore(), model=model, clock=world.clock)
            await lock.start(world.air.attach("fd00::99"), world.air.discovery("fd00::99"), use_threads=False)
            world.locks["lock"] = lock
        peer = await world.commissioned(**config)
        return await play(world.locks["lock"], peer)

    return tell(told)


def test_a_door_that_stands_open_is_told_of_once_and_again_after_it_was_closed() -> None:
    async def play(lock, peer) -> None:
        told = listening(lock)

        def alarms() -> list:
            return [line["alarm"] for line in told if line["event"] == "alarm"]

        await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())
        lock.handle({"open": True})
        await asyncio.sleep(299)
        assert alarms() == []
        await asyncio.sleep(600)
        assert alarms() == ["DoorAjar"]
        lock.handle({"close": True})
        lock.handle({"open": True})
        await asyncio.sleep(301)
        assert alarms() == ["DoorAjar", "DoorAjar"]

    story(play)


def test_a_battery_that_runs_down_leaves_the_motor_alone_and_new_cells_bring_it_back() -> None:
    async def play(lock, peer) -> None:
        lock.handle({"battery": 2})
        with pytest.raises(LatchworkError, match="FAILURE"):
            await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())
        lock.handle({"change_batteries": True})
        await lock.settled()
        await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())
        assert lock.state == "UNLOCKED"

    story(play)


def test_everybody_who_is_known_gets_in_and_the_lock_says_so() -> None:
    async def play(lock, peer) -> None:
        await give(peer, PIN, b"135790")
        await give(peer, CARD, card_of("blue"))
        await give(peer, FINGER, template_of("thumb"))
        await give(peer, FACE, template_of("Anna"))
        told = listening(lock)
        for number, event in enumerate(
            ({"keys": "135790#"}, {"card": "blue"}, {"finger": "thumb"}, {"face": "Anna"}), 1
        ):
            lock.handle(event)
            assert lock.state == "UNLOCKED", event
            operated = [each for each in told if each["event"] == "operated"][-1]
            assert operated["user"] == number
            assert lock.speaker.last == "entry.opened"
            lock.handle({"turn": "lock"})
        sources = [each["source"] for each in told if each["event"] == "operated" and each["what"] == "Unlock"]
        assert sources == ["Keypad", "Rfid", "Biometric", "Biometric"]
        for event in ({"keys": "975310#"}, {"card": "red"}, {"finger": "toe"}, {"face": "Bea"}):
            lock.handle(event)
            assert lock.state == "LOCKED", event
        assert "135790" not in json.dumps(told)
        assert "975310" not in json.dumps(told)

    story(play)


def test_octets_make_a_card_and_keys_may_come_one_by_one() -> None:
    async def play(lock, peer) -> None:
        await give(peer, CARD, b"\x01\x02\x03\x04\x05")
        await give(peer, PIN, b"1357")
        lock.handle({"card": b"\x01\x02\x03\x04\x05"})
        assert lock.state == "UNLOCKED"
        lock.handle({"turn": "lock"})
        for key in "1357#":
            lock.handle({"key": key})
        assert lock.state == "UNLOCKED"

    story(play)


def test_the_set_button_opens_the_window_for_ten_minutes_and_it_is_told() -> None:
    async def play(lock, _peer) -> None:
        told = listening(lock)
        lock.handle({"press": "set"})
        lock.handle({"release": "set"})
        assert {"event": "window", "open": True, "seconds": 600} in told
        assert lock.node.window.is_open
        lock.handle({"advance": 599})
        assert lock.node.window.is_open
        lock.handle({"advance": 2})
        assert told[-1] == {"event": "window", "open": False}

    story(play, model=MODELS["u400"])


def test_a_reset_button_that_is_held_makes_it_new() -> None:
    async def play(lock, peer) -> None:
        await give(peer, PIN, b"135790")
        told = listening(lock)
        lock.handle({"hold": "reset", "seconds": 6})
        lock.handle({"advance": 10})
        assert not lock.is_commissioned
        assert {"event": "alarm", "alarm": "LockFactoryReset"} in told
        lock.handle({"keys": "135790#"})
        assert lock.state == "LOCKED"
        await asyncio.sleep(1)

    story(play, model=MODELS["u400"])


def test_a_button_that_was_held_when_the_power_went_can_be_held_again() -> None:
    async def play(lock, _peer) -> None:
        lock.handle({"hold": "reset", "seconds": 6})
        lock.cut_power()
        await lock.settled()
        lock.restore_power()
        await lock.settled()
        assert lock.is_commissioned
        lock.handle({"hold": "reset", "seconds": 6})
        lock.handle({"advance": 10})
        assert not lock.is_commissioned
        await asyncio.sleep(1)

    story(play, model=MODELS["u400"])


def test_a_new_finger_is_learnt_at_the_lock() -> None:
    async def play(lock, peer) -> None:
        told = listening(lock)
        lock.fingerprints.enrol()
        for _ in range(3):
            lock.handle({"finger": "thumb"})
        assert template_of("thumb") in lock.fingerprints.templates
        lock.handle({"finger": "thumb"})
        assert lock.state == "LOCKED"  # the reader knows it, the lock does not
        await give(peer, FINGER, template_of("thumb"))
        lock.handle({"finger": "thumb"})
        assert lock.state == "UNLOCKED"
        assert told

    story(play)


def test_the_door_can_be_moved_as_far_as_the_bolt_lets_it() -> None:
    async def play(lock, peer) -> None:
        told = listening(lock)
        lock.handle({"open": True})
        assert told == [{"event": "held", "what": "open", "by": "bolt"}]
        lock.handle({"turn": "unlock", "open": True})
        assert lock.door.position() is DoorPosition.OPEN
        lock.handle({"turn": "lock"})
        lock.handle({"close": True})
        assert told[-1] == {"event": "held", "what": "close", "by": "bolt"}
        lock.handle({"turn": "unlock", "close": True, "ajar": True})
        assert lock.door.position() is DoorPosition.AJAR
        lock.handle({"close": True, "turn": "lock"})
        lock.handle({"force": True})
        assert {"event": "alarm", "alarm": "DoorForcedOpen"} in told
        lock.handle({"door": "DoorClosed"})
        assert await peer.get(1, DoorLock.door_state) is DoorStateEnum.DOOR_CLOSED

    story(play)


def test_a_front_plate_that_is_taken_off_alarms() -> None:
    async def play(lock, _peer) -> None:
        told = listening(lock)
        lock.handle({"plate": "off"})
        lock.handle({"plate": "on"})
        alarms = [each for each in told if each["event"] == "alarm"]
        assert alarms == [{"event": "alarm", "alarm": "FrontEsceutcheonRemoved"}]
        assert lock.speaker.last == "alarm.plate_taken"

    story(play)


def test_a_phone_of_the_makers_app_is_known_to_the_panel() -> None:
    async def play(lock, _peer) -> None:
        lock.handle({"phone": True})
        assert lock.panel.vendor_app.is_bound
        assert lock.panel.vendor_app.is_phone_connected
        lock.handle({"app": False})
        assert not lock.panel.vendor_app.is_phone_connected

    story(play)


@pytest.mark.parametrize(
    "event",
    [
        {},
        [],
        "open",
        {"fly": True},
        {"turn": "lock", "fly": True},
        {"turn": "round"},
        {"turn": []},
        {"press": "nose"},
        {"hold": "set", "seconds": -1},
        {"hold": "set", "seconds": True},
        {"keys": "12a"},
        {"keys": 12},
        {"finger": ""},
        {"card": 7},
        {"open": False},
        {"open": "yes"},
        {"door": "DoorPink"},
        {"plate": "half"},
        {"battery": 101},
        {"battery": True},
        {"advance": -1},
        {"advance": "x"},
        {"phone": "near"},
        {"fault": "nonsense"},
        {"fault": "jammed", "on": "yes"},
        {"fault": "slow", "value": "x"},
        {"seconds": 5},
        {"power_cut": 1},
    ],
)
def test_what_makes_no_sense_has_no_effect(event) -> None:
    async def play(lock, _peer) -> None:
        told = listening(lock)
        with pytest.raises(Misuse):
            lock.handle(event)
        assert told == []
        assert lock.state == "LOCKED"

    story(play)


def test_a_lock_without_a_part_says_so() -> None:
    async def play(world) -> None:
        bare = VirtualLock(NodeConfig(), MemoryStore(), model=LockModel(has_door_sensor=False), clock=world.clock)
        for event in ({"keys": "1"}, {"finger": "thumb"}, {"card": "blue"}, {"face": "Anna"}):
            with pytest.raises(Misuse):
                bare.handle(event)
        real = VirtualLock(
            NodeConfig(),
            MemoryStore(),
            hardware=Hardware(bolt=VirtualBolt(), door_sensor=bare.door),
            clock=world.clock,
        )
        with pytest.raises(Misuse, match="real"):
            real.handle({"turn": "lock"})
        with pytest.raises(Misuse, match="no keypad"):
            real.handle({"keys": "1"})

    tell(play)


def test_every_word_is_explained() -> None:
    from latchwork.sim import vocabulary

    assert not [word for word in WORDS if f"`{word}`" not in vocabulary.__doc__]


def test_only_what_was_written_survives_a_power_cut() -> None:
    async def play(lock, peer) -> None:
        await give(peer, PIN, b"135790")
        told = listening(lock)
        lock.handle({"power_cut": True})
        assert not lock.has_power
        lock.handle({"keys": "135790#", "press": "set"})
        assert lock.state == "LOCKED"
        assert lock.speaker.last is None
        with pytest.raises(LatchworkError):
            await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())
        lock.handle({"turn": "unlock"})
        lock.handle({"turn": "lock"})
        before = lock.node
        lock.handle({"power_on": True})
        await lock.settled()
        assert lock.node is not before
        assert [each for each in told if each["event"] == "power"] == [
            {"event": "power", "on": False},
            {"event": "power", "on": True},
        ]
        await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())
        lock.handle({"release": "set", "turn": "lock", "keys": "135790#"})
        assert lock.state == "UNLOCKED"

    story(play)


def test_power_can_go_at_any_moment_and_come_back_at_once() -> None:
    async def play(lock, peer) -> None:
        for _ in range(5):
            lock.handle({"power_cut": True})
            lock.handle({"power_on": True})
            lock.handle({"power_cut": True})
            lock.handle({"power_on": True})
        await lock.settled()
        assert lock.has_power
        await peer.invoke(1, DoorLock.lock_door, LockDoor())
        lock.handle({"power_on": True})
        lock.handle({"power_cut": True})

    story(play)


def test_a_motor_without_power_stops_on_its_way() -> None:
    async def play(lock, peer) -> None:
        lock.bolt.travel_s = 3
        await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())
        await asyncio.sleep(1)
        lock.handle({"power_cut": True})
        await asyncio.sleep(5)
        assert lock.bolt.position() is BoltPosition.BETWEEN
        lock.handle({"power_on": True})
        await lock.settled()
        assert await peer.get(1, DoorLock.lock_state) is LockStateEnum.NOT_FULLY_LOCKED

    story(play)


def test_batteries_are_changed_and_nothing_is_lost() -> None:
    async def play(lock, peer) -> None:
        await give(peer, PIN, b"135790")
        told = listening(lock)
        lock.battery.per_operation = 10
        lock.handle({"battery": 15})
        await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())
        assert {"event": "battery", "percent": 5.0} in told
        lock.handle({"change_batteries": True})
        await lock.settled()
        assert lock.battery.percent() == 100
        lock.handle({"turn": "lock", "keys": "135790#"})
        assert lock.state == "UNLOCKED"

    story(play)


def test_an_empty_battery_is_a_power_cut() -> None:
    async def play(lock, _peer) -> None:
        lock.handle({"battery": 0})
        assert not lock.has_power
        lock.handle({"change_batteries": True})
        await lock.settled()
        assert lock.has_power

    story(play)


def test_a_soft_reset_forgets_nothing() -> None:
    async def play(lock, peer) -> None:
        before = lock.node
        lock.panel.on_restart()
        await lock.settled()
        assert lock.node is not before
        lock.handle({"battery": 50})
        assert before.endpoints[0].behavior(PowerSourceBehavior).state.bat_percent_remaining == 200
        assert await peer.get(0, PowerSource.bat_percent_remaining) == 100
        await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())

    story(play)


def test_a_lock_travels_through_time_in_order() -> None:
    async def play(lock, peer) -> None:
        told = listening(lock)
        await peer.invoke(1, DoorLock.unlock_with_timeout, wire.UnlockWithTimeout(timeout=30, pin_code=None))
        lock.advance(29)
        assert lock.state == "UNLOCKED"
        lock.advance(86_400)
        assert lock.state == "LOCKED"
        assert [each["what"] for each in told if each["event"] == "operated"] == ["Unlock", "Lock"]
        with pytest.raises(Misuse):
            lock.advance(-1)
        assert await peer.get(1, DoorLock.lock_state) is LockStateEnum.LOCKED

    story(play)


def test_users_are_told_without_their_secrets() -> None:
    async def play(lock, peer) -> None:
        told = listening(lock)
        await give(peer, PIN, b"135790")
        users = [each for each in told if each["event"] == "users"]
        assert users[-1] == {
            "event": "users",
            "change": "Add",
            "what": "Pin",
            "user": 1,
            "index": 1,
            "source": "Remote",
            "fabric": 1,
        }

    story(play)


def test_wrong_codes_are_refused_and_then_the_lock_is_deaf() -> None:
    async def play(lock, peer) -> None:
        await give(peer, PIN, b"135790")
        told = listening(lock)
        for _ in range(lock.model.wrong_code_limit):
            lock.handle({"keys": "000000#"})
        assert {"event": "alarm", "alarm": "WrongCodeEntryLimit"} in told
        lock.handle({"keys": "135790#"})
        assert lock.state == "LOCKED"
        lock.handle({"advance": lock.model.lockout_s + 1})
        lock.handle({"keys": "135790#"})
        assert lock.state == "UNLOCKED"

    story(play)


def test_a_sleepy_lock_is_a_lock_all_the_same() -> None:
    async def play(lock, peer) -> None:
        await asyncio.sleep(60)
        await peer.invoke(1, DoorLock.unlock_door, UnlockDoor(), timed_ms=60_000)
        assert lock.state == "UNLOCKED"

    story(play, icd=IcdConfig())


def test_a_lock_with_a_firmware_folder_can_be_updated(tmp_path) -> None:
    async def play(world) -> None:
        from latchwork.node.behaviors.ota_requestor import OtaRequestorBehavior

        lock = VirtualLock(
            NodeConfig(), MemoryStore(), firmware=lambda: FirmwareFolder(tmp_path / "fw"), clock=world.clock
        )
        assert lock.node.endpoints[0].behavior(OtaRequestorBehavior)

    tell(play)


async def test_a_power_cut_ends_connections_over_tcp_too() -> None:
    from latchwork.stack.memory import Air

    air = Air()
    lock = VirtualLock(NodeConfig(has_tcp=True), MemoryStore())
    udp = air.attach()
    tcp = TcpTransport("lo", 0)
    await tcp.start()
    port = tcp.port
    await lock.start(udp, air.discovery(udp.address[0]), tcp=tcp)
    lock.cut_power()
    await lock.settled()
    client = TcpTransport("lo")
    with pytest.raises(LatchworkError):
        await client.connect("::1", port)
    lock.restore_power()
    await lock.settled()
    await client.connect("::1", port)
    await client.close()
    await lock.close()
    await lock.close()
