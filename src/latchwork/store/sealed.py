"""Values that must not be read from a stolen storage: encrypted and bound to their key's name before they are kept.

Layer store; knows octets and names, not what they are. The key lies in a file of its own beside the storage, never in it.

What this is worth, and what not. PINs must come back as they were: the lock compares them at the door, and older commands of Matter
hand them out. So they are encrypted, not hashed; a hash of four digits would not hide them anyway. Whoever has the storage alone (a
backup, a copy, a discarded card with a later key) learns nothing. Whoever has both files has the codes. A value that is altered, or
moved to another name, is noticed; one that is put back to an older state of the same name is not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from latchwork.base.logs import Secret
from latchwork.store.errors import SealBroken
from latchwork.store.key_file import RESTORE

_NONCE_LENGTH: Final = 12
_VERSION: Final = b"\x01"
_OVERHEAD: Final = len(_VERSION) + _NONCE_LENGTH + 16


class Seal:
    """Seals values with one key.

    A sealed value is a version octet, a random nonce and ChaCha20-Poly1305 (RFC 8439) over the value, with the name as associated
    data. Nonces are random: far fewer values are ever sealed with one key than the 2^32 for which that is safe.

    Args:
        key: 32 octets, of `Store.sealing_key`.
        entropy: octets nobody can guess.
    """

    __slots__ = ("_cipher", "_entropy")

    def __init__(self, key: bytes, entropy: Callable[[int], bytes]) -> None:
        self._cipher = ChaCha20Poly1305(key)
        self._entropy = entropy

    def seal(self, name: str, value: bytes) -> bytes:
        """The value as it may be kept under `name`, and only there."""
        nonce = self._entropy(_NONCE_LENGTH)
        return _VERSION + nonce + self._cipher.encrypt(nonce, value, name.encode())

    def open(self, name: str, sealed: bytes) -> Secret:
        """The value that was sealed for `name`.

        Raises:
            SealBroken: it was not, or not with this key, or not by us.
        """
        if len(sealed) < _OVERHEAD or sealed[:1] != _VERSION:
            raise SealBroken(f"{name} holds nothing that was sealed", advice=RESTORE)
        nonce = sealed[1 : 1 + _NONCE_LENGTH]
        try:
            return Secret(self._cipher.decrypt(nonce, sealed[1 + _NONCE_LENGTH :], name.encode()))
        except InvalidTag:
            raise SealBroken(
                f"{name} was sealed with another key, or was altered since",
                advice=RESTORE,
            ) from None
