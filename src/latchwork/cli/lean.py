"""Keeps out of memory what a process that runs for years never uses.

The roof; called before the verb's module is imported.
"""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec
from typing import Final

_HEAVY: Final = (("ssl", "asyncio"), ("_hashlib", "hashlib"), ("_hashlib", "hmac"))
"""What is left out, and what would load it: TLS, which a Matter device has no use for, and a second crypto library's hashes."""
_OWN_HASHES: Final = ("_md5", "_sha1", "_sha3", "_blake2")


def import_lean() -> None:
    """Import asyncio, hashlib and hmac without the libraries that they load only because they find them: 5 MiB less.

    Nothing changes in a process that has them already, nor where Python comes without hashes of its own; `import ssl` works
    afterwards as ever.
    """
    for heavy, module in _HEAVY:
        if heavy in sys.modules or module in sys.modules or (heavy == "_hashlib" and not _has_own_hashes()):
            continue
        sys.modules[heavy] = None  # type: ignore[assignment]  # the import system's own sign for: not to be found
        try:
            importlib.import_module(module)
        finally:
            del sys.modules[heavy]


def _has_own_hashes() -> bool:
    sha2 = ("_sha2",) if sys.version_info >= (3, 12) else ("_sha256", "_sha512")
    return all(find_spec(name) is not None for name in (*_OWN_HASHES, *sha2))
