"""Passwords: argon2id (RFC 9106) on a thread of its own, so that the loop never waits for it.

Layer web. One hash takes tens of milliseconds and 64 MiB by design; how many run at once and how many may wait is bounded, or asking to
log in would be a way to fell the hub.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from latchwork.base.errors import Misuse
from latchwork.web.problems import Problem

MIN_LENGTH: Final = 10
MAX_LENGTH: Final = 256
_MAX_WAITING: Final = 16
_T = TypeVar("_T")


class PasswordRefused(Misuse):
    """A password that is too easy to guess, or too long."""


class Passwords:
    """Makes and checks hashes of passwords.

    Args:
        hasher: with its costs; None is the second choice of RFC 9106 4 (64 MiB, 3 passes).
    """

    __slots__ = ("_decoy", "_hasher", "_pool", "_waiting")

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="latchwork-password")
        self._waiting = 0
        self._decoy: str | None = None

    async def hash(self, password: str, *, name: str = "") -> str:
        """The hash to keep, in the PHC string format.

        Args:
            password: as typed.
            name: of the account, which must not be its password.

        Raises:
            PasswordRefused: too short, too long, or all too easy.
            Problem: 503 when too many wait.
        """
        check_password(password, name)
        return await self._run(lambda: self._hasher.hash(_normal(password)))

    async def verify(self, kept: str | None, password: str) -> bool:
        """Whether the password is the one; takes as long when there is no account (`kept` is None).

        Raises:
            Problem: 503 when too many wait.
        """
        return await self._run(lambda: self._verify(kept, _normal(password[:MAX_LENGTH])))

    def close(self) -> None:
        """Finish what runs."""
        self._pool.shutdown()

    def _verify(self, kept: str | None, password: str) -> bool:
        if self._decoy is None:
            self._decoy = self._hasher.hash("nobody has this password")
        try:
            self._hasher.verify(kept or self._decoy, password)
        except (VerificationError, InvalidHashError):
            return False
        return kept is not None

    async def _run(self, function: Callable[[], _T]) -> _T:
        if self._waiting >= _MAX_WAITING:
            raise Problem(503, "busy", "Too many log-ins at once", "Try again.", headers={"retry-after": "5"})
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, function)
        finally:
            self._waiting -= 1


def check_password(password: str, name: str = "") -> None:
    """Refuses what is guessed first; asks for length and for no particular characters (NIST SP 800-63B 3.1.1.2).

    Raises:
        PasswordRefused: with the reason.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise PasswordRefused(f"a password has {MIN_LENGTH} to {MAX_LENGTH} characters")
    lowered = password.lower()
    if len(set(lowered)) < 4 or lowered in "01234567890123456789" or lowered in "abcdefghijklmnopqrstuvwxyz":
        raise PasswordRefused(
            "this password is guessed at once: a few words that do not belong together make a good one"
        )
    if name and lowered.replace(name.lower(), "") in {"", "1", "123", "1234"}:
        raise PasswordRefused("a password is not the account's name")
    try:
        password.encode()
    except UnicodeEncodeError:
        raise PasswordRefused("a password consists of whole characters") from None


def _normal(password: str) -> str:
    """Keyboards compose letters differently (RFC 8265 4.2)."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "replace").decode()
