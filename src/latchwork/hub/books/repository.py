"""The site's people, doors, locks, credentials and accesses, as values out of the database and back into it.

Layer hub, on store; knows no lock's protocol. Reading is immediate and on the caller's thread; whatever writes returns when it is
durable. What has to change together is written by one `Database.write` with the functions of `repository_people`, `repository_doors`,
`repository_accesses` and `repository_placed`, which are what the methods here call.

Whoever changes a person, a door or an access puts the value that it read, changed: if somebody else was faster, it is a `Conflict` and
nothing is written.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, TypeVar

from latchwork.hub.books import accesses, doors, people, placed
from latchwork.hub.books.rows import Conflict, Json, NotFound, RowDamaged
from latchwork.hub.house.desired import Trouble
from latchwork.hub.house.entities import Access, Credential, CredentialKind, Door, Lock, Person, Site
from latchwork.hub.house.placed import Placed, PlacedCredential, PlacedUser
from latchwork.store.database import Database

__all__ = ["Conflict", "Json", "NotFound", "Repository", "RowDamaged", "Snapshot"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything that says what should be on the locks, at one moment.

    Attributes:
        site: the site.
        persons: who has not left, by name.
        doors: by position.
        locks: those that are not gone.
        credentials: those in use.
        accesses: all.
    """

    site: Site
    persons: tuple[Person, ...]
    doors: tuple[Door, ...]
    locks: tuple[Lock, ...]
    credentials: tuple[Credential, ...]
    accesses: tuple[Access, ...]


