"""What a door lock remembers over a restart: people, schedules, Aliro's keys, and where it stood.

Layer devices; turns records of `doorlock` into sealed octets of the node's ledger and back. One record is one key, so that a change writes
little; everything a turn changes is written at its end in one piece, before the peer is answered.

Keys: `lock/<endpoint>/user/<index>`, `…/credential/<kind>/<index>`, `…/week/<user>/<index>`, `…/year/<user>/<index>`,
`…/holiday/<index>`, `…/aliro`, and two that are no secrets and not sealed: `…/memory`, which changes whenever the bolt moves, and
`…/door_sensor`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final

from latchwork.base.logs import Secret
from latchwork.doorlock.bolt import BoltPosition
from latchwork.doorlock.credentials import Credential, CredentialKind
from latchwork.doorlock.door_sensor import Calibration, DoorSense, scale_of
from latchwork.doorlock.lock import LockMemory
from latchwork.doorlock.register import Key, Record
from latchwork.doorlock.schedules import HolidaySchedule, WeekDaySchedule, YearDaySchedule
from latchwork.doorlock.settings import OperatingMode
from latchwork.doorlock.users import CredentialRule, User, UserStatus, UserType
from latchwork.matter.tlv.elements import TlvError
from latchwork.matter.tlv.schema import U8, U16, U32, U64, Hidden, Struct, Tag
from latchwork.node.persistence import Ledger
from latchwork.store.errors import StoreDamaged
from latchwork.store.key_file import RESTORE
from latchwork.store.kv import Store

_MACHINE: Final = "memory"
_DOOR: Final = "door_sensor"


class _Reference(Struct):
    kind: Annotated[U8, Tag(0)]
    index: Annotated[U16, Tag(1)]


class _User(Struct):
    index: Annotated[U16, Tag(0)]
    name: Annotated[str, Tag(1)]
    unique_id: Annotated[U32, Tag(2)]
    status: Annotated[U8, Tag(3)]
    type: Annotated[U8, Tag(4)]
    rule: Annotated[U8, Tag(5)]
    credentials: Annotated[tuple[_Reference, ...], Tag(6)]
    creator: Annotated[U8 | None, Tag(7)] = None
    modifier: Annotated[U8 | None, Tag(8)] = None
    expires_at: Annotated[U32 | None, Tag(9)] = None


class _Credential(Struct):
    kind: Annotated[U8, Tag(0)]
    index: Annotated[U16, Tag(1)]
    secret: Annotated[bytes, Tag(2), Hidden]
    user_index: Annotated[U16, Tag(3)]
    creator: Annotated[U8 | None, Tag(4)] = None
    modifier: Annotated[U8 | None, Tag(5)] = None


class _WeekDay(Struct):
    user_index: Annotated[U16, Tag(0)]
    index: Annotated[U8, Tag(1)]
    days: Annotated[U8, Tag(2)]
    start: Annotated[U16, Tag(3)]
    end: Annotated[U16, Tag(4)]


class _YearDay(Struct):
    user_index: Annotated[U16, Tag(0)]
    index: Annotated[U8, Tag(1)]
    start: Annotated[U32, Tag(2)]
    end: Annotated[U32, Tag(3)]


class _Holiday(Struct):
    index: Annotated[U8, Tag(0)]
    start: Annotated[U32, Tag(1)]
    end: Annotated[U32, Tag(2)]
    mode: Annotated[U8, Tag(3)]


class AliroConfig(Struct):
    """Keys of an Aliro reader, as `SetAliroReaderConfig` brings them (Application Clusters 5.2.10.26)."""

    signing_key: Annotated[bytes, Tag(0), Hidden]
    verification_key: Annotated[bytes, Tag(1)]
    group_identifier: Annotated[bytes, Tag(2)]
    group_resolving_key: Annotated[bytes | None, Tag(3), Hidden] = None


class _Machine(Struct):
    position: Annotated[U8, Tag(0)]
    wrong_codes: Annotated[U8, Tag(1)] = 0
    lockout_ms: Annotated[U32, Tag(2)] = 0
    relock_ms: Annotated[U64 | None, Tag(3)] = None
    holiday_index: Annotated[U8 | None, Tag(4)] = None
    holiday_mode: Annotated[U8 | None, Tag(5)] = None
    mode_before: Annotated[U8 | None, Tag(6)] = None


class _DoorSense(Struct):
    calibration: Annotated[U8, Tag(0)]
    closed: Annotated[float | None, Tag(1)] = None
    ajar: Annotated[float | None, Tag(2)] = None
    open: Annotated[float | None, Tag(3)] = None


class StoredLock:
    """The part of a node's ledger that one door lock has."""

    __slots__ = ("_entropy", "_ledger", "_prefix")

    def __init__(self, ledger: Ledger, endpoint: int, entropy: Callable[[int], bytes]) -> None:
        self._ledger = ledger
        self._entropy = entropy
        self._prefix = f"lock/{endpoint}/"

    def records(self) -> Iterator[Record]:
        """Every user, credential and schedule that is stored.

        Raises:
            StoreError: the sealing key is gone or another one's, or a record is damaged.
        """
        for name, (kind, unpack) in _KINDS.items():
            for key in self._ledger.keys(f"{self._prefix}{name}/"):
                try:
                    yield unpack(self._open(key, kind))
                except ValueError as error:  # a number that a later version knows
                    raise StoreDamaged(f"{key} is damaged: {error}", advice=RESTORE) from error

    def store(self, changed: Mapping[Key, Record | None]) -> None:
        """Puts what `Register.take_dirty` gave."""
        for key, record in changed.items():
            name = self._prefix + "/".join(map(str, key))
            if record is None:
                self._ledger.put(name, None)
            else:
                self._seal(name, _packed(record))

    @property
    def aliro(self) -> AliroConfig | None:
        """The Aliro reader's keys.

        Raises:
            StoreError: as `records`.
        """
        key = f"{self._prefix}aliro"
        return None if self._ledger.get(key) is None else self._open(key, AliroConfig)

    @aliro.setter
    def aliro(self, config: AliroConfig | None) -> None:
        key = f"{self._prefix}aliro"
        if config is None:
            self._ledger.put(key, None)
        else:
            self._seal(key, config)

    @property
    def machine(self) -> LockMemory | None:
        """Where the lock stood; None for one fresh from the box.

        Raises:
            StoreError: it is damaged.
        """
        key = f"{self._prefix}{_MACHINE}"
        stored = self._ledger.get(key)
        return None if stored is None else _recalled(key, stored)

    @machine.setter
    def machine(self, memory: LockMemory) -> None:
        holiday = memory.holiday
        stored = _Machine(
            position=memory.position,
            wrong_codes=min(memory.wrong_codes, 0xFF),
            lockout_ms=int(memory.lockout_s * 1000),
            relock_ms=None if memory.relock_s is None else int(memory.relock_s * 1000),
            holiday_index=None if holiday is None else holiday[0],
            holiday_mode=None if holiday is None else holiday[1],
            mode_before=memory.mode_before,
        )
        self._ledger.put(f"{self._prefix}{_MACHINE}", stored.encode())

    @property
    def door_sense(self) -> DoorSense | None:
        """What the door's gauge is worth; None when nothing was stored of it.

        Raises:
            StoreError: it is damaged.
        """
        key = f"{self._prefix}{_DOOR}"
        stored = self._ledger.get(key)
        return None if stored is None else _sense(key, stored)

    @door_sense.setter
    def door_sense(self, sense: DoorSense) -> None:
        scale = sense.scale
        stored = _DoorSense(
            calibration=sense.calibration,
            closed=None if scale is None else scale.closed,
            ajar=None if scale is None else scale.ajar,
            open=None if scale is None else scale.open,
        )
        self._ledger.put(f"{self._prefix}{_DOOR}", stored.encode())

    def erase(self) -> None:
        """Forgets everything."""
        self._ledger.erase(self._prefix)

    def _seal(self, key: str, content: Struct) -> None:
        self._ledger.put(key, self._ledger.seal(self._entropy).seal(key, content.encode()))

    def _open(self, key: str, kind: type[Any]) -> Any:
        sealed = self._ledger.get(key) or b""
        try:
            return kind.decode(self._ledger.seal(self._entropy).open(key, sealed))
        except TlvError as error:
            raise StoreDamaged(f"{key} is damaged: {error}", advice=RESTORE) from error


