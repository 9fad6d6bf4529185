"""The site: its name, zone, length of codes and holidays.

Layer web.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Annotated
from zoneinfo import available_timezones

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, Field

from latchwork.hub.books.doors import put_site
from latchwork.hub.house.entities import Site
from latchwork.web.api.shapes import Body, Day, Name
from latchwork.web.context import Web, Who
from latchwork.web.problems import Problem, invalid
from latchwork.web.roles import Scope
from latchwork.web.routing import GuardedRoute, needs

router = APIRouter(prefix="/api/v1/site", tags=["site"], route_class=GuardedRoute)


class SiteOut(BaseModel):
    """One home or building."""

    name: str
    time_zone: str
    code_length: int | None
    holidays: list[str]
    journal_days: int | None


class SiteChange(Body):
    """What becomes another; what is left out stays."""

    name: Name | None = None
    time_zone: Annotated[str | None, Field(max_length=64)] = None
    code_length: Annotated[int | None, Field(ge=4, le=16)] = None
    holidays: Annotated[list[Day] | None, Field(max_length=500)] = None
    journal_days: Annotated[
        int | None, Field(ge=7, le=36_500, description="Days for which the journal is kept; null is for ever.")
    ] = None


@router.get("", summary="The site")
@needs(Scope.SITE_READ)
async def read_site(response: Response, web: Web) -> SiteOut:
    """All rules of time are meant in its zone."""
    return _answer(web.house.repository.site(), response)


@router.patch("", summary="Change the site")
@needs(Scope.SITE_WRITE)
async def change_site(
    response: Response,
    body: SiteChange,
    web: Web,
    who: Who,
    if_match: Annotated[str | None, Header(description="The ETag that was read.")] = None,
) -> SiteOut:
    """Another zone moves every rule: locks are brought in line at once."""
    site = web.house.repository.site()
    if if_match is not None and if_match.strip() not in {"*", _etag(site)}:
        raise Problem(412, "version_changed", "It was changed in between", "Read it again, and change what is there.")
    changes = body.model_dump(exclude_unset=True)
    for required in ("name", "time_zone", "holidays"):
        if changes.get(required, True) is None:
            del changes[required]
    if "time_zone" in changes and changes["time_zone"] not in available_timezones():
        raise invalid("/body/time_zone", "this is no zone of the IANA database, such as Europe/Paris")
    if "holidays" in changes:
        changes["holidays"] = tuple(sorted(set(changes["holidays"])))
    changed = replace(site, **changes)
    await web.change(who, "site_changed", lambda to: put_site(to, changed), {"what": ", ".join(sorted(changes))})
    for lock in web.house.repository.locks():
        web.house.locks.wake(lock.id)
    return _answer(changed, response)


def _answer(site: Site, response: Response) -> SiteOut:
    response.headers["etag"] = _etag(site)
    return SiteOut(
        name=site.name,
        time_zone=site.time_zone,
        code_length=site.code_length,
        holidays=list(site.holidays),
        journal_days=site.journal_days,
    )


def _etag(site: Site) -> str:
    return f'"{sha256(repr(site).encode()).hexdigest()[:16]}"'
