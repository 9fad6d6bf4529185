"""Giving, changing and ending access.

Layer web.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request, Response

from latchwork.hub.house.entities import Access, Person
from latchwork.web.api import accesses as api
from latchwork.web.api.accesses import AccessChange
from latchwork.web.api.shapes import Id
from latchwork.web.context import Context, Web, Who
from latchwork.web.pages.access_forms import grant_from
from latchwork.web.pages.forms import Fields, Form
from latchwork.web.pages.rendering import render, said, words_for
from latchwork.web.pages.routing import PageRoute, came_from, see
from latchwork.web.pages.rule_forms import (
    DAYS,
    KINDS,
    MAX_STRETCHES,
    RuleFields,
    StretchFields,
    fields_of_rule,
    rule_of_fields,
)
from latchwork.web.pages.validating import checked
from latchwork.web.problems import Problem
from latchwork.web.roles import Scope
from latchwork.web.routing import needs

router = APIRouter(route_class=PageRoute)


def rule_values(fields: RuleFields) -> dict[str, Any]:
    """What the template of a rule needs: one stretch more than there are, to be filled in."""
    spare = StretchFields(frozenset(), "09:00", "17:00")
    stretches = (*fields.stretches, spare)[:MAX_STRETCHES] if fields.kind == "weekly" else fields.stretches
    return {"rule_fields": replace(fields, stretches=stretches), "rule_kinds": KINDS, "days": DAYS}


def _typed(form: Fields) -> RuleFields:
    stretches = tuple(
        StretchFields(frozenset(form.texts(f"days_{number}")), form.text(f"from_{number}"), form.text(f"to_{number}"))
        for number in range(MAX_STRETCHES)
        if form.texts(f"days_{number}") or not number
    )
    return RuleFields(
        kind=form.text("rule", "always"),
        stretches=stretches,
        except_on=tuple(form.text("except_on").split()),
        is_off_on_holidays=form.flag("is_off_on_holidays"),
        start=form.text("start"),
        end=form.text("end"),
    )


def _page(
    request: Request, web: Context, person: Person, access: Access | None, problem: Problem | None, form: Fields | None
) -> Response:
    if form is not None:
        fields = _typed(form)
    else:
        fields = RuleFields() if access is None else fields_of_rule(access.rule, words_for(request))
    doors = web.house.repository.doors()
    if form is not None:
        chosen, with_what = form.texts("door_ids"), form.texts("credential_ids")
        others = {"note": form.text("note"), "is_duress": form.flag("is_duress"), "is_enabled": form.flag("is_enabled")}
    elif access is not None:
        chosen, with_what = list(access.door_ids), list(access.credential_ids)
        others = {"note": access.note, "is_duress": access.is_duress, "is_enabled": access.is_enabled}
    else:
        chosen, with_what = [door.id for door in doors] if len(doors) == 1 else [], []
        others = {"note": "", "is_duress": False, "is_enabled": True}
    return render(
        request,
        "access.html",
        status=problem.status if problem else 200,
        person=person,
        access=access,
        problem=problem,
        doors=doors,
        chosen=chosen,
        with_what=with_what,
        typed=others,
        credentials=web.house.repository.credentials(person.id),
        **rule_values(fields),
    )


@router.get("/people/{person_id}/access")
@needs(Scope.PEOPLE_WRITE)
async def new_page(person_id: Id, request: Request, web: Web) -> Response:
    """A new access."""
    return _page(request, web, web.house.repository.person(person_id), None, None, None)


@router.post("/people/{person_id}/access")
@needs(Scope.PEOPLE_WRITE)
async def give(person_id: Id, request: Request, form: Form, web: Web, who: Who) -> Response:
    """Give it."""
    person = web.house.repository.person(person_id)
    try:
        await grant_from(
            web,
            who,
            person_id,
            form.texts("door_ids"),
            rule_of_fields(form, words_for(request)),
            credential_ids=form.texts("credential_ids"),
            is_duress=form.flag("is_duress"),
            note=form.text("note"),
        )
    except Problem as problem:
        return _page(request, web, person, None, problem, form)
    return see(request, f"/people/{person_id}", said(request).say("person.access_given"))


@router.get("/accesses/{access_id}")
@needs(Scope.PEOPLE_WRITE)
async def change_page(access_id: Id, request: Request, web: Web) -> Response:
    """What it is now."""
    access = web.house.repository.access(access_id)
    return _page(request, web, web.house.repository.person(access.person_id), access, None, None)


@router.post("/accesses/{access_id}")
@needs(Scope.PEOPLE_WRITE)
async def change(access_id: Id, request: Request, form: Form, web: Web, who: Who) -> Response:
    """What it becomes; refused where somebody else changed it meanwhile."""
    access = web.house.repository.access(access_id)
    try:
        body = checked(
            AccessChange,
            door_ids=form.texts("door_ids"),
            credential_ids=form.texts("credential_ids"),
            rule=rule_of_fields(form, words_for(request)).model_dump(mode="json"),
            is_enabled=form.flag("is_enabled"),
            is_duress=form.flag("is_duress"),
            note=form.text("note"),
        )
        kept = await api.change_access(access_id, Response(), body, web, who, form.text("etag") or None)
    except Problem as problem:
        return _page(request, web, web.house.repository.person(access.person_id), access, problem, form)
    before = replace(access, version=kept.version)
    return see(
        request,
        f"/people/{access.person_id}",
        said(request).say("person.saved"),
        back=lambda: web.house.people.change_access(before, actor=who.actor),
    )


@router.post("/accesses/{access_id}/end")
@needs(Scope.PEOPLE_WRITE)
async def end(access_id: Id, request: Request, web: Web, who: Who) -> Response:
    """Take it back."""
    access = web.house.repository.access(access_id)
    await api.revoke(access_id, web, who, None)
    again = replace(access, id="", version=1)
    return see(
        request,
        f"/people/{access.person_id}",
        said(request).say("person.access_ended"),
        back=lambda: web.house.people.grant(again, actor=who.actor),
    )


@router.post("/undo/{name}")
@needs(Scope.PEOPLE_WRITE)
async def undo(name: str, request: Request, web: Web, who: Who) -> Response:
    """Take back what was just done, as long as nobody has changed it since."""
    back = web.undos.take(who.actor, name)
    if back is None:
        return see(request, came_from(request), said(request).say("undo.over"), is_bad=True)
    await back()
    return see(request, came_from(request), said(request).say("undo.done"))
