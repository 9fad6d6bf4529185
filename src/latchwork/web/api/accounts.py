"""Accounts: who may log in and what they are.

Layer web.
"""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, Field

from latchwork.web import accounts, keys
from latchwork.web.accounts import Account
from latchwork.web.api.shapes import Body, Id, ListOf, Name
from latchwork.web.context import Web, Who
from latchwork.web.roles import Role, Scope
from latchwork.web.routing import GuardedRoute, needs
from latchwork.web.stamps import Time, check_match, etag

router = APIRouter(prefix="/api/v1/accounts", tags=["accounts"], route_class=GuardedRoute)
IfMatch = Annotated[str | None, Header(description="The ETag that was read.")]
Password = Annotated[str, Field(max_length=1000, json_schema_extra={"format": "password"})]


class AccountOut(BaseModel):
    """Somebody who may log in."""

    id: str
    name: str
    role: Role
    person_id: str | None
    is_enabled: bool
    created_at: Time
    version: int


class NewAccount(Body):
    """Somebody who will be able to log in."""

    name: Name
    password: Password
    role: Role
    person_id: Id | None = None


class AccountChange(Body):
    """What becomes another; what is left out stays."""

    name: Name | None = None
    password: Password | None = None
    role: Role | None = None
    person_id: Id | None = None
    is_enabled: bool | None = None


def account_out(account: Account) -> AccountOut:
    """The account without its password's hash."""
    return AccountOut(
        id=account.id,
        name=account.name,
        role=account.role,
        person_id=account.person_id,
        is_enabled=account.is_enabled,
        created_at=account.created_at,
        version=account.version,
    )


@router.get("", summary="All accounts")
@needs(Scope.ACCOUNTS_WRITE)
async def list_accounts(web: Web) -> ListOf[AccountOut]:
    """By name."""
    return ListOf(data=[account_out(each) for each in web.database.read(accounts.list_accounts)])


@router.post("", status_code=201, summary="Make an account")
@needs(Scope.ACCOUNTS_WRITE)
async def add_account(response: Response, body: NewAccount, web: Web, who: Who) -> AccountOut:
    """A guest's account sees the doors of its person's accesses and nothing else."""
    if body.person_id is not None:
        web.house.repository.person(body.person_id)
    account = Account(
        id=web.house.desk.new_id("account"),
        name=body.name,
        role=body.role,
        password=await web.auth.passwords.hash(body.password, name=body.name),
        person_id=body.person_id,
        created_at=web.clock.utc(),
    )
    facts = {"account": account.id, "role": account.role.value}
    kept = await web.change(who, "account_added", lambda to: accounts.put_account(to, account), {**facts})
    response.headers["location"] = f"{web.settings.root_path}/api/v1/accounts/{kept.id}"
    response.headers["etag"] = etag(kept.version)
    return account_out(kept)


@router.get("/{account_id}", summary="One account")
@needs(Scope.ACCOUNTS_WRITE)
async def read_account(account_id: Id, response: Response, web: Web) -> AccountOut:
    """Never with a password."""
    account = web.database.read(lambda connection: accounts.get_account(connection, account_id))
    response.headers["etag"] = etag(account.version)
    return account_out(account)


@router.patch("/{account_id}", summary="Change an account")
@needs(Scope.ACCOUNTS_WRITE)
async def change_account(
    account_id: Id, response: Response, body: AccountChange, web: Web, who: Who, if_match: IfMatch = None
) -> AccountOut:
    """Another password, another role, or switching it off ends its sessions."""
    account = web.database.read(lambda connection: accounts.get_account(connection, account_id))
    check_match(if_match, account.version)
    changes = body.model_dump(exclude_unset=True, exclude={"password"})
    for required in ("name", "role", "is_enabled"):
        if changes.get(required, True) is None:
            del changes[required]
    if changes.get("person_id"):
        web.house.repository.person(changes["person_id"])
    if body.password is not None:
        changes["password"] = await web.auth.passwords.hash(body.password, name=body.name or account.name)
    changed = replace(account, **changes)

    def write(connection: sqlite3.Connection) -> Account:
        kept = accounts.put_account(connection, changed)
        if {"password", "role", "is_enabled"} & changes.keys():
            keys.end_sessions(connection, account_id, but=who.session.digest if who.session else b"")
        return kept

    what = ", ".join(sorted(changes))
    kept = await web.change(who, "account_changed", write, {"account": account_id, "what": what})
    response.headers["etag"] = etag(kept.version)
    return account_out(kept)


@router.delete("/{account_id}", status_code=204, summary="Remove an account")
@needs(Scope.ACCOUNTS_WRITE)
async def remove_account(account_id: Id, web: Web, who: Who, if_match: IfMatch = None) -> None:
    """Its sessions and tokens end with it; the last owner stays."""
    account = web.database.read(lambda connection: accounts.get_account(connection, account_id))
    check_match(if_match, account.version)
    await web.change(
        who,
        "account_removed",
        lambda to: accounts.remove_account(to, account_id, account.version),
        {"account": account_id, "name": account.name},
    )
