"""Rules of change for credentials (Application Clusters 5.2.10.20 to 5.2.10.24).

Layer doorlock; works on `book`. Whether a request is refused, and why, follows the order that certification expects: a duplicate is
found before an occupied place, and the place that is to be set is no duplicate of itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from latchwork.base.errors import Bug
from latchwork.doorlock.book import Book
from latchwork.doorlock.changes import (
    ALL_USERS,
    DATA_KINDS,
    Author,
    ChangeRefused,
    CredentialSet,
    DataChange,
    DataKind,
    Problem,
    UserChange,
)
from latchwork.doorlock.credentials import Credential, CredentialKind
from latchwork.doorlock.register_users import Given, check_given, check_user_index, drop_user, is_own, new_user
from latchwork.doorlock.users import User, UserType

ENDPOINT_KINDS: Final = (
    CredentialKind.ALIRO_EVICTABLE_ENDPOINT_KEY,
    CredentialKind.ALIRO_NON_EVICTABLE_ENDPOINT_KEY,
)
"""Keys of phones: both kinds share the lock's room for them (Application Clusters 5.2.9.45)."""
_MASTER: Final = CredentialKind.PROGRAMMING_PIN


def set_credential(
    book: Book, op: int, credential: Credential, user_index: int | None, given: Given, author: Author
) -> CredentialSet:
    """Add or modify a credential. See `Register.set_credential`."""
    if not book.supports(credential.kind):
        raise ChangeRefused(Problem.UNSUPPORTED, f"this lock has no credentials of kind {credential.kind.name}")
    next_index = book.next_free_credential(credential.kind, credential.index)
    try:
        changes, created = _set(book, op, credential, user_index, given, author)
    except ChangeRefused as refused:
        refused.next_index = next_index
        raise
    return CredentialSet(changes, created, next_index)


def clear_credential(book: Book, kind: CredentialKind | None, index: int, author: Author) -> tuple[UserChange, ...]:
    """Take out one credential, all of a kind, or all. See `Register.clear_credential`."""
    if kind is None:
        return tuple(
            change for each in CredentialKind if each is not _MASTER for change in _clear_kind(book, each, author)
        )
    if not book.supports(kind):
        raise ChangeRefused(Problem.INVALID, f"this lock has no credentials of kind {kind.name}")
    if kind is _MASTER:
        raise ChangeRefused(Problem.INVALID, "the programming PIN is modified, or goes with its user")
    if index == ALL_USERS:
        return _clear_kind(book, kind, author)
    check_index(book, kind, index)
    credential = book.credential(kind, index)
    return (
        ()
        if credential is None
        else (_change(DataChange.CLEAR, credential, author), *_take_away(book, credential, author))
    )


def check_index(book: Book, kind: CredentialKind, index: int) -> None:
    """Refuse an index that no credential of this kind can have.

    Raises:
        ChangeRefused: `Problem.INVALID`.
    """
    if index not in book.indexes(kind):
        raise ChangeRefused(Problem.INVALID, f"credentials of kind {kind.name} have no index {index}")


def check_secret(book: Book, credential: Credential) -> None:
    """Refuse a secret of a wrong length, or one that another credential of the kind has.

    Raises:
        ChangeRefused: `Problem.INVALID` or `Problem.DUPLICATE`.
    """
    least, greatest = book.lengths(credential.kind)
    if not least <= len(credential.secret) <= greatest:
        raise ChangeRefused(
            Problem.INVALID, f"a credential of kind {credential.kind.name} has {least} to {greatest} octets"
        )
    same = book.find(credential.kind, credential.secret)
    if same is not None and same.index != credential.index:
        raise ChangeRefused(Problem.DUPLICATE, "another credential has the same secret")


def add_to_user(book: Book, credential: Credential, user: User, author: Author) -> UserChange:
    """Give a user a credential at a free place; nothing is checked."""
    fabric = author.fabric_index
    book.write(replace(user, modifier=fabric, credentials=(*user.credentials, (credential.kind, credential.index))))
    book.write(replace(credential, user_index=user.index, creator=fabric, modifier=fabric))
    return _change(DataChange.ADD, replace(credential, user_index=user.index), author)


def endpoint_keys_left(book: Book) -> int:
    """How many more keys of phones the lock can remember."""
    room = max(book.limits.kinds.get(kind, 0) for kind in ENDPOINT_KINDS)
    return room - sum(book.credential_count(kind) for kind in ENDPOINT_KINDS)


