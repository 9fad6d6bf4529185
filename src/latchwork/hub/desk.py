"""What every service of the hub has at hand: the house's books, the bus, a clock, and one way to write things down with their reason.

Layer hub, on store; knows no lock's protocol.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from latchwork.base.clock import Clock
from latchwork.hub.books.repository import Repository, Snapshot
from latchwork.hub.books.secrets import Secrets
from latchwork.hub.bus import Bus
from latchwork.hub.house.entities import Access, Credential, Door, Lock, Person, Site
from latchwork.hub.journal.entries import Detail, Entry, Kind
from latchwork.hub.journal.journal import Journal, append

_T = TypeVar("_T")
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no letter looks like a digit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """A snapshot of the house, by what is looked for in it.

    Attributes:
        site: the site.
        persons: who has not left, by id.
        credentials: those in use, by person.
        doors: by id.
        door_of: by the id of the lock on it.
        locks: those that are not gone, by id.
        locks_on: the same, by node.
        accesses: by door.
    """

    site: Site
    persons: Mapping[str, Person]
    credentials: Mapping[str, Sequence[Credential]]
    doors: Mapping[str, Door]
    door_of: Mapping[str, Door]
    locks: Mapping[str, Lock]
    locks_on: Mapping[int, Sequence[Lock]]
    accesses: Mapping[str, Sequence[Access]]


class Desk:
    """What is shared by the services of one hub.

    Attributes:
        repository, secrets, journal: the books.
        bus: live events.
        clock: both clocks.
        entropy: octets nobody can guess.
    """

    __slots__ = ("_everybody", "_household", "bus", "clock", "entropy", "journal", "repository", "secrets")

    def __init__(
        self,
        *,
        repository: Repository,
        secrets: Secrets,
        journal: Journal,
        bus: Bus,
        clock: Clock,
        entropy: Callable[[int], bytes],
    ) -> None:
        self.repository = repository
        self.secrets = secrets
        self.journal = journal
        self.bus = bus
        self.clock = clock
        self.entropy = entropy
        self._household: Household | None = None
        self._everybody: dict[str, Person] | None = None

    def now(self) -> float:
        """UTC seconds since 1970."""
        return self.clock.utc()

    def new_id(self, prefix: str) -> str:
        """`<prefix>_` and 26 characters: 48 bits of milliseconds since 1970 and 80 of chance, so that they sort by age."""
        number = ((int(self.now() * 1000) & ((1 << 48) - 1)) << 80) | int.from_bytes(self.entropy(10), "big")
        return f"{prefix}_{''.join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))}"

    def household(self) -> Household:
        """The house as it is now; read once after each change, however many locks ask."""
        if self._household is None:
            self._household = _arranged(self.repository.snapshot())
        return self._household

    def everybody(self) -> Mapping[str, Person]:
        """Persons by id, those who left too: the journal knows them."""
        if self._everybody is None:
            self._everybody = {person.id: person for person in self.repository.persons(with_left=True)}
        return self._everybody

    def outdated(self) -> None:
        """Somebody changed the house: read it anew when it is asked for next."""
        self._household = self._everybody = None

    async def write(
        self, function: Callable[[sqlite3.Connection], _T], entries: Callable[[_T], Iterable[Entry]] = lambda _: ()
    ) -> _T:
        """Change the house and write down why in one transaction; tells the bus of the new entries.

        Args:
            function: makes the change, as for `Database.write`.
            entries: of its result, what the journal is to say.

        Raises:
            LatchworkError: as `Database.write`.
        """
        kept: list[Entry] = []

        def both(connection: sqlite3.Connection) -> _T:
            result = function(connection)
            kept[:] = append(connection, entries(result))
            return result

        result = await self.repository.database.write(both)
        self.outdated()
        self.tell_entries(kept)
        return result

    async def note(self, *entries: Entry) -> None:
        """Append to the journal and tell the bus.

        Raises:
            LatchworkError: as `Journal.append`.
        """
        self.tell_entries(await self.journal.append(entries))

    def audit(
        self,
        actor: str,
        did: str,
        *,
        person: Person | None = None,
        door: Door | None = None,
        lock_id: str | None = None,
        credential: Credential | None = None,
        detail: Mapping[str, Detail] | None = None,
    ) -> Entry:
        """An entry that says who did what in the hub."""
        return Entry(
            at=self.now(),
            kind=Kind.AUDIT,
            actor=actor,
            person_id=None if person is None else person.id,
            person_name="" if person is None else person.name,
            door_id=None if door is None else door.id,
            door_name="" if door is None else door.name,
            lock_id=lock_id if door is None else door.lock_id,
            credential_id=None if credential is None else credential.id,
            credential_kind=None if credential is None else credential.kind,
            detail={"did": did, **(detail or {})},
        )

    def tell_entries(self, entries: Iterable[Entry]) -> None:
        """Tell the bus of new entries of the journal."""
        for entry in entries:
            self.bus.publish(
                "journal",
                {
                    "seq": entry.seq,
                    "at": entry.at,
                    "kind": entry.kind.value,
                    "lock_id": entry.lock_id,
                    "door_id": entry.door_id,
                    "door_name": entry.door_name,
                    "person_id": entry.person_id,
                    "person_name": entry.person_name,
                    "how": entry.how.value,
                    "why_unknown": None if entry.why_unknown is None else entry.why_unknown.value,
                },
            )


def _arranged(snapshot: Snapshot) -> Household:
    credentials: dict[str, list[Credential]] = {}
    for credential in snapshot.credentials:
        credentials.setdefault(credential.person_id, []).append(credential)
    locks_on: dict[int, list[Lock]] = {}
    for lock in snapshot.locks:
        locks_on.setdefault(lock.node_id, []).append(lock)
    accesses: dict[str, list[Access]] = {}
    for access in snapshot.accesses:
        for door_id in access.door_ids:
            accesses.setdefault(door_id, []).append(access)
    return Household(
        site=snapshot.site,
        persons={person.id: person for person in snapshot.persons},
        credentials=credentials,
        doors={door.id: door for door in snapshot.doors},
        door_of={door.lock_id: door for door in snapshot.doors if door.lock_id is not None},
        locks={lock.id: lock for lock in snapshot.locks},
        locks_on=locks_on,
        accesses=accesses,
    )
