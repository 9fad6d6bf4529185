"""The serving side of the interaction model: one transaction for each exchange that a peer opens (Core 8.3).

Interaction storey of `matter`; knows the order of messages and leaves the work to `read`, `write`, `invoke` and `subscriptions`. It never
waits and never sends: messages in, messages out. Only a command's handler may make it wait, and then `receive` gives an awaitable.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from enum import Enum, auto
from typing import Final

from latchwork.matter.interaction.directory import Directory
from latchwork.matter.interaction.invoke import Invoking
from latchwork.matter.interaction.paths import ReadQueryCache, invalid_action, read_query
from latchwork.matter.interaction.read import Reader, ReportMessages
from latchwork.matter.interaction.replies import NOTHING, Replies, parse_status, status_reply
from latchwork.matter.interaction.subscriptions import Subscription, Subscriptions
from latchwork.matter.interaction.view import NodeView, RequestContext
from latchwork.matter.interaction.write import GroupEndpoints, Writing
from latchwork.matter.messages.interaction import (
    InvokeRequestMessage,
    Opcode,
    SubscribeRequestMessage,
    SubscribeResponseMessage,
    TimedRequestMessage,
    WriteRequestMessage,
)
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.tlv.elements import TlvError
from latchwork.matter.trust.access import Subject

LEAST_PAYLOAD: Final = 128
"""Below this no report could carry an item of a list; no transport of Matter is that narrow."""


class InteractionServer:
    """Answers reads, writes, invocations and subscriptions for one node.

    Args:
        node: what is served.
        entropy: gives random octets, for the ids of subscriptions.
        max_paths_per_invoke: most commands in one request, as the node states in Basic Information (Core 11.1.5.25).
        group_endpoints: (fabric index, group id) to the endpoints in that group.

    Attributes:
        directory: the node's attributes, resolved.
        reader: collects reports.
        cache: reads that were checked before.
        subscriptions: the subscriptions that stand; the node tells it what changed, the stack carries its reports.
    """

    __slots__ = ("cache", "directory", "group_endpoints", "max_paths", "node", "reader", "subscriptions")

    def __init__(
        self,
        node: NodeView,
        *,
        entropy: Callable[[int], bytes],
        max_paths_per_invoke: int = 10,
        group_endpoints: GroupEndpoints = lambda _fabric, _group: (),
    ) -> None:
        self.node = node
        self.directory = Directory(node)
        self.reader = Reader(node, self.directory)
        self.cache = ReadQueryCache()
        self.max_paths = max_paths_per_invoke
        self.group_endpoints = group_endpoints
        self.subscriptions = Subscriptions(self.reader, entropy)

    def begin(self, subject: Subject, *, session: object = None, max_payload: int = 1200) -> Transaction:
        """A peer opened an exchange.

        Args:
            subject: who.
            session: the stack's session; given back in subscriptions' reports.
            max_payload: most octets of a message to this peer.
        """
        return Transaction(self, subject, session, max(max_payload, LEAST_PAYLOAD))


class _Expecting(Enum):
    """What a transaction waits for."""

    REQUEST = auto()
    TIMED_ACTION = auto()
    STATUS = auto()
    WRITE = auto()
    NOTHING = auto()


class Transaction:
    """One exchange with a peer, from its first message to our last.

    Driven by the stack: `receive` for each message, `close` when the exchange ends before `Replies.done`.
    """

    __slots__ = (
        "_context",
        "_endpoints",
        "_expecting",
        "_limit",
        "_messages",
        "_responses",
        "_server",
        "_subscription",
        "_timed_until",
        "_writing",
    )

    def __init__(self, server: InteractionServer, subject: Subject, session: object, limit: int) -> None:
        self._server = server
        self._limit = limit
        self._context = RequestContext(subject, session)
        self._endpoints: Collection[int] | None = None
        if subject.group_id is not None:
            self._endpoints = server.group_endpoints(subject.fabric_index, subject.group_id)
        self._expecting = _Expecting.REQUEST
        self._timed_until: float | None = None
        self._messages: ReportMessages | None = None
        self._responses: list[bytes] = []
        self._subscription: Subscription | None = None
        self._writing: Writing | None = None

    def receive(self, opcode: int, payload: bytes, *, now: float) -> Replies | Awaitable[Replies]:
        """Take one message and give what it calls for.

        Args:
            opcode: the message's type, of the interaction model's protocol.
            payload: the message.
            now: seconds of the monotonic clock.
        """
        self._context.now = now
        if opcode == Opcode.READ_REQUEST and self._expecting is _Expecting.REQUEST and self._endpoints is None:
            return self._read(payload)
        try:
            replies = self._dispatch(opcode, payload)
        except TlvError as error:
            replies = self._refuse(invalid_action(str(error)))
        except StatusError as error:
            replies = self._refuse(error)
        if isinstance(replies, Replies):
            return self._spoken(replies)
        return self._later(replies)

    def close(self) -> None:
        """The exchange ended; a subscription that was being set up is gone, a list that was being written stays as it was."""
        self._expecting = _Expecting.NOTHING
        self._messages = self._writing = None
        self._responses = []
        if self._subscription is not None:
            self._server.subscriptions.drop(self._subscription)
            self._subscription = None

    def _refuse(self, error: StatusError) -> Replies:
        self.close()
        return status_reply(Status.FAILURE if error.status is None else error.status)

    def _spoken(self, replies: Replies) -> Replies:
        """Nothing is ever said to a group (Core 8.7.2, 8.8.2)."""
        if replies.done:
            self._expecting = _Expecting.NOTHING
        return replies if self._endpoints is None else NOTHING

    async def _later(self, replies: Awaitable[Replies]) -> Replies:
        try:
            return self._spoken(await replies)
        except StatusError as error:
            return self._spoken(self._refuse(error))

    def _dispatch(self, opcode: int, payload: bytes) -> Replies | Awaitable[Replies]:
        expecting = self._expecting
        if expecting is _Expecting.STATUS:
            return self._confirmed(opcode, payload)
        if expecting is _Expecting.WRITE:
            if opcode != Opcode.WRITE_REQUEST:
                raise invalid_action("the next part of a write was expected")
            return self._write(payload)
        if expecting is _Expecting.TIMED_ACTION:
            return self._timed_action(opcode, payload)
        if expecting is _Expecting.NOTHING or opcode == Opcode.STATUS_RESPONSE:
            # A status is never answered with a status: two nodes could go on for ever.
            return NOTHING
        if opcode == Opcode.INVOKE_REQUEST:
            return self._invoke(payload)
        if opcode == Opcode.WRITE_REQUEST:
            return self._write(payload)
        if self._endpoints is not None:
            return NOTHING
        if opcode == Opcode.TIMED_REQUEST:
            return self._timed(payload)
        if opcode == Opcode.SUBSCRIBE_REQUEST:
            return self._subscribe(payload)
        if opcode == Opcode.REPORT_DATA:
            raise StatusError(Status.INVALID_SUBSCRIPTION, "a report of a subscription that this side does not have")
        raise invalid_action(f"message type 0x{opcode:02X} opens no transaction")

    def _read(self, payload: bytes) -> Replies:
        server, context = self._server, self._context
        try:
            query = server.cache.get(payload)
        except StatusError as error:
            return self._refuse(error)
        context.fabric_filtered = query.fabric_filtered
        reader = server.reader
        if query.single is not None:
            answer = reader.single(query.single, context, self._limit)
            if answer is not None:
                self._expecting = _Expecting.NOTHING
                return Replies([(Opcode.REPORT_DATA, answer)], True)
        self._messages = reader.messages(query, context, self._limit)
        return self._next_report(self._messages)

    def _next_report(self, messages: ReportMessages) -> Replies:
        payload = messages.next()
        done = messages.is_complete and self._subscription is None
        self._expecting = _Expecting.NOTHING if done else _Expecting.STATUS
        return Replies([(Opcode.REPORT_DATA, payload)], done)

    def _confirmed(self, opcode: int, payload: bytes) -> Replies:
        """The peer took a part of our answer."""
        status = parse_status(opcode, payload)
        if status != Status.SUCCESS:
            self.close()
            return NOTHING if opcode == Opcode.STATUS_RESPONSE else status_reply(Status.INVALID_ACTION)
        if self._responses:
            return self._next_response()
        if self._messages is None:
            return NOTHING
        return self._subscribed() if self._messages.is_complete else self._next_report(self._messages)

    def _subscribe(self, payload: bytes) -> Replies:
        message = SubscribeRequestMessage.decode(payload)
        query = read_query(message)
        self._context.fabric_filtered = query.fabric_filtered
        subscriptions = self._server.subscriptions
        self._subscription = subscriptions.open(message, query, self._context, self._limit)
        self._messages = subscriptions.priming(self._subscription)
        return self._next_report(self._messages)

    def _subscribed(self) -> Replies:
        subscription, self._subscription = self._subscription, None
        if subscription is None or not self._server.subscriptions.activate(subscription, now=self._context.now):
            raise StatusError(Status.RESOURCE_EXHAUSTED, "the subscription had to give way")
        response = SubscribeResponseMessage(subscription_id=subscription.id, max_interval=subscription.max_interval)
        return Replies([(Opcode.SUBSCRIBE_RESPONSE, response.encode())], done=True)

    def _timed(self, payload: bytes) -> Replies:
        message = TimedRequestMessage.decode(payload)
        self._timed_until = self._context.now + message.timeout / 1000
        self._expecting = _Expecting.TIMED_ACTION
        return status_reply(Status.SUCCESS, done=False)

    def _timed_action(self, opcode: int, payload: bytes) -> Replies | Awaitable[Replies]:
        if self._timed_until is not None and self._context.now > self._timed_until:
            raise StatusError(Status.TIMEOUT, "the timed action came too late")
        self._context.is_timed = True
        if opcode == Opcode.INVOKE_REQUEST:
            return self._invoke(payload)
        if opcode == Opcode.WRITE_REQUEST:
            return self._write(payload)
        raise invalid_action("only a write or a command can be timed")

    def _write(self, payload: bytes) -> Replies:
        message = WriteRequestMessage.decode(payload)
        context = self._context
        has_more = bool(message.more_chunked_messages)
        if has_more and (self._endpoints is not None or context.is_timed or message.suppress_response):
            raise invalid_action("this write cannot go on in another message")
        if message.timed_request != context.is_timed:
            raise StatusError(Status.TIMED_REQUEST_MISMATCH)
        if self._writing is None:
            server = self._server
            self._writing = Writing(
                server.node, server.directory, context, limit=self._limit, endpoints=self._endpoints
            )
        response = self._writing.receive(message)
        if has_more:
            self._expecting = _Expecting.WRITE
        return Replies([] if message.suppress_response else [(Opcode.WRITE_RESPONSE, response)], not has_more)

    def _invoke(self, payload: bytes) -> Replies | Awaitable[Replies]:
        server = self._server
        message = InvokeRequestMessage.decode(payload)
        if message.timed_request != self._context.is_timed:
            raise StatusError(Status.TIMED_REQUEST_MISMATCH)
        invoking = Invoking(
            server.node,
            server.directory,
            self._context,
            limit=self._limit,
            max_paths=server.max_paths,
            endpoints=self._endpoints,
        )
        self._expecting = _Expecting.NOTHING
        responses = invoking.run(message)
        if isinstance(responses, list):
            return self._respond(responses, suppressed=message.suppress_response)
        return self._respond_later(responses, suppressed=message.suppress_response)

    async def _respond_later(self, responses: Awaitable[list[bytes]], *, suppressed: bool) -> Replies:
        return self._respond(await responses, suppressed=suppressed)

    def _respond(self, responses: list[bytes], *, suppressed: bool) -> Replies:
        if suppressed or not responses:
            return NOTHING
        self._responses = responses
        return self._next_response()

    def _next_response(self) -> Replies:
        payload = self._responses.pop(0)
        done = not self._responses
        self._expecting = _Expecting.NOTHING if done else _Expecting.STATUS
        return Replies([(Opcode.INVOKE_RESPONSE, payload)], done)
