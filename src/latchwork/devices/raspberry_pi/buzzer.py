"""A buzzer as a voice: a rhythm for each prompt.

Layer devices. Knows prompts as names only. For buzzers that sound when they have current (active ones).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from latchwork.devices.raspberry_pi.pins import Output

Rhythm = Sequence[float]
"""Seconds on, off, on, …"""

SHORT: Final = (0.08,)
"""Whatever has no rhythm of its own."""
MAX_BEATS: Final = 16
MAX_BEAT_S: Final = 2.0


class Buzzer:
    """Sounds the rhythm of a prompt, from the beginning when another comes.

    Args:
        output: the buzzer.
        rhythms: by the prompt's id.
        loop: the event loop.
    """

    __slots__ = ("_loop", "_output", "_rest", "_rhythms", "_timer")

    def __init__(self, output: Output, rhythms: Mapping[str, Rhythm], loop: asyncio.AbstractEventLoop) -> None:
        self._output = output
        self._rhythms = rhythms
        self._loop = loop
        self._rest: list[float] = []
        self._timer: asyncio.TimerHandle | None = None

    def say(self, prompt: str, text: str) -> None:
        """Sound it; the text is for those who can speak."""
        del text
        self.close()
        self._rest = list(self._rhythms.get(prompt, SHORT))
        self._beat(is_on=True)

    def close(self) -> None:
        """Be quiet."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._output.off()

    def _beat(self, *, is_on: bool) -> None:
        self._timer = None
        if is_on and self._rest:
            self._output.on()
        else:
            self._output.off()
        if self._rest:
            self._timer = self._loop.call_later(self._rest.pop(0), lambda: self._beat(is_on=not is_on))
