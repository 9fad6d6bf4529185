"""Fabrics: what a node is on one network of trust, and the table of them (Core 6.4.5, 11.18.4).

Pure values; storing them is the node's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Final

from latchwork.base.errors import Misuse
from latchwork.base.ids import FabricIndex
from latchwork.base.logs import Secret
from latchwork.matter.crypto.keys import KeyPair, PublicKey
from latchwork.matter.crypto.primitives import hkdf
from latchwork.matter.tlv.schema import U8, U16, U64, Hidden, Len, Struct, Tag
from latchwork.matter.trust.certificates import Certificate, CertificateError, verify_chain
from latchwork.matter.trust.groups import EpochKey, GroupKeySet, operational_keys

MIN_FABRICS: Final = 5
"""Fabrics that every node must hold (Core 11.18.5.3)."""
LAST_INDEX: Final = 254


class _StoredKey(Struct):
    key: Annotated[bytes, Tag(1), Len(16), Hidden]
    start_time_us: Annotated[U64, Tag(2)]


class _Stored(Struct):
    index: Annotated[U8, Tag(1)]
    root: Annotated[bytes, Tag(2)]
    noc: Annotated[bytes, Tag(3)]
    icac: Annotated[bytes | None, Tag(4)] = None
    key: Annotated[bytes, Tag(5), Len(32), Hidden]
    vendor_id: Annotated[U16, Tag(6)]
    label: Annotated[str, Tag(7)]
    ipk: Annotated[tuple[_StoredKey, ...], Tag(8), Len(1, 3)]


def compressed_fabric_id(root_public_key: PublicKey, fabric_id: int) -> bytes:
    """Eight octets that stand for a fabric in names and keys (Core 4.3.2.2)."""
    return hkdf(root_public_key.raw[1:], fabric_id.to_bytes(8, "big"), b"CompressedFabric", 8)


@dataclass(frozen=True)
class Fabric:
    """One node's membership in one fabric.

    Attributes:
        index: the fabric's place on this node.
        fabric_id, node_id: 64-bit, from the node's certificate.
        root, noc, icac: certificates in TLV.
        key: the node's operational key.
        vendor_id: of whoever administers it.
        label: what the administrator calls it.
        ipk: the identity protection key's set.
    """

    index: FabricIndex
    fabric_id: int
    node_id: int
    root: bytes = field(repr=False)
    noc: bytes = field(repr=False)
    icac: bytes | None = field(repr=False)
    key: KeyPair = field(repr=False)
    vendor_id: int
    label: str
    ipk: GroupKeySet = field(repr=False)

    @classmethod
    def create(
        cls,
        *,
        index: int,
        root: bytes,
        noc: bytes,
        icac: bytes | None,
        key: KeyPair,
        vendor_id: int,
        label: str,
        ipk: GroupKeySet,
        now: int | None = None,
    ) -> Fabric:
        """A fabric whose certificates belong together and to the key.

        Args:
            index: the fabric's place on this node.
            root: the root certificate, TLV.
            noc: the node's certificate, TLV.
            icac: the intermediate's, TLV, or None.
            key: the node's operational key.
            vendor_id: of the administrator.
            label: what the administrator calls the fabric.
            ipk: the identity protection key's set.
            now: seconds of the epoch 2000 for the certificates' validity, or None not to check it.

        Raises:
            CertificateError: they do not.
        """
        node = Certificate.from_tlv(noc)
        between = None if icac is None else Certificate.from_tlv(icac)
        verify_chain(node, between, Certificate.from_tlv(root), now=now)
        if node.public_key != key.public:
            raise CertificateError("the certificate is for another key")
        assert node.fabric_id is not None
        assert node.node_id is not None
        return cls(FabricIndex(index), node.fabric_id, node.node_id, root, noc, icac, key, vendor_id, label, ipk)

    @cached_property
    def root_public_key(self) -> PublicKey:
        """The root's key."""
        return Certificate.from_tlv(self.root).public_key

    @cached_property
    def compressed_id(self) -> bytes:
        """Eight octets that stand for the fabric."""
        return compressed_fabric_id(self.root_public_key, self.fabric_id)

    @cached_property
    def operational_ipk(self) -> tuple[Secret, ...]:
        """The operational keys of `ipk`, one for each epoch key; kept as long as the fabric and no longer."""
        return tuple(operational_keys(self.ipk, self.compressed_id))

    @property
    def cats(self) -> tuple[int, ...]:
        """Our own CASE authenticated tags."""
        return Certificate.from_tlv(self.noc).cats

    def encode(self) -> bytes:
        """For storage; contains the operational key."""
        return _Stored(
            index=self.index,
            root=self.root,
            noc=self.noc,
            icac=self.icac,
            key=self.key.scalar,
            vendor_id=self.vendor_id,
            label=self.label,
            ipk=tuple(_StoredKey(key=key.key, start_time_us=key.start_time_us) for key in self.ipk.epoch_keys),
        ).encode()

    @classmethod
    def decode(cls, data: bytes) -> Fabric:
        """From storage; what we stored is not verified again.

        Raises:
            TlvError: the octets are no fabric.
            CertificateError: its certificate is malformed.
        """
        stored = _Stored.decode(data)
        node = Certificate.from_tlv(stored.noc)
        if node.fabric_id is None or node.node_id is None:
            raise CertificateError("the stored certificate is no node's")
        keys = tuple(EpochKey(Secret(key.key), key.start_time_us) for key in stored.ipk)
        return cls(
            FabricIndex(stored.index),
            node.fabric_id,
            node.node_id,
            stored.root,
            stored.noc,
            stored.icac,
            KeyPair.from_scalar(stored.key),
            stored.vendor_id,
            stored.label,
            GroupKeySet(0, 0, keys),
        )


