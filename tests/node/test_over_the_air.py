"""A node on the virtual air: sessions, answers, reports and goodbyes as a peer sees them."""

from importlib import util
from pathlib import Path

import pytest

from latchwork.base.errors import LatchworkError
from latchwork.matter.crypto.keys import KeyPair, parse_csr
from latchwork.matter.interaction.client import Invocation, invoke_request, read_attribute, subscribe_request
from latchwork.matter.interaction.collect import ReportCollector, parse_invoke_response
from latchwork.matter.interaction.paths import AttributeQuery
from latchwork.matter.messages.interaction import Opcode, StatusResponseMessage
from latchwork.matter.messages.secure_channel import SessionParameters
from latchwork.matter.model.clusters import CLUSTERS
from latchwork.matter.model.clusters.basic_information import BasicInformation
from latchwork.matter.model.clusters.general_commissioning import ArmFailSafe, GeneralCommissioning
from latchwork.matter.model.clusters.operational_credentials import (
    AddNoc,
    AddTrustedRootCertificate,
    CsrRequest,
    OperationalCredentials,
    RemoveFabric,
)
from latchwork.matter.tlv.elements import decode
from latchwork.matter.trust.fabric import Fabric
from latchwork.matter.trust.groups import EpochKey, GroupKeySet
from latchwork.node.config import NodeConfig
from latchwork.node.node import Node
from latchwork.stack.memory import Air
from latchwork.stack.runtime import Runtime
from latchwork.stack.virtual_time import run_virtual
from latchwork.store.kv import MemoryStore

_spec = util.spec_from_file_location("node_vocabulary", Path(__file__).with_name("conftest.py"))
vocabulary = util.module_from_spec(_spec)
_spec.loader.exec_module(vocabulary)

PASSCODE = 20202021
OK = StatusResponseMessage(status=0).encode()


class LoopClock:
    """The virtual loop's time as both clocks."""

    def __init__(self, loop):
        self.monotonic = loop.time

    def utc(self):
        return 1_767_225_600.0 + self.monotonic()


class World:
    """A node and a controller on one air."""

    def __init__(self, loop):
        self.air = Air()
        self.clock = LoopClock(loop)
        self.store = MemoryStore()
        self.authority = vocabulary.Authority("air")
        self.node_transport = self.air.attach("fd00::1")
        self.entropy = vocabulary.entropy_from("world")
        self.peer = Runtime(
            [self.air.attach("fd00::2")], parameters=SessionParameters(), entropy=self.entropy, utc=self.clock.utc
        )
        key = KeyPair.generate(self.entropy)
        ipk = GroupKeySet(0, 0, (EpochKey(self.authority.ipk, 0),))
        self.fabric = Fabric.create(
            index=1,
            root=self.authority.root.to_tlv(),
            noc=self.authority.noc(key.public, 0x99),
            icac=None,
            key=key,
            vendor_id=0xFFF1,
            label="",
            ipk=ipk,
        )
        self.peer.fabrics.add(self.fabric)

    @property
    def address(self):
        return ("fd00::1", 5540, 0, 0)

    async def start(self):
        self.node = Node(NodeConfig(), self.store, clock=self.clock, entropy=vocabulary.entropy_from("node"))
        self.discovery = self.air.discovery("fd00::1")
        await self.node.start(self.node.make_runtime([self.node_transport]), self.discovery)

    async def stop(self):
        await self.node.stop()
        await self.peer.close()

    async def invoke(self, session, cluster, command, request=None):
        exchange = self.peer.open(session)
        message = invoke_request(Invocation(0, cluster.id, command.id, request))
        answer = await exchange.request(Opcode.INVOKE_REQUEST, message)
        exchange.finish()
        (result,), _ = parse_invoke_response(answer.payload, CLUSTERS)
        return result.check()

    async def read(self, session, cluster, attribute):
        exchange = self.peer.open(session)
        answer = await exchange.request(Opcode.READ_REQUEST, read_attribute(0, cluster.id, attribute.id))
        exchange.finish()
        collector = ReportCollector(CLUSTERS)
        collector.add(answer.payload)
        return collector.attributes[0].value

    async def add_noc(self, session):
        cluster = OperationalCredentials
        csr = await self.invoke(session, cluster, cluster.csr_request, CsrRequest(csr_nonce=bytes(32)))
        root = AddTrustedRootCertificate(root_ca_certificate=self.authority.root.to_tlv())
        await self.invoke(session, cluster, cluster.add_trusted_root_certificate, root)
        request = AddNoc(
            noc_value=self.authority.noc(parse_csr(decode(csr.nocsr_elements)[1])),
            ipk_value=bytes(self.authority.ipk),
            case_admin_subject=0x99,
            admin_vendor_id=0xFFF1,
        )
        return await self.invoke(session, cluster, cluster.add_noc, request)

    async def commission(self):
        pase = await self.peer.pase(self.address, PASSCODE)
        await self.add_noc(pase)
        case = await self.peer.case(self.address, self.fabric, 0x22)
        await self.invoke(case, GeneralCommissioning, GeneralCommissioning.commissioning_complete)
        return pase, case

    def advertised(self):
        return sorted(instance for _, instance in self.node._presence._advertiser._published)


