"""Group keys: epoch keys, what is derived from them and where groups listen (Core 4.17, 2.5.6.2).

Pure. Key set 0 of a fabric is its identity protection key (IPK).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from latchwork.base.logs import Secret
from latchwork.matter.crypto.primitives import hkdf

KEY_LENGTH: Final = 16
MAX_EPOCH_KEYS: Final = 3

MULTICAST_PORT: Final = 5540
"""UDP port of group messages (Core 2.5.6.2)."""


@dataclass(frozen=True, slots=True)
class EpochKey:
    """One of up to three keys of a set.

    Attributes:
        key: 16 octets, as an administrator wrote it.
        start_time_us: when it comes into use, microseconds of the epoch 2000; 0 is always.
    """

    key: Secret
    start_time_us: int


@dataclass(frozen=True, slots=True)
class GroupKeySet:
    """A key set (Core 11.2.5.4).

    Attributes:
        key_set_id: 0 is the IPK.
        security_policy: 0 trust first, 1 cache and sync.
        epoch_keys: one to three, by ascending start time.
    """

    key_set_id: int
    security_policy: int
    epoch_keys: tuple[EpochKey, ...]


def operational_key(epoch_key: bytes, compressed_id: bytes) -> Secret:
    """The key that is used, from an epoch key and the compressed fabric id (Core 4.17.2)."""
    return Secret(hkdf(epoch_key, compressed_id, b"GroupKey v1.0", KEY_LENGTH))


def group_session_id(key: bytes) -> int:
    """The session id of messages under an operational key (Core 4.17.3.6)."""
    return int.from_bytes(hkdf(key, b"", b"GroupKeyHash", 2), "big")


def privacy_key(key: bytes) -> Secret:
    """The key that obfuscates headers, from an operational key (Core 4.9.1)."""
    return Secret(hkdf(key, b"", b"PrivacyKey", KEY_LENGTH))


def current_epoch_key(keys: GroupKeySet, now_us: int | None) -> EpochKey:
    """The key to send with: the newest that has begun, or the second newest without a clock (Core 4.17.3).

    Args:
        keys: with at least one epoch key.
        now_us: microseconds of the epoch 2000, or None without a valid clock.
    """
    if now_us is None:
        return keys.epoch_keys[-2] if len(keys.epoch_keys) > 1 else keys.epoch_keys[0]
    begun = [key for key in keys.epoch_keys if key.start_time_us <= now_us]
    return begun[-1] if begun else keys.epoch_keys[0]


def multicast_address(fabric_id: int, group_id: int) -> str:
    """The IPv6 address of a group, site-local scope, prefix-based (Core 2.5.6.2, RFC 3306)."""
    octets = b"\xff\x35\x00\x40\xfd" + fabric_id.to_bytes(8, "big") + b"\x00" + group_id.to_bytes(2, "big")
    return str(ipaddress.IPv6Address(octets))


def operational_keys(keys: GroupKeySet, compressed_id: bytes) -> Sequence[Secret]:
    """Every operational key of a set."""
    return [operational_key(key.key, compressed_id) for key in keys.epoch_keys]
