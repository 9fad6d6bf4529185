"""Virtual parts of a lock: buttons, keypad, fingerprint and card reader, speaker and battery.

Layer sim: each implements a port of `devices.hardware` and has one word for what people do with it. Knows no cluster and no node.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from hashlib import blake2b
from typing import Final

from latchwork.base.errors import Misuse, Refused
from latchwork.devices.hardware import Speaker
from latchwork.sim.door import Timetable

KEYS: Final = frozenset("0123456789*#")
MAX_FINGERS: Final = 100
"""Templates that the reader has room for, as small readers have."""
TOUCHES: Final = 3
"""How often a new finger is laid on until it is known."""
_SAID: Final = 100
_FULL_MV: Final = 6000
_EMPTY_MV: Final = 4400
"""Four alkaline cells, fresh and spent."""


class FingerNotRead(Refused):
    """A finger that was to be enrolled was not read well enough, or the reader is full."""

    advice = "Lay the same finger on the sensor several times, or forget a finger first."


class VirtualButton:
    """A button, or a contact that is pressed.

    Attributes:
        is_down: whether somebody presses it.
    """

    __slots__ = ("_pressed", "_released", "is_down")

    def __init__(self, *, is_down: bool = False) -> None:
        self.is_down = is_down
        self._pressed: Callable[[], None] | None = None
        self._released: Callable[[], None] | None = None

    def listen(self, pressed: Callable[[], None], released: Callable[[], None]) -> None:
        """Have `pressed` and `released` called."""
        self._pressed, self._released = pressed, released

    def press(self) -> None:
        """Somebody presses it; nothing when it is down already."""
        if not self.is_down:
            self.is_down = True
            if self._pressed is not None:
                self._pressed()

    def release(self) -> None:
        """Somebody lets it go; nothing when it is up."""
        if self.is_down:
            self.is_down = False
            if self._released is not None:
                self._released()

    def tap(self) -> None:
        """Somebody presses it and lets it go at once."""
        self.press()
        self.release()

    def hold(self, seconds: float, timetable: Timetable) -> None:
        """Somebody presses it now and lets it go after `seconds`."""
        self.press()
        timetable.call_at(timetable.clock.monotonic() + seconds, self.release)


class VirtualKeypad:
    """Twelve keys."""

    __slots__ = ("_key",)

    def __init__(self) -> None:
        self._key: Callable[[str], None] | None = None

    def listen(self, key: Callable[[str], None]) -> None:
        """Have `key` called with each key."""
        self._key = key

    def press(self, keys: str) -> None:
        """Somebody presses these keys, one after the other.

        Raises:
            Misuse: there is no such key; none was pressed.
        """
        if not KEYS.issuperset(keys):
            raise Misuse("a keypad has the keys 0 to 9, * and #")
        for key in keys:
            if self._key is not None:
                self._key(key)


class VirtualFingerprintReader:
    """A sensor for fingers, which have names here; what it learnt it keeps through a power cut.

    Args:
        touches: how often a new finger is laid on until it is known.
        capacity: fingers it has room for.

    Attributes:
        templates: the fingers it knows, by the names of their templates.
    """

    __slots__ = ("_capacity", "_enrolling", "_seen", "_touched", "_touches", "templates")

    def __init__(self, *, touches: int = TOUCHES, capacity: int = MAX_FINGERS) -> None:
        self.templates: dict[bytes, str] = {}
        self._touches = touches
        self._capacity = capacity
        self._seen: Callable[[bytes | None], None] | None = None
        self._enrolling: asyncio.Future[bytes] | None = None
        self._touched: list[str] = []

    @property
    def is_enrolling(self) -> bool:
        """Whether a new finger is waited for."""
        return self._enrolling is not None and not self._enrolling.done()

    def listen(self, seen: Callable[[bytes | None], None]) -> None:
        """Have `seen` called with the template's name of each finger, None for a stranger's."""
        self._seen = seen

    def touch(self, finger: str) -> None:
        """Somebody lays a finger on it."""
        enrolling = self._enrolling
        if enrolling is not None and not enrolling.done():
            self._take(enrolling, finger)
            return
        template = template_of(finger)
        if self._seen is not None:
            self._seen(template if template in self.templates else None)

    def learn(self, finger: str) -> bytes:
        """Know a finger without the touches: as if enrolled before; gives its template's name."""
        template = template_of(finger)
        self.templates[template] = finger
        return template

    def enrol(self) -> asyncio.Future[bytes]:
        """Take a new finger; an earlier enrolment that is still under way is given up.

        The result raises `FingerNotRead` for two different fingers and when there is no room.
        """
        if self._enrolling is not None:
            self._enrolling.cancel()
        self._touched = []
        self._enrolling = asyncio.get_running_loop().create_future()
        if len(self.templates) >= self._capacity:
            self._enrolling.set_exception(FingerNotRead("the reader has no room for another finger"))
        return self._enrolling

    def forget(self, template: bytes) -> None:
        """Erase one template; harmless when it is gone."""
        self.templates.pop(bytes(template), None)

    def forget_all(self) -> None:
        """Erase every template."""
        self.templates.clear()

    def _take(self, enrolling: asyncio.Future[bytes], finger: str) -> None:
        self._touched.append(finger)
        if finger != self._touched[0]:
            enrolling.set_exception(FingerNotRead("these were two different fingers"))
        elif len(self._touched) >= self._touches:
            enrolling.set_result(self.learn(finger))


