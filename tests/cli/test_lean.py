"""What a lock's process leaves out of memory, and that nothing is broken by it."""

import subprocess
import sys
from pathlib import Path

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
    "latchwork.cli.outcome",
    "latchwork.node.behaviors.icd_management",
    "latchwork.node.check_in",
    "latchwork.sim.vocabulary",
    "cryptography.hazmat.primitives.serialization",
    "importlib.resources",
    "zipfile",
    "zeroconf",
    "zeroconf._core",
    "zeroconf._services",
    "ssl",
    "_hashlib",
)
STARTED = f"""
import sys
from latchwork.cli.group import main
command = main.get_command(None, "lock")
from latchwork.cli.lean import import_message_format
import_message_format()
import latchwork.sim.lock, latchwork.stack.mdns, latchwork.stack.udp, latchwork.store.kv
print([name for name in {HEAVY!r} if name in sys.modules])
"""

MESSAGES = """
import sys
from latchwork.cli.lean import import_message_format
import_message_format()
from latchwork.stack.mdns_records import DNSIncoming, DNSOutgoing, DNSPointer
assert "zeroconf" not in sys.modules and "zeroconf._core" not in sys.modules
out = DNSOutgoing(0)
out.add_answer_at_time(DNSPointer("_matter._tcp.local.", 12, 1, 120, "a._matter._tcp.local."), 0)
heard = DNSIncoming(out.packets()[0])
import zeroconf, zeroconf.asyncio
assert zeroconf.DNSIncoming is DNSIncoming and zeroconf.DNSPointer is DNSPointer
assert [each.alias for each in heard.answers()] == ["a._matter._tcp.local."]
"""
OTHERWISE = """
import sys
from latchwork.cli import lean
lean._MESSAGES = {"_dns": ("DNSAddress", "NoSuchRecord")}
lean.import_message_format()
from latchwork.stack.mdns_records import DNSIncoming
import zeroconf
assert zeroconf.DNSIncoming is DNSIncoming
"""
RUNNING = f"""
import sys
from latchwork.cli import main
watched = {HEAVY!r}
from latchwork.cli import process
settled = process.settle
def settle():
    settled()
    found.extend(name for name in watched if name in sys.modules)
found = []
process.settle = settle
try:
    main(prog_name="latchwork")
finally:
    print(found)
"""


def run(program: str, *arguments: str) -> str:
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_leaving_out_breaks_nothing_for_later() -> None:
    assert run(CHECK) == ""


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="another Python loads other things")
def test_a_lock_loads_nothing_for_people_or_controllers() -> None:
    assert run(STARTED) == "[]"


def test_messages_without_the_rest_of_zeroconf_break_nothing_for_later() -> None:
    assert run(MESSAGES) == ""


def test_another_layout_of_zeroconf_is_loaded_whole() -> None:
    assert run(OTHERWISE) == ""


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="another Python loads other things")
def test_a_lock_that_runs_has_loaded_nothing_heavy(tmp_path: Path) -> None:
    arguments = ["lock", "--json", "--interface", "lo", "--port", "0", "--storage", str(tmp_path / "lock")]
    assert run(RUNNING, *arguments).splitlines()[-1] == "[]"


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
