"""A guest's code in three taps: who, which door, until when.

Layer web.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from latchwork.hub.house.entities import Door
from latchwork.web.api import guests as api
from latchwork.web.api.guests import NewGuest
from latchwork.web.api.shapes import OnceRule, RuleBody, WindowRule
from latchwork.web.context import Context, Web, Who
from latchwork.web.pages.forms import Fields, Form
from latchwork.web.pages.rendering import render, said, words_for
from latchwork.web.pages.routes.accesses import rule_values
from latchwork.web.pages.routing import PageRoute
from latchwork.web.pages.rule_forms import RuleFields, rule_of_fields
from latchwork.web.pages.validating import checked
from latchwork.web.pages.words import Words
from latchwork.web.problems import Problem, invalid
from latchwork.web.roles import Scope
from latchwork.web.routing import needs
from latchwork.web.stamps import to_text

router = APIRouter(route_class=PageRoute)
CHOICES: Final = ("today", "tomorrow", "week", "once")
ONLY_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts of links that nobody else could open."""


def until(choice: str, words: Words, now: float) -> RuleBody:
    """What a tap means.

    Raises:
        Problem: 422 when there is no such choice.
    """
    today = words.local(now)
    if choice == "once":
        return OnceRule.model_validate({"kind": "once", "start": to_text(now), "end": to_text(now + 2 * 86_400)})
    ends = {
        "today": (today.date() + timedelta(days=1), time(0)),
        "tomorrow": (today.date() + timedelta(days=1), time(12)),
        "week": (today.date() + timedelta(days=7), time(today.hour, today.minute)),
    }
    if choice not in ends:
        raise invalid("/until", "Say until when.")
    day, clock = ends[choice]
    end = datetime.combine(day, clock, today.tzinfo).timestamp()
    return WindowRule.model_validate({"kind": "window", "start": to_text(now), "end": to_text(end)})


@router.get("/guest")
@needs(Scope.PEOPLE_WRITE)
async def guest_page(request: Request, web: Web, door: str = "") -> Response:
    """Three questions."""
    return _page(request, web, None, None, door)


def _page(request: Request, web: Context, problem: Problem | None, form: Fields | None, door_id: str = "") -> Response:
    doors: list[Door] = web.house.repository.doors()
    chosen = form.texts("door_ids") if form else [door_id] if door_id else [doors[0].id] if len(doors) == 1 else []
    return render(
        request,
        "guest_new.html",
        status=problem.status if problem else 200,
        problem=problem,
        doors=doors,
        chosen=chosen,
        name=form.text("name") if form else "",
        choice=form.text("until", "tomorrow") if form else "tomorrow",
        choices=CHOICES,
        **rule_values(RuleFields(kind="window")),
    )


@router.post("/guest")
@needs(Scope.PEOPLE_WRITE, is_repeatable=False)
async def make(request: Request, form: Form, web: Web, who: Who) -> Response:
    """The code, a link and a message ready to send."""
    texts, words = said(request), words_for(request)
    try:
        if not form.text("name"):
            raise invalid("/name", texts.say("guest.name_missing"))
        if not form.texts("door_ids"):
            raise invalid("/door_ids", texts.say("guest.door_missing"))
        choice = form.text("until", "tomorrow")
        rule = rule_of_fields(form, words) if choice == "other" else until(choice, words, web.clock.utc())
        body = checked(
            NewGuest, name=form.text("name"), door_ids=form.texts("door_ids"), rule=rule.model_dump(mode="json")
        )
    except Problem as problem:
        return _page(request, web, problem, form)
    made = await api.add_guest(request, Response(), body, web, who)
    host = "" if made.link is None else urlsplit(made.link.url).hostname or ""
    return render(request, "guest_ready.html", is_secret=True, made=made, is_only_here=host in ONLY_HERE)
