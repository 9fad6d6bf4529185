"""What a guest is told: the message with the code, and how far each door's lock is with it, in one place and in plain words.

Layer hub, pure. Says no more than was seen on the lock itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from latchwork.hub.words import ANY_TIME, listed, zone_name


class Readiness(StrEnum):
    """How far a door is for a guest."""

    WORKS_NOW = "works_now"
    """The lock was read, holds the code, and lets it in at this time."""
    ON_LOCK = "on_lock"
    """The lock was read and holds the code; its time is not now."""
    ACCEPTED = "accepted"
    """The lock said yes; it was not read again yet."""
    ON_ITS_WAY = "on_its_way"
    WHEN_AWAKE = "when_awake"
    WHEN_REACHED = "when_reached"
    LATER = "later"
    """It is put on the lock before its time begins."""
    REFUSED = "refused"
    """Something keeps it off the lock."""
    NO_LOCK = "no_lock"
    OVER = "over"


_READINESS = {
    Readiness.WORKS_NOW: "Works now.",
    Readiness.ACCEPTED: "The lock has taken the code; whether it is really there is being checked.",
    Readiness.ON_ITS_WAY: "The code is on its way to the lock.",
    Readiness.WHEN_AWAKE: "The code arrives when the lock wakes. Type it once, which wakes the lock, and again a minute later.",
    Readiness.WHEN_REACHED: "The lock does not answer at the moment. The code arrives when it does.",
    Readiness.REFUSED: "The lock has not taken the code yet. Ask whoever gave it to you.",
    Readiness.NO_LOCK: "This door has no lock that takes codes at the moment. Ask whoever gave it to you.",
    Readiness.OVER: "The time for this code is over.",
}
HOW_TO_TYPE = "Touch the keypad to wake it, type the code, then press # or the key with the tick."
NOT_NOW = "This code does not work at the moment."
USED_UP = "This code was for one opening, and was used."
ENDED = "The time for this code is over."
MISSING_TITLE = "This page is not here"
MISSING = "The link has ended, or it is not complete. Ask whoever sent it for a new one."

YOUR_CODE = "Your code"
DOORS = "Doors"
TIMES = "Times"


def greeting(name: str) -> str:
    """How a guest's page begins."""
    return f"Hello {name}"


def works(times: str, zone_key: str) -> str:
    """When it works, as a sentence: the rule in words, and whose time that is."""
    clock = "" if times == ANY_TIME else f" ({zone_name(zone_key)})"
    return f"It works {times}{clock}."


def readiness(what: Readiness, begins: str) -> str:
    """How far a door is, as a sentence.

    Args:
        what: how far.
        begins: the next instant at which the code works, in words, or empty.
    """
    match what:
        case Readiness.ON_LOCK:
            return f"The code is on the lock, and works from {begins}." if begins else "The code is on the lock."
        case Readiness.LATER:
            when = f", before {begins}" if begins else ""
            return f"The code is put on the lock in time{when}."
        case _:
            return _READINESS[what]


def validity(*, is_valid: bool, is_used: bool, begins: str, until: str) -> str:
    """Whether the code works now, as a sentence; the times are in words, or empty."""
    if is_used:
        return USED_UP
    if is_valid:
        return f"Valid now, until {until}." if until else "Valid now."
    return f"Valid from {begins}." if begins else ENDED


def message(
    *,
    name: str,
    site: str,
    doors: Sequence[str],
    code: str,
    times: str,
    zone_key: str,
    url: str | None,
    link_until: str,
) -> str:
    """A message ready to be sent, plain text.

    Args:
        name: of the guest.
        site: its name.
        doors: names.
        code: digits; this text is a secret from here on.
        times: the rule in words.
        zone_key: IANA name of the zone whose time that is.
        url: of the guest page, or None.
        link_until: until when that is there, in words.
    """
    where = f"{listed(doors)} at {site}" if site else listed(doors)
    lines = [f"Hello {name},", "", f"your code for {where}: {code}", "", works(times, zone_key), HOW_TO_TYPE]
    if url is not None:
        lines += ["", f"Whether it works right now, and all of this again, until {link_until}:", url]
    lines += ["", "Please do not pass the code on."]
    return "\n".join(lines)
