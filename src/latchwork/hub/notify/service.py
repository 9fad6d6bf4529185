"""The notifications of a hub: it follows the journal, looks at what lasts, and tells those who asked for it.

Layer hub, on store; asyncio. A rule remembers the last entry of which everything was sent: what happens while a service does not answer,
or while the hub is being started again, is told later, and in few messages. A receiver that is gone holds up nobody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import blake2b
from logging import ERROR
from typing import Final
from zoneinfo import ZoneInfo

from latchwork.base.errors import LatchworkError, Misuse
from latchwork.base.logs import log, logger
from latchwork.hub.desk import Desk
from latchwork.hub.house.desired import Desired
from latchwork.hub.journal.entries import Entry, Kind
from latchwork.hub.notify import rows, sending, texts
from latchwork.hub.notify.conditions import (
    Sight,
    answering_again,
    beginning,
    missing_codes,
    silent_locks,
    unreachable_key,
)
from latchwork.hub.notify.outbox import STALE_S, Batch, Outbox
from latchwork.hub.notify.rules import LASTING, Notice, Rule, Topic, quiet_until, topics_of, wants
from latchwork.hub.notify.sending import AppriseSender, NotInstalled, NotSent, Sender
from latchwork.hub.status import LockStatus
from latchwork.store.errors import StoreClosed
from latchwork.store.sealed import Seal

LOOK_S: Final = 60.0
"""Seconds between looks at what lasts."""
GIVE_UP_S: Final = 86_400.0
"""Seconds for which a message is tried."""
MAX_BEHIND: Final = 5000
"""Entries that are looked at after a long absence: of older ones there is nobody left to be told."""
_PAUSES_S: Final = (10.0, 60.0, 300.0, 1800.0, 3600.0)
_TAKEN_AT_ONCE: Final = 200
_PASSED: Final = 500
"""Entries that are of no rule after which that is written down."""
_IDLE_S: Final = 300.0
_TEST: Final = "This is a test: notifications arrive."
_log = logger(__name__)


@dataclass(slots=True)
class _Lane:
    """One rule on its way to its receiver."""

    outbox: Outbox = field(default_factory=Outbox)
    keys: set[str] = field(default_factory=set)
    batch: Batch | None = None
    begun_at: float = 0.0
    attempts: int = 0
    next_at: float = 0.0
    version: int = 0
    scanned: int = 0
    sending: asyncio.Task[None] | None = None


class Notifications:
    """Tells those who asked, from `start` to `close`.

    Attributes:
        sender: sends.

    Args:
        desk: the books.
        status: how a lock stands.
        desired: what should be on a lock.
    """

    def __init__(self, desk: Desk, *, status: Callable[[str], LockStatus], desired: Callable[[str], Desired]) -> None:
        self.sender: Sender = AppriseSender()
        self._desk = desk
        self._status = status
        self._desired = desired
        self._database = desk.repository.database
        # A key of its own: what is sealed here opens nothing else.
        key = blake2b(b"notification addresses", key=self._database.sealing_key(desk.entropy), digest_size=32).digest()
        self._seal = Seal(key, desk.entropy)
        self._lanes: dict[str, _Lane] = {}
        self._scanned: int | None = None
        self._look_at = 0.0
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._sending: set[asyncio.Task[None]] = set()

    # Life

    def start(self) -> None:
        """Begin to follow."""
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._run(), name="notifications"),
                asyncio.create_task(self._follow(), name="notifications follow the journal"),
            ]

    async def close(self) -> None:
        """Stop; what was not sent is found again after the next start."""
        tasks = [*self._tasks, *self._sending]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks = []
        sending.close(self.sender)

    async def _follow(self) -> None:
        async for event in self._desk.bus.listen():
            if event is None or event.kind == "journal":
                self._news.set()

    async def _run(self) -> None:
        while True:
            self._news.clear()
            try:
                wait = await self.step()
            except StoreClosed:
                return
            except LatchworkError as error:
                log(_log, ERROR, "notifications failed", error=type(error).__name__)
                wait = LOOK_S
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.05, min(wait, _IDLE_S))):
                    await self._news.wait()

    # What people do

    def rules(self) -> list[Rule]:
        """All rules, oldest first."""
        return self._database.read(rows.list_rules)

    def rule(self, rule_id: str) -> Rule:
        """One rule; `NotFound` where there is none."""
        return self._database.read(lambda connection: rows.get_rule(connection, rule_id))

    async def add(self, rule: Rule, url: str, *, actor: str) -> Rule:
        """Keep a new rule; its id and address are filled in. What happens from now on is told.

        Raises:
            Misuse: nothing can be sent there, or there are too many rules.
            AddressRefused: the hub does not go there.
            NotInstalled: what is needed for sending is not there.
        """
        desk = self._desk
        if len(self.rules()) >= rows.MAX_RULES:
            raise Misuse("there are too many rules", advice="Remove one that is not used any more.")
        rule = replace(
            rule, id=desk.new_id("notification"), created_at=desk.now(), seq=desk.journal.head().seq, version=1
        )
        return await self._put(self._with_url(rule, url), "notification_rule_added", actor)

    async def change(self, rule: Rule, url: str | None, *, actor: str) -> Rule:
        """Keep a rule changed, with another address where one is given; what waits for it is let go.

        Raises:
            Conflict: somebody else was faster.
            Misuse, AddressRefused, NotInstalled: as `add`.
        """
        rule = self._with_url(rule, self._url(rule) if url is None else url)
        return await self._put(replace(rule, seq=self._desk.journal.head().seq), "notification_rule_changed", actor)

    async def remove(self, rule_id: str, *, actor: str) -> None:
        """Tell them nothing any more.

        Raises:
            NotFound: there is no such rule.
        """
        await self._desk.write(
            lambda to: rows.remove_rule(to, rule_id),
            lambda gone: [self._audit(actor, "notification_rule_removed", gone)],
        )
        self._lanes.pop(rule_id, None)

    async def test(self, rule_id: str) -> Rule:
        """Send a test now; how that went is told by what the rule is afterwards.

        Raises:
            NotFound: there is no such rule.
            NotInstalled: what is needed for sending is not there.
        """
        rule = self.rule(rule_id)
        site = self._desk.household().site.name
        await self._send(rule, texts.Message(title=site, body=_TEST), lane=None, keys=())
        return self.rule(rule_id)

    async def _put(self, rule: Rule, did: str, actor: str) -> Rule:
        kept = await self._desk.write(lambda to: rows.put_rule(to, rule), lambda kept: [self._audit(actor, did, kept)])
        self._news.set()
        return kept

    def _audit(self, actor: str, did: str, rule: Rule) -> Entry:
        return self._desk.audit(actor, did, detail={"rule": rule.id, "name": rule.name[:100], "scheme": rule.scheme})

    def _with_url(self, rule: Rule, url: str) -> Rule:
        scheme = self.sender.check(url, is_local=rule.is_local)
        return replace(rule, scheme=scheme, sealed_url=self._seal.seal(_sealed_as(rule), url.encode()))

    def _url(self, rule: Rule) -> str:
        return bytes(self._seal.open(_sealed_as(rule), rule.sealed_url)).decode()

    # Following

    async def step(self) -> float:
        """Take what is new, look at what lasts, and send what is due, once; returns seconds until something will be due."""
        rules = [rule for rule in self.rules() if rule.is_enabled]
        self._lanes = {rule.id: self._lane(rule) for rule in rules}
        if not rules:
            self._scanned = None
            return _IDLE_S
        await self._scan(rules)
        now = self._desk.now()
        wait = _IDLE_S
        watching = [rule for rule in rules if not rule.topics.isdisjoint(LASTING)]
        if watching:
            if now >= self._look_at:
                self._look_at = now + LOOK_S
                await self._look(watching, now)
            wait = max(0.0, self._look_at - now)
        return min(wait, *(self._deliver(rule) for rule in rules))

    def _lane(self, rule: Rule) -> _Lane:
        lane = self._lanes.get(rule.id)
        if lane is None or lane.version != rule.version:
            keys = self._database.read(lambda connection: rows.told_keys(connection, rule.id))
            lane = _Lane(keys=keys, version=rule.version)
        return lane

    async def _scan(self, rules: list[Rule]) -> None:
        """New entries of the journal, to those who want them."""
        head = self._desk.journal.head().seq
        if self._scanned is None:
            self._scanned = max(min(rule.seq for rule in rules), head - MAX_BEHIND)
        ours = {lock.id: lock.fabric_index for lock in self._desk.household().locks.values()}
        now = self._desk.now()
        while self._scanned < head:
            entries = await self._desk.journal.since(self._scanned, _TAKEN_AT_ONCE)
            if not entries:
                break
            for entry in entries:
                notice = _notice_of(entry, ours)
                for rule in rules:
                    if entry.seq > rule.seq and now - notice.at < STALE_S and wants(rule, notice):
                        self._lanes[rule.id].outbox.put(notice, now)
            self._scanned = entries[-1].seq
        for rule in rules:
            lane = self._lanes[rule.id]
            lane.scanned = self._scanned
            if lane.batch is None and not lane.outbox.waiting and self._scanned - rule.seq >= _PASSED:
                await self._database.write(partial(rows.passed, rule_id=rule.id, seq=self._scanned))

    # Looking

    async def _look(self, rules: list[Rule], now: float) -> None:
        house = self._desk.household()
        statuses = {lock_id: self._status(lock_id) for lock_id in house.locks}
        starts = beginning(house, now) if any(Topic.NOT_IN_PLACE in rule.topics for rule in rules) else []
        sights = {lock_id: self._sight(lock_id, statuses[lock_id]) for _, lock_id, _ in starts if lock_id in statuses}
        missing = list(missing_codes(house, starts, sights, now))
        for rule in rules:
            lane = self._lanes[rule.id]
            for notice in answering_again(lane.keys, house, statuses, now):
                key = unreachable_key(notice.key.partition("/")[2])
                await self._database.write(partial(rows.forget_key, rule_id=rule.id, key=key))
                lane.keys.discard(key)
                lane.outbox.put(replace(notice, key=""), now)
            for notice in (*silent_locks(rule, house, statuses, now), *missing):
                if notice.key not in lane.keys and wants(rule, notice):
                    # Remembered here at once, and for good when it was sent.
                    lane.keys.add(notice.key)
                    lane.outbox.put(notice, now)
        await self._database.write(lambda to: rows.forget_old(to, now))

    def _sight(self, lock_id: str, status: LockStatus) -> Sight:
        troubles = self._desk.repository.troubles(lock_id)
        return Sight(
            status=status,
            desired=self._desired(lock_id),
            placed=self._desk.repository.placed(lock_id).credentials,
            in_trouble=frozenset(each.person_id for each in troubles if each.is_error and each.person_id is not None),
        )

    # Sending

    def _deliver(self, rule: Rule) -> float:
        """Begin to send what is due for a rule; returns seconds until something is."""
        lane, now = self._lanes[rule.id], self._desk.now()
        if lane.sending is not None:
            return _IDLE_S
        if lane.batch is not None and lane.outbox.is_urgent:
            lane.outbox.put_back(lane.batch)
            lane.batch = None
        if lane.batch is None:
            due = lane.outbox.due_at(now, quiet_until(rule, now, self._zone()))
            if due is None or due > now:
                return _IDLE_S if due is None else due - now
            lane.batch, lane.begun_at, lane.attempts, lane.next_at = lane.outbox.take(now), now, 0, now
            if lane.batch is None:
                return _IDLE_S
        if lane.next_at > now:
            return lane.next_at - now
        # A task of its own: a service that is slow to answer keeps nobody else waiting.
        lane.sending = asyncio.create_task(self._attempt(rule, lane, lane.batch), name=f"notification for {rule.id}")
        self._sending.add(lane.sending)
        lane.sending.add_done_callback(self._sending.discard)
        return _IDLE_S

    async def _attempt(self, rule: Rule, lane: _Lane, batch: Batch) -> None:
        try:
            site, now = self._desk.household().site, self._desk.now()
            message = texts.message_of(batch.notices, batch.more, site=site.name, now=now, zone=self._zone())
            keys = tuple(notice.key for notice in batch.notices if notice.key)
            is_sent = await self._send(rule, message, lane=lane, keys=keys)
        except LatchworkError as error:
            log(_log, ERROR, "notification failed", rule=rule.id, error=type(error).__name__)
            is_sent = False
        finally:
            lane.sending = None
            self._news.set()
        if is_sent:
            lane.batch = None
            return
        lane.attempts += 1
        lane.next_at = self._desk.now() + _PAUSES_S[min(lane.attempts, len(_PAUSES_S)) - 1]
        if lane.next_at - lane.begun_at > GIVE_UP_S:
            lane.batch = None

    async def _send(self, rule: Rule, message: texts.Message, *, lane: _Lane | None, keys: tuple[str, ...]) -> bool:
        """Send one message, and write down how that went."""
        try:
            url = self._url(rule)
            await self.sender.send(url, message.title, message.body, is_local=rule.is_local)
        except (NotSent, NotInstalled, Misuse) as error:
            why = " ".join(part for part in (str(error), error.advice) if part)
            failed = partial(rows.not_sent, rule_id=rule.id, at=self._desk.now(), why=why)
            await self._database.write(failed)
            return False
        seq = 0 if lane is None else lane.outbox.told_until(lane.scanned)
        done = partial(rows.sent, rule_id=rule.id, at=self._desk.now(), seq=seq, keys=keys)
        await self._database.write(done)
        return True

    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._desk.household().site.time_zone)


def _notice_of(entry: Entry, ours: Mapping[str, int]) -> Notice:
    return Notice(
        topics=topics_of(entry, ours),
        text=texts.text_of(entry),
        at=_happened(entry),
        door_id=entry.door_id,
        person_id=entry.person_id,
        seq=entry.seq,
    )


def _happened(entry: Entry) -> float:
    """By the lock's clock where that can be right, else when the hub learned of it: as the journal tells it."""
    if entry.lock_at is not None and entry.at - 35 * 86_400 <= entry.lock_at <= entry.at + 120:
        return entry.lock_at
    return entry.at


def _sealed_as(rule: Rule) -> str:
    return f"notification/{rule.id}/url"


KNOWN: Final[frozenset[str]] = frozenset({*(kind.value for kind in Kind), *(topic.value for topic in Topic)})
"""Every name that a rule may ask for."""
