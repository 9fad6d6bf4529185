"""What we put on a lock, by our own account: the only things on it that the hub may change or clear.

Layer hub, pure values; `repository` keeps them. Written before the command goes out and again after its answer, so that a crash in
between leaves a question and never a code that nobody knows of.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from latchwork.hub.house.entities import CredentialKind


class Proof(IntEnum):
    """How well we know that a lock holds what it should."""

    NONE = 0
    """Nothing is known yet: the command may or may not have arrived."""
    ACCEPTED = 1
    """The lock said yes."""
    OCCUPIED = 2
    """Read again: the place is taken, by the right user, made by us."""
    PROVED = 3
    """The lock itself showed that the value is the right one."""
    USED = 4
    """Somebody opened the door with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedUser:
    """A user of ours on a lock.

    Attributes:
        lock_id: which lock.
        key: the `DesiredUser` it is.
        index: its place.
        is_pending: a command about it is out, and its answer is not known.
    """

    lock_id: str
    key: str
    index: int
    is_pending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedCredential:
    """A credential of ours on a lock.

    Attributes:
        lock_id: which lock.
        credential_id: what.
        version: which secret of it.
        kind, index: its place.
        user_key: the `PlacedUser` it belongs to.
        proof: how well we know.
        proof_at: when each level was reached, UTC seconds since 1970, by the level's name.
        is_pending: a command about it is out, and its answer is not known.
    """

    lock_id: str
    credential_id: str
    version: int
    kind: CredentialKind
    index: int
    user_key: str
    proof: Proof = Proof.NONE
    proof_at: dict[str, float] = field(default_factory=dict)
    is_pending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Everything of ours on one lock."""

    users: tuple[PlacedUser, ...] = ()
    credentials: tuple[PlacedCredential, ...] = ()
