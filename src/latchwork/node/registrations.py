"""Who wants to be told when a sleeping node wakes, and the counter that every such message carries (Core 9.16.6.4, 4.22).

Stands in node, on the ledger; knows no cluster and no network. Registrations have a key of the ledger below their fabric's, so they go
with it. The counter is reserved ahead, so that a power cut can make it jump forward but never back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from latchwork.base.logs import Secret
from latchwork.matter.messages.check_in import CheckInKey
from latchwork.matter.tlv.schema import U8, U64, Hidden, Len, Struct, Tag
from latchwork.node.persistence import Ledger

COUNTER = "icd/counter"
RESERVE = 100
"""Counts reserved with one write to the store."""
_CYCLE = 1 << 32


class StoredRegistration(Struct):
    """One registration as stored."""

    check_in_node_id: Annotated[U64, Tag(0)]
    monitored_subject: Annotated[U64, Tag(1)]
    client_type: Annotated[U8, Tag(2)]
    key: Annotated[bytes, Tag(3), Len(16), Hidden]


class StoredRegistrations(Struct):
    """The registrations of one fabric as stored."""

    clients: Annotated[tuple[StoredRegistration, ...], Tag(0)]


@dataclass(slots=True)
class Registration:
    """One registered client.

    Attributes:
        node_id: where Check-Ins go.
        monitored_subject: whose subscription makes a Check-In unnecessary: a node id or a CASE authenticated tag.
        client_type: permanent or ephemeral; ephemeral ones are never checked in with.
        key: shared with the client.
        address: where the client was when it last spoke to us, or None; not stored.
        unanswered: Check-Ins since the client last had a subscription; not stored.
        skips: wakes to let pass before the next one; not stored.
    """

    node_id: int
    monitored_subject: int
    client_type: int
    key: Secret
    address: object = None
    unanswered: int = 0
    skips: int = 0

    def seal(self, counter: int, active_threshold_ms: int) -> bytes:
        """A Check-In's payload."""
        return CheckInKey(self.key).seal_wake(counter, active_threshold_ms)

    def is_due(self) -> bool:
        """Whether it is told at this wake; asked once for each."""
        if self.skips:
            self.skips -= 1
            return False
        return True

    def told(self, most_skips: int) -> None:
        """It was: each one without an effect doubles the wakes until the next."""
        self.skips = min((1 << min(self.unanswered, 16)) - 1, most_skips)
        self.unanswered += 1

    def answered(self) -> None:
        """It has a subscription, or somebody stands at the device: the next wake counts again."""
        self.unanswered = self.skips = 0


class Registrations:
    """The registered clients of all fabrics, and the counter."""

    __slots__ = ("_by_fabric", "_entropy", "_ledger", "_limit", "counter")

    def __init__(self, ledger: Ledger, entropy: Callable[[int], bytes]) -> None:
        self._ledger = ledger
        self._entropy = entropy
        self._by_fabric: dict[int, dict[int, Registration]] = {}
        self._limit = 0
        self.counter = 0

    def __bool__(self) -> bool:
        return any(self._by_fabric.values())

    def __iter__(self) -> Iterator[tuple[int, Registration]]:
        for index, clients in self._by_fabric.items():
            for registration in clients.values():
                yield index, registration

    def load(self, fabrics: Iterable[int]) -> None:
        """Take everything from the ledger."""
        self._by_fabric = {index: self._read(index) for index in fabrics}

    def of(self, index: int) -> list[Registration]:
        """A fabric's clients, in order of registration."""
        return list(self._by_fabric.get(index, {}).values())

    def find(self, index: int, node_id: int) -> Registration | None:
        """A fabric's client, or None."""
        return self._by_fabric.get(index, {}).get(node_id)

    def put(self, index: int, registration: Registration) -> None:
        """Add a client or replace what was said about it."""
        self._by_fabric.setdefault(index, {})[registration.node_id] = registration
        self._store(index)

    def remove(self, index: int, node_id: int) -> None:
        """Forget a client."""
        self._by_fabric.get(index, {}).pop(node_id, None)
        self._store(index)

    def forget_fabric(self, index: int) -> None:
        """A fabric left, with everything in the ledger that was its own."""
        self._by_fabric.pop(index, None)

    # --- the counter

    def start_counter(self) -> None:
        """Go on behind everything that may have been used before; begins by chance (Core 4.22.3.2)."""
        stored = self._ledger.get(COUNTER)
        self.counter = self._limit = int.from_bytes(stored or self._entropy(4), "big")
        self._reserve()

    def next_counter(self) -> int:
        """A count that was never used; stored before it can be sent, if the turn ends in between."""
        if self.counter == self._limit:
            self._reserve()
        self.counter = (self.counter + 1) % _CYCLE
        return self.counter

    def _reserve(self) -> None:
        self._limit = (self.counter + RESERVE) % _CYCLE
        self._ledger.put(COUNTER, self._limit.to_bytes(4, "big"))

    # --- storage

    def _read(self, index: int) -> dict[int, Registration]:
        stored = self._ledger.get(_key(index))
        if stored is None:
            return {}
        before = self._by_fabric.get(index, {})
        found = {}
        for client in StoredRegistrations.decode(stored).clients:
            known = before.get(client.check_in_node_id)
            found[client.check_in_node_id] = Registration(
                client.check_in_node_id,
                client.monitored_subject,
                client.client_type,
                Secret(client.key),
                address=None if known is None else known.address,
            )
        return found

    def _store(self, index: int) -> None:
        clients = tuple(
            StoredRegistration(
                check_in_node_id=client.node_id,
                monitored_subject=client.monitored_subject,
                client_type=client.client_type,
                key=bytes(client.key),
            )
            for client in self.of(index)
        )
        self._ledger.put(_key(index), StoredRegistrations(clients=clients).encode() if clients else None)


def _key(index: int) -> str:
    return f"f/{index}/icd"
