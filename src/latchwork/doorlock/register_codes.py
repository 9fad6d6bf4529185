"""Rules of change for locks without users: codes that stand for themselves.

Layer doorlock; works on `book`. The interface of cluster revisions up to 6 for locks without the User feature (SetPINCode, GetPINCode,
ClearPINCode, ClearAllPINCodes, SetUserStatus, SetUserType and their RFID twins). The user's index is the code's.
"""

from __future__ import annotations

from dataclasses import replace

from latchwork.doorlock.book import Book
from latchwork.doorlock.changes import DATA_KINDS, Author, ChangeRefused, DataChange, DataKind, Problem, UserChange
from latchwork.doorlock.credentials import Credential, CredentialKind
from latchwork.doorlock.register_credentials import add_to_user, check_index, check_secret, clear_credential
from latchwork.doorlock.register_users import Given, check_given, new_user, set_given


def set_code(book: Book, credential: Credential, given: Given, author: Author) -> tuple[UserChange, ...]:
    """Set a code and what its user may do. See `Register.set_code`."""
    kind, index = credential.kind, credential.index
    _check_kind(book, kind)
    check_index(book, kind, index)
    check_secret(book, credential)
    check_given(book, given)
    before = book.credential(kind, index)
    user = book.user(index)
    user = new_user(index, given, author) if user is None else set_given(user, given, author)
    if before is None:
        return (add_to_user(book, credential, user, author),)
    book.write(user)
    book.write(replace(before, secret=credential.secret, modifier=author.fabric_index))
    return (UserChange(DATA_KINDS[kind], DataChange.MODIFY, author, index, index),)


def clear_code(book: Book, kind: CredentialKind, index: int, author: Author) -> tuple[UserChange, ...]:
    """Take out one code or all of a kind. See `Register.clear_code`."""
    _check_kind(book, kind)
    return clear_credential(book, kind, index, author)


def set_code_user(book: Book, index: int, given: Given, author: Author) -> tuple[UserChange, ...]:
    """Set what the user of a code may do. See `Register.set_code_user`."""
    check_given(book, given)
    user = book.user(index)
    if user is None:
        raise ChangeRefused(Problem.INVALID, f"there is no user {index}")
    book.write(set_given(user, given, author))
    return (UserChange(DataKind.USER_INDEX, DataChange.MODIFY, author, index, index),)


def _check_kind(book: Book, kind: CredentialKind) -> None:
    if kind not in (CredentialKind.PIN, CredentialKind.RFID) or not book.supports(kind):
        raise ChangeRefused(Problem.UNSUPPORTED, f"this lock has no codes of kind {kind.name}")
