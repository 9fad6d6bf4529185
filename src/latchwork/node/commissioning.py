"""The commissioning window: who may commission this node now, with which passcode, and until when (Core 5.5, 11.19).

Stands in node; drives the runtime's PASE responder through two calls and tells the advertiser that something changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from latchwork.base.logs import log, logger
from latchwork.matter.engine import PaseCredentials
from latchwork.node.agenda import Agenda, Appointment

_LOG = logger(__name__)

MAX_FAILED_ATTEMPTS = 20
"""A node leaves commissioning mode after so many failed attempts (Core 5.5, 13.3)."""
MIN_WINDOW_S = 180
"""Shortest window an administrator may open (Core 5.4.2.3.1)."""
MAX_WINDOW_S = 900
"""Longest window an administrator may open (Core 5.4.2.3.1)."""

CLOSED, ENHANCED, BASIC = 0, 1, 2


class PaseDoor(Protocol):
    """The part of the runtime that lets commissioners in."""

    def open_window(self, credentials: PaseCredentials) -> None:
        """Accept PASE with these credentials from now on."""

    def close_window(self) -> None:
        """Accept no PASE."""


class CommissioningWindow:
    """The window's state.

    Attributes:
        kind: CLOSED, ENHANCED or BASIC.
        discriminator: the one to advertise while open.
        opener_fabric: the fabric whose administrator opened it; None when nobody did or that fabric is gone.
        opener_vendor: that administrator's vendor; None when the node opened it by itself.
        is_listening: whether a commissioner may start now; not while one is at work.
        failed_attempts: since it was opened.
    """

    __slots__ = (
        "_agenda",
        "_changed",
        "_credentials",
        "_door",
        "_now",
        "_timeout",
        "discriminator",
        "failed_attempts",
        "is_listening",
        "kind",
        "opener_fabric",
        "opener_vendor",
    )

    def __init__(self, agenda: Agenda, now: Callable[[], float], changed: Callable[[], None]) -> None:
        self._agenda = agenda
        self._now = now
        self._changed = changed
        self._door: PaseDoor | None = None
        self._credentials: PaseCredentials | None = None
        self._timeout: Appointment | None = None
        self.kind = CLOSED
        self.discriminator = 0
        self.opener_fabric: int | None = None
        self.opener_vendor: int | None = None
        self.is_listening = False
        self.failed_attempts = 0

    @property
    def is_open(self) -> bool:
        """Whether it is open, be a commissioner at work or not."""
        return self.kind != CLOSED

    def attach(self, door: PaseDoor | None) -> None:
        """The runtime to let commissioners in through, or None when the node stops."""
        self._door = door
        self._listen(self.is_listening)

    def open(
        self,
        kind: int,
        credentials: PaseCredentials,
        discriminator: int,
        *,
        seconds: float,
        fabric: int | None = None,
        vendor: int | None = None,
    ) -> None:
        """Opens it for `seconds`, or until it is closed when that is 0."""
        self._drop_timeout()
        self.kind = kind
        self.discriminator = discriminator
        self._credentials = credentials
        self.opener_fabric = fabric
        self.opener_vendor = vendor
        self.failed_attempts = 0
        if seconds:
            self._timeout = self._agenda.call_at(self._now() + seconds, self.close)
        log(_LOG, 20, "window.opened", kind=kind, discriminator=discriminator, seconds=seconds)
        self._listen(True)
        self._changed()

    def prolong(self, seconds: float) -> None:
        """Leaves it as it is, passcode and commissioner at work included, until `seconds` from now; no effect when it is closed."""
        if self.is_open:
            self._drop_timeout()
            self._timeout = self._agenda.call_at(self._now() + seconds, self.close)

    @property
    def closes_at(self) -> float | None:
        """When it closes by itself, in seconds of the node's clock; None when it is closed or stays open."""
        return self._timeout.when if self._timeout is not None and self._timeout.is_pending else None

    def close(self) -> None:
        """Closes it; a commissioner at work keeps its session and its fail-safe."""
        if self.kind == CLOSED:
            return
        self._drop_timeout()
        self.kind = CLOSED
        self._credentials = None
        self.opener_fabric = self.opener_vendor = None
        log(_LOG, 20, "window.closed")
        self._listen(False)
        self._changed()

    def commissioner_arrived(self) -> None:
        """A PASE session was established: nobody else may start meanwhile."""
        if self.is_open:
            self._listen(False)
            self._changed()

    def attempt_failed(self) -> None:
        """A commissioner gave the wrong passcode, or gave up; too many of these close the window."""
        if not self.is_open:
            return
        self.failed_attempts += 1
        if self.failed_attempts >= MAX_FAILED_ATTEMPTS:
            log(_LOG, 30, "window.too_many_attempts", attempts=self.failed_attempts)
            self.close()
        elif not self.is_listening:
            self._listen(True)
            self._changed()

    def fabric_removed(self, index: int) -> None:
        """The opener's fabric is gone: its index means nothing any more (Core 11.19.7.2)."""
        if self.opener_fabric == index:
            self.opener_fabric = None
            self._changed()

    def _listen(self, wanted: bool) -> None:
        self.is_listening = wanted
        if self._door is None:
            return
        if wanted and self._credentials is not None:
            self._door.open_window(self._credentials)
        else:
            self._door.close_window()

    def _drop_timeout(self) -> None:
        if self._timeout is not None:
            self._timeout.cancel()
            self._timeout = None
