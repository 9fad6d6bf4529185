"""What is said of sharing a lock, in plain words: why it is refused, what to do, and what to know before.

Layer hub, pure: the only place where sentences about windows and fabrics are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from latchwork.hub.sharing.ecosystems import Ecosystem

RESTARTED: Final = "The hub was restarted since this window was opened, and it keeps no such code: close the window and open another one."
NOT_HEARD: Final = "The lock was not heard since: whether the window is still open is not known."
OURS_ELSEWHERE: Final = "a program on this hub's own fabric"
WAKE_IT: Final = "Touch its keypad or turn the bolt by hand so that it wakes, and try again at once."
AT_WORK: Final = "somebody is joining the lock just now"
AT_WORK_ADVICE: Final = "Wait a minute, and try again."
STILL_ASLEEP: Final = "the lock sleeps and did not wake in time"
NO_SUCH_ECOSYSTEM: Final = "this ecosystem is not known"
MAYBE_OPEN: Final = (
    "The lock may have opened its window before it fell silent: the hub watches, and closes it when it can."
)


def is_open_already(opened_by: str) -> str:
    """Why no second window can be opened."""
    return f"the lock is open for others already: {opened_by} opened it"


def wait_or_close(*, is_ours: bool) -> str:
    """What to do about an open window."""
    if is_ours:
        return "Use the code that was shown, or close the window and open another one."
    return "Close it in that app, or wait until it has ended."


def none_free(supported: int, names: Sequence[str]) -> str:
    """Why nobody else can join."""
    return f"the lock has room for {supported} ecosystems, and all places are taken: {', '.join(names)}"


def make_room() -> str:
    """What to do about a full lock."""
    return "Remove an ecosystem that is not used any more, by its name in the list, or in its own app."


def too_few(ecosystem: Ecosystem, free: int) -> str:
    """A warning: it may join only in part."""
    return (
        f"{ecosystem.name} takes {ecosystem.fabrics} places on a lock, and {free} is free: it may not finish joining."
    )


def last_one(free: int) -> str:
    """A warning: nobody else after this one."""
    return f"This takes the last free place on the lock ({free} left): whoever comes later finds none."


def bare_minutes(shortest: int, longest: int) -> str:
    """Why a window of that length cannot be."""
    return f"a window is open for {shortest} to {longest} minutes"
