"""A hub's face over a model house, with an owner who is logged in and cheap password hashes."""

import hashlib

import pytest
from argon2 import PasswordHasher
from tests.web.browser import Browser
from tests.web.model_house import ModelHouse

from latchwork.base.clock import ManualClock
from latchwork.web.app import create_app
from latchwork.web.settings import WebSettings

PASSWORD = "four plain words here"


def entropy_from(seed):
    """Octets that nobody would guess, and the same each time."""
    count = 0

    def entropy(length):
        nonlocal count
        count += 1
        return hashlib.shake_256(f"{seed}{count}".encode()).digest(length)

    return entropy


class World:
    """An application and those who use it."""

    def __init__(self, app, house, clock):
        self.app = app
        self.house = house
        self.clock = clock
        self.context = app.state.context

    def browser(self, **rest):
        return Browser(self.app, **rest)

    async def owner(self):
        browser = self.browser()
        link = self.context.owner_link.renew()
        answer = await browser.post("/api/v1/setup", {"token": link, "name": "Olive", "password": PASSWORD})
        assert answer.status == 201, answer
        browser.csrf = answer.json["csrf_token"]
        return browser

    async def account(self, owner, name, role, person_id=None):
        """Somebody with this role, logged in."""
        body = {"name": name, "password": PASSWORD, "role": role, "person_id": person_id}
        answer = await owner.post("/api/v1/accounts", body)
        assert answer.status == 201, answer
        browser = self.browser()
        assert (await browser.log_in(name, PASSWORD)).status == 201
        return browser

    async def token(self, browser, *scopes):
        """A program with these scopes."""
        answer = await browser.post("/api/v1/tokens", {"name": "a program", "scopes": list(scopes)})
        assert answer.status == 201, answer
        return self.browser(token=answer.json["token"])

    async def person(self, owner, name="Ana"):
        return (await owner.post("/api/v1/people", {"name": name})).json["id"]

    async def door_with_lock(self, owner, name="Front"):
        """A door and its lock, both by id."""
        job = (await owner.post("/api/v1/locks", {"setup_code": "34970112332", "door_name": name})).json
        await self.job_done(owner, job["id"])
        found = (await owner.get(f"/api/v1/jobs/{job['id']}")).json
        assert found["state"] == "done", found
        return found["result"]["door_id"], found["result"]["lock_id"]

    async def job_done(self, owner, job_id):
        import asyncio

        await asyncio.gather(*self.context.jobs._tasks)
        return (await owner.get(f"/api/v1/jobs/{job_id}")).json


async def make_world(settings=None, database=None):
    clock, entropy = ManualClock(now=1000.0, utc=1_800_000_000.0), entropy_from("web")
    house = await ModelHouse.open(clock, entropy, database)
    app = create_app(
        house,
        clock=clock,
        entropy=entropy,
        settings=settings or WebSettings(requests_per_minute=100_000),
        hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1),
    )
    return World(app, house, clock)


@pytest.fixture
async def world():
    world = await make_world()
    await world.context.answers.forget_unfinished()
    yield world
    await world.context.close()
    await world.house.sharing.close()
    await world.house.repository.database.close()


@pytest.fixture
async def owner(world):
    return await world.owner()


@pytest.fixture
async def make_trusting():
    """Makes a world with other settings."""
    made = []

    async def make(**settings):
        world = await make_world(WebSettings(requests_per_minute=100_000, **settings))
        await world.context.answers.forget_unfinished()
        made.append(world)
        return world

    yield make
    for world in made:
        await world.context.close()
        await world.house.repository.database.close()
