"""A serial line as the event loop sees it.

Layer devices. The only file that imports pyserial, and only when a line is opened. Needs no thread: the loop watches the line.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol

from latchwork.base.errors import Unsupported
from latchwork.base.logs import logger

LOG: Final = logger(__name__)

_READ: Final = 256
"""Octets read at once."""


class SerialLine(Protocol):
    """Octets out, octets in."""

    def write(self, data: bytes) -> None:
        """Send it; what is lost is noticed by whoever waits for an answer."""

    def listen(self, received: Callable[[bytes], None]) -> None:
        """Have `received(octets)` called for whatever comes."""

    def close(self) -> None:
        """Let the line go."""


class PortLine:
    """A serial port such as `/dev/serial0`, eight bits, no parity, one stop bit.

    Raises:
        Unsupported: pyserial is missing, or the port cannot be opened.
    """

    __slots__ = ("_loop", "_port", "_received")

    def __init__(self, path: str, baud: int, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._received: Callable[[bytes], None] | None = None
        self._port: Any = _opened(path, baud)
        loop.add_reader(self._port.fileno(), self._readable)

    def write(self, data: bytes) -> None:
        """Send it."""
        try:
            self._port.write(data)
        except OSError as error:  # pyserial's errors are of this kind
            LOG.warning("The serial line %s cannot be written: %s", self._port.name, error)

    def listen(self, received: Callable[[bytes], None]) -> None:
        """Have `received` called for whatever comes."""
        self._received = received

    def close(self) -> None:
        """Close the port; harmless when it is."""
        if self._port.is_open:
            self._loop.remove_reader(self._port.fileno())
            self._port.close()

    def _readable(self) -> None:
        try:
            data = bytes(self._port.read(_READ))
        except OSError as error:
            LOG.warning("The serial line %s is gone: %s", self._port.name, error)
            self.close()
            return
        if data and self._received is not None:
            self._received(data)


def _opened(path: str, baud: int) -> Any:
    try:
        import serial  # noqa: PLC0415 - an extra that only some real doors need
    except ImportError as error:
        raise Unsupported(
            "pyserial is not installed", advice="Install the drivers of the Raspberry Pi: pip install 'latchwork[pi]'."
        ) from error
    try:
        return serial.Serial(path, baud, timeout=0, write_timeout=0.5, exclusive=True)
    except (OSError, ValueError) as error:
        raise Unsupported(
            f"the serial line {path} cannot be opened: {error}",
            advice="Switch the serial port on and the console on it off in raspi-config, and let the user into the group dialout.",
        ) from error
