"""What somebody at the door is told to do so that a lock takes a finger, a card or a face, by the kind of lock, in plain words.

Layer hub, pure. Over Matter nobody can send a finger: the lock's own enrolment is started at the lock. Where the maker's words are not
known to us, that is said, and what to look for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from latchwork.hub.house.entities import CredentialKind, Lock

_SHOW: Final = {
    CredentialKind.FINGERPRINT: "Lay the finger on the sensor and lift it again, several times, until the lock says that it is done.",
    CredentialKind.RFID: "Hold the card against the lock until it says that it is done.",
    CredentialKind.FACE: "Look at the lock from an arm's length until it says that it is done.",
}
WORDS: Final = {
    CredentialKind.FINGERPRINT: "fingerprint",
    CredentialKind.RFID: "card",
    CredentialKind.FACE: "face",
}
PREPARING: Final = "The hub is making a place for this person on the lock. Wait a moment before you begin."
WAKE_IT: Final = "The lock sleeps: type a few digits and # there, so that it wakes and the place can be made."


def steps(lock: Lock, kind: CredentialKind, user_index: int | None, name: str) -> tuple[str, ...]:
    """What to do at this lock, in order.

    Args:
        lock: which; its maker and product decide the words.
        kind: what it is to take.
        user_index: the person's number on the lock; None as long as there is none.
        name: of the person.
    """
    if user_index is None:
        return (PREPARING,)
    product = f"{lock.vendor} {lock.product}".casefold()
    for part, make in _MODELS:
        if part in product:
            return make(kind, user_index, name)
    return _any_lock(kind, user_index, name)


def _latchwork(kind: CredentialKind, user_index: int, name: str) -> tuple[str, ...]:
    if kind is CredentialKind.FACE:
        return _any_lock(kind, user_index, name)
    return (
        "Press the Set button at the lock once.",
        "If the voice asks for it, verify an administrator: master code and #, or an administrator's finger.",
        "Press 1: add a user.",
        f"Enter {user_index} and #: that is the number of {name} on this lock.",
        f"Choose {WORDS[kind]} as the voice offers it.",
        _SHOW[kind],
        "Press * to leave.",
    )


def _aqara(kind: CredentialKind, user_index: int, name: str) -> tuple[str, ...]:
    word = WORDS[kind]
    return (
        "Close the maker's app on phones near the door: while one is connected, the lock does not enter its setup mode.",
        "Press the Set button at the lock once. Whatever the voice says, it has heard you.",
        "If the voice asks for it, verify an administrator with a finger or the administrator's password.",
        "Listen to the menu, and choose the entry for adding a user: its words and its number differ between versions of the firmware.",
        f"When it asks for whom, enter {user_index} and #: that is the number of {name} on this lock.",
        f"Choose {word}. {_SHOW[kind]}",
        f"If the lock never asks for whom, it makes a new user: the {word} opens then, but the hub does not know that it is {name}'s.",
    )


def _any_lock(kind: CredentialKind, user_index: int, name: str) -> tuple[str, ...]:
    word = WORDS[kind]
    return (
        "Start the lock's own setup, as its manual says; it may ask for an administrator.",
        f"Choose to add a {word} to a user that is there already: user {user_index}, which is {name}.",
        _SHOW[kind],
        f"If the lock only adds a {word} to somebody new, the hub leaves it alone: nobody has told it whose it is.",
    )


_MODELS: Final[tuple[tuple[str, Callable[[CredentialKind, int, str], tuple[str, ...]]], ...]] = (
    ("latchwork", _latchwork),
    ("aqara", _aqara),
)


def elsewhere(kind: CredentialKind, user_index: int | None, wanted: int) -> str:
    """Something of the kind came, for somebody else."""
    whose = "somebody else" if user_index is None else f"user {user_index}"
    return (
        f"The lock took a {WORDS[kind]} for {whose}, not for user {wanted}: the hub leaves it alone."
        f" Delete it at the lock if it was a mistake, and begin again with user {wanted}."
    )


def by_another(kind: CredentialKind) -> str:
    """Another ecosystem put something on the person's user."""
    return f"Another ecosystem added a {WORDS[kind]} to this user: the hub leaves it alone."


def moved(kind: CredentialKind) -> str:
    """It came, and what it was for is not there any more."""
    return f"The lock took the {WORDS[kind]}, but the person's access was changed meanwhile: the hub leaves it alone. Begin again."


def unanswered(why: str) -> str:
    """The lock was not reached."""
    return f"The lock does not answer at the moment: {why}."


TIMED_OUT: Final = "Nothing came within ten minutes. Begin again when you are at the door."
NOT_PREPARED: Final = "The hub could not make a place for this person on the lock in time."
USER_GONE: Final = "The person's user is not on the lock any more."
