"""Tokens for programs: shown once, kept as a hash, with scopes of their own.

Layer web.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from latchwork.web import keys
from latchwork.web.api.shapes import Body, Id, ListOf, Name
from latchwork.web.context import Web, Who
from latchwork.web.keys import Token
from latchwork.web.problems import Problem, forbidden, invalid
from latchwork.web.roles import Scope
from latchwork.web.routing import GuardedRoute, needs
from latchwork.web.stamps import Time, TimeIn

router = APIRouter(prefix="/api/v1/tokens", tags=["tokens"], route_class=GuardedRoute)


class TokenOut(BaseModel):
    """A program that may ask."""

    id: str
    name: str
    account_id: str
    scopes: list[Scope]
    created_at: Time
    expires_at: Time | None
    used_at: Time | None


class CreatedTokenOut(TokenOut):
    """A new token, with its text for the only time."""

    token: str


class TokenBody(Body):
    """What a new token is for."""

    name: Name
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]
    expires_at: TimeIn | None = None


def token_out(token: Token) -> TokenOut:
    """The token without its text, which nobody knows."""
    return TokenOut(
        id=token.id,
        name=token.name,
        account_id=token.account_id,
        scopes=sorted(token.scopes),
        created_at=token.created_at,
        expires_at=token.expires_at,
        used_at=token.used_at,
    )


@router.get("", summary="Tokens")
@needs()
async def list_tokens(web: Web, who: Who) -> ListOf[TokenOut]:
    """One's own; everybody's for who may change accounts."""
    whose = None if who.may(Scope.ACCOUNTS_WRITE) else who.account.id
    return ListOf(data=[token_out(each) for each in web.database.read(lambda to: keys.list_tokens(to, whose))])


@router.post("", status_code=201, summary="Make a token")
@needs()
async def add_token(response: Response, body: TokenBody, web: Web, who: Who) -> CreatedTokenOut:
    """Its text is in this answer and nowhere else. It may do no more than who makes it."""
    if who.token is not None:
        raise forbidden("A token makes no tokens: log in.")
    who.check_fresh(web.clock.utc(), web.settings.confirm_s)
    now = web.clock.utc()
    if body.expires_at is not None and body.expires_at <= now:
        raise invalid("/body/expires_at", "a token expires in the future")
    for scope in body.scopes:
        who.check(scope)
    text = keys.TOKEN_PREFIX + keys.new_text(web.entropy)
    token = Token(
        id=web.house.desk.new_id("token"),
        digest=keys.digest_of(text),
        account_id=who.account.id,
        name=body.name,
        scopes=frozenset(body.scopes),
        created_at=now,
        expires_at=body.expires_at,
    )
    if len(web.database.read(lambda to: keys.list_tokens(to, who.account.id))) >= keys.MAX_TOKENS:
        raise Problem(409, "too_many", "There are too many", "Remove a token that is not used any more.")
    scopes = " ".join(sorted(token.scopes))
    await web.change(
        who,
        "token_added",
        lambda to: keys.put_token(to, token),
        {"token_id": token.id, "name": token.name, "scopes": scopes},
    )
    response.headers["location"] = f"{web.settings.root_path}/api/v1/tokens/{token.id}"
    return CreatedTokenOut(**token_out(token).model_dump(), token=text)


@router.delete("/{token_id}", status_code=204, summary="End a token")
@needs()
async def remove_token(token_id: Id, web: Web, who: Who) -> None:
    """One's own; anybody's for who may change accounts."""
    whose = None if who.may(Scope.ACCOUNTS_WRITE) else who.account.id
    await web.change(who, "token_removed", lambda to: keys.remove_token(to, token_id, whose), {"token_id": token_id})
