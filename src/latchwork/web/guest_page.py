"""The guest's page: the code, the doors and the times, for whoever has the link; no account, nothing kept, nothing to click.

Layer web.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from latchwork.hub.guests import texts
from latchwork.web.api.guests import HEADERS, guest_out
from latchwork.web.context import Web
from latchwork.web.pages.rendering import render
from latchwork.web.pages.routing import PageRoute
from latchwork.web.routing import open_to_all

router = APIRouter(route_class=PageRoute)


@router.get("/guest/{token}")
@open_to_all("guest")
async def show_guest(token: str, request: Request, web: Web) -> Response:
    """The page; for a link that is none, or none any more, one that does not say which."""
    # Who is signed in here does not matter, and is not shown to somebody who looks over the guest's shoulder.
    request.state.principal = None
    view = await web.house.guests.page(token)
    if view is None:
        response = render(request, "guest_missing.html", status=404, is_secret=True, texts=texts)
    else:
        response = render(request, "guest.html", is_secret=True, guest=guest_out(view), texts=texts)
    response.headers.update(HEADERS)
    return response
