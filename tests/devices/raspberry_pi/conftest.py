"""Pins that are not there, and a loop whose clock jumps: every test of a driver runs in both."""

import asyncio
import inspect

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory, MockPin

from latchwork.devices.raspberry_pi.pins import Pins
from latchwork.stack.virtual_time import VirtualTimeLoop


@pytest.fixture
def factory():
    before = gpiozero.Device.pin_factory
    gpiozero.Device.pin_factory = MockFactory()
    yield gpiozero.Device.pin_factory
    gpiozero.Device.pin_factory.reset()
    gpiozero.Device.pin_factory = before


@pytest.fixture
def pins(factory):
    pins = Pins()
    yield pins
    pins.close()


@pytest.fixture
def loop():
    loop = VirtualTimeLoop()
    yield loop
    left = asyncio.all_tasks(loop)
    assert not left
    loop.close()


@pytest.fixture
def let(loop):
    """Lets virtual seconds pass, or runs a coroutine to its end."""

    def run(what):
        return loop.run_until_complete(what if inspect.isawaitable(what) else asyncio.sleep(what))

    return run


class KeyMatrix:
    """Keys between row pins and column pins, as the membrane joins them."""

    def __init__(self, factory, rows, columns):
        matrix = self

        class RowPin(MockPin):
            def _set_function(self, value):
                super()._set_function(value)
                matrix.settle()

            def _change_state(self, value):
                changed = super()._change_state(value)
                matrix.settle()
                return changed

        self.down = set()
        self.rows, self.columns = [], []
        self.rows = [factory.pin(number, pin_class=RowPin) for number in rows]
        self.columns = [factory.pin(number) for number in columns]

    def settle(self):
        for index, column in enumerate(self.columns):
            low = any(
                (number, index) in self.down and row.function == "output" and not row.state
                for number, row in enumerate(self.rows)
            )
            if column.function == "input":
                column.drive_low() if low else column.drive_high()

    def press(self, *keys):
        self.down |= set(keys)
        self.settle()

    def release(self, *keys):
        self.down -= set(keys)
        self.settle()


@pytest.fixture
def key_matrix(factory):
    return lambda rows, columns: KeyMatrix(factory, rows, columns)
