"""The register of a door lock: its users, their credentials and schedules, and the holidays of the house.

Layer doorlock. Pure: no clock, no randomness, no storage of its own. Read with the methods of `Book`; every change either happens
and says what happened, or raises `ChangeRefused` and has changed nothing. `take_dirty` says what must be stored, `load` brings it back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, TypeVar

from latchwork.base.logs import Secret
from latchwork.doorlock import (
    register_aliro,
    register_codes,
    register_credentials,
    register_schedules,
    register_users,
)
from latchwork.doorlock.book import Book, Key, Record, key_of
from latchwork.doorlock.changes import (
    ALL_SCHEDULES,
    ALL_USERS,
    BY_THE_LOCK,
    DATA_KINDS,
    Author,
    ChangeRefused,
    CredentialSet,
    DataChange,
    DataKind,
    Problem,
    UserChange,
)
from latchwork.doorlock.credentials import ALIRO_KINDS, Credential, CredentialKind
from latchwork.doorlock.limits import Limits
from latchwork.doorlock.moment import Moment
from latchwork.doorlock.register_users import Given
from latchwork.doorlock.schedules import HolidaySchedule, WeekDaySchedule, YearDaySchedule
from latchwork.doorlock.users import User, UserStatus, UserType

__all__ = [
    "ALL_SCHEDULES",
    "ALL_USERS",
    "BY_THE_LOCK",
    "DATA_KINDS",
    "Author",
    "ChangeRefused",
    "CredentialSet",
    "DataChange",
    "DataKind",
    "Key",
    "Problem",
    "Record",
    "Register",
    "UserChange",
    "key_of",
]

DEFAULT_EXPIRING_MIN: Final = 60
"""Minutes that an expiring user has, where nobody says how many."""


class Register(Book):
    """Who may open a door, with what, and when.

    Attributes:
        expiring_timeout_min: minutes from the first use that an expiring user has, 1 to 2880; holds for first uses from now on.
    """

    def __init__(self, limits: Limits, *, key: bytes) -> None:
        super().__init__(limits, key=key)
        self.expiring_timeout_min = DEFAULT_EXPIRING_MIN

    def set_user(
        self,
        op: int,
        index: int,
        *,
        author: Author,
        name: str | None = None,
        unique_id: int | None = None,
        status: int | None = None,
        type: int | None = None,  # noqa: A002  # the word of the specification and of `User`
        rule: int | None = None,
    ) -> tuple[UserChange, ...]:
        """Add or modify a user (Application Clusters 5.2.10.16). What is None is not given.

        Args:
            op: `DataChange.ADD` or `DataChange.MODIFY`; any other number is refused.
            index: 1 to the lock's number of users.
            author: who asks. Another fabric than the user's creator may change everything but name and unique id.
            name: at most 10 octets of UTF-8.
            unique_id: 32 bits.
            status: enabled or disabled.
            type: one that the lock knows.
            rule: one that the lock knows.

        Raises:
            ChangeRefused: in this order: INVALID for index, name, status, type, rule; ADD: OCCUPIED; another operation, or MODIFY of
                nobody: INVALID; a foreign fabric's name or unique id: INVALID.
        """
        return register_users.set_user(self, op, index, Given(name, unique_id, status, type, rule), author)

    def clear_user(self, index: int, author: Author) -> tuple[UserChange, ...]:
        """Take out a user, or everybody when `index` is `ALL_USERS`, with credentials and schedules (Application Clusters 5.2.10.19).

        Any administrator may; nobody there is no error.

        Raises:
            ChangeRefused: INVALID for an index that no user can have.
        """
        return register_users.clear_user(self, index, author)

    def set_credential(
        self,
        op: int,
        kind: CredentialKind,
        index: int,
        secret: bytes,
        *,
        author: Author,
        user_index: int | None = None,
        status: int | None = None,
        type: int | None = None,  # noqa: A002  # the word of the specification and of `User`
    ) -> CredentialSet:
        """Add or modify a credential (Application Clusters 5.2.10.20). What is None is not given.

        Args:
            op: `DataChange.ADD` or `DataChange.MODIFY`; any other number is refused.
            kind: what is shown.
            index: 1 to the lock's number of credentials of this kind; 0 for the programming PIN.
            secret: the PIN's digits, the card's octets, the template's name, the phone's public key.
            author: who asks; a user and a credential are only touched by the fabric that created them, or at the lock.
            user_index: whose; None creates a user at the first free index, or modifies the programming PIN.
            status: of the user that is created.
            type: of the user that is created; not `UserType.PROGRAMMING`.

        Raises:
            ChangeRefused: with `next_index`, in this order: UNSUPPORTED kind; INVALID index, length; DUPLICATE; INVALID status, type.
                ADD: OCCUPIED place, INVALID type, EXHAUSTED endpoint keys; new user: OCCUPIED when there is no room; user who is
                there: INVALID with status or type, INVALID user, creator, EXHAUSTED credentials of the user. MODIFY: INVALID.
        """
        return register_credentials.set_credential(
            self,
            op,
            Credential(kind, index, Secret(secret), 0),
            user_index,
            Given(status=status, type=type),
            author,
        )

    def clear_credential(self, kind: CredentialKind | None, index: int, author: Author) -> tuple[UserChange, ...]:
        """Take out one credential, all of a kind (`ALL_USERS`), or all of all kinds (None) but the programming PIN.

        A user goes with the last credential (Application Clusters 5.2.10.24). Any administrator may; none there is no error.

        Raises:
            ChangeRefused: INVALID for a kind or an index that the lock does not have, and for the programming PIN.
        """
        return register_credentials.clear_credential(self, kind, index, author)

    def credential_data(self, kind: CredentialKind, index: int) -> bytes | None:
        """The key of a phone or an issuer, which is public (Application Clusters 5.2.10.23.6); None for everything else."""
        credential = self.credential(kind, index) if kind in ALIRO_KINDS else None
        return None if credential is None else bytes(credential.secret)

    def step_up(self, issuer_index: int, key: bytes, author: Author) -> CredentialSet:
        """Remember the key of a phone that an issuer vouched for, as the issuer's user's (Application Clusters 5.2.6.9.1).

        Where there is no room, the oldest evictable key of that user goes.

        Raises:
            ChangeRefused: NOT_FOUND issuer; INVALID length; DUPLICATE; EXHAUSTED when nothing can go.
        """
        return register_aliro.step_up(self, issuer_index, key, author)

    def set_week_day(
        self,
        user_index: int,
        index: int,
        *,
        days: int,
        start_hour: int,
        start_minute: int,
        end_hour: int,
        end_minute: int,
        author: Author,
    ) -> tuple[UserChange, ...]:
        """Set a week-day schedule of a user (Application Clusters 5.2.10.4). An unrestricted user becomes a schedule-restricted one.

        Raises:
            ChangeRefused: INVALID index or user index; FAILURE when there is no such user; INVALID days or times.
        """
        return register_schedules.set_week_day(
            self, user_index, index, days, (start_hour, start_minute), (end_hour, end_minute), author
        )

    def get_week_day(self, user_index: int, index: int) -> WeekDaySchedule:
        """A week-day schedule, or why there is none (Application Clusters 5.2.10.6.3).

        Raises:
            ChangeRefused: INVALID index or user index; NOT_FOUND.
        """
        return _found(self, user_index, index, self.limits.week_days_per_user, self.week_day(user_index, index))

    def clear_week_day(self, user_index: int, index: int, author: Author) -> tuple[UserChange, ...]:
        """Take out a week-day schedule of a user, or all (`ALL_SCHEDULES`). None there is no error.

        Raises:
            ChangeRefused: INVALID index or user index; FAILURE when there is no such user.
        """
        return register_schedules.clear_week_day(self, user_index, index, author)

    def set_year_day(
        self, user_index: int, index: int, *, start: int, end: int, author: Author
    ) -> tuple[UserChange, ...]:
        """Set a year-day schedule of a user (Application Clusters 5.2.10.8). An unrestricted user becomes a schedule-restricted one.

        Raises:
            ChangeRefused: INVALID index or user index; FAILURE when there is no such user; INVALID times.
        """
        return register_schedules.set_year_day(self, user_index, index, start, end, author)

    def get_year_day(self, user_index: int, index: int) -> YearDaySchedule:
        """A year-day schedule, or why there is none (Application Clusters 5.2.10.10.3).

        Raises:
            ChangeRefused: INVALID index or user index; NOT_FOUND.
        """
        return _found(self, user_index, index, self.limits.year_days_per_user, self.year_day(user_index, index))

    def clear_year_day(self, user_index: int, index: int, author: Author) -> tuple[UserChange, ...]:
        """Take out a year-day schedule of a user, or all (`ALL_SCHEDULES`). None there is no error.

        Raises:
            ChangeRefused: INVALID index or user index; FAILURE when there is no such user.
        """
        return register_schedules.clear_year_day(self, user_index, index, author)

    def set_holiday(self, index: int, *, start: int, end: int, mode: int, author: Author) -> tuple[UserChange, ...]:
        """Set a holiday of the lock (Application Clusters 5.2.10.12).

        Raises:
            ChangeRefused: INVALID index, times or mode.
        """
        return register_schedules.set_holiday(self, index, start, end, mode, author)

    def get_holiday(self, index: int) -> HolidaySchedule:
        """A holiday, or why there is none (Application Clusters 5.2.10.14.2).

        Raises:
            ChangeRefused: INVALID index; NOT_FOUND.
        """
        return _found(self, None, index, self.limits.holidays, self.holiday(index))

    def clear_holiday(self, index: int, author: Author) -> tuple[UserChange, ...]:
        """Take out a holiday of the lock, or all (`ALL_SCHEDULES`). None there is no error.

        Raises:
            ChangeRefused: INVALID index.
        """
        return register_schedules.clear_holiday(self, index, author)

    def set_code(
        self,
        kind: CredentialKind,
        index: int,
        code: bytes,
        *,
        author: Author,
        status: int | None = None,
        type: int | None = None,  # noqa: A002  # the word of the specification and of `User`
    ) -> tuple[UserChange, ...]:
        """Set a PIN or a card of a lock without users, in place of any that is there: SetPINCode and SetRFIDCode.

        Raises:
            ChangeRefused: UNSUPPORTED kind; INVALID index, length; DUPLICATE; INVALID status, type.
        """
        credential = Credential(kind, index, Secret(code), 0)
        return register_codes.set_code(self, credential, Given(status=status, type=type), author)

    def clear_code(self, kind: CredentialKind, index: int, author: Author) -> tuple[UserChange, ...]:
        """Take out a PIN or a card of a lock without users, or all of the kind (`ALL_USERS`): ClearPINCode and its like.

        Raises:
            ChangeRefused: UNSUPPORTED kind; INVALID index.
        """
        return register_codes.clear_code(self, kind, index, author)

    def set_code_user(
        self,
        index: int,
        *,
        author: Author,
        status: int | None = None,
        type: int | None = None,  # noqa: A002  # the word of the specification and of `User`
    ) -> tuple[UserChange, ...]:
        """Set what the user of a code may do, on a lock without users: SetUserStatus and SetUserType. `user` reads it.

        Raises:
            ChangeRefused: INVALID status, type, or index without a code.
        """
        return register_codes.set_code_user(self, index, Given(status=status, type=type), author)

    def fabric_removed(self, index: int) -> None:
        """Forget a fabric: what it made or changed stays, as made or changed by one that is gone (0)."""
        for user in tuple(self.users()):
            if index in (user.creator, user.modifier):
                self.write(_without_fabric(user, index))
        for kind in CredentialKind:
            for credential in tuple(self.credentials(kind)):
                if index in (credential.creator, credential.modifier):
                    self.write(_without_fabric(credential, index))

    def used(self, user_index: int, moment: Moment | None) -> tuple[UserChange, ...]:
        """A user has opened the door: a disposable one is disabled, an expiring one's time begins to run.

        Args:
            user_index: who.
            moment: when; a lock that does not know the time cannot begin to measure it.
        """
        user = self.user(user_index)
        if user is None:
            return ()
        if user.type is UserType.DISPOSABLE and user.status is UserStatus.OCCUPIED_ENABLED:
            return (self._disable(user),)
        if user.type is UserType.EXPIRING and user.expires_at is None and moment is not None:
            self.write(replace(user, expires_at=moment.utc_s + 60 * self.expiring_timeout_min))
        return ()

    def expire(self, moment: Moment) -> tuple[UserChange, ...]:
        """Disable the expiring users whose time is over (Application Clusters 5.2.6.18.8); due at `next_expiry`."""
        return tuple(self._disable(user) for user in self.expired(moment.utc_s))

    def _disable(self, user: User) -> UserChange:
        self.write(replace(user, status=UserStatus.OCCUPIED_DISABLED, expires_at=None))
        return UserChange(DataKind.USER_INDEX, DataChange.MODIFY, BY_THE_LOCK, user.index, user.index)


_Made = TypeVar("_Made", User, Credential)
_Schedule = TypeVar("_Schedule", WeekDaySchedule, YearDaySchedule, HolidaySchedule)


def _without_fabric(record: _Made, index: int) -> _Made:
    return replace(
        record,
        creator=0 if record.creator == index else record.creator,
        modifier=0 if record.modifier == index else record.modifier,
    )


def _found(book: Book, user_index: int | None, index: int, last: int, found: _Schedule | None) -> _Schedule:
    register_schedules.check_schedule_index(index, last)
    if user_index is not None:
        register_users.check_user_index(book, user_index)
    if found is None:
        raise ChangeRefused(Problem.NOT_FOUND, f"there is no schedule {index}")
    return found
