"""Codes that people type: how long, which ones are weak, and new ones nobody guesses.

Layer hub, pure: chance is an argument. A code is never part of a message, and is told from another by who keeps the secrets.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from datetime import date
from itertools import pairwise
from typing import Final

from latchwork.base.errors import Misuse, Unsupported
from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.house.observed import Capabilities

DEFAULT_LENGTH: Final = 6
"""Digits of a new code where the locks take them and nobody wants another length."""

_TRIES: Final = 1000
_FAIR: Final = 250
"""Octets below this number stand for each digit equally often."""
_KEYPAD: Final = {
    digit: (column, row) for row, line in enumerate(("123", "456", "789", " 0 ")) for column, digit in enumerate(line)
}
_OFTEN_TRIED: Final = frozenset(
    (
        *("1342", "1379", "1397", "2017", "5683", "6969", "0852", "1793", "7913", "9713", "1004", "8520", "7410"),
        *("2468", "1236", "1478", "3698", "0070", "0911", "1112", "4200", "1010", "12369", "14789", "25800", "13579"),
        *("123654", "147258", "159753", "147852", "789456", "741852", "963852", "852456", "520131", "142536"),
        *("456123", "321654", "112358", "314159", "271828", "8675309", "12345679", "14725836", "31415926"),
        *("27182818", "13572468"),
    )
)
"""Codes that are tried first, beyond those that a rule below finds."""


class NoCommonLength(Unsupported):
    """There is no length of code that all the locks take.

    Attributes:
        clashes: names of the locks that do not go together, or that do not take the wanted length.
    """

    def __init__(self, message: str, clashes: tuple[str, ...], advice: str) -> None:
        super().__init__(message, advice=advice)
        self.clashes = clashes


class NoCodeLeft(Unsupported):
    """No code of this length was found that is neither weak nor taken."""

    advice = "Choose longer codes."


def length_for(locks: Mapping[str, Capabilities], wanted: int | None) -> int:
    """How many digits a new code has that is to work on all these locks.

    Args:
        locks: by the name under which people know them; those that take no codes do not count.
        wanted: what the site wants; None is as many as all the locks take, at most 6, or more where a lock asks for more.

    Raises:
        NoCommonLength: there is no such length, or the wanted one is none.
    """
    ranges = {name: lock.pin_length for name, lock in locks.items() if lock.kinds.get(CredentialKind.PIN, 0) > 0}
    least = max((low for low, _ in ranges.values()), default=DEFAULT_LENGTH)
    greatest = min((high for _, high in ranges.values()), default=DEFAULT_LENGTH)
    if wanted is not None and ranges:
        clashes = tuple(name for name, (low, high) in ranges.items() if not low <= wanted <= high)
        if clashes:
            raise NoCommonLength(
                f"codes of {wanted} digits are not taken by {_listed(ranges, clashes)}",
                clashes,
                f"Choose {least} to {greatest} digits."
                if least <= greatest
                else "Use a code of its own for each lock.",
            )
        return wanted
    if least > greatest:
        clashes = tuple(name for name, span in ranges.items() if least in span[:1] or greatest in span[1:])
        raise NoCommonLength(
            f"no code is both long and short enough for {_listed(ranges, clashes)}",
            clashes,
            "Use one code for some of these locks and another one for the others.",
        )
    return wanted if wanted is not None else max(least, min(greatest, DEFAULT_LENGTH))


def random_code(length: int, entropy: Callable[[int], bytes], taken: Container[str]) -> str:
    """A new code in digits, each that is not weak as likely as any other.

    Args:
        length: digits.
        entropy: octets nobody can guess.
        taken: codes that are in use, or that a lock may still know; anything that answers `in`.

    Raises:
        NoCodeLeft: a thousand were weak or taken.
        Misuse: there is no code of this length.
    """
    if not 0 < length <= 32:
        raise Misuse(f"a code has 1 to 32 digits, not {length}")
    for _ in range(_TRIES):
        code = _digits(length, entropy)
        if code not in taken and weakness(code) is None:
            return code
    raise NoCodeLeft(f"no code of {length} digits was found that is neither weak nor taken")


def weakness(code: str) -> str | None:
    """Why a code is easily guessed, in words that follow `it is`; None when no reason is known.

    Raises:
        Misuse: it is not digits alone.
    """
    if not (code.isascii() and code.isdigit()):
        raise Misuse("a code consists of digits")
    if len(code) < 4:
        return "shorter than four digits"
    return next((why for test, why in _WEAK if test(code)), None)


def duplicate_of(credential_id: str, holders: Iterable[tuple[str, int]]) -> str | None:
    """Which other credential has the same secret already; a lock takes a code only once.

    Args:
        credential_id: for which the secret is meant: its own earlier versions are no others.
        holders: credentials and versions that have it, as the secrets tell.
    """
    return next((holder for holder, _ in holders if holder != credential_id), None)


def _listed(ranges: Mapping[str, tuple[int, int]], names: Iterable[str]) -> str:
    return ", ".join(f"{name} ({ranges[name][0]} to {ranges[name][1]})" for name in names)


def _digits(length: int, entropy: Callable[[int], bytes]) -> str:
    digits = ""
    while len(digits) < length:
        digits += "".join(str(octet % 10) for octet in entropy(length) if octet < _FAIR)
    return digits[:length]


def _is_repeated(code: str) -> bool:
    return any(code == (code[:part] * len(code))[: len(code)] for part in range(1, len(code) // 2 + 1))


def _has_few_digits(code: str) -> bool:
    return len(set(code)) <= (1 if len(code) == 4 else 2)


def _is_run(code: str) -> bool:
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(code)}
    return len(steps) == 1


def _is_doubled(code: str) -> bool:
    """Such as 1122, or 123321 read backwards."""
    pairs = len(code) % 2 == 0 and all(code[at] == code[at + 1] for at in range(0, len(code), 2))
    return pairs or code == code[::-1]


def _is_year(code: str) -> bool:
    return len(code) == 4 and 1900 <= int(code) <= 2099


def _is_date(code: str) -> bool:
    a, b, c = code[:2], code[2:4], code[4:]
    match len(code):
        case 4:
            tries = [("2000", b, a), ("2000", a, b)]
        case 6:
            tries = [(century + year, month, day) for century in ("19", "20") for year, month, day in _orders(a, b, c)]
        case 8:
            tries = [(c, b, a), (c, a, b), (code[:4], code[4:6], code[6:])]
        case _:
            return False
    return any(_is_day(year, month, day) for year, month, day in tries)


def _orders(a: str, b: str, c: str) -> tuple[tuple[str, str, str], ...]:
    return (c, b, a), (c, a, b), (a, b, c)


def _is_day(year: str, month: str, day: str) -> bool:
    if not 1900 <= int(year) <= 2099:
        return False
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True


def _is_line(code: str) -> bool:
    """Keys that lie in one line on a keypad, in any order, or each beside the one before in one direction."""
    places = [_KEYPAD[digit] for digit in code]
    columns, rows = {column for column, _ in places}, {row for _, row in places}
    if len(columns) == 1 or len(rows) == 1:
        return True
    return {(column, row) for column, row in places} in (
        {(0, 0), (2, 0), (0, 2), (2, 2)},
        {(1, 0), (0, 1), (2, 1), (1, 2)},
    )


_WEAK: Final[tuple[tuple[Callable[[str], bool], str], ...]] = (
    (_is_repeated, "the same digits again and again"),
    (_is_run, "digits in a row"),
    (_has_few_digits, "one or two digits only"),
    (_is_doubled, "a pattern of pairs or a mirror"),
    (_is_year, "a year"),
    (_is_date, "a date"),
    (_is_line, "a line or a square on the keypad"),
    (_OFTEN_TRIED.__contains__, "among the codes that are tried first"),
)
