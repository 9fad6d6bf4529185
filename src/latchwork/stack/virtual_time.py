"""An event loop whose clock jumps: what would take an hour takes no time, and always the same turns.

Stack; shipped, because a virtual world is a product. Nothing may wait for a real socket or a thread on such a loop: nothing would
ever wake it, which it reports instead of hanging.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from latchwork.base.errors import Misuse

_T = TypeVar("_T")


class _JumpingSelector(selectors.SelectSelector):
    """Advances the clock instead of waiting."""

    def __init__(self, jump: Callable[[float], None]) -> None:
        super().__init__()
        self._jump = jump

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise Misuse("everything waits and no timer is set: the virtual world stands still")
            self._jump(timeout)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop for `stack.memory`: `time()` begins at 0 and moves only when nothing is left to do."""

    def __init__(self) -> None:
        self._virtual_now = 0.0
        super().__init__(_JumpingSelector(self._jump))

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._virtual_now

    def _jump(self, seconds: float) -> None:
        if seconds > 0:
            # A little further than asked, or rounding would leave the timer a hair in the future for ever.
            self._virtual_now += seconds + 1e-9


def run_virtual(main: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine to its end in virtual time.

    Raises:
        Misuse: it waits for something that can never happen.
    """
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
