"""Asking a lock for a page: not for longer than somebody waits who looks at one, and told in words when nothing comes.

Layer web.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

from latchwork.base.errors import LatchworkError
from latchwork.web.pages.texts import Texts
from latchwork.web.problems import Problem, problem_of

PATIENCE_S: Final = 6.0
_T = TypeVar("_T")


async def asked(reading: Awaitable[_T], texts: Texts, patience: float = PATIENCE_S) -> tuple[_T | None, Problem | None]:
    """What the lock says, or why that is not known."""
    try:
        async with asyncio.timeout(patience):
            return await reading, None
    except TimeoutError:
        return None, Problem(504, "lock_slow", texts.say("door.slow"), texts.say("door.slow.more"))
    except (Problem, LatchworkError) as error:
        return None, problem_of(error)
