"""What lasts and should be told: locks that are silent, and accesses whose code is not there when it begins to count.

Layer hub, pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from latchwork.hub.desk import Household
from latchwork.hub.house.desired import Desired, Enforcement
from latchwork.hub.house.entities import Access, Credential, CredentialKind
from latchwork.hub.house.placed import PlacedCredential, Proof
from latchwork.hub.house.rules import FirstUse, Once, Window
from latchwork.hub.notify import texts
from latchwork.hub.notify.rules import Notice, Rule, Topic
from latchwork.hub.status import LockStatus

LEAD_S: Final = 3600.0
"""Seconds before an access begins at which its code should be on a lock that sees to the hours itself."""
GRACE_S: Final = 120.0
"""Seconds after its begin at which it should be on any other."""
_UNTIL_S: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What one lock looks like.

    Attributes:
        status: how it stands.
        desired: what should be on it.
        placed: the credentials of ours on it.
        in_trouble: people about whom something is wrong on it.
    """

    status: LockStatus
    desired: Desired
    placed: tuple[PlacedCredential, ...] = ()
    in_trouble: frozenset[str] = frozenset()


def unreachable_key(lock_id: str) -> str:
    """Names a lock's silence."""
    return f"unreachable/{lock_id}"


def silent_locks(rule: Rule, house: Household, statuses: Mapping[str, LockStatus], now: float) -> Iterator[Notice]:
    """Locks that have been silent for as long as a rule says."""
    for lock_id, status in statuses.items():
        if status.is_reachable or status.since is None or now - status.since < rule.unreachable_after_s:
            continue
        door = house.door_of.get(lock_id)
        yield Notice(
            topics=frozenset({Topic.UNREACHABLE}),
            text=texts.unreachable("" if door is None else door.name, int((now - status.since) // 60)),
            at=now,
            door_id=None if door is None else door.id,
            key=unreachable_key(lock_id),
        )


def answering_again(
    rule_keys: Iterable[str], house: Household, statuses: Mapping[str, LockStatus], now: float
) -> list[Notice]:
    """Locks that answer, of those of whose silence somebody was told."""
    told = set(rule_keys)
    found = []
    for lock_id, status in statuses.items():
        if status.is_reachable and unreachable_key(lock_id) in told:
            door = house.door_of.get(lock_id)
            name, door_id = ("", None) if door is None else (door.name, door.id)
            found.append(
                Notice(
                    topics=frozenset({Topic.UNREACHABLE}),
                    text=texts.answers_again(name),
                    at=now,
                    door_id=door_id,
                    key=f"reachable/{lock_id}",
                )
            )
    return found


def beginning(house: Household, now: float) -> list[tuple[Access, str, float]]:
    """Accesses that begin within the hour, or began in the last one, with the lock and the instant."""
    found = []
    for door_id, granted in house.accesses.items():
        door = house.doors.get(door_id)
        if door is None or door.lock_id is None:
            continue
        for access in granted:
            start = access.rule.start if isinstance(access.rule, Window | Once | FirstUse) else None
            if start is not None and access.is_enabled and start - LEAD_S <= now < start + _UNTIL_S:
                found.append((access, door.lock_id, start))
    return found


def missing_codes(
    house: Household, starts: Iterable[tuple[Access, str, float]], sights: Mapping[str, Sight], now: float
) -> Iterator[Notice]:
    """Accesses that begin and whose code is not on the lock.

    Ahead of time only where it should be there already, or where something stands in its way; else once it has begun.
    """
    for access, lock_id, start in starts:
        sight, person = sights.get(lock_id), house.persons.get(access.person_id)
        if sight is None or person is None or _is_over(access, now):
            continue
        codes = [each for each in house.credentials.get(person.id, ()) if _is_code_of(access, each)]
        if not codes or _are_there(codes, sight):
            continue
        has_begun = now >= start + GRACE_S
        if not has_begun and not _should_be_there(access, sight):
            continue
        door = house.door_of.get(lock_id)
        yield Notice(
            topics=frozenset({Topic.NOT_IN_PLACE}),
            text=texts.not_in_place("" if door is None else door.name, person.name, has_begun=has_begun),
            at=now,
            door_id=None if door is None else door.id,
            person_id=person.id,
            key=f"place/{access.id}/{lock_id}/{start:.0f}",
        )


def _is_over(access: Access, now: float) -> bool:
    """A code that was used up, or whose time is over, is rightly gone."""
    if isinstance(access.rule, Once | FirstUse) and access.first_used_at is not None:
        return True
    end = access.rule.end if isinstance(access.rule, Window | Once | FirstUse) else None
    return end is not None and now >= end


def _is_code_of(access: Access, credential: Credential) -> bool:
    return credential.kind is CredentialKind.PIN and (
        not access.credential_ids or credential.id in access.credential_ids
    )


def _are_there(codes: Iterable[Credential], sight: Sight) -> bool:
    there = {
        (each.credential_id, each.version)
        for each in sight.placed
        if each.proof >= Proof.OCCUPIED and not each.is_pending
    }
    return all((code.id, code.version) in there for code in codes)


def _should_be_there(access: Access, sight: Sight) -> bool:
    if not sight.status.is_reachable or access.person_id in sight.in_trouble:
        return True
    return any(access.id in user.access_ids and user.enforcement is Enforcement.LOCK for user in sight.desired.users)
