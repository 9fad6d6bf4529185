"""The runtime: an engine with a clock, waiting and an end."""

import asyncio
import threading

import pytest
from tests.support.world import NEW_YEAR_2026, dice, tell

from latchwork.base.errors import LatchworkError, Misuse
from latchwork.matter.crypto.spake2p import Verifier
from latchwork.matter.engine import PaseCredentials
from latchwork.matter.engine.engine import SessionClosed
from latchwork.matter.exchange.exchange import NoAcknowledgement
from latchwork.matter.messages.secure_channel import SessionParameters
from latchwork.stack.memory import Air
from latchwork.stack.runtime import NoAnswer, Runtime
from latchwork.stack.virtual_time import run_virtual

PASSCODE, SALT = 20202021, bytes(16)


def window(iterations=1000):
    return PaseCredentials(Verifier.from_passcode(PASSCODE, SALT, iterations), SALT, iterations)


def runtime(air, name, **options):
    options = {"parameters": SessionParameters(), "entropy": dice(name), "use_threads": False} | options
    return Runtime([air.attach()], **options)


def story(play, **options):
    """Two runtimes with a PASE session between them."""

    async def main():
        air = Air()
        left, right = runtime(air, "left", **options), runtime(air, "right", **options)
        right.open_window(window())
        try:
            session = await left.pase(("fd00::2", 5540, 0, 0), PASSCODE)
            await play(air, left, right, session)
        finally:
            await left.close()
            await right.close()
            await asyncio.sleep(0.1)

    run_virtual(main())


def echo(runtime):
    """Answer every request with its own payload."""
    runtime.on_request = lambda exchange, message: exchange.send(9, message.payload[::-1], final=True)


def test_a_request_is_answered():
    async def play(_air, left, right, session):
        echo(right)
        exchange = left.open(session)
        answer = await exchange.request(8, b"abc")
        exchange.finish()
        assert (answer.opcode, answer.payload) == (9, b"cba")
        assert "3 octets" in repr(answer)
        await asyncio.sleep(0.1)
        assert not session.exchanges

    story(play)


def test_answers_that_came_before_they_were_waited_for_are_kept():
    async def play(_air, left, right, session):
        def twice(exchange, _message):
            exchange.send(9, b"one")
            exchange.send(9, b"two", final=True)

        right.on_request = twice
        exchange = left.open(session)
        exchange.send(8, b"")
        await asyncio.sleep(1)
        assert [(await exchange.receive(1)).payload for _ in range(2)] == [b"one", b"two"]
        exchange.finish()
        with pytest.raises(Misuse):
            await exchange.receive(1)

    story(play)


def test_an_answer_that_does_not_come_in_time_is_no_answer():
    async def play(_air, left, right, session):
        right.on_request = lambda exchange, message: None
        exchange = left.open(session)
        with pytest.raises(NoAnswer, match="7 s"):
            await exchange.request(8, b"", timeout=7)
        exchange.finish()

    story(play)


def test_a_peer_that_is_gone_is_no_acknowledgement():
    async def play(air, left, _right, session):
        air.part("fd00::1", "fd00::2")
        exchange = left.open(session)
        with pytest.raises(NoAcknowledgement):
            await exchange.request(8, b"")
        with pytest.raises(NoAcknowledgement):
            await exchange.receive(1)

    story(play)


def test_a_session_that_is_closed_ends_the_waiting():
    async def play(_air, left, right, session):
        right.on_request = lambda exchange, message: right.close_session(exchange.session)
        exchange = left.open(session)
        with pytest.raises(SessionClosed):
            await exchange.request(8, b"")
        with pytest.raises(SessionClosed):
            left.open(session)

    story(play)


def test_a_request_that_nobody_serves_is_acknowledged_and_dropped():
    async def play(_air, left, _right, session):
        exchange = left.open(session)
        with pytest.raises(NoAnswer):
            await exchange.request(8, b"", timeout=3)
        exchange.finish()

    story(play)


def test_a_cancelled_request_leaves_nothing():
    async def play(_air, left, right, session):
        right.on_request = lambda exchange, message: None
        exchange = left.open(session)
        task = asyncio.create_task(exchange.request(8, b""))
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        exchange.finish()
        await asyncio.sleep(1)
        assert not session.exchanges
        assert exchange.on_message is None

    story(play)


