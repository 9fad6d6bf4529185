"""Where the hub may send and fetch when somebody has given it an address: never into its own machine's corners by surprise.

Layer hub, pure. Looked at is the number that is dialled, not the name: a name may answer differently the second time.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

from latchwork.base.errors import Misuse


class AddressRefused(Misuse):
    """The hub does not go there."""


def check_address(text: str, *, is_local: bool) -> IPv4Address | IPv6Address:
    """The address in numbers, when the hub may go there.

    Args:
        text: in numbers; a zone behind `%` does not count.
        is_local: an owner has allowed addresses inside the home's network.

    Raises:
        AddressRefused: it may not.
        ValueError: this is no address in numbers.
    """
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is not None:
            check_address(str(inner), is_local=is_local)
            if address.ipv4_mapped is not None:
                return address
    # Cloud machines keep their credentials at link-local addresses: nothing that anybody wants is there.
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        raise AddressRefused("the hub goes to no link-local, multicast or unspecified address")
    if not is_local and is_inside(address):
        raise AddressRefused("this address is inside the home's network: an owner can allow that")
    return address


def is_inside(address: IPv4Address | IPv6Address) -> bool:
    """Whether it is this machine or its own network."""
    return address.is_loopback or address.is_private or not address.is_global
