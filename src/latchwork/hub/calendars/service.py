"""The calendars of a hub: read from time to time, and what they say carried out.

Layer hub, on store; asyncio. A calendar that fails holds up no other; what it said last stands until it says something else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from logging import ERROR, WARNING
from typing import Any, Final
from zoneinfo import ZoneInfo

from latchwork.base.errors import LatchworkError, Misuse
from latchwork.base.logs import log, logger
from latchwork.hub.addresses import AddressRefused
from latchwork.hub.calendars import rows
from latchwork.hub.calendars.deciding import Decision, State, decide
from latchwork.hub.calendars.feeds import NoCalendar, read_feed
from latchwork.hub.calendars.fetching import Fetched, Fetcher, HttpFetcher, NotFetched, checked_url, host_of
from latchwork.hub.calendars.making import CLEAN_AFTER_S, Guests, Leaving, actor_of
from latchwork.hub.calendars.rows import Calendar, KeptStay
from latchwork.hub.calendars.staying import Habits, Listing, listing_of
from latchwork.hub.codes import NoCodeLeft, NoCommonLength
from latchwork.hub.desk import Desk
from latchwork.hub.house.observed import Capabilities
from latchwork.store.errors import StoreClosed
from latchwork.store.sealed import Seal

POLL_S: Final = 1800.0
"""Seconds between readings: platforms write their calendars anew every few hours."""
WHOLE_S: Final = 6 * 3600.0
"""Seconds after which a calendar is fetched though its server would say that nothing has changed."""
HORIZON: Final = timedelta(days=730)
FAILURES_TOLD: Final = 3
"""Failures in a row after which the owner is told."""
_PAUSES_S: Final = (300.0, 900.0, 1800.0, 3600.0, 7200.0, 4 * 3600.0)
_AT_ONCE: Final = 4
_IDLE_S: Final = 300.0
_log = logger(__name__)


class Calendars:
    """Reads the calendars of a hub, from `start` to `close`.

    Attributes:
        fetcher: fetches them.
        run: does what takes long where it holds up nobody: calls a function with its arguments, in a thread.

    Args:
        desk: the books.
        leaving: takes people away.
        capabilities: what a lock can do, or None where it has not been read.
        wake_doors: called with the doors whose locks should hold something else now.
    """

    def __init__(
        self,
        desk: Desk,
        leaving: Leaving,
        *,
        capabilities: Callable[[str], Capabilities | None],
        wake_doors: Callable[[Iterable[str] | None], None],
    ) -> None:
        self.fetcher: Fetcher = HttpFetcher()
        self.run: Callable[..., Awaitable[Any]] = asyncio.to_thread
        self._desk = desk
        self._database = desk.repository.database
        # A key of its own: what is sealed here opens nothing else.
        key = blake2b(b"calendar addresses", key=self._database.sealing_key(desk.entropy), digest_size=32).digest()
        self._seal = Seal(key, desk.entropy)
        self._guests = Guests(desk, leaving, capabilities=capabilities, wake_doors=wake_doors)
        self._turns: dict[str, asyncio.Lock] = {}
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    # Life

    def start(self) -> None:
        """Begin to read."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="calendars")

    async def close(self) -> None:
        """Stop; what was decided and not yet done is decided again after the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        while True:
            self._news.clear()
            try:
                wait = await self.step()
            except StoreClosed:
                return
            except LatchworkError as error:
                log(_log, ERROR, "calendars failed", error=type(error).__name__)
                wait = _IDLE_S
            with suppress(TimeoutError):
                async with asyncio.timeout(max(1.0, min(wait, _IDLE_S))):
                    await self._news.wait()

    # What people do

    def calendars(self, door_id: str) -> list[Calendar]:
        """Those of a door, oldest first.

        Raises:
            NotFound: there is no such door.
        """
        self._desk.repository.door(door_id)
        return self._database.read(lambda connection: rows.list_calendars(connection, door_id))

    def calendar(self, calendar_id: str) -> Calendar:
        """One calendar; `NotFound` where there is none."""
        return self._database.read(lambda connection: rows.get_calendar(connection, calendar_id))

    def stays(self, calendar_id: str) -> list[KeptStay]:
        """What it made, by arrival; `NotFound` where there is no such calendar."""
        self.calendar(calendar_id)
        return self._database.read(lambda connection: rows.list_stays(connection, calendar_id))

    async def add(self, calendar: Calendar, url: str, *, actor: str) -> Calendar:
        """Keep a new calendar; its id, host and address are filled in. It is read soon.

        Raises:
            NotFound: there is no such door.
            AddressRefused: no calendar can be there.
            Misuse: there are too many.
        """
        desk = self._desk
        door = desk.repository.door(calendar.door_id)
        if len(self._database.read(rows.list_calendars)) >= rows.MAX_CALENDARS:
            raise Misuse("there are too many calendars", advice="Remove one that is not used any more.")
        calendar = self._with_url(replace(calendar, id=desk.new_id("calendar"), created_at=desk.now()), url)
        kept = await desk.write(
            lambda to: rows.put_calendar(to, calendar),
            lambda kept: [desk.audit(actor, "calendar_added", door=door, detail=_told(kept))],
        )
        self._news.set()
        return kept

    async def change(self, calendar: Calendar, url: str | None, *, actor: str) -> Calendar:
        """Keep a calendar changed, with another address where one is given; it is read anew.

        Raises:
            Conflict: somebody else was faster.
            AddressRefused: no calendar can be there.
        """
        desk = self._desk
        door = self._door(calendar)
        url = url if url is not None else self._url(calendar)
        calendar = replace(self._with_url(calendar, url), etag="", last_modified="", next_at=0.0)
        kept = await desk.write(
            lambda to: rows.put_calendar(to, calendar),
            lambda kept: [desk.audit(actor, "calendar_changed", door=door, detail=_told(kept))],
        )
        self._news.set()
        return kept

    async def remove(self, calendar_id: str, *, actor: str) -> None:
        """Read it no more. Guests who have not come yet are taken away; who is in the house stays until the end.

        Raises:
            NotFound: there is no such calendar.
        """
        desk = self._desk
        gone = replace(self.calendar(calendar_id), removed_at=desk.now())
        door = self._door(gone)
        await desk.write(
            lambda to: rows.put_calendar(to, gone),
            lambda kept: [desk.audit(actor, "calendar_removed", door=door, detail=_told(kept))],
        )
        self._news.set()

    async def refresh(self, calendar_id: str) -> Calendar:
        """Read it now; how that went is told by what it is afterwards.

        Raises:
            NotFound: there is no such calendar.
        """
        self.calendar(calendar_id)
        await self._read(calendar_id)
        return self.calendar(calendar_id)

    def _with_url(self, calendar: Calendar, url: str) -> Calendar:
        url = checked_url(url, is_local=calendar.is_local)
        return replace(calendar, host=host_of(url), sealed_url=self._seal.seal(_sealed_as(calendar), url.encode()))

    def _url(self, calendar: Calendar) -> str:
        return bytes(self._seal.open(_sealed_as(calendar), calendar.sealed_url)).decode()

    def _door(self, calendar: Calendar) -> Any:
        return self._desk.household().doors.get(calendar.door_id)

    # Reading

    async def step(self) -> float:
        """End what is over and read what is due, once; returns seconds until something will be due."""
        now = self._desk.now()
        calendars = self._database.read(rows.list_calendars)
        if not calendars:
            return _IDLE_S
        for calendar in calendars:
            try:
                async with self._turns.setdefault(calendar.id, asyncio.Lock()):
                    await self._clear_away(calendar, now)
            except StoreClosed:
                raise
            except LatchworkError as error:
                log(_log, ERROR, "stays not cleared away", calendar=calendar.id, error=type(error).__name__)
        due = [each for each in calendars if _is_read(each) and each.next_at <= now]
        await asyncio.gather(*(self._read_in_turn(each.id) for each in due))
        await self._database.write(lambda to: rows.forget_old(to, now))
        left = [each.next_at for each in self._database.read(rows.list_calendars) if _is_read(each)]
        return min(left, default=now + _IDLE_S) - self._desk.now()

    async def _clear_away(self, calendar: Calendar, now: float) -> None:
        """What is over ends; of a calendar that is removed, or whose door is, also what has not begun."""
        if calendar.removed_at is None and self._door(calendar) is None:
            calendar = replace(calendar, removed_at=now)
            removed = calendar
            await self._desk.write(lambda to: rows.put_calendar(to, removed))
            calendar = replace(calendar, version=calendar.version + 1)
        stays = self._database.read(lambda connection: rows.list_stays(connection, calendar.id))
        left = 0
        for kept in stays:
            is_withdrawn = kept.known.state is State.WITHDRAWN or self._guests.is_withdrawn(kept)
            if kept.known.state is State.OVER:
                continue
            if self._guests.ends_at(kept) + CLEAN_AFTER_S <= now:
                await self._guests.take_away(calendar, kept, "over")
            elif calendar.removed_at is not None and (is_withdrawn or kept.known.start > now):
                await self._guests.take_away(calendar, kept, "withdrawn")
            else:
                left += 1
                if is_withdrawn and kept.known.state is State.STANDS:
                    await self._guests.keep(kept, state=State.WITHDRAWN)
        if calendar.removed_at is not None and not left:
            await self._desk.write(lambda to: rows.forget_calendar(to, calendar.id))
            self._turns.pop(calendar.id, None)

    async def _read_in_turn(self, calendar_id: str) -> None:
        async with self._at_once:
            await self._read(calendar_id)

    async def _read(self, calendar_id: str) -> None:
        async with self._turns.setdefault(calendar_id, asyncio.Lock()):
            calendar = self._database.read(lambda connection: rows.find_calendar(connection, calendar_id))
            if calendar is None or not _is_read(calendar):
                return
            try:
                found = await self._read_once(calendar)
            except (NotFetched, AddressRefused, NoCalendar) as error:
                found = await self._failed(calendar, str(error))
            except StoreClosed:
                raise
            except LatchworkError as error:
                found = await self._failed(calendar, f"what it says could not be carried out: {type(error).__name__}")
            await self._desk.write(lambda to: rows.tell_found(to, found))
            self._desk.bus.publish(
                "calendar", {"calendar_id": calendar.id, "door_id": calendar.door_id, "error": found.last_error}
            )

    async def _read_once(self, calendar: Calendar) -> Calendar:
        now = self._desk.now()
        stays = self._database.read(lambda connection: rows.list_stays(connection, calendar.id))
        is_missing = any(each.known.missing_since is not None for each in stays if each.known.state is State.STANDS)
        must_be_whole = is_missing or calendar.warning or calendar.read_at is None or now - calendar.read_at >= WHOLE_S
        fetched: Fetched = await self.fetcher.fetch(
            self._url(calendar),
            etag="" if must_be_whole else calendar.etag,
            last_modified="" if must_be_whole else calendar.last_modified,
            is_local=calendar.is_local,
        )
        warning = calendar.warning
        if fetched.octets is not None:
            listing: Listing = await self.run(_listing, fetched.octets, self._habits(calendar), self._desk.now())
            warning = await self._take(calendar, listing)
        now = self._desk.now()
        if calendar.failures >= FAILURES_TOLD:
            await self._desk.note(self._guests.entry(calendar, "calendar_recovered", None))
        if warning and warning != calendar.warning:
            entry = self._guests.entry(calendar, "calendar_doubted", None)
            await self._desk.note(replace(entry, detail={**entry.detail, "why": warning}))
        return replace(
            calendar,
            etag=fetched.etag,
            last_modified=fetched.last_modified,
            checked_at=now,
            read_at=calendar.read_at if fetched.octets is None else now,
            next_at=now + POLL_S * self._jitter(),
            failures=0,
            last_error="",
            warning=warning[:500],
        )

    async def _failed(self, calendar: Calendar, why: str) -> Calendar:
        now, failures = self._desk.now(), calendar.failures + 1
        log(_log, WARNING, "calendar not read", calendar=calendar.id, failures=failures, reason=why)
        if failures == FAILURES_TOLD:
            entry = self._guests.entry(calendar, "calendar_failed", None)
            await self._desk.note(replace(entry, detail={**entry.detail, "why": why[:300]}))
        pause = _PAUSES_S[min(failures, len(_PAUSES_S)) - 1] * self._jitter()
        return replace(calendar, checked_at=now, next_at=now + pause, failures=failures, last_error=why[:500])

    def _jitter(self) -> float:
        return 0.9 + self._desk.entropy(1)[0] / 1275

    def _habits(self, calendar: Calendar) -> Habits:
        return Habits(
            zone=ZoneInfo(self._desk.household().site.time_zone),
            check_in=calendar.check_in,
            check_out=calendar.check_out,
            closed_is_stay=calendar.closed_is_stay,
        )

    # Carrying out

    async def _take(self, calendar: Calendar, listing: Listing) -> str:
        """What a reading says is carried out; returns what is doubted of it."""
        now = self._desk.now()
        latest = self._database.read(lambda connection: rows.find_calendar(connection, calendar.id))
        door = self._door(calendar)
        if latest is None or latest.version != calendar.version or door is None:
            return ""  # it was changed while it was read, and is read again
        stays = self._database.read(lambda connection: rows.list_stays(connection, calendar.id))
        for kept in stays:
            if kept.known.state is State.STANDS and self._guests.is_withdrawn(kept):
                await self._guests.keep(kept, state=State.WITHDRAWN)
        stays = self._database.read(lambda connection: rows.list_stays(connection, calendar.id))
        by_key = {each.known.key: each for each in stays}
        decision = decide(listing, (each.known for each in stays), now)
        for key, why in decision.remove:
            await self._guests.take_away(calendar, by_key[key], why)
        for key, stay in decision.change:
            await self._guests.change(calendar, by_key[key], stay)
        await self._mark(calendar, decision, by_key, now)
        try:
            for stay in decision.add:
                await self._guests.make(calendar, door, stay)
        except (NoCommonLength, NoCodeLeft) as error:
            return f"there is no code for the guests: {error}"
        return decision.warning

    async def _mark(self, calendar: Calendar, decision: Decision, by_key: dict[str, KeptStay], now: float) -> None:
        changed = {key for key, _ in decision.change}
        for key in decision.missing:
            kept = by_key[key]
            await self._guests.keep(kept, missing_since=now)
            if kept.known.start <= now:
                await self._desk.note(self._guests.entry(calendar, "stay_missing", kept))
        for key in decision.found:
            if key not in changed:
                await self._guests.keep(by_key[key], missing_since=None)


def _listing(octets: bytes, habits: Habits, now: float) -> Listing:
    today = datetime.fromtimestamp(now, UTC).date()
    feed = read_feed(octets, zone=habits.zone, first=today - timedelta(days=2), last=today + HORIZON)
    return listing_of(feed, habits)


def _is_read(calendar: Calendar) -> bool:
    return calendar.is_enabled and calendar.removed_at is None


def _sealed_as(calendar: Calendar) -> str:
    return f"calendar/{calendar.id}/url"


def _told(calendar: Calendar) -> dict[str, Any]:
    return {"calendar": calendar.id, "name": calendar.name[:100], "host": calendar.host[:200]}


__all__ = ["Calendars", "actor_of"]
