"""Codes of other worlds that people hold up by mistake: HomeKit, Zigbee, Z-Wave, Thread, Wi-Fi, web links.

Chapter onboarding: names what it sees and says where the right code is; decodes none of them and repeats none of them.
"""

from __future__ import annotations

import re
from typing import Final

from latchwork.matter.onboarding.payload import CodeProblem, OnboardingCodeError

_MATTER_LABEL: Final = (
    "Look for the Matter logo on the device, its box or manual: 11 or 21 digits, or a QR code starting with MT:"
)
_HOMEKIT: Final = (
    CodeProblem.HOMEKIT,
    "this is an Apple HomeKit setup code, not a Matter code",
    f"The device may speak HomeKit only. {_MATTER_LABEL}.",
)
_ZIGBEE_QR: Final = (
    CodeProblem.ZIGBEE_QR,
    "this is a QR code of a Zigbee device, not of a Matter device",
    "Pair it with its Zigbee hub; if that hub is a Matter bridge, add the bridge here.",
)
_INSTALL_CODE: Final = (
    CodeProblem.ZIGBEE_INSTALL_CODE,
    "this is a Zigbee install code, not a Matter code",
    "Pair it with its Zigbee hub; if that hub is a Matter bridge, add the bridge here.",
)
_ZWAVE: Final = (
    CodeProblem.ZWAVE,
    "this is a Z-Wave key (DSK or SmartStart), not a Matter code",
    "Add the device with its Z-Wave controller; Z-Wave devices cannot be commissioned over Matter.",
)
_BY_START: Final = (
    (re.compile(r"X-HM:", re.IGNORECASE), _HOMEKIT),
    (
        re.compile(r"WIFI:", re.IGNORECASE),
        (
            CodeProblem.WIFI,
            "this is the QR code of a Wi-Fi network, not of a device",
            f"It joins a phone to Wi-Fi. {_MATTER_LABEL}.",
        ),
    ),
    (re.compile(r"Z:[0-9A-F]{16}|G\$|.{0,200}\$[AI]:[0-9A-F]|ZB:", re.IGNORECASE), _ZIGBEE_QR),
    (re.compile(r"(?:ZWS2)?DSK:", re.IGNORECASE), _ZWAVE),
    (
        re.compile(r"V=1&&|.{0,200}&&CC=", re.IGNORECASE),
        (
            CodeProblem.THREAD,
            "this is a Thread joining code, not a Matter code",
            f"It joins a bare Thread device to a mesh. {_MATTER_LABEL}.",
        ),
    ),
    (
        re.compile(r"https?://|www\.", re.IGNORECASE),
        (
            CodeProblem.WEB_LINK,
            "this is a web link of the vendor, without a Matter code in it",
            f"It opens the vendor's app or manual. {_MATTER_LABEL}.",
        ),
    ),
)
_INSTALL_CODE_OCTETS: Final = frozenset({8, 10, 14, 18})
"""6, 8, 12 or 16 octets and their CRC (Zigbee Base Device Behavior 10.1)."""
_SEPARATORS: Final = re.compile(r"[\s:.,;_-]+")


def named(text: str) -> OnboardingCodeError | None:
    """The error that names the foreign code `text` is, or None where it is of no kind we know.

    Args:
        text: cleaned of invisible characters and surrounding quotes.
    """
    for pattern, kind in _BY_START:
        if pattern.match(text):
            return _error(kind)
    compact = _SEPARATORS.sub("", text)
    if re.fullmatch(r"[0-9]+", compact, re.ASCII):
        return _named_digits(text, compact)
    if re.fullmatch(r"[0-9A-Fa-f]+", compact) and len(compact) // 2 in _INSTALL_CODE_OCTETS and len(compact) % 2 == 0:
        return _error(_INSTALL_CODE)
    return None


def _named_digits(text: str, digits: str) -> OnboardingCodeError | None:
    if len(digits) == 8 and (re.fullmatch(r"\d{3}-\d{2}-\d{3}", text.strip()) or text.strip() == digits):
        return _error(_HOMEKIT)
    if len(digits) >= 52 and digits.startswith("90"):
        return _error(_ZWAVE)
    if len(digits) == 40 and all(int(digits[start : start + 5]) <= 0xFFFF for start in range(0, 40, 5)):
        return _error(_ZWAVE)
    if len(digits) // 2 in _INSTALL_CODE_OCTETS and len(digits) % 2 == 0 and _crc_fits(bytes.fromhex(digits)):
        return _error(_INSTALL_CODE)
    return None


def _crc_fits(code: bytes) -> bool:
    """True when the last two octets are the CRC-16/X-25 of those before them, low octet first."""
    crc = 0xFFFF
    for octet in code[:-2]:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ (0x8408 if crc & 1 else 0)
    return crc ^ 0xFFFF == int.from_bytes(code[-2:], "little")


def _error(kind: tuple[CodeProblem, str, str]) -> OnboardingCodeError:
    return OnboardingCodeError(kind[0], kind[1], advice=kind[2])
