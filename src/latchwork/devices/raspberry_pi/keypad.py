"""A keypad of rows and columns, such as the usual 4x3 membrane.

Layer devices. At rest every row is held low and a key pressed shows at its column: nothing is polled until then. While a key is down the
rows are held low one at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from latchwork.devices.raspberry_pi.pins import Input, Line

SCAN_S: Final = 0.01
"""Seconds between two looks: a key counts when two looks in a row see it, so contacts may bounce for that long."""
MAX_DOWN: Final = 2
"""Keys that may be down together, as when somebody types fast. Three can make a fourth seem pressed."""


class MatrixKeypad:
    """The keypad.

    Args:
        rows: the rows' pins.
        columns: the columns' pins, active when joined to ground.
        keys: a string for each row, its letters the keys from the first column to the last.
        loop: the event loop.
    """

    __slots__ = ("_columns", "_held", "_is_closed", "_key", "_keys", "_loop", "_rows", "_seen", "_timer")

    def __init__(
        self, rows: Sequence[Line], columns: Sequence[Input], keys: Sequence[str], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._rows = tuple(rows)
        self._columns = tuple(columns)
        self._keys = tuple(keys)
        self._loop = loop
        self._key: Callable[[str], None] | None = None
        self._seen: tuple[str, ...] = ()
        self._held: tuple[str, ...] = ()
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False
        for row in self._rows:
            row.hold_low()
        for column in self._columns:
            column.when_activated = self._edge

    def listen(self, key: Callable[[str], None]) -> None:
        """Have `key` called once for each press."""
        self._key = key

    def close(self) -> None:
        """Look no more."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        for column in self._columns:
            column.when_activated = None

    def _edge(self) -> None:
        # Also called for what scanning itself does to the columns; `_begin` knows.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        if self._timer is None and not self._is_closed and any(column.is_active for column in self._columns):
            self._look()

    def _look(self) -> None:
        self._timer = None
        down = self._scan()
        if down == self._seen and down != self._held:
            self._settled(down)
        self._seen = down
        if down or self._held:
            self._timer = self._loop.call_later(SCAN_S, self._look)

    def _scan(self) -> tuple[str, ...]:
        """The keys that are down now."""
        for row in self._rows:
            row.let_go()
        down = []
        for row, keys in zip(self._rows, self._keys, strict=True):
            row.hold_low()
            down += [key for key, column in zip(keys, self._columns, strict=True) if column.is_active]
            row.let_go()
        for row in self._rows:
            row.hold_low()
        return tuple(down)

    def _settled(self, down: tuple[str, ...]) -> None:
        before, self._held = self._held, down
        if self._key is None or len(down) > MAX_DOWN:
            return
        for key in down:
            if key not in before:
                self._key(key)
