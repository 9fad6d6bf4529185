"""One place of a lock, read over Matter: how an enrolment sees what came.

Layer hub, on controller.
"""

from __future__ import annotations

from latchwork.base.errors import Unreachable
from latchwork.controller import Controller, Peer
from latchwork.hub.house.entities import CredentialKind, Lock
from latchwork.hub.house.observed import SeenCredential, SeenUser, Slot
from latchwork.hub.keeping import reading


class PeerEyes:
    """Reads through the controller.

    Args:
        controller: of the hub's fabric.
    """

    __slots__ = ("_controller",)

    def __init__(self, controller: Controller) -> None:
        self._controller = controller

    async def user(self, lock: Lock, index: int) -> SeenUser | Slot:
        """What is in a user's place.

        Raises:
            Unreachable: the lock does not answer.
            LatchworkError: something else failed.
        """
        return await reading.read_user(self._peer(lock), lock.endpoint, index)

    async def credential(self, lock: Lock, kind: CredentialKind, index: int) -> SeenCredential | Slot:
        """What is in a credential's place.

        Raises:
            Unreachable: the lock does not answer.
            LatchworkError: something else failed.
        """
        return await reading.read_credential(self._peer(lock), lock.endpoint, kind, index)

    def _peer(self, lock: Lock) -> Peer:
        peer = self._controller.peers.get(lock.node_id)
        if peer is None:
            raise Unreachable("this lock is not on the hub's fabric", advice="Add it again with its setup code.")
        return peer
