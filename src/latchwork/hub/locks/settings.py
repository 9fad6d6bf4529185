"""Settings of a lock that its owner may change: which there are, what fits them, and asking the lock for them one at a time.

Layer hub, on controller. What is told was read on the lock for the answer; what is written is read again, and the lock's word counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

from latchwork.base.errors import Misuse, Refused, Unreachable, Unsupported
from latchwork.controller import Controller, Peer
from latchwork.controller.check_in import StillAsleep
from latchwork.hub.desk import Desk
from latchwork.hub.house.entities import Lock
from latchwork.hub.journal.entries import Detail
from latchwork.hub.keeping.keepers import Keepers
from latchwork.matter.interaction.paths import AttributeQuery
from latchwork.matter.interaction.values import AttributeValue
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.door_lock import DoorLock, LedSettingEnum, OperatingModeEnum, SoundVolumeEnum
from latchwork.matter.model.meta import Attribute

Value = bool | int | str
PATIENCE_S: Final = 25.0
"""Seconds that somebody who changes a setting waits for a lock that sleeps."""
GLANCE_S: Final = 2.0
"""Seconds that a look waits for it."""
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")


class FieldKind(Enum):
    """How a setting is asked for."""

    FLAG = "flag"
    NUMBER = "number"
    CHOICE = "choice"
    LANGUAGE = "language"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting (Application Clusters 5.2.9).

    Attributes:
        key: for programs.
        attribute: of the Door Lock cluster.
        kind: how it is asked for.
        least, most: of a number.
        unit: of a number: seconds, tries, or empty.
        choices: by the lock's value, for programs.
    """

    key: str
    attribute: Attribute[Any]
    kind: FieldKind
    least: int = 0
    most: int = 0
    unit: str = ""
    choices: Mapping[int, str] | None = None

    def checked(self, value: Value) -> Value:
        """The value as the lock takes it.

        Raises:
            Misuse: it does not fit; says what does.
        """
        if self.kind is FieldKind.FLAG:
            if isinstance(value, bool):
                return value
            raise Misuse("this is on or off")
        if self.kind is FieldKind.NUMBER:
            if isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= self.most:
                return value
            raise Misuse(f"this is a number from {self.least} to {self.most}")
        if self.kind is FieldKind.LANGUAGE:
            if isinstance(value, str) and _LANGUAGE.fullmatch(value):
                return value
            raise Misuse("a language is two or three small letters, such as en")
        for number, name in (self.choices or {}).items():
            if name == value:
                return number
        raise Misuse(f"this is one of {', '.join((self.choices or {}).values())}")

    def told(self, value: Any) -> Value | None:
        """The lock's value for people and programs; None where it has no name here, or does not fit."""
        if self.kind is FieldKind.CHOICE:
            return (self.choices or {}).get(int(value)) if isinstance(value, int) else None
        wanted = {FieldKind.FLAG: bool, FieldKind.NUMBER: int, FieldKind.LANGUAGE: str}[self.kind]
        is_right = isinstance(value, wanted) and isinstance(value, bool) is (self.kind is FieldKind.FLAG)
        return value if is_right else None


def _names(kind: Any) -> dict[int, str]:
    return {int(each): each.name.lower() for each in kind}


_LOUDNESS: Final = {int(each): each.name.lower() for each in sorted(SoundVolumeEnum, key=(0, 1, 3, 2).index)}
_DL = DoorLock
_FLAG, _NUMBER, _CHOICE = FieldKind.FLAG, FieldKind.NUMBER, FieldKind.CHOICE

