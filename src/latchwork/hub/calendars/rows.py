"""Calendars and their stays in the database.

Layer hub. Functions of a connection. People change a calendar by its version; what a reading found is written beside it, whatever the
version, and never over what people wrote.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from latchwork.hub.books.rows import NotFound, next_version, row, rows, select, upsert
from latchwork.hub.calendars.deciding import Known, State

MAX_CALENDARS: Final = 2000
KEEP_S: Final = 30 * 86_400.0
"""Seconds for which a stay that is over is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """A calendar of a door.

    Attributes:
        id: opaque.
        door_id: which door.
        name: for people.
        host: of its address: all of it that is ever shown.
        sealed_url: its address.
        check_in, check_out: minutes since midnight on the site's wall.
        digits_from_phone: codes are the last digits of the guest's telephone where the lock takes them.
        closed_is_stay: what Booking.com calls closed is a stay.
        is_local: it may be inside the home's network.
        is_enabled: whether it is read.
        created_at, removed_at: UTC seconds since 1970; a removed one stays until its last guest has left.
        version: counts the changes by people.
        etag, last_modified: of the last reading.
        checked_at: of the last try, or None.
        read_at: when it last came whole, or None.
        next_at: of the next try.
        failures: tries in a row that failed.
        last_error: why, in plain words, or empty.
        warning: what of it is doubted, or empty.
    """

    id: str
    door_id: str
    name: str = ""
    host: str = ""
    sealed_url: bytes = field(default=b"", repr=False)
    check_in: int = 15 * 60
    check_out: int = 11 * 60
    digits_from_phone: bool = False
    closed_is_stay: bool = True
    is_local: bool = False
    is_enabled: bool = True
    created_at: float = 0.0
    removed_at: float | None = None
    version: int = 1
    etag: str = ""
    last_modified: str = ""
    checked_at: float | None = None
    read_at: float | None = None
    next_at: float = 0.0
    failures: int = 0
    last_error: str = ""
    warning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptStay:
    """A stay with what was made of it.

    Attributes:
        calendar_id: of which calendar.
        known: the stay.
        person_id, access_id, credential_id: what was made.
    """

    calendar_id: str
    known: Known
    person_id: str
    access_id: str
    credential_id: str


_CALENDAR: Final = (
    *("id", "door_id", "name", "host", "sealed_url", "check_in", "check_out", "digits_from_phone", "closed_is_stay"),
    *("is_local", "is_enabled", "created_at", "removed_at", "version", "etag", "last_modified", "checked_at"),
    *("read_at", "next_at", "failures", "last_error", "warning"),
)
_FOUND: Final = ("etag", "last_modified", "checked_at", "read_at", "next_at", "failures", "last_error", "warning")
_SET: Final = tuple(
    name for name in _CALENDAR[1:] if name not in _FOUND or name in {"etag", "last_modified", "next_at"}
)
_BOOLEANS: Final = frozenset({"digits_from_phone", "closed_is_stay", "is_local", "is_enabled"})
_GET: Final = select("calendar", _CALENDAR, "WHERE id = ?")
_ALL: Final = select("calendar", _CALENDAR, "ORDER BY created_at, id")
_OF_DOOR: Final = select("calendar", _CALENDAR, "WHERE door_id = ? AND removed_at IS NULL ORDER BY created_at, id")
_PUT: Final = upsert("calendar", ("id",), _SET)
_TELL: Final = f"UPDATE calendar SET {', '.join(f'{name} = ?' for name in _FOUND)} WHERE id = ? AND version = ?"  # noqa: S608 - our own names
_STAY: Final = ("key", "name", "start", '"end"', "state", "missing_since")
_MADE: Final = ("calendar_id", "person_id", "access_id", "credential_id")
_STAYS: Final = select("stay", (*_STAY, *_MADE), 'WHERE calendar_id = ? ORDER BY start, "end", key')
_PUT_STAY: Final = upsert("stay", ("calendar_id", "key"), (*_STAY[1:], *_MADE[1:]))


def get_calendar(connection: sqlite3.Connection, calendar_id: str) -> Calendar:
    """The calendar, unless it was removed.

    Raises:
        NotFound: there is none.
    """
    found = row(connection, _GET, (calendar_id,), _calendar)
    if found is None or found.removed_at is not None:
        raise NotFound("calendar", calendar_id)
    return found


def find_calendar(connection: sqlite3.Connection, calendar_id: str) -> Calendar | None:
    """The calendar, also a removed one; None where there is none any more."""
    return row(connection, _GET, (calendar_id,), _calendar)


def list_calendars(connection: sqlite3.Connection, door_id: str | None = None) -> list[Calendar]:
    """Those of a door, or all and the removed ones too; oldest first."""
    if door_id is not None:
        return rows(connection, _OF_DOOR, (door_id,), _calendar)
    return rows(connection, _ALL, (), _calendar)


def put_calendar(connection: sqlite3.Connection, calendar: Calendar) -> Calendar:
    """Keep a new calendar (version 1) or one that people changed; returns it with the version that is kept now.

    Raises:
        Conflict: somebody else changed it in between.
    """
    kept = connection.execute("SELECT version FROM calendar WHERE id = ?", (calendar.id,)).fetchone()
    stored = replace(calendar, version=next_version("calendar", calendar.id, calendar.version, kept))
    connection.execute(_PUT, (stored.id, *(getattr(stored, name) for name in _SET)))
    return stored


def tell_found(connection: sqlite3.Connection, calendar: Calendar) -> None:
    """Keep what a reading found; nothing where the calendar is gone, or people changed it in between: it is read again then."""
    connection.execute(_TELL, (*(getattr(calendar, name) for name in _FOUND), calendar.id, calendar.version))


def forget_calendar(connection: sqlite3.Connection, calendar_id: str) -> None:
    """Forget a calendar and its stays: nothing that it made is left."""
    connection.execute("DELETE FROM calendar WHERE id = ?", (calendar_id,))


def list_stays(connection: sqlite3.Connection, calendar_id: str) -> list[KeptStay]:
    """Stays by arrival, those that are over too."""
    return rows(connection, _STAYS, (calendar_id,), _stay)


def put_stay(connection: sqlite3.Connection, stay: KeptStay) -> None:
    """Keep a stay; the last one counts."""
    known = stay.known
    connection.execute(
        _PUT_STAY,
        (
            *(stay.calendar_id, known.key, known.name, known.start, known.end, known.state.value, known.missing_since),
            *(stay.person_id, stay.access_id, stay.credential_id),
        ),
    )


def forget_stay(connection: sqlite3.Connection, calendar_id: str, key: str) -> None:
    """Forget one stay."""
    connection.execute("DELETE FROM stay WHERE calendar_id = ? AND key = ?", (calendar_id, key))


def forget_old(connection: sqlite3.Connection, now: float) -> None:
    """Forget stays that have been over for long."""
    connection.execute("""DELETE FROM stay WHERE state = 'over' AND "end" < ?""", (now - KEEP_S,))


def _calendar(found: Sequence[Any]) -> Calendar:
    values = dict(zip(_CALENDAR, found, strict=True))
    return Calendar(**{name: value == 1 if name in _BOOLEANS else value for name, value in values.items()})


def _stay(found: Sequence[Any]) -> KeptStay:
    return KeptStay(
        known=Known(
            key=found[0],
            name=found[1],
            start=found[2],
            end=found[3],
            state=State(found[4]),
            missing_since=found[5],
        ),
        calendar_id=found[6],
        person_id=found[7],
        access_id=found[8],
        credential_id=found[9],
    )
