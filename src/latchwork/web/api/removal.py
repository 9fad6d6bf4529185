"""Removal reports: signed, so that somebody can be shown years later which locks were clear of whom, and since when.

Layer web.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from latchwork.hub.people.removal_report import LockState, printable
from latchwork.web.api.shapes import Body, Id
from latchwork.web.context import Web
from latchwork.web.roles import Scope
from latchwork.web.routing import GuardedRoute, needs

router = APIRouter(prefix="/api/v1", tags=["removal reports"], route_class=GuardedRoute)


class ReportPersonOut(BaseModel):
    """Who left."""

    id: str
    name: str


class ReportLockOut(BaseModel):
    """One lock that held something of them."""

    id: str
    door: str
    device: str
    state: LockState
    cleared_at: str | None
    known_by: str | None
    credentials_removed: int
    credentials_left: int
    why: str


class ReportHeadOut(BaseModel):
    """The journal's newest entry when the report was made."""

    seq: int
    hash: str


class RemovalReportOut(BaseModel):
    """Where somebody's access is gone. Signed are all members but the signature, as canonical JSON (RFC 8785)."""

    kind: str
    version: int
    site: str
    time_zone: str
    person: ReportPersonOut
    left_at: str
    made_at: str
    is_complete: bool
    locks: list[ReportLockOut]
    journal: ReportHeadOut
    public_key: str
    fingerprint: str
    signature: str


class SomeReport(Body):
    """A report as it was handed out."""

    report: dict[str, Any]


class VerificationOut(BaseModel):
    """Whether this hub made the report as it is."""

    is_genuine: bool
    why: str


@router.get(
    "/people/{person_id}/removal",
    summary="The signed report of who moved out",
    response_model=RemovalReportOut,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
@needs(Scope.PEOPLE_READ)
async def read_removal(
    person_id: Id,
    web: Web,
    form: Annotated[
        Literal["json", "text"], Query(alias="format", description="`text` is for paper; it cannot be verified.")
    ] = "json",
) -> Response:
    """As of now: ask again when a lock was still asleep. 404 when nobody has moved them out."""
    report = await web.house.removals.report(person_id)
    if form == "text":
        return Response(printable(report), media_type="text/plain; charset=utf-8")
    return Response(json.dumps(report, ensure_ascii=False).encode(), media_type="application/json")


@router.post("/reports/verify", summary="Whether a report is genuine")
@needs(Scope.PEOPLE_READ, is_repeatable=False)
async def verify_report(body: SomeReport, web: Web) -> VerificationOut:
    """Whether this hub signed it, and nothing in it was changed since."""
    found = await web.house.removals.verify(body.report)
    return VerificationOut(is_genuine=found.is_genuine, why=found.why)
