"""What is remembered of a link, without sockets and without waiting."""

from __future__ import annotations

import socket

from hypothesis import given
from hypothesis import strategies as st
from zeroconf import DNSAddress, DNSIncoming, DNSOutgoing, DNSPointer, DNSService, DNSText

from latchwork.stack import mdns_heard
from latchwork.stack.mdns_heard import Heard
from latchwork.stack.mdns_records import read_text

TYPE = "_matter._tcp"
DOMAIN = "_matter._tcp.local."
NAME = f"A.{DOMAIN}"
KEY = NAME.lower()
FLUSH = 0x8001


def message(*records) -> DNSIncoming:
    out = DNSOutgoing(0x8400)
    for record in records:
        out.add_answer_at_time(record, 0)
    return DNSIncoming(out.packets()[0])


def address(text: str, ttl: int = 120, host: str = "H.local.") -> DNSAddress:
    return DNSAddress(host, 28, FLUSH, ttl, socket.inet_pton(socket.AF_INET6, text))


def pointer(name: str = NAME, ttl: int = 4500, owner: str = DOMAIN) -> DNSPointer:
    return DNSPointer(owner, 12, 1, ttl, name)


def service(port: int = 5540, ttl: int = 120) -> DNSService:
    return DNSService(NAME, 33, FLUSH, ttl, 0, 0, port, "H.local.")


def text(data: bytes = b"\x07SII=500") -> DNSText:
    return DNSText(NAME, 16, FLUSH, 4500, data)


def caring() -> Heard:
    heard = Heard("eth9")
    heard.care_for(TYPE)
    return heard


def test_a_service_is_complete_when_all_its_parts_were_heard():
    heard = caring()
    assert heard.take(message(pointer()), 0.0) == {KEY}
    assert heard.missing(KEY, NAME, 0.0) == ((NAME, 33), (NAME, 16))
    heard.take(message(service()), 0.0)
    assert heard.missing(KEY, NAME, 0.0) == ((NAME, 16), ("H.local.", 28))
    heard.take(message(text()), 0.0)
    assert heard.record(KEY, 0.0) is None
    assert heard.take(message(address("fd00::1")), 0.0) == {KEY}
    record = heard.record(KEY, 0.0)
    assert record is not None
    assert (record.port, record.host, record.addresses, record.txt) == (5540, "H", ("fd00::1",), {"SII": "500"})
    assert heard.missing(KEY, NAME, 0.0) == ()


def test_addresses_of_the_link_carry_its_name():
    heard = caring()
    heard.take(message(pointer(), service(), text(), address("fe80::1"), address("fd00::1")), 0.0)
    record = heard.record(KEY, 0.0)
    assert record is not None
    assert set(record.addresses) == {"fe80::1%eth9", "fd00::1"}


def test_only_what_changes_is_touched_however_many_services_a_host_has():
    heard = caring()
    heard.take(message(pointer(), service(), text(), address("fd00::1")), 0.0)
    assert heard.take(message(address("fd00::1")), 0.5) == set()
    heard.take(message(service()), 0.5)
    assert heard.record(KEY, 120.2), "it was heard again all the same"
    assert heard.take(message(address("fd00::2")), 0.6) == {KEY}
    assert heard.take(message(address("fd00::2", ttl=0)), 0.7) == {KEY}
    assert heard.take(message(address("fd00::1")), 130.0) == {KEY}, "it had died"
    assert heard.take(message(address("fd00::3", host="other.local.")), 130.0) == set()


def test_a_service_that_moves_follows_its_new_host():
    heard = caring()
    heard.take(message(pointer(), service(), text(), address("fd00::1")), 0.0)
    moved = DNSService(NAME, 33, FLUSH, 120, 0, 0, 5540, "New.local.")
    assert heard.take(message(moved), 1.0) == {KEY}
    assert heard.record(KEY, 1.0) is None
    assert heard.take(message(address("fd00::2", host="H.local.")), 1.0) == set()
    assert heard.take(message(address("fd00::9", host="new.local.")), 1.0) == {KEY}
    found = heard.record(KEY, 1.0)
    assert found is not None
    assert found.addresses == ("fd00::9",)


