"""`latchwork lock`: one virtual door lock as a process of its own, driven and watched by JSON lines.

The roof. Kept small: what it imports stays in memory for as long as the lock runs, so nothing for people or controllers is loaded.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any, Final

import click

from latchwork.base.errors import LatchworkError, Misuse
from latchwork.cli.lines import StandardInput, StandardOutput, line_of, parse
from latchwork.cli.process import settle, since_start_ms

_SPECS: Final = ("1.6", "1.4.2")
_LEVELS: Final = ("debug", "info", "warn", "error")
_TURNS: Final = ("lock", "unlock")


@click.command("lock")
@click.option(
    "--storage",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder for what it must remember.",
)
@click.option("--interface", required=True, help="Network interface, such as eth0; lo stays on this machine.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=5540, show_default=True, help="UDP port; 0 takes a free one."
)
@click.option("--passcode", type=int, default=20202021, show_default=True, help="The secret on the label.")
@click.option(
    "--discriminator",
    type=click.IntRange(0, 4095),
    default=3840,
    show_default=True,
    help="Tells it from other devices.",
)
@click.option(
    "--spec", type=click.Choice(_SPECS), default=_SPECS[0], show_default=True, help="Version of Matter it speaks."
)
@click.option("--name", default="Latchwork Lock", show_default=True, help="Its product name.")
@click.option(
    "--log", "level", type=click.Choice(_LEVELS), default="warn", show_default=True, help="Log on standard error."
)
@click.option(
    "--tcp/--no-tcp", "tcp", default=True, show_default=True, help="Listen on TCP too, for messages too large for UDP."
)
@click.option("--keep", is_flag=True, help="Go on when standard input ends, as a service.")
@click.option("--json", "json_lines", is_flag=True, help="One JSON object a line.")
def command(**options: Any) -> None:
    """Be one door lock that Matter controllers can add and use.

    Standard input takes {"door":"DoorOpen"} and {"turn":"lock"} or {"turn":"unlock"}; the lock stops at its end (see
    --keep), and with SIGTERM or SIGINT.
    """
    logging.basicConfig(stream=sys.stderr, level=getattr(logging, options["level"].upper().replace("WARN", "WARNING")))
    asyncio.run(_Serving(**options).run())


class _Serving:
    """One lock from the command line's options to its end."""

    def __init__(
        self,
        *,
        storage: Path,
        interface: str,
        port: int,
        passcode: int,
        discriminator: int,
        spec: str,
        name: str,
        tcp: bool,
        keep: bool,
        json_lines: bool,
        level: str,
    ) -> None:
        del level
        self._storage, self._interface, self._port, self._keep = storage, interface, port, keep
        self._settings = {"passcode": passcode, "discriminator": discriminator, "product_name": name}
        self._spec = spec
        self._has_tcp = tcp
        self._form = line_of if json_lines else _said
        self._stop = asyncio.Event()
        self._output: StandardOutput

    async def run(self) -> None:
        """Serve until told to stop."""
        from latchwork.devices.network import network_interfaces  # noqa: PLC0415 - --help needs none of these
        from latchwork.matter.model.spec import SpecVersion  # noqa: PLC0415
        from latchwork.node.behaviors.general_diagnostics import GeneralDiagnosticsBehavior  # noqa: PLC0415
        from latchwork.node.config import NodeConfig  # noqa: PLC0415
        from latchwork.sim.lock import VirtualLock  # noqa: PLC0415
        from latchwork.stack.mdns import MdnsDiscovery  # noqa: PLC0415
        from latchwork.stack.tcp import TcpTransport  # noqa: PLC0415
        from latchwork.stack.udp import UdpTransport  # noqa: PLC0415
        from latchwork.store.kv import FileStore  # noqa: PLC0415

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        self._output = StandardOutput()
        spec = SpecVersion.V1_6 if self._spec == "1.6" else SpecVersion.V1_4_2
        config = NodeConfig(
            **self._settings,  # type: ignore[arg-type]  # three settings of three types, each the field's
            serial_number=f"latchwork-{self._settings['discriminator']}",
            spec=spec,
            window_seconds=0,
            has_tcp=self._has_tcp,
        )
        discovery = MdnsDiscovery(self._interface)
        store = FileStore(self._storage / "lock.db")
        try:
            self._lock = lock = VirtualLock(config, store)
            diagnostics = lock.node.endpoints[0].behavior(GeneralDiagnosticsBehavior)
            diagnostics.interfaces = partial(network_interfaces, self._interface)
            lock.on_operation = self._operated
            lock.on_commissioned = lambda joined: self._tell({"event": "commissioned" if joined else "decommissioned"})
            udp = UdpTransport(self._interface, self._port)
            tcp = None
            if self._has_tcp:
                tcp = TcpTransport(self._interface, udp.port)
                await tcp.start()
            await lock.start(udp, discovery, tcp=tcp)
            settle()
            self._tell(
                {
                    "event": "ready",
                    "port": lock.port,
                    "qr": lock.qr,
                    "manual": lock.manual,
                    "commissioned": lock.is_commissioned,
                    "ms": since_start_ms(),
                    "pid": os.getpid(),
                }
            )
            await self._listen()
            await lock.close()
        finally:
            await discovery.close()
            store.close()
            self._output.close()

    def _tell(self, message: dict[str, Any]) -> None:
        self._output.write(self._form(message))

    async def _listen(self) -> None:
        lines = StandardInput(self._take, on_end=None if self._keep else self._stop.set)
        await self._stop.wait()
        lines.close()

    def _take(self, line: str) -> None:
        try:
            self._obey(parse(line))
        except LatchworkError as error:
            from latchwork.cli.outcome import error_object  # noqa: PLC0415 - seldom needed

            self._tell(error_object(error))

    def _obey(self, request: Any) -> None:
        from latchwork.doorlock.bolt import BoltPosition  # noqa: PLC0415 - loaded by the lock already

        if not isinstance(request, dict) or not request.keys() <= {"door", "turn"}:
            raise Misuse("this is nothing a lock can do", advice='Send {"door":"DoorOpen"} or {"turn":"lock"}.')
        if "door" in request:
            self._lock.put_door(door_position(request["door"]))
        if "turn" in request:
            if request["turn"] not in _TURNS:
                raise Misuse("a thumb turn is turned to lock or to unlock")
            self._lock.turn(BoltPosition.LOCKED if request["turn"] == "lock" else BoltPosition.UNLOCKED)

    def _operated(self, operation: Any) -> None:
        from latchwork.cli.values import pascal  # noqa: PLC0415 - loaded when first needed

        line = {
            "event": "operation",
            "command": pascal(operation.command),
            "pin": operation.has_pin,
            "fabric": operation.fabric_index,
            "status": int(operation.status),
        }
        self._tell(line | ({"error": operation.error} if operation.error else {"lockState": pascal(operation.state)}))


