"""People, their codes and what they may: every change is written down with who made it, and the locks that it concerns are woken.

Layer hub, on store; knows no lock's protocol. Each operation returns when it is durable; what the locks make of it, `placed` tells.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from latchwork.base.errors import Misuse
from latchwork.base.logs import Secret
from latchwork.hub.books import accesses, people
from latchwork.hub.books.doors import list_locks
from latchwork.hub.codes import duplicate_of, length_for, random_code
from latchwork.hub.desk import Desk
from latchwork.hub.house.entities import Access, Credential, CredentialKind, Person
from latchwork.hub.house.observed import Capabilities
from latchwork.hub.house.rule_json import encode_rule
from latchwork.hub.journal.entries import Detail, Entry
from latchwork.hub.people import removal
from latchwork.hub.people.removal import RemovalReport
from latchwork.hub.people.removal_report import GIVEN_UP

MAX_UNIQUE_ID: Final = 0xFFFF_FFFE
"""The greatest UserUniqueID that names a user (Application Clusters 5.2.10.17)."""
MIN_PIN: Final = 4
MAX_PIN: Final = 32


class DuplicateCode(Misuse):
    """Somebody in the house has this code already: a lock takes it once, and could not tell who came."""

    advice = "Choose another code."


class People:
    """Operations on people, credentials and accesses.

    Methods raise `NotFound`, `Conflict` and `Misuse` as the functions of the repository do, and `StoreError` where the storage fails.

    Args:
        desk: the books.
        wake_doors: called with the doors whose locks should hold something else now; None is all.
        capabilities: what a lock can do, or None where it has not been read.
        reasons: why a lock is not in line at the moment, in plain words, or None.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        wake_doors: Callable[[Iterable[str] | None], None],
        capabilities: Callable[[str], Capabilities | None],
        reasons: Callable[[str], str | None],
    ) -> None:
        self._desk = desk
        self._wake_doors = wake_doors
        self._capabilities = capabilities
        self._reasons = reasons

    # Persons

    async def add_person(self, person: Person, *, actor: str) -> Person:
        """Keep somebody new; an empty id and a unique id of 0 are filled in."""
        desk = self._desk
        person = replace(
            person,
            id=person.id or desk.new_id("person"),
            unique_id=person.unique_id or self._unique_id(),
            created_at=person.created_at or desk.now(),
        )
        return await desk.write(
            lambda to: people.put_person(to, person), lambda kept: [desk.audit(actor, "person_added", person=kept)]
        )

    def _unique_id(self) -> int:
        """A number that no person has, also none who left."""
        while True:
            number = int.from_bytes(self._desk.entropy(4), "big") % MAX_UNIQUE_ID + 1
            if self._desk.repository.person_with_unique_id(number) is None:
                return number

    async def change_person(self, person: Person, *, actor: str) -> Person:
        """Keep somebody changed."""
        kept = await self._desk.write(
            lambda to: people.put_person(to, person),
            lambda kept: [self._desk.audit(actor, "person_changed", person=kept)],
        )
        self._wake_doors(self._doors_of(kept.id))
        return kept

    async def move_out(self, person_id: str, *, actor: str) -> Person:
        """Somebody leaves: all accesses end, everywhere. `removal` tells how far that is."""
        desk, now = self._desk, self._desk.now()
        doors = self._doors_of(person_id)

        def write(to: sqlite3.Connection) -> Person:
            person = people.person_leaves(to, person_id, now)
            # A lock that was given up may still know them.
            removal.begin(to, person, tuple(lock.id for lock in list_locks(to, with_gone=True)), now)
            return person

        person = await desk.write(write, lambda left: [desk.audit(actor, "moved_out", person=left)])
        # Every lock, not only those of the person's doors: one may still hold something of an earlier access.
        self._wake_doors(None)
        desk.bus.publish("person", {"person_id": person_id, "left": True, "doors": sorted(doors)})
        return person

    def removal(self, person_id: str) -> RemovalReport | None:
        """Where somebody who moved out is gone, and where that is not known yet; None when nobody moved them out."""
        reasons: dict[str, str] = {}
        for lock in self._desk.repository.locks(with_gone=True):
            why = self._reasons(lock.id) if lock.gone_at is None else GIVEN_UP
            if why is not None:
                reasons[lock.id] = why
        return removal.report(self._desk.repository, person_id, reasons, self._desk.journal.head())

    # Credentials

    async def add_credential(self, credential: Credential, secret: Secret | None, *, actor: str) -> Credential:
        """A new credential; an empty id is filled in.

        Args:
            credential: what it is; its length and version follow from the secret.
            secret: what is shown; None for what cannot be copied, as with a finger.
            actor: who adds it.

        Raises:
            DuplicateCode: it is somebody's already.
            Misuse: it is no code, or the person has left.
        """
        desk = self._desk
        credential = replace(
            credential,
            id=credential.id or desk.new_id("credential"),
            length=0 if secret is None else len(secret),
            version=1,
            created_at=credential.created_at or desk.now(),
        )
        if secret is not None:
            _check(credential.kind, secret)

        def write(to: sqlite3.Connection) -> tuple[Credential, Person]:
            person = people.get_person(to, credential.person_id)
            if person.left_at is not None:
                raise Misuse("somebody who has left gets no new code")
            people.put_credential(to, credential)
            if secret is not None:
                self._put_secret(to, credential, secret)
            return credential, person

        await desk.write(write, lambda kept: [self._about(actor, "credential_added", *kept)])
        self._wake_doors(self._doors_of(credential.person_id))
        return credential

    async def set_secret(self, credential_id: str, secret: Secret, *, actor: str) -> Credential:
        """Another code for the same credential.

        Raises:
            DuplicateCode: it is somebody's already.
            Misuse: it is no code.
        """

        def write(to: sqlite3.Connection) -> tuple[Credential, Person]:
            before = people.get_credential(to, credential_id)
            _check(before.kind, secret)
            credential = replace(before, version=before.version + 1, length=len(secret))
            people.put_credential(to, credential)
            self._put_secret(to, credential, secret)
            return credential, people.get_person(to, credential.person_id)

        kept, _ = await self._desk.write(write, lambda kept: [self._about(actor, "code_set", *kept)])
        self._wake_doors(self._doors_of(kept.person_id))
        return kept

    def _put_secret(self, to: sqlite3.Connection, credential: Credential, secret: Secret) -> None:
        self._desk.secrets.forget_unused_on(to)  # a code that no lock knows any more is free again
        if duplicate_of(credential.id, self._desk.secrets.holders_on(to, secret)) is not None:
            raise DuplicateCode("somebody has this code already")
        self._desk.secrets.put_on(to, credential.id, credential.version, secret)

    def random_code(self, person_id: str, length: int | None = None) -> Secret:
        """A code that fits every lock that the person may open, is nobody's and is hard to guess.

        Args:
            person_id: whose; somebody without access anywhere gets one for all locks.
            length: digits; None is as the site wants, or as long as the locks allow.

        Raises:
            NoCommonLength: there is no such length.
            NoCodeLeft: none was found.
        """
        house = self._desk.household()
        doors = self._doors_of(person_id) or set(house.doors)
        locks: dict[str, Capabilities] = {}
        for door_id in doors:
            door = house.doors.get(door_id)
            can = None if door is None or door.lock_id is None else self._capabilities(door.lock_id)
            if door is not None and can is not None:
                locks[door.name] = can
        digits = length_for(locks, length if length is not None else house.site.code_length)
        return Secret(random_code(digits, self._desk.entropy, _Taken(self._desk)).encode())

    async def relabel(self, credential: Credential, *, actor: str) -> Credential:
        """Keep another label."""
        return await self._desk.write(
            lambda to: people.put_credential(to, credential),
            lambda kept: [self._desk.audit(actor, "relabelled", credential=kept)],
        )

    async def reveal(self, credential_id: str, *, actor: str) -> Secret:
        """What the code is; written down before it is answered."""

        def write(to: sqlite3.Connection) -> tuple[Credential, Person, Secret]:
            credential = people.get_credential(to, credential_id)
            secret = self._desk.secrets.get_on(to, credential_id, credential.version)
            return credential, people.get_person(to, credential.person_id), secret

        *_, secret = await self._desk.write(write, lambda read: [self._about(actor, "revealed", read[0], read[1])])
        return secret

    async def remove_credential(self, credential_id: str, *, actor: str) -> None:
        """Take a credential out of use, everywhere."""
        desk, now = self._desk, self._desk.now()
        credential = desk.repository.credential(credential_id)
        doors, person = self._doors_of(credential.person_id), desk.repository.person(credential.person_id)
        await desk.write(
            lambda to: people.remove_credential(to, credential_id, now),
            lambda _: [self._about(actor, "credential_removed", credential, person)],
        )
        self._wake_doors(doors)

    # Accesses

    async def grant(self, access: Access, *, actor: str) -> Access:
        """A new promise; an empty id is filled in."""
        desk = self._desk
        access = replace(
            access,
            id=access.id or desk.new_id("access"),
            created_at=access.created_at or desk.now(),
            origin=access.origin or actor,
        )
        kept = await desk.write(lambda to: accesses.put_access(to, access), self._access_entry(actor, "granted"))
        self._wake_doors(kept.door_ids)
        return kept

    async def change_access(self, access: Access, *, actor: str) -> Access:
        """Another promise."""
        before = self._desk.repository.access(access.id)
        kept = await self._desk.write(
            lambda to: accesses.put_access(to, access), self._access_entry(actor, "access_changed")
        )
        self._wake_doors({*before.door_ids, *kept.door_ids})
        return kept

    async def revoke(self, access_id: str, *, actor: str) -> None:
        """Take a promise back."""
        before = self._desk.repository.access(access_id)

        def write(to: sqlite3.Connection) -> Access:
            accesses.remove_access(to, access_id)
            return before

        await self._desk.write(write, self._access_entry(actor, "revoked"))
        self._wake_doors(before.door_ids)

    # What is told of it

    def _access_entry(self, actor: str, did: str) -> Callable[[Access], list[Entry]]:
        everybody = self._desk.everybody()

        def entries(access: Access) -> list[Entry]:
            detail: Mapping[str, Detail] = {
                "access": access.id,
                "doors": list(access.door_ids[:50]),
                "rule": encode_rule(access.rule)[:1000],
            }
            return [self._desk.audit(actor, did, person=everybody.get(access.person_id), detail=detail)]

        return entries

    def _about(self, actor: str, did: str, credential: Credential, person: Person) -> Entry:
        return self._desk.audit(actor, did, person=person, credential=credential)

    def _doors_of(self, person_id: str) -> set[str]:
        return {
            door_id
            for door_id, granted in self._desk.household().accesses.items()
            if any(access.person_id == person_id for access in granted)
        }


class _Taken:
    """Codes that somebody has, or that a lock may still know."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def __contains__(self, code: object) -> bool:
        return isinstance(code, str) and bool(self._desk.secrets.holders(code.encode()))


def _check(kind: CredentialKind, secret: Secret) -> None:
    """Refuses what is no code, without saying it back."""
    if kind is CredentialKind.PIN and not (secret.isdigit() and MIN_PIN <= len(secret) <= MAX_PIN):
        raise Misuse(f"a code has {MIN_PIN} to {MAX_PIN} digits and nothing else")
