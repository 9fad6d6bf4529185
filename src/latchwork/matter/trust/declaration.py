"""The certification declaration: what was certified, signed in a CMS envelope (Core 6.3).

Pure octets and values.
"""

from __future__ import annotations

from typing import Annotated, Final, NamedTuple

from latchwork.base.errors import PeerViolation
from latchwork.matter.crypto.keys import KeyPair, PublicKey
from latchwork.matter.tlv.elements import TlvError
from latchwork.matter.tlv.schema import U8, U16, U32, Len, Struct, Tag
from latchwork.matter.trust import der
from latchwork.matter.trust.der import DerError, oid

_SIGNED_DATA, _DATA = oid("1.2.840.113549.1.7.2"), oid("1.2.840.113549.1.7.1")
_SHA256: Final = der.der(der.SEQUENCE, oid("2.16.840.1.101.3.4.2.1"))
_ECDSA_SHA256: Final = der.der(der.SEQUENCE, oid("1.2.840.10045.4.3.2"))
_VERSION: Final = 3
_SKI, _CONTENT = 0x80, 0xA0


class DeclarationError(PeerViolation):
    """The octets are no certification declaration."""


class CertificationDeclaration(Struct):
    """What was certified (Core 6.3.1)."""

    format_version: Annotated[U16, Tag(0)]
    vendor_id: Annotated[U16, Tag(1)]
    product_ids: Annotated[tuple[U16, ...], Tag(2), Len(1, 100)]
    device_type_id: Annotated[U32, Tag(3)]
    certificate_id: Annotated[str, Tag(4), Len(19)]
    security_level: Annotated[U8, Tag(5)]
    security_information: Annotated[U16, Tag(6)]
    version_number: Annotated[U16, Tag(7)]
    certification_type: Annotated[U8, Tag(8)]
    dac_origin_vendor_id: Annotated[U16 | None, Tag(9)] = None
    dac_origin_product_id: Annotated[U16 | None, Tag(10)] = None
    authorized_paas: Annotated[tuple[Annotated[bytes, Len(20)], ...] | None, Tag(11), Len(1, 10)] = None


class SignedDeclaration(NamedTuple):
    """An opened envelope.

    Attributes:
        declaration: its contents.
        content: the octets that are signed.
        signer: key identifier of the signer, 20 octets.
        signature: DER.
    """

    declaration: CertificationDeclaration
    content: bytes
    signer: bytes
    signature: bytes

    def verify(self, key: PublicKey) -> None:
        """Check the signature.

        Raises:
            AuthenticationFailed: it is not the signer's.
        """
        key.verify_der(self.content, self.signature)


def sign_declaration(declaration: CertificationDeclaration, key: KeyPair) -> bytes:
    """The declaration in its envelope."""
    content = declaration.encode()
    signer = der.der(
        der.SEQUENCE,
        der.integer(_VERSION),
        der.der(_SKI, key.public.key_identifier),
        _SHA256,
        _ECDSA_SHA256,
        der.der(der.OCTET_STRING, key.sign_der(content)),
    )
    signed = der.der(
        der.SEQUENCE,
        der.integer(_VERSION),
        der.der(der.SET, _SHA256),
        der.der(der.SEQUENCE, _DATA, der.der(_CONTENT, der.der(der.OCTET_STRING, content))),
        der.der(der.SET, signer),
    )
    return der.der(der.SEQUENCE, _SIGNED_DATA, der.der(_CONTENT, signed))


def open_declaration(data: bytes) -> SignedDeclaration:
    """A declaration from its envelope, not yet verified.

    Raises:
        DeclarationError: it is malformed.
    """
    try:
        return _opened(data)
    except (DerError, TlvError) as error:
        raise DeclarationError(f"no certification declaration: {error}") from None


def _opened(data: bytes) -> SignedDeclaration:
    envelope = der.whole(data)
    if envelope.whole() != _SIGNED_DATA:
        raise DerError("no signed data")
    signed = envelope.enter(_CONTENT).enter()
    envelope.end()
    if signed.number() != _VERSION or signed.enter(der.SET).whole() != _SHA256:
        raise DerError("another version or digest")
    wrapped = signed.enter()
    if wrapped.whole() != _DATA:
        raise DerError("no data")
    content = wrapped.enter(_CONTENT).take(der.OCTET_STRING)
    signer = signed.enter(der.SET).enter()
    signed.end()
    if signer.number() != _VERSION:
        raise DerError("another version of the signer")
    key_id = signer.take(_SKI)
    if signer.whole() != _SHA256 or signer.whole() != _ECDSA_SHA256:
        raise DerError("another algorithm")
    signature = signer.take(der.OCTET_STRING)
    return SignedDeclaration(CertificationDeclaration.decode(content), content, key_id, signature)
