"""Operational certificates: Matter TLV ⇄ X.509, and the chain from a node to its root (Core 6.4 to 6.6).

Pure. A certificate's signature covers its X.509 form, so that form is rebuilt octet for octet; nothing of it is stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Any, Final

from latchwork.matter.crypto.keys import InvalidKey, PublicKey, der_signature_to_raw, raw_signature_to_der
from latchwork.matter.crypto.primitives import AuthenticationFailed
from latchwork.matter.tlv.elements import TlvError, decode, encode
from latchwork.matter.tlv.schema import U8, U32, Len, Struct, Tag
from latchwork.matter.trust import der
from latchwork.matter.trust.certificate_parts import (
    CLIENT_AUTH,
    DIGITAL_SIGNATURE,
    EC_P256,
    ECDSA_SHA256,
    FABRIC_ID,
    FIRMWARE_SIGNING_ID,
    ICAC_ID,
    KEY_CERT_SIGN,
    NOC_CAT,
    NODE_ID,
    RCAC_ID,
    SERVER_AUTH,
    VENDOR_SIGNER_ID,
    CertificateError,
    Dn,
    Extensions,
    NodeIdNotAllowed,
    extensions_from_der,
    extensions_from_tlv,
    extensions_to_der,
    extensions_to_tlv,
    is_critical_extension,
    name_from_der,
    name_from_tlv,
    name_to_der,
    name_to_tlv,
    time_from_der,
    time_to_der,
)
from latchwork.matter.trust.der import DerError

__all__ = [
    "MAX_DER",
    "MAX_TLV",
    "Certificate",
    "CertificateError",
    "NodeIdNotAllowed",
    "check_node",
    "check_root",
    "encoded_name",
    "verify_chain",
]

MAX_TLV: Final = 400
"""Octets of the longest certificate in TLV (Core 6.1.3)."""
MAX_DER: Final = 600
"""Octets of the longest certificate in X.509 (Core 6.1.3)."""
_MEMBERS: Final = tuple(range(1, 12))


class _Stored(Struct):
    serial: Annotated[bytes, Tag(1), Len(1, 20)]
    signature_algorithm: Annotated[U8, Tag(2)]
    issuer: Annotated[Any, Tag(3)]
    not_before: Annotated[U32, Tag(4)]
    not_after: Annotated[U32, Tag(5)]
    subject: Annotated[Any, Tag(6)]
    public_key_algorithm: Annotated[U8, Tag(7)]
    curve: Annotated[U8, Tag(8)]
    public_key: Annotated[bytes, Tag(9), Len(65)]
    extensions: Annotated[Any, Tag(10)]
    signature: Annotated[bytes, Tag(11), Len(64)]


@dataclass(frozen=True, slots=True)
class Certificate:
    """One operational certificate.

    Attributes:
        serial: the serial number's octets.
        issuer, subject: distinguished names.
        not_before, not_after: seconds of the epoch 2000; `not_after` 0 never ends.
        public_key: the subject's key.
        extensions: what it may be used for.
        signature: 64 octets by the issuer; empty while unsigned.
    """

    serial: bytes
    issuer: Dn
    subject: Dn
    not_before: int
    not_after: int
    public_key: PublicKey
    extensions: Extensions
    signature: bytes = field(default=b"", repr=False)

    @classmethod
    def from_tlv(cls, data: bytes) -> Certificate:
        """A certificate in Matter's form.

        Raises:
            CertificateError: it is malformed.
        """
        return _from_tlv(bytes(data))

    def to_tlv(self) -> bytes:
        """Matter's form."""
        return _Stored(
            serial=self.serial,
            signature_algorithm=1,
            issuer=name_to_tlv(self.issuer),
            not_before=self.not_before,
            not_after=self.not_after,
            subject=name_to_tlv(self.subject),
            public_key_algorithm=1,
            curve=1,
            public_key=self.public_key.raw,
            extensions=extensions_to_tlv(self.extensions),
            signature=self.signature,
        ).encode()

    def tbs_der(self) -> bytes:
        """The part of the X.509 form that the signature covers."""
        return der.der(
            der.SEQUENCE,
            der.der(0xA0, der.integer(2)),
            der.der(der.INTEGER, self.serial),
            ECDSA_SHA256,
            name_to_der(self.issuer),
            der.der(der.SEQUENCE, time_to_der(self.not_before), time_to_der(self.not_after, is_end=True)),
            name_to_der(self.subject),
            der.der(der.SEQUENCE, EC_P256, der.bit_string(self.public_key.raw)),
            der.der(0xA3, der.der(der.SEQUENCE, *extensions_to_der(self.extensions))),
        )

    def to_der(self) -> bytes:
        """The X.509 form."""
        signature = der.bit_string(raw_signature_to_der(self.signature))
        return der.der(der.SEQUENCE, self.tbs_der(), ECDSA_SHA256, signature)

    @classmethod
    def from_der(cls, data: bytes) -> Certificate:
        """An operational certificate in X.509.

        Raises:
            CertificateError: it is malformed, or has what Matter's form cannot hold.
        """
        if len(data) > MAX_DER:
            raise CertificateError("the certificate is too long")
        try:
            made = _read_der(data)
        except (DerError, InvalidKey, AuthenticationFailed, ValueError) as error:
            raise CertificateError(f"no operational certificate in X.509: {error}") from None
        # The signature covers these very octets: what Matter's form cannot hold (criticality, string types) must not pass.
        if made.to_der() != data:
            raise CertificateError("the certificate has what Matter's form cannot hold")
        return made

    def verify_signature(self, issuer_key: PublicKey) -> None:
        """Check that the issuer signed it.

        Raises:
            CertificateError: it did not.
        """
        try:
            issuer_key.verify(self.tbs_der(), self.signature)
        except AuthenticationFailed:
            raise CertificateError("the signature is not the issuer's") from None

    def _ids(self, tag: int) -> list[int]:
        return [value for name, value in self.subject if name == tag and isinstance(value, int)]

    @property
    def node_id(self) -> int | None:
        """The subject's node id."""
        return next(iter(self._ids(NODE_ID)), None)

    @property
    def fabric_id(self) -> int | None:
        """The subject's fabric id."""
        return next(iter(self._ids(FABRIC_ID)), None)

    @property
    def cats(self) -> tuple[int, ...]:
        """The subject's CASE authenticated tags."""
        return tuple(self._ids(NOC_CAT))

    @property
    def kind(self) -> str:
        """`root`, `intermediate`, `node`, `firmware`, `vendor signer` or `unknown`, by the id in its subject."""
        kinds = {
            RCAC_ID: "root",
            ICAC_ID: "intermediate",
            NODE_ID: "node",
            FIRMWARE_SIGNING_ID: "firmware",
            VENDOR_SIGNER_ID: "vendor signer",
        }
        found = [kinds[tag] for tag, _ in self.subject if tag in kinds]
        return found[0] if len(found) == 1 else "unknown"


