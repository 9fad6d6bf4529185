"""Device attestation: is this a certified device of the maker it claims (Core 6.2.3)?

Pure: certificates, trust and time come in, a result with the SDK's name goes out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Final

from latchwork.matter.crypto.keys import KeyPair, PublicKey
from latchwork.matter.crypto.primitives import AuthenticationFailed, constant_time_equal
from latchwork.matter.tlv.elements import TlvError
from latchwork.matter.tlv.schema import U32, Len, OpenEnum, Struct, Tag
from latchwork.matter.trust.certificates import CertificateError
from latchwork.matter.trust.declaration import (
    CertificationDeclaration,
    DeclarationError,
    open_declaration,
)
from latchwork.matter.trust.device_certificates import DeviceCertificate

MAX_ELEMENTS: Final = 900
"""RESP_MAX: octets of attestation or NOCSR elements (Core 11.18.6)."""
_LAST_CERTIFICATION_TYPE: Final = 2
"""0 is development and test, 1 provisional, 2 certified (Core 6.3.1)."""


class AttestationResult(OpenEnum):
    """How attestation ended; names and numbers are those that the C++ SDK's verifier reports."""

    SUCCESS = 0
    PAA_UNTRUSTED = 100
    PAA_NOT_FOUND = 101
    PAA_EXPIRED = 102
    PAA_SIGNATURE_INVALID = 103
    PAA_REVOKED = 104
    PAA_FORMAT_INVALID = 105
    PAA_ARGUMENT_INVALID = 106
    PAI_EXPIRED = 200
    PAI_SIGNATURE_INVALID = 201
    PAI_REVOKED = 202
    PAI_FORMAT_INVALID = 203
    PAI_ARGUMENT_INVALID = 204
    PAI_VENDOR_ID_MISMATCH = 205
    PAI_AUTHORITY_NOT_FOUND = 206
    PAI_MISSING = 207
    PAI_AND_DAC_REVOKED = 208
    DAC_EXPIRED = 300
    DAC_SIGNATURE_INVALID = 301
    DAC_REVOKED = 302
    DAC_FORMAT_INVALID = 303
    DAC_ARGUMENT_INVALID = 304
    DAC_VENDOR_ID_MISMATCH = 305
    DAC_PRODUCT_ID_MISMATCH = 306
    DAC_AUTHORITY_NOT_FOUND = 307
    FIRMWARE_INFORMATION_MISMATCH = 400
    FIRMWARE_INFORMATION_MISSING = 401
    ATTESTATION_SIGNATURE_INVALID = 500
    ATTESTATION_ELEMENTS_MALFORMED = 501
    ATTESTATION_NONCE_MISMATCH = 502
    ATTESTATION_SIGNATURE_INVALID_FORMAT = 503
    CERTIFICATION_DECLARATION_NO_KEY_ID = 600
    CERTIFICATION_DECLARATION_NO_CERTIFICATE_FOUND = 601
    CERTIFICATION_DECLARATION_INVALID_SIGNATURE = 602
    CERTIFICATION_DECLARATION_INVALID_FORMAT = 603
    CERTIFICATION_DECLARATION_INVALID_VENDOR_ID = 604
    CERTIFICATION_DECLARATION_INVALID_PRODUCT_ID = 605
    CERTIFICATION_DECLARATION_INVALID_PAA = 606
    NO_MEMORY = 700
    INVALID_ARGUMENT = 701
    INTERNAL_ERROR = 702
    NOT_IMPLEMENTED = 703


class AttestationElements(Struct):
    """What a device signs to attest itself (Core 11.18.4.7)."""

    certification_declaration: Annotated[bytes, Tag(1)]
    attestation_nonce: Annotated[bytes, Tag(2), Len(32)]
    timestamp: Annotated[U32, Tag(3)]
    firmware_information: Annotated[bytes | None, Tag(4)] = None


