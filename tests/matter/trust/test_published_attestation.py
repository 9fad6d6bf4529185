import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from latchwork.base.clock import MATTER_EPOCH_S
from latchwork.matter.crypto.keys import KeyPair, PublicKey
from latchwork.matter.crypto.primitives import AuthenticationFailed
from latchwork.matter.trust.attestation import (
    AttestationElements,
    AttestationEvidence,
    AttestationResult,
    NocsrElements,
    explain,
    sign_elements,
    verify_attestation,
    verify_elements,
)
from latchwork.matter.trust.certificates import CertificateError
from latchwork.matter.trust.declaration import (
    CertificationDeclaration,
    DeclarationError,
    open_declaration,
    sign_declaration,
)
from latchwork.matter.trust.development import development_attestation, development_trust
from latchwork.matter.trust.device_certificates import DeviceCertificate

VECTORS = Path(__file__).parents[2] / "vectors"
COMMISSIONER = json.loads((VECTORS / "trust_commissioner.json").read_text())["cases"]
PUBLISHED = json.loads((VECTORS / "trust_attestation.json").read_text())
NONCE, CHALLENGE = bytes(range(32)), bytes(range(16))
IN_2026 = 1_790_000_000 - MATTER_EPOCH_S
VENDOR = 0xFFF1


def octets(text):
    return base64.b64decode(text)


def published(name):
    return DeviceCertificate.from_der(octets(PUBLISHED["certificates"][name]))


def evidence(dac, pai, declaration, key, *, product_id=0x8000):
    elements = AttestationElements(certification_declaration=declaration, attestation_nonce=NONCE, timestamp=0).encode()
    signature = sign_elements(key, elements, CHALLENGE)
    return AttestationEvidence(dac, pai, elements, signature, NONCE, CHALLENGE, VENDOR, product_id)


def of_case(case):
    key = KeyPair.from_scalar(octets(case["dac_key"]))
    return evidence(
        octets(case["dac"]), octets(case["pai"]), octets(case["declaration"]), key, product_id=case["product_id"]
    )


@pytest.mark.parametrize("name", sorted(COMMISSIONER))
def test_the_sdks_cases_for_commissioners_end_as_published(name):
    case = COMMISSIONER[name]
    result = verify_attestation(of_case(case), development_trust(), now=IN_2026)
    assert (result is AttestationResult.SUCCESS) == case["success"], f"{result.name}: {case['about']}"


# Our own device


def count(size, counter=[0]):  # noqa: B006 - a source of distinct octets
    counter[0] += 1
    return counter[0].to_bytes(size, "big")


DEVICE = development_attestation(count)


def ours(**changes):
    return replace(evidence(DEVICE.dac, DEVICE.pai, DEVICE.declaration, DEVICE.key), **changes)


def result_of(given, trust=None, now=IN_2026):
    return verify_attestation(given, trust or development_trust(), now=now)


def test_our_own_device_is_accepted_with_and_without_a_clock():
    assert result_of(ours()) is AttestationResult.SUCCESS
    assert result_of(ours(), now=None) is AttestationResult.SUCCESS


def test_our_own_chain_is_sound_to_another_implementation_of_x509():
    dac, pai = x509.load_der_x509_certificate(DEVICE.dac), x509.load_der_x509_certificate(DEVICE.pai)
    dac.verify_directly_issued_by(pai)
    assert dac.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    usage = dac.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.digital_signature
    assert not usage.value.key_cert_sign
    identifier = x509.SubjectKeyIdentifier.from_public_key(dac.public_key())
    assert dac.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value == identifier
    names = [(part.oid.dotted_string, part.value) for part in dac.subject]
    assert ("1.3.6.1.4.1.37244.2.1", "FFF1") in names
    assert ("1.3.6.1.4.1.37244.2.2", "8000") in names
    assert 0 < dac.serial_number.bit_length() <= 159


def test_a_device_survives_storage_and_two_devices_differ():
    again = type(DEVICE).decode(DEVICE.encode())
    assert (again.dac, again.pai, again.declaration) == (DEVICE.dac, DEVICE.pai, DEVICE.declaration)
    assert again.key.scalar == DEVICE.key.scalar
    assert development_attestation(count).dac != DEVICE.dac
    assert DEVICE.key.scalar.hex() not in repr(DEVICE)


