"""One node listened to: how its locks stand, who came, what others change, and whether it answers at all.

Layer hub, on controller. Events go into the journal by their numbers, each once; where some are missing the node is asked for them again.
What others change wakes the keeper of the lock.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from logging import WARNING
from typing import Any, Final

from latchwork.base.errors import LatchworkError
from latchwork.base.logs import log, logger
from latchwork.controller import Peer, Subscription
from latchwork.controller.check_in import StillAsleep
from latchwork.controller.subscription import State
from latchwork.hub.desk import Desk
from latchwork.hub.house.entities import Lock
from latchwork.hub.house.observed import Observed
from latchwork.hub.journal.entries import Detail, Entry, Kind
from latchwork.hub.journal.numbers import Numbers
from latchwork.hub.journal.who import Fabric, Scene
from latchwork.hub.keeping.door_sensor import Suspicion, suspicion
from latchwork.hub.keeping.keeper import Wake
from latchwork.hub.keeping.uses import take_uses
from latchwork.hub.keeping.waking import Backoff
from latchwork.hub.listening.reports import QUERIES, stands
from latchwork.hub.status import DoorSensor, LockStatus, fabric_of
from latchwork.matter.interaction.paths import EventQuery
from latchwork.matter.interaction.values import AttributeValue, EventValue
from latchwork.matter.model.clusters.basic_information import BasicInformation
from latchwork.matter.model.clusters.operational_credentials import FabricDescriptorStruct, OperationalCredentials
from latchwork.matter.model.clusters.time_synchronization import TimeSynchronization

_log = logger(__name__)
MAX_REPORTS: Final = 256
"""Reports that may wait to be taken; beyond that the oldest is dropped, and its events are asked for again."""
QUIET_S: Final = 300
SLEEPY_QUIET_S: Final = 3600
"""Seconds between reports when nothing happens: each one costs a battery."""
_LOOK_S: Final = 15.0
"""Seconds between looks at whether the subscription stands."""
_ASK_AGAIN_S: Final = 600.0
"""Seconds after which a node is asked again for what stays missing."""
_CHANGES: Final = frozenset(
    {
        *(Kind.USER_ADDED, Kind.USER_CHANGED, Kind.USER_REMOVED, Kind.CODE_ADDED, Kind.CODE_CHANGED),
        *(Kind.CODE_REMOVED, Kind.SCHEDULE_CHANGED),
    }
)
_FORGOTTEN: Final = frozenset({Kind.LOCK_RESET, Kind.GAP_LOST})
"""After these, what is on the lock is not known any more."""
Report = list[Any]


class Watcher:
    """Listens to one node, from `start` to `close`.

    Args:
        desk: the books.
        peer: the node.
        wake: called with a lock's id and why its keeper is to look.
        used: called with doors at which something was used that changes what should be on their locks.
        observed: what a lock held when it was read last.
        is_sleepy: whether the node sleeps.
        sleeps_for: seconds that it hears nobody, for one that tells us when it wakes; None: it hears us.
    """

    def __init__(
        self,
        desk: Desk,
        peer: Peer,
        *,
        wake: Callable[[str, Wake], None],
        used: Callable[[Iterable[str]], None],
        observed: Callable[[str], Observed | None],
        is_sleepy: Callable[[], bool],
        sleeps_for: Callable[[], float | None],
    ) -> None:
        self._desk = desk
        self._peer = peer
        self._wake = wake
        self._used = used
        self._observed = observed
        self._is_sleepy = is_sleepy
        self._sleeps_for = sleeps_for
        self._reports: deque[Report] = deque(maxlen=MAX_REPORTS)
        self._news = asyncio.Event()
        self._is_lossy = False
        self._subscription: Subscription | None = None
        self._resumptions = 0
        self._is_first = True
        self._must_ask = False
        self._is_silent = False
        self._ask_at = 0.0
        self._fabrics: dict[int, Fabric] = _fabrics_from(desk.repository.setting(self._setting))
        self._status: dict[int, LockStatus] = {}
        self._suspicions: dict[str, Suspicion] = {}
        self._base = LockStatus()
        self._task: asyncio.Task[None] | None = None

    @property
    def _setting(self) -> str:
        return f"node/{self._peer.node_id:016X}/fabrics"

    # Life

    def start(self) -> None:
        """Begin to listen."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"watcher of {self._peer.node_id:X}")

    async def close(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self._subscription is not None:
            await self._subscription.close()
            self._subscription = None

    def status(self, lock: Lock) -> LockStatus:
        """How a lock of this node stands."""
        return self._status.get(lock.endpoint, self._base)

    async def _run(self) -> None:
        backoff = Backoff(self._desk.entropy)
        while True:
            try:
                if self._subscription is None:
                    await self._subscribe()
                    backoff.succeeded()
                await self._listen()
            except LatchworkError as error:
                if self._subscription is None:
                    await self._reach(str(error) or "it does not answer")
                else:
                    log(_log, WARNING, "reports not taken", node=self._peer.node_id, error=type(error).__name__)
                    self._must_ask = True
                await self._pause(backoff.failed())
            except Exception:  # noqa: BLE001 - a defect of ours is told, and must not make us deaf to this node
                _log.exception("listening to a node failed")
                self._must_ask = True
                await self._pause(backoff.failed())

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        self._news.clear()

    async def _subscribe(self) -> None:
        asleep_s = self._sleeps_for()
        if asleep_s is not None:
            if self._base.since is None:
                self._all(why="it sleeps, and tells when it wakes")
            with suppress(StillAsleep):  # it may have forgotten to tell us
                await self._peer.wait_awake(2 * asleep_s + _LOOK_S)
        self._is_first = True
        self._subscription = await self._peer.subscribe(
            *QUERIES,
            on_report=self._on_report,
            max_s=SLEEPY_QUIET_S if self._is_sleepy() else QUIET_S,
            fabric_filtered=False,
        )
        self._resumptions = self._subscription.resumptions

    def _on_report(self, entries: Report) -> None:
        self._is_lossy = self._is_lossy or len(self._reports) == MAX_REPORTS
        self._reports.append(entries)
        self._news.set()

    async def _listen(self) -> None:
        """Take what was reported, then wait for more, or for silence."""
        subscription = self._subscription
        assert subscription is not None, "it was made"
        if subscription.state is not State.RESUMING:
            self._is_silent = False
        elif not self._is_silent and not self._reports:
            self._is_silent = True
            await self._reach("it stopped reporting")
            for lock in self._locks():
                self._wake(lock.id, Wake.SILENT)  # who asks is told why
        while self._reports:
            report = self._reports.popleft()
            await self._reach("")
            await self._take(report)
        if subscription.resumptions != self._resumptions or self._is_lossy:
            self._resumptions, self._is_lossy, self._must_ask = subscription.resumptions, False, True
        if self._must_ask or (self._ask_at and self._desk.now() >= self._ask_at):
            await self._ask_events()
        self._news.clear()
        if not self._reports:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._news.wait()

    # Reachability

    def is_news(self, why: str) -> bool:
        """Whether `contact` would change anything."""
        return self._base.since is None or self._base.is_reachable is bool(why) or self._base.why != why

    async def contact(self, why: str) -> None:
        """Somebody else spoke to the node, or could not.

        Args:
            why: why it does not answer; empty when it does.
        """
        if not why and self._subscription is not None and self._subscription.state is State.RESUMING:
            self._subscription.node_woke()  # it need not wait for its next try
        await self._reach(why)

    async def _reach(self, why: str) -> None:
        """The node answers, or does not and why."""
        now, before = self._desk.now(), self._base
        is_reachable = not why
        if is_reachable:
            self._all(heard_at=now)
        if before.since is not None and before.is_reachable is is_reachable:
            self._all(why=why)  # whoever asked last knows best
            return
        self._all(is_reachable=is_reachable, why=why, since=now)
        for lock in self._locks():
            self._tell("reachability", lock, is_reachable=is_reachable, why=why)
            if is_reachable:
                self._wake(lock.id, Wake.HEARD)
        # The first time it is only what was to be expected.
        if before.since is not None or not is_reachable:
            detail: dict[str, Detail] = {"reachable": is_reachable, "why": why[:300]}
            await self._desk.note(
                *(replace(self._entry(lock), kind=Kind.REACHABILITY, detail=detail) for lock in self._locks())
            )

    def _all(self, **changes: Any) -> None:
        """Of the node, and so of all its locks."""
        self._base = replace(self._base, **changes)
        for endpoint, status in self._status.items():
            self._status[endpoint] = replace(status, **changes)

    # Reports

    async def _take(self, report: Report) -> None:
        attributes = [each for each in report if isinstance(each, AttributeValue) and each.is_typed]
        events = [each for each in report if isinstance(each, EventValue)]
        for attribute in attributes:
            if (attribute.cluster, attribute.attribute) == _FABRICS:
                await self._take_fabrics(attribute.value)
        await self._take_state(attributes)
        is_first, self._is_first = self._is_first, False
        if events or is_first:
            # The first report of a new subscription is everything that the node holds.
            await self._take_events(events, 0 if is_first else None)

    async def _take_state(self, attributes: list[AttributeValue]) -> None:
        changes = stands(attributes)
        if common := changes.pop(None, None):
            old = self._base.battery_level
            self._all(**common)
            level = self._base.battery_level
            for lock in self._locks():
                self._tell("battery", lock, percent=self._base.battery_percent, level=level)
            if level != old and (old is not None or level != "ok"):
                detail: dict[str, Detail] = {"level": level, "percent": self._base.battery_percent}
                await self._desk.note(
                    *(replace(self._entry(lock), kind=Kind.BATTERY, detail=detail) for lock in self._locks())
                )
        by_endpoint = {lock.endpoint: lock for lock in self._locks()}
        for endpoint, changed in changes.items():
            if endpoint is None or endpoint not in by_endpoint:
                continue
            lock = by_endpoint[endpoint]
            before = self._status.get(endpoint, self._base)
            self._status[endpoint] = after = replace(before, **changed)
            if after.lock_state != before.lock_state:
                self._tell("lock_state", lock, lock_state=after.lock_state)
            if after.door_state != before.door_state:
                self._tell("door_state", lock, door_state=after.door_state)
            if after.door_sensor is not before.door_sensor:
                self._sensor_changed(lock, before.door_sensor, after)
            if after.mode != before.mode:
                self._tell("mode", lock, mode=after.mode)

    def _sensor_changed(self, lock: Lock, before: DoorSensor | None, after: LockStatus) -> None:
        if after.door_sensor is DoorSensor.CANNOT_TELL and after.is_door_doubtful:
            self._suspicions.pop(lock.id, None)  # somebody sees to it: it is being calibrated
            self._status[lock.endpoint] = replace(after, is_door_doubtful=False)
        if before is not None or after.door_sensor is not DoorSensor.TELLS:
            self._wake(lock.id, Wake.DOOR)

    def _suspect(self, lock: Lock, entries: Iterable[Entry]) -> None:
        before = self._suspicions.get(lock.id, Suspicion.NONE)
        if before is Suspicion.DOUBTFUL:
            return
        self._suspicions[lock.id] = now = suspicion(before, (each for each in entries if each.lock_id == lock.id))
        if now is Suspicion.DOUBTFUL:
            status = self._status.get(lock.endpoint, self._base)
            self._status[lock.endpoint] = replace(status, is_door_doubtful=True)
            self._wake(lock.id, Wake.DOOR)

    async def _take_fabrics(self, descriptors: Iterable[FabricDescriptorStruct]) -> None:
        found = {each.fabric_index: fabric_of(each) for each in descriptors if each.fabric_index is not None}
        self._all(fabrics={index: fabric.name for index, fabric in found.items()})
        before, self._fabrics = self._fabrics, found
        if before == found:
            return
        changes = [(Kind.FABRIC_REMOVED, index, before[index]) for index in before.keys() - found.keys()]
        changes += [(Kind.FABRIC_ADDED, index, found[index]) for index in found.keys() - before.keys() if before]
        entries = [
            replace(self._entry(lock), kind=kind, fabric_index=index, fabric_name=fabric.name)
            for lock in self._locks()
            for kind, index, fabric in changes
        ]
        if entries:
            await self._desk.note(*entries)
        kept = [[index, each.vendor, each.label, each.vendor_id] for index, each in found.items()]
        await self._desk.repository.put_setting(self._setting, {"fabrics": kept})  # type: ignore[dict-item]  # lists are invariant
        for lock in self._locks():
            if any(kind is Kind.FABRIC_REMOVED for kind, *_ in changes):
                self._wake(lock.id, Wake.LOCK)  # what it made is nobody's from now on
            self._tell("fabrics", lock, fabrics={str(index): each.name for index, each in found.items()})

    # Events

    async def _take_events(self, events: list[EventValue], asked_from: int | None) -> None:
        scenes = self._scenes()
        if not scenes:
            return
        at, node_id = self._desk.now(), self._peer.node_id
        numbers = self._desk.journal.numbers(node_id)
        is_clock_doubtful = any(_is_about_clock(event) and numbers.is_new(event.number) for event in events)
        if asked_from is None and not self._must_ask and _has_hole(numbers, events):
            events, asked_from = await self._filled(events)
        entries = await self._desk.journal.take(node_id, events, scenes, at, asked_from=asked_from)
        self._desk.tell_entries(entries)
        for each in self._locks():
            self._suspect(each, entries)
        doors = await take_uses(self._desk, entries)
        if doors:
            self._used(doors)
        for entry in entries:
            lock = next((each for each in self._locks() if each.id == entry.lock_id), None)
            if lock is None:
                continue
            is_theirs = entry.kind in _CHANGES and entry.fabric_index != lock.fabric_index
            if is_theirs or entry.kind in _FORGOTTEN:
                self._wake(lock.id, Wake.LOCK)
            if entry.kind is Kind.LOCK_RESET and entry.event_number is not None:
                self._wake(lock.id, Wake.RESET)
        if is_clock_doubtful:
            for lock in self._locks():
                self._wake(lock.id, Wake.CLOCK)
        if asked_from is None and any(entry.kind is Kind.GAP for entry in entries):
            self._must_ask = True

    async def _ask_events(self) -> None:
        """Ask for what is missing; whatever the node does not hold any more is then known to be lost."""
        numbers = self._desk.journal.numbers(self._peer.node_id)
        first = numbers.ask_from()
        events = await self._events_from(first)
        if not events and first:
            first, events = 0, await self._events_from(0)
        self._must_ask = False
        await self._take_events(events, first)
        left = self._desk.journal.numbers(self._peer.node_id).missing
        self._ask_at = self._desk.now() + _ASK_AGAIN_S if left else 0.0

    async def _filled(self, events: list[EventValue]) -> tuple[list[EventValue], int | None]:
        """Events after a hole together with all that the node holds, which shows whether anything is missing; or as they were."""
        try:
            return [*await self._events_from(0), *events], 0
        except LatchworkError:
            return events, None  # the hole is told, and asked about again

    async def _events_from(self, first: int) -> list[EventValue]:
        entries = await self._peer.read(EventQuery(), event_min=first, fabric_filtered=False)
        return [each for each in entries if isinstance(each, EventValue)]

    # What is around

    def _locks(self) -> Sequence[Lock]:
        return self._desk.household().locks_on.get(self._peer.node_id, ())

    def _scenes(self) -> Mapping[int, Scene]:
        house, everybody = self._desk.household(), self._desk.everybody()
        return {
            lock.endpoint: Scene(
                lock=lock,
                door=house.door_of.get(lock.id),
                placed=self._desk.repository.placed(lock.id),
                persons=everybody,
                fabrics=self._fabrics,
                observed=self._observed(lock.id),
            )
            for lock in self._locks()
        }

    def _entry(self, lock: Lock) -> Entry:
        return Scene(lock=lock, door=self._desk.household().door_of.get(lock.id)).entry(self._desk.now())

    def _tell(self, kind: str, lock: Lock, **data: Any) -> None:
        door = self._desk.household().door_of.get(lock.id)
        self._desk.bus.publish(kind, {"lock_id": lock.id, "door_id": None if door is None else door.id, **data})


_START_UP: Final = (BasicInformation.id, BasicInformation.start_up.id)
_FABRICS: Final = (OperationalCredentials.id, OperationalCredentials.fabrics.id)


def _is_about_clock(event: EventValue) -> bool:
    return event.cluster == TimeSynchronization.id or (event.cluster, event.event) == _START_UP


def _has_hole(numbers: Numbers, events: Iterable[EventValue]) -> bool:
    """Whether numbers before or between these events have not come."""
    expected = numbers.next
    for number in sorted({event.number for event in events}):
        if expected is not None and number > expected:
            return True
        expected = number + 1 if expected is None else max(expected, number + 1)
    return False


def _fabrics_from(kept: Any) -> dict[int, Fabric]:
    """The ecosystems as they were when the node was heard last."""
    try:
        return {
            int(index): Fabric(vendor=str(vendor), label=str(label), vendor_id=int(vendor_id))
            for index, vendor, label, vendor_id in kept["fabrics"]
        }
    except (TypeError, ValueError, KeyError):
        return {}  # they are read from the lock again
