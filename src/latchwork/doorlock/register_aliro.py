"""Keys that a phone brings itself: the step-up of Aliro (Application Clusters 5.2.6.9.1).

Layer doorlock; works on `book`. Whether the phone's credential is signed by the issuer is decided elsewhere, with cryptography.
"""

from __future__ import annotations

from latchwork.base.logs import Secret
from latchwork.doorlock.book import Book
from latchwork.doorlock.changes import Author, ChangeRefused, CredentialSet, Problem, UserChange
from latchwork.doorlock.credentials import Credential, CredentialKind
from latchwork.doorlock.register_credentials import (
    add_to_user,
    check_secret,
    clear_credential,
    endpoint_keys_left,
)

_EVICTABLE = CredentialKind.ALIRO_EVICTABLE_ENDPOINT_KEY


def step_up(book: Book, issuer_index: int, key: bytes, author: Author) -> CredentialSet:
    """Remember the key of a phone that an issuer vouched for. See `Register.step_up`."""
    issuer = book.credential(CredentialKind.ALIRO_CREDENTIAL_ISSUER_KEY, issuer_index)
    user = None if issuer is None else book.user(issuer.user_index)
    if user is None:
        raise ChangeRefused(Problem.NOT_FOUND, f"there is no issuer {issuer_index}")
    check_secret(book, Credential(_EVICTABLE, 0, Secret(key), user.index))
    evicted: tuple[UserChange, ...] = ()
    is_full = len(user.credentials) >= book.limits.credentials_per_user or endpoint_keys_left(book) <= 0
    if is_full:
        oldest = next((index for kind, index in user.credentials if kind is _EVICTABLE), None)
        if oldest is None:
            raise ChangeRefused(Problem.EXHAUSTED, "there is no room for the key, and no key of the user to evict")
        evicted = clear_credential(book, _EVICTABLE, oldest, author)
        user = book.user(user.index)
        assert user is not None, "a user with an issuer key outlives the loss of another"
    index = book.next_free_credential(_EVICTABLE, 0)
    assert index is not None, "the room for both kinds of endpoint key is that of each"
    added = add_to_user(book, Credential(_EVICTABLE, index, Secret(key), user.index), user, author)
    return CredentialSet((*evicted, added), None, book.next_free_credential(_EVICTABLE, index))
