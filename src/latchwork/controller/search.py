"""The devices that fit an onboarding code, as they announce themselves (Core 5.4.3).

Controller storey. A code names no single device: a manual code has 4 bits of the discriminator, a QR code 12, and what a device said before
it was reset may still be heard. So the search gives one device after the other, and its caller finds out which of them is meant.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from latchwork.base.errors import LatchworkError
from latchwork.base.logs import log, logger
from latchwork.controller.steps import NotFound
from latchwork.matter.discovery import CommissionableAdvert, commissionable_filter
from latchwork.matter.onboarding import Discriminator
from latchwork.stack.mdns_contract import Discovery, ServiceRecord
from latchwork.stack.udp import UdpAddress, udp_address

_log = logger(__name__)
COMMISSIONABLE: Final = "_matterc._udp"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A device that may be the one that is meant.

    Attributes:
        instance: the name of its announcement; a reset gives it another one.
        addresses: where it is, never empty.
        advert: what it says of itself.
    """

    instance: str
    addresses: tuple[UdpAddress, ...]
    advert: CommissionableAdvert


class Search:
    """Devices in commissioning mode with a discriminator that fits, the newest announcement first, each once.

    Args:
        discovery: where to look.
        wanted: what a device must say of itself.
    """

    def __init__(self, discovery: Discovery, wanted: Discriminator) -> None:
        self._wanted = wanted
        short = None if wanted.long is not None else wanted.short
        subtype = commissionable_filter(discriminator=wanted.long, short_discriminator=short)
        self._browser = discovery.browse(COMMISSIONABLE, subtype=subtype)
        self._waiting: dict[str, Candidate] = {}
        self._given: set[str] = set()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop looking."""
        self._browser.close()

    async def first(self, seconds: float) -> Candidate:
        """The first device.

        Raises:
            NotFound: there is none within `seconds`.
        """
        found = await self.next(seconds)
        if found is None:
            raise NotFound(f"no device with this code answered within {seconds:g} s")
        return found

    async def next(self, seconds: float) -> Candidate | None:
        """The next device, or None when none appears within `seconds`."""
        await self._listen(0.0)
        if not self._waiting:
            await self._listen(seconds)
        if not self._waiting:
            return None
        # What is known already came in one go: the newest of it is the best.
        await self._listen(0.0)
        _, found = self._waiting.popitem()
        self._given.add(found.instance)
        return found

    async def _listen(self, seconds: float) -> None:
        """Take announcements: with 0 those that are there, else until one fits."""
        try:
            async with asyncio.timeout(seconds):
                async for record in self._browser:
                    self._notice(record)
                    if seconds and self._waiting:
                        return
        except TimeoutError:
            return

    def _notice(self, record: ServiceRecord) -> None:
        advert = CommissionableAdvert.from_txt(record.txt)
        self._waiting.pop(record.instance, None)  # what it says now counts
        fits = advert.discriminator is not None and self._wanted.matches(advert.discriminator)
        if not fits or not advert.commissioning_mode or record.instance in self._given:
            return
        addresses = _addresses(record)
        if not addresses:
            return
        for other in [each for each in self._waiting.values() if not set(addresses).isdisjoint(each.addresses)]:
            # The same device under its former name: it was reset, or its window was opened anew.
            del self._waiting[other.instance]
        self._waiting[record.instance] = Candidate(record.instance, addresses, advert)


def _addresses(record: ServiceRecord) -> tuple[UdpAddress, ...]:
    found = []
    for host in record.addresses:
        try:
            found.append(udp_address(host, record.port))
        except LatchworkError as error:
            log(_log, 20, "address not usable", instance=record.instance, reason=error)
    return tuple(found)
