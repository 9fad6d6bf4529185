"""What a node's events say, as entries of the journal: each event once, holes and new beginnings of its numbers told.

Layer hub, pure: events and what is known around the locks in, entries and what to remember out. It records what was said. Who it was,
`ingest_who` tells; what was not said is left out and has its reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from latchwork.base.errors import Misuse
from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.journal.entries import Detail, Entry, Kind, Why
from latchwork.hub.journal.numbers import Change, Miss, Numbers, Places, Stretch
from latchwork.hub.journal.who import KINDS_OF_DATA, Fabric, Moment, Scene, whose_change, whose_operation
from latchwork.matter.interaction.values import EventValue
from latchwork.matter.model.clusters.basic_information import BasicInformation, StartUp
from latchwork.matter.model.clusters.door_lock import (
    AlarmCodeEnum,
    DataOperationTypeEnum,
    DoorLock,
    DoorLockAlarm,
    DoorStateChange,
    DoorStateEnum,
    LockDataTypeEnum,
    LockOperation,
    LockOperationError,
    LockOperationTypeEnum,
    LockUserChange,
    OperationErrorEnum,
)

__all__ = ["Fabric", "Scene", "Taken", "take"]

ALL_USERS: Final = 0xFFFE
"""The index that means every user (Application Clusters 5.2.10.34)."""
MAX_LOST: Final = 64
"""Stretches that an entry tells of."""
MAX_DATE_MS: Final = 253_402_300_800_000
"""The year 10000: later dates are no dates."""

_OPERATIONS: Final = {
    LockOperationTypeEnum.LOCK: Kind.LOCKED,
    LockOperationTypeEnum.UNLOCK: Kind.OPENED,
    LockOperationTypeEnum.NON_ACCESS_USER_EVENT: Kind.RECOGNISED,
    LockOperationTypeEnum.FORCED_USER_EVENT: Kind.DURESS,
    LockOperationTypeEnum.UNLATCH: Kind.UNLATCHED,
}
_ALARMS: Final = {
    AlarmCodeEnum.LOCK_JAMMED: Kind.JAMMED,
    AlarmCodeEnum.LOCK_FACTORY_RESET: Kind.LOCK_RESET,
    AlarmCodeEnum.WRONG_CODE_ENTRY_LIMIT: Kind.LOCKED_OUT,
    AlarmCodeEnum.DOOR_FORCED_OPEN: Kind.DOOR_FORCED,
    AlarmCodeEnum.DOOR_AJAR: Kind.DOOR_AJAR,
    AlarmCodeEnum.FORCED_USER: Kind.DURESS,
}
_DOORS: Final = {
    DoorStateEnum.DOOR_OPEN: Kind.DOOR_OPENED,
    DoorStateEnum.DOOR_CLOSED: Kind.DOOR_CLOSED,
    DoorStateEnum.DOOR_JAMMED: Kind.DOOR_ERROR,
    DoorStateEnum.DOOR_FORCED_OPEN: Kind.DOOR_FORCED,
    DoorStateEnum.DOOR_UNSPECIFIED_ERROR: Kind.DOOR_ERROR,
    DoorStateEnum.DOOR_AJAR: Kind.DOOR_AJAR,
}
_USERS: Final = {
    DataOperationTypeEnum.ADD: Kind.USER_ADDED,
    DataOperationTypeEnum.CLEAR: Kind.USER_REMOVED,
    DataOperationTypeEnum.MODIFY: Kind.USER_CHANGED,
}
_CODES: Final = {
    DataOperationTypeEnum.ADD: Kind.CODE_ADDED,
    DataOperationTypeEnum.CLEAR: Kind.CODE_REMOVED,
    DataOperationTypeEnum.MODIFY: Kind.CODE_CHANGED,
}
_FILLS: Final = frozenset((DataOperationTypeEnum.ADD, DataOperationTypeEnum.MODIFY))
_SCHEDULES: Final = frozenset(
    (LockDataTypeEnum.WEEK_DAY_SCHEDULE, LockDataTypeEnum.YEAR_DAY_SCHEDULE, LockDataTypeEnum.HOLIDAY_SCHEDULE)
)


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of some events.

    Attributes:
        entries: to append, in this order.
        numbers, places: to keep, in the same transaction.
    """

    entries: tuple[Entry, ...]
    numbers: Numbers
    places: Places


