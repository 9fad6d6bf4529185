"""A lock's own word on who is on it and whether it is open for others: read in one question, never remembered.

Layer hub, on controller. Core 11.18.5 (fabrics), 11.19.7 (the window) and 11.10.6.1 (whether a commissioner is at work).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from latchwork.base.errors import Unsupported
from latchwork.controller import Peer
from latchwork.hub.journal.who import Fabric, clean
from latchwork.hub.status import fabric_of
from latchwork.matter.interaction.client import AttributeQuery
from latchwork.matter.interaction.values import AttributeValue
from latchwork.matter.model.clusters.administrator_commissioning import AdministratorCommissioning
from latchwork.matter.model.clusters.general_commissioning import GeneralCommissioning
from latchwork.matter.model.clusters.operational_credentials import FabricDescriptorStruct, OperationalCredentials
from latchwork.matter.model.meta import Attribute

_ASKED: Final[tuple[tuple[int, Attribute[Any]], ...]] = (
    (AdministratorCommissioning.id, AdministratorCommissioning.window_status),
    (AdministratorCommissioning.id, AdministratorCommissioning.admin_fabric_index),
    (AdministratorCommissioning.id, AdministratorCommissioning.admin_vendor_id),
    (OperationalCredentials.id, OperationalCredentials.fabrics),
    (OperationalCredentials.id, OperationalCredentials.supported_fabrics),
    (OperationalCredentials.id, OperationalCredentials.commissioned_fabrics),
    (OperationalCredentials.id, OperationalCredentials.current_fabric_index),
    (GeneralCommissioning.id, GeneralCommissioning.breadcrumb),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnLock:
    """An ecosystem on a lock.

    Attributes:
        index: the lock's number for it.
        vendor: its maker's name; where that is not known, the maker's number.
        label: as its owner called it, or empty.
        node_id: the lock's number in it.
        fabric_id: its own number.
        vendor_id: its maker's number.
        is_ours: it is this hub.
    """

    index: int
    vendor: str
    label: str
    node_id: int
    fabric_id: int
    vendor_id: int
    is_ours: bool

    @property
    def name(self) -> str:
        """Vendor and label, as `Apple (Home)`."""
        return clean(f"{self.vendor} ({self.label})" if self.label else self.vendor)

    @property
    def mark(self) -> str:
        """The same for the same ecosystem as long as it stays on the lock."""
        return f"{self.index}:{self.fabric_id:016X}:{self.vendor_id:04X}"

    def is_called(self, name: str) -> bool:
        """Whether somebody who says this name means it, as it is listed."""
        return bool(name.strip()) and name.strip() in {self.vendor, self.label, self.name}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a lock says.

    Attributes:
        is_open: whether others can join.
        opener_index, opener_vendor: of whoever opened it; None where the lock does not say.
        fabrics: who is on it, by index.
        supported: how many may be.
        commissioned: how many are.
        own_index: this hub's.
        is_joining: a commissioner is at work.
    """

    is_open: bool
    opener_index: int | None
    opener_vendor: int | None
    fabrics: tuple[OnLock, ...]
    supported: int
    commissioned: int
    own_index: int
    is_joining: bool

    @property
    def free(self) -> int:
        """Places for others."""
        return max(0, self.supported - max(self.commissioned, len(self.fabrics)))

    @property
    def is_open_by_us(self) -> bool:
        """Whether this hub's fabric opened it."""
        return self.is_open and self.opener_index is not None and self.opener_index == self.own_index

    @property
    def opened_by(self) -> str:
        """Who opened it, by name; the number where we have no name for it."""
        for each in self.fabrics:
            if each.index == self.opener_index:
                return each.name
        if self.opener_vendor is not None:
            return _vendor(self.opener_vendor).name
        return "somebody whom the lock does not name"


async def read_window(peer: Peer, own_root_key: bytes) -> Reading:
    """Ask the lock.

    Args:
        peer: the lock's node.
        own_root_key: public key of our fabric's root: a second way to know ourselves, beside the lock's word.

    Raises:
        Unsupported: it does not say who is on it, or who may join.
        LatchworkError: no answer.
    """
    queries = [AttributeQuery(0, cluster, attribute.id) for cluster, attribute in _ASKED]
    entries = await peer.read(*queries, fabric_filtered=False)
    said = {
        (each.cluster, each.attribute): each.value
        for each in entries
        if isinstance(each, AttributeValue) and each.is_typed
    }

    def get(cluster: type[Any], attribute: Attribute[Any]) -> Any:
        return said.get((cluster.id, attribute.id))

    descriptors = get(OperationalCredentials, OperationalCredentials.fabrics)
    status = get(AdministratorCommissioning, AdministratorCommissioning.window_status)
    own_index = get(OperationalCredentials, OperationalCredentials.current_fabric_index)
    if descriptors is None or status is None or not own_index:
        raise Unsupported("this lock does not say who is on it and whether others can join")
    fabrics = tuple(_on_lock(descriptors, own_index, own_root_key))
    return Reading(
        is_open=int(status) != 0,
        opener_index=get(AdministratorCommissioning, AdministratorCommissioning.admin_fabric_index),
        opener_vendor=get(AdministratorCommissioning, AdministratorCommissioning.admin_vendor_id),
        fabrics=fabrics,
        supported=get(OperationalCredentials, OperationalCredentials.supported_fabrics) or len(fabrics),
        commissioned=get(OperationalCredentials, OperationalCredentials.commissioned_fabrics) or len(fabrics),
        own_index=own_index,
        is_joining=bool(get(GeneralCommissioning, GeneralCommissioning.breadcrumb)),
    )


def _on_lock(descriptors: Iterable[FabricDescriptorStruct], own_index: int, own_root_key: bytes) -> Iterable[OnLock]:
    for each in sorted(descriptors, key=lambda descriptor: descriptor.fabric_index or 0):
        if each.fabric_index is None:
            continue
        fabric = fabric_of(each)
        yield OnLock(
            index=each.fabric_index,
            vendor=fabric.vendor or f"vendor {each.vendor_id:04X}",
            label=clean(each.label),
            node_id=each.node_id,
            fabric_id=each.fabric_id,
            vendor_id=each.vendor_id,
            is_ours=each.fabric_index == own_index or each.root_public_key == own_root_key,
        )


def _vendor(vendor_id: int) -> Fabric:
    """An ecosystem that is not on the lock any more, by its maker."""
    nobody = FabricDescriptorStruct(
        root_public_key=bytes(65), vendor_id=vendor_id, fabric_id=0, node_id=0, label="", fabric_index=None
    )
    return fabric_of(nobody)
