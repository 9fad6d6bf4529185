"""What a reading of a calendar changes: stays that come, move and go. The one place where it is decided that somebody loses access.

Layer hub, pure. A calendar is kept by others, over a network, by programs that fail: what it says is believed, what it does not say
any more is not, at once. The rules about stays that are missing, and why:

* A stay that the calendar calls cancelled is taken away: that was said.
* A stay that is only gone from it is taken away when a second whole reading, half an hour later or more, does not have it either: one
  answer from a half-built cache is no cancellation.
* Where the calendar has no event at all any more, or has lost two or more stays and more than half of what was known, it is doubted:
  the stays are kept for a day, and the owner is told. Calendars are emptied by expired addresses and broken exports more often than by hosts.
* A stay that has begun is never taken away because it is missing, and its begin is not moved to later that day: many exports shorten
  or drop what has begun. It ends when it was to end; the owner is told, and can take it back.
* A reading that was not whole takes away nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from latchwork.hub.calendars.staying import MAX_STAYS, Listing, Stay

CONFIRM_S: Final = 1800.0
"""Seconds for which a stay has to be missing."""
DOUBT_S: Final = 86_400.0
"""The same, when the calendar is doubted."""
POSTPONED_S: Final = 86_400.0
"""Seconds by which a stay that has begun must be put off for that to be meant."""


class State(StrEnum):
    """How a stay that was made stands."""

    STANDS = "stands"
    WITHDRAWN = "withdrawn"
    """Somebody took the access back: the calendar does not bring it again."""
    OVER = "over"
    """It is over, or was taken away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A stay that was made.

    Attributes:
        key, name, start, end: as the calendar said last.
        state: how it stands.
        missing_since: when a whole reading did not have it for the first time, or None.
    """

    key: str
    name: str
    start: float
    end: float
    state: State = State.STANDS
    missing_since: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to be done.

    Attributes:
        add: stays to be made.
        change: known keys and what they are now; another key in it is the new name of the same stay.
        missing: keys of stays that this reading does not have, for the first time.
        found: keys of stays that were missing and are there again.
        remove: keys of stays to be taken away, and why: `cancelled` or `vanished`.
        warning: what the owner should know, or empty.
    """

    add: tuple[Stay, ...] = ()
    change: tuple[tuple[str, Stay], ...] = ()
    missing: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    remove: tuple[tuple[str, str], ...] = ()
    warning: str = ""


def decide(listing: Listing, known: Iterable[Known], now: float) -> Decision:
    """What a reading changes.

    Args:
        listing: what the calendar says.
        known: every stay that was made of it, however it stands.
        now: UTC seconds since 1970.
    """
    by_key = {each.key: each for each in known}
    live = {key: each for key, each in by_key.items() if each.state is State.STANDS}
    coming = [stay for stay in listing.stays.values() if stay.end > now]
    absent = [
        each
        for key, each in live.items()
        if key not in listing.stays and key not in listing.cancelled and each.end > now
    ]
    fresh = [stay for stay in coming if _is_fresh(stay, by_key.get(stay.key))]
    renamed = _renamed(absent, fresh, now) if listing.is_whole else {}
    absent = [each for each in absent if each.key not in renamed]
    taken = {stay.key for stay in renamed.values()}
    added = [stay for stay in fresh if stay.key not in taken]
    room = max(0, MAX_STAYS - len(live))
    change = [
        (key, moved)
        for key, each in live.items()
        if key in listing.stays and (moved := _kept_begun(each, listing.stays[key], now)) is not None
    ]
    change += [(key, _kept_begun(live[key], stay, now) or stay) for key, stay in renamed.items()]
    missing, gone, warning = _judged(listing, live, absent, now)
    if len(added) > room:
        warning = f"the calendar has more than {MAX_STAYS} stays: the later ones have no access yet"
    return Decision(
        add=tuple(added[:room]),
        change=tuple(change),
        missing=missing,
        found=tuple(key for key, each in live.items() if key in listing.stays and each.missing_since is not None),
        remove=(*((key, "cancelled") for key in live if key in listing.cancelled), *gone),
        warning=warning,
    )


def _is_fresh(stay: Stay, known: Known | None) -> bool:
    """Whether a stay has to be made. One that is over comes again only when it was prolonged or moved."""
    if known is None:
        return True
    return known.state is State.OVER and (known.start, known.end) != (stay.start, stay.end)


def _kept_begun(known: Known, stay: Stay, now: float) -> Stay | None:
    """The stay as it is to be changed, or None where it stays as it is."""
    has_begun = known.start <= now < known.end
    if has_begun and known.start < stay.start < now + POSTPONED_S and stay.end > now:
        stay = replace(stay, start=known.start)
    if (stay.start, stay.end, stay.key) == (known.start, known.end, known.key):
        return None
    return stay


def _renamed(absent: Sequence[Known], fresh: Sequence[Stay], now: float) -> dict[str, Stay]:
    """Stays that are the same under another key: some exports make new names at every reading."""
    found: dict[str, Stay] = {}
    left = list(fresh)
    for each in absent:
        for stay in left:
            is_begun = each.start <= now and stay.start <= now + POSTPONED_S
            if stay.name == each.name and stay.end == each.end and (stay.start == each.start or is_begun):
                found[each.key] = stay
                left.remove(stay)
                break
    return found


def _judged(
    listing: Listing, live: dict[str, Known], absent: Sequence[Known], now: float
) -> tuple[tuple[str, ...], list[tuple[str, str]], str]:
    """Of the stays that the calendar does not have: which are missing from now on, which are believed gone, and what to tell."""
    if not listing.is_whole:
        return (), [], "some of the calendar's events cannot be read: nothing is taken away because of it"
    if not absent:
        return (), [], ""
    expected = sum(1 for each in live.values() if each.end > now)
    is_doubted = listing.events == 0 or (len(absent) >= 2 and 2 * len(absent) > expected)
    wait = DOUBT_S if is_doubted else CONFIRM_S
    missing = tuple(each.key for each in absent if each.missing_since is None)
    gone = [
        (each.key, "vanished")
        for each in absent
        if each.start > now and each.missing_since is not None and now - each.missing_since >= wait
    ]
    begun = sum(1 for each in absent if each.start <= now)
    warnings = []
    if is_doubted:
        warnings.append(
            f"{len(absent)} of {expected} stays are gone from the calendar: they are kept for a day, in case it is a mistake"
        )
    if begun:
        warnings.append("a stay that has begun is gone from the calendar: it is kept until its end")
    return missing, gone, "; ".join(warnings)
