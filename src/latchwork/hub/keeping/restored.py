"""What a hub that came out of a backup must not believe of its own books: they are older than its locks.

Layer hub, on store; knows no lock's protocol. Since the backup was made, the hub of that time has gone on: places on the locks were filled,
emptied and given to others, people moved out, codes were changed. So nothing counts as known before it was read again, what the lock
shows of us and the books do not have is left alone, and where books and lock differ about somebody, nothing is written for them on that
lock until somebody decides: by changing their codes or accesses, or by `confirm` for the lock. What is to be taken away is taken away.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from latchwork.base.errors import Misuse
from latchwork.hub.books import doors as repository_doors
from latchwork.hub.books import placed as repository_placed
from latchwork.hub.desk import Desk, Household
from latchwork.hub.house.desired import Desired, Trouble, TroubleCode
from latchwork.hub.house.entities import Lock
from latchwork.hub.house.observed import Observed, SeenCredential, SeenUser, Slot
from latchwork.hub.house.placed import Placed, PlacedCredential, PlacedUser, Proof
from latchwork.hub.house.steps import ChangeUser, ClearCredential, ClearUser, Plan, Step
from latchwork.hub.journal.entries import Detail, Entry, Head, Kind
from latchwork.hub.journal.journal import append
from latchwork.hub.keeping.drift import person_of

SEARCH: Final = "restored/search"
"""The setting that says since when locks are looked for that joined after the backup, UTC seconds since 1970."""

_MESSAGE: Final = (
    "This lock and the backup that the hub was restored from differ about {name}: it was changed since then."
)
_ADVICE: Final = "Look at what is on the lock that the hub does not know. Then tell the hub to make the lock as it says, or give a new code."
_FORGOTTEN: Final = ("DELETE FROM session", "DELETE FROM answered")
_UNPROVED: Final = "UPDATE placed_credential SET proof = 0, proof_at_json = '{}'"


def begin(connection: sqlite3.Connection, *, made_at: float, now: float, head: Head, actor: str) -> None:
    """Make restored books ones that know it: a line in the journal, nothing proved any more, nobody logged in.

    Args:
        connection: to write with, in a transaction.
        made_at: when the backup was made, UTC seconds since 1970.
        now: when it is restored.
        head: the journal's newest entry at that time.
        actor: who restores it.

    Raises:
        sqlite3.Error: the storage failed.
    """
    for statement in (*_FORGOTTEN, _UNPROVED):
        connection.execute(statement)
    for lock in repository_doors.list_locks(connection):
        if lock.gone_at is None:
            repository_doors.put_setting(connection, _setting(lock.id), _Review(at=now).to_json())
    repository_doors.put_setting(connection, SEARCH, now)
    detail: dict[str, Detail] = {"made_at": int(made_at), "head": str(head)}
    append(connection, [Entry(at=now, kind=Kind.RESTORED, actor=actor, detail=detail)])


async def confirm(desk: Desk, lock_id: str, *, actor: str) -> None:
    """What the books say is to be on this lock, whatever was changed on it since the backup; what they do not have stays.

    Raises:
        NotFound: there is no such lock.
        Misuse: there is nothing to decide.
    """
    desk.repository.lock(lock_id)
    if desk.repository.setting(_setting(lock_id)) is None:
        raise Misuse("nothing on this lock waits for a decision")
    door = desk.repository.door_of_lock(lock_id)
    entry = desk.audit(actor, "restored_lock_confirmed", door=door, lock_id=lock_id)
    await desk.write(lambda to: repository_doors.forget_setting(to, _setting(lock_id)), lambda _: [entry])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Review:
    """How far the comparison of a lock with restored books is.

    Attributes:
        at: when they were restored, UTC seconds since 1970.
        is_read: every place that the books name was read since.
        held: for whom nothing is written, and what of theirs there was when that began.
    """

    at: float
    is_read: bool = False
    held: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As it is kept."""
        held = {person: list(marks) for person, marks in self.held.items()}
        return {"at": self.at, "is_read": self.is_read, "held": held}


