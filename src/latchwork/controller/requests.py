"""One request on one session: read, write, invoke (Core 8).

Controller storey; between the interaction model's client, which knows bytes, and the runtime's exchanges, which know waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, TypeVar

from latchwork.base.errors import PeerViolation
from latchwork.matter.interaction.client import (
    AttributeQuery,
    AttributeWrite,
    EventQuery,
    Invocation,
    ReportCollector,
    invoke_request,
    parse_invoke_response,
    parse_write_response,
    read_attribute,
    read_request,
    timed_request,
    write_requests,
)
from latchwork.matter.interaction.values import (
    AttributeStatus,
    AttributeValue,
    EventStatus,
    EventValue,
    InvokeResult,
)
from latchwork.matter.messages.interaction import Opcode, StatusResponseMessage
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters import CLUSTERS
from latchwork.matter.model.meta import Attribute, Command
from latchwork.matter.tlv.elements import TlvError
from latchwork.matter.tlv.schema import Struct
from latchwork.stack.runtime import DEFAULT_TIMEOUT, Exchange, Message, Runtime, Session

T = TypeVar("T")
Query = AttributeQuery | EventQuery
Entry = AttributeValue | AttributeStatus | EventValue | EventStatus

SUCCESS: Final = StatusResponseMessage(status=Status.SUCCESS).encode()
"""A StatusResponse that asks for the next part."""
TIMED_MS: Final = 10_000
"""How long a timed interaction stays open, milliseconds: a sleepy lock needs seconds."""


class WindowMissed(StatusError):
    """A timed request arrived too late: the device did nothing (Core 8.2.3.3), and may be asked again at once."""

    advice = "The connection to the device is bad: try again nearer to it, or when the network is quieter."


class UnexpectedAnswer(PeerViolation):
    """The peer answered with a message that does not belong there."""

    advice = "The device does not keep to the protocol: update its firmware."


class Answer(NamedTuple):
    """What a report brought."""

    attributes: list[AttributeValue]
    statuses: list[AttributeStatus]
    events: list[EventValue]
    event_statuses: list[EventStatus]

    @property
    def entries(self) -> list[Entry]:
        """Everything, attributes first."""
        return [*self.attributes, *self.statuses, *self.events, *self.event_statuses]


def status_of(message: Message) -> StatusError:
    """The error that a StatusResponse carries."""
    try:
        response = StatusResponseMessage.decode(message.payload)
    except TlvError as error:
        raise UnexpectedAnswer(f"a status response is malformed: {error}") from None
    return StatusError(Status(response.status), "the device refused the request")


def expect(message: Message, opcode: int) -> bytes:
    """The payload of a message of this kind.

    Raises:
        StatusError: the peer refused.
        UnexpectedAnswer: it is another message.
    """
    if message.opcode == opcode and message.protocol_id == 1:
        return message.payload
    if message.opcode == Opcode.STATUS_RESPONSE and message.protocol_id == 1:
        raise status_of(message)
    raise UnexpectedAnswer(f"message 0x{message.opcode:02x} of protocol {message.protocol_id} stands where it may not")


def _check_window(message: Message) -> None:
    if message.opcode == Opcode.STATUS_RESPONSE and message.protocol_id == 1:
        refused = status_of(message)
        if refused.status == Status.TIMEOUT:
            raise WindowMissed(Status.TIMEOUT, "the request came too late, nothing was done")


async def collect(exchange: Exchange, first: Message, timeout: float) -> ReportCollector:  # noqa: ASYNC109 - handed on
    """The whole report that begins with `first`.

    Raises:
        StatusError: the peer refused.
        UnexpectedAnswer: the report is malformed.
        LatchworkError: the exchange failed.
    """
    collector = ReportCollector(CLUSTERS)
    message = first
    while True:
        payload = expect(message, Opcode.REPORT_DATA)
        try:
            more = collector.add(payload)
        except TlvError as error:
            raise UnexpectedAnswer(f"a report is malformed: {error}") from None
        if not more:
            return collector
        message = await exchange.request(Opcode.STATUS_RESPONSE, SUCCESS, timeout=timeout)


class Requests:
    """Speaks the interaction model in one session.

    Attributes:
        session: the session.
        timeout: seconds that an answer may take.
    """

    __slots__ = ("_reads", "_runtime", "session", "timeout")

    def __init__(self, runtime: Runtime, session: Session, timeout: float = DEFAULT_TIMEOUT) -> None:
        self._runtime = runtime
        self.session = session
        self.timeout = timeout
        self._reads: dict[tuple[int, int, int], bytes] = {}

    def open(self) -> Exchange:
        """An exchange of the caller's own in the session.

        Raises:
            SessionClosed: the session is over.
        """
        return self._runtime.open(self.session)

    async def read(
        self, queries: Iterable[Query], *, fabric_filtered: bool = True, event_min: int | None = None
    ) -> Answer:
        """Read attributes and events.

        Raises:
            StatusError: the whole request was refused; a single path's refusal is in the answer.
            LatchworkError: no answer.
        """
        attributes = [query for query in queries if isinstance(query, AttributeQuery)]
        events = [query for query in queries if isinstance(query, EventQuery)]
        return await self._read(read_request(attributes, events, fabric_filtered=fabric_filtered, event_min=event_min))

    async def get(self, endpoint: int, attribute: Attribute[T], *, cluster: int | None = None) -> T:
        """Read one attribute.

        Args:
            endpoint: where.
            attribute: which.
            cluster: of which cluster; needed for global attributes only.

        Raises:
            StatusError: the device refused.
            UnexpectedAnswer: the value is not of the declared type.
            LatchworkError: no answer.
        """
        path = (endpoint, attribute.cluster_id if cluster is None else cluster, attribute.id)
        payload = self._reads.get(path)
        if payload is None:
            payload = self._reads[path] = read_attribute(*path)
        answer = await self._read(payload)
        if len(answer.attributes) == 1:
            value = answer.attributes[0]
            if not value.is_typed:
                raise UnexpectedAnswer(f"{attribute.spec_name} has a value of another type")
            return value.value  # type: ignore[no-any-return]  # the declaration decoded it
        for status in answer.statuses:
            status.check()
        raise UnexpectedAnswer(f"{attribute.spec_name} was not answered")

    async def _read(self, payload: bytes) -> Answer:
        exchange = self.open()
        try:
            first = await exchange.request(Opcode.READ_REQUEST, payload, timeout=self.timeout)
            collector = await collect(exchange, first, self.timeout)
            if not collector.suppress_response:
                exchange.send(Opcode.STATUS_RESPONSE, SUCCESS)
        finally:
            exchange.finish()
        return Answer(collector.attributes, collector.statuses, collector.events, collector.event_statuses)

    async def invoke(
        self,
        endpoint: int,
        command: Command,
        request: Struct | None = None,
        *,
        timed_ms: int | None = None,
        on_timed: Callable[[], None] | None = None,
    ) -> Struct | None:
        """Invoke one command; a command that must be timed is.

        Args:
            endpoint: where.
            command: which.
            request: its fields.
            timed_ms: make it timed, milliseconds; 0 forces a plain one.
            on_timed: called when the device has agreed to a timed interaction: before, nothing can have been done.

        Raises:
            StatusError: the device refused.
            LatchworkError: no answer.
        """
        invocation = Invocation(endpoint, command.cluster_id, command.id, request)
        timed = TIMED_MS if timed_ms is None and command.timed else timed_ms
        result = await self.invoke_raw(invocation, timed_ms=timed or None, on_timed=on_timed)
        value = result.check()
        if value is not None and not result.is_typed:
            raise UnexpectedAnswer(f"the response to {command.spec_name} is of another type")
        return value  # type: ignore[no-any-return]  # the declaration decoded it

    async def invoke_raw(
        self, invocation: Invocation, *, timed_ms: int | None = None, on_timed: Callable[[], None] | None = None
    ) -> InvokeResult:
        """Invoke a command by ids; the result may be a refusal.

        Raises:
            WindowMissed: a timed request came too late: nothing was done.
            StatusError: the whole request was refused.
            LatchworkError: no answer.
        """
        exchange = self.open()
        try:
            await self._begin_timed(exchange, timed_ms)
            if timed_ms is not None and on_timed is not None:
                on_timed()
            payload = invoke_request(invocation, timed=timed_ms is not None)
            message = await exchange.request(Opcode.INVOKE_REQUEST, payload, timeout=self.timeout)
            if timed_ms is not None:
                _check_window(message)
            results: list[InvokeResult] = []
            while True:
                try:
                    part, more = parse_invoke_response(expect(message, Opcode.INVOKE_RESPONSE), CLUSTERS)
                except TlvError as error:
                    raise UnexpectedAnswer(f"an invoke response is malformed: {error}") from None
                results += part
                if not more:
                    break
                message = await exchange.request(Opcode.STATUS_RESPONSE, SUCCESS, timeout=self.timeout)
        finally:
            exchange.finish()
        if len(results) != 1:
            raise UnexpectedAnswer(f"{len(results)} results for one command")
        return results[0]

    async def write(self, writes: Sequence[AttributeWrite], *, timed_ms: int | None = None) -> list[AttributeStatus]:
        """Write attributes; every path has its status.

        Raises:
            StatusError: the whole request was refused.
            LatchworkError: no answer.
        """
        exchange = self.open()
        statuses: list[AttributeStatus] = []
        try:
            await self._begin_timed(exchange, timed_ms)
            for payload in write_requests(writes, max_payload=self.session.max_payload, timed=timed_ms is not None):
                message = await exchange.request(Opcode.WRITE_REQUEST, payload, timeout=self.timeout)
                try:
                    statuses += parse_write_response(expect(message, Opcode.WRITE_RESPONSE))
                except TlvError as error:
                    raise UnexpectedAnswer(f"a write response is malformed: {error}") from None
        finally:
            exchange.finish()
        return statuses

    async def set(self, endpoint: int, attribute: Attribute[T], value: T, *, timed_ms: int | None = None) -> None:
        """Write one attribute.

        Raises:
            StatusError: the device refused.
            LatchworkError: no answer.
        """
        timed = TIMED_MS if timed_ms is None and attribute.access.timed else timed_ms
        write = AttributeWrite(endpoint, attribute.cluster_id, attribute, value)
        for status in await self.write((write,), timed_ms=timed):
            status.check()

    async def _begin_timed(self, exchange: Exchange, timed_ms: int | None) -> None:
        if timed_ms is None:
            return
        message = await exchange.request(Opcode.TIMED_REQUEST, timed_request(timed_ms), timeout=self.timeout)
        if message.opcode != Opcode.STATUS_RESPONSE:
            expect(message, Opcode.STATUS_RESPONSE)
        refused = status_of(message)
        if refused.status != Status.SUCCESS:
            raise refused