@lru_cache(maxsize=128)
def _from_tlv(data: bytes) -> Certificate:
    if len(data) > MAX_TLV:
        raise CertificateError(f"a certificate has at most {MAX_TLV} octets")
    try:
        members = decode(data)
        # Nothing outside the signature may vary: every member, once, in order (Core 6.5.2).
        if type(members) is not dict or tuple(members) != _MEMBERS:
            raise CertificateError("the members of a certificate are not those of Matter's form")
        stored = _Stored.accept(members)
        if (stored.signature_algorithm, stored.public_key_algorithm, stored.curve) != (1, 1, 1):
            raise CertificateError("an algorithm other than ECDSA on P-256 with SHA-256")
        _check_order(stored.not_before, stored.not_after)
        return Certificate(
            stored.serial,
            name_from_tlv(stored.issuer),
            name_from_tlv(stored.subject),
            stored.not_before,
            stored.not_after,
            PublicKey.from_bytes(stored.public_key),
            extensions_from_tlv(stored.extensions),
            stored.signature,
        )
    except (TlvError, InvalidKey, DerError) as error:
        raise CertificateError(f"no certificate: {error}") from None


def _check_order(not_before: int, not_after: int) -> None:
    if not_after and not_before >= not_after:
        raise CertificateError("the certificate ends before it begins")


def _read_der(data: bytes) -> Certificate:
    outer = der.whole(data)
    tbs = outer.enter()
    if outer.whole() != ECDSA_SHA256:
        raise DerError("another signature algorithm")
    signature, _ = outer.bits()
    outer.end()
    if tbs.enter(0xA0).number() != 2:
        raise DerError("another version of X.509")
    serial = tbs.take(der.INTEGER)
    if tbs.whole() != ECDSA_SHA256 or not 1 <= len(serial) <= 20:
        raise DerError("another signature algorithm, or no serial number")
    issuer = name_from_der(tbs.enter())
    validity = tbs.enter()
    not_before, not_after = time_from_der(validity), time_from_der(validity)
    subject = name_from_der(tbs.enter())
    key_info = tbs.enter()
    if key_info.whole() != EC_P256:
        raise DerError("another kind of key")
    key = PublicKey.from_bytes(key_info.bits()[0])
    extensions = extensions_from_der(tbs.enter(0xA3).enter())
    tbs.end()
    if not_before is None or not_before < 0 or (not_after is not None and not_after < 0):
        raise DerError("a time before the year 2000")
    _check_order(not_before, not_after or 0)
    return Certificate(
        serial, issuer, subject, not_before, not_after or 0, key, extensions, der_signature_to_raw(signature)
    )