class Repository:
    """The entities of one database.

    Every method raises `StoreError` where the storage fails, `RowDamaged` where a row cannot be read, and what its function in the
    `repository_*` files says; `ConstraintBroken` stands for its `sqlite3.IntegrityError`.

    Args:
        database: where they are kept; closing it is its owner's.
    """

    __slots__ = ("database",)

    def __init__(self, database: Database) -> None:
        self.database = database

    def snapshot(self) -> Snapshot:
        """All at one moment."""
        return self.database.read(_snapshot)

    # Site and settings

    def site(self) -> Site:
        """The site."""
        return self.database.read(doors.get_site)

    async def put_site(self, site: Site) -> None:
        """Keep the site; the last one counts."""
        await self._write(doors.put_site, site)

    def setting(self, name: str, default: Json = None) -> Json:
        """What is kept under `name`."""
        return self._read(doors.get_setting, name, default)

    def settings(self, prefix: str = "") -> dict[str, Json]:
        """All settings whose name begins with `prefix`."""
        return self._read(doors.list_settings, prefix)

    async def put_setting(self, name: str, value: Json) -> None:
        """Keep a setting; the last one counts."""
        await self._write(doors.put_setting, name, value)

    async def forget_setting(self, name: str) -> None:
        """Forget a setting, if there is one."""
        await self._write(doors.forget_setting, name)

    # People and credentials

    def person(self, person_id: str) -> Person:
        """The person, also one who left; `NotFound` where there is none."""
        return self._read(people.get_person, person_id)

    def persons(self, *, with_left: bool = False) -> list[Person]:
        """Everybody who has not left, by name; those who left too, on request."""
        return self._read(people.list_persons, with_left=with_left)

    def person_with_unique_id(self, unique_id: int) -> Person | None:
        """Whom a lock means by a UserUniqueID, also one who left."""
        return self._read(people.person_with_unique_id, unique_id)

    async def put_person(self, person: Person) -> Person:
        """Keep a new person (version 1) or a changed one; returns it with the version that is kept now."""
        return await self._write(people.put_person, person)

    async def person_leaves(self, person_id: str, at: float) -> Person:
        """Somebody moves out at `at`, UTC seconds since 1970: their accesses end, their name stays."""
        return await self._write(people.person_leaves, person_id, at)

    def credential(self, credential_id: str) -> Credential:
        """The credential, also a removed one; `NotFound` where there is none."""
        return self._read(people.get_credential, credential_id)

    def credentials(self, person_id: str | None = None) -> list[Credential]:
        """Credentials in use: a person's, or those of everybody who has not left."""
        return self._read(people.list_credentials, person_id)

    async def put_credential(self, credential: Credential) -> Credential:
        """Keep a new credential or a changed one; its version counts secrets."""
        return await self._write(people.put_credential, credential)

    async def remove_credential(self, credential_id: str, at: float) -> None:
        """Take a credential out of use at `at`, UTC seconds since 1970; an access that named only this one goes too."""
        await self._write(people.remove_credential, credential_id, at)

    # Doors and locks

    def door(self, door_id: str) -> Door:
        """The door; `NotFound` where there is none."""
        return self._read(doors.get_door, door_id)

    def doors(self) -> list[Door]:
        """All doors, by position."""
        return self.database.read(doors.list_doors)

    def door_of_lock(self, lock_id: str) -> Door | None:
        """The door that a lock is on, or None."""
        return self._read(doors.door_of_lock, lock_id)

    async def put_door(self, door: Door) -> Door:
        """Keep a new door (version 1) or a changed one; returns it with the version that is kept now."""
        return await self._write(doors.put_door, door)

    async def remove_door(self, door_id: str) -> None:
        """Forget a door; an access that has no other door goes too, the lock stays."""
        await self._write(doors.remove_door, door_id)

    def lock(self, lock_id: str) -> Lock:
        """The lock, also one that is gone; `NotFound` where there is none."""
        return self._read(doors.get_lock, lock_id)

    def locks(self, *, with_gone: bool = False) -> list[Lock]:
        """All locks that are not gone; those that are too, on request."""
        return self._read(doors.list_locks, with_gone=with_gone)

    def locks_on_node(self, node_id: int) -> list[Lock]:
        """The locks of a node of the hub's fabric, by endpoint."""
        return self._read(doors.locks_on_node, node_id)

    async def put_lock(self, lock: Lock) -> None:
        """Keep a new lock or a changed one; the last one counts."""
        await self._write(doors.put_lock, lock)

    # Accesses

    def access(self, access_id: str) -> Access:
        """The access; `NotFound` where there is none."""
        return self._read(accesses.get_access, access_id)

    def accesses(self, *, person_id: str | None = None, door_id: str | None = None) -> list[Access]:
        """Accesses, oldest first: all, or those of a person and to a door."""
        return self._read(accesses.list_accesses, person_id=person_id, door_id=door_id)

    async def put_access(self, access: Access) -> Access:
        """Keep a new access (version 1) or a changed one; returns it with the version that is kept now."""
        return await self._write(accesses.put_access, access)

    async def remove_access(self, access_id: str) -> None:
        """Take a promise back."""
        await self._write(accesses.remove_access, access_id)

    # What is on the locks

    def placed(self, lock_id: str) -> Placed:
        """Everything of ours on a lock, by our own account."""
        return self._read(placed.get_placed, lock_id)

    def places_of(self, credential_id: str) -> list[PlacedCredential]:
        """Every place on every lock where a credential is."""
        return self._read(placed.places_of, credential_id)

    async def save_placed_user(self, user: PlacedUser) -> None:
        """Keep a user's place on a lock; named by lock and key."""
        await self._write(placed.save_placed_user, user)

    async def rename_placed_user(self, lock_id: str, key: str, new_key: str) -> None:
        """Name a placed user anew, together with its credentials."""
        await self._write(placed.rename_placed_user, lock_id, key, new_key)

    async def forget_placed_user(self, lock_id: str, key: str) -> None:
        """The lock cleared this user, and with it every credential it had."""
        await self._write(placed.forget_placed_user, lock_id, key)

    async def save_placed_credential(self, credential: PlacedCredential) -> None:
        """Keep what is in a place of a lock; named by lock, kind and index."""
        await self._write(placed.save_placed_credential, credential)

    async def forget_placed_credential(self, lock_id: str, kind: CredentialKind, index: int) -> None:
        """The lock cleared this credential."""
        await self._write(placed.forget_placed_credential, lock_id, kind, index)

    async def forget_placed(self, lock_id: str) -> None:
        """Nothing of ours is on this lock any more: it was reset, or our fabric removed from it."""
        await self._write(placed.forget_placed, lock_id)

    def troubles(self, lock_id: str) -> tuple[Trouble, ...]:
        """What is not as it should be on a lock."""
        return self._read(placed.get_troubles, lock_id)

    async def save_troubles(self, lock_id: str, troubles: Iterable[Trouble]) -> None:
        """Keep what is not as it should be on a lock, instead of what was kept."""
        await self._write(placed.save_troubles, lock_id, tuple(troubles))

    def _read(
        self, function: Callable[Concatenate[sqlite3.Connection, _P], _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        return self.database.read(lambda connection: function(connection, *args, **kwargs))

    async def _write(
        self, function: Callable[Concatenate[sqlite3.Connection, _P], _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        return await self.database.write(lambda connection: function(connection, *args, **kwargs))


def _snapshot(connection: sqlite3.Connection) -> Snapshot:
    return Snapshot(
        site=doors.get_site(connection),
        persons=tuple(people.list_persons(connection)),
        doors=tuple(doors.list_doors(connection)),
        locks=tuple(doors.list_locks(connection)),
        credentials=tuple(people.list_credentials(connection)),
        accesses=tuple(accesses.list_accesses(connection)),
    )
