"""A hub in one encrypted file, written while it runs, and a hub's folder made from such a file.

Layer hub, on store and controller. In the file: the hub's database, its key files, and the controller's store with the keys of the fabric.
Nothing of it lies on the disk in another form than in the hub's own folder, nor longer than it takes.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Coroutine, Iterable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, BinaryIO, Final

from latchwork.base.errors import Misuse
from latchwork.controller.controller import skip_node_ids
from latchwork.hub.backup.file import BackupDamaged, Cost, Entry, Opener, Sealer, check_passphrase
from latchwork.hub.desk import Desk
from latchwork.hub.journal.entries import Head
from latchwork.hub.keeping import restored
from latchwork.store.database import Database
from latchwork.store.database_file import check, explain, open_writer
from latchwork.store.errors import StoreUnavailable
from latchwork.store.key_file import KEY_LENGTH
from latchwork.store.kv import FileStore, Store

DATABASE: Final = "hub.db"
CONTROLLER: Final = "controller.db"
"""The files of a hub's folder."""

_MANIFEST: Final = "manifest.json"
_STORE: Final = "controller"
_KEY: Final = f"{DATABASE}.key"
_MAX_SMALL: Final = 1 << 28
"""Octets of an entry that is held in memory: the controller's store has some 3 kB for each lock."""
_PIECE: Final = 1 << 16
_RESTORING: Final = ".restoring-"
_IGNORED: Final = frozenset({"lost+found"})
InThread = Callable[[Callable[[], None]], Coroutine[Any, Any, None]]


