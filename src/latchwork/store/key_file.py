"""The file with the key that values are sealed with: beside the storage, never in it.

Layer store; knows no cipher and no storage.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from latchwork.base.logs import Secret
from latchwork.store.errors import SealBroken, SealingKeyMissing, StoreUnavailable

KEY_LENGTH: Final = 32
"""Octets of a sealing key (RFC 8439, section 2.8)."""
RESTORE: Final = (
    "Put storage and key file of the same backup in their places; without them, start with an empty storage."
)


def key_from_file(path: Path, entropy: Callable[[int], bytes] | None) -> Secret:
    """The key in the file at `path`; a new one, in a new file that only its owner may read, where there is none.

    Args:
        path: the key's file.
        entropy: where a new key comes from; None where there must be one already.

    Raises:
        SealingKeyMissing: there is no file, and no new key may be made.
        SealBroken: the file holds no key.
        StoreUnavailable: the medium refused.
    """
    try:
        found = path.read_bytes()
        _close_to_others(path)
    except FileNotFoundError:
        return _new_key(path, entropy)
    except OSError as error:
        raise StoreUnavailable(f"the key file {path} cannot be read: {error.strerror}") from error
    if len(found) != KEY_LENGTH:
        raise SealBroken(f"{path} holds no key", advice=RESTORE)
    return Secret(found)


def _close_to_others(path: Path) -> None:
    """It may have been copied here in a way that opened it; whose it is not, who may read it is somebody else's decision."""
    found = path.stat()
    if found.st_mode & 0o077 and found.st_uid == os.geteuid():
        path.chmod(0o600)


def _new_key(path: Path, entropy: Callable[[int], bytes] | None) -> Secret:
    if entropy is None:
        raise SealingKeyMissing(
            f"codes and keys are sealed, and their key file {path} is gone",
            advice=f"Put {path.name} back from a backup; without it, move the storage away and set the lock up anew.",
        )
    key = Secret(entropy(KEY_LENGTH))
    unfinished = path.with_name(f"{path.name}.new")
    try:
        unfinished.unlink(missing_ok=True)
        _write_durably(unfinished, key)
        # Whoever finds the key's name finds the whole key.
        unfinished.rename(path)
        _make_name_durable(path.parent)
    except OSError as error:
        raise StoreUnavailable(f"the key file {path} cannot be written: {error.strerror}") from error
    return key


def _write_durably(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_name_durable(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