def remembered_position(store: Store, endpoint: int) -> BoltPosition | None:
    """Where the bolt of the lock on this endpoint was seen last; None for one fresh from the box. For bolts that are not real.

    Raises:
        StoreError: the store cannot be read, or is damaged.
    """
    key = f"lock/{endpoint}/{_MACHINE}"
    stored = store.get(key)
    return None if stored is None else _recalled(key, stored).position


def _recalled(key: str, octets: bytes) -> LockMemory:
    try:
        stored = _Machine.decode(octets)
        holiday = None
        if stored.holiday_index is not None and stored.holiday_mode is not None:
            holiday = (stored.holiday_index, OperatingMode(stored.holiday_mode))
        return LockMemory(
            position=BoltPosition(stored.position),
            holiday=holiday,
            mode_before=None if stored.mode_before is None else OperatingMode(stored.mode_before),
            wrong_codes=stored.wrong_codes,
            lockout_s=stored.lockout_ms / 1000,
            relock_s=None if stored.relock_ms is None else stored.relock_ms / 1000,
        )
    except (TlvError, ValueError) as error:
        raise StoreDamaged(f"{key} is damaged: {error}", advice=RESTORE) from error


def _sense(key: str, octets: bytes) -> DoorSense:
    try:
        stored = _DoorSense.decode(octets)
        calibration, scale = Calibration(stored.calibration), None
        if stored.closed is not None and stored.ajar is not None and stored.open is not None:
            scale = scale_of(closed=stored.closed, open=stored.open, ajar=stored.ajar)
    except (TlvError, ValueError) as error:
        raise StoreDamaged(f"{key} is damaged: {error}", advice=RESTORE) from error
    if (scale is None) is not (calibration is Calibration.NOT_CALIBRATED):
        raise StoreDamaged(f"{key} is damaged: no such calibration", advice=RESTORE)
    return DoorSense(calibration, scale)


