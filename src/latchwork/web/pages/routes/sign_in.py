"""Signing in and out in its steps, the first owner, and typing the password once more.

Layer web.
"""

from __future__ import annotations

import sqlite3
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from latchwork.web import accounts, keys
from latchwork.web.api.security import log_in_options, place_of
from latchwork.web.api.setup import OwnerBody, become_owner
from latchwork.web.context import Context, Web, Who
from latchwork.web.outside import home_of
from latchwork.web.pages.forms import CSRF_FIELD, Form, is_token, mask
from latchwork.web.pages.passkey_answers import answer_in
from latchwork.web.pages.rendering import render, said
from latchwork.web.pages.routing import PageRoute, own_path, see
from latchwork.web.pages.texts import Texts
from latchwork.web.problems import Problem
from latchwork.web.routing import needs, open_to_all
from latchwork.web.steps import Step

router = APIRouter(route_class=PageRoute)


@router.get("/sign-in")
@open_to_all()
async def sign_in_page(request: Request, web: Web, next: str = "/") -> Response:  # noqa: A002 - the field's name in the address
    """Who are you?"""
    if not web.database.read(accounts.is_owned):
        return RedirectResponse(f"{home_of(request)}/setup", 303)
    if request.state.principal is not None:
        return RedirectResponse(f"{home_of(request)}{own_path(next)}", 303)
    return _sign_in_page(request, own_path(next), None)


@router.post("/sign-in")
@open_to_all(quota="sign_in")
async def sign_in(request: Request, form: Form, web: Web) -> Response:
    """Begin a session; every wrong name and password look the same."""
    name, following = form.text("name"), own_path(form.text("next", "/"))
    try:
        account = await web.auth.check_password(request, name[:200], form.raw("password")[:1000])
    except Problem as problem:
        return _sign_in_page(request, following, problem, name[:200])
    if web.auth.factors.of(account.id) is not None:
        response = RedirectResponse(f"{home_of(request)}/sign-in/code?{urlencode({'next': following})}", 303)
        step = Step(kind="second_factor", account_id=account.id, version=account.version)
        web.auth.set_step(response, step)
        return response
    _, text = await web.auth.begin_session(request, account, did="logged_in")
    return _signed_in(request, web, following, text)


def _sign_in_page(request: Request, following: str, problem: Problem | None, name: str = "") -> Response:
    page = render(
        request,
        "sign_in.html",
        status=problem.status if problem else 200,
        next=following,
        problem=problem,
        name=name,
        has_passkeys=place_of(request) is not None,
    )
    page.headers.update(problem.headers if problem else {})
    return page


def _signed_in(request: Request, web: Context, following: str, text: str) -> Response:
    response = RedirectResponse(f"{home_of(request)}{following}", 303)
    web.auth.clear_step(response)
    web.auth.set_cookie(response, text)
    return response


@router.get("/sign-in/code")
@open_to_all()
async def code_page(request: Request, web: Web, next: str = "/") -> Response:  # noqa: A002 - the field's name in the address
    """The password was right; a code is asked for."""
    if web.auth.steps.look(_held(request, web), "second_factor") is None:
        return RedirectResponse(f"{home_of(request)}/sign-in?{urlencode({'next': own_path(next)})}", 303)
    return _code_page(request, web, own_path(next), None)


def _code_page(request: Request, web: Context, following: str, problem: Problem | None) -> Response:
    csrf = mask(keys.csrf_of(_held(request, web)), web.entropy)
    status = problem.status if problem else 200
    page = render(request, "sign_in_code.html", status=status, next=following, problem=problem, csrf=csrf)
    page.headers.update(problem.headers if problem else {})
    return page


@router.post("/sign-in/code")
@open_to_all(quota="sign_in")
async def sign_in_with_code(request: Request, form: Form, web: Web) -> Response:
    """The second step: it is good for this browser alone, for five minutes and for five tries."""
    held, following = _held(request, web), own_path(form.text("next", "/"))
    step = web.auth.steps.look(held, "second_factor")
    account = web.auth.on_the_way(step)
    if step is None or account is None:
        return RedirectResponse(f"{home_of(request)}/sign-in?{urlencode({'next': following})}", 303)
    if not is_token(form.raw(CSRF_FIELD), keys.csrf_of(held)):
        raise Problem(403, "csrf_token_missing", "This form is too old", "Load the page again and type the code there.")
    step.tries += 1
    try:
        by = await web.auth.check_second(request, account, form.text("code")[:100])
    except Problem as problem:
        return _code_page(request, web, following, problem)
    web.auth.steps.end(held)
    principal, text = await web.auth.begin_session(request, account, did="logged_in", by=by)
    if by == "recovery":
        left = web.auth.factors.recovery_left(account.id)
        web.notices.put(principal.actor, said(request).say("code.recovery_used", count=left), is_bad=left < 2)
    return _signed_in(request, web, following, text)


def _held(request: Request, web: Context) -> str:
    """What the browser holds of its step."""
    return request.cookies.get(web.auth.step_cookie, "")


@router.post("/sign-in/passkey/options")
@open_to_all(quota="sign_in")
async def passkey_options(request: Request, web: Web) -> Response:
    """For the script that asks the browser for a passkey."""
    carrier = Response()
    options = await log_in_options(request, carrier, web)
    return JSONResponse(options, headers={"set-cookie": carrier.headers["set-cookie"]})


@router.post("/sign-in/passkey")
@open_to_all(quota="sign_in")
async def sign_in_with_passkey(request: Request, form: Form, web: Web) -> Response:
    """What the browser answered."""
    following = own_path(form.text("next", "/"))
    step = web.auth.steps.take(_held(request, web), "passkey_sign_in")
    try:
        answer = answer_in(form)
        _, text = await web.auth.use_passkey(request, answer, step, place_of(request))
    except Problem as problem:
        return _sign_in_page(request, following, problem)
    return _signed_in(request, web, following, text)


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
