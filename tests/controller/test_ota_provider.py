"""The provider: what it answers to whom, and that it serves nothing else."""

import asyncio

import pytest
from tests.support.world import tell

from latchwork.base.errors import Misuse, Unreachable
from latchwork.controller.ota_image_file import ImageFile
from latchwork.controller.ota_provider import BUSY_S, OtaProvider, Plan
from latchwork.matter.exchange.bdx import NotServed, Receiver, TransferRefused
from latchwork.matter.interaction.client import Invocation, invoke_request, read_request
from latchwork.matter.interaction.collect import ReportCollector
from latchwork.matter.interaction.paths import AttributeQuery
from latchwork.matter.messages.bdx import BdxCode
from latchwork.matter.messages.interaction import Opcode, StatusResponseMessage
from latchwork.matter.messages.ota_image import OtaImageError
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters import CLUSTERS
from latchwork.matter.model.clusters.basic_information import BasicInformation
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.matter.model.clusters.ota_software_update_provider import (
    ApplyUpdateActionEnum,
    ApplyUpdateRequest,
    DownloadProtocolEnum,
    NotifyUpdateApplied,
    OtaSoftwareUpdateProvider,
    QueryImage,
    StatusEnum,
)
from latchwork.node.firmware import make_firmware
from latchwork.stack.client import Client
from latchwork.stack.transfers import block_size, download

PROVIDER = OtaSoftwareUpdateProvider


def image(folder, version=2, *, product_id=0x8000, min_applicable=None):
    path = folder / f"{product_id:x}-{version}.ota"
    octets = make_firmware(
        vendor_id=0xFFF1,
        product_id=product_id,
        version=version,
        version_string=str(version),
        min_applicable=min_applicable,
        content=bytes(5000),
    )
    path.write_bytes(octets)
    return ImageFile.open(path)


def query(**changes):
    known = {"vendor_id": 0xFFF1, "product_id": 0x8000, "software_version": 1}
    return QueryImage(**known | {"protocols_supported": (DownloadProtocolEnum.BDX_SYNCHRONOUS,)} | changes)


def with_provider(play, **options):
    """A provider, and a client that is a lock of its fabric."""

    async def story(world):
        await world.commissioned()
        provider = OtaProvider(world.controllers["home"], **options)
        await provider.open()
        node = world.locks["lock"].node
        client = Client(node.runtime, node.discovery, next(iter(node.fabrics)), 1)
        try:
            await play(world, provider, client)
        finally:
            client.close()
            await provider.close()

    tell(story)


def test_a_node_is_offered_the_newest_image_that_suits_it(tmp_path):
    async def play(_world, provider, _client):
        for each in (
            image(tmp_path, 2),
            image(tmp_path, 4),
            image(tmp_path, 3),
            image(tmp_path, 9, product_id=0x8001),
            image(tmp_path, 8, min_applicable=4),
        ):
            provider.add(each)
        answer = provider.query_image(query(), 7)
        assert answer.status is StatusEnum.UPDATE_AVAILABLE
        assert (answer.software_version, answer.software_version_string) == (4, "4")
        assert answer.image_uri == "bdx://0000000000000001/FFF1-8000-4.ota"
        assert provider.query_image(query(software_version=4), 7).software_version == 8
        assert provider.query_image(query(software_version=8), 7).status is StatusEnum.NOT_AVAILABLE
        assert provider.query_image(query(vendor_id=1), 7).status is StatusEnum.NOT_AVAILABLE
        provider.remove(image(tmp_path, 4))
        assert provider.query_image(query(), 7).software_version == 3

    with_provider(play)


def test_a_node_that_cannot_fetch_as_we_serve_is_told_so(tmp_path):
    async def play(_world, provider, _client):
        provider.add(image(tmp_path))
        for protocols in ((), (DownloadProtocolEnum.HTTPS, DownloadProtocolEnum.BDX_ASYNCHRONOUS)):
            answer = provider.query_image(query(protocols_supported=protocols), 7)
            assert answer.status is StatusEnum.DOWNLOAD_PROTOCOL_NOT_SUPPORTED

    with_provider(play)