def test_a_cancelled_handshake_is_abandoned():
    async def main():
        air = Air()
        left = runtime(air, "left")
        task = asyncio.create_task(left.pase(("fd00::9", 5540, 0, 0), PASSCODE))
        await asyncio.sleep(0.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not left.engine._unsecured
        assert not left.engine.sessions._reserved
        await left.close()

    run_virtual(main())


def test_close_says_goodbye_and_is_harmless_when_done_before():
    async def main():
        air = Air()
        left, right = runtime(air, "left"), runtime(air, "right")
        right.open_window(window())
        closed = []
        right.on_session_closed = closed.append
        await left.pase(("fd00::2", 5540, 0, 0), PASSCODE)
        await asyncio.sleep(0.1)
        await left.close()
        await left.close()
        await asyncio.sleep(0.1)
        assert len(closed) == 1
        assert not right.sessions()
        sent = air.sent
        await asyncio.sleep(60)
        assert air.sent == sent
        await right.close()

    run_virtual(main())


def test_the_window_is_told_of_vain_attempts_and_can_be_closed():
    async def main():
        air = Air()
        left, right = runtime(air, "left"), runtime(air, "right")
        right.open_window(window())
        vain = []
        right.on_pase_failed = lambda: vain.append(1)
        for _ in range(2):
            with pytest.raises(LatchworkError):
                await left.pase(("fd00::2", 5540, 0, 0), 12345679)
        assert len(vain) == 2
        right.close_window()
        with pytest.raises(LatchworkError):
            await left.pase(("fd00::2", 5540, 0, 0), PASSCODE)
        assert len(vain) == 2
        await left.close()
        await right.close()

    run_virtual(main())


def test_an_address_that_no_transport_reaches_is_like_a_lost_datagram():
    async def play(_air, left, _right, session):
        session.address = object()
        exchange = left.open(session)
        with pytest.raises(NoAcknowledgement):
            await exchange.request(8, b"")

    story(play)


def test_the_date_follows_the_loop():
    async def main():
        air, loop = Air(), asyncio.get_running_loop()
        await asyncio.sleep(1000)
        made = runtime(air, "left", utc=lambda: NEW_YEAR_2026 + loop.time())
        assert made.engine.utc == NEW_YEAR_2026
        made.set_clock(None)
        assert made.engine.utc is None
        await made.close()

    run_virtual(main())


async def test_long_key_stretching_happens_in_a_thread_and_others_are_served_meanwhile():
    air = Air()
    left = Runtime([air.attach()], parameters=SessionParameters())
    right = Runtime([air.attach()], parameters=SessionParameters())
    right.open_window(window(20_000))
    threads, turns = set(), 0
    handshake = asyncio.create_task(left.pase(("fd00::2", 5540, 0, 0), PASSCODE))
    while not handshake.done():
        threads |= {thread.name for thread in threading.enumerate()}
        turns += 1
        await asyncio.sleep(0)
    assert (await handshake).kind == "pase"
    assert any(name.startswith("asyncio_") for name in threads)
    assert turns > 10
    await left.close()
    await right.close()


async def test_closing_while_a_key_is_stretched_waits_for_nobody():
    air = Air()
    left = Runtime([air.attach()], parameters=SessionParameters())
    right = Runtime([air.attach()], parameters=SessionParameters())
    right.open_window(window(20_000))
    handshake = asyncio.create_task(left.pase(("fd00::2", 5540, 0, 0), PASSCODE))
    for _ in range(100):  # until the work is in its thread: a few turns
        await asyncio.sleep(0)
    assert left._tasks
    await left.close()
    handshake.cancel()
    await asyncio.gather(handshake, return_exceptions=True)
    await right.close()


def test_a_thousand_requests_leave_nothing_behind():
    async def play(world):
        peer = await world.commissioned()
        from latchwork.matter.model.clusters.door_lock import DoorLock

        for _ in range(1000):
            await peer.get(1, DoorLock.lock_state)
        await asyncio.sleep(1)
        for runtime in (world.locks["lock"].node.runtime, world.controllers["home"].runtime):
            assert not runtime.engine._watched
            assert not any(session.exchanges for session in runtime.sessions())
            assert not runtime._tasks

    tell(play)
