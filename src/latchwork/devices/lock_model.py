"""What kind of lock it is: the facts that its maker prints on the box, and those that owners find out.

Layer devices: a plain value with what follows from it for the cluster. The models themselves are data, one file each, in `models`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Final

from latchwork.doorlock.credentials import ALIRO_KINDS, CredentialKind
from latchwork.doorlock.limits import Limits
from latchwork.doorlock.panel_menu import DOOR_MENU, Menu
from latchwork.doorlock.settings import OperatingMode
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock

_FEATURES_OF_KINDS: Final = MappingProxyType(
    {
        CredentialKind.PIN: DoorLock.Feature.PIN_CREDENTIAL,
        CredentialKind.RFID: DoorLock.Feature.RFID_CREDENTIAL,
        CredentialKind.FINGERPRINT: DoorLock.Feature.FINGER_CREDENTIALS,
        CredentialKind.FINGER_VEIN: DoorLock.Feature.FINGER_CREDENTIALS,
        CredentialKind.FACE: DoorLock.Feature.FACE_CREDENTIALS,
    }
)


class PowerKind(Enum):
    """What a lock lives on."""

    REPLACEABLE = "replaceable"
    """Batteries that its owner changes."""
    RECHARGEABLE = "rechargeable"
    """A pack that its owner charges."""
    WIRED = "wired"


class ResetPlace(Enum):
    """Where a factory reset is made."""

    RESET_BUTTON = "reset button"
    BATTERY_BAY_BUTTON = "button in the battery bay"
    SETTINGS_KEY = "settings key in administrator mode"


class SoftReset(Enum):
    """How a lock is restarted without losing anything."""

    BATTERIES = "take the batteries out and put them back"
    SHORT_PRESS = "press the reset button shortly"
    MENU = "administrator menu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """What a lock lives on.

    Attributes:
        kind: replaceable, rechargeable or wired.
        cell: what to buy, such as `AA`.
        count: how many of them.
        loses_state: taking the power away loses something that a restart does not bring back: never advised then.
        stops_at_percent: at and below this charge the motor is not moved any more: it would stop half-way. Hands and keys still open.
    """

    kind: PowerKind = PowerKind.REPLACEABLE
    cell: str = "AA"
    count: int = 4
    loses_state: bool = False
    stops_at_percent: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """How the lock is reset.

    Attributes:
        hold_s: seconds that the button is held; a shorter hold does nothing.
        places: where the button is; each of them does.
        needs_admin: an administrator must be verified first, when there is one.
        soft: ways to restart without losing anything.
    """

    hold_s: float = 10.0
    places: tuple[ResetPlace, ...] = (ResetPlace.RESET_BUTTON,)
    needs_admin: bool = False
    soft: tuple[SoftReset, ...] = (SoftReset.BATTERIES,)


@dataclass(frozen=True, slots=True, kw_only=True)
class LockModel:
    """One model. The default is a dead bolt with a door sensor that remembers nobody.

    Attributes:
        key: its name on the command line, such as `u400`.
        maker: who makes it.
        name: its name on the box.
        lock_type: its build.
        has_latch: the motor pulls the latch too (feature UBOLT).
        has_door_sensor: it knows whether the door is closed (feature DPS).
        has_users: it knows users (feature USR); without, PIN codes are kept by number as older locks do.
        has_remote_pin: a remote operation may carry a PIN (feature COTA).
        has_aliro_radio: Aliro over Bluetooth and UWB (feature ALBU).
        limits: what it can remember.
        unlocks_with: ways to open it as people call them: fingerprint, code, card, key, app, voice, ….
        modes: operating modes it has; NORMAL and NO_REMOTE_LOCK_UNLOCK are mandatory.
        auto_relock_s: seconds to locking itself until its owner says otherwise; 0 never.
        locks_open_door: LockDoor throws the bolt of an open door. Locking itself never does.
        move_limit_s: seconds the bolt may take before it counts as jammed.
        latch_hold_s: seconds the latch is held in.
        ajar_after_s: seconds that the door may stand open before the lock raises the alarm for it; 0 for ever.
        wrong_code_limit: wrong codes in a row that lock the keypad.
        lockout_s: seconds the keypad stays locked then.
        expiring_minutes: ExpiringUserTimeout as it leaves the factory.
        power: what it lives on.
        reset: how it is reset.
        radios: `thread`, `zigbee`, `ble`, `nfc`, `uwb`, `wifi`.
        speaks_matter: it is a Matter lock itself; otherwise a bridge speaks for it.
        has_vendor_app: an app of its maker can be its administrator, which changes what its Set button says.
        pairing_window_s: seconds that pairing stays open after its Set button was pressed.
        pin_lengths_at_lock: least and greatest number of digits of a code that is given at the door or in its maker's app, where
            that differs from what `limits` says of codes that come over Matter; None where it does not.
        menu: what its voice offers in setup mode; empty for a lock without.
        prompts: texts of its own, by the prompt's id; every other prompt is the common one.
        languages: ISO 639-1 codes of what its voice can speak.
    """

    key: str = "bolt"
    maker: str = "Latchwork"
    name: str = "Latchwork Lock"
    lock_type: wire.LockTypeEnum = wire.LockTypeEnum.DEAD_BOLT
    has_latch: bool = False
    has_door_sensor: bool = True
    has_users: bool = True
    has_remote_pin: bool = False
    has_aliro_radio: bool = False
    limits: Limits = field(default_factory=Limits)
    unlocks_with: tuple[str, ...] = ("app", "key")
    modes: frozenset[OperatingMode] = frozenset(OperatingMode)
    auto_relock_s: int = 0
    locks_open_door: bool = True
    move_limit_s: float = 10.0
    latch_hold_s: float = 3.0
    ajar_after_s: int = 300
    wrong_code_limit: int = 5
    lockout_s: int = 60
    expiring_minutes: int = 60
    power: Power = field(default_factory=Power)
    reset: Reset = field(default_factory=Reset)
    radios: tuple[str, ...] = ("thread", "ble")
    speaks_matter: bool = True
    has_vendor_app: bool = False
    pairing_window_s: int = 600
    pin_lengths_at_lock: tuple[int, int] | None = None
    menu: Menu = DOOR_MENU
    prompts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    languages: tuple[str, ...] = ("en",)

    @property
    def features(self) -> DoorLock.Feature:
        """The cluster's features."""
        features = DoorLock.Feature(0)
        if self.has_door_sensor:
            features |= DoorLock.Feature.DOOR_POSITION_SENSOR
        if self.has_latch:
            features |= DoorLock.Feature.UNBOLTING
        return features | self._features_of_people()

    def _features_of_people(self) -> DoorLock.Feature:
        limits, features = self.limits, DoorLock.Feature(0)
        for kind, feature in _FEATURES_OF_KINDS.items():
            if limits.kinds.get(kind):
                features |= feature
        if not limits.users:
            return features
        if self.has_users:
            features |= DoorLock.Feature.USER
        if limits.week_days_per_user:
            features |= DoorLock.Feature.WEEK_DAY_ACCESS_SCHEDULES
        if limits.year_days_per_user:
            features |= DoorLock.Feature.YEAR_DAY_ACCESS_SCHEDULES
        if limits.holidays:
            features |= DoorLock.Feature.HOLIDAY_SCHEDULES
        if self.has_remote_pin:
            features |= DoorLock.Feature.CREDENTIAL_OVER_THE_AIR_ACCESS
        if any(limits.kinds.get(kind) for kind in ALIRO_KINDS):
            features |= DoorLock.Feature.ALIRO_PROVISIONING
            if self.has_aliro_radio:
                features |= DoorLock.Feature.ALIRO_BLEUWB
        return features

    @property
    def door_pin_lengths(self) -> tuple[int, int]:
        """Least and greatest number of digits of a code given at the door: what the keypad and the lock's memory both take."""
        least, most = self.limits.lengths.get(CredentialKind.PIN, (4, 8))
        if self.pin_lengths_at_lock is None:
            return least, most
        return max(least, self.pin_lengths_at_lock[0]), min(most, self.pin_lengths_at_lock[1])

    @property
    def unsupported_modes(self) -> wire.OperatingModesBitmap:
        """SupportedOperatingModes: its bits are inverted, a mode that is there has 0 (Application Clusters 5.2.9.25)."""
        bits = 0xFFFF
        for mode in self.modes:
            bits &= ~(1 << mode)
        return wire.OperatingModesBitmap(bits)
