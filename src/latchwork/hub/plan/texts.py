"""What people are told of a lock that cannot hold all that it should, in one place and in plain words.

Layer hub, pure. Never a code, never a number of a command: a cause, and what to do about it. Names are those of persons.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from latchwork.hub.house.desired import DesiredUser, Trouble, TroubleCode
from latchwork.hub.house.entities import Credential, CredentialKind
from latchwork.hub.house.rules import Always, FirstUse, Once, Rule, Weekly, Window

NO_HOURS: Final = "this lock has no schedules of hours"
NO_DATES: Final = "this lock has no schedules of dates"
HOUR_SHOWN_TWICE: Final = "it begins or ends in the hour that clocks show twice, which a lock cannot tell apart"
LAST_MINUTE: Final = "a lock has no schedule for the last minute of a day alone"
RULES_OF_SEVERAL_KINDS: Final = "several rules of time count for the same code, and a lock knows one kind for each user"
FIRST_USE_IN_A_WINDOW: Final = "the time for the first use is limited, which a lock cannot do"
ONE_TIME_IN_A_WINDOW: Final = "a code for one opening has no hours on a lock"
ALARM_CODE_HAS_NO_HOURS: Final = "a code with a silent alarm has no hours on a lock"

_KINDS: Final = {
    CredentialKind.PIN: ("code", "codes"),
    CredentialKind.RFID: ("card", "cards"),
    CredentialKind.FINGERPRINT: ("fingerprint", "fingerprints"),
    CredentialKind.FACE: ("face", "faces"),
    CredentialKind.ALIRO: ("phone key", "phone keys"),
}
_NEEDS_HUB: Final = "Keep the hub on and in reach of the lock: without it, the code stays as it is at that moment."


def kind_name(kind: CredentialKind, count: int = 1) -> str:
    """What people call such a credential."""
    return _KINDS[kind][count != 1]


def reason(rules: Iterable[Rule]) -> str:
    """Why a user is wanted, such as `access always`."""
    return "access " + " and ".join(dict.fromkeys(map(_rule, rules)))


def _rule(rule: Rule) -> str:
    match rule:
        case Always():
            return "always"
        case Weekly():
            return "at some hours of the week"
        case Window():
            return "from a date until another"
        case Once():
            return "for one opening"
        case FirstUse():
            return "for a while from the first use"


def first_use_minutes(wanted: int, possible: int | None) -> str:
    """The lock counts another time from the first use, or none."""
    if possible is None:
        return "this lock does not count time from the first use"
    return f"this lock gives everybody {possible} minutes from the first use, not {wanted}"


def too_many_hours(wanted: int, room: int) -> str:
    """The lock has fewer week-day schedules for a user."""
    return f"it takes {wanted} schedules of hours, and this lock has {room} for each user"


def too_many_dates(wanted: int, room: int) -> str:
    """The lock has fewer year-day schedules for a user; the next ones are put on as the first are over."""
    return f"it takes {wanted} schedules of dates, and this lock has {room} for each user"


def needs_hub(name: str, person_id: str, code: TroubleCode, cause: str) -> Trouble:
    """The hub keeps somebody's times, since the lock cannot."""
    message = f"The hub keeps the times of {name}: {cause}."
    return Trouble(code=code, message=message, is_error=False, advice=_NEEDS_HUB, person_id=person_id)


def no_users() -> Trouble:
    """The lock cannot be given users over Matter."""
    return Trouble(
        code=TroubleCode.LOCK_HAS_NO_USERS,
        message="This lock does not let anybody manage its users over Matter.",
        advice="Use the maker's app for its codes, or see whether new firmware brings it. A lock behind a bridge may do it when it is "
        "paired directly.",
    )


def kind_not_supported(name: str, credential: Credential, *, is_error: bool) -> Trouble:
    """The lock does not take this kind of credential."""
    return _about(
        credential,
        TroubleCode.KIND_NOT_SUPPORTED,
        f"This lock takes no {kind_name(credential.kind, 2)}: that of {name} is not on it.",
        "Give a credential of another kind for this door.",
        is_error=is_error,
    )


def wrong_length(name: str, credential: Credential, least: int, greatest: int) -> Trouble:
    """The secret is too short or too long for this lock."""
    kind, unit = kind_name(credential.kind), "digits" if credential.kind is CredentialKind.PIN else "octets"
    wanted = f"{least}" if least == greatest else f"{least} to {greatest}"
    return _about(
        credential,
        TroubleCode.CODE_LENGTH,
        f"The {kind} of {name} has {credential.length} {unit}, and this lock takes {wanted}.",
        f"Give a new {kind} of a length that all the person's locks take.",
    )


def too_many_for_person(name: str, credential: Credential, room: int) -> Trouble:
    """The user would have more credentials than the lock takes for one."""
    return _about(
        credential,
        TroubleCode.CREDENTIALS_FULL,
        f"This lock takes {room} credentials for each user: a {kind_name(credential.kind)} of {name} is not on it.",
        "Remove a credential that is not needed.",
    )


def enrol_at_door(name: str, credential: Credential) -> Trouble:
    """What cannot be copied must be shown to this lock."""
    return _enrol(name, credential.kind, credential.person_id, credential.id)


