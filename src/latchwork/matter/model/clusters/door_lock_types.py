"""Door Lock (Application Clusters 5.2): enumerations and bitmaps.

Model storey of `matter`; `door_lock` gives them on, import them from there.
"""

from __future__ import annotations

from enum import IntFlag

from latchwork.matter.tlv.schema import OpenEnum


class DaysMaskBitmap(IntFlag):
    """Bits of days mask."""

    SUNDAY = 1 << 0
    MONDAY = 1 << 1
    TUESDAY = 1 << 2
    WEDNESDAY = 1 << 3
    THURSDAY = 1 << 4
    FRIDAY = 1 << 5
    SATURDAY = 1 << 6


class CredentialRulesBitmap(IntFlag):
    """Bits of credential rules."""

    SINGLE = 1 << 0
    DUAL = 1 << 1
    TRI = 1 << 2


class OperatingModesBitmap(IntFlag):
    """Bits of operating modes."""

    NORMAL = 1 << 0
    VACATION = 1 << 1
    PRIVACY = 1 << 2
    NO_REMOTE_LOCK_UNLOCK = 1 << 3
    PASSAGE = 1 << 4
    ALWAYS_SET = 1 << 5


class ConfigurationRegisterBitmap(IntFlag):
    """Bits of configuration register."""

    LOCAL_PROGRAMMING = 1 << 0
    KEYPAD_INTERFACE = 1 << 1
    REMOTE_INTERFACE = 1 << 2
    SOUND_VOLUME = 1 << 5
    AUTO_RELOCK_TIME = 1 << 6
    LED_SETTINGS = 1 << 7


class LocalProgrammingFeaturesBitmap(IntFlag):
    """Bits of local programming features."""

    ADD_USERS_CREDENTIALS_SCHEDULES = 1 << 0
    MODIFY_USERS_CREDENTIALS_SCHEDULES = 1 << 1
    CLEAR_USERS_CREDENTIALS_SCHEDULES = 1 << 2
    ADJUST_SETTINGS = 1 << 3


class AlarmMaskBitmap(IntFlag):
    """Bits of alarm mask."""

    LOCK_JAMMED = 1 << 0
    LOCK_FACTORY_RESET = 1 << 1
    LOCK_RADIO_POWER_CYCLED = 1 << 3
    WRONG_CODE_ENTRY_LIMIT = 1 << 4
    FRONT_ESCUTCHEON_REMOVED = 1 << 5
    DOOR_FORCED_OPEN = 1 << 6


class AlarmCodeEnum(OpenEnum):
    """Values of alarm code."""

    LOCK_JAMMED = 0
    LOCK_FACTORY_RESET = 1
    LOCK_RADIO_POWER_CYCLED = 3
    WRONG_CODE_ENTRY_LIMIT = 4
    FRONT_ESCEUTCHEON_REMOVED = 5
    DOOR_FORCED_OPEN = 6
    DOOR_AJAR = 7
    FORCED_USER = 8


class CredentialRuleEnum(OpenEnum):
    """Values of credential rule."""

    SINGLE = 0
    DUAL = 1
    TRI = 2


class CredentialTypeEnum(OpenEnum):
    """Values of credential type."""

    PROGRAMMING_PIN = 0
    PIN = 1
    RFID = 2
    FINGERPRINT = 3
    FINGER_VEIN = 4
    FACE = 5
    ALIRO_CREDENTIAL_ISSUER_KEY = 6
    ALIRO_EVICTABLE_ENDPOINT_KEY = 7
    ALIRO_NON_EVICTABLE_ENDPOINT_KEY = 8


class DataOperationTypeEnum(OpenEnum):
    """Values of data operation type."""

    ADD = 0
    CLEAR = 1
    MODIFY = 2


class DoorStateEnum(OpenEnum):
    """Values of door state."""

    DOOR_OPEN = 0
    DOOR_CLOSED = 1
    DOOR_JAMMED = 2
    DOOR_FORCED_OPEN = 3
    DOOR_UNSPECIFIED_ERROR = 4
    DOOR_AJAR = 5


