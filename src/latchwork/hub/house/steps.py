"""The steps of a plan: one command to one lock each, with the reason for it.

Layer hub, pure values. There is no step that clears everything, and none that names a place the hub did not fill itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from latchwork.hub.house.desired import DesiredCredential, DesiredUser, Trouble
from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.house.observed import WeekDay, YearDay


@dataclass(frozen=True, slots=True, kw_only=True)
class AddUser:
    """Make a user in a place that is known to be empty."""

    index: int
    user: DesiredUser
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeUser:
    """Bring name, number, type, status and the rule for credentials (a single one) of a user of ours in line.

    An empty name and the number 0 leave what the lock has.
    """

    index: int
    user: DesiredUser
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearUser:
    """Remove a user of ours with everything that it has."""

    index: int
    key: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCredential:
    """Put a credential on, or another secret in the place of an earlier one of ours.

    Attributes:
        index: the place.
        is_new: the place is known to be empty; otherwise it holds an earlier version.
    """

    kind: CredentialKind
    index: int
    is_new: bool
    user_index: int
    user_key: str
    credential: DesiredCredential
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearCredential:
    """Remove a credential of ours."""

    kind: CredentialKind
    index: int
    credential_id: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetWeekDay:
    """Write a week-day schedule of a user of ours."""

    user_index: int
    index: int
    schedule: WeekDay
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearWeekDay:
    """Remove a week-day schedule of a user of ours."""

    user_index: int
    index: int
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetYearDay:
    """Write a year-day schedule of a user of ours."""

    user_index: int
    index: int
    schedule: YearDay
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearYearDay:
    """Remove a year-day schedule of a user of ours."""

    user_index: int
    index: int
    because: str


Step = (
    AddUser
    | ChangeUser
    | ClearUser
    | SetCredential
    | ClearCredential
    | SetWeekDay
    | ClearWeekDay
    | SetYearDay
    | ClearYearDay
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do to one lock, in this order, and what stands in the way."""

    steps: tuple[Step, ...] = ()
    troubles: tuple[Trouble, ...] = ()
