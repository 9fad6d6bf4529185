"""A node's presence on a network: runtime, request loop, group keys, DNS-SD and the one timer.

Stands in node, on stack. A node without a presence works the same, only nobody hears it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

from latchwork.matter.discovery import host_name, random_instance
from latchwork.matter.session.group import GroupKey
from latchwork.matter.session.secure import SecureSession
from latchwork.matter.trust.groups import group_session_id, multicast_address, operational_key, privacy_key
from latchwork.node.advertising import Advertiser, commissionable, hints, operational
from latchwork.node.server_loop import Serving
from latchwork.stack.mdns_contract import Discovery, Publication
from latchwork.stack.runtime import Runtime

if TYPE_CHECKING:
    from latchwork.node.behaviors.icd_management import IcdManagementBehavior
    from latchwork.node.node import Node


class Presence:
    """One node on one runtime.

    Attributes:
        runtime: the network.
        discovery: finds others on it, or None.
        serving: answers requests and sends reports.
    """

    __slots__ = ("_advertiser", "_host", "_instance", "_joined", "_node", "_timer", "discovery", "runtime", "serving")

    def __init__(self, node: Node, runtime: Runtime, discovery: Discovery | None) -> None:
        self._node = node
        self.runtime = runtime
        self.discovery = discovery
        self.serving = Serving(node, runtime)
        self._advertiser = None if discovery is None else Advertiser(discovery, self._publications)
        self._timer: asyncio.TimerHandle | None = None
        self._joined: set[str] = set()
        self._instance = ""
        self._host = host_name(node.entropy(8))

    async def begin(self) -> None:
        """Takes requests from now on; returns when everything is published."""
        runtime, node = self.runtime, self._node
        runtime.on_request = self.serving.on_request
        runtime.on_session = self._session_opened
        runtime.on_session_closed = self._session_closed
        runtime.on_pase_failed = node.window.attempt_failed
        node.agenda.on_earlier = self._set_timer
        node.window.attach(runtime)
        if node.sleep is not None:
            icd_of(node).join(runtime, self.discovery)
        self.groups_changed()
        self.advertise()
        self._set_timer()
        if self._advertiser is not None:
            await self._advertiser.settled()

    async def end(self) -> None:
        """Takes no more requests, says goodbye and closes the runtime."""
        self._node.agenda.on_earlier = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        await self.serving.close()
        if self._node.sleep is not None:
            await icd_of(self._node).part()
        if self._advertiser is not None:
            await self._advertiser.close()
        self._node.window.attach(None)
        await self.runtime.close()

    # --- sessions

    def close_sessions(self, fabric_index: int) -> None:
        """Ends the sessions of a fabric, or with 0 those of commissioners; the one being answered ends after its answer."""
        for session in self.runtime.sessions():
            is_meant = session.fabric_index == fabric_index if fabric_index else session.kind == "pase"
            if not is_meant or session.is_initiator:
                continue
            if session is self.serving.current_session:
                self.serving.close_after_answer(session)
            else:
                self.runtime.close_session(session)

    def _session_opened(self, session: SecureSession) -> None:
        if session.is_initiator:
            return
        if session.kind == "pase":
            self._node.pase_established()
        else:
            self._node.resumptions_changed()

    def _session_closed(self, session: SecureSession) -> None:
        self.serving.retired.discard(session)
        self._node.server.subscriptions.drop_session(session)

    # --- groups

    def groups_changed(self) -> None:
        """Tells the runtime which group keys open messages, and which multicast addresses they come to."""
        keys: list[GroupKey] = []
        addresses: set[str] = set()
        for fabric in self._node.fabrics:
            groups = self._node.members.groups(fabric.index)
            for number, key_set in groups.key_sets.items():
                mapped = frozenset(group for group, used in groups.mappings if used == number)
                if not mapped:
                    continue
                for epoch_key in key_set.epoch_keys:
                    key = operational_key(epoch_key.key, fabric.compressed_id)
                    keys.append(GroupKey(fabric.index, group_session_id(key), key, privacy_key(key), mapped))
                members = (group for group in mapped if group in groups.groups)
                addresses.update(multicast_address(fabric.fabric_id, group) for group in members)
        self.runtime.set_group_keys(keys)
        for address in addresses - self._joined:
            self.runtime.join(address)
        for address in self._joined - addresses:
            self.runtime.leave(address)
        self._joined = addresses

    # --- time

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self._node.agenda.next_deadline()
        if deadline is not None:
            delay = max(0.0, deadline - self._node.clock.monotonic())
            self._timer = asyncio.get_running_loop().call_later(delay, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._node.run_due()
        self._set_timer()

    # --- discovery

    def advertise(self) -> None:
        """Has DNS-SD say what is true now."""
        if not self._node.window.is_open:
            # Every announcement has a name of its own, so that two of them cannot be linked (Core 4.3.1.1).
            self._instance = ""
        elif not self._instance:
            self._instance = random_instance(self._node.entropy)
        if self._advertiser is not None:
            self._advertiser.refresh()

    def _publications(self) -> Iterator[Publication]:
        config, port = self._node.config, self.runtime.port
        said = hints(config, self._node.sleep)
        window = self._node.window
        if window.is_open and window.is_listening:
            yield commissionable(config, window, said, instance=self._instance, host=self._host, port=port)
        for fabric in self._node.fabrics:
            yield operational(fabric, said, host=self._host, port=port)


def icd_of(node: Node) -> IcdManagementBehavior:
    """What lets a node sleep and wake; only one that sleeps has it."""
    from latchwork.node.behaviors.icd_management import (  # noqa: PLC0415 - most nodes never sleep
        IcdManagementBehavior as Icd,
    )

    return node.endpoints[0].behavior(Icd)
