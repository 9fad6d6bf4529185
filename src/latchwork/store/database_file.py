"""The hub's database as a file: opened by one process at a time, readable by its owner only, checked before use.

Layer store; knows SQLite and files, nothing of threads and of what the tables mean. `database` works with what is opened here.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

from latchwork.base.errors import Bug, LatchworkError, Misuse
from latchwork.store.errors import StoreDamaged, StoreError, StoreInUse, StoreUnavailable
from latchwork.store.schema import APPLICATION_ID, migrate, shipped_migrations

CHECKED_WHOLE: Final = 32 << 20
"""Octets of a file that is checked page by page at each opening: about a tenth of a second. Greater ones are checked on demand."""

_BUSY_S: Final = 5.0
"""Patience with the moment in which SQLite folds its log back; nobody else has the file."""
_WRITER: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # in WAL mode only FULL makes a commit survive a power cut
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = FAST",  # what is forgotten is overwritten where that costs no further writing
    "PRAGMA cache_size = -8192",  # KiB
    "PRAGMA wal_autocheckpoint = 1000",  # pages: 4 MiB of log before it is folded back
    "PRAGMA journal_size_limit = 8388608",
    "PRAGMA temp_store = MEMORY",
)
_READER: Final = ("PRAGMA query_only = ON", "PRAGMA cache_size = -8192", "PRAGMA temp_store = MEMORY")
_THEIRS: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOLFS,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_TOOBIG,
    }
)


class ConstraintBroken(StoreError, Misuse):
    """A write would break a rule of the schema: a reference to nothing, a second of what there is one of, a value out of bounds."""


def explain(path: Path | None, error: sqlite3.Error) -> LatchworkError:
    """What an error of SQLite means.

    Returns:
        `ConstraintBroken`, `StoreDamaged`, `StoreUnavailable`, or `Bug` for a statement of ours that makes no sense.
    """
    where = "storage in memory" if path is None else f"storage {path}"
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE) & 0xFF
    if isinstance(error, sqlite3.IntegrityError):
        return ConstraintBroken(f"{where} does not take this: {error}")
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}:
        return damaged(path, str(error))
    if code in _THEIRS:
        return StoreUnavailable(
            f"{where} failed: {error}", advice="Look for a full or failing disk and for the permissions of the file."
        )
    return Bug(f"{where}: {error}")


def damaged(path: Path | None, what: str) -> StoreDamaged:
    """The error of a file that is not ours or does not add up."""
    return StoreDamaged(f"storage {path} is damaged: {what}", advice="Restore it from a backup, or move the file away.")


def claim(path: Path) -> int:
    """Make this process the only one that has `path` open, and its folder where there is none.

    Returns:
        The descriptor of the locked `<path>.lock`; the kernel lets go of it however its owner dies.

    Raises:
        StoreInUse: somebody has it; names the process.
        StoreUnavailable: the medium refused.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unavailable(path, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
    except BlockingIOError:
        owner = os.pread(descriptor, 20, 0).strip()
        os.close(descriptor)
        raise StoreInUse(path, int(owner) if owner.isdigit() else None) from None
    except OSError as error:
        os.close(descriptor)
        raise _unavailable(path, error) from error
    return descriptor


def open_writer(path: Path) -> sqlite3.Connection:
    """The connection that writes to a claimed file, which is made, checked and brought up to this version's schema.

    Raises:
        StoreDamaged: not a database of the hub, or its content does not add up.
        StoreTooNew: a later version wrote it.
        StoreUnavailable: the medium refused.
    """
    try:
        # SQLite would make it with the process's umask; its log inherits this mode.
        os.close(os.open(path, os.O_CREAT | os.O_CLOEXEC, 0o600))
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        size = path.stat().st_size
    except OSError as error:
        raise _unavailable(path, error) from error
    connection = _connect(path, "rw")
    try:
        _check_owner(path, connection)
        for pragma in _WRITER:
            connection.execute(pragma).fetchall()
        if size <= CHECKED_WHOLE:
            check(path, connection)
        migrate(path, connection, shipped_migrations())
    except sqlite3.Error as error:
        connection.close()
        raise explain(path, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write, to a file that `open_writer` opened.

    Raises:
        StoreError: as `explain` says.
    """
    connection = _connect(path, "ro")
    try:
        for pragma in _READER:
            connection.execute(pragma)
    except sqlite3.Error as error:
        connection.close()
        raise explain(path, error) from error
    return connection


def open_memory() -> sqlite3.Connection:
    """A database that is gone with its connection."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA foreign_keys = ON")
    migrate(None, connection, shipped_migrations())
    return connection


def check(path: Path | None, connection: sqlite3.Connection) -> None:
    """Look at every page.

    Raises:
        StoreDamaged: something does not add up.
        sqlite3.Error: it could not be read.
    """
    problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if problem != "ok":
        raise damaged(path, problem)


def give_back(descriptor: int) -> None:
    """Let another process open what `claim` claimed."""
    with suppress(OSError):
        os.close(descriptor)


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    try:
        return sqlite3.connect(
            f"file:{quote(str(path))}?mode={mode}",
            uri=True,
            timeout=_BUSY_S,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
    except sqlite3.Error as error:
        raise explain(path, error) from error


def _check_owner(path: Path, connection: sqlite3.Connection) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application != APPLICATION_ID and (application or tables):
        raise damaged(path, "it is the database of another program")


def _unavailable(path: Path, error: OSError) -> StoreUnavailable:
    return StoreUnavailable(
        f"storage {path} cannot be opened: {error.strerror}",
        advice="Look for a full or failing disk and for the permissions of the folder.",
    )
