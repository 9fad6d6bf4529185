"""Who an event of a lock means: a person of ours, or the reason why nobody can be named.

Layer hub, pure. A lock says places, not people; a place means a person only while it is certain that it was theirs at that time. In
doubt nobody is named: an unknown entry costs a question, a wrong name costs a friendship.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from latchwork.hub.house.entities import CredentialKind, Door, Lock, Person
from latchwork.hub.house.observed import ORPHANED, Observed, SeenUser, Slot
from latchwork.hub.house.placed import Placed
from latchwork.hub.journal.entries import MAX_TEXT, Detail, Entry, How, Kind, Why
from latchwork.hub.journal.numbers import Change, Places, Stretch
from latchwork.matter.interaction.values import EventValue
from latchwork.matter.model.clusters.door_lock import (
    CredentialStruct,
    CredentialTypeEnum,
    DataOperationTypeEnum,
    LockDataTypeEnum,
    LockOperation,
    LockOperationError,
    LockUserChange,
    OperationSourceEnum,
)

REPORT_LAG_S: Final = 600.0
"""Seconds after which the event of a change has come, if it comes at all: until then our account may be ahead of what we hear."""
CLOCK_ERROR_S: Final = 300.0
"""Seconds by which a lock's clock may be behind ours before its dates contradict what we did."""
AFTERMATH_S: Final = 30.0
"""Seconds by the lock's clock after a place was emptied in which it may still tell of what its user began: a motor and a latch take time."""

_HOW: Final = {
    OperationSourceEnum.MANUAL: How.MANUAL,
    OperationSourceEnum.PROPRIETARY_REMOTE: How.PROPRIETARY_REMOTE,
    OperationSourceEnum.KEYPAD: How.KEYPAD,
    OperationSourceEnum.AUTO: How.AUTO,
    OperationSourceEnum.BUTTON: How.BUTTON,
    OperationSourceEnum.SCHEDULE: How.SCHEDULE,
    OperationSourceEnum.REMOTE: How.REMOTE,
    OperationSourceEnum.RFID: How.CARD,
    OperationSourceEnum.BIOMETRIC: How.BIOMETRIC,
    OperationSourceEnum.ALIRO: How.ALIRO,
}
_NOBODY: Final = {
    How.MANUAL: Why.MANUAL,
    How.BUTTON: Why.BUTTON,
    How.AUTO: Why.ITSELF,
    How.SCHEDULE: Why.ITSELF,
    How.PROPRIETARY_REMOTE: Why.MAKER_APP,
}
KINDS: Final[Mapping[int, CredentialKind]] = {
    CredentialTypeEnum.PIN: CredentialKind.PIN,
    CredentialTypeEnum.RFID: CredentialKind.RFID,
    CredentialTypeEnum.FINGERPRINT: CredentialKind.FINGERPRINT,
    CredentialTypeEnum.FACE: CredentialKind.FACE,
    CredentialTypeEnum.ALIRO_CREDENTIAL_ISSUER_KEY: CredentialKind.ALIRO,
    CredentialTypeEnum.ALIRO_EVICTABLE_ENDPOINT_KEY: CredentialKind.ALIRO,
    CredentialTypeEnum.ALIRO_NON_EVICTABLE_ENDPOINT_KEY: CredentialKind.ALIRO,
}
"""Credentials of a lock that the hub has a word for."""
KINDS_OF_DATA: Final[Mapping[int, CredentialKind]] = {
    LockDataTypeEnum.PIN: CredentialKind.PIN,
    LockDataTypeEnum.RFID: CredentialKind.RFID,
    LockDataTypeEnum.FINGERPRINT: CredentialKind.FINGERPRINT,
    LockDataTypeEnum.FACE: CredentialKind.FACE,
    LockDataTypeEnum.ALIRO_CREDENTIAL_ISSUER_KEY: CredentialKind.ALIRO,
    LockDataTypeEnum.ALIRO_EVICTABLE_ENDPOINT_KEY: CredentialKind.ALIRO,
    LockDataTypeEnum.ALIRO_NON_EVICTABLE_ENDPOINT_KEY: CredentialKind.ALIRO,
}
"""The same as a change of a lock's data names them."""


