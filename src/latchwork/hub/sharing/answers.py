"""What sharing a lock answers, and the ways in which it is refused.

Layer hub, values only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from latchwork.base.errors import Misuse
from latchwork.hub.sharing import texts
from latchwork.hub.sharing.ecosystems import Ecosystem
from latchwork.hub.sharing.following import End
from latchwork.hub.sharing.window import OnLock
from latchwork.matter.onboarding import SetupPayload


class WindowOpen(Misuse):
    """Others can join the lock already.

    Attributes:
        opened_by: who opened it, by name.
        is_ours: this hub did, and can close it.
        ends_at: when it ends at the latest, UTC seconds since 1970.
    """

    def __init__(self, opened_by: str, ends_at: float, *, is_ours: bool) -> None:
        super().__init__(texts.is_open_already(opened_by), advice=texts.wait_or_close(is_ours=is_ours))
        self.opened_by = opened_by
        self.ends_at = ends_at
        self.is_ours = is_ours


class SomebodyJoins(Misuse):
    """A commissioner is at work on the lock."""

    def __init__(self) -> None:
        super().__init__(texts.AT_WORK, advice=texts.AT_WORK_ADVICE)


class NoFreeFabric(Misuse):
    """All places for ecosystems are taken.

    Attributes:
        names: by whom.
    """

    def __init__(self, supported: int, names: Sequence[str]) -> None:
        super().__init__(texts.none_free(supported, names), advice=texts.make_room())
        self.names = tuple(names)


class NotOpen(Misuse):
    """There is no window to be closed."""


class NotConfirmed(Misuse):
    """The name is not the one that is listed.

    Attributes:
        expected: what is.
    """

    def __init__(self, expected: str) -> None:
        super().__init__("an ecosystem is removed only by its name, as it is listed")
        self.expected = expected


class NoSuchFabric(Misuse):
    """There is no such ecosystem on the lock."""


class OwnFabric(Misuse):
    """It is this hub."""


class State(StrEnum):
    """Whether others can join."""

    CLOSED = "closed"
    OPEN = "open"
    """This hub opened it."""
    OPEN_BY_OTHER = "open_by_other"
    UNKNOWN = "unknown"
    """The lock does not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """How a lock stands towards others.

    Attributes:
        state: whether they can join.
        payload: with what; None where this hub did not open it, does not know it any more, or it is over.
        opened_at: when this hub opened it, UTC seconds since 1970, or None.
        ends_at: when it ends; of somebody else's window at the latest; None when there is none.
        ecosystem: for whom.
        opened_by: who opened it, by name; empty when nobody did.
        fabrics: who is on the lock; empty when it does not answer.
        free: places that are left; None when it does not answer.
        warnings: what to know before one types the code.
        why: why something of this is not known.
        last: how the last window ended, as far as this process knows.
    """

    state: State
    payload: SetupPayload | None = field(default=None, repr=False)
    opened_at: float | None = None
    ends_at: float | None = None
    ecosystem: Ecosystem
    opened_by: str = ""
    fabrics: tuple[OnLock, ...] = ()
    free: int | None = None
    warnings: tuple[str, ...] = ()
    why: str = ""
    last: End | None = None
