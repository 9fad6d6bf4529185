"""Who wants to hear of what: the topics, what an entry of the journal is a case of, and whether a rule asks for it.

Layer hub, pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from latchwork.hub.journal.entries import Entry, Kind

UNREACHABLE_S: Final = 900.0
"""Seconds for which a lock has to be silent, where a rule does not say."""


class Topic(StrEnum):
    """What is worth telling beyond the kinds of journal entries."""

    LOW_BATTERY = "low_battery"
    UNREACHABLE = "unreachable"
    """A lock has not answered for a while; and that it answers again, to whoever was told."""
    NOT_IN_PLACE = "access_not_in_place"
    """An access begins, and its code is not on the lock."""
    FOREIGN_CODE = "foreign_code"
    """Somebody put a user or a code on a lock who is not this hub."""
    CALENDAR = "calendar_failed"
    """A calendar is not read any more, or what it says is doubted."""


URGENT: Final = frozenset({Kind.DURESS.value, Kind.DOOR_FORCED.value, Kind.ALARM.value})
"""Told at once, also when it should be quiet."""
LASTING: Final = frozenset({Topic.UNREACHABLE, Topic.NOT_IN_PLACE})
"""What lasts rather than happens: found by looking, not in the journal."""
_ADDED: Final = frozenset({Kind.CODE_ADDED, Kind.USER_ADDED})
_CALENDAR: Final = frozenset({"calendar_failed", "calendar_doubted", "calendar_recovered", "stay_missing"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Who is told of what.

    Attributes:
        id: opaque.
        name: for people.
        scheme: of the address: all of it that is ever shown.
        sealed_url: where to, for Apprise.
        topics: kinds of entries and topics, by their names.
        door_ids: of which doors; empty is all, and what is of no door.
        person_ids: of which people; empty is all, and what is of nobody.
        quiet_from, quiet_to: minutes since midnight on the site's wall between which only what is urgent is told; or None.
        unreachable_after_s: seconds for which a lock has to be silent.
        is_local: it may be inside the home's network.
        is_enabled: whether anything is sent.
        created_at: UTC seconds since 1970.
        version: counts the changes by people.
        seq: the last entry of which everything was sent.
        last_ok: when something was sent last, or None.
        last_error: why the last one was not, in plain words, or empty.
        failed_at: when that was, or None.
    """

    id: str
    name: str = ""
    scheme: str = ""
    sealed_url: bytes = field(default=b"", repr=False)
    topics: frozenset[str] = frozenset()
    door_ids: tuple[str, ...] = ()
    person_ids: tuple[str, ...] = ()
    quiet_from: int | None = None
    quiet_to: int | None = None
    unreachable_after_s: float = UNREACHABLE_S
    is_local: bool = False
    is_enabled: bool = True
    created_at: float = 0.0
    version: int = 1
    seq: int = 0
    last_ok: float | None = None
    last_error: str = ""
    failed_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to be told.

    Attributes:
        topics: of which it is a case.
        text: what, without where it is the same for all; never a code.
        at: when, UTC seconds since 1970.
        door_id, person_id: where and who, or None.
        seq: of the entry in the journal, or 0.
        key: names what lasts, so that it is told once; empty for what happens.
    """

    topics: frozenset[str]
    text: str
    at: float
    door_id: str | None = None
    person_id: str | None = None
    seq: int = 0
    key: str = ""

    @property
    def is_urgent(self) -> bool:
        """Whether it is told at once."""
        return not self.topics.isdisjoint(URGENT)


def topics_of(entry: Entry, ours: Mapping[str, int]) -> frozenset[str]:
    """What an entry is a case of.

    Args:
        entry: of the journal.
        ours: by lock, the number of the hub's fabric on it.
    """
    topics: set[str] = {entry.kind.value}
    match entry.kind:
        case Kind.BATTERY if entry.detail.get("level") in {"warning", "critical"}:
            topics.add(Topic.LOW_BATTERY)
        case Kind.AUDIT if entry.detail.get("did") in _CALENDAR:
            topics.add(Topic.CALENDAR)
        case _ if entry.kind in _ADDED and entry.lock_id is not None and entry.lock_id in ours:
            if entry.fabric_index != ours[entry.lock_id]:
                topics.add(Topic.FOREIGN_CODE)
    return frozenset(topics)


def wants(rule: Rule, notice: Notice) -> bool:
    """Whether a rule asks for it."""
    return (
        not rule.topics.isdisjoint(notice.topics)
        and (not rule.door_ids or notice.door_id in rule.door_ids)
        and (not rule.person_ids or notice.person_id in rule.person_ids)
    )


def quiet_until(rule: Rule, at: float, zone: ZoneInfo) -> float | None:
    """Until when a rule wants it quiet; None when it does not at the moment."""
    begin, end = rule.quiet_from, rule.quiet_to
    if begin is None or end is None or begin == end:
        return None
    wall = datetime.fromtimestamp(at, zone)
    minute = wall.hour * 60 + wall.minute
    if not (begin <= minute < end if begin < end else minute >= begin or minute < end):
        return None
    midnight = wall.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    over = midnight + timedelta(days=int(minute >= end), minutes=end)
    return max(over.timestamp(), at + 1.0)
