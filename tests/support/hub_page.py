"""A house with a hub, its locks in the virtual air, and its pages on a port of loopback, in real time: what a browser is let loose on."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager

from argon2 import PasswordHasher
from tests.support.hub import HubWorld
from tests.support.world import World

from latchwork.web.app import create_app
from latchwork.web.server import WebServer
from latchwork.web.settings import WebSettings

PASSWORD = "four plain words here"


class PageWorld(HubWorld):
    """A house that can be looked at.

    Attributes:
        url: of its first page.
        app: the application.
    """

    url = ""
    app = None

    @property
    def setup_url(self):
        """The link by which the first owner comes."""
        return f"{self.url}/setup#{self.app.state.context.owner_link.renew()}"


@asynccontextmanager
async def page_house(port=0, **settings):
    """A house with nothing in it, served."""
    world = World(0)
    house = await PageWorld(world).open()
    app = create_app(
        house.hub,
        clock=world.clock,
        entropy=os.urandom,
        settings=WebSettings(**({"requests_per_minute": 100_000} | settings)),
        hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1),
    )
    try:
        async with WebServer(app, "127.0.0.1", port, before_end=app.state.context.end_streams) as server:
            house.app, house.url = app, f"http://127.0.0.1:{server.port}"
            yield house
    finally:
        await house.close()
        for lock in world.locks.values():
            await lock.close()
        for controller in world.controllers.values():
            await controller.close()