def take(
    numbers: Numbers,
    places: Places,
    events: Iterable[EventValue],
    scenes: Mapping[int, Scene],
    at: float,
    *,
    asked_from: int | None = None,
) -> Taken:
    """What a node's events say, each once.

    Events must be those of all clusters and endpoints: from some of them only, holes cannot be told from events of others.

    Args:
        numbers: as kept after the last time; empty at the first.
        places: likewise.
        events: as they came; their order does not matter.
        scenes: what is known around each lock, by endpoint; at least one. What tells of the node stands at the lowest one.
        at: when they came, UTC seconds since 1970.
        asked_from: where these are everything that the node holds from this number on, because a read or a new subscription asked so
            (`Numbers.ask_from` says from where on); it settles what is missing. After an empty answer ask again from 0: a node that
            counts anew shows itself.

    Raises:
        Misuse: no scene.
    """
    if not scenes:
        raise Misuse("there is no lock whose events these could be")
    in_order = sorted({event.number: event for event in events}.values(), key=lambda event: event.number)
    return _Taking(numbers, places, scenes, at).run(in_order, asked_from)


class _Taking:
    """One call of `take`."""

    __slots__ = ("_at", "_base", "_doubt", "_gaps", "_items", "_later", "_numbers", "_places", "_scenes", "_tail")

    def __init__(self, numbers: Numbers, places: Places, scenes: Mapping[int, Scene], at: float) -> None:
        self._numbers = numbers
        self._places = Places(dict(places.changes))
        self._scenes = scenes
        self._at = at
        self._base = scenes[min(scenes)].entry(at)
        self._items: list[EventValue | Entry] = []
        """Events in their order, with what is told between them."""
        self._tail: list[Entry] = []
        self._gaps: dict[Stretch, Entry] = {}
        """Stretches that only these events have opened."""
        self._doubt: tuple[Stretch, ...] = ()
        """Numbers that nobody has told us: whose a place was may have changed in there."""
        self._later: dict[str, int] = {}
        """By place, the last of these events that changes it."""

    def run(self, events: Sequence[EventValue], asked_from: int | None) -> Taken:
        if self._numbers.begins_anew(events, asked_from):
            self._begin_anew()
        self._count(events)
        self._doubt = self._numbers.missing
        if asked_from is not None:
            self._settle(events, asked_from)
        entries: list[Entry] = []
        for item in self._items:
            entry = item if isinstance(item, Entry) else self._heard(item)
            if entry is not None:
                entries.append(entry)
        return Taken((*entries, *self._tail), self._numbers, self._places)

    def _count(self, events: Sequence[EventValue]) -> None:
        """Takes the numbers, before anything is said of what the events mean."""
        filled: list[int] = []
        for event in events:
            before = self._numbers
            if not before.is_new(event.number):
                continue
            self._numbers = before.with_event(event)
            if before.next is not None and event.number < before.next:
                filled.append(event.number)
            elif before.next is not None and event.number > before.next:
                self._gap(Stretch(before.next, event.number - 1))
            self._items.append(event)
            for place in _changed(event):
                self._later[place] = event.number
        for stretch in _stretches(filled):
            self._tail.append(self._told(Kind.GAP_FILLED, stretch, {"by": "events"}))

    def _begin_anew(self) -> None:
        lost: list[Detail] = [[each.first, each.last] for each in self._numbers.missing]
        detail: dict[str, Detail] = {"by": "event numbers", "expected": self._numbers.next, "lost": lost[:MAX_LOST]}
        self._items.append(replace(self._base, kind=Kind.LOCK_RESET, why_unknown=Why.NOT_SAID, detail=detail))
        self._numbers, self._places = Numbers(), Places()
        # Nothing that we put there can be taken to be there still.
        for endpoint in self._scenes:
            for what in ("user", *CredentialKind):
                self._places.note(f"{endpoint}/{what}/*", Change(-1, self._at, is_ours=False))

    def _gap(self, stretch: Stretch) -> None:
        self._gaps[stretch] = self._told(Kind.GAP, stretch, {})
        self._items.append(self._gaps[stretch])

    def _settle(self, events: Sequence[EventValue], asked_from: int) -> None:
        self._numbers, settled = self._numbers.settle(events, asked_from)
        self._doubt = (
            *self._numbers.missing,
            *(each.stretch for each in settled if each.miss is not Miss.NOTHING),
        )
        for each in settled:
            told = self._gaps.get(each.stretch)
            if told is not None:
                # Told and settled by the same answer: one entry, or none where nothing is missing.
                self._items = [item for item in self._items if item is not told]
                if each.miss is Miss.NOTHING:
                    continue
            if each.miss is Miss.ANYTHING:
                self._tail.append(self._told(Kind.GAP_LOST, each.stretch, {}))
            else:
                detail: dict[str, Detail] = {"by": "memory", "may_miss": each.miss.value}
                self._tail.append(self._told(Kind.GAP_FILLED, each.stretch, detail))

    def _told(self, kind: Kind, stretch: Stretch, detail: Mapping[str, Detail]) -> Entry:
        why = Why.MISSED if kind is not Kind.GAP_FILLED else None
        said = {**detail, "from": stretch.first, "to": stretch.last}
        return replace(self._base, kind=kind, why_unknown=why, detail=said)

    def _heard(self, event: EventValue) -> Entry | None:
        """What an event says; whoever is added has the place from now on, whoever is removed has had it until now."""
        value = event.value
        if isinstance(value, LockUserChange) and value.data_operation_type is not DataOperationTypeEnum.CLEAR:
            self._remember(event, value)
            return self._entry(event)
        entry = self._entry(event)
        if isinstance(value, LockUserChange):
            self._remember(event, value)
        return entry

    def _remember(self, event: EventValue, said: LockUserChange) -> None:
        scene = self._scenes.get(event.endpoint)
        if scene is None:
            return
        is_ours = scene.is_ours(said.fabric_index)
        lock_at = _lock_at(event)
        for place in _changed(event):
            key, was = None, self._key_before(event, place)
            # Our account is today's: it can only be meant by the last change that we hear of today.
            if is_ours and self._later[place] == event.number and said.data_operation_type in _FILLS:
                key = scene.key_in(place)
            self._places.note(place, Change(event.number, self._at, is_ours, key, was, lock_at))

    def _key_before(self, event: EventValue, place: str) -> str | None:
        """What the place is known to have held until this event, or until just before; never of a place that stands for all."""
        _, what, index = place.split("/")
        if index == "*":
            return None
        moment = Moment(event, _lock_at(event), self._at, self._places, self._later, self._doubt)
        change = moment.change(what, int(index))
        return moment.key_of(change) if isinstance(change, Change) else None

    def _entry(self, event: EventValue) -> Entry | None:
        """What one event says; None when it is nothing for the journal."""
        if event.cluster == BasicInformation.id and event.event == BasicInformation.start_up.id:
            version = event.value.software_version if isinstance(event.value, StartUp) else None
            detail = {} if version is None else {"software_version": version}
            return replace(_stamped(self._base, event), kind=Kind.RESTARTED, detail=detail)
        if event.cluster != DoorLock.id or event.endpoint not in self._scenes:
            return None
        scene = self._scenes[event.endpoint]
        base = _stamped(scene.entry(self._at), event)
        moment = Moment(event, base.lock_at, self._at, self._places, self._later, self._doubt)
        match event.value:
            case LockOperation() as said:
                return _operation(base, scene, said, moment)
            case LockOperationError() as said:
                return _refusal(base, scene, said, moment)
            case LockUserChange() as said:
                return _change(base, scene, said, moment)
            case DoorLockAlarm(alarm_code=alarm):
                return replace(base, kind=_ALARMS.get(alarm, Kind.ALARM), detail={"alarm": _word(alarm)})
            case DoorStateChange(door_state=state):
                return replace(base, kind=_DOORS.get(state, Kind.OTHER), detail=_door_detail(state))
            case _:
                return replace(base, kind=Kind.OTHER, why_unknown=Why.UNREADABLE, detail={"event": event.event})


