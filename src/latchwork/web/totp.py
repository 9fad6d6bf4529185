"""Codes of six digits that change twice a minute (RFC 6238 on RFC 4226), and how an app on a phone is told their secret.

Layer web, pure. Forty lines over HMAC: a dependency would be longer than what it replaces. SHA-1 is what every app understands; what is
asked of it here it still does (RFC 6238 1.2, RFC 4226 B.2).
"""

from __future__ import annotations

import base64
import hmac
from typing import Final
from urllib.parse import quote

STEP_S: Final = 30
DIGITS: Final = 6
WINDOW: Final = 1
"""Steps before and after this one that count, too: clocks differ, and people type slowly (RFC 6238 5.2)."""
SECRET_LENGTH: Final = 20
"""Octets: as many as the hash has (RFC 4226 4, R6)."""


def step_at(now: float) -> int:
    """The step of an instant, UTC seconds since 1970."""
    return int(now // STEP_S)


def code_at(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """The code of a step (RFC 4226 5.3)."""
    tag = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = tag[-1] & 0x0F
    number = int.from_bytes(tag[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**digits:0{digits}}"


def matching_step(secret: bytes, code: str, now: float, after: int) -> int | None:
    """The step that a code belongs to, or None.

    Args:
        secret: that the phone has, too.
        code: as typed.
        now: UTC seconds since 1970.
        after: the last step of which a code was used; it and those before it count no more (RFC 6238 5.2).
    """
    typed = "".join(code.split()).encode("utf-8", "replace")
    found = None
    for step in range(step_at(now) - WINDOW, step_at(now) + WINDOW + 1):
        # All are looked at, whichever fits: how long it takes tells nothing.
        if hmac.compare_digest(code_at(secret, step).encode(), typed) and step > after:
            found = step
    return found


def secret_text(secret: bytes) -> str:
    """The secret as people type it: base 32 (RFC 4648 6) without its padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def setup_uri(secret: bytes, *, site: str, account: str) -> str:
    """What an app reads from the QR code (Key URI Format)."""
    issuer, label = quote(f"Latchwork {site}".replace(":", " "), safe=""), quote(account.replace(":", " "), safe="")
    return (
        f"otpauth://totp/{issuer}:{label}?secret={secret_text(secret)}&issuer={issuer}&digits={DIGITS}&period={STEP_S}"
    )
