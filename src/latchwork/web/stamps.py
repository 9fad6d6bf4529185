"""How times, versions and cursors look in the API: RFC 3339 in UTC, entity tags, opaque text.

Layer web, pure.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import Query
from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from latchwork.web.problems import Problem

_LAST_S: Final = 253_402_300_799.0
"""9999-12-31T23:59:59Z, where RFC 3339 ends."""
_SHOWN: Final = 60


def to_text(seconds: float) -> str:
    """UTC seconds since 1970 as RFC 3339, in milliseconds where they are not whole."""
    precision = "seconds" if seconds == int(seconds) else "milliseconds"
    text = datetime.fromtimestamp(max(0.0, min(seconds, _LAST_S)), UTC).isoformat(timespec=precision)
    return text.replace("+00:00", "Z")


def from_text(value: object) -> float:
    """An RFC 3339 time with its offset, as UTC seconds since 1970.

    Raises:
        ValueError: it is none, or has no offset: a wall-clock time means nothing without its place.
    """
    if isinstance(value, bool) or not isinstance(value, str):
        raise ValueError("a time is a text such as 2027-05-01T16:00:00Z")  # noqa: TRY004 - pydantic asks for it
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("a time is a text such as 2027-05-01T16:00:00Z") from None
    if parsed.tzinfo is None or len(value) < len("2027-05-01T16:00Z"):
        raise ValueError("a time says its offset, such as Z or +01:00")
    try:
        seconds = parsed.timestamp()
    except (OverflowError, ValueError):
        raise ValueError("this time cannot be kept") from None
    if not 0 <= seconds <= _LAST_S:
        raise ValueError("a time is between 1970 and 9999")
    return seconds


_SCHEMA: Final = WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2027-05-01T16:00:00Z"]})

Time = Annotated[
    float,
    BeforeValidator(lambda value: value if isinstance(value, float) else from_text(value)),
    PlainSerializer(to_text, return_type=str),
    _SCHEMA,
]
"""An instant in an answer: RFC 3339 outside, UTC seconds since 1970 inside."""
TimeIn = Annotated[float, BeforeValidator(from_text), PlainSerializer(to_text, return_type=str), _SCHEMA]
"""An instant in a request: a text, never a number."""

Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
CursorText = Annotated[str | None, Query(max_length=500, description="`next_cursor` of the page before.")]


def etag(version: int) -> str:
    """The entity tag of a version (RFC 9110 8.8.3)."""
    return f'"v{version}"'


def check_match(if_match: str | None, version: int) -> None:
    """Refuses a change of what is not any more what the client saw.

    Raises:
        Problem: 412 when none of the tags in `If-Match` is the version's.
    """
    if if_match is None or if_match.strip() == "*":
        return
    if etag(version) not in {tag.strip() for tag in if_match.split(",")}:
        raise Problem(
            412,
            "version_changed",
            "It was changed in between",
            f"It is {etag(version)} now. Read it again, and change what is there.",
        )


def to_cursor(*parts: str | float) -> str:
    """Where the next page begins, as text that means nothing to anybody else."""
    return base64.urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode().rstrip("=")


def from_cursor(cursor: str, *kinds: type[Any]) -> list[Any]:
    """The parts that `to_cursor` was given.

    Raises:
        Problem: 422 when it is none of ours.
    """
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        parts = None
    if not isinstance(parts, list) or [type(part) for part in parts] != list(kinds):
        raise Problem(422, "cursor_unknown", "This cursor is none of ours", f"Leave out cursor={cursor[:_SHOWN]}.")
    return parts
