"""Sharing locks with other ecosystems: a window with its code, who is on a lock, and taking one off by its name.

Layer web. The code is in the answer to whoever opened the window and to who may open one; never in an event or an address.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from latchwork.hub.sharing.answers import (
    NoFreeFabric,
    NoSuchFabric,
    NotConfirmed,
    NotOpen,
    OwnFabric,
    Shared,
    SomebodyJoins,
    State,
    WindowOpen,
)
from latchwork.hub.sharing.ecosystems import ECOSYSTEMS, Ecosystem, Fact
from latchwork.hub.sharing.following import Outcome
from latchwork.hub.sharing.qr_pictures import qr_svg
from latchwork.hub.sharing.window import OnLock
from latchwork.matter.onboarding import dashed, manual_code, qr_code
from latchwork.web.api.locks import present_lock
from latchwork.web.api.shapes import Body, Id, ListOf
from latchwork.web.context import Web, Who
from latchwork.web.problems import Problem, not_found
from latchwork.web.roles import Scope
from latchwork.web.routing import GuardedRoute, needs
from latchwork.web.stamps import Time, to_text

router = APIRouter(prefix="/api/v1", tags=["sharing"], route_class=GuardedRoute)
SVG: Final = "image/svg+xml"
_PICTURE: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {SVG: {"schema": {"type": "string"}}}}}


class FactOut(BaseModel):
    """A sentence, and whether anybody has published or tried it."""

    text: str
    is_assumed: bool
    source: str


class EcosystemOut(BaseModel):
    """An ecosystem: what it needs, where one types a code, and how long codes of its own app live."""

    id: str
    name: str
    needs: list[FactOut]
    steps: list[FactOut]
    own_code: FactOut
    own_code_minutes: int | None
    own_code_minutes_source: str
    fabrics: int
    notes: list[FactOut]


class FabricOut(BaseModel):
    """An ecosystem on a lock; `vendor` or `label` confirms its removal."""

    index: int
    vendor: str
    label: str
    node_id: str
    is_ours: bool


class ShareEndOut(BaseModel):
    """How the last window ended."""

    outcome: Outcome
    ended_at: Time
    joined: list[str]


class ShareOut(BaseModel):
    """Whether others can join a lock, and with what; `ends_at` of somebody else's window is the latest that it can be."""

    state: State
    code: str | None
    qr: str | None
    opened_at: Time | None
    ends_at: Time | None
    opened_by: str
    ecosystem: str | None
    ecosystem_name: str
    steps: list[str]
    fabrics: list[FabricOut]
    free_fabrics: int | None
    warnings: list[str]
    why: str
    last: ShareEndOut | None


class NewShare(Body):
    """For whom a lock is to be opened, and for how long."""

    minutes: Annotated[int | None, Field(ge=3, le=15, description="15 by default.")] = None
    ecosystem: Id | None = None


@router.get("/ecosystems", summary="What is known of other ecosystems")
@needs(Scope.DOORS_READ)
async def list_ecosystems() -> ListOf[EcosystemOut]:
    """What each needs, where in its app one types a code, and how long the codes live that its own app makes."""
    return ListOf(data=[_ecosystem_out(each) for each in ECOSYSTEMS])


@router.post("/locks/{lock_id}/share", status_code=201, summary="Open a lock for another ecosystem")
@needs(Scope.LOCKS_WRITE, is_repeatable=False)
async def share_lock(lock_id: Id, body: NewShare, web: Web, who: Who) -> ShareOut:
    """Opens a window with a code made for it. Refused while one is open, whoever opened it, and where no place is free."""
    present_lock(web, lock_id)
    with _as_problems():
        shared = await web.house.sharing.share(lock_id, minutes=body.minutes, ecosystem=body.ecosystem, actor=who.actor)
    return _share_out(shared)


@router.get("/locks/{lock_id}/share", summary="Whether a lock is open for another ecosystem")
@needs(Scope.LOCKS_WRITE)
async def read_share(lock_id: Id, web: Web) -> ShareOut:
    """As the lock says now; with the code for as long as it opens anything and this process knows it."""
    present_lock(web, lock_id)
    return _share_out(await web.house.sharing.look(lock_id))


@router.get("/locks/{lock_id}/share/qr", summary="The code as a picture", response_class=Response, responses=_PICTURE)
@needs(Scope.LOCKS_WRITE)
async def draw_share(lock_id: Id, web: Web) -> Response:
    """An SVG document."""
    present_lock(web, lock_id)
    payload = (await web.house.sharing.look(lock_id)).payload
    if payload is None:
        raise not_found("code")
    return Response(qr_svg(qr_code(payload)), media_type=SVG, headers={"cache-control": "no-store"})


