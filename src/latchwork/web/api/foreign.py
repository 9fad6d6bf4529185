"""What others put on a lock: shown with where it comes from, adopted or cleared only when somebody names it.

Layer web. The hub never touches any of it by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Final

from fastapi import APIRouter
from pydantic import BaseModel, Field

from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.house.observed import ORPHANED, Observed, SeenCredential, SeenUser
from latchwork.hub.house.placed import Placed
from latchwork.web.api.locks import check_confirmed, present_lock
from latchwork.web.api.shapes import Body, Id, ListOf
from latchwork.web.context import Context, Web, Who
from latchwork.web.problems import Problem, not_found
from latchwork.web.roles import Scope
from latchwork.web.routing import PROBLEM, GuardedRoute, needs

router = APIRouter(prefix="/api/v1", tags=["locks"], route_class=GuardedRoute)
NOT_READ_YET: Final[dict[int | str, dict[str, Any]]] = {409: PROBLEM}


class MadeBy(StrEnum):
    """Where something on a lock comes from that is not in the hub's books."""

    ECOSYSTEM = "ecosystem"
    """Another ecosystem that is on the lock."""
    ORPHAN = "orphan"
    """An ecosystem that is not on the lock any more."""
    AT_LOCK = "at_lock"
    """Somebody at the door; or the lock does not say."""
    THIS_HUB = "this_hub"
    """This hub, as its books do not know any more: it can be taken over."""


class ForeignOut(BaseModel):
    """Something on a lock that this hub did not put there."""

    confirm: str
    user_index: int | None
    name: str
    credentials: list[str]
    ecosystem: str
    is_orphan: bool
    made_by: MadeBy


class AdoptBody(Body):
    """Whose the user is from now on; `confirm` repeats what the list says."""

    confirm: Annotated[str, Field(max_length=200)]
    person_id: Id


class ClearBody(Body):
    """`confirm` repeats what the list says."""

    confirm: Annotated[str, Field(max_length=200)]


@router.get("/locks/{lock_id}/foreign", summary="What others put on a lock", responses=NOT_READ_YET)
@needs(Scope.LOCKS_READ)
async def list_foreign(lock_id: Id, web: Web) -> ListOf[ForeignOut]:
    """Users and codes of other ecosystems, of the keypad and of former owners; this hub never touches them by itself."""
    present_lock(web, lock_id)
    return ListOf(data=_foreign(web, lock_id))


@router.post(
    "/locks/{lock_id}/foreign/users/{user_index}/adopt", status_code=204, summary="Say whose a foreign user is"
)
@needs(Scope.FOREIGN_WRITE)
async def adopt_user(lock_id: Id, user_index: int, body: AdoptBody, web: Web, who: Who) -> None:
    """The hub names that person in the journal, and may change the user from now on."""
    found = _find_foreign(web, lock_id, lambda each: each.user_index == user_index)
    check_confirmed(body.confirm, found.confirm)
    web.house.repository.person(body.person_id)
    await web.house.locks.adopt(lock_id, user_index, body.person_id, actor=who.actor)


@router.post("/locks/{lock_id}/foreign/users/{user_index}/clear", status_code=204, summary="Clear a foreign user")
@needs(Scope.FOREIGN_WRITE)
async def clear_user(lock_id: Id, user_index: int, body: ClearBody, web: Web, who: Who) -> None:
    """With everything that it has. Somebody may depend on it: `confirm` names it."""
    found = _find_foreign(web, lock_id, lambda each: each.user_index == user_index)
    check_confirmed(body.confirm, found.confirm)
    await web.house.locks.clear_foreign(lock_id, user_index, None, actor=who.actor)


@router.post(
    "/locks/{lock_id}/foreign/credentials/{kind}/{index}/clear", status_code=204, summary="Clear a foreign credential"
)
@needs(Scope.FOREIGN_WRITE)
async def clear_credential(lock_id: Id, kind: CredentialKind, index: int, body: ClearBody, web: Web, who: Who) -> None:
    """One that belongs to no user of the lock."""
    label = f"{kind.value} {index}"
    found = _find_foreign(web, lock_id, lambda each: each.user_index is None and each.credentials == [label])
    check_confirmed(body.confirm, found.confirm)
    await web.house.locks.clear_foreign(lock_id, None, (kind, index), actor=who.actor)


def _foreign(web: Context, lock_id: str) -> list[ForeignOut]:
    observed = web.house.locks.observed(lock_id)
    if observed is None:
        raise Problem(
            409, "not_read_yet", "The lock has not been read yet", "What is on it is not known before. Ask again later."
        )
    fabrics = web.house.locks.status(lock_id).fabrics or {}
    own_index = web.house.repository.lock(lock_id).fabric_index
    return foreign_on(observed, web.house.repository.placed(lock_id), fabrics, own_index)


def foreign_on(observed: Observed, placed: Placed, fabrics: Mapping[int, str], own_index: int = 0) -> list[ForeignOut]:
    """What is on a lock and not ours, each with the text that confirms it; `own_index` is our fabric on it, 0 where it is not known."""
    own_users = {each.index for each in placed.users}
    own = {(each.kind, each.index) for each in placed.credentials}
    found: list[ForeignOut] = []
    for index, user in sorted(observed.users.items()):
        if not isinstance(user, SeenUser) or index in own_users:
            continue
        found.append(
            ForeignOut(
                confirm=user.name or f"user {index}",
                user_index=index,
                name=user.name,
                credentials=[f"{kind.value} {place}" for kind, place in user.credentials],
                ecosystem=_ecosystem(user.creator, fabrics),
                is_orphan=user.creator == ORPHANED,
                made_by=_made_by(user.creator, own_index),
            )
        )
    for (kind, index), credential in sorted(observed.credentials.items()):
        if isinstance(credential, SeenCredential) and credential.user_index is None and (kind, index) not in own:
            found.append(
                ForeignOut(
                    confirm=f"{kind.value} {index}",
                    user_index=None,
                    name="",
                    credentials=[f"{kind.value} {index}"],
                    ecosystem=_ecosystem(credential.creator, fabrics),
                    is_orphan=credential.creator == ORPHANED,
                    made_by=_made_by(credential.creator, own_index),
                )
            )
    return found


def _made_by(creator: int | None, own_index: int) -> MadeBy:
    if creator is None:
        return MadeBy.AT_LOCK
    if creator == ORPHANED:
        return MadeBy.ORPHAN
    return MadeBy.THIS_HUB if creator == own_index else MadeBy.ECOSYSTEM


def _ecosystem(creator: int | None, names: Mapping[int, str]) -> str:
    if creator is None or creator == ORPHANED:
        return ""
    return names.get(creator, f"fabric {creator}")


def _find_foreign(web: Context, lock_id: str, is_it: Callable[[ForeignOut], bool]) -> ForeignOut:
    present_lock(web, lock_id)
    for each in _foreign(web, lock_id):
        if is_it(each):
            return each
    raise not_found("foreign entry")
