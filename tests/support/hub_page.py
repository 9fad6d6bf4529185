"""A house with a hub, its locks in the virtual air, and its pages on a port of loopback, in real time: what a browser is let loose on."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager

from argon2 import PasswordHasher
from tests.support.hub import HubWorld
from tests.support.world import World

from latchwork.cli.virtual_doors import HomeDoors
from latchwork.web.app import create_app
from latchwork.web.server import WebServer
from latchwork.web.settings import WebSettings

PASSWORD = "four plain words here"


class Between:
    """Between browsers and the app: knows what was asked, and can be slow.

    Attributes:
        asked: method and path of each request.
        slow: methods and paths whose answers come late, by how many seconds.
    """

    def __init__(self):
        self.app = None
        self.asked = []
        self.slow = {}

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            what = f"{scope['method']} {scope['path']}"
            self.asked.append(what)
            await asyncio.sleep(self.slow.get(what, 0))
        await self.app(scope, receive, send)


class PageWorld(HubWorld):
    """A house that can be looked at.

    Attributes:
        url: of its first page.
        app: the application.
        between: stands before it.
    """

    url = ""
    app = None
    between: Between
    settings: WebSettings
    _server: WebServer | None = None

    @property
    def setup_url(self):
        """The link by which the first owner comes."""
        return f"{self.url}/setup#{self.app.state.context.owner_link.renew()}"

    async def serve(self, port=0):
        """Its pages are there, on this port; the hub's process is a new one to whoever looks."""
        self.app = create_app(
            self.hub,
            clock=self.world.clock,
            entropy=os.urandom,
            settings=self.settings,
            hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1),
            virtual_doors=HomeDoors(lambda: list(self.world.locks.values()), self.hub, self.world.controllers["hub"]),
        )
        self.between.app = self.app
        before_end = self.app.state.context.end_streams
        self._server = await WebServer(self.between, "127.0.0.1", port, before_end=before_end).__aenter__()
        self.url = f"http://127.0.0.1:{self._server.port}"

    async def stop_serving(self):
        """Nobody answers there any more."""
        server, self._server = self._server, None
        if server is not None:
            await server.__aexit__(None, None, None)

    async def serve_again(self):
        """The pages are back where they were."""
        await self.serve(int(self.url.rpartition(":")[2]))


@asynccontextmanager
async def page_house(port=0, **settings):
    """A house with nothing in it, served."""
    world = World(0)
    house = await PageWorld(world).open()
    house.between = Between()
    house.settings = WebSettings(**({"requests_per_minute": 100_000} | settings))
    await house.serve(port)
    try:
        yield house
    finally:
        await house.stop_serving()
        await house.close()
        for lock in world.locks.values():
            await lock.close()
        for controller in world.controllers.values():
            await controller.close()
