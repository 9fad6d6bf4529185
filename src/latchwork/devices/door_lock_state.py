"""The Door Lock cluster's attributes as a lock of some model leaves the factory, and what its owner may change of them.

Layer devices; from a `LockModel` to the declared cluster, and from its attributes to the settings of the lock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.settings import OperatingMode, Settings
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock

if TYPE_CHECKING:
    from latchwork.devices.lock_model import LockModel
    from latchwork.matter.model.spec import SpecVersion

STORED: Final = frozenset(
    {
        "aliro_reader_group_sub_identifier",
        "auto_relock_time",
        "door_closed_events",
        "door_open_events",
        "enable_inside_status_led",
        "enable_local_programming",
        "enable_one_touch_locking",
        "enable_privacy_mode_button",
        "expiring_user_timeout",
        "language",
        "led_settings",
        "local_programming_features",
        "operating_mode",
        "require_pin_for_remote_operation",
        "send_pin_over_the_air",
        "sound_volume",
        "user_code_temporary_disable_time",
        "wrong_code_entry_limit",
    }
)
"""Attributes that survive a restart, although the specification gives none of them quality N."""

_ALIRO_VERSIONS: Final = (b"\x01\x00",)
"""Version 1.0 of Aliro, for the expedited transaction as for Bluetooth with UWB."""
_FEATURE: Final = DoorLock.Feature


def door_lock_state(model: LockModel, spec: SpecVersion, entropy: Callable[[int], bytes]) -> DoorLock:
    """The cluster's attributes as a lock leaves the factory; `entropy` names its Aliro reader among those of its group."""
    features = model.features
    values: dict[str, Any] = {
        "lock_state": wire.LockStateEnum.NOT_FULLY_LOCKED,
        "lock_type": model.lock_type,
        "actuator_enabled": True,
        "auto_relock_time": model.auto_relock_s,
        "operating_mode": wire.OperatingModeEnum.NORMAL,
        "supported_operating_modes": model.unsupported_modes,
        "enable_one_touch_locking": True,
        "enable_privacy_mode_button": True,
    }
    if model.has_door_sensor:
        values |= {"door_state": None, "door_open_events": 0, "door_closed_events": 0, "open_period": 0}
    if model.limits.users:
        values |= _front_panel(model) | _people(model, features) | _schedules(model, features)
    if features & _FEATURE.ALIRO_PROVISIONING:
        values |= _aliro(model, features, entropy(16))
    return DoorLock(features=features, optional=("unlock_with_timeout",), spec=spec, **values)


def _front_panel(model: LockModel) -> dict[str, Any]:
    """What can be set on a lock that people stand before."""
    bits = wire.ConfigurationRegisterBitmap
    register = (
        bits.LOCAL_PROGRAMMING | bits.KEYPAD_INTERFACE | bits.REMOTE_INTERFACE | bits.SOUND_VOLUME | bits.LED_SETTINGS
    )
    if model.auto_relock_s:
        register |= bits.AUTO_RELOCK_TIME
    return {
        "language": model.languages[0],
        "led_settings": wire.LedSettingEnum.LED_SIGNAL_ALL,
        "sound_volume": wire.SoundVolumeEnum.MEDIUM,
        "enable_inside_status_led": True,
        "default_configuration_register": register,
        "enable_local_programming": True,
        "local_programming_features": wire.LocalProgrammingFeaturesBitmap(0x0F),
    }


