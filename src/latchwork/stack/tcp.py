"""TCP on IPv6 for large messages: each message with its length in front (Core 4.15).

Stack. A `Stream` is an address: whoever holds it can send; sessions over it need no message reliability of their own.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Final

from latchwork.base.logs import log, logger
from latchwork.stack.transport import Receiver, TransportFailed
from latchwork.stack.udp import udp_address

_log = logger(__name__)
MAX_MESSAGE: Final = 64_000
"""Octets of the longest message taken (Core 4.15.2); a longer one ends the connection."""
MAX_STREAMS: Final = 32
"""Connections served at once."""
_CONNECT_TIMEOUT: Final = 10.0


class Stream(asyncio.Protocol):
    """One connection; also the address of whoever is at its other end.

    Attributes:
        peer: the other end's host and port.
    """

    def __init__(self, owner: TcpTransport) -> None:
        self._owner = owner
        self._transport: asyncio.Transport | None = None
        self._pending = bytearray()
        self.peer: tuple[str, int] = ("", 0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's; refuses what is above the limit."""
        if not isinstance(transport, asyncio.Transport) or not self._owner.admit(self):
            transport.close()
            return
        self._transport = transport
        self.peer = transport.get_extra_info("peername")[:2]

    def data_received(self, data: bytes) -> None:
        """Asyncio's; cuts the stream into messages."""
        pending = self._pending
        pending += data
        while len(pending) >= 4:
            length = int.from_bytes(pending[:4], "little")
            if length > MAX_MESSAGE:
                log(_log, 30, "tcp message too long", peer=self.peer, length=length)
                self.close()
                return
            if len(pending) < 4 + length:
                return
            message = bytes(pending[4 : 4 + length])
            del pending[: 4 + length]
            self._owner.deliver(message, self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        """Asyncio's."""
        self._transport = None
        self._pending.clear()
        self._owner.lost(self)

    def send(self, message: bytes) -> None:
        """Send one message; lost when the connection is."""
        if self._transport is not None:
            self._transport.write(len(message).to_bytes(4, "little") + message)

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.abort()

    def __repr__(self) -> str:
        return f"tcp:[{self.peer[0]}]:{self.peer[1]}"


class TcpTransport:
    """A listening socket and its connections, or only outgoing ones.

    Args:
        interface: the only interface to listen on; `lo` is the loopback.
        port: the port to listen on, or None not to listen.

    Attributes:
        on_lost: called with the stream of a connection that ended; the runtime's.
    """

    def __init__(self, interface: str, port: int | None = None) -> None:
        self.interface = interface
        self._listen_port = port
        self._receive: Receiver | None = None
        self._server: asyncio.Server | None = None
        self._streams: set[Stream] = set()
        self.on_lost: Callable[[object], None] = lambda _: None

    async def start(self) -> None:
        """Listen, if a port was given.

        Raises:
            TransportFailed: the port is taken.
        """
        if self._listen_port is None:
            return
        host = "::1" if self.interface == "lo" else "::"
        try:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: Stream(self), host, self._listen_port, family=socket.AF_INET6
            )
        except OSError as error:
            raise TransportFailed(f"TCP port {self._listen_port} cannot be opened: {error.strerror}") from error

    @property
    def port(self) -> int:
        """The port that peers connect to; 0 when not listening."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server else 0

    async def connect(self, host: str, port: int) -> Stream:
        """Connect to a peer; the stream is the address to send to.

        Raises:
            TransportFailed: nobody listens there, or nobody answers in ten seconds.
        """
        address = udp_address(host, port)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT):
                _, stream = await loop.create_connection(lambda: Stream(self), host, address[1])
        except (OSError, TimeoutError) as error:
            raise TransportFailed(f"no TCP connection to [{host}]:{port}: {error}") from error
        return stream

    def admit(self, stream: Stream) -> bool:
        """Whether one more connection is served."""
        if len(self._streams) >= MAX_STREAMS:
            return False
        self._streams.add(stream)
        return True

    def deliver(self, message: bytes, stream: Stream) -> None:
        """A message arrived."""
        if self._receive is not None:
            self._receive(message, stream)

    def lost(self, stream: Stream) -> None:
        """A connection ended: sessions over it are over too (Core 4.15.1)."""
        if stream in self._streams:
            self._streams.discard(stream)
            self.on_lost(stream)

    def bind(self, receive: Receiver) -> None:
        """Begin to receive."""
        self._receive = receive

    def carries(self, address: object) -> bool:
        """Streams."""
        return isinstance(address, Stream)

    def send(self, datagram: bytes, address: object) -> None:
        """Send one message on a stream."""
        if isinstance(address, Stream):
            address.send(datagram)

    def join(self, group: str) -> None:
        """TCP has no groups."""

    def leave(self, group: str) -> None:
        """TCP has no groups."""

    async def close(self) -> None:
        """End every connection and stop listening; harmless when done before."""
        self._receive = None
        self.on_lost = lambda _: None
        for stream in list(self._streams):
            stream.close()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None
