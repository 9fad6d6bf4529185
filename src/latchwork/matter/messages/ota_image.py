"""The OTA software image file: a header that says for whom it is, then the payload (Core 11.21).

Stands beside the messages; knows the file's layout, not what the payload is. Layout: file identifier (4 octets), total size (8), header
size (4), header TLV, payload. A file is read piece by piece: `HeaderReader` takes its beginning, `PayloadDigest` the rest.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Callable
from typing import Annotated, Any, Final

from latchwork.base.errors import Misuse, PeerViolation
from latchwork.matter.tlv.elements import TlvError
from latchwork.matter.tlv.schema import U8, U16, U32, U64, Len, OpenEnum, Struct, Tag

FILE_IDENTIFIER: Final = 0x1BEEF11E
"""The first four octets of every image (Core 11.21.2.1)."""
_FIXED: Final = struct.Struct("<IQI")
FIXED_SIZE: Final = _FIXED.size
MAX_HEADER: Final = 1024
"""Octets of header TLV that we take; all its fields together have fewer than 600."""


class ImageDigestType(OpenEnum):
    """Algorithms of the registry of named information that an image may use (Core 11.21.2.4.9)."""

    SHA256 = 1
    SHA256_128 = 2
    SHA256_120 = 3
    SHA256_96 = 4
    SHA256_64 = 5
    SHA256_32 = 6
    SHA384 = 7
    SHA512 = 8
    SHA3_224 = 9
    SHA3_256 = 10
    SHA3_384 = 11
    SHA3_512 = 12


_ALGORITHMS: Final[dict[int, Callable[[], Any]]] = {
    ImageDigestType.SHA256: hashlib.sha256,
    ImageDigestType.SHA384: hashlib.sha384,
    ImageDigestType.SHA512: hashlib.sha512,
    ImageDigestType.SHA3_256: hashlib.sha3_256,
    ImageDigestType.SHA3_384: hashlib.sha3_384,
    ImageDigestType.SHA3_512: hashlib.sha3_512,
}
# Digests of fewer than 256 bits are recommended against; a lock does not take firmware on 32 of them.


class OtaImageError(PeerViolation):
    """The octets are no OTA image, or not a whole one. The only error that reading raises."""

    advice = "Get the file again, from the device's maker."


class OtaImageHeader(Struct):
    """What an image says of itself (Core 11.21.2.4).

    A vendor id or a product id of 0 is every one. The applicable versions are those that a device may run to take the image.
    """

    vendor_id: Annotated[U16, Tag(0)]
    product_id: Annotated[U16, Tag(1)]
    software_version: Annotated[U32, Tag(2)]
    software_version_string: Annotated[str, Tag(3), Len(1, 64)]
    payload_size: Annotated[U64, Tag(4)]
    min_applicable_software_version: Annotated[U32 | None, Tag(5)] = None
    max_applicable_software_version: Annotated[U32 | None, Tag(6)] = None
    release_notes_url: Annotated[str | None, Tag(7), Len(1, 256)] = None
    image_digest_type: Annotated[U8, Tag(8)]
    image_digest: Annotated[bytes, Tag(9), Len(0, 64)]

    def suits(self, *, vendor_id: int, product_id: int, software_version: int) -> bool:
        """Whether it is for a device that is this and runs this version, an older one."""
        lowest, highest = self.min_applicable_software_version, self.max_applicable_software_version
        return (
            self.vendor_id in {0, vendor_id}
            and self.product_id in {0, product_id}
            and self.software_version > software_version
            and (lowest is None or lowest <= software_version)
            and (highest is None or software_version <= highest)
        )


class HeaderReader:
    """Takes the beginning of a file in pieces of any size, never more than the header's octets.

    Attributes:
        header: what the file says of itself, once enough has come; None before.
        size: octets before the payload, once known.
        total_size: octets of the whole file, once known.
    """

    __slots__ = ("_buffer", "header", "size", "total_size")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.header: OtaImageHeader | None = None
        self.size = 0
        self.total_size = 0

    def feed(self, data: bytes) -> bytes:
        """Take the next octets of the file; gives those that belong to the payload.

        Raises:
            OtaImageError: it is no OTA image.
        """
        if self.header is not None:
            return data
        buffer = self._buffer
        buffer += data[: FIXED_SIZE + MAX_HEADER]
        if not self.size:
            if len(buffer) < FIXED_SIZE:
                return b""
            self._fixed()
        if len(buffer) < self.size:
            return b""
        already = len(buffer) - min(len(data), FIXED_SIZE + MAX_HEADER)
        self._header(bytes(buffer[FIXED_SIZE : self.size]))
        self._buffer = bytearray()
        return data[self.size - already :]

    def _fixed(self) -> None:
        identifier, total, size = _FIXED.unpack_from(self._buffer)
        if identifier != FILE_IDENTIFIER:
            raise OtaImageError("this is no OTA image")
        if not 0 < size <= MAX_HEADER or total < FIXED_SIZE + size:
            raise OtaImageError("the sizes of the image are impossible")
        self.size, self.total_size = FIXED_SIZE + size, total

    def _header(self, data: bytes) -> None:
        try:
            header = OtaImageHeader.decode(data)
        except TlvError as error:
            raise OtaImageError(f"the header is malformed: {error}") from None
        if header.payload_size != self.total_size - self.size:
            raise OtaImageError("header and file disagree about the payload's size")
        if header.image_digest_type not in _ALGORITHMS:
            raise OtaImageError(f"digest algorithm {header.image_digest_type} is not supported")
        self.header = header


class PayloadDigest:
    """Compares a payload, piece by piece, with what its header says of it."""

    __slots__ = ("_hash", "_header", "_size")

    def __init__(self, header: OtaImageHeader) -> None:
        self._header = header
        self._hash = _ALGORITHMS[header.image_digest_type]()
        self._size = 0

    def update(self, data: bytes) -> None:
        """Take the next octets of the payload."""
        self._size += len(data)
        self._hash.update(data)

    def check(self) -> None:
        """The payload is complete.

        Raises:
            OtaImageError: it is not the payload that the header is of.
        """
        header = self._header
        if self._size != header.payload_size:
            raise OtaImageError(f"the payload has {self._size} octets instead of {header.payload_size}")
        if not hmac.compare_digest(self._hash.digest(), header.image_digest):
            raise OtaImageError("the payload's digest is wrong")


def check_image(read: Callable[[int], bytes], *, piece: int = 65_536) -> OtaImageHeader:
    """Read a whole image and check everything that can be checked of it.

    Args:
        read: gives at most that many octets, and none at the end.
        piece: how many octets to read at once.

    Raises:
        OtaImageError: it is no OTA image, not whole, or its digest is wrong.
    """
    reader = HeaderReader()
    digest: PayloadDigest | None = None
    while data := read(piece):
        payload = reader.feed(data)
        if reader.header is not None:
            if digest is None:
                digest = PayloadDigest(reader.header)
            digest.update(payload)
    if reader.header is None or digest is None:
        raise OtaImageError("the file ends within the header")
    digest.check()
    return reader.header


def make_image(
    payload: bytes,
    *,
    vendor_id: int,
    product_id: int,
    software_version: int,
    software_version_string: str,
    min_applicable_software_version: int | None = None,
    max_applicable_software_version: int | None = None,
    release_notes_url: str | None = None,
    image_digest_type: ImageDigestType = ImageDigestType.SHA256,
) -> bytes:
    """An image file for a payload.

    Raises:
        Misuse: a value does not fit the header, or the digest algorithm is not supported.
    """
    if image_digest_type not in _ALGORITHMS:
        raise Misuse(f"digest algorithm {image_digest_type} is not supported")
    if not 1 <= len(software_version_string.encode()) <= 64:
        raise Misuse("a version string has 1 to 64 octets")
    digest = _ALGORITHMS[image_digest_type]()
    digest.update(payload)
    header = OtaImageHeader(
        vendor_id=vendor_id,
        product_id=product_id,
        software_version=software_version,
        software_version_string=software_version_string,
        payload_size=len(payload),
        min_applicable_software_version=min_applicable_software_version,
        max_applicable_software_version=max_applicable_software_version,
        release_notes_url=release_notes_url,
        image_digest_type=image_digest_type,
        image_digest=digest.digest(),
    ).encode()
    if len(header) > MAX_HEADER:
        raise Misuse("the header is too long")
    return _FIXED.pack(FILE_IDENTIFIER, FIXED_SIZE + len(header) + len(payload), len(header)) + header + payload
