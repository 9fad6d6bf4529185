"""Parts of operational certificates: names, times and extensions, in Matter TLV and in X.509 (Core 6.5.6 to 6.5.11).

Pure; the floor below `certificates`, knows no whole certificate and no chain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from latchwork.base.clock import MATTER_EPOCH_S
from latchwork.base.errors import PeerViolation
from latchwork.matter.tlv.elements import TlvList
from latchwork.matter.trust import der
from latchwork.matter.trust.der import Cursor, DerError, oid

NODE_ID, FIRMWARE_SIGNING_ID, ICAC_ID, RCAC_ID, FABRIC_ID, NOC_CAT, VENDOR_SIGNER_ID = 17, 18, 19, 20, 21, 22, 23
_PRINTABLE: Final = 0x80
_MAX_NAME_PARTS: Final = 5
_LAST_NODE_ID: Final = 0xFFFF_FFEF_FFFF_FFFF
KEY_ID_LENGTH: Final = 20
_DOMAIN_COMPONENT: Final = 16

_NAMES: Final = {
    1: "2.5.4.3",
    2: "2.5.4.4",
    3: "2.5.4.5",
    4: "2.5.4.6",
    5: "2.5.4.7",
    6: "2.5.4.8",
    7: "2.5.4.10",
    8: "2.5.4.11",
    9: "2.5.4.12",
    10: "2.5.4.41",
    11: "2.5.4.42",
    12: "2.5.4.43",
    13: "2.5.4.44",
    14: "2.5.4.46",
    15: "2.5.4.65",
    _DOMAIN_COMPONENT: "0.9.2342.19200300.100.1.25",
    NODE_ID: "1.3.6.1.4.1.37244.1.1",
    FIRMWARE_SIGNING_ID: "1.3.6.1.4.1.37244.1.2",
    ICAC_ID: "1.3.6.1.4.1.37244.1.3",
    RCAC_ID: "1.3.6.1.4.1.37244.1.4",
    FABRIC_ID: "1.3.6.1.4.1.37244.1.5",
    NOC_CAT: "1.3.6.1.4.1.37244.1.6",
    VENDOR_SIGNER_ID: "1.3.6.1.4.1.37244.1.7",
}
_NAME_OIDS: Final = {tag: oid(dotted) for tag, dotted in _NAMES.items()}
_NAME_TAGS: Final = {encoded: tag for tag, encoded in _NAME_OIDS.items()}
_MATTER_IDS: Final = frozenset({NODE_ID, FIRMWARE_SIGNING_ID, ICAC_ID, RCAC_ID, FABRIC_ID, NOC_CAT, VENDOR_SIGNER_ID})

_PURPOSES: Final = {
    1: oid("1.3.6.1.5.5.7.3.1"),
    2: oid("1.3.6.1.5.5.7.3.2"),
    3: oid("1.3.6.1.5.5.7.3.3"),
    4: oid("1.3.6.1.5.5.7.3.4"),
    5: oid("1.3.6.1.5.5.7.3.8"),
    6: oid("1.3.6.1.5.5.7.3.9"),
}
_PURPOSE_IDS: Final = {encoded: number for number, encoded in _PURPOSES.items()}
SERVER_AUTH, CLIENT_AUTH = 1, 2

DIGITAL_SIGNATURE, KEY_CERT_SIGN, CRL_SIGN = 0x01, 0x20, 0x40

ECDSA_SHA256: Final = der.der(der.SEQUENCE, oid("1.2.840.10045.4.3.2"))
EC_P256: Final = der.der(der.SEQUENCE, oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7"))
_BASIC, _USAGE, _EXTENDED, _SUBJECT_KEY, _AUTHORITY_KEY = (
    oid(dotted) for dotted in ("2.5.29.19", "2.5.29.15", "2.5.29.37", "2.5.29.14", "2.5.29.35")
)
_KNOWN_EXTENSIONS: Final = frozenset({_BASIC, _USAGE, _EXTENDED, _SUBJECT_KEY, _AUTHORITY_KEY})
_TRUE: Final = b"\x01\x01\xff"
_NO_EXPIRY: Final = "99991231235959Z"


class CertificateError(PeerViolation):
    """A certificate is malformed, or not one that may be trusted here."""

    advice = "The certificate is not valid: the controller that issued it must issue another one."


class NodeIdNotAllowed(CertificateError):
    """A certificate names a node id outside the operational range (Core 2.5.5.1)."""


DnValue = str | int
Dn = tuple[tuple[int, DnValue], ...]
"""A distinguished name: TLV tags and values, in order; ids are integers."""


@dataclass(frozen=True, slots=True)
class Extensions:
    """A certificate's extensions (Core 6.5.11), in the order of `order`.

    Attributes:
        is_ca, path_length: basic constraints; None when absent.
        key_usage: bits as in TLV, or None.
        purposes: extended key usage, or None.
        subject_key_id, authority_key_id: 20 octets, or None.
        future: further extensions as DER.
        order: TLV tags as they stood.
    """

    is_ca: bool | None = None
    path_length: int | None = None
    key_usage: int | None = None
    purposes: tuple[int, ...] | None = None
    subject_key_id: bytes | None = None
    authority_key_id: bytes | None = None
    future: tuple[bytes, ...] = ()
    order: tuple[int, ...] = (1, 2, 3, 4, 5)


# Distinguished names


def _check_ids(name: Dn) -> Dn:
    """The name, when each id in it is one that may exist (Core 6.5.6)."""
    for tag, value in name:
        if tag == NODE_ID and not 1 <= int(value) <= _LAST_NODE_ID:
            raise NodeIdNotAllowed("a node id is not operational")
        if (tag == FABRIC_ID and not value) or (tag == NOC_CAT and not int(value) & 0xFFFF):
            raise CertificateError("an id in a name is not allowed")
    return name


def name_from_tlv(value: Any) -> Dn:
    """A name from its TLV list.

    Raises:
        CertificateError: it is malformed, or an id in it may not exist.
    """
    if type(value) is not TlvList or not 1 <= len(value) <= _MAX_NAME_PARTS:
        raise CertificateError("a name is a list of one to five parts")
    parts: list[tuple[int, DnValue]] = []
    for tag, part in value:
        if not isinstance(tag, int) or tag & ~_PRINTABLE not in _NAMES or (tag & _PRINTABLE and tag & 0x7F >= 16):
            raise CertificateError("a name has an unknown part")
        is_id = tag in _MATTER_IDS
        if is_id != (type(part) is int) or (not is_id and type(part) is not str):
            raise CertificateError("a part of a name has another type")
        if is_id and not 0 <= part < 1 << (32 if tag == NOC_CAT else 64):
            raise CertificateError("an id is too large")
        parts.append((tag, part))
    return _check_ids(tuple(parts))


def name_to_tlv(name: Dn) -> TlvList:
    """A name as a TLV list."""
    return TlvList(list(name))


def name_to_der(name: Dn) -> bytes:
    """A name in X.509."""
    parts = []
    for tag, value in name:
        number = tag & ~_PRINTABLE
        if isinstance(value, int):
            text = der.der(der.UTF8, (f"{value:08X}" if tag == NOC_CAT else f"{value:016X}").encode())
        elif number == _DOMAIN_COMPONENT:
            text = der.der(der.IA5, value.encode())
        else:
            text = der.der(der.PRINTABLE if tag & _PRINTABLE else der.UTF8, value.encode())
        parts.append(der.der(der.SET, der.der(der.SEQUENCE, _NAME_OIDS[number], text)))
    return der.der(der.SEQUENCE, *parts)


def name_from_der(cursor: Cursor) -> Dn:
    """A name from the contents of its X.509 form.

    Raises:
        DerError: it is malformed.
        CertificateError: an id in it may not exist.
    """
    parts: list[tuple[int, DnValue]] = []
    while not cursor.is_done:
        pair = cursor.enter(der.SET).enter()
        tag = _NAME_TAGS.get(pair.whole())
        if tag is None:
            raise DerError("a name has an unknown part")
        kind, text = pair.any()
        if tag in _MATTER_IDS:
            parts.append((tag, int(text.decode(), 16)))
        else:
            parts.append((tag | _PRINTABLE if kind == der.PRINTABLE else tag, text.decode()))
    if not 1 <= len(parts) <= _MAX_NAME_PARTS:
        raise DerError("a name has one to five parts")
    return _check_ids(tuple(parts))


# Time


def time_to_der(seconds: int, *, is_end: bool = False) -> bytes:
    """A time in X.509, from seconds of the epoch 2000; 0 as an end is never."""
    if is_end and seconds == 0:
        return der.der(der.GENERALIZED_TIME, _NO_EXPIRY.encode())
    moment = datetime.fromtimestamp(MATTER_EPOCH_S + seconds, UTC)
    if moment.year < 2050:
        return der.der(der.UTC_TIME, moment.strftime("%y%m%d%H%M%SZ").encode())
    return der.der(der.GENERALIZED_TIME, moment.strftime("%Y%m%d%H%M%SZ").encode())


def time_from_der(cursor: Cursor) -> int | None:
    """Seconds of the epoch 2000, negative before it; None for a time that never comes.

    Raises:
        DerError: no time.
    """
    tag, body = cursor.any()
    try:
        text = body.decode("ascii")
        if text == _NO_EXPIRY:
            return None
        if tag == der.UTC_TIME:
            century = "19" if int(text[:2]) >= 50 else "20"
            text = century + text
        elif tag != der.GENERALIZED_TIME:
            raise DerError("no time")
        digits = text.removesuffix("Z")
        if len(text) != 15 or len(digits) != 14 or not digits.isdecimal():
            raise DerError("no time")
        # By hand: the library's parser of formats costs a first certificate milliseconds.
        month, day, hour, minute, second = (int(digits[at : at + 2]) for at in range(4, 14, 2))
        moment = datetime(int(digits[:4]), month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise DerError("no time") from None
    return int(moment.timestamp()) - MATTER_EPOCH_S


# Extensions


def extensions_from_tlv(value: Any) -> Extensions:
    """Extensions from their TLV list.

    Raises:
        CertificateError, DerError: they are malformed.
    """
    if type(value) is not TlvList or len(value) > 12:
        raise CertificateError("extensions are a list of at most twelve")
    found: dict[str, Any] = {}
    order: list[int] = []
    future: list[bytes] = []
    for tag, part in value:
        if tag == 6:
            if type(part) is not bytes:
                raise CertificateError("a future extension is no octets")
            is_critical_extension(part)
            future.append(part)
        elif tag not in {1, 2, 3, 4, 5} or tag in order:
            raise CertificateError("an extension is unknown or stands twice")
        else:
            found |= _extension_from_tlv(int(tag), part)
        order.append(int(tag))
    return Extensions(**found, future=tuple(future), order=tuple(order))


def _extension_from_tlv(tag: int, part: Any) -> dict[str, Any]:
    if tag == 1 and type(part) is dict and type(part.get(1)) is bool:
        path = part.get(2)
        # Only an authority has a path below it (RFC 5280, section 4.2.1.9).
        if path is None or (type(path) is int and 0 <= path <= 255 and part[1]):
            return {"is_ca": part[1], "path_length": path}
    elif tag == 2 and type(part) is int and 0 <= part <= 0x1FF:
        return {"key_usage": part}
    elif tag == 3 and type(part) is list and all(type(item) is int and item in _PURPOSES for item in part):
        return {"purposes": tuple(part)}
    elif tag in {4, 5} and type(part) is bytes and len(part) == KEY_ID_LENGTH:
        return {"subject_key_id" if tag == 4 else "authority_key_id": part}
    raise CertificateError(f"extension {tag} is malformed")


def extensions_to_tlv(extensions: Extensions) -> TlvList:
    """Extensions as a TLV list, in their order."""
    parts = TlvList()
    future = iter(extensions.future)
    for tag in extensions.order:
        value: Any
        if tag == 1 and extensions.is_ca is not None:
            value = {1: extensions.is_ca}
            if extensions.path_length is not None:
                value[2] = extensions.path_length
        elif tag == 2:
            value = extensions.key_usage
        elif tag == 3 and extensions.purposes is not None:
            value = list(extensions.purposes)
        elif tag == 4:
            value = extensions.subject_key_id
        elif tag == 5:
            value = extensions.authority_key_id
        else:
            value = next(future, None) if tag == 6 else None
        if value is not None:
            parts.append((tag, value))
    return parts


def extensions_to_der(extensions: Extensions) -> Iterator[bytes]:
    """Extensions in X.509, one after another in their order."""
    future = iter(extensions.future)
    for tag in extensions.order:
        if tag == 1 and extensions.is_ca is not None:
            body = _TRUE if extensions.is_ca else b""
            if extensions.path_length is not None:
                body += der.integer(extensions.path_length)
            yield _extension(_BASIC, der.der(der.SEQUENCE, body), is_critical=True)
        elif tag == 2 and extensions.key_usage is not None:
            yield _extension(_USAGE, _usage_to_der(extensions.key_usage), is_critical=True)
        elif tag == 3 and extensions.purposes is not None:
            purposes = [_PURPOSES[number] for number in extensions.purposes]
            yield _extension(_EXTENDED, der.der(der.SEQUENCE, *purposes), is_critical=True)
        elif tag == 4 and extensions.subject_key_id is not None:
            yield _extension(_SUBJECT_KEY, der.der(der.OCTET_STRING, extensions.subject_key_id))
        elif tag == 5 and extensions.authority_key_id is not None:
            key_id = der.der(0x80, extensions.authority_key_id)
            yield _extension(_AUTHORITY_KEY, der.der(der.SEQUENCE, key_id))
        elif tag == 6:
            yield next(future)


def is_critical_extension(octets: bytes) -> bool:
    """Whether an extension that TLV has no tag for is critical.

    Raises:
        DerError: it is no extension, or one that has a tag.
    """
    entry = der.whole(octets)
    identifier = entry.whole()
    if identifier[0] != der.OID or identifier in _KNOWN_EXTENSIONS:
        raise DerError("a future extension has no identifier of its own")
    is_critical = entry.boolean() if entry.peek() == der.BOOLEAN else False
    entry.take(der.OCTET_STRING)
    entry.end()
    return is_critical


def _extension(identifier: bytes, value: bytes, *, is_critical: bool = False) -> bytes:
    critical = _TRUE if is_critical else b""
    return der.der(der.SEQUENCE, identifier, critical, der.der(der.OCTET_STRING, value))


def _usage_to_der(bits: int) -> bytes:
    """Bit 0 of the TLV value is the first bit of the bit string; trailing zeros are left out."""
    width = bits.bit_length()
    octets = bytearray((width + 7) // 8 or 1)
    for bit in range(width):
        if bits >> bit & 1:
            octets[bit // 8] |= 0x80 >> bit % 8
    return der.der(
        der.BIT_STRING, bytes((len(octets) * 8 - width,)) if width else b"\x00", bytes(octets) if width else b""
    )


def usage_from_der(cursor: Cursor) -> int:
    """Key usage bits as TLV has them."""
    octets, _ = cursor.bits()
    return sum(1 << position for position in range(len(octets) * 8) if octets[position // 8] & 0x80 >> position % 8)


def extensions_from_der(cursor: Cursor) -> Extensions:
    """Extensions from their X.509 form.

    Raises:
        DerError: they are malformed.
    """
    found: dict[str, Any] = {}
    order: list[int] = []
    future: list[bytes] = []
    while not cursor.is_done:
        whole = cursor.whole()
        entry = der.whole(whole)
        identifier = entry.whole()
        if entry.peek() == der.BOOLEAN:
            entry.boolean()
        value = entry.take(der.OCTET_STRING)
        if identifier == _BASIC:
            inner = der.whole(value)
            found["is_ca"] = inner.boolean() if inner.peek() == der.BOOLEAN else False
            found["path_length"] = None if inner.is_done else inner.number()
            if found["path_length"] is not None and not (found["is_ca"] and 0 <= found["path_length"] <= 255):
                raise DerError("a path below a certificate that is no authority's")
            order.append(1)
        elif identifier == _USAGE:
            found["key_usage"] = usage_from_der(Cursor(value))
            order.append(2)
        elif identifier == _EXTENDED:
            inner = der.whole(value)
            purposes = []
            while not inner.is_done:
                purposes.append(_PURPOSE_IDS.get(inner.whole(), 0))
            if 0 in purposes:
                raise DerError("an unknown purpose")
            found["purposes"] = tuple(purposes)
            order.append(3)
        elif identifier == _SUBJECT_KEY:
            found["subject_key_id"] = Cursor(value).take(der.OCTET_STRING)
            order.append(4)
        elif identifier == _AUTHORITY_KEY:
            found["authority_key_id"] = der.whole(value).take(0x80)
            order.append(5)
        else:
            is_critical_extension(whole)
            future.append(whole)
            order.append(6)
    if any(
        len(found.get(name) or bytes(KEY_ID_LENGTH)) != KEY_ID_LENGTH for name in ("subject_key_id", "authority_key_id")
    ):
        raise DerError("a key identifier has 20 octets")
    return Extensions(**found, future=tuple(future), order=tuple(order))
