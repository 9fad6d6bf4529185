"""DNS-SD on loopback, with real sockets; zeroconf's own client and raw packets are the independent witnesses."""

from __future__ import annotations

import asyncio
import socket
import struct

import pytest
from zeroconf import DNSIncoming, DNSOutgoing, DNSPointer, DNSQuestion, IPVersion
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from latchwork.base.errors import Misuse
from latchwork.stack.mdns import MdnsDiscovery, NoSuchInterface, Publication, interfaces

PTR, TXT, AAAA, SRV = 12, 16, 28, 33
QU = 0x8001
ENTROPY = iter(range(1, 1 << 32))


def publication(**changes) -> Publication:
    number = next(ENTROPY)
    plain = {
        "instance": f"{0xA0000000 + number:016X}",
        "service_type": "_matterc._udp",
        "port": 5540,
        "host": f"{number:016X}",
        "txt": {"D": "3840", "CM": "1"},
        "subtypes": ("_L3840", "_S15", "_CM"),
        "addresses": ("::1",),
    }
    return Publication(**(plain | changes))


@pytest.fixture
async def lock():
    async with MdnsDiscovery("lo") as directory:
        yield directory


@pytest.fixture
async def hub():
    async with MdnsDiscovery("lo") as directory:
        yield directory


@pytest.fixture
async def wire():
    """A socket that asks the group from a port of its own: `await wire(packet)` gives the first direct answer."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.setblocking(False)
        asking.bind(("127.0.0.1", 0))
        asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))

        async def ask(packet: bytes) -> bytes:
            asking.sendto(packet, ("224.0.0.251", 5353))
            async with asyncio.timeout(2):
                return await loop.sock_recv(asking, 9000)

        yield ask


def question(name: str, kind: int, kind_class: int = QU) -> bytes:
    out = DNSOutgoing(0)
    out.add_question(DNSQuestion(name, kind, kind_class))
    return out.packets()[0]


async def within(awaitable, seconds: float = 3.0):
    async with asyncio.timeout(seconds):
        return await awaitable


async def test_a_service_is_resolved(lock, hub):
    wanted = publication()
    await lock.publish(wanted)
    found = await hub.resolve(wanted.instance, "_matterc._udp", timeout=2)
    assert found is not None
    assert (found.instance, found.service_type, found.port) == (wanted.instance, "_matterc._udp", 5540)
    assert (found.host, found.addresses, found.txt) == (wanted.host, ("::1",), {"D": "3840", "CM": "1"})


async def test_names_match_in_any_case(lock, hub):
    wanted = publication()
    await lock.publish(wanted)
    assert await hub.resolve(wanted.instance.lower(), "_MATTERC._udp", timeout=2) is not None


async def test_a_type_asked_for_in_another_case_is_the_same_type(lock, hub):
    wanted = publication(subtypes=("_L55",))
    await lock.publish(wanted)
    assert await hub.resolve(wanted.instance, "_MatterC._UDP", timeout=2)
    found = await within(anext(hub.browse("_matterc._udp", subtype="_l55")))
    assert found.instance == wanted.instance


async def test_what_nobody_publishes_is_not_found(hub):
    assert await hub.resolve("00000000DEADBEEF", "_matterc._udp", timeout=0.01) is None


async def test_a_service_published_later_is_found_by_its_announcement(lock, hub):
    wanted = publication()
    resolving = asyncio.create_task(hub.resolve(wanted.instance, "_matterc._udp", timeout=3))
    await asyncio.sleep(0)
    await lock.publish(wanted)
    assert await within(resolving)


async def test_a_process_finds_its_own_services(lock):
    wanted = publication()
    await lock.publish(wanted)
    assert await lock.resolve(wanted.instance, "_matterc._udp", timeout=2)


async def test_browsing_by_subtype_finds_only_that_subtype(lock, hub):
    other, wanted = publication(subtypes=("_L1",)), publication(subtypes=("_L2748",))
    await lock.publish(other)
    await lock.publish(wanted)
    browser = hub.browse("_matterc._udp", subtype="_L2748")
    found = await within(anext(browser))
    assert found.instance == wanted.instance
    assert "_L2748" in found.subtypes
    browser.close()
    assert [each async for each in browser] == []


async def test_a_browser_gives_a_service_again_when_its_txt_changes(lock, hub):
    wanted = publication(service_type="_matter._tcp", subtypes=())
    browser = hub.browse("_matter._tcp")
    published = await lock.publish(wanted)
    while (await within(anext(browser))).instance != wanted.instance:
        pass
    await published.update(txt={"SII": "800"})
    found = await within(anext(browser))
    assert (found.instance, found.txt) == (wanted.instance, {"SII": "800"})


async def test_a_withdrawn_service_is_forgotten_and_found_again(lock, hub):
    wanted = publication(subtypes=("_L77",))
    browser = hub.browse("_matterc._udp", subtype="_L77")
    published = await lock.publish(wanted)
    await within(anext(browser))
    await published.withdraw()
    await published.withdraw()
    with pytest.raises(Misuse):
        await published.update(txt={})
    again = publication(instance=wanted.instance, host=wanted.host, port=5541, subtypes=("_L77",))
    await lock.publish(again)
    assert (await within(anext(browser))).port == 5541
    await lock.close()
    assert await hub.resolve("0000000000000000", "_matterc._udp", timeout=0.01) is None


async def test_one_instance_is_published_once(lock):
    wanted = publication()
    await lock.publish(wanted)
    with pytest.raises(Misuse):
        await lock.publish(wanted)


async def test_a_txt_entry_has_at_most_255_octets(lock):
    with pytest.raises(Misuse):
        await lock.publish(publication(txt={"DN": "x" * 255}))


async def test_a_hundred_locks_in_one_process_are_all_found(lock, hub):
    names = set()
    for number in range(100):
        wanted = publication(service_type="_matter._tcp", port=6000 + number, subtypes=("_I00000000000000AB",))
        names.add(wanted.instance)
        await lock.publish(wanted)
    browser = hub.browse("_matter._tcp", subtype="_I00000000000000AB")
    async with asyncio.timeout(5):
        while names:
            names.discard((await anext(browser)).instance)


async def test_zeroconf_finds_us_and_hears_our_goodbye(lock):
    """An independent implementation reads our records, the subtype's pointer included."""
    wanted = publication(subtypes=("_L99",))
    published = await lock.publish(wanted)
    other = AsyncZeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only)
    try:
        name = f"{wanted.instance}._matterc._udp.local."
        info = AsyncServiceInfo("_matterc._udp.local.", name)
        assert await within(info.async_request(other.zeroconf, 3000), 4)
        assert info.port == 5540
        assert info.server == f"{wanted.host}.local."
        assert info.decoded_properties == {"D": "3840", "CM": "1"}
        assert info.parsed_addresses(IPVersion.V6Only) == ["::1"]
        await published.withdraw()
    finally:
        await other.async_close()


