"""Where things are kept on this machine, and which time it keeps (XDG base directories).

The roof.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_LOCAL_TIME: Final = Path("/etc/localtime")
_ZONES: Final = "zoneinfo"


def hub_folder() -> Path:
    """Where a hub keeps everything, where nobody says another place."""
    return _base("XDG_DATA_HOME", ".local/share") / "latchwork" / "hub"


def log_in_file() -> Path:
    """Where the command line remembers which hub it speaks to."""
    return _base("XDG_CONFIG_HOME", ".config") / "latchwork" / "hub.json"


def _base(variable: str, otherwise: str) -> Path:
    said = os.environ.get(variable, "")
    # A relative path in these variables is to be passed over, says their specification.
    return Path(said) if said.startswith("/") else Path.home() / otherwise


def local_zone() -> str:
    """This machine's time zone by its IANA name; UTC where it does not tell."""
    named = os.environ.get("TZ", "").removeprefix(":")
    if not named:
        target = os.path.realpath(_LOCAL_TIME)
        named = target.rpartition(f"/{_ZONES}/")[2] if f"/{_ZONES}/" in target else ""
    try:
        return ZoneInfo(named).key if named and not named.startswith("/") else "UTC"
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC"
