"""You: password, second factor, passkeys, where you are signed in, and how the app looks.

Layer web.
"""

from __future__ import annotations

import sqlite3

from fastapi import APIRouter, Request, Response
from markupsafe import Markup
from starlette.responses import JSONResponse

from latchwork.web import keys
from latchwork.web.api import security as api
from latchwork.web.api import session as session_api
from latchwork.web.api.security import CodeBody, EndBody, NewPasskey, check_browser, place_of
from latchwork.web.api.session import PasswordBody
from latchwork.web.api.shapes import Id
from latchwork.web.context import Context, Web, Who
from latchwork.web.pages.agents import browser_of, system_of
from latchwork.web.pages.forms import Form
from latchwork.web.pages.passkey_answers import answer_in
from latchwork.web.pages.rendering import THEMES, render, said
from latchwork.web.pages.routing import PageRoute, see
from latchwork.web.pages.validating import checked
from latchwork.web.passwords import PasswordRefused
from latchwork.web.principals import Principal
from latchwork.web.problems import Problem, problem_of
from latchwork.web.routing import needs

router = APIRouter(route_class=PageRoute)
YOU = "/settings/you"
FACTOR = "/settings/second-factor"


@router.get(YOU)
@needs()
async def you_page(request: Request, web: Web, who: Who) -> Response:
    """Everything about one's own account."""
    return _you_page(request, web, who)


def _you_page(request: Request, web: Context, who: Principal, problem: Problem | None = None) -> Response:
    this = who.session.digest if who.session else b""
    found = web.database.read(lambda connection: keys.list_sessions(connection, who.account.id))
    now = web.clock.utc()
    sessions = [
        (each, browser_of(each.agent), system_of(each.agent), each.digest == this)
        for each in found
        if each.expires_at > now and now - each.seen_at < web.settings.session_idle_s
    ]
    return render(
        request,
        "settings_you.html",
        status=problem.status if problem else 200,
        problem=problem,
        factor=web.auth.factors.of(who.account.id),
        left=web.auth.factors.recovery_left(who.account.id),
        passkeys=web.auth.passkeys.of(who.account.id),
        place=place_of(request),
        sessions=sessions,
        themes=THEMES,
    )


@router.post("/settings/you/password")
@needs(quota="sign_in")
async def change_password(request: Request, form: Form, web: Web, who: Who) -> Response:
    """The old one, and the new one twice."""
    texts = said(request)
    if form.raw("new_password") != form.raw("again"):
        return _you_page(request, web, who, Problem(422, "invalid_request", texts.say("setup.not_the_same")))
    try:
        body = checked(PasswordBody, password=form.raw("password"), new_password=form.raw("new_password"))
        await session_api.change_password(request, body, web, who)
    except (Problem, PasswordRefused) as error:
        return _you_page(request, web, who, _shown(problem_of(error)))
    return see(request, YOU, texts.say("you.password_changed"))


def _shown(problem: Problem) -> Problem:
    """A wrong password of somebody who is signed in sends them nowhere."""
    return (
        Problem(422, problem.code, problem.title, problem.detail, errors=problem.errors)
        if problem.status == 401
        else problem
    )


@router.get(FACTOR)
@needs()
async def factor_page(request: Request, web: Web, who: Who) -> Response:
    """What it is, or the code to be scanned, or how to end it."""
    check_browser(web, who)
    return _factor_page(request, web, who)


def _factor_page(request: Request, web: Context, who: Principal, problem: Problem | None = None) -> Response:
    factor, pending = web.auth.factors.of(who.account.id), web.auth.factors.pending(who.account.id)
    secret = None if pending is None else api.secret_out(web, who, bytes(pending))
    # Drawn by us out of letters and digits: nothing in it is anybody's text.
    picture = Markup("") if secret is None else Markup(secret.qr.partition("?>")[2] or secret.qr)  # noqa: S704 - our own drawing, of nothing that a browser sent
    return render(
        request,
        "settings_factor.html",
        status=problem.status if problem else 200,
        is_secret=True,
        problem=problem,
        factor=factor,
        left=web.auth.factors.recovery_left(who.account.id),
        secret=secret,
        picture=picture,
        now=web.clock.utc(),
    )


