"""Tokens: what programs ask with. Made here, shown once, and ended.

Layer web.
"""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from latchwork.base.errors import LatchworkError
from latchwork.web import accounts, keys
from latchwork.web.api import tokens as api
from latchwork.web.api.shapes import Id
from latchwork.web.api.tokens import TokenBody
from latchwork.web.context import Context, Web, Who
from latchwork.web.pages.forms import Fields, Form
from latchwork.web.pages.rendering import render, said
from latchwork.web.pages.routing import PageRoute, see
from latchwork.web.pages.validating import checked
from latchwork.web.principals import Principal
from latchwork.web.problems import Problem, problem_of
from latchwork.web.roles import Scope
from latchwork.web.routing import needs
from latchwork.web.settings import DAY
from latchwork.web.stamps import to_text

router = APIRouter(route_class=PageRoute)
PLACE = "/settings/tokens"
LASTING: Final = {"never": None, "30": 30 * DAY, "365": 365 * DAY}


@router.get(PLACE)
@needs(Scope.PEOPLE_READ)
async def tokens_page(request: Request, web: Web, who: Who) -> Response:
    """One's own; everybody's for an owner."""
    whose = None if who.may(Scope.ACCOUNTS_WRITE) else who.account.id
    names = {each.id: each.name for each in web.database.read(accounts.list_accounts)}
    found = web.database.read(lambda connection: keys.list_tokens(connection, whose))
    return render(request, "settings_tokens.html", tokens=found, names=names, now=web.clock.utc())


@router.get("/settings/tokens/add")
@needs(Scope.PEOPLE_READ)
async def add_page(request: Request, web: Web, who: Who) -> Response:
    """What it is for, and what it may."""
    who.check_fresh(web.clock.utc(), web.settings.confirm_s)
    return _add_page(request, web, who, None, None)


def _add_page(request: Request, web: Context, who: Principal, form: Fields | None, problem: Problem | None) -> Response:
    del web
    values: dict[str, Any] = {
        "problem": problem,
        "scopes": [each for each in Scope if who.may(each)],
        "chosen": form.texts("scopes") if form else [],
        "name": form.text("name") if form else "",
        "lasts": form.text("lasts", "never") if form else "never",
        "lasting": list(LASTING),
    }
    return render(request, "settings_token_add.html", status=problem.status if problem else 200, **values)


@router.post("/settings/tokens/add")
@needs(Scope.PEOPLE_READ)
async def add(request: Request, form: Form, web: Web, who: Who) -> Response:
    """Its text is on this page and nowhere else."""
    lasts = LASTING.get(form.text("lasts", "never"))
    ends = None if lasts is None else to_text(web.clock.utc() + lasts)
    try:
        body = checked(TokenBody, name=form.text("name"), scopes=form.texts("scopes"), expires_at=ends)
        made = await api.add_token(Response(), body, web, who)
    except (Problem, LatchworkError) as error:
        problem = problem_of(error)
        if problem.status == 403:
            raise
        return _add_page(request, web, who, form, problem)
    return shown_once(request, "token", made.name, made.token, PLACE)


def shown_once(request: Request, what: str, name: str, text: str, back: str) -> Response:
    """A secret that was made by this very request: `what` names the text that says so."""
    return render(request, "settings_shown_once.html", is_secret=True, what=what, name=name, text=text, back=back)


@router.post("/settings/tokens/{token_id}/end")
@needs(Scope.PEOPLE_READ)
async def end(token_id: Id, request: Request, web: Web, who: Who) -> Response:
    """Whoever uses it is refused from now on."""
    await api.remove_token(token_id, web, who)
    return see(request, PLACE, said(request).say("token.ended"))
