"""Attestation for development: a chain for our own virtual and self-built locks (Core 6.2, 6.3).

Pure. Everything in here is public and proves nothing: the keys are the test keys that the C++ SDK publishes
(connectedhomeip, `credentials/test/attestation` and `credentials/test/certification-declaration`). Controllers that hold the SDK's
development trust store accept a lock with this chain; ecosystems show it as not certified, which it is.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Final

from latchwork.matter.crypto.keys import KeyPair
from latchwork.matter.tlv.schema import Hidden, Struct, Tag
from latchwork.matter.trust.attestation import AttestationElements, NocsrElements, TrustStore
from latchwork.matter.trust.declaration import CertificationDeclaration, sign_declaration
from latchwork.matter.trust.device_certificates import DeviceCertificate, issue_device_certificate
from latchwork.matter.trust.issuing import SERIAL_LENGTH, serial_number

VENDOR_ID: Final = 0xFFF1
PRODUCT_ID: Final = 0x8000
_PRODUCTS: Final = tuple(range(0x8000, 0x8020))

# Chip-Test-PAA-FFF1-Cert.der, Chip-Test-PAA-NoVID-Cert.der, Chip-Test-PAI-FFF1-8000-Cert.der
_PAA_FFF1: Final = (
    "MIIBvTCCAWSgAwIBAgIITqjoMYLUHBwwCgYIKoZIzj0EAwIwMDEYMBYGA1UEAwwPTWF0dGVyIFRlc3QgUEFBMRQwEgYKKwYBBAGC"
    "onwCAQwERkZGMTAgFw0yMTA2MjgxNDIzNDNaGA85OTk5MTIzMTIzNTk1OVowMDEYMBYGA1UEAwwPTWF0dGVyIFRlc3QgUEFBMRQw"
    "EgYKKwYBBAGConwCAQwERkZGMTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABLbLY3KIfyko9brIGqnZOuJDHK2p154kL2UXfvnO"
    "2TKijs0Duq9qj8oYShpQNUKWDUU/MD8fGUIddR6Pjxqam3WjZjBkMBIGA1UdEwEB/wQIMAYBAf8CAQEwDgYDVR0PAQH/BAQDAgEG"
    "MB0GA1UdDgQWBBRq/SJ3H1Ef7L8WQZdnENzcMaFxfjAfBgNVHSMEGDAWgBRq/SJ3H1Ef7L8WQZdnENzcMaFxfjAKBggqhkjOPQQD"
    "AgNHADBEAiBQqoAC9NkyqaAFOPZTaK0P/8jvu8m+t9pWmDXPmqdRDgIgI7rI/g8j51RFtlM5CBpHmUkpxyqvChVI1A0DTVFLJd4="
)
_PAA_NO_VENDOR: Final = (
    "MIIBkTCCATegAwIBAgIHC4+6qN2G7jAKBggqhkjOPQQDAjAaMRgwFgYDVQQDDA9NYXR0ZXIgVGVzdCBQQUEwIBcNMjEwNjI4MTQy"
    "MzQzWhgPOTk5OTEyMzEyMzU5NTlaMBoxGDAWBgNVBAMMD01hdHRlciBUZXN0IFBBQTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA"
    "BBDvAqgah7aBIfuo0xl4+AejF+UKqKgoRGgokUuTPejt1KXDnJ/3GkzjZH/X9iZTt9JJX8ukwPR/h2iAA54HIEqjZjBkMBIGA1Ud"
    "EwEB/wQIMAYBAf8CAQEwDgYDVR0PAQH/BAQDAgEGMB0GA1UdDgQWBBR4XOcFuGuPTm/Hk6pgy0PqaWiC1TAfBgNVHSMEGDAWgBR4"
    "XOcFuGuPTm/Hk6pgy0PqaWiC1TAKBggqhkjOPQQDAgNIADBFAiEAue/bPqBqUuwL8B5h2u0sLRVt22zwFBAdq3mPrAX6R+UCIGAG"
    "HT411g2dSw1Eja12EvfoXFguP8MS3Bh5TdNzcV5d"
)
_PAI_FFF1_8000: Final = (
    "MIIB1DCCAXqgAwIBAgIIPmzmUJrYQM0wCgYIKoZIzj0EAwIwMDEYMBYGA1UEAwwPTWF0dGVyIFRlc3QgUEFBMRQwEgYKKwYBBAGC"
    "onwCAQwERkZGMTAgFw0yMTA2MjgxNDIzNDNaGA85OTk5MTIzMTIzNTk1OVowRjEYMBYGA1UEAwwPTWF0dGVyIFRlc3QgUEFJMRQw"
    "EgYKKwYBBAGConwCAQwERkZGMTEUMBIGCisGAQQBgqJ8AgIMBDgwMDAwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASA3fEbIo8+"
    "MfY7z1eY2hRiOuu96C7zeO6tv7GP4avOMdCO1LIGBLbMxtm1+rZOfeEMt0vgF8nsFRYFbXDyzQsio2YwZDASBgNVHRMBAf8ECDAG"
    "AQH/AgEAMA4GA1UdDwEB/wQEAwIBBjAdBgNVHQ4EFgQUr0K3CU3r1RXsbs8zuBEVIl8yUogwHwYDVR0jBBgwFoAUav0idx9RH+y/"
    "FkGXZxDc3DGhcX4wCgYIKoZIzj0EAwIDSAAwRQIhAJbJyM8uAYhgBdj1vHLAe3X9mldpWsSRETETi+oDPOUDAiAlVJQ75X1T1sR1"
    "99I+v8/CA2zSm6Y5PsfvrYcUq3GCGQ=="
)
# Chip-Test-PAI-FFF1-8000-Key and Chip-Test-CD-Signing-Key: published test keys, not secrets.
_PAI_KEY: Final = "467b2d8a69b35cfe6bdb0fc36a81a7d8e3e45d062df7cdb82258f3c8401dc318"
_DECLARATION_KEY: Final = "aef3484116e9481ec57be0472df41bf499064e5024ad869eca5e889802d48075"
_BEGINNING: Final = datetime(2022, 1, 1, tzinfo=UTC)


class _Stored(Struct):
    dac: Annotated[bytes, Tag(1)]
    pai: Annotated[bytes, Tag(2)]
    declaration: Annotated[bytes, Tag(3)]
    key: Annotated[bytes, Tag(4), Hidden]


@dataclass(frozen=True, slots=True)
class DeviceAttestation:
    """What a device attests itself with.

    Attributes:
        dac, pai: certificates as DER.
        declaration: the certification declaration in its envelope.
        key: the device certificate's key.
    """

    dac: bytes = field(repr=False)
    pai: bytes = field(repr=False)
    declaration: bytes = field(repr=False)
    key: KeyPair = field(repr=False)

    def attestation_elements(self, nonce: bytes, *, timestamp: int = 0) -> bytes:
        """The octets to sign for an AttestationRequest; `timestamp` in seconds of the epoch 2000, 0 without a clock."""
        return AttestationElements(
            certification_declaration=self.declaration, attestation_nonce=nonce, timestamp=timestamp
        ).encode()

    def nocsr_elements(self, csr: bytes, nonce: bytes) -> bytes:
        """The octets to sign for a CSRRequest."""
        return NocsrElements(csr=csr, csr_nonce=nonce).encode()

    def sign(self, message: bytes) -> bytes:
        """The device's signature, 64 octets."""
        return self.key.sign(message)

    def encode(self) -> bytes:
        """For storage; contains the key."""
        return _Stored(dac=self.dac, pai=self.pai, declaration=self.declaration, key=self.key.scalar).encode()

    @classmethod
    def decode(cls, data: bytes) -> DeviceAttestation:
        """From storage.

        Raises:
            TlvError: the octets are no attestation.
        """
        stored = _Stored.decode(data)
        return cls(stored.dac, stored.pai, stored.declaration, KeyPair.from_scalar(stored.key))