OTHER_KEY = KeyPair.from_scalar(bytes(31) + b"\x05")
R = AttestationResult


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"pai": b""}, R.PAI_MISSING),
        ({"pai": b"\x30\x00"}, R.PAI_FORMAT_INVALID),
        ({"dac": b"\x30\x00"}, R.DAC_FORMAT_INVALID),
        ({"dac": DEVICE.pai}, R.DAC_FORMAT_INVALID),
        ({"pai": DEVICE.dac}, R.PAI_FORMAT_INVALID),
        ({"nonce": bytes(32)}, R.ATTESTATION_NONCE_MISMATCH),
        ({"challenge": bytes(16)}, R.ATTESTATION_SIGNATURE_INVALID),
        ({"signature": bytes(64)}, R.ATTESTATION_SIGNATURE_INVALID),
        ({"signature": b"short"}, R.ATTESTATION_SIGNATURE_INVALID_FORMAT),
        ({"vendor_id": 0xFFF2}, R.CERTIFICATION_DECLARATION_INVALID_VENDOR_ID),
        ({"product_id": 0x9000}, R.CERTIFICATION_DECLARATION_INVALID_PRODUCT_ID),
    ],
)
def test_each_flaw_has_its_own_result(changes, expected):
    assert result_of(ours(**changes)) is expected


def test_a_device_of_an_unknown_authority_is_not_found():
    trust = development_trust()
    trust.authorities.clear()
    assert result_of(ours(), trust) is R.PAA_NOT_FOUND


def test_an_altered_device_certificate_is_refused():
    altered = DEVICE.dac[:-1] + bytes([DEVICE.dac[-1] ^ 1])
    assert result_of(ours(dac=altered)) is R.DAC_SIGNATURE_INVALID


def test_a_device_is_refused_before_its_certificate_begins():
    assert result_of(ours(), now=1) is R.DAC_EXPIRED


def with_declaration(declaration):
    return evidence(DEVICE.dac, DEVICE.pai, declaration, DEVICE.key)


def declared(**changes):
    parts = {
        "format_version": 1,
        "vendor_id": VENDOR,
        "product_ids": (0x8000,),
        "device_type_id": 10,
        "certificate_id": "CSA00000SWC00000-00",
        "security_level": 0,
        "security_information": 0,
        "version_number": 1,
        "certification_type": 0,
    }
    return CertificationDeclaration(**(parts | changes))


TEST_SIGNER = KeyPair.from_scalar(octets(PUBLISHED["cms"]["sTestCMS_SignerSerializedKeypair"])[65:])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, R.SUCCESS),
        ({"authorized_paas": (bytes(20),)}, R.CERTIFICATION_DECLARATION_INVALID_PAA),
        (
            {"dac_origin_vendor_id": 0xFFF2, "dac_origin_product_id": 0x8000},
            R.CERTIFICATION_DECLARATION_INVALID_VENDOR_ID,
        ),
        (
            {"dac_origin_vendor_id": 0xFFF1, "dac_origin_product_id": 0x8001},
            R.CERTIFICATION_DECLARATION_INVALID_PRODUCT_ID,
        ),
        ({"vendor_id": 0xFFF2}, R.CERTIFICATION_DECLARATION_INVALID_VENDOR_ID),
        ({"product_ids": (0x8001,)}, R.CERTIFICATION_DECLARATION_INVALID_PRODUCT_ID),
    ],
)
def test_a_declaration_must_speak_of_the_device(changes, expected):
    assert result_of(with_declaration(sign_declaration(declared(**changes), TEST_SIGNER))) is expected


def test_a_declaration_of_an_unknown_signer_is_refused():
    forged = sign_declaration(declared(), OTHER_KEY)
    assert result_of(with_declaration(forged)) is R.CERTIFICATION_DECLARATION_NO_CERTIFICATE_FOUND


def test_an_altered_declaration_is_refused():
    signed = sign_declaration(declared(), TEST_SIGNER)
    altered = signed.replace(b"CSA00000SWC00000-00", b"CSA00000SWC00000-99")
    assert result_of(with_declaration(altered)) is R.CERTIFICATION_DECLARATION_INVALID_SIGNATURE


def test_octets_that_are_no_declaration_are_refused():
    assert result_of(with_declaration(b"\x30\x00")) is R.CERTIFICATION_DECLARATION_INVALID_FORMAT


# Declarations


@pytest.mark.parametrize("number", ["01", "02"])
def test_a_published_declaration_opens_verifies_and_is_rebuilt(number):
    cms = PUBLISHED["cms"]
    opened = open_declaration(octets(cms[f"sTestCMS_SignedMessage{number}"]))
    assert opened.content == octets(cms[f"sTestCMS_CDContent{number}"]) == opened.declaration.encode()
    opened.verify(PublicKey.from_bytes(octets(cms["sTestCMS_SignerPublicKey"])))
    assert opened.signer == TEST_SIGNER.public.key_identifier
    with pytest.raises(AuthenticationFailed):
        opened.verify(OTHER_KEY.public)


def test_a_published_declaration_says_what_was_certified():
    opened = open_declaration(octets(PUBLISHED["cms"]["sTestCMS_SignedMessage02"])).declaration
    assert (opened.vendor_id, opened.product_ids, opened.device_type_id) == (0xFFF2, (0x8001, 0x8002), 0x1234)
    assert (opened.dac_origin_vendor_id, opened.dac_origin_product_id) == (0xFFF1, 0x8000)