@dataclass(frozen=True, slots=True)
class Fabric:
    """An ecosystem on a lock.

    Attributes:
        vendor: its maker's name, or empty when the number of the maker has none that we know.
        label: as its owner called it, or empty.
        vendor_id: its maker's number.
    """

    vendor: str = ""
    label: str = ""
    vendor_id: int = 0

    @property
    def name(self) -> str:
        """Vendor and label, as `Apple (Home)`."""
        vendor = self.vendor or (f"vendor {self.vendor_id:04X}" if self.vendor_id else "")
        return clean(f"{vendor} ({self.label})" if vendor and self.label else vendor or self.label)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is known around one lock when its events come.

    Attributes:
        lock: the lock; its `fabric_index` is which of the fabrics is ours.
        door: where it is, or None.
        placed: what of ours is on it.
        persons: by id, those who have left, too.
        fabrics: the ecosystems on it, by index.
        observed: what it held when it was last read, or None.
        is_bridged: it is behind a bridge.
    """

    lock: Lock
    door: Door | None = None
    placed: Placed = field(default_factory=Placed)
    persons: Mapping[str, Person] = field(default_factory=dict)
    fabrics: Mapping[int, Fabric] = field(default_factory=dict)
    observed: Observed | None = None
    is_bridged: bool = False

    def entry(self, at: float) -> Entry:
        """An entry that says where and when, to be filled in."""
        door = self.door
        return Entry(
            at=at,
            kind=Kind.OTHER,
            door_id=None if door is None else door.id,
            door_name="" if door is None else clean(door.name),
            lock_id=self.lock.id,
        )

    def key_in(self, place: str) -> str | None:
        """What our account has in a place that is named as in `Places`: a user's key or a credential's id, or None."""
        _, what, index = place.split("/")
        if what == "user":
            return next((each.key for each in self.placed.users if str(each.index) == index), None)
        for each in self.placed.credentials:
            if (each.kind.value, str(each.index)) == (what, index):
                return each.credential_id
        return None

    def is_ours(self, fabric_index: int | None) -> bool:
        """Whether the lock means the hub's fabric; never while we do not know its number."""
        return fabric_index is not None and fabric_index != 0 and fabric_index == self.lock.fabric_index

    def fabric_name(self, index: int | None) -> str:
        """What the ecosystem is called now, or empty."""
        fabric = None if index is None else self.fabrics.get(index)
        return "" if fabric is None else fabric.name


@dataclass(frozen=True, slots=True)
class Moment:
    """What else is known when an event is looked at.

    Attributes:
        event: the event.
        lock_at: when it was by the lock's clock, UTC seconds since 1970, or None.
        at: now, UTC seconds since 1970.
        places: the changes before it, and those after it that came earlier.
        later: by place, the last event that came together with it and changes the place.
        doubt: numbers of events that nobody has told us.
    """

    event: EventValue
    lock_at: float | None
    at: float
    places: Places
    later: Mapping[str, int]
    doubt: Sequence[Stretch]

    def change(self, what: str, index: int) -> Change | Why | None:
        """The last change of the place before the event, why that is not known, or None: none was ever seen."""
        change = self.places.last(self.event.endpoint, what, index)
        number = self.event.number
        if change is not None:
            if change.number > number:
                return Why.CHANGED_HANDS
            untold = (min(each.last, number) - max(each.first, change.number) + 1 for each in self.doubt)
            missed = sum(each for each in untold if each > 0)
            # To give a place to somebody else takes two events, and an empty one takes one.
            if missed > 1 or (missed and change.key is None):
                return Why.MISSED
            return Why.CHANGED_HANDS if self._is_either(change) else change
        names = (f"{self.event.endpoint}/{what}/{index}", f"{self.event.endpoint}/{what}/*")
        return Why.CHANGED_HANDS if any(self.later.get(name, -1) > number for name in names) else None

    def key_of(self, change: Change) -> str | None:
        """What was in a place of which this is the last change.

        An empty place opens no door: a lock that names it after we have emptied it finishes what whoever was there began.
        """
        if change.key is not None or not change.is_ours or not self._is_aftermath(change):
            return change.key
        return change.was

    def _is_either(self, change: Change) -> bool:
        """Whether it may be about whoever had the place before: the lock may still be finishing what they began."""
        if change.key is None or change.was is None or change.key.partition("/")[0] == change.was.partition("/")[0]:
            return False
        if self.lock_at is None or change.lock_at is None:
            return self.at - change.at <= AFTERMATH_S
        return self._is_aftermath(change)

    def _is_aftermath(self, change: Change) -> bool:
        """Whether, by the lock's own clock, it was just after a change."""
        if self.lock_at is None or change.lock_at is None:
            return False
        return 0 <= self.lock_at - change.lock_at <= AFTERMATH_S


class _Shown(NamedTuple):
    """A credential of ours, with the key of its user where that is known."""

    credential_id: str
    kind: CredentialKind
    user_key: str | None


def clean(text: str) -> str:
    """A name as it can be kept: what a peer calls itself may be long, and no text at all."""
    return text.replace("\0", "").encode(errors="replace").decode()[:MAX_TEXT]


