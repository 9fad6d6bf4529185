"""Taking a new finger: what is not wanted does not stay in the sensor."""

import asyncio

import pytest

from latchwork.base.errors import LatchworkError
from latchwork.devices.finger_enrolment import FingerEnrolment


class Reader:
    """Takes a finger when told to."""

    def __init__(self):
        self.waiting = []
        self.forgotten = []

    def enrol(self):
        self.waiting.append(asyncio.get_running_loop().create_future())
        return self.waiting[-1]

    def forget(self, template):
        self.forgotten.append(template)

    def forget_all(self):
        self.forgotten.append("all")

    def listen(self, seen):
        pass


@pytest.fixture
def reader():
    return Reader()


def enrolment(reader, *, is_wanted=True):
    taken, failures = [], []

    def take(template):
        taken.append(template)
        return is_wanted

    made = FingerEnrolment(reader, take, lambda: failures.append(True))
    return made, taken, failures


async def test_a_finger_that_is_wanted_is_told_and_stays(reader):
    made, taken, failures = enrolment(reader)
    made.start()
    assert made.is_running
    reader.waiting[0].set_result(b"thumb")
    await asyncio.sleep(0)
    assert (taken, failures, reader.forgotten) == ([b"thumb"], [], [])
    assert not made.is_running


async def test_a_finger_that_nobody_wants_is_forgotten(reader):
    made, taken, _failures = enrolment(reader, is_wanted=False)
    made.start()
    reader.waiting[0].set_result(b"thumb")
    await asyncio.sleep(0)
    assert taken == [b"thumb"]
    assert reader.forgotten == [b"thumb"]


async def test_a_finger_that_came_while_it_was_given_up_is_forgotten(reader):
    made, taken, _failures = enrolment(reader)
    made.start()
    reader.waiting[0].set_result(b"thumb")
    made.stop()
    await asyncio.sleep(0)
    assert taken == []
    assert reader.forgotten == [b"thumb"]


async def test_the_end_of_an_earlier_finger_does_not_end_the_next(reader):
    made, taken, failures = enrolment(reader)
    made.start()
    made.start()
    await asyncio.sleep(0)
    assert reader.waiting[0].cancelled()
    assert made.is_running
    reader.waiting[1].set_result(b"index")
    await asyncio.sleep(0)
    assert (taken, failures) == ([b"index"], [])


@pytest.mark.parametrize("error", [LatchworkError("badly read"), OSError("the cable is off")])
async def test_a_reader_that_gives_up_is_told(reader, error, caplog):
    made, taken, failures = enrolment(reader)
    made.start()
    reader.waiting[0].set_exception(error)
    await asyncio.sleep(0)
    assert (taken, failures) == ([], [True])
    assert bool(caplog.records) is isinstance(error, OSError)
