"""Taking a new finger: one enrolment at a time, and no template that nobody wanted stays in the sensor.

Layer devices; used by `front_panel`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from latchwork.base.errors import LatchworkError
from latchwork.base.logs import log, logger
from latchwork.devices.hardware import FingerprintReader

_LOG = logger(__name__)


class FingerEnrolment:
    """One fingerprint reader's way to a new template.

    Args:
        reader: the reader.
        taken: called with the new template's name; says whether anybody wants it still.
        failed: called when the reader gave up.
    """

    __slots__ = ("_failed", "_reader", "_running", "_taken")

    def __init__(self, reader: FingerprintReader, taken: Callable[[bytes], bool], failed: Callable[[], None]) -> None:
        self._reader = reader
        self._taken = taken
        self._failed = failed
        self._running: asyncio.Future[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the reader is taking a finger now."""
        return self._running is not None

    def start(self) -> None:
        """Take a finger; one that is being taken is given up."""
        self.stop()
        self._running = asyncio.ensure_future(self._reader.enrol())
        self._running.add_done_callback(self._ended)

    def stop(self) -> None:
        """Give it up."""
        running, self._running = self._running, None
        if running is not None:
            running.cancel()

    def _ended(self, enrolment: asyncio.Future[bytes]) -> None:
        is_mine = enrolment is self._running
        if is_mine:
            self._running = None
        if enrolment.cancelled():
            return
        error = enrolment.exception()
        if error is None:
            template = enrolment.result()
            if not (is_mine and self._taken(template)):
                self._reader.forget(template)
            return
        if not isinstance(error, LatchworkError):
            log(_LOG, 40, "fingerprint_reader.failed", error=repr(error))
        if is_mine:
            self._failed()
