"""A code that fits several devices, and devices that were reset: each is tried once, the newest announcement first."""

import asyncio
from dataclasses import replace

import pytest
from tests.support.world import tell

from latchwork.base.errors import Unreachable
from latchwork.controller import CommissioningFailed, Step
from latchwork.controller.commissioner import MAX_CANDIDATES
from latchwork.controller.search import COMMISSIONABLE, Search
from latchwork.controller.steps import NotFound, PasscodeNotTaken, no_pairing
from latchwork.matter.onboarding import Discriminator
from latchwork.matter.session.handshake import FailureKind, HandshakeFailed

PASSCODE = 20202021
WRONG = [34567890, 34567891, 34567892, 34567893, 34567894, 34567895]
"""Of the neighbours, whose discriminators begin with the same four bits."""


async def neighbours(world, count):
    for number in range(count):
        await world.lock(f"neighbour {number}", discriminator=0x300 + number, passcode=WRONG[number])


def tries(world):
    """How many passcodes each neighbour was offered in vain."""
    return [lock.node.window.failed_attempts for name, lock in world.locks.items() if name.startswith("neighbour")]


def announced(world, host):
    """The commissionable announcement of whoever is at `host`, as it is in the air."""
    (found,) = [
        record
        for record in world.air.services.values()
        if (record.service_type, record.addresses) == (COMMISSIONABLE, (host,))
    ]
    return found


def put(world, record):
    """An announcement that is still heard, whoever made it."""
    world.air.services[record.instance, record.service_type] = record
    for browser in list(world.air.browsers):
        browser.offer(record)


def test_every_neighbour_with_the_same_short_discriminator_is_tried_until_one_takes_the_passcode():
    async def play(world):
        # Announced first, so it is asked last.
        meant = await world.lock("meant", discriminator=0x345)
        await neighbours(world, 4)
        home, told = await world.controller(), []
        await home.commission(meant.manual, on_step=told.append)
        assert meant.is_commissioned
        assert tries(world) == [1, 1, 1, 1]
        assert [report.state for report in told[::2]] == ["started"] * len(told[::2])
        (pairing,) = [report for report in told if report.step is Step.PASE and report.state == "done"]
        assert pairing.facts["tried"] == 5
        assert pairing.facts["address"] == world.hosts["meant"]

    tell(play)


def test_the_newest_announcement_is_tried_first():
    async def play(world):
        await neighbours(world, 2)
        meant, home = await world.lock("meant", discriminator=0x345), await world.controller()
        await home.commission(meant.manual)
        assert tries(world) == [0, 0]

    tell(play)


def test_when_nobody_takes_the_passcode_the_error_says_how_many_answered():
    async def play(world):
        await neighbours(world, 3)
        meant, home = await world.lock("meant", discriminator=0x345), await world.controller()
        code = meant.manual
        await world.power_cut("meant")
        told = []
        with pytest.raises(CommissioningFailed) as caught:
            await home.commission(code, on_step=told.append)
        failed = caught.value
        assert failed.step is Step.PASE
        assert isinstance(failed.cause, PasscodeNotTaken)
        assert failed.cause.kind is FailureKind.WRONG_PASSCODE
        assert (failed.cause.devices, failed.cause.silent) == (3, 0)
        assert "3 devices answered, none took the passcode" in str(failed)
        assert "pairing window" in failed.advice
        assert [(report.step, report.state) for report in told] == [
            (Step.FIND, "started"),
            (Step.FIND, "done"),
            (Step.PASE, "started"),
            (Step.PASE, "failed"),
        ]
        assert told[-1].error is failed.cause
        assert tries(world) == [1, 1, 1]

    tell(play)


def test_no_more_than_five_devices_are_tried():
    async def play(world):
        meant = await world.lock("meant", discriminator=0x345)
        await neighbours(world, MAX_CANDIDATES)
        extra, home = await world.lock("extra", discriminator=0x3FF, passcode=WRONG[5]), await world.controller()
        with pytest.raises(CommissioningFailed) as caught:
            await home.commission(meant.manual)
        assert caught.value.cause.devices == MAX_CANDIDATES
        assert extra.node.window.failed_attempts == 1
        assert tries(world) == [0, 1, 1, 1, 1]
        assert not meant.is_commissioned

    tell(play)


def test_one_device_that_refuses_is_spoken_of_as_one():
    async def play(world):
        await neighbours(world, 1)
        meant, home = await world.lock("meant", discriminator=0x345), await world.controller()
        code = meant.manual
        await world.power_cut("meant")
        with pytest.raises(CommissioningFailed) as caught:
            await home.commission(code)
        assert "the passcode is wrong" in str(caught.value)
        assert caught.value.advice == FailureKind.WRONG_PASSCODE.value

    tell(play)


def test_two_devices_with_the_same_long_discriminator_are_told_apart_by_the_passcode_too():
    async def play(world):
        meant = await world.lock("meant")
        await world.lock("neighbour", passcode=WRONG[0])
        home = await world.controller()
        await home.commission(meant.qr)
        assert meant.is_commissioned
        assert tries(world) == [1]

    tell(play)


