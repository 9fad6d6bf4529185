"""A controller: the administrator of one fabric.

Controller storey; owns its authority, its runtime and its peers, and keeps in a store what must survive a restart.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from latchwork.base.clock import Clock, SystemClock
from latchwork.base.errors import LatchworkError, Misuse, Refused
from latchwork.base.logs import log, logger
from latchwork.controller.authority import Authority
from latchwork.controller.check_in import CheckInClient
from latchwork.controller.commissioner import Commissioning
from latchwork.controller.peer import Peer, StoredPeer
from latchwork.controller.router import ReportRouter
from latchwork.controller.steps import OnStep, ignore_step
from latchwork.controller.trust import trust_store
from latchwork.matter.model.clusters.operational_credentials import (
    NodeOperationalCertStatusEnum,
    OperationalCredentials,
)
from latchwork.matter.onboarding import SetupPayload, parse
from latchwork.matter.trust.access import is_operational_node_id
from latchwork.matter.trust.attestation import AttestationResult, TrustStore
from latchwork.matter.trust.fabric import Fabric
from latchwork.stack.mdns_contract import Discovery
from latchwork.stack.runtime import Runtime
from latchwork.stack.tcp import TcpTransport
from latchwork.store.kv import Store

_log = logger(__name__)
OWN_NODE_ID: Final = 1
"""Our own node id; devices get the numbers above."""
_FABRIC, _PEERS, _NEXT = "fabric", "peer/", "next"
_LABEL: Final = "Latchwork"
MAX_LABEL: Final = 32
"""Octets of a fabric's label (Core 11.18.6.11)."""
FIND_TIMEOUT: Final = 30.0
"""Seconds that a device may take to be found."""


