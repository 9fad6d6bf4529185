"""The reader and the writer of TLV elements."""

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from latchwork.base.errors import Misuse
from latchwork.matter.tlv.elements import (
    MAX_DEPTH,
    MAX_LENGTH,
    ElementType,
    ImplicitTag,
    ProfileTag,
    TlvError,
    TlvList,
    Writer,
    decode,
    decode_tagged,
    encode,
    walk,
)

# Sample encodings of the specification, Core appendix A.12: value and octets.
SAMPLES = [
    (False, "08"),
    (True, "09"),
    (42, "042a"),
    (-17, "00ef"),
    (-170000, "02f067fdff"),
    (40000000000, "070090" + "2f5009000000"),
    ("Hello!", "0c0648656c6c6f21"),
    ("Tschüs", "0c07547363" + "68c3bc73"),
    (b"\x00\x01\x02\x03\x04", "10050001020304"),
    (None, "14"),
    (17.9, "0b666666" + "6666e63140"),
    ({}, "1518"),
    ([], "1618"),
    (TlvList(), "1718"),
    ({0: 42, 1: -17}, "1524002a2001ef18"),
    ([0, 1, 2, 3, 4], "160400040104020403040418"),
    (TlvList([(None, 1), (0, 42), (None, 2)]), "17040124002a040218"),
]


@pytest.mark.parametrize(("value", "octets"), SAMPLES)
def test_the_samples_of_the_specification_are_read_and_written(value, octets):
    data = bytes.fromhex(octets)
    assert decode(data) == value
    assert encode(value) == data


@pytest.mark.parametrize(
    ("octets", "value"),
    [("0a9a998f41", 17.95), ("002a", 42), ("012a00", 42), ("022a000000", 42), ("032a00000000000000", 42)],
)
def test_longer_or_signed_forms_are_read_although_we_never_write_them(octets, value):
    assert decode(bytes.fromhex(octets)) == pytest.approx(value)


@pytest.mark.parametrize(
    ("tag", "octets"),
    [
        (None, "042a"),
        (1, "24012a"),
        (ProfileTag(0, 0, 1), "4401002a"),
        (ProfileTag(0, 0, 100000), "64a08601002a"),
        (ImplicitTag(1), "8401002a"),
        (ImplicitTag(100000), "a4a08601002a"),
        (ProfileTag(0xFFF1, 0xDEED, 1), "c4f1ffedde01002a"),
        (ProfileTag(0xFFF1, 0xDEED, 0xAA55FEED), "e4f1ffeddeedfe55aa2a"),
    ],
)
def test_every_form_of_tag_is_read_and_written(tag, octets):
    data = bytes.fromhex(octets)
    assert encode(42, tag) == data
    assert decode_tagged(data) == (tag, 42, len(data))


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=40)
    | st.binary(max_size=300),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.integers(0, 255), inner, max_size=4)
        | st.lists(st.tuples(st.none() | st.integers(0, 255), inner), max_size=4).map(TlvList)
    ),
    max_leaves=20,
)


@given(values)
def test_whatever_is_written_is_read_back(value):
    data = encode(value)
    assert decode(data) == value
    assert encode(decode(data)) == data


@given(values, st.data())
def test_a_cut_off_element_is_refused(value, data):
    octets = encode(value)
    length = data.draw(st.integers(0, len(octets) - 1))
    with pytest.raises(TlvError):
        decode(octets[:length])


@given(st.binary(max_size=200))
@example(bytes.fromhex("0c01ff"))
@example(bytes.fromhex("13ffffffffffffffff"))
@example(b"\x15" * 100)
def test_arbitrary_octets_raise_only_the_documented_error(data):
    with suppress(TlvError):
        decode(data)
    with suppress(TlvError):
        assert list(walk(data)) is not None


@given(values)
def test_walking_shows_every_element_in_the_order_of_the_wire(value):
    data = encode(value)
    seen = list(walk(data))
    assert seen[0].offset == 0
    assert [element.offset for element in seen] == sorted(element.offset for element in seen)
    opened = sum(ElementType.STRUCTURE <= element.kind <= ElementType.LIST for element in seen)
    assert opened == sum(element.kind is ElementType.END for element in seen)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("152400012400021800", "twice"),
        ("15040118", "no tag"),
        ("1624000118", "has a tag"),
        ("18", "ends"),
        ("1f", "does not exist"),
        ("04010401", "follow"),
        ("0c02c328", "UTF-8"),
        ("", "cut off"),
    ],
)
def test_malformed_elements_are_refused_with_a_reason(octets, reason):
    with pytest.raises(TlvError, match=reason):
        decode(bytes.fromhex(octets))


def test_nesting_is_accepted_to_the_limit_and_no_deeper():
    def nested(depth):
        return b"\x16" * depth + b"\x18" * depth

    decode(nested(MAX_DEPTH))
    with pytest.raises(TlvError, match="deeper"):
        decode(nested(MAX_DEPTH + 1))


def test_an_encoding_above_the_limit_is_not_even_looked_at():
    with pytest.raises(TlvError, match="more than"):
        decode(b"\x08" * (MAX_LENGTH + 1))


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, object(), {None: 1}])
def test_what_has_no_tlv_form_is_the_callers_mistake(value):
    with pytest.raises(Misuse):
        encode(value)


def test_a_writer_counts_its_containers():
    writer = Writer()
    writer.open(ElementType.STRUCTURE)
    writer.unsigned(7, 1)
    writer.single(1.5, 2)
    with pytest.raises(Misuse, match="still open"):
        writer.finish()
    writer.close()
    assert decode(writer.finish()) == {1: 7, 2: 1.5}
    with pytest.raises(Misuse, match="no container"):
        writer.close()