@router.delete("/locks/{lock_id}/share", status_code=204, summary="Close it again")
@needs(Scope.LOCKS_WRITE)
async def end_share(lock_id: Id, web: Web, who: Who) -> None:
    """Before its time. What somebody has begun with the code is undone; who has joined stays."""
    present_lock(web, lock_id)
    with _as_problems():
        await web.house.sharing.end(lock_id, actor=who.actor)


@router.get("/locks/{lock_id}/fabrics", summary="Who is on a lock")
@needs(Scope.LOCKS_READ)
async def list_fabrics(lock_id: Id, web: Web) -> ListOf[FabricOut]:
    """As the lock says now, by vendor and label."""
    present_lock(web, lock_id)
    return ListOf(data=[_fabric_out(each) for each in await web.house.sharing.fabrics(lock_id)])


@router.delete("/locks/{lock_id}/fabrics/{index}", status_code=204, summary="Take an ecosystem off a lock")
@needs(Scope.FOREIGN_WRITE)
async def remove_fabric(
    lock_id: Id,
    index: int,
    web: Web,
    who: Who,
    confirm: Annotated[str, Query(max_length=200, description="Its vendor or label, as listed.")],
) -> None:
    """Codes that it made stay on the lock and open: they are listed as orphans from then on. Never this hub itself."""
    present_lock(web, lock_id)
    with _as_problems():
        await web.house.sharing.remove_fabric(lock_id, index, confirm=confirm, actor=who.actor)


@contextmanager
def _as_problems() -> Iterator[None]:
    try:
        yield
    except WindowOpen as error:
        extra = {"opened_by": error.opened_by, "is_ours": error.is_ours, "ends_at": to_text(error.ends_at)}
        raise _refused("window_open", "The lock is open for others already", error, extra) from None
    except SomebodyJoins as error:
        raise _refused("lock_busy", "Somebody is joining the lock", error) from None
    except NoFreeFabric as error:
        names = {"fabrics": list(error.names)}
        raise _refused("no_free_fabric", "No place is free on the lock", error, names) from None
    except NotOpen as error:
        raise _refused("not_open", "There is no window to close", error) from None
    except OwnFabric as error:
        raise _refused("own_fabric", "This is the hub itself", error) from None
    except NotConfirmed as error:
        extra = {"expected_confirmation": error.expected}
        raise _refused("not_confirmed", "This has to be confirmed by name", error, extra) from None
    except NoSuchFabric:
        raise not_found("ecosystem on this lock") from None


def _refused(
    code: str,
    title: str,
    error: WindowOpen | SomebodyJoins | NoFreeFabric | NotOpen | OwnFabric | NotConfirmed,
    extra: dict[str, Any] | None = None,
) -> Problem:
    said = str(error)
    detail = f"{said[:1].upper()}{said[1:]}. {error.advice}".rstrip()
    return Problem(409, code, title, detail, extra=extra)


def _share_out(shared: Shared) -> ShareOut:
    payload, last, is_open = shared.payload, shared.last, shared.opened_at is not None
    return ShareOut(
        state=shared.state,
        code=None if payload is None else dashed(manual_code(payload)),
        qr=None if payload is None else qr_code(payload),
        opened_at=shared.opened_at,
        ends_at=shared.ends_at,
        opened_by=shared.opened_by,
        ecosystem=shared.ecosystem.id or None,
        ecosystem_name=shared.ecosystem.name if is_open else "",
        steps=[_step(each) for each in shared.ecosystem.steps] if is_open else [],
        fabrics=[_fabric_out(each) for each in shared.fabrics],
        free_fabrics=shared.free,
        warnings=list(shared.warnings),
        why=shared.why,
        last=None if last is None else ShareEndOut(outcome=last.outcome, ended_at=last.at, joined=list(last.joined)),
    )


def _step(fact: Fact) -> str:
    return f"{fact.text} (As far as we know: menus move.)" if fact.is_assumed else fact.text


def _fabric_out(fabric: OnLock) -> FabricOut:
    return FabricOut(
        index=fabric.index,
        vendor=fabric.vendor,
        label=fabric.label,
        node_id=f"{fabric.node_id:016X}",
        is_ours=fabric.is_ours,
    )


def _ecosystem_out(each: Ecosystem) -> EcosystemOut:
    return EcosystemOut(
        id=each.id,
        name=each.name,
        needs=[_fact_out(fact) for fact in each.needs],
        steps=[_fact_out(fact) for fact in each.steps],
        own_code=_fact_out(each.own_code),
        own_code_minutes=each.own_code_minutes,
        own_code_minutes_source=each.minutes_source,
        fabrics=each.fabrics,
        notes=[_fact_out(fact) for fact in each.notes],
    )


def _fact_out(fact: Fact) -> FactOut:
    return FactOut(text=fact.text, is_assumed=fact.is_assumed, source=fact.source)
