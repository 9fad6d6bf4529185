"""Commissioning as named steps, and how it fails (Core 5.5).

Controller storey; values only. A caller watches the steps as they begin and end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from latchwork.base.errors import LatchworkError, Refused, Unreachable
from latchwork.matter.session.handshake import FailureKind, HandshakeFailed


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
    LABEL = "tell it our fabric's name"
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


class PasscodeNotTaken(HandshakeFailed):
    """Every device that answered refused the passcode.

    Attributes:
        devices: how many answered.
        silent: how many more were announced but did not answer.
    """

    def __init__(self, devices: int, silent: int = 0) -> None:
        one = devices == 1
        message = "the passcode is wrong" if one else f"{devices} devices answered, none took the passcode"
        if silent:
            message += f"; {silent} more did not answer"
        super().__init__(FailureKind.WRONG_PASSCODE, message)
        self.devices = devices
        self.silent = silent
        if not one:
            self.advice += " Several devices fit this code: see that the one you mean has its pairing window open."


def no_pairing(errors: Sequence[LatchworkError]) -> LatchworkError:
    """What to say when none of several devices could be paired with, from the error of each; at least one.

    A device that is busy, or broke off, may be the one that is meant: that is more worth saying than that others refused.
    """
    refused = [
        error for error in errors if isinstance(error, HandshakeFailed) and error.kind is FailureKind.WRONG_PASSCODE
    ]
    others = [error for error in errors if isinstance(error, HandshakeFailed) and error not in refused]
    if others or not refused:
        return (others or errors)[-1]
    made = PasscodeNotTaken(len(refused), len(errors) - len(refused))
    made.__cause__ = refused[-1]
    return made


class NotGenuine(Refused):
    """The device failed attestation.

    Attributes:
        result: the verifier's result.
    """

    def __init__(self, result: int, name: str, advice: str) -> None:
        super().__init__(f"attestation failed: {name}", status=result, advice=advice)
        self.result = result
