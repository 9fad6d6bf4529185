"""The peers of a story: started one by one, each on a host of its own, and ended together."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, Self

import pytest
from network import Network
from peers import Controller, Hub, Lock, Peer, missing


class Cast:
    """Starts the peers of a story and ends them with it."""

    _folders = count(1)

    def __init__(self, network: Network, folder: Path) -> None:
        self._network, self._folder = network, folder
        self._peers: list[Peer] = []

    def lock(self, kind: str, **options: Any) -> Lock:
        """A new lock of this kind, ready."""
        return self._ready(Lock, kind, **options)

    def controller(self, kind: str) -> Controller:
        """A new controller of this kind, ready."""
        return self._ready(Controller, kind)

    def hub(self) -> Hub:
        """A new hub, ready."""
        return self._ready(Hub, "latchwork")

    def _ready(self, role: Callable[..., Any], kind: str, **options: Any) -> Any:
        reason = missing(kind)
        if reason is not None:
            pytest.skip(reason)
        number = next(self._folders)
        peer = role(kind, self._network.host(kind[0]), self._folder / f"{number}-{kind}", **options)
        self._peers.append(peer)
        peer.wait_ready()
        return peer

    def again(self, peer: Any, **options: Any) -> Any:
        """The same lock or controller, which has ended, started anew on its host and storage."""
        made = type(peer)(peer.kind, peer.host, peer.storage, **options)
        self._peers.append(made)
        made.wait_ready()
        return made

    def close(self) -> None:
        for peer in reversed(self._peers):
            peer.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
