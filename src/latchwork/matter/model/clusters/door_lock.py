"""Door Lock (Application Clusters 5.2): a lock, its users, their credentials and schedules.

Model storey of `matter`; a declaration in the shorthand of the specification, without behaviour.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntFlag
from typing import Annotated, ClassVar

from latchwork.matter.model.clusters.door_lock_legacy import (
    ClearPinCode,
    ClearRfidCode,
    DoorLockLegacy,
    GetPinCode,
    GetPinCodeResponse,
    GetRfidCode,
    GetRfidCodeResponse,
    GetUserStatus,
    GetUserStatusResponse,
    GetUserType,
    GetUserTypeResponse,
    SetPinCode,
    SetRfidCode,
    SetUserStatus,
    SetUserType,
)
from latchwork.matter.model.clusters.door_lock_types import (
    AlarmCodeEnum,
    AlarmMaskBitmap,
    ConfigurationRegisterBitmap,
    CredentialRuleEnum,
    CredentialRulesBitmap,
    CredentialTypeEnum,
    DataOperationTypeEnum,
    DaysMaskBitmap,
    DoorStateEnum,
    EventTypeEnum,
    LedSettingEnum,
    LocalProgrammingFeaturesBitmap,
    LockDataTypeEnum,
    LockOperationTypeEnum,
    LockStateEnum,
    LockTypeEnum,
    OperatingModeEnum,
    OperatingModesBitmap,
    OperationErrorEnum,
    OperationSourceEnum,
    SoundVolumeEnum,
    StatusCodeEnum,
    UserStatusEnum,
    UserTypeEnum,
)
from latchwork.matter.model.meta import Attribute, Cluster, Command, Event, Priority, Response
from latchwork.matter.model.spec import SpecVersion
from latchwork.matter.tlv.schema import ABSENT, U8, U16, U32, U64, Absent, Hidden, Len, Nullable, Range, Struct, Tag

__all__ = [
    "AlarmCodeEnum",
    "AlarmMaskBitmap",
    "ClearCredential",
    "ClearHolidaySchedule",
    "ClearPinCode",
    "ClearRfidCode",
    "ClearUser",
    "ClearWeekDaySchedule",
    "ClearYearDaySchedule",
    "ConfigurationRegisterBitmap",
    "CredentialRuleEnum",
    "CredentialRulesBitmap",
    "CredentialStruct",
    "CredentialTypeEnum",
    "DataOperationTypeEnum",
    "DaysMaskBitmap",
    "DoorLock",
    "DoorLockAlarm",
    "DoorStateChange",
    "DoorStateEnum",
    "EventTypeEnum",
    "GetCredentialStatus",
    "GetCredentialStatusResponse",
    "GetHolidaySchedule",
    "GetHolidayScheduleResponse",
    "GetPinCode",
    "GetPinCodeResponse",
    "GetRfidCode",
    "GetRfidCodeResponse",
    "GetUser",
    "GetUserResponse",
    "GetUserStatus",
    "GetUserStatusResponse",
    "GetUserType",
    "GetUserTypeResponse",
    "GetWeekDaySchedule",
    "GetWeekDayScheduleResponse",
    "GetYearDaySchedule",
    "GetYearDayScheduleResponse",
    "LedSettingEnum",
    "LocalProgrammingFeaturesBitmap",
    "LockDataTypeEnum",
    "LockDoor",
    "LockOperation",
    "LockOperationError",
    "LockOperationTypeEnum",
    "LockStateEnum",
    "LockTypeEnum",
    "LockUserChange",
    "OperatingModeEnum",
    "OperatingModesBitmap",
    "OperationErrorEnum",
    "OperationSourceEnum",
    "SetAliroReaderConfig",
    "SetCredential",
    "SetCredentialResponse",
    "SetHolidaySchedule",
    "SetPinCode",
    "SetRfidCode",
    "SetUser",
    "SetUserStatus",
    "SetUserType",
    "SetWeekDaySchedule",
    "SetYearDaySchedule",
    "SoundVolumeEnum",
    "StatusCodeEnum",
    "UnboltDoor",
    "UnlockDoor",
    "UnlockWithTimeout",
    "UserStatusEnum",
    "UserTypeEnum",
]


class CredentialStruct(Struct):
    """Credential."""

    credential_type: Annotated[CredentialTypeEnum, Tag(0)]
    credential_index: Annotated[U16, Tag(1)]


class LockDoor(Struct):
    """Fields of the command LockDoor."""

    pin_code: Annotated[bytes | None, Tag(0), Hidden] = None


class UnlockDoor(Struct):
    """Fields of the command UnlockDoor."""

    pin_code: Annotated[bytes | None, Tag(0), Hidden] = None


class UnlockWithTimeout(Struct):
    """Fields of the command UnlockWithTimeout."""

    timeout: Annotated[U16, Tag(0)]
    pin_code: Annotated[bytes | None, Tag(1), Hidden] = None


class SetWeekDaySchedule(Struct):
    """Fields of the command SetWeekDaySchedule."""

    week_day_index: Annotated[U8, Tag(0)]
    user_index: Annotated[U16, Tag(1)]
    days_mask: Annotated[DaysMaskBitmap, Tag(2)]
    start_hour: Annotated[U8, Tag(3), Range(0, 23)]
    start_minute: Annotated[U8, Tag(4), Range(0, 59)]
    end_hour: Annotated[U8, Tag(5), Range(0, 23)]
    end_minute: Annotated[U8, Tag(6), Range(0, 59)]


class GetWeekDaySchedule(Struct):
    """Fields of the command GetWeekDaySchedule."""

    week_day_index: Annotated[U8, Tag(0)]
    user_index: Annotated[U16, Tag(1)]


class GetWeekDayScheduleResponse(Response):
    """Answer to GetWeekDaySchedule."""

    command_id = 0x0C

    week_day_index: Annotated[U8, Tag(0)]
    user_index: Annotated[U16, Tag(1)]
    status: Annotated[U8, Tag(2)]
    days_mask: Annotated[DaysMaskBitmap | None, Tag(3)] = None
    start_hour: Annotated[U8 | None, Tag(4)] = None
    start_minute: Annotated[U8 | None, Tag(5)] = None
    end_hour: Annotated[U8 | None, Tag(6)] = None
    end_minute: Annotated[U8 | None, Tag(7)] = None


class ClearWeekDaySchedule(Struct):
    """Fields of the command ClearWeekDaySchedule."""

    week_day_index: Annotated[U8, Tag(0)]
    user_index: Annotated[U16, Tag(1)]


class SetYearDaySchedule(Struct):
    """Fields of the command SetYearDaySchedule."""

    year_day_index: Annotated[U8, Tag(0)]
    user_index: Annotated[U16, Tag(1)]
    local_start_time: Annotated[U32, Tag(2)]
    local_end_time: Annotated[U32, Tag(3)]


class GetYearDaySchedule(Struct):
    """Fields of the command GetYearDaySchedule."""

    year_day_index: Annotated[U8, Tag(0)]
    user_index: Annotated[U16, Tag(1)]


class GetYearDayScheduleResponse(Response):
    """Answer to GetYearDaySchedule."""

    command_id = 0x0F

    year_day_index: Annotated[U8, Tag(0)]
    user_index: Annotated[U16, Tag(1)]
    status: Annotated[U8, Tag(2)]
    local_start_time: Annotated[U32 | None, Tag(3)] = None
    local_end_time: Annotated[U32 | None, Tag(4)] = None


class ClearYearDaySchedule(Struct):
    """Fields of the command ClearYearDaySchedule."""

    year_day_index: Annotated[U8, Tag(0)]
    user_index: Annotated[U16, Tag(1)]


class SetHolidaySchedule(Struct):
    """Fields of the command SetHolidaySchedule."""

    holiday_index: Annotated[U8, Tag(0)]
    local_start_time: Annotated[U32, Tag(1)]
    local_end_time: Annotated[U32, Tag(2)]
    operating_mode: Annotated[OperatingModeEnum, Tag(3)]


class GetHolidaySchedule(Struct):
    """Fields of the command GetHolidaySchedule."""

    holiday_index: Annotated[U8, Tag(0)]


class GetHolidayScheduleResponse(Response):
    """Answer to GetHolidaySchedule."""

    command_id = 0x12

    holiday_index: Annotated[U8, Tag(0)]
    status: Annotated[U8, Tag(1)]
    local_start_time: Annotated[U32 | Absent | None, Tag(2), Nullable] = ABSENT
    local_end_time: Annotated[U32 | Absent | None, Tag(3), Nullable] = ABSENT
    operating_mode: Annotated[OperatingModeEnum | Absent | None, Tag(4), Nullable] = ABSENT


class ClearHolidaySchedule(Struct):
    """Fields of the command ClearHolidaySchedule."""

    holiday_index: Annotated[U8, Tag(0)]


class SetUser(Struct):
    """Fields of the command SetUser."""

    operation_type: Annotated[DataOperationTypeEnum, Tag(0)]
    user_index: Annotated[U16, Tag(1)]
    user_name: Annotated[str | None, Tag(2), Nullable, Len(0, 10)]
    user_unique_id: Annotated[U32 | None, Tag(3), Nullable]
    user_status: Annotated[UserStatusEnum | None, Tag(4), Nullable]
    user_type: Annotated[UserTypeEnum | None, Tag(5), Nullable]
    credential_rule: Annotated[CredentialRuleEnum | None, Tag(6), Nullable]


class GetUser(Struct):
    """Fields of the command GetUser."""

    user_index: Annotated[U16, Tag(0)]


class GetUserResponse(Response):
    """Answer to GetUser."""

    command_id = 0x1C

    user_index: Annotated[U16, Tag(0)]
    user_name: Annotated[str | None, Tag(1), Nullable]
    user_unique_id: Annotated[U32 | None, Tag(2), Nullable]
    user_status: Annotated[UserStatusEnum | None, Tag(3), Nullable]
    user_type: Annotated[UserTypeEnum | None, Tag(4), Nullable]
    credential_rule: Annotated[CredentialRuleEnum | None, Tag(5), Nullable]
    credentials: Annotated[tuple[CredentialStruct, ...] | None, Tag(6), Nullable]
    creator_fabric_index: Annotated[U8 | None, Tag(7), Nullable]
    last_modified_fabric_index: Annotated[U8 | None, Tag(8), Nullable]
    next_user_index: Annotated[U16 | None, Tag(9), Nullable]


class ClearUser(Struct):
    """Fields of the command ClearUser."""

    user_index: Annotated[U16, Tag(0)]


class SetCredential(Struct):
    """Fields of the command SetCredential."""

    operation_type: Annotated[DataOperationTypeEnum, Tag(0)]
    credential: Annotated[CredentialStruct, Tag(1)]
    credential_data: Annotated[bytes, Tag(2), Hidden]
    user_index: Annotated[U16 | None, Tag(3), Nullable]
    user_status: Annotated[UserStatusEnum | None, Tag(4), Nullable]
    user_type: Annotated[UserTypeEnum | None, Tag(5), Nullable]


class SetCredentialResponse(Response):
    """Answer to SetCredential."""

    command_id = 0x23

    status: Annotated[U8, Tag(0)]
    user_index: Annotated[U16 | None, Tag(1), Nullable]
    next_credential_index: Annotated[U16 | Absent | None, Tag(2), Nullable] = ABSENT


class GetCredentialStatus(Struct):
    """Fields of the command GetCredentialStatus."""

    credential: Annotated[CredentialStruct, Tag(0)]


class GetCredentialStatusResponse(Response):
    """Answer to GetCredentialStatus."""

    command_id = 0x25

    credential_exists: Annotated[bool, Tag(0)]
    user_index: Annotated[U16 | None, Tag(1), Nullable]
    creator_fabric_index: Annotated[U8 | None, Tag(2), Nullable]
    last_modified_fabric_index: Annotated[U8 | None, Tag(3), Nullable]
    next_credential_index: Annotated[U16 | Absent | None, Tag(4), Nullable] = ABSENT
    credential_data: Annotated[bytes | Absent | None, Tag(5), Nullable, Hidden] = ABSENT


class ClearCredential(Struct):
    """Fields of the command ClearCredential."""

    credential: Annotated[CredentialStruct | None, Tag(0), Nullable]


class UnboltDoor(Struct):
    """Fields of the command UnboltDoor."""

    pin_code: Annotated[bytes | None, Tag(0), Hidden] = None


class SetAliroReaderConfig(Struct):
    """Fields of the command SetAliroReaderConfig."""

    signing_key: Annotated[bytes, Tag(0), Len(32), Hidden]
    verification_key: Annotated[bytes, Tag(1), Len(65), Hidden]
    group_identifier: Annotated[bytes, Tag(2), Len(16)]
    group_resolving_key: Annotated[bytes | None, Tag(3), Len(16), Hidden] = None


class DoorLockAlarm(Struct):
    """Fields of the event DoorLockAlarm."""

    alarm_code: Annotated[AlarmCodeEnum, Tag(0)]


class DoorStateChange(Struct):
    """Fields of the event DoorStateChange."""

    door_state: Annotated[DoorStateEnum, Tag(0)]


class LockOperation(Struct):
    """Fields of the event LockOperation."""

    lock_operation_type: Annotated[LockOperationTypeEnum, Tag(0)]
    operation_source: Annotated[OperationSourceEnum, Tag(1)]
    user_index: Annotated[U16 | None, Tag(2), Nullable]
    fabric_index: Annotated[U8 | None, Tag(3), Nullable]
    source_node: Annotated[U64 | None, Tag(4), Nullable]
    credentials: Annotated[tuple[CredentialStruct, ...] | Absent | None, Tag(5), Nullable] = ABSENT


class LockOperationError(Struct):
    """Fields of the event LockOperationError."""

    lock_operation_type: Annotated[LockOperationTypeEnum, Tag(0)]
    operation_source: Annotated[OperationSourceEnum, Tag(1)]
    operation_error: Annotated[OperationErrorEnum, Tag(2)]
    user_index: Annotated[U16 | None, Tag(3), Nullable]
    fabric_index: Annotated[U8 | None, Tag(4), Nullable]
    source_node: Annotated[U64 | None, Tag(5), Nullable]
    credentials: Annotated[tuple[CredentialStruct, ...] | Absent | None, Tag(6), Nullable] = ABSENT


class LockUserChange(Struct):
    """Fields of the event LockUserChange."""

    lock_data_type: Annotated[LockDataTypeEnum, Tag(0)]
    data_operation_type: Annotated[DataOperationTypeEnum, Tag(1)]
    operation_source: Annotated[OperationSourceEnum, Tag(2)]
    user_index: Annotated[U16 | None, Tag(3), Nullable]
    fabric_index: Annotated[U8 | None, Tag(4), Nullable]
    source_node: Annotated[U64 | None, Tag(5), Nullable]
    data_index: Annotated[U16 | None, Tag(6), Nullable]


class DoorLock(DoorLockLegacy, Cluster):
    """The cluster: a lock, its users, their credentials and schedules."""

    __slots__ = ()

    id = 0x0101
    revision = 10
    name = "DoorLock"
    revisions: ClassVar[Mapping[SpecVersion, int]] = {SpecVersion.V1_4_2: 9}

    class Feature(IntFlag):
        """Features, by their names and by their codes."""

        PIN_CREDENTIAL = PIN = 1 << 0
        RFID_CREDENTIAL = RID = 1 << 1
        FINGER_CREDENTIALS = FGP = 1 << 2
        WEEK_DAY_ACCESS_SCHEDULES = WDSCH = 1 << 4
        DOOR_POSITION_SENSOR = DPS = 1 << 5
        FACE_CREDENTIALS = FACE = 1 << 6
        CREDENTIAL_OVER_THE_AIR_ACCESS = COTA = 1 << 7
        USER = USR = 1 << 8
        YEAR_DAY_ACCESS_SCHEDULES = YDSCH = 1 << 10
        HOLIDAY_SCHEDULES = HDSCH = 1 << 11
        UNBOLTING = UBOLT = 1 << 12
        ALIRO_PROVISIONING = ALIRO = 1 << 13
        ALIRO_BLEUWB = ALBU = 1 << 14

    lock_state = Attribute[LockStateEnum | None](0x0000, LockStateEnum, quality="X", constraint="desc")
    lock_type = Attribute[LockTypeEnum](0x0001, LockTypeEnum, constraint="desc")
    actuator_enabled = Attribute[bool](0x0002, bool)
    door_state = Attribute[DoorStateEnum | None](0x0003, DoorStateEnum, "DPS", quality="X", constraint="desc")
    door_open_events = Attribute[int](0x0004, U32, "[DPS]", access="RW VM")
    door_closed_events = Attribute[int](0x0005, U32, "[DPS]", access="RW VM")
    open_period = Attribute[int](0x0006, U16, "[DPS]", access="RW VM")
    number_of_total_users_supported = Attribute[int](0x0011, U16, "USR", quality="F")
    number_of_pin_users_supported = Attribute[int](0x0012, U16, "PIN", quality="F")
    number_of_rfid_users_supported = Attribute[int](0x0013, U16, "RID", quality="F")
    number_of_week_day_schedules_supported_per_user = Attribute[int](
        0x0014, U8, "WDSCH", quality="F", constraint="max 253"
    )
    number_of_year_day_schedules_supported_per_user = Attribute[int](
        0x0015, U8, "YDSCH", quality="F", constraint="max 253"
    )
    number_of_holiday_schedules_supported = Attribute[int](0x0016, U8, "HDSCH", quality="F", constraint="max 253")
    max_pin_code_length = Attribute[int](0x0017, U8, "PIN", quality="F")
    min_pin_code_length = Attribute[int](0x0018, U8, "PIN", quality="F")
    max_rfid_code_length = Attribute[int](0x0019, U8, "RID", quality="F")
    min_rfid_code_length = Attribute[int](0x001A, U8, "RID", quality="F")
    credential_rules_support = Attribute[CredentialRulesBitmap](0x001B, CredentialRulesBitmap, "USR", quality="F")
    number_of_credentials_supported_per_user = Attribute[int](0x001C, U8, "USR", quality="F")
    language = Attribute[str](0x0021, str, "O", access="R[W] VM", constraint="max 3")
    led_settings = Attribute[LedSettingEnum](0x0022, LedSettingEnum, "O", access="R[W] VM")
    auto_relock_time = Attribute[int](0x0023, U32, "O", access="R[W] VM")
    sound_volume = Attribute[SoundVolumeEnum](0x0024, SoundVolumeEnum, "O", access="R[W] VM")
    operating_mode = Attribute[OperatingModeEnum](0x0025, OperatingModeEnum, access="R[W] VM", constraint="desc")
    supported_operating_modes = Attribute[OperatingModesBitmap](0x0026, OperatingModesBitmap, quality="F")
    default_configuration_register = Attribute[ConfigurationRegisterBitmap](0x0027, ConfigurationRegisterBitmap, "O")
    enable_local_programming = Attribute[bool](0x0028, bool, "O", access="R[W] VA", default=True)
    enable_one_touch_locking = Attribute[bool](0x0029, bool, "O", access="RW VM", default=True)
    enable_inside_status_led = Attribute[bool](0x002A, bool, "O", access="RW VM", default=True)
    enable_privacy_mode_button = Attribute[bool](0x002B, bool, "O", access="RW VM", default=True)
    local_programming_features = Attribute[LocalProgrammingFeaturesBitmap](
        0x002C, LocalProgrammingFeaturesBitmap, "O", access="R[W] VA"
    )
    wrong_code_entry_limit = Attribute[int](0x0030, U8, "PIN | RID", access="R[W] VA", constraint="1 to 255")
    user_code_temporary_disable_time = Attribute[int](0x0031, U8, "PIN | RID", access="R[W] VA", constraint="1 to 255")
    send_pin_over_the_air = Attribute[bool](0x0032, bool, "[!USR & PIN]", access="R[W] VA", default=True)
    require_pin_for_remote_operation = Attribute[bool](0x0033, bool, "COTA & PIN", access="R[W] VA")
    expiring_user_timeout = Attribute[int](0x0035, U16, "[USR]", access="R[W] VA", constraint="1 to 2880")
    aliro_reader_verification_key = Attribute[bytes | None](
        0x0080, bytes, "ALIRO", access="R A", quality="X", constraint="65"
    )
    aliro_reader_group_identifier = Attribute[bytes | None](
        0x0081, bytes, "ALIRO", access="R A", quality="X", constraint="16"
    )
    aliro_reader_group_sub_identifier = Attribute[bytes](
        0x0082, bytes, "ALIRO", access="R A", quality="F", constraint="16"
    )
    aliro_expedited_transaction_supported_protocol_versions = Attribute[tuple[bytes, ...]](
        0x0083, tuple[bytes, ...], "ALIRO", access="R A", quality="F", constraint="max 16[2]"
    )
    aliro_group_resolving_key = Attribute[bytes | None](
        0x0084, bytes, "ALBU", access="R A", quality="X", constraint="16"
    )
    aliro_supported_bleuwb_protocol_versions = Attribute[tuple[bytes, ...]](
        0x0085, tuple[bytes, ...], "ALBU", access="R A", quality="F", constraint="max 16[2]"
    )
    aliro_ble_advertising_version = Attribute[int](0x0086, U8, "ALBU", access="R A", quality="F")
    number_of_aliro_credential_issuer_keys_supported = Attribute[int](0x0087, U16, "ALIRO", quality="F")
    number_of_aliro_endpoint_keys_supported = Attribute[int](0x0088, U16, "ALIRO", quality="F")

    lock_door = Command(0x00, LockDoor, None, access="O T")
    unlock_door = Command(0x01, UnlockDoor, None, access="O T")
    unlock_with_timeout = Command(0x03, UnlockWithTimeout, None, "O", access="O T")
    set_week_day_schedule = Command(0x0B, SetWeekDaySchedule, None, "WDSCH", access="A", is_strict=True)
    get_week_day_schedule = Command(0x0C, GetWeekDaySchedule, GetWeekDayScheduleResponse, "WDSCH", access="A")
    clear_week_day_schedule = Command(0x0D, ClearWeekDaySchedule, None, "WDSCH", access="A")
    set_year_day_schedule = Command(0x0E, SetYearDaySchedule, None, "YDSCH", access="A")
    get_year_day_schedule = Command(0x0F, GetYearDaySchedule, GetYearDayScheduleResponse, "YDSCH", access="A")
    clear_year_day_schedule = Command(0x10, ClearYearDaySchedule, None, "YDSCH", access="A")
    set_holiday_schedule = Command(0x11, SetHolidaySchedule, None, "HDSCH", access="A")
    get_holiday_schedule = Command(0x12, GetHolidaySchedule, GetHolidayScheduleResponse, "HDSCH", access="A")
    clear_holiday_schedule = Command(0x13, ClearHolidaySchedule, None, "HDSCH", access="A")
    set_user = Command(0x1A, SetUser, None, "USR", access="A T", is_strict=True)
    get_user = Command(0x1B, GetUser, GetUserResponse, "USR", access="A")
    clear_user = Command(0x1D, ClearUser, None, "USR", access="A T")
    set_credential = Command(0x22, SetCredential, SetCredentialResponse, "USR", access="A T")
    get_credential_status = Command(0x24, GetCredentialStatus, GetCredentialStatusResponse, "USR", access="A")
    clear_credential = Command(0x26, ClearCredential, None, "USR", access="A T")
    unbolt_door = Command(0x27, UnboltDoor, None, "UBOLT", access="O T")
    set_aliro_reader_config = Command(0x28, SetAliroReaderConfig, None, "ALIRO", access="A T")
    clear_aliro_reader_config = Command(0x29, None, None, "ALIRO", access="A T")

    door_lock_alarm = Event(0x00, DoorLockAlarm, "M", Priority.CRITICAL)
    door_state_change = Event(0x01, DoorStateChange, "DPS", Priority.CRITICAL)
    lock_operation = Event(0x02, LockOperation, "M", Priority.CRITICAL)
    lock_operation_error = Event(0x03, LockOperationError, "M", Priority.CRITICAL)
    lock_user_change = Event(0x04, LockUserChange, "USR", Priority.INFO)
