"""The two forms of an onboarding code: manual digits and QR text, written and read.

Chapter onboarding: takes clean text (`reading` cleans what people paste) and gives a `SetupPayload` (Core 5.1.3, 5.1.4).
"""

from __future__ import annotations

import itertools
from types import MappingProxyType
from typing import Final

from latchwork.base.errors import Misuse
from latchwork.matter.onboarding import base38, verhoeff
from latchwork.matter.onboarding.payload import (
    CodeProblem,
    CommissioningFlow,
    DiscoveryCapabilities,
    Discriminator,
    OnboardingCodeError,
    SetupPayload,
)
from latchwork.matter.tlv.elements import TlvError, decode, encode

SHORT_LENGTH: Final = 11
"""Digits of a manual code without vendor and product."""
LONG_LENGTH: Final = 21
"""Digits of a manual code with vendor and product."""
QR_PREFIX: Final = "MT:"
_FIXED_CHARACTERS: Final = 19
"""Characters of a QR code without TLV data and without its prefix."""
_FIXED_OCTETS: Final = 11
"""Octets of the packed fields before the TLV data: 88 bits (Core 5.1.3.1)."""


def manual_code(payload: SetupPayload, *, long: bool = False) -> str:
    """The digits of a manual pairing code (Core 5.1.4.1).

    Args:
        payload: what to write; only the upper 4 bits of the discriminator survive.
        long: 21 digits with vendor and product instead of 11; a custom flow is always long.
    """
    long = long or payload.commissioning_flow is CommissioningFlow.CUSTOM
    short = payload.discriminator.short
    first = (0b100 if long else 0) | short >> 2
    second = (short & 0b11) << 14 | payload.passcode & 0x3FFF
    digits = f"{first}{second:05}{payload.passcode >> 14:04}"
    if long:
        digits += f"{payload.vendor_id or 0:05}{payload.product_id or 0:05}"
    return digits + verhoeff.check_digit(digits)


def read_manual(digits: str) -> SetupPayload:
    """The payload of a manual pairing code.

    Args:
        digits: ASCII digits only.

    Raises:
        OnboardingCodeError: the length, the check digit, the format or the passcode is wrong.
    """
    if len(digits) not in {SHORT_LENGTH, LONG_LENGTH}:
        raise OnboardingCodeError(
            CodeProblem.WRONG_LENGTH,
            f"a Matter code has 11 or 21 digits, this one has {len(digits)}",
            advice=_length_advice(len(digits)),
        )
    if not verhoeff.is_valid(digits):
        raise OnboardingCodeError(
            CodeProblem.CHECK_DIGIT,
            "the check digit does not fit: a digit is mistyped",
            advice="One digit is mistyped or two are swapped: compare the code with the label, digit by digit.",
        )
    first, second, third = int(digits[0]), int(digits[1:6]), int(digits[6:10])
    if first > 7:
        raise OnboardingCodeError(
            CodeProblem.UNKNOWN_VERSION,
            "the code has a format version that is not known",
            advice="This device is newer than this software: update Latchwork, then try again.",
        )
    is_long = len(digits) == LONG_LENGTH
    if (first >> 2 == 1) != is_long:
        needed = LONG_LENGTH if first >> 2 else SHORT_LENGTH
        raise OnboardingCodeError(
            CodeProblem.WRONG_LENGTH,
            f"a code that starts like this has {needed} digits, this one has {len(digits)}",
            advice="Type the whole code, from the first digit on the label to the last.",
        )
    vendor_id, product_id = (int(digits[10:15]), int(digits[15:20])) if is_long else (0, 0)
    if second > 0xFFFF or third > 0x1FFF or vendor_id > 0xFFFF or product_id > 0xFFFF:
        raise _malformed("the digits are not those of a Matter code, although the check digit fits")
    return SetupPayload(
        discriminator=Discriminator((first & 0b11) << 2 | second >> 14),
        passcode=third << 14 | second & 0x3FFF,
        vendor_id=vendor_id or None,
        product_id=product_id or None,
        commissioning_flow=CommissioningFlow.CUSTOM if is_long else CommissioningFlow.STANDARD,
    )


