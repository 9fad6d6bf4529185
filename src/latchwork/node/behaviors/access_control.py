"""Access Control: who may do what on this node (Core 9.10).

Stands in node; the lists are the membership's, the rules are `trust.access`'s, this is their face and their journal of events.
"""

from __future__ import annotations

from latchwork.base.errors import Misuse
from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.access_control import (
    AccessControl,
    AccessControlEntryAuthModeEnum,
    AccessControlEntryChanged,
    AccessControlEntryPrivilegeEnum,
    AccessControlEntryStruct,
    AccessControlExtensionChanged,
    AccessControlExtensionStruct,
    AccessControlTargetStruct,
    ChangeTypeEnum,
)
from latchwork.matter.tlv.elements import ProfileTag, TlvError, TlvList, decode_tagged
from latchwork.matter.trust.access import AccessEntry, AccessTarget, AuthMode, Privilege, Subject, check_entry
from latchwork.node.behavior import Behavior

SUBJECTS_PER_ENTRY = 4
TARGETS_PER_ENTRY = 3
ENTRIES_PER_FABRIC = 4
MAX_EXTENSION = 128


class AccessControlBehavior(Behavior):
    """The access control lists of all fabrics."""

    __slots__ = ()

    cluster = AccessControl

    def read_acl(self, _context: RequestContext) -> tuple[AccessControlEntryStruct, ...]:
        """The entries of all fabrics."""
        access = self.node.access
        return tuple(to_wire(entry) for fabric in self.node.fabrics for entry in access.entries(fabric.index))

    def write_acl(self, value: tuple[AccessControlEntryStruct, ...], context: RequestContext) -> None:
        """Replaces the accessing fabric's entries; all of them are valid, or nothing changes.

        `value` holds the entries of other fabrics too, as they were read.

        Raises:
            StatusError: an entry is not allowed, or there are too many.
        """
        index = context.subject.fabric_index
        mine = [entry for entry in value if entry.fabric_index == index]
        if len(mine) > ENTRIES_PER_FABRIC:
            raise StatusError(Status.RESOURCE_EXHAUSTED, f"a fabric has at most {ENTRIES_PER_FABRIC} entries")
        entries = tuple(self._checked(entry, index) for entry in mine)
        self.replace(entries, context.subject)

    def replace(self, entries: tuple[AccessEntry, ...], subject: Subject) -> None:
        """Makes `entries` the list of the subject's fabric and records what changed, entry by entry (Core 9.10.7.1)."""
        index = subject.fabric_index
        before = self.node.access.entries(index)
        self.node.members.set_entries(index, entries)
        for position, entry in enumerate(entries):
            # An entry that is written again counts as changed, even to what it was: so do the SDK and its certification tests.
            kind = ChangeTypeEnum.CHANGED if position < len(before) else ChangeTypeEnum.ADDED
            self._record(kind, entry, subject)
        for entry in reversed(before[len(entries) :]):
            self._record(ChangeTypeEnum.REMOVED, entry, subject)
        self.touch(AccessControl.acl)

    def add_administrator(self, case_admin_subject: int, subject: Subject) -> None:
        """The first entry of a new fabric: its administrator may do everything (Core 11.18.6.8)."""
        entry = AccessEntry(
            fabric_index=subject.fabric_index,
            privilege=Privilege.ADMINISTER,
            auth_mode=AuthMode.CASE,
            subjects=(case_admin_subject,),
            targets=None,
        )
        self.replace((entry,), subject)

    def read_extension(self, _context: RequestContext) -> tuple[AccessControlExtensionStruct, ...]:
        """What administrators keep beside the lists, of all fabrics."""
        extension = self.node.members.extension
        return tuple(
            AccessControlExtensionStruct(data=data, fabric_index=fabric.index)
            for fabric in self.node.fabrics
            if (data := extension(fabric.index)) is not None
        )

    def write_extension(self, value: tuple[AccessControlExtensionStruct, ...], context: RequestContext) -> None:
        """Replaces the accessing fabric's extension: at most one, a TLV list of vendor-tagged elements (Core 9.10.6.7).

        Raises:
            StatusError: it is something else.
        """
        index = context.subject.fabric_index
        mine = [entry.data for entry in value if entry.fabric_index == index]
        if len(mine) > 1 or any(not _is_extension(data) for data in mine):
            raise StatusError(Status.CONSTRAINT_ERROR, "one list of vendor-tagged elements of at most 128 octets")
        before = self.node.members.extension(index)
        after = mine[0] if mine else None
        if before is None and after is None:
            return
        self.node.members.set_extension(index, after)
        kind = ChangeTypeEnum.REMOVED if after is None else ChangeTypeEnum.CHANGED
        is_case = context.subject.auth_mode is AuthMode.CASE
        changed = AccessControlExtensionChanged(
            admin_node_id=context.subject.node_id if is_case else None,
            admin_passcode_id=None if is_case else 0,
            change_type=ChangeTypeEnum.ADDED if before is None else kind,
            latest_value=AccessControlExtensionStruct(data=after or before or b"", fabric_index=index),
            fabric_index=index,
        )
        self.emit(AccessControl.access_control_extension_changed, changed, fabric_index=index)
        self.touch(AccessControl.extension)

    def fabric_removed(self, _fabric_index: int) -> None:
        """Another fabric's readers see the list get shorter."""
        self.touch(AccessControl.acl)

    def fail_safe_expired(self) -> None:
        """The list may be an older one again."""
        self.touch(AccessControl.acl)

    def _checked(self, wire: AccessControlEntryStruct, index: int) -> AccessEntry:
        if wire.subjects is not None and len(wire.subjects) > SUBJECTS_PER_ENTRY:
            raise StatusError(Status.RESOURCE_EXHAUSTED, f"an entry has at most {SUBJECTS_PER_ENTRY} subjects")
        if wire.targets is not None and len(wire.targets) > TARGETS_PER_ENTRY:
            raise StatusError(Status.RESOURCE_EXHAUSTED, f"an entry has at most {TARGETS_PER_ENTRY} targets")
        try:
            entry = from_wire(wire, index)
            check_entry(entry)
        except (Misuse, ValueError) as error:
            raise StatusError(Status.CONSTRAINT_ERROR, str(error)) from error
        return entry

    def _record(self, change: ChangeTypeEnum, entry: AccessEntry, subject: Subject) -> None:
        # Exactly one of the two says who it was: a node, or the passcode 0 of a commissioner (Core 9.10.9.1).
        is_case = subject.auth_mode is AuthMode.CASE
        changed = AccessControlEntryChanged(
            admin_node_id=subject.node_id if is_case else None,
            admin_passcode_id=None if is_case else 0,
            change_type=change,
            latest_value=to_wire(entry),
            fabric_index=subject.fabric_index,
        )
        self.emit(AccessControl.access_control_entry_changed, changed, fabric_index=subject.fabric_index)


