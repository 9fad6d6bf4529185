"""Locks and controllers as processes on hosts of a `network.Network`, driven by JSON lines: ours, matter.js's and the C++ SDK's.

All of them speak the same lines, so that a test names who is on either side and is written once.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from network import INTERFACE, Host

from latchwork.matter.trust.development import development_trust

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[1] / ".cache" / "interop"
"""Where `setup` installs the peers."""
START, ANSWER, COMMISSION, STOP = 40.0, 15.0, 60.0, 8.0
"""Seconds that things may take on a busy machine; they take a tenth of it."""
TAIL = 25

Line = dict[str, Any]


class Failure(AssertionError):
    """A peer did not do what the test needs; the message ends with what it said last."""


class Refusal(Exception):
    """A controller could not do what it was asked.

    Attributes:
        answer: its whole answer.
        status: the status code of the interaction model, or None.
    """

    def __init__(self, answer: Line) -> None:
        super().__init__(answer.get("error"))
        self.answer = answer
        self.status = answer.get("status")


@lru_cache
def missing(kind: str) -> str | None:
    """Why there is no peer of this kind here, or None."""
    if kind == "matterjs":
        if shutil.which("node") is None:
            return "needs Node"
        if not (CACHE / "matterjs" / "node_modules").is_dir():
            return "needs matter.js: run tests/interop/setup"
    if kind == "chip":
        python = CACHE / "chip" / "bin" / "python"
        if not python.exists():
            return "needs the C++ SDK's controller: run tests/interop/setup"
        done = subprocess.run([python, "-c", "import chip.native"], capture_output=True, check=False, timeout=60)
        if done.returncode:
            return "the C++ SDK's wheel does not load here: run tests/interop/setup"
    return None


class Peer:
    """A process that says JSON lines on standard output and ends when its standard input does.

    Attributes:
        said: every line so far.
        ready: its first line.
        storage: its folder; a restart with the same folder is the same device.
    """

    def __init__(self, name: str, host: Host, storage: Path, *command: str) -> None:
        storage.mkdir(parents=True, exist_ok=True)
        self.name, self.host, self.storage = name, host, storage
        self.said: list[Line] = []
        self._command = command
        self._log = storage.with_suffix(".log")
        self._news = threading.Condition()
        self._ended = False
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                host.command(*command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                bufsize=1,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __repr__(self) -> str:
        return self.name

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _read(self) -> None:
        for text in self.process.stdout:
            with suppress(json.JSONDecodeError):  # a stray line of a library is in the way of nothing
                line = json.loads(text)
                with self._news:
                    self.said.append(line)
                    self._heard(line)
                    self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()
        self.process.stdout.close()

    def _heard(self, line: Line) -> None:
        """A line came; called with the lock held."""

    def wait_for(
        self, matches: Callable[[Line], object], what: str, *, since: int = 0, seconds: float = ANSWER
    ) -> Line:
        """The first line from number `since` on that `matches`.

        Raises:
            Failure: none came in time, or the process ended.
        """
        deadline = time.monotonic() + seconds
        with self._news:
            while True:
                for line in self.said[since:]:
                    if matches(line):
                        return line
                since = len(self.said)
                left = deadline - time.monotonic()
                if self._ended or left <= 0:
                    break
                self._news.wait(left)
        why = f"ended with {self.process.wait()}" if self._ended else f"did not within {seconds:g} s"
        raise Failure(f"{self.name}: no {what}: it {why}\n{self.tail()}")

    def wait_ready(self) -> Line:
        """Its first line.

        Raises:
            Failure: it did not start.
        """
        self.ready = self.wait_for(lambda line: line.get("event") == "ready", "start", seconds=START)
        return self.ready

    def send(self, message: Line) -> None:
        """Write it one line."""
        try:
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()
        except (BrokenPipeError, ValueError):
            raise Failure(f"{self.name} has ended\n{self.tail()}") from None

    def tail(self) -> str:
        """What it said and logged last."""
        log = self._log.read_text(errors="replace").splitlines()[-TAIL:]
        said = [json.dumps(line)[:300] for line in self.said[-TAIL:]]
        return "\n".join([f"--- {self.name} said", *said, f"--- {self.name} logged", *log])

    def stop(self) -> None:
        """End it as a script would: its standard input ends."""
        with suppress(OSError, ValueError):
            self.process.stdin.close()
        try:
            self.process.wait(STOP)
        except subprocess.TimeoutExpired:
            self.kill()
        self._reader.join(STOP)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait(STOP)
        self._reader.join(STOP)
        with suppress(OSError, ValueError):
            self.process.stdin.close()


class Lock(Peer):
    """A door lock.

    Attributes:
        kind: `latchwork` or `matterjs`.
    """

    def __init__(
        self,
        kind: str,
        host: Host,
        storage: Path,
        *,
        port: int = 5540,
        passcode: int = 20202021,
        discriminator: int = 3840,
        **rest: str | None,
    ) -> None:
        self.kind = kind
        options: dict[str, Any] = {"interface": INTERFACE, "port": port, "passcode": passcode}
        options |= {"discriminator": discriminator} | {name: said for name, said in rest.items() if said is not None}
        super().__init__(f"lock({kind})", host, storage, *_program(kind, "lock"), *_options(options, storage))

    @property
    def qr(self) -> str:
        return self.ready["qr"]

    @property
    def manual(self) -> str:
        return self.ready["manual"]


class Controller(Peer):
    """A controller: `ask` sends a request and waits for its answer, `begin` only sends it.

    Attributes:
        kind: `latchwork`, `matterjs` or `chip`.
    """

    def __init__(self, kind: str, host: Host, storage: Path) -> None:
        self.kind = kind
        self._asked: dict[int, Future[Line]] = {}
        self._last = 0
        options: dict[str, Any] = {"interface": INTERFACE}
        if kind == "chip":
            options = {"paa": authorities(storage.parent / "paa")}
        command = [*self._program(), *_options(options, storage)]
        super().__init__(f"{type(self).__name__.lower()}({kind})", host, storage, *command)

    def _program(self) -> list[str]:
        return _program(self.kind, "controller")

    def _heard(self, line: Line) -> None:
        waiting = self._asked.pop(line.get("id"), None)
        if waiting is not None:
            waiting.set_result(line)

    def begin(self, operation: str, **fields: Any) -> Future[Line]:
        """Send a request; the future is its answer."""
        answer: Future[Line] = Future()
        with self._news:
            self._last += 1
            self._asked[self._last] = answer
        self.send({"id": self._last, "op": operation, **fields})
        return answer

    def result(self, answer: Future[Line], what: str, seconds: float = ANSWER) -> Any:
        """The result of a request that `begin` sent.

        Raises:
            Refusal: the controller says that it failed.
            Failure: no answer in time.
        """
        try:
            line = answer.result(seconds)
        except TimeoutError:
            raise Failure(f"{self.name}: no answer to {what} within {seconds:g} s\n{self.tail()}") from None
        if not line["ok"]:
            raise Refusal(line)
        return line.get("result")

    def ask(self, operation: str, *, seconds: float = ANSWER, **fields: Any) -> Any:
        """Send a request and wait for its result; raises as `result`."""
        return self.result(self.begin(operation, **fields), operation, seconds)

    def commission(self, code: str, **fields: Any) -> str:
        """Take in the device of this code → its name here.

        Raises:
            Failure: it did not work.
        """
        try:
            return self.ask("commission", code=code, seconds=COMMISSION, **fields)["node"]
        except Refusal as error:
            raise Failure(f"{self.name} did not commission: {error.answer}\n{self.tail()}") from None

    def value(self, node: str, endpoint: int, cluster: str, attribute: str, **fields: Any) -> Any:
        """One attribute's value; raises as `result`."""
        path = {"endpoint": endpoint, "cluster": cluster, "attribute": attribute}
        entries = self.ask("read", node=node, **path, **fields)
        if len(entries) != 1 or "value" not in entries[0]:
            raise Failure(f"{self.name}: {cluster}.{attribute} was answered with {entries}")
        return entries[0]["value"]

    def operate(self, node: str, command: str, **fields: Any) -> None:
        """Have endpoint 1 do a timed command of the door lock; raises as `result`."""
        fields = {"timed": 5, "fields": {}} | fields
        self.ask("invoke", node=node, endpoint=1, cluster="DoorLock", command=command, **fields)

    def lock_state(self, node: str) -> int:
        """1 locked, 2 unlocked, 3 unlatched; raises as `result`."""
        return self.value(node, 1, "DoorLock", "LockState")

    def subscribe(self, node: str, **fields: Any) -> int:
        """Subscribe to endpoint 1's door lock → where in `said` the reports after the first begin."""
        self.ask("subscribe", node=node, endpoint=1, cluster="DoorLock", **fields)
        return len(self.said)

    def reported(self, since: int, *, attribute: str | None = None, event: str | None = None, **value: Any) -> Line:
        """The report of an attribute (`value=…`) or of an event (its fields) from number `since` on.

        Raises:
            Failure: it was not reported in time.
        """

        def matches(line: Line) -> bool:
            if attribute is not None:
                return line.get("attribute") == attribute and line.get("value") == value["value"]
            fields = line.get("value") if line.get("name") == event else None
            return isinstance(fields, dict) and value.items() <= fields.items()

        return self.wait_for(matches, f"report of {attribute or event} {value}", since=since)

    def until_it_works(self, attempt: Callable[[], Any], seconds: float) -> tuple[Any, float]:
        """Try again and again, as an app would → the result and how long it took, seconds.

        Raises:
            Failure: it did not within `seconds`.
        """
        started = time.monotonic()
        while True:
            try:
                result = attempt()
            except (Refusal, Failure) as error:
                if time.monotonic() - started > seconds or self.process.poll() is not None:
                    raise Failure(f"{self.name}: not within {seconds:g} s: {error}\n{self.tail()}") from None
                time.sleep(0.2)
            else:
                return result, time.monotonic() - started


