"""Group messages: many receivers, one key, no acknowledgement (Core 4.16, 4.17).

Pure; keys and the sender's counter are arguments.
"""

from __future__ import annotations

import struct
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

from latchwork.base.errors import Misuse
from latchwork.base.logs import Secret
from latchwork.matter.crypto.primitives import Aead, AuthenticationFailed, privacy_transform
from latchwork.matter.messages.header import MIC_LENGTH, HeaderError, MessageHeader, obfuscated_span
from latchwork.matter.session.reception import ReceptionWindow
from latchwork.matter.session.secure import MAX_DATAGRAM, OVERHEAD
from latchwork.matter.trust.access import AuthMode, Subject

_NONCE: Final = struct.Struct("<BIQ")
MAX_SENDERS: Final = 64
"""Senders whose counters are remembered; the least recently heard goes first (Core 4.6.5.2.2 asks for a bound)."""


@dataclass(frozen=True, slots=True, repr=False)
class GroupKey:
    """One operational group key that this node may use.

    Attributes:
        fabric_index: whose.
        session_id: derived from the key; several keys may share one (Core 4.17.3.6).
        key: 16 octets.
        privacy_key: 16 octets, derived from the key.
        groups: group ids that the key is mapped to.
    """

    fabric_index: int
    session_id: int
    key: Secret
    privacy_key: Secret
    groups: frozenset[int]


class GroupSession:
    """The sender's side of one received group message; nothing can be sent back.

    Attributes:
        subject: the group, and the node that wrote to it.
        group_id: which group.
    """

    __slots__ = ("address", "exchanges", "group_id", "is_closed", "is_stream", "last_used", "max_payload", "subject")

    def __init__(self, fabric_index: int, source_node: int, group_id: int, address: object, now: float) -> None:
        self.subject = Subject(AuthMode.GROUP, fabric_index, source_node, group_id=group_id)
        self.group_id = group_id
        self.address = address
        self.is_stream = False
        self.is_closed = False
        self.last_used = now
        self.exchanges: dict[int, Any] = {}
        self.max_payload = MAX_DATAGRAM - OVERHEAD

    @property
    def kind(self) -> str:
        """`group`."""
        return "group"

    @property
    def fabric_index(self) -> int:
        """The fabric whose key opened the message."""
        return self.subject.fabric_index

    @property
    def peer_node_id(self) -> int:
        """The node that sent the message."""
        return self.subject.node_id

    def seal(self, plain: bytes) -> tuple[bytes, int]:
        """A group message has no answer."""
        raise Misuse(f"a group message has no answer ({len(plain)} octets)")

    def retransmission_interval(self, now: float) -> float:
        """A group message has no answer."""
        raise Misuse(f"a group message has no answer (at {now})")


def seal_group_message(
    key: GroupKey, *, source_node: int, group_id: int, counter: int, plain: bytes, privacy: bool = True
) -> bytes:
    """Encrypt a group message: the datagram for the group's multicast address.

    Args:
        key: the current epoch's key.
        source_node: our node id on the fabric.
        group_id: to whom.
        counter: from the group message counter, never used before.
        plain: protocol header and payload.
        privacy: obfuscate the header (Core 4.8.3).
    """
    header = MessageHeader(
        key.session_id,
        counter,
        is_group=True,
        has_privacy=privacy,
        source_node=source_node,
        destination_group=group_id,
    )
    octets = header.encode()
    sealed = Aead(key.key).encrypt(_NONCE.pack(header.security_flags, counter, source_node), plain, octets)
    return _with_privacy(key, octets + sealed) if privacy else octets + sealed


def _with_privacy(key: GroupKey, message: bytes) -> bytes:
    """Hide or show the header's private part: the transformation is its own inverse."""
    start, end = obfuscated_span(message)
    if len(message) < end + MIC_LENGTH:
        raise HeaderError("too short for a message integrity check")
    nonce = message[2:0:-1] + message[-MIC_LENGTH + 5 :]
    return message[:start] + privacy_transform(key.privacy_key, nonce, message[start:end]) + message[end:]


@dataclass(frozen=True, slots=True)
class OpenedGroupMessage:
    """A group message that is authentic and new."""

    key: GroupKey
    source_node: int
    group_id: int
    counter: int
    plain: bytes


class GroupReceiver:
    """Opens group messages with any of the keys that fit, and drops replays.

    Attributes:
        keys: by session id; the node fills it whenever its key sets or its map change.
    """

    __slots__ = ("_senders", "keys")

    def __init__(self) -> None:
        self.keys: dict[int, list[GroupKey]] = {}
        self._senders: OrderedDict[tuple[int, int, bool], ReceptionWindow] = OrderedDict()

    def set_keys(self, keys: list[GroupKey]) -> None:
        """Replace all keys."""
        self.keys = {}
        for key in keys:
            self.keys.setdefault(key.session_id, []).append(key)

    def open(self, session_id: int, data: bytes) -> OpenedGroupMessage | None:
        """The message if one of our keys opens it and it is new, else None: group messages are dropped in silence."""
        for key in self.keys.get(session_id, ()):
            try:
                opened = self._try(key, data)
            except (AuthenticationFailed, HeaderError):
                continue
            if opened is not None:
                return opened
        return None

    def _try(self, key: GroupKey, data: bytes) -> OpenedGroupMessage | None:
        message = _with_privacy(key, data) if data[3] & 0x80 else data
        header, start = MessageHeader.decode(message)
        source, group = header.source_node, header.destination_group
        if source is None or group is None or not header.is_group or group not in key.groups:
            return None
        nonce = _NONCE.pack(header.security_flags, header.counter, source)
        plain = Aead(key.key).decrypt(nonce, message[start:], message[:start])
        sender = (key.fabric_index, source, header.is_control)
        window = self._senders.get(sender)
        if window is None:
            # The first authentic message of a sender is trusted (Core 4.6.5.2.2, trust-first).
            window = self._senders[sender] = ReceptionWindow(None, rolls=True)
            while len(self._senders) > MAX_SENDERS:
                self._senders.popitem(last=False)
        elif not window.is_new(header.counter):
            return None
        self._senders.move_to_end(sender)
        window.commit(header.counter)
        return OpenedGroupMessage(key, source, group, header.counter, plain)
