"""Firmware slots: where a download goes, and the one step that makes it the firmware that runs.

Stands in node, beside the store; knows image files and folders, no cluster and no network.

Two slots, A and B. A download goes into the one that is not running, piece by piece, and can be continued after a power cut. Only a whole
image whose digest is right is marked as ready, and `activate` switches by renaming one small file. Whenever the process is killed, the
firmware that ran before, or after the rename the new one, is whole in its slot.

Our own lock is software already: the payload of its images is a small manifest with the version, and whatever follows it. The version
that the node reports is the active slot's.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final, Protocol

from latchwork.base.errors import LatchworkError, Misuse
from latchwork.base.logs import log, logger
from latchwork.matter.messages.ota_image import (
    FIXED_SIZE,
    MAX_HEADER,
    HeaderReader,
    OtaImageHeader,
    check_image,
    make_image,
)
from latchwork.matter.tlv.elements import TlvError
from latchwork.matter.tlv.schema import U32, Len, Struct, Tag
from latchwork.node.config import NodeConfig

_LOG = logger(__name__)
CAPACITY: Final = 16 << 20
"""Octets of the largest image that a slot takes."""
_SYNC_EVERY: Final = 65_536
"""Octets written between two waits for the medium; after a power cut at most these are fetched again, or the digest says so."""
_MAX_MANIFEST: Final = 512


class FirmwareError(LatchworkError):
    """The firmware's folder cannot be used, or an image is not for this device."""


@dataclass(frozen=True, slots=True)
class Firmware:
    """Software that can run.

    Attributes:
        version: the number that decides what is newer.
        version_string: the name for people.
    """

    version: int
    version_string: str


class Slots(Protocol):
    """Where firmware is kept."""

    @property
    def running(self) -> Firmware | None:
        """What was activated last, or None while the firmware of the factory runs."""

    def is_ready(self, key: bytes) -> bool:
        """Whether the image of this `key` is here, checked, and waits to be activated.

        Raises:
            LatchworkError: the slots cannot be read.
        """

    def begin(self, key: bytes, check: Callable[[OtaImageHeader], None]) -> int:
        """Begin a download, or continue the one of the same `key`: how many octets are here already.

        `check` is told the image's header as soon as it is here; what it raises ends the download.

        Raises:
            LatchworkError: the slot cannot be written, or `check` does not want what is here.
        """

    def append(self, data: bytes) -> None:
        """The next octets of the image.

        Raises:
            LatchworkError: it is no image, `check` does not want it, it is too large, or the slot cannot be written.
        """

    def finish(self) -> Firmware:
        """The download is complete: check all of it and mark it as ready.

        Raises:
            LatchworkError: it is not whole or not right; it is gone.
        """

    def activate(self) -> None:
        """Run what is ready from the next start on.

        Raises:
            LatchworkError: nothing is ready, or the folder cannot be written.
        """

    def discard(self) -> None:
        """Forget the download."""


class Manifest(Struct):
    """The beginning of our own payloads, after two octets of its length."""

    software_version: Annotated[U32, Tag(0)]
    software_version_string: Annotated[str, Tag(1), Len(1, 64)]


class _Active(Struct):
    slot: Annotated[str, Tag(0)]


class _Download(Struct):
    slot: Annotated[str, Tag(0)]
    key: Annotated[bytes, Tag(1)]
    is_ready: Annotated[bool, Tag(2)]


def make_firmware(
    *,
    vendor_id: int,
    product_id: int,
    version: int,
    version_string: str,
    content: bytes = b"",
    min_applicable: int | None = None,
    max_applicable: int | None = None,
) -> bytes:
    """An image file for our own lock; `content` follows the manifest.

    Raises:
        Misuse: a value does not fit.
    """
    manifest = Manifest(software_version=version, software_version_string=version_string).encode()
    return make_image(
        len(manifest).to_bytes(2, "little") + manifest + content,
        vendor_id=vendor_id,
        product_id=product_id,
        software_version=version,
        software_version_string=version_string,
        min_applicable_software_version=min_applicable,
        max_applicable_software_version=max_applicable,
    )