class FolderInUse(Misuse):
    """A backup is restored into an empty folder only."""

    advice = "Choose another folder, or move what is there away: it may be the only copy of your keys."


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup says of itself.

    Attributes:
        made_at: UTC seconds since 1970.
        version: of Latchwork; empty when it ran without being installed.
        site: its name.
        head: the journal's newest entry.
    """

    made_at: float
    version: str
    site: str
    head: Head

    def encode(self) -> bytes:
        """As it is in the file."""
        said = {"made_at": self.made_at, "version": self.version, "site": self.site, "journal": str(self.head)}
        return json.dumps(said).encode()

    @classmethod
    def decode(cls, octets: bytes) -> Manifest:
        """From the file.

        Raises:
            BackupDamaged: the octets are not what `encode` makes.
        """
        try:
            said = json.loads(octets)
            head = Head.parse(str(said["journal"]))
            return cls(made_at=float(said["made_at"]), version=str(said["version"]), site=str(said["site"]), head=head)
        except (ValueError, TypeError, KeyError, RecursionError, Misuse) as error:
            raise BackupDamaged("the backup does not say what it is") from error


class Backup:
    """Writes backups of a hub that runs.

    Args:
        desk: the books.
        store: the controller's.
        in_thread: runs what takes long; a test in virtual time has its own.
        cost: of a try of the passphrase.
    """

    __slots__ = ("_cost", "_desk", "_store", "_turn", "in_thread")

    def __init__(
        self, desk: Desk, store: Store, *, in_thread: InThread = asyncio.to_thread, cost: Cost | None = None
    ) -> None:
        self._desk = desk
        self._store = store
        self._cost = cost
        self._turn = asyncio.Lock()
        self.in_thread = in_thread

    @property
    def folder(self) -> Path | None:
        """Where the hub keeps its files; None keeps none."""
        path = self._desk.repository.database.path
        return None if path is None else path.parent

    async def write(self, passphrase: str, out: BinaryIO, *, actor: str) -> Manifest:
        """Write everything, as it is at one moment; the hub goes on meanwhile.

        Args:
            passphrase: opens the file, and nothing else does.
            out: where it goes.
            actor: who wants it; the journal says so first.

        Raises:
            PassphraseRefused: nothing was written.
            StoreError: the database is damaged, or the medium refused.
        """
        check_passphrase(passphrase)
        desk = self._desk
        database = desk.repository.database
        async with self._turn:
            await desk.note(desk.audit(actor, "backed_up"))
            manifest = Manifest(
                made_at=desk.now(),
                version=_version(),
                site=desk.repository.site().name,
                head=desk.journal.head(),
            )
            where = Path(tempfile.mkdtemp(prefix=".backup-", dir=self.folder))
            try:
                snapshot = where / DATABASE
                await database.read_in_thread(partial(_copy, snapshot))
                # After the database: a lock that joins in between is known to the fabric at least.
                small = [(_STORE, _dump(self._store)), *self._keys(database)]
                await self.in_thread(partial(self._seal, out, passphrase, manifest, small, snapshot))
            except OSError as error:
                raise StoreUnavailable(f"the backup could not be written: {error.strerror}") from error
            finally:
                shutil.rmtree(where, ignore_errors=True)
        return manifest

    async def file(self, passphrase: str, *, actor: str) -> BinaryIO:
        """As `write`, into a file that has no name and is gone when it is closed; at its begin.

        Raises:
            PassphraseRefused: nothing was written.
            StoreError: likewise.
        """
        check_passphrase(passphrase)
        with ExitStack() as undo:
            out = undo.enter_context(tempfile.TemporaryFile(dir=self.folder))
            await self.write(passphrase, out, actor=actor)
            out.seek(0)
            undo.pop_all()
        return out

    def tidy(self) -> None:
        """Remove what an earlier process left of a backup that it did not finish."""
        if self.folder is not None:
            for left in self.folder.glob(".backup-*"):
                _remove(left)

    def _keys(self, database: Database) -> list[tuple[str, bytes]]:
        keys = [(_KEY, bytes(database.sealing_key(self._desk.entropy)))]
        if self.folder is not None:
            others = (path for path in sorted(self.folder.glob("*.key")) if path.name != _KEY)
            keys += [(path.name, path.read_bytes()) for path in others]
        return keys

    def _seal(
        self, out: BinaryIO, passphrase: str, manifest: Manifest, small: Iterable[tuple[str, bytes]], snapshot: Path
    ) -> None:
        sealer = Sealer(out, passphrase, self._desk.entropy, self._cost)
        for name, octets in ((_MANIFEST, manifest.encode()), *small):
            sealer.add(name, len(octets), iter((octets,)))
        with snapshot.open("rb") as file:
            sealer.add(DATABASE, snapshot.stat().st_size, iter(partial(file.read, _PIECE), b""))
        sealer.finish()
        out.flush()


def read_manifest(source: BinaryIO, passphrase: str) -> Manifest:
    """What a backup says of itself; nothing else of it is looked at.

    Raises:
        BackupError: as `Opener` and `entries` say.
    """
    first = next(Opener(source, passphrase).entries(), None)
    if first is None or first.name != _MANIFEST:
        raise BackupDamaged("the backup does not say what it is")
    return Manifest.decode(_octets(first))


def restore(
    source: BinaryIO,
    passphrase: str,
    folder: Path | str,
    *,
    now: float,
    entropy: Callable[[int], bytes] = os.urandom,
    actor: str = "",
) -> Manifest:
    """Make a hub's folder from a backup: all of it, or nothing. No hub may run from the same backup any more.

    Blocks for as long as it takes: for a command line, before a hub is started.

    Args:
        source: the file, at its begin.
        passphrase: what opens it.
        folder: a new one, or one that is empty.
        now: UTC seconds since 1970, for the journal.
        entropy: octets nobody can guess.
        actor: who restores, for the journal.

    Raises:
        FolderInUse: there is something in the folder.
        BackupError: as `Opener` and `entries` say; the folder is as it was.
        StoreTooNew: a later version wrote what is in the file.
        StoreError: the medium refused, or what was backed up is damaged.
    """
    folder = Path(folder).absolute()
    made = None
    try:
        if folder.exists() and not folder.is_dir():
            raise FolderInUse(f"{folder} is a file")
        if folder.exists() and any(not _is_ignored(each) for each in folder.iterdir()):
            raise FolderInUse(f"{folder} is not empty")
        folder.parent.mkdir(parents=True, exist_ok=True)
        # A volume cannot be replaced as a whole: there the files move in one by one.
        is_volume = folder.is_mount()
        made = Path(tempfile.mkdtemp(prefix=_RESTORING, dir=folder if is_volume else folder.parent))
        manifest, kept = _unpack(Opener(source, passphrase), made)
        _bring_up(made, manifest, kept, now, entropy, actor)
        _move(made, folder, is_volume=is_volume)
    except OSError as error:
        raise StoreUnavailable(f"the backup cannot be restored to {folder}: {error.strerror}") from error
    finally:
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)
    return manifest


def _version() -> str:
    try:
        return version("latchwork")
    except PackageNotFoundError:
        return ""


def _remove(path: Path) -> None:
    with suppress(OSError):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _is_ignored(path: Path) -> bool:
    """Whether it does not count: of a volume itself, or left by a restoration that was cut off."""
    return path.name in _IGNORED or path.name.startswith(_RESTORING)


def _copy(to: Path, connection: sqlite3.Connection) -> None:
    """The database as this connection sees it, in a file of its own, looked at page by page: a damaged one is no backup."""
    os.close(os.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    with closing(sqlite3.connect(to)) as copy:
        connection.backup(copy)
        check(to, copy)


def _dump(store: Store) -> bytes:
    """All of a store: for each key its length in 2 octets, the key, the value's length in 4, the value."""
    found = bytearray()
    for key in store.keys(""):
        value = store.get(key)
        if value is not None:
            name = key.encode("ascii")
            found += len(name).to_bytes(2, "big") + name + len(value).to_bytes(4, "big") + value
    return bytes(found)