def _operation(base: Entry, scene: Scene, said: LockOperation, moment: Moment) -> Entry:
    entry = whose_operation(base, scene, said, moment)
    kind = _OPERATIONS.get(said.lock_operation_type, Kind.OTHER)
    if kind is Kind.OTHER:
        return replace(entry, kind=kind, detail={**entry.detail, "operation": int(said.lock_operation_type)})
    return replace(entry, kind=kind)


def _refusal(base: Entry, scene: Scene, said: LockOperationError, moment: Moment) -> Entry:
    entry = whose_operation(base, scene, said, moment)
    wrong = said.operation_error is OperationErrorEnum.INVALID_CREDENTIAL
    if wrong and entry.person_id is None and entry.why_unknown in {Why.NOT_SAID, Why.BRIDGE}:
        entry = replace(entry, why_unknown=Why.UNKNOWN_CREDENTIAL)
    detail: dict[str, Detail] = {"wanted": _word(said.lock_operation_type), "reason": _word(said.operation_error)}
    return replace(entry, kind=Kind.REFUSED, detail={**entry.detail, **detail})


def _change(base: Entry, scene: Scene, said: LockUserChange, moment: Moment) -> Entry:
    entry = whose_change(base, scene, said, moment)
    detail: dict[str, Detail] = {**entry.detail, "data": _word(said.lock_data_type)}
    if said.data_index is not None:
        detail["place"] = said.data_index
    if said.user_index == ALL_USERS:
        detail["everybody"] = True
    if said.lock_data_type in _SCHEDULES:
        detail["operation"] = _word(said.data_operation_type)
        return replace(entry, kind=Kind.SCHEDULE_CHANGED, detail=detail)
    kinds = _USERS if said.lock_data_type is LockDataTypeEnum.USER_INDEX else _CODES
    if said.lock_data_type is LockDataTypeEnum.UNSPECIFIED or not said.lock_data_type.is_known:
        kinds = {}
    kind = kinds.get(said.data_operation_type, Kind.OTHER)
    if kind is Kind.OTHER:
        detail["operation"] = _word(said.data_operation_type)
    return replace(entry, kind=kind, detail=detail)


