"""Attestation certificates in X.509: device (DAC), intermediate (PAI) and authority (PAA) (Core 6.2.2).

Pure; the counterpart of `certificates` for what manufacturers issue. Only what attestation asks for is read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from latchwork.matter.crypto.keys import InvalidKey, KeyPair, PublicKey
from latchwork.matter.crypto.primitives import AuthenticationFailed
from latchwork.matter.trust import der
from latchwork.matter.trust.certificate_parts import (
    CRL_SIGN,
    DIGITAL_SIGNATURE,
    EC_P256,
    ECDSA_SHA256,
    KEY_CERT_SIGN,
    KEY_ID_LENGTH,
    CertificateError,
    time_from_der,
    usage_from_der,
)
from latchwork.matter.trust.der import Cursor, DerError, oid

MAX_LENGTH: Final = 600
"""Octets of the longest attestation certificate (Core 6.1.3)."""
_VENDOR, _PRODUCT, _COMMON_NAME = oid("1.3.6.1.4.1.37244.2.1"), oid("1.3.6.1.4.1.37244.2.2"), oid("2.5.4.3")
_BASIC, _USAGE, _SUBJECT_KEY, _AUTHORITY_KEY = (
    oid(dotted) for dotted in ("2.5.29.19", "2.5.29.15", "2.5.29.14", "2.5.29.35")
)
_CRITICAL: Final = {_BASIC: True, _USAGE: True, _SUBJECT_KEY: False, _AUTHORITY_KEY: False}
_TRUE: Final = b"\x01\x01\xff"
_HEX4: Final = re.compile(r"[0-9A-F]{4}")


@dataclass(frozen=True, slots=True)
class DeviceCertificate:
    """What attestation needs of a certificate.

    Attributes:
        encoded: the certificate's DER.
        subject, issuer: names as DER, for comparing.
        vendor_id, product_id: of the subject, or None.
        not_before, not_after: seconds of the epoch 2000, may be negative; None never ends.
        public_key: the subject's.
        is_ca, path_length, key_usage: constraints.
        subject_key_id: 20 octets.
        authority_key_id: 20 octets; None only for an authority that is its own issuer.
    """

    encoded: bytes = field(repr=False)
    tbs: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    subject: bytes = field(repr=False)
    issuer: bytes = field(repr=False)
    vendor_id: int | None
    product_id: int | None
    not_before: int
    not_after: int | None
    public_key: PublicKey
    is_ca: bool
    path_length: int | None
    key_usage: int
    subject_key_id: bytes
    authority_key_id: bytes | None

    @classmethod
    def from_der(cls, data: bytes) -> DeviceCertificate:
        """A certificate from its DER.

        Raises:
            CertificateError: it is malformed.
        """
        if len(data) > MAX_LENGTH:
            raise CertificateError("the certificate is too long")
        try:
            return _read(data)
        except (DerError, InvalidKey, ValueError) as error:
            raise CertificateError(f"no attestation certificate: {error}") from None

    def verify_signature(self, issuer_key: PublicKey) -> None:
        """Check that the issuer signed it.

        Raises:
            CertificateError: it did not.
        """
        try:
            issuer_key.verify_der(self.tbs, self.signature)
        except AuthenticationFailed:
            raise CertificateError("the signature is not the issuer's") from None

    def is_valid_at(self, now: int) -> bool:
        """Whether `now`, seconds of the epoch 2000, lies within the validity."""
        return self.not_before <= now and (self.not_after is None or now <= self.not_after)

    @property
    def may_issue(self) -> bool:
        """Whether it is an authority's: it signs certificates and revocations, nothing else but octets (Core 6.2.2.4)."""
        return self.is_ca and self.key_usage & ~DIGITAL_SIGNATURE == KEY_CERT_SIGN | CRL_SIGN

    @property
    def may_sign(self) -> bool:
        """Whether it is a device's: it signs octets and nothing else (Core 6.2.2.3)."""
        return not self.is_ca and self.path_length is None and self.key_usage == DIGITAL_SIGNATURE


def _read(data: bytes) -> DeviceCertificate:
    outer = der.whole(data)
    tbs = outer.whole()
    if outer.whole() != ECDSA_SHA256:
        raise DerError("another signature algorithm")
    signature, _ = outer.bits()
    outer.end()
    body = der.whole(tbs)
    if body.enter(0xA0).number() != 2:
        raise DerError("another version of X.509")
    body.take(der.INTEGER)
    if body.whole() != ECDSA_SHA256:
        raise DerError("another signature algorithm")
    issuer = body.whole()
    validity = body.enter()
    not_before, not_after = time_from_der(validity), time_from_der(validity)
    subject = body.whole()
    key_info = body.enter()
    if key_info.whole() != EC_P256:
        raise DerError("another kind of key")
    key = PublicKey.from_bytes(key_info.bits()[0])
    key_info.end()
    extensions = _extensions(body.enter(0xA3).enter())
    body.end()
    if not_before is None:
        raise DerError("a validity without a beginning")
    vendor, product = name_ids(subject)
    is_ca, path_length, usage, subject_key, authority_key = extensions
    return DeviceCertificate(
        data,
        tbs,
        signature,
        subject,
        issuer,
        vendor,
        product,
        not_before,
        not_after,
        key,
        is_ca,
        path_length,
        usage,
        subject_key,
        authority_key,
    )


