"""What follows from somebody having opened a door: the code is proved by its use, and what counts from the first use begins or ends.

Layer hub, on store.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from latchwork.hub.desk import Desk
from latchwork.hub.journal_entries import Entry, Kind
from latchwork.hub.placed import PlacedCredential, Proof
from latchwork.hub.repository_accesses import get_access, put_access
from latchwork.hub.repository_placed import get_placed, save_placed_credential
from latchwork.hub.repository_rows import NotFound
from latchwork.hub.rules import FirstUse, Once

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
    """Begin what counts from the first use; gives the doors of it."""
    doors: set[str] = set()
    keys = {
        each.user_key
        for each in get_placed(connection, entry.lock_id or "").credentials
        if each.credential_id == entry.credential_id
    }
    for key in keys:
        for access_id in key.partition("/")[2].split(","):
            try:
                access = get_access(connection, access_id)
            except NotFound:
                continue
            if isinstance(access.rule, Once | FirstUse) and access.first_used_at is None:
                at = entry.at if entry.lock_at is None else min(entry.lock_at, entry.at)
                put_access(connection, replace(access, first_used_at=at))
                doors.update(access.door_ids)
    return doors
