"""Identify: the device shows which one it is (Application Clusters 1.2).

Stands in node; what blinks or beeps is told through `on_identify`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.model.clusters.identify import Identify, IdentifyRequest, IdentifyTypeEnum, TriggerEffect
from latchwork.matter.model.spec import SpecVersion
from latchwork.node.agenda import Appointment
from latchwork.node.behavior import Behavior

if TYPE_CHECKING:
    from latchwork.node.endpoint import Endpoint


def identify(kind: IdentifyTypeEnum, spec: SpecVersion = SpecVersion.V1_6) -> Identify:
    """The cluster's values: how the device shows itself."""
    return Identify(spec=spec, optional=("trigger_effect",), identify_time=0, identify_type=kind)


class IdentifyBehavior(Behavior):
    """Counts identify time down.

    Attributes:
        on_identify: called with True when identifying begins and False when it ends.
        on_effect: called with an effect and its variant.
    """

    __slots__ = ("_ends", "_timer", "on_effect", "on_identify")

    cluster = Identify

    def __init__(self, endpoint: Endpoint, state: Identify) -> None:
        super().__init__(endpoint, state)
        self._ends = 0.0
        self._timer: Appointment | None = None
        self.on_identify: Callable[[bool], None] | None = None
        self.on_effect: Callable[[int, int], None] | None = None

    @property
    def is_identifying(self) -> bool:
        """Whether the device shows itself right now."""
        return self._timer is not None

    def identify(self, request: IdentifyRequest, _context: RequestContext) -> None:
        """Shows the device for some seconds; 0 stops."""
        self._begin(request.identify_time)

    def trigger_effect(self, request: TriggerEffect, _context: RequestContext) -> None:
        """Shows an effect once."""
        if self.on_effect is not None:
            self.on_effect(int(request.effect_identifier), int(request.effect_variant))

    def read_identify_time(self, _context: RequestContext) -> int:
        """Whole seconds that are left."""
        return max(0, round(self._ends - self.node.clock.monotonic())) if self._timer is not None else 0

    def write_identify_time(self, value: int, _context: RequestContext) -> None:
        """Same as the command."""
        self._begin(value)

    def stop(self) -> None:
        """Forgets the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _begin(self, seconds: int) -> None:
        was = self.is_identifying
        self.stop()
        # Counting down is not worth a report each second: beginning and end are (quality Q).
        self.state.identify_time = seconds
        if seconds:
            self._ends = self.node.clock.monotonic() + seconds
            self._timer = self.node.call_at(self._ends, self._end)
        if was != self.is_identifying and self.on_identify is not None:
            self.on_identify(self.is_identifying)

    def _end(self) -> None:
        self._begin(0)