class NocsrElements(Struct):
    """What a device signs when it asks for an operational certificate (Core 11.18.4.9)."""

    csr: Annotated[bytes, Tag(1)]
    csr_nonce: Annotated[bytes, Tag(2), Len(32)]
    vendor_reserved1: Annotated[bytes | None, Tag(3)] = None
    vendor_reserved2: Annotated[bytes | None, Tag(4)] = None
    vendor_reserved3: Annotated[bytes | None, Tag(5)] = None


def sign_elements(key: KeyPair, elements: bytes, attestation_challenge: bytes) -> bytes:
    """The signature over elements, bound to a session; 64 octets (Core 6.2.3.2)."""
    return key.sign(elements + attestation_challenge)


def verify_elements(key: PublicKey, elements: bytes, attestation_challenge: bytes, signature: bytes) -> None:
    """Check the signature over elements.

    Raises:
        AuthenticationFailed: it is not the device's, or of another session.
    """
    key.verify(elements + attestation_challenge, signature)


class TrustStore:
    """Which authorities and declaration signers are trusted.

    Attributes:
        authorities: PAA certificates by subject key id.
        signers: keys of declaration signers by key id.
    """

    __slots__ = ("authorities", "signers")

    def __init__(self, authorities: Iterable[bytes] = (), signers: Iterable[PublicKey] = ()) -> None:
        self.authorities: dict[bytes, DeviceCertificate] = {}
        self.signers = {key.key_identifier: key for key in signers}
        for encoded in authorities:
            self.trust(encoded)

    def trust(self, encoded: bytes) -> None:
        """Trust one more PAA, as DER.

        Raises:
            CertificateError: it is no authority's certificate.
        """
        certificate = DeviceCertificate.from_der(encoded)
        if not certificate.may_issue or certificate.path_length not in {None, 1} or certificate.product_id is not None:
            raise CertificateError("the certificate is no authority's")
        self.authorities[certificate.subject_key_id] = certificate


@dataclass(frozen=True, slots=True)
class AttestationEvidence:
    """What a device gave and what was asked of it.

    Attributes:
        dac, pai: certificates as DER.
        elements: the attestation elements' octets.
        signature: 64 octets over elements and challenge.
        nonce: 32 octets that we chose.
        challenge: the session's attestation challenge.
        vendor_id, product_id: what the device's Basic Information says.
    """

    dac: bytes
    pai: bytes
    elements: bytes
    signature: bytes
    nonce: bytes
    challenge: bytes
    vendor_id: int
    product_id: int


class _Failed(Exception):
    """Carries a result out of the checks; never leaves this module."""

    def __init__(self, result: AttestationResult) -> None:
        super().__init__(result.name)
        self.result = result


def verify_attestation(evidence: AttestationEvidence, trust: TrustStore, *, now: int | None) -> AttestationResult:
    """Check everything that attestation asks for, in the order of Core 6.2.3.1.

    Args:
        evidence: what the device gave.
        trust: whom we trust.
        now: seconds of the epoch 2000, or None without a valid clock.
    """
    try:
        dac, pai, paa = _chain(evidence, trust, now)
        elements = _elements(evidence, dac)
        _declaration(evidence, elements, dac, pai, paa, trust)
    except _Failed as failed:
        return failed.result
    return AttestationResult.SUCCESS


