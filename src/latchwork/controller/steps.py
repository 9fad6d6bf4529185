"""Commissioning as named steps, and how it fails (Core 5.5).

Controller storey; values only. A caller watches the steps as they begin and end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from latchwork.base.errors import LatchworkError, Refused, Unreachable


class Step(StrEnum):
    """The steps, in their order."""

    FIND = "find the device"
    PASE = "secure the connection with the setup code"
    READ = "ask what the device is"
    ARM_FAIL_SAFE = "arm the fail-safe"
    REGULATORY = "say where it is used"
    TIME = "set the clock"
    ATTESTATION = "check that it is genuine"
    CSR = "ask for its new key"
    ROOT = "give it our root certificate"
    NOC = "give it its own certificate"
    CASE = "find it on the fabric and secure the connection with certificates"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class StepReport:
    """A step that began or ended.

    Attributes:
        step: which.
        state: `started`, `done` or `failed`.
        ms: how long it took, milliseconds; None while it runs.
        facts: what became known in it.
        error: why it failed, or None.
    """

    step: Step
    state: str
    ms: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    error: LatchworkError | None = None


OnStep = Callable[[StepReport], None]


def ignore_step(_: StepReport) -> None:
    """For callers that do not watch."""


class CommissioningFailed(LatchworkError):
    """A device could not be commissioned.

    Attributes:
        step: where it failed.
        status: the device's status code, or None.
        facts: all that was known by then.
        cause: the error of the step.
    """

    def __init__(self, step: Step, cause: LatchworkError, facts: Mapping[str, Any]) -> None:
        super().__init__(f"could not {step}: {cause}", advice=cause.advice)
        self.step = step
        self.cause = cause
        self.facts = dict(facts)
        self.status = cause.status if isinstance(cause, Refused) else None


class NotFound(Unreachable):
    """No device with this code is waiting to be commissioned."""

    advice = (
        "Open the device's pairing window, keep it near, and check that it and this machine are in the same network "
        "with IPv6."
    )


class NotGenuine(Refused):
    """The device failed attestation.

    Attributes:
        result: the verifier's result.
    """

    def __init__(self, result: int, name: str, advice: str) -> None:
        super().__init__(f"attestation failed: {name}", status=result, advice=advice)
        self.result = result
