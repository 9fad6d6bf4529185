"""What was just done and can be taken back, for some minutes.

Layer web. Kept in memory: after a restart there is nothing to be taken back, and nothing is lost by it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

GOOD_FOR_S: Final = 600.0
MAX_KEPT: Final = 200

Back = Callable[[], Awaitable[object]]
"""Takes something back; raises as the change itself does, such as `Conflict` where somebody else has changed it since."""


@dataclass(frozen=True, slots=True)
class _Undo:
    actor: str
    until: float
    back: Back


class Undos:
    """What can be taken back, by a name that nobody guesses.

    Args:
        entropy: octets nobody can guess.
        now: seconds, monotonic.
    """

    __slots__ = ("_entropy", "_kept", "_now")

    def __init__(self, entropy: Callable[[int], bytes], now: Callable[[], float]) -> None:
        self._entropy = entropy
        self._now = now
        self._kept: OrderedDict[str, _Undo] = OrderedDict()

    def keep(self, actor: str, back: Back) -> str:
        """Remember how to take something back; returns its name."""
        name = self._entropy(16).hex()
        self._kept[name] = _Undo(actor, self._now() + GOOD_FOR_S, back)
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return name

    def take(self, actor: str, name: str) -> Back | None:
        """What takes it back, once, for whoever did it; None where that is over."""
        found = self._kept.get(name)
        if found is None or found.actor != actor:
            return None
        del self._kept[name]
        return found.back if self._now() < found.until else None