def _set(
    book: Book, op: int, credential: Credential, user_index: int | None, given: Given, author: Author
) -> tuple[tuple[UserChange, ...], int | None]:
    check_index(book, credential.kind, credential.index)
    check_secret(book, credential)
    check_given(book, given)
    if op == DataChange.ADD:
        return _add(book, credential, user_index, given, author)
    if op != DataChange.MODIFY:
        raise ChangeRefused(Problem.INVALID, "setting a credential adds or modifies it")
    return (_modify(book, credential, user_index, given, author),), None


def _add(
    book: Book, credential: Credential, user_index: int | None, given: Given, author: Author
) -> tuple[tuple[UserChange, ...], int | None]:
    if book.credential(credential.kind, credential.index) is not None:
        raise ChangeRefused(Problem.OCCUPIED, f"there is a credential {credential.index} already")
    if given.type == UserType.PROGRAMMING:
        raise ChangeRefused(Problem.INVALID, "adding a credential makes no programming user")
    if credential.kind in ENDPOINT_KINDS and endpoint_keys_left(book) <= 0:
        raise ChangeRefused(Problem.EXHAUSTED, "the lock has no room for another endpoint key")
    if user_index is not None:
        return (add_to_user(book, credential, _user_for(book, user_index, given, author), author),), None
    created = book.next_free_user()
    if created is None:
        raise ChangeRefused(Problem.OCCUPIED, "the lock has no room for another user")
    user_added = UserChange(DataKind.USER_INDEX, DataChange.ADD, author, created, created)
    return (user_added, add_to_user(book, credential, new_user(created, given, author), author)), created


def _user_for(book: Book, user_index: int, given: Given, author: Author) -> User:
    _check_nothing_given(given)
    check_user_index(book, user_index)
    user = book.user(user_index)
    if user is None:
        raise ChangeRefused(Problem.INVALID, f"there is no user {user_index}")
    if not is_own(user.creator, author):
        raise ChangeRefused(Problem.INVALID, f"only its creator gives user {user_index} credentials")
    if len(user.credentials) >= book.limits.credentials_per_user:
        raise ChangeRefused(Problem.EXHAUSTED, f"a user has at most {book.limits.credentials_per_user} credentials")
    return user


def _modify(book: Book, credential: Credential, user_index: int | None, given: Given, author: Author) -> UserChange:
    kind, index = credential.kind, credential.index
    before = book.credential(kind, index)
    if before is None:
        raise ChangeRefused(Problem.INVALID, f"there is no credential {index}")
    if not is_own(before.creator, author):
        raise ChangeRefused(Problem.INVALID, f"only its creator modifies credential {index}")
    if user_index is not None:
        _check_nothing_given(given)
        user = book.user(user_index)
        if user is None or not is_own(user.creator, author) or (kind, index) not in user.credentials:
            raise ChangeRefused(Problem.INVALID, f"user {user_index} has no credential {index} to modify")
        book.write(replace(user, modifier=author.fabric_index))
    elif kind is not _MASTER:
        raise ChangeRefused(Problem.INVALID, "only the programming PIN is modified without saying whose it is")
    after = replace(before, secret=credential.secret, modifier=author.fabric_index)
    book.write(after)
    return _change(DataChange.MODIFY, after, author)


def _check_nothing_given(given: Given) -> None:
    if given.status is not None or given.type is not None:
        raise ChangeRefused(Problem.INVALID, "a credential changes neither status nor type of a user who is there")


def _clear_kind(book: Book, kind: CredentialKind, author: Author) -> tuple[UserChange, ...]:
    credentials = tuple(book.credentials(kind))
    if not credentials:
        return ()
    changes = [change for credential in credentials for change in _take_away(book, credential, author)]
    return (*changes, UserChange(DATA_KINDS[kind], DataChange.CLEAR, author, ALL_USERS, ALL_USERS))


def _take_away(book: Book, credential: Credential, author: Author) -> tuple[UserChange, ...]:
    """Take a credential from its user. A user whose last one it was goes with it, which is the change returned."""
    user = book.user(credential.user_index)
    if user is None:
        raise Bug("a credential has no user")
    left = tuple(each for each in user.credentials if each != (credential.kind, credential.index))
    if not left:
        return (drop_user(book, user, author),)
    book.erase(credential)
    book.write(replace(user, modifier=author.fabric_index, credentials=left))
    return ()


def _change(change: DataChange, credential: Credential, author: Author) -> UserChange:
    index = None if credential.kind is _MASTER else credential.index
    return UserChange(DATA_KINDS[credential.kind], change, author, credential.user_index, index)
