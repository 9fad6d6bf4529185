"""How much of everything a lock can remember.

Layer doorlock: a plain value that comes from the lock's model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.users import CredentialRule, UserType


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Capacities of a lock's memory. The default remembers nobody.

    Attributes:
        users: how many; 0 is a lock without users.
        credentials_per_user: how many of all kinds together.
        kinds: how many credentials of each kind; a kind that is missing is not supported. The programming PIN counts 1.
        lengths: least and greatest number of octets of a credential, by kind.
        week_days_per_user: week-day schedules of a user.
        year_days_per_user: year-day schedules of a user.
        holidays: holiday schedules of the lock.
        rules: how many credentials users may be asked to show.
        user_types: kinds of user that the lock knows.
    """

    users: int = 0
    credentials_per_user: int = 0
    kinds: Mapping[CredentialKind, int] = field(default_factory=lambda: MappingProxyType({}))
    lengths: Mapping[CredentialKind, tuple[int, int]] = field(default_factory=lambda: MappingProxyType({}))
    week_days_per_user: int = 0
    year_days_per_user: int = 0
    holidays: int = 0
    rules: frozenset[CredentialRule] = frozenset({CredentialRule.SINGLE})
    user_types: frozenset[UserType] = frozenset(UserType)
