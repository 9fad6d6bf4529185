"""Standing before a virtual door: it is drawn, and hands are laid on it. In a virtual house only.

Layer web. What is typed at a drawn keypad goes to the lock, and is neither kept nor shown nor told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from latchwork.hub.books.rows import NotFound
from latchwork.hub.journal.query import Filter
from latchwork.hub.sharing.qr_pictures import qr_svg
from latchwork.web import accounts
from latchwork.web.context import Context, Web, Who
from latchwork.web.pages.forms import Fields, Form
from latchwork.web.pages.rendering import render, said
from latchwork.web.pages.routes.home import DoorCard, card_of
from latchwork.web.pages.routing import PageRoute, see
from latchwork.web.pages.telling import GROUPS, told
from latchwork.web.pages.telling_virtual import grouped, in_words
from latchwork.web.problems import Problem, invalid, not_found
from latchwork.web.roles import Scope
from latchwork.web.routing import needs
from latchwork.web.virtual_doors import VirtualDoor, VirtualDoors

router = APIRouter(route_class=PageRoute)
SIDES: Final = ("outside", "inside")
FINGERS: Final = 4
"""People whose fingers are at hand."""
_LINES: Final = 8
_LONGEST: Final = 64


def _text(typed: str) -> str:
    return typed


def _true(typed: str) -> bool:
    if typed != "true":
        raise ValueError("only true")
    return True


def _flag(typed: str) -> bool:
    return {"true": True, "false": False}[typed]


_WORDS: Final[Mapping[str, Callable[[str], Any]]] = MappingProxyType(
    dict.fromkeys(("press", "release", "hold", "key", "keys", "finger", "card", "face", "turn", "plate"), _text)
    | dict.fromkeys(
        (
            "touch",
            "privacy",
            "open",
            "close",
            "ajar",
            "force",
            "calibrate",
            "change_batteries",
            "power_cut",
            "power_on",
        ),
        _true,
    )
    | {"phone": _flag, "battery": float, "seconds": float}
)
"""What can be done at a door, and how a form says it. Nobody travels through time here: the hub would not come along."""


@router.get("/virtual")
@needs(Scope.DOORS_WRITE)
async def virtual_page(request: Request, web: Web) -> Response:
    """All virtual doors."""
    doors = _doors_of(web)
    states = [state for each in doors.list() if (state := doors.state(each)) is not None]
    return render(request, "virtual.html", doors=[(state, _card(web, state)) for state in states])


@router.get("/virtual/{virtual_id}")
@needs(Scope.DOORS_WRITE)
async def virtual_door_page(virtual_id: str, request: Request, web: Web, who: Who, side: str = "outside") -> Response:
    """One of them, the app's view of it, and what happened."""
    state = _state(web, virtual_id)
    card = _card(web, state)
    texts = said(request)
    lines = []
    if card is not None and who.may(Scope.JOURNAL_READ):
        wanted = Filter(door_id=card.door.id, kinds=GROUPS["passages"])
        page = await web.house.journal.page(wanted, limit=_LINES)
        names = {f"account:{each.id}": each.name for each in web.database.read(accounts.list_accounts)}
        lines = [told(each, texts, names) for each in page.entries]
    faults = _doors_of(web).faults(virtual_id)
    people = sorted({person.name for person in web.house.repository.persons()}, key=str.casefold)[:FINGERS]
    return render(
        request,
        "virtual_door.html",
        door=state,
        name=card.door.name if card is not None else texts.say("virtual.number", number=state.number),
        card=card,
        lines=lines,
        happened=[(each, in_words(each, texts)) for each in state.told],
        now=web.clock.utc(),
        faults=faults,
        fault_groups=grouped(faults, texts),
        fingers=people or [texts.say("virtual.somebody")],
        side=side if side in SIDES else SIDES[0],
        sides=SIDES,
        is_secret=True,
    )


@router.get("/virtual/{virtual_id}/label.svg")
@needs(Scope.DOORS_WRITE)
async def virtual_label(virtual_id: str, web: Web) -> Response:
    """The QR code on a lock's label."""
    return Response(qr_svg(_state(web, virtual_id).qr), media_type="image/svg+xml")


@router.post("/virtual/{virtual_id}/act")
@needs(Scope.DOORS_WRITE)
async def act_at_virtual_door(virtual_id: str, request: Request, form: Form, web: Web) -> Response:
    """Lay hands on it, or have something go wrong: words as a form, or as an object of JSON."""
    doors, _ = _doors_of(web), _state(web, virtual_id)
    is_json = request.headers.get("content-type", "").startswith("application/json")
    words = await _object(request) if is_json else _spoken(form)
    if "fault" in words:
        doors.set_fault(virtual_id, words["fault"], words.get("value") or None, is_on=words.get("on") is True)
    else:
        doors.act(virtual_id, words)
    if "application/json" in request.headers.get("accept", ""):
        return Response(status_code=204)
    side = form.text("side")
    return see(request, f"/virtual/{virtual_id}" + (f"?side={side}" if side in SIDES else ""))


def _doors_of(web: Context) -> VirtualDoors:
    if web.virtual_doors is None:
        raise not_found("door")
    return web.virtual_doors


def _state(web: Context, virtual_id: str) -> VirtualDoor:
    state = _doors_of(web).state(virtual_id)
    if state is None:
        raise not_found("door")
    return state


def _card(web: Context, state: VirtualDoor) -> DoorCard | None:
    """The same door in the app; None while it is in nobody's house."""
    if state.door_id is None:
        return None
    try:
        return card_of(web, web.house.repository.door(state.door_id))
    except NotFound:
        return None


def _spoken(form: Fields) -> dict[str, Any]:
    """The words of a form."""
    if "fault" in form:
        return {"fault": form.text("fault"), "on": form.text("on") == "true", "value": form.text("value")}
    words = {}
    for name, read in _WORDS.items():
        if name in form:
            try:
                words[name] = read(form.text(name)[:_LONGEST])
            except (ValueError, KeyError):
                raise invalid(f"/{name}", "This makes no sense at a door.") from None
    if "hold" not in words:
        words.pop("seconds", None)
    return words


async def _object(request: Request) -> dict[str, Any]:
    """The words of an object; those that no drawn door has are refused."""
    try:
        words = await request.json()
    except ValueError:
        words = None
    if not isinstance(words, dict) or not words.keys() <= {*_WORDS, "fault", "on", "value"}:
        raise Problem(422, "invalid_request", "Nothing at a virtual door is called so")
    for name, value in words.items():
        is_text = isinstance(value, str) and len(value) <= _LONGEST
        if not is_text and (name in {"fault", "value"} or not isinstance(value, bool | int | float)):
            raise invalid(f"/{name}", "This makes no sense at a door.")
    return words
