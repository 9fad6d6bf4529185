"""Locks on their way in: what was scanned or typed for each, so that a second try needs nothing typed again.

Layer web. Kept in memory and for an hour: a setup code is a secret, and is forgotten as soon as a page has shown that its lock has
joined.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from latchwork.matter.onboarding import SetupPayload, manual_code, parse, qr_code

LIFE_S: Final = 3600.0
MAX_KEPT: Final = 100


@dataclass(slots=True, kw_only=True)
class Adding:
    """One lock on its way in.

    Attributes:
        id: opaque; in addresses, where the code never is.
        actor: whose it is: nobody else sees it.
        code: the setup code, in the shortest form that says everything; empty once the lock has joined.
        payload: what it says; hides its passcode.
        door_name: of a door to be made.
        door_id: of a door that has no lock.
        job_id: the latest try, or empty.
        touched_at: seconds of the monotonic clock.
    """

    id: str
    actor: str
    code: str = field(default="", repr=False)
    payload: SetupPayload | None = None
    door_name: str = ""
    door_id: str = ""
    job_id: str = ""
    touched_at: float = 0.0


class Addings:
    """All of one process.

    Args:
        new_id: makes opaque ids.
        monotonic: tells the time, in seconds.
    """

    __slots__ = ("_kept", "_monotonic", "_new_id")

    def __init__(self, new_id: Callable[[str], str], monotonic: Callable[[], float]) -> None:
        self._kept: OrderedDict[str, Adding] = OrderedDict()
        self._new_id = new_id
        self._monotonic = monotonic

    def begin(self, actor: str, door_id: str = "") -> Adding:
        """One more; the oldest make room for it."""
        made = Adding(id=self._new_id("adding"), actor=actor, door_id=door_id, touched_at=self._monotonic())
        self._kept[made.id] = made
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return made

    def get(self, adding_id: str, actor: str) -> Adding | None:
        """One of theirs, or None when it is not there any more."""
        self._forget_old()
        found = self._kept.get(adding_id)
        if found is None or found.actor != actor:
            return None
        found.touched_at = self._monotonic()
        self._kept.move_to_end(adding_id)
        return found

    def of_job(self, job_id: str, actor: str) -> Adding | None:
        """That of a job, or None."""
        return next((each for each in self._kept.values() if (each.job_id, each.actor) == (job_id, actor)), None)

    def _forget_old(self) -> None:
        before = self._monotonic() - LIFE_S
        while self._kept and next(iter(self._kept.values())).touched_at < before:
            self._kept.popitem(last=False)


def read_setup_code(text: str) -> tuple[str, SetupPayload]:
    """A code as people give it, in its shortest form, and what it says.

    Raises:
        OnboardingCodeError: it is none; `.advice` says what it is instead.
    """
    payload = parse(text)
    has_all = payload.discriminator.long is not None and payload.discovery_capabilities is not None
    return qr_code(payload) if has_all else manual_code(payload), payload