SETTINGS: Final = (
    Setting(key="auto_relock_time", attribute=_DL.auto_relock_time, kind=_NUMBER, least=0, most=86_400, unit="seconds"),
    Setting(key="operating_mode", attribute=_DL.operating_mode, kind=_CHOICE, choices=_names(OperatingModeEnum)),
    Setting(key="enable_one_touch_locking", attribute=_DL.enable_one_touch_locking, kind=_FLAG),
    Setting(key="enable_privacy_mode_button", attribute=_DL.enable_privacy_mode_button, kind=_FLAG),
    Setting(key="sound_volume", attribute=_DL.sound_volume, kind=_CHOICE, choices=_LOUDNESS),
    Setting(key="language", attribute=_DL.language, kind=FieldKind.LANGUAGE),
    Setting(key="led_settings", attribute=_DL.led_settings, kind=_CHOICE, choices=_names(LedSettingEnum)),
    Setting(key="enable_inside_status_led", attribute=_DL.enable_inside_status_led, kind=_FLAG),
    Setting(
        key="wrong_code_entry_limit",
        attribute=_DL.wrong_code_entry_limit,
        kind=_NUMBER,
        least=1,
        most=255,
        unit="tries",
    ),
    Setting(
        key="user_code_temporary_disable_time",
        attribute=_DL.user_code_temporary_disable_time,
        kind=_NUMBER,
        least=1,
        most=255,
        unit="seconds",
    ),
    Setting(key="enable_local_programming", attribute=_DL.enable_local_programming, kind=_FLAG),
    Setting(key="require_pin_for_remote_operation", attribute=_DL.require_pin_for_remote_operation, kind=_FLAG),
)
"""All of them, those that people look for first."""
BY_KEY: Final = {each.key: each for each in SETTINGS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A setting as a lock has it.

    Attributes:
        setting: which.
        value: as the lock says; None where it says something that has no name here.
        choices: those of the setting that this lock has; empty where it is no choice.
    """

    setting: Setting
    value: Value | None
    choices: tuple[str, ...] = ()


class LockSettings:
    """Settings of the locks of a hub.

    Args:
        desk: the books.
        controller: of the hub's fabric.
        keepers: who know what locks can do.
    """

    def __init__(self, desk: Desk, controller: Controller, keepers: Keepers) -> None:
        self._desk = desk
        self._controller = controller
        self._keepers = keepers

    async def read(self, lock_id: str) -> tuple[Found, ...]:
        """Those that a lock has, as it says now.

        Raises:
            NotFound: there is no such lock.
            Unreachable: it does not answer, or sleeps.
        """
        lock, peer = self._present(lock_id)
        await self._rouse(peer, GLANCE_S)
        return await _read(peer, lock.endpoint, SETTINGS)

    async def write(self, lock_id: str, key: str, value: Value, *, actor: str) -> Found:
        """Change one setting; returns what the lock says then.

        Raises:
            NotFound: there is no such lock.
            Misuse: there is no such setting, or the value does not fit.
            Unsupported: the lock does not let it be changed.
            Refused: the lock said no to this value.
            Unreachable: it does not answer, or sleeps; whether it took it is not known then.
        """
        setting = BY_KEY.get(key)
        if setting is None:
            raise Misuse("there is no such setting")
        wanted = setting.checked(value)
        lock, peer = self._present(lock_id)
        await self._rouse(peer, PATIENCE_S)
        door = self._desk.repository.door_of_lock(lock_id)
        detail: dict[str, Detail] = {"setting": key, "to": str(value).lower()}
        await self._desk.note(self._desk.audit(actor, "lock_setting", door=door, lock_id=lock_id, detail=detail))
        try:
            await peer.set(lock.endpoint, setting.attribute, wanted)
        except StatusError as error:
            raise _refusal(setting, error) from error
        found = await _read(peer, lock.endpoint, (setting,))
        if not found:
            raise Unsupported("the lock has taken the value and does not tell it", advice="Look at the lock itself.")
        self._remember(lock, found[0])
        self._desk.bus.publish("lock_setting", {"lock_id": lock_id, "door_id": None if door is None else door.id})
        return found[0]

    def _remember(self, lock: Lock, found: Found) -> None:
        """Whether a code is needed from afar decides what this hub may ask: it is known at once, not with the next reading."""
        keeper = self._keepers.find(lock.id)
        if keeper is None or keeper.capabilities is None:
            return
        if found.setting.attribute is _DL.require_pin_for_remote_operation and isinstance(found.value, bool):
            keeper.capabilities = replace(keeper.capabilities, requires_remote_pin=found.value)

    def _present(self, lock_id: str) -> tuple[Lock, Peer]:
        lock = self._desk.repository.lock(lock_id)
        peer = self._controller.peers.get(lock.node_id)
        if peer is None or lock.gone_at is not None:
            raise Unreachable("this lock is not on the hub's fabric", advice="Add it again with its setup code.")
        return lock, peer

    async def _rouse(self, peer: Peer, patience: float) -> None:
        if peer.node_id not in self._controller.check_ins.watched:
            return
        try:
            await peer.wait_awake(patience)
        except StillAsleep as error:
            raise Unreachable(
                "the lock sleeps and did not wake in time", advice="Touch its keypad so that it wakes, and try again."
            ) from error


async def _read(peer: Peer, endpoint: int, settings: tuple[Setting, ...]) -> tuple[Found, ...]:
    modes = _DL.supported_operating_modes
    queries = [AttributeQuery(endpoint, _DL.id, each.attribute.id) for each in settings]
    said = {
        each.attribute: each.value
        for each in await peer.read(*queries, AttributeQuery(endpoint, _DL.id, modes.id))
        if isinstance(each, AttributeValue) and each.cluster == _DL.id and each.is_typed
    }
    return tuple(
        Found(
            setting=each,
            value=each.told(said[each.attribute.id]),
            choices=_choices(each, said.get(modes.id)),
        )
        for each in settings
        if each.attribute.id in said
    )


def _choices(setting: Setting, unsupported: Any) -> tuple[str, ...]:
    if setting.choices is None:
        return ()
    if setting.attribute is not _DL.operating_mode or not isinstance(unsupported, int):
        return tuple(setting.choices.values())
    # Its bits are inverted: a mode that is there has 0 (Application Clusters 5.2.9.25).
    return tuple(name for number, name in setting.choices.items() if not int(unsupported) & 1 << number)


def _refusal(setting: Setting, error: StatusError) -> Refused | Unsupported:
    """The lock's no, in words."""
    match error.code:
        case Status.UNSUPPORTED_WRITE | Status.UNSUPPORTED_ATTRIBUTE:
            return Unsupported(
                "this lock lets nobody change that from afar", advice="Look for it in its own menu or app."
            )
        case Status.UNSUPPORTED_ACCESS:
            return Unsupported("the lock does not let this hub change that", advice="Change it in its maker's app.")
        case Status.CONSTRAINT_ERROR | Status.DYNAMIC_CONSTRAINT_ERROR:
            said = "the lock does not take this value"
            advice = "It takes fewer values than others do: try another one."
        case Status.INVALID_IN_STATE:
            said = "the lock does not do that now"
            advice = "Lock the door first." if setting.attribute is _DL.operating_mode else "Try again later."
        case Status.BUSY:
            said, advice = "the lock is busy", "Try again in a moment."
        case _:
            said, advice = "the lock said no, and not why", "Look for it in its own menu or app."
    return Refused(said, status=error.status, advice=advice)
