"""Sleeping: when a node hears, and what happens to what is sent to it meanwhile (Core 9.15.1).

Stands in node, between the transports and the engine; knows no cluster and no message. It behaves like a Thread device whose parent
buffers: asleep, it hears nothing until it polls, and a poll that brings something wakes it. Awake, it hears at once, and every message
either way keeps it awake for the active mode threshold.

Driven by four things: a datagram arriving or leaving, the agenda, a person's trigger, and whoever wants it to stay awake.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from latchwork.base.logs import log, logger
from latchwork.node.agenda import Agenda, Appointment
from latchwork.node.config import NodeConfig
from latchwork.node.icd import IcdConfig

if TYPE_CHECKING:
    from latchwork.stack.runtime import Runtime

_LOG = logger(__name__)
MAX_STAY_ACTIVE_MS = 30_000
"""How long a client may have it stay awake, milliseconds: what the specification guarantees to be granted (Core 9.16.7.5)."""
_LEAST_LOOK_S = 0.3
"""Seconds between looks whether something still keeps it awake."""


def _nothing() -> None:
    return None


def _never() -> bool:
    return False


class Sleep:
    """Whether a node is awake, and its parent's buffer (a `Gate` of the runtime).

    Attributes:
        config: its numbers.
        is_active: awake: active mode rather than idle mode.
        is_long_idle: operating as a long idle time device; set by the ICD Management cluster.
        is_held: deaf until `release`, whatever happens.
        on_awake: called when idle mode ends, within a turn of the node or a datagram's arrival.
        must_stay_awake: asked when active mode would end: a commissioning window, an exchange.
        wants_to_wake: asked when it falls asleep although ActiveModeDuration is 0: somebody is to be checked in with.
    """

    __slots__ = (
        "_active_until",
        "_agenda",
        "_clock",
        "_held",
        "_later",
        "_next",
        "_poll",
        "_runtime",
        "_slept_at",
        "config",
        "is_active",
        "is_held",
        "is_long_idle",
        "must_stay_awake",
        "on_awake",
        "wants_to_wake",
    )

    def __init__(self, config: IcdConfig, agenda: Agenda, clock: Callable[[], float]) -> None:
        self.config = config
        self.is_active = True
        self.is_long_idle = False
        self.is_held = False
        self.on_awake: Callable[[], None] = _nothing
        self.must_stay_awake: Callable[[], bool] = _never
        self.wants_to_wake: Callable[[], bool] = _never
        self._agenda = agenda
        self._clock = clock
        self._held: deque[tuple[float, bytes, object]] = deque(maxlen=config.parent_buffer)
        self._runtime: Runtime | None = None
        self._later: Callable[[Callable[[], None]], object] = _nothing_later
        self._active_until = 0.0
        self._slept_at = 0.0
        self._next: Appointment | None = None
        self._poll: Appointment | None = None

    # --- what others see

    @property
    def slow_poll_s(self) -> float:
        """Seconds between two polls while asleep."""
        return self.config.slow_poll_s(is_long_idle=self.is_long_idle)

    @property
    def active_left_ms(self) -> int:
        """Milliseconds that it stays awake from now on if nothing more happens; 0 while it sleeps."""
        return max(0, math.ceil((self._active_until - self._clock()) * 1000)) if self.is_active else 0

    # --- start and stop

    def start(self, runtime: Runtime, later: Callable[[Callable[[], None]], object]) -> None:
        """Begin awake, on a network.

        Args:
            runtime: whose datagrams pass here from now on.
            later: has something called soon, outside of the turn that is running: what is delivered may be answered at once, and an
                answer must not leave before the turn's changes are stored.
        """
        self._runtime, self._later = runtime, later
        runtime.gate = self
        self.is_active = False
        self._wake()

    def stop(self) -> None:
        """Leave the network; what was held is lost."""
        if self._runtime is not None:
            self._runtime.gate = None
        self._runtime = None
        self._held.clear()
        self._cancel()

    # --- datagrams

    def heard(self, datagram: bytes, address: object) -> bool:
        """A datagram reached the parent; False when the node does not hear it now."""
        if self.is_active and not self.is_held and not self._held:
            self._stay(self.config.threshold_ms / 1000)
            return True
        # As a parent with a full buffer does: the oldest goes.
        self._held.append((self._clock(), datagram, address))
        if not self.is_active and not self.is_held:
            self._poll_in_time()
        return False

    def spoke(self) -> None:
        """The node sent a datagram: it listens for what comes back."""
        self.trigger()

    # --- what keeps it awake

    def trigger(self) -> None:
        """A person woke it, or something happened on the device itself: it is awake from now on."""
        if not self.is_active:
            self._wake()
        self._stay(self.config.threshold_ms / 1000)

    def stay_active(self, wanted_ms: int) -> int:
        """Stay awake for a client; gives the milliseconds that it promises (Core 9.16.7.5)."""
        if self.is_active:
            self._stay(min(wanted_ms, MAX_STAY_ACTIVE_MS) / 1000)
        return self.active_left_ms

    # --- faults

    def hold(self) -> None:
        """Hear nothing and do not wake, until `release`: a device out of reach of its parent. What it sends still leaves it."""
        self.is_held = True
        self._cancel_poll()

    def release(self) -> None:
        """Hear again: what the parent still keeps is polled at once."""
        if not self.is_held:
            return
        self.is_held = False
        if self.is_active:
            self._later(self._deliver)
        else:
            self._wake()

    # --- modes

    def _stay(self, seconds: float) -> None:
        # The appointment stays where it is and looks again: this is called for every datagram.
        self._active_until = max(self._active_until, self._clock() + seconds)

    def _wake(self) -> None:
        config, now = self.config, self._clock()
        self._cancel()
        self.is_active = True
        self._active_until = now + (config.active_ms or config.threshold_ms) / 1000
        self._next = self._agenda.call_at(self._active_until, self._active_over)
        log(_LOG, 10, "sleep.awake")
        self.on_awake()
        if self._held:
            self._later(self._deliver)

    def _active_over(self) -> None:
        now = self._clock()
        if now < self._active_until:
            self._next = self._agenda.call_at(self._active_until, self._active_over)
        elif self.must_stay_awake():
            look = max(self.config.threshold_ms / 1000, _LEAST_LOOK_S)
            self._next = self._agenda.call_at(now + look, self._active_over)
        else:
            self._fall_asleep(now)

    def _fall_asleep(self, now: float) -> None:
        self.is_active = False
        self._slept_at = now
        log(_LOG, 10, "sleep.idle", seconds=self.config.idle_s)
        self._next = None
        if self.config.active_ms or self.wants_to_wake():
            self._next = self._agenda.call_at(now + self.config.idle_s, self._idle_over)
        if self._held and not self.is_held:
            self._poll_in_time()

    def _idle_over(self) -> None:
        if self.is_held:
            self._next = self._agenda.call_at(self._clock() + self.config.idle_s, self._idle_over)
        else:
            self._wake()

    # --- polls

    def _poll_in_time(self) -> None:
        """The node polls all the time; an appointment is needed only for a poll that brings something."""
        if self._poll is None:
            interval = self.slow_poll_s
            polls = math.floor((self._clock() - self._slept_at) / interval) + 1
            self._poll = self._agenda.call_at(self._slept_at + polls * interval, self._polled)

    def _polled(self) -> None:
        self._poll = None
        self._expire()
        if self._held:
            self._wake()
            self._stay(self.config.threshold_ms / 1000)

    def _deliver(self) -> None:
        runtime = self._runtime
        self._expire()
        while self._held and not self.is_held and runtime is not None:
            self._stay(self.config.threshold_ms / 1000)
            _, datagram, address = self._held.popleft()
            runtime.deliver(datagram, address)

    def _expire(self) -> None:
        oldest = self._clock() - max(self.config.parent_patience_s, 1.5 * self.slow_poll_s)
        while self._held and self._held[0][0] < oldest:
            self._held.popleft()

    def _cancel(self) -> None:
        self._cancel_poll()
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _cancel_poll(self) -> None:
        if self._poll is not None:
            self._poll.cancel()
            self._poll = None


def intervals_ms(config: NodeConfig, sleep: Sleep | None) -> tuple[int, int, int]:
    """What peers are told: idle interval, active interval and active threshold, milliseconds (Core 4.13.1)."""
    if sleep is None:
        return config.idle_interval_ms, config.active_interval_ms, config.active_threshold_ms
    return round(sleep.slow_poll_s * 1000), sleep.config.fast_poll_ms, sleep.config.threshold_ms


def _nothing_later(_work: Callable[[], None]) -> None:
    return None
