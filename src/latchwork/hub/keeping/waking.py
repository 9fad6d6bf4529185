"""How often a sleeping lock may be woken for what can wait, and how long to rest after a failure.

Layer hub, pure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

PER_DAY: Final = 24
"""Times in a day that a sleeping lock is woken for what can wait: reading it again, proofs."""
_DAY: Final = 86_400.0
_AWAKE_S: Final = 10.0
"""Seconds after a waking in which another message costs nothing more."""
FIRST_PAUSE: Final = 5.0
LONGEST_PAUSE: Final = 900.0
"""Seconds between attempts: a code for a lock that is out of reach for days must not cost a battery."""


class WakeBudget:
    """Wakings of one lock in a day.

    Args:
        per_day: how many there may be.
    """

    __slots__ = ("_woken",)

    def __init__(self, per_day: int = PER_DAY) -> None:
        self._woken: deque[float] = deque(maxlen=per_day)

    def again_at(self, now: float) -> float:
        """When it may be woken next for what can wait; `now` when that is at once."""
        return max(now, self._woken[0] + _DAY) if len(self._woken) == self._woken.maxlen else now

    def woke(self, now: float) -> None:
        """It was woken, for whatever reason; just after that it is awake still, and was not woken again."""
        if not self._woken or now - self._woken[-1] >= _AWAKE_S:
            self._woken.append(now)


class Backoff:
    """Pauses that double, each with a bit of chance so that a hundred locks do not come back at the same moment.

    Args:
        entropy: octets nobody can guess.
    """

    __slots__ = ("_entropy", "failures")

    def __init__(self, entropy: Callable[[int], bytes]) -> None:
        self._entropy = entropy
        self.failures = 0

    def failed(self) -> float:
        """Another attempt failed: seconds to rest, at most `LONGEST_PAUSE` and a fifth."""
        pause: float = min(FIRST_PAUSE * 2 ** min(self.failures, 16), LONGEST_PAUSE)
        self.failures += 1
        return pause * (0.8 + 0.4 * self._entropy(1)[0] / 255)

    def succeeded(self) -> None:
        """Begin with short pauses again."""
        self.failures = 0