def development_attestation(entropy: Callable[[int], bytes], *, device_type: int = 0x000A) -> DeviceAttestation:
    """A new device of vendor 0xFFF1, product 0x8000, with a certificate and a key of its own."""
    issuer = DeviceCertificate.from_der(base64.b64decode(_PAI_FFF1_8000))
    key = KeyPair.generate(entropy)
    dac = issue_device_certificate(
        KeyPair.from_scalar(bytes.fromhex(_PAI_KEY)),
        issuer,
        key.public,
        common_name="Latchwork development lock",
        vendor_id=VENDOR_ID,
        product_id=PRODUCT_ID,
        serial=serial_number(entropy(SERIAL_LENGTH)),
        not_before=_BEGINNING,
    )
    return DeviceAttestation(dac, issuer.encoded, _declaration(device_type), key)


@lru_cache(maxsize=8)
def _declaration(device_type: int) -> bytes:
    declared = CertificationDeclaration(
        format_version=1,
        vendor_id=VENDOR_ID,
        product_ids=_PRODUCTS,
        device_type_id=device_type,
        certificate_id="CSA00000SWC00000-00",
        security_level=0,
        security_information=0,
        version_number=1,
        certification_type=0,
    )
    return sign_declaration(declared, KeyPair.from_scalar(bytes.fromhex(_DECLARATION_KEY)))


def development_trust() -> TrustStore:
    """Trusts the published test authorities and the test declaration signer; for development only."""
    signer = KeyPair.from_scalar(bytes.fromhex(_DECLARATION_KEY)).public
    return TrustStore([base64.b64decode(_PAA_FFF1), base64.b64decode(_PAA_NO_VENDOR)], [signer])
