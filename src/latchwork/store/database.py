"""The hub's database: SQLite with one writer thread that commits many writes at once, and readers that never wait for it.

Layer store; knows no table of the hub: it gives connections to functions that do. asyncio begins above `matter`, so it may be here.

Whatever waits while the disk makes one commit durable becomes the next one: no timer, no window, and as many commits as the disk can
do. A function that fails is undone alone. Errors are those of `errors`, and `ConstraintBroken`.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, nullcontext
from logging import WARNING
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, RLock, Thread, get_ident
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from latchwork.base.errors import Bug, Misuse
from latchwork.base.logs import Secret, log, logger
from latchwork.store.database_file import (
    ConstraintBroken,
    check,
    claim,
    explain,
    give_back,
    open_memory,
    open_reader,
    open_writer,
)
from latchwork.store.errors import StoreClosed, StoreUnavailable
from latchwork.store.key_file import KEY_LENGTH, key_from_file

__all__ = ["MAX_GROUP", "MAX_WAITING", "ConstraintBroken", "Database"]

MAX_GROUP: Final = 512
"""Writes in one commit: the first of them waits for the last, and all of them for the disk."""
MAX_WAITING: Final = 20_000
"""Writes that may wait: a disk that hangs must not fill the memory."""
LONG_READERS: Final = 2
"""Long reads at a time; more would only make each other slower on the kind of disk a hub has."""

_T = TypeVar("_T")
_LOG = logger(__name__)


class _Job:
    """A function that wants to write, and who waits for it."""

    __slots__ = ("error", "function", "future", "loop", "result")

    def __init__(
        self,
        function: Callable[[sqlite3.Connection], Any],
        loop: asyncio.AbstractEventLoop,
        future: asyncio.Future[Any],
    ) -> None:
        self.function = function
        self.loop = loop
        self.future = future
        self.result: Any = None
        self.error: BaseException | None = None


class Database:
    """The database of a hub, open for one process.

    Beside the file lie `<name>.lock`, which names that process, `<name>.key` once something was sealed, and SQLite's own files while it
    is open: all of mode 0600, in a folder that is made with mode 0700.

    Opening blocks for as long as the disk takes. Use it as an asynchronous context, or `close` it.

    Args:
        path: the file, made where there is none; None keeps everything in memory and forgets it with this object.

    Raises:
        StoreInUse: another process has it open.
        StoreDamaged: not a database of a hub, or damaged.
        StoreTooNew: a later version wrote it.
        StoreUnavailable: the medium refused.

    Attributes:
        path: where it is, with all links followed; None in memory.
        writes: functions that were committed since it was opened.
        commits: commits that this took.
    """

    def __init__(self, path: Path | str | None) -> None:
        self.path = None if path is None else Path(path).resolve()
        self.writes = 0
        self.commits = 0
        self._claim: int | None = None
        self._key: Secret | None = None
        self._reading = RLock()
        self._writing: AbstractContextManager[object] = nullcontext()
        self._idle: list[sqlite3.Connection] = []
        if self.path is None:
            # One connection for all: whoever uses it holds the lock.
            self._writer = open_memory()
            self._reader: sqlite3.Connection | None = self._writer
            self._writing = self._reading
        else:
            with ExitStack() as undo:
                self._claim = claim(self.path)
                undo.callback(give_back, self._claim)
                self._writer = open_writer(self.path)
                undo.callback(self._writer.close)
                self._reader = open_reader(self.path)
                undo.pop_all()
        self._gate = Lock()
        self._is_closing = False
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._long = ThreadPoolExecutor(LONG_READERS, thread_name_prefix="latchwork-reader")
        self._thread = Thread(target=self._run, name="latchwork-writer", daemon=True)
        self._thread.start()

    @classmethod
    def memory(cls) -> Database:
        """A database that leaves no trace: for tests and simulations."""
        return cls(None)

    async def write(self, function: Callable[[sqlite3.Connection], _T]) -> _T:
        """Run `function` in a transaction on the writer's thread; returns when what it wrote is durable.

        Functions run in the order of the calls. One that raises is undone, and only it. Cancelling the wait does not take the write
        back.

        Args:
            function: uses the connection it gets and nothing else, does not begin or end transactions, returns values and no cursors.
                It may be run a second time, when the commit of the first attempt failed for another's sake.

        Raises:
            ConstraintBroken: a rule of the schema.
            StoreClosed: after `close`.
            StoreUnavailable: the medium refused, or too many are waiting. Nothing was written.
            Exception: what `function` raised. Nothing was written.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_T] = loop.create_future()
        with self._gate:
            self._check_open()
            if self._jobs.qsize() >= MAX_WAITING:
                raise StoreUnavailable(f"{MAX_WAITING} writes wait for the storage", advice="Look for a failing disk.")
            self._jobs.put(_Job(function, loop, future))
        return await future

    def read(self, function: Callable[[sqlite3.Connection], _T]) -> _T:
        """Run a short `function` on this thread, on a snapshot that no write changes.

        Everything whose `write` has returned is in it. Within `function`, another `read` sees the same snapshot.

        Args:
            function: reads with the connection it gets, and returns values, no cursors.

        Raises:
            StoreError: as `database_file.explain` says.
            Misuse: `function` tried to write, or this was called by one that writes and has a connection of its own.
            StoreClosed: after `close`.
        """
        if get_ident() == self._thread.ident:
            raise Misuse("a function that writes reads with the connection it gets")
        with self._reading:
            if self._reader is None:
                raise StoreClosed(f"storage {self.path} is closed")
            if self._reader.in_transaction:
                return function(self._reader)
            return self._on_snapshot(self._reader, function)

    async def read_in_thread(self, function: Callable[[sqlite3.Connection], _T]) -> _T:
        """As `read`, for what takes more than a few milliseconds: on another thread, with a connection of its own.

        Raises:
            StoreError: as `read` says.
        """
        with self._gate:
            self._check_open()
            waiting = asyncio.get_running_loop().run_in_executor(self._long, self._read_long, function)
        return await waiting

    async def check(self) -> None:
        """Look at every page of the file, whatever its size.

        Raises:
            StoreDamaged: something does not add up.
            StoreUnavailable: it could not be read.
        """
        await self.read_in_thread(lambda connection: check(self.path, connection))

    def sealing_key(self, entropy: Callable[[int], bytes] | None) -> Secret:
        """32 octets for `sealed.Seal`, in `<name>.key` beside the file; in memory, forgotten with the content.

        Args:
            entropy: where a new key comes from; None where there must be one already.

        Raises:
            StoreError: as `key_file.key_from_file` says.
        """
        if self.path is not None:
            return key_from_file(self.path.with_name(f"{self.path.name}.key"), entropy)
        if self._key is None:
            if entropy is None:
                raise Misuse("this database never had a sealing key")
            self._key = Secret(entropy(KEY_LENGTH))
        return self._key

    async def close(self) -> None:
        """Finish every write and long read that was asked for, fold the log back and give the file back. A second call only waits."""
        with self._gate:
            if not self._is_closing:
                self._is_closing = True
                self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _check_open(self) -> None:
        if self._is_closing:
            raise StoreClosed(f"storage {self.path} is closed")

    # Reading

    def _on_snapshot(self, connection: sqlite3.Connection, function: Callable[[sqlite3.Connection], _T]) -> _T:
        try:
            if self.path is None:
                connection.execute("PRAGMA query_only = ON")
            connection.execute("BEGIN")
            try:
                return function(connection)
            finally:
                if connection.in_transaction:
                    connection.execute("COMMIT")
                if self.path is None:
                    connection.execute("PRAGMA query_only = OFF")
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_READONLY:
                raise Misuse("a function that reads tried to write") from error
            raise explain(self.path, error) from error

    def _read_long(self, function: Callable[[sqlite3.Connection], _T]) -> _T:
        if self.path is None:
            return self.read(function)
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = open_reader(self.path)
        try:
            return self._on_snapshot(connection, function)
        finally:
            self._idle.append(connection)

    # The writer's thread

    def _run(self) -> None:
        is_last = False
        while not is_last:
            jobs = self._gather()
            is_last = jobs[-1] is None
            group = [job for job in jobs if job is not None]
            if group:
                with self._writing:
                    self._commit(group)
                _settle(group)
        self._shut()

    def _gather(self) -> list[_Job | None]:
        """Waits for a write and takes along what waits behind it; None is the end."""
        jobs = [self._jobs.get()]
        while jobs[-1] is not None and len(jobs) < MAX_GROUP:
            try:
                jobs.append(self._jobs.get_nowait())
            except Empty:
                break
        return jobs

    def _commit(self, jobs: Sequence[_Job]) -> None:
        """Runs and commits all of them together; one by one where that fails."""
        connection = self._writer
        try:
            connection.execute("BEGIN IMMEDIATE")
            for job in jobs:
                self._attempt(job)
            connection.execute("COMMIT")
        except BaseException as error:  # noqa: BLE001 - whoever waits is told; this thread must outlive what it runs
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error) and len(jobs) > 1:
                # A full disk or a broken rule that shows only at the commit: find out whose it is.
                for job in jobs:
                    self._commit([job])
                return
            for job in jobs:
                job.error = error
            self._explain(jobs)
            return
        self._explain(jobs)
        self.commits += 1
        self.writes += sum(job.error is None for job in jobs)

    def _attempt(self, job: _Job) -> None:
        connection = self._writer
        job.result = job.error = None
        connection.execute("SAVEPOINT job")
        try:
            job.result = job.function(connection)
        except BaseException as error:
            if not connection.in_transaction:
                raise  # SQLite gave up the whole transaction
            connection.execute("ROLLBACK TO job")
            job.error = error
        if not connection.in_transaction:
            raise Bug("a function that writes has ended the transaction it was given")
        connection.execute("RELEASE job")

    def _explain(self, jobs: Sequence[_Job]) -> None:
        for job in jobs:
            if isinstance(job.error, sqlite3.Error):
                explained = explain(self.path, job.error)
                explained.__cause__ = job.error
                job.error = explained
            elif isinstance(job.error, StopIteration):
                job.error = Bug("a function that writes raised StopIteration")  # no future takes that

    def _shut(self) -> None:
        self._long.shutdown()
        with self._reading:
            # The writer closes last: only it can fold the log back.
            for connection in self._idle:
                connection.close()
            if self._reader is not None:
                self._reader.close()
                self._reader = None
            self._writer.close()
        if self._claim is not None:
            give_back(self._claim)


def _settle(jobs: Sequence[_Job]) -> None:
    """Tells each loop once what became of the writes that its tasks wait for."""
    waiting: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in jobs:
        waiting.setdefault(job.loop, []).append(job)
    for loop, told in waiting.items():
        try:
            loop.call_soon_threadsafe(_tell, told)
        except RuntimeError:  # the loop is closed
            _complain(told)


def _tell(jobs: Sequence[_Job]) -> None:
    for job in jobs:
        if job.future.done():
            _complain([job])
        elif job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)


def _complain(jobs: Sequence[_Job]) -> None:
    for job in jobs:
        if job.error is not None:
            # The text of an error may quote what was written.
            log(_LOG, WARNING, "unwatched_write_failed", error=type(job.error).__name__)
