"""Which event numbers of a node have been taken, and which places of its locks were changed by whom: values, kept with the journal.

Layer hub, pure. Numbers belong to a node, grow by one with each event of any cluster and may leap when it restarts (Core 7.14.2.1), so
they show what is missing only to somebody who asks for all events of the node. Even then a number may be another fabric's alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from latchwork.matter.interaction.values import EventValue

MAX_STRETCHES: Final = 64
"""Stretches of missing numbers that are remembered; more, and the oldest is given up: a node must not fill our memory."""
MAX_PLACES: Final = 4096
"""Places of which the last change is remembered."""
INFO: Final = 1
CRITICAL: Final = 2
"""Priorities of events (Core 7.14.1.2): operations, alarms and the door are critical, changes of users informative; none is for debugging."""
_RECENT: Final = 16
"""Events by whose content a node that counts anew is recognised even where its numbers have caught up."""
_SAME_MS: Final = 5000
"""Milliseconds by which an event's time may differ when it is told again: nodes that turn uptime into dates round."""


@dataclass(frozen=True, slots=True, order=True)
class Stretch:
    """Numbers from `first` to `last`, both included."""

    first: int
    last: int


class Miss(StrEnum):
    """What can be missing in a stretch that the node was asked for again."""

    NOTHING = "nothing"
    """It still holds older events of every priority that a lock has: these numbers were never events for us."""
    CHANGES = "changes"
    """It still holds older critical events, so no operation and no alarm is missing; a change of users may be."""
    ANYTHING = "anything"
    """It holds nothing that old any more."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A stretch that will not change any more."""

    stretch: Stretch
    miss: Miss


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """The numbers of one node.

    Attributes:
        next: the first number after all that were seen; None before the first event.
        missing: stretches before it that were passed over, oldest first.
        recent: number and mark of the newest events.
    """

    next: int | None = None
    missing: tuple[Stretch, ...] = ()
    recent: tuple[tuple[int, str], ...] = ()

    def ask_from(self) -> int:
        """The number from which on to ask the node for all its events, so that what is missing comes or is known to be gone.

        While something is missing that is all that it remembers: its oldest events show how far back that goes. Otherwise it is one
        more than what is new, so that a node which still counts on shows that it does.
        """
        return 0 if self.missing or self.next is None else max(0, self.next - 1)

    def is_missing(self, number: int) -> bool:
        """Whether the number was passed over and has not come since."""
        return any(each.first <= number <= each.last for each in self.missing)

    def is_new(self, number: int) -> bool:
        """Whether an event with this number has not been taken yet."""
        return self.next is None or number >= self.next or self.is_missing(number)

    def begins_anew(self, events: Iterable[EventValue], asked_from: int | None) -> bool:
        """Whether these events show that the node counts from the beginning again.

        Args:
            events: that came together.
            asked_from: when they are all that the node holds from this number on; None otherwise.
        """
        if self.next is None:
            return False
        known = dict(self.recent)
        newest, is_known = None, False
        for event in events:
            mark = known.get(event.number)
            if mark is not None:
                if _is_another(mark, event):
                    return True
                is_known = True
            newest = event.number if newest is None else max(newest, event.number)
        # A node keeps its newest event longest: if it has older ones only, it never had the one we know. Unless it was asked before
        # that one happened, and its report overtook the answer: then the answer has others that we know.
        is_short = asked_from is not None and asked_from < self.next and newest is not None and newest < self.next - 1
        return is_short and not is_known

    def with_event(self, event: EventValue) -> Numbers:
        """The same with an event that `is_new`."""
        number = event.number
        recent = tuple(sorted((*self.recent, (number, _mark(event)))))[-_RECENT:]
        if self.next is not None and number < self.next:
            return Numbers(next=self.next, missing=tuple(_without(self.missing, number)), recent=recent)
        missing = self.missing
        if self.next is not None and number > self.next:
            missing = (*missing, Stretch(self.next, number - 1))[-MAX_STRETCHES:]
        return Numbers(next=number + 1, missing=missing, recent=recent)

    def settle(self, events: Iterable[EventValue], asked_from: int) -> tuple[Numbers, list[Settled]]:
        """What is known of the missing stretches after the node was asked for everything from a number on.

        Each priority's events are given up from the oldest on (Core 7.14.1): while an older one of the same priority is held, none is
        gone. Nothing else follows from an answer, as nodes divide their memory between priorities as they like.

        Args:
            events: its whole answer; those that are new have been taken already.
            asked_from: the number.
        """
        answer = list(events)
        newest = max((event.number for event in answer), default=-1)
        critical = min((event.number for event in answer if event.priority == CRITICAL), default=newest)
        info = min((event.number for event in answer if event.priority == INFO), default=newest)
        settled: list[Settled] = []
        kept = []
        for stretch in self.missing:
            if stretch.first < asked_from or stretch.last > newest:
                kept.append(stretch)  # not asked for, or passed over after the node had answered
            elif critical < stretch.first and info < stretch.first:
                settled.append(Settled(stretch, Miss.NOTHING))
            elif critical < stretch.first:
                settled.append(Settled(stretch, Miss.CHANGES))
            else:
                settled.append(Settled(stretch, Miss.ANYTHING))
        return Numbers(next=self.next, missing=tuple(kept), recent=self.recent), settled

    def to_json(self) -> dict[str, Any]:
        """As it is kept."""
        missing = [[each.first, each.last] for each in self.missing]
        return {"next": self.next, "missing": missing, "recent": [list(each) for each in self.recent]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Numbers:
        """What `to_json` gave.

        Raises:
            ValueError, TypeError, KeyError: it is none.
        """
        following = value["next"]
        return cls(
            next=None if following is None else int(following),
            missing=tuple(Stretch(int(first), int(last)) for first, last in value["missing"]),
            recent=tuple((int(number), _checked(mark)) for number, mark in value["recent"]),
        )


@dataclass(frozen=True, slots=True)
class Change:
    """The last time that somebody filled or emptied a place.

    Attributes:
        number: of the event that says so.
        at: when it came, UTC seconds since 1970.
        is_ours: the hub's own fabric did it.
        key: what we know to be in the place since: a user's key or a credential's id; None is empty or not known.
        was: what we know to have been in it until then, or until just before; None is not known.
        lock_at: when it was by the lock's clock, UTC seconds since 1970, or None.
    """

    number: int
    at: float
    is_ours: bool
    key: str | None = None
    was: str | None = None
    lock_at: float | None = None


@dataclass(slots=True)
class Places:
    """Last changes, by the name of the place, such as `1/user/3`; `1/user/*` is all users of endpoint 1."""

    changes: dict[str, Change] = field(default_factory=dict)

    def last(self, endpoint: int, what: str, index: int) -> Change | None:
        """The last change that touched the place, or None: none was seen."""
        one = self.changes.get(f"{endpoint}/{what}/{index}")
        every = self.changes.get(f"{endpoint}/{what}/*")
        if one is None or every is None:
            return one or every
        return max(one, every, key=lambda change: change.number)

    def note(self, place: str, change: Change) -> None:
        """Remember a change, unless a newer one is known; what was changed longest ago is forgotten when there are too many."""
        known = self.changes.pop(place, None)
        self.changes[place] = change if known is None or known.number < change.number else known
        if len(self.changes) > MAX_PLACES:
            del self.changes[next(iter(self.changes))]

    def to_json(self) -> dict[str, Any]:
        """As it is kept."""
        return {
            place: [each.number, each.at, each.is_ours, each.key, each.was, each.lock_at]
            for place, each in self.changes.items()
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Places:
        """What `to_json` gave.

        Raises:
            ValueError, TypeError, AttributeError: it is none.
        """
        return cls({place: _change(*each) for place, each in value.items()})


def _change(number: Any, at: Any, is_ours: Any, key: Any, was: Any, lock_at: Any) -> Change:
    return Change(
        int(number),
        float(at),
        bool(is_ours),
        None if key is None else str(key),
        None if was is None else str(was),
        None if lock_at is None else float(lock_at),
    )


def _mark(event: EventValue) -> str:
    """What is the same each time the event is told, whatever version of the hub understands its value."""
    clock = "utc" if event.is_epoch else "uptime"
    return f"{event.endpoint}/{event.cluster}/{event.event} {clock} {event.timestamp_ms}"


def _checked(mark: str) -> str:
    _, _, stamp = mark.split(" ")
    return mark if stamp == "None" or int(stamp) >= 0 else ""


def _is_another(known: str, event: EventValue) -> bool:
    what, clock, stamp = known.split(" ")
    now_what, now_clock, now_stamp = _mark(event).split(" ")
    if what != now_what:
        return True
    if clock != now_clock or "None" in {stamp, now_stamp}:
        return False
    return abs(int(stamp) - int(now_stamp)) > _SAME_MS


def _without(missing: Iterable[Stretch], number: int) -> Iterable[Stretch]:
    for each in missing:
        if not each.first <= number <= each.last:
            yield each
            continue
        if each.first < number:
            yield Stretch(each.first, number - 1)
        if number < each.last:
            yield Stretch(number + 1, each.last)
