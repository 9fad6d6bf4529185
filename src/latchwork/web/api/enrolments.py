"""Enrolments: a finger, a card or a face is taken at the door while the hub watches.

Layer web.
"""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from latchwork.hub.enrolment.rows import Enrolment, EnrolmentState
from latchwork.hub.house.entities import CredentialKind
from latchwork.web.api.locks import present_lock
from latchwork.web.api.shapes import Body, Id
from latchwork.web.context import Context, Web, Who
from latchwork.web.roles import Scope
from latchwork.web.routing import GuardedRoute, needs
from latchwork.web.stamps import Time

router = APIRouter(prefix="/api/v1", tags=["enrolments"], route_class=GuardedRoute)
EnrolmentKind = Literal["fingerprint", "card", "face"]
_KINDS: dict[EnrolmentKind, CredentialKind] = {
    "fingerprint": CredentialKind.FINGERPRINT,
    "card": CredentialKind.RFID,
    "face": CredentialKind.FACE,
}
_WORDS = {kind: word for word, kind in _KINDS.items()}


class NewEnrolment(Body):
    """What is to be taken, and at which lock."""

    lock_id: Id
    kind: EnrolmentKind


class EnrolmentOut(BaseModel):
    """How far an enrolment is, and what somebody at the door is to do."""

    id: str
    person_id: str
    lock_id: str
    kind: EnrolmentKind
    state: EnrolmentState
    user_index: int | None
    steps: list[str]
    notice: str
    credential_id: str
    begun_at: Time
    ends_at: Time


@router.post("/people/{person_id}/enrolments", status_code=202, summary="Take a finger, a card or a face at a door")
@needs(Scope.PEOPLE_WRITE)
async def start_enrolment(person_id: Id, response: Response, body: NewEnrolment, web: Web, who: Who) -> EnrolmentOut:
    """Begin when the state is `waiting`: `steps` says what to do at the lock, within ten minutes. Followed by events `enrolment`."""
    web.house.repository.person(person_id)
    present_lock(web, body.lock_id)
    begun = await web.house.enrolments.begin(person_id, body.lock_id, _KINDS[body.kind], actor=who.actor)
    response.headers["location"] = f"{web.settings.root_path}/api/v1/enrolments/{begun.id}"
    return _enrolment_out(web, begun)


@router.get("/enrolments/{enrolment_id}", summary="How far an enrolment is")
@needs(Scope.PEOPLE_READ)
async def read_enrolment(enrolment_id: Id, web: Web) -> EnrolmentOut:
    """Also for a day after its end."""
    return _enrolment_out(web, web.house.enrolments.get(enrolment_id))


@router.delete("/enrolments/{enrolment_id}", summary="Cancel an enrolment")
@needs(Scope.PEOPLE_WRITE)
async def cancel_enrolment(enrolment_id: Id, web: Web, who: Who) -> EnrolmentOut:
    """What comes later is left alone; one that has ended stays as it is."""
    return _enrolment_out(web, await web.house.enrolments.cancel(enrolment_id, actor=who.actor))


def _enrolment_out(web: Context, each: Enrolment) -> EnrolmentOut:
    return EnrolmentOut(
        id=each.id,
        person_id=each.person_id,
        lock_id=each.lock_id,
        kind=_WORDS[each.kind],
        state=each.state,
        user_index=each.user_index,
        steps=list(web.house.enrolments.steps(each)) if each.is_going else [],
        notice=each.notice,
        credential_id=each.credential_id,
        begun_at=each.begun_at,
        ends_at=each.ends_at,
    )
