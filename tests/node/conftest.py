"""A node in memory and peers that talk to it with values: the vocabulary of the node's tests."""

import hashlib
from dataclasses import dataclass, field
from functools import partial

import pytest

from latchwork.base.clock import ManualClock
from latchwork.base.logs import Secret
from latchwork.matter.crypto.keys import KeyPair, parse_csr
from latchwork.matter.interaction.client import (
    AttributeWrite,
    Invocation,
    invoke_request,
    read_request,
    subscribe_request,
    timed_request,
    write_requests,
)
from latchwork.matter.interaction.collect import ReportCollector, parse_invoke_response, parse_write_response
from latchwork.matter.interaction.paths import AttributeQuery, EventQuery
from latchwork.matter.messages.interaction import Opcode, StatusResponseMessage
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters import CLUSTERS
from latchwork.matter.model.clusters.general_commissioning import ArmFailSafe, GeneralCommissioning
from latchwork.matter.model.clusters.identify import IdentifyTypeEnum
from latchwork.matter.model.clusters.operational_credentials import (
    AddNoc,
    AddTrustedRootCertificate,
    CsrRequest,
    OperationalCredentials,
)
from latchwork.matter.tlv.elements import decode
from latchwork.matter.trust.access import AuthMode, Subject
from latchwork.matter.trust.issuing import issue_node, issue_root
from latchwork.node.behaviors.groups import GroupsBehavior, groups
from latchwork.node.behaviors.identify import IdentifyBehavior, identify
from latchwork.node.config import NodeConfig
from latchwork.node.node import Node
from latchwork.store.kv import MemoryStore

OK = StatusResponseMessage(status=0).encode()


def entropy_from(seed):
    """Octets that look random and are the same in every run."""
    state = {"n": 0}

    def entropy(count):
        out = b""
        while len(out) < count:
            state["n"] += 1
            out += hashlib.sha256(f"{seed}/{state['n']}".encode()).digest()
        return out[:count]

    return entropy


@dataclass(eq=False)
class FakeSession:
    """What a behavior may ask of a session, as plain values."""

    subject: Subject
    attestation_challenge: Secret = field(default_factory=lambda: Secret(bytes(range(16))))
    max_payload: int = 1200

    @property
    def kind(self):
        return "case" if self.subject.auth_mode is AuthMode.CASE else "pase"

    @property
    def fabric_index(self):
        return self.subject.fabric_index


class Peer:
    """Somebody with a session to the node."""

    def __init__(self, node, subject):
        self.node = node
        self.session = FakeSession(subject)

    def _transaction(self):
        session = self.session
        return self.node.server.begin(session.subject, session=session, max_payload=session.max_payload)

    def _receive(self, transaction, opcode, payload):
        with self.node.turn():
            return transaction.receive(opcode, payload, now=self.node.clock.monotonic())

    def report(self, request, opcode=Opcode.READ_REQUEST):
        transaction = self._transaction()
        replies = self._receive(transaction, opcode, request)
        collector = ReportCollector(CLUSTERS)
        while True:
            kind, payload = replies.messages[0]
            if kind == Opcode.STATUS_RESPONSE:
                raise StatusError(Status(StatusResponseMessage.decode(payload).status))
            if kind == Opcode.SUBSCRIBE_RESPONSE:
                return collector
            collector.add(payload)
            if replies.done:
                return collector
            replies = self._receive(transaction, Opcode.STATUS_RESPONSE, OK)

    def read(self, attribute, cluster, endpoint=0, *, filtered=True):
        query = AttributeQuery(endpoint, cluster.id, attribute.id)
        report = self.report(read_request([query], fabric_filtered=filtered))
        for status in report.statuses:
            status.check()
        (value,) = report.attributes
        assert value.is_typed
        return value.value

    def read_all(self):
        return self.report(read_request([AttributeQuery(None, None, None)]))

    def events(self, cluster, event=None):
        number = None if event is None else event.id
        return [e.value for e in self.report(read_request([], [EventQuery(None, cluster.id, number)])).events]

    def subscribe(self, cluster, attribute, *, endpoint=0, least=0, most=60):
        query = AttributeQuery(endpoint, cluster.id, attribute.id)
        request = subscribe_request([query], min_interval=least, max_interval=most)
        return self.report(request, Opcode.SUBSCRIBE_REQUEST)

    def write(self, cluster, attribute, value, endpoint=0):
        statuses = []
        transaction = self._transaction()
        for request in write_requests([AttributeWrite(endpoint, cluster.id, attribute, value)], max_payload=1200):
            replies = self._receive(transaction, Opcode.WRITE_REQUEST, request)
            statuses += parse_write_response(replies.messages[0][1])
        for status in statuses:
            status.check()

    def invoke(self, cluster, command, request=None, endpoint=0, *, timed=False):
        transaction = self._transaction()
        if timed:
            self._receive(transaction, Opcode.TIMED_REQUEST, timed_request(5000))
        message = invoke_request(Invocation(endpoint, cluster.id, command.id, request), timed=timed)
        replies = self._receive(transaction, Opcode.INVOKE_REQUEST, message)
        kind, payload = replies.messages[0]
        if kind == Opcode.STATUS_RESPONSE:
            raise StatusError(Status(StatusResponseMessage.decode(payload).status))
        (result,), _ = parse_invoke_response(payload, CLUSTERS)
        return result.check()


