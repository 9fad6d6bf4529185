"""The application: every route, behind the envelope.

Layer web.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from latchwork.base.clock import Clock
from latchwork.base.errors import Bug, LatchworkError
from latchwork.web.api import (
    accesses,
    accounts,
    backup,
    calendars,
    credentials,
    doors,
    enrolments,
    foreign,
    guests,
    history,
    imports,
    jobs,
    journal,
    live,
    lock_settings,
    locks,
    notification_rules,
    operations,
    people,
    removal,
    security,
    session,
    setup,
    sharing,
    site,
    tokens,
    webhooks,
)
from latchwork.web.api.shapes import ProblemOut
from latchwork.web.context import Context
from latchwork.web.envelope import Envelope
from latchwork.web.guest_page import router as guest_page
from latchwork.web.house import House
from latchwork.web.pages import places
from latchwork.web.pages.routing import answer_on_page
from latchwork.web.problems import Problem, answer_problem, problem_of
from latchwork.web.settings import WebSettings
from latchwork.web.virtual_doors import VirtualDoors

ROUTERS: Final = (
    *(
        setup.router,
        session.router,
        security.router,
        accounts.router,
        tokens.router,
        site.router,
        doors.router,
        locks.router,
        foreign.router,
        sharing.router,
        lock_settings.router,
        history.router,
    ),
    *(people.router, credentials.router, accesses.router, journal.router, live.router, webhooks.router, jobs.router),
    *(guests.router, guest_page, removal.router, enrolments.router),
    *(backup.router, imports.router),
    *(calendars.router, notification_rules.router),
    operations.router,
)
"""Every resource's routes."""


def create_app(
    house: House,
    *,
    clock: Clock,
    entropy: Callable[[int], bytes],
    settings: WebSettings | None = None,
    hasher: PasswordHasher | None = None,
    virtual_doors: VirtualDoors | None = None,
) -> FastAPI:
    """The hub's face as an ASGI application; its `state.context` has its parts.

    Args:
        house: the hub.
        clock: tells the time.
        entropy: octets nobody can guess.
        settings: how it behaves.
        hasher: of passwords, with its costs; None takes those of RFC 9106.
        virtual_doors: doors that are drawn, in a virtual house only: without, there are no pages for them.
    """
    context = Context(house, clock, entropy, settings or WebSettings(), hasher)
    context.virtual_doors = virtual_doors

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        await context.start()
        try:
            yield
        finally:
            await context.close()

    app = FastAPI(
        title="Latchwork",
        summary="Doors, people and who may open what.",
        version="1",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        root_path=context.settings.root_path,
        lifespan=life,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.context = context
    for router in (*ROUTERS, *places.ROUTERS, *(places.VIRTUAL if virtual_doors is not None else ())):
        app.include_router(router)
    for kind in (Problem, LatchworkError, RequestValidationError):
        app.add_exception_handler(kind, answer_problem)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_middleware(Envelope, clock=clock, entropy=entropy, settings=context.settings, measures=context.measures)
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]  # FastAPI's own way to change it
    return app


async def _answer_http(request: Request, error: Exception) -> Response:
    """As `answer_problem`, and a wrong method is told all that are right: routes alone know of one each."""
    if "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/"):
        return await answer_on_page(request, problem_of(error))
    response = await answer_problem(request, error)
    if response.status_code == 405:
        path = request.scope["path"]
        routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
        allowed = {method for route in routes if route.path_regex.match(path) for method in route.methods or ()}
        response.headers["allow"] = ", ".join(sorted(allowed))
    return response


def _described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI description, with how one says who one is and how errors look."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        parts = schema.setdefault("components", {})
        parts["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer", "description": "A token of POST /api/v1/tokens."},
            "session": {"type": "apiKey", "in": "cookie", "name": app.state.context.auth.cookie},
        }
        parts["schemas"]["Problem"] = ProblemOut.model_json_schema()
        parts["schemas"].pop("HTTPValidationError", None)
        parts["schemas"].pop("ValidationError", None)
        app.openapi_schema = _renamed(schema)
    return app.openapi_schema


def _renamed(schema: dict[str, Any]) -> dict[str, Any]:
    """The same with names that clients can be generated from: `Door` and `DoorList` instead of `DoorOut` and `ListOf_DoorOut_`.

    Raises:
        Bug: two shapes would have one name.
    """
    shapes = schema["components"]["schemas"]
    names = {name: re.sub(r"Out$", "", re.sub(r"^ListOf_(\w+?)(?:Out)?_$", r"\1List", name)) for name in shapes}
    if len(set(names.values())) != len(names):
        raise Bug("two shapes of the API have one name")
    schema["components"]["schemas"] = {names[name]: shape | {"title": names[name]} for name, shape in shapes.items()}
    text = re.sub(
        r'"#/components/schemas/([^"]+)"', lambda found: f'"#/components/schemas/{names[found[1]]}"', json.dumps(schema)
    )
    renamed: dict[str, Any] = json.loads(text)
    return renamed
