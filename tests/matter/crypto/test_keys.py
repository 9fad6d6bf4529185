import hashlib
import itertools

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from tests.vectors.crypto import keys as vectors
from tests.vectors.crypto import spake2p as points

from latchwork.base.errors import Misuse, PeerViolation
from latchwork.matter.crypto.keys import (
    MAX_CSR_LENGTH,
    ORDER,
    InvalidKey,
    KeyPair,
    PublicKey,
    csr,
    der_signature_to_raw,
    parse_csr,
    raw_signature_to_der,
)
from latchwork.matter.crypto.primitives import AuthenticationFailed

PAIR = KeyPair.from_scalar(vectors.ECDH[0].scalar)
OTHER = KeyPair.from_scalar(vectors.ECDH[1].scalar)


def octets(number: int) -> bytes:
    return number.to_bytes(32, "big")


@pytest.mark.parametrize("vector", vectors.ECDH)
def test_ecdh_gives_the_published_secret(vector):
    assert KeyPair.from_scalar(vector.scalar).ecdh(PublicKey.from_bytes(vector.public_key)) == vector.secret


@pytest.mark.parametrize("vector", vectors.SIGNATURES)
def test_signatures_change_form_as_published(vector):
    assert der_signature_to_raw(vector.der) == vector.raw
    assert raw_signature_to_der(vector.raw) == vector.der


def test_a_signature_takes_its_nonce_from_key_and_message():
    # RFC 6979, appendix A.2.5, P-256, SHA-256, message "sample".
    pair = KeyPair.from_scalar(bytes.fromhex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"))
    signature = pair.sign(b"sample")
    pair.public.verify(b"sample", signature)
    if pair.sign(b"sample") != signature:
        pytest.skip("this OpenSSL draws the nonce of a signature")
    assert signature.hex() == (
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
        "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
    )


@pytest.mark.parametrize("raw", points.ON_THE_CURVE)
def test_a_point_on_the_curve_is_a_key(raw):
    key = PublicKey.from_bytes(raw)
    assert key.raw == raw
    assert key.key_identifier == hashlib.sha1(raw).digest()


@pytest.mark.parametrize("raw", points.OFF_THE_CURVE)
def test_a_point_off_the_curve_is_refused(raw):
    with pytest.raises(InvalidKey):
        PublicKey.from_bytes(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00",
        bytes(65),
        b"\x02" + PAIR.public.raw[1:33],
        b"\x06" + PAIR.public.raw[1:],
        PAIR.public.raw + b"\x00",
    ],
    ids=["nothing", "infinity", "zeros", "compressed", "hybrid", "too long"],
)
def test_other_forms_of_a_point_are_refused(raw):
    with pytest.raises(InvalidKey):
        PublicKey.from_bytes(raw)


@given(raw=st.binary(max_size=80) | st.binary(min_size=64, max_size=64).map(lambda xy: b"\x04" + xy))
def test_junk_is_no_key(raw):
    with pytest.raises(InvalidKey):
        PublicKey.from_bytes(raw)


def test_keys_are_values():
    same = PublicKey.from_bytes(bytes(PAIR.public.raw))
    assert same == PAIR.public
    assert len({same, PAIR.public, OTHER.public}) == 2
    with pytest.raises(AttributeError):
        same.raw = OTHER.public.raw


def test_a_pair_does_not_show_its_secret():
    shown = f"{PAIR!r} {PAIR} {PAIR.scalar!r} {PAIR.ecdh(OTHER.public)}"
    assert PAIR.scalar.hex() not in shown
    assert PAIR.public.raw.hex() in shown


def test_the_same_entropy_gives_the_same_pair():
    assert KeyPair.generate(lambda n: b"\x11" * n).scalar == b"\x11" * 32


def test_a_draw_that_is_no_private_key_is_drawn_again():
    draws = iter([bytes(32), octets(ORDER), b"\xff" * 32, octets(ORDER - 1)])
    assert KeyPair.generate(lambda _: next(draws)).scalar == octets(ORDER - 1)


def test_entropy_that_never_fits_is_misuse():
    with pytest.raises(Misuse):
        KeyPair.generate(bytes)


@pytest.mark.parametrize("scalar", [b"", bytes(32), octets(ORDER), b"\x01" * 31])
def test_a_number_that_is_no_private_key_is_misuse(scalar):
    with pytest.raises(Misuse):
        KeyPair.from_scalar(scalar)


@given(message=st.binary(max_size=300))
def test_both_forms_of_a_signature_verify(message):
    PAIR.public.verify(message, PAIR.sign(message))
    PAIR.public.verify_der(message, PAIR.sign_der(message))