class FabricTable:
    """The fabrics of one node, by index.

    Attributes:
        capacity: how many there may be.
        last_index: the index given last: indices are not used again soon.
    """

    __slots__ = ("_fabrics", "capacity", "last_index")

    def __init__(self, capacity: int = 16) -> None:
        if not MIN_FABRICS <= capacity <= LAST_INDEX:
            raise Misuse(f"a node holds {MIN_FABRICS} to {LAST_INDEX} fabrics")
        self.capacity = capacity
        self.last_index = FabricIndex(0)
        self._fabrics: dict[int, Fabric] = {}

    def __iter__(self) -> Iterator[Fabric]:
        return iter(list(self._fabrics.values()))

    def __len__(self) -> int:
        return len(self._fabrics)

    def get(self, index: int) -> Fabric | None:
        """The fabric at an index."""
        return self._fabrics.get(index)

    def free_index(self) -> FabricIndex | None:
        """The index for the next fabric, or None when the table is full."""
        if len(self._fabrics) >= self.capacity:
            return None
        candidate = int(self.last_index)
        for _ in range(LAST_INDEX):
            candidate = candidate % LAST_INDEX + 1
            if candidate not in self._fabrics:
                return FabricIndex(candidate)
        return None

    def add(self, fabric: Fabric) -> None:
        """Join a fabric.

        Raises:
            Misuse: the index is taken, or the table is full.
        """
        if fabric.index in self._fabrics or len(self._fabrics) >= self.capacity:
            raise Misuse(f"fabric index {fabric.index} is taken or the table is full")
        # A fabric that comes back from the store has not been given an index now.
        is_next = fabric.index == self.free_index()
        self._fabrics[fabric.index] = fabric
        if is_next:
            self.last_index = fabric.index

    def replace(self, fabric: Fabric) -> None:
        """Change a fabric that is there.

        Raises:
            Misuse: it is not.
        """
        if fabric.index not in self._fabrics:
            raise Misuse(f"there is no fabric {fabric.index}")
        self._fabrics[fabric.index] = fabric

    def remove(self, index: int) -> None:
        """Leave a fabric; harmless when it is gone."""
        self._fabrics.pop(index, None)

    def find(self, root_public_key: PublicKey, fabric_id: int) -> Fabric | None:
        """The fabric with this root and id."""
        for fabric in self._fabrics.values():
            if fabric.fabric_id == fabric_id and fabric.root_public_key == root_public_key:
                return fabric
        return None
