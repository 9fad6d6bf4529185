"""UDP on IPv6: a socket read by the loop, without asyncio's datagram transport.

Stack. The stock transport allocates 256 KiB for each datagram; reading into one buffer costs a fifth of its processor time.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import socket
import struct
from typing import Final

from latchwork.base.logs import log, logger
from latchwork.stack.transport import Receiver, TransportFailed

_log = logger(__name__)
MAX_DATAGRAM: Final = 2048
"""Octets read of one datagram; a Matter message over UDP has at most 1232."""
DRAIN: Final = 32
"""Datagrams taken in one turn of the loop, so that a flood does not starve timers."""
_RECEIVE_BUFFER: Final = 1 << 20

UdpAddress = tuple[str, int, int, int]


def udp_address(host: str, port: int) -> UdpAddress:
    """The socket address of `host`, IPv6 text with an optional `%interface`.

    Raises:
        TransportFailed: it is no IPv6 address, or the interface does not exist.
    """
    text, _, scope = host.partition("%")
    try:
        canonical = str(ipaddress.IPv6Address(text))
        index = 0
        if scope:
            index = int(scope) if scope.isdigit() else socket.if_nametoindex(scope)
    except (ValueError, OSError) as error:
        raise TransportFailed(f"{host} is not an IPv6 address: {error}") from None
    # An address that is not of the link needs no scope; the kernel reports it without one.
    return canonical, port, 0, index if ipaddress.IPv6Address(text).is_link_local else 0


class UdpTransport:
    """One UDP socket.

    Args:
        interface: the only interface to use; `lo` is the loopback.
        port: 0 lets the system choose.
        buffer: octets that the kernel keeps until we read: more for a hub with many locks.

    Raises:
        TransportFailed: the interface does not exist, the port is taken, or IPv6 is off.
    """

    def __init__(self, interface: str, port: int = 0, *, buffer: int = _RECEIVE_BUFFER) -> None:
        self.interface = interface
        self._receive: Receiver | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._buffer = bytearray(MAX_DATAGRAM)
        self._view = memoryview(self._buffer)
        self._groups: set[str] = set()
        try:
            self.index = socket.if_nametoindex(interface)
        except OSError:
            names = ", ".join(name for _, name in socket.if_nameindex())
            raise TransportFailed(
                f"there is no network interface {interface}", advice=f"Choose one of: {names}."
            ) from None
        self._socket = self._open(port, buffer)

    def _open(self, port: int, buffer: int) -> socket.socket:
        try:
            made = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        except OSError as error:
            raise TransportFailed(
                f"this machine offers no IPv6: {error}",
                advice="Matter needs IPv6 inside the home; no IPv6 from the internet provider is needed. Switch it on in the system.",
            ) from error
        made.setblocking(False)
        try:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, self.index)
            if self.interface == "lo":
                made.bind(("::1", port))
            else:
                made.bind(("::", port))
                # Needs no privilege on current kernels; without it other interfaces merely reach us too.
                with contextlib.suppress(OSError, AttributeError):
                    made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self.interface.encode() + b"\0")
        except OSError as error:
            made.close()
            taken = error.errno == errno.EADDRINUSE
            raise TransportFailed(
                f"UDP port {port} on {self.interface} cannot be opened: {error.strerror}",
                advice="Another program uses the port: stop it or choose another with --port."
                if taken
                else "Check that IPv6 is switched on for this interface.",
            ) from error
        return made

    @property
    def port(self) -> int:
        """The port that peers reach this transport on."""
        return int(self._socket.getsockname()[1])

    def bind(self, receive: Receiver) -> None:
        """Begin to receive; needs a running loop."""
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket.fileno(), self._readable)

    def carries(self, address: object) -> bool:
        """Datagram addresses."""
        return type(address) is tuple

    def _readable(self) -> None:
        receive, view, take = self._receive, self._view, self._socket.recvfrom_into
        if receive is None:
            return
        try:
            for _ in range(DRAIN):
                length, address = take(view)
                receive(bytes(view[:length]), address)
        except BlockingIOError:
            return
        except OSError as error:
            # An earlier datagram of ours was refused somewhere; the peer's silence says the same.
            log(_log, 10, "udp receive failed", error=error)

    def send(self, datagram: bytes, address: object) -> None:
        """Send; what cannot be sent is lost, as on any network."""
        try:
            self._socket.sendto(datagram, address)  # type: ignore[call-overload]  # `carries` promised a socket address
        except OSError as error:
            log(_log, 10, "udp send failed", address=address, error=error)

    def join(self, group: str) -> None:
        """Receive what is sent to a multicast address.

        Raises:
            TransportFailed: the interface cannot do multicast.
        """
        if group not in self._groups:
            self._membership(socket.IPV6_JOIN_GROUP, group)
            self._groups.add(group)

    def leave(self, group: str) -> None:
        """Stop receiving what is sent to a multicast address."""
        if group in self._groups:
            self._groups.discard(group)
            self._membership(socket.IPV6_LEAVE_GROUP, group)

    def _membership(self, option: int, group: str) -> None:
        request = socket.inet_pton(socket.AF_INET6, group) + struct.pack("@I", self.index)
        try:
            self._socket.setsockopt(socket.IPPROTO_IPV6, option, request)
        except OSError as error:
            raise TransportFailed(f"{self.interface} cannot use multicast group {group}: {error.strerror}") from error

    async def close(self) -> None:
        """Release the socket; harmless when done before."""
        if self._loop is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._loop = None
        self._receive = None
        self._socket.close()
