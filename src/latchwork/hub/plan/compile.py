"""From people, credentials and accesses to what should be on one lock at one instant.

Layer hub, pure: no clock, no chance, no lock. What a lock cannot do becomes a trouble that names the cause; how each rule of time is
kept is `compile_rules`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from latchwork.base.errors import Misuse
from latchwork.hub.house.desired import Desired, DesiredCredential, DesiredUser, Trouble
from latchwork.hub.house.entities import Access, Credential, CredentialKind, Person, Site
from latchwork.hub.house.observed import Capabilities
from latchwork.hub.house.rules import FirstUse, Once
from latchwork.hub.plan import texts
from latchwork.hub.plan.compile_rules import Promises, Terms

PRELOAD_S: Final = 72 * 3600.0
"""Seconds before its start that a lock is given what it keeps by itself: a weekend on which the hub is off."""

MAX_NAME: Final = 10
"""Octets of a UserName (Application Clusters 5.2.10.17.3)."""

_ORDER: Final = tuple(CredentialKind)
_NOBODY: Final[Collection[str]] = frozenset()


class _Group(NamedTuple):
    """The credentials of a person with the same accesses: a user of the lock, when it is to be on it."""

    key: str
    person: Person
    accesses: list[Access]
    credentials: list[Credential]

    @property
    def rank(self) -> tuple[bool, float, str, str]:
        """Its place among those who compete for room: who administers first, then who had access first."""
        granted_at = min(access.created_at for access in self.accesses)
        return not self.person.is_admin, granted_at, self.person.id, self.key


def compile_lock(
    lock_id: str,
    site: Site,
    persons: Iterable[Person],
    credentials: Iterable[Credential],
    accesses: Iterable[Access],
    capabilities: Capabilities,
    now: float,
    *,
    preload_s: float = PRELOAD_S,
    enrolled: Collection[str] = _NOBODY,
) -> Desired:
    """What should be on a lock at `now`.

    Args:
        lock_id: which lock.
        site: its time zone is the one the lock's wall clock shows.
        persons: whoever is not here, or has left, has no access.
        credentials: of these persons.
        accesses: to the door that the lock is on; those that are not enabled count for nothing.
        capabilities: the lock's.
        now: UTC seconds since 1970.
        preload_s: how long before its start a lock is given what it keeps by itself.
        enrolled: ids of the credentials without a secret to be copied, such as fingers, that this lock has by our own account.

    Raises:
        Misuse: the site's time zone is none.
    """
    zone, holidays = zone_of(site.time_zone), frozenset(site.holidays)
    groups = sorted(_groups(lock_id, persons, credentials, accesses, enrolled), key=lambda group: group.rank)
    if not capabilities.has_users:
        return Desired(troubles=(texts.no_users(),) if groups else ())
    users: list[DesiredUser] = []
    troubles: list[Trouble] = []
    next_change: float | None = None
    for group in groups:
        promises = Promises(group.accesses, capabilities, zone, holidays, preload_s)
        change = promises.next_change(now)
        if change is not None and (next_change is None or change < next_change):
            next_change = change
        terms = promises.terms(now)
        if terms is not None:
            user = _user(group, terms, capabilities, enrolled, troubles)
            if user is not None:
                users.append(user)
    return Desired(users=tuple(users), troubles=tuple(troubles), next_change=next_change)


@lru_cache(maxsize=4096)
def name_for_lock(name: str, unique_id: int) -> str:
    """A name that locks take: at most 10 letters and digits of ASCII, for some refuse spaces and others shorten in the middle of a letter.

    Who somebody is does not depend on it. A name with nothing that can be said in ASCII becomes the person's number.
    """
    words = ["".join(filter(str.isalnum, _ascii(word))) for word in name.split()]
    words = [word for word in words if word]
    if not words:
        return f"U{unique_id:08X}"
    whole = "".join(words)
    if len(whole) <= MAX_NAME:
        return whole
    return words[0][:MAX_NAME] if len(words) == 1 else words[0][: MAX_NAME - 1] + words[-1][0]


_SPELT_OUT: Final = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "Æ": "Ae",
        "ø": "o",
        "Ø": "O",
        "œ": "oe",
        "Œ": "Oe",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "þ": "th",
        "\u0131": "i",
    }
)


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text.translate(_SPELT_OUT)).encode("ascii", "ignore").decode()


def zone_of(name: str) -> ZoneInfo:
    """The time zone of a site.

    Raises:
        Misuse: there is none of this name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Misuse("there is no such time zone", advice="Choose a time zone such as Europe/Berlin.") from error


