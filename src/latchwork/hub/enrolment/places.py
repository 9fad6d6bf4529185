"""Which user of a lock an enrolment is for, and whether what comes would stay there: questions to the books and to the compiler.

Layer hub, on store; asks no lock.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from latchwork.base.errors import Misuse
from latchwork.hub.desk import Desk
from latchwork.hub.enrolment.rows import Enrolment
from latchwork.hub.house.desired import DesiredUser
from latchwork.hub.house.entities import Access, Credential, CredentialKind, Door, Lock
from latchwork.hub.house.observed import Capabilities, Observed, SeenCredential, SeenUser, Slot
from latchwork.hub.house.rules import Once
from latchwork.hub.plan.compile import compile_lock


class Eyes(Protocol):
    """Looks at one place of a lock."""

    async def user(self, lock: Lock, index: int) -> SeenUser | Slot:
        """What is in a user's place."""

    async def credential(self, lock: Lock, kind: CredentialKind, index: int) -> SeenCredential | Slot:
        """What is in a credential's place."""


class LockFacts(Protocol):
    """What is known of locks, and how to have one looked at."""

    def capabilities(self, lock_id: str) -> Capabilities | None:
        """What it can do; None before it was read."""

    def observed(self, lock_id: str) -> Observed | None:
        """What it held when it was read last."""

    def wake(self, lock_id: str) -> None:
        """Read it again now."""


class EnrolmentPlaces:
    """Answers for one hub.

    Args:
        desk: the books.
        locks: what is known of locks.
    """

    __slots__ = ("_desk", "_locks")

    def __init__(self, desk: Desk, locks: LockFacts) -> None:
        self._desk = desk
        self._locks = locks

    def waiting_credential(self, person_id: str, lock_id: str, kind: CredentialKind) -> Credential | None:
        """One that was to be enrolled here and is not on the lock, as after a reset."""
        placed = {each.credential_id for each in self._desk.repository.placed(lock_id).credentials}
        owned = self._desk.household().credentials.get(person_id, ())
        waiting = (
            each
            for each in owned
            if each.kind is kind and each.lock_id == lock_id and not each.length and each.id not in placed
        )
        return next(waiting, None)

    def access_that_names(self, door: Door, credential: Credential) -> Access | None:
        """The one access that has to name the new credential, too; None: there is one for everything that the person has.

        Raises:
            Misuse: there are several, and it could be for each of them.
        """
        granted = self._desk.household().accesses.get(door.id, ())
        mine = [each for each in granted if each.person_id == credential.person_id and each.is_enabled]
        if not mine or any(not each.credential_ids for each in mine):
            return None
        if len(mine) > 1:
            raise Misuse(
                "the person has several accesses to this door, each for other credentials",
                advice="Let one of them be for everything that the person has.",
            )
        return replace(mine[0], credential_ids=(*mine[0].credential_ids, credential.id))

    def wanted(self, lock_id: str, credential: Credential, changed: Access | None) -> DesiredUser | None:
        """The user of the lock that the credential is for; None: there is none now.

        Nor is there one where the credential would belong to another user once it is there: it cannot be moved, and would be taken off.

        Args:
            lock_id: which lock.
            credential: kept already, or not yet.
            changed: an access as it will be, or None.
        """
        house, can = self._desk.household(), self._locks.capabilities(lock_id)
        door, person = house.door_of.get(lock_id), house.persons.get(credential.person_id)
        if door is None or can is None or person is None:
            return None
        accesses = [
            changed if changed is not None and each.id == changed.id else each
            for each in house.accesses.get(door.id, ())
            if each.person_id == person.id
        ]
        owned = [each for each in house.credentials.get(person.id, ()) if each.id != credential.id]
        owned.append(credential)
        bodies = {each.id for each in owned if not each.length}
        enrolled = bodies & {each.credential_id for each in self._desk.repository.placed(lock_id).credentials}
        ids = tuple(sorted(each.id for each in accesses if _is_for(each, credential)))
        found: list[DesiredUser | None] = []
        for there in (enrolled, enrolled | {credential.id}):
            desired = compile_lock(
                lock_id, house.site, [person], owned, list(accesses), can, self._desk.now(), enrolled=there
            )
            found.append(next((user for user in desired.users if user.access_ids == ids), None))
        before, after = found
        if before is None or after is None or before.key != after.key:
            return None
        return after if any(each.credential_id == credential.id for each in after.credentials) else None

    def of_user(self, each: Enrolment) -> int | None:
        """The number of the person's user on the lock, once it is known to be there."""
        owned = self._desk.household().credentials.get(each.person_id, ())
        credential = next((one for one in owned if one.id == each.credential_id), None)
        wanted = None if credential is None else self.wanted(each.lock_id, credential, None)
        seen = self._locks.observed(each.lock_id)
        if wanted is None or seen is None:
            return None
        for user in self._desk.repository.placed(each.lock_id).users:
            if user.key == wanted.key and not user.is_pending and isinstance(seen.user(user.index), SeenUser):
                return user.index
        return None


def taken(seen: Observed, kind: CredentialKind) -> list[tuple[CredentialKind, int]]:
    """Places of a kind that a lock's credentials are in."""
    return [place for place, each in seen.credentials.items() if place[0] is kind and isinstance(each, SeenCredential)]


def _is_for(access: Access, credential: Credential) -> bool:
    is_over = isinstance(access.rule, Once) and access.first_used_at is not None
    is_named = not access.credential_ids or credential.id in access.credential_ids
    return access.is_enabled and not is_over and is_named
