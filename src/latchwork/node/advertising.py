"""What the node says about itself over DNS-SD: one record while it can be commissioned, one for each fabric (Core 4.3).

Stands in node, on a `Discovery`. Publishing waits for the network, so one task brings what is published to what is wanted, as often as
needed; callers only say that something changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from latchwork.base.errors import LatchworkError
from latchwork.base.logs import log, logger
from latchwork.matter.discovery import (
    CommissionableAdvert,
    CommissionableService,
    OperationalService,
    SessionHints,
)
from latchwork.matter.trust.fabric import Fabric
from latchwork.node.commissioning import ENHANCED, CommissioningWindow
from latchwork.node.config import NodeConfig
from latchwork.node.sleep import Sleep, intervals_ms
from latchwork.stack.mdns_contract import Discovery, Publication, Published

_LOG = logger(__name__)


class Advertiser:
    """Keeps DNS-SD equal to the node's state."""

    __slots__ = ("_discovery", "_published", "_stale", "_task", "_wanted")

    def __init__(self, discovery: Discovery, wanted: Callable[[], Iterable[Publication]]) -> None:
        self._discovery = discovery
        self._wanted = wanted
        self._published: dict[tuple[str, str], tuple[Publication, Published]] = {}
        self._stale = False
        self._task: asyncio.Task[None] | None = None

    def refresh(self) -> None:
        """Something changed: publish what is wanted now, soon."""
        self._stale = True
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def settled(self) -> None:
        """Waits until what is published is what was wanted at the last change."""
        while self._task is not None and not self._task.done():
            await self._task

    async def close(self) -> None:
        """Withdraws everything."""
        await self.settled()
        published, self._published = self._published, {}
        for _, record in published.values():
            await record.withdraw()

    async def _work(self) -> None:
        while self._stale:
            self._stale = False
            try:
                await self._bring_up_to_date()
            except LatchworkError as error:
                log(_LOG, 30, "advertising.failed", reason=error)

    async def _bring_up_to_date(self) -> None:
        wanted = {(p.service_type, p.instance): p for p in self._wanted()}
        for name in [name for name in self._published if name not in wanted]:
            await self._published.pop(name)[1].withdraw()
        for name, publication in wanted.items():
            before = self._published.get(name)
            if before is None:
                self._published[name] = (publication, await self._discovery.publish(publication))
            elif before[0].subtypes != publication.subtypes:
                await self._published.pop(name)[1].withdraw()
                self._published[name] = (publication, await self._discovery.publish(publication))
            elif before[0].txt != publication.txt:
                await before[1].update(txt=publication.txt)
                self._published[name] = (publication, before[1])


def hints(config: NodeConfig, sleep: Sleep | None = None) -> SessionHints:
    """What the node's records say about its sessions."""
    idle, active, threshold = intervals_ms(config, sleep)
    return SessionHints(
        idle_interval_ms=idle,
        active_interval_ms=active,
        active_threshold_ms=threshold,
        tcp_server=config.has_tcp,
        # Only a device that can be of either kind says which it is now (Core 4.3.4).
        long_idle=sleep.is_long_idle if sleep is not None and sleep.config.is_long_idle else None,
    )


def commissionable(
    config: NodeConfig, window: CommissioningWindow, hints: SessionHints, *, instance: str, host: str, port: int
) -> Publication:
    """The record of a node whose window is open."""
    service = CommissionableService(
        instance=instance,
        discriminator=window.discriminator,
        advert=CommissionableAdvert(
            vendor_id=config.vendor_id,
            product_id=config.product_id,
            commissioning_mode=2 if window.kind == ENHANCED else 1,
            device_type=config.device_type,
            device_name=config.device_name,
            hints=hints,
        ),
    )
    return Publication(service.instance, service.service_type, port, host, service.txt(), service.subtypes)


def operational(fabric: Fabric, hints: SessionHints, *, host: str, port: int) -> Publication:
    """The record of a node on one of its fabrics."""
    service = OperationalService(fabric.compressed_id, fabric.node_id, hints)
    return Publication(service.instance, service.service_type, port, host, service.txt(), service.subtypes)
