"""The virtual air."""

import asyncio

import pytest

from latchwork.stack.mdns_contract import Publication
from latchwork.stack.memory import Air, Weather
from latchwork.stack.virtual_time import run_virtual


def heard(transport):
    messages = []
    transport.bind(lambda datagram, source: messages.append((datagram, source)))
    return messages


async def settle():
    await asyncio.sleep(10)


def test_a_datagram_arrives_with_its_senders_address():
    async def story():
        air = Air()
        one, two = air.attach(), air.attach()
        messages = heard(two)
        one.send(b"hello", two.address)
        await settle()
        return messages == [(b"hello", one.address)]

    assert run_virtual(story())


def weather_story(seed, weather, count=400):
    async def story():
        air = Air(seed, weather)
        one, two = air.attach(), air.attach()
        messages = heard(two)
        for number in range(count):
            one.send(number.to_bytes(2, "big"), two.address)
        await settle()
        return [datagram for datagram, _ in messages]

    return run_virtual(story())


def test_the_same_seed_tells_the_same_story():
    storm = Weather(loss=0.3, duplication=0.2, delay=0.01, spread=0.05)
    assert weather_story(7, storm) == weather_story(7, storm)
    assert weather_story(7, storm) != weather_story(8, storm)


def test_loss_takes_about_its_share():
    assert 0.6 < len(weather_story(1, Weather(loss=0.3))) / 400 < 0.8


def test_duplicates_arrive_twice_and_spread_reorders():
    arrived = weather_story(1, Weather(duplication=0.5, spread=1.0))
    assert len(arrived) > 500
    assert arrived != sorted(arrived)


def test_a_partition_separates_two_hosts_until_they_rejoin():
    async def story():
        air = Air()
        one, two = air.attach(), air.attach()
        messages = heard(two)
        air.part(one.address[0], two.address[0])
        one.send(b"lost", two.address)
        await settle()
        air.rejoin(one.address[0], two.address[0])
        one.send(b"found", two.address)
        await settle()
        return [datagram for datagram, _ in messages]

    assert run_virtual(story()) == [b"found"]


def test_a_tap_sees_and_can_swallow():
    async def story():
        air = Air()
        one, two = air.attach(), air.attach()
        messages = heard(two)
        air.taps.append(lambda datagram, _source, _target: datagram != b"bad")
        one.send(b"bad", two.address)
        one.send(b"good", two.address)
        await settle()
        return [datagram for datagram, _ in messages], air.lost

    assert run_virtual(story()) == ([b"good"], 1)


def test_a_group_reaches_every_member_but_the_sender():
    async def story():
        air = Air()
        one, two, three = air.attach(), air.attach(), air.attach()
        boxes = [heard(node) for node in (one, two, three)]
        for node in (one, two):
            node.join("ff35::1")
        one.send(b"all", ("ff35::1", 5540, 0, 0))
        await settle()
        two.leave("ff35::1")
        await two.close()
        one.send(b"gone", ("ff35::1", 5540, 0, 0))
        await settle()
        return [len(box) for box in boxes]

    assert run_virtual(story()) == [0, 1, 0]


def test_services_are_found_whether_published_before_or_after_the_question():
    async def story():
        air = Air()
        mine, theirs = air.discovery("fd00::1"), air.discovery("fd00::2")
        await mine.publish(Publication("A", "_matter._tcp", 5540, "HOST", {"SII": "500"}, ("_Iab",)))
        early = await theirs.resolve("A", "_matter._tcp", timeout=1)
        later = asyncio.create_task(theirs.resolve("B", "_matter._tcp", timeout=5))
        await asyncio.sleep(1)
        handle = await mine.publish(Publication("B", "_matter._tcp", 5541, "HOST2"))
        found = await later
        await handle.update(txt={"T": "1"})
        changed = await theirs.resolve("B", "_matter._tcp", timeout=1)
        await handle.withdraw()
        gone = await theirs.resolve("B", "_matter._tcp", timeout=1)
        browser = theirs.browse("_matter._tcp", subtype="_Iab")
        first = await anext(aiter(browser))
        browser.close()
        return early.addresses, found.port, changed.txt, gone, first.instance

    assert run_virtual(story()) == (("fd00::1",), 5541, {"T": "1"}, None, "A")


@pytest.mark.parametrize("weather", [Weather(), Weather(loss=1.0)])
def test_counts_tell_what_was_sent_and_lost(weather):
    async def story():
        air = Air(0, weather)
        one, two = air.attach(), air.attach()
        one.send(b"x", two.address)
        return air.sent, air.lost

    assert run_virtual(story()) == (1, int(weather.loss))
