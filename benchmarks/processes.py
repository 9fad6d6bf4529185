"""Locks and controllers as processes that speak JSON lines, with what the kernel knows of each: memory and processor time.

Shares the network and the peers' installation with the interoperability tests.
"""

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from itertools import count
from pathlib import Path
from queue import Empty, Queue
from typing import Any

HERE = Path(__file__).resolve().parent
INTEROP = HERE.parent / "tests" / "interop"
sys.path.insert(0, str(INTEROP))

from network import INTERFACE, Host, Network, NoNetwork  # noqa: E402, F401 - the path comes first; some are handed on
from peers import CACHE, authorities, missing  # noqa: E402, F401 - as above

Line = dict[str, Any]
ANSWER = 180.0
"""Seconds that the longest request may take."""
_TICK = os.sysconf("SC_CLK_TCK")


def installed() -> dict[str, str]:
    """The environment, where Python finds what it compiled before as it does in an installation, even if this one writes nothing."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(CACHE / "bytecode")}


class Failed(Exception):
    """A process did not do what it was asked."""


class Loopback:
    """This machine itself, where there are no namespaces."""

    interface = "lo"

    @staticmethod
    def command(*arguments: str) -> list[str]:
        return list(arguments)


class Process:
    """A process that says JSON lines and ends when its standard input does.

    Attributes:
        ready: its first line.
        started_ms: from its start to that line, as seen from outside.
    """

    def __init__(self, name: str, host: Any, storage: Path, command: list[str]) -> None:
        self.name, self.host, self.storage, self.command = name, host, storage, command
        storage.mkdir(parents=True, exist_ok=True)
        self._log = storage.with_suffix(".log")
        self._lines: Queue[Line | None] = Queue()
        self._ids = count(1)
        began = time.perf_counter()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                host.command(*command),
                env=installed(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                bufsize=1,
            )
        threading.Thread(target=self._read, daemon=True).start()
        self.ready = self._until(lambda line: line.get("event") == "ready", 60.0)
        self.started_ms = (time.perf_counter() - began) * 1000

    def _read(self) -> None:
        for text in self._process.stdout:
            with suppress(json.JSONDecodeError):
                self._lines.put(json.loads(text))
        self._lines.put(None)

    def _until(self, matches: Any, seconds: float) -> Line:
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                raise Failed(f"{self.name}: nothing within {seconds:g} s; see {self._log}") from None
            if line is None:
                raise Failed(f"{self.name} ended; see {self._log}:\n{self._log.read_text(errors='replace')[-2000:]}")
            if matches(line):
                return line

    def ask(self, operation: str, **fields: Any) -> Line:
        """The whole answer to a request; "ms" is how long it took inside the process."""
        number = next(self._ids)
        self._process.stdin.write(json.dumps({"id": number, "op": operation, **fields}) + "\n")
        self._process.stdin.flush()
        answer = self._until(lambda line: line.get("id") == number, ANSWER)
        if not answer["ok"]:
            raise Failed(f"{self.name}: {operation}: {answer.get('error')}")
        return answer

    def next_line(self, event: str) -> Line:
        """The next line that tells of an event of this name; what comes before it is passed over."""
        return self._until(lambda line: line.get("event") == event, ANSWER)

    @property
    def resident_mib(self) -> float:
        """Memory that it holds now."""
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise Failed(f"{self.name} has ended")

    @property
    def processor_ms(self) -> float:
        """Processor time that it has used, all threads, to 10 ms."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / _TICK

    def stop(self) -> None:
        """End it as a script would; by force after a while."""
        with suppress(OSError, ValueError):
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def again(self) -> "Process":
        """The same on the same storage, after it was stopped."""
        return Process(self.name, self.host, self.storage, self.command)


def lock(kind: str, host: Any, storage: Path, *, port: int, discriminator: int) -> Process:
    """A new lock of this kind (`latchwork`, `matterjs`)."""
    options = {"port": port, "passcode": 20202021, "discriminator": discriminator}
    return _start(f"lock({kind})", host, storage, _program(kind, "lock"), options)


def controller(kind: str, host: Any, storage: Path) -> Process:
    """A new controller of this kind (`latchwork`, `matterjs`, `chip`)."""
    if kind != "chip":
        return _start(f"controller({kind})", host, storage, _program(kind, "controller"), {})
    python, script = str(CACHE / "chip" / "bin" / "python"), str(HERE / "chip_controller.py")
    command = [str(INTEROP / "chip" / "private"), python, script, "--paa", str(authorities(storage.parent / "paa"))]
    return Process("controller(chip)", host, storage, [*command, "--storage", str(storage)])


def _start(name: str, host: Any, storage: Path, program: list[str], options: dict[str, Any]) -> Process:
    interface = getattr(host, "interface", INTERFACE)
    given = {"interface": interface, **options, "storage": storage}
    return Process(
        name, host, storage, [*program, *(part for key, value in given.items() for part in (f"--{key}", str(value)))]
    )


def _program(kind: str, role: str) -> list[str]:
    if kind == "latchwork":
        return [sys.executable, "-m", "latchwork.cli", role, "--json"]
    name = "lock-device.mjs" if role == "lock" else "controller.mjs"
    return ["node", str(CACHE / "matterjs" / name)]