class Review:
    """One lock of a restored hub, compared with the books; of any other lock, nothing.

    Args:
        desk: the books.
        lock: which.
    """

    __slots__ = ("_desk", "_lock", "_review")

    def __init__(self, desk: Desk, lock: Lock) -> None:
        self._desk = desk
        self._lock = lock
        self._review = self._kept()

    def _kept(self) -> _Review | None:
        kept = self._desk.repository.setting(_setting(self._lock.id))
        if not isinstance(kept, dict):
            return None
        held = {person: tuple(marks) for person, marks in dict(kept["held"]).items()}  # type: ignore[arg-type]  # as `to_json` wrote it
        return _Review(at=float(kept["at"]), is_read=kept["is_read"] is True, held=held)  # type: ignore[arg-type]  # likewise

    async def _keep(self, review: _Review) -> None:
        if review != self._review:
            self._review = review
            await self._desk.repository.put_setting(_setting(self._lock.id), review.to_json())

    async def take_stock(self, observed: Observed) -> None:
        """Before a plan: forget what the books say of places that are somebody else's now, and believe what was read.

        Raises:
            LatchworkError: the storage failed.
        """
        self._review = review = self._kept()
        if review is None or review.is_read:
            return
        placed = self._desk.repository.placed(self._lock.id)
        lost = [user for user in placed.users if self._is_anothers(user, observed)]
        indexes = {user.key: user.index for user in placed.users if user not in lost}
        moved: list[PlacedCredential] = []
        found: list[PlacedCredential] = []
        for each in placed.credentials:
            seen = observed.credential(each.kind, each.index)
            if each.user_key not in indexes or not isinstance(seen, SeenCredential):
                continue
            if seen.user_index not in {None, indexes[each.user_key]}:
                moved.append(each)
            elif seen.creator in {None, self._lock.fabric_index} and each.proof is Proof.NONE and not each.is_pending:
                found.append(each)

        def write(connection: sqlite3.Connection) -> None:
            for user in lost:
                repository_placed.forget_placed_user(connection, user.lock_id, user.key)
            for each in moved:
                repository_placed.forget_placed_credential(connection, each.lock_id, each.kind, each.index)
            for each in found:
                row = replace(each, proof=Proof.OCCUPIED, proof_at={"occupied": observed.read_at})
                repository_placed.save_placed_credential(connection, row)

        if lost or moved or found:
            await self._desk.repository.database.write(write)

    def _is_anothers(self, user: PlacedUser, observed: Observed) -> bool:
        seen = observed.user(user.index)
        person = self._desk.everybody().get(_person(user.key))
        if not isinstance(seen, SeenUser) or seen.unique_id is None or person is None:
            return False
        return seen.unique_id != person.unique_id

    async def look(self, found: Plan, desired: Desired, placed: Placed, observed: Observed) -> None:
        """After a plan: whoever it would change, and who was there before the restoration, is held.

        Raises:
            LatchworkError: the storage failed.
        """
        review = self._review
        if review is None:
            return
        house = self._desk.household()
        concerned = {person_of(step, placed) for step in found.steps if not _takes_away(step, desired)}
        held = {
            person: marks
            for person, marks in review.held.items()
            if person in concerned and marks == self._marks(house, person)
        }
        if not review.is_read:
            for person in concerned:
                if person is not None and person not in review.held and self._was_there(house, person, review.at):
                    held[person] = self._marks(house, person)
        is_read = review.is_read or not _has_unread(placed, observed)
        await self._keep(_Review(at=review.at, is_read=is_read, held=held))

    async def doubt(self, person_id: str) -> None:
        """The lock has shown that somebody's code is another than the books say.

        Raises:
            LatchworkError: the storage failed.
        """
        review = self._review
        if review is not None:
            marks = self._marks(self._desk.household(), person_id)
            await self._keep(replace(review, held={**review.held, person_id: marks}))

    async def close(self, *, can_prove: bool) -> None:
        """The lock is in line: where everything is known, it is a lock like any other.

        Args:
            can_prove: whether codes that are not proved may still be.

        Raises:
            LatchworkError: the storage failed.
        """
        review = self._review
        if review is None or not review.is_read or review.held:
            return
        placed = self._desk.repository.placed(self._lock.id)
        if not can_prove or all(each.proof >= Proof.PROVED for each in placed.credentials):
            self._review = None
            await self._desk.repository.forget_setting(_setting(self._lock.id))

    def may(self, step: Step, placed: Placed, desired: Desired) -> bool:
        """Whether a step is not one for somebody who is held."""
        review = self._review
        if review is None or not review.held or _takes_away(step, desired):
            return True
        return person_of(step, placed) not in review.held

    def troubles(self) -> list[Trouble]:
        """Who is held, for people."""
        if self._review is None:
            return []
        persons = self._desk.everybody()
        return [
            Trouble(
                code=TroubleCode.DRIFTED,
                message=_MESSAGE.format(name=persons[each].name if each in persons else "somebody"),
                advice=_ADVICE,
                person_id=each,
            )
            for each in sorted(self._review.held)
        ]

    def _was_there(self, house: Household, person_id: str, at: float) -> bool:
        door = house.door_of.get(self._lock.id)
        accesses = () if door is None else house.accesses.get(door.id, ())
        return any(each.person_id == person_id and each.created_at <= at for each in accesses)

    def _marks(self, house: Household, person_id: str) -> tuple[str, ...]:
        """What of somebody makes a lock hold what it should: it becomes another when somebody decides something."""
        door = house.door_of.get(self._lock.id)
        accesses = () if door is None else house.accesses.get(door.id, ())
        marks = [f"{each.id}/{each.version}" for each in accesses if each.person_id == person_id]
        marks += [f"{each.id}/{each.version}" for each in house.credentials.get(person_id, ())]
        return tuple(sorted(marks))


def _has_unread(placed: Placed, observed: Observed) -> bool:
    return any(observed.user(user.index) is Slot.UNREADABLE for user in placed.users) or any(
        observed.credential(each.kind, each.index) is Slot.UNREADABLE for each in placed.credentials
    )


def _takes_away(step: Step, desired: Desired) -> bool:
    """Whether a step only takes something away that nobody wants there."""
    match step:
        case ClearUser(key=key):
            return all(user.key != key for user in desired.users)
        case ClearCredential(credential_id=credential_id):
            return all(each.credential_id != credential_id for user in desired.users for each in user.credentials)
        case ChangeUser(user=user):
            return not user.is_enabled
        case _:
            return False


def _person(key: str) -> str:
    return key.partition("/")[0]


def _setting(lock_id: str) -> str:
    return f"lock/{lock_id}/restored"
