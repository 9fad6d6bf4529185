"""What a guest's page says now: the code, the times, and for each door what is known of it on the lock itself.

Layer hub, on store; asks no lock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol
from zoneinfo import ZoneInfo

from latchwork.hub.desk import Desk
from latchwork.hub.guests import texts
from latchwork.hub.guests.view import DoorFacts, GuestView, doors_view, timing
from latchwork.hub.house.entities import Access, Credential, CredentialKind, Door, Person
from latchwork.hub.house.observed import Capabilities, Observed
from latchwork.hub.house.placed import Placed
from latchwork.hub.keeping.drift import person_of
from latchwork.hub.plan.compile import compile_lock
from latchwork.hub.plan.plan import plan
from latchwork.hub.status import LockStatus
from latchwork.hub.words import instant, rule_in_words


class LockFacts(Protocol):
    """What is asked about locks."""

    def status(self, lock_id: str) -> LockStatus:
        """How it stands."""

    def capabilities(self, lock_id: str) -> Capabilities | None:
        """What it can do; None before it was read."""

    def observed(self, lock_id: str) -> Observed | None:
        """What it held when it was read last."""


class GuestPages:
    """Answers for one hub.

    Args:
        desk: the books.
        locks: what is known of locks.
    """

    __slots__ = ("_desk", "_locks")

    def __init__(self, desk: Desk, locks: LockFacts) -> None:
        self._desk = desk
        self._locks = locks

    def view(self, access: Access, person: Person, link_ends_at: float) -> GuestView:
        """What the holder of the link sees now, with the code: whoever calls has written down that it is read."""
        desk, house = self._desk, self._desk.household()
        zone = ZoneInfo(house.site.time_zone)
        when = timing(access, desk.now(), zone, house.site.holidays)
        pin = next(iter(self.pins(access)), None)
        shown = pin if when.is_valid or when.begins_at is not None else None
        begins = "" if when.begins_at is None else instant(when.begins_at, zone)
        until = "" if when.until is None else instant(when.until, zone)
        facts = [self._door_facts(house.doors[each], pin, access) for each in access.door_ids if each in house.doors]
        return GuestView(
            site_name=house.site.name,
            person_name=person.name,
            code=None if shown is None else desk.secrets.get(shown.id, shown.version),
            times=rule_in_words(access.rule, zone),
            zone=house.site.time_zone,
            is_valid=when.is_valid,
            validity=texts.validity(is_valid=when.is_valid, is_used=when.is_used, begins=begins, until=until)
            if access.is_enabled
            else texts.NOT_NOW,
            begins_at=when.begins_at,
            until=when.until,
            doors=doors_view(facts, when, zone),
            link_ends_at=link_ends_at,
        )

    def _door_facts(self, door: Door, pin: Credential | None, access: Access) -> DoorFacts:
        if door.lock_id is None:
            return DoorFacts(door_id=door.id, name=door.name)
        repository = self._desk.repository
        placed, seen = repository.placed(door.lock_id), self._locks.observed(door.lock_id)
        mine = (
            each
            for each in placed.credentials
            if pin is not None and (each.credential_id, each.version) == (pin.id, pin.version)
        )
        place = max(mine, key=lambda each: each.proof, default=None)
        concerned = {access.person_id, None}
        return DoorFacts(
            door_id=door.id,
            name=door.name,
            lock_id=door.lock_id,
            place=place,
            is_in_line=None if seen is None else self._is_in_line(door, access.person_id, placed, seen),
            troubles=tuple(each for each in repository.troubles(door.lock_id) if each.person_id in concerned),
            is_reachable=self._locks.status(door.lock_id).is_reachable,
        )

    def _is_in_line(self, door: Door, person_id: str, placed: Placed, seen: Observed) -> bool:
        """Whether a plan for the lock, as it was read, has no step that is about this person."""
        house, can = self._desk.household(), self._locks.capabilities(door.lock_id or "")
        lock = house.locks.get(door.lock_id or "")
        if can is None or lock is None:
            return False
        granted = [each for each in house.accesses.get(door.id, ()) if each.person_id == person_id]
        owned, now = house.credentials.get(person_id, ()), self._desk.now()
        bodies = {each.id for each in owned if not each.length}
        desired = compile_lock(
            lock.id,
            house.site,
            [house.persons[person_id]],
            owned,
            granted,
            can,
            now,
            enrolled=bodies & {each.credential_id for each in placed.credentials},
        )
        steps = plan(desired, seen, can, placed, lock.fabric_index, now).steps
        return all(person_of(step, placed) != person_id for step in steps)

    def pins(self, access: Access) -> list[Credential]:
        """The codes that an access opens with, newest first."""
        owned: Mapping[str, Sequence[Credential]] = self._desk.household().credentials
        found = [
            each
            for each in owned.get(access.person_id, ())
            if each.kind is CredentialKind.PIN
            and each.length
            and (not access.credential_ids or each.id in access.credential_ids)
        ]
        return sorted(found, key=lambda each: (each.created_at, each.id), reverse=True)
