"""What discovery offers to the floors above, whoever carries it: real multicast or the virtual air.

Stack, the contract of `mdns`; imports neither zeroconf nor sockets, so that it costs nothing to name.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from latchwork.base.errors import Misuse, Unsupported


class NoSuchInterface(Misuse):
    """The caller named no network interface, or one that this machine does not have."""


class InterfaceUnusable(Unsupported):
    """The interface is there, but discovery cannot use it: no IPv6, or its port is taken by a program that shares none."""


@dataclass(frozen=True, slots=True)
class Publication:
    """A service to publish (RFC 6763 4).

    Attributes:
        instance: the instance's label.
        service_type: `_matter._tcp` or `_matterc._udp`, without domain.
        port: UDP or TCP port.
        host: the host's label, one of its own for every node: 12 or 16 hexadecimal digits.
        txt: keys and values.
        subtypes: labels such as `_L3840`.
        addresses: IPv6 text without scope, or None for those of the interface.
    """

    instance: str
    service_type: str
    port: int
    host: str
    txt: Mapping[str, str] = field(default_factory=dict)
    subtypes: tuple[str, ...] = ()
    addresses: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """A service as found, complete enough to talk to it.

    Attributes:
        instance: the instance's label.
        service_type: as in `Publication`.
        port: UDP or TCP port.
        host: the host's label.
        addresses: IPv6 text, those of the link with `%` and the interface's name; never empty.
        txt: keys and values; a key without value has an empty one.
        subtypes: those heard so far; not complete.
    """

    instance: str
    service_type: str
    port: int
    host: str
    addresses: tuple[str, ...]
    txt: Mapping[str, str]
    subtypes: tuple[str, ...] = ()


class Published(Protocol):
    """One service that is being published."""

    async def update(self, *, txt: Mapping[str, str]) -> None:
        """Replace the TXT record and announce it at once."""

    async def withdraw(self) -> None:
        """Say goodbye; harmless when done before."""


class Browser(Protocol):
    """Services as they are found: each once, and again whenever address, port or TXT changed."""

    def __aiter__(self) -> AsyncIterator[ServiceRecord]:
        """Itself."""

    async def __anext__(self) -> ServiceRecord:
        """The next service found or changed; ends when the browser is closed."""

    def close(self) -> None:
        """Stop asking; iteration ends."""


class Discovery(Protocol):
    """Publishes, browses and resolves services on one link."""

    async def publish(self, publication: Publication) -> Published:
        """Announce a service at once."""

    def browse(self, service_type: str, *, subtype: str | None = None) -> Browser:
        """Look for services of a type, narrowed by a subtype's label where one is given."""

    async def resolve(self, instance: str, service_type: str, *, timeout: float) -> ServiceRecord | None:  # noqa: ASYNC109 - asking again is part of it, not only waiting
        """One service by its name, or None when nothing answered within `timeout` seconds."""

    async def close(self) -> None:
        """Say goodbye for everything published and release the link."""
