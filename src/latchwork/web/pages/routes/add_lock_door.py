"""Adding a lock, the second half of its path: who may use the door, a test in front of it, and where to go on.

Layer web. From here on the door has its place in the books, and is what addresses name: a hub that restarts loses none of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from latchwork.hub.books.repository import Repository
from latchwork.hub.house.entities import Access, Door, Lock, Person
from latchwork.hub.house.rules import Always, Weekly
from latchwork.hub.journal.entries import Entry, How, Kind
from latchwork.hub.journal.query import Filter
from latchwork.web.api import credentials as credentials_api
from latchwork.web.api import people as people_api
from latchwork.web.api.accesses import Known, access_out
from latchwork.web.api.credentials import NewCredential
from latchwork.web.api.people import NewPerson
from latchwork.web.api.shapes import AlwaysRule, Id
from latchwork.web.context import Context, Web, Who
from latchwork.web.pages.access_forms import grant_from
from latchwork.web.pages.forms import Form
from latchwork.web.pages.keeping import Keeping, keeping_of
from latchwork.web.pages.rendering import render, said
from latchwork.web.pages.routes.home import card_of
from latchwork.web.pages.routing import PageRoute, see
from latchwork.web.pages.telling import told
from latchwork.web.pages.validating import checked
from latchwork.web.principals import Principal
from latchwork.web.problems import Problem
from latchwork.web.roles import Scope
from latchwork.web.routing import needs

router = APIRouter(route_class=PageRoute)
_RECENT = 40
_AT_THE_DOOR = frozenset({How.KEYPAD, How.FINGERPRINT, How.FACE, How.BIOMETRIC, How.CARD, How.ALIRO})
_MOVED = frozenset({Kind.OPENED, Kind.UNLATCHED, Kind.LOCKED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Somebody who may get access to the door.

    Attributes:
        person: who.
        has_code: whether there is something to open it with.
        is_chosen: from the start: people of the house, and not those who came for a while.
    """

    person: Person
    has_code: bool
    is_chosen: bool


def choices_for(repository: Repository, door_id: str) -> tuple[list[Choice], list[Person]]:
    """Who may be chosen, and who has access already; both by name."""
    by_person: dict[str, list[Access]] = {}
    for access in repository.accesses():
        by_person.setdefault(access.person_id, []).append(access)
    choices, already = [], []
    for person in sorted(repository.persons(), key=lambda each: each.name.casefold()):
        accesses = by_person.get(person.id, [])
        if any(door_id in each.door_ids for each in accesses):
            already.append(person)
            continue
        is_of_the_house = not accesses or any(isinstance(each.rule, Always | Weekly) for each in accesses)
        has_code = bool(repository.credentials(person.id))
        choices.append(Choice(person=person, has_code=has_code, is_chosen=is_of_the_house))
    return choices, already


def _door_with_lock(web: Context, door_id: str) -> tuple[Door, Lock]:
    door = web.house.repository.door(door_id)
    if door.lock_id is None:
        raise Problem(409, "door_has_no_lock", "There is no lock on this door", "Add one first.")
    return door, web.house.repository.lock(door.lock_id)


@router.get("/add-lock/doors/{door_id}/people")
@needs(Scope.LOCKS_WRITE, Scope.PEOPLE_WRITE)
async def people_page(door_id: Id, request: Request, web: Web) -> Response:
    """Who may use it."""
    return _people_page(request, web, door_id, None)


def _people_page(request: Request, web: Context, door_id: str, problem: Problem | None, name: str = "") -> Response:
    door, _ = _door_with_lock(web, door_id)
    choices, already = choices_for(web.house.repository, door_id)
    return render(
        request,
        "add_lock_people.html",
        status=problem.status if problem else 200,
        problem=problem,
        door=door,
        choices=choices,
        already=already,
        name=name,
    )


