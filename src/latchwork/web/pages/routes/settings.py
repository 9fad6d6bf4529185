"""The one settings place: a short list of what there is, each with how it stands; and the site.

Layer web.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import available_timezones

from fastapi import APIRouter, Request, Response

from latchwork.hub.house.entities import Site
from latchwork.web import accounts, keys, webhook_rows
from latchwork.web.api import site as api
from latchwork.web.api.site import SiteChange
from latchwork.web.context import Context, Web, Who
from latchwork.web.pages.forms import Fields, Form
from latchwork.web.pages.rendering import render, said, words_for
from latchwork.web.pages.routes.backup import last_backup
from latchwork.web.pages.routing import PageRoute, see
from latchwork.web.pages.texts import Texts
from latchwork.web.pages.validating import checked
from latchwork.web.pages.words import Words
from latchwork.web.principals import Principal
from latchwork.web.problems import Problem
from latchwork.web.roles import Scope
from latchwork.web.routing import needs

router = APIRouter(route_class=PageRoute)
LENGTHS: Final = range(4, 13)
"""Digits of a code that can be chosen here; the API takes more."""


@dataclass(frozen=True, slots=True)
class Card:
    """One place among the settings.

    Attributes:
        path: where it is.
        icon: its picture.
        name: what it is called: the key of a text.
        line: how it stands.
        is_bad: somebody should look.
    """

    path: str
    icon: str
    name: str
    line: str
    is_bad: bool = False


@router.get("/settings")
@needs()
async def settings_page(request: Request, web: Web, who: Who) -> Response:
    """Everything that can be set, as far as it is for whoever asks."""
    texts, words = said(request), words_for(request)
    cards = [_you(web, who, texts)]
    for scope, make in _CARDS:
        if who.may(scope):
            cards.append(make(web, who, texts))
    if who.may(Scope.ACCOUNTS_WRITE):
        cards.append(await _backup(web, texts, words))
    if who.may(Scope.PEOPLE_WRITE):
        cards.append(Card("/settings/import", "people", "settings.import", texts.say("settings.import.line")))
    if who.may(Scope.METRICS_READ):
        line = texts.say("settings.health.up", time=words.lasting(web.clock.monotonic() - web.measures.started))
        cards.append(Card("/settings/health", "heart", "settings.health", line))
    return render(request, "settings.html", cards=cards)


def _you(web: Context, who: Principal, texts: Texts) -> Card:
    passkeys = len(web.auth.passkeys.of(who.account.id))
    parts = [texts.say("settings.you.factor" if web.auth.factors.of(who.account.id) else "settings.you.password")]
    if passkeys:
        parts.append(texts.say("settings.you.passkeys", count=passkeys))
    return Card("/settings/you", "shield", "settings.you", " · ".join(parts))


def _site(web: Context, who: Principal, texts: Texts) -> Card:
    del who, texts
    site = web.house.repository.site()
    return Card("/settings/site", "door", "settings.site", f"{site.name} · {site.time_zone.replace('_', ' ')}")


def _accounts(web: Context, who: Principal, texts: Texts) -> Card:
    del who
    count = len(web.database.read(accounts.list_accounts))
    return Card("/settings/accounts", "people", "settings.accounts", texts.say("settings.accounts.line", count=count))


def _tokens(web: Context, who: Principal, texts: Texts) -> Card:
    whose = None if who.may(Scope.ACCOUNTS_WRITE) else who.account.id
    count = len(web.database.read(lambda connection: keys.list_tokens(connection, whose)))
    line = texts.say("settings.tokens.line", count=count) if count else texts.say("settings.tokens.none")
    return Card("/settings/tokens", "key", "settings.tokens", line)


def _calendars(web: Context, who: Principal, texts: Texts) -> Card:
    del who
    found = [each for door in web.house.repository.doors() for each in web.house.calendars.calendars(door.id)]
    bad = sum(1 for each in found if each.is_enabled and each.last_error)
    return _counted("calendars", "calendar", len(found), bad, texts)


def _notifications(web: Context, who: Principal, texts: Texts) -> Card:
    del who
    found = web.house.notifications.rules()
    return _counted("notifications", "bell", len(found), sum(1 for each in found if each.last_error), texts)


def _webhooks(web: Context, who: Principal, texts: Texts) -> Card:
    del who
    found = web.database.read(webhook_rows.list_webhooks)
    bad = sum(1 for each in found if each.failing_since is not None or not each.is_enabled)
    return _counted("webhooks", "share", len(found), bad, texts)


def _counted(name: str, icon: str, count: int, bad: int, texts: Texts) -> Card:
    if bad:
        line = texts.say("settings.trouble", count=bad)
    elif count:
        line = texts.say(f"settings.{name}.line", count=count)
    else:
        line = texts.say(f"settings.{name}.none")
    return Card(f"/settings/{name}", icon, f"settings.{name}", line, is_bad=bool(bad))


async def _backup(web: Context, texts: Texts, words: Words) -> Card:
    at = await last_backup(web)
    line = texts.say("settings.backup.none") if at is None else texts.say("settings.backup.last", day=words.day(at))
    return Card("/settings/backup", "download", "settings.backup", line, is_bad=at is None)


_CARDS: Final[tuple[tuple[Scope, Callable[[Context, Principal, Texts], Card]], ...]] = (
    (Scope.SITE_WRITE, _site),
    (Scope.ACCOUNTS_WRITE, _accounts),
    (Scope.PEOPLE_WRITE, _calendars),
    (Scope.WEBHOOKS_WRITE, _notifications),
    (Scope.PEOPLE_READ, _tokens),
    (Scope.WEBHOOKS_WRITE, _webhooks),
)


def zones(chosen: str) -> dict[str, list[tuple[str, str]]]:
    """Time zones to choose from, by region: the zone and its place.

    Args:
        chosen: is among them, whatever it is.
    """
    regions = {"Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"}
    found: dict[str, list[tuple[str, str]]] = {"": [(each, each) for each in sorted({"UTC", chosen})]}
    for zone in sorted(available_timezones()):
        region, _, place = zone.partition("/")
        if region in regions:
            found.setdefault(region, []).append((zone, place.replace("_", " ").replace("/", ", ")))
    return found


@router.get("/settings/site")
@needs(Scope.SITE_WRITE)
async def site_page(request: Request, web: Web) -> Response:
    """Name, zone, codes and holidays."""
    return await _site_page(request, web, None, None)


async def _site_page(request: Request, web: Context, form: Fields | None, problem: Problem | None) -> Response:
    carrier = Response()
    kept = await api.read_site(carrier, web)
    typed: dict[str, Any] = kept.model_dump()
    if form is not None:
        typed = {"name": form.text("name"), "time_zone": form.text("time_zone"), "holidays": form.texts("holidays")}
        typed["code_length"] = form.whole("code_length")
    return render(
        request,
        "settings_site.html",
        status=problem.status if problem else 200,
        problem=problem,
        typed=typed,
        etag=carrier.headers["etag"],
        zones=zones(kept.time_zone),
        lengths=LENGTHS,
    )


@router.post("/settings/site")
@needs(Scope.SITE_WRITE)
async def change_site(request: Request, form: Form, web: Web, who: Who) -> Response:
    """All of it; another zone moves every rule."""
    before: Site = web.house.repository.site()
    try:
        body = checked(
            SiteChange,
            name=form.text("name"),
            time_zone=form.text("time_zone"),
            code_length=form.whole("code_length"),
            holidays=sorted(set(form.texts("holidays"))),
        )
        changed = await api.change_site(Response(), body, web, who, form.text("etag") or None)
    except Problem as problem:
        return await _site_page(request, web, form, problem)
    moved = changed.time_zone != before.time_zone
    return see(request, "/settings/site", said(request).say("site.moved" if moved else "site.saved"))
