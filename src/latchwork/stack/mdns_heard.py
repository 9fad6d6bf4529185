"""What was heard about services on one link, as long as it lives.

Stack; takes parsed messages and the time, sends nothing and waits for nothing. Only records of the service types asked
about are kept, and every table has a bound: a link full of other things, or a hostile neighbour, costs little.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Final

from latchwork.stack.mdns_contract import ServiceRecord
from latchwork.stack.mdns_records import (
    TYPE_AAAA,
    TYPE_SRV,
    TYPE_TXT,
    DNSAddress,
    DNSIncoming,
    DNSPointer,
    DNSService,
    DNSText,
    read_text,
)

MAX_INSTANCES: Final = 2048
"""Services remembered: twenty times a large home; the oldest go first."""
MAX_HOSTS: Final = 2048
MAX_ADDRESSES: Final = 16
"""Addresses remembered of one host: several prefixes, each with a temporary address or two."""
MAX_SUBTYPES: Final = 16
"""Subtypes remembered of one service; Matter defines five."""
_MAX_TTL_S: Final = 4500.0


class Instance:
    """One service as far as it is known; times are those of the loop's clock."""

    __slots__ = ("host", "label", "port", "service_expires", "service_type", "subtypes", "text_expires", "txt", "until")

    def __init__(self, label: str, service_type: str) -> None:
        self.label = label
        self.service_type = service_type
        self.subtypes: dict[str, tuple[str, float]] = {}
        self.until = 0.0
        self.host = ""
        self.port = 0
        self.service_expires = 0.0
        self.txt: dict[str, str] = {}
        self.text_expires = 0.0

    def lives_until(self, subtype: str | None) -> float:
        """When its pointer, or that of a subtype, dies; 0 where there is none."""
        return self.until if subtype is None else self.subtypes.get(subtype.lower(), ("", 0.0))[1]


