"""People: one list, everything about somebody on one screen, and who has access to what at a glance.

Layer web.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from latchwork.hub.house.entities import Access, Credential, Door, Person
from latchwork.hub.journal.query import Filter
from latchwork.web import accounts
from latchwork.web.api import credentials as credentials_api
from latchwork.web.api import people as people_api
from latchwork.web.api.accesses import Known, access_out
from latchwork.web.api.credentials import NewCode, NewCredential
from latchwork.web.api.people import MoveOutOut, NewPerson, PersonChange
from latchwork.web.api.shapes import AlwaysRule, Id
from latchwork.web.context import Context, Web, Who
from latchwork.web.outside import home_of
from latchwork.web.pages.access_forms import grant_from
from latchwork.web.pages.forms import Fields, Form
from latchwork.web.pages.keeping import Keeping, keeping_of
from latchwork.web.pages.rendering import render, said, words_for
from latchwork.web.pages.routing import PageRoute, see
from latchwork.web.pages.rule_forms import rule_words
from latchwork.web.pages.telling import GROUPS, told
from latchwork.web.pages.validating import checked
from latchwork.web.principals import Principal
from latchwork.web.problems import Problem, invalid
from latchwork.web.roles import Scope
from latchwork.web.routing import needs
from latchwork.web.visibility import check_code_readable

router = APIRouter(route_class=PageRoute)
RECENT = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One person in the list.

    Attributes:
        person: who.
        doors: names of the doors they have access to.
        worst: how well the promise is kept where it is kept worst, or None: no access.
    """

    person: Person
    doors: Sequence[str]
    worst: Keeping | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessCard:
    """One access of somebody, with how far each lock is.

    Attributes:
        access: which.
        rule: when, in words.
        doors: each with how well the promise is kept there.
    """

    access: Access
    rule: str
    doors: Sequence[tuple[Door, Keeping]]


_ORDER = {"bad": 0, "open": 1, "good": 2, "": 3}


class _Book:
    """What is read once for a page about people."""

    def __init__(self, request: Request, web: Context) -> None:
        self._texts, self._words = said(request), words_for(request)
        self._known = Known(web.house.repository)
        self.doors = {door.id: door for door in web.house.repository.doors()}
        self.by_person: dict[str, list[Access]] = {}
        for access in web.house.repository.accesses():
            self.by_person.setdefault(access.person_id, []).append(access)

    def keepings(self, access: Access) -> list[tuple[Door, Keeping]]:
        """Of each of its doors."""
        found = access_out(self._known, access)
        return [
            (self.doors[each.door_id], keeping_of(each, self._texts, is_enabled=access.is_enabled))
            for each in found.locks
        ]

    def line(self, person: Person) -> Line:
        """One person in the list."""
        pairs = [pair for access in self.by_person.get(person.id, ()) for pair in self.keepings(access)]
        names = list(dict.fromkeys(door.name for door, _ in pairs))
        worst = min((keeping for _, keeping in pairs), key=lambda each: _ORDER[each.tone], default=None)
        return Line(person=person, doors=names, worst=worst)

    def card(self, access: Access) -> AccessCard:
        """One access of somebody."""
        rule = rule_words(access.rule, self._texts, self._words)
        return AccessCard(access=access, rule=rule, doors=self.keepings(access))


@router.get("/people")
@needs(Scope.PEOPLE_READ)
async def people_page(request: Request, web: Web, search: str = "", left: bool = False) -> Response:
    """Everybody, by name."""
    book = _Book(request, web)
    persons = web.house.repository.persons(with_left=True)
    has_left = any(each.left_at is not None for each in persons)
    found = [each for each in persons if search.casefold() in each.name.casefold()]
    found.sort(key=lambda each: each.name.casefold())
    lines = [book.line(each) for each in found if each.left_at is None]
    gone = [each for each in found if each.left_at is not None] if left else []
    return render(request, "people.html", lines=lines, search=search[:100], gone=gone, has_left=has_left)


