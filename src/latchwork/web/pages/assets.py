"""What browsers load: our own style sheets and modules, under addresses that change with their content, so that they are kept for ever.

Layer web. Style sheets are sent as one; modules import each other by relative names, so that all of them live under one version.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

STYLE: Final = "app.css"
"""All style sheets together, in the order of their names."""
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file for browsers.

    Attributes:
        content: as it is.
        media_type: its Content-Type.
        compressed: by gzip, or None where that saves nothing.
    """

    content: bytes
    media_type: str
    compressed: bytes | None = None


class Assets:
    """All of them.

    Attributes:
        version: of their content; part of each address.
    """

    __slots__ = ("_assets", "version")

    def __init__(self, assets: dict[str, Asset]) -> None:
        self._assets = assets
        digest = hashlib.sha256()
        for name in sorted(assets):
            digest.update(name.encode() + b"\0" + assets[name].content + b"\0")
        self.version = digest.hexdigest()[:12]

    def get(self, name: str) -> Asset | None:
        """The file at this path below `static`, or None."""
        return self._assets.get(name)

    def path(self, name: str) -> str:
        """Its address below the app's root.

        Raises:
            KeyError: there is no such file.
        """
        if name not in self._assets:
            raise KeyError(name)
        return f"/static/{self.version}/{name}"


@cache
def assets() -> Assets:
    """Everything in `static`, read once."""
    found: dict[str, Asset] = {}
    _collect(files(__package__) / "static", "", found)
    sheets = sorted(name for name in found if name.startswith("css/"))
    style = b"\n".join(found.pop(name).content for name in sheets)
    found[STYLE] = Asset(style, _TYPES[".css"])
    return Assets({name: _compressed(each) for name, each in found.items()})


def _compressed(asset: Asset) -> Asset:
    packed = gzip.compress(asset.content, 9, mtime=0)
    return replace(asset, compressed=packed) if len(packed) < len(asset.content) * 0.9 else asset


def _collect(folder: Traversable, prefix: str, found: dict[str, Asset]) -> None:
    for each in folder.iterdir():
        name = f"{prefix}{each.name}"
        if each.is_dir():
            _collect(each, f"{name}/", found)
            continue
        suffix = name[name.rfind(".") :]
        kind = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        found[name] = Asset(each.read_bytes(), kind)
