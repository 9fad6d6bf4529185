"""`latchwork hub`: the hub as a service: one fabric's administrator, the people and doors of a site, and their API.

The roof; what is opened is `hub_service`. One process to a folder; ends tidily on SIGTERM and SIGINT.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from latchwork.base.errors import Misuse
from latchwork.cli.hub_log import FORMS, LEVELS, log_to_standard_error
from latchwork.cli.hub_service import PLAIN_PORT, PORT, Address, Serving, claim_folder, open_hub, own_authority, serving
from latchwork.cli.interfaces import default_interface
from latchwork.cli.lines import emit
from latchwork.cli.places import hub_folder
from latchwork.cli.process import leave_no_core, settle, since_start_ms
from latchwork.cli.service_manager import notify

if TYPE_CHECKING:  # loaded when it is opened: --help needs none of it
    from latchwork.controller.controller import Controller
    from latchwork.store.kv import Store

_MAX_SESSIONS: Final = 4096
"""With locks at the same time: room for a large building, its pairings and its renewals."""
_FILE: Final = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command("hub")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="LATCHWORK_FOLDER",
    help="Everything that is kept. [default: latchwork/hub in $XDG_DATA_HOME or ~/.local/share]",
)
@click.option(
    "--interface",
    envvar="LATCHWORK_INTERFACE",
    help="Network interface of the locks; lo stays on this machine. [default: that of the default route]",
)
@click.option("--host", default="127.0.0.1", show_default=True, envvar="LATCHWORK_HOST", help="Where the API listens.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    envvar="LATCHWORK_PORT",
    help="Its port; 0 takes a free one.",
)
@click.option("--certificate", type=_FILE, help="PEM file for HTTPS, with --key.")
@click.option("--key", type=_FILE, help="Its private key.")
@click.option(
    "--https", is_flag=True, help="HTTPS from an authority of the hub's own, which devices can be told to trust."
)
@click.option(
    "--plain-port",
    type=click.IntRange(0, 65535),
    default=PLAIN_PORT,
    show_default=True,
    help="With --https: where it is told in clear how to trust it.",
)
@click.option("--trusted-proxy", multiple=True, metavar="ADDRESS", help="A proxy whose X-Forwarded-For counts.")
@click.option("--root-path", default="", metavar="PATH", help="Path below which a proxy shows the hub.")
@click.option("--label", help="What locks call this hub's fabric. [default: Latchwork]")
@click.option(
    "--trust",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder with makers' attestation authorities, *.der; without it only development devices are genuine.",
)
@click.option("--log", "level", type=click.Choice(LEVELS), default="warn", show_default=True, help="Log from here on.")
@click.option("--log-format", "form", type=click.Choice(FORMS), default="text", show_default=True)
@click.option("--json", "json_lines", is_flag=True, help="One JSON object a line.")
def command(level: str, form: str, json_lines: bool, **options: Any) -> None:
    """Run a hub: it keeps people's access the same on every lock, and tells who came in.

    The first start makes its fabric and its keys, and prints a link by which you become its owner. It needs nothing else
    installed, and no internet.
    """
    log_to_standard_error(level, form)
    leave_no_core()
    if (options["certificate"] is None) != (options["key"] is None):
        raise Misuse("HTTPS takes a certificate and its key", advice="Give both --certificate and --key.")
    if options["https"] and options["certificate"] is not None:
        raise Misuse("there is a certificate already", advice="Give --https, or --certificate and --key.")
    asyncio.run(_Life(options, _tell_programs if json_lines else _tell_people).run())


class _Life:
    """From the claim of the folder to the signal that ends it."""

    def __init__(self, options: dict[str, Any], tell: Callable[[Serving, Path, str], None]) -> None:
        self._options = options
        self._tell = tell
        self._stop = asyncio.Event()
        self._is_up = False

    async def run(self) -> None:
        """Serve until told to stop; a second signal does not wait."""
        up = asyncio.create_task(self._serve())
        loop = asyncio.get_running_loop()

        def end() -> None:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)
            notify("STOPPING=1")
            self._stop.set()
            if not self._is_up:
                up.cancel()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, end)
        try:
            await up
        except asyncio.CancelledError:
            if not self._stop.is_set():
                raise

    async def _serve(self) -> None:
        asked = self._options
        folder: Path = (asked["folder"] or hub_folder()).expanduser().absolute()
        interface = asked["interface"] or default_interface()
        async with AsyncExitStack() as stack:
            store = claim_folder(folder)
            stack.callback(store.close)
            controller = await _controller(store, interface, asked["label"], asked["trust"])
            stack.push_async_callback(controller.close)
            hub = await stack.enter_async_context(open_hub(folder, controller))
            up = await stack.enter_async_context(serving(hub, _address(asked, folder)))
            settle()
            self._is_up = True
            self._tell(up, folder, interface)
            notify(f"READY=1\nSTATUS=Serving {up.url}")
            await self._stop.wait()


async def _controller(store: Store, interface: str, label: str | None, trust: Path | None) -> Controller:
    from latchwork.controller.controller import Controller
    from latchwork.controller.trust import trust_store
    from latchwork.matter.messages.secure_channel import SessionParameters
    from latchwork.stack.mdns import MdnsDiscovery
    from latchwork.stack.runtime import Runtime
    from latchwork.stack.udp import UdpTransport

    runtime = Runtime([UdpTransport(interface, 0)], parameters=SessionParameters(), max_sessions=_MAX_SESSIONS)
    discovery = MdnsDiscovery(interface)
    try:
        return await Controller.open(
            store=store, runtime=runtime, discovery=discovery, label=label, trust=trust_store(trust)
        )
    except BaseException:
        await runtime.close()
        await discovery.close()
        raise


def _address(asked: dict[str, Any], folder: Path) -> Address:
    path = asked["root_path"].strip("/")
    authority = own_authority(folder, asked["host"]) if asked["https"] else None
    return Address(
        host=asked["host"],
        port=asked["port"],
        certificate=asked["certificate"] if authority is None else authority.file,
        key=asked["key"] if authority is None else authority.file,
        proxies=frozenset(asked["trusted_proxy"]),
        root_path=f"/{path}" if path else "",
        authority=authority,
        plain_port=asked["plain_port"],
    )


def _tell_programs(up: Serving, folder: Path, interface: str) -> None:
    emit(
        {
            "event": "ready",
            "url": up.url,
            "owner_link": up.owner_link,
            "folder": str(folder),
            "interface": interface,
            "locks": len(up.hub.repository.locks()),
            "ms": since_start_ms(),
            "pid": os.getpid(),
        }
        | ({} if up.root is None else {"trust_url": up.trust_url, "fingerprint": up.root.fingerprint})
    )


def _tell_people(up: Serving, folder: Path, interface: str) -> None:
    count = len(up.hub.repository.locks())
    locks = "1 lock" if count == 1 else f"{count or 'no'} locks"
    lines = [
        f"{_bold('Latchwork hub')} is up {_dim(f'({since_start_ms()} ms)')}",
        "",
        f"  page and API  {_bold(up.url)}",
        f"  locks         {locks}, on {interface}",
        f"  kept in       {folder}",
        "",
    ]
    if up.root is not None:
        lines += [
            "Its certificate is of its own authority. To trust it, open on each device:",
            f"  {_bold(up.trust_url)}",
            "and compare this fingerprint (SHA-256) there:",
            *(f"  {up.root.fingerprint[start : start + 24]}" for start in range(0, 96, 24)),
            "",
        ]
    if up.owner_link is not None:
        trusting = "" if up.root is None else f"SSL_CERT_FILE={shlex.quote(str(up.root_file))} "
        lines += [
            "Nobody owns it yet. Become its owner in a browser, within a day:",
            f"  {_bold(up.owner_link)}",
            "or in a terminal:",
            f"  {trusting}latchwork login '{up.owner_link}'",
            "",
        ]
    click.echo("\n".join([*lines, _dim("Ctrl-C ends it.")]))


def _bold(text: str) -> str:
    return click.style(text, bold=True)


def _dim(text: str) -> str:
    return click.style(text, dim=True)