async def test_we_find_what_zeroconf_publishes(hub):
    name = f"{next(ENTROPY):016X}"
    other = AsyncZeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only)
    info = AsyncServiceInfo(
        "_matter._tcp.local.",
        f"{name}._matter._tcp.local.",
        addresses=[socket.inet_pton(socket.AF_INET6, "fd00::5")],
        port=5550,
        properties={"SII": "500"},
        server=f"{name}.local.",
    )
    try:
        browser = hub.browse("_matter._tcp")
        announcing = await other.async_register_service(info, cooperating_responders=True)
        found = await hub.resolve(name, "_matter._tcp", timeout=3)
        assert found is not None
        assert (found.port, found.addresses, found.txt) == (5550, ("fd00::5",), {"SII": "500"})
        async with asyncio.timeout(3):
            while (await anext(browser)).instance != name:
                pass
        announcing.cancel()
    finally:
        await other.async_close()


async def test_a_subtype_points_to_the_base_instance_with_all_beside_it(lock, wire):
    """The C++ SDK and matter.js browse by subtype, directly, and expect SRV, TXT and AAAA beside the pointer."""
    wanted = publication(subtypes=("_L1234",))
    await lock.publish(wanted)
    answer = DNSIncoming(await wire(question("_L1234._sub._matterc._udp.local.", PTR)))
    pointer, *beside = answer.answers()
    name = f"{wanted.instance}._matterc._udp.local."
    assert (pointer.name, pointer.type, pointer.alias) == ("_L1234._sub._matterc._udp.local.", PTR, name)
    assert {record.type for record in beside} == {SRV, TXT, AAAA}
    assert (answer.num_answers, answer.num_additionals) == (1, 3)
    assert pointer.ttl == 4500
    assert {record.ttl for record in beside if record.type in {SRV, AAAA}} == {120}


