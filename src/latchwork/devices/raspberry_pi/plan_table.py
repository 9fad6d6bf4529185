"""A table of `door.toml` that is read key by key: what is missing, of the wrong kind or misspelt is said in plain words.

Layer devices. Knows TOML's values and pins' numbers, no part of a lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final, TypeVar

from latchwork.base.errors import Misuse

PINS: Final = range(2, 28)
"""GPIO numbers of the header that are free to use; 0 and 1 belong to add-on boards' memories."""

_T = TypeVar("_T")


class PinBook:
    """Who has which pin: a pin has one use."""

    __slots__ = ("_file", "_taken")

    def __init__(self, file: str) -> None:
        self._file = file
        self._taken: dict[int, str] = {}

    def take(self, pin: int, user: str) -> None:
        """Give a pin to `user`.

        Raises:
            Misuse: somebody has it.
        """
        if pin in self._taken:
            raise Misuse(
                f"{self._file}: GPIO{pin} is used by both {self._taken[pin]} and {user}",
                advice="Wire one of the two to another pin.",
            )
        self._taken[pin] = user


class Table:
    """One table.

    Args:
        file: the file's name, for messages.
        name: the table's, empty for the file itself.
        values: what it says.
        book: who has which pin.
    """

    __slots__ = ("_book", "_file", "_left", "_name", "_values")

    def __init__(self, file: str, name: str, values: Mapping[str, Any], book: PinBook) -> None:
        self._file = file
        self._name = name
        self._values = values
        self._left = dict(values)
        self._book = book

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def is_table(self, key: str) -> bool:
        """Whether a key has a table of its own."""
        return isinstance(self._values.get(key), dict)

    def wrong(self, key: str, reason: str, advice: str = "") -> Misuse:
        """The error about a key."""
        return Misuse(f"{self._file}: {self._place(key)} {reason}", advice=advice)

    def table(self, key: str) -> Table:
        """A table inside.

        Raises:
            Misuse: there is none.
        """
        place = self._place(key)
        if key not in self._values:
            raise Misuse(f"{self._file}: the table [{key}] is missing", advice="Every door has a [bolt].")
        values = self._left.pop(key)
        if not isinstance(values, dict):
            raise self.wrong(key, "has to be a table", f"Write [{place}] on a line of its own, and its keys below.")
        return Table(self._file, f"{self._name}.{key}" if self._name else key, values, self._book)

    def choice(self, key: str, choices: Iterable[str], default: str | None = None) -> str:
        """One of some words."""
        value = self._get(key, str, default, "a word in quotes")
        if value not in choices:
            raise self.wrong(key, f'cannot be "{value}"', f"It is one of {', '.join(choices)}.")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """Some text."""
        return self._get(key, str, default, "text in quotes")

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        return self._get(key, bool, default, "true or false")

    def whole(self, key: str, least: int, most: int, default: int | None = None) -> int:
        """A whole number."""
        value = self._get(key, int, default, "a whole number")
        if isinstance(value, bool) or not least <= value <= most:
            raise self.wrong(key, f"cannot be {value}", f"It is a whole number from {least} to {most}.")
        return value

    def number(self, key: str, least: float, most: float, default: float | None = None) -> float:
        """A number."""
        value = self._get(key, (float, int), default, "a number")
        if isinstance(value, bool) or not least <= value <= most:
            raise self.wrong(key, f"cannot be {value}", f"It is a number from {least} to {most}.")
        return float(value)

    def numbers(self, key: str, most: int, limit: float) -> tuple[float, ...]:
        """A list of positive numbers up to `limit`."""
        values = self._get(key, list, None, "a list of numbers")
        if not 0 < len(values) <= most:
            raise self.wrong(key, f"has {len(values)} numbers", f"It has 1 to {most}.")
        for value in values:
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= limit:
                raise self.wrong(key, f"cannot hold {value!r}", f"Its numbers are greater than 0 and at most {limit}.")
        return tuple(float(value) for value in values)

    def texts(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """A list of texts."""
        values = self._get(key, list, list(default), "a list of texts in quotes")
        if not all(isinstance(value, str) for value in values):
            raise self.wrong(key, "has to be a list of texts in quotes")
        return tuple(values)

    def pin(self, key: str) -> int:
        """A pin of its own."""
        return self._pin(key, self._get(key, object, None, "a GPIO number"))

    def optional_pin(self, key: str) -> int | None:
        """A pin of its own, if it is given."""
        return self.pin(key) if key in self else None

    def pins(self, key: str, least: int, most: int) -> tuple[int, ...]:
        """Some pins of their own."""
        values = self._get(key, list, None, "a list of GPIO numbers")
        if not least <= len(values) <= most:
            raise self.wrong(key, f"has {len(values)} pins", f"It has {least} to {most}.")
        return tuple(self._pin(f"{key}[{index}]", value) for index, value in enumerate(values))

    def reserve(self, pins: Iterable[int]) -> None:
        """Pins that the part uses without saying so: a bus."""
        for pin in pins:
            self._book.take(pin, f"[{self._name}]")

    def keys(self) -> tuple[str, ...]:
        """What it says something about."""
        return tuple(self._values)

    def finish(self, *known: str) -> None:
        """Everything has been read.

        Raises:
            Misuse: something is left that nobody knows.
        """
        for key in self._left:
            close = get_close_matches(key, [*known, *(name for name in self._values if name not in self._left)], n=1)
            raise self.wrong(key, "is not known", f"Did you mean {close[0]}?" if close else "Leave it out.")

    def _place(self, key: str) -> str:
        return f"[{self._name}] {key}" if self._name else f"[{key}]"

    def _pin(self, key: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value not in PINS:
            raise self.wrong(
                key,
                f"cannot be {value!r}",
                f"It is a GPIO number from {PINS[0]} to {PINS[-1]}; `pinout` on the Raspberry Pi shows where they are.",
            )
        self._book.take(value, self._place(key))
        return value

    def _get(self, key: str, kind: type[_T] | tuple[type[_T], ...], default: _T | None, words: str) -> _T:
        if key not in self._values:
            if default is None:
                raise self.wrong(key, "is missing", f"It is {words}.")
            return default
        value = self._left.pop(key, self._values[key])
        if not isinstance(value, kind):
            raise self.wrong(key, f"cannot be {value!r}", f"It is {words}.")
        return value
