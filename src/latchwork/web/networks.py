"""Where a request comes from, as it is counted: who has one IPv6 address has all of its network, and a port is none of it.

Layer web, pure.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

_PREFIX: Final = 64
"""Bits of an IPv6 address that a host does not choose by itself (RFC 4291 2.5.4)."""
_MAX_TEXT: Final = 64
"""Characters that are kept of what is no address."""


def address_in(said: str) -> str:
    """The address in what a proxy says, which may come with brackets and a port (RFC 7239 6); cut short where it is none."""
    text = said.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    return text[:_MAX_TEXT]


def network_of(address: str) -> str:
    """What quotas are kept for: an IPv4 address, an IPv6 network, or the text where it is neither."""
    found = _parse(address)
    if isinstance(found, IPv6Address):
        return str(IPv6Network((found, _PREFIX), strict=False))
    return address[:_MAX_TEXT] if found is None else str(found)


def is_at_home(address: str) -> bool:
    """Whether it is this machine or one of its own network."""
    found = _parse(address)
    return found is not None and (found.is_loopback or found.is_private or found.is_link_local)


def _parse(address: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found
