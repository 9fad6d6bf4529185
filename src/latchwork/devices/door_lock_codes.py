"""Codes by number: what locks without users offer in the place of users and credentials (Zigbee Cluster Library 7.3.2.17).

Layer devices; one part of the Door Lock cluster. The number of a code is the number of its user, and no fabric owns any: whoever
administers the lock may change every code.
"""

from __future__ import annotations

from latchwork.base.logs import Secret
from latchwork.devices.door_lock_answers import refusing
from latchwork.devices.door_lock_core import DoorLockCore
from latchwork.doorlock.changes import ALL_USERS, Author
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.events import Source
from latchwork.doorlock.users import User
from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters import door_lock as wire

_SOMEBODY = Author(Source.REMOTE)
_PIN, _RFID = CredentialKind.PIN, CredentialKind.RFID


class DoorLockCodes(DoorLockCore):
    """Commands about codes by number."""

    __slots__ = ()

    def set_pin_code(self, request: wire.SetPinCode, _context: RequestContext) -> None:
        """Set a PIN.

        Raises:
            StatusError: INVALID_COMMAND for values that cannot be, FAILURE with the cluster's DUPLICATE for a PIN that is there already.
        """
        self._set_code(_PIN, request.user_id, request.pin, request.user_status, request.user_type)

    def get_pin_code(self, request: wire.GetPinCode, _context: RequestContext) -> wire.GetPinCodeResponse:
        """A PIN, unless SendPINOverTheAir forbids to tell it.

        Raises:
            StatusError: INVALID_COMMAND, there is no such number.
        """
        user, code = self._get_code(_PIN, request.user_id)
        sends_pin = self.state.value_of("SendPinOverTheAir")
        return wire.GetPinCodeResponse(
            user_id=request.user_id,
            user_status=wire.UserStatusEnum.AVAILABLE if user is None else wire.UserStatusEnum(user.status),
            user_type=None if user is None else wire.UserTypeEnum(user.type),
            pin_code=None if code is None or sends_pin is False else bytes(code),
        )

    def clear_pin_code(self, request: wire.ClearPinCode, _context: RequestContext) -> None:
        """Forget a PIN, or with 0xFFFE all.

        Raises:
            StatusError: INVALID_COMMAND, there is no such number.
        """
        self._clear_code(_PIN, request.pin_slot_index)

    def clear_all_pin_codes(self, _request: None, _context: RequestContext) -> None:
        """Forget every PIN."""
        self._clear_code(_PIN, ALL_USERS)

    def set_user_status(self, request: wire.SetUserStatus, _context: RequestContext) -> None:
        """Let a code count, or not.

        Raises:
            StatusError: INVALID_COMMAND, there is no such code or no such status.
        """
        self._check_number(request.user_id)
        with refusing():
            self.changed(self.register.set_code_user(request.user_id, status=request.user_status, author=_SOMEBODY))

    def get_user_status(self, request: wire.GetUserStatus, _context: RequestContext) -> wire.GetUserStatusResponse:
        """Whether a code counts.

        Raises:
            StatusError: INVALID_COMMAND, there is no such number.
        """
        user = self._user(request.user_id)
        status = wire.UserStatusEnum.AVAILABLE if user is None else wire.UserStatusEnum(user.status)
        return wire.GetUserStatusResponse(user_id=request.user_id, user_status=status)

    def set_user_type(self, request: wire.SetUserType, _context: RequestContext) -> None:
        """Say what somebody with a code may do.

        Raises:
            StatusError: INVALID_COMMAND, there is no such code or no such type.
        """
        self._check_number(request.user_id)
        with refusing():
            self.changed(self.register.set_code_user(request.user_id, type=request.user_type, author=_SOMEBODY))

    def get_user_type(self, request: wire.GetUserType, _context: RequestContext) -> wire.GetUserTypeResponse:
        """What somebody with a code may do.

        Raises:
            StatusError: INVALID_COMMAND for a number that cannot be, NOT_FOUND where there is no code.
        """
        user = self._user(request.user_id)
        if user is None:
            raise StatusError(Status.NOT_FOUND, f"there is no code {request.user_id}")
        return wire.GetUserTypeResponse(user_id=request.user_id, user_type=wire.UserTypeEnum(user.type))

    def set_rfid_code(self, request: wire.SetRfidCode, _context: RequestContext) -> None:
        """Set a card.

        Raises:
            StatusError: as `set_pin_code`.
        """
        self._set_code(_RFID, request.user_id, request.rfid_code, request.user_status, request.user_type)

    def get_rfid_code(self, request: wire.GetRfidCode, _context: RequestContext) -> wire.GetRfidCodeResponse:
        """A card.

        Raises:
            StatusError: INVALID_COMMAND, there is no such number.
        """
        user, code = self._get_code(_RFID, request.user_id)
        return wire.GetRfidCodeResponse(
            user_id=request.user_id,
            user_status=wire.UserStatusEnum.AVAILABLE if user is None else wire.UserStatusEnum(user.status),
            user_type=None if user is None else wire.UserTypeEnum(user.type),
            rfid_code=None if code is None else bytes(code),
        )

    def clear_rfid_code(self, request: wire.ClearRfidCode, _context: RequestContext) -> None:
        """Forget a card, or with 0xFFFE all.

        Raises:
            StatusError: INVALID_COMMAND, there is no such number.
        """
        self._clear_code(_RFID, request.rfid_slot_index)

    def clear_all_rfid_codes(self, _request: None, _context: RequestContext) -> None:
        """Forget every card."""
        self._clear_code(_RFID, ALL_USERS)

    def _set_code(
        self,
        kind: CredentialKind,
        index: int,
        code: bytes,
        status: wire.UserStatusEnum | None,
        user_type: wire.UserTypeEnum | None,
    ) -> None:
        with refusing():
            self.changed(self.register.set_code(kind, index, code, status=status, type=user_type, author=_SOMEBODY))

    def _get_code(self, kind: CredentialKind, index: int) -> tuple[User | None, Secret | None]:
        if index not in self.register.indexes(kind):
            raise StatusError(Status.INVALID_COMMAND, f"there is no place {index} for a code")
        credential = self.register.credential(kind, index)
        return (None, None) if credential is None else (self.register.user(index), credential.secret)

    def _clear_code(self, kind: CredentialKind, index: int) -> None:
        with refusing():
            self.changed(self.register.clear_code(kind, index, _SOMEBODY))

    def _user(self, index: int) -> User | None:
        self._check_number(index)
        return self.register.user(index)

    def _check_number(self, index: int) -> None:
        if not 1 <= index <= self.register.limits.users:
            raise StatusError(Status.INVALID_COMMAND, f"there is no place {index} for a code")
