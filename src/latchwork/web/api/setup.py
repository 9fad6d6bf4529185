"""The first owner, by the link that the hub printed when it started.

Layer web.
"""

from __future__ import annotations

import sqlite3
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from latchwork.web import accounts
from latchwork.web.accounts import Account
from latchwork.web.api.session import SessionOut, session_out
from latchwork.web.api.shapes import Body, Name
from latchwork.web.context import Web
from latchwork.web.problems import Problem
from latchwork.web.roles import Role
from latchwork.web.routing import GuardedRoute, open_to_all

router = APIRouter(prefix="/api/v1/setup", tags=["setup"], route_class=GuardedRoute)


class SetupOut(BaseModel):
    """Whether the site has an owner."""

    is_owned: bool


class OwnerBody(Body):
    """Who becomes the owner, and the link's token."""

    token: Annotated[str, Field(max_length=100)]
    name: Name
    password: Annotated[str, Field(max_length=1000, json_schema_extra={"format": "password"})]


@router.get("", summary="Whether the site has an owner")
@open_to_all()
async def read_setup(web: Web) -> SetupOut:
    """Says nothing else."""
    return SetupOut(is_owned=web.database.read(accounts.is_owned))


@router.post("", status_code=201, summary="Become the first owner")
@open_to_all()
async def become_owner(request: Request, response: Response, body: OwnerBody, web: Web) -> SessionOut:
    """Good once, with the token of the link that the hub printed; logs the owner in."""
    if web.database.read(accounts.is_owned) or not web.owner_link.fits(body.token):
        raise _refused()
    account = Account(
        id=web.house.desk.new_id("account"),
        name=body.name,
        role=Role.OWNER,
        password=await web.auth.passwords.hash(body.password, name=body.name),
        created_at=web.clock.utc(),
    )

    def write(connection: sqlite3.Connection) -> Account:
        # Asked again within the write: of two who have the link, one is the owner.
        if accounts.is_owned(connection):
            raise _refused()
        return accounts.put_account(connection, account)

    kept = await web.database.write(write)
    web.owner_link.use_up()
    principal, text = await web.auth.begin_session(request, kept, did="owner_made")
    web.auth.set_cookie(response, text)
    return session_out(principal)


def _refused() -> Problem:
    return Problem(
        403,
        "setup_refused",
        "This link is not good any more",
        "It is good once, for a day, and only while the site has no owner. Start the hub again for a new one.",
    )
