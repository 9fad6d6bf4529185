"""What follows from somebody having opened a door: the code is proved by its use, and what counts from the first use begins or ends.

Layer hub, on store.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from latchwork.hub.books.accesses import list_accesses, put_access
from latchwork.hub.books.doors import door_of_lock, get_site
from latchwork.hub.books.placed import get_placed, save_placed_credential
from latchwork.hub.desk import Desk
from latchwork.hub.house.placed import PlacedCredential, Proof
from latchwork.hub.house.rules import FirstUse, Once, holds
from latchwork.hub.journal.entries import Entry, Kind
from latchwork.hub.plan.compile import zone_of

_OPENINGS: Final = frozenset({Kind.OPENED, Kind.UNLATCHED, Kind.DURESS})
_USES: Final = _OPENINGS | {Kind.LOCKED}


async def take_uses(desk: Desk, entries: Iterable[Entry]) -> set[str]:
    """Note what entries of the journal show to have been used.

    Returns:
        The doors at which something else should be on the locks now.

    Raises:
        LatchworkError: the storage failed.
    """
    used = [
        entry
        for entry in entries
        if entry.kind in _USES and entry.credential_id is not None and entry.lock_id is not None
    ]
    if not used:
        return set()
    proved: list[PlacedCredential] = []
    doors: set[str] = set()

    def write(connection: sqlite3.Connection) -> None:
        proved.clear()
        doors.clear()
        for entry in used:
            for placed in _used(connection, entry):
                proved.append(placed)
                save_placed_credential(connection, placed)
            if entry.kind in _OPENINGS:
                doors.update(_first_use(connection, entry))

    await desk.repository.database.write(write)
    for placed in proved:
        desk.bus.publish("proof", {"lock_id": placed.lock_id, "credential_id": placed.credential_id, "proof": "used"})
    if doors:
        desk.outdated()
    return doors


def _used(connection: sqlite3.Connection, entry: Entry) -> list[PlacedCredential]:
    """Places that this use proves, as they are from now on; a use of an earlier code says nothing about a later one."""
    at = entry.at if entry.lock_at is None else entry.lock_at
    return [
        replace(each, proof=Proof.USED, proof_at={**each.proof_at, "used": entry.at}, is_pending=False)
        for each in get_placed(connection, entry.lock_id or "").credentials
        if each.credential_id == entry.credential_id
        and Proof.ACCEPTED <= each.proof < Proof.USED
        and at >= each.proof_at.get("accepted", 0.0)
    ]


def _first_use(connection: sqlite3.Connection, entry: Entry) -> set[str]:
    """Begin what counts from the first use; gives the doors of it.

    The earliest use counts, whenever we hear of it, for the accesses that held then. Where none did, the lock's clock is wrong: then for
    those after which the lock's user is named.
    """
    door, credential_id = door_of_lock(connection, entry.lock_id or ""), entry.credential_id or ""
    if door is None or entry.person_id is None:
        return set()  # nobody's opening uses up nobody's access
    at = entry.at if entry.lock_at is None else min(entry.lock_at, entry.at)
    site = get_site(connection)
    zone, holidays = zone_of(site.time_zone), frozenset(site.holidays)
    using = [
        access
        for access in list_accesses(connection, person_id=entry.person_id, door_id=door.id)
        if not access.credential_ids or credential_id in access.credential_ids
    ]
    used = [access for access in using if access.created_at <= at and holds(access.rule, at, zone, holidays)]
    if not used:
        named = _named(connection, entry.lock_id or "", credential_id)
        used = [access for access in using if access.id in named]
    doors: set[str] = set()
    for access in used:
        since = max(at, access.created_at)
        is_earlier = access.first_used_at is None or since < access.first_used_at
        if isinstance(access.rule, Once | FirstUse) and is_earlier:
            put_access(connection, replace(access, first_used_at=since))
            doors.update(access.door_ids)
    return doors


def _named(connection: sqlite3.Connection, lock_id: str, credential_id: str) -> set[str]:
    """The accesses after which the lock's user of a credential is named."""
    placed = get_placed(connection, lock_id).credentials
    keys = {each.user_key for each in placed if each.credential_id == credential_id}
    return {access_id for key in keys for access_id in key.partition("/")[2].split(",")}