class Heard:
    """Instances and hosts of one link."""

    __slots__ = ("_domains", "_hosted", "_hosts", "_instances", "_scope")

    def __init__(self, scope: str) -> None:
        """Start empty.

        Args:
            scope: the interface's name, added to addresses that are only valid on it.
        """
        self._scope = scope
        self._domains: dict[str, str] = {}
        self._instances: dict[str, Instance] = {}
        self._hosts: dict[str, dict[str, tuple[float, float]]] = {}
        self._hosted: dict[str, set[str]] = {}
        """By host, lower case: the keys of what is on it. A site has many locks, and every message asks."""

    def care_for(self, service_type: str) -> None:
        """Remember services of this type from now on."""
        self._domains.setdefault(f"{service_type}.local.".lower(), service_type)

    def instances(self, service_type: str, subtype: str | None, now: float) -> Iterator[tuple[str, Instance]]:
        """Those of a type, or of a subtype, whose pointer is alive: key and instance."""
        domain = f"{service_type}.local.".lower()
        for key, each in self._instances.items():
            if key.endswith(domain) and each.lives_until(subtype) > now:
                yield key, each

    def instance(self, key: str, service_type: str, subtype: str | None, now: float) -> Instance | None:
        """The one of a type, or of a subtype, that is called `key`, while its pointer is alive."""
        each = self._instances.get(key)
        if each is None or not key.endswith(f"{service_type}.local.".lower()) or each.lives_until(subtype) <= now:
            return None
        return each

    def record(self, key: str, now: float, *, without_text: bool = False) -> ServiceRecord | None:
        """The service called `key` (full name, lower case), or None while something is missing.

        Args:
            key: the full name, lower case.
            now: seconds of the loop's clock.
            without_text: be content when no TXT record was heard.
        """
        each = self._instances.get(key)
        if each is None or each.service_expires <= now or (each.text_expires <= now and not without_text):
            return None
        hosted = self._hosts.get(each.host.lower(), {})
        addresses = tuple(address for address, (expires, _) in hosted.items() if expires > now)
        if not addresses:
            return None
        subtypes = tuple(label for label, until in each.subtypes.values() if until > now)
        host = each.host.removesuffix(".").removesuffix(".local")
        return ServiceRecord(each.label, each.service_type, each.port, host, addresses, each.txt, subtypes)

    def missing(self, key: str, name: str, now: float) -> tuple[tuple[str, int], ...]:
        """What to ask to complete the service called `name`: pairs of a name and a record type."""
        each = self._instances.get(key)
        if each is None or each.service_expires <= now:
            # Whoever answers SRV adds the rest by itself, but asking for TXT costs five octets.
            return ((name, TYPE_SRV), (name, TYPE_TXT))
        wanted: list[tuple[str, int]] = []
        if each.text_expires <= now:
            wanted.append((name, TYPE_TXT))
        if not any(expires > now for expires, _ in self._hosts.get(each.host.lower(), {}).values()):
            wanted.append((each.host, TYPE_AAAA))
        return tuple(wanted)

    def take(self, message: DNSIncoming, now: float) -> set[str]:
        """Keep what matters of a response; returns the keys of the services that may have changed."""
        touched: set[str] = set()
        addresses: list[DNSAddress] = []
        for record in message.answers():
            if isinstance(record, DNSAddress):
                if record.type == TYPE_AAAA:
                    addresses.append(record)
            elif isinstance(record, DNSPointer):
                self._take_pointer(record, now, touched)
            elif isinstance(record, (DNSService, DNSText)):
                self._take_service(record, now, touched)
        if addresses:
            self._take_addresses(addresses, now, touched)
        return touched

    def _instance(self, name: str) -> tuple[str, Instance] | None:
        """The instance with a full name, made where the type matters to us."""
        key = name.lower()
        known = self._instances.get(key)
        if known is not None:
            return key, known
        label, _, domain = name.partition(".")
        service_type = self._domains.get(domain.lower())
        if service_type is None or not label:
            return None
        if len(self._instances) >= MAX_INSTANCES:
            oldest = next(iter(self._instances))
            self._move(oldest, self._instances.pop(oldest), "")
        made = self._instances[key] = Instance(label, service_type)
        return key, made

    def _take_pointer(self, record: DNSPointer, now: float, touched: set[str]) -> None:
        owner = record.name.lower()
        subtype, is_subtype, domain = owner.partition("._sub.")
        if (domain if is_subtype else owner) not in self._domains:
            return
        found = self._instance(record.alias)
        if found is None:
            return
        key, each = found
        until = now + min(record.ttl, _MAX_TTL_S)
        if not is_subtype:
            each.until = until
        elif subtype in each.subtypes or len(each.subtypes) < MAX_SUBTYPES:
            each.subtypes[subtype] = (record.name[: len(subtype)], until)
        touched.add(key)

    def _take_service(self, record: DNSService | DNSText, now: float, touched: set[str]) -> None:
        found = self._instance(record.name)
        if found is None:
            return
        key, each = found
        expires = now + min(record.ttl, _MAX_TTL_S) if record.ttl else 0.0
        if isinstance(record, DNSService):
            each.service_expires = expires
            if expires:
                each.port = record.port
                self._move(key, each, record.server)
        else:
            each.text_expires = expires
            if expires:
                each.txt = read_text(record.text)
        touched.add(key)

    def _move(self, key: str, each: Instance, host: str) -> None:
        """It is on this host now; on none where that is empty."""
        before, after = each.host.lower(), host.lower()
        each.host = host
        if before == after:
            return
        keys = self._hosted.get(before)
        if keys is not None:
            keys.discard(key)
            if not keys:
                del self._hosted[before]
        if after:
            self._hosted.setdefault(after, set()).add(key)

    def _take_addresses(self, records: list[DNSAddress], now: float, touched: set[str]) -> None:
        before: dict[str, set[str]] = {}
        for record in records:
            host = record.name.lower()
            if host not in self._hosted:
                continue
            if host not in self._hosts and len(self._hosts) >= MAX_HOSTS:
                del self._hosts[next(iter(self._hosts))]
            hosted = self._hosts.setdefault(host, {})
            if host not in before:
                before[host] = _alive(hosted, now)
                if record.unique:
                    # Cache flush: what was heard more than a second ago is replaced (RFC 6762 10.2).
                    for address in [text for text, (_, since) in hosted.items() if since < now - 1.0]:
                        del hosted[address]
            text = self._scoped(record.address)
            if not record.ttl:
                hosted.pop(text, None)
            elif text in hosted or len(hosted) < MAX_ADDRESSES:
                hosted[text] = (now + min(record.ttl, _MAX_TTL_S), now)
        for host, known in before.items():
            # What was only heard again changes nothing, for however many services on that host.
            if _alive(self._hosts.get(host, {}), now) != known:
                touched |= self._hosted[host]

    def _scoped(self, packed: bytes) -> str:
        address = ipaddress.IPv6Address(packed)
        return f"{address}%{self._scope}" if address.is_link_local else str(address)


def _alive(hosted: Mapping[str, tuple[float, float]], now: float) -> set[str]:
    return {address for address, (expires, _) in hosted.items() if expires > now}