def door_position(name: Any) -> Any:
    """`DoorOpen` or `open` → where the leaf is.

    Raises:
        Misuse: there is no such position.
    """
    from latchwork.doorlock.bolt import DoorPosition  # noqa: PLC0415 - loaded by the lock already

    wanted = str(name).lower().replace("_", "").removeprefix("door")
    for position in DoorPosition:
        if position.name.lower().replace("_", "") == wanted or f"{position.name.lower()}error" == wanted:
            return position
    raise Misuse(
        f"a door cannot be {name}", advice="It is DoorOpen, DoorClosed, DoorJammed, DoorForcedOpen or DoorAjar."
    )


def _said(message: dict[str, Any]) -> str:
    """A message in words, its end included."""
    event = message["event"]
    if event == "ready":
        state = "It belongs to a home already." if message["commissioned"] else "Add it with either of these codes:"
        codes = (
            ""
            if message["commissioned"]
            else f"\n  QR code text   {message['qr']}\n  Manual code    {message['manual']}"
        )
        text = f"The lock is up on UDP port {message['port']}. {state}{codes}"
    elif event == "operation":
        text = f"{message['command']} from fabric {message['fabric']}: {message.get('lockState') or message['error']}"
    elif event == "error":
        text = f"{message['message']}. {message['advice']}"
    else:
        text = f"The lock was {event}."  # commissioned, decommissioned
    return f"{text}\n"
