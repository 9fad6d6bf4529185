"""The site, its doors, its locks and its settings in the database.

Layer hub. Functions of a connection, for `Repository` and for whoever writes several things at once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from latchwork.hub.books.rows import (
    Json,
    NotFound,
    as_signed,
    as_unsigned,
    decode_json,
    decode_texts,
    encode_json,
    next_version,
    row,
    rows,
    select,
    upsert,
)
from latchwork.hub.house.entities import Door, Lock, Site

_SITE: Final = ("name", "time_zone", "code_length", "holidays_json", "journal_days")
_GET_SITE: Final = select("site", _SITE)
_PUT_SITE: Final = upsert("site", ("id",), _SITE)

_DOOR: Final = ("id", "name", "lock_id", "position", "created_at", "version")
_GET_DOOR: Final = select("door", _DOOR, "WHERE id = ?")
_DOOR_OF_LOCK: Final = select("door", _DOOR, "WHERE lock_id = ?")
_DOORS: Final = select("door", _DOOR, "ORDER BY position, name COLLATE NOCASE, id")
_PUT_DOOR: Final = upsert("door", _DOOR[:1], _DOOR[1:])

_LOCK: Final = (
    *("id", "node_id", "endpoint", "fabric_index", "vendor", "product", "serial", "firmware", "vendor_id"),
    *("product_id", "added_at", "gone_at"),
)
_GET_LOCK: Final = select("lock", _LOCK, "WHERE id = ?")
_ON_NODE: Final = select("lock", _LOCK, "WHERE node_id = ? AND gone_at IS NULL ORDER BY endpoint")
_LOCKS: Final = select("lock", _LOCK, "WHERE gone_at IS NULL ORDER BY added_at, id")
_LOCKS_EVER: Final = select("lock", _LOCK, "ORDER BY added_at, id")
_PUT_LOCK: Final = upsert("lock", _LOCK[:1], _LOCK[1:])

_PUT_SETTING: Final = upsert("setting", ("name",), ("value_json",))


def get_site(connection: sqlite3.Connection) -> Site:
    """The site; as `Site()` is until somebody puts one.

    Raises:
        RowDamaged: the row cannot be read.
    """
    return row(connection, _GET_SITE, (), _site) or Site()


def put_site(connection: sqlite3.Connection, site: Site) -> None:
    """Keep the site; the last one counts."""
    holidays = encode_json(list(site.holidays))
    connection.execute(_PUT_SITE, (1, site.name, site.time_zone, site.code_length, holidays, site.journal_days))


def get_door(connection: sqlite3.Connection, door_id: str) -> Door:
    """The door.

    Raises:
        NotFound: there is none.
    """
    found = row(connection, _GET_DOOR, (door_id,), _door)
    if found is None:
        raise NotFound("door", door_id)
    return found


def door_of_lock(connection: sqlite3.Connection, lock_id: str) -> Door | None:
    """The door that a lock is on, or None."""
    return row(connection, _DOOR_OF_LOCK, (lock_id,), _door)


def list_doors(connection: sqlite3.Connection) -> list[Door]:
    """All doors, by position."""
    return rows(connection, _DOORS, (), _door)


def put_door(connection: sqlite3.Connection, door: Door) -> Door:
    """Keep a new door (version 1) or a changed one (the version that was read).

    Returns:
        The door with the version that is kept now.

    Raises:
        Conflict: somebody else changed it in between.
        sqlite3.IntegrityError: the lock is not known, or on another door.
    """
    kept = connection.execute("SELECT version FROM door WHERE id = ?", (door.id,)).fetchone()
    stored = replace(door, version=next_version("door", door.id, door.version, kept))
    connection.execute(
        _PUT_DOOR, (stored.id, stored.name, stored.lock_id, stored.position, stored.created_at, stored.version)
    )
    return stored


def remove_door(connection: sqlite3.Connection, door_id: str) -> None:
    """Forget a door. Its lock stays; accesses keep their other doors, and one that has no door left goes.

    Raises:
        NotFound: there is no such door.
    """
    get_door(connection, door_id)
    naming = connection.execute("SELECT access_id FROM access_door WHERE door_id = ?", (door_id,)).fetchall()
    connection.execute("DELETE FROM access_door WHERE door_id = ?", (door_id,))
    for access in naming:
        if connection.execute("SELECT 1 FROM access_door WHERE access_id = ?", access).fetchone():
            connection.execute("UPDATE access SET version = version + 1 WHERE id = ?", access)
        else:
            connection.execute("DELETE FROM access WHERE id = ?", access)
    connection.execute("DELETE FROM door WHERE id = ?", (door_id,))


def get_lock(connection: sqlite3.Connection, lock_id: str) -> Lock:
    """The lock, also one that is gone.

    Raises:
        NotFound: there is none.
    """
    found = row(connection, _GET_LOCK, (lock_id,), _lock)
    if found is None:
        raise NotFound("lock", lock_id)
    return found


def locks_on_node(connection: sqlite3.Connection, node_id: int) -> list[Lock]:
    """The locks of a node of the hub's fabric, by endpoint."""
    return rows(connection, _ON_NODE, (as_signed(node_id),), _lock)


