"""Serving the application over TCP, with uvicorn, in a loop that has other work too.

Layer web; asyncio. uvicorn installs no signal handlers and no logging of its own here: both belong to whoever runs the process.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from errno import EADDRINUSE
from types import TracebackType
from typing import Final, Self

import uvicorn
from starlette.types import ASGIApp

from latchwork.base.errors import Misuse
from latchwork.web.connections import Connection

GRACE_S: Final = 5
"""Seconds that requests at work have when the server ends."""
_BACKLOG: Final = 128


class PortInUse(Misuse):
    """Something else listens there."""

    advice = "Choose another port, or stop the other program: it may be another hub."


class WebServer:
    """An application on an address, as an asynchronous context.

    Args:
        app: what answers.
        host: address or name to listen on.
        port: 0 takes a free one.
        certificate, key: files for HTTPS, or None.
        before_end: called when the server is about to end, so that answers which go on for ever can be finished.

    Attributes:
        port: where it listens, once it does.
    """

    def __init__(
        self,
        app: ASGIApp,
        host: str,
        port: int,
        *,
        certificate: str | None = None,
        key: str | None = None,
        before_end: Callable[[], None] = lambda: None,
    ) -> None:
        self.host = host
        self.port = port
        self._config = uvicorn.Config(
            app,
            http=Connection,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            proxy_headers=False,
            ws="none",
            timeout_keep_alive=30,
            timeout_graceful_shutdown=GRACE_S,
            h11_max_incomplete_event_size=32 * 1024,
            ssl_certfile=certificate,
            ssl_keyfile=key,
        )
        self._before_end = before_end
        self._server = _Server(self._config)
        self._socket: socket.socket | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Listen.

        Raises:
            PortInUse: something else does.
            Misuse: the address is not this machine's.
        """
        self._socket = _listening(self.host, self.port)
        self.port = self._socket.getsockname()[1]
        self._task = asyncio.create_task(self._server.serve([self._socket]), name="web server")
        started = asyncio.create_task(self._server.is_up.wait())
        await asyncio.wait([self._task, started], return_when=asyncio.FIRST_COMPLETED)
        started.cancel()
        if self._task.done():
            self._socket.close()
            await self._task
            raise Misuse("the web server did not start")
        return self

    def take_certificate(self) -> None:
        """Read certificate and key anew: whoever connects from now on is shown them."""
        if self._config.ssl is not None and self._config.ssl_certfile is not None:
            self._config.ssl.load_cert_chain(self._config.ssl_certfile, self._config.ssl_keyfile)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish what is at work, for some seconds, and stop listening."""
        self._before_end()
        self._server.should_exit = True
        if self._task is not None:
            await self._task
        if self._socket is not None:
            self._socket.close()


class _Server(uvicorn.Server):
    """Tells when it is up, and leaves signals alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = asyncio.Event()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, without its signal handlers."""
        await self._serve(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's; then says so."""
        await super().startup(sockets)
        if self.started:
            self.is_up.set()


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        found = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except socket.gaierror as error:
        raise Misuse(f"{host} is no address of this machine") from error
    except OSError as error:
        if error.errno == EADDRINUSE:
            raise PortInUse(f"port {port} of {host} is in use") from error
        raise Misuse(f"cannot listen on {host}, port {port}: {error.strerror}") from error
    found.setblocking(False)
    return found
