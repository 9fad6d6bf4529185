"""One network interface as multicast DNS sees it: which there are, and three sockets on the one chosen.

Stack; knows datagrams and addresses, nothing of DNS. Nothing here ever touches an interface that was not named.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import ifaddr

from latchwork.base.logs import log, logger
from latchwork.stack.mdns_contract import InterfaceUnusable, NoSuchInterface

MDNS_PORT: Final = 5353
GROUP_6: Final = "ff02::fb"
GROUP_4: Final = "224.0.0.251"
LARGEST_DATAGRAM: Final = 9000
"""Octets of the largest mDNS message, headers included (RFC 6762 17)."""
_BURST: Final = 32
"""Datagrams taken in one turn of the loop, so that a flood cannot starve the rest of the process."""
_RECEIVE_BUFFER: Final = 1 << 20
"""Octets asked of the kernel: a hundred virtual locks announce themselves in one breath."""
_IP_MULTICAST_ALL: Final = 49
"""Linux: 0 delivers only groups that this very socket joined; missing from Python's socket module."""
_IPV6_MULTICAST_ALL: Final = 29

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface with IPv6.

    Attributes:
        name: such as `eth0`.
        index: the kernel's number.
        addresses: IPv6 text without scope.
    """

    name: str
    index: int
    addresses: tuple[str, ...]

    @property
    def is_loopback(self) -> bool:
        """True for the interface that reaches only this machine."""
        return "::1" in self.addresses

    @property
    def link_local(self) -> str | None:
        """The first address of the link itself, or None."""
        return next((text for text in self.addresses if ipaddress.IPv6Address(text).is_link_local), None)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a datagram came from.

    Attributes:
        address: what to send an answer to.
        host: IP address as text, without scope.
        port: UDP port.
    """

    address: tuple[str, int] | tuple[str, int, int, int]
    host: str
    port: int


def interfaces() -> tuple[Interface, ...]:
    """The interfaces with an IPv6 address, in the kernel's order."""
    found: list[Interface] = []
    for adapter in ifaddr.get_adapters():
        addresses = tuple(str(ipaddress.IPv6Address(ip.ip[0])) for ip in adapter.ips if isinstance(ip.ip, tuple))
        if addresses and adapter.index is not None:
            found.append(Interface(adapter.name, adapter.index, addresses))
    return tuple(found)


def interface_named(name: str | None) -> Interface:
    """The interface called `name`.

    Raises:
        NoSuchInterface: none is named, or none has that name; the message lists those that there are.
    """
    there = interfaces()
    for interface in there:
        if interface.name == name:
            return interface
    listed = ", ".join(f"{each.name} ({', '.join(each.addresses)})" for each in there) or "none with IPv6"
    problem = "no interface is named" if name is None else f"there is no interface {name!r} with IPv6"
    raise NoSuchInterface(f"{problem}; there are: {listed}", advice="Name the interface that your locks are on.")