def template_of(finger: str) -> bytes:
    """The name of a finger's template: the same for every reader, so that a lock that was restarted knows the finger again."""
    return blake2b(finger.encode(), digest_size=8, person=b"finger").digest()


def card_of(name: str) -> bytes:
    """The identifier of a card that goes by a name: seven octets, as most cards have."""
    return blake2b(name.encode(), digest_size=7, person=b"card").digest()


class VirtualCardReader:
    """A reader of cards."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: Callable[[bytes], None] | None = None

    def listen(self, seen: Callable[[bytes], None]) -> None:
        """Have `seen` called with each card's identifier."""
        self._seen = seen

    def hold(self, card: str | bytes) -> None:
        """Somebody holds a card against it: one with a name of ours, or one with this identifier."""
        if self._seen is not None:
            self._seen(card if isinstance(card, bytes) else card_of(card))


class VirtualSpeaker:
    """A voice that remembers what it said.

    Attributes:
        said: the newest prompts with their texts, oldest first.
        on_said: called with each prompt's id and text.
        also: speaks too: a real voice.
    """

    __slots__ = ("also", "on_said", "said")

    def __init__(self) -> None:
        self.said: deque[tuple[str, str]] = deque(maxlen=_SAID)
        self.on_said: Callable[[str, str], None] = lambda _prompt, _text: None
        self.also: Speaker | None = None

    @property
    def last(self) -> str | None:
        """The id of what was said last."""
        return self.said[-1][0] if self.said else None

    def say(self, prompt: str, text: str) -> None:
        """Say it."""
        self.said.append((prompt, text))
        self.on_said(prompt, text)
        if self.also is not None:
            self.also.say(prompt, text)


class VirtualBattery:
    """Cells that a lock lives on, and that run down.

    Args:
        percent: what is left, 0 to 100.
        per_operation: per cent that one movement of the bolt takes.

    Attributes:
        on_changed: called with each new charge, whoever else listens.
    """

    __slots__ = ("_changed", "_percent", "on_changed", "per_operation")

    def __init__(self, percent: float = 100.0, *, per_operation: float = 0.0) -> None:
        self.per_operation = per_operation
        self.on_changed: Callable[[], None] = _nothing
        self._percent = percent
        self._changed: Callable[[], None] = _nothing

    def percent(self) -> float:
        """What is left, 0 to 100."""
        return self._percent

    def millivolts(self) -> int:
        """The voltage: it falls with what is left."""
        return round(_EMPTY_MV + (_FULL_MV - _EMPTY_MV) * self._percent / 100)

    def listen(self, changed: Callable[[], None]) -> None:
        """Have `changed` called when the measurement is another."""
        self._changed = changed

    def put(self, percent: float) -> None:
        """So much is left.

        Raises:
            Misuse: not 0 to 100.
        """
        if not 0 <= percent <= 100:
            raise Misuse("a battery has 0 to 100 per cent left")
        if percent != self._percent:
            self._percent = percent
            self._changed()
            self.on_changed()

    def drain(self) -> None:
        """A movement of the bolt takes its share."""
        if self.per_operation:
            self.put(max(0.0, self._percent - self.per_operation))

    def change(self) -> None:
        """Somebody puts in fresh cells."""
        self.put(100.0)


def _nothing() -> None:
    return None
