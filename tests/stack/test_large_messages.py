"""Sessions over TCP: what UDP would cut into many messages goes in one."""

import asyncio

import pytest

from latchwork.base.errors import Unsupported
from latchwork.controller import Controller
from latchwork.matter.engine.engine import SessionClosed
from latchwork.matter.interaction.client import AttributeQuery
from latchwork.matter.messages.interaction import Opcode
from latchwork.matter.messages.secure_channel import SessionParameters
from latchwork.matter.model.clusters.door_lock import DoorLock, UnlockDoor
from latchwork.node.config import NodeConfig
from latchwork.sim.lock import VirtualLock
from latchwork.stack.memory import Air
from latchwork.stack.runtime import Runtime
from latchwork.stack.tcp import TcpTransport
from latchwork.stack.udp import UdpTransport
from latchwork.store.kv import MemoryStore


class Pair:
    """A lock and its controller on the loopback, found through the air's discovery."""

    def __init__(self, *, has_tcp):
        self.has_tcp = has_tcp

    async def __aenter__(self):
        air = Air()
        udp = UdpTransport("lo")
        tcp = TcpTransport("lo", udp.port) if self.has_tcp else None
        if tcp is not None:
            await tcp.start()
        self.lock = VirtualLock(NodeConfig(has_tcp=self.has_tcp), MemoryStore())
        await self.lock.start(udp, air.discovery("::1"), tcp=tcp)
        client = TcpTransport("lo")
        runtime = Runtime([UdpTransport("lo"), client], parameters=SessionParameters())
        self.controller = await Controller.open(
            store=MemoryStore(), runtime=runtime, discovery=air.discovery("::1"), tcp=client
        )
        self.peer = await self.controller.commission(self.lock.qr)
        return self

    async def __aexit__(self, *_):
        await self.controller.close()
        await self.lock.close()


async def test_a_whole_node_is_read_in_one_message():
    async with Pair(has_tcp=True) as pair:
        small = await pair.peer.read(AttributeQuery())
        large = await pair.peer.large()
        assert large.session.is_stream
        assert large.session.max_payload > 60_000
        exchange = large.open()
        from latchwork.matter.interaction.client import ReportCollector, read_request
        from latchwork.matter.model.clusters import CLUSTERS

        message = await exchange.request(Opcode.READ_REQUEST, read_request([AttributeQuery()]))
        collector = ReportCollector(CLUSTERS)
        assert not collector.add(message.payload)
        exchange.finish()
        assert len(collector.attributes) == len(small)
        assert len(message.payload) > 1232


async def test_commands_work_over_tcp_too():
    async with Pair(has_tcp=True) as pair:
        large = await pair.peer.large()
        await large.invoke(1, DoorLock.unlock_door, UnlockDoor())
        assert pair.lock.state == "UNLOCKED"


async def test_a_session_ends_with_its_connection():
    async with Pair(has_tcp=True) as pair:
        large = await pair.peer.large()
        closed = asyncio.Event()
        pair.controller.runtime.on_session_closed = lambda _: closed.set()
        large.session.address.close()
        async with asyncio.timeout(10):
            await closed.wait()
        assert large.session.is_closed
        with pytest.raises(SessionClosed):
            large.open()
        assert await pair.peer.get(1, DoorLock.lock_state) is not None


async def test_a_device_without_tcp_is_named():
    async with Pair(has_tcp=False) as pair:
        with pytest.raises(Unsupported, match="TCP"):
            await pair.peer.large()
