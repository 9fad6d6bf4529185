"""The last word on how long something stays switched on, kept by a thread: it holds even while the event loop is stuck.

Layer devices. Knows neither pins nor bolts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

MARGIN_S: Final = 0.5
"""Seconds that the event loop gets to switch off by itself, and to say what happened, before the thread does it."""


class Watchdog:
    """Switches off what was forgotten. One at a time: `arm` takes the place of what was armed before."""

    __slots__ = ("_lock", "_timer")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def arm(self, seconds: float, cut: Callable[[], None]) -> None:
        """Have `cut` called, in a thread, after `seconds` unless `disarm` comes first."""
        with self._lock:
            self._cancel()
            timer = threading.Timer(seconds, lambda: self._fire(timer, cut))
            timer.daemon = True
            self._timer = timer
            timer.start()

    def disarm(self) -> None:
        """It was switched off in time."""
        with self._lock:
            self._cancel()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fire(self, timer: threading.Timer, cut: Callable[[], None]) -> None:
        # Under the lock, so that a timer that was replaced at the last moment cannot cut what began after it.
        with self._lock:
            if self._timer is timer:
                self._timer = None
                cut()
