"""JSON lines on standard input and output: one object a line, octets as {"hex": "…"}.

The roof; what both twins of the command line (`lock`, `controller`) and the home speak with programs.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import stat
import sys
from collections.abc import Callable
from typing import Any, Final

from latchwork.base.errors import Misuse

MAX_LINE: Final = 1 << 20
"""Octets of the longest line taken: far above any request, and a bound on what a runaway writer can fill."""
_CHUNK: Final = 65_536
_FAREWELL_S: Final = 1.0
"""How long the end of a process waits for who reads it."""
_SAFE: Final = (1 << 53) - 1
"""The largest integer that every JSON reader keeps exact."""


def emit(message: dict[str, Any]) -> None:
    """Write one JSON line to standard output at once; octets become {"hex": "…"}, None values stay null.

    Integers beyond 2^53 become strings: JavaScript would round them.
    """
    sys.stdout.write(line_of(message))
    sys.stdout.flush()


def line_of(message: dict[str, Any]) -> str:
    """A message as one line, its end included; see `emit`."""
    return json.dumps(plain(message), ensure_ascii=False, separators=(",", ":")) + "\n"


def plain(value: Any) -> Any:
    """The value in JSON's own types: octets as {"hex": "…"}, unsafe integers as text."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bytes | bytearray):
        return {"hex": bytes(value).hex()}
    if type(value) is bool or value is None or isinstance(value, str | float):
        return value
    if isinstance(value, int):
        return int(value) if -_SAFE <= value <= _SAFE else str(int(value))
    return str(value)


def parse(line: str | bytes) -> Any:
    """The value of a JSON line; {"hex": "…"} becomes octets.

    Raises:
        Misuse: it is no JSON, or the digits are no hexadecimal octets.
    """
    try:
        return json.loads(line, object_hook=_revive)
    except ValueError as error:
        raise Misuse(f"this line is not JSON: {error}", advice="Send one JSON object a line.") from error


def _revive(value: dict[str, Any]) -> Any:
    if len(value) == 1 and isinstance(value.get("hex"), str):
        return bytes.fromhex(value["hex"])
    return value


class StandardOutput:
    """Lines to standard output that never hold up, and never fail, who writes them: a lock works on when nobody listens.

    Lines wait in a bounded buffer while a pipe is full; what does not fit is dropped and counted, and once its reader is gone
    nothing is written any more. Needs a running loop.
    """

    def __init__(self, descriptor: int = 1) -> None:
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray()
        self._dropped = 0
        self._is_gone = False
        mode = os.fstat(descriptor).st_mode
        self._is_pipe = stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
        if self._is_pipe:
            os.set_blocking(descriptor, False)

    def write(self, line: str) -> None:
        """Write a line, now or when there is room."""
        if self._is_gone:
            return
        octets = line.encode()
        if len(self._buffer) + len(octets) > MAX_LINE:
            self._dropped += 1
            return
        was_waiting = bool(self._buffer)
        self._buffer += octets
        if not was_waiting:
            self._write()
            if self._buffer:
                self._loop.add_writer(self._descriptor, self._writable)

    def close(self) -> None:
        """Write what waits, as far as the reader takes it within a second."""
        if self._buffer:
            self._loop.remove_writer(self._descriptor)
            _, ready, _ = select.select([], [self._descriptor], [], _FAREWELL_S)
            if ready:
                self._write()
            self._buffer.clear()
        if self._is_pipe:
            os.set_blocking(self._descriptor, True)

    def _writable(self) -> None:
        self._write()
        if not self._buffer:
            self._loop.remove_writer(self._descriptor)
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                self.write(line_of({"event": "dropped", "lines": dropped}))

    def _write(self) -> None:
        try:
            written = os.write(self._descriptor, self._buffer)
        except BlockingIOError:
            return
        except OSError:
            self._is_gone = True
            written = len(self._buffer)
        del self._buffer[:written]


class StandardInput:
    """Lines of standard input on the loop, without a thread.

    Driven by the loop when the descriptor can be waited for (pipe, terminal, socket); a file is read in turns of the loop.

    Attributes:
        ended: set when the input is over or cannot be read.
    """

    def __init__(
        self, handle: Callable[[str], None], descriptor: int = 0, *, on_end: Callable[[], None] | None = None
    ) -> None:
        """Call `handle` with each line that is not blank, from now on, and `on_end` after the last."""
        self.ended = asyncio.Event()
        self._on_end = on_end
        self._handle = handle
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray()
        self._is_polled = False
        if descriptor == 0 and sys.stdin is None:
            self._loop.call_soon(self.close)  # it was closed before we began; its number may be a socket's by now
            return
        try:
            self._loop.add_reader(descriptor, self._readable)
            self._is_polled = True
        except (PermissionError, ValueError, OSError):
            self._loop.call_soon(self._read_file)

    def close(self) -> None:
        """Read no more; harmless when done before."""
        if self._is_polled:
            self._is_polled = False
            self._loop.remove_reader(self._descriptor)
        if not self.ended.is_set():
            self.ended.set()
            if self._on_end is not None:
                self._on_end()

    def _read_file(self) -> None:
        if not self.ended.is_set():
            self._readable()
            self._loop.call_soon(self._read_file)

    def _readable(self) -> None:
        try:
            chunk = os.read(self._descriptor, _CHUNK)
        except OSError:
            chunk = b""
        if not chunk:
            self._take(bytes(self._buffer))
            self.close()
            return
        self._buffer += chunk
        *lines, rest = self._buffer.split(b"\n")
        self._buffer = rest if len(rest) <= MAX_LINE else bytearray()
        for line in lines:
            self._take(bytes(line))

    def _take(self, line: bytes) -> None:
        text = line.decode(errors="replace").strip()
        if text and not self.ended.is_set():
            self._handle(text)
