"""The table of secure sessions: ids, limits and who has to go (Core 4.13.2).

Pure; closing an evicted session is the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from latchwork.base.errors import Refused
from latchwork.matter.session.secure import SecureSession

_IDS: Final = 0xFFFF


class SessionTable:
    """Secure sessions by our id; bounded.

    Attributes:
        capacity: sessions kept; one more evicts the one that was used least recently and has nothing under way.
    """

    __slots__ = ("_reserved", "_sessions", "capacity")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._sessions: dict[int, SecureSession] = {}
        self._reserved: set[int] = set()

    def __iter__(self) -> Iterator[SecureSession]:
        return iter(self._sessions.values())

    def __len__(self) -> int:
        return len(self._sessions)

    def get(self, session_id: int) -> SecureSession | None:
        """The session with our id."""
        return self._sessions.get(session_id)

    def reserve(self, entropy: Callable[[int], bytes]) -> int:
        """A session id that no session and no handshake has.

        Raises:
            Refused: every id is taken.
        """
        if len(self._sessions) + len(self._reserved) >= _IDS:
            raise Refused("no session id is free")
        candidate = int.from_bytes(entropy(2), "little")
        while candidate == 0 or candidate in self._sessions or candidate in self._reserved:
            candidate = (candidate + 1) & _IDS
        self._reserved.add(candidate)
        return candidate

    def release(self, session_id: int) -> None:
        """The handshake for which the id was reserved is over."""
        self._reserved.discard(session_id)

    def add(self, session: SecureSession) -> list[SecureSession]:
        """Keep a session; returns those that must be closed to make room."""
        self._sessions[session.local_id] = session
        excess = len(self._sessions) - self.capacity
        if excess <= 0:
            return []
        others = [other for other in self._sessions.values() if other is not session]
        # Idle ones first, then the least recently used.
        others.sort(key=lambda other: (bool(other.exchanges), other.last_used))
        return others[:excess]

    def remove(self, session: SecureSession) -> None:
        """Forget a session."""
        if self._sessions.get(session.local_id) is session:
            del self._sessions[session.local_id]

    def newest(self, fabric_index: int, peer_node_id: int) -> SecureSession | None:
        """The CASE session with a peer that was heard last, or None."""
        found = None
        for session in self._sessions.values():
            if (
                session.fabric_index == fabric_index
                and session.peer_node_id == peer_node_id
                and session.kind == "case"
                and (found is None or session.last_heard >= found.last_heard)
            ):
                found = session
        return found
