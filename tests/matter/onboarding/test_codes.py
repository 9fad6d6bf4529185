"""Manual codes and QR texts, against the C++ SDK's own vectors (src/setup_payload/tests, v1.4.2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.base.errors import Bug, Misuse
from latchwork.matter.onboarding import (
    CodeProblem,
    CommissioningFlow,
    DiscoveryCapabilities,
    Discriminator,
    OnboardingCodeError,
    SetupPayload,
    base38,
    dashed,
    is_valid_passcode,
    manual_code,
    parse,
    parse_all,
    qr_code,
    random_discriminator,
    random_passcode,
    verhoeff,
)

PASSCODES = st.integers(1, 99_999_998).filter(is_valid_passcode)
IDS = st.none() | st.integers(1, 0xFFFF)
QR_PAYLOADS = st.builds(
    SetupPayload,
    discriminator=st.integers(0, 0xFFF).map(Discriminator.of),
    passcode=PASSCODES,
    vendor_id=IDS,
    product_id=IDS,
    commissioning_flow=st.sampled_from(CommissioningFlow),
    discovery_capabilities=st.integers(0, 0xFF).map(DiscoveryCapabilities),
    extension=st.dictionaries(
        st.just(0) | st.integers(0x80, 0xFF),
        st.text("0123456789-ABCäß", max_size=20) | st.integers(-(2**31), 2**31 - 1),
        max_size=4,
    ),
)
SDK_DEFAULT = SetupPayload(
    discriminator=Discriminator.of(128),
    passcode=2048,
    vendor_id=12,
    product_id=1,
    discovery_capabilities=DiscoveryCapabilities.SOFT_AP,
)


def problem_of(text: str) -> CodeProblem:
    with pytest.raises(OnboardingCodeError) as caught:
        parse(text)
    assert caught.value.advice
    return caught.value.kind


@pytest.mark.parametrize(
    ("vendor", "product", "flow", "digits"),
    [  # TestManualCode.cpp, TestDecimalRepresentation_*
        (None, None, CommissioningFlow.STANDARD, "2412950753"),
        (None, None, CommissioningFlow.CUSTOM, "64129507530000000000"),
        (1, 1, CommissioningFlow.CUSTOM, "64129507530000100001"),
        (45367, 14526, CommissioningFlow.STANDARD, "2412950753"),
        (45367, 14526, CommissioningFlow.CUSTOM, "64129507534536714526"),
    ],
)
def test_manual_codes_are_those_of_the_sdk(vendor, product, flow, digits):
    payload = SetupPayload(Discriminator.of(2560), 12345679, 0, vendor, product, flow)
    assert manual_code(payload) == digits + verhoeff.check_digit(digits)


def test_a_long_code_can_be_asked_for():
    payload = SetupPayload(Discriminator.of(2560), 12345679, vendor_id=45367, product_id=14526)
    assert manual_code(payload, long=True)[:-1] == "64129507534536714526"


@pytest.mark.parametrize(
    ("digits", "short", "passcode", "vendor", "product"),
    [  # TestManualCode.cpp, TestPayloadParser_FullPayload and _PartialPayload
        ("52927623630456200032", 5, 38728284, 4562, 32),
        ("40000100000000100001", 0, 1, 1, 1),
        ("0000010000", 0, 1, None, None),
    ],
)
def test_manual_codes_of_the_sdk_are_read(digits, short, passcode, vendor, product):
    payload = parse(digits + verhoeff.check_digit(digits))
    assert (payload.discriminator, payload.passcode) == (Discriminator(short), passcode)
    assert (payload.vendor_id, payload.product_id) == (vendor, product)
    assert payload.discovery_capabilities is None


def test_the_codes_of_the_sdk_example_device_agree():
    """34970112332 and MT:-24J042C00KA0648G00 are printed by every example of the C++ SDK."""
    manual, scanned = parse("34970112332"), parse("MT:-24J042C00KA0648G00")
    assert manual.passcode == scanned.passcode == 20202021
    assert scanned.discriminator.long == 3840
    assert manual.discriminator == Discriminator(scanned.discriminator.short)


def test_the_qr_code_of_the_sdk_is_written_and_read():
    """TestHelpers.h, kDefaultPayloadQRCode."""
    assert qr_code(SDK_DEFAULT) == "MT:M5L90MP500K64J00000"
    assert parse("MT:M5L90MP500K64J00000") == SDK_DEFAULT


def test_several_payloads_can_be_joined():
    """TestHelpers.h, kConcatenatedQRCode."""
    text = "MT:M5L90MP500K64J00000*M5L90U.D010K4J00000*M5L900CM02IX4J00000*M5L908OU03-85J00000"
    found = parse_all(text)
    assert [(each.discriminator.long, each.passcode) for each in found] == [(128 + n, 2048 + n) for n in range(4)]
    assert parse(text) == found[0]


@pytest.mark.parametrize("text", ["MT:M5L90MP500W-GT68D20", "MT:M5L90MP500K64J00000*M5L90MP500W-GT68D20"])
def test_a_forbidden_passcode_in_a_qr_code_is_refused(text):
    """TestSetupPayload.cpp."""
    assert problem_of(text) is CodeProblem.FORBIDDEN_PASSCODE


@pytest.mark.parametrize("passcode", [0, 11111111, 99999999, 12345678, 87654321, -1, 100_000_000])
def test_trivial_passcodes_are_not_valid(passcode):
    assert not is_valid_passcode(passcode)
    with pytest.raises(OnboardingCodeError):
        SetupPayload(Discriminator.of(1), passcode)


def test_a_serial_number_survives_the_qr_code():
    payload = SetupPayload(
        Discriminator.of(128), 2048, discovery_capabilities=DiscoveryCapabilities.BLE, extension={0: "1234", 0x82: 7}
    )
    again = parse(qr_code(payload))
    assert again.serial_number == "1234"
    assert again.extension[0x82] == 7


@given(QR_PAYLOADS)
def test_a_qr_code_says_all_of_the_payload(payload):
    assert parse(qr_code(payload)) == payload


@given(QR_PAYLOADS)
def test_a_manual_code_says_what_fits_it(payload):
    short = parse(dashed(manual_code(payload)))
    assert (short.passcode, short.discriminator.short) == (payload.passcode, payload.discriminator.short)
    long = parse(dashed(manual_code(payload, long=True)))
    assert (long.vendor_id, long.product_id) == (payload.vendor_id, payload.product_id)
    assert long.commissioning_flow is CommissioningFlow.CUSTOM


@given(st.text("0123456789", min_size=1, max_size=20), st.data())
def test_every_wrong_digit_and_every_swap_is_found(digits, data):
    code = digits + verhoeff.check_digit(digits)
    assert verhoeff.is_valid(code)
    place = data.draw(st.integers(0, len(code) - 1))
    other = data.draw(st.sampled_from("0123456789").filter(lambda digit: digit != code[place]))
    assert not verhoeff.is_valid(code[:place] + other + code[place + 1 :])
    place = data.draw(st.integers(0, len(code) - 2))
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert swapped == code or not verhoeff.is_valid(swapped)


@given(st.binary(max_size=40))
def test_base38_gives_back_what_it_was_given(data):
    assert base38.decode(base38.encode(data)) == data


@pytest.mark.parametrize("text", ["0", "000", "..", "A?", "....."])
def test_base38_refuses_what_it_never_writes(text):
    with pytest.raises(ValueError, match="base-38"):
        base38.decode(text)


def test_codes_are_written_in_groups():
    assert dashed("34970112332") == "3497-011-2332"
    assert dashed("641295075300001000015") == "6412-950-7530-00010-00015"


def test_a_qr_code_needs_the_long_discriminator():
    with pytest.raises(Misuse):
        qr_code(SetupPayload(Discriminator(3), 20202021))


def test_the_passcode_is_not_in_the_repr():
    assert "20202021" not in repr(SetupPayload(Discriminator.of(3840), 20202021))


def test_discriminators_match_by_what_is_known():
    assert Discriminator(15).matches(3840)
    assert not Discriminator(14).matches(3840)
    assert Discriminator.of(3840).matches(3840)
    assert not Discriminator.of(3841).matches(3840)
    with pytest.raises(Misuse):
        Discriminator(1, 3840)


def test_random_passcodes_skip_the_forbidden_ones():
    draws = iter([(11111111).to_bytes(4, "little"), (99999999).to_bytes(4, "little"), (20202021).to_bytes(4, "little")])
    assert random_passcode(lambda _: next(draws)) == 20202021
    assert random_discriminator(lambda size: b"\xff" * size).long == 0xFFF


def test_broken_entropy_does_not_hang():
    with pytest.raises(Bug):
        random_passcode(bytes)
