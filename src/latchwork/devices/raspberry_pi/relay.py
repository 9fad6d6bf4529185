"""A relay that is never on for longer than its limit: a latch's magnet, and the door opener in a frame as a bolt of its own.

Layer devices. Knows no cluster; the pin is an `Output`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from latchwork.base.errors import Misuse
from latchwork.devices.hardware import Outcome
from latchwork.devices.raspberry_pi.pins import Output
from latchwork.devices.raspberry_pi.watchdog import MARGIN_S, Watchdog
from latchwork.doorlock.bolt import BoltPosition


def _nothing() -> None:
    """Nobody listens."""


class Relay:
    """An output with a longest time on: magnets of latches are made for seconds and burn out in minutes.

    Attributes:
        limit_s: seconds that it may be on.
        is_on: whether it is.
        ended: called in the event loop when the limit switched it off.
    """

    __slots__ = ("_loop", "_output", "_timer", "_watchdog", "ended", "is_on", "limit_s")

    def __init__(
        self, output: Output, loop: asyncio.AbstractEventLoop, limit_s: float, watchdog: Watchdog | None = None
    ) -> None:
        self.limit_s = limit_s
        self.is_on = False
        self.ended: Callable[[], None] = _nothing
        self._output = output
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None
        self._watchdog = watchdog or Watchdog()

    def on(self) -> None:
        """Switch it on, with its full limit ahead."""
        self._forget()
        self._timer = self._loop.call_later(self.limit_s, self._expired)
        self._watchdog.arm(self.limit_s + MARGIN_S, self._output.off)
        self.is_on = True
        self._output.on()

    def off(self) -> None:
        """Switch it off; harmless when it is."""
        self._forget()
        self.is_on = False
        self._output.off()

    def _expired(self) -> None:
        self.off()
        self.ended()

    def _forget(self) -> None:
        self._watchdog.disarm()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class StrikeBolt:
    """A door opener in the frame as a `Bolt`: locked without current, unlocked while it has current, and that never for long.

    Whether the leaf was really held or let go, nothing tells: positions are what the relay was told. A key or a handle inside is not
    felt either.
    """

    __slots__ = ("_relay", "_turned")

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._turned: Callable[[BoltPosition, bool], None] | None = None
        relay.ended = self._let_go

    def position(self) -> BoltPosition:
        """What the relay is."""
        return BoltPosition.UNLOCKED if self._relay.is_on else BoltPosition.LOCKED

    def move(self, position: BoltPosition) -> Outcome:
        """Switch the relay.

        Raises:
            Misuse: the position is none that a door opener has.
        """
        if position is BoltPosition.LOCKED:
            self._relay.off()
        elif position is BoltPosition.UNLOCKED:
            self._relay.on()
        else:
            raise Misuse(f"a door opener cannot be {position.name}", advice="It has no latch of its own.")
        return Outcome.ARRIVED

    def stop(self) -> None:
        """Take the current away."""
        self._relay.off()

    def listen(self, turned: Callable[[BoltPosition, bool], None]) -> None:
        """Have `turned` called when the relay's limit locks the door."""
        self._turned = turned

    def _let_go(self) -> None:
        if self._turned is not None:
            self._turned(BoltPosition.LOCKED, False)