class Controller:
    """The administrator of a fabric.

    Attributes:
        authority: issues the fabric's certificates.
        fabric: our own membership.
        peers: commissioned nodes by node id.
        runtime, discovery: the network; closed with the controller.
        trust: whose attestation is accepted.
        router: finds the subscription of a report.
        check_ins: hears of devices that wake.
        tcp: for large messages, or None.
    """

    def __init__(
        self,
        *,
        store: Store,
        runtime: Runtime,
        discovery: Discovery,
        clock: Clock,
        entropy: Callable[[int], bytes],
        authority: Authority,
        fabric: Fabric,
        trust: TrustStore,
        accept: Callable[[AttestationResult], bool],
    ) -> None:
        self._store = store
        self.runtime = runtime
        self.discovery = discovery
        self.clock = clock
        self.entropy = entropy
        self.authority = authority
        self.fabric = fabric
        self.trust = trust
        self.accept = accept
        self.router = ReportRouter()
        self.peers: dict[int, Peer] = {}
        self._commissioning: set[int] = set()
        self.tcp: TcpTransport | None = None
        runtime.fabrics.add(fabric)
        runtime.on_request = self.router.on_request
        self.check_ins = CheckInClient(
            store=store, fabric=fabric, runtime=runtime, discovery=discovery, entropy=entropy, peers=self.peers
        )

    @classmethod
    async def open(
        cls,
        *,
        store: Store,
        runtime: Runtime,
        discovery: Discovery,
        clock: Clock | None = None,
        entropy: Callable[[int], bytes] = os.urandom,
        label: str | None = None,
        trust: TrustStore | None = None,
        require_attestation: bool = True,
        tcp: TcpTransport | None = None,
    ) -> Controller:
        """The controller of a store; a new fabric when the store is empty.

        Args:
            store: keeps the fabric's secrets and the peers.
            runtime: on transports of its own; the controller owns it from now on.
            discovery: likewise.
            clock: tells the date.
            entropy: octets nobody can guess.
            label: what devices are to call our fabric, at most 32 octets; empty leaves it to them. By default what it was, which
                is "Latchwork" at first. Devices that have joined before keep the name they were told.
            trust: whose attestation is accepted; by default as `trust_store()` has it.
            require_attestation: refuse devices that fail it.
            tcp: one of the runtime's transports, for `Peer.large`.

        Raises:
            Misuse: the label is too long.
            StoreError: the store cannot be read or written.
        """
        if label is not None and len(label.encode()) > MAX_LABEL:
            raise Misuse(f"a fabric's label has at most {MAX_LABEL} octets", advice="Choose a shorter one.")
        clock = clock or SystemClock()
        authority = Authority.open(store, entropy=entropy, clock=clock)
        kept = store.get(_FABRIC)
        if kept is None:
            fabric = authority.join(OWN_NODE_ID, label=_LABEL if label is None else label)
            store.apply({_FABRIC: fabric.encode()})
        else:
            fabric = Fabric.decode(kept)
            if label is not None and label != fabric.label:
                fabric = replace(fabric, label=label)
                store.apply({_FABRIC: fabric.encode()})
        controller = cls(
            store=store,
            runtime=runtime,
            discovery=discovery,
            clock=clock,
            entropy=entropy,
            authority=authority,
            fabric=fabric,
            trust=trust or trust_store(),
            accept=lambda _: not require_attestation,
        )
        controller.tcp = tcp
        for key in store.keys(_PEERS):
            value = store.get(key)
            if value is not None:
                stored = StoredPeer.decode(value)
                controller.peers[stored.node_id] = Peer(controller, stored)
        await controller.check_ins.start()
        return controller

    @property
    def store(self) -> Store:
        """What survives a restart; for a copy of it, not to be changed."""
        return self._store

    async def commission(
        self,
        code: str | SetupPayload,
        *,
        node_id: int | None = None,
        on_step: OnStep = ignore_step,
        address: object | None = None,
        timeout: float = FIND_TIMEOUT,  # noqa: ASYNC109 - of one step only
        accept: Callable[[AttestationResult], bool] | None = None,
    ) -> Peer:
        """Take a device into the fabric.

        Args:
            code: what is on its label: QR or manual code.
            node_id: the node id it gets; by default the next one.
            on_step: told of every step as it begins and ends.
            address: where it is, to leave discovery out.
            timeout: seconds that it may take to be found.
            accept: asked whether a device that failed attestation is welcome all the same.

        Raises:
            OnboardingCodeError: the code is none.
            Misuse: the node id is taken or not allowed.
            CommissioningFailed: which step failed, and why.
        """
        payload = parse(code) if isinstance(code, str) else code
        number = self._next_node_id() if node_id is None else node_id
        self.check_new(number)
        self._commissioning.add(number)
        try:
            commissioning = Commissioning(
                self, payload, number, on_step, address, timeout, accept if accept is not None else self.accept
            )
            peer = await commissioning.run()
        finally:
            self._commissioning.discard(number)
        self.peers[number] = peer
        self._save(peer.stored)
        return peer

    def check_new(self, node_id: int) -> None:
        """Refuses a node id that is taken, also by a device that is just joining.

        Raises:
            Misuse: it is, or it is no node's.
        """
        taken = node_id in self.peers or node_id in self._commissioning or node_id == self.fabric.node_id
        if taken or not is_operational_node_id(node_id):
            raise Misuse(f"node id {node_id:X} is taken or not allowed", advice="Choose another one, or none at all.")

    def adopt(self, peer: Peer) -> None:
        """Remember a peer that is on the fabric, and of which only the store did not know.

        Raises:
            Misuse: its node id is taken.
        """
        self.check_new(peer.node_id)
        self.peers[peer.node_id] = peer
        self._save(peer.stored)

    def _next_node_id(self) -> int:
        kept = self._store.get(_NEXT)
        number = int.from_bytes(kept, "big") if kept else OWN_NODE_ID + 1
        while number in self.peers or number in self._commissioning:
            number += 1
        self._store.apply({_NEXT: (number + 1).to_bytes(8, "big")})
        return number

    def remember(self, stored: StoredPeer) -> None:
        """A peer moved."""
        peer = self.peers.get(stored.node_id)
        if peer is not None:
            peer.stored = stored
            self._save(stored)

    def _save(self, stored: StoredPeer) -> None:
        self._store.apply({f"{_PEERS}{stored.node_id:016X}": stored.encode()})

    async def decommission(self, peer: Peer) -> None:
        """Remove our fabric from a device and forget it.

        Raises:
            Refused: the device does not let go of the fabric.
            LatchworkError: no answer: it is kept.
        """
        index = await peer.get(0, OperationalCredentials.current_fabric_index)
        response = await peer.remove_fabric(index)
        if response.status_code != NodeOperationalCertStatusEnum.OK:
            raise Refused(f"the device kept our fabric: {response.status_code.name}", status=int(response.status_code))
        await self.forget(peer)

    async def forget(self, peer: Peer) -> None:
        """Forget a device without telling it."""
        self.peers.pop(peer.node_id, None)
        self.check_ins.forget(peer.node_id)
        self._store.apply({f"{_PEERS}{peer.node_id:016X}": None})
        await peer.close()

    async def close(self) -> None:
        """End all sessions and release the network."""
        results = await asyncio.gather(*(peer.close() for peer in self.peers.values()), return_exceptions=True)
        for result in results:
            if isinstance(result, LatchworkError):
                log(_log, 10, "peer not closed", reason=result)
        await self.check_ins.close()
        await self.runtime.close()
        await self.discovery.close()


def skip_node_ids(store: Store, entropy: Callable[[int], bytes]) -> None:
    """Never give again a node id that may have been given since this store was copied: for a copy that is to live on.

    The next one is far away at random, so that two copies of one store do not meet either.

    Raises:
        StoreError: the store cannot be read or written.
    """
    kept = store.get(_NEXT)
    number = int.from_bytes(kept, "big") if kept else OWN_NODE_ID + 1
    store.apply({_NEXT: (number + (1 << 32) + int.from_bytes(entropy(7), "big")).to_bytes(8, "big")})