def test_a_device_that_opens_its_window_while_another_refuses_is_tried_too():
    async def play(world):
        await neighbours(world, 1)
        meant, home = await world.lock("meant", discriminator=0x345), await world.controller()
        code = meant.manual
        await world.power_cut("meant")
        attempt = asyncio.create_task(home.commission(code))
        await asyncio.sleep(1)
        meant = await world.lock("meant", discriminator=0x345)
        await attempt
        assert meant.is_commissioned

    tell(play)


def test_an_announcement_from_before_a_reset_leads_nowhere_and_the_device_is_found_again():
    async def play(world):
        lock, home = await world.lock(), await world.controller()
        # Its record is in everybody's cache, for a device that has another address now; and it was heard last.
        stale = replace(announced(world, world.hosts["lock"]), instance="0123456789ABCDEF", addresses=("fd00::dead",))
        put(world, stale)
        await home.commission(lock.qr)
        assert lock.is_commissioned

    tell(play)


def test_a_device_that_restarts_after_it_was_found_is_found_again_under_its_new_name():
    async def play(world):
        lock, home = await world.lock(), await world.controller()
        code, stale = lock.qr, announced(world, world.hosts["lock"])
        await world.power_cut()
        put(world, replace(stale, addresses=("fd00::dead",)))
        attempt = asyncio.create_task(home.commission(code))
        await asyncio.sleep(1)
        lock = await world.lock()
        await attempt
        assert lock.is_commissioned

    tell(play)


def test_a_device_that_refused_and_was_reset_since_is_tried_once_more():
    async def play(world):
        lock, home = await world.lock("lock", passcode=WRONG[0]), await world.controller()
        code = replace(lock.payload, passcode=PASSCODE)
        attempt = asyncio.create_task(home.commission(code))
        await asyncio.sleep(1)
        assert lock.node.window.failed_attempts == 1
        await world.power_cut()
        lock = await world.lock("lock", passcode=PASSCODE)
        await attempt
        assert lock.is_commissioned

    tell(play)


def test_a_device_under_a_former_name_too_is_one_device():
    async def play(world):
        lock, home = await world.lock("lock", passcode=WRONG[0]), await world.controller()
        now = announced(world, world.hosts["lock"])
        del world.air.services[now.instance, now.service_type]
        for number in range(3):
            put(world, replace(now, instance=f"{number:016X}"))
        put(world, now)
        with pytest.raises(CommissioningFailed) as caught:
            await home.commission(replace(lock.payload, passcode=PASSCODE))
        assert caught.value.cause.devices == 1
        assert lock.node.window.failed_attempts == 1

    tell(play)


def test_what_is_no_candidate_is_not_given():
    async def play(world):
        await world.lock()
        record = announced(world, world.hosts["lock"])
        put(world, replace(record, instance="CLOSED", txt={**record.txt, "CM": "0"}, addresses=("fd00::21",)))
        put(world, replace(record, instance="OTHER", txt={**record.txt, "D": "7"}, addresses=("fd00::22",)))
        put(world, replace(record, instance="MUTE", txt={}, addresses=("fd00::23",)))
        put(world, replace(record, instance="NOWHERE", addresses=("fe80::1%nosuchinterface",)))
        put(world, replace(record, instance="LEAVING", addresses=("fd00::24",)))
        put(world, replace(record, instance="LEAVING", txt={**record.txt, "CM": "0"}, addresses=("fd00::24",)))
        with Search(world.air.discovery("fd00::99"), Discriminator.of(3840)) as search:
            assert (await search.first(1)).instance == record.instance
            # It says something else meanwhile, which makes it no other device.
            put(world, replace(record, txt={**record.txt, "DN": "Door"}))
            assert await search.next(1) is None
            with pytest.raises(NotFound):
                await search.first(1)
        assert not world.air.browsers

    tell(play)


def test_of_several_failures_the_one_that_helps_is_told():
    refused = HandshakeFailed(FailureKind.WRONG_PASSCODE, "no")
    busy = HandshakeFailed(FailureKind.BUSY, "later", busy_wait_ms=5000)
    gone = Unreachable("no answer")
    assert no_pairing([gone]) is gone
    assert no_pairing([refused, busy, gone]) is busy
    told = no_pairing([gone, refused, refused, gone])
    assert isinstance(told, PasscodeNotTaken)
    assert (told.devices, told.silent) == (2, 2)
    assert "2 more did not answer" in str(told)


def test_a_lock_that_was_reset_joins_again_with_the_same_code():
    async def play(world):
        peer = await world.commissioned()
        home, lock = world.controllers["home"], world.locks["lock"]
        await world.power_cut()
        del world.stores["lock"]  # a factory reset: nothing of the fabric is left, and nobody was told
        lock = await world.lock()
        again = await home.commission(lock.manual)
        assert again.node_id != peer.node_id
        assert [fabric.node_id for fabric in lock.node.fabrics] == [again.node_id]

    tell(play)
