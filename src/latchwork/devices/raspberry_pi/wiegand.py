"""Wiegand, the two wires of card readers: a pulse on one is a 0, on the other a 1.

Layer devices. What a frame means is `decode`, without pins or loop; the reader collects bits and knows when a frame is over. Cards are
known by their number alone, which anybody with a copying device and a moment beside the card can take: a card is a convenience.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from latchwork.base.errors import PeerViolation
from latchwork.base.logs import logger
from latchwork.devices.raspberry_pi.pins import Input

LOG: Final = logger(__name__)

SILENCE_S: Final = 0.025
"""Seconds without a pulse that end a frame. Pulses are 1 to 2 ms apart, 20 ms with the slowest readers."""
MAX_BITS: Final = 64
"""Bits that are kept of a frame: more than any that is understood, and a bound for a wire that rattles."""
IDENTIFIER_OCTETS: Final = 4
"""Octets of a card's identifier: the least that locks take as an RFID credential."""
_KEYS: Final = "0123456789*#"


@dataclass(frozen=True, slots=True)
class Card:
    """A card came near.

    Attributes:
        identifier: four octets, the greatest first; a 26-bit card has three and a zero before them.
    """

    identifier: bytes


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a reader that has some: `0` to `9`, `*` or `#`."""

    key: str


def decode(bits: Sequence[int]) -> Card | Key:
    """What a frame says: 26 or 34 bits are a card between two parity bits, 4 or 8 bits a key.

    Raises:
        PeerViolation: the length is another, a parity bit is wrong, or there is no such key.
    """
    number = 0
    for bit in bits:
        number = number << 1 | bit
    match len(bits):
        case 26 | 34:
            half = len(bits) // 2
            # The first half, its parity bit included, has an even number of ones, the second an odd number.
            if sum(bits[:half]) % 2 != 0 or sum(bits[half:]) % 2 != 1:
                raise PeerViolation("a card was read with a wrong parity bit")
            inner = number >> 1 & (1 << len(bits) - 2) - 1
            return Card(inner.to_bytes(IDENTIFIER_OCTETS, "big"))
        case 4:
            return _key(number)
        case 8:
            # The first four bits are the complement of the last four.
            if number >> 4 ^ number & 0xF != 0xF:
                raise PeerViolation("a key was read with wrong check bits")
            return _key(number & 0xF)
        case length:
            raise PeerViolation(f"a frame of {length} bits is neither a card nor a key")


def _key(number: int) -> Key:
    if number >= len(_KEYS):
        raise PeerViolation("the reader has a key that a lock does not")
    return Key(_KEYS[number])


class WiegandReader:
    """The reader: a `CardReader`, and with `keypad` a `Keypad` where it has keys.

    Args:
        data0: the wire whose pulses are zeros, active when low.
        data1: the wire whose pulses are ones.
        loop: the event loop.
    """

    __slots__ = ("_bits", "_card", "_loop", "_pins", "_timer", "keypad")

    def __init__(self, data0: Input, data1: Input, loop: asyncio.AbstractEventLoop) -> None:
        self.keypad = WiegandKeypad()
        self._loop = loop
        self._bits: list[int] = []
        self._timer: asyncio.TimerHandle | None = None
        self._card: Callable[[bytes], None] | None = None
        self._pins = (data0, data1)
        data0.when_activated = lambda: self._pulse(0)
        data1.when_activated = lambda: self._pulse(1)

    def listen(self, seen: Callable[[bytes], None]) -> None:
        """Have `seen(identifier)` called for each card."""
        self._card = seen

    def close(self) -> None:
        """Read no more."""
        for pin in self._pins:
            pin.when_activated = None
        if self._timer is not None:
            self._timer.cancel()

    def _pulse(self, bit: int) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._take, bit)

    def _take(self, bit: int) -> None:
        if len(self._bits) <= MAX_BITS:
            self._bits.append(bit)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(SILENCE_S, self._over)

    def _over(self) -> None:
        self._timer = None
        bits, self._bits = self._bits, []
        try:
            heard = decode(bits)
        except PeerViolation as error:
            LOG.info("%s", error)
            return
        if isinstance(heard, Key):
            self.keypad.press(heard.key)
        elif self._card is not None:
            self._card(heard.identifier)


class WiegandKeypad:
    """The keys of a reader as a `Keypad`."""

    __slots__ = ("_listener",)

    def __init__(self) -> None:
        self._listener: Callable[[str], None] | None = None

    def listen(self, key: Callable[[str], None]) -> None:
        """Have `key` called for each key."""
        self._listener = key

    def press(self, key: str) -> None:
        """The reader says that a key was pressed."""
        if self._listener is not None:
            self._listener(key)
