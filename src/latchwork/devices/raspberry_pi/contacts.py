"""Contacts that bounce, told once: end stops, the contact in the frame, buttons.

Layer devices. The thread of gpiozero ends in `Contact`: everything after it is in the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from latchwork.devices.raspberry_pi.pins import Input
from latchwork.doorlock.bolt import DoorPosition

SETTLE_S: Final = 0.03
"""Seconds a contact must stay still until it counts: bounces of push buttons and reeds are over in 5 to 20 ms."""


def _silent(_is_active: bool) -> None:
    """Nobody listens."""


class Contact:
    """An input whose changes count once it has kept still.

    Args:
        pin: the input.
        settle_s: seconds that it must keep still.
        loop: where changes are told.
    """

    __slots__ = ("_changed", "_is_active", "_is_closed", "_loop", "_pin", "_settle_s", "_timer")

    def __init__(self, pin: Input, loop: asyncio.AbstractEventLoop, settle_s: float = SETTLE_S) -> None:
        self._pin = pin
        self._loop = loop
        self._settle_s = settle_s
        self._timer: asyncio.TimerHandle | None = None
        self._changed: Callable[[bool], None] = _silent
        self._is_closed = False
        self._is_active = bool(pin.is_active)
        pin.when_activated = self._edge
        pin.when_deactivated = self._edge

    @property
    def is_active(self) -> bool:
        """What it was when it last kept still."""
        return self._is_active

    def listen(self, changed: Callable[[bool], None]) -> None:
        """Have `changed(is_active)` called in the event loop."""
        self._changed = changed

    def close(self) -> None:
        """Tell nothing more."""
        self._is_closed = True
        self._pin.when_activated = None
        self._pin.when_deactivated = None
        if self._timer is not None:
            self._timer.cancel()

    def _edge(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        if self._is_closed:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(self._settle_s, self._settled)

    def _settled(self) -> None:
        self._timer = None
        is_active = bool(self._pin.is_active)
        if is_active is not self._is_active:
            self._is_active = is_active
            self._changed(is_active)


class ContactDoorSensor:
    """The contact in the frame as a `DoorSensor`: active is closed."""

    __slots__ = ("_contact",)

    def __init__(self, contact: Contact) -> None:
        self._contact = contact

    def position(self) -> DoorPosition | None:
        """Where the leaf is."""
        return _leaf(self._contact.is_active)

    def listen(self, moved: Callable[[DoorPosition], None]) -> None:
        """Have `moved` called when the leaf moves."""
        self._contact.listen(lambda is_active: moved(_leaf(is_active)))


def _leaf(is_active: bool) -> DoorPosition:
    return DoorPosition.CLOSED if is_active else DoorPosition.OPEN


class ContactButton:
    """A push button, a touch pad's output or a tamper contact as a `Button`."""

    __slots__ = ("_contact",)

    def __init__(self, contact: Contact) -> None:
        self._contact = contact

    def listen(self, pressed: Callable[[], None], released: Callable[[], None]) -> None:
        """Have `pressed` and `released` called. A button that is down already is told when it comes up."""
        self._contact.listen(lambda is_active: pressed() if is_active else released())