async def test_a_legacy_asker_gets_its_id_and_short_lives(lock, wire):
    """RFC 6762 6.7: no direct-answer bit and a port of its own."""
    wanted = publication()
    await lock.publish(wanted)
    name = f"{wanted.instance}._matterc._udp.local."
    packet = struct.pack("!H", 0x1234) + question(name, SRV, 1)[2:]
    answer = DNSIncoming(await wire(packet))
    assert answer.id == 0x1234
    assert [each.name for each in answer.questions] == [name]
    assert {record.ttl for record in answer.answers()} == {10}
    assert not any(record.unique for record in answer.answers())


async def test_service_types_can_be_listed(lock, wire):
    await lock.publish(publication())
    answer = DNSIncoming(await wire(question("_services._dns-sd._udp.local.", PTR)))
    assert "_matterc._udp.local." in {record.alias for record in answer.answers()}


async def test_a_known_answer_is_not_repeated(lock, wire):
    """RFC 6762 7.1: the answer that comes is that to the second question."""
    wanted = publication(subtypes=("_L4000",))
    await lock.publish(wanted)
    owner, name = "_L4000._sub._matterc._udp.local.", f"{wanted.instance}._matterc._udp.local."
    out = DNSOutgoing(0)
    out.add_question(DNSQuestion(owner, PTR, QU))
    out.add_question(DNSQuestion(name, TXT, QU))
    out.add_answer_at_time(DNSPointer(owner, PTR, 1, 4000, name), 0)
    answer = DNSIncoming(await wire(out.packets()[0]))
    assert answer.answers()[0].type == TXT
    assert answer.num_answers == 1


async def test_garbage_does_not_disturb(lock, hub, wire):
    wanted = publication()
    await lock.publish(wanted)
    good = question(f"{wanted.instance}._matterc._udp.local.", SRV)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as noisy:
        noisy.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        for length in range(len(good)):
            noisy.sendto(good[:length], ("224.0.0.251", 5353))
            noisy.sendto(b"\x00\x00\x84\x00" + bytes(range(length)), ("224.0.0.251", 5353))
    assert await wire(good)
    assert await hub.resolve(wanted.instance, "_matterc._udp", timeout=2)


async def test_closing_ends_everything(hub):
    browser = hub.browse("_matterc._udp", subtype="_L4095")
    waiting = asyncio.create_task(anext(browser, None))
    await asyncio.sleep(0)
    await hub.close()
    await hub.close()
    assert await within(waiting) is None
    with pytest.raises(Misuse):
        await hub.resolve("x", "_matterc._udp", timeout=1)


@pytest.mark.parametrize("name", [None, "no-such-0", ""])
def test_the_interface_must_be_named(name):
    with pytest.raises(NoSuchInterface, match=r"there are: .*lo \(::1\)"):
        MdnsDiscovery(name)


def test_interfaces_are_listed_with_their_addresses():
    loopback = next(each for each in interfaces() if each.name == "lo")
    assert loopback.is_loopback
    assert loopback.index > 0
    assert loopback.link_local is None
