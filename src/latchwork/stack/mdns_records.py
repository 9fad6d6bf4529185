"""The DNS records of one service, and the one door to zeroconf's message format.

Stack; makes records and reads TXT data, sends nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from latchwork.base.errors import Misuse
from latchwork.stack.mdns_contract import Publication

if TYPE_CHECKING:
    # zeroconf offers these at its top without declaring so: the checker finds them where they are written.
    from zeroconf._dns import DNSAddress, DNSPointer, DNSQuestion, DNSRecord, DNSService, DNSText
    from zeroconf._protocol.incoming import DNSIncoming
    from zeroconf._protocol.outgoing import DNSOutgoing
else:
    from zeroconf import (
        DNSAddress,
        DNSIncoming,
        DNSOutgoing,
        DNSPointer,
        DNSQuestion,
        DNSRecord,
        DNSService,
        DNSText,
    )

__all__ = [
    "DNSAddress",
    "DNSIncoming",
    "DNSOutgoing",
    "DNSPointer",
    "DNSQuestion",
    "DNSRecord",
    "DNSService",
    "DNSText",
    "Service",
    "read_text",
    "with_ttl",
]

TYPE_PTR: Final = 12
TYPE_TXT: Final = 16
TYPE_AAAA: Final = 28
TYPE_SRV: Final = 33
TYPE_ANY: Final = 255
CLASS_IN: Final = 1
UNIQUE: Final = 0x8000 | CLASS_IN
"""Cache flush in an answer, direct answer wanted in a question (RFC 6762 5.4, 10.2)."""
HOST_TTL: Final = 120
"""Seconds that records with a host name live (RFC 6762 10)."""
OTHER_TTL: Final = 4500
"""Seconds that other records live (RFC 6762 10)."""
LEGACY_TTL: Final = 10
"""Seconds for askers that are not part of mDNS and hear no goodbye (RFC 6762 6.7)."""
RESPONSE: Final = 0x8400
"""Flags of a response: QR and AA (RFC 6762 18)."""


class Service:
    """The records of one publication."""

    __slots__ = ("addresses", "again", "pointers", "publication", "service", "text")

    def __init__(self, publication: Publication, addresses: Iterable[str]) -> None:
        """Make the records; Misuse when a TXT entry exceeds 255 octets (RFC 6763 6.1)."""
        self.publication = publication
        domain = f"{publication.service_type}.local."
        name, host = f"{publication.instance}.{domain}", f"{publication.host}.local."
        owners = [domain, *(f"{subtype}._sub.{domain}" for subtype in publication.subtypes)]
        self.pointers = tuple(DNSPointer(owner, TYPE_PTR, CLASS_IN, OTHER_TTL, name) for owner in owners)
        self.service = DNSService(name, TYPE_SRV, UNIQUE, HOST_TTL, 0, 0, publication.port, host)
        self.text = DNSText(name, TYPE_TXT, UNIQUE, OTHER_TTL, _text(publication.txt))
        chosen = publication.addresses if publication.addresses is not None else addresses
        self.addresses = tuple(
            DNSAddress(host, TYPE_AAAA, UNIQUE, HOST_TTL, ipaddress.IPv6Address(each).packed) for each in chosen
        )
        self.again: asyncio.TimerHandle | None = None

    def records(self) -> tuple[DNSRecord, ...]:
        """All of them, pointers first."""
        return (*self.pointers, self.service, self.text, *self.addresses)

    def beside(self, answer: DNSRecord) -> tuple[DNSRecord, ...]:
        """What goes with an answer so that nobody has to ask again (RFC 6763 12)."""
        if answer.type == TYPE_AAAA:
            return ()
        return (self.service, self.text, *self.addresses)


def with_ttl(record: DNSRecord, ttl: int) -> DNSRecord:
    """A copy of one of our records that lives `ttl` seconds."""
    kind = record.class_ | (0x8000 if record.unique else 0)
    if isinstance(record, DNSPointer):
        return DNSPointer(record.name, record.type, kind, ttl, record.alias)
    if isinstance(record, DNSService):
        return DNSService(
            record.name, record.type, kind, ttl, record.priority, record.weight, record.port, record.server
        )
    if isinstance(record, DNSText):
        return DNSText(record.name, record.type, kind, ttl, record.text)
    assert isinstance(record, DNSAddress), "no other kind of record is ours"
    return DNSAddress(record.name, record.type, kind, ttl, record.address)


def _text(txt: Mapping[str, str]) -> bytes:
    """TXT data: entries with their length before them, one empty entry where there is none (RFC 6763 6.1)."""
    data = bytearray()
    for key, value in txt.items():
        entry = f"{key}={value}".encode()
        if len(entry) > 255:
            raise Misuse(f"TXT entry {key} has more than 255 octets")
        data.append(len(entry))
        data += entry
    return bytes(data) or b"\0"


def read_text(data: bytes) -> dict[str, str]:
    """Keys and values of TXT data; the first of two equal keys counts, entries cut off or without key are skipped."""
    txt: dict[str, str] = {}
    position = 0
    while position < len(data):
        entry = data[position + 1 : position + 1 + data[position]]
        position += 1 + data[position]
        key, _, value = entry.partition(b"=")
        if key:
            txt.setdefault(key.decode(errors="replace"), value.decode(errors="replace"))
    return txt
