"""A lock on the bench: a whole node in memory whose administrators speak the interaction model with it, message by message."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from latchwork.base.clock import ManualClock
from latchwork.base.logs import Secret
from latchwork.devices.door_lock import DoorLockBehavior
from latchwork.devices.hardware import Hardware
from latchwork.devices.lock_device import LOCK_ENDPOINT, lock_of, make_lock, remembered_position
from latchwork.devices.lock_model import LockModel
from latchwork.devices.models import GENERIC
from latchwork.doorlock.bolt import BoltPosition
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.limits import Limits
from latchwork.matter.crypto.keys import KeyPair
from latchwork.matter.interaction.client import (
    AttributeQuery,
    AttributeWrite,
    Invocation,
    ReportCollector,
    invoke_request,
    parse_invoke_response,
    parse_write_response,
    read_request,
    timed_request,
    write_requests,
)
from latchwork.matter.messages.interaction import Opcode
from latchwork.matter.messages.status import Status
from latchwork.matter.model.clusters import CLUSTERS
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.matter.model.meta import Attribute, Command
from latchwork.matter.model.spec import SpecVersion
from latchwork.matter.tlv.schema import Struct
from latchwork.matter.trust.access import AccessEntry, AuthMode, Privilege, Subject
from latchwork.matter.trust.fabric import Fabric
from latchwork.matter.trust.groups import EpochKey, GroupKeySet
from latchwork.matter.trust.issuing import issue_node, issue_root
from latchwork.node.config import NodeConfig
from latchwork.node.node import Node
from latchwork.sim.door import VirtualBolt, VirtualDoor
from latchwork.store.kv import MemoryStore, Store

ADMIN = 0x112233
"""Node id of each fabric's administrator."""
NEW_YEAR_2026 = 1_767_225_600.0

SAMPLE = LockModel(
    key="sample",
    has_latch=True,
    has_remote_pin=True,
    has_aliro_radio=True,
    limits=Limits(
        users=10,
        credentials_per_user=5,
        kinds=MappingProxyType(
            {kind: 10 for kind in CredentialKind if kind not in (CredentialKind.PROGRAMMING_PIN, CredentialKind.FACE)}
        ),
        lengths=MappingProxyType({CredentialKind.PIN: (6, 8), CredentialKind.RFID: (10, 20)}),
        week_days_per_user=10,
        year_days_per_user=10,
        holidays=10,
        rules=GENERIC.limits.rules,
    ),
)
"""The capacities that the project's certification suites expect of their sample lock; it knows no faces."""

CODES = replace(
    SAMPLE,
    key="codes",
    has_users=False,
    has_remote_pin=False,
    has_aliro_radio=False,
    limits=Limits(
        users=10,
        credentials_per_user=2,
        kinds=MappingProxyType({CredentialKind.PIN: 10, CredentialKind.RFID: 10}),
        lengths=MappingProxyType({CredentialKind.PIN: (4, 8), CredentialKind.RFID: (4, 20)}),
    ),
)
"""A lock without users: codes by number."""


class Refusal(Exception):  # the word that stories use
    """The lock said no."""

    def __init__(self, status: Status, code: int | None) -> None:
        super().__init__(f"{status.name} {code}")
        self.status = status
        self.code = code


@dataclass
class Session:
    """What a cluster may ask of a session."""

    subject: Subject
    attestation_challenge: Secret = field(default_factory=lambda: Secret(bytes(16)))
    kind: str = "case"

    @property
    def fabric_index(self) -> int:
        return self.subject.fabric_index


def dice(seed: object) -> Callable[[int], bytes]:
    """Octets from a seed, never the same twice."""
    count = 0

    def entropy(length: int) -> bytes:
        nonlocal count
        count += 1
        return hashlib.shake_128(f"{seed}/{count}".encode()).digest(length)

    return entropy


