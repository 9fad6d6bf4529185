"""What of a lock is ours to touch, and which of its places are free.

Layer hub, pure. Only what we account for, and what the lock does not say is another's, is ours; a place is free when the lock said so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from typing import Final

from latchwork.hub.house.desired import Desired, DesiredUser
from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.house.observed import Capabilities, Observed, SeenCredential, SeenUser, Slot
from latchwork.hub.house.placed import Placed, PlacedCredential, PlacedUser

MAX_INDEX: Final = 0xFFFD
"""The last index that names one place: 0xFFFE names all of them (Application Clusters 5.2.10.19)."""

_SECRET_KINDS: Final = frozenset({CredentialKind.PIN, CredentialKind.ALIRO})
"""Kinds that only a fabric puts on. The others may be made at the door and be ours all the same."""


class Standing(Enum):
    """What is in a place that we account for."""

    OURS = "ours"
    FOREIGN = "foreign"
    EMPTY = "empty"
    UNREADABLE = "unreadable"


class Ownership:
    """Tells what is ours on one lock.

    A user or credential is ours when we account for it and its creator is our fabric. Without a creator it is ours on a lock that names
    nobody's; on one that names others', it was made at the door.

    Args:
        observed: what the lock holds.
        placed: what we account for.
        fabric_index: ours on this lock; 0 is not known.
        names_creators: whether this lock has ever named a creator; None is to be told from what it holds now.
        names_modifiers: whether it has ever named us as who wrote a credential last.
    """

    __slots__ = (
        "_fabric_index",
        "_names_modifiers",
        "_observed",
        "_tells_credentials",
        "_tells_users",
        "by_key",
        "credentials",
        "users",
    )

    def __init__(
        self,
        observed: Observed,
        placed: Placed,
        fabric_index: int,
        names_creators: bool | None = None,
        *,
        names_modifiers: bool = False,
    ) -> None:
        self._observed = observed
        self._fabric_index = fabric_index
        self._names_modifiers = names_modifiers
        self.by_key = {user.key: user for user in placed.users}
        self.users = {user.index: user for user in placed.users}
        self.credentials = {(each.kind, each.index): each for each in placed.credentials}
        self._tells_users = self._tells_credentials = names_creators is True
        if names_creators is None:
            users, credentials = observed.users.values(), observed.credentials.values()
            self._tells_users = any(isinstance(each, SeenUser) and each.creator is not None for each in users)
            self._tells_credentials = any(
                isinstance(each, SeenCredential) and each.creator is not None and each.kind in _SECRET_KINDS
                for each in credentials
            )

    def of_user(self, placed: PlacedUser, wanted: DesiredUser | None) -> Standing:
        """What is where we account for this user; `wanted` is as whom it is desired."""
        seen = self._observed.user(placed.index)
        if isinstance(seen, Slot):
            return Standing.EMPTY if seen is Slot.EMPTY else Standing.UNREADABLE
        if not self._is_by_us(seen.creator, is_told=self._tells_users):
            return Standing.FOREIGN
        is_another = wanted is not None and seen.unique_id not in {None, wanted.unique_id}
        return Standing.FOREIGN if is_another and seen.creator is None else Standing.OURS

    def of_credential(self, placed: PlacedCredential) -> Standing:
        """What is where we account for this credential."""
        seen = self._observed.credential(placed.kind, placed.index)
        if isinstance(seen, Slot):
            return Standing.EMPTY if seen is Slot.EMPTY else Standing.UNREADABLE
        is_told = self._tells_credentials and seen.kind in _SECRET_KINDS
        return Standing.OURS if self._is_by_us(seen.creator, is_told=is_told) else Standing.FOREIGN

    def is_written_over(self, placed: PlacedCredential) -> bool:
        """Whether somebody else has written another secret in the place of a credential of ours."""
        seen = self._observed.credential(placed.kind, placed.index)
        return self._names_modifiers and isinstance(seen, SeenCredential) and seen.modifier != self._fabric_index

    def is_ours(self, kind: CredentialKind, index: int) -> bool:
        """Whether we account for this credential, and nothing speaks against it."""
        placed = self.credentials.get((kind, index))
        return placed is not None and self.of_credential(placed) in {Standing.OURS, Standing.UNREADABLE}

    def _is_by_us(self, creator: int | None, *, is_told: bool) -> bool:
        return not is_told if creator is None else creator == self._fabric_index != 0


class Places:
    """Free places of one sort, each given out once: first those that were never used, then what this plan clears.

    Args:
        total: how many the lock has.
        what: what is at an index.
        is_accounted: whether we account for this index: its record would have to be forgotten first.
    """

    __slots__ = ("_cleared", "_fresh", "_given")

    def __init__(self, total: int, what: Callable[[int], object], is_accounted: Callable[[int], bool]) -> None:
        self._given: set[int] = set()
        self._cleared: list[int] = []
        self._fresh = self._free(min(total, MAX_INDEX), what, is_accounted)

    def clear(self, index: int) -> None:
        """This plan clears what is there."""
        self._cleared.append(index)

    def claim(self, index: int) -> bool:
        """Use this one, which is known to be empty; False: somebody else was given it."""
        is_free = index not in self._given
        self._given.add(index)
        return is_free

    def take(self) -> int | None:
        """A free place, or None: there is none."""
        while (index := next(self._fresh, None)) is not None:
            if index not in self._given:
                self._given.add(index)
                return index
        return self._cleared.pop(0) if self._cleared else None

    @staticmethod
    def _free(total: int, what: Callable[[int], object], is_accounted: Callable[[int], bool]) -> Iterator[int]:
        later = []
        for index in range(1, total + 1):
            if what(index) is Slot.EMPTY:
                if is_accounted(index):
                    later.append(index)
                else:
                    yield index
        yield from later


def user_places(observed: Observed, capabilities: Capabilities, ownership: Ownership) -> Places:
    """The places for users."""
    return Places(capabilities.users, observed.user, ownership.users.__contains__)


def credential_places(
    kind: CredentialKind, observed: Observed, capabilities: Capabilities, ownership: Ownership
) -> Places:
    """The places for credentials of a kind."""
    return Places(
        capabilities.kinds.get(kind, 0),
        lambda index: observed.credential(kind, index),
        lambda index: (kind, index) in ownership.credentials,
    )


def vanished(
    desired: Desired,
    observed: Observed,
    placed: Placed,
    fabric_index: int,
    *,
    names_creators: bool | None = None,
) -> Placed:
    """What we account for, the lock holds no more, or holds another's instead, and nobody wants there: to be forgotten.

    To be called before a plan, so that no place is accounted for twice. What is wanted and has gone stays accounted for: a user for one
    opening was used up, and is not put on again.
    """
    ownership = Ownership(observed, placed, fabric_index, names_creators)
    users = {user.key: user for user in desired.users}
    wanted = {each.credential_id for user in desired.users for each in user.credentials}
    standing = {(each.kind, each.index): ownership.of_credential(each) for each in placed.credentials}
    there = {each.credential_id for each in placed.credentials if standing[each.kind, each.index] is Standing.OURS}
    gone = {Standing.EMPTY, Standing.FOREIGN}
    # A lock may show what it had cleared with its user: as long as it does, somebody has to account for it.
    left = {each.user_key for each in placed.credentials if standing[each.kind, each.index] not in gone}
    return Placed(
        users=tuple(
            user
            for user in placed.users
            if user.key not in users and user.key not in left and ownership.of_user(user, None) in gone
        ),
        credentials=tuple(
            each
            for each in placed.credentials
            if standing[each.kind, each.index] in gone
            and (each.credential_id not in wanted or each.credential_id in there)
        ),
    )
