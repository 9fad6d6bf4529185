"""Signing in and out, the first owner, and typing the password once more.

Layer web.
"""

from __future__ import annotations

import sqlite3
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from latchwork.web import accounts, keys
from latchwork.web.api.setup import OwnerBody, become_owner
from latchwork.web.context import Web, Who
from latchwork.web.outside import home_of
from latchwork.web.pages.forms import Form
from latchwork.web.pages.rendering import render, said
from latchwork.web.pages.routing import PageRoute, own_path, see
from latchwork.web.pages.texts import Texts
from latchwork.web.problems import Problem
from latchwork.web.routing import needs, open_to_all

router = APIRouter(route_class=PageRoute)


@router.get("/sign-in")
@open_to_all()
async def sign_in_page(request: Request, web: Web, next: str = "/") -> Response:  # noqa: A002 - the field's name in the address
    """Who are you?"""
    if not web.database.read(accounts.is_owned):
        return RedirectResponse(f"{home_of(request)}/setup", 303)
    if request.state.principal is not None:
        return RedirectResponse(f"{home_of(request)}{own_path(next)}", 303)
    return render(request, "sign_in.html", next=own_path(next), problem=None, name="")


@router.post("/sign-in")
@open_to_all(quota="sign_in")
async def sign_in(request: Request, form: Form, web: Web) -> Response:
    """Begin a session; every wrong name and password look the same."""
    name, following = form.text("name"), own_path(form.text("next", "/"))
    try:
        _, text = await web.auth.log_in(request, name[:200], form.raw("password")[:1000])
    except Problem as problem:
        page = render(request, "sign_in.html", status=problem.status, next=following, problem=problem, name=name[:200])
        page.headers.update(problem.headers)
        return page
    response = RedirectResponse(f"{home_of(request)}{following}", 303)
    web.auth.set_cookie(response, text)
    return response


@router.post("/sign-out")
@needs()
async def sign_out(request: Request, web: Web, who: Who) -> Response:
    """End this browser's session."""
    session = who.session
    if session is not None:
        digest = session.digest

        def write(connection: sqlite3.Connection) -> None:
            keys.end_session(connection, digest)

        await web.change(who, "logged_out", write, {"session": session.id})
    response = RedirectResponse(f"{home_of(request)}/sign-in", 303)
    web.auth.clear_cookie(response)
    return response


@router.get("/confirm")
@needs()
async def confirm_page(request: Request, next: str = "/") -> Response:  # noqa: A002 - the field's name in the address
    """The password once more, before a code is shown."""
    return render(request, "confirm.html", next=own_path(next), problem=None)


@router.post("/confirm")
@needs(quota="sign_in")
async def confirm(request: Request, form: Form, web: Web, who: Who) -> Response:
    """Go on where it was asked for."""
    following = own_path(form.text("next", "/"))
    try:
        await web.auth.confirm(request, who, form.raw("password")[:1000])
    except Problem as problem:
        return render(request, "confirm.html", status=problem.status, next=following, problem=problem)
    return see(request, following)


@router.get("/setup")
@open_to_all()
async def setup_page(request: Request, web: Web) -> Response:
    """The first owner; the link's token is in the fragment, which no server is sent: the page puts it into the form."""
    if web.database.read(accounts.is_owned):
        return RedirectResponse(f"{home_of(request)}/sign-in?{urlencode({'next': '/'})}", 303)
    return render(request, "setup.html", problem=None, name="")


@router.post("/setup")
@open_to_all(quota="sign_in")
async def setup(request: Request, form: Form, web: Web) -> Response:
    """Make the owner's account and sign in."""
    name, password = form.text("name"), form.raw("password")
    response = RedirectResponse(f"{home_of(request)}/", 303)
    try:
        _check_owner(said(request), name, password, form.raw("again"))
        token = form.text("token").rpartition("#")[2]
        body = OwnerBody(token=token[:100], name=name, password=password[:1000])
        await become_owner(request, response, body, web)
    except Problem as problem:
        return render(request, "setup.html", status=problem.status, problem=problem, name=name[:200])
    return response


def _check_owner(texts: Texts, name: str, password: str, again: str) -> None:
    if not name or len(name) > 200:
        raise Problem(422, "invalid_request", texts.say("setup.name_needed"))
    if password != again:
        raise Problem(422, "invalid_request", texts.say("setup.not_the_same"))