def test_plans_say_who_gets_what_and_when(tmp_path):
    plans = {
        1: Plan(is_offered=False),
        2: Plan(is_busy=True),
        3: Plan(is_busy=True, query_delay=500),
        4: Plan(query_delay=60, needs_consent=True),
    }

    async def play(_world, provider, _client):
        provider.add(image(tmp_path))
        assert provider.query_image(query(), 1).status is StatusEnum.NOT_AVAILABLE
        assert [provider.query_image(query(), node).delayed_action_time for node in (2, 3)] == [BUSY_S, 500]
        assert provider.query_image(query(), 4).status is StatusEnum.NOT_AVAILABLE
        answer = provider.query_image(query(requestor_can_consent=True), 4)
        assert (answer.status, answer.delayed_action_time) == (StatusEnum.UPDATE_AVAILABLE, 60)
        assert answer.user_consent_needed is True

    with_provider(play, planner=lambda node_id, _image: plans[node_id])


def test_a_token_belongs_to_one_node_and_one_version(tmp_path):
    async def play(world, provider, _client):
        provider.add(image(tmp_path, 2))
        provider.add(image(tmp_path, 3))
        token = provider.query_image(query(), 7).update_token
        again = OtaProvider(world.controllers["home"])
        again.add(image(tmp_path, 3))

        def action(asked, node_id, version):
            request = ApplyUpdateRequest(update_token=token, new_version=version)
            return asked.apply_update_request(request, node_id).action

        assert action(provider, 7, 3) is ApplyUpdateActionEnum.PROCEED
        assert action(again, 7, 3) is ApplyUpdateActionEnum.PROCEED
        for wrong in ((8, 3), (7, 2), (7, 4)):
            assert action(provider, *wrong) is ApplyUpdateActionEnum.DISCONTINUE

    with_provider(play)


def test_a_node_of_the_fabric_may_ask_for_updates_and_for_nothing_else(tmp_path):
    async def play(_world, provider, client):
        provider.add(image(tmp_path))
        answer = await client.invoke(0, PROVIDER.query_image, query())
        assert answer.status is StatusEnum.UPDATE_AVAILABLE
        done = NotifyUpdateApplied(update_token=answer.update_token, software_version=2)
        assert await client.invoke(0, PROVIDER.notify_update_applied, done) is None
        with pytest.raises(StatusError) as caught:
            await client.invoke(1, PROVIDER.query_image, query())
        assert caught.value.code is Status.UNSUPPORTED_ENDPOINT
        with pytest.raises(StatusError) as caught:
            await client.invoke(0, DoorLock.lock_door)
        assert caught.value.code is Status.UNSUPPORTED_ACCESS

    with_provider(play)


def test_the_clusters_attributes_can_be_read_and_reports_still_find_their_way():
    async def play(world, _provider, client):
        node = world.locks["lock"].node

        async def read(session):
            exchange = node.runtime.open(session)
            asked = read_request([AttributeQuery(None, PROVIDER.id, None)])
            return await exchange.request(Opcode.READ_REQUEST, asked)

        report = ReportCollector(CLUSTERS)
        report.add((await client.call(read)).payload)
        assert 0xFFFD in [value.attribute for value in report.attributes]

        async def subscribe(session):
            return await node.runtime.open(session).request(Opcode.SUBSCRIBE_REQUEST, b"\x15\x18")

        answer = await client.call(subscribe)
        assert StatusResponseMessage.decode(answer.payload).status == Status.INVALID_ACTION
        (peer,) = world.controllers["home"].peers.values()
        reports = []
        await peer.subscribe(AttributeQuery(1, DoorLock.id, DoorLock.lock_state.id), on_report=reports.append)
        world.locks["lock"].node.endpoints[1].clusters[DoorLock.id].state.lock_state = None
        await asyncio.sleep(1)
        assert reports[-1][0].value is None

    with_provider(play)


def fetch(client, node, designator, kept):
    async def attempt(session):
        receiver = Receiver(designator, max_block_size=block_size(session))
        await download(node.runtime.open(session), receiver, kept.extend)

    return client.call(attempt)


