"""Where a virtual lock can be watched and disturbed: datagrams, messages, commands, events, writes.

Layer sim: a lock's own code runs as it is; faults stand between its parts and have no place inside them. A seam that nobody uses costs
a look at an empty list.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from latchwork.base.errors import LatchworkError
from latchwork.devices.door_lock import DoorLockBehavior
from latchwork.matter.exchange.exchange import Message
from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.interaction import Opcode
from latchwork.matter.messages.status import StatusError
from latchwork.matter.model.meta import Command, Event
from latchwork.matter.tlv.schema import Struct
from latchwork.sim.power import Filter
from latchwork.stack.runtime import Exchange, Runtime

if TYPE_CHECKING:
    from latchwork.devices.hardware import Hardware
    from latchwork.devices.lock_model import LockModel
    from latchwork.matter.model.clusters.door_lock import DoorLock
    from latchwork.node.endpoint import Endpoint

Answer = Struct | Awaitable[Struct | None] | None
Rule = Callable[[DoorLockBehavior, Command, Any, RequestContext, Callable[[], Answer]], Answer]
"""Stands before the door lock: calls its last argument to have the command carried out, or answers or refuses it itself."""
Hearing = Callable[["Talk", Message], Message]
"""Sees a message before the node does, and gives the one that it gets."""
Speaking = Callable[["Talk", int, bytes], tuple[int, bytes]]
"""Sees an answer's opcode and payload before the peer does, and gives the ones that are sent."""


@dataclass(slots=True)
class Seams:
    """What stands between the parts of one lock. It outlives the lock's nodes.

    Attributes:
        incoming, outgoing: see every datagram, and may swallow it.
        hearing, speaking: see every message of a peer's requests, and may change it.
        answers_after_s: seconds that every answer is held back.
        rules: stand before every command of the door lock, the first one outermost.
        losing: see every event of the door lock; one that says True has it lost.
        writing: called before and after each write to the store, with False and True.
        on_refused: called with each command of the door lock that a rule refused and the lock never saw.
        on_event: called with each event of the door lock.
    """

    incoming: list[Filter] = field(default_factory=list)
    outgoing: list[Filter] = field(default_factory=list)
    hearing: list[Hearing] = field(default_factory=list)
    speaking: list[Speaking] = field(default_factory=list)
    answers_after_s: float = 0.0
    rules: list[Rule] = field(default_factory=list)
    losing: list[Callable[[Event], bool]] = field(default_factory=list)
    writing: list[Callable[[bool], None]] = field(default_factory=list)
    on_refused: Callable[[Command, Any, RequestContext, StatusError], None] = lambda *_: None
    on_event: Callable[[Event, Struct | None], None] = lambda *_: None

    def intercept(self, runtime: Runtime) -> None:
        """Stand between a runtime and its node from now on."""
        take = runtime.on_request

        def taken(exchange: Exchange, message: Message) -> None:
            if not (self.hearing or self.speaking or self.answers_after_s):
                take(exchange, message)
                return
            talk = Talk(exchange, self)
            take(talk, talk.heard(message))  # type: ignore[arg-type]  # has what a server of requests uses of an exchange

        runtime.on_request = taken

    def written(self, is_done: bool) -> None:
        """A write to the store is about to happen, or has happened."""
        for look in tuple(self.writing):
            look(is_done)


class Talk:
    """One exchange that a peer opened, with faults between the two.

    Attributes:
        exchange: the real one.
        is_timed: a timed request has been heard on it.
    """

    __slots__ = ("_on_message", "_seams", "_waiting", "exchange", "is_timed")

    def __init__(self, exchange: Exchange, seams: Seams) -> None:
        self.exchange = exchange
        self.is_timed = False
        self._seams = seams
        self._waiting: list[Callable[[], None]] = []
        self._on_message: Callable[[Message], None] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.exchange, name)

    @property
    def on_message(self) -> Callable[[Message], None] | None:
        """Who takes the peer's further messages."""
        return self._on_message

    @on_message.setter
    def on_message(self, take: Callable[[Message], None]) -> None:
        self._on_message = take
        self.exchange.on_message = lambda message: take(self.heard(message))

    @property
    def on_failed(self) -> Callable[[LatchworkError], None] | None:
        """Who is told when the exchange fails."""
        return self.exchange.on_failed

    @on_failed.setter
    def on_failed(self, take: Callable[[LatchworkError], None]) -> None:
        self.exchange.on_failed = take

    def heard(self, message: Message) -> Message:
        """What the node gets in the place of a peer's message."""
        for change in tuple(self._seams.hearing):
            message = change(self, message)
        if message.opcode == Opcode.TIMED_REQUEST:
            self.is_timed = True
        return message

    def send(self, opcode: int, payload: bytes, *, protocol_id: int = 1, final: bool = False) -> None:
        """Answer the peer, changed and late as faults want it."""
        for change in tuple(self._seams.speaking):
            opcode, payload = change(self, opcode, payload)
        self._later(lambda: self.exchange.send(opcode, payload, protocol_id=protocol_id, final=final))

    def finish(self) -> None:
        """No more messages of ours."""
        self._later(self.exchange.finish)

    def _later(self, act: Callable[[], None]) -> None:
        if not self._seams.answers_after_s and not self._waiting:
            act()
            return
        self._waiting.append(act)
        asyncio.get_running_loop().call_later(self._seams.answers_after_s, self._act)

    def _act(self) -> None:
        # Timers of the same instant come in any order; what waits longest goes first.
        act = self._waiting.pop(0)
        with suppress(LatchworkError):
            act()


class WatchedDoorLock(DoorLockBehavior):
    """A door lock that is watched and disturbed through its seams."""

    __slots__ = ("_seams",)

    def __init__(self, endpoint: Endpoint, state: DoorLock, model: LockModel, hardware: Hardware, seams: Seams) -> None:
        super().__init__(endpoint, state, model, hardware)
        self._seams = seams

    def invoke(self, command: Command, request: Any, context: RequestContext) -> Answer:
        """As the door lock does, unless a rule answers."""
        seams = self._seams
        if not seams.rules:
            return super().invoke(command, request, context)
        is_seen = False

        def carry_out() -> Answer:
            nonlocal is_seen
            is_seen = True
            return super(WatchedDoorLock, self).invoke(command, request, context)

        proceed: Callable[[], Answer] = carry_out
        for rule in reversed(seams.rules):
            proceed = partial(rule, self, command, request, context, proceed)
        try:
            return proceed()
        except StatusError as error:
            if not is_seen:
                seams.on_refused(command, request, context, error)
            raise

    def emit(self, event: Event, payload: Struct | None = None, *, fabric_index: int | None = None) -> int:
        """Records an event and tells of it, unless it is lost: then only its number is used up."""
        seams = self._seams
        seams.on_event(event, payload)
        if any([lost(event) for lost in tuple(seams.losing)]):  # noqa: C419 - each counts for itself
            log = self.node.events
            number = log.next_number
            log.next_number = number + 1
            return number
        return super().emit(event, payload, fabric_index=fabric_index)
