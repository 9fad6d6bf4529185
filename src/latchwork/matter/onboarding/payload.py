"""What an onboarding code says: the setup payload, its parts, and how a code can be wrong.

Chapter onboarding: values only; knows neither digits nor base-38, and no network (Core 5.1.1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum, IntFlag
from types import MappingProxyType
from typing import Final

from latchwork.base.errors import Bug, Misuse

LARGEST_PASSCODE: Final = 99_999_998
"""The largest passcode allowed (Core 5.1.7)."""
FORBIDDEN_PASSCODES: Final = frozenset({*(11_111_111 * digit for digit in range(10)), 12_345_678, 87_654_321})
"""Trivial passcodes that no device may have (Core 5.1.7.1)."""
SERIAL_NUMBER_TAG: Final = 0x00
"""TLV tag of the serial number in a QR payload's extension data (Core 5.1.5)."""
_TRIES: Final = 128
"""One draw in four fails; 128 failures in a row mean that the source of chance is broken."""


class CodeProblem(Enum):
    """Why a text is not a usable Matter onboarding code."""

    EMPTY = "empty"
    NOT_A_CODE = "not_a_code"
    WRONG_LENGTH = "wrong_length"
    CHECK_DIGIT = "check_digit"
    FORBIDDEN_PASSCODE = "forbidden_passcode"
    UNKNOWN_VERSION = "unknown_version"
    MALFORMED = "malformed"
    HOMEKIT = "homekit"
    ZIGBEE_INSTALL_CODE = "zigbee_install_code"
    ZIGBEE_QR = "zigbee_qr"
    ZWAVE = "zwave"
    THREAD = "thread"
    WIFI = "wifi"
    WEB_LINK = "web_link"


class OnboardingCodeError(Misuse):
    """The text is not a Matter onboarding code that can be used.

    The message never repeats the text: it may hold a passcode.

    Attributes:
        kind: what is wrong, for programs.
        advice: what to do next, for people.
    """

    def __init__(self, kind: CodeProblem, message: str, *, advice: str) -> None:
        super().__init__(message, advice=advice)
        self.kind = kind


class CommissioningFlow(IntEnum):
    """How a device gets ready for commissioning (Core 5.1.1.3)."""

    STANDARD = 0
    USER_INTENT = 1
    CUSTOM = 2


class DiscoveryCapabilities(IntFlag):
    """Where a device can be found before it is commissioned (Core 5.1.1.4); unknown bits are kept."""

    SOFT_AP = 1
    BLE = 2
    ON_NETWORK = 4
    WIFI_PAF = 8
    NFC = 16


@dataclass(frozen=True, slots=True)
class Discriminator:
    """Tells devices apart: all 12 bits, or only the upper 4 that fit a manual code (Core 5.1.1.5).

    Attributes:
        short: the upper 4 bits.
        long: all 12 bits, or None where only the short form is known.
    """

    short: int
    long: int | None = None

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            Misuse: out of range, or the two forms disagree.
        """
        if not 0 <= self.short <= 0xF or not (self.long is None or 0 <= self.long <= 0xFFF):
            raise Misuse("a discriminator has 12 bits, a short one 4")
        if self.long is not None and self.long >> 8 != self.short:
            raise Misuse("the short discriminator is not the upper 4 bits of the long one")

    @classmethod
    def of(cls, long: int) -> Discriminator:
        """From all 12 bits; Misuse when out of range."""
        return cls(long >> 8, long)

    def matches(self, long: int) -> bool:
        """True when a device that advertises the 12-bit `long` may be the one meant."""
        return long == self.long if self.long is not None else long >> 8 == self.short


@dataclass(frozen=True, slots=True)
class SetupPayload:
    """The contents of one onboarding code (Core 5.1.1).

    Attributes:
        discriminator: which device.
        passcode: 27-bit secret of PASE; hidden from repr.
        version: of the payload's format, 0.
        vendor_id: who made it, or None where the code does not say.
        product_id: what it is, or None where the code does not say.
        commissioning_flow: how to make it ready; a manual code of 11 digits means STANDARD, one of 21 digits CUSTOM.
        discovery_capabilities: where to look, or None where the code does not say.
        extension: further TLV elements of a QR code by tag: 0x00 serial number, 0x80..0xFF the vendor's own.
    """

    discriminator: Discriminator
    passcode: int = field(repr=False)
    version: int = 0
    vendor_id: int | None = None
    product_id: int | None = None
    commissioning_flow: CommissioningFlow = CommissioningFlow.STANDARD
    discovery_capabilities: DiscoveryCapabilities | None = None
    extension: Mapping[int, object] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    def __post_init__(self) -> None:
        """Check what every code must keep.

        Raises:
            OnboardingCodeError: the passcode is not allowed, or the version is not 0.
            Misuse: an id has more than 16 bits.
        """
        if self.version != 0:
            raise OnboardingCodeError(
                CodeProblem.UNKNOWN_VERSION,
                f"the code has format version {self.version}, only version 0 is known",
                advice="This device is newer than this software: update Latchwork, then scan again.",
            )
        if not is_valid_passcode(self.passcode):
            raise OnboardingCodeError(
                CodeProblem.FORBIDDEN_PASSCODE,
                "the passcode inside the code is one that Matter forbids",
                advice="Check the code against the label; if it is the same, the device is not a proper Matter device.",
            )
        for number in (self.vendor_id, self.product_id):
            if number is not None and not 0 < number <= 0xFFFF:
                raise Misuse("vendor and product ids are 1..65535, or None")

    @property
    def serial_number(self) -> str | None:
        """The serial number of a QR code's extension data, or None."""
        number = self.extension.get(SERIAL_NUMBER_TAG)
        return str(number) if isinstance(number, (str, int)) and not isinstance(number, bool) else None


def is_valid_passcode(passcode: int) -> bool:
    """True when Matter allows `passcode`: 1..99999998 and not trivial (Core 5.1.7)."""
    return 0 < passcode <= LARGEST_PASSCODE and passcode not in FORBIDDEN_PASSCODES


def random_passcode(entropy: Callable[[int], bytes]) -> int:
    """A passcode drawn evenly from all allowed ones.

    Args:
        entropy: returns that many unpredictable octets.

    Raises:
        Bug: `entropy` keeps giving octets that cannot be used.
    """
    for _ in range(_TRIES):
        passcode = int.from_bytes(entropy(4), "little") & 0x7FF_FFFF
        if is_valid_passcode(passcode):
            return passcode
    raise Bug("the source of entropy gives no usable octets")


def random_discriminator(entropy: Callable[[int], bytes]) -> Discriminator:
    """A discriminator drawn evenly from all 4096; `entropy` returns that many unpredictable octets."""
    return Discriminator.of(int.from_bytes(entropy(2), "little") & 0xFFF)
