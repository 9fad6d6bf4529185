"""ICD Management: who is told when the node wakes, and how long it stays awake (Core 9.16).

Stands in node; the registrations and the sleep are elsewhere, this is their face.
"""

from __future__ import annotations

import asyncio
from typing import Any

from latchwork.base.errors import Bug
from latchwork.base.logs import Secret
from latchwork.matter.crypto.primitives import constant_time_equal
from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.icd_management import (
    ClientTypeEnum,
    IcdManagement,
    MonitoringRegistrationStruct,
    OperatingModeEnum,
    RegisterClient,
    RegisterClientResponse,
    StayActiveRequest,
    StayActiveResponse,
    UnregisterClient,
)
from latchwork.matter.model.spec import SpecVersion
from latchwork.matter.trust.access import Privilege, Subject, is_operational_node_id
from latchwork.node.behavior import Behavior
from latchwork.node.check_in import CheckIns
from latchwork.node.endpoint import Endpoint
from latchwork.node.icd import IcdConfig
from latchwork.node.registrations import Registration, Registrations
from latchwork.node.sleep import Sleep
from latchwork.stack.mdns_contract import Discovery
from latchwork.stack.runtime import Runtime


def icd_management(config: IcdConfig, spec: SpecVersion = SpecVersion.V1_6) -> IcdManagement:
    """The cluster's values for a configuration."""
    values: dict[str, Any] = {}
    if config.has_check_in:
        values |= {
            "clients_supported_per_fabric": config.clients_per_fabric,
            "maximum_check_in_backoff": config.backoff_s,
        }
    if config.trigger:
        values["user_active_mode_trigger_hint"] = config.trigger
    if config.trigger_instruction:
        values["user_active_mode_trigger_instruction"] = config.trigger_instruction
    if config.is_long_idle:
        values["operating_mode"] = OperatingModeEnum.SIT
    return IcdManagement(
        spec=spec,
        features=config.features,
        optional=("stay_active_request",),
        idle_mode_duration=config.idle_s,
        active_mode_duration=config.active_ms,
        active_mode_threshold=config.threshold_ms,
        **values,
    )