class Bench:
    """A started lock with `fabrics` fabrics, each with one administrator.

    Attributes:
        heard: payloads of the events that the lock recorded, oldest first; tests clear it.
        prepare: called with each node before it starts.
    """

    def __init__(
        self,
        model: LockModel = SAMPLE,
        *,
        fabrics: int = 1,
        store: Store | None = None,
        at: float = 0.0,
        spec: SpecVersion = SpecVersion.V1_6,
        has_clock: bool = True,
    ) -> None:
        self.model = model
        self.store: Store = MemoryStore() if store is None else store
        self.clock = ManualClock(1000.0, utc=NEW_YEAR_2026 + at)
        self.config = NodeConfig(spec=spec, has_clock=has_clock)
        self.heard: list[Any] = []
        self.lives = 0
        self.prepare: Callable[[Node], object] = lambda _: None
        self.node: Node
        self.bolt: VirtualBolt
        self.door: VirtualDoor
        self.start()
        for index in range(1, fabrics + 1):
            self.join(index)
        self.heard.clear()

    def start(self) -> None:
        """Switch it on."""
        self.start_with(remembered_position(self.store))

    def start_with(self, position: BoltPosition | None) -> None:
        """Switch it on with its bolt there; None is a lock fresh from the box."""
        self.lives += 1
        self.bolt = VirtualBolt(BoltPosition.LOCKED if position is None else position)
        self.door = VirtualDoor(self.bolt)
        hardware = Hardware(bolt=self.bolt, door_sensor=self.door if self.model.has_door_sensor else None)
        self.node = make_lock(
            self.config, self.store, hardware, model=self.model, clock=self.clock, entropy=dice(self.lives)
        )
        emit = self.node.emit

        def heard(endpoint: int, cluster: int, event: Any, payload: Any, **more: Any) -> int:
            if cluster == DoorLock.id:
                self.heard.append(payload)
            return emit(endpoint, cluster, event, payload, **more)

        self.node.emit = heard  # type: ignore[method-assign]  # ears for tests
        self.prepare(self.node)
        self.node.start_local()

    def restart(self) -> None:
        """Switch it off properly, and on again."""
        self.node.stop_local()
        self.start()

    def power_cut(self) -> None:
        """It is off without a goodbye, and on again; what was stored until now is all that is left."""
        self.start()

    @property
    def lock(self) -> DoorLockBehavior:
        """The Door Lock cluster."""
        return lock_of(self.node)

    @property
    def state(self) -> DoorLock:
        """Its attributes."""
        state: DoorLock = self.lock.state
        return state

    def join(self, index: int) -> None:
        """A fabric comes to administer the lock."""
        node = self.node
        authority, key = KeyPair.generate(node.entropy), KeyPair.generate(node.entropy)
        root = issue_root(authority, index, serial=b"\x41", not_before=0)
        noc = issue_node(authority, root, key.public, node_id=0x22, fabric_id=index, serial=b"\x42", not_before=0)
        made = Fabric.create(
            index=index,
            root=root.to_tlv(),
            noc=noc.to_tlv(),
            icac=None,
            key=key,
            vendor_id=0xFFF1,
            label=f"home {index}",
            ipk=GroupKeySet(0, 0, (EpochKey(Secret(bytes(16)), 0),)),
        )
        with node.turn():
            node.join(made)
            node.members.set_entries(index, (AccessEntry(index, Privilege.ADMINISTER, AuthMode.CASE, (ADMIN,), None),))

    def leave(self, index: int) -> None:
        """A fabric is removed."""
        with self.node.turn():
            self.node.leave(index)

    def wait(self, seconds: float) -> None:
        """Time passes, and what is due is done in its order."""
        end = self.clock.now + seconds
        while (due := self.node.agenda.next_deadline()) is not None and due <= end:
            self.clock.now = max(self.clock.now, due)
            self.node.run_due()
        self.clock.now = end

    # the interaction model

    def invoke(
        self, command: Command, request: Struct | None = None, *, fabric: int = 1, timed: bool | None = None
    ) -> Any:
        """Run a command; gives its response, or None.

        Raises:
            Refusal: the lock said no.
        """
        is_timed = command.timed if timed is None else timed
        subject = Subject(AuthMode.CASE, fabric, ADMIN) if fabric else Subject(AuthMode.PASE, 0, is_commissioning=True)
        transaction = self.node.server.begin(subject, session=Session(subject))
        if is_timed:
            self._say(transaction, Opcode.TIMED_REQUEST, timed_request(1000))
        message = invoke_request(Invocation(LOCK_ENDPOINT, DoorLock.id, command.id, request), timed=is_timed)
        ((_, payload),) = self._say(transaction, Opcode.INVOKE_REQUEST, message).messages
        (result,), _ = parse_invoke_response(payload, CLUSTERS)
        if result.status:
            raise Refusal(Status(result.status), result.cluster_status)
        return result.value

    def status(
        self, command: Command, request: Struct | None = None, *, fabric: int = 1
    ) -> Status | tuple[Status, int]:
        """How a command is answered, with the cluster's code where there is one."""
        try:
            self.invoke(command, request, fabric=fabric)
        except Refusal as refusal:
            return refusal.status if refusal.code is None else (refusal.status, refusal.code)
        return Status.SUCCESS

    def read(self, attribute: Attribute[Any], *, fabric: int = 1) -> Any:
        """An attribute's value as it goes over the wire."""
        subject = Subject(AuthMode.CASE, fabric, ADMIN)
        transaction = self.node.server.begin(subject, session=Session(subject))
        query = read_request([AttributeQuery(LOCK_ENDPOINT, DoorLock.id, attribute.id)], [], fabric_filtered=False)
        ((_, payload),) = self._say(transaction, Opcode.READ_REQUEST, query).messages
        report = ReportCollector(CLUSTERS)
        report.add(payload)
        (value,) = report.attributes
        return value.value

    def write(self, attribute: Attribute[Any], value: Any, *, fabric: int = 1) -> Status:
        """Write an attribute; gives the status."""
        subject = Subject(AuthMode.CASE, fabric, ADMIN)
        write = AttributeWrite(LOCK_ENDPOINT, DoorLock.id, attribute.id, value)
        (message,) = write_requests([write], max_payload=1200)
        transaction = self.node.server.begin(subject, session=Session(subject))
        ((_, payload),) = self._say(transaction, Opcode.WRITE_REQUEST, message).messages
        (status,) = parse_write_response(payload)
        return Status(status.status)

    def _say(self, transaction: Any, opcode: int, payload: bytes) -> Any:
        with self.node.turn():
            return transaction.receive(opcode, payload, now=self.clock.monotonic())
