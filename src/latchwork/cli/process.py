"""What a process knows of itself: how long it runs and how much memory it holds; and what it leaves behind.

The roof; reads /proc where there is one.
"""

from __future__ import annotations

import gc
import os
import resource
import sys
import time
from typing import Final

_IMPORTED: Final = time.monotonic()


def since_start_ms() -> int:
    """Milliseconds since the process was started; since this module was imported where the system does not tell."""
    try:
        with open("/proc/self/stat", "rb") as file:  # noqa: PTH123 - pathlib costs more than the file
            started = int(file.read().rsplit(b")", 1)[1].split()[19]) / os.sysconf("SC_CLK_TCK")
        return round((time.clock_gettime(time.CLOCK_BOOTTIME) - started) * 1000)
    except (OSError, ValueError, IndexError, AttributeError):
        return round((time.monotonic() - _IMPORTED) * 1000)


def settle() -> None:
    """The process has started: what it loaded stays, so it is searched for garbage once, now, and never again.

    Without this, a full collection looks at all of it and holds up a request by 10 to 30 ms every now and then.
    """
    gc.collect()
    gc.freeze()


def leave_no_core() -> None:
    """From now on the process leaves no image of its memory on the disk when it crashes: there are codes and keys in it."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))


def memory() -> dict[str, int]:
    """Octets that the process holds: `rss` now, `peak` at most so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - as above
            resident = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        resident = peak
    return {"rss": resident, "peak": peak}
