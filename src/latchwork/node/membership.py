"""The fabrics this node belongs to, and everything that comes and goes with a fabric.

Stands in node, on trust; knows no cluster. Whatever is stored for a fabric has a key below `f/<index>/`, so a fabric's end is one prefix.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from latchwork.base.ids import FabricIndex
from latchwork.matter.tlv.schema import U8, U16, U32, U64, Struct, Tag
from latchwork.matter.trust.access import AccessEntry, AccessList, AccessTarget, AuthMode, Privilege
from latchwork.matter.trust.fabric import Fabric, FabricTable
from latchwork.node.groups import FabricGroups

if TYPE_CHECKING:
    from latchwork.node.persistence import Ledger

LAST_INDEX = "fabrics/last"


class StoredTarget(Struct):
    """One target of an access control entry as stored."""

    cluster: Annotated[U32 | None, Tag(0)] = None
    endpoint: Annotated[U16 | None, Tag(1)] = None
    device_type: Annotated[U32 | None, Tag(2)] = None


class StoredEntry(Struct):
    """One access control entry as stored."""

    privilege: Annotated[U8, Tag(1)]
    auth_mode: Annotated[U8, Tag(2)]
    subjects: Annotated[tuple[U64, ...] | None, Tag(3)] = None
    targets: Annotated[tuple[StoredTarget, ...] | None, Tag(4)] = None


class StoredAccess(Struct):
    """The access control list of one fabric as stored."""

    entries: Annotated[tuple[StoredEntry, ...], Tag(0)]


class VendorStatement(Struct):
    """What a fabric's administrator proves its vendor id with (Core 6.4.10)."""

    statement: Annotated[bytes, Tag(0)] = b""
    signer: Annotated[bytes, Tag(1)] = b""


NO_STATEMENT = VendorStatement()


class Membership:
    """The node's fabrics with their access control lists, groups and vendor statements, in memory and in the ledger.

    Attributes:
        fabrics: by index.
        access: the access control lists of all of them.
    """

    __slots__ = ("_extensions", "_groups", "_ledger", "_statements", "access", "fabrics")

    def __init__(self, ledger: Ledger, capacity: int) -> None:
        self._ledger = ledger
        self.fabrics = FabricTable(capacity)
        self.access = AccessList()
        self._groups: dict[int, FabricGroups] = {}
        self._extensions: dict[int, bytes] = {}
        self._statements: dict[int, VendorStatement] = {}

    def load(self) -> None:
        """Takes everything from the ledger, at start."""
        for key in self._ledger.keys("f/"):
            self.reload(key, self._ledger.get(key))
        last = self._ledger.get(LAST_INDEX)
        self.fabrics.last_index = FabricIndex(last[0] if last else 0)

    def reload(self, key: str, value: bytes | None) -> None:
        """Makes memory say again what the ledger says about one key of a fabric."""
        _, number, what = key.split("/", 2)
        index = FabricIndex(int(number))
        if what == "fabric":
            # The index given last stays what it was: putting a fabric back is not joining one.
            last = self.fabrics.last_index
            self.fabrics.remove(index)
            if value is not None:
                self.fabrics.add(Fabric.decode(value))
            self.fabrics.last_index = last
        elif what == "acl":
            self.access.replace(index, _entries(index, value))
        elif what == "extension":
            self._extensions.pop(index, None)
            if value is not None:
                self._extensions[index] = value
        elif what == "groups":
            self._groups.pop(index, None)
            if value is not None:
                self._groups[index] = FabricGroups.decode(value)
        elif what == "vid":
            self._statements.pop(index, None)
            if value is not None:
                self._statements[index] = VendorStatement.decode(value)

    def add(self, fabric: Fabric) -> None:
        """Joins a fabric; its index is never given to the next one."""
        self.fabrics.add(fabric)
        with self._ledger.turn():
            self._ledger.put(LAST_INDEX, bytes([fabric.index]))
            self._ledger.put(f"f/{fabric.index}/fabric", fabric.encode())

    def replace(self, fabric: Fabric) -> None:
        """Changes a fabric that is there: new credentials, label, keys."""
        self.fabrics.replace(fabric)
        self._ledger.put(f"f/{fabric.index}/fabric", fabric.encode())

    def remove(self, index: int) -> None:
        """Leaves a fabric with everything that came with it."""
        self.fabrics.remove(FabricIndex(index))
        self.access.replace(index, ())
        self._groups.pop(index, None)
        self._statements.pop(index, None)
        self._extensions.pop(index, None)
        self._ledger.erase(f"f/{index}/")

    def set_entries(self, index: int, entries: tuple[AccessEntry, ...]) -> None:
        """Replaces a fabric's access control list."""
        self.access.replace(index, entries)
        stored = tuple(
            StoredEntry(
                privilege=int(entry.privilege),
                auth_mode=int(entry.auth_mode),
                subjects=entry.subjects,
                targets=None
                if entry.targets is None
                else tuple(
                    StoredTarget(cluster=t.cluster, endpoint=t.endpoint, device_type=t.device_type)
                    for t in entry.targets
                ),
            )
            for entry in entries
        )
        self._ledger.put(f"f/{index}/acl", StoredAccess(entries=stored).encode() if stored else None)

    def extension(self, index: int) -> bytes | None:
        """What the fabric's administrators keep beside the access control list, opaque to the node (Core 9.10.6.7)."""
        return self._extensions.get(index)

    def set_extension(self, index: int, data: bytes | None) -> None:
        """Replaces it; None forgets it."""
        self._extensions.pop(index, None)
        if data is not None:
            self._extensions[index] = data
        self._ledger.put(f"f/{index}/extension", data)

    def groups(self, index: int) -> FabricGroups:
        """A fabric's groups, to read; call `groups_changed` after changing them."""
        found = self._groups.get(index)
        if found is None:
            found = self._groups[index] = FabricGroups()
        return found

    def groups_changed(self, index: int) -> None:
        """Stores a fabric's groups."""
        groups = self._groups.get(index)
        self._ledger.put(f"f/{index}/groups", groups.encode() if groups else None)

    def statement(self, index: int) -> VendorStatement:
        """What the fabric's administrator left to prove its vendor id."""
        return self._statements.get(index, NO_STATEMENT)

    def set_statement(self, index: int, statement: VendorStatement) -> None:
        """Replaces it."""
        if statement == NO_STATEMENT:
            self._statements.pop(index, None)
            self._ledger.put(f"f/{index}/vid", None)
        else:
            self._statements[index] = statement
            self._ledger.put(f"f/{index}/vid", statement.encode())


def _entries(index: int, data: bytes | None) -> tuple[AccessEntry, ...]:
    if data is None:
        return ()
    return tuple(
        AccessEntry(
            fabric_index=index,
            privilege=Privilege(entry.privilege),
            auth_mode=AuthMode(entry.auth_mode),
            subjects=entry.subjects,
            targets=None
            if entry.targets is None
            else tuple(AccessTarget(t.cluster, t.endpoint, t.device_type) for t in entry.targets),
        )
        for entry in StoredAccess.decode(data).entries
    )
