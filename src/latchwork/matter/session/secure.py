"""Message security of unicast sessions: encrypt, decrypt, count (Core 4.6, 4.8).

Values in, values out; knows no exchange and no socket. A session's keys live in two AEAD objects made once, because making one costs
as much as a message.
"""

from __future__ import annotations

import struct
from typing import Any, Final

from latchwork.base.errors import Unreachable
from latchwork.base.logs import Secret
from latchwork.matter.crypto.primitives import Aead
from latchwork.matter.messages.header import FIXED_HEADER
from latchwork.matter.messages.secure_channel import SessionParameters
from latchwork.matter.session.reception import ReceptionWindow
from latchwork.matter.trust.access import AuthMode, Subject

_NONCE: Final = struct.Struct("<BI")
_LAST_COUNTER: Final = 0xFFFF_FFFF
MAX_DATAGRAM: Final = 1232
"""Octets of a UDP payload that fit IPv6's smallest MTU (Core 4.4.4)."""
OVERHEAD: Final = 8 + 10 + 16
"""Octets of a unicast secure message around the application's: message header, protocol header with acknowledgement, MIC."""
MAX_STREAM_MESSAGE: Final = 64_000
"""Octets of a message that we take over TCP (Core 4.15: at least 64000)."""

Address = object
"""Where a peer is. A tuple is a datagram address; any other object is a stream's, whose transport is reliable."""


class CounterExhausted(Unreachable):
    """The session sent 2^32 messages: its keys must not be used again."""


class SecureSession:
    """One secure unicast session, PASE or CASE.

    Attributes:
        local_id: our session id: what the peer writes into its messages.
        peer_id: the peer's session id.
        subject: who the peer is for access control.
        address: where the peer's last authentic message came from.
        peer_parameters: the peer's retransmission intervals and limits.
        attestation_challenge: binds attestation to this session (Core 4.13.2.6).
        is_initiator: whether we opened it.
        is_closed: no message can pass any more.
        last_heard: when the peer's last authentic message arrived, monotonic seconds.
        last_used: when a message last went either way.
        exchanges: open exchanges by id; the engine's.
        max_payload: octets of an application message that fit one message.
    """

    __slots__ = (
        "__weakref__",
        "_decrypt",
        "_encrypt",
        "_local_node",
        "_peer_node",
        "active_interval",
        "active_threshold",
        "address",
        "attestation_challenge",
        "counter",
        "exchanges",
        "idle_interval",
        "is_closed",
        "is_initiator",
        "is_stream",
        "last_heard",
        "last_used",
        "local_id",
        "local_node_id",
        "max_payload",
        "peer_id",
        "peer_parameters",
        "reception",
        "resumed",
        "subject",
    )

    def __init__(
        self,
        *,
        local_id: int,
        peer_id: int,
        encrypt_key: Secret,
        decrypt_key: Secret,
        attestation_challenge: Secret,
        subject: Subject,
        local_node_id: int,
        peer_parameters: SessionParameters,
        is_initiator: bool,
        address: object,
        first_counter: int,
        now: float,
        resumed: bool = False,
    ) -> None:
        self.local_id = local_id
        self.peer_id = peer_id
        self._encrypt = Aead(encrypt_key).encrypt
        self._decrypt = Aead(decrypt_key).decrypt
        # The nonce names the sender; PASE peers have no node id yet (Core 4.8.1.1).
        is_case = subject.auth_mode is AuthMode.CASE
        self._local_node = (local_node_id if is_case else 0).to_bytes(8, "little")
        self._peer_node = (subject.node_id if is_case else 0).to_bytes(8, "little")
        self.local_node_id = local_node_id
        self.attestation_challenge = attestation_challenge
        self.subject = subject
        self.peer_parameters = peer_parameters
        self.idle_interval = peer_parameters.idle_interval_ms / 1000
        self.active_interval = peer_parameters.active_interval_ms / 1000
        self.active_threshold = peer_parameters.active_threshold_ms / 1000
        self.is_initiator = is_initiator
        self.address = address
        self.is_stream = type(address) is not tuple
        self.max_payload = (MAX_STREAM_MESSAGE if self.is_stream else MAX_DATAGRAM) - OVERHEAD
        self.counter = first_counter
        self.reception = ReceptionWindow()
        self.exchanges: dict[int, Any] = {}
        self.is_closed = False
        self.last_heard = self.last_used = now
        self.resumed = resumed

    @property
    def id(self) -> int:
        """Our session id."""
        return self.local_id

    @property
    def kind(self) -> str:
        """`pase` or `case`."""
        return "case" if self.subject.auth_mode is AuthMode.CASE else "pase"

    @property
    def fabric_index(self) -> int:
        """The fabric that the session belongs to; 0 for a PASE session before a fabric was added."""
        return self.subject.fabric_index

    @property
    def peer_node_id(self) -> int:
        """The peer's node id on the fabric; 0 for PASE."""
        return self.subject.node_id

    def retransmission_interval(self, now: float) -> float:
        """Seconds that the peer needs to answer: less while it is awake (Core 4.12.2.1)."""
        return self.active_interval if now - self.last_heard < self.active_threshold else self.idle_interval

    def seal(self, plain: bytes) -> tuple[bytes, int]:
        """Encrypt protocol header and payload: the datagram and its message counter.

        Raises:
            CounterExhausted: no counter is left; the session must be replaced.
        """
        counter = self.counter
        if counter > _LAST_COUNTER:
            raise CounterExhausted("the session's message counter is exhausted")
        self.counter = counter + 1
        header = FIXED_HEADER.pack(0, self.peer_id, 0, counter)
        return header + self._encrypt(_NONCE.pack(0, counter) + self._local_node, plain, header), counter

    def open(self, header: bytes, security_flags: int, counter: int, sealed: bytes) -> bytes:
        """Decrypt a payload; `header` is the message's header as it arrived.

        The reception window is the caller's to ask before and to commit after.

        Raises:
            AuthenticationFailed: the message is not from the peer, or was changed.
        """
        return self._decrypt(_NONCE.pack(security_flags, counter) + self._peer_node, sealed, header)

    def __repr__(self) -> str:
        return f"<{self.kind} session {self.local_id} with node {self.peer_node_id:016X} at {self.address}>"
