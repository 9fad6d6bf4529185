"""Sessions that can be resumed: a secret that both sides kept (Core 4.14.2).

Pure and bounded; persistence is the owner's.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final

from latchwork.base.errors import Misuse
from latchwork.base.logs import Secret
from latchwork.matter.tlv.schema import U8, U32, U64, Hidden, Len, Struct, Tag

MAX_RECORDS: Final = 64
"""Records kept unless told otherwise; the least recently used goes first (Core 4.14.2 leaves the number to the node)."""
MOST_RECORDS: Final = 1024
"""More than any store may keep: a controller with a thousand locks stores 100 kilobytes."""


RESUMPTION_ID_LENGTH: Final = 16
"""Octets of a resumption id (Core 4.14.2)."""


class _Stored(Struct):
    resumption_id: Annotated[bytes, Tag(1), Len(RESUMPTION_ID_LENGTH), Hidden]
    shared_secret: Annotated[bytes, Tag(2), Len(32), Hidden]
    fabric_index: Annotated[U8, Tag(3)]
    peer_node_id: Annotated[U64, Tag(4)]
    cats: Annotated[tuple[U32, ...], Tag(5), Len(0, 3)]


@dataclass(frozen=True, slots=True)
class ResumptionRecord:
    """What makes the next handshake with a peer short.

    Attributes:
        resumption_id: 16 octets, new after each handshake.
        shared_secret: 32 octets of the handshake that began it.
        fabric_index: whose.
        peer_node_id: with whom.
        cats: the peer's CASE authenticated tags.
    """

    resumption_id: Secret
    shared_secret: Secret
    fabric_index: int
    peer_node_id: int
    cats: tuple[int, ...]

    def encode(self) -> bytes:
        """For storage; contains the secret."""
        return self.stored().encode()

    def stored(self) -> _Stored:
        """The form in which it is stored."""
        return _Stored(
            resumption_id=self.resumption_id,
            shared_secret=self.shared_secret,
            fabric_index=self.fabric_index,
            peer_node_id=self.peer_node_id,
            cats=self.cats,
        )

    @classmethod
    def decode(cls, data: bytes) -> ResumptionRecord:
        """From storage.

        Raises:
            TlvError: the octets are no record.
        """
        return cls.of(_Stored.decode(data))

    @classmethod
    def of(cls, stored: _Stored) -> ResumptionRecord:
        """From the form in which it is stored."""
        return cls(
            Secret(stored.resumption_id),
            Secret(stored.shared_secret),
            stored.fabric_index,
            stored.peer_node_id,
            stored.cats,
        )


class _StoredTable(Struct):
    records: Annotated[tuple[_Stored, ...], Tag(1), Len(0, MOST_RECORDS)]


class ResumptionStore:
    """Resumption records by id and by peer, the least recently used first.

    Attributes:
        capacity: records kept.
        generation: grows with every change, so that an owner knows when to store.
    """

    __slots__ = ("_by_id", "_by_peer", "capacity", "generation")

    def __init__(self, capacity: int = MAX_RECORDS) -> None:
        if not 1 <= capacity <= MOST_RECORDS:
            raise Misuse(f"a resumption store keeps 1 to {MOST_RECORDS} records")
        self.capacity = capacity
        self.generation = 0
        self._by_peer: OrderedDict[tuple[int, int], ResumptionRecord] = OrderedDict()
        self._by_id: dict[bytes, ResumptionRecord] = {}

    def __iter__(self) -> Iterator[ResumptionRecord]:
        return iter(list(self._by_peer.values()))

    def __len__(self) -> int:
        return len(self._by_peer)

    def put(self, record: ResumptionRecord) -> None:
        """Keep a record; it replaces the peer's older one, and the least recently used one when there is no room."""
        self._drop(self._by_peer.get((record.fabric_index, record.peer_node_id)))
        # Two peers with one id would be a broken source of entropy somewhere; the newer one wins.
        self._drop(self._by_id.get(record.resumption_id))
        while len(self._by_peer) >= self.capacity:
            self._drop(next(iter(self._by_peer.values())))
        self._by_peer[record.fabric_index, record.peer_node_id] = record
        self._by_id[record.resumption_id] = record
        self.generation += 1

    def find_id(self, resumption_id: bytes) -> ResumptionRecord | None:
        """The record that a peer names in Sigma1."""
        return self._by_id.get(resumption_id)

    def find_peer(self, fabric_index: int, peer_node_id: int) -> ResumptionRecord | None:
        """The record with which a session to a peer may be resumed."""
        return self._by_peer.get((fabric_index, peer_node_id))

    def remove(self, record: ResumptionRecord) -> None:
        """Forget a record that the peer no longer honours; harmless when the peer has another one by now."""
        if self._by_id.get(record.resumption_id) == record:
            self._drop(record)
            self.generation += 1

    def forget(self, fabric_index: int) -> None:
        """Forget everything of a fabric."""
        for record in self:
            if record.fabric_index == fabric_index:
                self._drop(record)
                self.generation += 1

    def encode(self) -> bytes:
        """All records for storage, in the order of their use; contains their secrets."""
        return _StoredTable(records=tuple(record.stored() for record in self)).encode()

    @classmethod
    def decode(cls, data: bytes, capacity: int = MAX_RECORDS) -> ResumptionStore:
        """A store from storage; of more records than `capacity`, the most recently used.

        Raises:
            TlvError: the octets are no store.
        """
        made = cls(capacity)
        for stored in _StoredTable.decode(data).records:
            made.put(ResumptionRecord.of(stored))
        made.generation = 0
        return made

    def _drop(self, record: ResumptionRecord | None) -> None:
        if record is not None:
            del self._by_peer[record.fabric_index, record.peer_node_id]
            del self._by_id[record.resumption_id]
