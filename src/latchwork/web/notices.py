"""One line about what was just done, shown on the page that comes next.

Layer web. Kept in memory: nobody misses it after a restart, and no cookie carries it.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Final

_MAX_WHO: Final = 500
_MAX_EACH: Final = 5


@dataclass(frozen=True, slots=True)
class Notice:
    """A line to be shown once.

    Attributes:
        text: the line.
        is_bad: it did not work.
        undo: name of what takes it back, or empty.
    """

    text: str
    is_bad: bool
    undo: str = ""


class Notices:
    """Lines that are to be shown, by who is to see them."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, deque[Notice]] = OrderedDict()

    def put(self, who: str, text: str, *, is_bad: bool = False, undo: str = "") -> None:
        """Have it shown on the next page that they look at."""
        self._waiting.setdefault(who, deque(maxlen=_MAX_EACH)).append(Notice(text, is_bad, undo))
        self._waiting.move_to_end(who)
        while len(self._waiting) > _MAX_WHO:
            self._waiting.popitem(last=False)

    def take(self, who: str) -> list[Notice]:
        """Those that wait; they are not shown again."""
        return list(self._waiting.pop(who, ()))
