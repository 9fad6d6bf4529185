"""Aliro at a door lock: the keys of the reader that phones speak to (Application Clusters 5.2.10.26, 5.2.10.27).

Layer devices; one part of the Door Lock cluster. It keeps and tells the configuration; the radio that uses it reads `aliro`.
"""

from __future__ import annotations

from latchwork.devices.door_lock_answers import author_of
from latchwork.devices.door_lock_core import DoorLockCore
from latchwork.devices.door_lock_memory import AliroConfig
from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock


class DoorLockAliro(DoorLockCore):
    """Commands about the Aliro reader."""

    __slots__ = ()

    @property
    def aliro(self) -> AliroConfig | None:
        """The reader's keys, for whoever drives its radio; None before an administrator brought them.

        Raises:
            StoreError: they cannot be read.
        """
        return self.memory.aliro

    def set_aliro_reader_config(self, request: wire.SetAliroReaderConfig, context: RequestContext) -> None:
        """Take the reader's keys.

        Raises:
            StatusError: INVALID_COMMAND when the resolving key is missing, or there and of no use; INVALID_IN_STATE when
                there are keys already.
        """
        author_of(context)
        has_radio = bool(self.state.features & DoorLock.Feature.ALIRO_BLEUWB)
        if has_radio != (request.group_resolving_key is not None):
            raise StatusError(
                Status.INVALID_COMMAND, "the group resolving key goes with Bluetooth and UWB, and only with them"
            )
        if self.state.aliro_reader_verification_key is not None:
            raise StatusError(Status.INVALID_IN_STATE, "the reader has its keys: clear them first")
        config = AliroConfig(
            signing_key=request.signing_key,
            verification_key=request.verification_key,
            group_identifier=request.group_identifier,
            group_resolving_key=request.group_resolving_key,
        )
        self.memory.aliro = config
        self.show_aliro(config)

    def clear_aliro_reader_config(self, _request: None, context: RequestContext) -> None:
        """Forget the reader's keys; harmless when there are none."""
        author_of(context)
        self.memory.aliro = None
        self.show_aliro(None)
