"""What a guest sees of an access: whether its time is now, and how far the lock of each door is with the code.

Layer hub, pure: facts in, values out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from latchwork.base.logs import Secret
from latchwork.hub.guests import texts
from latchwork.hub.guests.texts import Readiness
from latchwork.hub.house.desired import Trouble, TroubleCode
from latchwork.hub.house.entities import Access
from latchwork.hub.house.placed import PlacedCredential, Proof
from latchwork.hub.house.rules import MIDNIGHT, Always, FirstUse, Once, Rule, Weekly, holds
from latchwork.hub.plan.wall import instants_on
from latchwork.hub.words import instant

_SILENT: Final = frozenset({TroubleCode.ASLEEP, TroubleCode.UNREACHABLE})
_DAYS_AHEAD: Final = 400
"""Days in which the next hours of a weekly rule are looked for: exceptions may close a year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorFacts:
    """What is known of one door, for one credential.

    Attributes:
        door_id, name: the door.
        lock_id: the lock that is on it, or None.
        place: where the lock holds the credential as it is now, by our account; None: nowhere.
        is_in_line: whether the lock, as it was read, leaves nothing to do for the guest; None: it was not read since the hub began.
        troubles: of the lock, as far as they concern the guest.
        is_reachable: whether the lock answers.
    """

    door_id: str
    name: str
    lock_id: str | None = None
    place: PlacedCredential | None = None
    is_in_line: bool | None = None
    troubles: tuple[Trouble, ...] = ()
    is_reachable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorView:
    """A door as the guest sees it: how far it is, and the same as a sentence."""

    door_id: str
    name: str
    readiness: Readiness
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestView:
    """What a guest page shows.

    Attributes:
        site_name, person_name: where, and who is meant.
        code: digits; None where the code opens nothing any more.
        times: the rule, in words.
        zone: IANA name of the zone whose times these are.
        is_valid: whether its time is now.
        validity: the same as a sentence.
        begins_at: when its time begins next, UTC seconds since 1970; None: it has begun, or never again.
        until: when this stretch of it ends; None: no end is known.
        doors: in the order of the access.
        how_to_type: what to do at the keypad.
        link_ends_at: when this page goes.
    """

    site_name: str
    person_name: str
    code: Secret | None
    times: str
    zone: str
    is_valid: bool
    validity: str
    begins_at: float | None
    until: float | None
    doors: tuple[DoorView, ...]
    how_to_type: str = texts.HOW_TO_TYPE
    link_ends_at: float


@dataclass(frozen=True, slots=True)
class Timing:
    """Whether the time of an access is now.

    Attributes:
        is_valid: it is.
        is_used: it was for one opening, and that has been.
        begins_at: the next begin after now, or None.
        until: the end of the stretch that is now, or None.
    """

    is_valid: bool
    is_used: bool
    begins_at: float | None
    until: float | None


def timing(access: Access, now: float, zone: ZoneInfo, holidays: Collection[str]) -> Timing:
    """Whether its time is now, since or until when."""
    if isinstance(access.rule, Once) and access.first_used_at is not None:
        return Timing(is_valid=False, is_used=True, begins_at=None, until=None)
    closed = frozenset(holidays)

    def is_in(at: float) -> bool:
        return holds(access.rule, at, zone, closed, access.first_used_at)

    is_now = is_in(now)
    turns = (at for at in _edges(access, now, zone) if at > now and is_in(at) is not is_now)
    turn = next(turns, None)
    is_valid = access.is_enabled and is_now
    begins_at = turn if access.is_enabled and not is_now else None
    return Timing(is_valid=is_valid, is_used=False, begins_at=begins_at, until=turn if is_valid else None)


def ends_at(access: Access) -> float | None:
    """The instant from which on the access opens nothing ever again; None: it has no end of its own."""
    rule = access.rule
    match rule:
        case Always():
            return None
        case FirstUse():
            if access.first_used_at is not None:
                return access.first_used_at + 60 * rule.minutes
            return None if rule.end is None else rule.end + 60 * rule.minutes
        case _:
            return rule.end


def _edges(access: Access, now: float, zone: ZoneInfo) -> Iterator[float]:
    """Instants at which it may begin or end, in order."""
    rule: Rule = access.rule
    last = ends_at(access)
    fixed = [at for at in (getattr(rule, "start", None), last, getattr(rule, "end", None)) if at is not None]
    if not isinstance(rule, Weekly):
        yield from sorted(fixed)
        return
    minutes = tuple({0, *(edge % MIDNIGHT for each in rule.hours for edge in (each.start, each.until))})
    # A rule that begins next year has its first hours then.
    first = datetime.fromtimestamp(max(now, rule.start or now), zone).date()
    yield from sorted(at for at in fixed if at <= now)
    rest = sorted(at for at in fixed if at > now)
    for offset in range(_DAYS_AHEAD):
        for at in instants_on(first + timedelta(days=offset), minutes, zone):
            while rest and rest[0] <= at:
                yield rest.pop(0)
            yield at


def doors_view(facts: Iterable[DoorFacts], when: Timing, zone: ZoneInfo) -> tuple[DoorView, ...]:
    """How far each door is."""
    begins = "" if when.begins_at is None else instant(when.begins_at, zone)
    found = []
    for each in facts:
        what = _readiness(each, when)
        found.append(DoorView(door_id=each.door_id, name=each.name, readiness=what, text=texts.readiness(what, begins)))
    return tuple(found)


def _readiness(facts: DoorFacts, when: Timing) -> Readiness:
    if when.is_used or not (when.is_valid or when.begins_at is not None):
        return Readiness.OVER
    if facts.lock_id is None:
        return Readiness.NO_LOCK
    place, codes = facts.place, {each.code for each in facts.troubles if each.is_error}
    # A lock that was not read since may hold earlier hours: what is left to do for it shows in its silence.
    is_settled = not codes & _SILENT if facts.is_in_line is None else facts.is_in_line
    if place is not None and not place.is_pending and is_settled:
        if place.proof >= Proof.OCCUPIED:
            return Readiness.WORKS_NOW if when.is_valid else Readiness.ON_LOCK
        if place.proof is Proof.ACCEPTED:
            return Readiness.ACCEPTED
    if codes - _SILENT:
        return Readiness.REFUSED
    if TroubleCode.ASLEEP in codes:
        return Readiness.WHEN_AWAKE
    if not facts.is_reachable or codes:
        return Readiness.WHEN_REACHED
    return Readiness.LATER if when.begins_at is not None else Readiness.ON_ITS_WAY
