"""Whatever happens at a door, in whatever order, with whatever faults: the lock lives, tells no secret and forgets nobody."""

import asyncio
import contextlib
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.world import tell

from latchwork.base.errors import LatchworkError
from latchwork.devices.models import MODELS
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock, UnlockDoor
from latchwork.node.config import NodeConfig
from latchwork.sim.faults import FAULTS
from latchwork.sim.lock import VirtualLock
from latchwork.sim.vocabulary import WORDS
from latchwork.store.kv import MemoryStore

CODE = "864209"
WRONG = "131313"

BUTTONS = st.sampled_from(["touch", "privacy"])
"""Not Set: on a lock without an administrator it leads to a menu from which keys can delete everybody, as they should."""
EVENTS = st.one_of(
    st.sampled_from(
        [
            {"keys": f"{CODE}#"},
            {"keys": f"{WRONG}#"},
            {"keys": "1#"},
            {"key": "*"},
            {"finger": "thumb"},
            {"card": "blue"},
            {"touch": True},
            {"privacy": True},
            {"turn": "lock"},
            {"turn": "unlock"},
            {"open": True},
            {"close": True},
            {"ajar": True},
            {"force": True},
            {"plate": "off"},
            {"plate": "on"},
            {"change_batteries": True},
            {"power_cut": True},
            {"power_on": True},
            {"phone": True},
            {"phone": False},
            {"app": False},
        ]
    ),
    st.builds(lambda name: {"press": name}, BUTTONS),
    st.builds(lambda name: {"release": name}, BUTTONS),
    st.builds(lambda name, s: {"hold": name, "seconds": s}, BUTTONS, st.floats(0, 3)),
    st.builds(lambda percent: {"battery": percent}, st.integers(1, 100)),
    st.builds(lambda s: {"advance": s}, st.one_of(st.floats(0, 120), st.sampled_from([3600, 86_400]))),
    st.builds(
        lambda name, is_on: {"fault": name, "on": is_on},
        st.sampled_from(sorted(set(FAULTS) - {"power-cut-at-write"})),
        st.booleans(),
    ),
    st.just({"unlock from afar": True}),
    st.just({"wait": 2}),
)


async def from_afar(peer) -> None:
    with contextlib.suppress(LatchworkError):  # whatever is wrong with the lock: that is what its faults are for
        await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())


async def commission(world, model: str):
    lock = VirtualLock(NodeConfig(), MemoryStore(), model=MODELS[model], clock=world.clock)
    await lock.start(world.air.attach("fd00::77"), world.air.discovery("fd00::77"), use_threads=False)
    world.locks["lock"] = lock
    peer = await world.commissioned()
    answer = await peer.invoke(
        1,
        DoorLock.set_credential,
        wire.SetCredential(
            operation_type=wire.DataOperationTypeEnum.ADD,
            credential=wire.CredentialStruct(credential_type=wire.CredentialTypeEnum.PIN, credential_index=1),
            credential_data=CODE.encode(),
            user_index=None,
            user_status=None,
            user_type=None,
        ),
    )
    assert answer.status == 0
    return lock, peer


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(EVENTS, max_size=25), st.sampled_from(["generic", "u400"]))
def test_a_lock_lives_through_anything_and_knows_its_people_still(events: list[dict], model: str) -> None:
    async def play(world) -> None:
        lock, peer = await commission(world, model)
        told: list[dict] = []
        lock.on_told = told.append
        for event in events:
            if "wait" in event:
                await asyncio.sleep(event["wait"])
            elif "unlock from afar" in event:
                await from_afar(peer)
            else:
                lock.handle(event)
        text = json.dumps(told)
        assert CODE not in text
        assert WRONG not in text
        for name in list(lock.faults):
            lock.take_fault(name)
        await lock.settled()
        for word in ("power_cut", "power_on"):
            lock.handle({word: True})
        await lock.settled()
        assert lock.has_power
        lock.handle({"battery": 100})
        lock.handle({"advance": 86_400})
        lock.handle({"turn": "unlock"})  # ends privacy
        assert lock.behavior.register.user_count == 1
        await peer.invoke(1, DoorLock.lock_door, wire.LockDoor())
        assert lock.state == "LOCKED"

    tell(play)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-10, 1000)
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=5)
    | st.sampled_from(["set", "reset", "on", "off", "lock", "DoorOpen", "12#", *sorted(FAULTS)]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.one_of(
            VALUES, st.dictionaries(st.sampled_from([*WORDS, "seconds", "on", "value", "x"]), VALUES, max_size=3)
        ),
        max_size=8,
    )
)
def test_whatever_is_said_to_a_lock_makes_sense_or_is_refused(lines: list) -> None:
    async def play(world) -> None:
        lock = await world.lock()
        for line in lines:
            with contextlib.suppress(LatchworkError):
                lock.handle(line)
        await lock.settled()

    tell(play)