def _extensions(cursor: Cursor) -> tuple[bool, int | None, int, bytes, bytes | None]:
    """Basic constraints, key usage and key identifiers; others may stand beside them (Core 6.2.2.3 to 6.2.2.5)."""
    found: dict[bytes, bytes] = {}
    while not cursor.is_done:
        entry = cursor.enter()
        identifier = entry.whole()
        is_critical = entry.boolean() if entry.peek() == der.BOOLEAN else False
        value = entry.take(der.OCTET_STRING)
        entry.end()
        if identifier in found:
            raise DerError("an extension stands twice")
        if identifier in _CRITICAL and is_critical is not _CRITICAL[identifier]:
            raise DerError("an extension is critical that must not be, or the other way round")
        found[identifier] = value
    if not {_BASIC, _USAGE, _SUBJECT_KEY} <= found.keys():
        raise DerError("basic constraints, key usage or the subject's key identifier are missing")
    basic = der.whole(found[_BASIC])
    is_ca = basic.boolean() if basic.peek() == der.BOOLEAN else False
    path_length = None if basic.is_done else basic.number()
    basic.end()
    subject_key = Cursor(found[_SUBJECT_KEY]).take(der.OCTET_STRING)
    authority_key: bytes | None = None
    if _AUTHORITY_KEY in found:
        inner = der.whole(found[_AUTHORITY_KEY])
        authority_key = inner.take(0x80) if inner.peek() == 0x80 else None
    if len(subject_key) != KEY_ID_LENGTH or len(authority_key or subject_key) != KEY_ID_LENGTH:
        raise DerError("a key identifier has 20 octets")
    return is_ca, path_length, usage_from_der(Cursor(found[_USAGE])), subject_key, authority_key


def name_ids(name: bytes) -> tuple[int | None, int | None]:
    """Vendor and product id in a name: as attributes of their own, or as `Mvid:` and `Mpid:` in a common name (Core 6.2.2.2).

    Raises:
        DerError: the name is malformed, or holds an id twice or in a form that does not exist.
    """
    cursor = der.whole(name)
    attributes: dict[bytes, str] = {}
    common = ""
    while not cursor.is_done:
        pair = cursor.enter(der.SET).enter()
        identifier = pair.whole()
        _, text = pair.any()
        decoded = text.decode("utf-8", "replace")
        if identifier in {_VENDOR, _PRODUCT}:
            if identifier in attributes or not _HEX4.fullmatch(decoded):
                raise DerError("a vendor or product id is malformed")
            attributes[identifier] = decoded
        elif identifier == _COMMON_NAME:
            common = decoded
    if attributes:
        vendor, product = attributes.get(_VENDOR), attributes.get(_PRODUCT)
    else:
        vendor, product = _tagged(common, "Mvid:"), _tagged(common, "Mpid:")
    return None if vendor is None else int(vendor, 16), None if product is None else int(product, 16)


def _tagged(text: str, tag: str) -> str | None:
    """The four digits behind the first well-formed occurrence of the tag.

    Raises:
        DerError: the tag stands there without digits behind it, so what was meant is not clear.
    """
    found = re.search(re.escape(tag) + r"([0-9A-F]{4})", text)
    if found is None and tag in text:
        raise DerError("a vendor or product id is malformed")
    return found.group(1) if found else None


def issue_device_certificate(
    issuer_key: KeyPair,
    issuer: DeviceCertificate,
    public_key: PublicKey,
    *,
    common_name: str,
    vendor_id: int,
    product_id: int,
    serial: bytes,
    not_before: datetime,
) -> bytes:
    """A device's attestation certificate as DER, valid for ever (Core 6.2.2.3)."""
    name = der.der(
        der.SEQUENCE,
        _attribute(_COMMON_NAME, common_name),
        _attribute(_VENDOR, f"{vendor_id:04X}"),
        _attribute(_PRODUCT, f"{product_id:04X}"),
    )
    validity = der.der(
        der.SEQUENCE,
        der.der(der.UTC_TIME, not_before.strftime("%y%m%d%H%M%SZ").encode()),
        der.der(der.GENERALIZED_TIME, b"99991231235959Z"),
    )
    extensions = (
        _extension(_BASIC, der.der(der.SEQUENCE), is_critical=True),
        _extension(_USAGE, der.der(der.BIT_STRING, b"\x07\x80"), is_critical=True),
        _extension(_SUBJECT_KEY, der.der(der.OCTET_STRING, public_key.key_identifier)),
        _extension(_AUTHORITY_KEY, der.der(der.SEQUENCE, der.der(0x80, issuer_key.public.key_identifier))),
    )
    tbs = der.der(
        der.SEQUENCE,
        der.der(0xA0, der.integer(2)),
        der.der(der.INTEGER, serial),
        ECDSA_SHA256,
        issuer.subject,
        validity,
        name,
        der.der(der.SEQUENCE, EC_P256, der.bit_string(public_key.raw)),
        der.der(0xA3, der.der(der.SEQUENCE, *extensions)),
    )
    return der.der(der.SEQUENCE, tbs, ECDSA_SHA256, der.bit_string(issuer_key.sign_der(tbs)))


def _attribute(identifier: bytes, text: str) -> bytes:
    return der.der(der.SET, der.der(der.SEQUENCE, identifier, der.der(der.UTF8, text.encode())))


def _extension(identifier: bytes, value: bytes, *, is_critical: bool = False) -> bytes:
    critical = _TRUE if is_critical else b""
    return der.der(der.SEQUENCE, identifier, critical, der.der(der.OCTET_STRING, value))
