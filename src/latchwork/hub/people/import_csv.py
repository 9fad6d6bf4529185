"""A table of people from a spreadsheet or another program: found in octets, with its columns understood.

Layer hub, pure. Any octets give a table or `CsvRefused`. A code is a `Secret` from here on, and no error repeats what is in a cell.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from latchwork.base.errors import Misuse
from latchwork.base.logs import Secret
from latchwork.hub.people import import_texts as texts

MAX_SIZE: Final = 1 << 20
"""Octets of a table."""
MAX_ROWS: Final = 2000
MAX_COLUMNS: Final = 64
MAX_CELL: Final = 1000
"""Characters of one cell."""
_MAX_HEADER: Final = 50
_DELIMITERS: Final = (",", ";", "\t")
_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


class CsvRefused(Misuse):
    """The octets are no table of people."""

    advice = "Save it as “CSV UTF-8”, with a first line that names the columns; a column name or first name is needed."


class Column(StrEnum):
    """What a column holds."""

    NAME = "name"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    EMAIL = "email"
    PHONE = "phone"
    CODE = "code"
    DOORS = "doors"
    START = "from"
    END = "until"
    WEEKDAYS = "weekdays"
    HOURS = "hours"
    START_TIME = "from_time"
    END_TIME = "until_time"


_CALLED: Final[Mapping[Column, str]] = {
    Column.NAME: "name; full name; display name; friendly name; user; user name; username; person; who; guest;"
    " guest name; guest full name; member; tenant; resident; code name; access code name; pin name",
    Column.FIRST_NAME: "first name; firstname; given name; forename; guest first name",
    Column.LAST_NAME: "last name; lastname; surname; family name; guest last name",
    Column.EMAIL: "email; e mail; mail; email address; e mail address; guest email",
    Column.PHONE: "phone; phone number; telephone; tel; mobile; mobile number; cell; cell phone; guest phone",
    Column.CODE: "code; pin; pin code; pincode; access code; user code; usercode; door code; lock code; entry code;"
    " keypad code; guest code; passcode; password; digital password; digit code",
    Column.DOORS: "doors; door; door name; locks; lock; lock name; device; device name; access to; access point;"
    " access points; entrance; unit; room",
    Column.START: "from; start; starts; starts at; start at; start date; start datetime; start date time; begin; begins;"
    " begin date; valid from; effective; effective date; active from; check in; checkin; check in date; arrival;"
    " arrival date",
    Column.END: "until; to; till; end; ends; ends at; end at; end date; end datetime; end date time; expires; expires at;"
    " expiry; expiration; expiration date; expiry date; valid to; valid until; active until; check out; checkout;"
    " check out date; departure; departure date",
    Column.WEEKDAYS: "weekdays; weekday; days; day; days of week; days of the week; day of week; week days; repeat",
    Column.HOURS: "hours; times; time; schedule; daily hours",
    Column.START_TIME: "from time; start time; time from; begin time; check in time; daily start",
    Column.END_TIME: "until time; end time; time until; time to; to time; finish time; check out time; daily end",
}
_COLUMNS: Final = {name.strip(): column for column, names in _CALLED.items() for name in names.split(";")}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table.

    Attributes:
        line: where it begins, from 1, as a text editor counts.
        cells: what is in it, without the code and without empty cells.
        code: what is in the column of codes, as it was written; empty when nothing is.
        is_too_long: it has more cells than columns, or a cell that is no cell of ours.
    """

    line: int
    cells: Mapping[Column, str]
    code: Secret = field(default_factory=lambda: Secret(b""))
    is_too_long: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table of people.

    Attributes:
        columns: those that are understood, as they come.
        ignored: names of the others.
        rows: those that are not empty.
    """

    columns: tuple[Column, ...]
    ignored: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table(octets: bytes) -> Table:
    """The table that these octets are.

    Raises:
        CsvRefused: they are none, or too many.
    """
    if len(octets) > MAX_SIZE:
        raise CsvRefused(texts.TOO_LARGE.format(limit=MAX_SIZE >> 20))
    text = _text(octets)
    lines = _lines(text)
    _, header = next(lines, (0, []))
    if len(header) > MAX_COLUMNS:
        raise CsvRefused(texts.TOO_MANY_COLUMNS.format(limit=MAX_COLUMNS))
    columns = [_COLUMNS.get(_plain(cell)) for cell in header]
    known = [column for column in columns if column is not None]
    if not {Column.NAME, Column.FIRST_NAME, Column.LAST_NAME} & set(known):
        # Its cells are not repeated: where the header is missing, they may be somebody's code.
        raise CsvRefused(texts.NO_HEADER)
    for column in known:
        if known.count(column) > 1:
            raise CsvRefused(texts.COLUMN_TWICE.format(column=column.value))
    ignored = tuple(
        cell.strip()[:_MAX_HEADER]
        for cell, column in zip(header, columns, strict=True)
        if column is None and cell.strip() and not any(letter.isdigit() for letter in cell)
    )
    return Table(tuple(known), ignored, tuple(_rows(lines, columns)))


def _text(octets: bytes) -> str:
    marked = ((mark, encoding) for mark, encoding in _MARKS if octets.startswith(mark))
    mark, encoding = next(marked, (b"", "utf-8"))
    try:
        return octets[len(mark) :].decode(encoding)
    except UnicodeDecodeError:
        raise CsvRefused(texts.NO_TEXT) from None


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Lines that are not empty, each with the number of its first one."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            # Its text may quote the cell.
            raise CsvRefused(texts.NOT_CLOSED.format(line=line)) from None
        if any(cell.strip() for cell in cells):
            yield line, cells
        line = reader.line_num + 1


def _delimiter(text: str) -> str:
    """What parts the cells of the first line that is not empty; within quotes it does not count."""
    header = re.sub(r'"[^"]*"', "", text.lstrip()).splitlines()[:1]
    return max(_DELIMITERS, key="".join(header).count)


def _plain(name: str) -> str:
    """The name of a column without what people write in different ways."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKC", name))
    return " ".join(re.sub(r"\(.*?\)|[^\w]|_", " ", spaced).casefold().split())


def _rows(lines: Iterator[tuple[int, list[str]]], columns: list[Column | None]) -> Iterator[Row]:
    for count, (line, cells) in enumerate(lines, start=1):
        if count > MAX_ROWS:
            raise CsvRefused(texts.TOO_MANY_ROWS.format(limit=MAX_ROWS))
        is_too_long = any(cell.strip() for cell in cells[len(columns) :])
        found: dict[Column, str] = {}
        code = ""
        for column, cell in zip(columns, cells, strict=False):
            value = " ".join(unicodedata.normalize("NFC", cell).split())
            if column is None or not value:
                continue
            if len(value) > MAX_CELL or not value.isprintable():
                is_too_long = True
            elif column is Column.CODE:
                code = value
            else:
                found[column] = value
        yield Row(line, found, Secret(code.encode()), is_too_long)
