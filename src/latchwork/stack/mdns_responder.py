"""Answers questions about the services of this process, at once.

Stack; records and packets are zeroconf's, when and where to send them is decided here. zeroconf's own responder waits
20 to 120 ms before it answers a shared record and up to 1.2 s when it has just announced it, and knows no subtypes.
Matter's names are 64 random bits, so nobody else answers for them and nothing has to wait (RFC 6762 6). Probing is left
out for the same reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from latchwork.base.errors import Misuse
from latchwork.stack.mdns_contract import Publication
from latchwork.stack.mdns_link import MDNS_PORT, Link, Source
from latchwork.stack.mdns_records import (
    CLASS_IN,
    LEGACY_TTL,
    OTHER_TTL,
    RESPONSE,
    TYPE_AAAA,
    TYPE_ANY,
    TYPE_PTR,
    DNSIncoming,
    DNSOutgoing,
    DNSPointer,
    DNSQuestion,
    DNSRecord,
    Service,
    with_ttl,
)

_SPACING_S: Final = 0.25
"""Least time between two multicasts of one record. RFC 6762 6 says 1 s, and 250 ms where somebody is waiting: a
commissioner that starts looking right after a lock announced itself is waiting."""
_ANNOUNCE_AGAIN_S: Final = 1.0
"""An announcement is made twice, in case the first is lost (RFC 6762 8.3)."""
_REFRESH_S: Final = 10.0
"""How old the list of the interface's addresses may get, seconds."""
_ENUMERATION: Final = "_services._dns-sd._udp.local."
"""The name that lists service types (RFC 6763 9)."""


