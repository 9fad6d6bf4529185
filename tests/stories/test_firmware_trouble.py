"""Firmware updates that go wrong: storms, partitions, power cuts, damaged and foreign images; the old firmware is what is left."""

import asyncio

import pytest
from tests.support.firmware import CONTENT, REQUESTOR, Cast, image_of
from tests.support.world import STUBBORN, events_of, tell

from latchwork.controller.firmware import DeviceGaveUp, UpdateFailed, UpdateStep, make_default, update
from latchwork.controller.ota_provider import Fetched, OtaProvider, Plan, Progress
from latchwork.matter.model.clusters.basic_information import BasicInformation
from latchwork.matter.model.clusters.ota_software_update_provider import ApplyUpdateActionEnum, StatusEnum
from latchwork.matter.model.clusters.ota_software_update_requestor import (
    UpdateStateEnum,
)
from latchwork.node.firmware import Firmware, FirmwareFolder
from latchwork.stack.memory import Weather


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_update_arrives_through_a_storm(tmp_path, seed):
    async def play(world):
        cast = await Cast(world, tmp_path).gather()
        world.air.weather = Weather(loss=0.2, duplication=0.05, delay=0.005, spread=0.1)
        assert await update(cast.provider, cast.peer, image_of(tmp_path)) == 2
        assert cast.running() == Firmware(2, "2.0")

    tell(play, seed=seed, reliability=STUBBORN)


def test_a_download_goes_on_where_a_partition_broke_it_off(tmp_path):
    async def play(world):
        cast = await Cast(world, tmp_path).gather()
        cast.provider.add(image_of(tmp_path))
        world.air.weather = Weather(delay=0.02)
        await cast.announce()
        await cast.until(lambda: cast.requestor._progress > 12_000)
        world.air.part(world.hosts["lock"], world.hosts["home"])
        await asyncio.sleep(100)
        assert cast.state == UpdateStateEnum.DOWNLOADING
        assert cast.running() is None
        sent = world.air.sent
        world.air.rejoin(world.hosts["lock"], world.hosts["home"])
        await cast.until(lambda: cast.running() is not None)
        assert world.air.sent - sent < 2.5 * len(CONTENT) / 1194
        await cast.until(lambda: cast.starts == 2)
        assert await cast.peer.get(0, BasicInformation.software_version) == 2

    tell(play)


def test_a_partition_that_lasts_leaves_the_old_firmware_and_the_update_comes_later(tmp_path):
    async def play(world):
        cast = await Cast(world, tmp_path).gather()
        cast.provider.add(image_of(tmp_path))
        world.air.weather = Weather(delay=0.02)
        await cast.announce()
        await cast.until(lambda: cast.requestor._progress > 12_000)
        world.air.part(world.hosts["lock"], world.hosts["home"])
        await cast.until(lambda: cast.state == UpdateStateEnum.IDLE, 4000)
        assert cast.transitions()[-1] == ("IDLE", "TIME_OUT")
        assert len(events_of(world.locks["lock"], REQUESTOR.download_error)) == 1
        assert cast.running() is None
        world.air.rejoin(world.hosts["lock"], world.hosts["home"])
        await cast.until(lambda: cast.starts == 2, 4000)
        assert await cast.peer.get(0, BasicInformation.software_version) == 2

    tell(play)


def test_a_power_cut_in_the_middle_leaves_the_old_firmware_and_the_download_goes_on(tmp_path):
    async def play(world):
        cast = await Cast(world, tmp_path).gather()
        cast.provider.add(image_of(tmp_path))
        world.air.weather = Weather(delay=0.02)
        await cast.announce()
        await cast.until(lambda: cast.requestor._progress > 20_000)
        await cast.power_cut()
        assert await cast.peer.get(0, BasicInformation.software_version) == 1
        here = (tmp_path / "lock" / "slot-a.ota").stat().st_size
        assert here >= 20_000
        await cast.until(lambda: cast.requestor._progress > 0)
        assert cast.requestor._progress > here
        await cast.until(lambda: cast.starts == 3)
        assert await cast.peer.get(0, BasicInformation.software_version) == 2

    tell(play)