def story(play):
    async def main():
        import asyncio

        world = World(asyncio.get_running_loop())
        await world.start()
        try:
            await play(world)
        finally:
            await world.stop()

    run_virtual(main())


def test_a_node_is_commissioned_over_the_air():
    async def play(world):
        pase, case = await world.commission()
        assert await world.read(case, BasicInformation, BasicInformation.vendor_id) == 0xFFF1
        assert not world.node.fail_safe.is_armed
        assert pase.is_closed
        await world.node._presence._advertiser.settled()
        assert world.advertised() == [f"{int.from_bytes(world.fabric.compressed_id):016X}-0000000000000022"]

    story(play)


def test_a_wrong_passcode_counts_and_leaves_the_window_open():
    async def play(world):
        with pytest.raises(LatchworkError):
            await world.peer.pase(world.address, 12345679)
        assert world.node.window.failed_attempts == 1
        await world.peer.pase(world.address, PASSCODE)
        assert world.node.fail_safe.is_armed
        assert not world.node.window.is_listening

    story(play)


def test_the_answer_to_a_cancelled_commissioning_arrives_and_then_the_session_ends():
    async def play(world):
        import asyncio

        pase = await world.peer.pase(world.address, PASSCODE)
        await world.add_noc(pase)
        request = ArmFailSafe(expiry_length_seconds=0, breadcrumb=0)
        answer = await world.invoke(pase, GeneralCommissioning, GeneralCommissioning.arm_fail_safe, request)
        assert answer.error_code == 0
        assert len(world.node.fabrics) == 0
        await asyncio.sleep(1)
        assert pase.is_closed
        assert world.node.window.is_listening
        await world.commission()

    story(play)


def test_removing_ones_own_fabric_is_answered_before_the_session_ends():
    async def play(world):
        import asyncio

        _, case = await world.commission()
        cluster = OperationalCredentials
        answer = await world.invoke(case, cluster, cluster.remove_fabric, RemoveFabric(fabric_index=1))
        assert answer.status_code == 0
        await asyncio.sleep(1)
        assert case.is_closed
        assert not list(world.node.resumptions)
        assert world.node.window.is_listening

    story(play)


async def subscribed(world, case):
    """A subscription to the node's label; gives the reports that arrive."""
    reports = []

    def take(exchange, message):
        collector = ReportCollector(CLUSTERS)
        collector.add(message.payload)
        reports.append([value.value for value in collector.attributes])
        if collector.suppress_response:
            exchange.finish()
        else:
            exchange.send(Opcode.STATUS_RESPONSE, OK, final=True)

    world.peer.on_request = take
    query = AttributeQuery(0, BasicInformation.id, BasicInformation.node_label.id)
    exchange = world.peer.open(case)
    await exchange.request(Opcode.SUBSCRIBE_REQUEST, subscribe_request([query], min_interval=0, max_interval=60))
    exchange.send(Opcode.STATUS_RESPONSE, OK)
    answer = await exchange.receive(10)
    assert answer.opcode == Opcode.SUBSCRIBE_RESPONSE
    exchange.finish()
    return reports


def test_a_change_is_reported_at_once_and_silence_in_time():
    async def play(world):
        import asyncio

        _, case = await world.commission()
        reports = await subscribed(world, case)
        world.node.endpoints[0].clusters[BasicInformation.id].state.node_label = "Front"
        await asyncio.sleep(0.5)
        assert reports == [["Front"]]
        await asyncio.sleep(61)
        assert reports == [["Front"], []]
        assert len(world.node.server.subscriptions) == 1

    story(play)


def test_a_subscription_ends_when_its_reports_are_lost():
    async def play(world):
        import asyncio

        _, case = await world.commission()
        await subscribed(world, case)
        world.air.part("fd00::1", "fd00::2")
        await asyncio.sleep(120)
        assert len(world.node.server.subscriptions) == 0

    story(play)


def test_a_restarted_node_resumes_sessions():
    async def play(world):
        import asyncio

        await world.commission()
        await asyncio.sleep(2)
        await world.node.stop()
        world.node_transport = world.air.attach("fd00::1")
        await world.start()
        case = await world.peer.case(world.address, world.fabric, 0x22)
        assert case.resumed
        assert await world.read(case, BasicInformation, BasicInformation.product_id) == 0x8000

    story(play)
