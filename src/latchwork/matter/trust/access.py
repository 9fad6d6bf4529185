"""Who may do what: access control entries and the decision over them (Core 6.6).

Pure; knows no session and no cluster by name. `AccessList.allows` is asked for every path of every request and remembers its answers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from latchwork.base.errors import Misuse
from latchwork.matter.tlv.schema import OpenEnum

MAX_ENTRIES: Final = 8
"""AccessControlEntriesPerFabric; the specification asks for 4 (Core 9.10.6.5)."""
MAX_SUBJECTS: Final = 4
"""SubjectsPerAccessControlEntry (Core 9.10.6.3)."""
MAX_TARGETS: Final = 3
"""TargetsPerAccessControlEntry (Core 9.10.6.4)."""
_CACHE: Final = 4096
"""Decisions remembered; a peer cannot make them more than nodes times clusters, this bounds that."""

_CAT: Final = 0xFFFF_FFFD_0000_0000
_LAST_NODE: Final = 0xFFFF_FFEF_FFFF_FFFF


class Privilege(OpenEnum):
    """What an entry grants (Core 6.6.2.1)."""

    VIEW = 1
    PROXY_VIEW = 2
    OPERATE = 3
    MANAGE = 4
    ADMINISTER = 5


class AuthMode(OpenEnum):
    """How a subject proved who it is (Core 6.6.2.2)."""

    PASE = 1
    CASE = 2
    GROUP = 3


_GRANTS: Final[dict[int, frozenset[int]]] = {
    Privilege.VIEW: frozenset({1}),
    Privilege.PROXY_VIEW: frozenset({1, 2}),
    Privilege.OPERATE: frozenset({1, 3}),
    Privilege.MANAGE: frozenset({1, 3, 4}),
    Privilege.ADMINISTER: frozenset({1, 2, 3, 4, 5}),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """Who asks.

    Attributes:
        auth_mode: how they proved it; None is the node itself, to whom everything is allowed.
        fabric_index: the fabric they act on; 0 is none.
        node_id: 64-bit, for CASE and for a group's sender.
        cats: 32-bit CASE authenticated tags of their certificate.
        group_id: for a group.
        is_commissioning: a PASE session: administers implicitly (Core 6.6.2.8).
    """

    auth_mode: AuthMode | None
    fabric_index: int
    node_id: int = 0
    cats: tuple[int, ...] = ()
    group_id: int | None = None
    is_commissioning: bool = False
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # A subject lives as long as its session and is looked up for every path: hash it once.
        parts = (self.auth_mode, self.fabric_index, self.node_id, self.cats, self.group_id, self.is_commissioning)
        object.__setattr__(self, "_hash", hash(parts))

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True, slots=True)
class AccessTarget:
    """Where an entry applies: every part that is given must match."""

    cluster: int | None = None
    endpoint: int | None = None
    device_type: int | None = None


@dataclass(frozen=True, slots=True)
class AccessEntry:
    """One entry of a fabric's list.

    Attributes:
        fabric_index: whose list.
        privilege: what is granted.
        auth_mode: to subjects that authenticated so.
        subjects: node ids, tags (0xFFFFFFFD in the upper half) or group ids; None means all.
        targets: where; None means everywhere.
    """

    fabric_index: int
    privilege: Privilege
    auth_mode: AuthMode
    subjects: tuple[int, ...] | None = None
    targets: tuple[AccessTarget, ...] | None = None


class AccessList:
    """The entries of all fabrics."""

    __slots__ = ("_cache", "_entries")

    def __init__(self) -> None:
        self._entries: dict[int, tuple[AccessEntry, ...]] = {}
        self._cache: dict[tuple[Subject, int, int, int], bool] = {}

    def entries(self, fabric_index: int) -> tuple[AccessEntry, ...]:
        """A fabric's entries, in order."""
        return self._entries.get(fabric_index, ())

    def replace(self, fabric_index: int, entries: Sequence[AccessEntry]) -> None:
        """Replace a fabric's entries; none forgets it."""
        if entries:
            self._entries[fabric_index] = tuple(entries)
        else:
            self._entries.pop(fabric_index, None)
        self._cache.clear()

    def add(self, entry: AccessEntry) -> None:
        """Append an entry to its fabric's list."""
        self.replace(entry.fabric_index, (*self.entries(entry.fabric_index), entry))

    def allows(
        self, subject: Subject, privilege: int, endpoint: int, cluster: int, device_types: Collection[int] = ()
    ) -> bool:
        """Whether the subject has the privilege on a cluster of an endpoint.

        Args:
            subject: who asks.
            privilege: what they need, see `Privilege`.
            endpoint: where.
            cluster: on what.
            device_types: of the endpoint, for entries that name one; must not change for an endpoint.
        """
        key = (subject, privilege, endpoint, cluster)
        known = self._cache.get(key)
        if known is not None:
            return known
        if len(self._cache) >= _CACHE:
            self._cache.clear()
        answer = self._cache[key] = self._decide(subject, privilege, endpoint, cluster, device_types)
        return answer

    def privileges_for(
        self, subject: Subject, endpoint: int, cluster: int, device_types: Collection[int] = ()
    ) -> frozenset[int]:
        """Every privilege that the subject has on a cluster."""
        return frozenset(
            privilege for privilege in _GRANTS if self.allows(subject, privilege, endpoint, cluster, device_types)
        )

    def _decide(
        self, subject: Subject, privilege: int, endpoint: int, cluster: int, device_types: Collection[int]
    ) -> bool:
        if subject.auth_mode is None or (subject.auth_mode is AuthMode.PASE and subject.is_commissioning):
            return True
        if not subject.fabric_index:
            return False
        return any(
            entry.auth_mode is subject.auth_mode
            and privilege in _GRANTS.get(entry.privilege, ())
            and _names(entry, subject)
            and _covers(entry, endpoint, cluster, device_types)
            for entry in self.entries(subject.fabric_index)
        )


