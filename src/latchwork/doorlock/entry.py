"""What a lock keeps in mind about those who try to get in: wrong credentials so far, and half-shown sets.

Layer doorlock: remembers and counts; `decide` judges, `lock` acts.
"""

from __future__ import annotations

from collections.abc import Callable

from latchwork.doorlock.bolt import Wish
from latchwork.doorlock.credentials import Credential
from latchwork.doorlock.events import Actor, Source
from latchwork.doorlock.settings import Settings


class EntryState:
    """Who has tried what lately.

    Attributes:
        wrong_codes: failed presentations since the last success or lockout, of every kind (Application Clusters 5.2.9.32).
        lockout_until: when the lock hears again, in seconds of `now`; None when it does.
        shown: what one user with a rule of several credentials has shown so far.
        collect_until: when that is forgotten; None when there is nothing.
        wish: what that user wants.
        source: by which way the last of it was shown.
    """

    __slots__ = ("collect_until", "lockout_until", "shown", "source", "wish", "wrong_codes")

    def __init__(self) -> None:
        self.wrong_codes = 0
        self.lockout_until: float | None = None
        self.shown: tuple[Credential, ...] = ()
        self.collect_until: float | None = None
        self.wish = Wish.UNLOCK
        self.source = Source.UNSPECIFIED

    def count_wrong(self, settings: Settings, now: float) -> bool:
        """Count a failed presentation; True when it is the one too many and a lockout begins."""
        self.wrong_codes += 1
        if not settings.wrong_code_limit or self.wrong_codes < settings.wrong_code_limit:
            return False
        self.wrong_codes = 0
        self.lockout_until = now + settings.lockout_s
        return True

    def forgive(self) -> None:
        """Somebody was let in: what was wrong before is forgotten.

        Only being let in forgives. If the first half of two did, whoever holds it could guess the other half for ever.
        """
        self.wrong_codes = 0

    def with_earlier(self, credential: Credential, is_known: Callable[[Credential], bool]) -> tuple[Credential, ...]:
        """The credential behind what the same user has shown already, each once.

        Args:
            credential: shown just now.
            is_known: whether one that was shown before is still in the register, unchanged.
        """
        earlier = [each for each in self.shown if each is not credential and is_known(each)]
        return (*earlier, credential)

    def collect(self, shown: tuple[Credential, ...], wish: Wish, source: Source, until: float) -> None:
        """Remember an unfinished set. Its time runs from the first credential on and is never prolonged."""
        if self.collect_until is None:
            self.collect_until = until
        self.shown, self.wish, self.source = shown, wish, source

    def drop_collected(self) -> None:
        """Forget an unfinished set."""
        self.shown = ()
        self.collect_until = None

    @property
    def collector(self) -> Actor | None:
        """Who has shown an unfinished set."""
        if not self.shown:
            return None
        credentials = tuple((int(each.kind), each.index) for each in self.shown)
        return Actor(self.source, user_index=self.shown[0].user_index, credentials=credentials)

    @property
    def next_deadline(self) -> float | None:
        """When something here ends, in seconds of `now`."""
        return self.collect_until if self.lockout_until is None else self.lockout_until  # a deaf lock collects nothing
