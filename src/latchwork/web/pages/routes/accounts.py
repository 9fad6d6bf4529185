"""Accounts: who may sign in, what they are, and which person they belong to.

Layer web.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from latchwork.base.errors import LatchworkError
from latchwork.web import accounts, factor_rows
from latchwork.web.accounts import Account
from latchwork.web.api import accounts as api
from latchwork.web.api import security as security_api
from latchwork.web.api.accounts import AccountChange, NewAccount
from latchwork.web.api.shapes import Id
from latchwork.web.context import Context, Web, Who
from latchwork.web.pages.forms import Fields, Form
from latchwork.web.pages.rendering import render, said
from latchwork.web.pages.routes.people import check_name
from latchwork.web.pages.routing import PageRoute, see
from latchwork.web.pages.validating import checked
from latchwork.web.problems import Problem, problem_of
from latchwork.web.roles import Role, Scope
from latchwork.web.routing import needs

router = APIRouter(route_class=PageRoute)
PLACE = "/settings/accounts"


@router.get(PLACE)
@needs(Scope.ACCOUNTS_WRITE)
async def accounts_page(request: Request, web: Web) -> Response:
    """All, by name."""
    persons = {each.id: each.name for each in web.house.repository.persons(with_left=True)}
    return render(
        request,
        "settings_accounts.html",
        accounts=web.database.read(accounts.list_accounts),
        persons=persons,
        with_factor=web.database.read(factor_rows.confirmed),
    )


@router.get("/settings/accounts/add")
@needs(Scope.ACCOUNTS_WRITE)
async def add_page(request: Request, web: Web) -> Response:
    """Somebody who will sign in."""
    return _add_page(request, web, None, None)


def _add_page(request: Request, web: Context, form: Fields | None, problem: Problem | None) -> Response:
    typed = {name: form.text(name) if form else "" for name in ("name", "role", "person_id")}
    typed["role"] = typed["role"] or Role.RESIDENT.value
    status = problem.status if problem else 200
    return render(request, "settings_account_add.html", status=status, problem=problem, typed=typed, **_choices(web))


def _choices(web: Context) -> dict[str, Any]:
    persons = sorted(web.house.repository.persons(), key=lambda each: each.name.casefold())
    return {"persons": persons, "roles": list(Role)}


@router.post("/settings/accounts/add")
@needs(Scope.ACCOUNTS_WRITE)
async def add(request: Request, form: Form, web: Web, who: Who) -> Response:
    """Their name, a first password, and what they are."""
    try:
        body = checked(
            NewAccount,
            name=form.text("name"),
            password=form.raw("password"),
            role=form.text("role"),
            person_id=form.text("person_id") or None,
        )
        added = await api.add_account(Response(), body, web, who)
    except (Problem, LatchworkError) as error:
        return _add_page(request, web, form, problem_of(error))
    return see(request, PLACE, said(request).say("account.added", name=added.name))


@router.get("/settings/accounts/{account_id}")
@needs(Scope.ACCOUNTS_WRITE)
async def account_page(account_id: Id, request: Request, web: Web) -> Response:
    """One account."""
    return _account_page(request, web, _account(web, account_id), None)


def _account(web: Context, account_id: str) -> Account:
    return web.database.read(lambda connection: accounts.get_account(connection, account_id))


def _account_page(request: Request, web: Context, account: Account, problem: Problem | None) -> Response:
    return render(
        request,
        "settings_account.html",
        status=problem.status if problem else 200,
        problem=problem,
        account=account,
        has_factor=web.auth.factors.of(account.id) is not None,
        passkeys=len(web.auth.passkeys.of(account.id)),
        **_choices(web),
    )


@router.post("/settings/accounts/{account_id}")
@needs(Scope.ACCOUNTS_WRITE)
async def change(account_id: Id, request: Request, form: Form, web: Web, who: Who) -> Response:
    """Name, role, person, whether they may sign in; another password where one is typed."""
    values: dict[str, Any] = {
        "name": form.text("name"),
        "role": form.text("role"),
        "person_id": form.text("person_id") or None,
        "is_enabled": form.flag("is_enabled"),
    }
    if form.raw("password"):
        who.check_fresh(web.clock.utc(), web.settings.confirm_s)
        values["password"] = form.raw("password")
    try:
        body = checked(AccountChange, **values)
        changed = await api.change_account(account_id, Response(), body, web, who, form.text("etag") or None)
    except (Problem, LatchworkError) as error:
        return _account_page(request, web, _account(web, account_id), problem_of(error))
    return see(request, PLACE, said(request).say("account.saved", name=changed.name))


@router.post("/settings/accounts/{account_id}/second-factor")
@needs(Scope.ACCOUNTS_WRITE)
async def reset_factor(account_id: Id, request: Request, web: Web, who: Who) -> Response:
    """For somebody whose phone is gone."""
    await security_api.reset_second_factor(account_id, web, who)
    return see(request, f"{PLACE}/{account_id}", said(request).say("account.factor_reset"))


@router.post("/settings/accounts/{account_id}/passkeys")
@needs(Scope.ACCOUNTS_WRITE)
async def remove_passkeys(account_id: Id, request: Request, web: Web, who: Who) -> Response:
    """For somebody whose phone is in other hands."""
    await security_api.remove_passkeys(account_id, web, who)
    return see(request, f"{PLACE}/{account_id}", said(request).say("account.passkeys_removed"))


@router.post("/settings/accounts/{account_id}/remove")
@needs(Scope.ACCOUNTS_WRITE)
async def remove(account_id: Id, request: Request, form: Form, web: Web, who: Who) -> Response:
    """For good, once the name is typed."""
    account = _account(web, account_id)
    check_name(form, account.name)
    await api.remove_account(account_id, web, who)
    return see(request, PLACE, said(request).say("account.removed", name=account.name))
