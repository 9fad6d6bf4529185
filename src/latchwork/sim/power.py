"""What connects a virtual lock to the world, so that it can be cut: its line to the network, its storage, its name on the network.

Layer sim: thin wrappers of a `Transport`, a `Store` and a `Discovery`. A power cut shuts all three at once. What the lock's process still
does after that reaches nobody and nothing, and so it is as if it had been killed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from latchwork.base.logs import Secret
from latchwork.stack.mdns_contract import Browser, Discovery, Publication, Published, ServiceRecord
from latchwork.stack.transport import Receiver, Transport
from latchwork.store.kv import Store


class Fuse:
    """Whether there is power; shared by everything that one life of a lock is connected with."""

    __slots__ = ("is_blown",)

    def __init__(self) -> None:
        self.is_blown = False


Filter = Callable[[bytes], bool]
"""Sees a datagram; False swallows it."""


class Line:
    """A lock's line to the network during one life. The transport below stays open for the next.

    Attributes:
        incoming, outgoing: each sees every datagram of its direction, and may swallow it.
        receive: who takes what arrives.
    """

    def __init__(self, transport: Transport, fuse: Fuse, incoming: list[Filter], outgoing: list[Filter]) -> None:
        self._transport = transport
        self._fuse = fuse
        self.incoming = incoming
        self.outgoing = outgoing
        self.receive: Receiver | None = None

    @property
    def port(self) -> int:
        """The port that peers reach it on."""
        return self._transport.port

    def bind(self, receive: Receiver) -> None:
        """Begin to receive."""
        self.receive = receive
        self._transport.bind(self._received)

    def carries(self, address: object) -> bool:
        """As the transport does."""
        return self._transport.carries(address)

    def send(self, datagram: bytes, address: object) -> None:
        """Send, unless power or a fault forbids it."""
        if not self._fuse.is_blown and all(passes(datagram) for passes in self.outgoing):
            self._transport.send(datagram, address)

    def join(self, group: str) -> None:
        """As the transport does."""
        self._transport.join(group)

    def leave(self, group: str) -> None:
        """As the transport does."""
        self._transport.leave(group)

    async def close(self) -> None:
        """Hear nothing more; the transport is its owner's."""
        self.receive = None

    def _received(self, datagram: bytes, address: object) -> None:
        if self.receive is None or self._fuse.is_blown:
            return
        if all(passes(datagram) for passes in self.incoming):
            self.receive(datagram, address)


class Plug:
    """A lock's storage during one life.

    Attributes:
        on_write: called before and after each write, with False and True: what may blow the fuse.
    """

    __slots__ = ("_fuse", "_store", "on_write")

    def __init__(self, store: Store, fuse: Fuse) -> None:
        self._store = store
        self._fuse = fuse
        self.on_write: Callable[[bool], None] = _nothing

    def get(self, key: str) -> bytes | None:
        """The value of `key`, or None."""
        return self._store.get(key)

    def keys(self, prefix: str = "") -> list[str]:
        """All keys that begin with `prefix`, sorted."""
        return self._store.keys(prefix)

    def apply(self, changes: Mapping[str, bytes | None]) -> None:
        """Write; without power nothing happens any more."""
        self.on_write(False)
        if not self._fuse.is_blown:
            self._store.apply(changes)
            self.on_write(True)

    def section(self, prefix: str) -> Store:
        """A view of the keys below `prefix/`, on the same fuse."""
        view = Plug(self._store.section(prefix), self._fuse)
        view.on_write = self._written
        return view

    def _written(self, is_done: bool) -> None:
        self.on_write(is_done)

    def sealing_key(self, entropy: Callable[[int], bytes] | None) -> Secret:
        """The store's."""
        return self._store.sealing_key(entropy)

    def close(self) -> None:
        """Nothing: the storage belongs to whoever opened it."""


class Signpost:
    """A lock's name on the network. Who loses power says no goodbye: what it published stays until the next life takes it down."""

    __slots__ = ("_discovery", "_fuse", "_stale")

    def __init__(self, discovery: Discovery, fuse: Fuse) -> None:
        self._discovery = discovery
        self._fuse = fuse
        self._stale: list[Published] = []

    async def publish(self, publication: Publication) -> Published:
        """Announce a service, unless there is no power."""
        if self._fuse.is_blown:
            return _Unpublished()
        return _Sign(await self._discovery.publish(publication), self._fuse, self._stale)

    def browse(self, service_type: str, *, subtype: str | None = None) -> Browser:
        """As the discovery does."""
        return self._discovery.browse(service_type, subtype=subtype)

    async def resolve(self, instance: str, service_type: str, *, timeout: float) -> ServiceRecord | None:  # noqa: ASYNC109 - the contract's
        """As the discovery does."""
        return await self._discovery.resolve(instance, service_type, timeout=timeout)

    async def close(self) -> None:
        """Nothing: the discovery is its owner's."""

    async def tidy(self) -> None:
        """Take down what a power cut left behind."""
        stale, self._stale = self._stale, []
        for published in stale:
            await published.withdraw()


class _Sign:
    """One published service on a fuse."""

    __slots__ = ("_fuse", "_published", "_stale")

    def __init__(self, published: Published, fuse: Fuse, stale: list[Published]) -> None:
        self._published = published
        self._fuse = fuse
        self._stale = stale

    async def update(self, *, txt: Mapping[str, str]) -> None:
        if not self._fuse.is_blown:
            await self._published.update(txt=txt)

    async def withdraw(self) -> None:
        if self._fuse.is_blown:
            self._stale.append(self._published)
        else:
            await self._published.withdraw()


class _Unpublished:
    """A service that was never announced."""

    __slots__ = ()

    async def update(self, *, txt: Mapping[str, str]) -> None:
        """Nothing."""

    async def withdraw(self) -> None:
        """Nothing."""


def _nothing(_is_done: bool) -> None:
    return None