@router.post(FACTOR)
@needs()
async def begin_factor(request: Request, web: Web, who: Who) -> Response:
    """A new secret."""
    await api.begin_second_factor(web, who)
    return see(request, FACTOR)


@router.post("/settings/second-factor/confirm")
@needs(quota="sign_in")
async def confirm_factor(request: Request, form: Form, web: Web, who: Who) -> Response:
    """A code of it: from now on one is asked for. Shows the recovery codes, for the only time."""
    try:
        found = await api.confirm_second_factor(checked(CodeBody, totp=form.text("code")), web, who)
    except Problem as problem:
        if problem.status != 422:
            raise
        return _factor_page(request, web, who, problem)
    return render(request, "settings_recovery.html", is_secret=True, codes=found.recovery_codes, is_new=True)


@router.post("/settings/second-factor/recovery")
@needs(quota="sign_in")
async def renew_recovery(request: Request, form: Form, web: Web, who: Who) -> Response:
    """New recovery codes."""
    try:
        body = checked(CodeBody, totp=form.text("code"))
        found = await api.renew_recovery_codes(request, body, web, who)
    except Problem as problem:
        if problem.status == 403:
            raise
        return _factor_page(request, web, who, problem)
    return render(request, "settings_recovery.html", is_secret=True, codes=found.recovery_codes, is_new=False)


@router.post("/settings/second-factor/end")
@needs(quota="sign_in")
async def end_factor(request: Request, form: Form, web: Web, who: Who) -> Response:
    """With password and code."""
    try:
        body = checked(EndBody, password=form.raw("password"), totp=form.text("code"))
        await api.end_second_factor(request, body, web, who)
    except Problem as problem:
        return _factor_page(request, web, who, _shown(problem))
    return see(request, YOU, said(request).say("factor.ended"))


@router.post("/settings/passkeys/options")
@needs(quota="sign_in")
async def passkey_options(request: Request, web: Web, who: Who) -> Response:
    """For the script that asks the browser for a new passkey."""
    carrier = Response()
    options = await api.passkey_options(request, carrier, web, who)
    return JSONResponse(options, headers={"set-cookie": carrier.headers["set-cookie"]})


@router.post("/settings/passkeys")
@needs(quota="sign_in")
async def add_passkey(request: Request, form: Form, web: Web, who: Who) -> Response:
    """What the browser answered."""
    texts, carrier = said(request), Response()
    agent = request.headers.get("user-agent", "")
    called = form.text("name") or system_of(agent) or browser_of(agent) or texts.say("you.passkey")
    body = checked(NewPasskey, name=called, credential=answer_in(form))
    added = await api.add_passkey(request, carrier, body, web, who)
    response = see(request, YOU, texts.say("you.passkey_added", name=added.name))
    response.headers["set-cookie"] = carrier.headers["set-cookie"]
    return response


@router.post("/settings/passkeys/{passkey_id}/remove")
@needs()
async def remove_passkey(passkey_id: Id, request: Request, web: Web, who: Who) -> Response:
    """It signs nobody in any more."""
    await api.remove_passkey(passkey_id, web, who)
    return see(request, YOU, said(request).say("you.passkey_removed"))


@router.post("/settings/sessions/{session_id}/end")
@needs()
async def end_session(session_id: Id, request: Request, web: Web, who: Who) -> Response:
    """Sign out elsewhere."""
    await session_api.end_session(session_id, web, who)
    return see(request, YOU, said(request).say("you.session_ended"))


@router.post("/settings/sessions/end")
@needs()
async def end_other_sessions(request: Request, web: Web, who: Who) -> Response:
    """Sign out everywhere but here."""
    account_id, this = who.account.id, who.session.digest if who.session else b""

    def write(connection: sqlite3.Connection) -> int:
        return keys.end_sessions(connection, account_id, but=this)

    count = await web.change(who, "sessions_ended", write)
    return see(request, YOU, said(request).say("you.sessions_ended", count=count))
