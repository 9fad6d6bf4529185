"""DNS-SD over multicast DNS on one named interface: publish, browse, resolve.

Stack; the real side of `mdns_contract.Discovery`. Importing it imports zeroconf, whose message format it speaks; when
to ask and to answer is decided here, because a lock should be found in milliseconds (RFC 6762, RFC 6763, Core 4.3).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Final, Self

from latchwork.base.errors import Misuse
from latchwork.stack.mdns_browser import MdnsBrowser, pauses
from latchwork.stack.mdns_contract import (
    Browser,
    Discovery,
    InterfaceUnusable,
    NoSuchInterface,
    Publication,
    Published,
    ServiceRecord,
)
from latchwork.stack.mdns_heard import Heard
from latchwork.stack.mdns_link import Interface, Link, Source, interface_named, interfaces
from latchwork.stack.mdns_records import (
    CLASS_IN,
    TYPE_PTR,
    UNIQUE,
    DNSIncoming,
    DNSOutgoing,
    DNSPointer,
    DNSQuestion,
)
from latchwork.stack.mdns_responder import Responder

__all__ = [
    "Browser",
    "Discovery",
    "Interface",
    "InterfaceUnusable",
    "MdnsDiscovery",
    "NoSuchInterface",
    "Publication",
    "Published",
    "ServiceRecord",
    "interfaces",
]

_QUERY: Final = 0


class MdnsDiscovery:
    """Discovery on one interface, shared by all nodes of a process.

    Opens its sockets when it is first used. Every publication needs a host of its own node.
    """

    def __init__(self, interface: str | None) -> None:
        """Choose the interface; opens nothing yet.

        Args:
            interface: its name, such as `eth0`; `lo` stays on this machine. There is no default: a process that
                speaks on every interface it finds is not what its owner asked for.

        Raises:
            NoSuchInterface: it is None or unknown; the message lists what there is.
        """
        self.interface = interface_named(interface)
        self._link: Link | None = None
        self._responder: Responder | None = None
        self._heard = Heard(self.interface.name)
        self._browsers: set[MdnsBrowser] = set()
        self._waiting: dict[str, list[asyncio.Event]] = {}
        self._closed = False

    async def __aenter__(self) -> Self:
        """Open the sockets; InterfaceUnusable as in `open`."""
        self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self.close()

    def open(self) -> None:
        """Open the sockets; harmless when done before. Needs a running loop.

        Raises:
            InterfaceUnusable: the interface has no IPv6, or another program keeps the port for itself.
            Misuse: it was closed.
        """
        if self._closed:
            raise Misuse("this discovery is closed")
        if self._link is None:
            self._link = Link(self.interface, self._receive)
            self._responder = Responder(self._link)

    async def publish(self, publication: Publication) -> Published:
        """Announce a service at once, without probing: its instance and host are unique by construction.

        Raises:
            Misuse: this process publishes that instance already, or a TXT entry is too long.
            InterfaceUnusable: as in `open`.
        """
        self.open()
        assert self._responder is not None, "open made it"
        return _Published(self._responder, self._responder.publish(publication))

    def browse(self, service_type: str, *, subtype: str | None = None) -> Browser:
        """Look for services of a type or subtype: what is known comes at once, the link is asked at once.

        Raises:
            InterfaceUnusable: as in `open`.
        """
        self.open()
        self._heard.care_for(service_type)
        browser = MdnsBrowser(self._heard, self._ask, self._browsers.discard, service_type, subtype)
        self._browsers.add(browser)
        browser.start()
        return browser

    async def resolve(self, instance: str, service_type: str, *, timeout: float) -> ServiceRecord | None:  # noqa: ASYNC109 - asking again is part of it, not only waiting
        """One service by its label, from memory where it is still alive there.

        Returns:
            The record, or None when nothing answered in time; without TXT data when only that is missing.

        Raises:
            InterfaceUnusable: as in `open`.
        """
        self.open()
        self._heard.care_for(service_type)
        name = f"{instance}.{service_type}.local."
        key = name.lower()
        found = self._heard.record(key, self._now())
        if found is not None:
            return found
        changed = asyncio.Event()
        self._waiting.setdefault(key, []).append(changed)
        try:
            async with asyncio.timeout(timeout):
                return await self._ask_until_known(key, name, changed)
        except TimeoutError:
            return self._heard.record(key, self._now(), without_text=True)
        finally:
            waiting = self._waiting[key]
            waiting.remove(changed)
            if not waiting:
                del self._waiting[key]

    async def close(self) -> None:
        """Say goodbye for everything published, end all browsers, close the sockets; harmless when done before."""
        self._closed = True
        for browser in list(self._browsers):
            browser.close()
        if self._responder is not None and self._link is not None:
            self._responder.close()
            self._link.close()
            self._responder = self._link = None

    async def _ask_until_known(self, key: str, name: str, changed: asyncio.Event) -> ServiceRecord:
        direct = True
        for pause in pauses():
            wanted = self._heard.missing(key, name, self._now())
            self._ask(wanted, direct=direct)
            direct, asked = False, set(wanted)
            try:
                async with asyncio.timeout(pause):
                    while True:
                        await changed.wait()
                        changed.clear()
                        found = self._heard.record(key, self._now())
                        if found is not None:
                            return found
                        wanted = self._heard.missing(key, name, self._now())
                        if not asked.issuperset(wanted):
                            self._ask(wanted, direct=True)
                            asked.update(wanted)
            except TimeoutError:
                continue
        raise AssertionError("pauses never end")

    def _ask(
        self, wanted: Iterable[tuple[str, int]], *, direct: bool, known: Iterable[tuple[str, str, int]] = ()
    ) -> None:
        """Ask the link; directly, answers come back to us alone, otherwise to everybody.

        Args:
            wanted: names and record types.
            direct: ask for unicast answers, from a port of our own.
            known: pointers that need no answer: owner, alias, seconds left (RFC 6762 7.1).
        """
        if self._link is None:
            return
        out = DNSOutgoing(_QUERY)
        for name, kind in wanted:
            out.add_question(DNSQuestion(name, kind, UNIQUE if direct else CLASS_IN))
        if not out.questions:
            return
        for owner, alias, left in known:
            out.add_answer_at_time(DNSPointer(owner, TYPE_PTR, CLASS_IN, left, alias), 0)
        send = self._link.ask if direct else self._link.multicast
        for packet in out.packets():
            send(packet)

    def _receive(self, data: bytes, source: Source) -> None:
        message = DNSIncoming(data, (source.host, source.port))
        if not message.valid:
            return
        if message.is_query():
            if self._responder is not None:
                self._responder.answer(message, source)
            return
        touched = self._heard.take(message, self._now())
        if not touched:
            return
        for key in touched & self._waiting.keys():
            for changed in self._waiting[key]:
                changed.set()
        for browser in list(self._browsers):
            browser.notice(touched)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


class _Published:
    """One publication of `MdnsDiscovery`."""

    __slots__ = ("_key", "_responder")

    def __init__(self, responder: Responder, key: str) -> None:
        self._responder = responder
        self._key = key

    async def update(self, *, txt: Mapping[str, str]) -> None:
        """Replace the TXT record and announce it at once; Misuse when the service was withdrawn."""
        self._responder.replace_text(self._key, txt)

    async def withdraw(self) -> None:
        """Say goodbye; harmless when done before."""
        self._responder.withdraw((self._key,))
