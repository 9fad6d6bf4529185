"""What a transport is: datagrams out, datagrams in.

Stack; the contract that UDP, TCP and the virtual air keep. An address is a tuple for datagrams; any other object is a stream.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from latchwork.base.errors import Unreachable

Receiver = Callable[[bytes, object], None]
"""Called with each datagram and where it came from."""


class TransportFailed(Unreachable):
    """The operating system refused a socket or an address."""


class Gate(Protocol):
    """Stands between transports and engine: what a node that sleeps hears."""

    def heard(self, datagram: bytes, address: object) -> bool:
        """A datagram arrived; False when the engine does not get it now."""

    def spoke(self) -> None:
        """A datagram was sent."""


class Transport(Protocol):
    """Carries datagrams for one node."""

    @property
    def port(self) -> int:
        """The port that peers reach this transport on."""

    def bind(self, receive: Receiver) -> None:
        """Begin to receive."""

    def carries(self, address: object) -> bool:
        """Whether this transport reaches such an address."""

    def send(self, datagram: bytes, address: object) -> None:
        """Send; what cannot be sent is lost, as on any network."""

    def join(self, group: str) -> None:
        """Receive what is sent to a multicast address (IPv6 text)."""

    def leave(self, group: str) -> None:
        """Stop receiving what is sent to a multicast address."""

    async def close(self) -> None:
        """Release what is held; harmless when done before."""