def test_only_images_are_served_and_those_that_are_gone_are_not(tmp_path):
    async def play(world, provider, client):
        node, offered, kept = world.locks["lock"].node, image(tmp_path), bytearray()
        provider.add(offered)
        await fetch(client, node, offered.designator.encode(), kept)
        assert kept == offered.path.read_bytes()
        offered.path.unlink()
        for name in (offered.designator.encode(), b"../../etc/passwd", b"\xff"):
            with pytest.raises(TransferRefused) as caught:
                await fetch(client, node, name, kept)
            assert caught.value.code is BdxCode.FILE_DESIGNATOR_UNKNOWN
        await asyncio.sleep(1)
        assert provider.transfers == 0

    with_provider(play)


def test_a_transfer_too_many_is_refused(tmp_path):
    async def play(world, provider, client):
        provider.add(image(tmp_path))
        with pytest.raises(TransferRefused) as caught:
            await fetch(client, world.locks["lock"].node, b"FFF1-8000-2.ota", bytearray())
        assert caught.value.code is BdxCode.RESPONDER_BUSY
        assert provider.query_image(query(), 7).status is StatusEnum.BUSY

    with_provider(play, max_transfers=0)


def test_a_provider_that_closed_answers_no_more(tmp_path):
    async def play(world, provider, client):
        provider.add(image(tmp_path))
        assert (await client.invoke(0, PROVIDER.query_image, query())).status is StatusEnum.UPDATE_AVAILABLE
        services = len(world.air.services)
        await provider.close()
        await provider.close()
        assert len(world.air.services) == services - 1
        with pytest.raises(StatusError) as caught:
            await client.invoke(0, PROVIDER.query_image, query())
        assert caught.value.code is Status.INVALID_ACTION
        await provider.open()
        await provider.open()
        assert (await client.invoke(0, PROVIDER.query_image, query())).status is StatusEnum.UPDATE_AVAILABLE

    with_provider(play)


def test_a_device_that_is_being_commissioned_is_not_served(tmp_path):
    async def story(world):
        lock, home = await world.lock(), await world.controller()
        provider = OtaProvider(home)
        await provider.open()
        provider.add(image(tmp_path))
        await home.runtime.pase(("fd00::1", 5540, 0, 0), 20202021)
        (session,) = lock.node.runtime.sessions()
        exchange = lock.node.runtime.open(session)
        request = invoke_request(Invocation(0, PROVIDER.id, PROVIDER.query_image.id, query()))
        answer = await exchange.request(Opcode.INVOKE_REQUEST, request)
        assert StatusResponseMessage.decode(answer.payload).status == Status.INVALID_ACTION
        exchange.finish()
        await provider.close()

    tell(story)


def test_files_that_are_no_images_are_told(tmp_path):
    with pytest.raises(Misuse):
        ImageFile.open(tmp_path / "nothing")
    (tmp_path / "text").write_text("not an image")
    with pytest.raises(OtaImageError):
        ImageFile.open(tmp_path / "text")
    gone = image(tmp_path)
    gone.path.unlink()
    with pytest.raises(NotServed):
        gone.source()
    assert "FFF1-8000-2.ota" in repr(gone)


def test_a_client_finds_its_node_reuses_its_session_and_ends_only_its_own():
    async def story(world):
        peer = await world.commissioned()
        node, home = world.locks["lock"].node, world.controllers["home"]
        provider = OtaProvider(home)
        fabric = next(iter(node.fabrics))
        client = Client(node.runtime, node.discovery, fabric, 1)
        # The controller's own session serves: nothing needs to be found.
        with pytest.raises(StatusError):
            await client.invoke(0, PROVIDER.query_image, query())
        assert client._opened == []
        peer.disconnect()
        await asyncio.sleep(1)
        with pytest.raises(Unreachable, match="not found"):
            await client.invoke(0, PROVIDER.query_image, query())
        with pytest.raises(Unreachable, match="not found"):
            await Client(node.runtime, None, fabric, 1).invoke(0, PROVIDER.query_image, query())
        await provider.open()
        assert (await client.invoke(0, PROVIDER.query_image, query())).status is StatusEnum.NOT_AVAILABLE
        assert (await client.invoke(0, PROVIDER.query_image, query())).status is StatusEnum.NOT_AVAILABLE
        assert len(client._opened) == 1
        assert len(node.runtime.sessions()) == 1
        client.close()
        await asyncio.sleep(1)
        assert node.runtime.sessions() == []
        assert await peer.get(0, BasicInformation.software_version) == 1
        await provider.close()

    tell(story)
