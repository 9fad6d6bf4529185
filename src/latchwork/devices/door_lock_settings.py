"""Attributes of a door lock that its owner writes (Application Clusters 5.2.9).

Layer devices; one part of the Door Lock cluster. Ranges and enumerations are checked with the declarations; here stands what only this
lock can know, and what a new value changes at once.
"""

from __future__ import annotations

import re
from typing import Any, Final

from latchwork.devices.door_lock_core import DoorLockCore
from latchwork.devices.door_lock_state import settings_of
from latchwork.doorlock.inputs import Changed
from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.matter.model.meta import Attribute

_SETTINGS: Final = frozenset(
    {
        DoorLock.auto_relock_time.id,
        DoorLock.enable_local_programming.id,
        DoorLock.enable_one_touch_locking.id,
        DoorLock.enable_privacy_mode_button.id,
        DoorLock.expiring_user_timeout.id,
        DoorLock.require_pin_for_remote_operation.id,
        DoorLock.user_code_temporary_disable_time.id,
        DoorLock.wrong_code_entry_limit.id,
    }
)
"""What the machine must hear of."""

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")
_PROGRAMMING: Final = sum(wire.LocalProgrammingFeaturesBitmap)


class DoorLockSettings(DoorLockCore):
    """Writes."""

    __slots__ = ()

    def write(self, attribute: Attribute[Any], value: Any, context: RequestContext) -> None:
        """Writes a value for a peer; what it means for the machine happens at once.

        Raises:
            StatusError: the value is not allowed, or not now.
        """
        super().write(attribute, value, context)
        if attribute.id in _SETTINGS:
            self.settings_changed()

    def write_operating_mode(self, value: wire.OperatingModeEnum, _context: RequestContext) -> None:
        """Which interfaces are alive.

        Raises:
            StatusError: CONSTRAINT_ERROR for a mode this lock has not, INVALID_IN_STATE for privacy while it is not locked.
        """
        mode = self.mode_of(value, Status.CONSTRAINT_ERROR)
        self._verdict = None
        self.tell(Changed(settings_of(self.state, self._model, mode, has_power=self.has_power)))
        self.raise_verdict()

    def write_language(self, value: str, _context: RequestContext) -> None:
        """What the lock speaks; where it has no words of its own it speaks its first language.

        Raises:
            StatusError: CONSTRAINT_ERROR, this is no code of a language (ISO 639).
        """
        if not _LANGUAGE.fullmatch(value):
            raise StatusError(Status.CONSTRAINT_ERROR, "a language is two or three small letters, as in ISO 639")
        self.state.language = value

    def write_local_programming_features(
        self, value: wire.LocalProgrammingFeaturesBitmap, _context: RequestContext
    ) -> None:
        """What may not be done at the lock while EnableLocalProgramming is off.

        Raises:
            StatusError: CONSTRAINT_ERROR, a bit has no meaning.
        """
        if value & ~_PROGRAMMING:
            raise StatusError(Status.CONSTRAINT_ERROR, f"{int(value):#x} names features that do not exist")
        self.state.local_programming_features = value

    def settings_changed(self) -> None:
        """Tells the machine how the attributes are now."""
        self.tell(Changed(settings_of(self.state, self._model, has_power=self.has_power)))
        timeout = self.state.value_of("ExpiringUserTimeout")
        if timeout is not None:
            self.lock.register.expiring_timeout_min = timeout

    def battery_measured(self) -> None:
        """The battery is another than it was: it may have become too weak for the motor, or strong enough again."""
        if self.lock.settings.has_power is not self.has_power:
            self.settings_changed()

    def set_actuator_enabled(self, *, is_enabled: bool) -> None:
        """Take the motor out of service, or back into it: for whoever looks after the hardware."""
        with self.node.turn():
            self.state.actuator_enabled = is_enabled
            self.settings_changed()
