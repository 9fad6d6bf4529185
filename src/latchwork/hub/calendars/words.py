"""What the words of an event mean: a stay or days that are closed, whose stay, and the digits of a telephone.

Layer hub, pure. Each platform writes in its own way; none of them promises to keep to it. What is not known to be a name is none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_CLOSED: Final = frozenset(
    {
        *("airbnb (not available)", "not available", "unavailable", "blocked", "block", "closed", "owner block"),
        *("owner stay", "hold", "not bookable", "gesperrt", "nicht verfügbar"),
    }
)
_NO_NAMES: Final = frozenset(
    {
        *("reserved", "reservation", "booked", "booking", "busy", "occupied", "stay", "guest", "besetzt", "belegt"),
        *("reserviert", "gebucht", "private", "privat", "confirmed", "tentative", "check-in", "no title"),
    }
)
_BOOKING: Final = re.compile(r"booking\.com", re.IGNORECASE)
_BEFORE: Final = re.compile(
    r"(?:closed|reserved|reservation|booked|booking|stay|guest)\s*[-\u2013\u2014:]\s*", re.IGNORECASE
)
_BEHIND: Final = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*$")
_LAST_DIGITS: Final = re.compile(r"last\s+4\s+digits\)?\s*:?\s*([0-9]{4})(?![0-9])", re.IGNORECASE)
_PHONE: Final = re.compile(
    r"(?:phone|mobile|telephone|tel|telefon|handy)[^\n:]{0,30}:\s*(\+?[0-9][0-9 ()./-]{5,24})", re.IGNORECASE
)
_IS_NAME: Final = re.compile(r"[^\W\d_][^\d@/\\:<>{}|]*")
_MAX_NAME: Final = 60


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an event is.

    Attributes:
        is_stay: somebody comes; otherwise the days are only closed.
        name: who, or empty.
        digits: of their telephone, the last ones or all; or empty.
    """

    is_stay: bool
    name: str = ""
    digits: str = ""


def meaning_of(summary: str, description: str = "", source: str = "", *, closed_is_stay: bool = True) -> Meaning:
    """What an event means.

    Args:
        summary: of the event.
        description: the same.
        source: of the calendar (PRODID).
        closed_is_stay: Booking.com says the same of a booking and of days that its host has closed; whether it counts as a stay.
    """
    text = " ".join(summary.split())
    if text.casefold() in _CLOSED:
        return Meaning(is_stay=False)
    rest = _BEFORE.sub("", text, count=1) if _BEFORE.match(text) else text
    if rest.casefold() in _CLOSED:
        # `CLOSED - Not available`: the words of Booking.com for both, whatever stands in between passes them on.
        is_booking = text.casefold().startswith("closed") or _BOOKING.search(source) is not None
        return Meaning(is_stay=is_booking and closed_is_stay)
    return Meaning(is_stay=True, name=_name_in(rest), digits=_digits_in(description))


def _name_in(text: str) -> str:
    name = _BEHIND.sub("", text).strip(" ,;.-\u2013\u2014")
    if name.casefold() in _NO_NAMES or not 2 <= len(name) <= _MAX_NAME or not _IS_NAME.fullmatch(name):
        return ""
    return name


def _digits_in(description: str) -> str:
    found = _LAST_DIGITS.search(description)
    if found is not None:
        return found[1]
    found = _PHONE.search(description)
    if found is None:
        return ""
    digits = re.sub(r"[^0-9]", "", found[1])
    return digits if 6 <= len(digits) <= 15 else ""
