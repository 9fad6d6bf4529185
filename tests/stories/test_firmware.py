"""Locks that get new firmware over the air: who is asked, who waits, and who has the last word."""

import asyncio

import pytest
from tests.support.firmware import REQUESTOR, Cast, image_of, payload_of
from tests.support.world import events_of, tell

from latchwork.controller.firmware import UpdateFailed, UpdateStep, make_default, update
from latchwork.controller.ota_provider import OtaProvider, Plan
from latchwork.matter.model.clusters.basic_information import BasicInformation
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.matter.model.clusters.ota_software_update_provider import ApplyUpdateActionEnum
from latchwork.matter.model.clusters.ota_software_update_requestor import (
    AnnouncementReasonEnum,
    UpdateStateEnum,
)
from latchwork.node.firmware import Firmware
from latchwork.stack.memory import Weather


def test_a_lock_updates_itself_and_comes_back_with_the_new_version(tmp_path):
    async def play(world):
        cast, told = await Cast(world, tmp_path).gather(), []
        peer = cast.peer
        assert await peer.get(0, BasicInformation.software_version) == 1
        version = await update(cast.provider, peer, image_of(tmp_path), on_step=told.append)
        assert version == 2
        assert await peer.get(0, BasicInformation.software_version_string) == "2.0"
        assert [report.step for report in told if report.state == "done"] == list(UpdateStep)
        percents = [report.facts["percent"] for report in told if report.state == "progress"]
        assert percents == sorted(percents)
        assert percents[-1] == 100
        assert cast.starts == 2
        applied = events_of(world.locks["lock"], REQUESTOR.version_applied)
        assert [payload_of(event).software_version for event in applied] == [2]
        assert cast.state == UpdateStateEnum.IDLE
        assert (await peer.get(1, DoorLock.lock_state)) is not None
        await asyncio.sleep(60)
        assert cast.requestor._attempt() is None
        # And once more, into the other slot.
        assert await update(cast.provider, peer, image_of(tmp_path, 3)) == 3
        assert cast.running() == Firmware(3, "3.0")

    tell(play)


def test_a_lock_tells_its_states_on_the_way(tmp_path):
    async def play(world):
        cast = await Cast(world, tmp_path).gather()
        seen = []
        world.air.taps.append(lambda *_: seen.append(cast.state if "lock" in world.locks else None) or True)
        before = world.locks["lock"]
        await update(cast.provider, cast.peer, image_of(tmp_path))
        assert {UpdateStateEnum.QUERYING, UpdateStateEnum.DOWNLOADING, UpdateStateEnum.APPLYING} <= set(seen)
        told = [
            (payload_of(e).previous_state, payload_of(e).new_state)
            for e in events_of(before, REQUESTOR.state_transition)
        ]
        state = UpdateStateEnum
        assert told == [
            (state.IDLE, state.QUERYING),
            (state.QUERYING, state.DOWNLOADING),
            (state.DOWNLOADING, state.APPLYING),
        ]
        assert cast.transitions() == [("IDLE", "SUCCESS")]

    tell(play)


def test_a_busy_provider_is_asked_again_when_it_said(tmp_path):
    async def play(world):
        plans = [Plan(is_busy=True, query_delay=300), Plan(is_busy=True), Plan()]
        cast = await Cast(world, tmp_path).gather(planner=lambda _node, _image: plans.pop(0) if plans else Plan())
        told = []
        begun = world.clock.monotonic()
        assert await update(cast.provider, cast.peer, image_of(tmp_path), on_step=told.append) == 2
        assert world.clock.monotonic() - begun > 300 + 120
        assert [report.facts["wait"] for report in told if "wait" in report.facts][:2] == [300, 120]

    tell(play)


def test_a_provider_has_the_lock_wait_before_it_applies(tmp_path):
    async def play(world):
        wait = Plan(action=ApplyUpdateActionEnum.AWAIT_NEXT_ACTION, apply_delay=200)
        answers = [Plan(), wait, wait, Plan(apply_delay=50)]
        cast = await Cast(world, tmp_path).gather(planner=lambda _node, _image: answers.pop(0) if answers else Plan())
        before, begun = world.locks["lock"], world.clock.monotonic()
        assert await update(cast.provider, cast.peer, image_of(tmp_path)) == 2
        assert world.clock.monotonic() - begun > 450
        told = [payload_of(event).new_state.name for event in events_of(before, REQUESTOR.state_transition)]
        assert told.count("DELAYED_ON_APPLY") == 2

    tell(play)


def test_a_provider_that_discontinues_leaves_the_old_firmware(tmp_path):
    async def play(world):
        plan = Plan(action=ApplyUpdateActionEnum.DISCONTINUE)
        cast = await Cast(world, tmp_path).gather(planner=lambda _node, _image: plan)
        with pytest.raises(UpdateFailed, match="discontinued"):
            await update(cast.provider, cast.peer, image_of(tmp_path))
        await asyncio.sleep(1)
        assert cast.state == UpdateStateEnum.IDLE
        assert not list((tmp_path / "lock").iterdir())

    tell(play)


def test_a_lock_without_a_user_at_hand_is_not_asked_for_consent(tmp_path):
    async def play(world):
        cast = await Cast(world, tmp_path).gather(planner=lambda _node, _image: Plan(needs_consent=True))
        with pytest.raises(UpdateFailed, match="NOT_AVAILABLE"):
            await update(cast.provider, cast.peer, image_of(tmp_path))

    tell(play)


