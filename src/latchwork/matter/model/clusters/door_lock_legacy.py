"""Door Lock (Application Clusters 5.2): commands of locks that keep codes by number and know no users.

Model storey of `matter`; a part of `door_lock`, which gives all of it on. These commands came from the Zigbee Cluster Library (7.3.2.17)
and stood in Matter until 1.4.2 with the conformance `!USR & PIN` and `!USR & RID`; later editions leave them out, while locks in the
field still have them.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from latchwork.matter.model.clusters.door_lock_types import UserStatusEnum, UserTypeEnum
from latchwork.matter.model.meta import Command, Response
from latchwork.matter.tlv.schema import U16, Hidden, Nullable, Struct, Tag

__all__ = [
    "ClearPinCode",
    "ClearRfidCode",
    "DoorLockLegacy",
    "GetPinCode",
    "GetPinCodeResponse",
    "GetRfidCode",
    "GetRfidCodeResponse",
    "GetUserStatus",
    "GetUserStatusResponse",
    "GetUserType",
    "GetUserTypeResponse",
    "SetPinCode",
    "SetRfidCode",
    "SetUserStatus",
    "SetUserType",
]


class SetPinCode(Struct):
    """Fields of the command SetPINCode."""

    user_id: Annotated[U16, Tag(0)]
    user_status: Annotated[UserStatusEnum | None, Tag(1), Nullable]
    user_type: Annotated[UserTypeEnum | None, Tag(2), Nullable]
    pin: Annotated[bytes, Tag(3), Hidden]


class GetPinCode(Struct):
    """Fields of the command GetPINCode."""

    user_id: Annotated[U16, Tag(0)]


class GetPinCodeResponse(Response):
    """Answer to GetPINCode."""

    command_id = 0x06

    user_id: Annotated[U16, Tag(0)]
    user_status: Annotated[UserStatusEnum | None, Tag(1), Nullable]
    user_type: Annotated[UserTypeEnum | None, Tag(2), Nullable]
    pin_code: Annotated[bytes | None, Tag(3), Nullable, Hidden]


class ClearPinCode(Struct):
    """Fields of the command ClearPINCode."""

    pin_slot_index: Annotated[U16, Tag(0)]


class SetUserStatus(Struct):
    """Fields of the command SetUserStatus."""

    user_id: Annotated[U16, Tag(0)]
    user_status: Annotated[UserStatusEnum, Tag(1)]


class GetUserStatus(Struct):
    """Fields of the command GetUserStatus."""

    user_id: Annotated[U16, Tag(0)]


class GetUserStatusResponse(Response):
    """Answer to GetUserStatus."""

    command_id = 0x0A

    user_id: Annotated[U16, Tag(0)]
    user_status: Annotated[UserStatusEnum, Tag(1)]


class SetUserType(Struct):
    """Fields of the command SetUserType."""

    user_id: Annotated[U16, Tag(0)]
    user_type: Annotated[UserTypeEnum, Tag(1)]


class GetUserType(Struct):
    """Fields of the command GetUserType."""

    user_id: Annotated[U16, Tag(0)]


class GetUserTypeResponse(Response):
    """Answer to GetUserType."""

    command_id = 0x15

    user_id: Annotated[U16, Tag(0)]
    user_type: Annotated[UserTypeEnum, Tag(1)]


class SetRfidCode(Struct):
    """Fields of the command SetRFIDCode."""

    user_id: Annotated[U16, Tag(0)]
    user_status: Annotated[UserStatusEnum | None, Tag(1), Nullable]
    user_type: Annotated[UserTypeEnum | None, Tag(2), Nullable]
    rfid_code: Annotated[bytes, Tag(3), Hidden]


class GetRfidCode(Struct):
    """Fields of the command GetRFIDCode."""

    user_id: Annotated[U16, Tag(0)]


class GetRfidCodeResponse(Response):
    """Answer to GetRFIDCode."""

    command_id = 0x17

    user_id: Annotated[U16, Tag(0)]
    user_status: Annotated[UserStatusEnum | None, Tag(1), Nullable]
    user_type: Annotated[UserTypeEnum | None, Tag(2), Nullable]
    rfid_code: Annotated[bytes | None, Tag(3), Nullable, Hidden]


class ClearRfidCode(Struct):
    """Fields of the command ClearRFIDCode."""

    rfid_slot_index: Annotated[U16, Tag(0)]


_PIN = "!USR & PIN"
_RFID = "!USR & RID"
_ANY = "!USR & (PIN | RID | FGP)"


class DoorLockLegacy:
    """The commands, for the cluster to inherit."""

    __slots__ = ()

    id: ClassVar[int] = 0x0101

    set_pin_code = Command(0x05, SetPinCode, None, _PIN, access="A T")
    get_pin_code = Command(0x06, GetPinCode, GetPinCodeResponse, _PIN, access="A")
    clear_pin_code = Command(0x07, ClearPinCode, None, _PIN, access="A T")
    clear_all_pin_codes = Command(0x08, None, None, _PIN, access="A T")
    set_user_status = Command(0x09, SetUserStatus, None, _ANY, access="A")
    get_user_status = Command(0x0A, GetUserStatus, GetUserStatusResponse, _ANY, access="A")
    set_user_type = Command(0x14, SetUserType, None, _ANY, access="A")
    get_user_type = Command(0x15, GetUserType, GetUserTypeResponse, _ANY, access="A")
    set_rfid_code = Command(0x16, SetRfidCode, None, _RFID, access="A T")
    get_rfid_code = Command(0x17, GetRfidCode, GetRfidCodeResponse, _RFID, access="A")
    clear_rfid_code = Command(0x18, ClearRfidCode, None, _RFID, access="A T")
    clear_all_rfid_codes = Command(0x19, None, None, _RFID, access="A T")
