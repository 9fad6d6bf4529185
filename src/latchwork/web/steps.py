"""What is between two requests of signing in: a secret that one browser holds for some minutes, and that is good for nothing else.

Layer web. Kept in memory and bounded: after a restart one begins again. Neither is a session: no route but the next step looks at it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from latchwork.base.clock import Clock
from latchwork.web.keys import digest_of, new_text

GOOD_FOR_S: Final = 300.0
MAX_TRIES: Final = 5
_MAX_STEPS: Final = 2000
Kind = Literal["second_factor", "passkey_sign_in", "passkey_add"]


@dataclass(slots=True, kw_only=True)
class Step:
    """Somebody on the way.

    Attributes:
        kind: which step comes next.
        account_id: whose password was right, or who is signed in; empty where nobody has said who they are.
        version: of the account: a change of it in between ends this.
        challenge: what an authenticator is to sign.
        tries: how often the next step was tried.
        until: seconds of the monotonic clock.
    """

    kind: Kind
    account_id: str = ""
    version: int = 0
    challenge: bytes = b""
    tries: int = 0
    until: float = 0.0


class Steps:
    """All who are on the way.

    Args:
        clock: tells when a step is too old.
        entropy: octets nobody can guess.
    """

    __slots__ = ("_clock", "_entropy", "_steps")

    def __init__(self, clock: Clock, entropy: Callable[[int], bytes]) -> None:
        self._clock = clock
        self._entropy = entropy
        self._steps: OrderedDict[bytes, Step] = OrderedDict()

    def begin(self, step: Step) -> str:
        """The text that the browser holds from now on."""
        text = new_text(self._entropy)
        step.until = self._clock.monotonic() + GOOD_FOR_S
        self._steps[digest_of(text)] = step
        while len(self._steps) > _MAX_STEPS:
            self._steps.popitem(last=False)
        return text

    def look(self, text: str, kind: Kind) -> Step | None:
        """The step, as long as it is good."""
        step = self._steps.get(digest_of(text))
        if step is None or step.kind != kind:
            return None
        if step.until <= self._clock.monotonic() or step.tries >= MAX_TRIES:
            self.end(text)
            return None
        return step

    def take(self, text: str, kind: Kind) -> Step | None:
        """The same, for the only time."""
        step = self.look(text, kind)
        if step is not None:
            self.end(text)
        return step

    def end(self, text: str) -> None:
        """Nobody is on this way any more."""
        self._steps.pop(digest_of(text), None)