def _chain(
    evidence: AttestationEvidence, trust: TrustStore, now: int | None
) -> tuple[DeviceCertificate, DeviceCertificate, DeviceCertificate]:
    result = AttestationResult
    if not evidence.pai:
        raise _Failed(result.PAI_MISSING)
    dac = _parsed(evidence.dac, result.DAC_FORMAT_INVALID)
    pai = _parsed(evidence.pai, result.PAI_FORMAT_INVALID)
    if not dac.may_sign or dac.authority_key_id is None or dac.vendor_id is None or dac.product_id is None:
        raise _Failed(result.DAC_FORMAT_INVALID)
    if not pai.may_issue or pai.authority_key_id is None or pai.vendor_id is None or pai.path_length != 0:
        raise _Failed(result.PAI_FORMAT_INVALID)
    if dac.vendor_id != pai.vendor_id:
        raise _Failed(result.DAC_VENDOR_ID_MISMATCH)
    if pai.product_id is not None and dac.product_id != pai.product_id:
        raise _Failed(result.DAC_PRODUCT_ID_MISMATCH)
    paa = trust.authorities.get(pai.authority_key_id or b"")
    if paa is None:
        raise _Failed(result.PAA_NOT_FOUND)
    if paa.vendor_id is not None and paa.vendor_id != pai.vendor_id:
        raise _Failed(result.PAI_VENDOR_ID_MISMATCH)
    if pai.issuer != paa.subject or not _is_signed(pai, paa.public_key):
        raise _Failed(result.PAI_SIGNATURE_INVALID)
    if dac.authority_key_id != pai.subject_key_id:
        raise _Failed(result.DAC_AUTHORITY_NOT_FOUND)
    if dac.issuer != pai.subject or not _is_signed(dac, pai.public_key):
        raise _Failed(result.DAC_SIGNATURE_INVALID)
    # A device that never knows the time was made when its certificate began: only the beginnings must fit (Core 6.2.3.1).
    for certificate, expired in ((dac, result.DAC_EXPIRED), (pai, result.PAI_EXPIRED), (paa, result.PAA_EXPIRED)):
        moment = dac.not_before if now is None or certificate is not dac else now
        if not certificate.is_valid_at(moment):
            raise _Failed(expired)
    return dac, pai, paa


def _parsed(encoded: bytes, failure: AttestationResult) -> DeviceCertificate:
    try:
        return DeviceCertificate.from_der(encoded)
    except CertificateError:
        raise _Failed(failure) from None


def _is_signed(certificate: DeviceCertificate, key: PublicKey) -> bool:
    try:
        certificate.verify_signature(key)
    except CertificateError:
        return False
    return True


def _elements(evidence: AttestationEvidence, dac: DeviceCertificate) -> AttestationElements:
    result = AttestationResult
    if len(evidence.elements) > MAX_ELEMENTS:
        raise _Failed(result.ATTESTATION_ELEMENTS_MALFORMED)
    if len(evidence.signature) != 64:
        raise _Failed(result.ATTESTATION_SIGNATURE_INVALID_FORMAT)
    try:
        verify_elements(dac.public_key, evidence.elements, evidence.challenge, evidence.signature)
    except AuthenticationFailed:
        raise _Failed(result.ATTESTATION_SIGNATURE_INVALID) from None
    try:
        elements = AttestationElements.decode(evidence.elements)
    except TlvError:
        raise _Failed(result.ATTESTATION_ELEMENTS_MALFORMED) from None
    if not constant_time_equal(elements.attestation_nonce, evidence.nonce):
        raise _Failed(result.ATTESTATION_NONCE_MISMATCH)
    return elements


def _declaration(
    evidence: AttestationEvidence,
    elements: AttestationElements,
    dac: DeviceCertificate,
    pai: DeviceCertificate,
    paa: DeviceCertificate,
    trust: TrustStore,
) -> None:
    result = AttestationResult
    try:
        signed = open_declaration(elements.certification_declaration)
    except DeclarationError:
        raise _Failed(result.CERTIFICATION_DECLARATION_INVALID_FORMAT) from None
    key = trust.signers.get(signed.signer)
    if key is None:
        raise _Failed(result.CERTIFICATION_DECLARATION_NO_CERTIFICATE_FOUND)
    try:
        signed.verify(key)
    except AuthenticationFailed:
        raise _Failed(result.CERTIFICATION_DECLARATION_INVALID_SIGNATURE) from None
    _claims(evidence, signed.declaration, dac, pai, paa)


