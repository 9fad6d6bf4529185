"""Credentials: which codes, cards and fingers somebody has. A code goes in, and comes out by one route alone.

Layer web.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field, StringConstraints

from latchwork.base.logs import Secret
from latchwork.hub.house.entities import Credential, CredentialKind
from latchwork.hub.house.placed import PlacedCredential
from latchwork.web.api.shapes import Body, Id, ListOf, Text
from latchwork.web.context import Context, Web, Who
from latchwork.web.problems import Problem, invalid, not_found
from latchwork.web.roles import Scope
from latchwork.web.routing import GuardedRoute, needs
from latchwork.web.stamps import Time, etag
from latchwork.web.visibility import check_code_readable

router = APIRouter(prefix="/api/v1", tags=["credentials"], route_class=GuardedRoute)
Code = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{4,16}$"), Field(json_schema_extra={"format": "password", "writeOnly": True})
]
"""Digits of a PIN; only ever in a request's body."""


class PlaceOut(BaseModel):
    """How well is known that a lock holds it: none, accepted, occupied, proved or used, and since when."""

    lock_id: str
    proof: str
    proof_at: dict[str, Time]
    is_current: bool
    is_pending: bool


class CredentialOut(BaseModel):
    """What somebody shows to a lock; never the secret itself."""

    id: str
    person_id: str
    kind: CredentialKind
    label: str
    length: int
    lock_id: str | None
    created_at: Time
    version: int
    places: list[PlaceOut]


class NewCredential(Body):
    """A code or a card. Without a code, a PIN is made by chance: hard to guess, and fit for every lock."""

    kind: CredentialKind = CredentialKind.PIN
    label: Text = ""
    code: Code | None = None
    length: Annotated[int | None, Field(ge=4, le=16, description="Digits of a PIN made by chance.")] = None
    card: Annotated[
        str | None,
        StringConstraints(pattern=r"^[0-9A-Fa-f]{2,64}$"),
        Field(description="An RFID card's number, hexadecimal."),
    ] = None


class CredentialChange(Body):
    """What becomes another."""

    label: Text


class NewCode(Body):
    """Another code; without one, a PIN is made by chance."""

    code: Code | None = None
    length: Annotated[int | None, Field(ge=4, le=16)] = None


class RevealOut(BaseModel):
    """What the code is. Every reading is in the journal."""

    credential_id: str
    version: int
    code: str


def place_out(place: PlacedCredential, version: int) -> PlaceOut:
    """The place to be answered."""
    return PlaceOut(
        lock_id=place.lock_id,
        proof=place.proof.name.lower(),
        proof_at={name.lower(): at for name, at in place.proof_at.items()},
        is_current=place.version == version,
        is_pending=place.is_pending,
    )


def credential_out(web: Context, credential: Credential) -> CredentialOut:
    """The credential with the places where it is."""
    places = web.house.repository.places_of(credential.id)
    return CredentialOut(
        id=credential.id,
        person_id=credential.person_id,
        kind=credential.kind,
        label=credential.label,
        length=credential.length,
        lock_id=credential.lock_id,
        created_at=credential.created_at,
        version=credential.version,
        places=[place_out(each, credential.version) for each in places],
    )


@router.get("/people/{person_id}/credentials", summary="What somebody has")
@needs(Scope.PEOPLE_READ)
async def list_credentials(person_id: Id, web: Web) -> ListOf[CredentialOut]:
    """Credentials in use, oldest first, with their proof on each lock."""
    web.house.repository.person(person_id)
    return ListOf(data=[credential_out(web, each) for each in web.house.repository.credentials(person_id)])


@router.get("/my/credentials", summary="What one has oneself")
@needs(Scope.CODES_OWN)
async def list_own_credentials(web: Web, who: Who) -> ListOf[CredentialOut]:
    """Credentials of the person whose account this is."""
    if who.account.person_id is None:
        return ListOf(data=[])
    return ListOf(data=[credential_out(web, each) for each in web.house.repository.credentials(who.account.person_id)])


