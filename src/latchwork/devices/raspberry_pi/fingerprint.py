"""A fingerprint module on a serial line as a `FingerprintReader`.

Layer devices. Tested against a double that speaks the modules' protocol from their manuals; never tried on a module: expect to adjust
the patience of a slow one. The line is not protected: whoever gets at its wires can answer in the module's place, so they and the
module's back belong behind the front plate, with its tamper contact.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from latchwork.base.errors import LatchworkError, PeerViolation, Refused, Unreachable
from latchwork.base.logs import logger
from latchwork.devices.raspberry_pi.contacts import Contact
from latchwork.devices.raspberry_pi.fingerprint_packets import (
    Confirmation,
    Instruction,
    PacketKind,
    PacketReader,
    command,
)
from latchwork.devices.raspberry_pi.serial_line import SerialLine

LOG: Final = logger(__name__)

ANSWER_S: Final = 2.0
"""Seconds that the module may take to answer; searching a full library takes the slowest about one."""
POLL_S: Final = 0.25
"""Seconds between two looks for a finger."""
FINGER_S: Final = 20.0
"""Seconds that somebody has to put a finger on, or to take it off, while a new one is taken."""
MAX_FORGETTING: Final = 64
"""Erasures that may wait for the line."""
_PAGE_PLACES: Final = 256
_WORSE = "Clean the finger and the sensor, lay the finger flat and keep it still."


class FingerprintModule:
    """The module; `start` it in the event loop.

    A template's name is its place in the module: two octets, the greater first.

    Args:
        line: the serial line.
        touch: the module's touch output, if it is wired; without it, the module is asked for a finger all the time.
        password: the module's, four octets; the factory's is zero.
    """

    __slots__ = (
        "_answers",
        "_busy",
        "_erasures",
        "_is_enrolling",
        "_line",
        "_must_lift",
        "_password",
        "_places",
        "_seen",
        "_touch",
        "_touched",
        "_watching",
    )

    def __init__(self, line: SerialLine, *, touch: Contact | None = None, password: int = 0) -> None:
        self._line = line
        self._password = password.to_bytes(4, "big")
        self._touch = touch
        self._touched = asyncio.Event()
        self._answers: asyncio.Queue[bytes] = asyncio.Queue(maxsize=4)
        self._busy = asyncio.Lock()
        self._is_enrolling = False
        self._must_lift = False
        self._places = 0
        self._seen: Callable[[bytes | None], None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._erasures: set[asyncio.Task[None]] = set()
        reader = PacketReader()

        def received(data: bytes) -> None:
            for packet in reader.feed(data):
                if packet.kind is PacketKind.ACKNOWLEDGE and packet.contents and not self._answers.full():
                    self._answers.put_nowait(packet.contents)

        line.listen(received)
        if touch is not None:
            touch.listen(lambda is_active: self._touched.set() if is_active else None)

    def start(self) -> None:
        """Begin to look for fingers."""
        self._watching = asyncio.get_running_loop().create_task(self._watch())

    def listen(self, seen: Callable[[bytes | None], None]) -> None:
        """Have `seen(template)` called for each finger, None for one that it does not know."""
        self._seen = seen

    async def enrol(self) -> bytes:
        """Take a new finger, twice, and keep it at the first free place.

        Raises:
            Refused: the finger was not put on in time, or not read well enough, or every place is taken.
            Unreachable: the module does not answer.
        """
        if self._is_enrolling:
            raise Refused("another finger is being taken", advice="Finish with that one first.")
        self._is_enrolling = True
        try:
            name = (await self._free_place()).to_bytes(2, "big")
            for buffer in (1, 2):
                await self._finger(is_on=True)
                await self._must(Instruction.IMG_2_TZ, bytes((buffer,)))
                if buffer == 1:
                    await self._finger(is_on=False)
            await self._must(Instruction.REG_MODEL)
            await self._store(name)
        finally:
            self._is_enrolling = False
            self._must_lift = True
        return name

    def forget(self, template: bytes) -> None:
        """Erase one template; what is no name of ours is gone already."""
        if len(template) == 2:
            self._erase(Instruction.DELETE_CHAR, template + b"\x00\x01")

    def forget_all(self) -> None:
        """Erase every template."""
        self._erase(Instruction.EMPTY)

    async def close(self) -> None:
        """Stop looking, and let the line go. Erasures that wait are carried out first, within `ANSWER_S`."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        if self._erasures:
            _, late = await asyncio.wait(self._erasures, timeout=ANSWER_S)
            for erasure in late:
                erasure.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self._line.close()

    # looking for fingers

    async def _watch(self) -> None:
        """Tells of each finger once, however long it stays."""
        is_known = False
        while True:
            try:
                if not is_known:
                    await self._must(Instruction.VERIFY_PASSWORD, self._password)
                    await self._count_places()
                    is_known = True
                await self._look()
            except LatchworkError as error:
                LOG.warning("The fingerprint module: %s. %s", error, error.advice)
                is_known = False
                await asyncio.sleep(FINGER_S)

    async def _look(self) -> None:
        if self._touch is not None and not self._touch.is_active:
            self._touched.clear()
            await self._touched.wait()
        if self._must_lift:
            await self._lifted()
            return
        if self._is_enrolling or (await self._ask(Instruction.GEN_IMG))[0] != Confirmation.OK:
            await asyncio.sleep(POLL_S)
            return
        found, name = await self._search()
        if self._is_enrolling:
            return  # the finger is the new one's first look
        if found and self._seen is not None:
            self._seen(name)
        await self._lifted()

    async def _lifted(self) -> None:
        """The finger that was there is not another one: waits until it is gone."""
        self._must_lift = True
        with suppress(Refused):  # a finger that stays is waited for again
            await self._finger(is_on=False)
            self._must_lift = False

    async def _search(self) -> tuple[bool, bytes | None]:
        """Was the finger read, and whose it is."""
        if (await self._ask(Instruction.IMG_2_TZ, b"\x01"))[0] != Confirmation.OK:
            return False, None
        answer = await self._ask(Instruction.SEARCH, b"\x01\x00\x00" + self._places.to_bytes(2, "big"))
        if answer[0] == Confirmation.NO_MATCH:
            return True, None
        if answer[0] != Confirmation.OK or len(answer) < 3:
            return False, None
        return True, answer[1:3]

    async def _finger(self, *, is_on: bool) -> None:
        """Waits for a finger, or for none."""
        wanted = Confirmation.OK if is_on else Confirmation.NO_FINGER
        for _ in range(round(FINGER_S / POLL_S)):
            if (await self._ask(Instruction.GEN_IMG))[0] == wanted:
                return
            await asyncio.sleep(POLL_S)
        raise Refused("no finger came" if is_on else "the finger stayed on the sensor", advice="Try again.")

    async def _count_places(self) -> None:
        facts = await self._must(Instruction.READ_SYS_PARA)
        if len(facts) < 7:
            raise PeerViolation("the fingerprint module does not say how many fingers it can keep")
        self._places = int.from_bytes(facts[5:7], "big")

    async def _free_place(self) -> int:
        await self._count_places()
        for page in range(-(-self._places // _PAGE_PLACES)):
            taken = await self._must(Instruction.READ_INDEX_TABLE, bytes((page,)))
            first = page * _PAGE_PLACES
            for place in range(min(_PAGE_PLACES, self._places - first, 8 * (len(taken) - 1))):
                if not taken[1 + place // 8] >> place % 8 & 1:
                    return first + place
        raise Refused("the fingerprint module is full", advice="Delete a fingerprint that nobody needs any more.")

    async def _store(self, name: bytes) -> None:
        try:
            await self._must(Instruction.STORE, b"\x01" + name)
        except asyncio.CancelledError:
            self.forget(name)  # whoever gave up does not know the name, so nobody could erase it later
            raise

    # the line

    def _erase(self, instruction: Instruction, arguments: bytes = b"") -> None:
        if len(self._erasures) >= MAX_FORGETTING:
            LOG.warning(
                "The fingerprint module does not keep up with erasing: a template stays in it, of no use to anybody."
            )
            return
        erasure = asyncio.get_running_loop().create_task(self._erased(instruction, arguments))
        self._erasures.add(erasure)
        erasure.add_done_callback(self._erasures.discard)

    async def _erased(self, instruction: Instruction, arguments: bytes) -> None:
        try:
            await self._must(instruction, arguments)
        except LatchworkError as error:
            LOG.warning("A fingerprint's template could not be erased: %s", error)

    async def _must(self, instruction: Instruction, arguments: bytes = b"") -> bytes:
        """The answer to a command that has to succeed.

        Raises:
            Refused: the module says no.
            Unreachable: it says nothing.
        """
        answer = await self._ask(instruction, arguments)
        if answer[0] == Confirmation.OK:
            return answer
        if answer[0] == Confirmation.WRONG_PASSWORD:
            raise Refused("the fingerprint module has another password", advice="Put it into the door plan.")
        raise Refused(f"the fingerprint module says {answer[0]:#04x} to {instruction.name}", advice=_WORSE)

    async def _ask(self, instruction: Instruction, arguments: bytes = b"") -> bytes:
        """The answer to a command, at least one octet.

        Raises:
            Unreachable: none came in time.
        """
        async with self._busy:
            while not self._answers.empty():
                self._answers.get_nowait()  # late answers to somebody who has given up
            self._line.write(command(instruction, arguments))
            try:
                async with asyncio.timeout(ANSWER_S):
                    return await self._answers.get()
            except TimeoutError as error:
                raise Unreachable(
                    "the fingerprint module does not answer", advice="Check its supply, and that TX goes to RX."
                ) from error