class LockDataTypeEnum(OpenEnum):
    """Values of lock data type."""

    UNSPECIFIED = 0
    PROGRAMMING_CODE = 1
    USER_INDEX = 2
    WEEK_DAY_SCHEDULE = 3
    YEAR_DAY_SCHEDULE = 4
    HOLIDAY_SCHEDULE = 5
    PIN = 6
    RFID = 7
    FINGERPRINT = 8
    FINGER_VEIN = 9
    FACE = 10
    ALIRO_CREDENTIAL_ISSUER_KEY = 11
    ALIRO_EVICTABLE_ENDPOINT_KEY = 12
    ALIRO_NON_EVICTABLE_ENDPOINT_KEY = 13


class LockOperationTypeEnum(OpenEnum):
    """Values of lock operation type."""

    LOCK = 0
    UNLOCK = 1
    NON_ACCESS_USER_EVENT = 2
    FORCED_USER_EVENT = 3
    UNLATCH = 4


class OperationErrorEnum(OpenEnum):
    """Values of operation error."""

    UNSPECIFIED = 0
    INVALID_CREDENTIAL = 1
    DISABLED_USER_DENIED = 2
    RESTRICTED = 3
    INSUFFICIENT_BATTERY = 4


class OperatingModeEnum(OpenEnum):
    """Values of operating mode."""

    NORMAL = 0
    VACATION = 1
    PRIVACY = 2
    NO_REMOTE_LOCK_UNLOCK = 3
    PASSAGE = 4


class OperationSourceEnum(OpenEnum):
    """Values of operation source."""

    UNSPECIFIED = 0
    MANUAL = 1
    PROPRIETARY_REMOTE = 2
    KEYPAD = 3
    AUTO = 4
    BUTTON = 5
    SCHEDULE = 6
    REMOTE = 7
    RFID = 8
    BIOMETRIC = 9
    ALIRO = 10


class UserStatusEnum(OpenEnum):
    """Values of user status."""

    AVAILABLE = 0
    OCCUPIED_ENABLED = 1
    OCCUPIED_DISABLED = 3


class UserTypeEnum(OpenEnum):
    """Values of user type."""

    UNRESTRICTED_USER = 0
    YEAR_DAY_SCHEDULE_USER = 1
    WEEK_DAY_SCHEDULE_USER = 2
    PROGRAMMING_USER = 3
    NON_ACCESS_USER = 4
    FORCED_USER = 5
    DISPOSABLE_USER = 6
    EXPIRING_USER = 7
    SCHEDULE_RESTRICTED_USER = 8
    REMOTE_ONLY_USER = 9


class LockStateEnum(OpenEnum):
    """Values of lock state."""

    NOT_FULLY_LOCKED = 0
    LOCKED = 1
    UNLOCKED = 2
    UNLATCHED = 3


class LockTypeEnum(OpenEnum):
    """Values of lock type."""

    DEAD_BOLT = 0
    MAGNETIC = 1
    OTHER = 2
    MORTISE = 3
    RIM = 4
    LATCH_BOLT = 5
    CYLINDRICAL_LOCK = 6
    TUBULAR_LOCK = 7
    INTERCONNECTED_LOCK = 8
    DEAD_LATCH = 9
    DOOR_FURNITURE = 10
    EUROCYLINDER = 11


class LedSettingEnum(OpenEnum):
    """Values of led setting."""

    NO_LED_SIGNAL = 0
    NO_LED_SIGNAL_ACCESS_ALLOWED = 1
    LED_SIGNAL_ALL = 2


class SoundVolumeEnum(OpenEnum):
    """Values of sound volume."""

    SILENT = 0
    LOW = 1
    HIGH = 2
    MEDIUM = 3


class EventTypeEnum(OpenEnum):
    """Values of event type."""

    OPERATION = 0
    PROGRAMMING = 1
    ALARM = 2


class StatusCodeEnum(OpenEnum):
    """Values of status code."""

    DUPLICATE = 2
    OCCUPIED = 3
