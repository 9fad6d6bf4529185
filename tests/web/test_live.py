"""Live events: in order, resumed where they broke off, and ended with the session."""

import asyncio

from latchwork.web.api import live


async def test_events_come_as_they_happen(world, owner):
    async with owner.stream("/api/v1/events") as stream:
        assert stream.status == 200
        await world.house.bus.heard()
        world.house.bus.publish("lock_state", {"lock_id": "lock_1", "text": "two\nlines"})
        event = await stream.event()
        assert event["event"] == "lock_state"
        assert event["data"] == '{"lock_id":"lock_1","text":"two\\nlines"}'
        assert event["id"] == f"{world.context.era}-{world.house.bus.last_id}"
    assert world.context.measures.live_listeners == 0
    assert world.house.bus.listeners == 0


async def test_what_was_missed_comes_after_a_break(world, owner):
    for count in range(5):
        world.house.bus.publish("tick", {"count": count})
    seen = world.house.bus.last_id - 3
    async with owner.stream("/api/v1/events", last_event_id=f"{world.context.era}-{seen}") as stream:
        found = [(await stream.event())["data"] for _ in range(3)]
    assert found == ['{"count":2}', '{"count":3}', '{"count":4}']


async def test_what_is_not_known_any_more_is_a_reset(world, owner):
    for count in range(40):
        world.house.bus.publish("tick", {"count": count})
    async with owner.stream("/api/v1/events", last_event_id=f"{world.context.era}-2") as stream:
        assert (await stream.event())["event"] == "reset"
        assert (await stream.event())["data"] == '{"count":24}'


async def test_an_id_of_another_process_is_a_reset(world, owner):
    for said in ("deadbeef-7", "garbage", "-", f"{world.context.era}-x"):
        async with owner.stream("/api/v1/events", last_event_id=said) as stream:
            assert (await stream.event())["event"] == "reset", said


async def test_the_id_can_be_in_the_address_for_those_who_set_no_headers(world, owner):
    world.house.bus.publish("tick", {})
    world.house.bus.publish("tock", {})
    async with owner.stream(f"/api/v1/events?after={world.context.era}-{world.house.bus.last_id - 1}") as stream:
        assert (await stream.event())["event"] == "tock"


async def test_who_logs_out_hears_nothing_more(world, owner):
    async with owner.stream("/api/v1/events") as stream:
        await world.house.bus.heard()
        world.clock.advance(live.BEAT_S)
        csrf, cookies = owner.csrf, dict(owner.cookies)
        assert (await owner.delete("/api/v1/session")).status == 204
        owner.csrf, owner.cookies = csrf, cookies
        world.house.bus.publish("lock_state", {"lock_id": "lock_1"})
        await asyncio.wait_for(stream.task, 5)
        assert b"lock_state" not in b"".join(stream.pieces.get_nowait() for _ in range(stream.pieces.qsize()))


async def test_a_stream_ends_with_the_hub(world, owner):
    async with owner.stream("/api/v1/events") as stream:
        await world.house.bus.heard()
        world.house.bus.close()
        await asyncio.wait_for(stream.task, 5)


async def test_a_stream_ends_after_an_hour(world, owner):
    async with owner.stream("/api/v1/events") as stream:
        await world.house.bus.heard()
        world.clock.advance(3600)
        world.house.bus.publish("tick", {})
        await asyncio.wait_for(stream.task, 5)


async def test_a_stream_needs_permission(world, owner):
    guest = await world.account(owner, "Gus", "guest")
    assert (await guest.get("/api/v1/events")).status == 403
    assert (await world.browser().get("/api/v1/events")).status == 401


async def test_listeners_are_bounded(world, owner):
    world.context.measures.live_listeners = live.MAX_LISTENERS
    answer = await owner.get("/api/v1/events")
    assert answer.status == 503
    assert answer.headers["retry-after"]
    world.context.measures.live_listeners = 0


async def test_instants_are_texts_outside(world, owner):
    world.house.bus.publish("lock_state", {"at": 1_800_000_000.5, "heard_at": None, "level": 1.5, "count_at": 3})
    world.house.bus.publish("end", {})
    before = world.house.bus.last_id - 2
    async with owner.stream("/api/v1/events", last_event_id=f"{world.context.era}-{before}") as stream:
        event = await stream.event()
    assert event["data"] == '{"at":"2027-01-15T08:00:00.500Z","heard_at":null,"level":1.5,"count_at":3}'