@given(bit=st.integers(0, 511))
def test_a_signature_with_one_changed_bit_is_refused(bit):
    signature = bytearray(PAIR.sign(b"message"))
    signature[bit // 8] ^= 1 << bit % 8
    with pytest.raises(AuthenticationFailed):
        PAIR.public.verify(b"message", bytes(signature))


def test_a_signature_of_another_message_or_key_is_refused():
    with pytest.raises(AuthenticationFailed):
        PAIR.public.verify(b"messagE", PAIR.sign(b"message"))
    with pytest.raises(AuthenticationFailed):
        OTHER.public.verify(b"message", PAIR.sign(b"message"))


@pytest.mark.parametrize(("r", "s"), list(itertools.permutations([0, 1, ORDER, ORDER + 1, (1 << 256) - 1], 2)))
def test_numbers_out_of_range_are_no_signature(r, s):
    with pytest.raises(AuthenticationFailed):
        PAIR.public.verify(b"message", octets(r) + octets(s))


@pytest.mark.parametrize("length", [0, 63, 65, 128])
def test_a_raw_signature_of_another_length_is_refused(length):
    with pytest.raises(AuthenticationFailed):
        PAIR.public.verify(b"message", bytes(length))


@given(junk=st.binary(max_size=90))
def test_junk_is_no_signature(junk):
    with pytest.raises(AuthenticationFailed):
        PAIR.public.verify(b"message", junk)
    with pytest.raises(AuthenticationFailed):
        PAIR.public.verify_der(b"message", junk)


@given(junk=st.binary(max_size=90) | st.binary(max_size=60).map(lambda rest: bytes((0x30, len(rest))) + rest))
def test_der_becomes_raw_or_is_refused(junk):
    try:
        raw = der_signature_to_raw(junk)
    except AuthenticationFailed:
        return
    assert raw_signature_to_der(raw) == junk


def test_numbers_too_long_for_the_curve_have_no_raw_form():
    for der in ("30270222" + "01" + "00" * 33 + "020101", "30260221" + "01" + "00" * 32 + "020101", "3006020180020101"):
        with pytest.raises(AuthenticationFailed):
            der_signature_to_raw(bytes.fromhex(der))


def test_both_sides_agree_on_a_secret():
    assert PAIR.ecdh(OTHER.public) == OTHER.ecdh(PAIR.public)


def test_the_published_request_is_read():
    assert parse_csr(vectors.CSR).raw == vectors.CSR_PUBLIC_KEY


@pytest.mark.parametrize("name", vectors.BAD_CSRS)
def test_a_bad_request_is_refused(name):
    expected = AuthenticationFailed if name == "a wrong signature" else InvalidKey
    with pytest.raises(expected):
        parse_csr(vectors.BAD_CSRS[name])


@given(scalar=st.integers(1, ORDER - 1))
def test_our_request_is_read_by_us_and_by_others(scalar):
    pair = KeyPair.from_scalar(octets(scalar))
    der = csr(pair)
    assert parse_csr(der) == pair.public
    request = x509.load_der_x509_csr(der)
    assert request.is_signature_valid
    assert request.subject.rfc4514_string() == "O=CSR"
    assert len(der) <= 255


@given(data=st.data())
def test_a_request_with_one_changed_bit_is_refused(data):
    der = bytearray(csr(PAIR))
    der[data.draw(st.integers(0, len(der) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises((InvalidKey, AuthenticationFailed)):
        parse_csr(bytes(der))


@given(junk=st.binary(max_size=300))
def test_junk_is_no_request(junk):
    with pytest.raises(InvalidKey):
        parse_csr(junk)


def element(tag: int, content: bytes) -> bytes:
    length = len(content)
    return bytes((tag, length) if length < 0x80 else (tag, 0x81, length)) + content


def request_of(key, algorithm, name="CSR") -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, name)] * 20)
    return x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, algorithm).public_bytes(Encoding.DER)


def test_a_request_of_another_kind_of_key_is_refused():
    with pytest.raises(InvalidKey):
        parse_csr(request_of(ec.derive_private_key(7, ec.SECP384R1()), hashes.SHA256()))
    with pytest.raises(InvalidKey):
        parse_csr(request_of(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)), None))


def test_a_request_signed_with_another_hash_is_refused():
    with pytest.raises(AuthenticationFailed):
        parse_csr(request_of(ec.derive_private_key(7, ec.SECP256R1()), hashes.SHA384()))


def test_a_request_may_name_any_subject_up_to_a_bound():
    key = ec.derive_private_key(7, ec.SECP256R1())
    assert parse_csr(request_of(key, hashes.SHA256())) == KeyPair.from_scalar(octets(7)).public
    long = request_of(key, hashes.SHA256(), "a" * 64)
    assert len(long) > MAX_CSR_LENGTH
    with pytest.raises(InvalidKey):
        parse_csr(long)


@given(data=st.data())
def test_a_request_cut_off_or_with_a_piece_replaced_is_refused(data):
    der = csr(PAIR)
    start = data.draw(st.integers(0, len(der) - 1))
    end = data.draw(st.integers(start + 1, len(der)))
    altered = der[:start] + data.draw(st.binary(max_size=8).filter(lambda piece: piece != der[start:end])) + der[end:]
    with pytest.raises((InvalidKey, AuthenticationFailed)):
        parse_csr(altered)


@pytest.mark.parametrize("head", ["3080", "308003", "30820003", "3083000003", "30ff", "3005", "30", ""])
def test_lengths_that_are_not_der_are_refused(head):
    with pytest.raises(InvalidKey):
        parse_csr(bytes.fromhex(head) + b"\x02\x01\x00")


def test_a_request_with_another_subject_and_attributes_is_read():
    published = vectors.BAD_CSRS["octets after the end"]
    assert parse_csr(published[: 3 + published[2]]).raw == published[51 : 51 + 65]


@pytest.mark.parametrize(
    ("attributes", "error"), [("", None), ("a000", None), ("a00000", InvalidKey), ("3000", InvalidKey)]
)
def test_attributes_may_be_left_out_but_nothing_else_may_stand_there(attributes, error):
    information = element(0x30, csr(PAIR)[5:115] + bytes.fromhex(attributes))
    signature = element(0x03, b"\x00" + PAIR.sign_der(information))
    request = element(0x30, information + bytes.fromhex("300a06082a8648ce3d040302") + signature)
    if error is None:
        assert parse_csr(request) == PAIR.public
    else:
        with pytest.raises(error):
            parse_csr(request)


def test_a_bad_key_is_the_peers_fault():
    assert issubclass(InvalidKey, PeerViolation)
