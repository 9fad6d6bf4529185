"""What answers in clear where the hub speaks HTTPS: how to trust its authority, and where it is.

Layer web, plain ASGI. Nothing here needs to be secret, and nothing that is comes through.
"""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from latchwork.web.outside import is_host

OPEN: Final = ("/trust", "/trust/", "/static/")
"""What is shown in clear: paths, or what they begin with."""


class PlainFace:
    """The face for those who come without HTTPS.

    Args:
        app: the application behind it.
        port: where HTTPS is.
        name: of this machine, for those who do not say how they call it.
    """

    def __init__(self, app: ASGIApp, port: int, name: str) -> None:
        self._app = app
        self._port = port
        self._name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        path: str = scope["path"]
        if scope["method"] not in {"GET", "HEAD"}:
            # What was sent has been in clear already: it must not look as if that were right.
            response = PlainTextResponse("This hub speaks HTTPS. Nothing was done.\n", 403)
            await response(scope, receive, send)
        elif path == "/trust" or path.startswith(OPEN[1:]):
            await self._app(scope, receive, send)
        elif path == "/":
            await RedirectResponse("/trust", 307)(scope, receive, send)
        else:
            query = scope["query_string"].decode("latin-1")
            where = f"https://{self._host(scope)}:{self._port}{path}{f'?{query}' if query else ''}"
            await RedirectResponse(where, 307)(scope, receive, send)

    def _host(self, scope: Scope) -> str:
        said = Headers(scope=scope).get("host", "")
        if not is_host(said):
            return self._name
        return said if said.endswith("]") else said.rpartition(":")[0] if ":" in said else said


async def _live(receive: Receive, send: Send) -> None:
    """The application's own life is led by the server that speaks HTTPS."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
