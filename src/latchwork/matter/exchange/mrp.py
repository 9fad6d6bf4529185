"""The message reliability protocol's arithmetic: when to send again, when to acknowledge (Core 4.12).

Pure: time and chance are arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BACKOFF_BASE: Final = 1.6
"""MRP_BACKOFF_BASE."""
BACKOFF_JITTER: Final = 0.25
"""MRP_BACKOFF_JITTER."""
BACKOFF_MARGIN: Final = 1.1
"""MRP_BACKOFF_MARGIN."""
BACKOFF_THRESHOLD: Final = 1
"""MRP_BACKOFF_THRESHOLD: transmissions before the interval grows."""
STANDALONE_ACK_TIMEOUT: Final = 0.2
"""MRP_STANDALONE_ACK_TIMEOUT, seconds: how long an acknowledgement may wait for a message to ride on."""

DEFAULT_IDLE_MS: Final = 500
"""SESSION_IDLE_INTERVAL, milliseconds, of a peer that did not say (Core 4.13.1)."""
DEFAULT_ACTIVE_MS: Final = 300
"""SESSION_ACTIVE_INTERVAL, milliseconds."""
DEFAULT_THRESHOLD_MS: Final = 4000
"""SESSION_ACTIVE_THRESHOLD, milliseconds."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """How persistently we send.

    Attributes:
        max_transmissions: attempts for one message, the first included (MRP_MAX_TRANSMISSIONS; the sender's choice).
        ack_timeout: seconds before an acknowledgement goes alone.
    """

    max_transmissions: int = 5
    ack_timeout: float = STANDALONE_ACK_TIMEOUT


def retransmission_delay(interval: float, transmissions: int, jitter: float) -> float:
    """Seconds to wait for an acknowledgement after the `transmissions`-th attempt (1 is the first).

    Args:
        interval: the peer's active or idle interval, seconds.
        transmissions: attempts made so far, at least 1.
        jitter: chance, 0.0 to 1.0.
    """
    # The specification counts from 0: the first two waits are alike. The exponent stops growing as in other stacks.
    exponent = min(max(0, transmissions - 1 - BACKOFF_THRESHOLD), 4)
    return float(interval * BACKOFF_MARGIN * BACKOFF_BASE**exponent * (1.0 + jitter * BACKOFF_JITTER))


def longest_wait(idle: float, active: float, attempts: int) -> float:
    """Seconds until a message to a peer with these intervals is surely given up: for time-outs above."""
    slow = max(idle, active)
    return sum(retransmission_delay(slow, attempt, 1.0) for attempt in range(1, attempts + 1))
