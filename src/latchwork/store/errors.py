"""What can go wrong with a storage.

Layer store; stands on base only.

```
StoreError
├── StoreInUse        another process has the storage open
├── StoreDamaged      the file is not ours, or its content does not add up
├── StoreTooNew       a later Latchwork wrote it
├── StoreUnavailable  the medium refused: no space, no permission, an input/output error
├── KeyRefused        (also Misuse) a key or value outside the bounds above
├── StoreClosed       (also Misuse) used after close()
├── SealingKeyMissing values are sealed, and the file with their key is gone
└── SealBroken        the key is another one's, or a value was altered
```
"""

from __future__ import annotations

from pathlib import Path

from latchwork.base.errors import LatchworkError, Misuse


class StoreError(LatchworkError):
    """Something about the storage itself; the subclasses say what."""


class StoreInUse(StoreError):
    """Another process (or another store of this one) has the storage open.

    Attributes:
        process: its process id, or None when it did not say.
    """

    def __init__(self, path: Path, process: int | None) -> None:
        who = "another process" if process is None else f"process {process}"
        super().__init__(
            f"storage {path} is in use by {who}",
            advice="Stop the other program, or give this one a storage of its own.",
        )
        self.process = process


class StoreDamaged(StoreError):
    """The file is not a storage of ours, or its content does not add up."""


class StoreTooNew(StoreError):
    """A later version of Latchwork wrote the storage."""


class StoreUnavailable(StoreError):
    """The medium refused: no space, no permission, an input or output error."""


class KeyRefused(StoreError, Misuse):
    """A key or a value is outside the documented bounds."""


class StoreClosed(StoreError, Misuse):
    """The store was used after `close`."""


class SealingKeyMissing(StoreError):
    """The storage holds sealed values and the file with their key is gone."""


class SealBroken(StoreError):
    """A sealed value cannot be opened: it belongs to another key or another name, or was altered."""