def _groups(
    lock_id: str,
    persons: Iterable[Person],
    credentials: Iterable[Credential],
    accesses: Iterable[Access],
    enrolled: Collection[str],
) -> Iterable[_Group]:
    by_person: dict[str, list[Access]] = {}
    for access in accesses:
        if access.is_enabled and not (isinstance(access.rule, Once) and access.first_used_at is not None):
            by_person.setdefault(access.person_id, []).append(access)
    owned: dict[str, list[Credential]] = {}
    for credential in credentials:
        if credential.person_id in by_person and credential.lock_id in {None, lock_id}:
            owned.setdefault(credential.person_id, []).append(credential)
    for person in persons:
        if person.left_at is None and person.id in owned:
            yield from _groups_of(person, by_person[person.id], owned[person.id], enrolled)


def _groups_of(
    person: Person, accesses: list[Access], credentials: list[Credential], enrolled: Collection[str]
) -> Iterable[_Group]:
    accesses.sort(key=lambda access: access.id)
    # What cannot be put on again stays with the user that has it; otherwise the oldest credential names the person's first user.
    credentials.sort(key=lambda each: (each.id not in enrolled, each.created_at, each.id))
    found: dict[tuple[str, ...], _Group] = {}
    for credential in credentials:
        using = [each for each in accesses if not each.credential_ids or credential.id in each.credential_ids]
        if not using:
            continue
        ids = tuple(access.id for access in using)
        if ids not in found:
            # The lock ends some users for good; another access of the kind is another user, never the same one switched on again.
            is_ended_by_lock = all(isinstance(access.rule, Once | FirstUse) for access in using)
            key = f"{person.id}/{','.join(ids)}" if found or is_ended_by_lock else person.id
            found[ids] = _Group(key, person, using, [])
        found[ids].credentials.append(credential)
    return found.values()


def _user(
    group: _Group, terms: Terms, capabilities: Capabilities, enrolled: Collection[str], troubles: list[Trouble]
) -> DesiredUser | None:
    person = group.person
    chosen, is_wanted = _credentials(group, capabilities, enrolled, troubles)
    if not is_wanted:
        return None
    if terms.shortfall is not None:
        troubles.append(texts.needs_hub(person.name, person.id, terms.shortfall.code, terms.shortfall.message))
    return DesiredUser(
        key=group.key,
        person_id=person.id,
        access_ids=tuple(access.id for access in group.accesses),
        name=name_for_lock(person.name, person.unique_id),
        unique_id=person.unique_id,
        type=terms.type,
        is_enabled=terms.is_enabled,
        credentials=chosen,
        week_days=terms.week_days,
        year_days=terms.year_days,
        enforcement=terms.enforcement,
        because=texts.reason(access.rule for access in group.accesses),
    )


def _credentials(
    group: _Group, capabilities: Capabilities, enrolled: Collection[str], troubles: list[Trouble]
) -> tuple[tuple[DesiredCredential, ...], bool]:
    """What of a group the lock can take, and whether there is to be a user at all: also one to whom a finger is added at the door."""
    name, kinds = group.person.name, capabilities.kinds
    able = [each for each in group.credentials if kinds.get(each.kind, 0) > 0]
    troubles.extend(
        texts.kind_not_supported(name, each, is_error=not able)
        for each in group.credentials
        if kinds.get(each.kind, 0) <= 0
    )
    able.sort(key=lambda each: (_ORDER.index(each.kind), each.created_at, each.id))
    room = capabilities.credentials_per_user
    chosen: list[DesiredCredential] = []
    is_wanted = False
    for each in able:
        if each.length and not _is_length(each, capabilities):
            troubles.append(texts.wrong_length(name, each, *_lengths(each.kind, capabilities)))
        elif room and len(chosen) >= room:
            troubles.append(texts.too_many_for_person(name, each, room))
        elif not each.length and each.id not in enrolled:
            is_wanted = True
            troubles.append(texts.enrol_at_door(name, each))
        else:
            is_wanted = True
            chosen.append(
                DesiredCredential(credential_id=each.id, kind=each.kind, version=each.version, length=each.length)
            )
    return tuple(chosen), is_wanted


def _is_length(credential: Credential, capabilities: Capabilities) -> bool:
    least, greatest = _lengths(credential.kind, capabilities)
    return greatest == 0 or least <= credential.length <= greatest


def _lengths(kind: CredentialKind, capabilities: Capabilities) -> tuple[int, int]:
    match kind:
        case CredentialKind.PIN:
            return capabilities.pin_length
        case CredentialKind.RFID:
            return capabilities.rfid_length
        case _:
            return 0, 0
