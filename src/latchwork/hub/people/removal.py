"""Who moved out, and from which locks that is known: the proof that somebody's codes are gone.

Layer hub, on store. A lock counts as cleared when it was read afterwards and its places were empty, not when it said yes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from latchwork.hub.books.doors import door_of_lock, get_setting, put_setting
from latchwork.hub.books.placed import forget_placed_user, get_placed
from latchwork.hub.books.repository import Repository
from latchwork.hub.house.entities import Person
from latchwork.hub.journal.entries import Head

_PREFIX: Final = "removal/"


@dataclass(frozen=True, slots=True, kw_only=True)
class LockCleared:
    """One lock that somebody could open.

    Attributes:
        lock_id: which lock.
        door_name: where it was when they left.
        cleared_at: when it was read and nothing of them was there, UTC seconds since 1970; None: not yet.
        why: why not yet, in plain words, or empty.
        credentials: how many credentials of theirs were on it when they left, by our own account.
    """

    lock_id: str
    door_name: str
    cleared_at: float | None = None
    why: str = ""
    credentials: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalReport:
    """Where somebody's access is gone, and where that is not known yet.

    Attributes:
        person_id, person_name: who.
        left_at: when they were moved out, UTC seconds since 1970.
        locks: every lock that held something of them then.
        head: the newest entry of the journal when the report was made: kept with it, it shows that nothing was changed since.
    """

    person_id: str
    person_name: str
    left_at: float
    locks: tuple[LockCleared, ...]
    head: Head

    @property
    def is_complete(self) -> bool:
        """Whether every lock was read and holds nothing of them."""
        return all(each.cleared_at is not None for each in self.locks)


def begin(connection: sqlite3.Connection, person: Person, lock_ids: tuple[str, ...], at: float) -> None:
    """Remember, within the write by which somebody leaves, from which locks they are to go."""
    if get_setting(connection, _PREFIX + person.id) is not None:
        return  # they left before: what is known since then stays
    locks: dict[str, Any] = {}
    for lock_id in lock_ids:
        if _is_on(connection, lock_id, person.id):
            door = door_of_lock(connection, lock_id)
            count = sum(
                each.user_key.split("/", 1)[0] == person.id for each in get_placed(connection, lock_id).credentials
            )
            locks[lock_id] = {"door": "" if door is None else door.name, "at": None, "credentials": count}
    put_setting(connection, _PREFIX + person.id, {"at": at, "locks": locks})


def forget_user(connection: sqlite3.Connection, lock_id: str, key: str, at: float) -> None:
    """A user of ours is not on the lock any more: it was read, or somebody else cleared it."""
    forget_placed_user(connection, lock_id, key)
    note(connection, lock_id, key.split("/", 1)[0], at)


def note(connection: sqlite3.Connection, lock_id: str, person_id: str, at: float) -> None:
    """Nothing of this person may be left on the lock: if so, say since when it is known."""
    kept = get_setting(connection, _PREFIX + person_id)
    if not isinstance(kept, dict):
        return
    locks = kept.get("locks")
    mine = locks.get(lock_id) if isinstance(locks, dict) else None
    if isinstance(mine, dict) and mine.get("at") is None and not _is_on(connection, lock_id, person_id):
        mine["at"] = at
        put_setting(connection, _PREFIX + person_id, kept)


def report(repository: Repository, person_id: str, reasons: Mapping[str, str], head: Head) -> RemovalReport | None:
    """What is known of somebody's leaving; None when nobody moved them out.

    Args:
        repository: where it is kept.
        person_id: who.
        reasons: by lock, why it is not in line at the moment.
        head: of the journal.
    """
    kept = repository.setting(_PREFIX + person_id)
    if not isinstance(kept, dict) or not isinstance(kept["locks"], dict):
        return None
    locks = []
    for lock_id, each in kept["locks"].items():
        assert isinstance(each, dict)
        at = each["at"]
        why = "" if at is not None else reasons.get(lock_id, "the lock has not been asked yet")
        locks.append(
            LockCleared(
                lock_id=lock_id,
                door_name=str(each["door"]),
                cleared_at=float(at) if isinstance(at, int | float) else None,
                why=why,
                credentials=_count(each.get("credentials")),
            )
        )
    at = kept["at"]
    assert isinstance(at, int | float)
    name = repository.person(person_id).name
    return RemovalReport(person_id=person_id, person_name=name, left_at=at, locks=tuple(locks), head=head)


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def _is_on(connection: sqlite3.Connection, lock_id: str, person_id: str) -> bool:
    placed = get_placed(connection, lock_id)
    return any(user.key.split("/", 1)[0] == person_id for user in placed.users)
