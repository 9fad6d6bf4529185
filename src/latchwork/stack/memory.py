"""The virtual air: transports and discovery in one process, with the weather that networks have.

Stack; shipped. Chance comes from one seeded generator, so a story with a storm can be told again word for word.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random

from latchwork.stack.mdns_contract import Publication, ServiceRecord
from latchwork.stack.transport import Receiver

Address = tuple[str, int, int, int]


@dataclass(slots=True)
class Weather:
    """What the air does to datagrams.

    Attributes:
        loss: share of datagrams lost, 0.0 to 1.0.
        duplication: share that arrive twice.
        delay: shortest time on the way, seconds.
        spread: further seconds, evenly random: datagrams overtake each other.
    """

    loss: float = 0.0
    duplication: float = 0.0
    delay: float = 0.0
    spread: float = 0.0


Tap = Callable[[bytes, Address, Address], bool]
"""Sees every datagram with sender and receiver; returns False to swallow it."""


class Air:
    """Everything that nodes of one virtual network share.

    Attributes:
        weather: may be changed at any time.
        taps: watch, or drop by choice.
        sent, lost: counts of datagrams.
    """

    def __init__(self, seed: int = 0, weather: Weather | None = None) -> None:
        self.weather = weather or Weather()
        self.taps: list[Tap] = []
        self.sent = self.lost = 0
        self._random = Random(seed)  # noqa: S311 - weather needs a seed, not secrecy
        self._ports: dict[Address, MemoryTransport] = {}
        self._groups: dict[str, set[Address]] = {}
        self._apart: set[frozenset[str]] = set()
        self._hosts = 0
        self.services: dict[tuple[str, str], ServiceRecord] = {}
        self.browsers: set[MemoryBrowser] = set()

    def attach(self, host: str | None = None, port: int = 5540) -> MemoryTransport:
        """A transport for a new node, at an address of its own unless one is given."""
        if host is None:
            self._hosts += 1
            host = f"fd00::{self._hosts:x}"
        transport = MemoryTransport(self, (host, port, 0, 0))
        self._ports[transport.address] = transport
        return transport

    def discovery(self, host: str) -> MemoryDiscovery:
        """DNS-SD as the node at `host` sees it."""
        return MemoryDiscovery(self, host)

    def part(self, one: str, other: str) -> None:
        """Nothing passes between two hosts any more."""
        self._apart.add(frozenset((one, other)))

    def rejoin(self, one: str, other: str) -> None:
        """Two hosts hear each other again."""
        self._apart.discard(frozenset((one, other)))

    def carry(self, datagram: bytes, source: Address, target: Address) -> None:
        """Take a datagram from a sender."""
        for receiver in sorted(self._groups.get(target[0], ())) or (target,):
            if receiver != source:
                self._carry_one(datagram, source, receiver)

    def _carry_one(self, datagram: bytes, source: Address, target: Address) -> None:
        self.sent += 1
        weather, chance = self.weather, self._random.random
        swallowed = [tap for tap in self.taps if not tap(datagram, source, target)]
        apart = frozenset((source[0], target[0])) in self._apart
        if swallowed or apart or chance() < weather.loss:
            self.lost += 1
            return
        loop = asyncio.get_running_loop()
        for _ in range(2 if chance() < weather.duplication else 1):
            wait = weather.delay + weather.spread * chance()
            if wait:
                loop.call_later(wait, self._deliver, datagram, source, target)
            else:
                loop.call_soon(self._deliver, datagram, source, target)

    def _deliver(self, datagram: bytes, source: Address, target: Address) -> None:
        transport = self._ports.get(target)
        if transport is not None and transport.receive is not None:
            transport.receive(datagram, source)

    def join(self, group: str, address: Address) -> None:
        """A node listens to a multicast address."""
        self._groups.setdefault(group, set()).add(address)

    def leave(self, group: str, address: Address) -> None:
        """A node no longer listens to a multicast address."""
        self._groups.get(group, set()).discard(address)

    def detach(self, address: Address) -> None:
        """A node is gone."""
        self._ports.pop(address, None)
        for members in self._groups.values():
            members.discard(address)


class MemoryTransport:
    """One node's place in the air.

    Attributes:
        address: where it is.
        receive: who takes what arrives.
    """

    def __init__(self, air: Air, address: Address) -> None:
        self._air = air
        self.address = address
        self.receive: Receiver | None = None

    @property
    def port(self) -> int:
        """The port that peers reach this transport on."""
        return self.address[1]

    def bind(self, receive: Receiver) -> None:
        """Begin to receive."""
        self.receive = receive

    def carries(self, address: object) -> bool:
        """Datagram addresses."""
        return type(address) is tuple

    def send(self, datagram: bytes, address: object) -> None:
        """Send; the weather decides."""
        host, port = address[:2]  # type: ignore[index]  # `carries` promised a tuple
        self._air.carry(datagram, self.address, (host, port, 0, 0))

    def join(self, group: str) -> None:
        """Receive what is sent to a multicast address."""
        self._air.join(group, self.address)

    def leave(self, group: str) -> None:
        """Stop receiving what is sent to a multicast address."""
        self._air.leave(group, self.address)

    async def close(self) -> None:
        """Leave the air."""
        self.receive = None
        self._air.detach(self.address)


@dataclass(slots=True, eq=False)
class MemoryBrowser:
    """Services as they appear in the air."""

    air: Air
    service_type: str
    subtype: str | None
    found: asyncio.Queue[ServiceRecord | None] = field(default_factory=asyncio.Queue)

    def offer(self, record: ServiceRecord) -> None:
        """A service appeared or changed."""
        if record.service_type == self.service_type and (self.subtype is None or self.subtype in record.subtypes):
            self.found.put_nowait(record)

    def __aiter__(self) -> AsyncIterator[ServiceRecord]:
        return self

    async def __anext__(self) -> ServiceRecord:
        record = await self.found.get()
        if record is None:
            raise StopAsyncIteration
        return record

    def close(self) -> None:
        """Stop looking; iteration ends."""
        self.air.browsers.discard(self)
        self.found.put_nowait(None)


@dataclass(slots=True)
class MemoryPublished:
    """A service published in the air."""

    air: Air
    key: tuple[str, str]

    async def update(self, *, txt: Mapping[str, str]) -> None:
        """Replace the TXT record."""
        record = self.air.services.get(self.key)
        if record is not None:
            changed = self.air.services[self.key] = replace(record, txt=dict(txt))
            for browser in list(self.air.browsers):
                browser.offer(changed)

    async def withdraw(self) -> None:
        """Take the service back."""
        self.air.services.pop(self.key, None)


@dataclass(slots=True)
class MemoryDiscovery:
    """DNS-SD without packets: what is published can be found at once (a `Discovery`)."""

    air: Air
    host: str

    async def publish(self, publication: Publication) -> MemoryPublished:
        """Publish a service."""
        key = (publication.instance, publication.service_type)
        record = ServiceRecord(
            instance=publication.instance,
            service_type=publication.service_type,
            port=publication.port,
            host=publication.host,
            addresses=publication.addresses or (self.host,),
            txt=dict(publication.txt),
            subtypes=publication.subtypes,
        )
        self.air.services[key] = record
        for browser in list(self.air.browsers):
            browser.offer(record)
        return MemoryPublished(self.air, key)

    def browse(self, service_type: str, *, subtype: str | None = None) -> MemoryBrowser:
        """Look for services of a type."""
        browser = MemoryBrowser(self.air, service_type, subtype)
        self.air.browsers.add(browser)
        for record in self.air.services.values():
            browser.offer(record)
        return browser

    async def resolve(self, instance: str, service_type: str, *, timeout: float) -> ServiceRecord | None:  # noqa: ASYNC109 - the contract's
        """One service by its name, or None when it did not appear within `timeout` seconds."""
        browser = self.browse(service_type)
        try:
            async with asyncio.timeout(timeout):
                async for record in browser:
                    if record.instance == instance:
                        return record
        except TimeoutError:
            return None
        finally:
            browser.close()
        return None

    async def close(self) -> None:
        """Nothing is held."""