def _user(stored: _User) -> User:
    return User(
        stored.index,
        stored.name,
        stored.unique_id,
        UserStatus(stored.status),
        UserType(stored.type),
        CredentialRule(stored.rule),
        stored.creator,
        stored.modifier,
        tuple((CredentialKind(each.kind), each.index) for each in stored.credentials),
        stored.expires_at,
    )


def _credential(stored: _Credential) -> Credential:
    kind = CredentialKind(stored.kind)
    return Credential(kind, stored.index, Secret(stored.secret), stored.user_index, stored.creator, stored.modifier)


def _week_day(stored: _WeekDay) -> WeekDaySchedule:
    return WeekDaySchedule(stored.user_index, stored.index, stored.days, stored.start, stored.end)


def _year_day(stored: _YearDay) -> YearDaySchedule:
    return YearDaySchedule(stored.user_index, stored.index, stored.start, stored.end)


def _holiday(stored: _Holiday) -> HolidaySchedule:
    return HolidaySchedule(stored.index, stored.start, stored.end, OperatingMode(stored.mode))


_KINDS: Final[Mapping[str, tuple[type[Struct], Callable[[Any], Record]]]] = MappingProxyType(
    {
        "user": (_User, _user),
        "credential": (_Credential, _credential),
        "week": (_WeekDay, _week_day),
        "year": (_YearDay, _year_day),
        "holiday": (_Holiday, _holiday),
    }
)


def _packed(record: Record) -> Struct:
    match record:
        case User():
            return _User(
                index=record.index,
                name=record.name,
                unique_id=record.unique_id,
                status=record.status,
                type=record.type,
                rule=record.rule,
                credentials=tuple(_Reference(kind=kind, index=index) for kind, index in record.credentials),
                creator=record.creator,
                modifier=record.modifier,
                expires_at=record.expires_at,
            )
        case Credential(kind, index, secret, user_index, creator, modifier):
            return _Credential(
                kind=kind, index=index, secret=secret, user_index=user_index, creator=creator, modifier=modifier
            )
        case WeekDaySchedule(user_index, index, days, start, end):
            return _WeekDay(user_index=user_index, index=index, days=days, start=start, end=end)
        case YearDaySchedule(user_index, index, start, end):
            return _YearDay(user_index=user_index, index=index, start=start, end=end)
        case HolidaySchedule(index, start, end, mode):
            return _Holiday(index=index, start=start, end=end, mode=mode)