def test_one_service_is_looked_up_by_its_type_in_whatever_case():
    heard = caring()
    heard.take(message(pointer(), service(), text(), address("fd00::1")), 0.0)
    assert heard.instance(KEY, TYPE.upper(), None, 0.0) is not None
    assert heard.instance(KEY, "_matterc._udp", None, 0.0) is None
    assert heard.instance(KEY, TYPE, "_I1", 0.0) is None
    assert heard.instance(KEY, TYPE, None, 4501.0) is None
    assert heard.instance("b", TYPE, None, 0.0) is None


def test_what_dies_is_forgotten():
    heard = caring()
    heard.take(message(pointer(), service(), text(), address("fd00::1")), 0.0)
    assert heard.record(KEY, 119.0)
    assert heard.record(KEY, 121.0) is None
    assert list(heard.instances(TYPE, None, 121.0))
    assert not list(heard.instances(TYPE, None, 4501.0))


def test_a_goodbye_takes_effect_at_once():
    heard = caring()
    heard.take(message(pointer(), service(), text(), address("fd00::1")), 0.0)
    heard.take(message(pointer(ttl=0), service(ttl=0)), 1.0)
    assert heard.record(KEY, 1.0) is None
    assert not list(heard.instances(TYPE, None, 1.0))


def test_new_addresses_replace_those_heard_long_ago():
    """Cache flush (RFC 6762 10.2): within a second they belong together."""
    heard = caring()
    heard.take(message(pointer(), service(), text(), address("fd00::1")), 0.0)
    heard.take(message(address("fd00::2")), 0.5)
    heard.take(message(address("fd00::3")), 1.2)
    record = heard.record(KEY, 1.2)
    assert record is not None
    assert set(record.addresses) == {"fd00::2", "fd00::3"}


def test_other_peoples_services_are_not_remembered():
    heard = caring()
    printer = DNSPointer("_ipp._tcp.local.", 12, 1, 4500, "P._ipp._tcp.local.")
    assert heard.take(message(printer, address("fd00::9", host="P.local.")), 0.0) == set()
    assert heard.take(message(pointer("P._ipp._tcp.local.")), 0.0) == set()


def test_a_flood_of_names_keeps_the_newest(monkeypatch):
    monkeypatch.setattr(mdns_heard, "MAX_INSTANCES", 3)
    heard = caring()
    for number in range(10):
        heard.take(message(pointer(f"N{number}.{DOMAIN}")), 0.0)
    assert [each.label for _, each in heard.instances(TYPE, None, 0.0)] == ["N7", "N8", "N9"]


def test_a_flood_of_addresses_and_subtypes_is_bounded():
    heard = caring()
    heard.take(message(pointer(), service(), text()), 0.0)
    for number in range(40):
        heard.take(message(address(f"fd00::{number + 1:x}"), pointer(owner=f"_X{number}._sub.{DOMAIN}")), 0.0)
    record = heard.record(KEY, 0.0)
    assert record is not None
    assert len(record.addresses) == mdns_heard.MAX_ADDRESSES
    assert len(record.subtypes) == mdns_heard.MAX_SUBTYPES


def test_txt_data_is_read_as_the_rfc_says():
    """RFC 6763 6.4: no value, an empty value, an empty key, a key twice."""
    assert read_text(b"\x01a\x02b=\x02=c\x03d=1\x03d=2\x00") == {"a": "", "b": "", "d": "1"}


@given(st.binary(max_size=300))
def test_any_txt_data_is_read(data):
    read_text(data)


@given(st.binary(max_size=300))
def test_any_message_is_taken(data):
    heard = caring()
    incoming = DNSIncoming(b"\x00\x00\x84\x00" + data)
    if incoming.valid:
        heard.take(incoming, 0.0)
