"""Datagrams of a real life: a lock is commissioned, read, moved and left, and the air writes everything down."""

from functools import cache

from tests.support.world import tell

from latchwork.matter.interaction.client import AttributeQuery, EventQuery
from latchwork.matter.model.clusters.door_lock import DoorLock, UnlockDoor


@cache
def a_life() -> tuple[tuple[bytes, bool], ...]:
    """Every datagram, and whether it went to the lock."""
    datagrams: list[tuple[bytes, bool]] = []

    async def play(world):
        await world.lock()
        to_lock = world.hosts["lock"]
        world.air.taps.append(lambda datagram, _, target: datagrams.append((datagram, target[0] == to_lock)) or True)
        peer = await world.commissioned()
        await peer.subscribe(AttributeQuery(1, DoorLock.id), EventQuery(1, DoorLock.id), on_report=lambda _: None)
        await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())
        await peer.read(AttributeQuery(0))
        await world.controllers["home"].decommission(peer)

    tell(play, "recorded")
    return tuple(datagrams)


def to_lock() -> list[bytes]:
    """What the lock was sent."""
    return [datagram for datagram, was_to_lock in a_life() if was_to_lock]


def to_controller() -> list[bytes]:
    """What the controller was sent."""
    return [datagram for datagram, was_to_lock in a_life() if not was_to_lock]


@cache
def plain_messages() -> tuple[tuple[int, int, bytes], ...]:
    """Protocol, opcode and payload of every message that was sealed in that life."""
    from latchwork.matter.messages.header import ProtocolHeader
    from latchwork.matter.session.secure import SecureSession

    messages: list[tuple[int, int, bytes]] = []
    seal = SecureSession.seal

    def spy(self, plain):
        header, start = ProtocolHeader.decode(plain)
        messages.append((header.protocol_id, header.opcode, bytes(plain[start:])))
        return seal(self, plain)

    a_life.cache_clear()
    SecureSession.seal = spy
    try:
        a_life()
    finally:
        SecureSession.seal = seal
    return tuple(dict.fromkeys(messages))
