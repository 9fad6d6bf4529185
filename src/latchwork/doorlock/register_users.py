"""Rules of change for users (Application Clusters 5.2.10.16 to 5.2.10.19).

Layer doorlock; works on `book`. Whether a request is refused, and why, follows the order that certification expects.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from latchwork.doorlock.book import Book
from latchwork.doorlock.changes import ALL_USERS, Author, ChangeRefused, DataChange, DataKind, Problem, UserChange
from latchwork.doorlock.users import MAX_NAME_LENGTH, CredentialRule, User, UserStatus, UserType

_SETTABLE: Final = frozenset({UserStatus.OCCUPIED_ENABLED, UserStatus.OCCUPIED_DISABLED})


@dataclass(frozen=True, slots=True)
class Given:
    """What a request says of a user, as it came; None is not said.

    Attributes:
        name: how people call the user.
        unique_id: what the fabric calls the user.
        status: a `UserStatus`, or a number that is none.
        type: a `UserType`, or a number that is none.
        rule: a `CredentialRule`, or a number that is none.
    """

    name: str | None = None
    unique_id: int | None = None
    status: int | None = None
    type: int | None = None
    rule: int | None = None


def set_user(book: Book, op: int, index: int, given: Given, author: Author) -> tuple[UserChange, ...]:
    """Add or modify a user. See `Register.set_user`."""
    check_user_index(book, index)
    if given.name is not None and len(given.name.encode()) > MAX_NAME_LENGTH:
        raise ChangeRefused(Problem.INVALID, f"a name has at most {MAX_NAME_LENGTH} octets")
    check_given(book, given)
    if given.rule is not None and given.rule not in book.limits.rules:
        raise ChangeRefused(Problem.INVALID, f"this lock has no rule {given.rule} for credentials")
    before = book.user(index)
    if op == DataChange.ADD:
        if before is not None:
            raise ChangeRefused(Problem.OCCUPIED, f"there is a user {index} already")
        book.write(new_user(index, given, author))
        return (UserChange(DataKind.USER_INDEX, DataChange.ADD, author, index, index),)
    if op != DataChange.MODIFY:
        raise ChangeRefused(Problem.INVALID, "setting a user adds or modifies it")
    if before is None:
        raise ChangeRefused(Problem.INVALID, f"there is no user {index}")
    if (given.name is not None or given.unique_id is not None) and not is_own(before.creator, author):
        raise ChangeRefused(Problem.INVALID, f"only its creator names user {index}")
    book.write(set_given(before, given, author))
    return (UserChange(DataKind.USER_INDEX, DataChange.MODIFY, author, index, index),)


def clear_user(book: Book, index: int, author: Author) -> tuple[UserChange, ...]:
    """Take out one user or all. See `Register.clear_user`."""
    if index == ALL_USERS:
        users = tuple(book.users())
        for user in users:
            drop_user(book, user, author)
        return (UserChange(DataKind.USER_INDEX, DataChange.CLEAR, author, ALL_USERS, ALL_USERS),) if users else ()
    check_user_index(book, index)
    found = book.user(index)
    return () if found is None else (drop_user(book, found, author),)


def new_user(index: int, given: Given, author: Author) -> User:
    """A user that begins with what is given and the specification's defaults. Nothing is checked."""
    return set_given(User(index=index, creator=author.fabric_index), given, author)


def drop_user(book: Book, user: User, author: Author) -> UserChange:
    """Take out a user with all credentials, the programming PIN too, and all schedules."""
    for kind, index in user.credentials:
        credential = book.credential(kind, index)
        if credential is not None:
            book.erase(credential)
    for week_day in book.week_days(user.index):
        book.erase(week_day)
    for year_day in book.year_days(user.index):
        book.erase(year_day)
    book.erase(user)
    return UserChange(DataKind.USER_INDEX, DataChange.CLEAR, author, user.index, user.index)


def check_user_index(book: Book, index: int) -> None:
    """Refuse an index that no user can have.

    Raises:
        ChangeRefused: `Problem.INVALID`.
    """
    if not 1 <= index <= book.limits.users:
        raise ChangeRefused(Problem.INVALID, f"users have indexes from 1 to {book.limits.users}")


def check_given(book: Book, given: Given) -> None:
    """Refuse a status that cannot be given, or a type of user that the lock does not know.

    Raises:
        ChangeRefused: `Problem.INVALID`.
    """
    if given.status is not None and given.status not in _SETTABLE:
        raise ChangeRefused(Problem.INVALID, f"a user cannot be given status {given.status}")
    if given.type is not None and given.type not in book.limits.user_types:
        raise ChangeRefused(Problem.INVALID, f"this lock has no users of type {given.type}")


def is_own(creator: int | None, author: Author) -> bool:
    """Whether the author made it, or is at the lock itself: who was let to program there may change everything."""
    return author.fabric_index is None or creator == author.fabric_index


def set_given(before: User, given: Given, author: Author) -> User:
    """The user with what is given changed. Nothing is checked."""
    status = before.status if given.status is None else UserStatus(given.status)
    kind = before.type if given.type is None else UserType(given.type)
    is_same = status is before.status and kind is before.type
    return replace(
        before,
        name=before.name if given.name is None else given.name,
        unique_id=before.unique_id if given.unique_id is None else given.unique_id,
        status=status,
        type=kind,
        rule=before.rule if given.rule is None else CredentialRule(given.rule),
        modifier=author.fabric_index,
        expires_at=before.expires_at if is_same else None,  # whoever is let in again has a first use again
    )
