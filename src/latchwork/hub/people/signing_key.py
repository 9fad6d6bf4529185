"""The key with which the hub signs what it hands out: Ed25519, made at the first use, kept sealed beside the other keys.

Layer hub, on store. Whoever has the public key can check a signature without this hub, years later and without a network.
"""

from __future__ import annotations

import base64
import binascii
import sqlite3
from collections.abc import Callable
from hashlib import blake2b, sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from latchwork.hub.books.doors import get_setting, put_setting
from latchwork.hub.books.rows import Json
from latchwork.store.database import Database
from latchwork.store.errors import SealBroken
from latchwork.store.key_file import RESTORE
from latchwork.store.sealed import Seal

PUBLIC_LENGTH: Final = 32
"""Octets of a public key (RFC 8032 5.1.5)."""
_SETTING: Final = "hub/signing_key"
_NAME: Final = "signing key"


class SigningKey:
    """The hub's key.

    Args:
        database: where it is kept, sealed.
        entropy: octets nobody can guess.
    """

    __slots__ = ("_database", "_entropy", "_private")

    def __init__(self, database: Database, entropy: Callable[[int], bytes]) -> None:
        self._database = database
        self._entropy = entropy
        self._private: Ed25519PrivateKey | None = None

    async def public(self) -> bytes:
        """The public key, 32 octets (RFC 8032).

        Raises:
            SealBroken: the key is sealed with another key file.
            StoreError: the storage failed.
        """
        return (await self._key()).public_key().public_bytes_raw()

    async def sign(self, message: bytes) -> bytes:
        """The signature of `message`, 64 octets (RFC 8032 5.1.6).

        Raises:
            SealBroken: the key is sealed with another key file.
            StoreError: the storage failed.
        """
        return (await self._key()).sign(message)

    async def _key(self) -> Ed25519PrivateKey:
        if self._private is None:
            self._private = Ed25519PrivateKey.from_private_bytes(await self._kept())
        return self._private

    async def _kept(self) -> bytes:
        key = blake2b(b"signing key", key=self._database.sealing_key(self._entropy), digest_size=32).digest()
        seal = Seal(key, self._entropy)
        found = self._database.read(lambda connection: get_setting(connection, _SETTING))
        if found is None:
            sealed = base64.b64encode(seal.seal(_NAME, self._entropy(32))).decode()
            found = await self._database.write(lambda connection: _first(connection, sealed))
        if not isinstance(found, str):
            raise SealBroken("the hub's signing key cannot be read", advice=RESTORE)
        try:
            return seal.open(_NAME, base64.b64decode(found, validate=True))
        except binascii.Error:
            raise SealBroken("the hub's signing key cannot be read", advice=RESTORE) from None


def fingerprint(public: bytes) -> str:
    """A public key as people compare it: `sha256:` and 64 hexadecimal digits."""
    return f"sha256:{sha256(public).hexdigest()}"


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the owner of a public key signed the message; a key or signature that is none is a no."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _first(connection: sqlite3.Connection, sealed: str) -> Json:
    """Keep the key, unless somebody was faster; gives the one that stays."""
    kept = get_setting(connection, _SETTING)
    if kept is None:
        put_setting(connection, _SETTING, sealed)
        return sealed
    return kept