def how_of(source: OperationSourceEnum, shown: Sequence[CredentialStruct]) -> How:
    """The way, with the credential's help where the lock says only that it was a part of the body."""
    how = _HOW.get(source, How.UNKNOWN)
    if how is How.BIOMETRIC and shown:
        kinds = {each.credential_type for each in shown}
        if kinds == {CredentialTypeEnum.FINGERPRINT}:
            return How.FINGERPRINT
        if kinds == {CredentialTypeEnum.FACE}:
            return How.FACE
    return how


def whose_operation(base: Entry, scene: Scene, said: LockOperation | LockOperationError, moment: Moment) -> Entry:
    """The entry with who operated the lock, with what and through which ecosystem, or why it is not known."""
    shown = said.credentials if isinstance(said.credentials, tuple) else ()
    entry = replace(
        base,
        how=how_of(said.operation_source, shown),
        fabric_index=said.fabric_index,
        fabric_name=scene.fabric_name(said.fabric_index),
        node_id=said.source_node,
    )
    if len(shown) == 1:
        entry = replace(entry, credential_kind=KINDS.get(shown[0].credential_type))
    if said.user_index is None and not shown:
        return replace(entry, why_unknown=_why_nobody(entry.how, scene, said.fabric_index))
    return _Whose(scene, moment).name(entry, said.user_index, shown)


def whose_change(base: Entry, scene: Scene, said: LockUserChange, moment: Moment) -> Entry:
    """The entry with whose user or credential was changed, and through which ecosystem."""
    kind = KINDS_OF_DATA.get(said.lock_data_type)
    entry = replace(
        base,
        how=_HOW.get(said.operation_source, How.UNKNOWN),
        fabric_index=said.fabric_index,
        fabric_name=scene.fabric_name(said.fabric_index),
        node_id=said.source_node,
        credential_kind=kind,
    )
    if said.user_index is None or said.user_index >= 0xFFFE:
        return replace(entry, why_unknown=Why.NOT_SAID if said.user_index is None else None)
    is_theirs = said.data_operation_type is DataOperationTypeEnum.ADD and not scene.is_ours(said.fabric_index)
    if said.lock_data_type is LockDataTypeEnum.USER_INDEX and is_theirs:
        # Whoever it is has just been put there, and not by us: what we hold about the place is of somebody else.
        detail: dict[str, Detail] = {"user": said.user_index}
        why = Why.AT_DOOR if said.fabric_index is None else Why.FOREIGN_USER
        return replace(entry, why_unknown=why, detail=detail)
    return _Whose(scene, moment).name(entry, said.user_index, ())


def _why_nobody(how: How, scene: Scene, fabric_index: int | None) -> Why:
    if how in _NOBODY:
        return _NOBODY[how]
    if how is How.REMOTE and fabric_index is not None:
        return Why.HUB if scene.is_ours(fabric_index) else Why.ECOSYSTEM
    return Why.BRIDGE if scene.is_bridged else Why.NOT_SAID


