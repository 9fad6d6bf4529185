"""What people are told when a lock says no, is silent or does not keep its word: causes in plain words, and what to do about them.

Layer hub, pure. Never a code, never the number of a command.
"""

from __future__ import annotations

from typing import Final

from latchwork.hub.house.desired import Trouble, TroubleCode
from latchwork.hub.house.steps import AddUser, ChangeUser, ClearCredential, ClearUser, SetCredential, Step
from latchwork.hub.plan.texts import kind_name
from latchwork.matter.messages.status import Status
from latchwork.matter.model.clusters.door_lock import StatusCodeEnum

_RETRY: Final = "The hub tries again by itself."
_FIRMWARE: Final = "Look for new firmware of the lock, and report the lock's model when there is none."


def refusal(step: Step, status: int | None) -> Trouble:
    """The lock refused a step. One status has many causes: those that fit are named, and no single one is claimed."""
    person_id, credential_id = whom(step)
    code, message, advice = _cause(step, status)
    return Trouble(code=code, message=message, advice=advice, person_id=person_id, credential_id=credential_id)


def whom(step: Step) -> tuple[str | None, str | None]:
    """Whom and which credential a step is about, as far as it says."""
    match step:
        case AddUser(user=user) | ChangeUser(user=user):
            return user.person_id, None
        case ClearUser(key=key):
            return key.split("/", 1)[0], None
        case SetCredential():
            return step.user_key.split("/", 1)[0], step.credential.credential_id
        case ClearCredential():
            return None, step.credential_id
        case _:
            return None, None


def _cause(step: Step, status: int | None) -> tuple[TroubleCode, str, str]:
    what = _what(step)
    match status:
        case StatusCodeEnum.DUPLICATE:
            word = kind_name(step.kind) if isinstance(step, SetCredential) else "code"
            message = f"The lock knows this {word} already: somebody else on it has the same one."
            return TroubleCode.DUPLICATE_CODE, message, f"Give the person another {word}."
        case StatusCodeEnum.OCCUPIED:
            return (
                TroubleCode.FOREIGN_USER,
                f"The lock did not take {what}: the place has been taken meanwhile.",
                _RETRY,
            )
        case Status.RESOURCE_EXHAUSTED:
            message = f"The lock did not take {what}: it has no room."
            return TroubleCode.CREDENTIALS_FULL, message, "Take away what is not needed on this door any more."
        case Status.BUSY | Status.TIMEOUT | Status.FAILURE:
            return TroubleCode.REFUSED, f"The lock could not do it just now: {what}.", _RETRY
        case Status.UNSUPPORTED_ACCESS:
            message = f"The lock did not take {what}: the command came too late, or this hub is no administrator of it."
            return (
                TroubleCode.REFUSED,
                message,
                "Bring lock and network nearer to each other; the hub tries again by itself.",
            )
        case Status.INVALID_COMMAND | Status.CONSTRAINT_ERROR if isinstance(step, AddUser | ChangeUser):
            message = f"The lock did not take {what}: it does not like the name or the kind of user, or another ecosystem made it."
            return TroubleCode.NAME_REFUSED, message, "Give the person a short name in plain letters."
        case Status.INVALID_COMMAND | Status.CONSTRAINT_ERROR:
            message = f"The lock did not take {what}: it does not fit, or it belongs to another ecosystem."
            return TroubleCode.REFUSED, message, _FIRMWARE
        case _:
            said = "" if status is None else f" (status 0x{status:02X})"
            return TroubleCode.REFUSED, f"The lock did not take {what}{said}.", _FIRMWARE


def _what(step: Step) -> str:
    match step:
        case AddUser(user=user):
            return f"{user.name} as a user"
        case ChangeUser(user=user):
            return f"what has changed about {user.name}" if user.name else "what has changed about a user"
        case SetCredential():
            return f"a {kind_name(step.kind)}"
        case ClearCredential():
            return f"that a {kind_name(step.kind)} goes"
        case ClearUser():
            return "that a user goes"
        case _:
            return "the hours of a user"


def not_kept(step: Step) -> Trouble:
    """The lock said yes, and what was read afterwards says no."""
    person_id, credential_id = whom(step)
    return Trouble(
        code=TroubleCode.REFUSED,
        message=f"The lock took {_what(step)}, and does not show it afterwards.",
        advice="The hub tries again later; restart the lock when that does not help.",
        person_id=person_id,
        credential_id=credential_id,
    )


def unreachable(cause: str, advice: str, *, is_sleeping: bool) -> Trouble:
    """The lock does not answer, and something is waiting for it."""
    if is_sleeping:
        return Trouble(
            code=TroubleCode.ASLEEP,
            message="The lock sleeps: what has changed arrives when it wakes.",
            advice="Touch its keypad to wake it now.",
        )
    return Trouble(
        code=TroubleCode.UNREACHABLE,
        message=f"The lock does not answer, so that it may not hold what it should: {cause}.",
        advice=advice or "Check the lock's battery and its network.",
    )


def was_reset() -> Trouble:
    """The lock does not know this hub any more: at the door somebody reset it, and everything on it is gone."""
    return Trouble(
        code=TroubleCode.UNREACHABLE,
        message="The lock was reset at the door: it has left this hub, and holds nobody's codes any more.",
        advice="Replace the lock on this door by itself, with its setup code: everybody is put on it again.",
    )


def disowned() -> Trouble:
    """The lock does not know this hub any more, and did not say why: a factory reset leaves nothing on it, and losing a fabric everything."""
    return Trouble(
        code=TroubleCode.UNREACHABLE,
        message="The lock does not know this hub any more: it was reset at the door, or another ecosystem has taken the hub off it. In the "
        "second case everybody's codes still open it.",
        advice="Replace the lock on this door by itself, with its setup code or one that the other ecosystem shows: everybody is put on "
        "it again, and what was there before is listed.",
    )


def hub_failed(cause: str, advice: str) -> Trouble:
    """It is not the lock that fails."""
    return Trouble(
        code=TroubleCode.REFUSED,
        message=f"The hub could not look after this lock, so that it may not hold what it should: {cause}.",
        advice=advice or _RETRY,
    )


def clock_wrong() -> Trouble:
    """The lock's clock is wrong, and there are hours or dates on it."""
    return Trouble(
        code=TroubleCode.CLOCK_WRONG,
        message="The lock's clock is not right and could not be set, so that codes with hours or dates open at other times, or never.",
        advice="Set the clock in the app of the lock's maker, or look for new firmware; the hub tries again by itself.",
    )


def secret_gone(credential_id: str, person_id: str) -> Trouble:
    """The code cannot be read any more."""
    return Trouble(
        code=TroubleCode.REFUSED,
        message="The hub cannot read this code any more, so that it cannot put it on the lock.",
        advice="Give the person a new code.",
        person_id=person_id,
        credential_id=credential_id,
    )


def drifted(what: str, person_id: str | None) -> Trouble:
    """Somebody else changed what is ours; the hub puts it right."""
    return Trouble(
        code=TroubleCode.DRIFTED,
        message=f"Something on the lock was changed by somebody else than this hub, which puts it right: {what}.",
        is_error=False,
        person_id=person_id,
    )


def quarrel(person_id: str | None) -> Trouble:
    """Two managers undo each other's work."""
    return Trouble(
        code=TroubleCode.DRIFTED,
        message="Somebody keeps changing what this hub puts on the lock. The hub has stopped putting it right.",
        advice="Look for another app or hub that manages the codes of this lock, then have the hub look again.",
        person_id=person_id,
    )
