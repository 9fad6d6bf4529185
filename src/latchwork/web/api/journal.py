"""The journal: searching, exporting and checking it.

Layer web.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from latchwork.hub.journal.entries import Head, Kind
from latchwork.hub.journal.export import as_csv, as_json_lines
from latchwork.hub.journal.journal import Fault, Verdict
from latchwork.hub.journal.query import Filter
from latchwork.web.api.shapes import Body, ListOf
from latchwork.web.context import Web
from latchwork.web.entries import EntryOut, entry_out
from latchwork.web.roles import Scope
from latchwork.web.routing import GuardedRoute, needs
from latchwork.web.stamps import CursorText, Limit, TimeIn

router = APIRouter(prefix="/api/v1/journal", tags=["journal"], route_class=GuardedRoute)
Some = Annotated[str | None, Query(max_length=100)]


class HeadOut(BaseModel):
    """The newest entry. Kept elsewhere, it shows later that nothing before it was changed or cut off."""

    seq: int
    hash: str
    head: str


class VerifyBody(Body):
    """Heads that were kept elsewhere, as `head` was answered."""

    against: list[Annotated[str, Field(max_length=100)]] = Field(default_factory=list, max_length=100)


class VerdictOut(BaseModel):
    """What looking at the whole chain has shown."""

    is_whole: bool
    first_bad: int | None
    fault: Fault | None
    checked: int
    head: HeadOut
    anchor: HeadOut
    unchecked: list[str]


async def wanted_of(
    door_id: Some = None,
    lock_id: Some = None,
    person_id: Some = None,
    kind: Annotated[list[Kind], Query(max_length=len(Kind), description="One of these.")] = [],  # noqa: B006 - FastAPI copies it
    search: Annotated[str, Query(max_length=100, description="In a name, the actor or the details.")] = "",
    start: Annotated[TimeIn | None, Query(alias="from", description="Happened from then on.")] = None,
    end: Annotated[TimeIn | None, Query(alias="to", description="Happened before.")] = None,
) -> Filter:
    """Which entries are asked for."""
    return Filter(
        door_id=door_id, lock_id=lock_id, person_id=person_id, kinds=frozenset(kind), text=search, start=start, end=end
    )


Wanted = Annotated[Filter, Depends(wanted_of)]


@router.get("", summary="What happened")
@needs(Scope.JOURNAL_READ)
async def read_journal(web: Web, wanted: Wanted, limit: Limit = 50, cursor: CursorText = None) -> ListOf[EntryOut]:
    """Newest first."""
    page = await web.house.journal.page(wanted, cursor=cursor, limit=limit)
    return ListOf(data=[entry_out(each) for each in page.entries], next_cursor=page.cursor)


@router.get("/export", summary="The journal as a file", response_class=StreamingResponse)
@needs(Scope.JOURNAL_READ)
async def export_journal(
    web: Web,
    wanted: Wanted,
    format: Annotated[Literal["csv", "jsonl"], Query()] = "csv",  # noqa: A002 - its name in the API
) -> StreamingResponse:
    """Oldest first, as it is at this moment, however long it is."""
    writing = as_csv if format == "csv" else as_json_lines
    media = "text/csv; charset=utf-8" if format == "csv" else "application/x-ndjson"
    headers = {"content-disposition": f'attachment; filename="journal.{format}"'}
    return StreamingResponse(await _begun(writing(web.house.journal, wanted)), media_type=media, headers=headers)


@router.get("/head", summary="The newest entry's hash")
@needs(Scope.JOURNAL_READ)
async def read_head(web: Web) -> HeadOut:
    """Keep it elsewhere: `verify` can tell later whether anything before it was changed."""
    return _head_out(web.house.journal.head())


@router.post("/verify", summary="Make every hash again")
@needs(Scope.JOURNAL_READ, is_repeatable=False)
async def verify(body: VerifyBody, web: Web) -> VerdictOut:
    """Finds what was changed, removed or put in between; with heads kept elsewhere, also a chain written anew."""
    verdict: Verdict = await web.house.journal.verify(*(Head.parse(each) for each in body.against))
    return VerdictOut(
        is_whole=verdict.is_whole,
        first_bad=verdict.first_bad,
        fault=verdict.fault,
        checked=verdict.checked,
        head=_head_out(verdict.head),
        anchor=_head_out(verdict.anchor),
        unchecked=[str(each) for each in verdict.unchecked],
    )


def _head_out(head: Head) -> HeadOut:
    return HeadOut(seq=head.seq, hash=head.hash.hex(), head=str(head))


async def _begun(pieces: AsyncIterator[str]) -> AsyncIterator[str]:
    """Asks for the first piece before anything is answered: what is wrong with the request is a problem then, not half a file."""
    first = await anext(pieces, "")

    async def all_of_them() -> AsyncIterator[str]:
        yield first
        async for piece in pieces:
            yield piece

    return all_of_them()
