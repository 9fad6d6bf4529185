"""Programming at the door: what the panel asks of the lock's memory, done to the register.

Layer doorlock. Who is an administrator, and what an administrator at the lock may not do: leave the lock without one.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from latchwork.doorlock.changes import Author, ChangeRefused, DataChange, Problem, UserChange
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.panel_effects import NewCredential, NewMasterCode, Present, UserRemoval
from latchwork.doorlock.panel_types import Programming
from latchwork.doorlock.register import Register
from latchwork.doorlock.users import UserType

Done = tuple[int | None, tuple[UserChange, ...]]
"""Whose it was, and what happened."""

_MASTER: Final = CredentialKind.PROGRAMMING_PIN
_RESULTS: Final = MappingProxyType(
    {
        Problem.DUPLICATE: Programming.IN_USE,
        Problem.OCCUPIED: Programming.FULL,
        Problem.EXHAUSTED: Programming.FULL,
        Problem.NOT_FOUND: Programming.NOT_FOUND,
    }
)


class OnlyAdmin(ChangeRefused):
    """The user is the lock's only administrator."""

    def __init__(self, user_index: int) -> None:
        super().__init__(Problem.FAILURE, f"user {user_index} is the only administrator")


def administrators(register: Register) -> frozenset[int]:
    """The users who may program at the lock: whose the master code is, and enabled programming users with a credential."""
    master = register.credential(_MASTER, 0)
    programming = register.programming_users()
    return programming if master is None else programming | {master.user_index}


def is_administrator(register: Register, shown: Present) -> bool:
    """Whether what was shown is an administrator's: the master code, or a credential of a programming user."""
    kinds = (_MASTER, CredentialKind.PIN) if shown.kind is CredentialKind.PIN else (shown.kind,)
    found = [register.find(kind, shown.secret) for kind in kinds]
    admins = administrators(register)
    return any(credential is not None and credential.user_index in admins for credential in found)


def change_memory(register: Register, author: Author, change: NewCredential | NewMasterCode | UserRemoval) -> Done:
    """Do what was programmed at the door.

    Raises:
        ChangeRefused: nothing has changed.
    """
    match change:
        case NewCredential():
            return _add_credential(register, author, change)
        case NewMasterCode(secret):
            return _set_master(register, author, secret)
        case UserRemoval(user_index):
            return _remove(register, author, user_index)


def result_of(refused: ChangeRefused) -> Programming:
    """What is told of a refusal at the door."""
    if isinstance(refused, OnlyAdmin):
        return Programming.LAST_ADMIN
    return _RESULTS.get(refused.problem, Programming.FAILED)


def _add_credential(register: Register, author: Author, change: NewCredential) -> Done:
    if change.user_index is not None and register.user(change.user_index) is None:
        raise ChangeRefused(Problem.NOT_FOUND, f"there is no user {change.user_index}")
    index = register.next_free_credential(change.kind, 0)
    if index is None:
        raise ChangeRefused(Problem.EXHAUSTED, f"no room for another {change.kind.name.lower()}")
    came = register.set_credential(
        DataChange.ADD, change.kind, index, change.secret, user_index=change.user_index, author=author
    )
    return change.user_index or came.user_index, came.changes


def _set_master(register: Register, author: Author, secret: bytes) -> Done:
    before = register.credential(_MASTER, 0)
    if before is not None:
        came = register.set_credential(DataChange.MODIFY, _MASTER, 0, secret, author=author)
        return before.user_index, came.changes
    came = register.set_credential(DataChange.ADD, _MASTER, 0, secret, author=author)
    if came.user_index is None or UserType.PROGRAMMING not in register.limits.user_types:
        return came.user_index, came.changes
    programming = register.set_user(DataChange.MODIFY, came.user_index, type=UserType.PROGRAMMING, author=author)
    return came.user_index, (*came.changes, *programming)


def _remove(register: Register, author: Author, user_index: int) -> Done:
    if register.user(user_index) is None:
        raise ChangeRefused(Problem.NOT_FOUND, f"there is no user {user_index}")
    if administrators(register) == {user_index}:
        raise OnlyAdmin(user_index)
    return user_index, register.clear_user(user_index, author)
