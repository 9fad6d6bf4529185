"""Live events, as server-sent events (HTML 9.2): what locks, jobs and the journal do, as it happens.

Layer web. After a break, a client sends the last id that it saw and gets what it missed; where that is no longer known, an event
`reset` says so, and everything is to be read again.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated, Final, TypeGuard

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from latchwork.hub.bus import Happening
from latchwork.web.context import Context, Web, principal_of
from latchwork.web.problems import Problem
from latchwork.web.roles import Scope
from latchwork.web.routing import GuardedRoute, needs
from latchwork.web.stamps import to_text

MAX_LISTENERS: Final = 100
MAX_OF_ONE: Final = 25
"""Of one account: nobody takes the place of all others."""
BEAT_S: Final = 15.0
"""Seconds between signs of life: less than what proxies wait for."""

router = APIRouter(prefix="/api/v1", tags=["live"], route_class=GuardedRoute)


@router.get("/events", summary="Live events", response_class=StreamingResponse)
@needs(Scope.JOURNAL_READ)
async def follow(
    request: Request,
    web: Web,
    last_event_id: Annotated[str | None, Header(description="The last event that was seen.")] = None,
    after: Annotated[str | None, Query(max_length=40, description="The same, where headers cannot be set.")] = None,
) -> StreamingResponse:
    """Ends with the session or token that asked for it, at the latest after an hour; browsers ask again by themselves."""
    is_full = web.measures.live_listeners >= MAX_LISTENERS
    if is_full or web.measures.listening[principal_of(request).actor] >= MAX_OF_ONE:
        raise Problem(503, "busy", "Too many listen already", headers={"retry-after": "30"})
    stream = _stream(web, request, _position(web, last_event_id or after))
    # Begun at once, so that it counts before the next one is asked for.
    first = await anext(stream)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_all_of(first, stream), media_type="text/event-stream", headers=headers)


def _position(web: Context, said: str | None) -> int:
    """The id after which to begin: by default that of the newest event; -1 where it is of another process, whose events are gone."""
    if not said:
        return web.house.bus.last_id
    era, _, number = said.partition("-")
    return int(number) if era == web.era and number.isascii() and number.isdigit() and len(number) < 19 else -1


async def _all_of(first: str, rest: AsyncGenerator[str, None]) -> AsyncIterator[str]:
    try:
        yield first
        async for each in rest:
            yield each
    finally:
        await rest.aclose()


async def _stream(web: Context, request: Request, after: int) -> AsyncGenerator[str, None]:
    actor = principal_of(request).actor
    web.measures.live_listeners += 1
    web.measures.listening[actor] += 1
    checked_at = web.clock.monotonic()
    ends_at = checked_at + web.settings.live_s
    ending = asyncio.create_task(web.ending.wait())
    events = aiter(web.house.bus.listen(None if after < 0 else after))
    following = asyncio.ensure_future(anext(events))
    try:
        yield "retry: 2000\n\n" + (text_of(web.era, None) if after < 0 else "")
        while web.clock.monotonic() < ends_at and not web.ending.is_set():
            await asyncio.wait({following, ending}, timeout=BEAT_S, return_when=asyncio.FIRST_COMPLETED)
            text = ": alive\n\n"
            if following.done():
                text = text_of(web.era, following.result())
                following = asyncio.ensure_future(anext(events))
            if web.clock.monotonic() - checked_at >= BEAT_S:
                checked_at = web.clock.monotonic()
                # Who asks may have become somebody who may not.
                (await web.auth.principal(request, "GET")).check(Scope.JOURNAL_READ)
            yield text
    except (Problem, StopAsyncIteration):
        return  # logged out meanwhile, or the hub ends
    finally:
        web.measures.live_listeners -= 1
        web.measures.listening[actor] -= 1
        web.measures.listening += Counter()  # without those that are at naught
        for task in (following, ending):
            task.cancel()
        await asyncio.gather(following, ending, return_exceptions=True)


def text_of(era: str, event: Happening | None) -> str:
    """An event as it is sent; None is `reset`."""
    if event is None:
        return "event: reset\ndata: {}\n\n"
    said = {name: to_text(value) if _is_instant(name, value) else value for name, value in event.data.items()}
    data = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return f"id: {era}-{event.id}\nevent: {event.kind}\ndata: {data}\n\n"


def _is_instant(name: str, value: object) -> TypeGuard[float]:
    """Inside the hub, an instant is a number."""
    return isinstance(value, float) and (name in {"at", "since"} or name.endswith("_at"))
