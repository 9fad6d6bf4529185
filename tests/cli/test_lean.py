"""What a lock's process leaves out of memory, and that nothing is broken by it."""

import subprocess
import sys

import pytest

CHECK = """
import sys
from latchwork.cli.lean import import_lean
import_lean()
import hashlib, hmac
assert hashlib.sha256(b"abc").hexdigest().startswith("ba7816bf")
assert hashlib.sha1(b"abc").hexdigest().startswith("a9993e36")
assert hmac.digest(b"key", b"text", "sha256") == hmac.new(b"key", b"text", hashlib.sha256).digest()
assert "ssl" not in sys.modules
import asyncio, ssl
ssl.create_default_context()
asyncio.run(asyncio.sleep(0))
"""

HEAVY = (
    "rich",
    "latchwork.controller.controller",
    "latchwork.matter.model.names",
    "latchwork.cli.operations",
    "latchwork.cli.lock_words",
    "latchwork.sim.faults",
    "latchwork.devices.speech",
    "latchwork.devices.raspberry_pi",
    "latchwork.node.behaviors.ota_requestor",
    "ssl",
    "_hashlib",
)
STARTED = f"""
import sys
from latchwork.cli.group import main
command = main.get_command(None, "lock")
import latchwork.sim.lock, latchwork.stack.mdns, latchwork.stack.udp, latchwork.store.kv
print([name for name in {HEAVY!r} if name in sys.modules])
"""


def run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_leaving_out_breaks_nothing_for_later() -> None:
    assert run(CHECK) == ""


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="another Python loads other things")
def test_a_lock_loads_nothing_for_people_or_controllers() -> None:
    assert run(STARTED) == "[]"


@pytest.mark.parametrize("verb", ["lock", "door"])
def test_help_of_a_verb_loads_no_protocol(verb: str) -> None:
    program = f"""
import sys
from latchwork.cli.group import main
main.get_command(None, {verb!r})
print([m for m in sys.modules if m.startswith(('latchwork.matter', 'latchwork.sim', 'latchwork.doorlock', 'rich'))])
"""
    assert run(program) == "[]"


def test_help_loads_no_protocol() -> None:
    program = "import sys; from latchwork.cli import main; print([m for m in sys.modules if m.startswith('latchwork.matter')])"
    assert run(program) == "[]"