@router.post("/add-lock/doors/{door_id}/people")
@needs(Scope.LOCKS_WRITE, Scope.PEOPLE_WRITE, is_repeatable=False)
async def give_access(door_id: Id, request: Request, form: Form, web: Web, who: Who) -> Response:
    """At any time, for all who were chosen; whoever has no code gets one if that was asked for, and it is shown once."""
    door, _ = _door_with_lock(web, door_id)
    choices, _ = choices_for(web.house.repository, door_id)
    wanted = set(form.texts("person_ids"))
    people = [each.person for each in choices if each.person.id in wanted]
    without = [each.person for each in choices if each.person.id in wanted and not each.has_code]
    if form.text("name"):
        try:
            made = await people_api.add_person(Response(), checked(NewPerson, name=form.text("name")), web, who)
        except Problem as problem:
            return _people_page(request, web, door_id, problem, form.text("name"))
        newcomer = web.house.repository.person(made.id)
        people, without = [*people, newcomer], [*without, newcomer]
    for person in people:
        await grant_from(web, who, person.id, [door_id], AlwaysRule(kind="always"))
    # After the access: a code that is made by chance then fits the locks that it is for.
    codes = [(each, await _new_code(web, who, each)) for each in without] if form.flag("with_codes") else []
    if codes:
        return render(request, "add_lock_codes.html", is_secret=True, door=door, codes=codes)
    notice = said(request).say("add_lock.given", count=len(people)) if people else ""
    return see(request, f"/add-lock/doors/{door_id}/test", notice)


async def _new_code(web: Context, who: Principal, person: Person) -> str:
    credential = await credentials_api.add_credential(person.id, Response(), NewCredential(), web, who)
    kept = web.house.repository.credential(credential.id)
    return bytes(web.house.secrets.get(kept.id, kept.version)).decode("ascii")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """What has been tried at a door since its lock came; None is: not yet.

    Attributes:
        locked, unlocked: from here.
        used: by somebody at the door.
        refused: the last time that the lock said no there.
    """

    locked: Entry | None = None
    unlocked: Entry | None = None
    used: Entry | None = None
    refused: Entry | None = None


def trials_of(entries: list[Entry]) -> Trials:
    """What the journal says of it.

    Args:
        entries: of the lock, newest first.
    """

    def newest(kinds: frozenset[Kind], ways: frozenset[How]) -> Entry | None:
        return next((each for each in entries if each.kind in kinds and each.how in ways), None)

    afar = frozenset({How.REMOTE})
    used = newest(_MOVED | {Kind.RECOGNISED}, _AT_THE_DOOR)
    refused = newest(frozenset({Kind.REFUSED, Kind.LOCKED_OUT}), frozenset(How))
    if used is not None and refused is not None and refused.at < used.at:
        refused = None
    return Trials(
        locked=newest(frozenset({Kind.LOCKED}), afar),
        unlocked=newest(frozenset({Kind.OPENED, Kind.UNLATCHED}), afar),
        used=used,
        refused=refused,
    )


@router.get("/add-lock/doors/{door_id}/test")
@needs(Scope.LOCKS_WRITE, Scope.JOURNAL_READ)
async def test_page(door_id: Id, request: Request, web: Web) -> Response:
    """From here, and with a code in front of the door."""
    door, lock = _door_with_lock(web, door_id)
    page = await web.house.journal.page(Filter(lock_id=lock.id, start=lock.added_at), limit=_RECENT)
    found = trials_of(list(page.entries))
    return render(
        request,
        "add_lock_test.html",
        card=card_of(web, door),
        trials=found,
        refusal=told(found.refused, said(request), {}) if found.refused else None,
        codes=_codes_on(request, web, door_id),
    )


def _codes_on(request: Request, web: Context, door_id: str) -> list[tuple[Person, Keeping]]:
    """Who has access, and whether the lock has their codes."""
    known, texts, repository = Known(web.house.repository), said(request), web.house.repository
    found = []
    for access in repository.accesses():
        if door_id not in access.door_ids or not access.is_enabled or not repository.credentials(access.person_id):
            continue
        (here,) = (each for each in access_out(known, access).locks if each.door_id == door_id)
        found.append((repository.person(access.person_id), keeping_of(here, texts)))
    return found


@router.get("/add-lock/doors/{door_id}/done")
@needs(Scope.LOCKS_WRITE)
async def done_page(door_id: Id, request: Request, web: Web) -> Response:
    """Where to go on."""
    door, lock = _door_with_lock(web, door_id)
    return render(request, "add_lock_done.html", door=door, lock=lock)
