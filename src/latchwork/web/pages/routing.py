"""What stands before every page: who looks, may they, and did one of our own pages send this form.

Layer web. Whoever is not signed in is brought to where that is done and back again; what goes wrong is said on a page, with what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final
from urllib.parse import quote, urlsplit

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.responses import RedirectResponse

from latchwork.base.errors import LatchworkError
from latchwork.web.auth import SAFE_METHODS
from latchwork.web.context import Context, context_of
from latchwork.web.envelope import MOST
from latchwork.web.networks import network_of
from latchwork.web.outside import home_of
from latchwork.web.pages.forms import CSRF_FIELD, fields_of, is_token
from latchwork.web.pages.rendering import render
from latchwork.web.principals import Principal
from latchwork.web.problems import Problem, forbidden, problem_of
from latchwork.web.routing import Guard, guard_of
from latchwork.web.undoing import Back

CONFIRM: Final = "confirmation_needed"


class PageRoute(APIRoute):
    """A page behind its guard; left out of the description of the API."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **rest: Any) -> None:
        guard_of(endpoint)
        rest["include_in_schema"] = False
        rest.setdefault("response_model", None)
        super().__init__(path, endpoint, **rest)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The page's own handler behind the guard."""
        handle = super().get_route_handler()
        guard = guard_of(self.endpoint)

        async def guarded(request: Request) -> Response:
            web = context_of(request)
            request.state.principal = None
            try:
                asker = await _admit(web, request, guard)
                web.limits[guard.quota].check(asker, web.clock.monotonic())
                response = await handle(request)
            except (Problem, LatchworkError, RequestValidationError) as error:
                response = _answer(request, problem_of(error))
            finally:
                await request.close()
            response.headers.setdefault("cache-control", "no-store")
            return response

        return guarded


async def _admit(web: Context, request: Request, guard: Guard) -> str:
    is_change = request.method not in SAFE_METHODS
    if is_change:
        web.auth.check_origin(request)
        # Only a file needs more than a form does.
        if guard.is_open or not request.headers.get("content-type", "").startswith("multipart/"):
            request.scope[MOST] = web.settings.max_open_body
    if "authorization" in request.headers and not guard.is_open:
        # A page tells more than the one scope that it asks for: it is for somebody who is signed in, whose role has them all.
        raise forbidden("Pages are for browsers. A program asks the API.")
    try:
        principal = await web.auth.principal(request, "GET")
    except Problem:
        if not guard.is_open:
            raise
        return f"address:{network_of(web.auth.address(request))}"
    if is_change and principal.session is not None and not guard.is_open:
        await _check_form(request, principal)
    if not guard.is_open:
        for scope in sorted(guard.scopes):
            principal.check(scope)
    request.state.principal = principal
    return principal.actor


async def _check_form(request: Request, principal: Principal) -> None:
    sent = request.headers.get("x-csrf-token") or (await fields_of(request)).raw(CSRF_FIELD)
    if not is_token(sent, principal.csrf):
        raise Problem(
            403,
            "csrf_token_missing",
            "This form is too old",
            "Nothing was changed. Load the page again and send the form once more.",
        )


def _answer(request: Request, problem: Problem) -> Response:
    """What went wrong, as somebody who looks at a page is told."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = here if request.method in SAFE_METHODS else came_from(request)
    if problem.status == 401:
        return RedirectResponse(f"{home_of(request)}/sign-in?next={quote(back, safe='')}", 303)
    if problem.code == CONFIRM:
        return RedirectResponse(f"{home_of(request)}/confirm?next={quote(back, safe='')}", 303)
    wants_json = "application/json" in request.headers.get("accept", "")
    if wants_json:
        return problem.response(request.scope.get("latchwork.request_id", ""))
    return render(request, "problem.html", status=problem.status, problem=problem, back=back)


async def answer_on_page(request: Request, problem: Problem) -> Response:
    """The same for an address at which nothing is, outside of every guard."""
    web = context_of(request)
    try:
        request.state.principal = await web.auth.principal(request, "GET")
    except Problem:
        request.state.principal = None
    response = render(request, "problem.html", status=problem.status, problem=problem, back=request.url.path)
    response.headers["cache-control"] = "no-store"  # it greets whoever is signed in
    return response


def came_from(request: Request) -> str:
    """The page of ours that sent the form, or the first one."""
    try:
        parts = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return "/"
    if parts.netloc != request.headers.get("host", ""):
        return "/"
    return own_path(parts.path + (f"?{parts.query}" if parts.query else ""))


def own_path(path: str) -> str:
    """The path if it stays on this hub, or the first page: nobody is sent elsewhere by a link that looks like ours."""
    is_own = path.startswith("/") and not path.startswith(("//", "/\\")) and "\\" not in path
    return path if is_own and path.isprintable() and len(path) <= 500 else "/"


def see(request: Request, path: str, said: str = "", *, is_bad: bool = False, back: Back | None = None) -> Response:
    """Go to a page after a form was sent, with a line about what was done, and a button where `back` can take it back."""
    web, principal = context_of(request), getattr(request.state, "principal", None)
    if said and principal is not None:
        undo = "" if back is None else web.undos.keep(principal.actor, back)
        web.notices.put(principal.actor, said, is_bad=is_bad, undo=undo)
    return RedirectResponse(f"{home_of(request)}{path}", 303)
