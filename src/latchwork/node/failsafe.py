"""The fail-safe: what a commissioner changes counts only once it says so (Core 11.10.7.2).

Stands in node; knows the ledger's undo journal and the membership, no cluster. Everything done under it that is stored is rolled back by
the journal; what lives only in memory (a pending key, a pending root) is kept here and dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from latchwork.matter.crypto.keys import KeyPair

if TYPE_CHECKING:
    from latchwork.node.agenda import Agenda, Appointment
    from latchwork.node.persistence import Ledger

COVERED = ("a/0/48/", "a/0/49/")
"""Attributes that the fail-safe covers besides its fabric: General and Network Commissioning of the root endpoint."""


class FailSafe:
    """Armed or not, since when, for whom, and what is pending under it.

    Attributes:
        fabric_index: whose fail-safe it is: the accessing fabric's, or the one just added; 0 for a PASE session before that.
        pending_key: the operational key made by CSRRequest, or None.
        is_key_for_update: whether that key was asked for UpdateNOC.
        pending_root: the root certificate that AddTrustedRootCertificate brought, TLV, or None.
        added: whether AddNOC succeeded.
        updated: whether UpdateNOC succeeded.
        on_expired: called after an expiry with the fabric index and the stored values that were put back.
    """

    __slots__ = (
        "_agenda",
        "_deadline",
        "_expiry",
        "_ledger",
        "_now",
        "added",
        "fabric_index",
        "is_armed",
        "is_key_for_update",
        "on_expired",
        "pending_key",
        "pending_root",
        "updated",
    )

    def __init__(self, ledger: Ledger, agenda: Agenda, now: Callable[[], float]) -> None:
        self._ledger = ledger
        self._agenda = agenda
        self._now = now
        self._expiry: Appointment | None = None
        self._deadline = 0.0
        self.on_expired: Callable[[FailSafe, dict[str, bytes | None]], None] | None = None
        self.is_armed = False
        self._reset()

    def _reset(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
        self._expiry = None
        self.is_armed = False
        self.fabric_index = 0
        self.pending_key: KeyPair | None = None
        self.is_key_for_update = False
        self.pending_root: bytes | None = None
        self.added = False
        self.updated = False

    @property
    def has_credentials(self) -> bool:
        """Whether AddNOC or UpdateNOC succeeded under it."""
        return self.added or self.updated

    @property
    def remaining(self) -> float:
        """Seconds until it expires; 0 when it is not armed."""
        return max(0.0, self._expiry.when - self._now()) if self._expiry is not None else 0.0

    def is_armed_for(self, fabric_index: int) -> bool:
        """Whether it is armed by this fabric."""
        return self.is_armed and self.fabric_index == fabric_index

    def arm(self, fabric_index: int, seconds: float, cumulative_seconds: float) -> None:
        """Arms it, or sets its timer anew; it never lasts longer than `cumulative_seconds` from the first arming."""
        now = self._now()
        if not self.is_armed:
            self._ledger.begin_undo()
            for prefix in COVERED:
                self._ledger.cover(prefix)
            self._deadline = now + cumulative_seconds
            self.is_armed = True
            self.take_over(fabric_index)
        if self._expiry is not None:
            self._expiry.cancel()
        self._expiry = self._agenda.call_at(min(now + seconds, self._deadline), self.expire)

    def take_over(self, fabric_index: int) -> None:
        """Makes a fabric the one it belongs to; what is stored for that fabric is covered from now on."""
        self.fabric_index = fabric_index
        if fabric_index:
            self._ledger.cover(f"f/{fabric_index}/")

    def forget_fabric(self, fabric_index: int) -> None:
        """A fabric is leaving for good: nothing of it is to come back."""
        self._ledger.uncover(f"f/{fabric_index}/")

    def complete(self) -> None:
        """Disarms it; all changes stay."""
        with self._ledger.turn():
            self._ledger.keep()
            self._reset()

    def expire(self) -> None:
        """Undoes everything done under it and disarms it; no effect when it is not armed."""
        if not self.is_armed:
            return
        with self._ledger.turn():
            restored = self._ledger.roll_back()
            self.is_armed = False
            if self.on_expired is not None:
                self.on_expired(self, restored)
            self._reset()