def _loaded(octets: bytes) -> dict[str, bytes | None]:
    """What `_dump` wrote.

    Raises:
        BackupDamaged: it is something else.
    """
    found: dict[str, bytes | None] = {}
    at = 0

    def take(length: int) -> bytes:
        nonlocal at
        taken = octets[at : at + length]
        if len(taken) < length:
            raise BackupDamaged("the fabric's keys in the backup are not whole")
        at += length
        return taken

    while at < len(octets):
        key = take(int.from_bytes(take(2), "big")).decode("ascii", "replace")
        found[key] = take(int.from_bytes(take(4), "big"))
    return found


def _unpack(opener: Opener, folder: Path) -> tuple[Manifest, dict[str, bytes | None]]:
    """Everything into a folder that nobody else sees; gives what is for the controller's store."""
    manifest, kept = None, None
    for entry in opener.entries():
        if entry.name == _MANIFEST:
            manifest = Manifest.decode(_octets(entry))
        elif entry.name == _STORE:
            kept = _loaded(_octets(entry))
        elif entry.name == DATABASE or entry.name.endswith(".key"):
            descriptor = os.open(folder / entry.name, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as out:
                out.writelines(entry.pieces)
                out.flush()
                os.fsync(out.fileno())
        # What a later version added without a new format is not needed here.
    key = folder / _KEY
    if manifest is None or not kept or not (folder / DATABASE).exists() or not key.exists():
        raise BackupDamaged("the backup is of no hub: something of it is missing")
    if key.stat().st_size != KEY_LENGTH:
        raise BackupDamaged("the backup's key file holds no key")
    return manifest, kept


def _octets(entry: Entry) -> bytes:
    if entry.size > _MAX_SMALL:
        raise BackupDamaged(f"{entry.name} in the backup is longer than it can be")
    return b"".join(entry.pieces)


def _bring_up(
    folder: Path,
    manifest: Manifest,
    kept: dict[str, bytes | None],
    now: float,
    entropy: Callable[[int], bytes],
    actor: str,
) -> None:
    """Open what was restored as a hub would, so that it is known to open; tell it that it is restored."""
    path = folder / DATABASE
    with closing(open_writer(path)) as connection:
        try:
            check(path, connection)
            connection.execute("BEGIN IMMEDIATE")
            restored.begin(connection, made_at=manifest.made_at, now=now, head=manifest.head, actor=actor)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise explain(path, error) from error
    store = FileStore(folder / CONTROLLER)
    try:
        store.apply(kept)
        skip_node_ids(store, entropy)
    finally:
        store.close()
    for lock in folder.glob("*.lock"):
        lock.unlink()


def _move(made: Path, folder: Path, *, is_volume: bool) -> None:
    """Put the folder in its place, durably. On a volume the controller's store comes last: without it no hub begins there."""
    for path in made.iterdir():
        _make_durable(path)
    _make_durable(made)
    if not is_volume:
        made.rename(folder)  # over an empty one, if there is one
        _make_durable(folder.parent)
        return
    for path in sorted(made.iterdir(), key=lambda each: each.name == CONTROLLER):
        path.rename(folder / path.name)
        _make_durable(folder)
    folder.chmod(0o700)


def _make_durable(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
