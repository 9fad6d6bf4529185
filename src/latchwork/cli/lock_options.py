"""What a virtual lock is started with: the options that `lock` and `door` share, and the lock that they make.

The roof. `--help` loads nothing of the protocol; what an option needs is loaded when it is used.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from latchwork.cli.lean import import_message_format

if TYPE_CHECKING:  # loaded when a lock is made
    from latchwork.devices.hardware import Hardware
    from latchwork.devices.lock_model import LockModel
    from latchwork.node.config import NodeConfig
    from latchwork.node.firmware import FirmwareFolder
    from latchwork.node.icd import IcdConfig
    from latchwork.node.node import Node
    from latchwork.sim.lock import VirtualLock
    from latchwork.store.kv import Store

MODEL_NAMES: Final = ("generic", "u400", "u100", "u200", "u300", "a100")
"""The keys of `devices.models.MODELS`, which `--help` does not load."""
SPECS: Final = ("1.6", "1.4.2")
LEVELS: Final = ("debug", "info", "warn", "error")
LONGEST_SLEEP_S: Final = 3600
_SHORT_SLEEP_S: Final = 15
"""The longest that a device sleeps whose clients need not be told when it wakes (Core 9.15.1.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockOptions:
    """What the command line said of a lock. Fields are named as the options."""

    storage: Path | None
    interface: str
    port: int
    passcode: int
    discriminator: int
    spec: str
    name: str | None
    model: str | None
    fault: tuple[str, ...]
    sleepy: int | None
    firmware: Path | None
    hardware: Path | None
    speak: bool
    tcp: bool


def _list_faults(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    from latchwork.sim.faults import FAULTS

    rows = []
    for name, fault in FAULTS.items():
        rows.append((f"{name}={fault.takes}" if fault.takes else name, fault.what))
    formatter = click.HelpFormatter(width=100)
    formatter.write_dl(rows, col_max=36)
    click.echo(formatter.getvalue(), nl=False)
    context.exit()


def lock_options(*, is_service: bool) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The options of a lock, for a command. A service must say where it keeps what it must remember, and on which network it is."""
    options = (
        click.option(
            "--storage",
            type=click.Path(path_type=Path, file_okay=False),
            required=is_service,
            help="Folder for what it must remember."
            + ("" if is_service else " Without, it forgets everything at the end."),
        ),
        click.option(
            "--interface",
            **({"required": True} if is_service else {"default": "lo", "show_default": True}),
            help="Network interface, such as eth0; lo stays on this machine.",
        ),
        click.option(
            "--port",
            type=click.IntRange(0, 65535),
            default=5540 if is_service else 0,
            show_default=True,
            help="UDP port; 0 takes a free one.",
        ),
        click.option("--passcode", type=int, default=20202021, show_default=True, help="The secret on the label."),
        click.option(
            "--discriminator",
            type=click.IntRange(0, 4095),
            default=3840,
            show_default=True,
            help="Tells it from other devices.",
        ),
        click.option(
            "--spec", type=click.Choice(SPECS), default=SPECS[0], show_default=True, help="Version of Matter it speaks."
        ),
        click.option("--model", type=click.Choice(MODEL_NAMES), help="What kind of lock it is. [default: generic]"),
        click.option("--name", help="Its product name; by default its model's."),
        click.option(
            "--fault", multiple=True, metavar="NAME[=VALUE]", help="Begin with this fault; several are possible."
        ),
        click.option(
            "--faults", is_flag=True, is_eager=True, expose_value=False, callback=_list_faults, help="List the faults."
        ),
        click.option(
            "--sleepy",
            type=click.IntRange(1, LONGEST_SLEEP_S),
            metavar="SECONDS",
            help="Sleep as battery devices on Thread do, and hear what was sent only so often.",
        ),
        click.option(
            "--firmware",
            type=click.Path(path_type=Path, file_okay=False),
            metavar="DIR",
            help="Folder for its firmware: it can be updated then.",
        ),
        click.option(
            "--hardware",
            type=click.Path(path_type=Path, dir_okay=False, exists=True),
            metavar="FILE",
            help="A real door on a Raspberry Pi, as this file says.",
        ),
        click.option("--speak", is_flag=True, help="Speak what the lock says, with espeak."),
        click.option(
            "--tcp/--no-tcp",
            "tcp",
            default=True,
            show_default=True,
            help="Listen on TCP too, for messages too large for UDP.",
        ),
    )

    def add(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def log_to_standard_error(level: str) -> None:
    """Have the log written to standard error from this level on."""
    logging.basicConfig(stream=sys.stderr, level=getattr(logging, level.upper().replace("WARN", "WARNING")))


async def make_lock_of(options: LockOptions, ends: AsyncExitStack) -> tuple[VirtualLock, Callable[[], Any]]:
    """A lock, and what starts it.

    Args:
        options: what it is.
        ends: what is to be closed at the end is put here.

    Raises:
        LatchworkError: it cannot be made.
    """
    import_message_format()
    from latchwork.devices.network import network_interfaces
    from latchwork.node.behaviors.general_diagnostics import GeneralDiagnosticsBehavior
    from latchwork.sim.lock import VirtualLock
    from latchwork.stack.mdns import MdnsDiscovery
    from latchwork.stack.tcp import TcpTransport
    from latchwork.stack.udp import UdpTransport

    discovery = MdnsDiscovery(options.interface)
    ends.push_async_callback(discovery.close)
    store = _store(options)
    ends.callback(store.close)
    hardware = await _hardware(options, ends)
    model = _model(options, hardware)
    lock = VirtualLock(
        _config(options, model),
        store,
        model=model,
        hardware=hardware,
        firmware=None if options.firmware is None else partial(_firmware, options.firmware),
    )

    def equip(node: Node) -> None:
        diagnostics = node.endpoints[0].behavior(GeneralDiagnosticsBehavior)
        diagnostics.interfaces = partial(network_interfaces, options.interface)

    equip(lock.node)
    lock.on_born = equip
    if options.speak:
        _speak(lock, ends)

    async def start() -> None:
        for text in options.fault:
            from latchwork.sim.faults import parse_fault

            lock.put_fault(parse_fault(text))
        udp = UdpTransport(options.interface, options.port)
        ends.push_async_callback(udp.close)
        tcp = None
        if options.tcp:
            tcp = TcpTransport(options.interface, udp.port)
            ends.push_async_callback(tcp.close)
            await tcp.start()
        ends.push_async_callback(lock.close)
        await lock.start(udp, discovery, tcp=tcp)

    return lock, start


def _store(options: LockOptions) -> Store:
    from latchwork.store.kv import FileStore, MemoryStore

    return MemoryStore() if options.storage is None else FileStore(options.storage / "lock.db")


def _config(options: LockOptions, model: LockModel) -> NodeConfig:
    from latchwork.matter.model.spec import SpecVersion
    from latchwork.node.config import NodeConfig

    return NodeConfig(
        passcode=options.passcode,
        discriminator=options.discriminator,
        vendor_name=model.maker,
        product_name=options.name or model.name,
        serial_number=f"latchwork-{options.discriminator}",
        spec=SpecVersion.V1_6 if options.spec == "1.6" else SpecVersion.V1_4_2,
        window_seconds=0,
        has_tcp=options.tcp,
        icd=None if options.sleepy is None else _sleep(options.sleepy),
    )


def _sleep(seconds: int) -> IcdConfig:
    from latchwork.node.icd import IcdConfig, Trigger

    if seconds <= _SHORT_SLEEP_S:
        return IcdConfig(idle_s=max(60, seconds), slow_poll_ms=seconds * 1000)
    return IcdConfig(
        idle_s=seconds,
        slow_poll_ms=seconds * 1000,
        threshold_ms=5000,
        is_long_idle=True,
        trigger=Trigger.CUSTOM_INSTRUCTION,
        trigger_instruction="Touch the keypad",
    )


def _model(options: LockOptions, hardware: Hardware | None) -> LockModel:
    from latchwork.devices.lock_model import Power, PowerKind
    from latchwork.devices.models import MODELS

    model = MODELS[options.model or MODEL_NAMES[0]]
    if hardware is None or options.model is not None:
        return model
    # A lock that somebody built has what it was built with.
    power = model.power if hardware.battery is not None else Power(kind=PowerKind.WIRED)
    has_door_sensor = hardware.door_sensor is not None or hardware.door_gauge is not None
    return replace(model, has_door_sensor=has_door_sensor, power=power)


async def _hardware(options: LockOptions, ends: AsyncExitStack) -> Hardware | None:
    if options.hardware is None:
        return None
    from latchwork.devices.raspberry_pi import load_door

    door = load_door(options.hardware)
    ends.push_async_callback(door.close)
    return door


def _firmware(folder: Path) -> FirmwareFolder:
    from latchwork.node.firmware import FirmwareFolder

    return FirmwareFolder(folder)


def _speak(lock: VirtualLock, ends: AsyncExitStack) -> None:
    from latchwork.devices.speech import SeveralSpeakers, voice

    speaker = voice()
    ends.push_async_callback(speaker.close)
    lock.speaker.also = speaker if lock.speaker.also is None else SeveralSpeakers(speaker, lock.speaker.also)