def test_a_default_provider_is_asked_every_day(tmp_path):
    async def play(world):
        cast = await Cast(world, tmp_path).gather()
        await make_default(cast.provider, cast.peer)
        (default,) = await cast.peer.get(0, REQUESTOR.default_ota_providers)
        assert (default.provider_node_id, default.endpoint) == (1, 0)
        cast.provider.add(image_of(tmp_path))
        await asyncio.sleep(80_000)
        assert cast.starts == 1
        await cast.until(lambda: cast.starts == 2, 10_000)
        assert cast.requestor.state.default_ota_providers[0].provider_node_id == 1

    tell(play)


def test_many_locks_fetch_at_once_and_the_others_come_later(tmp_path):
    async def play(world):
        cast = await Cast(world, tmp_path).gather(max_transfers=2)
        world.air.weather = Weather(delay=0.02)
        peers, most = [cast.peer], 0
        for number in range(1, 5):
            await cast.lock(f"lock{number}")
            peers.append(await world.commissioned(f"lock{number}"))
        image = image_of(tmp_path)

        def count(*_):
            nonlocal most
            most = max(most, cast.provider.transfers)
            return True

        world.air.taps.append(count)
        assert await asyncio.gather(*(update(cast.provider, peer, image) for peer in peers)) == [2] * 5
        assert most == 2

    tell(play)


@pytest.mark.parametrize("word", [True, False])
def test_a_user_at_the_lock_has_the_last_word(tmp_path, word):
    async def play(world):
        cast = Cast(world, tmp_path)
        asked = []

        async def consent(offer):
            asked.append((offer.version_string, cast.state))
            await asyncio.sleep(30)
            return word

        cast.consent = consent
        await cast.gather(planner=lambda _node, _image: Plan(needs_consent=True, query_delay=60))
        before, begun = world.locks["lock"], world.clock.monotonic()
        if word:
            assert await update(cast.provider, cast.peer, image_of(tmp_path)) == 2
        else:
            with pytest.raises(UpdateFailed, match="gave the update up"):
                await update(cast.provider, cast.peer, image_of(tmp_path))
            assert cast.running() is None
        assert asked == [("2.0", UpdateStateEnum.DELAYED_ON_USER_CONSENT)]
        assert world.clock.monotonic() - begun > 90
        told = [payload_of(event).new_state.name for event in events_of(before, REQUESTOR.state_transition)]
        assert told[:3] == ["QUERYING", "DELAYED_ON_QUERY", "DELAYED_ON_USER_CONSENT"]

    tell(play)


def test_a_provider_that_is_free_again_can_say_so(tmp_path):
    async def play(world):
        plans = [Plan(is_busy=True, query_delay=50_000)]
        cast = await Cast(world, tmp_path).gather(planner=lambda _node, _image: plans.pop() if plans else Plan())
        cast.provider.add(image_of(tmp_path))
        await cast.announce()
        await cast.until(lambda: cast.state == UpdateStateEnum.DELAYED_ON_QUERY)
        await asyncio.sleep(300)
        await cast.announce(AnnouncementReasonEnum.UPDATE_AVAILABLE)
        await asyncio.sleep(60)
        assert cast.state == UpdateStateEnum.DELAYED_ON_QUERY
        await cast.announce()
        await cast.until(lambda: cast.starts == 2, 60)

    tell(play)


def test_a_provider_that_stays_busy_is_left_alone_for_a_day(tmp_path):
    async def play(world):
        cast = await Cast(world, tmp_path).gather(planner=lambda _node, _image: Plan(is_busy=True, query_delay=1000))
        cast.provider.add(image_of(tmp_path))
        await cast.announce()
        await asyncio.sleep(10_000)
        assert [state for state, _ in cast.transitions()].count("QUERYING") == 5
        assert cast.state == UpdateStateEnum.IDLE

    tell(play)


def test_a_provider_of_a_fabric_that_cannot_be_found_leaves_the_lock_idle(tmp_path):
    async def play(world):
        cast = await Cast(world, tmp_path).gather()
        await cast.announce(node_id=0x77)
        await cast.until(lambda: cast.transitions() == [("QUERYING", "SUCCESS"), ("IDLE", "TIME_OUT")])

    tell(play)


def test_a_device_without_updates_says_so_at_the_first_step(tmp_path):
    async def play(world):
        peer = await world.commissioned()
        provider = OtaProvider(world.controllers["home"])
        await provider.open()
        with pytest.raises(UpdateFailed) as caught:
            await update(provider, peer, image_of(tmp_path))
        assert caught.value.step is UpdateStep.ANNOUNCE
        assert "UNSUPPORTED_CLUSTER" in str(caught.value)
        await provider.close()

    tell(play)


def test_an_update_that_takes_too_long_is_given_up_by_its_caller_only(tmp_path):
    async def play(world):
        cast = await Cast(world, tmp_path).gather()
        world.air.weather = Weather(delay=0.5)
        with pytest.raises(UpdateFailed, match="too long"):
            await update(cast.provider, cast.peer, image_of(tmp_path), timeout=30)
        await cast.until(lambda: cast.starts == 2)

    tell(play)


def test_an_announcement_that_comes_while_the_last_update_is_still_told_of_is_heard(tmp_path):
    async def play(world):
        cast = await Cast(world, tmp_path).gather()
        cast.provider.add(image_of(tmp_path))
        await cast.announce()
        await cast.until(lambda: cast.running() is not None)
        await cast.provider.close()
        await cast.until(lambda: cast.starts == 2)
        await cast.until(lambda: cast.requestor._task is not None)
        await asyncio.sleep(20)
        await cast.announce()
        await asyncio.sleep(20)
        await cast.provide()
        cast.provider.add(image_of(tmp_path, 3))
        await cast.until(lambda: cast.starts == 3, 2000)
        assert cast.running() == Firmware(3, "3.0")

    tell(play)
