"""Enrolments in the database, so that a hub that is started again goes on watching.

Layer hub. Functions of a connection.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from latchwork.hub.books.rows import NotFound, decode_json, encode_json, row, rows, select, upsert
from latchwork.hub.house.entities import CredentialKind

KEPT_S: Final = 86_400.0
"""Seconds that one is kept after its end, for whoever asks how it went."""
_COLUMNS: Final = (
    *("id", "person_id", "lock_id", "kind", "credential_id", "is_new", "actor", "begun_at", "ends_at", "state"),
    *("user_index", "notice", "before_json"),
)
_GET: Final = select("enrolment", _COLUMNS, "WHERE id = ?")
_GOING: Final = select("enrolment", _COLUMNS, "WHERE state IN ('preparing', 'waiting') ORDER BY begun_at, id")
_PUT: Final = upsert("enrolment", _COLUMNS[:1], _COLUMNS[1:])


class EnrolmentState(StrEnum):
    """How far an enrolment is."""

    PREPARING = "preparing"
    """The person's user is being put on the lock."""
    WAITING = "waiting"
    """Somebody at the door is to do the steps."""
    DONE = "done"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    FAILED = "failed"


GOING: Final = frozenset({EnrolmentState.PREPARING, EnrolmentState.WAITING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """A finger, card or face that is being taken at a door.

    Attributes:
        id: opaque.
        person_id, lock_id, kind: whose, where and what.
        credential_id: as what it is kept.
        is_new: the credential was made for it.
        actor: who began it.
        begun_at, ends_at: UTC seconds since 1970.
        state: how far it is.
        user_index: the person's number on the lock, once there is one.
        notice: what has to be said about it in plain words, or empty.
        before: places of this kind that were taken when it began to wait.
    """

    id: str
    person_id: str
    lock_id: str
    kind: CredentialKind
    credential_id: str
    is_new: bool
    actor: str
    begun_at: float
    ends_at: float
    state: EnrolmentState = EnrolmentState.PREPARING
    user_index: int | None = None
    notice: str = ""
    before: tuple[int, ...] = ()

    @property
    def is_going(self) -> bool:
        """Whether it has not ended."""
        return self.state in GOING


def get_enrolment(connection: sqlite3.Connection, enrolment_id: str) -> Enrolment:
    """The enrolment.

    Raises:
        NotFound: there is none, or not any more.
        RowDamaged: the row cannot be read.
    """
    found = row(connection, _GET, (enrolment_id,), _enrolment)
    if found is None:
        raise NotFound("enrolment", enrolment_id)
    return found


def list_going(connection: sqlite3.Connection) -> list[Enrolment]:
    """Those that have not ended, oldest first.

    Raises:
        RowDamaged: a row cannot be read.
    """
    return rows(connection, _GOING, (), _enrolment)


def put_enrolment(connection: sqlite3.Connection, each: Enrolment) -> Enrolment:
    """Keep a new enrolment or a changed one; the last one counts."""
    connection.execute(
        _PUT,
        (
            *(each.id, each.person_id, each.lock_id, each.kind.value, each.credential_id, each.is_new, each.actor),
            *(each.begun_at, each.ends_at, each.state.value, each.user_index, each.notice),
            encode_json(list(each.before)),
        ),
    )
    return each


def forget_old(connection: sqlite3.Connection, now: float) -> None:
    """Forget those that ended long ago."""
    connection.execute(
        "DELETE FROM enrolment WHERE ends_at < ? AND state NOT IN ('preparing', 'waiting')", (now - KEPT_S,)
    )


def _enrolment(found: Sequence[Any]) -> Enrolment:
    before = decode_json(found[12])
    if not isinstance(before, list):
        raise ValueError("a list is expected")  # noqa: TRY004 - what is kept is wrong, not how it is used
    return Enrolment(
        id=found[0],
        person_id=found[1],
        lock_id=found[2],
        kind=CredentialKind(found[3]),
        credential_id=found[4],
        is_new=found[5] == 1,
        actor=found[6],
        begun_at=found[7],
        ends_at=found[8],
        state=EnrolmentState(found[9]),
        user_index=found[10],
        notice=found[11],
        before=tuple(each for each in before if isinstance(each, int)),
    )
