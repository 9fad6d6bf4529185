"""What the API's answers consist of, as the client gives them: dictionaries with these members.

Layer web; pure types. Times are RFC 3339 in UTC; what was not said is None.
"""

from __future__ import annotations

from typing import Any, TypedDict


class LockStatus(TypedDict):
    """How a lock stands; None is not said. Times are RFC 3339 in UTC."""

    lock_state: str | None
    door_state: str | None
    battery_percent: int | None
    battery_level: str | None
    mode: str | None
    is_reachable: bool
    why_unreachable: str
    since: str | None
    heard_at: str | None


class Door(TypedDict):
    """A place that people go through."""

    id: str
    name: str
    position: int
    lock_id: str | None
    status: LockStatus | None
    created_at: str
    version: int


class Person(TypedDict):
    """Somebody who may have access."""

    id: str
    name: str
    email: str
    phone: str
    is_admin: bool
    created_at: str
    left_at: str | None
    version: int


class Place(TypedDict):
    """How well is known that a lock holds a credential."""

    lock_id: str
    proof: str
    proof_at: dict[str, str]
    is_current: bool
    is_pending: bool


class Credential(TypedDict):
    """What somebody shows to a lock; never the secret."""

    id: str
    person_id: str
    kind: str
    label: str
    length: int
    lock_id: str | None
    created_at: str
    version: int
    places: list[Place]


class Access(TypedDict):
    """A promise, and in `locks` how far each lock is with it."""

    id: str
    person_id: str
    door_ids: list[str]
    credential_ids: list[str]
    rule: dict[str, Any]
    is_enabled: bool
    is_duress: bool
    note: str
    origin: str
    created_at: str
    first_used_at: str | None
    version: int
    locks: list[dict[str, Any]]


class Job(TypedDict):
    """Work in progress."""

    id: str
    kind: str
    state: str
    steps: list[str]
    result: dict[str, str]
    problem: dict[str, Any] | None
    started_at: str
    ended_at: str | None


class Event(TypedDict):
    """A live event; `reset` means that some were lost and everything is to be read again."""

    id: str
    kind: str
    data: dict[str, Any]


class Trouble(TypedDict):
    """One thing that is not as it should be."""

    code: str
    message: str
    advice: str
    person_id: str | None
    credential_id: str | None


class LockInSync(TypedDict):
    """How far a lock holds what it should."""

    lock_id: str
    door_id: str | None
    is_in_step: bool
    pending: int
    placed_users: int
    placed_credentials: int
    read_at: str | None
    errors: list[Trouble]
    warnings: list[Trouble]


class Site(TypedDict):
    """One home or building."""

    name: str
    time_zone: str
    code_length: int | None
    holidays: list[str]
