"""Roles of accounts and scopes of tokens: who may do what, in one table.

Layer web, pure. A role is a set of scopes; a token has some scopes of its account's role, never more. A guest's scopes hold for the
doors and hours of the guest's own accesses only: `visibility` sees to that.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Scope(StrEnum):
    """One thing that somebody may do."""

    SITE_READ = "site:read"
    """See the site's name, zone and holidays."""
    SITE_WRITE = "site:write"
    """Change them."""
    DOORS_READ = "doors:read"
    """See doors and how their locks stand."""
    DOORS_OPERATE = "doors:operate"
    """Lock and unlock."""
    DOORS_WRITE = "doors:write"
    """Make, rename and remove doors."""
    LOCKS_READ = "locks:read"
    """See what locks can do, hold and refuse, and how far they are in step."""
    LOCKS_WRITE = "locks:write"
    """Add, replace and remove locks, share them, and change their settings."""
    FOREIGN_WRITE = "foreign:write"
    """Adopt or clear what others put on a lock, and take other ecosystems off it: by the owner's word only."""
    PEOPLE_READ = "people:read"
    """See people, their accesses and which credentials they have; never a secret."""
    PEOPLE_WRITE = "people:write"
    """Change people, credentials and accesses."""
    CODES_OWN = "codes:own"
    """Read one's own codes back."""
    CODES_REVEAL = "codes:reveal"
    """Read anybody's codes back."""
    JOURNAL_READ = "journal:read"
    """Read, export and check the journal, and follow live events."""
    WEBHOOKS_WRITE = "webhooks:write"
    """Have events sent elsewhere."""
    ACCOUNTS_WRITE = "accounts:write"
    """Make, change and remove accounts, and see everybody's tokens."""
    METRICS_READ = "metrics:read"
    """Read the counters of this process."""


class Role(StrEnum):
    """What an account is."""

    OWNER = "owner"
    MANAGER = "manager"
    RESIDENT = "resident"
    GUEST = "guest"
    READ_ONLY = "read_only"


_READING: Final = frozenset(
    {Scope.SITE_READ, Scope.DOORS_READ, Scope.LOCKS_READ, Scope.PEOPLE_READ, Scope.JOURNAL_READ}
)

SCOPES: Final[Mapping[Role, frozenset[Scope]]] = {
    Role.OWNER: frozenset(Scope),
    Role.MANAGER: frozenset(Scope) - {Scope.SITE_WRITE, Scope.ACCOUNTS_WRITE, Scope.FOREIGN_WRITE},
    Role.RESIDENT: _READING | {Scope.DOORS_OPERATE, Scope.CODES_OWN},
    Role.GUEST: frozenset({Scope.SITE_READ, Scope.DOORS_READ, Scope.DOORS_OPERATE, Scope.CODES_OWN}),
    Role.READ_ONLY: _READING | {Scope.METRICS_READ},
}
"""What each role may do."""
