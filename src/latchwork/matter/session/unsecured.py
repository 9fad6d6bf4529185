"""The unsecured session: what carries a handshake before there are keys (Core 4.13.2.1).

Pure; knows no exchange. The initiator names itself by a random node id, which the responder writes back as the destination.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from latchwork.matter.messages.header import MessageHeader
from latchwork.matter.messages.secure_channel import SessionParameters
from latchwork.matter.session.reception import ReceptionWindow
from latchwork.matter.session.secure import MAX_DATAGRAM, MAX_STREAM_MESSAGE, OVERHEAD
from latchwork.matter.trust.access import Subject

MAX_HEARD: Final = 64
"""Counters remembered beside the window: a handshake has at most five messages either way, and their acknowledgements."""
_NOBODY = Subject(auth_mode=None, fabric_index=0, node_id=0)


class UnsecuredSession:
    """One peer's handshake conversation.

    Attributes:
        ephemeral_id: the initiator's random node id.
        is_initiator: whether that is us.
        address: where the peer is.
        heard: the counters of the newest messages taken, by which a copy that is late beyond the window is known.
    """

    __slots__ = (
        "_next_counter",
        "active_interval",
        "active_threshold",
        "address",
        "ephemeral_id",
        "exchanges",
        "heard",
        "idle_interval",
        "is_closed",
        "is_initiator",
        "is_stream",
        "last_heard",
        "last_used",
        "max_payload",
        "reception",
        "subject",
    )

    def __init__(
        self,
        *,
        ephemeral_id: int,
        is_initiator: bool,
        address: object,
        next_counter: Callable[[], int],
        parameters: SessionParameters,
        now: float,
    ) -> None:
        self.ephemeral_id = ephemeral_id
        self.is_initiator = is_initiator
        self.address = address
        self.is_stream = type(address) is not tuple
        self.max_payload = (MAX_STREAM_MESSAGE if self.is_stream else MAX_DATAGRAM) - OVERHEAD
        self.exchanges: dict[int, Any] = {}
        self.is_closed = False
        self.heard: deque[int] = deque(maxlen=MAX_HEARD)
        # Whoever is written to first may be asleep: until it answers, its idle interval counts (Core 4.12.2.1).
        self.last_heard = float("-inf") if is_initiator else now
        self.last_used = now
        self.reception = ReceptionWindow(None, rolls=True)
        # Everybody may claim this session: it carries no rights (the subject is never asked for access).
        self.subject = _NOBODY
        self._next_counter = next_counter
        self.apply(parameters)

    def apply(self, parameters: SessionParameters) -> None:
        """Use the peer's intervals, known from discovery or from its handshake."""
        self.idle_interval = parameters.idle_interval_ms / 1000
        self.active_interval = parameters.active_interval_ms / 1000
        self.active_threshold = parameters.active_threshold_ms / 1000

    def retransmission_interval(self, now: float) -> float:
        """Seconds that the peer needs to answer: less while it is awake."""
        return self.active_interval if now - self.last_heard < self.active_threshold else self.idle_interval

    def seal(self, plain: bytes) -> tuple[bytes, int]:
        """Put the header in front: the datagram and its counter."""
        counter = self._next_counter()
        if self.is_initiator:
            header = MessageHeader(0, counter, source_node=self.ephemeral_id)
        else:
            header = MessageHeader(0, counter, destination_node=self.ephemeral_id)
        return header.encode() + plain, counter

    def __repr__(self) -> str:
        return f"<unsecured session {self.ephemeral_id:016X} at {self.address}>"