class Responder:
    """Everything this process publishes on one link.

    Driven by the directory (publish, replace, withdraw), by questions heard, and by its own two kinds of timers.
    """

    __slots__ = ("_by_name", "_loop", "_pending", "_refreshed", "_sent", "_services", "_timer", "link")

    def __init__(self, link: Link) -> None:
        self.link = link
        self._loop = asyncio.get_running_loop()
        self._services: dict[str, Service] = {}
        self._by_name: dict[str, list[tuple[DNSRecord, Service]]] = {}
        self._sent: dict[DNSRecord, float] = {}
        self._pending: dict[DNSRecord, Service | None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._refreshed = self._loop.time()

    def publish(self, publication: Publication) -> str:
        """Start answering for `publication` and announce it now and once more in a second.

        Returns:
            The key by which it is replaced and withdrawn.

        Raises:
            Misuse: this process publishes that instance already, or a TXT entry is too long.
        """
        service = Service(publication, self.link.interface.addresses)
        key = service.service.name.lower()
        if key in self._services:
            raise Misuse(f"{publication.instance}.{publication.service_type} is published already")
        self._services[key] = service
        self._index(service)
        self._announce(service)
        return key

    def replace_text(self, key: str, txt: Mapping[str, str]) -> None:
        """Give the service another TXT record and announce it; Misuse when it is not published."""
        service = self._services.get(key)
        if service is None:
            raise Misuse("the service was withdrawn")
        changed = Service(replace(service.publication, txt=dict(txt)), self.link.interface.addresses)
        self._forget(service)
        self._services[key] = changed
        self._index(changed)
        self._announce(changed)

    def withdraw(self, keys: Iterable[str]) -> None:
        """Stop answering for services and say goodbye for their records (RFC 6762 10.1); unknown keys are skipped."""
        gone: dict[DNSRecord, None] = {}
        for key in keys:
            service = self._services.get(key)
            if service is not None:
                self._forget(service)
                gone.update(dict.fromkeys(service.records()))
        out = DNSOutgoing(RESPONSE)
        for record in gone:
            # Several services of a node share its host: its addresses stay while one of them does.
            if record.type != TYPE_AAAA or record.name.lower() not in self._by_name:
                out.add_answer_at_time(with_ttl(record, 0), 0)
        if out.answers:
            self._multicast(out)

    def close(self) -> None:
        """Say goodbye for everything and stop the timers."""
        self.withdraw(list(self._services))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._pending.clear()

    def answer(self, message: DNSIncoming, source: Source) -> None:
        """Answer the questions of `message` that are about our services."""
        questions = message.questions
        answers: dict[DNSRecord, Service | None] = {}
        for question in questions:
            self._answers_to(question, answers)
        if not answers:
            return
        if self._loop.time() - self._refreshed > _REFRESH_S and self._refresh():
            answers.clear()
            for question in questions:
                self._answers_to(question, answers)
        if message.num_answers:
            answers = {record: service for record, service in answers.items() if not record.suppressed_by(message)}
            if not answers:
                return
        wants_direct = all(question.unicast for question in questions)
        if source.port != MDNS_PORT:
            self._reply(message, answers, source, legacy=not wants_direct)
        elif wants_direct and not self.link.is_own(source.host) and self._heard_lately(answers):
            self._reply(message, answers, source, legacy=False)
        else:
            self._pending.update(answers)
            self._flush_when_due()

    def _answers_to(self, question: DNSQuestion, answers: dict[DNSRecord, Service | None]) -> None:
        wanted = question.type
        name = question.name.lower()
        answers.update(entry for entry in self._by_name.get(name, ()) if wanted in {entry[0].type, TYPE_ANY})
        if name == _ENUMERATION and wanted in {TYPE_PTR, TYPE_ANY}:
            types = {service.pointers[0].name for service in self._services.values()}
            answers.update(
                dict.fromkeys(DNSPointer(_ENUMERATION, TYPE_PTR, CLASS_IN, OTHER_TTL, each) for each in sorted(types))
            )

    def _reply(
        self, message: DNSIncoming, answers: dict[DNSRecord, Service | None], source: Source, *, legacy: bool
    ) -> None:
        """Answer one asker directly; one on a port of its own gets its id and questions back (RFC 6762 6.7)."""
        own_port = source.port != MDNS_PORT
        out = DNSOutgoing(RESPONSE, multicast=not own_port, id_=message.id)
        if own_port:
            for question in message.questions:
                out.add_question(question)
        for record in answers:
            out.add_answer_at_time(with_ttl(record, LEGACY_TTL) if legacy else record, 0)
        for record in _beside(answers):
            out.add_additional_answer(with_ttl(record, LEGACY_TTL) if legacy else record)
        for packet in out.packets():
            self.link.unicast(packet, source)

    def _flush_when_due(self) -> None:
        """Multicast what is pending as soon as the spacing between two multicasts of a record allows."""
        if self._timer is not None:
            return
        latest = max((self._sent.get(record, 0.0) for record in self._pending), default=0.0)
        wait = latest + _SPACING_S - self._loop.time() if latest else 0.0
        if wait <= 0:
            self._flush()
        else:
            self._timer = self._loop.call_later(wait, self._flush)

    def _flush(self) -> None:
        self._timer = None
        answers, self._pending = self._pending, {}
        out = DNSOutgoing(RESPONSE)
        for record in answers:
            out.add_answer_at_time(record, 0)
        for record in _beside(answers):
            out.add_additional_answer(record)
        if out.answers:
            self._multicast(out)

    def _multicast(self, out: DNSOutgoing) -> None:
        now = self._loop.time()
        for record, _ in out.answers:
            if record.name.lower() in self._by_name:
                self._sent[record] = now
        for packet in out.packets():
            self.link.multicast(packet)

    def _announce(self, service: Service, *, again: bool = True) -> None:
        out = DNSOutgoing(RESPONSE)
        for record in service.records():
            out.add_answer_at_time(record, 0)
        self._multicast(out)
        service.again = self._loop.call_later(_ANNOUNCE_AGAIN_S, self._announce_again, service) if again else None

    def _announce_again(self, service: Service) -> None:
        self._announce(service, again=False)

    def _heard_lately(self, answers: Iterable[DNSRecord]) -> bool:
        """True when everybody on the link had the chance to hear these within a quarter of their life (RFC 6762 5.4)."""
        now = self._loop.time()
        return all(record in self._sent and now - self._sent[record] < record.ttl / 4 for record in answers)

    def _refresh(self) -> bool:
        """Look for new addresses of the interface; where there are, announce everything with them."""
        self._refreshed = self._loop.time()
        if not self.link.refresh():
            return False
        for key, service in list(self._services.items()):
            if service.publication.addresses is None:
                self.replace_text(key, service.publication.txt)
        return True

    def _index(self, service: Service) -> None:
        for record in service.records():
            self._by_name.setdefault(record.name.lower(), []).append((record, service))

    def _forget(self, service: Service) -> None:
        del self._services[service.service.name.lower()]
        if service.again is not None:
            service.again.cancel()
        for record in service.records():
            name = record.name.lower()
            left = [entry for entry in self._by_name.pop(name, ()) if entry[1] is not service]
            if left:
                self._by_name[name] = left
            self._sent.pop(record, None)
            self._pending.pop(record, None)


def _beside(answers: dict[DNSRecord, Service | None]) -> dict[DNSRecord, None]:
    """What goes with the answers, each once and none that is an answer itself."""
    found: dict[DNSRecord, None] = {}
    for record, service in answers.items():
        if service is not None:
            found.update((each, None) for each in service.beside(record) if each not in answers)
    return found