def read_manifest(payload: bytes) -> Manifest:
    """The manifest at the beginning of a payload of ours.

    Raises:
        FirmwareError: there is none.
    """
    length = int.from_bytes(payload[:2], "little")
    if not 0 < length <= _MAX_MANIFEST or len(payload) < 2 + length:
        raise FirmwareError("the payload has no manifest", advice="This image is not for a Latchwork lock.")
    try:
        return Manifest.decode(payload[2 : 2 + length])
    except TlvError as error:
        raise FirmwareError(f"the payload's manifest is malformed: {error}") from None


class FirmwareFolder:
    """Two slots in a folder (a `Slots`).

    Calls block for as long as the medium takes. One process at a time.

    Args:
        folder: made when it is not there.
        capacity: octets of the largest image.

    Raises:
        FirmwareError: the folder cannot be read or made.
    """

    def __init__(self, folder: Path | str, *, capacity: int = CAPACITY) -> None:
        self.folder = Path(folder)
        self._capacity = capacity
        self._file: int | None = None
        self._size = 0
        self._unsynced = 0
        self._reader = HeaderReader()
        self._check: Callable[[OtaImageHeader], None] = lambda _: None
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise _unusable(self.folder, error) from error
        self._active, self._running = self._read_active()

    @property
    def running(self) -> Firmware | None:
        """What was active when the folder was opened, or None for the factory's firmware: a switch shows after a restart."""
        return self._running

    def is_ready(self, key: bytes) -> bool:
        """See `Slots.is_ready`."""
        record = self._read_download()
        return record is not None and record.is_ready and record.key == key and self._path(record.slot).exists()

    def configured(self, config: NodeConfig) -> NodeConfig:
        """The configuration with the versions of the firmware that runs."""
        running = self._running
        if running is None:
            return config
        return replace(config, software_version=running.version, software_version_string=running.version_string)

    # --- the download

    def begin(self, key: bytes, check: Callable[[OtaImageHeader], None]) -> int:
        """See `Slots.begin`."""
        self._close()
        self._check = check
        self._reader = HeaderReader()
        path = self._path(self._inactive)
        try:
            record = self._read_download()
            if record is None or record.key != key or not path.exists():
                # In this order a record never stands beside octets of another image.
                path.unlink(missing_ok=True)
                _sync_folder(self.folder)
                self._record(key, is_ready=False)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            _sync_folder(self.folder)
            self._size = os.fstat(self._file).st_size
            beginning = os.pread(self._file, FIXED_SIZE + MAX_HEADER, 0)
        except OSError as error:
            raise _unusable(self.folder, error) from error
        self._feed(beginning)
        return self._size

    def append(self, data: bytes) -> None:
        """See `Slots.append`."""
        if self._file is None:
            raise Misuse("no download was begun")
        if self._size + len(data) > self._capacity:
            raise FirmwareError(f"the image is larger than {self._capacity} octets")
        self._feed(data)
        try:
            _write(self._file, data)
            self._size += len(data)
            self._unsynced += len(data)
            if self._unsynced >= _SYNC_EVERY:
                os.fsync(self._file)
                self._unsynced = 0
        except OSError as error:
            raise _unusable(self.folder, error) from error

    def _feed(self, data: bytes) -> None:
        if self._reader.header is not None:
            return
        self._reader.feed(data)
        if self._reader.total_size > self._capacity:
            raise FirmwareError(f"the image is larger than {self._capacity} octets")
        if self._reader.header is not None:
            self._check(self._reader.header)

    def finish(self) -> Firmware:
        """See `Slots.finish`."""
        if self._file is None:
            raise Misuse("no download was begun")
        try:
            os.fsync(self._file)
            # What the medium has is checked, not what was handed to it.
            firmware = _check_slot(self._path(self._inactive))
            record = self._read_download()
            if record is None:
                raise FirmwareError("the download is not on record")
            self._record(record.key, is_ready=True)
        except OSError as error:
            raise _unusable(self.folder, error) from error
        except LatchworkError:
            self.discard()
            raise
        self._close()
        return firmware

    def activate(self) -> None:
        """See `Slots.activate`."""
        record = self._read_download()
        if record is None or not record.is_ready:
            raise Misuse("no firmware is ready")
        try:
            self._write_record("active", _Active(slot=record.slot))
            self._active = record.slot
            self._forget_download()
        except OSError as error:
            raise _unusable(self.folder, error) from error

    def discard(self) -> None:
        """See `Slots.discard`."""
        self._close()
        try:
            self._path(self._inactive).unlink(missing_ok=True)
            self._forget_download()
        except OSError as error:
            raise _unusable(self.folder, error) from error

    # --- the folder

    @property
    def _inactive(self) -> str:
        return "b" if self._active == "a" else "a"

    def _path(self, slot: str) -> Path:
        return self.folder / f"slot-{slot}.ota"

    def _close(self) -> None:
        file, self._file = self._file, None
        self._unsynced = 0
        if file is not None:
            os.close(file)

    def _read_active(self) -> tuple[str | None, Firmware | None]:
        """Which slot runs and what is in it; the other one when it is damaged, the factory's firmware when there is none."""
        try:
            slot = _Active.decode((self.folder / "active").read_bytes()).slot
        except FileNotFoundError:
            return None, None
        except OSError as error:
            raise _unusable(self.folder, error) from error
        except TlvError as error:
            log(_LOG, 40, "firmware.record_damaged", folder=self.folder, reason=error)
            return None, None
        for candidate in (slot, "a" if slot == "b" else "b"):
            # What is still being downloaded, or waits for its provider's word, is not to run.
            if candidate != slot and self._is_download(candidate):
                continue
            try:
                return candidate, _check_slot(self._path(candidate))
            except (OSError, LatchworkError) as error:
                log(_LOG, 40, "firmware.damaged", slot=candidate, reason=error)
        return None, None

    def _is_download(self, slot: str) -> bool:
        try:
            return _Download.decode((self.folder / "download").read_bytes()).slot == slot
        except (OSError, TlvError):
            return False

    def _read_download(self) -> _Download | None:
        try:
            record = _Download.decode((self.folder / "download").read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unusable(self.folder, error) from error
        except TlvError:
            return None
        # A record of the slot that runs is what a switch left behind.
        return record if record.slot == self._inactive else None

    def _record(self, key: bytes, *, is_ready: bool) -> None:
        self._write_record("download", _Download(slot=self._inactive, key=key, is_ready=is_ready))

    def _forget_download(self) -> None:
        with suppress(FileNotFoundError):
            (self.folder / "download").unlink()
        _sync_folder(self.folder)

    def _write_record(self, name: str, record: Struct) -> None:
        """Replace a small file: it is the old one or the new one, never anything else."""
        fresh = self.folder / f"{name}.new"
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            _write(file, record.encode())
            os.fsync(file)
        finally:
            os.close(file)
        fresh.replace(self.folder / name)
        _sync_folder(self.folder)


def _check_slot(path: Path) -> Firmware:
    """What is in a slot, after its digest and its manifest were checked.

    Raises:
        OtaImageError: it is not a whole image.
        FirmwareError: header and manifest disagree.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        header = check_image(file.read)
        file.seek(0)
        reader = HeaderReader()
        payload = reader.feed(file.read(FIXED_SIZE + MAX_HEADER + _MAX_MANIFEST))
        payload += file.read(max(0, 2 + _MAX_MANIFEST - len(payload)))
    manifest = read_manifest(payload)
    named = (header.software_version, header.software_version_string)
    if named != (manifest.software_version, manifest.software_version_string):
        raise FirmwareError("the image's header names another version than its payload")
    return Firmware(*named)


def _write(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def _sync_folder(folder: Path) -> None:
    """Names in a folder survive a power cut only when the folder itself was written."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unusable(folder: Path, error: OSError) -> FirmwareError:
    return FirmwareError(
        f"firmware folder {folder} cannot be used: {error.strerror}",
        advice="Look for a full or failing disk and for the folder's permissions.",
    )
