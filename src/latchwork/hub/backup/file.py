"""The file that a backup is: a header, and chunks that are encrypted and authenticated one by one, with named entries inside.

Layer hub; knows octets and a passphrase, neither a hub nor what the entries mean. Memory stays the same however long the file is.

The format, version 1; numbers are big-endian:

```
 0  16  "latchwork backup"
16   1  version
17   3  scrypt's log2 N, r and p (RFC 7914)
20  16  salt
36   4  CRC-32 of octets 0 to 35
40  32  HMAC-SHA-256 of octets 0 to 39 under the second half of the key
72      chunks of 65,536 octets, the last one of 1 to 65,536, each with its tag of 16
```

The key is 64 octets of scrypt. A chunk is sealed by ChaCha20-Poly1305 (RFC 8439) under its first half; the nonce is the chunk's number
in 11 octets, and 1 for the last chunk or 0 (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015). So a chunk that is
changed, left out, repeated or moved is found, and so is the end of a file that was cut off. A nonce is never used twice, because each
file has a salt and so a key of its own.

What the chunks hold is entries, one after the other: the length of the name (1 octet), the name, the length of the content (8), the
content. A name of length 0 is the end.
"""

from __future__ import annotations

import hmac
import re
import struct
import unicodedata
from binascii import crc32
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from latchwork.base.errors import LatchworkError, Misuse
from latchwork.base.logs import Secret

MAGIC: Final = b"latchwork backup"
VERSION: Final = 1
CHUNK: Final = 1 << 16
"""Octets of a chunk before its tag."""
MIN_PASSPHRASE: Final = 12
MAX_PASSPHRASE: Final = 1024
"""Characters of a passphrase."""

_TAG: Final = 16
_SALT: Final = 16
_HEADER: Final = struct.Struct(f">16sBBBB{_SALT}s")
_CRC: Final = struct.Struct(">I")
_MAC: Final = 32
_SIZE: Final = struct.Struct(">Q")
_MAX_MEMORY: Final = 1 << 30
"""Octets that a header may make scrypt use: it is believed before it is authenticated."""
_MAX_PASSES: Final = 16
_FEW: Final = 5
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class BackupError(LatchworkError):
    """Something about a backup; the subclasses say what."""


class NotABackup(BackupError):
    """The file is something else."""

    advice = "Choose the file that `latchwork backup` wrote."


class BackupTooNew(BackupError):
    """A later version of Latchwork wrote the file."""

    advice = "Use the version of Latchwork that wrote it, or a later one."


class BackupDamaged(BackupError):
    """The file is not what was written: changed, cut off, or put together from others."""

    advice = "Copy the file once more from where it was kept, or take another backup."


class WrongPassphrase(BackupError, Misuse):
    """The passphrase is not the one that the backup was made with."""

    advice = "Look for small and capital letters and for the keyboard's layout."


class PassphraseRefused(Misuse):
    """The passphrase is too short, too long or guessed too easily."""

    advice = "Four or more words that do not belong together make a good one. Nobody can open the backup without it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one try of a passphrase costs: with the defaults 128 MiB and some tenths of a second.

    Attributes:
        log_n: the binary logarithm of N.
        r, p: as RFC 7914 names them.
    """

    log_n: int = 17
    r: int = 8
    p: int = 1


class _Output(Protocol):
    def write(self, data: bytes, /) -> object: ...


def check_passphrase(passphrase: str) -> None:
    """Refuses what is tried first: whoever has the file may try for years, and opens every door with it.

    Raises:
        PassphraseRefused: with the reason.
    """
    if not MIN_PASSPHRASE <= len(passphrase) <= MAX_PASSPHRASE:
        raise PassphraseRefused(f"a backup's passphrase has {MIN_PASSPHRASE} to {MAX_PASSPHRASE} characters")
    if len(set(passphrase.lower())) < _FEW:
        raise PassphraseRefused("this passphrase repeats a few characters")
    try:
        passphrase.encode()
    except UnicodeEncodeError:
        raise PassphraseRefused("a passphrase consists of whole characters") from None


class Sealer:
    """Writes a backup.

    Args:
        out: where it goes.
        passphrase: what opens it.
        entropy: octets nobody can guess.
        cost: of a try.
    """

    __slots__ = ("_cipher", "_number", "_out", "_waiting")

    def __init__(
        self, out: _Output, passphrase: str, entropy: Callable[[int], bytes], cost: Cost | None = None
    ) -> None:
        cost = cost or Cost()
        header = _HEADER.pack(MAGIC, VERSION, cost.log_n, cost.r, cost.p, entropy(_SALT))
        stream_key, header_key = _keys(passphrase, header)
        header += _CRC.pack(crc32(header))
        out.write(header + hmac.digest(header_key, header, "sha256"))
        self._out = out
        self._cipher = ChaCha20Poly1305(stream_key)
        self._number = 0
        self._waiting = bytearray()

    def add(self, name: str, size: int, pieces: Iterator[bytes]) -> None:
        """An entry, in pieces that are `size` octets together.

        Raises:
            Misuse: the name is none, or the pieces are not as long as was said.
        """
        if _NAME.fullmatch(name) is None:
            raise Misuse("this is no name for an entry of a backup")
        self._write(bytes((len(name),)) + name.encode() + _SIZE.pack(size))
        left = size
        for piece in pieces:
            left -= len(piece)
            if left < 0:
                break
            self._write(piece)
        if left:
            raise Misuse(f"the entry {name} changed while it was backed up")

    def finish(self) -> None:
        """Write the end."""
        self._write(b"\0")
        self._seal(bytes(self._waiting), is_last=True)

    def _write(self, data: bytes) -> None:
        self._waiting += data
        while len(self._waiting) > CHUNK:  # what fills a chunk may be the last one
            self._seal(bytes(self._waiting[:CHUNK]), is_last=False)
            del self._waiting[:CHUNK]

    def _seal(self, plain: bytes, *, is_last: bool) -> None:
        self._out.write(self._cipher.encrypt(_nonce(self._number, is_last=is_last), plain, None))
        self._number += 1


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry that is being read: use up `pieces` before the next one.

    Attributes:
        name: as it was added.
        size: octets.
        pieces: the content.
    """

    name: str
    size: int
    pieces: Iterator[bytes]


