"""What browsers load, and what makes the app installable.

Layer web.
"""

from __future__ import annotations

import json
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from latchwork.web.context import Web
from latchwork.web.outside import home_of
from latchwork.web.pages.assets import assets
from latchwork.web.pages.forms import Form
from latchwork.web.pages.rendering import THEME_COOKIE, THEMES, accepts_gzip, render, said
from latchwork.web.pages.routing import PageRoute, came_from
from latchwork.web.problems import Problem, not_found
from latchwork.web.routing import open_to_all

router = APIRouter(route_class=PageRoute)
_FOREVER: Final = "public, max-age=31536000, immutable"


@router.get("/static/{version}/{name:path}")
@open_to_all(quota="static")
async def read_static(request: Request, version: str, name: str) -> Response:
    """One file. An address of an earlier version gets the file of now, and is not kept."""
    found = assets().get(name)
    if found is None:
        raise not_found("file")
    headers = {"cache-control": _FOREVER if version == assets().version else "no-cache", "vary": "accept-encoding"}
    if found.compressed is not None and accepts_gzip(request):
        headers["content-encoding"] = "gzip"
        return Response(found.compressed, headers=headers, media_type=found.media_type)
    return Response(found.content, headers=headers, media_type=found.media_type)


@router.get("/manifest.webmanifest")
@open_to_all(quota="static")
async def read_manifest(request: Request, web: Web) -> Response:
    """Makes it an app on the home screen."""
    home, name = home_of(request), web.house.repository.site().name
    icon = {"src": f"{home}{assets().path('img/icon.svg')}", "type": "image/svg+xml", "sizes": "any"}
    pictures = [
        {"src": f"{home}{assets().path(f'img/icon-{size}.png')}", "type": "image/png", "sizes": f"{size}x{size}"}
        for size in (192, 512)
    ]
    manifest = {
        "name": f"{name} · Latchwork",
        "short_name": "Latchwork",
        "id": f"{home}/",
        "start_url": f"{home}/",
        "scope": f"{home}/",
        "display": "standalone",
        "background_color": "#101418",
        "theme_color": "#101418",
        "icons": [icon, *pictures, *(each | {"purpose": "maskable"} for each in pictures)],
    }
    return Response(json.dumps(manifest), media_type="application/manifest+json", headers={"cache-control": "no-cache"})


@router.get("/sw.js")
@open_to_all(quota="static")
async def read_worker() -> Response:
    """The service worker; its place says what it may look after."""
    found = assets().get("js/worker.js")
    if found is None:
        raise not_found("file")
    content = found.content.replace(b"{version}", assets().version.encode())
    return Response(content, media_type=found.media_type, headers={"cache-control": "no-cache"})


@router.get("/offline")
@open_to_all(quota="static")
async def read_offline(request: Request) -> Response:
    """What is shown while the hub does not answer."""
    return render(request, "offline.html")


@router.post("/theme")
@open_to_all()
async def set_theme(request: Request, form: Form, web: Web) -> Response:
    """Light, dark, or as the system has it."""
    theme = form.text("theme")
    if theme not in THEMES:
        raise Problem(422, "invalid_request", "There is no such theme")
    response = RedirectResponse(f"{came_from(request)}", 303)
    response.set_cookie(
        THEME_COOKIE, theme, max_age=31_536_000, path="/", samesite="lax", secure=web.settings.is_secure, httponly=True
    )
    return response


@router.get("/texts.json")
@open_to_all(quota="static")
async def read_texts(request: Request) -> Response:
    """The words that scripts say."""
    return JSONResponse(said(request).begins("script."), headers={"cache-control": "no-cache"})
