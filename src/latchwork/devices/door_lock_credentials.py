"""Credentials of a door lock as administrators see them (Application Clusters 5.2.10.20 to 5.2.10.24).

Layer devices; one part of the Door Lock cluster. Secrets come in here and, Aliro's public keys excepted, never go out.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from latchwork.devices.door_lock_answers import author_of, refusing
from latchwork.devices.door_lock_core import DoorLockCore
from latchwork.doorlock.changes import ChangeRefused, Problem
from latchwork.doorlock.credentials import ALIRO_KINDS, CredentialKind
from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.tlv.schema import ABSENT

_KINDS: Final = MappingProxyType({int(kind): kind for kind in CredentialKind})
_CODES: Final = MappingProxyType(
    {
        Problem.FAILURE: int(Status.FAILURE),
        Problem.DUPLICATE: int(wire.StatusCodeEnum.DUPLICATE),
        Problem.OCCUPIED: int(wire.StatusCodeEnum.OCCUPIED),
        Problem.INVALID: int(Status.INVALID_COMMAND),
        Problem.EXHAUSTED: int(Status.RESOURCE_EXHAUSTED),
        Problem.NOT_FOUND: int(Status.NOT_FOUND),
    }
)
"""What SetCredentialResponse says (Application Clusters 5.2.10.21.1)."""


class DoorLockCredentials(DoorLockCore):
    """Commands about credentials."""

    __slots__ = ()

    def set_credential(self, request: wire.SetCredential, context: RequestContext) -> wire.SetCredentialResponse:
        """Add or modify a credential; a refusal is an answer too.

        Raises:
            StatusError: UNSUPPORTED_COMMAND for a kind of credential that the lock does not know.
        """
        author, reference = author_of(context), request.credential
        kind = self._known_kind(reference.credential_type)
        try:
            done = self.register.set_credential(
                request.operation_type,
                kind,
                reference.credential_index,
                request.credential_data,
                user_index=request.user_index,
                status=request.user_status,
                type=request.user_type,
                author=author,
            )
        except ChangeRefused as refused:
            return wire.SetCredentialResponse(
                status=_CODES[refused.problem], user_index=None, next_credential_index=refused.next_index
            )
        self.changed(done.changes)
        return wire.SetCredentialResponse(
            status=int(Status.SUCCESS), user_index=done.user_index, next_credential_index=done.next_index
        )

    def get_credential_status(
        self, request: wire.GetCredentialStatus, _context: RequestContext
    ) -> wire.GetCredentialStatusResponse:
        """Whether there is a credential, whose it is, and where the next one is.

        Raises:
            StatusError: UNSUPPORTED_COMMAND for a kind of credential that the lock does not know.
        """
        kind, index = self._known_kind(request.credential.credential_type), request.credential.credential_index
        found = self.register.credential(kind, index)
        following = self.register.next_credential(kind, index)
        is_public = kind in ALIRO_KINDS
        if found is None:
            return wire.GetCredentialStatusResponse(
                credential_exists=False,
                user_index=None,
                creator_fabric_index=None,
                last_modified_fabric_index=None,
                next_credential_index=following,
                credential_data=None if is_public else ABSENT,
            )
        return wire.GetCredentialStatusResponse(
            credential_exists=True,
            user_index=found.user_index,
            creator_fabric_index=found.creator,
            last_modified_fabric_index=found.modifier,
            next_credential_index=following,
            credential_data=bytes(found.secret) if is_public else ABSENT,
        )

    def clear_credential(self, request: wire.ClearCredential, context: RequestContext) -> None:
        """Take out a credential, all of a kind, or all.

        Raises:
            StatusError: INVALID_COMMAND for a kind or a place that is not there, or for the programming PIN.
        """
        author, reference = author_of(context), request.credential
        with refusing():
            if reference is None:
                self.changed(self.register.clear_credential(None, 0, author))
                return
            kind = _KINDS.get(reference.credential_type)
            if kind is None:
                raise StatusError(
                    Status.INVALID_COMMAND, f"there is no credential type {int(reference.credential_type)}"
                )
            self.changed(self.register.clear_credential(kind, reference.credential_index, author))

    def _known_kind(self, number: int) -> CredentialKind:
        kind = _KINDS.get(number)
        if kind is None or not self.register.supports(kind):
            raise StatusError(Status.UNSUPPORTED_COMMAND, f"this lock has no credentials of type {int(number)}")
        return kind
