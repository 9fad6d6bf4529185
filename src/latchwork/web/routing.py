"""What stands before every route: who asks, may they, how often, and was this asked before.

Layer web. A route without a guard is refused when the application is made, so that none is open by oversight.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from fastapi import Request, Response
from fastapi.routing import APIRoute

from latchwork.base.errors import Bug
from latchwork.web.auth import SAFE_METHODS
from latchwork.web.context import Context, context_of
from latchwork.web.envelope import MOST
from latchwork.web.limits import Limiter, Taken
from latchwork.web.networks import network_of
from latchwork.web.roles import Scope

_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])
_GUARD: Final = "_latchwork_guard"
PROBLEM: Final[dict[str, Any]] = {
    "description": "Problem details (RFC 9457).",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
"""How an error is described."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What a route asks of whoever calls it.

    Attributes:
        scopes: all of them are needed.
        is_open: nobody has to say who they are.
        quota: the limit that counts, by its name in `Context.limits`.
        is_repeatable: an Idempotency-Key keeps its answer; not where every call counts by itself.
    """

    scopes: frozenset[Scope] = frozenset()
    is_open: bool = False
    quota: str = "default"
    is_repeatable: bool = True


def needs(*scopes: Scope, quota: str = "default", is_repeatable: bool = True) -> Callable[[_Endpoint], _Endpoint]:
    """Marks a route: an account with all these scopes; with none named, any account."""
    return _marking(Guard(scopes=frozenset(scopes), quota=quota, is_repeatable=is_repeatable))


def open_to_all(quota: str = "open") -> Callable[[_Endpoint], _Endpoint]:
    """Marks a route that everybody may call."""
    return _marking(Guard(is_open=True, quota=quota, is_repeatable=False))


def guard_of(endpoint: Callable[..., Any]) -> Guard:
    """A route's guard.

    Raises:
        Bug: it has none.
    """
    guard = getattr(endpoint, _GUARD, None)
    if not isinstance(guard, Guard):
        raise Bug(f"the route {endpoint.__qualname__} has no guard")
    return guard


class GuardedRoute(APIRoute):
    """A route behind its guard."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **rest: Any) -> None:
        guard = guard_of(endpoint)
        statuses = [403, 422, 429] if guard.is_open else [401, 403, 422, 429]
        methods = set(rest.get("methods") or {"GET"})
        if "{" in path or "GET" not in methods:
            statuses.append(404)
        if "GET" not in methods:
            statuses += [400, 409, 413]
        if methods & {"PATCH", "PUT", "DELETE"}:
            statuses.append(412)
        responses: dict[int | str, Any] = dict.fromkeys(sorted(statuses), PROBLEM)
        responses["default"] = PROBLEM
        rest["responses"] = responses | (rest.get("responses") or {})
        if not guard.is_open:
            scopes = sorted(scope.value for scope in guard.scopes)
            extra: dict[str, Any] = {"security": [{"token": scopes}, {"session": scopes}]}
            if scopes:
                extra["x-scopes"] = scopes
            rest["openapi_extra"] = extra | (rest.get("openapi_extra") or {})
        super().__init__(path, endpoint, **rest)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's own handler behind the guard."""
        handle = super().get_route_handler()
        guard = guard_of(self.endpoint)

        async def guarded(request: Request) -> Response:
            web = context_of(request)
            asker = await _admit(web, request, guard)
            limiter = web.limits[guard.quota]
            taken = limiter.check(asker, web.clock.monotonic())
            key = request.headers.get("idempotency-key")
            if request.method == "POST" and key is not None and guard.is_repeatable:
                path = f"{request.url.path}?{request.url.query}"
                response = await web.answers.once(
                    asker, key, (request.method, path, await request.body()), web.clock.utc(), lambda: handle(request)
                )
            else:
                response = await handle(request)
            return _counted(response, limiter, taken)

        return guarded


async def _admit(web: Context, request: Request, guard: Guard) -> str:
    """Who asks, as limits and kept answers name them."""
    if guard.is_open:
        if request.method not in SAFE_METHODS and "authorization" not in request.headers:
            web.auth.check_origin(request)
        request.scope[MOST] = web.settings.max_open_body
        return f"address:{network_of(web.auth.address(request))}"
    principal = await web.auth.principal(request, request.method)
    for scope in sorted(guard.scopes):
        principal.check(scope)
    request.state.principal = principal
    return principal.actor


def _counted(response: Response, limiter: Limiter, taken: Taken) -> Response:
    for name, value in limiter.headers(taken).items():
        response.headers.setdefault(name, value)
    return response


def _marking(guard: Guard) -> Callable[[_Endpoint], _Endpoint]:
    def mark(endpoint: _Endpoint) -> _Endpoint:
        setattr(endpoint, _GUARD, guard)
        return endpoint

    return mark
