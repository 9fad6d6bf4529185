"""The examples work as they stand."""

import importlib.util
from pathlib import Path

from latchwork.node.config import NodeConfig
from latchwork.sim.lock import VirtualLock
from latchwork.stack.mdns import MdnsDiscovery
from latchwork.stack.udp import UdpTransport
from latchwork.store.kv import MemoryStore

EXAMPLES = Path(__file__).parents[1] / "examples"


def example(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_a_virtual_door_is_opened(capsys):
    await example("open_a_virtual_door").main()
    assert capsys.readouterr().out == "UNLOCKED\n"


async def test_a_door_is_watched(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    discovery = MdnsDiscovery("lo")
    lock = VirtualLock(NodeConfig(discriminator=1234), MemoryStore())
    await lock.start(UdpTransport("lo"), discovery)
    try:
        await example("watch_a_door").main("lo", lock.qr, 0.0)
    finally:
        await lock.close()
        await discovery.close()
    shown = capsys.readouterr().out
    assert "complete done" in shown
    assert "LockStateEnum.LOCKED" in shown


def test_the_readme_shows_the_first_example():
    readme = (EXAMPLES.parent / "README.md").read_text(encoding="utf-8")
    assert "await door.invoke(1, DoorLock.unlock_door, UnlockDoor())" in readme


def test_examples_are_short():
    assert all(len(path.read_text(encoding="utf-8").splitlines()) <= 45 for path in EXAMPLES.glob("*.py"))