@pytest.mark.parametrize("name", sorted(PUBLISHED["declarations"]))
def test_every_published_declaration_is_of_the_test_signer(name):
    open_declaration(octets(PUBLISHED["declarations"][name])).verify(TEST_SIGNER.public)


def test_what_we_sign_has_the_form_of_what_is_published():
    theirs = octets(PUBLISHED["cms"]["sTestCMS_SignedMessage01"])
    ours = sign_declaration(open_declaration(theirs).declaration, TEST_SIGNER)
    assert open_declaration(ours).declaration == open_declaration(theirs).declaration
    # The signature alone may differ, and with it the lengths of what surrounds it.
    inner = octets(PUBLISHED["cms"]["sTestCMS_CDContent01"])
    before, after = theirs.split(inner)
    assert ours.split(inner)[0][-20:] == before[-20:]
    assert ours.split(inner)[1][4:60] == after[4:60]


def test_an_envelope_with_something_behind_it_is_refused():
    with pytest.raises(DeclarationError):
        open_declaration(octets(PUBLISHED["cms"]["sTestCMS_SignedMessage01"]) + b"\x00")


# Certificates


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("PAA-FFF1", (0xFFF1, None)),
        ("PAA-NoVID", (None, None)),
        ("PAI-FFF1-8000", (0xFFF1, 0x8000)),
        ("PAI-FFF2-NoPID", (0xFFF2, None)),
        ("PAI-FFF2-NoPID-FB", (0xFFF2, None)),
        ("PAI-FFF2-8004-FB", (0xFFF2, 0x8004)),
        ("DAC-FFF1-8000-0000", (0xFFF1, 0x8000)),
        ("DAC-FFF2-8003-0018-FB", (0xFFF2, 0x8003)),
    ],
)
def test_vendor_and_product_are_read_in_both_forms(name, ids):
    certificate = published(name)
    assert (certificate.vendor_id, certificate.product_id) == ids


@pytest.mark.parametrize(
    ("name", "issuer"),
    [
        ("PAA-FFF1", "PAA-FFF1"),
        ("PAI-FFF1-8000", "PAA-FFF1"),
        ("DAC-FFF1-8000-0000", "PAI-FFF1-8000"),
        ("PAI-FFF2-NoPID", "PAA-NoVID"),
        ("DAC-FFF2-8003-0018-FB", "PAI-FFF2-NoPID-FB"),
    ],
)
def test_a_published_certificate_is_signed_by_its_issuer(name, issuer):
    published(name).verify_signature(published(issuer).public_key)
    with pytest.raises(CertificateError):
        published(name).verify_signature(OTHER_KEY.public)


# Elements and advice


def test_elements_are_bound_to_key_and_session():
    elements = NocsrElements(csr=b"csr", csr_nonce=NONCE).encode()
    signature = sign_elements(DEVICE.key, elements, CHALLENGE)
    verify_elements(DEVICE.key.public, elements, CHALLENGE, signature)
    for key, signed, challenge in (
        (OTHER_KEY, elements, CHALLENGE),
        (DEVICE.key, elements + b"x", CHALLENGE),
        (DEVICE.key, elements, bytes(16)),
    ):
        with pytest.raises(AuthenticationFailed):
            verify_elements(key.public, signed, challenge, signature)


def test_every_result_is_explained_in_words_of_its_own():
    texts = [explain(result) for result in AttestationResult]
    assert all(text.endswith(".") for text in texts)
    assert explain(AttestationResult(999)).endswith(".")


def test_the_official_signers_have_the_published_key_identifiers():
    from latchwork.matter.trust.declaration_signers import official_signers

    # Source: connectedhomeip v1.4.2, subject key ids of credentials/development/cd-certs/CSA_Matter_CD_Signing_Key_00*.
    assert [key.key_identifier.hex() for key in official_signers()] == [
        "fe343f959947763b61ee4539131338494fe67d8e",
        "dd04db585b214c1c581587e6568df487b6ddc701",
        "471035e7c04eaaa8be7c4d4c13e3e4c20995a84b",
        "f68603a3692e981072419ea1e1ab3854bd7795d3",
        "637f2634ad62eafe6af662efb96f6fd2fcbffc2f",
    ]


def test_a_declaration_of_the_test_signer_is_not_trusted_where_only_official_ones_are():
    from latchwork.matter.trust.attestation import TrustStore
    from latchwork.matter.trust.declaration_signers import official_signers

    store = TrustStore((paa.encoded for paa in development_trust().authorities.values()), official_signers())
    assert result_of(ours(), store) is R.CERTIFICATION_DECLARATION_NO_CERTIFICATE_FOUND
