"""Accounts: who may log in, what they are, and which person they belong to.

Layer web. Functions of a connection, so that a change and its line in the journal are one write. A site always keeps an owner who can
log in.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from latchwork.base.errors import Misuse
from latchwork.hub.books.rows import Conflict, NotFound, next_version, row, rows, select, upsert
from latchwork.web.roles import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who may log in.

    Attributes:
        id: opaque.
        name: to log in with; small and capital letters are the same.
        role: what they may do.
        password: its hash.
        person_id: who they are among the site's people, or None.
        is_enabled: whether they may log in.
        created_at: UTC seconds since 1970.
        version: counts the changes.
    """

    id: str
    name: str
    role: Role
    password: str = ""
    person_id: str | None = None
    is_enabled: bool = True
    created_at: float = 0.0
    version: int = 1

    def __repr__(self) -> str:
        return f"Account({self.id}, {self.role})"


_COLUMNS: Final = ("id", "name", "role", "password", "person_id", "is_enabled", "created_at", "version")
_GET: Final = select("account", _COLUMNS, "WHERE id = ?")
_NAMED: Final = select("account", _COLUMNS, "WHERE folded_name = ?")
_ALL: Final = select("account", _COLUMNS, "ORDER BY folded_name")
_PUT: Final = upsert("account", ("id",), (*_COLUMNS[1:], "folded_name"))


class LastOwner(Misuse):
    """The site would be left without anybody who may do everything."""

    advice = "Make somebody else an owner first."


class NameTaken(Misuse):
    """Another account has this name."""

    advice = "Choose another name."


def get_account(connection: sqlite3.Connection, account_id: str) -> Account:
    """The account.

    Raises:
        NotFound: there is none.
    """
    found = row(connection, _GET, (account_id,), _account)
    if found is None:
        raise NotFound("account", account_id)
    return found


def account_named(connection: sqlite3.Connection, name: str) -> Account | None:
    """The account with this name, or None."""
    return row(connection, _NAMED, (name.casefold(),), _account)


def list_accounts(connection: sqlite3.Connection) -> list[Account]:
    """All accounts, by name."""
    return rows(connection, _ALL, (), _account)


def is_owned(connection: sqlite3.Connection) -> bool:
    """Whether anybody can log in as an owner."""
    return connection.execute("SELECT 1 FROM account WHERE role = 'owner' AND is_enabled").fetchone() is not None


def put_account(connection: sqlite3.Connection, account: Account) -> Account:
    """Keep a new account (version 1) or a changed one; returns it with the version that is kept now.

    Raises:
        Conflict: somebody else changed it in between.
        NameTaken: another account has its name.
        LastOwner: nobody would be left who may do everything.
        sqlite3.IntegrityError: the person is not known.
    """
    other = account_named(connection, account.name)
    if other is not None and other.id != account.id:
        raise NameTaken(f"there is an account {account.name} already")
    kept = connection.execute("SELECT version FROM account WHERE id = ?", (account.id,)).fetchone()
    stored = replace(account, version=next_version("account", account.id, account.version, kept))
    values = (
        *(stored.id, stored.name, stored.role.value, stored.password, stored.person_id, stored.is_enabled),
        *(stored.created_at, stored.version, stored.name.casefold()),
    )
    connection.execute(_PUT, values)
    _check_owned(connection)
    return stored


def remove_account(connection: sqlite3.Connection, account_id: str, version: int | None = None) -> Account:
    """Forget an account with its sessions and tokens; returns what it was.

    Raises:
        NotFound: there is none.
        Conflict: it is not the version that was read.
        LastOwner: nobody would be left who may do everything.
    """
    account = get_account(connection, account_id)
    if version is not None and version != account.version:
        raise Conflict("account", account_id, version, account.version)
    connection.execute("DELETE FROM account WHERE id = ?", (account_id,))
    _check_owned(connection)
    return account


def _check_owned(connection: sqlite3.Connection) -> None:
    if not is_owned(connection):
        raise LastOwner("a site needs an owner who can log in")


def _account(found: Sequence[Any]) -> Account:
    return Account(
        id=found[0],
        name=found[1],
        role=Role(found[2]),
        password=found[3],
        person_id=found[4],
        is_enabled=found[5] == 1,
        created_at=found[6],
        version=found[7],
    )
