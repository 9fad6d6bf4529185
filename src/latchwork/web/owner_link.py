"""The link by which the first owner makes their account: good once, and only while nobody owns the site.

Layer web. Kept in memory: a link that was never used is gone with the process that printed it.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Final

from latchwork.base.clock import Clock
from latchwork.web.keys import digest_of, new_text

GOOD_FOR_S: Final = 24 * 3600.0


class OwnerLink:
    """The one-time token of the first owner.

    Args:
        clock: tells when it expires.
        entropy: octets nobody can guess.
    """

    __slots__ = ("_clock", "_digest", "_entropy", "_until")

    def __init__(self, clock: Clock, entropy: Callable[[int], bytes]) -> None:
        self._clock = clock
        self._entropy = entropy
        self._digest = b""
        self._until = 0.0

    def renew(self) -> str:
        """A new token; the one before is good no more."""
        text = new_text(self._entropy)
        self._digest = digest_of(text)
        self._until = self._clock.monotonic() + GOOD_FOR_S
        return text

    def fits(self, text: str) -> bool:
        """Whether this is the token, and still good."""
        if not self._digest or self._clock.monotonic() >= self._until:
            return False
        return hmac.compare_digest(digest_of(text), self._digest)

    def use_up(self) -> None:
        """An owner has been made."""
        self._digest = b""
