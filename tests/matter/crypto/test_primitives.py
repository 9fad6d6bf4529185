import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.vectors.crypto import primitives as vectors

from latchwork.base.errors import Misuse, PeerViolation
from latchwork.matter.crypto.primitives import (
    MAX_PLAINTEXT,
    TAG_LENGTH,
    Aead,
    AuthenticationFailed,
    constant_time_equal,
    hkdf,
    hmac_sha256,
    pbkdf2,
    privacy_transform,
    sha256,
)

KEY = bytes(range(16))
NONCE = bytes(range(13))


@pytest.mark.parametrize("vector", vectors.CCM)
def test_ccm_gives_the_published_ciphertext_and_reads_it(vector):
    aead = Aead(vector.key)
    sealed = vector.ciphertext + vector.tag
    assert aead.encrypt(vector.nonce, vector.plaintext, vector.aad) == sealed
    assert aead.decrypt(vector.nonce, sealed, vector.aad) == vector.plaintext


@pytest.mark.parametrize("vector", vectors.CTR)
def test_privacy_gives_the_published_octets_and_is_its_own_inverse(vector):
    assert privacy_transform(vector.key, vector.nonce, vector.plaintext) == vector.ciphertext
    assert privacy_transform(vector.key, vector.nonce, vector.ciphertext) == vector.plaintext


@pytest.mark.parametrize("vector", vectors.CCM)
def test_privacy_is_ccm_without_its_tag(vector):
    assert privacy_transform(vector.key, vector.nonce, vector.plaintext) == vector.ciphertext


@pytest.mark.parametrize("vector", vectors.SHA256)
def test_sha256_gives_the_published_digest(vector):
    assert sha256(vector.data) == vector.digest


@pytest.mark.parametrize("vector", vectors.HMAC)
def test_hmac_gives_the_published_digest(vector):
    assert hmac_sha256(vector.key, vector.message) == vector.digest


@pytest.mark.parametrize("vector", vectors.HKDF)
def test_hkdf_gives_the_published_keys(vector):
    assert hkdf(vector.ikm, vector.salt, vector.info, len(vector.okm)) == vector.okm


@pytest.mark.parametrize("vector", vectors.PBKDF2)
def test_pbkdf2_gives_the_published_keys(vector):
    assert pbkdf2(vector.password, vector.salt, vector.iterations, len(vector.key)) == vector.key


@given(parts=st.lists(st.binary(max_size=40), max_size=5))
def test_parts_hash_as_their_sum(parts):
    whole = b"".join(parts)
    assert sha256(*parts) == hashlib.sha256(whole).digest()
    assert hmac_sha256(KEY, *parts) == hmac_sha256(KEY, whole)


@given(plaintext=st.binary(max_size=200), aad=st.binary(max_size=40), data=st.data())
def test_one_changed_bit_anywhere_is_refused(plaintext, aad, data):
    aead = Aead(KEY)
    sealed = aead.encrypt(NONCE, plaintext, aad)
    assert aead.decrypt(NONCE, sealed, aad) == plaintext
    fields = [NONCE, sealed, aad]
    which = data.draw(st.sampled_from([i for i, field in enumerate(fields) if field]))
    altered = bytearray(fields[which])
    altered[data.draw(st.integers(0, len(altered) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    fields[which] = bytes(altered)
    with pytest.raises(AuthenticationFailed):
        aead.decrypt(*fields)


@given(junk=st.binary(max_size=100))
def test_junk_is_refused_in_one_way(junk):
    with pytest.raises(AuthenticationFailed):
        Aead(KEY).decrypt(NONCE, junk, b"")


def test_another_key_is_refused():
    with pytest.raises(AuthenticationFailed):
        Aead(bytes(16)).decrypt(NONCE, Aead(KEY).encrypt(NONCE, b"open", b""), b"")


@pytest.mark.parametrize("length", [0, 1, TAG_LENGTH - 1, MAX_PLAINTEXT + TAG_LENGTH + 1, 1 << 17])
def test_a_length_that_no_ciphertext_has_is_refused_like_a_wrong_tag(length):
    with pytest.raises(AuthenticationFailed):
        Aead(KEY).decrypt(NONCE, bytes(length), b"")


def test_the_longest_message_goes_through():
    aead = Aead(KEY)
    assert aead.decrypt(NONCE, aead.encrypt(NONCE, bytes(MAX_PLAINTEXT), b""), b"") == bytes(MAX_PLAINTEXT)


def test_a_failed_check_is_the_peers_fault():
    assert issubclass(AuthenticationFailed, PeerViolation)


def test_wrong_sizes_of_our_own_are_misuse():
    with pytest.raises(Misuse):
        Aead(bytes(32))
    with pytest.raises(Misuse):
        Aead(KEY).decrypt(bytes(14), bytes(20), b"")
    with pytest.raises(Misuse):
        privacy_transform(KEY, bytes(12), b"")
    with pytest.raises(Misuse):
        privacy_transform(KEY, NONCE, bytes(MAX_PLAINTEXT + 1))
    for length in (0, 255 * 32 + 1):
        with pytest.raises(Misuse):
            hkdf(b"key", b"", b"", length)
    for iterations, length in ((0, 1), (1, 0)):
        with pytest.raises(Misuse):
            pbkdf2(b"1", b"salt", iterations, length)


def test_a_cipher_does_not_show_its_key():
    assert repr(Aead(KEY)) == "Aead(…)"


def test_equality_of_secrets():
    assert constant_time_equal(b"same", b"same")
    assert not constant_time_equal(b"same", b"some")
    assert not constant_time_equal(b"same", b"sam")