class IcdManagementBehavior(Behavior):
    """Registered clients, and the sleep of a node that has one.

    Attributes:
        registrations: the clients of all fabrics.
        check_ins: tells them when the node wakes.
    """

    __slots__ = ("_config", "_is_short", "check_ins", "registrations")

    cluster = IcdManagement

    def __init__(self, endpoint: Endpoint, state: IcdManagement, config: IcdConfig) -> None:
        super().__init__(endpoint, state)
        self._config = config
        self._is_short = False
        self.registrations = Registrations(endpoint.node.ledger, endpoint.node.entropy)
        self.check_ins = CheckIns(endpoint.node, config, self.registrations)

    # --- the node's life

    def start(self) -> None:
        """Takes registrations and the counter from the store."""
        if self._config.has_check_in:
            self.registrations.start_counter()
        self._reload()

    def join(self, runtime: Runtime, discovery: Discovery | None) -> None:
        """The node is on a network: from now on it sleeps, and checks in when it wakes."""
        sleep = self._sleep
        self.check_ins.start(runtime, discovery)
        sleep.on_awake = self.check_ins.awake
        sleep.wants_to_wake = self.check_ins.would_send
        sleep.must_stay_awake = self._must_stay_awake
        sleep.start(runtime, asyncio.get_running_loop().call_soon)

    async def part(self) -> None:
        """The node leaves the network."""
        self._sleep.stop()
        await self.check_ins.stop()

    def fail_safe_expired(self) -> None:
        """The clients may be others again."""
        self._reload()

    def fabric_removed(self, fabric_index: int) -> None:
        """Its clients went with it."""
        self.registrations.forget_fabric(fabric_index)
        self._clients_changed()

    # --- attributes

    def read_registered_clients(self, _context: RequestContext) -> tuple[MonitoringRegistrationStruct, ...]:
        """The clients of all fabrics, without their keys."""
        return tuple(
            MonitoringRegistrationStruct(
                check_in_node_id=client.node_id,
                monitored_subject=client.monitored_subject,
                client_type=ClientTypeEnum(client.client_type),
                fabric_index=index,
            )
            for index, client in self.registrations
        )

    def read_icd_counter(self, _context: RequestContext) -> int:
        """The count of the newest Check-In."""
        return self.registrations.counter

    # --- commands

    def register_client(self, request: RegisterClient, context: RequestContext) -> RegisterClientResponse:
        """Registers a client, or changes its registration (Core 9.16.7.1).

        Raises:
            StatusError: CONSTRAINT_ERROR for impossible values, RESOURCE_EXHAUSTED without room, FAILURE when somebody who is no
                administrator changes a registration without knowing its key.
        """
        index = self.accessing_fabric(context)
        if not request.client_type.is_known:
            raise StatusError(Status.CONSTRAINT_ERROR, f"{int(request.client_type)} is no type of client")
        if not is_operational_node_id(request.check_in_node_id):
            raise StatusError(Status.CONSTRAINT_ERROR, "a Check-In goes to a node")
        known = self.registrations.find(index, request.check_in_node_id)
        if known is not None:
            self._check_key(known, request.verification_key, context.subject)
        elif len(self.registrations.of(index)) >= self._config.clients_per_fabric:
            raise StatusError(Status.RESOURCE_EXHAUSTED, "the fabric has as many clients as it may have")
        self.registrations.put(
            index,
            Registration(
                request.check_in_node_id,
                request.monitored_subject,
                int(request.client_type),
                Secret(request.key),
                address=_address_of(context, request.check_in_node_id) or (known.address if known else None),
            ),
        )
        self._clients_changed()
        return RegisterClientResponse(icd_counter=self.registrations.counter)

    def unregister_client(self, request: UnregisterClient, context: RequestContext) -> None:
        """Forgets a client (Core 9.16.7.3).

        Raises:
            StatusError: NOT_FOUND, or FAILURE when somebody who is no administrator does not know its key.
        """
        index = self.accessing_fabric(context)
        known = self.registrations.find(index, request.check_in_node_id)
        if known is None:
            raise StatusError(Status.NOT_FOUND, "no such client is registered")
        self._check_key(known, request.verification_key, context.subject)
        self.registrations.remove(index, request.check_in_node_id)
        self._clients_changed()

    def stay_active_request(self, request: StayActiveRequest, _context: RequestContext) -> StayActiveResponse:
        """Stays awake for a client that has more to do (Core 9.16.7.4)."""
        return StayActiveResponse(promised_active_duration=self._sleep.stay_active(request.stay_active_duration))

    def _check_key(self, known: Registration, given: bytes | None, subject: Subject) -> None:
        """Whoever administers the cluster may do without the key."""
        root = self.endpoint
        if self.node.access.allows(subject, Privilege.ADMINISTER, root.number, self.cluster.id, root.device_types):
            return
        if given is None or not constant_time_equal(given, bytes(known.key)):
            raise StatusError(Status.FAILURE, "the verification key is missing or wrong")

    # --- what happens on the device

    def press(self) -> None:
        """A person did what the trigger's hint says: the node wakes, and every client without a subscription is told."""
        sleep = self._sleep
        self.check_ins.forget_backoff()
        with self.node.turn():
            sleep.trigger()

    def be_short(self, is_short: bool) -> None:
        """Operate as a short idle time device even while a client is registered, or no longer (DSLS).

        Raises:
            Bug: the node was configured without that feature.
        """
        if not self._config.can_be_short:
            raise Bug("this node has one operating mode")
        self._is_short = is_short
        self._update_mode()

    # --- inner matters

    @property
    def _sleep(self) -> Sleep:
        sleep = self.node.sleep
        if sleep is None:
            raise Bug("a node with ICD Management has a sleep")
        return sleep

    def _reload(self) -> None:
        self.registrations.load(fabric.index for fabric in self.node.fabrics)
        self._clients_changed()

    def _clients_changed(self) -> None:
        if self._config.has_check_in:
            self.touch(IcdManagement.registered_clients)
        self._update_mode()

    def _update_mode(self) -> None:
        """A long idle time device is one only while somebody would learn that it woke (Core 9.15.1.2)."""
        if not self._config.is_long_idle:
            return
        is_long = bool(self.registrations) and not self._is_short
        if is_long != self._sleep.is_long_idle:
            self._sleep.is_long_idle = is_long
            self.state.operating_mode = OperatingModeEnum.LIT if is_long else OperatingModeEnum.SIT
            self.node.intervals_changed()

    def _must_stay_awake(self) -> bool:
        node, runtime = self.node, self.node.runtime
        return (
            node.window.is_open
            or node.fail_safe.is_armed
            or self.check_ins.is_busy
            or (runtime is not None and runtime.is_busy)
        )


def _address_of(context: RequestContext, node_id: int) -> object:
    session: Any = context.session
    is_itself = getattr(session, "peer_node_id", None) == node_id and not getattr(session, "is_stream", True)
    return session.address if is_itself else None
