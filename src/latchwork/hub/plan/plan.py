"""From what should be on a lock and what is on it to the commands in between.

Layer hub, pure. Never touches what the hub did not put there, nor a place that could not be read; takes away before it adds; and writes
a user's hours before its codes, so that on the way no code opens at a time at which neither the old state nor the new one lets it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from latchwork.base.errors import Misuse
from latchwork.hub.house.desired import Desired, DesiredCredential, DesiredUser, Trouble
from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.house.observed import ORPHANED, Capabilities, Observed, SeenCredential, SeenUser, Slot, UserType
from latchwork.hub.house.placed import Placed, PlacedCredential, PlacedUser
from latchwork.hub.house.steps import (
    AddUser,
    ChangeUser,
    ClearCredential,
    ClearUser,
    Plan,
    SetCredential,
    Step,
)
from latchwork.hub.plan import texts
from latchwork.hub.plan.places import Ownership, Places, Standing, credential_places, user_places
from latchwork.hub.plan.schedules import changes, is_same_type, opens_wrongly_on_the_way

_ENDED_BY_LOCK: Final = frozenset({UserType.DISPOSABLE, UserType.EXPIRING})
"""Users that the lock itself switches off for good: switched on again, a code for one opening would open twice."""

_SHORT_NAME: Final = 8
"""Octets of a name that a lock may leave of a longer one."""

_SINGLE: Final = 1


def plan(
    desired: Desired,
    observed: Observed,
    capabilities: Capabilities,
    placed: Placed,
    fabric_index: int,
    now: float,
    *,
    names_creators: bool | None = None,
    names_modifiers: bool = False,
) -> Plan:
    """What to do to a lock, in this order; nothing when it is as it should be.

    Args:
        desired: what should be on it.
        observed: what is on it.
        capabilities: what it can do.
        placed: what of it is ours, by our own account.
        fabric_index: our fabric on this lock; 0 is not known, and then nothing whose creator the lock tells is ours.
        now: UTC seconds since 1970.
        names_creators: whether this lock has ever named a creator: what has none was made at the door then. None is to be told from what
            it holds now, which is a guess as long as nobody's creator is named.

        names_modifiers: whether this lock has ever named our fabric as who wrote a credential last: then it also names whoever writes
            over one of ours.

    Returns:
        The steps, and the troubles of `desired` together with what stands in the way on the lock.

    Raises:
        Misuse: `desired` has had its time: it is to be compiled anew.
    """
    if desired.next_change is not None and now >= desired.next_change:
        raise Misuse("what is desired at this time is another by now")
    if not capabilities.has_users:
        return Plan(troubles=desired.troubles)
    own = Ownership(observed, placed, fabric_index, names_creators, names_modifiers=names_modifiers)
    return _Planner(desired, observed, capabilities, placed, own).plan()


class _Planner:
    def __init__(
        self, desired: Desired, observed: Observed, capabilities: Capabilities, placed: Placed, own: Ownership
    ) -> None:
        self._desired = desired
        self._observed = observed
        self._capabilities = capabilities
        self._placed = placed
        self._own = own
        self._places = user_places(observed, capabilities, self._own)
        self._credential_places: dict[CredentialKind, Places] = {}
        self._wanted = {each.credential_id: user for user in desired.users for each in user.credentials}
        self._users = {user.key: user for user in desired.users}
        self._standing = {user.key: self._own.of_user(user, self._users.get(user.key)) for user in placed.users}
        self._kept: dict[str, PlacedCredential] = {}
        self._unsure: set[str] = set()
        self._empty: dict[str, PlacedCredential] = {}
        self._cleared: set[tuple[CredentialKind, int]] = set()
        self._clears: list[Step] = []
        self._user_clears: list[Step] = []
        self._changes: list[Step] = []
        self._sets: list[Step] = []
        self._troubles: list[Trouble] = []

    def plan(self) -> Plan:
        held = self._held()
        for user in self._placed.users:
            if user.key not in self._users:
                self._take_away(user, held.get(user.index, ()))
            elif self._standing[user.key] is Standing.EMPTY:
                self._places.claim(user.index)  # kept for the one whom it was for
        for credential in self._placed.credentials:
            self._settle(credential)
        for wanted in self._desired.users:
            self._bring(wanted, held)
        return Plan(
            steps=(*self._clears, *self._user_clears, *self._changes, *self._sets),
            troubles=(*self._desired.troubles, *dict.fromkeys(self._troubles)),
        )

    def _held(self) -> dict[int, set[tuple[CredentialKind, int]]]:
        """The credentials of each user, by what the lock tells of users and of credentials."""
        held: dict[int, set[tuple[CredentialKind, int]]] = {}
        for user in self._observed.users.values():
            if isinstance(user, SeenUser) and user.credentials:
                held.setdefault(user.index, set()).update(user.credentials)
        for each in self._observed.credentials.values():
            if isinstance(each, SeenCredential) and each.user_index is not None:
                held.setdefault(each.user_index, set()).add((each.kind, each.index))
        return held

    def _take_away(self, user: PlacedUser, held: Iterable[tuple[CredentialKind, int]]) -> None:
        standing = self._standing[user.key]
        person_id = _person(user.key)
        if standing is Standing.UNREADABLE:
            self._troubles.append(texts.unreadable("whether a user that is to go is still there", person_id))
        if standing is Standing.FOREIGN:
            self._troubles.append(texts.foreign(texts.USER_REPLACED, person_id))
        seen = self._observed.user(user.index)
        if standing is not Standing.OURS or isinstance(seen, Slot):
            return
        if all(self._own.is_ours(*place) for place in held):
            self._user_clears.append(ClearUser(index=user.index, key=user.key, because=texts.NOT_WANTED))
            self._places.clear(user.index)
            for kind, index in held:
                self._clear_place(kind, index)
            return
        self._troubles.append(texts.foreign(texts.KEEPS_FOREIGN, person_id, is_error=seen.is_enabled))
        if seen.is_enabled:
            off = _as_seen(user.key, seen)
            self._clears.append(ChangeUser(index=user.index, user=off, because=texts.SWITCHED_OFF))

    def _clear_place(self, kind: CredentialKind, index: int) -> None:
        self._cleared.add((kind, index))
        if self._observed.credential(kind, index) is not Slot.UNREADABLE:
            self._free(kind).clear(index)

    def _settle(self, placed: PlacedCredential) -> None:
        """Keep, clear or leave alone a credential that we account for."""
        if (placed.kind, placed.index) in self._cleared:
            return  # it goes with its user
        user = self._wanted.get(placed.credential_id)
        standing = self._own.of_credential(placed)
        person_id = user.person_id if user else _person(placed.user_key)
        match standing:
            case Standing.EMPTY:
                self._empty.setdefault(placed.credential_id, placed)
            case Standing.UNREADABLE:
                self._unsure.add(placed.credential_id)
                what = f"what is in the place of a {texts.kind_name(placed.kind)}"
                self._troubles.append(texts.unreadable(what, person_id, placed.credential_id))
            case Standing.FOREIGN:
                self._troubles.append(texts.foreign(texts.replaced(placed.kind), person_id))
            case Standing.OURS if user and self._is_at(placed, user) and placed.credential_id not in self._kept:
                self._kept[placed.credential_id] = placed
            case Standing.OURS:
                self._clear(placed, texts.MOVED if user else texts.NOT_WANTED)
                self._clear_place(placed.kind, placed.index)

    def _is_at(self, placed: PlacedCredential, user: DesiredUser) -> bool:
        seen = self._observed.credential(placed.kind, placed.index)
        target = self._own.by_key.get(user.key)
        if target is None or isinstance(seen, Slot):
            return False
        if self._standing[user.key] is Standing.UNREADABLE:
            return placed.user_key == user.key  # nothing says that it is wrong
        owner = self._own.by_key.get(placed.user_key) if seen.user_index is None else None
        index = owner.index if owner is not None else seen.user_index
        return self._standing[user.key] is Standing.OURS and index == target.index

    def _bring(self, user: DesiredUser, held: dict[int, set[tuple[CredentialKind, int]]]) -> None:
        placed = self._own.by_key.get(user.key)
        standing = Standing.EMPTY if placed is None else self._standing[user.key]
        if placed is not None and standing is Standing.UNREADABLE:
            self._troubles.append(texts.unreadable(f"what is in the place of {user.name}", user.person_id))
            return
        if placed is not None and standing is Standing.OURS:
            seen = self._observed.user(placed.index)
            assert isinstance(seen, SeenUser)
            before = len(self._changes)
            if self._change(placed.index, seen, user):
                is_changing = len(self._changes) > before
                self._give(placed.index, user, held.get(placed.index, ()), is_changing=is_changing)
            return
        if standing is Standing.FOREIGN:
            self._troubles.append(texts.foreign(texts.USER_REPLACED, user.person_id))
        elif (
            placed is not None and not placed.is_pending and user.type in _ENDED_BY_LOCK and _is_for_accesses(user.key)
        ):
            self._troubles.append(texts.used_up_or_taken(user))
            return
        index = self._place_for(user, placed if standing is Standing.EMPTY else None)
        if index is not None:
            self._changes.append(AddUser(index=index, user=user, because=user.because))
            self._changes.extend(changes(index, None, user, self._capabilities, user.because).steps)
            self._give(index, user, ())

    def _place_for(self, user: DesiredUser, placed: PlacedUser | None) -> int | None:
        if placed is not None and placed.index <= self._capabilities.users:
            return placed.index
        index = self._places.take()
        if index is not None:
            return index
        seen = [self._observed.user(index) for index in range(1, self._capabilities.users + 1)]
        if Slot.UNREADABLE in seen:
            self._troubles.append(texts.unreadable(f"whether it has a place for {user.name}", user.person_id))
            return None
        others = [each for each in seen if isinstance(each, SeenUser) and not self._is_our_user(each.index)]
        orphaned = sum(each.creator == ORPHANED for each in others)
        self._troubles.append(texts.lock_full(user, self._capabilities.users, len(others), orphaned))
        return None

    def _is_our_user(self, index: int) -> bool:
        placed = self._own.users.get(index)
        return placed is not None and self._standing[placed.key] is Standing.OURS

    def _change(self, index: int, seen: SeenUser, user: DesiredUser) -> bool:
        """Bring a user in line; says whether it may be given codes."""
        if user.type in _ENDED_BY_LOCK and seen.type is user.type and not seen.is_enabled:
            user = replace(user, is_enabled=False)
        found = changes(index, seen, user, self._capabilities, texts.HOURS_DIFFER)
        difference = _difference(seen, user)
        last = [ChangeUser(index=index, user=user, because=difference)] if difference else []
        if not found.is_complete:
            self._troubles.append(texts.unreadable(f"the hours of {user.name}", user.person_id))
            if not user.is_enabled:
                self._changes.extend(last)
        elif not user.is_enabled or not (user.week_days or user.year_days):
            self._changes.extend((*last, *found.steps))
        elif opens_wrongly_on_the_way(seen, user, found):
            off = replace(user, type=seen.type, is_enabled=False)
            self._changes.append(ChangeUser(index=index, user=off, because=texts.OFF_MEANWHILE))
            self._changes.extend(found.steps)
            self._changes.append(ChangeUser(index=index, user=user, because=texts.ON_AGAIN))
        else:
            self._changes.extend((*found.steps, *last))
        return found.is_complete

    def _give(
        self, index: int, user: DesiredUser, held: Iterable[tuple[CredentialKind, int]], *, is_changing: bool = False
    ) -> None:
        """Put the credentials of a user on, or their new secrets; an old secret never opens at the new hours of its user."""
        staying = {place for place in held if place not in self._cleared}
        if any(not self._own.is_ours(*place) for place in staying):
            self._troubles.append(texts.foreign(texts.holds_foreign(user.name), user.person_id))
        for credential in user.credentials:
            kept = self._kept.get(credential.credential_id)
            if kept is not None:
                is_old, is_others = kept.version != credential.version, self._own.is_written_over(kept)
                if credential.length and (is_old or is_others or kept.is_pending):
                    because = texts.CHANGED if is_old else texts.WRITTEN_OVER if is_others else texts.ANSWER_LOST
                    if is_old and is_changing:
                        self._clear(kept, because)
                    self._set(index, user, credential, kept.index, because, is_new=is_old and is_changing)
            elif credential.credential_id in self._unsure:
                continue
            elif not credential.length:
                self._troubles.append(texts.enrol_again(user, credential.kind, credential.credential_id))
            elif (place := self._place_of(credential, user, staying)) is not None:
                staying.add((credential.kind, place))
                self._set(index, user, credential, place, user.because, is_new=True)

    def _place_of(
        self, credential: DesiredCredential, user: DesiredUser, staying: set[tuple[CredentialKind, int]]
    ) -> int | None:
        kind, room = credential.kind, self._capabilities.credentials_per_user
        total, places = self._capabilities.kinds.get(kind, 0), self._free(kind)
        is_of_user = bool(room) and len(staying) >= room
        if not is_of_user:
            before = self._empty.get(credential.credential_id)
            if before and before.kind is kind and before.index <= total and places.claim(before.index):
                return before.index
            index = places.take()
            if index is not None:
                return index
        counted = staying if is_of_user else {(kind, index) for index in range(1, total + 1)}
        if not is_of_user and any(self._observed.credential(*place) is Slot.UNREADABLE for place in counted):
            what = f"whether it has a place for a {texts.kind_name(kind)} of {user.name}"
            self._troubles.append(texts.unreadable(what, user.person_id, credential.credential_id))
            return None
        foreign = sum(place not in self._cleared and not self._is_accounted(place) for place in counted)
        self._troubles.append(
            texts.credentials_full(
                user,
                kind,
                credential.credential_id,
                total=room if is_of_user else total,
                foreign=foreign,
                is_of_user=is_of_user,
            )
        )
        return None

    def _is_accounted(self, place: tuple[CredentialKind, int]) -> bool:
        is_seen = isinstance(self._observed.credential(*place), SeenCredential)
        return not is_seen or self._own.is_ours(*place)

    def _set(
        self, index: int, user: DesiredUser, credential: DesiredCredential, place: int, because: str, *, is_new: bool
    ) -> None:
        self._sets.append(
            SetCredential(
                kind=credential.kind,
                index=place,
                is_new=is_new,
                user_index=index,
                user_key=user.key,
                credential=credential,
                because=because,
            )
        )

    def _clear(self, placed: PlacedCredential, because: str) -> None:
        kind, index = placed.kind, placed.index
        self._clears.append(
            ClearCredential(kind=kind, index=index, credential_id=placed.credential_id, because=because)
        )

    def _free(self, kind: CredentialKind) -> Places:
        if kind not in self._credential_places:
            self._credential_places[kind] = credential_places(kind, self._observed, self._capabilities, self._own)
        return self._credential_places[kind]


def _difference(seen: SeenUser, user: DesiredUser) -> str:
    """What has to be changed, in plain words, or nothing."""
    if seen.is_enabled != user.is_enabled:
        return texts.IS_ON if user.is_enabled else texts.IS_OFF
    if not is_same_type(seen, user):
        return texts.TYPE_DIFFERS
    if seen.rule != _SINGLE:
        return texts.RULE_DIFFERS
    if seen.unique_id not in {None, user.unique_id}:
        return texts.NUMBER_DIFFERS
    is_named = seen.name in {"", user.name} or (len(seen.name) >= _SHORT_NAME and user.name.startswith(seen.name))
    return "" if is_named else texts.NAME_DIFFERS


def _as_seen(key: str, seen: SeenUser) -> DesiredUser:
    """The same user, switched off; an empty name and the number 0 are those that the lock does not tell, and stay."""
    return DesiredUser(
        key=key,
        person_id=_person(key),
        access_ids=(),
        name=seen.name,
        unique_id=seen.unique_id or 0,
        type=seen.type,
        is_enabled=False,
    )


def _is_for_accesses(key: str) -> bool:
    """Whether a user stands for certain accesses alone, as all do that the lock ends from the start; others are so only at times."""
    return "/" in key


def _person(key: str) -> str:
    return key.split("/", 1)[0]
