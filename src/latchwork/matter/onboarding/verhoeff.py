"""Verhoeff's check digit, which finds every single wrong digit and every swap of two neighbours.

Chapter onboarding: digits as text in, one digit out (Core 5.1.4.1.5).
"""

from __future__ import annotations

from typing import Final


def _multiply(a: int, b: int) -> int:
    """The product in the dihedral group of ten elements: 0..4 turn, 5..9 turn and flip."""
    turned = (a - b if a >= 5 else a + b) % 5
    return turned + 5 if (a >= 5) != (b >= 5) else turned


def _permutations() -> tuple[tuple[int, ...], ...]:
    """Verhoeff's permutation and its powers; the eighth is the identity again."""
    step = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
    powers = [tuple(range(10))]
    while len(powers) < 8:
        powers.append(tuple(step[digit] for digit in powers[-1]))
    return tuple(powers)


_PRODUCT: Final = tuple(tuple(_multiply(a, b) for b in range(10)) for a in range(10))
_POWERS: Final = _permutations()


def _checksum(digits: str, start: int) -> int:
    total = 0
    for position, digit in enumerate(reversed(digits), start):
        total = _PRODUCT[total][_POWERS[position % 8][ord(digit) - 48]]
    return total


def check_digit(digits: str) -> str:
    """The digit to append to `digits`, which are ASCII `0`..`9` only."""
    return str(_PRODUCT[_checksum(digits, 1)].index(0))


def is_valid(digits: str) -> bool:
    """True when the last of `digits` is the check digit of those before it."""
    return _checksum(digits, 0) == 0