def test_a_damaged_image_is_refused_by_the_lock(tmp_path):
    async def play(world):
        cast = await Cast(world, tmp_path).gather()
        image = image_of(tmp_path)
        octets = bytearray(image.path.read_bytes())
        octets[-1] ^= 1
        image.path.write_bytes(octets)
        with pytest.raises(UpdateFailed) as caught:
            await update(cast.provider, cast.peer, image)
        assert isinstance(caught.value.cause, DeviceGaveUp)
        assert caught.value.step is UpdateStep.APPLY
        assert cast.running() is None
        assert cast.state == UpdateStateEnum.IDLE
        assert cast.transitions()[-1] == ("IDLE", "FAILURE")
        assert len(events_of(world.locks["lock"], REQUESTOR.download_error)) == 1
        assert not list((tmp_path / "lock").iterdir())
        assert cast.starts == 1

    tell(play)


class Careless(OtaProvider):
    """Offers whatever it has."""

    def choose(self, request):
        return next(iter(self.images.values()), None)


@pytest.mark.parametrize("version", [1, 0])
def test_an_older_version_or_the_same_is_refused_by_the_lock(tmp_path, version):
    async def play(world):
        cast = await Cast(world, tmp_path).gather(kind=Careless)
        cast.provider.add(image_of(tmp_path, version))
        answers = []
        cast.provider.watch(cast.peer.node_id, answers.append)
        await cast.announce()
        await asyncio.sleep(60)
        assert [each.answer.status for each in answers] == [StatusEnum.UPDATE_AVAILABLE]
        assert cast.transitions() == [("QUERYING", "SUCCESS"), ("IDLE", "SUCCESS")]
        assert cast.running() is None
        with pytest.raises(UpdateFailed, match="runs version 1"):
            await update(cast.provider, cast.peer, image_of(tmp_path, version))

    tell(play)


def test_an_image_of_another_product_is_refused_after_its_first_blocks(tmp_path):
    async def play(world):
        cast = await Cast(world, tmp_path).gather(kind=Careless)
        cast.provider.add(image_of(tmp_path, product_id=0x8001))
        ends = []
        cast.provider.watch(cast.peer.node_id, ends.append)
        await cast.announce()
        await cast.until(lambda: cast.transitions()[-1:] == [("IDLE", "FAILURE")])
        assert max(getattr(each, "octets", 0) for each in ends) < 3000
        assert cast.provider.transfers == 0
        with pytest.raises(UpdateFailed, match="another device"):
            await update(cast.provider, cast.peer, image_of(tmp_path, 5, product_id=0x8001))

    tell(play)


def test_a_provider_that_is_restarted_meanwhile_knows_its_updates_again(tmp_path):
    async def play(world):
        plans = [Plan(), Plan(action=ApplyUpdateActionEnum.AWAIT_NEXT_ACTION, apply_delay=300)]
        cast = await Cast(world, tmp_path).gather(planner=lambda _node, _image: plans.pop(0))
        cast.provider.add(image_of(tmp_path))
        await cast.announce()
        await cast.until(lambda: cast.state == UpdateStateEnum.DELAYED_ON_APPLY)
        await world.leave("home")
        home = await world.controller("home")
        await cast.provide()
        cast.provider.add(image_of(tmp_path))
        await cast.until(lambda: cast.starts == 2, 1000)
        (peer,) = home.peers.values()
        assert await peer.get(0, BasicInformation.software_version) == 2

    tell(play)


def test_leaving_the_fabric_ends_its_update(tmp_path):
    async def play(world):
        cast = await Cast(world, tmp_path).gather()
        await make_default(cast.provider, cast.peer)
        cast.provider.add(image_of(tmp_path))
        world.air.weather = Weather(delay=0.02)
        await cast.announce()
        await cast.until(lambda: cast.requestor._progress > 5000)
        await world.controllers["home"].decommission(cast.peer)
        await asyncio.sleep(5)
        assert cast.state == UpdateStateEnum.IDLE
        assert cast.requestor.state.default_ota_providers == ()
        assert cast.requestor._attempt() is None
        assert cast.running() is None

    tell(play)


def test_a_provider_that_is_gone_when_it_is_to_give_its_word_is_asked_again(tmp_path):
    async def play(world):
        cast = await Cast(world, tmp_path).gather()
        cast.provider.add(image_of(tmp_path))
        lock, home = world.hosts["lock"], world.hosts["home"]
        cast.provider.watch(cast.peer.node_id, lambda each: isinstance(each, Fetched) and world.air.part(lock, home))
        await cast.announce()
        await cast.until(lambda: cast.state == UpdateStateEnum.DELAYED_ON_APPLY)
        assert cast.transitions()[-1] == ("DELAYED_ON_APPLY", "FAILURE")
        world.air.rejoin(lock, home)
        await cast.until(lambda: cast.starts == 2)
        assert cast.running() == Firmware(2, "2.0")

    tell(play)


