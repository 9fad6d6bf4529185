"""The book behind the register: every record of a lock's people, found fast, and what is not yet stored.

Layer doorlock. Knows where records are, not what may become of them: no rule is checked here. Secrets are found by a keyed
digest, so that neither the time a search takes nor the table itself tells anything of them.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import blake2b
from typing import Final, TypeVar

from latchwork.base.errors import Misuse
from latchwork.base.logs import Secret
from latchwork.doorlock.credentials import ALIRO_KINDS, Credential, CredentialKind
from latchwork.doorlock.limits import Limits
from latchwork.doorlock.schedules import HolidaySchedule, WeekDaySchedule, YearDaySchedule
from latchwork.doorlock.slots import Slots
from latchwork.doorlock.users import User, UserStatus, UserType

Record = User | Credential | WeekDaySchedule | YearDaySchedule | HolidaySchedule
"""One entry of the book, as it is stored."""
Key = tuple[str, int] | tuple[str, int, int]
"""Where a record is: ("user", index), ("credential", kind, index), ("week", user, index), ("year", user, index) or
("holiday", index)."""

ALIRO_KEY_LENGTH: Final = 65
"""Octets of an uncompressed public key (Application Clusters 5.2.6.9.1)."""
ANY_LENGTH: Final = (1, 255)
"""Least and greatest number of octets where the lock's model says nothing."""

_KEY_LENGTH: Final = 32
_SALTS: Final = {kind: bytes((kind,)) for kind in CredentialKind}
"""The same secret of two kinds is two secrets."""


def key_of(record: Record) -> Key:
    """The key of a record."""
    if isinstance(record, User):
        return ("user", record.index)
    if isinstance(record, Credential):
        return ("credential", int(record.kind), record.index)
    if isinstance(record, WeekDaySchedule):
        return ("week", record.user_index, record.index)
    if isinstance(record, YearDaySchedule):
        return ("year", record.user_index, record.index)
    return ("holiday", record.index)


