"""A model house under siege, without Matter."""

import pytest
from tests.security.siege import Face
from tests.web.conftest import make_world


@pytest.fixture
async def world():
    made = await make_world()
    await made.context.answers.forget_unfinished()
    yield made
    await made.context.close()
    await made.house.sharing.close()
    await made.house.repository.database.close()


@pytest.fixture
async def face(world):
    return Face(world.app, world.clock)
