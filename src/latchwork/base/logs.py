"""Logging with fields, and values that cannot be printed.

Ground floor. A level is an audience: DEBUG and INFO are for developers, WARNING and ERROR for the person whose door it is.
"""

from __future__ import annotations

import hmac
import logging
from typing import Any


def logger(name: str) -> logging.Logger:
    """The logger of a module, below the `latchwork` root."""
    return logging.getLogger(name)


def log(to: logging.Logger, level: int, event: str, **fields: Any) -> None:
    """Log `event` with `fields` as `event key=value …`; costs one check when the level is off."""
    if to.isEnabledFor(level):
        text = " ".join(f"{key}={value}" for key, value in fields.items())
        to.log(level, "%s %s", event, text, extra={"event": event, "fields": fields})


class Secret(bytes):
    """Octets that must not be printed: a key, a PIN, a passcode's verifier.

    Behaves as `bytes`, but `repr`, `str` and formatting show only the length's class, and `==` takes constant time.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, bytes) and hmac.compare_digest(bytes(self), bytes(other))

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return bytes.__hash__(self)