def _names(entry: AccessEntry, subject: Subject) -> bool:
    if not entry.subjects:
        return True
    if subject.auth_mode is AuthMode.GROUP:
        return subject.group_id in entry.subjects
    return any(
        listed == subject.node_id or (is_cat_subject(listed) and _has_tag(listed & 0xFFFF_FFFF, subject.cats))
        for listed in entry.subjects
    )


def _has_tag(wanted: int, cats: Iterable[int]) -> bool:
    """Same identifier and at least the version (Core 6.6.2.1.2)."""
    return any(cat >> 16 == wanted >> 16 and cat & 0xFFFF >= wanted & 0xFFFF for cat in cats)


def _covers(entry: AccessEntry, endpoint: int, cluster: int, device_types: Collection[int]) -> bool:
    if not entry.targets:
        return True
    return any(
        (target.cluster is None or target.cluster == cluster)
        and (target.endpoint is None or target.endpoint == endpoint)
        and (target.device_type is None or target.device_type in device_types)
        for target in entry.targets
    )


def is_cat_subject(subject: int) -> bool:
    """Whether a subject is a CASE authenticated tag, with a version that is not 0 (Core 2.5.5.5)."""
    return subject & 0xFFFF_FFFF_0000_0000 == _CAT and subject & 0xFFFF != 0


def is_operational_node_id(node_id: int) -> bool:
    """Whether a node id may be a certificate's (Core 2.5.5.1)."""
    return 1 <= node_id <= _LAST_NODE


def is_application_group_id(group_id: int) -> bool:
    """Whether a group id may be given by an administrator, or is a universal one (Core 2.5.4)."""
    return 1 <= group_id <= 0xFFFF


def check_entry(entry: AccessEntry) -> None:
    """Check what an administrator wants to write (Core 9.10.5.6).

    Raises:
        Misuse: the entry is not allowed, with the reason; a server answers CONSTRAINT_ERROR.
    """
    if not entry.privilege.is_known:
        raise Misuse(f"privilege {int(entry.privilege)} does not exist")
    if not entry.auth_mode.is_known:
        raise Misuse(f"authentication mode {int(entry.auth_mode)} does not exist")
    if entry.auth_mode is AuthMode.PASE:
        raise Misuse("an entry for PASE is not allowed: a commissioner administers implicitly")
    if entry.auth_mode is AuthMode.GROUP and entry.privilege is Privilege.ADMINISTER:
        raise Misuse("a group cannot administer")
    _check_subjects(entry)
    _check_targets(entry)


def _check_subjects(entry: AccessEntry) -> None:
    subjects = entry.subjects or ()
    if len(subjects) > MAX_SUBJECTS:
        raise Misuse(f"more than {MAX_SUBJECTS} subjects")
    for subject in subjects:
        if entry.auth_mode is AuthMode.GROUP:
            fits = is_application_group_id(subject)
        else:
            fits = is_operational_node_id(subject) or is_cat_subject(subject)
        if not fits:
            raise Misuse(f"subject 0x{subject:X} does not fit the authentication mode")


def _check_targets(entry: AccessEntry) -> None:
    targets = entry.targets or ()
    if len(targets) > MAX_TARGETS:
        raise Misuse(f"more than {MAX_TARGETS} targets")
    for target in targets:
        if target.cluster is None and target.endpoint is None and target.device_type is None:
            raise Misuse("a target names nothing")
        if target.endpoint is not None and target.device_type is not None:
            raise Misuse("a target names both an endpoint and a device type")
        if target.cluster is not None and not _is_cluster(target.cluster):
            raise Misuse(f"cluster 0x{target.cluster:X} cannot exist")
        if target.endpoint is not None and target.endpoint > 0xFFFE:
            raise Misuse(f"endpoint {target.endpoint} cannot exist")
        if target.device_type is not None and not _is_device_type(target.device_type):
            raise Misuse(f"device type 0x{target.device_type:X} cannot exist")


def _is_cluster(number: int) -> bool:
    prefix, suffix = number >> 16, number & 0xFFFF
    return suffix <= 0x7FFF if prefix == 0 else prefix <= 0xFFF4 and 0xFC00 <= suffix <= 0xFFFE


def _is_device_type(number: int) -> bool:
    return number >> 16 <= 0xFFF4 and number & 0xFFFF <= 0xBFFF
