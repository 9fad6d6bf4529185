"""Signatures of webhooks, as the Standard Webhooks specification has them.

Layer web, pure. What is signed is the message's id, the time of sending and the body, so that neither can be replayed with another.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping
from typing import Final

from latchwork.base.errors import Misuse
from latchwork.base.logs import Secret

PREFIX: Final = "whsec_"
TOLERANCE_S: Final = 300.0


def new_secret(entropy: Callable[[int], bytes]) -> str:
    """A signing secret as text: 256 random bits."""
    return f"{PREFIX}{base64.b64encode(entropy(32)).decode()}"


def key_of(secret: str) -> Secret:
    """The key that a secret's text stands for.

    Raises:
        Misuse: it is no such text.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if not 24 <= len(key) <= 64:
        raise Misuse("a webhook's secret is whsec_ and 24 to 64 octets in base64")
    return Secret(key)


def headers_for(key: bytes, message_id: str, at: float, body: bytes) -> dict[str, str]:
    """The three headers of a message that is sent at `at`, UTC seconds since 1970."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at)),
        "webhook-signature": f"v1,{_sign(key, message_id, int(at), body)}",
    }


def is_genuine(key: bytes, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether a message was signed with this key, within the last five minutes; `headers` have names in small letters."""
    try:
        at = int(headers["webhook-timestamp"])
        expected = _sign(key, headers["webhook-id"], at, body)
        given = headers["webhook-signature"].split(" ")
    except (KeyError, ValueError):
        return False
    found = False
    for each in given:
        version, _, signature = each.partition(",")
        found |= version == "v1" and hmac.compare_digest(signature.encode("utf-8", "replace"), expected.encode())
    return found and abs(now - at) <= TOLERANCE_S


def _sign(key: bytes, message_id: str, at: int, body: bytes) -> str:
    return base64.b64encode(hmac.digest(key, f"{message_id}.{at}.".encode() + body, "sha256")).decode()
