"""How a node sleeps: the numbers of an intermittently connected device (Core 9.15, 9.16).

Stands in node; a value object that checks itself, and knows neither clock nor radio.
"""

from __future__ import annotations

from dataclasses import dataclass

from latchwork.base.errors import Misuse
from latchwork.matter.model.clusters.icd_management import IcdManagement, UserActiveModeTriggerBitmap

MAX_IDLE_S = 64_800
"""The longest idle mode, seconds: 18 hours (Core 9.16.6.1)."""
SHORT_SLOW_POLL_MS = 15_000
"""The longest slow poll of a short idle time device, milliseconds (Core 9.15.1.2)."""
MAX_SLOW_POLL_MS = 3_600_000
"""The longest slow poll at all: the largest SII (Core 4.3.4)."""
LONG_THRESHOLD_MS = 5_000
"""The shortest active mode threshold of a long idle time device, milliseconds (Core 9.15.1.1)."""

Trigger = UserActiveModeTriggerBitmap
NO_TRIGGER = Trigger(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class IcdConfig:
    """How a node sleeps.

    Attributes:
        idle_s: IdleModeDuration: it wakes by itself this many seconds after it fell asleep.
        active_ms: ActiveModeDuration: how long it then stays awake, milliseconds. With 0 it wakes by itself only to check in.
        threshold_ms: ActiveModeThreshold: how long it stays awake after each message, milliseconds.
        slow_poll_ms: while asleep it asks its parent for messages this often, milliseconds; told as SII.
        fast_poll_ms: the same while awake; told as SAI.
        is_long_idle: it can operate as a long idle time device (LITS), and does while a client is registered.
        can_be_short: such a device can be told to operate as a short idle time one all the same (DSLS).
        has_check_in: clients can register to be told when it wakes (CIP).
        clients_per_fabric: how many may.
        max_check_in_backoff_s: most seconds between Check-Ins to a client that does not react; None is `idle_s`, no back-off.
        trigger: what a person can do to wake it (UAT); nothing leaves the feature out.
        trigger_instruction: what `trigger` needs: a count, a number of seconds, a colour or a text (Core 9.16.6.8).
        parent_buffer: datagrams that its parent keeps for it.
        parent_patience_s: seconds that the parent keeps one; at least a poll interval and a bit.
    """

    idle_s: int = 60
    active_ms: int = 300
    threshold_ms: int = 4_000
    slow_poll_ms: int = 5_000
    fast_poll_ms: int = 300
    is_long_idle: bool = False
    can_be_short: bool = False
    has_check_in: bool = True
    clients_per_fabric: int = 2
    max_check_in_backoff_s: int | None = None
    trigger: Trigger = NO_TRIGGER
    trigger_instruction: str = ""
    parent_buffer: int = 16
    parent_patience_s: float = 240.0

    def __post_init__(self) -> None:
        """Raise Misuse when a number breaks the specification's rules."""
        longest = MAX_SLOW_POLL_MS if self.is_long_idle else SHORT_SLOW_POLL_MS
        rules = (
            (1 <= self.idle_s <= MAX_IDLE_S, f"idle_s is 1 to {MAX_IDLE_S}"),
            (0 <= self.active_ms <= self.idle_s * 1000, "active_ms is at most the idle mode's length"),
            (1 <= self.threshold_ms <= 0xFFFF, "threshold_ms is 1 to 65535"),
            (1 <= self.slow_poll_ms <= longest, f"slow_poll_ms is 1 to {longest} for this kind of device"),
            (1 <= self.fast_poll_ms <= self.slow_poll_ms, "fast_poll_ms is at most slow_poll_ms"),
            (self.idle_s <= self.backoff_s <= MAX_IDLE_S, f"max_check_in_backoff_s is idle_s to {MAX_IDLE_S}"),
            (1 <= self.clients_per_fabric <= 0xFFFF, "clients_per_fabric is at least 1"),
            (len(self.trigger_instruction) <= 128, "trigger_instruction has at most 128 characters"),
            (self.is_long_idle or not self.can_be_short, "only a long idle time device can be told to be a short one"),
            (1 <= self.parent_buffer <= 1024, "parent_buffer is 1 to 1024"),
        )
        for holds, rule in rules:
            if not holds:
                raise Misuse(rule)
        if self.is_long_idle and not (self.has_check_in and self.trigger and self.threshold_ms >= LONG_THRESHOLD_MS):
            raise Misuse(
                "a long idle time device checks in, has a trigger and stays awake for 5 s after each message",
                advice="Set has_check_in, trigger and threshold_ms >= 5000.",
            )

    @property
    def backoff_s(self) -> int:
        """MaximumCheckInBackoff, seconds."""
        return self.idle_s if self.max_check_in_backoff_s is None else self.max_check_in_backoff_s

    @property
    def features(self) -> IcdManagement.Feature:
        """The cluster's features."""
        kind = IcdManagement.Feature
        return (
            (kind.CIP if self.has_check_in else kind(0))
            | (kind.UAT if self.trigger else kind(0))
            | (kind.LITS if self.is_long_idle else kind(0))
            | (kind.DSLS if self.can_be_short else kind(0))
        )

    def slow_poll_s(self, *, is_long_idle: bool) -> float:
        """Seconds between two polls while asleep, in this operating mode."""
        return (self.slow_poll_ms if is_long_idle else min(self.slow_poll_ms, SHORT_SLOW_POLL_MS)) / 1000
