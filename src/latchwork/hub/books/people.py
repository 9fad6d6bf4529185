"""Persons and their credentials in the database.

Layer hub. Functions of a connection, for `Repository` and for whoever writes several things at once; secrets are `secrets`'.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from latchwork.hub.books.rows import Conflict, NotFound, next_version, row, rows, select, upsert
from latchwork.hub.house.entities import Credential, CredentialKind, Person

_PERSON: Final = (
    *("id", "name", "unique_id", "email", "phone", "picture", "is_admin", "created_at", "left_at"),
    "version",
)
_GET_PERSON: Final = select("person", _PERSON, "WHERE id = ?")
_WITH_UNIQUE_ID: Final = select("person", _PERSON, "WHERE unique_id = ?")
_PRESENT: Final = select("person", _PERSON, "WHERE left_at IS NULL ORDER BY name COLLATE NOCASE, id")
_EVERYBODY: Final = select("person", _PERSON, "ORDER BY name COLLATE NOCASE, id")
_PUT_PERSON: Final = upsert("person", _PERSON[:1], _PERSON[1:])

_CREDENTIAL: Final = ("id", "person_id", "kind", "label", "length", "lock_id", "created_at", "version")
_GET_CREDENTIAL: Final = select("credential", _CREDENTIAL, "WHERE id = ?")
_IN_USE: Final = select(
    "credential",
    _CREDENTIAL,
    "JOIN person ON person.id = credential.person_id WHERE removed_at IS NULL AND left_at IS NULL"
    " ORDER BY credential.created_at, credential.id",
)
_OF_PERSON: Final = select(
    "credential", _CREDENTIAL, "WHERE person_id = ? AND removed_at IS NULL ORDER BY created_at, id"
)
_PUT_CREDENTIAL: Final = upsert("credential", _CREDENTIAL[:1], _CREDENTIAL[1:])


def get_person(connection: sqlite3.Connection, person_id: str) -> Person:
    """The person, also one who left.

    Raises:
        NotFound: there is none.
        RowDamaged: the row cannot be read.
    """
    found = row(connection, _GET_PERSON, (person_id,), _person)
    if found is None:
        raise NotFound("person", person_id)
    return found


def person_with_unique_id(connection: sqlite3.Connection, unique_id: int) -> Person | None:
    """Whom a lock means by a UserUniqueID, also one who left; None is nobody of ours."""
    return row(connection, _WITH_UNIQUE_ID, (unique_id,), _person)


def list_persons(connection: sqlite3.Connection, *, with_left: bool = False) -> list[Person]:
    """Everybody who has not left, by name.

    Args:
        connection: to read with.
        with_left: those who left, too.
    """
    return rows(connection, _EVERYBODY if with_left else _PRESENT, (), _person)


def put_person(connection: sqlite3.Connection, person: Person) -> Person:
    """Keep a new person (version 1) or a changed one (the version that was read).

    Returns:
        The person with the version that is kept now.

    Raises:
        Conflict: somebody else changed it in between.
        sqlite3.IntegrityError: the unique id is another's.
    """
    kept = connection.execute("SELECT version FROM person WHERE id = ?", (person.id,)).fetchone()
    stored = replace(person, version=next_version("person", person.id, person.version, kept))
    connection.execute(
        _PUT_PERSON,
        (
            *(stored.id, stored.name, stored.unique_id, stored.email, stored.phone, stored.picture, stored.is_admin),
            *(stored.created_at, stored.left_at, stored.version),
        ),
    )
    return stored


def person_leaves(connection: sqlite3.Connection, person_id: str, at: float) -> Person:
    """Somebody moves out: their accesses end, their name stays for the journal. A second call changes nothing.

    Credentials stay until no lock holds them; `Secrets.forget_unused` then forgets what they were.

    Args:
        connection: to write with.
        person_id: who.
        at: UTC seconds since 1970.

    Raises:
        NotFound: there is no such person.
    """
    person = get_person(connection, person_id)
    connection.execute("DELETE FROM access WHERE person_id = ?", (person_id,))
    return person if person.left_at is not None else put_person(connection, replace(person, left_at=at))


def get_credential(connection: sqlite3.Connection, credential_id: str) -> Credential:
    """The credential, also a removed one.

    Raises:
        NotFound: there is none.
        RowDamaged: the row cannot be read.
    """
    found = row(connection, _GET_CREDENTIAL, (credential_id,), _credential)
    if found is None:
        raise NotFound("credential", credential_id)
    return found


def list_credentials(connection: sqlite3.Connection, person_id: str | None = None) -> list[Credential]:
    """Credentials in use, oldest first: those of a person, or of everybody who has not left."""
    if person_id is None:
        return rows(connection, _IN_USE, (), _credential)
    return rows(connection, _OF_PERSON, (person_id,), _credential)


def put_credential(connection: sqlite3.Connection, credential: Credential) -> Credential:
    """Keep a new credential or a changed one.

    Its version counts secrets: it stays as it is for a new label, and is one more for a new secret.

    Raises:
        Conflict: a later secret is kept, or it was removed.
        sqlite3.IntegrityError: the person or the lock is not known.
    """
    kept = connection.execute("SELECT version, removed_at FROM credential WHERE id = ?", (credential.id,)).fetchone()
    if kept is not None and (kept[1] is not None or not kept[0] <= credential.version <= kept[0] + 1):
        raise Conflict("credential", credential.id, credential.version, kept[0] if kept[1] is None else None)
    connection.execute(
        _PUT_CREDENTIAL,
        (
            *(credential.id, credential.person_id, credential.kind.value, credential.label, credential.length),
            *(credential.lock_id, credential.created_at, credential.version),
        ),
    )
    return credential


def remove_credential(connection: sqlite3.Connection, credential_id: str, at: float) -> None:
    """Take a credential out of use. The row stays: locks may still hold it, and the journal names it.

    An access that named only this one goes with it: without a name it would mean every credential of the person.

    Args:
        connection: to write with.
        credential_id: which.
        at: UTC seconds since 1970.

    Raises:
        NotFound: there is no such credential.
    """
    get_credential(connection, credential_id)
    naming = connection.execute(
        "SELECT access_id FROM access_credential WHERE credential_id = ?", (credential_id,)
    ).fetchall()
    connection.execute("DELETE FROM access_credential WHERE credential_id = ?", (credential_id,))
    for access in naming:
        if connection.execute("SELECT 1 FROM access_credential WHERE access_id = ?", access).fetchone():
            connection.execute("UPDATE access SET version = version + 1 WHERE id = ?", access)
        else:
            connection.execute("DELETE FROM access WHERE id = ?", access)
    connection.execute("UPDATE credential SET removed_at = ? WHERE id = ? AND removed_at IS NULL", (at, credential_id))


def _person(found: Sequence[Any]) -> Person:
    return Person(
        id=found[0],
        name=found[1],
        unique_id=found[2],
        email=found[3],
        phone=found[4],
        picture=found[5],
        is_admin=found[6] == 1,
        created_at=found[7],
        left_at=found[8],
        version=found[9],
    )


def _credential(found: Sequence[Any]) -> Credential:
    return Credential(
        id=found[0],
        person_id=found[1],
        kind=CredentialKind(found[2]),
        label=found[3],
        length=found[4],
        lock_id=found[5],
        created_at=found[6],
        version=found[7],
    )
