"""How a device comes to trust the hub's own authority; for everybody, in clear as well, since whoever needs it has no HTTPS yet.

Layer web.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from latchwork.web.authority import Root
from latchwork.web.context import Context, Web
from latchwork.web.pages.rendering import render
from latchwork.web.pages.routing import PageRoute
from latchwork.web.problems import not_found
from latchwork.web.routing import open_to_all
from latchwork.web.trust import CRT_TYPE, MOBILECONFIG_TYPE, mobileconfig

router = APIRouter(route_class=PageRoute)
SYSTEMS: Final = ("ios", "android", "macos", "windows", "linux", "firefox")
_MARKS: Final = (
    ("ios", ("iPhone", "iPad")),
    ("android", ("Android",)),
    ("windows", ("Windows",)),
    ("macos", ("Macintosh",)),
    ("linux", ("Linux",)),
)


def system_of(agent: str) -> str:
    """Which system's steps to open, by how the browser calls itself; empty where it does not say."""
    return next((system for system, marks in _MARKS if any(mark in agent for mark in marks)), "")


def _root(web: Context) -> Root:
    if web.root is None:
        raise not_found("certificate")
    return web.root


@router.get("/trust")
@open_to_all()
async def trust_page(request: Request, web: Web) -> Response:
    """Steps for each system, and the fingerprint to compare."""
    opened = system_of(request.headers.get("user-agent", ""))
    return render(request, "trust.html", root=_root(web), systems=SYSTEMS, opened=opened)


@router.get("/trust/latchwork.crt")
@open_to_all()
async def read_root(web: Web) -> Response:
    """The certificate, as most systems take it."""
    headers = {"content-disposition": 'attachment; filename="latchwork.crt"'}
    return Response(_root(web).pem, headers=headers, media_type=CRT_TYPE)


@router.get("/trust/latchwork.mobileconfig")
@open_to_all()
async def read_profile(web: Web) -> Response:
    """The certificate, as Apple's devices take it."""
    headers = {"content-disposition": 'attachment; filename="latchwork.mobileconfig"'}
    return Response(mobileconfig(_root(web)), headers=headers, media_type=MOBILECONFIG_TYPE)
