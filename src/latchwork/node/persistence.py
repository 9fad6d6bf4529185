"""What survives a restart: keys, atomic turns and the undo journal of the fail-safe.

Stands in node, on a `Store`; knows nothing of what the values mean.

Keys: `a/<endpoint>/<cluster>/<attribute>` attribute values, `f/<fabric>/…` what belongs to one fabric, `events/…`, `sessions/…`,
`identity/…`, `lock/…` what a lock remembers, `seal/…`. Changes made inside a turn reach the store as one atomic write when the turn ends, before any answer leaves the node.

While an undo journal is open, the first change of a covered key keeps the key's earlier value under `undo/<key>` in the same atomic write.
Rolling back puts all of them back in one write. A power cut in the middle leaves the journal in the store, and `recover()` at the next
start rolls back (Core 11.10.7.2: a reboot ends the fail-safe as its timer does).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from latchwork.base.errors import Bug
from latchwork.store.kv import Store, StoreUnavailable
from latchwork.store.sealed import Seal

UNDO = "undo/"
SEAL_PROOF = "seal/proof"
"""Holds nothing, sealed: says that there is a sealing key, and whether the one at hand is it."""


class Ledger:
    """The node's stored values."""

    __slots__ = ("_armed", "_covers", "_depth", "_pending", "_seal", "_store", "_waiting")

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pending: dict[str, bytes | None] = {}
        self._depth = 0
        self._armed = False
        self._covers: set[str] = set()
        self._seal: Seal | None = None
        self._waiting: list[Callable[[], None]] = []

    def seal(self, entropy: Callable[[int], bytes]) -> Seal:
        """What secrets are sealed with before they are put here; its key is made at the first call ever.

        Raises:
            StoreError: the key is gone, is another one's, or cannot be made.
        """
        if self._seal is None:
            proof = self.get(SEAL_PROOF)
            seal = Seal(self._store.sealing_key(entropy if proof is None else None), entropy)
            if proof is None:
                self.put(SEAL_PROOF, seal.seal(SEAL_PROOF, b""))
            else:
                seal.open(SEAL_PROOF, proof)
            self._seal = seal
        return self._seal

    def get(self, key: str) -> bytes | None:
        """The value of a key, changes of the running turn included."""
        if key in self._pending:
            return self._pending[key]
        return self._store.get(key)

    def keys(self, prefix: str) -> list[str]:
        """All keys that begin with `prefix`, in order, changes of the running turn included."""
        found = set(self._store.keys(prefix))
        for key, value in self._pending.items():
            if key.startswith(prefix):
                if value is None:
                    found.discard(key)
                else:
                    found.add(key)
        return sorted(found)

    def put(self, key: str, value: bytes | None) -> None:
        """Changes one key; None deletes. At once, or at the end of the running turn."""
        if self._armed and self._is_covered(key):
            self._remember(key)
        self._pending[key] = value
        if not self._depth:
            self._flush()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """A stretch of work whose changes are stored together; turns nest.

        What was changed before an error is stored all the same, because the values in memory have changed too.
        """
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if not self._depth:
                # When the store refuses, nothing may be told of what it refused.
                waiting, self._waiting = self._waiting, []
                self._flush()
                for tell in waiting:
                    tell()

    def when_stored(self, tell: Callable[[], None]) -> None:
        """Has `tell` called when the running turn is stored: nobody hears of what a power cut could still undo. At once between turns."""
        if self._depth:
            self._waiting.append(tell)
        else:
            tell()

    def begin_undo(self) -> None:
        """Opens the undo journal; it covers nothing yet."""
        if self._armed:
            raise Bug("the undo journal is open already")
        self._armed = True

    def cover(self, prefix: str) -> None:
        """From now on, keys that begin with `prefix` are put back by `roll_back`."""
        self._covers.add(prefix)

    def uncover(self, prefix: str) -> None:
        """Changes of keys that begin with `prefix` stay, those made already included."""
        self._covers.discard(prefix)
        with self.turn():
            for key in self.keys(UNDO + prefix):
                self._pending[key] = None

    def settle(self, key: str) -> None:
        """What was done to a key so far stays, whatever becomes of the journal."""
        if self.get(UNDO + key) is not None:
            self._pending[UNDO + key] = None
            if not self._depth:
                self._flush()

    def keep(self) -> None:
        """Closes the journal: all changes stay."""
        self._close()

    def roll_back(self) -> dict[str, bytes | None]:
        """Puts every covered key back, closes the journal and gives what the keys hold now."""
        restored: dict[str, bytes | None] = {}
        with self.turn():
            for key in self.keys(UNDO):
                image = self.get(key) or b"\0"
                restored[key[len(UNDO) :]] = image[1:] if image[0] else None
            self._close()
            self._pending.update(restored)
        return restored

    def recover(self) -> bool:
        """Rolls back what a power cut left half done; says whether there was anything."""
        return bool(self.roll_back())

    def erase(self, prefix: str) -> None:
        """Deletes every key that begins with `prefix`."""
        with self.turn():
            for key in self.keys(prefix):
                self.put(key, None)

    def _is_covered(self, key: str) -> bool:
        return any(key.startswith(prefix) for prefix in self._covers)

    def _remember(self, key: str) -> None:
        if self.get(UNDO + key) is None:
            earlier = self.get(key)
            self._pending[UNDO + key] = b"\0" if earlier is None else b"\1" + earlier

    def _close(self) -> None:
        self._armed = False
        self._covers.clear()
        with self.turn():
            for key in self.keys(UNDO):
                self._pending[key] = None

    def _flush(self) -> None:
        if self._pending:
            changes, self._pending = self._pending, {}
            try:
                self._store.apply(changes)
            except StoreUnavailable:
                # Memory says so already, and what comes next builds upon it: it goes along with the next write, or not at all.
                self._pending = changes
                raise
