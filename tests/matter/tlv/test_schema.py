"""Structures declared as classes."""

from __future__ import annotations

from contextlib import suppress
from enum import IntFlag
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.base.errors import Misuse
from latchwork.matter.tlv.elements import TlvError, decode
from latchwork.matter.tlv.schema import (
    ABSENT,
    F32,
    I16,
    U8,
    U16,
    U64,
    Absent,
    Hidden,
    Len,
    Nullable,
    OpenEnum,
    Range,
    Struct,
    Tag,
    codec_of,
)


class Colour(OpenEnum):
    RED = 0
    GREEN = 1


class Bits(IntFlag):
    ONE = 1
    TWO = 2


class Path(Struct):
    is_list = True

    endpoint: Annotated[U16 | None, Tag(2)] = None
    cluster: Annotated[U16 | None, Tag(3)] = None


class Sample(Struct):
    key: Annotated[bytes, Tag(1), Len(4), Hidden]
    count: Annotated[U16, Tag(2)]
    temperature: Annotated[I16 | None, Tag(3), Nullable]
    limit: Annotated[U8 | Absent | None, Tag(4), Nullable] = ABSENT
    paths: Annotated[tuple[Path, ...], Tag(5)] = ()
    name: Annotated[str | None, Tag(6), Len(1, 8)] = None
    colour: Annotated[Colour, Tag(7)] = Colour.RED
    bits: Annotated[Bits, Tag(8)] = Bits(0)
    on: Annotated[bool, Tag(9)] = False
    ratio: Annotated[float, Tag(10)] = 0.0
    single: Annotated[F32, Tag(11)] = 0.0
    percent: Annotated[Annotated[U8, Range(0, 100)], Tag(12)] = 0


def sample(**changes):
    return Sample(key=b"abcd", count=7, temperature=None).replace(**changes)


samples = st.builds(
    Sample,
    key=st.binary(min_size=4, max_size=4),
    count=st.integers(0, 0xFFFF),
    temperature=st.none() | st.integers(-0x8000, 0x7FFF),
    limit=st.just(ABSENT) | st.integers(0, 255) | st.none(),
    paths=st.lists(
        st.builds(Path, endpoint=st.none() | st.integers(0, 0xFFFF), cluster=st.none() | st.integers(0, 0xFFFF)),
        max_size=3,
    ).map(tuple),
    name=st.none() | st.text("abcäö", min_size=1, max_size=4),
    colour=st.integers(0, 9).map(Colour),
    bits=st.integers(0, 255).map(Bits),
    on=st.booleans(),
    ratio=st.floats(allow_nan=False),
    single=st.floats(allow_nan=False, width=32),
    percent=st.integers(0, 100),
)


@given(samples)
def test_a_structure_survives_the_wire(value):
    assert Sample.decode(value.encode()) == value


def test_absent_and_null_are_two_things():
    assert 4 not in decode(sample(limit=ABSENT).encode())
    assert decode(sample(limit=None).encode())[4] is None
    assert Sample.decode(sample(limit=ABSENT).encode()).limit is ABSENT
    assert Sample.decode(sample(limit=None).encode()).limit is None


def test_an_optional_field_is_left_out_when_none():
    assert 6 not in decode(sample().encode())


def test_a_list_structure_is_a_tlv_list():
    assert Path(endpoint=1).encode() == bytes.fromhex("1724020118")


def test_unknown_tags_are_skipped():
    assert Path.decode(bytes.fromhex("17240201" + "24630518")) == Path(endpoint=1)


def test_an_unknown_enumeration_value_keeps_its_number_and_says_so():
    decoded = Sample.decode(sample(colour=Colour(9)).encode())
    assert decoded.colour == 9
    assert not decoded.colour.is_known
    assert Colour.RED.is_known


@pytest.mark.parametrize(
    ("tag", "octets", "reason"),
    [
        (1, "30010361626318", "length"),
        (2, "2002ff18", "outside"),
        (2, "2802" + "18", "integer was expected"),
        (6, "2c060018", "length"),
        (9, "24090118", "boolean"),
        (10, "240a0118", "float"),
        (5, "24050118", "array"),
        (12, "240c6518", "outside"),
        (7, "2007ff18", "outside"),
    ],
)
def test_a_field_of_another_type_or_size_is_refused(tag, octets, reason):
    whole = sample().encode()
    start = bytes(whole[:-1])
    members = decode(whole)
    members.pop(tag, None)
    kept = Sample.decode(whole)
    rest = bytearray(b"\x15")
    for field, number in Sample.fields().items():
        if number in members:
            codec_of(Sample.hints()[field]).encoder(number)(rest, getattr(kept, field))
    assert start
    with pytest.raises(TlvError, match=reason):
        Sample.decode(bytes(rest) + bytes.fromhex(octets))


def test_a_missing_field_is_named():
    with pytest.raises(TlvError, match="count"):
        Sample.decode(bytes.fromhex("15300104" + "61626364" + "18"))


def test_a_hidden_field_is_not_printed():
    assert "abcd" not in repr(sample())
    assert "key=…" in repr(sample())


@given(st.binary(max_size=80))
def test_arbitrary_octets_raise_only_the_documented_error(data):
    with suppress(TlvError):
        Sample.decode(data)


@pytest.mark.parametrize("changes", [{"count": -1}, {"count": "x"}, {"paths": 5}, {"key": None}, {"count": 2**64}])
def test_a_value_that_does_not_fit_is_the_callers_mistake(changes):
    with pytest.raises(Misuse):
        sample(**changes).encode()


def test_two_fields_with_one_tag_are_refused_at_first_use():
    class Wrong(Struct):
        one: Annotated[U64, Tag(1)] = 0
        two: Annotated[U64, Tag(1)] = 0

    with pytest.raises(Misuse, match="tag of its own"):
        Wrong().encode()


def test_equal_structures_hash_alike():
    assert hash(sample()) == hash(sample())
    assert sample() != sample(count=8)
    assert sample() != object()


def test_bitmaps_of_a_peer_are_not_kept_for_ever():
    codec = codec_of(Bits)
    before = len(Bits._value2member_map_)
    accepted = [codec.accept(number) for number in range(1000)]
    assert len(Bits._value2member_map_) == before
    assert accepted[3] == Bits.ONE | Bits.TWO
    assert Bits.ONE in accepted[997]
    assert isinstance(accepted[996], Bits)
    assert str(int(accepted[996])) in repr(accepted[996])