def _changed(event: EventValue) -> list[str]:
    """The places that the event says were filled or emptied, as `Places` names them."""
    said = event.value
    if event.cluster != DoorLock.id or not isinstance(said, LockUserChange):
        return []
    index = said.data_index
    if said.lock_data_type is LockDataTypeEnum.USER_INDEX:
        index = said.user_index if index is None else index
        if said.data_operation_type is DataOperationTypeEnum.MODIFY or index is None:
            return []  # the name or the type of the same user
        return [f"{event.endpoint}/user/{'*' if index == ALL_USERS else index}"]
    kind = KINDS_OF_DATA.get(said.lock_data_type)
    if kind is None or index is None:
        return []
    return [f"{event.endpoint}/{kind.value}/{'*' if index == ALL_USERS else index}"]


def _stamped(base: Entry, event: EventValue) -> Entry:
    number = event.number if event.number < 1 << 63 else None
    return replace(base, lock_at=_lock_at(event), event_number=number)


def _lock_at(event: EventValue) -> float | None:
    """When it was by the lock's clock, where that shows a date."""
    has_date = event.is_epoch and event.timestamp_ms is not None and event.timestamp_ms < MAX_DATE_MS
    return event.timestamp_ms / 1000 if has_date and event.timestamp_ms is not None else None


def _stretches(numbers: Iterable[int]) -> list[Stretch]:
    found: list[Stretch] = []
    for number in numbers:
        if found and found[-1].last + 1 == number:
            found[-1] = Stretch(found[-1].first, number)
        else:
            found.append(Stretch(number, number))
    return found


def _door_detail(state: DoorStateEnum) -> dict[str, Detail]:
    if _DOORS.get(state, Kind.OTHER) in {Kind.DOOR_ERROR, Kind.OTHER}:
        return {"state": _word(state)}
    return {}


def _word(value: Any) -> Detail:
    """The specification's word for a value, or its number when it has none."""
    return value.name.lower() if value.is_known else int(value)
