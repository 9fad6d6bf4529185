"""A file that somebody has sent and has not yet said yes to: kept in memory for some minutes, for them alone.

Layer web. It may hold codes, so that it goes neither onto the disk nor back into a page.
"""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from latchwork.base.clock import Clock
from latchwork.web.keys import new_text

GOOD_FOR_S: Final = 900.0
_MAX_KEPT: Final = 8


class Uploads:
    """One of each account.

    Args:
        clock: tells when a file is forgotten.
        entropy: octets nobody can guess.
    """

    __slots__ = ("_clock", "_entropy", "_kept")

    def __init__(self, clock: Clock, entropy: Callable[[int], bytes]) -> None:
        self._clock = clock
        self._entropy = entropy
        self._kept: OrderedDict[str, tuple[str, bytes, float]] = OrderedDict()

    def put(self, who: str, octets: bytes) -> str:
        """Keep a file in the place of the one before; returns what it is asked for with."""
        text = new_text(self._entropy)
        self._kept.pop(who, None)
        self._kept[who] = (text, octets, self._clock.monotonic() + GOOD_FOR_S)
        while len(self._kept) > _MAX_KEPT:
            self._kept.popitem(last=False)
        return text

    def take(self, who: str, text: str) -> bytes | None:
        """The file, for the only time; None when it is another or was forgotten."""
        kept = self._kept.get(who)
        if kept is None or not hmac.compare_digest(kept[0].encode(), text.encode("utf-8", "replace")):
            return None
        del self._kept[who]
        return kept[1] if self._clock.monotonic() < kept[2] else None
