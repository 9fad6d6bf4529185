"""What a site consists of: people, doors, locks, credentials and accesses, as plain values.

Layer hub, pure. `repository` keeps them; identifiers are opaque text that begins with what they name, such as `person_01h…`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from latchwork.hub.house.rules import Always, Rule


class CredentialKind(StrEnum):
    """What somebody shows to a lock."""

    PIN = "pin"
    RFID = "rfid"
    FINGERPRINT = "fingerprint"
    FACE = "face"
    ALIRO = "aliro"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One home or building.

    Attributes:
        name: as its people call it.
        time_zone: IANA name; all rules are meant in it.
        code_length: digits of a new code; None is as long as the chosen locks allow, at most 6.
        holidays: local dates, ISO 8601, on which rules with `is_off_on_holidays` do not hold.
        journal_days: days for which the journal is kept; None is for ever.
    """

    name: str = "Home"
    time_zone: str = "UTC"
    code_length: int | None = None
    holidays: tuple[str, ...] = ()
    journal_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may have access; exists once, whatever the number of doors.

    Attributes:
        id: opaque.
        name: in full.
        unique_id: 1 to 0xFFFFFFFE: UserUniqueID on every lock, so that locks can tell who is who when this database is lost.
        email, phone: where notices and codes may be sent; empty when not known.
        picture: name of a picture in the data folder, or empty: initials are drawn then.
        is_admin: may administer locks at the door; never removed by a bulk operation.
        created_at: UTC seconds since 1970.
        left_at: when the person moved out, or None. Kept, so that the journal keeps its names.
        version: counts the changes.
    """

    id: str
    name: str
    unique_id: int
    email: str = ""
    phone: str = ""
    picture: str = ""
    is_admin: bool = False
    created_at: float = 0.0
    left_at: float | None = None
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A place that people go through; has one lock now, may get another one later.

    Attributes:
        id: opaque.
        name: such as Front door.
        lock_id: the lock that is on it, or None.
        position: place in lists, from 0.
        created_at: UTC seconds since 1970.
        version: counts the changes.
    """

    id: str
    name: str
    lock_id: str | None = None
    position: int = 0
    created_at: float = 0.0
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """The device on a door.

    Attributes:
        id: opaque.
        node_id: on the hub's fabric.
        endpoint: where its Door Lock cluster is.
        fabric_index: the hub's fabric on this lock: who it is when the lock names a creator.
        vendor, product, serial, firmware: as it says of itself.
        vendor_id, product_id: numbers of its maker.
        added_at: UTC seconds since 1970.
        gone_at: when it was decommissioned or given up, or None.
    """

    id: str
    node_id: int
    endpoint: int = 1
    fabric_index: int = 0
    vendor: str = ""
    product: str = ""
    serial: str = ""
    firmware: str = ""
    vendor_id: int = 0
    product_id: int = 0
    added_at: float = 0.0
    gone_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """One credential of a person. Its secret is never here: `secrets` keeps it sealed and gives it out by id.

    Attributes:
        id: opaque and random: nothing of the secret can be told from it.
        person_id: whose.
        kind: what is shown.
        label: such as Blue card.
        length: digits or octets of the secret; 0 when there is none to be copied, as with a finger.
        lock_id: the one lock it lives on, for what cannot be copied; None for all.
        created_at: UTC seconds since 1970.
        version: counts the secrets it has had: a changed code is a new version of the same credential.
    """

    id: str
    person_id: str
    kind: CredentialKind = CredentialKind.PIN
    label: str = ""
    length: int = 0
    lock_id: str | None = None
    created_at: float = 0.0
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A promise: this person, these doors, these credentials, by this rule of time.

    Attributes:
        id: opaque.
        person_id: who.
        door_ids: where.
        credential_ids: with what; empty is with every credential of the person.
        rule: when.
        is_enabled: whether the promise stands.
        is_duress: opening by it raises the silent alarm.
        note: for people.
        origin: who made it: `account:<id>`, `calendar:<id>`, `guest`.
        created_at: UTC seconds since 1970.
        first_used_at: for rules that count from the first use, or None.
        version: counts the changes.
    """

    id: str
    person_id: str
    door_ids: tuple[str, ...]
    credential_ids: tuple[str, ...] = ()
    rule: Rule = field(default_factory=Always)
    is_enabled: bool = True
    is_duress: bool = False
    note: str = ""
    origin: str = ""
    created_at: float = 0.0
    first_used_at: float | None = None
    version: int = 1
