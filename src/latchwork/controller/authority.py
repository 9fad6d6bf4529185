"""A fabric's authority: the root that issues every certificate on it (Core 6.4, 6.5).

Controller storey; keeps its secrets in a store, and never prints them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Final

from latchwork.base.clock import MATTER_EPOCH_S, Clock
from latchwork.base.logs import Secret
from latchwork.matter.crypto.keys import KeyPair, PublicKey
from latchwork.matter.tlv.schema import U64, Hidden, Len, Struct, Tag
from latchwork.matter.trust.certificates import Certificate
from latchwork.matter.trust.fabric import Fabric
from latchwork.matter.trust.groups import EpochKey, GroupKeySet
from latchwork.matter.trust.issuing import SERIAL_LENGTH, issue_node, issue_root, serial_number
from latchwork.store.kv import Store

VENDOR_ID: Final = 0xFFF1
_DAY: Final = 86_400
_KEY: Final = "authority"
FABRIC_INDEX: Final = 1
"""Our own fabric's index in our own table: a controller has one fabric."""


class _Stored(Struct):
    key: Annotated[bytes, Tag(1), Len(32), Hidden]
    root: Annotated[bytes, Tag(2)]
    fabric_id: Annotated[U64, Tag(3)]
    ipk: Annotated[bytes, Tag(4), Len(16), Hidden]


@dataclass(frozen=True, slots=True)
class Authority:
    """The root of one fabric.

    Attributes:
        key: signs everything.
        root: its certificate.
        fabric_id: 64-bit.
        ipk: the identity protection key's epoch key, 16 octets.
    """

    key: KeyPair = field(repr=False)
    root: Certificate
    fabric_id: int
    ipk: Secret
    _entropy: Callable[[int], bytes] = field(repr=False)
    _clock: Clock = field(repr=False)

    @classmethod
    def open(cls, store: Store, *, entropy: Callable[[int], bytes], clock: Clock) -> Authority:
        """The authority of a store, made anew when there is none.

        Raises:
            StoreError: the store cannot be read or written.
            TlvError: what is stored is damaged.
        """
        kept = store.get(_KEY)
        if kept is not None:
            stored = _Stored.decode(kept)
            root = Certificate.from_tlv(stored.root)
            return cls(KeyPair.from_scalar(stored.key), root, stored.fabric_id, Secret(stored.ipk), entropy, clock)
        key = KeyPair.generate(entropy)
        fabric_id = int.from_bytes(entropy(8), "big") or 1
        root = issue_root(
            key,
            int.from_bytes(entropy(8), "big") or 1,
            serial=serial_number(entropy(SERIAL_LENGTH)),
            not_before=_yesterday(clock),
        )
        ipk = Secret(entropy(16))
        stored = _Stored(key=key.scalar, root=root.to_tlv(), fabric_id=fabric_id, ipk=ipk)
        store.apply({_KEY: stored.encode()})
        return cls(key, root, fabric_id, ipk, entropy, clock)

    def issue(self, public_key: PublicKey, node_id: int, *, cats: tuple[int, ...] = ()) -> Certificate:
        """A node's certificate on this fabric, valid from yesterday, because clocks differ."""
        return issue_node(
            self.key,
            self.root,
            public_key,
            node_id=node_id,
            fabric_id=self.fabric_id,
            serial=serial_number(self._entropy(SERIAL_LENGTH)),
            not_before=_yesterday(self._clock),
            cats=cats,
        )

    @property
    def key_set(self) -> GroupKeySet:
        """The identity protection key as a key set."""
        return GroupKeySet(0, 0, (EpochKey(self.ipk, 0),))

    def join(self, node_id: int, *, label: str) -> Fabric:
        """Our own membership, as the node that administers the fabric."""
        key = KeyPair.generate(self._entropy)
        return Fabric.create(
            index=FABRIC_INDEX,
            root=self.root.to_tlv(),
            noc=self.issue(key.public, node_id).to_tlv(),
            icac=None,
            key=key,
            vendor_id=VENDOR_ID,
            label=label,
            ipk=self.key_set,
        )


def _yesterday(clock: Clock) -> int:
    return max(0, int(clock.utc()) - MATTER_EPOCH_S - _DAY)
