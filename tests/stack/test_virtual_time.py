"""The loop whose clock jumps."""

import asyncio
import time

import pytest

from latchwork.base.errors import Misuse
from latchwork.stack.virtual_time import run_virtual


def test_an_hour_passes_in_no_time():
    async def nap():
        loop = asyncio.get_running_loop()
        before = loop.time()
        await asyncio.sleep(3600)
        return loop.time() - before

    started = time.monotonic()
    assert run_virtual(nap()) == pytest.approx(3600)
    assert time.monotonic() - started < 60


def test_timers_fire_in_order():
    async def story():
        order = []
        await asyncio.gather(*(_after(delay, order) for delay in (3.0, 1.0, 2.0)))
        return order

    async def _after(delay, order):
        await asyncio.sleep(delay)
        order.append(delay)

    assert run_virtual(story()) == [1.0, 2.0, 3.0]


def test_a_world_that_stands_still_is_reported():
    async def wait_for_ever():
        await asyncio.get_running_loop().create_future()

    with pytest.raises(Misuse, match="stands still"):
        run_virtual(wait_for_ever())
