"""What a stay is in the house: a person, a code and an access, made, moved and taken away together.

Layer hub, on store; knows no lock's protocol. Everything that a stay needs is one write: a crash leaves no person without an access and
no access that the calendar does not know of.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from latchwork.base.errors import LatchworkError
from latchwork.base.logs import Secret
from latchwork.hub.books import accesses, people
from latchwork.hub.calendars import rows
from latchwork.hub.calendars.deciding import Known, State
from latchwork.hub.calendars.rows import Calendar, KeptStay
from latchwork.hub.calendars.staying import Stay
from latchwork.hub.codes import length_for, random_code, weakness
from latchwork.hub.desk import Desk
from latchwork.hub.house.entities import Access, Credential, CredentialKind, Door, Person
from latchwork.hub.house.observed import Capabilities
from latchwork.hub.house.rules import Window
from latchwork.hub.journal.entries import Entry
from latchwork.hub.people.service import MAX_UNIQUE_ID, DuplicateCode

CLEAN_AFTER_S: Final = 3600.0
"""Seconds after the end of a stay until its person leaves: a sleeping lock may still have something to tell of them."""
_TRIES: Final = 3
_SHORTEST: Final = 4


class Leaving(Protocol):
    """What of `People` is needed to take somebody away."""

    async def move_out(self, person_id: str, *, actor: str) -> Person:
        """Somebody leaves: all accesses end, everywhere."""

    async def revoke(self, access_id: str, *, actor: str) -> None:
        """Take a promise back."""


class Guests:
    """Makes and takes away what stays need.

    Args:
        desk: the books.
        leaving: takes people away.
        capabilities: what a lock can do, or None where it has not been read.
        wake_doors: called with the doors whose locks should hold something else now.
    """

    def __init__(
        self,
        desk: Desk,
        leaving: Leaving,
        *,
        capabilities: Callable[[str], Capabilities | None],
        wake_doors: Callable[[Iterable[str] | None], None],
    ) -> None:
        self._desk = desk
        self._leaving = leaving
        self._capabilities = capabilities
        self._wake_doors = wake_doors

    async def make(self, calendar: Calendar, door: Door, stay: Stay) -> None:
        """A new guest with a code.

        Raises:
            NoCommonLength, NoCodeLeft: there is no code for this door.
            LatchworkError: as `Desk.write`.
        """
        for left in reversed(range(_TRIES)):
            try:
                await self._make(calendar, door, stay, self._code(calendar, door, stay))
            except DuplicateCode:
                # Somebody else was given this very code while it was thought of.
                if not left:
                    raise
            else:
                break
        self._wake_doors([door.id])

    async def _make(self, calendar: Calendar, door: Door, stay: Stay, code: Secret) -> None:
        desk, now = self._desk, self._desk.now()
        person = Person(
            id=desk.new_id("person"),
            name=stay.name or self._unnamed(stay),
            unique_id=self._unique_id(),
            phone=stay.digits if len(stay.digits) > _SHORTEST else "",
            created_at=now,
        )
        credential = Credential(
            id=desk.new_id("credential"), person_id=person.id, length=len(code), label=calendar.name, created_at=now
        )
        access = Access(
            id=desk.new_id("access"),
            person_id=person.id,
            door_ids=(door.id,),
            credential_ids=(credential.id,),
            rule=Window(stay.start, stay.end),
            origin=actor_of(calendar),
            created_at=now,
        )
        kept = KeptStay(
            calendar_id=calendar.id,
            known=Known(key=stay.key, name=stay.name, start=stay.start, end=stay.end),
            person_id=person.id,
            access_id=access.id,
            credential_id=credential.id,
        )

        def write(to: sqlite3.Connection) -> None:
            if desk.secrets.holders_on(to, code):
                raise DuplicateCode("somebody has this code already")
            people.put_person(to, person)
            people.put_credential(to, credential)
            desk.secrets.put_on(to, credential.id, 1, code)
            accesses.put_access(to, access)
            rows.put_stay(to, kept)

        entry = self.entry(calendar, "stay_added", kept, person=person)
        await desk.write(write, lambda _: [entry])

    async def change(self, calendar: Calendar, kept: KeptStay, stay: Stay) -> None:
        """The stay is at another time, or has another key; the code stays.

        Raises:
            LatchworkError: as `Desk.write`.
        """
        changed = replace(
            kept, known=replace(kept.known, key=stay.key, start=stay.start, end=stay.end, missing_since=None)
        )

        def write(to: sqlite3.Connection) -> bool:
            access = accesses.get_access(to, kept.access_id)
            window = Window(stay.start, stay.end)
            is_moved = (kept.known.start, kept.known.end) != (stay.start, stay.end)
            if is_moved and access.rule != window:
                accesses.put_access(to, replace(access, rule=window))
            if stay.key != kept.known.key:
                rows.forget_stay(to, calendar.id, kept.known.key)
            rows.put_stay(to, changed)
            return is_moved

        # Made here: what makes entries within a write runs on its thread, which reads nothing else.
        entry = self.entry(calendar, "stay_moved", changed)
        await self._desk.write(write, lambda is_moved: [entry] if is_moved else [])
        self._wake_doors([calendar.door_id])

    async def keep(self, kept: KeptStay, **changes: float | State | None) -> None:
        """The stay stands otherwise.

        Raises:
            LatchworkError: as `Desk.write`.
        """
        changed = replace(kept, known=replace(kept.known, **changes))  # type: ignore[arg-type]  # fields of Known
        await self._desk.write(lambda to: rows.put_stay(to, changed))

    async def take_away(self, calendar: Calendar, kept: KeptStay, why: str) -> None:
        """The guest does not come, or has been here: they leave, unless somebody gave them more than this.

        Args:
            calendar: of the stay.
            kept: the stay.
            why: `over`, or else for the journal, such as `cancelled`.

        Raises:
            LatchworkError: as `People.move_out`.
        """
        desk, actor = self._desk, actor_of(calendar)
        if why != "over":
            await desk.note(self.entry(calendar, f"stay_{why}", kept))
        person = desk.repository.person(kept.person_id)
        if person.left_at is None:
            theirs = desk.repository.accesses(person_id=person.id)
            if all(access.origin == actor for access in theirs) and not self._has_other_stay(calendar, kept):
                await self._leaving.move_out(person.id, actor=actor)
            elif any(access.id == kept.access_id for access in theirs):
                await self._leaving.revoke(kept.access_id, actor=actor)
        if why == "over":
            await self.keep(kept, state=State.OVER)
        else:
            # Not remembered: it may come again, and is then a new guest with a new code.
            await desk.write(lambda to: rows.forget_stay(to, calendar.id, kept.known.key))

    def _has_other_stay(self, calendar: Calendar, kept: KeptStay) -> bool:
        stays = self._desk.repository.database.read(lambda connection: rows.list_stays(connection, calendar.id))
        return any(
            each.person_id == kept.person_id and each.known.key != kept.known.key and each.known.state is State.STANDS
            for each in stays
        )

    def is_withdrawn(self, kept: KeptStay) -> bool:
        """Whether people took back what was made."""
        try:
            self._desk.repository.access(kept.access_id)
        except LatchworkError:
            return True
        return self._desk.repository.person(kept.person_id).left_at is not None

    def ends_at(self, kept: KeptStay) -> float:
        """When the guest is to be gone: as the calendar says, or later where somebody gave them longer."""
        try:
            rule = self._desk.repository.access(kept.access_id).rule
        except LatchworkError:
            return kept.known.end
        return max(kept.known.end, rule.end if isinstance(rule, Window) else kept.known.end)

    def entry(self, calendar: Calendar, did: str, kept: KeptStay | None, *, person: Person | None = None) -> Entry:
        """What the journal says."""
        desk = self._desk
        door = desk.household().doors.get(calendar.door_id)
        if kept is None:
            return desk.audit(actor_of(calendar), did, door=door, detail={"calendar": calendar.id})
        person = person or desk.everybody().get(kept.person_id)
        span = {"start": round(kept.known.start), "end": round(kept.known.end)}
        return desk.audit(actor_of(calendar), did, person=person, door=door, detail={"access": kept.access_id, **span})

    # Names and codes

    def _unnamed(self, stay: Stay) -> str:
        zone = ZoneInfo(self._desk.household().site.time_zone)
        return f"Guest {datetime.fromtimestamp(stay.start, zone).date().isoformat()}"

    def _unique_id(self) -> int:
        while True:
            number = int.from_bytes(self._desk.entropy(4), "big") % MAX_UNIQUE_ID + 1
            if self._desk.repository.person_with_unique_id(number) is None:
                return number

    def _code(self, calendar: Calendar, door: Door, stay: Stay) -> Secret:
        can = None if door.lock_id is None else self._capabilities(door.lock_id)
        locks = {} if can is None else {door.name: can}
        if calendar.digits_from_phone and can is not None:
            code = digits_for(can, stay.digits)
            if code is not None and not self._is_taken(code):
                return Secret(code.encode())
        length = length_for(locks, self._desk.household().site.code_length)
        return Secret(random_code(length, self._desk.entropy, _Taken(self._is_taken)).encode())

    def _is_taken(self, code: str) -> bool:
        return bool(self._desk.secrets.holders(code.encode()))


class _Taken:
    """Codes that somebody has, or that a lock may still know."""

    __slots__ = ("_is_taken",)

    def __init__(self, is_taken: Callable[[str], bool]) -> None:
        self._is_taken = is_taken

    def __contains__(self, code: object) -> bool:
        return isinstance(code, str) and self._is_taken(code)


def digits_for(can: Capabilities, digits: str) -> str | None:
    """The last digits of a telephone as a code of this lock, at least four; None where they are too few, or too easily guessed."""
    if can.kinds.get(CredentialKind.PIN, 0) <= 0:
        return None
    low, high = can.pin_length
    length = max(low, _SHORTEST)
    if length > high or len(digits) < length:
        return None
    code = digits[-length:]
    return None if weakness(code) is not None else code


def actor_of(calendar: Calendar) -> str:
    """Who a calendar is in the journal and as the origin of accesses."""
    return f"calendar:{calendar.id}"