def _people(model: LockModel, features: DoorLock.Feature) -> dict[str, Any]:
    limits, values = model.limits, dict[str, Any]()
    if features & _FEATURE.USER:
        rules = wire.CredentialRulesBitmap(sum(1 << rule for rule in limits.rules))
        values |= {
            "number_of_total_users_supported": limits.users,
            "credential_rules_support": rules,
            "number_of_credentials_supported_per_user": limits.credentials_per_user,
            "expiring_user_timeout": model.expiring_minutes,
        }
    if features & _FEATURE.PIN_CREDENTIAL:
        least, most = limits.lengths.get(CredentialKind.PIN, (1, 255))
        values |= {
            "number_of_pin_users_supported": limits.kinds[CredentialKind.PIN],
            "min_pin_code_length": least,
            "max_pin_code_length": most,
        }
        if not features & _FEATURE.USER:
            values["send_pin_over_the_air"] = True
        elif features & _FEATURE.CREDENTIAL_OVER_THE_AIR_ACCESS:
            values["require_pin_for_remote_operation"] = False
    if features & _FEATURE.RFID_CREDENTIAL:
        least, most = limits.lengths.get(CredentialKind.RFID, (1, 255))
        values |= {
            "number_of_rfid_users_supported": limits.kinds[CredentialKind.RFID],
            "min_rfid_code_length": least,
            "max_rfid_code_length": most,
        }
    if features & (_FEATURE.PIN_CREDENTIAL | _FEATURE.RFID_CREDENTIAL):
        values |= {
            "wrong_code_entry_limit": model.wrong_code_limit,
            "user_code_temporary_disable_time": model.lockout_s,
        }
    return values


def _schedules(model: LockModel, features: DoorLock.Feature) -> dict[str, Any]:
    limits, values = model.limits, dict[str, Any]()
    if features & _FEATURE.WEEK_DAY_ACCESS_SCHEDULES:
        values["number_of_week_day_schedules_supported_per_user"] = limits.week_days_per_user
    if features & _FEATURE.YEAR_DAY_ACCESS_SCHEDULES:
        values["number_of_year_day_schedules_supported_per_user"] = limits.year_days_per_user
    if features & _FEATURE.HOLIDAY_SCHEDULES:
        values["number_of_holiday_schedules_supported"] = limits.holidays
    return values


def _aliro(model: LockModel, features: DoorLock.Feature, reader: bytes) -> dict[str, Any]:
    kinds = model.limits.kinds
    values: dict[str, Any] = {
        "aliro_reader_verification_key": None,
        "aliro_reader_group_identifier": None,
        "aliro_reader_group_sub_identifier": reader,
        "aliro_expedited_transaction_supported_protocol_versions": _ALIRO_VERSIONS,
        "number_of_aliro_credential_issuer_keys_supported": kinds.get(CredentialKind.ALIRO_CREDENTIAL_ISSUER_KEY, 0),
        # Both kinds of endpoint keys share their places.
        "number_of_aliro_endpoint_keys_supported": max(
            kinds.get(CredentialKind.ALIRO_EVICTABLE_ENDPOINT_KEY, 0),
            kinds.get(CredentialKind.ALIRO_NON_EVICTABLE_ENDPOINT_KEY, 0),
        ),
    }
    if features & _FEATURE.ALIRO_BLEUWB:
        values |= {
            "aliro_group_resolving_key": None,
            "aliro_supported_bleuwb_protocol_versions": _ALIRO_VERSIONS,
            "aliro_ble_advertising_version": 0,
        }
    return values


def settings_of(
    state: DoorLock, model: LockModel, mode: OperatingMode | None = None, *, has_power: bool = True
) -> Settings:
    """How the lock shall behave, by its model, its battery and what its owner wrote; with `mode` instead of the one it is in."""
    tell = state.value_of
    return Settings(
        has_latch=model.has_latch,
        has_door_sensor=model.has_door_sensor,
        is_actuator_enabled=state.actuator_enabled,
        mode=OperatingMode(state.operating_mode) if mode is None else mode,
        auto_relock_s=state.auto_relock_time,
        needs_pin_for_remote=bool(tell("RequirePinForRemoteOperation")),
        locks_open_door=model.locks_open_door,
        move_limit_s=model.move_limit_s,
        latch_hold_s=model.latch_hold_s,
        ajar_after_s=model.ajar_after_s if model.has_door_sensor else 0,
        has_power=has_power,
        one_touch_locking=state.enable_one_touch_locking,
        privacy_button=state.enable_privacy_mode_button,
        wrong_code_limit=tell("WrongCodeEntryLimit") or 0,
        lockout_s=tell("UserCodeTemporaryDisableTime") or 0,
        local_programming=bool(tell("EnableLocalProgramming")),
    )
