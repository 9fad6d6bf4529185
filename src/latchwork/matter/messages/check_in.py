"""The Check-In message: how a device that slept says that it is awake (Core 4.22).

Stands on `crypto`; knows neither who is registered nor where a message goes. It travels outside of any session, so everything that
makes it authentic is in its payload: a nonce that only the key's owners can derive from the counter, then counter and application
data under AES-CCM. Device and client use the one key that the client registered, for the nonce and for the encryption.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from latchwork.base.errors import Misuse, PeerViolation
from latchwork.matter.crypto.primitives import (
    NONCE_LENGTH,
    TAG_LENGTH,
    Aead,
    AuthenticationFailed,
    constant_time_equal,
    hmac_sha256,
)

_COUNTER: Final = struct.Struct("<I")
_THRESHOLD: Final = struct.Struct("<H")
MIN_PAYLOAD: Final = NONCE_LENGTH + _COUNTER.size + TAG_LENGTH
"""Octets of a message without application data."""
MAX_APPLICATION_DATA: Final = 128
"""Octets of application data that we take: a sleeping device sends two, later revisions may send more."""
REFRESH_OFFSET: Final = 1 << 31
"""From this many counts on, the key is to be replaced: half of them are used (Core 4.22.3.4.1)."""
_CYCLE: Final = 1 << 32


class CheckInError(PeerViolation):
    """Not a Check-In message under this key."""


class CheckIn(NamedTuple):
    """What a Check-In message says.

    Attributes:
        counter: the sender's, 32 bits; it rolls over.
        application_data: what follows it.
    """

    counter: int
    application_data: bytes = b""

    @property
    def active_threshold_ms(self) -> int | None:
        """How long the sender stays awake after each message, milliseconds; None where it does not say (Core 9.15.1)."""
        if len(self.application_data) < _THRESHOLD.size:
            return None
        threshold: int = _THRESHOLD.unpack_from(self.application_data)[0]
        return threshold


class CheckInKey:
    """One registration's key, ready for use.

    Raises:
        Misuse: the key is not 16 octets.
    """

    __slots__ = ("_aead", "_key")

    def __init__(self, key: bytes) -> None:
        self._aead = Aead(key)
        self._key = bytes(key)

    def __repr__(self) -> str:
        return "CheckInKey(…)"

    def seal(self, counter: int, application_data: bytes = b"") -> bytes:
        """The payload of a Check-In message.

        Raises:
            Misuse: the counter does not have 32 bits, or the data is too long.
        """
        if not 0 <= counter < _CYCLE or len(application_data) > MAX_APPLICATION_DATA:
            raise Misuse("a Check-In has a counter of 32 bits and at most 128 octets of data")
        counted = _COUNTER.pack(counter)
        nonce = self._nonce(counted)
        return nonce + self._aead.encrypt(nonce, counted + application_data, b"")

    def seal_wake(self, counter: int, active_threshold_ms: int) -> bytes:
        """The payload by which a sleeping device says that it is awake, and for how long after each message."""
        return self.seal(counter, _THRESHOLD.pack(min(active_threshold_ms, 0xFFFF)))

    def open(self, payload: bytes) -> CheckIn:
        """What the payload says.

        Raises:
            CheckInError: it is malformed, or was not sealed with this key.
        """
        if not MIN_PAYLOAD <= len(payload) <= MIN_PAYLOAD + MAX_APPLICATION_DATA:
            raise CheckInError(f"a Check-In cannot have {len(payload)} octets")
        nonce = payload[:NONCE_LENGTH]
        try:
            plain = self._aead.decrypt(nonce, payload[NONCE_LENGTH:], b"")
        except AuthenticationFailed:
            raise CheckInError("the Check-In is not under this key") from None
        if not constant_time_equal(nonce, self._nonce(plain[: _COUNTER.size])):
            raise CheckInError("the Check-In's nonce is not that of its counter")
        return CheckIn(_COUNTER.unpack_from(plain)[0], plain[_COUNTER.size :])

    def _nonce(self, counted: bytes) -> bytes:
        return hmac_sha256(self._key, counted)[:NONCE_LENGTH]


class CheckInWindow:
    """Which counters a client has seen from one device (Core 4.22.3.4.1).

    Attributes:
        start: the device's counter when the key was registered.
        offset: how far the newest message was from it; 0 when none came yet.
    """

    __slots__ = ("offset", "start")

    def __init__(self, start: int, offset: int = 0) -> None:
        self.start = start
        self.offset = offset

    @property
    def needs_new_key(self) -> bool:
        """Whether half of the counters are used up."""
        return self.offset >= REFRESH_OFFSET

    def accept(self, counter: int) -> bool:
        """Take a counter; False when it is not newer than all before, so that the message is a repetition."""
        offset = (counter - self.start) % _CYCLE
        if offset <= self.offset:
            return False
        self.offset = offset
        return True
