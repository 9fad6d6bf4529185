"""What the parts of the repository share: its errors, its statements' shape, and the way from rows to values.

Layer hub; knows SQLite's connection, none of the tables. Statements are made from names in this package when it is loaded.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from math import isfinite
from typing import Any, Final, NoReturn, TypeVar

from latchwork.base.errors import LatchworkError, Misuse
from latchwork.store.errors import StoreDamaged

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
"""What JSON can say."""

_T = TypeVar("_T")
_SIGN: Final = 1 << 63


class NotFound(Misuse):
    """There is no such thing.

    Attributes:
        what: its table, such as `person`.
        id: what was asked for.
    """

    def __init__(self, what: str, identifier: str) -> None:
        super().__init__(f"there is no {what} {identifier}")
        self.what = what
        self.id = identifier


class Conflict(LatchworkError):
    """Somebody else changed it since it was read; nothing was written.

    Attributes:
        what: its table, such as `person`.
        id: which one.
        ours: the version that was read.
        theirs: the version that is kept now; None when there is none any more.
    """

    advice = "Look at what it is now, and change it again."

    def __init__(self, what: str, identifier: str, ours: int, theirs: int | None) -> None:
        now = "is gone" if theirs is None else f"has version {theirs}"
        super().__init__(f"{what} {identifier} {now} and was changed from version {ours}")
        self.what = what
        self.id = identifier
        self.ours = ours
        self.theirs = theirs


class RowDamaged(StoreDamaged):
    """A row holds what this version would never have written. It is neither skipped nor guessed at."""

    advice = "Restore the storage from a backup, or report how this came about."


def select(table: str, columns: Sequence[str], rest: str = "") -> str:
    """A statement that reads `columns`."""
    return " ".join(["SELECT", ", ".join(f"{table}.{column}" for column in columns), "FROM", table, rest])


def upsert(table: str, key: Sequence[str], columns: Sequence[str]) -> str:
    """A statement that makes a row, or changes the one with the same `key`; never deletes, so that nothing cascades."""
    names = [*key, *columns]
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns)
    places = ", ".join("?" * len(names))
    values = f"({', '.join(names)}) VALUES ({places})"
    return " ".join(["INSERT INTO", table, values, f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}"])


def rows(
    connection: sqlite3.Connection, statement: str, parameters: Sequence[Any], make: Callable[[Any], _T]
) -> list[_T]:
    """Every row of the answer as a value.

    Raises:
        RowDamaged: one of them is none.
    """
    return [_made(row, make, statement) for row in connection.execute(statement, parameters).fetchall()]


def row(
    connection: sqlite3.Connection, statement: str, parameters: Sequence[Any], make: Callable[[Any], _T]
) -> _T | None:
    """The answer's first row as a value, or None.

    Raises:
        RowDamaged: it is none.
    """
    found = connection.execute(statement, parameters).fetchone()
    return None if found is None else _made(found, make, statement)


def next_version(what: str, identifier: str, ours: int, kept: tuple[int] | None) -> int:
    """The version to keep of what was read as version `ours`, or made with version 1.

    Args:
        what: its table, for the error.
        identifier: which one, for the error.
        ours: as in the value to be kept.
        kept: the row with the version that is kept now, or None.

    Raises:
        Conflict: somebody else changed it in between.
    """
    if kept is None:
        if ours != 1:
            raise Conflict(what, identifier, ours, None)
        return 1
    if kept[0] != ours:
        raise Conflict(what, identifier, ours, kept[0])
    return ours + 1


def encode_json(value: Json) -> str:
    """The value as JSON.

    Raises:
        Misuse: it cannot be said in JSON.
    """
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise Misuse(f"this cannot be kept as JSON: {error}") from error


def decode_json(text: str) -> Json:
    """The value that a column holds.

    Raises:
        ValueError: it is no JSON.
    """
    value: Json = json.loads(text, parse_constant=_refuse)
    return value


def decode_texts(text: str) -> tuple[str, ...]:
    """A column that holds a list of texts.

    Raises:
        ValueError: it does not.
    """
    value = decode_json(text)
    if not isinstance(value, list):
        raise ValueError("a list is expected")  # noqa: TRY004 - what is kept is wrong, not how it is used
    if not all(isinstance(each, str) for each in value):
        raise ValueError("texts are expected")
    return tuple(str(each) for each in value)


def decode_instants(text: str) -> dict[str, float]:
    """A column that holds instants by name.

    Raises:
        ValueError: it does not.
    """
    value = decode_json(text)
    if not isinstance(value, dict):
        raise ValueError("an object is expected")  # noqa: TRY004 - what is kept is wrong, not how it is used
    found = {}
    for name, at in value.items():
        if isinstance(at, bool) or not isinstance(at, int | float) or not isfinite(at):
            raise ValueError("instants are expected")
        found[name] = float(at)
    return found


def as_signed(number: int) -> int:
    """A 64-bit number as SQLite keeps it."""
    return number - (_SIGN << 1) if number >= _SIGN else number


def as_unsigned(number: int) -> int:
    """A 64-bit number as it was before `as_signed`."""
    return number + (_SIGN << 1) if number < 0 else number


def grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Second parts by first part, in their order."""
    found: dict[str, list[str]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in found.items()}


def _made(found: Any, make: Callable[[Any], _T], statement: str) -> _T:
    try:
        return make(found)
    except (ValueError, RecursionError, Misuse) as error:
        table = statement.partition(" FROM ")[2].split()[0]
        raise RowDamaged(f"the row {found[0]} of {table} cannot be read: {error}") from error


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
