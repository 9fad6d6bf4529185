"""The OTA image file: written, read in pieces of any size, and refused when anything about it is wrong."""

import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.base.errors import Misuse
from latchwork.matter.messages.ota_image import (
    FIXED_SIZE,
    MAX_HEADER,
    HeaderReader,
    ImageDigestType,
    OtaImageError,
    OtaImageHeader,
    check_image,
    make_image,
)

SUPPORTED = [
    ImageDigestType.SHA256,
    ImageDigestType.SHA384,
    ImageDigestType.SHA512,
    ImageDigestType.SHA3_256,
    ImageDigestType.SHA3_384,
    ImageDigestType.SHA3_512,
]


def image(payload=b"payload", **changes):
    known = {"vendor_id": 0xFFF1, "product_id": 0x8000, "software_version": 2, "software_version_string": "2.0"}
    return make_image(payload, **known | changes)


def check(octets, piece=65_536):
    return check_image(io.BytesIO(octets).read, piece=piece)


def test_an_image_begins_as_the_specification_has_it():
    octets = image(b"abc")
    assert octets[:4] == bytes.fromhex("1ef1ee1b")
    assert int.from_bytes(octets[4:12], "little") == len(octets)
    size = int.from_bytes(octets[12:16], "little")
    header = bytes.fromhex("15 2500f1ff 25010080 240202 2c0303") + b"2.0" + bytes.fromhex("240403 240801 300920")
    assert octets[16 : 16 + size] == header + hashlib.sha256(b"abc").digest() + b"\x18"
    assert octets[16 + size :] == b"abc"


@given(
    st.binary(max_size=3000),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFF_FFFF),
    st.text(st.characters(codec="ascii"), min_size=1, max_size=64),
    st.none() | st.integers(0, 0xFFFF_FFFF),
    st.sampled_from(SUPPORTED),
    st.integers(1, 4000),
)
def test_an_image_is_read_as_it_was_written_in_pieces_of_any_size(
    payload, vendor, version, text, lowest, digest, piece
):
    octets = image(
        payload,
        vendor_id=vendor,
        software_version=version,
        software_version_string=text,
        min_applicable_software_version=lowest,
        release_notes_url="https://example.org/notes",
        image_digest_type=digest,
    )
    header = check(octets, piece)
    assert (header.vendor_id, header.software_version, header.software_version_string) == (vendor, version, text)
    assert (header.payload_size, header.min_applicable_software_version) == (len(payload), lowest)


@given(st.integers(1, 300), st.binary(max_size=500))
def test_the_payload_begins_where_the_header_ends(piece, payload):
    octets, reader, rest = image(payload), HeaderReader(), b""
    for start in range(0, len(octets), piece):
        rest += reader.feed(octets[start : start + piece])
    assert rest == payload
    assert reader.total_size == len(octets)
    assert reader.size == len(octets) - len(payload)


@given(st.binary(max_size=2000))
def test_any_octets_are_an_image_or_a_documented_error(octets):
    with pytest.raises(OtaImageError):
        check(octets)


@given(st.integers(0, (len(b"payload") + 1 + 32) * 8 - 1))
def test_an_image_with_one_wrong_bit_in_payload_or_digest_is_refused(position):
    octets = bytearray(image(b"payload"))
    octets[-1 - position // 8] ^= 1 << position % 8
    with pytest.raises(OtaImageError):
        check(bytes(octets))


@given(st.integers(0, len(image()) - 1))
def test_an_image_that_is_cut_off_is_refused(end):
    with pytest.raises(OtaImageError):
        check(image()[:end])


def test_an_image_that_goes_on_is_refused():
    with pytest.raises(OtaImageError, match="octets instead of"):
        check(image() + b"x")


def test_a_header_that_is_too_long_is_refused_before_it_is_kept():
    octets = bytes.fromhex("1ef1ee1b") + (1 << 20).to_bytes(8, "little") + (MAX_HEADER + 1).to_bytes(4, "little")
    with pytest.raises(OtaImageError, match="impossible"):
        HeaderReader().feed(octets)


def test_a_reader_keeps_no_more_than_the_header_needs():
    reader = HeaderReader()
    reader.feed(image(bytes(1 << 20))[:FIXED_SIZE])
    reader.feed(bytes(3))
    assert len(reader._buffer) == FIXED_SIZE + 3


def test_short_digests_are_not_trusted():
    with pytest.raises(Misuse):
        image(image_digest_type=ImageDigestType.SHA256_32)
    header = OtaImageHeader(
        vendor_id=1,
        product_id=1,
        software_version=1,
        software_version_string="1",
        payload_size=0,
        image_digest_type=ImageDigestType.SHA256_32,
        image_digest=hashlib.sha256(b"").digest()[:4],
    ).encode()
    octets = bytes.fromhex("1ef1ee1b") + (16 + len(header)).to_bytes(8, "little") + len(header).to_bytes(4, "little")
    with pytest.raises(OtaImageError, match="not supported"):
        check(octets + header)


@pytest.mark.parametrize(
    ("changes", "device", "suits"),
    [
        ({}, {}, True),
        ({"vendor_id": 0, "product_id": 0}, {}, True),
        ({}, {"vendor_id": 1}, False),
        ({}, {"product_id": 1}, False),
        ({}, {"software_version": 2}, False),
        ({}, {"software_version": 3}, False),
        ({"min_applicable_software_version": 2, "software_version": 3}, {}, False),
        ({"min_applicable_software_version": 1}, {}, True),
        ({"max_applicable_software_version": 0}, {}, False),
        ({"max_applicable_software_version": 1}, {}, True),
    ],
)
def test_an_image_suits_the_devices_that_it_names(changes, device, suits):
    header = check(image(**changes))
    assert header.suits(**{"vendor_id": 0xFFF1, "product_id": 0x8000, "software_version": 1} | device) is suits


def test_a_version_string_has_1_to_64_octets():
    with pytest.raises(Misuse):
        image(software_version_string="")
    with pytest.raises(Misuse):
        image(software_version_string="ü" * 33)