def test_a_provider_that_is_gone_for_long_finds_the_download_complete_when_it_is_back(tmp_path):
    async def play(world):
        cast = await Cast(world, tmp_path).gather()
        cast.provider.add(image_of(tmp_path))
        lock, home = world.hosts["lock"], world.hosts["home"]
        cast.provider.watch(cast.peer.node_id, lambda each: isinstance(each, Fetched) and world.air.part(lock, home))
        await cast.announce()
        await cast.until(lambda: cast.transitions()[-1:] == [("IDLE", "TIME_OUT")], 3000)
        seen = []
        cast.provider.watch(cast.peer.node_id, seen.append)
        world.air.rejoin(lock, home)
        await cast.until(lambda: cast.starts == 2, 3000)
        assert not any(isinstance(each, Progress | Fetched) for each in seen)

    tell(play)


def test_an_update_is_done_although_its_provider_does_not_hear_of_it(tmp_path):
    async def play(world):
        cast = await Cast(world, tmp_path).gather()
        cast.provider.add(image_of(tmp_path))
        await cast.announce()
        await cast.until(lambda: cast.running() is not None)
        await cast.provider.close()
        await cast.until(lambda: cast.starts == 2)
        await asyncio.sleep(3000)
        assert cast.requestor._attempt() is None
        assert cast.state == UpdateStateEnum.IDLE
        assert len(events_of(world.locks["lock"], REQUESTOR.version_applied)) == 1

    tell(play)


def test_an_image_that_was_exchanged_for_a_shorter_one_is_fetched_anew(tmp_path):
    async def play(world):
        cast = await Cast(world, tmp_path).gather()
        cast.provider.add(image_of(tmp_path))
        world.air.weather = Weather(delay=0.02)
        await cast.announce()
        await cast.until(lambda: cast.requestor._progress > 20_000)
        lock, home = world.hosts["lock"], world.hosts["home"]
        world.air.part(lock, home)
        cast.provider.add(image_of(tmp_path, content=b"short"))
        await asyncio.sleep(60)
        world.air.rejoin(lock, home)
        await cast.until(lambda: cast.starts == 2)
        assert (tmp_path / "lock" / "slot-a.ota").read_bytes() == (tmp_path / "2.ota").read_bytes()

    tell(play)


def test_a_defect_ends_the_update_and_not_the_lock(tmp_path, monkeypatch, caplog):
    async def play(world):
        cast = await Cast(world, tmp_path).gather()
        cast.provider.add(image_of(tmp_path))

        def broken(_slots):
            raise ZeroDivisionError

        monkeypatch.setattr(FirmwareFolder, "finish", broken)
        await cast.announce()
        await cast.until(lambda: cast.transitions()[-1:] == [("IDLE", "FAILURE")])
        assert "the update broke" in caplog.text
        assert await cast.peer.get(0, BasicInformation.software_version) == 1

    tell(play)


def test_an_update_survives_the_loss_of_every_seventh_datagram(tmp_path):
    async def play(world):
        cast = await Cast(world, tmp_path).gather()
        count = 0

        def every_seventh(*_):
            nonlocal count
            count += 1
            return count % 7 != 0

        world.air.taps.append(every_seventh)
        assert await update(cast.provider, cast.peer, image_of(tmp_path)) == 2

    tell(play)


class Forgetful(OtaProvider):
    """Agrees to begin in the middle of a file, and begins at its start all the same."""

    def _transfer(self, exchange, message, node_id):
        super()._transfer(exchange, message, node_id)
        serving = self._serving.get(node_id)
        if serving is not None:
            serving.sender._offset = 0


def test_a_provider_that_cannot_begin_in_the_middle_is_asked_for_all_of_it(tmp_path):
    async def play(world):
        cast = await Cast(world, tmp_path).gather(kind=Forgetful)
        cast.provider.add(image_of(tmp_path))
        world.air.weather = Weather(delay=0.02)
        await cast.announce()
        await cast.until(lambda: cast.requestor._progress > 20_000)
        await cast.power_cut()
        seen = []
        cast.provider.watch(cast.peer.node_id, seen.append)
        await cast.until(lambda: cast.starts == 3)
        assert [each.error is None for each in seen if isinstance(each, Fetched)][-2:] == [False, True]
        assert await cast.peer.get(0, BasicInformation.software_version) == 2

    tell(play)