def list_locks(connection: sqlite3.Connection, *, with_gone: bool = False) -> list[Lock]:
    """All locks that are not gone, oldest first.

    Args:
        connection: to read with.
        with_gone: those that are gone, too.
    """
    return rows(connection, _LOCKS_EVER if with_gone else _LOCKS, (), _lock)


def put_lock(connection: sqlite3.Connection, lock: Lock) -> None:
    """Keep a new lock or a changed one; the last one counts. A lock that is gone stays in the table.

    Raises:
        sqlite3.IntegrityError: another lock has its node and endpoint.
    """
    connection.execute(
        _PUT_LOCK,
        (
            *(lock.id, as_signed(lock.node_id), lock.endpoint, lock.fabric_index, lock.vendor, lock.product),
            *(lock.serial, lock.firmware, lock.vendor_id, lock.product_id, lock.added_at, lock.gone_at),
        ),
    )


def get_setting(connection: sqlite3.Connection, name: str, default: Json = None) -> Json:
    """What is kept under `name`.

    Raises:
        RowDamaged: it cannot be read.
    """
    statement = "SELECT name, value_json FROM setting WHERE name = ?"
    found = row(connection, statement, (name,), _setting)
    return default if found is None else found[1]


def list_settings(connection: sqlite3.Connection, prefix: str = "") -> dict[str, Json]:
    """All settings whose name begins with `prefix`, by name.

    Raises:
        RowDamaged: one cannot be read.
    """
    statement = "SELECT name, value_json FROM setting WHERE substr(name, 1, ?) = ? ORDER BY name"
    return dict(rows(connection, statement, (len(prefix), prefix), _setting))


def put_setting(connection: sqlite3.Connection, name: str, value: Json) -> None:
    """Keep a setting; the last one counts.

    Raises:
        Misuse: JSON cannot say it.
    """
    connection.execute(_PUT_SETTING, (name, encode_json(value)))


def forget_setting(connection: sqlite3.Connection, name: str) -> None:
    """Forget a setting, if there is one."""
    connection.execute("DELETE FROM setting WHERE name = ?", (name,))


def _site(found: Sequence[Any]) -> Site:
    return Site(
        name=found[0],
        time_zone=found[1],
        code_length=found[2],
        holidays=decode_texts(found[3]),
        journal_days=found[4],
    )


def _door(found: Sequence[Any]) -> Door:
    return Door(id=found[0], name=found[1], lock_id=found[2], position=found[3], created_at=found[4], version=found[5])


def _lock(found: Sequence[Any]) -> Lock:
    return Lock(
        id=found[0],
        node_id=as_unsigned(found[1]),
        endpoint=found[2],
        fabric_index=found[3],
        vendor=found[4],
        product=found[5],
        serial=found[6],
        firmware=found[7],
        vendor_id=found[8],
        product_id=found[9],
        added_at=found[10],
        gone_at=found[11],
    )


def _setting(found: Sequence[Any]) -> tuple[str, Json]:
    return found[0], decode_json(found[1])
