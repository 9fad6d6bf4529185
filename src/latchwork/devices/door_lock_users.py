"""Users of a door lock as administrators see them (Application Clusters 5.2.10.16 to 5.2.10.19).

Layer devices; one part of the Door Lock cluster. The register says what may be done, here it gets the cluster's words and statuses.
"""

from __future__ import annotations

from latchwork.devices.door_lock_answers import author_of, refusing
from latchwork.devices.door_lock_core import DoorLockCore
from latchwork.doorlock.users import NO_UNIQUE_ID
from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters import door_lock as wire


class DoorLockUsers(DoorLockCore):
    """Commands about users."""

    __slots__ = ()

    def set_user(self, request: wire.SetUser, context: RequestContext) -> None:
        """Add or modify a user.

        Raises:
            StatusError: FAILURE with the cluster's OCCUPIED for a place that is taken, INVALID_COMMAND for values that cannot be.
        """
        author = author_of(context)
        with refusing():
            self.changed(
                self.register.set_user(
                    request.operation_type,
                    request.user_index,
                    name=request.user_name,
                    unique_id=request.user_unique_id,
                    status=request.user_status,
                    type=request.user_type,
                    rule=request.credential_rule,
                    author=author,
                )
            )

    def get_user(self, request: wire.GetUser, _context: RequestContext) -> wire.GetUserResponse:
        """A user, and where the next one is.

        Raises:
            StatusError: INVALID_COMMAND, there is no such place.
        """
        index, register = request.user_index, self.register
        if not 1 <= index <= register.limits.users:
            raise StatusError(Status.INVALID_COMMAND, f"users have indexes from 1 to {register.limits.users}")
        user = register.user(index)
        following = register.next_user(index)
        if user is None:
            return wire.GetUserResponse(
                user_index=index,
                user_name=None,
                user_unique_id=None,
                user_status=None,
                user_type=None,
                credential_rule=None,
                credentials=None,
                creator_fabric_index=None,
                last_modified_fabric_index=None,
                next_user_index=following,
            )
        return wire.GetUserResponse(
            user_index=index,
            user_name=user.name,
            user_unique_id=None if user.unique_id == NO_UNIQUE_ID else user.unique_id,
            user_status=wire.UserStatusEnum(user.status),
            user_type=wire.UserTypeEnum(user.type),
            credential_rule=wire.CredentialRuleEnum(user.rule),
            credentials=tuple(
                wire.CredentialStruct(credential_type=wire.CredentialTypeEnum(kind), credential_index=number)
                for kind, number in user.credentials
            ),
            creator_fabric_index=user.creator,
            last_modified_fabric_index=user.modifier,
            next_user_index=following,
        )

    def clear_user(self, request: wire.ClearUser, context: RequestContext) -> None:
        """Take out a user, or everybody, with credentials and schedules.

        Raises:
            StatusError: INVALID_COMMAND, there is no such place.
        """
        author = author_of(context)
        with refusing():
            self.changed(self.register.clear_user(request.user_index, author))