class _Whose:
    """The person behind a place at the time of one event."""

    __slots__ = ("_moment", "_scene")

    def __init__(self, scene: Scene, moment: Moment) -> None:
        self._scene = scene
        self._moment = moment

    def name(self, entry: Entry, user_index: int | None, shown: Sequence[CredentialStruct]) -> Entry:
        """The entry with the person and the credential, or with the reason and the evidence."""
        found = [each for each in map(self._credential, shown) if each is not None]
        keys = {each.user_key for each in found if each.user_key is not None}
        detail: dict[str, Detail] = {"shown": len(shown)} if len(shown) > 1 else {}
        if user_index is None:
            if len(keys) == 1 and len(found) == len(shown):
                return self._person(entry, next(iter(keys)), found, detail)
            why = Why.CONTRADICTION if len(keys) > 1 else self._why_credential(shown)
            return replace(entry, why_unknown=why, detail=detail)
        user = self._user(user_index)
        if isinstance(user, str) and not isinstance(user, Why):
            if not keys - {user} and not any(self._is_doubtful(each) for each in shown):
                return self._person(entry, user, found, detail)
            user = Why.CONTRADICTION if keys - {user} else Why.CHANGED_HANDS
        detail["user"] = user_index
        if isinstance(user, Why):
            return replace(entry, why_unknown=user, detail=detail)
        return self._foreign(entry, user, detail)

    def _person(self, entry: Entry, key: str, found: Sequence[_Shown], detail: dict[str, Detail]) -> Entry:
        person_id = key.partition("/")[0]
        person = self._scene.persons.get(person_id)
        name = "" if person is None else clean(person.name)
        entry = replace(entry, person_id=person_id, person_name=name, detail=detail)
        if found:
            return replace(entry, credential_id=found[0].credential_id, credential_kind=found[0].kind)
        return entry

    def _user(self, index: int) -> str | SeenUser | Why:
        """Who had the place at that time: the key of a user of ours, another's user, or why it is not known."""
        change = self._moment.change("user", index)
        if isinstance(change, Why):
            return change
        seen = self._seen(index, change)
        key = self._key(index) if change is None else self._moment.key_of(change)
        if key is not None and not self._is_foreign(seen):
            return Why.CHANGED_HANDS if self._is_before(key) else key
        if isinstance(seen, SeenUser):
            return seen
        is_ours = any(each.index == index for each in self._scene.placed.users)
        return Why.CHANGED_HANDS if is_ours or (change is not None and change.number < 0) else Why.UNREAD

    def _key(self, index: int) -> str | None:
        """By our account alone: no event has told of the place, so it must have been ours for a while."""
        for user in self._scene.placed.users:
            if user.index == index and not user.is_pending:
                first = self._first_proof(user.key)
                return user.key if first is not None and first + REPORT_LAG_S <= self._moment.at else None
        return None

    def _seen(self, index: int, change: Change | None) -> SeenUser | Slot | None:
        observed = self._scene.observed
        if observed is None or (change is not None and observed.read_at < change.at):
            return None  # it tells of the one before
        return observed.user(index)

    def _is_foreign(self, seen: SeenUser | Slot | None) -> bool:
        if not isinstance(seen, SeenUser) or seen.creator is None or not self._scene.lock.fabric_index:
            return False
        return seen.creator != self._scene.lock.fabric_index

    def _first_proof(self, key: str) -> float | None:
        """When something of the user was first known to be on the lock, or None."""
        proofs = (each.proof_at.values() for each in self._scene.placed.credentials if each.user_key == key)
        return min((at for each in proofs for at in each), default=None)

    def _is_before(self, key: str) -> bool:
        """Whether, by the lock's own clock, it was before anything of this user was on the lock."""
        first, lock_at = self._first_proof(key), self._moment.lock_at
        return lock_at is not None and first is not None and lock_at + CLOCK_ERROR_S < first

    def _credential(self, shown: CredentialStruct) -> _Shown | None:
        """The credential of ours that was in the place that was shown."""
        kind = KINDS.get(shown.credential_type)
        change = None if kind is None else self._moment.change(kind.value, shown.credential_index)
        if kind is None or isinstance(change, Why):
            return None
        placed = (each for each in self._scene.placed.credentials if each.kind is kind)
        ours = next((each for each in placed if each.index == shown.credential_index), None)
        key = None if change is None else self._moment.key_of(change)
        if change is not None and (ours is None or ours.credential_id != key):
            return None if key is None else _Shown(key, kind, None)
        if ours is None or self._is_before(ours.user_key):
            return None
        first = self._first_proof(ours.user_key)
        if change is None and (first is None or first + REPORT_LAG_S > self._moment.at):
            return None
        return _Shown(ours.credential_id, kind, ours.user_key)

    def _is_doubtful(self, shown: CredentialStruct) -> bool:
        """Whether a user of ours has shown what we never gave them and nobody was seen to give them.

        Then the place was another's when the event happened: reports may come after the answer to the command that cleared it.
        """
        kind = KINDS.get(shown.credential_type)
        if kind is None or self._moment.change(kind.value, shown.credential_index) is not None:
            return False
        return self._credential(shown) is None

    def _why_credential(self, shown: Sequence[CredentialStruct]) -> Why:
        for each in shown:
            kind = KINDS.get(each.credential_type)
            change = None if kind is None else self._moment.change(kind.value, each.credential_index)
            if change is not None:
                return change if isinstance(change, Why) else Why.CHANGED_HANDS
        return Why.UNREAD

    def _foreign(self, entry: Entry, seen: SeenUser, detail: dict[str, Detail]) -> Entry:
        """A user that we did not put there by our account: ours by the lock's, or an ecosystem's."""
        if seen.name:
            detail["user_name"] = clean(seen.name)
        if self._scene.is_ours(seen.creator):
            # Only the fabric that made a user may name it: this number is ours, whatever became of our account.
            ours = [each for each in self._scene.persons.values() if each.unique_id == seen.unique_id]
            if len(ours) == 1:
                person = ours[0]
                return replace(entry, person_id=person.id, person_name=clean(person.name), detail=detail)
            return replace(entry, why_unknown=Why.UNREAD, detail=detail)
        if seen.creator is None:
            return replace(entry, why_unknown=Why.AT_DOOR, detail=detail)
        if seen.creator == ORPHANED:
            return replace(entry, why_unknown=Why.ORPHAN, detail=detail)
        if entry.fabric_index is None:
            name = self._scene.fabric_name(seen.creator)
            entry = replace(entry, fabric_index=seen.creator, fabric_name=name)
        return replace(entry, why_unknown=Why.FOREIGN_USER, detail=detail)
