"""Accesses in the database: the promise in one table, its doors and credentials in two more.

Layer hub. Functions of a connection, for `Repository` and for whoever writes several things at once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from latchwork.base.errors import Misuse
from latchwork.hub.books.rows import NotFound, grouped, next_version, row, rows, select, upsert
from latchwork.hub.house.entities import Access
from latchwork.hub.house.rule_json import decode_rule, encode_rule

_ACCESS: Final = (
    *("id", "person_id", "rule_json", "is_enabled", "is_duress", "note", "origin", "created_at", "first_used_at"),
    "version",
)
_GET: Final = select("access", _ACCESS, "WHERE id = ?")
_ALL: Final = select("access", _ACCESS, "ORDER BY created_at, id")
_OF_PERSON: Final = select("access", _ACCESS, "WHERE person_id = ? ORDER BY created_at, id")
_TO_DOOR: Final = select(
    "access",
    _ACCESS,
    "JOIN access_door ON access_door.access_id = access.id WHERE door_id = ? ORDER BY created_at, id",
)
_PUT: Final = upsert("access", _ACCESS[:1], _ACCESS[1:])


def get_access(connection: sqlite3.Connection, access_id: str) -> Access:
    """The access.

    Raises:
        NotFound: there is none.
        RowDamaged: the row or its rule cannot be read.
    """
    found = row(connection, _GET, (access_id,), _access)
    if found is None:
        raise NotFound("access", access_id)
    return _complete(connection, [found])[0]


def list_accesses(
    connection: sqlite3.Connection, *, person_id: str | None = None, door_id: str | None = None
) -> list[Access]:
    """Accesses, oldest first: all, those of a person, those to a door, or those of a person to a door.

    Raises:
        RowDamaged: one cannot be read; a list without it would take somebody's access away.
    """
    if door_id is not None:
        found = rows(connection, _TO_DOOR, (door_id,), _access)
        if person_id is not None:
            found = [access for access in found if access.person_id == person_id]
    elif person_id is not None:
        found = rows(connection, _OF_PERSON, (person_id,), _access)
    else:
        found = rows(connection, _ALL, (), _access)
        doors = grouped(connection.execute("SELECT access_id, door_id FROM access_door ORDER BY access_id, position"))
        credentials = grouped(
            connection.execute("SELECT access_id, credential_id FROM access_credential ORDER BY access_id, position")
        )
        return [_with(access, doors, credentials) for access in found]
    return _complete(connection, found)


def put_access(connection: sqlite3.Connection, access: Access) -> Access:
    """Keep a new access (version 1) or a changed one (the version that was read).

    Returns:
        The access with the version that is kept now.

    Raises:
        Conflict: somebody else changed it in between.
        Misuse: the person has left, or a credential is another's or out of use.
        RuleUnreadable: its rule holds what no rule may.
        sqlite3.IntegrityError: the person, a door or a credential is not known, or named twice.
    """
    _check_promise(connection, access)
    kept = connection.execute("SELECT version FROM access WHERE id = ?", (access.id,)).fetchone()
    stored = replace(access, version=next_version("access", access.id, access.version, kept))
    connection.execute(
        _PUT,
        (
            *(stored.id, stored.person_id, encode_rule(stored.rule), stored.is_enabled, stored.is_duress),
            *(stored.note, stored.origin, stored.created_at, stored.first_used_at, stored.version),
        ),
    )
    if kept is not None:
        connection.execute("DELETE FROM access_door WHERE access_id = ?", (stored.id,))
        connection.execute("DELETE FROM access_credential WHERE access_id = ?", (stored.id,))
    connection.executemany(
        "INSERT INTO access_door VALUES (?, ?, ?)",
        [(stored.id, door_id, position) for position, door_id in enumerate(stored.door_ids)],
    )
    connection.executemany(
        "INSERT INTO access_credential VALUES (?, ?, ?)",
        [(stored.id, credential_id, position) for position, credential_id in enumerate(stored.credential_ids)],
    )
    return stored


def remove_access(connection: sqlite3.Connection, access_id: str) -> None:
    """Take a promise back.

    Raises:
        NotFound: there is no such access.
    """
    if not connection.execute("DELETE FROM access WHERE id = ?", (access_id,)).rowcount:
        raise NotFound("access", access_id)


def _check_promise(connection: sqlite3.Connection, access: Access) -> None:
    left = connection.execute("SELECT 1 FROM person WHERE id = ? AND left_at IS NOT NULL", (access.person_id,))
    if left.fetchone():
        raise Misuse(f"{access.person_id} has left")
    for credential_id in access.credential_ids:
        found = connection.execute("SELECT person_id, removed_at FROM credential WHERE id = ?", (credential_id,))
        if found.fetchone() not in {(access.person_id, None), None}:
            raise Misuse(f"{credential_id} is not a credential of {access.person_id}")


def _complete(connection: sqlite3.Connection, found: Sequence[Access]) -> list[Access]:
    doors, credentials = {}, {}
    for access in found:
        one = (access.id,)
        doors[access.id] = tuple(
            each
            for (each,) in connection.execute(
                "SELECT door_id FROM access_door WHERE access_id = ? ORDER BY position", one
            )
        )
        credentials[access.id] = tuple(
            each
            for (each,) in connection.execute(
                "SELECT credential_id FROM access_credential WHERE access_id = ? ORDER BY position", one
            )
        )
    return [_with(access, doors, credentials) for access in found]


def _with(access: Access, doors: Mapping[str, tuple[str, ...]], credentials: Mapping[str, tuple[str, ...]]) -> Access:
    return replace(access, door_ids=doors.get(access.id, ()), credential_ids=credentials.get(access.id, ()))


def _access(found: Sequence[Any]) -> Access:
    return Access(
        id=found[0],
        person_id=found[1],
        door_ids=(),
        rule=decode_rule(found[2]),
        is_enabled=found[3] == 1,
        is_duress=found[4] == 1,
        note=found[5],
        origin=found[6],
        created_at=found[7],
        first_used_at=found[8],
        version=found[9],
    )