def _claims(
    evidence: AttestationEvidence,
    declared: CertificationDeclaration,
    dac: DeviceCertificate,
    pai: DeviceCertificate,
    paa: DeviceCertificate,
) -> None:
    """Whether the declaration speaks of this device (Core 6.2.3.1)."""
    result = AttestationResult
    if declared.format_version != 1 or declared.certification_type > _LAST_CERTIFICATION_TYPE:
        raise _Failed(result.CERTIFICATION_DECLARATION_INVALID_FORMAT)
    if declared.vendor_id != evidence.vendor_id:
        raise _Failed(result.CERTIFICATION_DECLARATION_INVALID_VENDOR_ID)
    if evidence.product_id not in declared.product_ids:
        raise _Failed(result.CERTIFICATION_DECLARATION_INVALID_PRODUCT_ID)
    origin = declared.dac_origin_vendor_id, declared.dac_origin_product_id
    if (origin[0] is None) != (origin[1] is None):
        raise _Failed(result.CERTIFICATION_DECLARATION_INVALID_FORMAT)
    vendor = declared.vendor_id if origin[0] is None else origin[0]
    if dac.vendor_id != vendor or pai.vendor_id != vendor:
        raise _Failed(result.CERTIFICATION_DECLARATION_INVALID_VENDOR_ID)
    products = declared.product_ids if origin[1] is None else (origin[1],)
    if dac.product_id not in products or (pai.product_id is not None and pai.product_id not in products):
        raise _Failed(result.CERTIFICATION_DECLARATION_INVALID_PRODUCT_ID)
    if declared.authorized_paas is not None and paa.subject_key_id not in declared.authorized_paas:
        raise _Failed(result.CERTIFICATION_DECLARATION_INVALID_PAA)


_R = AttestationResult
_ADVICE: Final[dict[int, str]] = {
    _R.SUCCESS: "The device is genuine and certified.",
    _R.PAA_NOT_FOUND: "The maker's authority is not known here: add its certificate to the trust store, or accept this device explicitly.",
    _R.PAA_EXPIRED: "The maker's authority was not valid when the device was made: ask the maker.",
    _R.PAI_MISSING: "The device gave no intermediate certificate: ask the maker.",
    _R.PAI_EXPIRED: "The maker's intermediate certificate was not valid when the device was made: ask the maker.",
    _R.PAI_VENDOR_ID_MISMATCH: "The intermediate certificate is of another maker than its authority: do not trust this device with a door.",
    _R.DAC_EXPIRED: "The device's certificate is not valid today: check this machine's clock first, then ask the maker.",
    _R.DAC_VENDOR_ID_MISMATCH: "The device's certificate names another maker than its intermediate: it may be a counterfeit.",
    _R.DAC_PRODUCT_ID_MISMATCH: "The device's certificate names another product than its intermediate: it may be a counterfeit.",
    _R.ATTESTATION_NONCE_MISMATCH: "The device answered an older question: pair again; if it stays so, it may be a counterfeit.",
    _R.ATTESTATION_ELEMENTS_MALFORMED: "The device's answer cannot be read: update its firmware.",
    _R.CERTIFICATION_DECLARATION_NO_CERTIFICATE_FOUND: "Nobody known here signed the certification: it may be a development unit; accept it only if you made it.",
    _R.CERTIFICATION_DECLARATION_INVALID_SIGNATURE: "The certification was altered: do not trust this device with a door.",
    _R.CERTIFICATION_DECLARATION_INVALID_FORMAT: "The certification cannot be read: update the device's firmware, or ask the maker.",
    _R.CERTIFICATION_DECLARATION_INVALID_PAA: "The certification does not allow this device's authority: it may be a counterfeit.",
}
_ADVICE_BY_PART: Final = {
    1: "The maker's authority is not valid: do not trust this device with a door.",
    2: "The maker's intermediate certificate is not valid: ask the maker; do not trust this device with a door.",
    3: "The device's own certificate is not valid: ask the maker; it may be a counterfeit.",
    4: "The device's firmware is not the certified one: update it.",
    5: "The device did not prove that it holds its certificate's key: it may be a counterfeit.",
    6: "The certification does not belong to this device: it may be a development unit or a counterfeit.",
    7: "Attestation could not be carried out: try again.",
}
_UNKNOWN: Final = "Attestation ended in a way that this version does not know: update Latchwork."


def explain(result: AttestationResult) -> str:
    """What a result means and what to do, in one sentence for a person."""
    return _ADVICE.get(int(result)) or _ADVICE_BY_PART.get(int(result) // 100, _UNKNOWN)
