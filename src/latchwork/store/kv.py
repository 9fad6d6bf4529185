"""Octets under names: what a node or a hub must still know after a power cut.

Layer store: stands on base only, knows neither Matter nor what the octets mean. Calls block for as long as the medium takes to
make a change durable; nothing here is a coroutine.

A key is 1 to 200 printable ASCII characters without space, by convention words joined with `/`; a value is at most 1 MiB.
`apply` is the only way to change anything: all of its changes are durable when it returns, or none of them happened.
Errors are those of `errors`.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

from latchwork.base.logs import Secret
from latchwork.store.errors import (
    KeyRefused,
    StoreClosed,
    StoreDamaged,
    StoreError,
    StoreInUse,
    StoreTooNew,
    StoreUnavailable,
)
from latchwork.store.key_file import key_from_file

__all__ = [
    "MAX_KEY_LENGTH",
    "MAX_VALUE_LENGTH",
    "FileStore",
    "KeyRefused",
    "MemoryStore",
    "Store",
    "StoreClosed",
    "StoreDamaged",
    "StoreError",
    "StoreInUse",
    "StoreTooNew",
    "StoreUnavailable",
]

MAX_KEY_LENGTH = 200
"""Characters of a whole key, all section prefixes included: far above what any of ours needs, far below a page."""
MAX_VALUE_LENGTH = 1 << 20
"""Octets of a value. The largest thing kept under one name is a fabric with its certificates, some 3 kB."""

_APPLICATION_ID = 0x4C415443  # "LATC": tells our files from any other SQLite database
_AFTER_EVERY_KEY = "\x7f"  # sorts after each character that a key may hold

_PRAGMAS = (
    "PRAGMA locking_mode = EXCLUSIVE",  # set before WAL: the index then lives in our memory, no shared-memory file
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # in WAL mode only FULL makes a commit survive a power cut
    "PRAGMA cache_size = -256",  # KiB; the whole content is smaller, and a lock has little memory
    "PRAGMA wal_autocheckpoint = 128",  # pages: half a MiB of log at most before it is folded back
    "PRAGMA journal_size_limit = 524288",
    "PRAGMA temp_store = MEMORY",
)


class Store(Protocol):
    """Octets under names."""

    def get(self, key: str) -> bytes | None:
        """The value of `key`, or None when there is none.

        Raises:
            StoreError: as the family says.
        """

    def keys(self, prefix: str = "") -> list[str]:
        """All keys that begin with `prefix`, sorted.

        Raises:
            StoreError: as the family says.
        """

    def apply(self, changes: Mapping[str, bytes | None]) -> None:
        """Write (octets) or forget (None) several keys at once: durable on return, all or nothing.

        Raises:
            StoreError: nothing was changed.
        """

    def section(self, prefix: str) -> Store:
        """A view of the keys that begin with `prefix/`, which its caller does not see. Closing it does nothing."""

    def sealing_key(self, entropy: Callable[[int], bytes] | None) -> Secret:
        """32 octets for `sealed.Seal`, the same at every call, kept apart from the content.

        Args:
            entropy: where a new key comes from; None where there must be one already.

        Raises:
            StoreError: there is none, or it cannot be read or made.
        """

    def close(self) -> None:
        """Give the storage back. A second call does nothing."""


class MemoryStore:
    """A store that forgets with its process: for tests, simulations and sessions that must leave no trace."""

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}
        self._order: list[str] = []
        self._key: Secret | None = None
        self._is_closed = False

    def get(self, key: str) -> bytes | None:
        """The value of `key`, or None."""
        self._check_open()
        _check_key(key)
        return self._values.get(key)

    def keys(self, prefix: str = "") -> list[str]:
        """All keys that begin with `prefix`, sorted."""
        self._check_open()
        _check_prefix(prefix)
        return self._order[bisect_left(self._order, prefix) : bisect_left(self._order, prefix + _AFTER_EVERY_KEY)]

    def apply(self, changes: Mapping[str, bytes | None]) -> None:
        """Write or forget several keys at once."""
        self._check_open()
        _check_changes(changes)
        for key, value in changes.items():
            if value is not None:
                if key not in self._values:
                    insort(self._order, key)
                self._values[key] = bytes(value)
            elif self._values.pop(key, None) is not None:
                del self._order[bisect_left(self._order, key)]

    def section(self, prefix: str) -> Store:
        """A view of the keys below `prefix/`."""
        return _Section(self, prefix)

    def sealing_key(self, entropy: Callable[[int], bytes] | None) -> Secret:
        """A key that is forgotten as the content is."""
        if self._key is None:
            if entropy is None:
                raise StoreError("this store never had a sealing key")
            self._key = Secret(entropy(32))
        return self._key

    def copy(self) -> MemoryStore:
        """Another store with the same content and the same sealing key: what a power cut at this moment would leave."""
        other = MemoryStore()
        other._values = dict(self._values)
        other._order = list(self._order)
        other._key = self._key
        return other

    def close(self) -> None:
        """Refuse further calls; the content stays for whoever holds the object."""
        self._is_closed = True

    def _check_open(self) -> None:
        if self._is_closed:
            raise StoreClosed("this store is closed")


class FileStore:
    """A store in one SQLite file, made for one process at a time.

    The file is created with mode 0600, a missing directory around it with 0700. Beside it lie `<name>.lock`, which names the
    process that has it open, and SQLite's own write-ahead log while it is open.

    Args:
        path: the file; created when missing.

    Raises:
        StoreInUse: another process has it open.
        StoreDamaged: not a storage of ours, or damaged.
        StoreTooNew: written by a later version.
        StoreUnavailable: the medium refused.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._connection: sqlite3.Connection | None = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = _take_lock(self.path)
            try:
                self._connection = _open(self.path)
            except BaseException:
                os.close(self._lock)
                raise
        except OSError as error:
            raise StoreUnavailable(f"storage {self.path} cannot be opened: {error.strerror}") from error

    def get(self, key: str) -> bytes | None:
        """The value of `key`, or None.

        Raises:
            StoreError: as the family says.
        """
        _check_key(key)
        with self._using() as connection:
            row = connection.execute("SELECT value FROM entry WHERE key = ?", (key,)).fetchone()
        return None if row is None else row[0]

    def keys(self, prefix: str = "") -> list[str]:
        """All keys that begin with `prefix`, sorted.

        Raises:
            StoreError: as the family says.
        """
        _check_prefix(prefix)
        query = "SELECT key FROM entry WHERE key >= ? AND key < ? ORDER BY key"
        with self._using() as connection:
            return [row[0] for row in connection.execute(query, (prefix, prefix + _AFTER_EVERY_KEY))]

    def apply(self, changes: Mapping[str, bytes | None]) -> None:
        """Write or forget several keys in one transaction; durable on return.

        Raises:
            StoreError: nothing was changed.
        """
        _check_changes(changes)
        if not changes:
            return
        written = [(key, value) for key, value in changes.items() if value is not None]
        forgotten = [(key,) for key, value in changes.items() if value is None]
        with self._using() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                connection.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?)", written)
                connection.executemany("DELETE FROM entry WHERE key = ?", forgotten)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def section(self, prefix: str) -> Store:
        """A view of the keys below `prefix/`."""
        return _Section(self, prefix)

    def sealing_key(self, entropy: Callable[[int], bytes] | None) -> Secret:
        """The key in `<name>.key` beside the file.

        Raises:
            StoreError: as `key_file.key_from_file` says.
        """
        return key_from_file(self.path.with_name(f"{self.path.name}.key"), entropy)

    def close(self) -> None:
        """Fold the log back into the file and give the storage back. A second call does nothing."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
            os.close(self._lock)

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        if self._connection is None:
            raise StoreClosed(f"storage {self.path} is closed")
        with _explained(self.path):
            yield self._connection


class _Section:
    """The keys of another store below a prefix, under their names without it."""

    __slots__ = ("_prefix", "_store")

    def __init__(self, store: Store, prefix: str) -> None:
        _check_key(prefix)
        self._store = store
        self._prefix = f"{prefix}/"

    def get(self, key: str) -> bytes | None:
        _check_key(key)
        return self._store.get(self._prefix + key)

    def keys(self, prefix: str = "") -> list[str]:
        length = len(self._prefix)
        return [key[length:] for key in self._store.keys(self._prefix + prefix)]

    def apply(self, changes: Mapping[str, bytes | None]) -> None:
        _check_changes(changes)
        self._store.apply({self._prefix + key: value for key, value in changes.items()})

    def section(self, prefix: str) -> Store:
        return _Section(self, prefix)

    def sealing_key(self, entropy: Callable[[int], bytes] | None) -> Secret:
        # One of its own: what another section sealed under the same name does not open here.
        return Secret(blake2b(self._prefix.encode(), key=self._store.sealing_key(entropy), digest_size=32).digest())

    def close(self) -> None:
        """Nothing: the storage belongs to whoever opened it."""


def _check_key(key: str) -> None:
    if not 0 < len(key) <= MAX_KEY_LENGTH:
        raise KeyRefused(f"a key has 1 to {MAX_KEY_LENGTH} characters, not {len(key)}")
    _check_prefix(key)


def _check_prefix(prefix: str) -> None:
    if not (prefix.isascii() and prefix.isprintable() and " " not in prefix):
        raise KeyRefused(f"a key holds printable ASCII characters and no space: {prefix!r}")


def _check_changes(changes: Mapping[str, bytes | None]) -> None:
    for key, value in changes.items():
        _check_key(key)
        if value is not None and len(value) > MAX_VALUE_LENGTH:
            raise KeyRefused(f"the value of {key} has {len(value)} octets; at most {MAX_VALUE_LENGTH} are kept")


def _take_lock(path: Path) -> int:
    """The descriptor of the locked `<path>.lock`; the kernel lets go of it however its owner dies.

    Raises:
        StoreInUse: somebody has it.
        OSError: the medium refused.
    """
    descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.pread(descriptor, 20, 0).strip()
        os.close(descriptor)
        raise StoreInUse(path, int(owner) if owner.isdigit() else None) from None
    except BaseException:
        os.close(descriptor)
        raise
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
    return descriptor


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turns SQLite's errors into ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StoreUnavailable(
            f"storage {path} failed: {error}",
            advice="Look for a full or failing disk and for the permissions of the file.",
        ) from error
    except sqlite3.DatabaseError as error:
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, what: str) -> StoreDamaged:
    return StoreDamaged(f"storage {path} is damaged: {what}", advice="Restore it from a backup, or move the file away.")


def _open(path: Path) -> sqlite3.Connection:
    with suppress(FileExistsError):
        # SQLite would create it with the process's umask; its log inherits this mode.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    found = path.stat()
    if found.st_mode & 0o077 and found.st_uid == os.geteuid():
        path.chmod(0o600)  # copied here in a way that opened it
    with _explained(path):
        connection = sqlite3.connect(path, isolation_level=None, cached_statements=16)
        try:
            for pragma in _PRAGMAS:
                connection.execute(pragma).fetchall()
            _check_content(path, connection)
            _migrate(path, connection)
        except BaseException:
            connection.close()
            raise
    return connection


def _check_content(path: Path, connection: sqlite3.Connection) -> None:
    problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if problem != "ok":
        raise _damaged(path, problem)
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application != _APPLICATION_ID and (application or tables):
        raise _damaged(path, "it is the database of another program")


def _migrate(path: Path, connection: sqlite3.Connection) -> None:
    """Bring the schema up, one numbered file and one transaction each."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    steps = _migrations()
    if version > len(steps):
        raise StoreTooNew(
            f"storage {path} has schema {version}; this version knows {len(steps)}",
            advice="Use the version of Latchwork that wrote it, or a later one.",
        )
    for number, sql in enumerate(steps[version:], start=version + 1):
        # executescript would commit what is open before it, so the transaction is part of the script
        connection.executescript(
            f"BEGIN IMMEDIATE;{sql};PRAGMA application_id = {_APPLICATION_ID};PRAGMA user_version = {number};COMMIT;"
        )


def _migrations() -> list[str]:
    """The scripts of `migrations/NNNN_*.sql` in the order of their numbers."""
    # Beside this file; importlib.resources would load archives and compressors to look for it elsewhere.
    return [path.read_text("utf-8") for path in sorted(Path(__file__).with_name("migrations").glob("*.sql"))]
