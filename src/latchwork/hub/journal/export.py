"""The journal as a file for others: CSV for spreadsheets, JSON lines for programs, a piece at a time.

Layer hub. What comes out is a snapshot of the moment it was asked for, oldest first, whatever is added meanwhile; the memory it takes
does not grow with the journal.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from latchwork.hub.journal.entries import Entry, encode_detail, to_micros
from latchwork.hub.journal.journal import Journal
from latchwork.hub.journal.query import ALL, MAX_PAGE, Filter, Page, read_page

FIELDS: Final = (
    *("seq", "at", "lock_at", "kind", "door_id", "door_name", "lock_id", "person_id", "person_name"),
    *("credential_kind", "credential_id", "how", "fabric_index", "fabric_name", "node_id", "event_number"),
    *("why_unknown", "actor", "detail", "hash"),
)
"""Of a line, in both forms. Instants are RFC 3339 in UTC with microseconds, `node_id` and `hash` hexadecimal."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STARTS_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", *"\uff1d\uff0b\uff0d\uff20")
_UNSEEN: Final = " \xa0\u3000\u200b\u2060\ufeff"
"""What a program may pass over before it looks whether there is a formula."""


async def as_csv(journal: Journal, wanted: Filter = ALL) -> AsyncIterator[str]:
    """Pieces of a CSV file (RFC 4180) with a first line of names.

    A text that a spreadsheet would take for a formula has an apostrophe before it: names come from guests and from other systems.

    Raises:
        Misuse: as `journal_query.read_page` says.
        StoreError: the storage failed.
    """
    yield _csv([FIELDS])
    async for page in _pages(journal, wanted):
        yield _csv([[_cell(value) for value in _values(entry)] for entry in page.entries])


async def as_json_lines(journal: Journal, wanted: Filter = ALL) -> AsyncIterator[str]:
    """Pieces of a file with one JSON object a line; what was not said is null or empty.

    Raises:
        Misuse: as `journal_query.read_page` says.
        StoreError: the storage failed.
    """
    async for page in _pages(journal, wanted):
        yield "".join(_line(entry) for entry in page.entries)


async def _pages(journal: Journal, wanted: Filter) -> AsyncIterator[Page]:
    until, cursor = journal.head().seq, None
    while True:
        page = await journal.database.read_in_thread(_reading(wanted, cursor, until))
        if page.entries:
            yield page
        cursor = page.cursor
        if cursor is None:
            return


def _reading(wanted: Filter, cursor: str | None, until: int) -> Callable[[Any], Page]:
    return lambda connection: read_page(connection, wanted, cursor, MAX_PAGE, oldest_first=True, until_seq=until)


def _values(entry: Entry) -> tuple[Any, ...]:
    return (
        *(entry.seq, _instant(entry.at), None if entry.lock_at is None else _instant(entry.lock_at), entry.kind.value),
        *(entry.door_id, entry.door_name, entry.lock_id, entry.person_id, entry.person_name),
        *(None if entry.credential_kind is None else entry.credential_kind.value, entry.credential_id),
        *(entry.how.value, entry.fabric_index, entry.fabric_name),
        *(None if entry.node_id is None else f"{entry.node_id:016X}", entry.event_number),
        *(None if entry.why_unknown is None else entry.why_unknown.value, entry.actor),
        *(encode_detail(entry.detail), entry.hash.hex()),
    )


def _line(entry: Entry) -> str:
    found = dict(zip(FIELDS, _values(entry), strict=True))
    found["detail"] = entry.detail
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")) + "\n"


def _csv(rows: list[Any]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip(_UNSEEN).startswith(_STARTS_FORMULA):
        return f"'{value}"
    return value


def _instant(seconds: float) -> str:
    micros = to_micros(seconds)
    try:
        return (_EPOCH + timedelta(microseconds=micros)).isoformat(timespec="microseconds").replace("+00:00", "Z")
    except OverflowError:
        return f"{micros} us"  # a lock's clock may say anything; no calendar goes that far