class Authority:
    """Who runs a fabric: a root key and what it issues."""

    def __init__(self, seed, fabric_id=0x1111, *, vendor_id=0xFFF1):
        self.entropy = entropy_from(seed)
        self.fabric_id = fabric_id
        self.vendor_id = vendor_id
        self.key = KeyPair.generate(self.entropy)
        self.root = issue_root(self.key, 0xCA, serial=b"\x41", not_before=0, fabric_id=fabric_id)
        self.ipk = self.entropy(16)

    def noc(self, public_key, node_id=0x22):
        return issue_node(
            self.key,
            self.root,
            public_key,
            node_id=node_id,
            fabric_id=self.fabric_id,
            serial=b"\x42",
            not_before=0,
        ).to_tlv()


class House:
    """A node with its store and clock, and ways to become somebody who talks to it."""

    def __init__(self, config=None, store=None, **changes):
        self.store = store or MemoryStore()
        self.clock = ManualClock(100.0)
        self.config = config or NodeConfig(**changes)
        self.entropy = entropy_from("house")
        self.node = self._boot()

    def _boot(self):
        node = Node(self.config, self.store, clock=self.clock, entropy=self.entropy)
        node.start_local()
        return node

    def reboot(self, *, power_cut=False):
        """The same store, a new node; a power cut does not stop the old one first."""
        if not power_cut:
            self.node.stop_local()
        self.node = self._boot()
        return self.node

    def advance(self, seconds):
        self.clock.advance(seconds)
        self.node.run_due()

    def commissioner(self):
        """Somebody who knows the passcode."""
        self.node.pase_established()
        return Peer(self.node, Subject(AuthMode.PASE, 0, is_commissioning=True))

    def admin(self, index, node_id=0x99):
        """Somebody of a fabric, with a CASE session."""
        return Peer(self.node, Subject(AuthMode.CASE, index, node_id))

    def add_noc(self, peer, authority, *, node_id=0x22, admin=0x99):
        """From CSRRequest to AddNOC; gives the response."""
        csr = peer.invoke(OperationalCredentials, OperationalCredentials.csr_request, CsrRequest(csr_nonce=bytes(32)))
        public_key = parse_csr(decode(csr.nocsr_elements)[1])
        peer.invoke(
            OperationalCredentials,
            OperationalCredentials.add_trusted_root_certificate,
            AddTrustedRootCertificate(root_ca_certificate=authority.root.to_tlv()),
        )
        return peer.invoke(
            OperationalCredentials,
            OperationalCredentials.add_noc,
            AddNoc(
                noc_value=authority.noc(public_key, node_id),
                ipk_value=authority.ipk,
                case_admin_subject=admin,
                admin_vendor_id=authority.vendor_id,
            ),
        )

    def commission(self, authority, *, node_id=0x22, admin=0x99):
        """The whole of it; gives the administrator."""
        if self.node.fabrics and not self.node.window.is_open:
            self.node.open_factory_window()
        peer = self.commissioner()
        index = self.add_noc(peer, authority, node_id=node_id, admin=admin).fabric_index
        administrator = self.admin(index, admin)
        done = administrator.invoke(GeneralCommissioning, GeneralCommissioning.commissioning_complete)
        assert done.error_code == 0
        return administrator

    def arm(self, peer, seconds=60, breadcrumb=0):
        request = ArmFailSafe(expiry_length_seconds=seconds, breadcrumb=breadcrumb)
        return peer.invoke(GeneralCommissioning, GeneralCommissioning.arm_fail_safe, request).error_code

    def content(self):
        """Everything stored, but for numbers that only grow."""
        growing = ("events/", "fabrics/", "a/0/51/", "sessions/", "identity/")
        keys = [key for key in self.store.keys("") if not key.startswith(growing)]
        return {key: self.store.get(key) for key in keys}


@pytest.fixture
def house():
    return House()


@pytest.fixture
def make_house():
    return House


@pytest.fixture
def authority():
    return Authority("one")


@pytest.fixture
def other_authority():
    return Authority("two", 0x2222)


class LockHouse(House):
    """A node with a second endpoint that can be identified and grouped."""

    def _boot(self):
        node = Node(self.config, self.store, clock=self.clock, entropy=self.entropy)
        node.add_endpoint(
            1,
            {0x000A: 3},
            [partial(IdentifyBehavior, state=identify(IdentifyTypeEnum(2))), partial(GroupsBehavior, state=groups())],
        )
        node.start_local()
        return node


@pytest.fixture
def lock_house():
    return LockHouse()
