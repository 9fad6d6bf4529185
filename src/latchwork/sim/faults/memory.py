"""Faults of memory: a lock that is full, and power that goes at the worst moment.

Layer sim: on the register's limits, and between the node and its store.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from latchwork.base.errors import Misuse
from latchwork.devices.lock_device import lock_of
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.limits import Limits
from latchwork.doorlock.register import Register
from latchwork.sim.faults.fault import Fault, whole

if TYPE_CHECKING:
    from latchwork.sim.lock import VirtualLock


class Full(Fault):
    """No room."""

    name = "full"
    what = "its memory ends at so many users, each with one credential of a kind, or at those it has already"
    takes = "USERS"
    default = "1"

    def __init__(self, value: str | None = None) -> None:
        super().__init__(value)
        self._users = whole(self, 1, 0xFFFE)
        self._before: Limits | None = None

    def begin(self, lock: VirtualLock) -> None:
        """Shrink its memory to what is in it."""
        if not lock.model.limits.users:
            raise Misuse("this lock remembers nobody anyway")
        if lock.node.runtime is not None:
            self._shrink(lock)

    def end(self, lock: VirtualLock) -> None:
        """Give back the memory it was made with."""
        if lock.node.runtime is not None:
            lock_of(lock.node).register.limits = lock.model.limits
            _show(lock, lock.model.limits)

    def started(self, lock: VirtualLock) -> None:
        """Its people are there now."""
        self._shrink(lock)

    def _shrink(self, lock: VirtualLock) -> None:
        register = lock_of(lock.node).register
        limits = _shrunk(register, lock.model.limits, self._users)
        register.limits = limits
        _show(lock, limits)


class PowerCutAtWrite(Fault):
    """The worst moment."""

    name = "power-cut-at-write"
    what = "the power goes at the Nth write to its storage from now on: before it is durable, or after"
    takes = "N[,before|,after]"
    default = "1,after"

    def __init__(self, value: str | None = None) -> None:
        super().__init__(value)
        number, _, moment = self.value.partition(",")
        if moment not in ("", "before", "after"):
            raise Misuse(f"a power cut comes before or after a write, not {moment}")
        if not number.isdecimal() or not 1 <= int(number) <= 1_000_000:
            raise Misuse(f"{number} is no number of a write")
        self._is_after = moment != "before"
        self._left = int(number)
        self._lock: VirtualLock | None = None

    def begin(self, lock: VirtualLock) -> None:
        """Count from now on."""
        self._lock = lock
        lock.seams.writing.append(self._written)

    def end(self, lock: VirtualLock) -> None:
        """Count no more."""
        lock.seams.writing.remove(self._written)

    def _written(self, is_done: bool) -> None:
        if is_done is not self._is_after or self._lock is None:
            return
        self._left -= 1
        if self._left == 0:
            self._lock.cut_power()


def _shrunk(register: Register, limits: Limits, users: int) -> Limits:
    """Limits with no more room than the register needs for what is in it, and for `users` users."""
    indexes = [user.index for user in register.users()]
    kinds: dict[CredentialKind, int] = {
        kind: min(count, max((credential.index for credential in register.credentials(kind)), default=0) or users)
        for kind, count in limits.kinds.items()
        if kind is not CredentialKind.PROGRAMMING_PIN
    }
    if CredentialKind.PROGRAMMING_PIN in limits.kinds:
        kinds[CredentialKind.PROGRAMMING_PIN] = limits.kinds[CredentialKind.PROGRAMMING_PIN]
    return replace(
        limits,
        users=min(limits.users, max(users, *indexes, 0) if indexes else users),
        credentials_per_user=max((len(user.credentials) for user in register.users()), default=1) or 1,
        kinds=MappingProxyType(kinds),
    )


def _show(lock: VirtualLock, limits: Limits) -> None:
    """The cluster says how much room there is."""
    state = lock_of(lock.node).state
    names = {attribute.name for attribute in state.supported_attributes.values()}
    values = {
        "number_of_total_users_supported": limits.users,
        "number_of_pin_users_supported": limits.kinds.get(CredentialKind.PIN, 0),
        "number_of_rfid_users_supported": limits.kinds.get(CredentialKind.RFID, 0),
        "number_of_credentials_supported_per_user": limits.credentials_per_user,
    }
    with lock.node.turn():
        for name, value in values.items():
            if name in names:
                setattr(state, name, value)
