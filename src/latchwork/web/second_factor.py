"""A second factor beside the password: codes of an app on a phone, and eight recovery codes for the day on which the phone is gone.

Layer web, on store. The secret is sealed under a key that is not in the database, recovery codes are keyed hashes under another; each code
of either kind is good once.
"""

from __future__ import annotations

import hmac
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b
from typing import Final

from latchwork.base.logs import Secret
from latchwork.hub.desk import Desk
from latchwork.hub.journal.entries import Detail
from latchwork.store.sealed import Seal
from latchwork.web import factor_rows, keys, totp
from latchwork.web.factor_rows import Factor
from latchwork.web.problems import Problem

RECOVERY_CODES: Final = 8
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_RECOVERY_LENGTH: Final = 10
"""Letters of a recovery code: 50 bits."""
_LOOKS_LIKE: Final = str.maketrans("oil", "011", "- ")
MAX_TYPED: Final = 40


class SecondFactors:
    """Those of all accounts.

    Args:
        desk: the books, the clock, chance.
        key: 32 octets that are not in the database.
    """

    __slots__ = ("_database", "_desk", "_recovery_key", "_seal")

    def __init__(self, desk: Desk, key: bytes, entropy: Callable[[int], bytes]) -> None:
        self._desk = desk
        self._database = desk.repository.database
        self._seal = Seal(blake2b(b"second factor", key=key, digest_size=32).digest(), entropy)
        self._recovery_key = Secret(blake2b(b"recovery codes", key=key, digest_size=32).digest())

    def of(self, account_id: str) -> Factor | None:
        """The account's second factor that is asked for, or None."""
        factor = self._database.read(lambda connection: factor_rows.get_factor(connection, account_id))
        return factor if factor is not None and factor.confirmed_at is not None else None

    def pending(self, account_id: str) -> Secret | None:
        """The secret of one that is not confirmed yet, to be shown again, or None."""
        factor = self._database.read(lambda connection: factor_rows.get_factor(connection, account_id))
        return None if factor is None or factor.confirmed_at is not None else self._secret(factor)

    def recovery_left(self, account_id: str) -> int:
        """How many recovery codes are left."""
        return self._database.read(lambda connection: factor_rows.count_recovery(connection, account_id))

    async def begin(self, account_id: str) -> Secret:
        """A new secret, of which nothing is asked before `confirm`.

        Raises:
            Problem: 409 when there is a second factor already.
        """
        secret = Secret(self._desk.entropy(totp.SECRET_LENGTH))
        factor = Factor(
            account_id=account_id, sealed=self._seal.seal(_name(account_id), secret), made_at=self._desk.now()
        )

        def write(to: sqlite3.Connection) -> None:
            before = factor_rows.get_factor(to, account_id)
            if before is not None and before.confirmed_at is not None:
                raise Problem(409, "second_factor_on", "The second factor is on already", "Turn it off first.")
            factor_rows.put_factor(to, factor)

        await self._database.write(write)
        return secret

    async def confirm(self, account_id: str, code: str, *, but: bytes) -> list[str]:
        """A code of the new secret was typed: from now on one is asked for. Returns the recovery codes, for the only time.

        Args:
            account_id: whose.
            code: as typed.
            but: digest of the session that stays; the account's others end.

        Raises:
            Problem: 409 when there is nothing to confirm, 422 when the code is not right.
        """
        now = self._desk.now()
        recovery = [self._new_recovery() for _ in range(RECOVERY_CODES)]
        digests = [self._digest(each) for each in recovery]

        def write(to: sqlite3.Connection) -> None:
            factor = factor_rows.get_factor(to, account_id)
            if factor is None or factor.confirmed_at is not None:
                raise Problem(409, "nothing_to_confirm", "There is nothing to confirm", "Begin again.")
            step = totp.matching_step(self._secret(factor), code, now, factor.last_step)
            if step is None:
                raise _wrong()
            factor_rows.put_factor(to, replace(factor, confirmed_at=now, last_step=step))
            factor_rows.put_recovery(to, account_id, digests)
            keys.end_sessions(to, account_id, but=but)

        await self._write(write, account_id, "second_factor_on")
        return recovery

    async def check(self, account_id: str, code: str) -> str:
        """How a typed code is right: `totp` or `recovery`; empty when it is not. It is good no more then.

        Args:
            account_id: whose.
            code: as typed: six digits, or a recovery code.
        """
        if len(code) > MAX_TYPED:
            return ""
        factor = self.of(account_id)
        if factor is None:
            return ""
        step = totp.matching_step(self._secret(factor), code, self._desk.now(), factor.last_step)
        if step is not None:
            used = await self._database.write(lambda to: factor_rows.use_step(to, account_id, step))
            return "totp" if used else ""
        digest = self._digest(code)
        if await self._database.write(lambda to: factor_rows.use_recovery(to, account_id, digest)):
            left: dict[str, Detail] = {"left": self.recovery_left(account_id)}
            await self._desk.note(self._desk.audit(f"account:{account_id}", "recovery_used", detail=left))
            return "recovery"
        return ""

    async def renew_recovery(self, account_id: str) -> list[str]:
        """Eight new recovery codes; those before are good no more.

        Raises:
            Problem: 409 when there is no second factor.
        """
        recovery = [self._new_recovery() for _ in range(RECOVERY_CODES)]
        digests = [self._digest(each) for each in recovery]

        def write(to: sqlite3.Connection) -> None:
            factor = factor_rows.get_factor(to, account_id)
            if factor is None or factor.confirmed_at is None:
                raise Problem(409, "second_factor_off", "There is no second factor")
            factor_rows.put_recovery(to, account_id, digests)

        await self._write(write, account_id, "recovery_renewed")
        return recovery

    async def end(self, account_id: str, *, actor: str) -> bool:
        """Ask for no second factor any more; whether there was one."""
        did = "second_factor_off" if actor == f"account:{account_id}" else "second_factor_reset"
        entry = self._desk.audit(actor, did, detail={"account": account_id})
        return await self._desk.write(
            lambda to: factor_rows.remove_factor(to, account_id), lambda was: [entry] if was else []
        )

    async def _write(self, function: Callable[[sqlite3.Connection], None], account_id: str, did: str) -> None:
        entry = self._desk.audit(f"account:{account_id}", did)
        await self._desk.write(function, lambda _: [entry])

    def _secret(self, factor: Factor) -> Secret:
        return self._seal.open(_name(factor.account_id), factor.sealed)

    def _new_recovery(self) -> str:
        number = int.from_bytes(self._desk.entropy(7), "big")
        text = "".join(_ALPHABET[number >> 5 * place & 31] for place in range(_RECOVERY_LENGTH))
        return f"{text[:5]}-{text[5:]}"

    def _digest(self, code: str) -> bytes:
        """What is kept of a recovery code, however it was typed."""
        typed = code.lower().translate(_LOOKS_LIKE)
        return hmac.digest(self._recovery_key, typed.encode("utf-8", "replace"), "sha256")


def _name(account_id: str) -> str:
    return f"second factor of {account_id}"


def _wrong() -> Problem:
    return Problem(
        422,
        "second_factor_refused",
        "This code is not right",
        "Type the one that the app shows now. If it stays so, look whether phone and hub have the same time.",
    )
