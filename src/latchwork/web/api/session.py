"""Logging in and out, and what a session is.

Layer web.
"""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from latchwork.hub.books.rows import NotFound
from latchwork.web import keys
from latchwork.web.accounts import get_account, put_account
from latchwork.web.api.shapes import Body, Id, ListOf
from latchwork.web.context import Web, Who
from latchwork.web.principals import Principal
from latchwork.web.problems import forbidden
from latchwork.web.roles import Role, Scope
from latchwork.web.routing import PROBLEM, GuardedRoute, needs, open_to_all
from latchwork.web.second_factor import MAX_TYPED
from latchwork.web.stamps import Time

router = APIRouter(prefix="/api/v1", tags=["session"], route_class=GuardedRoute)
Password = Annotated[str, Field(max_length=1000, json_schema_extra={"format": "password"})]


class LogInBody(Body):
    """A name and its password; where the account has a second factor, a code of the app or a recovery code, too."""

    name: Annotated[str, Field(max_length=200)]
    password: Password
    totp: Annotated[str | None, Field(max_length=MAX_TYPED, json_schema_extra={"format": "password"})] = None


class ConfirmBody(Body):
    """The password once more."""

    password: Password


class PasswordBody(Body):
    """The password that was, and the one that will be."""

    password: Password
    new_password: Password


class SessionOut(BaseModel):
    """Who asks, and what they may."""

    account_id: str
    name: str
    role: Role
    person_id: str | None
    scopes: list[Scope]
    csrf_token: str
    confirmed_at: Time | None


class OpenSessionOut(BaseModel):
    """A browser that is logged in."""

    id: str
    agent: str
    created_at: Time
    seen_at: Time
    is_this: bool


def session_out(principal: Principal) -> SessionOut:
    """Who asks, to be answered."""
    account = principal.account
    return SessionOut(
        account_id=account.id,
        name=account.name,
        role=account.role,
        person_id=account.person_id,
        scopes=sorted(principal.scopes),
        csrf_token=principal.csrf,
        confirmed_at=principal.session.confirmed_at if principal.session else None,
    )


@router.post("/session", status_code=201, summary="Log in", responses={401: PROBLEM})
@open_to_all()
async def log_in(request: Request, response: Response, body: LogInBody, web: Web) -> SessionOut:
    """Sets the session's cookie, which no script can read; changes need `csrf_token` as X-CSRF-Token.

    `second_factor_needed` says that the password was right and a code is needed: the same once more, with `totp`.
    """
    principal, text = await web.auth.log_in(request, body.name, body.password, body.totp)
    web.auth.set_cookie(response, text)
    return session_out(principal)


@router.get("/session", summary="Who asks")
@needs()
async def read_session(who: Who) -> SessionOut:
    """Account, scopes, and the CSRF token of a browser."""
    return session_out(who)


@router.delete("/session", status_code=204, summary="Log out")
@needs()
async def log_out(response: Response, web: Web, who: Who) -> None:
    """Ends this browser's session."""
    session = who.session
    if session is None:
        raise forbidden("A token is ended by DELETE /api/v1/tokens/{token_id}.")
    await web.change(who, "logged_out", lambda to: keys.end_session(to, session.digest), {"session": session.id})
    web.auth.clear_cookie(response)


@router.post("/session/confirm", status_code=204, summary="Type the password once more")
@needs(is_repeatable=False)
async def confirm(request: Request, body: ConfirmBody, web: Web, who: Who) -> None:
    """Needed before a code is read back in a browser."""
    await web.auth.confirm(request, who, body.password)


@router.put("/session/password", status_code=204, summary="Change one's password")
@needs()
async def change_password(request: Request, body: PasswordBody, web: Web, who: Who) -> None:
    """Ends the account's other sessions."""
    await web.auth.confirm(request, who, body.password)
    password = await web.auth.passwords.hash(body.new_password, name=who.account.name)
    account_id, this = who.account.id, who.session.digest if who.session else b""

    def write(connection: sqlite3.Connection) -> None:
        put_account(connection, replace(get_account(connection, account_id), password=password))
        keys.end_sessions(connection, account_id, but=this)

    await web.change(who, "password_changed", write)


@router.get("/sessions", summary="Where one is logged in")
@needs()
async def list_sessions(web: Web, who: Who) -> ListOf[OpenSessionOut]:
    """One's own sessions, the one used last first."""
    this = who.session.digest if who.session else b""
    found = web.database.read(lambda connection: keys.list_sessions(connection, who.account.id))
    return ListOf(
        data=[
            OpenSessionOut(
                id=each.id,
                agent=each.agent,
                created_at=each.created_at,
                seen_at=each.seen_at,
                is_this=each.digest == this,
            )
            for each in found
        ]
    )


@router.delete("/sessions/{session_id}", status_code=204, summary="Log out elsewhere")
@needs()
async def end_session(session_id: Id, web: Web, who: Who) -> None:
    """Ends one of one's own sessions."""

    def write(connection: sqlite3.Connection) -> None:
        for each in keys.list_sessions(connection, who.account.id):
            if each.id == session_id:
                keys.end_session(connection, each.digest)
                return
        raise NotFound("session", session_id)

    await web.change(who, "session_ended", write, {"session": session_id})