@router.get("/people/matrix")
@needs(Scope.PEOPLE_READ)
async def matrix_page(request: Request, web: Web) -> Response:
    """People down, doors across."""
    book = _Book(request, web)
    persons = sorted(web.house.repository.persons(), key=lambda each: each.name.casefold())
    rows = []
    for person in persons:
        cells: dict[str, Keeping] = {}
        for access in book.by_person.get(person.id, ()):
            for door, keeping in book.keepings(access):
                before = cells.get(door.id)
                if before is None or _ORDER[keeping.tone] < _ORDER[before.tone]:
                    cells[door.id] = keeping
        rows.append((person, cells))
    return render(request, "people_matrix.html", rows=rows, doors=list(book.doors.values()))


@router.get("/people/add")
@needs(Scope.PEOPLE_WRITE)
async def add_page(request: Request, web: Web) -> Response:
    """Somebody new."""
    return _add_page(request, web, None, None)


def _add_page(request: Request, web: Context, problem: Problem | None, form: Fields | None) -> Response:
    values: dict[str, Any] = {
        "problem": problem,
        "doors": web.house.repository.doors(),
        "typed": {name: form.text(name) if form else "" for name in ("name", "email", "phone")},
        "chosen": form.texts("door_ids") if form else [door.id for door in web.house.repository.doors()],
        "code_choice": form.text("code_choice", "random") if form else "random",
    }
    return render(request, "person_add.html", status=problem.status if problem else 200, **values)


@router.post("/people/add")
@needs(Scope.PEOPLE_WRITE)
async def add(request: Request, form: Form, web: Web, who: Who) -> Response:
    """Person, access to the chosen doors at any time, and a code that is shown once."""
    try:
        body = checked(NewPerson, name=form.text("name"), email=form.text("email"), phone=form.text("phone"))
        choice = form.text("code_choice", "random")
        wanted = None if choice == "no" else _new_code(form, choice)
        person = await people_api.add_person(Response(), body, web, who)
    except Problem as problem:
        return _add_page(request, web, problem, form)
    if form.texts("door_ids"):
        await grant_from(web, who, person.id, form.texts("door_ids"), AlwaysRule(kind="always"))
    if wanted is None:
        return see(request, f"/people/{person.id}", said(request).say("person.added", name=person.name))
    credential = await credentials_api.add_credential(person.id, Response(), wanted, web, who)
    return await _show_code(request, web, who, credential.id)


def _new_code(form: Fields, choice: str) -> NewCredential:
    return checked(NewCredential, code=form.text("code") if choice == "own" else None)


async def _show_code(request: Request, web: Context, who: Principal, credential_id: str) -> Response:
    """A code that was made by this very request."""
    credential = web.house.repository.credential(credential_id)
    person = web.house.repository.person(credential.person_id)
    secret = web.house.secrets.get(credential.id, credential.version)
    del who
    return render(request, "person_code.html", is_secret=True, person=person, code=bytes(secret).decode("ascii"))


@router.get("/people/{person_id}")
@needs(Scope.PEOPLE_READ)
async def person_page(person_id: Id, request: Request, web: Web) -> Response:
    """Everything about somebody on one screen."""
    person = web.house.repository.person(person_id)
    book = _Book(request, web)
    cards = [book.card(access) for access in book.by_person.get(person_id, ())]
    lock_names = {door.lock_id: door.name for door in book.doors.values() if door.lock_id is not None}
    recent = await web.house.journal.page(Filter(person_id=person_id, kinds=GROUPS["passages"]), limit=RECENT)
    names = {f"account:{each.id}": each.name for each in web.database.read(accounts.list_accounts)}
    return render(
        request,
        "person.html",
        person=person,
        credentials=web.house.repository.credentials(person_id),
        lock_names=lock_names,
        cards=cards,
        recent=[told(each, said(request), names) for each in recent.entries],
        departure=_departure(web, person),
    )


def _departure(web: Context, person: Person) -> MoveOutOut | None:
    return None if person.left_at is None else people_api.move_out_of(web, person)