class Opener:
    """Reads a backup.

    Args:
        source: where it comes from, at its begin.
        passphrase: what opens it.

    Raises:
        NotABackup: it is something else.
        BackupTooNew: a later version wrote it.
        BackupDamaged: its header was changed or cut off.
        WrongPassphrase: the header is whole and another passphrase's.
    """

    __slots__ = ("_ahead", "_cipher", "_number", "_plain", "_source")

    def __init__(self, source: BinaryIO, passphrase: str) -> None:
        self._source = source
        header = self._exactly(_HEADER.size + _CRC.size + _MAC)
        if header[: len(MAGIC)] != MAGIC:
            raise NotABackup("this is no backup of Latchwork")
        if len(header) > len(MAGIC) and header[len(MAGIC)] > VERSION:
            raise BackupTooNew(f"this backup has format {header[len(MAGIC)]}, and this version knows {VERSION}")
        if len(header) < _HEADER.size + _CRC.size + _MAC:
            raise BackupDamaged("the backup ends in its header")
        signed, mac = header[:-_MAC], header[-_MAC:]
        if crc32(signed[: _HEADER.size]) != _CRC.unpack(signed[_HEADER.size :])[0]:
            raise BackupDamaged("the backup's header was changed")
        _check_cost(signed)
        stream_key, header_key = _keys(passphrase, signed[: _HEADER.size])
        if not hmac.compare_digest(hmac.digest(header_key, signed, "sha256"), mac):
            raise WrongPassphrase("this passphrase does not open the backup")
        self._cipher = ChaCha20Poly1305(stream_key)
        self._number = 0
        self._plain = b""
        self._ahead: bytes | None = self._exactly(CHUNK + _TAG)

    def entries(self) -> Iterator[Entry]:
        """All entries, in their order; the end was seen when there are no more.

        Raises:
            BackupDamaged: something was changed, cut off, left out or added.
        """
        names = set()
        while length := self._take(1)[0]:
            name = self._take(length).decode("ascii", "replace")
            if _NAME.fullmatch(name) is None or name in names:
                raise BackupDamaged("the backup names what no backup holds")
            names.add(name)
            (size,) = _SIZE.unpack(self._take(_SIZE.size))
            left = [size]
            yield Entry(name, size, self._pieces(left))
            for _ in self._pieces(left):
                pass
        if self._plain or self._ahead:
            raise BackupDamaged("the backup goes on behind its end")

    def _pieces(self, left: list[int]) -> Iterator[bytes]:
        while left[0]:
            if not self._plain:
                self._open()
            piece, self._plain = self._plain[: left[0]], self._plain[left[0] :]
            left[0] -= len(piece)
            yield piece

    def _take(self, length: int) -> bytes:
        """That many octets of what the chunks hold."""
        while len(self._plain) < length:
            self._plain += self._open_next()
        taken, self._plain = self._plain[:length], self._plain[length:]
        return taken

    def _open(self) -> None:
        self._plain = self._open_next()

    def _open_next(self) -> bytes:
        sealed, self._ahead = self._ahead, None
        if not sealed:
            raise BackupDamaged("the backup ends too early")
        self._ahead = self._exactly(CHUNK + _TAG)
        try:
            plain = self._cipher.decrypt(_nonce(self._number, is_last=not self._ahead), sealed, None)
        except InvalidTag:
            # The passphrase was right: the header says so.
            raise BackupDamaged(f"the backup was changed or cut off, in its part {self._number + 1}") from None
        self._number += 1
        if not plain:
            raise BackupDamaged("the backup ends too early")
        return plain

    def _exactly(self, length: int) -> bytes:
        """As many octets, or fewer at the end; a pipe may give them in pieces."""
        found = b""
        while len(found) < length and (piece := self._source.read(length - len(found))):
            found += piece
        return found


def _keys(passphrase: str, header: bytes) -> tuple[Secret, Secret]:
    _, _, log_n, r, p, salt = _HEADER.unpack(header)
    # Keyboards compose letters differently (RFC 8265 4.2).
    octets = unicodedata.normalize("NFC", passphrase).encode("utf-8", "replace")
    derived = Scrypt(salt=salt, length=64, n=1 << log_n, r=r, p=p).derive(octets)
    return Secret(derived[:32]), Secret(derived[32:])


def _check_cost(header: bytes) -> None:
    _, _, log_n, r, p, _ = _HEADER.unpack(header[: _HEADER.size])
    is_possible = 1 <= log_n <= 30 and r >= 1 and 1 <= p <= _MAX_PASSES
    if not is_possible or 128 * r << log_n > _MAX_MEMORY or log_n >= 16 * r:
        raise BackupDamaged("the backup's header asks for more memory than any of ours does")


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes((is_last,))
