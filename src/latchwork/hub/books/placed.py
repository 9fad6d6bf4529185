"""What of ours is on each lock, and what is wrong there, in the database.

Layer hub. Functions of a connection, for `Repository` and for whoever writes several things at once. Nothing here disappears because
something else was removed: as long as a lock may hold it, the row is there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Final

from latchwork.hub.books.rows import decode_instants, encode_json, rows, select, upsert
from latchwork.hub.house.desired import Trouble, TroubleCode
from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.house.placed import Placed, PlacedCredential, PlacedUser, Proof

_USER: Final = ("lock_id", "key", "place", "is_pending")
_USERS: Final = select("placed_user", _USER, "WHERE lock_id = ? ORDER BY place")
_PUT_USER: Final = upsert("placed_user", _USER[:2], _USER[2:])

_CREDENTIAL: Final = (
    *("lock_id", "kind", "place", "credential_id", "version", "user_key", "proof", "proof_at_json", "is_pending"),
)
_CREDENTIALS: Final = select("placed_credential", _CREDENTIAL, "WHERE lock_id = ? ORDER BY kind, place")
_WHEREVER: Final = select("placed_credential", _CREDENTIAL, "WHERE credential_id = ? ORDER BY lock_id, kind, place")
_PUT_CREDENTIAL: Final = upsert("placed_credential", _CREDENTIAL[:3], _CREDENTIAL[3:])

_TROUBLE: Final = ("lock_id", "code", "is_error", "message", "advice", "person_id", "credential_id")
_TROUBLES: Final = select("trouble", _TROUBLE, "WHERE lock_id = ? ORDER BY position")


def get_placed(connection: sqlite3.Connection, lock_id: str) -> Placed:
    """Everything of ours on a lock, by place.

    Raises:
        RowDamaged: a row cannot be read.
    """
    return Placed(
        users=tuple(rows(connection, _USERS, (lock_id,), _user)),
        credentials=tuple(rows(connection, _CREDENTIALS, (lock_id,), _credential)),
    )


def places_of(connection: sqlite3.Connection, credential_id: str) -> list[PlacedCredential]:
    """Every place on every lock where a credential is, any version of it.

    Raises:
        RowDamaged: a row cannot be read.
    """
    return rows(connection, _WHEREVER, (credential_id,), _credential)


def save_placed_user(connection: sqlite3.Connection, user: PlacedUser) -> None:
    """Keep a user's place on a lock, new or changed; named by lock and key.

    Raises:
        sqlite3.IntegrityError: another user of ours is in that place, or the lock is not known.
    """
    connection.execute(_PUT_USER, (user.lock_id, user.key, user.index, user.is_pending))


def rename_placed_user(connection: sqlite3.Connection, lock_id: str, key: str, new_key: str) -> None:
    """Name a placed user anew, together with its credentials: the same user of the lock, wanted for another reason.

    Raises:
        sqlite3.IntegrityError: the new name is another's.
    """
    connection.execute("UPDATE placed_user SET key = ? WHERE lock_id = ? AND key = ?", (new_key, lock_id, key))


def forget_placed_user(connection: sqlite3.Connection, lock_id: str, key: str) -> None:
    """The lock cleared this user, and with it every credential it had."""
    connection.execute("DELETE FROM placed_credential WHERE lock_id = ? AND user_key = ?", (lock_id, key))
    connection.execute("DELETE FROM placed_user WHERE lock_id = ? AND key = ?", (lock_id, key))


def save_placed_credential(connection: sqlite3.Connection, credential: PlacedCredential) -> None:
    """Keep what is in a place of a lock, new or changed; named by lock, kind and index.

    Raises:
        Misuse: `proof_at` holds something that is no instant.
        sqlite3.IntegrityError: its user, the credential or the lock is not known.
    """
    connection.execute(
        _PUT_CREDENTIAL,
        (
            *(credential.lock_id, credential.kind.value, credential.index, credential.credential_id),
            *(credential.version, credential.user_key, int(credential.proof)),
            *(encode_json(dict(credential.proof_at)), credential.is_pending),
        ),
    )


def forget_placed_credential(connection: sqlite3.Connection, lock_id: str, kind: CredentialKind, index: int) -> None:
    """The lock cleared this credential."""
    connection.execute(
        "DELETE FROM placed_credential WHERE lock_id = ? AND kind = ? AND place = ?", (lock_id, kind.value, index)
    )


def forget_placed(connection: sqlite3.Connection, lock_id: str) -> None:
    """Nothing of ours is on this lock any more: it was reset, or its fabric of ours removed."""
    connection.execute("DELETE FROM placed_credential WHERE lock_id = ?", (lock_id,))
    connection.execute("DELETE FROM placed_user WHERE lock_id = ?", (lock_id,))


def get_troubles(connection: sqlite3.Connection, lock_id: str) -> tuple[Trouble, ...]:
    """What is not as it should be on a lock, in the order in which it was saved.

    Raises:
        RowDamaged: a row cannot be read.
    """
    return tuple(rows(connection, _TROUBLES, (lock_id,), _trouble))


def save_troubles(connection: sqlite3.Connection, lock_id: str, troubles: Iterable[Trouble]) -> None:
    """Keep what is not as it should be on a lock, instead of what was kept.

    Raises:
        sqlite3.IntegrityError: the lock is not known.
    """
    connection.execute("DELETE FROM trouble WHERE lock_id = ?", (lock_id,))
    connection.executemany(
        "INSERT INTO trouble VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(lock_id, position, each.code.value, each.is_error, each.message, each.advice),
                *(each.person_id, each.credential_id),
            )
            for position, each in enumerate(troubles)
        ],
    )


def _user(found: Sequence[Any]) -> PlacedUser:
    return PlacedUser(lock_id=found[0], key=found[1], index=found[2], is_pending=found[3] == 1)


def _credential(found: Sequence[Any]) -> PlacedCredential:
    return PlacedCredential(
        lock_id=found[0],
        kind=CredentialKind(found[1]),
        index=found[2],
        credential_id=found[3],
        version=found[4],
        user_key=found[5],
        proof=Proof(found[6]),
        proof_at=decode_instants(found[7]),
        is_pending=found[8] == 1,
    )


def _trouble(found: Sequence[Any]) -> Trouble:
    return Trouble(
        code=TroubleCode(found[1]),
        is_error=found[2] == 1,
        message=found[3],
        advice=found[4],
        person_id=found[5],
        credential_id=found[6],
    )
