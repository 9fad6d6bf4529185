"""Asking another node on behalf of a node: a session with it, and commands.

Stack; what a device needs that is a client now and then. A controller has more (subscriptions, reads, addresses that it remembers) and
keeps that on its own floor.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar

from latchwork.base.errors import LatchworkError, PeerViolation, Unreachable
from latchwork.base.logs import log, logger
from latchwork.matter.discovery import OperationalService, SessionHints
from latchwork.matter.interaction.client import Invocation, invoke_request, parse_invoke_response
from latchwork.matter.messages.interaction import Opcode, StatusResponseMessage
from latchwork.matter.messages.secure_channel import SessionParameters
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters import CLUSTERS
from latchwork.matter.model.meta import Command
from latchwork.matter.tlv.elements import TlvError
from latchwork.matter.tlv.schema import Struct
from latchwork.matter.trust.fabric import Fabric
from latchwork.stack.mdns_contract import Discovery
from latchwork.stack.runtime import DEFAULT_TIMEOUT, Message, Runtime, Session
from latchwork.stack.udp import udp_address

_log = logger(__name__)
T = TypeVar("T")
RESOLVE_S: Final = 10.0
"""Seconds that a node may take to be found by its name."""


class UnexpectedReply(PeerViolation):
    """The other node answered with something that does not belong there."""


class Client:
    """One node of a fabric, seen from another; connects when something is asked.

    Args:
        runtime: ours.
        discovery: finds the node; without it only a session that the node opened can be used.
        fabric: our own membership.
        node_id: whom to ask.
    """

    def __init__(self, runtime: Runtime, discovery: Discovery | None, fabric: Fabric, node_id: int) -> None:
        self._runtime = runtime
        self._discovery = discovery
        self._fabric = fabric
        self.node_id = node_id
        self._opened: list[Session] = []

    async def call(self, work: Callable[[Session], Awaitable[T]]) -> T:
        """Do something in a session, the node's own if it has one with us; once more in a new one when the first was dead.

        `work` must be harmless to repeat.

        Raises:
            LatchworkError: it failed twice, or was refused.
        """
        session = self._runtime.engine.sessions.newest(self._fabric.index, self.node_id)
        if session is not None and not session.is_closed:
            try:
                return await work(session)
            except Unreachable as error:
                log(_log, 20, "session lost", node=self.node_id, reason=error)
                # Nobody answers in it: there is nobody to say goodbye to.
                self._runtime.engine.close_session(session, now=self._runtime.now(), notify=False)
        return await work(await self._connect())

    async def invoke(self, endpoint: int, command: Command, request: Struct | None = None) -> Any:
        """Invoke a command that may be repeated; its response as declared, or None.

        Raises:
            StatusError: the node refused.
            LatchworkError: no answer, or a malformed one.
        """
        invocation = Invocation(endpoint, command.cluster_id, command.id, request)

        async def attempt(session: Session) -> Any:
            exchange = self._runtime.open(session)
            try:
                answer = await exchange.request(
                    Opcode.INVOKE_REQUEST, invoke_request(invocation), timeout=DEFAULT_TIMEOUT
                )
            finally:
                exchange.finish()
            return _result(answer)

        return await self.call(attempt)

    async def _connect(self) -> Session:
        """A new session; the addresses are tried one after another.

        Raises:
            Unreachable: the node is not found or does not answer.
            HandshakeFailed: it refuses us.
        """
        service = OperationalService(self._fabric.compressed_id, self.node_id)
        failure: LatchworkError = Unreachable(
            f"node {self.node_id:016X} is not found in the network",
            advice="Check that it is switched on and in the same network.",
        )
        if self._discovery is None:
            raise failure
        record = await self._discovery.resolve(service.instance, service.service_type, timeout=RESOLVE_S)
        if record is None:
            raise failure
        for host in record.addresses:
            try:
                session = await self._case(udp_address(host, record.port), record.txt)
            except LatchworkError as error:
                failure = error
                continue
            self._opened.append(session)
            return session
        raise failure

    async def _case(self, address: object, txt: Mapping[str, str]) -> Session:
        hints, default = SessionHints.from_txt(txt), SessionParameters()
        parameters = SessionParameters(
            idle_interval_ms=hints.idle_interval_ms or default.idle_interval_ms,
            active_interval_ms=hints.active_interval_ms or default.active_interval_ms,
            active_threshold_ms=hints.active_threshold_ms or default.active_threshold_ms,
        )
        return await self._runtime.case(address, self._fabric, self.node_id, parameters=parameters)

    def close(self) -> None:
        """End the sessions that were opened for this; the node's own stay."""
        for session in self._opened:
            self._runtime.close_session(session)
        self._opened.clear()


def _result(answer: Message) -> Any:
    if answer.protocol_id == 1 and answer.opcode == Opcode.STATUS_RESPONSE:
        try:
            status = StatusResponseMessage.decode(answer.payload).status
        except TlvError as error:
            raise UnexpectedReply(f"a status response is malformed: {error}") from None
        raise StatusError(Status(status), "the node refused the request")
    if answer.protocol_id != 1 or answer.opcode != Opcode.INVOKE_RESPONSE:
        raise UnexpectedReply(f"message 0x{answer.opcode:02x} of protocol {answer.protocol_id} for a command")
    try:
        results, more = parse_invoke_response(answer.payload, CLUSTERS)
    except TlvError as error:
        raise UnexpectedReply(f"an invoke response is malformed: {error}") from None
    if more or len(results) != 1:
        raise UnexpectedReply(f"{len(results)} results for one command")
    value = results[0].check()
    if value is not None and not results[0].is_typed:
        raise UnexpectedReply("the response is of another type")
    return value
