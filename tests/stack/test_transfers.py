"""Files over exchanges, in virtual time: what ends a transfer, on both sides, and that nothing is left behind."""

import asyncio

import pytest
from tests.stack.test_runtime import story

from latchwork.base.errors import Misuse, Unreachable
from latchwork.matter.exchange.bdx import NotServed, Receiver, Sender, TransferBroken, TransferRefused, TransferTimeout
from latchwork.matter.messages.bdx import BdxCode
from latchwork.stack.memory import Weather
from latchwork.stack.transfers import Serving, block_size, download

FILE = bytes(range(250)) * 40


class File:
    def __init__(self, octets=FILE):
        self.octets = octets
        self.length = len(octets)
        self.closed = 0

    def read(self, offset, size):
        return self.octets[offset : offset + size]

    def close(self):
        self.closed += 1


class Shelf:
    """Serves one file to whoever asks."""

    def __init__(self, runtime, file=None, **options):
        self.file = file or File()
        self.ends, self.progress, self.options = [], [], options
        runtime.on_request = self.asked

    def find(self, proposal):
        if proposal.designator != b"file":
            raise NotServed(BdxCode.FILE_DESIGNATOR_UNKNOWN)
        return self.file

    def asked(self, exchange, message):
        sender = Sender(self.find, **{"max_block_size": 1000} | self.options)
        self.serving = Serving(
            exchange,
            sender,
            on_progress=lambda each: self.progress.append(each.sent),
            on_end=lambda serving, error: self.ends.append(error),
        )
        self.serving.begin(message)


def receiver_of(session, **options):
    return Receiver(**{"designator": b"file", "max_block_size": block_size(session)} | options)


def test_a_file_is_transferred_and_both_sides_know_it():
    async def play(_air, left, right, session):
        shelf, kept = Shelf(right), bytearray()
        await download(left.open(session), receiver_of(session), kept.extend)
        await asyncio.sleep(1)
        assert kept == FILE
        assert shelf.ends == [None]
        assert shelf.file.closed == 1
        assert shelf.progress[-1] == len(FILE)
        assert not session.exchanges
        assert not any(each.exchanges for each in right.sessions())

    story(play)


def test_a_file_is_transferred_through_a_storm_from_any_offset():
    async def play(air, left, right, session):
        shelf, kept = Shelf(right), bytearray()
        air.weather = Weather(loss=0.15, duplication=0.1, spread=0.2)
        await download(left.open(session), receiver_of(session, start_offset=777), kept.extend)
        assert kept == FILE[777:]
        await asyncio.sleep(30)
        assert shelf.ends == [None]

    story(play)


def test_blocks_fill_a_message_and_fit_it():
    async def play(_air, left, right, session):
        sizes = []
        Shelf(right, max_block_size=block_size(session))
        await download(left.open(session), receiver_of(session), lambda data: sizes.append(len(data)))
        assert max(sizes) == session.max_payload - 4

    story(play)


def test_a_file_that_is_not_served_is_refused_with_its_reason():
    async def play(_air, left, right, session):
        shelf = Shelf(right)
        with pytest.raises(TransferRefused) as caught:
            await download(left.open(session), receiver_of(session, designator=b"other"), lambda _: None)
        assert caught.value.code is BdxCode.FILE_DESIGNATOR_UNKNOWN
        assert isinstance(shelf.ends[0], TransferBroken)
        await asyncio.sleep(1)
        assert not session.exchanges

    story(play)


def test_a_receiver_that_cannot_keep_the_octets_says_so():
    async def play(_air, left, right, session):
        shelf = Shelf(right)

        def full(_data):
            raise Misuse("the disk is full")

        with pytest.raises(Misuse):
            await download(left.open(session), receiver_of(session), full)
        await asyncio.sleep(1)
        assert isinstance(shelf.ends[0], TransferRefused)
        assert shelf.file.closed == 1

    story(play)


def test_a_receiver_that_is_cancelled_says_so():
    async def play(air, left, right, session):
        air.weather = Weather(delay=0.1)
        shelf = Shelf(right)
        task = asyncio.create_task(download(left.open(session), receiver_of(session), lambda _: None))
        await asyncio.sleep(1)
        assert shelf.progress
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(1)
        assert isinstance(shelf.ends[0], TransferRefused)

    story(play)


def test_a_sender_that_is_gone_is_unreachable():
    async def play(air, left, right, session):
        shelf = Shelf(right)

        def part(_data):
            air.part("fd00::1", "fd00::2")

        with pytest.raises(Unreachable):
            await download(left.open(session), receiver_of(session), part)
        await asyncio.sleep(120)
        assert isinstance(shelf.ends[0], Unreachable)
        assert shelf.file.closed == 1

    story(play)


def test_a_peer_that_acknowledges_and_says_nothing_runs_into_the_deadline():
    async def play(_air, left, right, session):
        right.on_request = lambda exchange, message: None
        with pytest.raises(TransferTimeout):
            await download(left.open(session), receiver_of(session, timeout=20), lambda _: None)
        shelf = Shelf(right, timeout=20)
        exchange = left.open(session)
        opening = receiver_of(session).start(0.0)
        exchange.send(opening.opcode, opening.encode(), protocol_id=2)
        await asyncio.sleep(19)
        assert shelf.ends == []
        await asyncio.sleep(2)
        assert isinstance(shelf.ends[0], TransferTimeout)
        assert shelf.file.closed == 1
        exchange.finish()

    story(play)


def test_a_server_that_stops_lets_go_of_its_file():
    async def play(air, left, right, session):
        air.weather = Weather(delay=0.1)
        shelf = Shelf(right)
        task = asyncio.create_task(download(left.open(session), receiver_of(session, timeout=5), lambda _: None))
        await asyncio.sleep(1)
        assert shelf.progress
        shelf.serving.stop(Unreachable("closing"))
        shelf.serving.stop(Unreachable("closing"))
        assert len(shelf.ends) == 1
        assert shelf.file.closed == 1
        with pytest.raises(Unreachable):
            await task

    story(play)


def test_other_messages_do_not_belong_into_a_transfer():
    async def play(_air, left, right, session):
        shelf = Shelf(right)
        exchange = left.open(session)
        opening = receiver_of(session).start(0.0)
        exchange.send(opening.opcode, opening.encode(), protocol_id=2)
        await exchange.receive(5)
        answer = await exchange.request(8, b"", timeout=5)
        assert (answer.protocol_id, answer.opcode) == (0, 0x40)
        assert isinstance(shelf.ends[0], TransferBroken)
        exchange.finish()

    story(play)