# Chains


def verify_chain(noc: Certificate, icac: Certificate | None, root: Certificate, *, now: int | None) -> None:
    """Check a node's certificate up to a root that is trusted already (Core 6.5.14, 6.6).

    Args:
        noc: the node's.
        icac: the intermediate's, or None.
        root: the fabric's root.
        now: seconds of the epoch 2000, or None without a valid clock: then times are not checked.

    Raises:
        CertificateError: the first rule that is broken.
    """
    check_root(root, now=now)
    issuer = root
    if icac is not None:
        if root.extensions.path_length == 0:
            raise CertificateError("the root allows no intermediate")
        _check_authority(icac, "intermediate", now)
        _check_issued(icac, issuer)
        issuer = icac
    check_node(noc, now=now)
    _check_issued(noc, issuer)
    for authority in (root, icac):
        if authority is not None and authority.fabric_id not in {None, noc.fabric_id}:
            raise CertificateError("an authority of another fabric issued the certificate")


def check_root(root: Certificate, *, now: int | None) -> None:
    """Check a root's form and its signature by itself.

    Raises:
        CertificateError: it is no root.
    """
    _check_authority(root, "root", now)
    if (root.extensions.path_length or 0) > 1:
        raise CertificateError("a root allows one intermediate")
    if root.issuer != root.subject or root.extensions.authority_key_id != root.extensions.subject_key_id:
        raise CertificateError("a root is not its own issuer")
    _verified(root, root.public_key)


def check_node(noc: Certificate, *, now: int | None) -> None:
    """Check a node certificate's form (Core 6.5.6.3, 6.5.11).

    Raises:
        CertificateError: it is none.
    """
    _check_form(noc, now)
    extensions = noc.extensions
    tags = [tag for tag, _ in noc.subject]
    node_id, fabric_id = noc.node_id, noc.fabric_id
    if noc.kind != "node" or tags.count(NODE_ID) != 1 or tags.count(FABRIC_ID) != 1:
        raise CertificateError("a node certificate names one node and one fabric")
    if node_id is None or not fabric_id:
        raise CertificateError("a node id or a fabric id is not allowed")
    cats = noc.cats
    identifiers = {cat >> 16 for cat in cats}
    if len(cats) > 3 or len(identifiers) != len(cats) or any(cat & 0xFFFF == 0 for cat in cats):
        raise CertificateError("the authenticated tags are not allowed")
    if extensions.is_ca is not False or extensions.key_usage != DIGITAL_SIGNATURE:
        raise CertificateError("a node certificate may only sign")
    if extensions.purposes is None or {SERVER_AUTH, CLIENT_AUTH} - set(extensions.purposes):
        raise CertificateError("a node certificate needs client and server authentication")


def _check_authority(certificate: Certificate, kind: str, now: int | None) -> None:
    _check_form(certificate, now)
    extensions = certificate.extensions
    tags = [tag for tag, _ in certificate.subject]
    if certificate.kind != kind or tags.count(FABRIC_ID) > 1 or NOC_CAT in tags:
        raise CertificateError(f"the certificate is no {kind}")
    if certificate.fabric_id == 0:
        raise CertificateError("a fabric id is not allowed")
    if not extensions.is_ca or extensions.key_usage is None or not extensions.key_usage & KEY_CERT_SIGN:
        raise CertificateError(f"the {kind} may not issue certificates")


def _check_form(certificate: Certificate, now: int | None) -> None:
    extensions = certificate.extensions
    if extensions.subject_key_id is None or extensions.authority_key_id is None:
        raise CertificateError("a key identifier is missing")
    if extensions.is_ca is None or extensions.key_usage is None:
        raise CertificateError("basic constraints or key usage are missing")
    if any(is_critical_extension(octets) for octets in extensions.future):
        raise CertificateError("a critical extension is not understood")
    if now is None:
        return
    if now < certificate.not_before:
        raise CertificateError("the certificate is not valid yet")
    if certificate.not_after and now > certificate.not_after:
        raise CertificateError("the certificate has expired")


def _check_issued(certificate: Certificate, issuer: Certificate) -> None:
    if certificate.issuer != issuer.subject:
        raise CertificateError("the issuer's name is another one")
    if certificate.extensions.authority_key_id != issuer.extensions.subject_key_id:
        raise CertificateError("the issuer's key is another one")
    _verified(certificate, issuer.public_key)


@lru_cache(maxsize=256)
def _verified(certificate: Certificate, key: PublicKey) -> None:
    """Signatures do not change: what was verified once need not be verified again."""
    certificate.verify_signature(key)


def encoded_name(name: Dn) -> bytes:
    """A name in TLV, for comparing and explaining."""
    return encode(name_to_tlv(name))
