"""Which hub the command line speaks to, and as whom: a file for its owner's eyes, or the environment.

The roof; LATCHWORK_URL and LATCHWORK_TOKEN count before the file.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from latchwork.base.errors import Misuse
from latchwork.base.logs import Secret
from latchwork.cli.places import log_in_file

URL: Final = "LATCHWORK_URL"
TOKEN: Final = "LATCHWORK_TOKEN"  # noqa: S105 - the variable's name
LOCAL: Final = "http://127.0.0.1:8126"
_ADVICE: Final = (
    "Log in with `latchwork login`, and the hub's address or the link that it printed; or set LATCHWORK_URL and "
    "LATCHWORK_TOKEN."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogIn:
    """A hub and who one is there.

    Attributes:
        url: of the hub.
        token: the text of a token.
        token_id: names it, so that it can be ended; empty when it was not made by `login`.
        name: of the account, for people.
    """

    url: str
    token: str
    token_id: str = ""
    name: str = ""

    def __repr__(self) -> str:
        return f"LogIn({self.url}, {Secret(self.token.encode())!r})"


def read_log_in(path: Path | None = None) -> LogIn | None:
    """What was kept; None when nothing was, or nothing that makes sense."""
    path = path or log_in_file()
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return LogIn(**{name: str(value) for name, value in found.items()})
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def keep_log_in(log_in: LogIn, path: Path | None = None) -> Path:
    """Keep it, readable by its owner only; whole or not at all. Gives where."""
    path = path or log_in_file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(log_in), file)
    new.replace(path)
    return path


def forget_log_in(path: Path | None = None) -> None:
    """Forget it; harmless when there is none."""
    (path or log_in_file()).unlink(missing_ok=True)


def find_log_in(url: str | None = None) -> LogIn:
    """The hub to speak to, and as whom.

    Args:
        url: as said on the command line; a token that was kept for another hub is not sent there.

    Raises:
        Misuse: nobody has logged in there.
    """
    kept = read_log_in()
    token = os.environ.get(TOKEN, "")
    url = (url or os.environ.get(URL) or (kept.url if kept else LOCAL)).rstrip("/")
    if token:
        return LogIn(url=url, token=token)
    if kept is not None and kept.url.rstrip("/") == url:
        return kept
    raise Misuse(f"you are not logged in at {url}" if kept or url != LOCAL else "you are not logged in", advice=_ADVICE)
