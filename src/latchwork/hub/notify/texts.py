"""What is told, in plain and short words: where, what, who, how, when. Never a code.

Layer hub, pure. Only names and kinds of an entry are used, never its details as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from latchwork.hub.journal.entries import Entry, How, Kind, Why
from latchwork.hub.notify.rules import Notice

SHOWN: Final = 5
"""Lines of a message; the others are counted."""
_WHAT: Final[Mapping[Kind, str]] = {
    Kind.OPENED: "opened",
    Kind.LOCKED: "locked",
    Kind.UNLATCHED: "unlatched",
    Kind.RECOGNISED: "somebody was recognised who may not open",
    Kind.DURESS: "OPENED UNDER DURESS",
    Kind.REFUSED: "a code or key was refused",
    Kind.LOCKED_OUT: "too many wrong codes, the lock takes none for a while",
    Kind.ALARM: "the lock gives alarm",
    Kind.DOOR_OPENED: "the door was opened",
    Kind.DOOR_CLOSED: "the door was closed",
    Kind.DOOR_AJAR: "the door stands open",
    Kind.DOOR_FORCED: "the door was forced open",
    Kind.DOOR_ERROR: "the door's sensor reports an error",
    Kind.JAMMED: "the bolt is jammed",
    Kind.USER_ADDED: "a user was put on the lock",
    Kind.USER_CHANGED: "a user on the lock was changed",
    Kind.USER_REMOVED: "a user was taken off the lock",
    Kind.CODE_ADDED: "a code or key was put on the lock",
    Kind.CODE_CHANGED: "a code or key on the lock was changed",
    Kind.CODE_REMOVED: "a code or key was taken off the lock",
    Kind.SCHEDULE_CHANGED: "somebody's hours on the lock were changed",
    Kind.GAP: "events of the lock were missed",
    Kind.GAP_FILLED: "the missed events have come",
    Kind.GAP_LOST: "the missed events are lost",
    Kind.LOCK_RESET: "the lock was reset or lost its memory",
    Kind.RESTARTED: "the lock was restarted",
    Kind.COMMISSIONED: "a lock was added",
    Kind.REMOVED: "the lock was removed",
    Kind.FABRIC_ADDED: "another ecosystem was put on the lock",
    Kind.FABRIC_REMOVED: "another ecosystem was taken off the lock",
    Kind.REPAIRED: "what somebody else changed on the lock was put right",
    Kind.RESTORED: "the hub was restored from a backup",
    Kind.PRUNED: "old entries of the journal were removed",
}
_HOW: Final[Mapping[How, str]] = {
    How.KEYPAD: "with a code",
    How.FINGERPRINT: "with a fingerprint",
    How.FACE: "with a face",
    How.BIOMETRIC: "with a finger or face",
    How.CARD: "with a card",
    How.ALIRO: "with a phone or watch",
    How.REMOTE: "from afar",
    How.PROPRIETARY_REMOTE: "from afar, through its maker's app",
    How.MANUAL: "by hand",
    How.BUTTON: "with the button",
    How.AUTO: "by itself",
    How.SCHEDULE: "by schedule",
}
_DID: Final = {
    "calendar_failed": "a calendar cannot be read, the stays that are known stand",
    "calendar_recovered": "the calendar can be read again",
    "calendar_doubted": "what a calendar says is doubted, look at it",
    "stay_missing": "the stay of somebody who is here is gone from the calendar; it is kept until its end",
}


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent at once."""

    title: str
    body: str


def text_of(entry: Entry) -> str:
    """What an entry says, without when."""
    match entry.kind:
        case Kind.BATTERY:
            what = _battery(entry)
        case Kind.REACHABILITY:
            what = "the lock answers again" if entry.detail.get("reachable") else "the lock does not answer"
        case Kind.AUDIT:
            what = _DID.get(str(entry.detail.get("did")), "something was changed in the hub")
        case _:
            what = _WHAT.get(entry.kind, "the lock reported something")
    who = entry.person_name or _unnamed(entry)
    words = [what, f"by {who}" if who else "", _HOW.get(entry.how, "")]
    return _line(entry.door_name, " ".join(word for word in words if word))


def unreachable(door: str, minutes: int) -> str:
    """A lock has been silent."""
    return _line(door, f"the lock has not answered for {minutes} minutes")


def answers_again(door: str) -> str:
    """It is silent no more."""
    return _line(door, "the lock answers again")


def not_in_place(door: str, person: str, *, has_begun: bool) -> str:
    """Somebody's code is not where it should be."""
    when = "has begun" if has_begun else "is about to begin"
    return _line(door, f"the access of {person} {when}, and the code is not on the lock")


def message_of(notices: Sequence[Notice], more: int, *, site: str, now: float, zone: ZoneInfo) -> Message:
    """One message for some notices, and for more that are only counted."""
    shown = notices[:SHOWN]
    more += len(notices) - len(shown)
    lines = [f"{notice.text}, {_when(notice.at, now, zone)}" for notice in shown]
    if more:
        lines.append(f"and {more} more")
    return Message(title=site, body="\n".join(lines))


def _line(door: str, what: str) -> str:
    return f"{door}: {what}" if door else what[:1].upper() + what[1:]


def _battery(entry: Entry) -> str:
    percent = entry.detail.get("percent")
    level = {"warning": "the battery is low", "critical": "the battery is almost empty"}.get(
        str(entry.detail.get("level")), "the battery is all right"
    )
    return f"{level} ({percent} %)" if isinstance(percent, int) else level


def _unnamed(entry: Entry) -> str:
    """Who, where no person is named: another ecosystem, by its name."""
    is_theirs = entry.why_unknown in {Why.ECOSYSTEM, Why.FOREIGN_USER} or entry.kind in {
        *(Kind.USER_ADDED, Kind.USER_CHANGED, Kind.USER_REMOVED, Kind.CODE_ADDED, Kind.CODE_CHANGED, Kind.CODE_REMOVED),
        *(Kind.FABRIC_ADDED, Kind.FABRIC_REMOVED),
    }
    return entry.fabric_name if is_theirs else ""


def _when(at: float, now: float, zone: ZoneInfo) -> str:
    wall, today = datetime.fromtimestamp(at, zone), datetime.fromtimestamp(now, zone).date()
    if wall.date() == today:
        return f"{wall:%H:%M}"
    return f"{wall.date().isoformat()} {wall:%H:%M}"
