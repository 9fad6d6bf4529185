"""What a guest sees and may do: the doors of their own accesses, and operating them while one of those holds.

Layer web. Everybody else sees every door. What is not to be seen is answered as if it were not there.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from latchwork.hub.books.repository import Repository
from latchwork.hub.books.rows import NotFound
from latchwork.hub.house.entities import Access, Credential, Door
from latchwork.hub.house.rules import Once, holds
from latchwork.web.principals import Principal
from latchwork.web.problems import forbidden, not_found
from latchwork.web.roles import Scope


def own_accesses(repository: Repository, who: Principal) -> list[Access]:
    """The accesses of the person whose account this is, those that stand."""
    if who.account.person_id is None:
        return []
    return [each for each in repository.accesses(person_id=who.account.person_id) if each.is_enabled]


def visible_doors(repository: Repository, who: Principal) -> list[Door]:
    """The doors that they may know of, by position."""
    if not who.is_guest:
        return repository.doors()
    named = {door_id for access in own_accesses(repository, who) for door_id in access.door_ids}
    return [door for door in repository.doors() if door.id in named]


def visible_door(repository: Repository, who: Principal, door_id: str) -> Door:
    """The door.

    Raises:
        Problem: 404 when there is none, or none for them.
    """
    if who.is_guest and not any(door_id in access.door_ids for access in own_accesses(repository, who)):
        raise not_found("door")
    try:
        return repository.door(door_id)
    except NotFound:
        raise not_found("door") from None


def check_operable(repository: Repository, who: Principal, door: Door, now: float) -> None:
    """Refuses a guest outside the hours of their accesses.

    An access for one opening is for the code at the door: from afar it opens nothing, or it would never be used up.

    Raises:
        Problem: 403.
    """
    if not who.is_guest:
        return
    site = repository.site()
    zone, holidays = ZoneInfo(site.time_zone), frozenset(site.holidays)
    for access in own_accesses(repository, who):
        if door.id not in access.door_ids or isinstance(access.rule, Once) or access.is_duress:
            continue
        if holds(access.rule, now, zone, holidays, access.first_used_at):
            return
    raise forbidden("None of your accesses to this door holds now.")


def check_code_readable(who: Principal, credential: Credential) -> None:
    """Refuses to read back somebody else's code without the scope for it.

    Raises:
        Problem: 404 when the credential is not theirs to know of, 403 when it is not theirs to read.
    """
    if credential.person_id == who.account.person_id or who.may(Scope.CODES_REVEAL):
        return
    if who.may(Scope.PEOPLE_READ):
        who.check(Scope.CODES_REVEAL)
    raise not_found("credential")
