"""What is to be done later, in order of time: one heap for the whole node instead of a timer each.

Stands in node; waits for nothing itself. Whoever drives the node asks `next_deadline()` and calls `run_due(now)`.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

Callback = Callable[[], None]

_ROOMY = 64
"""Appointments from which on it is worth looking for those that were taken back."""


class Appointment:
    """One thing to be done at a time; `cancel()` takes it back."""

    __slots__ = ("_callback", "when")

    def __init__(self, when: float, callback: Callback) -> None:
        self.when = when
        self._callback: Callback | None = callback

    @property
    def is_pending(self) -> bool:
        """Whether it is still to happen."""
        return self._callback is not None

    def cancel(self) -> None:
        """Takes it back; no effect once it happened."""
        self._callback = None

    def take(self) -> Callback | None:
        """The callback, once; None afterwards or when cancelled."""
        callback, self._callback = self._callback, None
        return callback


class Agenda:
    """Appointments in order of time.

    Attributes:
        on_earlier: called when the next deadline moved forward, so that the driver can wake earlier.
    """

    __slots__ = ("_heap", "_roomy", "_serial", "on_earlier")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Appointment]] = []
        self._serial = 0
        self._roomy = _ROOMY
        self.on_earlier: Callback | None = None

    def call_at(self, when: float, callback: Callback) -> Appointment:
        """Has `callback` called at `when`, seconds of the monotonic clock."""
        appointment = Appointment(when, callback)
        if len(self._heap) >= self._roomy:
            self._sweep()
        self._serial += 1
        heapq.heappush(self._heap, (when, self._serial, appointment))
        if self.on_earlier is not None and self._heap[0][2] is appointment:
            self.on_earlier()
        return appointment

    def next_deadline(self) -> float | None:
        """When the next appointment is, or None."""
        while self._heap and not self._heap[0][2].is_pending:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def run_due(self, now: float) -> int:
        """Does everything that is due at `now`; gives how many."""
        done = 0
        while (deadline := self.next_deadline()) is not None and deadline <= now:
            callback = heapq.heappop(self._heap)[2].take()
            if callback is not None:
                callback()
                done += 1
        return done

    def _sweep(self) -> None:
        """Forgets what was taken back: it would stay until its time, which may be months away."""
        self._heap = [entry for entry in self._heap if entry[2].is_pending]
        heapq.heapify(self._heap)
        self._roomy = max(_ROOMY, 2 * len(self._heap))