@router.post("/people/{person_id}/credentials", status_code=201, summary="Give somebody a code or a card")
@needs(Scope.PEOPLE_WRITE)
async def add_credential(person_id: Id, response: Response, body: NewCredential, web: Web, who: Who) -> CredentialOut:
    """A code made by chance is read by its reveal route. Fingers and faces are enrolled at the door."""
    web.house.repository.person(person_id)
    secret = _secret(web, person_id, body)
    credential = Credential(id="", person_id=person_id, kind=body.kind, label=body.label, length=len(secret))
    kept = await web.house.people.add_credential(credential, secret, actor=who.actor)
    response.headers["location"] = f"{web.settings.root_path}/api/v1/credentials/{kept.id}"
    response.headers["etag"] = etag(kept.version)
    return credential_out(web, kept)


@router.get("/credentials/{credential_id}", summary="One credential")
@needs(Scope.PEOPLE_READ)
async def read_credential(credential_id: Id, response: Response, web: Web) -> CredentialOut:
    """With its proof on each lock."""
    credential = _in_use(web, credential_id)
    response.headers["etag"] = etag(credential.version)
    return credential_out(web, credential)


@router.patch("/credentials/{credential_id}", summary="Call a credential something else")
@needs(Scope.PEOPLE_WRITE)
async def change_credential(credential_id: Id, body: CredentialChange, web: Web, who: Who) -> CredentialOut:
    """Its label; another code is set by its own route."""
    changed = replace(_in_use(web, credential_id), label=body.label)
    return credential_out(web, await web.house.people.relabel(changed, actor=who.actor))


@router.post("/credentials/{credential_id}/code", summary="Set another code")
@needs(Scope.PEOPLE_WRITE)
async def set_code(credential_id: Id, response: Response, body: NewCode, web: Web, who: Who) -> CredentialOut:
    """The one before is good until each lock has the new one: `places` tells where it is."""
    credential = _in_use(web, credential_id)
    if credential.kind is not CredentialKind.PIN:
        raise invalid("/path/credential_id", "only a PIN has a code")
    code = _pin(web, credential.person_id, body.code, body.length)
    kept = await web.house.people.set_secret(credential_id, code, actor=who.actor)
    response.headers["etag"] = etag(kept.version)
    return credential_out(web, kept)


@router.post("/credentials/{credential_id}/reveal", summary="Read a code back")
@needs(Scope.CODES_OWN, quota="reveal", is_repeatable=False)
async def reveal(credential_id: Id, response: Response, web: Web, who: Who) -> RevealOut:
    """One's own, or anybody's with codes:reveal. Written down in the journal before it is answered."""
    credential = _in_use(web, credential_id)
    check_code_readable(who, credential)
    who.check_fresh(web.clock.utc(), web.settings.confirm_s)
    if credential.kind is not CredentialKind.PIN:
        raise Problem(422, "not_possible", "This cannot be done", "Only a PIN can be read back.")
    secret = await web.house.people.reveal(credential_id, actor=who.actor)
    response.headers["cache-control"] = "no-store"
    return RevealOut(credential_id=credential_id, version=credential.version, code=bytes(secret).decode("ascii"))


@router.delete("/credentials/{credential_id}", status_code=204, summary="Take a credential out of use")
@needs(Scope.PEOPLE_WRITE)
async def remove_credential(credential_id: Id, web: Web, who: Who) -> None:
    """On every lock; an access that named only this one ends."""
    _in_use(web, credential_id)
    await web.house.people.remove_credential(credential_id, actor=who.actor)


def _in_use(web: Context, credential_id: str) -> Credential:
    credential = web.house.repository.credential(credential_id)
    if all(each.id != credential_id for each in web.house.repository.credentials(credential.person_id)):
        raise not_found("credential")
    return credential


def _secret(web: Context, person_id: str, body: NewCredential) -> Secret:
    if body.kind is CredentialKind.PIN:
        if body.card is not None:
            raise invalid("/body/card", "a PIN has no card")
        return _pin(web, person_id, body.code, body.length)
    if body.kind is CredentialKind.RFID:
        if body.card is None or len(body.card) % 2 or body.code is not None:
            raise invalid("/body/card", "the card's number is needed: an even number of hexadecimal digits")
        return Secret(bytes.fromhex(body.card))
    raise Problem(
        422,
        "enrol_at_door",
        "This is enrolled at the door",
        "A finger or a face does not travel: enrol it with the lock's own means.",
    )


def _pin(web: Context, person_id: str, code: str | None, length: int | None) -> Secret:
    if code is not None and length is not None:
        raise invalid("/body/length", "a code that is given has its own length")
    return Secret(code.encode()) if code is not None else web.house.people.random_code(person_id, length)
