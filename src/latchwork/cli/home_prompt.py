"""The commands that a running home takes, one a line.

The roof: understands the words and has the household do it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final, Protocol

from latchwork.base.errors import Misuse

HELP: Final = """\
list               all locks and their state
lock N, unlock N   send the command to lock N over Matter
door N open|closed open or close the door of lock N
turn N lock|unlock turn the thumb turn of lock N by hand
keys N DIGITS      type a code at the keypad of lock N
events             the operations reported last
code N             the onboarding codes of lock N
share N            let another ecosystem add lock N: opens its window and shows the code
help               this
quit               end"""


class Household(Protocol):
    """What the prompt has done for it."""

    def check(self, number: int) -> None:
        """Misuse unless there is a lock of that number."""

    def list(self) -> None:
        """Show all locks."""

    def events(self) -> None:
        """Show the operations reported last."""

    def code(self, number: int) -> None:
        """Show a lock's codes."""

    def door(self, number: int, *, is_open: bool) -> None:
        """Open or close a lock's door."""

    def turn(self, number: int, *, is_lock: bool) -> None:
        """Turn a lock's thumb turn."""

    def keys(self, number: int, digits: str) -> None:
        """Type digits at a lock's keypad."""

    def help(self) -> None:
        """Show what can be typed."""

    async def operate(self, number: int, *, is_lock: bool) -> None:
        """Send a lock a command."""

    async def share(self, number: int) -> None:
        """Open a lock's window."""


Answer = Awaitable[None] | None
_Action = Callable[[Household, int, str], Answer]

_ACTIONS: Final[Mapping[str, tuple[tuple[str, ...], _Action]]] = MappingProxyType(
    {
        "lock": ((), lambda home, number, _: home.operate(number, is_lock=True)),
        "unlock": ((), lambda home, number, _: home.operate(number, is_lock=False)),
        "door": (("open", "closed"), lambda home, number, word: home.door(number, is_open=word == "open")),
        "turn": (("lock", "unlock"), lambda home, number, word: home.turn(number, is_lock=word == "lock")),
        "code": ((), lambda home, number, _: home.code(number)),
        "share": ((), lambda home, number, _: home.share(number)),
    }
)
"""Commands about one lock: the words that may follow its number, and what to do."""
_PLAIN: Final[Mapping[str, Callable[[Household], None]]] = MappingProxyType(
    {"list": lambda home: home.list(), "events": lambda home: home.events(), "help": lambda home: home.help()}
)
_FREE: Final[Mapping[str, tuple[str, _Action]]] = MappingProxyType(
    {"keys": ("123456", lambda home, number, word: home.keys(number, word))}
)
"""Commands about one lock with a word of one's own: an example of it, and what to do."""
QUIT: Final = frozenset({"quit", "exit", "q"})


async def obey(line: str, home: Household) -> bool:
    """Do what a line says; False when it says to end.

    Raises:
        Misuse: it says nothing that can be done; the advice says what can.
        LatchworkError: it was tried and failed.
    """
    verb, *words = line.lower().split() or [""]
    if verb in QUIT:
        return False
    if verb in _PLAIN and not words:
        _PLAIN[verb](home)
        return True
    if verb not in _ACTIONS and verb not in _FREE:
        raise Misuse(f"there is no command {line.strip()!r}", advice="Type help to see what there is.")
    choices, act = _ACTIONS[verb] if verb in _ACTIONS else ((_FREE[verb][0],), _FREE[verb][1])
    number = _number(verb, words, choices)
    home.check(number)
    word = words[1] if choices else ""
    if choices and word not in choices and verb not in _FREE:
        raise Misuse(
            f"{verb} {number} is followed by {' or '.join(choices)}",
            advice=f"For example: {verb} {number} {choices[0]}",
        )
    answer: Answer = act(home, number, word)
    if answer is not None:
        await answer
    return True


def _number(verb: str, words: list[str], choices: tuple[str, ...]) -> int:
    wanted = 2 if choices else 1
    example = f"{verb} 1 {choices[0]}" if choices else f"{verb} 1"
    if len(words) != wanted or not words[0].isdecimal():
        raise Misuse(f"{verb} needs the number of a lock", advice=f"For example: {example}")
    return int(words[0])
