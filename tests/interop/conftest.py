"""Who plays in these stories: one private network for all of them, processes by name, and a clear word where there are none."""

import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from network import Network, NoNetwork
from peers import Controller, Lock, Peer, missing


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.interop)


@pytest.fixture(scope="session")
def network() -> Iterator[Network]:
    made = Network()
    try:
        made.__enter__()
    except NoNetwork as error:
        pytest.skip(str(error))
    with made:
        yield made


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


@pytest.fixture(scope="module")
def cast(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    """Peers that live as long as the module's tests."""
    made = Cast(network, tmp_path_factory.mktemp("interop"))
    try:
        yield made
    finally:
        made.close()