def _is_extension(data: bytes) -> bool:
    if len(data) > MAX_EXTENSION:
        return False
    try:
        tag, elements, end = decode_tagged(data)
    except TlvError:
        return False
    is_list = tag is None and type(elements) is TlvList and end == len(data)
    return is_list and all(isinstance(tag, ProfileTag) for tag, _ in elements)


def to_wire(entry: AccessEntry) -> AccessControlEntryStruct:
    """An entry as the cluster shows it."""
    return AccessControlEntryStruct(
        privilege=AccessControlEntryPrivilegeEnum(int(entry.privilege)),
        auth_mode=AccessControlEntryAuthModeEnum(int(entry.auth_mode)),
        subjects=entry.subjects,
        targets=None
        if entry.targets is None
        else tuple(
            AccessControlTargetStruct(cluster=t.cluster, endpoint=t.endpoint, device_type=t.device_type)
            for t in entry.targets
        ),
        fabric_index=entry.fabric_index,
    )


def from_wire(entry: AccessControlEntryStruct, index: int) -> AccessEntry:
    """An entry as access control keeps it; empty lists mean the same as none (Core 9.10.5.6).

    Raises:
        ValueError: there is no such authentication mode.
    """
    return AccessEntry(
        fabric_index=index,
        privilege=Privilege(int(entry.privilege)),
        auth_mode=AuthMode(int(entry.auth_mode)),
        subjects=tuple(entry.subjects) if entry.subjects else None,
        targets=tuple(AccessTarget(t.cluster, t.endpoint, t.device_type) for t in entry.targets)
        if entry.targets
        else None,
    )
