"""Nodes of our fabric that a controller has forgotten: seen by what they announce, remembered when a session shows that it is true."""

import pytest
from tests.support.world import tell

from latchwork.base.errors import LatchworkError, Misuse
from latchwork.controller.controller import skip_node_ids
from latchwork.controller.strays import is_device, nodes_in_sight, take_back
from latchwork.matter.discovery import OperationalService
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.stack.mdns_contract import Publication
from latchwork.store.kv import MemoryStore


def announcement(controller, node_id, instance=None):
    service = OperationalService(controller.fabric.compressed_id, node_id)
    return Publication(instance or service.instance, service.service_type, 5540, "AA" * 6, {}, service.subtypes)


def test_a_forgotten_lock_is_seen_and_taken_back():
    async def play(world):
        peer = await world.commissioned()
        controller = world.controllers["home"]
        await controller.forget(peer)
        assert (await nodes_in_sight(controller, 5)).keys() == {peer.node_id}
        again = await take_back(controller, peer.node_id)
        assert await again.get(1, DoorLock.lock_state) is not None
        await world.leave("home")
        restarted = await world.controller("home")
        assert restarted.peers.keys() == {peer.node_id}
        with pytest.raises(Misuse):
            await take_back(restarted, peer.node_id)
        with pytest.raises(Misuse):
            await take_back(restarted, restarted.fabric.node_id)

    tell(play)


def test_whoever_only_says_that_it_is_on_the_fabric_is_not_remembered():
    async def play(world):
        await world.lock()
        controller = await world.controller("home")
        stranger = world.air.discovery("fd00::77")
        await stranger.publish(announcement(controller, 99))
        fabric = f"{OperationalService(controller.fabric.compressed_id, 1).compressed_fabric_id:016X}"
        for name in ("no name", f"{fabric}-12", f"{fabric}-ZZZZZZZZZZZZZZZZ", f"{'0' * 16}-{'0' * 15}7"):
            await stranger.publish(announcement(controller, 1, instance=name))
        assert (await nodes_in_sight(controller, 5)).keys() == {99}
        with pytest.raises(LatchworkError):
            await take_back(controller, 99)
        assert controller.peers == {}

    tell(play)


def test_lies_about_ids_are_no_devices():
    async def play(world):
        controller = await world.controller("home")
        assert is_device(2, controller)
        assert not is_device(controller.fabric.node_id, controller)
        assert not is_device(0, controller)
        assert not is_device(0xFFFF_FFFF_FFFF_0001, controller)

    tell(play)


def test_a_copy_of_a_store_gives_other_node_ids():
    store = MemoryStore()
    skip_node_ids(store, bytes)
    assert int.from_bytes(store.get("next"), "big") > 1 << 32
    before = int.from_bytes(store.get("next"), "big")
    skip_node_ids(store, lambda length: b"\xff" * length)
    after = int.from_bytes(store.get("next"), "big")
    assert after - before > 1 << 55
    assert after < 1 << 60