class Book:
    """All records of one lock's people, in memory. Every question costs the same however many there are, lists excepted.

    Attributes:
        limits: how much the lock can remember.
    """

    _users: dict[int, User]
    _user_slots: Slots
    _programming: set[int]
    _credentials: dict[CredentialKind, dict[int, Credential]]
    _credential_slots: dict[CredentialKind, Slots]
    _by_digest: dict[bytes, Credential]
    _week_days: dict[int, dict[int, WeekDaySchedule]]
    _year_days: dict[int, dict[int, YearDaySchedule]]
    _holidays: dict[int, HolidaySchedule]
    _expiring: dict[int, int]
    _next_expiry: int | None
    _dirty: dict[Key, Record | None]

    def __init__(self, limits: Limits, *, key: bytes) -> None:
        """An empty book.

        Args:
            limits: how much the lock can remember.
            key: 32 random octets, for the search by secret; they need not be the same the next time.

        Raises:
            Misuse: the key has another length.
        """
        if len(key) != _KEY_LENGTH:
            raise Misuse(f"the key of a register has {_KEY_LENGTH} octets, not {len(key)}")
        self.limits = limits
        self._key = Secret(key)
        self._forget()

    def _forget(self) -> None:
        self._users = {}
        self._user_slots = Slots()
        self._programming = set()
        self._credentials = {kind: {} for kind in CredentialKind}
        self._credential_slots = {kind: Slots() for kind in CredentialKind}
        self._by_digest = {}
        self._week_days = {}
        self._year_days = {}
        self._holidays = {}
        self._expiring = {}
        self._next_expiry = None
        self._dirty = {}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self._users)} users>"

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same records; what is not yet stored does not count."""
        if not isinstance(other, Book):
            return NotImplemented
        return (
            self.limits == other.limits
            and self._users == other._users
            and self._credentials == other._credentials
            and self._week_days == other._week_days
            and self._year_days == other._year_days
            and self._holidays == other._holidays
        )

    __hash__ = None  # type: ignore[assignment]  # a book changes

    def user(self, index: int) -> User | None:
        """The user at `index`, or None."""
        return self._users.get(index)

    def users(self) -> Iterator[User]:
        """All users, by index."""
        return (self._users[index] for index in sorted(self._users))

    def programming_users(self) -> frozenset[int]:
        """The indexes of all enabled programming users who have a credential."""
        return frozenset(self._programming)

    @property
    def user_count(self) -> int:
        """How many users there are."""
        return self._user_slots.count

    def next_user(self, index: int) -> int | None:
        """The index of the first user behind `index`, or None."""
        return self._user_slots.next_taken(index)

    def next_free_user(self, index: int = 0) -> int | None:
        """The first index behind `index` where a user can be added, or None."""
        return self._user_slots.next_free(index, self.limits.users)

    def supports(self, kind: CredentialKind) -> bool:
        """Whether the lock knows this kind of credential. A lock that knows PINs has a programming PIN."""
        kinds = self.limits.kinds
        return kind in kinds or (kind is CredentialKind.PROGRAMMING_PIN and CredentialKind.PIN in kinds)

    def indexes(self, kind: CredentialKind) -> range:
        """The indexes that credentials of this kind can have: 0 for the programming PIN (Application Clusters 5.2.6.24.2)."""
        if kind is CredentialKind.PROGRAMMING_PIN:
            return range(1) if self.supports(kind) else range(0)
        return range(1, self.limits.kinds.get(kind, 0) + 1)

    def lengths(self, kind: CredentialKind) -> tuple[int, int]:
        """Least and greatest number of octets of a credential of this kind. Keys of phones are points of a curve."""
        if kind in ALIRO_KINDS:
            return (ALIRO_KEY_LENGTH, ALIRO_KEY_LENGTH)
        lengths = self.limits.lengths
        if kind is CredentialKind.PROGRAMMING_PIN and kind not in lengths:
            kind = CredentialKind.PIN
        return lengths.get(kind, ANY_LENGTH)

    def credential(self, kind: CredentialKind, index: int) -> Credential | None:
        """The credential of this kind at `index`, or None."""
        return self._credentials[kind].get(index)

    def credentials(self, kind: CredentialKind) -> Iterator[Credential]:
        """All credentials of a kind, by index."""
        return (self._credentials[kind][index] for index in sorted(self._credentials[kind]))

    def credential_count(self, kind: CredentialKind) -> int:
        """How many credentials of this kind there are."""
        return self._credential_slots[kind].count

    def next_credential(self, kind: CredentialKind, index: int) -> int | None:
        """The index of the first credential of this kind behind `index`, or None."""
        return self._credential_slots[kind].next_taken(index)

    def next_free_credential(self, kind: CredentialKind, index: int) -> int | None:
        """The first index behind `index` where a credential of this kind can be added, or None."""
        if kind is CredentialKind.PROGRAMMING_PIN:
            return None
        return self._credential_slots[kind].next_free(index, self.limits.kinds.get(kind, 0))

    def find(self, kind: CredentialKind, secret: bytes) -> Credential | None:
        """The credential of this kind with this secret, or None. Takes the same time whatever secrets the lock knows."""
        found = self._by_digest.get(self._digest(kind, secret))
        if found is None or not hmac.compare_digest(found.secret, secret):
            return None
        return found

    def week_day(self, user_index: int, index: int) -> WeekDaySchedule | None:
        """One week-day schedule of a user, or None."""
        return self._week_days.get(user_index, {}).get(index)

    def week_days(self, user_index: int) -> tuple[WeekDaySchedule, ...]:
        """All week-day schedules of a user, by index."""
        found = self._week_days.get(user_index)
        return tuple(found[index] for index in sorted(found)) if found else ()

    def year_day(self, user_index: int, index: int) -> YearDaySchedule | None:
        """One year-day schedule of a user, or None."""
        return self._year_days.get(user_index, {}).get(index)

    def year_days(self, user_index: int) -> tuple[YearDaySchedule, ...]:
        """All year-day schedules of a user, by index."""
        found = self._year_days.get(user_index)
        return tuple(found[index] for index in sorted(found)) if found else ()

    def holiday(self, index: int) -> HolidaySchedule | None:
        """One holiday of the lock, or None."""
        return self._holidays.get(index)

    def holidays(self) -> tuple[HolidaySchedule, ...]:
        """All holidays of the lock, by index."""
        return tuple(self._holidays[index] for index in sorted(self._holidays))

    def next_expiry(self) -> int | None:
        """When the next expiring user's time is over, in UTC seconds since 2000-01-01; None when nobody's runs."""
        if self._next_expiry is None and self._expiring:
            self._next_expiry = min(self._expiring.values())
        return self._next_expiry

    def expired(self, utc_s: int) -> tuple[User, ...]:
        """The users whose time is over at `utc_s`, by index."""
        return tuple(self._users[index] for index in sorted(self._expiring) if self._expiring[index] <= utc_s)

    def write(self, record: Record) -> None:
        """Put a record in its place, whatever was there. No rule is checked: rules call this."""
        self._place(record)
        self._dirty[key_of(record)] = record

    def erase(self, record: Record) -> None:
        """Take a record out. No rule is checked: rules call this."""
        self._remove(record)
        self._dirty[key_of(record)] = None

    def take_dirty(self) -> dict[Key, Record | None]:
        """What has changed since this was called last: the new record, or None where there is none any more."""
        taken, self._dirty = self._dirty, {}
        return taken

    def load(self, records: Iterable[Record]) -> None:
        """Replace everything by `records`, in any order, as they were stored.

        What a torn write left behind is mended, so that no credential outlives its user: the mended places are dirty afterwards,
        and nothing else is.
        """
        self._forget()
        for record in records:
            self._place(record)
        self._mend()

    def _mend(self) -> None:
        owned: dict[int, dict[tuple[CredentialKind, int], None]] = {}
        orphans: list[Record] = []
        for by_index in self._credentials.values():
            for credential in by_index.values():
                if credential.user_index in self._users:
                    owned.setdefault(credential.user_index, {})[credential.kind, credential.index] = None
                else:
                    orphans.append(credential)
        for table in (self._week_days, self._year_days):
            for index in table.keys() - self._users.keys():
                orphans.extend(table[index].values())
        for orphan in orphans:
            self.erase(orphan)
        for user in tuple(self._users.values()):
            own = owned.get(user.index, {})
            kept = {each: None for each in user.credentials if each in own} | own
            if tuple(kept) != user.credentials:
                self.write(replace(user, credentials=tuple(kept)))

    def _digest(self, kind: CredentialKind, secret: bytes) -> bytes:
        return blake2b(secret, digest_size=16, key=self._key, salt=_SALTS[kind]).digest()

    def _forget_secret(self, credential: Credential) -> None:
        digest = self._digest(credential.kind, credential.secret)
        if self._by_digest.get(digest) is credential:
            del self._by_digest[digest]

    def _place(self, record: Record) -> None:
        if isinstance(record, User):
            self._users[record.index] = record
            self._user_slots.take(record.index)
            if (
                record.type is UserType.PROGRAMMING
                and record.status is UserStatus.OCCUPIED_ENABLED
                and record.credentials
            ):
                self._programming.add(record.index)
            else:
                self._programming.discard(record.index)
            self._set_expiry(record.index, record.expires_at)
        elif isinstance(record, Credential):
            before = self._credentials[record.kind].get(record.index)
            if before is not None:
                self._forget_secret(before)
            self._credentials[record.kind][record.index] = record
            self._credential_slots[record.kind].take(record.index)
            self._by_digest[self._digest(record.kind, record.secret)] = record
        elif isinstance(record, WeekDaySchedule):
            self._week_days.setdefault(record.user_index, {})[record.index] = record
        elif isinstance(record, YearDaySchedule):
            self._year_days.setdefault(record.user_index, {})[record.index] = record
        else:
            self._holidays[record.index] = record

    def _remove(self, record: Record) -> None:
        if isinstance(record, User):
            del self._users[record.index]
            self._user_slots.free(record.index)
            self._programming.discard(record.index)
            self._set_expiry(record.index, None)
        elif isinstance(record, Credential):
            del self._credentials[record.kind][record.index]
            self._credential_slots[record.kind].free(record.index)
            self._forget_secret(record)
        elif isinstance(record, WeekDaySchedule):
            _take_out(self._week_days, record)
        elif isinstance(record, YearDaySchedule):
            _take_out(self._year_days, record)
        else:
            del self._holidays[record.index]

    def _set_expiry(self, index: int, at: int | None) -> None:
        if self._expiring.get(index) == at:
            return
        self._next_expiry = None
        if at is None:
            del self._expiring[index]
        else:
            self._expiring[index] = at


_Schedule = TypeVar("_Schedule", WeekDaySchedule, YearDaySchedule)


def _take_out(table: dict[int, dict[int, _Schedule]], schedule: _Schedule) -> None:
    of_user = table[schedule.user_index]
    del of_user[schedule.index]
    if not of_user:
        del table[schedule.user_index]
