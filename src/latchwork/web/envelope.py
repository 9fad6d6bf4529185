"""Around every request: its number, the size it may have, headers that protect browsers, one line in the log, and an answer to defects.

Layer web, plain ASGI; asyncio. The log has paths and no queries, names of errors and no texts: either could hold what nobody may read.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from logging import ERROR, INFO
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from latchwork.base.clock import Clock
from latchwork.base.logs import log, logger
from latchwork.web.measures import Measures
from latchwork.web.problems import problem_of
from latchwork.web.settings import WebSettings

CONTENT_POLICY: Final = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'; object-src 'none';"
    " img-src 'self' data:; script-src 'self'; style-src 'self'; connect-src 'self'"
)
WITH_PHOTO: Final = frozenset({"/add-lock"})
"""Forms that may carry a photograph."""
MOST: Final = "latchwork.most"
"""In a request's scope: octets that its route takes, where that is less than others take."""
BODY_S: Final = 120.0
"""Seconds in which all of a request has to come: enough for a photograph over a slow line."""
_HEADERS: Final = (
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(self), microphone=(), geolocation=()"),
    ("content-security-policy", CONTENT_POLICY),
)
_LOG = logger(__name__)


class TooSlow(HTTPException):
    """The rest of a request did not come."""

    def __init__(self) -> None:
        super().__init__(408)


class TooMuch(HTTPException):
    """More octets than a request may have."""

    def __init__(self) -> None:
        super().__init__(413)


class Envelope:
    """The middleware.

    Args:
        app: what is inside.
        clock: for durations.
        entropy: for the requests' numbers.
        settings: the size, and whether this is HTTPS.
        measures: counts requests.
    """

    def __init__(
        self,
        app: ASGIApp,
        clock: Clock,
        entropy: Callable[[int], bytes],
        settings: WebSettings,
        measures: Measures,
    ) -> None:
        self._app = app
        self._clock = clock
        self._entropy = entropy
        self._settings = settings
        self._measures = measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = self._entropy(8).hex()
        scope["latchwork.request_id"] = request_id
        begun = self._clock.monotonic()
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._dress(message, scope, request_id)
            await send(message)

        try:
            await self._app(scope, self._bounded(scope, receive), sending)
        except Exception as error:  # noqa: BLE001 - a defect is answered and told; nothing is swallowed
            # Neither its text nor values of its frames: they may hold what a log must not.
            where = traceback.extract_tb(error.__traceback__)[-3:]
            frames = ">".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in where)
            log(_LOG, ERROR, "request_crashed", request=request_id, error=type(error).__name__, at=frames)
            if not status:
                await problem_of(error).response(request_id)(scope, receive, sending)
        took = self._clock.monotonic() - begun
        path = _route_of(scope)
        self._measures.answered(scope["method"], path, status, took)
        log(
            _LOG,
            INFO,
            "request",
            id=request_id,
            method=scope["method"],
            path=path,
            status=status,
            ms=round(took * 1000, 1),
        )

    def _dress(self, message: Message, scope: Scope, request_id: str) -> None:
        headers = MutableHeaders(scope=message)
        headers["x-request-id"] = request_id
        for name, value in _HEADERS:
            headers.setdefault(name, value)
        if self._settings.is_secure and self._settings.is_strict:
            headers.setdefault("strict-transport-security", "max-age=31536000")
        if scope["path"].startswith("/api/"):
            headers.setdefault("cache-control", "no-store")

    def _most(self, scope: Scope) -> int:
        """Octets that this request may have. Who may send a photograph is asked before any of it is read."""
        path: str = scope["path"]
        is_photo = path.removeprefix(self._settings.root_path) in WITH_PHOTO
        return self._settings.max_photo if is_photo else self._settings.max_body

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        said = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        length = int(said) if said.isdigit() and len(said) <= 12 else None
        most = self._most(scope)
        seen, is_whole, due = 0, False, asyncio.get_running_loop().time() + BODY_S

        async def receiving() -> Message:
            nonlocal seen, is_whole
            least: int = min(most, scope.get(MOST, most))
            if length is None or length > least:
                raise TooMuch
            if is_whole:
                return await receive()  # until whoever asked is gone
            try:
                async with asyncio.timeout_at(due):
                    message = await receive()
            except TimeoutError:
                raise TooSlow from None
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                is_whole = not message.get("more_body", False)
                if seen > least:
                    raise TooMuch
            return message

        return receiving


def _route_of(scope: Scope) -> str:
    """The path as its route has it: no ids, so that there are as many names as routes."""
    path = getattr(scope.get("route"), "path", None)
    if isinstance(path, str):
        return path
    return "-"