class Hub(Controller):
    """A hub that is asked as a controller is; what it can be asked is in `hub_process.py`."""

    def _program(self) -> list[str]:
        return [sys.executable, str(HERE / "hub_process.py")]


def _program(kind: str, role: str) -> list[str]:
    if kind == "latchwork":
        return [sys.executable, "-m", "latchwork.cli", role, "--json"]
    if kind == "matterjs":
        return ["node", str(_script("lock-device.mjs" if role == "lock" else "controller.mjs"))]
    return [
        str(HERE / "chip" / "private"),
        str(CACHE / "chip" / "bin" / "python"),
        str(HERE / "chip" / "controller.py"),
    ]


def _script(name: str) -> Path:
    """A script of ours beside the modules that it imports."""
    for source in (HERE / "matterjs").glob("*.mjs"):
        target = CACHE / "matterjs" / source.name
        if not target.exists() or target.read_bytes() != source.read_bytes():
            target.unlink(missing_ok=True)
            shutil.copyfile(source, target)
    return CACHE / "matterjs" / name


def _options(options: dict[str, Any], storage: Path) -> list[str]:
    return [part for name, value in (options | {"storage": storage}).items() for part in (f"--{name}", str(value))]


def authorities(folder: Path) -> Path:
    """A folder with the development attestation authorities, as the C++ SDK takes them."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, authority in enumerate(development_trust().authorities.values()):
        (folder / f"{number}.der").write_bytes(authority.encoded)
    return folder
