"""A controller that provides firmware and locks that take it: the words that stories of updates are told with."""

import asyncio
from pathlib import Path

from tests.support.world import events_of

from latchwork.controller.ota_image_file import ImageFile
from latchwork.controller.ota_provider import OtaProvider
from latchwork.matter.model.clusters.ota_software_update_requestor import (
    AnnouncementReasonEnum,
    AnnounceOtaProvider,
    OtaSoftwareUpdateRequestor,
    UpdateStateEnum,
)
from latchwork.matter.tlv.elements import decode
from latchwork.node.behaviors.ota_requestor import OtaRequestorBehavior, make_updatable
from latchwork.node.config import NodeConfig
from latchwork.node.firmware import Firmware, FirmwareFolder, make_firmware

REQUESTOR = OtaSoftwareUpdateRequestor


def payload_of(event):
    """What a recorded event says: the data of its EventReportIB (Core 10.6.8)."""
    return REQUESTOR.events[event.event].struct.accept(decode(event.report)[1][7])


CONTENT = bytes(range(256)) * 160
"""40 KiB after the manifest: some 35 blocks."""


def image_of(folder: Path, version: int = 2, *, content: bytes = CONTENT, product_id: int = 0x8000) -> ImageFile:
    path = folder / f"{version}.ota"
    path.write_bytes(
        make_firmware(
            vendor_id=0xFFF1,
            product_id=product_id,
            version=version,
            version_string=f"{version}.0",
            content=content,
        )
    )
    return ImageFile.open(path)


class Cast:
    """A controller that provides firmware, and locks that take it; a lock restarts when it wants to."""

    def __init__(self, world, folder: Path) -> None:
        self.world = world
        self.folder = folder
        self.starts = 0
        self.consent = None
        self._restarts: set[asyncio.Task] = set()

    async def gather(self, **options) -> "Cast":
        await self.lock()
        self.peer = await self.world.commissioned()
        await self.provide(**options)
        return self

    async def provide(self, kind: type[OtaProvider] = OtaProvider, **options) -> None:
        self.provider = kind(self.world.controllers["home"], **options)
        await self.provider.open()

    async def lock(self, name: str = "lock") -> None:
        self.starts += 1
        slots = FirmwareFolder(self.folder / name)
        config = slots.configured(NodeConfig())

        def restart() -> None:
            task = asyncio.create_task(self._restart(name))
            self._restarts.add(task)
            task.add_done_callback(self._restarts.discard)

        await self.world.lock(
            name,
            equip=lambda lock: make_updatable(lock.node, slots, restart, consent=self.consent),
            software_version=config.software_version,
            software_version_string=config.software_version_string,
        )

    async def _restart(self, name: str) -> None:
        await asyncio.sleep(0.1)
        await self.world.locks.pop(name).close()
        await asyncio.sleep(3)
        await self.lock(name)

    async def power_cut(self, name: str = "lock") -> None:
        await self.world.power_cut(name)
        await self.lock(name)

    @property
    def requestor(self) -> OtaRequestorBehavior:
        return self.world.locks["lock"].node.endpoints[0].behavior(OtaRequestorBehavior)

    @property
    def state(self) -> UpdateStateEnum:
        return self.requestor.state.update_state

    def running(self, name: str = "lock") -> Firmware | None:
        """What a lock that is switched on now would run."""
        return FirmwareFolder(self.folder / name).running

    async def announce(self, reason=AnnouncementReasonEnum.URGENT_UPDATE_AVAILABLE, node_id: int = 1) -> None:
        request = AnnounceOtaProvider(
            provider_node_id=node_id, vendor_id=0xFFF1, announcement_reason=reason, endpoint=0
        )
        await self.peer.invoke(0, REQUESTOR.announce_ota_provider, request)

    async def until(self, condition, seconds: float = 600) -> None:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - in virtual time looking costs nothing
                await asyncio.sleep(0.05)

    def transitions(self) -> list[tuple[str, str]]:
        told = map(payload_of, events_of(self.world.locks["lock"], REQUESTOR.state_transition))
        return [(event.new_state.name, event.reason.name) for event in told]