class Link:
    """Sockets on one interface: one hears the group, one speaks and hears as port 5353, one asks.

    Questions that want a direct answer leave from a port of their own: on port 5353 the kernel hands a direct answer
    to any one of the programs that share the port. On loopback, where IPv6 has no multicast route, IPv4 carries it.
    """

    __slots__ = ("_asking", "_direct", "_group", "_heard", "_loop", "_sockets", "interface")

    def __init__(self, interface: Interface, heard: Callable[[bytes, Source], None]) -> None:
        """Open the sockets; needs a running loop.

        Args:
            interface: the only one used.
            heard: called with every datagram, from the loop.

        Raises:
            InterfaceUnusable: it has no address of the link, or the port cannot be shared.
        """
        self.interface = interface
        self._heard = heard
        self._loop = asyncio.get_running_loop()
        self._sockets: list[socket.socket] = []
        try:
            if interface.is_loopback:
                self._group = (GROUP_4, MDNS_PORT)
                self._direct, self._asking = self._open_ipv4("127.0.0.1")
            else:
                self._group = (GROUP_6, MDNS_PORT, 0, interface.index)  # type: ignore[assignment]  # either family
                self._direct, self._asking = self._open_ipv6()
        except OSError as error:
            self.close()
            raise InterfaceUnusable(
                f"multicast DNS cannot use {interface.name}: {error.strerror or error}",
                advice="Let the other program on UDP port 5353 share it (avahi: disallow-other-stacks=no), or stop it.",
            ) from error
        for each in self._sockets:
            self._loop.add_reader(each, self._readable, each)

    def multicast(self, data: bytes) -> None:
        """Send to the group, from port 5353."""
        self._send(self._direct, data, self._group)

    def ask(self, data: bytes) -> None:
        """Send to the group from a port of its own, to which answers come back directly."""
        self._send(self._asking, data, self._group)

    def unicast(self, data: bytes, to: Source) -> None:
        """Send to one peer, from port 5353."""
        self._send(self._direct, data, to.address)

    def is_own(self, host: str) -> bool:
        """True when `host` is this machine."""
        return host == "127.0.0.1" or host in self.interface.addresses

    def refresh(self) -> bool:
        """Read the interface's addresses again; True when they changed."""
        for interface in interfaces():
            if interface.name == self.interface.name and interface != self.interface:
                self.interface = interface
                return True
        return False

    def close(self) -> None:
        """Close all sockets; harmless when done before."""
        for each in self._sockets:
            self._loop.remove_reader(each)
            each.close()
        self._sockets.clear()

    def _new(self, family: socket.AddressFamily) -> socket.socket:
        made = socket.socket(family, socket.SOCK_DGRAM)
        self._sockets.append(made)
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        return made

    @staticmethod
    def _share(port: socket.socket) -> None:
        # On Linux sharing the address is enough, and then direct answers go to whoever came last: most likely the one
        # that asks. With a shared port the kernel would deal them out by chance.
        if sys.platform != "linux" and hasattr(socket, "SO_REUSEPORT"):
            port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)

    def _open_ipv4(self, address: str) -> tuple[socket.socket, socket.socket]:
        group, direct, asking = (self._new(socket.AF_INET) for _ in range(3))
        self._share(group)
        self._share(direct)
        group.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
        membership = socket.inet_aton(GROUP_4) + socket.inet_aton(address)
        group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        for speaker in (direct, asking):
            speaker.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
            speaker.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
        group.bind((GROUP_4, MDNS_PORT))
        direct.bind((address, MDNS_PORT))
        asking.bind((address, 0))
        return direct, asking

    def _open_ipv6(self) -> tuple[socket.socket, socket.socket]:
        address, index = self.interface.link_local, self.interface.index
        if address is None:
            raise InterfaceUnusable(
                f"{self.interface.name} has no link-local IPv6 address",
                advice=f"Switch IPv6 on for {self.interface.name}: Matter runs on IPv6 only.",
            )
        group, direct, asking = (self._new(socket.AF_INET6) for _ in range(3))
        self._share(group)
        self._share(direct)
        for each in (group, direct, asking):
            each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        group.setsockopt(socket.IPPROTO_IPV6, _IPV6_MULTICAST_ALL, 0)
        membership = socket.inet_pton(socket.AF_INET6, GROUP_6) + struct.pack("@I", index)
        group.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, membership)
        group.bind((GROUP_6, MDNS_PORT, 0, index))
        direct.bind((address, MDNS_PORT, 0, index))
        asking.bind((address, 0, 0, index))
        return direct, asking

    def _send(self, by: socket.socket, data: bytes, to: tuple[str, int] | tuple[str, int, int, int]) -> None:
        try:
            by.sendto(data, to)
        except OSError as error:
            # A lost datagram is normal in mDNS: whoever needed it asks again.
            log(_log, logging.DEBUG, "mdns.not_sent", interface=self.interface.name, error=error)

    def _readable(self, ready: socket.socket) -> None:
        for _ in range(_BURST):
            try:
                data, address = ready.recvfrom(LARGEST_DATAGRAM)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                log(_log, logging.DEBUG, "mdns.not_heard", interface=self.interface.name, error=error)
                return
            self._heard(data, Source(address, str(address[0]).partition("%")[0], address[1]))
            if ready.fileno() < 0:
                return
