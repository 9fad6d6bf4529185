"""Between the runtime's exchanges and the interaction model's server: requests in, answers out, reports on exchanges of our own.

Stands in node, on stack. A request whose handlers do not wait is answered within the call that brought it; one that waits gets a task,
which is cancelled when its exchange fails or the node stops.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from functools import partial
from typing import TYPE_CHECKING, Any

from latchwork.base.errors import LatchworkError
from latchwork.base.logs import log, logger
from latchwork.matter.exchange.exchange import Message
from latchwork.matter.interaction.replies import NOTHING, Replies, status_reply
from latchwork.matter.interaction.server import Transaction
from latchwork.matter.interaction.subscriptions import Report
from latchwork.matter.messages.header import ProtocolId
from latchwork.matter.messages.interaction import Opcode
from latchwork.matter.messages.status import Status
from latchwork.store.errors import StoreUnavailable

if TYPE_CHECKING:
    from latchwork.node.node import Node
    from latchwork.stack.runtime import Exchange, Runtime

_LOG = logger(__name__)
REPORT_TIMEOUT_S = 30.0
"""How long a subscriber may take to answer a report it has acknowledged."""
FAREWELL_S = 5.0
"""How long a session that is to end waits for its last answer to arrive."""


class Serving:
    """Answers the exchanges of one runtime for one node.

    Attributes:
        current_session: whose request is being answered right now, or None.
        retired: sessions that end when their last answer has arrived.
    """

    __slots__ = ("_node", "_report_check", "_report_timer", "_runtime", "_tasks", "current_session", "retired")

    def __init__(self, node: Node, runtime: Runtime) -> None:
        self._node = node
        self._runtime = runtime
        self._tasks: set[asyncio.Task[None]] = set()
        self._report_timer: asyncio.TimerHandle | None = None
        self._report_check: asyncio.Handle | None = None
        self.current_session: object = None
        self.retired: set[object] = set()

    def on_request(self, exchange: Exchange, message: Message) -> None:
        """A peer opened an exchange."""
        session: Any = exchange.session
        if session in self.retired:
            self._runtime.close_session(session)
            return
        if message.protocol_id != ProtocolId.INTERACTION_MODEL:
            exchange.finish()  # acknowledged and no more: nothing else is served here
            return
        transaction = self._node.server.begin(session.subject, session=session, max_payload=session.max_payload)
        exchange.on_message = partial(self._take, exchange, transaction)
        exchange.on_failed = lambda _error: transaction.close()
        self._take(exchange, transaction, message)

    def _take(self, exchange: Exchange, transaction: Transaction, message: Message) -> None:
        if message.protocol_id != ProtocolId.INTERACTION_MODEL:
            return
        node = self._node
        node.counts.messages_received += 1
        self.current_session = exchange.session
        replies: Replies | Awaitable[Replies] = NOTHING
        try:
            with node.turn():
                replies = transaction.receive(message.opcode, message.payload, now=node.clock.monotonic())
        except StoreUnavailable as error:
            # Done, but not stored: whoever asked must not count on it.
            log(_LOG, 40, "store.refused", reason=error)
            if asyncio.iscoroutine(replies):
                replies.close()
            transaction.close()
            replies = status_reply(Status.FAILURE)
        finally:
            self.current_session = None
        if isinstance(replies, Replies):
            self._answer(exchange, replies)
        else:
            task = asyncio.get_running_loop().create_task(self._answer_later(exchange, replies))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            exchange.on_failed = partial(self._abandoned, transaction, task)

    async def _answer_later(self, exchange: Exchange, replies: Awaitable[Replies]) -> None:
        answer = await replies
        if not exchange.is_closed and exchange.failure is None:
            self._answer(exchange, answer)

    @staticmethod
    def _abandoned(transaction: Transaction, task: asyncio.Task[None], _error: LatchworkError) -> None:
        transaction.close()
        task.cancel()

    def _answer(self, exchange: Exchange, replies: Replies) -> None:
        if exchange.session.kind != "group":  # type: ignore[attr-defined]  # a Channel of the runtime is one of its sessions
            for opcode, payload in replies.messages:
                exchange.send(opcode, payload)
            self._node.counts.messages_sent += len(replies.messages)
        if replies.done:
            exchange.finish()
            if replies.messages and replies.messages[-1][0] == Opcode.SUBSCRIBE_RESPONSE:
                self._node.counts.subscriptions += 1
                self.something_changed()

    # --- reports

    def something_changed(self) -> None:
        """An attribute, an event or a subscription is new: look once, after what is going on now is done and stored."""
        if self._report_check is None:
            self._report_check = asyncio.get_running_loop().call_soon(self.schedule_reports)

    def schedule_reports(self) -> None:
        """Has reports sent when the next one is due."""
        self._report_check = None
        deadline = self._node.server.subscriptions.deadline()
        if self._report_timer is not None:
            if deadline is not None and self._report_timer.when() <= self._loop_time(deadline):
                return
            self._report_timer.cancel()
            self._report_timer = None
        if deadline is not None:
            loop = asyncio.get_running_loop()
            self._report_timer = loop.call_at(self._loop_time(deadline), self._send_reports)

    def _loop_time(self, when: float) -> float:
        loop = asyncio.get_running_loop()
        return loop.time() + max(0.0, when - self._node.clock.monotonic())

    def _send_reports(self) -> None:
        self._report_timer = None
        for report in self._node.server.subscriptions.due(self._node.clock.monotonic()):
            self._send_report(report)
        self.schedule_reports()

    def _send_report(self, report: Report) -> None:
        session: Any = report.session
        try:
            exchange = self._runtime.open(session)
        except LatchworkError as error:
            log(_LOG, 20, "report.failed", subscription=report.subscription.id, reason=error)
            report.fail()
            return
        exchange.on_failed = partial(self._report_failed, report)
        watch = asyncio.get_running_loop().call_later(REPORT_TIMEOUT_S, self._report_late, exchange, report)
        exchange.on_message = partial(self._report_answered, exchange, report, watch)
        self._continue_report(exchange, report.start(), watch)

    def _report_answered(
        self, exchange: Exchange, report: Report, watch: asyncio.TimerHandle, message: Message
    ) -> None:
        self._continue_report(exchange, report.receive(message.opcode, message.payload), watch)

    def _continue_report(self, exchange: Exchange, replies: Replies, watch: asyncio.TimerHandle) -> None:
        for opcode, payload in replies.messages:
            exchange.send(opcode, payload)
        self._node.counts.messages_sent += len(replies.messages)
        if replies.done:
            watch.cancel()
            exchange.finish()
            self.schedule_reports()

    def _report_failed(self, report: Report, error: LatchworkError) -> None:
        log(_LOG, 20, "report.lost", subscription=report.subscription.id, reason=error)
        report.fail()
        self.schedule_reports()

    def _report_late(self, exchange: Exchange, report: Report) -> None:
        exchange.finish()
        report.fail()
        self.schedule_reports()

    # --- ends

    def close_after_answer(self, session: Any) -> None:
        """Ends a session once the answer that is on its way has arrived; it takes no new requests meanwhile."""
        self.retired.add(session)
        self._look_again(session, asyncio.get_running_loop().time() + FAREWELL_S)

    def _look_again(self, session: Any, deadline: float) -> None:
        loop = asyncio.get_running_loop()
        if session.is_closed:
            self.retired.discard(session)
        elif not session.exchanges or loop.time() >= deadline:
            self.retired.discard(session)
            self._runtime.close_session(session)
        else:
            loop.call_later(0.05, self._look_again, session, deadline)

    async def close(self) -> None:
        """Stops answering: waiting handlers are cancelled."""
        for handle in (self._report_timer, self._report_check):
            if handle is not None:
                handle.cancel()
        self._report_timer = self._report_check = None
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