def enrol_again(user: DesiredUser, kind: CredentialKind, credential_id: str) -> Trouble:
    """As `enrol_at_door`, for a credential that is not on the lock any more."""
    return _enrol(user.name, kind, user.person_id, credential_id)


def _enrol(name: str, kind: CredentialKind, person_id: str, credential_id: str) -> Trouble:
    word = kind_name(kind)
    return Trouble(
        code=TroubleCode.ENROL_AT_DOOR,
        message=f"The {word} of {name} is not on this lock yet: it cannot be copied.",
        is_error=False,
        advice=f"Add the {word} at the lock itself.",
        person_id=person_id,
        credential_id=credential_id,
    )


def _about(credential: Credential, code: TroubleCode, message: str, advice: str, *, is_error: bool = True) -> Trouble:
    return Trouble(
        code=code,
        message=message,
        is_error=is_error,
        advice=advice,
        person_id=credential.person_id,
        credential_id=credential.id,
    )


def lock_full(user: DesiredUser, total: int, foreign: int, orphaned: int) -> Trouble:
    """Every place for a user is taken."""
    message = f"There is no place for {user.name}: all {total} users of this lock are taken"
    if foreign:
        message += f", {foreign} of them by others than this hub"
    if orphaned:
        message += f" ({orphaned} by an ecosystem that is no longer on the lock)"
    advice = (
        "Review the users that this hub did not make." if foreign else "Take away somebody who needs this door no more."
    )
    return Trouble(code=TroubleCode.LOCK_FULL, message=message + ".", advice=advice, person_id=user.person_id)


def credentials_full(
    user: DesiredUser, kind: CredentialKind, credential_id: str, *, total: int, foreign: int, is_of_user: bool
) -> Trouble:
    """Every place for a credential of this kind, or every one of this user, is taken."""
    whose = "that one user of this lock may have" if is_of_user else "of this lock"
    message = f"There is no place for a {kind_name(kind)} of {user.name}: all {total} {whose} are taken"
    if foreign:
        message += f", {foreign} of them by others than this hub"
    return Trouble(
        code=TroubleCode.CREDENTIALS_FULL,
        message=message + ".",
        advice="Review what this hub did not make."
        if foreign
        else "Take away what is not needed on this door any more.",
        person_id=user.person_id,
        credential_id=credential_id,
    )


def unreadable(what: str, person_id: str | None = None, credential_id: str | None = None) -> Trouble:
    """The lock did not tell what is in a place, so that nothing is done there."""
    return Trouble(
        code=TroubleCode.UNREADABLE,
        message=f"The lock did not tell {what}, so the hub leaves it as it is.",
        advice="The hub reads the lock again by itself; bring it near, or change its battery, when that does not help.",
        person_id=person_id,
        credential_id=credential_id,
    )


def foreign(what: str, person_id: str | None = None, *, is_error: bool = False) -> Trouble:
    """There is something that is not the hub's where the hub has to do with."""
    return Trouble(
        code=TroubleCode.FOREIGN_USER,
        message=what,
        is_error=is_error,
        advice="See who made it, and decide whether it stays: the hub removes it only when somebody says so.",
        person_id=person_id,
    )


def used_up_or_taken(user: DesiredUser) -> Trouble:
    """A user for one opening, or for a while, is gone from the lock: whether it was used is not known."""
    return Trouble(
        code=TroubleCode.DRIFTED,
        message=f"{user.name} had access for one opening or a while, and is gone from the lock: used up, or taken away by somebody.",
        is_error=False,
        advice="Give a new access when the person still has to come in.",
        person_id=user.person_id,
    )


NOT_WANTED: Final = "no access wants it any more"
MOVED: Final = "its access is another one now"
SWITCHED_OFF: Final = "no access wants it, and it holds something that is not the hub's"
HOURS_DIFFER: Final = "its hours are others"
OFF_MEANWHILE: Final = "its hours are about to change"
ON_AGAIN: Final = "its hours are written"
IS_ON: Final = "its time has begun, or it was switched off by somebody"
IS_OFF: Final = "its time is over for now"
TYPE_DIFFERS: Final = "it is another kind of user now"
RULE_DIFFERS: Final = "the lock asks it for more than one credential"
NUMBER_DIFFERS: Final = "its number for the person is another"
NAME_DIFFERS: Final = "its name is another"
ANSWER_LOST: Final = "whether it arrived is not known"
CHANGED: Final = "it was changed"
WRITTEN_OVER: Final = "somebody else wrote over it on the lock"
USER_REPLACED: Final = "In the place of a user of this hub there is one that it did not make."
KEEPS_FOREIGN: Final = (
    "A user that is to go holds something that this hub did not put there: it is switched off, and not removed."
)


def replaced(kind: CredentialKind) -> str:
    """A place of ours was taken by another."""
    return f"In the place of a {kind_name(kind)} of this hub there is one that it did not put there."


def holds_foreign(name: str) -> str:
    """A user of ours has a credential that is not ours."""
    return f"{name} has something on this lock that this hub did not put there, and may come in with it."
