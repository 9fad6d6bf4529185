"""A node: endpoints, fabrics, fail-safe, window, events, and what connects them to a runtime.

Stands at the top of node. It can be driven without a network (tests, tools): build it, `start_local()`, talk to its `server`. With a network,
`start(runtime, discovery)` and `stop()`. All work happens in turns: what a turn changes is stored before anything about it is told.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from latchwork.base.clock import MATTER_EPOCH_S, Clock, SystemClock
from latchwork.base.errors import Misuse
from latchwork.base.logs import log, logger
from latchwork.matter.crypto.spake2p import Verifier
from latchwork.matter.engine import PaseCredentials
from latchwork.matter.interaction.events import EventLog, RecordedEvent
from latchwork.matter.interaction.server import InteractionServer
from latchwork.matter.messages.secure_channel import SessionParameters
from latchwork.matter.model.clusters.descriptor import Descriptor
from latchwork.matter.model.device_types import ROOT_NODE
from latchwork.matter.model.meta import Attribute, Event
from latchwork.matter.session.resumption import ResumptionRecord, ResumptionStore
from latchwork.matter.session.secure import MAX_STREAM_MESSAGE
from latchwork.matter.tlv.elements import decode as decode_element
from latchwork.matter.tlv.schema import Struct, Tag
from latchwork.matter.trust.access import AccessList
from latchwork.matter.trust.development import DeviceAttestation, development_attestation
from latchwork.matter.trust.fabric import Fabric, FabricTable
from latchwork.node.agenda import Agenda, Appointment
from latchwork.node.behavior import Behavior
from latchwork.node.behaviors.administrator_commissioning import AdministratorCommissioningBehavior
from latchwork.node.behaviors.basic_information import BasicInformationBehavior
from latchwork.node.behaviors.descriptor import DescriptorBehavior
from latchwork.node.behaviors.operational_credentials import OperationalCredentialsBehavior
from latchwork.node.behaviors.root import root_behaviors
from latchwork.node.commissioning import BASIC, MAX_FAILED_ATTEMPTS, CommissioningWindow
from latchwork.node.config import NodeConfig
from latchwork.node.endpoint import BehaviorFactory, Endpoint
from latchwork.node.failsafe import FailSafe
from latchwork.node.membership import Membership
from latchwork.node.persistence import Ledger
from latchwork.node.preparation import prepare
from latchwork.node.presence import Presence
from latchwork.node.sleep import Sleep, intervals_ms
from latchwork.stack.mdns_contract import Discovery
from latchwork.stack.runtime import Runtime
from latchwork.stack.transport import Transport
from latchwork.store.kv import Store

_LOG = logger(__name__)
TCP_SERVER = 0x0004
"""Bit of the supported transports in session parameters (Core 4.13.1)."""
EVENT_NUMBERS = "events/next"
RESUMPTIONS = "sessions/resumption"
SALT = "identity/salt"
ATTESTATION = "identity/attestation"


@dataclass(slots=True)
class Counts:
    """What the node did since it started."""

    subscriptions: int = 0
    messages_sent: int = 0
    messages_received: int = 0


class StoredResumptions(Struct):
    """Records of sessions to resume, oldest first."""

    records: Annotated[tuple[bytes, ...], Tag(0)]


class Node:
    """A Matter node.

    Attributes:
        config: what it is.
        clock: what tells it the time.
        entropy: octets nobody can guess.
        ledger: its stored values.
        members: fabrics with their access control lists and groups.
        endpoints: by number.
        events: the event log.
        server: the interaction model's server; `stack` sessions or test sessions talk to it.
        fail_safe: the fail-safe.
        window: the commissioning window.
        agenda: what is to be done later.
        sleep: whether it hears, or None for a node that is always awake.
        counts: what it did since it started.
        started_at: monotonic seconds of the start.
        on_commissioned: called with True when it joined its first fabric for good, with False when it left its last.
        on_time_changed: called when the wall clock jumped: the time was set, or the time zone or summer time is another.
    """

    def __init__(
        self,
        config: NodeConfig,
        store: Store,
        *,
        clock: Clock | None = None,
        entropy: Callable[[int], bytes] = os.urandom,
        attestation: DeviceAttestation | None = None,
    ) -> None:
        self.config = config
        self.clock: Clock = clock or SystemClock()
        self.entropy = entropy
        self.ledger = Ledger(store)
        self.ledger.recover()
        self.members = Membership(self.ledger, config.max_fabrics)
        self.agenda = Agenda()
        self.sleep = None if config.icd is None else Sleep(config.icd, self.agenda, self.clock.monotonic)
        self.fail_safe = FailSafe(self.ledger, self.agenda, self.clock.monotonic)
        self.fail_safe.on_expired = self._fail_safe_expired
        self.window = CommissioningWindow(self.agenda, self.clock.monotonic, self._window_changed)
        self.endpoints: dict[int, Endpoint] = {}
        self.resumptions = self._load_resumptions()
        self._resumptions_due: Appointment | None = None
        self._server: InteractionServer | None = None
        self._presence: Presence | None = None
        self._identity = attestation
        self.counts = Counts()
        self.utc_offset_us = 0
        self.has_time = config.has_clock
        self.started_at = self.clock.monotonic()
        self.events = EventLog(
            self._first_event_number(), reserve=self._reserve_events, on_recorded=self._event_recorded
        )
        self._is_loading = False
        self._credentials: PaseCredentials | None = None
        self.on_commissioned: Callable[[bool], None] = _ignore
        self.on_time_changed: list[Callable[[], None]] = []
        self.members.load()
        self._was_commissioned = self.is_commissioned
        self.add_endpoint(0, {ROOT_NODE.id: ROOT_NODE.revision_in(config.spec)}, root_behaviors(config))

    def add_endpoint(self, number: int, types: Mapping[int, int], behaviors: Iterable[BehaviorFactory]) -> Endpoint:
        """Adds an endpoint with its device types (id to revision) and clusters; a Descriptor is added when there is none.

        Raises:
            Misuse: the number is taken or impossible.
        """
        if number in self.endpoints:
            raise Misuse(f"endpoint {number} is there already")
        endpoint = Endpoint(self, number, types, behaviors)
        if Descriptor.id not in endpoint.clusters:
            endpoint.add(partial(DescriptorBehavior, state=Descriptor(spec=self.config.spec)))
        self.endpoints[number] = endpoint
        return endpoint

    @property
    def fabrics(self) -> FabricTable:
        """The fabrics it belongs to."""
        return self.members.fabrics

    @property
    def access(self) -> AccessList:
        """The access control lists of all fabrics."""
        return self.members.access

    @contextmanager
    def turn(self) -> Iterator[None]:
        """A stretch of work whose changes are stored together at its end."""
        with self.ledger.turn():
            yield

    def call_at(self, when: float, callback: Callable[[], None]) -> Appointment:
        """Has `callback` called at `when`, seconds of `clock.monotonic()`; the result can be cancelled."""
        return self.agenda.call_at(when, callback)

    def run_due(self) -> None:
        """Does what the agenda has for now; whoever drives the node without a runtime calls this after moving the clock."""
        with self.turn():
            self.agenda.run_due(self.clock.monotonic())

    def utc_us(self) -> int | None:
        """Microseconds since 2000-01-01 UTC, or None while the node does not know the time."""
        if not self.has_time:
            return None
        return int((self.clock.utc() - MATTER_EPOCH_S) * 1_000_000) + self.utc_offset_us

    # --- start and stop

    def start_local(self) -> None:
        """Brings stored values back and starts the clusters, without a network.

        Raises:
            StoreError: the store cannot be read or written.
        """
        with self.turn():
            for behavior in self.behaviors():
                self._load(behavior)
            self._server = InteractionServer(
                self,
                entropy=self.entropy,
                max_paths_per_invoke=self.config.max_paths_per_invoke,
                group_endpoints=self._endpoints_of_group,
            )
            if self.config.icd is not None:
                self._server.subscriptions.rest_s = self.config.icd.idle_s
            for behavior in self.behaviors():
                behavior.start()
            if not len(self.fabrics):
                self.open_factory_window()

    def stop_local(self) -> None:
        """Stops the clusters; stored values are complete already."""
        with self.turn():
            for behavior in reversed(list(self.behaviors())):
                behavior.stop()
            self._store_resumptions()

    def behaviors(self) -> Iterator[Behavior]:
        """Every cluster of every endpoint."""
        for endpoint in self.endpoints.values():
            yield from endpoint.clusters.values()

    # --- what clusters tell

    def emit(
        self, endpoint: int, cluster: int, event: Event, payload: Struct | None, *, fabric_index: int | None = None
    ) -> int:
        """Records an event; gives its number."""
        posix_ms = int(self.clock.utc() * 1000) + self.utc_offset_us // 1000 if self.has_time else None
        return self.events.record(
            endpoint,
            cluster,
            event,
            payload,
            posix_ms=posix_ms,
            system_ms=int(self.uptime() * 1000),
            fabric_index=fabric_index,
        )

    def uptime(self) -> float:
        """Seconds since the node started."""
        return self.clock.monotonic() - self.started_at

    def attribute_changed(self, behavior: Behavior, attribute: Attribute[Any]) -> None:
        """A cluster's attribute changed: store it when it is to be stored, and have it reported."""
        if self._is_loading:
            return
        if behavior.is_stored(attribute):
            out = bytearray()
            attribute.codec.encoder(None)(out, getattr(behavior.state, attribute.name))
            self.ledger.put(_key(behavior, attribute), bytes(out))
        self._report(behavior.endpoint.number, behavior.cluster.id, attribute.id)

    def _report(self, endpoint: int, cluster: int, attribute: int) -> None:
        if self._server is not None:
            self._server.subscriptions.attribute_changed(endpoint, cluster, attribute)
            if self._presence is not None:
                self._presence.serving.something_changed()

    def _event_recorded(self, event: RecordedEvent) -> None:
        if self._server is not None:
            self._server.subscriptions.event_recorded(event)
            if self._presence is not None:
                self._presence.serving.something_changed()

    def _first_event_number(self) -> int:
        stored = self.ledger.get(EVENT_NUMBERS)
        return int.from_bytes(stored, "big") if stored else 0

    def _reserve_events(self, limit: int) -> None:
        self.ledger.put(EVENT_NUMBERS, limit.to_bytes(8, "big"))

    def _load(self, behavior: Behavior) -> None:
        for attribute in behavior.state.supported_attributes.values():
            if behavior.is_stored(attribute):
                self._reload_attribute(behavior, attribute, self.ledger.get(_key(behavior, attribute)))

    def _reload_attribute(self, behavior: Behavior, attribute: Attribute[Any], data: bytes | None) -> None:
        if data is None:
            # The store always holds a value, so that a roll-back finds one to go back to.
            self.attribute_changed(behavior, attribute)
            return
        self._is_loading = True
        try:
            setattr(behavior.state, attribute.name, attribute.decode(decode_element(data)))
        finally:
            self._is_loading = False

    # --- time

    def set_utc(self, epoch_us: int) -> None:
        """Takes the time from an administrator: microseconds since 2000-01-01 UTC."""
        self.has_time = True
        self.utc_offset_us = epoch_us - int((self.clock.utc() - MATTER_EPOCH_S) * 1_000_000)
        if self._presence is not None:
            # From now on certificates are checked against the date.
            self._presence.runtime.set_clock(lambda: self.clock.utc() + self.utc_offset_us / 1_000_000)
        self.time_changed()

    def time_changed(self) -> None:
        """The wall clock jumped: whoever counts on it looks again."""
        for look_again in self.on_time_changed:
            look_again()

    # --- fabrics

    def join(self, fabric: Fabric) -> None:
        """Joins a fabric."""
        self.members.add(fabric)
        self._fabrics_changed()

    def change_fabric(self, fabric: Fabric) -> None:
        """Gives a fabric new credentials, a new label or new keys."""
        self.members.replace(fabric)
        self._fabrics_changed()

    def leave(self, index: int) -> None:
        """Leaves a fabric for good, with everything that came with it (Core 11.18.6.12)."""
        self.fail_safe.forget_fabric(index)
        root = self.endpoints[0].behavior(BasicInformationBehavior)
        root.leaving(index)
        self.members.remove(index)
        self._fabric_gone(index)
        if self.fail_safe.is_armed and self.fail_safe.fabric_index == index:
            self.fail_safe.expire()
        if not len(self.fabrics) and not self.window.is_open:
            self.open_factory_window()

    def _stay_commissionable(self) -> None:
        """A node without a fabric takes a commissioner, unless too many wrong passcodes were tried."""
        has_attempts_left = self.window.failed_attempts < MAX_FAILED_ATTEMPTS
        if not len(self.fabrics) and not self.window.is_open and has_attempts_left:
            self.open_factory_window()

    def _fabric_gone(self, index: int) -> None:
        for behavior in self.behaviors():
            behavior.fabric_removed(index)
        self.events.forget_fabric(index)
        self.server.subscriptions.drop_fabric(index)
        self.window.fabric_removed(index)
        self.forget_peers(index)
        self._fabrics_changed()

    def _fabrics_changed(self) -> None:
        self.endpoints[0].behavior(OperationalCredentialsBehavior).fabrics_changed()
        self.groups_changed()
        self.advertise()
        self._look_for_home()

    @property
    def is_commissioned(self) -> bool:
        """Whether it belongs to a fabric for good: one that the fail-safe may still take back does not count."""
        fail_safe = self.fail_safe
        pending = fail_safe.fabric_index if fail_safe.is_armed and fail_safe.added else 0
        return any(fabric.index != pending for fabric in self.fabrics)

    def _look_for_home(self) -> None:
        if self.is_commissioned is not self._was_commissioned:
            self._was_commissioned = not self._was_commissioned
            self.on_commissioned(self._was_commissioned)

    # --- commissioning

    def pase_credentials(self) -> PaseCredentials:
        """What the node's own passcode is checked with."""
        if self._credentials is None:
            config = self.config
            salt = config.salt or self._stored_salt()
            verifier = config.verifier or Verifier.from_passcode(config.passcode or 0, salt, config.iterations)
            self._credentials = PaseCredentials(verifier, salt, config.iterations)
        return self._credentials

    def open_factory_window(self) -> None:
        """Opens the window that a node has by itself while it belongs to no fabric."""
        self.window.open(BASIC, self.pase_credentials(), self.config.discriminator, seconds=self.config.window_seconds)

    def pase_established(self) -> None:
        """A commissioner is in: the fail-safe is armed at once, nobody else may start (Core 5.5)."""
        with self.turn():
            if not self.fail_safe.is_armed:
                config = self.config
                self.fail_safe.arm(0, config.fail_safe_seconds, config.max_cumulative_fail_safe_seconds)
            self.window.commissioner_arrived()

    def commissioning_completed(self) -> None:
        """The commissioner is content: nothing is rolled back any more, the window closes, PASE sessions end."""
        self.fail_safe.complete()
        self.window.close()
        self.close_sessions(0)
        self._look_for_home()

    def _window_changed(self) -> None:
        if self.sleep is not None and self.window.is_open:
            self.sleep.trigger()  # a window opened at the device itself, too, must be heard through
        self.endpoints[0].behavior(AdministratorCommissioningBehavior).window_changed()
        self.advertise()

    def _fail_safe_expired(self, fail_safe: FailSafe, restored: dict[str, bytes | None]) -> None:
        index = fail_safe.fabric_index
        log(_LOG, 30, "fail_safe.expired", fabric=index, restored=len(restored))
        for key, value in restored.items():
            self._restore(key, value)
        for behavior in self.behaviors():
            behavior.fail_safe_expired()
        if fail_safe.added:
            self._fabric_gone(index)
        elif fail_safe.updated:
            self.forget_peers(index)
        self.close_sessions(0)
        self._fabrics_changed()
        self.window.attempt_failed()
        self._stay_commissionable()

    def _restore(self, key: str, value: bytes | None) -> None:
        if key.startswith("f/"):
            self.members.reload(key, value)
        elif key.startswith("a/"):
            endpoint, cluster, attribute = (int(part) for part in key.split("/")[1:])
            behavior = self.endpoints[endpoint].clusters[cluster]
            declared = behavior.cluster.attributes[attribute]
            self._reload_attribute(behavior, declared, value)
            self._report(endpoint, cluster, attribute)

    def _stored_salt(self) -> bytes:
        salt = self.ledger.get(SALT)
        if salt is None:
            salt = self.entropy(16)
            self.ledger.put(SALT, salt)
        return salt

    # --- sessions

    def close_sessions(self, fabric_index: int) -> None:
        """Ends the sessions of a fabric, or with 0 those of commissioners; the one being answered ends after its answer."""
        if self._presence is not None:
            self._presence.close_sessions(fabric_index)

    def forget_peers(self, fabric_index: int) -> None:
        """The node is somebody else on that fabric now, or not there any more: no session is to be used or resumed."""
        self.resumptions.forget(fabric_index)
        self._store_resumptions()
        self.close_sessions(fabric_index)

    def resumptions_changed(self) -> None:
        """Has the records of sessions stored soon: losing the newest costs one full handshake, writing each would cost every one."""
        if self._resumptions_due is None or not self._resumptions_due.is_pending:
            self._resumptions_due = self.call_at(self.clock.monotonic() + 1.0, self._store_resumptions)

    def _load_resumptions(self) -> ResumptionStore:
        records = ResumptionStore()
        stored = self.ledger.get(RESUMPTIONS)
        if stored is not None:
            for record in StoredResumptions.decode(stored).records:
                records.put(ResumptionRecord.decode(record))
        return records

    def _store_resumptions(self) -> None:
        records = tuple(record.encode() for record in self.resumptions)
        self.ledger.put(RESUMPTIONS, StoredResumptions(records=records).encode() if records else None)

    # --- the network

    def intervals_changed(self) -> None:
        """It sleeps in another way than before: sessions to come and DNS-SD say so."""
        if self._presence is not None:
            self._presence.runtime.session_parameters = self.session_parameters()
        self.advertise()

    def groups_changed(self) -> None:
        """Group keys, their map or a group's members changed."""
        if self._presence is not None:
            self._presence.groups_changed()

    def advertise(self) -> None:
        """Has DNS-SD say what is true now."""
        if self._presence is not None:
            self._presence.advertise()

    def _endpoints_of_group(self, fabric_index: int, group_id: int) -> Collection[int]:
        group = self.members.groups(fabric_index).groups.get(group_id)
        return sorted(group.endpoints) if group is not None else ()

    @property
    def server(self) -> InteractionServer:
        """The interaction model's server.

        Raises:
            Misuse: the node was not started.
        """
        if self._server is None:
            raise Misuse("the node was not started")
        return self._server

    @property
    def runtime(self) -> Runtime | None:
        """The network, while there is one."""
        return None if self._presence is None else self._presence.runtime

    @property
    def discovery(self) -> Discovery | None:
        """What finds other nodes, while there is a network that can."""
        return None if self._presence is None else self._presence.discovery

    @property
    def identity(self) -> DeviceAttestation:
        """What proves that the device is genuine; a development chain made at first use where none was given."""
        if self._identity is None:
            stored = self.ledger.get(ATTESTATION)
            if stored is not None:
                self._identity = DeviceAttestation.decode(stored)
            else:
                self._identity = development_attestation(self.entropy, device_type=self.config.device_type)
                self.ledger.put(ATTESTATION, self._identity.encode())
        return self._identity

    def session_parameters(self) -> SessionParameters:
        """What peers are told about this node's sessions."""
        config = self.config
        idle, active, threshold = intervals_ms(config, self.sleep)
        return SessionParameters(
            idle_interval_ms=idle,
            active_interval_ms=active,
            active_threshold_ms=threshold,
            data_model_revision=config.spec.data_model_revision,
            interaction_model_revision=config.spec.interaction_model_revision,
            specification_version=int(config.spec),
            max_paths_per_invoke=config.max_paths_per_invoke,
            supported_transports=TCP_SERVER if config.has_tcp else None,
            max_tcp_message_size=MAX_STREAM_MESSAGE if config.has_tcp else None,
        )

    def make_runtime(self, transports: Iterable[Transport], **options: Any) -> Runtime:
        """A runtime that knows this node's fabrics, sessions to resume and parameters; `options` are `Runtime`'s."""
        return Runtime(
            transports,
            parameters=self.session_parameters(),
            fabrics=self.fabrics,
            resumptions=self.resumptions,
            entropy=self.entropy,
            utc=self.clock.utc if self.config.has_clock else None,
            **options,
        )

    async def start(self, runtime: Runtime, discovery: Discovery | None = None) -> None:
        """Starts on a network: `runtime` must be one of `make_runtime`'s; returns when everything is published.

        Raises:
            StoreError: the store cannot be read or written.
        """
        self._presence = Presence(self, runtime, discovery)
        self.start_local()
        if not len(self.fabrics):
            prepare(self)
        await self._presence.begin()

    async def stop(self) -> None:
        """Stops the clusters and leaves the network; the runtime is closed, store and discovery are the caller's."""
        self.stop_local()
        if self._presence is not None:
            await self._presence.end()
            self._presence = None


def _ignore(_joined: bool) -> None:
    """What a node does with news that nobody asked for."""


def _key(behavior: Behavior, attribute: Attribute[Any]) -> str:
    return f"a/{behavior.endpoint.number}/{behavior.cluster.id}/{attribute.id}"
