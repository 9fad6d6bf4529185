"""The Check-In message.

Vectors: connectedhomeip v1.4.2, src/protocols/secure_channel/tests/CheckIn_Message_test_vectors.h.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.base.errors import Misuse
from latchwork.matter.crypto.primitives import Aead, hmac_sha256
from latchwork.matter.messages.check_in import (
    MAX_APPLICATION_DATA,
    MIN_PAYLOAD,
    REFRESH_OFFSET,
    CheckIn,
    CheckInError,
    CheckInKey,
    CheckInWindow,
)

KEY, OTHER = bytes(range(16)), bytes(range(1, 17))
TOP = 0xFFFF_FFFF

VECTORS = [
    (
        "d90e13180d00baadd20cf5ed4913d3ff",
        12,
        "",
        "4580d2c6f1310dc4eb64f1f8e8bdc21fb5195d747dd2879b2b0d43ce5b1c565078",
    ),
    (
        "18fdbceaef01955b0ec875eda3ae6ee8",
        15,
        "54686973",
        "9b02ed21ee0c7b491985502e372dbd7b3f8b4f8e3c5ad99419389f41a8d609938c67a86d65",
    ),
    (
        "d90e13180d00baadd20cf5ed4913d3ff",
        11,
        "546869732069732061",
        "aa84bc60886a63a8475d5dbeb56d635fa95285ae33626613c7636ce3e3b2a8b13a8c89bef76891e8e296",
    ),
    (
        "ca67d41ff7112910fdd18a1bf99ea974",
        11,
        "546869732069732061206c6f6e676572",
        "7a9772243c97c87d5f3a31c4e6dbbc1aa566c443c20586066b427bfcaaad78da4a105a1342adbf3f4798cd81b9ef97bbb7",
    ),
    (
        "ca67d41ff7112910fdd18a1bf99ea974",
        12,
        "546869732069732061206c6f6e67657220737472696e67",
        "0634676ea6e0707b7ad7814ff82e5b18d19a23b2e4fadf829253517ff3c91d8d4784315a1e3208b8ecf6118b021a5a4cd4e9d4138dff2971",
    ),
]
INVALID_NONCE = (
    "ca67d41ff7112910fdd18a1bf99ea974",
    "0634676ea6e0707b7ad7814ff8295b18d19a23b2e4fadf829253517ff3c91d8d47842e41023c03ad66ac4dca7247e0e4c66bd9d39913e23d8232b961fa9226",
)


@pytest.mark.parametrize(("key", "counter", "data", "payload"), VECTORS)
def test_the_sdks_vectors_are_sealed_and_opened(key, counter, data, payload):
    both = CheckInKey(bytes.fromhex(key))
    assert both.seal(counter, bytes.fromhex(data)).hex() == payload
    assert both.open(bytes.fromhex(payload)) == CheckIn(counter, bytes.fromhex(data))


def test_a_nonce_of_another_counter_is_refused_although_the_tag_is_right():
    key, payload = (bytes.fromhex(text) for text in INVALID_NONCE)
    Aead(key).decrypt(payload[:13], payload[13:], b"")
    with pytest.raises(CheckInError, match="nonce"):
        CheckInKey(key).open(payload)


def test_a_self_made_nonce_is_refused():
    nonce = hmac_sha256(KEY, b"\1\0\0\0")[:13]
    with pytest.raises(CheckInError, match="nonce"):
        CheckInKey(KEY).open(nonce + Aead(KEY).encrypt(nonce, b"\2\0\0\0", b""))


def test_a_device_says_how_long_it_stays_awake():
    key = CheckInKey(KEY)
    assert key.open(key.seal_wake(7, 5000)).active_threshold_ms == 5000
    assert key.open(key.seal_wake(7, 100_000)).active_threshold_ms == 0xFFFF
    assert key.open(key.seal(7)).active_threshold_ms is None
    assert key.open(key.seal(7, b"\x88\x13later revisions say more")).active_threshold_ms == 5000


def test_another_key_opens_nothing():
    with pytest.raises(CheckInError, match="not under this key"):
        CheckInKey(OTHER).open(CheckInKey(KEY).seal(1))


def test_what_cannot_be_sealed_is_our_mistake():
    for counter, data in ((-1, b""), (TOP + 1, b""), (0, bytes(MAX_APPLICATION_DATA + 1))):
        with pytest.raises(Misuse):
            CheckInKey(KEY).seal(counter, data)
    with pytest.raises(Misuse):
        CheckInKey(b"short")


def test_the_key_is_not_shown():
    assert KEY.hex() not in repr(CheckInKey(KEY))
    assert repr(CheckInKey(KEY)) == "CheckInKey(…)"


@given(st.binary(max_size=MIN_PAYLOAD + MAX_APPLICATION_DATA + 8))
def test_any_octets_are_refused_in_one_way(octets):
    with pytest.raises(CheckInError):
        CheckInKey(KEY).open(octets)


@given(st.integers(0, TOP), st.binary(max_size=MAX_APPLICATION_DATA), st.data())
def test_one_changed_bit_is_noticed(counter, application_data, data):
    key = CheckInKey(KEY)
    payload = bytearray(key.seal(counter, application_data))
    assert key.open(bytes(payload)) == CheckIn(counter, application_data)
    bit = data.draw(st.integers(0, len(payload) * 8 - 1))
    payload[bit // 8] ^= 1 << bit % 8
    with pytest.raises(CheckInError):
        key.open(bytes(payload))


def test_every_counter_is_taken_once_and_forward_only():
    window = CheckInWindow(100)
    assert not window.accept(100)
    assert window.accept(101)
    assert not window.accept(101)
    assert window.accept(250)
    assert not window.accept(200)
    assert window.offset == 150


def test_a_device_that_used_up_a_whole_round_is_believed_and_gets_a_new_key():
    window = CheckInWindow(100)
    assert window.accept(99)
    assert window.needs_new_key
    assert not window.accept(101)


def test_the_counter_rolls_over():
    window = CheckInWindow(TOP - 1)
    assert window.accept(TOP)
    assert window.accept(0)
    assert not window.accept(TOP)
    assert window.accept(5)
    assert window.offset == 7


def test_half_of_the_counters_used_up_ask_for_a_new_key():
    window = CheckInWindow(7)
    assert window.accept((7 + REFRESH_OFFSET - 1) % (TOP + 1))
    assert not window.needs_new_key
    assert window.accept((7 + REFRESH_OFFSET) % (TOP + 1))
    assert window.needs_new_key


@given(st.integers(0, TOP), st.lists(st.integers(0, TOP), max_size=20))
def test_what_is_taken_only_grows(start, counters):
    window, before = CheckInWindow(start), 0
    for counter in counters:
        taken = window.accept(counter)
        assert taken == (window.offset > before)
        before = window.offset