def dashed(code: str) -> str:
    """A manual code in groups as on labels: XXXX-XXX-XXXX, or XXXX-XXX-XXXX-XXXXX-XXXXX for 21 digits."""
    cuts = (0, 4, 7, 11) if len(code) <= SHORT_LENGTH else (0, 4, 7, 11, 16, 21)
    return "-".join(code[start:end] for start, end in itertools.pairwise(cuts) if code[start:end])


def qr_code(payload: SetupPayload) -> str:
    """The text of a QR code (Core 5.1.3).

    Raises:
        Misuse: the payload knows only the short discriminator, or not where the device can be discovered.
    """
    long, capabilities = payload.discriminator.long, payload.discovery_capabilities
    if long is None or capabilities is None:
        raise Misuse("a QR code needs the 12-bit discriminator and the discovery capabilities")
    packed = (
        payload.version
        | (payload.vendor_id or 0) << 3
        | (payload.product_id or 0) << 19
        | payload.commissioning_flow << 35
        | (capabilities & 0xFF) << 37
        | long << 45
        | payload.passcode << 57
    )
    extension = encode(dict(sorted(payload.extension.items()))) if payload.extension else b""
    return QR_PREFIX + base38.encode(packed.to_bytes(_FIXED_OCTETS, "little") + extension)


def read_qr(text: str) -> SetupPayload:
    """The payload of one QR code.

    Args:
        text: base-38, upper case, without the prefix `MT:`.

    Raises:
        OnboardingCodeError: not base-38, too short, a reserved value, a forbidden passcode or broken extension data.
    """
    if len(text) < _FIXED_CHARACTERS:
        raise OnboardingCodeError(
            CodeProblem.WRONG_LENGTH,
            f"a Matter QR code has at least {_FIXED_CHARACTERS} characters after MT:, this one has {len(text)}",
            advice="The end of the code is missing: scan it again or copy all of it.",
        )
    try:
        data = base38.decode(text)
    except ValueError:
        raise _malformed("the text after MT: is not that of a Matter QR code") from None
    packed = int.from_bytes(data[:_FIXED_OCTETS], "little")
    flow = packed >> 35 & 0b11
    if packed & 0b111 == 0 and (packed >> 84 or flow == 3):
        raise _malformed("reserved bits of the QR code are set")
    return SetupPayload(
        version=packed & 0b111,
        vendor_id=packed >> 3 & 0xFFFF or None,
        product_id=packed >> 19 & 0xFFFF or None,
        commissioning_flow=CommissioningFlow(flow if flow < 3 else 0),
        discovery_capabilities=DiscoveryCapabilities(packed >> 37 & 0xFF),
        discriminator=Discriminator.of(packed >> 45 & 0xFFF),
        passcode=packed >> 57 & 0x7FF_FFFF,
        extension=_read_extension(data[_FIXED_OCTETS:]),
    )


def _read_extension(data: bytes) -> MappingProxyType[int, object]:
    """The TLV elements after the packed fields; reserved tags are dropped, as a later version may define them."""
    if not data.strip(b"\0"):
        return MappingProxyType({})
    try:
        elements = decode(data)
    except TlvError:
        raise _malformed("the extension data of the QR code is damaged") from None
    if not isinstance(elements, dict):
        raise _malformed("the extension data of the QR code is not a structure")
    kept = {tag: value for tag, value in elements.items() if isinstance(tag, int) and (tag < 5 or tag >= 0x80)}
    return MappingProxyType(kept)


def _malformed(message: str) -> OnboardingCodeError:
    return OnboardingCodeError(
        CodeProblem.MALFORMED,
        message,
        advice="Scan or type the code again; if it stays so, the label is damaged or not a Matter label.",
    )


def _length_advice(found: int) -> str:
    for length in (SHORT_LENGTH, LONG_LENGTH):
        if found < length:
            missing = length - found
            return f"{missing} digit{'s are' if missing > 1 else ' is'} missing from a code of {length} digits."
    return "There are too many digits: type only the code beside the Matter logo."
