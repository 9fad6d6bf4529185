"""Wiegand frames: parity decides, silence ends a frame."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.base.errors import PeerViolation
from latchwork.devices.raspberry_pi.wiegand import MAX_BITS, Card, Key, WiegandReader, decode


def frame(number, size):
    """A card's bits, parity included."""
    bits = [number >> place & 1 for place in reversed(range(size - 2))]
    half = len(bits) // 2
    return [sum(bits[:half]) % 2, *bits, 1 - sum(bits[half:]) % 2]


def test_a_26_bit_card_has_four_octets_too():
    # Facility 1, card 2: 1 0000 0001 0000 0000 0000 0010 0 with both parity bits.
    assert decode([int(bit) for bit in "10000000100000000000000100"]) == Card(bytes.fromhex("00010002"))


@pytest.mark.parametrize(("size", "number"), [(26, 0xABCDEF), (34, 0xDEADBEEF), (26, 0), (34, 0xFFFFFFFF)])
def test_cards_of_either_size_are_read(size, number):
    assert decode(frame(number, size)) == Card(number.to_bytes(4, "big"))


@given(st.integers(0, 0xFFFFFFFF), st.integers(0, 33))
def test_one_wrong_bit_is_always_noticed(number, wrong):
    bits = frame(number, 34)
    bits[wrong] ^= 1
    with pytest.raises(PeerViolation):
        decode(bits)


@given(st.lists(st.integers(0, 1), max_size=80))
def test_whatever_comes_is_a_card_a_key_or_the_documented_error(bits):
    try:
        heard = decode(bits)
    except PeerViolation:
        return
    assert isinstance(heard, Card | Key)


def test_keys_come_in_four_bits_or_in_eight_with_their_complement():
    assert decode([0, 1, 1, 1]) == Key("7")
    assert decode([1, 0, 1, 1]) == Key("#")
    assert decode([1, 0, 0, 0, 0, 1, 1, 1]) == Key("7")
    with pytest.raises(PeerViolation, match="check bits"):
        decode([1, 1, 0, 0, 0, 1, 1, 1])
    with pytest.raises(PeerViolation, match="key that"):
        decode([1, 1, 0, 0])


@pytest.fixture
def reader(pins, loop):
    reader = WiegandReader(pins.input(2), pins.input(3), loop)
    yield reader
    reader.close()


def send(factory, let, bits):
    for bit in bits:
        pin = factory.pin(3 if bit else 2)
        pin.drive_low()
        pin.drive_high()
        let(0.002)


def test_a_reader_tells_a_card_when_the_line_falls_silent(reader, factory, let):
    seen = []
    reader.listen(seen.append)
    send(factory, let, frame(0x123456, 26))
    assert seen == []
    let(0.03)
    assert seen == [bytes.fromhex("00123456")]


def test_a_key_of_a_reader_is_a_key(reader, factory, let):
    keys = []
    reader.keypad.listen(keys.append)
    send(factory, let, [0, 0, 0, 1])
    let(0.03)
    assert keys == ["1"]


def test_a_wire_that_rattles_is_not_a_card_and_does_not_fill_memory(reader, factory, let):
    seen = []
    reader.listen(seen.append)
    send(factory, let, [1] * 200)
    assert len(reader._bits) <= MAX_BITS + 1
    let(0.03)
    send(factory, let, frame(0x42, 34))
    let(0.03)
    assert seen == [bytes.fromhex("00000042")]
