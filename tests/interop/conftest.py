"""Who plays in these stories: one private network for all of them, processes by name, and a clear word where there are none."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from cast import Cast
from network import Network, NoNetwork


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.interop)


@pytest.fixture(autouse=True)
def no_thread_is_left_behind() -> None:
    """In place of the house's own: here threads read what peers say for as long as those live, and end with them."""


@pytest.fixture(scope="session")
def network() -> Iterator[Network]:
    made = Network()
    try:
        made.open()
    except NoNetwork as error:
        pytest.skip(str(error))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def cast(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    """Peers that live as long as the module's tests."""
    with Cast(network, tmp_path_factory.mktemp("interop")) as made:
        yield made
