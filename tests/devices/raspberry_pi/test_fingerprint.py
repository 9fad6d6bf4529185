"""The fingerprint module: its packages, and a double that speaks its protocol."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.base.errors import Refused, Unreachable
from latchwork.devices.raspberry_pi.contacts import Contact
from latchwork.devices.raspberry_pi.fingerprint import FINGER_S, FingerprintModule
from latchwork.devices.raspberry_pi.fingerprint_packets import (
    Confirmation,
    Instruction,
    Packet,
    PacketKind,
    PacketReader,
    command,
)


def test_the_manuals_example_commands_have_these_octets():
    # VfyPwd with password 0 and GenImg, as the makers' user manuals print them.
    assert command(Instruction.VERIFY_PASSWORD, bytes(4)).hex() == "ef01ffffffff010007130000000000" + "1b"
    assert command(Instruction.GEN_IMG).hex() == "ef01ffffffff010003010005"


@given(st.binary(max_size=256), st.binary(max_size=40), st.integers(1, 9))
def test_packages_are_found_in_any_pieces_behind_noise(contents, noise, piece):
    packet = Packet(PacketKind.ACKNOWLEDGE, contents)
    noise = noise.replace(b"\xef", b"")
    octets = noise + packet.encode()
    reader, found = PacketReader(), []
    for start in range(0, len(octets), piece):
        found += reader.feed(octets[start : start + piece])
    assert found == [packet]


@given(st.binary(max_size=2000))
def test_noise_is_never_more_than_skipped_and_never_fills_memory(noise):
    reader = PacketReader()
    list(reader.feed(noise))
    assert len(reader._buffer) <= 9 + 258


def test_a_package_with_a_wrong_sum_is_skipped_and_the_next_is_found():
    good = Packet(PacketKind.ACKNOWLEDGE, b"\x00").encode()
    bad = good[:-1] + bytes((good[-1] ^ 1,))
    assert [packet.contents for packet in PacketReader().feed(bad + good)] == [b"\x00"]


class Module:
    """The other end of the line: keeps templates by place, sees whatever finger is laid on."""

    def __init__(self, places=4):
        self.places, self.templates = places, {}
        self.finger, self.image, self.buffers, self.model = None, None, {}, None
        self.is_mute = False
        self.is_closed = False
        self.password = bytes(4)
        self.asked = []
        self._reader = PacketReader()

    def listen(self, received):
        self.received = received
        received(b"\x55")  # modules greet after power-up

    def close(self):
        self.is_closed = True

    def write(self, data):
        for packet in self._reader.feed(data):
            instruction, arguments = Instruction(packet.contents[0]), packet.contents[1:]
            self.asked.append(instruction)
            if self.is_mute:
                continue
            answer = Packet(PacketKind.ACKNOWLEDGE, self.answer(instruction, arguments)).encode()
            loop = asyncio.get_running_loop()
            for delay, part in ((0.01, answer[:5]), (0.02, answer[5:])):
                loop.call_later(delay, self.received, part)

    def answer(self, instruction, arguments):
        match instruction:
            case Instruction.VERIFY_PASSWORD:
                return b"\x00" if arguments == self.password else b"\x13"
            case Instruction.READ_SYS_PARA:
                return bytes(5) + self.places.to_bytes(2, "big") + bytes(10)
            case Instruction.READ_INDEX_TABLE:
                taken = sum(1 << place for place in self.templates)
                return b"\x00" + taken.to_bytes(32, "little")
            case Instruction.GEN_IMG:
                self.image = self.finger
                return b"\x02" if self.finger is None else b"\x00"
            case Instruction.IMG_2_TZ:
                if self.image == "smudge":
                    return b"\x06"
                self.buffers[arguments[0]] = self.image
                return b"\x00"
            case Instruction.SEARCH:
                first, count = int.from_bytes(arguments[1:3], "big"), int.from_bytes(arguments[3:5], "big")
                for place, template in self.templates.items():
                    if first <= place < first + count and template == self.buffers[arguments[0]]:
                        return b"\x00" + place.to_bytes(2, "big") + b"\x00\x64"
                return b"\x09\x00\x00\x00\x00"
            case Instruction.REG_MODEL:
                if self.buffers[1] != self.buffers[2]:
                    return b"\x0a"
                self.model = self.buffers[1]
                return b"\x00"
            case Instruction.STORE:
                self.templates[int.from_bytes(arguments[1:3], "big")] = self.model
                return b"\x00"
            case Instruction.DELETE_CHAR:
                self.templates.pop(int.from_bytes(arguments[:2], "big"), None)
                return b"\x00"
            case Instruction.EMPTY:
                self.templates.clear()
                return b"\x00"


@pytest.fixture
def module():
    return Module()


@pytest.fixture
def run(module, let):
    """Runs a story with a reader that looks for fingers."""

    def tell(story, **options):
        async def whole():
            reader = FingerprintModule(module, **options)
            seen = []
            reader.listen(seen.append)
            reader.start()
            try:
                return await story(reader, seen)
            finally:
                await reader.close()

        return let(whole())

    return tell


async def lay(module, finger, seconds=2.0):
    module.finger = finger
    await asyncio.sleep(seconds)
    module.finger = None
    await asyncio.sleep(2.0)


def test_a_finger_is_told_once_however_long_it_stays(module, run):
    module.templates[2] = "anna"

    async def story(_reader, seen):
        await lay(module, "anna", 60)
        await lay(module, "stranger")
        return seen

    assert run(story) == [b"\x00\x02", None]


def test_a_finger_read_badly_is_nobody(module, run):
    async def story(_reader, seen):
        await lay(module, "smudge")
        return seen

    assert run(story) == []


def test_a_new_finger_gets_the_first_free_place_and_is_not_seen_while_taken(module, run):
    module.templates[0] = "anna"

    async def story(reader, seen):
        taking = asyncio.ensure_future(reader.enrol())
        await asyncio.sleep(1)
        await lay(module, "ben")
        module.finger = "ben"
        name = await taking
        await asyncio.sleep(2)
        assert seen == []
        await lay(module, None)
        await lay(module, "ben")
        return name, seen

    name, seen = run(story)
    assert name == b"\x00\x01"
    assert module.templates == {0: "anna", 1: "ben"}
    assert seen == [name]


def test_two_different_fingers_make_no_template(module, run):
    async def story(reader, _seen):
        taking = asyncio.ensure_future(reader.enrol())
        await asyncio.sleep(1)
        await lay(module, "ben")
        await lay(module, "anna")
        with pytest.raises(Refused, match="REG_MODEL") as refused:
            await taking
        assert refused.value.advice

    run(story)
    assert module.templates == {}


def test_nobody_comes(run):
    async def story(reader, _seen):
        with pytest.raises(Refused, match="no finger"):
            await reader.enrol()

    run(story)


def test_a_full_module_says_so(module, run):
    module.templates = dict.fromkeys(range(4), "somebody")

    async def story(reader, _seen):
        with pytest.raises(Refused, match="full"):
            await reader.enrol()

    run(story)


def test_one_finger_at_a_time_and_a_cancelled_one_leaves_nothing(module, run):
    async def story(reader, _seen):
        taking = asyncio.ensure_future(reader.enrol())
        await asyncio.sleep(1)
        with pytest.raises(Refused, match="another finger"):
            await reader.enrol()
        taking.cancel()
        await asyncio.sleep(0)
        await lay(module, "ben")
        return await enrol(reader, module, "anna")

    assert run(story) == b"\x00\x00"
    assert module.templates == {0: "anna"}


async def enrol(reader, module, finger):
    taking = asyncio.ensure_future(reader.enrol())
    await asyncio.sleep(1)
    await lay(module, finger)
    await lay(module, finger)
    return await taking


def test_templates_are_forgotten_one_or_all_even_while_closing(module, run):
    module.templates = {0: "anna", 1: "ben", 2: "carla"}

    async def story(reader, _seen):
        reader.forget(b"\x00\x01")
        reader.forget(b"\x00\x03")
        reader.forget(b"no name of ours")
        await asyncio.sleep(1)
        assert module.templates == {0: "anna", 2: "carla"}
        reader.forget_all()

    run(story)
    assert module.templates == {}
    assert module.is_closed


def test_a_module_that_is_silent_is_unreachable_and_found_again(module, run):
    module.is_mute = True

    async def story(reader, seen):
        with pytest.raises(Unreachable):
            await reader.enrol()
        module.is_mute = False
        module.templates[1] = "anna"
        await asyncio.sleep(2 * FINGER_S)
        await lay(module, "anna")
        return seen

    assert run(story) == [b"\x00\x01"]


def test_a_module_with_another_password_is_not_asked_for_fingers(module, run):
    module.password = b"\x12\x34\x56\x78"

    async def story(_reader, _seen):
        await asyncio.sleep(10)

    run(story)
    assert Instruction.GEN_IMG not in module.asked
    run(story, password=0x12345678)
    assert Instruction.GEN_IMG in module.asked


def test_with_its_touch_wire_a_module_is_left_in_peace(module, run, pins, factory, loop):
    module.templates[1] = "anna"
    touch = Contact(pins.input(25, active_low=False), loop)

    async def story(_reader, seen):
        await asyncio.sleep(60)
        assert Instruction.GEN_IMG not in module.asked
        factory.pin(25).drive_high()
        await lay(module, "anna")
        factory.pin(25).drive_low()
        await asyncio.sleep(1)
        return seen

    assert run(story, touch=touch) == [b"\x00\x01"]
    touch.close()


def test_every_confirmation_that_is_named_has_its_manuals_number():
    assert (Confirmation.OK, Confirmation.NO_FINGER, Confirmation.NO_MATCH, Confirmation.WRONG_PASSWORD) == (
        0,
        2,
        9,
        0x13,
    )
