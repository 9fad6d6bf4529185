"""Faults of the network: a lock that sleeps, that is too far away, that takes its time to answer.

Layer sim: on the line between runtime and transport, and on exchanges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from latchwork.sim.faults.fault import Fault, seconds

if TYPE_CHECKING:
    from latchwork.sim.lock import VirtualLock


def _swallow(_datagram: bytes) -> bool:
    return False


class Asleep(Fault):
    """Sleeps deeply: an intermittently connected device that its parent does not reach, until it is woken."""

    name = "asleep"
    what = "hears nothing until somebody touches it; a sleepy lock then gets what its parent kept for it"

    def begin(self, lock: VirtualLock) -> None:
        """Fall asleep."""
        sleep = lock.node.sleep
        if sleep is None:
            lock.seams.incoming.append(_swallow)
        else:
            sleep.hold()
        lock.on_touched.append(self._wake)

    def end(self, lock: VirtualLock) -> None:
        """Wake up."""
        lock.on_touched.remove(self._wake)
        sleep = lock.node.sleep
        if sleep is None:
            lock.seams.incoming.remove(_swallow)
        else:
            sleep.release()

    def born(self, lock: VirtualLock) -> None:
        """Sleep on after a restart."""
        if lock.node.sleep is not None:
            lock.node.sleep.hold()

    def _wake(self, lock: VirtualLock) -> None:
        lock.take_fault(self.name)


class OutOfRange(Fault):
    """Out of reach."""

    name = "out-of-range"
    what = "no datagram reaches it, and none of its own arrives"

    def begin(self, lock: VirtualLock) -> None:
        """Go away."""
        lock.seams.incoming.append(_swallow)
        lock.seams.outgoing.append(_swallow)

    def end(self, lock: VirtualLock) -> None:
        """Come back."""
        lock.seams.incoming.remove(_swallow)
        lock.seams.outgoing.remove(_swallow)


class SlowAnswers(Fault):
    """Thinks before it speaks."""

    name = "slow-answers"
    what = "every answer comes late; that a request arrived is acknowledged at once"
    takes = "SECONDS"
    default = "3"

    def __init__(self, value: str | None = None) -> None:
        super().__init__(value)
        self._seconds = seconds(self, 60.0)

    def begin(self, lock: VirtualLock) -> None:
        """Slow down."""
        lock.seams.answers_after_s = self._seconds

    def end(self, lock: VirtualLock) -> None:
        """Be quick again."""
        lock.seams.answers_after_s = 0.0
