"""Base-38, the alphabet that QR codes store most densely (Core 5.1.3.1).

Chapter onboarding: octets to text and back; three octets become five characters, two become four, one becomes two.
"""

from __future__ import annotations

from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-."
_VALUES: Final = {character: value for value, character in enumerate(ALPHABET)}
_CHARACTERS: Final = {1: 2, 2: 4, 3: 5}
_OCTETS: Final = {characters: octets for octets, characters in _CHARACTERS.items()}


def encode(data: bytes) -> str:
    """`data` as base-38 text."""
    text: list[str] = []
    for start in range(0, len(data), 3):
        chunk = data[start : start + 3]
        value = int.from_bytes(chunk, "little")
        for _ in range(_CHARACTERS[len(chunk)]):
            value, digit = divmod(value, 38)
            text.append(ALPHABET[digit])
    return "".join(text)


def decode(text: str) -> bytes:
    """The octets of base-38 `text`.

    Raises:
        ValueError: a character outside the alphabet, an impossible length, or a group too large for its octets.
    """
    data = bytearray()
    for start in range(0, len(text), 5):
        group = text[start : start + 5]
        value = 0
        for character in reversed(group):
            if character not in _VALUES:
                raise ValueError("a character is not of base-38")
            value = value * 38 + _VALUES[character]
        octets = _OCTETS.get(len(group))
        if octets is None or value >> (8 * octets):
            raise ValueError("a group of base-38 does not fit its octets")
        data += value.to_bytes(octets, "little")
    return bytes(data)