@router.post("/people/{person_id}")
@needs(Scope.PEOPLE_WRITE)
async def change(person_id: Id, request: Request, form: Form, web: Web, who: Who) -> Response:
    """Name and contact."""
    body = checked(
        PersonChange,
        name=form.text("name"),
        email=form.text("email"),
        phone=form.text("phone"),
        is_admin=form.flag("is_admin"),
    )
    match = form.text("etag") or None
    await people_api.change_person(person_id, Response(), body, web, who, match)
    return see(request, f"/people/{person_id}", said(request).say("person.saved"))


@router.get("/people/{person_id}/edit")
@needs(Scope.PEOPLE_WRITE)
async def edit_page(person_id: Id, request: Request, web: Web) -> Response:
    """Name and contact, and moving out."""
    return render(request, "person_edit.html", person=web.house.repository.person(person_id))


@router.post("/people/{person_id}/move-out")
@needs(Scope.PEOPLE_WRITE)
async def move_out(person_id: Id, request: Request, form: Form, web: Web, who: Who) -> Response:
    """Everything is taken away, everywhere, once their name is typed."""
    person = web.house.repository.person(person_id)
    check_name(form, person.name)
    await people_api.move_out(person_id, web, who)
    return see(request, f"/people/{person_id}", said(request).say("person.moved_out", name=person.name))


def check_name(form: Fields, name: str) -> None:
    """What cannot be undone is confirmed by its name.

    Raises:
        Problem: 422 when another name was typed.
    """
    if form.text("confirm").casefold() != name.strip().casefold():
        raise invalid("/confirm", f"Type {name} to go on.")


@router.post("/people/{person_id}/credentials")
@needs(Scope.PEOPLE_WRITE)
async def add_credential(person_id: Id, request: Request, form: Form, web: Web, who: Who) -> Response:
    """A code: by chance, or of one's choice."""
    body = _new_code(form, "own" if form.text("code") else "random")
    credential = await credentials_api.add_credential(person_id, Response(), body, web, who)
    return await _show_code(request, web, who, credential.id)


@router.post("/credentials/{credential_id}/code")
@needs(Scope.PEOPLE_WRITE)
async def set_code(credential_id: Id, request: Request, form: Form, web: Web, who: Who) -> Response:
    """Another code, shown once."""
    body = checked(NewCode, code=form.text("code") or None)
    await credentials_api.set_code(credential_id, Response(), body, web, who)
    return await _show_code(request, web, who, credential_id)


@router.post("/credentials/{credential_id}/remove")
@needs(Scope.PEOPLE_WRITE)
async def remove_credential(credential_id: Id, request: Request, web: Web, who: Who) -> Response:
    """Out of use, everywhere."""
    credential = web.house.repository.credential(credential_id)
    await credentials_api.remove_credential(credential_id, web, who)
    return see(request, f"/people/{credential.person_id}", said(request).say("person.credential_removed"))


@router.get("/credentials/{credential_id}/reveal")
@needs(Scope.CODES_OWN)
async def reveal_page(credential_id: Id, request: Request, web: Web, who: Who) -> Response:
    """The password was typed; one more step, so that nothing is read by looking at an address."""
    credential = _readable(web, who, credential_id)
    who.check_fresh(web.clock.utc(), web.settings.confirm_s)
    person = web.house.repository.person(credential.person_id)
    return render(request, "person_reveal.html", person=person, credential=credential)


@router.post("/credentials/{credential_id}/reveal")
@needs(Scope.CODES_OWN, quota="reveal", is_repeatable=False)
async def reveal(credential_id: Id, request: Request, web: Web, who: Who) -> Response:
    """The code; written down first."""
    credential = _readable(web, who, credential_id)
    session = who.session
    if session is not None and web.clock.utc() - session.confirmed_at > web.settings.confirm_s:
        return RedirectResponse(f"{home_of(request)}/confirm?next=/credentials/{credential_id}/reveal", 303)
    shown = await credentials_api.reveal(credential_id, Response(), web, who)
    person = web.house.repository.person(credential.person_id)
    return render(request, "person_code.html", is_secret=True, person=person, code=shown.code)


def _readable(web: Context, who: Principal, credential_id: str) -> Credential:
    credential = web.house.repository.credential(credential_id)
    check_code_readable(who, credential)
    return credential
