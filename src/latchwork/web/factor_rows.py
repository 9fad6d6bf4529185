"""What an account has beyond its password, in the database: a second factor, recovery codes, passkeys.

Layer web. Functions of a connection, so that a change and its line in the journal are one write. What is used once is used up by the
very statement that looks for it: of two who try at the same instant, one is right.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from latchwork.hub.books.rows import NotFound, row, rows, select, upsert


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """A second factor.

    Attributes:
        account_id: whose.
        sealed: its secret.
        made_at: UTC seconds since 1970.
        confirmed_at: likewise; None while no code of it was typed yet.
        last_step: of the last code that was used.
    """

    account_id: str
    sealed: bytes = field(repr=False)
    made_at: float
    confirmed_at: float | None = None
    last_step: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A passkey: who has its other half may sign in.

    Attributes:
        id: opaque.
        account_id: whose.
        name: for people.
        credential: what the authenticator calls it.
        public_key: COSE key (RFC 9052 7).
        uses: how often it was used, as the authenticator counts; 0 where it does not.
        host: name of the hub for which it was made.
        is_synced: it is kept in more than one device.
        created_at, used_at: UTC seconds since 1970, or None.
    """

    id: str
    account_id: str
    name: str
    credential: bytes
    public_key: bytes
    uses: int = 0
    host: str = ""
    is_synced: bool = False
    created_at: float = 0.0
    used_at: float | None = None


_FACTOR: Final = ("account_id", "sealed", "made_at", "confirmed_at", "last_step")
_GET_FACTOR: Final = select("second_factor", _FACTOR, "WHERE account_id = ?")
_PUT_FACTOR: Final = upsert("second_factor", _FACTOR[:1], _FACTOR[1:])
_PASSKEY: Final = (
    *("id", "account_id", "name", "credential", "public_key", "uses", "host", "is_synced", "created_at", "used_at"),
)
_BY_CREDENTIAL: Final = select("passkey", _PASSKEY, "WHERE credential = ?")
_PASSKEYS: Final = select("passkey", _PASSKEY, "WHERE account_id = ? ORDER BY created_at, id")
_PUT_PASSKEY: Final = upsert("passkey", ("id",), _PASSKEY[1:])


def get_factor(connection: sqlite3.Connection, account_id: str) -> Factor | None:
    """The account's second factor, also one that is not confirmed yet."""
    return row(connection, _GET_FACTOR, (account_id,), lambda found: Factor(**dict(zip(_FACTOR, found, strict=True))))


def confirmed(connection: sqlite3.Connection) -> set[str]:
    """Ids of the accounts that have a second factor."""
    found = connection.execute("SELECT account_id FROM second_factor WHERE confirmed_at IS NOT NULL")
    return {account_id for (account_id,) in found}


def put_factor(connection: sqlite3.Connection, factor: Factor) -> None:
    """Keep a new second factor or a changed one."""
    values = (factor.account_id, factor.sealed, factor.made_at, factor.confirmed_at, factor.last_step)
    connection.execute(_PUT_FACTOR, values)


def use_step(connection: sqlite3.Connection, account_id: str, step: int) -> bool:
    """Whether a code of this step is good now; then it is not any more."""
    found = connection.execute(
        "UPDATE second_factor SET last_step = ?1 WHERE account_id = ?2 AND last_step < ?1", (step, account_id)
    )
    return found.rowcount == 1


def remove_factor(connection: sqlite3.Connection, account_id: str) -> bool:
    """Forget the second factor and its recovery codes; whether there was one."""
    connection.execute("DELETE FROM recovery_code WHERE account_id = ?", (account_id,))
    return connection.execute("DELETE FROM second_factor WHERE account_id = ?", (account_id,)).rowcount == 1


def put_recovery(connection: sqlite3.Connection, account_id: str, digests: Iterable[bytes]) -> None:
    """These recovery codes and no others."""
    connection.execute("DELETE FROM recovery_code WHERE account_id = ?", (account_id,))
    connection.executemany("INSERT INTO recovery_code VALUES (?, ?)", [(account_id, each) for each in digests])


def use_recovery(connection: sqlite3.Connection, account_id: str, digest: bytes) -> bool:
    """Whether this recovery code is good; then it is not any more."""
    found = connection.execute("DELETE FROM recovery_code WHERE account_id = ? AND digest = ?", (account_id, digest))
    return found.rowcount == 1


def count_recovery(connection: sqlite3.Connection, account_id: str) -> int:
    """How many recovery codes are left."""
    found: tuple[int] = connection.execute(
        "SELECT count(*) FROM recovery_code WHERE account_id = ?", (account_id,)
    ).fetchone()
    return found[0]


def passkey_of(connection: sqlite3.Connection, credential: bytes) -> Passkey | None:
    """The passkey that an authenticator calls so."""
    return row(connection, _BY_CREDENTIAL, (credential,), _passkey)


def list_passkeys(connection: sqlite3.Connection, account_id: str) -> list[Passkey]:
    """An account's passkeys, oldest first."""
    return rows(connection, _PASSKEYS, (account_id,), _passkey)


def put_passkey(connection: sqlite3.Connection, passkey: Passkey) -> None:
    """Keep a new passkey or a changed one.

    Raises:
        sqlite3.IntegrityError: another one is called so by its authenticator.
    """
    connection.execute(
        _PUT_PASSKEY,
        (
            *(passkey.id, passkey.account_id, passkey.name, passkey.credential, passkey.public_key, passkey.uses),
            *(passkey.host, passkey.is_synced, passkey.created_at, passkey.used_at),
        ),
    )


def use_passkey(connection: sqlite3.Connection, passkey: Passkey, uses: int, now: float) -> bool:
    """Whether nobody else used it in between; then it was used at `now`."""
    found = connection.execute(
        "UPDATE passkey SET uses = ?, used_at = ? WHERE id = ? AND uses = ?", (uses, now, passkey.id, passkey.uses)
    )
    return found.rowcount == 1


def remove_passkey(connection: sqlite3.Connection, account_id: str, passkey_id: str) -> Passkey:
    """Forget a passkey of an account; returns what it was.

    Raises:
        NotFound: the account has no such passkey.
    """
    for each in list_passkeys(connection, account_id):
        if each.id == passkey_id:
            connection.execute("DELETE FROM passkey WHERE id = ?", (passkey_id,))
            return each
    raise NotFound("passkey", passkey_id)


def remove_passkeys(connection: sqlite3.Connection, account_id: str) -> int:
    """Forget all passkeys of an account; says how many."""
    return connection.execute("DELETE FROM passkey WHERE account_id = ?", (account_id,)).rowcount


def _passkey(found: tuple[Any, ...]) -> Passkey:
    values: dict[str, Any] = dict(zip(_PASSKEY, found, strict=True))
    return Passkey(**values | {"is_synced": values["is_synced"] == 1})
