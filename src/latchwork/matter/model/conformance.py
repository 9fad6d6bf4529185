"""Conformance: whether an element is mandatory, optional or not allowed here, from the specification's shorthand (Core 7.3).

Model storey of `matter`; knows names and revisions, no cluster. `"[PIN & !USR], O"` stays readable in a declaration and is parsed once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from enum import Enum
from functools import lru_cache
from typing import Final

from latchwork.base.errors import Misuse


class Verdict(Enum):
    """What conformance says about an element."""

    MANDATORY = "has to be there"
    OPTIONAL = "may be there"
    FORBIDDEN = "must not be there"
    DEPRECATED = "was there once; new devices leave it out"


Condition = Callable[[Container[str], int], bool]
"""Says whether something holds, given the names that are there (feature codes, supported elements) and the cluster's revision."""

_TOKEN: Final = re.compile(r"\s*(?:(>=|<=|==|!=|>|<|[()|&^!])|([A-Za-z_][A-Za-z0-9_]*))")
_CHOICE: Final = re.compile(r"\.[a-z]\+?$")


class Conformance:
    """One element's conformance.

    Attributes:
        text: the shorthand it was made from.
    """

    __slots__ = ("_arms", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._arms = tuple(_arm(arm.strip()) for arm in text.split(","))

    def verdict(self, names: Container[str], revision: int) -> Verdict:
        """What is true where `names` are there and the cluster is of `revision`.

        The arms are tried in order, the first that applies decides; where none does, the element is not allowed (Core 7.3.9).
        """
        for condition, verdict in self._arms:
            if condition(names, revision):
                return verdict
        return Verdict.FORBIDDEN

    def __repr__(self) -> str:
        return f"Conformance({self.text!r})"


@lru_cache(maxsize=512)
def conformance(text: str) -> Conformance:
    """The conformance of a shorthand, parsed once.

    Raises:
        Misuse: it is no shorthand.
    """
    return Conformance(text)


def _always(_names: Container[str], _revision: int) -> bool:
    return True


def _never(_names: Container[str], _revision: int) -> bool:
    return False


_LETTERS: Final = {
    "M": (_always, Verdict.MANDATORY),
    "O": (_always, Verdict.OPTIONAL),
    "X": (_always, Verdict.FORBIDDEN),
    "D": (_always, Verdict.DEPRECATED),
    # Described in prose: whoever builds the device decides.
    "desc": (_always, Verdict.OPTIONAL),
    "NR": (_always, Verdict.OPTIONAL),
    # Provisional says how ripe an element is, the arms behind it say the rest.
    "P": (_never, Verdict.OPTIONAL),
}


def _arm(text: str) -> tuple[Condition, Verdict]:
    text = _CHOICE.sub("", text)
    if text in _LETTERS:
        return _LETTERS[text]
    if text.startswith("[") and text.endswith("]"):
        return _Expression(text[1:-1]).parse(), Verdict.OPTIONAL
    return _Expression(text).parse(), Verdict.MANDATORY


class _Expression:
    """A reader of one expression: names, comparisons, `!`, `&`, `^`, `|` and parentheses, from tight to loose."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split(text)

    def parse(self) -> Condition:
        condition = self._or()
        if self._tokens:
            raise self._misuse()
        return condition

    def _split(self, text: str) -> list[str]:
        tokens, at = [], 0
        text = text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise self._misuse()
            tokens.append(match[1] or match[2])
            at = match.end()
        return tokens[::-1]

    def _or(self) -> Condition:
        left = self._xor()
        while self._take("|"):
            left = _either(left, self._xor())
        return left

    def _xor(self) -> Condition:
        left = self._and()
        while self._take("^"):
            left = _one_of(left, self._and())
        return left

    def _and(self) -> Condition:
        left = self._not()
        while self._take("&"):
            left = _both(left, self._not())
        return left

    def _not(self) -> Condition:
        if self._take("!"):
            inner = self._not()
            return lambda names, revision: not inner(names, revision)
        if self._take("("):
            inner = self._or()
            if not self._take(")"):
                raise self._misuse()
            return inner
        return self._name()

    def _name(self) -> Condition:
        name = self._next()
        comparison = self._tokens[-1] if self._tokens else ""
        if comparison not in {">=", "<=", "==", "!=", ">", "<"}:
            return lambda names, _revision: name in names
        self._tokens.pop()
        operand = self._next()
        if name == "Rev" and comparison == ">=" and operand[:1] == "v" and operand[1:].isdigit():
            least = int(operand[1:])
            return lambda _names, revision: revision >= least
        # Compares a sibling field with a value: known only where there is a message, so nothing is asked of the declaration.
        return _never

    def _take(self, token: str) -> bool:
        if self._tokens and self._tokens[-1] == token:
            self._tokens.pop()
            return True
        return False

    def _next(self) -> str:
        if not self._tokens or not self._tokens[-1][0].isalpha():
            raise self._misuse()
        return self._tokens.pop()

    def _misuse(self) -> Misuse:
        return Misuse(f"{self._text!r} is no conformance")


def _either(left: Condition, right: Condition) -> Condition:
    return lambda names, revision: left(names, revision) or right(names, revision)


def _one_of(left: Condition, right: Condition) -> Condition:
    return lambda names, revision: left(names, revision) is not right(names, revision)


def _both(left: Condition, right: Condition) -> Condition:
    return lambda names, revision: left(names, revision) and right(names, revision)
